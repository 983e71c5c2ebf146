// SPDX-License-Identifier: Apache-2.0
// c_api/queue_messages.hpp -- the messages of atlas_queue: bytes, inline while they are few, that can take others in.
//
// Room:      message, message_source, message_rule, and atlas_queue, the handle.
// Not here:  the exported functions (c_api/queue.cpp).
// Depends:   queue, atlas.h.
// Threads:   a message is one thread's; the handle any thread's.
#ifndef ATLAS_C_API_QUEUE_MESSAGES_HPP
#define ATLAS_C_API_QUEUE_MESSAGES_HPP

#include "atlas.h"

#include <atlas/core/atomic.hpp>           // atomic
#include <atlas/core/mutex.hpp>            // mutex
#include <atlas/core/span.hpp>             // span
#include <atlas/core/thread.hpp>           // current_process
#include <atlas/queue/overflow_queue.hpp>  // overflow_queue
#include <atlas/queue/queue_event.hpp>     // queue_event

#include <cstdlib>  // std::aligned_alloc, std::free
#include <cstring>  // std::memcpy
#include <optional>

namespace atlas::c_api {

/// Memory for bytes of a message that do not lie inline.
struct message_piece {
  /// @return  null for want of memory
  static message_piece* create(span<const std::byte> from, std::size_t least_room) noexcept {
    const std::size_t room = from.size() > least_room ? from.size() : least_room;
    constexpr std::size_t unit = alignof(std::max_align_t);
    if (room > ~std::size_t{0} - sizeof(message_piece) - unit) return nullptr;
    void* const memory = std::aligned_alloc(unit, (sizeof(message_piece) + room + unit - 1) / unit * unit);
    if (memory == nullptr) return nullptr;
    auto* const made = ::new (memory) message_piece{nullptr, from.size(), room};
    if (!from.empty()) std::memcpy(made->bytes(), from.data(), from.size());
    return made;
  }
  [[nodiscard]] std::byte* bytes() noexcept { return reinterpret_cast<std::byte*>(this + 1); }
  [[nodiscard]] const std::byte* bytes() const noexcept { return reinterpret_cast<const std::byte*>(this + 1); }

  message_piece* next;
  std::size_t size;
  std::size_t capacity;
};

inline constexpr std::size_t inline_message_bytes = 72;  // with the queue's own 16, a slot fills two cache lines

/// A message that is about to be pushed: the caller's bytes while they are few, else a copy, made outside of the lock.
class message_source {
 public:
  message_source() noexcept = default;
  message_source(const message_source&) = delete;
  message_source& operator=(const message_source&) = delete;
  ~message_source() {
    if (piece_ != nullptr) std::free(piece_);  // no call for each of a block
  }

  /// @param grows  whether the message may be given to append(), on either side
  [[nodiscard]] status set(span<const std::byte> bytes, std::uint64_t key, bool grows) noexcept {
    bytes_ = bytes;
    key_ = key;
    if (!grows && bytes.size() <= inline_message_bytes) return {};
    // What grows gets room for more, so that pieces of a few bytes do not each need one of the following.
    piece_ = message_piece::create(bytes, grows ? least_growing_bytes : 0);
    if (piece_ == nullptr) return error{errc::no_memory, "message bytes", bytes.size(), std::uint64_t{0}};
    return {};
  }
  [[nodiscard]] std::uint64_t key() const noexcept { return key_; }
  [[nodiscard]] std::size_t size_bytes() const noexcept { return bytes_.size(); }

 private:
  friend class message;
  // With this much, header and all are 256 bytes. Of two pieces that follow each other the second did not fit into the
  // first: together they hold as much, so that memory stays below about three times the bytes.
  static constexpr std::size_t least_growing_bytes = 232;

  span<const std::byte> bytes_{};
  std::uint64_t key_ = 0;
  message_piece* piece_ = nullptr;
};

class message {
 public:
  explicit message(message_source&& from) noexcept : key_(from.key_), size_bytes_(from.bytes_.size()) {
    first_ = last_ = from.piece_;
    from.piece_ = nullptr;
    if (first_ == nullptr && size_bytes_ != 0) {
      std::memcpy(small_, from.bytes_.data(), size_bytes_);
      small_bytes_ = size_bytes_;
    }
  }
  message(message&& other) noexcept { take(other); }
  message& operator=(message&& other) noexcept {
    if (this != &other) {
      release();
      take(other);
    }
    return *this;
  }
  message(const message&) = delete;
  message& operator=(const message&) = delete;
  ~message() { release(); }

  [[nodiscard]] std::uint64_t key() const noexcept { return key_; }
  [[nodiscard]] std::size_t size_bytes() const noexcept { return size_bytes_; }
  /// @param to  [size_bytes()]
  void copy_to(std::byte* to) const noexcept {
    if (small_bytes_ != 0) std::memcpy(to, small_, small_bytes_);
    to += small_bytes_;
    for (const message_piece* one = first_; one != nullptr; to += one->size, one = one->next) {
      if (one->size != 0) std::memcpy(to, one->bytes(), one->size);
    }
  }
  /// Puts another's bytes behind its own; allocates nothing, as the other brings its memory along.
  /// @pre both were made as growing
  void append(message&& newer) noexcept {
    ATLAS_ASSERT(last_ != nullptr && newer.last_ != nullptr && newer.small_bytes_ == 0);
    size_bytes_ += newer.size_bytes_;
    if (newer.size_bytes_ <= last_->capacity - last_->size) {
      newer.copy_to(last_->bytes() + last_->size);
      last_->size += newer.size_bytes_;
      return;
    }
    last_->next = newer.first_;
    last_ = newer.last_;
    newer.first_ = newer.last_ = nullptr;
    newer.size_bytes_ = 0;
  }

 private:
  void take(message& other) noexcept {
    key_ = other.key_;
    size_bytes_ = other.size_bytes_;
    small_bytes_ = other.small_bytes_;
    first_ = other.first_;
    last_ = other.last_;
    if (small_bytes_ != 0) std::memcpy(small_, other.small_, small_bytes_);
    other.first_ = other.last_ = nullptr;
    other.size_bytes_ = other.small_bytes_ = 0;
  }
  void release() noexcept {
    while (first_ != nullptr) {
      message_piece* const gone = first_;
      first_ = gone->next;
      std::free(gone);
    }
    last_ = nullptr;
    size_bytes_ = small_bytes_ = 0;
  }

  std::uint64_t key_ = 0;
  std::size_t size_bytes_ = 0;
  std::size_t small_bytes_ = 0;  ///< of them, in small_, before those in pieces
  message_piece* first_ = nullptr;
  message_piece* last_ = nullptr;
  std::byte small_[inline_message_bytes];
};
static_assert(sizeof(message) == 112);

struct message_rule {
  bool appends = false;

  template <class Message>
  [[nodiscard]] std::uint64_t key_of(const Message& one) const noexcept {
    return one.key();
  }
  template <class Message>
  [[nodiscard]] std::size_t weight_of(const Message& one) const noexcept {
    return one.size_bytes();
  }
  template <class Message>
  [[nodiscard]] std::size_t merged_weight_of(const message& older, const Message& newer) const noexcept {
    return (appends ? older.size_bytes() : 0) + newer.size_bytes();
  }
  void merge(message& older, message&& newer) const noexcept {
    if (appends) older.append(static_cast<message&&>(newer));
    else older = static_cast<message&&>(newer);
  }
};

using message_queue = overflow_queue<message, message_rule>;

}  // namespace atlas::c_api

struct atlas_queue {
  atlas::c_api::message_queue messages;
  std::uint64_t capacity_bytes;  ///< of one message, as of all
  bool appends;
  bool refuses;                  ///< what finds no room
  std::uint32_t process = atlas::current_process();  ///< whose it is: in a child of it other threads' work is half done
  atlas::atomic<std::uint64_t> refused_unseen{};  ///< behind a block of messages of which one was refused
  atlas::mutex event_lock{};
  std::optional<atlas::queue_event> event{};  ///< under event_lock; ends before the messages that it watches
};

#endif  // ATLAS_C_API_QUEUE_MESSAGES_HPP

// SPDX-License-Identifier: Apache-2.0
// include/atlas/queue/byte_ring_sides.hpp -- records of any length in a ring of bytes: the side that writes and the side that reads.
//
// Room:      the form of the records, and what each side must check of the other.
// Not here:  memory, waiting, closing (queue/byte_ring.hpp within a process, queue/shm_channel.hpp between processes).
// Depends:   core/{atomic,result,span}.hpp.
// Threads:   one writes, one reads.
#ifndef ATLAS_QUEUE_BYTE_RING_SIDES_HPP
#define ATLAS_QUEUE_BYTE_RING_SIDES_HPP

#include <atlas/core/atomic.hpp>  // atomic, load_relaxed, store_relaxed
#include <atlas/core/result.hpp>  // result
#include <atlas/core/span.hpp>    // span

namespace atlas { inline namespace ATLAS_ABI {

namespace detail {

// A record is a header of 8 bytes, the length, and the bytes themselves, up to a multiple of 8. One that does not fit before the
// ring's end begins at its beginning; what is left at the end is then a record of skipped bytes. `written` and `taken` count bytes
// modulo 2^64 and are all that the sides tell each other; each keeps its own count to itself and believes nothing else.
/// @tparam Atom  the atomic type: another one records or orders the schedules of a test
template <template <class> class Atom>
struct basic_byte_ring_counts {
  alignas(cache_line) Atom<std::uint64_t> written;
  alignas(cache_line) Atom<std::uint64_t> taken;
};

inline constexpr std::size_t record_header_bytes = 8;
inline constexpr std::uint64_t skipped_record = ~std::uint64_t{0};

[[nodiscard]] constexpr std::size_t record_bytes(std::size_t length) noexcept {
  return record_header_bytes + (length + record_header_bytes - 1) / record_header_bytes * record_header_bytes;
}
/// The longest record of a ring: one that fits wherever the ring stands.
[[nodiscard]] constexpr std::size_t longest_record(std::size_t capacity) noexcept { return capacity / 2 / 8 * 8 - record_header_bytes; }
inline constexpr std::size_t least_ring_bytes = 32;

[[nodiscard]] inline std::uint64_t* header_at(std::byte* at) noexcept { return reinterpret_cast<std::uint64_t*>(at); }
[[nodiscard]] inline const std::uint64_t* header_at(const std::byte* at) noexcept { return reinterpret_cast<const std::uint64_t*>(at); }

template <template <class> class Atom>
class basic_byte_ring_writer {
 public:
  using counts_type = basic_byte_ring_counts<Atom>;

  /// @param bytes     [capacity], aligned to 8
  /// @param capacity  a multiple of 8, at least least_ring_bytes
  /// @param begin     counts->written, and where in the ring that is
  basic_byte_ring_writer(counts_type* counts, std::byte* bytes, std::size_t capacity, std::uint64_t begin,
                         std::size_t at) noexcept
      : counts_(counts), bytes_(bytes), capacity_(capacity), written_(begin), taken_seen_(begin), at_(at) {}

  /// Room for a record of up to `length` bytes; null if there is none now. An earlier claim is forgotten.
  /// @pre     length <= longest_record(capacity)
  /// @return  errc::corrupt_file if the reader's count cannot be
  [[nodiscard]] result<std::byte*> claim(std::size_t length) noexcept {
    claimed_ = no_claim;
    const std::size_t wanted = record_bytes(length);
    const std::size_t left = capacity_ - at_;
    const std::size_t skipped = wanted <= left ? 0 : left;
    if (capacity_ - static_cast<std::size_t>(written_ - taken_seen_) < skipped + wanted) {
      const std::uint64_t taken = counts_->taken.load_acquire();
      // It lies between what was seen of it before and what was written.
      if (written_ - taken > written_ - taken_seen_) return error{errc::corrupt_file, "ring.taken", "a count behind the last one", taken};
      taken_seen_ = taken;
      if (capacity_ - static_cast<std::size_t>(written_ - taken_seen_) < skipped + wanted) return static_cast<std::byte*>(nullptr);
    }
    skipped_ = skipped;
    claimed_ = length;
    return bytes_ + (skipped == 0 ? at_ : 0) + record_header_bytes;
  }
  /// Hands over the first `length` bytes of what was claimed. @pre length <= the claim's
  void commit(std::size_t length) noexcept {
    if (skipped_ != 0) {
      store_relaxed(header_at(bytes_ + at_), skipped_record);
      written_ += skipped_;
      at_ = 0;
    }
    store_relaxed(header_at(bytes_ + at_), std::uint64_t{length});
    const std::size_t size = record_bytes(length);
    written_ += size;
    at_ = at_ + size < capacity_ ? at_ + size : 0;
    counts_->written.store_release(written_);
    claimed_ = no_claim;
  }
  void abort() noexcept { claimed_ = no_claim; }
  /// Whether a record of so many bytes may be committed.
  [[nodiscard]] bool is_claimed(std::size_t length) const noexcept { return claimed_ != no_claim && length <= claimed_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

 private:
  static constexpr std::size_t no_claim = ~std::size_t{0};

  counts_type* counts_;
  std::byte* bytes_;
  std::size_t capacity_;
  std::uint64_t written_;
  std::uint64_t taken_seen_;
  std::size_t at_;
  std::size_t skipped_ = 0;
  std::size_t claimed_ = no_claim;
};

template <template <class> class Atom>
class basic_byte_ring_reader {
 public:
  using counts_type = basic_byte_ring_counts<Atom>;

  /// As byte_ring_writer, of counts->taken.
  basic_byte_ring_reader(counts_type* counts, const std::byte* bytes, std::size_t capacity, std::uint64_t begin,
                         std::size_t at) noexcept
      : counts_(counts), bytes_(bytes), capacity_(capacity), taken_(begin), written_seen_(begin), peeked_(begin), at_(at) {}

  /// The next record that was not peeked at yet; false if there is none now. The bytes stay until release().
  /// @return  errc::corrupt_file if the writer's count or the record's length cannot be
  [[nodiscard]] result<bool> peek(span<const std::byte>& record) noexcept {
    for (;;) {
      if (written_seen_ == peeked_) {
        const std::uint64_t written = counts_->written.load_acquire();
        if (written - taken_ > capacity_ || written - taken_ < written_seen_ - taken_ || written % record_header_bytes != 0) {
          return error{errc::corrupt_file, "ring.written", "a count behind the last one", written};
        }
        written_seen_ = written;
        if (written_seen_ == peeked_) return false;
      }
      const std::size_t left = capacity_ - at_;
      const auto there = static_cast<std::size_t>(written_seen_ - peeked_);
      const std::uint64_t length = load_relaxed(header_at(bytes_ + at_));  // once: another process may write to it
      if (length == skipped_record && left <= there && at_ != 0) {
        peeked_ += left;
        at_ = 0;
        continue;
      }
      const std::size_t most = (left < there ? left : there) - record_header_bytes;
      if (length > most) return error{errc::corrupt_file, "record.length", "at most", most, length};
      record = {bytes_ + at_ + record_header_bytes, static_cast<std::size_t>(length)};
      const std::size_t size = record_bytes(record.size());
      peeked_ += size;
      at_ = at_ + size < capacity_ ? at_ + size : 0;
      return true;
    }
  }
  /// Whether every record that was committed was peeked at.
  [[nodiscard]] bool has_seen_all() const noexcept { return counts_->written.load_acquire() == peeked_; }
  /// Gives the room of all records that were peeked at back to the writer.
  void release() noexcept {
    taken_ = peeked_;
    counts_->taken.store_release(taken_);
  }

 private:
  counts_type* counts_;
  const std::byte* bytes_;
  std::size_t capacity_;
  std::uint64_t taken_;
  std::uint64_t written_seen_;
  std::uint64_t peeked_;
  std::size_t at_;
};

using byte_ring_counts = basic_byte_ring_counts<atomic>;
using byte_ring_writer = basic_byte_ring_writer<atomic>;
using byte_ring_reader = basic_byte_ring_reader<atomic>;

}  // namespace detail

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_QUEUE_BYTE_RING_SIDES_HPP

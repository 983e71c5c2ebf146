// SPDX-License-Identifier: Apache-2.0
// include/atlas/queue/byte_ring_sides.hpp -- records of any length in a ring of bytes: the side that writes and the
// side that reads.
//
// Room:      the form of the records, and what each side must check of the other.
// Not here:  memory, waiting, closing (queue/byte_ring.hpp within a process, queue/shm_channel.hpp between processes).
// Depends:   core/{atomic,result,span}.hpp.
// Threads:   one writes, one reads.
#ifndef ATLAS_QUEUE_BYTE_RING_SIDES_HPP
#define ATLAS_QUEUE_BYTE_RING_SIDES_HPP

#include <atlas/core/atomic.hpp>  // atomic
#include <atlas/core/result.hpp>  // result
#include <atlas/core/span.hpp>    // span

#include <cstring>  // std::memcpy

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

// A record is a header of 8 bytes and its own bytes, up to a multiple of 8. The header is twice the length and one
// more; where the next record's will be stands a nought, which the writer puts there before it lets the record be seen.
// So the reader looks at the header alone, and a short record reaches it in one line of the cache. A record that does
// not fit before the ring's end begins at its beginning; the header of what is left at the end then says so, and is
// written last.
//
// The counts are of bytes modulo 2^64. `taken` gives room back. `written` is for those who come later: it lies behind
// the last record, or, if its writer ended in between, before it. Each side keeps its own count to itself and believes
// nothing else.
/// @tparam Atom  the atomic type: another one records or orders the schedules of a test
template <template <class> class Atom>
struct basic_byte_ring_counts {
  alignas(cache_line) Atom<std::uint64_t> written;
  alignas(cache_line) Atom<std::uint64_t> taken;
};

inline constexpr std::size_t record_header_bytes = 8;
inline constexpr std::uint64_t no_record = 0;
inline constexpr std::uint64_t skipped_record = ~std::uint64_t{0};

[[nodiscard]] constexpr std::size_t record_bytes(std::size_t length) noexcept {
  return record_header_bytes + (length + record_header_bytes - 1) / record_header_bytes * record_header_bytes;
}
/// The longest record of a ring of so many bytes: one that fits wherever the ring stands.
[[nodiscard]] constexpr std::size_t longest_record(std::size_t ring_bytes) noexcept {
  return ring_bytes / 2 / record_header_bytes * record_header_bytes - record_header_bytes;
}
inline constexpr std::size_t least_ring_bytes = 32;

/// The header at a place of a ring's memory. An atomic type that is no plain word keeps headers elsewhere, and brings
/// record_header_at, found by its namespace.
template <template <class> class Atom>
[[nodiscard]] Atom<std::uint64_t>& header_at(std::byte* at) noexcept {
  if constexpr (requires(Atom<std::uint64_t> * kind) { record_header_at(kind, at); }) {
    return record_header_at(static_cast<Atom<std::uint64_t>*>(nullptr), at);
  } else {
    static_assert(sizeof(Atom<std::uint64_t>) == record_header_bytes);
    return *std::launder(reinterpret_cast<Atom<std::uint64_t>*>(at));
  }
}

/// A place in a ring: the count of bytes before it, and where that is.
struct ring_place {
  std::uint64_t count;
  std::size_t at;
};

/// Takes a record by its header, believed only where it can be.
/// @param used_bytes  of the ring from its first record on that is not given back to that place
/// @param record      out: the record's bytes
/// @return            whether such a record can be there; then `place` is behind it
[[nodiscard]] inline bool take_record(std::uint64_t header, std::byte* bytes, std::size_t ring_bytes,
                                      std::size_t used_bytes, ring_place& place,
                                      span<const std::byte>& record) noexcept {
  const std::size_t at = place.at;
  const std::uint64_t length = header / 2;
  // There is a nought behind the last record.
  if (header % 2 == 0 || length + record_header_bytes > ring_bytes - at ||
      length + record_header_bytes > ring_bytes - record_header_bytes - used_bytes) {
    return false;
  }
  record = {bytes + at + record_header_bytes, static_cast<std::size_t>(length)};
  const std::size_t size = record_bytes(static_cast<std::size_t>(length));
  place = {place.count + size, at + size < ring_bytes ? at + size : 0};
  return true;
}

/// Of a header that no record at its place has: the one at the ring's beginning, if it says so.
template <template <class> class Atom>
[[nodiscard, gnu::noinline, gnu::cold]] result<bool> read_behind_skip(std::uint64_t header, std::byte* bytes,
                                                                      std::size_t ring_bytes, std::size_t used_bytes,
                                                                      ring_place& place,
                                                                      span<const std::byte>& record) noexcept {
  const std::size_t skipped = ring_bytes - place.at;
  if (header == skipped_record && place.at != 0 && skipped <= ring_bytes - record_header_bytes - used_bytes) {
    ring_place begin{place.count + skipped, 0};
    header = header_at<Atom>(bytes).load_acquire();
    if (take_record(header, bytes, ring_bytes, used_bytes + skipped, begin, record)) {
      place = begin;
      return true;
    }
  }
  const std::size_t to_the_last = ring_bytes - record_header_bytes - used_bytes;
  const std::size_t most = skipped < to_the_last ? skipped : to_the_last;
  return error{errc::corrupt_file, "record.length", "at most",
               most < record_header_bytes ? 0 : most - record_header_bytes, header / 2};
}

/// What stands at a place of a ring.
/// @return  true, and `place` behind the record; false if there is none; errc::corrupt_file. Parameters as take_record
template <template <class> class Atom>
[[nodiscard]] result<bool> read_record(std::byte* bytes, std::size_t ring_bytes, std::size_t used_bytes,
                                       ring_place& place, span<const std::byte>& record) noexcept {
  // Once: another process may write to it.
  const std::uint64_t header = header_at<Atom>(bytes + place.at).load_acquire();
  if (header == no_record) return false;
  if (take_record(header, bytes, ring_bytes, used_bytes, place, record)) return true;
  return read_behind_skip<Atom>(header, bytes, ring_bytes, used_bytes, place, record);
}

template <template <class> class Atom>
class basic_byte_ring_writer {
 public:
  using counts_type = basic_byte_ring_counts<Atom>;

  /// @param bytes       [ring_bytes], aligned to 8, with a nought where the next header will be
  /// @param ring_bytes  a multiple of 8, at least least_ring_bytes
  /// @param begin       behind the last record
  /// @param taken       the reader's count
  basic_byte_ring_writer(counts_type* counts, std::byte* bytes, std::size_t ring_bytes, ring_place begin,
                         std::uint64_t taken) noexcept
      : counts_(counts), bytes_(bytes), ring_bytes_(ring_bytes), end_(begin), taken_seen_(taken) {}

  /// Room for a record of up to `length` bytes; null if there is none now. An earlier claim is forgotten.
  /// @pre     length <= longest_record(ring_bytes)
  /// @return  errc::corrupt_file if the reader's count cannot be
  [[nodiscard]] result<std::byte*> claim(std::size_t length) noexcept {
    ATLAS_ASSERT(length <= longest());
    claimed_ = no_claim;
    const std::size_t wanted = record_bytes(length);
    const std::size_t left = ring_bytes_ - end_.at;
    const std::size_t skipped = wanted <= left ? 0 : left;
    if (room() < skipped + wanted) {
      const std::uint64_t taken = counts_->taken.load_acquire();
      // It lies between what was seen of it before and what was written.
      if (end_.count - taken > end_.count - taken_seen_ || taken % record_header_bytes != 0) {
        return error{errc::corrupt_file, "ring.taken", "a count behind the last one", taken};
      }
      taken_seen_ = taken;
      if (room() < skipped + wanted) return static_cast<std::byte*>(nullptr);
    }
    skipped_ = skipped;
    claimed_ = length;
    return bytes_ + (skipped == 0 ? end_.at : 0) + record_header_bytes;
  }
  /// Hands over the first `length` bytes of what was claimed. @pre length <= the claim's
  void commit(std::size_t length) noexcept {
    const std::size_t at = skipped_ == 0 ? end_.at : 0;
    const std::size_t size = record_bytes(length);
    const std::size_t next = at + size < ring_bytes_ ? at + size : 0;
    show(bytes_ + at, bytes_ + next, length);
    if (skipped_ != 0) header_at<Atom>(bytes_ + end_.at).store_release(skipped_record);
    end_ = {end_.count + skipped_ + size, next};
    counts_->written.store_release(end_.count);
    claimed_ = no_claim;
  }
  /// Both at once, and the copy between them, where the room is known and the ring's end is far; false where claim()
  /// would do more. Short, for whoever is waited for. @pre  record.size() <= longest()
  [[nodiscard]] bool push_at_once(span<const std::byte> record) noexcept {
    ATLAS_ASSERT(record.size() <= longest());
    claimed_ = no_claim;
    const std::size_t size = record_bytes(record.size());
    if (size >= ring_bytes_ - end_.at || size > room()) return false;
    std::byte* const at = bytes_ + end_.at;
    if (!record.empty()) std::memcpy(at + record_header_bytes, record.data(), record.size());
    show(at, at + size, record.size());
    end_.at += size;
    end_.count += size;
    counts_->written.store_release(end_.count);
    return true;
  }
  void abort() noexcept { claimed_ = no_claim; }
  /// Whether a record of so many bytes may be committed.
  [[nodiscard]] bool is_claimed(std::size_t length) const noexcept {
    return claimed_ != no_claim && length <= claimed_;
  }
  [[nodiscard]] std::size_t longest() const noexcept { return longest_record(ring_bytes_); }

 private:
  static constexpr std::size_t no_claim = ~std::size_t{0};

  /// Lets a record be seen. @param next  where the next one's header will be
  static void show(std::byte* at, std::byte* next, std::size_t length) noexcept {
    header_at<Atom>(next).store_relaxed(no_record);
    header_at<Atom>(at).store_release(std::uint64_t{length} * 2 + 1);
  }
  [[nodiscard]] std::size_t room() const noexcept {
    return ring_bytes_ - record_header_bytes - static_cast<std::size_t>(end_.count - taken_seen_);
  }

  counts_type* counts_;
  std::byte* bytes_;
  std::size_t ring_bytes_;
  ring_place end_;
  std::uint64_t taken_seen_;
  std::size_t skipped_ = 0;
  std::size_t claimed_ = no_claim;
};

template <template <class> class Atom>
class basic_byte_ring_reader {
 public:
  using counts_type = basic_byte_ring_counts<Atom>;

  /// As byte_ring_writer. @param begin  of the first record that is not taken
  basic_byte_ring_reader(counts_type* counts, std::byte* bytes, std::size_t ring_bytes, ring_place begin) noexcept
      : counts_(counts), bytes_(bytes), ring_bytes_(ring_bytes), taken_(begin.count), next_(begin), before_(begin) {}

  /// The next record that was not peeked at yet; false if there is none now. The bytes stay until release().
  /// @return  errc::corrupt_file if what stands there cannot be
  [[nodiscard]] result<bool> peek(span<const std::byte>& record) noexcept {
    const ring_place here = next_;
    auto found = read_record<Atom>(bytes_, ring_bytes_, used_bytes(), next_, record);
    if (found.ok() && *found) before_ = here;
    return found;
  }
  /// The same of a record that is there and whole; false also where peek() would have more to say. Short, for whoever
  /// waits for one.
  [[nodiscard]] bool peek_at_once(span<const std::byte>& record) noexcept {
    const std::uint64_t header = header_at<Atom>(bytes_ + next_.at).load_acquire();
    const ring_place here = next_;
    if (header == no_record || !take_record(header, bytes_, ring_bytes_, used_bytes(), next_, record)) return false;
    before_ = here;
    return true;
  }
  /// The next peek() gives the last record again, as if it had not been peeked at. @pre  it was not given back, nor
  /// taken back before
  void unpeek() noexcept {
    ATLAS_ASSERT(holds_records() && before_.count != next_.count);
    next_ = before_;
  }
  /// Whether every record that was committed was peeked at.
  [[nodiscard]] bool has_seen_all() const noexcept {
    return header_at<Atom>(bytes_ + next_.at).load_acquire() == no_record;
  }
  /// Whether records were peeked at that are not given back.
  [[nodiscard]] bool holds_records() const noexcept { return taken_ != next_.count; }
  /// Gives the room of all records that were peeked at back to the writer.
  void release() noexcept {
    taken_ = next_.count;
    counts_->taken.store_release(taken_);
  }

 private:
  [[nodiscard]] std::size_t used_bytes() const noexcept { return static_cast<std::size_t>(next_.count - taken_); }

  counts_type* counts_;
  std::byte* bytes_;
  std::size_t ring_bytes_;
  std::uint64_t taken_;
  ring_place next_;
  ring_place before_;  // of the last record that was peeked at, and of what was left out at the ring's end for it
};

using byte_ring_counts = basic_byte_ring_counts<atomic>;
using byte_ring_writer = basic_byte_ring_writer<atomic>;
using byte_ring_reader = basic_byte_ring_reader<atomic>;

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_QUEUE_BYTE_RING_SIDES_HPP

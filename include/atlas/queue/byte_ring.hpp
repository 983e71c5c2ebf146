// SPDX-License-Identifier: Apache-2.0
// include/atlas/queue/byte_ring.hpp -- messages of any length from one thread to one other, written and read in place.
//
// Room:      byte_ring.
// Not here:  objects (queue/spsc_queue.hpp), other processes (queue/shm_channel.hpp).
// Depends:   core/{result,span}.hpp, queue/{byte_ring_sides,wait_gate}.hpp.
// Threads:   one writes, one reads; the two may change if something else orders the change. close(), is_closed(),
//            capacity_bytes() and size_bytes_approx() from any thread.
#ifndef ATLAS_QUEUE_BYTE_RING_HPP
#define ATLAS_QUEUE_BYTE_RING_HPP

#include <atlas/queue/byte_ring_sides.hpp>  // byte_ring_writer, byte_ring_reader
#include <atlas/queue/wait_gate.hpp>        // sleeping, spinning, yielding

#include <cstdlib>  // std::aligned_alloc, std::free
#include <cstring>  // std::memcpy

namespace atlas { inline namespace ATLAS_ABI {

/// A bounded first-in-first-out queue of records of bytes, 8 bytes and up to 7 more for each.
///
///     span<std::byte> room = ring.try_claim(most);   // written to in place
///     ring.commit(size);                             // or abort()
///     span<const std::byte> record;
///     while (ring.try_peek(record)) use(record);     // all stay where they are
///     ring.release();                                // until here
///
/// Order:     linearizable, as spsc_queue: try_claim has no room exactly when the ring has not so many bytes side by
///            side, try_peek finds no record exactly when there is none that was not peeked at.
/// Progress:  all but the calls that wait are wait-free.
/// Closing:   as of spsc_queue. A claim that was made before the close may be committed.
/// Cost:      one release store a commit and a release. Nothing is allocated after create().
/// @param Waiting  sleeping, spinning or yielding: how claim and peek wait
/// @param Atom     the atomic type: another one records or orders the schedules of a test
template <class Waiting = sleeping, template <class> class Atom = atomic>
class byte_ring {
  using gate = typename Waiting::template gate<Atom>;

 public:
  /// @param capacity_bytes  32 to 2^40, rounded up to a multiple of 8
  /// @return                errc::invalid_argument below, errc::limit_exceeded above, errc::no_memory
  static result<byte_ring> create(std::size_t capacity_bytes) noexcept { return create_at(capacity_bytes, 0); }
  /// As if so many bytes, a multiple of 8, had gone through it: for tests of the counts' end.
  static result<byte_ring> create_at(std::size_t capacity_bytes, std::uint64_t count) noexcept {
    if (capacity_bytes < detail::least_ring_bytes) {
      return error{errc::invalid_argument, "ring.capacity_bytes", "at least", detail::least_ring_bytes, capacity_bytes};
    }
    if (capacity_bytes > most_bytes)
      return error{errc::limit_exceeded, "ring.capacity_bytes", most_bytes, capacity_bytes};
    const std::size_t capacity = (capacity_bytes + 7) / 8 * 8;
    const std::size_t ring_bytes = capacity + detail::record_header_bytes;
    void* const memory =
        std::aligned_alloc(alignof(shared), sizeof(shared) + (ring_bytes + cache_line - 1) / cache_line * cache_line);
    if (memory == nullptr) return error{errc::no_memory, "ring.capacity_bytes"};
    auto* const bytes = static_cast<std::byte*>(memory) + sizeof(shared);
    ::new (static_cast<void*>(bytes)) std::uint64_t(0);
    detail::header_at<Atom>(bytes).store_relaxed(detail::no_record);
    return byte_ring(::new (memory) shared(bytes, ring_bytes, count, heavy_barrier()));
  }

  /// @pre no other thread uses either ring. The ring moved from can only be assigned to or destroyed.
  byte_ring(byte_ring&& other) noexcept : shared_(other.shared_) { other.shared_ = nullptr; }
  byte_ring& operator=(byte_ring&& other) noexcept {
    if (this != &other) {
      destroy();
      shared_ = other.shared_;
      other.shared_ = nullptr;
    }
    return *this;
  }
  byte_ring(const byte_ring&) = delete;
  byte_ring& operator=(const byte_ring&) = delete;
  /// @pre no other thread uses the ring
  ~byte_ring() { destroy(); }

  // --- the writer ---

  /// Room for one record, to be written to in place, until commit(), abort() or the next claim or push, be they refused.
  /// Aligned to 8 bytes.
  /// @param size_bytes  the most that the record may have
  /// @return            null when there is no room now, and when the ring is closed; errc::limit_exceeded above
  ///                    longest_record()
  [[nodiscard]] result<std::byte*> try_claim(std::size_t size_bytes) noexcept {
    shared& ring = here();
    ring.writer.abort();
    if (size_bytes > longest_record())
      return error{errc::limit_exceeded, "record.size_bytes", longest_record(), size_bytes};
    if (ring.closed.load_acquire() != 0) return static_cast<std::byte*>(nullptr);
    return ring.writer.claim(size_bytes);
  }
  /// The same, but waits for room. @param deadline_ns  on the clock of monotonic_ns(); 0: as long as it takes
  /// @return  errc::closed, errc::timed_out, errc::limit_exceeded
  [[nodiscard]] result<std::byte*> claim(std::size_t size_bytes, std::uint64_t deadline_ns = 0) noexcept {
    result<std::byte*> got = try_claim(size_bytes);
    if (!got.ok() || *got != nullptr) return got;
    const status waited = here().room.wait(
        [&] {
          got = try_claim(size_bytes);
          return *got != nullptr;
        },
        [] { return false; }, [&] { return is_closed() ? wait_outlook::closed : wait_outlook::open; }, deadline_ns);
    if (!waited.ok()) return waited.error();
    return got;
  }
  /// Hands the record over. @param size_bytes  what was written of it @pre size_bytes is at most what was claimed
  void commit(std::size_t size_bytes) noexcept {
    shared& ring = here();
    ATLAS_ASSERT(ring.writer.is_claimed(size_bytes));
    ring.writer.commit(size_bytes);
    ring.records.signal(1);
  }
  /// Gives up what was claimed, of which nothing is seen.
  void abort() noexcept { here().writer.abort(); }
  /// Copies a record in. @return  false when there is no room now, and when the ring is closed; errors as of try_claim
  [[nodiscard]] result<bool> try_push(span<const std::byte> record) noexcept {
    const auto room = try_claim(record.size());
    if (!room.ok()) return room.error();
    if (*room == nullptr) return false;
    if (!record.empty()) std::memcpy(*room, record.data(), record.size());
    commit(record.size());
    return true;
  }

  // --- the reader ---

  /// The next record that was not peeked at yet; it stays where it is until release(). Aligned to 8 bytes.
  /// @return  false, and `record` untouched, when there is none
  [[nodiscard]] bool try_peek(span<const std::byte>& record) noexcept { return here().reader.peek(record).value(); }
  /// The same, but waits for a record. @return errc::closed when the ring is closed and drained, errc::timed_out
  [[nodiscard]] status peek(span<const std::byte>& record, std::uint64_t deadline_ns = 0) noexcept {
    if (try_peek(record)) return {};
    return here().records.wait([&] { return try_peek(record); }, [] { return false; }, [&] { return pop_outlook(); },
                               deadline_ns);
  }
  /// Gives the room of all records that were peeked at back to the writer.
  void release() noexcept {
    shared& ring = here();
    ring.reader.release();
    ring.room.signal(1);
  }

  /// Claims fail from now on; what was committed can still be read. A waiting thread wakes. Idempotent.
  void close() noexcept {
    shared& ring = here();
    if (ring.closed.exchange(1) != 0) return;
    ring.records.signal_all();
    ring.room.signal_all();
  }
  [[nodiscard]] bool is_closed() const noexcept { return here().closed.load_acquire() != 0; }
  /// Whether try_peek would succeed. Threads: the reader.
  [[nodiscard]] bool has_element() const noexcept { return !here().reader.has_seen_all(); }
  [[nodiscard]] std::size_t capacity_bytes() const noexcept { return here().capacity; }
  /// Bytes of the longest record, a little less than half of the capacity.
  [[nodiscard]] std::size_t longest_record() const noexcept { return here().writer.longest(); }
  /// Bytes taken, headers included, a moment ago.
  [[nodiscard]] std::size_t size_bytes_approx() const noexcept {
    const std::uint64_t taken = here().counts.taken.load_acquire();
    const std::uint64_t size = here().counts.written.load_acquire() - taken;
    return size < here().capacity ? static_cast<std::size_t>(size) : here().capacity;
  }

 private:
  friend struct detail::watch_access;
  static constexpr std::size_t most_bytes = std::size_t{1} << 40;

  struct alignas(cache_line) shared {
    shared(std::byte* bytes, std::size_t ring_bytes, std::uint64_t count, bool asymmetric) noexcept
        : counts{Atom<std::uint64_t>(count), Atom<std::uint64_t>(count)},
          capacity(ring_bytes - detail::record_header_bytes),
          records(asymmetric),
          room(asymmetric),
          writer(&counts, bytes, ring_bytes, {count, 0}, count),
          reader(&counts, bytes, ring_bytes, {count, 0}) {}

    detail::basic_byte_ring_counts<Atom> counts;
    alignas(cache_line) const std::size_t capacity;
    Atom<std::uint32_t> closed;
    gate records;                   // the reader waits here
    alignas(cache_line) gate room;  // the writer waits here
    alignas(cache_line) detail::basic_byte_ring_writer<Atom> writer;
    alignas(cache_line) detail::basic_byte_ring_reader<Atom> reader;
  };

  explicit byte_ring(shared* made) noexcept : shared_(made) {}

  [[nodiscard]] shared& here() const noexcept {
    ATLAS_ASSERT(shared_ != nullptr);
    return *shared_;
  }
  [[nodiscard]] gate& element_gate() noexcept { return here().records; }
  [[nodiscard]] wait_outlook pop_outlook() const noexcept {
    if (!is_closed()) return wait_outlook::open;
    // Closed is read first: what the closing writer committed before is then visible to this look at the count.
    return here().reader.has_seen_all() ? wait_outlook::closed : wait_outlook::ending;
  }

  void destroy() noexcept {
    if (shared_ == nullptr) return;
    shared_->~shared();
    std::free(shared_);
    shared_ = nullptr;
  }

  shared* shared_;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_QUEUE_BYTE_RING_HPP

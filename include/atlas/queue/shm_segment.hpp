// SPDX-License-Identifier: Apache-2.0
// include/atlas/queue/shm_segment.hpp -- what lies where in the memory of a channel between processes.
//
// Room:      shm_layout (how many lanes of how many bytes), its header and the control block of a lane; waiting across
//            processes.
// Not here:  getting the memory (queue/shared_memory.hpp), sending and receiving (queue/shm_channel.hpp).
// Depends:   core/{atomic,bits,clock,futex,result,thread}.hpp, queue/byte_ring_sides.hpp.
// Threads:   any process may write anything to the memory at any time. The layout is read once, checked, and kept
//            outside of it; of the rest nothing is believed that an access depends on.
#ifndef ATLAS_QUEUE_SHM_SEGMENT_HPP
#define ATLAS_QUEUE_SHM_SEGMENT_HPP

#include <atlas/core/bits.hpp>              // next_power_of_two
#include <atlas/core/clock.hpp>             // monotonic_ns
#include <atlas/core/futex.hpp>             // futex_wait_shared, futex_wake_shared, spin_pause
#include <atlas/core/thread.hpp>            // yield_thread
#include <atlas/queue/byte_ring_sides.hpp>  // byte_ring_counts

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// The shape of a segment: a header page, a table of the lanes' control blocks, the rings.
struct shm_layout {
  static constexpr std::uint32_t most_lanes = 1024;
  static constexpr std::uint64_t least_lane_bytes = 64;
  static constexpr std::uint64_t most_lane_bytes = std::uint64_t{1} << 40;

  std::uint32_t lanes = 0;
  std::uint64_t lane_bytes = 0;  ///< a power of two
};

/// The first page. All numbers little-endian, as this machine's.
/// @tparam Atom  here and below: the atomic type, as large as a plain word; another one orders the schedules of a test
template <template <class> class Atom>
struct basic_shm_header {
  static constexpr std::uint64_t magic_number = 0x4d48'5353'414c'5441;  // the bytes "ATLASSHM"
  static constexpr std::uint32_t version_number = 1;

  std::uint64_t magic = 0;
  std::uint32_t version = 0;
  std::uint32_t lanes = 0;
  std::uint64_t lane_bytes = 0;
  alignas(cache_line) Atom<std::uint32_t> closed;
  Atom<std::uint32_t> lanes_used;  // lanes from the first on that ever had a sender; never less
  Atom<std::uint32_t> fifo;        // how often a pipe beside the segment was opened to be waited at; 0: never
  alignas(cache_line) Atom<std::uint32_t> records;  // futex of the receiver: a count of wake-ups
};
using shm_header = basic_shm_header<atomic>;
static_assert(sizeof(shm_header) == 3 * cache_line);

/// Bell at which one side says that it may sleep until the other did something.
template <template <class> class Atom>
struct basic_shm_bell {
  Atom<std::uint32_t> is_wanted;

  /// After this, a ring() for anything published later finds the wish; anything earlier is seen by the next look.
  void want() noexcept { static_cast<void>(is_wanted.fetch_or_acq_rel(1)); }
  /// Whether a sleeper is to be woken for what was published before; takes the wish away. Cost: one read-modify-write
  /// of a word that the other side touches only before it sleeps.
  [[nodiscard]] bool ring() noexcept {
    // Not a load: only two read-modify-writes of one word order what stands before one of them and behind the other.
    return is_wanted.fetch_add(0) != 0 && is_wanted.exchange(0) != 0;
  }
};

/// Of one lane. The lock of number lane + 1 says that its sender lives.
template <template <class> class Atom>
struct basic_shm_lane {
  basic_byte_ring_counts<Atom> counts;
  alignas(cache_line) basic_shm_bell<Atom> records;  // rung by the sender
  Atom<std::uint32_t> is_damaged;                    // the receiver saw what cannot be, and looks no more
  Atom<std::uint32_t> sender_process;                // for people who look; means nothing in another container
  alignas(cache_line) basic_shm_bell<Atom> room;     // rung by the receiver
  Atom<std::uint32_t> room_signals;                  // futex of the sender: a count of wake-ups
};
using shm_lane = basic_shm_lane<atomic>;
static_assert(sizeof(shm_lane) == 4 * cache_line);

inline constexpr std::uint64_t shm_page = 4096;
/// Number of the lock that says that the receiver lives.
inline constexpr std::uint32_t receiver_lock = 0;

/// Where the parts of a mapped segment are.
template <template <class> class Atom>
class basic_shm_segment {
 public:
  using header_type = basic_shm_header<Atom>;
  using lane_type = basic_shm_lane<Atom>;
  static_assert(sizeof(header_type) == sizeof(shm_header) && sizeof(lane_type) == sizeof(shm_lane));

  basic_shm_segment() noexcept = default;
  basic_shm_segment(std::byte* base, shm_layout layout) noexcept : base_(base), layout_(layout) {}

  [[nodiscard]] static constexpr std::uint64_t rings_begin(shm_layout layout) noexcept {
    return shm_page + (layout.lanes * sizeof(lane_type) + shm_page - 1) / shm_page * shm_page;
  }
  /// At most 2^51.
  [[nodiscard]] static constexpr std::uint64_t size_bytes(shm_layout layout) noexcept {
    return rings_begin(layout) + layout.lanes * layout.lane_bytes;
  }
  /// @return errc::invalid_argument, errc::limit_exceeded; the layout with its lanes' bytes rounded up to a power of
  ///         two
  [[nodiscard]] static result<shm_layout> checked(shm_layout wanted) noexcept {
    if (wanted.lanes == 0) return error{errc::invalid_argument, "channel.lanes", "at least 1", std::uint64_t{0}};
    if (wanted.lanes > shm_layout::most_lanes) {
      return error{errc::limit_exceeded, "channel.lanes", shm_layout::most_lanes, wanted.lanes};
    }
    if (wanted.lane_bytes < shm_layout::least_lane_bytes) {
      return error{errc::invalid_argument, "channel.lane_bytes", "at least", shm_layout::least_lane_bytes,
                   wanted.lane_bytes};
    }
    if (wanted.lane_bytes > shm_layout::most_lane_bytes) {
      return error{errc::limit_exceeded, "channel.lane_bytes", shm_layout::most_lane_bytes, wanted.lane_bytes};
    }
    return shm_layout{wanted.lanes, next_power_of_two(wanted.lane_bytes)};
  }
  /// Fills zeroed memory in.
  static void initialise(std::byte* base, shm_layout layout) noexcept {
    auto* const header = ::new (static_cast<void*>(base)) header_type{};
    header->magic = shm_header::magic_number;
    header->version = shm_header::version_number;
    header->lanes = layout.lanes;
    header->lane_bytes = layout.lane_bytes;
    for (std::uint32_t i = 0; i < layout.lanes; ++i) {
      auto* const lane = ::new (static_cast<void*>(base + shm_page + i * sizeof(lane_type))) lane_type{};
      lane->records.want();  // of a lane's first record a receiver that sleeps already has to be told
    }
  }
  /// What a segment of so many bytes says of itself, if it can be.
  /// @return errc::not_atlas_file, errc::unsupported_version, errc::corrupt_file
  [[nodiscard]] static result<shm_layout> read_layout(const std::byte* base, std::uint64_t bytes) noexcept {
    const auto* const header = reinterpret_cast<const header_type*>(base);
    if (load_relaxed(&header->magic) != shm_header::magic_number) {
      return error{errc::not_atlas_file, "segment.magic", shm_header::magic_number, load_relaxed(&header->magic)};
    }
    const std::uint32_t version = load_relaxed(&header->version);
    if (version != shm_header::version_number) {
      return error{errc::unsupported_version, "segment.version", shm_header::version_number, version};
    }
    const shm_layout said{load_relaxed(&header->lanes), load_relaxed(&header->lane_bytes)};
    const result<shm_layout> layout = checked(said);
    if (!layout.ok()) {
      error why = layout.error();
      why.code = errc::corrupt_file;
      return why;
    }
    if (layout->lane_bytes != said.lane_bytes) {
      return error{errc::corrupt_file, "segment.lane_bytes", "a power of two", said.lane_bytes};
    }
    if (size_bytes(said) != bytes) return error{errc::corrupt_file, "segment.bytes", size_bytes(said), bytes};
    return said;
  }

  [[nodiscard]] shm_layout layout() const noexcept { return layout_; }
  [[nodiscard]] header_type& header() const noexcept { return *reinterpret_cast<header_type*>(base_); }
  [[nodiscard]] lane_type& lane(std::uint32_t number) const noexcept {
    return *reinterpret_cast<lane_type*>(base_ + shm_page + number * sizeof(lane_type));
  }
  [[nodiscard]] std::byte* ring(std::uint32_t number) const noexcept {
    return base_ + rings_begin(layout_) + number * layout_.lane_bytes;
  }
  /// How many lanes a receiver has to look at.
  [[nodiscard]] std::uint32_t lanes_used() const noexcept {
    const std::uint32_t said = header().lanes_used.load_ordered();  // see shm_sender::wake_receiver
    return said < layout_.lanes ? said : layout_.lanes;
  }
  /// Says that a lane has a sender, before that sends anything.
  void tell_used(std::uint32_t number) const noexcept {
    Atom<std::uint32_t>& used = header().lanes_used;
    // Bounded: another process could write something small to it for ever.
    std::uint32_t seen = used.load_acquire();
    for (int tries = 0; seen <= number && tries < 1000; ++tries) {
      if (used.compare_exchange(seen, number + 1)) return;
    }
  }
  [[nodiscard]] bool is_closed() const noexcept { return header().closed.load_acquire() != 0; }

  /// Where a lane's next sender goes on: behind its last record, which the one before may not have counted.
  /// @return errc::corrupt_file if the counts or the record cannot be
  [[nodiscard]] result<ring_place> end_of_lane(std::uint32_t number, std::uint64_t& taken) const noexcept {
    lane_type& of = lane(number);
    if (of.is_damaged.load_acquire() != 0)
      return error{errc::corrupt_file, "lane", "a whole one", "one that is damaged"};
    const std::uint64_t written = of.counts.written.load_acquire();
    taken = of.counts.taken.load_acquire();
    // A receiver may have taken the record that was not counted.
    const std::uint64_t begin = written - taken <= layout_.lane_bytes ? written : taken;
    if ((begin == taken && taken - written > layout_.lane_bytes) || (written | taken) % record_header_bytes != 0) {
      return error{errc::corrupt_file, "lane.written", "a count near the one taken", written - taken};
    }
    ring_place end = place_of(begin);
    for (std::uint64_t used = begin - taken;; used = end.count - taken) {
      if (used > layout_.lane_bytes - record_header_bytes) {
        return error{errc::corrupt_file, "lane.written", "at most", layout_.lane_bytes - record_header_bytes, used};
      }
      span<const std::byte> record;
      const auto found =
          read_record<Atom>(ring(number), layout_.lane_bytes, static_cast<std::size_t>(used), end, record);
      if (!found.ok()) return found.error();
      if (!*found) return end;
    }
  }
  /// Where a lane's next receiver goes on. @return errc::corrupt_file
  [[nodiscard]] result<ring_place> begin_of_lane(std::uint32_t number) const noexcept {
    const std::uint64_t taken = lane(number).counts.taken.load_acquire();
    if (taken % record_header_bytes != 0) return error{errc::corrupt_file, "lane.taken", "a multiple of 8", taken};
    return place_of(taken);
  }

 private:
  [[nodiscard]] ring_place place_of(std::uint64_t count) const noexcept {
    return {count, static_cast<std::size_t>(count & (layout_.lane_bytes - 1))};
  }

  std::byte* base_ = nullptr;
  shm_layout layout_;
};
using shm_segment = basic_shm_segment<atomic>;

/// Nobody sleeps longer without a look: a process may end between what it did and the wake-up for it.
inline constexpr std::uint64_t longest_nap_ns = 50'000'000;

/// Waits at a word of shared memory until `attempt` succeeds: spinning, then letting others run, then asleep. As
/// wait_gate, but for other processes, any of which may end at any moment.
///
/// @param futex        an atomic word that counts wake-ups
/// @param want         void(): from here on a wake-up comes for what is published
/// @param attempt      bool()
/// @param is_over      bool(): it cannot succeed any more
/// @param deadline_ns  on monotonic_ns(); 0: none
/// @param nap_ns       the longest sleep; tests have a longer one, in which a missing wake-up shows
/// @return             errc::closed when it is over, errc::timed_out
template <class Word, class Want, class Attempt, class IsOver>
status wait_shared(Word& futex, Want want, Attempt attempt, IsOver is_over, std::uint64_t deadline_ns,
                   std::uint64_t nap_ns = longest_nap_ns) noexcept {
  constexpr std::uint64_t pausing_ns = 500;
  constexpr std::uint64_t awake_ns = 20'000;  // about what a sleep and a wake-up take
  bool stays_awake = true;
  for (;;) {
    const std::uint64_t begin_ns = monotonic_ns();
    for (std::uint64_t now_ns = begin_ns; stays_awake && now_ns - begin_ns < awake_ns; now_ns = monotonic_ns()) {
      for (int tries = 0; tries < 8; ++tries) {
        if (attempt()) return {};
        // The other side may be waiting for this very core.
        if (now_ns - begin_ns < pausing_ns)
          spin_pause();
        else
          yield_thread();
      }
      if (deadline_ns != 0 && now_ns >= deadline_ns) break;
    }
    const std::uint32_t seen = futex.load_acquire();
    want();
    // Whether it is over is asked first: what was published before that is then seen by the attempt.
    const bool is_last = is_over();
    if (attempt()) return {};
    if (is_last) return errc::closed;
    const std::uint64_t now_ns = monotonic_ns();
    if (deadline_ns != 0 && now_ns >= deadline_ns) return errc::timed_out;
    const std::uint64_t until_ns = now_ns + nap_ns;
    futex_wait_shared(futex.address(), seen, deadline_ns != 0 && deadline_ns < until_ns ? deadline_ns : until_ns);
    stays_awake = futex.load_acquire() != seen;  // woken, and not only at the end of a nap
  }
}
template <class Word>
void wake_shared(Word& futex) noexcept {
  static_cast<void>(futex.fetch_add(1));
  futex_wake_shared(futex.address(), wake_all);
}

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_QUEUE_SHM_SEGMENT_HPP

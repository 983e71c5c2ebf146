// SPDX-License-Identifier: Apache-2.0
// include/atlas/core/reader_epochs.hpp -- when may what readers could still hold be used again?
//
// Room:      epochs that readers enter without waiting, and that pass when all of their readers have left.
// Not here:  what is retired (index/hnsw_repair.hpp).
// Depends:   core/atomic.hpp.
// Threads:   any. Nobody ever waits: an epoch that cannot pass yet is tried again later.
// Source:    epoch-based reclamation (Fraser, "Practical lock-freedom", 2004, section 5.2.3), with counters in place of
//            a list of threads, so that threads need not register and a child of fork() may go on.
#ifndef ATLAS_CORE_READER_EPOCHS_HPP
#define ATLAS_CORE_READER_EPOCHS_HPP

#include <atlas/core/atomic.hpp>  // atomic

namespace atlas { inline namespace ATLAS_ABI {

/// What was made unreachable while now() was e is held by no reader once now() >= e + 2.
class reader_epochs {
 public:
  /// Readers count themselves in one of so many places, each a cache line: few threads share one.
  static constexpr unsigned places = 32;

  reader_epochs() noexcept = default;
  reader_epochs(const reader_epochs&) = delete;
  reader_epochs& operator=(const reader_epochs&) = delete;

  /// For as long as it lives its thread may hold what it finds. Cost: two atomic additions, about 10 ns.
  class [[nodiscard]] reader {
   public:
    /// @param place  any number; the same for one thread, others for others, is fastest
    reader(reader_epochs& epochs, unsigned place) noexcept : inside_(epochs.enter(place)) {}
    reader(const reader&) = delete;
    reader& operator=(const reader&) = delete;
    ~reader() { inside_.fetch_sub(1); }

   private:
    atomic<std::uint32_t>& inside_;
  };

  [[nodiscard]] std::uint64_t now() const noexcept { return now_.load_ordered(); }
  /// Lets the present epoch pass if no reader of the one before it is left. In the child of a fork() that cut off a
  /// reader it never passes again: then nothing is used again, and all else goes on.
  void try_advance() noexcept {
    std::uint64_t epoch = now_.load_ordered();
    for (const place& one : places_) {
      if (one.inside[(epoch + 1) % 2].load_ordered() != 0) return;
    }
    (void)now_.compare_exchange(epoch, epoch + 1);
  }
  /// Whether no reader holds what was retired at `epoch`, as far as can be told without waiting.
  [[nodiscard]] bool have_left(std::uint64_t epoch) noexcept {
    for (int tries = 0; tries < 2 && now() < epoch + 2; ++tries) try_advance();
    return now() >= epoch + 2;
  }

 private:
  struct alignas(cache_line) place {
    atomic<std::uint32_t> inside[2];  ///< readers of even and of odd epochs
  };
  [[nodiscard]] atomic<std::uint32_t>& enter(unsigned which) noexcept {
    place& mine = places_[which % places];
    for (;;) {
      const std::uint64_t epoch = now_.load_ordered();
      atomic<std::uint32_t>& inside = mine.inside[epoch % 2];
      inside.fetch_add(1);
      if (now_.load_ordered() == epoch) return inside;
      inside.fetch_sub(1);  // it passed in between: who waits for it may have looked already
    }
  }

  atomic<std::uint64_t> now_{2};
  place places_[places];
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CORE_READER_EPOCHS_HPP

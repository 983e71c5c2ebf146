// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/ivf_tidying.hpp -- removed rows leave the lists, a little with each removal, and their slots serve again.
//
// Room:      when that is due, the steps of it and where they are, all of them at once.
// Not here:  how a list is written anew (index/inverted_lists.hpp), what a slot is (index/row_store.hpp).
// Depends:   core, index/{ivf_query,row_store}.hpp.
// Threads:   steps may be taken from any thread, beside searches and changes; one at a time does something.
#ifndef ATLAS_INDEX_IVF_TIDYING_HPP
#define ATLAS_INDEX_IVF_TIDYING_HPP

#include <atlas/core/clock.hpp>       // monotonic_ns
#include <atlas/core/mutex.hpp>       // mutex, lock_guard
#include <atlas/core/thread.hpp>      // current_process, yield_thread
#include <atlas/index/ivf_query.hpp>  // ivf_parts
#include <atlas/index/row_store.hpp>  // row_store

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// Where rows may stand.
struct ivf_places {
  row_store& rows;
  reader_epochs& epochs;
  const atomic<ivf_parts*>& trained;
  mutex& training_lock;             ///< held by the first training, and of `unlisted`
  buffer<std::uint32_t>& unlisted;  ///< before there are lists
  mutex& lists_lock;                ///< of changes to lists
};

/// Rounds of it, one after another: the removed rows there are are marked, the lists are gone through, and when no reader is
/// left who saw them before, the slots are given to later rows.
class ivf_tidying {
 public:
  /// Rows of lists that one removal pays for: about half a millisecond where each is copied. A list is gone through whole.
  static constexpr std::size_t rows_a_removal = 1024;

  /// Takes steps if a quarter of all rows were removed, or a round is under way. Not inside a reader.
  void step(const ivf_places& at, std::size_t removals) noexcept {
    constexpr std::size_t fewest = 1024;
    const std::size_t share = at.rows.live_count() / 3;
    if (at.rows.removed_count() < (share > fewest ? share : fewest) && !is_under_way_.load_acquire()) return;
    if (!lock_.try_lock()) return;
    std::size_t left = removals > most_removals ? most_rows_a_step : removals * rows_a_removal;
    while (left != 0 && advance(at, left) == outcome::worked && phase_ != phase::none) continue;
    lock_.unlock();
  }
  /// Takes all removed rows out of lists, and frees their slots. @pre no change is under way; not inside a reader
  /// @return  false if that cannot be now; nothing is wrong then
  [[nodiscard]] bool finish(const ivf_places& at) noexcept {
    if (current_process() != owner_) return at.rows.removed_count() == 0;  // before the lock, which the fork() may have cut off
    lock_guard<mutex> tidying(lock_);
    const std::uint64_t begin = monotonic_ns();
    while (at.rows.removed_count() != 0) {
      std::size_t left = ~std::size_t{0};
      const outcome ended = advance(at, left);
      if (ended == outcome::worked) continue;
      if (ended == outcome::stuck || monotonic_ns() - begin > longest_wait_ns) return false;
      yield_thread();
    }
    return true;
  }

 private:
  enum class phase : std::uint8_t { none, marking, unlisting, freeing };
  enum class outcome : std::uint8_t {
    worked,
    waits,  ///< for readers, or for another change
    stuck,  ///< there is nothing to take out, or no memory to do it in
  };
  static constexpr std::size_t most_removals = 1024;
  static constexpr std::size_t most_rows_a_step = most_removals * rows_a_removal;
  static constexpr std::size_t marked_as_one = 32;  ///< states are read so much faster than a list is written
  static constexpr std::uint64_t longest_wait_ns = 60'000'000'000;

  /// Some of the phase there is. @param left  rows to look at; what was done is taken off. @pre lock_ is held
  [[nodiscard]] outcome advance(const ivf_places& at, std::size_t& left) noexcept {
    switch (phase_) {
      case phase::none:
        next_row_ = 0;
        row_count_ = at.rows.row_count();
        enter(phase::marking);
        return outcome::worked;
      case phase::marking: return mark(at.rows, left);
      case phase::unlisting: return unlist(at, left);
      case phase::freeing: break;
    }
    return free(at, left);
  }
  void enter(phase next) noexcept {
    phase_ = next;
    is_under_way_.store_release(next != phase::none);
  }
  static void take(std::size_t& left, std::size_t done) noexcept { left -= done < left ? done : left; }

  [[nodiscard]] outcome mark(row_store& rows, std::size_t& left) noexcept {
    const std::size_t most = left > row_count_ ? row_count_ : left * marked_as_one;
    const std::uint32_t first = next_row_;
    const std::uint32_t end = row_count_ - first < most ? row_count_ : first + static_cast<std::uint32_t>(most);
    bool has_memory = true;
    for (; next_row_ < end && has_memory; ++next_row_) {
      if (rows.state(next_row_) != row_state::removed) continue;
      // Noted before it is marked: what is marked and not noted would never be freed.
      has_memory = unlinked_.push_back(next_row_).ok();
      if (has_memory && !rows.begin_unlink(next_row_)) (void)unlinked_.resize(unlinked_.size() - 1);  // shrinking cannot fail
    }
    take(left, 1 + (next_row_ - first) / marked_as_one);
    if (has_memory && next_row_ < row_count_) return outcome::worked;
    next_list_ = 0;
    next_unlisted_ = 0;
    enter(unlinked_.empty() ? phase::none : phase::unlisting);
    return unlinked_.empty() ? outcome::stuck : outcome::worked;
  }
  [[nodiscard]] outcome unlist(const ivf_places& at, std::size_t& left) noexcept {
    // A first training takes long, and lists rows that were marked meanwhile.
    if (!at.training_lock.try_lock()) return outcome::waits;
    ivf_parts* const parts = at.trained.load_acquire();
    if (parts == nullptr) forget(at.rows, at.unlisted, left);
    const bool are_forgotten = parts == nullptr && next_unlisted_ >= at.unlisted.size();
    at.training_lock.unlock();
    if (parts != nullptr) return rewrite(at, parts->lists, left);
    if (are_forgotten) leave_lists(at.epochs);
    return outcome::worked;
  }
  void forget(const row_store& rows, buffer<std::uint32_t>& unlisted, std::size_t& left) noexcept {
    std::size_t looked_at = 0;
    for (; next_unlisted_ < unlisted.size() && looked_at < left; ++looked_at) {
      if (rows.state(unlisted[next_unlisted_]) != row_state::unlinked) {
        ++next_unlisted_;
        continue;
      }
      unlisted[next_unlisted_] = unlisted[unlisted.size() - 1];
      (void)unlisted.resize(unlisted.size() - 1);
    }
    take(left, 1 + looked_at);
  }
  [[nodiscard]] outcome rewrite(const ivf_places& at, inverted_lists& lists, std::size_t& left) noexcept {
    if (!at.lists_lock.try_lock()) return outcome::waits;
    outcome ended = outcome::worked;
    while (next_list_ < lists.list_count() && left != 0 && ended == outcome::worked) {
      const std::size_t row_count = lists.version(next_list_).row_count;
      const auto rewritten = lists.rewrite(next_list_, at.epochs, [&](std::uint32_t row) noexcept {
        return row < at.rows.row_count() && at.rows.state(row) != row_state::unlinked;
      });
      // Without memory for it the rows stay where they are, and so do their slots.
      if (!rewritten.ok()) ended = outcome::stuck;
      if (rewritten.ok()) ++next_list_;
      take(left, 1 + row_count);
    }
    const bool are_done = next_list_ >= lists.list_count();  // which a training in between may have made fewer
    at.lists_lock.unlock();
    if (are_done) leave_lists(at.epochs);
    return ended;
  }
  void leave_lists(reader_epochs& epochs) noexcept {
    unlinked_at_ = epochs.now();
    enter(phase::freeing);
  }
  [[nodiscard]] outcome free(const ivf_places& at, std::size_t& left) noexcept {
    if (!at.epochs.have_left(unlinked_at_)) return outcome::waits;
    const std::size_t most = left > unlinked_.size() ? unlinked_.size() : left * marked_as_one;
    const std::size_t count = unlinked_.size() < most ? unlinked_.size() : most;
    const std::size_t kept = unlinked_.size() - count;
    if (!at.rows.free({unlinked_.data() + kept, count}).ok()) return outcome::stuck;
    (void)unlinked_.resize(kept);
    take(left, 1 + count / marked_as_one);
    if (kept == 0) enter(phase::none);
    return outcome::worked;
  }

  mutex lock_;
  phase phase_ = phase::none;
  atomic<bool> is_under_way_{false};
  std::uint32_t next_row_ = 0;        ///< to look at for being removed
  std::uint32_t row_count_ = 0;       ///< when the round began
  std::uint32_t next_list_ = 0;
  std::size_t next_unlisted_ = 0;
  buffer<std::uint32_t> unlinked_;    ///< marked, and not free yet
  std::uint64_t unlinked_at_ = 0;     ///< the epoch in which they were out of all lists
  std::uint32_t owner_ = current_process();
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_IVF_TIDYING_HPP

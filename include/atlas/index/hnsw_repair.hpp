// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/hnsw_repair.hpp -- removed rows leave the graph, and their slots serve again.
//
// Room:      the sweep that takes removed rows out of every list, joins what they joined, and frees their slots.
// Not here:  marking a row as removed (index/row_store.hpp), the choice of neighbours (index/hnsw_build.hpp).
// Depends:   core, index/{hnsw_build,hnsw_graph,row_store}.hpp.
// Threads:   any thread may take a step; one sweeps at a time and the others go on. Readers are never waited for, but by
//            finish. Must not be called inside a reader_epochs::reader.
// Source:    Singh et al., "FreshDiskANN: A Fast and Accurate Graph-Based ANN Index for Streaming Similarity Search"
//            (arXiv:2105.09613), algorithm 4; here in small steps, each paid by a removal, and beside searches.
#ifndef ATLAS_INDEX_HNSW_REPAIR_HPP
#define ATLAS_INDEX_HNSW_REPAIR_HPP

#include <atlas/core/clock.hpp>          // monotonic_ns
#include <atlas/core/reader_epochs.hpp>  // reader_epochs
#include <atlas/core/thread.hpp>         // yield_thread
#include <atlas/index/hnsw_build.hpp>    // hnsw_insertion

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// One sweep: removed rows are marked as unlinked, from when on no new link leads to them. When every change that may have
/// chosen one before has ended, all lists are looked through; a list that leads to an unlinked row gets the best of
/// what is left and of what that row led to. When every search that may still hold one has ended, the slots are free.
class hnsw_repair {
 public:
  struct context {
    row_store& rows;
    hnsw_graph& graph;
    reader_epochs& epochs;
    hnsw_insertion& linking;  ///< its scratch is this thread's
    search_scratch& scratch;
  };

  /// Rows looked through for each row removed: a sweep then ends before another 32nd of the rows is removed.
  static constexpr std::size_t rows_a_removal = 32;

  /// Whether enough rows are removed for a sweep, or one is under way.
  [[nodiscard]] bool is_due(const row_store& rows) const noexcept {
    constexpr std::size_t fewest = 32;
    const std::size_t share = rows.live_count() / 16;
    return is_under_way_.load_acquire() || rows.removed_count() >= (share > fewest ? share : fewest);
  }
  /// Goes on for `most_rows` rows, unless another thread is at it.
  void step(const context& in, std::size_t most_rows) noexcept {
    if (!lock_.try_lock()) return;
    advance(in, most_rows);
    lock_.unlock();
  }
  /// Sweeps until no row is removed. @pre no change is under way
  /// @return  false if that cannot be: memory ran out, or readers were cut off by a fork()
  [[nodiscard]] bool finish(const context& in) noexcept {
    if (current_process() != owner_) return false;  // before the lock, which the fork() may have cut off
    lock_guard<mutex> sweeping(lock_);
    std::uint64_t waiting_since = monotonic_ns();
    while (in.rows.removed_count() != 0 || phase_ != phase::idle) {
      const phase before = phase_;
      const std::size_t freed_before = freed_;
      advance(in, max_rows);
      if (phase_ == phase::idle && before == phase::idle && freed_ == freed_before) return in.rows.removed_count() == 0;
      const std::uint64_t now = monotonic_ns();
      if (phase_ != before) waiting_since = now;
      if (now - waiting_since > longest_wait_ns) return false;
      yield_thread();
    }
    return true;
  }

 private:
  enum class phase : std::uint8_t {
    idle,
    marked,    ///< changes that may have chosen an unlinked row are ending
    sweeping,  ///< rows before cursor_ lead to no unlinked row
    rejoining, ///< unlinked rows before cursor_ left no neighbour without a link to it
    unlinked,  ///< searches that may hold an unlinked row are ending
  };
  /// How long finish waits for searches to end: they take milliseconds, but for ranges that hold most of a large index.
  static constexpr std::uint64_t longest_wait_ns = 60'000'000'000;

  void advance(const context& in, std::size_t most_rows) noexcept {
    if (phase_ == phase::idle && !begin(in)) return;
    if (phase_ == phase::marked) {
      if (!in.epochs.have_left(since_)) return;
      phase_ = phase::sweeping;
      cursor_ = 0;
      end_ = in.rows.row_count();  // later rows were linked when the mark was there
    }
    if (phase_ == phase::sweeping) {
      for (; cursor_ < end_ && most_rows != 0; ++cursor_, --most_rows) sweep(in, cursor_);
      if (cursor_ < end_) return;
      phase_ = phase::rejoining;
      cursor_ = 0;
    }
    if (phase_ == phase::rejoining) {
      for (; cursor_ < leaving_.size() && most_rows != 0; ++cursor_, --most_rows) rejoin(in, leaving_[cursor_]);
      if (cursor_ < leaving_.size()) return;
      {
        lock_guard<mutex> raising(in.graph.entry_lock());
        move_entry(in);
      }
      phase_ = phase::unlinked;
      since_ = in.epochs.now();
    }
    if (phase_ == phase::unlinked && in.epochs.have_left(since_)) {
      for (const std::uint32_t row : leaving_) in.graph.clear(row);
      if (!in.rows.free({leaving_.data(), leaving_.size()}).ok()) return;  // tried again at the next step
      freed_ += leaving_.size();
      leaving_.clear();
      phase_ = phase::idle;
      is_under_way_.store_release(false);
    }
  }

  /// Marks what is removed by now; false if nothing is.
  [[nodiscard]] bool begin(const context& in) noexcept {
    // Held until the entry is a row that stays: meanwhile none that was just added takes over.
    lock_guard<mutex> raising(in.graph.entry_lock());
    const std::uint32_t row_count = in.rows.row_count();
    for (std::uint32_t row = 0; row < row_count; ++row) {
      if (in.rows.state(row) != row_state::removed) continue;
      if (!leaving_.push_back(row).ok()) break;
      if (!in.rows.begin_unlink(row)) (void)leaving_.resize(leaving_.size() - 1);  // shrinking cannot fail
    }
    if (leaving_.empty()) return false;
    is_under_way_.store_release(true);
    move_entry(in);
    since_ = in.epochs.now();
    phase_ = phase::marked;
    return true;
  }
  /// An unlinked row is no place to start from: the row of the highest level takes over that is live, or is being added and
  /// leads on already. While there is none walks begin at the unlinked one, whose lists are whole until it is freed; before
  /// that there comes to be no entry at all. @pre the graph's entry_lock is held
  void move_entry(const context& in) const noexcept {
    const std::uint32_t row_count = in.rows.row_count();
    const entry_point now = in.graph.entry();
    if (now.row >= row_count || in.rows.state(now.row) != row_state::unlinked) return;
    entry_point best;
    for (std::uint32_t row = 0; row < row_count; ++row) {
      const row_state state = in.rows.state(row);
      if (state != row_state::live && (state != row_state::pending || in.graph.links(row, 0).size() == 0)) continue;
      const std::uint32_t level = in.graph.level(row);
      if (best.row == row_store::no_row || level > best.level) best = {row, level};
    }
    if (best.row != row_store::no_row || phase_ == phase::rejoining) in.graph.set_entry(best);
  }

  [[nodiscard]] static bool is_leaving(const context& in, std::uint32_t row) noexcept {
    return in.rows.state(row) == row_state::unlinked;
  }
  /// Takes unlinked rows out of a row's lists.
  static void sweep(const context& in, std::uint32_t row) noexcept {
    const row_state state = in.rows.state(row);
    if (state == row_state::free || state == row_state::unlinked) return;
    const std::uint32_t top = in.graph.level(row) < hnsw_graph::most_levels ? in.graph.level(row) : hnsw_graph::most_levels;
    for (std::uint32_t level = 0; level <= top; ++level) {
      const link_list list = in.graph.links(row, level);
      bool leads_to_leaving = false;
      for (std::uint32_t i = 0; i < list.capacity && !leads_to_leaving; ++i) {
        const std::uint32_t id = load_acquire(list.ids + i);
        if (id == row_store::no_row) break;
        leads_to_leaving = id < in.rows.row_count() && is_leaving(in, id);
      }
      if (leads_to_leaving) in.linking.relink(row, level);
    }
  }
  /// Sees to it that what an unlinked row led to is still led to from a neighbour of its own.
  static void rejoin(const context& in, std::uint32_t leaving) noexcept {
    const std::uint32_t row_count = in.rows.row_count();
    const link_list led_to = in.graph.links(leaving, 0);
    for (std::uint32_t i = 0; i < led_to.capacity; ++i) {
      const std::uint32_t row = load_acquire(led_to.ids + i);
      if (row == row_store::no_row) break;
      if (row >= row_count) continue;
      const row_state state = in.rows.state(row);
      if (state == row_state::live || state == row_state::pending) in.linking.ensure_led_to(row);
    }
  }

  mutex lock_;
  atomic<bool> is_under_way_{false};
  phase phase_ = phase::idle;
  std::uint64_t since_ = 0;  ///< the epoch in which the present phase began to wait
  std::uint32_t cursor_ = 0;
  std::uint32_t end_ = 0;
  std::size_t freed_ = 0;
  buffer<std::uint32_t> leaving_;  ///< the unlinked rows of this sweep
  std::uint32_t owner_ = current_process();
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_HNSW_REPAIR_HPP

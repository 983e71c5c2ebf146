// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/inverted_lists.hpp -- lists of rows in blocks of 32, read while they grow.
//
// Room:      the blocks of all lists, what a search sees of one, rows appended and taken out.
// Not here:  a block's bytes (quantize/list_block.hpp), blocks that are free (index/free_blocks.hpp), which list a row
//            belongs to (index/ivf_model.hpp).
// Depends:   core, index/{column,free_blocks}.hpp, quantize/list_block.hpp.
// Threads:   readers hold a reader epoch and lock nothing; changes are one thread's at a time.
#ifndef ATLAS_INDEX_INVERTED_LISTS_HPP
#define ATLAS_INDEX_INVERTED_LISTS_HPP

#include <atlas/core/memory.hpp>            // buffer
#include <atlas/core/reader_epochs.hpp>     // reader_epochs
#include <atlas/index/column.hpp>           // column
#include <atlas/index/free_blocks.hpp>      // free_blocks
#include <atlas/quantize/list_block.hpp>    // list_block_layout

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// A list as it was at one moment, which never changes: full blocks in runs, and a last one that is not full. A longer list
/// is another version; bytes that a version names are not written again until no reader holds it.
struct list_version {
  std::uint32_t first_block = 0;      ///< of the first run
  std::uint32_t first_capacity = 0;   ///< blocks of the first run
  std::uint32_t next_run = 0;         ///< 1 + the number of the next run; 0: none. 0 in a file
  std::uint32_t full_blocks = 0;
  std::uint32_t last_block = 0;       ///< holds row_count % 32 rows, if that is not 0
  std::uint32_t row_count = 0;
  std::uint32_t reserved[2] = {0, 0};
};
static_assert(sizeof(list_version) == 32);

/// Blocks that follow each other. Those of a list are filled one run after the other.
struct block_run {
  std::uint32_t first_block = 0;
  std::uint32_t capacity = 0;
  std::uint32_t next_run = 0;  ///< 1 + its number; 0: none
};

class inverted_lists {
 public:
  static constexpr std::uint64_t most_blocks = 0xFFFFFFFFU;

  /// Empty lists in memory.
  [[nodiscard]] status create(std::uint32_t list_count, const list_block_layout& layout, std::size_t reserve_rows) noexcept {
    auto versions = column::create(sizeof(list_version), list_count);
    if (!versions.ok()) return versions.error();
    if (status grown = versions->grow(list_count); !grown.ok()) return grown;
    auto blocks = column::create(layout.block_bytes, reserve_rows / list_block_rows + list_count);
    if (!blocks.ok()) return blocks.error();
    adopt(list_count, layout, static_cast<column&&>(*versions), static_cast<column&&>(*blocks), 0);
    return start_changes();
  }
  /// Takes over a file's lists, of which nothing is believed until it is used.
  /// @param versions  one a list
  void adopt(std::uint32_t list_count, const list_block_layout& layout, column&& versions, column&& blocks, std::uint32_t block_count) noexcept {
    list_count_ = list_count;
    layout_ = layout;
    versions_ = static_cast<column&&>(versions);
    blocks_ = static_cast<column&&>(blocks);
    file_blocks_ = block_count_ = block_count;
    version_count_ = list_count;
  }
  /// Makes lists that were taken over ready for changes. @pre the columns are owned
  /// @return  errc::corrupt_file as check_apart, no_memory
  [[nodiscard]] status start_changes() noexcept {
    if (status apart = check_apart(); !apart.ok()) return apart;
    auto current = column::create(sizeof(std::uint32_t), list_count_);
    if (!current.ok()) return current.error();
    if (status grown = current->grow(list_count_); !grown.ok()) return grown;
    auto runs = column::create(sizeof(block_run), 0);
    if (!runs.ok()) return runs.error();
    if (status made = tails_.resize_zeroed(list_count_); !made.ok()) return made;
    current_ = static_cast<column&&>(*current);
    runs_ = static_cast<column&&>(*runs);
    return {};
  }

  /// Whether the blocks of a file's lists follow each other, so that no work is done twice. Cost: a pass over the lists.
  /// @return  errc::corrupt_file naming the list
  [[nodiscard]] status check_apart() const noexcept {
    std::uint64_t free_from = 0;
    for (std::uint32_t list = 0; list < list_count_; ++list) {
      const list_version said = file_version(list);
      const bool has_last = said.row_count % list_block_rows != 0;
      if (said.full_blocks != 0) {
        if (said.first_block < free_from) return error{errc::corrupt_file, "list.first_block", free_from, said.first_block}.at_row(list);
        free_from = std::uint64_t{said.first_block} + said.full_blocks;
      }
      if (!has_last) continue;
      if (said.last_block < free_from) return error{errc::corrupt_file, "list.last_block", free_from, said.last_block}.at_row(list);
      free_from = std::uint64_t{said.last_block} + 1;
    }
    return {};
  }
  [[nodiscard]] bool may_change() const noexcept { return current_.data() != nullptr; }
  /// Of all lists: no search sees more, but for lists of a hostile file that share some.
  [[nodiscard]] std::uint32_t block_count() const noexcept { return load_relaxed(&block_count_); }

  [[nodiscard]] std::uint32_t list_count() const noexcept { return list_count_; }
  [[nodiscard]] const list_block_layout& layout() const noexcept { return layout_; }
  /// Bytes of versions, runs and blocks, those that wait to be used again too, and of what changes keep for each list.
  [[nodiscard]] std::uint64_t bytes() const noexcept {
    const std::uint64_t changing = may_change() ? std::uint64_t{list_count_} * (sizeof(list_tail) + sizeof(std::uint32_t)) : 0;
    return std::uint64_t{load_relaxed(&version_count_)} * sizeof(list_version) + std::uint64_t{load_relaxed(&run_count_)} * sizeof(block_run) +
           std::uint64_t{load_relaxed(&block_count_)} * layout_.block_bytes + changing;
  }

  // -- reading
  /// A list as it is now. @pre list < list_count(), and a reader epoch is held for as long as it is used
  [[nodiscard]] list_version version(std::uint32_t list) const noexcept {
    const std::uint32_t number = current_.data() == nullptr ? 0 : load_acquire(current_.as<const std::uint32_t>() + list);
    return number == 0 ? file_version(list) : versions_.as<const list_version>()[number];
  }
  /// Where a list begins, for prefetching.
  [[nodiscard]] const std::byte* first_bytes(std::uint32_t list) const noexcept {
    const list_version now = version(list);
    return blocks_.at(now.full_blocks != 0 ? now.first_block : now.last_block);
  }
  /// Calls visit(const std::byte* blocks, std::size_t block_count, std::size_t row_count) for each run of a list, in order.
  template <class Visit>
  void for_each_run(const list_version& list, Visit visit) const noexcept {
    std::uint32_t first = list.first_block;
    std::uint32_t capacity = list.first_capacity;
    std::uint32_t next = list.next_run;
    for (std::uint32_t left = list.full_blocks; left != 0;) {
      const std::uint32_t count = left < capacity ? left : capacity;
      if (count != 0) visit(blocks_.at(first), std::size_t{count}, std::size_t{count} * list_block_rows);
      left -= count;
      if (left == 0) break;
      const block_run& run = run_of(next);
      first = run.first_block;
      capacity = run.capacity;
      next = load_relaxed(&run.next_run);
    }
    if (const std::uint32_t rest = list.row_count % list_block_rows; rest != 0) visit(blocks_.at(list.last_block), std::size_t{1}, std::size_t{rest});
  }
  /// Calls visit(block, lane, row) for each row of a list.
  template <class Visit>
  void for_each_row(const list_version& list, Visit visit) const noexcept {
    for_each_run(list, [&](const std::byte* blocks, std::size_t, std::size_t row_count) noexcept {
      for (std::size_t i = 0; i < row_count; ++i) {
        const std::byte* const block = blocks + i / list_block_rows * layout_.block_bytes;
        visit(block, i % list_block_rows, list_block_layout::row(block, i % list_block_rows));
      }
    });
  }

  // -- changes
  /// Appends `count` rows to a list: fill(i, block, lane) writes row i. Searches see all of them or none.
  /// @return  errc::no_memory or limit_exceeded; then the list is as it was
  template <class Fill>
  [[nodiscard]] status append(std::uint32_t list, std::size_t count, reader_epochs& epochs, Fill fill) noexcept {
    if (count == 0) return {};
    const list_version before = version(list);
    if (count > max_rows - before.row_count) return error{errc::limit_exceeded, "rows of a list", max_rows, before.row_count + count};
    const std::size_t partial = before.row_count % list_block_rows;
    const std::size_t full = (partial + count) / list_block_rows;
    const std::size_t rest = (partial + count) % list_block_rows;
    full_block_writer to{*this, before, tails_[list]};
    if (status made = to.make_room(full); !made.ok()) return made;
    std::uint32_t last_block = 0;
    if (rest != 0) {
      const auto taken = take_blocks(1);
      if (!taken.ok()) return to.give_up(taken.error());
      last_block = *taken;
    }
    const auto place = take_version();
    if (!place.ok()) {
      if (rest != 0) free_.give(last_block, 1);
      return to.give_up(place.error());
    }
    std::size_t next = 0;
    for (std::size_t i = 0; i < full + (rest != 0 ? 1U : 0U); ++i) {
      std::byte* const block = blocks_.at(i < full ? to.next() : last_block);
      const std::size_t end = i < full ? list_block_rows : rest;
      std::size_t lane = 0;
      if (i == 0 && partial != 0) {
        std::memcpy(block, blocks_.at(before.last_block), layout_.block_bytes);
        lane = partial;
      } else {
        layout_.clear(block);
      }
      for (; lane < end; ++lane) fill(next++, block, lane);
    }
    to.after.last_block = last_block;
    to.after.row_count = before.row_count + static_cast<std::uint32_t>(count);
    tails_[list] = to.tail;
    publish(list, to.after, *place, epochs);
    if (partial != 0) retire(epochs, retired_what::blocks, before.last_block, 1);
    return {};
  }
  /// Writes a list anew without the rows for which keep(row) is false, once asked for each row.
  /// @return  how many were left out; errc::no_memory or limit_exceeded, then the list is as it was
  template <class Keep>
  [[nodiscard]] result<std::size_t> rewrite(std::uint32_t list, reader_epochs& epochs, Keep keep) noexcept {
    const list_version before = version(list);
    if (status made = kept_.resize(before.row_count); !made.ok()) return made.error();
    std::size_t kept = 0;
    std::size_t seen = 0;
    for_each_row(before, [&](const std::byte*, std::size_t, std::uint32_t row) noexcept {
      const bool is_kept = keep(row);
      kept_[seen++] = is_kept;
      kept += is_kept ? 1U : 0U;
    });
    if (kept == before.row_count) return std::size_t{0};
    list_version after;
    after.full_blocks = after.first_capacity = static_cast<std::uint32_t>(kept / list_block_rows);
    after.row_count = static_cast<std::uint32_t>(kept);
    const std::uint32_t blocks = after.full_blocks + (kept % list_block_rows != 0 ? 1U : 0U);
    if (blocks != 0) {
      const auto first = take_blocks(blocks);
      if (!first.ok()) return first.error();
      after.first_block = *first;
      after.last_block = *first + after.full_blocks;
    }
    const auto place = take_version();
    if (!place.ok()) {
      if (blocks != 0) free_.give(after.first_block, blocks);
      return place.error();
    }
    std::size_t written = 0;
    seen = 0;
    for_each_row(before, [&](const std::byte* from, std::size_t lane, std::uint32_t row) noexcept {
      if (!kept_[seen++]) return;
      std::byte* const block = blocks_.at(after.first_block + written / list_block_rows);
      if (written % list_block_rows == 0) layout_.clear(block);
      layout_.copy(from, lane, block, written++ % list_block_rows, row);
    });
    tails_[list] = {0, after.full_blocks};
    publish(list, after, *place, epochs);
    retire(before, epochs);
    return before.row_count - kept;
  }

 private:
  /// Where the next full block of a list goes.
  struct list_tail {
    std::uint32_t run = 0;   ///< 1 + the number of the last run; 0: the first
    std::uint32_t used = 0;  ///< blocks of that run
  };
  enum class retired_what : std::uint32_t { blocks, version, run };
  struct retired {
    std::uint64_t epoch;
    retired_what what;
    std::uint32_t first;  ///< block, or the number of a version or run
    std::uint32_t count;  ///< of blocks
  };
  /// Where the full blocks of one append go. Nothing is changed for readers or later appends until the list is published.
  struct full_block_writer {
    inverted_lists& lists;
    list_version after;
    list_tail tail;
    std::uint32_t new_first = 0;
    std::uint32_t new_capacity = 0;  ///< of a run for what does not fit into the last one
    std::uint32_t new_run = 0;       ///< its number, unless it is the list's first

    full_block_writer(inverted_lists& of, const list_version& before, const list_tail& end) noexcept : lists(of), after(before), tail(end) {
      if (tail.run == 0) tail.used = before.full_blocks;
    }
    [[nodiscard]] std::uint32_t capacity() const noexcept { return tail.run == 0 ? after.first_capacity : lists.run_of(tail.run).capacity; }
    [[nodiscard]] status make_room(std::size_t full) noexcept {
      const std::size_t left = capacity() - tail.used;
      if (full <= left) return {};
      // A quarter more than there are: appending a row costs the same however long the list is, and at most as much is empty.
      std::size_t wanted = after.full_blocks / 4;
      if (wanted < full - left) wanted = full - left;
      const auto first = lists.take_blocks(wanted);
      if (!first.ok()) return first.error();
      if (after.first_capacity != 0) {
        const auto run = lists.take_run();
        if (!run.ok()) {
          lists.free_.give(*first, static_cast<std::uint32_t>(wanted));
          return run.error();
        }
        new_run = *run;
      }
      new_first = *first;
      new_capacity = static_cast<std::uint32_t>(wanted);
      return {};
    }
    [[nodiscard]] status give_up(const error& why) noexcept {
      if (new_capacity != 0) lists.free_.give(new_first, new_capacity);
      if (new_run != 0) (void)lists.free_runs_.push_back(new_run);
      return why;
    }
    /// @pre make_room made it
    [[nodiscard]] std::uint32_t next() noexcept {
      if (tail.used == capacity()) enter_new_run();
      ++after.full_blocks;
      return (tail.run == 0 ? after.first_block : lists.run_of(tail.run).first_block) + tail.used++;
    }
    void enter_new_run() noexcept {
      if (after.first_capacity == 0) {
        after.first_block = new_first;
        after.first_capacity = new_capacity;
        tail = {};
        return;
      }
      lists.runs_.as<block_run>()[new_run - 1] = {new_first, new_capacity, 0};
      // Readers of older versions have no blocks left when they would come to it.
      if (tail.run == 0) {
        after.next_run = new_run;
      } else {
        store_relaxed(&lists.runs_.as<block_run>()[tail.run - 1].next_run, new_run);
      }
      tail = {new_run, 0};
    }
  };

  [[nodiscard]] const block_run& run_of(std::uint32_t number) const noexcept { return runs_.as<const block_run>()[number - 1]; }
  /// The version of a list in its file, or an empty one, as far as it can be true.
  [[nodiscard]] list_version file_version(std::uint32_t list) const noexcept {
    list_version said = versions_.as<const list_version>()[list];
    const bool are_there = std::uint64_t{said.first_block} + said.full_blocks <= file_blocks_ && said.full_blocks <= max_rows / list_block_rows;
    if (!are_there) said.first_block = said.full_blocks = 0;
    const std::uint32_t rest = said.last_block < file_blocks_ ? said.row_count % list_block_rows : 0;
    said.row_count = said.full_blocks * static_cast<std::uint32_t>(list_block_rows) + rest;
    said.first_capacity = said.full_blocks;
    said.next_run = 0;
    return said;
  }
  void publish(std::uint32_t list, const list_version& after, std::uint32_t place, reader_epochs& epochs) noexcept {
    versions_.as<list_version>()[place] = after;
    std::uint32_t* const current = current_.as<std::uint32_t>() + list;
    const std::uint32_t before = load_relaxed(current);
    (void)compare_exchange(current, before, place);  // ordered before the epoch in which what was before is retired
    if (before != 0) retire(epochs, retired_what::version, before, 0);
    reclaim(epochs);
  }

  // -- blocks, versions and runs that are free
  [[nodiscard]] result<std::uint32_t> take_blocks(std::size_t count) noexcept {
    if (const std::uint32_t first = free_.take(count, block_count_); first != free_blocks::none) return first;
    const std::uint64_t end = std::uint64_t{block_count_} + count;
    if (end > most_blocks) return error{errc::limit_exceeded, "blocks of lists", most_blocks, end};
    if (status grown = blocks_.grow(static_cast<std::size_t>(end)); !grown.ok()) return grown.error();
    const std::uint32_t first = block_count_;
    store_relaxed(&block_count_, static_cast<std::uint32_t>(end));
    return first;
  }
  [[nodiscard]] result<std::uint32_t> take_version() noexcept {
    if (!free_versions_.empty()) {
      const std::uint32_t place = free_versions_[free_versions_.size() - 1];
      (void)free_versions_.resize(free_versions_.size() - 1);
      return place;
    }
    if (status grown = versions_.grow(std::size_t{version_count_} + 1); !grown.ok()) return grown.error();
    const std::uint32_t place = version_count_;
    store_relaxed(&version_count_, place + 1);
    return place;
  }
  /// The number of a run. @pre what takes it is sure to write or give it back
  [[nodiscard]] result<std::uint32_t> take_run() noexcept {
    if (!free_runs_.empty()) {
      const std::uint32_t run = free_runs_[free_runs_.size() - 1];
      (void)free_runs_.resize(free_runs_.size() - 1);
      return run;
    }
    if (status grown = runs_.grow(std::size_t{run_count_} + 1); !grown.ok()) return grown.error();
    store_relaxed(&run_count_, run_count_ + 1);
    return run_count_;
  }
  // Where there is no memory for a note, what is free or retired is lost until the index is saved.
  void retire(reader_epochs& epochs, retired_what what, std::uint32_t first, std::uint32_t count) noexcept {
    (void)retired_.push_back({epochs.now(), what, first, count});
  }
  void retire(const list_version& version, reader_epochs& epochs) noexcept {
    if (version.first_capacity != 0) retire(epochs, retired_what::blocks, version.first_block, version.first_capacity);
    for (std::uint32_t run = version.next_run; run != 0; run = run_of(run).next_run) {
      retire(epochs, retired_what::blocks, run_of(run).first_block, run_of(run).capacity);
      retire(epochs, retired_what::run, run, 0);
    }
    if (version.row_count % list_block_rows != 0) retire(epochs, retired_what::blocks, version.last_block, 1);
  }
  void reclaim(reader_epochs& epochs) noexcept {
    constexpr std::size_t at_once = 64;  // asking the epochs costs as much as some appends
    if (retired_.size() - retired_seen_ < at_once || !epochs.have_left(retired_[retired_seen_].epoch)) return;
    const std::uint64_t now = epochs.now();
    for (; retired_seen_ < retired_.size() && retired_[retired_seen_].epoch + 2 <= now; ++retired_seen_) {
      const retired& one = retired_[retired_seen_];
      switch (one.what) {
        case retired_what::blocks: free_.give(one.first, one.count); break;
        case retired_what::version: (void)free_versions_.push_back(one.first); break;
        case retired_what::run: (void)free_runs_.push_back(one.first); break;
      }
    }
    if (retired_seen_ < retired_.size() / 2) return;
    const std::size_t left = retired_.size() - retired_seen_;
    if (left != 0) std::memmove(retired_.data(), retired_.data() + retired_seen_, left * sizeof(retired));
    (void)retired_.resize(left);
    retired_seen_ = 0;
  }

  std::uint32_t list_count_ = 0;
  list_block_layout layout_;
  column versions_;        ///< the first of each list, then those that changes made
  column blocks_;
  column current_;         ///< of each list the number of its version, 0 for its first; no memory if nothing may change
  column runs_;
  std::uint32_t run_count_ = 0;
  std::uint32_t version_count_ = 0;
  std::uint32_t block_count_ = 0;
  std::uint32_t file_blocks_ = 0;
  buffer<list_tail> tails_;
  buffer<bool> kept_;               ///< of a list that is written anew
  buffer<retired> retired_;         ///< the oldest first
  std::size_t retired_seen_ = 0;    ///< of those, how many are free by now
  free_blocks free_;
  buffer<std::uint32_t> free_versions_;
  buffer<std::uint32_t> free_runs_;
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_INVERTED_LISTS_HPP

// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/hnsw_graph.hpp -- the links between rows, level by level, in memory or mapped.
//
// Room:      the layout of nodes and links, and reading and writing one list. No walk, no choice of links.
// Not here:  walks (index/hnsw_search.hpp), insertion (index/hnsw_build.hpp), files (index/hnsw_engine.hpp).
// Depends:   core, index/{row_store,sections}.hpp.
// Threads:   a list is read without a lock while one writer, who holds the row's lock, changes it: each id is
//            one atomic word, stored with release after what it names, so a reader sees whole rows only. It may
//            see an id twice or miss one while a list is rewritten; neither harms a walk.
#ifndef ATLAS_INDEX_HNSW_GRAPH_HPP
#define ATLAS_INDEX_HNSW_GRAPH_HPP

#include <atlas/core/atomic.hpp>      // load_acquire, store_release
#include <atlas/core/mutex.hpp>       // mutex
#include <atlas/index/row_store.hpp>  // column
#include <atlas/index/sections.hpp>   // index_parameters

namespace atlas { inline namespace ATLAS_ABI {

/// One level's links of one row: `capacity` ids, ended early by no_row.
struct link_list {
  std::uint32_t* ids = nullptr;
  std::uint32_t capacity = 0;

  /// Ids below `row_count` into out[capacity]; gives their number. Anything else in a hostile file is left out.
  std::size_t read(std::uint32_t row_count, std::uint32_t* out) const noexcept {
    std::size_t count = 0;
    for (std::uint32_t i = 0; i < capacity; ++i) {
      const std::uint32_t id = load_acquire(ids + i);
      if (id == row_store::no_row) break;
      if (id < row_count) out[count++] = id;
    }
    return count;
  }
  /// Ids in the list. For the writer, who holds the row's lock.
  [[nodiscard]] std::uint32_t size() const noexcept {
    std::uint32_t count = 0;
    while (count < capacity && load_relaxed(ids + count) != row_store::no_row) ++count;
    return count;
  }
  /// Replaces the whole list. For the writer.
  void write(const std::uint32_t* from, std::uint32_t count) const noexcept {
    for (std::uint32_t i = 0; i < count; ++i) store_release(ids + i, from[i]);
    for (std::uint32_t i = count; i < capacity; ++i) store_release(ids + i, row_store::no_row);
  }
};

/// Where every search starts.
struct entry_point {
  std::uint32_t row = row_store::no_row;
  std::uint32_t level = 0;
};

class hnsw_graph {
 public:
  /// Levels above this are not drawn: at connectivity 2 it takes 2^32 rows to reach 32.
  static constexpr std::uint32_t most_levels = 32;

  hnsw_graph() noexcept = default;

  [[nodiscard]] status create(std::uint32_t connectivity, std::size_t reserve_rows) noexcept {
    connectivity_ = connectivity;
    auto base = column::create(base_capacity() * sizeof(std::uint32_t), reserve_rows);
    if (!base.ok()) return base.error();
    auto levels = column::create(1, reserve_rows);
    if (!levels.ok()) return levels.error();
    auto blocks = column::create(sizeof(std::uint32_t), reserve_rows);
    if (!blocks.ok()) return blocks.error();
    auto upper = column::create(connectivity * sizeof(std::uint32_t), reserve_rows / 2);
    if (!upper.ok()) return upper.error();
    base_ = static_cast<column&&>(*base);
    levels_ = static_cast<column&&>(*levels);
    blocks_ = static_cast<column&&>(*blocks);
    upper_ = static_cast<column&&>(*upper);
    return make_room(reserve_rows, 0);
  }
  /// Takes over columns that a file holds. Nothing in them is believed until it is used.
  void adopt(std::uint32_t connectivity, column&& base, column&& levels, column&& blocks, column&& upper,
             std::uint32_t upper_block_count, entry_point entry) noexcept {
    connectivity_ = connectivity;
    base_ = static_cast<column&&>(base);
    levels_ = static_cast<column&&>(levels);
    blocks_ = static_cast<column&&>(blocks);
    upper_ = static_cast<column&&>(upper);
    upper_block_count_.store_release(upper_block_count);
    set_entry(entry);
  }

  [[nodiscard]] std::uint32_t connectivity() const noexcept { return connectivity_; }
  [[nodiscard]] std::uint32_t base_capacity() const noexcept { return 2 * connectivity_; }
  [[nodiscard]] std::uint32_t upper_block_count() const noexcept { return upper_block_count_.load_acquire(); }
  [[nodiscard]] const column& base_column() const noexcept { return base_; }
  [[nodiscard]] const column& level_column() const noexcept { return levels_; }
  [[nodiscard]] const column& block_column() const noexcept { return blocks_; }
  [[nodiscard]] const column& upper_column() const noexcept { return upper_; }

  [[nodiscard]] entry_point entry() const noexcept {
    const std::uint64_t packed = entry_.load_acquire();
    return {static_cast<std::uint32_t>(packed), static_cast<std::uint32_t>(packed >> 32)};
  }
  void set_entry(entry_point entry) noexcept { entry_.store_release(std::uint64_t{entry.level} << 32 | entry.row); }

  [[nodiscard]] std::uint32_t level(std::uint32_t row) const noexcept {
    return load_acquire(levels_.as<const std::uint8_t>() + row);
  }
  /// The links of a row on a level, or an empty list where a hostile file names a block that is not there.
  [[nodiscard]] link_list links(std::uint32_t row, std::uint32_t level) const noexcept {
    if (level == 0) return {base_.as<std::uint32_t>() + std::size_t{row} * base_capacity(), base_capacity()};
    const std::uint32_t first = load_acquire(blocks_.as<const std::uint32_t>() + row);
    if (level > this->level(row) || first >= upper_block_count() || level - 1 >= upper_block_count() - first) return {};
    return {upper_.as<std::uint32_t>() + (std::size_t{first} + level - 1) * connectivity_, connectivity_};
  }
  /// Empties the lists of a row to which nothing leads and which no reader holds.
  void clear(std::uint32_t row) noexcept {
    for (std::uint32_t at = 0; at <= level(row) && at <= most_levels; ++at) links(row, at).write(nullptr, 0);
  }
  /// Asks for a row's lowest links to be loaded soon.
  void prefetch(std::uint32_t row) const noexcept {
    const std::byte* at = base_.at(row);
    for (std::size_t line = 0; line < base_.element_bytes(); line += cache_line) __builtin_prefetch(at + line);
  }

  /// Room for `rows` rows in all, and for so many lists above level 0 besides those that there are. Names none of them.
  /// This and place: one caller at a time, which the row store sees to.
  [[nodiscard]] status make_room(std::size_t rows, std::size_t further_lists) noexcept {
    const std::size_t lists = upper_block_count() + further_lists;
    if (lists > max_rows) return error{errc::limit_exceeded, "upper-level blocks", max_rows, lists};
    if (status grown = base_.grow(rows); !grown.ok()) return grown;
    if (status grown = levels_.grow(rows); !grown.ok()) return grown;
    if (status grown = blocks_.grow(rows); !grown.ok()) return grown;
    return upper_.grow(lists);
  }
  /// Gives a row that is not there yet empty lists on levels 0 to `level`. @pre make_room made room for them
  void place(std::uint32_t row, std::uint8_t level) noexcept {
    const std::uint32_t first = upper_block_count();
    std::memset(base_.at(row), 0xFF, base_.element_bytes());
    std::memset(upper_.at(first), 0xFF, level * upper_.element_bytes());
    store_release(blocks_.as<std::uint32_t>() + row, level == 0 ? row_store::no_row : first);
    store_release(levels_.as<std::uint8_t>() + row, level);
    upper_block_count_.store_release(first + level);
  }
  /// Held while a row's lists are changed. Rows share locks: never hold two.
  [[nodiscard]] mutex& lock_of(std::uint32_t row) noexcept { return locks_[row % lock_count]; }
  /// Held while the entry point is raised.
  [[nodiscard]] mutex& entry_lock() noexcept { return entry_lock_; }

  [[nodiscard]] std::uint64_t bytes(std::uint32_t row_count) const noexcept {
    return std::uint64_t{row_count} * (base_.element_bytes() + 1 + sizeof(std::uint32_t)) +
           std::uint64_t{upper_block_count()} * upper_.element_bytes();
  }

 private:
  static constexpr std::size_t lock_count = 4096;

  std::uint32_t connectivity_ = 0;
  column base_;
  column levels_;
  column blocks_;
  column upper_;
  atomic<std::uint32_t> upper_block_count_{0};
  atomic<std::uint64_t> entry_{std::uint64_t{row_store::no_row}};
  mutex entry_lock_;
  mutex locks_[lock_count];
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_INDEX_HNSW_GRAPH_HPP

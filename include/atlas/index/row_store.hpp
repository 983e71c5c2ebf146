// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/row_store.hpp -- the rows of an index: vectors, keys, states, and the key map.
//
// Room:      what flat and hnsw share: checked batches, look-up by key, removal, memory that never moves.
// Not here:  how rows are found by distance (index/exact_search.hpp, index/hnsw_search.hpp), nor how they
//            get into a file (index/index_file.hpp).
// Depends:   core, storage/region.hpp, index/{key_map,row_distance,sections}.hpp.
// Threads:   appends, removals and look-ups by key lock the key map. Readers by row number lock nothing: a
//            row's bytes are written before its number is published and never change after.
#ifndef ATLAS_INDEX_ROW_STORE_HPP
#define ATLAS_INDEX_ROW_STORE_HPP

#include <atlas/core/atomic.hpp>          // atomic, load_acquire
#include <atlas/core/function_ref.hpp>    // function_ref
#include <atlas/core/mutex.hpp>           // shared_mutex
#include <atlas/core/span.hpp>            // span
#include <atlas/core/thread.hpp>          // current_process
#include <atlas/distance/matrix_view.hpp> // matrix_view
#include <atlas/index/input_checks.hpp>   // check_matrix
#include <atlas/index/key_map.hpp>        // key_map
#include <atlas/index/row_distance.hpp>   // row_layout
#include <atlas/index/sections.hpp>       // row_state
#include <atlas/storage/region.hpp>       // region

namespace atlas { inline namespace ATLAS_ABI {

/// A column of fixed-size elements whose base never moves: an address range of its own, or a mapped section.
class column {
 public:
  column() noexcept = default;
  /// Borrowed for reading: `data` is a mapped section.
  column(const std::byte* data, std::size_t element_bytes) noexcept
      : base_(const_cast<std::byte*>(data)), element_bytes_(element_bytes) {}
  /// Owned: `space` grows as rows come.
  column(region&& space, std::size_t element_bytes) noexcept
      : space_(static_cast<region&&>(space)), base_(space_.data()), element_bytes_(element_bytes) {}

  /// An owned column: an address range for `reserve_rows` elements, or for as many as fit into
  /// `reserved_bytes` where that is more; fewer where the system refuses, but never below reserve_rows.
  [[nodiscard]] static result<column> create(std::size_t element_bytes, std::size_t reserve_rows) noexcept {
    constexpr std::size_t fewest_rows = 65'536;
    const std::uint64_t least = std::uint64_t{reserve_rows > fewest_rows ? reserve_rows : fewest_rows} * element_bytes;
    const std::uint64_t most = std::uint64_t{max_rows} * element_bytes;
    const std::uint64_t wanted = most < reserved_bytes ? most : reserved_bytes;
    auto space = region::reserve(wanted > least ? wanted : least, least);
    if (!space.ok()) return space.error();
    return column{static_cast<region&&>(*space), element_bytes};
  }
  /// An owned column whose first elements are a file's, copy-on-write. @pre offset as region::map_front asks
  [[nodiscard]] static result<column> create_over(const mapped_file& file, std::uint64_t offset, std::uint64_t length_bytes,
                                                  std::size_t element_bytes) noexcept {
    auto made = create(element_bytes, static_cast<std::size_t>(length_bytes / element_bytes));
    if (!made.ok()) return made;
    if (status mapped = made->space_.map_front(file, offset, length_bytes); !mapped.ok()) return mapped.error();
    return made;
  }
  /// Room for `rows` elements, new ones zero. @pre the column is owned
  [[nodiscard]] status grow(std::size_t rows) noexcept {
    const std::uint64_t bytes = static_cast<std::uint64_t>(rows) * element_bytes_;
    if (bytes <= space_.committed_bytes()) return {};
    const bool was_large = space_.committed_bytes() >= huge_pages_from;
    if (status grown = space_.grow(bytes); !grown.ok()) return grown;
    if (!was_large && space_.committed_bytes() >= huge_pages_from) space_.prefer_huge_pages();
    return {};
  }

  [[nodiscard]] std::byte* data() const noexcept { return base_; }
  [[nodiscard]] std::byte* at(std::size_t row) const noexcept { return base_ + row * element_bytes_; }
  template <class T>
  [[nodiscard]] T* as() const noexcept {
    return reinterpret_cast<T*>(base_);
  }
  [[nodiscard]] std::size_t element_bytes() const noexcept { return element_bytes_; }

 private:
  /// Columns from this size on ask for huge pages: a walk touches rows all over, and with 4 KiB pages each one costs a
  /// page walk. Below it, whole huge pages would be mostly air.
  static constexpr std::uint64_t huge_pages_from = std::uint64_t{8} << 20;
  /// Address space one column asks for: 89 million rows of 768 f32, and 400 columns in x86-64's 128 TiB.
  static constexpr std::uint64_t reserved_bytes = std::uint64_t{256} << 30;

  region space_;
  std::byte* base_ = nullptr;
  std::size_t element_bytes_ = 0;
};

/// The rows of one index. A row number is given once and never reused.
class row_store {
 public:
  static constexpr std::uint32_t no_row = key_map::no_row;

  row_store() noexcept = default;

  /// Empty rows in memory.
  [[nodiscard]] status create(std::size_t dimension, metric which, std::size_t reserve_rows) noexcept;
  /// Takes over columns that a file holds. Nothing in them is believed until it is used.
  void adopt(const row_layout& layout, column&& vectors, column&& keys, column&& states, key_map&& map,
             std::uint32_t row_count, std::size_t live_count) noexcept {
    layout_ = layout;
    vectors_ = static_cast<column&&>(vectors);
    keys_ = static_cast<column&&>(keys);
    states_ = static_cast<column&&>(states);
    map_ = static_cast<key_map&&>(map);
    row_count_.store_release(row_count);
    live_count_.store_release(live_count);
  }

  // -- shape
  [[nodiscard]] const row_layout& layout() const noexcept { return layout_; }
  [[nodiscard]] std::uint32_t row_count() const noexcept { return row_count_.load_acquire(); }
  [[nodiscard]] std::size_t live_count() const noexcept { return live_count_.load_acquire(); }
  [[nodiscard]] const std::byte* vectors() const noexcept { return vectors_.data(); }
  [[nodiscard]] const float* vector(std::uint32_t row) const noexcept { return layout_.row(vectors_.data(), row); }
  /// What makes a row's vector of unit length under cosine; 1 under other metrics.
  [[nodiscard]] float scale(std::uint32_t row) const noexcept {
    return layout_.metric == metric::cosine ? layout_.inverse_norm(vectors_.data(), row) : 1.0F;
  }
  [[nodiscard]] std::uint64_t key(std::uint32_t row) const noexcept { return keys_.as<const std::uint64_t>()[row]; }
  [[nodiscard]] const std::uint64_t* keys() const noexcept { return keys_.as<const std::uint64_t>(); }
  [[nodiscard]] row_state state(std::uint32_t row) const noexcept {
    return static_cast<row_state>(load_acquire(states_.as<const std::uint8_t>() + row));
  }
  [[nodiscard]] const key_map& map() const noexcept { return map_; }
  [[nodiscard]] const column& vector_column() const noexcept { return vectors_; }
  [[nodiscard]] const column& key_column() const noexcept { return keys_; }
  [[nodiscard]] const column& state_column() const noexcept { return states_; }

  // -- by key
  /// The live row of a key, or no_row.
  /// In the child of a fork() that another thread's change was cut off by, it looks at every row instead of the map.
  [[nodiscard]] std::uint32_t find(std::uint64_t key) const noexcept {
    if (!lock_.try_lock_shared()) {
      if (current_process() != owner_) return scan(key);
      lock_.lock_shared();
    }
    const std::uint32_t row = map_.find(key, keys(), row_count());
    lock_.unlock_shared();
    return row != no_row && state(row) == row_state::live ? row : no_row;
  }
  /// Calls `read`, which looks at row states without a lock, so that it sees each upsert whole: again, with upserts held
  /// back, if one was published meanwhile.
  template <class Read>
  [[nodiscard]] auto read_steadily(Read read) const noexcept {
    const std::uint64_t before = replacements_.load_acquire();
    auto seen = read();
    const bool is_torn = before % 2 != 0 || replacements_.load_ordered() != before;
    if (!is_torn || current_process() != owner_) return seen;
    const shared_lock_guard<shared_mutex> still(lock_);
    return read();
  }

  // -- changes
  enum class on_duplicate : std::uint8_t { refuse, replace };
  /// Rows [first, first + count), all pending: stored, but returned by no search and no look-up.
  struct appended {
    std::uint32_t first = 0;
    std::uint32_t count = 0;
    on_duplicate policy = on_duplicate::refuse;
  };

  /// Checks a whole batch, then stores it as pending rows. On error nothing has changed.
  /// @param keys      shape [n]; none reserved, none twice
  /// @param vectors   shape [n, dimension]
  /// @param also_grow called once the row numbers are known and before anything is stored, under the lock: makes
  ///                  room for [first, first + count) in what lies beside the rows
  /// @return         errc::invalid_argument, dimension_mismatch, not_finite, zero_vector, duplicate_key,
  ///                 limit_exceeded or no_memory; `row` says which of the batch
  [[nodiscard]] result<appended> append(span<const std::uint64_t> keys, const matrix_view& vectors, on_duplicate policy,
                                        function_ref<status(std::uint32_t first, std::uint32_t count)> also_grow = {}) noexcept;
  /// Makes the batch live at once, and what it replaces removed. Where an upsert of the same key overlapped
  /// an add, the upsert's row stays.
  void publish(const appended& batch) noexcept;
  /// Gives the batch up: its rows become removed, and nothing else has changed.
  void withdraw(const appended& batch) noexcept;
  /// errc::key_not_found if no live row has the key.
  [[nodiscard]] status remove(std::uint64_t key) noexcept;
  /// @param also_grow  as for append, with first 0 and the rows that there is now room for
  [[nodiscard]] status reserve(std::size_t rows, function_ref<status(std::uint32_t first, std::uint32_t count)> also_grow = {}) noexcept;

  [[nodiscard]] std::uint64_t vector_bytes() const noexcept { return std::uint64_t{row_count()} * layout_.stride_bytes; }
  [[nodiscard]] std::uint64_t key_bytes() const noexcept {
    return std::uint64_t{row_count()} * (sizeof(std::uint64_t) + 1) + map_.slot_count() * sizeof(std::uint32_t);
  }

 private:
  [[nodiscard]] std::uint32_t scan(std::uint64_t key) const noexcept {
    for (std::uint32_t row = row_count(); row-- > 0;) {
      if (this->key(row) == key && state(row) == row_state::live) return row;
    }
    return no_row;
  }
  void set_state(std::uint32_t row, row_state state) noexcept {
    store_release(states_.as<std::uint8_t>() + row, static_cast<std::uint8_t>(state));
  }
  [[nodiscard]] status grow(std::size_t rows) noexcept;

  row_layout layout_;
  column vectors_;
  column keys_;
  column states_;
  key_map map_;
  mutable shared_mutex lock_;           ///< of map_ and of handing out rows
  atomic<std::uint32_t> row_count_{0};
  atomic<std::size_t> live_count_{0};
  atomic<std::uint64_t> replacements_{0};  ///< odd while an upsert is being published
  std::uint32_t owner_ = current_process();
};

inline status row_store::create(std::size_t dimension, metric which, std::size_t reserve_rows) noexcept {
  layout_ = row_layout(dimension, which);
  auto vectors = column::create(layout_.stride_bytes, reserve_rows);
  if (!vectors.ok()) return vectors.error();
  auto keys = column::create(sizeof(std::uint64_t), reserve_rows);
  if (!keys.ok()) return keys.error();
  auto states = column::create(1, reserve_rows);
  if (!states.ok()) return states.error();
  vectors_ = static_cast<column&&>(*vectors);
  keys_ = static_cast<column&&>(*keys);
  states_ = static_cast<column&&>(*states);
  return reserve(reserve_rows);
}

inline status row_store::grow(std::size_t rows) noexcept {
  if (rows > max_rows) return error{errc::limit_exceeded, "rows", max_rows, rows};
  if (status grown = vectors_.grow(rows); !grown.ok()) return grown;
  if (status grown = keys_.grow(rows); !grown.ok()) return grown;
  if (status grown = states_.grow(rows); !grown.ok()) return grown;
  return map_.reserve(rows, keys(), row_count());
}

inline status row_store::reserve(std::size_t rows, function_ref<status(std::uint32_t, std::uint32_t)> also_grow) noexcept {
  lock_guard<shared_mutex> changing(lock_);
  const std::size_t room = rows > row_count() ? rows : row_count();
  if (status grown = grow(room); !grown.ok() || !also_grow) return grown;
  return also_grow(0, static_cast<std::uint32_t>(room));
}

inline result<row_store::appended> row_store::append(span<const std::uint64_t> keys, const matrix_view& vectors,
                                                     on_duplicate policy,
                                                     function_ref<status(std::uint32_t, std::uint32_t)> also_grow) noexcept {
  if (keys.size() != vectors.rows) return error{errc::invalid_argument, "keys.size", vectors.rows, keys.size()};
  if (keys.empty()) return appended{};
  if (keys.data() == nullptr) return error{errc::invalid_argument, "keys", "a pointer", "null"};
  if (status shaped = detail::check_matrix(vectors, layout_.dimension, "vectors"); !shaped.ok()) return shaped.error();
  if (keys.size() > max_rows) return error{errc::limit_exceeded, "rows", max_rows, keys.size()};

  buffer<float> inverse_norms;
  if (status made = inverse_norms.resize(keys.size()); !made.ok()) return made.error();
  key_map batch_keys;
  if (status made = batch_keys.reserve(keys.size(), keys.data(), 0); !made.ok()) return made.error();
  for (std::uint32_t i = 0; i < keys.size(); ++i) {
    if (keys[i] == reserved_key) return error{errc::invalid_argument, "key", "below 2^64 - 1", "the reserved key"}.at_row(i);
    if (batch_keys.find(keys[i], keys.data(), i) != no_row) {
      return error{errc::duplicate_key, "key", "each key once in a batch", keys[i]}.at_row(i);
    }
    batch_keys.insert(keys[i], i);
    const auto inverse = detail::checked_inverse_norm(vectors.row(i), layout_.dimension, layout_.metric);
    if (!inverse.ok()) return inverse.error().at_row(i);
    inverse_norms[i] = *inverse;
  }

  lock_guard<shared_mutex> changing(lock_);
  const appended batch{row_count(), static_cast<std::uint32_t>(keys.size()), policy};
  if (keys.size() > max_rows - batch.first) return error{errc::limit_exceeded, "rows", max_rows, batch.first + keys.size()};
  if (policy == on_duplicate::refuse) {
    for (std::uint32_t i = 0; i < batch.count; ++i) {
      const std::uint32_t row = map_.find(keys[i], this->keys(), batch.first);
      if (row == no_row || state(row) == row_state::removed) continue;
      return error{errc::duplicate_key, "key", "a key that is not stored", keys[i]}.at_row(i);
    }
  }
  if (status grown = grow(batch.first + keys.size()); !grown.ok()) return grown.error();
  if (also_grow) {
    if (status grown = also_grow(batch.first, batch.count); !grown.ok()) return grown.error();
  }

  std::uint64_t* stored_keys = keys_.as<std::uint64_t>();
  for (std::uint32_t i = 0; i < batch.count; ++i) {
    const std::uint32_t row = batch.first + i;
    stored_keys[row] = keys[i];
    set_state(row, row_state::pending);
    std::byte* to = vectors_.at(row);
    std::memcpy(to, vectors.row(i), layout_.dimension * sizeof(float));
    if (layout_.metric == metric::cosine) {
      std::memcpy(to + layout_.dimension * sizeof(float), &inverse_norms[i], sizeof(float));
    }
    // An added key is claimed now, so that two adds of it cannot both succeed; an upserted one when it is published.
    if (policy == on_duplicate::refuse) map_.insert(keys[i], row);
  }
  row_count_.store_release(batch.first + batch.count);
  return batch;
}

inline void row_store::publish(const appended& batch) noexcept {
  lock_guard<shared_mutex> changing(lock_);
  if (batch.policy == on_duplicate::replace) replacements_.fetch_add(1);
  for (std::uint32_t row = batch.first; row < batch.first + batch.count; ++row) {
    const std::uint32_t holder = map_.find(key(row), keys(), row_count());
    if (batch.policy == on_duplicate::refuse) {
      set_state(row, holder == row ? row_state::live : row_state::removed);
      live_count_.fetch_add(holder == row ? 1 : 0);
      continue;
    }
    const bool replaces_live = holder != no_row && state(holder) == row_state::live;
    if (holder == no_row) {
      map_.insert(key(row), row);
    } else {
      map_.replace(key(row), holder, row);
    }
    if (replaces_live) set_state(holder, row_state::removed);
    set_state(row, row_state::live);
    live_count_.fetch_add(replaces_live ? 0 : 1);
  }
  if (batch.policy == on_duplicate::replace) replacements_.fetch_add(1);
}

inline void row_store::withdraw(const appended& batch) noexcept {
  lock_guard<shared_mutex> changing(lock_);
  for (std::uint32_t row = batch.first; row < batch.first + batch.count; ++row) {
    const bool claimed = batch.policy == on_duplicate::refuse && map_.find(key(row), keys(), row_count()) == row;
    if (claimed) map_.erase(key(row), row);
    set_state(row, row_state::removed);
  }
}

inline status row_store::remove(std::uint64_t key) noexcept {
  lock_guard<shared_mutex> changing(lock_);
  // Takes memory only for the first change of a mapped index: rows that are there need no further slots.
  if (status owned = map_.reserve(live_count(), keys(), row_count()); !owned.ok()) return owned;
  const std::uint32_t row = map_.find(key, keys(), row_count());
  if (row == no_row || state(row) != row_state::live) return error{errc::key_not_found, "key", "a stored key", key};
  map_.erase(key, row);
  set_state(row, row_state::removed);
  live_count_.fetch_sub(1);
  return {};
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_INDEX_ROW_STORE_HPP

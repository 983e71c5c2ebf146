// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/row_store.hpp -- the rows of an index: vectors, keys, states, and the key map.
//
// Room:      what flat and hnsw share: checked batches, look-up by key, removal, slots that are used again.
// Not here:  how rows are found by distance (index/exact_search.hpp, index/hnsw_search.hpp), when a removed row's slot
//            may be used again (index/hnsw_repair.hpp), nor how rows get into a file (index/index_file.hpp).
// Depends:   core, index/{cold_rows,column,key_map,row_distance,sections}.hpp.
// Threads:   appends wait for each other; appends, removals and look-ups by key lock the key map, but not while vectors are
//            copied. Readers by row number lock nothing: a row's bytes are written before its number is published and
//            do not change until it is freed, which waits for readers (core/reader_epochs.hpp).
#ifndef ATLAS_INDEX_ROW_STORE_HPP
#define ATLAS_INDEX_ROW_STORE_HPP

#include <atlas/core/atomic.hpp>          // atomic, load_acquire
#include <atlas/core/function_ref.hpp>    // function_ref
#include <atlas/core/futex.hpp>           // spin_pause
#include <atlas/core/mutex.hpp>           // shared_mutex
#include <atlas/core/span.hpp>            // span
#include <atlas/core/thread.hpp>          // current_process
#include <atlas/distance/matrix_view.hpp> // matrix_view
#include <atlas/index/cold_rows.hpp>      // cold_rows
#include <atlas/index/column.hpp>         // column
#include <atlas/index/input_checks.hpp>   // check_matrix
#include <atlas/index/key_map.hpp>        // key_map
#include <atlas/index/row_distance.hpp>   // row_layout
#include <atlas/index/sections.hpp>       // row_state

namespace atlas { inline namespace ATLAS_ABI {

/// What becomes of a key that is stored already.
enum class on_duplicate : std::uint8_t { refuse, replace };

/// A batch of pending rows: stored, but returned by no search and no look-up. Slots that were free come first.
struct row_batch {
  std::uint32_t first = 0;  ///< of the rows that are new
  std::uint32_t fresh_count = 0;
  buffer<std::uint32_t> reused;
  on_duplicate policy = on_duplicate::refuse;
  [[nodiscard]] std::uint32_t count() const noexcept { return static_cast<std::uint32_t>(reused.size()) + fresh_count; }
  [[nodiscard]] std::uint32_t row(std::size_t i) const noexcept {
    return i < reused.size() ? reused.data()[i] : first + static_cast<std::uint32_t>(i - reused.size());
  }
};

/// What else a batch needs, from one append at a time.
struct beside_rows {
  function_ref<status(const row_batch& batch)> make_room = {};  ///< once row numbers are known, before anything is stored
  function_ref<void(const row_batch& batch)> store = {};        ///< when vectors are stored, before anybody sees them
};

/// The rows of one index.
class row_store {
 public:
  static constexpr std::uint32_t no_row = key_map::no_row;

  row_store() noexcept = default;

  /// Empty rows in memory.
  [[nodiscard]] status create(const row_layout& layout, std::size_t reserve_rows) noexcept;
  /// Takes over columns that a file holds. Nothing in them is believed until it is used.
  /// @param cold  the vectors, if they are left in the file; then the column of them has no memory
  void adopt(const row_layout& layout, column&& vectors, column&& keys, column&& states, key_map&& map,
             std::uint32_t row_count, std::size_t live_count, const cold_rows& cold = {}) noexcept {
    layout_ = layout;
    vectors_ = static_cast<column&&>(vectors);
    cold_ = cold;
    keys_ = static_cast<column&&>(keys);
    states_ = static_cast<column&&>(states);
    map_ = static_cast<key_map&&>(map);
    keyed_count_ = row_count;
    row_count_.store_release(row_count);
    live_count_.store_release(live_count);
    removed_count_.store_release(row_count - live_count);
  }

  // -- shape
  [[nodiscard]] const row_layout& layout() const noexcept { return layout_; }
  [[nodiscard]] std::uint32_t row_count() const noexcept { return row_count_.load_acquire(); }
  [[nodiscard]] std::size_t live_count() const noexcept { return live_count_.load_acquire(); }
  /// Rows whose state is removed, or unlinked.
  [[nodiscard]] std::size_t removed_count() const noexcept { return removed_count_.load_acquire(); }
  /// Where vectors are if they are left in their file; else none are there.
  [[nodiscard]] const cold_rows& cold_vectors() const noexcept { return cold_; }
  /// @pre vectors are in memory, for this and for each that takes no `room`
  [[nodiscard]] const std::byte* vectors() const noexcept { return vectors_.data(); }
  [[nodiscard]] const std::byte* vector(std::uint32_t row) const noexcept { return layout_.row(vectors_.data(), row); }
  /// A row's bytes, wherever they are.
  /// @param room  takes them if they are left in the file
  /// @return      cold_rows::read's errors, errc::no_memory; none where vectors are in memory
  [[nodiscard]] result<const std::byte*> vector(std::uint32_t row, buffer<std::byte>& room) const noexcept {
    if (cold_.are_there()) return cold_.read_one(row, room);
    return vector(row);
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

  // -- distances
  /// Distances of a query to rows named by id, wherever their vectors are. The same bits in either case.
  /// @param query  shape [dimension], under cosine of unit length
  /// @param ids    shape [count]
  /// @param room   for some vectors at a time that are left in the file
  /// @param out    shape [count]
  /// @return       as vector with room
  [[nodiscard]] status distances_to(const float* query, const std::uint32_t* ids, std::size_t count, buffer<std::byte>& room,
                                    float* out) const noexcept {
    if (cold_.are_there()) return cold_.distances_to(layout_, query, ids, count, room, out);
    layout_.gather(query, 1.0F, vectors(), ids, count, out);
    return {};
  }
  /// As row_layout::gather, with row `from` as the query.
  void distances_from(std::uint32_t from, const std::uint32_t* ids, std::size_t count, float* out) const noexcept {
    layout_.between(vectors(), from, ids, count, out);
  }

  /// A row's components as floats, under cosine of unit length.
  void read_unit(std::uint32_t row, float* out) const noexcept { layout_.read_unit(vector(row), out); }

  // -- by key
  /// The live row of a key, or no_row.
  /// In the child of a fork() that another thread's change was cut off by, it looks at every row instead of the map.
  [[nodiscard]] std::uint32_t find(std::uint64_t key) const noexcept {
    if (!lock_.try_lock_shared()) {
      if (current_process() != owner_) return scan(key);
      lock_.lock_shared();
    }
    const std::uint32_t row = map_.find(key, keys(), keyed_count_);
    lock_.unlock_shared();
    return row != no_row && state(row) == row_state::live ? row : no_row;
  }
  /// Calls use(row_of), where row_of(key) gives the row under that key, live or not, or no_row. Gives false and calls nothing
  /// while a change holds the map.
  template <class Use>
  [[nodiscard]] bool look_up(Use use) const noexcept {
    constexpr int most_tries = 16;  // another reader in the way is gone at once
    for (int tries = 1; !lock_.try_lock_shared(); ++tries) {
      if (tries == most_tries) return false;
      spin_pause();
    }
    use([this](std::uint64_t key) noexcept { return map_.find(key, keys(), keyed_count_); });
    lock_.unlock_shared();
    return true;
  }
  /// Calls read() once. Gives whether no upsert was published while it ran, so that it saw each key once.
  template <class Read>
  [[nodiscard]] bool is_steady(Read read) const noexcept {
    const std::uint64_t before = replacements_.load_acquire();
    read();
    return was_steady_since(before);
  }
  /// Calls `read`, which looks at row states without a lock, so that it sees each upsert whole: again, with upserts held
  /// back, if one was published meanwhile.
  template <class Read>
  [[nodiscard]] auto read_steadily(Read read) const noexcept {
    const std::uint64_t before = replacements_.load_acquire();
    auto seen = read();
    if (was_steady_since(before)) return seen;
    const shared_lock_guard<shared_mutex> still(lock_);
    return read();
  }

  // -- changes
  /// What append checks of a batch by itself, before anything is stored. Gives the vectors' inverse norms.
  /// @pre the shapes fit
  /// @return  append's errors, but for keys that are stored already
  [[nodiscard]] static result<buffer<float>> check_batch(const row_layout& layout, span<const std::uint64_t> keys, const matrix_view& vectors) noexcept;
  /// Checks a whole batch, then stores it as pending rows. On error nothing has changed.
  /// @param keys      shape [n]; none reserved, none twice
  /// @param vectors   shape [n, dimension]
  /// @return         errc::invalid_argument, dimension_mismatch, not_finite, zero_vector, duplicate_key,
  ///                 limit_exceeded or no_memory; `row` says which of the batch
  [[nodiscard]] result<row_batch> append(span<const std::uint64_t> keys, const matrix_view& vectors, on_duplicate policy,
                                        const beside_rows& others = {}) noexcept;
  /// Makes the batch live at once, and what it replaces removed. Where an upsert of the same key overlapped
  /// an add, the upsert's row stays.
  void publish(const row_batch& batch) noexcept;
  /// Gives the batch up: its rows become removed, and nothing else has changed.
  void withdraw(const row_batch& batch) noexcept;
  /// errc::key_not_found if no live row has the key.
  [[nodiscard]] status remove(std::uint64_t key) noexcept;
  /// @param also_grow  makes room for so many rows in what lies beside
  [[nodiscard]] status reserve(std::size_t rows, function_ref<status(std::uint32_t rows)> also_grow = {}) noexcept;

  // -- slots of removed rows, for the engine that knows what leads to them
  /// Makes a removed row unlinked; false if it is not removed.
  [[nodiscard]] bool begin_unlink(std::uint32_t row) noexcept {
    std::uint8_t removed = static_cast<std::uint8_t>(row_state::removed);
    return compare_exchange(states_.as<std::uint8_t>() + row, removed, static_cast<std::uint8_t>(row_state::unlinked));
  }
  /// Gives unlinked rows, to which nothing leads and which no reader holds, to appends.
  /// @return  errc::no_memory; then they stay as they are
  [[nodiscard]] status free(span<const std::uint32_t> rows) noexcept;

  /// In memory or mapped.
  [[nodiscard]] std::uint64_t vector_bytes() const noexcept {
    return cold_.are_there() ? 0 : std::uint64_t{row_count()} * layout_.stride_bytes;
  }
  [[nodiscard]] std::uint64_t key_bytes() const noexcept {
    return std::uint64_t{row_count()} * (sizeof(std::uint64_t) + 1) + map_.slot_count() * sizeof(std::uint32_t);
  }

 private:
  /// Whether no upsert was published, nor is being, since there were so many replacements; in the child of a fork() none is.
  [[nodiscard]] bool was_steady_since(std::uint64_t before) const noexcept {
    return (before % 2 == 0 && replacements_.load_ordered() == before) || current_process() != owner_;
  }
  [[nodiscard]] std::uint32_t scan(std::uint64_t key) const noexcept {
    for (std::uint32_t row = row_count(); row-- > 0;) {
      if (this->key(row) == key && state(row) == row_state::live) return row;
    }
    return no_row;
  }
  void set_state(std::uint32_t row, row_state state) noexcept {
    store_release(states_.as<std::uint8_t>() + row, static_cast<std::uint8_t>(state));
  }
  void set_removed(std::uint32_t row) noexcept {
    set_state(row, row_state::removed);
    removed_count_.fetch_add(1);
  }
  [[nodiscard]] status grow(std::size_t rows) noexcept;
  /// Room in the map for `rows` rows in all. @pre lock_ is held
  [[nodiscard]] status reserve_keys(std::size_t rows) noexcept {
    return map_.reserve(rows, keys(), keyed_count_, [this](std::uint32_t row) noexcept {
      return state(row) == row_state::live || state(row) == row_state::pending;
    });
  }
  [[nodiscard]] status claim(span<const std::uint64_t> keys, const row_batch& batch) noexcept;

  row_layout layout_;
  column vectors_;
  cold_rows cold_;
  column keys_;
  column states_;
  key_map map_;
  mutex append_lock_;                   ///< of handing out rows; taken before lock_
  buffer<std::uint32_t> free_;          ///< slots to use again
  mutable shared_mutex lock_;           ///< of map_ and keyed_count_
  std::uint32_t keyed_count_ = 0;       ///< rows whose keys the map may name; the last of them may not be published
  atomic<std::uint32_t> row_count_{0};
  atomic<std::size_t> live_count_{0};
  atomic<std::size_t> removed_count_{0};
  atomic<std::uint64_t> replacements_{0};  ///< odd while an upsert is being published
  std::uint32_t owner_ = current_process();
};

inline status row_store::create(const row_layout& layout, std::size_t reserve_rows) noexcept {
  layout_ = layout;
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
  return states_.grow(rows);
}

inline status row_store::reserve(std::size_t rows, function_ref<status(std::uint32_t)> also_grow) noexcept {
  lock_guard<mutex> appending(append_lock_);
  const std::size_t room = rows > row_count() ? rows : row_count();
  if (status grown = grow(room); !grown.ok()) return grown;
  {
    lock_guard<shared_mutex> changing(lock_);
    if (status grown = reserve_keys(room); !grown.ok()) return grown;
  }
  return also_grow ? also_grow(static_cast<std::uint32_t>(room)) : status{};
}

inline result<buffer<float>> row_store::check_batch(const row_layout& layout, span<const std::uint64_t> keys, const matrix_view& vectors) noexcept {
  buffer<float> inverse_norms;
  if (status made = inverse_norms.resize(keys.size()); !made.ok()) return made.error();
  key_map batch_keys;
  if (status made = batch_keys.reserve(keys.size(), keys.data(), 0); !made.ok()) return made.error();
  buffer<std::byte> stored;  // what a smaller scalar makes of a vector, whose norm is the stored one
  buffer<float> as_stored;
  if (layout.element != scalar::f32) {
    if (status made = stored.resize(layout.stride_bytes); !made.ok()) return made.error();
    if (status made = as_stored.resize(layout.dimension); !made.ok()) return made.error();
  }
  for (std::uint32_t i = 0; i < keys.size(); ++i) {
    if (keys[i] == reserved_key) return error{errc::invalid_argument, "key", "below 2^64 - 1", "the reserved key"}.at_row(i);
    if (batch_keys.find(keys[i], keys.data(), i) != no_row) {
      return error{errc::duplicate_key, "key", "each key once in a batch", keys[i]}.at_row(i);
    }
    batch_keys.insert(keys[i], i);
    auto inverse = detail::checked_inverse_norm(vectors.row(i), layout.dimension, layout.metric);
    if (!inverse.ok()) return inverse.error().at_row(i);
    if (layout.element != scalar::f32) {
      if (status fits = detail::check_storable(vectors.row(i), layout.dimension, layout.element); !fits.ok()) return fits.error().at_row(i);
      layout.write(stored.data(), vectors.row(i), 1.0F);
      layout.read(stored.data(), as_stored.data());
      inverse = detail::checked_inverse_norm(as_stored.data(), layout.dimension, layout.metric);
      if (!inverse.ok()) return inverse.error().at_row(i);
    }
    inverse_norms[i] = *inverse;
  }
  return inverse_norms;
}

inline status row_store::claim(span<const std::uint64_t> keys, const row_batch& batch) noexcept {
  lock_guard<shared_mutex> changing(lock_);
  if (batch.policy == on_duplicate::refuse) {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const std::uint32_t row = map_.find(keys[i], this->keys(), keyed_count_);
      if (row == no_row || (state(row) != row_state::live && state(row) != row_state::pending)) continue;
      return error{errc::duplicate_key, "key", "a key that is not stored", keys[i]}.at_row(i);
    }
  }
  // Each live or pending key has a slot of its own among all that were ever handed out.
  if (status grown = reserve_keys(batch.first + batch.fresh_count); !grown.ok()) return grown;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    keys_.as<std::uint64_t>()[batch.row(i)] = keys[i];
    set_state(batch.row(i), row_state::pending);
  }
  if (batch.first + batch.fresh_count > keyed_count_) keyed_count_ = batch.first + batch.fresh_count;
  // An added key is claimed now, so that two adds of it cannot both succeed; an upserted one when it is published.
  if (batch.policy == on_duplicate::refuse) {
    for (std::size_t i = 0; i < keys.size(); ++i) map_.insert(keys[i], batch.row(i));
  }
  return {};
}

inline result<row_batch> row_store::append(span<const std::uint64_t> keys, const matrix_view& vectors,
                                                     on_duplicate policy, const beside_rows& others) noexcept {
  if (keys.size() != vectors.rows) return error{errc::invalid_argument, "keys.size", vectors.rows, keys.size()};
  if (keys.empty()) return row_batch{};
  if (keys.data() == nullptr) return error{errc::invalid_argument, "keys", "a pointer", "null"};
  if (status shaped = detail::check_matrix(vectors, layout_.dimension, "vectors"); !shaped.ok()) return shaped.error();
  if (keys.size() > max_rows) return error{errc::limit_exceeded, "rows", max_rows, keys.size()};
  const auto inverse_norms = check_batch(layout_, keys, vectors);
  if (!inverse_norms.ok()) return inverse_norms.error();

  lock_guard<mutex> appending(append_lock_);
  row_batch batch;
  batch.policy = policy;
  batch.first = row_count();
  const std::size_t reused = keys.size() < free_.size() ? keys.size() : free_.size();
  if (status made = batch.reused.append(free_.data() + (free_.size() - reused), reused); !made.ok()) return made.error();
  const std::size_t fresh = keys.size() - reused;
  if (fresh > max_rows - batch.first) return error{errc::limit_exceeded, "rows", max_rows, batch.first + fresh};
  batch.fresh_count = static_cast<std::uint32_t>(fresh);
  if (status grown = grow(batch.first + fresh); !grown.ok()) return grown.error();
  if (others.make_room) {
    if (status made = others.make_room(batch); !made.ok()) return made.error();
  }
  if (status claimed = claim(keys, batch); !claimed.ok()) return claimed.error();
  (void)free_.resize(free_.size() - reused);  // shrinking cannot fail
  for (std::size_t i = 0; i < keys.size(); ++i) {
    layout_.write(vectors_.at(batch.row(i)), vectors.row(i), inverse_norms->data()[i]);
  }
  if (others.store) others.store(batch);
  row_count_.store_release(batch.first + batch.fresh_count);
  return batch;
}

inline void row_store::publish(const row_batch& batch) noexcept {
  lock_guard<shared_mutex> changing(lock_);
  if (batch.policy == on_duplicate::replace) replacements_.fetch_add(1);
  for (std::uint32_t i = 0; i < batch.count(); ++i) {
    const std::uint32_t row = batch.row(i);
    const std::uint32_t holder = map_.find(key(row), keys(), keyed_count_);
    if (batch.policy == on_duplicate::refuse) {
      if (holder == row) {
        set_state(row, row_state::live);
        live_count_.fetch_add(1);
      } else {
        set_removed(row);
      }
      continue;
    }
    const bool replaces_live = holder != no_row && state(holder) == row_state::live;
    if (holder == no_row) {
      map_.insert(key(row), row);
    } else {
      map_.replace(key(row), holder, row);
    }
    if (replaces_live) set_removed(holder);
    set_state(row, row_state::live);
    live_count_.fetch_add(replaces_live ? 0 : 1);
  }
  if (batch.policy == on_duplicate::replace) replacements_.fetch_add(1);
}

inline void row_store::withdraw(const row_batch& batch) noexcept {
  lock_guard<shared_mutex> changing(lock_);
  for (std::uint32_t i = 0; i < batch.count(); ++i) {
    const std::uint32_t row = batch.row(i);
    const bool claimed = batch.policy == on_duplicate::refuse && map_.find(key(row), keys(), keyed_count_) == row;
    if (claimed) map_.erase(key(row), row);
    set_removed(row);
  }
}

inline status row_store::remove(std::uint64_t key) noexcept {
  lock_guard<shared_mutex> changing(lock_);
  // Takes memory only for the first change of a mapped index: rows that are there need no further slots.
  if (status owned = reserve_keys(live_count()); !owned.ok()) return owned;
  const std::uint32_t row = map_.find(key, keys(), keyed_count_);
  if (row == no_row || state(row) != row_state::live) return error{errc::key_not_found, "key", "a stored key", key};
  map_.erase(key, row);
  set_removed(row);
  if (live_count_.load_acquire() != 0) live_count_.fetch_sub(1);  // a hostile file may have counted fewer
  return {};
}

inline status row_store::free(span<const std::uint32_t> rows) noexcept {
  lock_guard<mutex> appending(append_lock_);
  if (status made = free_.append(rows.data(), rows.size()); !made.ok()) return made;
  for (const std::uint32_t row : rows) set_state(row, row_state::free);
  const std::size_t removed = removed_count_.load_acquire();  // a hostile file may have counted fewer
  removed_count_.fetch_sub(rows.size() < removed ? rows.size() : removed);
  return {};
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_INDEX_ROW_STORE_HPP

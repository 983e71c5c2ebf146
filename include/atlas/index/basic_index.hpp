// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/basic_index.hpp -- the one contract of every index: add, search, remove, save, open.
//
// Room:      basic_index<Engine>, which flat<Scalar> and hnsw<Scalar> are; arguments, batches, locks, files.
// Not here:  how rows are found, which is the engine (index/flat_index.hpp, index/hnsw_engine.hpp).
// Depends:   core, storage, distance, index/{row_store,index_file,batch,options,input_checks}.hpp.
// Threads:   all members may run beside each other, except moving from, assigning to and destroying the index.
//            Searches do not wait for an add: only one that saw an upsert published while it ran is done once more, after
//            it. Look-ups by key wait while a batch's keys are claimed or published, not while it is linked. Adds run
//            beside each other; save waits for changes that are under way and holds up new ones. A child of fork() may go
//            on searching what it inherited.
#ifndef ATLAS_INDEX_BASIC_INDEX_HPP
#define ATLAS_INDEX_BASIC_INDEX_HPP

#include <atlas/core/reader_epochs.hpp>  // reader_epochs
#include <atlas/index/batch.hpp>         // run_batch
#include <atlas/index/exact_search.hpp>  // write_hits
#include <atlas/index/index_file.hpp>    // save_rows, open_rows
#include <atlas/index/input_checks.hpp>  // check_search
#include <atlas/index/options.hpp>       // search_options, hits_view, ...

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// Candidates a walk left in its scratch, sorted.
using found_rows = span<const candidate>;

/// Whether an engine answers many queries better together than one by one: it has
/// static status nearest_of_batch(rows, pool, queries, options, hits).
template <class Engine>
concept searches_batches = requires { &Engine::nearest_of_batch; };

/// Whether an engine answers some queries on one thread better together: it has std::size_t queries_at_once(options,
/// queries) and status nearest_of_group(rows, scratch, queries, options, hits).
template <class Engine>
concept groups_queries = requires { &Engine::nearest_of_group; };

/// Whether an engine makes a whole batch findable at once: it has
/// status link_batch(rows, batch, pool, epochs, options).
template <class Engine>
concept links_batches = requires { &Engine::link_batch; };

/// An index over rows of float32. A moved-from index may only be destroyed or assigned to.
///
/// Engine has: `static constexpr file_kind kind`, bool may_leave_vectors (on disk), bool tidies_to_save (removed rows leave it before it is saved, not as it is) and bool holds(scalar); status make_room(batch), store_beside(rows,
/// batch) and reserve(rows) for what lies beside the rows; status link(rows, scratch, row): makes a pending row findable;
/// result<found_rows> nearest(rows, scratch, options) and within(...) const; save and open; tidy and tidy_all.
template <class Engine>
class basic_index {
 public:
  using scalar_type = float;

  basic_index(basic_index&& other) noexcept : state_(other.state_) { other.state_ = nullptr; }
  basic_index& operator=(basic_index&& other) noexcept {
    if (this != &other) {
      delete state_;
      state_ = other.state_;
      other.state_ = nullptr;
    }
    return *this;
  }
  basic_index(const basic_index&) = delete;
  basic_index& operator=(const basic_index&) = delete;
  ~basic_index() { delete state_; }

  /// Adds vectors under new keys. All or nothing: on error, and when cancelled, no vector of the batch is found.
  ///
  /// @param keys     shape [n], below reserved_key, none stored yet, none twice
  /// @param vectors  shape [n, dimension]; copied
  /// @param options  threads and progress
  /// @return  errc::read_only, invalid_argument, dimension_mismatch, not_finite, zero_vector (cosine),
  ///          duplicate_key, limit_exceeded, no_memory or cancelled; the error names the row of the batch
  /// Cost: flat: a copy. hnsw: about build_width * log(size) distances a vector.
  /// A vector is found by searches once add has returned.
  [[nodiscard]] status add(span<const std::uint64_t> keys, const matrix_view& vectors, const add_options& options = {}) noexcept {
    return append(keys, vectors, options, on_duplicate::refuse);
  }
  /// As add, but a key that is stored already gets the new vector in place of the old one. While it runs, searches
  /// find the old one, and from its end on the new one; never both, never neither. The old vector's row stays in memory: in
  /// flat until the index is built anew, in hnsw and ivf_pq until later changes take it out of the graph or lists and its slot is used again.
  [[nodiscard]] status upsert(span<const std::uint64_t> keys, const matrix_view& vectors, const add_options& options = {}) noexcept {
    return append(keys, vectors, options, on_duplicate::replace);
  }
  /// Takes a key out: it is no longer found, and may be added or upserted again. Its row stays in memory as for upsert.
  /// @return  errc::key_not_found, read_only or no_memory
  [[nodiscard]] status remove(std::uint64_t key) noexcept {
    if (is_read_only()) return read_only_error();
    shared_lock_guard<shared_mutex> changing(state_->change_lock);
    if (status removed = state_->rows.remove(key); !removed.ok()) return removed;
    state_->engine.tidy(state_->rows, state_->epochs, state_->scratches, 1);
    return {};
  }

  /// Whether a key is stored. Cost: O(1).
  [[nodiscard]] bool contains(std::uint64_t key) const noexcept { return state_->rows.find(key) != row_store::no_row; }
  /// The vector of a key, under every metric as it was given: bit for bit where float32 is stored, else as far as the
  /// stored scalar holds it.
  /// @param out  shape [dimension]
  /// @return     errc::key_not_found, invalid_argument (null); of vectors left on disk also io, corrupt_file, no_memory
  [[nodiscard]] status get(std::uint64_t key, float* out) const noexcept {
    if (out == nullptr) return error{errc::invalid_argument, "out", "a pointer", "null"};
    const reader_epochs::reader reading = read_here();
    const std::uint32_t row = state_->rows.find(key);
    if (row == row_store::no_row) return error{errc::key_not_found, "key", "a stored key", key};
    buffer<std::byte> room;
    const auto vector = state_->rows.vector(row, room);
    if (!vector.ok()) return vector.error();
    state_->rows.layout().read(*vector, out);
    return {};
  }
  /// The next stored keys: of flat in the order in which they were added, of hnsw in no order.
  /// @param cursor  0 to begin; moved on
  /// @param out     any length
  /// @return        keys written; 0 at the end
  std::size_t list_keys(std::uint64_t& cursor, span<std::uint64_t> out) const noexcept {
    const reader_epochs::reader reading = read_here();
    const std::uint32_t rows = state_->rows.row_count();
    std::size_t written = 0;
    for (; cursor < rows && written < out.size(); ++cursor) {
      const auto row = static_cast<std::uint32_t>(cursor);
      if (state_->rows.state(row) == row_state::live) out[written++] = state_->rows.key(row);
    }
    return written;
  }

  /// The k nearest stored vectors of each query, nearest first; equal distances in flat in the order of adding, in hnsw in that of
  /// keys. Where more rows are equally distant than fit, flat answers the older and hnsw some of them.
  ///
  /// @param queries  shape [n, dimension]
  /// @param options  k, width, threads, filter
  /// @param hits     [n, k] and [n]; what is not found is reserved_key and +inf. Fewer than k is no error
  /// @return  errc::invalid_argument (k = 0, null), dimension_mismatch, not_finite, zero_vector (cosine),
  ///          limit_exceeded; then nothing is written. errc::no_memory, and of vectors left on disk io and corrupt_file;
  ///          then some queries may be answered
  /// Cost: allocates nothing once as many searches have run at the same time before, at the same width; but flat does for
  /// a batch or more than one thread: it compares all queries with the rows in one pass, and where rows are replaced all
  /// the time, replacements may have to wait for a pass. hnsw: removed and
  /// replaced rows that are still in the graph, and rows of a batch that is being added, are walked through too.
  [[nodiscard]] status search(const matrix_view& queries, const search_options& options, hits_view hits) const noexcept {
    if (status fits = check_search(queries, dimension(), options, hits); !fits.ok()) return fits;
    for (std::size_t i = 0; i < queries.rows; ++i) {
      const auto norm = checked_inverse_norm(queries.row(i), dimension(), metric());
      if (!norm.ok()) return norm.error().at_row(i);
    }
    if constexpr (searches_batches<Engine>) {
      if (queries.rows > 1 || (queries.rows == 1 && options.threads != 1)) {
        return state_->rows.read_steadily([&]() noexcept {
          return Engine::nearest_of_batch(state_->rows, state_->pool, queries, options, hits);
        });
      }
    }
    if constexpr (groups_queries<Engine>) {
      if (const std::size_t size = group_size(queries.rows, options); size > 1) return search_groups(size, queries, options, hits);
    }
    return run_batch(state_->pool, state_->scratches, queries.rows, options.threads, {},
                     [&](search_scratch& scratch, std::size_t i) noexcept { return search_one(scratch, queries, i, options, hits); });
  }

  /// The stored vectors within a radius, nearest first. hnsw may miss some, as search does.
  ///
  /// @param query      shape [dimension]
  /// @param radius     largest distance, in the index's metric (l2sq: squared); not NaN
  /// @param keys       any length; the nearest that fit are written
  /// @param distances  the same length as keys
  /// @return  how many lie within the radius, which may be more than were written; or search's errors
  /// Cost: allocates as much as it finds.
  [[nodiscard]] result<std::size_t> range(span<const float> query, float radius, const range_options& options,
                                          span<std::uint64_t> keys, span<float> distances) const noexcept {
    if (status fits = check_range(query, dimension(), radius, keys, distances); !fits.ok()) return fits.error();
    borrowed_scratch scratch(state_->scratches);
    if (!scratch) return error{errc::no_memory, "search scratch"};
    if (status taken = scratch->take_query(query.data(), state_->rows.layout()); !taken.ok()) return taken.error();
    const reader_epochs::reader reading(state_->epochs, scratch->place);
    const auto found = state_->rows.read_steadily([&]() noexcept {
      return state_->engine.within(state_->rows, *scratch, radius, options);
    });
    if (!found.ok()) return found.error();
    const std::size_t written = found->size() < keys.size() ? found->size() : keys.size();
    write_hits(found->data(), written, state_->rows, written, keys.data(), distances.data());
    return found->size();
  }

  /// Exact distances of a query to stored vectors, by key.
  /// @param out  shape [keys.size()]
  /// @return     errc::key_not_found naming the row of `keys`, or search's errors; then out is as it was up to there
  [[nodiscard]] status distances(span<const float> query, span<const std::uint64_t> keys, float* out) const noexcept {
    if (status fits = check_vector(query, dimension(), "query"); !fits.ok()) return fits;
    if (keys.empty()) return {};
    if (keys.data() == nullptr || out == nullptr) return error{errc::invalid_argument, "keys, out", "pointers", "null"};
    borrowed_scratch scratch(state_->scratches);
    if (!scratch) return error{errc::no_memory, "search scratch"};
    if (status taken = scratch->take_query(query.data(), state_->rows.layout()); !taken.ok()) return taken;
    const reader_epochs::reader reading(state_->epochs, scratch->place);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const std::uint32_t row = state_->rows.find(keys[i]);
      if (row == row_store::no_row) return error{errc::key_not_found, "key", "a stored key", keys[i]}.at_row(i);
      if (status got = state_->rows.distances_to(scratch->query.data(), &row, 1, scratch->vectors, out + i); !got.ok()) return got;
    }
    return {};
  }

  /// Makes room for `rows` rows in all, so that adds up to there take no memory but the key map's.
  [[nodiscard]] status reserve(std::size_t rows) noexcept {
    if (is_read_only()) return read_only_error();
    shared_lock_guard<shared_mutex> changing(state_->change_lock);
    return state_->rows.reserve(rows, [this](std::uint32_t room) noexcept { return state_->engine.reserve(room); });
  }

  /// Takes removed and replaced vectors out of a graph or lists now, so that their memory serves the next ones; saved files are
  /// without them in any case. Searches go on; changes wait. flat: nothing to do.
  /// @return  errc::read_only; errc::cancelled if that could not be finished: searches that began before it took more than a
  ///          minute, memory ran out, or this is the child of a fork(). What was done by then stays done
  [[nodiscard]] status compact() noexcept {
    if (is_read_only()) return read_only_error();
    lock_guard<shared_mutex> still(state_->change_lock);
    const bool is_done = state_->engine.tidy_all(state_->rows, state_->epochs, state_->scratches);
    return is_done ? status{} : status{errc::cancelled};
  }

  /// Writes the index to a file: complete or not at all. The file at `path` stays as it is until the new one is on
  /// the device, whatever fails. Changes since the last save are lost with the process. Searches go on; changes wait, and
  /// hnsw's removed rows are taken out first, as by compact.
  ///
  /// @param path     NUL-terminated; may be the file this index was opened from
  /// @param options  every section of the opened file that is not the index's own (file()), such as a folder's, must be
  ///                 among `extra`: else errc::invalid_argument, so that nothing is lost in silence
  /// @return  errc::file_not_found (no such folder), is_a_directory, permission_denied, no_space, io,
  ///          invalid_argument, no_memory or cancelled
  [[nodiscard]] status save(const char* path, const save_options& options = {}) const noexcept {
    return write_file(path, options, [this](section_writer& writer, typename Engine::parameters_type& parameters) noexcept {
      return state_->engine.save(writer, state_->rows, parameters);
    });
  }

  /// The same file as bytes in memory. @param bytes  what was in it is gone, also on error
  [[nodiscard]] status save_to(buffer<std::byte>& bytes, const save_options& options = {}) const noexcept {
    if (status kept = check_sections_kept(options); !kept.ok()) return kept;
    lock_guard<shared_mutex> still(state_->change_lock);
    if (Engine::tidies_to_save && !is_read_only()) (void)state_->engine.tidy_all(state_->rows, state_->epochs, state_->scratches);
    auto file = file_writer::create_in(bytes);
    if (!file.ok()) return file.error();
    return write_into(*file, options, [this](section_writer& writer, typename Engine::parameters_type& parameters) noexcept {
      return state_->engine.save(writer, state_->rows, parameters);
    });
  }

  [[nodiscard]] std::size_t size() const noexcept { return state_->rows.live_count(); }       ///< stored vectors
  [[nodiscard]] std::size_t dimension() const noexcept { return state_->rows.layout().dimension; }
  [[nodiscard]] atlas::metric metric() const noexcept { return state_->rows.layout().metric; }
  /// What vectors are stored as; callers give and get float32.
  [[nodiscard]] scalar element() const noexcept { return state_->rows.layout().element; }
  [[nodiscard]] bool is_read_only() const noexcept { return state_->file.is_open() && state_->mode == open_mode::read; }
  /// The file this index was opened from, for sections of the caller's own; null for one made in memory.
  [[nodiscard]] const file_reader* file() const noexcept { return state_->file.is_open() ? &state_->file : nullptr; }
  [[nodiscard]] memory_use memory() const noexcept {
    const reader_epochs::reader reading = read_here();
    return {state_->rows.vector_bytes(), state_->rows.key_bytes(), state_->engine.bytes(state_->rows.row_count()),
            state_->scratches.bytes()};
  }

 protected:
  struct state {
    row_store rows;
    Engine engine;
    mutable thread_pool pool;
    mutable scratch_list scratches;
    mutable reader_epochs epochs;      ///< of whoever may hold a row's number
    mutable shared_mutex change_lock;  ///< shared by changes, held alone by save
    file_reader file;
    open_mode mode = open_mode::change;
  };
  explicit basic_index(state* made) noexcept : state_(made) {}

  /// An empty index, whose rows and engine the caller still makes; or errc::no_memory.
  [[nodiscard]] static result<basic_index> make() noexcept {
    auto* made = new (std::nothrow) state;
    if (made == nullptr) return error{errc::no_memory, "index"};
    return basic_index(made);
  }
  /// An index over a file's sections. Cost: O(1): maps and checks the header page; that of reading the file if it is loaded.
  [[nodiscard]] static result<basic_index> open_file(const char* path, const open_options& options) noexcept {
    auto file = file_reader::open(path);
    if (!file.ok()) return file.error();
    return open_reader(static_cast<file_reader&&>(*file), options);
  }
  /// The same of a file that is open already, which may be a part of another.
  [[nodiscard]] static result<basic_index> open_reader(file_reader&& file, const open_options& options) noexcept {
    auto made = make();
    if (!made.ok()) return made;
    state& opened = *made->state_;
    if (status fits = check_residence(options); !fits.ok()) return fits.error();
    opened.file = static_cast<file_reader&&>(file);
    opened.mode = options.mode;
    const auto parameters = check_index_header<Engine>(opened.file.header());
    if (!parameters.ok()) return parameters.error();
    if (status known = opened.file.require_known(Engine::known_sections); !known.ok()) return known.error();
    if (status rows = open_rows(opened.file, options, opened.rows); !rows.ok()) return rows.error();
    if (status engine = opened.engine.open(opened.file, options, *parameters); !engine.ok()) return engine.error();
    return made;
  }

  /// Writes a file whose own sections `write(writer, parameters)` writes, giving the number of rows.
  template <class Write>
  [[nodiscard]] status write_file(const char* path, const save_options& options, Write write) const noexcept {
    if (status kept = check_sections_kept(options); !kept.ok()) return kept;
    lock_guard<shared_mutex> still(state_->change_lock);
    if (Engine::tidies_to_save && !is_read_only()) (void)state_->engine.tidy_all(state_->rows, state_->epochs, state_->scratches);
    auto file = file_writer::create(path);
    if (!file.ok()) return file.error();
    return write_into(*file, options, write);
  }
  /// The same into a file that is open already.
  template <class Write>
  [[nodiscard]] status write_into(file_writer& file, const save_options& options, Write write) const noexcept {
    section_writer writer(file, options.on_progress, extra_bytes(options));
    typename Engine::parameters_type parameters;
    parameters.row_stride_bytes = static_cast<std::uint32_t>(state_->rows.layout().stride_bytes);
    const auto row_count = write(writer, parameters);
    if (!row_count.ok()) return row_count.error();
    if (status saved = write_extra(writer, options); !saved.ok()) return saved;
    file_header header{};
    describe_rows(header, Engine::kind, state_->rows.layout(), state_->rows.live_count(), *row_count, parameters);
    return file.commit(header);
  }

  [[nodiscard]] reader_epochs::reader read_here() const noexcept {
    return {state_->epochs, static_cast<unsigned>(current_thread() >> 12)};
  }

  state* state_;

 private:
  [[nodiscard]] static status check_residence(const open_options& options) noexcept {
    if (options.mode != open_mode::read && options.mode != open_mode::change) {
      return error{errc::invalid_argument, "open_options.mode", "0 read or 1 change", static_cast<std::uint64_t>(options.mode)};
    }
    constexpr auto field = "open_options.vectors";
    if (options.vectors == vector_residence::mapped) return {};
    if (options.vectors != vector_residence::on_disk) {
      return error{errc::invalid_argument, field, "0 mapped or 1 on_disk", static_cast<std::uint64_t>(options.vectors)};
    }
    if (!Engine::may_leave_vectors) return error{errc::invalid_argument, field, "mapped, as every search of a flat index reads all", "on_disk"};
    if (options.mode != open_mode::read) return error{errc::invalid_argument, field, "mapped, for a file that is opened for change", "on_disk"};
    return {};
  }
  /// Saving would leave out what else the opened file holds, such as a folder's texts: refused unless the caller
  /// writes each of those sections anew.
  [[nodiscard]] status check_sections_kept(const save_options& options) const noexcept {
    for (const section_entry& entry : state_->file.is_open() ? state_->file.sections() : span<const section_entry>{}) {
      bool kept = false;
      for (const std::uint32_t id : Engine::known_sections) kept = kept || id == entry.id;
      for (const extra_section& extra : options.extra) kept = kept || extra.id == entry.id;
      if (!kept) {
        return error{errc::invalid_argument, "save_options.extra", "every further section of the opened file", entry.id};
      }
    }
    return {};
  }
  [[nodiscard]] static error read_only_error() noexcept {
    return {errc::read_only, "index", "open_mode::change", "open_mode::read"};
  }
  /// Queries of a batch that are answered together: no more than leave something for each thread.
  [[nodiscard]] std::size_t group_size(std::size_t query_count, const search_options& options) const noexcept {
    if (query_count < 2) return 1;
    const reader_epochs::reader reading = read_here();
    const unsigned all = state_->pool.thread_count();
    const std::size_t threads = options.threads == 0 || options.threads > all ? all : options.threads;
    return state_->engine.queries_at_once(options, (query_count + threads - 1) / threads);
  }
  [[nodiscard]] status search_groups(std::size_t size, const matrix_view& queries, const search_options& options, const hits_view& hits) const noexcept {
    return run_batch(state_->pool, state_->scratches, (queries.rows + size - 1) / size, options.threads, {},
                     [&](search_scratch& scratch, std::size_t group) noexcept -> status {
      const std::size_t first = group * size;
      const std::size_t count = queries.rows - first < size ? queries.rows - first : size;
      const matrix_view some{queries.row(first), count, queries.dimension, queries.stride};
      const hits_view theirs{hits.keys + first * options.k, hits.distances + first * options.k, hits.counts != nullptr ? hits.counts + first : nullptr};
      status searched;
      bool is_steady = false;
      {
        const reader_epochs::reader reading(state_->epochs, scratch.place);
        is_steady = state_->rows.is_steady([&]() noexcept { searched = state_->engine.nearest_of_group(state_->rows, scratch, some, options, theirs); });
      }
      if (is_steady) return searched;
      // An upsert was published meanwhile. Each query by itself: changes wait for what is done once more after them.
      for (std::size_t i = 0; i < count; ++i) {
        if (status found = search_one(scratch, some, i, options, theirs); !found.ok()) return found;
      }
      return {};
    });
  }
  [[nodiscard]] status search_one(search_scratch& scratch, const matrix_view& queries, std::size_t i, const search_options& options,
                                  const hits_view& hits) const noexcept {
    if (status taken = scratch.take_query(queries.row(i), state_->rows.layout()); !taken.ok()) return taken;
    const reader_epochs::reader reading(state_->epochs, scratch.place);
    const auto ask = [&]() noexcept { return state_->engine.nearest(state_->rows, scratch, options); };
    const auto found = state_->rows.read_steadily(ask);
    if (!found.ok()) return found.error();
    const std::size_t count = found->size() < options.k ? found->size() : options.k;
    write_hits(found->data(), count, state_->rows, options.k, hits.keys + i * options.k, hits.distances + i * options.k);
    if (hits.counts != nullptr) hits.counts[i] = static_cast<std::uint32_t>(count);
    return {};
  }
  [[nodiscard]] status append(span<const std::uint64_t> keys, const matrix_view& vectors, const add_options& options,
                              on_duplicate policy) noexcept {
    if (is_read_only()) return read_only_error();
    shared_lock_guard<shared_mutex> changing(state_->change_lock);
    const auto make_room = [this](const row_batch& rows) noexcept { return state_->engine.make_room(rows); };
    const auto store_beside = [this](const row_batch& rows) noexcept { state_->engine.store_beside(state_->rows, rows); };
    const auto batch = state_->rows.append(keys, vectors, policy, {make_room, store_beside});
    if (!batch.ok()) return batch.error();
    if (batch->count() == 0) return {};
    const status linked = link(*batch, options);
    if (linked.ok()) {
      state_->rows.publish(*batch);
    } else {
      state_->rows.withdraw(*batch);
    }
    if (!linked.ok() || policy == on_duplicate::replace) {
      state_->engine.tidy(state_->rows, state_->epochs, state_->scratches, batch->count());
    }
    return linked;
  }
  /// Makes the rows of a batch findable, though pending.
  [[nodiscard]] status link(const row_batch& batch, const add_options& options) noexcept {
    if constexpr (links_batches<Engine>) {
      return state_->engine.link_batch(state_->rows, batch, state_->pool, state_->epochs, options);
    } else {
      return run_batch(state_->pool, state_->scratches, batch.count(), options.threads, options.on_progress,
                       [&](search_scratch& scratch, std::size_t i) noexcept {
        const reader_epochs::reader reading(state_->epochs, scratch.place);
        return state_->engine.link(state_->rows, scratch, batch.row(i));
      });
    }
  }
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_BASIC_INDEX_HPP

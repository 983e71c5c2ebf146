// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/ivf_builder.hpp -- inverted files that are larger than memory, written without being held in it.
//
// Room:      ivf_pq_builder: trained on a sample, fed with vectors, finished as a file that ivf_pq opens.
// Not here:  indexes in memory (index/ivf_index.hpp), the steps (index/ivf_file_build.hpp).
// Depends:   core, storage, index/{input_checks,ivf_file_build}.hpp.
// Threads:   one thread at a time, which uses others.
#ifndef ATLAS_INDEX_IVF_BUILDER_HPP
#define ATLAS_INDEX_IVF_BUILDER_HPP

#include <atlas/index/ivf_file_build.hpp>  // ivf_file_build, ivf_build_options
#include <atlas/storage/vector_file.hpp>   // vector_file

namespace atlas { inline namespace ATLAS_ABI {

/// Writes an ivf_pq file whose vectors need not fit memory: train() on a sample, add() as often as wanted, finish(). The
/// file is the one that an index with the same training and the same adds would save, byte for byte, but for what is measured
/// with all rows there: with a wanted recall (ivf_pq_options::recall) it is the one of an index that is then tuned to it with
/// what was held back from the sample, and promises it; else, unless probes are named, its probes are measured as an index's
/// that trains on its rows. It appears, whole, when finish() has put everything on the device, and what stood at its path
/// before stays until then. A builder that is given up leaves nothing behind; a process that is killed, a `.atlas-*.tmp`
/// (storage/replacement_file.hpp).
///
/// After an error by which vectors were lost, as those of the disk and of memory inside add and finish, and when these are
/// cancelled, every later call gives that error. After any other nothing was taken, and the builder goes on. In a child of
/// fork() every call is refused.
/// Progress is called on the calling thread; false cancels.
class ivf_pq_builder {
 public:
  /// @param path     of the file, NUL-terminated; its folder exists
  /// @return  as ivf_pq::create, and errc::invalid_argument, file_not_found, not_a_directory, permission_denied or
  ///          no_space of the file and of the folder for what is on its way
  [[nodiscard]] static result<ivf_pq_builder> create(const char* path, const ivf_build_options& options) noexcept {
    const ivf_pq_options& index = options.index;
    if (status fits = detail::check_shape(index.dimension, index.metric, index.reserve_rows); !fits.ok()) return fits.error();
    if (!detail::is_row_scalar(index.stored)) {
      return error{errc::scalar_mismatch, "stored", "f32, f16, bf16, i8 or u8", static_cast<std::uint64_t>(index.stored)};
    }
    if (status fits = detail::check_ivf_options(index); !fits.ok()) return fits.error();
    if (options.memory_bytes < least_memory_bytes) {
      return error{errc::invalid_argument, "memory_bytes", "at least 16 MiB", options.memory_bytes};
    }
    auto* const made = new (std::nothrow) state(options);
    if (made == nullptr) return error{errc::no_memory, "builder"};
    ivf_pq_builder builder(made);
    if (status opened = made->open(path, options.temporary_folder); !opened.ok()) return opened.error();
    return builder;
  }
  ivf_pq_builder(ivf_pq_builder&& other) noexcept : state_(other.state_) { other.state_ = nullptr; }
  ivf_pq_builder& operator=(ivf_pq_builder&& other) noexcept {
    if (this != &other) {
      delete state_;
      state_ = other.state_;
      other.state_ = nullptr;
    }
    return *this;
  }
  ivf_pq_builder(const ivf_pq_builder&) = delete;
  ivf_pq_builder& operator=(const ivf_pq_builder&) = delete;
  ~ivf_pq_builder() { delete state_; }

  /// Learns lists and codes. Once, before vectors are added.
  /// @param sample  shape [n, dimension], from all over the vectors: 40 to 256 for each list
  /// @return  as ivf_pq::train; errc::invalid_argument if it was trained before
  [[nodiscard]] status train(const matrix_view& sample, progress on_progress = {}) noexcept {
    state& own = *state_;
    if (status usable = check_untrained(); !usable.ok()) return usable;
    if (sample.rows == 0) return error{errc::invalid_argument, "sample.rows", "at least 1", sample.rows};
    if (status fits = detail::check_matrix(sample, own.layout.dimension, "sample"); !fits.ok()) return fits;
    buffer<float> units;
    if (status made = detail::unit_rows(sample, own.layout.metric, units); !made.ok()) return made;
    ivf_pq_options learned = own.options;
    const std::size_t fewest = detail::fewest_to_train(learned);
    if (sample.rows < fewest) return error{errc::invalid_argument, "sample.rows", "at least", fewest, sample.rows};
    auto held = detail::hold_back(units, own.layout.dimension, learned.recall != 0 ? detail::held_back_count(sample.rows, fewest) : 0);
    if (!held.ok()) return held.error();
    const matrix_view rows = dense(units.data(), sample.rows - held->count, own.layout.dimension);
    if (learned.lists == 0) learned.lists = detail::usual_lists(learned.reserve_rows > sample.rows ? learned.reserve_rows : sample.rows, rows.rows);
    if (status trained = own.model.train(rows, learned, own.threads, on_progress); !trained.ok()) return held->named(trained.error());
    own.held_back = static_cast<buffer<float>&&>(held->vectors);
    if (status made = own.shape_spill(); !made.ok()) return own.end(made);
    own.is_trained = true;
    return {};
  }
  /// The same from vectors all over a file.
  /// @param rows  how many of them, at most all; 0: 256 for each list, as far as four times as many floats fit the memory, but
  ///              at least 40. How many lists there are without `lists` is by reserve_rows, or by the file's if that is 0
  /// @return  how many it were; or vector_file's errors too. A vector that cannot be taken is named by its row of the file
  [[nodiscard]] result<std::uint64_t> train(const vector_file& vectors, std::uint64_t rows = 0, progress on_progress = {}) noexcept {
    state& own = *state_;
    if (status usable = check_untrained(); !usable.ok()) return usable.error();
    if (status fits = check_file(vectors, own.layout.dimension); !fits.ok()) return fits.error();
    const std::uint64_t all = vectors.rows();
    if (all == 0) return error{errc::invalid_argument, "vectors.rows", "at least 1", all};
    const std::size_t said = own.options.reserve_rows;
    const std::size_t expected = said != 0 ? said : static_cast<std::size_t>(all);
    const std::size_t dimension = own.layout.dimension;
    std::uint64_t count = rows;
    if (count == 0) {
      const std::uint64_t lists = own.options.lists != 0 ? own.options.lists : detail::usual_lists(expected, static_cast<std::size_t>(all));
      const std::uint64_t fit = own.memory_bytes / 4 / (dimension * sizeof(float));
      const std::uint64_t least = detail::rows_of_list * lists;
      count = detail::rows_trained_on * lists;
      if (count > fit) count = fit > least ? fit : least;
    }
    if (count > all) count = all;
    buffer<float> sample;
    if (status made = sample.resize(static_cast<std::size_t>(count) * dimension); !made.ok()) return made.error();
    const auto row_of = [&](std::uint64_t i) noexcept { return i * all / count; };  // both below 2^32
    for (std::uint64_t i = 0; i < count; ++i) {
      if (i % 4096 == 0 && on_progress && !on_progress(0, 0)) return errc::cancelled;
      if (status read = vectors.read_floats(row_of(i), 1, sample.data() + static_cast<std::size_t>(i) * dimension); !read.ok()) return read.error();
    }
    own.options.reserve_rows = expected;
    const status trained = train(dense(sample.data(), static_cast<std::size_t>(count), dimension), on_progress);
    if (trained.ok()) return count;
    own.options.reserve_rows = said;
    error why = trained.error();
    return why.row == error::no_row ? why : why.at_row(row_of(why.row));
  }

  /// Takes vectors under new keys: all of a call or, on error, none.
  /// @param keys         shape [n], below reserved_key, none taken yet, none twice
  /// @param vectors      shape [n, dimension]
  /// @param on_progress  with rows of the call
  /// @return  errc::invalid_argument (also before train), dimension_mismatch, not_finite, zero_vector (cosine),
  ///          duplicate_key or limit_exceeded with the row of the call; no_memory, no_space, io, cancelled
  [[nodiscard]] status add(span<const std::uint64_t> keys, const matrix_view& vectors, progress on_progress = {}) noexcept {
    state& own = *state_;
    if (status usable = check_trained("add"); !usable.ok()) return usable;
    if (keys.size() != vectors.rows) return error{errc::invalid_argument, "keys.size", vectors.rows, keys.size()};
    if (keys.empty()) return {};
    if (keys.data() == nullptr) return error{errc::invalid_argument, "keys", "a pointer", "null"};
    if (status fits = detail::check_matrix(vectors, own.layout.dimension, "vectors"); !fits.ok()) return fits;
    if (keys.size() > max_rows - own.row_count) return error{errc::limit_exceeded, "rows", max_rows, own.row_count + keys.size()};
    const auto for_each_part = [&](auto work) noexcept -> status {
      for (std::size_t first = 0; first < keys.size(); first += own.rows_at_once) {
        const std::size_t count = keys.size() - first < own.rows_at_once ? keys.size() - first : own.rows_at_once;
        const status done = work(span<const std::uint64_t>{keys.data() + first, count}, vectors.subrows(first, count), first + count);
        if (!done.ok()) return done.error().row == error::no_row ? done : status{done.error().at_row(done.error().row + first)};
      }
      return {};
    };
    const status checked = for_each_part([&](span<const std::uint64_t> some, const matrix_view& part, std::size_t) noexcept -> status {
      const auto norms = row_store::check_batch(own.layout, some, part);
      return norms.ok() ? status{} : status{norms.error()};
    });
    if (!checked.ok()) return checked;
    if (status claimed = own.claim(keys); !claimed.ok()) return claimed;
    const status taken = for_each_part([&](span<const std::uint64_t> some, const matrix_view& part, std::size_t done) noexcept -> status {
      if (status took = own.take(some, part); !took.ok()) return took;
      return on_progress && !on_progress(done, keys.size()) ? status{errc::cancelled} : status{};
    });
    return taken.ok() ? status{} : own.end(taken);
  }
  /// The same of all vectors in a file, except that those before one that cannot be taken stay: then give the builder up.
  /// @param keys  of each row; empty: the rows' numbers
  /// @return  vector_file's errors too. A vector that cannot be taken is named by its row of the file
  [[nodiscard]] status add(const vector_file& vectors, span<const std::uint64_t> keys = {}, progress on_progress = {}) noexcept {
    state& own = *state_;
    if (status usable = check_trained("add"); !usable.ok()) return usable;
    if (status fits = check_file(vectors, own.layout.dimension); !fits.ok()) return fits;
    const std::uint64_t rows = vectors.rows();
    if (!keys.empty() && keys.size() != rows) return error{errc::invalid_argument, "keys.size", rows, keys.size()};
    buffer<float> some;
    buffer<std::uint64_t> numbers;
    if (status sized = some.resize(own.rows_at_once * own.layout.dimension); !sized.ok()) return sized;
    if (status sized = numbers.resize(own.rows_at_once); !sized.ok()) return sized;
    for (std::uint64_t first = 0; first < rows; first += own.rows_at_once) {
      const std::size_t count = rows - first < own.rows_at_once ? static_cast<std::size_t>(rows - first) : own.rows_at_once;
      if (status read = vectors.read_floats(first, count, some.data()); !read.ok()) return read;
      for (std::size_t i = 0; i < count; ++i) numbers[i] = keys.empty() ? first + i : keys[static_cast<std::size_t>(first) + i];
      if (status added = add({numbers.data(), count}, dense(some.data(), count, own.layout.dimension)); !added.ok()) {
        error why = added.error();
        return why.row == error::no_row ? why : why.at_row(why.row + first);
      }
      if (on_progress && !on_progress(first + count, rows)) return own.end(errc::cancelled);
    }
    return {};
  }

  /// Vectors taken so far.
  [[nodiscard]] std::uint64_t size() const noexcept { return state_->row_count; }
  [[nodiscard]] std::size_t dimension() const noexcept { return state_->layout.dimension; }
  /// How many lists there are; 0 before train.
  [[nodiscard]] std::size_t lists() const noexcept { return state_->is_trained ? state_->model.list_count() : 0; }
  /// Bytes of a row's code; 0 before train.
  [[nodiscard]] std::size_t code_bytes() const noexcept { return state_->is_trained ? state_->model.coder().layout().code_bytes : 0; }

  /// Brings rows into the order of lists, measures what searches find, and puts the file in place. Later calls but size() and
  /// the like are refused.
  /// @param on_progress  with bytes written, and as many more as take about as long as measuring
  /// Cost: of measuring, a distance of each row to 200 vectors, or with a wanted recall to up to 1,000, for which each thread
  /// reads the vectors once (more often if k answers to its share of them take more than 16 MiB), then searches as of ivf_pq::tune.
  /// @return  errc::invalid_argument before train; no_space, io, permission_denied, no_memory, cancelled: then there is no file,
  ///          but for field "folder.sync", when it is in place and a power failure may still take it back
  [[nodiscard]] status finish(progress on_progress = {}) noexcept {
    state& own = *state_;
    if (status usable = check_trained("finish"); !usable.ok()) return usable;
    const status written = own.write(on_progress);
    (void)own.end(written.ok() ? status{error{errc::invalid_argument, "builder", "one that is not finished", "a finished one"}} : written);
    return written;
  }

  /// The whole of it, of the vectors in a file.
  /// @param options      index.dimension and reserve_rows are the file's, whatever they say
  /// @param keys         of each row; empty: the rows' numbers
  /// @param train_rows   as train() of a file
  /// @param on_progress  in thousandths of the whole
  /// @return  as the calls above; a vector that cannot be taken is named by its row
  /// Cost: reads the file twice where it does not fit memory, and writes as much to the temporary folder.
  [[nodiscard]] static status build(const char* path, const vector_file& vectors, ivf_build_options options, span<const std::uint64_t> keys = {},
                                    std::uint64_t train_rows = 0, progress on_progress = {}) noexcept {
    if (status fits = check_file(vectors, static_cast<std::size_t>(vectors.dimension())); !fits.ok()) return fits;
    if (!keys.empty() && keys.size() != vectors.rows()) return error{errc::invalid_argument, "keys.size", vectors.rows(), keys.size()};
    options.index.dimension = static_cast<std::size_t>(vectors.dimension());
    options.index.reserve_rows = static_cast<std::size_t>(vectors.rows());
    // A fifth is training, a half adding; bytes and rows are below 2^54.
    const auto report = [&](std::uint64_t from, std::uint64_t to, std::uint64_t done, std::uint64_t total) noexcept {
      return on_progress(from + (to - from) * done / total, 1000);
    };
    double trained_share = 0.0;
    const auto training = [&](std::uint64_t, std::uint64_t total) noexcept {
      if (total != 0) trained_share += (1.0 - trained_share) / 16;  // of iterations and parts, whose number is not known here
      return report(0, 200, static_cast<std::uint64_t>(trained_share * 200), 200);
    };
    const auto adding = [&](std::uint64_t done, std::uint64_t total) noexcept { return report(200, 700, done, total); };
    const auto finishing = [&](std::uint64_t done, std::uint64_t total) noexcept { return report(700, 1000, done, total); };
    auto made = create(path, options);
    if (!made.ok()) return made.error();
    const auto trained = made->train(vectors, train_rows, on_progress ? progress(training) : progress{});
    if (!trained.ok()) return trained.error();
    if (status added = made->add(vectors, keys, on_progress ? progress(adding) : progress{}); !added.ok()) return added;
    return made->finish(on_progress ? progress(finishing) : progress{});
  }

 private:
  static constexpr std::size_t least_memory_bytes = std::size_t{16} << 20;

  using state = detail::ivf_file_build;

  explicit ivf_pq_builder(state* made) noexcept : state_(made) {}

  [[nodiscard]] status check_untrained() const noexcept {
    if (status usable = state_->usable(); !usable.ok()) return usable;
    return state_->is_trained ? status{error{errc::invalid_argument, "train", "once", "a second time"}} : status{};
  }
  [[nodiscard]] status check_trained(const char* call) const noexcept {
    if (status usable = state_->usable(); !usable.ok()) return usable;
    return state_->is_trained ? status{} : status{error{errc::invalid_argument, call, "train first", "not trained yet"}};
  }
  [[nodiscard]] static status check_file(const vector_file& vectors, std::size_t dimension) noexcept {
    if (vectors.rows() > max_rows) return error{errc::limit_exceeded, "vectors.rows", max_rows, vectors.rows()};
    if (vectors.rows() == 0) return {};
    if (vectors.axes() != 2) return error{errc::dimension_mismatch, "vectors.axes", std::uint64_t{2}, std::uint64_t{vectors.axes()}};
    if (vectors.dimension() != dimension) return error{errc::dimension_mismatch, "vectors.dimension", dimension, vectors.dimension()};
    return {};
  }

  state* state_;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_INDEX_IVF_BUILDER_HPP

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
/// file is the one that an index with the same training and the same adds would save, byte for byte; it appears, whole,
/// when finish() has put everything on the device, and what stood at its path before stays until then. A builder that is
/// given up leaves nothing behind.
///
/// After an error of the disk or of memory inside add or finish every later call gives that error. After any other error
/// nothing was taken, and the builder goes on.
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
    auto file = file_writer::create(path);
    if (!file.ok()) return file.error();
    made->file = static_cast<file_writer&&>(*file);
    if (status named = made->name_folder(path, options.temporary_folder); !named.ok()) return named.error();
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
  [[nodiscard]] status train(const matrix_view& sample) noexcept {
    state& own = *state_;
    if (!own.failed.ok()) return own.failed;
    if (own.is_trained) return error{errc::invalid_argument, "train", "once", "a second time"};
    if (sample.rows == 0) return error{errc::invalid_argument, "sample.rows", "at least 1", sample.rows};
    if (status fits = detail::check_matrix(sample, own.layout.dimension, "sample"); !fits.ok()) return fits;
    buffer<float> units;
    if (status made = detail::unit_rows(sample, own.layout.metric, units); !made.ok()) return made;
    ivf_pq_options learned = own.options;
    if (learned.lists == 0) learned.lists = detail::usual_lists(learned.reserve_rows > sample.rows ? learned.reserve_rows : sample.rows, sample.rows);
    if (sample.rows < detail::fewest_to_train(learned)) {
      return error{errc::invalid_argument, "sample.rows", "at least", detail::fewest_to_train(learned), sample.rows};
    }
    const matrix_view rows = dense(units.data(), sample.rows, own.layout.dimension);
    if (status trained = own.model.train(rows, learned, own.threads, own.on_progress); !trained.ok()) return trained;
    if (status made = own.start_spill(); !made.ok()) return own.fail(made);
    own.is_trained = true;
    return {};
  }

  /// Takes vectors under new keys: all of a call or, on error, none.
  /// @param keys     shape [n], below reserved_key, none taken yet, none twice
  /// @param vectors  shape [n, dimension]
  /// @return  errc::invalid_argument (also before train), dimension_mismatch, not_finite, zero_vector (cosine),
  ///          duplicate_key or limit_exceeded with the row of the call; no_memory, no_space, io
  [[nodiscard]] status add(span<const std::uint64_t> keys, const matrix_view& vectors) noexcept {
    state& own = *state_;
    if (!own.failed.ok()) return own.failed;
    if (!own.is_trained) return error{errc::invalid_argument, "add", "train first", "not trained yet"};
    if (keys.size() != vectors.rows) return error{errc::invalid_argument, "keys.size", vectors.rows, keys.size()};
    if (keys.empty()) return {};
    if (keys.data() == nullptr) return error{errc::invalid_argument, "keys", "a pointer", "null"};
    if (status fits = detail::check_matrix(vectors, own.layout.dimension, "vectors"); !fits.ok()) return fits;
    if (keys.size() > max_rows - own.keys.size()) return error{errc::limit_exceeded, "rows", max_rows, own.keys.size() + keys.size()};
    const auto at_once = [&own](auto work, std::size_t count) noexcept -> status {
      for (std::size_t first = 0; first < count; first += own.rows_at_once) {
        const std::size_t some = count - first < own.rows_at_once ? count - first : own.rows_at_once;
        if (status done = work(first, some); !done.ok()) return done;
      }
      return {};
    };
    const auto part = [&](std::size_t first, std::size_t count) noexcept { return matrix_view{vectors.row(first), count, vectors.dimension, vectors.stride}; };
    const status checked = at_once([&](std::size_t first, std::size_t count) noexcept -> status {
      const auto norms = row_store::check_batch(own.layout, {keys.data() + first, count}, part(first, count));
      if (norms.ok()) return {};
      error why = norms.error();
      return why.row == error::no_row ? why : why.at_row(why.row + first);
    }, keys.size());
    if (!checked.ok()) return checked;
    if (status claimed = own.claim(keys); !claimed.ok()) return claimed;
    const status spilled = at_once([&](std::size_t first, std::size_t count) noexcept {
      return own.spill_rows({keys.data() + first, count}, part(first, count));
    }, keys.size());
    return spilled.ok() ? status{} : own.fail(spilled);
  }

  /// Vectors taken so far.
  [[nodiscard]] std::uint64_t size() const noexcept { return state_->keys.size(); }
  /// How many lists there are; 0 before train.
  [[nodiscard]] std::size_t lists() const noexcept { return state_->is_trained ? state_->model.list_count() : 0; }

  /// Brings rows into the order of lists and puts the file in place. Nothing but the destructor may be called after it.
  /// @return  errc::invalid_argument before train; no_space, io, permission_denied, no_memory, cancelled: then there is no file
  [[nodiscard]] status finish() noexcept {
    state& own = *state_;
    if (!own.failed.ok()) return own.failed;
    if (!own.is_trained) return error{errc::invalid_argument, "finish", "train first", "not trained yet"};
    const status written = own.write();
    (void)own.fail(written.ok() ? status{error{errc::invalid_argument, "builder", "one that is not finished", "a finished one"}} : written);
    return written;
  }

  /// The whole of it, of the vectors in a file: a sample from all over it is trained on; the keys are row numbers.
  /// @param options  index.dimension and reserve_rows are the file's, whatever they say
  /// @return  as the calls above, and vector_file's errors; a vector that cannot be taken is named by its row
  /// Cost: reads the file twice where it does not fit memory, and writes as much to the temporary folder.
  [[nodiscard]] static status build(const char* path, const vector_file& vectors, ivf_build_options options) noexcept {
    const std::uint64_t rows = vectors.rows();
    if (rows == 0) return error{errc::invalid_argument, "vectors.rows", "at least 1", rows};
    if (rows > max_rows) return error{errc::limit_exceeded, "vectors.rows", max_rows, rows};
    if (vectors.axes() != 2) return error{errc::dimension_mismatch, "vectors.axes", std::uint64_t{2}, vectors.axes()};
    if (vectors.dimension() > max_dimension) return error{errc::limit_exceeded, "dimension", max_dimension, vectors.dimension()};
    options.index.dimension = static_cast<std::size_t>(vectors.dimension());
    options.index.reserve_rows = static_cast<std::size_t>(rows);
    const progress whole = options.on_progress;
    const auto scaled = [&whole](double from, double to) noexcept {
      return [&whole, from, to](std::uint64_t done, std::uint64_t total) noexcept {
        const double share = total == 0 ? 1.0 : static_cast<double>(done) / static_cast<double>(total);
        return whole(static_cast<std::uint64_t>(steps * (from + (to - from) * share)), steps);
      };
    };
    double trained_share = 0.0;
    const auto training = [&](std::uint64_t, std::uint64_t) noexcept {
      trained_share += (1.0 - trained_share) / 16;  // of iterations and parts, whose number is not known here
      return whole(static_cast<std::uint64_t>(steps * 0.2 * trained_share), steps);
    };
    const auto adding = scaled(0.2, 0.7);
    const auto finishing = scaled(0.7, 1.0);
    if (whole) options.on_progress = progress(training);
    auto made = create(path, options);
    if (!made.ok()) return made.error();
    state& own = *made->state_;
    if (status trained = made->train_on(vectors); !trained.ok()) return trained;
    buffer<float> some;
    buffer<std::uint64_t> keys;
    if (status sized = some.resize(own.rows_at_once * own.layout.dimension); !sized.ok()) return sized;
    for (std::uint64_t first = 0; first < rows; first += own.rows_at_once) {
      if (whole && !adding(first, rows)) return errc::cancelled;
      const std::size_t count = rows - first < own.rows_at_once ? static_cast<std::size_t>(rows - first) : own.rows_at_once;
      if (status read = vectors.read_floats(first, count, some.data()); !read.ok()) return read;
      if (status sized = keys.resize(count); !sized.ok()) return sized;
      for (std::size_t i = 0; i < count; ++i) keys[i] = first + i;
      if (status added = made->add({keys.data(), count}, dense(some.data(), count, own.layout.dimension)); !added.ok()) {
        error why = added.error();
        return why.row == error::no_row ? why : why.at_row(why.row + first);
      }
    }
    if (whole) own.on_progress = progress(finishing);
    return made->finish();
  }

 private:
  static constexpr std::size_t least_memory_bytes = std::size_t{16} << 20;
  static constexpr std::uint64_t steps = 1000;

  using state = detail::ivf_file_build;

  explicit ivf_pq_builder(state* made) noexcept : state_(made) {}

  /// Trains on rows from all over a file: 256 a list, as far as four times as many floats fit the memory.
  [[nodiscard]] status train_on(const vector_file& vectors) noexcept {
    state& own = *state_;
    const std::uint64_t rows = vectors.rows();
    const std::size_t dimension = own.layout.dimension;
    const std::size_t lists = own.options.lists != 0 ? own.options.lists : detail::usual_lists(static_cast<std::size_t>(rows), static_cast<std::size_t>(rows));
    std::uint64_t count = std::uint64_t{detail::rows_trained_on} * lists;
    const std::uint64_t fit = own.memory_bytes / 4 / (dimension * sizeof(float));
    const std::uint64_t least = std::uint64_t{detail::rows_of_list} * lists;
    if (count > fit) count = fit > least ? fit : least;
    if (count > rows) count = rows;
    buffer<float> sample;
    if (status made = sample.resize(static_cast<std::size_t>(count) * dimension); !made.ok()) return made;
    const auto row_of = [&](std::uint64_t i) noexcept { return i * rows / count; };
    for (std::uint64_t i = 0; i < count; ++i) {
      if (status read = vectors.read_floats(row_of(i), 1, sample.data() + static_cast<std::size_t>(i) * dimension); !read.ok()) return read;
    }
    const status trained = train(dense(sample.data(), static_cast<std::size_t>(count), dimension));
    if (trained.ok() || trained.error().row == error::no_row) return trained;
    error why = trained.error();
    return why.at_row(row_of(why.row));
  }

  state* state_;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_INDEX_IVF_BUILDER_HPP

// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize/any_quantizer.hpp -- a quantiser of a kind that is chosen, or read from its bytes, at run time.
//
// Room:      quantizer_kind, quantizer_options, any_quantizer: training, packed codes of many rows and back, their distances.
// Not here:  what a kind is good for and how it is made (the header of each quantiser), distances of one query by tables that
//            are kept (likewise), rotations before a quantiser (quantize/learned_rotation.hpp).
// Depends:   core, simd, distance, the quantisers.
// Threads:   every call uses as many as it is told; every const function may be called from any number.
#ifndef ATLAS_QUANTIZE_ANY_QUANTIZER_HPP
#define ATLAS_QUANTIZE_ANY_QUANTIZER_HPP

#include <atlas/distance/code_distance.hpp>        // codes_block
#include <atlas/quantize/additive_quantizer.hpp>   // additive_quantizer
#include <atlas/quantize/bit_quantizer.hpp>        // bit_quantizer
#include <atlas/quantize/corrected_quantizer.hpp>  // corrected_quantizer
#include <atlas/quantize/product_quantizer.hpp>    // product_quantizer
#include <atlas/quantize/scalar_quantizer.hpp>     // scalar_quantizer

namespace atlas { inline namespace ATLAS_ABI {

namespace detail {
inline constexpr const char* quantizer_kinds = "1 product, 3 scalar, 4 additive, 5 corrected or 6 bits";
}

/// Numbers are those of saved quantisers and of the C ABI, and are never used again.
enum class quantizer_kind : std::uint8_t {
  product = static_cast<std::uint8_t>(detail::image_kind::product),
  scalar = static_cast<std::uint8_t>(detail::image_kind::scalar),
  additive = static_cast<std::uint8_t>(detail::image_kind::additive),
  corrected = static_cast<std::uint8_t>(detail::image_kind::corrected),
  bits = static_cast<std::uint8_t>(detail::image_kind::bits),
};

/// Options of any_quantizer::train. What another kind needs is not looked at.
struct quantizer_options {
  quantizer_kind kind = quantizer_kind::corrected;
  /// Of a code. Of product, additive and corrected no default: 2 * bytes parts or stages of 4 bits, bytes of 8. Those of scalar
  /// and bits follow from the dimension: 0.
  std::size_t bytes = 0;
  unsigned bits = 8;              ///< of product, scalar, additive: of a part's, component's or stage's code, 4 or 8
  std::uint32_t iterations = 25;  ///< of product, additive, corrected: times the centroids of parts move, 0 to 10,000
  std::size_t beam = 8;           ///< of additive: sums that go on from stage to stage, 1 to 64; also when encoding
  std::uint32_t rounds = 4;       ///< of additive: those that move all stages' centroids, 0 to 1,000
  std::uint64_t seed = 42;        ///< of every random choice
  std::size_t sample_rows = 0;    ///< at most so many rows train, all of bits; 0: as many as the kind's own default
  unsigned threads = 1;           ///< 0: all that the process may use
  progress on_progress = {};      ///< called with steps done: as the kind's own says; bits has none
};

/// Options of what a quantiser does with many rows.
struct coding_options {
  unsigned threads = 1;       ///< 0: all that the process may use; the answer is the same for any number
  progress on_progress = {};  ///< called on the calling thread with rows done, once for 2^14 of them or more
};

/// One of the five quantisers. A code is packed: code_bytes() of a row.
class any_quantizer {
 public:
  any_quantizer(product_quantizer&& made) noexcept      // NOLINT: any quantiser is one
      : kind_(quantizer_kind::product), product_(static_cast<product_quantizer&&>(made)) {}
  any_quantizer(scalar_quantizer&& made) noexcept       // NOLINT: likewise
      : kind_(quantizer_kind::scalar), scalar_(static_cast<scalar_quantizer&&>(made)) {}
  any_quantizer(additive_quantizer&& made) noexcept     // NOLINT: likewise
      : kind_(quantizer_kind::additive), additive_(static_cast<additive_quantizer&&>(made)) {}
  any_quantizer(corrected_quantizer&& made) noexcept    // NOLINT: likewise
      : kind_(quantizer_kind::corrected), corrected_(static_cast<corrected_quantizer&&>(made)) {}
  any_quantizer(bit_quantizer&& made) noexcept          // NOLINT: likewise
      : kind_(quantizer_kind::bits), bits_(static_cast<bit_quantizer&&>(made)) {}

  /// @param rows  shape [rows, dimension], finite, of all kinds but scalar of lengths at most 1e18
  /// @return      the errors of the kind's own train; errc::invalid_argument for bytes of a kind that takes none, or a sample
  ///              smaller than the centroids
  [[nodiscard]] static result<any_quantizer> train(const matrix_view& rows, const quantizer_options& options) noexcept {
    const std::size_t parts = options.bits == 4 && options.bytes <= max_dimension ? 2 * options.bytes : options.bytes;
    if (options.bytes == 0 && needs_bytes(options.kind)) {
      return error{errc::invalid_argument, "bytes", "at least 1", std::uint64_t{0}};
    }
    if (options.bytes != 0 && !needs_bytes(options.kind)) {
      return error{errc::invalid_argument, "bytes", "0, since they follow from the dimension", options.bytes};
    }
    switch (options.kind) {
      case quantizer_kind::product: {
        pq_options how{.parts = parts, .bits = options.bits, .iterations = options.iterations, .seed = options.seed};
        const std::size_t centroids = options.bits == 4 ? 16 : 256;
        if (options.sample_rows != 0 && options.sample_rows < centroids) {
          return error{errc::invalid_argument, "sample_rows", "0, or at least", centroids, options.sample_rows};
        }
        how.rows_a_centroid = options.sample_rows / centroids;
        return made_by<product_quantizer>(rows, how, options);
      }
      case quantizer_kind::scalar: return made_by<scalar_quantizer>(rows, sq_options{.bits = options.bits, .seed = options.seed}, options);
      case quantizer_kind::additive:
        return made_by<additive_quantizer>(rows, aq_options{.stages = parts, .bits = options.bits, .beam = options.beam, .iterations = options.iterations, .rounds = options.rounds, .seed = options.seed}, options);
      case quantizer_kind::corrected:
        return made_by<corrected_quantizer>(rows, corrected_options{.bytes = options.bytes, .iterations = options.iterations, .seed = options.seed}, options);
      case quantizer_kind::bits: return held(bit_quantizer::train(rows, {.seed = options.seed}));
    }
    return error{errc::invalid_argument, "kind", detail::quantizer_kinds, static_cast<std::uint64_t>(options.kind)};
  }
  /// From bytes that may be anything: of the kind that they say.
  /// @return  errc::corrupt_file, also for those of a rotation, unsupported_version, no_memory
  [[nodiscard]] static result<any_quantizer> load(span<const std::byte> bytes) noexcept {
    const auto header = detail::read_image_header(bytes);
    if (!header.ok()) return header.error();
    switch (header->kind) {
      case detail::image_kind::product: return held(product_quantizer::load(bytes));
      case detail::image_kind::scalar: return held(scalar_quantizer::load(bytes));
      case detail::image_kind::additive: return held(additive_quantizer::load(bytes));
      case detail::image_kind::corrected: return held(corrected_quantizer::load(bytes));
      case detail::image_kind::bits: return held(bit_quantizer::load(bytes));
      case detail::image_kind::rotation:
      case detail::image_kind::random_rotation: break;
    }
    return error{errc::corrupt_file, "quantizer.kind", detail::quantizer_kinds, static_cast<std::uint64_t>(header->kind)};
  }

  [[nodiscard]] quantizer_kind kind() const noexcept { return kind_; }
  /// Calls `call(quantiser)` with the one held, whatever its kind; all calls must give the same type.
  template <class Call>
  auto visit(Call call) const noexcept {
    switch (kind_) {
      case quantizer_kind::scalar: return call(scalar_);
      case quantizer_kind::additive: return call(additive_);
      case quantizer_kind::corrected: return call(corrected_);
      case quantizer_kind::bits: return call(bits_);
      case quantizer_kind::product: break;
    }
    return call(product_);
  }
  [[nodiscard]] std::size_t dimension() const noexcept {
    return visit([](const auto& made) { return made.dimension(); });
  }
  /// Bytes of a vector's code.
  [[nodiscard]] std::size_t code_bytes() const noexcept {
    return visit([](const auto& made) { return made.code_bytes(); });
  }

  /// @param rows   shape [rows, dimension()], finite, lengths at most 1e18
  /// @param codes  shape [rows.rows, code_bytes()]
  /// @return       errc::invalid_argument, dimension_mismatch, limit_exceeded; or with some codes written no_memory, cancelled
  /// Cost: as the kind says of itself.
  [[nodiscard]] status encode(const matrix_view& rows, std::uint8_t* codes, const coding_options& options = {}) const noexcept {
    if (status checked = detail::check_rows_of(rows, dimension()); !checked.ok()) return checked;
    if (rows.rows != 0 && codes == nullptr) return error{errc::invalid_argument, "codes", "a pointer", "null"};
    return in_blocks(rows.rows, options, [&](std::size_t first, std::size_t count) {
      return encode_block(rows.subrows(first, count), codes + first * code_bytes(), options.threads);
    });
  }
  /// @param codes  shape [rows, code_bytes()], any bytes
  /// @param rows   shape [codes.rows, dimension()]: what the codes stand for
  /// @return       errc::invalid_argument, dimension_mismatch; or with some rows written no_memory, cancelled
  [[nodiscard]] status decode(const basic_matrix_view<std::uint8_t>& codes, float* rows, const coding_options& options = {}) const noexcept {
    if (status checked = check_codes(codes); !checked.ok()) return checked;
    if (codes.rows != 0 && rows == nullptr) return error{errc::invalid_argument, "rows", "a pointer", "null"};
    thread_pool pool(options.threads);
    return in_blocks(codes.rows, options, [&](std::size_t first, std::size_t count) {
      return in_tasks(pool, count, 256, [&](std::size_t at, std::size_t some) {
        return decode_block(codes.subrows(first + at, some), rows + (first + at) * dimension());
      });
    });
  }
  /// Of rows and what their codes stand for.
  /// @return  errc::invalid_argument, dimension_mismatch, limit_exceeded, no_memory, cancelled
  [[nodiscard]] result<quantization_error> error_of(const matrix_view& rows, const coding_options& options = {}) const noexcept {
    if (status checked = detail::check_rows_of(rows, dimension()); !checked.ok()) return checked.error();
    quantization_error sum;
    double whole = 0;
    const status done = in_blocks(rows.rows, options, [&](std::size_t first, std::size_t count) {
      return add_losses(rows.subrows(first, count), options.threads, sum.mean_squared, whole);
    });
    if (!done.ok()) return done.error();
    sum.share = whole > 0 ? sum.mean_squared / whole : 0.0;
    if (rows.rows != 0) sum.mean_squared /= static_cast<double>(rows.rows);
    return sum;
  }
  /// Squared L2 distances of queries to rows by their codes: of product, scalar and additive those to what the codes stand for, of
  /// corrected and bits estimates of those to the rows themselves, some of which are below 0 where rows are near.
  /// @param queries  shape [queries, dimension()], finite
  /// @param codes    shape [rows, code_bytes()], any bytes
  /// @param out      shape [queries.rows, codes.rows]
  /// @param errors   null, or of bits alone the same shape: a standard deviation of each estimate, at most
  /// @return         errc::invalid_argument, dimension_mismatch, limit_exceeded, or with some distances written no_memory
  /// A distance has the same bits in any batch, with any number of threads.
  /// Cost: a query's tables, then as many look-ups a row as a code has bytes, of scalar codes a decoded row for all queries.
  [[nodiscard]] status distances(const matrix_view& queries, const basic_matrix_view<std::uint8_t>& codes, float* out, float* errors = nullptr,
                                 unsigned threads = 1) const noexcept {
    if (status checked = detail::check_rows_of(queries, dimension()); !checked.ok()) return checked;
    if (status checked = check_codes(codes); !checked.ok()) return checked;
    if (errors != nullptr && kind_ != quantizer_kind::bits) {
      return error{errc::invalid_argument, "errors", "null, since one-bit codes alone have them", "a pointer"};
    }
    if (queries.rows == 0 || codes.rows == 0) return {};
    if (out == nullptr) return error{errc::invalid_argument, "out", "a pointer", "null"};
    if (codes.rows > static_cast<std::size_t>(PTRDIFF_MAX) / sizeof(float) / queries.rows) {
      return error{errc::limit_exceeded, "codes.rows", "at most", static_cast<std::size_t>(PTRDIFF_MAX) / sizeof(float) / queries.rows, codes.rows};
    }
    thread_pool pool(threads);
    if (kind_ == quantizer_kind::scalar) return scalar_distances(queries, codes, out, pool);
    buffer<float> squares;
    if (kind_ == quantizer_kind::additive) {
      if (status sized = squares.resize(codes.rows); !sized.ok()) return sized;
      if (status summed = squared_lengths(codes, squares.data(), pool); !summed.ok()) return summed;
    }
    // A query is a task, unless there are too few: then a share of its rows is, whose task makes the tables again.
    const std::size_t threads_of_query = (pool.thread_count() + queries.rows - 1) / queries.rows;
    const std::size_t even_share = (codes.rows + threads_of_query - 1) / threads_of_query;
    const std::size_t share = even_share > least_share ? even_share : codes.rows < least_share ? codes.rows : least_share;
    const std::size_t shares = (codes.rows + share - 1) / share;
    return in_tasks(pool, queries.rows * shares, 1, [&](std::size_t task, std::size_t) {
      const std::size_t first = task % shares * share;
      const std::size_t count = codes.rows - first < share ? codes.rows - first : share;
      const std::size_t at = task / shares * codes.rows + first;
      return distances_of(queries.row(task / shares), codes.subrows(first, count), squares.data() + first, out + at, errors == nullptr ? nullptr : errors + at);
    });
  }

  /// Appends the quantiser as bytes (quantize/quantizer_image.hpp), as its own save does.
  /// @return  errc::no_memory; `out` is then as it was
  [[nodiscard]] status save(buffer<std::byte>& out) const noexcept {
    return visit([&](const auto& made) { return made.save(out); });
  }

 private:
  static constexpr std::size_t block_rows = std::size_t{1} << 14;
  static constexpr std::size_t least_share = 4096;  ///< rows that are worth a query's tables

  [[nodiscard]] static bool needs_bytes(quantizer_kind kind) noexcept {
    return kind == quantizer_kind::product || kind == quantizer_kind::additive || kind == quantizer_kind::corrected;
  }
  template <class Quantizer>
  [[nodiscard]] static result<any_quantizer> held(result<Quantizer>&& made) noexcept {
    if (!made.ok()) return made.error();
    return any_quantizer(static_cast<Quantizer&&>(*made));
  }
  template <class Quantizer, class Options>
  [[nodiscard]] static result<any_quantizer> made_by(const matrix_view& rows, Options how, const quantizer_options& options) noexcept {
    how.threads = options.threads;
    how.on_progress = options.on_progress;
    if constexpr (requires { how.sample_rows; }) {
      if (options.sample_rows != 0) how.sample_rows = options.sample_rows;
    }
    return held(Quantizer::train(rows, how));
  }

  [[nodiscard]] status check_codes(const basic_matrix_view<std::uint8_t>& codes) const noexcept {
    if (status checked = detail::check_block(any_matrix_view::of(codes), detail::codes_block); !checked.ok()) return checked;
    if (codes.rows != 0 && codes.dimension != code_bytes()) {
      return error{errc::dimension_mismatch, detail::codes_block.dimension, code_bytes(), codes.dimension};
    }
    return {};
  }
  /// @param work  status(std::size_t first, std::size_t count): blocks after each other
  template <class Work>
  [[nodiscard]] static status in_blocks(std::size_t rows, const coding_options& options, const Work& work) noexcept {
    for (std::size_t first = 0; first < rows; first += block_rows) {
      const std::size_t count = rows - first < block_rows ? rows - first : block_rows;
      if (status done = work(first, count); !done.ok()) return done;
      if (options.on_progress && !options.on_progress(first + count, rows)) return errc::cancelled;
    }
    return {};
  }
  /// @param work  status(std::size_t first, std::size_t count), which fails for want of memory alone: on all threads
  template <class Work>
  [[nodiscard]] static status in_tasks(thread_pool& pool, std::size_t rows, std::size_t task_rows, const Work& work) noexcept {
    atomic<bool> has_failed{false};
    const status ran = pool.run((rows + task_rows - 1) / task_rows, [&](std::size_t task, unsigned) {
      const std::size_t first = task * task_rows;
      const std::size_t count = rows - first < task_rows ? rows - first : task_rows;
      if (!has_failed.load_acquire() && !work(first, count).ok()) has_failed.store_release(true);
    });
    if (!ran.ok()) return ran;
    return has_failed.load_acquire() ? status{error{errc::no_memory, "tables of codes"}} : status{};
  }

  [[nodiscard]] status encode_block(const matrix_view& rows, std::uint8_t* codes, unsigned threads) const noexcept {
    switch (kind_) {
      case quantizer_kind::product: return encode_and_pack(product_, product_.parts(), rows, codes, threads);
      case quantizer_kind::additive: return encode_and_pack(additive_, additive_.stages(), rows, codes, threads);
      case quantizer_kind::scalar: return scalar_.encode(rows, codes, threads);
      case quantizer_kind::corrected: return corrected_.encode(rows, codes, threads);
      case quantizer_kind::bits: break;
    }
    return bits_.encode(rows, codes, threads);
  }
  template <class Quantizer>
  [[nodiscard]] static status encode_and_pack(const Quantizer& made, std::size_t numbers, const matrix_view& rows, std::uint8_t* codes,
                                              unsigned threads) noexcept {
    if (made.bits() == 8) return made.encode(rows, codes, threads);
    buffer<std::uint8_t> loose;
    if (status sized = loose.resize(rows.rows * numbers); !sized.ok()) return sized;
    if (status encoded = made.encode(rows, loose.data(), threads); !encoded.ok()) return encoded;
    for (std::size_t row = 0; row < rows.rows; ++row) made.pack(loose.data() + row * numbers, codes + row * made.code_bytes());
    return {};
  }
  [[nodiscard]] status decode_block(const basic_matrix_view<std::uint8_t>& codes, float* rows) const noexcept {
    buffer<std::uint8_t> loose;
    buffer<float> turned;
    status sized = loose.resize(kind_ == quantizer_kind::product ? product_.parts() : additive_.stages());
    if (sized.ok() && kind_ == quantizer_kind::bits) sized = turned.resize(bits_.padded());
    if (!sized.ok()) return sized;
    for (std::size_t i = 0; i < codes.rows; ++i) {
      const std::uint8_t* const code = codes.row(i);
      float* const row = rows + i * dimension();
      switch (kind_) {
        case quantizer_kind::product:
          product_.unpack(code, loose.data());
          product_.decode(loose.data(), row);
          break;
        case quantizer_kind::additive:
          additive_.unpack(code, loose.data());
          additive_.decode(loose.data(), row);
          break;
        case quantizer_kind::scalar: scalar_.decode(code, row); break;
        case quantizer_kind::corrected: corrected_.decode(code, row); break;
        case quantizer_kind::bits:
          bits_.decode(code, turned.data());
          std::memcpy(row, turned.data(), dimension() * sizeof(float));
          break;
      }
    }
    return {};
  }
  [[nodiscard]] status add_losses(const matrix_view& rows, unsigned threads, double& lost, double& whole) const noexcept {
    buffer<std::uint8_t> codes;
    buffer<float> decoded;
    status done = codes.resize(rows.rows * code_bytes());
    if (done.ok()) done = decoded.resize(rows.rows * dimension());
    if (done.ok()) done = encode_block(rows, codes.data(), threads);
    if (done.ok()) done = decode({codes.data(), rows.rows, code_bytes(), code_bytes()}, decoded.data(), {.threads = threads});
    if (!done.ok()) return done;
    for (std::size_t row = 0; row < rows.rows; ++row) {
      for (std::size_t i = 0; i < dimension(); ++i) {
        const auto component = static_cast<double>(rows.row(row)[i]);
        const double difference = component - static_cast<double>(decoded.data()[row * dimension() + i]);
        lost += difference * difference;
        whole += component * component;
      }
    }
    return {};
  }

  [[nodiscard]] status squared_lengths(const basic_matrix_view<std::uint8_t>& codes, float* out, thread_pool& pool) const noexcept {
    return in_tasks(pool, codes.rows, 1024, [&](std::size_t first, std::size_t count) -> status {
      buffer<std::uint8_t> loose;
      if (status sized = loose.resize(additive_.stages()); !sized.ok()) return sized;
      for (std::size_t row = first; row < first + count; ++row) {
        additive_.unpack(codes.row(row), loose.data());
        out[row] = additive_.squared_length(loose.data());
      }
      return {};
    });
  }
  /// A block of decoded rows serves all queries.
  [[nodiscard]] status scalar_distances(const matrix_view& queries, const basic_matrix_view<std::uint8_t>& codes, float* out,
                                        thread_pool& pool) const noexcept {
    return in_tasks(pool, codes.rows, 64, [&](std::size_t first, std::size_t count) -> status {
      buffer<float> decoded;
      if (status sized = decoded.resize(count * dimension()); !sized.ok()) return sized;
      for (std::size_t i = 0; i < count; ++i) scalar_.decode(codes.row(first + i), decoded.data() + i * dimension());
      for (std::size_t query = 0; query < queries.rows; ++query) {
        kernels().l2sq[kernels_v1::f32_f32](queries.row(query), decoded.data(), dimension() * sizeof(float), nullptr, count, dimension(),
                                            out + query * codes.rows + first);
      }
      return {};
    });
  }
  /// @param squares  of additive codes: the squared length of each
  [[nodiscard]] status distances_of(const float* query, const basic_matrix_view<std::uint8_t>& codes, const float* squares, float* out,
                                    float* errors) const noexcept {
    if (kind_ == quantizer_kind::bits) {
      bit_quantizer::query_tables tables;
      if (status made = bits_.prepare(query, tables); !made.ok()) return made;
      const std::size_t at_once = codes.stride == codes.dimension ? codes.rows : 1;
      for (std::size_t row = 0; row < codes.rows; row += at_once) {
        bits_.estimate(tables, codes.row(row), at_once, out + row, errors == nullptr ? nullptr : errors + row);
      }
      return {};
    }
    buffer<float> tables;
    const bool is_additive = kind_ == quantizer_kind::additive;
    const std::size_t parts = is_additive ? additive_.stages() : kind_ == quantizer_kind::product ? product_.parts() : corrected_.code_bytes();
    const unsigned bits = is_additive ? additive_.bits() : kind_ == quantizer_kind::product ? product_.bits() : 8;
    status done = tables.resize(parts << bits);
    if (!done.ok()) return done;
    if (is_additive) {
      additive_.inner_product_tables(query, tables.data());
    } else if (kind_ == quantizer_kind::product) {
      product_.distance_tables(query, tables.data());
    } else {
      done = corrected_.distance_tables(query, tables.data());
    }
    if (done.ok()) done = detail::sum_packed(tables.data(), parts, bits, codes.data, codes.stride, codes.rows, out);
    if (!done.ok() || !is_additive) return done;
    float length = 0.0F;
    kernels().dot[kernels_v1::f32_f32](query, query, 0, nullptr, 1, dimension(), &length);
    for (std::size_t row = 0; row < codes.rows; ++row) {
      const double distance = static_cast<double>(length) + static_cast<double>(squares[row]) - 2 * static_cast<double>(out[row]);
      out[row] = distance < 0 ? 0.0F : static_cast<float>(distance);
    }
    return {};
  }

  quantizer_kind kind_;  ///< which of these is held; the others are of dimension 0
  product_quantizer product_{};
  scalar_quantizer scalar_{};
  additive_quantizer additive_{};
  corrected_quantizer corrected_{};
  bit_quantizer bits_{};
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_QUANTIZE_ANY_QUANTIZER_HPP

// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize/any_quantizer.hpp -- a quantiser of a kind that is chosen, or read from its bytes, at run time.
//
// Room:      any_quantizer: training, packed codes of many rows and back, their distances.
// Not here:  what a kind is good for and how it is made (the header of each quantiser), distances of one query by tables that
//            are kept (likewise), rotations before a quantiser (quantize/learned_rotation.hpp).
// Depends:   core, simd, distance, the quantisers.
// Threads:   every call uses as many as it is told; every const function may be called from any number.
#ifndef ATLAS_QUANTIZE_ANY_QUANTIZER_HPP
#define ATLAS_QUANTIZE_ANY_QUANTIZER_HPP

#include <atlas/distance/code_distance.hpp>        // codes_block
#include <atlas/quantize/additive_quantizer.hpp>   // additive_quantizer
#include <atlas/quantize/bit_quantizer.hpp>        // bit_quantizer
#include <atlas/quantize/centroid_search.hpp>      // check_lengths
#include <atlas/quantize/corrected_quantizer.hpp>  // corrected_quantizer
#include <atlas/quantize/product_quantizer.hpp>    // product_quantizer
#include <atlas/quantize/quantizer_options.hpp>    // quantizer_options
#include <atlas/quantize/row_tasks.hpp>            // for_row_tasks
#include <atlas/quantize/scalar_quantizer.hpp>     // scalar_quantizer

namespace atlas { inline namespace ATLAS_ABI {

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

  /// @param rows  shape [rows, dimension], finite, lengths at most 1e18
  /// @return      the errors of the kind's own train; errc::invalid_argument for code_bytes or bits that the kind does not take,
  ///              or a sample smaller than the centroids
  [[nodiscard]] static result<any_quantizer> train(const matrix_view& rows, const quantizer_options& options) noexcept {
    if (status checked = detail::check_quantizer(rows, options); !checked.ok()) return checked.error();
    const std::size_t parts = detail::parts_of(options, rows.dimension);
    switch (options.kind) {
      case quantizer_kind::product: {
        const std::size_t rows_a_centroid = options.sample_rows >> options.bits;
        return made_by<product_quantizer>(rows, pq_options{.parts = parts, .bits = options.bits, .iterations = options.iterations, .seed = options.seed, .rows_a_centroid = rows_a_centroid}, options);
      }
      case quantizer_kind::scalar: return made_by<scalar_quantizer>(rows, sq_options{.bits = options.bits, .seed = options.seed}, options);
      case quantizer_kind::additive:
        return made_by<additive_quantizer>(rows, aq_options{.stages = parts, .bits = options.bits, .beam = options.beam, .iterations = options.iterations, .rounds = options.rounds, .seed = options.seed}, options);
      case quantizer_kind::corrected:
        return made_by<corrected_quantizer>(rows, corrected_options{.code_bytes = options.code_bytes, .iterations = options.iterations, .seed = options.seed}, options);
      case quantizer_kind::bits: break;
    }
    return held(bit_quantizer::train(rows, {.seed = options.seed}));
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
  /// @param codes  shape [rows.rows, code_bytes()], apart from the rows
  /// @return       errc::invalid_argument, dimension_mismatch, limit_exceeded and with the row not_finite and limit_exceeded;
  ///               or with some codes written no_memory, cancelled
  /// A row has the same code in any block. Cost: as the kind says of itself.
  [[nodiscard]] status encode(const matrix_view& rows, std::uint8_t* codes, const coding_options& options = {}) const noexcept {
    if (status checked = check_rows(rows); !checked.ok()) return checked;
    const any_matrix_view any_rows = any_matrix_view::of(rows);
    if (status checked = check_out(codes, "codes", rows.rows, code_bytes(), any_rows, detail::rows_block); !checked.ok()) return checked;
    return detail::for_row_tasks(rows.rows, task_rows(), report_rows(), options, [&](std::size_t first, std::size_t count) {
      return encode_some(rows.subrows(first, count), codes + first * code_bytes());
    });
  }
  /// @param codes  shape [rows, code_bytes()], any bytes
  /// @param rows   shape [codes.rows, dimension()], apart from the codes: what these stand for
  /// @return       errc::invalid_argument, dimension_mismatch, limit_exceeded; or with some rows written no_memory, cancelled
  [[nodiscard]] status decode(const basic_matrix_view<std::uint8_t>& codes, float* rows, const coding_options& options = {}) const noexcept {
    if (status checked = check_codes(codes); !checked.ok()) return checked;
    const any_matrix_view any_codes = any_matrix_view::of(codes);
    if (status checked = check_out(rows, "rows", codes.rows, dimension(), any_codes, detail::codes_block); !checked.ok()) return checked;
    return detail::for_row_tasks(codes.rows, fast_task_rows, fast_report_rows, options, [&](std::size_t first, std::size_t count) {
      return decode_some(codes.subrows(first, count), rows + first * dimension());
    });
  }
  /// Of rows and what their codes stand for.
  /// @param rows  as encode takes
  /// @return      the errors of encode
  [[nodiscard]] result<quantization_error> error_of(const matrix_view& rows, const coding_options& options = {}) const noexcept {
    if (status checked = check_rows(rows); !checked.ok()) return checked.error();
    const std::size_t of_task = task_rows();
    buffer<double> sums;  // of each task: what is lost, and the whole
    status done = sums.resize_zeroed(2 * (rows.rows / of_task + 1));
    if (done.ok()) {
      done = detail::for_row_tasks(rows.rows, of_task, report_rows(), options, [&](std::size_t first, std::size_t count) {
        return add_losses(rows.subrows(first, count), sums.data() + 2 * (first / of_task));
      });
    }
    if (!done.ok()) return done.error();
    double lost = 0;
    double whole = 0;
    for (std::size_t i = 0; i < sums.size(); i += 2) {
      lost += sums.data()[i];
      whole += sums.data()[i + 1];
    }
    if (rows.rows == 0) return quantization_error{};
    return quantization_error{lost / static_cast<double>(rows.rows), whole == 0 ? 0.0 : lost / whole};
  }
  /// Squared L2 distances of queries to rows by their codes: of product, scalar and additive those to what the codes stand for, of
  /// corrected and bits estimates of those to the rows themselves, some of which are below 0 where rows are near.
  /// @param queries  shape [queries, dimension()]
  /// @param codes    shape [rows, code_bytes()], any bytes
  /// @param out      shape [queries.rows, codes.rows], apart from all others
  /// @param errors   null, or of bits alone likewise: a standard deviation of each estimate, at most
  /// @param options  progress is told steps
  /// @return         errc::invalid_argument, dimension_mismatch, limit_exceeded; or with some distances written no_memory, cancelled
  /// A distance has the same bits in any batch, with any number of threads.
  /// Cost: a query's tables, as many operations as 10,000 rows or so take, then a look-up a row for each byte of a code; of scalar
  /// and additive codes a decoded row for all queries.
  [[nodiscard]] status distances(const matrix_view& queries, const basic_matrix_view<std::uint8_t>& codes, float* out, float* errors = nullptr,
                                 const coding_options& options = {}) const noexcept {
    const any_matrix_view any_queries = any_matrix_view::of(queries);
    if (status checked = detail::check_block(any_queries, detail::queries_block); !checked.ok()) return checked;
    if (queries.rows != 0 && queries.dimension != dimension()) {
      return error{errc::dimension_mismatch, detail::queries_block.dimension, dimension(), queries.dimension};
    }
    if (status checked = check_codes(codes); !checked.ok()) return checked;
    if (errors != nullptr && kind_ != quantizer_kind::bits) {
      return error{errc::invalid_argument, "errors", "null, since one-bit codes alone have them", "a pointer"};
    }
    if (queries.rows == 0 || codes.rows == 0) return {};
    const any_matrix_view any_codes = any_matrix_view::of(codes);
    status checked = check_out(out, "out", queries.rows, codes.rows, any_queries, detail::queries_block);
    if (checked.ok()) checked = check_out(out, "out", queries.rows, codes.rows, any_codes, detail::codes_block);
    if (checked.ok() && errors != nullptr) checked = check_out(errors, "errors", queries.rows, codes.rows, any_queries, detail::queries_block);
    if (checked.ok() && errors != nullptr) checked = check_out(errors, "errors", queries.rows, codes.rows, any_codes, detail::codes_block);
    if (checked.ok() && errors != nullptr) {
      const std::size_t all = queries.rows * codes.rows;
      checked = check_out(errors, "errors", queries.rows, codes.rows, {out, 1, all, all, scalar::f32}, {"out", "", "", "", ""});
    }
    if (!checked.ok()) return checked;
    if (kind_ == quantizer_kind::scalar || kind_ == quantizer_kind::additive) return decoded_distances(queries, codes, out, options);
    // A task is a query, or a share of its rows if they are many: then the tables are made again, which are small beside it.
    const std::size_t share = codes.rows < most_share ? codes.rows : most_share;
    const std::size_t shares = (codes.rows + share - 1) / share;
    const std::size_t of_report = look_ups_of_report / ((share + 10'000) * code_bytes()) + 1;
    return detail::for_row_tasks(queries.rows * shares, 1, of_report, options, [&](std::size_t task, std::size_t) {
      const std::size_t first = task % shares * share;
      const std::size_t count = codes.rows - first < share ? codes.rows - first : share;
      const std::size_t at = task / shares * codes.rows + first;
      return table_distances(queries.row(task / shares), codes.subrows(first, count), out + at, errors == nullptr ? nullptr : errors + at);
    });
  }

  /// Appends the quantiser as bytes (quantize/quantizer_image.hpp), as its own save does.
  /// @return  errc::no_memory; `out` is then as it was
  [[nodiscard]] status save(buffer<std::byte>& out) const noexcept {
    return visit([&](const auto& made) { return made.save(out); });
  }

 private:
  // Rows of a task, and about as many of each thread between two reports.
  static constexpr std::size_t fast_task_rows = 1024;
  static constexpr std::size_t fast_report_rows = 4096;
  static constexpr std::size_t most_share = std::size_t{1} << 17;
  static constexpr std::size_t look_ups_of_report = std::size_t{1} << 28;

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

  [[nodiscard]] status check_rows(const matrix_view& rows) const noexcept {
    if (status checked = detail::check_rows_of(rows, dimension()); !checked.ok()) return checked;
    return detail::check_lengths(rows, "rows");
  }
  [[nodiscard]] status check_codes(const basic_matrix_view<std::uint8_t>& codes) const noexcept {
    if (status checked = detail::check_block(any_matrix_view::of(codes), detail::codes_block); !checked.ok()) return checked;
    if (codes.rows != 0 && codes.dimension != code_bytes()) {
      return error{errc::dimension_mismatch, detail::codes_block.dimension, code_bytes(), codes.dimension};
    }
    return {};
  }
  /// An output of [rows, columns], apart from an input.
  template <class Element>
  [[nodiscard]] static status check_out(const Element* out, const char* field, std::size_t rows, std::size_t columns,
                                        const any_matrix_view& input, const detail::block_fields& fields) noexcept {
    if (rows == 0) return {};
    if (out == nullptr) return error{errc::invalid_argument, field, "a pointer", "null"};
    const std::size_t most = static_cast<std::size_t>(PTRDIFF_MAX) / sizeof(Element) / columns;
    if (rows > most) return error{errc::limit_exceeded, field, "rows of at most", most, rows};
    return detail::check_apart(out, rows * columns * sizeof(Element), field, input, fields);
  }

  /// Rows that about a twentieth of a second goes to are reported.
  [[nodiscard]] std::size_t report_rows() const noexcept {
    if (kind_ != quantizer_kind::additive) return fast_report_rows;
    constexpr std::size_t additions = std::size_t{1} << 26;
    const std::size_t of_row = additive_.beam() * additive_.stages() * additive_.stages() / 2 * additive_.centroids() + 1;
    const std::size_t rows = additions / of_row + 1;
    return rows < fast_report_rows ? rows : fast_report_rows;
  }
  [[nodiscard]] std::size_t task_rows() const noexcept {
    const std::size_t rows = report_rows() / 4 + 1;
    return kind_ == quantizer_kind::additive && rows < fast_task_rows ? rows : fast_task_rows;
  }

  [[nodiscard]] status encode_some(const matrix_view& rows, std::uint8_t* codes) const noexcept {
    switch (kind_) {
      case quantizer_kind::product: return encode_and_pack(product_, product_.parts(), rows, codes);
      case quantizer_kind::additive: return encode_and_pack(additive_, additive_.stages(), rows, codes);
      case quantizer_kind::scalar: return scalar_.encode(rows, codes);
      case quantizer_kind::corrected: return corrected_.encode(rows, codes);
      case quantizer_kind::bits: break;
    }
    return bits_.encode(rows, codes);
  }
  template <class Quantizer>
  [[nodiscard]] static status encode_and_pack(const Quantizer& made, std::size_t numbers, const matrix_view& rows, std::uint8_t* codes) noexcept {
    if (made.bits() == 8) return made.encode(rows, codes);
    buffer<std::uint8_t> loose;
    if (status sized = loose.resize(rows.rows * numbers); !sized.ok()) return sized;
    if (status encoded = made.encode(rows, loose.data()); !encoded.ok()) return encoded;
    for (std::size_t row = 0; row < rows.rows; ++row) made.pack(loose.data() + row * numbers, codes + row * made.code_bytes());
    return {};
  }
  [[nodiscard]] status decode_some(const basic_matrix_view<std::uint8_t>& codes, float* rows) const noexcept {
    if (kind_ == quantizer_kind::corrected) return corrected_.decode(codes, rows);
    buffer<std::uint8_t> loose;
    buffer<float> turned;
    status sized = loose.resize(kind_ == quantizer_kind::product ? product_.parts() : additive_.stages());
    if (sized.ok() && kind_ == quantizer_kind::bits) sized = turned.resize(bits_.padded());
    if (!sized.ok()) return sized;
    for (std::size_t i = 0; i < codes.rows; ++i) {
      const std::uint8_t* const code = codes.row(i);
      float* const row = rows + i * dimension();
      if (kind_ == quantizer_kind::product) {
        product_.unpack(code, loose.data());
        product_.decode(loose.data(), row);
      } else if (kind_ == quantizer_kind::additive) {
        additive_.unpack(code, loose.data());
        additive_.decode(loose.data(), row);
      } else if (kind_ == quantizer_kind::scalar) {
        scalar_.decode(code, row);
      } else {
        bits_.decode(code, turned.data());
        std::memcpy(row, turned.data(), dimension() * sizeof(float));
      }
    }
    return {};
  }
  /// @param sums  [2]: what is lost, and the whole
  [[nodiscard]] status add_losses(const matrix_view& rows, double* sums) const noexcept {
    buffer<std::uint8_t> codes;
    buffer<float> decoded;
    status done = codes.resize(rows.rows * code_bytes());
    if (done.ok()) done = decoded.resize(rows.rows * dimension());
    if (done.ok()) done = encode_some(rows, codes.data());
    if (done.ok()) done = decode_some({codes.data(), rows.rows, code_bytes(), code_bytes()}, decoded.data());
    if (!done.ok()) return done;
    for (std::size_t row = 0; row < rows.rows; ++row) {
      for (std::size_t i = 0; i < dimension(); ++i) {
        const auto component = static_cast<double>(rows.row(row)[i]);
        const double difference = component - static_cast<double>(decoded.data()[row * dimension() + i]);
        sums[0] += difference * difference;
        sums[1] += component * component;
      }
    }
    return {};
  }

  /// A task is a block of rows, which are decoded, and some queries. Sums of centroids far from the origin would cancel out of
  /// tables' products.
  [[nodiscard]] status decoded_distances(const matrix_view& queries, const basic_matrix_view<std::uint8_t>& codes, float* out,
                                         const coding_options& options) const noexcept {
    constexpr std::size_t block_rows = 64;
    constexpr std::size_t most_queries = 256;
    const std::size_t blocks = (codes.rows + block_rows - 1) / block_rows;
    const std::size_t groups = (queries.rows + most_queries - 1) / most_queries;
    const std::size_t of_report = look_ups_of_report / (block_rows * most_queries * dimension()) + 1;
    return detail::for_row_tasks(blocks * groups, 1, of_report, options, [&](std::size_t task, std::size_t) {
      const std::size_t first = task % blocks * block_rows;
      const std::size_t count = codes.rows - first < block_rows ? codes.rows - first : block_rows;
      buffer<float> decoded;
      status done = decoded.resize(count * dimension());
      if (done.ok()) done = decode_some(codes.subrows(first, count), decoded.data());
      if (!done.ok()) return done;
      const std::size_t begin = task / blocks * most_queries;
      const std::size_t end = queries.rows - begin < most_queries ? queries.rows : begin + most_queries;
      for (std::size_t query = begin; query < end; ++query) {
        kernels().l2sq[kernels_v1::f32_f32](queries.row(query), decoded.data(), dimension() * sizeof(float), nullptr, count, dimension(),
                                            out + query * codes.rows + first);
      }
      return done;
    });
  }
  [[nodiscard]] status table_distances(const float* query, const basic_matrix_view<std::uint8_t>& codes, float* out, float* errors) const noexcept {
    if (kind_ == quantizer_kind::bits) {
      bit_quantizer::query_tables tables;
      if (status made = bits_.prepare(query, tables); !made.ok()) return made;
      const std::size_t at_once = codes.stride == codes.dimension ? codes.rows : 1;
      for (std::size_t row = 0; row < codes.rows; row += at_once) {
        bits_.estimate(tables, codes.row(row), at_once, out + row, errors == nullptr ? nullptr : errors + row);
      }
      return {};
    }
    const bool is_product = kind_ == quantizer_kind::product;
    const std::size_t parts = is_product ? product_.parts() : corrected_.code_bytes();
    const unsigned bits = is_product ? product_.bits() : 8;
    buffer<float> tables;
    if (status sized = tables.resize(parts << bits); !sized.ok()) return sized;
    if (is_product) {
      product_.distance_tables(query, tables.data());
    } else if (status made = corrected_.distance_tables(query, tables.data()); !made.ok()) {
      return made;
    }
    return detail::sum_packed(tables.data(), parts, bits, codes.data, codes.stride, codes.rows, out);
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

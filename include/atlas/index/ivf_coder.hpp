// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/ivf_coder.hpp -- what stands for rows in lists, and a query's side of it.
//
// Room:      training of codes on residuals, a row's lane of a block, a query prepared, estimates of whole lists.
// Not here:  which list (index/ivf_model.hpp), the quantisers (quantize/*.hpp), a block's bytes (quantize/list_block.hpp).
// Depends:   core, simd, quantize, index/{ivf_options,ivf_scratch}.hpp.
// Threads:   const calls may run beside each other; memory to work in is the caller's.
#ifndef ATLAS_INDEX_IVF_CODER_HPP
#define ATLAS_INDEX_IVF_CODER_HPP

#include <atlas/index/ivf_options.hpp>            // ivf_codes, ivf_rotation
#include <atlas/index/ivf_scratch.hpp>            // estimated_rows, ivf_query
#include <atlas/quantize/list_block.hpp>          // list_block_layout
#include <atlas/quantize/learned_rotation.hpp>    // learned_rotation
#include <atlas/quantize/neighbour_bits.hpp>      // bit_query
#include <atlas/quantize/product_quantizer.hpp>   // product_quantizer
#include <atlas/quantize/rotation.hpp>            // rotation

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// A row's lane of a block.
struct coded_row {
  float add = 0.0F;
  float mul = 0.0F;
};
/// What encoding one row works in.
struct coding_memory {
  buffer<float> residual;
  buffer<float> decoded;
  buffer<std::uint8_t> codes;  ///< a byte a part; or bits, 32 bytes apart
};
class ivf_coder {
 public:
  /// @param parts  of pq4 and pq8; else 0
  /// @return       errc::invalid_argument for parts that do not fit, no_memory
  [[nodiscard]] status create(ivf_codes codes, ivf_rotation turned, std::size_t dimension, std::size_t parts, std::uint64_t seed) noexcept {
    codes_ = codes;
    rotation_ = turned;
    dimension_ = dimension;
    parts_ = parts;
    if (turned == ivf_rotation::random) {
      auto made = rotation::create(dimension, seed);
      if (!made.ok()) return made.error();
      random_ = static_cast<rotation&&>(*made);
    }
    if (status made = zeros_.resize_zeroed(dimension); !made.ok()) return made;
    set_layout();
    return {};
  }
  /// Trains what there is to train.
  /// @param residuals  shape [rows, dimension], of rows to their centroids
  [[nodiscard]] status train(const matrix_view& residuals, std::uint64_t seed, unsigned threads, progress on_progress) noexcept {
    if (codes_ != ivf_codes::pq4 && codes_ != ivf_codes::pq8) return {};
    const unsigned bits = codes_ == ivf_codes::pq4 ? 4 : 8;
    matrix_view rows = residuals;
    buffer<float> turned;
    if (rotation_ == ivf_rotation::learned) {
      auto learned = learned_rotation::train(residuals, {.parts = parts_, .bits = bits, .seed = seed, .threads = threads, .on_progress = on_progress});
      if (!learned.ok()) return learned.error();
      learned_ = static_cast<learned_rotation&&>(*learned);
    }
    if (rotation_ != ivf_rotation::none) {
      if (status made = turned.resize(residuals.rows * rotated()); !made.ok()) return made;
      for (std::size_t i = 0; i < residuals.rows; ++i) rotate(residuals.row(i), turned.data() + i * rotated());
      rows = dense(turned.data(), residuals.rows, rotated());
    }
    auto trained = product_quantizer::train(rows, {.parts = parts_, .bits = bits, .seed = seed, .threads = threads, .on_progress = on_progress});
    if (!trained.ok()) return trained.error();
    product_ = static_cast<product_quantizer&&>(*trained);
    return {};
  }

  /// Takes over what was trained before.
  void adopt(product_quantizer&& product, learned_rotation&& learned) noexcept {
    product_ = static_cast<product_quantizer&&>(product);
    learned_ = static_cast<learned_rotation&&>(learned);
  }

  [[nodiscard]] ivf_codes codes() const noexcept { return codes_; }
  [[nodiscard]] ivf_rotation turned() const noexcept { return rotation_; }
  [[nodiscard]] std::size_t parts() const noexcept { return parts_; }
  [[nodiscard]] const product_quantizer& product() const noexcept { return product_; }
  [[nodiscard]] const learned_rotation& learned() const noexcept { return learned_; }
  [[nodiscard]] const list_block_layout& layout() const noexcept { return layout_; }
  /// Bytes of what was learned, and of the rotation.
  [[nodiscard]] std::uint64_t bytes() const noexcept {
    const std::uint64_t codebook = has_parts(codes_) ? std::uint64_t{product_.parts()} * product_.width() * product_.centroids() : 0;
    // A random rotation has four signs a component, a learned one a square, and where its columns end.
    const std::uint64_t turned = rotation_ == ivf_rotation::random    ? random_.padded() / 2
                                 : rotation_ == ivf_rotation::learned ? std::uint64_t{learned_.padded()} * learned_.dimension() * sizeof(float)
                                                                      : 0;
    return (codebook + zeros_.size()) * sizeof(float) + turned;
  }
  /// Components of a rotated vector.
  [[nodiscard]] std::size_t rotated() const noexcept {
    return turned_dimension(rotation_, dimension_, parts_);
  }
  /// The same, up to a multiple of 16.
  [[nodiscard]] std::size_t padded_rotated() const noexcept { return static_cast<std::size_t>(round_up(rotated(), 16)); }
  /// @param vector  shape [dimension]
  /// @param out     shape [rotated()]
  void rotate(const float* vector, float* out) const noexcept {
    switch (rotation_) {
      case ivf_rotation::random: return random_.apply(vector, 1.0F, zeros_.data(), out);
      case ivf_rotation::learned: return learned_.apply(vector, out);
      default: std::memcpy(out, vector, dimension_ * sizeof(float));
    }
  }

  // -- rows
  /// @param row       shape [rotated()]: the row, rotated
  /// @param centroid  shape [padded_rotated()]: its list's, likewise, with zeros behind it
  /// @param code      layout().code_bytes bytes
  [[nodiscard]] result<coded_row> encode(metric which, const float* row, const float* centroid, coding_memory& memory, std::uint8_t* code) const noexcept {
    if (codes_ == ivf_codes::flat) return coded_row{};
    const std::size_t components = rotated();
    const std::size_t padded = padded_rotated();
    if (status made = memory.residual.resize(padded); !made.ok()) return made.error();
    if (status made = memory.decoded.resize(padded); !made.ok()) return made.error();
    float* const residual = memory.residual.data();
    float* const decoded = memory.decoded.data();
    for (std::size_t i = 0; i < components; ++i) residual[i] = row[i] - centroid[i];
    for (std::size_t i = components; i < padded; ++i) residual[i] = decoded[i] = 0.0F;
    std::memset(code, 0, layout_.code_bytes);
    switch (codes_) {
      case ivf_codes::pq4:
      case ivf_codes::pq8:
        if (status made = memory.codes.resize(parts_); !made.ok()) return made.error();
        product_.encode(residual, memory.codes.data());
        product_.decode(memory.codes.data(), decoded);
        product_.pack(memory.codes.data(), code);
        break;
      case ivf_codes::rabitq:
        for (std::size_t i = 0; i < components; ++i) {
          const bool is_positive = residual[i] > 0.0F;
          code[i / 8] = static_cast<std::uint8_t>(code[i / 8] | (is_positive ? 1U << (i % 8) : 0U));
          decoded[i] = is_positive ? 1.0F : -1.0F;
        }
        break;
      default: {
        const float largest = kernels().largest_f32(residual, components);
        const float inverse = largest > 0.0F ? 127.0F / largest : 0.0F;
        auto* const numbers = reinterpret_cast<std::int8_t*>(code);
        kernels().f32_to_i8(residual, &inverse, 1, numbers, components);
        for (std::size_t i = 0; i < components; ++i) decoded[i] = static_cast<float>(numbers[i]);
      }
    }
    return terms(which, residual, decoded, centroid, padded);
  }

  // -- queries
  /// @param rotated_query  shape [rotated()]: under l2sq and cosine relative to the centre
  /// @param query          its tables and what is prepared of it are filled
  [[nodiscard]] status prepare(const float* rotated_query, buffer<float>& float_tables, ivf_query& query) const noexcept {
    const kernel_table& table = kernels();
    switch (codes_) {
      case ivf_codes::pq4: {
        const std::size_t padded_parts = layout_.code_bytes * 2;
        if (status made = float_tables.resize(padded_parts * 16); !made.ok()) return made;
        if (status made = query.bytes.resize(padded_parts * 16); !made.ok()) return made;
        product_.inner_product_tables(rotated_query, float_tables.data());
        std::memset(float_tables.data() + parts_ * 16, 0, (padded_parts - parts_) * 16 * sizeof(float));
        const auto steps = table.pq4_byte_tables(float_tables.data(), padded_parts, query.bytes.data());
        query.prepared.nibbles = {query.bytes.data(), padded_parts, steps.step, static_cast<float>(steps.least)};
        break;
      }
      case ivf_codes::rabitq: {
        const std::size_t padded_parts = layout_.code_bytes * 2;
        if (status made = query.bytes.resize(padded_parts * 16); !made.ok()) return made;
        const auto steps = table.bit_tables(rotated_query, rotated(), query.bytes.data());
        query.prepared.nibbles = {query.bytes.data(), padded_parts, 2.0F * steps.step, -steps.step * static_cast<float>(steps.sizes)};
        break;
      }
      case ivf_codes::pq8:
        if (status made = query.tables.resize(parts_ * 256); !made.ok()) return made;
        product_.inner_product_tables(rotated_query, query.tables.data());
        query.prepared.tables = query.tables.data();
        break;
      case ivf_codes::sq8: {
        if (status made = query.bytes.resize(rotated()); !made.ok()) return made;
        const float largest = table.largest_f32(rotated_query, rotated());
        const float inverse = largest > 0.0F ? 127.0F / largest : 0.0F;
        auto* const numbers = reinterpret_cast<std::int8_t*>(query.bytes.data());
        table.f32_to_i8(rotated_query, &inverse, 1, numbers, rotated());
        query.prepared.components = numbers;
        query.prepared.factor = largest / 127.0F;
        break;
      }
      default: break;
    }
    return {};
  }
  /// Bytes that prepare leaves in a query.
  [[nodiscard]] std::size_t prepared_bytes() const noexcept {
    switch (codes_) {
      case ivf_codes::pq4:
      case ivf_codes::rabitq: return layout_.code_bytes * 32;
      case ivf_codes::pq8: return parts_ * 256 * sizeof(float);
      case ivf_codes::sq8: return rotated();
      default: return 0;
    }
  }
  /// Appends the rows of blocks whose estimate is at most found.bound. @pre make_room(block_count * list_block_rows)
  void estimate(const prepared_query& query, const std::byte* blocks, std::size_t block_count, float base, estimated_rows& found) const noexcept {
    float* const distances = found.distances.data() + found.count;
    std::uint32_t* const rows = found.rows.data() + found.count;
    if (layout_.are_interleaved) {
      found.count += kernels().list_estimates(query.nibbles, blocks, block_count, base, found.bound, distances, rows);
      return;
    }
    std::size_t passed = 0;
    for (std::size_t block = 0; block < block_count; ++block) {
      const std::byte* const start = blocks + block * layout_.block_bytes;
      float products[list_block_rows];
      multiply(query, start + kernels_v1::list_codes_offset, products);
      for (std::size_t lane = 0; lane < list_block_rows; ++lane) {
        const float add = load_unaligned<float>(start + lane * sizeof(float));
        const float mul = load_unaligned<float>(start + (list_block_rows + lane) * sizeof(float));
        const float estimate = (base + add) + mul * products[lane];
        distances[passed] = estimate;
        rows[passed] = list_block_layout::row(start, lane);
        passed += estimate <= found.bound ? 1U : 0U;
      }
    }
    found.count += passed;
  }

 private:
  void set_layout() noexcept {
    switch (codes_) {
      case ivf_codes::pq4: layout_ = list_block_layout::of_nibbles(round_up(parts_, 4)); break;
      case ivf_codes::rabitq: layout_ = list_block_layout::of_nibbles(round_up(rotated(), 16) / 4); break;
      case ivf_codes::pq8: layout_ = list_block_layout::of_bytes(round_up(parts_, 2)); break;
      case ivf_codes::sq8: layout_ = list_block_layout::of_bytes(round_up(rotated(), 2)); break;
      default: layout_ = list_block_layout::of_bytes(0);
    }
  }
  /// quantize/list_block.hpp says what they are. The same on all instruction sets.
  [[nodiscard]] static coded_row terms(metric which, const float* residual, const float* decoded, const float* centroid, std::size_t padded) noexcept {
    const auto dot = [padded](const float* a, const float* b) noexcept {
      float sum = 0.0F;
      kernels().steady_dot(a, b, 0, nullptr, 1, padded, &sum);
      return sum;
    };
    const float squares = dot(residual, residual);
    const float product = dot(residual, decoded);
    const float code_squares = dot(decoded, decoded);
    const float centroid_product = dot(centroid, decoded);
    // 0 for a row that is its centroid: it is as far as that.
    float gain = product > 0.0F ? squares / product : 0.0F;
    // What stands for a row is at most so many times as long as its residual. Without a bound a code nearly at right angles to
    // the residual, such as of a vector unlike all that were learned from, would have a gain that puts the row anywhere: its
    // error is the tangent of the angle between them. One bit a component has 1.25 times the length, product codes about 1.
    constexpr float longest = 16.0F;
    const float most = longest * __builtin_sqrtf(squares / code_squares);
    if (!(gain <= most)) gain = most < __builtin_inff() ? most : 0.0F;
    if (which == metric::inner_product) return {0.0F, -gain};
    const float add = squares + 2.0F * gain * centroid_product;
    return which == metric::cosine ? coded_row{0.5F * add, -gain} : coded_row{add, -2.0F * gain};
  }
  /// Inner products of a query and a block's codes.
  void multiply(const prepared_query& query, const std::byte* codes, float* out) const noexcept {
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(codes);
    if (codes_ == ivf_codes::pq8) return kernels().pq8(query.tables, bytes, layout_.code_bytes, list_block_rows, parts_, out);
    kernels().dot[kernels_v1::i8_i8](query.components, codes, layout_.code_bytes, nullptr, list_block_rows, rotated(), out);
    for (std::size_t lane = 0; lane < list_block_rows; ++lane) out[lane] *= query.factor;
  }

  ivf_codes codes_ = ivf_codes::flat;
  ivf_rotation rotation_ = ivf_rotation::none;
  std::size_t dimension_ = 0;
  std::size_t parts_ = 0;
  rotation random_;
  learned_rotation learned_;
  product_quantizer product_;
  list_block_layout layout_;
  buffer<float> zeros_;
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_IVF_CODER_HPP

// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/code_store.hpp -- what a walk, or a search of lists, reads in place of the vectors.
//
// Room:      one code for each row, the query's side of their distances, and when an index begins to have them.
// Not here:  how vectors become codes (quantize/lvq.hpp), the walk (index/hnsw_search.hpp), candidates that lists gave
//            (index/ivf_query.hpp).
// Depends:   core, distance, quantize, index/{column,row_store,traversal_codes}.hpp.
// Threads:   rows are encoded before anything leads to them and do not change until their slot is free; make_room and
//            store belong to the row store's append, of which one runs at a time.
#ifndef ATLAS_INDEX_CODE_STORE_HPP
#define ATLAS_INDEX_CODE_STORE_HPP

#include <atlas/core/atomic.hpp>            // atomic
#include <atlas/index/column.hpp>           // column
#include <atlas/index/row_store.hpp>        // row_store
#include <atlas/index/traversal_codes.hpp>  // traversal_codes
#include <atlas/quantize/lvq.hpp>           // lvq_layout, lvq_query

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// A query as the codes want it. Its buffers are the scratch's.
struct coded_query {
  lvq_query lvq;
  const float* vector = nullptr;  ///< under cosine of unit length; for f16 and bf16 codes
};

class code_store {
 public:
  [[nodiscard]] status create(traversal_codes kind, std::size_t dimension, metric which, std::size_t reserve_rows) noexcept {
    set_shape(kind, dimension, which);
    if (!has_codes()) return {};
    auto made = column::create(stride_bytes_, reserve_rows);
    if (!made.ok()) return made.error();
    codes_ = static_cast<column&&>(*made);
    return {};
  }
  /// Takes over a file's codes, which are active if there are any.
  /// @param centre  shape [dimension]; copied
  [[nodiscard]] status adopt(traversal_codes kind, std::size_t dimension, metric which, column&& codes, const float* centre) noexcept {
    set_shape(kind, dimension, which);
    codes_ = static_cast<column&&>(codes);
    if (status made = centre_.resize_zeroed(dimension); !made.ok()) return made;
    std::memcpy(centre_.data(), centre, dimension * sizeof(float));
    is_active_.store_release(true);
    return {};
  }

  /// For rows that are too few for codes and do not become more.
  void create_idle(traversal_codes kind, std::size_t dimension, metric which) noexcept { set_shape(kind, dimension, which); }

  [[nodiscard]] traversal_codes kind() const noexcept { return kind_; }
  [[nodiscard]] bool has_codes() const noexcept { return kind_ != traversal_codes::none; }
  /// Whether every row has a code by now. Read it after the row count.
  [[nodiscard]] bool is_active() const noexcept { return is_active_.load_acquire(); }
  [[nodiscard]] const column& codes() const noexcept { return codes_; }
  [[nodiscard]] span<const float> centre() const noexcept { return {centre_.data(), dimension_}; }
  [[nodiscard]] std::size_t stride_bytes() const noexcept { return stride_bytes_; }
  /// Rows to ask for ahead of the one that is compared, unless something else was found to be better: short ones of a whole
  /// list, of long ones no more than there are places for lines on their way. Measured, see bench/README.md.
  [[nodiscard]] std::size_t usual_prefetch_rows() const noexcept { return stride_bytes_ <= 256 ? 64 : 8; }
  [[nodiscard]] std::uint64_t bytes(std::uint32_t row_count) const noexcept {
    return is_active() ? std::uint64_t{row_count} * stride_bytes_ + dimension_ * sizeof(float) : 0;
  }

  /// Room for rows, so that store cannot fail.
  [[nodiscard]] status make_room(std::size_t rows) noexcept {
    if (!has_codes()) return {};
    if (status made = vector_.resize(dimension_); !made.ok()) return made;
    if (status made = sums_.resize(dimension_); !made.ok()) return made;
    if (status made = centre_.resize(dimension_); !made.ok()) return made;
    return codes_.grow(rows);
  }
  /// Encodes a batch that is stored but not published; or, when there come to be `codes_from` rows, every row, with the mean
  /// of the first `codes_from` for the centre. Nothing leads to the batch yet, and nobody reads codes before they are
  /// active. @pre make_room was called for it
  void store(const row_store& rows, const row_batch& batch, std::uint32_t codes_from) noexcept {
    if (!has_codes()) return;
    if (is_active()) {
      for (std::uint32_t i = 0; i < batch.count(); ++i) encode(rows, batch.row(i));
      return;
    }
    const std::uint32_t row_count = batch.first + batch.fresh_count;
    if (row_count < codes_from) return;
    std::memset(sums_.data(), 0, dimension_ * sizeof(double));
    for (std::uint32_t row = 0; row < codes_from; ++row) {
      rows.read_unit(row, vector_.data());
      kernels().add_to_f64(vector_.data(), sums_.data(), dimension_);
    }
    for (std::size_t i = 0; i < dimension_; ++i) centre_[i] = static_cast<float>(sums_[i] / codes_from);
    for (std::uint32_t row = 0; row < row_count; ++row) encode(rows, row);
    is_active_.store_release(true);
  }

  /// @param vector      shape [dimension]; under cosine of unit length. Read until the query is no longer used
  /// @param components  lvq_query_bytes(dimension) bytes, 64-byte aligned, likewise
  [[nodiscard]] coded_query prepare(const float* vector, std::int8_t* components) const noexcept {
    coded_query query;
    query.vector = vector;
    if (is_lvq(kind_)) query.lvq = lvq_prepare(lvq_, metric_, vector, 1.0F, centre_.data(), components);
    return query;
  }
  /// About how far the query is from rows named by id, as their codes tell.
  /// @param codes  the rows' codes, row 0 first; stride_bytes() apart unless `stride` says otherwise
  void distances(const coded_query& query, const std::byte* codes, std::size_t stride, const std::uint32_t* ids,
                 std::size_t count, std::size_t prefetch_rows, float* out) const noexcept {
    if (is_lvq(kind_)) {
      lvq_layout layout = lvq_;
      layout.stride_bytes = stride;
      return lvq_distances(layout, query.lvq, codes, ids, count, prefetch_rows, out);
    }
    const kernels_v1::operands pair = kind_ == traversal_codes::f16 ? kernels_v1::f32_f16 : kernels_v1::f32_bf16;
    if (metric_ == metric::l2sq) return kernels().l2sq[pair](query.vector, codes, stride, ids, count, dimension_, out);
    kernels().dot[pair](query.vector, codes, stride, ids, count, dimension_, out);
    for (std::size_t i = 0; i < count; ++i) out[i] = 1.0F - out[i];
  }
  void distances(const coded_query& query, const std::uint32_t* ids, std::size_t count, std::size_t prefetch_rows,
                 float* out) const noexcept {
    distances(query, codes_.data(), stride_bytes_, ids, count, prefetch_rows, out);
  }

  /// @param vector  shape [dimension]; under cosine of unit length
  /// @param to      stride_bytes() bytes
  /// @pre a centre was adopted or is known
  void encode(const float* vector, std::byte* to) const noexcept {
    if (is_lvq(kind_)) return lvq_encode(lvq_, metric_, vector, 1.0F, centre_.data(), to);
    const std::size_t bytes = dimension_ * sizeof(f16);
    if (kind_ == traversal_codes::f16) {
      kernels().f32_to_f16(vector, to, dimension_);
    } else {
      kernels().f32_to_bf16(vector, to, dimension_);
    }
    std::memset(to + bytes, 0, stride_bytes_ - bytes);
  }

 private:
  void encode(const row_store& rows, std::uint32_t row) noexcept {
    rows.read_unit(row, vector_.data());
    encode(vector_.data(), codes_.at(row));
  }
  void set_shape(traversal_codes kind, std::size_t dimension, metric which) noexcept {
    kind_ = kind;
    dimension_ = dimension;
    metric_ = which;
    stride_bytes_ = code_stride_bytes(kind, dimension);
    if (is_lvq(kind)) lvq_ = lvq_layout::of(dimension, kind == traversal_codes::lvq8 ? lvq_bits::eight : lvq_bits::four);
  }
  traversal_codes kind_ = traversal_codes::none;
  metric metric_ = metric::l2sq;
  std::size_t dimension_ = 0;
  std::size_t stride_bytes_ = 0;
  lvq_layout lvq_;
  column codes_;
  buffer<float> centre_;
  buffer<float> vector_;  // to work in
  buffer<double> sums_;
  atomic<bool> is_active_{false};
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_CODE_STORE_HPP

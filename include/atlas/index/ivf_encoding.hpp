// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/ivf_encoding.hpp -- many vectors at once: the list of each, its code, and the order of lists.
//
// Room:      what adding vectors and building files have in common.
// Not here:  a vector alone (index/ivf_coder.hpp), how a list grows (index/inverted_lists.hpp).
// Depends:   core, index/ivf_model.hpp.
// Threads:   an encoding is one thread's, which uses others.
#ifndef ATLAS_INDEX_IVF_ENCODING_HPP
#define ATLAS_INDEX_IVF_ENCODING_HPP

#include <atlas/core/thread_pool.hpp>  // thread_pool
#include <atlas/index/ivf_model.hpp>   // ivf_model
#include <atlas/index/row_distance.hpp>  // checked_inverse_norm

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// Whether squares of a vector's length may be beyond what kmeans compares.
[[nodiscard]] inline bool is_too_long(const float* vector, std::size_t dimension) noexcept {
  float squares = 0.0F;
  kernels().dot[kernels_v1::f32_f32](vector, vector, 0, nullptr, 1, dimension, &squares);
  return !(squares <= 1e35F);
}

/// Vectors as they are learned from and coded: under cosine of unit length.
/// @return  errc::not_finite, zero_vector (cosine) or limit_exceeded with the row, no_memory
[[nodiscard]] inline status unit_rows(const matrix_view& vectors, metric which, buffer<float>& out) noexcept {
  const std::size_t dimension = vectors.dimension;
  if (status made = out.resize(vectors.rows * dimension); !made.ok()) return made;
  for (std::size_t i = 0; i < vectors.rows; ++i) {
    const auto inverse = checked_inverse_norm(vectors.row(i), dimension, which);
    if (!inverse.ok()) return inverse.error().at_row(i);
    kernels().scale_f32(vectors.row(i), *inverse, out.data() + i * dimension, dimension);
  }
  return {};
}

/// Vectors, assigned and coded, some thousand at a time.
class ivf_encoding {
 public:
  /// Vectors that are coded at a time: as many as have 32 MiB, but 256 to 65,536. Beside them lie their codes and 20 bytes each; a
  /// thread has a few vectors of its own, and where there is no graph over them, assigning has a copy of the centroids.
  [[nodiscard]] static std::size_t rows_at_once(std::size_t dimension) noexcept {
    const std::size_t rows = (std::size_t{32} << 20) / (dimension * sizeof(float));
    return rows < 256 ? 256 : rows > 65'536 ? 65'536 : rows;
  }
  /// Codes vectors.
  /// @param count        at most rows_at_once
  /// @param read_vector  read_vector(i, float* out): vector i, under cosine of unit length; called from many threads
  template <class Read>
  [[nodiscard]] status encode(const ivf_model& model, metric which, std::size_t count, thread_pool& pool, unsigned threads, Read read_vector) noexcept {
    const std::size_t dimension = model.dimension();
    const ivf_coder& coder = model.coder();
    code_bytes_ = coder.layout().code_bytes;
    if (status made = vectors_.resize(count * dimension); !made.ok()) return made;
    if (status made = lists_.resize(count); !made.ok()) return made;
    if (status made = terms_.resize(count); !made.ok()) return made;
    if (status made = codes_.resize(count * code_bytes_); !made.ok()) return made;
    const std::size_t tasks = (count + rows_of_task - 1) / rows_of_task;
    const auto for_each_row = [&](std::size_t task, auto work) noexcept {
      const std::size_t end = (task + 1) * rows_of_task < count ? (task + 1) * rows_of_task : count;
      for (std::size_t i = task * rows_of_task; i < end; ++i) work(i);
    };
    if (status ran = pool.run(tasks, [&](std::size_t task, unsigned) noexcept {
          for_each_row(task, [&](std::size_t i) noexcept {
            float* const vector = vectors_.data() + i * dimension;
            read_vector(i, vector);
            model.centre(vector, vector);
            // What kmeans could not tell apart is coded as the centre, so that it is found by its key, and by some searches.
            if (is_too_long(vector, dimension)) std::memset(vector, 0, dimension * sizeof(float));
          });
        }, threads);
        !ran.ok()) {
      return ran;
    }
    if (status assigned = model.assign(dense(vectors_.data(), count, dimension), pool, threads, lists_.data()); !assigned.ok()) return assigned;
    atomic<bool> has_failed{false};  // for want of memory
    if (status ran = pool.run(tasks, [&](std::size_t task, unsigned) noexcept {
          coding_memory memory;
          buffer<float> rotated;
          const bool is_turned = coder.turned() != ivf_rotation::none;
          if (is_turned && !rotated.resize(coder.rotated()).ok()) return has_failed.store_release(true);
          for_each_row(task, [&](std::size_t i) noexcept {
            const float* vector = vectors_.data() + i * dimension;
            if (is_turned) {
              coder.rotate(vector, rotated.data());
              vector = rotated.data();
            }
            const auto coded = coder.encode(which, vector, model.rotated_centroid(lists_[i]), memory, codes_.data() + i * code_bytes_);
            if (!coded.ok()) return has_failed.store_release(true);
            terms_[i] = *coded;
          });
        }, threads);
        !ran.ok()) {
      return ran;
    }
    if (has_failed.load_acquire()) return error{errc::no_memory, "memory to encode in"};
    return sort_by_list(model.list_count(), count);
  }

  [[nodiscard]] std::uint32_t list(std::size_t i) const noexcept { return lists_[i]; }
  /// The vectors of a list: places in order(), from first(list) to first(list + 1).
  [[nodiscard]] std::size_t first(std::uint32_t list) const noexcept { return firsts_[list]; }
  [[nodiscard]] std::uint32_t in_order(std::size_t place) const noexcept { return order_[place]; }
  [[nodiscard]] coded_row terms(std::size_t i) const noexcept { return terms_[i]; }
  /// Shape [layout().code_bytes] of the model's coder.
  [[nodiscard]] const std::uint8_t* code(std::size_t i) const noexcept { return codes_.data() + i * code_bytes_; }
  /// Writes vector i into a lane, under a row number.
  void write(const list_block_layout& layout, std::size_t i, std::uint32_t row, std::byte* block, std::size_t lane) const noexcept {
    layout.write(block, lane, terms_[i].add, terms_[i].mul, row, codes_.data() + i * code_bytes_);
  }

 private:
  static constexpr std::size_t rows_of_task = 256;

  [[nodiscard]] status sort_by_list(std::uint32_t list_count, std::size_t count) noexcept {
    if (status made = firsts_.resize(list_count + std::size_t{2}); !made.ok()) return made;
    if (status made = order_.resize(count); !made.ok()) return made;
    std::memset(firsts_.data(), 0, firsts_.size() * sizeof(std::uint32_t));
    // Counted two places on, so that the places of a list begin where the last pass left its neighbour.
    for (std::size_t i = 0; i < count; ++i) ++firsts_[lists_[i] + std::size_t{2}];
    for (std::size_t list = 2; list < firsts_.size(); ++list) firsts_[list] += firsts_[list - 1];
    for (std::size_t i = 0; i < count; ++i) order_[firsts_[lists_[i] + std::size_t{1}]++] = static_cast<std::uint32_t>(i);
    return {};
  }

  std::size_t code_bytes_ = 0;
  buffer<float> vectors_;  ///< relative to the centre
  buffer<std::uint32_t> lists_;
  buffer<coded_row> terms_;
  buffer<std::uint8_t> codes_;
  buffer<std::uint32_t> firsts_;
  buffer<std::uint32_t> order_;
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_IVF_ENCODING_HPP

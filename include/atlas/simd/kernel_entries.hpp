// SPDX-License-Identifier: Apache-2.0
// include/atlas/simd/kernel_entries.hpp -- what every instruction set provides, as one struct of pointers.
//
// Room:      the contract of each kernel.
// Not here:  which table is in use (simd/kernel_table.hpp), the loops (each room's kernels-inl.hpp).
// Depends:   core/config.hpp.
#ifndef ATLAS_SIMD_KERNEL_ENTRIES_HPP
#define ATLAS_SIMD_KERNEL_ENTRIES_HPP

#include <atlas/core/config.hpp>  // ATLAS_LINK_KERNELS

namespace atlas {

/// Not under ATLAS_ABI: units built for any instruction set meet here and link to one set of kernels.
/// The number in the name grows whenever kernel_table changes, so that an older library fails to link.
namespace kernels_v0 {

/// The kernels of one instruction set. No pointer is ever null. Common to all of them:
/// vectors are float32 and need no alignment beyond a float's; dimension 0 gives 0; nothing outside
/// [0, dimension) of a vector is read; nothing is allocated or thrown. NaN and infinity go through as in
/// IEEE 754. Within one table, a pair of vectors gives the same bits in either order and through
/// whichever entry; between tables the last bits differ.
/// Accuracy: l2sq: relative error <= (dimension + 3) * 2^-24. dot: absolute error
/// <= (dimension + 3) * 2^-24 * sum |a[i] * b[i]|. Both barring overflow and underflow (Higham, Accuracy
/// and Stability of Numerical Algorithms, 2nd ed., sections 3.1 and 4.2, for any order of summation).
struct kernel_table {
  const char* target;  ///< "scalar", "sse4", "avx2", "avx512" or "neon"

  /// Sum of squared differences, and sum of products, of two vectors, shape [dimension].
  float (*l2sq_f32)(const float* a, const float* b, std::size_t dimension);
  float (*dot_f32)(const float* a, const float* b, std::size_t dimension);

  /// The same for one query against `count` rows; `rows` is the first row, the next begins
  /// `stride_bytes` later (a multiple of 4). out: [count], written in row order; overlaps no input.
  void (*l2sq_rows_f32)(const float* query, const void* rows, std::size_t stride_bytes, std::size_t count,
                        std::size_t dimension, float* out);
  void (*dot_rows_f32)(const float* query, const void* rows, std::size_t stride_bytes, std::size_t count,
                       std::size_t dimension, float* out);

  /// The same for the rows ids[0 .. count): row `id` begins at rows + id * stride_bytes. Rows still to
  /// come are prefetched while earlier ones are computed, so one call with many ids beats many calls.
  void (*l2sq_gather_f32)(const float* query, const void* rows, std::size_t stride_bytes, const std::uint32_t* ids,
                          std::size_t count, std::size_t dimension, float* out);
  void (*dot_gather_f32)(const float* query, const void* rows, std::size_t stride_bytes, const std::uint32_t* ids,
                         std::size_t count, std::size_t dimension, float* out);
};

/// The tables that this CPU can run, best first; at least one.
struct runnable_tables {
  const kernel_table* tables[5];
  std::size_t count;
};

#if ATLAS_LINK_KERNELS
extern const kernel_table* chosen;      ///< null until the first choice; read and written atomically
const kernel_table* choose() noexcept;  ///< chooses if nothing is chosen yet; gives what is chosen
runnable_tables runnable() noexcept;
#endif

}  // namespace kernels_v0
}  // namespace atlas

#endif  // ATLAS_SIMD_KERNEL_ENTRIES_HPP

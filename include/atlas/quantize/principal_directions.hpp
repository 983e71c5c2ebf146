// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize/principal_directions.hpp -- the eigenvectors of a covariance, and parts of even variance.
//
// Room:      eigenvectors, parts_of_even_variance.
// Not here:  rounds that go on from there (quantize/rotation_training.hpp).
// Depends:   core, simd.
// Threads:   pure.
#ifndef ATLAS_QUANTIZE_PRINCIPAL_DIRECTIONS_HPP
#define ATLAS_QUANTIZE_PRINCIPAL_DIRECTIONS_HPP

#include <atlas/core/memory.hpp>                // buffer
#include <atlas/quantize/product_training.hpp>  // part_shape
#include <atlas/simd/kernel_table.hpp>          // kernels

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// Turns two rows so that a sum of products with the same rows of another matrix turns along.
inline void turn_pair(float* first, float* second, std::size_t count, float cosine, float sine) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    const float one = first[i];
    const float other = second[i];
    first[i] = cosine * one + sine * other;
    second[i] = cosine * other - sine * one;
  }
}

/// Eigenvectors of a symmetric matrix without negative eigenvalues, by Jacobi's rotations of one side: rows are turned
/// in pairs until all are orthogonal, and are then the eigenvectors, as long as their eigenvalues (Hestenes, "Inversion
/// of matrices by biorthogonalization and related results", J. SIAM 6, 1958).
///
/// @param matrix   shape [count, count]; each row becomes an eigenvector times its eigenvalue, in no order
/// @param vectors  shape [count, count]: the eigenvectors as rows
/// @param values   shape [count]: the eigenvalues
/// Accuracy: rows whose cosine is below 10^-4 count as orthogonal, which is enough to choose parts by.
/// Cost: O(count^3): 784 in about 1.5 s, 128 in 5 ms (Zen 4).
inline void eigenvectors(float* matrix, std::size_t count, float* vectors, double* values) noexcept {
  constexpr int most_sweeps = 12;
  constexpr double orthogonal = 1e-4;
  const auto dot = kernels().dot[kernels_v1::f32_f32];
  const auto product = [&](std::size_t i, std::size_t j) {
    float sum = 0.0F;
    dot(matrix + i * count, matrix + j * count, 0, nullptr, 1, count, &sum);
    return static_cast<double>(sum);
  };
  for (std::size_t i = 0; i < count * count; ++i) vectors[i] = i % (count + 1) == 0 ? 1.0F : 0.0F;
  for (int sweep = 0; sweep < most_sweeps; ++sweep) {
    std::size_t turned = 0;
    double most = 0;
    for (std::size_t i = 0; i < count; ++i) {
      values[i] = product(i, i);
      most = values[i] > most ? values[i] : most;
    }
    const double least = most * 1e-13;  // rows that are nothing but rounding
    for (std::size_t i = 0; i + 1 < count; ++i) {
      for (std::size_t j = i + 1; j < count; ++j) {
        if (!(values[i] > least && values[j] > least)) continue;
        const double common = product(i, j);
        if (!(common * common > orthogonal * orthogonal * values[i] * values[j])) continue;
        const double ratio = (values[i] - values[j]) / (2 * common);
        const double root = __builtin_sqrt(1 + ratio * ratio);
        const double tangent = 1 / (ratio < 0 ? ratio - root : ratio + root);
        const double cosine = 1 / __builtin_sqrt(1 + tangent * tangent);
        const auto cosine_f32 = static_cast<float>(cosine);
        const auto sine_f32 = static_cast<float>(cosine * tangent);
        turn_pair(matrix + i * count, matrix + j * count, count, cosine_f32, sine_f32);
        turn_pair(vectors + i * count, vectors + j * count, count, cosine_f32, sine_f32);
        values[i] += tangent * common;
        values[j] -= tangent * common;
        ++turned;
      }
    }
    if (turned == 0) break;
  }
  for (std::size_t i = 0; i < count; ++i) values[i] = __builtin_sqrt(product(i, i));
}

/// Directions as rows of parts whose variances have about the same product: from the largest on, each goes to the part
/// with the least product so far that has room (Ge et al., CVPR 2013, section 3.2: eigenvalue allocation).
///
/// @param directions  shape [dimension, dimension]
/// @param variances   shape [dimension]; each is set to -1
/// @param logarithms  shape [parts]: scratch
/// @param used        shape [parts]: scratch
/// @param out         shape [padded, dimension]; rows that no direction goes to are zeros
inline void parts_of_even_variance(const part_shape& shape, const float* directions, double* variances,
                                   double* logarithms, std::size_t* used, float* out) noexcept {
  const std::size_t dimension = shape.dimension;
  std::memset(out, 0, shape.padded() * dimension * sizeof(float));
  for (std::size_t part = 0; part < shape.parts; ++part) {
    logarithms[part] = 0;
    used[part] = 0;
  }
  double least = 0;  // below it a variance does not count
  for (std::size_t rank = 0; rank < dimension; ++rank) {
    std::size_t largest = 0;
    for (std::size_t i = 1; i < dimension; ++i) largest = variances[i] > variances[largest] ? i : largest;
    if (rank == 0) least = variances[largest] * 1e-7;
    std::size_t to = shape.parts;
    for (std::size_t part = 0; part < shape.parts; ++part) {
      if (used[part] == shape.width) continue;
      if (to == shape.parts || logarithms[part] < logarithms[to]) to = part;
    }
    std::memcpy(out + (to * shape.width + used[to]) * dimension, directions + largest * dimension,
                dimension * sizeof(float));
    ++used[to];
    if (variances[largest] > least) logarithms[to] += __builtin_log(variances[largest] / least);
    variances[largest] = -1;
  }
}

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_QUANTIZE_PRINCIPAL_DIRECTIONS_HPP

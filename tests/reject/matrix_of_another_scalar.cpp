// SPDX-License-Identifier: Apache-2.0
// tests/reject/matrix_of_another_scalar.cpp -- vectors of another component type are not read as float.
// reject: matrix_view
#include <atlas/distance.hpp>
#include <atlas/flat.hpp>

bool add(atlas::flat<float>& index, const std::uint64_t* keys, const float* floats, const double* doubles);
bool add(atlas::flat<float>& index, const std::uint64_t* keys, const float* floats, const double* doubles) {
#if REJECT
  static_cast<void>(floats);
  return index.add({keys, 1}, atlas::dense(doubles, 1, 8)).ok();
#else
  static_cast<void>(doubles);
  return index.add({keys, 1}, atlas::dense(floats, 1, 8)).ok();
#endif
}

// SPDX-License-Identifier: Apache-2.0
// tests/reject/nearest_of_other_scalars.cpp -- the nearest of many: queries are of the rows' scalar, or float.
// reject: or a float query with any of these
#include <atlas/distance.hpp>

bool use(const atlas::bf16* queries, const atlas::f16* halves, const atlas::bf16* rows, atlas::neighbour* found);
bool use(const atlas::bf16* queries, const atlas::f16* halves, const atlas::bf16* rows, atlas::neighbour* found) {
  const auto from = atlas::dense(queries, 1, 8);
#if REJECT
  static_cast<void>(rows);
  return atlas::nearest(from, atlas::dense(halves, 1, 8), atlas::metric::l2sq, {.k = 1}, found).ok();
#else
  static_cast<void>(halves);
  return atlas::nearest(from, atlas::dense(rows, 1, 8), atlas::metric::l2sq, {.k = 1}, found).ok();
#endif
}

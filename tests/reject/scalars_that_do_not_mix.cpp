// SPDX-License-Identifier: Apache-2.0
// tests/reject/scalars_that_do_not_mix.cpp -- a query is of the rows' scalar, or float.
// reject: or a float query with any of these
#include <atlas/distance.hpp>

bool use(const std::int8_t* query, const atlas::f16* halves, const std::int8_t* bytes, float* out);
bool use(const std::int8_t* query, const atlas::f16* halves, const std::int8_t* bytes, float* out) {
#if REJECT
  static_cast<void>(bytes);
  return atlas::distances(query, atlas::dense(halves, 1, 8), atlas::metric::l2sq, out).ok();
#else
  static_cast<void>(halves);
  return atlas::distances(query, atlas::dense(bytes, 1, 8), atlas::metric::l2sq, out).ok();
#endif
}

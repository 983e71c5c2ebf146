// SPDX-License-Identifier: Apache-2.0
// tests/reject/l2sq_of_bits.cpp -- bits have no l2sq, and the compiler says what goes together.
// reject: b1x8 with b1x8 by hamming and jaccard
#include <atlas/distance.hpp>

float use(const atlas::b1x8* a, const atlas::b1x8* b);
float use(const atlas::b1x8* a, const atlas::b1x8* b) {
#if REJECT
  return atlas::l2sq(a, b, 8);
#else
  return atlas::hamming(a, b, 8);
#endif
}

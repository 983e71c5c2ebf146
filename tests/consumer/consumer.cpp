// SPDX-License-Identifier: Apache-2.0
// tests/consumer/consumer.cpp -- what a stranger's C++ program does; each way to consume ATLAS compiles this file.
#include <atlas/distance.hpp>
#include <atlas/hnsw.hpp>

#include <cstdint>
#include <cstdio>

#if defined(EXPECT_LINK_KERNELS) && EXPECT_LINK_KERNELS != ATLAS_LINK_KERNELS
#error "the consumed target sets another ATLAS_LINK_KERNELS than it should"
#endif

int main() {
  const float rows[3][2] = {{0, 0}, {3, 4}, {6, 8}};
  const std::uint64_t keys[3] = {10, 11, 12};
  if (atlas::l2sq(rows[0], rows[1], 2) != 25.0F) return 1;

  auto index = atlas::hnsw<float>::create({.dimension = 2, .metric = atlas::metric::l2sq});
  if (!index.ok() || !index->add(keys, atlas::matrix_view{rows[0], 3, 2, 2}).ok()) return 2;

  std::uint64_t found[1] = {};
  float distances[1] = {};
  std::uint32_t counts[1] = {};
  if (!index->search({rows[1], 1, 2, 2}, {.k = 1}, {found, distances, counts}).ok()) return 3;
  if (counts[0] != 1 || found[0] != 11 || distances[0] != 0.0F) return 4;
  std::printf("ATLAS %s\n", ATLAS_VERSION_STRING);
  return 0;
}

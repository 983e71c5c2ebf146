/* SPDX-License-Identifier: Apache-2.0
 * tests/consumer/consumer.c -- what a stranger's C99 program does. */
#include <atlas.h>

#include <stdio.h>
#include <string.h>

int main(void) {
  const float rows[3][2] = {{0, 0}, {3, 4}, {6, 8}};
  const uint64_t keys[3] = {10, 11, 12};
  const atlas_matrix vectors = {rows, 3, 0, 2, ATLAS_SCALAR_F32};
  const atlas_matrix query = {rows[1], 1, 0, 2, ATLAS_SCALAR_F32};
  atlas_index_options options = ATLAS_INDEX_OPTIONS_INIT;
  atlas_hits hits = ATLAS_HITS_INIT;
  uint64_t found[1] = {0};
  float distances[1] = {-1};
  uint32_t counts[1] = {0};
  atlas_index* index = NULL;

  if (atlas_abi_version() != ATLAS_C_ABI_VERSION || strlen(atlas_version()) == 0) return 1;
  options.dimension = 2;
  if (atlas_index_create(&index, &options) != ATLAS_OK) return 2;
  if (atlas_index_add(index, keys, &vectors, NULL) != ATLAS_OK) return 3;
  hits.rows = 1;
  hits.k = 1;
  hits.keys = found;
  hits.distances = distances;
  hits.counts = counts;
  if (atlas_index_search(&hits, index, &query, NULL) != ATLAS_OK) {
    fprintf(stderr, "%s\n", atlas_last_error());
    return 4;
  }
  atlas_index_close(index);
  return counts[0] == 1 && found[0] == 11 && distances[0] == 0.0F ? 0 : 5;
}

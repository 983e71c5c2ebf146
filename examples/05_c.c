/* SPDX-License-Identifier: Apache-2.0
 * examples/05_c.c -- an index from C: create, add, remove, save, open, search with a filter; the nearest rows of an
 * array; and an error that explains itself.
 *
 *   cc -std=c99 examples/05_c.c -Ic_api -Lbuild/release -latlas -o example && LD_LIBRARY_PATH=build/release ./example
 */
#include <atlas.h>

#include <stdio.h>
#include <stdlib.h>

#define DIMENSION 4
#define ROWS 6

/* Every call that can fail returns a status; atlas_last_error says why, for a person. */
static void check(atlas_status status) {
  if (status != ATLAS_OK) {
    fprintf(stderr, "%s: %s\n", atlas_status_name(status), atlas_last_error());
    exit(1);
  }
}

int main(void) {
  static const float values[ROWS * DIMENSION] = {
      1.0F, 0.0F, 0.0F, 0.0F, /* key 100 */
      0.9F, 0.1F, 0.0F, 0.0F, /* key 101 */
      0.0F, 1.0F, 0.0F, 0.0F, /* and so on */
      0.0F, 0.9F, 0.1F, 0.0F, 0.0F, 0.0F, 1.0F, 0.0F, 0.0F, 0.0F, 0.0F, 1.0F,
  };
  static const uint64_t keys[ROWS] = {100, 101, 102, 103, 104, 105};
  static const uint64_t unwanted[2] = {105, 999}; /* of which one is stored */
  static const uint64_t allowed[2] = {0, 0x37ULL << (100 - 64)}; /* the keys 100 to 105 but 103 */
  static const float question[DIMENSION] = {0.1F, 1.0F, 0.0F, 0.0F};
  const char* const path = "example_05.atlas";

  atlas_index_options options = ATLAS_INDEX_OPTIONS_INIT; /* 0 in a field means the default */
  atlas_matrix vectors = {values, ROWS, 0, DIMENSION, ATLAS_SCALAR_F32};
  atlas_matrix query = {question, 1, 0, DIMENSION, ATLAS_SCALAR_F32};
  atlas_index* index = NULL;
  uint64_t found_keys[3];
  float found_distances[3];
  uint64_t removed = 0;
  uint32_t found = 0;
  uint32_t i;
  atlas_hits hits = ATLAS_HITS_INIT;
  atlas_search_options search = ATLAS_SEARCH_OPTIONS_INIT;

  if (atlas_abi_version() != ATLAS_C_ABI_VERSION) return 1; /* Debian's BLAS has a libatlas.so, too */
  printf("ATLAS %s on %s\n", atlas_version(), atlas_simd_target());

  options.dimension = DIMENSION;
  options.metric = ATLAS_METRIC_COSINE;
  options.stored = ATLAS_SCALAR_F16; /* in half the room; float32 goes in and comes out */
  options.codes = ATLAS_CODES_LVQ8;  /* what walks over the graph read, once there are codes_from vectors */
  check(atlas_index_create(&index, &options));
  check(atlas_index_add(index, keys, &vectors, NULL));
  check(atlas_index_remove_stored(&removed, index, unwanted, 2));
  check(atlas_index_save(index, path, NULL)); /* complete or not at all */
  atlas_index_close(index);

  check(atlas_index_open(&index, path, NULL)); /* maps the file */
  hits.rows = 1;                               /* the arrays below are [1, 3] */
  hits.k = 3;
  hits.keys = found_keys;
  hits.distances = found_distances;
  hits.counts = &found;
  search.allowed = allowed; /* bit key % 64 of word key / 64 */
  search.allowed_bits = 128;
  check(atlas_index_search(&hits, index, &query, &search));
  for (i = 0; i < found; ++i) {
    printf("key %llu at distance %.4f\n", (unsigned long long)found_keys[i], (double)found_distances[i]);
  }

  check(atlas_nearest(&hits, &query, &vectors, ATLAS_METRIC_COSINE, NULL)); /* no index: keys are numbers of rows */
  printf("row %llu of the array at distance %.4f\n", (unsigned long long)found_keys[0], (double)found_distances[0]);

  query.dimension = DIMENSION - 1;
  if (atlas_index_search(&hits, index, &query, NULL) != ATLAS_OK) printf("refused: %s\n", atlas_last_error());

  atlas_index_close(index);
  remove(path);
  return removed == 1 && found == 3 && found_keys[0] == 2 ? 0 : 1;
}

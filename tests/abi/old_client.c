/* SPDX-License-Identifier: Apache-2.0
 * tests/abi/old_client.c -- a program compiled against an old header and run with today's library.
 *
 * atlas_v0_1.h is a frozen copy, whose structs are shorter than today's, and is not edited.
 */
#include "atlas_v0_1.h"

#include <stdio.h>
#include <string.h>

#define DIMENSION 4
#define ROWS 20

static int failures = 0;

static void expect(int holds, const char* what) {
  if (!holds) {
    fprintf(stderr, "failed: %s; last error: %s\n", what, atlas_last_error());
    ++failures;
  }
}
#define EXPECT(condition) expect((condition) ? 1 : 0, #condition)

int main(void) {
  const char* const path = "old_client.atlas";
  float values[ROWS * DIMENSION];
  uint64_t keys[ROWS];
  uint64_t found_keys[ROWS];
  float found_distances[ROWS];
  atlas_matrix vectors = {NULL, ROWS, 0, DIMENSION, ATLAS_SCALAR_F32};
  atlas_index* index = NULL;
  atlas_index_options options = ATLAS_INDEX_OPTIONS_INIT;
  atlas_open_options open = ATLAS_OPEN_OPTIONS_INIT;
  atlas_work_options work = ATLAS_WORK_OPTIONS_INIT;
  atlas_search_options search = ATLAS_SEARCH_OPTIONS_INIT;
  atlas_save_options save = ATLAS_SAVE_OPTIONS_INIT;
  atlas_hits hits = ATLAS_HITS_INIT;
  atlas_embedder_options embedder_options = ATLAS_EMBEDDER_OPTIONS_INIT;
  atlas_embedder* embedder = NULL;
  atlas_chunk_options chunk_options = ATLAS_CHUNK_OPTIONS_INIT;
  uint64_t found = 0;
  int i;
  /* What lies behind the old struct must never be written: a newer library knows more fields. */
  struct {
    atlas_index_info info;
    uint64_t behind;
  } described = {ATLAS_INDEX_INFO_INIT, 0x1122334455667788U};

  EXPECT(atlas_abi_version() == ATLAS_C_ABI_VERSION);
  for (i = 0; i < ROWS * DIMENSION; ++i) values[i] = (float)((i * 37) % 101);
  for (i = 0; i < ROWS; ++i) keys[i] = (uint64_t)i;
  vectors.data = values;
  options.dimension = DIMENSION;
  EXPECT(atlas_index_create(&index, &options) == ATLAS_OK);
  EXPECT(atlas_index_add(index, keys, &vectors, &work) == ATLAS_OK);
  EXPECT(atlas_index_save(index, path, &save) == ATLAS_OK);
  atlas_index_close(index);
  EXPECT(atlas_index_open(&index, path, &open) == ATLAS_OK);
  hits.rows = ROWS;
  hits.k = 1;
  hits.keys = found_keys;
  hits.distances = found_distances;
  EXPECT(atlas_index_search(&hits, index, &vectors, &search) == ATLAS_OK);
  EXPECT(memcmp(found_keys, keys, sizeof keys) == 0);
  EXPECT(atlas_index_describe(&described.info, index) == ATLAS_OK);
  EXPECT(described.info.size == ROWS && described.info.dimension == DIMENSION);
  EXPECT(described.behind == 0x1122334455667788U);
  atlas_index_close(index);

  EXPECT(atlas_embedder_create(&embedder, &embedder_options) == ATLAS_OK);
  atlas_embedder_close(embedder);
  EXPECT(atlas_chunk_text(&found, NULL, "a text", 6, 0, &chunk_options) == ATLAS_OK && found == 1);
  EXPECT(atlas_folder_build(NULL, "/no/such/folder", path, NULL) == ATLAS_ERR_FILE_NOT_FOUND);
  remove(path);
  return failures == 0 ? 0 : 1;
}

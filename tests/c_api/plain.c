/* SPDX-License-Identifier: Apache-2.0
 * tests/c_api/plain.c -- the header in C99 and the library from C: one call of every sort, no macro needed.
 */
#include <atlas.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIMENSION 8
#define ROWS 100

static int failures = 0;

static void expect(int holds, const char* what) {
  if (!holds) {
    fprintf(stderr, "failed: %s; last error: %s\n", what, atlas_last_error());
    ++failures;
  }
}
#define EXPECT(condition) expect((condition) ? 1 : 0, #condition)

static int32_t count_calls(uint64_t done, uint64_t total, void* context) {
  (void)done;
  (void)total;
  ++*(int*)context;
  return 0;
}

/* ROWS vectors under the keys from 500 on. */
static atlas_matrix numbered(float* values, uint64_t* keys) {
  atlas_matrix vectors;
  int i;
  for (i = 0; i < ROWS * DIMENSION; ++i) values[i] = (float)((i * 7919) % 1000) / 1000.0F;
  for (i = 0; i < ROWS; ++i) keys[i] = (uint64_t)i + 500;
  memset(&vectors, 0, sizeof vectors);
  vectors.data = values;
  vectors.rows = ROWS;
  vectors.dimension = DIMENSION;
  return vectors;
}

static void check_index(void) {
  float values[ROWS * DIMENSION];
  uint64_t keys[ROWS];
  atlas_matrix vectors;
  atlas_index* index = NULL;
  atlas_index_options options; /* as an FFI would: zeroed, and struct_size written */
  atlas_work_options work = ATLAS_WORK_OPTIONS_INIT;
  atlas_hits hits = ATLAS_HITS_INIT;
  uint64_t found_keys[ROWS];
  float found_distances[ROWS];
  int calls = 0;

  vectors = numbered(values, keys);

  memset(&options, 0, sizeof options);
  options.struct_size = (uint32_t)sizeof options;
  options.dimension = DIMENSION;
  options.metric = ATLAS_METRIC_COSINE;
  EXPECT(atlas_index_create(&index, &options) == ATLAS_OK);
  work.progress = count_calls;
  work.progress_context = &calls;
  EXPECT(atlas_index_add(index, keys, &vectors, &work) == ATLAS_OK);
  EXPECT(calls > 0);

  hits.rows = ROWS;
  hits.k = 1;
  hits.keys = found_keys;
  hits.distances = found_distances;
  EXPECT(atlas_index_search(&hits, index, &vectors, NULL) == ATLAS_OK);
  EXPECT(found_keys[42] == 542 && found_distances[42] < 1e-5F);
  vectors.dimension = DIMENSION - 1;
  EXPECT(atlas_index_search(&hits, index, &vectors, NULL) == ATLAS_ERR_DIMENSION_MISMATCH);
  EXPECT(strstr(atlas_last_error(), "expected 8, found 7") != NULL);
  atlas_index_close(index);
}

static void check_lists(void) {
  float values[ROWS * DIMENSION];
  uint64_t keys[ROWS];
  atlas_matrix vectors;
  atlas_index* index = NULL;
  atlas_index_options options = ATLAS_INDEX_OPTIONS_INIT;
  atlas_search_options search = ATLAS_SEARCH_OPTIONS_INIT;
  atlas_index_info info = ATLAS_INDEX_INFO_INIT;
  atlas_tune_result tuned = ATLAS_TUNE_RESULT_INIT;
  atlas_hits hits = ATLAS_HITS_INIT;
  uint64_t found_keys[ROWS];
  float found_distances[ROWS];

  vectors = numbered(values, keys);

  options.kind = ATLAS_KIND_IVF_PQ;
  options.dimension = DIMENSION;
  options.lists = 4;
  options.list_codes = ATLAS_LIST_CODES_SQ8;
  EXPECT(atlas_index_create(&index, &options) == ATLAS_OK);
  EXPECT(atlas_index_train(index, &vectors, NULL) == ATLAS_OK);
  EXPECT(atlas_index_add(index, keys, &vectors, NULL) == ATLAS_OK);
  EXPECT(atlas_index_retrain(index, NULL) == ATLAS_OK);
  EXPECT(atlas_index_describe(&info, index) == ATLAS_OK);
  EXPECT(info.lists == 4 && info.code_bytes == DIMENSION && info.probes == 2 && info.rerank == 8);

  hits.rows = ROWS;
  hits.k = 1;
  hits.keys = found_keys;
  hits.distances = found_distances;
  search.probes = 1;
  search.rerank = 4;
  EXPECT(atlas_index_search(&hits, index, &vectors, &search) == ATLAS_OK);
  EXPECT(found_keys[42] == 542 && found_distances[42] == 0.0F);
  EXPECT(atlas_index_tune(&tuned, index, &vectors, NULL) == ATLAS_OK);
  EXPECT(tuned.recall >= 0.95 && tuned.probes >= 1 && tuned.rerank >= 1);
  atlas_index_close(index);
}

static void check_builder(void) {
  static const char* const path = "plain_built.atlas";
  float values[ROWS * DIMENSION];
  uint64_t keys[ROWS];
  atlas_matrix vectors;
  atlas_ivf_builder* builder = NULL;
  atlas_index* index = NULL;
  atlas_index_options lists = ATLAS_INDEX_OPTIONS_INIT;
  atlas_ivf_build_options options = ATLAS_IVF_BUILD_OPTIONS_INIT;
  atlas_ivf_builder_info info = ATLAS_IVF_BUILDER_INFO_INIT;
  atlas_save_options how = ATLAS_SAVE_OPTIONS_INIT;
  uint64_t found = 0;
  float distance = 1.0F;
  atlas_hits hits = ATLAS_HITS_INIT;
  int calls = 0;

  vectors = numbered(values, keys);
  lists.dimension = DIMENSION;
  lists.lists = 4;
  options.index = &lists;
  EXPECT(atlas_ivf_builder_create(&builder, path, &options) == ATLAS_OK);
  EXPECT(atlas_ivf_builder_train(builder, &vectors, NULL) == ATLAS_OK);
  EXPECT(atlas_ivf_builder_add(builder, keys, &vectors, NULL) == ATLAS_OK);
  EXPECT(atlas_ivf_builder_add(builder, keys, &vectors, NULL) == ATLAS_ERR_DUPLICATE_KEY);
  EXPECT(atlas_ivf_builder_describe(&info, builder) == ATLAS_OK);
  EXPECT(info.size == ROWS && info.lists == 4 && info.dimension == DIMENSION);
  how.progress = count_calls;
  how.progress_context = &calls;
  EXPECT(atlas_ivf_builder_finish(builder, &how) == ATLAS_OK);
  EXPECT(calls > 0);
  atlas_ivf_builder_close(builder);
  EXPECT(atlas_ivf_build_file(path, "no_such_vectors.npy", NULL, 0, NULL) == ATLAS_ERR_FILE_NOT_FOUND);

  EXPECT(atlas_index_open(&index, path, NULL) == ATLAS_OK);
  vectors.data = values + 42 * DIMENSION;
  vectors.rows = 1;
  hits.rows = 1;
  hits.k = 1;
  hits.keys = &found;
  hits.distances = &distance;
  EXPECT(atlas_index_search(&hits, index, &vectors, NULL) == ATLAS_OK);
  EXPECT(found == 542 && distance == 0.0F);
  atlas_index_close(index);
  EXPECT(remove(path) == 0);
}

static void check_quantizer(void) {
  float values[ROWS * DIMENSION];
  uint64_t keys[ROWS];
  atlas_matrix vectors;
  atlas_matrix codes;
  atlas_quantizer* quantizer = NULL;
  atlas_rotation* rotation = NULL;
  atlas_quantizer_options options = ATLAS_QUANTIZER_OPTIONS_INIT;
  atlas_quantizer_info info = ATLAS_QUANTIZER_INFO_INIT;
  atlas_kmeans_result clustered = ATLAS_KMEANS_RESULT_INIT;
  uint8_t bytes[ROWS * DIMENSION];
  float distances[ROWS];
  float centroids[4 * DIMENSION];
  float turned[ROWS * DIMENSION];
  double share = 1.0;

  vectors = numbered(values, keys);
  EXPECT(atlas_kmeans(centroids, NULL, NULL, &clustered, &vectors, 4, NULL) == ATLAS_OK);
  EXPECT(clustered.iterations > 0 && clustered.error > 0.0);

  options.kind = ATLAS_QUANTIZER_SCALAR;
  EXPECT(atlas_quantizer_train(&quantizer, &vectors, &options) == ATLAS_OK);
  EXPECT(atlas_quantizer_describe(&info, quantizer) == ATLAS_OK);
  EXPECT(info.code_bytes == DIMENSION && info.dimension == DIMENSION);
  EXPECT(atlas_quantizer_encode(bytes, quantizer, &vectors, NULL) == ATLAS_OK);
  EXPECT(atlas_quantizer_error_of(NULL, &share, quantizer, &vectors, NULL) == ATLAS_OK);
  EXPECT(share > 0.0 && share < 0.001);
  memset(&codes, 0, sizeof codes);
  codes.data = bytes;
  codes.rows = ROWS;
  codes.dimension = DIMENSION;
  codes.scalar = ATLAS_SCALAR_U8;
  vectors.rows = 1;
  EXPECT(atlas_quantizer_distances(distances, NULL, quantizer, &vectors, &codes, NULL) == ATLAS_OK);
  EXPECT(distances[0] < 0.001F && distances[1] > 0.01F);
  atlas_quantizer_close(quantizer);

  EXPECT(atlas_rotation_create(&rotation, DIMENSION, 7) == ATLAS_OK);
  EXPECT(atlas_rotation_apply(turned, rotation, &vectors, NULL) == ATLAS_OK);
  atlas_rotation_close(rotation);
}

static void check_texts(void) {
  const char* const text =
      "One sentence. Another sentence.\n\nA new paragraph that is a little longer than the first.\n";
  atlas_chunk_options options = ATLAS_CHUNK_OPTIONS_INIT;
  atlas_chunk chunks[32];
  uint64_t found = 0;
  atlas_embedder* embedder = NULL;
  atlas_text texts[2];
  float* vectors = (float*)malloc(2 * 1024 * sizeof(float));

  options.size = 40;
  EXPECT(atlas_chunk_text(&found, chunks, text, strlen(text), 32, &options) == ATLAS_OK);
  EXPECT(found >= 3 && found <= 32);
  EXPECT(chunks[0].byte_begin == 0 && chunks[found - 1].byte_end == strlen(text));

  texts[0].data = "a text";
  texts[0].size_bytes = 6;
  texts[1].data = NULL;
  texts[1].size_bytes = 0;
  EXPECT(atlas_embedder_create(&embedder, NULL) == ATLAS_OK);
  EXPECT(atlas_embedder_learn(embedder, texts, 2, NULL) == ATLAS_OK);
  EXPECT(atlas_embedder_freeze(embedder) == ATLAS_OK);
  EXPECT(atlas_embedder_embed(vectors, embedder, texts, 2, 1024, NULL) == ATLAS_OK);
  atlas_embedder_close(embedder);
  free(vectors);
}

static void check_encodings(void) {
  const char* const source = "Gr\xFC\xDF" "e. Dr. K\xF6rner kommt."; /* windows-1252 */
  char text[64];
  uint64_t first_bad = 0;
  uint64_t found = 0;
  uint64_t ends[4];
  int32_t encoding = -1;
  atlas_decoded_text decoded = ATLAS_DECODED_TEXT_INIT;
  EXPECT(atlas_encoding_of_label(&encoding, "latin1") == ATLAS_OK && encoding == ATLAS_ENCODING_WINDOWS_1252);
  EXPECT(atlas_text_validate(&first_bad, NULL, source, strlen(source)) == ATLAS_OK && first_bad == 2);
  EXPECT(atlas_text_decode(&decoded, text, source, strlen(source), encoding, ATLAS_BAD_BYTES_REFUSE, sizeof text) == ATLAS_OK);
  EXPECT(decoded.text_bytes == strlen(source) + 3);
  EXPECT(atlas_text_boundaries(&found, ends, NULL, text, decoded.text_bytes, ATLAS_SEGMENTS_SENTENCES, 4) == ATLAS_OK && found == 2);
  EXPECT(atlas_text_source_offsets(ends, ends, found, &decoded, source, strlen(source)) == ATLAS_OK);
  EXPECT(ends[0] == 7 && ends[1] == strlen(source));
}

int main(void) {
  EXPECT(atlas_abi_version() == ATLAS_C_ABI_VERSION);
  check_index();
  check_lists();
  check_builder();
  check_quantizer();
  check_texts();
  check_encodings();
  if (failures == 0) printf("ok: %s, %s\n", atlas_version(), atlas_simd_target());
  return failures == 0 ? 0 : 1;
}

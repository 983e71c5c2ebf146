/* SPDX-License-Identifier: Apache-2.0
 * c_api/atlas_texts.h -- texts into vectors.
 *
 * A part of atlas.h, which includes it inside its extern "C" and whose rules hold here; by itself it brings the whole.
 */
#ifndef ATLAS_C_API_ATLAS_H
#include "atlas.h"
#endif
#ifndef ATLAS_C_API_ATLAS_TEXTS_H
#define ATLAS_C_API_ATLAS_TEXTS_H

/* ---- texts to vectors ------------------------------------------------------------------------------- */

/**
 * The built-in embedder: words, pairs of words and runs of characters, hashed into a vector of length 1 and
 * weighed by how rare they are among the texts it learned. Needs no model. Create, learn, freeze, embed.
 */
typedef struct atlas_embedder atlas_embedder;

typedef struct atlas_embedder_options {
  uint32_t struct_size;
  uint32_t dimension;         /**< components: 1 to 65,535, default 1024 */
  uint64_t frequency_buckets; /**< counters of text frequencies: a power of two, 2^8 to 2^24, default 2^18 */
  uint64_t seed;              /**< of all hashes; default 0 */
  float word_weight;          /**< 0 to 1000, default 1; this and the next two: a negative number means none */
  float pair_weight;          /**< of two words in a row; default 0.3 */
  float gram_weight;          /**< of gram_length characters in a row; default 1 */
  uint32_t gram_length;       /**< 1 to 16, default 4 */
} atlas_embedder_options;
#define ATLAS_EMBEDDER_OPTIONS_INIT { (uint32_t)sizeof(atlas_embedder_options), 0, 0, 0, 0, 0, 0, 0 }

/** What atlas_embedder_describe fills. */
typedef struct atlas_embedder_info {
  uint32_t struct_size;
  uint32_t dimension;
  uint32_t is_frozen;
  uint32_t gram_length;
  uint64_t texts;       /**< learned */
} atlas_embedder_info;
#define ATLAS_EMBEDDER_INFO_INIT { (uint32_t)sizeof(atlas_embedder_info), 0, 0, 0, 0 }

/** An embedder that has learned nothing. `options` may be NULL. */
ATLAS_C_EXPORT atlas_status atlas_embedder_create(atlas_embedder** out, const atlas_embedder_options* options);

/** The frozen embedder that atlas_embedder_save_state wrote. The bytes are checked and copied. */
ATLAS_C_EXPORT atlas_status atlas_embedder_open_state(atlas_embedder** out, const void* state, size_t state_bytes);

/** Ends a handle; NULL is accepted. */
ATLAS_C_EXPORT void atlas_embedder_close(atlas_embedder* embedder);

/** Fills `out`, whose struct_size the caller has set. */
ATLAS_C_EXPORT atlas_status atlas_embedder_describe(atlas_embedder_info* out, const atlas_embedder* embedder);

/**
 * Counts in how many texts each word occurs. The order of texts and the threads do not change the outcome.
 *
 * @param texts    [text_count], each one text of the corpus
 * @param options  may be NULL
 * @return         ATLAS_ERR_READ_ONLY once frozen; after any other error some of the texts are learned
 */
ATLAS_C_EXPORT atlas_status atlas_embedder_learn(atlas_embedder* embedder, const atlas_text* texts, size_t text_count,
                                                 const atlas_work_options* options);

/** Ends learning. No other thread may be inside atlas_embedder_learn. */
ATLAS_C_EXPORT atlas_status atlas_embedder_freeze(atlas_embedder* embedder);

/**
 * The vector of each text, of length 1. It depends on that text alone.
 *
 * @param[out] out        float32 [text_count, dimension]; not defined after an error
 * @param      texts      [text_count]
 * @param      dimension  columns of `out`; must be the embedder's
 * @param      options    may be NULL
 * @return                ATLAS_ERR_READ_ONLY unless frozen, _DIMENSION_MISMATCH, _NO_MEMORY, _CANCELLED
 */
ATLAS_C_EXPORT atlas_status atlas_embedder_embed(float* out, const atlas_embedder* embedder, const atlas_text* texts,
                                                 size_t text_count, size_t dimension,
                                                 const atlas_work_options* options);

/**
 * The whole frozen embedder as bytes.
 *
 * @param[out] needed    bytes of the state, also when `capacity` is too small and nothing else is written
 * @param[out] out       [capacity] bytes
 */
ATLAS_C_EXPORT atlas_status atlas_embedder_save_state(uint64_t* needed, void* out, const atlas_embedder* embedder,
                                                      size_t capacity);

#endif /* ATLAS_C_API_ATLAS_TEXTS_H */

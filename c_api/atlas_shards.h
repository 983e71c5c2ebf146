/* SPDX-License-Identifier: Apache-2.0
 * c_api/atlas_shards.h -- several index files opened as one: searched in parallel, their answers merged.
 *
 * A part of atlas.h, which includes it inside its extern "C" and whose rules hold here; by itself it brings the whole.
 */
#ifndef ATLAS_C_API_ATLAS_H
#include "atlas.h"
#endif
#ifndef ATLAS_C_API_ATLAS_SHARDS_H
#define ATLAS_C_API_ATLAS_SHARDS_H

/** Index files of one dimension and metric, of any kinds, opened to be read. A key that several store is answered once. */
typedef struct atlas_shards atlas_shards;

typedef struct atlas_shards_options {
  uint32_t struct_size;
  int32_t vectors;       /**< ATLAS_VECTORS_: where the stored vectors of each are */
  int32_t load;          /**< 1: each is read into memory instead of mapped; 0: no */
  int32_t allow_missing; /**< 1: files that are missing or damaged, or become so, are done without, as long as one can be
                              opened; answers are those of the rest, and say so. A shard that does not fit to the others
                              is refused all the same. 0: no */
} atlas_shards_options;
#define ATLAS_SHARDS_OPTIONS_INIT { (uint32_t)sizeof(atlas_shards_options), 0, 0, 0 }

/** What atlas_shards_describe fills. */
typedef struct atlas_shards_info {
  uint32_t struct_size;
  int32_t metric;
  uint32_t dimension;
  uint32_t shards;         /**< listed, missing ones too */
  uint32_t missing;        /**< those that could not be opened */
  uint32_t reserved;       /**< 0 */
  uint64_t size;           /**< vectors of those that are there; a key that several store counts as often */
  uint64_t memory_vectors; /**< bytes, in memory or mapped, by part */
  uint64_t memory_keys;
  uint64_t memory_graph;
  uint64_t memory_scratch;
} atlas_shards_info;
#define ATLAS_SHARDS_INFO_INIT { (uint32_t)sizeof(atlas_shards_info), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/** What atlas_shards_describe_shard fills. Its texts are borrowed: valid until the shards are closed. */
typedef struct atlas_shard_info {
  uint32_t struct_size;
  int32_t kind;        /**< ATLAS_KIND_; 0 for a missing one */
  atlas_status status; /**< why it is missing; ATLAS_OK for one that is there */
  uint32_t reserved;   /**< 0 */
  uint64_t size;       /**< its vectors */
  const char* path;    /**< what was opened as it */
  const char* problem; /**< why it is missing, for a person; "" for one that is there */
} atlas_shard_info;
#define ATLAS_SHARD_INFO_INIT { (uint32_t)sizeof(atlas_shard_info), 0, 0, 0, 0, NULL, NULL }

/** What answered a search. */
typedef struct atlas_shards_answer {
  uint32_t struct_size;
  uint32_t listed;       /**< shards there are */
  uint32_t answered;     /**< those that answered every query; fewer only with allow_missing */
  atlas_status status;   /**< why the first of the others did not; ATLAS_OK if all did */
  uint64_t failed_shard; /**< which that is; UINT64_MAX if all did */
  uint64_t found;        /**< search: answers written, of all queries; range: keys within the radius, maybe more than fit */
} atlas_shards_answer;
#define ATLAS_SHARDS_ANSWER_INIT { (uint32_t)sizeof(atlas_shards_answer), 0, 0, 0, 0, 0 }

/**
 * Writes a list of shards, complete or not at all: a text that people can write too. Its first line is "atlas shards 1",
 * its last "end"; between them stands a path on each line, relative to the list's folder unless it begins with '/'. Empty
 * lines and lines that begin with '#' mean nothing.
 *
 * @param path         the list's
 * @param shards       1 to 4,096 paths as they are to stand there, without control characters, spaces at an end, and
 *                     none twice; one that begins with '#', or is "end", needs "./" before it
 * @return             ATLAS_ERR_INVALID_ARGUMENT, _LIMIT_EXCEEDED (atlas_last_error_row says which path); or as
 *                     atlas_index_save. Whether there are such files is not looked at
 */
ATLAS_C_EXPORT atlas_status atlas_shards_write(const char* path, const char* const* shards, size_t shard_count);

/**
 * Opens the files of a list. Paths may lead anywhere that the process may read: trust a list as a command line.
 *
 * @return  as atlas_index_open for the list and for each shard, which atlas_last_error names, and atlas_last_error_row
 *          by its place from 0. For the list, _CORRUPT_FILE and _LIMIT_EXCEEDED, where the row is the line from 1. For a
 *          shard also _DIMENSION_MISMATCH and _METRIC_MISMATCH (it differs from the first), _INVALID_ARGUMENT (the same
 *          file as another, or a flat one with ATLAS_VECTORS_ON_DISK), _KIND_MISMATCH (a list itself)
 */
ATLAS_C_EXPORT atlas_status atlas_shards_open(atlas_shards** out, const char* path, const atlas_shards_options* options);

/** The same of paths without a list, relative ones to the working directory. */
ATLAS_C_EXPORT atlas_status atlas_shards_open_files(atlas_shards** out, const char* const* paths, size_t path_count,
                                                    const atlas_shards_options* options);

/** Ends a handle; NULL is accepted. */
ATLAS_C_EXPORT void atlas_shards_close(atlas_shards* shards);

/** Fills `out`, whose struct_size the caller has set. */
ATLAS_C_EXPORT atlas_status atlas_shards_describe(atlas_shards_info* out, const atlas_shards* shards);

/** The same of one shard. @param shard  its place in the list, from 0; else ATLAS_ERR_LIMIT_EXCEEDED */
ATLAS_C_EXPORT atlas_status atlas_shards_describe_shard(atlas_shard_info* out, const atlas_shards* shards, size_t shard);

/**
 * The nearest stored vectors of each query, of all shards: those nearest of what each answers. Of equally near ones the
 * least key comes first.
 *
 * @param[in,out] hits     as in atlas_index_search
 * @param[out]    answer   who answered; the caller has set struct_size
 * @param         queries  at most hits->rows vectors
 * @param         options  for each shard; `threads` are shared out over shards and queries, time_limit_ns is that of a
 *                         query in one shard; may be NULL
 * @return                 as atlas_index_search. If a shard's file fails, _IO or _CORRUPT_FILE, and atlas_last_error_row
 *                         is its place; with allow_missing the queries that it fails are answered by the others
 */
ATLAS_C_EXPORT atlas_status atlas_shards_search(atlas_hits* hits, atlas_shards_answer* answer, const atlas_shards* shards,
                                                const atlas_matrix* queries, const atlas_search_options* options);

/**
 * All stored vectors within a radius of one query, each key once.
 *
 * @param[out] answer     who answered, and how many there are
 * @param[out] keys       uint64 [capacity]: the nearest of them, nearest first
 * @param[out] distances  float32 [capacity]
 * @param      options    of which `width` (hnsw), `probes` (ivf_pq), `threads` and `allowed` are heeded; may be NULL
 * @return                as atlas_shards_search
 */
ATLAS_C_EXPORT atlas_status atlas_shards_range(atlas_shards_answer* answer, uint64_t* keys, float* distances,
                                               const atlas_shards* shards, const atlas_matrix* query, float radius,
                                               size_t capacity, const atlas_search_options* options);

/**
 * Which shard stores each key: the first that does.
 *
 * @param[out] out   uint64 [key_count]: its place from 0; UINT64_MAX if none that is there
 * @param      keys  uint64 [key_count]
 */
ATLAS_C_EXPORT atlas_status atlas_shards_find(uint64_t* out, const atlas_shards* shards, const uint64_t* keys,
                                              size_t key_count);

/** Vectors by key, each of the first shard that stores it; otherwise as atlas_index_get. */
ATLAS_C_EXPORT atlas_status atlas_shards_get(void* out, const atlas_shards* shards, const uint64_t* keys,
                                             size_t key_count, int32_t scalar, size_t dimension);

/** The distance of each query to stored vectors, the least where several shards store a key; otherwise as
 *  atlas_index_distances. */
ATLAS_C_EXPORT atlas_status atlas_shards_distances(float* out, const atlas_shards* shards, const atlas_matrix* queries,
                                                   const uint64_t* keys, size_t key_count);

/** Some of the stored keys, shard after shard, one that several store as often; otherwise as atlas_index_list_keys. */
ATLAS_C_EXPORT atlas_status atlas_shards_list_keys(uint64_t* written, uint64_t* keys, uint64_t* cursor,
                                                   const atlas_shards* shards, size_t capacity);

#endif /* ATLAS_C_API_ATLAS_SHARDS_H */

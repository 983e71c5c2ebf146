/* SPDX-License-Identifier: Apache-2.0
 * c_api/atlas_index.h -- vectors under keys, and the search for the nearest: indexes of every kind and their files.
 *
 * A part of atlas.h, which includes it inside its extern "C" and whose rules hold here; by itself it brings the whole.
 */
#ifndef ATLAS_C_API_ATLAS_H
#include "atlas.h"
#endif
#ifndef ATLAS_C_API_ATLAS_INDEX_H
#define ATLAS_C_API_ATLAS_INDEX_H

/** Vectors under 64-bit keys, and the search for the nearest. One handle type for every kind. */
typedef struct atlas_index atlas_index;

enum {
  ATLAS_KIND_DEFAULT = 0, /**< HNSW */
  ATLAS_KIND_FLAT = 1,    /**< compares with every row: exact */
  ATLAS_KIND_HNSW = 2,    /**< a graph: fast, recall depends on the width */
  ATLAS_KIND_IVF_PQ = 3   /**< lists of codes: sooner built than a graph, recall depends on probes and rerank */
};

/** In what form hnsw compares rows while it walks the graph. Answers are measured on the stored vectors. */
enum {
  ATLAS_CODES_AUTOMATIC = 0, /**< at creation: LVQ4 from 256 components on, below that LVQ8 */
  ATLAS_CODES_NONE = 1,      /**< the stored vectors themselves */
  ATLAS_CODES_F16 = 2,       /**< half the bytes of F32 */
  ATLAS_CODES_BF16 = 3,
  ATLAS_CODES_LVQ8 = 4,      /**< a quarter: 8 bits a component, with a scale and an offset of each vector's own */
  ATLAS_CODES_LVQ4 = 5       /**< an eighth: the same in 4 bits */
};

/** What stands for a row in its list, of ivf_pq. */
enum {
  ATLAS_LIST_CODES_AUTOMATIC = 0, /**< PQ4 */
  ATLAS_LIST_CODES_FLAT = 1,      /**< nothing: vectors are compared */
  ATLAS_LIST_CODES_PQ4 = 2,       /**< product codes of 4 bits a part, looked up 32 rows at a time */
  ATLAS_LIST_CODES_PQ8 = 3,       /**< product codes of 8 bits a part */
  ATLAS_LIST_CODES_RABITQ = 4,    /**< a bit a component after a random rotation */
  ATLAS_LIST_CODES_SQ8 = 5        /**< 8 bits a component */
};

/** What vectors go through before they are coded, of ivf_pq. */
enum {
  ATLAS_ROTATION_AUTOMATIC = 0, /**< RANDOM for RABITQ, else NONE */
  ATLAS_ROTATION_NONE = 1,
  ATLAS_ROTATION_RANDOM = 2,
  ATLAS_ROTATION_LEARNED = 3 /**< OPQ: of PQ4 and PQ8; costs dimension squared a query */
};

typedef struct atlas_index_options {
  uint32_t struct_size;
  int32_t kind;           /**< ATLAS_KIND_ */
  int32_t scalar;         /**< ATLAS_SCALAR_F32: what callers give and get */
  int32_t metric;         /**< ATLAS_METRIC_ */
  uint32_t dimension;     /**< 1 to 65,535; no default */
  uint32_t connectivity;  /**< hnsw: links a node ("M"), 2 to 512; default 16 */
  uint32_t build_width;   /**< hnsw: candidates kept while adding ("efConstruction"), to 65,536; default 200 */
  uint32_t search_width;  /**< hnsw: candidates kept while searching ("ef"), to 65,536; default 64; stored */
  uint64_t seed;          /**< hnsw: of each row's level; ivf_pq: of training; default 42 */
  uint64_t reserve_rows;  /**< rows to make room for at once */
  int32_t codes;          /**< hnsw: ATLAS_CODES_ */
  int32_t stored;         /**< what vectors are stored as, and so measured: ATLAS_SCALAR_F32; of hnsw and ivf_pq also F16 and BF16,
                               which round, I8 and U8, which refuse what is no whole number of their range */
  uint32_t codes_from;    /**< hnsw: rows from which on there are codes; default 1024 */
  float alpha;            /**< hnsw: 1 to 2; above 1 it keeps more and longer links: slower steps, fewer of them;
                               default 1 */
  uint64_t lists;         /**< this and the rest: ivf_pq; to 2^20; default by the rows there are to be, about their root */
  uint64_t train_from;    /**< rows from which on there are lists; default: 40 a list, without `lists` 10,000 */
  int32_t list_codes;     /**< ATLAS_LIST_CODES_ */
  int32_t rotation;       /**< ATLAS_ROTATION_ */
  uint32_t parts;         /**< of product codes; default one of PQ4 for 2 components, of PQ8 for 8 */
  uint32_t iterations;    /**< of k-means for the lists; default 10 */
  uint32_t probes;        /**< lists that a search looks at; stored; default as many as find 0.95 of the 10 nearest of some
                               vectors, measured by each training; before vectors are there the root of the lists */
  uint32_t rerank;        /**< rows measured for each of k; stored; default 8 */
  int32_t rerank_codes;   /**< ATLAS_CODES_: a code beside each vector, by which those rows are compared, so that only the best
                               two for each of k, of LVQ4 four, are measured; not of FLAT lists; default NONE */
  uint32_t recall_k;      /**< for so many answers a query; default 10 */
  double recall;          /**< share of the exact answers that searches are to find, above 0 to 1: trainings hold some
                               vectors back, and set the cheapest probes and rerank that find as much for them; stored;
                               default none */
} atlas_index_options;
#define ATLAS_INDEX_OPTIONS_INIT \
  { (uint32_t)sizeof(atlas_index_options), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

enum {
  ATLAS_OPEN_READ = 0,  /**< mapped and shared; every change is refused with ATLAS_ERR_READ_ONLY */
  ATLAS_OPEN_CHANGE = 1 /**< copy-on-write: changes stay in this process until save; the file stays as it is */
};

enum {
  ATLAS_VECTORS_MAPPED = 0, /**< as the rest of the file */
  ATLAS_VECTORS_ON_DISK = 1 /**< hnsw and ivf_pq, ATLAS_OPEN_READ: each is read from the file when it is measured */
};

typedef struct atlas_open_options {
  uint32_t struct_size;
  int32_t mode;         /**< ATLAS_OPEN_ */
  int32_t vectors;      /**< ATLAS_VECTORS_: where the stored vectors are */
  int32_t load;         /**< 1: read into memory, in huge pages where there are, instead of mapped: slower to open, faster
                             to search where the file is much larger than the caches; 0: no */
} atlas_open_options;
#define ATLAS_OPEN_OPTIONS_INIT { (uint32_t)sizeof(atlas_open_options), 0, 0, 0 }

/** How hnsw finds rows among allowed ones: the same kind of answer, at other costs. */
enum {
  ATLAS_STRATEGY_AUTOMATIC = 0, /**< by the share of rows that are allowed */
  ATLAS_STRATEGY_WALK = 1,      /**< through all rows, keeping allowed ones: where much is allowed */
  ATLAS_STRATEGY_TWO_HOP = 2,   /**< from allowed row to allowed row, over at most one that is not */
  ATLAS_STRATEGY_SCAN = 3       /**< over all allowed rows: where little is */
};

/** Of a search for the k nearest. A search within a radius heeds `width`, `probes` and `allowed` only. */
typedef struct atlas_search_options {
  uint32_t struct_size;
  uint32_t threads;        /**< for a batch; default: all that the process may use */
  uint64_t width;          /**< hnsw: candidates kept ("ef"); default: the index's; raised to k if below */
  const uint64_t* allowed; /**< bitmap over keys: bit key % 64 of word key / 64; default: every key may be returned */
  uint64_t allowed_bits;   /**< bits in it; keys from here on are not allowed */
  int32_t first_pass;      /**< flat: ATLAS_FIRST_PASS_ of a batch; the answers are the same */
  uint32_t reserved;       /**< 0 */
  int32_t strategy;        /**< hnsw: ATLAS_STRATEGY_ of a search with `allowed` */
  uint32_t starts;         /**< hnsw: rows that the walk begins from, to 1,024; more help in data of separate clusters;
                                default one */
  uint32_t patience;       /**< hnsw: so many steps in a row that bring no answer end the walk; default: it ends when no
                                candidate is left. ivf_pq: so many lists, of its probes */
  uint32_t reserved_2;     /**< 0 */
  uint64_t time_limit_ns;  /**< hnsw: a query's; then the answer is what was found, maybe fewer than k; default none */
  uint32_t probes;         /**< ivf_pq: lists looked at, and further ones where these hold fewer than k vectors that are allowed;
                                default: the index's */
  uint32_t rerank;         /**< ivf_pq: rows measured for each of k, of those estimated nearest; default: the index's */
  uint32_t estimates_only; /**< ivf_pq: 1: answers are those estimated nearest, or nearest by rerank_codes, with these distances;
                                no vector is read; 0: no */
  uint32_t reserved_3;     /**< 0 */
} atlas_search_options;
#define ATLAS_SEARCH_OPTIONS_INIT \
  { (uint32_t)sizeof(atlas_search_options), 0, 0, NULL, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

typedef struct atlas_save_options {
  uint32_t struct_size;
  uint32_t reserved;       /**< 0 */
  atlas_progress progress; /**< with bytes done; default none */
  void* progress_context;
} atlas_save_options;
#define ATLAS_SAVE_OPTIONS_INIT { (uint32_t)sizeof(atlas_save_options), 0, NULL, NULL }

typedef struct atlas_seal_options {
  uint32_t struct_size;
  uint32_t degree;         /**< neighbours a vector: 32, 64, 96 or 128; default 32 */
  uint32_t threads;        /**< default: all that the process may use; the file is the same */
  uint32_t reserved;       /**< 0 */
  uint64_t seed;           /**< of the rotation of vectors before their bits are taken; default 42 */
  atlas_progress progress; /**< with bytes done; default none */
  void* progress_context;
} atlas_seal_options;
#define ATLAS_SEAL_OPTIONS_INIT { (uint32_t)sizeof(atlas_seal_options), 0, 0, 0, 0, NULL, NULL }

/** By what atlas_index_tune chooses. */
typedef struct atlas_tune_options {
  uint32_t struct_size;
  uint32_t reserved;       /**< 0 */
  uint64_t k;              /**< answers a query; default 10 */
  double recall;           /**< wanted share of the exact answers, above 0 to 1; default 0.95 */
  atlas_progress progress; /**< with queries asked, of the most there may be; default none */
  void* progress_context;
  uint32_t threads;        /**< that find exact answers and count right ones; default: all that the process may use. What is
                                timed, of hnsw how far ahead to prefetch, has one; the rest is the same with any number */
  uint32_t reserved_2;     /**< 0 */
} atlas_tune_options;
#define ATLAS_TUNE_OPTIONS_INIT { (uint32_t)sizeof(atlas_tune_options), 0, 0, 0, NULL, NULL, 0, 0 }

/** What atlas_index_tune chose and measured. The caller sets struct_size. */
typedef struct atlas_tune_result {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t width;          /**< candidates kept while searching */
  uint64_t prefetch_rows;  /**< rows asked for ahead in a walk */
  double recall;           /**< share of the exact answers found so; below the wanted one if nothing finds that */
  double queries_per_second; /**< with what was chosen, on one thread that nothing disturbs */
  uint64_t probes;         /**< ivf_pq: lists looked at; then width and prefetch_rows are 0 */
  uint64_t rerank;         /**< ivf_pq: rows measured for each of k */
} atlas_tune_result;
#define ATLAS_TUNE_RESULT_INIT { (uint32_t)sizeof(atlas_tune_result), 0, 0, 0, 0, 0, 0, 0 }

/** What atlas_index_describe fills. A longer struct of a newer caller gets zeros at its end. */
typedef struct atlas_index_info {
  uint32_t struct_size;
  int32_t kind;            /**< ATLAS_KIND_, never 0 */
  int32_t scalar;          /**< what callers give and get */
  int32_t metric;
  uint32_t dimension;
  uint32_t connectivity;   /**< this and the widths: 0 unless hnsw */
  uint32_t build_width;
  uint32_t search_width;
  uint64_t size;           /**< vectors that can be found */
  uint32_t is_read_only;
  uint32_t max_level;      /**< hnsw: the graph's highest level */
  uint64_t memory_vectors; /**< bytes, in memory or mapped, by part */
  uint64_t memory_keys;
  uint64_t memory_graph;   /**< links, codes, a sealed one's blocks of neighbours; of ivf_pq lists and centroids */
  uint64_t memory_scratch;
  int32_t stored;          /**< what vectors are stored as */
  int32_t codes;           /**< this and the next two: 0 unless hnsw; ATLAS_CODES_, never AUTOMATIC */
  uint32_t codes_from;
  float alpha;
  uint32_t is_sealed;      /**< hnsw: opened from what atlas_index_seal wrote */
  uint32_t reserved;       /**< 0 */
  uint64_t lists;          /**< this and the rest: 0 unless ivf_pq; 0 before training */
  int32_t list_codes;      /**< ATLAS_LIST_CODES_, never AUTOMATIC */
  int32_t rotation;        /**< ATLAS_ROTATION_, never AUTOMATIC */
  uint32_t parts;
  uint32_t code_bytes;     /**< of a row; 0 before training */
  uint32_t probes;
  uint32_t rerank;
  int32_t rerank_codes;    /**< ATLAS_CODES_, never AUTOMATIC */
  uint32_t reserved_2;     /**< 0 */
  double promised_recall;  /**< share of the exact answers that searches with the defaults were measured to find, by a
                                training with a wanted recall or by atlas_index_tune; 0: nothing is promised, or no longer,
                                as there are twice as many vectors since, or half as many */
  uint64_t promised_k;     /**< for so many answers a query */
} atlas_index_info;
#define ATLAS_INDEX_INFO_INIT \
  { (uint32_t)sizeof(atlas_index_info), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/** An empty index in memory. `options` is needed: dimension has no default. */
ATLAS_C_EXPORT atlas_status atlas_index_create(atlas_index** out, const atlas_index_options* options);

/**
 * Maps an index file of any kind, reading its header only unless it is loaded. The file must not shrink while it is open.
 *
 * @return  ATLAS_ERR_FILE_NOT_FOUND, _PERMISSION_DENIED, _IS_A_DIRECTORY, _NOT_ATLAS_FILE, _WRONG_BYTE_ORDER,
 *          _UNSUPPORTED_VERSION, _CORRUPT_FILE, _SCALAR_MISMATCH, _KIND_MISMATCH, _INVALID_ARGUMENT (options), _READ_ONLY (a
 *          sealed file, to be changed), _IO or _NO_MEMORY
 */
ATLAS_C_EXPORT atlas_status atlas_index_open(atlas_index** out, const char* path, const atlas_open_options* options);

/** Ends a handle; NULL is accepted. Changes since the last save are lost. */
ATLAS_C_EXPORT void atlas_index_close(atlas_index* index);

/** Fills `out`, whose struct_size the caller has set. */
ATLAS_C_EXPORT atlas_status atlas_index_describe(atlas_index_info* out, const atlas_index* index);

/**
 * Adds vectors under new keys: all of them or none, also when cancelled. With threads = 1 and one seed the
 * graph is the same every time.
 *
 * @param keys     uint64 [vectors->rows], each new and none ATLAS_RESERVED_KEY
 * @param vectors  finite; under cosine none of length zero
 * @return         ATLAS_ERR_DUPLICATE_KEY, _NOT_FINITE, _ZERO_VECTOR, _LIMIT_EXCEEDED for a number that the stored
 *                 scalar cannot hold (atlas_last_error_row says which); _DIMENSION_MISMATCH, _SCALAR_MISMATCH,
 *                 _READ_ONLY, _LIMIT_EXCEEDED, _NO_MEMORY, _CANCELLED
 */
ATLAS_C_EXPORT atlas_status atlas_index_add(atlas_index* index, const uint64_t* keys, const atlas_matrix* vectors,
                                            const atlas_work_options* options);

/** As atlas_index_add, but a key that is stored gets the new vector. A key twice in one batch is refused. */
ATLAS_C_EXPORT atlas_status atlas_index_upsert(atlas_index* index, const uint64_t* keys, const atlas_matrix* vectors,
                                               const atlas_work_options* options);

/**
 * Removes keys. If one is not stored, nothing is removed: ATLAS_ERR_KEY_NOT_FOUND, and atlas_last_error_row
 * says which. A key given twice is removed once.
 *
 * @param keys  uint64 [key_count]
 */
ATLAS_C_EXPORT atlas_status atlas_index_remove(atlas_index* index, const uint64_t* keys, size_t key_count);

/**
 * Removes those of some keys that are stored.
 *
 * @param[out] removed  how many were; may be NULL
 * @param      keys     uint64 [key_count]
 * @return              ATLAS_ERR_READ_ONLY; _NO_MEMORY: then some are removed
 */
ATLAS_C_EXPORT atlas_status atlas_index_remove_stored(uint64_t* removed, atlas_index* index, const uint64_t* keys,
                                                      size_t key_count);

/**
 * Which keys are stored.
 *
 * @param[out] out   uint8 [key_count]: 1 if stored, else 0
 * @param      keys  uint64 [key_count]
 */
ATLAS_C_EXPORT atlas_status atlas_index_contains(uint8_t* out, const atlas_index* index, const uint64_t* keys,
                                                 size_t key_count);

/**
 * Vectors by key, as they were added, as far as the stored scalar holds them.
 *
 * @param[out] out        `scalar` [key_count, dimension]; not defined after an error
 * @param      keys       uint64 [key_count]; one that is not stored gives ATLAS_ERR_KEY_NOT_FOUND and its row;
 *                        vectors on disk may give _IO or _CORRUPT_FILE
 * @param      scalar     what `out` holds: ATLAS_SCALAR_F32
 * @param      dimension  columns of `out`; must be the index's
 */
ATLAS_C_EXPORT atlas_status atlas_index_get(void* out, const atlas_index* index, const uint64_t* keys,
                                            size_t key_count, int32_t scalar, size_t dimension);

/**
 * The nearest stored vectors of each query. Fewer than k is a count, not an error. Of equally near ones the first
 * added comes first in flat, the least key in hnsw and ivf_pq.
 *
 * @param[in,out] hits     shape and arrays; the arrays are written
 * @param         queries  at most hits->rows vectors
 * @param         options  may be NULL
 * @return                 ATLAS_ERR_INVALID_ARGUMENT (k is 0, too few rows), _DIMENSION_MISMATCH,
 *                         _SCALAR_MISMATCH, _NOT_FINITE, _ZERO_VECTOR, _LIMIT_EXCEEDED (starts), _NO_MEMORY; for
 *                         vectors on disk also _IO, _CORRUPT_FILE. Then some queries may be answered
 * Cost: flat: every row; hnsw: about width * log(size) distances; ivf_pq: every centroid, the codes of the rows of `probes`
 * lists, and rerank * k distances. After the first on a thread it allocates nothing.
 */
ATLAS_C_EXPORT atlas_status atlas_index_search(atlas_hits* hits, const atlas_index* index,
                                               const atlas_matrix* queries, const atlas_search_options* options);

/**
 * All stored vectors within a radius of one query.
 *
 * @param[out] found      how many there are; may be more than `capacity`
 * @param[out] keys       uint64 [capacity]: the nearest of them, nearest first
 * @param[out] distances  float32 [capacity]
 * @param      query      one vector
 * @param      radius     in the index's metric; a vector at this very distance is within
 * @param      options    may be NULL
 * hnsw: finds them by the graph, so misses some; the more the width, the fewer. ivf_pq: misses those that are in none of
 * `probes` lists.
 */
ATLAS_C_EXPORT atlas_status atlas_index_range(uint64_t* found, uint64_t* keys, float* distances,
                                              const atlas_index* index, const atlas_matrix* query, float radius,
                                              size_t capacity, const atlas_search_options* options);

/**
 * The distance of each query to stored vectors.
 *
 * @param[out] out      float32 [queries->rows, key_count]; not defined after an error
 * @param      keys     uint64 [key_count]; one that is not stored gives ATLAS_ERR_KEY_NOT_FOUND and its row
 */
ATLAS_C_EXPORT atlas_status atlas_index_distances(float* out, const atlas_index* index, const atlas_matrix* queries,
                                                  const uint64_t* keys, size_t key_count);

/**
 * Some of the stored keys: of flat in the order in which they were added, of others in no particular order. What is
 * added, replaced or removed between two calls may be listed or not, a replaced key also twice.
 *
 * @param[out]    written  keys written; 0 with a capacity above 0: there are no more
 * @param[out]    keys     uint64 [capacity]
 * @param[in,out] cursor   0 to begin; then as the last call left it
 */
ATLAS_C_EXPORT atlas_status atlas_index_list_keys(uint64_t* written, uint64_t* keys, uint64_t* cursor,
                                                  const atlas_index* index, size_t capacity);

/** Makes room for `rows` vectors in all, so that adding up to there need not grow. */
ATLAS_C_EXPORT atlas_status atlas_index_reserve(atlas_index* index, size_t rows);

/**
 * Takes removed and replaced vectors out of a graph or lists now, so that their room serves the next ones; saved files are
 * without them in any case. Searches go on, changes wait. flat: nothing to do.
 *
 * @return  ATLAS_ERR_READ_ONLY; _CANCELLED if it could not be finished: searches that began before took more than a minute,
 *          memory ran out, or this is the child of a fork(). What was done by then stays done
 */
ATLAS_C_EXPORT atlas_status atlas_index_compact(atlas_index* index);

/**
 * Learns the lists and codes of ivf_pq from a sample, before vectors are added or after; those there are are listed anew.
 * Without it they are learned from the vectors themselves as soon as there are enough (options' train_from).
 *
 * @param sample   such as will be added: 40 or more a list; from 256 on more help little
 * @param options  progress in percent; may be NULL
 * @return         ATLAS_ERR_INVALID_ARGUMENT (fewer than lists, or than a part has centroids), _NOT_FINITE, _ZERO_VECTOR,
 *                 _LIMIT_EXCEEDED (atlas_last_error_row says which), _DIMENSION_MISMATCH, _KIND_MISMATCH unless ivf_pq,
 *                 _READ_ONLY, _NO_MEMORY, _CANCELLED: then all is as it was. Searches go on, changes wait
 */
ATLAS_C_EXPORT atlas_status atlas_index_train(atlas_index* index, const atlas_matrix* sample,
                                              const atlas_work_options* options);

/**
 * The same from the vectors that are stored, after many came or went.
 *
 * @return  as atlas_index_train, but for what is said of the sample's vectors
 */
ATLAS_C_EXPORT atlas_status atlas_index_retrain(atlas_index* index, const atlas_work_options* options);

/**
 * Finds the narrowest width at which searches like these find the wanted share of the exact answers, and how far
 * ahead to prefetch; of ivf_pq the cheapest probes and rerank. They are the index's defaults from now on, also in files
 * saved from now on; an index that was opened to read, or is sealed, is tuned as any other. If nothing is enough, what
 * found the most is set: out->recall tells. Of ivf_pq what was measured is promised, as atlas_index_info says.
 *
 * @param[out] out      may be NULL
 * @param      queries  such as will be asked; several hundred for a recall of two digits. NULL: ivf_pq only; vectors that
 *                      the last training held back, else up to 1,000 stored ones, each without itself
 * @param      options  may be NULL
 * @return              ATLAS_ERR_INVALID_ARGUMENT, also for no queries, an empty index and one that is not trained;
 *                      _KIND_MISMATCH for flat; _CANCELLED; or as atlas_index_search. Then nothing was set
 * Cost: for each query a distance to every vector and a few dozen searches; of hnsw then some seconds.
 */
ATLAS_C_EXPORT atlas_status atlas_index_tune(atlas_tune_result* out, atlas_index* index, const atlas_matrix* queries,
                                             const atlas_tune_options* options);

/**
 * Writes the index to a file: complete or not at all. What stood at `path` is replaced at the very end,
 * and stays as it was if anything fails.
 *
 * @return  ATLAS_ERR_NO_SPACE, _IO, _PERMISSION_DENIED, _FILE_NOT_FOUND (no such folder), _IS_A_DIRECTORY, _CANCELLED
 */
ATLAS_C_EXPORT atlas_status atlas_index_save(const atlas_index* index, const char* path,
                                             const atlas_save_options* options);

/**
 * Writes a sealed form of an hnsw index to a file, complete or not at all: it answers faster and cannot change. Beside
 * each vector lie the numbers of its neighbours and one bit a component of each, about degree * (dimension / 8 + 12)
 * bytes, so that a search goes to those alone that may be near. It is opened as any file, with ATLAS_OPEN_READ only.
 *
 * @param options  may be NULL
 * @return         ATLAS_ERR_INVALID_ARGUMENT (degree), _KIND_MISMATCH unless hnsw, or as atlas_index_save
 * Cost: about half of building the graph.
 */
ATLAS_C_EXPORT atlas_status atlas_index_seal(const atlas_index* index, const char* path,
                                             const atlas_seal_options* options);

/**
 * Reads a file of any kind from end to end and checks every checksum. Needs no handle.
 *
 * @param options  progress with bytes done; may be NULL
 * @return         as atlas_index_open; ATLAS_ERR_CORRUPT_FILE names the section
 */
ATLAS_C_EXPORT atlas_status atlas_file_verify(const char* path, const atlas_save_options* options);

#endif /* ATLAS_C_API_ATLAS_INDEX_H */

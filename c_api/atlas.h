/* SPDX-License-Identifier: Apache-2.0
 * c_api/atlas.h -- the C ABI of libatlas.so.0. C99, no C++ type, no macro needed to call it.
 *
 * All of it: atlas_vectors.h, which comes with it, is a part. Rules that hold for every function of both, so that no
 * comment below repeats them:
 *  1. A function that can fail returns atlas_status; 0 is success, every error is negative. Every such
 *     function refuses a NULL where it needs a pointer, and atlas_last_error says what it expected and found.
 *  2. Outputs come first, then the handle, then inputs. On error no output is written, unless said.
 *  3. What atlas_x_open or atlas_x_create makes, atlas_x_close ends; NULL is accepted there.
 *     Nothing that this library hands out is ever passed to free().
 *  4. Arrays belong to the caller and are read or written only during the call. Shapes are
 *     [rows, columns], row-major, dense; counts are elements, `_bytes` names are bytes. An array of no
 *     elements may be NULL. Texts and paths are UTF-8; paths end in NUL, texts have a size.
 *  5. An options struct begins with struct_size, sizeof it as the caller was compiled: set it with its
 *     _INIT macro, or by zeroing the struct and writing struct_size. 0 in any other field means the default,
 *     and NULL in place of the struct means all defaults, unless said. Fields are only ever appended. A longer
 *     struct of a newer caller is accepted if all that this library does not know is zero, else refused.
 *  6. No C++ exception leaves. No function blocks on a lock held by the caller. A callback returns; it does
 *     not throw, jump out, or call this library with the same handle.
 *  7. A handle may be used by several threads at a time, except that close waits for nobody: no other
 *     thread may be inside a call on it. After fork() the child may search and look up in its copy, whatever
 *     the parent's other threads were doing; it may change, save and close it only if none of them was inside
 *     a call on that handle at the fork.
 */
#ifndef ATLAS_C_API_ATLAS_H
#define ATLAS_C_API_ATLAS_H

#include <stddef.h>
#include <stdint.h>

#define ATLAS_C_EXPORT __attribute__((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

/* ---- status and errors ------------------------------------------------------------------------------ */

/** Fixed width, because the size of a C enum is the compiler's choice. Values are never reused. */
typedef int32_t atlas_status;
enum {
  ATLAS_OK = 0,
  ATLAS_ERR_INVALID_ARGUMENT = -1,     /**< NULL, a wrong struct_size, zero k, an option out of its range */
  ATLAS_ERR_DIMENSION_MISMATCH = -2,   /**< components of a vector differ from the index's */
  ATLAS_ERR_IO = -3,                   /**< the operating system failed a read, write, map or sync */
  ATLAS_ERR_CORRUPT_FILE = -4,         /**< a length, id or checksum in the file is wrong, or it is cut short */
  ATLAS_ERR_NO_MEMORY = -5,            /**< the allocator or the address space gave out */
  ATLAS_ERR_INTERNAL = -6,             /**< a defect of this library */
  ATLAS_ERR_METRIC_MISMATCH = -7,
  ATLAS_ERR_SCALAR_MISMATCH = -8,      /**< the file's or array's element type is another */
  ATLAS_ERR_KIND_MISMATCH = -9,        /**< the file holds another kind of index */
  ATLAS_ERR_NOT_FINITE = -10,          /**< NaN or infinity in a vector; atlas_last_error_row says which */
  ATLAS_ERR_ZERO_VECTOR = -11,         /**< a vector of length zero under cosine */
  ATLAS_ERR_DUPLICATE_KEY = -12,       /**< the key is stored already, or twice in one batch */
  ATLAS_ERR_KEY_NOT_FOUND = -13,
  ATLAS_ERR_NOT_ATLAS_FILE = -14,      /**< the first bytes are not this library's */
  ATLAS_ERR_UNSUPPORTED_VERSION = -15, /**< the file was written by a newer format version */
  ATLAS_ERR_WRONG_BYTE_ORDER = -16,
  ATLAS_ERR_FILE_NOT_FOUND = -17,
  ATLAS_ERR_PERMISSION_DENIED = -18,
  ATLAS_ERR_IS_A_DIRECTORY = -19,
  ATLAS_ERR_NOT_A_DIRECTORY = -20,
  ATLAS_ERR_NO_SPACE = -21,            /**< the disk, quota or file size limit is full */
  ATLAS_ERR_READ_ONLY = -22,           /**< a change to something that was opened for reading */
  ATLAS_ERR_LIMIT_EXCEEDED = -23,      /**< more than a documented limit */
  ATLAS_ERR_CANCELLED = -24,           /**< the progress callback asked to stop */
  ATLAS_ERR_CLOSED = -25,
  ATLAS_ERR_TIMED_OUT = -26,
  ATLAS_ERR_BAD_ENCODING = -27,
  ATLAS_ERR_NATIVE_REQUIRED = -28      /**< never from this library: kept for bindings with a fallback */
};

/**
 * Why the last failing call on this thread failed, for example
 * "docs.atlas: dimension mismatch: query.dimension: expected 384, found 128".
 *
 * @return  one line, NUL-terminated, never NULL ("" if nothing failed yet). Borrowed: valid until the next
 *          atlas call on the same thread. Decide on the status, show this to a person. A path in front is
 *          given byte for byte, cut at its start when it is long.
 */
ATLAS_C_EXPORT const char* atlas_last_error(void);

/** The row of a batch that the last failing call on this thread blamed; UINT64_MAX if it named none. */
ATLAS_C_EXPORT uint64_t atlas_last_error_row(void);

/** A status in words, for example "dimension mismatch"; "ok" for 0. Static storage. */
ATLAS_C_EXPORT const char* atlas_status_name(atlas_status status);

/* ---- versions and instruction sets ------------------------------------------------------------------ */

/** The ABI that this header describes. */
#define ATLAS_C_ABI_VERSION 1

/**
 * The library's ATLAS_C_ABI_VERSION. It grows only when a caller compiled against an older header would
 * break. A program that loads the library at run time checks it before any other call: Debian's BLAS also
 * ships a libatlas.so.
 */
ATLAS_C_EXPORT uint32_t atlas_abi_version(void);

/** The library's version, for example "0.1.0". Static storage. */
ATLAS_C_EXPORT const char* atlas_version(void);

/** The instruction set in use: "avx512_amx", "avx512", "avx2", "sse4", "neon", "scalar" or between. Static storage. */
ATLAS_C_EXPORT const char* atlas_simd_target(void);

/**
 * Uses another instruction set from now on, in this process; for tests. The last bits of distances change.
 * The environment variable ATLAS_SIMD_TARGET does the same before the first call.
 *
 * @return  ATLAS_ERR_INVALID_ARGUMENT if this CPU cannot run it; the one in use then stays
 */
ATLAS_C_EXPORT atlas_status atlas_simd_force(const char* name);

/* ---- progress --------------------------------------------------------------------------------------- */

/**
 * Called now and then during a long call, by one thread at a time: the calling one, unless said.
 *
 * @param total    0 while it is not known
 * @param context  the progress_context of the options
 * @return         0 to go on; anything else stops: the call ends with ATLAS_ERR_CANCELLED
 */
typedef int32_t (*atlas_progress)(uint64_t done, uint64_t total, void* context);

/** How a long call that works on a batch runs. */
typedef struct atlas_work_options {
  uint32_t struct_size;
  uint32_t threads;        /**< default: all that the process may use */
  atlas_progress progress; /**< with rows or texts done; default none */
  void* progress_context;
} atlas_work_options;
#define ATLAS_WORK_OPTIONS_INIT { (uint32_t)sizeof(atlas_work_options), 0, NULL, NULL }

/* ---- vectors ---------------------------------------------------------------------------------------- */

#include "atlas_vectors.h" /* matrices, scalars, metrics, hits; distances, the nearest rows, conversions */

/* ---- indexes ---------------------------------------------------------------------------------------- */

/** Vectors under 64-bit keys, and the search for the nearest. One handle type for every kind. */
typedef struct atlas_index atlas_index;

enum {
  ATLAS_KIND_DEFAULT = 0, /**< HNSW */
  ATLAS_KIND_FLAT = 1,    /**< compares with every row: exact */
  ATLAS_KIND_HNSW = 2,    /**< a graph: fast, recall depends on the width */
  ATLAS_KIND_IVF_PQ = 3   /**< lists of codes; opened, not created, by this version's C interface */
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

typedef struct atlas_index_options {
  uint32_t struct_size;
  int32_t kind;           /**< ATLAS_KIND_ */
  int32_t scalar;         /**< ATLAS_SCALAR_F32: what callers give and get */
  int32_t metric;         /**< ATLAS_METRIC_ */
  uint32_t dimension;     /**< 1 to 65,535; no default */
  uint32_t connectivity;  /**< hnsw: links a node ("M"), 2 to 512; default 16 */
  uint32_t build_width;   /**< hnsw: candidates kept while adding ("efConstruction"), to 65,536; default 200 */
  uint32_t search_width;  /**< hnsw: candidates kept while searching ("ef"), to 65,536; default 64; stored */
  uint64_t seed;          /**< hnsw: of each row's level; default 42 */
  uint64_t reserve_rows;  /**< rows to make room for at once */
  int32_t codes;          /**< hnsw: ATLAS_CODES_ */
  int32_t stored;         /**< what vectors are stored as, and so measured: ATLAS_SCALAR_F32; of hnsw also F16 and BF16,
                               which round, I8 and U8, which refuse what is no whole number of their range */
  uint32_t codes_from;    /**< hnsw: rows from which on there are codes; default 1024 */
  float alpha;            /**< hnsw: 1 to 2; above 1 it keeps more and longer links: slower steps, fewer of them;
                               default 1 */
} atlas_index_options;
#define ATLAS_INDEX_OPTIONS_INIT { (uint32_t)sizeof(atlas_index_options), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

enum {
  ATLAS_OPEN_READ = 0,  /**< mapped and shared; every change is refused with ATLAS_ERR_READ_ONLY */
  ATLAS_OPEN_CHANGE = 1 /**< copy-on-write: changes stay in this process until save; the file stays as it is */
};

enum {
  ATLAS_VECTORS_MAPPED = 0, /**< as the rest of the file */
  ATLAS_VECTORS_ON_DISK = 1 /**< hnsw, ATLAS_OPEN_READ: each is read from the file when it is measured */
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

/** Of a search for the k nearest. A search within a radius heeds `width` and `allowed` only. */
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
                                candidate is left */
  uint32_t reserved_2;     /**< 0 */
  uint64_t time_limit_ns;  /**< hnsw: a query's; then the answer is what was found, maybe fewer than k; default none */
} atlas_search_options;
#define ATLAS_SEARCH_OPTIONS_INIT { (uint32_t)sizeof(atlas_search_options), 0, 0, NULL, 0, 0, 0, 0, 0, 0, 0, 0 }

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
} atlas_tune_options;
#define ATLAS_TUNE_OPTIONS_INIT { (uint32_t)sizeof(atlas_tune_options), 0, 0, 0, NULL, NULL }

/** What atlas_index_tune chose and measured. The caller sets struct_size. */
typedef struct atlas_tune_result {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t width;          /**< candidates kept while searching */
  uint64_t prefetch_rows;  /**< rows asked for ahead in a walk */
  double recall;           /**< share of the exact answers found so; below the wanted one if no width finds that */
  double queries_per_second; /**< with both, on one thread that nothing disturbs */
} atlas_tune_result;
#define ATLAS_TUNE_RESULT_INIT { (uint32_t)sizeof(atlas_tune_result), 0, 0, 0, 0, 0 }

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
  uint64_t memory_graph;   /**< links, codes, a sealed one's blocks of neighbours */
  uint64_t memory_scratch;
  int32_t stored;          /**< what vectors are stored as */
  int32_t codes;           /**< this and the next two: 0 unless hnsw; ATLAS_CODES_, never AUTOMATIC */
  uint32_t codes_from;
  float alpha;
  uint32_t is_sealed;      /**< hnsw: opened from what atlas_index_seal wrote */
  uint32_t reserved;       /**< 0 */
} atlas_index_info;
#define ATLAS_INDEX_INFO_INIT \
  { (uint32_t)sizeof(atlas_index_info), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

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
 * added comes first in flat, the least key in hnsw.
 *
 * @param[in,out] hits     shape and arrays; the arrays are written
 * @param         queries  at most hits->rows vectors
 * @param         options  may be NULL
 * @return                 ATLAS_ERR_INVALID_ARGUMENT (k is 0, too few rows), _DIMENSION_MISMATCH,
 *                         _SCALAR_MISMATCH, _NOT_FINITE, _ZERO_VECTOR, _LIMIT_EXCEEDED (starts), _NO_MEMORY; for
 *                         vectors on disk also _IO, _CORRUPT_FILE. Then some queries may be answered
 * Cost: flat: every row; hnsw: about width * log(size) distances. After the first on a thread it allocates nothing.
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
 * hnsw: finds them by the graph, so misses some; the more the width, the fewer.
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
 * Some of the stored keys: of flat in the order in which they were added, of hnsw in no particular order. What is
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
 * Takes removed and replaced vectors out of a graph now, so that their room serves the next ones; saved files are
 * without them in any case. Searches go on, changes wait. flat: nothing to do.
 *
 * @return  ATLAS_ERR_READ_ONLY; _CANCELLED if it could not be finished: searches that began before took more than a minute,
 *          memory ran out, or this is the child of a fork(). What was done by then stays done
 */
ATLAS_C_EXPORT atlas_status atlas_index_compact(atlas_index* index);

/**
 * Finds the narrowest width at which searches like these find the wanted share of the exact answers, and how far
 * ahead to prefetch. Both are the index's defaults from now on, also in files saved from now on; an index that was
 * opened to read, or is sealed, is tuned as any other. If no width is enough, the one that found the most is set:
 * out->recall tells.
 *
 * @param[out] out      may be NULL
 * @param      queries  such as will be asked; several hundred for a recall of two digits
 * @param      options  may be NULL
 * @return              ATLAS_ERR_INVALID_ARGUMENT, also for no queries and an empty index; _KIND_MISMATCH for flat;
 *                      _CANCELLED; or as atlas_index_search. Then nothing was set
 * Cost: for each query a distance to every vector and a few dozen searches; then some seconds.
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
 * @return         ATLAS_ERR_INVALID_ARGUMENT (degree), _KIND_MISMATCH for flat, or as atlas_index_save
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

/* ---- chunks ----------------------------------------------------------------------------------------- */

/** How strong the boundary behind a chunk is. A higher number is a better place to cut; gaps are for later. */
enum {
  ATLAS_BOUNDARY_CHARACTER = 0, /**< between two characters, nothing better was near */
  ATLAS_BOUNDARY_WORD = 1,      /**< behind white space */
  ATLAS_BOUNDARY_SENTENCE = 3,  /**< behind a sentence and the white space after it */
  ATLAS_BOUNDARY_LINE = 4,      /**< behind a line end */
  ATLAS_BOUNDARY_PARAGRAPH = 5, /**< behind a blank line */
  ATLAS_BOUNDARY_TEXT_END = 255
};

typedef struct atlas_chunk_options {
  uint32_t struct_size;
  uint32_t fill_percent; /**< of the room beside the overlap that a chunk fills at least: 10 to 90, default 50 */
  uint64_t size;         /**< characters of the longest chunk, overlap included: 4 to 2^31, default 1000 */
  uint64_t overlap;      /**< characters of the chunk before that a chunk repeats at most: to size / 2, default 0 */
} atlas_chunk_options;
#define ATLAS_CHUNK_OPTIONS_INIT { (uint32_t)sizeof(atlas_chunk_options), 0, 0, 0 }

/**
 * Where a chunk lies in its text. Offsets count from the text's start; `end` is the first behind the chunk. A
 * character is a code point of valid UTF-8, or one byte that is part of none. Of fixed size for ever.
 */
typedef struct atlas_chunk {
  uint64_t byte_begin;
  uint64_t byte_end;
  uint64_t byte_fresh; /**< the first byte that the chunk before does not hold */
  uint64_t char_begin;
  uint64_t char_end;
  uint64_t line_begin; /**< of the first byte; the first line is 1 */
  uint64_t line_end;   /**< of the last byte */
  uint64_t id_low;     /**< XXH3-128 of the chunk's bytes, seeded with the version of the rule */
  uint64_t id_high;
  uint32_t level;      /**< ATLAS_BOUNDARY_ at byte_end */
  uint32_t reserved;   /**< 0 */
} atlas_chunk;

/**
 * Cuts a text at the best boundaries within a size: paragraphs, lines, sentences, words, in this order.
 *
 * @param[out] found       chunks of the whole text, which may be more than `capacity`
 * @param[out] chunks      [capacity]: the first of them, in order
 * @param      text        any bytes, UTF-8 as a rule
 * @param      options     may be NULL
 * Cost: linear in the text, allocates nothing. More than 2 * text_bytes / size chunks are rare.
 */
ATLAS_C_EXPORT atlas_status atlas_chunk_text(uint64_t* found, atlas_chunk* chunks, const char* text,
                                             size_t text_bytes, size_t capacity, const atlas_chunk_options* options);

/* ---- texts to vectors ------------------------------------------------------------------------------- */

/** A borrowed text: any bytes, UTF-8 as a rule, no NUL needed. Of fixed size for ever. */
typedef struct atlas_text {
  const char* data; /**< may be NULL when size_bytes is 0 */
  uint64_t size_bytes;
} atlas_text;

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

/* ---- a folder of documents -------------------------------------------------------------------------- */

/**
 * Documents, their chunks and the chunks' vectors in one file. That file is an hnsw index under cosine, so
 * atlas_index_open reads it too; its keys are the chunks' numbers.
 */
typedef struct atlas_folder atlas_folder;

enum {
  ATLAS_FOLDER_WALKING = 0,  /**< done: files found */
  ATLAS_FOLDER_READING = 1,  /**< bytes of source files read, cut and learned from */
  ATLAS_FOLDER_INDEXING = 2, /**< chunks embedded and added */
  ATLAS_FOLDER_SAVING = 3    /**< bytes of the index file written */
};
/** As atlas_progress, with what is being done: ATLAS_FOLDER_. */
typedef int32_t (*atlas_folder_progress)(int32_t phase, uint64_t done, uint64_t total, void* context);

/** Why a file is not in the index. Never fatal, always counted. */
enum {
  ATLAS_SKIP_UNREADABLE = 0,   /**< no permission, gone meanwhile, or the disk failed */
  ATLAS_SKIP_TOO_LARGE = 1,    /**< more than max_file_bytes */
  ATLAS_SKIP_EMPTY = 2,        /**< no bytes, or white space only */
  ATLAS_SKIP_BINARY = 3,       /**< not text */
  ATLAS_SKIP_BAD_ENCODING = 4  /**< text, but not in UTF-8, UTF-16 or UTF-32, or ill-formed in it */
};
/** Called on the calling thread for each file left out; the path is as in atlas_folder_hit. */
typedef void (*atlas_folder_skip)(const char* path, uint64_t path_bytes, int32_t reason, void* context);

typedef struct atlas_folder_options {
  uint32_t struct_size;
  uint32_t threads;            /**< default: all that the process may use; 1 gives the same bytes every time */
  uint64_t chunk_size;         /**< this and the next two as in atlas_chunk_options; kept in the file */
  uint64_t chunk_overlap;
  uint32_t chunk_fill_percent;
  uint32_t include_hidden;     /**< not 0: also files and folders whose name starts with '.' */
  uint64_t max_file_bytes;     /**< larger files are skipped; default 16 MiB, at most 1 GiB */
  uint32_t connectivity;       /**< this and the next three as in atlas_index_options; search_width: 100 */
  uint32_t build_width;
  uint32_t search_width;
  uint32_t reserved;           /**< 0 */
  uint64_t seed;
  const atlas_embedder_options* embedder; /**< NULL: the defaults */
  atlas_folder_progress progress;         /**< default none */
  atlas_folder_skip on_skip;              /**< default none */
  void* context;                          /**< of both */
} atlas_folder_options;
#define ATLAS_FOLDER_OPTIONS_INIT \
  { (uint32_t)sizeof(atlas_folder_options), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL, NULL }

/** What atlas_folder_build and _compact did. The caller sets struct_size. */
typedef struct atlas_folder_report {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t files;                /**< documents in the index */
  uint64_t chunks;               /**< vectors in the index */
  uint64_t source_bytes;         /**< of those files */
  uint64_t skipped_unreadable;   /**< files, by ATLAS_SKIP_ */
  uint64_t skipped_too_large;
  uint64_t skipped_empty;
  uint64_t skipped_binary;
  uint64_t skipped_bad_encoding;
  uint64_t folders;              /**< walked, the root too */
  uint64_t unreadable_folders;
  uint64_t unreadable_files;     /**< that could not even be looked at, or whose path is too long */
  uint64_t ignored_folders;      /**< .git, node_modules and the like */
  uint64_t hidden;               /**< names that start with '.', not entered */
  uint64_t linked_files;         /**< symbolic links to files that were left out; 0 today: they are followed */
  uint64_t linked_folders;       /**< symbolic links to folders, never followed */
  uint64_t broken_links;
  uint64_t special_files;        /**< pipes, sockets, devices */
  uint64_t too_deep_folders;
} atlas_folder_report;
#define ATLAS_FOLDER_REPORT_INIT \
  { (uint32_t)sizeof(atlas_folder_report), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/**
 * One answer. Path and text lie in the index: they are valid until it is closed and do not end in NUL. Of
 * fixed size for ever.
 */
typedef struct atlas_folder_hit {
  const char* path;    /**< from the folder, '/' between names; bytes as the disk has them */
  uint64_t path_bytes;
  const char* text;    /**< the chunk as UTF-8, whatever the source's encoding */
  uint64_t text_bytes;
  uint64_t line_begin; /**< of the chunk's first byte; the first line is 1 */
  uint64_t line_end;   /**< of its last byte */
  uint64_t byte_begin; /**< [byte_begin, byte_end) in the source file */
  uint64_t byte_end;
  uint64_t key;        /**< the chunk's number */
  uint64_t id_low;     /**< as in atlas_chunk: the same text has the same id */
  uint64_t id_high;
  float score;         /**< cosine similarity, -1 to 1; larger is nearer */
  uint32_t reserved;   /**< 0 */
} atlas_folder_hit;

/** What atlas_folder_describe fills. */
typedef struct atlas_folder_info {
  uint32_t struct_size;
  uint32_t dimension;
  uint64_t files;              /**< documents */
  uint64_t chunks;             /**< chunks that can be found */
  uint64_t chunk_size;
  uint64_t chunk_overlap;
  uint32_t chunk_fill_percent;
  uint32_t is_read_only;
  uint32_t has_embedder;       /**< 0: a caller's embedder made the vectors, and the file cannot be asked in words */
  uint32_t reserved;
} atlas_folder_info;
#define ATLAS_FOLDER_INFO_INIT { (uint32_t)sizeof(atlas_folder_info), 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/**
 * Reads every text file below a folder, cuts it, learns from and embeds the chunks, and writes the index file.
 *
 * @param[out] report   may be NULL
 * @param      folder   the folder's path
 * @param      output   the index file; what stands there stays as it is until the new one is complete
 * @param      options  may be NULL
 * @return              ATLAS_ERR_FILE_NOT_FOUND, _NOT_A_DIRECTORY, _PERMISSION_DENIED, _INVALID_ARGUMENT, _NO_SPACE,
 *                      _CANCELLED, _LIMIT_EXCEEDED, _NO_MEMORY, _IO; then nothing is left behind
 */
ATLAS_C_EXPORT atlas_status atlas_folder_build(atlas_folder_report* report, const char* folder, const char* output,
                                               const atlas_folder_options* options);

/**
 * Opens what atlas_folder_build wrote. ATLAS_OPEN_CHANGE copies the tables and texts, not the vectors.
 *
 * @return  as atlas_index_open; ATLAS_ERR_KIND_MISMATCH for an index without documents
 */
ATLAS_C_EXPORT atlas_status atlas_folder_open(atlas_folder** out, const char* path, const atlas_open_options* options);

/** Ends a handle and all hits that came from it; NULL is accepted. */
ATLAS_C_EXPORT void atlas_folder_close(atlas_folder* folder);

/** Fills `out`, whose struct_size the caller has set. */
ATLAS_C_EXPORT atlas_status atlas_folder_describe(atlas_folder_info* out, const atlas_folder* folder);

/**
 * The chunks nearest to a question, nearest first.
 *
 * @param[out] found     answers written, at most k
 * @param[out] hits      [k]
 * @param      question  any text
 * @param      k         at least 1
 * @param      options   its filter goes by chunk number; may be NULL
 */
ATLAS_C_EXPORT atlas_status atlas_folder_search(uint64_t* found, atlas_folder_hit* hits, const atlas_folder* folder,
                                                const char* question, size_t question_bytes, size_t k,
                                                const atlas_search_options* options);

/**
 * Cuts, embeds and adds a document, in this process only until save. No other vector changes: what the
 * embedder learned stays as it is until compact.
 *
 * @param path  its name, not empty
 * @param text  UTF-8, else ATLAS_ERR_BAD_ENCODING
 * @return      also ATLAS_ERR_DUPLICATE_KEY when a document has this path, _READ_ONLY
 */
ATLAS_C_EXPORT atlas_status atlas_folder_add_document(atlas_folder* folder, const char* path, const char* text,
                                                      size_t text_bytes);

/** Takes a document out of searches; ATLAS_ERR_KEY_NOT_FOUND when none has this path. Its text goes with compact. */
ATLAS_C_EXPORT atlas_status atlas_folder_remove_document(atlas_folder* folder, const char* path);

/** Writes the index with its changes: complete or not at all; `path` may be the file it was opened from. */
ATLAS_C_EXPORT atlas_status atlas_folder_save(const atlas_folder* folder, const char* path,
                                              const atlas_save_options* options);

/**
 * Builds the index anew from its documents, without those removed, learning from them again, and writes it.
 *
 * @param[out] report   may be NULL
 * @param      output   may be the file it was opened from; the handle itself stays as it is
 * @param      options  threads, progress and context; everything else must be 0, as it is kept; may be NULL
 */
ATLAS_C_EXPORT atlas_status atlas_folder_compact(atlas_folder_report* report, const atlas_folder* folder,
                                                 const char* output, const atlas_folder_options* options);

#ifdef __cplusplus
}
#endif
#endif /* ATLAS_C_API_ATLAS_H */

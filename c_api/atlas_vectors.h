/* SPDX-License-Identifier: Apache-2.0
 * c_api/atlas_vectors.h -- vectors where they lie: distances, the nearest rows, lengths, means, other scalars, codes.
 *
 * A part of atlas.h, which includes it inside its extern "C" and whose rules hold here; by itself it brings the whole.
 */
#ifndef ATLAS_C_API_ATLAS_H
#include "atlas.h"
#endif
#ifndef ATLAS_C_API_ATLAS_VECTORS_H
#define ATLAS_C_API_ATLAS_VECTORS_H

/** What one component of a vector is. Indexes take F32 and store any but B1; functions here take all, unless said. */
enum {
  ATLAS_SCALAR_F32 = 0,
  ATLAS_SCALAR_F16 = 1,  /**< IEEE 754 binary16 */
  ATLAS_SCALAR_BF16 = 2, /**< the upper half of an F32 */
  ATLAS_SCALAR_I8 = 3,
  ATLAS_SCALAR_U8 = 4,
  ATLAS_SCALAR_B1 = 5    /**< one bit, eight a byte, the lowest first; the last byte's bits beyond a row are ignored */
};

/** What near means. A smaller distance is always nearer. */
enum {
  ATLAS_METRIC_L2SQ = 0,          /**< sum of squared differences */
  ATLAS_METRIC_INNER_PRODUCT = 1, /**< 1 - <a, b> */
  ATLAS_METRIC_COSINE = 2,        /**< 1 - <a, b> / (|a| |b|) */
  ATLAS_METRIC_HAMMING = 3,       /**< for B1 */
  ATLAS_METRIC_JACCARD = 4        /**< for B1 */
};

/** A borrowed block of vectors, shape [rows, dimension]. Of fixed size for ever, so without struct_size. */
typedef struct atlas_matrix {
  const void* data;   /**< aligned as its scalar needs; may be NULL when rows is 0 */
  uint64_t rows;
  uint64_t stride;    /**< components from row to row (of B1 bytes), no fewer than a row's; 0: rows lie end to end */
  uint32_t dimension; /**< components of a vector (of B1 bits), 1 to 65,535 */
  int32_t scalar;     /**< ATLAS_SCALAR_ */
} atlas_matrix;

/**
 * The distance of each query to each row.
 *
 * @param[out] out      float32 [queries->rows, rows->rows]; a NaN component gives NaN; overlaps no input
 * @param      queries  any number of vectors
 * @param      rows     vectors of the same dimension, else ATLAS_ERR_DIMENSION_MISMATCH, and of the same scalar,
 *                      or any but B1 for F32 queries, else ATLAS_ERR_SCALAR_MISMATCH
 * @param      metric   L2SQ, INNER_PRODUCT or COSINE, under which a zero vector lies at distance 1 from every other;
 *                      of B1 HAMMING or JACCARD; else ATLAS_ERR_METRIC_MISMATCH
 * Accuracy: as include/atlas/distance/pair_distance.hpp and distances.hpp say. Runs on the calling thread.
 */
ATLAS_C_EXPORT atlas_status atlas_distances(float* out, const atlas_matrix* queries, const atlas_matrix* rows,
                                            int32_t metric);

/**
 * The distance of each query to some rows.
 *
 * @param[out] out  float32 [queries->rows, id_count]
 * @param      ids  uint64 [id_count], numbers of rows, else ATLAS_ERR_LIMIT_EXCEEDED and atlas_last_error_row says
 *                  which. One call with many is faster than many calls: rows to come are prefetched.
 */
ATLAS_C_EXPORT atlas_status atlas_distances_of_rows(float* out, const atlas_matrix* queries, const atlas_matrix* rows,
                                                    const uint64_t* ids, size_t id_count, int32_t metric);

/** Where the search for the nearest rules rows out before it measures the rest in float32. */
enum {
  ATLAS_FIRST_PASS_F32 = 0,
  ATLAS_FIRST_PASS_BF16 = 1, /**< where the CPU has AMX, elsewhere as F32 */
  ATLAS_FIRST_PASS_I8 = 2    /**< where the CPU has AVX-512 VNNI or AMX, elsewhere as F32 */
};

typedef struct atlas_nearest_options {
  uint32_t struct_size;
  uint32_t threads;        /**< default: all that the process may use */
  int32_t first_pass;      /**< ATLAS_FIRST_PASS_: the answer is the same, the time is not */
  uint32_t reserved;       /**< 0 */
  atlas_progress progress; /**< with rows done; more than 1,024 queries take a pass each over all; default none */
  void* progress_context;
} atlas_nearest_options;
#define ATLAS_NEAREST_OPTIONS_INIT { (uint32_t)sizeof(atlas_nearest_options), 0, 0, 0, NULL, NULL }

/** Where a search writes: the caller's arrays and their shape. Unused slots: ATLAS_RESERVED_KEY and +inf. */
typedef struct atlas_hits {
  uint32_t struct_size;
  uint32_t reserved;  /**< 0 */
  uint64_t rows;      /**< rows of the arrays, at least the queries */
  uint64_t k;         /**< columns of the arrays and answers wanted for each query, at least 1; no default */
  uint64_t* keys;     /**< uint64 [rows, k], nearest first */
  float* distances;   /**< float32 [rows, k], in the metric of the search */
  uint32_t* counts;   /**< uint32 [rows]: answers found, <= k; may be NULL */
} atlas_hits;
#define ATLAS_HITS_INIT { (uint32_t)sizeof(atlas_hits), 0, 0, 0, NULL, NULL, NULL }

/** Marks a slot of a result without an answer; no vector can have it. */
#define ATLAS_RESERVED_KEY UINT64_MAX

/**
 * The nearest rows of each query, by comparing it with all of them: exact, and of equal distances the lower row.
 *
 * @param[in,out] hits     shape and arrays; keys become numbers of rows, of which one at distance NaN is never found;
 *                         k is at most rows->rows, else ATLAS_ERR_INVALID_ARGUMENT; arrays overlap nothing
 * @param         queries  at most hits->rows vectors
 * @param         rows     as in atlas_distances; at most 2^32 - 2
 * @param         options  may be NULL
 * @return                 as atlas_distances; after _NO_MEMORY and _CANCELLED the arrays are not defined
 */
ATLAS_C_EXPORT atlas_status atlas_nearest(atlas_hits* hits, const atlas_matrix* queries, const atlas_matrix* rows,
                                          int32_t metric, const atlas_nearest_options* options);

/** The Euclidean length of each row, of any scalar but B1. out: float32 [rows->rows] */
ATLAS_C_EXPORT atlas_status atlas_norms(float* out, const atlas_matrix* rows);

/**
 * Divides each row by its length; a row of length zero stays as it is.
 *
 * @param[out] out         float32 [rows->rows, dimension]; may be rows->data with the same stride, else apart from it
 * @param[out] zero_rows   how many have length zero; may be NULL
 * @param      rows        F32
 * @param      out_stride  floats from row to row of `out`; 0: rows lie end to end
 */
ATLAS_C_EXPORT atlas_status atlas_normalize(float* out, uint64_t* zero_rows, const atlas_matrix* rows,
                                            size_t out_stride);

/** The mean of F32 rows, at least one, summed in double. out: float32 [dimension] */
ATLAS_C_EXPORT atlas_status atlas_mean(float* out, const atlas_matrix* rows);

/** The cosine distance of each row to the next, of any scalar but B1. out: float32 [rows->rows - 1] */
ATLAS_C_EXPORT atlas_status atlas_consecutive_cosine(float* out, const atlas_matrix* rows);

/** What shares a scale where I8 stands for F32: number = integer * scale. */
enum {
  ATLAS_SCALING_PER_ROW = 0,      /**< float32 [rows] */
  ATLAS_SCALING_PER_DIMENSION = 1 /**< float32 [dimension] */
};

/** The scales at which I8 holds F32 rows best: the greatest magnitude / 127. NaN, infinity: ATLAS_ERR_NOT_FINITE. */
ATLAS_C_EXPORT atlas_status atlas_i8_scales(float* scales, const atlas_matrix* rows, int32_t scaling);

/**
 * Rows in another scalar: F32 to F16, BF16 or I8, rounded to nearest even, and any of these to F32.
 *
 * @param[out] out         `scalar` [rows->rows, dimension], apart from the rows
 * @param      scalar      of `out`; another pair is ATLAS_ERR_SCALAR_MISMATCH
 * @param      out_stride  components from row to row of `out`; 0: rows lie end to end
 * @param      scales      of I8, each 0 or 2^-126 to 2^126; otherwise not looked at, may be NULL
 * @param      scaling     of I8: ATLAS_SCALING_
 */
ATLAS_C_EXPORT atlas_status atlas_convert(void* out, int32_t scalar, const atlas_matrix* rows, size_t out_stride,
                                          const float* scales, int32_t scaling);

/**
 * Distances to rows that are codes of product quantisation: out[i] is the sum over parts p of
 * tables[p * 256 + code p of row i].
 *
 * @param[out] out     float32 [codes->rows]
 * @param      tables  float32 [codes->dimension, 256]
 * @param      codes   U8, a part each
 */
ATLAS_C_EXPORT atlas_status atlas_pq_distances(float* out, const float* tables, const atlas_matrix* codes);

#endif /* ATLAS_C_API_ATLAS_VECTORS_H */

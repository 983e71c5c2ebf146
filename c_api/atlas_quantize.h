/* SPDX-License-Identifier: Apache-2.0
 * c_api/atlas_quantize.h -- vectors in fewer bytes: clusters, quantisers, and rotations before them.
 *
 * A part of atlas.h, which includes it inside its extern "C" and whose rules hold here; by itself it brings the whole.
 * Indexes choose and train codes themselves; this is for code that keeps vectors on its own.
 */
#ifndef ATLAS_C_API_ATLAS_H
#include "atlas.h"
#endif
#ifndef ATLAS_C_API_ATLAS_QUANTIZE_H
#define ATLAS_C_API_ATLAS_QUANTIZE_H

/* ---- k-means ---------------------------------------------------------------------------------------- */

/** Where centroids start. */
enum {
  ATLAS_KMEANS_SAMPLED = 0,  /**< at different rows, drawn at random */
  ATLAS_KMEANS_PLUS_PLUS = 1 /**< at rows far from each other: k-means++ */
};

typedef struct atlas_kmeans_options {
  uint32_t struct_size;
  uint32_t threads;        /**< default: all that the process may use; the outcome is the same for any number */
  uint64_t seed;           /**< default 42, which 0 means too */
  uint64_t sample_rows;    /**< centroids are trained on so many rows, drawn at random; default: on all */
  uint64_t batch_rows;     /**< rows of an iteration, drawn anew for each (mini-batch); default: all */
  uint32_t iterations;     /**< at most so many times centroids move: to 10,000, default 10 */
  int32_t start;           /**< ATLAS_KMEANS_ */
  float balance;           /**< 0 to 1: how even clusters become; default 0, not at all */
  float relaxation;        /**< 1 to 1.9: centroids move so many times the way to the mean, but the last time; default 1.7 */
  double tolerance;        /**< 0 to 1: ends where an iteration lowers the error by less than this share; default 0 */
  atlas_progress progress; /**< with iterations done; default none */
  void* progress_context;
} atlas_kmeans_options;
#define ATLAS_KMEANS_OPTIONS_INIT { (uint32_t)sizeof(atlas_kmeans_options), 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL }

typedef struct atlas_kmeans_result {
  uint32_t struct_size;
  uint32_t iterations; /**< times the centroids moved */
  double error;        /**< mean squared distance of a row to its centroid */
} atlas_kmeans_result;
#define ATLAS_KMEANS_RESULT_INIT { (uint32_t)sizeof(atlas_kmeans_result), 0, 0 }

/**
 * Centroids such that rows are near one of them. Exact: each row goes to the nearest, as if it had been compared with all.
 *
 * @param[out] centroids  float32 [clusters, dimension]
 * @param[out] assigned   uint32 [rows->rows]: the centroid of each row; may be NULL
 * @param[out] sizes      uint32 [clusters]: rows of each; may be NULL
 * @param[out] result     may be NULL
 * @param      rows       F32, finite, lengths at most 1e18
 * @param      clusters   1 to 2^20, at most the rows
 * @param      options    may be NULL
 */
ATLAS_C_EXPORT atlas_status atlas_kmeans(float* centroids, uint32_t* assigned, uint32_t* sizes, atlas_kmeans_result* result,
                                         const atlas_matrix* rows, size_t clusters, const atlas_kmeans_options* options);

/**
 * Which of given centroids each row is nearest to; of equally near ones the lower.
 *
 * @param[out] ids        uint32 [rows->rows]
 * @param[out] distances  float32 [rows->rows], squared L2; may be NULL
 * @param      rows       F32, finite, lengths at most 1e18
 * @param      centroids  likewise, at least one, of the same dimension
 * @param      options    may be NULL; progress is told rows, once for 2^20
 * After _NO_MEMORY and _CANCELLED the arrays are not defined.
 */
ATLAS_C_EXPORT atlas_status atlas_assign_to_centroids(uint32_t* ids, float* distances, const atlas_matrix* rows,
                                                      const atlas_matrix* centroids, const atlas_work_options* options);

/* ---- quantisers ------------------------------------------------------------------------------------- */

/** How a vector becomes a code. Numbers are those of saved quantisers. */
enum {
  ATLAS_QUANTIZER_PRODUCT = 1,   /**< the nearest centroid of each part (PQ) */
  ATLAS_QUANTIZER_SCALAR = 3,    /**< each component in 8 or 4 bits */
  ATLAS_QUANTIZER_ADDITIVE = 4,  /**< a sum of whole-vector centroids: loses less than product codes, slow to encode */
  ATLAS_QUANTIZER_CORRECTED = 5, /**< product codes after a learned rotation, and a byte that corrects distances */
  ATLAS_QUANTIZER_BITS = 6       /**< the sign of each component after a random rotation, with unbiased distances (RaBitQ) */
};

/** A trained quantiser. Never changes. */
typedef struct atlas_quantizer atlas_quantizer;

typedef struct atlas_quantizer_options {
  uint32_t struct_size;
  int32_t kind;            /**< ATLAS_QUANTIZER_, default CORRECTED */
  uint64_t code_bytes;     /**< of PRODUCT, ADDITIVE, CORRECTED, without default; of the others 0 */
  uint64_t seed;           /**< default 42, which 0 means too */
  uint64_t sample_rows;    /**< at most so many rows train, all of BITS; default: as many as suit the kind */
  uint32_t bits;           /**< of PRODUCT, SCALAR, ADDITIVE: of a part, component or stage, 4 or 8; default 8 */
  uint32_t iterations;     /**< of PRODUCT, ADDITIVE, CORRECTED: of k-means, to 10,000, default 25 */
  uint32_t beam;           /**< of ADDITIVE: sums followed from stage to stage, 1 to 64, default 8 */
  uint32_t rounds;         /**< of ADDITIVE: that refine all stages, 1 to 1,000, default 4 */
  uint32_t threads;        /**< default: all that the process may use; BITS uses one */
  uint32_t reserved;       /**< 0 */
  atlas_progress progress; /**< with steps done; BITS has none; default none */
  void* progress_context;
} atlas_quantizer_options;
#define ATLAS_QUANTIZER_OPTIONS_INIT \
  { (uint32_t)sizeof(atlas_quantizer_options), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL }

/** What atlas_quantizer_describe fills. */
typedef struct atlas_quantizer_info {
  uint32_t struct_size;
  int32_t kind;        /**< ATLAS_QUANTIZER_ */
  uint32_t dimension;
  uint32_t code_bytes; /**< of a vector's code */
} atlas_quantizer_info;
#define ATLAS_QUANTIZER_INFO_INIT { (uint32_t)sizeof(atlas_quantizer_info), 0, 0, 0 }

/**
 * A quantiser learned from rows.
 *
 * @param rows  F32, finite, lengths at most 1e18; of 8-bit centroids at least 256, of 4-bit ones 16. ATLAS_ERR_NOT_FINITE
 *              and _LIMIT_EXCEEDED name the row
 */
ATLAS_C_EXPORT atlas_status atlas_quantizer_train(atlas_quantizer** out, const atlas_matrix* rows,
                                                  const atlas_quantizer_options* options);

/** The quantiser that atlas_quantizer_save_state wrote. The bytes are checked and copied. */
ATLAS_C_EXPORT atlas_status atlas_quantizer_open_state(atlas_quantizer** out, const void* state, size_t state_bytes);

/** Ends a handle; NULL is accepted. */
ATLAS_C_EXPORT void atlas_quantizer_close(atlas_quantizer* quantizer);

/** Fills `out`, whose struct_size the caller has set. */
ATLAS_C_EXPORT atlas_status atlas_quantizer_describe(atlas_quantizer_info* out, const atlas_quantizer* quantizer);

/**
 * The code of each row. It depends on that row alone.
 *
 * @param[out] codes    uint8 [rows->rows, code_bytes], apart from the rows; not defined after _NO_MEMORY or _CANCELLED
 * @param      rows     F32 of the quantiser's dimension, finite, lengths at most 1e18, else ATLAS_ERR_NOT_FINITE or
 *                      _LIMIT_EXCEEDED and atlas_last_error_row says which
 * @param      options  may be NULL
 */
ATLAS_C_EXPORT atlas_status atlas_quantizer_encode(uint8_t* codes, const atlas_quantizer* quantizer, const atlas_matrix* rows,
                                                   const atlas_work_options* options);

/**
 * What codes stand for.
 *
 * @param[out] out      float32 [codes->rows, dimension], apart from the codes; not defined after _NO_MEMORY or _CANCELLED
 * @param      codes    U8 [rows, code_bytes], any bytes
 * @param      options  may be NULL
 */
ATLAS_C_EXPORT atlas_status atlas_quantizer_decode(float* out, const atlas_quantizer* quantizer, const atlas_matrix* codes,
                                                   const atlas_work_options* options);

/**
 * How much of rows their codes lose.
 *
 * @param[out] mean_squared  mean of the squared distances between a row and what its code stands for; may be NULL
 * @param[out] share         their sum by that of the rows' squared lengths; may be NULL, but not both
 * @param      rows          as atlas_quantizer_encode takes
 * @param      options       may be NULL
 */
ATLAS_C_EXPORT atlas_status atlas_quantizer_error_of(double* mean_squared, double* share, const atlas_quantizer* quantizer,
                                                     const atlas_matrix* rows, const atlas_work_options* options);

/**
 * Squared L2 distances of queries to rows by their codes: of PRODUCT, SCALAR and ADDITIVE those to what codes stand for, of
 * CORRECTED and BITS estimates of those to the rows themselves, some of which are below 0 where rows are near.
 *
 * @param[out] out      float32 [queries->rows, codes->rows], apart from all others
 * @param[out] errors   NULL, or of BITS likewise: a standard deviation of each estimate, at most
 * @param      queries  F32 of the quantiser's dimension
 * @param      codes    U8 [rows, code_bytes], any bytes
 * @param      options  may be NULL; progress is told steps
 * After _NO_MEMORY and _CANCELLED the arrays are not defined.
 */
ATLAS_C_EXPORT atlas_status atlas_quantizer_distances(float* out, float* errors, const atlas_quantizer* quantizer,
                                                      const atlas_matrix* queries, const atlas_matrix* codes,
                                                      const atlas_work_options* options);

/**
 * The whole quantiser as bytes.
 *
 * @param[out] needed  bytes of the state, also when `capacity` is too small and nothing else is written
 * @param[out] out     [capacity] bytes
 */
ATLAS_C_EXPORT atlas_status atlas_quantizer_save_state(uint64_t* needed, void* out, const atlas_quantizer* quantizer,
                                                       size_t capacity);

/* ---- rotations -------------------------------------------------------------------------------------- */

/** An orthogonal map: lengths and inner products stay. Never changes. */
typedef struct atlas_rotation atlas_rotation;

typedef struct atlas_rotation_options {
  uint32_t struct_size;
  uint32_t threads;        /**< default: all that the process may use */
  uint64_t seed;           /**< default 42, which 0 means too */
  uint64_t sample_rows;    /**< at most so many rows train: at least as many as there are centroids, default 16,384 */
  uint32_t parts;          /**< of the product quantiser that follows: 1 to the dimension; no default */
  uint32_t bits;           /**< of a part's code: 4 or 8, default 8 */
  uint32_t rounds;         /**< times the rows are turned towards their codes, to 1,000; default 0 */
  uint32_t reserved;       /**< 0 */
  atlas_progress progress; /**< with rounds done, of one more than asked for; default none */
  void* progress_context;
} atlas_rotation_options;
#define ATLAS_ROTATION_OPTIONS_INIT { (uint32_t)sizeof(atlas_rotation_options), 0, 0, 0, 0, 0, 0, 0, NULL, NULL }

/** What atlas_rotation_describe fills. */
typedef struct atlas_rotation_info {
  uint32_t struct_size;
  int32_t kind;       /**< ATLAS_ROTATION_RANDOM or _LEARNED */
  uint32_t dimension; /**< of what is turned */
  uint32_t padded;    /**< of what it becomes: the dimension, or a little more */
} atlas_rotation_info;
#define ATLAS_ROTATION_INFO_INIT { (uint32_t)sizeof(atlas_rotation_info), 0, 0, 0 }

/** A random rotation that spreads a vector evenly over its components, rounded up to a multiple of 8. Any seed, 0 too. */
ATLAS_C_EXPORT atlas_status atlas_rotation_create(atlas_rotation** out, size_t dimension, uint64_t seed);

/**
 * A rotation after which product codes lose less (OPQ), of components rounded up to a multiple of the parts.
 *
 * @param rows  F32, finite; at least as many as there are centroids
 */
ATLAS_C_EXPORT atlas_status atlas_rotation_train(atlas_rotation** out, const atlas_matrix* rows,
                                                 const atlas_rotation_options* options);

/** The rotation that atlas_rotation_save_state wrote. The bytes are checked and copied. */
ATLAS_C_EXPORT atlas_status atlas_rotation_open_state(atlas_rotation** out, const void* state, size_t state_bytes);

/** Ends a handle; NULL is accepted. */
ATLAS_C_EXPORT void atlas_rotation_close(atlas_rotation* rotation);

/** Fills `out`, whose struct_size the caller has set. */
ATLAS_C_EXPORT atlas_status atlas_rotation_describe(atlas_rotation_info* out, const atlas_rotation* rotation);

/**
 * Turns each row.
 *
 * @param[out] out      float32 [rows->rows, padded], apart from the rows; not defined after _NO_MEMORY or _CANCELLED
 * @param      rows     F32 [rows, dimension]
 * @param      options  may be NULL
 */
ATLAS_C_EXPORT atlas_status atlas_rotation_apply(float* out, const atlas_rotation* rotation, const atlas_matrix* rows,
                                                 const atlas_work_options* options);

/**
 * Turns back what atlas_rotation_apply gave; of any numbers, gives the vectors whose rotations are nearest to them.
 *
 * @param[out] out      float32 [rows->rows, dimension], apart from the rows; not defined after _NO_MEMORY or _CANCELLED
 * @param      rows     F32 [rows, padded]
 * @param      options  may be NULL
 */
ATLAS_C_EXPORT atlas_status atlas_rotation_apply_inverse(float* out, const atlas_rotation* rotation, const atlas_matrix* rows,
                                                         const atlas_work_options* options);

/**
 * How far from orthogonal it is: the largest component of |R R' - I|, of a random one 0.
 *
 * @param threads  0: all that the process may use
 * Cost: dimension * dimension * padded.
 */
ATLAS_C_EXPORT atlas_status atlas_rotation_orthogonality_error(float* out, const atlas_rotation* rotation, uint32_t threads);

/** The whole rotation as bytes; as atlas_quantizer_save_state. */
ATLAS_C_EXPORT atlas_status atlas_rotation_save_state(uint64_t* needed, void* out, const atlas_rotation* rotation,
                                                      size_t capacity);

#endif /* ATLAS_C_API_ATLAS_QUANTIZE_H */

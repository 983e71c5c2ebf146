/* SPDX-License-Identifier: Apache-2.0
 * c_api/atlas_builder.h -- ivf_pq files that are larger than memory, written without being held in it.
 *
 * A part of atlas.h, which includes it inside its extern "C" and whose rules hold here; by itself it brings the whole.
 */
#ifndef ATLAS_C_API_ATLAS_H
#include "atlas.h"
#endif
#ifndef ATLAS_C_API_ATLAS_BUILDER_H
#define ATLAS_C_API_ATLAS_BUILDER_H

/**
 * An ivf_pq file under way: trained on a sample, given vectors as often as wanted, finished. The file is the one that an
 * index with the same training and the same adds would save; but with a wanted `recall` it is then tuned to it, and promises
 * what was measured, and without `probes` these are measured. It appears, whole, when it is finished; what stood at its path
 * stays until then. A builder that is closed before leaves nothing behind.
 *
 * Calls of several threads wait for each other. After an error by which vectors were lost, as of the disk and of memory, and
 * when adding or finishing was cancelled, every later call gives that error; after any other nothing was taken, and the builder
 * goes on. The child of a fork() may only close it.
 */
typedef struct atlas_ivf_builder atlas_ivf_builder;

typedef struct atlas_ivf_build_options {
  uint32_t struct_size;
  uint32_t threads;                 /**< default: all that the process may use; up to 4,096 lists the file is the same */
  const atlas_index_options* index; /**< what the file becomes: its `kind` is ATLAS_KIND_IVF_PQ or 0. reserve_rows says how many
                                         vectors there will be, and with it how many lists, if `lists` does not */
  const char* temporary_folder;     /**< on whose disk vectors lie until they are in order, with as much room as they and their
                                         codes take; default: the file's */
  uint64_t memory_bytes;            /**< for vectors on their way, from 16 MiB on; default 256 MiB. Beside it there are what is
                                         learned, in training the sample four times, and 24 to 56 bytes of each vector */
  uint64_t train_rows;              /**< atlas_ivf_build_file: vectors, from all over the file, to learn from; default 256 a list,
                                         as far as memory_bytes lets be */
  atlas_progress progress;          /**< atlas_ivf_build_file: with thousandths done; default none */
  void* progress_context;
} atlas_ivf_build_options;
#define ATLAS_IVF_BUILD_OPTIONS_INIT { (uint32_t)sizeof(atlas_ivf_build_options), 0, NULL, NULL, 0, 0, NULL, NULL }

/** What atlas_ivf_builder_describe fills. A longer struct of a newer caller gets zeros at its end. */
typedef struct atlas_ivf_builder_info {
  uint32_t struct_size;
  uint32_t dimension;
  uint64_t size;       /**< vectors taken so far */
  uint64_t lists;      /**< 0 before training; so is the next */
  uint32_t code_bytes; /**< of a vector */
  uint32_t reserved;   /**< 0 */
} atlas_ivf_builder_info;
#define ATLAS_IVF_BUILDER_INFO_INIT { (uint32_t)sizeof(atlas_ivf_builder_info), 0, 0, 0, 0, 0 }

/**
 * A builder of a file at `path`, whose folder exists.
 *
 * @param options  is needed, and its `index` too: dimension has no default
 * @return         as atlas_index_create, and ATLAS_ERR_FILE_NOT_FOUND, _NOT_A_DIRECTORY, _IS_A_DIRECTORY, _PERMISSION_DENIED,
 *                 _NO_SPACE, _IO of either folder
 */
ATLAS_C_EXPORT atlas_status atlas_ivf_builder_create(atlas_ivf_builder** out, const char* path,
                                                     const atlas_ivf_build_options* options);

/** Ends a handle; NULL is accepted. What is not finished is given up. */
ATLAS_C_EXPORT void atlas_ivf_builder_close(atlas_ivf_builder* builder);

/** Fills `out`, whose struct_size the caller has set. */
ATLAS_C_EXPORT atlas_status atlas_ivf_builder_describe(atlas_ivf_builder_info* out, const atlas_ivf_builder* builder);

/**
 * Learns lists and codes. Once, before vectors are added.
 *
 * @param sample   such as will be added, from all over them: 40 or more a list; from 256 on more help little
 * @param options  progress; may be NULL
 * @return         as atlas_index_train; after _CANCELLED it can be trained again
 */
ATLAS_C_EXPORT atlas_status atlas_ivf_builder_train(atlas_ivf_builder* builder, const atlas_matrix* sample,
                                                    const atlas_save_options* options);

/**
 * Takes vectors under new keys: all of them or, on error, none. Few at a time cost no more than many.
 *
 * @param keys     uint64 [vectors->rows], each new and none ATLAS_RESERVED_KEY
 * @param options  progress with vectors done; may be NULL
 * @return         as atlas_index_add, ATLAS_ERR_INVALID_ARGUMENT before training, _NO_SPACE, _IO
 */
ATLAS_C_EXPORT atlas_status atlas_ivf_builder_add(atlas_ivf_builder* builder, const uint64_t* keys,
                                                  const atlas_matrix* vectors, const atlas_save_options* options);

/**
 * Brings the vectors into the order of lists, measures what searches find, and puts the file in place. Then the builder
 * can only be described and closed.
 *
 * @param options  progress with bytes done, and as many more as take as long as measuring; may be NULL
 * @return         as atlas_index_save, ATLAS_ERR_INVALID_ARGUMENT before training
 */
ATLAS_C_EXPORT atlas_status atlas_ivf_builder_finish(atlas_ivf_builder* builder, const atlas_save_options* options);

/**
 * The whole of it, of the vectors in a file.
 *
 * @param path       of the index
 * @param vectors    path of a .fvecs .bvecs .ivecs .u8bin .i8bin .f16bin .f32bin .fbin .ibin or .npy file, which must not
 *                   shrink meanwhile
 * @param keys       uint64 [key_count], of each vector; NULL: the numbers of rows
 * @param key_count  as many as there are vectors; or 0 with NULL
 * @param options    may be NULL, and so may its `index`, whose dimension and reserve_rows are the file's
 * @return           as the calls above, or what is wrong with the file of vectors: ATLAS_ERR_FILE_NOT_FOUND, _CORRUPT_FILE, ...
 *                   A vector that cannot be taken is what atlas_last_error_row says
 */
ATLAS_C_EXPORT atlas_status atlas_ivf_build_file(const char* path, const char* vectors, const uint64_t* keys,
                                                 size_t key_count, const atlas_ivf_build_options* options);

#endif /* ATLAS_C_API_ATLAS_BUILDER_H */

/* SPDX-License-Identifier: Apache-2.0
 * c_api/atlas.h -- the C ABI of libatlas.so.0. C99, no C++ type, no macro needed to call it.
 *
 * All of it: atlas_vectors.h, atlas_quantize.h, atlas_index.h, atlas_builder.h, atlas_shards.h, atlas_encoding.h,
 * atlas_boundaries.h, atlas_tokenizer.h, atlas_texts.h, atlas_chunker.h, atlas_folder.h, atlas_queue.h and atlas_channel.h, which
 * come with it, are parts. Rules that hold for every function of all, so that no comment below repeats them:
 *  1. A function that can fail returns atlas_status; 0 is success, every error is negative. Every such
 *     function refuses a NULL where it needs a pointer, and atlas_last_error says what it expected and found.
 *  2. Outputs come first, then the handle, then inputs. On error no output is written, unless said.
 *  3. What atlas_x_open or atlas_x_create makes, atlas_x_close ends (a queue, a channel's side: _free); NULL is accepted there.
 *     Nothing that this library hands out is ever passed to free().
 *  4. Arrays belong to the caller and are read or written only during the call. Shapes are
 *     [rows, columns], row-major, dense; counts are elements, `_bytes` names are bytes. An array of no
 *     elements may be NULL. Texts and paths are UTF-8; paths end in NUL, texts have a size.
 *  5. An options struct begins with struct_size, sizeof it as the caller was compiled: set it with its
 *     _INIT macro, or by zeroing the struct and writing struct_size. 0 in any other field means the default,
 *     and NULL in place of the struct means all defaults, unless said. Fields are only ever appended. A longer
 *     struct of a newer caller is accepted if all that this library does not know is zero, else refused.
 *  6. No C++ exception leaves. No function blocks on a lock held by the caller. A callback returns; it does
 *     not throw, jump out, or call this library with the same handle (a folder refuses what would wait for itself,
 *     ATLAS_ERR_INVALID_ARGUMENT).
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
  ATLAS_ERR_NATIVE_REQUIRED = -28,     /**< never from this library: kept for bindings with a fallback */
  ATLAS_ERR_ALREADY_EXISTS = -29,      /**< the name is taken */
  ATLAS_ERR_BUSY = -30                 /**< another process or handle has it and is alive */
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

#include "atlas_quantize.h" /* clusters, quantisers, rotations */

/* ---- indexes ---------------------------------------------------------------------------------------- */

#include "atlas_index.h" /* create, open, add, search, range, tune, save */

#include "atlas_builder.h" /* index files larger than memory */
#include "atlas_shards.h" /* several index files as one */

/* ---- texts ------------------------------------------------------------------------------------------ */

/** A borrowed text: any bytes, UTF-8 as a rule, no NUL needed. Of fixed size for ever. */
typedef struct atlas_text {
  const char* data; /**< may be NULL when size_bytes is 0 */
  uint64_t size_bytes;
} atlas_text;

#include "atlas_encoding.h"   /* encodings told and decoded, UTF-8 validated */
#include "atlas_boundaries.h" /* characters, words, sentences */
#include "atlas_tokenizer.h"  /* tokens of byte-pair encodings */
#include "atlas_texts.h"      /* the hashing embedder */
#include "atlas_chunker.h"    /* chunks of whole texts and of streams */

/* ---- a folder of documents -------------------------------------------------------------------------- */

#include "atlas_folder.h" /* the main job: build, update, search */

/* ---- messages between threads, and between processes ------------------------------------------------- */

#include "atlas_queue.h"   /* push and pop in batches, overflow policies, a descriptor for event loops */
#include "atlas_channel.h" /* the same from process to process, in place in shared memory */

#ifdef __cplusplus
}
#endif
#endif /* ATLAS_C_API_ATLAS_H */

/* SPDX-License-Identifier: Apache-2.0
 * c_api/atlas_queue.h -- a bounded queue of messages between the threads of a process, in batches.
 *
 * A part of atlas.h, which includes it inside its extern "C" and whose rules hold here; by itself it brings the whole.
 */
#ifndef ATLAS_C_API_ATLAS_H
#include "atlas.h"
#endif
#ifndef ATLAS_C_API_ATLAS_QUEUE_H
#define ATLAS_C_API_ATLAS_QUEUE_H

/**
 * Messages of any bytes, first in, first out, bounded in messages and in bytes; any number of threads on both sides. A
 * message has a key, which says what it is about; 0: nothing that another message is about.
 *
 * Here atlas_queue_close says that no more messages come, and atlas_queue_free ends the handle: no other thread may be
 * inside a call on it, so close it and let the threads leave first. A child of fork() leaves the queue alone, and makes
 * its own; atlas_queue_free there only closes the child's copy of the descriptor.
 */
typedef struct atlas_queue atlas_queue;

/** What is done with a message for which there is no room. */
enum {
  ATLAS_OVERFLOW_BLOCK = 0,       /**< the push waits, as long as its timeout says */
  ATLAS_OVERFLOW_DROP_NEWEST = 1, /**< the message is dropped, and counted */
  ATLAS_OVERFLOW_DROP_OLDEST = 2, /**< those that have waited longest are dropped, and counted */
  ATLAS_OVERFLOW_COALESCE = 3,    /**< a waiting message of its key takes it in, room or not; else `otherwise` */
  ATLAS_OVERFLOW_ERROR = 4        /**< the push fails with ATLAS_ERR_LIMIT_EXCEEDED */
};

/** How a waiting message takes another in. It keeps its place. */
enum {
  ATLAS_COALESCE_REPLACE = 0, /**< the later bytes take the place of the earlier ones */
  ATLAS_COALESCE_APPEND = 1   /**< the later bytes are put behind the earlier ones: pieces of one text, for example */
};

/** Timeouts are nanoseconds from the call on; these two are what their names say. */
#define ATLAS_NO_WAIT UINT64_C(0)
#define ATLAS_WAIT_FOREVER UINT64_MAX

typedef struct atlas_queue_options {
  uint32_t struct_size;
  int32_t overflow;           /**< ATLAS_OVERFLOW_ */
  int32_t otherwise;          /**< under COALESCE: ATLAS_OVERFLOW_, for want of key and room; else 0 */
  int32_t coalesce;           /**< under COALESCE: ATLAS_COALESCE_; else 0 */
  uint64_t capacity_messages; /**< 1 to 2^32, default 1024, of 128 bytes each; COALESCE: to 192 */
  uint64_t capacity_bytes;    /**< of all that wait; default any, but COALESCE_APPEND needs a bound */
} atlas_queue_options;
#define ATLAS_QUEUE_OPTIONS_INIT { (uint32_t)sizeof(atlas_queue_options), 0, 0, 0, 0, 0 }

/**
 * What atlas_queue_describe fills. At every moment, exactly:
 * pushed = popped + waiting + dropped_newest + dropped_oldest + coalesced
 * All of them are of one moment; is_closed and refused may be of one a little later.
 */
typedef struct atlas_queue_info {
  uint32_t struct_size;
  uint32_t is_closed;
  uint64_t capacity_messages;
  uint64_t capacity_bytes;  /**< 2^62: any number */
  uint64_t waiting;
  uint64_t waiting_bytes;
  uint64_t pushed;          /**< accepted messages, whatever became of them */
  uint64_t popped;
  uint64_t dropped_newest;
  uint64_t dropped_oldest;
  uint64_t coalesced;       /**< taken in by one that waited */
  uint64_t refused;         /**< not accepted under ATLAS_OVERFLOW_ERROR; no part of pushed */
} atlas_queue_info;
#define ATLAS_QUEUE_INFO_INIT { (uint32_t)sizeof(atlas_queue_info), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/**
 * @return  ATLAS_ERR_INVALID_ARGUMENT for a policy that is none, and for one of `otherwise` and `coalesce` where it is
 *          not asked; _LIMIT_EXCEEDED; _NO_MEMORY
 */
ATLAS_C_EXPORT atlas_status atlas_queue_create(atlas_queue** out, const atlas_queue_options* options);

/** Ends a handle, with the messages that wait; NULL is accepted. In a child of fork() its memory stays. */
ATLAS_C_EXPORT void atlas_queue_free(atlas_queue* queue);

/**
 * Copies messages in, in their order, each as the policy says; those of other threads may come between them. Only
 * ATLAS_OVERFLOW_BLOCK waits.
 *
 * @param[out] accepted     messages, dropped and coalesced ones too; also after an error, which blames the next one
 * @param      buffer       [buffer_bytes]
 * @param      offsets      [message_count + 1]: the i-th message is the bytes from offsets[i] to before offsets[i + 1]
 * @param      keys         [message_count]; NULL: all 0
 * @param      timeout_ns   for all of them; ATLAS_NO_WAIT, ATLAS_WAIT_FOREVER
 * @return                  ATLAS_ERR_TIMED_OUT, _CLOSED, _LIMIT_EXCEEDED under ATLAS_OVERFLOW_ERROR, _NO_MEMORY: with
 *                          those before it accepted. _INVALID_ARGUMENT for offsets that fall or leave the buffer, and
 *                          _LIMIT_EXCEEDED for a message of more than capacity_bytes: none is accepted then.
 *                          atlas_last_error_row says which message
 */
ATLAS_C_EXPORT atlas_status atlas_queue_push_n(uint64_t* accepted, atlas_queue* queue, const void* buffer,
                                               size_t buffer_bytes, const uint64_t* offsets, const uint64_t* keys,
                                               size_t message_count, uint64_t timeout_ns);

/**
 * Waits for one message, and copies out those that are there and fit, in their order.
 *
 * @param[out] count         messages; 0 after an error
 * @param[out] buffer        [buffer_bytes]: the messages, one behind the other from its start
 * @param[out] offsets       [most + 1], of which count + 1 are written: the i-th message is the bytes from offsets[i]
 *                           to before offsets[i + 1]
 * @param[out] keys          [most], of which count are written; may be NULL
 * @return                   ATLAS_ERR_TIMED_OUT; _CLOSED when it is closed and no message is left; _LIMIT_EXCEEDED when
 *                           the first message alone is longer than the buffer: it stays, and offsets[1] says its bytes
 */
ATLAS_C_EXPORT atlas_status atlas_queue_pop_n(uint64_t* count, void* buffer, uint64_t* offsets, uint64_t* keys,
                                              atlas_queue* queue, size_t buffer_bytes, size_t most,
                                              uint64_t timeout_ns);

/** Says that no more messages come: pushes fail from now on, what is there can still be popped, whoever waits wakes. */
ATLAS_C_EXPORT atlas_status atlas_queue_close(atlas_queue* queue);

/** 1 after atlas_queue_close, else 0. */
ATLAS_C_EXPORT atlas_status atlas_queue_is_closed(uint32_t* out, const atlas_queue* queue);

/** Messages that wait. */
ATLAS_C_EXPORT atlas_status atlas_queue_size(uint64_t* out, const atlas_queue* queue);

/** Fills `out`, whose struct_size the caller has set. */
ATLAS_C_EXPORT atlas_status atlas_queue_describe(atlas_queue_info* out, const atlas_queue* queue);

/**
 * A descriptor that is readable when there may be a message, for epoll, poll and event loops; the same at each call. It
 * belongs to the queue: do not read it, write to it or close it. When it is readable, pop what you like with
 * ATLAS_NO_WAIT, then call atlas_queue_event_arm, and only then wait again. A closed queue stays readable.
 *
 * @return  ATLAS_ERR_IO when the process has no descriptor left; _NO_MEMORY
 */
ATLAS_C_EXPORT atlas_status atlas_queue_event_fd(int32_t* out, atlas_queue* queue);

/**
 * Makes the descriptor ready for the next wait: no message is missed, and it is not readable without one.
 *
 * @param[out] is_ready  not 0: it is readable already; may be NULL
 * @return               ATLAS_ERR_INVALID_ARGUMENT before atlas_queue_event_fd
 */
ATLAS_C_EXPORT atlas_status atlas_queue_event_arm(uint32_t* is_ready, atlas_queue* queue);

#endif /* ATLAS_C_API_ATLAS_QUEUE_H */

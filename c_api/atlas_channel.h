/* SPDX-License-Identifier: Apache-2.0
 * c_api/atlas_channel.h -- messages from many processes to one, through shared memory with a name.
 *
 * A part of atlas.h, which includes it inside its extern "C" and whose rules hold here; by itself it brings the whole.
 */
#ifndef ATLAS_C_API_ATLAS_H
#include "atlas.h"
#endif
#ifndef ATLAS_C_API_ATLAS_CHANNEL_H
#define ATLAS_C_API_ATLAS_CHANNEL_H

/**
 * A channel is the file FOLDER/atlas.NAME, of as many lanes as senders may be attached at once. Each sender writes to a
 * lane of its own, so a process that is killed, at whatever instruction, harms no other: what it committed is received,
 * and its lane, or the receiver's place, is free again at once. A stopped process is alive and keeps what it has. The
 * name stays until atlas_channel_remove, and so does the memory. Linux alone, and one machine.
 *
 * Unlike other handles, one of these is for one thread at a time, but that _close and _describe may be called by any at
 * any time. Here _close says that no more messages come, for all sides; _free ends a handle. In a child of fork()
 * all but _close and _free fail with ATLAS_ERR_BUSY: it attaches by itself.
 *
 * Whoever may write to the segment may write anything to it: both sides check what they read, and give
 * ATLAS_ERR_CORRUPT_FILE for what cannot be. Who makes the file shorter ends both by SIGBUS.
 *
 * A name is 1 to 128 of A-Z a-z 0-9 . _ -. A folder is in a file system in memory; NULL: /dev/shm.
 */
typedef struct atlas_channel_receiver atlas_channel_receiver;
typedef struct atlas_channel_sender atlas_channel_sender;

typedef struct atlas_channel_options {
  uint32_t struct_size;
  uint32_t lanes;       /**< senders at once, 1 to 1024; default 8 */
  uint64_t lane_bytes;  /**< 64 to 2^40 of each lane, rounded up to a power of two, taken at once; default 1 MiB */
  uint32_t permissions; /**< of the segment, at most 0777, whatever the umask; default 0600. Others need both */
  uint32_t may_exist;   /**< 1: takes over a channel of the same shape that is there */
  const char* folder;
} atlas_channel_options;
#define ATLAS_CHANNEL_OPTIONS_INIT { (uint32_t)sizeof(atlas_channel_options), 0, 0, 0, 0, NULL }

/** A message where it lies in the segment. Of fixed size for ever. */
typedef struct atlas_channel_message {
  const void* bytes; /**< aligned to 8 */
  uint64_t size_bytes;
  uint32_t lane;     /**< its sender's */
  uint32_t reserved; /**< 0 */
} atlas_channel_message;

typedef struct atlas_channel_receiver_info {
  uint32_t struct_size;
  uint32_t is_closed;
  uint32_t lanes;
  uint32_t senders;    /**< attached and alive */
  uint64_t lane_bytes;
} atlas_channel_receiver_info;
#define ATLAS_CHANNEL_RECEIVER_INFO_INIT { (uint32_t)sizeof(atlas_channel_receiver_info), 0, 0, 0, 0 }

typedef struct atlas_channel_sender_info {
  uint32_t struct_size;
  uint32_t is_closed;
  uint32_t lane;
  uint32_t has_receiver;    /**< 1: one is attached and alive */
  uint64_t longest_message; /**< bytes: a little less than half a lane's */
} atlas_channel_sender_info;
#define ATLAS_CHANNEL_SENDER_INFO_INIT { (uint32_t)sizeof(atlas_channel_sender_info), 0, 0, 0, 0 }

/* ---- the receiver: one at a time ---------------------------------------------------------------------- */

/**
 * Makes a channel and is its receiver: it is there, whole, or not at all.
 *
 * @return  ATLAS_ERR_ALREADY_EXISTS when the name is taken (if it may exist: by a channel of another shape); _BUSY
 *          while another receiver of that channel lives; _INVALID_ARGUMENT, _LIMIT_EXCEEDED, _NO_SPACE, _NO_MEMORY,
 *          _PERMISSION_DENIED, _FILE_NOT_FOUND without the folder, _IO; if it may exist those of _attach
 */
ATLAS_C_EXPORT atlas_status atlas_channel_receiver_create(atlas_channel_receiver** out, const char* name,
                                                          const atlas_channel_options* options);

/**
 * Receives from a channel that is there, beginning with the first message that was not released.
 *
 * @param folder  NULL: /dev/shm
 * @return        ATLAS_ERR_FILE_NOT_FOUND; _BUSY while another receiver lives; _NOT_ATLAS_FILE, _UNSUPPORTED_VERSION,
 *                _CORRUPT_FILE, _PERMISSION_DENIED, _NO_MEMORY, _IO
 */
ATLAS_C_EXPORT atlas_status atlas_channel_receiver_attach(atlas_channel_receiver** out, const char* name,
                                                          const char* folder);

/** Ends a handle, and with it the memory of messages that were peeked at; NULL is accepted. */
ATLAS_C_EXPORT void atlas_channel_receiver_free(atlas_channel_receiver* receiver);

/**
 * Waits for one message, and shows up to `most` of those that are there and were not shown yet, in place: they stay
 * what and where they are until atlas_channel_receiver_release. Those of one sender come in the order of its commits.
 *
 * @param[out] count       messages; 0 after an error
 * @param[out] messages    [most], of which count are written
 * @param      timeout_ns  ATLAS_NO_WAIT, ATLAS_WAIT_FOREVER
 * @return                 ATLAS_ERR_TIMED_OUT; _CLOSED when it is closed and no message is left; _CORRUPT_FILE once for
 *                         a lane whose contents cannot be, atlas_last_error_row, when what was found before it has been
 *                         given: its messages are lost, the others' come on
 */
ATLAS_C_EXPORT atlas_status atlas_channel_receiver_peek_n(uint64_t* count, atlas_channel_message* messages,
                                                          atlas_channel_receiver* receiver, size_t most,
                                                          uint64_t timeout_ns);

/**
 * Gives the room of all messages that were peeked at back to their senders. Until then they are received again by a
 * receiver that takes over.
 */
ATLAS_C_EXPORT atlas_status atlas_channel_receiver_release(atlas_channel_receiver* receiver);

/**
 * Waits for one message, copies out those that are there and fit, and releases them.
 *
 * @param[out] count    messages; 0 after an error
 * @param[out] buffer   [buffer_bytes]: the messages, one behind the other from its start
 * @param[out] offsets  [most + 1], of which count + 1 are written: the i-th message is the bytes from offsets[i] to
 *                      before offsets[i + 1]
 * @param[out] lanes    [most], of which count are written: their senders'; may be NULL
 * @return              as peek_n; ATLAS_ERR_LIMIT_EXCEEDED when the first message alone is longer than the buffer: it
 *                      stays, and offsets[1] says its bytes; _BUSY while messages of peek_n are not released
 */
ATLAS_C_EXPORT atlas_status atlas_channel_receiver_pop_n(uint64_t* count, void* buffer, uint64_t* offsets,
                                                         uint32_t* lanes, atlas_channel_receiver* receiver,
                                                         size_t buffer_bytes, size_t most, uint64_t timeout_ns);

/** Says that no more messages come: pushes of all senders fail from now on, what was committed is still received. */
ATLAS_C_EXPORT atlas_status atlas_channel_receiver_close(atlas_channel_receiver* receiver);

/** Fills `out`, whose struct_size the caller has set. Cost: a system call a lane. */
ATLAS_C_EXPORT atlas_status atlas_channel_receiver_describe(atlas_channel_receiver_info* out,
                                                            const atlas_channel_receiver* receiver);

/**
 * A descriptor for epoll, poll and event loops, of a pipe beside the segment; the same at each call. It belongs to the
 * handle: do not read it, write to it or close it. Before each wait call atlas_channel_receiver_event_arm, take what
 * is there, and do not wait for ever: a process that is killed between its commit and its bell leaves a message
 * without one.
 *
 * @return  ATLAS_ERR_IO, _PERMISSION_DENIED, _INVALID_ARGUMENT when something else has the pipe's name
 */
ATLAS_C_EXPORT atlas_status atlas_channel_receiver_event_fd(int32_t* out, atlas_channel_receiver* receiver);

/**
 * Makes the descriptor unreadable until something comes.
 *
 * @param[out] is_ready  not 0: something is there already, or the channel is closed; do not wait then. May be NULL
 * @return               ATLAS_ERR_INVALID_ARGUMENT before atlas_channel_receiver_event_fd
 */
ATLAS_C_EXPORT atlas_status atlas_channel_receiver_event_arm(uint32_t* is_ready, atlas_channel_receiver* receiver);

/* ---- senders: as many as there are lanes -------------------------------------------------------------- */

/**
 * Takes a free lane of a channel that is there, until the handle or the process ends.
 *
 * @param folder  NULL: /dev/shm
 * @return        ATLAS_ERR_FILE_NOT_FOUND; _BUSY when other senders have all lanes; _CLOSED; _NOT_ATLAS_FILE,
 *                _UNSUPPORTED_VERSION, _CORRUPT_FILE, _PERMISSION_DENIED, _NO_MEMORY, _IO
 */
ATLAS_C_EXPORT atlas_status atlas_channel_sender_attach(atlas_channel_sender** out, const char* name,
                                                        const char* folder);

/** Ends a handle, with what was claimed; what was committed is received. NULL is accepted. */
ATLAS_C_EXPORT void atlas_channel_sender_free(atlas_channel_sender* sender);

/**
 * Copies messages in, in their order, and waits for room. Gives up what was claimed.
 *
 * @param[out] accepted    messages; also after an error, which blames the next one
 * @param      buffer      [buffer_bytes]
 * @param      offsets     [message_count + 1]: the i-th message is the bytes from offsets[i] to before offsets[i + 1]
 * @param      timeout_ns  for all of them; ATLAS_NO_WAIT, ATLAS_WAIT_FOREVER: also for a receiver that never comes
 * @return                 ATLAS_ERR_TIMED_OUT, _CLOSED, _CORRUPT_FILE: with those before it accepted. _INVALID_ARGUMENT
 *                         for offsets that fall or leave the buffer, and _LIMIT_EXCEEDED for a message above
 *                         longest_message: none is accepted then. atlas_last_error_row says which message
 */
ATLAS_C_EXPORT atlas_status atlas_channel_sender_push_n(uint64_t* accepted, atlas_channel_sender* sender,
                                                        const void* buffer, size_t buffer_bytes,
                                                        const uint64_t* offsets, size_t message_count,
                                                        uint64_t timeout_ns);

/**
 * Room for one message, to be written to in place, until _commit, _abort, or the next _claim or _push_n, which give it
 * up. Nobody sees it before its commit.
 *
 * @param[out] out         [size_bytes], aligned to 8; not NULL also for 0 bytes
 * @param      size_bytes  the most that the message may have
 * @return                 ATLAS_ERR_TIMED_OUT, _CLOSED, _CORRUPT_FILE, _LIMIT_EXCEEDED above longest_message
 */
ATLAS_C_EXPORT atlas_status atlas_channel_sender_claim(void** out, atlas_channel_sender* sender, size_t size_bytes,
                                                       uint64_t timeout_ns);

/**
 * Hands the message over.
 *
 * @param size_bytes  what was written of it
 * @return            ATLAS_ERR_INVALID_ARGUMENT without a claim, or for more than it: nothing happens then
 */
ATLAS_C_EXPORT atlas_status atlas_channel_sender_commit(atlas_channel_sender* sender, size_t size_bytes);

/** Gives up what was claimed, if anything was. */
ATLAS_C_EXPORT atlas_status atlas_channel_sender_abort(atlas_channel_sender* sender);

/** As atlas_channel_receiver_close, for all sides. */
ATLAS_C_EXPORT atlas_status atlas_channel_sender_close(atlas_channel_sender* sender);

/** Fills `out`, whose struct_size the caller has set. */
ATLAS_C_EXPORT atlas_status atlas_channel_sender_describe(atlas_channel_sender_info* out,
                                                          const atlas_channel_sender* sender);

/* ---- the name ----------------------------------------------------------------------------------------- */

/**
 * Removes a channel's name, and the pipe beside it. Who is attached goes on with the memory; nobody new finds it.
 *
 * @param folder  NULL: /dev/shm
 * @return        ATLAS_ERR_FILE_NOT_FOUND, _PERMISSION_DENIED, _IO
 */
ATLAS_C_EXPORT atlas_status atlas_channel_remove(const char* name, const char* folder);

#endif /* ATLAS_C_API_ATLAS_CHANNEL_H */

/* SPDX-License-Identifier: Apache-2.0
 * c_api/atlas_folder.h -- a folder of documents in one file, and answers out of it.
 *
 * A part of atlas.h, which includes it inside its extern "C" and whose rules hold here; by itself it brings the whole.
 */
#ifndef ATLAS_C_API_ATLAS_H
#include "atlas.h"
#endif
#ifndef ATLAS_C_API_ATLAS_FOLDER_H
#define ATLAS_C_API_ATLAS_FOLDER_H

/**
 * Documents, their chunks and the chunks' vectors in one file. That file is an hnsw index under cosine, so
 * atlas_index_open reads it too; its keys are the chunks' numbers.
 */
typedef struct atlas_folder atlas_folder;

enum {
  ATLAS_FOLDER_WALKING = 0,  /**< done: files found */
  ATLAS_FOLDER_READING = 1,  /**< bytes of source files read, cut and learned from */
  ATLAS_FOLDER_INDEXING = 2, /**< chunks embedded, or their vectors taken over, and added */
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
  ATLAS_SKIP_BAD_ENCODING = 4  /**< text, but in no encoding that can be told, or ill-formed in it */
};
/** Called on the calling thread for each file left out; the path is as in atlas_folder_hit. */
typedef void (*atlas_folder_skip)(const char* path, uint64_t path_bytes, int32_t reason, void* context);

typedef struct atlas_folder_options {
  uint32_t struct_size;
  uint32_t threads;            /**< default: all that the process may use; 1 gives the same bytes every time */
  uint64_t chunk_size;         /**< characters, overlap included: 4 to 2^31, default 1000; how chunks are cut is kept in the file */
  uint64_t chunk_overlap;      /**< at most half of the size; default 0 */
  uint32_t chunk_fill_percent; /**< as fill_percent in atlas_chunker_options: 1 to 100, or ATLAS_ZERO_PERCENT, which is 0; else 35, coherent 0 */
  uint32_t include_hidden;     /**< not 0: also files and folders whose name starts with '.'; this and the next are kept in the file */
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
  int32_t chunk_packing;       /**< ATLAS_PACKING_ */
  uint32_t reserved_too;       /**< 0 */
} atlas_folder_options;
#define ATLAS_FOLDER_OPTIONS_INIT \
  { (uint32_t)sizeof(atlas_folder_options), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL, NULL, 0, 0 }

/** What atlas_folder_build, _update and _compact did. The caller sets struct_size. */
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
  uint64_t embedded;             /**< of the chunks, those whose vector was made */
  uint64_t taken_over;           /**< of the chunks, those whose vector is that of the index that was updated */
  uint64_t gone;                 /**< documents of the index that was updated, and not of the new one */
} atlas_folder_report;
#define ATLAS_FOLDER_REPORT_INIT \
  { (uint32_t)sizeof(atlas_folder_report), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

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
  uint64_t id_low;     /**< as in atlas_chunk: the same text, cut by the same rule, has the same id */
  uint64_t id_high;
  float score;         /**< cosine similarity, -1 to 1; larger is nearer */
  uint32_t reserved;   /**< 0 */
} atlas_folder_hit;

/** How many headings a chunk stands under at most. */
#define ATLAS_FOLDER_MOST_HEADINGS 6

/** A heading that a chunk stands under. The title lies in the index, as a hit's text does. Of fixed size for ever. */
typedef struct atlas_folder_heading {
  const char* title;    /**< UTF-8, not ended by NUL; may be empty */
  uint32_t title_bytes; /**< at most 256 */
  uint32_t depth;       /**< 1 to 6, more than that of the heading above */
} atlas_folder_heading;

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
  int32_t chunk_packing;       /**< ATLAS_PACKING_ */
  uint32_t reserved_too;
} atlas_folder_info;
#define ATLAS_FOLDER_INFO_INIT { (uint32_t)sizeof(atlas_folder_info), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/**
 * Reads every text file below a folder, cuts it, learns from and embeds the chunks, and writes the index file. Markdown,
 * HTML and source code, told by the endings of their names, are cut by ATLAS_RULE_MARKDOWN, _HTML and _CODE, everything else
 * by ATLAS_RULE_PLAIN_TEXT.
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
 * The headings that a chunk's first fresh byte stands under, the outermost first; of Markdown and HTML.
 *
 * @param[out] found     how many there are; 0 also for a file from before headings were kept
 * @param[out] headings  [ATLAS_FOLDER_MOST_HEADINGS]
 * @param      key       atlas_folder_hit.key
 * @return               ATLAS_ERR_KEY_NOT_FOUND for a number that no chunk has, ATLAS_ERR_CORRUPT_FILE
 */
ATLAS_C_EXPORT atlas_status atlas_folder_headings(uint64_t* found, atlas_folder_heading* headings, const atlas_folder* folder,
                                                  uint64_t key);

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
 * Walks a folder again and writes the index of what is there now. Every file is read and cut again; only chunks whose id this index
 * does not have are embedded, by its embedder as it is: the frequencies of words are those of the last build or compact. The vectors of
 * the others are taken over. Documents that are not below the folder, or are now left out, go and are counted, those that were added
 * too; chunks are numbered as in a new build. Refused, so that an index is not lost by what may pass, when no document is left
 * of those there were, or a folder that holds documents of the index cannot be read: build makes it anew.
 *
 * @param[out] report   may be NULL
 * @param      source   the folder's path
 * @param      output   may be the file the index was opened from; the handle itself stays as it is, and changes to it wait
 * @param      options  threads, include_hidden (hidden files are looked at also if the index was built so), max_file_bytes (default:
 *                      as the index was built), progress, on_skip and context; everything else must be 0, as it is kept; may be NULL
 * @return              as atlas_folder_build; ATLAS_ERR_READ_ONLY for a sealed index, as the new one would not be: update the one that
 *                      was sealed, and seal it again; ATLAS_ERR_CORRUPT_FILE for an index file whose checksums do not match, as nothing is
 *                      taken over of it: build makes it anew
 */
ATLAS_C_EXPORT atlas_status atlas_folder_update(atlas_folder_report* report, const atlas_folder* folder, const char* source,
                                                const char* output, const atlas_folder_options* options);

/**
 * Builds the index anew from its documents, without those removed, learning from them again, and writes it.
 *
 * @param[out] report   may be NULL
 * @param      output   may be the file it was opened from; the handle itself stays as it is
 * @param      options  threads, progress and context; everything else must be 0, as it is kept; may be NULL
 */
ATLAS_C_EXPORT atlas_status atlas_folder_compact(atlas_folder_report* report, const atlas_folder* folder,
                                                 const char* output, const atlas_folder_options* options);

#endif /* ATLAS_C_API_ATLAS_FOLDER_H */

/* SPDX-License-Identifier: Apache-2.0
 * c_api/atlas_chunker.h -- texts into chunks: whole texts, streams of any length, by rules and sizes of many kinds.
 *
 * A part of atlas.h, which includes it inside its extern "C" and whose rules hold here; by itself it brings the whole.
 */
#ifndef ATLAS_C_API_ATLAS_H
#include "atlas.h"
#endif
#ifndef ATLAS_C_API_ATLAS_CHUNKER_H
#define ATLAS_C_API_ATLAS_CHUNKER_H

/** Where a text may be cut: documents of which kind. */
enum {
  ATLAS_RULE_PLAIN_TEXT = 0,      /**< paragraphs, lines, sentences, clauses, words, in this order: the recursive splitter's */
  ATLAS_RULE_FIXED = 1,           /**< as much as fits */
  ATLAS_RULE_SENTENCE = 2,        /**< as many whole sentences as fit; abbreviations and numbers are known */
  ATLAS_RULE_UAX29_SENTENCE = 3,  /**< sentences exactly as Unicode Standard Annex 29 has them */
  ATLAS_RULE_DELIMITER = 4,       /**< at strings that the caller names */
  ATLAS_RULE_EXTERNAL = 5,        /**< at places that the caller knows: of a parser, of pages */
  ATLAS_RULE_MARKDOWN = 6,        /**< CommonMark and tables; headings, fences and tables whole where they fit */
  ATLAS_RULE_HTML = 7,            /**< blocks of an HTML document; no cut inside of a tag */
  ATLAS_RULE_CODE = 8,            /**< source code of any language: functions, blocks, statements */
  ATLAS_RULE_SEMANTIC = 9,        /**< where the meaning changes, by vectors of sentences */
  ATLAS_RULE_CONTENT_DEFINED = 10 /**< where the bytes say so, to find what two documents have in common (FastCDC) */
};

/** What sizes are counted in. */
enum {
  ATLAS_SIZER_CHARACTERS = 0, /**< code points; one for each byte that is part of none */
  ATLAS_SIZER_BYTES = 1,
  ATLAS_SIZER_GRAPHEMES = 2,  /**< what a reader takes for one character */
  ATLAS_SIZER_WORDS = 3,
  ATLAS_SIZER_TOKENS = 4,     /**< of atlas_chunker_options.tokenizer */
  ATLAS_SIZER_CALLBACK = 5    /**< as atlas_chunker_options.measure counts */
};

/** Which of the boundaries within the size a chunk ends at. */
enum {
  ATLAS_PACKING_FULL = 0,     /**< the last of the strongest: few chunks, evenly filled */
  ATLAS_PACKING_COHERENT = 1, /**< a chunk that began inside of something ends where that ends, if it is filled to coherent_percent */
  ATLAS_PACKING_DIVIDED = 2   /**< a chunk ends wherever more than a sentence ends, if it is filled to coherent_percent */
};

/** How strong the boundary behind a chunk is. A higher number is a better place to cut; gaps are for later. */
enum {
  ATLAS_BOUNDARY_CHARACTER = 0, /**< between two characters, nothing better was near */
  ATLAS_BOUNDARY_WORD = 1,      /**< behind white space */
  ATLAS_BOUNDARY_CLAUSE = 2,    /**< behind a comma, colon, semicolon or bracket and the white space after it */
  ATLAS_BOUNDARY_SENTENCE = 3,  /**< behind a sentence and the white space after it */
  ATLAS_BOUNDARY_LINE = 4,      /**< behind a line end; before an item of a list or a row of a table */
  ATLAS_BOUNDARY_PARAGRAPH = 5, /**< behind a blank line; between the blocks of a document */
  ATLAS_BOUNDARY_SECTION = 6,   /**< behind two blank lines or a rule across the page */
  ATLAS_BOUNDARY_HEADING_6 = 10, /**< before a heading of depth 6, and so up to */
  ATLAS_BOUNDARY_HEADING_5 = 11,
  ATLAS_BOUNDARY_HEADING_4 = 12,
  ATLAS_BOUNDARY_HEADING_3 = 13,
  ATLAS_BOUNDARY_HEADING_2 = 14,
  ATLAS_BOUNDARY_HEADING_1 = 15, /**< before a heading of depth 1 */
  ATLAS_BOUNDARY_TEXT_END = 255
};

/** A place between two bytes of a text. Of fixed size for ever. */
typedef struct atlas_text_boundary {
  uint64_t offset;   /**< bytes from the text's start */
  uint32_t level;    /**< ATLAS_BOUNDARY_ */
  uint32_t reserved; /**< 0 */
} atlas_text_boundary;

/**
 * The units of a text. Asked again about the same bytes it must say the same. Called from the thread that cuts,
 * about 20 times a chunk.
 *
 * @return  0 or more; a negative number fails: the call ends with ATLAS_ERR_CANCELLED
 */
typedef int64_t (*atlas_measure)(const char* text, uint64_t text_bytes, void* context);

/**
 * Turns a batch of texts into vectors: writes float32 [text_count, dimension], one finite vector that is not zero
 * for each text, which depends on that text alone. No text is empty or longer than 1,024 bytes.
 *
 * @return  0; anything else fails: the call ends with ATLAS_ERR_CANCELLED
 */
typedef int32_t (*atlas_embed)(float* out, const atlas_text* texts, uint64_t text_count, uint64_t dimension, void* context);

/** Of ATLAS_RULE_SEMANTIC. */
typedef struct atlas_semantic_options {
  uint32_t struct_size;
  int32_t mode;            /**< 0: where what follows is least like what stands before; 1: the parts most alike in themselves */
  uint32_t window;         /**< mode 0: sentences before and behind a boundary that are compared: 1 to 8, default 4 */
  uint32_t most_sentences; /**< mode 1: of a part: 2 to 16, default 16 */
  uint64_t part_bytes;     /**< mode 1: of a part of more than one sentence; default any number */
  double quantile;         /**< mode 0: the share of boundaries that are no changes, at least: above 0, to 1; default 0.8 */
  uint32_t batch_texts;    /**< texts of one call of `embed` at most: 1 to 256, default 64 */
  uint32_t batch_bytes;    /**< and their bytes: 1024 to 32768, default 16384 */
  const atlas_embedder* embedder; /**< frozen, outlives the chunker; or NULL and */
  atlas_embed embed;              /**< called from the thread that cuts, and */
  void* embed_context;
  uint64_t dimension;             /**< of embed's vectors */
} atlas_semantic_options;
#define ATLAS_SEMANTIC_OPTIONS_INIT { (uint32_t)sizeof(atlas_semantic_options), 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL, 0 }

/** Of ATLAS_RULE_CONTENT_DEFINED, whose chunks have these sizes alone. */
typedef struct atlas_content_defined_options {
  uint32_t struct_size;
  uint32_t is_binary;     /**< not 0: bytes are no text, cuts may lie anywhere, characters and lines are not counted */
  uint64_t least_bytes;   /**< no chunk is smaller but the last: at least 64; default a quarter of the average */
  uint64_t average_bytes; /**< to 2^24; default 8192 */
  uint64_t most_bytes;    /**< no chunk is larger: to 2^28; default eight times the average */
  uint64_t seed;          /**< what is to be compared must be cut with the same; default 0 */
} atlas_content_defined_options;
#define ATLAS_CONTENT_DEFINED_OPTIONS_INIT { (uint32_t)sizeof(atlas_content_defined_options), 0, 0, 0, 0, 0 }

/** A percentage of 0, where 0 means the default. */
#define ATLAS_ZERO_PERCENT 255

typedef struct atlas_chunker_options {
  uint32_t struct_size;
  int32_t rule;              /**< ATLAS_RULE_ */
  int32_t sizer;             /**< ATLAS_SIZER_ */
  int32_t packing;           /**< ATLAS_PACKING_ */
  uint64_t size;             /**< units of the longest chunk, overlap included: 1 to 2^31, default 1000 */
  uint64_t overlap;          /**< units of the chunk before that a chunk repeats at most: less than size; default 0 */
  uint32_t fill_percent;     /**< of the room beside the overlap that a chunk fills if it can: 1 to 100, or ATLAS_ZERO_PERCENT; else 35, coherent 0 */
  uint32_t coherent_percent; /**< of the same, where a chunk may end early: 1 to 100, or ATLAS_ZERO_PERCENT; default 30 */
  uint64_t inner_sizes[3];   /**< each chunk is also cut into chunks of the first of these, those into ones of the second, and so on; 0 ends the list */
  uint32_t trim;             /**< not 0: leave white space at both ends of chunks out, and chunks that are nothing else */
  uint32_t threads;          /**< of atlas_chunker_read and _read_many at most; default: all that the process may use. One for callbacks, ATLAS_RULE_SEMANTIC and _CONTENT_DEFINED */
  const atlas_text* delimiters;          /**< [delimiter_count], 1 to 16 of 1 to 64 bytes each, the strongest first; copied */
  uint64_t delimiter_count;              /**< ATLAS_RULE_DELIMITER */
  const atlas_text_boundary* boundaries; /**< [boundary_count], each behind the one before; copied */
  uint64_t boundary_count;               /**< ATLAS_RULE_EXTERNAL */
  int32_t delimiters_begin_chunks;       /**< not 0: a delimiter begins the chunk behind it; else it ends the one before */
  uint32_t bytes_a_unit;                 /**< ATLAS_SIZER_CALLBACK: a chunk is cut at so many bytes a unit, which bounds the memory of a stream: to 4096, default 32 */
  const atlas_tokenizer* tokenizer;      /**< ATLAS_SIZER_TOKENS; outlives the chunker */
  atlas_measure measure;                 /**< ATLAS_SIZER_CALLBACK */
  void* measure_context;
  const atlas_semantic_options* semantic;               /**< needed by ATLAS_RULE_SEMANTIC */
  const atlas_content_defined_options* content_defined; /**< NULL: the defaults */
  atlas_progress progress;   /**< of atlas_chunker_read, with the bytes up to a chunk that was found, and of _read_many; default none */
  void* progress_context;
} atlas_chunker_options;
#define ATLAS_CHUNKER_OPTIONS_INIT                                                                                                   \
  { (uint32_t)sizeof(atlas_chunker_options), 0, 0, 0, 0, 0, 0, 0, { 0, 0, 0 }, 0, 0, NULL, 0, NULL, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL }

/** No heading. */
#define ATLAS_NO_HEADING UINT32_MAX

/**
 * Where a chunk lies in its document. Offsets count from the document's start; `end` is the first behind the chunk. A
 * character is a code point of valid UTF-8, or one byte that is part of none. Of fixed size for ever.
 */
typedef struct atlas_text_chunk {
  uint64_t byte_begin;
  uint64_t byte_end;
  uint64_t byte_fresh;   /**< the first byte that the chunk before does not hold */
  uint64_t char_begin;
  uint64_t char_end;
  uint64_t line_begin;   /**< of the first byte; the first line is 1 */
  uint64_t line_end;     /**< of the last byte */
  uint64_t column_begin; /**< of the first character in its line, in characters; the first is 1 */
  uint64_t units;        /**< its size as the sizer measures it */
  uint64_t id_low;       /**< XXH3-128 of the chunk's bytes, seeded with the version of the rule: no offset enters */
  uint64_t id_high;
  uint64_t text_begin;   /**< its bytes begin there in atlas_chunks.text */
  uint32_t level;        /**< ATLAS_BOUNDARY_ at byte_end */
  uint32_t depth;        /**< 0; of chunks that larger ones are cut into 1 and more */
  uint32_t heading;      /**< the nearest above its first fresh byte, in atlas_chunks.headings; ATLAS_NO_HEADING: none */
  uint32_t reserved;     /**< 0 */
} atlas_text_chunk;

/** A heading of the document; two alike one behind the other, with nothing in between, are one. Of fixed size for ever. */
typedef struct atlas_heading {
  uint64_t title_begin; /**< its title begins there in atlas_chunks.titles */
  uint32_t title_bytes; /**< at most 256 */
  uint32_t depth;       /**< 1 to 6 */
  uint32_t parent;      /**< the heading that it stands under, which comes before it; ATLAS_NO_HEADING: none */
  uint32_t reserved;    /**< 0 */
} atlas_heading;

/** What a call found. All of it belongs to the chunker and is valid until the next call on it. Of fixed size for ever. */
typedef struct atlas_chunks {
  const atlas_text_chunk* chunks; /**< [count], in order; a chunk comes before those that it is cut into */
  uint64_t count;
  const char* text;               /**< of atlas_chunker_read: the caller's; else what these chunks hold of the document */
  uint64_t text_bytes;
  const atlas_heading* headings;  /**< [heading_count], of these chunks alone */
  uint64_t heading_count;
  const char* titles;
  uint64_t titles_bytes;
} atlas_chunks;

/**
 * Cuts documents, one after the other. Used by one thread at a time. No chunk is empty or larger than the size,
 * overlap included, but for a grapheme cluster that alone is larger. No cut lies inside a well-formed UTF-8 sequence,
 * a grapheme cluster, or a CR LF. Without trimming and inner sizes, [byte_fresh, byte_end) of all chunks laid end to end
 * are the document. The chunks depend on the document and the options alone, not on how it is fed or on threads.
 */
typedef struct atlas_chunker atlas_chunker;

/** `options` may be NULL. @return ATLAS_ERR_INVALID_ARGUMENT names what does not fit, for example an overlap of the size or more */
ATLAS_C_EXPORT atlas_status atlas_chunker_create(atlas_chunker** out, const atlas_chunker_options* options);

/** Ends a handle; NULL is accepted. */
ATLAS_C_EXPORT void atlas_chunker_close(atlas_chunker* chunker);

/**
 * Cuts a document that is all there. What was fed before is forgotten.
 *
 * @param text  any bytes, UTF-8 as a rule; the chunks point into it
 * @return      also what a callback failed with
 * Cost: linear in the text; 112 bytes a chunk, and on several threads 160 bytes a chunk of 8 MiB a thread.
 */
ATLAS_C_EXPORT atlas_status atlas_chunker_read(atlas_chunks* out, atlas_chunker* chunker, const char* text, size_t text_bytes);

/**
 * Cuts many documents, side by side on threads; their chunks stand in the order of the documents, and are those that each has alone.
 *
 * @param[out] first_chunks  [text_count + 1]: the chunks of the i-th document are those from first_chunks[i] up to, not with,
 *                           first_chunks[i + 1]
 * @param      texts         [text_count]; text_begin of a chunk counts from its own document's start, and atlas_chunks.text is NULL
 * @return                   as atlas_chunker_read; atlas_last_error_row says which document. Progress is told in documents
 */
ATLAS_C_EXPORT atlas_status atlas_chunker_read_many(atlas_chunks* out, uint64_t* first_chunks, atlas_chunker* chunker,
                                                    const atlas_text* texts, size_t text_count);

/**
 * Goes on with a document: the next piece of it, of any size. Chunks are given as soon as no later byte can change them,
 * or a little later.
 *
 * @param[out] out  the chunks that are known now, often none
 * @return          after an error the piece was taken as far as atlas_chunker_taken says, and what was found comes with the
 *                  next call: feed what is left. After ATLAS_ERR_NO_MEMORY the document is lost: restart
 * Memory: what three chunks may take, 80 KiB, and the chunks of one piece.
 */
ATLAS_C_EXPORT atlas_status atlas_chunker_feed(atlas_chunks* out, atlas_chunker* chunker, const char* piece, size_t piece_bytes);

/** Ends the document that was fed and gives the rest of its chunks. The next feed begins another one. */
ATLAS_C_EXPORT atlas_status atlas_chunker_finish(atlas_chunks* out, atlas_chunker* chunker);

/** Bytes of the document that were fed so far. */
ATLAS_C_EXPORT atlas_status atlas_chunker_taken(uint64_t* out, const atlas_chunker* chunker);

/**
 * The byte of the document that is being fed before which no later chunk begins; it never goes back until the document ends. For
 * what is kept beside the text, such as by atlas_text_decoder_keep_source.
 */
ATLAS_C_EXPORT atlas_status atlas_chunker_kept_from(uint64_t* out, const atlas_chunker* chunker);

/** Forgets the document, and what was found. */
ATLAS_C_EXPORT atlas_status atlas_chunker_restart(atlas_chunker* chunker);

/**
 * Where the document stands that is being fed, as bytes.
 *
 * @param[out] needed  bytes of the state, also when `capacity` is too small and nothing else is written
 * @param[out] out     [capacity] bytes
 * @return             ATLAS_ERR_INVALID_ARGUMENT while chunks wait that were found by a call that failed
 */
ATLAS_C_EXPORT atlas_status atlas_chunker_save_state(uint64_t* needed, void* out, const atlas_chunker* chunker, size_t capacity);

/**
 * A chunker that stands where another one was saved. The bytes are checked and copied.
 *
 * @return  ATLAS_ERR_INVALID_ARGUMENT for a rule, sizer or options that are not those of the one that was saved; what callbacks and
 *          embedders do is not known, and must be the same
 */
ATLAS_C_EXPORT atlas_status atlas_chunker_open_state(atlas_chunker** out, const void* state, size_t state_bytes,
                                                     const atlas_chunker_options* options);

/* ---- plain text by characters, in one call ---------------------------------------------------------- */

typedef struct atlas_chunk_options {
  uint32_t struct_size;
  uint32_t fill_percent; /**< as in atlas_chunker_options, as are the other two */
  uint64_t size;
  uint64_t overlap;
} atlas_chunk_options;
#define ATLAS_CHUNK_OPTIONS_INIT { (uint32_t)sizeof(atlas_chunk_options), 0, 0, 0 }

/** The first fields of atlas_text_chunk. Of fixed size for ever. */
typedef struct atlas_chunk {
  uint64_t byte_begin;
  uint64_t byte_end;
  uint64_t byte_fresh;
  uint64_t char_begin;
  uint64_t char_end;
  uint64_t line_begin;
  uint64_t line_end;
  uint64_t id_low;
  uint64_t id_high;
  uint32_t level;
  uint32_t reserved; /**< 0 */
} atlas_chunk;

/**
 * Cuts a text as a chunker of ATLAS_RULE_PLAIN_TEXT and ATLAS_SIZER_CHARACTERS does.
 *
 * @param[out] found    chunks of the whole text, which may be more than `capacity`
 * @param[out] chunks   [capacity]: the first of them, in order
 * @param      options  may be NULL
 * Cost: linear in the text. More than 2 * text_bytes / (size - overlap) chunks are rare.
 */
ATLAS_C_EXPORT atlas_status atlas_chunk_text(uint64_t* found, atlas_chunk* chunks, const char* text, size_t text_bytes,
                                             size_t capacity, const atlas_chunk_options* options);

#endif /* ATLAS_C_API_ATLAS_CHUNKER_H */

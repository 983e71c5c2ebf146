/* SPDX-License-Identifier: Apache-2.0
 * c_api/atlas_tokenizer.h -- the tokens of a text, exactly as the published byte-pair encoders give them.
 *
 * A part of atlas.h, which includes it inside its extern "C" and whose rules hold here; by itself it brings the whole.
 */
#ifndef ATLAS_C_API_ATLAS_H
#include "atlas.h"
#endif
#ifndef ATLAS_C_API_ATLAS_TOKENIZER_H
#define ATLAS_C_API_ATLAS_TOKENIZER_H

/**
 * Tokens by a rank file of the user's, in the format of tiktoken: no ranks come with this library. A token is named by its
 * rank, as there. Special tokens such as <|endoftext|> are not looked for: their letters are text like any other.
 * A tokenizer never changes: any number of threads may use one.
 */
typedef struct atlas_tokenizer atlas_tokenizer;

/** Which expression splits a text before its bytes are merged; nothing in a rank file tells. */
enum {
  ATLAS_PATTERN_GPT2 = 0,   /**< gpt2, r50k_base, p50k_base, p50k_edit */
  ATLAS_PATTERN_CL100K = 1, /**< cl100k_base */
  ATLAS_PATTERN_O200K = 2   /**< o200k_base */
};

/** What atlas_tokenizer_describe fills. */
typedef struct atlas_tokenizer_info {
  uint32_t struct_size;
  int32_t pattern;        /**< ATLAS_PATTERN_ */
  uint64_t tokens;        /**< in the rank file; special tokens are none of them */
  uint64_t longest_bytes; /**< of a token */
} atlas_tokenizer_info;
#define ATLAS_TOKENIZER_INFO_INIT { (uint32_t)sizeof(atlas_tokenizer_info), 0, 0, 0 }

/**
 * Reads a rank file: a token in base64, a space and its rank on each line.
 *
 * @param[out] out      the new handle; end it with atlas_tokenizer_close
 * @param      path     of at most 1 GiB; read once and not kept open
 * @param      pattern  ATLAS_PATTERN_ of the encoding
 * @return              ATLAS_ERR_FILE_NOT_FOUND and the like; _CORRUPT_FILE for a line that is none, a token or rank that is
 *                      there twice (atlas_last_error_row says the line, counted from 1), or a byte that is no token;
 *                      _LIMIT_EXCEEDED for more than 2^24 - 1 tokens, or one of more than 1,024 bytes; _NO_MEMORY
 * Cost: linear. 100,256 tokens take 12 ms and 4 MB.
 */
ATLAS_C_EXPORT atlas_status atlas_tokenizer_open(atlas_tokenizer** out, const char* path, int32_t pattern);

/** The same of a rank file's bytes, which are not kept. */
ATLAS_C_EXPORT atlas_status atlas_tokenizer_open_ranks(atlas_tokenizer** out, const char* ranks, size_t ranks_bytes,
                                                       int32_t pattern);

/** Ends a handle; NULL is accepted. */
ATLAS_C_EXPORT void atlas_tokenizer_close(atlas_tokenizer* tokenizer);

/** Fills `out`, whose struct_size the caller has set. */
ATLAS_C_EXPORT atlas_status atlas_tokenizer_describe(atlas_tokenizer_info* out, const atlas_tokenizer* tokenizer);

/**
 * How many tokens each text has: those that atlas_tokenizer_encode would give.
 *
 * @param[out] counts   [text_count]; not defined after an error
 * @param      texts    [text_count]; any bytes, UTF-8 as a rule
 * @param      options  may be NULL
 * @return              ATLAS_ERR_LIMIT_EXCEEDED for a word of more than 2 GiB, _NO_MEMORY, _CANCELLED
 */
ATLAS_C_EXPORT atlas_status atlas_tokenizer_count(uint64_t* counts, const atlas_tokenizer* tokenizer,
                                                  const atlas_text* texts, size_t text_count,
                                                  const atlas_work_options* options);

/**
 * The tokens of a text.
 *
 * @param[out] found     tokens of the whole text, which may be more than `capacity`; never more than text_bytes
 * @param[out] tokens    [capacity]: the first of them, in order
 * @param      text      any bytes, UTF-8 as a rule
 * @return               as atlas_tokenizer_count
 */
ATLAS_C_EXPORT atlas_status atlas_tokenizer_encode(uint64_t* found, uint32_t* tokens, const atlas_tokenizer* tokenizer,
                                                   const char* text, size_t text_bytes, size_t capacity);

/**
 * The bytes of tokens, one behind the other; of the tokens of a text, that text. They need not be UTF-8: a character may
 * lie in several tokens.
 *
 * @param[out] needed    bytes of all, also when `capacity` is too small and nothing else is written
 * @param[out] out       [capacity] bytes, without a NUL
 * @return               ATLAS_ERR_INVALID_ARGUMENT for a number that is no token's rank; atlas_last_error_row says which;
 *                       _NO_MEMORY
 */
ATLAS_C_EXPORT atlas_status atlas_tokenizer_decode(uint64_t* needed, void* out, const atlas_tokenizer* tokenizer,
                                                   const uint32_t* tokens, size_t token_count, size_t capacity);

#endif /* ATLAS_C_API_ATLAS_TOKENIZER_H */

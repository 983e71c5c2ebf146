/* SPDX-License-Identifier: Apache-2.0
 * c_api/atlas_encoding.h -- bytes of any origin as UTF-8: which encoding they are in, whether they are well formed, the text.
 *
 * A part of atlas.h, which includes it inside its extern "C" and whose rules hold here; by itself it brings the whole.
 * Characters are code points here, and each byte that is part of none.
 */
#ifndef ATLAS_C_API_ATLAS_H
#include "atlas.h"
#endif
#ifndef ATLAS_C_API_ATLAS_ENCODING_H
#define ATLAS_C_API_ATLAS_ENCODING_H

/* ---- UTF-8 ------------------------------------------------------------------------------------------ */

/**
 * Where a text is not UTF-8, and how long it is.
 *
 * @param[out] first_bad   offset of the first byte that is part of no well-formed sequence; text_bytes if there is none
 * @param[out] characters  of the whole text; may be NULL, then they are not counted
 * @param      text        any bytes
 * Cost: linear, with SIMD many GB/s; allocates nothing.
 */
ATLAS_C_EXPORT atlas_status atlas_text_validate(uint64_t* first_bad, uint64_t* characters, const char* text,
                                                size_t text_bytes);

/* ---- encodings -------------------------------------------------------------------------------------- */

/**
 * What bytes are: the encodings of the WHATWG Encoding Standard, which takes an encoding's popular superset for it, UTF-32
 * and IBM855.
 */
enum {
  ATLAS_ENCODING_UTF8 = 0, /**< ASCII too */
  ATLAS_ENCODING_UTF16_LE = 1,
  ATLAS_ENCODING_UTF16_BE = 2,
  ATLAS_ENCODING_UTF32_LE = 3,
  ATLAS_ENCODING_UTF32_BE = 4,
  ATLAS_ENCODING_IBM866 = 16, /**< this and what follows to ISO_8859_8_I: one byte a character */
  ATLAS_ENCODING_ISO_8859_2 = 17,
  ATLAS_ENCODING_ISO_8859_3 = 18,
  ATLAS_ENCODING_ISO_8859_4 = 19,
  ATLAS_ENCODING_ISO_8859_5 = 20,
  ATLAS_ENCODING_ISO_8859_6 = 21,
  ATLAS_ENCODING_ISO_8859_7 = 22,
  ATLAS_ENCODING_ISO_8859_8 = 23,
  ATLAS_ENCODING_ISO_8859_10 = 24,
  ATLAS_ENCODING_ISO_8859_13 = 25,
  ATLAS_ENCODING_ISO_8859_14 = 26,
  ATLAS_ENCODING_ISO_8859_15 = 27,
  ATLAS_ENCODING_ISO_8859_16 = 28,
  ATLAS_ENCODING_KOI8_R = 29,
  ATLAS_ENCODING_KOI8_U = 30,
  ATLAS_ENCODING_MACINTOSH = 31,
  ATLAS_ENCODING_WINDOWS_874 = 32, /**< TIS-620, ISO-8859-11 too */
  ATLAS_ENCODING_WINDOWS_1250 = 33,
  ATLAS_ENCODING_WINDOWS_1251 = 34,
  ATLAS_ENCODING_WINDOWS_1252 = 35, /**< ISO-8859-1 too */
  ATLAS_ENCODING_WINDOWS_1253 = 36,
  ATLAS_ENCODING_WINDOWS_1254 = 37, /**< ISO-8859-9 too */
  ATLAS_ENCODING_WINDOWS_1255 = 38,
  ATLAS_ENCODING_WINDOWS_1256 = 39,
  ATLAS_ENCODING_WINDOWS_1257 = 40,
  ATLAS_ENCODING_WINDOWS_1258 = 41,
  ATLAS_ENCODING_X_MAC_CYRILLIC = 42,
  ATLAS_ENCODING_X_USER_DEFINED = 43,
  ATLAS_ENCODING_IBM855 = 44,
  ATLAS_ENCODING_ISO_8859_8_I = 45, /**< the bytes of ISO-8859-8, typed in reading order */
  ATLAS_ENCODING_GBK = 64, /**< decoded as gb18030 */
  ATLAS_ENCODING_GB18030 = 65,
  ATLAS_ENCODING_BIG5 = 66,
  ATLAS_ENCODING_EUC_JP = 67,
  ATLAS_ENCODING_ISO_2022_JP = 68,
  ATLAS_ENCODING_SHIFT_JIS = 69, /**< as CP932 */
  ATLAS_ENCODING_EUC_KR = 70, /**< as CP949 */
  ATLAS_ENCODING_UNKNOWN = 254, /**< text, as far as one can tell, in none of these */
  ATLAS_ENCODING_BINARY = 255 /**< no text: holds NUL or control bytes where no text has them */
};

/** The name of an encoding, for example "windows-1252"; "unknown encoding" for a number that names none. Static storage. */
ATLAS_C_EXPORT const char* atlas_encoding_name(int32_t encoding);

/**
 * The encoding that somebody's label names, such as "latin1", "SJIS" or "utf-8": the labels of the WHATWG Encoding
 * Standard, in any case, white space around them left out. Each name of atlas_encoding_name that can be decoded is one.
 *
 * @param      label  NUL-terminated
 * @return            ATLAS_ERR_INVALID_ARGUMENT for a label that is none, or of an encoding that the standard refuses to decode
 */
ATLAS_C_EXPORT atlas_status atlas_encoding_of_label(int32_t* encoding, const char* label);

/** What told an encoding. */
enum {
  ATLAS_GUESS_BY_MARK = 0,       /**< a byte-order mark */
  ATLAS_GUESS_BY_FORM = 1,       /**< well-formed UTF-8, the zeros of UTF-16 and UTF-32, the escapes of ISO-2022-JP */
  ATLAS_GUESS_BY_STATISTICS = 2, /**< it makes the likeliest text: may be wrong, the more so the shorter the text */
  ATLAS_GUESS_BY_NOTHING = 3,    /**< the encoding is unknown, or the bytes are binary data */
  ATLAS_GUESS_GIVEN = 4          /**< the caller did; never of atlas_text_detect_encoding */
};

/** What atlas_text_detect_encoding fills. */
typedef struct atlas_encoding_guess {
  uint32_t struct_size;
  int32_t encoding;    /**< ATLAS_ENCODING_; UNKNOWN and BINARY are answers too */
  int32_t basis;       /**< ATLAS_GUESS_BY_ */
  uint32_t mark_bytes; /**< length of the byte-order mark; 0 if there is none */
} atlas_encoding_guess;
#define ATLAS_ENCODING_GUESS_INIT { (uint32_t)sizeof(atlas_encoding_guess), 0, 0, 0 }

/**
 * What bytes most likely are, and how one can tell.
 *
 * @param      source  all of the bytes; of a beginning alone the answer may differ
 * Cost: a few linear passes, and for legacy encodings the statistics of 64 KiB; allocates nothing.
 */
ATLAS_C_EXPORT atlas_status atlas_text_detect_encoding(atlas_encoding_guess* out, const void* source, size_t source_bytes);

/* ---- decoding --------------------------------------------------------------------------------------- */

/** What becomes of bytes that are no characters of the encoding. None is ever dropped. */
enum {
  ATLAS_BAD_BYTES_REFUSE = 0,  /**< ATLAS_ERR_BAD_ENCODING, which says where */
  ATLAS_BAD_BYTES_REPLACE = 1, /**< U+FFFD for each byte of UTF-8, unit of UTF-16 or UTF-32, or sequence of another encoding */
  ATLAS_BAD_BYTES_PASS = 2     /**< they stand in the text as they are: of UTF-8 not UTF-8 there, of other encodings perhaps
                                    other characters, such as those of the bytes of a bad unit of UTF-16 */
};

/** What atlas_text_decode and atlas_text_decoder_describe fill. */
typedef struct atlas_decoded_text {
  uint32_t struct_size;
  int32_t encoding;    /**< ATLAS_ENCODING_ of the source */
  int32_t bad_bytes;   /**< ATLAS_BAD_BYTES_, with which it was decoded */
  uint32_t mark_bytes; /**< of a byte-order mark, which is left out of the text; 0 if there was none */
  uint64_t text_bytes; /**< of the text as UTF-8 */
  uint64_t bad_count;  /**< times that bytes were replaced or passed */
  uint64_t first_bad;  /**< offset of the first of them in the source, if bad_count is not 0 */
  uint32_t is_source;  /**< 1: the text is the source's bytes from mark_bytes on, as they stand there */
  int32_t basis;       /**< ATLAS_GUESS_: what told the encoding */
} atlas_decoded_text;
#define ATLAS_DECODED_TEXT_INIT { (uint32_t)sizeof(atlas_decoded_text), 0, 0, 0, 0, 0, 0, 0, 0 }

/**
 * Bytes as UTF-8, without byte-order mark.
 *
 * @param[out] decoded    filled also when `capacity` is too small, which nothing else tells, and after ATLAS_ERR_BAD_ENCODING:
 *                        then with the encoding, a bad_count of 1 and first_bad if bytes were bad, a bad_count of 0 if
 *                        the encoding could not be told, and no text
 * @param[out] out        [capacity] bytes: the whole text, or nothing if text_bytes is more. 3 * source_bytes are always enough
 * @param      encoding   ATLAS_ENCODING_; UNKNOWN: what atlas_text_detect_encoding says, and UTF-8 where it says nothing and
 *                        bad bytes are not refused
 * @param      bad_bytes  ATLAS_BAD_BYTES_
 * @return                ATLAS_ERR_BAD_ENCODING for bad bytes that are refused, and for binary data or an encoding that
 *                        cannot be told; _INVALID_ARGUMENT, _NO_MEMORY
 * Cost: linear.
 */
ATLAS_C_EXPORT atlas_status atlas_text_decode(atlas_decoded_text* decoded, char* out, const void* source,
                                              size_t source_bytes, int32_t encoding, int32_t bad_bytes, size_t capacity);

/**
 * Where places of a decoded text lie in its source, so that what was found in the text can be shown in the file.
 *
 * @param[out] source_offsets  [count]: where the character begins that the byte belongs to, or that begins there; for the
 *                             text's end where its last character ends. May be `offsets` itself
 * @param      offsets         [count]: bytes in the text, 0 to text_bytes, in any order
 * @param      decoded         what atlas_text_decode filled
 * @param      source          the bytes that were decoded, all of them
 * @return                     ATLAS_ERR_INVALID_ARGUMENT for an offset behind the text; atlas_last_error_row says which;
 *                             _BAD_ENCODING, unless the offsets ascend, for bad bytes though `decoded` says that they are
 *                             refused: it is of another source; _NO_MEMORY
 * Cost: one pass over the source if the offsets ascend; else two, and a walk over 4 KiB for each offset.
 */
ATLAS_C_EXPORT atlas_status atlas_text_source_offsets(uint64_t* source_offsets, const uint64_t* offsets, size_t count,
                                                      const atlas_decoded_text* decoded, const void* source,
                                                      size_t source_bytes);

/* ---- decoding in pieces ----------------------------------------------------------------------------- */

/**
 * A source that comes in pieces, however they are cut, as UTF-8. A decoder is used by one thread at a time, unlike other
 * handles.
 */
typedef struct atlas_text_decoder atlas_text_decoder;

/**
 * @param      encoding   ATLAS_ENCODING_; UNKNOWN: told by the first MiB, and 64 KiB behind the first byte that tells anything
 * @param      bad_bytes  ATLAS_BAD_BYTES_
 */
ATLAS_C_EXPORT atlas_status atlas_text_decoder_create(atlas_text_decoder** out, int32_t encoding, int32_t bad_bytes);

/** Ends a handle; NULL is accepted. */
ATLAS_C_EXPORT void atlas_text_decoder_close(atlas_text_decoder* decoder);

/**
 * The part of the text that a piece completes; pieces of text are never cut inside a character.
 *
 * @param[out] text    borrowed: valid until the next call on the decoder; may be empty. After ATLAS_ERR_BAD_ENCODING what
 *                     stands before the bad bytes
 * @param      source  the next bytes
 * @return             as atlas_text_decode. After an error every later call fails likewise; ATLAS_ERR_CLOSED after
 *                     atlas_text_decoder_finish
 */
ATLAS_C_EXPORT atlas_status atlas_text_decoder_feed(atlas_text* text, atlas_text_decoder* decoder, const void* source,
                                                    size_t source_bytes);

/** Says that nothing follows, and gives the last part of the text. As atlas_text_decoder_feed. */
ATLAS_C_EXPORT atlas_status atlas_text_decoder_finish(atlas_text* text, atlas_text_decoder* decoder);

/**
 * What was decoded so far, text_bytes being what was handed out. Until the encoding is told it is ATLAS_ENCODING_UNKNOWN, by
 * ATLAS_GUESS_BY_NOTHING. is_source is 0. After ATLAS_ERR_BAD_ENCODING for bad bytes, bad_count is 1 and first_bad their offset in
 * all that was fed.
 */
ATLAS_C_EXPORT atlas_status atlas_text_decoder_describe(atlas_decoded_text* out, const atlas_text_decoder* decoder);

/**
 * Keeps the source of the text from the character at a place on, so that atlas_text_decoder_source_offsets can answer; what lies
 * before is forgotten. A stream of chunks calls it with 0 before the first feed, and then with what atlas_chunker_kept_from says.
 *
 * @param      text_byte  0 to the bytes of text handed out, and not less than at the call before
 * @return                ATLAS_ERR_INVALID_ARGUMENT for another place, and for a decoder that was fed without this
 */
ATLAS_C_EXPORT atlas_status atlas_text_decoder_keep_source(atlas_text_decoder* decoder, uint64_t text_byte);

/**
 * Where places of the text lie in all that was fed, a byte-order mark included; as atlas_text_source_offsets. As long
 * as the encoding is not told, a mark is not known.
 *
 * @param[out] source_offsets  [count]; may be `offsets` itself
 * @param      offsets         [count]: bytes in the whole text, from the place of atlas_text_decoder_keep_source to what was handed
 *                             out, in any order
 * @return                     ATLAS_ERR_INVALID_ARGUMENT for an offset before or behind these, atlas_last_error_row says which, and some
 *                             are filled; and if the source is not kept; _NO_MEMORY
 * Cost: sorts the offsets, and one pass over what is kept.
 */
ATLAS_C_EXPORT atlas_status atlas_text_decoder_source_offsets(uint64_t* source_offsets, const uint64_t* offsets, size_t count,
                                                              atlas_text_decoder* decoder);

#endif /* ATLAS_C_API_ATLAS_ENCODING_H */

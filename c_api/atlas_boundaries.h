/* SPDX-License-Identifier: Apache-2.0
 * c_api/atlas_boundaries.h -- where the characters, words and sentences of a text end, as Unicode has them.
 *
 * A part of atlas.h, which includes it inside its extern "C" and whose rules hold here; by itself it brings the whole.
 */
#ifndef ATLAS_C_API_ATLAS_H
#include "atlas.h"
#endif
#ifndef ATLAS_C_API_ATLAS_BOUNDARIES_H
#define ATLAS_C_API_ATLAS_BOUNDARIES_H

/** What a text is cut into: by UAX #29 of Unicode 15.0, whatever the system has, but for SENTENCES. */
enum {
  ATLAS_SEGMENTS_GRAPHEMES = 0,      /**< what a reader takes for one character: a letter with its marks, a flag, CR LF */
  ATLAS_SEGMENTS_WORDS = 1,          /**< words, and the spaces and signs between them; no dictionary: ideographs one by one */
  ATLAS_SEGMENTS_SENTENCES = 2,      /**< as a reader sees them, with the spaces behind; a line end ends one, "Mr." does not */
  ATLAS_SEGMENTS_UAX29_SENTENCES = 3 /**< exactly the standard's, which know no abbreviations */
};

/**
 * Where the segments of a text end. They lie without gaps: each begins where the one before ends, the first at 0.
 *
 * @param[out] found       segments of the whole text, which may be more than `capacity`; 0 for an empty text
 * @param[out] ends        [capacity]: the offset in bytes behind each of the first; may be NULL, then only the next is filled
 * @param[out] characters  [capacity]: the same in code points of valid UTF-8 and bytes that are part of none; may be NULL
 * @param      text        any bytes, UTF-8 as a rule
 * @param      kind        ATLAS_SEGMENTS_
 * Cost: linear on any input; allocates nothing.
 */
ATLAS_C_EXPORT atlas_status atlas_text_boundaries(uint64_t* found, uint64_t* ends, uint64_t* characters, const char* text,
                                                  size_t text_bytes, int32_t kind, size_t capacity);

#endif /* ATLAS_C_API_ATLAS_BOUNDARIES_H */

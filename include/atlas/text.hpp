// SPDX-License-Identifier: Apache-2.0
// include/atlas/text.hpp -- bytes of any origin as text.
//
// Room:      UTF-8, encodings, words; boundaries of characters, words and sentences as Unicode has them.
// Not here:  normal forms and case folding: include <atlas/text/normalise.hpp> and link utf8proc; tokens of byte-pair encodings:
//            include <atlas/text/bpe_encoder.hpp>.
// Depends:   core, simd. Nothing to link: Chinese, Japanese and Korean encodings are read by the C library's iconv.
#ifndef ATLAS_TEXT_HPP
#define ATLAS_TEXT_HPP

#include <atlas/text/encoding.hpp>             // decode_text, detect_encoding
#include <atlas/text/encoding_labels.hpp>      // encoding_of_label
#include <atlas/text/grapheme_boundaries.hpp>  // grapheme_reader, grapheme_state
#include <atlas/text/sentence_boundaries.hpp>  // sentence_reader, sentence_state
#include <atlas/text/source_map.hpp>           // source_map, source_walker
#include <atlas/text/source_window.hpp>        // source_window
#include <atlas/text/stream_decoder.hpp>       // stream_decoder
#include <atlas/text/tailored_sentences.hpp>   // tailored_sentence_reader, tailored_sentence_state
#include <atlas/text/text_decoder.hpp>         // text_decoder
#include <atlas/text/utf8.hpp>                 // decode_one
#include <atlas/text/utf8_validity.hpp>        // first_ill_formed, count_characters
#include <atlas/text/word_boundaries.hpp>      // word_segment_reader, word_state
#include <atlas/text/words.hpp>                // word_reader

#endif  // ATLAS_TEXT_HPP

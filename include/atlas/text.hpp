// SPDX-License-Identifier: Apache-2.0
// include/atlas/text.hpp -- bytes of any origin as text.
//
// Room:      UTF-8, encodings, words.
// Not here:  normal forms and case folding: include <atlas/text/normalise.hpp> and link utf8proc.
// Depends:   core. Nothing to link: Chinese, Japanese and Korean encodings are read by the C library's iconv.
#ifndef ATLAS_TEXT_HPP
#define ATLAS_TEXT_HPP

#include <atlas/text/encoding.hpp>         // decode_text, detect_encoding
#include <atlas/text/encoding_labels.hpp>  // encoding_of_label
#include <atlas/text/source_map.hpp>       // source_map, source_walker
#include <atlas/text/stream_decoder.hpp>   // stream_decoder
#include <atlas/text/text_decoder.hpp>     // text_decoder
#include <atlas/text/utf8.hpp>             // decode_one, count_characters
#include <atlas/text/words.hpp>            // word_reader

#endif  // ATLAS_TEXT_HPP

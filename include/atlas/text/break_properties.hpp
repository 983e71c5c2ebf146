// SPDX-License-Identifier: Apache-2.0
// include/atlas/text/break_properties.hpp -- what a code point is to grapheme clusters, words and sentences.
//
// Room:      the values of three properties of UAX #29, "Unicode Text Segmentation", under the standard's names.
// Not here:  which code point has which (text/break_properties_of.hpp); the rules (text/*_boundaries.hpp).
// Depends:   core/config.hpp.
// Threads:   plain values.
#ifndef ATLAS_TEXT_BREAK_PROPERTIES_HPP
#define ATLAS_TEXT_BREAK_PROPERTIES_HPP

#include <atlas/core/config.hpp>  // ATLAS_ABI

namespace atlas { inline namespace ATLAS_ABI {

/// Grapheme_Cluster_Break, UAX #29 table 2. A code point of which the property Extended_Pictographic of UTS #51 is true
/// has that for its value: the standard gives it no other, and rule GB11 is the only one that asks.
enum class grapheme_break : std::uint8_t {
  other = 0,
  cr = 1,
  lf = 2,
  control = 3,
  extend = 4,
  zwj = 5,
  regional_indicator = 6,
  prepend = 7,
  spacing_mark = 8,
  l = 9,
  v = 10,
  t = 11,
  lv = 12,
  lvt = 13,
  extended_pictographic = 14,
};

/// Word_Break, UAX #29 table 3.
enum class word_break : std::uint8_t {
  other = 0,
  cr = 1,
  lf = 2,
  newline = 3,
  extend = 4,
  zwj = 5,
  format = 6,
  regional_indicator = 7,
  katakana = 8,
  hebrew_letter = 9,
  aletter = 10,
  single_quote = 11,
  double_quote = 12,
  mid_num_let = 13,
  mid_letter = 14,
  mid_num = 15,
  numeric = 16,
  extend_num_let = 17,
  wseg_space = 18,
};

/// Sentence_Break, UAX #29 table 4.
enum class sentence_break : std::uint8_t {
  other = 0,
  cr = 1,
  lf = 2,
  sep = 3,
  extend = 4,
  format = 5,
  sp = 6,
  lower = 7,
  upper = 8,
  oletter = 9,
  numeric = 10,
  aterm = 11,
  scontinue = 12,
  sterm = 13,
  close = 14,
};

/// The three of one code point.
struct break_properties {
  grapheme_break grapheme = grapheme_break::other;
  word_break word = word_break::other;
  sentence_break sentence = sentence_break::other;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_TEXT_BREAK_PROPERTIES_HPP

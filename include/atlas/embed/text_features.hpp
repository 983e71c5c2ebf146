// SPDX-License-Identifier: Apache-2.0
// include/atlas/embed/text_features.hpp -- what of a text the hashing embedder looks at.
//
// Room:      words, pairs of neighbouring words, and runs of characters within words, as hashes.
// Not here:  their weights (embed/hashing_embedder.hpp).
// Depends:   text/normalise.hpp (link utf8proc), text/words.hpp, core/hash.hpp.
// Threads:   pure but for the scratch it is given.
#ifndef ATLAS_EMBED_TEXT_FEATURES_HPP
#define ATLAS_EMBED_TEXT_FEATURES_HPP

#include <atlas/core/hash.hpp>             // xxh3_64
#include <atlas/embed/feature_counts.hpp>  // feature_counts
#include <atlas/text/normalise.hpp>        // normalise
#include <atlas/text/words.hpp>            // word_reader

namespace atlas { inline namespace ATLAS_ABI {

/// Memory that counting features needs, kept from one text to the next.
struct feature_scratch {
  buffer<char> normalised;
  buffer<char> padded;
  feature_counts features;
};

namespace detail {

/// Counts each run of `length` characters of the word between its two boundary marks, "<word>"; none if that is
/// the whole, which the word itself says already.
[[nodiscard]] inline status count_grams(text_view word, std::size_t length, std::uint64_t seed,
                                        feature_scratch& scratch) noexcept {
  buffer<char>& padded = scratch.padded;
  padded.clear();
  if (status s = padded.push_back('<'); !s.ok()) return s;
  if (status s = padded.append(word.data(), word.size()); !s.ok()) return s;
  if (status s = padded.push_back('>'); !s.ok()) return s;
  const text_view text(padded.data(), padded.size());
  std::size_t end = 0;
  for (std::size_t i = 0; i < length; ++i) {
    if (end == text.size()) return {};
    end += decode_one(text, end).length_bytes;
  }
  if (end == text.size()) return {};
  std::size_t begin = 0;
  for (;;) {
    const std::uint64_t hash = xxh3_64(text.data() + begin, end - begin, seed + 2);
    if (status s = scratch.features.add(hash, feature_kind::gram); !s.ok()) return s;
    if (end == text.size()) return {};
    begin += decode_one(text, begin).length_bytes;
    end += decode_one(text, end).length_bytes;
  }
}

}  // namespace detail

/// Counts the features of a text into scratch.features, which is cleared first.
///
/// @param text         any bytes
/// @param gram_length  characters of a run; 0: none are counted
/// @param seed         of every hash
/// @return             errc::no_memory, errc::limit_exceeded (above 2^31 different features)
/// Cost: linear in the text; memory in proportion to its different features.
[[nodiscard]] inline status count_features(text_view text, std::size_t gram_length, std::uint64_t seed,
                                           feature_scratch& scratch) noexcept {
  scratch.features.clear();
  if (status s = normalise(text, normal_form::nfkc_casefold, scratch.normalised); !s.ok()) return s;
  word_reader words(text_view(scratch.normalised.data(), scratch.normalised.size()));
  text_view word;
  std::uint64_t before = 0;
  bool has_before = false;
  while (words.next(word)) {
    const std::uint64_t hash = xxh3_64(word.data(), word.size(), seed);
    if (status s = scratch.features.add(hash, feature_kind::word); !s.ok()) return s;
    if (has_before) {
      if (status s = scratch.features.add(mix64(before * 3 + hash + 1), feature_kind::pair); !s.ok()) return s;
    }
    if (gram_length != 0) {
      if (status s = detail::count_grams(word, gram_length, seed, scratch); !s.ok()) return s;
    }
    before = hash;
    has_before = true;
  }
  return {};
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_EMBED_TEXT_FEATURES_HPP

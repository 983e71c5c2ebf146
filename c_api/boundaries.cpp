// SPDX-License-Identifier: Apache-2.0
// c_api/boundaries.cpp -- the characters, words and sentences of a text, by where they end.
#include "arguments.hpp"
#include "guard.hpp"

#include <atlas/text.hpp>

using namespace atlas::c_api;
using atlas::status;
using atlas::text_view;

namespace {

// Characters of a segment; most are so short that a call takes longer than counting.
std::uint64_t characters_of(text_view segment, bool is_utf8) noexcept {
  constexpr std::size_t few_bytes = 32;
  if (!is_utf8 || segment.size() > few_bytes) return atlas::count_characters(segment);
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < segment.size(); ++i) count += (static_cast<unsigned char>(segment[i]) & 0xC0U) != 0x80U ? 1U : 0U;
  return count;
}

template <class Reader>
std::uint64_t fill(std::uint64_t* ends, std::uint64_t* characters, std::size_t capacity, text_view text) noexcept {
  const bool is_utf8 = characters != nullptr && atlas::is_utf8(text);
  Reader reader(text);
  std::uint64_t count = 0;
  std::uint64_t end = 0;
  std::uint64_t characters_before = 0;
  for (text_view segment; reader.next(segment); ++count) {
    if (count >= capacity) continue;
    end += segment.size();
    if (ends != nullptr) ends[count] = end;
    if (characters != nullptr) characters[count] = characters_before += characters_of(segment, is_utf8);
  }
  return count;
}

}  // namespace

extern "C" atlas_status atlas_text_boundaries(uint64_t* found, uint64_t* ends, uint64_t* characters, const char* text, size_t text_bytes,
                                              int32_t kind, size_t capacity) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(found, "found"));
    ATLAS_C_TRY(require(ends, "ends", ends == nullptr ? 0 : capacity));
    ATLAS_C_TRY(require(characters, "characters", characters == nullptr ? 0 : capacity));
    ATLAS_C_TRY(require(text, "text", text_bytes));
    const text_view whole(text, text_bytes);
    switch (kind) {
      case ATLAS_SEGMENTS_GRAPHEMES: *found = fill<atlas::grapheme_reader>(ends, characters, capacity, whole); return {};
      case ATLAS_SEGMENTS_WORDS: *found = fill<atlas::word_segment_reader>(ends, characters, capacity, whole); return {};
      case ATLAS_SEGMENTS_SENTENCES: *found = fill<atlas::tailored_sentence_reader>(ends, characters, capacity, whole); return {};
      case ATLAS_SEGMENTS_UAX29_SENTENCES: *found = fill<atlas::sentence_reader>(ends, characters, capacity, whole); return {};
      default: return no_such("kind", "one of ATLAS_SEGMENTS_", kind);
    }
  });
}

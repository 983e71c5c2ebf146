// SPDX-License-Identifier: Apache-2.0
// tests/fuzz/boundaries_fuzz.cpp -- any bytes through clusters, words and sentences: every way to ask gives the same boundaries,
// for the standard's those of the rules as they are printed; and a state of any bytes goes on without harm.
#include <atlas/text.hpp>

#include "support/insist.hpp"
#include "support/segmentation_model.hpp"
#include "support/segmentation_ways.hpp"

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace {

/// @param model  null where there is none
template <class State>
void check(const std::string& text, std::vector<bool> (*model)(const std::vector<char32_t>&)) {
  const support::offsets want = support::by_reader<atlas::segment_reader<State>>(text);
  if (model != nullptr && text.size() <= 64) {  // the model takes cubic time
    support::offsets begins;
    const auto characters = support::characters_of(text, begins);
    support::insist(want == support::boundaries_of(model(characters), begins), "the boundaries are those of the rules");
  }
  if (text.size() <= 1024) {  // every offset is asked for
    support::insist(support::disagreement<State>(text, want).empty(), "every way to ask gives the same boundaries");
  } else {
    support::insist(support::by_feeding<State>(text) == want, "one character at a time gives the same boundaries");
  }
  support::insist(want.empty() == text.empty() && (text.empty() || want.back() == text.size()), "segments are the text");
}

/// A kept state that somebody changed: nonsense comes of it, and no harm.
template <class State>
void check_damaged(const std::string& text) {
  if (text.size() < sizeof(State)) return;
  State state;
  std::memcpy(static_cast<void*>(&state), text.data(), sizeof state);
  for (std::size_t at = sizeof state; at < text.size();) {
    const auto c = atlas::decode_one(text, at);
    static_cast<void>(state.feed(c.code_point, at));
    at += c.length_bytes;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  check<atlas::grapheme_state>(text, support::model_graphemes);
  check<atlas::word_state>(text, support::model_words);
  check<atlas::sentence_state>(text, support::model_sentences);
  check<atlas::tailored_sentence_state>(text, nullptr);
  check_damaged<atlas::grapheme_state>(text);
  check_damaged<atlas::word_state>(text);
  check_damaged<atlas::sentence_state>(text);
  check_damaged<atlas::tailored_sentence_state>(text);
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
// tests/c_api/boundaries_test.cpp -- characters, words and sentences into the caller's arrays.
#include "c_api/c_api_support.hpp"

#include <string>

TEST_SUITE("c_api") {
namespace {
using namespace c_api_support;

std::vector<std::string> segments(const std::string& text, std::int32_t kind) {
  std::uint64_t found = 0;
  std::vector<std::uint64_t> ends(text.size());
  REQUIRE(atlas_text_boundaries(&found, ends.data(), nullptr, text.data(), text.size(), kind, ends.size()) == ATLAS_OK);
  REQUIRE(found <= ends.size());
  std::vector<std::string> out;
  std::uint64_t begin = 0;
  for (std::uint64_t i = 0; i < found; ++i) {
    out.push_back(text.substr(begin, ends[i] - begin));
    begin = ends[i];
  }
  CHECK(begin == text.size());
  return out;
}
using strings = std::vector<std::string>;
}  // namespace

  TEST_CASE("boundaries: each kind cuts as it says") {
    CHECK(segments("e\xCC\x81\r\nx", ATLAS_SEGMENTS_GRAPHEMES) == strings{"e\xCC\x81", "\r\n", "x"});
    CHECK(segments("can't 3.14!", ATLAS_SEGMENTS_WORDS) == strings{"can't", " ", "3.14", "!"});
    const std::string text = "Mr. Smith left. Nobody saw him.";
    CHECK(segments(text, ATLAS_SEGMENTS_SENTENCES) == strings{"Mr. Smith left. ", "Nobody saw him."});
    CHECK(segments(text, ATLAS_SEGMENTS_UAX29_SENTENCES) == strings{"Mr. ", "Smith left. ", "Nobody saw him."});
    CHECK(segments("", ATLAS_SEGMENTS_WORDS).empty());
    CHECK(segments("\xFF\xFF", ATLAS_SEGMENTS_GRAPHEMES) == strings{"\xFF", "\xFF"});
    std::uint64_t found = 7;
    for (const std::int32_t kind : {-1, 4}) {
      CHECK(atlas_text_boundaries(&found, nullptr, nullptr, "x", 1, kind, 0) == ATLAS_ERR_INVALID_ARGUMENT);
      CHECK(last_error_says("ATLAS_SEGMENTS_"));
    }
    CHECK(found == 7);
  }

  TEST_CASE("boundaries: as many as there is room for, in bytes and in characters") {
    const std::string text = "\xC3\xA4\xC3\xB6 \xE4\xBD\xA0 x";
    std::uint64_t found = 0;
    std::uint64_t ends[3] = {9, 9, 9};
    std::uint64_t characters[3] = {9, 9, 9};
    REQUIRE(atlas_text_boundaries(&found, ends, characters, text.data(), text.size(), ATLAS_SEGMENTS_WORDS, 2) == ATLAS_OK);
    CHECK(found == 5);
    CHECK(std::vector<std::uint64_t>(ends, ends + 3) == std::vector<std::uint64_t>{4, 5, 9});
    CHECK(std::vector<std::uint64_t>(characters, characters + 3) == std::vector<std::uint64_t>{2, 3, 9});
    REQUIRE(atlas_text_boundaries(&found, nullptr, characters, text.data(), text.size(), ATLAS_SEGMENTS_WORDS, 3) == ATLAS_OK);
    CHECK(characters[2] == 4);
  }
}

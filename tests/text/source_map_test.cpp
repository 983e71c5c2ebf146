// SPDX-License-Identifier: Apache-2.0
// tests/text/source_map_test.cpp -- mirrors include/atlas/text/source_map.hpp.
#include <atlas/text/source_map.hpp>  // first, so that a missing include in it fails here

#include "support/encodings.hpp"
#include "support/error_line.hpp"
#include "support/source_places.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

namespace {

using atlas::bad_bytes;

struct mapped_text {
  std::string source;
  atlas::source_map map;
  std::size_t text_bytes = 0;
};

mapped_text mapped(const std::string& source, atlas::text_encoding encoding, bad_bytes policy, std::size_t stride, std::size_t piece) {
  mapped_text made{source, atlas::source_map(stride), 0};
  auto decoder = atlas::text_decoder::create(encoding, policy);
  REQUIRE(decoder.ok());
  atlas::buffer<char> out;
  for (std::size_t at = 0; at < source.size(); at += piece) {
    REQUIRE(made.map.feed(*decoder, support::bytes_of(source.substr(at, piece)), out).ok());
  }
  REQUIRE(decoder->finish(out).ok());
  made.text_bytes = out.size();
  return made;
}

}  // namespace

TEST_SUITE("text") {
  TEST_CASE("source_walker: every place of every text is where its character lies in the source, in any order of asking") {
    for (const support::encoded_text& text : support::encoded_texts()) {
      CAPTURE(std::string(atlas::name(text.encoding)));
      std::string source = text.bytes + text.bytes + text.bytes;
      std::mt19937_64 random(source.size());
      for (int damage = 0; damage < 2; ++damage) {
        for (const bad_bytes policy : {bad_bytes::replace, bad_bytes::pass}) {
          const auto want = support::places_by_characters(source, text.encoding, policy);
          for (const std::size_t stride : {1U, 7U, 64U, 100'000U}) {
            CAPTURE(stride);
            const mapped_text made = mapped(source, text.encoding, policy, stride, stride % 2 == 0 ? 1000 : 5);
            REQUIRE(made.text_bytes + 1 == want.size());
            auto walker = atlas::source_walker::create(made.map, support::bytes_of(source), text.encoding, policy);
            REQUIRE(walker.ok());
            for (std::size_t i = 0; i < want.size(); ++i) {
              CAPTURE(i);
              REQUIRE(walker->source_byte(i) == want[i]);
            }
            for (int i = 0; i < 200; ++i) {
              const std::size_t place = random() % want.size();
              CAPTURE(place);
              REQUIRE(walker->source_byte(place) == want[place]);
              if (place != 0) REQUIRE(walker->source_byte(place - 1) == want[place - 1]);
            }
            CHECK(walker->source_byte(made.text_bytes + 1000) >= want.back());
          }
        }
        for (int i = 0; i < 12; ++i) source[random() % source.size()] = static_cast<char>(random() & 0xFF);
      }
    }
  }

  TEST_CASE("source_map: its memory is a checkpoint for each stride of the source") {
    std::string source;
    for (int i = 0; i < 100'000; ++i) source += "\x93\xFA line ";
    const mapped_text made = mapped(source, atlas::text_encoding::shift_jis, bad_bytes::refuse, 4096, 1'000);
    CHECK(made.map.memory_bytes() <= source.size() / 4096 * sizeof(atlas::source_checkpoint) * 2);
    CHECK(made.map.memory_bytes() >= source.size() / 5096 * sizeof(atlas::source_checkpoint));
    auto walker = atlas::source_walker::create(made.map, support::bytes_of(source), atlas::text_encoding::shift_jis, bad_bytes::refuse);
    REQUIRE(walker.ok());
    CHECK(walker->source_byte(9 * 54'321 + 3) == 8 * 54'321 + 2);
    CHECK(walker->source_byte(made.text_bytes) == source.size());
    const auto near = made.map.nearest(9 * 54'321);
    CHECK(near.text_byte <= 9 * 54'321);
    CHECK(9 * 54'321 - near.text_byte < 9 * 4096);
  }

  TEST_CASE("source_walker: a byte-order mark that was left out counts") {
    const std::string source("\xFF\xFE" "a\0b\0", 6);
    atlas::decoder_state state;
    state.encoding = atlas::text_encoding::utf16_le;
    state.source_bytes = 2;
    auto decoder = atlas::text_decoder::resume(state);
    REQUIRE(decoder.ok());
    atlas::source_map map;
    atlas::buffer<char> out;
    REQUIRE(map.feed(*decoder, support::bytes_of(source.substr(2)), out).ok());
    auto walker = atlas::source_walker::create(map, support::bytes_of(source), state.encoding, bad_bytes::refuse);
    REQUIRE(walker.ok());
    CHECK(walker->source_byte(0) == 2);
    CHECK(walker->source_byte(1) == 4);
    CHECK(walker->source_byte(2) == 6);
  }

  TEST_CASE("source_walker: what is no encoding is refused; an empty text and a source cut short end where they end") {
    const atlas::source_map empty;
    CHECK(support::failed_as(atlas::source_walker::create(empty, {}, atlas::text_encoding::binary, bad_bytes::refuse),
                             atlas::errc::invalid_argument));
    auto walker = atlas::source_walker::create(empty, {}, atlas::text_encoding::euc_kr, bad_bytes::refuse);
    REQUIRE(walker.ok());
    CHECK(walker->source_byte(0) == 0);
    CHECK(walker->source_byte(100) == 0);
    const mapped_text made = mapped(std::string(10'000, 'a'), atlas::text_encoding::koi8_r, bad_bytes::refuse, 64, 10'000);
    const std::string beginning = made.source.substr(0, 100);
    auto cut = atlas::source_walker::create(made.map, support::bytes_of(beginning), atlas::text_encoding::koi8_r, bad_bytes::refuse);
    REQUIRE(cut.ok());
    CHECK(cut->source_byte(50) == 50);
    CHECK(cut->source_byte(9'000) == 100);
  }
}

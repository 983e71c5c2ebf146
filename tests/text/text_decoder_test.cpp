// SPDX-License-Identifier: Apache-2.0
// tests/text/text_decoder_test.cpp -- mirrors include/atlas/text/text_decoder.hpp.
#include <atlas/text/text_decoder.hpp>  // first, so that a missing include in it fails here
#include <atlas/text/utf8_validity.hpp>

#include "support/encodings.hpp"
#include "support/error_line.hpp"
#include "support/repetitions.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

namespace {

using atlas::bad_bytes;
using atlas::text_encoding;

struct outcome {
  std::string text;
  std::string error;
  atlas::decoder_state state;
};

/// Decodes in pieces of at most `most` bytes; 0: of random sizes.
outcome decoded_in_pieces(const std::string& bytes, text_encoding encoding, bad_bytes policy, std::size_t most) {
  auto decoder = atlas::text_decoder::create(encoding, policy);
  REQUIRE(decoder.ok());
  std::mt19937_64 random(bytes.size() + most);
  atlas::buffer<char> out;
  atlas::status said;
  for (std::size_t at = 0; at < bytes.size() && said.ok();) {
    std::size_t size = most != 0 ? most : random() % 7;
    size = size < bytes.size() - at ? size : bytes.size() - at;
    said = decoder->feed(support::bytes_of(bytes.substr(at, size)), out);
    at += size;
  }
  if (said.ok()) said = decoder->finish(out);
  return {support::string_of(out), support::error_line(said), decoder->state()};
}

/// The same by the definition: character by character.
std::string decoded_by_characters(const std::string& bytes, text_encoding encoding, bad_bytes policy) {
  atlas::detail::character_reader reader;
  REQUIRE(reader.open(encoding).ok());
  std::string out;
  for (std::size_t at = 0; at < bytes.size();) {
    const auto read = reader.read(bytes, at, true);
    for (std::size_t i = 0; i < read.count; ++i) out += support::utf8_of(read.code_points[i]);
    if (read.what == atlas::detail::reading::bad) {
      out += policy == bad_bytes::pass ? bytes.substr(at, read.length_bytes) : std::string("\uFFFD");
    }
    at += read.length_bytes;
  }
  return out;
}

/// Good text with some bytes changed, left out and put in.
std::string damaged(const std::string& text, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string out;
  for (const char c : text) {
    const auto what = random() % 24;
    if (what == 0) continue;
    out += what == 1 ? static_cast<char>(random() & 0xFF) : c;
    if (what == 2) out += static_cast<char>(random() & 0xFF);
  }
  return out;
}

}  // namespace

TEST_SUITE("text") {
  TEST_CASE("text_decoder: what the C library wrote in any encoding comes back as it was") {
    CHECK(support::encoded_texts().size() >= 38);
    for (const support::encoded_text& text : support::encoded_texts()) {
      CAPTURE(std::string(atlas::name(text.encoding)));
      for (const std::size_t most : {100'000U, 1U, 2U, 3U, 0U}) {
        const outcome got = decoded_in_pieces(text.bytes, text.encoding, bad_bytes::refuse, most);
        CHECK(got.error.empty());
        CHECK(got.text == text.utf8);
        CHECK(got.state.bad_count == 0);
        CHECK(got.state.source_bytes == text.bytes.size());
        CHECK(got.state.text_bytes == text.utf8.size());
        CHECK(got.state.held_bytes == 0);
      }
    }
  }

  TEST_CASE("text_decoder: a matrix of encodings and texts, each text in every encoding that has its characters") {
    std::size_t pairs = 0;
    for (const support::written_encoding& to : support::written_encodings()) {
      for (const support::written_encoding& from : support::written_encodings()) {
        const std::string bytes = support::encoded_by_library(from.prose, to.library_name);
        if (bytes.empty()) continue;
        CAPTURE(std::string(atlas::name(to.encoding)));
        CAPTURE(from.prose);
        CHECK(decoded_in_pieces(bytes, to.encoding, bad_bytes::refuse, bytes.size()).text == from.prose);
        CHECK(decoded_in_pieces(bytes, to.encoding, bad_bytes::refuse, 1).text == from.prose);
        ++pairs;
      }
    }
    MESSAGE(pairs << " pairs of an encoding and a text");
    CHECK(pairs > 300);
  }

  TEST_CASE("text_decoder: longer than a slice, and the text is the same") {
    for (const support::encoded_text& text : support::encoded_texts()) {
      if (text.encoding == text_encoding::iso_2022_jp) continue;  // begins in ASCII, but each line ends there too
      CAPTURE(std::string(atlas::name(text.encoding)));
      std::string bytes;
      std::string want;
      for (int i = 0; i < 300; ++i) {
        bytes += text.bytes;
        want += text.utf8;
      }
      const bool same = decoded_in_pieces(bytes, text.encoding, bad_bytes::refuse, bytes.size()).text == want;
      CHECK(same);
    }
  }

  TEST_CASE("text_decoder: damaged text and random bytes, in pieces of any size, are what they are character by character") {
    const std::size_t step = support::repetitions(1, 4, 4);
    for (const auto encoding : support::all_encodings()) {
      CAPTURE(std::string(atlas::name(encoding)));
      std::vector<std::string> inputs;
      for (std::uint64_t seed = 0; seed < 30; seed += step) inputs.push_back(support::random_bytes(seed, seed * 3));
      for (const support::encoded_text& text : support::encoded_texts()) {
        if (text.encoding != encoding) continue;
        for (std::uint64_t seed = 0; seed < 20; seed += step) inputs.push_back(damaged(text.bytes, seed));
        for (std::size_t cut = 0; cut < text.bytes.size(); ++cut) inputs.push_back(text.bytes.substr(0, cut));
      }
      for (const std::string& input : inputs) {
        for (const bad_bytes policy : {bad_bytes::replace, bad_bytes::pass}) {
          const std::string want = decoded_by_characters(input, encoding, policy);
          const outcome whole = decoded_in_pieces(input, encoding, policy, input.size() + 1);
          REQUIRE(whole.error.empty());
          REQUIRE(whole.text == want);
          REQUIRE(whole.state.source_bytes == input.size());
          REQUIRE(whole.state.text_bytes == want.size());
          if (policy == bad_bytes::replace) REQUIRE(atlas::is_utf8(whole.text));
          for (const std::size_t most : {1U, 2U, 3U, 0U}) {
            const outcome pieces = decoded_in_pieces(input, encoding, policy, most);
            REQUIRE(pieces.text == want);
            REQUIRE(pieces.state.bad_count == whole.state.bad_count);
            REQUIRE(pieces.state.first_bad == whole.state.first_bad);
          }
        }
        const outcome whole = decoded_in_pieces(input, encoding, bad_bytes::refuse, input.size() + 1);
        for (const std::size_t most : {1U, 2U, 3U, 0U}) {
          const outcome pieces = decoded_in_pieces(input, encoding, bad_bytes::refuse, most);
          REQUIRE(pieces.text == whole.text);
          REQUIRE(pieces.error == whole.error);
        }
        const outcome replaced = decoded_in_pieces(input, encoding, bad_bytes::replace, input.size() + 1);
        REQUIRE(whole.error.empty() == (replaced.state.bad_count == 0));
        if (!whole.error.empty()) REQUIRE(whole.state.source_bytes == replaced.state.first_bad);
      }
    }
  }

  TEST_CASE("text_decoder: bad bytes are refused with their offset, and again with every later call") {
    auto decoder = atlas::text_decoder::create(text_encoding::shift_jis);
    REQUIRE(decoder.ok());
    atlas::buffer<char> out;
    const std::string bytes = "ab\x93\xFA\x81 more";
    for (int i = 0; i < 3; ++i) {
      const atlas::status fed = decoder->feed(support::bytes_of(bytes), out);
      CHECK(support::failed_as(fed, atlas::errc::bad_encoding));
      CHECK(support::says_both(fed));
      CHECK(fed.error().found == 4);
      CHECK(support::string_of(out) == "ab\u65E5");
    }
    CHECK(support::failed_as(decoder->finish(out), atlas::errc::bad_encoding));
    CHECK(decoder->state().source_bytes == 4);
  }

  TEST_CASE("text_decoder: bytes that are passed stand in the text as they are") {
    const outcome got = decoded_in_pieces("a\xFF\x81 \xB0", text_encoding::euc_kr, bad_bytes::pass, 1);
    CHECK(got.text == "a\xFF\x81 \xB0");
    CHECK(got.state.bad_count == 3);
    CHECK(got.state.first_bad == 1);
    const std::string ill = support::random_bytes(7, 500);
    CHECK(decoded_in_pieces(ill, text_encoding::utf8, bad_bytes::pass, 3).text == ill);
  }

  TEST_CASE("text_decoder: another one goes on from the state at every byte") {
    for (const support::encoded_text& text : support::encoded_texts()) {
      CAPTURE(std::string(atlas::name(text.encoding)));
      const std::string input = damaged(text.bytes, 5);
      const outcome want = decoded_in_pieces(input, text.encoding, bad_bytes::replace, input.size() + 1);
      for (std::size_t cut = 0; cut <= input.size(); ++cut) {
        atlas::buffer<char> out;
        auto first = atlas::text_decoder::create(text.encoding, bad_bytes::replace);
        REQUIRE(first.ok());
        REQUIRE(first->feed(support::bytes_of(input.substr(0, cut)), out).ok());
        auto second = atlas::text_decoder::resume(first->state());
        REQUIRE(second.ok());
        REQUIRE(second->feed(support::bytes_of(input.substr(cut)), out).ok());
        REQUIRE(second->finish(out).ok());
        REQUIRE(support::string_of(out) == want.text);
        REQUIRE(second->state().bad_count == want.state.bad_count);
        REQUIRE(second->state().source_bytes == input.size());
      }
    }
  }

  TEST_CASE("text_decoder: what is no encoding, and states that no decoder is in, are refused") {
    CHECK(support::failed_as(atlas::text_decoder::create(text_encoding::unknown), atlas::errc::invalid_argument));
    CHECK(support::failed_as(atlas::text_decoder::create(text_encoding::binary), atlas::errc::invalid_argument));
    CHECK(support::failed_as(atlas::text_decoder::create(static_cast<text_encoding>(9)), atlas::errc::invalid_argument));
    atlas::decoder_state state;
    state.held_bytes = 5;
    CHECK(support::failed_as(atlas::text_decoder::resume(state), atlas::errc::invalid_argument));
    state.held_bytes = 0;
    state.mode = 1;
    CHECK(support::failed_as(atlas::text_decoder::resume(state), atlas::errc::invalid_argument));
    state.encoding = text_encoding::iso_2022_jp;
    CHECK(atlas::text_decoder::resume(state).ok());
    state.policy = static_cast<bad_bytes>(3);
    CHECK(support::failed_as(atlas::text_decoder::resume(state), atlas::errc::invalid_argument));
  }

  TEST_CASE("text_decoder: a state with any bytes held leads nowhere but to their text") {
    for (const auto encoding : support::all_encodings()) {
      for (std::uint64_t seed = 0; seed < 60; ++seed) {
        atlas::decoder_state state;
        state.encoding = encoding;
        state.policy = bad_bytes::replace;
        state.held_bytes = static_cast<std::uint8_t>(seed % 5);
        const std::string held = support::random_bytes(seed, 4);
        std::memcpy(state.held, held.data(), 4);
        auto decoder = atlas::text_decoder::resume(state);
        REQUIRE(decoder.ok());
        atlas::buffer<char> out;
        REQUIRE(decoder->feed(support::bytes_of("tail"), out).ok());
        REQUIRE(decoder->finish(out).ok());
        const std::string want = held.substr(0, seed % 5) + "tail";
        REQUIRE(support::string_of(out) == decoded_by_characters(want, encoding, bad_bytes::replace));
      }
    }
  }
}

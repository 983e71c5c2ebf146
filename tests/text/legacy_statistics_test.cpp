// SPDX-License-Identifier: Apache-2.0
// tests/text/legacy_statistics_test.cpp -- mirrors include/atlas/text/legacy_statistics.hpp and language_models.hpp.
#include <atlas/text/legacy_statistics.hpp>  // first, so that a missing include in it fails here

#include "support/encodings.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <set>
#include <string>

TEST_SUITE("text") {
  TEST_CASE("language_models: alphabets are in order, and each pair of letters has a cost from 0 to 14 bits") {
    for (const auto& model : atlas::detail::language_models) {
      REQUIRE(model.letters > 20);
      REQUIRE(model.letters <= 72);
      for (std::size_t i = 0; i < model.letters; ++i) {
        CHECK(model.lower[i] != 0);
        CHECK(model.upper[i] != 0);
        if (i != 0) CHECK(model.lower[i - 1] < model.lower[i]);
      }
      CHECK(model.lower[model.letters] == 0);
      CHECK(model.upper[model.letters] == 0);
      const std::size_t pairs = (model.letters + 1U) * (model.letters + 1U);
      REQUIRE(std::strlen(model.pairs) == pairs);
      for (std::size_t i = 0; i < pairs; ++i) REQUIRE((model.pairs[i] >= 'a' && model.pairs[i] <= 'a' + 28));
    }
    using namespace atlas::detail;  // NOLINT: five names of one kind
    for (const char* leads : {simplified_leads, traditional_leads, euc_japanese_leads, shift_japanese_leads, korean_leads}) {
      REQUIRE(std::strlen(leads) == 126);
      for (std::size_t i = 0; i < 126; ++i) REQUIRE((leads[i] >= 'a' && leads[i] <= 'a' + 28));
    }
  }

  TEST_CASE("legacy_candidates: each encoding of several bytes once, single-byte ones with a run of languages") {
    std::set<atlas::text_encoding> several;
    for (const auto& candidate : atlas::detail::legacy_candidates) {
      CAPTURE(std::string(atlas::name(candidate.encoding)));
      CHECK(candidate.first <= candidate.last);
      if (atlas::is_multibyte(candidate.encoding)) CHECK(several.insert(candidate.encoding).second);
      CHECK((atlas::is_multibyte(candidate.encoding) || atlas::is_single_byte(candidate.encoding)));
    }
    CHECK(several.size() == 5);
  }

  TEST_CASE("sample_of: a short text is one window; of a long one windows lie where bytes from 0x80 on are") {
    const std::string low(3'000, 'a');
    const auto whole = atlas::detail::sample_of(low);
    CHECK(whole.count == 1);
    CHECK(whole.windows[0] == atlas::text_view(low));
    CHECK_FALSE(whole.has_c1);
    CHECK(whole.present[0x61]);
    CHECK_FALSE(whole.present[0x62]);
    std::string text(1'000'000, 'a');
    CHECK(atlas::detail::sample_of(text).count == 0);
    text[777'777] = '\xE9';
    text[777'000] = ' ';
    text[777'770] = '\n';
    const auto sample = atlas::detail::sample_of(text);
    REQUIRE(sample.count == 1);
    CHECK(sample.windows[0].data() == text.data() + 777'771);
    CHECK(sample.windows[0].size() == 6 + 1024);
    CHECK(atlas::detail::sample_of(text, 64).windows[0].size() == 6 + 64);
    CHECK_FALSE(sample.has_c1);
    text[5] = '\x85';
    CHECK(atlas::detail::sample_of(text).has_c1);
    CHECK(atlas::detail::sample_of(std::string(1'000'000, '\xE9')).count == 3);  // all at the beginning
    CHECK(atlas::detail::sample_of("").windows[0].empty());
  }

  TEST_CASE("sample_of: where no byte is ASCII, windows begin with characters, not within them") {
    const std::string prose = support::encoded_by_library("日本語の文章です。カタカナ、ひらがな、漢字。", "EUC-JP");
    REQUIRE(prose.size() == 44);
    std::string text;
    while (text.size() < 200'000) text += prose;
    for (std::size_t extra = 0; extra < 200; extra += 2) {
      const std::string longer = text + text.substr(0, extra);
      const auto sample = atlas::detail::sample_of(longer);
      REQUIRE(sample.count > 0);
      for (std::size_t i = 0; i < sample.count; ++i) REQUIRE((sample.windows[i].data() - longer.data()) % 2 == 0);
      if (extra % 20 == 0) CHECK(atlas::detail::likeliest_legacy(longer) == atlas::text_encoding::euc_jp);
    }
    // A line's end every now and then is enough to look at all of it.
    for (std::size_t at = 440; at < text.size(); at += 441) text.insert(at, "\n");
    CHECK(atlas::detail::sample_of(text).count == atlas::detail::text_sample::most_windows);
    CHECK(atlas::detail::likeliest_legacy(text) == atlas::text_encoding::euc_jp);
  }

  TEST_CASE("for_each_word: runs of letters with a byte from 0x80 on, and no others") {
    const std::string text = "plain na\xEFve 12\xE9x \xE0";
    std::string words;
    atlas::detail::for_each_word(atlas::detail::sample_of(text), [&](atlas::text_view window, std::size_t begin, std::size_t end) {
      words += "[" + std::string(window.data() + begin, end - begin) + "]";
    });
    CHECK(words == "[na\xEFve][\xE9x][\xE0]");
  }

  TEST_CASE("letter_classes: letters of the language are cheap, a capital within a word is not, a control is worst") {
    using atlas::detail::language;
    const auto& german = atlas::detail::language_models[static_cast<int>(language::german)];
    const std::string bytes = "f \xFC\xDC\xF0\x81\x9F";
    const auto sample = atlas::detail::sample_of(bytes);
    const atlas::detail::letter_classes windows(atlas::text_encoding::windows_1252, german, sample);
    const atlas::detail::letter_classes mac(atlas::text_encoding::macintosh, german, sample);
    CHECK(windows.cost('f', 0xFC) < 14);                             // fü
    CHECK(windows.cost('f', 0xDC) >= windows.cost('f', 0xFC) + 10);  // fÜ
    CHECK(windows.cost(' ', 0xDC) <= windows.cost(' ', 0xFC) + 2);
    CHECK(windows.cost('f', 0xF0) > windows.cost('f', 0xFC));        // fð
    CHECK(windows.cost('f', 0x81) > windows.cost('f', 0xF0));
    CHECK(mac.cost('f', 0x9F) == windows.cost('f', 0xFC));
  }

  TEST_CASE("likeliest_legacy: bytes by chance and no bytes are unknown, prose is its encoding") {
    CHECK(atlas::detail::likeliest_legacy("") == atlas::text_encoding::unknown);
    CHECK(atlas::detail::likeliest_legacy("only ASCII") == atlas::text_encoding::unknown);
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
      std::string noise = support::random_bytes(seed, 4'000);
      for (char& c : noise) c = static_cast<char>(c | 0x80);
      CHECK(atlas::detail::likeliest_legacy(noise) == atlas::text_encoding::unknown);
    }
    for (const support::encoded_text& text : support::encoded_texts()) {
      using enum atlas::text_encoding;
      if (text.encoding != euc_kr && text.encoding != big5 && text.encoding != gbk && text.encoding != euc_jp &&
          text.encoding != koi8_u && text.encoding != windows_1257 && text.encoding != windows_874) {
        continue;
      }
      CHECK(atlas::detail::likeliest_legacy(text.bytes) == text.encoding);
    }
  }
}

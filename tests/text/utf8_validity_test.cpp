// SPDX-License-Identifier: Apache-2.0
// tests/text/utf8_validity_test.cpp -- mirrors include/atlas/text/utf8_validity.hpp.
#include <atlas/text/utf8_validity.hpp>  // first, so that a missing include in it fails here

#include "support/utf8_model.hpp"  // model_characters: table 3-7 row by row
#include "support/each_target.hpp"
#include "support/texts.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

TEST_SUITE("utf8_validity") {
namespace {

/// In memory that ends where the text does.
void check_validity(const std::string& text) {
  const auto want = support::model_characters(text);
  const auto bad = std::find_if(want.begin(), want.end(), [](const auto& one) { return one.code_point >= 0x110000U; });
  const std::size_t first_bad = bad == want.end() ? text.size() : bad->byte;
  const std::unique_ptr<char[]> exact(new char[text.size()]);
  std::copy(text.begin(), text.end(), exact.get());
  const atlas::text_view view(exact.get(), text.size());
  const bool is_right = atlas::first_ill_formed(view) == first_bad && atlas::count_characters(view) == want.size() &&
                        atlas::is_utf8(view) == (first_bad == text.size());
  CHECK(is_right);
  // From any character on, and after one that is wrong.
  for (std::size_t i = 0; i < want.size(); i += 1 + want.size() / 7) {
    const auto next = std::find_if(want.begin() + static_cast<std::ptrdiff_t>(i), want.end(), [](const auto& one) { return one.code_point >= 0x110000U; });
    CHECK(atlas::first_ill_formed(view, want[i].byte) == (next == want.end() ? text.size() : next->byte));
  }
}

std::string valid_text(std::uint64_t seed, std::size_t size) {
  static const char* const stock[] = {"a", "the words ", "\u00E9", "\u0436\u0437", "\u4E2D\u6587", "\U0001F600", "\uFFFD", "\U0010FFFF", "\u0800", "\uD7FF", "\uE000", "\U00010000",
                                      "0123456789 a line of sixty-four bytes and some more, all of them ASCII\n"};
  std::mt19937_64 random(seed);
  std::string out;
  while (out.size() < size) out += stock[random() % std::size(stock)];
  return out;
}

}  // namespace

  TEST_CASE("any bytes of any length, cut anywhere, on each target") {
    support::on_each_target([] {
      for (std::uint64_t seed = 0; seed < 300; ++seed) {
        CAPTURE(seed);
        check_validity(support::random_bytes(seed, static_cast<std::size_t>(seed)));
        check_validity(support::random_text(seed, static_cast<std::size_t>(seed)));
        check_validity(valid_text(seed, static_cast<std::size_t>(3 * seed)));
      }
      const std::string text = "0123456789abcdef\u00E9\u4E2D\U0001F600" + std::string(140, 'x') + "\U0001F600\xFF";
      for (std::size_t size = 0; size <= text.size(); ++size) check_validity(text.substr(0, size));
    });
  }

  TEST_CASE("every lead with every second byte, and telling tails, at every place of a block") {
    struct sample {
      std::string text;
      std::size_t first_bad;
      std::size_t characters;
    };
    for (const std::size_t before : {0U, 1U, 3U, 61U, 62U, 63U, 64U, 127U}) {
      CAPTURE(before);
      std::vector<sample> samples;
      for (unsigned lead = 0x7F; lead < 256; lead += lead < 0xC0 ? 13 : 1) {
        for (unsigned second = 0; second < 256; second += second < 0x7E || second >= 0xC2 ? 31 : 1) {
          for (const char* const tail : {"", "\x80", "\xBF\x80", "\x7F\x80", "\x80\xC0", "\x80\x80\x80"}) {
            std::string text(before, 'x');
            text += static_cast<char>(lead);
            text += static_cast<char>(second);
            text += tail;
            text.append(192 - text.size(), 'y');
            const auto want = support::model_characters(text);
            const auto bad = std::find_if(want.begin(), want.end(), [](const auto& one) { return one.code_point >= 0x110000U; });
            samples.push_back({text, bad == want.end() ? text.size() : bad->byte, want.size()});
          }
        }
      }
      support::on_each_target([&] {
        std::size_t wrong = 0;
        for (const sample& one : samples) {
          wrong += atlas::first_ill_formed(one.text) == one.first_bad && atlas::count_characters(one.text) == one.characters ? 0U : 1U;
        }
        CHECK(wrong == 0);
      });
    }
  }

  TEST_CASE("one byte of a valid text changed: found where it is, on each target") {
    support::on_each_target([] {
      const std::string good = valid_text(7, 400);
      std::mt19937_64 random(9);
      for (std::size_t at = 0; at < good.size(); ++at) {
        CAPTURE(at);
        std::string text = good;
        text[at] = static_cast<char>(random() & 0xFF);
        check_validity(text);
        check_validity(good.substr(0, at));
      }
    });
  }

  TEST_CASE("kernels: bytes are skipped to the start that is asked for, and line ends are counted, on each target") {
    support::on_each_target([] {
      std::size_t wrong = 0;
      for (std::uint64_t seed = 0; seed < 120; ++seed) {
        std::string text = seed % 3 == 0 ? support::random_bytes(seed, 7 + 3 * seed) : valid_text(seed, 2 * seed);
        for (std::size_t i = 0; i < text.size(); i += 1 + seed % 11) text[i] = "\r\n\n\r"[(i + seed) % 4];
        const auto* const bytes = reinterpret_cast<const std::uint8_t*>(text.data());
        std::size_t ends = 0;
        std::size_t starts = 0;
        for (std::size_t i = 0; i < text.size(); ++i) {
          ends += text[i] == '\n' || (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n')) ? 1U : 0U;
          if ((bytes[i] & 0xC0U) == 0x80U) continue;
          wrong += atlas::kernels().utf8_skip(bytes, text.size(), starts) == i ? 0U : 1U;
          ++starts;
        }
        wrong += atlas::kernels().utf8_skip(bytes, text.size(), starts) == text.size() ? 0U : 1U;
        wrong += atlas::kernels().utf8_skip(bytes, text.size(), starts + 5) == text.size() ? 0U : 1U;
        wrong += atlas::kernels().line_ends(bytes, text.size()).ends == ends ? 0U : 1U;
      }
      CHECK(wrong == 0);
    });
  }

  TEST_CASE("an empty text has no characters and is valid; a long one that is wrong everywhere is read once") {
    CHECK(atlas::count_characters({}) == 0);
    CHECK(atlas::is_utf8({}));
    const std::string wrong(1'000'000, '\xFF');
    CHECK(atlas::first_ill_formed(wrong) == 0);
    CHECK(atlas::count_characters(wrong) == wrong.size());
    std::string every_other;
    for (std::size_t i = 0; i < 100'000; ++i) every_other += i % 2 == 0 ? "\x80" : "\u4E2D";
    CHECK(atlas::count_characters(every_other) == 100'000);
  }

  TEST_CASE("the UTF-8 stress file: each byte belongs to one character") {
    if (support::test_data().empty()) {
      MESSAGE("skipped: 1 file, ATLAS_TEST_DATA is not set");
      return;
    }
    const std::string text = support::file_bytes(support::test_data() + "/suites/utf8-stress/UTF-8-test.txt");
    REQUIRE(text.size() > 10'000);
    support::on_each_target([&] { check_validity(text); });
  }
}

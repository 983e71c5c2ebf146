// SPDX-License-Identifier: Apache-2.0
// tests/text/byte_search_test.cpp -- mirrors include/atlas/text/byte_search.hpp, and the kernels of text/byte_kernels-inl.hpp.
#include <atlas/text/byte_search.hpp>  // first, so that a missing include in it fails here

#include "support/each_target.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace {

/// Few of the bytes that are looked for, or many.
std::string searched_text(std::uint64_t seed, std::size_t size) {
  std::mt19937_64 random(seed);
  const std::string rare = "\r\n\r\n.!\x80\xFF";
  const std::uint64_t every = 1 + seed % 90;
  std::string text(size, 'a');
  for (char& c : text) c = random() % every == 0 ? rare[random() % rare.size()] : static_cast<char>('a' + random() % 26);
  return text;
}
const std::uint8_t* searched_bytes(const std::string& text) { return reinterpret_cast<const std::uint8_t*>(text.data()); }

struct searched_lines {
  std::vector<std::size_t> ends;
  explicit searched_lines(const std::string& text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\n' || (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n'))) ends.push_back(i + 1);
    }
  }
};

}  // namespace

TEST_SUITE("text: bytes that are looked for") {
  TEST_CASE("a set holds the ASCII that is named, the bytes below an end, and all that are not ASCII") {
    constexpr atlas::detail::byte_set stops(".!", 3);
    for (unsigned byte = 0; byte < 256; ++byte) {
      CAPTURE(byte);
      CHECK(stops.contains(static_cast<std::uint8_t>(byte)) == (byte >= 0x80 || byte < 3 || byte == '.' || byte == '!'));
    }
  }

  TEST_CASE("first_in, last_in: each byte value at each place, on each target") {
    support::on_each_target([] {
      const atlas::detail::byte_set set(" .z\x7F", 2);
      std::size_t wrong = 0;
      for (const std::size_t size : {1U, 15U, 63U, 64U, 65U, 100U, 128U, 200U}) {
        for (std::size_t place = 0; place < size; place += size > 65 ? 7 : 1) {
          for (int value = 0; value < 256; ++value) {
            std::string text(size + 2, '.');  // beside what is searched lie bytes of the set
            for (std::size_t i = 1; i <= size; ++i) text[i] = 'a';
            text[1 + place] = static_cast<char>(value);
            const bool is_there = value >= 0x80 || value < 2 || value == ' ' || value == '.' || value == 'z' || value == 0x7F;
            const std::size_t want = is_there ? 1 + place : size + 1;
            wrong += atlas::detail::first_in(text, 1, size + 1, set) == want ? 0U : 1U;
            wrong += atlas::detail::last_in(text, 1, size + 1, set) == want ? 0U : 1U;
          }
        }
      }
      CHECK(wrong == 0);
    });
  }

  TEST_CASE("first_in, last_in, is_ascii, line_ends, line_end_offsets: parts of random texts, on each target") {
    support::on_each_target([] {
      const atlas::detail::byte_set set(".!");
      std::size_t wrong = 0;
      for (std::uint64_t seed = 0; seed < 300; ++seed) {
        const std::string text = searched_text(seed, seed);
        const searched_lines lines(text);
        std::size_t first = 0;
        while (first < text.size() && !set.contains(searched_bytes(text)[first])) ++first;
        std::size_t last = text.size();
        while (last != 0 && !set.contains(searched_bytes(text)[last - 1])) --last;
        bool is_ascii = true;
        for (const char c : text) is_ascii = is_ascii && static_cast<unsigned char>(c) < 0x80;
        wrong += atlas::detail::first_in(text, 0, text.size(), set) == first ? 0U : 1U;
        wrong += atlas::detail::last_in(text, 0, text.size(), set) == (last == 0 ? text.size() : last - 1) ? 0U : 1U;
        wrong += atlas::kernels().is_ascii(searched_bytes(text), text.size()) == is_ascii ? 0U : 1U;
        const auto counted = atlas::kernels().line_ends(searched_bytes(text), text.size());
        wrong += counted.ends == lines.ends.size() && counted.last == (lines.ends.empty() ? 0 : lines.ends.back()) ? 0U : 1U;
        std::vector<std::uint16_t> offsets(text.size() + 2);
        const std::size_t count = atlas::kernels().line_end_offsets(searched_bytes(text), text.size(), offsets.data());
        wrong += std::vector<std::size_t>(offsets.begin(), offsets.begin() + static_cast<std::ptrdiff_t>(count)) == lines.ends ? 0U : 1U;
      }
      CHECK(wrong == 0);
    });
  }

  TEST_CASE("is_ascii: one byte of many, on each target") {
    support::on_each_target([] {
      std::size_t wrong = 0;
      for (std::size_t size = 1; size < 300; size += 1 + size / 9) {
        for (std::size_t place = 0; place < size; ++place) {
          std::string text(size, '\x7F');
          wrong += atlas::kernels().is_ascii(searched_bytes(text), size) ? 0U : 1U;
          text[place] = '\x80';
          wrong += atlas::kernels().is_ascii(searched_bytes(text), size) ? 1U : 0U;
        }
      }
      CHECK(wrong == 0);
    });
  }

  TEST_CASE("first_in, last_in: the same while compiling; nothing where nothing is searched") {
    constexpr atlas::detail::byte_set set(".");
    static_assert(atlas::detail::first_in("a.b.c", 0, 5, set) == 1);
    static_assert(atlas::detail::last_in("a.b.c", 0, 5, set) == 3);
    static_assert(atlas::detail::first_in("abc", 1, 3, set) == 3);
    static_assert(atlas::detail::last_in("abc", 1, 3, set) == 3);
    CHECK(atlas::detail::first_in("...", 2, 2, set) == 2);
    CHECK(atlas::detail::last_in("...", 2, 2, set) == 2);
  }
}

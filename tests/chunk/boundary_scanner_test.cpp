// SPDX-License-Identifier: Apache-2.0
// tests/chunk/boundary_scanner_test.cpp -- mirrors include/atlas/chunk/boundary_scanner.hpp.
#include <atlas/chunk/boundary_scanner.hpp>  // first, so that a missing include in it fails here

#include "support/chunk_model.hpp"
#include "support/texts.hpp"

#include <doctest/doctest.h>

#include <string>

namespace {

using atlas::detail::boundary_scanner;
using atlas::detail::text_mark;

/// One letter a place, the text's start first: C character, W word, S sentence, L line, P paragraph, E end, - none.
std::string levels_of(const std::string& text) {
  std::string out;
  boundary_scanner scanner(text, text_mark{});
  for (;; scanner.advance()) {
    char letter = '-';
    if (scanner.is_boundary()) {
      switch (scanner.level()) {
        case atlas::boundary_level::character: letter = 'C'; break;
        case atlas::boundary_level::word: letter = 'W'; break;
        case atlas::boundary_level::sentence: letter = 'S'; break;
        case atlas::boundary_level::line: letter = 'L'; break;
        case atlas::boundary_level::paragraph: letter = 'P'; break;
        case atlas::boundary_level::text_end: letter = 'E'; break;
        default: letter = '?'; break;  // levels that this scanner does not know
      }
    }
    out += letter;
    if (scanner.at_end()) return out;
  }
}

}  // namespace

TEST_SUITE("chunk") {
  TEST_CASE("boundary_scanner: words begin behind white space") {
    CHECK(levels_of("ab cd") == "CCCWCE");
    CHECK(levels_of("a  b") == "CCCWE");
    CHECK(levels_of(" a") == "CWE");
    CHECK(levels_of("a\u3000b") == "CCWE");
    CHECK(levels_of("a\u00A0b\u2007c") == "CCCCCE");  // no-break spaces
  }

  TEST_CASE("boundary_scanner: sentences begin behind an end, its closers, and white space") {
    CHECK(levels_of("A. B") == "CCCSE");
    CHECK(levels_of("A.B") == "CCCE");
    CHECK(levels_of("a. b") == "CCCWE");     // a lower-case letter follows a full stop: an abbreviation
    CHECK(levels_of("a! b") == "CCCSE");
    CHECK(levels_of("A.)\u201D B") == "CCCCCSE");
    CHECK(levels_of("A... B") == "CCCCCSE");
    CHECK(levels_of("A. \"B") == "CCCSCE");
    CHECK(levels_of("\u0964 B") == "CCSE");
  }

  TEST_CASE("boundary_scanner: East Asian sentence ends need no white space") {
    CHECK(levels_of("\u4E2D\u3002\u6587") == "CCSE");
    CHECK(levels_of("\u4E2D\u3002\u300D\u6587") == "CCCSE");
    CHECK(levels_of("\u4E2D\uFF01\uFF1F\u6587") == "CCCSE");
    CHECK(levels_of("\u4E2D\u3002 \u6587") == "CCCSE");
  }

  TEST_CASE("boundary_scanner: LF, CR LF and CR end a line; a blank line makes a paragraph") {
    CHECK(levels_of("a\nb") == "CCLE");
    CHECK(levels_of("a\r\nb") == "CC-LE");
    CHECK(levels_of("a\rb") == "CCLE");
    CHECK(levels_of("a\n\nb") == "CCLPE");
    CHECK(levels_of("a\r\n\r\nb") == "CC-L-PE");
    CHECK(levels_of("a\n \t\nb") == "CCLCCPE");
    CHECK(levels_of("a\n\n\nb") == "CCLPPE");
    CHECK(levels_of("\nb") == "CPE");
    CHECK(levels_of("a.\n  B") == "CCCLCSE");
    CHECK(levels_of("a\r") == "CCE");
  }

  TEST_CASE("boundary_scanner: agrees with the model at every place, and when it starts at any mark") {
    for (std::uint64_t seed = 0; seed < 400; ++seed) {
      const std::string text = seed % 4 == 3 ? support::random_bytes(seed, 80) : support::random_text(seed, 60);
      const support::chunk_model model(text);
      boundary_scanner scanner(text, text_mark{});
      for (std::size_t place = 0;; ++place) {
        CAPTURE(seed);
        CAPTURE(place);
        const boundary_scanner again(text, scanner.here());
        REQUIRE(scanner.here().characters == place);
        REQUIRE(scanner.here().byte == model.byte_of(place));
        REQUIRE(scanner.is_boundary() == (model.level(place) >= 0));
        REQUIRE(again.is_boundary() == scanner.is_boundary());
        if (scanner.is_boundary()) {
          REQUIRE(static_cast<int>(scanner.level()) == model.level(place));
          REQUIRE(again.level() == scanner.level());
        }
        if (scanner.at_end()) {
          REQUIRE(place == model.size());
          break;
        }
        scanner.advance();
      }
    }
  }
}

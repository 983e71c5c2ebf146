// SPDX-License-Identifier: Apache-2.0
// tests/core/error_test.cpp -- mirrors include/atlas/core/error.hpp.
#include <atlas/core/error.hpp>

#include <doctest/doctest.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <set>
#include <string>
#include <type_traits>

namespace {

std::string text_of(const atlas::error& what) {
  char text[512];
  const std::size_t size = atlas::describe(what, text, sizeof text);
  CHECK(size == std::strlen(text));
  return text;
}

}  // namespace

TEST_SUITE("core") {
  TEST_CASE("error: is plain data of at most 64 bytes") {
    CHECK(std::is_trivially_copyable_v<atlas::error>);
    CHECK(sizeof(atlas::error) <= 64);
  }

  TEST_CASE("error: every code has its own words") {
    std::set<std::string> words;
    for (int number = -1; number >= -28; --number) {
      CAPTURE(number);
      const std::string word = atlas::name(static_cast<atlas::errc>(number));
      CHECK(word != "unknown error");
      CHECK(words.insert(word).second);
    }
    CHECK(std::string(atlas::name(static_cast<atlas::errc>(0))) == "unknown error");
    CHECK(std::string(atlas::name(static_cast<atlas::errc>(12345))) == "unknown error");
  }

  TEST_CASE("describe: a code alone") { CHECK(text_of(atlas::errc::cancelled) == "cancelled"); }

  TEST_CASE("describe: names field, expected, found and row") {
    const atlas::error what{atlas::errc::dimension_mismatch, "query.dimension", 384, 128};
    CHECK(text_of(what) == "dimension mismatch: query.dimension: expected 384, found 128");
    CHECK(text_of(what.at_row(7)) == "dimension mismatch: query.dimension: expected 384, found 128 (row 7)");
    CHECK(what.row == atlas::error::no_row);
  }

  TEST_CASE("describe: zero is a number like any other") {
    const atlas::error what{atlas::errc::corrupt_file, "length", std::uint64_t{0}, std::uint64_t{0}};
    CHECK(text_of(what.at_row(0)) == "corrupt file: length: expected 0, found 0 (row 0)");
  }

  TEST_CASE("describe: a bound is said before the number expected") {
    const atlas::error what{atlas::errc::dimension_mismatch, "rows.stride", "at least", 384, 128};
    CHECK(text_of(what) == "dimension mismatch: rows.stride: expected at least 384, found 128");
    CHECK(what.has_bound());
    CHECK_FALSE(atlas::error{atlas::errc::internal}.has_bound());
  }

  TEST_CASE("describe: texts stand in for numbers") {
    CHECK(text_of({atlas::errc::metric_mismatch, "metric", "l2sq", "cosine"}) ==
          "metric mismatch: metric: expected l2sq, found cosine");
    CHECK(text_of({atlas::errc::invalid_argument, "k", "at least 1", std::uint64_t{0}}) ==
          "invalid argument: k: expected at least 1, found 0");
    CHECK(text_of({atlas::errc::zero_vector, "vector"}) == "zero vector: vector");
  }

  TEST_CASE("describe: says what the operating system said") {
    const atlas::error what = atlas::error{atlas::errc::io, "file"}.with_os_code(ENOSPC);
    CHECK(text_of(what) == std::string("input/output error: file [") + std::strerror(ENOSPC) + "]");
    CHECK(what.os_code == ENOSPC);
  }

  TEST_CASE("describe: cuts at the capacity, ends in NUL and writes nothing behind it") {
    const atlas::error what =
        atlas::error{atlas::errc::dimension_mismatch, "query.dimension", 384, 128}.at_row(7).with_os_code(EIO);
    const std::string whole = text_of(what);
    for (std::size_t capacity = 0; capacity <= whole.size() + 1; ++capacity) {
      CAPTURE(capacity);
      std::string out(whole.size() + 8, '#');
      const std::size_t size = atlas::describe(what, out.data(), capacity);
      if (capacity == 0) {
        CHECK(size == 0);
      } else {
        CHECK(size == capacity - 1);
        CHECK(out.compare(0, size, whole, 0, size) == 0);
        CHECK(out[size] == '\0');
      }
      CHECK(out.find_first_not_of('#', capacity) == std::string::npos);
    }
  }

  TEST_CASE("describe: the longest texts of the library fit into 512 bytes") {
    const std::string field(100, 'f');
    const std::string words(100, 'w');
    const auto what = atlas::error{atlas::errc::unsupported_version, field.c_str(), words.c_str(), words.c_str()}
                          .at_row(~std::uint64_t{0} - 1)
                          .with_os_code(EIO);
    CHECK(text_of(what).back() == ']');
  }
}

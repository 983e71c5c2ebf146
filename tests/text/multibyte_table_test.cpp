// SPDX-License-Identifier: Apache-2.0
// tests/text/multibyte_table_test.cpp -- mirrors include/atlas/text/multibyte_table.hpp and multibyte_corrections.hpp.
#include <atlas/text/multibyte_table.hpp>  // first, so that a missing include in it fails here

#include "support/encodings.hpp"

#include <doctest/doctest.h>

#include <string>

namespace {

struct agreement {
  std::size_t same = 0;
  std::size_t all = 0;
};

agreement agreement_with(const char* index, atlas::text_encoding encoding, std::size_t first_row) {
  atlas::detail::multibyte_table table;
  REQUIRE(table.open(encoding).ok());
  agreement counted;
  for (const auto& [pointer, code_point] : support::index_entries(support::encoding_index(index))) {
    counted.same += table.at(first_row + pointer / table.columns(), pointer % table.columns()) == code_point ? 1U : 0U;
    ++counted.all;
  }
  return counted;
}

}  // namespace

TEST_SUITE("text") {
  TEST_CASE("multibyte_table: at least 99.5 % of the pointers of each of the standard's indexes are what the C library says") {
    if (support::test_data().empty()) {
      MESSAGE("skipped: the WHATWG indexes of multi-byte encodings, ATLAS_TEST_DATA is not set");
      return;
    }
    using enum atlas::text_encoding;
    const struct {
      const char* index;
      atlas::text_encoding encoding;
      std::size_t first_row;
      std::size_t least;
    } indexes[] = {{"index-gb18030.txt", gb18030, 0, 23'000}, {"index-gb18030.txt", gbk, 0, 23'000},
                   {"index-big5.txt", big5, 0, 18'000},       {"index-jis0208.txt", shift_jis, 0, 7'000},
                   {"index-jis0208.txt", euc_jp, 0, 7'000},   {"index-jis0208.txt", iso_2022_jp, 0, 7'000},
                   {"index-jis0212.txt", euc_jp, atlas::detail::multibyte_table::jis0212_rows, 6'000},
                   {"index-euc-kr.txt", euc_kr, 0, 17'000}};
    for (const auto& one : indexes) {
      const agreement counted = agreement_with(one.index, one.encoding, one.first_row);
      const double percent = 100.0 * static_cast<double>(counted.same) / static_cast<double>(counted.all);
      MESSAGE(std::string(one.index) << " as " << std::string(atlas::name(one.encoding)) << ": " << counted.same << " of "
                                     << counted.all << " agree, " << percent << " %");
      CHECK(counted.all > one.least);
      CHECK(1000 * counted.same >= 995 * counted.all);
    }
  }

  TEST_CASE("multibyte_table: the four bytes of GB18030 are the standard's ranges") {
    atlas::detail::multibyte_table table;
    REQUIRE(table.open(atlas::text_encoding::gb18030).ok());
    CHECK(table.four_bytes(0) == 0x80);
    CHECK(table.four_bytes(7'457) == 0xE7C7);
    CHECK(table.four_bytes(39'419) == 0xFFFF);
    CHECK(table.four_bytes(39'420) == 0);
    CHECK(table.four_bytes(188'999) == 0);
    CHECK(table.four_bytes(189'000) == 0x10000);
    CHECK(table.four_bytes(1'237'575) == 0x10FFFF);
    CHECK(table.four_bytes(1'237'576) == 0);
    const auto ranges = support::index_entries(support::encoding_index("index-gb18030-ranges.txt"));
    if (ranges.empty()) {
      MESSAGE("skipped: the WHATWG ranges of GB18030, ATLAS_TEST_DATA is not set");
      return;
    }
    std::size_t same = 0;
    std::size_t all = 0;
    for (std::size_t i = 0; i + 1 < ranges.size(); ++i) {
      const std::uint32_t end = ranges[i + 1].first == 189'000 ? 39'420 : ranges[i + 1].first;
      for (std::uint32_t pointer = ranges[i].first; pointer < end; ++pointer, ++all) {
        const char32_t want = pointer == 7'457 ? 0xE7C7 : ranges[i].second + (pointer - ranges[i].first);
        same += table.four_bytes(pointer) == want ? 1U : 0U;
      }
    }
    MESSAGE("ranges of gb18030: " << same << " of " << all << " agree");
    CHECK(all == 39'420);
    CHECK(1000 * same >= 995 * all);
  }

  TEST_CASE("multibyte_table: cells without a character, and rows that are none, hold 0") {
    atlas::detail::multibyte_table table;
    REQUIRE(table.open(atlas::text_encoding::euc_kr).ok());
    CHECK(table.is_open());
    CHECK(table.at(125, 0) == 0);
    CHECK(table.at(126, 0) == 0);
    CHECK(table.at(~std::size_t{0}, 0) == 0);
    CHECK(table.at(0, 0) == 0xAC02);
    REQUIRE(table.open(atlas::text_encoding::shift_jis).ok());
    CHECK(table.at(0, 0) == 0x3000);
    CHECK(table.at(2, 32) == 0xFF21);
    CHECK(table.at(119, 93) == 0);
  }

  TEST_CASE("library_conversion: an encoding that the C library does not know is an error that names it") {
    atlas::detail::library_conversion conversion;
    const atlas::status opened = conversion.open("no-such-encoding");
    REQUIRE_FALSE(opened.ok());
    CHECK(opened.error() == atlas::errc::bad_encoding);
    CHECK(std::string(opened.error().found_text) == "no-such-encoding");
  }
}

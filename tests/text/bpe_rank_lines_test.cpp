// SPDX-License-Identifier: Apache-2.0
// tests/text/bpe_rank_lines_test.cpp -- mirrors include/atlas/text/bpe_rank_lines.hpp.
#include <atlas/text/bpe_rank_lines.hpp>  // first, so that a missing include in it fails here

#include "support/bpe_model.hpp"
#include "support/error_line.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

TEST_SUITE("text: bpe rank lines") {
  using atlas::errc;

  namespace {
  struct read_lines {
    std::vector<std::string> tokens;
    std::vector<std::uint32_t> ranks;
    std::vector<std::uint64_t> numbers;
    atlas::error error;  ///< of the line at which reading ended
    bool is_whole = false;
  };
  read_lines lines_in(const std::string& file) {
    read_lines out;
    atlas::bpe_rank_reader reader(file);
    atlas::buffer<char> bytes;
    for (;;) {
      atlas::bpe_rank_line line;
      const atlas::result<bool> more = reader.next(bytes, line);
      if (!more.ok()) {
        out.error = more.error();
        return out;
      }
      if (!*more) break;
      out.tokens.emplace_back(bytes.data() + bytes.size() - line.length_bytes, line.length_bytes);
      out.ranks.push_back(line.rank);
      out.numbers.push_back(line.number);
    }
    out.is_whole = true;
    return out;
  }
  }  // namespace

  TEST_CASE("bpe_rank_reader: tokens of all lengths and bytes, in base64") {
    std::string file;
    std::vector<std::string> want;
    for (std::size_t size = 1; size < 40; ++size) {
      want.push_back(support::random_bytes(size, size));
      file += support::base64_of(want.back()) + " " + std::to_string(size * 1000) + "\n";
    }
    const read_lines got = lines_in(file);
    REQUIRE(got.is_whole);
    CHECK(got.tokens == want);
    CHECK(got.ranks[2] == 3000);
    CHECK(got.numbers[2] == 3);
  }

  TEST_CASE("bpe_rank_reader: line ends, blanks and empty lines of every editor") {
    const read_lines got = lines_in("YQ== 1\r\n\r\n \t\n  Yg==\t 2 \nYw== 2147483647");
    REQUIRE(got.is_whole);
    CHECK(got.tokens == std::vector<std::string>{"a", "b", "c"});
    CHECK(got.ranks == std::vector<std::uint32_t>{1, 2, 2147483647});
    CHECK(got.numbers == std::vector<std::uint64_t>{1, 4, 5});
    CHECK(lines_in("").is_whole);
    CHECK(lines_in("\n\n").tokens.empty());
  }

  TEST_CASE("bpe_rank_reader: a line that is none is refused by its number") {
    struct bad_line {
      const char* line;
      errc code;
      const char* text;
    };
    const std::string long_token = support::base64_of(std::string(1025, 'x')) + " 5";
    const bad_line bad[] = {
        {"YQ==", errc::corrupt_file, "no rank"},
        {"YQ== ", errc::corrupt_file, "no rank"},
        {"YQ== 1x", errc::corrupt_file, "digits for a rank"},
        {"YQ== -1", errc::corrupt_file, "digits for a rank"},
        {"YQ== 1 2", errc::corrupt_file, "digits for a rank"},
        {"YQ== 2147483648", errc::limit_exceeded, "2147483647"},
        {"YQ== 99999999999999999999999999", errc::limit_exceeded, "rank of a token"},
        {"YQ= 1", errc::corrupt_file, "multiple of four"},
        {"YQ 1", errc::corrupt_file, "multiple of four"},
        {"Y=== 1", errc::corrupt_file, "another character"},
        {"==== 1", errc::corrupt_file, "another character"},
        {"Y!== 1", errc::corrupt_file, "another character"},
        {"YQ==YQ== 1", errc::corrupt_file, "another character"},
        {"YR== 1", errc::corrupt_file, "bits behind its end"},
        {"YWJ= 1", errc::corrupt_file, "bits behind its end"},
        {"YQ-_ 1", errc::corrupt_file, "another character"},
        {long_token.c_str(), errc::limit_exceeded, "1024"},
        {"\xFF\xFE\x00", errc::corrupt_file, "no rank"},
    };
    for (const bad_line& one : bad) {
      CAPTURE(one.line);
      const read_lines got = lines_in("Yg== 0\n\n" + std::string(one.line) + "\nYw== 7\n");
      CHECK_FALSE(got.is_whole);
      CHECK(got.tokens.size() == 1);
      CHECK(got.error.code == one.code);
      CHECK(got.error.row == 3);
      CHECK(support::error_line(atlas::status(got.error)).find(one.text) != std::string::npos);
    }
  }
}

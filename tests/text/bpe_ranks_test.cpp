// SPDX-License-Identifier: Apache-2.0
// tests/text/bpe_ranks_test.cpp -- mirrors include/atlas/text/bpe_ranks.hpp.
#include <atlas/text/bpe_ranks.hpp>  // first, so that a missing include in it fails here

#include "support/bpe_model.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

TEST_SUITE("text: bpe ranks") {
  using atlas::bpe_ranks;
  using atlas::errc;

  namespace {
  std::uint32_t found_in(const bpe_ranks& ranks, const std::string& token) {
    return ranks.find(token.data(), token.size(), token.data() + token.size());
  }
  std::string file_of_bytes() { return support::rank_file(support::made_up_ranks(1, 0, "a")); }
  }  // namespace

  TEST_CASE("bpe_ranks: every token is found by its bytes and by its rank, and nothing else is") {
    for (std::uint64_t seed = 0; seed < 6; ++seed) {
      CAPTURE(seed);
      const support::rank_map want = support::made_up_ranks(seed, 3000, seed % 2 == 0 ? "ab" : "abcdefgh \n\xC3\xA9");
      const bpe_ranks ranks = bpe_ranks::read(support::rank_file(want)).value();
      REQUIRE(ranks.size() == want.size());
      std::size_t longest = 0;
      for (const auto& [token, rank] : want) {
        const std::uint32_t index = found_in(ranks, token);
        REQUIRE(index != bpe_ranks::none);
        REQUIRE(ranks.rank(index) == rank);
        REQUIRE(ranks.of_rank(rank) == index);
        REQUIRE(std::string(ranks.bytes(index).data(), ranks.bytes(index).size()) == token);
        if (token.size() == 1) REQUIRE(ranks.of_byte(token[0]) == index);
        if (token.size() > longest) longest = token.size();
        for (const std::string& other : {token + "a", "a" + token, token + std::string(1, '\0'), token.substr(1)}) {
          REQUIRE((found_in(ranks, other) != bpe_ranks::none) == (want.count(other) != 0));
        }
      }
      CHECK(ranks.longest_bytes() == longest);
      for (int first = 0; first < 256; ++first) {
        for (int second = 0; second < 256; ++second) {
          const std::string two{static_cast<char>(first), static_cast<char>(second)};
          REQUIRE(ranks.of_bytes(two[0], two[1]) == found_in(ranks, two));
        }
      }
    }
  }

  TEST_CASE("bpe_ranks: the order of indices is that of ranks, whatever the order of lines") {
    const support::rank_map want = support::made_up_ranks(3, 2000, "abc");
    const bpe_ranks ranks = bpe_ranks::read(support::rank_file(want)).value();
    for (std::uint32_t i = 1; i < ranks.size(); ++i) REQUIRE(ranks.rank(i - 1) < ranks.rank(i));
    CHECK(ranks.rank(static_cast<std::uint32_t>(ranks.size()) - 1) > ranks.size());  // there are gaps
    CHECK(ranks.of_rank(0x7FFFFFFF) == bpe_ranks::none);
    CHECK(ranks.of_rank(0) == bpe_ranks::none);
  }

  TEST_CASE("bpe_ranks: bytes before the end that may be read do not change what is found") {
    const support::rank_map want = support::made_up_ranks(4, 500, "abcd");
    const bpe_ranks ranks = bpe_ranks::read(support::rank_file(want)).value();
    const std::string text = "abcdabcdabcddcbaabcd";
    for (std::size_t begin = 0; begin < text.size(); ++begin) {
      for (std::size_t size = 1; begin + size <= text.size(); ++size) {
        const std::string alone = text.substr(begin, size);
        REQUIRE(ranks.find(text.data() + begin, size, text.data() + text.size()) == found_in(ranks, alone));
      }
    }
  }

  TEST_CASE("bpe_ranks: a token twice, a rank twice, a byte without a token are refused, with the line") {
    const std::string file = file_of_bytes();
    const auto twice = bpe_ranks::read(file + support::base64_of("ab") + " 900\n" + support::base64_of("a") + " 901\n");
    REQUIRE_FALSE(twice.ok());
    CHECK(twice.error().code == errc::corrupt_file);
    CHECK(twice.error().row == 258);

    // The same in a file that is out of order: the later of the two lines, not of the two ranks.
    const auto earlier = bpe_ranks::read(support::base64_of("a") + " 901\n" + file);
    REQUIRE_FALSE(earlier.ok());
    CHECK(earlier.error().row == 1 + 'a' + 1);

    const auto rank = bpe_ranks::read(file + support::base64_of("ab") + " 900\n" + support::base64_of("ac") + " 900\n");
    REQUIRE_FALSE(rank.ok());
    CHECK(rank.error().code == errc::corrupt_file);
    CHECK(rank.error().found == 900);
    CHECK(rank.error().row == 258);

    support::rank_map lacking = support::made_up_ranks(1, 0, "a");
    lacking.erase(std::string(1, '\x80'));
    const auto byte = bpe_ranks::read(support::rank_file(lacking));
    REQUIRE_FALSE(byte.ok());
    CHECK(byte.error().code == errc::corrupt_file);
    CHECK(byte.error().found == 0x80);

    CHECK(bpe_ranks::read("").error() == errc::corrupt_file);
    CHECK(bpe_ranks::read("YQ== 1\n?").error().row == 2);
  }

  TEST_CASE("bpe_ranks: a file cut anywhere is read or refused") {
    const std::string file = support::rank_file(support::made_up_ranks(5, 40, "ab"));
    std::size_t refused = 0;
    for (std::size_t size = 0; size < file.size(); size += 3) {
      if (!bpe_ranks::read(file.substr(0, size)).ok()) ++refused;
    }
    CHECK(refused > file.size() / 3 - 4);
  }
}

// SPDX-License-Identifier: Apache-2.0
// tests/text/bpe_merge_test.cpp -- mirrors include/atlas/text/bpe_merge.hpp.
#include <atlas/text/bpe_merge.hpp>  // first, so that a missing include in it fails here

#include "support/bpe_model.hpp"
#include "support/repetitions.hpp"

#include <atlas/text/bpe_ranks.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

TEST_SUITE("text: bpe merge") {
  namespace {
  /// Counts what is asked of ranks.
  struct counting_ranks {
    const atlas::bpe_ranks& ranks;
    mutable std::uint64_t look_ups = 0;

    std::uint32_t find(const char* data, std::size_t size, const char* readable_end) const {
      ++look_ups;
      return ranks.find(data, size, readable_end);
    }
    std::uint32_t of_byte(char byte) const { return ranks.of_byte(byte); }
    std::uint32_t of_bytes(char first, char second) const {
      ++look_ups;
      return ranks.of_bytes(first, second);
    }
  };
  /// The tokens, by their bytes; checks that what is called by index is what lies there.
  template <class Ranks>
  std::vector<std::string> merged(const Ranks& ranks, const atlas::bpe_ranks& of, const std::string& piece) {
    std::vector<std::string> out;
    std::size_t at = 0;
    const atlas::status done = atlas::detail::merge_bytes(ranks, piece, piece.data() + piece.size(), [&](std::uint32_t token, std::size_t bytes) {
      out.push_back(piece.substr(at, bytes));
      CHECK(out.back() == std::string(of.bytes(token).data(), of.bytes(token).size()));
      at += bytes;
    });
    CHECK(done.ok());
    return out;
  }
  /// As the model, of a piece that is no token.
  void check_pieces(const support::rank_map& map, const std::vector<std::string>& pieces) {
    const atlas::bpe_ranks ranks = atlas::bpe_ranks::read(support::rank_file(map)).value();
    for (const std::string& piece : pieces) {
      if (map.count(piece) != 0) continue;
      CAPTURE(piece);
      REQUIRE(merged(ranks, ranks, piece) == support::model_tokens(map, piece));
    }
  }
  std::string letters_of(std::uint64_t seed, std::size_t size, const std::string& letters) {
    std::mt19937_64 random(seed);
    std::string out;
    while (out.size() < size) out += letters[random() % letters.size()];
    return out;
  }
  }  // namespace

  TEST_CASE("merge_bytes: as looking at all pairs each time, on pieces of every length around the change of method") {
    const std::size_t rounds = support::repetitions(40, 8, 4);
    for (std::uint64_t seed = 0; seed < rounds; ++seed) {
      CAPTURE(seed);
      const std::string letters = seed % 3 == 0 ? "a" : seed % 3 == 1 ? "ab" : "abcde";
      std::vector<std::string> pieces;
      for (std::size_t size = 1; size < 70; ++size) pieces.push_back(letters_of(seed * 1000 + size, size, letters));
      for (std::size_t size = 100; size < 900; size += 97) pieces.push_back(letters_of(seed * 1000 + size, size, letters));
      check_pieces(support::made_up_ranks(seed, 20 + seed * 30, letters), pieces);
    }
  }

  TEST_CASE("merge_bytes: as looking at all pairs each time, on random bytes and random Unicode") {
    for (std::uint64_t seed = 0; seed < support::repetitions(30, 6, 3); ++seed) {
      CAPTURE(seed);
      std::vector<std::string> pieces;
      for (std::size_t size = 1; size < 60; ++size) {
        pieces.push_back(support::random_bytes(seed * 100 + size, size));
        pieces.push_back(support::random_text(seed * 100 + size, size));
      }
      const std::string stock = support::random_text(seed, 40);
      check_pieces(support::made_up_ranks(seed, 400, stock), pieces);
    }
  }

  TEST_CASE("merge_bytes: at most three look-ups a byte, whatever the piece") {
    const std::size_t size = support::repetitions(1 << 20, 1 << 17, 1 << 17);
    for (const char* const letters : {"a", "ab", " ", "7", "abcdefgh"}) {
      CAPTURE(letters);
      const support::rank_map map = support::made_up_ranks(7, 300, letters);
      const atlas::bpe_ranks ranks = atlas::bpe_ranks::read(support::rank_file(map)).value();
      const std::string piece = letters_of(8, size, letters);
      const counting_ranks counting{ranks};
      std::uint64_t bytes_merged = 0;
      const auto add = [&](std::uint32_t, std::size_t bytes) { bytes_merged += bytes; };
      const atlas::status done = atlas::detail::merge_bytes(counting, piece, piece.data() + size, add);
      REQUIRE(done.ok());
      CHECK(bytes_merged == size);
      CHECK(counting.look_ups <= 3 * size);

      const std::string few = piece.substr(0, atlas::detail::most_scanned_bytes);
      counting.look_ups = 0;
      static_cast<void>(merged(counting, ranks, few));
      CHECK(counting.look_ups <= 3 * few.size());
    }
  }

  TEST_CASE("small_first_heap: gives what was pushed, the smallest first") {
    atlas::detail::small_first_heap heap;
    std::mt19937_64 random(9);
    std::vector<std::uint64_t> waiting;
    for (int i = 0; i < 3000; ++i) {
      if (waiting.empty() || random() % 3 != 0) {
        waiting.push_back(random() % 500);
        REQUIRE(heap.push(waiting.back()).ok());
        continue;
      }
      std::size_t least = 0;
      for (std::size_t k = 1; k < waiting.size(); ++k) least = waiting[k] < waiting[least] ? k : least;
      REQUIRE(heap.pop() == waiting[least]);
      waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(least));
    }
    CHECK(heap.empty() == waiting.empty());
  }
}

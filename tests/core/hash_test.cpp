// SPDX-License-Identifier: Apache-2.0
// tests/core/hash_test.cpp -- mirrors include/atlas/core/hash.hpp.
#include <atlas/core/hash.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

namespace {

std::string hex(std::uint64_t number) {
  char text[17];
  std::snprintf(text, sizeof text, "%016" PRIX64, number);
  return text;
}

/// The input of xxHash's own sanity check, as the head of the vector file describes it.
std::vector<std::uint8_t> sanity_bytes(std::size_t size) {
  std::vector<std::uint8_t> bytes(size);
  std::uint64_t state = 2654435761U;
  for (std::uint8_t& byte : bytes) {
    byte = static_cast<std::uint8_t>(state >> 56);
    state *= 11400714785074694797U;
  }
  return bytes;
}

}  // namespace

TEST_SUITE("core") {
  TEST_CASE("hash: equals xxHash's published sanity vectors") {
    const char* const data = std::getenv("ATLAS_TEST_DATA");
    if (data == nullptr) {
      MESSAGE("skipped: 54 vectors, ATLAS_TEST_DATA is not set");
      return;
    }
    std::ifstream file(std::string(data) + "/suites/xxhash/xxhash-vectors.tsv");
    REQUIRE(file.is_open());
    const std::vector<std::uint8_t> bytes = sanity_bytes(1 << 16);
    int checked = 0;
    for (std::string line; std::getline(file, line);) {
      if (line.empty() || line[0] == '#') continue;
      std::istringstream fields(line);
      std::string algorithm;
      std::size_t size = 0;
      std::uint64_t seed = 0;
      std::string wanted;
      fields >> algorithm >> size >> seed >> wanted;
      CAPTURE(line);
      REQUIRE(size <= bytes.size());
      if (algorithm == "XXH3") {
        CHECK(hex(atlas::xxh3_64(bytes.data(), size, seed)) == wanted);
        if (seed == 0) {
          atlas::hash_stream stream;
          stream.update(bytes.data(), size);
          CHECK(hex(stream.digest()) == wanted);
        }
        ++checked;
      } else if (algorithm == "XXH128") {
        const atlas::hash128 sum = atlas::xxh3_128(bytes.data(), size, seed);
        CHECK(hex(sum.high) + hex(sum.low) == wanted);
        ++checked;
      }
    }
    CHECK(checked == 54);
  }

  TEST_CASE("hash: known values, so that one test runs without the vector file") {
    CHECK(atlas::xxh3_64(nullptr, 0) == 0x2D06800538D394C2U);
    CHECK(atlas::xxh3_128(nullptr, 0) == atlas::hash128{0x6001C324468D497FU, 0x99AA06D3014798D8U});
  }

  TEST_CASE("hash_stream: equals the one-shot hash however the bytes are cut") {
    const std::vector<std::uint8_t> bytes = sanity_bytes(5000);
    std::mt19937_64 random(3);
    for (int round = 0; round < 200; ++round) {
      const std::size_t size = random() % bytes.size();
      atlas::hash_stream stream;
      for (std::size_t at = 0; at < size;) {
        const std::size_t piece = std::min<std::size_t>(size - at, random() % 700);
        stream.update(bytes.data() + at, piece);
        at += piece;
      }
      CHECK(stream.digest() == atlas::xxh3_64(bytes.data(), size));
      CHECK(stream.digest() == atlas::xxh3_64(bytes.data(), size));  // asking changes nothing
    }
  }

  TEST_CASE("hash: a seed gives another hash") {
    CHECK(atlas::xxh3_64("text", 4, 1) != atlas::xxh3_64("text", 4));
    CHECK_FALSE(atlas::xxh3_128("text", 4, 1) == atlas::xxh3_128("text", 4));
  }
}

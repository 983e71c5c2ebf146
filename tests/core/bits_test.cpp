// SPDX-License-Identifier: Apache-2.0
// tests/core/bits_test.cpp -- mirrors include/atlas/core/bits.hpp.
#include <atlas/core/bits.hpp>

#include <doctest/doctest.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <random>
#include <set>

TEST_SUITE("core") {
  TEST_CASE("round_up: the least multiple that is not below") {
    static_assert(atlas::round_up(0, 64) == 0);
    static_assert(atlas::round_up(1, 64) == 64);
    static_assert(atlas::round_up(64, 64) == 64);
    static_assert(atlas::round_up(65, 64) == 128);
    static_assert(atlas::round_up(5, 1) == 5);
    CHECK(atlas::round_up(~std::uint64_t{0} - 63, 64) == ~std::uint64_t{0} - 63);
  }

  TEST_CASE("powers of two: agree with <bit> at every edge") {
    CHECK_FALSE(atlas::is_power_of_two(0));
    CHECK(atlas::next_power_of_two(0) == 1);
    for (unsigned shift = 0; shift < 63; ++shift) {
      for (const std::uint64_t value :
           {(std::uint64_t{1} << shift) - 1, std::uint64_t{1} << shift, (std::uint64_t{1} << shift) + 1}) {
        CAPTURE(value);
        CHECK(atlas::is_power_of_two(value) == std::has_single_bit(value));
        CHECK(atlas::next_power_of_two(value) == std::bit_ceil(value));
      }
    }
    CHECK(atlas::next_power_of_two(std::uint64_t{1} << 63) == std::uint64_t{1} << 63);
  }

  TEST_CASE("mix64: no two inputs meet, and one bit in changes about half of the bits out") {
    std::set<std::uint64_t> outputs;
    for (std::uint64_t value = 0; value < 10'000; ++value) CHECK(outputs.insert(atlas::mix64(value)).second);
    std::mt19937_64 random(5);
    for (unsigned bit = 0; bit < 64; ++bit) {
      int changed = 0;
      for (int round = 0; round < 100; ++round) {
        const std::uint64_t value = random();
        changed += std::popcount(atlas::mix64(value) ^ atlas::mix64(value ^ (std::uint64_t{1} << bit)));
      }
      CAPTURE(bit);
      CHECK(changed > 100 * 28);
      CHECK(changed < 100 * 36);
    }
  }

  TEST_CASE("mix64: is splitmix64's last step") {
    // The first outputs of splitmix64 seeded with 1234567 (Vigna's reference generator).
    std::uint64_t state = 1234567;
    for (const std::uint64_t wanted : {std::uint64_t{6457827717110365317U}, std::uint64_t{3203168211198807973U},
                                       std::uint64_t{9817491932198370423U}}) {
      state += 0x9E3779B97F4A7C15U;
      CHECK(atlas::mix64(state) == wanted);
    }
  }

  TEST_CASE("load and store: any alignment") {
    unsigned char bytes[25];
    for (std::size_t offset = 0; offset < 16; ++offset) {
      std::memset(bytes, 0xEE, sizeof bytes);
      atlas::store_unaligned(bytes + offset, std::uint64_t{0x0102030405060708});
      CHECK(atlas::load_unaligned<std::uint64_t>(bytes + offset) == 0x0102030405060708);
      CHECK(bytes[offset] == 8);  // little-endian
      CHECK(bytes[offset + 7] == 1);
      CHECK(bytes[offset + 8] == 0xEE);
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// tests/quantize/packed_codes_test.cpp -- mirrors include/atlas/quantize/packed_codes.hpp.
#include <atlas/quantize/packed_codes.hpp>

#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <vector>

TEST_SUITE("packed_codes") {
  TEST_CASE("pack_codes: a byte a code of 8 bits, two codes a byte of 4, the even one in the lower half; unpack_codes turns back") {
    for (const unsigned bits : {4U, 8U}) {
      for (const std::size_t count : {1U, 2U, 5U, 8U}) {
        CAPTURE(bits);
        CAPTURE(count);
        const std::size_t size = bits == 8 ? count : (count + 1) / 2;
        REQUIRE(atlas::detail::packed_bytes(count, bits) == size);
        std::vector<std::uint8_t> codes(count);
        for (std::size_t i = 0; i < count; ++i) codes[i] = static_cast<std::uint8_t>((bits == 8 ? 37 : 7) * (i + 1) % (1U << bits));
        std::vector<std::uint8_t> bytes(size + 1, 0xEE);
        atlas::detail::pack_codes(codes.data(), count, bits, bytes.data());
        for (std::size_t i = 0; i < size; ++i) {
          const unsigned upper = 2 * i + 1 < count ? codes[2 * i + 1] : 0U;
          CHECK(bytes[i] == (bits == 8 ? codes[i] : codes[2 * i] + 16 * upper));
        }
        CHECK(bytes[size] == 0xEE);
        std::vector<std::uint8_t> back(count + 1, 0xEE);
        atlas::detail::unpack_codes(bytes.data(), count, bits, back.data());
        CHECK(std::vector<std::uint8_t>(back.begin(), back.end() - 1) == codes);
        CHECK(back[count] == 0xEE);
      }
    }
  }

  TEST_CASE("pack_codes: of codes that are no 4-bit numbers the lower halves are taken") {
    const std::uint8_t codes[3] = {0xF1, 0xA2, 0xFF};
    std::uint8_t bytes[2];
    atlas::detail::pack_codes(codes, 3, 4, bytes);
    CHECK(bytes[0] == 0x21);
    CHECK(bytes[1] == 0x0F);
  }

  TEST_CASE("sum_packed: sums of the entries that codes name, whatever is behind the last one") {
    for (const unsigned bits : {4U, 8U}) {
      for (const std::size_t parts : {1U, 2U, 7U, 12U}) {
        CAPTURE(bits);
        CAPTURE(parts);
        const std::size_t entries = std::size_t{1} << bits;
        const std::size_t size = atlas::detail::packed_bytes(parts, bits);
        const std::size_t stride = size + 3;
        const auto tables = support::random_vector(parts, parts * entries);
        std::vector<std::uint8_t> bytes(20 * stride);
        for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * i * 31 + 7 * i);
        std::vector<float> out(21, 9.0F);
        REQUIRE(atlas::detail::sum_packed(tables.data(), parts, bits, bytes.data(), stride, 20, out.data()).ok());
        for (std::size_t row = 0; row < 20; ++row) {
          double want = 0;
          for (std::size_t part = 0; part < parts; ++part) {
            const std::uint8_t* const code = bytes.data() + row * stride;
            const std::size_t entry = bits == 8 ? code[part] : (code[part / 2] >> (part % 2 * 4)) & 15U;
            want += static_cast<double>(tables[part * entries + entry]);
          }
          CHECK(static_cast<double>(out[row]) == doctest::Approx(want).epsilon(1e-5).scale(1));
        }
        CHECK(out[20] == 9.0F);
      }
    }
  }
}

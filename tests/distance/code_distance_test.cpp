// SPDX-License-Identifier: Apache-2.0
// tests/distance/code_distance_test.cpp -- mirrors include/atlas/distance/code_distance.hpp, and its kernels in
// include/atlas/simd/kernel_entries.hpp.
#include <atlas/distance/code_distance.hpp>

#include "support/each_target.hpp"
#include "support/error_line.hpp"
#include "support/guarded_array.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

namespace {

using atlas::errc;
using codes_view = atlas::basic_matrix_view<std::uint8_t>;

/// Numbers in [0, bound).
std::vector<std::uint8_t> random_bytes(std::uint64_t seed, std::size_t size, unsigned bound) {
  std::mt19937_64 random(seed);
  std::vector<std::uint8_t> bytes(size);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random() % bound);
  return bytes;
}

/// The sum of the entries that one row's codes name.
template <class Entry>
double sum_float64(const std::vector<Entry>& tables, std::size_t entries, const std::uint8_t* codes,
                   std::size_t parts) {
  double sum = 0;
  for (std::size_t part = 0; part < parts; ++part) sum += static_cast<double>(tables[part * entries + codes[part]]);
  return sum;
}

}  // namespace

TEST_SUITE("code_distance") {
  TEST_CASE("pq_distances: within the stated bound of float64; a row alone gives the same bits; rows with gaps") {
    support::on_each_target([] {
      for (const std::size_t parts : {1U, 2U, 7U, 8U, 9U, 16U, 31U, 96U}) {
        CAPTURE(parts);
        std::vector<float> tables = support::random_vector(1, parts * 256);
        for (float& entry : tables) entry = std::abs(entry);
        for (const std::size_t gap : {0U, 5U}) {
          for (std::size_t rows = 0; rows <= 9; ++rows) {
            const auto codes = random_bytes(2, rows * (parts + gap), 256);
            const codes_view view{codes.data(), rows, parts, parts + gap};
            std::vector<float> out(rows + 1, -1.0F);
            REQUIRE(atlas::pq_distances(tables, view, out.data()).ok());
            CHECK(out[rows] == -1.0F);
            for (std::size_t row = 0; row < rows; ++row) {
              const double exact = sum_float64(tables, 256, view.row(row), parts);
              CHECK(std::abs(static_cast<double>(out[row]) - exact) <=
                    static_cast<double>(parts) * std::ldexp(exact, -24));
              float alone = 0;
              REQUIRE(atlas::pq_distances(tables, view.subrows(row, 1), &alone).ok());
              CHECK(alone == out[row]);
            }
          }
        }
      }
    });
  }

  TEST_CASE("pq8: reads no byte outside codes and tables, writes none outside the output") {
    support::on_each_target([] {
      for (std::size_t parts = 1; parts <= 20; ++parts) {
        for (std::size_t rows = 0; rows <= 5; ++rows) {
          for (const auto where : {support::guard::behind, support::guard::before}) {
            const std::vector<float> entries = support::random_integers(3, parts * 256, 1000);
            auto bytes = random_bytes(4, rows * parts, 256);
            if (rows != 0) {
              bytes.front() = 0;
              bytes.back() = 255;
            }
            const support::guarded_array<float> tables(entries, where);
            const support::guarded_array<std::uint8_t> codes(bytes, where);
            support::guarded_array<float> out(rows, where);
            atlas::kernels().pq8(tables.data(), codes.data(), parts, rows, parts, out.data());
            for (std::size_t row = 0; row < rows; ++row) {
              CHECK(static_cast<double>(out.data()[row]) ==
                    sum_float64(entries, 256, bytes.data() + row * parts, parts));
            }
          }
        }
      }
    });
  }

  TEST_CASE("pq4_distances: exact sums of what pq4_pack packs, any number of rows") {
    support::on_each_target([] {
      for (const std::size_t parts : {2U, 4U, 6U, 16U, 30U, 64U, 256U}) {
        CAPTURE(parts);
        for (const std::size_t rows : {0U, 1U, 31U, 32U, 33U, 64U, 100U, 128U, 300U}) {
          CAPTURE(rows);
          for (const unsigned bound : {2U, 256U}) {
            auto tables = random_bytes(5, parts * 16, bound);
            if (bound == 2) {  // the greatest sums there are
              for (std::uint8_t& entry : tables) entry = entry == 0 ? 255 : 254;
            }
            const std::size_t stride = parts + rows % 3;
            const auto codes = random_bytes(6, rows * stride, 16);
            const codes_view view{codes.data(), rows, parts, stride};
            std::vector<std::uint8_t> blocks(atlas::pq4_bytes(rows, parts), 0xEE);
            REQUIRE(atlas::pq4_pack(view, blocks).ok());
            std::vector<std::uint16_t> out(rows + 1, 7);
            REQUIRE(atlas::pq4_distances(tables, blocks, rows, out.data()).ok());
            CHECK(out[rows] == 7);
            std::size_t wrong = 0;
            for (std::size_t row = 0; row < rows; ++row) {
              wrong += out[row] == sum_float64(tables, 16, view.row(row), parts) ? 0U : 1U;
            }
            CHECK(wrong == 0);
          }
        }
      }
    });
  }

  TEST_CASE("pq4_distances: 256 parts of 255 are 65,280") {
    support::on_each_target([] {
      const std::vector<std::uint8_t> tables(256 * 16, 255);
      const std::vector<std::uint8_t> blocks(atlas::pq4_bytes(160, 256), 0xF0);
      std::vector<std::uint16_t> out(160);
      REQUIRE(atlas::pq4_distances(tables, blocks, 160, out.data()).ok());
      for (const std::uint16_t sum : out) CHECK(sum == 65'280);
    });
  }

  TEST_CASE("pq4: reads no byte outside blocks and tables, writes none outside the output; any alignment") {
    support::on_each_target([] {
      for (std::size_t parts = 2; parts <= 20; parts += 2) {
        for (std::size_t block_count = 0; block_count <= 9; ++block_count) {
          const auto entries = random_bytes(7, parts * 16, 256);
          const auto bytes = random_bytes(8, block_count * parts * 16, 256);
          std::vector<std::uint16_t> want(block_count * 32);
          for (std::size_t i = 0; i < want.size(); ++i) {
            for (std::size_t part = 0; part < parts; part += 2) {
              const std::uint8_t pair = bytes[i / 32 * parts * 16 + part * 16 + i % 32];
              want[i] = static_cast<std::uint16_t>(want[i] + entries[part * 16 + pair % 16] +
                                                   entries[part * 16 + 16 + pair / 16]);
            }
          }
          for (const auto where : {support::guard::behind, support::guard::before}) {
            const support::guarded_array<std::uint8_t> tables(entries, where);
            const support::guarded_array<std::uint8_t> blocks(bytes, where);
            support::guarded_array<std::uint16_t> out(want.size(), where);
            atlas::kernels().pq4(tables.data(), blocks.data(), block_count, parts, out.data());
            CHECK(std::vector<std::uint16_t>(out.data(), out.data() + want.size()) == want);
          }
          std::vector<std::uint8_t> moved_tables(entries.size() + 1);
          std::vector<std::uint8_t> moved(bytes.size() + 3);
          std::vector<std::uint16_t> out(want.size() + 1);
          std::copy(entries.begin(), entries.end(), moved_tables.begin() + 1);
          std::copy(bytes.begin(), bytes.end(), moved.begin() + 3);
          atlas::kernels().pq4(moved_tables.data() + 1, moved.data() + 3, block_count, parts, out.data() + 1);
          CHECK(std::vector<std::uint16_t>(out.begin() + 1, out.end()) == want);
        }
      }
    });
  }

  TEST_CASE("pq4_pack: byte r of a pair of parts holds row r, the even part below; rows beyond the last are 0") {
    const auto codes = random_bytes(9, 34 * 4, 16);
    std::vector<std::uint8_t> blocks(atlas::pq4_bytes(34, 4), 0xEE);
    REQUIRE(blocks.size() == 128);
    REQUIRE(atlas::pq4_pack(atlas::dense(codes.data(), 34, 4), blocks).ok());
    CHECK(int{blocks[5]} == codes[5 * 4] + 16 * codes[5 * 4 + 1]);
    CHECK(int{blocks[32 + 31]} == codes[31 * 4 + 2] + 16 * codes[31 * 4 + 3]);
    CHECK(int{blocks[64 + 1]} == codes[33 * 4] + 16 * codes[33 * 4 + 1]);
    for (std::size_t row = 2; row < 32; ++row) {
      CHECK(int{blocks[64 + row]} == 0);
      CHECK(int{blocks[96 + row]} == 0);
    }
  }

  TEST_CASE("code_distance: no rows need no pointers") {
    CHECK(atlas::pq_distances({}, {}, nullptr).ok());
    CHECK(atlas::pq4_pack({nullptr, 0, 4, 4}, {}).ok());
    const std::vector<std::uint8_t> tables(64);
    CHECK(atlas::pq4_distances(tables, {}, 0, nullptr).ok());
  }

  TEST_CASE("pq_distances: a refused call writes nothing and says what was expected and found") {
    std::vector<float> tables(4 * 256, 1.0F);
    std::vector<std::uint8_t> codes(12, 3);
    std::vector<float> out(3, -1.0F);
    const codes_view good = atlas::dense(codes.data(), 3, 4);
    const auto refused = [&](const atlas::status& answer, errc code) {
      CHECK(support::failed_as(answer, code));
      CHECK(support::says_both(answer));
      for (const float number : out) CHECK(number == -1.0F);
      for (const float number : tables) CHECK(number == 1.0F);
      for (const std::uint8_t byte : codes) CHECK(byte == 3);
    };
    refused(atlas::pq_distances({tables.data(), 1023}, good, out.data()), errc::dimension_mismatch);
    refused(atlas::pq_distances({static_cast<const float*>(nullptr), 1024}, good, out.data()), errc::invalid_argument);
    refused(atlas::pq_distances(tables, {nullptr, 3, 4, 4}, out.data()), errc::invalid_argument);
    refused(atlas::pq_distances(tables, {codes.data(), 3, 4, 3}, out.data()), errc::dimension_mismatch);
    refused(atlas::pq_distances({}, {codes.data(), 3, 0, 4}, out.data()), errc::invalid_argument);
    refused(atlas::pq_distances(tables, good, nullptr), errc::invalid_argument);
    refused(atlas::pq_distances(tables, good, tables.data() + 1023), errc::invalid_argument);
    refused(atlas::pq_distances(tables, good, reinterpret_cast<float*>(codes.data())), errc::invalid_argument);
  }

  TEST_CASE("pq4_pack, pq4_distances: a refused call writes nothing and says what was expected and found") {
    std::vector<std::uint8_t> tables(64, 1);
    std::vector<std::uint8_t> codes(33 * 4, 3);
    std::vector<std::uint8_t> blocks(128, 5);
    std::vector<std::uint16_t> out(33, 7);
    const codes_view good = atlas::dense(codes.data(), 33, 4);
    const auto refused = [&](const atlas::status& answer, errc code) {
      CHECK(support::failed_as(answer, code));
      CHECK(support::says_both(answer));
      for (const std::uint16_t sum : out) CHECK(sum == 7);
      for (const std::uint8_t byte : tables) CHECK(byte == 1);
      for (const std::uint8_t byte : blocks) CHECK(byte == 5);
    };
    using bytes = atlas::span<std::uint8_t>;
    using bytes_in = atlas::span<const std::uint8_t>;
    refused(atlas::pq4_pack(good, {blocks.data(), 127}), errc::invalid_argument);
    refused(atlas::pq4_pack(good, bytes{nullptr, 128}), errc::invalid_argument);
    refused(atlas::pq4_pack({nullptr, 33, 4, 4}, blocks), errc::invalid_argument);
    refused(atlas::pq4_pack({codes.data(), 33, 4, 3}, blocks), errc::dimension_mismatch);
    refused(atlas::pq4_pack({codes.data(), 33, 3, 4}, blocks), errc::invalid_argument);
    refused(atlas::pq4_pack({codes.data(), 33, 0, 4}, blocks), errc::invalid_argument);
    refused(atlas::pq4_pack({codes.data(), 33, 258, 258}, blocks), errc::invalid_argument);
    refused(atlas::pq4_pack({codes.data(), atlas::max_rows + 1, 4, 4}, blocks), errc::limit_exceeded);
    refused(atlas::pq4_pack(atlas::dense(blocks.data(), 16, 2), {blocks.data(), 32}), errc::invalid_argument);
    refused(atlas::pq4_pack(atlas::dense(blocks.data() + 31, 16, 2), {blocks.data(), 32}), errc::invalid_argument);
    codes[32 * 4 + 3] = 16;
    refused(atlas::pq4_pack(good, blocks), errc::invalid_argument);
    CHECK(atlas::pq4_pack(good, blocks).error().row == 32);

    refused(atlas::pq4_distances({tables.data(), 48}, blocks, 33, out.data()), errc::invalid_argument);
    refused(atlas::pq4_distances({tables.data(), 63}, blocks, 33, out.data()), errc::invalid_argument);
    refused(atlas::pq4_distances({}, blocks, 33, out.data()), errc::invalid_argument);
    refused(atlas::pq4_distances({tables.data(), 258 * 16}, blocks, 33, out.data()), errc::invalid_argument);
    refused(atlas::pq4_distances(bytes_in{nullptr, 64}, blocks, 33, out.data()), errc::invalid_argument);
    refused(atlas::pq4_distances(tables, blocks, 65, out.data()), errc::invalid_argument);
    refused(atlas::pq4_distances(tables, bytes_in{nullptr, 128}, 33, out.data()), errc::invalid_argument);
    refused(atlas::pq4_distances(tables, blocks, atlas::max_rows + 1, out.data()), errc::limit_exceeded);
    refused(atlas::pq4_distances(tables, blocks, 33, nullptr), errc::invalid_argument);
    refused(atlas::pq4_distances(tables, blocks, 33, reinterpret_cast<std::uint16_t*>(tables.data())),
            errc::invalid_argument);
    refused(atlas::pq4_distances(tables, blocks, 33, reinterpret_cast<std::uint16_t*>(blocks.data())),
            errc::invalid_argument);
  }
}

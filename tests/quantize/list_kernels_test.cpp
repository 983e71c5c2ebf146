// SPDX-License-Identifier: Apache-2.0
// tests/quantize/list_kernels_test.cpp -- mirrors include/atlas/quantize/list_kernels-inl.hpp and list_block.hpp.
#include <atlas/quantize/list_block.hpp>

#include <atlas/core/memory.hpp>
#include <atlas/simd/kernel_table.hpp>

#include "support/each_target.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

TEST_SUITE("list_kernels") {
namespace {

using atlas::list_block_layout;
using atlas::list_block_rows;

struct estimate {
  float distance;
  std::uint32_t row;
  friend bool operator==(const estimate&, const estimate&) = default;
};

/// Memory as the kernels want it.
struct aligned_bytes {
  explicit aligned_bytes(std::size_t count) { bytes.resize_zeroed(count).value(); }
  atlas::buffer<std::byte> bytes;
};

std::uint8_t code_of(const std::byte* block, std::size_t lane, std::size_t part) {
  const auto pair = std::to_integer<unsigned>(block[atlas::kernels_v1::list_codes_offset + part / 2 * 32 + lane]);
  return static_cast<std::uint8_t>(part % 2 == 0 ? pair & 15U : pair >> 4);
}

/// As the kernel's contract says it, one operation after the other.
std::vector<estimate> model(const atlas::kernels_v1::bit_query& query, const std::byte* blocks, std::size_t block_count, const list_block_layout& layout,
                            float base, float bound) {
  std::vector<estimate> found;
  for (std::size_t block = 0; block < block_count; ++block) {
    const std::byte* const start = blocks + block * layout.block_bytes;
    for (std::size_t lane = 0; lane < list_block_rows; ++lane) {
      std::uint32_t sum = 0;
      for (std::size_t part = 0; part < query.parts; ++part) sum += query.tables[part * 16 + code_of(start, lane, part)];
      const volatile float scaled = query.factor * static_cast<float>(sum);
      const volatile float product = scaled + query.offset;
      const volatile float fixed = base + atlas::load_unaligned<float>(start + lane * 4);
      const volatile float varying = atlas::load_unaligned<float>(start + 128 + lane * 4) * product;
      const volatile float distance = fixed + varying;
      if (distance <= bound) found.push_back({distance, list_block_layout::row(start, lane)});
    }
  }
  return found;
}

std::vector<estimate> estimates(const atlas::kernels_v1::bit_query& query, const std::byte* blocks, std::size_t block_count, float base, float bound) {
  std::vector<float> distances(block_count * list_block_rows);
  std::vector<std::uint32_t> rows(block_count * list_block_rows);
  const std::size_t count = atlas::kernels().list_estimates(query, blocks, block_count, base, bound, distances.data(), rows.data());
  std::vector<estimate> found;
  for (std::size_t i = 0; i < count; ++i) found.push_back({distances[i], rows[i]});
  return found;
}

}  // namespace

  TEST_CASE("list_estimates: the documented estimates, bit for bit, on each target") {
    std::mt19937 draw(3);
    for (const std::size_t parts : {4U, 8U, 12U, 16U, 20U, 32U, 100U, 196U, 392U, 1024U, 1028U, 2052U}) {
      CAPTURE(parts);
      const auto layout = list_block_layout::of_nibbles(parts);
      constexpr std::size_t block_count = 5;
      aligned_bytes blocks(block_count * layout.block_bytes);
      aligned_bytes tables(parts * 16);
      auto* const entries = reinterpret_cast<std::uint8_t*>(tables.bytes.data());
      for (std::size_t i = 0; i < parts * 16; ++i) entries[i] = static_cast<std::uint8_t>(draw() % 64);
      for (std::size_t block = 0; block < block_count; ++block) {
        std::byte* const start = blocks.bytes.data() + block * layout.block_bytes;
        layout.clear(start);
        const std::size_t rows = block + 1 == block_count ? 7 : list_block_rows;
        for (std::size_t lane = 0; lane < rows; ++lane) {
          std::vector<std::uint8_t> code(parts / 2);
          for (auto& byte : code) byte = static_cast<std::uint8_t>(draw());
          const auto add = static_cast<float>(draw() % 1000) * 0.1F;
          const auto mul = static_cast<float>(draw() % 1000) * -0.003F;
          layout.write(start, lane, add, mul, static_cast<std::uint32_t>(block * 100 + lane), code.data());
        }
      }
      const atlas::kernels_v1::bit_query query{entries, parts, 0.0123F, -1.7F};
      const float infinity = std::numeric_limits<float>::infinity();
      const auto all = model(query, blocks.bytes.data(), block_count, layout, 3.3F, infinity);
      REQUIRE(all.size() == 4 * list_block_rows + 7);  // none of the empty lanes
      const float median = all[all.size() / 2].distance;
      support::on_each_target([&] {
        for (const float bound : {infinity, median, std::nextafter(median, -infinity), -infinity}) {
          CHECK(estimates(query, blocks.bytes.data(), block_count, 3.3F, bound) == model(query, blocks.bytes.data(), block_count, layout, 3.3F, bound));
        }
        CHECK(estimates(query, blocks.bytes.data(), 0, 3.3F, infinity).empty());
      });
    }
  }

  TEST_CASE("list_estimates: of any bytes no NaN is within a bound, and no more rows come than there are lanes") {
    std::mt19937 draw(5);
    const auto layout = list_block_layout::of_nibbles(32);
    aligned_bytes blocks(16 * layout.block_bytes);
    for (auto& byte : blocks.bytes) byte = static_cast<std::byte>(draw());
    aligned_bytes tables(32 * 16);
    for (auto& byte : tables.bytes) byte = static_cast<std::byte>(draw() % 64);
    const atlas::kernels_v1::bit_query query{reinterpret_cast<const std::uint8_t*>(tables.bytes.data()), 32, 1e30F, 1e35F};
    support::on_each_target([&] {
      for (const estimate& one : estimates(query, blocks.bytes.data(), 16, 0.0F, std::numeric_limits<float>::infinity())) {
        CHECK(one.distance == one.distance);
      }
    });
  }

  TEST_CASE("list_scans: each of several queries gets what it gets alone, on each target") {
    std::mt19937 draw(6);
    for (const std::size_t parts : {4U, 8U, 12U, 32U, 100U, 1024U, 1028U}) {
      CAPTURE(parts);
      const auto layout = list_block_layout::of_nibbles(parts);
      constexpr std::size_t block_count = 3;
      constexpr std::size_t most = 11;
      aligned_bytes blocks(block_count * layout.block_bytes);
      for (auto& byte : blocks.bytes) byte = static_cast<std::byte>(draw());
      for (std::size_t block = 0; block < block_count; ++block) {
        for (std::size_t lane = 0; lane < 2 * list_block_rows; ++lane) {
          const float term = static_cast<float>(draw() % 1000) * 0.01F;
          std::memcpy(blocks.bytes.data() + block * layout.block_bytes + lane * 4, &term, 4);
        }
      }
      aligned_bytes tables(most * parts * 16);
      auto* const entries = reinterpret_cast<std::uint8_t*>(tables.bytes.data());
      for (std::size_t i = 0; i < most * parts * 16; ++i) entries[i] = static_cast<std::uint8_t>(draw() % 64);
      support::on_each_target([&] {
        for (std::size_t count = 1; count <= most; ++count) {
          std::vector<std::vector<float>> distances(count, std::vector<float>(block_count * list_block_rows));
          std::vector<std::vector<std::uint32_t>> rows(count, std::vector<std::uint32_t>(block_count * list_block_rows));
          std::vector<atlas::kernels_v1::list_scan> scans;
          for (std::size_t i = 0; i < count; ++i) {
            const float bound = static_cast<float>(i) * 0.1F * static_cast<float>(parts);
            scans.push_back({{entries + i * parts * 16, parts, 0.01F, 0.5F}, 1.5F + static_cast<float>(i), bound, distances[i].data(), rows[i].data(), 99});
          }
          atlas::kernels().list_scans(scans.data(), count, blocks.bytes.data(), block_count);
          for (std::size_t i = 0; i < count; ++i) {
            const auto want = estimates(scans[i].query, blocks.bytes.data(), block_count, scans[i].base, scans[i].bound);
            REQUIRE(scans[i].count == want.size());
            for (std::size_t j = 0; j < want.size(); ++j) CHECK(estimate{distances[i][j], rows[i][j]} == want[j]);
          }
        }
      });
    }
  }

  TEST_CASE("a lane that is copied to another block and place has the same terms and code, and its new row") {
    for (const auto& layout : {list_block_layout::of_nibbles(12), list_block_layout::of_bytes(10), list_block_layout::of_bytes(0)}) {
      aligned_bytes from(layout.block_bytes);
      aligned_bytes to(layout.block_bytes);
      aligned_bytes direct(layout.block_bytes);
      for (aligned_bytes* block : {&from, &to, &direct}) layout.clear(block->bytes.data());
      const std::vector<std::uint8_t> code = {0x12, 0xFE, 0, 0x77, 3, 0x90, 1, 2, 3, 4};
      layout.write(from.bytes.data(), 5, 1.5F, -2.5F, 44, code.data());
      layout.write(direct.bytes.data(), 31, 1.5F, -2.5F, 45, code.data());
      layout.copy(from.bytes.data(), 5, to.bytes.data(), 31, 45);
      CHECK(std::memcmp(to.bytes.data(), direct.bytes.data(), layout.block_bytes) == 0);
      CHECK(list_block_layout::row(to.bytes.data(), 31) == 45);
      CHECK(layout.block_bytes % 64 == 0);
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// tests/quantize/lvq_kernels_test.cpp -- lvq8, lvq4, lvq_range and lvq_codes of include/atlas/simd/kernel_entries.hpp,
// on each instruction set of this CPU.
#include <atlas/quantize/lvq.hpp>

#include "support/each_target.hpp"
#include "support/guarded_array.hpp"
#include "support/lvq_model.hpp"
#include "support/reference.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

namespace {

using atlas::lvq_bits;
using atlas::lvq_layout;
using atlas::lvq_query;
using support::guard;

constexpr lvq_bits widths[] = {lvq_bits::eight, lvq_bits::four};
constexpr std::size_t some_dimensions[] = {1,  2,  7,   8,   15,  16,  17,  31,  32,  33,  47,  63,  64,  65,
                                           96, 97, 100, 127, 128, 129, 130, 191, 192, 193, 200, 256, 300, 784};

bool same_bits(float left, float right) { return std::memcmp(&left, &right, sizeof left) == 0; }

/// Rows of any bytes, but for terms that are numbers.
std::vector<std::byte> random_rows(std::uint64_t seed, const lvq_layout& layout, std::size_t count) {
  std::mt19937_64 random(seed);
  std::vector<std::byte> rows(count * layout.stride_bytes);
  for (std::byte& byte : rows) byte = static_cast<std::byte>(random() & 0xFF);
  const auto number = [&] { return static_cast<float>(random() % 2000) / 1000.0F - 1.0F; };
  for (std::size_t row = 0; row < count; ++row) {
    const atlas::lvq_terms terms{number(), number(), number(), number()};
    std::memcpy(rows.data() + row * layout.stride_bytes + layout.code_bytes, &terms, sizeof terms);
  }
  return rows;
}

struct random_query {
  atlas::buffer<std::int8_t> components;
  lvq_query query;
  random_query(std::uint64_t seed, std::size_t dimension)
      : components(support::aligned_memory<std::int8_t>(atlas::lvq_query_bytes(dimension))),
        query{components.data(), 0.75F, 2.0F, 0.0625F, 0.0078125F, -0.5F} {
    std::mt19937_64 random(seed);
    for (std::size_t i = 0; i < components.size(); ++i) {
      components[i] = i < dimension ? static_cast<std::int8_t>(static_cast<int>(random() % 255) - 127) : std::int8_t{0};
    }
  }
};

/// The exact sum of products, from which the kernel's formula goes on.
double product_of(const lvq_layout& layout, const lvq_query& query, const std::byte* row) {
  double sum = 0;
  for (std::size_t i = 0; i < layout.dimension; ++i) {
    sum += query.components[i] * static_cast<double>(support::code_of(layout, row, i));
  }
  return sum;
}

}  // namespace

TEST_SUITE("lvq") {
  TEST_CASE("lvq8, lvq4: products are exact sums, up to the greatest that there are") {
    support::on_each_target([] {
      for (const lvq_bits bits : widths) {
        for (const std::size_t dimension : {1U, 64U, 65U, 129U, 784U, 4096U, 65'535U}) {
          for (const int sign : {1, -1}) {
            CAPTURE(dimension);
            const lvq_layout layout = lvq_layout::of(dimension, bits);
            auto rows = support::aligned_memory<std::byte>(layout.stride_bytes * 5);
            std::memset(rows.data(), 0xFF, rows.size());
            auto components = support::aligned_memory<std::int8_t>(atlas::lvq_query_bytes(dimension));
            std::memset(components.data(), 0, components.size());
            for (std::size_t i = 0; i < dimension; ++i) components[i] = static_cast<std::int8_t>(127 * sign);
            for (std::size_t row = 0; row < 5; ++row) {
              const atlas::lvq_terms terms{0.0F, 0.0F, 1.0F, 0.0F};
              std::memcpy(rows.data() + row * layout.stride_bytes + layout.code_bytes, &terms, sizeof terms);
            }
            const lvq_query query{components.data(), 0.0F, -1.0F, 0.0F, 1.0F, 0.0F};
            float out[5];
            atlas::lvq_distances(layout, query, rows.data(), nullptr, 5, 0, out);
            const auto want = static_cast<float>(127 * sign * static_cast<double>(dimension) * layout.largest_code());
            for (const float found : out) CHECK(found == want);
          }
        }
      }
    });
  }

  TEST_CASE(
      "lvq8, lvq4: near the formula; any count, ids and prefetch give the bits of one row; nothing else written") {
    constexpr std::uint32_t row_count = 23;
    support::on_each_target([] {
      for (const lvq_bits bits : widths) {
        for (const std::size_t dimension : some_dimensions) {
          CAPTURE(dimension);
          const lvq_layout layout = lvq_layout::of(dimension, bits);
          const support::guarded_array<std::byte> rows(random_rows(1, layout, row_count));
          const random_query random(2, dimension);
          const lvq_query& query = random.query;
          std::vector<float> alone(row_count);
          for (std::size_t row = 0; row < row_count; ++row) {
            const std::byte* const start = rows.data() + row * layout.stride_bytes;
            atlas::lvq_distances(layout, query, start, nullptr, 1, 0, &alone[row]);
            const atlas::lvq_terms terms = support::terms_of(layout, start);
            const double step = static_cast<double>(query.step) * static_cast<double>(terms.step);
            const double parts[] = {static_cast<double>(query.middle) * static_cast<double>(terms.sum),
                                    static_cast<double>(query.step_sum) * static_cast<double>(terms.lower),
                                    step * product_of(layout, query, start)};
            const double ends = static_cast<double>(query.base) + static_cast<double>(terms.norm);
            const double want = ends - 2 * (parts[0] + parts[1] + parts[2]);
            const double sizes = 2 + 2 * (std::abs(parts[0]) + std::abs(parts[1]) + std::abs(parts[2]));
            CHECK(std::abs(static_cast<double>(alone[row]) - want) <= std::ldexp(sizes, -21));
          }
          std::size_t wrong = 0;
          for (std::size_t count = 0; count <= row_count; count += count < 9 ? 1 : 7) {
            for (const std::size_t prefetch_rows : {std::size_t{0}, std::size_t{1}, std::size_t{6}, ~std::size_t{0}}) {
              support::guarded_array<float> in_order(count);
              support::guarded_array<float> by_id(count, guard::before);
              const support::guarded_array<std::uint32_t> ids(support::random_ids(count, count, row_count));
              atlas::lvq_distances(layout, query, rows.data(), nullptr, count, prefetch_rows, in_order.data());
              atlas::lvq_distances(layout, query, rows.data(), ids.data(), count, prefetch_rows, by_id.data());
              for (std::size_t i = 0; i < count; ++i) {
                wrong += same_bits(in_order.data()[i], alone[i]) ? 0U : 1U;
                wrong += same_bits(by_id.data()[i], alone[ids.data()[i]]) ? 0U : 1U;
              }
              float kept[12];
              for (float& each : kept) each = -77.0F;
              if (count < 10) {
                atlas::lvq_distances(layout, query, rows.data(), nullptr, count, prefetch_rows, kept + 1);
                wrong += kept[0] == -77.0F && kept[count + 1] == -77.0F ? 0U : 1U;
              }
            }
          }
          CHECK(wrong == 0);
        }
      }
    });
  }

  TEST_CASE("lvq8, lvq4: rows and query next to pages that nobody may read") {
    support::on_each_target([] {
      for (const lvq_bits bits : widths) {
        for (std::size_t dimension = 1; dimension <= 300; ++dimension) {
          const lvq_layout layout = lvq_layout::of(dimension, bits);
          const random_query random(3, dimension);
          const std::vector<std::int8_t> components(random.components.begin(), random.components.end());
          for (const auto where : {guard::behind, guard::before}) {
            const support::guarded_array<std::byte> rows(random_rows(4, layout, 5), where);
            const support::guarded_array<std::int8_t> guarded(components, where);
            lvq_query query = random.query;
            query.components = guarded.data();
            float out[5];
            float again[5];
            atlas::lvq_distances(layout, query, rows.data(), nullptr, 5, 2, out);
            const std::uint32_t ids[] = {4, 3, 2, 1, 0};
            atlas::lvq_distances(layout, query, rows.data(), ids, 5, 5, again);
            std::size_t wrong = 0;
            for (std::size_t i = 0; i < 5; ++i) wrong += same_bits(out[i], again[4 - i]) ? 0U : 1U;
            CHECK(wrong == 0);
          }
        }
      }
    });
  }

  TEST_CASE("lvq8, lvq4: rows with the same bytes have the same bits in every place") {
    support::on_each_target([] {
      for (const lvq_bits bits : widths) {
        for (const std::size_t dimension : some_dimensions) {
          const lvq_layout layout = lvq_layout::of(dimension, bits);
          const auto one = random_rows(5, layout, 1);
          auto rows = support::aligned_memory<std::byte>(11 * layout.stride_bytes);
          for (std::size_t row = 0; row < 11; ++row) {
            std::memcpy(rows.data() + row * layout.stride_bytes, one.data(), one.size());
          }
          const random_query random(6, dimension);
          float out[11];
          atlas::lvq_distances(layout, random.query, rows.data(), nullptr, 11, 0, out);
          for (const float each : out) CHECK(same_bits(each, out[0]));
        }
      }
    });
  }

  TEST_CASE("lvq8, lvq4: what lies behind the last code counts nothing, and terms may be anything but give no NaN") {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    const float odd[] = {0.0F, -0.0F, 1.0F, -1e38F, 3e38F, infinity, -infinity, nan, -nan, 1e-45F};
    support::on_each_target([&] {
      for (const lvq_bits bits : widths) {
        for (const std::size_t dimension : some_dimensions) {
          const lvq_layout layout = lvq_layout::of(dimension, bits);
          const random_query random(7, dimension);
          auto rows = support::aligned_memory<std::byte>(2 * layout.stride_bytes);
          const auto bytes = random_rows(8, layout, 2);
          std::memcpy(rows.data(), bytes.data(), bytes.size());
          // The second row: the first one's codes and terms, and other bytes where nothing is.
          std::byte* const second = rows.data() + layout.stride_bytes;
          for (std::size_t i = 0; i < dimension; ++i) {
            const bool is_four = bits == lvq_bits::four;
            const std::size_t at = is_four ? i / 128 * 64 + i % 64 : i;
            const auto mask = static_cast<std::byte>(!is_four ? 0xFF : i % 128 < 64 ? 0x0F : 0xF0);
            second[at] = (second[at] & ~mask) | (rows[at] & mask);
          }
          std::memcpy(second + layout.code_bytes, rows.data() + layout.code_bytes, 16);
          float out[2];
          atlas::lvq_distances(layout, random.query, rows.data(), nullptr, 2, 0, out);
          CHECK(same_bits(out[0], out[1]));

          if (dimension % 64 != 1) continue;
          std::size_t nans = 0;
          for (const float norm : odd) {
            for (const float lower : odd) {
              for (const float step : odd) {
                for (const float sum : odd) {
                  const atlas::lvq_terms terms{norm, lower, step, sum};
                  std::memcpy(second + layout.code_bytes, &terms, sizeof terms);
                  atlas::lvq_distances(layout, random.query, rows.data(), nullptr, 2, 0, out);
                  nans += std::isnan(out[1]) ? 1U : 0U;
                  if (std::isnan(norm)) nans += out[1] == infinity ? 0U : 1U;
                }
              }
            }
          }
          CHECK(nans == 0);
        }
      }
    });
  }

  TEST_CASE("lvq8, lvq4: the whole range of ids reaches its row") {
    support::on_each_target([] {
      for (const lvq_bits bits : widths) {
        const lvq_layout layout = lvq_layout::of(40, bits);
        const auto bytes = random_rows(9, layout, 2);
        auto rows = support::aligned_memory<std::byte>(bytes.size());
        std::memcpy(rows.data(), bytes.data(), bytes.size());
        const random_query random(10, 40);
        const auto far_before = reinterpret_cast<const std::byte*>(reinterpret_cast<std::uintptr_t>(rows.data()) -
                                                                   0xFFFFFFFDULL * layout.stride_bytes);
        const std::uint32_t ids[] = {0xFFFFFFFEU, 0xFFFFFFFDU};
        float out[2];
        float want[2];
        atlas::lvq_distances(layout, random.query, far_before, ids, 2, 2, out);
        atlas::lvq_distances(layout, random.query, rows.data(), nullptr, 2, 2, want);
        CHECK(same_bits(out[0], want[1]));
        CHECK(same_bits(out[1], want[0]));
      }
    });
  }

  TEST_CASE("lvq_range: the least, the greatest and the product with the centre; reads nothing else") {
    support::on_each_target([] {
      for (std::size_t dimension = 1; dimension <= 300; ++dimension) {
        CAPTURE(dimension);
        for (const auto where : {guard::behind, guard::before}) {
          auto numbers = support::random_vector(11, dimension);
          for (float& each : numbers) each += 3.0F;  // so that a lane that is no component would be the least
          const support::guarded_array<float> vector(numbers, where);
          const support::guarded_array<float> centre(support::random_vector(12, dimension), where);
          const auto exact = support::centred(vector.data(), 1.5F, centre.data(), dimension);
          const auto range = atlas::kernels().lvq_range(vector.data(), 1.5F, centre.data(), dimension);
          double least = exact[0];
          double greatest = exact[0];
          double product = 0;
          double sizes = 0;
          for (std::size_t i = 0; i < dimension; ++i) {
            least = std::min(least, exact[i]);
            greatest = std::max(greatest, exact[i]);
            product += exact[i] * static_cast<double>(centre.data()[i]);
            sizes += 9 * std::abs(static_cast<double>(centre.data()[i]));
          }
          CHECK(std::abs(static_cast<double>(range.least) - least) <= std::ldexp(16.0, -24));
          CHECK(std::abs(static_cast<double>(range.greatest) - greatest) <= std::ldexp(16.0, -24));
          CHECK(std::abs(static_cast<double>(range.product) - product) <=
                static_cast<double>(dimension + 3) * std::ldexp(sizes, -24));
        }
        std::size_t wrong = 0;
        for (std::size_t place = 0; place < dimension; ++place) {
          std::vector<float> vector(dimension, 2.0F);
          const std::vector<float> centre(dimension, 1.0F);
          vector[place] = -5.0F;
          const auto low = atlas::kernels().lvq_range(vector.data(), 1.0F, centre.data(), dimension);
          vector[place] = 7.0F;
          const auto high = atlas::kernels().lvq_range(vector.data(), 1.0F, centre.data(), dimension);
          wrong += low.least == -6.0F && low.greatest == (dimension == 1 ? -6.0F : 1.0F) ? 0U : 1U;
          wrong += high.least == (dimension == 1 ? 6.0F : 1.0F) && high.greatest == 6.0F ? 0U : 1U;
          wrong += low.product == static_cast<float>(dimension - 1) - 6.0F ? 0U : 1U;
        }
        CHECK(wrong == 0);
      }
    });
  }

  TEST_CASE("lvq_codes: the nearest code, exact sums, less the offset; nothing else is read or written") {
    support::on_each_target([] {
      for (std::size_t dimension = 1; dimension <= 300; ++dimension) {
        for (const auto where : {guard::behind, guard::before}) {
          for (const unsigned largest : {15U, 254U, 255U}) {
            CAPTURE(dimension);
            const unsigned offset = largest == 254U ? 127U : 0U;
            const support::guarded_array<float> vector(support::random_vector(13, dimension), where);
            const support::guarded_array<float> centre(support::random_vector(14, dimension), where);
            const float lower = -1.25F;  // some components lie outside
            const float inverse = static_cast<float>(largest) / 2.5F;
            support::guarded_array<std::uint8_t> codes(dimension, where);
            const auto sums = atlas::kernels().lvq_codes(vector.data(), 1.0F, centre.data(), dimension, lower, inverse,
                                                         static_cast<std::uint8_t>(largest),
                                                         static_cast<std::uint8_t>(offset), codes.data());
            std::uint32_t sum = 0;
            std::uint32_t squares = 0;
            std::size_t wrong = 0;
            for (std::size_t i = 0; i < dimension; ++i) {
              const double number = static_cast<double>(vector.data()[i]) - static_cast<double>(centre.data()[i]);
              double place = (number - static_cast<double>(lower)) * static_cast<double>(inverse);
              place = std::min(std::max(place, 0.0), static_cast<double>(largest));
              const unsigned code = (codes.data()[i] + offset) & 0xFFU;
              wrong += std::abs(place - code) <= 0.5001 ? 0U : 1U;
              sum += code;
              squares += code * code;
            }
            CHECK(wrong == 0);
            CHECK(sums.codes == sum);
            CHECK(sums.squares == squares);
          }
        }
      }
    });
  }

  TEST_CASE("lvq_codes: 65,535 codes of 255; infinities are the ends, and NaN is 0") {
    support::on_each_target([] {
      const std::vector<float> high(65'535, 9.0F);
      const std::vector<float> centre(65'535, 0.0F);
      std::vector<std::uint8_t> codes(65'535);
      const auto sums =
          atlas::kernels().lvq_codes(high.data(), 1.0F, centre.data(), 65'535, 0.0F, 100.0F, 255, 0, codes.data());
      CHECK(sums.codes == 65'535U * 255U);
      CHECK(sums.squares == 65'535U * 255U * 255U);
      for (std::size_t dimension = 3; dimension <= 70; ++dimension) {
        constexpr float infinity = std::numeric_limits<float>::infinity();
        const float three[] = {infinity, -infinity, std::numeric_limits<float>::quiet_NaN()};
        std::vector<float> vector(dimension);
        std::uint32_t ends = 0;
        for (std::size_t i = 0; i < dimension; ++i) {
          vector[i] = three[i % 3];
          ends += i % 3 == 0 ? 255U : 0U;
        }
        const auto odd =
            atlas::kernels().lvq_codes(vector.data(), 1.0F, centre.data(), dimension, 0.0F, 1.0F, 255, 0, codes.data());
        CHECK(odd.codes == ends);
        CHECK(int{codes[0]} == 255);
        CHECK(int{codes[1]} == 0);
        CHECK(int{codes[2]} == 0);
      }
    });
  }
}

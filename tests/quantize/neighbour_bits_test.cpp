// SPDX-License-Identifier: Apache-2.0
// tests/quantize/neighbour_bits_test.cpp -- mirrors include/atlas/quantize/neighbour_bits.hpp, and its kernels in
// include/atlas/simd/kernel_entries.hpp.
#include <atlas/quantize/neighbour_bits.hpp>

#include <atlas/quantize/rotation.hpp>

#include "support/each_target.hpp"
#include "support/guarded_array.hpp"
#include "support/lvq_model.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

TEST_SUITE("neighbour_bits") {
namespace {

using atlas::bit_query;
using atlas::metric;
using atlas::neighbour_layout;
using support::aligned_memory;
using support::guard;

constexpr metric metrics[] = {metric::l2sq, metric::inner_product, metric::cosine};
constexpr float infinity = std::numeric_limits<float>::infinity();

std::vector<std::size_t> dimensions() {
  std::vector<std::size_t> all;
  for (std::size_t dimension = 8; dimension <= 304; dimension += 8) all.push_back(dimension);
  for (const std::size_t dimension : {784U, 1024U, 1536U, 4088U, 4096U, 4104U, 8200U, 65'536U})
    all.push_back(dimension);
  return all;
}

float factor(const std::byte* block, std::size_t place) {
  return atlas::load_unaligned<float>(block + place * sizeof(float));
}
float add_of(const std::byte* block, std::size_t lane) { return factor(block, lane); }
float mul_of(const std::byte* block, std::size_t lane) { return factor(block, 32 + lane); }
bool bit_of(const std::byte* block, std::size_t lane, std::size_t i) {
  return (std::to_integer<unsigned>(block[256 + i / 8 * 32 + lane]) >> (i % 8)) % 2 == 1;
}

/// What the estimate of a lane is, in double, from the bytes.
double estimate_float64(const neighbour_layout& layout, const bit_query& query, const std::byte* block,
                        std::size_t lane, float distance_of_node) {
  double sum = 0;
  for (std::size_t group = 0; group < layout.dimension / 4; ++group) {
    unsigned code = 0;
    for (std::size_t bit = 0; bit < 4; ++bit) code |= bit_of(block, lane, group * 4 + bit) ? 1U << bit : 0U;
    sum += query.tables[group * 16 + code];
  }
  const double product = static_cast<double>(query.factor) * sum + static_cast<double>(query.offset);
  return static_cast<double>(distance_of_node) + static_cast<double>(add_of(block, lane)) +
         static_cast<double>(mul_of(block, lane)) * product;
}

double product(const float* a, const float* b, std::size_t dimension) {
  double sum = 0;
  for (std::size_t i = 0; i < dimension; ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

/// Normal numbers, of which random vectors of one length in all directions are made.
std::vector<float> normal_vector(std::mt19937_64& random, std::size_t dimension) {
  std::vector<float> numbers(dimension);
  for (float& number : numbers) {
    int sum = -1020;  // of eight bytes: nearly normal, of variance 8 * (256^2 - 1) / 12
    for (std::uint64_t eight = random(), i = 0; i < 8; ++i, eight >>= 8) sum += static_cast<int>(eight & 0xFF);
    number = static_cast<float>(sum) / 209.0F;
  }
  return numbers;
}

}  // namespace

  TEST_CASE("layout: factors, then 4 bytes a component, in whole cache lines") {
    CHECK(neighbour_layout::of(8).block_bytes == 256 + 64);
    CHECK(neighbour_layout::of(8).table_bytes == 64);
    CHECK(neighbour_layout::of(784).block_bytes == 256 + 3136);
    CHECK(neighbour_layout::of(784).table_bytes == 3136);
    CHECK(neighbour_layout::of(104).block_bytes == 256 + 448);
    CHECK(neighbour_layout::of(65'536).table_bytes == 262'144);
  }

  TEST_CASE("set_neighbour: bits are the signs of the differences, factors as derived; other lanes stay") {
    support::on_each_target([] {
      for (const metric which : metrics) {
        for (const std::size_t dimension : dimensions()) {
          CAPTURE(dimension);
          const neighbour_layout layout = neighbour_layout::of(dimension);
          auto block = aligned_memory<std::byte>(layout.block_bytes);
          atlas::clear_neighbours(layout, block.data());
          const support::guarded_array<float> node(support::random_vector(1, dimension));
          const support::guarded_array<float> centre(support::random_vector(2, dimension), guard::before);
          const std::size_t lanes[] = {0, 5, 31};
          for (const std::size_t lane : lanes) {
            const support::guarded_array<float> neighbour(support::random_vector(3 + lane, dimension));
            atlas::set_neighbour(layout, which, node.data(), neighbour.data(), centre.data(), lane, block.data());
          }
          std::size_t wrong = 0;
          for (std::size_t lane = 0; lane < 32; ++lane) {
            if (lane != 0 && lane != 5 && lane != 31) {
              wrong += add_of(block.data(), lane) == infinity && mul_of(block.data(), lane) == 0.0F ? 0U : 1U;
              for (std::size_t i = 0; i < dimension; ++i) wrong += bit_of(block.data(), lane, i) ? 1U : 0U;
              continue;
            }
            const auto neighbour = support::random_vector(3 + lane, dimension);
            double sizes = 0;
            double squares = 0;
            double of_node = 0;
            double of_both = 0;
            for (std::size_t i = 0; i < dimension; ++i) {
              const auto n = static_cast<double>(node.data()[i]);
              const double difference = static_cast<double>(neighbour[i]) - n;
              wrong += bit_of(block.data(), lane, i) == (difference > 0) ? 0U : 1U;
              sizes += std::abs(difference);
              squares += difference * difference;
              of_node += difference > 0 ? n : -n;
              of_both += (n + static_cast<double>(centre.data()[i])) * difference;
            }
            const double weight = which == metric::l2sq ? 2 : 1;
            const double mul = -weight * squares / sizes;
            double add = -mul * of_node;
            if (which == metric::l2sq) add += squares;
            if (which == metric::cosine) add += squares / 2;
            if (which == metric::inner_product) add -= of_both;
            const double unit = static_cast<double>(dimension + 8) * std::ldexp(1.0, -24);
            wrong += std::abs(static_cast<double>(mul_of(block.data(), lane)) - mul) <= -3 * unit * mul ? 0U : 1U;
            const double add_bound = unit * (4 * -mul * static_cast<double>(dimension) + squares + 4 * sizes);
            wrong += std::abs(static_cast<double>(add_of(block.data(), lane)) - add) <= add_bound ? 0U : 1U;
          }
          for (std::size_t at = 256 + dimension * 4; at < layout.block_bytes; ++at) {
            wrong += block[at] == std::byte{0} ? 0U : 1U;
          }
          CHECK(wrong == 0);
        }
      }
    });
  }

  TEST_CASE("set_neighbour: the node itself, and what overflows, have the node's distance") {
    support::on_each_target([] {
      for (const metric which : metrics) {
        for (const std::size_t dimension : {8U, 24U, 128U, 200U}) {
          const neighbour_layout layout = neighbour_layout::of(dimension);
          auto block = aligned_memory<std::byte>(layout.block_bytes);
          atlas::clear_neighbours(layout, block.data());
          const auto node = support::random_vector(4, dimension);
          auto far = node;
          far[dimension / 2] = 3e30F;
          auto near = std::vector<float>(dimension, 0.0F);
          near[dimension - 1] = 1e-45F;
          const std::vector<float> zeros(dimension, 0.0F);
          atlas::set_neighbour(layout, which, node.data(), node.data(), nullptr, 3, block.data());
          atlas::set_neighbour(layout, which, node.data(), far.data(), nullptr, 4, block.data());
          atlas::set_neighbour(layout, which, zeros.data(), near.data(), nullptr, 5, block.data());
          auto tables = aligned_memory<std::uint8_t>(layout.table_bytes);
          const bit_query query = atlas::prepare_neighbour_query(layout, node.data(), tables.data());
          float out[32];
          const std::uint32_t mask = atlas::estimate_neighbours(query, block.data(), 2.5F, 3.0F, out);
          CHECK(mask == 0b111000U);
          for (std::size_t lane = 0; lane < 32; ++lane) CHECK(out[lane] == (lane >= 3 && lane <= 5 ? 2.5F : infinity));
        }
      }
    });
  }

  TEST_CASE("prepare_neighbour_query: entries are sums of steps, at most 63; the rest of the tables is zeros") {
    support::on_each_target([] {
      for (const std::size_t dimension : dimensions()) {
        CAPTURE(dimension);
        const neighbour_layout layout = neighbour_layout::of(dimension);
        const support::guarded_array<float> rotated(support::random_vector(5, dimension));
        support::guarded_array<std::uint8_t> tables(layout.table_bytes);
        std::memset(tables.data(), 0xEE, layout.table_bytes);
        const bit_query query = atlas::prepare_neighbour_query(layout, rotated.data(), tables.data());
        CHECK(query.parts == layout.table_bytes / 16);
        CHECK((query.tables == tables.data()));
        double largest = 0;
        for (std::size_t i = 0; i < dimension; i += 4) {
          double size = 0;
          for (std::size_t bit = 0; bit < 4; ++bit) size += std::abs(static_cast<double>(rotated.data()[i + bit]));
          largest = std::max(largest, size);
        }
        const double step = static_cast<double>(query.factor) / 2;
        CHECK(std::abs(step - largest / 61) <= 1e-6 * step);
        std::size_t wrong = 0;
        double sizes = 0;
        for (std::size_t group = 0; group < query.parts; ++group) {
          const std::uint8_t* const entries = tables.data() + group * 16;
          if (group * 4 >= dimension) {
            for (std::size_t code = 0; code < 16; ++code) wrong += entries[code] == 0 ? 0U : 1U;
            continue;
          }
          // The entry of the code that has just the bits of the components above 0 is the sum of all sizes.
          unsigned all = 0;
          for (std::size_t bit = 0; bit < 4; ++bit) all |= rotated.data()[group * 4 + bit] > 0 ? 1U << bit : 0U;
          wrong += entries[all] <= 63 && entries[15 - all] == 0 ? 0U : 1U;
          sizes += entries[all];
          for (unsigned code = 0; code < 16; ++code) {
            unsigned sum = 0;
            for (std::size_t bit = 0; bit < 4; ++bit) {
              const unsigned flipped = all ^ (1U << bit);  // without this component's size
              const unsigned size = static_cast<unsigned>(entries[all] - entries[flipped]);
              const auto exact = std::abs(static_cast<double>(rotated.data()[group * 4 + bit])) / step;
              wrong += std::abs(size - exact) <= 0.5001 ? 0U : 1U;
              if (((code ^ all) >> bit) % 2 == 0) sum += size;
            }
            wrong += entries[code] == sum ? 0U : 1U;
          }
        }
        CHECK(wrong == 0);
        CHECK(std::abs(static_cast<double>(query.offset) + step * sizes) <= 1e-6 * step * sizes);
      }
    });
  }

  TEST_CASE("prepare_neighbour_query: zeros, tiny and huge queries") {
    support::on_each_target([] {
      for (const std::size_t dimension : {8U, 24U, 136U}) {
        const neighbour_layout layout = neighbour_layout::of(dimension);
        auto tables = aligned_memory<std::uint8_t>(layout.table_bytes);
        for (const float value : {0.0F, -0.0F, 1e-45F, 1e-38F, 3e38F}) {
          const std::vector<float> rotated(dimension, value);
          std::memset(tables.data(), 0xEE, layout.table_bytes);
          const bit_query query = atlas::prepare_neighbour_query(layout, rotated.data(), tables.data());
          CHECK(query.factor == 0.0F);
          CHECK(query.offset == 0.0F);
          std::size_t wrong = 0;
          for (const std::uint8_t entry : tables) wrong += entry == 0 ? 0U : 1U;
          CHECK(wrong == 0);
        }
        const std::vector<float> large(dimension, 1e37F);
        const bit_query query = atlas::prepare_neighbour_query(layout, large.data(), tables.data());
        CHECK(std::isfinite(query.factor));
        const std::vector<float> odd(dimension, std::numeric_limits<float>::quiet_NaN());
        const bit_query of_nan = atlas::prepare_neighbour_query(layout, odd.data(), tables.data());
        CHECK(of_nan.parts == query.parts);
      }
    });
  }

  TEST_CASE("neighbour_estimates: near float64 from any bytes; the mask is what is below the bound, and NaN is not") {
    support::on_each_target([] {
      std::mt19937_64 random(6);
      for (const std::size_t dimension : dimensions()) {
        CAPTURE(dimension);
        const neighbour_layout layout = neighbour_layout::of(dimension);
        std::vector<std::uint8_t> entries(layout.table_bytes, 0);
        for (std::size_t i = 0; i < dimension * 4; ++i) {
          entries[i] = static_cast<std::uint8_t>(dimension % 3 == 0 ? 63 : random() % 64);
        }
        std::vector<std::byte> bytes(layout.block_bytes);
        for (std::byte& byte : bytes) byte = static_cast<std::byte>(random() & 0xFF);
        const float odd[] = {infinity, -infinity, std::numeric_limits<float>::quiet_NaN(), 0.0F};
        for (std::size_t place = 0; place < 64; ++place) {
          float number = static_cast<float>(random() % 4096) / 2048.0F - 1.0F;
          if (place % 11 == 0) number = odd[place / 11 % 4];
          std::memcpy(bytes.data() + place * sizeof number, &number, sizeof number);
        }
        for (const auto where : {guard::behind, guard::before}) {
          const support::guarded_array<std::uint8_t> tables(entries, where);
          const support::guarded_array<std::byte> block(bytes, where);
          support::guarded_array<float> out(32, where);
          const bit_query query{tables.data(), layout.table_bytes / 16, 0.015625F, -3.0F};
          const float bound = 1.0F;
          const std::uint32_t mask = atlas::estimate_neighbours(query, block.data(), 0.5F, bound, out.data());
          std::size_t wrong = 0;
          for (std::size_t lane = 0; lane < 32; ++lane) {
            const float found = out.data()[lane];
            wrong += ((mask >> lane) % 2 == 1) == (found < bound) ? 0U : 1U;
            const double want = estimate_float64(layout, query, block.data(), lane, 0.5F);
            if (std::isfinite(want)) {
              const double size = 4 + static_cast<double>(dimension);
              wrong += std::abs(static_cast<double>(found) - want) <= std::ldexp(size, -22) ? 0U : 1U;
            } else {
              wrong +=
                  std::isnan(want) ? (std::isnan(found) ? 0U : 1U) : (static_cast<double>(found) == want ? 0U : 1U);
            }
          }
          CHECK(wrong == 0);
        }
      }
    });
  }

  TEST_CASE("neighbour_estimates: the greatest sums of all dimensions are exact") {
    support::on_each_target([] {
      for (const std::size_t dimension : dimensions()) {
        CAPTURE(dimension);
        const neighbour_layout layout = neighbour_layout::of(dimension);
        auto tables = aligned_memory<std::uint8_t>(layout.table_bytes);
        std::memset(tables.data(), 0, layout.table_bytes);
        std::memset(tables.data(), 63, dimension * 4);
        auto block = aligned_memory<std::byte>(layout.block_bytes);
        for (std::size_t lane = 0; lane < 32; ++lane) {
          const float add = -static_cast<float>(lane);
          const float mul = 1.0F;
          std::memcpy(block.data() + lane * sizeof add, &add, sizeof add);
          std::memcpy(block.data() + (32 + lane) * sizeof mul, &mul, sizeof mul);
        }
        const bit_query query{tables.data(), layout.table_bytes / 16, 1.0F, 0.0F};
        float out[32];
        CHECK(atlas::estimate_neighbours(query, block.data(), 0.0F, 0.0F, out) == 0);
        for (std::size_t lane = 0; lane < 32; ++lane) {
          CHECK(out[lane] == static_cast<float>(dimension / 4 * 63 - lane));
        }
      }
    });
  }

  TEST_CASE("estimates: unbiased, and their error falls as one over the root of the dimension") {
    for (const metric which : metrics) {
      for (const std::size_t dimension : {64U, 250U, 1000U}) {
        CAPTURE(dimension);
        std::mt19937_64 random(7);
        double sum = 0;
        double squares = 0;
        std::size_t count = 0;
        constexpr std::uint64_t seeds = 150;
        auto centre = normal_vector(random, dimension);
        if (which == metric::cosine) {  // of length 0.5
          for (float& each : centre) each *= 0.5F / std::sqrt(static_cast<float>(dimension));
        }
        for (std::uint64_t seed = 0; seed < seeds; ++seed) {
          const atlas::rotation map = atlas::rotation::create(dimension, seed).value();
          const neighbour_layout layout = neighbour_layout::of(map.padded());
          const std::vector<float> zeros(dimension, 0.0F);
          const auto vector = [&] {
            auto made = normal_vector(random, dimension);
            for (std::size_t i = 0; i < dimension; ++i) made[i] += centre[i];
            const double length = std::sqrt(product(made.data(), made.data(), dimension));
            if (which == metric::cosine) {
              for (float& each : made) each = static_cast<float>(static_cast<double>(each) / length);
            }
            return made;
          };
          const auto rotated = [&](const std::vector<float>& of, const std::vector<float>& less) {
            std::vector<float> out(map.padded());
            map.apply(of.data(), 1.0F, less.data(), out.data());
            return out;
          };
          const auto distance = [&](const std::vector<float>& a, const std::vector<float>& b) {
            if (which != metric::l2sq) return 1 - product(a.data(), b.data(), dimension);
            double squared = 0;
            for (std::size_t i = 0; i < dimension; ++i) {
              squared += (static_cast<double>(a[i]) - static_cast<double>(b[i])) *
                         (static_cast<double>(a[i]) - static_cast<double>(b[i]));
            }
            return squared;
          };
          const auto between = [&](const std::vector<float>& a, const std::vector<float>& b) {
            std::vector<float> difference(dimension);
            for (std::size_t i = 0; i < dimension; ++i) difference[i] = a[i] - b[i];
            return std::sqrt(product(difference.data(), difference.data(), dimension));
          };
          const auto node = vector();
          const auto query = vector();
          const auto rotated_node = rotated(node, centre);
          const auto rotated_centre = rotated(centre, zeros);
          auto block = aligned_memory<std::byte>(layout.block_bytes);
          atlas::clear_neighbours(layout, block.data());
          std::vector<std::vector<float>> neighbours;
          for (std::size_t lane = 0; lane < 32; ++lane) {
            neighbours.push_back(vector());
            const auto rotated_neighbour = rotated(neighbours.back(), centre);
            atlas::set_neighbour(layout, which, rotated_node.data(), rotated_neighbour.data(), rotated_centre.data(),
                                 lane, block.data());
          }
          auto tables = aligned_memory<std::uint8_t>(layout.table_bytes);
          const auto rotated_query = rotated(query, centre);
          const bit_query prepared = atlas::prepare_neighbour_query(layout, rotated_query.data(), tables.data());
          float out[32];
          atlas::estimate_neighbours(prepared, block.data(), static_cast<float>(distance(query, node)), 0.0F, out);
          for (std::size_t lane = 0; lane < 32; ++lane) {
            const double error = static_cast<double>(out[lane]) - distance(query, neighbours[lane]);
            const double unit =
                between(query, node) * between(neighbours[lane], node) / std::sqrt(static_cast<double>(map.padded()));
            sum += error / unit;
            squares += error * error / (unit * unit);
            ++count;
          }
        }
        // u and v have the angle of 60 degrees of random differences, so 0.75 * sin(60) = 0.65; twice that for l2sq.
        const double weight = which == metric::l2sq ? 2 : 1;
        const auto samples = static_cast<double>(count);
        const double root = std::sqrt(squares / samples);
        CHECK(root > 0.55 * weight);
        CHECK(root < 0.75 * weight);
        // Lanes share a query and a rotation: only those of different seeds are independent.
        CHECK(std::abs(sum / samples) <= 4 * root / std::sqrt(static_cast<double>(seeds)));
      }
    }
  }
}

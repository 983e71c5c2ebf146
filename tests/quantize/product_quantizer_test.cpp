// SPDX-License-Identifier: Apache-2.0
// tests/quantize/product_quantizer_test.cpp -- mirrors include/atlas/quantize/product_quantizer.hpp, and
// product_training.hpp below it.
#include <atlas/quantize/product_quantizer.hpp>

#include <atlas/distance/code_distance.hpp>

#include "support/damaged_image.hpp"
#include "support/each_target.hpp"
#include "support/error_line.hpp"
#include "support/reference.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <set>
#include <string>
#include <vector>

TEST_SUITE("product_quantizer") {
namespace {

using atlas::dense;
using atlas::errc;
using atlas::matrix_view;
using atlas::pq_options;
using atlas::product_quantizer;

/// Rows in clusters, as real ones are.
struct some_rows {
  std::size_t dimension;
  std::vector<float> numbers;
  some_rows(std::size_t count, std::size_t of_dimension, std::uint64_t seed = 1) : dimension(of_dimension) {
    numbers = support::random_vector(seed, count * dimension);
    const auto centres = support::random_vector(seed + 1, 7 * dimension);
    const auto chosen = support::random_ids(seed + 2, count, 7);
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      numbers[i] = numbers[i] / 4 + centres[chosen[i / dimension] * dimension + i % dimension];
    }
  }
  [[nodiscard]] matrix_view view() const { return dense(numbers.data(), numbers.size() / dimension, dimension); }
};

bool same_codebook(const product_quantizer& a, const product_quantizer& b) {
  return a.padded() == b.padded() && a.centroids() == b.centroids() &&
         std::memcmp(a.codebook(), b.codebook(), a.padded() * a.centroids() * sizeof(float)) == 0;
}

}  // namespace

  TEST_CASE("train: parts of equal width, with zeros behind the last; codes of 4 bits are packed two a byte") {
    struct shape {
      std::size_t dimension, parts, width;
    };
    const some_rows rows(300, 20);
    for (const auto& [dimension, parts, width] : {shape{1, 1, 1}, {5, 5, 1}, {7, 3, 3}, {9, 2, 5}, {20, 7, 3}}) {
      for (const unsigned bits : {4U, 8U}) {
        const matrix_view view{rows.numbers.data(), 300, dimension, 20};
        const auto made = product_quantizer::train(view, {.parts = parts, .bits = bits, .iterations = 2});
        REQUIRE(made.ok());
        const product_quantizer& pq = made.value();
        CHECK(pq.dimension() == dimension);
        CHECK(pq.parts() == parts);
        CHECK(pq.width() == width);
        CHECK(pq.padded() == parts * width);
        CHECK(pq.bits() == bits);
        CHECK(pq.centroids() == (bits == 4 ? 16 : 256));
        CHECK(pq.code_bytes() == (bits == 4 ? (parts + 1) / 2 : parts));
        CHECK(reinterpret_cast<std::uintptr_t>(pq.codebook()) % 64 == 0);
        std::size_t wrong = 0;
        for (std::size_t i = dimension * pq.centroids(); i < pq.padded() * pq.centroids(); ++i) {
          wrong += pq.codebook()[i] == 0.0F ? 0U : 1U;
        }
        CHECK(wrong == 0);
      }
    }
  }

  TEST_CASE("train: what does not fit is refused, with both values where there are two") {
    const some_rows rows(300, 9);
    const auto refused = [&](const matrix_view& view, const pq_options& options, errc code) {
      const auto made = product_quantizer::train(view, options);
      CHECK(support::failed_as(made, code));
      return support::error_line(made);
    };
    CHECK(refused(rows.view(), {}, errc::invalid_argument) == "invalid argument: parts: expected at least 1, found 0");
    CHECK(refused(rows.view(), {.parts = 10}, errc::invalid_argument) ==
          "invalid argument: parts: expected at most the dimension 9, found 10");
    CHECK(refused(rows.view(), {.parts = 7}, errc::invalid_argument) ==  // of width 2: the last would begin at 12
          "invalid argument: parts: expected none of padding alone, as of 5, found 7");
    CHECK(refused(rows.view(), {.parts = 3, .bits = 5}, errc::invalid_argument) ==
          "invalid argument: bits: expected 4 or 8, found 5");
    CHECK(refused(rows.view(), {.parts = 3, .iterations = 10'001}, errc::invalid_argument) ==
          "invalid argument: iterations: expected 0 to 10000, found 10001");
    CHECK(refused(rows.view().subrows(0, 255), {.parts = 3}, errc::invalid_argument) ==
          "invalid argument: rows.rows: expected at least 256, found 255");
    CHECK(refused(rows.view().subrows(0, 15), {.parts = 3, .bits = 4}, errc::invalid_argument) ==
          "invalid argument: rows.rows: expected at least 16, found 15");
    CHECK(refused({}, {.parts = 1}, errc::invalid_argument) != "");
    CHECK(refused({nullptr, 300, 9, 9}, {.parts = 3}, errc::invalid_argument) != "");
    CHECK(refused({rows.numbers.data(), 300, 9, 8}, {.parts = 3}, errc::dimension_mismatch) != "");
    CHECK(refused({rows.numbers.data(), 300, 65'536, 65'536}, {.parts = 3}, errc::limit_exceeded) != "");
    for (const float odd : {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
      some_rows broken(300, 9);
      broken.numbers[123 * 9 + 8] = odd;
      const auto made = product_quantizer::train(broken.view(), {.parts = 3, .rows_a_centroid = 1});
      REQUIRE(support::failed_as(made, errc::not_finite));
      CHECK(made.error().row == 123);
    }
  }

  TEST_CASE("train: reports parts, and ends where it is told to") {
    const some_rows rows(300, 12);
    std::vector<std::uint64_t> seen;
    const auto note = [&](std::uint64_t done, std::uint64_t total) {
      CHECK(total == 6);
      seen.push_back(done);
      return done < 4;
    };
    const auto made = product_quantizer::train(rows.view(), {.parts = 6, .iterations = 1, .on_progress = note});
    CHECK(support::failed_as(made, errc::cancelled));
    CHECK(seen == std::vector<std::uint64_t>{1, 2, 3, 4});
  }

  TEST_CASE(
      "train: the same centroids with any number of threads and on each instruction set, others of another seed") {
    const some_rows rows(700, 18);
    for (const unsigned bits : {4U, 8U}) {
      pq_options options{.parts = 5, .bits = bits, .iterations = 9, .rows_a_centroid = 2};
      const auto want = product_quantizer::train(rows.view(), options);
      REQUIRE(want.ok());
      support::on_each_target([&] {
        for (const unsigned threads : {1U, 3U, 0U}) {
          options.threads = threads;
          CHECK(same_codebook(product_quantizer::train(rows.view(), options).value(), want.value()));
        }
      });
      options.seed = 43;
      CHECK(!same_codebook(product_quantizer::train(rows.view(), options).value(), want.value()));
    }
  }

  TEST_CASE("train: moves lower the error, and more bits or parts do") {
    const some_rows rows(2000, 16);
    const auto share = [&](const pq_options& options) {
      return product_quantizer::train(rows.view(), options).value().error_of(rows.view()).value().share;
    };
    const double unmoved = share({.parts = 4, .bits = 4, .iterations = 0});
    const double moved = share({.parts = 4, .bits = 4});
    CHECK(moved < unmoved);
    CHECK(share({.parts = 8, .bits = 4}) < moved);
    CHECK(share({.parts = 4, .bits = 8}) < moved);
  }

  TEST_CASE("train: as many centroids as different rows leave no error; rows that are all alike work") {
    for (const std::size_t different : {1U, 2U, 16U, 200U, 256U}) {
      std::vector<float> numbers;
      for (std::size_t row = 0; row < 1024; ++row) {
        // The last one is rare, and so is no row that centroids begin at.
        const std::size_t which = row == 777 ? different - 1 : row % (different == 1 ? 1 : different - 1);
        numbers.push_back(static_cast<float>(which));
        numbers.push_back(static_cast<float>(which % 5));
      }
      const matrix_view view = dense(numbers.data(), 1024, 2);
      const auto made = product_quantizer::train(view, {.parts = 1});
      REQUIRE(made.ok());
      CHECK(made.value().error_of(view).value().mean_squared == 0.0);
    }
  }

  TEST_CASE("encode: each part's nearest centroid, the same for one row and many, any threads, any instruction set") {
    const some_rows rows(2100, 17);
    for (const unsigned bits : {4U, 8U}) {
      const auto pq = product_quantizer::train(rows.view(), {.parts = 4, .bits = bits, .iterations = 3}).value();
      std::vector<std::uint8_t> want(2100 * 4);
      for (std::size_t row = 0; row < 2100; ++row) {
        for (std::size_t part = 0; part < 4; ++part) {
          float least = std::numeric_limits<float>::infinity();
          for (std::size_t each = 0; each < pq.centroids(); ++each) {
            volatile float sum = 0;
            for (std::size_t i = part * 5; i < part * 5 + 5 && i < 17; ++i) {
              volatile float difference = rows.view().row(row)[i] - pq.codebook()[i * pq.centroids() + each];
              volatile float square = difference * difference;
              sum = sum + square;
            }
            if (sum >= least) continue;
            least = sum;
            want[row * 4 + part] = static_cast<std::uint8_t>(each);
          }
        }
      }
      support::on_each_target([&] {
        for (const unsigned threads : {1U, 2U, 0U}) {
          std::vector<std::uint8_t> codes(want.size());
          REQUIRE(pq.encode(rows.view(), codes.data(), threads).ok());
          CHECK(codes == want);
        }
        std::size_t wrong = 0;
        for (std::size_t row = 0; row < 2100; row += 10) {
          std::uint8_t codes[4];
          pq.encode(rows.view().row(row), codes);
          wrong += std::memcmp(codes, want.data() + row * 4, 4) == 0 ? 0U : 1U;
        }
        CHECK(wrong == 0);
      });
    }
  }

  TEST_CASE("encode, error_of: a refused call writes nothing; no rows are fine") {
    const some_rows rows(300, 8);
    const auto pq = product_quantizer::train(rows.view(), {.parts = 2, .iterations = 1}).value();
    std::uint8_t codes[4] = {0xEE, 0xEE, 0xEE, 0xEE};
    const auto other = pq.encode(dense(rows.numbers.data(), 2, 7), codes);
    CHECK(support::failed_as(other, errc::dimension_mismatch));
    CHECK(support::says_both(other));
    CHECK(support::failed_as(pq.encode({rows.numbers.data(), 2, 8, 7}, codes), errc::dimension_mismatch));
    CHECK(support::failed_as(pq.encode({nullptr, 2, 8, 8}, codes), errc::invalid_argument));
    CHECK(support::failed_as(pq.encode(rows.view(), nullptr), errc::invalid_argument));
    CHECK(support::failed_as(pq.error_of(dense(rows.numbers.data(), 2, 7)), errc::dimension_mismatch));
    for (const std::uint8_t code : codes) CHECK(code == 0xEE);
    CHECK(pq.encode(matrix_view{}, nullptr).ok());
    CHECK(pq.error_of(matrix_view{}).value().mean_squared == 0.0);
  }

  TEST_CASE("decode, error_of: the centroids that codes name, and what they leave over") {
    const some_rows rows(300, 11);
    for (const unsigned bits : {4U, 8U}) {
      const auto pq = product_quantizer::train(rows.view(), {.parts = 3, .bits = bits}).value();
      double lost = 0;
      double whole = 0;
      for (std::size_t row = 0; row < 300; ++row) {
        std::uint8_t codes[3];
        float decoded[11];
        pq.encode(rows.view().row(row), codes);
        pq.decode(codes, decoded);
        for (std::size_t i = 0; i < 11; ++i) {
          CHECK(decoded[i] == pq.codebook()[i * pq.centroids() + codes[i / 4]]);
        }
        lost += support::l2sq_float64(rows.view().row(row), decoded, 11);
        whole += support::dot_float64(rows.view().row(row), rows.view().row(row), 11);
      }
      const auto error = pq.error_of(rows.view()).value();
      CHECK(error.mean_squared == doctest::Approx(lost / 300));
      CHECK(error.share == doctest::Approx(lost / whole));
    }
    const auto pq = product_quantizer::train(rows.view(), {.parts = 3, .bits = 4}).value();
    const std::uint8_t wild[3] = {0xF1, 0x32, 0xFF};
    const std::uint8_t tame[3] = {1, 2, 15};
    float first[11];
    float second[11];
    pq.decode(wild, first);
    pq.decode(tame, second);
    CHECK(std::memcmp(first, second, sizeof first) == 0);
  }

  TEST_CASE("pack: codes come back, of 4 bits the even part's from the lower half") {
    const some_rows rows(300, 15);
    for (const std::size_t parts : {1U, 2U, 5U}) {
      for (const unsigned bits : {4U, 8U}) {
        const auto pq = product_quantizer::train(rows.view(), {.parts = parts, .bits = bits, .iterations = 1}).value();
        std::vector<std::uint8_t> codes(parts);
        std::vector<std::uint8_t> bytes(pq.code_bytes() + 1, 0xEE);
        std::vector<std::uint8_t> back(parts + 1, 0xEE);
        pq.encode(rows.numbers.data(), codes.data());
        pq.pack(codes.data(), bytes.data());
        pq.unpack(bytes.data(), back.data());
        CHECK(std::vector<std::uint8_t>(back.begin(), back.end() - 1) == codes);
        CHECK(back.back() == 0xEE);
        CHECK(bytes.back() == 0xEE);
        if (bits == 4) CHECK(bytes[0] == (codes[0] | (parts > 1 ? codes[1] << 4 : 0)));
      }
    }
  }

  TEST_CASE("tables: sums of their entries are the distances and inner products of what codes stand for") {
    const some_rows rows(400, 18);
    for (const unsigned bits : {4U, 8U}) {
      const auto pq = product_quantizer::train(rows.view(), {.parts = 4, .bits = bits}).value();
      const auto query = support::random_vector(9, 18);
      std::vector<float> products(4 * pq.centroids());
      std::vector<float> distances(4 * pq.centroids());
      support::on_each_target([&] {
        pq.inner_product_tables(query.data(), products.data());
        pq.distance_tables(query.data(), distances.data());
        for (std::size_t row = 0; row < 400; row += 7) {
          std::uint8_t codes[4];
          float decoded[18];
          pq.encode(rows.view().row(row), codes);
          pq.decode(codes, decoded);
          double product = 0;
          double distance = 0;
          for (std::size_t part = 0; part < 4; ++part) {
            product += static_cast<double>(products[part * pq.centroids() + codes[part]]);
            distance += static_cast<double>(distances[part * pq.centroids() + codes[part]]);
          }
          CHECK(product == doctest::Approx(support::dot_float64(query.data(), decoded, 18)).epsilon(1e-5));
          CHECK(distance == doctest::Approx(support::l2sq_float64(query.data(), decoded, 18)).epsilon(1e-5));
          if (bits == 4) continue;
          float found = 0;
          REQUIRE(atlas::pq_distances({distances.data(), distances.size()}, dense(codes, 1, 4), &found).ok());
          CHECK(static_cast<double>(found) == doctest::Approx(distance).epsilon(1e-5));
        }
      });
    }
  }

  TEST_CASE("save, load: the same quantiser; what is cut, changed or made up is refused") {
    const some_rows rows(300, 7);
    for (const unsigned bits : {4U, 8U}) {
      const auto pq = product_quantizer::train(rows.view(), {.parts = 3, .bits = bits}).value();
      const support::image_bytes image = support::image_of(pq);
      const auto loaded = support::load_image<product_quantizer>(image);
      REQUIRE(loaded.ok());
      CHECK(loaded.value().dimension() == 7);
      CHECK(loaded.value().bits() == bits);
      CHECK(same_codebook(loaded.value(), pq));
      CHECK(support::image_of(loaded.value()) == image);
      if (bits == 8) continue;
      support::refuses_damage<product_quantizer>(image);
      // The padding, which distances do not count, is zeros.
      CHECK(support::failed_as(support::load_image<product_quantizer>(support::with_number(image, 7 * 16, 1.0F)),
                               errc::corrupt_file));
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// tests/index/ivf_coder_test.cpp -- mirrors include/atlas/index/ivf_coder.hpp.
#include <atlas/index/ivf_coder.hpp>

#include "support/index_cases.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

TEST_SUITE("ivf_coder") {
namespace {

using atlas::ivf_codes;
using atlas::ivf_rotation;
using atlas::metric;
using atlas::detail::coded_row;
using atlas::detail::coding_memory;
using atlas::detail::ivf_coder;

constexpr std::size_t dimension = 16;

}  // namespace

  TEST_CASE("encode: a row unlike all that were learned from is estimated no farther off than sixteen times its residual") {
    // All that is learned from lies along the even components; the row, but for a little, along the odd ones.
    std::vector<float> sample = support::random_vector(1, 200 * dimension);
    for (std::size_t i = 1; i < sample.size(); i += 2) sample[i] = 0.0F;
    const std::vector<float> centroid(dimension, 0.0F);
    for (const ivf_codes codes : {ivf_codes::pq4, ivf_codes::pq8}) {
      ivf_coder coder;
      coder.create(codes, ivf_rotation::none, dimension, 8, 1).value();
      std::vector<float> learned = sample;
      if (codes == ivf_codes::pq8) {
        const auto more = support::random_vector(2, 200 * dimension);
        for (std::size_t i = 0; i < more.size(); ++i) learned.push_back(i % 2 == 0 ? more[i] : 0.0F);
      }
      coder.train(atlas::dense(learned.data(), learned.size() / dimension, dimension), 1, 1, {}).value();
      coding_memory memory;
      std::vector<std::uint8_t> code(coder.layout().code_bytes);
      for (const float least : {1.0F, 1e-2F, 1e-4F, 1e-8F, 1e-20F, 0.0F}) {
        CAPTURE(least);
        std::vector<float> row(dimension, 1.0F);
        for (std::size_t i = 0; i < dimension; i += 2) row[i] = least;
        double squares = 0;
        for (const float component : row) squares += static_cast<double>(component) * static_cast<double>(component);
        for (const metric which : support::float_metrics) {
          const coded_row coded = coder.encode(which, row.data(), centroid.data(), memory, code.data()).value();
          double code_squares = 0;
          for (std::size_t i = 0; i < dimension; ++i) code_squares += static_cast<double>(memory.decoded[i]) * static_cast<double>(memory.decoded[i]);
          const double gain = -static_cast<double>(coded.mul) / (which == metric::l2sq ? 2 : 1);
          CHECK(gain >= 0);
          CHECK(gain * std::sqrt(code_squares) <= 16.001 * std::sqrt(squares));
          if (which == metric::l2sq) CHECK(coded.add == doctest::Approx(squares));
        }
      }
    }
  }

  TEST_CASE("encode: the gain of one bit a component is what makes the product with its own row exact") {
    ivf_coder coder;
    coder.create(ivf_codes::rabitq, ivf_rotation::random, dimension, 0, 1).value();
    const std::vector<float> centroid(dimension, 0.0F);
    coding_memory memory;
    std::vector<std::uint8_t> code(coder.layout().code_bytes);
    for (const float size : {1e-15F, 1.0F, 1e15F}) {  // whatever the unit
      auto row = support::random_vector(3, dimension);
      double squares = 0;
      double product = 0;
      for (float& component : row) {
        component *= size;
        squares += static_cast<double>(component) * static_cast<double>(component);
        product += std::abs(static_cast<double>(component));
      }
      const coded_row coded = coder.encode(metric::l2sq, row.data(), centroid.data(), memory, code.data()).value();
      CHECK(static_cast<double>(coded.mul) == doctest::Approx(-2 * squares / product));
    }
  }

  TEST_CASE("encode: a row that is its centroid is as far as that") {
    for (const ivf_codes codes : {ivf_codes::rabitq, ivf_codes::sq8}) {
      ivf_coder coder;
      coder.create(codes, ivf_rotation::none, dimension, 0, 1).value();
      const auto row = support::random_vector(4, dimension);
      coding_memory memory;
      std::vector<std::uint8_t> code(coder.layout().code_bytes);
      const coded_row coded = coder.encode(metric::l2sq, row.data(), row.data(), memory, code.data()).value();
      CHECK(coded.add == 0.0F);
      CHECK(coded.mul == 0.0F);
    }
  }

  TEST_CASE("bytes: the codebook, and what a rotation keeps") {
    const auto sample = support::random_vector(1, 300 * dimension);
    const auto bytes_of = [&](ivf_codes codes, ivf_rotation turned, std::size_t parts) {
      ivf_coder coder;
      coder.create(codes, turned, dimension, parts, 1).value();
      coder.train(atlas::dense(sample.data(), 300, dimension), 1, 1, {}).value();
      return coder.bytes();
    };
    const std::uint64_t none = bytes_of(ivf_codes::flat, ivf_rotation::none, 0);
    CHECK(bytes_of(ivf_codes::pq4, ivf_rotation::none, 8) == none + dimension * 16 * sizeof(float));
    CHECK(bytes_of(ivf_codes::pq8, ivf_rotation::none, 4) == none + dimension * 256 * sizeof(float));
    CHECK(bytes_of(ivf_codes::pq4, ivf_rotation::learned, 8) == none + (dimension * 16 + dimension * dimension) * sizeof(float));
    CHECK(bytes_of(ivf_codes::rabitq, ivf_rotation::random, 0) == none + dimension / 2);
  }
}

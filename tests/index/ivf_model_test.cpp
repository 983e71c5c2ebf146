// SPDX-License-Identifier: Apache-2.0
// tests/index/ivf_model_test.cpp -- mirrors include/atlas/index/ivf_model.hpp.
#include <atlas/index/ivf_model.hpp>

#include "support/error_line.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <vector>

using atlas::errc;
using support::failed_as;

TEST_SUITE("ivf_model") {
  TEST_CASE("assign: each row goes to a near list, and one that cannot be compared is refused by its number, with a graph or without") {
    constexpr std::size_t dimension = 4;
    constexpr std::size_t rows = 300;
    const auto sample = support::random_vector(1, 4300 * dimension);
    for (const std::size_t lists : {std::size_t{16}, std::size_t{4200}}) {  // of so many a graph finds the nearest
      CAPTURE(lists);
      atlas::ivf_pq_options options{.dimension = dimension, .lists = lists, .codes = atlas::ivf_codes::sq8, .rotation = atlas::ivf_rotation::none, .iterations = 1};
      atlas::detail::ivf_model model;
      model.train(atlas::dense(sample.data(), 4300, dimension), options, 1, {}).value();
      REQUIRE(model.graph().is_there() == (lists == 4200));
      std::vector<float> centred(rows * dimension);
      for (std::size_t i = 0; i < rows; ++i) model.centre(sample.data() + i * dimension, centred.data() + i * dimension);
      const auto view = atlas::dense(centred.data(), rows, dimension);
      std::vector<std::uint32_t> assigned(rows);
      std::vector<std::uint32_t> want(rows);
      atlas::thread_pool pool;
      model.assign(view, pool, 2, assigned.data()).value();
      std::size_t right = 0;
      for (std::size_t i = 0; i < rows; ++i) {
        REQUIRE(assigned[i] < lists);
        const auto distance_to = [&](std::uint32_t list) {
          double sum = 0;
          for (std::size_t j = 0; j < dimension; ++j) {
            const double apart = static_cast<double>(centred[i * dimension + j]) - static_cast<double>(model.centroid(list)[j]);
            sum += apart * apart;
          }
          return sum;
        };
        for (std::uint32_t list = 1; list < lists; ++list) {
          if (distance_to(list) < distance_to(want[i])) want[i] = list;
        }
        right += assigned[i] == want[i] ? 1U : 0U;
      }
      CHECK(right >= rows - rows / 50);
      for (const unsigned threads : {1U, 4U}) {
        CAPTURE(threads);
        for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
          std::vector<float> lying = centred;
          lying[277 * dimension + 3] = lying[130 * dimension] = bad;
          const auto said = model.assign(atlas::dense(lying.data(), rows, dimension), pool, threads, assigned.data());
          CHECK(failed_as(said, errc::not_finite));
          if (!said.ok()) CHECK(said.error().row == 130);
        }
      }
    }
  }
}

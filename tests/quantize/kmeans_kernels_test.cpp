// SPDX-License-Identifier: Apache-2.0
// tests/quantize/kmeans_kernels_test.cpp -- mirrors include/atlas/quantize/kmeans_kernels-inl.hpp, as
// include/atlas/simd/kernel_entries.hpp promises it.
#include <atlas/simd/kernel_entries.hpp>

#include <atlas/simd/kernel_table.hpp>

#include "support/each_target.hpp"
#include "support/guarded_array.hpp"
#include "support/lvq_model.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

TEST_SUITE("kmeans_kernels") {
  namespace {

  using support::guard;
  using support::guarded_array;

  constexpr float infinity = std::numeric_limits<float>::infinity();

  }  // namespace

  TEST_CASE("least_scores: the least, its first row and the least of all others, in any number of calls") {
    support::on_each_target([] {
      for (const std::size_t queries : {16U, 32U, 48U, 64U}) {
        for (const std::size_t count : {1U, 2U, 3U, 5U, 64U, 193U}) {
          CAPTURE(queries);
          CAPTURE(count);
          // Few numbers, so that there are equal ones; their scores are exact. An infinite term counts as one.
          const guarded_array<float> products(support::random_integers(1, queries * count, 9), guard::before);
          const guarded_array<float> factors(support::random_integers(2, count, 2));
          auto numbers = support::random_integers(3, count, 3);
          if (count > 3) numbers[3] = infinity;
          const guarded_array<float> terms(numbers);
          guarded_array<float> least(std::vector<float>(queries, infinity));
          guarded_array<float> next(std::vector<float>(queries, infinity));
          guarded_array<std::uint32_t> rows(std::vector<std::uint32_t>(queries, 7));
          const std::size_t half = count / 2;
          atlas::kernels().least_scores(products.data(), half, queries, factors.data(), terms.data(), 100, least.data(),
                                        next.data(), rows.data());
          atlas::kernels().least_scores(products.data() + half * queries, count - half, queries, factors.data() + half,
                                        terms.data() + half, 100 + static_cast<std::uint32_t>(half), least.data(),
                                        next.data(), rows.data());
          std::size_t wrong = 0;
          for (std::size_t lane = 0; lane < queries; ++lane) {
            float want_least = infinity;
            float want_next = infinity;
            std::uint32_t want_row = 7;
            for (std::size_t row = 0; row < count; ++row) {
              const float score = products.data()[row * queries + lane] * factors.data()[row] + terms.data()[row];
              if (score < want_least) {
                want_next = want_least;
                want_least = score;
                want_row = 100 + static_cast<std::uint32_t>(row);
              } else if (score < want_next) {
                want_next = score;
              }
            }
            wrong += least.data()[lane] == want_least && next.data()[lane] == want_next && rows.data()[lane] == want_row
                         ? 0U
                         : 1U;
          }
          CHECK(wrong == 0);
        }
      }
    });
  }

  TEST_CASE("least_of_panel: what least_scores makes of the panel's products") {
    support::on_each_target([] {
      const auto& panel = atlas::kernels().panel;
      const std::size_t queries = panel.queries;
      for (const std::size_t dimension : {1U, 4U, 7U, 40U}) {
        for (const std::size_t count : {1U, 2U, 5U, 11U, 12U, 13U, 100U}) {
          CAPTURE(dimension);
          CAPTURE(count);
          // Integers, whose products are exact.
          const auto vectors = support::random_integers(4, queries * dimension, 3);
          const guarded_array<float> rows(support::random_integers(5, count * dimension, 3));
          const guarded_array<float> terms(support::random_integers(6, count, 20));
          auto packed = support::aligned_memory<std::byte>(panel.panel_bytes(dimension));
          auto products = support::aligned_memory<float>(count * queries);
          std::vector<float> residuals(queries);
          const std::size_t stride = dimension * sizeof(float);
          panel.pack(vectors.data(), stride, queries, dimension, packed.data(), residuals.data());
          panel.products(packed.data(), rows.data(), stride, count, dimension, products.data());
          const std::vector<float> factors(count, -2.0F);
          std::vector<float> want_least(queries, 100.0F);
          std::vector<float> want_next(queries, infinity);
          std::vector<std::uint32_t> want_rows(queries, 3);
          guarded_array<float> least(want_least);
          guarded_array<float> next(want_next);
          guarded_array<std::uint32_t> found(want_rows);
          atlas::kernels().least_scores(products.data(), count, queries, factors.data(), terms.data(), 5,
                                        want_least.data(), want_next.data(), want_rows.data());
          atlas::kernels().least_of_panel(packed.data(), rows.data(), stride, count, dimension, terms.data(), 5,
                                          least.data(), next.data(), found.data());
          CHECK((std::vector<float>(least.data(), least.data() + queries) == want_least));
          CHECK((std::vector<float>(next.data(), next.data() + queries) == want_next));
          CHECK((std::vector<std::uint32_t>(found.data(), found.data() + queries) == want_rows));
        }
      }
    });
  }
}

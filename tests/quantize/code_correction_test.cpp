// tests/quantize/code_correction_test.cpp -- mirrors include/atlas/quantize/code_correction.hpp.
#include <atlas/quantize/code_correction.hpp>

#include "support/each_target.hpp"
#include "support/reference.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

TEST_SUITE("code_correction") {
namespace {

using atlas::dense;
using atlas::detail::code_correction;
using atlas::detail::row_loss;

constexpr std::size_t dimension = 5;
constexpr std::size_t count = 300;  // so few that each is a query

/// Rows about 0, and what stands for them: shorter, and rounded.
struct coded_rows {
  std::vector<float> rows = support::random_vector(11, count * dimension);
  std::vector<float> stand_ins = rows;

  explicit coded_rows(float step) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const float length = 0.5F + 0.25F * static_cast<float>((i / dimension) % 3);
      stand_ins[i] = std::round(length * rows[i] / step) * step;
    }
  }
  [[nodiscard]] const float* row(std::size_t i) const { return rows.data() + i * dimension; }
  [[nodiscard]] const float* stand_in(std::size_t i) const { return stand_ins.data() + i * dimension; }
  [[nodiscard]] row_loss loss(std::size_t i) const { return row_loss::of(row(i), stand_in(i), dimension); }
};

code_correction learned(const coded_rows& coded, unsigned threads = 1) {
  code_correction correction;
  const auto decode = [&](std::size_t row, float* out) { std::memcpy(out, coded.stand_in(row), dimension * sizeof(float)); };
  REQUIRE(correction.learn(dense(coded.rows.data(), count, dimension), decode, 7, threads).ok());
  return correction;
}

/// What is left over of the distances of each row's fifty nearest, about their mean, with these two factors.
double left_over(const coded_rows& coded, double along, double squared) {
  double sum = 0;
  for (std::size_t query = 0; query < count; ++query) {
    std::vector<std::pair<double, std::size_t>> order;
    for (std::size_t row = 0; row < count; ++row) {
      order.emplace_back(support::l2sq_float64(coded.row(query), coded.row(row), dimension), row);
    }
    std::sort(order.begin(), order.end());
    std::vector<double> errors;
    for (std::size_t i = 1; i <= 50; ++i) {  // the first is the row itself
      const auto [distance, row] = order[i];
      const row_loss loss = coded.loss(row);
      errors.push_back(distance - support::l2sq_float64(coded.row(query), coded.stand_in(row), dimension) -
                       along * loss.along - squared * loss.squared);
    }
    double mean = 0;
    for (const double error : errors) mean += error / 50;
    for (const double error : errors) sum += (error - mean) * (error - mean);
  }
  return sum;
}

}  // namespace

  TEST_CASE("row_loss: products in double") {
    const float row[3] = {3, 4, 5};
    const float stands_for[3] = {2, 4, 7};
    const row_loss loss = row_loss::of(row, stands_for, 3);
    CHECK(loss.along == 2.0 * 1 + 7.0 * -2);
    CHECK(loss.squared == 5.0);
  }

  TEST_CASE("learn: the factors leave least over of near rows' distances") {
    const coded_rows coded(0.25F);
    support::on_each_target([&] {
      const code_correction correction = learned(coded);
      const auto along = static_cast<double>(correction.along);
      const auto squared = static_cast<double>(correction.squared);
      REQUIRE(along > 0.05);  // neither is at a bound
      REQUIRE(along < code_correction::most_along);
      REQUIRE(squared > code_correction::least_squared);
      REQUIRE(squared < code_correction::most_squared);
      const double least = left_over(coded, along, squared);
      CHECK(least < 0.9 * left_over(coded, 0, 0));
      for (const double step : {-0.02, 0.02}) {
        CHECK(least < left_over(coded, along + step, squared));
        CHECK(least < left_over(coded, along, squared + step));
        CHECK(least < left_over(coded, along + step, squared - step));
      }
    });
  }

  TEST_CASE("learn: values ascend and are near what rows ask for; the same with any number of threads") {
    const coded_rows coded(0.25F);
    const code_correction correction = learned(coded);
    for (std::size_t i = 1; i < code_correction::value_count; ++i) CHECK(correction.values[i - 1] <= correction.values[i]);
    double lost = 0;
    double spread = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const double wanted = correction.correction(coded.loss(i));
      const double given = static_cast<double>(correction.values[correction.code(coded.loss(i))]);
      lost += (wanted - given) * (wanted - given);
      spread += wanted * wanted;
    }
    CHECK(lost < 1e-5 * spread);
    for (const unsigned threads : {3U, 0U}) {
      const code_correction again = learned(coded, threads);
      CHECK(again.along == correction.along);
      CHECK(again.squared == correction.squared);
      CHECK(std::equal(again.values, again.values + code_correction::value_count, correction.values));
    }
  }

  TEST_CASE("learn: where nothing is lost nothing is added; a loss that all rows have alike leaves bounded factors") {
    coded_rows exact(0.25F);
    exact.stand_ins = exact.rows;
    const code_correction none = learned(exact);
    CHECK(none.along == 0.0F);
    CHECK(none.squared == 0.0F);
    CHECK(std::all_of(none.values, none.values + code_correction::value_count, [](float value) { return value == 0.0F; }));
    CHECK(none.code(exact.loss(3)) == 0);

    coded_rows nothing_kept(0.25F);  // all stand at 0: <x', r> is 0 of each
    std::fill(nothing_kept.stand_ins.begin(), nothing_kept.stand_ins.end(), 0.0F);
    const code_correction lengths = learned(nothing_kept);
    CHECK(lengths.along == 0.0F);
    CHECK(lengths.squared >= static_cast<float>(code_correction::least_squared));
    CHECK(lengths.squared <= static_cast<float>(code_correction::most_squared));
  }

  TEST_CASE("code: the nearest of the values, the lower of two, at the ends and between equal ones") {
    code_correction correction;
    correction.squared = 1.0F;
    const auto drawn = support::random_integers(5, code_correction::value_count, 90);  // many are equal
    std::copy(drawn.begin(), drawn.end(), correction.values);
    std::sort(correction.values, correction.values + code_correction::value_count);
    std::size_t wrong = 0;
    for (int quarter = -800; quarter <= 800; ++quarter) {
      const double wanted = 0.25 * quarter;
      float nearest = correction.values[0];
      for (const float value : correction.values) {
        if (std::abs(wanted - static_cast<double>(value)) < std::abs(wanted - static_cast<double>(nearest))) nearest = value;
      }
      wrong += correction.values[correction.code({0, wanted})] == nearest ? 0U : 1U;
    }
    CHECK(wrong == 0);
    CHECK(correction.code({0, std::numeric_limits<double>::quiet_NaN()}) == 0);
    CHECK(correction.code({0, std::numeric_limits<double>::infinity()}) == 255);
  }
}

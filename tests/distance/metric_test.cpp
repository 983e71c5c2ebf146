// SPDX-License-Identifier: Apache-2.0
// tests/distance/metric_test.cpp -- mirrors include/atlas/distance/metric.hpp.
#include <atlas/distance/metric.hpp>

#include <doctest/doctest.h>

#include <string>

TEST_SUITE("distance") {
  TEST_CASE("metric: the stored numbers are fixed") {
    CHECK(static_cast<int>(atlas::metric::l2sq) == 0);
    CHECK(static_cast<int>(atlas::metric::inner_product) == 1);
    CHECK(static_cast<int>(atlas::metric::cosine) == 2);
    CHECK(static_cast<int>(atlas::metric::hamming) == 3);
    CHECK(static_cast<int>(atlas::metric::jaccard) == 4);
    CHECK(atlas::is_metric(4));
    CHECK_FALSE(atlas::is_metric(5));
  }
  TEST_CASE("metric: every name leads back to its metric") {
    for (std::uint8_t number = 0; atlas::is_metric(number); ++number) {
      const auto which = static_cast<atlas::metric>(number);
      CHECK(atlas::parse_metric(atlas::name(which)).value() == which);
    }
    CHECK(std::string(atlas::name(static_cast<atlas::metric>(9))) == "unknown");
  }
  TEST_CASE("parse_metric: refuses any other text") {
    for (const char* text : {"", "L2SQ", "l2", "l2sq ", "cos", "unknown"}) {
      CAPTURE(text);
      const auto refused = atlas::parse_metric(text);
      REQUIRE_FALSE(refused.ok());
      CHECK(refused.error() == atlas::errc::invalid_argument);
    }
  }
}

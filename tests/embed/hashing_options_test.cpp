// SPDX-License-Identifier: Apache-2.0
// tests/embed/hashing_options_test.cpp -- mirrors include/atlas/embed/hashing_options.hpp.
#include <atlas/embed/hashing_options.hpp>  // first, so that a missing include in it fails here

#include "support/error_line.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>

TEST_SUITE("embed") {
  TEST_CASE("check: options out of range are refused by name") {
    const auto refused = [](const atlas::hashing_options& options, const char* field) {
      const auto made = atlas::check(options);
      CHECK(support::failed_as(made, atlas::errc::invalid_argument));
      CHECK(support::says_both(made));
      CHECK(support::error_line(made).find(field) != std::string::npos);
    };
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const float infinity = std::numeric_limits<float>::infinity();
    refused({.dimension = 0}, "dimension");
    refused({.dimension = 65'536}, "dimension");
    refused({.frequency_buckets = 0}, "frequency_buckets");
    refused({.frequency_buckets = 1000}, "frequency_buckets");
    refused({.frequency_buckets = 128}, "frequency_buckets");
    refused({.frequency_buckets = std::size_t{1} << 40}, "frequency_buckets");
    refused({.word_weight = nan}, "weights");
    refused({.pair_weight = -1.0F}, "weights");
    refused({.gram_weight = infinity}, "weights");
    refused({.word_weight = 0.0F, .pair_weight = 0.0F, .gram_weight = 0.0F}, "weights");
    refused({.gram_length = 0}, "gram_length");
    refused({.gram_length = 17}, "gram_length");
    CHECK(atlas::check(atlas::hashing_options{}).ok());
  }
}

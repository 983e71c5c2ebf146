// SPDX-License-Identifier: Apache-2.0
// tests/chunk/semantic_options_test.cpp -- mirrors include/atlas/chunk/semantic_options.hpp.
#include <atlas/chunk/semantic_options.hpp>  // first, so that a missing include in it fails here

#include <atlas/chunk/semantic_rule.hpp>

#include "support/error_line.hpp"
#include "support/topic_texts.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>

TEST_SUITE("semantic_options") {
namespace {

using atlas::semantic_mode;
using atlas::semantic_options;
using atlas::semantic_rule;
using support::word_model;

}  // namespace

  TEST_CASE("options that do not hold together are refused by name") {
    word_model model;
    const auto refused = [&](semantic_options options, std::size_t dimension = 8) {
      options.dimension = dimension;
      return support::error_line(semantic_rule::create(model, options));
    };
    CHECK(refused({}) == "");
    CHECK(refused({}, 0).find("semantic_options.dimension") != std::string::npos);
    CHECK(refused({}, 65536).find("semantic_options.dimension") != std::string::npos);
    CHECK(refused({.mode = static_cast<semantic_mode>(2)}).find("semantic_options.mode") != std::string::npos);
    CHECK(refused({.window = 0}).find("semantic_options.window") != std::string::npos);
    CHECK(refused({.window = 9}).find("semantic_options.window") != std::string::npos);
    CHECK(refused({.quantile = std::numeric_limits<double>::quiet_NaN()}).find("semantic_options.quantile") != std::string::npos);
    CHECK(refused({.most_sentences = 1}).find("semantic_options.most_sentences") != std::string::npos);
    CHECK(refused({.most_sentences = 17}).find("semantic_options.most_sentences") != std::string::npos);
    CHECK(refused({.batch_texts = 257}).find("semantic_options.batch_texts") != std::string::npos);
    CHECK(refused({.batch_bytes = 1023}).find("semantic_options.batch_bytes") != std::string::npos);
    CHECK(support::failed_as(semantic_rule::create({}, {.dimension = 8}), atlas::errc::invalid_argument));
  }
}

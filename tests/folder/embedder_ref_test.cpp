// SPDX-License-Identifier: Apache-2.0
// tests/folder/embedder_ref_test.cpp -- mirrors include/atlas/folder/embedder_ref.hpp.
#include <atlas/folder/embedder_ref.hpp>

#include <atlas/embed/hashing_embedder.hpp>

#include "support/error_line.hpp"

#include <doctest/doctest.h>

#include <cstddef>

namespace {

struct plain_embedder {
  std::size_t dimension() const { return 2; }
  atlas::status embed(atlas::span<const atlas::text_view> texts, float* out) const {
    for (std::size_t i = 0; i < texts.size(); ++i) {
      out[2 * i] = static_cast<float>(texts[i].size());
      out[2 * i + 1] = 1.0F;
    }
    return {};
  }
};

}  // namespace

TEST_SUITE("folder") {
  TEST_CASE("embedder_ref: any embedder, const or not, is called through it") {
    const plain_embedder model;
    const atlas::embedder_ref ref(model);
    REQUIRE(ref);
    CHECK(ref.dimension() == 2);
    CHECK_FALSE(ref.learns());
    const atlas::text_view texts[] = {"four", "seven77"};
    CHECK(ref.learn(texts).ok());  // nothing to learn
    ref.freeze();
    float out[4] = {};
    REQUIRE(ref.embed(texts, out).ok());
    CHECK(out[0] == 4.0F);
    CHECK(out[2] == 7.0F);
    CHECK_FALSE(atlas::embedder_ref());
  }

  TEST_CASE("embedder_ref: one that learns is taught and frozen through it; a const one is not") {
    auto model = atlas::hashing_embedder::create({.dimension = 16, .frequency_buckets = 256}).value();
    const atlas::embedder_ref ref(model);
    CHECK(ref.learns());
    const atlas::text_view texts[] = {"one text", "another text"};
    REQUIRE(ref.learn(texts).ok());
    CHECK(model.texts() == 2);
    float out[32];
    CHECK(support::failed_as(ref.embed(texts, out), atlas::errc::read_only));
    ref.freeze();
    CHECK(model.is_frozen());
    CHECK(ref.embed(texts, out).ok());
    const atlas::hashing_embedder& constant = model;
    CHECK_FALSE(atlas::embedder_ref(constant).learns());
  }
}

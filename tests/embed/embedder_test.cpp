// SPDX-License-Identifier: Apache-2.0
// tests/embed/embedder_test.cpp -- mirrors include/atlas/embed/embedder.hpp.
#include <atlas/embed/embedder.hpp>  // first, so that a missing include in it fails here

#include <doctest/doctest.h>

namespace {

/// The smallest model: a text's length, and one.
struct length_model {
  [[nodiscard]] std::size_t dimension() const { return 2; }
  [[nodiscard]] atlas::status embed(atlas::span<const atlas::text_view> texts, float* out) const {
    for (const atlas::text_view text : texts) {
      *out++ = static_cast<float>(text.size());
      *out++ = 1.0F;
    }
    return {};
  }
};
struct no_status : length_model {
  void embed(atlas::span<const atlas::text_view>, float*) const {}
};
struct no_dimension {
  [[nodiscard]] atlas::status embed(atlas::span<const atlas::text_view>, float*) const { return {}; }
};
struct not_const {
  [[nodiscard]] std::size_t dimension() const { return 2; }
  [[nodiscard]] atlas::status embed(atlas::span<const atlas::text_view>, float*) { return {}; }
};

static_assert(atlas::embedder<length_model>);
static_assert(!atlas::embedder<no_status>);
static_assert(!atlas::embedder<no_dimension>);
static_assert(!atlas::embedder<not_const>);
static_assert(!atlas::embedder<int>);

template <atlas::embedder Model>
float first_component(const Model& model, atlas::text_view text) {
  float out[2] = {};
  model.embed(atlas::span<const atlas::text_view>(&text, 1), out).value();
  return out[0];
}

}  // namespace

TEST_SUITE("embed") {
  TEST_CASE("embedder: any type with the two members can be used") {
    CHECK(first_component(length_model{}, "four") == 4.0F);
  }
}

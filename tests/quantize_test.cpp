// SPDX-License-Identifier: Apache-2.0
// tests/quantize_test.cpp -- mirrors include/atlas/quantize.hpp: every quantiser trains on the same rows, states its error, and
// comes back from its bytes.
#include <atlas/quantize.hpp>

#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <vector>

TEST_SUITE("quantize") {
namespace {

constexpr std::size_t row_count = 600;
constexpr std::size_t dimension = 16;

template <class Quantizer>
Quantizer saved_and_loaded(const Quantizer& quantizer) {
  atlas::buffer<std::byte> bytes;
  quantizer.save(bytes).value();
  return Quantizer::load({bytes.data(), bytes.size()}).value();
}
/// The share that is lost, by a quantiser that was saved.
template <class Quantizer>
double share_lost(const Quantizer& quantizer, const atlas::matrix_view& rows) {
  return saved_and_loaded(quantizer).error_of(rows).value().share;
}

}  // namespace

  TEST_CASE("more bytes a code lose less, of all sorts of codes") {
    const auto numbers = support::random_vector(1, row_count * dimension);
    const auto rows = atlas::dense(numbers.data(), row_count, dimension);
    const double bits_2 = share_lost(atlas::bit_quantizer::train(rows).value(), rows);                              // 2 bytes, and 8
    const double product_2 = share_lost(atlas::product_quantizer::train(rows, {.parts = 2}).value(), rows);
    const double product_8 = share_lost(atlas::product_quantizer::train(rows, {.parts = 8}).value(), rows);
    const double corrected_8 = share_lost(atlas::corrected_quantizer::train(rows, {.code_bytes = 9}).value(), rows);
    const double additive_2 = share_lost(atlas::additive_quantizer::train(rows, {.stages = 2}).value(), rows);
    const double scalar_8 = share_lost(atlas::scalar_quantizer::train(rows, {.bits = 4}).value(), rows);
    const double scalar_16 = share_lost(atlas::scalar_quantizer::train(rows, {.bits = 8}).value(), rows);
    CHECK(bits_2 < 0.5);
    CHECK(product_2 < 1.0);
    CHECK(product_8 < product_2);
    CHECK(additive_2 < product_2);
    CHECK(corrected_8 < product_2);
    CHECK(product_8 < bits_2);
    CHECK(scalar_8 < bits_2);
    CHECK(scalar_16 < scalar_8 / 50);
    CHECK(scalar_16 > 0);
  }
}

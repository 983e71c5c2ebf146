// SPDX-License-Identifier: Apache-2.0
// tests/distance/scalar_test.cpp -- mirrors include/atlas/distance/scalar.hpp.
#include <atlas/distance/scalar.hpp>

#include <doctest/doctest.h>

#include <string>

TEST_SUITE("distance") {
  TEST_CASE("scalar: the stored numbers are fixed") {
    CHECK(static_cast<int>(atlas::scalar::f32) == 0);
    CHECK(static_cast<int>(atlas::scalar::f16) == 1);
    CHECK(static_cast<int>(atlas::scalar::bf16) == 2);
    CHECK(static_cast<int>(atlas::scalar::i8) == 3);
    CHECK(static_cast<int>(atlas::scalar::u8) == 4);
    CHECK(static_cast<int>(atlas::scalar::b1) == 5);
    CHECK(atlas::is_scalar(5));
    CHECK_FALSE(atlas::is_scalar(6));
  }
  TEST_CASE("scalar: every C++ type has its own") {
    CHECK(atlas::scalar_of<float> == atlas::scalar::f32);
    CHECK(atlas::scalar_of<atlas::f16> == atlas::scalar::f16);
    CHECK(atlas::scalar_of<atlas::bf16> == atlas::scalar::bf16);
    CHECK(atlas::scalar_of<std::int8_t> == atlas::scalar::i8);
    CHECK(atlas::scalar_of<std::uint8_t> == atlas::scalar::u8);
    CHECK(atlas::scalar_of<atlas::b1x8> == atlas::scalar::b1);
  }
  TEST_CASE("scalar: every name leads back to its scalar, and any other is refused") {
    for (std::uint8_t number = 0; atlas::is_scalar(number); ++number) {
      const auto which = static_cast<atlas::scalar>(number);
      CHECK(atlas::parse_scalar(atlas::name(which)).value() == which);
    }
    CHECK(std::string(atlas::name(static_cast<atlas::scalar>(9))) == "unknown");
    for (const char* text : {"", "F32", "float", "f64"}) {
      CHECK(atlas::parse_scalar(text).error() == atlas::errc::invalid_argument);
    }
  }
  TEST_CASE("vector_bytes: whole bytes, bits rounded up") {
    CHECK(atlas::vector_bytes(atlas::scalar::f32, 3) == 12);
    CHECK(atlas::vector_bytes(atlas::scalar::bf16, 3) == 6);
    CHECK(atlas::vector_bytes(atlas::scalar::i8, 3) == 3);
    CHECK(atlas::vector_bytes(atlas::scalar::b1, 0) == 0);
    CHECK(atlas::vector_bytes(atlas::scalar::b1, 1) == 1);
    CHECK(atlas::vector_bytes(atlas::scalar::b1, 8) == 1);
    CHECK(atlas::vector_bytes(atlas::scalar::b1, 9) == 2);
  }
}

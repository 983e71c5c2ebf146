// SPDX-License-Identifier: Apache-2.0
// tests/distance/convert_test.cpp -- mirrors include/atlas/distance/convert.hpp, and its kernels in
// include/atlas/simd/kernel_entries.hpp.
#include <atlas/distance/convert.hpp>

#include "support/components.hpp"
#include "support/each_target.hpp"
#include "support/error_line.hpp"
#include "support/guarded_array.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

TEST_SUITE("convert") {
namespace {

using atlas::bf16;
using atlas::errc;
using atlas::f16;
using atlas::scaling;

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
constexpr float greatest = std::numeric_limits<float>::max();

std::uint32_t bits_of(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}
float float_of(std::uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

/// The nearest number of a format, of two equally near the one with an even last bit; by arithmetic on doubles alone.
std::uint16_t nearest_of(const support::binary_format& format, float number) {
  const std::uint32_t sign = (bits_of(number) >> 16) & 0x8000U;
  const auto top = static_cast<int>(format.exponent_mask);
  const std::uint32_t not_finite = format.exponent_mask << format.fraction_bits;
  if (std::isnan(number)) {  // quiet, with the upper bits of the payload
    const std::uint32_t payload = (bits_of(number) & 0x7FFFFFU) >> (23 - format.fraction_bits);
    return static_cast<std::uint16_t>(sign | not_finite | (1U << (format.fraction_bits - 1)) | payload);
  }
  const double magnitude = std::abs(static_cast<double>(number));
  const double step = std::ldexp(
      1.0, std::max(magnitude == 0.0 ? -1000 : std::ilogb(magnitude), 1 - format.bias) - format.fraction_bits);
  double steps = std::isinf(number) ? 0.0 : std::floor(magnitude / step);
  const double rest = magnitude / step - steps;
  if (rest > 0.5 || (rest == 0.5 && std::fmod(steps, 2.0) == 1.0)) steps += 1.0;
  const double beyond = std::ldexp(1.0, top - format.bias);
  if (std::isinf(number) || steps * step >= beyond) return static_cast<std::uint16_t>(sign | not_finite);
  return static_cast<std::uint16_t>(sign | format.bits(steps * step));
}

/// Around each number of a format, where two of them meet, at both ends of its range, and anywhere.
std::vector<float> hard_cases(const support::binary_format& format) {
  std::vector<float> cases = {0.0F,
                              -0.0F,
                              infinity,
                              -infinity,
                              greatest,
                              -greatest,
                              65504.0F,
                              65519.0F,
                              65520.0F,
                              65536.0F,
                              1e-45F,
                              -1e-45F,
                              1.17549435e-38F,
                              1.17549421e-38F,
                              float_of(0x7F7F7FFFU),
                              float_of(0x7F7F8000U)};
  for (const std::uint32_t nan : {0x7F800001U, 0xFF800001U, 0x7FC00000U, 0x7FFFFFFFU, 0xFFBFE000U, 0x7F9FFFFFU}) {
    cases.push_back(float_of(nan));
  }
  const std::uint32_t not_finite = format.exponent_mask << format.fraction_bits;
  for (std::uint32_t half = 0; half < not_finite; half += 1) {
    const double here = format.value(half);
    const double next = half + 1 == not_finite ? here * 2 - format.value(half - 1) : format.value(half + 1);
    for (const double number : {here, (here + next) / 2}) {
      const auto exact = static_cast<float>(number);
      for (const float near : {std::nextafter(exact, -infinity), exact, std::nextafter(exact, infinity)}) {
        cases.push_back(half % 2 == 0 ? near : -near);
      }
    }
  }
  std::mt19937_64 random(1);
  for (int i = 0; i < 100'000; ++i) cases.push_back(float_of(static_cast<std::uint32_t>(random())));
  return cases;
}

template <class Half>
void check_from_f32(const support::binary_format& format) {
  const std::vector<float> cases = hard_cases(format);
  std::vector<std::uint16_t> want(cases.size());
  for (std::size_t i = 0; i < cases.size(); ++i) want[i] = nearest_of(format, cases[i]);
  support::on_each_target([&] {
    std::vector<Half> got(cases.size());
    // In rows, so that no dimension is beyond the limit; the last ones once more, in a row of another length.
    const std::size_t rows = cases.size() / 1021;
    REQUIRE(atlas::convert(atlas::dense(cases.data(), rows, 1021), got.data()).ok());
    const std::size_t done = cases.size() - 1021;
    REQUIRE(atlas::convert(atlas::dense(cases.data() + done, 1, 1021), got.data() + done).ok());
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < cases.size(); ++i) {
      if (got[i].bits == want[i]) continue;
      if (++wrong > 5) break;
      CAPTURE(bits_of(cases[i]));
      CHECK(got[i].bits == want[i]);
    }
    CHECK(wrong == 0);
  });
}

/// All patterns there, and back to what they were.
template <class Half>
void check_all_patterns(const support::binary_format& format, bool is_quietened) {
  std::vector<Half> all(65'536);
  for (std::size_t i = 0; i < all.size(); ++i) all[i].bits = static_cast<std::uint16_t>(i);
  const std::uint32_t not_finite = format.exponent_mask << format.fraction_bits;
  support::on_each_target([&] {
    std::vector<float> wide(all.size());
    std::vector<Half> back(all.size());
    REQUIRE(atlas::convert(atlas::dense(all.data(), 64, 1024), wide.data()).ok());
    REQUIRE(atlas::convert(atlas::dense(wide.data(), 64, 1024), back.data()).ok());
    std::size_t wrong = 0;
    for (std::uint32_t bits = 0; bits < 65'536; ++bits) {
      std::uint32_t wide_want;
      std::uint32_t back_want = bits;
      if ((bits & 0x7FFFU) > not_finite) {
        const std::uint32_t quiet_bit = 1U << (format.fraction_bits - 1);
        back_want = bits | quiet_bit;
        const std::uint32_t kept = is_quietened ? back_want : bits;
        wide_want = ((bits & 0x8000U) << 16) | 0x7F800000U |
                    ((kept & ((1U << format.fraction_bits) - 1U)) << (23 - format.fraction_bits));
      } else {
        wide_want = bits_of(static_cast<float>(format.value(bits)));
      }
      wrong += bits_of(wide[bits]) != wide_want || back[bits].bits != back_want ? 1U : 0U;
    }
    CHECK(wrong == 0);
  });
}

using kernel = atlas::kernels_v1::convert_kernel;

/// Every short length, at both ends of accessible memory, gives what one element alone gives.
template <class From, class To>
void check_lengths(const std::vector<From>& values, kernel atlas::kernel_table::*entry) {
  support::on_each_target([&] {
    const kernel convert = atlas::kernels().*entry;
    std::vector<To> want(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) convert(values.data() + i, want.data() + i, 1);
    for (std::size_t count = 0; count <= values.size(); ++count) {
      for (const auto where : {support::guard::behind, support::guard::before}) {
        const support::guarded_array<From> from(
            std::vector<From>(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(count)), where);
        support::guarded_array<To> to(count, where);
        convert(from.data(), to.data(), count);
        if (count != 0) CHECK(std::memcmp(to.data(), want.data(), count * sizeof(To)) == 0);
      }
    }
    std::vector<To> got(values.size());
    for (std::size_t offset = 0; offset < 17; ++offset) {  // aligned to one scalar only, each side otherwise
      convert(values.data() + offset, got.data() + 17 - offset, values.size() - 17);
      CHECK(std::memcmp(got.data() + 17 - offset, want.data() + offset, (values.size() - 17) * sizeof(To)) == 0);
    }
  });
}

/// The nearest integer, of two equally near the even one; 0 for NaN.
int i8_of(float number) {
  if (std::isnan(number)) return 0;
  const double exact = std::min(std::max(static_cast<double>(number), -127.0), 127.0);
  double whole = std::floor(exact);
  const double rest = exact - whole;
  if (rest > 0.5 || (rest == 0.5 && std::fmod(whole, 2.0) != 0.0)) whole += 1.0;
  return static_cast<int>(whole);
}

std::vector<float> i8_cases() {
  std::vector<float> cases = {0.0F,          -0.0F,    infinity,  -infinity, not_a_number,
                              -not_a_number, greatest, -greatest, 1e-45F};
  for (int i = -131; i <= 131; ++i) {
    const float half = static_cast<float>(i) + 0.5F;
    for (const float number :
         {static_cast<float>(i), half, std::nextafter(half, -infinity), std::nextafter(half, infinity)}) {
      cases.push_back(number);
    }
  }
  return cases;
}

}  // namespace

  TEST_CASE("f16: every float32 around a half, between two and at the ends rounds to nearest, ties to even") {
    check_from_f32<f16>(support::binary16);
  }
  TEST_CASE("bf16: every float32 around a number, between two and at the ends rounds to nearest, ties to even") {
    check_from_f32<bf16>(support::bfloat16);
  }
  TEST_CASE("f16: all 65,536 patterns to float32, and back to the same bits; NaN becomes quiet") {
    check_all_patterns<f16>(support::binary16, true);
  }
  TEST_CASE("bf16: all 65,536 patterns to float32, and back to the same bits; NaN becomes quiet on the way back") {
    check_all_patterns<bf16>(support::bfloat16, false);
  }

  TEST_CASE("f16, bf16: the stated errors hold") {
    std::mt19937_64 random(2);
    std::vector<float> numbers;
    while (numbers.size() < 50'000) {
      const float number = float_of(static_cast<std::uint32_t>(random()));
      if (std::isfinite(number)) numbers.push_back(number);
    }
    for (int i = 0; i < 50'000; ++i) {  // in the range of f16
      numbers.push_back(std::ldexp(static_cast<float>(static_cast<std::int32_t>(random() >> 40)),
                                   -1 - static_cast<int>(random() % 40)));
    }
    std::vector<f16> halves(numbers.size());
    std::vector<bf16> brains(numbers.size());
    REQUIRE(atlas::convert(atlas::dense(numbers.data(), 1000, 100), halves.data()).ok());
    REQUIRE(atlas::convert(atlas::dense(numbers.data(), 1000, 100), brains.data()).ok());
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      const double exact = static_cast<double>(numbers[i]);
      const double magnitude = std::abs(exact);
      const double half = support::binary16.value(halves[i].bits);
      const double brain = support::bfloat16.value(brains[i].bits);
      if (magnitude >= 65'520.0) {
        CHECK(std::isinf(half));
      } else if (magnitude >= std::ldexp(1.0, -14)) {
        CHECK(std::abs(half - exact) <= std::ldexp(magnitude, -11));
      } else {
        CHECK(std::abs(half - exact) <= std::ldexp(1.0, -25));
      }
      if (std::isinf(brain)) continue;
      CHECK(std::abs(brain - exact) <= std::max(std::ldexp(magnitude, -8), std::ldexp(1.0, -134)));
    }
  }

  TEST_CASE("conversion kernels: every short length between unreadable pages, every alignment") {
    std::vector<float> wide;
    for (const float number : support::random_vector(1, 90)) wide.push_back(number * 1000);
    for (const float number :
         {not_a_number, infinity, 1e-7F, 1e-41F, 70000.0F, -0.0F, -1e-40F, 3e38F, 6e-8F, 65519.9F}) {
      wide.insert(wide.begin() + static_cast<std::ptrdiff_t>(wide.size() / 2), number);
    }
    std::vector<std::uint16_t> halves;
    for (std::uint32_t i = 0; i < 100; ++i) halves.push_back(static_cast<std::uint16_t>(i * 655 + (i << 9)));
    check_lengths<float, std::uint16_t>(wide, &atlas::kernel_table::f32_to_f16);
    check_lengths<float, std::uint16_t>(wide, &atlas::kernel_table::f32_to_bf16);
    check_lengths<std::uint16_t, float>(halves, &atlas::kernel_table::f16_to_f32);
    check_lengths<std::uint16_t, float>(halves, &atlas::kernel_table::bf16_to_f32);
  }

  TEST_CASE("i8 kernels: the product rounds to nearest, ties to even, and is cut; NaN gives 0; one factor or many") {
    const std::vector<float> cases = i8_cases();
    std::mt19937_64 random(3);
    std::vector<float> factors(cases.size());
    for (float& factor : factors) factor = random() % 2 == 0 ? 1.0F : static_cast<float>(random() % 1000) / 64.0F;
    support::on_each_target([&] {
      const atlas::kernel_table& table = atlas::kernels();
      std::vector<std::int8_t> got(cases.size());
      std::vector<float> back(cases.size());
      for (const float factor : {1.0F, 0.5F, 0.1F, 0.0F, 1e38F}) {
        CAPTURE(factor);
        table.f32_to_i8(cases.data(), &factor, 1, got.data(), cases.size());
        table.i8_to_f32(got.data(), &factor, 1, back.data(), cases.size());
        for (std::size_t i = 0; i < cases.size(); ++i) {
          const volatile float product = cases[i] * factor;
          CHECK(int{got[i]} == i8_of(product));
          CHECK(bits_of(back[i]) == bits_of(static_cast<float>(got[i]) * factor));
        }
      }
      for (std::size_t count = 0; count <= 100; ++count) {
        for (const auto where : {support::guard::behind, support::guard::before}) {
          const auto some = static_cast<std::ptrdiff_t>(count);
          const support::guarded_array<float> from(std::vector<float>(cases.begin(), cases.begin() + some), where);
          const support::guarded_array<float> scale(std::vector<float>(factors.begin(), factors.begin() + some), where);
          support::guarded_array<std::int8_t> to(count, where);
          support::guarded_array<float> again(count, where);
          table.f32_to_i8(from.data(), scale.data(), count, to.data(), count);
          table.i8_to_f32(to.data(), scale.data(), count, again.data(), count);
          for (std::size_t i = 0; i < count; ++i) {
            const volatile float product = cases[i] * factors[i];
            CHECK(int{to.data()[i]} == i8_of(product));
            CHECK(again.data()[i] == static_cast<float>(to.data()[i]) * factors[i]);
          }
          if (count == 0) continue;
          table.f32_to_i8(from.data(), factors.data(), 1, to.data(), count);
          CHECK(int{to.data()[count - 1]} == i8_of(cases[count - 1] * factors[0]));
        }
      }
    });
  }

  TEST_CASE("convert: rows with gaps, and nothing written between them") {
    const auto block = support::random_vector(1, 5 * 9);
    const atlas::matrix_view rows{block.data(), 5, 7, 9};
    const f16 mark{0xABCD};
    std::vector<f16> out(5 * 11, mark);
    REQUIRE(atlas::convert(rows, out.data(), 11).ok());
    std::vector<f16> end_to_end(5 * 7, mark);
    REQUIRE(atlas::convert(rows, end_to_end.data()).ok());
    for (std::size_t row = 0; row < 5; ++row) {
      for (std::size_t i = 0; i < 11; ++i) {
        const std::uint16_t want = i < 7 ? nearest_of(support::binary16, rows.row(row)[i]) : mark.bits;
        CHECK(out[row * 11 + i].bits == want);
        if (i < 7) CHECK(end_to_end[row * 7 + i].bits == want);
      }
    }
    std::vector<float> wide(5 * 8, -5.0F);
    REQUIRE(atlas::convert(atlas::basic_matrix_view<f16>{out.data(), 5, 7, 11}, wide.data(), 8).ok());
    CHECK(wide[7] == -5.0F);
    CHECK(static_cast<double>(wide[8]) == support::binary16.value(out[11].bits));
  }

  TEST_CASE("i8: each component comes back within half a step of its scale") {
    support::on_each_target([] {
      for (const std::size_t dimension : {1U, 5U, 16U, 37U, 1500U}) {
        for (const scaling which : {scaling::per_row, scaling::per_dimension}) {
          CAPTURE(dimension);
          auto block = support::random_vector(4, 6 * (dimension + 2));
          // A long row, a row of tiny numbers, one whose scale cannot be smaller, a zero row.
          for (std::size_t i = 0; i < dimension; ++i) {
            block[1 * (dimension + 2) + i] *= 1e30F;
            block[2 * (dimension + 2) + i] *= 1e-30F;
            block[3 * (dimension + 2) + i] *= 1e-37F;
            block[4 * (dimension + 2) + i] = 0.0F;
          }
          const atlas::matrix_view rows{block.data(), 6, dimension, dimension + 2};
          std::vector<float> scales(which == scaling::per_row ? 6 : dimension, -1.0F);
          REQUIRE(atlas::i8_scales(rows, which, scales.data()).ok());
          std::vector<std::int8_t> small(6 * (dimension + 1), 99);
          REQUIRE(atlas::convert(rows, which, scales.data(), small.data(), dimension + 1).ok());
          std::vector<float> back(6 * dimension);
          const atlas::basic_matrix_view<std::int8_t> integers{small.data(), 6, dimension, dimension + 1};
          REQUIRE(atlas::convert(integers, which, scales.data(), back.data()).ok());
          std::size_t wrong = 0;
          for (std::size_t row = 0; row < 6; ++row) {
            CHECK(small[row * (dimension + 1) + dimension] == 99);
            for (std::size_t i = 0; i < dimension; ++i) {
              const double scale = static_cast<double>(scales[which == scaling::per_row ? row : i]);
              const double error =
                  std::abs(static_cast<double>(back[row * dimension + i]) - static_cast<double>(rows.row(row)[i]));
              wrong += error <= scale / 2 * (1 + std::ldexp(1.0, -14)) ? 0U : 1U;
            }
          }
          CHECK(wrong == 0);
        }
      }
    });
  }

  TEST_CASE("i8_scales: the greatest magnitude of a row or of a dimension / 127; 0 for zeros; never below 2^-126") {
    const float block[] = {1,      -254, 0,       3,  //
                           0,      0,    0,       0,  //
                           1e-40F, 0,    -1e-41F, 1e-37F};
    support::on_each_target([&] {
      float scales[4] = {-1, -1, -1, -1};
      REQUIRE(atlas::i8_scales(atlas::dense(block, 3, 4), scaling::per_row, scales).ok());
      CHECK(scales[0] == 2.0F);
      CHECK(scales[1] == 0.0F);
      CHECK(scales[2] == std::ldexp(1.0F, -126));
      CHECK(scales[3] == -1.0F);
      REQUIRE(atlas::i8_scales(atlas::dense(block, 3, 4), scaling::per_dimension, scales).ok());
      CHECK(scales[0] == 1.0F / 127.0F);
      CHECK(scales[1] == 2.0F);
      CHECK(scales[2] == std::ldexp(1.0F, -126));
      CHECK(scales[3] == 3.0F / 127.0F);
    });
  }

  TEST_CASE("i8: rows of the greatest float32 come back finite") {
    const float block[] = {greatest, -greatest, greatest / 2};
    support::on_each_target([&] {
      float scale = 0;
      std::int8_t small[3];
      float back[3];
      REQUIRE(atlas::i8_scales(atlas::dense(block, 1, 3), scaling::per_row, &scale).ok());
      REQUIRE(atlas::convert(atlas::dense(block, 1, 3), scaling::per_row, &scale, small).ok());
      REQUIRE(atlas::convert(atlas::dense(small, 1, 3), scaling::per_row, &scale, back).ok());
      CHECK(int{small[0]} == 127);
      CHECK(int{small[1]} == -127);
      CHECK(int{small[2]} == 64);  // the scale is a little below a 127th
      CHECK(back[0] >= 0.9999999F * greatest);
      CHECK(back[0] <= greatest);
      CHECK(back[1] == -back[0]);
    });
  }

  TEST_CASE("i8: scale 0 gives 0, also for infinity and NaN") {
    const float block[] = {1, infinity, not_a_number};
    const float scale = 0;
    std::int8_t small[3] = {9, 9, 9};
    REQUIRE(atlas::convert(atlas::dense(block, 1, 3), scaling::per_row, &scale, small).ok());
    for (const std::int8_t integer : small) CHECK(int{integer} == 0);
  }

  TEST_CASE("convert, i8_scales: no rows need no pointers") {
    CHECK(atlas::convert(atlas::matrix_view{}, static_cast<f16*>(nullptr)).ok());
    CHECK(atlas::convert(atlas::basic_matrix_view<bf16>{nullptr, 0, 8, 8}, nullptr).ok());
    CHECK(atlas::i8_scales({nullptr, 0, 8, 8}, scaling::per_row, nullptr).ok());
    CHECK(
        atlas::convert(atlas::matrix_view{}, scaling::per_dimension, nullptr, static_cast<std::int8_t*>(nullptr)).ok());
  }

  TEST_CASE("convert: a refused call writes nothing and says what was expected and found") {
    std::vector<float> block(12, 1.0F);
    const atlas::matrix_view good = atlas::dense(block.data(), 3, 4);
    std::vector<f16> halves(12, f16{0x1234});
    const auto refused = [&](const atlas::status& answer, errc code) {
      CHECK(support::failed_as(answer, code));
      CHECK(support::says_both(answer));
      for (const f16& half : halves) CHECK(half.bits == 0x1234);
      for (const float number : block) CHECK(number == 1.0F);
    };
    refused(atlas::convert({nullptr, 3, 4, 4}, halves.data()), errc::invalid_argument);
    refused(atlas::convert(good, static_cast<f16*>(nullptr)), errc::invalid_argument);
    refused(atlas::convert({block.data(), 3, 4, 3}, halves.data()), errc::dimension_mismatch);
    refused(atlas::convert(good, halves.data(), 3), errc::dimension_mismatch);
    refused(atlas::convert({block.data(), 3, 0, 4}, halves.data()), errc::invalid_argument);
    refused(atlas::convert({block.data(), 1, 65'536, 65'536}, halves.data()), errc::limit_exceeded);
    refused(atlas::convert(good, halves.data(), ~std::size_t{0} / 4), errc::limit_exceeded);
    // In place, and an output that begins at the last component or ends in the first.
    for (const std::size_t first : {0U, 22U}) {
      refused(atlas::convert(good, reinterpret_cast<f16*>(block.data()) + first), errc::invalid_argument);
    }
    const atlas::basic_matrix_view<f16> inside{reinterpret_cast<const f16*>(block.data()), 3, 4, 4};
    refused(atlas::convert(inside, block.data()), errc::invalid_argument);
    const atlas::matrix_view upper{block.data() + 6, 1, 6, 6};
    CHECK(support::failed_as(atlas::convert(upper, reinterpret_cast<f16*>(block.data()) + 7), errc::invalid_argument));
    CHECK(atlas::convert(upper, reinterpret_cast<f16*>(block.data()) + 6).ok());  // ends where the row begins
  }

  TEST_CASE("i8: a refused call writes nothing and says what was expected and found") {
    std::vector<float> block(12, 1.0F);
    const atlas::matrix_view good = atlas::dense(block.data(), 3, 4);
    float scales[4] = {1, 1, 1, 1};
    std::vector<std::int8_t> small(12, 99);
    const auto refused = [&](const atlas::status& answer, errc code) {
      CHECK(support::failed_as(answer, code));
      CHECK(support::says_both(answer));
      for (const std::int8_t integer : small) CHECK(int{integer} == 99);
      for (const float number : block) CHECK((number == 1.0F || !std::isfinite(number)));
    };
    const auto to_i8 = [&](scaling which) { return atlas::convert(good, which, scales, small.data()); };
    refused(atlas::convert(good, scaling::per_row, nullptr, small.data()), errc::invalid_argument);
    refused(atlas::convert(good, scaling::per_row, scales, static_cast<std::int8_t*>(nullptr)), errc::invalid_argument);
    refused(atlas::convert({nullptr, 3, 4, 4}, scaling::per_row, scales, small.data()), errc::invalid_argument);
    refused(atlas::convert({block.data(), 3, 4, 3}, scaling::per_row, scales, small.data()), errc::dimension_mismatch);
    refused(atlas::convert(good, scaling::per_row, scales, small.data(), 3), errc::dimension_mismatch);
    refused(atlas::convert({block.data(), 3, 0, 4}, scaling::per_row, scales, small.data()), errc::invalid_argument);
    refused(atlas::convert(good, static_cast<scaling>(7), scales, small.data()), errc::invalid_argument);
    refused(atlas::convert(good, scaling::per_row, scales, reinterpret_cast<std::int8_t*>(block.data())),
            errc::invalid_argument);
    refused(atlas::convert(good, scaling::per_row, scales, reinterpret_cast<std::int8_t*>(scales)),
            errc::invalid_argument);
    const atlas::basic_matrix_view<std::int8_t> integers = atlas::dense(small.data(), 3, 4);
    refused(atlas::convert(integers, scaling::per_dimension, block.data(), block.data()), errc::invalid_argument);
    refused(atlas::convert(integers, scaling::per_row, scales, reinterpret_cast<float*>(small.data())),
            errc::invalid_argument);
    for (const float bad : {not_a_number, infinity, -infinity, -1.0F, 1e-40F, 1e38F}) {
      scales[2] = bad;
      refused(to_i8(scaling::per_row), errc::invalid_argument);
      CHECK(to_i8(scaling::per_row).error().row == 2);
      refused(atlas::convert(integers, scaling::per_row, scales, block.data()), errc::invalid_argument);
      scales[2] = 1;
      scales[3] = bad;
      refused(to_i8(scaling::per_dimension), errc::invalid_argument);
      CHECK(atlas::convert(good, scaling::per_row, scales, std::vector<std::int8_t>(12).data()).ok());  // three of them
      scales[3] = 1;
    }
    refused(atlas::i8_scales(good, scaling::per_row, nullptr), errc::invalid_argument);
    refused(atlas::i8_scales({block.data(), 3, 4, 3}, scaling::per_row, scales), errc::dimension_mismatch);
    refused(atlas::i8_scales(good, scaling::per_dimension, block.data() + 11), errc::invalid_argument);
    for (const float bad : {not_a_number, infinity, -infinity}) {
      block[9] = bad;
      refused(atlas::i8_scales(good, scaling::per_row, scales), errc::not_finite);
      refused(atlas::i8_scales(good, scaling::per_dimension, scales), errc::not_finite);
      CHECK(atlas::i8_scales(good, scaling::per_row, scales).error().row == 2);
      for (const float scale : scales) CHECK(scale == 1.0F);
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// tests/quantize/any_quantizer_test.cpp -- mirrors include/atlas/quantize/any_quantizer.hpp.
#include <atlas/quantize/any_quantizer.hpp>

#include "support/damaged_image.hpp"
#include "support/error_line.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

TEST_SUITE("any_quantizer") {
namespace {

using atlas::any_quantizer;
using atlas::dense;
using atlas::errc;
using atlas::matrix_view;
using atlas::quantizer_kind;
using atlas::quantizer_options;

constexpr std::size_t dimension = 13;  // no part, byte or register ends with it
constexpr std::size_t row_count = 600;

const std::vector<float>& some_rows() {
  static const std::vector<float> rows = [] {
    auto numbers = support::random_vector(1, row_count * dimension);
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = numbers[i] * static_cast<float>(1 + i % dimension) + 2.0F;
    return numbers;
  }();
  return rows;
}
matrix_view rows_view() { return dense(some_rows().data(), row_count, dimension); }

/// One of each kind and width of codes.
std::vector<quantizer_options> each_kind() {
  return {{.kind = quantizer_kind::product, .code_bytes = 4, .iterations = 3},
          {.kind = quantizer_kind::product, .code_bytes = 2, .bits = 4, .iterations = 3},
          {.kind = quantizer_kind::scalar},
          {.kind = quantizer_kind::scalar, .bits = 4},
          {.kind = quantizer_kind::additive, .code_bytes = 2, .iterations = 2, .beam = 2, .rounds = 1},
          {.kind = quantizer_kind::additive, .code_bytes = 2, .bits = 4, .iterations = 2, .beam = 2, .rounds = 1},
          {.kind = quantizer_kind::corrected, .code_bytes = 5, .iterations = 3},
          {.kind = quantizer_kind::bits}};
}
using codes_view = atlas::basic_matrix_view<std::uint8_t>;
codes_view view_of(const std::vector<std::uint8_t>& codes, std::size_t bytes) { return {codes.data(), codes.size() / bytes, bytes, bytes}; }
std::vector<std::uint8_t> codes_of(const any_quantizer& made, const matrix_view& rows, unsigned threads = 1) {
  std::vector<std::uint8_t> codes(rows.rows * made.code_bytes());
  made.encode(rows, codes.data(), {.threads = threads}).value();
  return codes;
}
std::vector<float> decoded(const any_quantizer& made, const std::vector<std::uint8_t>& codes, unsigned threads = 1) {
  const codes_view view = view_of(codes, made.code_bytes());
  std::vector<float> rows(view.rows * made.dimension());
  made.decode(view, rows.data(), {.threads = threads}).value();
  return rows;
}
double squared_between(const float* a, const float* b) {
  double sum = 0;
  for (std::size_t i = 0; i < dimension; ++i) sum += std::pow(static_cast<double>(a[i]) - static_cast<double>(b[i]), 2);
  return sum;
}

}  // namespace

  TEST_CASE("train, encode: the codes of the kind's own class, packed, with any number of threads") {
    const matrix_view rows = rows_view();
    for (const quantizer_options& how : each_kind()) {
      CAPTURE(static_cast<int>(how.kind));
      CAPTURE(how.bits);
      const auto made = any_quantizer::train(rows, how).value();
      CHECK(made.kind() == how.kind);
      CHECK(made.dimension() == dimension);
      if (how.code_bytes != 0) CHECK(made.code_bytes() == how.code_bytes);
      const auto codes = codes_of(made, rows);
      CHECK(codes_of(made, rows, 3) == codes);
      std::vector<std::uint8_t> own(row_count * made.code_bytes());
      std::vector<std::uint8_t> loose;
      const auto pack_all = [&](const auto& quantizer, std::size_t numbers) {
        loose.resize(row_count * numbers);
        quantizer.encode(rows, loose.data()).value();
        for (std::size_t row = 0; row < row_count; ++row) {
          quantizer.pack(loose.data() + row * numbers, own.data() + row * made.code_bytes());
        }
      };
      switch (how.kind) {
        case quantizer_kind::product: {
          const std::size_t parts = how.bits == 4 ? 2 * how.code_bytes : how.code_bytes;
          pack_all(atlas::product_quantizer::train(rows, {.parts = parts, .bits = how.bits, .iterations = 3}).value(), parts);
          break;
        }
        case quantizer_kind::additive: {
          const std::size_t stages = how.bits == 4 ? 4 : 2;
          pack_all(atlas::additive_quantizer::train(rows, {.stages = stages, .bits = how.bits, .beam = 2, .iterations = 2, .rounds = 1}).value(), stages);
          break;
        }
        case quantizer_kind::scalar: atlas::scalar_quantizer::train(rows, {.bits = how.bits}).value().encode(rows, own.data()).value(); break;
        case quantizer_kind::corrected:
          atlas::corrected_quantizer::train(rows, {.code_bytes = 5, .iterations = 3}).value().encode(rows, own.data()).value();
          break;
        case quantizer_kind::bits: atlas::bit_quantizer::train(rows).value().encode(rows, own.data()).value(); break;
      }
      CHECK(codes == own);
    }
  }

  TEST_CASE("decode, error_of: what is lost is what is said, with any number of threads, in steps that can be cancelled") {
    const matrix_view rows = rows_view();
    for (const quantizer_options& how : each_kind()) {
      CAPTURE(static_cast<int>(how.kind));
      CAPTURE(how.bits);
      const auto made = any_quantizer::train(rows, how).value();
      const auto codes = codes_of(made, rows);
      const auto back = decoded(made, codes);
      CHECK(decoded(made, codes, 3) == back);
      double lost = 0;
      double whole = 0;
      const std::vector<float> zeros(dimension, 0.0F);
      for (std::size_t row = 0; row < row_count; ++row) {
        lost += squared_between(rows.row(row), back.data() + row * dimension);
        whole += squared_between(rows.row(row), zeros.data());
      }
      const auto said = made.error_of(rows, {.threads = 2}).value();
      CHECK(said.mean_squared == doctest::Approx(lost / row_count));
      CHECK(said.share == doctest::Approx(lost / whole));
      CHECK(said.share < 0.6);
      CHECK(said.share > 0.0);
      const auto stop = [](std::uint64_t done, std::uint64_t total) { return done != row_count || total != row_count; };
      CHECK(support::failed_as(made.error_of(rows, {.on_progress = stop}), errc::cancelled));
      std::vector<std::uint8_t> again(codes.size());
      CHECK(support::failed_as(made.encode(rows, again.data(), {.on_progress = stop}), errc::cancelled));
      CHECK(again == codes);
    }
    const auto bits = any_quantizer::train(rows, {.kind = quantizer_kind::bits}).value();
    const auto of_none = bits.error_of({nullptr, 0, dimension, dimension}).value();
    CHECK(of_none.mean_squared == 0.0);
    CHECK(of_none.share == 0.0);
  }

  TEST_CASE("distances: to what codes stand for, or estimates by the kind's own tables; alike in any batch, with any number of threads") {
    const matrix_view rows = rows_view();
    constexpr std::size_t query_count = 7;
    const auto queries = support::random_vector(5, query_count * dimension);
    const matrix_view asked = dense(queries.data(), query_count, dimension);
    for (const quantizer_options& how : each_kind()) {
      CAPTURE(static_cast<int>(how.kind));
      CAPTURE(how.bits);
      const auto made = any_quantizer::train(rows, how).value();
      const bool is_bits = how.kind == quantizer_kind::bits;
      const std::size_t bytes = made.code_bytes();
      const auto codes = codes_of(made, rows);
      std::vector<float> out(query_count * row_count + 1, -7.0F);
      std::vector<float> errors(query_count * row_count + 1, -7.0F);
      REQUIRE(made.distances(asked, view_of(codes, bytes), out.data(), is_bits ? errors.data() : nullptr).ok());
      CHECK(out.back() == -7.0F);
      CHECK(errors.back() == -7.0F);
      const auto back = decoded(made, codes);
      std::vector<float> tables(bytes * 256);
      std::vector<float> want(row_count);
      std::vector<float> spread(row_count);
      for (std::size_t query = 0; query < query_count; ++query) {
        const float* const from = asked.row(query);
        const float* const found = out.data() + query * row_count;
        if (how.kind == quantizer_kind::corrected) {
          const auto own = atlas::corrected_quantizer::train(rows, {.code_bytes = 5, .iterations = 3}).value();
          own.distance_tables(from, tables.data()).value();
          atlas::pq_distances({tables.data(), tables.size()}, view_of(codes, bytes), want.data()).value();
          CHECK(std::memcmp(found, want.data(), row_count * sizeof(float)) == 0);
        } else if (is_bits) {
          const auto own = atlas::bit_quantizer::train(rows).value();
          atlas::bit_quantizer::query_tables prepared;
          own.prepare(from, prepared).value();
          own.estimate(prepared, codes.data(), row_count, want.data(), spread.data());
          CHECK(std::memcmp(found, want.data(), row_count * sizeof(float)) == 0);
          CHECK(std::memcmp(errors.data() + query * row_count, spread.data(), row_count * sizeof(float)) == 0);
        } else {
          std::size_t wrong = 0;
          for (std::size_t row = 0; row < row_count; ++row) {
            const double exact = squared_between(from, back.data() + row * dimension);
            wrong += std::abs(static_cast<double>(found[row]) - exact) <= 1e-5 * (exact + 1e3) ? 0U : 1U;
          }
          CHECK(wrong == 0);
        }
      }
      // Codes with gaps between them, one query, several threads.
      std::vector<std::uint8_t> wide(row_count * (bytes + 2), 0xEE);
      for (std::size_t row = 0; row < row_count; ++row) std::memcpy(wide.data() + row * (bytes + 2), codes.data() + row * bytes, bytes);
      std::vector<float> again(row_count);
      REQUIRE(made.distances(dense(asked.row(3), 1, dimension), {wide.data(), row_count, bytes, bytes + 2}, again.data(), nullptr, {.threads = 3}).ok());
      CHECK(std::memcmp(again.data(), out.data() + 3 * row_count, row_count * sizeof(float)) == 0);
      std::vector<float> many(query_count * row_count);
      REQUIRE(made.distances(asked, view_of(codes, bytes), many.data(), nullptr, {.threads = 2}).ok());
      CHECK(std::memcmp(many.data(), out.data(), many.size() * sizeof(float)) == 0);
    }
  }

  TEST_CASE("distances: a query's rows are shared among threads where they are many") {
    const matrix_view rows = rows_view();
    constexpr std::size_t row_count_many = 140'000;
    for (const quantizer_options& how : {each_kind()[1], each_kind()[4], each_kind()[7]}) {
      CAPTURE(static_cast<int>(how.kind));
      const auto made = any_quantizer::train(rows, how).value();
      const std::size_t bytes = made.code_bytes();
      const auto once = codes_of(made, rows);
      std::vector<std::uint8_t> codes;
      for (std::size_t i = 0; i < 234; ++i) codes.insert(codes.end(), once.begin(), once.end());
      codes.resize(row_count_many * bytes);
      const auto query = support::random_vector(6, dimension);
      std::vector<float> want(row_count_many);
      std::vector<float> found(row_count_many + 1, -7.0F);
      REQUIRE(made.distances(dense(query.data(), 1, dimension), view_of(codes, bytes), want.data()).ok());
      REQUIRE(made.distances(dense(query.data(), 1, dimension), view_of(codes, bytes), found.data(), nullptr, {.threads = 4}).ok());
      CHECK(found.back() == -7.0F);
      CHECK(std::memcmp(found.data(), want.data(), want.size() * sizeof(float)) == 0);
      CHECK(want[600] == want[0]);
    }
  }

  TEST_CASE("many rows: where tasks and reports meet all is as in a block of its own, and rows done are told") {
    constexpr std::size_t count = 10'000;  // more than two threads do between two reports
    const auto numbers = support::random_vector(21, count * 3);
    const matrix_view rows = dense(numbers.data(), count, 3);
    for (const quantizer_options& how :
         {quantizer_options{.kind = quantizer_kind::product, .code_bytes = 2, .iterations = 2},
          quantizer_options{.kind = quantizer_kind::product, .code_bytes = 2, .bits = 4, .iterations = 2},
          quantizer_options{.kind = quantizer_kind::scalar},
          quantizer_options{.kind = quantizer_kind::additive, .code_bytes = 1, .bits = 4, .iterations = 2, .beam = 64, .rounds = 0},
          quantizer_options{.kind = quantizer_kind::corrected, .code_bytes = 3, .iterations = 2}, quantizer_options{.kind = quantizer_kind::bits}}) {
      CAPTURE(static_cast<int>(how.kind));
      CAPTURE(how.bits);
      const auto made = any_quantizer::train(rows, how).value();
      const std::size_t bytes = made.code_bytes();
      for (const unsigned threads : {1U, 2U}) {
        std::vector<std::uint64_t> told;
        const auto tell = [&](std::uint64_t done, std::uint64_t total) {
          CHECK(total == count);
          told.push_back(done);
          return true;
        };
        std::vector<std::uint8_t> codes(count * bytes + 1, 0xEE);
        REQUIRE(made.encode(rows, codes.data(), {.threads = threads, .on_progress = tell}).ok());
        CHECK(codes.back() == 0xEE);
        REQUIRE(told.size() >= 2);
        CHECK(std::is_sorted(told.begin(), told.end()));
        CHECK(told.front() < count);
        CHECK(told.back() == count);
        codes.pop_back();
        const auto back = decoded(made, codes, threads);
        double lost = 0;
        for (std::size_t row = 0; row < count; ++row) {
          for (std::size_t i = 0; i < 3; ++i) lost += std::pow(static_cast<double>(numbers[row * 3 + i]) - static_cast<double>(back[row * 3 + i]), 2);
        }
        CHECK(made.error_of(rows, {.threads = threads}).value().mean_squared == doctest::Approx(lost / count));
        for (const std::size_t first : {0U, 1020U, 4092U, 8188U, 9992U}) {
          CAPTURE(first);
          std::vector<std::uint8_t> some(8 * bytes);
          REQUIRE(made.encode(rows.subrows(first, 8), some.data()).ok());
          CHECK(std::memcmp(some.data(), codes.data() + first * bytes, some.size()) == 0);
          std::vector<float> alone(8 * 3);
          REQUIRE(made.decode(view_of(some, bytes), alone.data()).ok());
          for (std::size_t i = 0; i < alone.size(); ++i) CHECK(alone[i] == doctest::Approx(back[first * 3 + i]).epsilon(1e-5).scale(1));
        }
        if (threads == 1) {
          told.clear();
          const auto stop = [&](std::uint64_t done, std::uint64_t) { return done == count; };
          std::vector<float> decoded_rows(count * 3);
          CHECK(support::failed_as(made.decode(view_of(codes, bytes), decoded_rows.data(), {.on_progress = stop}), errc::cancelled));
        }
      }
    }
  }

  TEST_CASE("distances: far from the origin, where squared lengths hide them") {
    auto numbers = some_rows();
    for (float& number : numbers) number += 10'000.0F;
    const matrix_view rows = dense(numbers.data(), row_count, dimension);
    for (const quantizer_options& how : each_kind()) {
      CAPTURE(static_cast<int>(how.kind));
      CAPTURE(how.bits);
      const auto made = any_quantizer::train(rows, how).value();
      const auto codes = codes_of(made, rows);
      const auto back = decoded(made, codes);
      std::vector<float> out(row_count);
      REQUIRE(made.distances(rows.subrows(5, 1), view_of(codes, made.code_bytes()), out.data()).ok());
      const bool is_estimate = how.kind == quantizer_kind::corrected || how.kind == quantizer_kind::bits;
      double off = 0;
      double all = 0;
      for (std::size_t row = 0; row < row_count; ++row) {
        const double exact = squared_between(rows.row(5), is_estimate ? rows.row(row) : back.data() + row * dimension);
        off += std::abs(static_cast<double>(out[row]) - exact);
        all += exact;
      }
      CHECK(off < (is_estimate ? 0.5 : 1e-3) * all);
    }
  }

  TEST_CASE("save, load: the same of each kind, by what its bytes say; what is cut, changed or of a rotation is refused") {
    const matrix_view rows = rows_view();
    for (const quantizer_options& how : each_kind()) {
      CAPTURE(static_cast<int>(how.kind));
      const auto made = any_quantizer::train(rows, how).value();
      const support::image_bytes image = support::image_of(made);
      const auto loaded = support::load_image<any_quantizer>(image);
      REQUIRE(loaded.ok());
      CHECK(loaded->kind() == how.kind);
      CHECK(support::image_of(*loaded) == image);
      CHECK(codes_of(*loaded, rows) == codes_of(made, rows));
    }
    support::refuses_damage<any_quantizer>(support::image_of(any_quantizer::train(rows, each_kind()[1]).value()));
    const auto turn = support::load_image<any_quantizer>(support::image_of(atlas::rotation::create(5, 1).value()));
    CHECK(support::error_line(turn) ==
          "corrupt file: quantizer.kind: expected 1 product, 3 scalar, 4 additive, 5 corrected or 6 bits, found 7");
  }

  TEST_CASE("train: what does not fit is refused, with both values; what is asked for reaches the kind") {
    const matrix_view rows = rows_view();
    const auto line = [&](const quantizer_options& how) { return support::error_line(any_quantizer::train(rows, how)); };
    CHECK(line({}) == "invalid argument: code_bytes: expected at least 2, found 0");
    CHECK(line({.kind = quantizer_kind::product}) == "invalid argument: code_bytes: expected at least 1, found 0");
    CHECK(line({.code_bytes = 1}) == "invalid argument: code_bytes: expected at least 2, found 1");
    CHECK(line({.kind = quantizer_kind::bits, .code_bytes = 9}) ==
          "invalid argument: code_bytes: expected 0, since they follow from the dimension, found 9");
    CHECK(line({.kind = quantizer_kind::scalar, .bits = 7}) == "invalid argument: bits: expected 4 or 8, found 7");
    CHECK(line({.kind = quantizer_kind::product, .code_bytes = 2, .sample_rows = 255}) ==
          "invalid argument: sample_rows: expected 0, or at least 256, found 255");
    CHECK(line({.kind = quantizer_kind::product, .code_bytes = 2, .bits = 4, .sample_rows = 15}) ==
          "invalid argument: sample_rows: expected 0, or at least 16, found 15");
    CHECK(line({.kind = static_cast<quantizer_kind>(2)}) ==
          "invalid argument: kind: expected 1 product, 3 scalar, 4 additive, 5 corrected or 6 bits, found 2");
    CHECK(line({.code_bytes = 4, .bits = 4}) == "invalid argument: bits: expected 8, the default, as this kind has no choice, found 4");
    CHECK(line({.kind = quantizer_kind::product, .code_bytes = 8, .bits = 4}) ==
          "invalid argument: code_bytes: expected what cuts into parts a dimension of 13, found 8");
    // 14 parts of 4 bits are one more than there are components.
    CHECK(any_quantizer::train(rows, {.kind = quantizer_kind::product, .code_bytes = 7, .bits = 4, .iterations = 1}).value().code_bytes() == 7);
    for (const quantizer_kind kind : {quantizer_kind::product, quantizer_kind::additive, quantizer_kind::corrected}) {
      for (const unsigned bits : {4U, 8U}) {
        const auto made = any_quantizer::train(rows, {.kind = kind, .code_bytes = std::numeric_limits<std::size_t>::max() / 2 + 2, .bits = bits});
        CHECK(support::failed_as(made, errc::invalid_argument));
        CHECK(support::says_both(made));
      }
    }
    auto broken = some_rows();
    broken[11 * dimension] = std::numeric_limits<float>::quiet_NaN();
    for (const quantizer_options& how : each_kind()) {
      const auto made = any_quantizer::train(dense(broken.data(), row_count, dimension), how);
      REQUIRE(support::failed_as(made, errc::not_finite));
      CHECK(made.error().row == 11);
      quantizer_options stopped = how;
      stopped.on_progress = [](std::uint64_t, std::uint64_t) { return false; };
      if (how.kind != quantizer_kind::bits) CHECK(support::failed_as(any_quantizer::train(rows, stopped), errc::cancelled));
      // Another seed, and fewer rows that train, give another quantiser.
      quantizer_options other = how;
      other.sample_rows = 300;
      if (how.kind != quantizer_kind::bits) {
        CHECK(support::image_of(any_quantizer::train(rows, other).value()) != support::image_of(any_quantizer::train(rows, how).value()));
      }
      other = how;
      other.seed = 43;
      if (how.kind != quantizer_kind::scalar) {  // all rows train it
        CHECK(support::image_of(any_quantizer::train(rows, other).value()) != support::image_of(any_quantizer::train(rows, how).value()));
      }
    }
  }

  TEST_CASE("encode, decode, error_of, distances: what does not fit is refused, and nothing is written") {
    const matrix_view rows = rows_view();
    for (const quantizer_options& how : each_kind()) {
      CAPTURE(static_cast<int>(how.kind));
      const auto made = any_quantizer::train(rows, how).value();
      const std::size_t bytes = made.code_bytes();
      const matrix_view narrow = dense(some_rows().data(), 2, dimension - 1);
      std::vector<std::uint8_t> codes(2 * bytes, 0xEE);
      std::vector<float> out(2 * dimension, -7.0F);
      CHECK(support::failed_as(made.encode(narrow, codes.data()), errc::dimension_mismatch));
      CHECK(support::failed_as(made.encode({nullptr, 2, dimension, dimension}, codes.data()), errc::invalid_argument));
      CHECK(support::failed_as(made.encode(rows, nullptr), errc::invalid_argument));
      CHECK(codes == std::vector<std::uint8_t>(2 * bytes, 0xEE));
      CHECK(support::failed_as(made.decode({codes.data(), 1, bytes + 1, bytes + 1}, out.data()), errc::dimension_mismatch));
      CHECK(support::failed_as(made.decode({nullptr, 2, bytes, bytes}, out.data()), errc::invalid_argument));
      CHECK(support::failed_as(made.decode(view_of(codes, bytes), nullptr), errc::invalid_argument));
      CHECK(support::failed_as(made.error_of(narrow), errc::dimension_mismatch));
      CHECK(support::failed_as(made.distances(narrow, view_of(codes, bytes), out.data()), errc::dimension_mismatch));
      const matrix_view one = rows.subrows(0, 1);
      CHECK(support::failed_as(made.distances(one, {codes.data(), 1, bytes + 1, bytes + 1}, out.data()), errc::dimension_mismatch));
      CHECK(support::failed_as(made.distances(one, view_of(codes, bytes), nullptr), errc::invalid_argument));
      if (how.kind != quantizer_kind::bits) {
        CHECK(support::error_line(made.distances(one, view_of(codes, bytes), out.data(), out.data())) ==
              "invalid argument: errors: expected null, since one-bit codes alone have them, found a pointer");
      }
      CHECK(out == std::vector<float>(2 * dimension, -7.0F));
      // Numbers that no code can stand for are refused by their row, wherever it stands.
      auto broken = some_rows();
      broken[17 * dimension + 2] = std::numeric_limits<float>::quiet_NaN();
      std::vector<std::uint8_t> many(row_count * bytes, 0xEE);
      const auto not_finite = made.encode(dense(broken.data(), row_count, dimension), many.data());
      REQUIRE(support::failed_as(not_finite, errc::not_finite));
      CHECK(not_finite.error().row == 17);
      CHECK(many == std::vector<std::uint8_t>(row_count * bytes, 0xEE));
      broken[17 * dimension + 2] = 2e18F;
      const auto too_long = made.error_of(dense(broken.data(), row_count, dimension));
      REQUIRE(support::failed_as(too_long, errc::limit_exceeded));
      CHECK(too_long.error().row == 17);
      // Outputs that overlap what is read.
      auto* const inside = const_cast<float*>(one.data);
      CHECK(support::failed_as(made.encode(one, reinterpret_cast<std::uint8_t*>(inside)), errc::invalid_argument));
      CHECK(support::failed_as(made.distances(one, view_of(codes, bytes), inside), errc::invalid_argument));
      std::vector<float> both(2 * bytes + 2 * dimension);
      const codes_view in_both{reinterpret_cast<const std::uint8_t*>(both.data()), 2, bytes, bytes};
      CHECK(support::failed_as(made.decode(in_both, both.data()), errc::invalid_argument));
      CHECK(support::failed_as(made.distances(one, in_both, both.data()), errc::invalid_argument));
      if (how.kind == quantizer_kind::bits) {
        CHECK(support::failed_as(made.distances(one, view_of(codes, bytes), out.data(), out.data() + 1), errc::invalid_argument));
      }
      CHECK(out == std::vector<float>(2 * dimension, -7.0F));
      CHECK(made.encode({nullptr, 0, dimension, dimension}, nullptr).ok());
      CHECK(made.decode({nullptr, 0, bytes, bytes}, nullptr).ok());
      CHECK(made.distances(one, {nullptr, 0, bytes, bytes}, nullptr).ok());
    }
  }
}

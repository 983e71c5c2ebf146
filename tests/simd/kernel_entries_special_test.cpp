// SPDX-License-Identifier: Apache-2.0
// tests/simd/kernel_entries_special_test.cpp -- include/atlas/simd/kernel_entries.hpp: NaN, infinity,
// zeros, subnormals and sums that overflow, in every place of a vector, on each instruction set of this CPU.
#include <atlas/simd/kernel_entries.hpp>

#include <atlas/simd/kernel_table.hpp>

#include "support/components.hpp"
#include "support/each_target.hpp"
#include "support/row_entries.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

namespace {

using support::byte_vector;
using support::bytes_of;
using support::component;
using support::filling;
using support::operation;
using support::row_entry;
using support::set_component;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// Dimensions with a tail at every width, so that each place is once in a tail, once in a whole vector.
constexpr std::size_t dimensions[] = {1, 3, 5, 7, 9, 15, 17, 31, 33, 47, 70, 100, 129};

byte_vector constant(atlas::scalar type, std::size_t dimension, double value) {
  byte_vector vector(bytes_of(type, dimension));
  for (std::size_t i = 0; i < dimension; ++i) set_component(type, vector.data(), i, value);
  return vector;
}

/// Stores a NaN by its bits: the quiet one, or one that signals.
void set_nan(atlas::scalar type, void* vector, std::size_t index, bool is_signalling) {
  auto* at = static_cast<std::uint8_t*>(vector) + index * support::element_bytes(type);
  const std::uint32_t f32 = is_signalling ? 0xFF800001U : 0x7FC00000U;
  const auto sixteen = static_cast<std::uint16_t>(type == atlas::scalar::f16 ? (is_signalling ? 0xFC01U : 0x7E00U)
                                                                             : (is_signalling ? 0xFF81U : 0x7FC0U));
  if (type == atlas::scalar::f32) {
    std::memcpy(at, &f32, sizeof f32);
  } else {
    std::memcpy(at, &sixteen, sizeof sixteen);
  }
}

bool same(float found, double wanted) {
  return std::isnan(wanted) ? std::isnan(found) : static_cast<double>(found) == wanted;
}

}  // namespace

TEST_SUITE("simd") {
  TEST_CASE("row kernels: NaN in any place of a row gives NaN, for its row alone") {
    constexpr std::uint32_t ids[] = {5, 4, 3, 2, 1, 0, 4};
    support::on_each_target([&] {
      for (const row_entry& entry : support::dense_entries()) {
        if (!support::is_float(entry.row)) continue;
        CAPTURE(entry.name);
        for (const std::size_t dimension : dimensions) {
          const byte_vector query = support::random_components(2, entry.query, filling::wide, dimension);
          const byte_vector good = support::random_components(1, entry.row, filling::wide, 6 * dimension);
          const std::size_t stride_bytes = bytes_of(entry.row, dimension);
          for (std::size_t at = 0; at < dimension; ++at) {
            byte_vector rows(good);
            set_nan(entry.row, rows.data() + 4 * stride_bytes, at, at % 2 == 1);
            float out[6];
            float by_id[7];
            entry.kernel()(query.data(), rows.data(), stride_bytes, nullptr, 6, dimension, out);
            entry.kernel()(query.data(), rows.data(), stride_bytes, ids, 7, dimension, by_id);
            bool right = true;
            for (std::size_t row = 0; row < 6; ++row) right = right && std::isnan(out[row]) == (row == 4);
            for (std::size_t i = 0; i < 7; ++i) right = right && std::isnan(by_id[i]) == (ids[i] == 4);
            CAPTURE(dimension);
            CAPTURE(at);
            if (!right) CHECK(right);
          }
        }
      }
    });
  }

  TEST_CASE("row kernels: NaN in any place of the query gives NaN for each row") {
    support::on_each_target([] {
      for (const row_entry& entry : support::dense_entries()) {
        if (!entry.is_of_floats()) continue;
        CAPTURE(entry.name);
        for (const std::size_t dimension : dimensions) {
          const byte_vector rows = support::random_components(1, entry.row, filling::wide, 3 * dimension);
          const byte_vector good = support::random_components(2, entry.query, filling::wide, dimension);
          for (std::size_t at = 0; at < dimension; ++at) {
            byte_vector query(good);
            set_nan(entry.query, query.data(), at, at % 2 == 0);
            float out[3];
            entry.kernel()(query.data(), rows.data(), bytes_of(entry.row, dimension), nullptr, 3, dimension, out);
            CAPTURE(dimension);
            CAPTURE(at);
            for (const float found : out) {
              if (!std::isnan(found)) CHECK(std::isnan(found));
            }
          }
        }
      }
    });
  }

  TEST_CASE("row kernels: infinity in any place gives what IEEE 754 says, and never NaN by a mask") {
    struct special {
      double query, row;
      double l2sq, dot;  // beside 1 * 2 in all other places
    };
    constexpr special of_rows[] = {
        {1, infinity, infinity, infinity},
        {1, -infinity, infinity, -infinity},
        {-infinity, -infinity, not_a_number, infinity},
        {infinity, -infinity, infinity, -infinity},
        {0, infinity, infinity, not_a_number},
    };
    constexpr special of_queries[] = {
        {infinity, 2, infinity, infinity},
        {-infinity, 2, infinity, -infinity},
        {infinity, 0, infinity, not_a_number},
    };
    support::on_each_target([&] {
      for (const row_entry& entry : support::dense_entries()) {
        if (!entry.is_of_floats()) continue;
        CAPTURE(entry.name);
        std::vector<special> cases(std::begin(of_queries), std::end(of_queries));
        if (support::is_float(entry.row)) cases.insert(cases.end(), std::begin(of_rows), std::end(of_rows));
        for (const std::size_t dimension : dimensions) {
          byte_vector query = constant(entry.query, dimension, 1);
          byte_vector row = constant(entry.row, dimension, 2);
          for (std::size_t at = 0; at < dimension; ++at) {
            for (const special& each : cases) {
              set_component(entry.query, query.data(), at, each.query);
              set_component(entry.row, row.data(), at, each.row);
              const double wanted = entry.what == operation::l2sq  ? each.l2sq
                                    : entry.what == operation::dot ? each.dot
                                                                   : not_a_number;
              for (const float found : entry.in_groups(query.data(), row.data(), dimension)) {
                if (same(found, wanted)) continue;
                CAPTURE(dimension);
                CAPTURE(at);
                CAPTURE(each.query);
                CAPTURE(each.row);
                CAPTURE(wanted);
                CAPTURE(found);
                FAIL_CHECK("not what IEEE 754 says");
              }
            }
            set_component(entry.query, query.data(), at, 1);
            set_component(entry.row, row.data(), at, 2);
          }
        }
      }
    });
  }

  TEST_CASE("row kernels: a sum above the largest float is infinity, and its cosine NaN") {
    support::on_each_target([] {
      for (const row_entry& entry : support::dense_entries()) {
        // 37 * 2^126 * 4; f16 rows hold no number so large, and bytes neither, but the query does.
        if (entry.query == atlas::scalar::f16 || !entry.is_of_floats()) continue;
        CAPTURE(entry.name);
        const byte_vector query = constant(entry.query, 37, std::ldexp(1.0, 126));
        const byte_vector row = constant(entry.row, 37, 4);
        for (const float found : entry.in_groups(query.data(), row.data(), 37)) {
          CHECK(same(found, entry.what == operation::cosine ? not_a_number : infinity));
        }
      }
    });
  }

  TEST_CASE("row kernels: subnormal components count, and in sums of f16 nothing underflows") {
    support::on_each_target([] {
      for (const row_entry& entry : support::dense_entries()) {
        if (!entry.is_of_floats() || !support::is_float(entry.row) || entry.what == operation::cosine) continue;
        CAPTURE(entry.name);
        // The least subnormal of the rows, by a query that makes the product a normal number.
        const double least = entry.row == atlas::scalar::f16    ? std::ldexp(1.0, -24)
                             : entry.row == atlas::scalar::bf16 ? std::ldexp(1.0, -133)
                                                                : std::ldexp(1.0, -149);
        const double large = entry.query == atlas::scalar::f16 ? 1024 : std::ldexp(1.0, 60);
        for (const std::size_t dimension : dimensions) {
          CAPTURE(dimension);
          for (std::size_t at = 0; at < dimension; ++at) {
            byte_vector query = constant(entry.query, dimension, 0);
            byte_vector row = constant(entry.row, dimension, 0);
            set_component(entry.row, row.data(), at, least);
            // Of f32 and bf16 the square is below the least float.
            const double square = entry.row == atlas::scalar::f16 ? least * least : 0;
            if (entry.what == operation::dot) set_component(entry.query, query.data(), at, large);
            const double wanted = entry.what == operation::dot ? large * least : square;
            const bool may_be_zero = entry.query == atlas::scalar::bf16;  // by contract
            for (const float found : entry.in_groups(query.data(), row.data(), dimension)) {
              if (same(found, wanted) || (may_be_zero && same(found, 0))) continue;
              CAPTURE(at);
              CHECK(static_cast<double>(found) == wanted);
            }
          }
        }
      }
    });
  }

  TEST_CASE("row kernels: every finite f16 and bf16 has its value, normal or not") {
    // One component and a query of 1: the dot product is the number itself, the distance to 0 its square.
    support::on_each_target([] {
      for (const row_entry& entry : support::dense_entries()) {
        if (entry.what == operation::cosine || entry.query != atlas::scalar::f32 ||
            (entry.row != atlas::scalar::f16 && entry.row != atlas::scalar::bf16)) {
          continue;
        }
        CAPTURE(entry.name);
        constexpr std::size_t count = 0x10000;
        std::vector<std::uint16_t> rows(count);
        for (std::size_t bits = 0; bits < count; ++bits) rows[bits] = static_cast<std::uint16_t>(bits);
        const float query = entry.what == operation::dot ? 1.0F : 0.0F;
        std::vector<float> out(count);
        entry.kernel()(&query, rows.data(), sizeof rows[0], nullptr, count, 1, out.data());
        std::size_t wrong = 0;
        for (std::size_t bits = 0; bits < count; ++bits) {
          const auto value = static_cast<float>(component(entry.row, rows.data(), bits));
          const float wanted = entry.what == operation::dot ? value : value * value;
          wrong += same(out[bits], static_cast<double>(wanted)) ? 0U : 1U;
        }
        CHECK(wrong == 0);
      }
    });
  }

  TEST_CASE("cosine: a vector of length zero is at distance 1 from everything") {
    support::on_each_target([] {
      for (const row_entry& entry : support::dense_entries()) {
        if (entry.what != operation::cosine) continue;
        CAPTURE(entry.name);
        for (const std::size_t dimension : dimensions) {
          CAPTURE(dimension);
          // Rows 0, 3 and 8 are zeros, one of them of the other sign where there is one.
          byte_vector rows = support::random_components(1, entry.row, filling::extremes, 9 * dimension);
          const std::size_t stride_bytes = bytes_of(entry.row, dimension);
          for (std::size_t i = 0; i < dimension; ++i) {
            set_component(entry.row, rows.data(), i, support::is_float(entry.row) ? -0.0 : 0.0);
            set_component(entry.row, rows.data() + 3 * stride_bytes, i, 0.0);
            set_component(entry.row, rows.data() + 8 * stride_bytes, i, 0.0);
          }
          const byte_vector query = constant(entry.query, dimension, 1);
          float out[9];
          entry.kernel()(query.data(), rows.data(), stride_bytes, nullptr, 9, dimension, out);
          CHECK(out[0] == 1.0F);
          CHECK(out[3] == 1.0F);
          CHECK(out[8] == 1.0F);
          const byte_vector zero(query.size(), 0);
          entry.kernel()(zero.data(), rows.data(), stride_bytes, nullptr, 9, dimension, out);
          for (const float found : out) CHECK(found == 1.0F);
        }
      }
    });
  }

  TEST_CASE("cosine: stays inside [0, 2] for parallel and opposite vectors") {
    support::on_each_target([] {
      for (const row_entry& entry : support::dense_entries()) {
        if (entry.what != operation::cosine) continue;
        CAPTURE(entry.name);
        // Values that the query's type has in any case: those of the rows, and their opposites. A float32 query is three
        // times as long, so that its sums are rounded otherwise than the row's, and may step over the ends.
        const double factor = entry.query == atlas::scalar::f32 ? 3 : 1;
        const bool has_opposite = entry.query != atlas::scalar::u8;
        for (std::uint64_t seed = 0; seed < 200; ++seed) {
          const std::size_t dimension = 1 + seed % 67 * 5;
          byte_vector row = support::random_components(seed, entry.row, filling::wide, dimension);
          if (entry.row == atlas::scalar::i8) {
            for (std::uint8_t& each : row) each = each == 0x80 ? 0x81 : each;  // -128 has no opposite
          }
          set_component(entry.row, row.data(), 0, 1);  // not all zeros
          byte_vector along(bytes_of(entry.query, dimension));
          byte_vector against(bytes_of(entry.query, dimension));
          for (std::size_t i = 0; i < dimension; ++i) {
            const double value = factor * component(entry.row, row.data(), i);
            set_component(entry.query, along.data(), i, value);
            if (has_opposite) set_component(entry.query, against.data(), i, -value);
          }
          const float bound = std::ldexp(static_cast<float>(dimension + 4), -23);
          for (const float near : entry.in_groups(along.data(), row.data(), dimension)) {
            if (!(near >= 0.0F && near <= bound)) CHECK(near == 0.0F);
          }
          if (!has_opposite) continue;
          for (const float far : entry.in_groups(against.data(), row.data(), dimension)) {
            if (!(far <= 2.0F && far >= 2.0F - bound)) CHECK(far == 2.0F);
          }
        }
      }
    });
  }
}

// SPDX-License-Identifier: Apache-2.0
// tests/simd/kernel_entries_accuracy_test.cpp -- include/atlas/simd/kernel_entries.hpp: what the row kernels
// answer, for every dimension, between pages that nobody may read, on each instruction set of this CPU.
#include <atlas/simd/kernel_entries.hpp>

#include <atlas/simd/kernel_table.hpp>

#include "support/components.hpp"
#include "support/each_target.hpp"
#include "support/guarded_array.hpp"
#include "support/row_entries.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace {

using support::byte_vector;
using support::exact_sums;
using support::filling;
using support::guard;
using support::row_entry;

constexpr std::size_t longest = 1100;
/// Components from row to row: odd, so that rows lie at every alignment.
constexpr std::size_t stride = longest + 3;
/// One more than the rows that any target takes at once.
constexpr std::size_t row_count = 9;

/// A query and rows of one pair of types, and the exact sums for every dimension. With the guard behind, vectors of
/// d components are the last d of each row, so that they end at the page for every d; else they are the first d.
class guarded_case {
 public:
  guarded_case(const row_entry& entry, filling how, guard where)
      : query_type_(entry.query),
        row_type_(entry.row),
        where_(where),
        query_(support::random_components(1, entry.query, how, stride), where),
        rows_(all_rows(entry, how), where) {
    const std::vector<double> query = support::values_of(entry.query, query_.data(), stride);
    for (std::size_t row = 0; row < row_count; ++row) {
      const std::uint8_t* first = rows_.data() + row * support::bytes_of(entry.row, stride);
      const std::vector<double> values = support::values_of(entry.row, first, stride);
      std::vector<exact_sums> sums(1);
      for (std::size_t i = 0; i < stride; ++i) {
        const std::size_t at = where == guard::behind ? stride - 1 - i : i;
        sums.push_back(sums.back());
        sums.back().add(query[at], values[at]);
      }
      sums_.push_back(std::move(sums));
    }
  }
  [[nodiscard]] const std::uint8_t* query(std::size_t dimension) const {
    return query_.data() + skipped(query_type_, dimension);
  }
  [[nodiscard]] const std::uint8_t* rows(std::size_t dimension) const {
    return rows_.data() + skipped(row_type_, dimension);
  }
  [[nodiscard]] std::size_t stride_bytes() const { return support::bytes_of(row_type_, stride); }
  [[nodiscard]] const exact_sums& sums(std::size_t row, std::size_t dimension) const { return sums_[row][dimension]; }

 private:
  static byte_vector all_rows(const row_entry& entry, filling how) {
    byte_vector rows;
    for (std::size_t row = 0; row < row_count; ++row) {
      // The second row is nearly the query, where both have the type: there l2sq must not cancel.
      byte_vector next =
          support::random_components(row == 1 && entry.is_symmetric() ? 1 : 2 + row, entry.row, how, stride);
      for (std::size_t i = 17; row == 1 && i < stride; i += 61) {
        support::set_component(entry.row, next.data(), i, static_cast<double>(i % 2));
      }
      rows.insert(rows.end(), next.begin(), next.end());
    }
    return rows;
  }
  [[nodiscard]] std::size_t skipped(atlas::scalar type, std::size_t dimension) const {
    return where_ == guard::behind ? support::bytes_of(type, stride - dimension) : 0;
  }

  atlas::scalar query_type_;
  atlas::scalar row_type_;
  guard where_;
  support::guarded_array<std::uint8_t> query_;
  support::guarded_array<std::uint8_t> rows_;
  std::vector<std::vector<exact_sums>> sums_;
};

/// Cases are the same for all targets and operations; each is made once.
const guarded_case& case_of(const row_entry& entry, filling how, guard where) {
  static std::map<std::tuple<int, filling, guard>, std::unique_ptr<guarded_case>> made;
  auto& found = made[{entry.operands, how, where}];
  if (!found) found = std::make_unique<guarded_case>(entry, how, where);
  return *found;
}

/// Compares one batch with the exact sums.
template <class Right>
void check_batch(const row_entry& entry, const guarded_case& data, std::size_t dimension, Right right) {
  float out[row_count];
  entry.kernel()(data.query(dimension), data.rows(dimension), data.stride_bytes(), nullptr, row_count, dimension, out);
  for (std::size_t row = 0; row < row_count; ++row) {
    const exact_sums& sums = data.sums(row, dimension);
    if (right(sums, out[row])) continue;
    CAPTURE(dimension);
    CAPTURE(row);
    CAPTURE(out[row]);
    CAPTURE(support::rounded_answer(entry.what, sums));
    FAIL_CHECK("a wrong answer");
  }
}

}  // namespace

TEST_SUITE("simd") {
  TEST_CASE("row kernels: exact where float32 is, every dimension to 1,100, each end at an unreadable page") {
    support::on_each_target([] {
      for (const row_entry& entry : support::dense_entries()) {
        CAPTURE(entry.name);
        for (const guard where : {guard::behind, guard::before}) {
          const guarded_case& data = case_of(entry, filling::small, where);
          for (std::size_t dimension = 1; dimension <= longest; ++dimension) {
            check_batch(entry, data, dimension, [&](const exact_sums& sums, float found) {
              return found == support::rounded_answer(entry.what, sums);
            });
          }
        }
      }
    });
  }

  TEST_CASE("row kernels: floats keep the promised bound, sums of bytes are exact, every dimension to 1,100") {
    support::on_each_target([] {
      for (const row_entry& entry : support::dense_entries()) {
        CAPTURE(entry.name);
        const bool is_exact = !support::is_float(entry.query);
        for (std::size_t dimension = 1; dimension <= longest; ++dimension) {
          const filling how = is_exact && dimension % 4 < 2 ? filling::extremes : filling::wide;
          const guarded_case& data = case_of(entry, how, dimension % 2 == 0 ? guard::behind : guard::before);
          check_batch(entry, data, dimension, [&](const exact_sums& sums, float found) {
            return is_exact ? found == support::rounded_answer(entry.what, sums)
                            : support::keeps_bound(entry.what, sums, found);
          });
        }
      }
    });
  }

  TEST_CASE("row kernels: long vectors, to the greatest dimension") {
    // Where partial sums may be put together, and the limit.
    const std::vector<std::size_t> dimensions = {2048, 4095, 16384, 16385, 32767, 32768, 33025, atlas::max_dimension};
    for (const row_entry& entry : support::dense_entries()) {
      CAPTURE(entry.name);
      const bool is_exact = !support::is_float(entry.query);
      for (const filling how : {filling::wide, filling::extremes}) {
        const byte_vector query = support::random_components(3, entry.query, how, atlas::max_dimension);
        const byte_vector row = support::random_components(4, entry.row, how, atlas::max_dimension);
        for (const std::size_t dimension : dimensions) {
          CAPTURE(dimension);
          const exact_sums sums = support::sums_of(entry, query.data(), row.data(), dimension);
          support::on_each_target([&] {
            for (const float found : entry.in_groups(query.data(), row.data(), dimension)) {
              if (is_exact) {
                CHECK(found == support::rounded_answer(entry.what, sums));
              } else {
                CHECK(support::keeps_bound(entry.what, sums, found));
              }
            }
          });
        }
      }
    }
  }

  TEST_CASE("row kernels: sums of bytes neither overflow nor saturate where all components are extreme") {
    struct extreme {
      double query, row;
    };
    for (const row_entry& entry : support::dense_entries()) {
      if (support::is_float(entry.query)) continue;
      CAPTURE(entry.name);
      const bool is_signed = entry.query == atlas::scalar::i8;
      const std::vector<extreme> extremes =
          is_signed ? std::vector<extreme>{{-128, -128}, {-128, 127}, {127, -128}, {127, 127}, {-128, 0}, {0, 127}}
                    : std::vector<extreme>{{255, 255}, {255, 0}, {0, 255}, {255, 1}, {128, 128}};
      for (const extreme& each : extremes) {
        CAPTURE(each.query);
        CAPTURE(each.row);
        byte_vector query(atlas::max_dimension);
        byte_vector row(atlas::max_dimension);
        for (std::size_t i = 0; i < atlas::max_dimension; ++i) {
          support::set_component(entry.query, query.data(), i, each.query);
          support::set_component(entry.row, row.data(), i, each.row);
        }
        support::on_each_target([&] {
          for (const std::size_t dimension :
               {std::size_t{1}, std::size_t{2}, std::size_t{63}, std::size_t{64}, std::size_t{257}, std::size_t{4096},
                std::size_t{33024}, atlas::max_dimension - 1, atlas::max_dimension}) {
            CAPTURE(dimension);
            exact_sums sums;
            const auto count = static_cast<double>(dimension);
            sums.l2sq = count * (each.query - each.row) * (each.query - each.row);
            sums.dot = count * each.query * each.row;
            sums.query_squared = count * each.query * each.query;
            sums.row_squared = count * each.row * each.row;
            for (const float found : entry.in_groups(query.data(), row.data(), dimension)) {
              CHECK(found == support::rounded_answer(entry.what, sums));
            }
          }
        });
      }
    }
  }
}

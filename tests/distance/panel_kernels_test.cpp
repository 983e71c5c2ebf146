// tests/distance/panel_kernels_test.cpp -- mirrors include/atlas/distance/panel_kernels-inl.hpp and the panels of
// include/atlas/simd/x86_amx-inl.hpp and x86_vnni_panel-inl.hpp: each promise of panel_kernels and of select, for
// each panel of each instruction set of this CPU.
#include <atlas/simd/kernel_entries.hpp>

#include <atlas/simd/kernel_table.hpp>

#include "support/each_target.hpp"
#include "support/guarded_array.hpp"
#include "support/reference.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <vector>

TEST_SUITE("distance") {
namespace {

using atlas::kernels;
using atlas::kernels_v1::panel_kernels;

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

struct named_panel {
  const char* name;
  const panel_kernels* entries;
};

std::vector<named_panel> panels() {
  std::vector<named_panel> all = {{"f32", &kernels().panel}, {"f32, 16 queries", &kernels().panel_16}};
  if (kernels().panel_bf16 != nullptr) all.push_back({"bf16", kernels().panel_bf16});
  if (kernels().panel_i8 != nullptr) all.push_back({"i8", kernels().panel_i8});
  return all;
}

template <class Check>
void on_each_panel(Check&& check) {
  support::on_each_target([&] {
    for (const named_panel& panel : panels()) {
      CAPTURE(panel.name);
      check(*panel.entries);
    }
  });
}

/// Bytes aligned to 64, with a mark behind them that must stay.
class aligned_bytes {
 public:
  explicit aligned_bytes(std::size_t size) : size_(size), storage_(new char[size + 192]) {
    const auto address = reinterpret_cast<std::uintptr_t>(storage_.get());
    begin_ = storage_.get() + (64 - address % 64) % 64;
    std::memset(begin_, 0x5A, size + 64);
  }
  [[nodiscard]] char* data() const { return begin_; }
  [[nodiscard]] float* floats() const { return reinterpret_cast<float*>(begin_); }
  [[nodiscard]] bool is_intact_behind() const {
    for (std::size_t i = size_; i < size_ + 64; ++i) {
      if (begin_[i] != 0x5A) return false;
    }
    return true;
  }

 private:
  std::size_t size_;
  std::unique_ptr<char[]> storage_;
  char* begin_ = nullptr;
};

/// What the driver of a panel does: queries packed, rows prepared, products times the rows' scales.
struct computed {
  std::vector<float> products;     ///< [rows, queries of a panel]
  std::vector<float> differences;  ///< the same; empty if the panel has none
  std::vector<float> query_residuals;
  std::vector<float> row_residuals;
};

computed compute(const panel_kernels& entries, const float* queries, std::size_t query_stride, std::size_t query_count,
                 const float* rows, std::size_t row_stride, std::size_t row_count, std::size_t dimension) {
  computed answer;
  answer.query_residuals.assign(query_count + 1, -77.0F);
  answer.row_residuals.assign(row_count + 1, -77.0F);
  std::vector<float> scales(row_count + 1, -77.0F);

  const std::size_t panel_bytes = entries.panel_bytes(dimension);
  CHECK(panel_bytes % 64 == 0);
  const aligned_bytes panel(panel_bytes);
  entries.pack(queries, query_stride * sizeof(float), query_count, dimension, panel.data(),
               answer.query_residuals.data());
  CHECK(panel.is_intact_behind());
  CHECK(answer.query_residuals[query_count] == -77.0F);

  const std::size_t padded = (dimension + entries.padded_to - 1) / entries.padded_to * entries.padded_to;
  const std::size_t prepared_stride = (padded * entries.component_bytes + 63) / 64 * 64;
  const aligned_bytes prepared(entries.prepare == nullptr ? 0 : row_count * prepared_stride);
  const void* compared = rows;
  std::size_t compared_stride = row_stride * sizeof(float);
  if (entries.prepare != nullptr) {
    entries.prepare(rows, row_stride * sizeof(float), row_count, dimension, prepared.data(), prepared_stride,
                    scales.data(), answer.row_residuals.data());
    CHECK(prepared.is_intact_behind());
    CHECK(scales[row_count] == -77.0F);
    CHECK(answer.row_residuals[row_count] == -77.0F);
    compared = prepared.data();
    compared_stride = prepared_stride;
  } else {
    scales.assign(row_count + 1, 1.0F);
    answer.row_residuals.assign(row_count + 1, 0.0F);
  }

  const aligned_bytes out(row_count * entries.queries * sizeof(float));
  if (entries.begin != nullptr) REQUIRE(entries.begin());
  entries.products(panel.data(), compared, compared_stride, row_count, dimension, out.floats());
  if (entries.begin != nullptr) entries.end();
  CHECK(out.is_intact_behind());
  answer.products.assign(out.floats(), out.floats() + row_count * entries.queries);
  for (std::size_t i = 0; i < answer.products.size(); ++i) answer.products[i] *= scales[i / entries.queries];
  if (entries.differences != nullptr) {
    const aligned_bytes sums(row_count * entries.queries * sizeof(float));
    entries.differences(panel.data(), compared, compared_stride, row_count, dimension, sums.floats());
    CHECK(sums.is_intact_behind());
    answer.differences.assign(sums.floats(), sums.floats() + row_count * entries.queries);
  }
  return answer;
}

/// How far a product may be off: of what is stored, (dimension + 8) * 2^-24 |query| |row| and one rounding by the
/// scale; and what storing lost.
double product_bound(double query_length, double row_length, double query_residual, double row_residual,
                     std::size_t dimension) {
  const double stored_query = query_length + query_residual;
  const double stored_row = row_length + row_residual;
  const double lost = query_residual * row_length + stored_query * row_residual;
  return static_cast<double>(dimension + 9) * std::ldexp(1.0, -24) * stored_query * stored_row + lost;
}

std::vector<std::size_t> dimensions() {
  std::vector<std::size_t> all;
  for (std::size_t dimension = 0; dimension <= 20; ++dimension) all.push_back(dimension);
  for (const std::size_t near : {32U, 48U, 64U, 96U, 128U, 256U, 784U, 1100U}) {
    for (std::size_t dimension = near - 1; dimension <= near + 1; ++dimension) all.push_back(dimension);
  }
  return all;
}

bool same_bits(float left, float right) { return std::memcmp(&left, &right, sizeof left) == 0; }

/// The contract, literally.
std::vector<std::uint32_t> selected(const std::vector<float>& products, std::size_t count, std::size_t queries,
                                    const std::vector<float>& factors, const std::vector<float>& terms,
                                    const std::vector<float>& limits) {
  std::vector<std::uint32_t> found;
  for (std::size_t i = 0; i < count * queries; ++i) {
    const double value = static_cast<double>(products[i]) * static_cast<double>(factors[i / queries]) +
                         static_cast<double>(terms[i / queries]);
    if (!(value > static_cast<double>(limits[i % queries]))) found.push_back(static_cast<std::uint32_t>(i));
  }
  return found;
}

}  // namespace

  TEST_CASE("panels: their shape is what the contract allows") {
    on_each_panel([](const panel_kernels& entries) {
      CHECK(entries.queries % 16 == 0);
      CHECK(entries.queries >= 16);
      CHECK(entries.queries <= 64);
      CHECK(entries.rows_at_once >= 1);
      CHECK(entries.padded_to >= 1);
      CHECK((entries.begin == nullptr) == (entries.end == nullptr));
      // Differences of rows that were prepared would be those of coarser rows.
      CHECK((entries.differences == nullptr) == (entries.prepare != nullptr));
    });
    support::on_each_target([] { CHECK(kernels().panel_16.queries == 16); });
  }

  TEST_CASE("panels: products agree with float64 within the promised bound, at any dimension, stride and alignment") {
    on_each_panel([](const panel_kernels& entries) {
      for (const std::size_t dimension : dimensions()) {
        CAPTURE(dimension);
        const std::size_t offset = dimension % 3;  // floats before the first row: no vector is aligned
        const std::size_t stride = dimension + dimension % 4;
        const std::size_t row_count = entries.rows_at_once + 5;
        const auto queries = support::random_vector(dimension + 1, offset + entries.queries * stride);
        const auto rows = support::random_vector(dimension + 2, offset + row_count * stride);
        const float* const first_query = queries.data() + offset;
        const float* const first_row = rows.data() + offset;
        const computed answer =
            compute(entries, first_query, stride, entries.queries, first_row, stride, row_count, dimension);
        bool all_within = true;
        for (std::size_t row = 0; row < row_count; ++row) {
          const float* const from = first_row + row * stride;
          const double row_length = std::sqrt(support::dot_float64(from, from, dimension));
          for (std::size_t query = 0; query < entries.queries; ++query) {
            const float* const with = first_query + query * stride;
            const double query_length = std::sqrt(support::dot_float64(with, with, dimension));
            const double exact = support::dot_float64(with, from, dimension);
            const double bound =
                product_bound(query_length, row_length, static_cast<double>(answer.query_residuals[query]),
                              static_cast<double>(answer.row_residuals[row]), dimension);
            const double off = std::abs(static_cast<double>(answer.products[row * entries.queries + query]) - exact);
            all_within = all_within && off <= bound;
          }
        }
        CHECK(all_within);
      }
    });
  }

  TEST_CASE("panels: differences keep their relative bound, of near vectors far from the origin too") {
    on_each_panel([](const panel_kernels& entries) {
      if (entries.differences == nullptr) return;
      for (const std::size_t dimension : dimensions()) {
        CAPTURE(dimension);
        const std::size_t offset = dimension % 3;
        const std::size_t stride = dimension + dimension % 4;
        const std::size_t row_count = entries.rows_at_once + 5;
        auto queries = support::random_vector(dimension + 1, offset + entries.queries * stride);
        auto rows = support::random_vector(dimension + 2, offset + row_count * stride);
        if (dimension % 2 == 0) {
          // Lengths of a thousand times their distance: taken from products, nothing of that distance would be left.
          for (float& component : queries) component += 1000.0F;
          for (float& component : rows) component += 1000.0F;
        }
        const computed answer = compute(entries, queries.data() + offset, stride, entries.queries,
                                        rows.data() + offset, stride, row_count, dimension);
        REQUIRE(answer.differences.size() == row_count * entries.queries);
        bool all_within = true;
        for (std::size_t row = 0; row < row_count; ++row) {
          for (std::size_t query = 0; query < entries.queries; ++query) {
            const double exact = support::l2sq_float64(queries.data() + offset + query * stride,
                                                       rows.data() + offset + row * stride, dimension);
            const double off = std::abs(static_cast<double>(answer.differences[row * entries.queries + query]) - exact);
            all_within = all_within && off <= support::l2sq_bound(exact, dimension);
          }
        }
        CHECK(all_within);
      }
    });
  }

  TEST_CASE("panels: what a smaller type loses is small") {
    on_each_panel([](const panel_kernels& entries) {
      constexpr std::size_t dimension = 200;
      const auto rows = support::random_vector(1, 8 * dimension);
      const computed answer = compute(entries, rows.data(), dimension, 8, rows.data(), dimension, 8, dimension);
      for (std::size_t row = 0; row < 8; ++row) {
        const float* const from = rows.data() + row * dimension;
        const double length = std::sqrt(support::dot_float64(from, from, dimension));
        // Half a step of 1/127 of the largest component, or of 2^-8 of each; both are below 1 % of these lengths.
        CHECK(static_cast<double>(answer.row_residuals[row]) <= 0.01 * length);
        CHECK(same_bits(answer.row_residuals[row], answer.query_residuals[row]));
      }
    });
  }

  TEST_CASE("panels: exact for integers that every stored type holds") {
    on_each_panel([](const panel_kernels& entries) {
      for (const std::size_t dimension : dimensions()) {
        CAPTURE(dimension);
        auto queries = support::random_integers(dimension + 3, entries.queries * dimension, 10);
        auto rows = support::random_integers(dimension + 4, 19 * dimension, 10);
        // The largest component is 127, so that the scale of int8 is 1.
        for (std::size_t i = 0; i < queries.size(); i += dimension) queries[i] = 127.0F;
        for (std::size_t i = 0; i < rows.size(); i += dimension) rows[i] = -127.0F;
        const computed answer =
            compute(entries, queries.data(), dimension, entries.queries, rows.data(), dimension, 19, dimension);
        bool all_same = true;
        for (std::size_t row = 0; row < 19; ++row) {
          for (std::size_t query = 0; query < entries.queries; ++query) {
            const double exact =
                support::dot_float64(queries.data() + query * dimension, rows.data() + row * dimension, dimension);
            all_same = all_same && static_cast<double>(answer.products[row * entries.queries + query]) == exact;
          }
          CHECK(answer.row_residuals[row] <= 1e-16F);
        }
        CHECK(all_same);
      }
    });
  }

  TEST_CASE("panels: a pair gives the same bits in whatever lane, count of rows and count of queries it is met") {
    on_each_panel([](const panel_kernels& entries) {
      for (const std::size_t dimension : {1U, 5U, 33U, 100U}) {
        CAPTURE(dimension);
        const std::size_t most = 2 * entries.rows_at_once + 3;
        const auto queries = support::random_vector(5, entries.queries * dimension);
        const auto rows = support::random_vector(6, most * dimension);
        const computed whole =
            compute(entries, queries.data(), dimension, entries.queries, rows.data(), dimension, most, dimension);
        for (std::size_t count = 0; count <= most; ++count) {
          CAPTURE(count);
          const std::size_t query_count = 1 + count % entries.queries;
          // The last rows and the last queries: another lane, another place in a tile.
          const std::size_t first_row = most - count;
          const std::size_t first_query = entries.queries - query_count;
          const computed part = compute(entries, queries.data() + first_query * dimension, dimension, query_count,
                                        rows.data() + first_row * dimension, dimension, count, dimension);
          bool all_same = true;
          for (std::size_t row = 0; row < count; ++row) {
            for (std::size_t lane = 0; lane < entries.queries; ++lane) {
              const std::size_t in_part = row * entries.queries + lane;
              const std::size_t in_whole = (first_row + row) * entries.queries + first_query + lane;
              const float want = lane < query_count ? whole.products[in_whole] : 0.0F;
              all_same = all_same && part.products[in_part] == want;
              if (entries.differences == nullptr) continue;
              if (lane < query_count) {
                all_same = all_same && same_bits(part.differences[in_part], whole.differences[in_whole]);
              } else {
                const float* const from = rows.data() + (first_row + row) * dimension;
                const double squared = support::dot_float64(from, from, dimension);
                const double off = std::abs(static_cast<double>(part.differences[in_part]) - squared);
                all_same = all_same && off <= support::l2sq_bound(squared, dimension);
              }
            }
          }
          CHECK(all_same);
        }
      }
    });
  }

  TEST_CASE("panels: 16 queries give the bits of the panel that holds more") {
    support::on_each_target([] {
      constexpr std::size_t dimension = 131;
      const auto queries = support::random_vector(7, 16 * dimension);
      const auto rows = support::random_vector(8, 50 * dimension);
      const panel_kernels& wide = kernels().panel;
      const computed few =
          compute(kernels().panel_16, queries.data(), dimension, 16, rows.data(), dimension, 50, dimension);
      const computed many = compute(wide, queries.data(), dimension, 16, rows.data(), dimension, 50, dimension);
      bool all_same = true;
      for (std::size_t row = 0; row < 50; ++row) {
        for (std::size_t lane = 0; lane < 16; ++lane) {
          all_same = all_same && same_bits(few.products[row * 16 + lane], many.products[row * wide.queries + lane]) &&
                     same_bits(few.differences[row * 16 + lane], many.differences[row * wide.queries + lane]);
        }
      }
      CHECK(all_same);
    });
  }

  TEST_CASE("panels: nothing outside queries and rows is read") {
    on_each_panel([](const panel_kernels& entries) {
      for (const auto where : {support::guard::behind, support::guard::before}) {
        for (const std::size_t dimension : dimensions()) {
          CAPTURE(dimension);
          const support::guarded_array<float> queries(support::random_vector(9, 3 * dimension), where);
          const support::guarded_array<float> rows(support::random_vector(10, 7 * dimension), where);
          const computed answer = compute(entries, queries.data(), dimension, 3, rows.data(), dimension, 7, dimension);
          CHECK(answer.products.size() == 7 * entries.queries);
          CHECK(answer.differences.size() == (entries.differences == nullptr ? 0 : 7 * entries.queries));
        }
      }
    });
  }

  TEST_CASE("panels: prepared rows that end with their block, for any count") {
    on_each_panel([](const panel_kernels& entries) {
      if (entries.prepare == nullptr) return;
      constexpr std::size_t dimension = 70;
      const std::size_t prepared_stride = 192;  // 70 components of 2 bytes or 1, padded, are at most this
      const auto queries = support::random_vector(1, 4 * dimension);
      const aligned_bytes panel(entries.panel_bytes(dimension));
      float residuals[64];
      entries.pack(queries.data(), dimension * sizeof(float), 4, dimension, panel.data(), residuals);
      if (entries.begin != nullptr) REQUIRE(entries.begin());
      for (std::size_t count = 1; count <= 64; ++count) {
        // 192 bytes a row are 48 floats: the buffer ends at an unreadable page.
        const support::guarded_array<float> prepared(std::vector<float>(count * prepared_stride / sizeof(float), 0.0F));
        const aligned_bytes out(count * entries.queries * sizeof(float));
        entries.products(panel.data(), prepared.data(), prepared_stride, count, dimension, out.floats());
        CHECK(out.is_intact_behind());
      }
      if (entries.end != nullptr) entries.end();
    });
  }

  TEST_CASE("panels: NaN and infinity in a row or a query never look like an ordinary product") {
    on_each_panel([](const panel_kernels& entries) {
      for (const std::size_t dimension : {1U, 17U, 40U, 65U, 130U}) {
        for (const float special : {not_a_number, infinity, -infinity}) {
          for (std::size_t at = 0; at < dimension; at += 7) {
            CAPTURE(dimension);
            CAPTURE(at);
            auto queries = support::random_vector(11, 3 * dimension);
            auto rows = support::random_vector(12, 5 * dimension);
            rows[2 * dimension + at] = special;
            const computed with_row =
                compute(entries, queries.data(), dimension, 3, rows.data(), dimension, 5, dimension);
            bool right = true;
            for (std::size_t row = 0; row < 5; ++row) {
              for (std::size_t query = 0; query < 3; ++query) {
                const std::size_t at_pair = row * entries.queries + query;
                right = right && std::isfinite(with_row.products[at_pair]) == (row != 2);
                if (entries.differences != nullptr) {
                  const float difference = with_row.differences[at_pair];
                  right = right && (row != 2 ? std::isfinite(difference)
                                             : std::isnan(difference) == std::isnan(special) && !std::isfinite(difference));
                }
              }
              if (entries.prepare != nullptr) {
                right = right && std::isfinite(with_row.row_residuals[row]) == (row != 2);
              }
            }
            CHECK(right);

            rows[2 * dimension + at] = 1.0F;
            queries[dimension + at] = special;
            const computed with_query =
                compute(entries, queries.data(), dimension, 3, rows.data(), dimension, 5, dimension);
            right = true;
            for (std::size_t row = 0; row < 5; ++row) {
              for (std::size_t query = 0; query < 3; ++query) {
                const std::size_t at_pair = row * entries.queries + query;
                right = right && std::isfinite(with_query.products[at_pair]) == (query != 1);
                if (entries.differences != nullptr) {
                  right = right && std::isfinite(with_query.differences[at_pair]) == (query != 1);
                }
              }
            }
            if (entries.prepare != nullptr) right = right && !std::isfinite(with_query.query_residuals[1]);
            CHECK(right);
          }
        }
      }
    });
  }

  TEST_CASE("panels: residuals bound what is lost also of very large and very small numbers") {
    on_each_panel([](const panel_kernels& entries) {
      constexpr std::size_t dimension = 50;
      for (const float size : {1e-44F, 1e-38F, 1e-30F, 1e-20F, 1e-10F, 1e10F, 1e19F, 1e30F, 3.4e38F}) {
        CAPTURE(size);
        auto rows = support::random_vector(13, 4 * dimension);
        for (float& component : rows) component *= size;
        const auto queries = support::random_vector(14, 2 * dimension);
        const computed answer = compute(entries, queries.data(), dimension, 2, rows.data(), dimension, 4, dimension);
        for (std::size_t row = 0; row < 4; ++row) {
          const float* const from = rows.data() + row * dimension;
          const double row_length = std::sqrt(support::dot_float64(from, from, dimension));
          for (std::size_t query = 0; query < 2; ++query) {
            const float* const with = queries.data() + query * dimension;
            const double query_length = std::sqrt(support::dot_float64(with, with, dimension));
            const float product = answer.products[row * entries.queries + query];
            // Products below the least normal float may count as 0.
            const double bound =
                product_bound(query_length, row_length, static_cast<double>(answer.query_residuals[query]),
                              static_cast<double>(answer.row_residuals[row]), dimension) +
                static_cast<double>(dimension) * std::ldexp(1.0, -126);
            const double off = std::abs(static_cast<double>(product) - support::dot_float64(with, from, dimension));
            CHECK((!(off > bound) || !std::isfinite(product)));
          }
        }
      }
    });
  }

  TEST_CASE("select: the same as a plain loop, with NaN and infinity, for any count") {
    support::on_each_target([] {
      const float specials[] = {not_a_number, infinity, -infinity, 0.0F, -0.0F};
      for (const std::size_t queries : {16U, 32U, 48U, 64U}) {
        for (std::size_t count = 0; count <= 21; ++count) {
          for (const int density : {0, 1, 50, 100}) {
            CAPTURE(queries);
            CAPTURE(count);
            CAPTURE(density);
            // Small integers: exact with and without a fused multiplication.
            auto products = support::random_integers(count + 1, count * queries + 16, 100);
            auto factors = support::random_integers(count + 2, count + 4, 3);
            auto terms = support::random_integers(count + 3, count + 4, 10);
            auto limits = support::random_integers(count + 4, queries, 300);
            for (float& limit : limits) limit += static_cast<float>(density - 50) * 20.0F;
            if (density == 50) {
              for (std::size_t i = 0; i < products.size(); i += 13) products[i] = specials[i % 5];
              if (count > 4) factors[4] = not_a_number;
              if (count > 6) terms[6] = infinity;
              if (count > 7) terms[7] = -infinity;
              limits[3] = infinity;
              limits[4] = -infinity;
              limits[5] = not_a_number;
            }
            const aligned_bytes aligned(count * queries * sizeof(float));
            std::memcpy(aligned.data(), products.data(), count * queries * sizeof(float));
            std::vector<std::uint32_t> found(count * queries + 1, 0xFFFFFFFFU);
            const std::size_t found_count = kernels().select(aligned.floats(), count, queries, factors.data(),
                                                             terms.data(), limits.data(), found.data());
            const auto want = selected(products, count, queries, factors, terms, limits);
            REQUIRE(found_count == want.size());
            CHECK(found[count * queries] == 0xFFFFFFFFU);
            found.resize(found_count);
            CHECK(found == want);
          }
        }
      }
    });
  }

  TEST_CASE("select: reads no more factors, terms and limits than there are rows and lanes") {
    support::on_each_target([] {
      for (std::size_t count = 1; count <= 9; ++count) {
        const support::guarded_array<float> factors(std::vector<float>(count, 1.0F));
        const support::guarded_array<float> terms(std::vector<float>(count, 1.0F));
        const support::guarded_array<float> limits(std::vector<float>(16, 5.0F));
        const support::guarded_array<float> products(std::vector<float>(count * 16, 2.0F));
        std::vector<std::uint32_t> found(count * 16);
        CHECK(kernels().select(products.data(), count, 16, factors.data(), terms.data(), limits.data(), found.data()) ==
              count * 16);
      }
    });
  }
}

// SPDX-License-Identifier: Apache-2.0
// tests/index/recall_measure_test.cpp -- mirrors include/atlas/index/recall_measure.hpp, with searches that are made up.
#include <atlas/index/recall_measure.hpp>

#include "support/error_line.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <utility>
#include <vector>

using atlas::errc;
using atlas::detail::own_row;
using atlas::detail::recall_measure;
using support::failed_as;

TEST_SUITE("recall_measure") {
namespace {

constexpr std::size_t dimension = 5;

struct measured_rows {
  explicit measured_rows(atlas::metric metric, std::size_t count = 300) : vectors(support::random_vector(1, count * dimension)) {
    rows.create(atlas::row_layout(dimension, metric), 0).value();
    keys.resize(count);
    for (std::size_t i = 0; i < count; ++i) keys[i] = 1000 + i;
    rows.publish(append(0, count));
  }
  atlas::row_batch append(std::size_t first, std::size_t count, std::uint64_t more = 0) {
    std::vector<std::uint64_t> theirs(keys.begin() + static_cast<std::ptrdiff_t>(first), keys.begin() + static_cast<std::ptrdiff_t>(first + count));
    for (std::uint64_t& key : theirs) key += more;
    return rows.append({theirs.data(), count}, atlas::dense(vectors.data() + first * dimension, count, dimension), atlas::on_duplicate::refuse).value();
  }
  [[nodiscard]] atlas::detail::measured_index index() { return {rows, pool, scratches, epochs}; }
  [[nodiscard]] atlas::matrix_view first(std::size_t count) const { return atlas::dense(vectors.data(), count, dimension); }
  /// Rows by their distance to a query, and of equal ones by number.
  [[nodiscard]] std::vector<atlas::candidate> all(const float* query, std::uint32_t without = ~0U) const {
    std::vector<float> unit(query, query + dimension);
    const float inverse = atlas::detail::checked_inverse_norm(query, dimension, rows.layout().metric).value();
    for (float& value : unit) value *= inverse;
    std::vector<atlas::candidate> found;
    for (std::uint32_t row = 0; row < rows.row_count(); ++row) {
      if (row == without || rows.state(row) != atlas::row_state::live) continue;
      float distance = 0;
      rows.layout().block(unit.data(), rows.vectors(), row, 1, &distance);
      found.push_back({distance, row});
    }
    std::sort(found.begin(), found.end());
    return found;
  }
  std::vector<float> vectors;
  std::vector<std::uint64_t> keys;
  atlas::row_store rows;
  atlas::thread_pool pool{3};
  atlas::scratch_list scratches;
  atlas::reader_epochs epochs;
};

constexpr atlas::metric metrics[] = {atlas::metric::l2sq, atlas::metric::inner_product, atlas::metric::cosine};

}  // namespace

  TEST_CASE("hits: searches that find the nearest have all, those that find every other half, on any number of threads") {
    for (const atlas::metric metric : metrics) {
      measured_rows in(metric);
      in.rows.remove(1007).value();
      const auto queries = support::random_vector(2, 40 * dimension);
      const atlas::matrix_view view = atlas::dense(queries.data(), 40, dimension);
      for (const unsigned threads : {1U, 3U}) {
        const atlas::tune_options options{.k = 6, .recall = 0.5, .threads = threads};
        recall_measure measure(in.index(), view, options);
        measure.expect_passes(3);
        REQUIRE(measure.find_exact_answers().ok());
        std::vector<std::vector<atlas::candidate>> nearest(40);
        for (std::size_t i = 0; i < 40; ++i) nearest[i] = in.all(view.row(i));
        const auto all = measure.count_hits([&](atlas::search_scratch&, std::size_t query) -> atlas::result<atlas::detail::found_rows> {
          return atlas::detail::found_rows{nearest[query].data(), 6};
        });
        CHECK(all.value() == 40 * 6);
        std::size_t exact = 0;
        for (std::size_t i = 0; i < 40; ++i) {
          for (std::size_t place = 0; place < nearest[i].size(); ++place) exact += measure.is_exact(i, nearest[i][place].row) == (place < 6) ? 1U : 0U;
        }
        CHECK(exact == 40 * nearest[0].size());
        CHECK(measure.recall_of(*all) == 1.0);
        const auto half = measure.count_hits([&](atlas::search_scratch&, std::size_t query) -> atlas::result<atlas::detail::found_rows> {
          return atlas::detail::found_rows{nearest[query].data() + 3, 6};
        });
        CHECK(half.value() == 40 * 3);
        CHECK(measure.is_enough(*half));
        CHECK_FALSE(measure.is_enough(*half - 1));
        const auto failed = measure.count_hits([&](atlas::search_scratch&, std::size_t query) -> atlas::result<atlas::detail::found_rows> {
          if (query == 17) return atlas::error{errc::io, "vectors"};
          return atlas::detail::found_rows{};
        });
        CHECK(failed_as(failed, errc::io));
      }
    }
  }

  TEST_CASE("own row: of queries that are rows, each one's own is no answer, however many are like it") {
    for (const atlas::metric metric : {atlas::metric::l2sq, atlas::metric::cosine}) {
      measured_rows in(metric);
      in.rows.publish(in.append(0, 10, 5000));  // ten of them twice
      const atlas::tune_options options{.k = 4};
      recall_measure measure(in.index(), in.first(20), options, own_row::left_out);
      measure.expect_passes(1);
      REQUIRE(measure.find_exact_answers().ok());
      for (std::size_t i = 0; i < 20; ++i) CHECK((measure.own_key(i) == 1000 + i || (i < 10 && measure.own_key(i) == 6000 + i)));
      std::vector<std::vector<atlas::candidate>> others(20);
      for (std::size_t i = 0; i < 20; ++i) others[i] = in.all(in.first(20).row(i), in.rows.find(measure.own_key(i)));
      for (std::size_t i = 0; i < 20; ++i) {
        CHECK_FALSE(measure.is_exact(i, in.rows.find(measure.own_key(i))));
        for (std::size_t place = 0; place < 4; ++place) CHECK(measure.is_exact(i, others[i][place].row));
      }
      const auto hits = measure.count_hits([&](atlas::search_scratch&, std::size_t query) -> atlas::result<atlas::detail::found_rows> {
        return atlas::detail::found_rows{others[query].data(), 4};
      });
      CHECK(measure.recall_of(*hits) == 1.0);
      const auto farther = measure.count_hits([&](atlas::search_scratch&, std::size_t query) -> atlas::result<atlas::detail::found_rows> {
        return atlas::detail::found_rows{others[query].data() + 5, 4};
      });
      CHECK(*farther == 0);  // behind the fourth nearest and what may be its twin
    }
  }

  TEST_CASE("own row: where products say what is near, the most alike of the k + 1 nearest is left out") {
    measured_rows in(atlas::metric::inner_product);
    const atlas::tune_options options{.k = 4};
    recall_measure measure(in.index(), in.first(50), options, own_row::left_out);
    measure.expect_passes(1);
    REQUIRE(measure.find_exact_answers().ok());
    for (std::size_t i = 0; i < 50; ++i) {
      const auto nearest = in.all(in.first(50).row(i));
      const bool is_near = std::any_of(nearest.begin(), nearest.begin() + 5, [&](const atlas::candidate& one) { return one.row == i; });
      CHECK((measure.own_key(i) == 1000 + i) == is_near);
      CHECK(std::any_of(nearest.begin(), nearest.begin() + 5, [&](const atlas::candidate& one) { return in.rows.key(one.row) == measure.own_key(i); }));
    }
  }

  TEST_CASE("exact answers: among given rows those that are being added count too, and what was removed does not") {
    measured_rows in(atlas::metric::l2sq, 60);
    const auto pending = in.append(0, 20, 5000);
    in.rows.remove(1003).value();
    std::vector<std::uint32_t> ids;
    for (std::uint32_t row = 0; row < in.rows.row_count(); ++row) ids.push_back(row);
    const atlas::tune_options options{.k = 1};
    for (const bool are_given : {false, true}) {
      recall_measure measure(in.index(), in.first(20), options, own_row::left_out);
      measure.expect_passes(1);
      REQUIRE(measure.find_exact_answers(are_given ? ids.data() : nullptr, are_given ? ids.size() : 0).ok());
      const float none = 0.0F;
      const auto hits = measure.count_hits([&](atlas::search_scratch& scratch, std::size_t) -> atlas::result<atlas::detail::found_rows> {
        scratch.answers.clear();
        if (const atlas::status pushed = scratch.answers.push({none, 0}); !pushed.ok()) return pushed.error();
        return atlas::detail::found_rows{scratch.answers.data(), 1};
      });
      // Something at distance 0 is as near as the nearest other one anyway; recall counts no more than there are answers.
      CHECK(*hits == 20);
      const auto far = measure.count_hits([&](atlas::search_scratch& scratch, std::size_t) -> atlas::result<atlas::detail::found_rows> {
        scratch.answers.clear();
        if (const atlas::status pushed = scratch.answers.push({1e-6F, 0}); !pushed.ok()) return pushed.error();
        return atlas::detail::found_rows{scratch.answers.data(), 1};
      });
      CHECK(*far == (are_given ? 1 : 20));  // all but row 3, which was removed, have one like them that is being added
    }
    in.rows.publish(pending);
  }

  TEST_CASE("exact answers: none at all is an error that says what was expected") {
    measured_rows in(atlas::metric::l2sq, 1);
    const atlas::tune_options options{.k = 3};
    recall_measure alone(in.index(), in.first(1), options, own_row::left_out);
    alone.expect_passes(1);
    const auto said = alone.find_exact_answers();
    CHECK(failed_as(said, errc::invalid_argument));
    CHECK(support::says_both(said));
    in.rows.remove(1000).value();
    recall_measure empty(in.index(), in.first(1), options);
    empty.expect_passes(1);
    CHECK(failed_as(empty.find_exact_answers(), errc::invalid_argument));
  }

  TEST_CASE("time: every way is asked as often for each of some queries, and progress ends at the end") {
    measured_rows in(atlas::metric::l2sq, 30);
    std::uint64_t last = 0;
    std::uint64_t all = 0;
    bool is_in_order = true;
    const auto report = [&](std::uint64_t done, std::uint64_t total) {
      is_in_order = is_in_order && done >= last && done <= total;
      last = done;
      all = total;
      return true;
    };
    const atlas::tune_options options{.k = 3, .on_progress = report};
    recall_measure measure(in.index(), in.first(20), options);
    measure.expect_passes(0);
    REQUIRE(measure.find_exact_answers().ok());
    std::vector<std::size_t> asked(20 * 2, 0);
    double sums[2] = {-1, -1};
    const auto count = measure.time(2, sums, [&](atlas::search_scratch&, std::size_t query, std::size_t way) -> atlas::result<atlas::detail::found_rows> {
      ++asked[query * 2 + way];
      return atlas::detail::found_rows{};
    });
    CHECK(count.value() == 20);
    for (std::size_t i = 0; i < 20; ++i) {
      CHECK(asked[i * 2] == asked[i * 2 + 1] + 1);  // once to warm up
      CHECK(asked[i * 2 + 1] >= 9);
    }
    CHECK(sums[0] >= 0);
    CHECK(sums[1] >= 0);
    CHECK(is_in_order);
    CHECK(last == all);
  }
}

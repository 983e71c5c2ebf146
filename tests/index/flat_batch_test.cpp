// tests/index/flat_batch_test.cpp -- mirrors include/atlas/index/flat_batch.hpp: a batch answers as one query after another.
#include <atlas/index/flat_batch.hpp>

#include <atlas/flat.hpp>

#include "support/each_target.hpp"
#include "support/index_answers.hpp"
#include "support/index_cases.hpp"
#include "support/nearest_model.hpp"
#include "support/repetitions.hpp"
#include "support/threads.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

TEST_SUITE("index") {
namespace {

using atlas::first_pass;

/// Every query of a batch as it is answered alone, on one thread.
void check_batch(const atlas::flat<float>& index, const atlas::matrix_view& queries, atlas::search_options options) {
  std::vector<support::answer> want;
  options.threads = 1;
  for (std::size_t query = 0; query < queries.rows; ++query) {
    want.push_back(support::search(index, queries.subrows(query, 1), options)[0]);
  }
  for (const unsigned threads : {0U, 1U, 2U, 4U}) {
    if (support::under_address_sanitizer && threads % 4 == 0) continue;  // of which a target takes seconds there
    for (const first_pass pass : {first_pass::f32, first_pass::bf16, first_pass::i8}) {
      CAPTURE(threads);
      CAPTURE(static_cast<int>(pass));
      options.threads = threads;
      options.first_pass = pass;
      CHECK(support::search(index, queries, options) == want);
    }
  }
}

}  // namespace

  TEST_CASE("flat batch: the answers of one query after another, with filters and removed rows, on every target") {
    const auto check = [] {
      for (const atlas::metric metric : support::float_metrics) {
        CAPTURE(std::string(atlas::name(metric)));
        for (const std::string kind : {"random", "few values", "all alike", "far away", "lengths"}) {
          if (support::under_thread_sanitizer && kind != "few values") continue;
          CAPTURE(kind);
          auto rows = support::make_block(kind, 1, 1300, 19, 0);
          for (std::size_t row = 0; row < rows.rows; ++row) rows.row(row)[0] += 3.0F;  // none of length 0
          auto queries = support::make_block(kind, 2, 35, 19, 3);
          for (std::size_t row = 0; row < queries.rows; ++row) queries.row(row)[0] += 3.0F;
          auto index = atlas::flat<float>::create({.dimension = 19, .metric = metric}).value();
          std::vector<std::uint64_t> keys(1300);
          for (std::size_t i = 0; i < keys.size(); ++i) keys[i] = 5000 - i;
          index.add(keys, rows.view()).value();
          check_batch(index, queries.view(), {.k = 7});
          for (std::size_t i = 0; i < keys.size(); i += 3) index.remove(keys[i]).value();
          const auto even = [](std::uint64_t key) { return key % 2 == 0; };
          const auto few = [](std::uint64_t key) { return key % 97 == 0; };
          check_batch(index, queries.view(), {.k = 7});
          check_batch(index, queries.view().subrows(0, 3), {.k = 2000});
          check_batch(index, queries.view(), {.k = 7, .allowed = {.predicate = even}});
          check_batch(index, queries.view(), {.k = 7, .allowed = {.predicate = few}});
        }
      }
    };
    if (support::under_thread_sanitizer) {
      check();  // threads meet alike on every target and with all vectors, of which each takes seconds there
    } else {
      support::on_each_target(check);
    }
  }

  TEST_CASE("flat batch: an empty index, and one whose rows are all removed") {
    auto index = atlas::flat<float>::create({.dimension = 3}).value();
    const std::vector<float> queries(30, 1.0F);
    const auto nothing = support::search(index, atlas::dense(queries.data(), 10, 3), {.k = 2, .threads = 2});
    for (const auto& each : nothing) CHECK(each.keys.empty());
    index.add(std::vector<std::uint64_t>{1}, atlas::dense(queries.data(), 1, 3)).value();
    index.remove(1).value();
    CHECK(support::search(index, atlas::dense(queries.data(), 10, 3), {.k = 2}) == nothing);
  }

  TEST_CASE("flat batch: a filter may search the index by itself") {
    const auto rows = support::make_block("random", 3, 700, 16, 0);
    const auto queries = support::make_block("random", 4, 20, 16, 0);
    auto index = atlas::flat<float>::create({.dimension = 16}).value();
    std::vector<std::uint64_t> keys(700);
    for (std::size_t i = 0; i < keys.size(); ++i) keys[i] = i;
    index.add(keys, rows.view()).value();
    for (const first_pass pass : {first_pass::f32, first_pass::bf16, first_pass::i8}) {
      CAPTURE(static_cast<int>(pass));
      const atlas::search_options plain{.k = 5, .threads = 1, .first_pass = pass};
      const auto want = support::search(index, queries.view(), plain);
      bool is_same = true;
      const auto searches = [&](std::uint64_t key) {
        if (key % 50 == 49) is_same = is_same && support::search(index, queries.view(), plain) == want;
        return true;
      };
      auto filtered = plain;
      filtered.allowed.predicate = searches;
      CHECK(support::search(index, queries.view(), filtered) == want);
      CHECK(is_same);
    }
  }

  TEST_CASE("flat: a first pass that does not exist is refused") {
    auto index = atlas::flat<float>::create({.dimension = 1}).value();
    const float query = 0;
    support::hit_buffers hits(1, 1);
    const auto refused = index.search(atlas::dense(&query, 1, 1), {.k = 1, .first_pass = static_cast<first_pass>(7)}, hits.view());
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error() == atlas::errc::invalid_argument);
    CHECK(std::string(refused.error().field) == "first_pass");
    CHECK(refused.error().found == 7);
    CHECK(hits.is_untouched());
  }
}

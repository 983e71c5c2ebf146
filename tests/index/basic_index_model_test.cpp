// SPDX-License-Identifier: Apache-2.0
// tests/index/basic_index_model_test.cpp -- mirrors include/atlas/index/basic_index.hpp: random sequences of all its calls,
// compared after each step with a std::map and a sort.
#include <atlas/index/basic_index.hpp>

#include "support/error_line.hpp"
#include "support/index_answers.hpp"
#include "support/index_cases.hpp"
#include "support/index_model.hpp"
#include "support/memory_folder.hpp"
#include "support/repetitions.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <random>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

using support::failed_as;

TEST_SUITE("index") {
namespace {

using keys_t = std::vector<std::uint64_t>;

/// One index, its model, and what the last saved file holds.
template <class Case>
class sequence {
 public:
  sequence(const support::memory_folder& folder, atlas::metric metric, std::uint64_t seed)
      : metric_(metric), draw_(seed), path_(folder.path("model.atlas")), model_(metric, Case::kind), saved_(metric, Case::kind),
        index_(Case::create(support::grid_dimension, metric).value()) {
    index_.save(path_.c_str()).value();
  }

  /// Until the rows, removed ones too, are as many as the hnsw cases answer exactly for.
  void run() {
    while (rows_ + most_batch <= support::exact_rows) {
      step();
      look();
    }
  }

 private:
  static constexpr std::size_t most_batch = 9;

  std::uint64_t up_to(std::uint64_t bound) { return draw_() % bound; }
  /// Few, so that they meet again; far apart, so that every bit of a key counts.
  std::uint64_t any_key() {
    const std::uint64_t which = up_to(48);
    return which % 4 == 0 ? which : which % 4 == 1 ? which << 32 : which % 4 == 2 ? ~(which + 1) : which * 0x9E3779B97F4A7C15U;
  }
  keys_t distinct_keys(std::size_t count) {
    std::set<std::uint64_t> seen;
    keys_t keys;
    while (keys.size() < count) {
      const std::uint64_t key = any_key();
      if (seen.insert(key).second) keys.push_back(key);
    }
    return keys;
  }
  unsigned any_threads() { return static_cast<unsigned>(up_to(3)); }

  void step() {
    switch (up_to(12)) {
      case 0: case 1: case 2: add(); break;
      case 3: case 4: upsert(); break;
      case 5: case 6: case 7: remove(); break;
      case 8: cancel(); break;
      case 9: save(); break;
      case 10: reopen(); break;
      default: (void)(up_to(2) == 0 ? index_.reserve(up_to(500)).ok() : move()); break;
    }
  }
  void add() {
    const keys_t keys = distinct_keys(1 + up_to(most_batch));
    const auto vectors = support::grid_vectors(metric_, draw_(), keys.size());
    std::optional<std::size_t> first_stored;
    for (std::size_t i = keys.size(); i-- > 0;) {
      if (model_.contains(keys[i])) first_stored = i;
    }
    const atlas::status said = index_.add(keys, support::grid(vectors), {.threads = any_threads()});
    if (first_stored) {
      REQUIRE(failed_as(said, atlas::errc::duplicate_key));
      CHECK(said.error().row == *first_stored);
      return;
    }
    REQUIRE(said.ok());
    model_.put(keys, support::grid(vectors));
    rows_ += keys.size();
  }
  void upsert() {
    const keys_t keys = distinct_keys(1 + up_to(most_batch));
    const auto vectors = support::grid_vectors(metric_, draw_(), keys.size());
    REQUIRE(index_.upsert(keys, support::grid(vectors), {.threads = any_threads()}).ok());
    model_.put(keys, support::grid(vectors));
    rows_ += keys.size();
  }
  void remove() {
    const std::uint64_t key = any_key();
    const atlas::status said = index_.remove(key);
    if (model_.remove(key)) {
      CHECK(said.ok());
    } else {
      CHECK(failed_as(said, atlas::errc::key_not_found));
    }
  }
  void cancel() {
    const keys_t keys = distinct_keys(1 + up_to(most_batch));
    const auto vectors = support::grid_vectors(metric_, draw_(), keys.size());
    const std::uint64_t stop_at = up_to(keys.size() + 1);
    const auto stop = [&](std::uint64_t done, std::uint64_t) { return done < stop_at; };
    const atlas::add_options options{.threads = any_threads(), .on_progress = stop};
    REQUIRE(failed_as(index_.upsert(keys, support::grid(vectors), options), atlas::errc::cancelled));
    rows_ += keys.size();
  }
  void save() {
    index_.save(path_.c_str()).value();
    saved_ = model_;
    saved_rows_ = rows_;
    check(Case::open(path_).value());
  }
  /// What was not saved is lost.
  void reopen() {
    index_ = Case::open(path_, atlas::open_mode::change).value();
    model_ = saved_;
    rows_ = saved_rows_;
  }
  bool move() {
    auto other = std::move(index_);
    index_ = std::move(other);
    return true;
  }

  void look() { check(index_); }

  template <class Index>
  void check(const Index& index) {
    REQUIRE(index.size() == model_.size());
    REQUIRE(support::all_keys(index, 1 + up_to(20)) == model_.keys());
    const std::uint64_t key = any_key();
    std::vector<float> got(support::grid_dimension);
    CHECK(index.contains(key) == model_.contains(key));
    if (index.get(key, got.data()).ok()) {
      REQUIRE(model_.contains(key));
      CHECK(got == model_.vector(key));
    } else {
      CHECK_FALSE(model_.contains(key));
    }
    const auto query = support::grid_vectors(metric_, draw_(), 1);
    const std::size_t k = 1 + up_to(model_.size() + 4);
    REQUIRE(support::is_nearest(support::search_one(index, query.data(), {.k = k}), model_.sorted(query.data()), k, Case::kind));
    const std::uint64_t modulus = 1 + up_to(4);
    const auto allowed = [modulus](std::uint64_t one) { return one % modulus == 0; };
    REQUIRE(support::is_nearest(support::search_one(index, query.data(), {.k = k, .allowed = {.predicate = allowed}}),
                                model_.sorted(query.data(), allowed), k, Case::kind));
    const auto sorted = model_.sorted(query.data());
    const float radius = sorted.empty() ? 1.0F : static_cast<float>(sorted[up_to(sorted.size())].distance);
    std::size_t found = 0;
    const auto within = support::as_answer(model_.within(query.data(), static_cast<double>(radius)));
    REQUIRE(support::range(index, query.data(), radius, within.keys.size() + 2, found) == within);
    CHECK(found == within.keys.size());
    if (!sorted.empty()) {
      const support::expected_hit& one = sorted[up_to(sorted.size())];
      float distance = 0;
      REQUIRE(index.distances(query, {&one.key, 1}, &distance).ok());
      CHECK(distance == static_cast<float>(one.distance));
    }
  }

  atlas::metric metric_;
  std::mt19937_64 draw_;
  std::string path_;
  support::index_model model_;
  support::index_model saved_;
  std::size_t rows_ = 0;
  std::size_t saved_rows_ = 0;
  typename Case::index_type index_;
};

}  // namespace

  TEST_CASE_TEMPLATE("any sequence of calls answers as a map and a sort would", Case, ATLAS_EACH_INDEX) {
    const support::memory_folder folder;
    for (const atlas::metric metric : support::float_metrics) {
      // any_index only passes the calls on.
      const bool is_any = std::is_same_v<typename Case::index_type, atlas::any_index>;
      const std::size_t seeds = is_any ? support::repetitions(3, 1, 1) : support::repetitions(12, 3, 1);
      for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        CAPTURE(std::string(atlas::name(metric)));
        CAPTURE(seed);
        sequence<Case>(folder, metric, seed).run();
      }
    }
  }
}

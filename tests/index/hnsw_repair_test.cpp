// SPDX-License-Identifier: Apache-2.0
// tests/index/hnsw_repair_test.cpp -- mirrors include/atlas/index/hnsw_repair.hpp: a sweep, step by step, on the parts of an
// index. Whole indexes that change for long, threads and files: tests/index/hnsw_churn_test.cpp.
#include <atlas/index/hnsw_repair.hpp>

#include "support/index_answers.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <random>
#include <set>
#include <utility>
#include <vector>

using atlas::metric;
using atlas::row_state;
using atlas::row_store;
using atlas::traversal_codes;

TEST_SUITE("index") {
namespace {

constexpr std::size_t dimension = 12;

// ---- the parts of a graph's index without the index, so that a sweep can be taken step by step ---------------------

struct parts {
  explicit parts(std::uint32_t connectivity = 4, std::uint64_t level_seed = 7) : level_seed_(level_seed) {
    constexpr metric which = metric::l2sq;
    rows.create(atlas::row_layout(dimension, which), 0).value();
    codes.create_idle(traversal_codes::none, dimension, which);
    graph.create(connectivity, 0).value();
  }
  atlas::detail::hnsw_insertion insertion() { return {rows, codes, graph, scratch, 40, 1.0F}; }
  /// Stores vectors under keys of their own, as pending rows that nothing leads to.
  atlas::row_batch append(std::uint64_t first_key, const std::vector<float>& vectors) {
    const std::size_t count = vectors.size() / dimension;
    const auto level_of = [&](std::uint32_t row) { return atlas::detail::hnsw_level(level_seed_, row, graph.connectivity()); };
    const auto make_room = [&](const atlas::row_batch& batch) -> atlas::status {
      std::size_t lists = 0;
      for (std::uint32_t i = 0; i < batch.fresh_count; ++i) lists += level_of(batch.first + i);
      return graph.make_room(std::size_t{batch.first} + batch.fresh_count, lists);
    };
    const auto place = [&](const atlas::row_batch& batch) {
      for (std::uint32_t i = 0; i < batch.fresh_count; ++i) graph.place(batch.first + i, level_of(batch.first + i));
    };
    auto batch = rows.append(support::keys_from(first_key, count), atlas::dense(vectors.data(), count, dimension),
                             atlas::on_duplicate::refuse, {.make_room = make_room, .store = place});
    REQUIRE(batch.ok());
    return std::move(*batch);
  }
  void link(const atlas::row_batch& batch) {
    for (std::uint32_t i = 0; i < batch.count(); ++i) {
      REQUIRE(insertion().insert(batch.row(i), atlas::detail::hnsw_walk::measure_by::vectors).ok());
    }
  }
  void add(std::uint64_t first_key, const std::vector<float>& vectors) {
    const auto batch = append(first_key, vectors);
    link(batch);
    rows.publish(batch);
  }
  /// One step of a sweep.
  void step(std::size_t most_rows) {
    auto linking = insertion();
    REQUIRE(linking.start_relinking().ok());
    repair.step({rows, graph, epochs, linking, scratch}, most_rows);
  }
  bool finish() {
    auto linking = insertion();
    REQUIRE(linking.start_relinking().ok());
    return repair.finish({rows, graph, epochs, linking, scratch});
  }
  [[nodiscard]] std::size_t count_of(row_state state) const {
    std::size_t count = 0;
    for (std::uint32_t row = 0; row < rows.row_count(); ++row) count += rows.state(row) == state ? 1U : 0U;
    return count;
  }
  /// Links on any level of live rows to rows of a state.
  [[nodiscard]] std::size_t links_to(row_state state) const {
    std::size_t count = 0;
    for (std::uint32_t row = 0; row < rows.row_count(); ++row) {
      if (rows.state(row) != row_state::live) continue;
      for (std::uint32_t level = 0; level <= graph.level(row); ++level) {
        for (const std::uint32_t id : links(row, level)) count += rows.state(id) == state ? 1U : 0U;
      }
    }
    return count;
  }
  [[nodiscard]] std::vector<std::uint32_t> links(std::uint32_t row, std::uint32_t level) const {
    std::vector<std::uint32_t> ids(graph.base_capacity());
    ids.resize(graph.links(row, level).read(rows.row_count(), ids.data()));
    return ids;
  }
  /// Rows that the lowest links lead to from the entry, itself too.
  [[nodiscard]] std::size_t reached() const {
    std::set<std::uint32_t> seen;
    std::vector<std::uint32_t> next;
    if (graph.entry().row < rows.row_count()) next.push_back(graph.entry().row);
    while (!next.empty()) {
      const std::uint32_t row = next.back();
      next.pop_back();
      if (!seen.insert(row).second) continue;
      for (const std::uint32_t id : links(row, 0)) next.push_back(id);
    }
    return seen.size();
  }

  row_store rows;
  atlas::detail::code_store codes;
  atlas::hnsw_graph graph;
  atlas::reader_epochs epochs;
  atlas::search_scratch scratch;
  atlas::detail::hnsw_repair repair;

 private:
  std::uint64_t level_seed_;
};

}  // namespace

  TEST_CASE("hnsw_repair: a sweep is due when a sixteenth of the live rows is removed, but at least 32 are") {
    for (const std::size_t count : {100U, 1000U}) {
      CAPTURE(count);
      parts in;
      in.add(0, support::random_vector(1, count * dimension));
      std::size_t removed = 0;
      while (!in.repair.is_due(in.rows)) {
        REQUIRE(removed < count);
        REQUIRE(in.rows.remove(removed++).ok());
      }
      CHECK(removed == (count == 100 ? 32 : 58));  // 942 / 16
      in.step(1);
      CHECK(in.repair.is_due(in.rows));  // under way
      CHECK(in.finish());
      CHECK_FALSE(in.repair.is_due(in.rows));
    }
  }

  TEST_CASE("hnsw_repair: after a sweep no list leads to a removed row, all others are reached, and the slots are free") {
    for (const std::uint32_t connectivity : {2U, 4U, 16U}) {
      for (const std::size_t step : {std::size_t{1}, std::size_t{7}, std::size_t{100}, atlas::max_rows}) {
        CAPTURE(connectivity);
        CAPTURE(step);
        parts in(connectivity);
        in.add(0, support::random_vector(1, 400 * dimension));
        const std::size_t reached = in.reached();
        std::mt19937_64 draw(step);
        for (std::uint64_t key = 0; key < 400; ++key) {
          if (draw() % 4 == 0) REQUIRE(in.rows.remove(key).ok());
        }
        const std::size_t live = in.rows.live_count();
        const std::size_t removed = in.rows.removed_count();
        REQUIRE(removed > 50);
        std::size_t steps = 0;
        while (in.rows.removed_count() != 0) {
          in.step(step);
          REQUIRE(++steps < 2000);
          CHECK(in.rows.live_count() == live);
        }
        CHECK(steps >= 400 / step);
        CHECK(steps <= (400 + removed) / step + 8);
        CHECK(in.count_of(row_state::free) == removed);
        CHECK(in.count_of(row_state::live) == live);
        CHECK(in.links_to(row_state::free) == 0);
        // Lists of four, as connectivity 2 has, lose some rows with and without removals: 3 of 291 at the most were measured.
        CHECK(in.reached() + (400 - reached) + (connectivity == 2 ? live / 50 : 0) >= live);
        for (std::uint32_t row = 0; row < 400; ++row) {
          if (in.rows.state(row) == row_state::free) CHECK(in.links(row, 0).empty());
        }
        CHECK(in.rows.state(in.graph.entry().row) == row_state::live);
        CHECK(in.graph.level(in.graph.entry().row) == in.graph.entry().level);
      }
    }
  }

  TEST_CASE("hnsw_repair: slots that are free are used before new ones, and what takes them is found") {
    parts in;
    in.add(0, support::random_vector(1, 200 * dimension));
    for (std::uint64_t key = 0; key < 60; ++key) REQUIRE(in.rows.remove(key).ok());
    REQUIRE(in.finish());
    in.add(1000, support::random_vector(2, 50 * dimension));
    CHECK(in.rows.row_count() == 200);
    CHECK(in.count_of(row_state::free) == 10);
    in.add(2000, support::random_vector(3, 20 * dimension));
    CHECK(in.rows.row_count() == 210);
    CHECK(in.count_of(row_state::free) == 0);
    CHECK(in.reached() == 210);
    for (std::uint32_t row = 0; row < 210; ++row) CHECK(in.rows.find(in.rows.key(row)) == row);
  }

  TEST_CASE("hnsw_repair: while a change may have chosen a removed row, no list is touched") {
    parts in;
    in.add(0, support::random_vector(1, 200 * dimension));
    for (std::uint64_t key = 0; key < 40; ++key) REQUIRE(in.rows.remove(key).ok());
    {
      const atlas::reader_epochs::reader changing(in.epochs, 1);
      const std::size_t before = in.links_to(row_state::removed);
      for (int i = 0; i < 50; ++i) in.step(atlas::max_rows);
      CHECK(in.count_of(row_state::unlinked) == 40);
      CHECK(in.links_to(row_state::unlinked) == before);
    }
    for (int i = 0; i < 50; ++i) in.step(atlas::max_rows);
    CHECK(in.count_of(row_state::free) == 40);
  }

  TEST_CASE("hnsw_repair: while a search may hold an unlinked row, its slot is not used again") {
    parts in;
    in.add(0, support::random_vector(1, 200 * dimension));
    for (std::uint64_t key = 0; key < 40; ++key) REQUIRE(in.rows.remove(key).ok());
    in.step(0);  // marked: from now on readers are searches that may meet an unlinked row
    REQUIRE(in.count_of(row_state::unlinked) == 40);
    for (int i = 0; i < 3; ++i) in.step(10);
    REQUIRE(in.links_to(row_state::unlinked) != 0);
    {
      const atlas::reader_epochs::reader searching(in.epochs, 1);
      for (int i = 0; i < 50; ++i) in.step(atlas::max_rows);
      CHECK(in.links_to(row_state::unlinked) == 0);
      CHECK(in.count_of(row_state::unlinked) == 40);
      CHECK(in.rows.removed_count() == 40);
      // The rows themselves are whole: a search may be in the middle of them.
      for (std::uint32_t row = 0; row < 40; ++row) {
        CHECK(in.rows.key(row) == row);
        CHECK_FALSE(in.links(row, 0).empty());
      }
      in.add(500, support::random_vector(5, 10 * dimension));
      CHECK(in.rows.row_count() == 210);
    }
    in.step(1);
    CHECK(in.count_of(row_state::free) == 40);
    CHECK(in.rows.removed_count() == 0);
  }

  TEST_CASE("hnsw_repair: rows removed during a sweep are the next one's") {
    parts in;
    in.add(0, support::random_vector(1, 300 * dimension));
    for (std::uint64_t key = 0; key < 40; ++key) REQUIRE(in.rows.remove(key).ok());
    in.step(50);
    for (std::uint64_t key = 100; key < 150; ++key) REQUIRE(in.rows.remove(key).ok());
    while (in.count_of(row_state::unlinked) != 0) in.step(50);
    CHECK(in.count_of(row_state::free) == 40);
    CHECK(in.count_of(row_state::removed) == 50);
    CHECK(in.finish());
    CHECK(in.count_of(row_state::free) == 90);
    CHECK(in.reached() == 210);
  }

  TEST_CASE("hnsw_repair: where nothing is removed a sweep has nothing to do, and where all is, no entry is left") {
    parts in;
    CHECK(in.finish());
    in.step(10);
    in.add(0, support::random_vector(1, 50 * dimension));
    CHECK(in.finish());
    CHECK(in.reached() == 50);
    for (std::uint64_t key = 0; key < 50; ++key) REQUIRE(in.rows.remove(key).ok());
    CHECK(in.finish());
    CHECK(in.graph.entry().row == row_store::no_row);
    CHECK(in.count_of(row_state::free) == 50);
    in.add(100, support::random_vector(2, 50 * dimension));
    CHECK(in.rows.row_count() == 50);
    CHECK(in.reached() == 50);
  }

  TEST_CASE("hnsw_repair: few rows that are left among many that go stay in one piece") {
    for (const std::uint32_t connectivity : {2U, 8U, 16U}) {
      for (const std::size_t count : {40U, 60U, 100U, 500U}) {
        for (const std::size_t left : {2U, 3U, 10U, 20U}) {
          for (std::uint64_t seed = 1; seed <= 5; ++seed) {
            CAPTURE(connectivity);
            CAPTURE(count);
            CAPTURE(left);
            parts in(connectivity);
            in.add(0, support::random_vector(seed, count * dimension));
            const std::size_t lost = count - in.reached();
            for (std::uint64_t key = left; key < count; ++key) REQUIRE(in.rows.remove(key).ok());
            REQUIRE(in.finish());
            CHECK(in.reached() + lost >= left);
          }
        }
      }
    }
  }

  TEST_CASE("hnsw_repair: rows that are being added take over as the entry when all others go") {
    std::size_t entries_gone = 0;
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
      CAPTURE(seed);
      parts in(4, seed);
      in.add(0, support::random_vector(seed, 40 * dimension));
      const auto adding = in.append(100, support::random_vector(seed + 100, 10 * dimension));
      in.link(adding);
      entries_gone += in.graph.entry().row < 40 ? 1U : 0U;
      for (std::uint64_t key = 0; key < 40; ++key) REQUIRE(in.rows.remove(key).ok());
      REQUIRE(in.finish());
      in.rows.publish(adding);
      CHECK(in.reached() == 10);
      in.add(200, support::random_vector(seed + 200, 30 * dimension));
      CHECK(in.reached() == 40);
    }
    CHECK(entries_gone > 3);
  }

  TEST_CASE("hnsw_repair: rows added while all others are going find each other, whenever they were linked") {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
      for (std::size_t linked_first = 0; linked_first <= 3; ++linked_first) {
        CAPTURE(seed);
        CAPTURE(linked_first);
        parts in(4, seed);
        in.add(0, support::random_vector(seed, 40 * dimension));
        std::vector<atlas::row_batch> adding;
        for (std::uint64_t i = 0; i < 4; ++i) adding.push_back(in.append(100 + 10 * i, support::random_vector(seed * 10 + i, 3 * dimension)));
        for (std::size_t i = 0; i < linked_first; ++i) in.link(adding[i]);
        for (std::uint64_t key = 0; key < 40; ++key) REQUIRE(in.rows.remove(key).ok());
        in.step(0);  // marked
        if (linked_first < 4) in.link(adding[linked_first]);
        in.step(20);  // some lists are looked through
        if (linked_first + 1 < 4) in.link(adding[linked_first + 1]);
        REQUIRE(in.finish());
        for (std::size_t i = linked_first + 2; i < 4; ++i) in.link(adding[i]);
        for (const atlas::row_batch& batch : adding) in.rows.publish(batch);
        CHECK(in.reached() == 12);
        CHECK(in.rows.state(in.graph.entry().row) == row_state::live);
      }
    }
  }
}

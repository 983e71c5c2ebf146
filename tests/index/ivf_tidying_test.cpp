// SPDX-License-Identifier: Apache-2.0
// tests/index/ivf_tidying_test.cpp -- mirrors include/atlas/index/ivf_tidying.hpp.
#include <atlas/index/ivf_tidying.hpp>

#include "support/index_cases.hpp"
#include "support/index_model.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

TEST_SUITE("ivf_tidying") {
namespace {

using atlas::reader_epochs;
using atlas::row_state;
using atlas::row_store;
using atlas::detail::ivf_parts;
using atlas::detail::ivf_places;
using atlas::detail::ivf_tidying;

/// Rows that stand in lists by turns, without a model.
struct listed_rows {
  listed_rows(std::uint32_t rows_in_all, std::uint32_t list_count) {
    rows.create(atlas::row_layout(2, atlas::metric::l2sq), 0).value();
    const auto vectors = support::random_vector(1, rows_in_all * 2);
    std::vector<std::uint64_t> keys(rows_in_all);
    for (std::uint32_t i = 0; i < rows_in_all; ++i) keys[i] = i;
    const auto batch = rows.append({keys.data(), keys.size()}, atlas::dense(vectors.data(), rows_in_all, 2), atlas::on_duplicate::refuse);
    rows.publish(batch.value());
    if (list_count == 0) {
      for (std::uint32_t row = 0; row < rows_in_all; ++row) unlisted.push_back(row).value();
      return;
    }
    parts.lists.create(list_count, layout, 0).value();
    for (std::uint32_t list = 0; list < list_count; ++list) {
      std::vector<std::uint32_t> ids;
      for (std::uint32_t row = list; row < rows_in_all; row += list_count) ids.push_back(row);
      parts.lists.append(list, ids.size(), epochs, [&](std::size_t i, std::byte* block, std::size_t lane) noexcept {
        const std::uint8_t code[4] = {};
        layout.write(block, lane, 0.0F, 0.0F, ids[i], code);
      }).value();
    }
    trained.store_release(&parts);
  }
  [[nodiscard]] ivf_places places() { return {rows, epochs, trained, training_lock, unlisted, lists_lock}; }
  /// In lists and not live.
  [[nodiscard]] std::size_t dead_in_lists() const {
    std::size_t dead = 0;
    for (std::uint32_t list = 0; list < parts.lists.list_count(); ++list) {
      parts.lists.for_each_row(parts.lists.version(list), [&](const std::byte*, std::size_t, std::uint32_t row) noexcept {
        dead += rows.state(row) != row_state::live ? 1U : 0U;
      });
    }
    return dead;
  }
  void remove(std::uint64_t first, std::uint64_t end) {
    for (std::uint64_t key = first; key < end; ++key) rows.remove(key).value();
  }

  atlas::list_block_layout layout = atlas::list_block_layout::of_nibbles(8);
  row_store rows;
  reader_epochs epochs;
  ivf_parts parts;
  atlas::atomic<ivf_parts*> trained{nullptr};
  atlas::mutex training_lock;
  atlas::buffer<std::uint32_t> unlisted;
  atlas::mutex lists_lock;
};

}  // namespace

  TEST_CASE("step: does nothing until a quarter was removed, then a little with each removal, until all slots serve again") {
    listed_rows all(40'000, 200);
    ivf_tidying tidying;
    all.remove(0, 9'999);
    for (int i = 0; i < 100; ++i) tidying.step(all.places(), 1);
    CHECK(all.dead_in_lists() == 9'999);
    CHECK(all.rows.state(0) == row_state::removed);
    all.remove(9'999, 10'000);
    std::size_t steps = 0;
    std::size_t most_at_once = 0;
    for (std::size_t dead = 10'000; all.rows.removed_count() != 0; ++steps) {
      REQUIRE(steps < 1000);
      tidying.step(all.places(), 1);
      const std::size_t left = all.dead_in_lists();
      most_at_once = dead - left > most_at_once ? dead - left : most_at_once;
      dead = left;
    }
    CHECK(all.dead_in_lists() == 0);
    // Each list of 200 rows has 50 dead ones: no more lists a step than hold the rows of one.
    CHECK(most_at_once <= (ivf_tidying::rows_a_removal / 200 + 1) * 50);
    CHECK(steps >= 200 / (ivf_tidying::rows_a_removal / 200 + 1));
    for (std::uint32_t row = 0; row < 10'000; ++row) REQUIRE(all.rows.state(row) == row_state::free);
    for (std::uint32_t row = 10'000; row < 40'000; ++row) REQUIRE(all.rows.state(row) == row_state::live);
    const std::vector<float> vector(2, 1.0F);
    const std::uint64_t key = 99'999;
    const auto batch = all.rows.append({&key, 1}, atlas::dense(vector.data(), 1, 2), atlas::on_duplicate::refuse);
    CHECK(batch.value().row(0) < 10'000);
  }

  TEST_CASE("step: rows that are removed while a round is under way are the next round's") {
    listed_rows all(20'000, 100);
    ivf_tidying tidying;
    all.remove(0, 8'000);
    for (std::uint64_t key = 8'000; key < 16'000; ++key) {
      all.remove(key, key + 1);
      tidying.step(all.places(), 1);
    }
    for (int i = 0; i < 1000; ++i) tidying.step(all.places(), 1);
    CHECK(all.rows.removed_count() < 1'400);  // too few for another
    CHECK(all.rows.removed_count() == all.dead_in_lists());
    CHECK(tidying.finish(all.places()));
    CHECK(all.rows.removed_count() == 0);
    CHECK(all.dead_in_lists() == 0);
    for (std::uint32_t row = 0; row < 20'000; ++row) REQUIRE(all.rows.state(row) == (row < 16'000 ? row_state::free : row_state::live));
  }

  TEST_CASE("step: slots are not used again while a reader is left that may hold them") {
    listed_rows all(8'000, 40);
    ivf_tidying tidying;
    all.remove(0, 4'000);
    {
      const reader_epochs::reader reading(all.epochs, 0);
      for (int i = 0; i < 500; ++i) tidying.step(all.places(), 1);
      CHECK(all.dead_in_lists() == 0);
      CHECK(all.rows.removed_count() == 4'000);
      CHECK(all.rows.state(0) == row_state::unlinked);
    }
    for (int i = 0; i < 500; ++i) tidying.step(all.places(), 1);
    CHECK(all.rows.removed_count() == 0);
  }

  TEST_CASE("step: waits for a first training, and takes rows out of what it will be made of") {
    listed_rows all(6'000, 0);
    ivf_tidying tidying;
    all.remove(1'000, 4'000);
    {
      const atlas::lock_guard<atlas::mutex> training(all.training_lock);
      for (int i = 0; i < 100; ++i) tidying.step(all.places(), 1);
      CHECK(all.unlisted.size() == 6'000);
      CHECK(all.rows.removed_count() == 3'000);
    }
    for (int i = 0; i < 100; ++i) tidying.step(all.places(), 1);
    CHECK(all.rows.removed_count() == 0);
    CHECK(all.unlisted.size() == 3'000);
    for (const std::uint32_t row : all.unlisted) CHECK(all.rows.state(row) == row_state::live);
  }

  TEST_CASE("finish: all at once, also a round that steps began, and where there is nothing to do") {
    listed_rows all(8'000, 40);
    ivf_tidying tidying;
    CHECK(tidying.finish(all.places()));
    all.remove(0, 3'000);
    tidying.step(all.places(), 1);
    all.remove(3'000, 3'100);
    CHECK(tidying.finish(all.places()));
    CHECK(all.dead_in_lists() == 0);
    CHECK(all.rows.removed_count() == 0);
    CHECK(tidying.finish(all.places()));
  }
}

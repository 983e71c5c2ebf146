// SPDX-License-Identifier: Apache-2.0
// tests/index/row_store_test.cpp -- mirrors include/atlas/index/row_store.hpp: what happens between storing a batch and
// publishing it, which no caller of an index sees.
#include <atlas/index/row_store.hpp>

#include "support/error_line.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

using atlas::errc;
using atlas::row_state;
using atlas::row_store;
using support::failed_as;
using policy = atlas::on_duplicate;

namespace {

struct store {
  store() { rows.create(atlas::row_layout(2, atlas::metric::cosine), 0).value(); }
  /// Appends one row and does not publish it.
  atlas::row_batch append(std::uint64_t key, policy which, float component = 1.0F) {
    const float vector[2] = {component, 2.0F};
    return rows.append({&key, 1}, atlas::dense(vector, 1, 2), which).value();
  }
  void put(std::uint64_t key, policy which = policy::refuse) { rows.publish(append(key, which)); }
  row_store rows;
};

}  // namespace

TEST_SUITE("index") {
  TEST_CASE("row_store: an appended row is there, and nobody's, until it is published") {
    store in;
    const auto batch = in.append(5, policy::refuse);
    CHECK(in.rows.row_count() == 1);
    CHECK(in.rows.live_count() == 0);
    CHECK(in.rows.state(0) == row_state::pending);
    CHECK(in.rows.find(5) == row_store::no_row);
    CHECK(failed_as(in.rows.remove(5), errc::key_not_found));
    in.rows.publish(batch);
    CHECK(in.rows.state(0) == row_state::live);
    CHECK(in.rows.find(5) == 0);
    CHECK(in.rows.live_count() == 1);
  }

  TEST_CASE("row_store: rows are whole cache lines, the inverse norm behind the components, zeros behind that") {
    store in;
    in.put(5);
    CHECK(reinterpret_cast<std::uintptr_t>(in.rows.vectors()) % 64 == 0);
    const auto* row = reinterpret_cast<const float*>(in.rows.vector(0));
    CHECK(row[0] == 1.0F);
    CHECK(row[1] == 2.0F);
    CHECK(row[2] == 1.0F / std::sqrt(5.0F));
    for (int i = 3; i < 16; ++i) CHECK(row[i] == 0.0F);
    CHECK(in.rows.layout().stride_bytes == 64);
  }

  TEST_CASE("row_store: a key that is being added is taken, and free again when that is given up") {
    store in;
    const auto batch = in.append(5, policy::refuse);
    const std::uint64_t key = 5;
    const float vector[2] = {3, 4};
    CHECK(failed_as(in.rows.append({&key, 1}, atlas::dense(vector, 1, 2), policy::refuse), errc::duplicate_key));
    in.rows.withdraw(batch);
    CHECK(in.rows.state(0) == row_state::removed);
    CHECK(in.rows.find(5) == row_store::no_row);
    in.put(5);
    CHECK(in.rows.find(5) == 1);
    CHECK(in.rows.live_count() == 1);
  }

  TEST_CASE("row_store: an upsert that is given up leaves the old row") {
    store in;
    in.put(5);
    in.rows.withdraw(in.append(5, policy::replace));
    CHECK(in.rows.find(5) == 0);
    CHECK(in.rows.state(0) == row_state::live);
    CHECK(in.rows.state(1) == row_state::removed);
    CHECK(in.rows.live_count() == 1);
  }

  TEST_CASE("row_store: of overlapping changes of one key one row stays, in whatever order they end") {
    const auto only_live = [](const row_store& rows, std::uint32_t expected) {
      CHECK(rows.find(5) == expected);
      CHECK(rows.live_count() == 1);
      for (std::uint32_t row = 0; row < rows.row_count(); ++row) {
        CHECK(rows.state(row) == (row == expected ? row_state::live : row_state::removed));
      }
    };
    {  // an upsert within an add: the upsert's row stays
      store in;
      const auto added = in.append(5, policy::refuse);
      const auto upserted = in.append(5, policy::replace);
      in.rows.publish(upserted);
      in.rows.publish(added);
      only_live(in.rows, 1);
    }
    {  // an add within an upsert
      store in;
      const auto upserted = in.append(5, policy::replace);
      const auto added = in.append(5, policy::refuse);
      in.rows.publish(added);
      in.rows.publish(upserted);
      only_live(in.rows, 0);
    }
    {  // an upsert within an add that is given up
      store in;
      const auto added = in.append(5, policy::refuse);
      in.put(5, policy::replace);
      in.rows.withdraw(added);
      only_live(in.rows, 1);
    }
    {  // two upserts, the later one published first: the last to be published stays
      store in;
      in.put(5);
      const auto first = in.append(5, policy::replace);
      const auto second = in.append(5, policy::replace);
      in.rows.publish(second);
      in.rows.publish(first);
      only_live(in.rows, 1);
    }
    {  // removed while an upsert is under way: the upsert adds it
      store in;
      in.put(5);
      const auto upserted = in.append(5, policy::replace);
      REQUIRE(in.rows.remove(5).ok());
      CHECK(in.rows.find(5) == row_store::no_row);
      in.rows.publish(upserted);
      only_live(in.rows, 1);
    }
    {  // removed, and added again, while an upsert is under way
      store in;
      in.put(5);
      const auto upserted = in.append(5, policy::replace);
      REQUIRE(in.rows.remove(5).ok());
      in.put(5);
      in.rows.publish(upserted);
      only_live(in.rows, 1);
    }
  }

  TEST_CASE("row_store: what grows beside the rows can refuse a batch, and then nothing has changed") {
    store in;
    in.put(1);
    const std::uint64_t keys[2] = {2, 3};
    const float vectors[4] = {1, 2, 3, 4};
    std::uint32_t asked_first = 0;
    std::uint32_t asked_count = 0;
    const auto refuse = [&](const atlas::row_batch& batch) -> atlas::status {
      asked_first = batch.row(0);
      asked_count = batch.count();
      return errc::no_memory;
    };
    CHECK(failed_as(in.rows.append(keys, atlas::dense(vectors, 2, 2), policy::refuse, {.make_room = refuse}), errc::no_memory));
    CHECK(asked_first == 1);
    CHECK(asked_count == 2);
    CHECK(in.rows.row_count() == 1);
    CHECK(in.rows.find(2) == row_store::no_row);
    CHECK(in.rows.append(keys, atlas::dense(vectors, 2, 2), policy::refuse).ok());
  }

  TEST_CASE("row_store: rows never move when more come") {
    store in;
    in.put(0);
    const std::byte* vectors = in.rows.vectors();
    const std::uint64_t* keys = in.rows.keys();
    std::vector<std::uint64_t> more(100'000);
    const std::vector<float> ones(more.size() * 2, 1.0F);
    for (std::size_t i = 0; i < more.size(); ++i) more[i] = i + 1;
    in.rows.publish(in.rows.append(more, atlas::dense(ones.data(), more.size(), 2), policy::refuse).value());
    CHECK(in.rows.vectors() == vectors);
    CHECK(in.rows.keys() == keys);
    CHECK(in.rows.live_count() == 100'001);
    for (const std::uint64_t key : {0U, 1U, 50'000U, 100'000U}) CHECK(in.rows.find(key) == key);
  }
}

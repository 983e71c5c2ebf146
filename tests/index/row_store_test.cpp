// SPDX-License-Identifier: Apache-2.0
// tests/index/row_store_test.cpp -- mirrors include/atlas/index/row_store.hpp: what happens between storing a batch and
// publishing it, which no caller of an index sees.
#include <atlas/index/row_store.hpp>

#include "support/error_line.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <vector>

using atlas::errc;
using atlas::row_state;
using atlas::row_store;
using support::failed_as;
using policy = atlas::on_duplicate;

TEST_SUITE("index") {
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

  TEST_CASE("row_store: slots that are free are used first, the others are new, in the order of the batch") {
    store in;
    for (std::uint64_t key = 0; key < 10; ++key) in.put(key);
    const std::vector<std::uint32_t> leaving{2, 7, 4};
    for (const std::uint32_t row : leaving) {
      REQUIRE(in.rows.remove(row).ok());
      CHECK(in.rows.begin_unlink(row));
    }
    CHECK(in.rows.removed_count() == 3);
    REQUIRE(in.rows.free(leaving).ok());
    CHECK(in.rows.removed_count() == 0);
    for (const std::uint32_t row : leaving) CHECK(in.rows.state(row) == row_state::free);

    const std::vector<std::uint64_t> keys{100, 101, 102, 103, 104};
    const std::vector<float> vectors{1, 10, 2, 20, 3, 30, 4, 40, 5, 50};
    const auto make_room = [&](const atlas::row_batch& batch) -> atlas::status {
      CHECK(batch.count() == 5);
      CHECK(batch.first == 10);
      CHECK(batch.fresh_count == 2);
      return {};
    };
    std::size_t stored = 0;
    const auto store_beside = [&](const atlas::row_batch& batch) {
      for (std::size_t i = 0; i < batch.count(); ++i) {
        CHECK(in.rows.state(batch.row(i)) == row_state::pending);
        CHECK(in.rows.key(batch.row(i)) == keys[i]);
        CHECK(reinterpret_cast<const float*>(in.rows.vector(batch.row(i)))[1] == vectors[2 * i + 1]);
        ++stored;
      }
    };
    const auto batch = in.rows.append(keys, atlas::dense(vectors.data(), 5, 2), policy::refuse, {make_room, store_beside}).value();
    CHECK(stored == 5);
    CHECK(batch.count() == 5);
    std::vector<std::uint32_t> reused{batch.row(0), batch.row(1), batch.row(2)};
    std::sort(reused.begin(), reused.end());
    CHECK(reused == std::vector<std::uint32_t>{2, 4, 7});
    CHECK(batch.row(3) == 10);
    CHECK(batch.row(4) == 11);
    CHECK(in.rows.row_count() == 12);
    in.rows.publish(batch);
    for (std::size_t i = 0; i < 5; ++i) {
      CHECK(in.rows.find(keys[i]) == batch.row(i));
      CHECK(in.rows.state(batch.row(i)) == row_state::live);
    }
    for (const std::uint32_t row : leaving) CHECK(in.rows.find(row) == row_store::no_row);  // whose key is their number
    CHECK(in.rows.live_count() == 12);
  }

  TEST_CASE("row_store: a batch that fits into free slots takes no new row, and leaves the rest of them free") {
    store in;
    for (std::uint64_t key = 0; key < 5; ++key) in.put(key);
    const std::vector<std::uint32_t> leaving{0, 1, 2, 3};
    for (const std::uint32_t row : leaving) {
      REQUIRE(in.rows.remove(row).ok());
      REQUIRE(in.rows.begin_unlink(row));
    }
    REQUIRE(in.rows.free(leaving).ok());
    in.put(50);
    in.put(51, policy::replace);
    CHECK(in.rows.row_count() == 5);
    std::size_t free_left = 0;
    for (std::uint32_t row = 0; row < 5; ++row) free_left += in.rows.state(row) == row_state::free ? 1U : 0U;
    CHECK(free_left == 2);
    CHECK(in.rows.find(50) != row_store::no_row);
    CHECK(in.rows.find(51) != row_store::no_row);
    CHECK(in.rows.find(4) == 4);
  }

  TEST_CASE("row_store: only what is removed can be unlinked, and once") {
    store in;
    in.put(5);
    CHECK_FALSE(in.rows.begin_unlink(0));  // live
    const auto pending = in.append(6, policy::refuse);
    CHECK_FALSE(in.rows.begin_unlink(1));
    in.rows.withdraw(pending);
    CHECK(in.rows.begin_unlink(1));
    CHECK_FALSE(in.rows.begin_unlink(1));  // unlinked
    CHECK(in.rows.state(1) == row_state::unlinked);
    CHECK(in.rows.removed_count() == 1);  // still
    const std::uint32_t row = 1;
    REQUIRE(in.rows.free({&row, 1}).ok());
    CHECK_FALSE(in.rows.begin_unlink(1));  // free
    CHECK(in.rows.removed_count() == 0);
    CHECK(in.rows.state(0) == row_state::live);
  }

  TEST_CASE("row_store: a refused batch takes no free slot") {
    store in;
    for (std::uint64_t key = 0; key < 4; ++key) in.put(key);
    const std::vector<std::uint32_t> leaving{0, 1};
    for (const std::uint32_t row : leaving) {
      REQUIRE(in.rows.remove(row).ok());
      REQUIRE(in.rows.begin_unlink(row));
    }
    REQUIRE(in.rows.free(leaving).ok());
    const std::vector<std::uint64_t> stored_already{70, 3};
    const float vectors[4] = {1, 2, 3, 4};
    const auto refused = in.rows.append(stored_already, atlas::dense(vectors, 2, 2), policy::refuse);
    CHECK(failed_as(refused, errc::duplicate_key));
    CHECK(refused.error().row == 1);
    const auto no_room = [](const atlas::row_batch&) -> atlas::status { return errc::no_memory; };
    const std::vector<std::uint64_t> fresh{70, 71};
    CHECK(failed_as(in.rows.append(fresh, atlas::dense(vectors, 2, 2), policy::refuse, {.make_room = no_room}), errc::no_memory));
    for (const std::uint32_t row : leaving) CHECK(in.rows.state(row) == row_state::free);
    CHECK(in.rows.find(70) == row_store::no_row);
    in.rows.publish(in.rows.append(fresh, atlas::dense(vectors, 2, 2), policy::refuse).value());
    CHECK(in.rows.row_count() == 4);
  }

  TEST_CASE("row_store: slots go from key to key, and look-ups stay right") {
    // Slots of few rows under ever new keys: marks of old ones are all over the key map.
    store in;
    std::mt19937_64 draw(1);
    std::map<std::uint64_t, std::uint32_t> model;
    for (std::uint64_t round = 0; round < 3000; ++round) {
      if (model.size() < 12 || draw() % 2 == 0) {
        const std::uint64_t key = draw() % 100'000;
        const auto batch = in.append(key, policy::replace, static_cast<float>(key));
        in.rows.publish(batch);
        model[key] = batch.row(0);
      } else {
        auto at = model.lower_bound(draw() % 100'000);
        if (at == model.end()) at = model.begin();
        REQUIRE(in.rows.remove(at->first).ok());
        model.erase(at);
      }
      std::vector<std::uint32_t> leaving;
      for (std::uint32_t row = 0; row < in.rows.row_count(); ++row) {
        if (in.rows.begin_unlink(row)) leaving.push_back(row);
      }
      REQUIRE(in.rows.free(leaving).ok());
      REQUIRE(in.rows.live_count() == model.size());
      if (round % 50 != 0) continue;
      for (const auto& [key, row] : model) {
        REQUIRE(in.rows.find(key) == row);
        REQUIRE(reinterpret_cast<const float*>(in.rows.vector(row))[0] == static_cast<float>(key));
      }
      for (int i = 0; i < 20; ++i) {
        const std::uint64_t key = draw() % 100'000;
        CHECK((in.rows.find(key) != row_store::no_row) == model.contains(key));
      }
    }
    CHECK(in.rows.row_count() <= 1600);  // as many as were ever live at once
  }

  TEST_CASE("row_batch: rows are those that were free, then new ones in a row") {
    atlas::row_batch batch;
    CHECK(batch.count() == 0);
    batch.first = 100;
    batch.fresh_count = 3;
    CHECK(batch.count() == 3);
    for (std::uint32_t i = 0; i < 3; ++i) CHECK(batch.row(i) == 100 + i);
    const std::uint32_t reused[2] = {7, 5};
    REQUIRE(batch.reused.append(reused, 2).ok());
    CHECK(batch.count() == 5);
    const std::uint32_t expected[5] = {7, 5, 100, 101, 102};
    for (std::uint32_t i = 0; i < 5; ++i) CHECK(batch.row(i) == expected[i]);
  }
}

// SPDX-License-Identifier: Apache-2.0
// tests/folder/known_chunks_test.cpp -- mirrors include/atlas/folder/known_chunks.hpp.
#include <atlas/folder/known_chunks.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

// An index with a chunk for each of the ids, whose vectors tell their keys.
struct index_of_ids {
  atlas::document_table table;
  atlas::hnsw<float> vectors = atlas::hnsw<float>::create({.dimension = 2, .metric = atlas::metric::cosine}).value();

  explicit index_of_ids(const std::vector<atlas::hash128>& ids) {
    table.create({}, atlas::embedder_kind::hashing).value();
    std::vector<atlas::chunk_record> chunks(ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
      chunks[i].id = ids[i];
      const std::uint64_t key = i;
      const float vector[2] = {1.0F, static_cast<float>(i)};
      vectors.add({&key, 1}, atlas::dense(vector, 1, 2)).value();
    }
    table.append("path", "text", {}, chunks).value();
  }
};

}  // namespace

TEST_SUITE("folder") {
  TEST_CASE("known_chunks: an id leads to its chunk, one that is not there nowhere, and removed chunks are not there") {
    std::vector<atlas::hash128> ids;
    for (std::uint64_t i = 0; i < 500; ++i) ids.push_back(atlas::xxh3_128(&i, sizeof i));
    index_of_ids index(ids);
    index.vectors.remove(7).value();
    const auto known = atlas::known_chunks::create(index.table, index.vectors);
    REQUIRE(known.ok());
    for (std::uint64_t i = 0; i < 500; ++i) {
      if (i == 7) continue;
      REQUIRE(known->find(ids[i]) == i);
      float vector[2];
      REQUIRE(known->vector(i, vector).ok());
      CHECK(vector[1] == static_cast<float>(i));
    }
    CHECK(known->find(ids[7]) == atlas::known_chunks::none);
    CHECK(known->find({ids[8].low, ids[8].high + 1}) == atlas::known_chunks::none);
    CHECK(known->find({}) == atlas::known_chunks::none);
  }

  TEST_CASE("known_chunks: equal ids lead to the first of them, also where it was removed to the next") {
    const atlas::hash128 same = {3, 4};
    index_of_ids index({same, same, {5, 6}, same});
    CHECK(atlas::known_chunks::create(index.table, index.vectors)->find(same) == 0);
    index.vectors.remove(0).value();
    CHECK(atlas::known_chunks::create(index.table, index.vectors)->find(same) == 1);
  }

  TEST_CASE("known_chunks: ids that were made to collide are found or not, and nothing takes longer") {
    std::vector<atlas::hash128> ids;
    for (std::uint64_t i = 0; i < 2000; ++i) ids.push_back({0xABCDEF, i});
    index_of_ids index(ids);
    const auto known = atlas::known_chunks::create(index.table, index.vectors);
    REQUIRE(known.ok());
    std::size_t found = 0;
    for (std::uint64_t i = 0; i < ids.size(); ++i) {
      const std::uint64_t key = known->find(ids[i]);
      CHECK((key == i || key == atlas::known_chunks::none));
      found += key == i ? 1U : 0U;
    }
    CHECK(found > 0);
    CHECK(found < ids.size());
  }

  TEST_CASE("known_chunks: an index without chunks knows none") {
    index_of_ids index({});
    CHECK(atlas::known_chunks::create(index.table, index.vectors)->find({1, 2}) == atlas::known_chunks::none);
  }
}

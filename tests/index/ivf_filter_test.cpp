// SPDX-License-Identifier: Apache-2.0
// tests/index/ivf_filter_test.cpp -- mirrors include/atlas/index/ivf_filter.hpp, and what searches of lists promise where few
// rows are allowed, or the lists they look at hold few.
#include <atlas/index/ivf_filter.hpp>

#include <atlas/any_index.hpp>

#include "support/index_answers.hpp"
#include "support/index_cases.hpp"
#include "support/memory_folder.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

using atlas::ivf_codes;
using atlas::ivf_pq;
using atlas::detail::allowed_estimate;
using atlas::detail::bits_to_look_up;
using atlas::detail::filtered_lists;
using atlas::detail::is_shorter_by_key;

TEST_SUITE("ivf_filter") {
namespace {

constexpr std::size_t dimension = 16;
constexpr std::size_t row_count = 6000;

std::vector<float> rows_of(std::uint64_t seed, std::size_t rows) {
  const auto centres = support::random_vector(99, 40 * dimension);
  auto values = support::random_vector(seed, rows * dimension);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = 0.3F * values[i] + centres[i / dimension * 7 % 40 * dimension + i % dimension];
  return values;
}
struct filled {
  ivf_pq<float> index;
  atlas::flat<float> exact;
  std::vector<float> queries;
};
/// 64 lists of about a hundred rows.
filled fill(ivf_codes codes, atlas::traversal_codes rerank_codes = atlas::traversal_codes::none) {
  const auto vectors = rows_of(1, row_count);
  filled made{ivf_pq<float>::create({.dimension = dimension, .lists = 64, .codes = codes, .train_from = row_count, .rerank_codes = rerank_codes}).value(),
              atlas::flat<float>::create({.dimension = dimension}).value(), rows_of(2, 130)};
  const auto keys = support::keys_from(0, row_count);
  made.index.add(keys, atlas::dense(vectors.data(), row_count, dimension)).value();
  made.exact.add(keys, atlas::dense(vectors.data(), row_count, dimension)).value();
  REQUIRE(made.index.is_trained());
  return made;
}
std::vector<std::uint64_t> bitmap_of(std::uint64_t one_in, std::size_t keys = row_count) {
  std::vector<std::uint64_t> words((keys + 63) / 64, 0);
  for (std::uint64_t key = 1; one_in != 0 && key < keys; key += one_in) words[key / 64] |= std::uint64_t{1} << (key % 64);
  return words;
}
std::vector<std::vector<std::uint64_t>> keys_found(const std::vector<support::answer>& answers) {
  std::vector<std::vector<std::uint64_t>> keys;
  for (const support::answer& one : answers) keys.push_back(one.keys);
  return keys;
}

}  // namespace

  TEST_CASE("is_shorter_by_key: what is measured in any case, and what lists would be gone through for, is looked up") {
    filtered_lists over{.rows = 1'000'000, .lists = 1024, .code_bytes = 48, .probes = 32, .k = 10, .candidates = 80, .measured_ns = 50};
    CHECK(is_shorter_by_key(over, 0));
    CHECK(is_shorter_by_key(over, 80));
    CHECK(is_shorter_by_key(over, 300));  // one in 3,300: lists would be gone through by the hundred
    CHECK_FALSE(is_shorter_by_key(over, 100'000));
    CHECK_FALSE(is_shorter_by_key(over, 1'000'000));
    bool was_shorter = true;  // it never becomes shorter again
    for (std::size_t bits = 1; bits < over.rows; bits += bits / 3 + 1) {
      const bool is_shorter = is_shorter_by_key(over, bits);
      CHECK((was_shorter || !is_shorter));
      was_shorter = is_shorter;
    }
    over.measured_ns = 2000;  // vectors that are left on a disk
    CHECK_FALSE(is_shorter_by_key(over, 20'000));
    CHECK(is_shorter_by_key(over, 80));
  }

  TEST_CASE("bits_to_look_up: counts bitmaps of few bits, and leaves long ones and those of many bits alone") {
    const filtered_lists over{.rows = row_count, .lists = 64, .code_bytes = 4, .probes = 8, .k = 10, .candidates = 80, .measured_ns = 50};
    CHECK(bits_to_look_up({}, over) == allowed_estimate::uncounted);
    const auto few = bitmap_of(100);
    CHECK(bits_to_look_up({.bitmap = few.data(), .bitmap_bits = row_count}, over) == 60);
    CHECK(bits_to_look_up({.bitmap = few.data(), .bitmap_bits = 102}, over) == 2);  // the bits behind are not allowed
    const auto many = bitmap_of(2);
    CHECK(bits_to_look_up({.bitmap = many.data(), .bitmap_bits = row_count}, over) == allowed_estimate::uncounted);
    const auto long_one = bitmap_of(100'000, row_count * 64);
    CHECK(bits_to_look_up({.bitmap = long_one.data(), .bitmap_bits = row_count * 64}, over) == allowed_estimate::uncounted);
  }

  TEST_CASE("filters: of 1 %, 0.1 %, one and none allowed, by bitmap and by predicate, all are found, though few lists are probed") {
    for (const ivf_codes codes : {ivf_codes::pq4, ivf_codes::rabitq, ivf_codes::flat, ivf_codes::sq8}) {
      const auto made = fill(codes);
      const auto queries = atlas::dense(made.queries.data(), 130, dimension);
      for (const std::uint64_t one_in : {101U, 1009U, 100'003U, 0U}) {  // primes, so that all lists hold as many
        CAPTURE(static_cast<int>(codes));
        CAPTURE(one_in);
        const auto words = bitmap_of(one_in);
        const auto is_allowed = [&](std::uint64_t key) { return one_in != 0 && key % one_in == 1; };
        for (const bool is_bitmap : {true, false}) {
          atlas::search_options options{.k = 10, .probes = 1, .rerank = 8};
          if (is_bitmap) {
            options.allowed = {.bitmap = words.data(), .bitmap_bits = row_count};
          } else {
            options.allowed.predicate = is_allowed;
          }
          // No more rows than candidates are allowed: each is measured, and so the answers are exact.
          const auto found = support::search(made.index, queries, options);
          CHECK(keys_found(found) == keys_found(support::search(made.exact, queries, options)));
          std::vector<support::answer> one_by_one;
          for (std::size_t i = 0; i < 130; ++i) one_by_one.push_back(support::search_one(made.index, made.queries.data() + i * dimension, options));
          CHECK(one_by_one == found);
          options.threads = 3;
          CHECK(support::search(made.index, queries, options) == found);
          options.patience = 1;
          CHECK(support::search(made.index, queries, options) == found);
        }
      }
    }
  }

  TEST_CASE("filters: a bitmap of more rows than candidates is answered exactly where looking them up is shorter") {
    const auto made = fill(ivf_codes::pq4);
    const auto words = bitmap_of(61);  // 99 rows
    const atlas::search_options options{.k = 5, .probes = 1, .rerank = 8, .allowed = {.bitmap = words.data(), .bitmap_bits = row_count}};
    const auto queries = atlas::dense(made.queries.data(), 130, dimension);
    CHECK(support::search(made.index, queries, options) == support::search(made.exact, queries, options));
  }

  TEST_CASE("filters: with a bitmap and a predicate a key must pass both, also where it is looked up") {
    const auto made = fill(ivf_codes::pq4);
    const auto words = bitmap_of(100);
    const auto is_allowed = [](std::uint64_t key) { return key % 3 == 0; };
    const atlas::search_options options{.k = 30, .probes = 2, .rerank = 8, .allowed = {.bitmap = words.data(), .bitmap_bits = row_count, .predicate = is_allowed}};
    const auto queries = atlas::dense(made.queries.data(), 130, dimension);
    const auto found = support::search(made.index, queries, options);
    CHECK(found[0].keys.size() == 20);
    CHECK(keys_found(found) == keys_found(support::search(made.exact, queries, options)));
  }

  TEST_CASE("filters: removed and replaced rows are not answers, and rows on disk are, with codes to rerank by and without") {
    const support::memory_folder folder;
    const auto other = rows_of(5, 100);
    for (const auto rerank_codes : {atlas::traversal_codes::none, atlas::traversal_codes::lvq8}) {
      auto made = fill(ivf_codes::pq4, rerank_codes);
      const auto both = [&](auto change) {
        change(made.index);
        change(made.exact);
      };
      both([&](auto& one) {
        for (std::uint64_t key = 1; key < row_count; key += 200) one.remove(key).value();
        one.upsert(support::keys_from(100, 100), atlas::dense(other.data(), 100, dimension)).value();
      });
      made.index.save(folder.path("saved").c_str()).value();
      const auto cold = ivf_pq<float>::open(folder.path("saved").c_str(), {.vectors = atlas::vector_residence::on_disk}).value();
      const auto words = bitmap_of(100);
      const atlas::search_options options{.k = 10, .probes = 1, .rerank = 8, .allowed = {.bitmap = words.data(), .bitmap_bits = row_count}};
      const auto queries = atlas::dense(made.queries.data(), 130, dimension);
      const auto wanted = keys_found(support::search(made.exact, queries, options));
      CHECK(keys_found(support::search(made.index, queries, options)) == wanted);
      CHECK(keys_found(support::search(cold, queries, options)) == wanted);
    }
  }

  TEST_CASE("filters: estimates of allowed rows are the estimates that lists give of them") {
    for (const auto rerank_codes : {atlas::traversal_codes::none, atlas::traversal_codes::lvq8}) {
      const auto made = fill(ivf_codes::pq4, rerank_codes);
      const auto words = bitmap_of(500);
      const auto queries = atlas::dense(made.queries.data(), 130, dimension);
      atlas::search_options options{.k = row_count, .probes = 64, .estimates_only = true};
      const auto all = support::search(made.index, atlas::dense(made.queries.data(), 3, dimension), options);
      options.k = 20;
      options.probes = 1;
      options.allowed = {.bitmap = words.data(), .bitmap_bits = row_count};
      const auto found = support::search(made.index, queries, options);
      for (std::size_t i = 0; i < 3; ++i) {
        REQUIRE(found[i].keys.size() == 12);
        std::vector<std::uint64_t> wanted;
        for (const std::uint64_t key : all[i].keys) {
          if (key % 500 == 1) wanted.push_back(key);
        }
        CHECK(found[i].keys == wanted);
      }
    }
  }

  TEST_CASE("search: goes on to further lists only if those probed hold fewer than k rows that may be answers") {
    const auto made = fill(ivf_codes::pq4);
    std::size_t asked = 0;
    const auto is_allowed = [&](std::uint64_t key) {
      ++asked;
      return key % 3 == 0;
    };
    const atlas::search_options few{.k = 3, .probes = 1, .rerank = 1, .allowed = {.predicate = is_allowed}};
    (void)support::search_one(made.index, made.queries.data(), few);
    CHECK(asked < row_count / 8);
    asked = 0;
    const auto found = support::search_one(made.index, made.queries.data(), {.k = 400, .probes = 1, .rerank = 1, .allowed = {.predicate = is_allowed}});
    CHECK(found.keys.size() == 400);
    CHECK(asked > 800);
    CHECK(asked < row_count / 2);
    CHECK(std::is_sorted(found.distances.begin(), found.distances.end()));
  }

  TEST_CASE("search: without a filter, too, k rows are found where there are as many, whatever lists hold them") {
    auto index = ivf_pq<float>::create({.dimension = dimension, .lists = 64, .codes = ivf_codes::pq4}).value();
    const auto vectors = rows_of(1, row_count);
    index.train(atlas::dense(vectors.data(), row_count, dimension)).value();
    const auto queries = rows_of(2, 130);
    const auto view = atlas::dense(queries.data(), 130, dimension);
    for (std::uint64_t key = 0; key < 20; ++key) {
      index.add({&key, 1}, atlas::dense(vectors.data() + key * dimension, 1, dimension)).value();
      const auto found = support::search(index, view, {.k = 15, .probes = 1});
      std::vector<support::answer> one_by_one;
      for (std::size_t i = 0; i < 130; ++i) one_by_one.push_back(support::search_one(index, queries.data() + i * dimension, {.k = 15, .probes = 1}));
      CHECK(one_by_one == found);
      for (const support::answer& one : found) CHECK(one.keys.size() == std::min<std::size_t>(15, key + 1));
    }
  }
}

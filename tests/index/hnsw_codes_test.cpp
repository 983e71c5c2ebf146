// SPDX-License-Identifier: Apache-2.0
// tests/index/hnsw_codes_test.cpp -- mirrors include/atlas/index/code_store.hpp, traversal_codes.hpp and what hnsw_options.hpp
// says of codes and stored scalars: graphs that are walked by codes, whose answers are those of the stored vectors.
// Their files: tests/index/hnsw_codes_file_test.cpp; damaged ones: tests/index/hnsw_codes_damage_test.cpp.
#include <atlas/index/hnsw_index.hpp>

#include "support/coded_graphs.hpp"
#include "support/error_line.hpp"
#include "support/graphs.hpp"
#include "support/index_answers.hpp"
#include "support/index_cases.hpp"
#include "support/memory_folder.hpp"
#include "support/patched_file.hpp"
#include "support/repetitions.hpp"
#include "support/stored_numbers.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <set>
#include <string>
#include <vector>

using atlas::errc;
using atlas::metric;
using atlas::scalar;
using atlas::traversal_codes;
using support::coded;
using support::codes_section;
using support::centre_section;
using support::failed_as;
using support::file_of;
using support::graph_of;
using support::judge;
using support::says_both;

TEST_SUITE("index") {
namespace {

using keys_t = std::vector<std::uint64_t>;
constexpr std::size_t dimension = support::coded_dimension;

}  // namespace

  TEST_CASE("hnsw: for every code, metric and stored scalar, answers are nearly the nearest, at the stored vectors' distances") {
    const std::size_t rows = support::repetitions(400, 200, 100);
    for (const scalar stored : support::row_scalars) {
      const auto given = support::storable_numbers(stored, 1, rows * dimension);
      const auto kept = support::stored_numbers(stored, given);
      const auto queries = support::storable_numbers(stored, 2, 30 * dimension);
      for (const metric which : support::float_metrics) {
        for (const traversal_codes codes : support::all_codes) {
          CAPTURE(std::string(atlas::name(stored)));
          CAPTURE(std::string(atlas::name(which)));
          CAPTURE(std::string(atlas::name(codes)));
          const auto index = graph_of(given, coded(codes, which, stored));
          CHECK(index.element() == stored);
          CHECK(index.codes() == codes);
          const support::judgement normal = judge(index, kept, queries, 10);
          const support::judgement wide = judge(index, kept, queries, 10, rows);
          CHECK(normal.recall >= 0.96);  // measured: 0.983 and more
          CHECK(wide.recall >= 0.96);    // 0.966 and more; less than 1 where rows are no near neighbours of any
          CHECK(normal.are_distances_right);
          CHECK(wide.are_distances_right);
          float got[dimension];
          for (std::uint64_t key = 0; key < rows; key += 7) {
            REQUIRE(index.get(key, got).ok());
            CHECK(std::memcmp(got, kept.data() + key * dimension, sizeof got) == 0);
          }
        }
      }
    }
  }

  TEST_CASE("hnsw: a walk reads the codes, and whatever they hold, distances are those of the vectors") {
    // The codes of a good file are exchanged row by row, so that walks are led astray and answers are not.
    const support::memory_folder folder;
    const std::size_t rows = 300;
    const auto vectors = support::random_vector(1, rows * dimension);
    const auto queries = support::random_vector(2, 30 * dimension);
    for (const traversal_codes codes : support::real_codes) {
      CAPTURE(std::string(atlas::name(codes)));
      auto index = graph_of(vectors, coded(codes));
      CHECK(judge(index, vectors, queries, 10).recall >= 0.96);
      std::string file = file_of(index, folder);
      const atlas::section_entry section = support::section_of(file, codes_section);
      const std::size_t stride = section.element_bytes;
      REQUIRE(section.length_bytes == rows * stride);
      std::string turned = file;
      for (std::size_t row = 0; row < rows; ++row) {
        turned.replace(section.offset + row * stride, stride, file, section.offset + (rows - 1 - row) * stride, stride);
      }
      const auto misled = atlas::hnsw<float>::open(folder.write("turned", turned).c_str()).value();
      const support::judgement said = judge(misled, vectors, queries, 10);
      CHECK(said.recall < 0.6);
      CHECK(said.are_distances_right);
      // Of all rows the nearest are found, whatever led there.
      CHECK(judge(misled, vectors, queries, 10, rows).are_distances_right);
    }
  }

  TEST_CASE("hnsw: codes are relative to the mean of the first rows") {
    // Far from the origin the numbers themselves, in 8 bits or as bf16, would all be the same.
    const std::size_t rows = support::repetitions(400, 200, 100);
    auto vectors = support::random_vector(1, rows * dimension);
    auto queries = support::random_vector(2, 30 * dimension);
    for (float& value : vectors) value += 1000.0F;
    for (float& value : queries) value += 1000.0F;
    const support::memory_folder folder;
    for (const traversal_codes codes : {traversal_codes::lvq8, traversal_codes::lvq4}) {
      const auto index = graph_of(vectors, coded(codes));
      const support::judgement said = judge(index, vectors, queries, 10);
      CHECK(said.recall >= 0.96);
      const std::string file = file_of(index, folder);
      const atlas::section_entry section = support::section_of(file, centre_section);
      REQUIRE(section.length_bytes == dimension * sizeof(float));
      for (std::size_t i = 0; i < dimension; ++i) {
        double sum = 0;
        for (std::size_t row = 0; row < 16; ++row) sum += static_cast<double>(vectors[row * dimension + i]);
        float centre = 0;
        std::memcpy(&centre, file.data() + section.offset + i * sizeof centre, sizeof centre);
        CHECK(centre == doctest::Approx(sum / 16).epsilon(1e-7));
      }
    }
  }

  TEST_CASE("hnsw: under cosine the mean is that of the vectors at unit length, as they are stored") {
    const support::memory_folder folder;
    for (const scalar stored : support::row_scalars) {
      CAPTURE(std::string(atlas::name(stored)));
      const auto given = support::storable_numbers(stored, 1, 40 * dimension);
      const auto kept = support::stored_numbers(stored, given);
      const std::string file = file_of(graph_of(given, coded(traversal_codes::lvq8, metric::cosine, stored)), folder);
      const atlas::section_entry section = support::section_of(file, centre_section);
      for (std::size_t i = 0; i < dimension; ++i) {
        double sum = 0;
        for (std::size_t row = 0; row < 16; ++row) {
          const float* vector = kept.data() + row * dimension;
          sum += static_cast<double>(vector[i]) / std::sqrt(support::dot_float64(vector, vector, dimension));
        }
        float centre = 0;
        std::memcpy(&centre, file.data() + section.offset + i * sizeof centre, sizeof centre);
        CHECK(std::abs(static_cast<double>(centre) - sum / 16) <= 1e-6);
      }
    }
  }

  TEST_CASE("hnsw: a vector that takes a used slot is found by its own code") {
    const std::size_t rows = 300;
    auto vectors = support::random_vector(1, rows * dimension);
    const auto queries = support::random_vector(2, 30 * dimension);
    for (const traversal_codes codes : support::real_codes) {
      CAPTURE(std::string(atlas::name(codes)));
      auto index = graph_of(vectors, coded(codes));
      const std::uint64_t bytes = index.memory().vectors;
      auto now = vectors;
      for (std::uint64_t round = 0; round < 3; ++round) {
        const auto newer = support::random_vector(10 + round, rows * dimension);
        for (std::uint64_t key = 0; key < rows; ++key) {
          index.upsert(keys_t{key}, atlas::dense(newer.data() + key * dimension, 1, dimension)).value();
        }
        now = newer;
      }
      CHECK(index.memory().vectors < 2 * bytes);  // slots were used again
      const support::judgement said = judge(index, now, queries, 10);
      CHECK(said.recall >= 0.96);
      CHECK(said.are_distances_right);
    }
  }

  TEST_CASE("hnsw: range and distances measure the stored vectors too") {
    const std::size_t rows = 300;
    for (const scalar stored : support::row_scalars) {
      const auto given = support::storable_numbers(stored, 1, rows * dimension);
      const auto kept = support::stored_numbers(stored, given);
      const auto queries = support::storable_numbers(stored, 2, 10 * dimension);
      for (const metric which : support::float_metrics) {
        const auto index = graph_of(given, coded(traversal_codes::lvq4, which, stored));
        std::size_t wanted = 0;
        std::size_t got = 0;
        for (std::size_t i = 0; i < 10; ++i) {
          const float* query = queries.data() + i * dimension;
          std::vector<double> exact(rows);
          for (std::size_t row = 0; row < rows; ++row) {
            exact[row] = support::distance_float64(which, query, kept.data() + row * dimension, dimension);
          }
          std::vector<double> sorted = exact;
          std::sort(sorted.begin(), sorted.end());
          std::size_t found = 0;
          const auto given_answer = support::range(index, query, static_cast<float>(sorted[40]), rows, found);
          for (std::size_t slot = 0; slot < given_answer.keys.size(); ++slot) {
            const std::uint64_t key = given_answer.keys[slot];
            const double bound = support::distance_bound(which, query, kept.data() + key * dimension, dimension);
            CHECK(std::abs(static_cast<double>(given_answer.distances[slot]) - exact[key]) <= bound);
            CHECK(exact[key] <= sorted[40] + 2 * bound + std::abs(sorted[40]) * 1e-6);
          }
          wanted += 41;
          got += found;
          float by_key[3] = {};
          const keys_t keys{5, 299, 0};
          REQUIRE(index.distances({query, dimension}, keys, by_key).ok());
          for (std::size_t n = 0; n < 3; ++n) {
            const double bound = support::distance_bound(which, query, kept.data() + keys[n] * dimension, dimension);
            CHECK(std::abs(static_cast<double>(by_key[n]) - exact[keys[n]]) <= bound);
          }
        }
        // Measured with these coarsest codes: 395 and more of 410; 345 of u8 under inner_product, where all numbers are
        // positive and a few long rows are near to every query.
        CHECK(100 * got >= (stored == scalar::u8 && which == metric::inner_product ? 80U : 94U) * wanted);
      }
    }
  }

  TEST_CASE("hnsw: equal distances come in the order of keys, out of codes too") {
    // Ten vectors, each under many keys, and codes that tell no two of them apart.
    const std::size_t rows = 200;
    const auto few = support::random_integers(1, 10 * dimension, 3);
    std::vector<float> vectors;
    keys_t keys;
    std::mt19937_64 draw(5);
    std::set<std::uint64_t> used;
    while (keys.size() < rows) {
      const std::uint64_t key = draw() % 100'000;
      if (!used.insert(key).second) continue;
      const auto first = few.begin() + static_cast<std::ptrdiff_t>(keys.size() % 10 * dimension);
      vectors.insert(vectors.end(), first, first + dimension);
      keys.push_back(key);
    }
    for (const traversal_codes codes : support::all_codes) {
      CAPTURE(std::string(atlas::name(codes)));
      auto index = atlas::hnsw<float>::create(coded(codes)).value();
      index.add(keys, atlas::dense(vectors.data(), rows, dimension)).value();
      for (const std::size_t k : {1U, 15U, 20U, 50U, 200U}) {
        const auto found = support::search_one(index, few.data(), {.k = k, .width = rows});
        REQUIRE(found.keys.size() == k);
        for (std::size_t i = 1; i < k; ++i) {
          if (found.distances[i] == found.distances[i - 1]) CHECK(found.keys[i - 1] < found.keys[i]);
        }
      }
    }
  }

  TEST_CASE("hnsw: what the stored scalar cannot hold is refused, naming the row, and nothing changes") {
    constexpr float infinite = std::numeric_limits<float>::infinity();
    struct bad_number {
      scalar stored;
      float value;
    };
    const bad_number bad[] = {
        {scalar::i8, 127.5F},  {scalar::i8, 128.0F},   {scalar::i8, -129.0F}, {scalar::i8, 0.5F},   {scalar::i8, -0.001F}, {scalar::i8, 1e18F},
        {scalar::i8, 1e-30F},  {scalar::u8, -1.0F},    {scalar::u8, 256.0F},  {scalar::u8, 0.5F},   {scalar::u8, -0.25F},  {scalar::u8, 254.9999F},
        {scalar::u8, 4e9F},    {scalar::f16, 65504.5F}, {scalar::f16, 1e10F}, {scalar::f16, -1e6F}, {scalar::bf16, 3.4e38F}};
    for (const metric which : support::float_metrics) {
      for (const bad_number& one : bad) {
        CAPTURE(std::string(atlas::name(one.stored)));
        CAPTURE(one.value);
        const auto numbers = support::storable_numbers(one.stored, 1, 30 * dimension);
        auto index = graph_of(numbers, coded(traversal_codes::lvq8, which, one.stored));
        const support::memory_folder folder;
        const std::string before = file_of(index, folder);
        for (const std::size_t row : {0U, 3U, 5U}) {
          for (const std::size_t component : {std::size_t{0}, dimension - 1}) {
            auto more = support::storable_numbers(one.stored, 2, 6 * dimension);
            more[row * dimension + component] = one.value;
            for (const bool is_upsert : {false, true}) {
              const auto view = atlas::dense(more.data(), 6, dimension);
              const auto said = is_upsert ? index.upsert(support::keys_from(0, 6), view) : index.add(support::keys_from(100, 6), view);
              CHECK(failed_as(said, errc::limit_exceeded));
              CHECK(says_both(said));
              CHECK(said.error().row == row);
            }
          }
        }
        CHECK(file_of(index, folder) == before);
      }
      for (const scalar stored : support::row_scalars) {
        auto index = atlas::hnsw<float>::create(coded(traversal_codes::lvq8, which, stored)).value();
        for (const float value : {std::numeric_limits<float>::quiet_NaN(), infinite, -infinite}) {
          auto numbers = support::storable_numbers(stored, 1, 3 * dimension);
          numbers[2 * dimension + 7] = value;
          const auto said = index.add(support::keys_from(0, 3), atlas::dense(numbers.data(), 3, dimension));
          CHECK(failed_as(said, errc::not_finite));
          CHECK(said.error().row == 2);
        }
        CHECK(index.size() == 0);
      }
    }
  }

  TEST_CASE("hnsw: the ends of a stored scalar's range are taken, and a vector that it makes zero is refused under cosine") {
    struct good_number {
      scalar stored;
      float value;
      float kept;
    };
    const good_number good[] = {{scalar::i8, -128, -128},   {scalar::i8, 127, 127},        {scalar::i8, -0.0F, 0},   {scalar::u8, 255, 255},
                                {scalar::u8, 0, 0},         {scalar::u8, -0.0F, 0},        {scalar::f16, 65504, 65504}, {scalar::f16, -65504, -65504},
                                {scalar::f16, 0.1F, 0x1.998p-4F}, {scalar::f16, 1e-9F, 0}, {scalar::bf16, 0.1F, 0x1.9ap-4F}, {scalar::bf16, 1e19F, 0x1.16p63F}};
    for (const good_number& one : good) {
      CAPTURE(std::string(atlas::name(one.stored)));
      CAPTURE(one.value);
      auto index = atlas::hnsw<float>::create({.dimension = 2, .stored = one.stored}).value();
      const float vector[2] = {one.value, 1};
      REQUIRE(index.add(keys_t{1}, atlas::dense(vector, 1, 2)).ok());
      float got[2];
      REQUIRE(index.get(1, got).ok());
      CHECK(got[0] == one.kept);
      CHECK(got[1] == 1);
    }
    auto halves = atlas::hnsw<float>::create({.dimension = 2, .metric = metric::cosine, .stored = scalar::f16}).value();
    const float vectors[4] = {1, 2, 1e-9F, -1e-9F};
    const auto said = halves.add(keys_t{1, 2}, atlas::dense(vectors, 2, 2));
    CHECK(failed_as(said, errc::zero_vector));
    CHECK(says_both(said));
    CHECK(said.error().row == 1);
    CHECK(halves.size() == 0);
  }

  TEST_CASE("hnsw create: codes, their beginning, alpha and stored scalars that there are not are refused by name") {
    struct bad_option {
      atlas::hnsw_options options;
      const char* field;
      errc code;
    };
    std::vector<bad_option> bad;
    for (const int number : {5, 6, 100, 254}) bad.push_back({{.dimension = 4, .codes = static_cast<traversal_codes>(number)}, "codes", errc::invalid_argument});
    bad.push_back({{.dimension = 4, .codes_from = 0}, "codes_from", errc::invalid_argument});
    bad.push_back({{.dimension = 4, .codes = traversal_codes::none, .codes_from = 0}, "codes_from", errc::invalid_argument});
    for (const float alpha : {0.0F, -1.0F, 0.99999F, 2.00001F, 1e30F, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
      bad.push_back({{.dimension = 4, .alpha = alpha}, "alpha", errc::invalid_argument});
    }
    for (const int number : {5, 6, 255}) bad.push_back({{.dimension = 4, .stored = static_cast<scalar>(number)}, "stored", errc::scalar_mismatch});
    for (const bad_option& one : bad) {
      CAPTURE(one.field);
      const auto refused = atlas::hnsw<float>::create(one.options);
      CHECK(failed_as(refused, one.code));
      CHECK(says_both(refused));
      CHECK(std::string(refused.error().field) == one.field);
    }
    for (const float alpha : {1.0F, 1.5F, 2.0F}) CHECK(atlas::hnsw<float>::create({.dimension = 4, .alpha = alpha}).ok());
  }

  TEST_CASE("hnsw create: automatic is lvq8, and lvq4 from the dimension on where that is as good") {
    const auto chosen = [](std::size_t components, traversal_codes wanted) {
      return atlas::hnsw<float>::create({.dimension = components, .codes = wanted}).value().codes();
    };
    CHECK(chosen(1, traversal_codes::automatic) == traversal_codes::lvq8);
    CHECK(chosen(atlas::lvq4_from_dimension - 1, traversal_codes::automatic) == traversal_codes::lvq8);
    CHECK(chosen(atlas::lvq4_from_dimension, traversal_codes::automatic) == traversal_codes::lvq4);
    CHECK(chosen(1536, traversal_codes::automatic) == traversal_codes::lvq4);
    for (const traversal_codes codes : support::all_codes) {
      CHECK(chosen(3, codes) == codes);
      CHECK(chosen(1000, codes) == codes);
    }
    CHECK(atlas::hnsw<float>::create({.dimension = 5}).value().codes() == traversal_codes::lvq8);  // the default
  }

  TEST_CASE("traversal_codes: names, and a stride of whole cache lines") {
    const std::string names[] = {"none", "f16", "bf16", "lvq8", "lvq4"};
    for (const traversal_codes codes : support::all_codes) {
      CHECK(std::string(atlas::name(codes)) == names[static_cast<int>(codes)]);
      CHECK(atlas::detail::is_stored_codes(static_cast<std::uint8_t>(codes)));
    }
    CHECK(std::string(atlas::name(traversal_codes::automatic)) == "automatic");
    CHECK(std::string(atlas::name(static_cast<traversal_codes>(77))) == "unknown");
    for (const int number : {5, 6, 128, 254, 255}) CHECK_FALSE(atlas::detail::is_stored_codes(static_cast<std::uint8_t>(number)));
    for (const std::size_t components : {1U, 3U, 31U, 32U, 33U, 64U, 100U, 768U, 65'535U}) {
      CHECK(atlas::detail::code_stride_bytes(traversal_codes::none, components) == 0);
      for (const traversal_codes codes : support::real_codes) {
        const std::size_t stride = atlas::detail::code_stride_bytes(codes, components);
        CHECK(stride % 64 == 0);
        const std::size_t bits = codes == traversal_codes::lvq8 ? 8 : codes == traversal_codes::lvq4 ? 4 : 16;
        CHECK(stride * 8 >= components * bits);
        CHECK(stride * 8 <= components * bits + 16 * 8 + 16 * 8 + 63 * 8 + 64 * 4);  // whole 16 bytes, terms, whole lines
      }
    }
  }

  TEST_CASE("hnsw: memory counts the codes once there are any") {
    for (const traversal_codes codes : support::all_codes) {
      CAPTURE(std::string(atlas::name(codes)));
      auto index = atlas::hnsw<float>::create(coded(codes)).value();
      auto plain = atlas::hnsw<float>::create(coded(traversal_codes::none)).value();
      const auto vectors = support::random_vector(1, 40 * dimension);
      const std::size_t stride = atlas::detail::code_stride_bytes(codes, dimension);
      for (std::uint64_t key = 0; key < 40; ++key) {
        const auto view = atlas::dense(vectors.data() + key * dimension, 1, dimension);
        index.add(keys_t{key}, view).value();
        plain.add(keys_t{key}, view).value();
        const bool has_codes = codes != traversal_codes::none && key + 1 >= 16;
        CHECK(index.memory().graph - plain.memory().graph == (has_codes ? (key + 1) * stride + dimension * sizeof(float) : 0));
        CHECK(index.memory().vectors == plain.memory().vectors);
      }
    }
  }

  TEST_CASE("hnsw: stored scalars take the bytes of their components") {
    for (const scalar stored : support::row_scalars) {
      for (const metric which : support::float_metrics) {
        const std::size_t components = 130;
        const auto numbers = support::storable_numbers(stored, 1, 10 * components);
        const auto index = graph_of(numbers, coded(traversal_codes::lvq8, which, stored, components));
        const std::size_t needed = support::bytes_of(stored, components) + (which == metric::cosine ? 2 + 4 : 0);
        CHECK(index.memory().vectors == 10 * ((needed + 63) / 64 * 64));
      }
    }
  }
}

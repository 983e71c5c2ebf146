// SPDX-License-Identifier: Apache-2.0
// tests/index/ivf_rerank_test.cpp -- mirrors include/atlas/index/ivf_query.hpp and index/ivf_engine.hpp: candidates that are
// compared by codes beside the rows before the best are measured.
#include <atlas/index/ivf_engine.hpp>

#include <atlas/any_index.hpp>

#include "support/each_target.hpp"
#include "support/error_line.hpp"
#include "support/index_answers.hpp"
#include "support/index_bytes.hpp"
#include "support/index_cases.hpp"
#include "support/index_exercise.hpp"
#include "support/index_model.hpp"
#include "support/memory_folder.hpp"
#include "support/patched_file.hpp"
#include "support/repetitions.hpp"
#include "support/scratch_folder.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

using atlas::errc;
using atlas::ivf_codes;
using atlas::ivf_pq;
using atlas::ivf_pq_options;
using atlas::open_mode;
using atlas::traversal_codes;
using support::failed_as;
using support::says_both;

TEST_SUITE("ivf_rerank") {
namespace {

constexpr std::size_t dimension = 20;
constexpr traversal_codes rerank_codes[] = {traversal_codes::f16, traversal_codes::bf16, traversal_codes::lvq8, traversal_codes::lvq4};
constexpr std::size_t present_offset = 64 + 10;  // of the parameters, behind stride, lists, codes and rotation
constexpr std::uint32_t codes_section = 0x114;
constexpr std::uint32_t centre_section = 0x115;

/// Around a few centres, away from 0, so that codes need the centre.
std::vector<float> rows_of(std::uint64_t seed, std::size_t rows) {
  const auto centres = support::random_vector(99, 7 * dimension);
  auto values = support::random_vector(seed, rows * dimension);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = 0.5F * values[i] + centres[i / dimension % 7 * dimension + i % dimension] + 3.0F;
  return values;
}
/// All lists are looked at, and so many rows become candidates that only codes decide.
ivf_pq_options reranked(traversal_codes codes, atlas::metric which = atlas::metric::l2sq, std::size_t train_from = 300) {
  return {.dimension = dimension, .metric = which, .lists = 4, .codes = ivf_codes::rabitq, .train_from = train_from, .probes = 4, .rerank = 40, .rerank_codes = codes};
}
ivf_pq<float> filled(const ivf_pq_options& options, const std::vector<float>& vectors) {
  auto index = ivf_pq<float>::create(options).value();
  const std::size_t rows = vectors.size() / dimension;
  index.add(support::keys_from(0, rows), atlas::dense(vectors.data(), rows, dimension)).value();
  return index;
}
atlas::flat<float> exact_of(const std::vector<float>& vectors, atlas::metric which) {
  auto index = atlas::flat<float>::create({.dimension = dimension, .metric = which}).value();
  const std::size_t rows = vectors.size() / dimension;
  index.add(support::keys_from(0, rows), atlas::dense(vectors.data(), rows, dimension)).value();
  return index;
}
atlas::matrix_view view_of(const std::vector<float>& vectors) { return atlas::dense(vectors.data(), vectors.size() / dimension, dimension); }

std::string saved_bytes(const ivf_pq<float>& index) {
  atlas::buffer<std::byte> bytes;
  index.save_to(bytes).value();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
/// Asks one by one what a batch is asked.
std::vector<support::answer> one_by_one(const ivf_pq<float>& index, const std::vector<float>& queries, const atlas::search_options& options) {
  std::vector<support::answer> all;
  for (std::size_t i = 0; i < queries.size() / dimension; ++i) all.push_back(support::search_one(index, queries.data() + i * dimension, options));
  return all;
}
/// The share of the exact answers that were found.
double share_of(const std::vector<support::answer>& found, const std::vector<support::answer>& wanted) {
  std::size_t right = 0;
  std::size_t all = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const float farthest = wanted[i].distances.back();
    for (const float distance : found[i].distances) right += distance <= farthest + 1e-5F * (1.0F + std::abs(farthest)) ? 1U : 0U;
    all += wanted[i].keys.size();
  }
  return static_cast<double>(right) / static_cast<double>(all);
}

}  // namespace

  TEST_CASE("search: of candidates by codes the best are measured, so that answers are the exact ones at their exact distances") {
    const auto vectors = rows_of(1, 800);
    const auto queries = rows_of(2, 60);
    for (const atlas::metric which : support::float_metrics) {
      const auto wanted = support::search(exact_of(vectors, which), view_of(queries), {.k = 10});
      for (const traversal_codes codes : rerank_codes) {
        CAPTURE(std::string(atlas::name(which)));
        CAPTURE(std::string(atlas::name(codes)));
        const auto index = filled(reranked(codes, which, 800), vectors);
        REQUIRE(index.is_trained());
        CHECK(index.rerank_codes() == codes);
        const auto found = support::search(index, view_of(queries), {.k = 10});
        CHECK(share_of(found, wanted) >= 0.99);
        for (std::size_t i = 0; i < found.size(); ++i) {
          REQUIRE(found[i].keys.size() == 10);
          for (std::size_t j = 0; j < 10; ++j) {
            const double exact = support::distance_float64(which, queries.data() + i * dimension, vectors.data() + found[i].keys[j] * dimension, dimension);
            CHECK(std::abs(static_cast<double>(found[i].distances[j]) - exact) <= 1e-4 * (1.0 + std::abs(exact)));
          }
        }
      }
    }
  }

  TEST_CASE("estimates_only: answers have the codes' distances, nearer to the true ones than lists' estimates, and no vector is read") {
    const support::memory_folder folder;
    const auto vectors = rows_of(1, 600);
    const auto queries = rows_of(2, 30);
    const atlas::search_options options{.k = 10, .estimates_only = true};
    for (const atlas::metric which : support::float_metrics) {
      const auto error_of = [&](const std::vector<support::answer>& found) {
        double sum = 0;
        for (std::size_t i = 0; i < found.size(); ++i) {
          for (std::size_t j = 0; j < found[i].keys.size(); ++j) {
            const double exact = support::distance_float64(which, queries.data() + i * dimension, vectors.data() + found[i].keys[j] * dimension, dimension);
            sum += std::abs(static_cast<double>(found[i].distances[j]) - exact);
          }
        }
        return sum;
      };
      const double without = error_of(support::search(filled(reranked(traversal_codes::none, which), vectors), view_of(queries), options));
      for (const traversal_codes codes : rerank_codes) {
        CAPTURE(std::string(atlas::name(which)));
        CAPTURE(std::string(atlas::name(codes)));
        const auto index = filled(reranked(codes, which), vectors);
        const auto found = support::search(index, view_of(queries), options);
        CHECK(error_of(found) <= (codes == traversal_codes::lvq4 ? 0.6 : 0.2) * without);
        index.save(folder.path("good").c_str()).value();
        const support::patched_file file(folder, support::read_whole(folder.path("good")));
        const atlas::section_entry section = support::section_of(file.content(), 0x100);
        file.put(section.offset, std::string(section.length_bytes, '\xFF'));  // NaN, whose distance would be no answer
        const auto cold = ivf_pq<float>::open(file.path(), {.vectors = atlas::vector_residence::on_disk}).value();
        CHECK(support::search(cold, view_of(queries), options) == found);
        CHECK(cold.memory().vectors == 0);
        CHECK(support::search(cold, view_of(queries), {.k = 10})[0].keys.empty());  // which does read them
      }
    }
  }

  TEST_CASE("search: the same bits one by one, in a batch and on disk, and nearly the same estimates on every target") {
    const support::memory_folder folder;
    const auto vectors = rows_of(1, 900);
    const auto queries = rows_of(2, 100);
    for (const atlas::metric which : support::float_metrics) {
      for (const traversal_codes codes : rerank_codes) {
        CAPTURE(std::string(atlas::name(which)));
        CAPTURE(std::string(atlas::name(codes)));
        const auto index = filled(reranked(codes, which), vectors);
        const std::string path = folder.path("saved");
        index.save(path.c_str()).value();
        const auto estimated = support::search(index, view_of(queries), {.k = 7, .estimates_only = true});
        support::on_each_target([&] {
          const auto opened = ivf_pq<float>::open(path.c_str()).value();
          const auto cold = ivf_pq<float>::open(path.c_str(), {.vectors = atlas::vector_residence::on_disk, .load = true}).value();
          for (const bool estimates_only : {false, true}) {
            const atlas::search_options options{.k = 7, .probes = 3, .rerank = 5, .estimates_only = estimates_only};
            const auto together = support::search(opened, view_of(queries), options);
            CHECK(together == one_by_one(opened, queries, options));
            CHECK(together == support::search(cold, view_of(queries), options));
          }
          const auto here = support::search(opened, view_of(queries), {.k = 7, .estimates_only = true});
          for (std::size_t i = 0; i < here.size(); ++i) {
            for (std::size_t j = 0; j < 7; ++j) {
              CHECK(std::abs(here[i].distances[j] - estimated[i].distances[j]) <= 1e-4F * (1.0F + std::abs(estimated[i].distances[j])));
            }
          }
        });
      }
    }
  }

  TEST_CASE("add, upsert, remove, train, retrain, compact, save, open: rows have the codes of the vectors that they have") {
    const support::memory_folder folder;
    const std::string path = folder.path("saved");
    const auto vectors = rows_of(1, 1200);
    const auto queries = rows_of(2, 40);
    for (const traversal_codes codes : rerank_codes) {
      CAPTURE(std::string(atlas::name(codes)));
      auto options = reranked(codes);
      options.rerank = 30;
      auto index = ivf_pq<float>::create(options).value();
      auto model = atlas::flat<float>::create({.dimension = dimension}).value();
      const auto both = [&](auto change) {
        change(index);
        change(model);
        const auto found = support::search(index, view_of(queries), {.k = 10});
        CHECK(share_of(found, support::search(model, view_of(queries), {.k = 10})) >= 0.99);
        CHECK(support::search(index, view_of(queries), {.k = 10, .estimates_only = true}).size() == 40);
      };
      for (std::size_t first = 0; first < 600; first += 50) {  // across the beginning of codes, and of lists
        both([&](auto& one) { one.add(support::keys_from(first, 50), view_of(vectors).subrows(first, 50)).value(); });
      }
      REQUIRE(index.is_trained());
      both([&](auto& one) { one.upsert(support::keys_from(0, 200), view_of(vectors).subrows(600, 200)).value(); });
      both([&](auto& one) {
        for (std::uint64_t key = 100; key < 400; ++key) one.remove(key).value();
      });
      REQUIRE(index.compact().ok());
      both([&](auto& one) { one.add(support::keys_from(1000, 300), view_of(vectors).subrows(800, 300)).value(); });  // slots that were freed
      REQUIRE(index.retrain().ok());
      both([](auto&) {});
      REQUIRE(index.train(view_of(vectors).subrows(0, 400)).ok());
      both([](auto&) {});
      index.save(path.c_str()).value();
      const auto wanted = support::search(index, view_of(queries), {.k = 10});
      for (const bool load : {false, true}) {
        const auto opened = ivf_pq<float>::open(path.c_str(), {.load = load}).value();
        CHECK(opened.rerank_codes() == codes);
        CHECK(opened.file()->verify().ok());
        CHECK(support::search(opened, view_of(queries), {.k = 10}) == wanted);
        CHECK(opened.memory().graph >= opened.size() * atlas::detail::code_stride_bytes(codes, dimension));
        CHECK(saved_bytes(opened) == support::read_whole(path));
        index = ivf_pq<float>::open(path.c_str(), {.mode = open_mode::change, .load = load}).value();
        CHECK(support::search(index, view_of(queries), {.k = 10}) == wanted);
      }
      const auto any = atlas::any_index::open(path.c_str()).value();
      CHECK(support::search(any, view_of(queries), {.k = 10}) == wanted);
      both([&](auto& one) { one.upsert(support::keys_from(0, 100), view_of(vectors).subrows(1100, 100)).value(); });
    }
  }

  TEST_CASE("save: the same bytes whether rows came at once or in batches, and a section of codes only where there are some") {
    const auto vectors = rows_of(1, 500);
    const std::vector<std::vector<std::size_t>> ways = {{255, 1, 244}, {256, 244}, {100, 200, 200}};
    for (const traversal_codes codes : rerank_codes) {
      CAPTURE(std::string(atlas::name(codes)));
      const std::string whole = saved_bytes(filled(reranked(codes, atlas::metric::cosine, 500), vectors));
      CHECK(support::number_at(whole, present_offset, 1) == static_cast<std::uint8_t>(codes));
      CHECK(support::number_at(whole, present_offset + 1, 1) == static_cast<std::uint8_t>(codes));
      CHECK(support::section_of(whole, codes_section).length_bytes == 500 * atlas::detail::code_stride_bytes(codes, dimension));
      CHECK(support::section_of(whole, centre_section).length_bytes == dimension * sizeof(float));
      for (const auto& batches : ways) {
        auto index = ivf_pq<float>::create(reranked(codes, atlas::metric::cosine, 500)).value();
        std::size_t first = 0;
        for (const std::size_t count : batches) {
          index.add(support::keys_from(first, count), view_of(vectors).subrows(first, count)).value();
          first += count;
        }
        const std::string bytes = saved_bytes(index);
        for (const std::uint32_t id : {codes_section, centre_section, 0x121U}) {
          CHECK(support::section_of(bytes, id).checksum == support::section_of(whole, id).checksum);
        }
      }
    }
    const std::string none = saved_bytes(filled(reranked(traversal_codes::none), vectors));
    CHECK_FALSE(support::has_section(none, codes_section));
    CHECK(support::number_at(none, present_offset, 2) == 0);
    std::uint64_t last = 0;
    std::uint64_t named = 0;
    const auto note = [&](std::uint64_t done, std::uint64_t total) {
      last = done;
      named = total;
      return true;
    };
    atlas::buffer<std::byte> bytes;
    REQUIRE(filled(reranked(traversal_codes::lvq8), vectors).save_to(bytes, {.on_progress = note}).ok());
    CHECK(last > 0);
    CHECK(last == named);
  }

  TEST_CASE("a file of fewer rows than codes begin with goes on to have them when it is changed, and one that has become small keeps them") {
    const support::memory_folder folder;
    const auto vectors = rows_of(1, 600);
    const auto queries = rows_of(2, 20);
    auto index = ivf_pq<float>::create(reranked(traversal_codes::lvq8)).value();
    index.train(view_of(vectors)).value();
    index.add(support::keys_from(0, 255), view_of(vectors).subrows(0, 255)).value();
    index.save(folder.path("few").c_str()).value();
    CHECK_FALSE(support::has_section(support::read_whole(folder.path("few")), codes_section));
    const auto read = ivf_pq<float>::open(folder.path("few").c_str()).value();
    CHECK(read.rerank_codes() == traversal_codes::lvq8);
    CHECK(support::search(read, view_of(queries), {.k = 5}) == support::search(index, view_of(queries), {.k = 5}));
    auto changed = ivf_pq<float>::open(folder.path("few").c_str(), {.mode = open_mode::change}).value();
    const std::uint64_t before = changed.memory().graph;
    changed.add(support::keys_from(255, 345), view_of(vectors).subrows(255, 345)).value();
    CHECK(changed.memory().graph >= before + 600 * 64);
    CHECK(share_of(support::search(changed, view_of(queries), {.k = 5}), support::search(exact_of(vectors, atlas::metric::l2sq), view_of(queries), {.k = 5})) >= 0.99);
    for (std::uint64_t key = 3; key < 600; ++key) changed.remove(key).value();
    changed.save(folder.path("small").c_str()).value();
    CHECK(support::has_section(support::read_whole(folder.path("small")), codes_section));
    for (const open_mode mode : {open_mode::read, open_mode::change}) {
      const auto opened = ivf_pq<float>::open(folder.path("small").c_str(), {.mode = mode}).value();
      CHECK(support::search_one(opened, vectors.data(), {.k = 9}).keys.size() == 3);
    }
  }

  TEST_CASE("before training, searches are exact, and estimates are by vectors; codes of later are kept meanwhile") {
    const auto vectors = rows_of(1, 290);
    const auto index = filled(reranked(traversal_codes::lvq8), vectors);
    CHECK_FALSE(index.is_trained());
    const auto queries = rows_of(2, 10);
    for (const bool estimates_only : {false, true}) {
      const auto found = support::search(index, view_of(queries), {.k = 5, .estimates_only = estimates_only});
      const auto wanted = support::search(exact_of(vectors, atlas::metric::l2sq), view_of(queries), {.k = 5});
      for (std::size_t i = 0; i < 10; ++i) CHECK(found[i].keys == wanted[i].keys);
    }
  }

  TEST_CASE("create, open: codes that there are not, or of flat lists, are refused with both values") {
    const auto refused = [](const atlas::result<ivf_pq<float>>& made) {
      CHECK(failed_as(made, errc::invalid_argument));
      CHECK(says_both(made));
      if (!made.ok()) CHECK(std::string(made.error().field) == "rerank_codes");
    };
    refused(ivf_pq<float>::create({.dimension = 8, .rerank_codes = static_cast<traversal_codes>(5)}));
    refused(ivf_pq<float>::create({.dimension = 8, .codes = ivf_codes::flat, .rerank_codes = traversal_codes::lvq8}));
    CHECK(ivf_pq<float>::create({.dimension = 300, .rerank_codes = traversal_codes::automatic}).value().rerank_codes() == traversal_codes::lvq8);

    const support::memory_folder folder;
    const auto vectors = rows_of(1, 300);
    const std::string good = saved_bytes(filled(reranked(traversal_codes::lvq8), vectors));
    const std::string without = saved_bytes(filled(reranked(traversal_codes::none), vectors));
    auto flat_lists = reranked(traversal_codes::none);
    flat_lists.codes = ivf_codes::flat;
    const std::string flat = saved_bytes(filled(flat_lists, vectors));
    struct lie {
      const std::string* file;
      std::uint64_t numbers;  // present, then wanted
    };
    const lie lies[] = {{&good, 0x0505}, {&good, 0x0003}, {&good, 0x0300}, {&good, 0x0303 ^ 0xFF00}, {&good, 0x0403}, {&good, 0x0304}, {&good, 0x0101},
                        {&good, 0xFFFF}, {&without, 0x0303}, {&without, 0x0300}, {&without, 0x0003}, {&flat, 0x0300}, {&flat, 0x0303}};
    for (const lie& one : lies) {
      CAPTURE(one.numbers);
      std::string file = *one.file;
      support::put_number(file, present_offset, one.numbers, 2);
      if (one.file == &good && one.numbers == 0x0101) continue;  // f16 codes of 20 components take as many bytes
      support::seal(file);
      const std::string path = folder.write("lie", file);
      for (const open_mode mode : {open_mode::read, open_mode::change}) {
        const auto opened = ivf_pq<float>::open(path.c_str(), {.mode = mode});
        CHECK(failed_as(opened, errc::corrupt_file));
        CHECK(says_both(opened));
      }
    }
  }

  TEST_CASE("open: sections of codes that are missing, of other elements or another length, and a centre of no numbers, are refused") {
    const support::memory_folder folder;
    const std::string good = saved_bytes(filled(reranked(traversal_codes::lvq8), rows_of(1, 300)));
    const auto refused = [&](const std::string& file) {
      const std::string path = folder.write("lie", file);
      for (const open_mode mode : {open_mode::read, open_mode::change}) {
        const auto opened = ivf_pq<float>::open(path.c_str(), {.mode = mode});
        CHECK(failed_as(opened, errc::corrupt_file));
        CHECK(says_both(opened));
      }
    };
    for (const std::uint32_t id : {codes_section, centre_section}) {
      CAPTURE(id);
      support::each_lie_about(good, id, refused);
    }
    const std::size_t centre = support::section_of(good, centre_section).offset;
    for (const std::uint64_t bits : {0x7FC00000U, 0xFF800000U}) {
      std::string file = good;
      support::put_number(file, centre + 4 * (dimension - 1), bits, 4);
      refused(file);
    }
  }

  TEST_CASE("any bytes in codes and centre: every call comes back, well formed, and what is measured has its true distance") {
    const support::memory_folder folder;
    const auto vectors = rows_of(1, 300);
    const auto queries = rows_of(2, 5);
    std::mt19937_64 draw(7);
    for (const atlas::metric which : support::float_metrics) {
      for (const traversal_codes codes : rerank_codes) {
        CAPTURE(std::string(atlas::name(codes)));
        const support::patched_file file(folder, saved_bytes(filled(reranked(codes, which), vectors)));
        for (const std::uint32_t id : {codes_section, centre_section}) {
          const atlas::section_entry section = support::section_of(file.content(), id);
          const std::size_t length = section.length_bytes;
          std::vector<std::string> fillings;
          for (const int byte : {0x00, 0x7F, 0xFF}) fillings.emplace_back(length, static_cast<char>(byte));
          for (std::size_t round = 0; round < support::repetitions(3, 1, 1); ++round) {
            std::string random(length, '\0');
            for (char& byte : random) byte = static_cast<char>(draw());
            fillings.push_back(random);
          }
          for (const float value : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), -3e38F, 1e-40F}) {
            std::string some = file.content().substr(section.offset, length);
            for (std::size_t word = 0; word + 4 <= length; word += 4 * (1 + draw() % 9)) std::memcpy(some.data() + word, &value, 4);
            fillings.push_back(some);
          }
          std::size_t refused = 0;
          for (std::size_t i = 0; i < fillings.size(); ++i) {
            file.put(section.offset, fillings[i]);
            const bool is_open = support::exercise_file(file.path(), i % 4 == 1 ? folder.path("again").c_str() : nullptr, 2);
            refused += is_open ? 0U : 1U;
            CHECK((is_open || id == centre_section));
            if (!is_open) continue;
            const auto opened = ivf_pq<float>::open(file.path()).value();
            const auto found = support::search(opened, view_of(queries), {.k = 5});
            for (std::size_t query = 0; query < found.size(); ++query) {
              CHECK(found[query].keys.size() == 5);
              for (std::size_t j = 0; j < found[query].keys.size(); ++j) {
                const double exact = support::distance_float64(which, queries.data() + query * dimension, vectors.data() + found[query].keys[j] * dimension, dimension);
                CHECK(std::abs(static_cast<double>(found[query].distances[j]) - exact) <= 1e-4 * (1.0 + std::abs(exact)));
              }
            }
          }
          CHECK((refused > 0) == (id == centre_section));
          file.restore(section.offset, length);
        }
      }
    }
  }
}

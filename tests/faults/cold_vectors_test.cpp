// SPDX-License-Identifier: Apache-2.0
// tests/faults/cold_vectors_test.cpp -- a graph whose vectors are left on disk, while the disk reads badly.
#include <atlas/hnsw.hpp>

#include "faults/system_faults.hpp"
#include "support/coded_graphs.hpp"
#include "support/error_line.hpp"
#include "support/graphs.hpp"
#include "support/index_answers.hpp"
#include "support/memory_folder.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

using atlas::errc;
using atlas::traversal_codes;
using faults::call;
using faults::verdict;
using support::failed_as;

namespace {

constexpr std::size_t dimension = 24;
constexpr std::size_t rows = 300;

/// A graph's file, dynamic or sealed, opened with its vectors left on disk.
atlas::hnsw<float> opened(const support::memory_folder& folder, traversal_codes codes, bool is_sealed) {
  const auto index = support::graph_of(support::random_vector(1, rows * dimension),
                                       support::coded(codes, atlas::metric::cosine, atlas::scalar::f32, dimension));
  const std::string path = folder.path("graph");
  (is_sealed ? index.seal(path.c_str()) : index.save(path.c_str())).value();
  return atlas::hnsw<float>::open(path.c_str(), {.vectors = atlas::vector_residence::on_disk}).value();
}

}  // namespace

TEST_SUITE("faults") {
  TEST_CASE("vectors on disk: searches go on over short and interrupted reads") {
    const support::memory_folder folder;
    const auto queries = support::random_vector(2, 5 * dimension);
    for (const traversal_codes codes : {traversal_codes::none, traversal_codes::lvq8}) {
      const auto index = opened(folder, codes, false);
      const auto view = atlas::dense(queries.data(), 5, dimension);
      const auto expected = support::search(index, view, {.k = 10});
      bool interrupt = false;
      const faults::layer layer([&](call, std::size_t) {
        interrupt = !interrupt;
        return interrupt ? verdict{.error = EINTR} : verdict{.error = 0, .cut = true, .bytes = 11};
      });
      CHECK(support::search(index, view, {.k = 10}) == expected);
    }
  }

  TEST_CASE("vectors on disk: whichever read fails, the call gives the error and no answer") {
    const support::memory_folder folder;
    const auto queries = support::random_vector(2, 2 * dimension);
    struct fault {
      verdict said;
      errc code;
    };
    const fault bad[] = {{{.error = EIO}, errc::io}, {{.error = 0, .cut = true, .bytes = 0}, errc::corrupt_file}};
    for (const traversal_codes codes : {traversal_codes::none, traversal_codes::lvq8}) {
      for (const bool is_sealed : {false, true}) {
        const auto index = opened(folder, codes, is_sealed);
        const auto odd = [](std::uint64_t key) { return key % 2 != 0; };
        const auto few = [](std::uint64_t key) { return key % 50 == 1; };
        std::vector<std::uint64_t> keys(rows);
        std::vector<float> distances(rows);
        const auto search = [&](const atlas::search_options& options) {
          support::hit_buffers hits(1, options.k);
          const auto said = index.search(atlas::dense(queries.data(), 1, dimension), options, hits.view());
          if (!said.ok()) CHECK(hits.is_untouched());
          return said;
        };
        const auto range = [&] {
          const auto said = index.range({queries.data(), dimension}, 1.0F, {}, {keys.data(), rows}, {distances.data(), rows});
          return said.ok() ? atlas::status() : atlas::status(said.error());
        };
        const auto calls = [&](std::size_t which) -> atlas::status {
          switch (which) {
            case 0: return search({.k = 10});
            case 1: return search({.k = 10, .allowed = {.predicate = odd}, .strategy = atlas::filter_strategy::two_hop});
            case 2: return search({.k = 10, .width = 12, .allowed = {.predicate = few}, .strategy = atlas::filter_strategy::walk});
            case 3: return search({.k = 10, .allowed = {.predicate = few}, .strategy = atlas::filter_strategy::scan});
            case 4: return range();
            case 5: return index.get(5, distances.data());
            case 6: return index.distances({queries.data(), dimension}, std::vector<std::uint64_t>{4, 5, 6}, distances.data());
            case 7: return index.save(folder.path("saved").c_str());
            default: return index.seal(folder.path("saved").c_str());
          }
        };
        for (std::size_t which = 0; which < 9; ++which) {
          std::size_t reads = 0;
          {
            const faults::layer layer([&](call one, std::size_t) {
              reads += one == call::pread ? 1U : 0U;
              return verdict{};
            });
            REQUIRE(calls(which).ok());
          }
          CHECK(reads != 0);
          const std::size_t step = std::max<std::size_t>(1, reads / 23);
          for (const fault& one : bad) {
            for (std::size_t failing = 0; failing < reads; failing += step) {
              CAPTURE(which);
              CAPTURE(failing);
              std::size_t seen = 0;
              atlas::status said;
              {
                const faults::layer layer([&](call what, std::size_t) { return what == call::pread && seen++ == failing ? one.said : verdict{}; });
                said = calls(which);
              }
              CHECK(failed_as(said, one.code));
            }
          }
          CHECK(calls(which).ok());
        }
      }
    }
  }

  TEST_CASE("vectors on disk: a read that fails ends a tuning, which sets nothing") {
    const support::memory_folder folder;
    const auto queries = support::random_vector(2, dimension);
    for (const traversal_codes codes : {traversal_codes::none, traversal_codes::lvq8}) {
      auto index = opened(folder, codes, false);
      for (const std::size_t failing : {0U, 1U, 20U, 45U}) {  // of the exact answer's, then of the first search's
        CAPTURE(failing);
        std::size_t seen = 0;
        const faults::layer layer([&](call what, std::size_t) { return verdict{.error = what == call::pread && seen++ == failing ? EIO : 0}; });
        CHECK(failed_as(index.tune(atlas::dense(queries.data(), 1, dimension)), errc::io));
        CHECK(index.search_width() == 40);
      }
    }
  }

  TEST_CASE("vectors on disk: of a batch on several threads the first error comes back") {
    const support::memory_folder folder;
    const auto queries = support::random_vector(2, 50 * dimension);
    const auto index = opened(folder, traversal_codes::lvq8, false);
    support::hit_buffers hits(50, 10);
    const auto view = atlas::dense(queries.data(), 50, dimension);
    {
      const faults::layer layer([](call what, std::size_t) { return verdict{.error = what == call::pread ? EIO : 0}; });
      CHECK(failed_as(index.search(view, {.k = 10, .threads = 3}, hits.view()), errc::io));
    }
    CHECK(index.search(view, {.k = 10, .threads = 3}, hits.view()).ok());
  }
}

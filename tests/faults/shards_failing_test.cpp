// SPDX-License-Identifier: Apache-2.0
// tests/faults/shards_failing_test.cpp -- shards whose vectors are left on disk, while the disk reads badly; and their list,
// while it is written.
#include <atlas/shards.hpp>

#include "faults/system_faults.hpp"
#include "support/error_line.hpp"
#include "support/index_answers.hpp"
#include "support/index_cases.hpp"
#include "support/scratch_folder.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <cerrno>
#include <string>
#include <vector>

using atlas::errc;
using faults::call;
using faults::verdict;
using support::failed_as;

TEST_SUITE("shards_failing") {
namespace {

constexpr std::size_t columns = 16;

struct three_shards {
  support::scratch_folder folder;
  std::vector<std::string> paths;

  /// With more rows in the second the graphs have codes, so that searches read few vectors.
  explicit three_shards(std::size_t rows_of_second = 80) {
    for (std::size_t i = 0; i < 3; ++i) {
      const std::size_t rows = i == 1 ? rows_of_second : 80;
      auto index = rows_of_second == 80 ? support::hnsw_case::create(columns).value() : atlas::hnsw<float>::create({.dimension = columns, .codes_from = 1}).value();
      index.add(support::keys_from(i * 1000, rows), atlas::dense(support::random_vector(i + 1, rows * columns).data(), rows, columns)).value();
      paths.push_back(folder.path("shard-" + std::to_string(i)));
      index.save(paths.back().c_str()).value();
    }
  }
  /// All but one, or all.
  [[nodiscard]] atlas::shards open(std::size_t without, bool allow_missing) const {
    std::vector<const char*> chosen;
    for (std::size_t i = 0; i < 3; ++i) {
      if (i != without) chosen.push_back(paths[i].c_str());
    }
    return atlas::shards::open(chosen, {.vectors = atlas::vector_residence::on_disk, .allow_missing = allow_missing}).value();
  }
};

}  // namespace

  TEST_CASE("shards: whichever read fails, the search names the shard, or asks it again") {
    const three_shards made;
    const atlas::shards strict = made.open(3, false);
    const atlas::shards lenient = made.open(3, true);
    const auto queries = support::random_vector(9, 20 * columns);
    const auto view = atlas::dense(queries.data(), 20, columns);
    const auto whole = support::search(strict, view, {.k = 10});
    std::size_t reads = 0;
    {
      const faults::layer counting([&](call what, std::size_t) {
        reads += what == call::pread ? 1U : 0U;
        return verdict{};
      });
      CHECK(support::search(strict, view, {.k = 10}) == whole);
    }
    REQUIRE(reads > 60);
    for (const unsigned threads : {1U, 4U}) {
      for (std::size_t failing = 0; failing < reads; failing += reads / 31) {
        CAPTURE(threads);
        CAPTURE(failing);
        std::atomic<std::size_t> seen{0};
        const auto one_fails = [&](call what, std::size_t) {
          return verdict{.error = what == call::pread && seen.fetch_add(1) == failing ? EIO : 0};
        };
        support::hit_buffers hits(20, 10);
        {
          const faults::layer layer(one_fails);
          const auto said = strict.search(view, {.k = 10, .threads = threads}, hits.view());
          CHECK(failed_as(said, errc::io));
          if (!said.ok()) CHECK(said.error().row < 3);
          CHECK(hits.is_untouched());
        }
        seen = 0;
        const faults::layer layer(one_fails);
        CHECK(support::search(lenient, view, {.k = 10, .threads = threads}) == whole);  // what failed once is asked again
      }
    }
    CHECK(support::search(strict, view, {.k = 10, .threads = 4}) == whole);
    CHECK(support::search(lenient, view, {.k = 10, .threads = 4}) == whole);
  }

  TEST_CASE("shards: where a part of a file cannot be read, only the queries that want it are without its shard, on any number of threads") {
    const three_shards made(400);
    const atlas::shards strict = made.open(3, false);
    const atlas::shards lenient = made.open(3, true);
    const auto queries = support::random_vector(9, 40 * columns);
    const auto view = atlas::dense(queries.data(), 40, columns);
    const auto whole = support::search(strict, view, {.k = 10});
    const auto without = support::search(made.open(1, false), view, {.k = 10});
    const auto vectors = strict.shard(1)->file()->find(static_cast<std::uint32_t>(atlas::index_section::vectors));
    REQUIRE(vectors != nullptr);
    const std::uint64_t end = vectors->offset + 400 * vectors->element_bytes;  // the other shards' are shorter
    const std::uint64_t begin = end - 6 * vectors->element_bytes;
    const faults::layer layer([&](call what, std::size_t bytes, std::uint64_t place) {
      return verdict{.error = what == call::pread && place < end && place + bytes > begin ? EIO : 0};
    });
    std::vector<support::answer> alone;
    for (std::size_t i = 0; i < 40; ++i) alone.push_back(support::search(lenient, view.subrows(i, 1), {.k = 10})[0]);
    std::size_t lost = 0;
    for (std::size_t i = 0; i < 40; ++i) {
      CHECK((alone[i] == whole[i] || alone[i] == without[i]));
      lost += alone[i] == whole[i] ? 0U : 1U;
    }
    CHECK(lost > 0);
    CHECK(lost < 40);
    for (const unsigned threads : {1U, 4U}) {
      CAPTURE(threads);
      CHECK(support::search(lenient, view, {.k = 10, .threads = threads}) == alone);
      support::hit_buffers hits(40, 10);
      const auto said = lenient.search(view, {.k = 10, .threads = threads}, hits.view()).value();
      CHECK(said.answered == 2);
      CHECK(said.failed_shard == 1);
      CHECK(said.why == errc::io);
    }
  }

  TEST_CASE("shards: where no file can be read any more, every shard has failed, and no query has an answer") {
    const three_shards made;
    const atlas::shards lenient = made.open(3, true);
    const auto queries = support::random_vector(9, 20 * columns);
    const auto view = atlas::dense(queries.data(), 20, columns);
    const faults::layer layer([](call what, std::size_t) { return verdict{.error = what == call::pread ? EIO : 0}; });
    for (const support::answer& one : support::search(lenient, view, {.k = 10, .threads = 4})) CHECK(one.keys.empty());
    support::hit_buffers hits(20, 10);
    const auto said = lenient.search(view, {.k = 10, .threads = 4}, hits.view()).value();
    CHECK(said.answered == 0);
    CHECK(said.failed_shard == 0);
  }

  TEST_CASE("shards: whichever read of a range fails, its shard is done without whole, though it had answered with too little room") {
    const three_shards made;
    const atlas::shards strict = made.open(3, false);
    const auto query = support::random_vector(9, columns);
    std::size_t reads = 0;
    {
      const faults::layer counting([&](call what, std::size_t) {
        reads += what == call::pread ? 1U : 0U;
        return verdict{};
      });
      CHECK(strict.range(query, 1e9F, {.width = 100}, {}, {}).value().found == 240);
    }
    REQUIRE(reads > 3);
    for (std::size_t failing = 0; failing < reads; ++failing) {
      CAPTURE(failing);
      const atlas::shards lenient = made.open(3, true);  // which has no room yet for more than some answers
      std::size_t seen = 0;
      std::vector<std::uint64_t> keys(240);
      std::vector<float> distances(240);
      const faults::layer layer([&](call what, std::size_t) { return verdict{.error = what == call::pread && seen++ == failing ? EIO : 0}; });
      const auto said = lenient.range(query, 1e9F, {.width = 100}, keys, distances).value();
      CHECK(said.answered == 2);
      CHECK(said.found == 160);
      for (std::size_t i = 0; i < 160; ++i) CHECK(keys[i] / 1000 != said.failed_shard);
    }
  }

  TEST_CASE("shard manifest: whatever fails while it is written, the old one stays") {
    const support::scratch_folder folder;
    const std::string path = folder.path("all.shards");
    const char* const old_list[] = {"a.atlas"};
    const char* const new_list[] = {"a.atlas", "b.atlas"};
    REQUIRE(atlas::shard_manifest::write(path.c_str(), old_list).ok());
    struct fault {
      call which;
      verdict said;
      errc code;
    };
    const fault all[] = {{call::pwrite, {.error = ENOSPC}, errc::no_space},
                         {call::pwrite, {.error = EIO}, errc::io},
                         {call::fsync, {.error = EIO}, errc::io},
                         {call::close, {.error = EIO}, errc::io},
                         {call::renameat, {.error = EACCES}, errc::permission_denied}};
    for (const fault& one : all) {
      bool has_failed = false;
      atlas::status said;
      {
        const faults::layer layer([&](call what, std::size_t) {
          if (what != one.which || has_failed) return verdict{};
          has_failed = true;
          return one.said;
        });
        said = atlas::shard_manifest::write(path.c_str(), new_list);
      }
      CHECK(has_failed);
      CHECK(failed_as(said, one.code));
      CHECK(atlas::shard_manifest::read(path.c_str()).value().size() == 1);
      CHECK(folder.names() == std::vector<std::string>{"all.shards"});
    }
    CHECK(atlas::shard_manifest::write(path.c_str(), new_list).ok());
    CHECK(atlas::shard_manifest::read(path.c_str()).value().size() == 2);
  }
}

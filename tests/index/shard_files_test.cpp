// SPDX-License-Identifier: Apache-2.0
// tests/index/shard_files_test.cpp -- mirrors include/atlas/index/{shard_files,shard_options}.hpp: shards that are missing,
// damaged, of another sort, or fail while they are searched.
#include <atlas/index/shard_files.hpp>

#include <atlas/shards.hpp>

#include "support/child_process.hpp"
#include "support/error_line.hpp"
#include "support/index_answers.hpp"
#include "support/index_cases.hpp"
#include "support/patched_file.hpp"
#include "support/scratch_folder.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

using atlas::errc;
using atlas::metric;
using atlas::shards;
using support::failed_as;

TEST_SUITE("shard_files") {
namespace {

constexpr std::size_t dimension = 16;
constexpr std::size_t rows = 60;

/// A folder of files of 60 rows each; those of shard i have the keys from 1000 * i on.
struct shard_folder {
  support::scratch_folder folder;

  template <class Case = support::flat_case>
  std::string save(const std::string& name, std::size_t number, std::size_t components = dimension, metric which = metric::l2sq) const {
    auto index = support::as_any(Case::create(components, which)).value();
    const auto vectors = support::random_vector(number + 1, rows * components);
    index.add(support::keys_from(1000 * number, rows), atlas::dense(vectors.data(), rows, components)).value();
    std::filesystem::create_directories(std::filesystem::path(folder.path(name)).parent_path());
    index.save(folder.path(name).c_str()).value();
    return folder.path(name);
  }
  std::string list(const std::vector<const char*>& shards) const {
    const std::string path = folder.path("all.shards");
    atlas::shard_manifest::write(path.c_str(), shards).value();
    return path;
  }
};

struct failure {
  std::size_t shard;
  std::string path;
  errc code;
  friend bool operator==(const failure&, const failure&) = default;
};
/// What opening says, and which shards it told to have failed.
struct opening {
  atlas::result<shards> said;
  std::vector<failure> failed;
};
opening open(const std::string& manifest, bool allow_missing = false) {
  std::vector<failure> failed;
  const auto keep = [&](const atlas::shard_failure& one) {
    CHECK(one.why.row == one.shard);
    failed.push_back({one.shard, one.path, one.why.code});
  };
  auto said = shards::open(manifest.c_str(), {.allow_missing = allow_missing, .on_failure = keep});
  return {static_cast<atlas::result<shards>&&>(said), failed};
}

std::vector<float> some_queries(std::size_t count) { return support::random_vector(99, count * dimension); }

}  // namespace

  TEST_CASE("shards: a manifest's paths lead on from its folder, and absolute ones from the root") {
    const shard_folder made;
    made.save("a.atlas", 0);
    made.save("below/b.atlas", 1);
    const std::string absolute = made.save("elsewhere/c.atlas", 2);
    const std::string manifest = made.list({"a.atlas", "./below/../below/b.atlas", absolute.c_str()});
    const auto opened = open(manifest);
    CHECK(opened.failed.empty());
    CHECK(opened.said.value().size() == 3 * rows);
    CHECK(opened.said->path(1) == made.folder.path("./below/../below/b.atlas"));
    CHECK(opened.said->path(2) == absolute);
    CHECK(opened.said->find(2001) == 2);
  }

  TEST_CASE("shards: a missing one is named by its place and path, and nothing is opened") {
    const shard_folder made;
    made.save("a.atlas", 0);
    made.save("c.atlas", 2);
    const auto opened = open(made.list({"a.atlas", "b.atlas", "c.atlas"}));
    CHECK(failed_as(opened.said, errc::file_not_found));
    CHECK(opened.said.error().row == 1);
    CHECK(opened.failed == std::vector<failure>{{1, made.folder.path("b.atlas"), errc::file_not_found}});
  }

  TEST_CASE("shards: allowed to be missing, the others answer and say so") {
    const shard_folder made;
    made.save("a.atlas", 0);
    made.save("c.atlas", 2);
    made.folder.write("empty.atlas", "");
    made.folder.write("cut.atlas", support::read_whole(made.folder.path("a.atlas")).substr(0, 5000));
    made.folder.write("text.atlas", std::string(5000, 'x'));
    std::filesystem::create_directories(made.folder.path("folder.atlas"));
    const std::string manifest = made.list({"b.atlas", "a.atlas", "empty.atlas", "cut.atlas", "c.atlas", "text.atlas", "folder.atlas", "a.atlas/d"});
    const auto opened = open(manifest, true);
    REQUIRE(opened.said.ok());
    const std::vector<failure> want = {{0, made.folder.path("b.atlas"), errc::file_not_found},
                                       {2, made.folder.path("empty.atlas"), errc::corrupt_file},
                                       {3, made.folder.path("cut.atlas"), errc::corrupt_file},
                                       {5, made.folder.path("text.atlas"), errc::not_atlas_file},
                                       {6, made.folder.path("folder.atlas"), errc::is_a_directory},
                                       {7, made.folder.path("a.atlas/d"), errc::not_a_directory}};
    CHECK(opened.failed == want);
    const shards& index = *opened.said;
    std::vector<failure> missing;
    for (const atlas::shard_failure& one : index.missing()) missing.push_back({one.shard, one.path, one.why.code});
    CHECK(missing == want);
    CHECK(index.shard_count() == 8);
    CHECK(index.shard(0) == nullptr);
    CHECK(index.shard(1) != nullptr);
    CHECK(index.size() == 2 * rows);
    CHECK(index.find(2001) == 4);

    const char* there[] = {index.path(1), index.path(4)};
    const shards both = shards::open(there).value();
    const auto queries = some_queries(9);
    const auto view = atlas::dense(queries.data(), 9, dimension);
    for (const unsigned threads : {1U, 2U, 4U}) {
      CHECK(support::search(index, view, {.k = 10, .threads = threads}) == support::search(both, view, {.k = 10}));
    }
    support::hit_buffers hits(9, 10);
    const auto said = index.search(view, {.k = 10}, hits.view()).value();
    CHECK(said.found == 90);
    CHECK(said.listed == 8);
    CHECK(said.answered == 2);
    CHECK_FALSE(said.is_whole());
    CHECK(said.failed_shard == 0);
    CHECK(said.why == errc::file_not_found);
    const auto within = index.range({queries.data(), dimension}, 5, {}, {}, {}).value();
    CHECK(within.found == both.range({queries.data(), dimension}, 5, {}, {}, {}).value().found);
    CHECK(within.answered == 2);
    CHECK_FALSE(within.is_whole());

    float vector[dimension];
    const auto got = index.get(1001, vector);
    CHECK(failed_as(got, errc::key_not_found));
    CHECK(support::error_line(got).find("a key stored in a shard that is there") != std::string::npos);
    std::uint64_t cursor = 0;
    std::vector<std::uint64_t> keys(500);
    CHECK(index.list_keys(cursor, keys) == 2 * rows);
  }

  TEST_CASE("shards: none that is there is an error even so") {
    const shard_folder made;
    const auto opened = open(made.list({"a.atlas", "b.atlas"}), true);
    CHECK(failed_as(opened.said, errc::file_not_found));
    CHECK(opened.said.error().row == 0);
    REQUIRE(opened.failed.size() == 3);  // and the first once more, whose error it is
    CHECK(opened.failed[2] == opened.failed[0]);
    CHECK(opened.failed[1] != opened.failed[0]);
  }

  TEST_CASE("shards: one of another dimension or metric is refused with both, whatever may be missing") {
    const shard_folder made;
    made.save("a.atlas", 0);
    made.save<support::hnsw_case>("b.atlas", 1, 17);
    made.save("c.atlas", 2, dimension, metric::cosine);
    for (const bool allow_missing : {false, true}) {
      const auto other_dimension = open(made.list({"a.atlas", "b.atlas"}), allow_missing);
      CHECK(failed_as(other_dimension.said, errc::dimension_mismatch));
      CHECK(support::error_line(other_dimension.said) == "dimension mismatch: shard.dimension: expected 16, found 17 (row 1)");
      CHECK(other_dimension.failed == std::vector<failure>{{1, made.folder.path("b.atlas"), errc::dimension_mismatch}});
      const auto other_metric = open(made.list({"a.atlas", "c.atlas"}), allow_missing);
      CHECK(support::error_line(other_metric.said) == "metric mismatch: shard.metric: expected l2sq, found cosine (row 1)");
      CHECK(other_metric.failed == std::vector<failure>{{1, made.folder.path("c.atlas"), errc::metric_mismatch}});
    }
  }

  TEST_CASE("shards: a file listed twice is refused, by whatever names") {
    const shard_folder made;
    made.save("a.atlas", 0);
    made.save("b.atlas", 1);
    std::filesystem::create_symlink("a.atlas", made.folder.path("link.atlas"));
    std::filesystem::create_hard_link(made.folder.path("a.atlas"), made.folder.path("hard.atlas"));
    for (const char* other : {"./a.atlas", "link.atlas", "hard.atlas"}) {
      CAPTURE(other);
      for (const bool allow_missing : {false, true}) {
        const auto opened = open(made.list({"b.atlas", "a.atlas", other}), allow_missing);
        CHECK(failed_as(opened.said, errc::invalid_argument));
        CHECK(support::error_line(opened.said) == "invalid argument: shard.file: expected another file than that of shard 1, found the same (row 2)");
      }
    }
  }

  TEST_CASE("shards: a manifest is no shard, its own file least of all") {
    const shard_folder made;
    made.save("a.atlas", 0);
    for (const bool allow_missing : {false, true}) {
      const auto opened = open(made.list({"a.atlas", "all.shards"}), allow_missing);
      CHECK(failed_as(opened.said, errc::kind_mismatch));
      CHECK(support::error_line(opened.said) == "index kind mismatch: shard: expected an index file, found a manifest of shards (row 1)");
    }
  }

  TEST_CASE("shards: too many open files are no missing shards") {
    const shard_folder made;
    std::vector<std::string> names;
    std::vector<const char*> listed;
    for (std::size_t i = 0; i < 12; ++i) names.push_back("shard-" + std::to_string(i));
    for (std::size_t i = 0; i < names.size(); ++i) made.save(names[i], i);
    for (const std::string& name : names) listed.push_back(name.c_str());
    const std::string manifest = made.list(listed);
    CHECK(shards::open(manifest.c_str()).ok());
    const auto end = support::in_child([&] {
      const int next = ::dup(0);
      const struct rlimit few = {static_cast<rlim_t>(next) + 6, static_cast<rlim_t>(next) + 6};
      if (next < 0 || ::setrlimit(RLIMIT_NOFILE, &few) != 0) return 1;
      const auto opened = shards::open(manifest.c_str(), {.allow_missing = true});
      return failed_as(opened, errc::io) && opened.error().os_code == EMFILE ? 42 : 2;
    });
    CHECK(end.code == 42);
  }

  TEST_CASE("shards: what cannot be opened at all says why") {
    const shard_folder made;
    const std::string file = made.save("a.atlas", 0);
    CHECK(failed_as(shards::open(made.folder.path("none.shards").c_str()), errc::file_not_found));
    CHECK(failed_as(shards::open(file.c_str()), errc::not_atlas_file));
    CHECK(failed_as(shards::open(static_cast<const char*>(nullptr)), errc::invalid_argument));
    CHECK(failed_as(shards::open(atlas::span<const char* const>()), errc::invalid_argument));
    const char* with_null[] = {file.c_str(), nullptr};
    const auto null_path = shards::open(with_null);
    CHECK(failed_as(null_path, errc::invalid_argument));
    CHECK(null_path.error().row == 1);
    const std::vector<const char*> many(atlas::most_shards + 1, file.c_str());
    CHECK(failed_as(shards::open(many), errc::limit_exceeded));
    const std::string long_path = "/" + std::string(5000, 'x');
    const char* too_long[] = {file.c_str(), long_path.c_str()};
    for (const bool allow_missing : {false, true}) {
      CHECK(failed_as(shards::open(too_long, {.allow_missing = allow_missing}), errc::invalid_argument));
      const char* flat[] = {file.c_str()};
      const auto on_disk = shards::open(flat, {.vectors = atlas::vector_residence::on_disk, .allow_missing = allow_missing});
      CHECK(failed_as(on_disk, errc::invalid_argument));
      CHECK(support::says_both(on_disk));
    }
  }

  TEST_CASE("shards: a file cut while it is open fails the search, naming the shard; or is done without, where that is allowed") {
    const auto queries = some_queries(40);
    const auto view = atlas::dense(queries.data(), 40, dimension);
    for (const bool allow_missing : {false, true}) {
      const shard_folder made;
      std::vector<std::string> files;
      for (std::size_t i = 0; i < 3; ++i) files.push_back(made.save<support::hnsw_case>("shard-" + std::to_string(i), i));
      const std::string bytes = support::with_vectors_last(support::read_whole(files[1]));
      made.folder.write("shard-1", bytes);
      const char* paths[] = {files[0].c_str(), files[1].c_str(), files[2].c_str()};
      const char* others[] = {files[0].c_str(), files[2].c_str()};
      const atlas::shards_options options{.vectors = atlas::vector_residence::on_disk, .allow_missing = allow_missing};
      const shards index = shards::open(paths, options).value();
      const auto whole = support::search(index, view, {.k = 10});
      const auto rest = support::search(shards::open(others, options).value(), view, {.k = 10});
      CHECK(whole != rest);
      std::filesystem::resize_file(files[1], support::section_of(bytes, support::vectors_section).offset + 50);
      for (const unsigned threads : {1U, 2U, 4U}) {
        CAPTURE(threads);
        support::hit_buffers hits(40, 10);
        const auto said = index.search(view, {.k = 10, .threads = threads}, hits.view());
        std::uint64_t keys[100];
        float distances[100];
        const auto within = index.range({queries.data(), dimension}, 4, {.threads = threads}, keys, distances);
        if (allow_missing) {
          CHECK(support::search(index, view, {.k = 10, .threads = threads}) == rest);
          CHECK(said.value().answered == 2);
          CHECK(said->listed == 3);
          CHECK(said->failed_shard == 1);
          CHECK(said->why == errc::corrupt_file);
          CHECK(within.value().answered == 2);
          CHECK(within->found == shards::open(others, options).value().range({queries.data(), dimension}, 4, {}, {}, {}).value().found);
        } else {
          CHECK(failed_as(said, errc::corrupt_file));
          CHECK(said.error().row == 1);
          CHECK(hits.is_untouched());
          CHECK(failed_as(within, errc::corrupt_file));
          CHECK(within.error().row == 1);
        }
      }
      made.folder.write("shard-1", bytes);  // and once more when the bytes are back
      CHECK(support::search(index, view, {.k = 10}) == whole);
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// tests/faults/built_file_test.cpp -- an inverted file that is built on disk while system calls do less than asked or fail.
#include <atlas/ivf_pq.hpp>

#include "faults/system_faults.hpp"
#include "support/error_line.hpp"
#include "support/index_answers.hpp"
#include "support/scratch_folder.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

TEST_SUITE("built_file_faults") {
namespace {

using faults::call;
using faults::verdict;
using support::failed_as;

/// In 16 MiB of memory 1,024 of these are coded at a time: three times there is something to write.
constexpr std::size_t row_count = 2500;
constexpr std::size_t width = 512;

/// Trains without faults, then adds and finishes under them.
/// @param recall  wanted; 0: nothing is measured
atlas::status build(const std::string& path, const std::vector<float>& vectors, const faults::judge& decide, double recall = 0) {
  auto builder = atlas::ivf_pq_builder::create(path.c_str(), {.index = {.dimension = width, .lists = 6, .codes = atlas::ivf_codes::sq8, .iterations = 1,
                                                                        .probes = recall > 0 ? std::size_t{0} : std::size_t{2}, .recall = recall},
                                                              .memory_bytes = std::size_t{16} << 20, .threads = 1}).value();
  builder.train(atlas::dense(vectors.data(), 100, width)).value();
  const faults::layer layer(decide);
  for (std::size_t first = 0; first < row_count; first += 500) {
    const auto some = atlas::dense(vectors.data() + first * width, 500, width);
    if (atlas::status added = builder.add(support::keys_from(first, 500), some); !added.ok()) return added;
  }
  return builder.finish();
}

}  // namespace

  TEST_CASE("a file is whole when each write and read takes a part and every second call is interrupted") {
    const support::scratch_folder folder;
    const auto vectors = support::random_vector(3, row_count * width);
    build(folder.path("whole"), vectors, [](call, std::size_t) { return verdict{}; }).value();
    std::mt19937 random(1);
    bool interrupt = false;
    build(folder.path("parts"), vectors, [&](call which, std::size_t) {
      interrupt = !interrupt;
      if (interrupt && which != call::renameat) return verdict{.error = EINTR};
      return verdict{.error = 0, .cut = which == call::pwrite || which == call::pread, .bytes = 1 + random() % 9000};
    }).value();
    CHECK(support::read_whole(folder.path("parts")) == support::read_whole(folder.path("whole")));
  }

  TEST_CASE("a read that fails while the file is measured ends it; the old file stays whole and nothing lies beside it") {
    const support::scratch_folder folder;
    const std::string path = folder.path("a");
    const auto vectors = support::random_vector(3, row_count * width);
    const auto reads_with = [&](double recall) {
      int reads = 0;
      build(path, vectors, [&](call which, std::size_t) {
        reads += which == call::pread ? 1 : 0;
        return verdict{};
      }, recall).value();
      return reads;
    };
    const int before = reads_with(0);
    const int all = reads_with(0.9);
    REQUIRE(all > before + 100);
    for (const int failing : {before + 1, (before + all) / 2, all - 1}) {
      CAPTURE(failing);
      folder.write("a", "before");
      int seen = 0;
      const auto said = build(path, vectors, [&](call which, std::size_t) {
        if (which != call::pread || seen++ != failing) return verdict{};
        return verdict{.error = EIO};
      }, 0.9);
      CHECK(failed_as(said, atlas::errc::io));
      CHECK(support::read_whole(path) == "before");
      CHECK(folder.names() == std::vector<std::string>{"a"});
    }
  }

  TEST_CASE("whichever write, read or sync fails, the old file stays whole and nothing lies beside it") {
    const support::scratch_folder folder;
    const std::string path = folder.path("a");
    const auto vectors = support::random_vector(3, row_count * width);
    int calls = 0;
    int reads = 0;
    build(path, vectors, [&](call which, std::size_t) {
      ++calls;
      reads += which == call::pread ? 1 : 0;
      return verdict{};
    }).value();
    CHECK(reads > 12);  // of three columns and their lists, of more than one chunk
    const std::string after = support::read_whole(path);
    std::vector<std::string> named = {"a"};
    for (int failing = 0; failing < calls; ++failing) {
      CAPTURE(failing);
      folder.write("a", "before");
      int seen = 0;
      int written_after = 0;
      call failed = call::close;
      const auto said = build(path, vectors, [&](call which, std::size_t) {
        if (seen > failing && which == call::pwrite) ++written_after;
        if (seen++ != failing) return verdict{};
        failed = which;
        return verdict{.error = which == call::pwrite ? ENOSPC : EIO};
      });
      // A descriptor that fails to close after all was written, read or synced has lost nothing, unless it is the file's own.
      const bool is_in_place = said.ok() || std::strcmp(said.error().field, "folder.sync") == 0;
      if (said.ok()) CHECK(failed == call::close);
      if (!said.ok()) CHECK(said.error().code == (failed == call::pwrite ? atlas::errc::no_space : atlas::errc::io));
      CHECK(support::read_whole(path) == (is_in_place ? after : "before"));
      CHECK(folder.names() == named);
      if (failed == call::pread || failed == call::pwrite) CHECK(written_after == 0);
    }
  }
}

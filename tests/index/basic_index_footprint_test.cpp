// SPDX-License-Identifier: Apache-2.0
// tests/index/basic_index_footprint_test.cpp -- mirrors include/atlas/index/basic_index.hpp: what a search allocates, what
// happens when there is nothing to allocate, and which pages of a file are touched.
//
// This program's allocation functions stand in front of the C library's. Under a sanitizer, which has its own, the tests
// that count are left out and say so.
#include <atlas/index/basic_index.hpp>

#include "support/child_process.hpp"
#include "support/error_line.hpp"
#include "support/index_answers.hpp"
#include "support/index_cases.hpp"
#include "support/index_model.hpp"
#include "support/memory_folder.hpp"
#include "support/repetitions.hpp"

#include <doctest/doctest.h>

#include <dlfcn.h>
#include <sys/resource.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ATLAS_TEST_OWN_ALLOCATOR 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define ATLAS_TEST_OWN_ALLOCATOR 0
#endif
#endif
#if !defined(ATLAS_TEST_OWN_ALLOCATOR)
#define ATLAS_TEST_OWN_ALLOCATOR 1
#endif

namespace {
thread_local bool is_counting = false;            // every thread's allocations are counted while its own flag is set,
std::atomic<bool> is_counting_everywhere{false};  // or all threads' while this is
std::atomic<std::uint64_t> allocations{0};
thread_local long allowed = -1;  // allocations of this thread that still succeed; -1: all

/// False: this allocation is to fail.
[[maybe_unused]] bool note_allocation() {
  if (is_counting || is_counting_everywhere.load(std::memory_order_relaxed)) allocations.fetch_add(1, std::memory_order_relaxed);
  if (allowed < 0) return true;
  if (allowed > 0) {
    --allowed;
    return true;
  }
  errno = ENOMEM;
  return false;
}
}  // namespace

#if ATLAS_TEST_OWN_ALLOCATOR
// free() needs none: what these give out is the C library's. calloc is left alone, because dlsym itself may call it; the one
// use of it here is the thread pool's, once.
extern "C" void* malloc(std::size_t size) noexcept {
  if (!note_allocation()) return nullptr;
  using function = void* (*)(std::size_t);
  static function real = nullptr;
  if (real == nullptr) real = reinterpret_cast<function>(::dlsym(RTLD_NEXT, "malloc"));
  return real(size);
}
extern "C" void* realloc(void* old, std::size_t size) noexcept {
  if (!note_allocation()) return nullptr;
  using function = void* (*)(void*, std::size_t);
  static function real = nullptr;
  if (real == nullptr) real = reinterpret_cast<function>(::dlsym(RTLD_NEXT, "realloc"));
  return real(old, size);
}
extern "C" void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  if (!note_allocation()) return nullptr;
  using function = void* (*)(std::size_t, std::size_t);
  static function real = nullptr;
  if (real == nullptr) real = reinterpret_cast<function>(::dlsym(RTLD_NEXT, "aligned_alloc"));
  return real(alignment, size);
}
extern "C" int posix_memalign(void** out, std::size_t alignment, std::size_t size) noexcept {
  if (!note_allocation()) return ENOMEM;
  using function = int (*)(void**, std::size_t, std::size_t);
  static function real = nullptr;
  if (real == nullptr) real = reinterpret_cast<function>(::dlsym(RTLD_NEXT, "posix_memalign"));
  return real(out, alignment, size);
}
#endif

namespace {

using keys_t = std::vector<std::uint64_t>;

/// Allocations of this thread during `call`.
template <class Call>
std::uint64_t allocations_of(Call&& call) {
  const std::uint64_t before = allocations.load();
  is_counting = true;
  call();
  is_counting = false;
  return allocations.load() - before;
}

/// Calls `attempt` with one more allocation allowed each time, until it succeeds. @return how often it failed
template <class Attempt, class Check>
std::size_t with_failing_allocations(Attempt&& attempt, Check&& after_failure) {
  for (long allow = 0; allow < 1000; ++allow) {
    allowed = allow;
    const atlas::status said = attempt();
    allowed = -1;
    if (said.ok()) return static_cast<std::size_t>(allow);
    CHECK(support::failed_as(said, atlas::errc::no_memory));
    after_failure();
  }
  FAIL("no end of allocations");
  return 0;
}

template <class Case>
typename Case::index_type filled(std::size_t rows) {
  auto index = Case::create(support::grid_dimension).value();
  const auto vectors = support::grid_vectors(atlas::metric::l2sq, 1, rows);
  index.add(support::keys_from(0, rows), support::grid(vectors)).value();
  return index;
}

/// Resident bytes of all mappings of the files whose path contains `name`, and how much address space they take.
struct residency {
  std::uint64_t resident_bytes = 0;
  std::uint64_t mapped_bytes = 0;
};
residency residency_of(const std::string& name) {
  std::ifstream maps("/proc/self/smaps");
  residency sum;
  bool is_ours = false;
  for (std::string line; std::getline(maps, line);) {
    std::istringstream words(line);
    std::string first;
    std::uint64_t kilobytes = 0;
    words >> first >> kilobytes;
    if (first.find('-') != std::string::npos && first.back() != ':') is_ours = line.find(name) != std::string::npos;
    if (!is_ours) continue;
    if (first == "Rss:") sum.resident_bytes += kilobytes * 1024;
    if (first == "Size:") sum.mapped_bytes += kilobytes * 1024;
  }
  return sum;
}

}  // namespace

TEST_SUITE("index") {
  TEST_CASE_TEMPLATE("search: after the first on a thread it allocates nothing", Case, ATLAS_EACH_INDEX) {
    if (ATLAS_TEST_OWN_ALLOCATOR == 0) {
      MESSAGE("skipped: the sanitizer has its own allocator");
      return;
    }
    const support::memory_folder folder;
    filled<Case>(200).save(folder.path("a").c_str()).value();
    const auto index = Case::open(folder.path("a")).value();
    const auto queries = support::grid_vectors(atlas::metric::l2sq, 2, 100);
    support::hit_buffers hits(1, 10);
    const auto search = [&](std::size_t i) {
      index.search(support::grid(queries).subrows(i, 1), {.k = 10}, hits.view()).value();
    };
    CHECK(allocations_of([&] { search(0); }) > 0);  // proves that they are counted
    CHECK(allocations_of([&] {
            for (std::size_t i = 0; i < 100; ++i) search(i);
          }) == 0);
  }

  TEST_CASE("hnsw search: allocates nothing after the first, also in a graph of the usual shape") {
    if (ATLAS_TEST_OWN_ALLOCATOR == 0) {
      MESSAGE("skipped: the sanitizer has its own allocator");
      return;
    }
    auto index = atlas::hnsw<float>::create({.dimension = 16, .metric = atlas::metric::cosine}).value();
    const auto vectors = support::random_vector(1, 2000 * 16);
    index.add(support::keys_from(0, 2000), atlas::dense(vectors.data(), 2000, 16)).value();
    support::hit_buffers hits(100, 10);
    index.search(atlas::dense(vectors.data(), 1, 16), {.k = 10}, support::hit_buffers(1, 10).view()).value();
    CHECK(allocations_of([&] { index.search(atlas::dense(vectors.data(), 100, 16), {.k = 10}, hits.view()).value(); }) == 0);
    // On several threads: after one that needed as many.
    is_counting_everywhere.store(false);
    index.search(atlas::dense(vectors.data(), 100, 16), {.k = 10, .threads = 2}, hits.view()).value();
    std::uint64_t most = 0;
    for (int round = 0; round < 20; ++round) {
      const std::uint64_t before = allocations.load();
      is_counting_everywhere.store(true);
      index.search(atlas::dense(vectors.data(), 100, 16), {.k = 10, .threads = 2}, hits.view()).value();
      is_counting_everywhere.store(false);
      if (round > 3) most = std::max(most, allocations.load() - before);
    }
    CHECK(most == 0);
  }

  TEST_CASE("hnsw search: with a filter or removed rows it allocates nothing after the first") {
    if (ATLAS_TEST_OWN_ALLOCATOR == 0) {
      MESSAGE("skipped: the sanitizer has its own allocator");
      return;
    }
    auto index = atlas::hnsw<float>::create({.dimension = 16}).value();
    const auto vectors = support::random_vector(1, 3000 * 16);
    index.add(support::keys_from(0, 3000), atlas::dense(vectors.data(), 3000, 16)).value();
    support::hit_buffers hits(1, 10);
    const auto query = atlas::dense(vectors.data(), 1, 16);
    const auto all = [](std::uint64_t) { return true; };
    const auto few = [](std::uint64_t key) { return key % 100 == 7; };
    index.search(query, {.k = 10}, hits.view()).value();
    const std::uint64_t first_filtered = allocations_of([&] { index.search(query, {.k = 10, .allowed = {.predicate = all}}, hits.view()).value(); });
    CHECK(first_filtered == 0);
    CHECK(allocations_of([&] { index.search(query, {.k = 10, .allowed = {.predicate = few}}, hits.view()).value(); }) == 0);
  }

  TEST_CASE_TEMPLATE("add, upsert, remove: without memory they say so and nothing has changed", Case, ATLAS_EACH_INDEX) {
    if (ATLAS_TEST_OWN_ALLOCATOR == 0) {
      MESSAGE("skipped: the sanitizer has its own allocator");
      return;
    }
    for (const atlas::metric metric : support::float_metrics) {
      const support::memory_folder folder;
      const auto vectors = support::grid_vectors(metric, 1, 60);
      const auto keys = support::keys_from(0, 60);
      for (const bool is_mapped : {false, true}) {
        support::index_model model(metric, Case::kind);
        auto index = Case::create(support::grid_dimension, metric).value();
        const auto check_same = [&] {
          CHECK(index.size() == model.size());
          CHECK(support::all_keys(index) == model.keys());
          const auto query = support::grid_vectors(metric, 5, 1);
          CHECK(support::search_one(index, query.data(), {.k = 100}) == support::as_answer(model.nearest(query.data(), 100)));
        };
        const auto reopen = [&] {
          if (!is_mapped) return;
          index.save(folder.path("a").c_str()).value();
          index = Case::open(folder.path("a"), atlas::open_mode::change).value();
        };
        reopen();
        std::size_t failures = with_failing_allocations([&] { return index.add({keys.data(), 40}, support::grid(vectors).subrows(0, 40)); }, check_same);
        CHECK(failures >= 2);
        model.put({keys.begin(), keys.begin() + 40}, support::grid(vectors).subrows(0, 40));
        check_same();
        reopen();
        const keys_t replaced{3, 4, 50, 51};
        failures = with_failing_allocations([&] { return index.upsert(replaced, support::grid(vectors).subrows(50, 4)); }, check_same);
        CHECK(failures >= 2);
        model.put(replaced, support::grid(vectors).subrows(50, 4));
        check_same();
        reopen();
        (void)with_failing_allocations([&] { return index.remove(5); }, check_same);
        model.remove(5);
        check_same();
      }
    }
  }

  TEST_CASE_TEMPLATE("create, open, save, search: without memory they say so", Case, ATLAS_EACH_INDEX) {
    if (ATLAS_TEST_OWN_ALLOCATOR == 0) {
      MESSAGE("skipped: the sanitizer has its own allocator");
      return;
    }
    const support::memory_folder folder;
    const std::string path = folder.path("a");
    const auto nothing = [] {};
    const auto as_status = [](const auto& made) { return made.ok() ? atlas::status{} : atlas::status(made.error()); };
    CHECK(with_failing_allocations([&] { return as_status(Case::create(4, atlas::metric::l2sq, 10)); }, nothing) >= 1);
    const auto index = filled<Case>(100);
    CHECK(with_failing_allocations([&] { return index.save(path.c_str()); }, nothing) >= 1);
    for (const atlas::open_mode mode : {atlas::open_mode::read, atlas::open_mode::change}) {
      CHECK(with_failing_allocations([&] { return as_status(Case::open(path, mode)); }, nothing) >= 1);
    }
    const auto query = support::grid_vectors(atlas::metric::l2sq, 2, 1);
    const auto fresh = Case::open(path).value();
    support::hit_buffers hits(1, 10);
    CHECK(with_failing_allocations([&] { return fresh.search(support::grid(query), {.k = 10}, hits.view()); },
                                   [&] { CHECK(hits.is_untouched()); }) >= 1);
    const auto another = Case::open(path).value();
    CHECK(with_failing_allocations([&] { return as_status(another.range(query, 1e30F, {}, {}, {})); }, nothing) >= 1);
    float distance = 0;
    const keys_t keys{7};
    const auto third = Case::open(path).value();
    CHECK(with_failing_allocations([&] { return third.distances(query, keys, &distance); }, nothing) >= 1);
  }

  TEST_CASE_TEMPLATE("create: with little address space it takes what there is, or says so", Case, ATLAS_EACH_KIND) {
    if (ATLAS_TEST_OWN_ALLOCATOR == 0) {
      MESSAGE("skipped: a sanitizer needs more address space than a limit leaves");
      return;
    }
    for (const std::uint64_t gibibytes : {1U, 4U, 64U, 1000U}) {
      CAPTURE(gibibytes);
      const auto end = support::in_child([&] {
        const rlimit limit{gibibytes << 30, gibibytes << 30};
        if (::setrlimit(RLIMIT_AS, &limit) != 0) return 2;
        auto index = Case::create(16);
        if (!index.ok()) return index.error() == atlas::errc::no_memory ? 3 : 4;
        const auto vectors = support::grid_vectors(atlas::metric::l2sq, 1, 100);
        if (!index->add(support::keys_from(0, 100), support::grid(vectors)).ok()) return 5;
        return index->size() == 100 ? 0 : 6;
      });
      CHECK(end.signal == 0);
      if (gibibytes == 1) {
        CHECK((end.code == 0 || end.code == 3));
      } else {
        CHECK(end.code == 0);
      }
    }
  }

  TEST_CASE_TEMPLATE("create: under a limit of address space it leaves the program its share", Case, ATLAS_EACH_KIND) {
    if (ATLAS_TEST_OWN_ALLOCATOR == 0) {
      MESSAGE("skipped: a sanitizer needs more address space than a limit leaves");
      return;
    }
    const auto end = support::in_child([] {
      const rlimit limit{std::uint64_t{64} << 30, std::uint64_t{64} << 30};
      if (::setrlimit(RLIMIT_AS, &limit) != 0) return 2;
      const auto first = Case::create(16);
      const auto second = Case::create(16);
      const auto third = Case::create(16);
      void* for_the_program = std::malloc(std::size_t{4} << 30);
      const bool is_there = for_the_program != nullptr;
      std::free(for_the_program);
      return first.ok() && second.ok() && third.ok() && is_there ? 0 : 1;
    });
    CHECK(end.code == 0);
  }

  TEST_CASE_TEMPLATE("open: touches the header only, and a search the pages it needs", Case, ATLAS_EACH_KIND) {
    // Rows of 64 KiB, so that what the kernel maps around a touched page is about one row.
    constexpr std::size_t dimension = 16'384;
    constexpr std::size_t rows = 300;
    const support::memory_folder folder;
    const std::string path = folder.path("large.atlas");
    {
      auto index = Case::create(dimension, atlas::metric::l2sq).value();
      if constexpr (std::is_same_v<Case, support::hnsw_case>) {
        index = atlas::hnsw<float>::create({.dimension = dimension, .connectivity = 3, .build_width = 12, .search_width = 4}).value();
      }
      std::vector<float> vector(dimension);
      for (std::uint64_t key = 0; key < rows; ++key) {
        std::fill(vector.begin(), vector.end(), static_cast<float>(key * 37 % rows));
        REQUIRE(index.add({&key, 1}, atlas::dense(vector.data(), 1, dimension)).ok());
      }
      REQUIRE(index.save(path.c_str()).ok());
    }
    for (const atlas::open_mode mode : {atlas::open_mode::read, atlas::open_mode::change}) {
      const auto index = Case::open(path, mode).value();
      const residency after_open = residency_of("large.atlas");
      CHECK(after_open.mapped_bytes >= rows * dimension * sizeof(float));
      // In change mode the last page of each section is made to end with it.
      CHECK(after_open.resident_bytes <= (mode == atlas::open_mode::read ? 0U : 16U * 65'536U));
      std::vector<float> out(dimension);
      REQUIRE(index.get(123, out.data()).ok());
      CHECK(out[5] == static_cast<float>(123 * 37 % rows));
      const residency after_get = residency_of("large.atlas");
      CHECK(after_get.resident_bytes <= after_open.resident_bytes + 8U * 65'536U);
      if (Case::kind == atlas::file_kind::hnsw) {
        CHECK(support::search_one(index, out.data(), {.k = 1}).keys == keys_t{123});
        CHECK(residency_of("large.atlas").resident_bytes <= after_get.mapped_bytes / 3);
      } else if (Case::kind == atlas::file_kind::ivf_pq) {
        CHECK(support::search_one(index, out.data(), {.k = 1, .probes = 1, .rerank = 3}).keys == keys_t{123});
        CHECK(residency_of("large.atlas").resident_bytes <= after_get.mapped_bytes / 3);
      } else {
        CHECK(support::search_one(index, out.data(), {.k = 1}).keys == keys_t{123});
        CHECK(residency_of("large.atlas").resident_bytes >= rows * dimension * sizeof(float));  // proves that it is measured
      }
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// tests/folder/folder_memory_test.cpp -- a folder index when there is no memory left, and what a build holds on to.
//
// This program's aligned_alloc stands in front of the C library's. Under a sanitizer, which has its own, the tests
// are left out and say so.
#include <atlas/folder/folder_index.hpp>

#include "folder/saved_index.hpp"
#include "support/error_line.hpp"
#include "support/scratch_folder.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <cstdlib>
#include <dlfcn.h>
#include <filesystem>
#include <malloc.h>
#include <string>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ATLAS_TEST_OWN_ALLOCATOR 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ATLAS_TEST_OWN_ALLOCATOR 0
#endif
#endif
#if !defined(ATLAS_TEST_OWN_ALLOCATOR)
#define ATLAS_TEST_OWN_ALLOCATOR 1
#endif

#if ATLAS_TEST_OWN_ALLOCATOR
namespace {
thread_local long allowed = -1;  // allocations of this thread that still succeed; -1: all
}

extern "C" void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  if (allowed == 0) {
    errno = ENOMEM;
    return nullptr;
  }
  if (allowed > 0) --allowed;
  using function = void* (*)(std::size_t, std::size_t);
  static const auto real = reinterpret_cast<function>(::dlsym(RTLD_NEXT, "aligned_alloc"));
  return real(alignment, size);
}
#endif

TEST_SUITE("folder") {
  TEST_CASE("folder_index: a document whose removal ran out of memory is still there, and can be removed again") {
#if !ATLAS_TEST_OWN_ALLOCATOR
    MESSAGE("skipped: the sanitizer has its own allocator");
#else
    const support::scratch_folder folder;
    folders::write_documents(folder);
    std::string text;
    for (int i = 0; i < 10; ++i) text += "A dough rises in the oven, as the dough before it did, and so does the next one.\n";
    folder.write("docs/baking.md", text);
    const std::string file = folder.path("a");
    REQUIRE(atlas::folder_index::build(folder.path("docs").c_str(), file.c_str(), folders::quick()).ok());
    int failures = 0;
    bool done = false;
    for (long allow = 0; !done && allow < 50; ++allow) {
      CAPTURE(allow);
      auto index = atlas::folder_index::open(file.c_str(), {.mode = atlas::open_mode::change});
      REQUIRE(index.ok());
      allowed = allow;
      const atlas::status removed = index->remove_document("baking.md");
      allowed = -1;
      done = removed.ok();
      if (!done) {
        ++failures;
        CHECK(support::failed_as(removed, atlas::errc::no_memory));
        CHECK(index->file_count() == 4);
        CHECK(support::failed_as(index->add_document("baking.md", "x"), atlas::errc::duplicate_key));
        CHECK(index->remove_document("baking.md").ok());
      }
      CHECK(index->file_count() == 3);
      CHECK(index->chunk_count() == 3);
      for (const auto& answer : folders::ask(*index, "the dough rises", 20)) CHECK(answer.path != "baking.md");
      CHECK(support::failed_as(index->remove_document("baking.md"), atlas::errc::key_not_found));
    }
    CHECK(done);
    CHECK(failures > 0);
#endif
  }

  TEST_CASE("folder_index: an update that runs out of memory anywhere says so, and the file stays") {
#if !ATLAS_TEST_OWN_ALLOCATOR
    MESSAGE("skipped: the sanitizer has its own allocator");
#else
    const support::scratch_folder folder;
    folders::write_documents(folder);
    folder.write("docs/manual.md", folders::manual());
    const std::string docs = folder.path("docs");
    const std::string file = folder.path("a");
    REQUIRE(atlas::folder_index::build(docs.c_str(), file.c_str(), folders::quick()).ok());
    const std::string before = support::read_whole(file);
    const auto index = atlas::folder_index::open(file.c_str());
    folder.write("docs/tea.md", "# Tea\n\nGreen tea is brewed with water below boiling.\n");
    int failures = 0;
    bool done = false;
    for (long allow = 0; !done && allow < 5000; allow += 1 + allow / 40) {
      CAPTURE(allow);
      allowed = allow;
      const auto report = index->update(docs.c_str(), file.c_str(), {.threads = 1});
      allowed = -1;
      done = report.ok();
      if (done) break;
      ++failures;
      CHECK(support::failed_as(report, atlas::errc::no_memory));
      CHECK(support::read_whole(file) == before);
    }
    CHECK(done);
    CHECK(failures > 20);
    CHECK(atlas::folder_index::open(file.c_str())->chunk_count() == index->chunk_count() + 1);
    CHECK(folder.names().size() == 9);  // no temporary file
#endif
  }

  TEST_CASE("folder_index: a document with headings that runs out of memory is not there, and can be added again") {
#if !ATLAS_TEST_OWN_ALLOCATOR
    MESSAGE("skipped: the sanitizer has its own allocator");
#else
    const support::scratch_folder folder;
    folders::write_documents(folder);
    const std::string file = folder.path("a");
    REQUIRE(atlas::folder_index::build(folder.path("docs").c_str(), file.c_str(), folders::quick()).ok());
    auto index = atlas::folder_index::open(file.c_str(), {.mode = atlas::open_mode::change});
    int failures = 0;
    atlas::status added = atlas::errc::no_memory;
    for (long allow = 0; !added.ok() && allow < 200; ++allow) {
      CAPTURE(allow);
      allowed = allow;
      added = index->add_document("manual.md", folders::manual());
      allowed = -1;
      if (added.ok()) break;
      ++failures;
      CHECK(support::failed_as(added, atlas::errc::no_memory));
      CHECK(index->file_count() == 4);
      CHECK(index->chunk_count() == 4);
    }
    REQUIRE(added.ok());
    CHECK(failures > 5);
    atlas::folder_hit hit;
    REQUIRE(index->search("let the dough rest for two hours in a warm place", {&hit, 1}).value() == 1);
    REQUIRE(hit.headings.size() == 3);
    CHECK(hit.headings.title(2) == atlas::text_view("Rest"));
    REQUIRE(index->add_document("plain", "words without a heading").ok());
    REQUIRE(index->search("words without a heading", {&hit, 1}).value() == 1);
    CHECK(hit.headings.empty());
#endif
  }

  TEST_CASE("folder_index: an update takes long vectors over a few at a time") {
#if !ATLAS_TEST_OWN_ALLOCATOR
    MESSAGE("skipped: the sanitizer has its own allocator");
#else
    const support::scratch_folder folder;
    std::string text;
    for (int i = 0; i < 300; ++i) text += "Paragraph " + std::to_string(i) + " is as long as a chunk, so that there is one of it and no more, and then another.\n\n";
    folder.write("docs/long.txt", text);
    atlas::folder_options options = folders::quick();
    options.hashing.dimension = 16'384;
    const std::string docs = folder.path("docs");
    const std::string file = folder.path("a");
    const auto built = atlas::folder_index::build(docs.c_str(), file.c_str(), options);
    REQUIRE(built.ok());
    REQUIRE(built->chunks >= 256);
    const auto index = atlas::folder_index::open(file.c_str());
    const auto held = [] {
      const auto now = ::mallinfo2();
      return now.uordblks + now.hblkhd;
    };
    std::size_t first = 0;
    std::size_t most = 0;
    const auto look = [&](const atlas::folder_progress& now) {
      if (now.phase != atlas::folder_phase::indexing) return true;
      if (now.done == 0) first = held();
      most = held() > most ? held() : most;
      return true;
    };
    REQUIRE(index->update(docs.c_str(), folder.path("b").c_str(), {.threads = 1, .on_progress = look})->taken_over == built->chunks);
    CHECK(most - first < 16'384 * sizeof(float) * 32 * 2);  // 32 vectors, and what the graph takes
#endif
  }

  TEST_CASE("folder_index: a build that has read its files does not hold the memory of the large ones") {
#if !ATLAS_TEST_OWN_ALLOCATOR
    MESSAGE("skipped: the sanitizer has its own allocator");
#else
    constexpr std::size_t large = std::size_t{8} << 20;
    const support::scratch_folder folder;
    for (int i = 0; i < 12; ++i) {  // read, found to be binary, and left out: nothing of them belongs in the tables
      folder.write("docs/" + std::to_string(i), "");
      std::filesystem::resize_file(folder.path("docs/" + std::to_string(i)), large);
    }
    const auto held = [] {
      const auto now = ::mallinfo2();
      return now.uordblks + now.hblkhd;
    };
    for (const unsigned threads : {1U, 3U}) {
      CAPTURE(threads);
      const std::size_t before = held();
      std::size_t after = ~std::size_t{0};
      const auto look = [&](const atlas::folder_progress& now) {
        if (now.phase == atlas::folder_phase::reading && now.total != 0 && now.done == now.total) after = held();
        return true;
      };
      atlas::folder_options options = folders::quick(threads);
      options.on_progress = look;
      const auto report = atlas::folder_index::build(folder.path("docs").c_str(), folder.path("a").c_str(), options);
      REQUIRE(report.ok());
      CHECK(report->skipped[static_cast<unsigned>(atlas::skip_reason::binary)] == 12);
      CHECK(after < before + large / 2);
    }
#endif
  }
}

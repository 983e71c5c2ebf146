// SPDX-License-Identifier: Apache-2.0
// tests/folder/folder_faults_test.cpp -- a folder index when something goes wrong: outside, or in the file.
#include <atlas/folder/folder_index.hpp>

#include "folder/saved_index.hpp"
#include "support/child_process.hpp"
#include "support/error_line.hpp"
#include "support/scratch_folder.hpp"

#include <doctest/doctest.h>

#include <sys/resource.h>

#include <cstdio>
#include <filesystem>
#include <limits>
#include <random>
#include <string>
#include <vector>

using folders::quick;
using support::failed_as;

namespace {

// Everything that reads the tables.
void use_all(const std::string& path, const support::scratch_folder& folder) {
  for (const atlas::open_mode mode : {atlas::open_mode::read, atlas::open_mode::change}) {
    auto index = atlas::folder_index::open(path.c_str(), {.mode = mode});
    if (!index.ok()) continue;
    std::vector<atlas::folder_hit> hits(8);
    const auto found = index->search("a cat in a boat", hits);
    if (found.ok()) {
      std::size_t sum = 0;
      for (std::size_t i = 0; i < *found; ++i) {
        for (const char c : hits[i].text) sum += static_cast<unsigned char>(c);
        for (const char c : hits[i].path) sum += static_cast<unsigned char>(c);
        for (const atlas::text_view title : hits[i].headings) {
          for (const char c : title) sum += static_cast<unsigned char>(c);
        }
        sum += atlas::snippet(hits[i].text, "a cat in a boat", 50).size();
      }
      CHECK(sum < std::numeric_limits<std::size_t>::max());
    }
    static_cast<void>(index->file_count());
    if (mode == atlas::open_mode::change) {
      static_cast<void>(index->remove_document("baking.md"));
      static_cast<void>(index->remove_document("sailing.txt"));
      static_cast<void>(index->add_document("new.txt", "A new document about cats and boats."));
      static_cast<void>(index->save(folder.path("saved.atlas").c_str()));
    }
    static_cast<void>(index->compact(folder.path("compacted.atlas").c_str(), {.threads = 1}));
    static_cast<void>(index->update(folder.path("docs").c_str(), folder.path("updated.atlas").c_str(), {.threads = 1}));
  }
}

}  // namespace

TEST_SUITE("folder") {
  TEST_CASE("folder_index: a folder or an output that is not there, or is something else, is named before any work") {
    const support::scratch_folder folder;
    folders::write_documents(folder);
    const std::string docs = folder.path("docs");
    const auto build = [&](const std::string& from, const std::string& to) {
      return atlas::folder_index::build(from.c_str(), to.c_str(), quick());
    };
    CHECK(failed_as(build(folder.path("none"), folder.path("a")), atlas::errc::file_not_found));
    CHECK(failed_as(build(folder.path("docs/baking.md"), folder.path("a")), atlas::errc::not_a_directory));
    CHECK(failed_as(build(docs, folder.path("none/a")), atlas::errc::file_not_found));
    CHECK(failed_as(build(docs, docs), atlas::errc::is_a_directory));
    CHECK(failed_as(build("", folder.path("a")), atlas::errc::invalid_argument));
    CHECK(failed_as(atlas::folder_index::build(nullptr, "x"), atlas::errc::invalid_argument));
    CHECK(failed_as(atlas::folder_index::build("x", nullptr), atlas::errc::invalid_argument));
    atlas::folder_options bad = quick();
    bad.chunks.size = 1;
    CHECK(failed_as(atlas::folder_index::build(docs.c_str(), folder.path("a").c_str(), bad), atlas::errc::invalid_argument));
    bad = quick();
    bad.hashing.dimension = 0;
    CHECK(failed_as(atlas::folder_index::build(docs.c_str(), folder.path("a").c_str(), bad), atlas::errc::invalid_argument));
    bad = quick();
    bad.max_file_bytes = std::uint64_t{1} << 40;
    CHECK(failed_as(atlas::folder_index::build(docs.c_str(), folder.path("a").c_str(), bad), atlas::errc::limit_exceeded));
    CHECK(folder.names() == std::vector<std::string>{"docs/", "docs/animals/", "docs/animals/cats.txt",
                                                     "docs/animals/horses.md", "docs/baking.md", "docs/sailing.txt"});
    std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
    std::filesystem::permissions(docs, std::filesystem::perms(0));
    const auto end = support::in_child_without_rights([&] {
      return failed_as(build(docs, "/tmp/never-written.atlas"), atlas::errc::permission_denied) ? 0 : 1;
    });
    std::filesystem::permissions(docs, std::filesystem::perms(0755));
    CHECK(end.code == 0);
  }

  TEST_CASE("folder_index: cancelled at any point of any phase, nothing is left and the old index stays") {
    const support::scratch_folder folder;
    for (int i = 0; i < 60; ++i) {
      std::string text;
      for (int line = 0; line < 20; ++line) text += "Line " + std::to_string(line * i) + " of the document with some words.\n";
      folder.write("docs/" + std::to_string(i) + ".txt", text);
    }
    const std::string output = folder.write("out.atlas", "the old index");
    for (const unsigned threads : {1U, 3U}) {
      int calls = 0;
      bool seen[4] = {};
      const auto count = [&](const atlas::folder_progress& now) {
        ++calls;
        seen[static_cast<unsigned>(now.phase)] = true;
        CHECK((now.total == 0 || now.done <= now.total));
        return true;
      };
      atlas::folder_options options = quick(threads);
      options.on_progress = count;
      REQUIRE(atlas::folder_index::build(folder.path("docs").c_str(), folder.path("full.atlas").c_str(), options).ok());
      CHECK((seen[0] && seen[1] && seen[2] && seen[3]));
      const int step = calls / 25 + 1;
      for (int stop_at = 1; stop_at < calls; stop_at += step) {
        CAPTURE(stop_at);
        int left = stop_at;
        const auto stop = [&](const atlas::folder_progress&) { return --left > 0; };
        options.on_progress = stop;
        const auto report = atlas::folder_index::build(folder.path("docs").c_str(), output.c_str(), options);
        if (report.ok()) continue;  // with several threads the number of calls is not always the same
        CHECK(failed_as(report, atlas::errc::cancelled));
        CHECK(support::read_whole(output) == "the old index");
      }
    }
    for (const std::string& name : folder.names()) CHECK(name.find(".tmp") == std::string::npos);
  }

  TEST_CASE("folder_index: an embedder that fails ends the build with its error, on any number of threads") {
    struct failing {
      std::size_t dimension() const { return 4; }
      atlas::status embed(atlas::span<const atlas::text_view> texts, float* out) const {
        for (std::size_t i = 0; i < texts.size() * 4; ++i) out[i] = 1.0F;
        for (const atlas::text_view text : texts) {
          if (text.size() > 20 && text.subview(0, 5) == atlas::text_view("Hoist")) return atlas::errc::timed_out;
        }
        return {};
      }
    } model;
    struct nan_embedder : failing {
      atlas::status embed(atlas::span<const atlas::text_view> texts, float* out) const {
        for (std::size_t i = 0; i < texts.size() * 4; ++i) out[i] = std::numeric_limits<float>::quiet_NaN();
        return {};
      }
    } nan_model;
    const support::scratch_folder folder;
    folders::write_documents(folder);
    for (const unsigned threads : {1U, 4U}) {
      CHECK(failed_as(atlas::folder_index::build(folder.path("docs").c_str(), folder.path("a").c_str(), model, quick(threads)),
                      atlas::errc::timed_out));
      CHECK(failed_as(
          atlas::folder_index::build(folder.path("docs").c_str(), folder.path("a").c_str(), nan_model, quick(threads)),
          atlas::errc::not_finite));
      CHECK_FALSE(std::filesystem::exists(folder.path("a")));
    }
  }

  TEST_CASE("folder_index: a document that cannot be added leaves the index as it was") {
    struct picky {
      std::size_t dimension() const { return 4; }
      atlas::status embed(atlas::span<const atlas::text_view> texts, float* out) const {
        for (std::size_t i = 0; i < texts.size() * 4; ++i) out[i] = 1.0F + static_cast<float>(i % 3);
        for (const atlas::text_view text : texts) {
          if (std::string(text.data(), text.size()).find("BAD") != std::string::npos) return atlas::errc::io;
        }
        return {};
      }
    } model;
    const support::scratch_folder folder;
    folders::write_documents(folder);
    REQUIRE(atlas::folder_index::build(folder.path("docs").c_str(), folder.path("a").c_str(), model, quick()).ok());
    auto index = atlas::folder_index::open(folder.path("a").c_str(), model, {.mode = atlas::open_mode::change});
    REQUIRE(index.ok());
    // More than one batch of chunks, the last of which fails.
    std::string text;
    for (int i = 0; i < 100; ++i) text += "A line that fills most of one chunk of the document, as long as it is, it is.\n\n";
    text += "BAD\n";
    for (int round = 0; round < 3; ++round) {
      CHECK(failed_as(index->add_document("bad.txt", text), atlas::errc::io));
      CHECK(index->file_count() == 4);
      CHECK(index->chunk_count() == 4);
      CHECK(failed_as(index->remove_document("bad.txt"), atlas::errc::key_not_found));
    }
    REQUIRE(index->add_document("bad.txt", "good now").ok());
    CHECK(index->chunk_count() == 5);
    REQUIRE(index->save(folder.path("b").c_str()).ok());
    CHECK(atlas::folder_index::open(folder.path("b").c_str())->file_count() == 5);
  }

  TEST_CASE("folder_index: a full disk is an error, and the old index stays as it was") {
    const support::scratch_folder folder;
    folders::write_documents(folder);
    const std::string output = folder.write("out.atlas", "the old index");
    REQUIRE(atlas::folder_index::build(folder.path("docs").c_str(), folder.path("full.atlas").c_str(), quick()).ok());
    const std::uintmax_t size = std::filesystem::file_size(folder.path("full.atlas"));
    for (const std::uintmax_t limit : {std::uintmax_t{0}, std::uintmax_t{4096}, size / 2, size - 1}) {
      CAPTURE(limit);
      std::fflush(nullptr);  // the child must not meet its limit by flushing what was printed here
      const auto end = support::in_child([&] {
        const rlimit small = {limit, RLIM_INFINITY};
        if (::setrlimit(RLIMIT_FSIZE, &small) != 0) return 1;
        if (!failed_as(atlas::folder_index::build(folder.path("docs").c_str(), output.c_str(), quick()), atlas::errc::no_space)) {
          return 2;
        }
        const auto index = atlas::folder_index::open(folder.path("full.atlas").c_str());
        if (!failed_as(index->save(output.c_str()), atlas::errc::no_space)) return 3;
        if (!failed_as(index->compact(output.c_str(), {.threads = 1}), atlas::errc::no_space)) return 4;
        if (!failed_as(index->update(folder.path("docs").c_str(), output.c_str(), {.threads = 1}), atlas::errc::no_space)) return 5;
        return 0;
      });
      CHECK(end.signal == 0);
      CHECK(end.code == 0);
      CHECK(support::read_whole(output) == "the old index");
    }
    for (const std::string& name : folder.names()) CHECK(name.find(".tmp") == std::string::npos);
  }

  TEST_CASE("folder_index: tables with lengths, ids and offsets out of range give an error, and no more") {
    const support::scratch_folder folder;
    folders::write_documents(folder);
    const std::string good = folder.path("good.atlas");
    REQUIRE(atlas::folder_index::build(folder.path("docs").c_str(), good.c_str(), quick()).ok());
    using enum atlas::folder_section;
    const auto with = [&](auto damage) {
      folders::damaged_index file(good);
      damage(file);
      return file.write(folder);
    };
    const auto search_fails = [&](auto damage) {
      const std::string path = with(damage);
      const auto index = atlas::folder_index::open(path.c_str());
      REQUIRE(index.ok());
      std::vector<atlas::folder_hit> hits(4);
      const auto found = index->search("a cat in a boat", hits);
      CHECK(failed_as(found, atlas::errc::corrupt_file));
      CHECK(support::says_both(found));
      use_all(path, folder);
    };
    const auto open_fails = [&](atlas::errc code, auto damage) {
      const std::string path = with(damage);
      const auto opened = atlas::folder_index::open(path.c_str());
      CHECK(failed_as(opened, code));
      CHECK(support::says_both(opened));
      use_all(path, folder);
    };
    const std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
    for (const std::uint64_t bad : {std::uint64_t{4}, std::uint64_t{1} << 40, most}) {
      CAPTURE(bad);
      search_fails([&](auto& file) {
        for (std::size_t i = 0; i < 4; ++i) file.template element<atlas::chunk_record>(chunks, i).file = static_cast<std::uint32_t>(bad | 4U);
      });
      search_fails([&](auto& file) {
        for (std::size_t i = 0; i < 4; ++i) file.template element<atlas::file_record>(files, i).path_begin = bad + 1000;
      });
      search_fails([&](auto& file) {
        for (std::size_t i = 0; i < 4; ++i) file.template element<atlas::chunk_record>(chunks, i).text_begin = bad + 1000;
      });
    }
    search_fails([&](auto& file) {
      for (std::size_t i = 0; i < 4; ++i) file.template element<atlas::chunk_record>(chunks, i).text_bytes = 0xFFFFFFFF;
    });
    search_fails([&](auto& file) {
      for (std::size_t i = 0; i < 4; ++i) file.template element<atlas::file_record>(files, i).path_bytes = 0xFFFFFFFF;
    });
    search_fails([&](auto& file) { file.entry(texts).length_bytes = 0; });
    search_fails([&](auto& file) { file.entry(paths).length_bytes = 0; });

    using atlas::errc;
    open_fails(errc::corrupt_file, [&](auto& file) { file.entry(files).length_bytes = 64; });
    open_fails(errc::corrupt_file, [&](auto& file) { file.entry(info).length_bytes = 0; });
    open_fails(errc::corrupt_file, [&](auto& file) { file.entry(chunks).element_bytes = 32; });
    open_fails(errc::corrupt_file, [&](auto& file) { file.entry(chunks).length_bytes = 0; });  // fewer than have headings
    open_fails(errc::corrupt_file, [&](auto& file) { file.entry(texts).id = 0x2FF; });
    open_fails(errc::corrupt_file, [&](auto& file) { file.entry(hashing_state).length_bytes = 63; });
    open_fails(errc::corrupt_file, [&](auto& file) { file.entry(hashing_state).id = 0x3FF; });
    open_fails(errc::kind_mismatch, [&](auto& file) { file.entry(info).id = 0x2FF; });
    open_fails(errc::unsupported_version, [&](auto& file) { file.template element<atlas::folder_record>(info).layout_version = 2; });
    open_fails(errc::corrupt_file, [&](auto& file) { file.template element<atlas::folder_record>(info).chunk_size = 0; });
    open_fails(errc::corrupt_file, [&](auto& file) { file.template element<atlas::folder_record>(info).chunk_overlap = most; });
    for (const std::uint64_t bad : {std::uint64_t{101}, std::uint64_t{255}, (std::uint64_t{1} << 32) + 50, most}) {
      open_fails(errc::corrupt_file, [&](auto& file) { file.template element<atlas::folder_record>(info).chunk_fill_percent = bad; });
    }
    open_fails(errc::corrupt_file, [&](auto& file) { file.template element<atlas::folder_record>(info).chunk_packing = 3; });
    open_fails(errc::corrupt_file, [&](auto& file) { file.template element<atlas::folder_record>(info).max_file_bytes = most; });
    open_fails(errc::corrupt_file, [&](auto& file) { file.template element<atlas::folder_record>(info).chunk_packing = 1; });  // of 0 percent

    // Only what changes or compacts looks at these.
    for (const std::uint64_t bad : {std::uint64_t{3}, std::uint64_t{1} << 40, most}) {
      CAPTURE(bad);
      use_all(with([&](auto& file) { for (std::size_t i = 0; i < 4; ++i) file.template element<atlas::file_record>(files, i).first_chunk = bad; }), folder);
      use_all(with([&](auto& file) { for (std::size_t i = 0; i < 4; ++i) file.template element<atlas::file_record>(files, i).chunk_count = bad; }), folder);
      use_all(with([&](auto& file) { for (std::size_t i = 0; i < 4; ++i) file.template element<atlas::file_record>(files, i).text_begin = bad; }), folder);
      use_all(with([&](auto& file) { for (std::size_t i = 0; i < 4; ++i) file.template element<atlas::file_record>(files, i).text_bytes = bad; }), folder);
      use_all(with([&](auto& file) { file.template element<atlas::folder_record>(info).live_files = bad; }), folder);
      use_all(with([&](auto& file) { for (std::size_t i = 0; i < 4; ++i) file.template element<std::uint8_t>(file_states, i) = static_cast<std::uint8_t>(bad); }), folder);
    }
    // Documents that overlap: opening for change and compacting must not do more work than the file is long.
    const std::string overlapping = with([&](auto& file) {
      for (std::size_t i = 1; i < 4; ++i) {
        auto& record = file.template element<atlas::file_record>(files, i);
        record = file.template element<atlas::file_record>(files, 0);
        record.path_begin = 0;
        record.path_bytes = static_cast<std::uint32_t>(file.entry(paths).length_bytes);
        record.text_begin = 0;
        record.text_bytes = file.entry(texts).length_bytes;
      }
    });
    CHECK(failed_as(atlas::folder_index::open(overlapping.c_str(), {.mode = atlas::open_mode::change}), errc::corrupt_file));
    CHECK(failed_as(atlas::folder_index::open(overlapping.c_str())->compact(folder.path("c").c_str(), {.threads = 1}), errc::corrupt_file));
  }

  TEST_CASE("folder_index: headings out of range, of wrong depth or above themselves give an error, and no more") {
    const support::scratch_folder folder;
    folder.write("docs/manual.md", folders::manual());
    const std::string good = folder.path("good.atlas");
    REQUIRE(atlas::folder_index::build(folder.path("docs").c_str(), good.c_str(), quick()).ok());
    using enum atlas::folder_section;
    using atlas::errc;
    const std::size_t heading_count = folders::damaged_index(good).entry(headings).length_bytes / sizeof(atlas::heading_record);
    REQUIRE(heading_count == 5);
    const auto damaged = [&](auto damage) {
      folders::damaged_index file(good);
      damage(file);
      return file.write(folder);
    };
    const auto search_fails = [&](auto damage) {
      const std::string path = damaged(damage);
      const auto index = atlas::folder_index::open(path.c_str());
      REQUIRE(index.ok());
      std::vector<atlas::folder_hit> hits(20);
      const auto found = index->search("how long does the dough rest", hits);
      CHECK(failed_as(found, errc::corrupt_file));
      CHECK(support::says_both(found));
      CHECK(failed_as(index->compact(folder.path("c").c_str(), {.threads = 1}), errc::corrupt_file));
      use_all(path, folder);
    };
    const auto each_record = [&](auto& file, auto change) {
      for (std::size_t i = 0; i < heading_count; ++i) change(file.template element<atlas::heading_record>(headings, i), i);
    };
    for (const std::uint64_t bad : {std::uint64_t{6}, std::uint64_t{1} << 31, ~std::uint64_t{0}}) {
      CAPTURE(bad);
      search_fails([&](auto& file) { file.template element<std::uint32_t>(chunk_headings, 1) = static_cast<std::uint32_t>(bad); });
      search_fails([&](auto& file) { each_record(file, [&](auto& record, std::size_t) { record.title_begin = bad + 1000; }); });
      search_fails([&](auto& file) { each_record(file, [&](auto& record, std::size_t) { record.parent = static_cast<std::uint32_t>(bad); }); });
    }
    // Its own parent, and two above each other.
    search_fails([&](auto& file) { each_record(file, [&](auto& record, std::size_t i) { record.parent = static_cast<std::uint32_t>(i) + 1; }); });
    search_fails([&](auto& file) { file.template element<atlas::heading_record>(headings, 0).parent = 2; });
    search_fails([&](auto& file) { each_record(file, [&](auto& record, std::size_t) { record.depth = 0; }); });
    search_fails([&](auto& file) { each_record(file, [&](auto& record, std::size_t) { record.depth = 7; }); });
    search_fails([&](auto& file) { file.template element<atlas::heading_record>(headings, 1).depth = 1; });  // as deep as what it is under
    search_fails([&](auto& file) { each_record(file, [&](auto& record, std::size_t) { record.title_bytes = 0xFFFF; }); });
    search_fails([&](auto& file) { file.entry(headings).length_bytes = 0; });
    search_fails([&](auto& file) { file.entry(heading_titles).length_bytes = 0; });
    search_fails([&](auto& file) { file.entry(headings).id = 0x2FE; });

    const auto open_fails = [&](auto damage) {
      const std::string path = damaged(damage);
      const auto opened = atlas::folder_index::open(path.c_str());
      CHECK(failed_as(opened, errc::corrupt_file));
      CHECK(support::says_both(opened));
      use_all(path, folder);
    };
    open_fails([&](auto& file) { file.entry(headings).element_bytes = 8; });
    open_fails([&](auto& file) { file.entry(heading_titles).element_bytes = 2; });
    open_fails([&](auto& file) { file.entry(chunk_headings).element_bytes = 8; });
    open_fails([&](auto& file) { file.entry(chunks).length_bytes -= sizeof(atlas::chunk_record); });

    // Titles that overlap: compacting must not make more of them than there are.
    const std::string overlapping = damaged([&](auto& file) {
      each_record(file, [&](auto& record, std::size_t) {
        record.title_begin = 0;
        record.title_bytes = static_cast<std::uint16_t>(file.entry(heading_titles).length_bytes);
      });
    });
    CHECK(failed_as(atlas::folder_index::open(overlapping.c_str())->compact(folder.path("c").c_str(), {.threads = 1}), errc::corrupt_file));
    // Fewer numbers than chunks: the others have none.
    const std::string shorter = damaged([&](auto& file) { file.entry(chunk_headings).length_bytes = 4; });
    const auto index = atlas::folder_index::open(shorter.c_str());
    CHECK(index->documents().hit(0)->headings.size() == 1);
    CHECK(index->documents().hit(1)->headings.empty());
    use_all(shorter, folder);
  }

  TEST_CASE("folder_index: random damage anywhere behind the header never does more than fail") {
    const support::scratch_folder folder;
    folders::write_documents(folder);
    folder.write("docs/manual.md", folders::manual());
    const std::string good = folder.path("good.atlas");
    REQUIRE(atlas::folder_index::build(folder.path("docs").c_str(), good.c_str(), quick()).ok());
    std::mt19937 random(7);
    using enum atlas::folder_section;
    const atlas::folder_section sections[] = {info, files, file_states, paths, chunks, texts, headings, heading_titles, chunk_headings, hashing_state};
    for (int round = 0; round < 300; ++round) {
      CAPTURE(round);
      folders::damaged_index file(good);
      const atlas::section_entry entry = file.entry(sections[random() % 10]);
      for (std::size_t flips = 1 + random() % 8; flips > 0; --flips) {
        file.bytes()[entry.offset + random() % entry.length_bytes] = static_cast<char>(random() % 4 == 0 ? 0xFF : random());
      }
      use_all(file.write(folder), folder);
    }
  }
}

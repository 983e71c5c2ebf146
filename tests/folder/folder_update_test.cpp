// SPDX-License-Identifier: Apache-2.0
// tests/folder/folder_update_test.cpp -- mirrors folder_index::update: a folder that changed, and what is embedded of it.
#include <atlas/folder/folder_index.hpp>

#include "folder/saved_index.hpp"
#include "support/child_process.hpp"
#include "support/error_line.hpp"
#include "support/scratch_folder.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <filesystem>
#include <limits>
#include <set>
#include <string>
#include <thread>
#include <vector>

using folders::quick;
using support::failed_as;

namespace {

// Counts what it is asked for.
struct counting_embedder {
  mutable std::atomic<std::uint64_t> texts{0};
  mutable std::atomic<std::uint64_t> calls{0};
  std::atomic<std::uint64_t> learned{0};

  std::size_t dimension() const { return 16; }
  atlas::status embed(atlas::span<const atlas::text_view> given, float* out) const {
    texts += given.size();
    ++calls;
    for (std::size_t i = 0; i < given.size(); ++i) {
      for (std::size_t j = 0; j < 16; ++j) out[i * 16 + j] = 0.5F;
      for (std::size_t at = 0; at < given[i].size(); ++at) {
        const auto c = static_cast<unsigned char>(given[i][at]);
        out[i * 16 + (c * 7U + at % 3U) % 16U] += 1.0F;
      }
    }
    return {};
  }
  atlas::status learn(atlas::span<const atlas::text_view> given) {
    learned += given.size();
    return {};
  }
  void freeze() {}
};

std::string paragraphs(const std::string& about, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "Paragraph " + std::to_string(i) + " tells of " + about + ", and of what else there is to tell of it.\n\n";
  return text;
}

void write_folder(const support::scratch_folder& folder) {
  folder.write("docs/a.txt", paragraphs("apples", 30));
  folder.write("docs/b.md", "# Berries\n\n" + paragraphs("berries", 20) + "## Blue ones\n\n" + paragraphs("blueberries", 20));
  folder.write("docs/c.txt", paragraphs("cherries", 30));
}

}  // namespace

TEST_SUITE("folder") {
  TEST_CASE("folder_index: an update embeds what is new, takes the rest over, and is the index that build would make") {
    for (const unsigned threads : {1U, 3U}) {
      CAPTURE(threads);
      const support::scratch_folder folder;
      write_folder(folder);
      const std::string docs = folder.path("docs");
      const std::string file = folder.path("a");
      counting_embedder model;
      const auto built = atlas::folder_index::build(docs.c_str(), file.c_str(), model, quick(threads));
      REQUIRE(built.ok());
      CHECK(built->embedded == built->chunks);
      CHECK(built->taken_over == 0);
      CHECK(model.learned == built->chunks);
      const auto update = [&](const std::string& output) {
        model.texts = 0;
        const auto index = atlas::folder_index::open(file.c_str(), model);
        REQUIRE(index.ok());
        const auto done = index->update(docs.c_str(), output.c_str(), {.threads = threads});
        REQUIRE(done.ok());
        CHECK(done->embedded == model.texts);
        CHECK(done->embedded + done->taken_over == done->chunks);
        CHECK(atlas::folder_index::open(output.c_str(), model)->chunk_count() == done->chunks);
        return *done;
      };

      // Nothing changed: nothing is embedded.
      const atlas::folder_report same = update(folder.path("same"));
      CHECK(same.embedded == 0);
      CHECK(same.chunks == built->chunks);
      if (threads == 1) CHECK(support::read_whole(folder.path("same")) == support::read_whole(file));

      // One paragraph more in the middle of one document, another document gone, one new, one under another name.
      std::string changed = paragraphs("apples", 30);
      changed.insert(changed.find("Paragraph 15"), "A paragraph of pears stands in between.\n\n");
      folder.write("docs/a.txt", changed);
      std::filesystem::rename(folder.path("docs/b.md"), folder.path("docs/renamed.md"));
      std::filesystem::remove(folder.path("docs/c.txt"));
      folder.write("docs/d.txt", paragraphs("dates", 10));
      const atlas::folder_report done = update(folder.path("b"));
      CHECK(done.files == 3);
      CHECK(done.embedded >= 11);
      CHECK(done.embedded <= 14);  // the ten of the new document, and those around the change
      CHECK(model.learned == built->chunks);  // it is not taught again

      // Against a fresh one, and in place.
      REQUIRE(atlas::folder_index::build(docs.c_str(), folder.path("fresh").c_str(), model, quick(threads)).ok());
      if (threads == 1) CHECK(support::read_whole(folder.path("b")) == support::read_whole(folder.path("fresh")));
      const auto updated = atlas::folder_index::open(folder.path("b").c_str(), model);
      const auto fresh = atlas::folder_index::open(folder.path("fresh").c_str(), model);
      REQUIRE(updated->chunk_count() == fresh->chunk_count());
      for (const char* const question : {"pears between apples", "Paragraph 3 tells of dates", "blueberries"}) {
        std::vector<atlas::folder_hit> one(5);
        std::vector<atlas::folder_hit> other(5);
        REQUIRE(updated->search(question, one).value() == 5);
        REQUIRE(fresh->search(question, other).value() == 5);
        for (std::size_t i = 0; i < 5; ++i) {
          CHECK(one[i].distance == other[i].distance);
          if (threads != 1) continue;  // else chunks that are equally distant may change places
          CHECK(one[i].key == other[i].key);
          CHECK(one[i].path == other[i].path);
          CHECK(one[i].headings.size() == other[i].headings.size());
        }
      }
      const atlas::folder_report in_place = update(file);
      CHECK(in_place.embedded == done.embedded);
      CHECK(update(file).embedded == 0);
    }
  }

  TEST_CASE("folder_index: with the default embedder an update changes no vector, and words count as when it was built") {
    const support::scratch_folder folder;
    folders::write_documents(folder);
    const std::string docs = folder.path("docs");
    const std::string file = folder.path("a");
    REQUIRE(atlas::folder_index::build(docs.c_str(), file.c_str(), quick()).ok());
    folder.write("docs/tea.txt", "Green tea is brewed with water below boiling.");
    const auto index = atlas::folder_index::open(file.c_str());
    const auto done = index->update(docs.c_str(), folder.path("b").c_str(), {.threads = 1});
    REQUIRE(done.ok());
    CHECK(done->embedded == 1);
    CHECK(done->taken_over == 4);
    const auto updated = atlas::folder_index::open(folder.path("b").c_str());
    REQUIRE(updated.ok());
    CHECK(folders::first_path(*updated, "brewing green tea") == "tea.txt");
    CHECK(folders::first_path(*index, "steer the boat") == "sailing.txt");  // the open one stays as it was
    CHECK(index->file_count() == 4);
    // As if the document had been added.
    auto added = atlas::folder_index::open(file.c_str(), {.mode = atlas::open_mode::change});
    REQUIRE(added->add_document("tea.txt", "Green tea is brewed with water below boiling.").ok());
    std::vector<float> one(64);
    std::vector<float> other(64);
    for (std::uint64_t key = 0; key < 5; ++key) {
      REQUIRE(updated->vectors().get(key, one.data()).ok());
      REQUIRE(added->vectors().get(key, other.data()).ok());
      CHECK(one == other);
    }
    // And the frozen state is the same.
    const auto state_of = [](const std::string& path) {
      const auto reader = atlas::file_reader::open(path.c_str());
      const auto bytes = reader->section(static_cast<std::uint32_t>(atlas::folder_section::hashing_state)).value();
      return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    };
    CHECK(state_of(file) == state_of(folder.path("b")));
  }

  TEST_CASE("folder_index: documents that are not in the folder go with an update, and removed chunks are no vectors to take") {
    const support::scratch_folder folder;
    folders::write_documents(folder);
    const std::string docs = folder.path("docs");
    counting_embedder model;
    REQUIRE(atlas::folder_index::build(docs.c_str(), folder.path("a").c_str(), model, quick()).ok());
    auto index = atlas::folder_index::open(folder.path("a").c_str(), model, {.mode = atlas::open_mode::change});
    REQUIRE(index->add_document("elsewhere.txt", "This document lies in no folder.").ok());
    REQUIRE(index->remove_document("sailing.txt").ok());
    const auto done = index->update(docs.c_str(), folder.path("b").c_str());
    REQUIRE(done.ok());
    CHECK(done->files == 4);
    CHECK(done->embedded == 1);
    CHECK(done->taken_over == 3);
    CHECK(index->file_count() == 4);  // three of the folder and the one from elsewhere: it stays as it is
    std::set<std::string> paths;
    const auto updated = atlas::folder_index::open(folder.path("b").c_str(), model);
    for (const auto& answer : folders::ask(*updated, "anything", 10)) paths.insert(answer.path);
    CHECK(paths == std::set<std::string>{"animals/cats.txt", "animals/horses.md", "baking.md", "sailing.txt"});
  }

  TEST_CASE("folder_index: an update cuts as the build did, walks as it is told, and says what it left out") {
    const support::scratch_folder folder;
    folders::write_documents(folder);
    folder.write("docs/.hidden.txt", "hidden words");
    folder.write("docs/empty.txt", "");
    const std::string docs = folder.path("docs");
    atlas::folder_options options = quick();
    options.chunks.size = 60;
    options.chunks.overlap = 20;
    options.chunks.packing = atlas::chunk_packing::divided;
    options.connectivity = 5;
    REQUIRE(atlas::folder_index::build(docs.c_str(), folder.path("a").c_str(), options).ok());
    const auto index = atlas::folder_index::open(folder.path("a").c_str());
    CHECK(index->chunking().packing == atlas::chunk_packing::divided);
    std::string skipped;
    const auto note = [&](atlas::text_view path, atlas::skip_reason why) { skipped += std::string(path.data(), path.size()) + ' ' + name(why); };
    const auto done = index->update(docs.c_str(), folder.path("b").c_str(), {.walk = {.hidden = true}, .threads = 1, .on_skip = note});
    REQUIRE(done.ok());
    CHECK(done->embedded == 1);
    CHECK(skipped == "empty.txt empty");
    const auto updated = atlas::folder_index::open(folder.path("b").c_str());
    CHECK(updated->vectors().connectivity() == 5);
    CHECK(updated->chunking().size == 60);
    CHECK(updated->chunking().overlap == 20);
    CHECK(updated->chunking().packing == atlas::chunk_packing::divided);
    CHECK(updated->chunk_count() == index->chunk_count() + 1);
    CHECK(index->update(docs.c_str(), folder.path("b").c_str(), {.max_file_bytes = 75})->skipped[static_cast<unsigned>(atlas::skip_reason::too_large)] == 1);
  }

  TEST_CASE("folder_index: an update that fails or is cancelled leaves the file as it was") {
    const support::scratch_folder folder;
    write_folder(folder);
    const std::string docs = folder.path("docs");
    const std::string file = folder.path("a");
    counting_embedder model;
    REQUIRE(atlas::folder_index::build(docs.c_str(), file.c_str(), model, quick()).ok());
    const std::string before = support::read_whole(file);
    const auto index = atlas::folder_index::open(file.c_str(), model);
    CHECK(failed_as(index->update(folder.path("none").c_str(), file.c_str()), atlas::errc::file_not_found));
    CHECK(failed_as(index->update(docs.c_str(), folder.path("none/a").c_str()), atlas::errc::file_not_found));
    CHECK(failed_as(index->update(nullptr, file.c_str()), atlas::errc::invalid_argument));
    CHECK(failed_as(index->update(docs.c_str(), nullptr), atlas::errc::invalid_argument));
    CHECK(failed_as(index->update(docs.c_str(), file.c_str(), {.max_file_bytes = std::uint64_t{1} << 40}), atlas::errc::limit_exceeded));
    CHECK(failed_as(atlas::folder_index::open(file.c_str())->update(docs.c_str(), file.c_str()), atlas::errc::invalid_argument));

    folder.write("docs/a.txt", paragraphs("apricots", 300));
    for (const unsigned threads : {1U, 3U}) {
      bool seen[4] = {};
      const auto watch = [&](const atlas::folder_progress& now) { return seen[static_cast<unsigned>(now.phase)] = true; };
      REQUIRE(index->update(docs.c_str(), folder.path("b").c_str(), {.threads = threads, .on_progress = watch}).ok());
      CHECK((seen[0] && seen[1] && seen[2] && seen[3]));
      for (unsigned phase = 0; phase < 4; ++phase) {
        const auto stop = [&](const atlas::folder_progress& now) { return static_cast<unsigned>(now.phase) != phase; };
        CHECK(failed_as(index->update(docs.c_str(), file.c_str(), {.threads = threads, .on_progress = stop}), atlas::errc::cancelled));
      }
    }
    CHECK(support::read_whole(file) == before);
    for (const std::string& name : folder.names()) CHECK(name.find(".tmp") == std::string::npos);
  }

  TEST_CASE("folder_index: searches and additions may run beside an update") {
    const support::scratch_folder folder;
    write_folder(folder);
    counting_embedder model;
    REQUIRE(atlas::folder_index::build(folder.path("docs").c_str(), folder.path("a").c_str(), model, quick()).ok());
    auto index = atlas::folder_index::open(folder.path("a").c_str(), model, {.mode = atlas::open_mode::change});
    REQUIRE(index.ok());
    std::atomic<int> wrong{0};
    std::thread searcher([&] {
      atlas::folder_hit hits[3];
      for (int i = 0; i < 50; ++i) wrong += index->search("blueberries", hits).ok() ? 0 : 1;
    });
    std::thread adder([&] {
      for (int i = 0; i < 20; ++i) wrong += index->add_document("added" + std::to_string(i), "An added text of number " + std::to_string(i)).ok() ? 0 : 1;
    });
    for (int i = 0; i < 3; ++i) {
      const auto done = index->update(folder.path("docs").c_str(), folder.path("b").c_str(), {.threads = 2});
      REQUIRE(done.ok());
      CHECK(done->embedded == 0);
    }
    searcher.join();
    adder.join();
    CHECK(wrong == 0);
    CHECK(index->file_count() == 23);
  }

  TEST_CASE("folder_index: nothing is taken over of a file whose checksums do not match, or whose vectors are none") {
    const support::scratch_folder folder;
    write_folder(folder);
    const std::string docs = folder.path("docs");
    const std::string file = folder.path("a");
    counting_embedder model;
    REQUIRE(atlas::folder_index::build(docs.c_str(), file.c_str(), model, quick()).ok());
    constexpr auto vectors = static_cast<atlas::folder_section>(atlas::index_section::vectors);
    for (const auto section : {vectors, atlas::folder_section::chunks}) {
      folders::damaged_index damaged(file);
      damaged.bytes()[damaged.entry(section).offset + 40] ^= 1;  // of the vectors a number that stays one; of the chunks an id
      const std::string path = damaged.write(folder, "damaged");
      const std::string before = support::read_whole(path);
      const auto index = atlas::folder_index::open(path.c_str(), model);
      REQUIRE(index.ok());
      CHECK(failed_as(index->update(docs.c_str(), path.c_str()), atlas::errc::corrupt_file));
      CHECK(support::read_whole(path) == before);
    }
    // With checksums that match, of a writer that lies.
    folders::damaged_index lying(file);
    const std::size_t at = lying.entry(vectors).offset;
    const std::size_t row = lying.entry(vectors).element_bytes;
    for (std::size_t i = 0; i < 4; ++i) lying.bytes()[at + 3 * row + i] = static_cast<char>(0xFF);
    lying.entry(vectors).checksum = atlas::xxh3_64(lying.bytes().data() + at, lying.entry(vectors).length_bytes);
    const auto index = atlas::folder_index::open(lying.write(folder, "lying").c_str(), model);
    const auto said = index->update(docs.c_str(), folder.path("b").c_str(), {.threads = 1});
    REQUIRE(failed_as(said, atlas::errc::corrupt_file));
    CHECK(said.error().row < index->chunk_count());
    CHECK(!std::filesystem::exists(folder.path("b")));
    // Reading on may be ended.
    const auto stop = [](const atlas::folder_progress&) { return false; };
    CHECK(failed_as(atlas::folder_index::open(file.c_str(), model)->update(docs.c_str(), file.c_str(), {.on_progress = stop}), atlas::errc::cancelled));
  }

  TEST_CASE("folder_index: update and compact build with the seed that the file keeps: what did not change has the same bytes") {
    const support::scratch_folder folder;
    write_folder(folder);
    for (int i = 0; i < 60; ++i) folder.write("docs/many/" + std::to_string(i) + ".txt", paragraphs("number " + std::to_string(i), 2));
    const std::string docs = folder.path("docs");
    const std::string file = folder.path("a");
    atlas::folder_options options = quick(1);
    options.seed = 7;
    REQUIRE(atlas::folder_index::build(docs.c_str(), file.c_str(), options).ok());
    const auto index = atlas::folder_index::open(file.c_str());
    CHECK(index->vectors().seed() == 7);
    REQUIRE(index->update(docs.c_str(), folder.path("b").c_str(), {.threads = 1}).ok());
    CHECK(support::read_whole(folder.path("b")) == support::read_whole(file));
    REQUIRE(index->compact(folder.path("c").c_str(), {.threads = 1}).ok());
    CHECK(support::read_whole(folder.path("c")) == support::read_whole(file));
  }

  TEST_CASE("folder_index: a callback may search, and is refused what would wait for itself") {
    const support::scratch_folder folder;
    write_folder(folder);
    folder.write("docs/empty.txt", "");
    const std::string docs = folder.path("docs");
    counting_embedder model;
    REQUIRE(atlas::folder_index::build(docs.c_str(), folder.path("a").c_str(), model, quick()).ok());
    auto index = atlas::folder_index::open(folder.path("a").c_str(), model, {.mode = atlas::open_mode::change});
    REQUIRE(index.ok());
    const std::string other = folder.path("other");
    int refused = 0;
    int asked = 0;
    const auto call_all = [&] {
      atlas::folder_hit hit;
      ++asked;
      CHECK(index->search("apples", {&hit, 1}).value() == 1);
      refused += failed_as(index->add_document("new", "A text."), atlas::errc::invalid_argument) ? 1 : 0;
      refused += failed_as(index->remove_document("a.txt"), atlas::errc::invalid_argument) ? 1 : 0;
      refused += failed_as(index->save(other.c_str()), atlas::errc::invalid_argument) ? 1 : 0;
      refused += failed_as(index->update(docs.c_str(), other.c_str()), atlas::errc::invalid_argument) ? 1 : 0;
      counting_embedder fresh;
      refused += failed_as(index->compact(other.c_str(), fresh), atlas::errc::invalid_argument) ? 1 : 0;
    };
    const auto watch = [&](const atlas::folder_progress&) {
      call_all();
      return true;
    };
    const auto note = [&](atlas::text_view, atlas::skip_reason) { call_all(); };
    REQUIRE(index->update(docs.c_str(), folder.path("b").c_str(), {.threads = 2, .on_progress = watch, .on_skip = note}).ok());
    CHECK(asked > 5);
    CHECK(refused == 5 * asked);
    refused = asked = 0;
    const auto count = [&](std::uint64_t, std::uint64_t) {
      call_all();
      return true;
    };
    REQUIRE(index->save(folder.path("b").c_str(), count).ok());
    CHECK((asked > 0 && refused == 5 * asked));
    refused = asked = 0;
    const auto watch_reading = [&](const atlas::folder_progress& now) {
      if (now.phase == atlas::folder_phase::reading) call_all();
      return true;
    };
    counting_embedder fresh;
    REQUIRE(index->compact(folder.path("b").c_str(), fresh, {.on_progress = watch_reading}).ok());
    CHECK((asked > 0 && refused == 5 * asked));
    CHECK(!std::filesystem::exists(other));
    CHECK(index->file_count() == 3);
    REQUIRE(index->add_document("new", "A text.").ok());  // the lock is open again
  }

  TEST_CASE("folder_index: an update takes the files that the build took, counts the documents that go, and keeps what it is told") {
    const support::scratch_folder folder;
    write_folder(folder);
    folder.write("docs/.hidden.txt", "hidden words");
    folder.write("docs/large.txt", paragraphs("large things", 100));
    const std::string docs = folder.path("docs");
    const std::string file = folder.path("a");
    atlas::folder_options options = quick();
    options.walk.hidden = true;
    options.max_file_bytes = 20'000;
    REQUIRE(atlas::folder_index::build(docs.c_str(), file.c_str(), options)->files == 5);
    const auto update = [&](const atlas::update_options& how) {
      const auto done = atlas::folder_index::open(file.c_str())->update(docs.c_str(), file.c_str(), how);
      REQUIRE(done.ok());
      return *done;
    };
    CHECK(update({}).files == 5);
    CHECK(update({}).gone == 0);
    folder.write("docs/larger.txt", paragraphs("larger things", 300));
    CHECK(update({}).files == 5);
    REQUIRE(atlas::folder_index::open(file.c_str())->compact(folder.path("b").c_str()).ok());
    std::filesystem::rename(folder.path("b"), file);
    CHECK(update({}).files == 5);  // compact keeps it, too
    const atlas::folder_report less = update({.max_file_bytes = 6'000});
    CHECK(less.files == 4);
    CHECK(less.gone == 1);
    CHECK(update({}).files == 4);
    std::filesystem::remove(folder.path("docs/a.txt"));
    std::filesystem::rename(folder.path("docs/c.txt"), folder.path("docs/d.txt"));
    CHECK(update({}).gone == 2);
    CHECK(update({.max_file_bytes = 100'000}).files == 5);
    CHECK(update({}).gone == 0);

    // Files from before this was kept are walked as usual.
    options.walk.hidden = false;
    REQUIRE(atlas::folder_index::build(docs.c_str(), file.c_str(), options).ok());
    folders::damaged_index old(file);
    old.element<atlas::folder_record>(atlas::folder_section::info).max_file_bytes = 0;
    old.entry(atlas::folder_section::info).checksum = atlas::xxh3_64(&old.element<char>(atlas::folder_section::info), sizeof(atlas::folder_record));
    old.write(folder, "a");
    CHECK(update({}).files == 4);  // the larger one with the others
    CHECK(atlas::folder_index::open(file.c_str())->documents().info().max_file_bytes == atlas::folder_options().max_file_bytes);
  }

  TEST_CASE("folder_index: an update is refused when no document is left, or a folder of documents cannot be read") {
    const support::scratch_folder folder;
    write_folder(folder);
    folder.write("docs/sub/deep/d.txt", paragraphs("dates", 3));
    folder.write("docs/sub-e.txt", paragraphs("elderberries", 3));
    folder.write("docs/other/new.bin", std::string(9, '\0'));  // a folder without documents
    const std::string docs = folder.path("docs");
    const std::string file = folder.path("a");
    REQUIRE(atlas::folder_index::build(docs.c_str(), file.c_str(), quick())->files == 5);
    const std::string before = support::read_whole(file);
    const auto allow = [&](const std::string& path, std::filesystem::perms wanted) { std::filesystem::permissions(folder.path(path), wanted); };
    using std::filesystem::perms;
    const auto update_as_nobody = [&] {
      const support::child_end end = support::in_child_without_rights([&] {
        const auto done = atlas::folder_index::open(file.c_str())->update(docs.c_str(), folder.path("out/b").c_str(), {.threads = 1});
        if (done.ok()) return done->gone == 0 ? 0 : static_cast<int>(done->gone);
        return done.error() == atlas::errc::permission_denied ? 100 : 101;
      });
      return end.signal == 0 ? end.code : -1;
    };
    std::filesystem::create_directory(folder.path("out"));
    allow("out", perms::all);
    allow("", perms::owner_all | perms::group_exec | perms::others_exec | perms::group_read | perms::others_read);
    CHECK(update_as_nobody() == 0);
    allow("docs/other", perms::none);  // no document of it is in the index
    CHECK(update_as_nobody() == 0);
    std::filesystem::remove(folder.path("docs/sub-e.txt"));
    CHECK(update_as_nobody() == 1);
    allow("docs/sub", perms::none);
    CHECK(update_as_nobody() == 100);
    allow("docs/sub", perms::owner_all | perms::group_read | perms::others_read);  // names can be read, and nothing else
    CHECK(update_as_nobody() == 100);
    allow("docs/sub", perms::all);
    allow("docs/sub/deep", perms::owner_all | perms::group_read | perms::others_read);  // files cannot be looked at
    CHECK(update_as_nobody() == 100);
    allow("docs/other", perms::all);

    std::filesystem::remove_all(folder.path("docs"));
    std::filesystem::create_directory(folder.path("docs"));
    const auto index = atlas::folder_index::open(file.c_str());
    CHECK(failed_as(index->update(docs.c_str(), file.c_str()), atlas::errc::file_not_found));
    folder.write("docs/blank.txt", " ");
    CHECK(failed_as(index->update(docs.c_str(), file.c_str()), atlas::errc::file_not_found));
    CHECK(support::read_whole(file) == before);
    // What was empty may stay so.
    REQUIRE(atlas::folder_index::build(docs.c_str(), file.c_str(), quick())->files == 0);
    const auto empty = atlas::folder_index::open(file.c_str())->update(docs.c_str(), file.c_str());
    REQUIRE(empty.ok());
    CHECK(empty->files == 0);
  }

  TEST_CASE("folder_index: a sealed index is not updated, as the new one would not be sealed") {
    const support::scratch_folder folder;
    write_folder(folder);
    counting_embedder model;
    REQUIRE(atlas::folder_index::build(folder.path("docs").c_str(), folder.path("a").c_str(), model, quick()).ok());
    const auto index = atlas::folder_index::open(folder.path("a").c_str(), model);
    atlas::extra_section tables[atlas::document_table::section_count];
    index->documents().list_sections(tables);
    REQUIRE(index->vectors().seal(folder.path("sealed").c_str(), {.save = {.extra = {tables, atlas::document_table::section_count}}}).ok());
    const auto sealed = atlas::folder_index::open(folder.path("sealed").c_str(), model);
    REQUIRE(sealed.ok());
    CHECK(folders::first_path(*sealed, "Paragraph 3 tells of cherries") == "c.txt");
    const std::string before = support::read_whole(folder.path("sealed"));
    const auto said = sealed->update(folder.path("docs").c_str(), folder.path("sealed").c_str());
    REQUIRE(failed_as(said, atlas::errc::read_only));
    CHECK(support::error_line(said).find("a sealed one") != std::string::npos);
    CHECK(support::read_whole(folder.path("sealed")) == before);
  }

  TEST_CASE("folder_index: a vector that an embedder made wrong is named by its chunk") {
    struct nan_of_last : counting_embedder {
      atlas::status embed(atlas::span<const atlas::text_view> given, float* out) const {
        for (std::size_t i = 0; i < given.size() * 16; ++i) out[i] = 1.0F;
        for (std::size_t i = 0; i < given.size(); ++i) {
          if (std::string(given[i].data(), given[i].size()).find("cherries") != std::string::npos) out[i * 16] = std::numeric_limits<float>::infinity();
        }
        return {};
      }
    } model;
    const support::scratch_folder folder;
    write_folder(folder);
    const auto said = atlas::folder_index::build(folder.path("docs").c_str(), folder.path("a").c_str(), model, quick());
    REQUIRE(failed_as(said, atlas::errc::not_finite));
    CHECK(said.error().row > 32);  // behind the first batch: apples and berries come first
  }
}

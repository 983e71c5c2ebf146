// SPDX-License-Identifier: Apache-2.0
// tests/folder/folder_index_test.cpp -- mirrors include/atlas/folder/folder_index.hpp: what it does when all goes well.
#include <atlas/folder/folder_index.hpp>

#include "folder/saved_index.hpp"
#include "support/child_process.hpp"
#include "support/error_line.hpp"
#include "support/scratch_folder.hpp"
#include "support/texts.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <filesystem>
#include <map>
#include <string>
#include <thread>
#include <vector>

using folders::ask;
using folders::first_path;
using folders::quick;
using support::failed_as;

namespace {

// Counts the letters a to z: an embedder that anyone could have written.
struct letter_embedder {
  std::size_t dimension() const { return 26; }
  atlas::status embed(atlas::span<const atlas::text_view> texts, float* out) const {
    for (std::size_t i = 0; i < texts.size(); ++i) {
      for (std::size_t j = 0; j < 26; ++j) out[i * 26 + j] = 0.01F;
      for (const char c : texts[i]) {
        if (c >= 'a' && c <= 'z') out[i * 26 + static_cast<std::size_t>(c - 'a')] += 1.0F;
      }
    }
    return {};
  }
};

std::map<std::string, std::vector<float>> all_vectors(const atlas::folder_index& index) {
  std::map<std::string, std::vector<float>> vectors;
  for (std::uint64_t key = 0; key < index.documents().chunk_count(); ++key) {
    std::vector<float> vector(index.dimension());
    if (!index.vectors().get(key, vector.data()).ok()) continue;
    const atlas::folder_hit hit = index.documents().hit(key).value();
    vectors.emplace(std::string(hit.path.data(), hit.path.size()) + ":" + std::to_string(hit.byte_begin), vector);
  }
  return vectors;
}

}  // namespace

TEST_SUITE("folder") {
  TEST_CASE("folder_index: a folder goes in, the right passages come out") {
    const support::scratch_folder folder;
    folders::write_documents(folder);
    const std::string file = folder.path("docs.atlas");
    const auto report = atlas::folder_index::build(folder.path("docs").c_str(), file.c_str());
    REQUIRE(report.ok());
    CHECK(report->files == 4);
    CHECK(report->chunks == 4);
    CHECK(report->skipped_total() == 0);
    CHECK(report->walk.files == 4);

    const auto index = atlas::folder_index::open(file.c_str());
    REQUIRE(index.ok());
    CHECK(index->file_count() == 4);
    CHECK(index->chunk_count() == 4);
    CHECK(index->dimension() == 1024);
    CHECK(index->is_read_only());
    CHECK(first_path(*index, "when does a cat purr?") == "animals/cats.txt");
    CHECK(first_path(*index, "what do horses eat") == "animals/horses.md");
    CHECK(first_path(*index, "how is dough baked into a loaf") == "baking.md");
    CHECK(first_path(*index, "steering a boat") == "sailing.txt");

    atlas::folder_hit hits[10];
    const std::size_t found = index->search("bake bread", hits).value();
    REQUIRE(found == 4);
    for (std::size_t i = 0; i < found; ++i) {
      CHECK(hits[i].score == doctest::Approx(1.0F - hits[i].distance));
      CHECK((i == 0 || hits[i - 1].distance <= hits[i].distance));
    }
    const std::string source = support::read_whole(folder.path("docs/baking.md"));
    CHECK(hits[0].byte_begin == 0);
    CHECK(hits[0].byte_end == source.size());
    CHECK(hits[0].text == atlas::text_view(source));
    CHECK(hits[0].line_begin == 1);
    CHECK(hits[0].line_end == 3);
    CHECK(hits[0].id == atlas::xxh3_128(source.data(), source.size(), atlas::markdown_rule().version()));
  }

  TEST_CASE("folder_index: hits say where in the file they are, for each chunk of a long one") {
    const support::scratch_folder folder;
    std::string text;
    for (int i = 1; i <= 200; ++i) text += "Line " + std::to_string(i) + " tells of subject number " + std::to_string(i * 7919) + ".\n";
    folder.write("docs/long.txt", text);
    REQUIRE(atlas::folder_index::build(folder.path("docs").c_str(), folder.path("a").c_str(), quick()).ok());
    const auto index = atlas::folder_index::open(folder.path("a").c_str());
    REQUIRE(index.ok());
    std::vector<atlas::folder_hit> hits(index->chunk_count());
    const std::size_t found = index->search("subject number 791900", hits).value();
    CHECK(found == hits.size());
    for (const atlas::folder_hit& hit : hits) {
      CHECK(std::string(hit.text.data(), hit.text.size()) == text.substr(hit.byte_begin, hit.byte_end - hit.byte_begin));
      const auto lines_before = static_cast<std::uint64_t>(
          std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(hit.byte_begin), '\n'));
      CHECK(hit.line_begin == lines_before + 1);
    }
  }

  TEST_CASE("folder_index: hits name the headings they stand under, also of documents that were added, and after save and compact") {
    const support::scratch_folder folder;
    folders::write_documents(folder);
    folder.write("docs/manual.md", folders::manual());
    folder.write("docs/page.html", "<html><body><h1>Birds</h1><p>Sparrows hop about.</p><h2>Owls</h2><p>Owls hunt mice in the dark of the night, "
                                   "without a sound that a mouse could hear, and sleep by day.</p></body></html>");
    folder.write("docs/plain.txt", "# Gardens\n\nThis is no heading, as the name says plain text: tulips, roses and lilies.\n");
    REQUIRE(atlas::folder_index::build(folder.path("docs").c_str(), folder.path("a").c_str(), quick()).ok());
    auto index = atlas::folder_index::open(folder.path("a").c_str(), {.mode = atlas::open_mode::change});
    REQUIRE(index.ok());
    const auto headings_of = [](const atlas::folder_index& asked, const char* question) {
      atlas::folder_hit hit;
      REQUIRE(asked.search(question, {&hit, 1}).value() == 1);
      std::string all;
      for (const atlas::text_view title : hit.headings) all += (all.empty() ? "" : " > ") + std::string(title.data(), title.size());
      return all;
    };
    const auto check_all = [&](const atlas::folder_index& asked) {
      CHECK(headings_of(asked, "let the dough rest for two hours in a warm place") == "Baking > Dough > Rest");
      CHECK(headings_of(asked, "heat the oven with a stone") == "Baking > Oven");
      CHECK(headings_of(asked, "hoist the mainsail before it is too late") == "Sailing");
      CHECK(headings_of(asked, "a manual for those who bake at home") == "Baking");
      CHECK(headings_of(asked, "owls hunt mice in the dark of the night") == "Birds > Owls");
      CHECK(headings_of(asked, "tulips roses lilies") == "");
      CHECK(headings_of(asked, "a cat purrs when it is content") == "");
      CHECK(headings_of(asked, "a horse gallops and eats oats") == "Horses");
    };
    check_all(*index);
    REQUIRE(index->add_document("notes/rockets.MD", "# Rockets\n\nA rocket burns liquid fuel to reach its orbit.\n").ok());
    REQUIRE(index->add_document("notes/rockets", "# Comets\n\nA comet has a tail of gas and dust.\n").ok());
    REQUIRE(index->remove_document("baking.md").ok());
    check_all(*index);
    CHECK(headings_of(*index, "rocket fuel orbit") == "Rockets");
    CHECK(headings_of(*index, "a comet has a tail of gas") == "");
    REQUIRE(index->save(folder.path("b").c_str()).ok());
    check_all(*atlas::folder_index::open(folder.path("b").c_str()));
    for (const unsigned threads : {1U, 3U}) {
      REQUIRE(index->compact(folder.path("c").c_str(), {.threads = threads}).ok());
      const auto compacted = atlas::folder_index::open(folder.path("c").c_str());
      check_all(*compacted);
      CHECK(headings_of(*compacted, "rocket fuel orbit") == "Rockets");
    }
  }

  TEST_CASE("folder_index: documents are cut by their kind, and how is kept") {
    const support::scratch_folder folder;
    std::string code;
    for (int i = 0; i < 12; ++i) code += "int f" + std::to_string(i) + "() {\n  return " + std::to_string(i) + ";\n}\n\n";
    folder.write("docs/a.cpp", code);
    folder.write("docs/a.txt", code);
    std::string prose;
    for (int i = 0; i < 12; ++i) prose += "Sentence number " + std::to_string(i) + " ends here. ";
    folder.write("docs/b.txt", prose);
    atlas::folder_options options = quick();
    options.chunks.size = 90;
    options.chunks.packing = atlas::chunk_packing::coherent;
    options.chunks.coherent_percent = 40;
    options.chunks.trim = true;
    REQUIRE(atlas::folder_index::build(folder.path("docs").c_str(), folder.path("a").c_str(), options).ok());
    auto index = atlas::folder_index::open(folder.path("a").c_str(), {.mode = atlas::open_mode::change});
    REQUIRE(index.ok());
    CHECK(index->chunking().size == 90);
    CHECK(index->chunking().fill_percent == 0);  // what the usual stood for
    CHECK(index->chunking().packing == atlas::chunk_packing::coherent);
    CHECK(index->chunking().coherent_percent == 40);
    CHECK(index->chunking().trim);
    const auto pieces = [&](const char* path) {
      std::vector<std::string> found;
      for (std::uint64_t key = 0; key < index->documents().chunk_count(); ++key) {
        const atlas::folder_hit hit = index->documents().hit(key).value();
        if (hit.path == atlas::text_view(path)) found.emplace_back(hit.text.data(), hit.text.size());
      }
      return found;
    };
    for (const std::string& piece : pieces("a.cpp")) {  // whole functions
      CHECK(piece.substr(0, 5) == "int f");
      CHECK(piece.back() == '}');
    }
    const std::string again = code;
    REQUIRE(index->add_document("added.cpp", again).ok());
    CHECK(pieces("added.cpp") == pieces("a.cpp"));
    atlas::document document;
    const atlas::status cut = atlas::cut_document({reinterpret_cast<const std::byte*>(prose.data()), prose.size()}, atlas::document_kind::plain_text, options.chunks, document);
    REQUIRE(cut.ok());
    REQUIRE(pieces("b.txt").size() == document.chunks.size());
  }

  TEST_CASE("folder_index: every sort of file below the folder is indexed or counted, none is fatal") {
    const support::scratch_folder folder;
    folders::write_documents(folder);
    std::filesystem::permissions(folder.path(), std::filesystem::perms(0777));
    folder.write("docs/utf16.txt", std::string("\xFF\xFEh\0e\0l\0l\0o\0 \0s\0u\0b\0m\0a\0r\0i\0n\0e\0", 32));
    folder.write("docs/latin1.txt", "Die Stra\xDF" "e hei\xDFt Gr\xF6\xDF" "e, \xFC" "ber der Br\xFC" "cke.");
    std::string noise = support::random_bytes(1, 600);
    for (char& c : noise) c = static_cast<char>(c | 0x80);
    folder.write("docs/noise.txt", noise);
    folder.write("docs/binary.bin", std::string("\x89PNG\r\n\x1A\n\x00\x00\x00\rIHDR", 16));
    folder.write("docs/empty.txt", "");
    folder.write("docs/blank.txt", "\n\n  \n");
    folder.write("docs/large.txt", std::string(5000, 'x'));
    folder.write("docs/secret.txt", "secret");
    std::filesystem::permissions(folder.path("docs/secret.txt"), std::filesystem::perms(0));
    std::string deep = "docs";
    for (int i = 0; i < 30; ++i) deep += "/d" + std::to_string(i);
    folder.write(deep + "/deep.txt", "A treasure chest lies buried at the very bottom.");
    std::filesystem::create_symlink("baking.md", folder.path("docs/link.md"));
    std::filesystem::create_directory_symlink(".", folder.path("docs/loop"));
    std::filesystem::create_symlink("nowhere", folder.path("docs/broken"));
    folder.write("docs/.hidden/note.txt", "hidden");
    folder.write("docs/.git/config", "ignored");

    for (const unsigned threads : {1U, 3U}) {
      CAPTURE(threads);
      const std::string file = folder.path("out.atlas");
      const auto end = support::in_child_without_rights([&] {
        atlas::folder_options options = quick(1);
        options.max_file_bytes = 4096;
        std::map<std::string, atlas::skip_reason> skipped;
        const auto note = [&](atlas::text_view path, atlas::skip_reason why) {
          skipped[std::string(path.data(), path.size())] = why;
        };
        options.on_skip = note;
        options.threads = threads;
        const auto report = atlas::folder_index::build(folder.path("docs").c_str(), file.c_str(), options);
        if (!report.ok()) return 1;
        // Four documents, UTF-16, Latin-1, deep, the linked file.
        if (report->files != 8) return static_cast<int>(100 + report->files);
        if (skipped.size() != 6 || report->skipped_total() != 6) return 3;
        using enum atlas::skip_reason;
        if (skipped["noise.txt"] != bad_encoding || skipped["binary.bin"] != binary) return 4;
        if (skipped["empty.txt"] != empty || skipped["blank.txt"] != empty) return 5;
        if (skipped["large.txt"] != too_large || skipped["secret.txt"] != unreadable) return 6;
        if (report->skipped[static_cast<unsigned>(empty)] != 2) return 7;
        if (report->walk.linked_folders != 1 || report->walk.broken_links != 1 || report->walk.hidden != 2) return 8;
        return 0;
      });
      CHECK(end.signal == 0);
      CHECK(end.code == 0);
      const auto index = atlas::folder_index::open(file.c_str());
      REQUIRE(index.ok());
      CHECK(first_path(*index, "hello submarine") == "utf16.txt");
      CHECK(ask(*index, "Straße über Größe", 1)[0].text == "Die Straße heißt Größe, über der Brücke.");
      CHECK(first_path(*index, "buried treasure chest") == deep.substr(5) + "/deep.txt");
      CHECK(ask(*index, "hello submarine", 1)[0].text == "hello submarine");
    }
  }

  TEST_CASE("folder_index: keys follow the order of paths, and one thread gives the same bytes again") {
    const support::scratch_folder folder;
    folders::write_documents(folder);
    for (int i = 0; i < 40; ++i) {
      folder.write("docs/many/" + std::to_string(i * 37 % 100) + ".txt", "Document of number " + std::to_string(i) + ".");
    }
    const std::string docs = folder.path("docs");
    REQUIRE(atlas::folder_index::build(docs.c_str(), folder.path("a").c_str(), quick(1)).ok());
    REQUIRE(atlas::folder_index::build((docs + "/").c_str(), folder.path("b").c_str(), quick(1)).ok());
    REQUIRE(atlas::folder_index::build(docs.c_str(), folder.path("c").c_str(), quick(4)).ok());
    CHECK(support::read_whole(folder.path("a")) == support::read_whole(folder.path("b")));
    const auto one = atlas::folder_index::open(folder.path("a").c_str());
    const auto four = atlas::folder_index::open(folder.path("c").c_str());
    REQUIRE(one.ok());
    REQUIRE(four.ok());
    CHECK(all_vectors(*one) == all_vectors(*four));
    std::string before;
    for (std::uint64_t key = 0; key < one->documents().chunk_count(); ++key) {
      const atlas::folder_hit hit = one->documents().hit(key).value();
      const std::string path(hit.path.data(), hit.path.size());
      CHECK(before <= path);
      before = path;
      CHECK(four->documents().hit(key).value().path == hit.path);
    }
  }

  TEST_CASE("folder_index: an empty folder is an index without documents") {
    const support::scratch_folder folder;
    std::filesystem::create_directory(folder.path("docs"));
    for (const unsigned threads : {1U, 2U}) {
      const auto report = atlas::folder_index::build(folder.path("docs").c_str(), folder.path("a").c_str(), quick(threads));
      REQUIRE(report.ok());
      CHECK(report->files == 0);
      const auto index = atlas::folder_index::open(folder.path("a").c_str());
      REQUIRE(index.ok());
      CHECK(ask(*index, "anything").empty());
    }
  }

  TEST_CASE("folder_index: an embedder of the caller's builds and answers, and must be given again") {
    const support::scratch_folder folder;
    folders::write_documents(folder);
    const std::string file = folder.path("a");
    letter_embedder model;
    REQUIRE(atlas::folder_index::build(folder.path("docs").c_str(), file.c_str(), model, quick(2)).ok());
    const auto without = atlas::folder_index::open(file.c_str());
    REQUIRE(without.ok());
    CHECK(without->embedder() == atlas::embedder_kind::caller);
    atlas::folder_hit hits[2];
    CHECK(failed_as(without->search("oats", hits), atlas::errc::invalid_argument));
    const auto index = atlas::folder_index::open(file.c_str(), model);
    REQUIRE(index.ok());
    CHECK(index->dimension() == 26);
    CHECK(ask(*index, "knead the dough, let it rise, then bake the loaf in a hot oven", 1)[0].path == "baking.md");
    std::vector<float> vector(26);
    const atlas::text_view text("steer the boat into the wind before tacking, hoist the mainsail");
    model.embed({&text, 1}, vector.data()).value();
    REQUIRE(without->search_vector(vector, hits).value() == 2);
    CHECK(hits[0].path == atlas::text_view("sailing.txt"));
    CHECK(failed_as(without->search_vector(std::vector<float>(25, 1.0F), hits), atlas::errc::dimension_mismatch));

    struct other : letter_embedder {
      std::size_t dimension() const { return 25; }
    } wrong;
    CHECK(failed_as(atlas::folder_index::open(file.c_str(), wrong), atlas::errc::dimension_mismatch));

    // A file that holds its embedder takes no other, even one of as many components.
    atlas::folder_options own = quick();
    own.hashing.dimension = 26;
    REQUIRE(atlas::folder_index::build(folder.path("docs").c_str(), file.c_str(), own).ok());
    CHECK(failed_as(atlas::folder_index::open(file.c_str(), model), atlas::errc::invalid_argument));
    CHECK(atlas::folder_index::open(file.c_str()).ok());
  }

  TEST_CASE("folder_index: filters leave only the allowed chunks") {
    const support::scratch_folder folder;
    folders::write_documents(folder);
    REQUIRE(atlas::folder_index::build(folder.path("docs").c_str(), folder.path("a").c_str(), quick()).ok());
    const auto index = atlas::folder_index::open(folder.path("a").c_str());
    const auto in_animals = [&](std::uint64_t key) {
      const auto hit = index->documents().hit(key);
      return hit.ok() && hit->path.size() > 8 && hit->path.subview(0, 8) == atlas::text_view("animals/");
    };
    atlas::folder_search_options options;
    options.allowed.predicate = in_animals;
    std::vector<atlas::folder_hit> hits(10);
    const std::size_t found = index->search("bread", hits, options).value();
    CHECK(found == 2);
    for (std::size_t i = 0; i < found; ++i) CHECK(in_animals(hits[i].key));
  }

  TEST_CASE("folder_index: documents come and go, and no other vector changes") {
    const support::scratch_folder folder;
    folders::write_documents(folder);
    const std::string file = folder.path("a");
    REQUIRE(atlas::folder_index::build(folder.path("docs").c_str(), file.c_str(), quick()).ok());
    const std::string bytes_before = support::read_whole(file);
    auto index = atlas::folder_index::open(file.c_str(), {.mode = atlas::open_mode::change});
    REQUIRE(index.ok());
    auto before = all_vectors(*index);

    REQUIRE(index->add_document("space/rockets.txt", "A rocket burns liquid fuel to reach its orbit.").ok());
    REQUIRE(index->add_document("blank.txt", "  \n").ok());
    CHECK(index->file_count() == 6);
    CHECK(first_path(*index, "rocket orbit fuel") == "space/rockets.txt");
    CHECK(failed_as(index->add_document("space/rockets.txt", "again"), atlas::errc::duplicate_key));
    CHECK(failed_as(index->add_document("baking.md", "again"), atlas::errc::duplicate_key));
    CHECK(failed_as(index->add_document("", "text"), atlas::errc::invalid_argument));
    CHECK(failed_as(index->add_document("x", "Gr\xF6"), atlas::errc::bad_encoding));

    REQUIRE(index->remove_document("baking.md").ok());
    CHECK(failed_as(index->remove_document("baking.md"), atlas::errc::key_not_found));
    CHECK(failed_as(index->remove_document("none"), atlas::errc::key_not_found));
    for (const auto& answer : ask(*index, "knead the dough and bake", 10)) CHECK(answer.path != "baking.md");
    REQUIRE(index->add_document("baking.md", "Cakes are baked with sugar.").ok());
    CHECK(ask(*index, "sugar cakes", 1)[0].text == "Cakes are baked with sugar.");

    auto after = all_vectors(*index);
    before.erase("baking.md:0");
    after.erase("baking.md:0");
    after.erase("space/rockets.txt:0");
    CHECK(before == after);
    CHECK(support::read_whole(file) == bytes_before);  // nothing is written before save

    REQUIRE(index->save(file.c_str()).ok());
    const auto again = atlas::folder_index::open(file.c_str());
    REQUIRE(again.ok());
    CHECK(again->file_count() == 6);
    CHECK(first_path(*again, "rocket orbit fuel") == "space/rockets.txt");
    CHECK(ask(*again, "knead the dough and bake the loaf", 10).size() == 5);
    const auto reader = atlas::file_reader::open(file.c_str());
    CHECK(reader->verify().ok());
  }

  TEST_CASE("folder_index: compact drops what was removed and learns anew, as if built from what is left") {
    const support::scratch_folder folder;
    folders::write_documents(folder);
    const std::string file = folder.path("a");
    REQUIRE(atlas::folder_index::build(folder.path("docs").c_str(), file.c_str(), quick()).ok());
    auto index = atlas::folder_index::open(file.c_str(), {.mode = atlas::open_mode::change});
    REQUIRE(index->remove_document("animals/cats.txt").ok());
    REQUIRE(index->add_document("tea.txt", "Green tea is brewed with water below boiling.").ok());
    const auto report = index->compact(folder.path("b").c_str(), {.threads = 1});
    REQUIRE(report.ok());
    CHECK(report->files == 4);
    const auto compacted = atlas::folder_index::open(folder.path("b").c_str());
    REQUIRE(compacted.ok());
    CHECK(compacted->file_count() == 4);
    CHECK(compacted->documents().file_count() == 4);
    CHECK(first_path(*compacted, "brewing green tea") == "tea.txt");

    std::filesystem::remove(folder.path("docs/animals/cats.txt"));
    folder.write("docs/tea.txt", "Green tea is brewed with water below boiling.");
    REQUIRE(atlas::folder_index::build(folder.path("docs").c_str(), folder.path("c").c_str(), quick()).ok());
    const auto fresh = atlas::folder_index::open(folder.path("c").c_str());
    CHECK(all_vectors(*compacted) == all_vectors(*fresh));
    CHECK(support::read_whole(folder.path("b")) == support::read_whole(folder.path("c")));

    // In place, with several threads, from an index opened for reading.
    const auto reading = atlas::folder_index::open(folder.path("b").c_str());
    REQUIRE(reading->compact(folder.path("b").c_str(), {.threads = 3}).ok());
    CHECK(first_path(*reading, "brewing green tea") == "tea.txt");  // the open one stays as it was
    const auto in_place = atlas::folder_index::open(folder.path("b").c_str());
    CHECK(all_vectors(*in_place) == all_vectors(*fresh));
  }

  TEST_CASE("folder_index: an index opened for reading refuses changes and can be saved elsewhere") {
    const support::scratch_folder folder;
    folders::write_documents(folder);
    REQUIRE(atlas::folder_index::build(folder.path("docs").c_str(), folder.path("a").c_str(), quick()).ok());
    auto index = atlas::folder_index::open(folder.path("a").c_str());
    CHECK(failed_as(index->add_document("x", "y"), atlas::errc::read_only));
    CHECK(failed_as(index->remove_document("baking.md"), atlas::errc::read_only));
    REQUIRE(index->save(folder.path("b").c_str()).ok());
    CHECK(support::read_whole(folder.path("a")) == support::read_whole(folder.path("b")));
  }

  TEST_CASE("folder_index: searches run beside additions and removals") {
    const support::scratch_folder folder;
    folders::write_documents(folder);
    REQUIRE(atlas::folder_index::build(folder.path("docs").c_str(), folder.path("a").c_str(), quick()).ok());
    auto index = atlas::folder_index::open(folder.path("a").c_str(), {.mode = atlas::open_mode::change});
    REQUIRE(index.ok());
    std::atomic<bool> stop{false};
    std::atomic<int> wrong{0};
    std::atomic<int> searches{0};
    std::vector<std::thread> searchers;
    for (int t = 0; t < 2; ++t) {
      searchers.emplace_back([&] {
        while (!stop) {
          atlas::folder_hit hits[5];
          const auto found = index->search("steer the boat into the wind", hits);
          if (!found.ok() || *found == 0 || !(hits[0].path == atlas::text_view("sailing.txt"))) ++wrong;
          if (index->file_count() < 4) ++wrong;
          ++searches;
        }
      });
    }
    for (int i = 0; i < 60; ++i) {
      const std::string name = "added" + std::to_string(i) + ".txt";
      std::string text;
      for (int line = 0; line < 10; ++line) text += "Sentence " + std::to_string(i * 100 + line) + " of a document that was added.\n";
      REQUIRE(index->add_document(name, text).ok());
      if (i % 3 == 0) REQUIRE(index->remove_document(name).ok());
    }
    while (searches < 20) std::this_thread::yield();
    stop = true;
    for (std::thread& one : searchers) one.join();
    CHECK(wrong == 0);
    CHECK(index->file_count() == 4 + 40);
  }

  TEST_CASE("folder_index: the file is also an index of vectors for those who know no folders") {
    const support::scratch_folder folder;
    folders::write_documents(folder);
    REQUIRE(atlas::folder_index::build(folder.path("docs").c_str(), folder.path("a").c_str(), quick()).ok());
    const auto plain = atlas::hnsw<float>::open(folder.path("a").c_str());
    REQUIRE(plain.ok());
    CHECK(plain->size() == 4);
    CHECK(plain->metric() == atlas::metric::cosine);
    CHECK(failed_as(plain->save(folder.path("plain").c_str()), atlas::errc::invalid_argument));  // without the documents
    REQUIRE(atlas::hnsw<float>::create({.dimension = 4, .metric = atlas::metric::cosine})->save(folder.path("plain").c_str()).ok());
    CHECK(failed_as(atlas::folder_index::open(folder.path("plain").c_str()), atlas::errc::kind_mismatch));
  }
}

// SPDX-License-Identifier: Apache-2.0
// tests/c_api/folder_test.cpp -- a folder of documents through the C ABI: build, ask, change, compact.
#include "c_api/c_api_support.hpp"
#include "support/scratch_folder.hpp"

#include <cstddef>
#include <filesystem>
#include <set>
#include <string>

namespace {

using namespace c_api_support;

struct documents {
  support::scratch_folder scratch;
  std::string source = scratch.path("docs");
  std::string file = scratch.path("docs.atlas");

  documents() {
    scratch.write("docs/bridges.txt", "First line.\nA suspension bridge hangs from cables over the river.\n");
    scratch.write("docs/bread/sourdough.md", "# Sourdough\n\nFlour, water and salt ferment over night.\n");
    scratch.write("docs/stars.txt", "\xEF\xBB\xBFThe brightest star of the night sky is Sirius.\n");
    scratch.write("docs/empty.txt", "  \n");
    scratch.write("docs/picture.bin", std::string("\x89PNG\r\n\x1A\n\0\0\0\rIHDR\0\0\1", 19));
    scratch.write("docs/.hidden.txt", "hidden words");
  }
};

folder_handle open_folder(const std::string& path, std::int32_t mode = ATLAS_OPEN_READ) {
  atlas_open_options options = ATLAS_OPEN_OPTIONS_INIT;
  options.mode = mode;
  atlas_folder* opened = nullptr;
  REQUIRE(atlas_folder_open(&opened, path.c_str(), &options) == ATLAS_OK);
  return folder_handle(opened);
}

/// The path of the best answer, "" for none.
std::string best_path(const folder_handle& folder, const std::string& question) {
  atlas_folder_hit hit = {};
  std::uint64_t found = 0;
  REQUIRE(atlas_folder_search(&found, &hit, folder.get(), question.data(), question.size(), 1, nullptr) == ATLAS_OK);
  return found == 0 ? "" : std::string(hit.path, hit.path_bytes);
}

}  // namespace

TEST_SUITE("c_api") {
  TEST_CASE("folder: build reports what it did and left out; answers name path, lines and text") {
    const documents docs;
    struct seen {
      std::set<std::int32_t> phases;
      std::set<std::string> skipped;
    } state;
    atlas_folder_options options = ATLAS_FOLDER_OPTIONS_INIT;
    options.context = &state;
    options.progress = [](std::int32_t phase, std::uint64_t, std::uint64_t, void* context) -> std::int32_t {
      static_cast<seen*>(context)->phases.insert(phase);
      return 0;
    };
    options.on_skip = [](const char* path, std::uint64_t size, std::int32_t reason, void* context) {
      static_cast<seen*>(context)->skipped.insert(std::string(path, size) + " " + std::to_string(reason));
    };
    // A name too long to look up.
    std::filesystem::create_symlink(std::string(300, 'n'), std::filesystem::path(docs.source) / "nowhere.txt");
    atlas_folder_report report = ATLAS_FOLDER_REPORT_INIT;
    REQUIRE(atlas_folder_build(&report, docs.source.c_str(), docs.file.c_str(), &options) == ATLAS_OK);
    CHECK(report.files == 3);
    CHECK(report.chunks == 3);
    CHECK(report.skipped_empty == 1);
    CHECK(report.skipped_binary == 1);
    CHECK(report.hidden == 1);
    CHECK(report.folders == 2);
    CHECK(report.unreadable_files == 1);
    CHECK(report.linked_files == 0);
    CHECK(state.phases.size() == 4);
    CHECK(state.skipped == std::set<std::string>{"empty.txt 2", "picture.bin 3"});

    const folder_handle folder = open_folder(docs.file);
    atlas_folder_info info = ATLAS_FOLDER_INFO_INIT;
    REQUIRE(atlas_folder_describe(&info, folder.get()) == ATLAS_OK);
    CHECK(info.files == 3);
    CHECK(info.chunks == 3);
    CHECK(info.dimension == 1024);
    CHECK(info.chunk_size == 1000);
    CHECK(info.is_read_only == 1);
    CHECK(info.has_embedder == 1);

    const std::string question = "which bridge hangs over a river?";
    atlas_folder_hit hits[10] = {};
    std::uint64_t found = 0;
    REQUIRE(atlas_folder_search(&found, hits, folder.get(), question.data(), question.size(), 10, nullptr) == ATLAS_OK);
    REQUIRE(found == 3);
    CHECK(std::string(hits[0].path, hits[0].path_bytes) == "bridges.txt");
    CHECK(std::string(hits[0].text, hits[0].text_bytes).find("suspension bridge") != std::string::npos);
    CHECK(hits[0].line_begin == 1);
    CHECK(hits[0].line_end == 2);
    CHECK(hits[0].score > hits[1].score);
    CHECK(hits[1].score >= hits[2].score);
    CHECK(best_path(folder, "sourdough flour") == "bread/sourdough.md");
    CHECK(best_path(folder, "night sky star") == "stars.txt");

    // The same file is an index of the chunks.
    atlas_index* vectors = nullptr;
    REQUIRE(atlas_index_open(&vectors, docs.file.c_str(), nullptr) == ATLAS_OK);
    const index_handle index(vectors);
    CHECK(size_of(vectors) == 3);
    CHECK(atlas_file_verify(docs.file.c_str(), nullptr) == ATLAS_OK);

    const std::uint64_t only = 1ULL << hits[2].key;
    atlas_search_options filtered = ATLAS_SEARCH_OPTIONS_INIT;
    filtered.allowed = &only;
    filtered.allowed_bits = 64;
    const std::string last(hits[2].path, hits[2].path_bytes);
    REQUIRE(atlas_folder_search(&found, hits, folder.get(), question.data(), question.size(), 10, &filtered) ==
            ATLAS_OK);
    REQUIRE(found == 1);
    CHECK(std::string(hits[0].path, hits[0].path_bytes) == last);
    CHECK(atlas_folder_search(&found, hits, folder.get(), question.data(), question.size(), 0, nullptr) ==
          ATLAS_ERR_INVALID_ARGUMENT);
  }

  TEST_CASE("folder: documents come and go, save keeps them, compact drops what was removed") {
    const documents docs;
    REQUIRE(atlas_folder_build(nullptr, docs.source.c_str(), docs.file.c_str(), nullptr) == ATLAS_OK);
    const folder_handle reading = open_folder(docs.file);
    CHECK(atlas_folder_add_document(reading.get(), "x.txt", "x", 1) == ATLAS_ERR_READ_ONLY);
    CHECK(last_error_says("x.txt: "));

    const folder_handle folder = open_folder(docs.file, ATLAS_OPEN_CHANGE);
    const std::string text = "Tortoises are slow animals with a shell.\n";
    REQUIRE(atlas_folder_add_document(folder.get(), "animals.txt", text.data(), text.size()) == ATLAS_OK);
    CHECK(best_path(folder, "slow tortoises") == "animals.txt");
    CHECK(atlas_folder_add_document(folder.get(), "animals.txt", text.data(), text.size()) == ATLAS_ERR_DUPLICATE_KEY);
    CHECK(atlas_folder_add_document(folder.get(), "bad.txt", "\xFF\xFE bad", 6) == ATLAS_ERR_BAD_ENCODING);
    CHECK(atlas_folder_add_document(folder.get(), "", "x", 1) == ATLAS_ERR_INVALID_ARGUMENT);
    REQUIRE(atlas_folder_remove_document(folder.get(), "bridges.txt") == ATLAS_OK);
    CHECK(atlas_folder_remove_document(folder.get(), "bridges.txt") == ATLAS_ERR_KEY_NOT_FOUND);
    CHECK(best_path(folder, "bridge over a river") != "bridges.txt");

    const std::string saved = docs.scratch.path("saved.atlas");
    REQUIRE(atlas_folder_save(folder.get(), saved.c_str(), nullptr) == ATLAS_OK);
    CHECK(best_path(open_folder(saved), "slow tortoises") == "animals.txt");

    const std::string compacted = docs.scratch.path("compacted.atlas");
    atlas_folder_report report = ATLAS_FOLDER_REPORT_INIT;
    REQUIRE(atlas_folder_compact(&report, folder.get(), compacted.c_str(), nullptr) == ATLAS_OK);
    CHECK(report.files == 3);
    CHECK(best_path(open_folder(compacted), "slow tortoises") == "animals.txt");
    CHECK(support::read_whole(compacted).find("suspension") == std::string::npos);
    atlas_folder_options options = ATLAS_FOLDER_OPTIONS_INIT;
    options.chunk_size = 100;
    CHECK(atlas_folder_compact(&report, folder.get(), compacted.c_str(), &options) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(last_error_says("only threads, progress and context"));
  }

  TEST_CASE("folder: a hit's headings by its key; chunks without have none, and no chunk is an error") {
    const documents docs;
    docs.scratch.write("docs/manual.md", "# Boats\n\nAll about boats.\n\n### Rigging\n\nHoist the mainsail with the halyard before tacking.\n");
    atlas_folder_options options = ATLAS_FOLDER_OPTIONS_INIT;
    options.chunk_size = 70;
    options.chunk_fill_percent = 100;
    options.chunk_packing = ATLAS_PACKING_DIVIDED;
    REQUIRE(atlas_folder_build(nullptr, docs.source.c_str(), docs.file.c_str(), &options) == ATLAS_OK);
    const folder_handle folder = open_folder(docs.file);
    atlas_folder_info info = ATLAS_FOLDER_INFO_INIT;
    REQUIRE(atlas_folder_describe(&info, folder.get()) == ATLAS_OK);
    CHECK(info.chunk_packing == ATLAS_PACKING_DIVIDED);
    CHECK(info.chunk_fill_percent == 100);
    const auto headings_of = [&](const std::string& question) {
      atlas_folder_hit hit = {};
      std::uint64_t found = 0;
      REQUIRE(atlas_folder_search(&found, &hit, folder.get(), question.data(), question.size(), 1, nullptr) == ATLAS_OK);
      REQUIRE(found == 1);
      atlas_folder_heading headings[ATLAS_FOLDER_MOST_HEADINGS] = {};
      REQUIRE(atlas_folder_headings(&found, headings, folder.get(), hit.key) == ATLAS_OK);
      std::string all;
      for (std::uint64_t i = 0; i < found; ++i) {
        all += std::to_string(headings[i].depth) + " " + std::string(headings[i].title, headings[i].title_bytes) + "; ";
      }
      return all;
    };
    CHECK(headings_of("hoist the mainsail with the halyard") == "1 Boats; 3 Rigging; ");
    CHECK(headings_of("a suspension bridge hangs from cables") == "");
    std::uint64_t found = 7;
    atlas_folder_heading headings[ATLAS_FOLDER_MOST_HEADINGS] = {};
    CHECK(atlas_folder_headings(&found, headings, folder.get(), info.chunks) == ATLAS_ERR_KEY_NOT_FOUND);
    CHECK(atlas_folder_headings(&found, headings, folder.get(), UINT64_MAX) == ATLAS_ERR_KEY_NOT_FOUND);
    CHECK(found == 7);
    options.chunk_packing = 3;
    CHECK(atlas_folder_build(nullptr, docs.source.c_str(), docs.file.c_str(), &options) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(last_error_says("options.chunk_packing: expected one of ATLAS_PACKING_, found 3"));
    options.chunk_packing = -1;
    CHECK(atlas_folder_build(nullptr, docs.source.c_str(), docs.file.c_str(), &options) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(last_error_says("options.chunk_packing: expected one of ATLAS_PACKING_, found a negative number"));
    options.chunk_packing = ATLAS_PACKING_FULL;
    options.chunk_fill_percent = 254;
    CHECK(atlas_folder_build(nullptr, docs.source.c_str(), docs.file.c_str(), &options) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(last_error_says("options.chunk_fill_percent: expected 0 to 100, or ATLAS_ZERO_PERCENT, found 254"));
    options.chunk_fill_percent = 100;
    options.chunk_overlap = 36;
    CHECK(atlas_folder_build(nullptr, docs.source.c_str(), docs.file.c_str(), &options) == ATLAS_ERR_INVALID_ARGUMENT);
    options.chunk_overlap = 35;
    options.chunk_fill_percent = ATLAS_ZERO_PERCENT;
    REQUIRE(atlas_folder_build(nullptr, docs.source.c_str(), docs.file.c_str(), &options) == ATLAS_OK);
    REQUIRE(atlas_folder_describe(&info, open_folder(docs.file).get()) == ATLAS_OK);
    CHECK(info.chunk_fill_percent == 0);
  }

  TEST_CASE("folder: an update embeds what is new, takes the rest over, and takes no other options") {
    const documents docs;
    atlas_folder_report report = ATLAS_FOLDER_REPORT_INIT;
    REQUIRE(atlas_folder_build(&report, docs.source.c_str(), docs.file.c_str(), nullptr) == ATLAS_OK);
    CHECK(report.embedded == 3);
    CHECK(report.taken_over == 0);
    docs.scratch.write("docs/animals.txt", "Tortoises are slow animals with a shell.\n");
    const folder_handle folder = open_folder(docs.file);
    std::string skipped;
    atlas_folder_options options = ATLAS_FOLDER_OPTIONS_INIT;
    options.threads = 2;
    options.include_hidden = 1;
    options.context = &skipped;
    options.on_skip = [](const char* path, std::uint64_t size, std::int32_t, void* context) {
      static_cast<std::string*>(context)->append(path, size).append(" ");
    };
    REQUIRE(atlas_folder_update(&report, folder.get(), docs.source.c_str(), docs.file.c_str(), &options) == ATLAS_OK);
    CHECK(report.files == 5);
    CHECK(report.embedded == 2);
    CHECK(report.taken_over == 3);
    CHECK(skipped == "empty.txt picture.bin ");
    const folder_handle updated = open_folder(docs.file);
    CHECK(best_path(updated, "slow tortoises") == "animals.txt");
    CHECK(best_path(updated, "hidden words") == ".hidden.txt");
    REQUIRE(atlas_folder_update(&report, updated.get(), docs.source.c_str(), docs.file.c_str(), nullptr) == ATLAS_OK);
    CHECK(report.files == 5);  // hidden files are looked at as before
    CHECK(report.gone == 0);
    std::filesystem::remove(docs.source + "/animals.txt");
    REQUIRE(atlas_folder_update(&report, updated.get(), docs.source.c_str(), docs.scratch.path("b").c_str(), nullptr) == ATLAS_OK);
    CHECK(report.gone == 1);

    // A report of a caller that knows less gets what it knows.
    report.struct_size = 152;
    report.embedded = 77;
    REQUIRE(atlas_folder_update(&report, updated.get(), docs.source.c_str(), docs.file.c_str(), nullptr) == ATLAS_OK);
    CHECK(report.files == 4);
    CHECK(report.embedded == 77);

    const auto refused = [&](auto change) {
      atlas_folder_options wished = ATLAS_FOLDER_OPTIONS_INIT;
      change(wished);
      const atlas_status status = atlas_folder_update(nullptr, updated.get(), docs.source.c_str(), docs.file.c_str(), &wished);
      return status == ATLAS_ERR_INVALID_ARGUMENT && last_error_says("only threads, include_hidden");
    };
    const atlas_embedder_options embedder = ATLAS_EMBEDDER_OPTIONS_INIT;
    CHECK(refused([](auto& wished) { wished.chunk_size = 100; }));
    CHECK(refused([](auto& wished) { wished.chunk_packing = ATLAS_PACKING_COHERENT; }));
    CHECK(refused([](auto& wished) { wished.connectivity = 8; }));
    CHECK(refused([](auto& wished) { wished.seed = 8; }));
    CHECK(refused([&](auto& wished) { wished.embedder = &embedder; }));
    options.context = nullptr;
    options.on_skip = nullptr;
    options.progress = [](std::int32_t phase, std::uint64_t, std::uint64_t, void*) -> std::int32_t { return phase == ATLAS_FOLDER_SAVING ? 1 : 0; };
    const std::string before = support::read_whole(docs.file);
    CHECK(atlas_folder_update(nullptr, updated.get(), docs.source.c_str(), docs.file.c_str(), &options) == ATLAS_ERR_CANCELLED);
    CHECK(support::read_whole(docs.file) == before);
    const std::string missing = docs.scratch.path("missing");
    CHECK(atlas_folder_update(nullptr, updated.get(), missing.c_str(), docs.file.c_str(), nullptr) == ATLAS_ERR_FILE_NOT_FOUND);
    CHECK(last_error_says((missing + " -> " + docs.file + ": not found").c_str()));
  }

  TEST_CASE("folder: errors name both paths, and a failed build leaves what stood there") {
    const documents docs;
    const std::string missing = docs.scratch.path("missing");
    CHECK(atlas_folder_build(nullptr, missing.c_str(), docs.file.c_str(), nullptr) == ATLAS_ERR_FILE_NOT_FOUND);
    CHECK(last_error_says((missing + " -> " + docs.file + ": not found").c_str()));
    CHECK(atlas_folder_build(nullptr, docs.source.c_str(), docs.scratch.path("no/where.atlas").c_str(), nullptr) ==
          ATLAS_ERR_FILE_NOT_FOUND);
    CHECK(atlas_folder_build(nullptr, (docs.source + "/stars.txt").c_str(), docs.file.c_str(), nullptr) ==
          ATLAS_ERR_NOT_A_DIRECTORY);
    CHECK(atlas_folder_build(nullptr, "", docs.file.c_str(), nullptr) == ATLAS_ERR_INVALID_ARGUMENT);

    docs.scratch.write("docs.atlas", "what stood there");
    atlas_folder_options options = ATLAS_FOLDER_OPTIONS_INIT;
    options.progress = [](std::int32_t phase, std::uint64_t, std::uint64_t, void*) -> std::int32_t {
      return phase == ATLAS_FOLDER_SAVING ? 1 : 0;
    };
    CHECK(atlas_folder_build(nullptr, docs.source.c_str(), docs.file.c_str(), &options) == ATLAS_ERR_CANCELLED);
    CHECK(support::read_whole(docs.file) == "what stood there");

    const index_handle plain = filled_index(ATLAS_KIND_HNSW, 3, 2);
    REQUIRE(atlas_index_save(plain.get(), docs.file.c_str(), nullptr) == ATLAS_OK);
    atlas_folder* opened = nullptr;
    CHECK(atlas_folder_open(&opened, docs.file.c_str(), nullptr) == ATLAS_ERR_KIND_MISMATCH);
    CHECK(last_error_says("expected a folder index, found an index without documents"));
    CHECK(opened == nullptr);
  }

  TEST_CASE("struct_size: folder options, report, open options") {
    const documents docs;
    check_struct_size(atlas_folder_options ATLAS_FOLDER_OPTIONS_INIT, [&](const atlas_folder_options* given) {
      return atlas_folder_build(nullptr, docs.source.c_str(), docs.file.c_str(), given);
    }, offsetof(atlas_folder_options, chunk_packing));
    check_struct_size(
        atlas_open_options ATLAS_OPEN_OPTIONS_INIT,
        [&](const atlas_open_options* given) {
          atlas_folder* opened = nullptr;
          const atlas_status status = atlas_folder_open(&opened, docs.file.c_str(), given);
          atlas_folder_close(opened);
          return status;
        },
        offsetof(atlas_open_options, vectors));
    check_struct_size(atlas_folder_options ATLAS_FOLDER_OPTIONS_INIT, [&](const atlas_folder_options* given) {
      return atlas_folder_update(nullptr, open_folder(docs.file).get(), docs.source.c_str(), docs.file.c_str(), given);
    }, offsetof(atlas_folder_options, chunk_packing));
    atlas_folder_report report = ATLAS_FOLDER_REPORT_INIT;
    report.struct_size = 8;
    CHECK(atlas_folder_build(&report, docs.source.c_str(), docs.file.c_str(), nullptr) == ATLAS_ERR_INVALID_ARGUMENT);
    const folder_handle folder = open_folder(docs.file);
    check_struct_size(atlas_save_options ATLAS_SAVE_OPTIONS_INIT, [&](const atlas_save_options* given) {
      return atlas_folder_save(folder.get(), docs.file.c_str(), given);
    });
  }
}

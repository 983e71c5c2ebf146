// SPDX-License-Identifier: Apache-2.0
// tests/golden/folder_file_test.cpp -- folder indexes written by earlier versions, kept: they open, they answer, and they can be
// changed, updated and saved.
//
// tests/python/golden/folder.atlas is from before headings were kept, tests/golden/v1_folder_headings.hex (support/sparse_hex.hpp)
// has them. ATLAS_WRITE_GOLDEN=FOLDER writes into FOLDER what the second would be today; its bytes are not compared, since chunks'
// ids change with the rules that cut them.
#include <atlas/folder.hpp>

#include "support/error_line.hpp"
#include "support/scratch_folder.hpp"
#include "support/sparse_hex.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace {

/// Small integers: how often each of eight groups of letters occurs.
struct letters_of_golden {
  std::size_t dimension() const { return 8; }
  atlas::status embed(atlas::span<const atlas::text_view> texts, float* out) const {
    for (std::size_t i = 0; i < texts.size(); ++i) {
      for (std::size_t j = 0; j < 8; ++j) out[i * 8 + j] = 1.0F;
      for (const char c : texts[i]) {
        if (c >= 'a' && c <= 'z') out[i * 8 + static_cast<std::size_t>(c - 'a') % 8] += 1.0F;
      }
    }
    return {};
  }
};

std::filesystem::path tests_folder() {
  const char* source = std::getenv("ATLAS_SOURCE_FOLDER");
  if (source != nullptr) return std::filesystem::path(source) / "tests";
  return std::filesystem::absolute(__FILE__).parent_path().parent_path();
}

const char* const boats = "# Boats\n\nAll about boats and what they are good for.\n\n### Rigging\n\nHoist the mainsail with the halyard before tacking.\n\n"
                          "# Trains\n\nTrains run on rails, as trams do.\n";
const char* const plain = "Plain words stand under no heading at all.\n";

void write_golden_documents(const support::scratch_folder& folder) {
  folder.write("docs/boats.md", boats);
  folder.write("docs/plain.txt", plain);
}
std::string headings_golden_of_today() {
  const support::scratch_folder folder;
  write_golden_documents(folder);
  letters_of_golden model;
  atlas::folder_options options;
  options.chunks.size = 70;
  options.threads = 1;
  options.connectivity = 4;
  REQUIRE(atlas::folder_index::build(folder.path("docs").c_str(), folder.path("a").c_str(), model, options).ok());
  return support::read_whole(folder.path("a"));
}

std::string titles_of(const atlas::folder_hit& hit) {
  std::string all;
  for (const atlas::text_view title : hit.headings) all += "/" + std::string(title.data(), title.size());
  return all;
}

}  // namespace

TEST_SUITE("golden") {
  TEST_CASE("golden folders: written anew where ATLAS_WRITE_GOLDEN says") {
    const char* target = std::getenv("ATLAS_WRITE_GOLDEN");
    if (target == nullptr) return;
    std::ofstream(std::filesystem::path(target) / "v1_folder_headings.hex")
        << support::sparse_hex_of_bytes(headings_golden_of_today(), "two documents: tests/golden/folder_file_test.cpp");
  }

  TEST_CASE("golden folders: one with headings opens and names them") {
    const support::scratch_folder folder;
    const std::string text = support::read_whole((tests_folder() / "golden" / "v1_folder_headings.hex").string());
    const std::string path = folder.write("golden", support::bytes_of_sparse_hex(text));
    CHECK(atlas::file_reader::open(path.c_str())->verify().ok());
    letters_of_golden model;
    for (const atlas::open_mode mode : {atlas::open_mode::read, atlas::open_mode::change}) {
      const auto index = atlas::folder_index::open(path.c_str(), model, {.mode = mode});
      REQUIRE(index.ok());
      REQUIRE(index->chunk_count() == 4);
      CHECK(index->chunking().size == 70);
      CHECK(index->chunking().fill_percent == 35);
      CHECK(index->chunking().packing == atlas::chunk_packing::full);
      const char* const titles[] = {"/Boats", "/Boats/Rigging", "/Trains", ""};
      std::string all;
      for (std::uint64_t key = 0; key < 4; ++key) {
        const atlas::folder_hit hit = index->documents().hit(key).value();
        CHECK(titles_of(hit) == titles[key]);
        all.append(hit.text.data(), hit.text.size());
      }
      CHECK(index->documents().hit(1)->headings.depth(1) == 3);
      CHECK(all == std::string(boats) + plain);
    }
  }

  TEST_CASE("golden folders: one from before there were headings opens without, and gets them when it changes") {
    const support::scratch_folder folder;
    const std::string old = folder.write("golden", support::read_whole((tests_folder() / "python" / "golden" / "folder.atlas").string()));
    const auto reading = atlas::folder_index::open(old.c_str());
    REQUIRE(reading.ok());
    CHECK(reading->chunking().size == 1000);
    CHECK(reading->chunking().fill() == 50);
    CHECK(reading->chunking().packing == atlas::chunk_packing::full);
    CHECK_FALSE(reading->chunking().trim);
    for (std::uint64_t key = 0; key < 4; ++key) CHECK(reading->documents().hit(key)->headings.empty());
    REQUIRE(reading->save(folder.path("saved").c_str()).ok());
    CHECK(atlas::folder_index::open(folder.path("saved").c_str())->documents().hit(3)->headings.empty());

    auto index = atlas::folder_index::open(old.c_str(), {.mode = atlas::open_mode::change});
    REQUIRE(index.ok());
    REQUIRE(index->add_document("boats.md", boats).ok());
    CHECK(titles_of(index->documents().hit(4).value()) == "/Boats");
    CHECK(titles_of(index->documents().hit(0).value()).empty());
    REQUIRE(index->save(folder.path("changed").c_str()).ok());
    const auto changed = atlas::folder_index::open(folder.path("changed").c_str());
    REQUIRE(changed.ok());
    CHECK(titles_of(changed->documents().hit(4).value()) == "/Boats");
    CHECK(titles_of(changed->documents().hit(3).value()).empty());
    REQUIRE(changed->compact(folder.path("compacted").c_str(), {.threads = 1}).ok());
    CHECK(titles_of(atlas::folder_index::open(folder.path("compacted").c_str())->documents().hit(4).value()) == "/Boats");

    // The ids are those of the first chunker: everything is embedded anew.
    folder.write("docs/boats.md", boats);
    folder.write("docs/bridges.txt", "First line.\nA suspension bridge hangs from cables over the river.\n");
    const auto updated = reading->update(folder.path("docs").c_str(), folder.path("updated").c_str());
    REQUIRE(updated.ok());
    CHECK(updated->files == 2);
    CHECK(updated->taken_over == 0);
  }
}

// SPDX-License-Identifier: Apache-2.0
// tests/c_api/error_test.cpp -- what atlas_last_error says, about which path, and to which thread.
#include "c_api/c_api_support.hpp"
#include "support/scratch_folder.hpp"
#include "support/threads.hpp"

#include <cstring>

namespace {
using namespace c_api_support;
}

TEST_SUITE("c_api") {
  TEST_CASE("errors about a file begin with its path and say what is wrong") {
    const support::scratch_folder folder;
    atlas_index* index = nullptr;
    const auto refused = [&](const std::string& path, atlas_status status, const char* says) {
      CAPTURE(path);
      CHECK(atlas_index_open(&index, path.c_str(), nullptr) == status);
      CHECK(std::string(atlas_last_error()).rfind(path + ": ", 0) == 0);
      CHECK(last_error_says(says));
      CHECK(atlas_file_verify(path.c_str(), nullptr) == status);
      CHECK(index == nullptr);
    };
    refused(folder.path("missing.atlas"), ATLAS_ERR_FILE_NOT_FOUND, "not found");
    refused(folder.path(), ATLAS_ERR_IS_A_DIRECTORY, "is a directory");
    refused(folder.write("empty.atlas", ""), ATLAS_ERR_CORRUPT_FILE, "4096");
    refused(folder.write("text.atlas", "this is no index at all"), ATLAS_ERR_NOT_ATLAS_FILE, "not an ATLAS file");

    const index_handle good = filled_index(ATLAS_KIND_HNSW, 30, 4);
    const std::string path = folder.path("good.atlas");
    REQUIRE(atlas_index_save(good.get(), path.c_str(), nullptr) == ATLAS_OK);
    const std::string bytes = support::read_whole(path);
    const auto damaged = [&](std::size_t at, char value) {
      std::string copy = bytes;
      copy[at] = value;
      return folder.write("damaged.atlas", copy);
    };
    refused(damaged(1, 'B'), ATLAS_ERR_NOT_ATLAS_FILE, "header.magic");
    refused(damaged(12, 9), ATLAS_ERR_UNSUPPORTED_VERSION, "expected 1, found 9");
    refused(damaged(24, 5), ATLAS_ERR_CORRUPT_FILE, "checksum");
    std::string swapped = bytes;
    std::memcpy(swapped.data() + 8, "\x01\x02\x03\x04", 4);
    refused(folder.write("swapped.atlas", swapped), ATLAS_ERR_WRONG_BYTE_ORDER, "byte_order");
    refused(folder.write("short.atlas", bytes.substr(0, bytes.size() - 1)), ATLAS_ERR_CORRUPT_FILE, "size_bytes");

    // A flipped bit outside of the header is found by verify, not by open.
    const std::string flipped = damaged(bytes.size() - 1, static_cast<char>(bytes.back() ^ 1));
    CHECK(atlas_file_verify(flipped.c_str(), nullptr) == ATLAS_ERR_CORRUPT_FILE);
    CHECK(last_error_says("section.checksum"));

    CHECK(atlas_index_save(good.get(), folder.path("no/such/folder.atlas").c_str(), nullptr) ==
          ATLAS_ERR_FILE_NOT_FOUND);
    CHECK(atlas_index_save(good.get(), folder.path().c_str(), nullptr) == ATLAS_ERR_IS_A_DIRECTORY);
  }

  TEST_CASE("a long path is cut at its start, between characters") {
    std::string path = "/";
    for (int i = 0; i < 1000; ++i) path += "\xC3\xA4";  // 2,000 bytes
    path += "/end.atlas";
    atlas_index* index = nullptr;
    CHECK(atlas_index_open(&index, path.c_str(), nullptr) != ATLAS_OK);
    const std::string text = atlas_last_error();
    CHECK(text.rfind("...\xC3\xA4", 0) == 0);
    CHECK(text.find("/end.atlas: ") != std::string::npos);
    CHECK(text.size() < 1300);
  }

  TEST_CASE("success leaves the last error; each thread has its own") {
    atlas_index* index = nullptr;
    REQUIRE(atlas_index_create(&index, nullptr) == ATLAS_ERR_INVALID_ARGUMENT);
    const std::string mine = atlas_last_error();
    const index_handle good = filled_index(ATLAS_KIND_FLAT, 3, 2);
    CHECK(std::string(atlas_last_error()) == mine);

    std::vector<std::string> texts(4);
    std::vector<std::string> fresh(4);
    support::together(4, [&](unsigned number) {
      fresh[number] = atlas_last_error();
      const std::string path = "/no/such/file/" + std::to_string(number);
      for (int i = 0; i < 200; ++i) {
        atlas_index* none = nullptr;
        static_cast<void>(atlas_index_open(&none, path.c_str(), nullptr));
        texts[number] = atlas_last_error();
        if (texts[number].rfind(path + ": ", 0) != 0) return;
      }
    });
    for (std::size_t number = 0; number < 4; ++number) {
      CHECK(fresh[number].empty());
      CHECK(texts[number].rfind("/no/such/file/" + std::to_string(number) + ": ", 0) == 0);
    }
    CHECK(std::string(atlas_last_error()) == mine);
  }

  TEST_CASE("one handle serves searches of several threads beside adds") {
    const index_handle index = filled_index(ATLAS_KIND_HNSW, 500, 8);
    const auto values = random_rows(7, 500, 8);
    std::vector<int> wrong(4, 0);
    support::together(4, [&](unsigned number) {
      if (number == 0) {
        const auto more = random_rows(11, 300, 8);
        for (std::size_t i = 0; i < 300; ++i) {
          const std::uint64_t key = 10'000 + i;
          const atlas_matrix one = {more.data() + 8 * i, 1, 0, 8, ATLAS_SCALAR_F32};
          if (atlas_index_add(index.get(), &key, &one, nullptr) != ATLAS_OK) ++wrong[0];
        }
        return;
      }
      for (std::size_t i = 0; i < 300; ++i) {
        std::uint64_t key = 0;
        float distance = 0;
        atlas_hits hits = ATLAS_HITS_INIT;
        hits.rows = 1;
        hits.k = 1;
        hits.keys = &key;
        hits.distances = &distance;
        const atlas_matrix one = {values.data() + 8 * i, 1, 0, 8, ATLAS_SCALAR_F32};
        if (atlas_index_search(&hits, index.get(), &one, nullptr) != ATLAS_OK || key != i) ++wrong[number];
      }
    });
    for (const int count : wrong) CHECK(count <= 3);  // the graph may miss a vector now and then
    CHECK(size_of(index.get()) == 800);
  }
}

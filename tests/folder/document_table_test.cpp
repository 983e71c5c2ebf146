// SPDX-License-Identifier: Apache-2.0
// tests/folder/document_table_test.cpp -- mirrors include/atlas/folder/document_table.hpp.
#include <atlas/folder/document_table.hpp>

#include "support/error_line.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace {

std::vector<atlas::chunk_record> halves(const std::string& text) {
  std::vector<atlas::chunk_record> chunks(2);
  chunks[0].text_bytes = static_cast<std::uint32_t>(text.size() / 2);
  chunks[1].text_begin = text.size() / 2;
  chunks[1].text_bytes = static_cast<std::uint32_t>(text.size() - text.size() / 2);
  return chunks;
}

}  // namespace

TEST_SUITE("folder") {
  TEST_CASE("document_table: keys lead to what was appended, and numbers are given out in order") {
    atlas::document_table table;
    REQUIRE(table.create({}, atlas::embedder_kind::hashing).ok());
    for (int i = 0; i < 300; ++i) {
      const std::string text = "text number " + std::to_string(i);
      REQUIRE(table.append("path/" + std::to_string(i), text, {}, halves(text)).ok());
    }
    CHECK(table.file_count() == 300);
    CHECK(table.chunk_count() == 600);
    CHECK(table.live_files() == 300);
    for (std::uint64_t key = 0; key < 600; ++key) {
      const std::string text = "text number " + std::to_string(key / 2);
      const auto hit = table.hit(key);
      REQUIRE(hit.ok());
      CHECK(hit->key == key);
      CHECK(hit->path == atlas::text_view("path/" + std::to_string(key / 2)));
      CHECK(hit->text == atlas::text_view(key % 2 == 0 ? text.substr(0, text.size() / 2) : text.substr(text.size() / 2)));
    }
    CHECK(support::failed_as(table.hit(600), atlas::errc::corrupt_file));
    CHECK(support::failed_as(table.file_at(300), atlas::errc::corrupt_file));
  }

  TEST_CASE("document_table: a path finds its live file, also after it went and came back") {
    atlas::document_table table;
    REQUIRE(table.create({}, atlas::embedder_kind::hashing).ok());
    for (int i = 0; i < 200; ++i) REQUIRE(table.append(std::to_string(i), "x", {}, {}).ok());
    for (std::uint32_t i = 0; i < 200; ++i) CHECK(table.find(std::to_string(i)) == i);
    CHECK(table.find("none") == atlas::path_map::none);
    table.remove(7);
    CHECK(table.find("7") == atlas::path_map::none);
    CHECK(table.live_files() == 199);
    REQUIRE(table.append("7", "y", {}, {}).ok());
    CHECK(table.find("7") == 200);
    CHECK_FALSE(table.file_at(7)->is_live);
    CHECK(table.file_at(200)->text == atlas::text_view("y"));
  }

  TEST_CASE("document_table: texts stay where they are while it grows, and readers may look meanwhile") {
    atlas::document_table table;
    REQUIRE(table.create({}, atlas::embedder_kind::hashing).ok());
    const std::string first = "the first text";
    REQUIRE(table.append("first", first, {}, halves(first)).ok());
    const auto before = table.hit(0);
    REQUIRE(before.ok());
    std::atomic<bool> stop{false};
    std::atomic<std::uint64_t> wrong{0};
    std::thread reader([&] {
      while (!stop) {
        const std::uint64_t count = table.chunk_count();
        const auto hit = table.hit(count - 1);
        if (!hit.ok() || hit->text.empty() || hit->path.empty()) ++wrong;
      }
    });
    const std::string large(100'000, 'z');
    for (int i = 0; i < 200; ++i) REQUIRE(table.append(std::to_string(i), large, {}, halves(large)).ok());
    stop = true;
    reader.join();
    CHECK(wrong == 0);
    CHECK(before->text == atlas::text_view("the fir"));
    CHECK(before->text.data() == table.hit(0)->text.data());
  }
}

// SPDX-License-Identifier: Apache-2.0
// tests/storage/file_writer_test.cpp -- mirrors include/atlas/storage/file_writer.hpp.
// Full disks, kills and failing system calls: tests/faults.
#include <atlas/storage/file_writer.hpp>

#include "support/error_line.hpp"
#include "support/index_bytes.hpp"
#include "support/scratch_folder.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <string>
#include <vector>

using support::failed_as;

namespace {

// Writes what support::index_bytes makes, in pieces of `piece` bytes.
atlas::status write_index(const std::string& path, const std::vector<support::section_bytes>& sections,
                          std::size_t piece) {
  auto writer = atlas::file_writer::create(path.c_str());
  if (!writer.ok()) return writer.error();
  for (const support::section_bytes& section : sections) {
    if (auto said = writer->begin_section(section.id, section.element_bytes, section.flags); !said.ok()) return said;
    for (std::size_t at = 0; at < section.bytes.size(); at += piece) {
      const std::size_t bytes = std::min(piece, section.bytes.size() - at);
      if (auto said = writer->append(section.bytes.data() + at, bytes); !said.ok()) return said;
    }
    if (auto said = writer->end_section(); !said.ok()) return said;
  }
  atlas::file_header header{};
  header.kind = atlas::file_kind::hnsw;
  header.dimension = 9;
  header.count = 3;
  header.rows = 4;
  std::memcpy(header.parameters, "own", 3);
  return writer->commit(header);
}

std::string expected_index(const std::vector<support::section_bytes>& sections) {
  support::header_numbers numbers;
  numbers.dimension = 9;
  numbers.count = 3;
  numbers.rows = 4;
  numbers.parameters = "own";
  return support::index_bytes(numbers, sections);
}

std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 7 % 253);
  return bytes;
}

}  // namespace

TEST_SUITE("storage") {
  TEST_CASE("file_writer: writes the file that the byte table says, however it is handed over") {
    const support::scratch_folder folder;
    // Around the 1 MiB that are gathered before a write.
    constexpr std::size_t gathered = std::size_t{1} << 20;
    const std::vector<support::section_bytes> sections = {
        {0x100, 3, 4, pattern(1000)},         {0x101, 0, 1, ""}, {0x102, 1, 1, pattern(gathered - 1)},
        {0x103, 2, 1, pattern(gathered + 1)}, {0x200, 2, 8, ""}, {0x201, 0, 1, pattern(3 * gathered)}};
    const std::string expected = expected_index(sections);
    for (const std::size_t piece : {std::size_t{777}, gathered - 1, gathered, gathered + 1, 4 * gathered}) {
      CAPTURE(piece);
      const std::string path = folder.path("a.atlas");
      REQUIRE(write_index(path, sections, piece).ok());
      const bool equal = support::read_whole(path) == expected;
      CHECK(equal);
    }
    CHECK(folder.names() == std::vector<std::string>{"a.atlas"});
  }

  TEST_CASE("file_writer: one byte at a time, and a file without sections") {
    const support::scratch_folder folder;
    const std::vector<support::section_bytes> sections = {{0x100, 0, 1, pattern(5000)}};
    REQUIRE(write_index(folder.path("a"), sections, 1).ok());
    CHECK(support::read_whole(folder.path("a")) == expected_index(sections));
    REQUIRE(write_index(folder.path("b"), {}, 1).ok());
    CHECK(support::read_whole(folder.path("b")) == expected_index({}));
    CHECK(support::read_whole(folder.path("b")).size() == 4096);
  }

  TEST_CASE("file_writer: commit completes the caller's header and clears what is not the caller's") {
    const support::scratch_folder folder;
    auto writer = atlas::file_writer::create(folder.path("a").c_str());
    REQUIRE(writer.ok());
    atlas::file_header header;
    std::memset(static_cast<void*>(&header), 0xEE, sizeof header);
    header.kind = atlas::file_kind::flat;
    REQUIRE(writer->commit(header).ok());
    CHECK(header.section_count == 0);
    CHECK(header.file_bytes == 4096);
    CHECK(header.checksum == atlas::header_checksum(header));
    CHECK(atlas::check_header(header, 4096).ok());
    CHECK(header.reserved[0] == 0);
    CHECK(header.sections[47].reserved1[2] == 0);
    CHECK(std::memcmp(support::read_whole(folder.path("a")).data(), &header, sizeof header) == 0);
  }

  TEST_CASE("file_writer: nothing is at the target before commit, and nothing at all without it") {
    const support::scratch_folder folder;
    const std::string path = folder.path("a.atlas");
    {
      auto writer = atlas::file_writer::create(path.c_str());
      REQUIRE(writer.ok());
      CHECK(writer->begin_section(1, 1, 0).ok());
      const std::string bytes = pattern(3'000'000);
      CHECK(writer->append(bytes.data(), bytes.size()).ok());
      CHECK(writer->size_bytes() == 4096 + 3'000'000);
      CHECK(folder.names().size() == 1);
      CHECK(folder.names()[0] != "a.atlas");
    }
    CHECK(folder.names().empty());
  }

  TEST_CASE("file_writer: an existing file stays as it is until commit, and after a save given up") {
    const support::scratch_folder folder;
    const std::string path = folder.write("a.atlas", "the old file");
    {
      auto writer = atlas::file_writer::create(path.c_str());
      REQUIRE(writer.ok());
      CHECK(support::read_whole(path) == "the old file");
    }
    CHECK(support::read_whole(path) == "the old file");
    REQUIRE(write_index(path, {{1, 0, 1, "new"}}, 10).ok());
    CHECK(support::read_whole(path) == expected_index({{1, 0, 1, "new"}}));
  }

  TEST_CASE("file_writer: calls out of order are refused, and from then on every call says so") {
    const support::scratch_folder folder;
    const auto path = folder.path("a");
    atlas::file_header header{};
    using atlas::errc;
    using atlas::file_writer;
    const auto refuses = [&](auto&& calls) {
      auto writer = file_writer::create(path.c_str());
      REQUIRE(writer.ok());
      const atlas::status first = calls(*writer);
      CHECK(failed_as(first, errc::invalid_argument));
      CHECK(support::says_both(first));
      // The first error, again and again; and the temporary is gone at once.
      CHECK(support::error_line(writer->begin_section(77, 1, 0)) == support::error_line(first));
      CHECK(support::error_line(writer->append("x", 1)) == support::error_line(first));
      CHECK(support::error_line(writer->end_section()) == support::error_line(first));
      CHECK(support::error_line(writer->commit(header)) == support::error_line(first));
      CHECK(folder.names().empty());
    };
    refuses([](file_writer& w) { return w.append("x", 1); });
    refuses([](file_writer& w) { return w.end_section(); });
    refuses([](file_writer& w) { return w.begin_section(1, 0, 0); });
    refuses([](file_writer& w) {
      CHECK(w.begin_section(1, 1, 0).ok());
      return w.begin_section(2, 1, 0);
    });
    refuses([](file_writer& w) {
      CHECK(w.begin_section(1, 1, 0).ok());
      CHECK(w.end_section().ok());
      return w.begin_section(1, 1, 0);
    });
    refuses([](file_writer& w) {
      CHECK(w.begin_section(1, 4, 0).ok());
      CHECK(w.append("12345", 5).ok());
      return w.end_section();
    });
    refuses([&](file_writer& w) {
      CHECK(w.begin_section(1, 4, 0).ok());
      return w.commit(header);
    });
  }

  TEST_CASE("file_writer: 48 sections and not one more") {
    const support::scratch_folder folder;
    auto writer = atlas::file_writer::create(folder.path("a").c_str());
    REQUIRE(writer.ok());
    for (std::uint32_t id = 0; id < 48; ++id) {
      REQUIRE(writer->begin_section(id, 1, 0).ok());
      REQUIRE(writer->end_section().ok());
    }
    const atlas::status refused = writer->begin_section(48, 1, 0);
    CHECK(failed_as(refused, atlas::errc::limit_exceeded));
    CHECK(support::says_both(refused));
  }

  TEST_CASE("file_writer: a moved writer goes on where the first was") {
    const support::scratch_folder folder;
    atlas::file_writer first = atlas::file_writer::create(folder.path("a").c_str()).value();
    REQUIRE(first.begin_section(1, 1, 0).ok());
    REQUIRE(first.append("ab", 2).ok());
    atlas::file_writer second(static_cast<atlas::file_writer&&>(first));
    REQUIRE(second.append("cd", 2).ok());
    REQUIRE(second.end_section().ok());
    atlas::file_header header{};
    header.kind = atlas::file_kind::hnsw;
    REQUIRE(second.commit(header).ok());
    CHECK(support::read_whole(folder.path("a")) == support::index_bytes({}, {{1, 0, 1, "abcd"}}));
  }

  TEST_CASE("file_writer: sealed, it can be read without a name; commit writes another header of the same sections") {
    const support::scratch_folder folder;
    folder.write("a", "before");
    atlas::file_writer writer = atlas::file_writer::create(folder.path("a").c_str()).value();
    writer.begin_section(1, 1, 0).value();
    writer.append("abcd", 4).value();
    writer.end_section().value();
    atlas::file_header header{};
    header.kind = atlas::file_kind::hnsw;
    header.count = 7;
    atlas::file_descriptor sealed = writer.seal(header).value();
    CHECK(support::read_whole(folder.path("a")) == "before");
    std::string read(static_cast<std::size_t>(writer.size_bytes()), ' ');
    sealed.read_at(read.data(), read.size(), 0).value();
    support::header_numbers expected;
    expected.count = 7;
    CHECK(read == support::index_bytes(expected, {{1, 0, 1, "abcd"}}));
    header.count = 9;
    writer.commit(header).value();
    expected.count = 9;
    CHECK(support::read_whole(folder.path("a")) == support::index_bytes(expected, {{1, 0, 1, "abcd"}}));
    atlas::file_writer open = atlas::file_writer::create(folder.path("b").c_str()).value();
    open.begin_section(1, 1, 0).value();
    CHECK(failed_as(open.seal(header), atlas::errc::invalid_argument));
  }
}

// SPDX-License-Identifier: Apache-2.0
// tests/storage/file_reader_test.cpp -- mirrors include/atlas/storage/file_reader.hpp.
// Truncated and flipped files: tests/faults/damaged_header_test.cpp.
#include <atlas/storage/file_reader.hpp>

#include "support/error_line.hpp"
#include "support/index_bytes.hpp"
#include "support/scratch_folder.hpp"

#include <doctest/doctest.h>

#include <sys/mman.h>

#include <string>
#include <vector>

using support::failed_as;

namespace {

std::string text_of(atlas::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

TEST_SUITE("storage") {
  TEST_CASE("file_reader: opens a file put together by hand and gives its sections") {
    const support::scratch_folder folder;
    const auto file = atlas::file_reader::open(folder.write("a.atlas", support::small_index()).c_str());
    REQUIRE(file.ok());
    CHECK(file->is_open());
    CHECK(file->header().kind == atlas::file_kind::hnsw);
    CHECK(file->header().count == 10);
    CHECK(file->sections().size() == 3);
    CHECK(file->has(0x100));
    CHECK_FALSE(file->has(0x102));
    REQUIRE(file->find(0x200) != nullptr);
    CHECK(file->find(0x200)->element_bytes == 5);
    CHECK(text_of(file->section(0x200).value()) == "abcdeABCDE01234");
    CHECK(file->section(0x100)->size() == 40);
    CHECK(file->section(0x101)->empty());
    for (const atlas::section_entry& entry : file->sections()) {
      const std::byte* at = file->section(entry.id)->data();
      CHECK(reinterpret_cast<std::uintptr_t>(at) % 64 == 0);
      CHECK(at == file->file().data() + entry.offset);
    }
    CHECK(file->verify().ok());
  }

  TEST_CASE("file_reader: a section that is not there is an error that names it") {
    const support::scratch_folder folder;
    const auto file = atlas::file_reader::open(folder.write("a.atlas", support::small_index()).c_str());
    REQUIRE(file.ok());
    const auto missing = file->section(0x999);
    CHECK(failed_as(missing, atlas::errc::corrupt_file));
    CHECK(support::error_line(missing) == "corrupt file: section.id: expected 2457, found no such section");
  }

  TEST_CASE("file_reader: the header and the sections stay where they are when the reader moves") {
    const support::scratch_folder folder;
    atlas::file_reader first =
        atlas::file_reader::open(folder.write("a.atlas", support::small_index()).c_str()).value();
    const atlas::file_header* header = &first.header();
    const std::byte* section = first.section(0x100)->data();
    atlas::file_reader second(static_cast<atlas::file_reader&&>(first));
    CHECK_FALSE(first.is_open());
    CHECK(&second.header() == header);
    CHECK(second.section(0x100)->data() == section);
    CHECK(second.verify().ok());
  }

  TEST_CASE("file_reader: an unknown section is skipped if optional and refused if required") {
    const support::scratch_folder folder;
    const auto file = atlas::file_reader::open(folder.write("a.atlas", support::small_index()).c_str());
    REQUIRE(file.ok());
    const std::uint32_t knows_required[] = {0x55, 0x100};
    CHECK(file->require_known(knows_required).ok());
    const std::uint32_t knows_others[] = {0x101, 0x200};
    const atlas::status refused = file->require_known(knows_others);
    CHECK(failed_as(refused, atlas::errc::unsupported_version));
    CHECK(refused.error().found == 0x100);
    CHECK(refused.error().row == 0);
    CHECK(failed_as(file->require_known({}), atlas::errc::unsupported_version));
  }

  TEST_CASE("file_reader: verify finds one flipped bit in any section, opening does not look for it") {
    const support::scratch_folder folder;
    const std::string good = support::small_index();
    for (std::size_t at = 4096; at < good.size(); ++at) {
      if (at >= 4096 + 40 && at < 4160) continue;  // padding: belongs to no section
      CAPTURE(at);
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ 0x10);
      const auto file = atlas::file_reader::open(folder.write("a.atlas", bad).c_str());
      REQUIRE(file.ok());
      const atlas::status said = file->verify();
      CHECK(failed_as(said, atlas::errc::corrupt_file));
      CHECK(said.error().row == (at < 4160 ? 0U : 2U));
      CHECK(support::says_both(said));
    }
  }

  TEST_CASE("file_reader: verify reports bytes and stops when asked to") {
    const support::scratch_folder folder;
    // Sections longer than the step that verify reads in.
    const std::string file_bytes =
        support::index_bytes({}, {{1, 0, 1, std::string(2'500'000, 'a')}, {2, 2, 1, std::string(1'048'576, 'b')}});
    const auto file = atlas::file_reader::open(folder.write("a.atlas", file_bytes).c_str());
    REQUIRE(file.ok());
    std::vector<std::uint64_t> steps;
    std::uint64_t total_seen = 0;
    const auto note = [&](std::uint64_t done, std::uint64_t total) {
      steps.push_back(done);
      total_seen = total;
      return true;
    };
    CHECK(file->verify(note).ok());
    CHECK(total_seen == 3'548'576);
    CHECK(steps == std::vector<std::uint64_t>{1'048'576, 2'097'152, 2'500'000, 3'548'576});
    int calls = 0;
    const auto stop = [&](std::uint64_t, std::uint64_t) { return ++calls < 2; };
    CHECK(failed_as(file->verify(stop), atlas::errc::cancelled));
    CHECK(calls == 2);
  }

  TEST_CASE("file_reader: a file that lost its end after opening is an error in verify") {
    const support::scratch_folder folder;
    const std::string path = folder.write("a.atlas", support::small_index());
    const auto file = atlas::file_reader::open(path.c_str());
    REQUIRE(file.ok());
    REQUIRE(::truncate(path.c_str(), 4170) == 0);
    CHECK(failed_as(file->verify(), atlas::errc::corrupt_file));
  }

  TEST_CASE("file_reader: opening a large file touches only its first page") {
    const support::scratch_folder folder;
    // 1 GiB of hole: read, it would be seen in the resident pages.
    const std::string path = folder.write("a.atlas", support::index_bytes({}, {{1, 0, 1, "x"}}));
    constexpr std::uint64_t size = std::uint64_t{1} << 30;
    std::string page = support::read_whole(path).substr(0, 4096);
    support::put_number(page, 1024 + 16, size - 4096, 8);
    support::put_number(page, 48, size, 8);
    support::seal(page);
    folder.write("a.atlas", page);
    REQUIRE(::truncate(path.c_str(), static_cast<off_t>(size)) == 0);
    const auto file = atlas::file_reader::open(path.c_str());
    REQUIRE(file.ok());
    CHECK(file->section(1)->size() == size - 4096);
    std::vector<unsigned char> resident(size / 4096);
    REQUIRE(::mincore(const_cast<std::byte*>(file->file().data()), size, resident.data()) == 0);
    std::size_t pages = 0;
    for (const unsigned char one : resident) pages += one & 1U;
    CHECK(pages <= 64);  // what the kernel reads ahead of the first page
  }

  TEST_CASE("file_reader: what is no index file says what it is") {
    const support::scratch_folder folder;
    using atlas::file_reader;
    CHECK(failed_as(file_reader::open(folder.path("none").c_str()), atlas::errc::file_not_found));
    CHECK(failed_as(file_reader::open(folder.path().c_str()), atlas::errc::is_a_directory));
    CHECK(failed_as(file_reader::open(nullptr), atlas::errc::invalid_argument));
    CHECK(failed_as(file_reader::open(folder.write("t", "# A text\n").c_str()), atlas::errc::not_atlas_file));
    CHECK(
        failed_as(file_reader::open(folder.write("z", std::string(9000, '\0')).c_str()), atlas::errc::not_atlas_file));
    const auto empty = file_reader::open(folder.write("e", "").c_str());
    CHECK(failed_as(empty, atlas::errc::corrupt_file));
    CHECK(support::says_both(empty));
  }
}

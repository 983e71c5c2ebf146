// SPDX-License-Identifier: Apache-2.0
// tests/storage/file_header_test.cpp -- mirrors include/atlas/storage/file_header.hpp.
#include <atlas/storage/file_header.hpp>

#include "support/error_line.hpp"
#include "support/index_bytes.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <string>

using support::failed_as;

namespace {

atlas::file_header header_of(const std::string& file) {
  atlas::file_header header;
  std::memcpy(static_cast<void*>(&header), file.data(), sizeof header);
  return header;
}

// The check of a good file after `change`, with the checksum made right again.
template <class Change>
atlas::status check_after(Change&& change) {
  const std::string file = support::small_index();
  atlas::file_header header = header_of(file);
  change(header);
  header.checksum = atlas::header_checksum(header);
  return atlas::check_header(header, file.size());
}

}  // namespace

TEST_SUITE("storage") {
  TEST_CASE("file_header: the fields lie where the byte table says") {
    support::header_numbers numbers;
    numbers.kind = 2;
    numbers.scalar = 3;
    numbers.metric = 4;
    numbers.dimension = 5;
    numbers.count = 6;
    numbers.rows = 7;
    numbers.parameters = "first";
    const std::string file = support::index_bytes(numbers, {{0x100, 3, 4, "abcdefgh"}});
    const atlas::file_header header = header_of(file);
    CHECK(atlas::check_header(header, file.size()).ok());
    CHECK(header.kind == atlas::file_kind::hnsw);
    CHECK(header.scalar == 3);
    CHECK(header.metric == 4);
    CHECK(header.dimension == 5);
    CHECK(header.count == 6);
    CHECK(header.rows == 7);
    CHECK(std::memcmp(header.parameters, "first", 6) == 0);
    CHECK(header.section_count == 1);
    CHECK(header.sections[0].id == 0x100);
    CHECK(header.sections[0].flags == (atlas::section_required | atlas::section_growable));
    CHECK(header.sections[0].offset == 65536);
    CHECK(header.sections[0].length_bytes == 8);
    CHECK(header.sections[0].element_bytes == 4);
    CHECK(header.sections[0].checksum == atlas::xxh3_64("abcdefgh", 8));
  }

  TEST_CASE("file_header: the checksum is XXH3-64 of the page with its own field zero") {
    const std::string file = support::small_index();
    CHECK(atlas::header_checksum(header_of(file)) == header_of(file).checksum);
  }

  TEST_CASE("file_header: what is wrong is told in the order magic, byte order, version, checksum, size") {
    const std::string file = support::small_index();
    atlas::file_header header = header_of(file);
    header.checksum ^= 1;
    const atlas::status checksum = atlas::check_header(header, file.size() + 1);
    CHECK(failed_as(checksum, atlas::errc::corrupt_file));
    CHECK(std::string(checksum.error().field) == "header.checksum");

    header.version_major = 2;
    const atlas::status version = atlas::check_header(header, file.size());
    CHECK(failed_as(version, atlas::errc::unsupported_version));
    CHECK(version.error().expected == 1);
    CHECK(version.error().found == 2);
    header.version_major = 0;
    CHECK(failed_as(atlas::check_header(header, file.size()), atlas::errc::unsupported_version));

    header.byte_order = 0x04030201;
    const atlas::status order = atlas::check_header(header, file.size());
    CHECK(failed_as(order, atlas::errc::wrong_byte_order));
    CHECK(support::says_both(order));
    header.byte_order = 0x01020305;
    CHECK(failed_as(atlas::check_header(header, file.size()), atlas::errc::corrupt_file));

    header.magic[7] = '\r';  // as a newline translation would leave it
    const atlas::status magic = atlas::check_header(header, file.size());
    CHECK(failed_as(magic, atlas::errc::not_atlas_file));
    CHECK(support::says_both(magic));
  }

  TEST_CASE("file_header: a newer minor version is read") {
    CHECK(check_after([](atlas::file_header& header) { header.version_minor = 9; }).ok());
  }

  TEST_CASE("file_header: a size other than the file's is refused with both") {
    const std::string file = support::small_index();
    const atlas::status said = atlas::check_header(header_of(file), file.size() - 1);
    CHECK(failed_as(said, atlas::errc::corrupt_file));
    CHECK(said.error().expected == file.size());
    CHECK(said.error().found == file.size() - 1);
  }

  TEST_CASE("file_header: each lie in the section table is refused, and the entry named") {
    const auto refused = [](auto&& change, std::uint64_t row) {
      const atlas::status said = check_after(change);
      CAPTURE(support::error_line(said));
      return failed_as(said, atlas::errc::corrupt_file) && said.error().row == row && support::says_both(said);
    };
    constexpr std::uint64_t whole_table = atlas::error::no_row;
    using header = atlas::file_header;
    REQUIRE(check_after([](header&) {}).ok());
    CHECK(refused([](header& h) { h.header_bytes = 8192; }, whole_table));
    CHECK(refused([](header& h) { h.section_count = 49; }, whole_table));
    CHECK(refused([](header& h) { h.section_count = ~0U; }, whole_table));
    CHECK(refused([](header& h) { h.section_count = 4; }, 3));  // an entry of zeros
    CHECK(refused([](header& h) { h.sections[2].offset = h.file_bytes + 64; }, 2));
    CHECK(refused([](header& h) { h.sections[2].offset = ~std::uint64_t{0} - 63; }, 2));
    CHECK(refused([](header& h) { h.sections[2].length_bytes += 5; }, 2));
    CHECK(refused([](header& h) { h.sections[2].length_bytes = ~std::uint64_t{0}; }, 2));
    CHECK(refused([](header& h) { h.sections[0].offset = 0; }, 0));     // the header itself
    CHECK(refused([](header& h) { h.sections[0].offset = 4032; }, 0));  // its end
    CHECK(refused([](header& h) { h.sections[0].offset += 4; }, 0));
    CHECK(refused([](header& h) { h.sections[0].flags |= atlas::section_growable; }, 0));
    CHECK(refused([](header& h) { h.sections[0].length_bytes = 68; }, 1));  // over the next one's start
    CHECK(refused([](header& h) { h.sections[2].offset = h.sections[0].offset; }, 2));
    CHECK(refused([](header& h) { h.sections[1].id = h.sections[0].id; }, 1));
    CHECK(refused([](header& h) { h.sections[0].element_bytes = 0; }, 0));
    CHECK(refused([](header& h) { h.sections[0].element_bytes = 3; }, 0));
  }

  TEST_CASE("file_header: all 48 sections can be used") {
    std::vector<support::section_bytes> sections;
    for (std::uint32_t i = 0; i < atlas::most_sections; ++i) sections.push_back({i, 0, 1, std::string(i, 'x')});
    const std::string file = support::index_bytes({}, sections);
    CHECK(atlas::check_header(header_of(file), file.size()).ok());
  }

  TEST_CASE("file_header: no bit of the page can flip unseen") {
    const std::string file = support::small_index();
    const atlas::file_header good = header_of(file);
    for (std::size_t bit = 0; bit < sizeof good * 8; ++bit) {
      atlas::file_header bad = good;
      reinterpret_cast<unsigned char*>(&bad)[bit / 8] ^= static_cast<unsigned char>(1U << (bit % 8));
      const atlas::status said = atlas::check_header(bad, file.size());
      if (said.ok() || !support::says_both(said)) FAIL_CHECK("bit ", bit, " passed");
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// tests/faults/damaged_header_test.cpp -- index files cut short, changed, or not index files at all.
#include <atlas/storage/file_reader.hpp>

#include "support/error_line.hpp"
#include "support/index_bytes.hpp"
#include "support/scratch_folder.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>

#include <string>

using support::failed_as;

namespace {

// A file that a test changes in place, thousands of times.
class changing_file {
 public:
  explicit changing_file(const std::string& content) : path_(folder_.write("a.atlas", content)) {
    number_ = ::open(path_.c_str(), O_RDWR | O_CLOEXEC);
    REQUIRE(number_ >= 0);
  }
  changing_file(const changing_file&) = delete;
  changing_file& operator=(const changing_file&) = delete;
  ~changing_file() { ::close(number_); }

  void put(std::size_t offset, const std::string& bytes) const {
    REQUIRE(::pwrite(number_, bytes.data(), bytes.size(), static_cast<off_t>(offset)) ==
            static_cast<ssize_t>(bytes.size()));
  }
  void cut(std::size_t size) const { REQUIRE(::ftruncate(number_, static_cast<off_t>(size)) == 0); }
  [[nodiscard]] atlas::result<atlas::file_reader> open() const { return atlas::file_reader::open(path_.c_str()); }

 private:
  support::scratch_folder folder_;
  std::string path_;
  int number_ = -1;
};

std::string with(std::size_t offset, std::uint64_t value, std::size_t width, bool sealed) {
  std::string file = support::small_index();
  support::put_number(file, offset, value, width);
  if (sealed) support::seal(file);
  return file;
}

}  // namespace

TEST_SUITE("faults") {
  TEST_CASE("a file cut at any byte is refused as cut short, with both sizes") {
    const std::string whole = support::small_index();
    const changing_file file(whole);
    REQUIRE(file.open().ok());
    for (std::size_t size = whole.size(); size-- > 0;) {
      file.cut(size);
      const auto opened = file.open();
      if (!failed_as(opened, atlas::errc::corrupt_file) || !support::says_both(opened) ||
          opened.error().found != size) {
        FAIL_CHECK("cut at ", size, ": ", support::error_line(opened));
      }
    }
  }

  TEST_CASE("a file with bytes after its end is refused") {
    const std::string whole = support::small_index();
    const changing_file file(whole + "x");
    const auto opened = file.open();
    CHECK(failed_as(opened, atlas::errc::corrupt_file));
    CHECK(opened.error().expected == whole.size());
    CHECK(opened.error().found == whole.size() + 1);
  }

  TEST_CASE("a file with any header byte changed is refused") {
    const std::string whole = support::small_index();
    const changing_file file(whole);
    for (std::size_t at = 0; at < 4096; ++at) {
      for (const int flip : {0xFF, 1 << (at % 8)}) {
        file.put(at, std::string(1, static_cast<char>(whole[at] ^ flip)));
        const auto opened = file.open();
        if (opened.ok() || !support::says_both(opened)) FAIL_CHECK("byte ", at, ": ", support::error_line(opened));
      }
      file.put(at, whole.substr(at, 1));
    }
    CHECK(file.open().ok());
  }

  TEST_CASE("a forged header, its checksum right, is refused or all its sections can be read") {
    const std::string whole = support::small_index();
    const changing_file file(whole);
    std::size_t accepted = 0;
    unsigned touched = 0;
    for (std::size_t at = 0; at < 4096; ++at) {
      for (const int flip : {0xFF, 0x80, 1 << (at % 8)}) {
        std::string forged = whole.substr(0, 4096);
        forged[at] = static_cast<char>(forged[at] ^ flip);
        support::seal(forged);
        file.put(0, forged);
        const auto opened = file.open();
        if (!opened.ok()) continue;
        ++accepted;
        for (const atlas::section_entry& entry : opened->sections()) {
          const auto section = opened->section(entry.id);
          REQUIRE(section.ok());
          for (const std::byte one : *section) touched += std::to_integer<unsigned>(one);
        }
      }
    }
    CHECK(accepted > 1000);  // counts, parameters and what is reserved are the kind's to judge
    CHECK(touched > 0);
  }

  TEST_CASE("another file, another version and another byte order are told apart") {
    struct lie {
      std::string file;
      atlas::errc code;
    };
    std::string swapped = support::small_index();
    for (const std::size_t width_at : {8U, 16U}) std::swap(swapped[width_at], swapped[width_at + 3]);
    for (const std::size_t width_at : {8U, 16U}) std::swap(swapped[width_at + 1], swapped[width_at + 2]);
    for (const std::size_t width_at : {12U, 14U}) std::swap(swapped[width_at], swapped[width_at + 1]);
    const lie lies[] = {{"PK\x03\x04 some archive" + std::string(5000, 'z'), atlas::errc::not_atlas_file},
                        {"short", atlas::errc::not_atlas_file},
                        {"\x89"
                         "ATLAS\n\n" +
                             std::string(5000, '\0'),
                         atlas::errc::not_atlas_file},
                        {with(0, 0x88, 1, true), atlas::errc::not_atlas_file},
                        {swapped, atlas::errc::wrong_byte_order},
                        {with(12, 2, 2, true), atlas::errc::unsupported_version},
                        {with(12, 0xFFFF, 2, false), atlas::errc::unsupported_version},
                        {with(56, 0, 8, false), atlas::errc::corrupt_file}};
    for (const lie& one : lies) {
      const changing_file file(one.file);
      const auto opened = file.open();
      CAPTURE(support::error_line(opened));
      CHECK(failed_as(opened, one.code));
      CHECK(support::says_both(opened));
    }
  }

  TEST_CASE("a newer minor version opens") {
    const changing_file file(with(14, 7, 2, true));
    CHECK(file.open().ok());
  }

  TEST_CASE("a folder in place of the file is named as one") {
    const support::scratch_folder folder;
    const auto opened = atlas::file_reader::open(folder.path().c_str());
    CHECK(failed_as(opened, atlas::errc::is_a_directory));
    CHECK(support::error_line(opened) == "is a directory: path: expected a file, found a folder [Is a directory]");
  }
}

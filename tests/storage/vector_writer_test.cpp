// SPDX-License-Identifier: Apache-2.0
// tests/storage/vector_writer_test.cpp -- mirrors include/atlas/storage/vector_writer.hpp.
#include <atlas/storage/vector_writer.hpp>

#include "support/scratch_folder.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <sys/resource.h>
#include <vector>

TEST_SUITE("storage") {
  TEST_CASE("vector_writer: what is written is read back, bit for bit") {
    const support::scratch_folder folder;
    // More than one internal buffer of 1 MiB, in uneven batches.
    const std::uint64_t rows = 700;
    const std::uint64_t dimension = 501;
    std::vector<float> values(rows * dimension);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = std::sin(static_cast<float>(i));
    for (const char* name : {"a.fvecs", "a.npy"}) {
      CAPTURE(name);
      const std::string path = folder.path(name);
      const atlas::vector_format format = atlas::vector_format_of(path).value();
      auto writer = atlas::vector_writer::create_floats(path.c_str(), format, rows, dimension);
      REQUIRE(writer.ok());
      for (std::uint64_t row = 0; row < rows;) {
        const std::uint64_t count = std::min<std::uint64_t>(1 + row % 13, rows - row);
        writer->append(values.data() + row * dimension, count).value();
        row += count;
      }
      writer->commit().value();
      const auto file = atlas::vector_file::open(path.c_str());
      REQUIRE(file.ok());
      CHECK(file->rows() == rows);
      CHECK(file->dimension() == dimension);
      std::vector<float> got(values.size());
      file->read_floats(0, rows, got.data()).value();
      CHECK(got == values);
    }
    CHECK(support::read_whole(folder.path("a.npy")).size() == 128 + values.size() * sizeof(float));
    CHECK(folder.names().size() == 2);
  }

  TEST_CASE("vector_writer: keys are a .npy of one axis, whatever their size") {
    const support::scratch_folder folder;
    const std::vector<std::uint64_t> keys = {0, 7, std::numeric_limits<std::uint64_t>::max() - 1};
    auto writer = atlas::vector_writer::create_keys(folder.path("k.npy").c_str(), keys.size());
    REQUIRE(writer.ok());
    writer->append(keys.data(), keys.size()).value();
    writer->commit().value();
    const auto file = atlas::vector_file::open(folder.path("k.npy").c_str());
    REQUIRE(file.ok());
    CHECK(file->axes() == 1);
    CHECK(file->element() == atlas::vector_element::u64);
    std::vector<std::int64_t> got(keys.size());
    file->read_integers(0, keys.size(), got.data()).value();
    for (std::size_t i = 0; i < keys.size(); ++i) CHECK(static_cast<std::uint64_t>(got[i]) == keys[i]);
  }

  TEST_CASE("vector_writer: the longest shape fits its header") {
    const std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
    char bytes[atlas::written_npy_header_bytes];
    atlas::write_npy_header({atlas::vector_element::f64, 2, most, most, 0}, bytes);
    const auto back = atlas::parse_npy_header({reinterpret_cast<const std::byte*>(bytes), sizeof bytes});
    REQUIRE(back.ok());
    CHECK(back->rows == most);
    CHECK(back->columns == most);
    CHECK(back->data_begin == sizeof bytes);
  }

  TEST_CASE("vector_writer: rows missing, too many, or no commit leave the old file as it was") {
    const support::scratch_folder folder;
    const std::string path = folder.write("a.npy", "old");
    const float row[2] = {1, 2};
    {
      auto writer = atlas::vector_writer::create_floats(path.c_str(), atlas::vector_format::npy, 2, 2);
      writer->append(row, 1).value();
      CHECK(writer->commit().error() == atlas::errc::invalid_argument);
    }
    {
      auto writer = atlas::vector_writer::create_floats(path.c_str(), atlas::vector_format::npy, 1, 2);
      writer->append(row, 1).value();
      CHECK(writer->append(row, 1).error() == atlas::errc::invalid_argument);
    }
    CHECK(support::read_whole(path) == "old");
    CHECK(folder.names() == std::vector<std::string>{"a.npy"});
    CHECK(atlas::vector_writer::create_floats(path.c_str(), atlas::vector_format::u8bin, 1, 2).error() ==
          atlas::errc::invalid_argument);
    CHECK(atlas::vector_writer::create_floats(folder.path("no/a.npy").c_str(), atlas::vector_format::npy, 1, 2)
              .error() == atlas::errc::file_not_found);
  }

  TEST_CASE("vector_writer: a full disk is an error and leaves the old file as it was") {
    const support::scratch_folder folder;
    const std::string path = folder.write("a.fvecs", "old");
    rlimit before{};
    ::getrlimit(RLIMIT_FSIZE, &before);
    const rlimit small{1 << 20, before.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
    std::vector<float> rows(1 << 20, 1.0F);
    atlas::status said;
    {
      auto writer = atlas::vector_writer::create_floats(path.c_str(), atlas::vector_format::fvecs, 1024, 1024);
      said = writer->append(rows.data(), 1024);
      if (said.ok()) said = writer->commit();
    }
    ::setrlimit(RLIMIT_FSIZE, &before);
    REQUIRE_FALSE(said.ok());
    CHECK(said.error() == atlas::errc::no_space);
    CHECK(support::read_whole(path) == "old");
    CHECK(folder.names() == std::vector<std::string>{"a.fvecs"});
  }
}

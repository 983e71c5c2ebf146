// SPDX-License-Identifier: Apache-2.0
// tests/index/ivf_spill_test.cpp -- mirrors include/atlas/index/ivf_spill.hpp.
#include <atlas/index/ivf_spill.hpp>

#include "support/error_line.hpp"
#include "support/index_answers.hpp"
#include "support/scratch_folder.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

using atlas::errc;
using atlas::ivf_codes;
using atlas::ivf_rotation;
using support::failed_as;

TEST_SUITE("ivf_spill") {
  TEST_CASE("each column comes back in the order of lists, whatever the ranges and windows") {
    const support::scratch_folder folder;
    constexpr std::size_t dimension = 4;
    const auto sample = support::random_rows_on_line(5, 300, dimension);
    atlas::ivf_pq_options options{.dimension = dimension, .lists = 9, .codes = ivf_codes::sq8, .rotation = ivf_rotation::none};
    atlas::detail::ivf_model model;
    model.train(atlas::dense(sample.data(), 300, dimension), options, 1, {}).value();
    for (const std::uint32_t ranges : {1U, 2U, 5U, 9U}) {
      for (const std::size_t window_bytes : {std::size_t{1}, std::size_t{70}, std::size_t{1} << 20}) {
        CAPTURE(ranges);
        CAPTURE(window_bytes);
        atlas::detail::ivf_spill spill;
        spill.open(folder.path().c_str()).value();
        spill.shape(9, ranges, model.coder().layout().code_bytes, dimension * sizeof(float)).value();
        atlas::thread_pool pool(1);
        atlas::detail::ivf_encoding encoding;
        std::vector<std::vector<std::uint64_t>> keys_of_lists(9);
        std::uint64_t next_key = 0;
        for (const std::size_t count : {std::size_t{3}, std::size_t{100}, std::size_t{40}}) {
          const auto vectors = support::random_rows_on_line(6 + count, count, dimension);
          encoding.encode(model, atlas::metric::l2sq, count, pool, 1, [&](std::size_t i, float* out) noexcept {
            std::memcpy(out, vectors.data() + i * dimension, dimension * sizeof(float));
          }).value();
          std::vector<std::uint64_t> keys(count);
          for (auto& key : keys) key = next_key++;
          // A row's vector begins with its key, so that it is known again.
          auto marked = vectors;
          for (std::size_t i = 0; i < count; ++i) marked[i * dimension] = static_cast<float>(keys[i]);
          spill.append(encoding, count, keys.data(), reinterpret_cast<const std::byte*>(marked.data())).value();
          for (std::size_t i = 0; i < count; ++i) keys_of_lists[encoding.list(i)].push_back(keys[i]);
        }
        spill.number_rows();
        std::vector<std::uint64_t> want;
        for (std::uint32_t list = 0; list < 9; ++list) {
          CHECK(spill.first_row(list) == want.size());
          want.insert(want.end(), keys_of_lists[list].begin(), keys_of_lists[list].end());
        }
        REQUIRE(spill.row_count() == want.size());
        atlas::detail::ordered_rows keys(spill, atlas::detail::spill_column::keys, window_bytes);
        atlas::detail::ordered_rows vectors(spill, atlas::detail::spill_column::vectors, window_bytes);
        for (std::size_t first = 0; first < want.size();) {
          const std::size_t count = std::min<std::size_t>(first % 5 + 1, want.size() - first);
          std::uint64_t got[5];
          float marked[5 * dimension];
          keys.read(count, reinterpret_cast<std::byte*>(got)).value();
          vectors.read(count, reinterpret_cast<std::byte*>(marked)).value();
          for (std::size_t i = 0; i < count; ++i) {
            CHECK(got[i] == want[first + i]);
            CHECK(marked[i * dimension] == static_cast<float>(want[first + i]));
          }
          first += count;
        }
        CHECK(folder.names().empty());
      }
    }
  }

  TEST_CASE("a disk that gives back other lists than were written is an error, and nothing is written beside its place") {
    const support::scratch_folder folder;
    constexpr std::size_t dimension = 4;
    const auto vectors = support::random_rows_on_line(5, 300, dimension);
    for (const bool is_in_range : {true, false}) {
      atlas::detail::ivf_model model;
      model.train(atlas::dense(vectors.data(), 300, dimension), {.dimension = dimension, .lists = 9, .codes = ivf_codes::flat, .rotation = ivf_rotation::none}, 1, {}).value();
      atlas::thread_pool pool(1);
      atlas::detail::ivf_encoding encoding;
      encoding.encode(model, atlas::metric::l2sq, 300, pool, 1, [&](std::size_t i, float* out) noexcept {
        std::memcpy(out, vectors.data() + i * dimension, dimension * sizeof(float));
      }).value();
      atlas::detail::ivf_spill spill;
      spill.open(folder.path().c_str()).value();
      spill.shape(9, 2, 0, dimension * sizeof(float)).value();
      const auto keys = support::keys_from(0, 300);
      spill.append(encoding, 300, keys.data(), reinterpret_cast<const std::byte*>(vectors.data())).value();
      spill.number_rows();
      // The file has no name, but the kernel's list of what this process has open leads to it.
      std::string its_path;
      for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code gone;
        const std::string target = std::filesystem::read_symlink(entry.path(), gone).string();
        const bool is_empty = std::filesystem::file_size(entry.path(), gone) == 0;
        if (target.rfind(folder.path(), 0) == 0 && target.find("(deleted)") != std::string::npos && !is_empty) its_path = entry.path().string();
      }
      REQUIRE_FALSE(its_path.empty());
      const int file = ::open(its_path.c_str(), O_WRONLY | O_CLOEXEC);
      REQUIRE(file >= 0);
      // All rows in the first list of the range, or in one that is of none.
      const std::vector<std::uint32_t> lists(100, is_in_range ? 0U : 0xFFFFFFFFU);
      REQUIRE(::pwrite(file, lists.data(), 400, 0) == 400);
      ::close(file);
      bool has_failed = false;
      atlas::detail::ordered_rows source(spill, atlas::detail::spill_column::vectors, 640);
      for (int row = 0; row < 300 && !has_failed; ++row) {
        std::byte out[dimension * sizeof(float)];
        const auto got = source.read(1, out);
        has_failed = !got.ok();
        if (has_failed) CHECK(failed_as(got, errc::corrupt_file));
      }
      CHECK(has_failed);
    }
  }
}

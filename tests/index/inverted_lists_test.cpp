// SPDX-License-Identifier: Apache-2.0
// tests/index/inverted_lists_test.cpp -- mirrors include/atlas/index/inverted_lists.hpp.
#include <atlas/index/inverted_lists.hpp>

#include "support/repetitions.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <random>
#include <thread>
#include <vector>

TEST_SUITE("inverted_lists") {
namespace {

using atlas::list_block_layout;
using atlas::reader_epochs;
using atlas::detail::inverted_lists;
using atlas::detail::list_version;

constexpr std::size_t parts = 8;
const list_block_layout layout = list_block_layout::of_nibbles(parts);

/// What a row's lane holds, so that a wrong one is seen.
void write_row(std::uint32_t row, std::byte* block, std::size_t lane) {
  std::uint8_t code[parts / 2];
  for (std::size_t i = 0; i < sizeof code; ++i) code[i] = static_cast<std::uint8_t>(row * 31 + i);
  layout.write(block, lane, static_cast<float>(row), -static_cast<float>(row), row, code);
}
bool holds_row(const std::byte* block, std::size_t lane, std::uint32_t row) {
  alignas(64) std::byte fresh[2048];
  alignas(64) std::byte copied[2048];
  layout.clear(fresh);
  layout.clear(copied);
  write_row(row, fresh, 3);
  layout.copy(block, lane, copied, 3, row);
  return std::memcmp(fresh, copied, layout.block_bytes) == 0;
}
std::vector<std::uint32_t> rows_of(const inverted_lists& lists, std::uint32_t list) {
  std::vector<std::uint32_t> rows;
  bool are_whole = true;
  const list_version version = lists.version(list);
  lists.for_each_row(version, [&](const std::byte* block, std::size_t lane, std::uint32_t row) noexcept {
    are_whole = are_whole && holds_row(block, lane, row);
    rows.push_back(row);
  });
  CHECK(are_whole);
  CHECK(version.row_count == rows.size());
  return rows;
}
void append(inverted_lists& lists, reader_epochs& epochs, std::uint32_t list, const std::vector<std::uint32_t>& rows) {
  lists.append(list, rows.size(), epochs, [&](std::size_t i, std::byte* block, std::size_t lane) noexcept { write_row(rows[i], block, lane); }).value();
}

}  // namespace

  TEST_CASE("append, rewrite: lists hold what a vector of each would, whatever the sizes") {
    std::mt19937 bits(7);
    const auto draw = [&] { return static_cast<std::uint32_t>(bits()); };
    for (int round = 0; round < static_cast<int>(support::repetitions(20, 8, 3)); ++round) {
      reader_epochs epochs;
      inverted_lists lists;
      constexpr std::uint32_t list_count = 5;
      lists.create(list_count, layout, 0).value();
      std::vector<std::vector<std::uint32_t>> model(list_count);
      std::uint32_t next = 0;
      for (int step = 0; step < 120; ++step) {
        const std::uint32_t list = draw() % list_count;
        if (draw() % 4 != 0) {
          const std::size_t sizes[] = {0, 1, 2, 31, 32, 33, 64, 100, draw() % 500};
          std::vector<std::uint32_t> rows(sizes[draw() % 9]);
          for (auto& row : rows) row = next++;
          append(lists, epochs, list, rows);
          model[list].insert(model[list].end(), rows.begin(), rows.end());
        } else {
          const std::uint32_t kept = draw() % 4;  // all, most, few or none
          const auto keep = [&](std::uint32_t row) noexcept { return kept == 0 || (kept == 1 ? row % 7 != 0 : kept == 2 && row % 7 == 0); };
          const std::size_t before = model[list].size();
          std::erase_if(model[list], [&](std::uint32_t row) { return !keep(row); });
          CHECK(lists.rewrite(list, epochs, keep).value() == before - model[list].size());
        }
        CHECK(rows_of(lists, list) == model[list]);
      }
      for (std::uint32_t list = 0; list < list_count; ++list) CHECK(rows_of(lists, list) == model[list]);
    }
  }

  TEST_CASE("a version that a reader holds stays as it was, whatever comes after it") {
    reader_epochs epochs;
    inverted_lists lists;
    lists.create(1, layout, 0).value();
    append(lists, epochs, 0, {1, 2, 3});
    const reader_epochs::reader reading(epochs, 0);
    const list_version old = lists.version(0);
    for (std::uint32_t row = 4; row < 2000; ++row) append(lists, epochs, 0, {row});
    (void)lists.rewrite(0, epochs, [](std::uint32_t row) noexcept { return row % 2 == 0; }).value();
    for (std::uint32_t row = 2000; row < 4000; ++row) append(lists, epochs, 0, {row});
    std::vector<std::uint32_t> seen;
    lists.for_each_row(old, [&](const std::byte* block, std::size_t lane, std::uint32_t row) noexcept {
      if (holds_row(block, lane, row)) seen.push_back(row);
    });
    CHECK(seen == std::vector<std::uint32_t>{1, 2, 3});
  }

  TEST_CASE("blocks and versions are used again: rows that come and go take no more and more memory") {
    reader_epochs epochs;
    inverted_lists lists;
    lists.create(2, layout, 0).value();
    std::uint64_t settled = 0;
    for (std::uint32_t round = 0; round < 200; ++round) {
      std::vector<std::uint32_t> rows(300);
      for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = round * 300 + static_cast<std::uint32_t>(i);
      for (std::size_t i = 0; i < 30; ++i) append(lists, epochs, 0, {rows[i]});
      append(lists, epochs, 1, rows);
      (void)lists.rewrite(0, epochs, [](std::uint32_t) noexcept { return false; }).value();
      (void)lists.rewrite(1, epochs, [](std::uint32_t) noexcept { return false; }).value();
      if (round == 100) settled = lists.bytes();
    }
    CHECK(lists.bytes() <= settled + settled / 4);
    CHECK(rows_of(lists, 0).empty());
  }

  TEST_CASE("churn: rows that come one by one and go in turn take no more and more blocks, versions and runs") {
    reader_epochs epochs;
    inverted_lists lists;
    constexpr std::uint32_t list_count = 40;
    lists.create(list_count, layout, 0).value();
    std::mt19937 engine(11);
    const auto bits = [&] { return static_cast<std::uint32_t>(engine()); };
    std::uint32_t next = 0;
    std::uint64_t settled = 0;
    std::vector<std::uint32_t> counts(list_count, 0);
    for (int round = 0; round < 150; ++round) {
      // Lists of all lengths, each of several runs, that are written anew at other lengths.
      for (int step = 0; step < 400; ++step) {
        const std::uint32_t list = bits() % list_count;
        std::vector<std::uint32_t> rows(1 + bits() % (1 + list * 4));
        for (auto& row : rows) row = next++;
        append(lists, epochs, list, rows);
        counts[list] += static_cast<std::uint32_t>(rows.size());
      }
      for (std::uint32_t list = 0; list < list_count; ++list) {
        const std::uint32_t kept = next - std::min(next, 9000U);
        counts[list] -= static_cast<std::uint32_t>(lists.rewrite(list, epochs, [&](std::uint32_t row) noexcept { return row >= kept; }).value());
      }
      if (round == 30) settled = lists.bytes();
    }
    CHECK(lists.bytes() <= settled + settled / 3);
    for (std::uint32_t list = 0; list < list_count; ++list) CHECK(rows_of(lists, list).size() == counts[list]);
  }

  TEST_CASE("first_bytes: of a list that has no full block, its last one") {
    reader_epochs epochs;
    inverted_lists lists;
    lists.create(3, layout, 0).value();
    append(lists, epochs, 0, std::vector<std::uint32_t>(64, 1));
    append(lists, epochs, 1, {7, 8});
    for (const std::uint32_t list : {0U, 1U}) {
      const std::byte* first = nullptr;
      lists.for_each_run(lists.version(list), [&](const std::byte* blocks, std::size_t, std::size_t) noexcept { first = first == nullptr ? blocks : first; });
      CHECK(lists.first_bytes(list) == first);
    }
  }

  TEST_CASE("readers beside one that appends and rewrites see lists as they were at one moment") {
    reader_epochs epochs;
    inverted_lists lists;
    lists.create(1, layout, 0).value();
    std::atomic<bool> is_over{false};
    std::atomic<std::uint64_t> wrong{0};
    const auto read = [&](unsigned place) {
      while (!is_over.load()) {
        const reader_epochs::reader reading(epochs, place);
        std::uint32_t before = 0;
        lists.for_each_row(lists.version(0), [&](const std::byte* block, std::size_t lane, std::uint32_t row) noexcept {
          // Rows rise, and each is whole.
          if (row < before || !holds_row(block, lane, row)) wrong.fetch_add(1);
          before = row + 1;
        });
      }
    };
    std::thread first(read, 0U);
    std::thread second(read, 1U);
    std::uint32_t next = 0;
    for (int round = 0; round < static_cast<int>(support::repetitions(300, 100, 60)); ++round) {
      for (std::uint32_t i = 0; i < 40; ++i) append(lists, epochs, 0, {next++});
      (void)lists.rewrite(0, epochs, [&](std::uint32_t row) noexcept { return row % 3 != 0 && row + 200 > next; }).value();
    }
    is_over.store(true);
    first.join();
    second.join();
    CHECK(wrong.load() == 0);
  }

  TEST_CASE("versions of a file that name blocks it has not are cut to those it has") {
    std::vector<list_version> said(4);
    said[0] = {.first_block = 0, .first_capacity = 1, .next_run = 0, .full_blocks = 1, .last_block = 1, .row_count = 35};
    said[1] = {.first_block = 1, .first_capacity = 9, .next_run = 3, .full_blocks = 9, .last_block = 0, .row_count = 290};
    said[2] = {.first_block = 0xFFFFFFFFU, .first_capacity = 0, .next_run = 1, .full_blocks = 0xFFFFFFFFU, .last_block = 0xFFFFFFFFU, .row_count = 0xFFFFFFFFU};
    said[3] = {.first_block = 0, .first_capacity = 0, .next_run = 0, .full_blocks = 2, .last_block = 7, .row_count = 3};
    std::vector<std::byte> bytes(3 * layout.block_bytes);
    for (std::size_t block = 0; block < 2; ++block) layout.clear(bytes.data() + block * layout.block_bytes);
    for (std::uint32_t row = 0; row < 35; ++row) write_row(row, bytes.data() + row / 32 * layout.block_bytes, row % 32);
    inverted_lists lists;
    lists.adopt(4, layout, atlas::column(reinterpret_cast<const std::byte*>(said.data()), sizeof(list_version)),
                atlas::column(bytes.data(), layout.block_bytes), 2);
    CHECK(rows_of(lists, 0).size() == 35);
    std::size_t rows = 0;
    for (std::uint32_t list = 1; list < 4; ++list) {
      lists.for_each_row(lists.version(list), [&](const std::byte*, std::size_t, std::uint32_t) noexcept { ++rows; });
    }
    CHECK(rows == 2 + 0 + 64);
  }
}

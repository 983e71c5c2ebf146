// SPDX-License-Identifier: Apache-2.0
// tests/core/reader_epochs_test.cpp -- mirrors include/atlas/core/reader_epochs.hpp.
#include <atlas/core/reader_epochs.hpp>

#include "support/child_process.hpp"
#include "support/repetitions.hpp"
#include "support/threads.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <cstdint>
#include <optional>
#include <thread>
#include <vector>

using atlas::reader_epochs;

namespace {

/// Tries that a test of "it never passes" makes.
constexpr int often = 1000;

/// Whether the epoch stays where it is, however often it is asked to pass.
bool stays(reader_epochs& epochs) {
  const std::uint64_t before = epochs.now();
  for (int i = 0; i < often; ++i) epochs.try_advance();
  return epochs.now() == before;
}

}  // namespace

TEST_SUITE("core") {
  TEST_CASE("reader_epochs: without readers each try lets an epoch pass, and what was retired has been left at once") {
    reader_epochs epochs;
    const std::uint64_t first = epochs.now();
    epochs.try_advance();
    CHECK(epochs.now() == first + 1);
    epochs.try_advance();
    CHECK(epochs.now() == first + 2);
    CHECK(epochs.have_left(epochs.now()));
    for (std::uint64_t epoch = 0; epoch <= first; ++epoch) CHECK(epochs.have_left(epoch));
    CHECK_FALSE(epochs.have_left(epochs.now() + often));  // an epoch that is still to come
  }

  TEST_CASE("reader_epochs: a reader lets its own epoch pass and holds up the one after it") {
    reader_epochs epochs;
    for (const unsigned place : {0U, 1U, 31U, 32U, 33U, 1000U, ~0U}) {
      CAPTURE(place);
      for (int parity = 0; parity < 2; ++parity) {
        epochs.try_advance();
        const std::uint64_t entered = epochs.now();
        {
          const reader_epochs::reader reading(epochs, place);
          epochs.try_advance();
          CHECK(epochs.now() == entered + 1);
          CHECK(stays(epochs));
          CHECK_FALSE(epochs.have_left(entered));
          CHECK_FALSE(epochs.have_left(entered + 1));
          CHECK(epochs.have_left(entered - 1));
        }
        CHECK(epochs.have_left(entered));
      }
    }
  }

  TEST_CASE("reader_epochs: who enters later holds nothing that was retired before, and holds nobody up") {
    reader_epochs epochs;
    for (int round = 0; round < 10; ++round) {
      std::optional<reader_epochs::reader> early;
      early.emplace(epochs, 1U);
      const std::uint64_t retired = epochs.now();
      epochs.try_advance();
      std::optional<reader_epochs::reader> late;
      late.emplace(epochs, 2U);
      CHECK_FALSE(epochs.have_left(retired));
      early.reset();
      CHECK(epochs.have_left(retired));
      // The late one is in its turn a reader of what is retired from now on.
      CHECK_FALSE(epochs.have_left(epochs.now()));
      late.reset();
      CHECK(epochs.have_left(epochs.now() - 1));
    }
  }

  TEST_CASE("reader_epochs: of many readers, in the same place or in others, the last to leave counts") {
    reader_epochs epochs;
    for (const unsigned places : {1U, 3U, 2 * reader_epochs::places}) {
      CAPTURE(places);
      std::vector<std::optional<reader_epochs::reader>> readers(100);
      const std::uint64_t entered = epochs.now();
      for (unsigned i = 0; i < readers.size(); ++i) readers[i].emplace(epochs, i % places);
      for (std::size_t leaving = 0; leaving < readers.size(); ++leaving) {
        CHECK_FALSE(epochs.have_left(entered));
        readers[(leaving * 37) % readers.size()].reset();  // 37 and 100 have no common divisor: each once
      }
      CHECK(epochs.have_left(entered));
    }
  }

  TEST_CASE("reader_epochs: in a child that lost a reader nothing passes again, and readers come and go as before") {
    reader_epochs epochs;
    std::atomic<bool> is_inside{false};
    std::atomic<bool> may_leave{false};
    std::thread reading([&] {
      const reader_epochs::reader inside(epochs, 5);
      is_inside.store(true);
      while (!may_leave.load()) std::this_thread::yield();
    });
    while (!is_inside.load()) std::this_thread::yield();
    const std::uint64_t retired = epochs.now();
    const auto end = support::in_child([&] {
      for (int i = 0; i < often; ++i) {
        const reader_epochs::reader inside(epochs, static_cast<unsigned>(i));
        if (epochs.have_left(retired)) return 1;
      }
      return epochs.have_left(retired) ? 2 : 0;
    });
    CHECK(end.signal == 0);
    CHECK(end.code == 0);
    CHECK_FALSE(epochs.have_left(retired));
    may_leave.store(true);
    reading.join();
    CHECK(epochs.have_left(retired));
  }

  TEST_CASE("reader_epochs: have_left is never true while a reader that entered before is inside") {
    // Readers note the epoch of before they entered; whoever finds have_left true for it finds them gone.
    reader_epochs epochs;
    constexpr unsigned readers = 3;
    std::atomic<std::uint64_t> inside_since[readers] = {};  // 0: outside
    std::atomic<unsigned> reading{readers};
    std::atomic<std::uint64_t> passed{0};
    std::atomic<std::uint64_t> wrong{0};
    const std::size_t rounds = support::repetitions(400'000, 100'000, 50'000);
    support::together(readers + 2, [&](unsigned number) {
      if (number < readers) {
        for (std::size_t round = 0; round < rounds; ++round) {
          const reader_epochs::reader inside(epochs, number % 2);  // two of them share a place
          inside_since[number].store(epochs.now());
          if (round % 64 == number) std::this_thread::yield();  // inside for long
          inside_since[number].store(0);
        }
        reading.fetch_sub(1);
        return;
      }
      while (reading.load() != 0) {
        const std::uint64_t retired = epochs.now();
        // Whoever is inside now has entered at `retired` or before.
        std::uint64_t before[readers];
        for (unsigned i = 0; i < readers; ++i) before[i] = inside_since[i].load();
        for (int tries = 0; tries < 100 && !epochs.have_left(retired); ++tries) std::this_thread::yield();
        if (!epochs.have_left(retired)) continue;
        passed.fetch_add(1);
        for (unsigned i = 0; i < readers; ++i) {
          // The same number again means the same visit, or another that began in the same epoch, which is over as well.
          if (before[i] != 0 && before[i] <= retired && inside_since[i].load() == before[i]) wrong.fetch_add(1);
        }
      }
    });
    CHECK(wrong.load() == 0);
    CHECK(passed.load() > 0);
    CHECK(epochs.have_left(epochs.now() - 1));
  }

  TEST_CASE("reader_epochs: what a reader found is not written again before it leaves") {
    // One slot leads to one of a few values; the writer takes a value out of the slot, waits until it has been left, spoils
    // it and uses it again. The values are no atomics: a reader that still held one would be a race, and see it spoilt.
    struct value {
      std::uint64_t first = 0;
      std::uint64_t second = 0;
    };
    constexpr std::uint64_t spoilt = ~std::uint64_t{0};
    reader_epochs epochs;
    value values[4];
    std::atomic<value*> slot{&values[0]};
    std::atomic<bool> is_over{false};
    std::atomic<std::uint64_t> torn{0};
    std::atomic<std::uint64_t> read{0};
    const std::size_t rounds = support::repetitions(100'000, 40'000, 20'000);
    support::together(4, [&](unsigned number) {
      if (number == 0) {
        std::uint64_t retired_at[4] = {};
        for (std::size_t round = 1; round <= rounds; ++round) {
          const std::size_t next = round % 4;
          while (!epochs.have_left(retired_at[next])) std::this_thread::yield();
          values[next] = {spoilt, spoilt};
          values[next] = {round, round};
          slot.store(&values[next]);
          retired_at[(round + 3) % 4] = epochs.now();
        }
        is_over.store(true);
        return;
      }
      std::uint64_t newest = 0;
      do {
        const reader_epochs::reader inside(epochs, number);
        const value* found = slot.load();
        const std::uint64_t first = found->first;
        if (first % 16 == 0) std::this_thread::yield();
        if (first != found->second || first == spoilt || first < newest) torn.fetch_add(1);
        newest = first;
        read.fetch_add(1);
      } while (!is_over.load());
    });
    CHECK(torn.load() == 0);
    CHECK(read.load() >= 3);
  }
}

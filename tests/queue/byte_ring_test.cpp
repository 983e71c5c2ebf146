// SPDX-License-Identifier: Apache-2.0
// tests/queue/byte_ring_test.cpp -- mirrors include/atlas/queue/byte_ring.hpp and byte_ring_sides.hpp.
#include <atlas/queue/byte_ring.hpp>  // first, so that a missing include in it fails here

#include "support/error_line.hpp"
#include "support/threads.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <cstring>
#include <deque>
#include <random>
#include <string>
#include <vector>

TEST_SUITE("byte_ring") {
namespace {

using atlas::byte_ring;
using atlas::errc;
using atlas::span;

span<const std::byte> bytes_of(const std::string& text) { return {reinterpret_cast<const std::byte*>(text.data()), text.size()}; }
std::string text_of(span<const std::byte> bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

std::string numbered(std::uint64_t number, std::size_t length) {
  std::string text(length, static_cast<char>('a' + number % 26));
  if (length >= sizeof number) std::memcpy(text.data(), &number, sizeof number);
  return text;
}

}  // namespace

  TEST_CASE("create: refuses sizes that cannot be, and rounds the others up") {
    CHECK(support::failed_as(byte_ring<>::create(31), errc::invalid_argument));
    CHECK(support::failed_as(byte_ring<>::create((std::size_t{1} << 40) + 1), errc::limit_exceeded));
    auto ring = byte_ring<>::create(33).value();
    CHECK(ring.capacity_bytes() == 40);
    CHECK(ring.longest_record() == 16);
    CHECK(byte_ring<>::create(1 << 20).value().longest_record() == (1 << 19) - 8);
  }

  TEST_CASE("any sequence of calls does what a list of texts does; no record is refused where the bytes say that it fits") {
    for (const std::size_t capacity : {32U, 40U, 64U, 120U, 1000U}) {
      for (const std::uint64_t begin : {std::uint64_t{0}, ~std::uint64_t{0} - 63, (std::uint64_t{1} << 32) - 64}) {
        CAPTURE(capacity);
        CAPTURE(begin);
        auto ring = byte_ring<>::create_at(capacity, begin).value();
        std::deque<std::string> unread;
        std::size_t peeked = 0;      // records
        std::size_t kept_bytes = 0;  // of records that were not released
        std::mt19937_64 random(capacity + begin);
        for (int step = 0; step < 4000; ++step) {
          const std::size_t length = random() % (ring.longest_record() + 1);
          switch (random() % 5) {
            case 0:
            case 1: {
              const std::string text = numbered(static_cast<std::uint64_t>(step), length);
              const bool pushed = ring.try_push(bytes_of(text)).value();
              const std::size_t wanted = 8 + (length + 7) / 8 * 8;
              if (kept_bytes == 0) REQUIRE(pushed);
              if (kept_bytes + wanted > capacity) REQUIRE_FALSE(pushed);
              if (pushed) {
                unread.push_back(text);
                kept_bytes += wanted;
              }
              break;
            }
            case 2: {  // claimed for more than is committed, or given up
              std::byte* const room = ring.try_claim(length).value();
              if (room == nullptr) break;
              REQUIRE(reinterpret_cast<std::uintptr_t>(room) % 8 == 0);
              const std::size_t used = length == 0 ? 0 : random() % (length + 1);
              if (random() % 2 == 0) {
                ring.abort();
              } else {
                const std::string text = numbered(static_cast<std::uint64_t>(step), used);
                if (used != 0) std::memcpy(room, text.data(), used);
                ring.commit(used);
                unread.push_back(text);
                kept_bytes += 8 + (used + 7) / 8 * 8;
              }
              break;
            }
            case 3: {
              span<const std::byte> record;
              const bool found = ring.try_peek(record);
              REQUIRE(found == (peeked < unread.size()));
              if (found) REQUIRE(text_of(record) == unread[peeked++]);
              break;
            }
            default: {
              ring.release();
              for (; peeked != 0; --peeked) {
                kept_bytes -= 8 + (unread.front().size() + 7) / 8 * 8;
                unread.pop_front();
              }
              if (unread.empty()) REQUIRE(ring.size_bytes_approx() == 0);
            }
          }
        }
      }
    }
  }

  TEST_CASE("a record that never fits is refused, and says what would; closed is closed") {
    auto ring = byte_ring<>::create(64).value();
    const auto refused = ring.try_push(bytes_of(std::string(25, 'x')));
    REQUIRE(support::failed_as(refused, errc::limit_exceeded));
    CHECK(refused.error().found == 25);
    CHECK(ring.try_push(bytes_of(std::string(24, 'x'))).value());
    CHECK(ring.try_push(bytes_of(std::string(24, 'y'))).value());
    CHECK_FALSE(ring.try_push({}).value());
    CHECK(support::failed_as(ring.claim(1, 1), errc::timed_out));
    span<const std::byte> record;
    CHECK(ring.peek(record).ok());
    CHECK_FALSE(ring.try_push({}).value());  // not given back yet
    ring.close();
    ring.release();
    CHECK_FALSE(ring.try_push({}).value());
    CHECK(support::failed_as(ring.claim(1), errc::closed));
    CHECK(ring.peek(record).ok());
    CHECK(text_of(record) == std::string(24, 'y'));
    CHECK(support::failed_as(ring.peek(record), errc::closed));
  }

  TEST_CASE("two threads: every record arrives whole and in order, waiting or not") {
    for (const std::size_t capacity : {32U, 256U, 4096U}) {
      auto ring = byte_ring<>::create_at(capacity, ~std::uint64_t{0} - 7).value();
      constexpr std::uint64_t count = 20'000;
      std::uint64_t wrong = 0;
      support::together(2, [&](unsigned number) {
        std::mt19937_64 lengths(capacity);
        if (number == 0) {
          for (std::uint64_t i = 0; i < count; ++i) {
            const std::string text = numbered(i, lengths() % (ring.longest_record() + 1));
            std::byte* const room = ring.claim(text.size()).value();
            if (!text.empty()) std::memcpy(room, text.data(), text.size());
            ring.commit(text.size());
          }
          ring.close();
        } else {
          span<const std::byte> record;
          std::uint64_t i = 0;
          while (ring.peek(record).ok()) {
            do {  // all that are there, and then their room at once
              wrong += text_of(record) == numbered(i, lengths() % (ring.longest_record() + 1)) ? 0U : 1U;
              ++i;
            } while (i % 3 != 0 && ring.try_peek(record));
            ring.release();
          }
          wrong += i == count ? 0U : 1U;
        }
      });
      CHECK(wrong == 0);
    }
  }

  TEST_CASE("the sides believe nothing that cannot be: counts and lengths from anywhere") {
    std::mt19937_64 random(1);
    alignas(8) std::byte bytes[128];
    const auto scribble = [&] {
      for (std::size_t at = 0; at < sizeof bytes; at += 8) {
        const std::uint64_t words[] = {0, ~std::uint64_t{0}, random() % 40, random() % 40 * 2 + 1, random() % 80 * 2 + 1, random()};
        std::memcpy(bytes + at, &words[random() % 6], 8);
      }
    };
    std::size_t read = 0;
    std::size_t refused = 0;
    for (int round = 0; round < 20'000; ++round) {
      atlas::detail::byte_ring_counts counts;
      const atlas::detail::ring_place begin{random() % 3 * 8 - 16, random() % 16 * 8};
      counts.written.store_relaxed(begin.count);
      counts.taken.store_relaxed(begin.count);
      scribble();
      atlas::detail::byte_ring_reader reader(&counts, bytes, sizeof bytes, begin);
      span<const std::byte> record;
      std::size_t held = 0;
      for (int call = 0; call < 40; ++call) {
        const atlas::result<bool> found = random() % 2 == 0 && reader.peek_at_once(record) ? true : reader.peek(record);
        if (!found.ok()) {
          REQUIRE(found.error() == errc::corrupt_file);
          ++refused;
          break;
        }
        if (!*found) break;
        ++read;
        REQUIRE(record.data() >= bytes + 8);
        REQUIRE(record.data() + record.size() <= bytes + sizeof bytes);
        REQUIRE(++held <= 15);  // of 8 bytes each, and a nought
        if (random() % 8 == 0) {
          reader.release();
          held = 0;
        }
        if (random() % 8 == 0) scribble();
      }
      atlas::detail::byte_ring_writer writer(&counts, bytes, sizeof bytes, begin, begin.count);
      for (int call = 0; call < 24; ++call) {
        if (random() % 4 == 0) counts.taken.store_relaxed(random() % 2 == 0 ? random() : begin.count + random() % 8 * 8);
        const std::size_t length = random() % (writer.longest() + 1);
        if (random() % 2 == 0) {
          const std::byte noughts[sizeof bytes] = {};
          static_cast<void>(writer.push_at_once({noughts, length}));
          REQUIRE_FALSE(writer.is_claimed(0));
          continue;
        }
        const auto room = writer.claim(length);
        if (!room.ok()) break;
        if (*room == nullptr) continue;
        REQUIRE(*room >= bytes + 8);
        REQUIRE(*room + length <= bytes + sizeof bytes);
        if (random() % 4 != 0) writer.commit(random() % (length + 1));
      }
    }
    CHECK(read > 5'000);
    CHECK(refused > 5'000);
  }
}

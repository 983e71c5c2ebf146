// SPDX-License-Identifier: Apache-2.0
// tests/folder/change_lock_test.cpp -- mirrors folder/change_lock.hpp: others wait, the holder is told.
#include <atlas/folder/change_lock.hpp>

#include <doctest/doctest.h>

#include <thread>

TEST_SUITE("folder") {
  TEST_CASE("change_turn: the thread that holds it gets no second one, and keeps the first") {
    atlas::change_lock lock;
    for (int round = 0; round < 2; ++round) {
      const atlas::change_turn turn(lock);
      CHECK(turn.said().ok());
      {
        const atlas::change_turn second(lock);
        REQUIRE_FALSE(second.said().ok());
        CHECK(second.said().error() == atlas::errc::invalid_argument);
      }
      const atlas::change_turn third(lock);  // the second's end did not open what it did not hold
      CHECK_FALSE(third.said().ok());
    }
  }

  TEST_CASE("change_turn: other threads wait, one at a time") {
    atlas::change_lock lock;
    int count = 0;  // guarded by the lock
    const auto work = [&] {
      for (int i = 0; i < 10'000; ++i) {
        const atlas::change_turn turn(lock);
        if (turn.said().ok()) ++count;
      }
    };
    std::thread one(work);
    std::thread other(work);
    work();
    one.join();
    other.join();
    CHECK(count == 30'000);
  }
}

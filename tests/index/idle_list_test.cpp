// SPDX-License-Identifier: Apache-2.0
// tests/index/idle_list_test.cpp -- mirrors include/atlas/index/idle_list.hpp.
#include <atlas/index/idle_list.hpp>

#include "support/threads.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

TEST_SUITE("idle_list") {
namespace {

struct counted_object {
  static inline std::atomic<int> alive{0};
  counted_object() { alive.fetch_add(1); }
  ~counted_object() { alive.fetch_sub(1); }
  [[nodiscard]] std::uint64_t bytes() const { return 3; }
  std::atomic<bool> is_taken{true};
};
using list = atlas::detail::idle_list<counted_object>;

}  // namespace

  TEST_CASE("idle list: keeps what is given back up to its bound, hands it out again, and ends it") {
    {
      list idle;
      CHECK(idle.take() == nullptr);
      std::vector<counted_object*> made(list::most_idle + 3);
      for (counted_object*& one : made) one = new counted_object;
      for (counted_object* one : made) idle.give_back(one);
      CHECK(counted_object::alive == static_cast<int>(list::most_idle));
      CHECK(idle.bytes() == 3 * list::most_idle);
      counted_object* const again = idle.take();
      REQUIRE(again != nullptr);
      CHECK(idle.bytes() == 3 * (list::most_idle - 1));
      idle.give_back(again);
      CHECK(idle.bytes() == 3 * list::most_idle);
    }
    CHECK(counted_object::alive == 0);
  }

  TEST_CASE("idle list: an object belongs to one taker at a time") {
    {
      list idle;
      std::atomic<int> shared{0};
      support::together(4, [&](unsigned) {
        for (int i = 0; i < 2000; ++i) {
          counted_object* one = idle.take();
          if (one == nullptr) {
            one = new counted_object;
          } else if (one->is_taken.exchange(true)) {
            shared.fetch_add(1);
          }
          one->is_taken.store(false);
          idle.give_back(one);
        }
      });
      CHECK(shared == 0);
      CHECK(counted_object::alive <= 4);
    }
    CHECK(counted_object::alive == 0);
  }
}

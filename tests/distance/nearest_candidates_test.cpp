// tests/distance/nearest_candidates_test.cpp -- mirrors include/atlas/distance/nearest_candidates.hpp.
#include <atlas/distance/nearest_candidates.hpp>

#include "support/threads.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <vector>

TEST_SUITE("distance") {
  TEST_CASE("select_place: what sorting would put there, nothing less behind it") {
    const auto less = [](float left, float right) { return left < right; };
    for (const std::size_t count : {1U, 2U, 3U, 4U, 10U, 84U, 1000U}) {
      for (const int limit : {0, 1, 5, 100000}) {
        auto random = support::random_integers(count, count, limit);
        auto rising = random;
        std::sort(rising.begin(), rising.end());
        auto falling = rising;
        std::reverse(falling.begin(), falling.end());
        for (const auto& given : {random, rising, falling}) {
          for (std::size_t place = 0; place < count; place += count / 10 + 1) {
            auto items = given;
            atlas::detail::select_place(items.data(), count, place, less);
            CHECK(items[place] == rising[place]);
            CHECK(std::all_of(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(place), [&](float each) { return each <= items[place]; }));
            CHECK(std::all_of(items.begin() + static_cast<std::ptrdiff_t>(place), items.end(), [&](float each) { return each >= items[place]; }));
            std::sort(items.begin(), items.end());
            CHECK(items == rising);
          }
        }
      }
    }
  }

  TEST_CASE("shared_limit: only falls, whoever lowers it") {
    atlas::detail::shared_limit limit;
    CHECK(limit.get() == std::numeric_limits<float>::infinity());
    support::together(4, [&](unsigned number) {
      for (int i = 1000; i >= 0; --i) limit.lower_to(static_cast<float>(i) + static_cast<float>(number) * 0.25F);
    });
    CHECK(limit.get() == 0.0F);
    limit.lower_to(1.0F);
    CHECK(limit.get() == 0.0F);
  }

  TEST_CASE("prune: keeps what may be among the nearest, and no row that lies behind k others") {
    atlas::detail::candidate_row memory[8];
    atlas::detail::candidate_rows list{.rows = memory};
    atlas::detail::shared_limit limit;
    const float none = limit.get();
    list.add(1, 2, 10, none);
    list.add(1.5F, 4, 11, none);
    list.add(3, 3.5F, 12, none);
    list.add(2, 2, 13, none);
    list.add(std::numeric_limits<float>::quiet_NaN(), 1, 14, none);  // no distance
    CHECK(list.count == 4);
    list.prune(2, limit);
    CHECK(limit.get() == 2.0F);
    CHECK(list.count == 3);  // row 12 begins behind rows 10 and 13
    CHECK(std::none_of(memory, memory + 3, [](const auto& each) { return each.row == 12; }));
    list.add(2.5F, 9, 15, limit.get());
    CHECK(list.count == 3);
  }

  TEST_CASE("settle: distances in place of bounds, of equal ones the lower rows") {
    atlas::detail::candidate_row memory[8];
    atlas::detail::candidate_rows list{.rows = memory};
    atlas::detail::shared_limit limit;
    for (const std::uint32_t row : {9U, 4U, 6U, 5U, 3U}) list.add(0, 10, row, limit.get());
    std::uint32_t ids[8];
    float out[8];
    std::size_t asked = 0;
    list.settle(2, limit, [&](const std::uint32_t* rows, std::size_t count, float* to) {
      asked = count;
      for (std::size_t i = 0; i < count; ++i) to[i] = rows[i] == 3 ? std::numeric_limits<float>::quiet_NaN() : rows[i] == 9 ? 8.0F : 7.0F;
    }, ids, out);
    CHECK(asked == 5);
    CHECK(list.measured == 5);
    REQUIRE(list.count == 2);
    std::vector<std::uint32_t> left{memory[0].row, memory[1].row};
    std::sort(left.begin(), left.end());
    CHECK(left == std::vector<std::uint32_t>{4, 5});
    CHECK(memory[0].is_exact());
    CHECK(limit.get() == 7.0F);
    CHECK(list.kth == atlas::neighbour{7.0F, 5});
    list.add_measured(7.0F, 6, limit.get());  // as near, but a higher row
    CHECK(list.count == 2);
    list.add_measured(7.0F, 2, limit.get());
    CHECK(list.count == 3);
  }
}

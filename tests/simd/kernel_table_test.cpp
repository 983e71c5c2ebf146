// SPDX-License-Identifier: Apache-2.0
// tests/simd/kernel_table_test.cpp -- mirrors include/atlas/simd/kernel_table.hpp.
#include <atlas/simd/kernel_table.hpp>

#include <doctest/doctest.h>

#include <thread>
#include <vector>

TEST_SUITE("simd") {
  TEST_CASE("kernels: gives one table, the same to every thread that asks first") {
    atlas::store_relaxed(&atlas::kernel_home::chosen, static_cast<const atlas::kernel_table*>(nullptr));
    std::vector<const atlas::kernel_table*> seen(8);
    std::vector<std::thread> threads;
    for (const atlas::kernel_table*& mine : seen) threads.emplace_back([&mine] { mine = &atlas::kernels(); });
    for (std::thread& thread : threads) thread.join();
    for (const atlas::kernel_table* table : seen) CHECK(table == &atlas::kernels());
  }
}

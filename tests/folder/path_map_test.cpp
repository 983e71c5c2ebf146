// SPDX-License-Identifier: Apache-2.0
// tests/folder/path_map_test.cpp -- mirrors include/atlas/folder/path_map.hpp.
#include <atlas/folder/path_map.hpp>

#include <doctest/doctest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

TEST_SUITE("folder") {
  TEST_CASE("path_map: finds the last number put in for each path, as a std::map does") {
    std::mt19937 random(5);
    std::vector<std::string> paths;
    std::map<std::string, std::uint32_t> model;
    atlas::path_map map;
    const auto path_of = [&](std::uint32_t number) { return atlas::text_view(paths[number]); };
    CHECK(map.find("anything", path_of) == atlas::path_map::none);
    for (std::uint32_t i = 0; i < 5000; ++i) {
      paths.push_back("folder/" + std::to_string(random() % 2000) + ".txt");
      model[paths.back()] = i;
      REQUIRE(map.put(i, path_of).ok());
    }
    for (const auto& [path, number] : model) CHECK(map.find(path, path_of) == number);
    for (int i = 2000; i < 2100; ++i) {
      CHECK(map.find("folder/" + std::to_string(i) + ".txt", path_of) == atlas::path_map::none);
    }
    CHECK(map.find("", path_of) == atlas::path_map::none);
  }
}

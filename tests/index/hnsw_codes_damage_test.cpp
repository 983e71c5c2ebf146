// SPDX-License-Identifier: Apache-2.0
// tests/index/hnsw_codes_damage_test.cpp -- mirrors include/atlas/index/hnsw_engine.hpp: files with codes that are damaged or
// lie. What is no index of any sort is refused; all else is answered, at the true distances of the vectors.
#include <atlas/index/hnsw_engine.hpp>

#include "support/coded_graphs.hpp"
#include "support/error_line.hpp"
#include "support/graphs.hpp"
#include "support/index_cases.hpp"
#include "support/index_exercise.hpp"
#include "support/memory_folder.hpp"
#include "support/patched_file.hpp"
#include "support/repetitions.hpp"
#include "support/stored_numbers.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

using atlas::errc;
using atlas::metric;
using atlas::open_mode;
using atlas::scalar;
using atlas::traversal_codes;
using support::coded;
using support::failed_as;
using support::file_of;
using support::graph_of;
using support::judge;
using support::says_both;
using support::codes_offset;
using support::wanted_offset;
using support::prefetch_offset;
using support::from_offset;
using support::alpha_offset;
using support::codes_section;
using support::centre_section;

TEST_SUITE("index") {
namespace {

constexpr std::size_t dimension = support::coded_dimension;

}  // namespace

  TEST_CASE("open: parameters of codes that no index has are refused with both values, and the others lead to answers") {
    const support::memory_folder folder;
    const auto vectors = support::random_vector(1, 40 * dimension);
    const std::string good = file_of(graph_of(vectors, coded(traversal_codes::lvq8)), folder);
    const std::string without = file_of(graph_of(vectors, coded(traversal_codes::none)), folder);
    auto later = coded(traversal_codes::lvq8);
    later.codes_from = 100;
    const std::string too_few = file_of(graph_of(vectors, later), folder);
    // Of 128 components, of which each code takes other bytes.
    const std::string wide = file_of(graph_of(support::random_vector(3, 40 * 128), coded(traversal_codes::lvq8, metric::l2sq, scalar::f32, 128)), folder);
    struct lie {
      const std::string* file;
      std::size_t offset;
      std::uint64_t value;
      std::size_t width;
    };
    const lie lies[] = {
        {&good, codes_offset, 5, 1},      {&good, codes_offset, 255, 1},  {&good, codes_offset, 4, 1},   // no kind; another than wanted
        {&good, codes_offset, 0, 1},      {&good, codes_offset, 1, 1},                                    // none, for 40 rows of 16
        {&good, wanted_offset, 5, 1},     {&good, wanted_offset, 255, 1}, {&good, wanted_offset, 4, 1},
        {&good, wanted_offset, 0, 1},     {&good, from_offset, 0, 4},
        {&wide, codes_offset, 0x0404, 2}, {&wide, codes_offset, 0x0101, 2}, {&wide, codes_offset, 0x0202, 2},  // codes of another stride
        {&without, codes_offset, 3, 1},   {&without, codes_offset, 0x0303, 2},  // no such section
        {&without, wanted_offset, 3, 1},                                        // begin at 16 rows
        {&too_few, from_offset, 40, 4},   {&too_few, from_offset, 1, 4},        // 40 rows without codes
        {&too_few, from_offset, 0, 4},    {&too_few, codes_offset, 3, 1},
        {&good, from_offset + 8, 5, 4},   {&good, from_offset + 8, 0xFFFFFFFF, 4},  // blocks of neighbours
    };
    for (const lie& one : lies) {
      CAPTURE(one.offset);
      CAPTURE(one.value);
      std::string file = *one.file;
      support::put_number(file, one.offset, one.value, one.width);
      support::seal(file);
      const std::string path = folder.write("lie", file);
      for (const open_mode mode : {open_mode::read, open_mode::change}) {
        const auto opened = atlas::hnsw<float>::open(path.c_str(), {.mode = mode});
        CHECK(failed_as(opened, errc::corrupt_file));
        CHECK(says_both(opened));
      }
    }
    // Where nothing has to fit, any value will do.
    const lie harmless[] = {{&good, alpha_offset, 0, 4},          {&good, alpha_offset, 0x7FC00000, 4}, {&good, alpha_offset, 0x7F800000, 4},
                            {&good, alpha_offset, 0xBF800000, 4}, {&good, alpha_offset, 0x3F7FFFFF, 4}, {&good, alpha_offset, 0x40000001, 4},
                            {&good, alpha_offset, 0x40000000, 4}, {&good, prefetch_offset, 1, 2},       {&good, prefetch_offset, 0xFFFF, 2},
                            {&good, codes_offset, 0x0404, 2},     {&good, codes_offset, 0x0101, 2},     // other codes of the same bytes
                            {&good, from_offset, 1, 4},           {&good, from_offset, 0xFFFFFFFF, 4},
                            {&too_few, from_offset, 41, 4},       {&too_few, from_offset, 0xFFFFFFFF, 4}, {&too_few, wanted_offset, 0, 1}};
    for (const lie& one : harmless) {
      CAPTURE(one.offset);
      CAPTURE(one.value);
      std::string file = *one.file;
      support::put_number(file, one.offset, one.value, one.width);
      support::seal(file);
      const std::string path = folder.write("odd", file);
      REQUIRE(support::exercise_file(path.c_str(), folder.path("saved").c_str()));
      const auto opened = atlas::hnsw<float>::open(path.c_str()).value();
      const support::judgement said = judge(opened, vectors, support::random_vector(2, 10 * dimension), 5);
      if (one.offset != codes_offset) CHECK(said.recall >= 0.96);
      CHECK(said.are_distances_right);
      // An alpha that is none counts as 1, and is saved as that.
      const std::uint64_t saved_alpha = support::number_at(file_of(opened, folder), alpha_offset, 4);
      CHECK(saved_alpha == (one.offset == alpha_offset && one.value == 0x40000000 ? 0x40000000U : 0x3F800000U));
    }
  }

  TEST_CASE("open: sections of codes that are missing, of other elements or another length are refused") {
    const support::memory_folder folder;
    for (const traversal_codes codes : support::real_codes) {
      const std::string good = file_of(graph_of(support::random_vector(1, 40 * dimension), coded(codes)), folder);
      for (const std::uint32_t id : {codes_section, centre_section}) {
        CAPTURE(id);
        support::each_lie_about(good, id, [&](const std::string& file) {
          const std::string path = folder.write("lie", file);
          for (const open_mode mode : {open_mode::read, open_mode::change}) {
            const auto opened = atlas::hnsw<float>::open(path.c_str(), {.mode = mode});
            CHECK(failed_as(opened, errc::corrupt_file));
            CHECK(says_both(opened));
          }
        });
      }
    }
  }

  TEST_CASE("open: a centre that is no number is refused") {
    const support::memory_folder folder;
    for (const traversal_codes codes : support::real_codes) {
      const std::string good = file_of(graph_of(support::random_vector(1, 40 * dimension), coded(codes)), folder);
      const std::size_t offset = support::section_of(good, centre_section).offset;
      for (const std::size_t component : {std::size_t{0}, dimension / 2, dimension - 1}) {
        for (const std::uint64_t bits : {0x7FC00000U, 0x7F800001U, 0x7F800000U, 0xFF800000U}) {
          std::string file = good;
          support::put_number(file, offset + component * 4, bits, 4);
          const std::string path = folder.write("lie", file);
          for (const open_mode mode : {open_mode::read, open_mode::change}) {
            const auto opened = atlas::hnsw<float>::open(path.c_str(), {.mode = mode});
            CHECK(failed_as(opened, errc::corrupt_file));
            CHECK(says_both(opened));
          }
        }
        for (const float value : {3.4e38F, -3.4e38F, 1e-45F, 0.0F}) {  // numbers, of whatever size
          std::string file = good;
          std::memcpy(file.data() + offset + component * 4, &value, 4);
          CHECK(support::exercise_file(folder.write("odd", file).c_str(), folder.path("saved").c_str()));
        }
      }
    }
  }

  TEST_CASE("open: a coded file with any byte of its header changed and sealed is refused or well behaved") {
    const support::memory_folder folder;
    for (const scalar stored : {scalar::f32, scalar::u8}) {
      const auto numbers = support::storable_numbers(stored, 1, 40 * dimension);
      const support::patched_file file(folder, file_of(graph_of(numbers, coded(traversal_codes::lvq4, metric::cosine, stored)), folder));
      const std::size_t table_end = 1024 + support::header_of(file.content()).section_count * 64U;
      std::size_t opened = 0;
      for (std::size_t at = 8; at < table_end; ++at) {
        if (at >= 120 && at < 1024) continue;  // bytes that mean nothing yet
        const std::size_t step = stored == scalar::f32 ? support::repetitions(1, 1, 7) : support::repetitions(3, 17, 17);
        if (at % step != 0 && (at < 20 || at > 120)) continue;
        CAPTURE(at);
        std::string page = file.header();
        page[at] = static_cast<char>(page[at] ^ (at % 3 == 0 ? 0x01 : at % 3 == 1 ? 0x80 : 0xFF));
        file.put_sealed(page);
        if (support::exercise_file(file.path())) ++opened;
      }
      CHECK(opened > 0);
    }
  }

  TEST_CASE("any bytes in codes and centre: every call comes back, well formed") {
    const support::memory_folder folder;
    for (const metric which : support::float_metrics) {
      for (const traversal_codes codes : support::real_codes) {
        const auto vectors = support::random_vector(1, 40 * dimension);
        const support::patched_file file(folder, file_of(graph_of(vectors, coded(codes, which)), folder));
        const std::string save_path = folder.path("saved");
        std::mt19937_64 draw(static_cast<unsigned>(which));
        for (const std::uint32_t id : {codes_section, centre_section}) {
          const atlas::section_entry section = support::section_of(file.content(), id);
          const std::size_t length = section.length_bytes;
          std::vector<std::string> fillings;
          for (const int byte : {0x00, 0x01, 0x7F, 0x80, 0xFF}) fillings.emplace_back(length, static_cast<char>(byte));
          for (std::size_t round = 0; round < support::repetitions(8, 2, 1); ++round) {
            std::string random(length, '\0');
            for (char& byte : random) byte = static_cast<char>(draw());
            fillings.push_back(random);
            std::string near = file.content().substr(section.offset, length);
            for (std::size_t flips = 0; flips < 1 + length / 50; ++flips) near[draw() % length] = static_cast<char>(draw());
            fillings.push_back(near);
          }
          for (const float value : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), -3e38F, 3e38F, 1e-40F}) {
            std::string floats(length, '\0');
            for (std::size_t word = 0; word + 4 <= length; word += 4) std::memcpy(floats.data() + word, &value, 4);
            fillings.push_back(floats);
            // In some of the rows only, and beside good numbers.
            std::string some = file.content().substr(section.offset, length);
            for (std::size_t word = 0; word + 4 <= length; word += 4 * (1 + draw() % 40)) std::memcpy(some.data() + word, &value, 4);
            fillings.push_back(some);
          }
          std::size_t refused = 0;
          for (std::size_t i = 0; i < fillings.size(); i += support::repetitions(1, 1, 3)) {
            file.put(section.offset, fillings[i]);
            const bool is_open = support::exercise_file(file.path(), i % 4 == 1 ? save_path.c_str() : nullptr, 2);
            refused += is_open ? 0U : 1U;
            CHECK((is_open || id == centre_section));
            if (!is_open) continue;
            // What is answered is answered at its true distance.
            const auto opened = atlas::hnsw<float>::open(file.path()).value();
            CHECK(judge(opened, vectors, support::random_vector(2, 3 * dimension), 5).are_distances_right);
          }
          CHECK((refused > 0) == (id == centre_section));
          file.restore(section.offset, length);
        }
      }
    }
  }

  TEST_CASE("any bytes in a stored scalar's vectors: every call comes back, well formed") {
    const support::memory_folder folder;
    std::mt19937_64 draw(1);
    for (const scalar stored : support::row_scalars) {
      const auto numbers = support::storable_numbers(stored, 1, 40 * dimension);
      for (const metric which : support::float_metrics) {
        const support::patched_file file(folder, file_of(graph_of(numbers, coded(traversal_codes::lvq8, which, stored)), folder));
        const atlas::section_entry section = support::section_of(file.content(), 0x100);
        for (std::size_t round = 0; round < support::repetitions(6, 2, 1); ++round) {
          std::string random(section.length_bytes, '\0');
          for (char& byte : random) byte = static_cast<char>(round == 0 ? 0xFF : draw());
          file.put(section.offset, random);
          CHECK(support::exercise_file(file.path(), folder.path("saved").c_str(), 2));
        }
      }
    }
  }
}

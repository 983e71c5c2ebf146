// SPDX-License-Identifier: Apache-2.0
// tests/index/basic_index_damage_test.cpp -- mirrors include/atlas/index/basic_index.hpp: files that are damaged or lie.
// A damaged header is refused; whatever lies behind a header that agrees with itself gives wrong answers at worst.
#include <atlas/index/basic_index.hpp>

#include "support/error_line.hpp"
#include "support/index_answers.hpp"
#include "support/index_bytes.hpp"
#include "support/index_cases.hpp"
#include "support/index_exercise.hpp"
#include "support/memory_folder.hpp"
#include "support/patched_file.hpp"
#include "support/repetitions.hpp"
#include "support/scratch_folder.hpp"

#include <doctest/doctest.h>

#include <unistd.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

using atlas::errc;
using atlas::open_mode;
using support::failed_as;
using support::header_of;
using support::patched_file;
using support::says_both;

TEST_SUITE("index") {
namespace {

/// A saved index of 40 rows, some removed. hnsw: connectivity 2, so that there are many levels and full lists.
template <class Case>
std::string small_file(const support::memory_folder& folder, atlas::metric metric, std::size_t dimension = 8) {
  const auto fill = [&](auto index) {
    const auto vectors = support::random_integers(1, 40 * dimension, 4);
    index.upsert(support::keys_from(10, 40), atlas::dense(vectors.data(), 40, dimension)).value();
    for (const std::uint64_t key : {10U, 20U, 49U}) index.remove(key).value();
    index.save(folder.path("good").c_str()).value();
  };
  if (Case::kind == atlas::file_kind::flat) {
    fill(atlas::flat<float>::create({.dimension = dimension, .metric = metric}).value());
  } else if (Case::kind == atlas::file_kind::ivf_pq) {
    fill(atlas::ivf_pq<float>::create(support::exact_ivf_options(dimension, metric)).value());
  } else {
    fill(atlas::hnsw<float>::create({.dimension = dimension, .metric = metric, .connectivity = 2, .build_width = 10, .search_width = 10}).value());
  }
  return support::read_whole(folder.path("good"));
}

template <class Case>
void check_refused(const patched_file& file, errc code) {
  for (const open_mode mode : {open_mode::read, open_mode::change}) {
    const auto opened = Case::open(file.path(), mode);
    CHECK(failed_as(opened, code));
    CHECK(says_both(opened));
  }
}

}  // namespace

  TEST_CASE_TEMPLATE("open: a flipped byte anywhere in the header is a clean error", Case, ATLAS_EACH_KIND) {
    const support::memory_folder folder;
    const patched_file file(folder, small_file<Case>(folder, atlas::metric::cosine));
    for (std::size_t at = 0; at < 4096; ++at) {
      CAPTURE(at);
      file.put(at, std::string(1, static_cast<char>(file.content()[at] ^ (at % 2 == 0 ? 0x01 : 0x80))));
      const auto opened = Case::open(file.path());
      REQUIRE_FALSE(opened.ok());
      const errc code = opened.error().code;
      if (at < 8) {
        CHECK(code == errc::not_atlas_file);
      } else if (at >= 12 && at < 14) {
        CHECK(code == errc::unsupported_version);
      } else {
        CHECK(code == errc::corrupt_file);
      }
      CHECK(says_both(opened));
      CHECK_FALSE(atlas::any_index::open(file.path()).ok());
      file.restore(at, 1);
    }
    CHECK(Case::open(file.path()).ok());
  }

  TEST_CASE_TEMPLATE("open: a file cut short anywhere in the header, or later, is a clean error", Case, ATLAS_EACH_KIND) {
    const support::memory_folder folder;
    const patched_file file(folder, small_file<Case>(folder, atlas::metric::cosine));
    std::vector<std::size_t> lengths;
    const std::size_t size = file.content().size();
    for (const std::size_t length : {size - 1, size - 64, size / 2, std::size_t{65'536}, std::size_t{65'535}, std::size_t{4097}}) lengths.push_back(length);
    for (std::size_t length = 4097; length-- > 0;) lengths.push_back(length);
    for (const std::size_t length : lengths) {
      CAPTURE(length);
      REQUIRE(::truncate(file.path(), static_cast<off_t>(length)) == 0);
      const auto opened = Case::open(file.path(), length % 2 == 0 ? open_mode::read : open_mode::change);
      REQUIRE_FALSE(opened.ok());
      CHECK(opened.error() == errc::corrupt_file);
      CHECK(says_both(opened));
    }
    // And one byte more than there should be.
    const patched_file longer(folder, file.content() + "x");
    check_refused<Case>(longer, errc::corrupt_file);
  }

  TEST_CASE_TEMPLATE("open: numbers of a header that no index has are refused with both values", Case, ATLAS_EACH_INDEX) {
    const support::memory_folder folder;
    const patched_file file(folder, small_file<Case>(folder, atlas::metric::cosine));
    struct lie {
      std::size_t offset;
      std::uint64_t value;
      std::size_t width;
      errc code;
    };
    const lie lies[] = {
        {20, 0, 2, errc::kind_mismatch},
        {20, 4, 2, errc::kind_mismatch},
        {20, 0xFFFF, 2, errc::kind_mismatch},
        {22, 5, 1, errc::scalar_mismatch},
        {22, 6, 1, errc::scalar_mismatch},
        {22, 255, 1, errc::scalar_mismatch},
        {23, 3, 1, errc::metric_mismatch},
        {23, 255, 1, errc::metric_mismatch},
        {24, 0, 4, errc::corrupt_file},          // dimension
        {24, 65'536, 4, errc::corrupt_file},
        {24, 0xFFFFFFFF, 4, errc::corrupt_file},
        {24, 17, 4, errc::corrupt_file},         // another stride
        {32, 41, 8, errc::corrupt_file},         // count above rows
        {32, ~std::uint64_t{0}, 8, errc::corrupt_file},
        {40, 39, 8, errc::corrupt_file},         // rows
        {40, 41, 8, errc::corrupt_file},
        {40, 0, 8, errc::corrupt_file},
        {40, 0xFFFFFFFF, 8, errc::corrupt_file},
        {40, ~std::uint64_t{0}, 8, errc::corrupt_file},
        {40, (std::uint64_t{1} << 32) + 40, 8, errc::corrupt_file},
        {40, (std::uint64_t{1} << 58) + 40, 8, errc::corrupt_file},  // its product with 64 comes out as 40 rows'
        {64, 0, 4, errc::corrupt_file},          // row stride
        {64, 128, 4, errc::corrupt_file},
    };
    for (const lie& one : lies) {
      CAPTURE(one.offset);
      CAPTURE(one.value);
      std::string page = file.header();
      support::put_number(page, one.offset, one.value, one.width);
      file.put_sealed(page);
      check_refused<Case>(file, one.code);
    }
    file.restore(0, 4096);
    CHECK(Case::open(file.path()).ok());
  }

  TEST_CASE("open: parameters of a graph that no graph has are refused with both values") {
    const support::memory_folder folder;
    using support::hnsw_case;
    const patched_file file(folder, small_file<hnsw_case>(folder, atlas::metric::l2sq));
    struct lie {
      std::size_t offset;
      std::uint64_t value;
      std::size_t width;
    };
    const lie lies[] = {
        {68, 0, 4}, {68, 1, 4}, {68, 3, 4}, {68, 513, 4}, {68, 0xFFFFFFFF, 4}, {68, 0x80000002, 4},  // connectivity
        {72, 0, 4}, {72, 65'537, 4}, {72, 0xFFFFFFFF, 4},                                         // build width
        {76, 0, 4}, {76, 65'537, 4}, {76, 0xFFFFFFFF, 4},                                         // search width
        {88, 40, 4}, {88, 0xFFFFFFFE, 4},                                                         // entry row
        {96, 0, 8}, {96, 0xFFFFFFFF, 8}, {96, ~std::uint64_t{0}, 8}, {96, std::uint64_t{1} << 61, 8}};  // upper blocks
    for (const lie& one : lies) {
      CAPTURE(one.offset);
      CAPTURE(one.value);
      std::string page = file.header();
      support::put_number(page, one.offset, one.value, one.width);
      file.put_sealed(page);
      check_refused<hnsw_case>(file, errc::corrupt_file);
    }
  }

  TEST_CASE("open: an entry point that may be, but is not the graph's, leads to answers or to none") {
    const support::memory_folder folder;
    const patched_file file(folder, small_file<support::hnsw_case>(folder, atlas::metric::l2sq));
    for (const std::uint64_t row : {0U, 1U, 20U, 36U, 0xFFFFFFFFU}) {
      for (const std::uint64_t level : {0U, 1U, 31U, 32U, 33U, 255U, 0x7FFFFFFFU, 0xFFFFFFFFU}) {
        std::string page = file.header();
        support::put_number(page, 88, row, 4);
        support::put_number(page, 92, level, 4);
        file.put_sealed(page);
        CHECK(support::exercise_file(file.path()));
      }
    }
  }

  TEST_CASE_TEMPLATE("open: a header with one byte changed and its checksum made right is refused or well behaved", Case, ATLAS_EACH_KIND) {
    const support::memory_folder folder;
    const patched_file file(folder, small_file<Case>(folder, atlas::metric::cosine));
    const std::size_t table_end = 1024 + header_of(file.content()).section_count * 64U;
    constexpr int flip_values[] = {0x01, 0x80, 0xFF};
    std::size_t opened = 0;
    for (std::size_t at = 8; at < table_end; ++at) {
      if (at >= 120 && at < 1024) continue;  // bytes that mean nothing yet
      if (at >= 1024 && at % support::repetitions(1, 1, 5) != 0) continue;
      CAPTURE(at);
      const std::size_t flips = support::repetitions(3, 1, 1);
      for (std::size_t which = 0; which < flips; ++which) {
        const int flip = flip_values[(at + which) % 3];
        std::string page = file.header();
        page[at] = static_cast<char>(page[at] ^ flip);
        file.put_sealed(page);
        if (support::exercise_file(file.path())) ++opened;
      }
    }
    CHECK(opened > 0);  // a checksum in the section table, for one
  }

  TEST_CASE_TEMPLATE("open: a section that is missing, of other elements or of another length is refused", Case, ATLAS_EACH_INDEX) {
    const support::memory_folder folder;
    const patched_file file(folder, small_file<Case>(folder, atlas::metric::l2sq));
    const atlas::file_header header = header_of(file.content());
    CHECK(header.section_count == (Case::kind == atlas::file_kind::flat ? 4 : Case::kind == atlas::file_kind::hnsw ? 8 : 10));
    for (std::uint32_t i = 0; i < header.section_count; ++i) {
      const atlas::section_entry& entry = header.sections[i];
      CAPTURE(entry.id);
      const std::size_t at = 1024 + i * 64;
      std::string page = file.header();
      support::put_number(page, at, 0x999, 4);  // called something else, and optional
      support::put_number(page, at + 4, 0, 4);
      file.put_sealed(page);
      check_refused<Case>(file, errc::corrupt_file);

      page = file.header();
      support::put_number(page, at, 0x999, 4);  // something else that is required
      file.put_sealed(page);
      check_refused<Case>(file, errc::unsupported_version);

      page = file.header();
      support::put_number(page, at + 16, entry.length_bytes - entry.element_bytes, 8);
      file.put_sealed(page);
      check_refused<Case>(file, errc::corrupt_file);

      if (i + 1 < header.section_count) {  // into the padding behind it
        page = file.header();
        support::put_number(page, at + 16, entry.length_bytes + entry.element_bytes, 8);
        file.put_sealed(page);
        check_refused<Case>(file, errc::corrupt_file);
      }
      page = file.header();
      support::put_number(page, at + 16, 0, 8);
      file.put_sealed(page);
      if (entry.id == 0x103) {  // an index may have no key map: it then knows no key
        CHECK(support::exercise_file(file.path()));
      } else {
        check_refused<Case>(file, errc::corrupt_file);
      }
      if (entry.id != 0x103 && entry.element_bytes != 1) {
        page = file.header();
        support::put_number(page, at + 24, 1, 4);
        file.put_sealed(page);
        check_refused<Case>(file, errc::corrupt_file);
      }
    }
  }

  TEST_CASE_TEMPLATE("any bytes in any section: every call comes back, well formed", Case, ATLAS_EACH_KIND) {
    const support::memory_folder folder;
    for (const atlas::metric metric : support::float_metrics) {
      const patched_file file(folder, small_file<Case>(folder, metric));
      const atlas::file_header header = header_of(file.content());
      const std::string save_path = folder.path("saved");
      std::mt19937_64 draw(static_cast<unsigned>(metric));
      const std::size_t rounds = support::repetitions(6, 2, 1);
      for (std::uint32_t i = 0; i < header.section_count; ++i) {
        const std::size_t offset = header.sections[i].offset;
        const std::size_t length = header.sections[i].length_bytes;
        CAPTURE(header.sections[i].id);
        std::vector<std::string> fillings;
        for (const int byte : {0x00, 0x01, 0x7F, 0xFE, 0xFF}) fillings.emplace_back(length, static_cast<char>(byte));
        for (std::size_t round = 0; round < rounds; ++round) {
          std::string random(length, '\0');
          for (char& byte : random) byte = static_cast<char>(draw());
          fillings.push_back(random);
          // Numbers around those of rows, so that most are believed.
          for (std::size_t word = 0; word + 4 <= length; word += 4) support::put_number(random, word, draw() % 44, 4);
          fillings.push_back(random);
          // The right bytes, a few of them changed.
          std::string near = file.content().substr(offset, length);
          for (std::size_t flips = 0; flips < 1 + length / 50; ++flips) near[draw() % length] = static_cast<char>(draw());
          fillings.push_back(near);
        }
        for (const float value : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), 3e38F, 1e-40F}) {
          std::string floats(length, '\0');
          for (std::size_t word = 0; word + 4 <= length; word += 4) std::memcpy(floats.data() + word, &value, 4);
          fillings.push_back(floats);
        }
        for (std::size_t which = 0; which < fillings.size(); which += support::repetitions(1, 1, 3)) {
          file.put(offset, fillings[which]);
          CHECK(support::exercise_file(file.path(), which % 4 == 1 ? save_path.c_str() : nullptr, 2));
        }
        file.restore(offset, length);
      }
      // All of them at once.
      for (int round = 0; round < 10; ++round) {
        for (std::uint32_t i = 0; i < header.section_count; ++i) {
          std::string random(header.sections[i].length_bytes, '\0');
          for (std::size_t word = 0; word + 4 <= random.size(); word += 4) {
            support::put_number(random, word, round % 2 == 0 ? draw() : draw() % 50, 4);
          }
          file.put(header.sections[i].offset, random);
        }
        CHECK(support::exercise_file(file.path(), save_path.c_str(), 2));
      }
    }
  }

  TEST_CASE("a graph in which a row is its own neighbour, or all are each other's, is walked once") {
    const support::memory_folder folder;
    const patched_file file(folder, small_file<support::hnsw_case>(folder, atlas::metric::l2sq));
    const atlas::file_header header = header_of(file.content());
    const atlas::section_entry* links = nullptr;
    for (const atlas::section_entry& entry : header.sections) {
      if (entry.id == 0x110) links = &entry;
    }
    REQUIRE(links != nullptr);
    std::string own(links->length_bytes, '\0');
    std::string next(links->length_bytes, '\0');
    for (std::size_t word = 0; word < links->length_bytes / 4; ++word) {
      support::put_number(own, word * 4, word / 4, 4);
      support::put_number(next, word * 4, (word / 4 + 1) % 40, 4);
    }
    for (const std::string& filling : {own, next}) {
      file.put(links->offset, filling);
      const auto index = support::hnsw_case::open(file.path()).value();
      const auto query = support::probe_vector(8, 1);
      const auto found = support::search_one(index, query.data(), {.k = 100});
      CHECK(found.keys.size() <= 37);
      if (&filling == &next) CHECK(found.keys.size() == 37);
    }
  }

  TEST_CASE_TEMPLATE("a header that counts fewer or more live rows than there are: removing all leaves an index that is filled and saved", Case, ATLAS_EACH_KIND) {
    const support::memory_folder folder;
    const patched_file file(folder, small_file<Case>(folder, atlas::metric::l2sq));
    const std::uint64_t rows = header_of(file.content()).rows;
    for (const std::uint64_t count : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{20}, rows}) {
      CAPTURE(count);
      std::string page = file.header();
      support::put_number(page, 32, count, 8);
      file.put_sealed(page);
      auto index = Case::open(file.path(), open_mode::change).value();
      for (const std::uint64_t key : support::listed_keys(index)) CHECK(index.remove(key).ok());
      CHECK(index.size() <= rows);  // what is below 0 would be milliards
      REQUIRE(index.save(folder.path("emptied").c_str()).ok());
      CHECK(Case::open(folder.path("emptied")).ok());
      const auto vectors = support::random_integers(2, 60 * 8, 4);
      REQUIRE(index.add(support::keys_from(1000, 60), atlas::dense(vectors.data(), 60, 8)).ok());
      for (std::uint64_t key = 1000; key < 1060; key += 2) CHECK(index.remove(key).ok());
      REQUIRE(index.save(folder.path("filled").c_str()).ok());
      const auto opened = Case::open(folder.path("filled")).value();
      CHECK(support::all_keys(opened).size() == 30);
    }
  }

  TEST_CASE_TEMPLATE("a row whose state was turned to removed is lost, and no other with it, in a save too", Case, ATLAS_EACH_KIND) {
    const support::memory_folder folder;
    const patched_file file(folder, small_file<Case>(folder, atlas::metric::l2sq));
    const auto states = support::section_of(file.content(), 0x102);
    for (const std::size_t row : {std::size_t{0}, std::size_t{5}, std::size_t{36}}) {
      file.put(states.offset + row, std::string(1, '\1'));
      auto index = Case::open(file.path(), open_mode::change).value();
      const auto left = support::all_keys(index);
      CHECK(left.size() >= 36);
      REQUIRE(index.remove(left[3]).ok());
      REQUIRE(index.save(folder.path("saved").c_str()).ok());
      const auto opened = Case::open(folder.path("saved"));
      REQUIRE(opened.ok());
      CHECK(support::all_keys(*opened).size() == left.size() - 1);
      file.restore(states.offset, states.length_bytes);
    }
  }

  TEST_CASE_TEMPLATE("keys of rows that were all turned to removed are free, and so are their slots", Case, ATLAS_EACH_KIND) {
    const support::memory_folder folder;
    const patched_file file(folder, small_file<Case>(folder, atlas::metric::l2sq));
    const auto keys = support::listed_keys(Case::open(file.path()).value());
    std::string page = file.header();
    support::put_number(page, 32, 0, 8);
    file.put_sealed(page);
    const auto states = support::section_of(file.content(), 0x102);
    file.put(states.offset, std::string(states.length_bytes, '\1'));
    const auto vectors = support::random_integers(2, keys.size() * 8, 4);
    const auto view = atlas::dense(vectors.data(), keys.size(), 8);
    {
      auto index = Case::open(file.path(), open_mode::change).value();
      CHECK(support::listed_keys(index).empty());
      REQUIRE(index.add(keys, view).ok());
      for (const std::uint64_t key : keys) CHECK(index.contains(key));
      CHECK(index.size() == keys.size());
    }
    // As many new ones take the slots of the old ones, if the kind gives them back, and places of their own in the map.
    auto index = Case::open(file.path(), open_mode::change).value();
    CHECK(index.compact().ok());
    const auto others = support::keys_from(1 << 20, keys.size());
    for (int round = 0; round < 3; ++round) {
      REQUIRE(index.add(others, view).ok());
      for (const std::uint64_t key : others) CHECK(index.remove(key).ok());
      CHECK(index.compact().ok());
    }
    CHECK(index.size() == 0);
  }

  TEST_CASE("a slot whose level is beyond all levels may be used again") {
    const support::memory_folder folder;
    const patched_file file(folder, small_file<support::hnsw_case>(folder, atlas::metric::l2sq));
    const auto levels = support::section_of(file.content(), 0x111);
    for (const int level : {32, 33, 34, 100, 176, 255}) {
      for (const std::uint64_t entry_level : {std::uint64_t{0}, std::uint64_t{33}, std::uint64_t{255}, std::uint64_t{0xFFFFFFFF}}) {
        CAPTURE(level);
        CAPTURE(entry_level);
        file.put(levels.offset, std::string(levels.length_bytes, static_cast<char>(level)));
        std::string page = file.header();
        support::put_number(page, 92, entry_level, 4);
        file.put_sealed(page);
        auto index = support::hnsw_case::open(file.path(), open_mode::change).value();
        const auto keys = support::listed_keys(index);
        for (std::size_t i = 0; i + 5 < keys.size(); ++i) CHECK(index.remove(keys[i]).ok());
        CHECK(index.compact().ok());
        const auto vectors = support::random_integers(2, 50 * 8, 4);
        REQUIRE(index.add(support::keys_from(1000, 50), atlas::dense(vectors.data(), 50, 8)).ok());
        CHECK(index.max_level() <= 255);
        support::exercise_reading(index);
        REQUIRE(index.save(folder.path("saved").c_str()).ok());
        CHECK(support::exercise_file(folder.path("saved").c_str()));
      }
    }
  }

  TEST_CASE_TEMPLATE("a key map that names one row again and again is taken over in the time of one pass", Case, ATLAS_EACH_KIND) {
    // Many slots that all name row 0. Placing each behind the others would be 2^35 steps for 2^18 of them.
    const support::memory_folder folder;
    const std::string good = small_file<Case>(folder, atlas::metric::l2sq);
    const auto file = atlas::file_reader::open(folder.path("good").c_str()).value();
    support::header_numbers numbers;
    numbers.kind = static_cast<std::uint16_t>(file.header().kind);
    numbers.metric = file.header().metric;
    numbers.dimension = file.header().dimension;
    numbers.count = file.header().count;
    numbers.rows = file.header().rows;
    numbers.parameters = good.substr(64, 256);
    std::vector<support::section_bytes> sections;
    for (const atlas::section_entry& entry : file.sections()) {
      std::string bytes = good.substr(entry.offset, entry.length_bytes);
      if (entry.id == 0x103) bytes.assign(std::size_t{4} << support::repetitions(18, 16, 14), '\0');
      sections.push_back({entry.id, entry.flags, entry.element_bytes, bytes});
    }
    const std::string path = folder.write("hostile", support::index_bytes(numbers, sections));
    CHECK(support::exercise_file(path.c_str(), folder.path("saved").c_str()));
    auto index = Case::open(path, open_mode::change).value();
    std::vector<float> vectors(std::size_t{8} * 1000, 1.0F);
    REQUIRE(index.add(support::keys_from(1 << 20, 1000), atlas::dense(vectors.data(), 1000, 8)).ok());
    for (std::uint64_t key = 1 << 20; key < (1 << 20) + 1000; ++key) CHECK(index.contains(key));
  }

  TEST_CASE("a flat file put together by hand from the format's description opens and answers") {
    const support::memory_folder folder;
    support::header_numbers numbers;
    numbers.kind = 1;
    numbers.metric = 0;
    numbers.dimension = 2;
    numbers.count = 2;
    numbers.rows = 3;
    numbers.parameters.assign(4, '\0');
    support::put_number(numbers.parameters, 0, 64, 4);  // a row of two floats takes a cache line
    std::string vectors(3 * 64, '\0');
    const float components[3][2] = {{1, 2}, {3, 4}, {5, 6}};
    for (std::size_t row = 0; row < 3; ++row) std::memcpy(vectors.data() + row * 64, components[row], 8);
    std::string keys(3 * 8, '\0');
    for (std::size_t row = 0; row < 3; ++row) support::put_number(keys, row * 8, 500 + row, 8);
    const std::string states{'\0', '\1', '\0'};
    std::string map(8 * 4, '\xFF');
    for (const std::uint64_t row : {0U, 2U}) {
      std::size_t slot = atlas::mix64(500 + row) % 8;
      while (map[slot * 4] != '\xFF') slot = (slot + 1) % 8;
      support::put_number(map, slot * 4, row, 4);
    }
    for (const std::uint32_t growable : {2U, 0U}) {
      CAPTURE(growable);
      const std::string path = folder.write("a.atlas", support::index_bytes(numbers, {{0x100, 1 | growable, 64, vectors},
                                                                                    {0x101, 1 | growable, 8, keys},
                                                                                    {0x102, 1 | growable, 1, states},
                                                                                    {0x103, 1, 4, map},
                                                                                    {0x200, 0, 1, "more"}}));
      const auto index = support::flat_case::open(path).value();
      CHECK(index.size() == 2);
      const float query[2] = {5, 5};
      const auto found = support::search_one(index, query, {.k = 3});
      CHECK(found.keys == std::vector<std::uint64_t>{502, 500});
      CHECK(found.distances == std::vector<float>{1, 25});
      CHECK(index.contains(500));
      CHECK_FALSE(index.contains(501));
      CHECK(index.contains(502));
      auto changed = support::flat_case::open(path, open_mode::change);
      if (growable != 0) {
        REQUIRE(changed.ok());
        CHECK(changed->remove(500).ok());
        CHECK(changed->size() == 1);
      } else {
        // Nothing can grow where it cannot be mapped by itself.
        CHECK(failed_as(changed, errc::corrupt_file));
        CHECK(says_both(changed));
      }
    }
  }
}

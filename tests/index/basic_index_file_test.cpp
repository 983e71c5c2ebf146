// SPDX-License-Identifier: Apache-2.0
// tests/index/basic_index_file_test.cpp -- mirrors include/atlas/index/basic_index.hpp: save and open, for every kind.
// Damaged and hostile files: tests/index/basic_index_damage_test.cpp.
#include <atlas/index/basic_index.hpp>

#include "support/child_process.hpp"
#include "support/error_line.hpp"
#include "support/index_answers.hpp"
#include "support/index_cases.hpp"
#include "support/index_model.hpp"
#include "support/scratch_folder.hpp"

#include <doctest/doctest.h>

#include <sys/resource.h>
#include <sys/stat.h>

#include <cstring>
#include <iostream>
#include <limits>
#include <string>
#include <utility>
#include <vector>

using atlas::errc;
using atlas::open_mode;
using support::failed_as;
using support::says_both;

TEST_SUITE("index") {
namespace {

using keys_t = std::vector<std::uint64_t>;

template <class Index>
void check_same(const Index& index, const support::index_model& model, atlas::metric metric) {
  CHECK(index.size() == model.size());
  CHECK(support::all_keys(index) == model.keys());
  std::vector<float> got(support::grid_dimension);
  for (const std::uint64_t key : model.keys()) {
    REQUIRE(index.get(key, got.data()).ok());
    CHECK(got == model.vector(key));
  }
  const std::vector<float> query = support::grid_vectors(metric, 99, 1);
  const std::size_t k = model.size() + 3;
  CHECK(support::search_one(index, query.data(), {.k = k}) == support::as_answer(model.nearest(query.data(), k)));
}

/// Rows of which some are removed and some replaced.
template <class Case>
auto lived_in(atlas::metric metric, support::index_model& model) {
  auto index = Case::create(support::grid_dimension, metric).value();
  const auto vectors = support::grid_vectors(metric, 1, 60);
  const auto keys = support::keys_from(100, 60);
  index.add(keys, support::grid(vectors)).value();
  model.put(keys, support::grid(vectors));
  for (const std::uint64_t key : {100U, 130U, 159U}) {
    index.remove(key).value();
    model.remove(key);
  }
  const auto newer = support::grid_vectors(metric, 2, 5);
  const keys_t replaced{101, 7, 140, 158, 130};
  index.upsert(replaced, support::grid(newer)).value();
  model.put(replaced, support::grid(newer));
  return index;
}

/// Changes index and model alike.
template <class Index>
void change(Index& index, support::index_model& model, atlas::metric metric, std::uint64_t seed) {
  const auto vectors = support::grid_vectors(metric, seed, 20);
  const auto keys = support::keys_from(1000 * seed, 20);
  index.add(keys, support::grid(vectors)).value();
  model.put(keys, support::grid(vectors));
  const auto newer = support::grid_vectors(metric, seed + 1, 3);
  const keys_t replaced{102, 1000 * seed, 1000 * seed + 19};
  index.upsert(replaced, support::grid(newer)).value();
  model.put(replaced, support::grid(newer));
  index.remove(1000 * seed + 5).value();
  model.remove(1000 * seed + 5);
  if (model.remove(103)) index.remove(103).value();
}

}  // namespace

  TEST_CASE_TEMPLATE("save, open: an index comes back as it was, to read or to change", Case, ATLAS_EACH_INDEX) {
    const support::scratch_folder folder;
    for (const atlas::metric metric : support::float_metrics) {
      support::index_model model(metric, Case::kind);
      const auto index = lived_in<Case>(metric, model);
      const std::string path = folder.path("a.atlas");
      REQUIRE(index.save(path.c_str()).ok());
      for (const open_mode mode : {open_mode::read, open_mode::change}) {
        const auto opened = Case::open(path, mode).value();
        CHECK(opened.is_read_only() == (mode == open_mode::read));
        CHECK(opened.dimension() == support::grid_dimension);
        CHECK(opened.metric() == metric);
        CHECK(opened.element() == atlas::scalar::f32);
        const bool is_flat = Case::kind == atlas::file_kind::flat;
        if (is_flat) CHECK(opened.memory().vectors == index.memory().vectors);
        REQUIRE(opened.file() != nullptr);
        CHECK(opened.file()->header().kind == Case::kind);
        CHECK(opened.file()->header().count == model.size());
        CHECK(opened.file()->header().rows == (is_flat ? 65 : 59));  // a graph leaves removed rows out
        CHECK(opened.file()->verify().ok());
        check_same(opened, model, metric);
        const auto any = atlas::any_index::open(path.c_str(), {.mode = mode}).value();
        CHECK(any.kind() == Case::kind);
        check_same(any, model, metric);
      }
    }
  }

  TEST_CASE_TEMPLATE("save, open: an empty index comes back empty, and can be filled", Case, ATLAS_EACH_INDEX) {
    const support::scratch_folder folder;
    const std::string path = folder.path("a.atlas");
    REQUIRE(Case::create(support::grid_dimension).value().save(path.c_str()).ok());
    const auto read = Case::open(path).value();
    support::index_model model(atlas::metric::l2sq, Case::kind);
    check_same(read, model, atlas::metric::l2sq);
    auto changed = Case::open(path, open_mode::change).value();
    check_same(changed, model, atlas::metric::l2sq);
    const auto vectors = support::grid_vectors(atlas::metric::l2sq, 1, 30);
    REQUIRE(changed.add(support::keys_from(0, 30), support::grid(vectors)).ok());
    model.put(support::keys_from(0, 30), support::grid(vectors));
    check_same(changed, model, atlas::metric::l2sq);
    REQUIRE(changed.save(path.c_str()).ok());
    check_same(Case::open(path).value(), model, atlas::metric::l2sq);
  }

  TEST_CASE_TEMPLATE("open for reading: every change is refused and nothing changes", Case, ATLAS_EACH_INDEX) {
    const support::scratch_folder folder;
    support::index_model model(atlas::metric::cosine, Case::kind);
    const std::string path = folder.path("a.atlas");
    REQUIRE(lived_in<Case>(atlas::metric::cosine, model).save(path.c_str()).ok());
    auto index = Case::open(path).value();
    const auto vectors = support::grid_vectors(atlas::metric::cosine, 5, 1);
    for (const atlas::status& said : {index.add(keys_t{1}, support::grid(vectors)), index.upsert(keys_t{101}, support::grid(vectors)),
                                      index.add({}, {}), index.remove(101), index.remove(5), index.reserve(10)}) {
      CHECK(failed_as(said, errc::read_only));
      CHECK(says_both(said));
    }
    check_same(index, model, atlas::metric::cosine);
  }

  TEST_CASE_TEMPLATE("open for change: changes stay in the process until they are saved", Case, ATLAS_EACH_INDEX) {
    const support::scratch_folder folder;
    for (const atlas::metric metric : support::float_metrics) {
      support::index_model model(metric, Case::kind);
      const std::string path = folder.path("a.atlas");
      REQUIRE(lived_in<Case>(metric, model).save(path.c_str()).ok());
      const std::string before = support::read_whole(path);
      const support::index_model unchanged = model;
      auto index = Case::open(path, open_mode::change).value();
      auto other = Case::open(path, open_mode::change).value();
      change(index, model, metric, 50);
      check_same(index, model, metric);
      check_same(other, unchanged, metric);
      CHECK(support::read_whole(path) == before);
      REQUIRE(index.save(folder.path("b.atlas").c_str()).ok());
      CHECK(support::read_whole(path) == before);
      check_same(Case::open(folder.path("b.atlas")).value(), model, metric);
    }
  }

  TEST_CASE_TEMPLATE("save over the file it was opened from, again and again, with changes in between", Case, ATLAS_EACH_INDEX) {
    const support::scratch_folder folder;
    support::index_model model(atlas::metric::l2sq, Case::kind);
    const std::string path = folder.path("a.atlas");
    REQUIRE(lived_in<Case>(atlas::metric::l2sq, model).save(path.c_str()).ok());
    auto index = Case::open(path, open_mode::change).value();
    const auto reader = Case::open(path).value();
    const support::index_model at_first = model;
    for (std::uint64_t round = 50; round < 54; ++round) {
      change(index, model, atlas::metric::l2sq, round);
      REQUIRE(index.save(path.c_str()).ok());
      check_same(index, model, atlas::metric::l2sq);
      check_same(Case::open(path).value(), model, atlas::metric::l2sq);
      if (round % 2 == 0) index = Case::open(path, open_mode::change).value();
    }
    check_same(reader, at_first, atlas::metric::l2sq);  // still on the file that it opened
    CHECK(folder.names() == std::vector<std::string>{"a.atlas"});
    auto read_only = Case::open(path).value();
    REQUIRE(read_only.save(path.c_str()).ok());
    check_same(Case::open(path).value(), model, atlas::metric::l2sq);
  }

  TEST_CASE_TEMPLATE("save: the same rows give the same bytes, whether built, read or changed by nothing", Case, ATLAS_EACH_INDEX) {
    const support::scratch_folder folder;
    for (const atlas::metric metric : support::float_metrics) {
      support::index_model model(metric, Case::kind);
      const auto index = lived_in<Case>(metric, model);
      support::index_model again(metric, Case::kind);
      const auto twin = lived_in<Case>(metric, again);
      REQUIRE(index.save(folder.path("a").c_str()).ok());
      REQUIRE(index.save(folder.path("b").c_str()).ok());
      REQUIRE(twin.save(folder.path("c").c_str()).ok());
      REQUIRE(Case::open(folder.path("a")).value().save(folder.path("d").c_str()).ok());
      REQUIRE(Case::open(folder.path("a"), open_mode::change).value().save(folder.path("e").c_str()).ok());
      const std::string bytes = support::read_whole(folder.path("a"));
      for (const char* name : {"b", "c", "d", "e"}) {
        CAPTURE(name);
        CHECK(support::read_whole(folder.path(name)) == bytes);
      }
    }
  }

  TEST_CASE_TEMPLATE("save: bytes do not depend on room reserved or on how rows were batched", Case, ATLAS_EACH_KIND) {
    const support::scratch_folder folder;
    const auto vectors = support::grid_vectors(atlas::metric::cosine, 1, 100);
    const auto keys = support::keys_from(0, 100);
    auto at_once = Case::create(support::grid_dimension, atlas::metric::cosine).value();
    // The first eight by themselves: they are what an inverted file is trained on.
    REQUIRE(at_once.add({keys.data(), 8}, support::grid(vectors).subrows(0, 8)).ok());
    REQUIRE(at_once.add({keys.data() + 8, 92}, support::grid(vectors).subrows(8, 92)).ok());
    auto one_by_one = Case::create(support::grid_dimension, atlas::metric::cosine, 100).value();
    for (std::size_t i = 0; i < 100; ++i) {
      REQUIRE(one_by_one.add({keys.data() + i, 1}, support::grid(vectors).subrows(i, 1)).ok());
    }
    REQUIRE(at_once.save(folder.path("a").c_str()).ok());
    REQUIRE(one_by_one.save(folder.path("b").c_str()).ok());
    const auto a = atlas::file_reader::open(folder.path("a").c_str()).value();
    const auto b = atlas::file_reader::open(folder.path("b").c_str()).value();
    for (const atlas::section_entry& entry : a.sections()) {
      if (entry.id == 0x103) continue;  // the key map may be roomier
      REQUIRE(b.find(entry.id) != nullptr);
      CHECK(b.find(entry.id)->length_bytes == entry.length_bytes);
      CHECK(b.find(entry.id)->checksum == entry.checksum);
    }
  }

  TEST_CASE_TEMPLATE("save: sections of the caller's own come back, and the index opens beside them", Case, ATLAS_EACH_INDEX) {
    const support::scratch_folder folder;
    support::index_model model(atlas::metric::l2sq, Case::kind);
    const auto index = lived_in<Case>(atlas::metric::l2sq, model);
    const std::string text = "any bytes at all";
    const std::vector<std::uint64_t> words(100'000, 0x0123456789ABCDEFU);
    const atlas::extra_section extra[] = {{0x200, 1, text.data(), text.size()},
                                          {0x300, 8, words.data(), words.size() * 8},
                                          {0xFFFFFFFF, 1, nullptr, 0}};
    const std::string path = folder.path("a.atlas");
    REQUIRE(index.save(path.c_str(), {.extra = extra}).ok());
    for (const open_mode mode : {open_mode::read, open_mode::change}) {
      const auto opened = Case::open(path, mode).value();
      check_same(opened, model, atlas::metric::l2sq);
      const atlas::file_reader& file = *opened.file();
      CHECK(file.verify().ok());
      const auto first = file.section(0x200).value();
      CHECK(std::string(reinterpret_cast<const char*>(first.data()), first.size()) == text);
      const auto second = file.section(0x300).value();
      REQUIRE(second.size() == words.size() * 8);
      CHECK(std::memcmp(second.data(), words.data(), second.size()) == 0);
      CHECK(file.section(0xFFFFFFFF).value().empty());
      CHECK(file.find(0x300)->element_bytes == 8);
      CHECK((file.find(0x200)->flags & atlas::section_required) == 0);
    }
  }

  TEST_CASE_TEMPLATE("save: refuses to lose what else the opened file holds", Case, ATLAS_EACH_INDEX) {
    const support::scratch_folder folder;
    support::index_model model(atlas::metric::l2sq, Case::kind);
    const std::string path = folder.path("a.atlas");
    const std::string text = "texts of a folder";
    const atlas::extra_section both[] = {{0x200, 1, text.data(), text.size()}, {0x201, 1, text.data(), 5}};
    REQUIRE(lived_in<Case>(atlas::metric::l2sq, model).save(path.c_str(), {.extra = both}).ok());
    const std::string before = support::read_whole(path);
    for (const open_mode mode : {open_mode::read, open_mode::change}) {
      const auto index = Case::open(path, mode).value();
      for (const std::size_t kept : {0U, 1U}) {
        for (const std::string& target : {path, folder.path("b.atlas")}) {
          const auto said = index.save(target.c_str(), {.extra = {both, kept}});
          CHECK(failed_as(said, errc::invalid_argument));
          CHECK(says_both(said));
        }
      }
      CHECK(support::read_whole(path) == before);
      CHECK(folder.names() == std::vector<std::string>{"a.atlas"});
      // Passed on, straight from the file itself, they are kept; others may come with them.
      std::vector<atlas::extra_section> extra;
      for (const std::uint32_t id : {0x200U, 0x201U}) {
        const auto bytes = index.file()->section(id).value();
        extra.push_back({id, 1, bytes.data(), bytes.size()});
      }
      REQUIRE(index.save(path.c_str(), {.extra = extra}).ok());
      CHECK(support::read_whole(path) == before);
    }
  }

  TEST_CASE_TEMPLATE("save: a section that cannot be written is refused, and the old file stays", Case, ATLAS_EACH_INDEX) {
    const support::scratch_folder folder;
    support::index_model model(atlas::metric::l2sq, Case::kind);
    const auto index = lived_in<Case>(atlas::metric::l2sq, model);
    const std::string path = folder.path("a.atlas");
    REQUIRE(index.save(path.c_str()).ok());
    const std::string before = support::read_whole(path);
    const char bytes[8] = {};
    std::vector<atlas::extra_section> too_many;
    for (std::uint32_t i = 0; i < 48; ++i) too_many.push_back({0x200 + i, 1, bytes, 8});
    struct bad_save {
      std::vector<atlas::extra_section> extra;
      errc code;
    };
    const bad_save saves[] = {
        {{{0x1FF, 1, bytes, 8}}, errc::invalid_argument},                       // the index's own numbers
        {{{0, 1, bytes, 8}}, errc::invalid_argument},
        {{{0x200, 1, nullptr, 8}}, errc::invalid_argument},
        {{{0x200, 0, bytes, 8}}, errc::invalid_argument},
        {{{0x200, 3, bytes, 8}}, errc::invalid_argument},                       // no whole number of elements
        {{{0x200, 1, bytes, 8}, {0x200, 1, bytes, 8}}, errc::invalid_argument},  // one id twice
        {too_many, errc::limit_exceeded},
    };
    for (const bad_save& one : saves) {
      const atlas::status said = index.save(path.c_str(), {.extra = one.extra});
      CHECK(failed_as(said, one.code));
      CHECK(says_both(said));
      CHECK(support::read_whole(path) == before);
      CHECK(folder.names() == std::vector<std::string>{"a.atlas"});
    }
  }

  TEST_CASE_TEMPLATE("save: progress counts bytes up to the total it names, and cancelling keeps the old file", Case, ATLAS_EACH_INDEX) {
    const support::scratch_folder folder;
    const std::string path = folder.path("a.atlas");
    for (const bool has_searched : {false, true}) {
      support::index_model model(atlas::metric::cosine, Case::kind);
      const auto index = lived_in<Case>(atlas::metric::cosine, model);
      if (has_searched) check_same(index, model, atlas::metric::cosine);
      const std::string text = "extra";
      const atlas::extra_section extra[] = {{0x200, 1, text.data(), text.size()}};
      std::vector<std::pair<std::uint64_t, std::uint64_t>> seen;
      const auto note = [&](std::uint64_t done, std::uint64_t total) {
        seen.emplace_back(done, total);
        return true;
      };
      REQUIRE(index.save(path.c_str(), {.extra = extra, .on_progress = note}).ok());
      REQUIRE_FALSE(seen.empty());
      for (std::size_t i = 0; i < seen.size(); ++i) {
        CHECK(seen[i].second == seen[0].second);
        if (i != 0) CHECK(seen[i].first > seen[i - 1].first);
      }
      CHECK(seen.back().first == seen.back().second);
      const std::string before = support::read_whole(path);
      for (std::size_t stop_at = 0; stop_at < seen.size(); ++stop_at) {
        std::size_t calls = 0;
        const auto stop = [&](std::uint64_t, std::uint64_t) { return calls++ < stop_at; };
        CHECK(failed_as(index.save(path.c_str(), {.extra = extra, .on_progress = stop}), errc::cancelled));
        CHECK(support::read_whole(path) == before);
        CHECK(folder.names() == std::vector<std::string>{"a.atlas"});
      }
      check_same(index, model, atlas::metric::cosine);
    }
  }

  TEST_CASE_TEMPLATE("save: where it cannot write it says why, and leaves nothing behind", Case, ATLAS_EACH_INDEX) {
    const support::scratch_folder folder;
    support::index_model model(atlas::metric::l2sq, Case::kind);
    const auto index = lived_in<Case>(atlas::metric::l2sq, model);
    CHECK(failed_as(index.save(nullptr), errc::invalid_argument));
    CHECK(failed_as(index.save(""), errc::invalid_argument));
    CHECK(failed_as(index.save(folder.path("none/a.atlas").c_str()), errc::file_not_found));
    CHECK(failed_as(index.save(folder.path().c_str()), errc::is_a_directory));
    CHECK(failed_as(index.save(folder.write("file", "x").append("/a").c_str()), errc::not_a_directory));
    const std::string closed = folder.path("closed");
    REQUIRE(::mkdir(closed.c_str(), 0755) == 0);
    const auto end = support::in_child_without_rights([&] {
      const auto said = index.save((closed + "/a.atlas").c_str());
      return failed_as(said, errc::permission_denied) ? 0 : 1;
    });
    if (::geteuid() == 0) {
      CHECK(end.code == 0);
    } else {
      MESSAGE("skipped: no other user to be without root's rights");
    }
    CHECK(folder.names() == std::vector<std::string>{"closed/", "file"});
    check_same(index, model, atlas::metric::l2sq);
  }

  TEST_CASE_TEMPLATE("save: a full disk at any byte keeps the old file whole", Case, ATLAS_EACH_KIND) {
    // RLIMIT_FSIZE stands for the full disk: the write that passes it fails. In a child, since it cannot be undone.
    const support::scratch_folder folder;
    support::index_model model(atlas::metric::l2sq, Case::kind);
    const auto index = lived_in<Case>(atlas::metric::l2sq, model);
    const std::string path = folder.path("a.atlas");
    REQUIRE(Case::create(3).value().save(path.c_str()).ok());
    const std::string before = support::read_whole(path);
    REQUIRE(index.save(folder.path("b.atlas").c_str()).ok());
    const std::size_t size = support::read_whole(folder.path("b.atlas")).size();
    for (const std::size_t room : {std::size_t{0}, std::size_t{1}, std::size_t{4095}, std::size_t{4096}, std::size_t{65'536}, size / 2, size - 1}) {
      CAPTURE(room);
      std::cout.flush();  // what waits there a sanitizer writes from the child too, against the limit
      const auto end = support::in_child([&] {
        const rlimit limit{room, room};
        if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 2;
        return failed_as(index.save(path.c_str()), errc::no_space) ? 0 : 1;
      });
      CHECK(end.signal == 0);
      CHECK(end.code == 0);
      CHECK(support::read_whole(path) == before);
    }
    CHECK(folder.names() == std::vector<std::string>{"a.atlas", "b.atlas"});
  }

  TEST_CASE_TEMPLATE("open: what is no index file says what it is", Case, ATLAS_EACH_INDEX) {
    const support::scratch_folder folder;
    for (const open_mode mode : {open_mode::read, open_mode::change}) {
      CHECK(failed_as(Case::open(folder.path("none"), mode), errc::file_not_found));
      CHECK(failed_as(Case::open(folder.path(), mode), errc::is_a_directory));
      CHECK(failed_as(Case::open(folder.write("text", "# A text\n"), mode), errc::not_atlas_file));
      CHECK(failed_as(Case::open(folder.write("zeros", std::string(9000, '\0')), mode), errc::not_atlas_file));
      CHECK(failed_as(Case::open(folder.write("empty", ""), mode), errc::corrupt_file));
      CHECK(failed_as(Case::index_type::open(nullptr, {.mode = mode}), errc::invalid_argument));
    }
  }

  TEST_CASE_TEMPLATE("open: a file outlives its name", Case, ATLAS_EACH_KIND) {
    const support::scratch_folder folder;
    support::index_model model(atlas::metric::l2sq, Case::kind);
    const std::string path = folder.path("a.atlas");
    REQUIRE(lived_in<Case>(atlas::metric::l2sq, model).save(path.c_str()).ok());
    auto index = Case::open(path, open_mode::change).value();
    REQUIRE(::unlink(path.c_str()) == 0);
    check_same(index, model, atlas::metric::l2sq);
    change(index, model, atlas::metric::l2sq, 50);
    check_same(index, model, atlas::metric::l2sq);
    REQUIRE(index.save(path.c_str()).ok());
    check_same(Case::open(path).value(), model, atlas::metric::l2sq);
  }

  TEST_CASE("open: flat refuses an hnsw file and the other way round, naming both kinds") {
    const support::scratch_folder folder;
    const std::string flat_path = folder.path("flat");
    const std::string hnsw_path = folder.path("hnsw");
    REQUIRE(support::flat_case::create(3).value().save(flat_path.c_str()).ok());
    REQUIRE(support::hnsw_case::create(3).value().save(hnsw_path.c_str()).ok());
    for (const open_mode mode : {open_mode::read, open_mode::change}) {
      const auto first = support::flat_case::open(hnsw_path, mode);
      CHECK(failed_as(first, errc::kind_mismatch));
      CHECK(says_both(first));
      CHECK(first.error().expected == 1);
      CHECK(first.error().found == 2);
      CHECK(failed_as(support::hnsw_case::open(flat_path, mode), errc::kind_mismatch));
      CHECK(atlas::any_index::open(flat_path.c_str(), {.mode = mode}).value().kind() == atlas::file_kind::flat);
      CHECK(atlas::any_index::open(hnsw_path.c_str(), {.mode = mode}).value().kind() == atlas::file_kind::hnsw);
    }
  }
}

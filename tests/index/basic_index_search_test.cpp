// SPDX-License-Identifier: Apache-2.0
// tests/index/basic_index_search_test.cpp -- mirrors include/atlas/index/basic_index.hpp: search, range and distances,
// for every kind, against all distances sorted.
#include <atlas/index/basic_index.hpp>

#include "support/error_line.hpp"
#include "support/index_answers.hpp"
#include "support/index_cases.hpp"
#include "support/index_model.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <thread>
#include <vector>

using atlas::errc;
using support::failed_as;
using support::says_both;

TEST_SUITE("index") {
namespace {

constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();
constexpr float infinite = std::numeric_limits<float>::infinity();
constexpr std::uint64_t first_key = 1000;

using keys_t = std::vector<std::uint64_t>;

/// An index of `rows` vectors under first_key and on, of which some are then removed or replaced.
template <class Case>
struct stocked {
  stocked(atlas::metric metric, std::size_t rows, bool is_changed)
      : model(metric, Case::kind), index(Case::create(support::grid_dimension, metric).value()) {
    const auto vectors = support::grid_vectors(metric, 1, rows);
    const auto keys = support::keys_from(first_key, rows);
    index.add(keys, support::grid(vectors)).value();
    model.put(keys, support::grid(vectors));
    if (!is_changed) return;
    for (std::uint64_t key = first_key; key < first_key + rows; key += 7) {
      index.remove(key).value();
      model.remove(key);
    }
    const auto newer = support::grid_vectors(metric, 2, rows / 8);
    const auto replaced = support::keys_from(first_key + rows / 2, rows / 8);
    index.upsert(replaced, support::grid(newer)).value();
    model.put(replaced, support::grid(newer));
  }
  support::index_model model;
  typename Case::index_type index;
};

}  // namespace

  TEST_CASE_TEMPLATE("search: finds the k nearest, equal distances in the order of adding, for every k", Case, ATLAS_EACH_INDEX) {
    for (const atlas::metric metric : support::float_metrics) {
      for (const bool is_changed : {false, true}) {
        stocked<Case> in(metric, 150, is_changed);
        const auto queries = support::grid_vectors(metric, 3, 6);
        for (const std::size_t k : {std::size_t{1}, std::size_t{2}, std::size_t{10}, std::size_t{64}, in.model.size() - 1, in.model.size(),
                                    in.model.size() + 1, std::size_t{1000}}) {
          const auto found = support::search(in.index, support::grid(queries), {.k = k});
          for (std::size_t i = 0; i < 6; ++i) {
            CHECK(support::is_nearest(found[i], in.model.sorted(queries.data() + i * support::grid_dimension), k, Case::kind));
          }
        }
      }
    }
  }

  TEST_CASE_TEMPLATE("search: equal vectors come in the order of adding, out of graphs and lists in the order of keys", Case, ATLAS_EACH_INDEX) {
    auto index = Case::create(2).value();
    // Keys fall while rows rise, so that neither order by key nor by chance passes.
    std::vector<float> vectors;
    keys_t keys;
    for (std::uint64_t i = 0; i < 40; ++i) {
      vectors.insert(vectors.end(), {1.0F, static_cast<float>(i % 2)});
      keys.push_back(1000 - i);
    }
    index.add(keys, atlas::dense(vectors.data(), 40, 2)).value();
    const float query[2] = {1, 0};
    keys_t expected;
    for (std::uint64_t i = 0; i < 40; i += 2) expected.push_back(1000 - i);
    for (std::uint64_t i = 1; i < 40; i += 2) expected.push_back(1000 - i);
    if (Case::kind != atlas::file_kind::flat) {
      std::sort(expected.begin(), expected.begin() + 20);
      std::sort(expected.begin() + 20, expected.end());
    }
    for (std::size_t k = 1; k <= 40; ++k) {
      const auto found = support::search_one(index, query, {.k = k}).keys;
      if (Case::kind == atlas::file_kind::flat || k == 20 || k == 40) {
        CHECK(found == keys_t(expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(k)));
      } else {  // which of the equal ones is open; their order is not
        CHECK(std::is_sorted(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(k, 20))));
      }
    }
    index.upsert(keys_t{1000}, atlas::dense(vectors.data(), 1, 2)).value();
    if (Case::kind == atlas::file_kind::flat) {  // now the last of the nearest
      std::rotate(expected.begin(), expected.begin() + 1, expected.begin() + 20);
    }
    CHECK(support::search_one(index, query, {.k = 40}).keys == expected);
  }

  TEST_CASE_TEMPLATE("search: sizes around a scan's block and a kernel's vector", Case, support::flat_case) {
    for (const std::size_t rows : {1U, 2U, 3U, 255U, 256U, 257U, 511U, 512U, 513U, 1000U}) {
      for (const std::size_t dimension : {1U, 3U, 8U, 17U}) {
        auto index = Case::create(dimension).value();
        const auto vectors = support::random_integers(rows, rows * dimension, 5);
        index.add(support::keys_from(0, rows), atlas::dense(vectors.data(), rows, dimension)).value();
        support::index_model model(atlas::metric::l2sq, Case::kind);
        model.put(support::keys_from(0, rows), atlas::dense(vectors.data(), rows, dimension));
        const auto query = support::random_integers(7, dimension, 5);
        CHECK(support::search_one(index, query.data(), {.k = 20}) == support::as_answer(model.nearest(query.data(), 20)));
      }
    }
  }

  TEST_CASE_TEMPLATE("search: a bitmap, a predicate and both allow just what they say", Case, ATLAS_EACH_INDEX) {
    for (const atlas::metric metric : support::float_metrics) {
      for (const bool is_changed : {false, true}) {
        stocked<Case> in(metric, 150, is_changed);
        const auto query = support::grid_vectors(metric, 3, 1);
        using test = support::index_model::key_test;
        const test tests[] = {[](std::uint64_t) { return true; },
                              [](std::uint64_t) { return false; },
                              [](std::uint64_t key) { return key % 2 == 0; },
                              [](std::uint64_t key) { return key % 50 == 3; },
                              [](std::uint64_t key) { return key == first_key + 149; }};
        for (std::size_t which = 0; which < std::size(tests); ++which) {
          CAPTURE(which);
          const test& allowed = tests[which];
          const auto expected = in.model.sorted(query.data(), allowed);
          const auto bitmap = support::key_bitmap(first_key + 150, allowed);
          const atlas::filter by_bitmap{.bitmap = bitmap.data(), .bitmap_bits = first_key + 150};
          CHECK(support::is_nearest(support::search_one(in.index, query.data(), {.k = 10, .allowed = by_bitmap}), expected, 10, Case::kind));
          CHECK(support::is_nearest(support::search_one(in.index, query.data(), {.k = 10, .allowed = {.predicate = allowed}}), expected, 10, Case::kind));
          // Both must say yes.
          const auto odd = [](std::uint64_t key) { return key % 2 == 1; };
          const auto both = in.model.sorted(query.data(), [&](std::uint64_t key) { return allowed(key) && odd(key); });
          const atlas::filter by_both{.bitmap = bitmap.data(), .bitmap_bits = first_key + 150, .predicate = odd};
          CHECK(support::is_nearest(support::search_one(in.index, query.data(), {.k = 10, .allowed = by_both}), both, 10, Case::kind));
          std::size_t found = 0;
          CHECK(support::range(in.index, query.data(), infinite, 200, found, {.allowed = by_bitmap}) ==
                support::as_answer(in.model.sorted(query.data(), allowed)));
        }
      }
    }
  }

  TEST_CASE_TEMPLATE("search: a bitmap is not read past its bits, and keys past them are not allowed", Case, ATLAS_EACH_INDEX) {
    auto index = Case::create(1).value();
    const std::vector<float> vectors(200, 1.0F);
    keys_t keys = support::keys_from(0, 199);
    keys.push_back(atlas::reserved_key - 1);
    index.add(keys, atlas::dense(vectors.data(), 200, 1)).value();
    for (const std::size_t bits : {0U, 1U, 63U, 64U, 65U, 128U, 130U}) {
      CAPTURE(bits);
      // Exactly as many words as the bits need, all set: the sanitizer sees a read past them.
      const std::vector<std::uint64_t> words((bits + 63) / 64 + (bits == 0 ? 1 : 0), ~std::uint64_t{0});
      const atlas::filter allowed{.bitmap = words.data(), .bitmap_bits = bits};
      CHECK(support::search_one(index, vectors.data(), {.k = 300, .allowed = allowed}).keys == support::keys_from(0, bits));
    }
  }

  TEST_CASE_TEMPLATE("search: asks a predicate about stored keys only", Case, ATLAS_EACH_INDEX) {
    stocked<Case> in(atlas::metric::l2sq, 150, true);
    bool only_stored = true;
    const auto note = [&](std::uint64_t key) {
      only_stored = only_stored && in.model.contains(key);
      return key % 3 == 0;
    };
    const auto query = support::grid_vectors(atlas::metric::l2sq, 3, 1);
    (void)support::search_one(in.index, query.data(), {.k = 10, .allowed = {.predicate = note}});
    CHECK(only_stored);
  }

  TEST_CASE_TEMPLATE("search: a batch over any number of threads answers as one query after another", Case, ATLAS_EACH_INDEX) {
    for (const bool is_changed : {false, true}) {
      stocked<Case> in(atlas::metric::cosine, 200, is_changed);
      const auto queries = support::grid_vectors(atlas::metric::cosine, 4, 101);
      const auto expected = support::search(in.index, support::grid(queries), {.k = 9});
      for (std::size_t i = 0; i < 101; ++i) {
        CHECK(support::search_one(in.index, queries.data() + i * support::grid_dimension, {.k = 9}) == expected[i]);
      }
      for (const unsigned threads : {0U, 2U, 3U, 64U, 100'000U}) {
        CHECK(support::search(in.index, support::grid(queries), {.k = 9, .threads = threads}) == expected);
      }
      std::atomic<std::uint64_t> asked{0};
      const auto even = [&](std::uint64_t key) {
        asked.fetch_add(1);
        return key % 2 == 0;
      };
      const auto filtered = support::search(in.index, support::grid(queries), {.k = 9, .allowed = {.predicate = even}});
      CHECK(support::search(in.index, support::grid(queries), {.k = 9, .threads = 2, .allowed = {.predicate = even}}) == filtered);
      CHECK(asked.load() > 0);
    }
  }

  TEST_CASE_TEMPLATE("search: queries may lie apart, and counts may be left out", Case, ATLAS_EACH_INDEX) {
    stocked<Case> in(atlas::metric::l2sq, 30, false);
    const auto queries = support::grid_vectors(atlas::metric::l2sq, 4, 3);
    std::vector<float> apart(3 * 19, nan_value);
    for (std::size_t i = 0; i < 3; ++i) {
      std::copy_n(queries.begin() + static_cast<std::ptrdiff_t>(i * support::grid_dimension), support::grid_dimension,
                  apart.begin() + static_cast<std::ptrdiff_t>(i * 19));
    }
    const atlas::matrix_view view{apart.data(), 3, support::grid_dimension, 19};
    CHECK(support::search(in.index, view, {.k = 5}) == support::search(in.index, support::grid(queries), {.k = 5}));
    support::hit_buffers with(3, 40);
    support::hit_buffers without(3, 40);
    REQUIRE(in.index.search(view, {.k = 40}, with.view()).ok());
    REQUIRE(in.index.search(view, {.k = 40}, {without.keys.data(), without.distances.data(), nullptr}).ok());
    CHECK(with.keys.values() == without.keys.values());
    CHECK(with.distances.values() == without.distances.values());
    CHECK(without.counts.is_untouched());
  }

  TEST_CASE_TEMPLATE("search: no query is no work, but k must still make sense", Case, ATLAS_EACH_INDEX) {
    stocked<Case> in(atlas::metric::l2sq, 30, false);
    CHECK(in.index.search({}, {.k = 3}, {}).ok());
    CHECK(failed_as(in.index.search({}, {.k = 0}, {}), errc::invalid_argument));
  }

  TEST_CASE_TEMPLATE("search: what does not fit is refused with both values, and nothing is written", Case, ATLAS_EACH_INDEX) {
    for (const atlas::metric metric : support::float_metrics) {
      stocked<Case> in(metric, 30, false);
      auto queries = support::grid_vectors(metric, 4, 5);
      support::hit_buffers hits(5, 4);
      const atlas::hits_view out = hits.view();
      const auto refuses = [&](const atlas::matrix_view& given, const atlas::search_options& options, atlas::hits_view to, errc code) {
        const atlas::status said = in.index.search(given, options, to);
        CHECK(failed_as(said, code));
        CHECK(says_both(said));
        CHECK(hits.is_untouched());
        return said.ok() ? atlas::error{} : said.error();
      };
      const atlas::matrix_view good = support::grid(queries);
      refuses(good, {.k = 0}, out, errc::invalid_argument);
      refuses(good, {.k = 4}, {nullptr, out.distances, out.counts}, errc::invalid_argument);
      refuses(good, {.k = 4}, {out.keys, nullptr, out.counts}, errc::invalid_argument);
      refuses({nullptr, 5, 16, 16}, {.k = 4}, out, errc::invalid_argument);
      refuses({queries.data(), 5, 16, 15}, {.k = 4}, out, errc::invalid_argument);
      refuses(good, {.k = ~std::size_t{0}}, out, errc::limit_exceeded);
      refuses(good, {.k = std::size_t{1} << 61}, out, errc::limit_exceeded);
      const atlas::error mismatch = refuses({queries.data(), 5, 15, 16}, {.k = 4}, out, errc::dimension_mismatch);
      CHECK(mismatch.expected == 16);
      CHECK(mismatch.found == 15);
      for (const std::size_t row : {0U, 2U, 4U}) {
        for (const float bad : {nan_value, infinite, -infinite}) {
          auto spoiled = queries;
          spoiled[row * 16 + 9] = bad;
          for (const unsigned threads : {1U, 2U}) {
            CHECK(refuses(support::grid(spoiled), {.k = 4, .threads = threads}, out, errc::not_finite).row == row);
          }
        }
        auto huge = queries;
        std::fill_n(huge.begin() + static_cast<std::ptrdiff_t>(row * 16), 16, 1e19F);
        CHECK(refuses(support::grid(huge), {.k = 4}, out, errc::limit_exceeded).row == row);
        if (metric == atlas::metric::cosine) {
          auto spoiled = queries;
          std::fill_n(spoiled.begin() + static_cast<std::ptrdiff_t>(row * 16), 16, 0.0F);
          CHECK(refuses(support::grid(spoiled), {.k = 4}, out, errc::zero_vector).row == row);
        }
      }
    }
  }

  TEST_CASE_TEMPLATE("search: a query of zeros is one where no direction is asked", Case, ATLAS_EACH_INDEX) {
    for (const atlas::metric metric : {atlas::metric::l2sq, atlas::metric::inner_product}) {
      stocked<Case> in(metric, 60, false);
      const float zeros[support::grid_dimension] = {};
      CHECK(support::search_one(in.index, zeros, {.k = 60}) == support::as_answer(in.model.nearest(zeros, 60)));
    }
  }

  TEST_CASE_TEMPLATE("search: distances past float's range are answers too", Case, ATLAS_EACH_INDEX) {
    auto index = Case::create(2).value();
    const float vectors[] = {1.8e19F, 0, 1.7e19F, 0, 1, 1};  // the longest there may be
    index.add(keys_t{1, 2, 3}, atlas::dense(vectors, 3, 2)).value();
    const float query[2] = {-1.8e19F, 1};
    const auto found = support::search_one(index, query, {.k = 3});
    CHECK(found.keys == keys_t{3, 1, 2});  // the others at infinity, in the order of adding
    CHECK(found.distances[1] == infinite);
    CHECK(found.distances[2] == infinite);
    std::size_t count = 0;
    CHECK(support::range(index, query, infinite, 3, count).keys.size() == 3);
    CHECK(support::range(index, query, std::numeric_limits<float>::max(), 3, count).keys == keys_t{3});
  }

  TEST_CASE_TEMPLATE("search: products of the longest vectors there may be are finite", Case, ATLAS_EACH_INDEX) {
    for (const std::size_t dimension : {1U, 2U, 16U, 100U}) {
      auto index = Case::create(dimension, atlas::metric::inner_product).value();
      const float component = 1.8e19F / std::sqrt(static_cast<float>(dimension));
      std::vector<float> vectors(2 * dimension, component);
      std::fill_n(vectors.begin(), dimension, -component);
      REQUIRE(index.add(keys_t{1, 2}, atlas::dense(vectors.data(), 2, dimension)).ok());
      const auto found = support::search_one(index, vectors.data() + dimension, {.k = 2});
      CHECK(found.keys == keys_t{2, 1});
      CHECK(std::isfinite(found.distances[0]));
      CHECK(std::isfinite(found.distances[1]));
    }
  }

  TEST_CASE_TEMPLATE("range: finds all within the radius, nearest first, and counts what did not fit", Case, ATLAS_EACH_INDEX) {
    for (const atlas::metric metric : support::float_metrics) {
      for (const bool is_changed : {false, true}) {
        stocked<Case> in(metric, 150, is_changed);
        const auto query = support::grid_vectors(metric, 5, 1);
        const auto sorted = in.model.sorted(query.data());
        std::vector<float> radii{-infinite, infinite, std::numeric_limits<float>::max(), -1e30F, -0.0F};
        for (const std::size_t at : {std::size_t{0}, std::size_t{1}, std::size_t{20}, sorted.size() / 2, sorted.size() - 1}) {
          const float exact = static_cast<float>(sorted[at].distance);  // the radius belongs to the ball
          radii.insert(radii.end(), {exact, std::nextafter(exact, -infinite), std::nextafter(exact, infinite)});
        }
        for (const float radius : radii) {
          CAPTURE(radius);
          const auto expected = support::as_answer(in.model.within(query.data(), static_cast<double>(radius)));
          for (const std::size_t room : {0U, 1U, 7U, 200U}) {
            std::size_t found = 0;
            const auto written = support::range(in.index, query.data(), radius, room, found);
            CHECK(found == expected.keys.size());
            const auto fits = static_cast<std::ptrdiff_t>(std::min<std::size_t>(room, expected.keys.size()));
            CHECK(written.keys == keys_t(expected.keys.begin(), expected.keys.begin() + fits));
            CHECK(written.distances == std::vector<float>(expected.distances.begin(), expected.distances.begin() + fits));
          }
        }
      }
    }
  }

  TEST_CASE_TEMPLATE("range: what does not fit is refused with both values, and nothing is written", Case, ATLAS_EACH_INDEX) {
    stocked<Case> in(atlas::metric::cosine, 30, false);
    auto query = support::grid_vectors(atlas::metric::cosine, 5, 1);
    support::marked<std::uint64_t> keys(9, 7);
    support::marked<float> distances(9, 7.0F);
    const auto refuses = [&](atlas::span<const float> given, float radius, atlas::span<std::uint64_t> to_keys, atlas::span<float> to_distances,
                             errc code) {
      const auto said = in.index.range(given, radius, {}, to_keys, to_distances);
      CHECK(failed_as(said, code));
      CHECK(says_both(said));
      CHECK(keys.is_untouched());
      CHECK(distances.is_untouched());
    };
    const atlas::span<std::uint64_t> all_keys(keys.data(), 9);
    const atlas::span<float> all_distances(distances.data(), 9);
    refuses({query.data(), 15}, 1, all_keys, all_distances, errc::dimension_mismatch);
    refuses({query.data(), 17}, 1, all_keys, all_distances, errc::dimension_mismatch);
    refuses({}, 1, all_keys, all_distances, errc::invalid_argument);
    refuses({static_cast<const float*>(nullptr), 16}, 1, all_keys, all_distances, errc::invalid_argument);
    refuses(query, nan_value, all_keys, all_distances, errc::invalid_argument);
    refuses(query, 1, {keys.data(), 8}, all_distances, errc::invalid_argument);
    refuses(query, 1, {static_cast<std::uint64_t*>(nullptr), 9}, all_distances, errc::invalid_argument);
    refuses(query, 1, all_keys, {static_cast<float*>(nullptr), 9}, errc::invalid_argument);
    const std::vector<float> zeros(16, 0.0F);
    refuses(zeros, 1, all_keys, all_distances, errc::zero_vector);
    query[3] = nan_value;
    refuses(query, 1, all_keys, all_distances, errc::not_finite);
    query[3] = infinite;
    refuses(query, 1, all_keys, all_distances, errc::not_finite);
  }

  TEST_CASE_TEMPLATE("range: null spans of no length only count", Case, ATLAS_EACH_INDEX) {
    stocked<Case> in(atlas::metric::l2sq, 30, false);
    const auto query = support::grid_vectors(atlas::metric::l2sq, 5, 1);
    CHECK(in.index.range(query, infinite, {}, {}, {}).value() == 30);
  }

  TEST_CASE_TEMPLATE("distances: of any stored keys, in the order asked, with the very bits that search gives", Case, ATLAS_EACH_INDEX) {
    for (const atlas::metric metric : support::float_metrics) {
      for (const std::size_t dimension : {1U, 7U, 16U, 33U, 100U}) {
        auto index = Case::create(dimension, metric).value();
        const auto vectors = support::random_vector(dimension, 90 * dimension);
        index.add(support::keys_from(10, 90), atlas::dense(vectors.data(), 90, dimension)).value();
        const auto query = support::random_vector(77, dimension);
        const auto found = support::search_one(index, query.data(), {.k = 90});
        REQUIRE(found.keys.size() == 90);
        support::marked<float> out(90, -1.0F);
        REQUIRE(index.distances(query, found.keys, out.data()).ok());
        CHECK(out.is_intact_outside());
        CHECK(out.values() == found.distances);
        // A filtered search takes another way through the kernels.
        const auto all = [](std::uint64_t) { return true; };
        CHECK(support::search_one(index, query.data(), {.k = 90, .allowed = {.predicate = all}}) == found);
        for (std::size_t i = 0; i < 90; ++i) {
          const float* vector = vectors.data() + (found.keys[i] - 10) * dimension;
          const double exact = support::distance_float64(metric, query.data(), vector, dimension);
          const double bound = metric == atlas::metric::l2sq ? support::l2sq_bound(exact, dimension)
                                                             : support::dot_bound(query.data(), vector, dimension) + 1e-5;
          CHECK(std::abs(static_cast<double>(found.distances[i]) - exact) <= bound);
        }
      }
    }
  }

  TEST_CASE_TEMPLATE("distances: an unknown key is named by its place; what does not fit is refused", Case, ATLAS_EACH_INDEX) {
    stocked<Case> in(atlas::metric::cosine, 30, true);
    auto query = support::grid_vectors(atlas::metric::cosine, 5, 1);
    support::marked<float> out(4, -1.0F);
    const keys_t keys{first_key + 1, first_key + 2, 5, first_key + 3};
    const auto unknown = in.index.distances(query, keys, out.data());
    CHECK(failed_as(unknown, errc::key_not_found));
    CHECK(says_both(unknown));
    CHECK(unknown.error().row == 2);
    CHECK(unknown.error().found == 5);
    CHECK(out.is_intact_outside());
    CHECK(out.values()[2] == -1.0F);
    CHECK(out.values()[3] == -1.0F);
    CHECK(failed_as(in.index.distances(query, keys_t{first_key}, out.data()), errc::key_not_found));  // removed
    CHECK(in.index.distances(query, {}, nullptr).ok());
    support::marked<float> untouched(4, -1.0F);
    CHECK(failed_as(in.index.distances({query.data(), 15}, keys, untouched.data()), errc::dimension_mismatch));
    CHECK(failed_as(in.index.distances({static_cast<const float*>(nullptr), 16}, keys, untouched.data()), errc::invalid_argument));
    CHECK(failed_as(in.index.distances(query, keys, nullptr), errc::invalid_argument));
    CHECK(failed_as(in.index.distances(query, {static_cast<const std::uint64_t*>(nullptr), 4}, untouched.data()), errc::invalid_argument));
    const std::vector<float> zeros(16, 0.0F);
    CHECK(failed_as(in.index.distances(zeros, keys, untouched.data()), errc::zero_vector));
    query[0] = nan_value;
    CHECK(failed_as(in.index.distances(query, keys, untouched.data()), errc::not_finite));
    CHECK(untouched.is_untouched());
  }

  TEST_CASE_TEMPLATE("search: an upsert in its midst neither hides the key nor shows it twice", Case, ATLAS_EACH_KIND) {
    // The predicate is called in the midst of a search, and here lets another thread replace a vector just then.
    std::size_t hidden = 0;
    std::size_t doubled = 0;
    for (std::uint64_t replaced = 0; replaced < 60; ++replaced) {
      auto index = Case::create(support::grid_dimension).value();
      const auto vectors = support::grid_vectors(atlas::metric::l2sq, 1, 60);
      index.add(support::keys_from(0, 60), support::grid(vectors)).value();
      bool is_done = false;
      const auto upsert_once = [&](std::uint64_t) {
        if (!is_done) {
          is_done = true;
          std::thread([&] { index.upsert(keys_t{replaced}, atlas::dense(vectors.data(), 1, support::grid_dimension)).value(); }).join();
        }
        return true;
      };
      const auto found = support::search_one(index, vectors.data(), {.k = 100, .allowed = {.predicate = upsert_once}});
      const auto times = std::count(found.keys.begin(), found.keys.end(), replaced);
      hidden += times == 0 ? 1U : 0U;
      doubled += times > 1 ? 1U : 0U;
      is_done = false;
      std::size_t within = 0;
      const auto in_range = support::range(index, vectors.data(), infinite, 100, within, {.allowed = {.predicate = upsert_once}});
      hidden += std::count(in_range.keys.begin(), in_range.keys.end(), replaced) == 0 ? 1U : 0U;
      doubled += within > 60 ? 1U : 0U;
    }
    CHECK(doubled == 0);
    CHECK(hidden == 0);
  }
}

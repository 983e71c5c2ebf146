// SPDX-License-Identifier: Apache-2.0
// tests/index/basic_index_change_test.cpp -- mirrors include/atlas/index/basic_index.hpp: creating an index and changing
// it, for every kind.
#include <atlas/index/basic_index.hpp>

#include "support/error_line.hpp"
#include "support/index_answers.hpp"
#include "support/index_cases.hpp"
#include "support/index_model.hpp"
#include "support/repetitions.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

using atlas::errc;
using support::failed_as;
using support::says_both;

TEST_SUITE("index") {
namespace {

constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();
constexpr float infinite = std::numeric_limits<float>::infinity();

using keys_t = std::vector<std::uint64_t>;

/// The index holds exactly what the model holds, by every way of asking.
template <class Index>
void check_same(const Index& index, const support::index_model& model, atlas::metric metric) {
  CHECK(index.size() == model.size());
  CHECK(support::all_keys(index) == model.keys());
  std::vector<float> got(support::grid_dimension);
  for (const std::uint64_t key : model.keys()) {
    CHECK(index.contains(key));
    REQUIRE(index.get(key, got.data()).ok());
    CHECK(got == model.vector(key));
  }
  const std::vector<float> query = support::grid_vectors(metric, 99, 1);
  const std::size_t k = model.size() + 3;
  CHECK(support::search_one(index, query.data(), {.k = k}) == support::as_answer(model.nearest(query.data(), k)));
}

/// Twenty vectors under the keys 100, 101, ...
template <class Case>
auto twenty(atlas::metric metric, support::index_model& model) {
  auto index = Case::create(support::grid_dimension, metric).value();
  const auto vectors = support::grid_vectors(metric, 1, 20);
  const auto keys = support::keys_from(100, 20);
  index.add(keys, support::grid(vectors)).value();
  model.put(keys, support::grid(vectors));
  return index;
}

}  // namespace

  TEST_CASE_TEMPLATE("create: an empty index knows its shape and finds nothing", Case, ATLAS_EACH_INDEX) {
    for (const atlas::metric metric : support::float_metrics) {
      auto index = Case::create(5, metric).value();
      CHECK(index.size() == 0);
      CHECK(index.dimension() == 5);
      CHECK(index.metric() == metric);
      CHECK(index.element() == atlas::scalar::f32);
      CHECK_FALSE(index.is_read_only());
      CHECK(index.file() == nullptr);
      CHECK_FALSE(index.contains(0));
      CHECK(support::all_keys(index).empty());
      const float query[5] = {1, 2, 3, 4, 5};
      CHECK(support::search_one(index, query, {.k = 3}).keys.empty());
      std::size_t found = 99;
      CHECK(support::range(index, query, infinite, 3, found).keys.empty());
      CHECK(found == 0);
      CHECK(failed_as(index.remove(0), errc::key_not_found));
    }
  }

  TEST_CASE_TEMPLATE("create: a dimension outside 1 to 65535 is refused with both values", Case, ATLAS_EACH_INDEX) {
    CHECK(failed_as(Case::create(0), errc::invalid_argument));
    CHECK(says_both(Case::create(0)));
    const auto too_many = Case::create(65'536);
    CHECK(failed_as(too_many, errc::limit_exceeded));
    CHECK(too_many.error().expected == 65'535);
    CHECK(too_many.error().found == 65'536);
    CHECK(failed_as(Case::create(~std::size_t{0}), errc::limit_exceeded));
    CHECK(Case::create(1).ok());
    // ThreadSanitizer leaves a region 8 GiB of addresses: too few for the fewest rows of this size.
    if (!support::under_thread_sanitizer) CHECK(Case::create(65'535, atlas::metric::cosine).ok());
  }

  TEST_CASE_TEMPLATE("create: a metric that float vectors do not have is refused", Case, ATLAS_EACH_INDEX) {
    for (const int number : {3, 4, 5, 255}) {
      const auto refused = Case::create(4, static_cast<atlas::metric>(number));
      CHECK(failed_as(refused, errc::metric_mismatch));
      CHECK(says_both(refused));
    }
  }

  TEST_CASE_TEMPLATE("create: more rows reserved than an index may hold is refused, not tried", Case, ATLAS_EACH_INDEX) {
    CHECK(failed_as(Case::create(4, atlas::metric::l2sq, atlas::max_rows + 1), errc::limit_exceeded));
    CHECK(failed_as(Case::create(4, atlas::metric::l2sq, ~std::size_t{0}), errc::limit_exceeded));
    const auto huge = Case::create(65'535, atlas::metric::l2sq, atlas::max_rows);  // 1 PiB of vectors
    CHECK_FALSE(huge.ok());
    CHECK(says_both(huge));
  }

  TEST_CASE_TEMPLATE("add: every vector is found by its key, bit for bit, under every metric", Case, ATLAS_EACH_INDEX) {
    for (const atlas::metric metric : support::float_metrics) {
      auto index = Case::create(7, metric).value();
      // Bits that a careless copy loses: -0, denormals, and about the largest there may be.
      std::vector<float> vectors = support::random_vector(3, 70);
      vectors[0] = -0.0F;
      vectors[1] = std::numeric_limits<float>::denorm_min();
      vectors[2] = -std::numeric_limits<float>::min();
      vectors[10] = std::bit_cast<float>(0x807FFFFFU);
      vectors[20] = metric == atlas::metric::cosine ? 1e18F : 1.8e19F;
      const keys_t keys{0, 1, atlas::reserved_key - 1, 1ULL << 63, 64, 65, 7, 8, 0xFFFFFFFF, 0x100000000};
      REQUIRE(index.add(keys, atlas::dense(vectors.data(), 10, 7)).ok());
      CHECK(index.size() == 10);
      keys_t sorted = keys;
      std::sort(sorted.begin(), sorted.end());
      CHECK(support::all_keys(index) == sorted);
      for (std::size_t i = 0; i < keys.size(); ++i) {
        float got[7];
        REQUIRE(index.get(keys[i], got).ok());
        CHECK(std::memcmp(got, vectors.data() + i * 7, sizeof got) == 0);
        CHECK(index.contains(keys[i]));
      }
      CHECK_FALSE(index.contains(2));
      CHECK_FALSE(index.contains(atlas::reserved_key));
    }
  }

  TEST_CASE_TEMPLATE("add: rows may lie apart, and what lies between is not read as a vector", Case, ATLAS_EACH_INDEX) {
    for (const std::size_t dimension : {1U, 3U, 15U, 16U, 17U, 33U}) {
      auto index = Case::create(dimension).value();
      const std::size_t stride = dimension + 5;
      std::vector<float> block(20 * stride, nan_value);
      for (std::size_t row = 0; row < 20; ++row) {
        for (std::size_t i = 0; i < dimension; ++i) block[row * stride + i] = static_cast<float>(row * 100 + i);
      }
      const auto keys = support::keys_from(0, 20);
      REQUIRE(index.add(keys, {block.data(), 20, dimension, stride}).ok());
      for (std::size_t row = 0; row < 20; ++row) {
        CHECK(support::search_one(index, block.data() + row * stride, {.k = 1}).keys == keys_t{row});
      }
    }
  }

  TEST_CASE_TEMPLATE("add: nothing is nothing", Case, ATLAS_EACH_INDEX) {
    auto index = Case::create(4).value();
    CHECK(index.add({}, {}).ok());
    CHECK(index.upsert({}, {}).ok());
    CHECK(index.add({}, {nullptr, 0, 99, 0}).ok());
    CHECK(index.size() == 0);
  }

  TEST_CASE_TEMPLATE("add, upsert: a bad batch changes nothing, and the error names its row", Case, ATLAS_EACH_INDEX) {
    for (const atlas::metric metric : support::float_metrics) {
      for (const bool is_upsert : {false, true}) {
        CAPTURE(std::string(atlas::name(metric)));
        CAPTURE(is_upsert);
        support::index_model model(metric, Case::kind);
        auto index = twenty<Case>(metric, model);
        const auto good_vectors = support::grid_vectors(metric, 2, 9);
        const auto good_keys = support::keys_from(500, 9);
        const auto put = [&](const keys_t& keys, const std::vector<float>& vectors) {
          return is_upsert ? index.upsert(keys, support::grid(vectors)) : index.add(keys, support::grid(vectors));
        };
        const auto refuses = [&](const keys_t& keys, const std::vector<float>& vectors, errc code, std::uint64_t row) {
          const atlas::status refused = put(keys, vectors);
          REQUIRE_FALSE(refused.ok());
          CHECK(refused.error().code == code);
          CHECK(refused.error().row == row);
          CHECK(says_both(refused));
        };
        for (const std::size_t row : {0U, 4U, 8U}) {
          CAPTURE(row);
          for (const std::size_t component : {0U, 7U, 15U}) {
            for (const float bad : {nan_value, infinite, -infinite, std::bit_cast<float>(0x7F800001U)}) {
              std::vector<float> vectors = good_vectors;
              vectors[row * support::grid_dimension + component] = bad;
              refuses(good_keys, vectors, errc::not_finite, row);
            }
          }
          keys_t keys = good_keys;
          keys[row] = atlas::reserved_key;
          refuses(keys, good_vectors, errc::invalid_argument, row);
          if (!is_upsert) {
            keys[row] = 119;  // the last of those stored
            refuses(keys, good_vectors, errc::duplicate_key, row);
          }
          if (row != 0) {
            keys[row] = good_keys[row - 1];
            refuses(keys, good_vectors, errc::duplicate_key, row);
            keys[row] = good_keys[0];
            refuses(keys, good_vectors, errc::duplicate_key, row);
          }
          if (metric == atlas::metric::cosine) {
            for (const float zero : {0.0F, -0.0F}) {
              std::vector<float> vectors = good_vectors;
              std::fill_n(vectors.begin() + static_cast<std::ptrdiff_t>(row * support::grid_dimension), support::grid_dimension, zero);
              refuses(good_keys, vectors, errc::zero_vector, row);
            }
            std::vector<float> vectors = good_vectors;
            std::fill_n(vectors.begin() + static_cast<std::ptrdiff_t>(row * support::grid_dimension), support::grid_dimension, 1e-19F);
            refuses(good_keys, vectors, errc::limit_exceeded, row);
          }
          for (const float huge : {5e18F, 1e25F, 3e38F}) {  // each float is finite, products of them are not
            std::vector<float> vectors = good_vectors;
            std::fill_n(vectors.begin() + static_cast<std::ptrdiff_t>(row * support::grid_dimension), support::grid_dimension, huge);
            refuses(good_keys, vectors, errc::limit_exceeded, row);
          }
        }
        check_same(index, model, metric);
        // What was refused is not held against it.
        REQUIRE(put(good_keys, good_vectors).ok());
        model.put(good_keys, support::grid(good_vectors));
        check_same(index, model, metric);
      }
    }
  }

  TEST_CASE_TEMPLATE("add: a zero vector is a vector where no direction is asked", Case, ATLAS_EACH_INDEX) {
    for (const atlas::metric metric : {atlas::metric::l2sq, atlas::metric::inner_product}) {
      auto index = Case::create(3, metric).value();
      const float zeros[3] = {};
      CHECK(index.add(keys_t{1}, atlas::dense(zeros, 1, 3)).ok());
      CHECK(support::search_one(index, zeros, {.k = 1}).keys == keys_t{1});
    }
  }

  TEST_CASE_TEMPLATE("add, upsert: arguments that do not fit are refused with both values", Case, ATLAS_EACH_INDEX) {
    support::index_model model(atlas::metric::l2sq, Case::kind);
    auto index = twenty<Case>(atlas::metric::l2sq, model);
    const std::vector<float> block(100, 1.0F);
    const keys_t two{1, 2};
    struct bad_call {
      atlas::span<const std::uint64_t> keys;
      atlas::matrix_view vectors;
      errc code;
    };
    const bad_call calls[] = {
        {two, atlas::dense(block.data(), 3, 16), errc::invalid_argument},
        {two, atlas::dense(block.data(), 1, 16), errc::invalid_argument},
        {two, {}, errc::invalid_argument},
        {{}, atlas::dense(block.data(), 2, 16), errc::invalid_argument},
        {{static_cast<const std::uint64_t*>(nullptr), 2}, atlas::dense(block.data(), 2, 16), errc::invalid_argument},
        {two, {nullptr, 2, 16, 16}, errc::invalid_argument},
        {two, atlas::dense(block.data(), 2, 15), errc::dimension_mismatch},
        {two, atlas::dense(block.data(), 2, 17), errc::dimension_mismatch},
        {two, atlas::dense(block.data(), 2, 0), errc::dimension_mismatch},
        {two, {block.data(), 2, 16, 15}, errc::invalid_argument},
        {two, {block.data(), 2, 16, 0}, errc::invalid_argument},
        {{two.data(), std::size_t{1} << 32}, {block.data(), std::size_t{1} << 32, 16, 16}, errc::limit_exceeded},
    };
    for (const bad_call& call : calls) {
      const atlas::status added = index.add(call.keys, call.vectors);
      CHECK(failed_as(added, call.code));
      CHECK(says_both(added));
      const atlas::status upserted = index.upsert(call.keys, call.vectors);
      CHECK(failed_as(upserted, call.code));
      CHECK(says_both(upserted));
    }
    const atlas::status mismatch = index.add(two, atlas::dense(block.data(), 2, 15));
    CHECK(mismatch.error().expected == 16);
    CHECK(mismatch.error().found == 15);
    check_same(index, model, atlas::metric::l2sq);
  }

  TEST_CASE_TEMPLATE("upsert: a stored key gets the new vector, a new key is added, in one batch", Case, ATLAS_EACH_INDEX) {
    for (const atlas::metric metric : support::float_metrics) {
      support::index_model model(metric, Case::kind);
      auto index = twenty<Case>(metric, model);
      for (std::uint64_t round = 0; round < 5; ++round) {
        const auto vectors = support::grid_vectors(metric, 10 + round, 12);
        keys_t keys = support::keys_from(110 + round, 12);
        std::swap(keys[0], keys[11]);
        REQUIRE(index.upsert(keys, support::grid(vectors)).ok());
        model.put(keys, support::grid(vectors));
        check_same(index, model, metric);
      }
      // The same vector again is a change like any other: it now comes last of those equally far.
      const keys_t first{100};
      const std::vector<float> same = model.vector(100);
      REQUIRE(index.upsert(first, support::grid(same)).ok());
      model.put(first, support::grid(same));
      check_same(index, model, metric);
    }
  }

  TEST_CASE_TEMPLATE("remove: the key is gone by every way of asking, and may come back", Case, ATLAS_EACH_INDEX) {
    for (const atlas::metric metric : support::float_metrics) {
      support::index_model model(metric, Case::kind);
      auto index = twenty<Case>(metric, model);
      float got[support::grid_dimension];
      for (const std::uint64_t key : {100U, 119U, 110U, 111U}) {
        REQUIRE(index.remove(key).ok());
        model.remove(key);
        CHECK_FALSE(index.contains(key));
        CHECK(failed_as(index.get(key, got), errc::key_not_found));
        check_same(index, model, metric);
        const atlas::status again = index.remove(key);
        CHECK(failed_as(again, errc::key_not_found));
        CHECK(says_both(again));
        CHECK(again.error().found == key);
      }
      const auto vectors = support::grid_vectors(metric, 5, 2);
      const keys_t back{110, 100};
      REQUIRE(index.add(back, support::grid(vectors)).ok());
      model.put(back, support::grid(vectors));
      check_same(index, model, metric);
    }
  }

  TEST_CASE_TEMPLATE("remove: an index emptied key by key finds nothing, and can be filled again", Case, ATLAS_EACH_INDEX) {
    support::index_model model(atlas::metric::l2sq, Case::kind);
    auto index = twenty<Case>(atlas::metric::l2sq, model);
    for (std::uint64_t key = 100; key < 120; ++key) {
      REQUIRE(index.remove(key).ok());
      model.remove(key);
    }
    check_same(index, model, atlas::metric::l2sq);
    const auto vectors = support::grid_vectors(atlas::metric::l2sq, 6, 20);
    const auto keys = support::keys_from(100, 20);
    REQUIRE(index.add(keys, support::grid(vectors)).ok());
    model.put(keys, support::grid(vectors));
    check_same(index, model, atlas::metric::l2sq);
  }

  TEST_CASE_TEMPLATE("remove and add of one key many times keep look-ups right", Case, ATLAS_EACH_INDEX) {
    // Every removal leaves a mark in the key map: it must not fill up with marks.
    auto index = Case::create(1).value();
    const float one = 1.0F;
    for (std::uint64_t round = 0; round < 200; ++round) {
      REQUIRE(index.add(keys_t{round % 3}, atlas::dense(&one, 1, 1)).ok());
      REQUIRE(index.contains(round % 3));
      REQUIRE_FALSE(index.contains((round + 1) % 3));
      REQUIRE(index.remove(round % 3).ok());
    }
    CHECK(index.size() == 0);
  }

  TEST_CASE_TEMPLATE("get: a null pointer and an unknown key are refused, and nothing is written", Case, ATLAS_EACH_INDEX) {
    support::index_model model(atlas::metric::l2sq, Case::kind);
    auto index = twenty<Case>(atlas::metric::l2sq, model);
    CHECK(failed_as(index.get(100, nullptr), errc::invalid_argument));
    support::marked<float> out(16, -5.0F);
    const atlas::status unknown = index.get(99, out.data());
    CHECK(failed_as(unknown, errc::key_not_found));
    CHECK(says_both(unknown));
    CHECK(failed_as(index.get(atlas::reserved_key, out.data()), errc::key_not_found));
    CHECK(out.is_untouched());
    REQUIRE(index.get(119, out.data()).ok());
    CHECK(out.is_intact_outside());
  }

  TEST_CASE_TEMPLATE("list_keys: any buffer gives all keys once, a flat index in the order of adding", Case, ATLAS_EACH_INDEX) {
    support::index_model model(atlas::metric::l2sq, Case::kind);
    auto index = twenty<Case>(atlas::metric::l2sq, model);
    for (const std::uint64_t key : {100U, 103U, 104U, 119U}) {
      REQUIRE(index.remove(key).ok());
      model.remove(key);
    }
    for (const std::size_t step : {1U, 2U, 15U, 16U, 17U, 100U}) {
      CHECK(support::all_keys(index, step) == model.keys());
      if (Case::kind == atlas::file_kind::flat) CHECK(support::listed_keys(index, step) == model.keys_as_added());
    }
    std::uint64_t cursor = 0;
    CHECK(index.list_keys(cursor, {}) == 0);
    CHECK(cursor == 0);
    cursor = ~std::uint64_t{0};
    std::uint64_t one = 0;
    CHECK(index.list_keys(cursor, {&one, 1}) == 0);
  }

  TEST_CASE_TEMPLATE("reserve: makes room and changes no answer; more than the limit is refused", Case, ATLAS_EACH_INDEX) {
    support::index_model model(atlas::metric::cosine, Case::kind);
    auto index = twenty<Case>(atlas::metric::cosine, model);
    CHECK(index.reserve(0).ok());
    CHECK(index.reserve(5).ok());
    CHECK(index.reserve(100'000).ok());
    check_same(index, model, atlas::metric::cosine);
    for (const std::size_t rows : {atlas::max_rows + 1, ~std::size_t{0}}) {
      const atlas::status refused = index.reserve(rows);
      CHECK(failed_as(refused, errc::limit_exceeded));
      CHECK(says_both(refused));
    }
    const auto vectors = support::grid_vectors(atlas::metric::cosine, 7, 50);
    const auto keys = support::keys_from(1000, 50);
    REQUIRE(index.add(keys, support::grid(vectors)).ok());
    model.put(keys, support::grid(vectors));
    check_same(index, model, atlas::metric::cosine);
  }

  TEST_CASE_TEMPLATE("create with reserved rows answers as one without", Case, ATLAS_EACH_INDEX) {
    support::index_model model(atlas::metric::l2sq, Case::kind);
    auto index = Case::create(support::grid_dimension, atlas::metric::l2sq, 10'000).value();
    CHECK(index.size() == 0);
    CHECK(support::all_keys(index).empty());
    const auto vectors = support::grid_vectors(atlas::metric::l2sq, 7, 50);
    const auto keys = support::keys_from(1000, 50);
    REQUIRE(index.add(keys, support::grid(vectors)).ok());
    model.put(keys, support::grid(vectors));
    check_same(index, model, atlas::metric::l2sq);
  }

  TEST_CASE_TEMPLATE("memory: counts the rows, keys and links there are", Case, ATLAS_EACH_INDEX) {
    auto index = Case::create(16, atlas::metric::cosine).value();
    CHECK(index.memory().vectors == 0);
    const auto vectors = support::grid_vectors(atlas::metric::cosine, 7, 50);
    REQUIRE(index.add(support::keys_from(0, 50), support::grid(vectors)).ok());
    const atlas::memory_use use = index.memory();
    CHECK(use.vectors == 50 * 128);  // 16 components and the norm, rounded up to cache lines
    CHECK(use.keys >= 50 * (8 + 1 + 4));
    CHECK(use.keys <= 50 * (8 + 1 + 16));
    if (Case::kind == atlas::file_kind::flat) {
      CHECK(use.graph == 0);
    } else if (Case::kind == atlas::file_kind::ivf_pq) {
      CHECK(use.graph >= 4 * (16 + 16) * 4 + 50 * (2 + 12));  // centroids; a bit a component, two terms, the row
    } else {
      CHECK(use.graph >= 50 * (256 * 4 + 1 + 4));
    }
    (void)support::search_one(index, vectors.data(), {.k = 5});
    CHECK(index.memory().scratch > 0);
    CHECK(index.memory().total() == use.vectors + use.keys + use.graph + index.memory().scratch);
  }

  TEST_CASE_TEMPLATE("add: progress counts up to the whole batch", Case, ATLAS_EACH_INDEX) {
    for (const unsigned threads : {1U, 2U, 0U}) {
      auto index = Case::create(16).value();
      const auto vectors = support::grid_vectors(atlas::metric::l2sq, 7, 150);
      std::vector<std::uint64_t> seen;
      bool totals_right = true;
      const auto note = [&](std::uint64_t done, std::uint64_t total) {
        seen.push_back(done);
        totals_right = totals_right && total == 150;
        return true;
      };
      REQUIRE(index.add(support::keys_from(0, 150), support::grid(vectors), {.threads = threads, .on_progress = note}).ok());
      REQUIRE_FALSE(seen.empty());
      CHECK(std::is_sorted(seen.begin(), seen.end()));
      CHECK(seen.back() == 150);
      CHECK(totals_right);
      if (threads == 1) CHECK(seen.front() == 0);
    }
  }

  TEST_CASE_TEMPLATE("add, upsert: a cancelled batch leaves nothing found, wherever it was cancelled", Case, ATLAS_EACH_INDEX) {
    for (const atlas::metric metric : support::float_metrics) {
      for (const unsigned threads : {1U, 2U}) {
        for (const bool is_upsert : {false, true}) {
          support::index_model model(metric, Case::kind);
          auto index = twenty<Case>(metric, model);
          const auto vectors = support::grid_vectors(metric, 7, 20);
          const auto keys = is_upsert ? support::keys_from(110, 20) : support::keys_from(200, 20);
          std::size_t cancelled = 0;
          for (std::uint64_t stop_at = 0; stop_at <= 20; ++stop_at) {
            if (index.memory().vectors / 128 > support::exact_rows - 40) break;  // no longer exact
            const auto stop = [&](std::uint64_t done, std::uint64_t) { return done < stop_at; };
            const atlas::add_options options{.threads = threads, .on_progress = stop};
            const atlas::status said = is_upsert ? index.upsert(keys, support::grid(vectors), options)
                                                 : index.add(keys, support::grid(vectors), options);
            CHECK(failed_as(said, errc::cancelled));
            ++cancelled;
            check_same(index, model, metric);
            if (!is_upsert) CHECK_FALSE(index.contains(keys[0]));
          }
          CHECK(cancelled >= 4);
          REQUIRE((is_upsert ? index.upsert(keys, support::grid(vectors)) : index.add(keys, support::grid(vectors))).ok());
          model.put(keys, support::grid(vectors));
          check_same(index, model, metric);
        }
      }
    }
  }

  TEST_CASE_TEMPLATE("add: the very first batch cancelled leaves an index that can be filled", Case, ATLAS_EACH_INDEX) {
    support::index_model model(atlas::metric::l2sq, Case::kind);
    auto index = Case::create(support::grid_dimension).value();
    const auto vectors = support::grid_vectors(atlas::metric::l2sq, 7, 30);
    const auto keys = support::keys_from(0, 30);
    for (const std::uint64_t stop_at : {0U, 1U, 15U, 30U}) {
      const auto stop = [&](std::uint64_t done, std::uint64_t) { return done < stop_at; };
      CHECK(failed_as(index.add(keys, support::grid(vectors), {.on_progress = stop}), errc::cancelled));
      check_same(index, model, atlas::metric::l2sq);
    }
    REQUIRE(index.add(keys, support::grid(vectors)).ok());
    model.put(keys, support::grid(vectors));
    check_same(index, model, atlas::metric::l2sq);
  }

  TEST_CASE_TEMPLATE("add: several threads store the same as one", Case, ATLAS_EACH_INDEX) {
    for (const atlas::metric metric : support::float_metrics) {
      for (const unsigned threads : {2U, 5U, 0U, 1000U}) {
        support::index_model model(metric, Case::kind);
        auto index = Case::create(support::grid_dimension, metric).value();
        const auto vectors = support::grid_vectors(metric, 7, 200);
        const auto keys = support::keys_from(0, 200);
        REQUIRE(index.add(keys, support::grid(vectors), {.threads = threads}).ok());
        model.put(keys, support::grid(vectors));
        check_same(index, model, metric);
      }
    }
  }

  TEST_CASE_TEMPLATE("an index moves with all it holds", Case, ATLAS_EACH_INDEX) {
    support::index_model model(atlas::metric::l2sq, Case::kind);
    auto first = twenty<Case>(atlas::metric::l2sq, model);
    auto second = std::move(first);
    check_same(second, model, atlas::metric::l2sq);
    auto third = Case::create(3).value();
    third = std::move(second);
    check_same(third, model, atlas::metric::l2sq);
    first = std::move(third);  // into one that was moved from
    check_same(first, model, atlas::metric::l2sq);
    auto& self = first;
    first = std::move(self);
    check_same(first, model, atlas::metric::l2sq);
  }

  TEST_CASE_TEMPLATE("cosine: vectors of any length that floats can multiply count by their direction", Case, ATLAS_EACH_INDEX) {
    for (const float scale : {1e-17F, 1e-10F, 1e10F, 1e18F}) {
      CAPTURE(scale);
      support::index_model model(atlas::metric::cosine, Case::kind);
      auto index = Case::create(support::grid_dimension, atlas::metric::cosine).value();
      auto vectors = support::grid_vectors(atlas::metric::cosine, 7, 100);
      const auto query = support::grid_vectors(atlas::metric::cosine, 8, 1);
      const auto keys = support::keys_from(0, 100);
      model.put(keys, support::grid(vectors));
      for (float& value : vectors) value *= scale;
      REQUIRE(index.add(keys, support::grid(vectors)).ok());
      const auto found = support::search_one(index, query.data(), {.k = 100});
      const auto expected = support::as_answer(model.nearest(query.data(), 100));
      REQUIRE(found.keys.size() == 100);
      for (std::size_t i = 0; i < 100; ++i) {
        CHECK(std::abs(found.distances[i] - expected.distances[i]) <= 1e-5F);
      }
    }
  }
}

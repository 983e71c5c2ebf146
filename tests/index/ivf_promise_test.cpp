// SPDX-License-Identifier: Apache-2.0
// tests/index/ivf_promise_test.cpp -- mirrors include/atlas/index/ivf_promise.hpp, and what trainings of ivf_pq measure.
#include <atlas/index/ivf_promise.hpp>

#include <atlas/ivf_pq.hpp>

#include "support/error_line.hpp"
#include "support/index_answers.hpp"
#include "support/index_cases.hpp"
#include "support/index_model.hpp"
#include "support/memory_folder.hpp"
#include "support/patched_file.hpp"
#include "support/scratch_folder.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

using atlas::errc;
using atlas::ivf_codes;
using atlas::ivf_pq;
using support::failed_as;

TEST_SUITE("ivf_promise") {
namespace {

constexpr std::size_t dimension = 16;
constexpr std::size_t rows = 1500;

struct measured_lists {
  ivf_pq<float> index;
  std::vector<float> vectors;
};
/// Rows added in one batch, of which all are learned from.
measured_lists add_rows(atlas::ivf_pq_options options, std::size_t count = rows, unsigned threads = 1) {
  options.dimension = dimension;
  options.train_from = count;
  measured_lists made{ivf_pq<float>::create(options).value(), support::random_vector(1, count * dimension)};
  made.index.add(support::keys_from(0, count), atlas::dense(made.vectors.data(), count, dimension), {.threads = threads}).value();
  return made;
}
atlas::matrix_view view_of(const std::vector<float>& vectors) { return atlas::dense(vectors.data(), vectors.size() / dimension, dimension); }

/// The share of the k nearest others of some stored rows that searches with the defaults find.
double recall_of_rows(const ivf_pq<float>& index, const std::vector<float>& vectors, const std::vector<std::uint64_t>& asked, std::size_t k) {
  const std::vector<std::uint64_t> keys = support::all_keys(index);
  std::vector<float> distances(keys.size());
  std::size_t hits = 0;
  for (const std::uint64_t own : asked) {
    const float* const query = vectors.data() + own * dimension;
    index.distances({query, dimension}, keys, distances.data()).value();
    std::vector<float> others;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (keys[i] != own) others.push_back(distances[i]);
    }
    std::nth_element(others.begin(), others.begin() + static_cast<std::ptrdiff_t>(k - 1), others.end());
    const auto is_other = [&](std::uint64_t key) { return key != own; };
    const auto found = support::search_one(index, query, {.k = k, .allowed = {.predicate = is_other}});
    const auto right = std::count_if(found.distances.begin(), found.distances.end(), [&](float distance) { return distance <= others[k - 1]; });
    hits += std::min(static_cast<std::size_t>(right), k);
  }
  return static_cast<double>(hits) / static_cast<double>(asked.size() * k);
}
/// The rows that a training holds back of so many: every tenth, or 100.
std::vector<std::uint64_t> held_rows(std::size_t count) {
  const std::size_t held = atlas::detail::held_back_count(count, 16);
  std::vector<std::uint64_t> keys;
  for (std::size_t i = 0; i < held; ++i) keys.push_back(i * count / held);
  return keys;
}

}  // namespace

  TEST_CASE("hold back: a tenth of the sample, 100 to 1,000, no more than half, and what training needs stays") {
    using atlas::detail::held_back_count;
    CHECK(held_back_count(199, 16) == 0);
    CHECK(held_back_count(200, 16) == 100);
    CHECK(held_back_count(200, 101) == 0);
    CHECK(held_back_count(5000, 16) == 500);
    CHECK(held_back_count(1'000'000, 4096) == 1000);
    CHECK(held_back_count(0, 16) == 0);
    CHECK(held_back_count(10, std::numeric_limits<std::size_t>::max() / 2) == 0);
  }

  TEST_CASE("hold back: every vector of the sample is on one side, in its order, and those held back come from all over") {
    for (const std::size_t count : {1U, 2U, 7U, 333U, 999U, 1000U}) {
      CAPTURE(count);
      atlas::buffer<float> sample;
      REQUIRE(sample.resize(1000 * 3).ok());
      for (std::size_t i = 0; i < sample.size(); ++i) sample[i] = static_cast<float>(i);
      const auto held = atlas::detail::hold_back(sample, 3, count).value();
      REQUIRE(held.count == count);
      REQUIRE(held.vectors.size() == count * 3);
      REQUIRE(sample.size() == (1000 - count) * 3);
      std::size_t next_held = 0;
      std::size_t next_kept = 0;
      for (std::size_t row = 0; row < 1000; ++row) {
        const bool is_held = next_held < count && row == next_held * 1000 / count;
        if (!is_held) CHECK(held.row_before(next_kept) == row);
        const float* const vector = is_held ? held.vectors.data() + next_held++ * 3 : sample.data() + next_kept++ * 3;
        for (std::size_t i = 0; i < 3; ++i) CHECK(vector[i] == static_cast<float>(row * 3 + i));
      }
    }
  }

  TEST_CASE("hold back: a vector that cannot be trained on is named by its row, on whichever side, and nothing is moved") {
    for (const std::size_t row : {0U, 1U, 5U, 10U, 98U, 99U}) {  // each tenth would be held back
      CAPTURE(row);
      for (const float bad : {5e18F, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
        atlas::buffer<float> sample;
        REQUIRE(sample.resize(100 * 3).ok());
        for (std::size_t i = 0; i < sample.size(); ++i) sample[i] = static_cast<float>(i);
        sample[row * 3 + 1] = bad;
        const auto refused = atlas::detail::hold_back(sample, 3, 10);
        CHECK(failed_as(refused, bad == 5e18F ? errc::limit_exceeded : errc::not_finite));
        CHECK(refused.error().row == row);
        CHECK(sample.size() == 100 * 3);
        for (std::size_t i = 0; i < sample.size(); ++i) CHECK((i == row * 3 + 1 || sample[i] == static_cast<float>(i)));
      }
    }
  }

  TEST_CASE("hold back: an error of training names the row of the whole sample, if it names one") {
    atlas::buffer<float> sample;
    REQUIRE(sample.resize_zeroed(1000).ok());
    const auto none = atlas::detail::hold_back(sample, 1, 0).value();
    CHECK(sample.size() == 1000);
    CHECK(none.vectors.empty());
    const auto tenth = atlas::detail::hold_back(sample, 1, 100).value();
    const atlas::error why{errc::limit_exceeded, "rows", "lengths of at most 1e18", "a longer vector"};
    for (const auto* held : {&none, &tenth}) CHECK(held->named(why).row == atlas::error::no_row);
    CHECK(none.named(why.at_row(27)).row == 27);
    CHECK(tenth.named(why.at_row(0)).row == 1);
    CHECK(tenth.named(why.at_row(27)).row == 31);
    CHECK(tenth.named(why.at_row(899)).row == 999);
    CHECK(tenth.named(why.at_row(27)).code == errc::limit_exceeded);
  }

  TEST_CASE("promise: no more than was measured, and only while the rows are neither twice as many nor half as many") {
    atlas::detail::kept_promise promise;
    CHECK(promise.at(0).recall == 0);
    CHECK(promise.at(100).k == 0);
    for (const double recall : {0.95, 1.0, 0.1, 1.0 / 3, 2.0 / 3, 0.957}) {
      promise.set({recall, 7}, 100);
      CHECK(promise.at(100).recall <= recall);
      CHECK(promise.at(100).recall >= recall - 1e-6);
      CHECK(promise.at(51).k == 7);
      CHECK(promise.at(199).k == 7);
      CHECK(promise.at(50).k == 0);
      CHECK(promise.at(200).recall == 0);
      atlas::ivf_parameters saved;
      promise.save(saved, 150);
      saved.list_count = 1;
      CHECK(saved.promised_rows == 100);
      CHECK(atlas::detail::check_promise(saved).ok());
      atlas::detail::kept_promise opened;
      opened.open(saved);
      CHECK(opened.at(199).recall == promise.at(199).recall);
      CHECK(opened.at(200).recall == 0);
      promise.save(saved, 200);
      CHECK(saved.promised_recall == 0.0F);
      CHECK(saved.promised_k == 0);
      CHECK(saved.promised_rows == 0);
    }
    promise.set({0.0, 7}, 100);
    CHECK(promise.at(100).k == 0);
    promise.set({0.5, std::numeric_limits<std::size_t>::max()}, 100);
    CHECK(promise.at(100).k == atlas::max_rows);
    promise.clear();
    CHECK(promise.at(100).k == 0);
  }

  TEST_CASE("training with a wanted recall: the promise is what default searches find of the rows that were held back") {
    const auto held = held_rows(rows);
    for (const ivf_codes codes : {ivf_codes::flat, ivf_codes::pq4, ivf_codes::rabitq, ivf_codes::sq8}) {
      for (const atlas::metric metric : support::float_metrics) {
        CAPTURE(static_cast<int>(codes));
        CAPTURE(static_cast<int>(metric));
        const auto made = add_rows({.metric = metric, .lists = 20, .codes = codes, .recall = 0.9, .recall_k = 5});
        const auto promised = made.index.promised();
        CHECK(promised.k == 5);
        CHECK(promised.recall >= 0.9F - 1e-6);
        // Under the inner product a row may not be among its own nearest; then another is left out for it.
        const double measured = recall_of_rows(made.index, made.vectors, held, 5);
        CHECK(std::abs(promised.recall - measured) <= (metric == atlas::metric::inner_product ? 0.03 : 1e-6));
        CHECK(made.index.probes() < 20);  // or these data ask nothing
      }
    }
  }

  TEST_CASE("training with a wanted recall: of rows that are all there twice, the other one counts") {
    auto index = ivf_pq<float>::create({.dimension = dimension, .lists = 8, .recall = 1.0, .recall_k = 1}).value();
    auto vectors = support::random_vector(1, 400 * dimension);
    vectors.insert(vectors.end(), vectors.begin(), vectors.end());
    index.add(support::keys_from(0, 800), view_of(vectors)).value();
    CHECK(index.promised().recall == 1.0);
    CHECK(index.promised().k == 1);
  }

  TEST_CASE("training with a wanted recall: the same options and vectors give the same bytes, on any number of threads") {
    const support::memory_folder folder;
    const atlas::ivf_pq_options options{.lists = 20, .recall = 0.9};
    add_rows(options).index.save(folder.path("one").c_str()).value();
    for (const unsigned threads : {1U, 3U}) {
      add_rows(options, rows, threads).index.save(folder.path("other").c_str()).value();
      CHECK(support::read_whole(folder.path("one")) == support::read_whole(folder.path("other")));
    }
  }

  TEST_CASE("training with a wanted recall that nothing reaches: the pair that finds most, and the promise says how much") {
    const auto made = add_rows({.lists = 12, .codes = ivf_codes::pq4, .parts = 1, .recall = 1.0, .recall_k = 1}, 3000);
    const auto promised = made.index.promised();
    CHECK(promised.recall > 0);
    CHECK(promised.recall < 1);
    CHECK(made.index.rerank() == 64);
    CHECK(std::abs(promised.recall - recall_of_rows(made.index, made.vectors, held_rows(3000), 1)) <= 1e-6);
  }

  TEST_CASE("promise: is saved, opened, and measured anew by a training of the opened index; upserts leave it") {
    const support::memory_folder folder;
    const std::string path = folder.path("promised.atlas");
    const auto made = add_rows({.lists = 20, .recall = 0.9, .recall_k = 5});
    made.index.save(path.c_str()).value();
    CHECK(ivf_pq<float>::open(path.c_str()).value().promised().recall == made.index.promised().recall);
    auto opened = ivf_pq<float>::open(path.c_str(), {.mode = atlas::open_mode::change}).value();
    CHECK(opened.promised().k == 5);
    opened.upsert(support::keys_from(0, 10), atlas::dense(made.vectors.data(), 10, dimension)).value();
    CHECK(opened.promised().recall == made.index.promised().recall);
    opened.set_defaults(3, 2).value();
    CHECK(opened.promised().recall == 0);
    CHECK(opened.promised().k == 0);
    opened.save(path.c_str()).value();
    CHECK(ivf_pq<float>::open(path.c_str()).value().promised().k == 0);
    opened.retrain().value();
    CHECK(opened.promised().k == 5);
    CHECK(opened.promised().recall >= 0.9F - 1e-6);
    CHECK(opened.probes() != 3);
  }

  TEST_CASE("promise: twice as many vectors, or half as many, and files saved then promise nothing") {
    const support::memory_folder folder;
    const std::string path = folder.path("dropped.atlas");
    auto made = add_rows({.lists = 20, .recall = 0.9}, 400);
    REQUIRE(made.index.promised().k == 10);
    made.index.add(support::keys_from(400, 399), atlas::dense(made.vectors.data(), 399, dimension)).value();
    CHECK(made.index.promised().k == 10);
    made.index.save(path.c_str()).value();
    CHECK(ivf_pq<float>::open(path.c_str()).value().promised().k == 10);
    auto opened = ivf_pq<float>::open(path.c_str(), {.mode = atlas::open_mode::change}).value();
    opened.add(support::keys_from(799, 1), atlas::dense(made.vectors.data(), 1, dimension)).value();
    CHECK(opened.promised().k == 0);
    opened.save(path.c_str()).value();
    CHECK(ivf_pq<float>::open(path.c_str()).value().promised().k == 0);
    for (std::uint64_t key = 0; key < 598; ++key) made.index.remove(key).value();
    CHECK(made.index.promised().k == 10);
    made.index.remove(598).value();
    CHECK(made.index.promised().k == 0);
  }

  TEST_CASE("promise: tune makes one of its queries, a training without a wanted recall ends it") {
    auto made = add_rows({.lists = 20});
    CHECK(made.index.promised().k == 0);
    const auto queries = support::random_vector(2, 40 * dimension);
    const auto tuned = made.index.tune(view_of(queries), {.k = 3, .recall = 0.8}).value();
    CHECK(made.index.promised().k == 3);
    CHECK(made.index.promised().recall == doctest::Approx(tuned.recall));
    CHECK(made.index.promised().recall <= tuned.recall);
    made.index.retrain().value();
    CHECK(made.index.promised().k == 0);
    CHECK(made.index.promised().recall == 0);
  }

  TEST_CASE("tune without queries: by what was held back, or else by stored rows, each without itself; wherever vectors are") {
    const support::memory_folder folder;
    const std::string path = folder.path("asked.atlas");
    auto made = add_rows({.lists = 20});
    made.index.save(path.c_str()).value();
    std::vector<std::uint64_t> asked;
    for (std::uint64_t i = 0; i < 1000; ++i) asked.push_back(i * rows / 1000);
    const auto tuned = made.index.tune({.k = 4, .recall = 0.9}).value();
    CHECK(tuned.recall >= 0.9);
    CHECK(tuned.recall == doctest::Approx(recall_of_rows(made.index, made.vectors, asked, 4)).epsilon(1e-9));
    CHECK(made.index.promised().k == 4);
    for (const auto residence : {atlas::vector_residence::mapped, atlas::vector_residence::on_disk}) {
      auto opened = ivf_pq<float>::open(path.c_str(), {.vectors = residence}).value();
      const auto one = opened.tune({.k = 4, .recall = 0.9}).value();
      CHECK(one.recall >= 0.9);
      auto other = ivf_pq<float>::open(path.c_str()).value();
      const auto threaded = other.tune({.k = 4, .recall = 0.9, .threads = 3}).value();
      CHECK(threaded.probes == one.probes);
      CHECK(threaded.rerank == one.rerank);
      CHECK(threaded.recall == one.recall);
    }
    // A sample that comes before the rows is measured with once they are there.
    auto early = ivf_pq<float>::create({.dimension = dimension, .lists = 20, .recall = 0.9}).value();
    CHECK(failed_as(early.tune(), errc::invalid_argument));
    early.train(view_of(made.vectors)).value();
    CHECK(early.promised().k == 0);
    CHECK(failed_as(early.tune(), errc::invalid_argument));
    early.add(support::keys_from(0, rows), view_of(made.vectors)).value();
    CHECK(early.promised().k == 0);
    const auto late = early.tune({.recall = 0.9}).value();
    CHECK(late.recall == doctest::Approx(recall_of_rows(early, made.vectors, held_rows(rows), 10)).epsilon(1e-9));
    CHECK(early.promised().k == 10);
    CHECK(failed_as(early.tune({.recall = 1.5}), errc::invalid_argument));
    CHECK(early.promised().k == 10);
  }

  TEST_CASE("training: a sample with none to spare, or of far more than the rows there are, promises nothing") {
    CHECK(add_rows({.lists = 8, .recall = 0.9}, 199).index.promised().k == 0);
    CHECK(add_rows({.lists = 8, .recall = 0.9}, 200).index.promised().k == 10);
    const auto vectors = support::random_vector(1, 600 * dimension);
    for (const std::size_t stored : {299U, 300U}) {
      auto index = ivf_pq<float>::create({.dimension = dimension, .lists = 8, .train_from = 1000, .recall = 0.9}).value();
      index.add(support::keys_from(0, stored), atlas::dense(vectors.data(), stored, dimension)).value();
      index.train(view_of(vectors)).value();
      CHECK(index.promised().k == (stored == 300 ? 10 : 0));
    }
    // What was removed before the training is learned from, but no answer.
    auto index = ivf_pq<float>::create({.dimension = dimension, .lists = 8, .train_from = 300, .recall = 0.9}).value();
    index.add(support::keys_from(0, 299), atlas::dense(vectors.data(), 299, dimension)).value();
    for (std::uint64_t key = 0; key < 299; ++key) index.remove(key).value();
    index.add(support::keys_from(299, 1), atlas::dense(vectors.data(), 1, dimension)).value();
    CHECK(index.is_trained());
    CHECK(index.promised().k == 0);
    CHECK(support::search_one(index, vectors.data(), {.k = 2, .probes = 8}).keys == std::vector<std::uint64_t>{299});
  }

  TEST_CASE("training: progress goes on to its end while recall is measured, and cancelling then leaves what was there") {
    const auto vectors = support::random_vector(1, 600 * dimension);
    auto index = ivf_pq<float>::create({.dimension = dimension, .lists = 8, .recall = 0.9}).value();
    index.add(support::keys_from(0, 600), view_of(vectors)).value();
    const auto before = index.promised();
    std::uint64_t calls = 0;
    std::uint64_t last = 0;
    std::uint64_t stop_at = 0;
    bool is_in_order = true;
    const auto report = [&](std::uint64_t done, std::uint64_t total) {
      is_in_order = is_in_order && done >= last && done <= total;
      last = done;
      return ++calls != stop_at;
    };
    index.retrain({.on_progress = report}).value();
    CHECK(is_in_order);
    CHECK(last == 100);
    const std::uint64_t all = calls;
    for (const std::uint64_t at : {all / 2, all - 1, all}) {
      CAPTURE(at);
      calls = last = 0;
      stop_at = at;
      CHECK(failed_as(index.retrain({.on_progress = report}), errc::cancelled));
      CHECK(index.promised().recall == before.recall);
    }
    auto fresh = ivf_pq<float>::create({.dimension = dimension, .lists = 8, .recall = 0.9}).value();
    calls = last = 0;
    stop_at = all - 2;
    CHECK(failed_as(fresh.add(support::keys_from(0, 600), view_of(vectors), {.on_progress = report}), errc::cancelled));
    CHECK_FALSE(fresh.is_trained());
    CHECK(fresh.size() == 0);
    CHECK(fresh.promised().k == 0);
  }

  TEST_CASE("default probes: as many as find nearly all of some rows' neighbours, more of scattered rows than of clusters") {
    const support::memory_folder folder;
    auto scattered = add_rows({.lists = 32}, 3000);
    std::vector<std::uint64_t> asked;
    for (std::uint64_t key = 7; key < 3000; key += 30) asked.push_back(key);
    CHECK(scattered.index.probes() > 6);  // the root of the lists
    CHECK(recall_of_rows(scattered.index, scattered.vectors, asked, 10) >= 0.93);
    CHECK(scattered.index.promised().k == 0);
    scattered.index.save(folder.path("scattered").c_str()).value();
    CHECK(ivf_pq<float>::open(folder.path("scattered").c_str()).value().probes() == scattered.index.probes());

    auto vectors = support::random_vector(1, 3000 * dimension);
    for (std::size_t i = 0; i < vectors.size(); ++i) vectors[i] = 0.01F * vectors[i] + vectors[(i / dimension) % 32 * dimension + i % dimension];
    auto clusters = ivf_pq<float>::create({.dimension = dimension, .lists = 32, .train_from = 3000}).value();
    clusters.add(support::keys_from(0, 3000), view_of(vectors)).value();
    CHECK(clusters.probes() < scattered.index.probes());
    // Measured anew at each training, until somebody says how many.
    const std::size_t measured = scattered.index.probes();
    scattered.index.retrain().value();
    CHECK(scattered.index.probes() == measured);
    scattered.index.set_defaults(2, 8).value();
    scattered.index.retrain().value();
    CHECK(scattered.index.probes() == 2);
    CHECK(add_rows({.lists = 32, .probes = 5}).index.probes() == 5);
    auto early = ivf_pq<float>::create({.dimension = dimension, .lists = 32}).value();
    early.train(view_of(vectors)).value();
    CHECK(early.probes() == 6);
  }

  TEST_CASE("default probes: where the default reranking does not find enough with all lists, the root of the lists") {
    const auto made = add_rows({.lists = 16, .codes = ivf_codes::pq4, .parts = 1, .rerank = 1}, 3000);
    CHECK(made.index.probes() == 4);
  }

  TEST_CASE("create: a recall that is none, and answers that are none, are refused with both values") {
    for (const double wrong : {-0.1, 1.0001, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
      const auto made = ivf_pq<float>::create({.dimension = 8, .recall = wrong});
      CHECK(failed_as(made, errc::invalid_argument));
      CHECK(support::says_both(made));
    }
    for (const std::size_t wrong : {std::size_t{0}, atlas::max_rows + 1}) {
      const auto made = ivf_pq<float>::create({.dimension = 8, .recall_k = wrong});
      CHECK(failed_as(made, errc::invalid_argument));
      CHECK(support::says_both(made));
    }
  }

  TEST_CASE("open: a promise that none was saved with is refused with both values; one of a file without any stays none") {
    const support::memory_folder folder;
    const std::string path = folder.path("good");
    add_rows({.lists = 8, .recall = 0.9}, 400).index.save(path.c_str()).value();
    const support::patched_file file(folder, support::read_whole(path));
    const std::string good = file.header();
    const auto bits_of = [](auto value) {
      std::uint64_t bits = 0;
      std::memcpy(&bits, &value, sizeof value);
      return bits;
    };
    constexpr std::size_t recall_at = 64 + 56;
    constexpr std::size_t k_at = 64 + 60;
    constexpr std::size_t rows_at = 64 + 64;
    constexpr std::size_t wanted_at = 64 + 72;
    constexpr std::size_t wanted_k_at = 64 + 80;
    constexpr std::size_t usual_at = 64 + 84;
    const auto opened_with = [&](std::size_t at, std::uint64_t value, std::size_t width) {
      std::string page = good;
      support::put_number(page, at, value, width);
      file.put_sealed(page);
      return ivf_pq<float>::open(file.path());
    };
    const auto refused = [&](std::size_t at, std::uint64_t value, std::size_t width) {
      CAPTURE(at);
      CAPTURE(value);
      const auto opened = opened_with(at, value, width);
      CHECK(failed_as(opened, errc::corrupt_file));
      CHECK(support::says_both(opened));
    };
    for (const float wrong : {std::numeric_limits<float>::quiet_NaN(), -0.5F, 1.5F, std::numeric_limits<float>::infinity(), 0.0F}) {
      refused(recall_at, bits_of(wrong), 4);
    }
    refused(k_at, 0, 4);
    refused(k_at, 0xFFFFFFFF, 4);
    refused(rows_at, 0, 8);
    refused(rows_at, std::uint64_t{1} << 40, 8);
    for (const double wrong : {std::numeric_limits<double>::quiet_NaN(), -0.5, 1.5}) refused(wanted_at, bits_of(wrong), 8);
    refused(wanted_k_at, 0, 4);
    refused(usual_at, (1U << 20) + 1, 4);
    CHECK(opened_with(usual_at, 3, 4).ok());
    CHECK(opened_with(rows_at, 801, 8).value().promised().k == 0);  // of twice as many rows

    std::string page = good;
    support::put_number(page, recall_at, 0, 4);
    support::put_number(page, k_at, 0, 4);
    for (std::size_t at = rows_at; at < usual_at + 4; at += 4) support::put_number(page, at, 0, 4);
    file.put_sealed(page);
    CHECK(ivf_pq<float>::open(file.path()).value().promised().k == 0);
    support::put_number(page, 64 + 4, 0, 4);  // no lists
    support::put_number(page, recall_at, bits_of(0.9F), 4);
    support::put_number(page, k_at, 10, 4);
    support::put_number(page, rows_at, 400, 8);
    file.put_sealed(page);
    CHECK(failed_as(ivf_pq<float>::open(file.path()), errc::corrupt_file));
  }
}

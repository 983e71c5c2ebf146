// SPDX-License-Identifier: Apache-2.0
// tests/support/index_answers.hpp -- calls an index into buffers with marks around them, and gives what it answered.
#ifndef ATLAS_TESTS_SUPPORT_INDEX_ANSWERS_HPP
#define ATLAS_TESTS_SUPPORT_INDEX_ANSWERS_HPP

#include <atlas/index/options.hpp>
#include <atlas/storage/file_header.hpp>

#include "support/index_model.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

namespace support {

/// An array of `size` elements, marks before and behind it, that knows whether it was written at all.
template <class T>
class marked {
 public:
  marked(std::size_t size, T mark) : values_(size + 2 * margin, mark), size_(size), mark_(mark) {}
  [[nodiscard]] T* data() { return values_.data() + margin; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool is_intact_outside() const {
    return all_marks(0, margin) && all_marks(margin + size_, values_.size());
  }
  [[nodiscard]] bool is_untouched() const { return all_marks(0, values_.size()); }
  [[nodiscard]] std::vector<T> values() const {
    return {values_.begin() + margin, values_.begin() + margin + static_cast<std::ptrdiff_t>(size_)};
  }

 private:
  static constexpr std::ptrdiff_t margin = 8;
  [[nodiscard]] bool all_marks(std::size_t first, std::size_t last) const {
    return std::all_of(values_.begin() + static_cast<std::ptrdiff_t>(first), values_.begin() + static_cast<std::ptrdiff_t>(last),
                       [&](T value) { return value == mark_; });
  }
  std::vector<T> values_;
  std::size_t size_;
  T mark_;
};

/// Room for the answers of `queries` queries.
struct hit_buffers {
  hit_buffers(std::size_t queries, std::size_t k) : keys(queries * k, 0x5151515151515151U), distances(queries * k, -77.0F), counts(queries, 0x51515151U) {}
  [[nodiscard]] atlas::hits_view view() { return {keys.data(), distances.data(), counts.data()}; }
  [[nodiscard]] bool is_untouched() const { return keys.is_untouched() && distances.is_untouched() && counts.is_untouched(); }
  [[nodiscard]] bool is_intact_outside() const {
    return keys.is_intact_outside() && distances.is_intact_outside() && counts.is_intact_outside();
  }
  marked<std::uint64_t> keys;
  marked<float> distances;
  marked<std::uint32_t> counts;
};

/// What one query was answered.
struct answer {
  std::vector<std::uint64_t> keys;
  std::vector<float> distances;
  friend bool operator==(const answer&, const answer&) = default;
};

/// Searches, checks all that the call promises about its buffers, and gives the hits of each query.
template <class Index>
std::vector<answer> search(const Index& index, const atlas::matrix_view& queries, const atlas::search_options& options) {
  hit_buffers hits(queries.rows, options.k);
  static_cast<void>(index.search(queries, options, hits.view()).value());
  CHECK(hits.is_intact_outside());
  const std::vector<std::uint64_t> keys = hits.keys.values();
  const std::vector<float> distances = hits.distances.values();
  const std::vector<std::uint32_t> counts = hits.counts.values();
  std::vector<answer> answers(queries.rows);
  for (std::size_t i = 0; i < queries.rows; ++i) {
    REQUIRE(counts[i] <= options.k);
    for (std::size_t slot = 0; slot < options.k; ++slot) {
      const std::uint64_t key = keys[i * options.k + slot];
      const float distance = distances[i * options.k + slot];
      if (slot < counts[i]) {
        answers[i].keys.push_back(key);
        answers[i].distances.push_back(distance);
      } else if (key != atlas::reserved_key || distance != std::numeric_limits<float>::infinity()) {
        FAIL_CHECK("an unused slot is not marked as such");
      }
    }
    CHECK(std::is_sorted(answers[i].distances.begin(), answers[i].distances.end()));
  }
  return answers;
}
template <class Index>
answer search_one(const Index& index, const float* query, const atlas::search_options& options) {
  return search(index, atlas::dense(query, 1, index.dimension()), options)[0];
}

/// Range search with room for `room` answers.
template <class Index>
answer range(const Index& index, const float* query, float radius, std::size_t room, std::size_t& found,
             const atlas::range_options& options = {}) {
  marked<std::uint64_t> keys(room, 0x5151515151515151U);
  marked<float> distances(room, -77.0F);
  found = index.range({query, index.dimension()}, radius, options, {keys.data(), room}, {distances.data(), room}).value();
  CHECK(keys.is_intact_outside());
  CHECK(distances.is_intact_outside());
  answer written{keys.values(), distances.values()};
  for (std::size_t i = found; i < room; ++i) {
    if (written.keys[i] != 0x5151515151515151U || written.distances[i] != -77.0F) FAIL_CHECK("written past what was found");
  }
  written.keys.resize(std::min(found, room));
  written.distances.resize(std::min(found, room));
  return written;
}

/// The model's hits as an index gives them. Exact only for vectors whose distances are (grid_vectors).
inline answer as_answer(const std::vector<expected_hit>& hits) {
  answer expected;
  for (const expected_hit& hit : hits) {
    expected.keys.push_back(hit.key);
    expected.distances.push_back(static_cast<float>(hit.distance));
  }
  return expected;
}

/// Whether a search for the k nearest answered as it must, given all allowed hits in order. Where the k-th distance is
/// that of more rows than fit, flat answers the older ones, and hnsw any of them, still in the order of their keys.
inline bool is_nearest(const answer& found, const std::vector<expected_hit>& sorted, std::size_t k, atlas::file_kind kind) {
  std::vector<expected_hit> nearest = sorted;
  if (nearest.size() > k) nearest.resize(k);
  const answer expected = as_answer(nearest);
  if (found.distances != expected.distances) return false;
  if (kind == atlas::file_kind::flat || sorted.size() <= k) return found.keys == expected.keys;
  const double last = nearest.back().distance;
  auto place = sorted.begin();
  for (std::size_t i = 0; i < found.keys.size(); ++i) {
    if (expected.distances[i] < static_cast<float>(last)) {
      if (found.keys[i] != expected.keys[i]) return false;
      ++place;
      continue;
    }
    while (place != sorted.end() && place->distance == last && place->key != found.keys[i]) ++place;
    if (place == sorted.end() || place->distance != last) return false;
    ++place;
  }
  return true;
}

/// All keys as they are listed, through a buffer of `step`.
template <class Index>
std::vector<std::uint64_t> listed_keys(const Index& index, std::size_t step = 7) {
  std::vector<std::uint64_t> keys;
  std::vector<std::uint64_t> buffer(step);
  std::uint64_t cursor = 0;
  for (std::size_t got; (got = index.list_keys(cursor, buffer)) != 0;) {
    keys.insert(keys.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(got));
  }
  return keys;
}
/// All keys, sorted.
template <class Index>
std::vector<std::uint64_t> all_keys(const Index& index, std::size_t step = 7) {
  std::vector<std::uint64_t> keys = listed_keys(index, step);
  std::sort(keys.begin(), keys.end());
  return keys;
}

/// first, first + 1, ...
inline std::vector<std::uint64_t> keys_from(std::uint64_t first, std::size_t count) {
  std::vector<std::uint64_t> keys(count);
  std::iota(keys.begin(), keys.end(), first);
  return keys;
}

/// A bitmap for atlas::filter: bit `key` set for each key below `bits` that passes.
template <class Test>
std::vector<std::uint64_t> key_bitmap(std::size_t bits, Test&& allowed) {
  std::vector<std::uint64_t> words((bits + 63) / 64, 0);
  for (std::uint64_t key = 0; key < bits; ++key) {
    if (allowed(key)) words[key / 64] |= std::uint64_t{1} << (key % 64);
  }
  return words;
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_INDEX_ANSWERS_HPP

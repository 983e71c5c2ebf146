// SPDX-License-Identifier: Apache-2.0
// bench/support/exact_truth.hpp -- parts of a data set, and the true k-th distances where no file holds them.
#ifndef ATLAS_BENCH_SUPPORT_EXACT_TRUTH_HPP
#define ATLAS_BENCH_SUPPORT_EXACT_TRUTH_HPP

#include <atlas/flat.hpp>

#include "support/data_set.hpp"

#include <algorithm>
#include <numeric>
#include <random>
#include <stdexcept>

namespace bench {

/// 0 to count - 1, in an order that the seed decides.
inline std::vector<std::uint32_t> shuffled(std::size_t count, std::uint64_t seed) {
  std::vector<std::uint32_t> order(count);
  std::iota(order.begin(), order.end(), std::uint32_t{0});
  std::mt19937_64 random(seed);
  std::shuffle(order.begin(), order.end(), random);
  return order;
}

/// A set of its own from rows [first, first + count) of `order`, with all queries and without a truth.
inline data_set part_of(const data_set& set, const std::vector<std::uint32_t>& order, std::size_t first,
                        std::size_t count) {
  data_set part;
  part.name = set.name + "." + std::to_string(count);
  part.metric = set.metric;
  part.dimension = set.dimension;
  part.rows = count;
  part.query_count = set.query_count;
  part.queries = set.queries;
  part.base.reserve(count * set.dimension);
  for (std::size_t i = first; i < first + count; ++i) {
    part.base.insert(part.base.end(), set.row(order[i]), set.row(order[i]) + set.dimension);
  }
  return part;
}

/// All rows of a set under their numbers, to be searched exactly.
inline atlas::flat<float> flat_of(const data_set& set) {
  auto index =
      atlas::flat<float>::create({.dimension = set.dimension, .metric = set.metric, .reserve_rows = set.rows}).value();
  std::vector<std::uint64_t> keys(set.rows);
  std::iota(keys.begin(), keys.end(), std::uint64_t{0});
  index.add(keys, atlas::dense(set.base.data(), set.rows, set.dimension)).value();
  return index;
}

/// The exact distance, in double, of each query's k-th nearest allowed row; `all` holds the set's rows. float32 finds
/// some more than k, double decides among them: what rounding moves across more than `spare` ranks does not occur.
inline std::vector<double> exact_kth(const data_set& set, const atlas::flat<float>& all, std::size_t k,
                                     const atlas::filter& allowed = {}) {
  constexpr std::size_t spare = 16;
  const std::size_t found = k + spare;
  std::vector<std::uint64_t> keys(set.query_count * found);
  std::vector<float> distances(set.query_count * found);
  const auto queries = atlas::dense(set.queries.data(), set.query_count, set.dimension);
  all.search(queries, {.k = found, .threads = 0, .allowed = allowed}, {keys.data(), distances.data()}).value();
  std::vector<double> out(set.query_count);
  std::vector<double> exact;
  for (std::size_t q = 0; q < set.query_count; ++q) {
    exact.clear();
    for (std::size_t i = q * found; i < (q + 1) * found && keys[i] != atlas::reserved_key; ++i) {
      exact.push_back(set.exact(q, keys[i]));
    }
    if (exact.size() < k) throw std::runtime_error(set.name + ": fewer than k rows to find");
    std::nth_element(exact.begin(), exact.begin() + static_cast<std::ptrdiff_t>(k - 1), exact.end());
    out[q] = exact[k - 1];
  }
  return out;
}

}  // namespace bench

#endif  // ATLAS_BENCH_SUPPORT_EXACT_TRUTH_HPP

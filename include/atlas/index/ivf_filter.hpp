// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/ivf_filter.hpp -- lists or keys: which way to the nearest of a few allowed rows is shorter?
//
// Room:      the choice by what each would cost.
// Not here:  the searches (index/ivf_query.hpp), the rows under a bitmap's keys (index/allowed_rows.hpp).
// Depends:   index/allowed_rows.hpp.
#ifndef ATLAS_INDEX_IVF_FILTER_HPP
#define ATLAS_INDEX_IVF_FILTER_HPP

#include <atlas/index/allowed_rows.hpp>  // count_bits

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// What a filtered search would go over.
struct filtered_lists {
  std::size_t rows = 0;
  std::size_t lists = 1;
  std::size_t code_bytes = 0;    ///< of a row in its list; 0: its vector is compared
  std::size_t probes = 1;        ///< as asked for
  std::size_t k = 1;
  std::size_t candidates = 1;
  double measured_ns = 0;        ///< of comparing one row's vector, or its code
};

/// Whether comparing `bits` rows that are found by their keys takes less time than going over lists until there are as many
/// candidates. By nanoseconds on one core of Zen 4, roughly, as index/hnsw_filter.hpp and index/ivf_tune.hpp have them.
[[nodiscard]] inline bool is_shorter_by_key(const filtered_lists& over, std::size_t bits) noexcept {
  constexpr double look_up_ns = 30.0;
  constexpr double list_ns = 60.0;
  constexpr double row_ns = 2.0;  // its estimate, and its key's bit
  if (bits <= over.candidates) return true;  // each is measured in any case
  const double list_rows = static_cast<double>(over.rows) / static_cast<double>(over.lists);
  const double share = static_cast<double>(bits) / static_cast<double>(over.rows);
  const double allowed_of_list = list_rows * share;
  double lists = static_cast<double>(over.probes);
  if (lists * allowed_of_list < static_cast<double>(over.k)) {
    const double until_enough = static_cast<double>(over.candidates) / allowed_of_list;
    lists = until_enough > lists ? until_enough : lists;
  }
  if (lists > static_cast<double>(over.lists)) lists = static_cast<double>(over.lists);
  const bool are_measured = over.code_bytes == 0;
  const double code_ns = are_measured ? share * over.measured_ns : 0.03 * static_cast<double>(over.code_bytes);
  const double by_lists = lists * (list_ns + list_rows * (row_ns + code_ns)) + (are_measured ? 0.0 : static_cast<double>(over.candidates) * over.measured_ns);
  return static_cast<double>(bits) * (look_up_ns + over.measured_ns) < by_lists;
}

/// Set bits of a bitmap if the rows under them are better found by key, else allowed_estimate::uncounted.
[[nodiscard]] inline std::size_t bits_to_look_up(const filter& allowed, const filtered_lists& over) noexcept {
  constexpr std::size_t words_of_row = 4;  // a bitmap of more takes longer to count than its rows
  constexpr std::size_t rows_of_bit = 32;  // with more bits, lists are shorter whatever k is
  if (allowed.bitmap == nullptr || allowed.bitmap_bits / 64 > over.rows / words_of_row) return allowed_estimate::uncounted;
  const std::size_t most = over.rows / rows_of_bit > over.candidates ? over.rows / rows_of_bit : over.candidates;
  const std::size_t bits = count_bits(allowed, most < over.rows ? most : over.rows);
  return bits != allowed_estimate::uncounted && is_shorter_by_key(over, bits) ? bits : allowed_estimate::uncounted;
}

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_IVF_FILTER_HPP

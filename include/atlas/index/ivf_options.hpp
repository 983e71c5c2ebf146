// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/ivf_options.hpp -- how an inverted file is made.
//
// Room:      the options of ivf_pq's creation, and the names in them.
// Not here:  options of searches (index/options.hpp).
// Depends:   core, distance, index/traversal_codes.hpp.
#ifndef ATLAS_INDEX_IVF_OPTIONS_HPP
#define ATLAS_INDEX_IVF_OPTIONS_HPP

#include <atlas/core/result.hpp>            // status
#include <atlas/distance/metric.hpp>        // metric
#include <atlas/distance/scalar.hpp>        // scalar
#include <atlas/index/traversal_codes.hpp>  // traversal_codes

namespace atlas { inline namespace ATLAS_ABI {

/// What stands for a row in its list. Stored: numbers are never reused.
enum class ivf_codes : std::uint8_t {
  flat = 0,         ///< nothing: lists hold row numbers, and vectors are compared
  pq4 = 1,          ///< product codes of 4 bits a part, 32 rows looked up at a time
  pq8 = 2,          ///< product codes of 8 bits a part: half the error of as many bytes of pq4, a tenth of its speed
  rabitq = 3,       ///< the sign of each component after a random rotation: nothing to train but the lists
  sq8 = 4,          ///< 8 bits a component
  automatic = 255,  ///< pq4
};

/// What vectors go through before they are coded. Stored: numbers are never reused.
enum class ivf_rotation : std::uint8_t {
  none = 0,
  random = 1,       ///< spreads what is in few components over all
  learned = 2,      ///< lowers the product codes' error (OPQ); costs dimension squared for each query and row
  automatic = 255,  ///< random for rabitq, else none
};

/// "pq4", "rabitq", ...
[[nodiscard]] constexpr const char* name(ivf_codes codes) noexcept {
  switch (codes) {
    case ivf_codes::flat: return "flat";
    case ivf_codes::pq4: return "pq4";
    case ivf_codes::pq8: return "pq8";
    case ivf_codes::rabitq: return "rabitq";
    case ivf_codes::sq8: return "sq8";
    case ivf_codes::automatic: return "automatic";
  }
  return "unknown";
}
[[nodiscard]] constexpr const char* name(ivf_rotation turned) noexcept {
  switch (turned) {
    case ivf_rotation::none: return "none";
    case ivf_rotation::random: return "random";
    case ivf_rotation::learned: return "learned";
    case ivf_rotation::automatic: return "automatic";
  }
  return "unknown";
}

/// How ivf_pq is made.
struct ivf_pq_options {
  std::size_t dimension = 0;            ///< components a vector, 1 to max_dimension; no default
  atlas::metric metric = metric::l2sq;
  std::size_t lists = 0;                ///< 1 to 2^20; 0: by the rows there are to be, about their square root
  ivf_codes codes = ivf_codes::automatic;
  std::size_t parts = 0;                ///< of pq4 and pq8, 1 to the dimension; 0: of pq4 every 2 components, of pq8 every 8
  ivf_rotation rotation = ivf_rotation::automatic;
  /// Rows from which on there are lists: until then every search compares all vectors. Then the lists are trained on the
  /// rows there are, unless train() was called before. 0: 40 for each list, and at least 256; without a number of lists 10,000
  std::size_t train_from = 0;
  std::uint32_t iterations = 10;        ///< of k-means for the lists, 1 to 10,000
  /// Default lists a search looks at. 0: as many as find 0.95 of the 10 nearest of some of the vectors, measured at each training;
  /// before vectors are there, the square root of the lists
  std::size_t probes = 0;
  std::size_t rerank = 0;               ///< default candidates measured on their vectors, for each of k; 0: 8
  /// Share of the exact answers that searches are to find, above 0 to 1: at each training some vectors are held back from it,
  /// and the default probes and rerank become the cheapest that find as much for them. 0: nothing is held back
  double recall = 0;
  std::size_t recall_k = 10;            ///< for so many answers a query
  std::uint64_t seed = 42;              ///< of every random choice
  std::size_t reserve_rows = 0;         ///< rows to make room for at once, and that lists = 0 expects
  scalar stored = scalar::f32;          ///< what vectors are stored as, as hnsw_options::stored
  /// A code of each row beside its vector, from 256 rows on: candidates are compared by these, and only the best two for each
  /// of k, of lvq4 four, are measured on their vectors, which may then lie on a slow disk. Automatic: lvq8. Not for flat codes
  traversal_codes rerank_codes = traversal_codes::none;
};

namespace detail {

inline constexpr std::size_t most_lists = std::size_t{1} << 20;  ///< what kmeans trains
inline constexpr std::size_t rows_of_list = 40;                  ///< fewer rows a list train it badly
inline constexpr std::size_t rows_trained_on = 256;              ///< rows a list, beyond which centroids hardly get better
inline constexpr std::size_t fewest_trained_rows = 10'000;       ///< with as few, comparing all takes half a millisecond
inline constexpr std::uint32_t most_probes = most_lists;
inline constexpr std::uint32_t most_rerank = 65'536;
inline constexpr std::uint32_t usual_rerank = 8;
inline constexpr std::uint32_t rerank_codes_from = 256;          ///< rows whose mean codes are relative to
inline constexpr double usual_recall = 0.96;                     ///< of 10, of rows_measured_by rows; searches like them find 0.95
inline constexpr std::size_t rows_measured_by = 200;

/// Lists for so many rows: about their square root, a power of two, so that centroids and rows of a list take as long.
/// @param sample_rows  there are no more than they can train
[[nodiscard]] constexpr std::size_t usual_lists(std::size_t expected_rows, std::size_t sample_rows) noexcept {
  std::size_t lists = 16;
  while (lists < 65'536 && lists * lists * 2 <= expected_rows) lists *= 2;
  while (lists > 1 && lists * rows_of_list > sample_rows) lists /= 2;
  return lists;
}
/// Lists a search looks at while nothing was measured: about their square root. What that finds follows from the data, not
/// from their number or dimension, so that trainings measure it where they can. With 256 lists in the order of their
/// centroids alone (index/list_spread.hpp looks at fewer rows) and the usual reranking:
///
///   data set         rows x dimension  recall@10 of 16 probes  probes as measured, their recall@10, searches' speed to that of 16
///   mnist-784         60,000 x 784     0.995                     6   0.956   1.6
///   sift-kodak-128   100,000 x 128     0.953                    20   0.968   0.9
///   words-ft100       46,218 x 100     0.963                    15   0.959   1.0
///   lsa-books-384     40,000 x 384     0.812                   115   0.960   0.3
///
/// 128 or 512 lists find 0.95 at no better speed (sift: 0.8 with 512). Measuring makes a build at most 1.4 times as long.
[[nodiscard]] constexpr std::size_t usual_probes(std::size_t lists) noexcept {
  std::size_t probes = 1;
  while (probes * probes < lists) ++probes;
  return probes;
}

[[nodiscard]] constexpr bool is_stored_ivf_codes(std::uint64_t codes) noexcept { return codes <= static_cast<std::uint64_t>(ivf_codes::sq8); }
[[nodiscard]] constexpr bool is_stored_ivf_rotation(std::uint64_t turned) noexcept { return turned <= static_cast<std::uint64_t>(ivf_rotation::learned); }
[[nodiscard]] constexpr bool has_parts(ivf_codes codes) noexcept { return codes == ivf_codes::pq4 || codes == ivf_codes::pq8; }

/// Components of a vector once it is turned: a random rotation adds zeros to a multiple of 8, a learned one to one of the parts.
/// @pre parts != 0 for a learned one
[[nodiscard]] constexpr std::size_t turned_dimension(ivf_rotation turned, std::size_t dimension, std::size_t parts) noexcept {
  if (turned == ivf_rotation::random) return (dimension + 7) / 8 * 8;
  return turned == ivf_rotation::learned ? (dimension + parts - 1) / parts * parts : dimension;
}
/// Parts of product codes, each of which has components of its own.
/// @param why  the code of an error
[[nodiscard]] inline status check_ivf_parts(const ivf_pq_options& options, errc why) noexcept {
  const std::size_t parts = options.parts;
  if (parts == 0) return error{why, "parts", "at least 1", parts};
  if (parts > options.dimension) return error{why, "parts", "at most the dimension", options.dimension, parts};
  const std::size_t dimension = turned_dimension(options.rotation, options.dimension, parts);
  if (dimension > max_dimension) return error{why, "dimension as it is turned", max_dimension, dimension};
  const std::size_t width = (dimension + parts - 1) / parts;
  const std::size_t needed = (dimension + width - 1) / width;
  if (needed != parts) return error{why, "parts", "as many as leave none empty, such as", needed, parts};
  return {};
}
/// Rows without which there is no training: one for each list, and for each centroid of a part.
[[nodiscard]] constexpr std::size_t fewest_to_train(const ivf_pq_options& options) noexcept {
  const std::size_t centroids = options.codes == ivf_codes::pq4 ? 16 : options.codes == ivf_codes::pq8 ? 256 : 1;
  return options.lists > centroids ? options.lists : centroids;
}
/// The same options with nothing left to choose but what depends on the rows.
[[nodiscard]] inline ivf_pq_options with_choices(ivf_pq_options options) noexcept {
  if (options.codes == ivf_codes::automatic) options.codes = ivf_codes::pq4;
  if (options.rotation == ivf_rotation::automatic) {
    options.rotation = options.codes == ivf_codes::rabitq ? ivf_rotation::random : ivf_rotation::none;
  }
  if (!has_parts(options.codes)) {
    options.parts = 0;
  } else if (options.parts == 0) {
    const std::size_t width = options.codes == ivf_codes::pq4 ? 2 : 8;
    const bool has_zeros = options.rotation == ivf_rotation::random;
    options.parts = ((has_zeros ? turned_dimension(options.rotation, options.dimension, 1) : options.dimension) + width - 1) / width;
    if (options.parts > options.dimension) options.parts = options.dimension;
  }
  if (options.rerank == 0) options.rerank = usual_rerank;
  if (options.rerank_codes == traversal_codes::automatic) options.rerank_codes = traversal_codes::lvq8;
  return options;
}
/// @param options  a caller's
[[nodiscard]] inline status check_ivf_options(const ivf_pq_options& options) noexcept {
  if (options.codes != ivf_codes::automatic && !is_stored_ivf_codes(static_cast<std::uint64_t>(options.codes))) {
    return error{errc::invalid_argument, "codes", "0 flat, 1 pq4, 2 pq8, 3 rabitq, 4 sq8 or 255 automatic", static_cast<std::uint64_t>(options.codes)};
  }
  if (options.rotation != ivf_rotation::automatic && !is_stored_ivf_rotation(static_cast<std::uint64_t>(options.rotation))) {
    return error{errc::invalid_argument, "rotation", "0 none, 1 random, 2 learned or 255 automatic", static_cast<std::uint64_t>(options.rotation)};
  }
  if (options.lists > most_lists) return error{errc::limit_exceeded, "lists", most_lists, options.lists};
  if (options.iterations == 0 || options.iterations > 10'000) return error{errc::invalid_argument, "iterations", "1 to 10000", options.iterations};
  if (options.probes > most_probes) return error{errc::limit_exceeded, "probes", most_probes, options.probes};
  if (options.rerank > most_rerank) return error{errc::limit_exceeded, "rerank", most_rerank, options.rerank};
  if (!(options.recall >= 0 && options.recall <= 1)) return error{errc::invalid_argument, "recall", "0 to 1", "another number"};
  if (options.recall_k == 0 || options.recall_k > max_rows) return error{errc::invalid_argument, "recall_k", "1 to 2^32 - 2", options.recall_k};
  if (options.train_from > max_rows) return error{errc::limit_exceeded, "train_from", max_rows, options.train_from};
  const ivf_pq_options chosen = with_choices(options);
  if (chosen.rotation == ivf_rotation::learned && !has_parts(chosen.codes)) {
    return error{errc::invalid_argument, "rotation", "none or random, as only product codes learn one", "learned"};
  }
  if (options.train_from != 0 && options.train_from < fewest_to_train(chosen)) {
    return error{errc::invalid_argument, "train_from", "0 or at least as many as there are lists and centroids of a part,", fewest_to_train(chosen), options.train_from};
  }
  if (!is_stored_codes(static_cast<std::uint8_t>(chosen.rerank_codes))) {
    return error{errc::invalid_argument, "rerank_codes", "0 none, 1 f16, 2 bf16, 3 lvq8, 4 lvq4 or 255 automatic", static_cast<std::uint64_t>(chosen.rerank_codes)};
  }
  if (chosen.codes == ivf_codes::flat && chosen.rerank_codes != traversal_codes::none) {
    return error{errc::invalid_argument, "rerank_codes", "none, as flat lists compare vectors", name(chosen.rerank_codes)};
  }
  if (!has_parts(chosen.codes) && options.parts != 0) return error{errc::invalid_argument, "parts", "0 for codes without parts", options.parts};
  if (has_parts(chosen.codes)) return check_ivf_parts(chosen, errc::invalid_argument);
  return {};
}

}  // namespace detail

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_INDEX_IVF_OPTIONS_HPP

// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/shard_options.hpp -- what opening several indexes as one takes, and what its answers say.
//
// Room:      shards_options, shard_range_options, shard_failure, shard_answer.
// Not here:  the options of a search, which are any index's (index/options.hpp).
// Depends:   core, index/options.hpp.
#ifndef ATLAS_INDEX_SHARD_OPTIONS_HPP
#define ATLAS_INDEX_SHARD_OPTIONS_HPP

#include <atlas/core/error.hpp>         // error
#include <atlas/core/function_ref.hpp>  // function_ref
#include <atlas/index/options.hpp>      // vector_residence

namespace atlas { inline namespace ATLAS_ABI {

/// No shard: of all that are listed, each answered.
inline constexpr std::size_t no_shard = ~std::size_t{0};

/// A shard that could not be opened.
struct shard_failure {
  std::size_t shard = 0;       ///< its place in the list, from 0
  const char* path = nullptr;  ///< what was opened; valid during the call, or as long as the shards
  error why = {};              ///< its row is the place too
};

struct shards_options {
  vector_residence vectors = vector_residence::mapped;  ///< of each shard; on_disk is refused by flat ones
  bool load = false;           ///< each shard is read into memory, as by open_options
  /// Whether files that are missing or damaged, or become so, are done without, as long as one can be opened: answers are then
  /// those of the rest, and say so. A shard that does not fit to the others is refused all the same
  bool allow_missing = false;
  function_ref<void(const shard_failure&)> on_failure = {};  ///< called for each shard that cannot be opened or does not fit, last for the one whose error open gives
};

/// Options of a search within a radius. Their names are those of a search for the nearest, since shards of several kinds heed them.
struct shard_range_options {
  std::size_t width = 0;   ///< hnsw: candidates kept besides those within the radius; 0: the index's default
  std::size_t probes = 0;  ///< ivf_pq: lists looked at; 0: the index's default
  unsigned threads = 1;    ///< shared out over the shards; 0: all that the process may use
  filter allowed = {};     ///< which keys may be returned; a predicate is called from all threads
};

/// What answered a search.
struct shard_answer {
  std::size_t found = 0;              ///< search: answers written; range: keys within the radius
  std::size_t listed = 0;             ///< shards there are
  std::size_t answered = 0;           ///< those that answered every query
  std::size_t failed_shard = no_shard;  ///< the first that did not
  error why = {};                     ///< why it did not
  [[nodiscard]] bool is_whole() const noexcept { return answered == listed; }
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_INDEX_SHARD_OPTIONS_HPP

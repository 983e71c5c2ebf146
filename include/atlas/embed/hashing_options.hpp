// SPDX-License-Identifier: Apache-2.0
// include/atlas/embed/hashing_options.hpp -- how the hashing embedder makes vectors.
//
// Room:      hashing_options and its ranges.
// Not here:  what the numbers do (embed/hashing_embedder.hpp).
// Depends:   core only.
#ifndef ATLAS_EMBED_HASHING_OPTIONS_HPP
#define ATLAS_EMBED_HASHING_OPTIONS_HPP

#include <atlas/core/bits.hpp>    // is_power_of_two
#include <atlas/core/result.hpp>  // status

namespace atlas { inline namespace ATLAS_ABI {

/// How texts become vectors. Everything here is saved with the embedder's state.
struct hashing_options {
  std::size_t dimension = 1024;      ///< components; 1..max_dimension
  std::size_t frequency_buckets = 1U << 18;  ///< counters of 4 bytes for text frequencies; a power of two, 2^8..2^24
  std::uint64_t seed = 0;            ///< of all hashes
  float word_weight = 1.0F;          ///< of a word; 0..1000, and not all three weights 0
  float pair_weight = 0.3F;          ///< of two words that follow each other
  float gram_weight = 1.0F;          ///< of `gram_length` characters in a row within a word
  std::uint32_t gram_length = 4;     ///< 1..16
};

/// Whether the options hold together: errc::invalid_argument names the one that does not.
[[nodiscard]] inline status check(const hashing_options& options) noexcept {
  const auto refuse = [](const char* field, const char* expected, std::uint64_t found) {
    return error{errc::invalid_argument, field, expected, found};
  };
  const auto fits = [](float weight) { return weight >= 0.0F && weight <= 1000.0F; };  // NaN does not
  if (options.dimension < 1 || options.dimension > max_dimension) {
    return refuse("hashing_options.dimension", "1 to 65535", options.dimension);
  }
  if (!is_power_of_two(options.frequency_buckets) || options.frequency_buckets < 256 ||
      options.frequency_buckets > (std::size_t{1} << 24)) {
    return refuse("hashing_options.frequency_buckets", "a power of two, 256 to 16777216", options.frequency_buckets);
  }
  if (!fits(options.word_weight) || !fits(options.pair_weight) || !fits(options.gram_weight) ||
      options.word_weight + options.pair_weight + options.gram_weight <= 0.0F) {
    return error{errc::invalid_argument, "hashing_options weights", "0 to 1000, not all 0", "another value"};
  }
  if (options.gram_length < 1 || options.gram_length > 16) {
    return refuse("hashing_options.gram_length", "1 to 16", options.gram_length);
  }
  return {};
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_EMBED_HASHING_OPTIONS_HPP

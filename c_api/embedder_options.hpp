// SPDX-License-Identifier: Apache-2.0
// c_api/embedder_options.hpp -- the C options of the built-in embedder as the C++ ones.
//
// Room:      what atlas_embedder_create and atlas_folder_build both read.
// Depends:   c_api/arguments.hpp, embed.
#ifndef ATLAS_C_API_EMBEDDER_OPTIONS_HPP
#define ATLAS_C_API_EMBEDDER_OPTIONS_HPP

#include "arguments.hpp"

#include <atlas/embed/hashing_embedder.hpp>  // hashing_options

namespace atlas::c_api {

/// @param from  null gives the defaults. Ranges are checked by hashing_embedder::create.
[[nodiscard]] inline result<hashing_options> read_hashing_options(const atlas_embedder_options* from) noexcept {
  const auto wished = read_options(from, "embedder options");
  if (!wished.ok()) return wished.error();
  hashing_options how;
  if (wished->dimension != 0) how.dimension = wished->dimension;
  if (wished->frequency_buckets != 0) how.frequency_buckets = wished->frequency_buckets;
  if (wished->gram_length != 0) how.gram_length = wished->gram_length;
  how.seed = wished->seed;
  const auto set_weight = [](float& weight, float wish) {
    if (wish < 0.0F) {
      weight = 0.0F;  // 0 is "the default", so a negative number says "none"
    } else if (wish != 0.0F) {
      weight = wish;
    }
  };
  set_weight(how.word_weight, wished->word_weight);
  set_weight(how.pair_weight, wished->pair_weight);
  set_weight(how.gram_weight, wished->gram_weight);
  return how;
}

}  // namespace atlas::c_api

#endif  // ATLAS_C_API_EMBEDDER_OPTIONS_HPP

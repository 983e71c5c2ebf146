// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/semantic_options.hpp -- how a text is divided where its meaning changes, and who says what it means.
//
// Room:      embed_texts, semantic_mode, semantic_options and what is refused of them.
// Not here:  the rule (chunk/semantic_rule.hpp), a built-in model (embed/hashing_embedder.hpp).
// Depends:   core only.
#ifndef ATLAS_CHUNK_SEMANTIC_OPTIONS_HPP
#define ATLAS_CHUNK_SEMANTIC_OPTIONS_HPP

#include <atlas/core/function_ref.hpp>  // function_ref
#include <atlas/core/result.hpp>        // status
#include <atlas/core/span.hpp>          // span
#include <atlas/core/text_view.hpp>     // text_view

namespace atlas { inline namespace ATLAS_ABI {

/// Turns a batch of texts into vectors: writes shape [texts.size(), dimension], row-major and dense, one finite vector that is not zero for
/// each text in the texts' order, and says how many it wrote, or why it could not. The vector of a text depends on that text alone. No text
/// is empty or longer than 1,024 bytes. It must not throw.
using embed_texts = function_ref<result<std::size_t>(span<const text_view> texts, float* out)>;

enum class semantic_mode : std::uint8_t {
  drop = 0,       ///< where what follows is less like what stands before than at most other places
  partition = 1,  ///< the parts whose sentences are together most like each other
};

struct semantic_options {
  std::size_t dimension = 0;        ///< floats a vector; 1 to 65535
  semantic_mode mode = semantic_mode::drop;
  std::size_t window = 4;           ///< drop: sentences before and behind a boundary that are compared; 1 to 8
  double quantile = 0.8;            ///< drop: the share of boundaries that are no drops, at least; 0 to 1
  std::size_t most_sentences = 16;  ///< partition: of a part; 2 to 16
  std::size_t part_bytes = 0;       ///< partition: of a part of more than one sentence; 0: any number. A part that fits is not cut by size
  std::size_t batch_texts = 64;     ///< no more texts a call of embed_texts; 1 to 256
  std::size_t batch_bytes = 16384;  ///< and no more bytes; 1024 to 32768
};

/// Whether the options hold together: errc::invalid_argument names the one that does not.
[[nodiscard]] inline status check(const semantic_options& options) noexcept {
  if (options.dimension == 0 || options.dimension > max_dimension) {
    return error{errc::invalid_argument, "semantic_options.dimension", "1 to 65535", options.dimension};
  }
  if (options.mode != semantic_mode::drop && options.mode != semantic_mode::partition) {
    return error{errc::invalid_argument, "semantic_options.mode", "0 drop or 1 partition", static_cast<std::uint64_t>(options.mode)};
  }
  if (options.window == 0 || options.window > 8) {
    return error{errc::invalid_argument, "semantic_options.window", "1 to 8", options.window};
  }
  if (!(options.quantile >= 0 && options.quantile <= 1)) {
    return error{errc::invalid_argument, "semantic_options.quantile", "0 to 1", "another number"};
  }
  if (options.most_sentences < 2 || options.most_sentences > 16) {
    return error{errc::invalid_argument, "semantic_options.most_sentences", "2 to 16", options.most_sentences};
  }
  if (options.batch_texts == 0 || options.batch_texts > 256) {
    return error{errc::invalid_argument, "semantic_options.batch_texts", "1 to 256", options.batch_texts};
  }
  if (options.batch_bytes < 1024 || options.batch_bytes > 32768) {
    return error{errc::invalid_argument, "semantic_options.batch_bytes", "1024 to 32768", options.batch_bytes};
  }
  return {};
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CHUNK_SEMANTIC_OPTIONS_HPP

// SPDX-License-Identifier: Apache-2.0
// tests/support/semantic_runs.hpp -- chunks by the semantic rule, and what it is tried with.
#ifndef ATLAS_TESTS_SUPPORT_SEMANTIC_RUNS_HPP
#define ATLAS_TESTS_SUPPORT_SEMANTIC_RUNS_HPP

#include <atlas/chunk/chunker.hpp>
#include <atlas/chunk/semantic_rule.hpp>

#include "support/chunk_runs.hpp"
#include "support/texts.hpp"
#include "support/topic_texts.hpp"

#include <string>
#include <vector>

namespace support {

using semantic_chunker = atlas::chunker<atlas::semantic_rule, atlas::byte_sizer>;

/// Every section is a chunk.
inline constexpr atlas::chunker_options sections_alone{
    .size = 100'000, .fill_percent = 0, .coherent_percent = 0, .packing = atlas::chunk_packing::divided};

inline atlas::semantic_options semantic_drops(std::size_t window = 4) { return {.dimension = word_model::dimension, .window = window}; }
inline atlas::semantic_options semantic_parts(std::size_t most = 16) {
  return {.dimension = word_model::dimension, .mode = atlas::semantic_mode::partition, .most_sentences = most};
}
inline std::vector<atlas::semantic_options> all_semantic_options() {
  atlas::semantic_options small_drops = semantic_drops(8);
  small_drops.batch_texts = 1;
  atlas::semantic_options small_parts = semantic_parts(5);
  small_parts.batch_texts = 7;
  small_parts.batch_bytes = 1024;
  return {semantic_drops(), small_drops, semantic_parts(), small_parts};
}

inline semantic_chunker make_semantic(atlas::embed_texts model, const atlas::semantic_options& options, const atlas::chunker_options& sizes) {
  return semantic_chunker::create(sizes, atlas::semantic_rule::create(model, options).value()).value();
}
inline kept_chunks semantic_chunks(const std::string& text, const atlas::semantic_options& options, const atlas::chunker_options& sizes) {
  word_model model;
  auto one = make_semantic(model, options, sizes);
  return read_chunks(one, text);
}

/// Any text with sentences, some longer than is embedded at once.
inline std::string mixed_prose(std::uint64_t seed) {
  std::string text = topic_text(seed, 6, 2, 14).text;
  text.insert(text.size() / 3, std::string(3000, 'x') + " and words that go on, " + topic_text(seed + 1, 2, 1, 1).text);
  text.insert(text.size() / 2, "\n\n\n \n" + random_text(seed, 200));
  return text;
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_SEMANTIC_RUNS_HPP

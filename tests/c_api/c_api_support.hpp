// SPDX-License-Identifier: Apache-2.0
// tests/c_api/c_api_support.hpp -- what the tests of the C ABI share: vectors, handles that end, last errors.
#ifndef ATLAS_TESTS_C_API_C_API_SUPPORT_HPP
#define ATLAS_TESTS_C_API_C_API_SUPPORT_HPP

#include <atlas.h>

#include <doctest/doctest.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <vector>

namespace c_api_support {

inline std::vector<float> random_rows(std::uint32_t seed, std::size_t rows, std::size_t dimension) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> out(rows * dimension);
  for (float& value : out) value = normal(random);
  return out;
}

inline std::vector<std::uint64_t> keys_from(std::uint64_t first, std::size_t count) {
  std::vector<std::uint64_t> keys(count);
  std::iota(keys.begin(), keys.end(), first);
  return keys;
}

inline atlas_matrix matrix(const std::vector<float>& values, std::size_t dimension) {
  return {values.data(), values.size() / dimension, 0, static_cast<std::uint32_t>(dimension), ATLAS_SCALAR_F32};
}

struct ends {
  void operator()(atlas_index* index) const { atlas_index_close(index); }
  void operator()(atlas_chunker* chunker) const { atlas_chunker_close(chunker); }
  void operator()(atlas_embedder* embedder) const { atlas_embedder_close(embedder); }
  void operator()(atlas_folder* folder) const { atlas_folder_close(folder); }
  void operator()(atlas_shards* shards) const { atlas_shards_close(shards); }
  void operator()(atlas_quantizer* quantizer) const { atlas_quantizer_close(quantizer); }
  void operator()(atlas_rotation* rotation) const { atlas_rotation_close(rotation); }
  void operator()(atlas_text_decoder* decoder) const { atlas_text_decoder_close(decoder); }
  void operator()(atlas_tokenizer* tokenizer) const { atlas_tokenizer_close(tokenizer); }
  void operator()(atlas_ivf_builder* builder) const { atlas_ivf_builder_close(builder); }
  void operator()(atlas_queue* queue) const { atlas_queue_free(queue); }
  void operator()(atlas_channel_receiver* receiver) const { atlas_channel_receiver_free(receiver); }
  void operator()(atlas_channel_sender* sender) const { atlas_channel_sender_free(sender); }
};
using index_handle = std::unique_ptr<atlas_index, ends>;
using shards_handle = std::unique_ptr<atlas_shards, ends>;
using folder_handle = std::unique_ptr<atlas_folder, ends>;
using builder_handle = std::unique_ptr<atlas_ivf_builder, ends>;
using quantizer_handle = std::unique_ptr<atlas_quantizer, ends>;
using rotation_handle = std::unique_ptr<atlas_rotation, ends>;
using text_decoder_handle = std::unique_ptr<atlas_text_decoder, ends>;
using tokenizer_handle = std::unique_ptr<atlas_tokenizer, ends>;
using chunker_handle = std::unique_ptr<atlas_chunker, ends>;
using embedder_handle = std::unique_ptr<atlas_embedder, ends>;
using queue_handle = std::unique_ptr<atlas_queue, ends>;
using channel_receiver_handle = std::unique_ptr<atlas_channel_receiver, ends>;
using channel_sender_handle = std::unique_ptr<atlas_channel_sender, ends>;

inline index_handle make_index(std::int32_t kind, std::uint32_t dimension, std::int32_t metric = ATLAS_METRIC_L2SQ) {
  atlas_index_options options = ATLAS_INDEX_OPTIONS_INIT;
  options.kind = kind;
  options.dimension = dimension;
  options.metric = metric;
  atlas_index* index = nullptr;
  REQUIRE(atlas_index_create(&index, &options) == ATLAS_OK);
  return index_handle(index);
}

/// An index of `rows` random vectors under the keys 0, 1, 2, ...
inline index_handle filled_index(std::int32_t kind, std::size_t rows, std::uint32_t dimension,
                                 std::int32_t metric = ATLAS_METRIC_L2SQ) {
  index_handle index = make_index(kind, dimension, metric);
  const auto values = random_rows(7, rows, dimension);
  const auto keys = keys_from(0, rows);
  const atlas_matrix vectors = matrix(values, dimension);
  REQUIRE(atlas_index_add(index.get(), keys.data(), &vectors, nullptr) == ATLAS_OK);
  return index;
}

inline std::uint64_t size_of(const atlas_index* index) {
  atlas_index_info info = ATLAS_INDEX_INFO_INIT;
  REQUIRE(atlas_index_describe(&info, index) == ATLAS_OK);
  return info.size;
}

inline bool last_error_says(const char* part) {
  const bool says = std::string(atlas_last_error()).find(part) != std::string::npos;
  if (!says) MESSAGE("last error: ", std::string(atlas_last_error()), "; expected it to say: ", std::string(part));
  return says;
}

/// The answer must be the same in every build, so each call with a NULL goes through one function.
inline void refuses_null(atlas_status status) {
  CHECK(status == ATLAS_ERR_INVALID_ARGUMENT);
  CHECK(last_error_says("NULL"));
}

/// A newer caller's struct: this header's, and fields behind it that this library does not know.
template <class Options>
struct longer {
  Options known;
  std::uint64_t unknown[2];
};

/// Calls `use(options)` with every wrong struct_size, and with the right ones.
/// @param first_size  of the struct when it was first released: what an old caller sends
template <class Options, class Use>
void check_struct_size(const Options& good, Use use, std::size_t first_size = sizeof(Options)) {
  CHECK(use(&good) == ATLAS_OK);

  Options bad = good;
  std::memset(reinterpret_cast<char*>(&bad) + first_size, 0xFF, sizeof bad - first_size);
  bad.struct_size = static_cast<std::uint32_t>(first_size);
  CHECK(use(&bad) == ATLAS_OK);  // what lies behind an old caller's struct is not looked at
  for (const std::uint32_t size : {0U, 1U, 3U, static_cast<std::uint32_t>(first_size) - 1U}) {
    CAPTURE(size);
    bad.struct_size = size;
    CHECK(use(&bad) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(last_error_says("struct_size"));
  }
  bad.struct_size = 0xFFFFFFFFU;  // must be refused before anything behind the struct is read
  CHECK(use(&bad) == ATLAS_ERR_LIMIT_EXCEEDED);
  CHECK(last_error_says("struct_size"));

  longer<Options> newer;
  std::memset(static_cast<void*>(&newer), 0, sizeof newer);
  newer.known = good;
  newer.known.struct_size = static_cast<std::uint32_t>(sizeof newer);
  CHECK(use(&newer.known) == ATLAS_OK);
  newer.unknown[1] = 1;
  CHECK(use(&newer.known) == ATLAS_ERR_INVALID_ARGUMENT);
  CHECK(last_error_says("zeros behind the fields this library knows"));
}

}  // namespace c_api_support

#endif  // ATLAS_TESTS_C_API_C_API_SUPPORT_HPP

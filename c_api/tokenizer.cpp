// SPDX-License-Identifier: Apache-2.0
// c_api/tokenizer.cpp -- tokens of texts into arrays of the caller's, and back.
#include "arguments.hpp"
#include "guard.hpp"
#include "handles.hpp"
#include "text_blocks.hpp"

#include <atlas/storage/file_bytes.hpp>

using namespace atlas::c_api;
using atlas::bpe_encoder;
using atlas::bpe_pattern;
using atlas::result;
using atlas::span;
using atlas::status;
using atlas::text_view;

static_assert(ATLAS_PATTERN_GPT2 == static_cast<int>(bpe_pattern::gpt2));
static_assert(ATLAS_PATTERN_CL100K == static_cast<int>(bpe_pattern::cl100k));
static_assert(ATLAS_PATTERN_O200K == static_cast<int>(bpe_pattern::o200k));

namespace {

// The published files have up to 3.6 MB; one with the most tokens of a usual length fits.
constexpr std::uint64_t most_rank_file_bytes = std::uint64_t{1} << 30;

result<bpe_pattern> read_pattern(std::int32_t number) noexcept {
  if (number < ATLAS_PATTERN_GPT2 || number > ATLAS_PATTERN_O200K) return no_such("pattern", "one of ATLAS_PATTERN_", number);
  return static_cast<bpe_pattern>(number);
}

status open(atlas_tokenizer** out, text_view ranks, bpe_pattern pattern) noexcept {
  auto made = bpe_encoder::create(ranks, pattern);
  if (!made.ok()) return made.error();
  return hand_out(out, static_cast<bpe_encoder&&>(*made));
}

}  // namespace

extern "C" atlas_status atlas_tokenizer_open(atlas_tokenizer** out, const char* path, int32_t pattern) {
  return guard(about{path}, [&]() -> status {
    ATLAS_C_TRY(require(out, "out"));
    ATLAS_C_TRY(require(path, "path"));
    const auto which = read_pattern(pattern);
    if (!which.ok()) return which.error();
    atlas::buffer<char> ranks;
    ATLAS_C_TRY(atlas::read_file(path, most_rank_file_bytes, ranks));
    return open(out, text_view(ranks.data(), ranks.size()), *which);
  });
}

extern "C" atlas_status atlas_tokenizer_open_ranks(atlas_tokenizer** out, const char* ranks, size_t ranks_bytes, int32_t pattern) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(out, "out"));
    ATLAS_C_TRY(require(ranks, "ranks", ranks_bytes));
    const auto which = read_pattern(pattern);
    if (!which.ok()) return which.error();
    return open(out, text_view(ranks, ranks_bytes), *which);
  });
}

extern "C" void atlas_tokenizer_close(atlas_tokenizer* tokenizer) { delete tokenizer; }

extern "C" atlas_status atlas_tokenizer_describe(atlas_tokenizer_info* out, const atlas_tokenizer* tokenizer) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(tokenizer, "tokenizer"));
    atlas_tokenizer_info info = ATLAS_TOKENIZER_INFO_INIT;
    info.pattern = static_cast<std::int32_t>(tokenizer->encoder.pattern());
    info.tokens = tokenizer->encoder.ranks().size();
    info.longest_bytes = tokenizer->encoder.ranks().longest_bytes();
    return write_info(out, "out", info);
  });
}

extern "C" atlas_status atlas_tokenizer_count(uint64_t* counts, const atlas_tokenizer* tokenizer, const atlas_text* texts,
                                              size_t text_count, const atlas_work_options* options) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(tokenizer, "tokenizer"));
    ATLAS_C_TRY(require_texts(texts, text_count));
    ATLAS_C_TRY(require(counts, "counts", text_count));
    const auto how = read_options(options, "work options");
    if (!how.ok()) return how.error();
    return for_each_block(tokenizer->pool, texts, text_count, *how, [&](span<const text_view> views, std::size_t first) -> status {
      for (std::size_t i = 0; i < views.size(); ++i) {
        const auto counted = tokenizer->encoder.count(views[i]);
        if (!counted.ok()) return counted.error().at_row(i);
        counts[first + i] = *counted;
      }
      return {};
    });
  });
}

extern "C" atlas_status atlas_tokenizer_encode(uint64_t* found, uint32_t* tokens, const atlas_tokenizer* tokenizer, const char* text,
                                               size_t text_bytes, size_t capacity) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(found, "found"));
    ATLAS_C_TRY(require(tokens, "tokens", capacity));
    ATLAS_C_TRY(require(tokenizer, "tokenizer"));
    ATLAS_C_TRY(require(text, "text", text_bytes));
    atlas::buffer<std::uint32_t> encoded;
    ATLAS_C_TRY(tokenizer->encoder.encode(text_view(text, text_bytes), encoded));
    *found = encoded.size();
    const std::size_t written = encoded.size() < capacity ? encoded.size() : capacity;
    if (written != 0) std::memcpy(tokens, encoded.data(), written * sizeof *tokens);
    return {};
  });
}

extern "C" atlas_status atlas_tokenizer_decode(uint64_t* needed, void* out, const atlas_tokenizer* tokenizer, const uint32_t* tokens,
                                               size_t token_count, size_t capacity) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(tokenizer, "tokenizer"));
    ATLAS_C_TRY(require(tokens, "tokens", token_count));
    return write_bytes<char>(needed, out, capacity, [&](atlas::buffer<char>& bytes) {
      return tokenizer->encoder.decode(span<const std::uint32_t>(tokens, token_count), bytes);
    });
  });
}

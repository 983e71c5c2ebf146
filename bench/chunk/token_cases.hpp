// SPDX-License-Identifier: Apache-2.0
// bench/chunk/token_cases.hpp -- how fast is a text cut into chunks of so many tokens?
#ifndef ATLAS_BENCH_CHUNK_TOKEN_CASES_HPP
#define ATLAS_BENCH_CHUNK_TOKEN_CASES_HPP

#include <atlas/chunk/chunker.hpp>
#include <atlas/chunk/plain_text_rule.hpp>
#include <atlas/chunk/token_sizer.hpp>

#include "chunk/case_frame.hpp"

#include <filesystem>
#include <string>

namespace bench {

/// Plain text, at most 512 tokens a chunk, of the encodings whose ranks the data has.
class token_cases : case_frame {
 public:
  token_cases(const bench_options& options, const documents& english) : case_frame(options), english_(english) {}

  void run() {
    one("tokens/cl100k/512", "data/cl100k_base.tiktoken.zst", atlas::bpe_pattern::cl100k);
    one("tokens/o200k/512", "data/o200k_base.tiktoken.zst", atlas::bpe_pattern::o200k);
    one("tokens/gpt2/512", "ms-tokenizer/model/gpt2.tiktoken.zst", atlas::bpe_pattern::gpt2);
  }

 private:
  static constexpr std::uint64_t size = 512;
  static constexpr double asked_megabytes = 30;

  void one(const std::string& name, const char* ranks, atlas::bpe_pattern pattern) {
    if (!options_.wants(name)) return;
    const auto packed = options_.data / "suites/tokenizers" / ranks;
    if (!std::filesystem::exists(packed)) return say_skipped(name, "no rank file " + packed.string());
    const auto encoder = atlas::bpe_encoder::create(read_whole_file(unpack(packed, options_.cache)), pattern).value();
    auto chunker = atlas::chunker<atlas::plain_text_rule, atlas::token_sizer>::create({.size = size}, {}, atlas::token_sizer(encoder)).value();

    // What the encoder counts of a chunk alone is what the chunk says.
    std::uint64_t tokens = 0;
    chunker.read(english_.front());
    for (atlas::chunk_view chunk; chunker.next(chunk).value(); tokens += chunk.units) {
      if (encoder.count(chunk.text).value() != chunk.units) throw std::runtime_error(name + ": a chunk has another number of tokens");
    }
    std::size_t count = 0;
    const side cut = timed_chunks(name, chunker, english_, size, count);
    report_against(name, megabytes(bytes_of(english_)), cut, asked_megabytes,
                   {{"chunks", count}, {"tokens_a_chunk", rounded(static_cast<double>(tokens) / static_cast<double>(count))}});
  }

  const documents& english_;
};

}  // namespace bench

#endif  // ATLAS_BENCH_CHUNK_TOKEN_CASES_HPP

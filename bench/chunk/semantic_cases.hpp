// SPDX-License-Identifier: Apache-2.0
// bench/chunk/semantic_cases.hpp -- how long does it take to cut a text where its meaning changes, embedding it included?
#ifndef ATLAS_BENCH_CHUNK_SEMANTIC_CASES_HPP
#define ATLAS_BENCH_CHUNK_SEMANTIC_CASES_HPP

#include <atlas/chunk/chunker.hpp>
#include <atlas/chunk/semantic_rule.hpp>
#include <atlas/embed.hpp>
#include <atlas/text/tailored_sentences.hpp>

#include "chunk/case_frame.hpp"

#include <string>
#include <vector>

namespace bench {

/// Every section a chunk, of at most 1,000 characters. The embedder has learned the text's sentences before.
class semantic_cases : case_frame {
 public:
  semantic_cases(const bench_options& options, const documents& english) : case_frame(options), english_(english) {}

  void run() {
    one("semantic/100KB", 100'000, atlas::semantic_mode::drop, 200);
    one("semantic/100KB/partition", 100'000, atlas::semantic_mode::partition, 200);
    one("semantic/1MB", 1'000'000, atlas::semantic_mode::drop, 0);
  }

 private:
  void one(const std::string& name, std::size_t bytes, atlas::semantic_mode mode, double allowed_milliseconds) {
    if (!options_.wants(name)) return;
    const std::string& all = english_.front();
    const documents from = {all.substr(0, atlas::character_start(all, std::min(bytes, all.size() - 1)))};

    auto embedder = atlas::hashing_embedder::create().value();
    std::vector<atlas::text_view> sentences;
    atlas::tailored_sentence_reader reader(from.front());
    for (atlas::text_view sentence; reader.next(sentence);) sentences.push_back(sentence);
    embedder.learn(sentences).value();
    embedder.freeze();
    const auto embed = [&](atlas::span<const atlas::text_view> texts, float* out) -> atlas::result<std::size_t> {
      if (atlas::status done = embedder.embed(texts, out); !done.ok()) return done.error();
      return texts.size();
    };
    auto rule = atlas::semantic_rule::create(embed, {.dimension = embedder.dimension(), .mode = mode}).value();
    auto chunker = atlas::chunker<atlas::semantic_rule, atlas::character_sizer>::create({.packing = atlas::chunk_packing::divided}, std::move(rule)).value();

    std::size_t count = 0;
    const side cut = timed_chunks(name, chunker, from, 1000, count);
    report_against(name, {1e3, "ms", true}, cut, allowed_milliseconds,
                   {{"MB_a_second", rounded(megabytes(bytes_of(from)).value(median(cut.seconds)))}, {"sentences", sentences.size()}, {"chunks", count}});
  }

  const documents& english_;
};

}  // namespace bench

#endif  // ATLAS_BENCH_CHUNK_SEMANTIC_CASES_HPP

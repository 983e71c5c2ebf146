// SPDX-License-Identifier: Apache-2.0
// bench/chunk_bench.cpp -- how fast is text cut, does the time grow as the text does, and do the chunks hold answers whole, and are
// sentences and encodings told as people tell them?
//   chunk_bench [--data DIR] [--quick] [--filter NAME] [--json]
// One thread. Chunks are checked before they are timed.
#include "chunk/encoding_cases.hpp"
#include "chunk/growth_cases.hpp"
#include "chunk/quality_cases.hpp"
#include "chunk/rule_cases.hpp"
#include "chunk/semantic_cases.hpp"
#include "chunk/sentence_cases.hpp"
#include "chunk/speed_cases.hpp"
#include "chunk/token_cases.hpp"
#include "support/data_set.hpp"
#include "support/peer_environment.hpp"
#include "support/report.hpp"

#include <cstdio>

namespace {

constexpr char cases[] = R"(Cases, and what is asked of them (ratio > 1: ATLAS is better):
  stream/4GB               4 GB (--quick: 0.5) fed in pieces of 64 KiB: resident below 16 MB
  recursive/1000+200       plain text, 1,000 characters, overlap 200, of 10 MB of English: 2 GB/s
  recursive/1000, fixed/1000, sentence-rule/1000    rates alone
  markdown/1000            the same text: 1 GB/s; markdown/1000/docs, 22 MB of documentation: rate alone
  html/1000, code/1000, delimiter/1000    50 MB of manuals, ATLAS's own sources, the same text: rates alone
  content-defined/8192     the same text: 1.5 GB/s
  tokens/ENCODING/512      the same text, 512 tokens of cl100k, o200k and gpt2: 30 MB/s
  semantic/100KB, semantic/100KB/partition    of the same text, with the hashing embedder: below 200 ms; semantic/1MB: rate alone
  sentences/uax29          all sentence boundaries: 0.3 GB/s, 5 x ICU
  sentences/tailored       0.2 GB/s
  sentences-f1/LANGUAGE    F1 of tailored sentences in sentence-gold: 1 x ICU
  golden-rules/en          of the 48 for English: 40, 1 x ICU
  detection/chardet-tests  files whose encoding is told, a superset of it, or one with the same text: 92 %, 1 x uchardet
  utf8/valid               beside a plain read of the same bytes: 0.5 of it
  growth/RULE/TEXT         t(2n)/t(n) of texts that break chunkers: below 2.3
  quality/800/PACKING      chunking_evaluation, at most 800 characters: full: mean >= 640, at most 4 % of the
                           references cut, PrecisionOmega >= 32; coherent: mean <= 560, 1.8 %, 34.7
)";

}  // namespace

int main(int argc, char** argv) {
  bench::set_peer_environment("chunk_bench", argv);
  const auto options = bench::parse_options(argc, argv, "Chunkers: their speed, growth, memory and quality", [&](CLI::App& app) { app.footer(cases); });
  bench::print_header("chunk", options.json, bench::icu_peer::description() + "; " + bench::uchardet_peer::description() + "; Python's splitter: bench/chunk/recursive_splitter.py; one thread");
  try {
    bench::growth_cases(options).run();
    const auto path = bench::unpack(options.data / "text/en-books.md.zst", options.cache);
    const bench::documents english = {bench::read_whole_file(path)};
    bench::speed_cases(options, english, path).run();
    bench::rule_cases(options, english).run();
    bench::token_cases(options, english).run();
    bench::semantic_cases(options, english).run();
    bench::quality_cases(options).run();
    bench::sentence_cases(options).run();
    bench::encoding_cases(options).run();
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "chunk_bench: %s\n", failure.what());
    return 1;
  }
  return 0;
}

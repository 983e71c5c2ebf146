// SPDX-License-Identifier: Apache-2.0
// bench/chunk/quality_cases.hpp -- do chunks hold answers whole, and how much else?
#ifndef ATLAS_BENCH_CHUNK_QUALITY_CASES_HPP
#define ATLAS_BENCH_CHUNK_QUALITY_CASES_HPP

#include <atlas/chunk/chunker.hpp>
#include <atlas/chunk/plain_text_rule.hpp>

#include "support/bench_options.hpp"
#include "support/question_set.hpp"
#include "support/report.hpp"
#include "support/statistics.hpp"

#include <cmath>
#include <string>
#include <vector>

namespace bench {

/// The five corpora of chunking_evaluation, at most 800 characters a chunk, no overlap. `spans cut`: the share of the references that lie
/// wholly in no chunk. PrecisionOmega: of the chunks that hold a part of a question's references, the share of their characters that is
/// reference; the mean over the questions.
class quality_cases {
 public:
  explicit quality_cases(const bench_options& options) : options_(options) {}

  void run() {
    one("quality/800/full", {.size = 800}, {0, 640, 4.0, 32.0});
    one("quality/800/coherent", {.size = 800, .packing = atlas::chunk_packing::coherent}, {560, 0, 1.8, 34.7});
  }

 private:
  struct limits {
    double most_mean, least_mean, most_cut, least_precision;  // 0: not asked
  };

  void one(const std::string& name, const atlas::chunker_options& how, const limits& asked) {
    if (!options_.wants(name)) return;
    if (corpora_.empty()) corpora_ = load_corpora(options_.data);
    std::vector<double> sizes;
    std::size_t references = 0;
    std::size_t cut = 0;
    std::vector<double> precisions;
    for (const corpus& from : corpora_) {
      const std::vector<passage> chunks = chunks_of(from.text, how, sizes);
      for (const question& asking : from.questions) {
        std::uint64_t held = 0;
        std::uint64_t all = 0;
        const auto wanted = merged(asking.references);
        for (const passage& reference : asking.references) {
          bool is_whole = false;
          for (const passage& chunk : chunks) is_whole = is_whole || (chunk.begin <= reference.begin && reference.end <= chunk.end);
          ++references;
          cut += is_whole ? 0 : 1;
        }
        for (const passage& chunk : chunks) {
          std::uint64_t of_it = 0;
          for (const passage& reference : wanted) {
            const auto begin = std::max(chunk.begin, reference.begin);
            const auto end = std::min(chunk.end, reference.end);
            of_it += begin < end ? end - begin : 0;
          }
          held += of_it;
          all += of_it != 0 ? chunk.end - chunk.begin : 0;
        }
        precisions.push_back(all == 0 ? 0 : static_cast<double>(held) / static_cast<double>(all));
      }
    }
    const double mean = mean_of(sizes);
    double squares = 0;
    for (const double size : sizes) squares += (size - mean) * (size - mean);
    const double cut_percent = 100.0 * static_cast<double>(cut) / static_cast<double>(references);
    const double precision = 100.0 * mean_of(precisions);
    const nlohmann::json more = {{"chunks", sizes.size()}, {"mean", mean}, {"fill", mean / static_cast<double>(how.size)},
                                 {"variation", std::sqrt(squares / static_cast<double>(sizes.size())) / mean}};
    const bool is_mean_right = (asked.most_mean == 0 || mean <= asked.most_mean) && mean >= asked.least_mean;
    const row spans{name + "/spans-cut", cut_percent, "%", "allowed", asked.most_cut, is_mean_right ? asked.most_cut / cut_percent : 0, more, 1};
    const row omega{name + "/precision-omega", precision, "%", "asked", asked.least_precision, is_mean_right ? precision / asked.least_precision : 0, more, 1};
    print_row("chunk", spans, options_.json);
    print_row("chunk", omega, options_.json);
  }

  static std::vector<passage> chunks_of(const std::string& text, const atlas::chunker_options& how, std::vector<double>& sizes) {
    auto chunker = atlas::chunker<atlas::plain_text_rule, atlas::character_sizer>::create(how).value();
    chunker.read(text);
    std::vector<passage> out;
    for (atlas::chunk_view chunk; chunker.next(chunk).value();) {
      out.push_back({chunk.char_begin, chunk.char_end});
      sizes.push_back(static_cast<double>(chunk.char_end - chunk.char_begin));
    }
    return out;
  }
  static double mean_of(const std::vector<double>& values) {
    double sum = 0;
    for (const double value : values) sum += value;
    return sum / static_cast<double>(values.size());
  }

  const bench_options& options_;
  std::vector<corpus> corpora_;
};

}  // namespace bench

#endif  // ATLAS_BENCH_CHUNK_QUALITY_CASES_HPP

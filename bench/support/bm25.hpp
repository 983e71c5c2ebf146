// SPDX-License-Identifier: Apache-2.0
// bench/support/bm25.hpp -- BM25 over the words of a list of texts: the peer of the hashing embedder.
//
// Robertson and Zaragoza, "The probabilistic relevance framework", 2009, with k1 = 1.2, b = 0.75 and Lucene's idf.
#ifndef ATLAS_BENCH_SUPPORT_BM25_HPP
#define ATLAS_BENCH_SUPPORT_BM25_HPP

#include <atlas/text/normalise.hpp>  // normalise
#include <atlas/text/words.hpp>      // word_reader

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <unordered_map>
#include <vector>

namespace bench {

class bm25 {
 public:
  explicit bm25(const std::vector<std::string>& texts) {
    for (const std::string& text : texts) {
      std::unordered_map<std::string, double> counts;
      double length = 0;
      for (const std::string& word : words_of(text)) {
        counts[word] += 1;
        length += 1;
      }
      for (const auto& [word, count] : counts) postings_[word].push_back({lengths_.size(), count});
      lengths_.push_back(length);
    }
    mean_length_ = std::accumulate(lengths_.begin(), lengths_.end(), 0.0) / static_cast<double>(std::max<std::size_t>(1, lengths_.size()));
  }

  /// All texts, best first; ties by number.
  [[nodiscard]] std::vector<std::size_t> ranked(const std::string& question) const {
    constexpr double k1 = 1.2;
    constexpr double b = 0.75;
    std::vector<double> scores(lengths_.size());
    auto words = words_of(question);
    std::sort(words.begin(), words.end());
    words.erase(std::unique(words.begin(), words.end()), words.end());
    for (const std::string& word : words) {
      const auto found = postings_.find(word);
      if (found == postings_.end()) continue;
      const auto df = static_cast<double>(found->second.size());
      const double idf = std::log(1 + (static_cast<double>(lengths_.size()) - df + 0.5) / (df + 0.5));
      for (const auto& [text, count] : found->second) {
        scores[text] += idf * count * (k1 + 1) / (count + k1 * (1 - b + b * lengths_[text] / mean_length_));
      }
    }
    std::vector<std::size_t> order(lengths_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t c) { return scores[a] > scores[c]; });
    return order;
  }

 private:
  static std::vector<std::string> words_of(const std::string& text) {
    atlas::buffer<char> folded;
    atlas::normalise(text, atlas::normal_form::nfkc_casefold, folded).value();
    atlas::word_reader reader(atlas::text_view(folded.data(), folded.size()));
    std::vector<std::string> words;
    for (atlas::text_view word; reader.next(word);) words.emplace_back(word.data(), word.size());
    return words;
  }

  std::unordered_map<std::string, std::vector<std::pair<std::size_t, double>>> postings_;
  std::vector<double> lengths_;
  double mean_length_ = 0;
};

}  // namespace bench

#endif  // ATLAS_BENCH_SUPPORT_BM25_HPP

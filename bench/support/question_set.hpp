// SPDX-License-Identifier: Apache-2.0
// bench/support/question_set.hpp -- questions, the passages that answer them, and how much of those was retrieved.
//
// The data is that of "Evaluating Chunking Strategies for Retrieval" (Smith and Troynikov, Chroma 2024): five
// corpora, 472 questions, each with reference passages as code point offsets into its corpus.
#ifndef ATLAS_BENCH_SUPPORT_QUESTION_SET_HPP
#define ATLAS_BENCH_SUPPORT_QUESTION_SET_HPP

#include "support/csv.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench {

/// Characters [begin, end) of a corpus.
struct passage {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

struct question {
  std::string text;
  std::vector<passage> references;
};

struct corpus {
  std::string name;
  std::string text;
  std::vector<question> questions;
};

inline std::string read_whole_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The corpora in the order of their names. Throws std::runtime_error where something is missing.
inline std::vector<corpus> load_corpora(const std::filesystem::path& data) {
  const auto folder = data / "suites/chunking_evaluation/chunking_evaluation/evaluation_framework/general_evaluation_data";
  std::vector<corpus> corpora;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "corpora")) {
    corpora.push_back({entry.path().stem(), read_whole_file(entry.path()), {}});
  }
  std::sort(corpora.begin(), corpora.end(), [](const corpus& a, const corpus& b) { return a.name < b.name; });
  const auto rows = parse_csv(read_whole_file(folder / "questions_df.csv"));
  for (std::size_t i = 1; i < rows.size(); ++i) {  // the first row names the columns: question, references, corpus_id
    if (rows[i].size() != 3) throw std::runtime_error("questions_df.csv: a row without three cells");
    const auto home = std::find_if(corpora.begin(), corpora.end(), [&](const corpus& c) { return c.name == rows[i][2]; });
    if (home == corpora.end()) throw std::runtime_error("questions_df.csv: unknown corpus " + rows[i][2]);
    question one{rows[i][0], {}};
    for (const auto& reference : nlohmann::json::parse(rows[i][1])) {
      one.references.push_back({reference.at("start_index").get<std::uint64_t>(), reference.at("end_index").get<std::uint64_t>()});
    }
    home->questions.push_back(one);
  }
  return corpora;
}

/// The same characters, sorted and without overlap.
inline std::vector<passage> merged(std::vector<passage> passages) {
  std::sort(passages.begin(), passages.end(), [](const passage& a, const passage& b) { return a.begin < b.begin; });
  std::vector<passage> out;
  for (const passage& one : passages) {
    if (!out.empty() && one.begin <= out.back().end) {
      out.back().end = std::max(out.back().end, one.end);
    } else {
      out.push_back(one);
    }
  }
  return out;
}

/// The share of the references' characters, each counted once, that lie in the first `budget` characters of the
/// retrieved passages: in their order, the last cut short.
inline double recall_of(const std::vector<passage>& references, const std::vector<passage>& retrieved, std::uint64_t budget) {
  std::vector<passage> taken;
  for (const passage& one : retrieved) {
    const std::uint64_t length = std::min(budget, one.end - one.begin);
    taken.push_back({one.begin, one.begin + length});
    budget -= length;
    if (budget == 0) break;
  }
  std::uint64_t wanted = 0;
  std::uint64_t found = 0;
  const auto kept = merged(taken);
  for (const passage& reference : merged(references)) {
    wanted += reference.end - reference.begin;
    for (const passage& one : kept) {
      const auto begin = std::max(one.begin, reference.begin);
      const auto end = std::min(one.end, reference.end);
      if (begin < end) found += end - begin;
    }
  }
  return wanted == 0 ? 0.0 : static_cast<double>(found) / static_cast<double>(wanted);
}

}  // namespace bench

#endif  // ATLAS_BENCH_SUPPORT_QUESTION_SET_HPP

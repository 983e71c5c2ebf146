// SPDX-License-Identifier: Apache-2.0
// bench/retrieval_bench.cpp -- how much of the text that answers a question do chunker, hashing embedder and HNSW
// index bring back together? Against BM25 over the same chunks.
//   retrieval_bench [--data DIR] [--quick] [--filter NAME] [--json]
// Cases: CORPUS/recall@8000 for each of five corpora and all/recall@8000, the mean over the 472 questions: the share of
// a question's reference text inside the first 8,000 characters retrieved from its own corpus. `atlas` is the mean over
// five seeds of the hashes (--quick: one, which is the default seed), beside it the least of them, and the same with
// exact search. Ends with 1 if the mean over all questions is below 0.85.
#include <atlas/chunk.hpp>
#include <atlas/embed.hpp>
#include <atlas/flat.hpp>
#include <atlas/hnsw.hpp>

#include "support/bench_options.hpp"
#include "support/bm25.hpp"
#include "support/question_set.hpp"
#include "support/report.hpp"

#include <algorithm>
#include <cstdio>
#include <numeric>

namespace {

constexpr std::uint64_t budget = 8000;  // characters
constexpr double promised_recall = 0.85;

struct chunk_list {
  std::vector<std::string> texts;
  std::vector<bench::passage> places;
};

chunk_list cut(const std::string& text) {
  chunk_list list;
  atlas::chunk_text(text, {}, [&](const atlas::chunk_view& chunk) {
    list.texts.emplace_back(chunk.text.data(), chunk.text.size());
    list.places.push_back({chunk.char_begin, chunk.char_end});
    return true;
  }).value();
  return list;
}

std::vector<float> embed(const atlas::hashing_embedder& model, const std::vector<std::string>& texts) {
  const std::vector<atlas::text_view> views(texts.begin(), texts.end());
  std::vector<float> vectors(texts.size() * model.dimension());
  model.embed(views, vectors.data()).value();
  return vectors;
}

/// The places of the nearest chunks, nearest first, at least `budget` characters of them.
template <class Index>
std::vector<bench::passage> nearest(const Index& index, const float* query, const chunk_list& chunks) {
  for (std::size_t k = 32;; k *= 2) {
    k = std::min(k, chunks.texts.size());
    std::vector<std::uint64_t> keys(k);
    std::vector<float> distances(k);
    std::uint32_t count = 0;
    index.search(atlas::dense(query, 1, index.dimension()), {.k = k, .width = std::max<std::size_t>(64, 2 * k)},
                 {keys.data(), distances.data(), &count}).value();
    std::vector<bench::passage> places;
    std::uint64_t characters = 0;
    for (std::size_t i = 0; i < count; ++i) {
      places.push_back(chunks.places[keys[i]]);
      characters += places.back().end - places.back().begin;
    }
    if (characters >= budget || k == chunks.texts.size()) return places;
  }
}

/// Mean recall over the corpus's questions, by HNSW and by exact search.
struct answer {
  double hnsw = 0;
  double exact = 0;
};
answer measure(const bench::corpus& corpus, const chunk_list& chunks, std::uint64_t seed) {
  atlas::hashing_embedder model = atlas::hashing_embedder::create({.seed = seed}).value();
  const std::vector<atlas::text_view> views(chunks.texts.begin(), chunks.texts.end());
  model.learn(views).value();
  model.freeze();

  const std::vector<float> vectors = embed(model, chunks.texts);
  std::vector<std::uint64_t> keys(chunks.texts.size());
  std::iota(keys.begin(), keys.end(), std::uint64_t{0});
  const auto rows = atlas::dense(vectors.data(), keys.size(), model.dimension());
  auto graph = atlas::hnsw<float>::create({.dimension = model.dimension(), .metric = atlas::metric::cosine}).value();
  graph.add(keys, rows).value();
  auto exact = atlas::flat<float>::create({.dimension = model.dimension(), .metric = atlas::metric::cosine}).value();
  exact.add(keys, rows).value();

  answer sum;
  for (const bench::question& one : corpus.questions) {
    const std::vector<float> query = embed(model, {one.text});
    sum.hnsw += bench::recall_of(one.references, nearest(graph, query.data(), chunks), budget);
    sum.exact += bench::recall_of(one.references, nearest(exact, query.data(), chunks), budget);
  }
  const auto count = static_cast<double>(corpus.questions.size());
  return {sum.hnsw / count, sum.exact / count};
}

double measure_bm25(const bench::corpus& corpus, const chunk_list& chunks) {
  const bench::bm25 peer(chunks.texts);
  double sum = 0;
  for (const bench::question& one : corpus.questions) {
    std::vector<bench::passage> places;
    for (const std::size_t chunk : peer.ranked(one.text)) places.push_back(chunks.places[chunk]);
    sum += bench::recall_of(one.references, places, budget);
  }
  return sum / static_cast<double>(corpus.questions.size());
}

struct scores {
  std::vector<answer> by_seed;
  double bm25 = 0;
  std::size_t questions = 0;
  std::size_t chunks = 0;
};

double print(const std::string& name, const scores& found, bool json) {
  bench::row row;
  double exact = 0;
  double least = 1;
  for (const answer& one : found.by_seed) {
    row.atlas += one.hnsw / static_cast<double>(found.by_seed.size());
    exact += one.exact / static_cast<double>(found.by_seed.size());
    least = std::min(least, one.hnsw);
  }
  row.name = name + "/recall@8000";
  row.unit = "share";
  row.peer = "bm25";
  row.peer_value = found.bm25;
  row.ratio = row.atlas / row.peer_value;
  row.more = {{"exact", exact}, {"least_of_seeds", least}, {"seeds", found.by_seed.size()},
              {"questions", found.questions}, {"chunks", found.chunks}};
  bench::print_row("retrieval", row, json);
  return row.atlas;
}

}  // namespace

int main(int argc, char** argv) try {
  const auto options = bench::parse_options(argc, argv, "How much of the text that answers a question is retrieved?");
  bench::print_header("retrieval", options.json, "BM25 (k1 = 1.2, b = 0.75) over the same chunks, in this program");
  const std::size_t seeds = options.quick ? 1 : 5;
  scores all;
  all.by_seed.resize(seeds);
  for (const bench::corpus& corpus : bench::load_corpora(options.data)) {
    const bool alone = options.wants(corpus.name + "/recall@8000");
    if (!alone && !options.wants("all/recall@8000")) continue;
    const chunk_list chunks = cut(corpus.text);
    scores found{{}, measure_bm25(corpus, chunks), corpus.questions.size(), chunks.texts.size()};
    for (std::size_t seed = 0; seed < seeds; ++seed) found.by_seed.push_back(measure(corpus, chunks, seed));
    if (alone) print(corpus.name, found, options.json);

    const auto weight = static_cast<double>(found.questions);
    for (std::size_t seed = 0; seed < seeds; ++seed) {
      all.by_seed[seed].hnsw += found.by_seed[seed].hnsw * weight;
      all.by_seed[seed].exact += found.by_seed[seed].exact * weight;
    }
    all.bm25 += found.bm25 * weight;
    all.questions += found.questions;
    all.chunks += found.chunks;
  }
  if (!options.wants("all/recall@8000")) return 0;
  const auto total = static_cast<double>(all.questions);
  all.bm25 /= total;
  for (answer& one : all.by_seed) one = {one.hnsw / total, one.exact / total};
  return print("all", all, options.json) >= promised_recall ? 0 : 1;
} catch (const std::exception& said) {
  std::fprintf(stderr, "retrieval_bench: %s\n", said.what());
  return 2;
}

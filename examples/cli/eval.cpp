// SPDX-License-Identifier: Apache-2.0
// examples/cli/eval.cpp -- atlas eval: how much of the truth an index finds, and how fast.
#include "command.hpp"
#include "plot.hpp"
#include "terminal.hpp"

#include <atlas/any_index.hpp>
#include <atlas/storage/vector_file.hpp>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace cli {

namespace {

struct eval_arguments {
  std::string file;
  std::string queries;
  std::string truth;
  std::string plot;
  std::vector<std::size_t> widths = {10, 20, 40, 60, 80, 100, 150, 200, 300, 400, 600, 800};
  std::vector<std::size_t> probes = {1, 2, 4, 8, 16, 32, 64, 128, 256};
  std::vector<std::size_t> reranks = {2, 8, 32};
  std::vector<std::size_t> counts = {1, 10, 100};
  walk_arguments walk;
  unsigned threads = 1;
  unsigned rounds = 3;
  bool load = false;
  bool on_disk = false;
  bool estimates_only = false;
};

/// The queries, and for each of them how far away its k-th true neighbour is, by the index's own arithmetic.
struct test_set {
  std::size_t queries = 0;
  std::size_t dimension = 0;
  std::size_t truths = 0;             ///< known neighbours a query
  std::vector<float> vectors;         ///< [queries, dimension]
  std::vector<float> worst_allowed;   ///< [queries, truths]: the greatest distance of the first k true neighbours
};

/// How hard a search tries: of hnsw the width, of ivf_pq the other two, of flat nothing.
struct effort {
  std::size_t width = 0;
  std::size_t probes = 0;
  std::size_t rerank = 0;
  friend bool operator==(const effort&, const effort&) = default;
};

struct measurement {
  std::size_t k = 0;
  effort how;
  double recall = 0;
  double queries_per_second = 0;
};

test_set read_test_set(const eval_arguments& arguments, const atlas::any_index& index) {
  const auto queries = take(atlas::vector_file::open(arguments.queries.c_str()), arguments.queries);
  const auto truth = take(atlas::vector_file::open(arguments.truth.c_str()), arguments.truth);
  const auto refuse = [](const char* what, std::uint64_t expected, std::uint64_t found, const std::string& about) {
    throw failure(atlas::error{atlas::errc::dimension_mismatch, what, expected, found}, about);
  };
  if (queries.dimension() != index.dimension()) refuse("query dimension", index.dimension(), queries.dimension(), arguments.queries);
  if (queries.rows() == 0) refuse("queries", 1, 0, arguments.queries);
  if (truth.rows() != queries.rows()) refuse("ground truth rows", queries.rows(), truth.rows(), arguments.truth);
  if (truth.dimension() == 0) refuse("ground truth columns", 1, 0, arguments.truth);

  test_set set;
  set.queries = static_cast<std::size_t>(queries.rows());
  set.dimension = index.dimension();
  set.truths = static_cast<std::size_t>(std::min<std::uint64_t>(truth.dimension(), *std::max_element(arguments.counts.begin(), arguments.counts.end())));
  set.vectors.resize(set.queries * set.dimension);
  take(queries.read_floats(0, queries.rows(), set.vectors.data()), arguments.queries);
  set.worst_allowed.resize(set.queries * set.truths);
  std::vector<std::int64_t> ids(static_cast<std::size_t>(truth.dimension()));
  std::vector<std::uint64_t> keys(set.truths);
  for (std::size_t query = 0; query < set.queries; ++query) {
    take(truth.read_integers(query, 1, ids.data()), arguments.truth);
    std::transform(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(set.truths), keys.begin(),
                   [](std::int64_t id) { return static_cast<std::uint64_t>(id); });
    float* const worst = set.worst_allowed.data() + query * set.truths;
    const atlas::status said = index.distances({set.vectors.data() + query * set.dimension, set.dimension}, keys, worst);
    if (!said.ok()) throw failure(said.error(), arguments.truth + ", query " + std::to_string(query));
    for (std::size_t i = 1; i < set.truths; ++i) worst[i] = std::max(worst[i], worst[i - 1]);
  }
  return set;
}

/// An answer is right if it is no farther away than the true k-th; so of several at one distance, any is.
double recall_of(const test_set& set, const atlas::any_index& index, std::size_t k, const std::vector<std::uint64_t>& keys,
                 const std::vector<std::uint32_t>& counts, const std::string& about) {
  std::uint64_t right = 0;
  std::vector<float> distances(k);
  for (std::size_t query = 0; query < set.queries; ++query) {
    take(index.distances({set.vectors.data() + query * set.dimension, set.dimension}, {keys.data() + query * k, counts[query]}, distances.data()), about);
    const float allowed = set.worst_allowed[query * set.truths + k - 1];
    for (std::uint32_t i = 0; i < counts[query]; ++i) right += distances[i] <= allowed ? 1U : 0U;
  }
  return static_cast<double>(right) / static_cast<double>(set.queries * k);
}

/// The efforts to be measured, in the order of the table.
std::vector<effort> efforts_for(const atlas::any_index& index, const eval_arguments& arguments) {
  std::vector<effort> efforts;
  if (index.as_hnsw() != nullptr) {
    for (const std::size_t width : arguments.widths) efforts.push_back({width, 0, 0});
  }
  const auto* const lists = index.as_ivf_pq();
  if (lists != nullptr && lists->is_trained()) {
    const std::vector<std::size_t> reranks = arguments.estimates_only ? std::vector<std::size_t>{0} : arguments.reranks;
    for (const std::size_t rerank : reranks) {
      for (const std::size_t probes : arguments.probes) {
        efforts.push_back({0, std::min(probes, lists->lists()), rerank});
        if (probes >= lists->lists()) break;  // more are the same
      }
    }
  }
  return efforts.empty() ? std::vector<effort>{effort()} : efforts;
}

measurement measure(const test_set& set, const atlas::any_index& index, std::size_t k, const effort& how, const eval_arguments& arguments) {
  std::vector<std::uint64_t> keys(set.queries * k);
  std::vector<float> distances(set.queries * k);
  std::vector<std::uint32_t> counts(set.queries);
  atlas::search_options options;
  options.k = k;
  options.width = how.width;
  options.probes = how.probes;
  options.rerank = how.rerank;
  options.estimates_only = arguments.estimates_only;
  options.threads = arguments.threads;
  arguments.walk.into(options);
  std::vector<double> seconds;
  for (unsigned round = 0; round < arguments.rounds; ++round) {
    if (was_interrupted()) throw failure(atlas::error(atlas::errc::cancelled), arguments.file);
    const stopwatch watch;
    take(index.search(atlas::dense(set.vectors.data(), set.queries, set.dimension), options,
                      {keys.data(), distances.data(), counts.data()}),
         arguments.queries);
    seconds.push_back(std::max(watch.seconds(), 1e-9));
  }
  std::sort(seconds.begin(), seconds.end());
  measurement result{k, how, 0, 0};
  result.recall = recall_of(set, index, k, keys, counts, arguments.file);
  result.queries_per_second = static_cast<double>(set.queries) / seconds[seconds.size() / 2];
  return result;
}

std::string column_title(std::size_t k) { return std::string("recall@").append(std::to_string(k)); }

void print_table(const std::vector<measurement>& rows, const std::vector<std::size_t>& counts, const std::vector<effort>& efforts) {
  const effort& first = efforts.front();
  std::printf("%7s", first.width != 0 ? "width" : first.probes != 0 ? "probes" : "");
  if (first.rerank != 0) std::printf("  %6s", "rerank");
  for (const std::size_t k : counts) std::printf("   %10s  %11s", column_title(k).c_str(), "queries/s");
  std::printf("\n");
  for (const effort& how : efforts) {
    if (how == effort()) {
      std::printf("%7s", "exact");
    } else {
      std::printf("%7zu", how.width != 0 ? how.width : how.probes);
    }
    if (how.rerank != 0) std::printf("  %6zu", how.rerank);
    for (const std::size_t k : counts) {
      const auto row = std::find_if(rows.begin(), rows.end(), [&](const measurement& one) { return one.k == k && one.how == how; });
      if (row == rows.end()) {
        std::printf("   %10s  %11s", "-", "-");
      } else {
        std::printf("   %10.4f  %11.0f", row->recall, row->queries_per_second);
      }
    }
    std::printf("\n");
  }
}

/// One curve for each k and, of ivf_pq, rerank.
std::vector<curve> curves_of(const std::vector<measurement>& rows, const std::vector<std::size_t>& counts, const std::vector<effort>& efforts) {
  std::vector<std::size_t> reranks;
  for (const effort& how : efforts) {
    if (std::find(reranks.begin(), reranks.end(), how.rerank) == reranks.end()) reranks.push_back(how.rerank);
  }
  std::vector<curve> curves;
  for (const std::size_t k : counts) {
    for (const std::size_t rerank : reranks) {
      curve one{column_title(k), {}};
      if (rerank != 0) one.title += ", rerank " + std::to_string(rerank);
      for (const measurement& row : rows) {
        if (row.k == k && row.how.rerank == rerank) one.points.push_back({row.recall, row.queries_per_second});
      }
      if (!one.points.empty()) curves.push_back(one);
    }
  }
  return curves;
}

void run(const eval_arguments& given, const command_line& line) {
  eval_arguments arguments = given;
  for (std::vector<std::size_t>* const one : {&arguments.widths, &arguments.probes, &arguments.reranks, &arguments.counts}) {
    std::sort(one->begin(), one->end());
    one->erase(std::unique(one->begin(), one->end()), one->end());
  }
  for (const std::string& name : {arguments.queries, arguments.truth}) take_argument(atlas::vector_format_of(name), name);
  if (!arguments.plot.empty()) require_plotter(arguments.plot);
  const auto residence = arguments.on_disk ? atlas::vector_residence::on_disk : atlas::vector_residence::mapped;
  const auto index = take(atlas::any_index::open(arguments.file.c_str(), {.vectors = residence, .load = arguments.load}), arguments.file);
  const test_set set = read_test_set(arguments, index);
  std::vector<std::size_t> counts;
  for (const std::size_t k : arguments.counts) {
    if (k <= set.truths) counts.push_back(k);
  }
  if (counts.empty()) {
    throw failure(atlas::error{atlas::errc::dimension_mismatch, "ground truth columns", arguments.counts[0], set.truths}, arguments.truth);
  }
  if (arguments.estimates_only && (index.as_ivf_pq() == nullptr || !index.as_ivf_pq()->is_trained())) {
    throw failure(exit_code::file, atlas::error{atlas::errc::kind_mismatch, "index of --estimates-only", "a trained ivf_pq", index.kind_name()}, arguments.file);
  }
  const bool is_hnsw = index.as_hnsw() != nullptr;
  const std::vector<effort> efforts = efforts_for(index, arguments);

  std::vector<measurement> rows;
  {
    progress_line progress("measuring", "searches");
    // Pages of a mapped index are read when they are first touched: not in a measured round.
    static_cast<void>(measure(set, index, counts.back(), effort(), arguments));
    for (std::size_t i = 0; i < efforts.size(); ++i) {
      for (const std::size_t k : counts) {
        if (is_hnsw && efforts[i].width < k) continue;  // the search would take k as its width
        rows.push_back(measure(set, index, k, efforts[i], arguments));
      }
      progress(i + 1, efforts.size());
    }
  }

  if (line.as_json) {
    json out = {{"index", arguments.file},     {"kind", index.kind_name()},       {"metric", name(index.metric())},
                {"count", index.size()},       {"dimension", index.dimension()},  {"queries", set.queries},
                {"threads", arguments.threads}, {"rounds", arguments.rounds}};
    if (is_hnsw) {
      out["starts"] = arguments.walk.starts;
      out["patience"] = arguments.walk.patience;
      out["time_limit"] = arguments.walk.time_limit;
    }
    if (index.as_ivf_pq() != nullptr) {
      out["patience"] = arguments.walk.patience;
      out["estimates_only"] = arguments.estimates_only;
    }
    out["rows"] = json::array();
    for (const measurement& row : rows) {
      json one = {{"k", row.k}, {"recall", row.recall}, {"queries_per_second", row.queries_per_second}};
      if (row.how.width != 0) one["width"] = row.how.width;
      if (row.how.probes != 0) one["probes"] = row.how.probes;
      if (row.how.rerank != 0) one["rerank"] = row.how.rerank;
      out["rows"].push_back(one);
    }
    if (!arguments.plot.empty()) out["plot"] = arguments.plot;
    print_json(out);
  } else {
    std::cout << printable(arguments.file) << ": " << index.kind_name() << ", " << name(index.metric()) << ", "
              << counted(index.size(), "vector") << " of dimension " << index.dimension() << "; "
              << (set.queries == 1 ? "1 query" : count_text(set.queries) + " queries") << ", "
              << (arguments.threads == 0 ? "all threads" : counted(arguments.threads, "thread")) << ", median of "
              << counted(arguments.rounds, "round") << '\n' << std::flush;
    print_table(rows, counts, efforts);
    std::fflush(stdout);
  }
  if (arguments.plot.empty()) return;
  plot_curves(arguments.plot, std::filesystem::path(arguments.file).filename().string() + ": recall against speed", curves_of(rows, counts, efforts));
}

}  // namespace

void add_eval_command(CLI::App& app, command_line& line) {
  CLI::App* command = app.add_subcommand("eval", "Measure recall and queries a second against a ground truth");
  const auto arguments = std::make_shared<eval_arguments>();
  command->add_option("file", arguments->file, "An index whose keys are the ground truth's ids")->required()->check(a_path())->type_name("FILE");
  command->add_option("--queries", arguments->queries, "A file of vectors")->required()->check(a_path())->type_name("VECTORS");
  command->add_option("--truth", arguments->truth,
                      "The ids of each query's nearest neighbours, nearest first: .ivecs, .ibin (distances may follow) or .npy")
      ->required()->check(a_path())->type_name("GT");
  command->add_option("--widths", arguments->widths, "hnsw: candidates kept while searching (ef)")
      ->delimiter(',')->capture_default_str()->check(CLI::Range(1, 65536))->type_name("N,N,...");
  command->add_option("--probes", arguments->probes, "ivf_pq: lists looked at; more than there are count as all")
      ->delimiter(',')->capture_default_str()->check(CLI::Range(1, 1 << 20))->type_name("N,N,...");
  command->add_option("--rerank", arguments->reranks, "ivf_pq: vectors measured for each answer, of those estimated nearest")
      ->delimiter(',')->capture_default_str()->check(CLI::Range(1, 65536))->type_name("N,N,...");
  command->add_flag("--estimates-only", arguments->estimates_only, "ivf_pq: measure nothing: answers are those estimated nearest");
  command->add_option("-k", arguments->counts, "Neighbours asked for; more than the ground truth has are left out")
      ->delimiter(',')->capture_default_str()->check(CLI::Range(1, 10000))->type_name("N,N,...");
  add_walk_options(*command, arguments->walk);
  command->add_option("--threads", arguments->threads, "Threads of one search; 0: all")
      ->capture_default_str()->check(CLI::Range(0, 1024))->type_name("N");
  command->add_option("--rounds", arguments->rounds, "Times each search is measured; the median is printed")
      ->capture_default_str()->check(CLI::Range(1, 1000))->type_name("N");
  command->add_flag("--load", arguments->load, "Read the index into memory instead of mapping its file");
  command->add_flag("--on-disk", arguments->on_disk, "hnsw, ivf_pq: leave the vectors in the file and read those that are measured");
  command->add_option("--plot", arguments->plot, "Draw recall against speed, with gnuplot, to a .png or .svg")->check(a_path())->type_name("PICTURE");
  finish_command(*command, line,
                 "  atlas eval sift.atlas --queries query.fvecs --truth gt.ivecs\n"
                 "  atlas eval sift.atlas --queries query.fvecs --truth gt.ivecs --widths 20,50,100 -k 10 --plot sift.png\n"
                 "  atlas eval lists.atlas --queries query.fvecs --truth gt.ivecs --probes 8,16,32,64 --rerank 4,16 -k 10");
  command->callback([arguments, &line] { line.action = [arguments, &line] { run(*arguments, line); }; });
}

}  // namespace cli

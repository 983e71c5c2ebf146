// SPDX-License-Identifier: Apache-2.0
// examples/cli/tune.cpp -- atlas tune: the width, or probes and rerank, at which an index answers as well as is wanted.
#include "command.hpp"
#include "sections.hpp"
#include "terminal.hpp"

#include <atlas/any_index.hpp>
#include <atlas/storage/vector_file.hpp>

#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace cli {

namespace {

struct tune_arguments {
  std::string file;
  std::string queries;
  std::string output;
  std::size_t k = atlas::tune_options().k;
  double recall = atlas::tune_options().recall;
};

atlas::status check_tunable(const atlas::any_index& index) {
  if (index.as_flat() != nullptr) return atlas::error{atlas::errc::kind_mismatch, "index", "hnsw or ivf_pq", index.kind_name()};
  if (index.as_ivf_pq() != nullptr && !index.as_ivf_pq()->is_trained()) {
    return atlas::error{atlas::errc::invalid_argument, "index", "trained", "not trained yet, so that every search is exact"};
  }
  return {};
}

/// @pre check_tunable
atlas::result<atlas::tune_result> tune(atlas::any_index& index, const atlas::matrix_view& queries, const atlas::tune_options& options) {
  return index.as_hnsw() != nullptr ? index.as_hnsw()->tune(queries, options) : index.as_ivf_pq()->tune(queries, options);
}

std::vector<float> read_queries(const std::string& path, std::size_t dimension) {
  const auto questions = take(atlas::vector_file::open(path.c_str()), path);
  if (questions.dimension() != dimension) {
    throw failure(atlas::error{atlas::errc::dimension_mismatch, "query dimension", dimension, questions.dimension()}, path);
  }
  std::vector<float> vectors(static_cast<std::size_t>(questions.rows()) * dimension);
  take(questions.read_floats(0, questions.rows(), vectors.data()), path);
  return vectors;
}

void run(const tune_arguments& arguments, const command_line& line) {
  if (!arguments.queries.empty()) take_argument(atlas::vector_format_of(arguments.queries), arguments.queries);
  const std::string output = arguments.output.empty() ? arguments.file : arguments.output;
  auto index = take(atlas::any_index::open(arguments.file.c_str()), arguments.file);
  const bool has_lists = index.as_ivf_pq() != nullptr;
  take(check_tunable(index), arguments.file);
  const auto further = further_sections(*index.file());
  if (arguments.queries.empty() && !has_lists) {
    throw failure(exit_code::usage, atlas::error{atlas::errc::invalid_argument, "--queries", "a file of them, for hnsw", "none"}, arguments.file);
  }
  const std::vector<float> vectors = arguments.queries.empty() ? std::vector<float>() : read_queries(arguments.queries, index.dimension());
  const stopwatch watch;
  atlas::tune_result tuned;
  {
    progress_line progress("tuning  ", "queries");
    const atlas::tune_options options{.k = arguments.k, .recall = arguments.recall, .on_progress = progress, .threads = 0};
    if (arguments.queries.empty()) {
      tuned = take(index.as_ivf_pq()->tune(options), arguments.file);
    } else {
      tuned = take(tune(index, atlas::dense(vectors.data(), vectors.size() / index.dimension(), index.dimension()), options), arguments.queries);
    }
    progress.restart("saving  ", "bytes");
    take(index.save(output.c_str(), {.extra = further, .on_progress = progress}), output);
  }
  if (line.as_json) {
    json out = {{"index", output}, {"k", arguments.k}};
    if (has_lists) {
      out.update({{"probes", tuned.probes}, {"rerank", tuned.rerank}});
    } else {
      out.update({{"width", tuned.width}, {"prefetch_rows", tuned.prefetch_rows}});
    }
    out.update({{"recall", tuned.recall},
                {"wanted_recall", arguments.recall},
                {"queries_per_second", tuned.queries_per_second},
                {"seconds", watch.seconds()}});
    return print_json(out);
  }
  char recall[32];
  std::snprintf(recall, sizeof recall, "%.4f", tuned.recall);
  std::cout << printable(output) << ": ";
  if (has_lists) {
    std::cout << counted(tuned.probes, "probe") << ", rerank " << tuned.rerank;
  } else {
    std::cout << "width " << tuned.width;
  }
  std::cout << ", recall@" << arguments.k << ' ' << recall
            << (tuned.recall >= arguments.recall ? ", " : has_lists ? " (nothing finds more), " : " (no width finds more), ")
            << count_text(static_cast<std::uint64_t>(tuned.queries_per_second)) << " queries/s; "
            << duration_text(watch.seconds()) << '\n';
}

}  // namespace

void add_tune_command(CLI::App& app, command_line& line) {
  CLI::App* command = app.add_subcommand("tune", "Find the search width of an hnsw index, or probes and rerank of an ivf_pq one, that answer as well as is wanted, and keep them in the file");
  const auto arguments = std::make_shared<tune_arguments>();
  command->add_option("file", arguments->file, "An hnsw or ivf_pq index")->required()->check(a_path())->type_name("FILE");
  command->add_option("--queries", arguments->queries, "A file of vectors such as will be asked; without it an ivf_pq index is asked for the neighbours of its own vectors")->check(a_path())->type_name("VECTORS");
  command->add_option("--recall", arguments->recall, "The share of the exact answers that is wanted")
      ->capture_default_str()->check(CLI::Range(0.001, 1.0))->type_name("X");
  command->add_option("-k", arguments->k, "Answers a query")->capture_default_str()->check(CLI::Range(1, 10000))->type_name("N");
  command->add_option("-o,--output", arguments->output, "The file to write; by default FILE is replaced")->check(a_path())->type_name("NEW");
  finish_command(*command, line,
                 "  atlas tune sift.atlas --queries query.fvecs --recall 0.97\n"
                 "  atlas tune lists.atlas --recall 0.9\n"
                 "  atlas tune e.atlas --queries q.npy -k 100 -o tuned.atlas");
  command->callback([arguments, &line] { line.action = [arguments, &line] { run(*arguments, line); }; });
}

}  // namespace cli

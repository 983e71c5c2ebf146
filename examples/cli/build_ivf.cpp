// SPDX-License-Identifier: Apache-2.0
// examples/cli/build_ivf.cpp -- see build_ivf.hpp.
#include "build_ivf.hpp"

#include "terminal.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iterator>

namespace cli {

namespace {

constexpr atlas::ivf_codes forms_of_list_codes[] = {atlas::ivf_codes::automatic, atlas::ivf_codes::flat,   atlas::ivf_codes::pq4,
                                                    atlas::ivf_codes::pq8,       atlas::ivf_codes::rabitq, atlas::ivf_codes::sq8};
constexpr atlas::ivf_rotation rotations[] = {atlas::ivf_rotation::automatic, atlas::ivf_rotation::none, atlas::ivf_rotation::random,
                                             atlas::ivf_rotation::learned};
constexpr atlas::traversal_codes forms_of_rerank_codes[] = {atlas::traversal_codes::none, atlas::traversal_codes::f16, atlas::traversal_codes::bf16,
                                                            atlas::traversal_codes::lvq8, atlas::traversal_codes::lvq4};
/// Without --lists, smaller files are left to exact searches, as the library would.
constexpr std::uint64_t fewest_rows = 10'000;
constexpr double usual_recall = 0.95;

/// @pre it is one of their names
template <class Names>
auto named(const Names& all, const std::string& text) {
  return *std::find_if(std::begin(all), std::end(all), [&](auto one) { return text == name(one); });
}

}  // namespace

std::vector<std::string> names_of_list_codes() {
  std::vector<std::string> names;
  for (const atlas::ivf_codes one : forms_of_list_codes) names.emplace_back(name(one));
  return names;
}

void add_ivf_options(CLI::App& command, ivf_arguments& arguments) {
  std::vector<std::string> names;
  for (const atlas::ivf_rotation one : rotations) names.emplace_back(name(one));
  command.add_option("--lists", arguments.lists, "ivf_pq: how many lists; 0: about the root of the vectors, and none below 10,000 of them")
      ->capture_default_str()->check(CLI::Range(0, 1 << 20))->type_name("N");
  command.add_option("--parts", arguments.parts, "ivf_pq: parts of product codes; 0: one of pq4 for 2 components, of pq8 for 8")
      ->capture_default_str()->check(CLI::Range(0, 65535))->type_name("N");
  command.add_option("--rotation", arguments.rotation, "ivf_pq: what vectors go through before they are coded; automatic: random for rabitq, else none")
      ->capture_default_str()->check(CLI::IsMember(names));
  command.add_option("--iterations", arguments.iterations, "ivf_pq: of k-means for the lists")
      ->capture_default_str()->check(CLI::Range(1, 10000))->type_name("N");
  command.add_option("--recall", arguments.recall, "ivf_pq: share of the exact answers that searches are to find, measured with vectors that were held back from training; "
                                                  "probes and rerank follow from it, and the file says what was measured; 0: nothing is held back, and only probes are chosen. By default 0.95, but 0 beside --probes or --rerank")
      ->check(CLI::Range(0.0, 1.0))->type_name("X");
  command.add_option("--recall-k", arguments.recall_k, "ivf_pq: for so many answers a query")
      ->capture_default_str()->check(CLI::Range(1, 10000))->type_name("N");
  command.add_option("--probes", arguments.probes, "ivf_pq: lists that a search looks at unless it says; 0: as measured")
      ->capture_default_str()->check(CLI::Range(0, 1 << 20))->type_name("N");
  command.add_option("--rerank", arguments.rerank, "ivf_pq: vectors that a search measures for each answer unless it says; 0: 8")
      ->capture_default_str()->check(CLI::Range(0, 65536))->type_name("N");
  std::vector<std::string> rerank_codes;
  for (const atlas::traversal_codes one : forms_of_rerank_codes) rerank_codes.emplace_back(name(one));
  command.add_option("--rerank-codes", arguments.rerank_codes, "ivf_pq: a code beside each vector, by which those are compared before the best two for each answer are measured")
      ->capture_default_str()->check(CLI::IsMember(rerank_codes));
  command.add_option("--train-rows", arguments.train_rows, "ivf_pq: vectors, from all over the file, that lists and codes are learned from; 0: 256 a list, or as many as --memory lets be")
      ->capture_default_str()->check(CLI::Range(std::int64_t{0}, std::int64_t{0xFFFFFFFE}))->type_name("N");
  command.add_option("--memory", arguments.memory_bytes, "ivf_pq: for vectors on their way, such as 64MB or 2GiB; their keys, lists and what these are learned from come on top")
      ->capture_default_str()->transform(CLI::AsSizeValue(true))->check(CLI::Range(std::int64_t{16} << 20, std::int64_t{1} << 46))->type_name("BYTES");
  command.add_option("--temporary-folder", arguments.temporary_folder, "ivf_pq: on whose disk vectors lie until they are in order, as much room as they take; default: the output's")
      ->check(a_path())->type_name("FOLDER");
}

void fill_ivf_options(atlas::ivf_pq_options& options, const ivf_arguments& arguments, const std::string& codes) {
  options.lists = static_cast<std::size_t>(arguments.lists);
  options.codes = named(forms_of_list_codes, codes);
  options.parts = static_cast<std::size_t>(arguments.parts);
  options.rotation = named(rotations, arguments.rotation);
  options.iterations = arguments.iterations;
  options.probes = static_cast<std::size_t>(arguments.probes);
  options.rerank = static_cast<std::size_t>(arguments.rerank);
  options.rerank_codes = named(forms_of_rerank_codes, arguments.rerank_codes);
  if (options.codes == atlas::ivf_codes::flat && options.rerank_codes != atlas::traversal_codes::none) {
    throw failure(exit_code::usage, "invalid argument",
                  "--rerank-codes: expected none for --codes flat, whose lists compare vectors, found " + arguments.rerank_codes);
  }
  const bool are_given = arguments.probes != 0 || arguments.rerank != 0;
  options.recall = arguments.recall >= 0 ? arguments.recall : are_given ? 0.0 : usual_recall;
  options.recall_k = static_cast<std::size_t>(arguments.recall_k);
  if (options.recall > 0 && are_given) {
    throw failure(exit_code::usage, "invalid argument", "--recall: expected none beside --probes or --rerank, which it sets, found both");
  }
  const bool are_products = codes == "automatic" || codes == "pq4" || codes == "pq8";
  const auto refuse = [&](const char* option, const std::string& found) {
    throw failure(exit_code::usage, "invalid argument",
                  std::string(option) + ": expected none for --codes " + codes + ", as only pq4 and pq8 have them, found " + found);
  };
  if (!are_products && arguments.parts != 0) refuse("--parts", std::to_string(arguments.parts));
  if (!are_products && options.rotation == atlas::ivf_rotation::learned) refuse("--rotation", arguments.rotation);
}

bool gets_lists(const ivf_arguments& arguments, std::uint64_t rows) {
  return rows != 0 && (arguments.lists != 0 || arguments.train_rows != 0 || rows >= fewest_rows);
}

lists_built build_lists(const std::string& output, const atlas::vector_file& vectors, const std::vector<std::uint64_t>& keys,
                        const atlas::ivf_pq_options& options, const ivf_arguments& arguments, unsigned threads, const std::string& path) {
  atlas::ivf_build_options how;
  how.index = options;
  how.memory_bytes = static_cast<std::size_t>(arguments.memory_bytes);
  if (!arguments.temporary_folder.empty()) how.temporary_folder = arguments.temporary_folder.c_str();
  how.threads = threads;
  const std::string& folder = arguments.temporary_folder.empty() ? output : arguments.temporary_folder;
  // An error is about the vectors, about where they lie meanwhile, or about the new file.
  const auto failed = [&](const atlas::error& why) {
    if (why.row != atlas::error::no_row) return failure(exit_code::file, why, path);
    const std::string field = why.field == nullptr ? "" : why.field;
    if (field == "folder") return failure(why, folder);
    return failure(why, field.rfind("path", 0) == 0 || field.rfind("file", 0) == 0 ? output : path);
  };
  const stopwatch watch;
  lists_built built;
  auto builder = atlas::ivf_pq_builder::create(output.c_str(), how);
  if (!builder.ok()) throw failed(builder.error());
  progress_line line("learning", "steps");
  const auto trained = builder->train(vectors, arguments.train_rows, line);
  if (!trained.ok()) throw failed(trained.error());
  built.trained_on = *trained;
  built.training_seconds = watch.seconds();
  line.restart("building", "vectors");
  if (const atlas::status added = builder->add(vectors, {keys.data(), keys.size()}, line); !added.ok()) {
    throw added.error().code == atlas::errc::no_space ? failure(added.error(), folder) : failed(added.error());
  }
  built.seconds = watch.seconds();
  line.restart("saving  ", "bytes");
  if (const atlas::status finished = builder->finish(line); !finished.ok()) throw failure(finished.error(), output);
  return built;
}

std::string promise_text(const atlas::recall_promise& promised) {
  if (promised.k == 0) return "";
  char recall[32];
  std::snprintf(recall, sizeof recall, "%.3f", std::floor(promised.recall * 1000) / 1000);
  return "recall@" + std::to_string(promised.k) + ' ' + recall;
}

json promise_json(const atlas::recall_promise& promised) {
  return promised.k == 0 ? json() : json{{"recall", promised.recall}, {"k", promised.k}};
}

}  // namespace cli

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
/// Without --lists, smaller files are left to exact searches, as the library would.
constexpr std::uint64_t fewest_rows = 10'000;
/// Vectors of a list that it is learned from; more hardly move its centroid.
constexpr std::uint64_t rows_of_list = 256;
constexpr double usual_recall = 0.95;

/// @pre it is one of their names
template <class Names>
auto named(const Names& all, const std::string& text) {
  return *std::find_if(std::begin(all), std::end(all), [&](auto one) { return text == name(one); });
}

std::uint64_t rows_to_train_on(const ivf_arguments& arguments, std::uint64_t rows) {
  if (arguments.lists == 0 && arguments.train_rows == 0 && rows < fewest_rows) return 0;
  if (arguments.train_rows != 0) return std::min(arguments.train_rows, rows);
  const std::uint64_t lists = arguments.lists != 0 ? arguments.lists : static_cast<std::uint64_t>(std::sqrt(static_cast<double>(rows)));
  return std::min(rows, std::max(fewest_rows, rows_of_list * lists));
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
                                                  "probes and rerank follow from it; 0: not measured, and probes about the root of the lists. By default 0.95, but 0 beside --probes or --rerank")
      ->check(CLI::Range(0.0, 1.0))->type_name("X");
  command.add_option("--recall-k", arguments.recall_k, "ivf_pq: for so many answers a query")
      ->capture_default_str()->check(CLI::Range(1, 10000))->type_name("N");
  command.add_option("--probes", arguments.probes, "ivf_pq: lists that a search looks at unless it says; 0: as --recall says")
      ->capture_default_str()->check(CLI::Range(0, 1 << 20))->type_name("N");
  command.add_option("--rerank", arguments.rerank, "ivf_pq: vectors that a search measures for each answer unless it says; 0: 8")
      ->capture_default_str()->check(CLI::Range(0, 65536))->type_name("N");
  command.add_option("--train-rows", arguments.train_rows, "ivf_pq: vectors, from all over the file, that lists and codes are learned from; 0: 256 a list")
      ->capture_default_str()->check(CLI::Range(std::int64_t{0}, std::int64_t{0xFFFFFFFE}))->type_name("N");
}

void fill_ivf_options(atlas::ivf_pq_options& options, const ivf_arguments& arguments, const std::string& codes) {
  options.lists = static_cast<std::size_t>(arguments.lists);
  options.codes = named(forms_of_list_codes, codes);
  options.parts = static_cast<std::size_t>(arguments.parts);
  options.rotation = named(rotations, arguments.rotation);
  options.iterations = arguments.iterations;
  options.probes = static_cast<std::size_t>(arguments.probes);
  options.rerank = static_cast<std::size_t>(arguments.rerank);
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

std::uint64_t train_on_file(atlas::ivf_pq<float>& index, const atlas::vector_file& vectors, const ivf_arguments& arguments,
                            unsigned threads, const std::string& path) {
  const std::uint64_t rows = vectors.rows();
  const std::uint64_t count = rows_to_train_on(arguments, rows);
  if (count == 0) return 0;
  const auto row_of = [&](std::uint64_t place) { return place * rows / count; };  // both below 2^32
  std::vector<float> sample(static_cast<std::size_t>(count) * index.dimension());
  progress_line line("sampling", "vectors");
  for (std::uint64_t i = 0; i < count; ++i) {
    take(vectors.read_floats(row_of(i), 1, sample.data() + static_cast<std::size_t>(i) * index.dimension()), path);
    if (i % 4096 == 0 && !line(i, count)) throw failure(atlas::error(atlas::errc::cancelled), path);
  }
  line.restart("training", "steps");
  const atlas::status trained = index.train(atlas::dense(sample.data(), static_cast<std::size_t>(count), index.dimension()),
                                            {.threads = threads, .on_progress = line});
  if (trained.ok()) return count;
  atlas::error why = trained.error();
  if (why.row == atlas::error::no_row) throw failure(why, path);
  why.row = row_of(why.row);
  throw failure(exit_code::file, why, path);
}

void tune_to_recall(atlas::ivf_pq<float>& index, unsigned threads, const std::string& path) {
  const double recall = index.wanted().recall;
  if (recall == 0 || !index.is_trained() || index.size() < 2) return;
  progress_line line("tuning  ", "queries");
  take(index.tune({.k = index.wanted().k, .recall = recall, .on_progress = line, .threads = threads}), path);
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

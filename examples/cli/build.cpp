// SPDX-License-Identifier: Apache-2.0
// examples/cli/build.cpp -- atlas build: a file of vectors into an index.
#include "build_ivf.hpp"
#include "command.hpp"
#include "terminal.hpp"

#include <atlas/any_index.hpp>
#include <atlas/storage/vector_file.hpp>

#include <algorithm>
#include <iostream>
#include <iterator>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace cli {

namespace {

struct build_arguments {
  std::string vectors;
  std::string output;
  std::string keys;
  std::string metric = "l2sq";
  std::string kind = "hnsw";
  std::uint32_t connectivity = atlas::hnsw_options().connectivity;
  std::uint32_t build_width = atlas::hnsw_options().build_width;
  std::string codes = "automatic";
  std::string stored = "f32";
  float alpha = atlas::hnsw_options().alpha;
  std::uint64_t seed = atlas::hnsw_options().seed;
  ivf_arguments ivf;
  unsigned threads = 0;
};

constexpr atlas::traversal_codes forms_of_codes[] = {atlas::traversal_codes::automatic, atlas::traversal_codes::none,
                                                     atlas::traversal_codes::f16,       atlas::traversal_codes::bf16,
                                                     atlas::traversal_codes::lvq8,      atlas::traversal_codes::lvq4};
std::vector<std::string> names_of_codes() {
  std::vector<std::string> names;
  for (const atlas::traversal_codes one : forms_of_codes) names.emplace_back(name(one));
  return names;
}
/// @pre it is one of those names
atlas::traversal_codes parse_codes(const std::string& text) {
  return *std::find_if(std::begin(forms_of_codes), std::end(forms_of_codes), [&](atlas::traversal_codes one) { return text == name(one); });
}

/// hnsw and ivf_pq have --codes of different names.
void check_codes(const build_arguments& arguments) {
  const std::vector<std::string> names = arguments.kind == "ivf_pq" ? names_of_list_codes() : names_of_codes();
  if (std::find(names.begin(), names.end(), arguments.codes) != names.end()) return;
  std::string all;
  for (const std::string& one : names) all += (all.empty() ? "" : ", ") + one;
  throw failure(exit_code::usage, "invalid argument",
                "--codes: expected one of " + all + " for --kind " + arguments.kind + ", found " + arguments.codes);
}

atlas::ivf_pq_options list_options(const build_arguments& arguments, atlas::metric metric, const atlas::vector_file& vectors) {
  atlas::ivf_pq_options options;
  options.dimension = static_cast<std::size_t>(vectors.dimension());
  options.metric = metric;
  options.seed = arguments.seed;
  options.reserve_rows = static_cast<std::size_t>(vectors.rows());
  options.stored = take_argument(atlas::parse_scalar(arguments.stored), "--stored");
  fill_ivf_options(options, arguments.ivf, arguments.codes);
  return options;
}

atlas::any_index create(const build_arguments& arguments, atlas::metric metric, const atlas::vector_file& vectors) {
  const auto dimension = static_cast<std::size_t>(vectors.dimension());
  const auto rows = static_cast<std::size_t>(vectors.rows());
  const atlas::scalar stored = take_argument(atlas::parse_scalar(arguments.stored), "--stored");
  if (arguments.kind == "flat") {
    if (stored != atlas::scalar::f32) {
      throw failure(exit_code::usage, {atlas::errc::scalar_mismatch, "stored of flat", "f32", name(stored)}, "--stored");
    }
    atlas::flat_options options;
    options.dimension = dimension;
    options.metric = metric;
    options.reserve_rows = rows;
    return take(atlas::flat<float>::create(options), arguments.vectors);
  }
  if (arguments.kind == "ivf_pq") return take(atlas::ivf_pq<float>::create(list_options(arguments, metric, vectors)), arguments.vectors);
  atlas::hnsw_options options;
  options.dimension = dimension;
  options.metric = metric;
  options.connectivity = arguments.connectivity;
  options.build_width = arguments.build_width;
  options.seed = arguments.seed;
  options.reserve_rows = rows;
  options.codes = parse_codes(arguments.codes);
  options.stored = stored;
  options.alpha = arguments.alpha;
  return take(atlas::hnsw<float>::create(options), arguments.vectors);
}

/// Those of --keys; none without it.
std::vector<std::uint64_t> read_keys(const build_arguments& arguments, std::uint64_t rows) {
  if (arguments.keys.empty()) return {};
  const auto file = take(atlas::vector_file::open(arguments.keys.c_str()), arguments.keys);
  if (file.rows() != rows || file.dimension() != 1) {
    throw failure(atlas::error{atlas::errc::dimension_mismatch, "keys", rows, file.rows() * file.dimension()}, arguments.keys);
  }
  std::vector<std::uint64_t> keys(rows);
  std::vector<std::int64_t> numbers(rows);
  take(file.read_integers(0, rows, numbers.data()), arguments.keys);
  std::transform(numbers.begin(), numbers.end(), keys.begin(), [](std::int64_t key) { return static_cast<std::uint64_t>(key); });
  return keys;
}

void add_rows(atlas::any_index& index, const atlas::vector_file& vectors, std::vector<std::uint64_t> keys, const build_arguments& arguments) {
  if (keys.empty()) {
    keys.resize(vectors.rows());
    std::iota(keys.begin(), keys.end(), std::uint64_t{0});
  }
  // Enough rows to keep every thread busy, few enough that the floats of one batch stay small.
  const std::uint64_t batch = std::clamp<std::uint64_t>((std::uint64_t{32} << 20) / (vectors.dimension() * sizeof(float)), 1, 65536);
  std::vector<float> rows(static_cast<std::size_t>(batch * vectors.dimension()));
  progress_line line("building", "vectors");
  for (std::uint64_t first = 0; first < vectors.rows(); first += batch) {
    const std::uint64_t count = std::min(batch, vectors.rows() - first);
    take(vectors.read_floats(first, count, rows.data()), arguments.vectors);
    const auto progress = [&](std::uint64_t done, std::uint64_t) { return line(first + done, vectors.rows()); };
    const atlas::status added = index.add({keys.data() + first, static_cast<std::size_t>(count)},
                                          atlas::dense(rows.data(), static_cast<std::size_t>(count), index.dimension()),
                                          {.threads = arguments.threads, .on_progress = progress});
    if (added.ok()) continue;
    atlas::error why = added.error();
    if (why.row == atlas::error::no_row) throw failure(why, arguments.vectors);
    why.row += first;
    throw failure(exit_code::file, why, arguments.vectors);  // a vector of the file, whatever is wrong with it
  }
}

/// Says what came of it. @param seconds  all that it took
void describe(const build_arguments& arguments, const atlas::any_index& index, const lists_built& built, double seconds, const command_line& line) {
  const double rate = built.seconds > 0 ? static_cast<double>(index.size()) / built.seconds : 0;
  if (line.as_json) {
    json out = {{"index", arguments.output},
                {"kind", index.kind_name()},
                {"metric", name(index.metric())},
                {"dimension", index.dimension()},
                {"vectors", index.size()},
                {"stored", name(index.element())}};
    if (const auto* graph = index.as_hnsw()) out["codes"] = name(graph->codes());
    if (const auto* lists = index.as_ivf_pq()) {
      out.update({{"codes", name(lists->codes())},
                  {"lists", lists->lists()},
                  {"code_bytes", lists->code_bytes()},
                  {"trained_on", built.trained_on},
                  {"training_seconds", built.training_seconds},
                  {"promised", promise_json(lists->promised())}});
    }
    out.update({{"seconds", seconds}, {"vectors_per_second", rate}, {"memory_bytes", index.memory().total()}});
    return print_json(out);
  }
  std::cout << printable(arguments.output) << ": " << index.kind_name() << ", " << name(index.metric()) << ", "
            << counted(index.size(), "vector") << " of dimension " << index.dimension() << "; ";
  if (const auto* lists = index.as_ivf_pq()) {
    if (lists->is_trained()) {
      std::cout << counted(lists->lists(), "list") << " of " << name(lists->codes()) << ", learned from " << count_text(built.trained_on) << " in "
                << duration_text(built.training_seconds) << "; ";
      if (const std::string promised = promise_text(lists->promised()); !promised.empty()) std::cout << promised << "; ";
    } else {
      std::cout << "no lists yet, searches compare all; ";
    }
  }
  std::cout << bytes_text(index.memory().total()) << "; " << duration_text(built.seconds) << ", "
            << count_text(static_cast<std::uint64_t>(rate)) << " vectors/s\n";
}

void run(const build_arguments& arguments, const command_line& line) {
  check_codes(arguments);
  const atlas::metric metric = take_argument(atlas::parse_metric(arguments.metric), "--metric");
  const atlas::vector_format format = take_argument(atlas::vector_format_of(arguments.vectors), arguments.vectors);
  if (!arguments.keys.empty()) take_argument(atlas::vector_format_of(arguments.keys), arguments.keys);
  const auto vectors = take(atlas::vector_file::open(arguments.vectors.c_str(), format), arguments.vectors);
  if (vectors.axes() != 2) {
    throw failure(atlas::error{atlas::errc::dimension_mismatch, "axes", 2, vectors.axes()}, arguments.vectors);
  }
  std::vector<std::uint64_t> keys = read_keys(arguments, vectors.rows());
  const stopwatch watch;
  if (arguments.kind == "ivf_pq" && gets_lists(arguments.ivf, vectors.rows())) {
    const lists_built built = build_lists(arguments.output, vectors, keys, list_options(arguments, metric, vectors), arguments.ivf,
                                          arguments.threads, arguments.vectors);
    const auto index = take(atlas::any_index::open(arguments.output.c_str()), arguments.output);
    return describe(arguments, index, built, watch.seconds(), line);
  }
  atlas::any_index index = create(arguments, metric, vectors);
  add_rows(index, vectors, std::move(keys), arguments);
  lists_built built;
  built.seconds = watch.seconds();
  {
    progress_line saving("saving  ", "bytes");
    take(index.save(arguments.output.c_str(), {.on_progress = saving}), arguments.output);
  }
  describe(arguments, index, built, watch.seconds(), line);
}

}  // namespace

void add_build_command(CLI::App& app, command_line& line) {
  CLI::App* command = app.add_subcommand("build", "Build an index from a file of vectors; keys are the row numbers");
  const auto arguments = std::make_shared<build_arguments>();
  command->add_option("vectors", arguments->vectors, ".fvecs .bvecs .ivecs .u8bin .i8bin .f16bin .f32bin .fbin .ibin or .npy")
      ->required()->check(a_path())->type_name("VECTORS");
  command->add_option("-o,--output", arguments->output, "The index file to write")->required()->check(a_path())->type_name("FILE");
  command->add_option("--metric", arguments->metric, "What near means")
      ->capture_default_str()->check(CLI::IsMember({"l2sq", "inner_product", "cosine"}));
  command->add_option("--kind", arguments->kind, "hnsw: quick and approximate; ivf_pq: likewise, lists of codes that are sooner built; flat: exact")
      ->capture_default_str()->check(CLI::IsMember({"hnsw", "ivf_pq", "flat"}));
  command->add_option("--connectivity", arguments->connectivity, "hnsw: links a node (M)")
      ->capture_default_str()->check(CLI::Range(2, 512))->type_name("N");
  command->add_option("--build-width", arguments->build_width, "hnsw: candidates kept while building (efConstruction)")
      ->capture_default_str()->check(CLI::Range(1, 65536))->type_name("N");
  command->add_option("--codes", arguments->codes, "What searches read in place of the vectors. hnsw: none, f16, bf16, lvq8, lvq4; automatic: lvq4 from 256 components on, else lvq8. "
                                                   "ivf_pq: flat, pq4, pq8, rabitq, sq8; automatic: pq4")
      ->capture_default_str()->type_name("NAME");
  command->add_option("--stored", arguments->stored, "hnsw, ivf_pq: what vectors are stored as; i8 and u8 take whole numbers of their range")
      ->capture_default_str()->check(CLI::IsMember({"f32", "f16", "bf16", "i8", "u8"}));
  command->add_option("--alpha", arguments->alpha, "hnsw: above 1 more and longer links, at most 2")
      ->capture_default_str()->check(CLI::Range(1.0F, 2.0F))->type_name("X");
  command->add_option("--seed", arguments->seed, "hnsw: of the levels; ivf_pq: of training")->capture_default_str()->type_name("N");
  add_ivf_options(*command, arguments->ivf);
  command->add_option("--threads", arguments->threads, "0: all. 1: the same vectors give the same bytes")
      ->capture_default_str()->check(CLI::Range(0, 1024))->type_name("N");
  command->add_option("--keys", arguments->keys, "A .npy of one key a row, as atlas export writes it")->check(a_path())->type_name("KEYS");
  finish_command(*command, line,
                 "  atlas build sift.fvecs -o sift.atlas\n"
                 "  atlas build embeddings.npy -o e.atlas --metric cosine --connectivity 32 --build-width 400\n"
                 "  atlas build bytes.bvecs -o b.atlas --stored u8\n"
                 "  atlas build sift.fvecs -o lists.atlas --kind ivf_pq --lists 1024 --parts 32 && atlas tune lists.atlas --queries query.fvecs");
  command->callback([arguments, &line] { line.action = [arguments, &line] { run(*arguments, line); }; });
}

}  // namespace cli

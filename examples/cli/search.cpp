// SPDX-License-Identifier: Apache-2.0
// examples/cli/search.cpp -- atlas search: the passages of a folder index that answer a question, or the vectors of any
// index, or list of indexes, that are nearest to others.
#include "command.hpp"
#include "shards.hpp"
#include "terminal.hpp"

#include <atlas/any_index.hpp>
#include <atlas/folder.hpp>
#include <atlas/storage/vector_file.hpp>

#include <algorithm>
#include <cstdlib>
#include <iomanip>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cli {

namespace {

struct search_arguments {
  std::string file;
  std::vector<std::string> words;
  std::string queries;
  std::size_t k = 5;
  std::size_t width = 0;
  std::size_t probes = 0;
  std::size_t rerank = 0;
  bool allow_missing = false;
  walk_arguments walk;
  std::size_t snippet = 240;
};

std::string text_of(atlas::text_view view) { return {view.data(), view.size()}; }

/// "Title > Part", "" for a chunk that stands under no heading.
std::string headings_text(const atlas::heading_titles& headings) {
  std::string text;
  for (const atlas::text_view title : headings) text += (text.empty() ? "" : " > ") + text_of(title);
  return text;
}

/// An index, or several as one.
class searched_file {
 public:
  searched_file(const std::string& path, bool allow_missing) {
    if (atlas::shard_manifest::is_manifest(path.c_str())) {
      shards_ = open_shards(path, allow_missing);
      lost_.assign(shards_->missing().begin(), shards_->missing().end());
    } else {
      index_ = take(atlas::any_index::open(path.c_str()), path);
      if (allow_missing) throw failure(exit_code::usage, "invalid argument", "--allow-missing: expected a list of shards, found the index " + path);
    }
  }
  [[nodiscard]] std::size_t dimension() const { return shards_ ? shards_->dimension() : index_->dimension(); }
  [[nodiscard]] std::size_t size() const { return shards_ ? shards_->size() : index_->size(); }
  [[nodiscard]] atlas::status search(const atlas::matrix_view& queries, const atlas::search_options& options, atlas::hits_view hits) {
    if (!shards_) return index_->search(queries, options, hits);
    const auto said = shards_->search(queries, options, hits);
    if (!said.ok()) return said.error();
    if (!answer_ || said->answered < answer_->answered) answer_ = *said;
    const auto is_it = [&](const atlas::shard_failure& one) { return one.shard == said->failed_shard; };
    if (!said->is_whole() && std::none_of(lost_.begin(), lost_.end(), is_it)) {
      lost_.push_back({said->failed_shard, shards_->path(said->failed_shard), said->why});
    }
    return {};
  }
  /// Of several indexes: the search that the fewest answered.
  [[nodiscard]] const std::optional<atlas::shard_answer>& answer() const { return answer_; }
  /// Of several indexes: those that are missing, and of each search the first that failed though it is there.
  [[nodiscard]] const std::vector<atlas::shard_failure>& lost() const { return lost_; }
  /// What a failure of a file was about. @param why  errc::io or corrupt_file, from search
  [[nodiscard]] std::string file_of(const atlas::error& why, const std::string& path) const {
    return shards_ && why.row < shards_->shard_count() ? path + " -> " + shards_->path(static_cast<std::size_t>(why.row)) : path;
  }

 private:
  std::optional<atlas::any_index> index_;
  std::optional<atlas::shards> shards_;
  std::optional<atlas::shard_answer> answer_;
  std::vector<atlas::shard_failure> lost_;
};

/// Prints the keys and distances of each query's nearest.
void search_vectors(const search_arguments& arguments, const command_line& line) {
  take_argument(atlas::vector_format_of(arguments.queries), arguments.queries);
  searched_file index(arguments.file, arguments.allow_missing);
  const auto queries = take(atlas::vector_file::open(arguments.queries.c_str()), arguments.queries);
  if (queries.dimension() != index.dimension()) {
    throw failure(atlas::error{atlas::errc::dimension_mismatch, "query dimension", index.dimension(), queries.dimension()}, arguments.queries);
  }
  atlas::search_options options;
  options.k = std::min(arguments.k, std::max<std::size_t>(index.size(), 1));
  options.width = arguments.width;
  options.probes = arguments.probes;
  options.rerank = arguments.rerank;
  options.threads = 0;
  arguments.walk.into(options);

  constexpr std::uint64_t batch = 1024;
  std::vector<float> vectors(static_cast<std::size_t>(std::min(batch, queries.rows())) * index.dimension());
  std::vector<std::uint64_t> keys(batch * options.k);
  std::vector<float> distances(batch * options.k);
  std::vector<std::uint32_t> counts(batch);
  json answers = json::array();
  double seconds = 0;
  for (std::uint64_t first = 0; first < queries.rows(); first += batch) {
    if (was_interrupted()) throw failure(atlas::error(atlas::errc::cancelled), arguments.file);
    const auto count = static_cast<std::size_t>(std::min(batch, queries.rows() - first));
    take(queries.read_floats(first, count, vectors.data()), arguments.queries);
    const stopwatch watch;
    const atlas::status said = index.search(atlas::dense(vectors.data(), count, index.dimension()), options, {keys.data(), distances.data(), counts.data()});
    seconds += watch.seconds();
    if (!said.ok()) {
      atlas::error why = said.error();
      const bool is_of_file = why.code == atlas::errc::io || why.code == atlas::errc::corrupt_file;
      if (why.row != atlas::error::no_row && !is_of_file) why.row += first;
      throw failure(why, is_of_file ? index.file_of(why, arguments.file) : arguments.queries);
    }
    for (std::size_t i = 0; i < count; ++i) {
      json hits = json::array();
      if (!line.as_json) std::cout << "query " << first + i << '\n';
      for (std::size_t j = i * options.k; j < i * options.k + counts[i]; ++j) {
        if (line.as_json) {
          hits.push_back({{"key", keys[j]}, {"distance", distances[j]}});
        } else {
          std::cout << std::setw(20) << keys[j] << "  " << std::setprecision(6) << distances[j] << '\n';
        }
      }
      if (line.as_json) answers.push_back(hits);
    }
  }
  const std::optional<atlas::shard_answer>& answer = index.answer();
  if (answer && !answer->is_whole()) {
    std::cerr << "atlas: " << printable(arguments.file) << ": " << answer->answered << " of " << counted(answer->listed, "shard") << " answered\n";
    for (const atlas::shard_failure& one : index.lost()) {
      std::cerr << "atlas: " << printable(arguments.file) << " -> " << printable(one.path) << ": " << printable(described(one.why)) << '\n';
    }
  }
  if (!line.as_json) return;
  json out = {{"index", arguments.file}, {"queries", queries.rows()}, {"seconds", seconds}};
  if (answer) {
    json failed = json::array();
    for (const atlas::shard_failure& one : index.lost()) failed.push_back({{"path", one.path}, {"error", described(one.why)}});
    out["shards"] = {{"listed", answer->listed}, {"answered", answer->answered}, {"failed", failed}};
  }
  out["hits"] = answers;
  print_json(out);
}

void search_words(const search_arguments& arguments, const command_line& line) {
  const auto index = take(atlas::folder_index::open(arguments.file.c_str()), arguments.file);
  std::string question;
  for (const std::string& word : arguments.words) question += (question.empty() ? "" : " ") + word;

  const stopwatch watch;
  std::vector<atlas::folder_hit> hits(arguments.k);
  atlas::folder_search_options options;
  options.width = arguments.width;
  arguments.walk.into(options);
  hits.resize(take(index.search(question, hits, options), arguments.file));
  const double seconds = watch.seconds();

  if (line.as_json) {
    json out = {{"index", arguments.file}, {"question", question}, {"seconds", seconds}, {"hits", json::array()}};
    for (std::size_t i = 0; i < hits.size(); ++i) {
      const atlas::folder_hit& hit = hits[i];
      json headings = json::array();
      for (const atlas::text_view title : hit.headings) headings.push_back(text_of(title));
      out["hits"].push_back({{"rank", i + 1},
                             {"score", hit.score},
                             {"path", text_of(hit.path)},
                             {"headings", headings},
                             {"line_begin", hit.line_begin},
                             {"line_end", hit.line_end},
                             {"byte_begin", hit.byte_begin},
                             {"byte_end", hit.byte_end},
                             {"key", hit.key},
                             {"id", id_text(hit.id)},
                             {"snippet", printable(text_of(atlas::snippet(hit.text, question, arguments.snippet)))},
                             {"text", text_of(hit.text)}});
    }
    return print_json(out);
  }
  const bool in_colour = stdout_is_terminal() && std::getenv("NO_COLOR") == nullptr;
  const char* const bold = in_colour ? "\x1B[1m" : "";
  const char* const plain = in_colour ? "\x1B[0m" : "";
  if (hits.empty()) std::cout << "nothing found\n";
  for (std::size_t i = 0; i < hits.size(); ++i) {
    const atlas::folder_hit& hit = hits[i];
    std::cout << std::setw(2) << i + 1 << "  " << std::fixed << std::setprecision(3) << hit.score << "  " << bold
              << printable(text_of(hit.path)) << ':' << hit.line_begin << '-' << hit.line_end << plain << (hit.headings.empty() ? "" : "  ") << printable(headings_text(hit.headings)) << '\n'
              << "    " << printable(text_of(atlas::snippet(hit.text, question, arguments.snippet))) << '\n';
  }
}

void run(const search_arguments& arguments, const command_line& line) {
  if (!arguments.queries.empty()) return search_vectors(arguments, line);
  if (arguments.words.empty()) throw failure(exit_code::usage, "invalid argument", "expected a QUESTION or --queries, found neither");
  if (arguments.allow_missing) throw failure(exit_code::usage, "invalid argument", "--allow-missing: expected --queries, as a list of shards holds no texts");
  if (arguments.probes != 0 || arguments.rerank != 0) {
    throw failure(exit_code::usage, "invalid argument", "--probes, --rerank: expected --queries, as the index of a folder is hnsw");
  }
  search_words(arguments, line);
}

}  // namespace

void add_search_command(CLI::App& app, command_line& line) {
  CLI::App* command = app.add_subcommand("search", "Answer a question out of a folder index: rank, score, path:lines, headings, passage; or find the vectors nearest to others in any index");
  const auto arguments = std::make_shared<search_arguments>();
  command->add_option("file", arguments->file, "The index of a folder; with --queries any index, or a list of several (atlas shards)")->required()->check(a_path())->type_name("FILE");
  CLI::Option* const words = command->add_option("question", arguments->words, "The question; several words are joined")->type_name("QUESTION");
  command->add_option("--queries", arguments->queries, "A file of vectors in place of a question: keys and distances of the nearest to each")
      ->check(a_path())->excludes(words)->type_name("VECTORS");
  command->add_option("-k", arguments->k, "Answers")->capture_default_str()->check(CLI::Range(1, 10000))->type_name("N");
  command->add_option("--width", arguments->width, "hnsw, as in folders: candidates kept while searching; 0: as the index says")
      ->capture_default_str()->check(CLI::Range(0, 65536))->type_name("N");
  command->add_option("--probes", arguments->probes, "ivf_pq: lists looked at; 0: as the index says")
      ->capture_default_str()->check(CLI::Range(0, 1 << 20))->type_name("N");
  command->add_option("--rerank", arguments->rerank, "ivf_pq: vectors measured for each answer; 0: as the index says")
      ->capture_default_str()->check(CLI::Range(0, 65536))->type_name("N");
  command->add_flag("--allow-missing", arguments->allow_missing, "Of a list: do without files that are missing or damaged, and say so");
  add_walk_options(*command, arguments->walk);
  command->add_option("--snippet", arguments->snippet, "Bytes of each passage that are shown")
      ->capture_default_str()->check(CLI::Range(1, 100000))->type_name("N");
  finish_command(*command, line,
                 "  atlas search docs.atlas \"how is a file replaced safely?\"\n"
                 "  atlas search docs.atlas \"lost wake-ups\" -k 10 --json\n"
                 "  atlas search lists.atlas --queries query.fvecs --probes 32 --rerank 16\n"
                 "  atlas search all.shards --queries query.fvecs --allow-missing");
  command->callback([arguments, &line] { line.action = [arguments, &line] { run(*arguments, line); }; });
}

}  // namespace cli

// SPDX-License-Identifier: Apache-2.0
// examples/cli/search.cpp -- atlas search: the passages of a folder index that answer a question.
#include "command.hpp"
#include "terminal.hpp"

#include <atlas/folder.hpp>

#include <cstdlib>
#include <iomanip>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace cli {

namespace {

struct search_arguments {
  std::string file;
  std::vector<std::string> words;
  std::size_t k = 5;
  std::size_t width = 0;
  walk_arguments walk;
  std::size_t snippet = 240;
};

std::string text_of(atlas::text_view view) { return {view.data(), view.size()}; }

void run(const search_arguments& arguments, const command_line& line) {
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
      out["hits"].push_back({{"rank", i + 1},
                             {"score", hit.score},
                             {"path", text_of(hit.path)},
                             {"line_begin", hit.line_begin},
                             {"line_end", hit.line_end},
                             {"byte_begin", hit.byte_begin},
                             {"byte_end", hit.byte_end},
                             {"key", hit.key},
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
              << printable(text_of(hit.path)) << ':' << hit.line_begin << '-' << hit.line_end << plain << '\n'
              << "    " << printable(text_of(atlas::snippet(hit.text, question, arguments.snippet))) << '\n';
  }
}

}  // namespace

void add_search_command(CLI::App& app, command_line& line) {
  CLI::App* command = app.add_subcommand("search", "Answer a question out of a folder index: rank, score, path:lines, passage");
  const auto arguments = std::make_shared<search_arguments>();
  command->add_option("file", arguments->file, "The index of a folder")->required()->check(a_path())->type_name("FILE");
  command->add_option("question", arguments->words, "The question; several words are joined")->required()->type_name("QUESTION");
  command->add_option("-k", arguments->k, "Answers")->capture_default_str()->check(CLI::Range(1, 10000))->type_name("N");
  command->add_option("--width", arguments->width, "Candidates kept while searching; 0: as the index says")
      ->capture_default_str()->check(CLI::Range(0, 65536))->type_name("N");
  add_walk_options(*command, arguments->walk);
  command->add_option("--snippet", arguments->snippet, "Bytes of each passage that are shown")
      ->capture_default_str()->check(CLI::Range(1, 100000))->type_name("N");
  finish_command(*command, line,
                 "  atlas search docs.atlas \"how is a file replaced safely?\"\n"
                 "  atlas search docs.atlas \"lost wake-ups\" -k 10 --json");
  command->callback([arguments, &line] { line.action = [arguments, &line] { run(*arguments, line); }; });
}

}  // namespace cli

// SPDX-License-Identifier: Apache-2.0
// examples/cli/seal.cpp -- atlas seal: an index that answers faster and cannot change.
#include "command.hpp"
#include "sections.hpp"
#include "terminal.hpp"

#include <atlas/hnsw.hpp>

#include <iostream>
#include <memory>
#include <string>

namespace cli {

namespace {

struct seal_arguments {
  std::string file;
  std::string output;
  std::uint32_t degree = atlas::seal_options().degree;
  std::uint64_t seed = atlas::seal_options().seed;
  unsigned threads = 0;
};

void run(const seal_arguments& arguments, const command_line& line) {
  const auto index = take(atlas::hnsw<float>::open(arguments.file.c_str()), arguments.file);
  const auto further = further_sections(*index.file());
  const stopwatch watch;
  {
    progress_line progress("sealing ", "bytes");
    atlas::seal_options options;
    options.degree = arguments.degree;
    options.seed = arguments.seed;
    options.threads = arguments.threads;
    options.save.extra = further;
    options.save.on_progress = progress;
    take(index.seal(arguments.output.c_str(), options), arguments.output);
  }
  const double seconds = watch.seconds();
  const auto sealed = take(atlas::hnsw<float>::open(arguments.output.c_str()), arguments.output);
  const std::uint64_t bytes = sealed.file()->header().file_bytes;
  if (line.as_json) {
    return print_json({{"index", arguments.output},
                       {"vectors", sealed.size()},
                       {"degree", arguments.degree},
                       {"index_bytes", bytes},
                       {"seconds", seconds}});
  }
  std::cout << printable(arguments.output) << ": sealed, " << counted(sealed.size(), "vector") << ", "
            << arguments.degree << " neighbours each; " << bytes_text(bytes) << "; " << duration_text(seconds) << '\n';
}

}  // namespace

void add_seal_command(CLI::App& app, command_line& line) {
  CLI::App* command = app.add_subcommand(
      "seal", "Write a form of an hnsw index that answers faster and cannot change; a folder's documents go with it");
  const auto arguments = std::make_shared<seal_arguments>();
  command->add_option("file", arguments->file, "An hnsw index")->required()->check(a_path())->type_name("FILE");
  command->add_option("-o,--output", arguments->output, "The file to write")->required()->check(a_path())->type_name("NEW");
  command->add_option("--degree", arguments->degree, "Neighbours beside each vector")
      ->capture_default_str()->check(CLI::IsMember({32U, 64U, 96U, 128U}));
  command->add_option("--seed", arguments->seed, "Of the rotation of vectors")->capture_default_str()->type_name("N");
  command->add_option("--threads", arguments->threads, "0: all; the file is the same")
      ->capture_default_str()->check(CLI::Range(0, 1024))->type_name("N");
  finish_command(*command, line,
                 "  atlas seal sift.atlas -o sealed.atlas\n"
                 "  atlas eval sealed.atlas --queries query.fvecs --truth gt.ivecs");
  command->callback([arguments, &line] { line.action = [arguments, &line] { run(*arguments, line); }; });
}

}  // namespace cli

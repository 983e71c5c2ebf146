// SPDX-License-Identifier: Apache-2.0
// examples/cli/export.cpp -- atlas export: an index's vectors and keys for other programs.
#include "command.hpp"
#include "terminal.hpp"

#include <atlas/any_index.hpp>
#include <atlas/storage/vector_writer.hpp>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace cli {

namespace {

struct export_arguments {
  std::string file;
  std::string output;
  std::string keys;
};

/// Refuses two names of one file: what is written to it first would be lost.
void require_apart(const std::string& one, const std::string& one_is, const std::string& other, const std::string& other_is) {
  std::error_code ignored;
  const auto whole = [&](const std::string& path) {
    const auto found = std::filesystem::weakly_canonical(std::filesystem::absolute(path), ignored);
    return ignored ? std::filesystem::path(path).lexically_normal() : found;
  };
  if (!std::filesystem::equivalent(one, other, ignored) && whole(one) != whole(other)) return;
  throw failure(exit_code::usage, "invalid argument", other + ": expected different files for " + one_is + " and " + other_is + ", found one");
}

/// A graph's file has rows in the order of its links, which means nothing to anybody else.
std::vector<std::uint64_t> sorted_keys(const atlas::any_index& index) {
  std::vector<std::uint64_t> keys(index.size());
  std::uint64_t cursor = 0;
  std::size_t known = 0;
  while (known < keys.size()) {
    const std::size_t listed = index.list_keys(cursor, {keys.data() + known, keys.size() - known});
    if (listed == 0) break;
    known += listed;
  }
  keys.resize(known);
  std::sort(keys.begin(), keys.end());
  return keys;
}

void run(const export_arguments& arguments, const command_line& line) {
  const atlas::vector_format format = take_argument(atlas::vector_format_of(arguments.output), arguments.output);
  if (format != atlas::vector_format::npy && format != atlas::vector_format::fvecs) {
    throw failure(exit_code::usage, "invalid argument", arguments.output + ": expected a name ending in .npy or .fvecs");
  }
  std::string keys_path = arguments.keys;
  if (keys_path.empty()) keys_path = std::filesystem::path(arguments.output).replace_extension(".keys.npy").string();
  require_apart(arguments.output, "-o", keys_path, "--keys");
  require_apart(arguments.file, "the index", arguments.output, "-o");
  require_apart(arguments.file, "the index", keys_path, "--keys");
  const auto index = take(atlas::any_index::open(arguments.file.c_str()), arguments.file);
  const std::size_t dimension = index.dimension();

  auto vectors = take(atlas::vector_writer::create_floats(arguments.output.c_str(), format, index.size(), dimension), arguments.output);
  auto keys = take(atlas::vector_writer::create_keys(keys_path.c_str(), index.size()), keys_path);
  {
    progress_line progress("exporting", "vectors");
    const std::vector<std::uint64_t> sorted = sorted_keys(index);
    constexpr std::size_t most = 1024;
    std::vector<float> rows(most * dimension);
    for (std::size_t first = 0; first < sorted.size(); first += most) {
      const std::size_t count = std::min(most, sorted.size() - first);
      for (std::size_t i = 0; i < count; ++i) take(index.get(sorted[first + i], rows.data() + i * dimension), arguments.file);
      take(vectors.append(rows.data(), count), arguments.output);
      take(keys.append(sorted.data() + first, count), keys_path);
      if (!progress(first + count, sorted.size())) throw failure(atlas::error(atlas::errc::cancelled), arguments.file);
    }
  }
  take(vectors.commit(), arguments.output);
  take(keys.commit(), keys_path);
  if (line.as_json) {
    return print_json({{"index", arguments.file}, {"vectors", arguments.output}, {"keys", keys_path},
                       {"count", index.size()}, {"dimension", dimension}});
  }
  std::cout << counted(index.size(), "vector") << " of dimension " << dimension << ": " << printable(arguments.output)
            << ", keys: " << printable(keys_path) << '\n';
}

}  // namespace

void add_export_command(CLI::App& app, command_line& line) {
  CLI::App* command = app.add_subcommand("export", "Write an index's vectors to .npy or .fvecs, in the order of their keys, and these beside them");
  const auto arguments = std::make_shared<export_arguments>();
  command->add_option("file", arguments->file, "An index")->required()->check(a_path())->type_name("FILE");
  command->add_option("-o,--output", arguments->output, "Where to, a name ending in .npy or .fvecs")->required()->check(a_path())->type_name("VECTORS");
  command->add_option("--keys", arguments->keys, "The .npy of keys; by default VECTORS with the ending .keys.npy")->check(a_path())->type_name("KEYS");
  finish_command(*command, line,
                 "  atlas export docs.atlas -o docs.npy\n"
                 "  atlas export v.atlas -o v.fvecs --keys v.keys.npy");
  command->callback([arguments, &line] { line.action = [arguments, &line] { run(*arguments, line); }; });
}

}  // namespace cli

// SPDX-License-Identifier: Apache-2.0
// examples/cli/main.cpp -- the command `atlas`: one subcommand a file, errors and exit codes here.
#include "command.hpp"
#include "terminal.hpp"

#include <atlas/core/config.hpp>

#include <cstdio>
#include <exception>
#include <iostream>
#include <new>
#include <string>

namespace {

constexpr const char* exit_codes =
    "Exit codes:\n"
    "  0    done; for a search also when nothing was found\n"
    "  1    failed: no memory, disk full, a program that is not installed\n"
    "  2    the command line is wrong\n"
    "  3    a file is missing, unreadable, damaged, of another kind, or does not fit the others\n"
    "  130  interrupted; files are as they were before";

int report(const cli::failure& what, const cli::command_line& line) {
  if (line.as_json) cli::print_json({{"error", cli::as_json(what)}});
  cli::print_failure(what);
  return static_cast<int>(what.code());
}

int run(int argument_count, char** arguments) {
  CLI::App app("Indexes and searches folders of documents and sets of vectors, each in one file.", "atlas");
  app.set_version_flag("--version", std::string("atlas ") + ATLAS_VERSION_STRING);
  app.require_subcommand(1);
  app.footer(exit_codes);
  cli::command_line line;
  cli::add_index_command(app, line);
  cli::add_search_command(app, line);
  cli::add_compact_command(app, line);
  cli::add_build_command(app, line);
  cli::add_eval_command(app, line);
  cli::add_info_command(app, line);
  cli::add_verify_command(app, line);
  cli::add_seal_command(app, line);
  cli::add_tune_command(app, line);
  cli::add_shards_command(app, line);
  cli::add_export_command(app, line);
  cli::add_text_command(app, line);
  cli::add_chunk_command(app, line);

  try {
    app.parse(argument_count, arguments);
  } catch (const CLI::ParseError& wrong) {
    return app.exit(wrong) == 0 ? 0 : static_cast<int>(cli::exit_code::usage);
  }
  try {
    line.action();
  } catch (const cli::failure& what) {
    return report(what, line);
  } catch (const std::bad_alloc&) {
    return report({cli::exit_code::failed, "out of memory", "out of memory"}, line);
  } catch (const std::exception& what) {
    return report({cli::exit_code::failed, "internal error", what.what()}, line);
  }
  if (!std::cout.flush()) {
    std::cerr << "atlas: standard output cannot be written\n";
    return static_cast<int>(cli::exit_code::failed);
  }
  return static_cast<int>(line.outcome);
}

}  // namespace

int main(int argument_count, char** arguments) {
  cli::watch_signals();
  return run(argument_count, arguments);
}

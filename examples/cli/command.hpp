// SPDX-License-Identifier: Apache-2.0
// examples/cli/command.hpp -- what every subcommand of `atlas` shares: exit codes, failures, the list of commands.
#ifndef ATLAS_EXAMPLES_CLI_COMMAND_HPP
#define ATLAS_EXAMPLES_CLI_COMMAND_HPP

#include <atlas/core/result.hpp>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <cstdint>
#include <exception>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>

namespace cli {

using json = nlohmann::ordered_json;

/// What the shell sees. `atlas --help` lists them.
enum class exit_code : int {
  ok = 0,
  failed = 1,         ///< the work could not be done: memory, disk full, a missing program
  usage = 2,          ///< the command line is wrong
  file = 3,           ///< a file is missing, unreadable, damaged, of another kind, or does not fit the others
  interrupted = 130,  ///< Ctrl-C or SIGTERM; nothing is left behind
};

/// The exit code that belongs to an error of the library about a file or what is in it. An error about a word of the
/// command line itself goes through take_argument.
exit_code exit_code_of(const atlas::error& what);

/// An error in words, without what it was about.
std::string described(const atlas::error& what);

/// Ends a subcommand. main() prints it and returns its code.
class failure : public std::exception {
 public:
  failure(exit_code code, std::string kind, std::string message)
      : code_(code), kind_(std::move(kind)), message_(std::move(message)) {}
  failure(const atlas::error& what, const std::string& about);
  failure(exit_code code, const atlas::error& what, const std::string& about);

  [[nodiscard]] exit_code code() const noexcept { return code_; }
  [[nodiscard]] const std::string& kind() const noexcept { return kind_; }
  [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }

 private:
  exit_code code_;
  std::string kind_;
  std::string message_;
};

/// The value, or a failure that begins with `about`, the file or thing it was about.
template <class T>
  requires(!std::is_void_v<T>)
T take(atlas::result<T>&& answer, const std::string& about) {
  if (!answer.ok()) throw failure(answer.error(), about);
  return std::move(*answer);
}
inline void take(const atlas::status& answer, const std::string& about) {
  if (!answer.ok()) throw failure(answer.error(), about);
}

/// The same for what only the words of the command line decide, no file: its errors are exit_code::usage.
template <class T>
  requires(!std::is_void_v<T>)
T take_argument(atlas::result<T>&& answer, const std::string& about) {
  if (!answer.ok()) throw failure(exit_code::usage, answer.error(), about);
  return std::move(*answer);
}
inline void take_argument(const atlas::status& answer, const std::string& about) {
  if (!answer.ok()) throw failure(exit_code::usage, answer.error(), about);
}

/// For options that name a file: an empty name is refused.
CLI::Validator a_path();

/// What was asked for, filled while the arguments are read.
struct command_line {
  bool as_json = false;
  exit_code outcome = exit_code::ok;  ///< set by an action that went on behind a failure, which it has said itself
  std::function<void()> action;  ///< of the subcommand that was named
};

/// How a graph is walked, besides its width.
struct walk_arguments {
  std::uint32_t starts = 0;
  std::uint32_t patience = 0;
  double time_limit = 0;  ///< seconds a query; 0: none

  /// Into atlas::search_options or the like.
  template <class Options>
  void into(Options& options) const {
    options.starts = starts;
    options.patience = patience;
    options.time_limit_ns = static_cast<std::uint64_t>(time_limit * 1e9);
  }
};
/// Adds --starts, --patience and --time-limit to a subcommand.
void add_walk_options(CLI::App& command, walk_arguments& arguments);

/// Adds --json and the examples to a subcommand.
void finish_command(CLI::App& command, command_line& line, const std::string& examples);

/// One object on one line of standard output. Text that is not UTF-8 is shown with U+FFFD.
void print_json(const json& value);

/// A failure as it stands under "error".
json as_json(const failure& what);
/// A failure as one line of standard error.
void print_failure(const failure& what);

void add_index_command(CLI::App& app, command_line& line);
void add_search_command(CLI::App& app, command_line& line);
void add_compact_command(CLI::App& app, command_line& line);
void add_build_command(CLI::App& app, command_line& line);
void add_eval_command(CLI::App& app, command_line& line);
void add_info_command(CLI::App& app, command_line& line);
void add_verify_command(CLI::App& app, command_line& line);
void add_seal_command(CLI::App& app, command_line& line);
void add_shards_command(CLI::App& app, command_line& line);
void add_tune_command(CLI::App& app, command_line& line);
void add_export_command(CLI::App& app, command_line& line);
void add_text_command(CLI::App& app, command_line& line);
void add_chunk_command(CLI::App& app, command_line& line);

}  // namespace cli

#endif  // ATLAS_EXAMPLES_CLI_COMMAND_HPP

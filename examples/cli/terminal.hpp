// SPDX-License-Identifier: Apache-2.0
// examples/cli/terminal.hpp -- words for people: sizes, times, progress, and text that is safe to show.
#ifndef ATLAS_EXAMPLES_CLI_TERMINAL_HPP
#define ATLAS_EXAMPLES_CLI_TERMINAL_HPP

#include <atlas/core/hash.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace cli {

/// From here on Ctrl-C and SIGTERM set a flag, which progress callbacks look at; a second one ends the program.
void watch_signals();
bool was_interrupted();

bool stdout_is_terminal();

/// "312 B", "1.4 MB": decimal units.
std::string bytes_text(std::uint64_t bytes);
/// "0.42 s", "3 min 12 s".
std::string duration_text(double seconds);
/// "1,234,567".
std::string count_text(std::uint64_t count);
/// "3 files", "1 file".
std::string counted(std::uint64_t count, const std::string& noun);

/// A chunk's id in 32 hexadecimal digits.
std::string id_text(const atlas::hash128& id);

/// Text that cannot command a terminal: runs of white space become one space; other control characters,
/// changes of writing direction and bytes that are no UTF-8 become U+FFFD.
std::string printable(std::string_view text);

/// A line on standard error that says how far a long call is, how fast it goes and how long it still takes. Shows
/// nothing unless standard error is a terminal. Give it to the library as a progress callback.
class progress_line {
 public:
  /// @param unit  what is counted: "files"; "bytes" are shown in larger units
  progress_line(std::string task, std::string unit);
  progress_line(const progress_line&) = delete;
  progress_line& operator=(const progress_line&) = delete;
  ~progress_line();

  /// @param total  0: not known
  /// @return       false once the user interrupted
  bool operator()(std::uint64_t done, std::uint64_t total);
  /// Begins another task on the same line.
  void restart(std::string task, std::string unit);

 private:
  using clock = std::chrono::steady_clock;
  void show(std::uint64_t done, std::uint64_t total, double seconds);
  void clear();
  [[nodiscard]] std::string amount(double count) const;

  std::string task_;
  std::string unit_;
  clock::time_point begun_;
  clock::time_point shown_;
  bool visible_ = false;
  bool is_terminal_;
};

/// Seconds since it was made.
class stopwatch {
 public:
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun_).count();
  }

 private:
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

}  // namespace cli

#endif  // ATLAS_EXAMPLES_CLI_TERMINAL_HPP

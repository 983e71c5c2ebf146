// SPDX-License-Identifier: Apache-2.0
// examples/cli/plot.cpp -- see plot.hpp.
#include "plot.hpp"

#include "command.hpp"

#include <atlas/storage/file_bytes.hpp>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

extern char** environ;

namespace cli {

namespace {

[[noreturn]] void fail(const std::string& why) { throw failure(exit_code::failed, "plot failed", why); }

bool ends_with(std::string_view text, std::string_view ending) {
  return text.size() >= ending.size() && text.substr(text.size() - ending.size()) == ending;
}

/// A pipe whose ends close by themselves.
class pipe_ends {
 public:
  pipe_ends() {
    if (::pipe2(ends_.data(), O_CLOEXEC) != 0) fail(std::string("pipe: ") + std::strerror(errno));
  }
  pipe_ends(const pipe_ends&) = delete;
  pipe_ends& operator=(const pipe_ends&) = delete;
  ~pipe_ends() {
    close_reader();
    close_writer();
  }
  [[nodiscard]] int reader() const { return ends_[0]; }
  [[nodiscard]] int writer() const { return ends_[1]; }
  void close_reader() { close(ends_[0]); }
  void close_writer() { close(ends_[1]); }

 private:
  static void close(int& end) {
    if (end >= 0) ::close(end);
    end = -1;
  }
  std::array<int, 2> ends_{-1, -1};
};

/// Runs gnuplot with a script on its standard input. @return what it wrote to its standard output
/// The script is shorter than a pipe holds (64 KiB), so that writing it all before reading cannot block.
std::string run_gnuplot(const std::string& script) {
  pipe_ends to_child;
  pipe_ends from_child;
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&actions, to_child.reader(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, from_child.writer(), STDOUT_FILENO);
  std::string name = "gnuplot";
  std::array<char*, 2> arguments{name.data(), nullptr};
  pid_t child = 0;
  const int refused = ::posix_spawnp(&child, "gnuplot", &actions, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (refused == ENOENT) fail("--plot needs gnuplot, which is not installed; on Debian and Ubuntu: apt-get install gnuplot-nox");
  if (refused != 0) fail(std::string("gnuplot cannot be started: ") + std::strerror(refused));
  to_child.close_reader();
  from_child.close_writer();

  // A gnuplot that ends early must not end this program with SIGPIPE.
  struct sigaction ignore {};
  struct sigaction before {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, &before);
  for (std::size_t done = 0; done < script.size();) {
    const ssize_t put = ::write(to_child.writer(), script.data() + done, script.size() - done);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) break;
    done += static_cast<std::size_t>(put);
  }
  to_child.close_writer();
  ::sigaction(SIGPIPE, &before, nullptr);

  std::string output;
  std::array<char, 65536> piece{};
  for (;;) {
    const ssize_t got = ::read(from_child.reader(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    output.append(piece.data(), static_cast<std::size_t>(got));
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) fail("gnuplot ended with an error");
  return output;
}

/// Text as a single-quoted string of gnuplot, in which nothing but the quote itself has a meaning.
std::string gnuplot_text(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += '\'';
    out += static_cast<unsigned char>(c) < ' ' || c == 0x7F ? '_' : c;
  }
  return out + "'";
}

}  // namespace

void require_plotter(const std::string& path) {
  if (!ends_with(path, ".png") && !ends_with(path, ".svg")) {
    throw failure(exit_code::usage, "invalid argument", "--plot " + path + ": expected a name ending in .png or .svg");
  }
  static_cast<void>(run_gnuplot(""));
}

void plot_curves(const std::string& path, const std::string& title, const std::vector<curve>& curves) {
  std::ostringstream script;
  script << "set encoding utf8\n"
         << (ends_with(path, ".svg") ? "set terminal svg size 900,600 noenhanced\n"
                                     : "set terminal pngcairo size 900,600 noenhanced\n")
         << "set title " << gnuplot_text(title) << "\n"
         << "set xlabel 'recall'\nset ylabel 'queries a second'\nset logscale y\nset format y '%.0f'\n"
         << "set grid xtics ytics mytics\nset key bottom left\n";
  double least = 1;
  double slowest = curves.at(0).points.at(0).queries_per_second;
  double fastest = slowest;
  for (const curve& one : curves) {
    for (const curve_point& point : one.points) {
      least = std::min(least, point.recall);
      slowest = std::min(slowest, point.queries_per_second);
      fastest = std::max(fastest, point.queries_per_second);
    }
  }
  const double margin = std::max(1 - least, 0.01) * 0.05;
  script << "set xrange [" << least - margin << ':' << 1 + margin << "]\n"
         << "set yrange [" << slowest / 1.5 << ':' << fastest * 1.5 << "]\n";
  for (std::size_t i = 0; i < curves.size(); ++i) {
    script << "$curve" << i << " << END\n";
    for (const curve_point& point : curves[i].points) script << point.recall << ' ' << point.queries_per_second << '\n';
    script << "END\n";
  }
  script << "plot ";
  for (std::size_t i = 0; i < curves.size(); ++i) {
    script << (i == 0 ? "" : ", ") << "$curve" << i << " using 1:2 with linespoints pointtype " << 5 + 2 * i << " title "
           << gnuplot_text(curves[i].title);
  }
  script << '\n';
  const std::string picture = run_gnuplot(script.str());
  if (picture.empty()) fail("gnuplot drew nothing");
  take(atlas::write_file(path.c_str(), {reinterpret_cast<const std::byte*>(picture.data()), picture.size()}), path);
}

}  // namespace cli

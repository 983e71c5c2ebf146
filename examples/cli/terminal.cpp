// SPDX-License-Identifier: Apache-2.0
// examples/cli/terminal.cpp -- see terminal.hpp.
#include "terminal.hpp"

#include <atlas/text/utf8.hpp>

#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace cli {

namespace {

volatile sig_atomic_t interrupted = 0;

void note_interruption(int) { interrupted = 1; }

std::size_t terminal_columns() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

template <class... Values>
std::string formatted(const char* format, Values... values) {
  std::array<char, 128> text{};
  const int length = std::snprintf(text.data(), text.size(), format, values...);
  return {text.data(), static_cast<std::size_t>(std::max(length, 0))};
}

bool changes_direction(char32_t c) {
  return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0x200E || c == 0x200F || c == 0x061C;
}

}  // namespace

void watch_signals() {
  struct sigaction action {};
  action.sa_handler = note_interruption;
  action.sa_flags = static_cast<int>(SA_RESETHAND);  // the second Ctrl-C does what it always does
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}
bool was_interrupted() { return interrupted != 0; }

bool stdout_is_terminal() { return ::isatty(STDOUT_FILENO) == 1; }

std::string bytes_text(std::uint64_t bytes) {
  const char* const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 999.5 && unit + 1 < std::size(units)) {
    value /= 1000;
    ++unit;
  }
  return formatted(unit == 0 || value >= 99.95 ? "%.0f %s" : "%.1f %s", value, units[unit]);
}

std::string duration_text(double seconds) {
  if (seconds < 9.995) return formatted("%.2f s", seconds);
  if (seconds < 119.5) return formatted("%.0f s", seconds);
  const auto whole = static_cast<std::uint64_t>(seconds + 0.5);
  if (whole < 7200) return formatted("%d min %d s", static_cast<int>(whole / 60), static_cast<int>(whole % 60));
  return formatted("%llu h %d min", static_cast<unsigned long long>(whole / 3600), static_cast<int>(whole / 60 % 60));
}

std::string count_text(std::uint64_t count) {
  const std::string digits = std::to_string(count);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i != 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

std::string counted(std::uint64_t count, const std::string& noun) {
  return count_text(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string id_text(const atlas::hash128& id) {
  char text[33];
  std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(id.high), static_cast<unsigned long long>(id.low));
  return text;
}

std::string printable(std::string_view text) {
  std::string out;
  bool space = false;
  for (std::size_t at = 0; at < text.size();) {
    const atlas::utf8_character c = atlas::decode_one(text, at);
    if (c.code_point == ' ' || (c.code_point >= '\t' && c.code_point <= '\r')) {
      space = true;
    } else {
      if (space && !out.empty()) out += ' ';
      space = false;
      const bool is_control = c.code_point < 0x20 || (c.code_point >= 0x7F && c.code_point < 0xA0);
      if (!c.well_formed || is_control || changes_direction(c.code_point)) {
        out += "\uFFFD";
      } else {
        out.append(text.substr(at, c.length_bytes));
      }
    }
    at += c.length_bytes;
  }
  return out;
}

progress_line::progress_line(std::string task, std::string unit)
    : task_(std::move(task)), unit_(std::move(unit)), begun_(clock::now()), shown_(begun_),
      is_terminal_(::isatty(STDERR_FILENO) == 1) {}
progress_line::~progress_line() { clear(); }

void progress_line::restart(std::string task, std::string unit) {
  task_ = std::move(task);
  unit_ = std::move(unit);
  begun_ = clock::now();
}

bool progress_line::operator()(std::uint64_t done, std::uint64_t total) {
  if (was_interrupted()) return false;
  if (!is_terminal_) return true;
  const auto now = clock::now();
  if (now - shown_ < std::chrono::milliseconds(100)) return true;
  shown_ = now;
  show(done, total, std::chrono::duration<double>(now - begun_).count());
  return true;
}

std::string progress_line::amount(double count) const {
  const auto whole = static_cast<std::uint64_t>(count);
  return unit_ == "bytes" ? bytes_text(whole) : count_text(whole) + " " + unit_;
}

void progress_line::show(std::uint64_t done, std::uint64_t total, double seconds) {
  std::string line = task_ + "  ";
  const double rate = seconds > 0 ? static_cast<double>(done) / seconds : 0;
  if (total != 0 && done <= total) {
    constexpr std::size_t width = 24;
    const double share = static_cast<double>(done) / static_cast<double>(total);
    const auto filled = static_cast<std::size_t>(share * static_cast<double>(width));
    line.append(1, '[').append(filled, '#').append(width - filled, '.').append(formatted("] %3.0f%%", share * 100));
    line.append("  ").append(amount(rate)).append("/s");
    if (done != 0 && rate > 0) {
      line.append("  ").append(duration_text(static_cast<double>(total - done) / rate)).append(" left");
    }
  } else {
    line += amount(static_cast<double>(done)) + "  " + amount(rate) + "/s";
  }
  const std::size_t columns = terminal_columns();
  if (line.size() >= columns) line.resize(columns - 1);
  std::fprintf(stderr, "\r%s\x1B[K", line.c_str());
  std::fflush(stderr);
  visible_ = true;
}

void progress_line::clear() {
  if (!visible_) return;
  std::fputs("\r\x1B[K", stderr);
  std::fflush(stderr);
  visible_ = false;
}

}  // namespace cli

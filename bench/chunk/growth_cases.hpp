// SPDX-License-Identifier: Apache-2.0
// bench/chunk/growth_cases.hpp -- does the time grow as the text does, and does the memory not?
#ifndef ATLAS_BENCH_CHUNK_GROWTH_CASES_HPP
#define ATLAS_BENCH_CHUNK_GROWTH_CASES_HPP

#include <atlas/chunk/chunker.hpp>
#include <atlas/chunk/plain_text_rule.hpp>
#include <atlas/chunk/sentence_rule.hpp>

#include "support/bench_options.hpp"
#include "support/race.hpp"
#include "support/resident_memory.hpp"

#include <string>
#include <utility>
#include <vector>

namespace bench {

/// t(2n) / t(n) of texts that break other chunkers, and the resident memory of a long stream, which is measured before the process has
/// anything else in memory.
class growth_cases {
 public:
  explicit growth_cases(const bench_options& options) : options_(options) {}

  void run() {
    stream();
    const std::size_t n = options_.quick ? std::size_t{2} << 20 : std::size_t{8} << 20;
    for (const char* const name : {"far-blank-line", "no-white-space", "all-newlines", "paragraphs", "one-line", "marks", "full-stops", "ill-formed", "combining"}) {
      one<atlas::plain_text_rule>(std::string("growth/recursive/") + name, text_of(name, n), text_of(name, 2 * n));
      one<atlas::sentence_rule>(std::string("growth/sentence/") + name, text_of(name, n), text_of(name, 2 * n));
    }
  }

 private:
  static double resident_mb() { return static_cast<double>(resident_now().all) / 1e6; }
  static std::string repeated(const std::string& piece, std::size_t size) {
    std::string out;
    while (out.size() < size) out += piece;
    return out;
  }
  static std::string text_of(const std::string& name, std::size_t size) {
    if (name == "far-blank-line") return repeated("words without an end ", size) + "\n\nand more";
    if (name == "no-white-space") return std::string(size, 'x');
    if (name == "all-newlines") return std::string(size, '\n');
    if (name == "paragraphs") return "# One\n\n" + repeated("A paragraph of a few words.\n\n", size);
    if (name == "one-line") return repeated("A sentence of a line that goes on, and on. ", size);
    if (name == "marks") return repeated("#*`|>-_", size);
    if (name == "full-stops") return std::string(size, '.');
    if (name == "ill-formed") return repeated("\xFF\xC3 a", size);
    return repeated("\xCC\x81", size);  // marks that join without an end
  }

  template <class Rule>
  void one(const std::string& name, const std::string& half, const std::string& whole) {
    if (!options_.wants(name)) return;
    auto chunker = atlas::chunker<Rule, atlas::character_sizer>::create({.size = 1000, .overlap = 200}).value();
    const auto cut = [&](const std::string& text) {
      chunker.read(text);
      atlas::chunk_view chunk;
      while (chunker.next(chunk).value()) {
      }
    };
    std::vector<side> sides;
    sides.push_back({"n", [&] { cut(half); }});
    sides.push_back({"2n", [&] { cut(whole); }});
    race(sides, {.rounds = options_.quick ? 3 : 5});
    const double growth = median(sides[1].seconds) / median(sides[0].seconds);
    print_row("chunk", {name, growth, "t(2n)/t(n)", "allowed", 2.3, 2.3 / growth, {{"bytes", half.size()}, {"seconds", rounded(median(sides[0].seconds))}}, 1}, options_.json);
  }

  /// 4 GB fed in pieces of 64 KiB; how much more memory the process has at its peak.
  void stream() {
    const std::string name = "stream/4GB";
    if (!options_.wants(name)) return;
    const std::string piece = repeated("A paragraph of a stream that does not end. It has sentences, and lines.\nLike this one.\n\n", std::size_t{64} << 10);
    const std::uint64_t total = options_.quick ? std::uint64_t{1} << 29 : std::uint64_t{4'000'000'000};
    const double before = resident_mb();
    double most = before;
    auto chunker = atlas::chunker<atlas::plain_text_rule, atlas::character_sizer>::create({.size = 1000, .overlap = 200}).value();
    std::uint64_t chunks = 0;
    const auto count = [&](const atlas::chunk_view&) {
      ++chunks;
      return true;
    };
    const double start = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    std::uint64_t fed = 0;
    for (std::uint64_t pieces = 0; fed < total; fed += piece.size(), ++pieces) {
      chunker.feed(piece, count).value();
      if (pieces % 1024 == 0) most = std::max(most, resident_mb());
    }
    chunker.finish(count).value();
    const double seconds = seconds_of(CLOCK_THREAD_CPUTIME_ID) - start;
    most = std::max(most, resident_mb());
    print_row("chunk", {name, most, "MB resident", "allowed", 16, 16 / most, {{"bytes", fed}, {"chunks", chunks}, {"before", rounded(before)}, {"GB_a_second", rounded(static_cast<double>(fed) / 1e9 / seconds)}}, 1}, options_.json);
  }

  const bench_options& options_;
};

}  // namespace bench

#endif  // ATLAS_BENCH_CHUNK_GROWTH_CASES_HPP

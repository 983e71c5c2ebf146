// SPDX-License-Identifier: Apache-2.0
// bench/chunk/speed_cases.hpp -- how fast is a text cut, by each rule, beside a plain read, ICU and a splitter in Python?
#ifndef ATLAS_BENCH_CHUNK_SPEED_CASES_HPP
#define ATLAS_BENCH_CHUNK_SPEED_CASES_HPP

#include <atlas/chunk/chunker.hpp>
#include <atlas/chunk/fixed_rule.hpp>
#include <atlas/chunk/plain_text_rule.hpp>
#include <atlas/chunk/sentence_rule.hpp>

#include "chunk/case_frame.hpp"
#include "peers/icu_peer.hpp"
#include "peers/read_peer.hpp"

#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace bench {

class speed_cases : case_frame {
 public:
  /// @param english  one document: 10 MB of English
  /// @param path     where it lies
  speed_cases(const bench_options& options, const documents& english, std::filesystem::path path)
      : case_frame(options), english_(english), text_(english.front()), path_(std::move(path)) {}

  void run() {
    chunks<atlas::plain_text_rule>("recursive/1000+200", {.size = 1000, .overlap = 200}, 2.0, true);
    chunks<atlas::plain_text_rule>("recursive/1000", {.size = 1000}, 0, false);
    chunks<atlas::plain_text_rule>("recursive/1000/coherent", {.size = 1000, .packing = atlas::chunk_packing::coherent}, 0, false);
    chunks<atlas::fixed_rule>("fixed/1000", {.size = 1000}, 0, false);
    chunks<atlas::sentence_rule>("sentence-rule/1000", {.size = 1000}, 0, false);
    sentences<atlas::sentence_state>("sentences/uax29", 0.3, 5.0);
    sentences<atlas::tailored_sentence_state>("sentences/tailored", 0.2, 0);
    validation();
  }

 private:
  [[nodiscard]] scale rate() const { return gigabytes(text_.size()); }

  template <class Rule>
  void chunks(const std::string& name, const atlas::chunker_options& how, double asked, bool beside_python) {
    if (!options_.wants(name)) return;
    auto chunker = atlas::chunker<Rule, atlas::character_sizer>::create(how).value();
    std::size_t count = 0;
    const side one = timed_chunks(name, chunker, english_, how.size, count);
    report_against(name, rate(), one, asked, {{"chunks", count}});
    if (beside_python) python(name, one);
  }

  /// The splitter runs in its own process, which says its own seconds.
  void python(const std::string& name, const side& one) {
    const std::string command = "python3 '" ATLAS_BENCH_SOURCE_FOLDER "/chunk/recursive_splitter.py' '" + path_.string() + "' 1000 200";
    FILE* const pipe = ::popen(command.c_str(), "r");
    if (pipe == nullptr) throw std::runtime_error("cannot start python3");
    double seconds = 0;
    std::size_t count = 0;  // to the end of the line, so that it can be written whole
    const bool is_read = std::fscanf(pipe, "%lf %zu", &seconds, &count) == 2;
    if (::pclose(pipe) != 0 || !is_read) throw std::runtime_error("recursive_splitter.py failed");
    const double ours = median(one.seconds);
    print({name, rate().value(ours), "GB/s", "LangChain's way in Python", rate().value(seconds), seconds / ours, {{"peer_chunks", count}, {"rounds", 1}}});
  }

  template <class State>
  void sentences(const std::string& name, double asked, double asked_of_icu) {
    if (!options_.wants(name)) return;
    std::size_t count = 0;
    const auto read = [&] {
      atlas::segment_reader<State> reader(text_);
      atlas::text_view sentence;
      for (count = 0; reader.next(sentence); ++count) {
      }
    };
    read();
    std::vector<side> sides;
    sides.push_back({"atlas", read});
    std::size_t of_icu = 0;
    if (icu_peer::is_available()) sides.push_back({"icu", [&] { of_icu = icu_peer::sentences(text_); }});
    race(sides, rules());
    report_against(name, rate(), sides[0], asked, {{"sentences", count}});
    if (sides.size() == 1) return;
    std::vector<double> ratios;
    for (std::size_t round = 0; round < sides[0].seconds.size(); ++round) ratios.push_back(sides[1].seconds[round] / sides[0].seconds[round]);
    row out{name, rate().value(median(sides[0].seconds)), "GB/s", "icu", rate().value(median(sides[1].seconds)), median(ratios)};
    out.more = {{"sentences", count}, {"peer_sentences", of_icu}, {"ratio_lower_quartile", rounded(quantile(ratios, 0.25))}};
    out.asked = asked_of_icu;
    print(out);
  }

  void validation() {
    const std::string name = "utf8/valid";
    if (!options_.wants(name)) return;
    std::uint64_t sum = 0;
    std::size_t reached = 0;
    std::vector<side> sides;
    sides.push_back({"atlas", [&] { reached += atlas::first_ill_formed(text_); }});
    sides.push_back({"read", [&] { sum ^= read_all(text_.data(), text_.size()); }});
    race(sides, rules());
    if (reached == 0) throw std::runtime_error("utf8/valid: the text is not UTF-8");
    std::vector<double> ratios;
    for (std::size_t round = 0; round < sides[0].seconds.size(); ++round) ratios.push_back(sides[1].seconds[round] / sides[0].seconds[round]);
    row out{name, rate().value(median(sides[0].seconds)), "GB/s", "read", rate().value(median(sides[1].seconds)), median(ratios)};
    out.more = {{"xor", sum}};
    out.asked = 0.5;
    print(out);
  }

  const documents& english_;
  const std::string& text_;
  std::filesystem::path path_;
};

}  // namespace bench

#endif  // ATLAS_BENCH_CHUNK_SPEED_CASES_HPP

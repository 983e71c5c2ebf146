// SPDX-License-Identifier: Apache-2.0
// bench/chunk/sentence_cases.hpp -- do sentences end where people say that they do? Beside ICU.
#ifndef ATLAS_BENCH_CHUNK_SENTENCE_CASES_HPP
#define ATLAS_BENCH_CHUNK_SENTENCE_CASES_HPP

#include <atlas/text/tailored_sentences.hpp>

#include "chunk/case_frame.hpp"
#include "peers/icu_peer.hpp"
#include "support/sentence_suites.hpp"

#include <string>
#include <vector>

namespace bench {

/// F1 of sentence ends in the Universal Dependencies' texts of twelve languages, and the golden rules for English. ICU is asked in the
/// text's locale with and without the abbreviations that it knows; the better of both counts.
class sentence_cases : case_frame {
 public:
  explicit sentence_cases(const bench_options& options) : case_frame(options) {}

  void run() {
    gold();
    golden();
  }

 private:
  static support::sentence_ends own_ends(const std::string& text) { return support::ends_of<atlas::tailored_sentence_reader>(text); }

  void gold() {
    const std::string prefix = "sentences-f1/";
    const auto packed = options_.data / "suites/sentence-gold/ud-sentence-gold.json.zst";
    if (!std::filesystem::exists(packed)) return say_skipped(prefix, "no " + packed.string());
    for (const auto& [language, texts] : support::gold_texts(read_whole_file(unpack(packed, options_.cache)))) {
      if (!options_.wants(prefix + language)) continue;
      std::size_t sentences = 0;
      support::sentence_agreement ours;
      support::sentence_agreement of_icu;
      support::sentence_agreement of_icu_with_abbreviations;
      for (const support::gold_text& one : texts) {
        sentences += one.ends.size();
        ours.add(one.text, one.ends, own_ends(one.text));
        if (!icu_peer::is_available()) continue;
        of_icu.add(one.text, one.ends, icu_peer::sentence_ends(one.text, language));
        of_icu_with_abbreviations.add(one.text, one.ends, icu_peer::sentence_ends(one.text, language + abbreviations));
      }
      row out{.name = prefix + language, .atlas = ours.f1(), .unit = "%", .more = {{"sentences", sentences}}};
      if (icu_peer::is_available()) add_icu(out, of_icu.f1(), of_icu_with_abbreviations.f1());
      print(out);
    }
  }

  void golden() {
    const std::string name = "golden-rules/en";
    if (!options_.wants(name)) return;
    const auto path = options_.data / "suites/sentence-golden-rules/pysbd-golden.json";
    if (!std::filesystem::exists(path)) return say_skipped(name, "no " + path.string());
    double ours = 0;
    double of_icu = 0;
    double of_icu_with_abbreviations = 0;
    const auto rules = support::golden_rules(read_whole_file(path));
    for (const support::golden_rule& rule : rules) {
      const auto is_right = [&](const support::sentence_ends& ends) { return support::trimmed_sentences(rule.text, ends) == rule.sentences ? 1.0 : 0.0; };
      ours += is_right(own_ends(rule.text));
      if (!icu_peer::is_available()) continue;
      of_icu += is_right(icu_peer::sentence_ends(rule.text, "en"));
      of_icu_with_abbreviations += is_right(icu_peer::sentence_ends(rule.text, std::string("en") + abbreviations));
    }
    row out{.name = name, .atlas = ours, .unit = "rules", .peer = "asked", .peer_value = asked_rules, .ratio = ours / asked_rules,
            .more = {{"of", rules.size()}}, .asked = 1};
    print(out);
    if (!icu_peer::is_available()) return;
    add_icu(out, of_icu, of_icu_with_abbreviations);
    print(out);
  }

  static void add_icu(row& out, double plain, double with_abbreviations) {
    out.peer = "icu";
    out.peer_value = std::max(plain, with_abbreviations);
    out.ratio = out.atlas / out.peer_value;
    out.asked = 1;
    out.more["icu_plain"] = rounded(plain);
    out.more["icu_with_abbreviations"] = rounded(with_abbreviations);
  }

  static constexpr const char* abbreviations = "@ss=standard";
  static constexpr double asked_rules = 40;
};

}  // namespace bench

#endif  // ATLAS_BENCH_CHUNK_SENTENCE_CASES_HPP

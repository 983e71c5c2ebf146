// SPDX-License-Identifier: Apache-2.0
// tests/chunk/any_rule_test.cpp -- a rule and a sizer that are chosen at run time cut as those that are chosen by type.
#include <atlas/chunk/any_rule.hpp>
#include <atlas/chunk/any_sizer.hpp>
#include <atlas/chunk/chunker.hpp>

#include <doctest/doctest.h>

#include "support/chunk_runs.hpp"

#include <array>
#include <cstring>
#include <string>

namespace {

using atlas::any_rule;
using atlas::any_sizer;
using atlas::chunk_rule_kind;
using atlas::chunk_sizer_kind;
using atlas::chunker;
using atlas::chunker_options;

const std::string any_text = [] {
  std::string text = "---\ntitle: a\n---\n# Birds\n\nThey fly. \"Do they?\" asked Dr. Ant.\n\n## Of prey\n\n- eagle\n- hawk\n\n```c\nint a = 1;\n\nint b;\n```\n";
  text += "<h1>H</h1><p>One &amp; two.</p>\r\n<pre>x\ny</pre>\n";
  for (int i = 0; i < 30; ++i) text += "Flock " + std::to_string(i) + " of e\xCC\x81toile; it went on, and on\xC2\xA0. Then?\n" + (i % 7 == 0 ? "\n### Third\n\n" : "");
  return text;
}();

template <class Rule>
void cuts_as(const Rule& rule) {
  for (const chunker_options& options : support::chunker_option_sets()) {
    auto typed = chunker<Rule, atlas::character_sizer>::create(options, rule).value();
    auto chosen = chunker<any_rule, any_sizer>::create(options, any_rule(rule)).value();
    const support::kept_chunks wanted = support::read_chunks(typed, any_text);
    CHECK(support::read_chunks(chosen, any_text) == wanted);
    CHECK(support::fed_chunks(chosen, any_text, 3, 90) == wanted);
    const auto make = [&] { return chunker<any_rule, any_sizer>::create(options, any_rule(rule)).value(); };
    const auto resume = [&](atlas::span<const std::byte> saved) { return chunker<any_rule, any_sizer>::resume(saved, options, any_rule(rule)).value(); };
    for (const std::size_t middle : {std::size_t{0}, std::size_t{1}, any_text.size() / 2, any_text.size()}) {
      CHECK(support::resumed_chunks(make, resume, any_text, middle) == wanted);
    }
  }
}

/// Feeds half of the text to a chunker of one rule, and the rest to one of another that takes up its checkpoint.
template <class First, class Second>
support::kept_chunks handed_over(const First& first, const Second& second, const chunker_options& options, std::size_t middle) {
  const auto make = [&] { return chunker<First, any_sizer>::create(options, first).value(); };
  const auto resume = [&](atlas::span<const std::byte> saved) { return chunker<Second, atlas::character_sizer>::resume(saved, options, second).value(); };
  return support::resumed_chunks(make, resume, any_text, middle);
}
template <class Rule>
void hands_over(const Rule& rule) {
  for (const chunker_options& options : support::chunker_option_sets()) {
    auto whole = chunker<Rule, atlas::character_sizer>::create(options, rule).value();
    const support::kept_chunks wanted = support::read_chunks(whole, any_text);
    for (const std::size_t middle : {std::size_t{0}, std::size_t{1}, any_text.size() / 3, any_text.size() / 2, any_text.size()}) {
      CHECK(handed_over(rule, any_rule(rule), options, middle) == wanted);
      CHECK(handed_over(any_rule(rule), rule, options, middle) == wanted);
    }
  }
}
template <class Rule>
std::string saved_behind(const Rule& rule, std::size_t bytes) {
  auto one = chunker<Rule, any_sizer>::create({.size = 90}, rule).value();
  one.feed(any_text.substr(0, bytes), [](const atlas::chunk_view&) { return true; }).value();
  atlas::buffer<std::byte> saved;
  one.save(saved).value();
  return {reinterpret_cast<const char*>(saved.data()), saved.size()};
}

TEST_SUITE("chunk/any_rule") {
  TEST_CASE("a checkpoint of a rule is one of an any_rule that holds it, and the other way about") {
    hands_over(atlas::plain_text_rule());
    hands_over(atlas::fixed_rule());
    hands_over(atlas::sentence_rule());
    hands_over(atlas::uax29_sentence_rule());
    hands_over(atlas::markdown_rule());
    hands_over(atlas::html_rule());
    hands_over(atlas::code_rule());
    const std::array<atlas::text_view, 2> delimiters = {";", "\n\n"};
    hands_over(atlas::delimiter_rule::create({delimiters.data(), delimiters.size()}).value());
    const std::array<atlas::text_boundary, 2> places = {{{100, atlas::boundary_level::section}, {700, atlas::boundary_level::heading_1}}};
    hands_over(atlas::external_rule::create({places.data(), places.size()}).value());
    for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}, any_text.size() / 2, any_text.size()}) {
      CHECK(saved_behind(atlas::html_rule(), bytes) == saved_behind(any_rule(atlas::html_rule()), bytes));
      CHECK(saved_behind(atlas::uax29_sentence_rule(), bytes) == saved_behind(any_rule(atlas::uax29_sentence_rule()), bytes));
    }
  }

  TEST_CASE("a rule's state of another size than its own is refused, with both named") {
    const any_rule rule = atlas::code_rule();
    any_rule::state_type state;
    for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{223}, std::uint64_t{225}, ~std::uint64_t{0}}) {
      atlas::buffer<std::byte> bytes;
      atlas::detail::checkpoint_writer writer(bytes);
      writer.begin({}, {.size = 1});
      writer.value(size);
      for (int i = 0; i < 40; ++i) writer.value(~std::uint64_t{0});
      writer.end().value();
      atlas::detail::checkpoint_reader reader({bytes.data(), bytes.size()});
      reader.begin({}, {.size = 1}).value();
      const atlas::status read = rule.load_state(state, reader);
      REQUIRE_FALSE(read.ok());
      CHECK(read.error() == atlas::errc::corrupt_file);
      CHECK(atlas::text_view(read.error().field) == "bytes of the rule's state");
      CHECK(state.is_begun == 0);
    }
  }

  TEST_CASE("each rule cuts as it does by itself") {
    cuts_as(atlas::plain_text_rule());
    cuts_as(atlas::fixed_rule());
    cuts_as(atlas::sentence_rule());
    cuts_as(atlas::uax29_sentence_rule());
    cuts_as(atlas::markdown_rule());
    cuts_as(atlas::html_rule());
    cuts_as(atlas::code_rule());
    const std::array<atlas::text_view, 2> delimiters = {";", "\n\n"};
    cuts_as(atlas::delimiter_rule::create({delimiters.data(), delimiters.size()}).value());
    const std::array<atlas::text_boundary, 3> places = {{{100, atlas::boundary_level::section}, {101, atlas::boundary_level::line}, {700, atlas::boundary_level::heading_1}}};
    cuts_as(atlas::external_rule::create({places.data(), places.size()}).value());
    const auto embed = [](atlas::span<const atlas::text_view> texts, float* out) -> atlas::result<std::size_t> {
      for (std::size_t i = 0; i < texts.size(); ++i) {
        out[2 * i] = 1;
        out[2 * i + 1] = static_cast<float>(texts[i].size() % 7);
      }
      return texts.size();
    };
    cuts_as(atlas::semantic_rule::create(embed, {.dimension = 2, .batch_texts = 8}).value());
  }

  TEST_CASE("a kind that needs no more gives a rule of that kind, any other is refused") {
    std::size_t made = 0;
    for (unsigned kind = 0; kind < 256; ++kind) {
      const auto rule = any_rule::of_kind(static_cast<chunk_rule_kind>(kind));
      const bool is_made_of_nothing = kind <= 3 || (kind >= 6 && kind <= 8);
      CHECK(rule.ok() == is_made_of_nothing);
      if (!rule.ok()) {
        CHECK(rule.error() == atlas::errc::invalid_argument);
        continue;
      }
      CHECK(rule->kind() == static_cast<chunk_rule_kind>(kind));
      ++made;
    }
    CHECK(made == 7);
    CHECK(any_rule().kind() == chunk_rule_kind::plain_text);
    CHECK(atlas::text_view(atlas::name_of(chunk_rule_kind::semantic)) == "semantic");
  }

  TEST_CASE("a checkpoint is refused by another rule, by other delimiters and by another sizer") {
    const chunker_options options{.size = 50};
    const auto with = [](atlas::text_view delimiter) { return any_rule(atlas::delimiter_rule::create({&delimiter, 1}).value()); };
    auto first = chunker<any_rule, any_sizer>::create(options, with(";")).value();
    first.feed(any_text, [](const atlas::chunk_view&) { return true; }).value();
    atlas::buffer<std::byte> saved;
    first.save(saved).value();
    const atlas::span<const std::byte> bytes(saved.data(), saved.size());
    const auto refusal = [&](any_rule rule, any_sizer sizer) -> std::string {
      const auto resumed = chunker<any_rule, any_sizer>::resume(bytes, options, rule, sizer);
      return resumed.ok() ? "" : resumed.error().field;
    };
    CHECK(refusal(with(";"), {}) == "");
    CHECK(refusal(with(","), {}) == "checkpoint.rule_fingerprint");
    CHECK(refusal(any_rule(), {}) == "checkpoint.rule_version");
    CHECK(refusal(with(";"), atlas::byte_sizer()) == "checkpoint.sizer_fingerprint");
  }
}

TEST_SUITE("chunk/any_sizer") {
  template <class Sizer>
  void measures_as(const Sizer& sizer, chunk_sizer_kind kind) {
    const any_sizer chosen(sizer);
    CHECK(chosen.kind() == kind);
    CHECK(chosen.is_additive() == sizer.is_additive());
    CHECK(chosen.fingerprint() == sizer.fingerprint());
    for (const std::uint64_t limit : {1U, 10U, 300U}) {
      CHECK(chosen.most_bytes(limit) == sizer.most_bytes(limit));
      CHECK(chosen.fit(any_text, limit, true)->bytes == sizer.fit(any_text, limit, true)->bytes);
      CHECK(chosen.fit_back(any_text, limit).value() == sizer.fit_back(any_text, limit).value());
      for (const chunker_options& options : support::chunker_option_sets()) {
        auto typed = chunker<atlas::plain_text_rule, Sizer>::create(options, {}, sizer).value();
        auto both = chunker<any_rule, any_sizer>::create(options, {}, chosen).value();
        CHECK(support::read_chunks(both, any_text) == support::read_chunks(typed, any_text));
      }
    }
  }

  TEST_CASE("each sizer measures as it does by itself") {
    measures_as(atlas::character_sizer(), chunk_sizer_kind::characters);
    measures_as(atlas::byte_sizer(), chunk_sizer_kind::bytes);
    measures_as(atlas::grapheme_sizer(), chunk_sizer_kind::graphemes);
    measures_as(atlas::word_sizer(), chunk_sizer_kind::words);
    const auto vowels = [](atlas::text_view text) -> atlas::result<std::uint64_t> {
      std::uint64_t count = 0;
      for (std::size_t i = 0; i < text.size(); ++i) count += std::strchr("aeiou", text[i]) != nullptr ? 1U : 0U;
      return count;
    };
    measures_as(atlas::callback_sizer(vowels), chunk_sizer_kind::callback);
  }

  TEST_CASE("a kind that needs no more gives a sizer of that kind, any other is refused") {
    for (unsigned kind = 0; kind < 256; ++kind) {
      const auto sizer = any_sizer::of_kind(static_cast<chunk_sizer_kind>(kind));
      CHECK(sizer.ok() == (kind <= 3));
      if (sizer.ok()) CHECK(sizer->kind() == static_cast<chunk_sizer_kind>(kind));
    }
    CHECK(any_sizer().kind() == chunk_sizer_kind::characters);
    CHECK(atlas::text_view(atlas::name_of(chunk_sizer_kind::tokens)) == "tokens");
  }
}

}  // namespace

// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/any_rule.hpp -- a rule that is chosen while the program runs.
//
// Room:      any_rule, and the names of rules.
// Not here:  the rules (chunk/*_rule.hpp).
// Depends:   chunk.
// Threads:   as the rule that it holds.
#ifndef ATLAS_CHUNK_ANY_RULE_HPP
#define ATLAS_CHUNK_ANY_RULE_HPP

#include <atlas/chunk/code_rule.hpp>        // code_rule
#include <atlas/chunk/delimiter_rule.hpp>   // delimiter_rule
#include <atlas/chunk/external_rule.hpp>    // external_rule
#include <atlas/chunk/fixed_rule.hpp>       // fixed_rule
#include <atlas/chunk/html_rule.hpp>        // html_rule
#include <atlas/chunk/markdown_rule.hpp>    // markdown_rule
#include <atlas/chunk/plain_text_rule.hpp>  // plain_text_rule
#include <atlas/chunk/semantic_rule.hpp>    // semantic_rule
#include <atlas/chunk/sentence_rule.hpp>    // sentence_rule, uax29_sentence_rule
#include <atlas/core/one_of.hpp>            // one_of

namespace atlas { inline namespace ATLAS_ABI {

/// Part of the C ABI and of files: numbers are never reused.
enum class chunk_rule_kind : std::uint8_t {
  plain_text = 0,      ///< plain_text_rule: paragraphs, lines, sentences, clauses, words
  fixed = 1,           ///< fixed_rule: as much as fits
  sentence = 2,        ///< sentence_rule
  uax29_sentence = 3,  ///< uax29_sentence_rule
  delimiter = 4,       ///< delimiter_rule
  external = 5,        ///< external_rule
  markdown = 6,        ///< markdown_rule
  html = 7,            ///< html_rule
  code = 8,            ///< code_rule
  semantic = 9,        ///< semantic_rule
  // 10 stands for content_defined_chunker, which is no rule
};
inline constexpr std::size_t chunk_rule_kind_count = 10;

/// "plain_text", "fixed" and so on. @pre kind is one of them
[[nodiscard]] constexpr const char* name_of(chunk_rule_kind kind) noexcept {
  constexpr const char* names[chunk_rule_kind_count] = {"plain_text", "fixed", "sentence", "uax29_sentence", "delimiter", "external", "markdown", "html", "code", "semantic"};
  ATLAS_ASSERT(static_cast<std::size_t>(kind) < chunk_rule_kind_count);
  return names[static_cast<std::size_t>(kind)];
}

namespace detail {

template <class... Rule>
[[nodiscard]] constexpr std::size_t most_state_bytes(const one_of<Rule...>* /*rules*/) noexcept {
  std::size_t most = 0;
  ((most = sizeof(typename Rule::state_type) > most ? sizeof(typename Rule::state_type) : most), ...);
  return most;
}

}  // namespace detail

/// Holds one of the rules and cuts as it does: the same chunks, ids and errors.
///
///   any_rule rule = is_markdown ? any_rule(markdown_rule()) : any_rule(plain_text_rule());
class any_rule {
  using rules = one_of<plain_text_rule, fixed_rule, sentence_rule, uax29_sentence_rule, delimiter_rule, external_rule, markdown_rule, html_rule, code_rule,
                             semantic_rule>;  // in the order of chunk_rule_kind

 public:
  /// plain_text_rule.
  any_rule() noexcept = default;
  template <chunk_rule Rule>
    requires(!__is_same(Rule, any_rule))
  any_rule(Rule rule) noexcept : rule_(static_cast<Rule&&>(rule)) {}  // NOLINT: a rule is one of any kind
  /// A rule that needs nothing but its name.
  /// @return  errc::invalid_argument for delimiter, external and semantic, which are made of what the caller gives, and for what is no kind
  [[nodiscard]] static result<any_rule> of_kind(chunk_rule_kind kind) noexcept {
    switch (kind) {
      case chunk_rule_kind::plain_text: return any_rule(plain_text_rule());
      case chunk_rule_kind::fixed: return any_rule(fixed_rule());
      case chunk_rule_kind::sentence: return any_rule(sentence_rule());
      case chunk_rule_kind::uax29_sentence: return any_rule(uax29_sentence_rule());
      case chunk_rule_kind::markdown: return any_rule(markdown_rule());
      case chunk_rule_kind::html: return any_rule(html_rule());
      case chunk_rule_kind::code: return any_rule(code_rule());
      case chunk_rule_kind::delimiter:
      case chunk_rule_kind::external:
      case chunk_rule_kind::semantic: break;
    }
    return error{errc::invalid_argument, "chunk_rule_kind", "a rule that is made of nothing: 0 to 3 or 6 to 8", static_cast<std::uint64_t>(kind)};
  }

  [[nodiscard]] chunk_rule_kind kind() const noexcept { return static_cast<chunk_rule_kind>(rule_.index()); }

  static constexpr std::size_t most_state_bytes = detail::most_state_bytes(static_cast<rules*>(nullptr));

  // --- as chunk_rule says ---

  /// That of the rule which the first scan was by.
  struct state_type {
    alignas(8) std::byte bytes[most_state_bytes] = {};
    std::uint64_t is_begun = 0;

    template <class Own>
    [[nodiscard]] Own own() const noexcept {
      static_assert(sizeof(Own) <= sizeof bytes);
      Own out{};
      if (is_begun != 0) std::memcpy(static_cast<void*>(&out), bytes, sizeof out);
      return out;
    }
    template <class Own>
    void keep(const Own& own) noexcept {
      std::memcpy(bytes, static_cast<const void*>(&own), sizeof own);
      is_begun = 1;
    }
  };
  [[nodiscard]] std::uint32_t version() const noexcept {
    return rule_.visit([](const auto& rule) noexcept { return rule.version(); });
  }
  [[nodiscard]] std::uint64_t fingerprint() const noexcept {
    return rule_.visit([](const auto& rule) noexcept { return detail::fingerprint_of(rule); });
  }
  [[nodiscard]] bool tells_lines() const noexcept {
    return rule_.visit([](const auto& rule) noexcept { return detail::tells_lines(rule); });
  }
  [[nodiscard]] bool is_self_synchronizing() const noexcept {
    return rule_.visit([](const auto& rule) noexcept { return detail::is_self_synchronizing(rule); });
  }
  /// As the rule that is held writes its own: a checkpoint of one is a checkpoint of the other.
  void save_state(const state_type& state, detail::checkpoint_writer& writer) const noexcept {
    rule_.visit([&]<class Rule>(const Rule& rule) noexcept { detail::save_state(rule, state.own<typename Rule::state_type>(), writer); });
  }
  [[nodiscard]] status load_state(state_type& state, detail::checkpoint_reader& reader) const noexcept {
    return rule_.visit([&]<class Rule>(const Rule& rule) noexcept -> status {
      typename Rule::state_type own{};
      if (status read = detail::load_state(rule, own, reader); !read.ok()) return read;
      state.keep(own);
      return {};
    });
  }
  [[nodiscard]] std::size_t lookahead() const noexcept {
    return rule_.visit([](const auto& rule) noexcept { return rule.lookahead(); });
  }
  [[nodiscard]] result<std::uint64_t> scan(state_type& state, const document_part& part, std::uint64_t from, structure& found) const noexcept {
    return rule_.visit([&](const auto& rule) noexcept { return scan_by(rule, state, part, from, found); });
  }
  [[nodiscard]] text_boundary last_within(text_view text, std::size_t least, std::size_t most) const noexcept {
    return rule_.visit([&](const auto& rule) noexcept { return rule.last_within(text, least, most); });
  }
  [[nodiscard]] std::size_t first_within(text_view text, std::size_t first, std::size_t middle, std::size_t last) const noexcept {
    return rule_.visit([&](const auto& rule) noexcept { return rule.first_within(text, first, middle, last); });
  }

 private:
  template <class Rule>
  [[nodiscard]] static result<std::uint64_t> scan_by(const Rule& rule, state_type& state, const document_part& part, std::uint64_t from, structure& found) noexcept {
    auto own = state.own<typename Rule::state_type>();
    result<std::uint64_t> reached = rule.scan(own, part, from, found);
    state.keep(own);
    return reached;
  }

  rules rule_;
};
static_assert(chunk_rule<any_rule>);

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CHUNK_ANY_RULE_HPP

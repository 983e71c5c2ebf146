// SPDX-License-Identifier: Apache-2.0
// c_api/chunker_options.cpp -- a caller's options as a rule, a sizer and the sizes of chunks.
#include "chunker_handle.hpp"

using atlas::any_rule;
using atlas::any_sizer;
using atlas::chunk_packing;
using atlas::chunk_rule_kind;
using atlas::chunk_sizer_kind;
using atlas::errc;
using atlas::error;
using atlas::result;
using atlas::status;
using atlas::text_view;

static_assert(ATLAS_RULE_PLAIN_TEXT == static_cast<int>(chunk_rule_kind::plain_text));
static_assert(ATLAS_RULE_FIXED == static_cast<int>(chunk_rule_kind::fixed));
static_assert(ATLAS_RULE_SENTENCE == static_cast<int>(chunk_rule_kind::sentence));
static_assert(ATLAS_RULE_UAX29_SENTENCE == static_cast<int>(chunk_rule_kind::uax29_sentence));
static_assert(ATLAS_RULE_DELIMITER == static_cast<int>(chunk_rule_kind::delimiter));
static_assert(ATLAS_RULE_EXTERNAL == static_cast<int>(chunk_rule_kind::external));
static_assert(ATLAS_RULE_MARKDOWN == static_cast<int>(chunk_rule_kind::markdown));
static_assert(ATLAS_RULE_HTML == static_cast<int>(chunk_rule_kind::html));
static_assert(ATLAS_RULE_CODE == static_cast<int>(chunk_rule_kind::code));
static_assert(ATLAS_RULE_SEMANTIC == static_cast<int>(chunk_rule_kind::semantic));
static_assert(ATLAS_SIZER_CHARACTERS == static_cast<int>(chunk_sizer_kind::characters));
static_assert(ATLAS_SIZER_BYTES == static_cast<int>(chunk_sizer_kind::bytes));
static_assert(ATLAS_SIZER_GRAPHEMES == static_cast<int>(chunk_sizer_kind::graphemes));
static_assert(ATLAS_SIZER_WORDS == static_cast<int>(chunk_sizer_kind::words));
static_assert(ATLAS_SIZER_TOKENS == static_cast<int>(chunk_sizer_kind::tokens));
static_assert(ATLAS_SIZER_CALLBACK == static_cast<int>(chunk_sizer_kind::callback));
static_assert(ATLAS_PACKING_FULL == static_cast<int>(chunk_packing::full));
static_assert(ATLAS_PACKING_COHERENT == static_cast<int>(chunk_packing::coherent));
static_assert(ATLAS_PACKING_DIVIDED == static_cast<int>(chunk_packing::divided));

namespace atlas::c_api {

namespace {

/// An option that belongs to another rule or sizer is no wish that could be met.
[[nodiscard]] error unused(const char* field) noexcept {
  return {errc::invalid_argument, field, "none, as the rule or sizer does not use it", "one"};
}

[[nodiscard]] result<any_rule> read_delimiters(const atlas_chunker_options& wished) noexcept {
  ATLAS_C_TRY(require(wished.delimiters, "options.delimiters", wished.delimiter_count));
  text_view views[delimiter_rule::most_delimiters];
  if (wished.delimiter_count == 0 || wished.delimiter_count > delimiter_rule::most_delimiters) {
    return error{errc::invalid_argument, "options.delimiters", "1 to 16", wished.delimiter_count};
  }
  const auto count = static_cast<std::size_t>(wished.delimiter_count);
  for (std::size_t i = 0; i < count; ++i) {
    if (status given = require(wished.delimiters[i].data, "options.delimiters", wished.delimiters[i].size_bytes); !given.ok()) return given.error().at_row(i);
    views[i] = {wished.delimiters[i].data, static_cast<std::size_t>(wished.delimiters[i].size_bytes)};
  }
  auto made = delimiter_rule::create({views, count}, wished.delimiters_begin_chunks != 0 ? delimiter_side::behind : delimiter_side::before);
  if (!made.ok()) return made.error();
  return any_rule(*made);
}

[[nodiscard]] result<any_rule> read_boundaries(const atlas_chunker_options& wished, atlas_chunker& into) noexcept {
  ATLAS_C_TRY(require(wished.boundaries, "options.boundaries", wished.boundary_count));
  for (std::uint64_t i = 0; i < wished.boundary_count; ++i) {
    const atlas_text_boundary& one = wished.boundaries[i];
    if (one.level > 255) return error{errc::invalid_argument, "boundary.level", "0 to 255", one.level}.at_row(i);
    if (status zero = require_zero(one.reserved, "boundary.reserved"); !zero.ok()) return zero.error().at_row(i);
    ATLAS_C_TRY(into.boundaries.push_back({one.offset, static_cast<boundary_level>(one.level)}));
  }
  auto made = external_rule::create({into.boundaries.data(), into.boundaries.size()});
  if (!made.ok()) return made.error();
  return any_rule(*made);
}

[[nodiscard]] result<any_rule> read_semantic(const atlas_chunker_options& options, atlas_chunker& into) noexcept {
  if (options.semantic == nullptr) return missing("options.semantic");
  const auto wished = read_options(options.semantic, "semantic options");
  if (!wished.ok()) return wished.error();
  semantic_options how;
  if (wished->mode < 0 || wished->mode > 1) return no_such("semantic.mode", "0 drop or 1 partition", wished->mode);
  how.mode = static_cast<semantic_mode>(wished->mode);
  if (wished->window != 0) how.window = wished->window;
  if (wished->most_sentences != 0) how.most_sentences = wished->most_sentences;
  how.part_bytes = static_cast<std::size_t>(wished->part_bytes);
  if (wished->quantile != 0) how.quantile = wished->quantile;
  if (wished->batch_texts != 0) how.batch_texts = wished->batch_texts;
  if (wished->batch_bytes != 0) how.batch_bytes = wished->batch_bytes;
  if ((wished->embedder == nullptr) == (wished->embed == nullptr)) {
    return error{errc::invalid_argument, "semantic", "one of embedder and embed", wished->embedder == nullptr ? "none" : "both"};
  }
  if (wished->embedder != nullptr) {
    if (!wished->embedder->model.is_frozen()) return error{errc::read_only, "semantic.embedder", "one that is frozen", "one that learns"};
    into.embed.model = &wished->embedder->model;
    how.dimension = wished->embedder->model.dimension();
    if (wished->dimension != 0) ATLAS_C_TRY(require_dimension(wished->dimension, how.dimension, "semantic.dimension"));
  } else {
    into.embed.call = wished->embed;
    into.embed.context = wished->embed_context;
    how.dimension = static_cast<std::size_t>(wished->dimension);
  }
  into.embed.dimension = how.dimension;
  auto made = semantic_rule::create(into.embed, how);
  if (!made.ok()) return made.error();
  return any_rule(static_cast<semantic_rule&&>(*made));
}

[[nodiscard]] result<any_sizer> read_sizer(const atlas_chunker_options& wished, atlas_chunker& into) noexcept {
  const bool is_tokens = wished.sizer == ATLAS_SIZER_TOKENS;
  const bool is_callback = wished.sizer == ATLAS_SIZER_CALLBACK;
  if (!is_tokens && wished.tokenizer != nullptr) return unused("options.tokenizer");
  if (!is_callback && wished.measure != nullptr) return unused("options.measure");
  if (!is_callback && wished.bytes_a_unit != 0) return unused("options.bytes_a_unit");
  if (is_tokens) {
    if (wished.tokenizer == nullptr) return missing("options.tokenizer");
    return any_sizer(token_sizer(wished.tokenizer->encoder));
  }
  if (is_callback) {
    if (wished.measure == nullptr) return missing("options.measure");
    if (wished.bytes_a_unit > 4096) return error{errc::invalid_argument, "options.bytes_a_unit", "1 to 4096", wished.bytes_a_unit};
    into.measure = {wished.measure, wished.measure_context};
    return any_sizer(callback_sizer(into.measure, wished.bytes_a_unit == 0 ? 32 : wished.bytes_a_unit));
  }
  if (wished.sizer < 0 || wished.sizer > ATLAS_SIZER_CALLBACK) return no_such("options.sizer", "one of ATLAS_SIZER_", wished.sizer);
  return any_sizer::of_kind(static_cast<chunk_sizer_kind>(wished.sizer));
}

[[nodiscard]] result<any_rule> read_rule(const atlas_chunker_options& wished, atlas_chunker& into) noexcept {
  switch (wished.rule) {
    case ATLAS_RULE_DELIMITER: return read_delimiters(wished);
    case ATLAS_RULE_EXTERNAL: return read_boundaries(wished, into);
    case ATLAS_RULE_SEMANTIC: return read_semantic(wished, into);
    default: break;
  }
  if (wished.rule < 0 || wished.rule > ATLAS_RULE_SEMANTIC) return no_such("options.rule", "one of ATLAS_RULE_", wished.rule);
  return any_rule::of_kind(static_cast<chunk_rule_kind>(wished.rule));
}

[[nodiscard]] result<content_defined_options> read_content_defined(const atlas_chunker_options& wished) noexcept {
  content_defined_options how;
  const bool has_sizes = wished.size != 0 || wished.overlap != 0 || wished.fill_percent != 0 || wished.coherent_percent != 0 || wished.inner_sizes[0] != 0 ||
                         wished.inner_sizes[1] != 0 || wished.inner_sizes[2] != 0 || wished.trim != 0 || wished.packing != 0 || wished.sizer != 0 ||
                         wished.tokenizer != nullptr || wished.measure != nullptr || wished.bytes_a_unit != 0;
  if (has_sizes) return error{errc::invalid_argument, "options", "no sizes but those of options.content_defined", "others"};
  if (wished.content_defined != nullptr) {
    const auto own = read_options(wished.content_defined, "content-defined options");
    if (!own.ok()) return own.error();
    if (own->least_bytes == 0 && own->average_bytes != 0 && own->average_bytes < 256) {
      return error{errc::invalid_argument, "content_defined_options.average_bytes", "256 or more where the least is a quarter of it", own->average_bytes};
    }
    if (own->average_bytes > (std::uint64_t{1} << 24)) return error{errc::invalid_argument, "content_defined_options.average_bytes", "least_bytes to 16777216", own->average_bytes};
    if (own->average_bytes != 0) how = content_defined_options::around(static_cast<std::size_t>(own->average_bytes));
    if (own->least_bytes != 0) how.least_bytes = static_cast<std::size_t>(own->least_bytes);
    if (own->most_bytes != 0) how.most_bytes = static_cast<std::size_t>(own->most_bytes);
    how.is_binary = own->is_binary != 0;
    how.seed = own->seed;
  }
  return how;
}

[[nodiscard]] std::uint32_t percent(std::uint32_t wished, std::uint32_t usual) noexcept {
  return wished == 0 ? usual : wished == ATLAS_ZERO_PERCENT ? 0 : wished;
}

[[nodiscard]] status read_sizes(const atlas_chunker_options& wished, chunker_options& into) noexcept {
  if (wished.packing < 0 || wished.packing > ATLAS_PACKING_DIVIDED) return no_such("options.packing", "one of ATLAS_PACKING_", wished.packing);
  into.packing = static_cast<chunk_packing>(wished.packing);
  if (wished.size != 0) into.size = wished.size;
  into.overlap = wished.overlap;
  into.fill_percent = percent(wished.fill_percent, chunker_options::automatic_fill);
  into.coherent_percent = percent(wished.coherent_percent, into.coherent_percent);
  for (std::size_t i = 0; i + 1 < chunker_options::most_depths; ++i) into.inner_sizes[i] = wished.inner_sizes[i];
  into.trim = wished.trim != 0;
  return check(into);
}

}  // namespace

status read_chunker_options(const atlas_chunker_options* options, atlas_chunker& into) noexcept {
  const auto wished = read_options(options, "chunker options");
  if (!wished.ok()) return wished.error();
  const std::int32_t rule = wished->rule;
  if (rule != ATLAS_RULE_DELIMITER && (wished->delimiter_count != 0 || wished->delimiters_begin_chunks != 0)) return unused("options.delimiters");
  if (rule != ATLAS_RULE_EXTERNAL && wished->boundary_count != 0) return unused("options.boundaries");
  if (rule != ATLAS_RULE_SEMANTIC && wished->semantic != nullptr) return unused("options.semantic");
  if (rule != ATLAS_RULE_CONTENT_DEFINED && wished->content_defined != nullptr) return unused("options.content_defined");
  into.on_progress = wished->progress;
  into.progress_context = wished->progress_context;
  if (rule == ATLAS_RULE_CONTENT_DEFINED) {
    auto content = read_content_defined(*wished);
    if (!content.ok()) return content.error();
    into.content = *content;
    into.is_content_defined = true;
    return check(into.content);
  }
  ATLAS_C_TRY(read_sizes(*wished, into.options));
  auto sizer = read_sizer(*wished, into);
  if (!sizer.ok()) return sizer.error();
  into.sizer = static_cast<any_sizer&&>(*sizer);
  auto made = read_rule(*wished, into);
  if (!made.ok()) return made.error();
  into.rule = static_cast<any_rule&&>(*made);
  const bool calls_back = rule == ATLAS_RULE_SEMANTIC || wished->sizer == ATLAS_SIZER_CALLBACK;
  into.threads = calls_back ? 1 : wished->threads;
  return {};
}

}  // namespace atlas::c_api

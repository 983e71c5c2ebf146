// SPDX-License-Identifier: Apache-2.0
// tests/fuzz/chunk_fuzz.cpp -- any bytes by any rule, sizer and options: every promise of chunk/chunker.hpp; read, fed, and saved and
// taken up are the same; and a checkpoint of any bytes is refused or does no harm.
//
// Input: eight bytes of options, then the text.
#include <atlas/chunk/any_rule.hpp>
#include <atlas/chunk/any_sizer.hpp>
#include <atlas/chunk/chunker.hpp>

#include "support/chunk_runs.hpp"
#include "support/insist.hpp"

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace {

using any_chunker = atlas::chunker<atlas::any_rule, atlas::any_sizer>;

atlas::any_rule rule_of(std::uint8_t byte) {
  constexpr atlas::chunk_rule_kind kinds[] = {atlas::chunk_rule_kind::plain_text, atlas::chunk_rule_kind::fixed, atlas::chunk_rule_kind::sentence,
                                              atlas::chunk_rule_kind::uax29_sentence, atlas::chunk_rule_kind::markdown, atlas::chunk_rule_kind::html,
                                              atlas::chunk_rule_kind::code};
  const std::size_t which = byte % 9;
  if (which < 7) return atlas::any_rule::of_kind(kinds[which]).value();
  if (which == 8) {
    static const atlas::text_boundary places[] = {{3, atlas::boundary_level::word}, {40, atlas::boundary_level::heading_1}, {41, atlas::boundary_level::line}, {200, atlas::boundary_level::section}};
    return atlas::external_rule::create({places, 4}).value();
  }
  const atlas::text_view delimiters[] = {"\n\n", ". ", "ab"};
  return atlas::delimiter_rule::create({delimiters, 3}, byte % 16 < 8 ? atlas::delimiter_side::before : atlas::delimiter_side::behind).value();
}

/// Feeds what is left of a text to a chunker that may have been made of hostile bytes.
void feed_to_the_end(any_chunker& chunker, const std::string& text) {
  std::uint64_t given = 0;
  const auto count = [&](const atlas::chunk_view& chunk) {
    support::insist(!chunk.text.empty(), "no chunk is empty");
    return ++given < 100'000;
  };
  static_cast<void>(chunker.feed(text, count));  // an error is an end too
  static_cast<void>(chunker.finish(count));
  support::insist(given < 100'000, "chunks come to an end");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 8) return 0;
  const atlas::any_rule rule = rule_of(data[0]);
  const auto count_e = [](atlas::text_view text) -> atlas::result<std::uint64_t> {  // additive, and 0 for many texts
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < text.size(); ++i) count += text[i] == 'e' || text[i] == '\n' ? 1U : 0U;
    return count;
  };
  const bool is_measured = data[1] % 5 == 4;
  const atlas::any_sizer sizer = is_measured ? atlas::any_sizer(atlas::callback_sizer(count_e, 4)) : atlas::any_sizer::of_kind(static_cast<atlas::chunk_sizer_kind>(data[1] % 5)).value();
  atlas::chunker_options options;
  options.size = 1 + data[2];
  options.overlap = data[3] % options.size;
  options.packing = static_cast<atlas::chunk_packing>(data[4] % 3);
  if (data[4] >= 128) options.inner_sizes[0] = options.size / 2;
  options.trim = data[5] % 4 == 1;
  options.fill_percent = data[5] >= 200 ? atlas::chunker_options::automatic_fill : data[5] / 2U;
  options.coherent_percent = data[6] % 101;
  const std::size_t piece = 1 + data[7];
  const std::string text(reinterpret_cast<const char*>(data) + 8, size - 8);

  any_chunker chunker = any_chunker::create(options, rule, sizer).value();
  const support::kept_chunks chunks = support::read_chunks(chunker, text);
  if (!options.trim && options.inner_sizes[0] == 0) {
    const auto measure = [&](const std::string& part) { return sizer.measure(part, atlas::count_characters(part)).value(); };
    const std::string broken = support::broken_promise(text, chunks, options, measure);
    support::insist(broken.empty(), broken.c_str());
  }
  support::insist(support::fed_chunks(chunker, text, size, piece) == chunks, "fed chunks are those that are read");
  const auto make = [&] { return any_chunker::create(options, rule, sizer).value(); };
  const auto resume = [&](atlas::span<const std::byte> saved) { return any_chunker::resume(saved, options, rule, sizer).value(); };
  support::insist(support::resumed_chunks(make, resume, text, text.size() * data[6] / 255) == chunks, "chunks that are taken up are those that are read");

  // A checkpoint whose middle is the input, and its sum.
  any_chunker first = make();
  static_cast<void>(first.feed(text, [](const atlas::chunk_view&) { return true; }));
  atlas::buffer<std::byte> saved;
  first.save(saved).value();
  constexpr std::size_t header = sizeof(atlas::detail::checkpoint_header);
  const std::size_t room = saved.size() - 8 - header;
  const std::size_t count = room < text.size() ? room : text.size();
  const std::size_t at = header + (count == room ? 0 : (room - count) * data[7] / 255);
  if (count != 0) std::memcpy(saved.data() + at, text.data(), count);
  const std::uint64_t sum = atlas::xxh3_64(saved.data(), saved.size() - 8);
  std::memcpy(saved.data() + saved.size() - 8, &sum, sizeof sum);
  auto resumed = any_chunker::resume({saved.data(), saved.size()}, options, rule, sizer);
  if (resumed.ok()) feed_to_the_end(*resumed, text);
  return 0;
}

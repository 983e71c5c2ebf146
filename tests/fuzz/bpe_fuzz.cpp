// SPDX-License-Identifier: Apache-2.0
// tests/fuzz/bpe_fuzz.cpp -- any bytes for a rank file, and any text encoded with it: the tokens are those of the slow models, decoding
// gives the text back, and the sizer and the chunks keep their promises.
//
// Input: two bytes for the pattern and for the limit, then a rank file up to the first NUL, then the text. The file is read as it is, and
// again behind lines for all single bytes of the ranks 1,000 to 1,255, without which it cannot be one.
#include <atlas/chunk/chunker.hpp>
#include <atlas/chunk/plain_text_rule.hpp>
#include <atlas/chunk/token_sizer.hpp>

#include "support/bpe_model.hpp"
#include "support/insist.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace {

std::vector<std::uint32_t> model_encoded(const support::rank_map& ranks, atlas::bpe_pattern pattern, const std::string& text) {
  std::vector<std::uint32_t> out;
  std::size_t begin = 0;
  for (const std::size_t end : support::model_pretokens(pattern, text)) {
    for (const std::string& token : support::model_tokens(ranks, text.substr(begin, end - begin))) out.push_back(ranks.at(token));
    begin = end;
  }
  return out;
}

void check_encoding(const atlas::bpe_encoder& encoder, const std::string& text) {
  atlas::buffer<std::uint32_t> tokens;
  support::insist(encoder.encode(text, tokens).ok(), "any text is encoded");
  support::insist(*encoder.count(text) == tokens.size(), "what is counted is what is encoded");
  atlas::buffer<char> back;
  support::insist(encoder.decode({tokens.data(), tokens.size()}, back).ok(), "its tokens are decoded");
  support::insist(std::string(back.data(), back.size()) == text, "decoding gives the text back");
  if (text.size() > 200) return;  // the models take cubic time
  support::rank_map ranks;
  for (std::uint32_t i = 0; i < encoder.ranks().size(); ++i) {
    const atlas::text_view bytes = encoder.ranks().bytes(i);
    ranks.emplace(std::string(bytes.data(), bytes.size()), encoder.ranks().rank(i));
  }
  const std::vector<std::uint32_t> want = model_encoded(ranks, encoder.pattern(), text);
  support::insist(want == std::vector<std::uint32_t>(tokens.begin(), tokens.end()), "the tokens are those of the models");
}

void check_sizes(const atlas::bpe_encoder& encoder, const std::string& text, std::uint64_t limit) {
  const atlas::token_sizer sizer(encoder);
  const auto fitted = sizer.fit(text, limit, true);
  support::insist(fitted.ok() && fitted->is_settled && fitted->bytes <= text.size(), "what fits lies in the text");
  support::insist(fitted->units <= limit && fitted->units == *encoder.count({text.data(), fitted->bytes}), "what fits measures what it says");
  support::insist(*encoder.count(text) > limit || fitted->bytes == text.size(), "a text that fits fits whole");
  const auto open = sizer.fit({text.data(), text.size() / 2}, limit, false);
  support::insist(open.ok() && (!open->is_settled || open->bytes == fitted->bytes), "what is settled stays");
  const auto begin = sizer.fit_back(text, limit);
  support::insist(begin.ok() && *encoder.count({text.data() + *begin, text.size() - *begin}) <= limit, "what fits at the end fits");
  support::insist(*sizer.measure(text, 0) == *encoder.count(text), "the sizer measures what is counted");

  atlas::chunker_options options;
  options.size = limit + 1;
  options.overlap = limit / 3;
  auto chunks = atlas::chunker<atlas::plain_text_rule, atlas::token_sizer>::create(options, {}, sizer).value();
  chunks.read(text);
  std::uint64_t end = 0;
  for (atlas::chunk_view chunk; *chunks.next(chunk);) {
    support::insist(chunk.byte_fresh == end && chunk.byte_end > end, "chunks lie end to end");
    support::insist(chunk.units == *encoder.count(chunk.text), "a chunk measures its own tokens");
    const bool is_one_cluster = atlas::detail::last_cluster_break(chunk.text, chunk.text.size() - 1) == 0;
    support::insist(chunk.units <= options.size || is_one_cluster, "the size is a bound, but for one cluster");
    end = chunk.byte_end;
  }
  support::insist(end == text.size(), "the chunks cover the text");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto pattern = static_cast<atlas::bpe_pattern>(data[0] % 3);
  const std::uint64_t limit = data[1] % 64;
  const std::string rest(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t file_bytes = rest.find('\0') == std::string::npos ? rest.size() : rest.find('\0');
  const std::string file = rest.substr(0, file_bytes);
  const std::string text = file_bytes == rest.size() ? std::string() : rest.substr(file_bytes + 1);

  static_cast<void>(atlas::bpe_encoder::create(file, pattern).ok());
  static const std::string bytes = [] {
    std::string lines;
    for (int byte = 0; byte < 256; ++byte) lines += support::base64_of(std::string(1, static_cast<char>(byte))) + " " + std::to_string(1000 + byte) + "\n";
    return lines;
  }();
  const auto encoder = atlas::bpe_encoder::create(bytes + file, pattern);
  if (!encoder.ok()) {
    support::insist(encoder.error().row == atlas::error::no_row || encoder.error().row >= 257, "the line at fault is one of the file");
    return 0;
  }
  check_encoding(*encoder, text);
  check_sizes(*encoder, text, limit);
  return 0;
}

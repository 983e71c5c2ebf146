// SPDX-License-Identifier: Apache-2.0
// tests/fuzz/chunk_fuzz.cpp -- any bytes and options through the chunker: every promise of
// chunk/recursive_chunker.hpp, and the chunks of the slow model.
//
// Input: size, overlap and fill (a byte each), then the text.
#include <atlas/chunk.hpp>
#include <atlas/text/utf8_validity.hpp>

#include "support/chunk_model.hpp"
#include "support/insist.hpp"

#include <cstdint>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  atlas::chunk_options options;
  options.size = 4 + data[0];
  options.overlap = data[1] % (options.size / 2 + 1);
  options.fill_percent = 10 + data[2] % 81;
  const std::string text(reinterpret_cast<const char*>(data) + 3, size - 3);

  const bool modelled = text.size() <= 400;  // the model takes quadratic time
  const auto want = modelled ? support::chunk_model(text).chunks(options.size, options.overlap, options.fill_percent)
                             : std::vector<support::model_chunk>{};
  std::size_t number = 0;
  std::uint64_t end = 0;
  const atlas::status done = atlas::chunk_text(text, options, [&](const atlas::chunk_view& chunk) {
    support::insist(chunk.byte_fresh == end && chunk.byte_begin <= end && chunk.byte_end > end, "chunks concatenate to the text");
    support::insist(chunk.byte_end <= text.size(), "chunks lie in the text");
    support::insist(chunk.text.data() == text.data() + chunk.byte_begin, "the view is the text's own bytes");
    support::insist(chunk.char_end - chunk.char_begin <= options.size, "the size is a hard bound");
    support::insist(atlas::count_characters(chunk.text) == chunk.char_end - chunk.char_begin, "no character is cut");
    support::insist(chunk.byte_end == text.size() || text[chunk.byte_end - 1] != '\r' || text[chunk.byte_end] != '\n', "CR LF is not cut");
    if (modelled) {
      support::insist(number < want.size() && chunk.byte_begin == want[number].byte_begin && chunk.byte_end == want[number].byte_end &&
                  chunk.line_begin == want[number].line_begin && chunk.line_end == want[number].line_end &&
                  static_cast<int>(chunk.level) == want[number].level,
              "the chunks are the model's");
    }
    ++number;
    end = chunk.byte_end;
    return true;
  });
  support::insist(done.ok() && end == text.size(), "the chunks cover the text");
  support::insist(!modelled || number == want.size(), "as many chunks as the model has");
  return 0;
}

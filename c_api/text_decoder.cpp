// SPDX-License-Identifier: Apache-2.0
// c_api/text_decoder.cpp -- a source that comes in pieces, as UTF-8.
#include "arguments.hpp"
#include "encodings.hpp"
#include "guard.hpp"
#include "handles.hpp"

#include <algorithm>
#include <numeric>

using namespace atlas::c_api;
using atlas::error;
using atlas::status;
using atlas::stream_decoder;

namespace {

// Lets the decoder append to its own buffer, and lends that out.
template <class Append>
status lend_text(atlas_text* text, atlas_text_decoder* decoder, Append append) noexcept {
  ATLAS_C_TRY(require(text, "text"));
  ATLAS_C_TRY(require(decoder, "decoder"));
  ATLAS_C_TRY(decoder->failure);
  if (decoder->is_finished) return error{atlas::errc::closed, "decoder", "one that is not finished", "a finished one"};
  decoder->is_fed = true;
  decoder->text.clear();
  decoder->failure = append(decoder->decoder, decoder->text);
  if (decoder->failure.ok() || decoder->failure.error() == atlas::errc::bad_encoding) *text = {decoder->text.data(), decoder->text.size()};
  return decoder->failure;
}

}  // namespace

extern "C" atlas_status atlas_text_decoder_create(atlas_text_decoder** out, int32_t encoding, int32_t bad_bytes) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(out, "out"));
    const auto from = read_encoding_or_unknown(encoding, "encoding");
    if (!from.ok()) return from.error();
    const auto bad = read_bad_bytes(bad_bytes, "bad_bytes");
    if (!bad.ok()) return bad.error();
    return hand_out(out, stream_decoder(*bad, *from));
  });
}

extern "C" void atlas_text_decoder_close(atlas_text_decoder* decoder) { delete decoder; }

extern "C" atlas_status atlas_text_decoder_feed(atlas_text* text, atlas_text_decoder* decoder, const void* source, size_t source_bytes) {
  return guard([&]() -> status {
    const auto bytes = read_bytes(source, "source", source_bytes);
    if (!bytes.ok()) return bytes.error();
    return lend_text(text, decoder, [&](stream_decoder& from, atlas::buffer<char>& out) {
      return decoder->window ? decoder->window->feed(from, *bytes, out) : from.feed(*bytes, out);
    });
  });
}

extern "C" atlas_status atlas_text_decoder_finish(atlas_text* text, atlas_text_decoder* decoder) {
  return guard([&]() -> status {
    ATLAS_C_TRY(lend_text(text, decoder, [](stream_decoder& from, atlas::buffer<char>& out) { return from.finish(out); }));
    decoder->is_finished = true;
    return {};
  });
}

extern "C" atlas_status atlas_text_decoder_describe(atlas_decoded_text* out, const atlas_text_decoder* decoder) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(decoder, "decoder"));
    atlas_decoded_text facts = ATLAS_DECODED_TEXT_INIT;
    facts.encoding = ATLAS_ENCODING_UNKNOWN;
    facts.basis = ATLAS_GUESS_BY_NOTHING;
    facts.bad_bytes = static_cast<std::int32_t>(decoder->decoder.policy());
    facts.text_bytes = decoder->decoder.text_bytes();
    if (decoder->decoder.is_decided()) {
      const atlas::decoder_state& state = decoder->decoder.state();
      facts.encoding = static_cast<std::int32_t>(state.encoding);
      facts.basis = static_cast<std::int32_t>(decoder->decoder.guess().basis);
      facts.mark_bytes = decoder->decoder.guess().mark_bytes;
      facts.bad_count = state.bad_count;
      facts.first_bad = state.first_bad;
    }
    if (!decoder->failure.ok() && decoder->failure.error() == atlas::errc::bad_encoding && decoder->failure.error().has_numbers()) {
      facts.bad_count = 1;
      facts.first_bad = decoder->failure.error().found;
    }
    return write_info(out, "out", facts);
  });
}

extern "C" atlas_status atlas_text_decoder_keep_source(atlas_text_decoder* decoder, uint64_t text_byte) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(decoder, "decoder"));
    if (decoder->window) return decoder->window->release(decoder->decoder, text_byte);
    if (decoder->is_fed) return error{atlas::errc::invalid_argument, "decoder", "a call before the first feed", "one behind it"};
    if (text_byte != 0) return error{atlas::errc::invalid_argument, "text_byte", "at most", 0, text_byte};
    decoder->window.emplace();
    return {};
  });
}

extern "C" atlas_status atlas_text_decoder_source_offsets(uint64_t* source_offsets, const uint64_t* offsets, size_t count,
                                                          atlas_text_decoder* decoder) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(decoder, "decoder"));
    ATLAS_C_TRY(require(source_offsets, "source_offsets", count));
    ATLAS_C_TRY(require(offsets, "offsets", count));
    if (!decoder->window) return error{atlas::errc::invalid_argument, "decoder", "one that keeps its source", "one that does not"};
    // In ascending order, so that it is one walk.
    atlas::buffer<std::size_t> order;
    ATLAS_C_TRY(order.resize(count));
    std::iota(order.data(), order.data() + count, std::size_t{0});
    std::sort(order.data(), order.data() + count, [&](std::size_t left, std::size_t right) { return offsets[left] < offsets[right]; });
    for (const std::size_t row : order) {
      const auto found = decoder->window->source_byte(decoder->decoder, offsets[row]);
      if (!found.ok()) return error(found.error()).at_row(row);
      source_offsets[row] = *found;
    }
    return {};
  });
}

// SPDX-License-Identifier: Apache-2.0
// tests/fuzz/encoding_fuzz.cpp -- any bytes through decoding, normalising and the words: what comes out is valid UTF-8, and the
// same in whatever pieces the bytes come. The first three bytes choose an encoding, what becomes of bad bytes, and the pieces.
#include <atlas/text.hpp>
#include <atlas/text/normalise.hpp>

#include "support/insist.hpp"

#include <cstdint>
#include <initializer_list>

namespace {

void check_words(atlas::text_view text) {
  atlas::word_reader words(text);
  const char* end = text.data();
  for (atlas::text_view word; words.next(word);) {
    support::insist(!word.empty() && word.data() >= end && word.data() + word.size() <= text.data() + text.size(), "words are in order");
    support::insist(atlas::is_utf8(word), "words are whole characters");
    end = word.data() + word.size();
  }
}

atlas::span<const std::byte> piece_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const std::byte*>(data), size};
}

bool same(const atlas::buffer<char>& left, const atlas::buffer<char>& right) {
  return atlas::text_view(left.data(), left.size()) == atlas::text_view(right.data(), right.size());
}

/// One encoding, at once, in pieces by two decoders that hand over their state, and with a map of places.
void check_decoder(atlas::text_encoding encoding, atlas::bad_bytes policy, std::size_t most, const std::uint8_t* data, std::size_t size) {
  auto decoder = atlas::text_decoder::create(encoding, policy);
  support::insist(decoder.ok(), "the C library knows every encoding");
  atlas::buffer<char> whole;
  atlas::status said = decoder->feed(piece_of(data, size), whole);
  if (said.ok()) said = decoder->finish(whole);
  support::insist(said.ok() || said.error() == atlas::errc::bad_encoding, "what is refused is badly encoded");
  support::insist(said.ok() || policy == atlas::bad_bytes::refuse, "bad bytes are refused only where that is asked");
  if (policy != atlas::bad_bytes::pass) support::insist(atlas::is_utf8({whole.data(), whole.size()}), "decoded text is valid UTF-8");
  support::insist(decoder->state().text_bytes == whole.size(), "text is counted");
  support::insist(!said.ok() || decoder->state().source_bytes == size, "every byte is read");

  atlas::buffer<char> pieces;
  atlas::source_map map(most);
  auto other = atlas::text_decoder::create(encoding, policy);
  atlas::status fed;
  for (std::size_t at = 0; at < size && fed.ok(); at += most) {
    fed = map.feed(*other, piece_of(data + at, size - at < most ? size - at : most), pieces);
    other = atlas::text_decoder::resume(other->state());
    support::insist(other.ok(), "a decoder's own state is one that another goes on from");
  }
  if (fed.ok()) fed = other->finish(pieces);
  support::insist(fed.ok() == said.ok() && same(whole, pieces), "the text does not depend on the pieces");
  support::insist(said.ok() || said.error().found == fed.error().found, "nor does the offset of what is refused");

  auto walker = atlas::source_walker::create(map, piece_of(data, size), encoding, policy);
  support::insist(walker.ok(), "places can be asked for");
  std::uint64_t before = 0;
  for (std::uint64_t place = 0; place <= whole.size(); ++place) {
    const std::uint64_t source = walker->source_byte(place);
    support::insist(source >= before && source <= size, "places in the source ascend with those of the text");
    before = source;
  }
}

/// @param want  what decode_text makes of the same, in the same encoding or where it is to be told
void check_stream(atlas::bad_bytes policy, atlas::text_encoding encoding, std::size_t most, const std::uint8_t* data, std::size_t size,
                  const atlas::result<atlas::decoded_text>& want) {
  atlas::stream_decoder decoder(policy, encoding);
  atlas::source_window window;
  atlas::buffer<char> out;
  atlas::status said;
  std::uint64_t before = 0;
  for (std::size_t at = 0; at < size && said.ok(); at += most) {
    const std::uint64_t begin = out.size();
    said = window.feed(decoder, piece_of(data + at, size - at < most ? size - at : most), out);
    for (std::uint64_t place = begin; place < out.size(); ++place) {
      const auto source = window.source_byte(decoder, place);
      support::insist(source.ok() && *source >= before && *source < size, "places of a stream ascend in its source");
      before = *source;
    }
    support::insist(window.release(decoder, out.size()).ok(), "the end of the text can be released");
  }
  if (said.ok()) said = decoder.finish(out);
  support::insist(said.ok() == want.ok(), "a short stream is decoded as a text");
  if (said.ok()) support::insist(atlas::text_view(out.data(), out.size()) == want->text, "and to the same");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const atlas::span<const std::byte> bytes(reinterpret_cast<const std::byte*>(data), size);
  const atlas::text_view raw(reinterpret_cast<const char*>(data), size);
  atlas::buffer<char> storage;
  const auto decoded = atlas::decode_text(bytes, storage);
  if (decoded.ok()) {
    support::insist(atlas::is_utf8(decoded->text), "decoded text is valid UTF-8");
    support::insist(decoded->encoding == atlas::guess_encoding(bytes), "decoded as guessed");
    support::insist(!decoded->borrowed || decoded->text.size() + decoded->mark_bytes == size, "borrowed text is all of the input");
  } else {
    support::insist(decoded.error() == atlas::errc::bad_encoding, "what is refused is badly encoded");
    support::insist(storage.empty(), "a refused text leaves nothing behind");
  }

  if (size >= 3) {
    const auto encoding = static_cast<atlas::text_encoding>(data[0] % 71);
    const auto policy = static_cast<atlas::bad_bytes>(data[1] % 3);
    const std::size_t most = 1 + data[2] % 32;
    atlas::decode_options options;
    options.bad = policy;
    check_stream(policy, options.encoding, most, data, size, atlas::decode_text(bytes, storage, options));
    if (atlas::is_decodable(encoding)) {
      check_decoder(encoding, policy, most, data + 3, size - 3);
      options.encoding = encoding;
      check_stream(policy, encoding, most, data + 3, size - 3, atlas::decode_text(bytes.subspan(3, size - 3), storage, options));
    }
  }

  support::insist((atlas::first_ill_formed(raw) == size) == atlas::is_utf8(raw), "validity has one answer");
  check_words(raw);
  atlas::buffer<char> out;
  for (const auto form : {atlas::normal_form::nfc, atlas::normal_form::nfkc, atlas::normal_form::nfkc_casefold}) {
    support::insist(atlas::normalise(raw, form, out).ok(), "any bytes can be normalised");
    support::insist(atlas::is_utf8({out.data(), out.size()}), "normalised text is valid UTF-8");
    check_words({out.data(), out.size()});
  }
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
// tests/fuzz/encoding_fuzz.cpp -- any bytes through decoding, normalising and the words: what comes out is valid UTF-8.
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

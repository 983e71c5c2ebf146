// SPDX-License-Identifier: Apache-2.0
// c_api/encoding.cpp -- which encoding bytes are in, and the same text as UTF-8.
#include "arguments.hpp"
#include "encodings.hpp"
#include "guard.hpp"

using namespace atlas::c_api;
using atlas::bad_bytes;
using atlas::error;
using atlas::span;
using atlas::status;
using atlas::text_decoder;
using atlas::text_encoding;
using atlas::text_view;

#define ATLAS_C_SAME(number, encoding) static_assert((number) == static_cast<int>(text_encoding::encoding))
ATLAS_C_SAME(ATLAS_ENCODING_UTF8, utf8);
ATLAS_C_SAME(ATLAS_ENCODING_UTF16_LE, utf16_le);
ATLAS_C_SAME(ATLAS_ENCODING_UTF16_BE, utf16_be);
ATLAS_C_SAME(ATLAS_ENCODING_UTF32_LE, utf32_le);
ATLAS_C_SAME(ATLAS_ENCODING_UTF32_BE, utf32_be);
ATLAS_C_SAME(ATLAS_ENCODING_IBM866, ibm866);
ATLAS_C_SAME(ATLAS_ENCODING_ISO_8859_2, iso_8859_2);
ATLAS_C_SAME(ATLAS_ENCODING_ISO_8859_3, iso_8859_3);
ATLAS_C_SAME(ATLAS_ENCODING_ISO_8859_4, iso_8859_4);
ATLAS_C_SAME(ATLAS_ENCODING_ISO_8859_5, iso_8859_5);
ATLAS_C_SAME(ATLAS_ENCODING_ISO_8859_6, iso_8859_6);
ATLAS_C_SAME(ATLAS_ENCODING_ISO_8859_7, iso_8859_7);
ATLAS_C_SAME(ATLAS_ENCODING_ISO_8859_8, iso_8859_8);
ATLAS_C_SAME(ATLAS_ENCODING_ISO_8859_10, iso_8859_10);
ATLAS_C_SAME(ATLAS_ENCODING_ISO_8859_13, iso_8859_13);
ATLAS_C_SAME(ATLAS_ENCODING_ISO_8859_14, iso_8859_14);
ATLAS_C_SAME(ATLAS_ENCODING_ISO_8859_15, iso_8859_15);
ATLAS_C_SAME(ATLAS_ENCODING_ISO_8859_16, iso_8859_16);
ATLAS_C_SAME(ATLAS_ENCODING_KOI8_R, koi8_r);
ATLAS_C_SAME(ATLAS_ENCODING_KOI8_U, koi8_u);
ATLAS_C_SAME(ATLAS_ENCODING_MACINTOSH, macintosh);
ATLAS_C_SAME(ATLAS_ENCODING_WINDOWS_874, windows_874);
ATLAS_C_SAME(ATLAS_ENCODING_WINDOWS_1250, windows_1250);
ATLAS_C_SAME(ATLAS_ENCODING_WINDOWS_1251, windows_1251);
ATLAS_C_SAME(ATLAS_ENCODING_WINDOWS_1252, windows_1252);
ATLAS_C_SAME(ATLAS_ENCODING_WINDOWS_1253, windows_1253);
ATLAS_C_SAME(ATLAS_ENCODING_WINDOWS_1254, windows_1254);
ATLAS_C_SAME(ATLAS_ENCODING_WINDOWS_1255, windows_1255);
ATLAS_C_SAME(ATLAS_ENCODING_WINDOWS_1256, windows_1256);
ATLAS_C_SAME(ATLAS_ENCODING_WINDOWS_1257, windows_1257);
ATLAS_C_SAME(ATLAS_ENCODING_WINDOWS_1258, windows_1258);
ATLAS_C_SAME(ATLAS_ENCODING_X_MAC_CYRILLIC, x_mac_cyrillic);
ATLAS_C_SAME(ATLAS_ENCODING_X_USER_DEFINED, x_user_defined);
ATLAS_C_SAME(ATLAS_ENCODING_IBM855, ibm855);
ATLAS_C_SAME(ATLAS_ENCODING_ISO_8859_8_I, iso_8859_8_i);
ATLAS_C_SAME(ATLAS_ENCODING_GBK, gbk);
ATLAS_C_SAME(ATLAS_ENCODING_GB18030, gb18030);
ATLAS_C_SAME(ATLAS_ENCODING_BIG5, big5);
ATLAS_C_SAME(ATLAS_ENCODING_EUC_JP, euc_jp);
ATLAS_C_SAME(ATLAS_ENCODING_ISO_2022_JP, iso_2022_jp);
ATLAS_C_SAME(ATLAS_ENCODING_SHIFT_JIS, shift_jis);
ATLAS_C_SAME(ATLAS_ENCODING_EUC_KR, euc_kr);
ATLAS_C_SAME(ATLAS_ENCODING_UNKNOWN, unknown);
ATLAS_C_SAME(ATLAS_ENCODING_BINARY, binary);
#undef ATLAS_C_SAME
static_assert(ATLAS_GUESS_BY_MARK == static_cast<int>(atlas::guess_basis::mark));
static_assert(ATLAS_GUESS_BY_FORM == static_cast<int>(atlas::guess_basis::form));
static_assert(ATLAS_GUESS_BY_STATISTICS == static_cast<int>(atlas::guess_basis::statistics));
static_assert(ATLAS_GUESS_BY_NOTHING == static_cast<int>(atlas::guess_basis::nothing));
static_assert(ATLAS_GUESS_GIVEN == static_cast<int>(atlas::guess_basis::given));
static_assert(ATLAS_BAD_BYTES_REFUSE == static_cast<int>(bad_bytes::refuse));
static_assert(ATLAS_BAD_BYTES_REPLACE == static_cast<int>(bad_bytes::replace));
static_assert(ATLAS_BAD_BYTES_PASS == static_cast<int>(bad_bytes::pass));

namespace {

// What is said of a text that could not be decoded.
void fill_refused(atlas_decoded_text& out, span<const std::byte> source, text_encoding encoding, const error& why) noexcept {
  atlas::encoding_guess told{encoding, atlas::guess_basis::given, 0};
  if (encoding == text_encoding::unknown) told = atlas::detect_encoding(source);
  out.encoding = static_cast<std::int32_t>(told.encoding);
  out.basis = static_cast<std::int32_t>(told.basis);
  if (!why.has_numbers()) return;
  out.bad_count = 1;
  out.first_bad = why.found;
}

// Offsets of a text that begins with its source.
class place_finder {
 public:
  place_finder(text_encoding encoding, bad_bytes bad, span<const std::byte> source) noexcept
      : encoding_(encoding), bad_(bad), source_(source) {}

  // Checkpoints, for places in any order. The text is decoded again, and nothing of it is kept.
  [[nodiscard]] status note_checkpoints() noexcept {
    auto decoder = text_decoder::create(encoding_, bad_);
    if (!decoder.ok()) return decoder.error();
    constexpr std::size_t piece_bytes = std::size_t{1} << 20;
    atlas::buffer<char> text;
    for (std::size_t at = 0; at < source_.size(); at += piece_bytes) {
      const std::size_t left = source_.size() - at;
      ATLAS_C_TRY(map_.feed(*decoder, {source_.data() + at, left < piece_bytes ? left : piece_bytes}, text));
      text.clear();
    }
    return {};
  }
  // @param base  bytes before the source, a byte-order mark's
  [[nodiscard]] status find(std::uint64_t* out, span<const std::uint64_t> offsets, std::uint64_t base) noexcept {
    auto walker = atlas::source_walker::create(map_, source_, encoding_, bad_);
    if (!walker.ok()) return walker.error();
    for (std::size_t i = 0; i < offsets.size(); ++i) out[i] = base + walker->source_byte(offsets[i]);
    return {};
  }

 private:
  text_encoding encoding_;
  bad_bytes bad_;
  span<const std::byte> source_;
  atlas::source_map map_;
};

}  // namespace

extern "C" atlas_status atlas_text_validate(uint64_t* first_bad, uint64_t* characters, const char* text, size_t text_bytes) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(first_bad, "first_bad"));
    ATLAS_C_TRY(require(characters, "characters", characters == nullptr ? 0 : 1));
    ATLAS_C_TRY(require(text, "text", text_bytes));
    const text_view whole(text, text_bytes);
    *first_bad = atlas::first_ill_formed(whole);
    if (characters != nullptr) *characters = atlas::count_characters(whole);
    return {};
  });
}

extern "C" const char* atlas_encoding_name(int32_t encoding) {
  const bool is_number = encoding >= 0 && encoding <= 255;
  return name(is_number ? static_cast<text_encoding>(encoding) : text_encoding::unknown);
}

extern "C" atlas_status atlas_encoding_of_label(int32_t* encoding, const char* label) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(encoding, "encoding"));
    ATLAS_C_TRY(require(label, "label"));
    const auto found = atlas::encoding_of_label(text_view(label, std::strlen(label)));
    if (!found.ok()) return found.error();
    *encoding = static_cast<std::int32_t>(*found);
    return {};
  });
}

extern "C" atlas_status atlas_text_detect_encoding(atlas_encoding_guess* out, const void* source, size_t source_bytes) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require_info(out, "out"));
    const auto bytes = read_bytes(source, "source", source_bytes);
    if (!bytes.ok()) return bytes.error();
    const atlas::encoding_guess told = atlas::detect_encoding(*bytes);
    atlas_encoding_guess guess = ATLAS_ENCODING_GUESS_INIT;
    guess.encoding = static_cast<std::int32_t>(told.encoding);
    guess.basis = static_cast<std::int32_t>(told.basis);
    guess.mark_bytes = told.mark_bytes;
    return write_info(out, "out", guess);
  });
}

extern "C" atlas_status atlas_text_decode(atlas_decoded_text* decoded, char* out, const void* source, size_t source_bytes, int32_t encoding,
                                          int32_t bad_bytes, size_t capacity) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require_info(decoded, "decoded"));
    ATLAS_C_TRY(require(out, "out", capacity));
    const auto bytes = read_bytes(source, "source", source_bytes);
    if (!bytes.ok()) return bytes.error();
    const auto from = read_encoding_or_unknown(encoding, "encoding");
    if (!from.ok()) return from.error();
    const auto bad = read_bad_bytes(bad_bytes, "bad_bytes");
    if (!bad.ok()) return bad.error();
    atlas::buffer<char> storage;
    const auto text = atlas::decode_text(*bytes, storage, {*from, *bad, nullptr});
    atlas_decoded_text facts = ATLAS_DECODED_TEXT_INIT;
    facts.bad_bytes = bad_bytes;
    if (!text.ok()) {
      if (text.error() == atlas::errc::bad_encoding) {
        fill_refused(facts, *bytes, *from, text.error());
        ATLAS_C_TRY(write_info(decoded, "decoded", facts));
      }
      return text.error();
    }
    facts.encoding = static_cast<std::int32_t>(text->encoding);
    facts.mark_bytes = static_cast<std::uint32_t>(text->mark_bytes);
    facts.text_bytes = text->text.size();
    facts.bad_count = text->bad_count;
    facts.first_bad = text->first_bad;
    facts.is_source = text->borrowed ? 1 : 0;
    facts.basis = static_cast<std::int32_t>(text->basis);
    if (!text->text.empty() && text->text.size() <= capacity) std::memmove(out, text->text.data(), text->text.size());
    return write_info(decoded, "decoded", facts);
  });
}

extern "C" atlas_status atlas_text_source_offsets(uint64_t* source_offsets, const uint64_t* offsets, size_t count,
                                                  const atlas_decoded_text* decoded, const void* source, size_t source_bytes) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(source_offsets, "source_offsets", count));
    ATLAS_C_TRY(require(offsets, "offsets", count));
    ATLAS_C_TRY(require(decoded, "decoded"));
    const auto bytes = read_bytes(source, "source", source_bytes);
    if (!bytes.ok()) return bytes.error();
    const auto facts = read_options(decoded, "decoded");
    if (!facts.ok()) return facts.error();
    const auto encoding = read_encoding(facts->encoding, "decoded.encoding");
    if (!encoding.ok()) return encoding.error();
    const auto bad = read_bad_bytes(facts->bad_bytes, "decoded.bad_bytes");
    if (!bad.ok()) return bad.error();
    if (facts->mark_bytes > source_bytes) {
      return error{atlas::errc::invalid_argument, "decoded.mark_bytes", "at most", source_bytes, facts->mark_bytes};
    }
    bool ascends = true;
    for (std::size_t i = 0; i < count; ++i) {
      if (offsets[i] > facts->text_bytes) {
        return error{atlas::errc::invalid_argument, "offsets", "at most", facts->text_bytes, offsets[i]}.at_row(i);
      }
      ascends = ascends && (i == 0 || offsets[i - 1] <= offsets[i]);
    }
    const std::size_t base = facts->mark_bytes;
    place_finder finder(*encoding, *bad, {bytes->data() + base, source_bytes - base});
    if (!ascends) ATLAS_C_TRY(finder.note_checkpoints());
    return finder.find(source_offsets, {offsets, count}, base);
  });
}

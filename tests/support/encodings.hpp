// SPDX-License-Identifier: Apache-2.0
// tests/support/encodings.hpp -- texts in all encodings, made by the C library's iconv.
#ifndef ATLAS_TESTS_SUPPORT_ENCODINGS_HPP
#define ATLAS_TESTS_SUPPORT_ENCODINGS_HPP

#include "support/texts.hpp"

#include <atlas/text/text_decoder.hpp>

#include <iconv.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace support {

inline atlas::span<const std::byte> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
inline std::string string_of(const atlas::buffer<char>& text) { return {text.data(), text.size()}; }

/// Every encoding that can be decoded.
inline std::vector<atlas::text_encoding> all_encodings() {
  std::vector<atlas::text_encoding> all;
  for (int i = 0; i < 256; ++i) {
    const auto encoding = static_cast<atlas::text_encoding>(i);
    if (atlas::is_decodable(encoding)) all.push_back(encoding);
  }
  return all;
}

/// UTF-8 in another encoding, as the C library has it; "" if a character is not in it.
inline std::string encoded_by_library(const std::string& utf8, const char* to) {
  const iconv_t handle = iconv_open(to, "UTF-8");
  if (handle == reinterpret_cast<iconv_t>(~std::uintptr_t{0})) return {};
  std::string input = utf8;
  std::string out(utf8.size() * 4 + 64, '\0');
  char* from = input.data();
  char* at = out.data();
  std::size_t left = input.size();
  std::size_t room = out.size();
  const bool done = iconv(handle, &from, &left, &at, &room) == 0 && iconv(handle, nullptr, nullptr, &at, &room) == 0;
  iconv_close(handle);
  out.resize(done ? out.size() - room : 0);
  return out;
}

/// A text in an encoding, and as UTF-8.
struct encoded_text {
  atlas::text_encoding encoding = atlas::text_encoding::utf8;
  std::string bytes;
  std::string utf8;
};

/// An encoding, what the C library calls it, and prose that is written in it.
struct written_encoding {
  atlas::text_encoding encoding = atlas::text_encoding::utf8;
  const char* library_name = nullptr;
  std::string prose;
};

/// Every encoding that the C library can write.
inline const std::vector<written_encoding>& written_encodings() {
  using enum atlas::text_encoding;
  static const std::string western = "Où est l'élève? Die Straße heißt „Größe“ – naïve façade.\r\n";
  static const std::string german = "Die Straße heißt Größe, über fünf Bäche.\n";
  static const std::string polish = "Zażółć gęślą jaźń, a potem idź spać.\n";
  static const std::string baltic = "Žalias ąžuolas šlama, ėjo mūsų žmonės.\n";
  static const std::string russian = "Съешь же ещё этих мягких французских булок, да выпей чаю.\n";
  static const std::string ukrainian = "Щастям б'єш жук їх глицю в фон й ґедзь пріч.\n";
  static const std::string greek = "Η γρήγορη αλεπού πηδά πάνω από το σκυλί.\n";
  static const std::string hebrew = "דג סקרן שט בים מאוכזב ולפתע מצא חברה.\n";
  static const std::string arabic = "نص حكيم له سر قاطع وذو شأن عظيم.\n";
  static const std::string thai = "เป็นมนุษย์สุดประเสริฐเลิศคุณค่า\n";
  static const std::string turkish = "Pijamalı hasta yağız şoföre çabucak güvendi.\n";
  static const std::string japanese = "日本語の文章です。カタカナ、ひらがな、漢字。ABC 123\n";
  static const std::string chinese = "我们都是中国人，今天天气很好。ABC 123\n";
  static const std::string taiwanese = "我們都是好朋友，今天天氣很好。ABC 123\n";
  static const std::string korean = "다람쥐 헌 쳇바퀴에 타고파. 한국어 문장입니다.\n";
  static const std::string mixed = western + russian + japanese + "\U0001F600 and \U00020000\n";
  static const std::vector<written_encoding> all = {
      {utf8, "UTF-8", mixed}, {utf16_le, "UTF-16LE", mixed}, {utf16_be, "UTF-16BE", mixed},
      {utf32_le, "UTF-32LE", mixed}, {utf32_be, "UTF-32BE", mixed}, {ibm866, "IBM866", russian},
      {ibm855, "IBM855", russian}, {iso_8859_2, "ISO-8859-2", polish},
      {iso_8859_3, "ISO-8859-3", "Ĉu vi ŝatas ĝin? Ħafna.\n"}, {iso_8859_4, "ISO-8859-4", baltic},
      {iso_8859_5, "ISO-8859-5", russian}, {iso_8859_6, "ISO-8859-6", arabic}, {iso_8859_7, "ISO-8859-7", greek},
      {iso_8859_8, "ISO-8859-8", hebrew}, {iso_8859_8_i, "ISO-8859-8", hebrew},
      {iso_8859_10, "ISO-8859-10", "Čájet ŋuvnnat, þetta er íslenska.\n"}, {iso_8859_13, "ISO-8859-13", baltic},
      {iso_8859_14, "ISO-8859-14", "Ŵyn ar y bryn, tŷ ḃeag.\n"},
      {iso_8859_15, "ISO-8859-15", german + "5 €, œuvre\n"},
      {iso_8859_16, "ISO-8859-16", "Știință și țară, în română.\n"}, {koi8_r, "KOI8-R", russian},
      {koi8_u, "KOI8-U", ukrainian}, {macintosh, "MACINTOSH", western}, {windows_874, "CP874", thai},
      {windows_1250, "CP1250", polish + "„tak” – nie\n"}, {windows_1251, "CP1251", russian + ukrainian},
      {windows_1252, "CP1252", western}, {windows_1253, "CP1253", greek}, {windows_1254, "CP1254", turkish},
      {windows_1255, "CP1255", hebrew}, {windows_1256, "CP1256", arabic}, {windows_1257, "CP1257", baltic},
      {windows_1258, "CP1258", "Tiê\u0301ng Viê\u0323t la\u0300 ngôn ngư\u0303 cu\u0309a ngươ\u0300i Viê\u0323t.\n"},
      {x_mac_cyrillic, "MAC-CYRILLIC", russian}, {gbk, "GBK", chinese}, {gb18030, "GB18030", chinese + mixed},
      {big5, "BIG5", taiwanese}, {euc_jp, "EUC-JP", japanese + "ｱｲｳ 丂\n"}, {shift_jis, "CP932", japanese + "ｱｲｳ\n"},
      {iso_2022_jp, "ISO-2022-JP", japanese}, {euc_kr, "UHC", korean + "똠방각하\n"}};
  return all;
}

/// Each prose in the encoding that it is for.
inline const std::vector<encoded_text>& encoded_texts() {
  static const std::vector<encoded_text> all = [] {
    std::vector<encoded_text> made;
    for (const written_encoding& one : written_encodings()) {
      const std::string bytes = encoded_by_library(one.prose, one.library_name);
      if (!bytes.empty()) made.push_back({one.encoding, bytes, one.prose});
    }
    return made;
  }();
  return all;
}

/// The file of an index of the WHATWG Encoding Standard; "" without the test data.
inline std::string encoding_index(const std::string& name) {
  if (test_data().empty()) return {};
  const std::string packed = test_data() + "/suites/whatwg-encoding.tar.zst";
  return output_of("tar -I zstd -xOf " + packed + " whatwg-encoding/" + name + " 2>/dev/null");
}

/// Its lines: pointer and code point.
inline std::vector<std::pair<std::uint32_t, char32_t>> index_entries(const std::string& file) {
  std::vector<std::pair<std::uint32_t, char32_t>> entries;
  for (const std::string& line : lines_of(file)) {
    unsigned pointer = 0;
    unsigned code_point = 0;
    if (std::sscanf(line.c_str(), " %u %x", &pointer, &code_point) == 2) entries.emplace_back(pointer, code_point);
  }
  return entries;
}

/// A code point as UTF-8.
inline std::string utf8_of(char32_t code_point) {
  char out[4];
  return {out, atlas::encode_one(code_point, out)};
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_ENCODINGS_HPP

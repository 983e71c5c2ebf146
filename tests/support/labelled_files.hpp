// SPDX-License-Identifier: Apache-2.0
// tests/support/labelled_files.hpp -- files of the wild, the encodings that people labelled them with, and whether a detector tells them.
#ifndef ATLAS_TESTS_SUPPORT_LABELLED_FILES_HPP
#define ATLAS_TESTS_SUPPORT_LABELLED_FILES_HPP

#include <atlas/text/encoding.hpp>
#include <atlas/text/encoding_labels.hpp>

#include "support/tar_archive.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace support {

struct labelled_file {
  std::string path;
  std::string label;  ///< as its folder says, without the language behind it
  std::string bytes;
};

/// Those of chardet's tests.
/// @param archive  suites/chardet-tests.tar.zst, unpacked
inline std::vector<labelled_file> labelled_files(const std::string& archive) {
  std::vector<labelled_file> files;
  for (const archived_file& one : files_of_archive(archive)) {
    const std::size_t name = one.path.rfind('/');
    if (one.path.find("/tests/") == std::string::npos || one.path.find("README") != std::string::npos) continue;
    const std::size_t folder = one.path.rfind('/', name - 1) + 1;
    std::string label = one.path.substr(folder, name - folder);
    if (label.find("iso-8859-") == 0 || label.find("windows-") == 0) {  // iso-8859-2-hungarian
      const std::size_t language = label.find('-', label.find_first_of("0123456789") + (label[0] == 'i' ? 5 : 0));
      label = label.substr(0, language);
    }
    files.push_back({one.path, label, one.bytes});
  }
  return files;
}

/// What the name of an encoding stands for that a folder or a detector gives, by the standard its superset if it has one.
inline atlas::result<atlas::text_encoding> encoding_named(const std::string& name) {
  // What is no label of the standard's, or another encoding's.
  static const std::map<std::string, std::string> others = {
      {"CP932", "shift_jis"}, {"CP949", "euc-kr"}, {"UHC", "euc-kr"}, {"MacRoman", "macintosh"}, {"MacCyrillic", "x-mac-cyrillic"},
      {"MAC-CYRILLIC", "x-mac-cyrillic"}, {"ascii", "utf-8"}, {"ASCII", "utf-8"}, {"utf-8-sig", "utf-8"}};
  const auto known = others.find(name);
  return atlas::encoding_of_label(known == others.end() ? name : known->second);
}

enum class telling : std::uint8_t {
  wrong = 0,
  as_labelled = 1,  ///< or a superset of it
  same_text = 2,    ///< another encoding, in which these bytes are the same text
};

/// Whether a detector is right that takes a file for this encoding.
inline telling judged(const labelled_file& file, atlas::text_encoding told) {
  // A label without a byte order stands for both.
  if (file.label == "UTF-16" && told == atlas::text_encoding::utf16_be) return telling::as_labelled;
  if (file.label == "UTF-32" && told == atlas::text_encoding::utf32_be) return telling::as_labelled;
  const auto want = encoding_named(file.label);
  if (!want.ok() || !atlas::is_decodable(told)) return telling::wrong;
  if (*want == told) return telling::as_labelled;
  const atlas::span<const std::byte> bytes(reinterpret_cast<const std::byte*>(file.bytes.data()), file.bytes.size());
  atlas::buffer<char> as_told;
  atlas::buffer<char> as_labelled;
  const auto one = atlas::decode_text(bytes, as_told, {.encoding = told, .bad = atlas::bad_bytes::replace});
  const auto other = atlas::decode_text(bytes, as_labelled, {.encoding = *want, .bad = atlas::bad_bytes::replace});
  return one.ok() && other.ok() && one->text == other->text ? telling::same_text : telling::wrong;
}
/// The same of one that gives a name, be it of an encoding that ATLAS does not know; "" for none.
inline telling judged(const labelled_file& file, const std::string& told) {
  const auto lower = [](std::string name) {
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return name;
  };
  if (lower(told) == lower(file.label)) return telling::as_labelled;
  const auto known = encoding_named(told);
  return known.ok() ? judged(file, *known) : telling::wrong;
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_LABELLED_FILES_HPP

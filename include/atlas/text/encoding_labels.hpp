// SPDX-License-Identifier: Apache-2.0
// include/atlas/text/encoding_labels.hpp -- an encoding by the name that somebody gave it.
//
// Room:      labels of HTTP headers, HTML, e-mail and people; there and back.
// Not here:  the labels themselves (text/label_table.hpp), telling an encoding by its bytes (text/encoding.hpp).
// Depends:   core, text/{label_table,text_encoding}.hpp.
// Threads:   every function is pure.
#ifndef ATLAS_TEXT_ENCODING_LABELS_HPP
#define ATLAS_TEXT_ENCODING_LABELS_HPP

#include <atlas/core/result.hpp>       // result, errc
#include <atlas/core/text_view.hpp>    // text_view
#include <atlas/text/label_table.hpp>  // encoding_labels

namespace atlas { inline namespace ATLAS_ABI {

/// The encoding that a label of the WHATWG Encoding Standard names, whatever its case, white space around it left out.
/// UTF-32 and IBM855, which the standard does not have, are known by their usual names. name() of every encoding that can be
/// decoded is a label of it.
///
/// @param label  for example "latin1", "SJIS", "utf-8"
/// @return       the encoding, or errc::invalid_argument for a label that is none, or that the standard knows and refuses to
///               decode, such as iso-2022-kr
/// Cost: a binary search, no allocation.
[[nodiscard]] inline result<text_encoding> encoding_of_label(text_view label) noexcept {
  // The standard's ASCII white space.
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r'; };
  std::size_t begin = 0;
  std::size_t end = label.size();
  while (begin < end && is_space(label[begin])) ++begin;
  while (end > begin && is_space(label[end - 1])) --end;
  label = label.subview(begin, end - begin);

  const auto lower = [](char c) { return static_cast<unsigned char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c); };
  // Less than, equal to or greater than 0, as label is before, at or behind the entry.
  const auto compare = [&](const char* entry) {
    std::size_t i = 0;
    for (; i < label.size() && entry[i] != '\0'; ++i) {
      const int difference = int{lower(label[i])} - int{static_cast<unsigned char>(entry[i])};
      if (difference != 0) return difference;
    }
    if (i < label.size()) return 1;
    return entry[i] == '\0' ? 0 : -1;
  };
  std::size_t first = 0;
  std::size_t last = sizeof detail::encoding_labels / sizeof *detail::encoding_labels;
  while (first < last) {
    const std::size_t middle = first + (last - first) / 2;
    const detail::encoding_label& entry = detail::encoding_labels[middle];
    const int order = compare(entry.label);
    if (order == 0) {
      if (is_decodable(entry.encoding)) return entry.encoding;
      return error{errc::invalid_argument, "encoding label", "an encoding that can be decoded", entry.label};
    }
    if (order < 0) {
      last = middle;
    } else {
      first = middle + 1;
    }
  }
  return error{errc::invalid_argument, "encoding label", "a label of the WHATWG Encoding Standard", "another name"};
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_TEXT_ENCODING_LABELS_HPP

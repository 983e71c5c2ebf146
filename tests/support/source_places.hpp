// SPDX-License-Identifier: Apache-2.0
// tests/support/source_places.hpp -- where the bytes of a decoded text lie in its source, the plain way.
#ifndef ATLAS_TESTS_SUPPORT_SOURCE_PLACES_HPP
#define ATLAS_TESTS_SUPPORT_SOURCE_PLACES_HPP

#include <atlas/text/text_decoder.hpp>

#include "support/encodings.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace support {

/// For each byte of the text, and its end, where it lies in the source, by reading one character after the other.
inline std::vector<std::uint64_t> places_by_characters(const std::string& source, atlas::text_encoding encoding, atlas::bad_bytes policy) {
  atlas::detail::character_reader reader;
  REQUIRE(reader.open(encoding).ok());
  std::vector<std::uint64_t> places;
  std::size_t waiting = 0;  // where an escape sequence began that no character followed yet
  for (std::size_t at = 0; at < source.size();) {
    const auto read = reader.read(source, at, true);
    std::size_t written = 0;
    for (std::size_t i = 0; i < read.count; ++i) written += utf8_of(read.code_points[i]).size();
    const bool passed = read.what == atlas::detail::reading::bad && policy == atlas::bad_bytes::pass;
    if (read.what == atlas::detail::reading::bad) written = passed ? read.length_bytes : 3;
    for (std::size_t i = 0; i < written; ++i) places.push_back(i == 0 ? waiting : passed ? at + i : at);
    at += read.length_bytes;
    if (written != 0) waiting = at;
  }
  places.push_back(waiting);
  return places;
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_SOURCE_PLACES_HPP

// SPDX-License-Identifier: Apache-2.0
// c_api/encodings.hpp -- numbers of a caller's that stand for encodings, and for what becomes of bad bytes.
//
// Room:      reading and refusing them.
// Depends:   text, c_api/arguments.hpp.
// Threads:   pure.
#ifndef ATLAS_C_API_ENCODINGS_HPP
#define ATLAS_C_API_ENCODINGS_HPP

#include "arguments.hpp"

#include <atlas/text.hpp>  // text_encoding, bad_bytes, is_decodable

namespace atlas::c_api {

[[nodiscard]] inline result<text_encoding> read_encoding(std::int32_t number, const char* field) noexcept {
  if (number < 0 || number > 255 || !is_decodable(static_cast<text_encoding>(number))) {
    return no_such(field, "one of ATLAS_ENCODING_ that can be decoded", number);
  }
  return static_cast<text_encoding>(number);
}
/// The same, or ATLAS_ENCODING_UNKNOWN.
[[nodiscard]] inline result<text_encoding> read_encoding_or_unknown(std::int32_t number, const char* field) noexcept {
  if (number == ATLAS_ENCODING_UNKNOWN) return text_encoding::unknown;
  return read_encoding(number, field);
}

[[nodiscard]] inline result<bad_bytes> read_bad_bytes(std::int32_t number, const char* field) noexcept {
  if (number < ATLAS_BAD_BYTES_REFUSE || number > ATLAS_BAD_BYTES_PASS) return no_such(field, "one of ATLAS_BAD_BYTES_", number);
  return static_cast<bad_bytes>(number);
}

}  // namespace atlas::c_api

#endif  // ATLAS_C_API_ENCODINGS_HPP

// SPDX-License-Identifier: Apache-2.0
// tests/support/error_line.hpp -- an error as the line a person reads.
#ifndef ATLAS_TESTS_SUPPORT_ERROR_LINE_HPP
#define ATLAS_TESTS_SUPPORT_ERROR_LINE_HPP

#include <atlas/core/result.hpp>

#include <string>

namespace support {

/// "" for success.
template <class Value>
std::string error_line(const atlas::result<Value>& answer) {
  if (answer.ok()) return {};
  char text[512];
  atlas::describe(answer.error(), text, sizeof text);
  return text;
}

/// Whether a call failed in just this way.
template <class Value>
bool failed_as(const atlas::result<Value>& answer, atlas::errc code) {
  return !answer.ok() && answer.error() == code;
}

/// Whether the line says both what was expected and what was found.
template <class Value>
bool says_both(const atlas::result<Value>& answer) {
  const std::string line = error_line(answer);
  return line.find("expected ") != std::string::npos && line.find("found ") != std::string::npos;
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_ERROR_LINE_HPP

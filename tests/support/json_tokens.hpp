// SPDX-License-Identifier: Apache-2.0
// tests/support/json_tokens.hpp -- the tokens of a JSON text that is known to be well formed, for conformance data.
#ifndef ATLAS_TESTS_SUPPORT_JSON_TOKENS_HPP
#define ATLAS_TESTS_SUPPORT_JSON_TOKENS_HPP

#include <atlas/text/utf8.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace support {

/// One token: a string with its escapes undone, a number, or one of [ ] { } : , as `kind`.
struct json_token {
  char kind = '\0';  ///< '"' a string, '0' a number, '\0' the end
  std::string text;
  std::uint64_t number = 0;
};

/// Reads tokens one after the other; numbers are whole and not negative, words are none.
class json_tokens {
 public:
  explicit json_tokens(const std::string& text) : text_(text) {}

  json_token next() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t')) ++at_;
    json_token token;
    if (at_ == text_.size()) return token;
    token.kind = text_[at_];
    if (token.kind == '"') {
      ++at_;
      while (at_ < text_.size() && text_[at_] != '"') add_character(token.text);
      ++at_;
    } else if (token.kind >= '0' && token.kind <= '9') {
      token.kind = '0';
      for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
        token.number = token.number * 10 + static_cast<std::uint64_t>(text_[at_] - '0');
      }
    } else {
      ++at_;
    }
    return token;
  }

 private:
  char32_t four_digits() {
    const std::string digits = text_.substr(at_, 4);
    at_ += 4;
    return static_cast<char32_t>(std::strtoul(digits.c_str(), nullptr, 16));
  }

  void add_character(std::string& to) {
    if (text_[at_] != '\\') {
      to += text_[at_++];
      return;
    }
    const char escaped = at_ + 1 < text_.size() ? text_[at_ + 1] : '"';
    at_ += 2;
    if (escaped != 'u') {
      to += escaped == 'n' ? '\n' : escaped == 't' ? '\t' : escaped == 'r' ? '\r' : escaped == 'b' ? '\b' : escaped == 'f' ? '\f' : escaped;
      return;
    }
    char32_t c = four_digits();
    if (c >= 0xD800U && c <= 0xDBFFU) {
      at_ += 2;
      c = 0x10000U + ((c - 0xD800U) << 10) + (four_digits() - 0xDC00U);
    }
    char bytes[4];
    to.append(bytes, atlas::encode_one(c, bytes));
  }

  const std::string& text_;
  std::size_t at_ = 0;
};

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_JSON_TOKENS_HPP

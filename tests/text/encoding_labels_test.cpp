// SPDX-License-Identifier: Apache-2.0
// tests/text/encoding_labels_test.cpp -- mirrors include/atlas/text/encoding_labels.hpp, label_table.hpp and text_encoding.hpp.
#include <atlas/text/encoding_labels.hpp>  // first, so that a missing include in it fails here

#include "support/encodings.hpp"
#include "support/error_line.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

TEST_SUITE("text") {
  TEST_CASE("encoding_of_label: the name of every encoding leads back to it, and no two have one name") {
    std::set<std::string> names;
    for (const auto encoding : support::all_encodings()) {
      CAPTURE(std::string(atlas::name(encoding)));
      const auto found = atlas::encoding_of_label(atlas::name(encoding));
      REQUIRE(found.ok());
      CHECK(*found == encoding);
      CHECK(names.insert(atlas::name(encoding)).second);
    }
    CHECK(names.size() == 5 + 30 + 7);
  }

  TEST_CASE("encoding_of_label: every label of the table is found, in capitals and between white space too") {
    std::size_t refused = 0;
    std::string before;
    for (const auto& entry : atlas::detail::encoding_labels) {
      CAPTURE(std::string(entry.label));
      CHECK(before < entry.label);
      before = entry.label;
      std::string label = entry.label;
      for (char& c : label) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
      const auto found = atlas::encoding_of_label(" \t\n\f\r" + label + "\r\f\n\t ");
      if (entry.encoding == atlas::text_encoding::unknown) {
        CHECK(support::failed_as(found, atlas::errc::invalid_argument));
        CHECK(support::says_both(found));
        ++refused;
      } else {
        REQUIRE(found.ok());
        CHECK(*found == entry.encoding);
      }
    }
    CHECK(refused == 6);
  }

  TEST_CASE("encoding_of_label: the standard's supersets, and other spellings") {
    using enum atlas::text_encoding;
    const struct {
      const char* label;
      atlas::text_encoding encoding;
    } known[] = {{"latin1", windows_1252}, {"ISO-8859-1", windows_1252}, {"ascii", windows_1252}, {"iso-8859-9", windows_1254},
                 {"tis-620", windows_874}, {"sjis", shift_jis}, {"gb2312", gbk}, {"ks_c_5601-1987", euc_kr}, {"utf8", utf8},
                 {"utf-16", utf16_le}, {"utf-32", utf32_le}, {"cp855", ibm855}, {"big5-hkscs", big5}, {"koi8-ru", koi8_u}};
    for (const auto& one : known) {
      CAPTURE(std::string(one.label));
      CHECK(atlas::encoding_of_label(one.label).value() == one.encoding);
    }
  }

  TEST_CASE("encoding_of_label: what is no label is refused") {
    for (const std::string label : {"", " ", "utf", "utf-88", "latin1x", "zzz", "unknown encoding", "binary data", "utf-8\xFF"}) {
      CAPTURE(label);
      CHECK(support::failed_as(atlas::encoding_of_label(label), atlas::errc::invalid_argument));
    }
    CHECK(support::failed_as(atlas::encoding_of_label(std::string("utf-8\0", 6)), atlas::errc::invalid_argument));
  }

  TEST_CASE("text_encoding: each number is of one kind") {
    for (int i = 0; i < 256; ++i) {
      const auto encoding = static_cast<atlas::text_encoding>(i);
      const int kinds = (encoding == atlas::text_encoding::utf8) + atlas::is_wide(encoding) + atlas::is_single_byte(encoding) +
                        atlas::is_multibyte(encoding);
      CAPTURE(i);
      CHECK(kinds == (atlas::is_decodable(encoding) ? 1 : 0));
      if (!atlas::is_decodable(encoding) && encoding != atlas::text_encoding::binary) {
        CHECK(std::string(atlas::name(encoding)) == "unknown encoding");
      }
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// tests/chunk/semantic_pieces_test.cpp -- mirrors include/atlas/chunk/semantic_pieces.hpp.
#include <atlas/chunk/semantic_pieces.hpp>  // first, so that a missing include in it fails here

#include <doctest/doctest.h>

#include <string>
#include <vector>

TEST_SUITE("semantic_pieces") {
  TEST_CASE("pieces are sentences with what is white behind them, and long ones are cut") {
    const auto pieces = [](const std::string& text) {
      std::vector<std::string> out;
      for (std::size_t at = 0; at < text.size();) {
        const auto piece = atlas::detail::end_of_piece(atlas::text_view(text).subview(at, text.size() - at), true);
        out.push_back(text.substr(at, piece.bytes));
        at += piece.bytes;
      }
      return out;
    };
    using strings = std::vector<std::string>;
    CHECK(pieces("One sentence. Mr. Smith's.\n\n \nAnother") == strings{"One sentence. ", "Mr. Smith's.\n\n \n", "Another"});
    CHECK(pieces(" \n\nFirst. \n") == strings{" \n\nFirst. \n"});
    CHECK(pieces(std::string(2000, 'x')) == strings{std::string(1024, 'x'), std::string(976, 'x')});
    CHECK(atlas::detail::end_of_piece("Not known yet. But", false).bytes == 0);
  }
}

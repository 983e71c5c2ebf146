// SPDX-License-Identifier: Apache-2.0
// tests/chunk_test.cpp -- mirrors include/atlas/chunk.hpp.
#include <atlas/chunk.hpp>  // first, so that a missing include in it fails here

#include "support/error_line.hpp"

#include <doctest/doctest.h>

#include <string>

TEST_SUITE("chunk facade") {
  TEST_CASE("chunk_text: gives what the chunker gives, in order") {
    const std::string text = "One sentence here. Another there.\n\n# A heading\n\nA second paragraph, which is longer than the first one.";
    const atlas::chunker_options options{.size = 30, .overlap = 10};
    auto chunker = atlas::chunker<atlas::markdown_rule, atlas::byte_sizer>::create(options).value();
    chunker.read(text);
    std::size_t count = 0;
    const auto check = [&](const atlas::chunk_view& got) {
      atlas::chunk_view want;
      REQUIRE(chunker.next(want).value());
      CHECK(got.byte_begin == want.byte_begin);
      CHECK(got.byte_end == want.byte_end);
      CHECK(got.id == want.id);
      ++count;
      return true;
    };
    const atlas::status done = atlas::chunk_text<atlas::markdown_rule, atlas::byte_sizer>(text, options, check);
    CHECK(done.ok());
    CHECK(count > 3);
    atlas::chunk_view none;
    CHECK_FALSE(chunker.next(none).value());
  }

  TEST_CASE("chunk_text: an empty text has no chunks") {
    CHECK(atlas::chunk_text({}, {}, [](const atlas::chunk_view&) { return false; }).ok());
  }

  TEST_CASE("chunk_text: the sink stops it") {
    int calls = 0;
    const atlas::status done = atlas::chunk_text("one two three four", {.size = 4}, [&](const atlas::chunk_view&) { return ++calls < 2; });
    CHECK(support::failed_as(done, atlas::errc::cancelled));
    CHECK(calls == 2);
  }

  TEST_CASE("chunk_text: bad options call no sink") {
    bool called = false;
    const atlas::status done = atlas::chunk_text("text", {.size = 10, .overlap = 10}, [&](const atlas::chunk_view&) { return called = true; });
    CHECK(support::failed_as(done, atlas::errc::invalid_argument));
    CHECK_FALSE(called);
  }
}

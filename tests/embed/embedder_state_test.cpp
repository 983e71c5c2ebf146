// SPDX-License-Identifier: Apache-2.0
// tests/embed/embedder_state_test.cpp -- mirrors include/atlas/embed/embedder_state.hpp.
#include <atlas/embed/embedder_state.hpp>  // first, so that a missing include in it fails here

#include <atlas/embed/hashing_embedder.hpp>

#include "support/error_line.hpp"
#include "support/texts.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <string>
#include <vector>

namespace {

using atlas::hashing_embedder;
using atlas::hashing_options;
using bytes = std::vector<std::byte>;
using header = atlas::detail::embedder_state_header;

hashing_embedder learned(std::size_t texts, const hashing_options& options) {
  hashing_embedder model = hashing_embedder::create(options).value();
  for (std::size_t i = 0; i < texts; ++i) {
    const std::string text = support::random_text(i, 50) + " number" + std::to_string(i);
    const atlas::text_view view(text);
    model.learn({&view, 1}).value();
  }
  model.freeze();
  return model;
}
bytes saved(const hashing_embedder& model) {
  atlas::buffer<std::byte> out;
  model.save_state(out).value();
  return {out.begin(), out.end()};
}
std::vector<float> embed(const hashing_embedder& model, const std::string& text) {
  std::vector<float> out(model.dimension());
  const atlas::text_view view(text);
  model.embed({&view, 1}, out.data()).value();
  return out;
}
/// The state with another header, its checksum made right again.
bytes with_header(bytes state, const header& changed) {
  header fixed = changed;
  fixed.checksum = atlas::detail::checksum_of(changed, state.data() + sizeof(header), state.size() - sizeof(header));
  std::memcpy(state.data(), &fixed, sizeof fixed);
  return state;
}
header header_of(const bytes& state) {
  header out;
  std::memcpy(&out, state.data(), sizeof out);
  return out;
}
void refused(const bytes& state, atlas::errc code, const char* field) {
  const auto opened = hashing_embedder::open_state(state);
  CHECK(support::failed_as(opened, code));
  CHECK(support::says_both(opened));
  CAPTURE(support::error_line(opened));
  CHECK(support::error_line(opened).find(field) != std::string::npos);
}

}  // namespace

TEST_SUITE("embed") {
  TEST_CASE("save_state, open_state: the opened embedder gives the same vectors, sparse or dense") {
    for (const std::size_t texts : {0U, 3U, 300U}) {
      for (const std::size_t buckets : {256U, 1U << 16}) {
        CAPTURE(texts);
        CAPTURE(buckets);
        const hashing_options options{.dimension = 100, .frequency_buckets = buckets, .seed = 9, .word_weight = 2.0F,
                                      .pair_weight = 0.25F, .gram_weight = 0.75F, .gram_length = 5};
        const hashing_embedder model = learned(texts, options);
        const bytes state = saved(model);
        if (texts == 300) CHECK(header_of(state).sparse == (buckets == 256 ? 0 : 1));
        const auto opened = hashing_embedder::open_state(state);
        REQUIRE(opened.ok());
        CHECK(opened->is_frozen());
        CHECK(opened->texts() == texts);
        CHECK(opened->dimension() == 100);
        CHECK(opened->options().seed == 9);
        for (std::uint64_t seed = 0; seed < 20; ++seed) {
          const std::string text = support::random_text(seed, 40);
          CHECK(embed(*opened, text) == embed(model, text));
        }
        CHECK(saved(*opened) == state);
      }
    }
  }

  TEST_CASE("save_state: what is not frozen is not saved") {
    const hashing_embedder model = hashing_embedder::create().value();
    atlas::buffer<std::byte> out;
    CHECK(support::failed_as(model.save_state(out), atlas::errc::read_only));
    CHECK(out.empty());
  }

  TEST_CASE("open_state: cut at any byte, or with one more, it is refused") {
    const bytes state = saved(learned(2, {.dimension = 16, .frequency_buckets = 256}));
    REQUIRE(hashing_embedder::open_state(state).ok());
    for (std::size_t size = 0; size < state.size(); ++size) {
      const bytes cut(state.begin(), state.begin() + static_cast<std::ptrdiff_t>(size));
      REQUIRE(support::failed_as(hashing_embedder::open_state(cut), atlas::errc::corrupt_file));
    }
    bytes longer = state;
    longer.push_back(std::byte{0});
    refused(longer, atlas::errc::corrupt_file, "size_bytes");
    refused({}, atlas::errc::corrupt_file, "size_bytes");
  }

  TEST_CASE("open_state: a flipped bit anywhere is refused") {
    const bytes state = saved(learned(2, {.dimension = 16, .frequency_buckets = 256}));
    for (std::size_t i = 0; i < state.size(); ++i) {
      for (unsigned bit = 0; bit < 8; ++bit) {
        bytes bad = state;
        bad[i] ^= static_cast<std::byte>(1U << bit);
        REQUIRE_FALSE(hashing_embedder::open_state(bad).ok());
      }
    }
  }

  TEST_CASE("open_state: fields that no embedder writes are refused by name, though the checksum is right") {
    const bytes state = saved(learned(2, {.dimension = 16, .frequency_buckets = 256}));
    const header good = header_of(state);
    REQUIRE(good.sparse == 1);
    REQUIRE(hashing_embedder::open_state(with_header(state, good)).ok());
    const auto changed = [&](auto change) {
      header bad = good;
      change(bad);
      return with_header(state, bad);
    };
    refused(changed([](header& h) { h.magic ^= 1; }), atlas::errc::corrupt_file, "magic");
    refused(changed([](header& h) { h.version = 2; }), atlas::errc::unsupported_version, "version");
    refused(changed([](header& h) { h.dimension = 0; }), atlas::errc::corrupt_file, "dimension");
    refused(changed([](header& h) { h.dimension = 70'000; }), atlas::errc::corrupt_file, "dimension");
    refused(changed([](header& h) { h.frequency_buckets = 300; }), atlas::errc::corrupt_file, "frequency_buckets");
    refused(changed([](header& h) { h.frequency_buckets = 1U << 31; }), atlas::errc::corrupt_file, "frequency_buckets");
    refused(changed([](header& h) { h.gram_length = 99; }), atlas::errc::corrupt_file, "gram_length");
    refused(changed([](header& h) { h.word_weight = -1.0F; }), atlas::errc::corrupt_file, "weights");
    refused(changed([](header& h) { h.sparse = 2; }), atlas::errc::corrupt_file, "sparse");
    refused(changed([](header& h) { h.sparse = 0; }), atlas::errc::corrupt_file, "entry_count");
    refused(changed([](header& h) { h.entry_count = ~std::uint64_t{0}; }), atlas::errc::corrupt_file, "entry_count");
    refused(changed([](header& h) { h.entry_count += 1; }), atlas::errc::corrupt_file, "size_bytes");
    bytes wrong_sum = state;
    wrong_sum[8] ^= std::byte{1};
    refused(wrong_sum, atlas::errc::corrupt_file, "checksum");
  }

  TEST_CASE("open_state: sparse entries out of order, repeated, or past the table are refused") {
    const bytes state = saved(learned(2, {.dimension = 16, .frequency_buckets = 256}));
    const auto with_bucket = [&](std::size_t entry, std::uint32_t bucket) {
      bytes bad = state;
      std::memcpy(bad.data() + sizeof(header) + entry * 8, &bucket, sizeof bucket);
      return with_header(bad, header_of(state));
    };
    std::uint32_t first = 0;
    std::memcpy(&first, state.data() + sizeof(header), sizeof first);
    refused(with_bucket(1, first), atlas::errc::corrupt_file, "bucket");
    refused(with_bucket(0, 255), atlas::errc::corrupt_file, "bucket");
    refused(with_bucket(0, 256), atlas::errc::corrupt_file, "bucket");
    refused(with_bucket(header_of(state).entry_count - 1, 0xFFFFFFFFU), atlas::errc::corrupt_file, "bucket");
  }

  TEST_CASE("open_state: counts that cannot be, above the number of texts, still give finite vectors") {
    const bytes state = saved(learned(20, {.dimension = 16, .frequency_buckets = 256}));
    for (const std::uint64_t texts : {std::uint64_t{0}, std::uint64_t{1}, ~std::uint64_t{0}}) {
      header odd = header_of(state);
      odd.texts = texts;
      const auto opened = hashing_embedder::open_state(with_header(state, odd));
      REQUIRE(opened.ok());
      for (const float x : embed(*opened, "some number1 words here")) CHECK(x == x);
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// include/atlas/embed/embedder_state.hpp -- a hashing embedder as bytes.
//
// Room:      the layout, writing it, and reading it from bytes that nobody vouches for.
// Not here:  the embedder (embed/hashing_embedder.hpp).
// Depends:   embed/hashing_options.hpp, embed/document_frequencies.hpp, core.
//
// Layout, little-endian: a header of 64 bytes, then `entry_count` entries, nothing behind. `sparse` entries are
// pairs of uint32 (bucket, count) with buckets ascending and counts above zero; dense ones are a uint32 count
// for each bucket. `checksum` is the XXH3-64 of everything with the checksum's own 8 bytes zero.
#ifndef ATLAS_EMBED_EMBEDDER_STATE_HPP
#define ATLAS_EMBED_EMBEDDER_STATE_HPP

#include <atlas/core/hash.hpp>                   // hash_stream
#include <atlas/core/span.hpp>                   // span
#include <atlas/embed/document_frequencies.hpp>  // document_frequencies
#include <atlas/embed/hashing_options.hpp>       // hashing_options

namespace atlas { inline namespace ATLAS_ABI {

namespace detail {

inline constexpr std::uint32_t embedder_state_magic = 0x45484C41;  // "ALHE" in memory
inline constexpr std::uint16_t embedder_state_version = 1;

struct embedder_state_header {
  std::uint32_t magic = embedder_state_magic;
  std::uint16_t version = embedder_state_version;
  std::uint16_t sparse = 0;  ///< 0 or 1
  std::uint64_t checksum = 0;
  std::uint64_t seed = 0;
  std::uint64_t texts = 0;
  std::uint64_t entry_count = 0;
  std::uint32_t dimension = 0;
  std::uint32_t frequency_buckets = 0;
  float word_weight = 0;
  float pair_weight = 0;
  float gram_weight = 0;
  std::uint32_t gram_length = 0;
};
static_assert(sizeof(embedder_state_header) == 64);

[[nodiscard]] inline std::uint64_t checksum_of(embedder_state_header header, const std::byte* entries,
                                               std::size_t size_bytes) noexcept {
  header.checksum = 0;
  hash_stream stream;
  stream.update(&header, sizeof header);
  stream.update(entries, size_bytes);
  return stream.digest();
}

/// Replaces `out` by the state.
[[nodiscard]] inline status write_embedder_state(const hashing_options& options,
                                                 const document_frequencies& frequencies,
                                                 buffer<std::byte>& out) noexcept {
  std::size_t used = 0;
  for (std::size_t bucket = 0; bucket < frequencies.buckets(); ++bucket) used += frequencies.count(bucket) != 0;
  const bool sparse = used < frequencies.buckets() / 2;

  embedder_state_header header;
  header.sparse = sparse ? 1 : 0;
  header.seed = options.seed;
  header.texts = frequencies.texts();
  header.entry_count = sparse ? used : frequencies.buckets();
  header.dimension = static_cast<std::uint32_t>(options.dimension);
  header.frequency_buckets = static_cast<std::uint32_t>(options.frequency_buckets);
  header.word_weight = options.word_weight;
  header.pair_weight = options.pair_weight;
  header.gram_weight = options.gram_weight;
  header.gram_length = options.gram_length;

  const std::size_t entry_bytes = (sparse ? 8 : 4) * static_cast<std::size_t>(header.entry_count);
  if (status s = out.resize(sizeof header + entry_bytes); !s.ok()) return s;
  std::byte* const entries = out.data() + sizeof header;
  std::byte* at = entries;
  for (std::size_t bucket = 0; bucket < frequencies.buckets(); ++bucket) {
    const std::uint32_t count = frequencies.count(bucket);
    if (sparse && count == 0) continue;
    if (sparse) {
      store_unaligned(at, static_cast<std::uint32_t>(bucket));
      at += sizeof(std::uint32_t);
    }
    store_unaligned(at, count);
    at += sizeof(std::uint32_t);
  }
  header.checksum = checksum_of(header, entries, entry_bytes);
  store_unaligned(out.data(), header);
  return {};
}

/// Checks the bytes and fills both outputs from them. Allocates at most what the options' largest table takes, 64 MiB.
///
/// @return  errc::corrupt_file, errc::unsupported_version, errc::no_memory; the outputs then hold anything
[[nodiscard]] inline status read_embedder_state(span<const std::byte> bytes, hashing_options& options,
                                                document_frequencies& frequencies) noexcept {
  using header_type = embedder_state_header;
  if (bytes.size() < sizeof(header_type)) {
    return error{errc::corrupt_file, "embedder.size_bytes", sizeof(header_type), bytes.size()};
  }
  const auto header = load_unaligned<header_type>(bytes.data());
  if (header.magic != embedder_state_magic) {
    return error{errc::corrupt_file, "embedder.magic", embedder_state_magic, header.magic};
  }
  if (header.version != embedder_state_version) {
    return error{errc::unsupported_version, "embedder.version", embedder_state_version, header.version};
  }
  options.dimension = header.dimension;
  options.frequency_buckets = header.frequency_buckets;
  options.seed = header.seed;
  options.word_weight = header.word_weight;
  options.pair_weight = header.pair_weight;
  options.gram_weight = header.gram_weight;
  options.gram_length = header.gram_length;
  if (status checked = check(options); !checked.ok()) {
    error why = checked.error();
    why.code = errc::corrupt_file;
    return why;
  }
  if (header.sparse > 1) return error{errc::corrupt_file, "embedder.sparse", "0 or 1", header.sparse};
  const bool sparse = header.sparse == 1;
  if (sparse ? header.entry_count > header.frequency_buckets : header.entry_count != header.frequency_buckets) {
    return error{errc::corrupt_file, "embedder.entry_count", header.frequency_buckets, header.entry_count};
  }
  const std::size_t entry_bytes = (sparse ? 8 : 4) * static_cast<std::size_t>(header.entry_count);
  if (bytes.size() - sizeof header != entry_bytes) {
    return error{errc::corrupt_file, "embedder.size_bytes", sizeof header + entry_bytes, bytes.size()};
  }
  const std::byte* const entries = bytes.data() + sizeof header;
  if (checksum_of(header, entries, entry_bytes) != header.checksum) {
    return error{errc::corrupt_file, "embedder.checksum", "that of the bytes", "another"};
  }

  result<document_frequencies> made = document_frequencies::create(options.frequency_buckets);
  if (!made.ok()) return made.error();
  frequencies = static_cast<document_frequencies&&>(*made);
  frequencies.set_texts(header.texts);
  std::uint64_t next_bucket = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(header.entry_count); ++i) {
    if (!sparse) {
      frequencies.set_count(i, load_unaligned<std::uint32_t>(entries + i * 4));
      continue;
    }
    const auto bucket = load_unaligned<std::uint32_t>(entries + i * 8);
    if (bucket < next_bucket || bucket >= header.frequency_buckets) {
      return error{errc::corrupt_file, "embedder.bucket", "ascending buckets", bucket};
    }
    next_bucket = std::uint64_t{bucket} + 1;
    frequencies.set_count(bucket, load_unaligned<std::uint32_t>(entries + i * 8 + 4));
  }
  return {};
}

}  // namespace detail

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_EMBED_EMBEDDER_STATE_HPP

// SPDX-License-Identifier: Apache-2.0
// include/atlas/storage/file_header.hpp -- the first 4096 bytes of every file: magic, version, section table.
//
// Room:      the layout, its checksum, and the one check that any 4096 bytes must pass.
// Not here:  reading (storage/file_reader.hpp), writing (storage/file_writer.hpp), what a kind keeps in
//            `parameters` and in its sections (the kind's own header).
// Depends:   core.
// Threads:   plain values; every function is pure.
#ifndef ATLAS_STORAGE_FILE_HEADER_HPP
#define ATLAS_STORAGE_FILE_HEADER_HPP

#include <atlas/core/hash.hpp>    // hash_stream
#include <atlas/core/result.hpp>  // status

namespace atlas { inline namespace ATLAS_ABI {

/// What the file holds. Stored: numbers are never reused.
enum class file_kind : std::uint16_t {
  flat = 1,
  hnsw = 2,
  ivf_pq = 3,
};

// Like PNG's: the high bit catches 7-bit channels, CR LF catches newline translation.
inline constexpr unsigned char file_magic[8] = {0x89, 'A', 'T', 'L', 'A', 'S', 0x0D, 0x0A};
inline constexpr std::uint32_t file_byte_order = 0x01020304;
inline constexpr std::uint16_t file_version_major = 1;  ///< grows when an older reader must refuse
inline constexpr std::uint16_t file_version_minor = 0;  ///< grows when an older reader may go on
inline constexpr std::uint32_t file_header_bytes = 4096;
inline constexpr std::uint32_t most_sections = 48;

inline constexpr std::uint32_t section_required = 1;  ///< a reader that does not know the id must refuse the file
inline constexpr std::uint32_t section_growable = 2;  ///< starts at a multiple of growable_alignment
inline constexpr std::uint64_t section_alignment = 64;
inline constexpr std::uint64_t growable_alignment = std::uint64_t{64} << 10;  ///< so that it can be mapped by itself

/// Where one section lies. 64 bytes. Ids: 0x100.. the index, 0x200.. the folder, 0x300.. the embedder.
struct section_entry {
  std::uint32_t id;
  std::uint32_t flags;          ///< section_required, section_growable; others are 0
  std::uint64_t offset;         ///< bytes from the start of the file
  std::uint64_t length_bytes;   ///< a multiple of element_bytes
  std::uint32_t element_bytes;  ///< >= 1
  std::uint32_t reserved0;      ///< 0
  std::uint64_t checksum;       ///< XXH3-64 of its length_bytes bytes
  std::uint64_t reserved1[3];   ///< 0
};

/// The header page as it lies in the file, little-endian. Entries [0, section_count) of the table are in
/// the order of their offsets; bytes that are not named here are 0.
struct file_header {
  unsigned char magic[8];           ///< file_magic
  std::uint32_t byte_order;         ///< file_byte_order
  std::uint16_t version_major;
  std::uint16_t version_minor;
  std::uint32_t header_bytes;       ///< file_header_bytes
  file_kind kind;
  std::uint8_t scalar;              ///< distance/scalar.hpp's number
  std::uint8_t metric;              ///< distance/metric.hpp's number
  std::uint32_t dimension;          ///< components a vector
  std::uint32_t section_count;      ///< <= most_sections
  std::uint64_t count;              ///< live vectors
  std::uint64_t rows;               ///< slots, removed ones too
  std::uint64_t file_bytes;         ///< the file's size
  std::uint64_t checksum;           ///< XXH3-64 of this page with this field 0
  unsigned char parameters[256];    ///< the kind's own
  unsigned char reserved[704];      ///< 0
  section_entry sections[most_sections];
};

static_assert(sizeof(section_entry) == 64 && __is_trivially_copyable(section_entry));
static_assert(offsetof(section_entry, id) == 0 && offsetof(section_entry, flags) == 4);
static_assert(offsetof(section_entry, offset) == 8 && offsetof(section_entry, length_bytes) == 16);
static_assert(offsetof(section_entry, element_bytes) == 24 && offsetof(section_entry, checksum) == 32);
static_assert(sizeof(file_header) == file_header_bytes && __is_trivially_copyable(file_header));
static_assert(offsetof(file_header, byte_order) == 8 && offsetof(file_header, version_major) == 12);
static_assert(offsetof(file_header, version_minor) == 14 && offsetof(file_header, header_bytes) == 16);
static_assert(offsetof(file_header, kind) == 20 && offsetof(file_header, scalar) == 22);
static_assert(offsetof(file_header, metric) == 23 && offsetof(file_header, dimension) == 24);
static_assert(offsetof(file_header, section_count) == 28 && offsetof(file_header, count) == 32);
static_assert(offsetof(file_header, rows) == 40 && offsetof(file_header, file_bytes) == 48);
static_assert(offsetof(file_header, checksum) == 56 && offsetof(file_header, parameters) == 64);
static_assert(offsetof(file_header, reserved) == 320 && offsetof(file_header, sections) == 1024);

/// What `checksum` must be. Cost: one hash of 4096 bytes.
[[nodiscard]] inline std::uint64_t header_checksum(const file_header& header) noexcept {
  const auto* bytes = reinterpret_cast<const unsigned char*>(&header);
  constexpr std::size_t before = offsetof(file_header, checksum);
  constexpr std::size_t after = before + sizeof header.checksum;
  constexpr std::uint64_t zero = 0;
  hash_stream sum;
  sum.update(bytes, before);
  sum.update(&zero, sizeof zero);
  sum.update(bytes + after, sizeof header - after);
  return sum.digest();
}

/// Checks the section table. Errors are errc::corrupt_file; their `row` is the entry's place in the table.
[[nodiscard]] inline status check_sections(const file_header& header) noexcept {
  if (header.section_count > most_sections) {
    return error{errc::corrupt_file, "header.section_count", "at most 48", header.section_count};
  }
  std::uint64_t free_from = file_header_bytes;
  for (std::uint32_t i = 0; i < header.section_count; ++i) {
    const section_entry& entry = header.sections[i];
    const auto corrupt = [&](auto... what) -> error { return error{errc::corrupt_file, what...}.at_row(i); };
    if (entry.offset > header.file_bytes) return corrupt("section.offset", header.file_bytes, entry.offset);
    if (entry.length_bytes > header.file_bytes - entry.offset) {
      return corrupt("section.length_bytes", header.file_bytes - entry.offset, entry.length_bytes);
    }
    if ((entry.flags & section_growable) != 0 && entry.offset % growable_alignment != 0) {
      return corrupt("section.offset", "a multiple of 65536", entry.offset);
    }
    if (entry.offset % section_alignment != 0) return corrupt("section.offset", "a multiple of 64", entry.offset);
    // In order and apart: what an earlier section or the header has cannot be had again.
    if (entry.offset < free_from) return corrupt("section.offset", free_from, entry.offset);
    free_from = entry.offset + entry.length_bytes;
    if (entry.element_bytes == 0) return corrupt("section.element_bytes", "at least 1", std::uint64_t{0});
    if (entry.length_bytes % entry.element_bytes != 0) {
      return corrupt("section.length_bytes", "a multiple of its element_bytes", entry.length_bytes);
    }
    for (std::uint32_t j = 0; j < i; ++j) {
      if (header.sections[j].id == entry.id) return corrupt("section.id", "an id used once", std::uint64_t{entry.id});
    }
  }
  return {};
}

/// Checks a header page, whatever its bytes, against the size of the file it came from. After success every
/// section lies inside the file, aligned, apart from the others, and is a whole number of elements. Nothing is
/// said about kind, scalar, metric, dimension, count, rows and parameters: the kind checks them.
///
/// @param header      any bytes
/// @param size_bytes  the file's size; >= file_header_bytes
/// @return  in this order: errc::not_atlas_file, errc::wrong_byte_order, errc::unsupported_version,
///          errc::corrupt_file (checksum, file size, section table)
[[nodiscard]] inline status check_header(const file_header& header, std::uint64_t size_bytes) noexcept {
  if (std::memcmp(header.magic, file_magic, sizeof file_magic) != 0) {
    return error{errc::not_atlas_file, "header.magic", "89 'ATLAS' 0D 0A", "other bytes"};
  }
  if (header.byte_order != file_byte_order) {
    const bool swapped = header.byte_order == __builtin_bswap32(file_byte_order);
    return error{swapped ? errc::wrong_byte_order : errc::corrupt_file, "header.byte_order", file_byte_order,
                 header.byte_order};
  }
  if (header.version_major != file_version_major) {
    return error{errc::unsupported_version, "header.version_major", file_version_major, header.version_major};
  }
  if (header.header_bytes != file_header_bytes) {
    return error{errc::corrupt_file, "header.header_bytes", file_header_bytes, header.header_bytes};
  }
  if (const std::uint64_t sum = header_checksum(header); sum != header.checksum) {
    return error{errc::corrupt_file, "header.checksum", header.checksum, sum};
  }
  if (header.file_bytes != size_bytes) {
    return error{errc::corrupt_file, "file.size_bytes", header.file_bytes, size_bytes};
  }
  return check_sections(header);
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_STORAGE_FILE_HEADER_HPP

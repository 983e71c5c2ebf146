// SPDX-License-Identifier: Apache-2.0
// tests/fuzz/file_header_fuzz.cpp -- any bytes as an index file: refused, or readable to the last promised byte.
//
// Each input is tried twice: as it is, and with magic, versions, size and checksum made right, so that what is
// changed behind the checksum is reached too. Seeds: tests/fuzz/seeds/file_header (make_file_header_seeds.py).
#include <atlas/storage/file_reader.hpp>
#include <atlas/storage/region.hpp>

#include "support/insist.hpp"

#include <sys/mman.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace {

volatile unsigned sink = 0;

void touch(const std::byte* from, std::uint64_t size_bytes) {
  unsigned sum = 0;
  for (std::uint64_t i = 0; i < size_bytes; ++i) sum += std::to_integer<unsigned>(from[i]);
  sink = sink + sum;
}

// A growable section must be mappable by itself, wherever the table says it lies.
void map_growable(const atlas::file_reader& file, const atlas::section_entry& entry) {
  constexpr std::uint64_t more = 4096;
  auto region = atlas::region::reserve(entry.length_bytes + more, entry.length_bytes + more);
  if (!region.ok()) return;
  support::insist(region->map_front(file.file(), entry.offset, entry.length_bytes).ok(), "a growable section can be mapped");
  support::insist(region->grow(entry.length_bytes + more).ok(), "a region grows to what it reserved");
  const std::byte* bytes = region->data();
  const auto original = file.section(entry.id);
  support::insist(entry.length_bytes == 0 || std::memcmp(bytes, original->data(), entry.length_bytes) == 0, "the same bytes");
  for (std::uint64_t i = 0; i < more; ++i) support::insist(bytes[entry.length_bytes + i] == std::byte{0}, "zeros follow");
}

void read_file(const char* path, std::uint64_t size_bytes) {
  const auto file = atlas::file_reader::open(path);
  if (!file.ok()) {
    char line[512];
    support::insist(atlas::describe(file.error(), line, sizeof line) < sizeof line, "an error has a line");
    return;
  }
  support::insist(file->header().file_bytes == size_bytes, "the size is the file's");
  support::insist(file->sections().size() <= atlas::most_sections, "at most 48 sections");
  std::uint64_t end = atlas::file_header_bytes;
  for (const atlas::section_entry& entry : file->sections()) {
    const auto section = file->section(entry.id);
    support::insist(section.ok() && file->has(entry.id) && file->find(entry.id) == &entry, "ids are used once");
    support::insist(entry.offset >= end && entry.offset % 64 == 0, "sections lie apart and aligned");
    end = entry.offset + section->size();
    support::insist(end >= entry.offset && end <= size_bytes, "sections lie in the file");
    support::insist(section->size() % entry.element_bytes == 0, "whole elements");
    touch(section->data(), section->size());
    if ((entry.flags & atlas::section_growable) != 0) map_growable(*file, entry);
  }
  const std::uint32_t known[] = {0x100, 0x101};
  sink = sink + (file->require_known(known).ok() ? 1U : 0U) + (file->verify().ok() ? 1U : 0U);
}

void read_bytes(const std::vector<std::uint8_t>& bytes) {
  // A file without a disk. Its size is exact, so a read past its last page ends the process.
  const int file = ::memfd_create("fuzz", MFD_CLOEXEC);
  if (file < 0) std::abort();
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t put = ::write(file, bytes.data() + done, bytes.size() - done);
    if (put <= 0) std::abort();
    done += static_cast<std::size_t>(put);
  }
  char path[64];
  std::snprintf(path, sizeof path, "/proc/self/fd/%d", file);
  read_file(path, bytes.size());
  ::close(file);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::uint8_t> bytes(data, data + size);
  read_bytes(bytes);
  if (size < sizeof(atlas::file_header)) return 0;
  atlas::file_header header;
  std::memcpy(static_cast<void*>(&header), data, sizeof header);
  std::memcpy(header.magic, atlas::file_magic, sizeof header.magic);
  header.byte_order = atlas::file_byte_order;
  header.version_major = atlas::file_version_major;
  header.header_bytes = atlas::file_header_bytes;
  header.file_bytes = size;
  header.checksum = atlas::header_checksum(header);
  std::memcpy(bytes.data(), &header, sizeof header);
  read_bytes(bytes);
  return 0;
}

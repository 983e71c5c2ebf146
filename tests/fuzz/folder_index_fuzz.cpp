// SPDX-License-Identifier: Apache-2.0
// tests/fuzz/folder_index_fuzz.cpp -- a folder index with any bytes in its tables: an error or a wrong answer, no more.
//
// An input is a list of changes to a small valid index: which section (1 byte), where (2 bytes, modulo its length),
// how many bytes (1 byte), and these bytes. Seeds: tests/fuzz/seeds/folder_index.
#include <atlas/folder.hpp>

#include "support/scratch_folder.hpp"

#include <sys/mman.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

volatile unsigned sink = 0;

std::string make_index() {
  const support::scratch_folder folder;
  folder.write("docs/cats.txt", "Cats sleep most of the day.\n\nA cat purrs when it is content.\n");
  folder.write("docs/below/baking.md", "# Bread\n\nKnead the dough and let it rise.\n\n## Oven\n\nThen bake the loaf in a hot oven.\n");
  folder.write("docs/sailing.txt", "Hoist the mainsail and steer the boat into the wind before tacking.\n");
  atlas::folder_options options;
  options.chunks.size = 60;
  options.hashing.dimension = 16;
  options.hashing.frequency_buckets = 256;
  options.threads = 1;
  const auto built = atlas::folder_index::build(folder.path("docs").c_str(), folder.path("a").c_str(), options);
  if (!built.ok()) std::abort();
  return support::read_whole(folder.path("a"));
}

void apply(const std::uint8_t* data, std::size_t size_bytes, std::string& index) {
  atlas::file_header header;
  std::memcpy(&header, index.data(), sizeof header);
  while (size_bytes >= 4) {
    const atlas::section_entry& entry = header.sections[data[0] % header.section_count];
    std::uint64_t at = data[1] | (static_cast<std::uint64_t>(data[2]) << 8);
    std::size_t count = data[3];
    data += 4;
    size_bytes -= 4;
    if (count > size_bytes) count = size_bytes;
    for (std::size_t i = 0; i < count && entry.length_bytes != 0; ++i, ++at) {
      index[static_cast<std::size_t>(entry.offset + at % entry.length_bytes)] = static_cast<char>(data[i]);
    }
    data += count;
    size_bytes -= count;
  }
}

void use(const char* path, atlas::open_mode mode) {
  auto index = atlas::folder_index::open(path, {.mode = mode});
  if (!index.ok()) return;
  atlas::folder_hit hits[4];
  const auto look = [&] {
    const auto found = index->search("a cat bakes bread in a boat", hits);
    if (!found.ok()) return;
    unsigned sum = 0;
    for (std::size_t i = 0; i < *found; ++i) {
      for (const char c : hits[i].path) sum += static_cast<unsigned char>(c);
      for (const char c : hits[i].text) sum += static_cast<unsigned char>(c);
      for (const atlas::text_view title : hits[i].headings) {
        for (const char c : title) sum += static_cast<unsigned char>(c);
      }
      sum += static_cast<unsigned>(atlas::snippet(hits[i].text, "cat bread", 20).size());
    }
    sink = sink + sum;
  };
  look();
  if (mode == atlas::open_mode::read) {
    // What an update takes over of it.
    const auto known = atlas::known_chunks::create(index->documents(), index->vectors());
    if (known.ok() && index->documents().chunk_count() != 0) {
      const std::uint64_t key = known->find(index->documents().chunk_at(0).id);
      float vector[16] = {};
      if (key != atlas::known_chunks::none && index->dimension() == 16) sink = sink + (known->vector(key, vector).ok() ? 1U : 0U);
    }
    return;
  }
  static_cast<void>(index->remove_document("sailing.txt"));
  static_cast<void>(index->add_document("new.txt", "A new document about horses and cats."));
  static_cast<void>(index->add_document("new.md", "# Horses\n\nA horse eats oats.\n"));
  static_cast<void>(index->remove_document("below/baking.md"));
  look();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  static const std::string good = make_index();
  std::string index = good;
  apply(data, size_bytes, index);
  const int file = ::memfd_create("fuzz", MFD_CLOEXEC);
  if (file < 0) std::abort();
  for (std::size_t done = 0; done < index.size();) {
    const ssize_t put = ::write(file, index.data() + done, index.size() - done);
    if (put <= 0) std::abort();
    done += static_cast<std::size_t>(put);
  }
  char path[64];
  std::snprintf(path, sizeof path, "/proc/self/fd/%d", file);
  use(path, atlas::open_mode::read);
  use(path, atlas::open_mode::change);
  ::close(file);
  return 0;
}

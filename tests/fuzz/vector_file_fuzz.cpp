// SPDX-License-Identifier: Apache-2.0
// tests/fuzz/vector_file_fuzz.cpp -- any bytes as a file of vectors: refused, or readable to the last row.
//
// The first byte of an input chooses the format, the rest is the file. Seeds: tests/fuzz/seeds/vector_file.
#include <atlas/storage/vector_file.hpp>

#include "support/insist.hpp"

#include <sys/mman.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

void read_vectors(const char* path, atlas::vector_format format, std::uint64_t size_bytes) {
  const auto file = atlas::vector_file::open(path, format);
  if (!file.ok()) {
    char line[512];
    support::insist(atlas::describe(file.error(), line, sizeof line) < sizeof line, "an error has a line");
    return;
  }
  const std::uint64_t numbers = file->rows() * file->dimension();
  support::insist(file->rows() == 0 || numbers / file->rows() == file->dimension(), "the shape does not overflow");
  support::insist(numbers <= size_bytes && numbers * atlas::size_bytes(file->element()) <= size_bytes, "every number is in the file");
  std::vector<float> floats(static_cast<std::size_t>(numbers));
  std::vector<std::int64_t> integers(static_cast<std::size_t>(numbers));
  static_cast<void>(file->read_floats(0, file->rows(), floats.data()));
  static_cast<void>(file->read_integers(0, file->rows(), integers.data()));
  if (file->rows() > 1) static_cast<void>(file->read_floats(file->rows() - 1, 1, floats.data()));
  if (file->has_distances()) file->read_distances(0, file->rows(), floats.data());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  if (size_bytes == 0) return 0;
  const auto format = static_cast<atlas::vector_format>(data[0] % 9);
  // A file without a disk. Its size is exact, so a read past its last page ends the process.
  const int file = ::memfd_create("fuzz", MFD_CLOEXEC);
  if (file < 0) std::abort();
  for (std::size_t done = 1; done < size_bytes;) {
    const ssize_t put = ::write(file, data + done, size_bytes - done);
    if (put <= 0) std::abort();
    done += static_cast<std::size_t>(put);
  }
  char path[64];
  std::snprintf(path, sizeof path, "/proc/self/fd/%d", file);
  read_vectors(path, format, size_bytes - 1);
  ::close(file);
  return 0;
}

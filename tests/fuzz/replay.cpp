// SPDX-License-Identifier: Apache-2.0
// tests/fuzz/replay.cpp -- runs a fuzz target over its seeds, each prefix of a small one, and nothing at all,
// with any compiler: what libFuzzer once found stays found. Arguments: files, or folders of files.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

std::size_t inputs = 0;

void replay(const std::vector<std::uint8_t>& bytes) {
  // A copy of exactly this size, so that a sanitizer sees a read past the end.
  const std::vector<std::uint8_t> exact(bytes.begin(), bytes.end());
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
  ++inputs;
}

void replay_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<std::uint8_t> bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  replay(bytes);
  if (bytes.size() > 8192) return;  // a file header and its sections; more would be slow and say no more
  while (!bytes.empty()) {
    bytes.pop_back();
    replay(bytes);
  }
}

}  // namespace

int main(int count, char** arguments) {
  replay({});
  for (int i = 1; i < count; ++i) {
    if (std::filesystem::is_directory(arguments[i])) {
      for (const auto& entry : std::filesystem::recursive_directory_iterator(arguments[i])) {
        if (entry.is_regular_file()) replay_file(entry.path());
      }
    } else if (std::filesystem::exists(arguments[i])) {
      replay_file(arguments[i]);
    }
  }
  std::printf("%zu inputs replayed\n", inputs);
  return 0;
}

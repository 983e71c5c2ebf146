// SPDX-License-Identifier: Apache-2.0
// tests/fuzz/shard_manifest_fuzz.cpp -- any bytes as a list of shards: refused with words, or a list that is written and read as the
// same. What it lists is not opened: it may be any file of the machine.
#include <atlas/index/shard_manifest.hpp>

#include "support/insist.hpp"

#include <cstdint>
#include <cstring>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  const auto parsed = atlas::shard_manifest::parse({reinterpret_cast<const char*>(data), size_bytes});
  if (!parsed.ok()) {
    char line[512];
    support::insist(atlas::describe(parsed.error(), line, sizeof line) < sizeof line, "an error has a line");
    support::insist(std::strstr(line, "expected ") != nullptr && std::strstr(line, "found ") != nullptr, "an error says both");
    return 0;
  }
  support::insist(parsed->size() >= 1 && parsed->size() <= atlas::most_shards, "the number of shards is within its bounds");
  std::vector<const char*> paths;
  atlas::buffer<char> resolved;
  for (std::size_t i = 0; i < parsed->size(); ++i) {
    paths.push_back(parsed->path(i));
    const std::size_t path_bytes = std::strlen(paths.back());
    support::insist(path_bytes >= 1 && path_bytes <= atlas::most_shard_path_bytes, "a path has a length within its bounds");
    resolved.clear();
    support::insist(atlas::shard_manifest::append_resolved("folder/list", paths.back(), resolved).ok(), "a path leads somewhere");
    support::insist(resolved.size() == path_bytes + (paths.back()[0] == '/' ? 1 : 8), "a path leads on from the folder, or from the root");
  }
  atlas::buffer<char> written;
  support::insist(atlas::shard_manifest::write_to(written, paths).ok(), "what was read can be written");
  const auto again = atlas::shard_manifest::parse({written.data(), written.size()});
  support::insist(again.ok() && again->size() == parsed->size(), "what was written can be read");
  for (std::size_t i = 0; i < paths.size(); ++i) support::insist(std::strcmp(again->path(i), paths[i]) == 0, "it is the same path");
  return 0;
}

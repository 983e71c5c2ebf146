// SPDX-License-Identifier: Apache-2.0
// tests/fuzz/embed_state_fuzz.cpp -- any bytes as a saved embedder: refused, or one that gives finite unit vectors and
// saves itself again.
//
// Each input is tried twice: as it is, and with magic, version, size and checksum made right, so that what is checked
// behind the checksum is reached too. Large tables are left out: they only cost time.
#include <atlas/embed.hpp>

#include "support/insist.hpp"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

namespace {

using header = atlas::detail::embedder_state_header;

void try_state(const std::vector<std::byte>& state) {
  const auto opened = atlas::hashing_embedder::open_state(state);
  if (!opened.ok()) {
    support::insist(opened.error() == atlas::errc::corrupt_file || opened.error() == atlas::errc::unsupported_version, "a refusal says why");
    return;
  }
  std::vector<float> out(opened->dimension());
  for (const atlas::text_view text : {atlas::text_view("Some words and others"), atlas::text_view("")}) {
    support::insist(opened->embed({&text, 1}, out.data()).ok(), "what opens embeds");
    double square = 0;
    for (const float x : out) square += static_cast<double>(x) * static_cast<double>(x);
    support::insist(std::abs(square - 1.0) < 1e-4, "vectors have length one");
  }
  atlas::buffer<std::byte> again;
  support::insist(opened->save_state(again).ok(), "what opens can be saved");
  support::insist(atlas::hashing_embedder::open_state(again).ok(), "what is saved opens");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::byte> state(size);
  if (size != 0) std::memcpy(state.data(), data, size);
  if (size < sizeof(header)) {
    try_state(state);
    return 0;
  }
  header fixed;
  std::memcpy(&fixed, state.data(), sizeof fixed);
  if (fixed.frequency_buckets > 65'536) return 0;
  try_state(state);
  fixed.magic = atlas::detail::embedder_state_magic;
  fixed.version = atlas::detail::embedder_state_version;
  fixed.sparse &= 1;
  fixed.frequency_buckets = 1U << (8 + fixed.frequency_buckets % 3);
  const std::size_t entry = fixed.sparse == 1 ? 8 : 4;
  fixed.entry_count = fixed.sparse == 1 ? (size - sizeof(header)) / entry : fixed.frequency_buckets;
  state.resize(sizeof(header) + static_cast<std::size_t>(fixed.entry_count) * entry);
  fixed.checksum = atlas::detail::checksum_of(fixed, state.data() + sizeof(header), state.size() - sizeof(header));
  std::memcpy(state.data(), &fixed, sizeof fixed);
  try_state(state);
  return 0;
}

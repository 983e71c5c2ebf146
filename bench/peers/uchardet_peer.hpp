// SPDX-License-Identifier: Apache-2.0
// bench/peers/uchardet_peer.hpp -- encodings as uchardet tells them.
#ifndef ATLAS_BENCH_PEERS_UCHARDET_PEER_HPP
#define ATLAS_BENCH_PEERS_UCHARDET_PEER_HPP

#include <string>

namespace bench {

class uchardet_peer {
 public:
  [[nodiscard]] static bool is_available();
  /// "uchardet (Debian)": the library does not tell its version.
  [[nodiscard]] static std::string description();
  /// The name that it gives to the encoding of a whole text; "" if it gives none. Throws std::runtime_error where it fails.
  [[nodiscard]] static std::string encoding(const std::string& bytes);
};

}  // namespace bench

#endif  // ATLAS_BENCH_PEERS_UCHARDET_PEER_HPP

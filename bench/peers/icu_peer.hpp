// SPDX-License-Identifier: Apache-2.0
// bench/peers/icu_peer.hpp -- sentence boundaries as ICU finds them.
#ifndef ATLAS_BENCH_PEERS_ICU_PEER_HPP
#define ATLAS_BENCH_PEERS_ICU_PEER_HPP

#include <cstddef>
#include <string>
#include <vector>

namespace bench {

class icu_peer {
 public:
  [[nodiscard]] static bool is_available();
  /// "ICU 72.1, UTF-8 by utext"
  [[nodiscard]] static std::string description();
  /// Goes over the sentence boundaries of UTF-8 text. Throws std::runtime_error where ICU fails.
  /// @return  how many there are
  [[nodiscard]] static std::size_t sentences(const std::string& text, const char* locale = "en");
  /// Where the sentences of UTF-8 text end, in bytes. Throws as above.
  /// @param locale  of the text; with "@ss=standard" behind it ICU leaves out boundaries behind the abbreviations that it knows
  [[nodiscard]] static std::vector<std::size_t> sentence_ends(const std::string& text, const std::string& locale);
};

}  // namespace bench

#endif  // ATLAS_BENCH_PEERS_ICU_PEER_HPP

// SPDX-License-Identifier: Apache-2.0
#include "peers/uchardet_peer.hpp"

#include <stdexcept>

#if ATLAS_BENCH_HAVE_UCHARDET
#include <uchardet/uchardet.h>
#endif

namespace bench {

#if ATLAS_BENCH_HAVE_UCHARDET

bool uchardet_peer::is_available() { return true; }
std::string uchardet_peer::description() { return "uchardet (Debian)"; }

std::string uchardet_peer::encoding(const std::string& bytes) {
  const uchardet_t detector = uchardet_new();
  const bool is_taken = uchardet_handle_data(detector, bytes.data(), bytes.size()) == 0;
  uchardet_data_end(detector);
  const std::string name = uchardet_get_charset(detector);
  uchardet_delete(detector);
  if (!is_taken) throw std::runtime_error("uchardet: out of memory");
  return name;
}

#else

bool uchardet_peer::is_available() { return false; }
std::string uchardet_peer::description() { return "no uchardet"; }
std::string uchardet_peer::encoding(const std::string&) { throw std::runtime_error("built without uchardet"); }

#endif

}  // namespace bench

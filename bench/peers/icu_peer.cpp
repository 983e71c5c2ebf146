// SPDX-License-Identifier: Apache-2.0
#include "peers/icu_peer.hpp"

#include <stdexcept>

#if ATLAS_BENCH_HAVE_ICU
#include <unicode/ubrk.h>
#include <unicode/utext.h>
#include <unicode/uvernum.h>
#endif

namespace bench {

#if ATLAS_BENCH_HAVE_ICU

bool icu_peer::is_available() { return true; }
std::string icu_peer::description() { return "ICU " U_ICU_VERSION " (Debian), UTF-8 by utext"; }

std::size_t icu_peer::sentences(const std::string& text, const char* locale) {
  UErrorCode failure = U_ZERO_ERROR;
  UText* const opened = utext_openUTF8(nullptr, text.data(), static_cast<std::int64_t>(text.size()), &failure);
  UBreakIterator* const boundaries = ubrk_open(UBRK_SENTENCE, locale, nullptr, 0, &failure);
  ubrk_setUText(boundaries, opened, &failure);
  std::size_t count = 0;
  if (U_SUCCESS(failure)) {
    while (ubrk_next(boundaries) != UBRK_DONE) ++count;
  }
  ubrk_close(boundaries);
  utext_close(opened);
  if (U_FAILURE(failure)) throw std::runtime_error(std::string("ICU: ") + u_errorName(failure));
  return count;
}

#else

bool icu_peer::is_available() { return false; }
std::string icu_peer::description() { return "no ICU"; }
std::size_t icu_peer::sentences(const std::string&, const char*) { throw std::runtime_error("built without ICU"); }

#endif

}  // namespace bench

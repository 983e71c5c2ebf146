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

namespace {

/// Calls each(offset) for every boundary behind the text's begin.
template <class Each>
void each_boundary(const std::string& text, const char* locale, const Each& each) {
  UErrorCode failure = U_ZERO_ERROR;
  UText* const opened = utext_openUTF8(nullptr, text.data(), static_cast<std::int64_t>(text.size()), &failure);
  UBreakIterator* const boundaries = ubrk_open(UBRK_SENTENCE, locale, nullptr, 0, &failure);
  ubrk_setUText(boundaries, opened, &failure);
  if (U_SUCCESS(failure)) {
    for (std::int32_t at = ubrk_next(boundaries); at != UBRK_DONE; at = ubrk_next(boundaries)) each(static_cast<std::size_t>(at));
  }
  ubrk_close(boundaries);
  utext_close(opened);
  if (U_FAILURE(failure)) throw std::runtime_error(std::string("ICU: ") + u_errorName(failure));
}

}  // namespace

std::size_t icu_peer::sentences(const std::string& text, const char* locale) {
  std::size_t count = 0;
  each_boundary(text, locale, [&](std::size_t) { ++count; });
  return count;
}
std::vector<std::size_t> icu_peer::sentence_ends(const std::string& text, const std::string& locale) {
  std::vector<std::size_t> ends;
  each_boundary(text, locale.c_str(), [&](std::size_t end) { ends.push_back(end); });
  return ends;
}

#else

bool icu_peer::is_available() { return false; }
std::string icu_peer::description() { return "no ICU"; }
std::size_t icu_peer::sentences(const std::string&, const char*) { throw std::runtime_error("built without ICU"); }
std::vector<std::size_t> icu_peer::sentence_ends(const std::string&, const std::string&) { throw std::runtime_error("built without ICU"); }

#endif

}  // namespace bench

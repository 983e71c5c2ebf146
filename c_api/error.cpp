// SPDX-License-Identifier: Apache-2.0
// c_api/error.cpp -- the last failure of each thread, and the names of the statuses.
#include "guard.hpp"

#include <cstdio>
#include <cstring>

namespace atlas::c_api {
namespace {

// A thread's last failure lives in its own storage, so that reporting "out of memory" needs none.
constexpr std::size_t longest_path = 600;
struct last_failure {
  std::uint64_t row = error::no_row;
  char text[2 * (longest_path + 8) + 512] = {};
};
thread_local last_failure last;

// Where to begin, so that at most `longest_path` bytes are left and no UTF-8 sequence is cut.
const char* tail_of(const char* path) noexcept {
  const std::size_t size = std::strlen(path);
  if (size <= longest_path) return path;
  const char* from = path + (size - longest_path);
  while ((static_cast<unsigned char>(*from) & 0xC0U) == 0x80U) ++from;
  return from;
}

}  // namespace

atlas_status report(const error& what, const about& paths) noexcept {
  std::size_t used = 0;
  const auto put = [&used](const char* path, const char* behind) {
    if (path == nullptr || path[0] == '\0') return;
    const char* tail = tail_of(path);
    const int printed =
        std::snprintf(last.text + used, sizeof last.text - used, "%s%s%s", tail == path ? "" : "...", tail, behind);
    if (printed > 0) used += static_cast<std::size_t>(printed);
  };
  put(paths.path, paths.output != nullptr ? " -> " : ": ");
  put(paths.output, ": ");
  describe(what, last.text + used, sizeof last.text - used);
  last.row = what.row;
  return static_cast<atlas_status>(what.code);
}

}  // namespace atlas::c_api

extern "C" const char* atlas_last_error(void) { return atlas::c_api::last.text; }

extern "C" uint64_t atlas_last_error_row(void) { return atlas::c_api::last.row; }

extern "C" const char* atlas_status_name(atlas_status code) {
  return code == ATLAS_OK ? "ok" : atlas::name(static_cast<atlas::errc>(code));
}

// The statuses are the codes: one number each, appended to in both places.
#define ATLAS_C_SAME(status, code) static_assert((status) == static_cast<atlas_status>(atlas::errc::code))
ATLAS_C_SAME(ATLAS_ERR_INVALID_ARGUMENT, invalid_argument);
ATLAS_C_SAME(ATLAS_ERR_DIMENSION_MISMATCH, dimension_mismatch);
ATLAS_C_SAME(ATLAS_ERR_IO, io);
ATLAS_C_SAME(ATLAS_ERR_CORRUPT_FILE, corrupt_file);
ATLAS_C_SAME(ATLAS_ERR_NO_MEMORY, no_memory);
ATLAS_C_SAME(ATLAS_ERR_INTERNAL, internal);
ATLAS_C_SAME(ATLAS_ERR_METRIC_MISMATCH, metric_mismatch);
ATLAS_C_SAME(ATLAS_ERR_SCALAR_MISMATCH, scalar_mismatch);
ATLAS_C_SAME(ATLAS_ERR_KIND_MISMATCH, kind_mismatch);
ATLAS_C_SAME(ATLAS_ERR_NOT_FINITE, not_finite);
ATLAS_C_SAME(ATLAS_ERR_ZERO_VECTOR, zero_vector);
ATLAS_C_SAME(ATLAS_ERR_DUPLICATE_KEY, duplicate_key);
ATLAS_C_SAME(ATLAS_ERR_KEY_NOT_FOUND, key_not_found);
ATLAS_C_SAME(ATLAS_ERR_NOT_ATLAS_FILE, not_atlas_file);
ATLAS_C_SAME(ATLAS_ERR_UNSUPPORTED_VERSION, unsupported_version);
ATLAS_C_SAME(ATLAS_ERR_WRONG_BYTE_ORDER, wrong_byte_order);
ATLAS_C_SAME(ATLAS_ERR_FILE_NOT_FOUND, file_not_found);
ATLAS_C_SAME(ATLAS_ERR_PERMISSION_DENIED, permission_denied);
ATLAS_C_SAME(ATLAS_ERR_IS_A_DIRECTORY, is_a_directory);
ATLAS_C_SAME(ATLAS_ERR_NOT_A_DIRECTORY, not_a_directory);
ATLAS_C_SAME(ATLAS_ERR_NO_SPACE, no_space);
ATLAS_C_SAME(ATLAS_ERR_READ_ONLY, read_only);
ATLAS_C_SAME(ATLAS_ERR_LIMIT_EXCEEDED, limit_exceeded);
ATLAS_C_SAME(ATLAS_ERR_CANCELLED, cancelled);
ATLAS_C_SAME(ATLAS_ERR_CLOSED, closed);
ATLAS_C_SAME(ATLAS_ERR_TIMED_OUT, timed_out);
ATLAS_C_SAME(ATLAS_ERR_BAD_ENCODING, bad_encoding);
ATLAS_C_SAME(ATLAS_ERR_NATIVE_REQUIRED, native_required);
ATLAS_C_SAME(ATLAS_ERR_ALREADY_EXISTS, already_exists);
ATLAS_C_SAME(ATLAS_ERR_BUSY, busy);

// SPDX-License-Identifier: Apache-2.0
// include/atlas/core/error.hpp -- what went wrong, in 56 trivially copyable bytes.
//
// Room:      the codes, the error value, and its one-line text.
// Not here:  result<T> (core/result.hpp). Paths: the caller that opened the file has it and adds it.
// Depends:   core/config.hpp.
// Threads:   plain values; every function is pure.
#ifndef ATLAS_CORE_ERROR_HPP
#define ATLAS_CORE_ERROR_HPP

#include <atlas/core/config.hpp>  // ATLAS_ABI

#include <cstring>  // strerror_r

namespace atlas { inline namespace ATLAS_ABI {

/// Every way a call can fail. The numbers are the C ABI's atlas_status: appended to, never reused.
enum class errc : std::int32_t {
  invalid_argument = -1,     ///< null pointer, zero k, an option out of its range
  dimension_mismatch = -2,   ///< components a vector differ from the index's
  io = -3,                   ///< the operating system failed a read, write, map or sync; `os_code` says how
  corrupt_file = -4,         ///< a length, id or checksum in the file is wrong, or the file is cut short
  no_memory = -5,            ///< the allocator or the address space gave out
  internal = -6,             ///< a defect of this library
  metric_mismatch = -7,      ///< the file's or index's metric is another
  scalar_mismatch = -8,      ///< the file's or array's element type is another
  kind_mismatch = -9,        ///< the file holds another kind of index
  not_finite = -10,          ///< NaN or infinity in a vector; `row` says which
  zero_vector = -11,         ///< a vector of length zero where its direction is asked (cosine)
  duplicate_key = -12,       ///< the key is stored already, or twice in one batch; `row` says which
  key_not_found = -13,       ///< no live vector has this key
  not_atlas_file = -14,      ///< the first bytes are not this library's
  unsupported_version = -15, ///< the file was written by a newer format version
  wrong_byte_order = -16,    ///< the file was written on a CPU of another byte order
  file_not_found = -17,      ///< no such file or folder
  permission_denied = -18,   ///< the operating system refuses access
  is_a_directory = -19,      ///< a folder where a file is needed
  not_a_directory = -20,     ///< a file where a folder is needed
  no_space = -21,            ///< the disk, quota or file size limit is full
  read_only = -22,           ///< a change to something that was opened for reading
  limit_exceeded = -23,      ///< more than a documented limit
  cancelled = -24,           ///< the progress callback asked to stop
  closed = -25,              ///< the queue was closed
  timed_out = -26,           ///< the deadline passed
  bad_encoding = -27,        ///< text that is not valid in its encoding
  native_required = -28,     ///< only the compiled library does this (Python's fallback)
  already_exists = -29,      ///< the name is taken
  busy = -30,                ///< another process or handle has it and is alive
};

/// A failure. `field` names what was looked at; expected and found are numbers unless a text is set, and a text may
/// stand before the number expected.
/// Every text has static storage, so an error may be copied anywhere and kept.
struct error {
  static constexpr std::uint64_t no_row = ~std::uint64_t{0};

  errc code = errc::internal;
  std::int32_t os_code = 0;             ///< errno of the failed call, 0 if none
  const char* field = nullptr;          ///< "dimension", "header.checksum", ...; null: not said
  const char* expected_text = nullptr;  ///< when set, replaces `expected`, or stands before it if has_bound()
  const char* found_text = nullptr;     ///< when set, replaces `found`
  std::uint64_t expected = 0;
  std::uint64_t found = 0;
  std::uint64_t row = no_row;           ///< the batch row at fault, or no_row

  constexpr error() noexcept = default;
  constexpr error(errc why) noexcept : code(why) {}  // NOLINT: a code alone is an error
  constexpr error(errc why, const char* what) noexcept : code(why), field(what) {}
  constexpr error(errc why, const char* what, std::uint64_t wanted, std::uint64_t got) noexcept
      : code(why), field(what), expected(wanted), found(got), has_numbers_(true) {}
  constexpr error(errc why, const char* what, const char* wanted, const char* got) noexcept
      : code(why), field(what), expected_text(wanted), found_text(got) {}
  constexpr error(errc why, const char* what, const char* wanted, std::uint64_t got) noexcept
      : code(why), field(what), expected_text(wanted), found(got), has_numbers_(true) {}
  /// As "at least" 384, found 128.
  constexpr error(errc why, const char* what, const char* bound, std::uint64_t wanted, std::uint64_t got) noexcept
      : error(why, what, wanted, got) {
    expected_text = bound;
    has_bound_ = true;
  }

  /// The same error, naming the batch row it lies in.
  [[nodiscard]] constexpr error at_row(std::uint64_t which) const noexcept {
    error copy = *this;
    copy.row = which;
    return copy;
  }
  /// The same error, with the errno that caused it.
  [[nodiscard]] constexpr error with_os_code(int number) const noexcept {
    error copy = *this;
    copy.os_code = number;
    return copy;
  }
  [[nodiscard]] constexpr bool has_numbers() const noexcept { return has_numbers_; }
  [[nodiscard]] constexpr bool has_bound() const noexcept { return has_bound_; }

  friend constexpr bool operator==(const error& left, errc right) noexcept { return left.code == right; }

 private:
  bool has_numbers_ = false;
  bool has_bound_ = false;
};
static_assert(sizeof(error) <= 64);

/// The code in words, for example "dimension mismatch".
[[nodiscard]] constexpr const char* name(errc code) noexcept {
  switch (code) {
    case errc::invalid_argument: return "invalid argument";
    case errc::dimension_mismatch: return "dimension mismatch";
    case errc::io: return "input/output error";
    case errc::corrupt_file: return "corrupt file";
    case errc::no_memory: return "out of memory";
    case errc::internal: return "internal error";
    case errc::metric_mismatch: return "metric mismatch";
    case errc::scalar_mismatch: return "scalar mismatch";
    case errc::kind_mismatch: return "index kind mismatch";
    case errc::not_finite: return "vector is not finite";
    case errc::zero_vector: return "zero vector";
    case errc::duplicate_key: return "duplicate key";
    case errc::key_not_found: return "key not found";
    case errc::not_atlas_file: return "not an ATLAS file";
    case errc::unsupported_version: return "unsupported format version";
    case errc::wrong_byte_order: return "wrong byte order";
    case errc::file_not_found: return "not found";
    case errc::permission_denied: return "permission denied";
    case errc::is_a_directory: return "is a directory";
    case errc::not_a_directory: return "not a directory";
    case errc::no_space: return "no space left";
    case errc::read_only: return "opened read-only";
    case errc::limit_exceeded: return "limit exceeded";
    case errc::cancelled: return "cancelled";
    case errc::closed: return "closed";
    case errc::timed_out: return "timed out";
    case errc::bad_encoding: return "bad encoding";
    case errc::native_required: return "needs the native library";
    case errc::already_exists: return "exists already";
    case errc::busy: return "in use";
  }
  return "unknown error";
}

/// Writes one line such as "dimension mismatch: query.dimension: expected 384, found 128 (row 7)".
///
/// @param what      the error
/// @param out       at least `capacity` bytes; always NUL-terminated when capacity > 0
/// @param capacity  bytes; 512 holds every text
/// @return          bytes written without the NUL
/// Cost: formats; allocates nothing, never throws. For people: decide on `code`.
[[gnu::cold]] inline std::size_t describe(const error& what, char* out, std::size_t capacity) noexcept {
  if (capacity == 0) return 0;
  std::size_t used = 0;
  const auto put = [&](const char* text) {
    while (*text != '\0' && used + 1 < capacity) out[used++] = *text++;
  };
  const auto put_number = [&](std::uint64_t number) {
    char digits[21] = {};
    std::size_t at = 20;
    do {
      digits[--at] = static_cast<char>('0' + number % 10);
      number /= 10;
    } while (number != 0);
    put(digits + at);
  };
  put(name(what.code));
  if (what.field != nullptr) {
    put(": ");
    put(what.field);
  }
  if (what.expected_text != nullptr || what.has_numbers()) {
    put(": expected ");
    if (what.expected_text != nullptr) put(what.expected_text);
    if (what.has_bound()) put(" ");
    if (what.expected_text == nullptr || what.has_bound()) put_number(what.expected);
  }
  if (what.found_text != nullptr) {
    put(", found ");
    put(what.found_text);
  } else if (what.has_numbers()) {
    put(", found ");
    put_number(what.found);
  }
  if (what.row != error::no_row) {
    put(" (row ");
    put_number(what.row);
    put(")");
  }
  if (what.os_code != 0) {
    char text[128] = {};
#if defined(_GNU_SOURCE)
    const char* said = ::strerror_r(what.os_code, text, sizeof text);
#else
    const char* said = ::strerror_r(what.os_code, text, sizeof text) == 0 ? text : "unknown error number";
#endif
    put(" [");
    put(said);
    put("]");
  }
  out[used] = '\0';
  return used;
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CORE_ERROR_HPP

// SPDX-License-Identifier: Apache-2.0
// include/atlas/storage/npy_header.hpp -- the first bytes of a NumPy array file, read and written.
//
// Room:      npy_header: the element type, how many vectors of which dimension, and where their numbers begin.
// Not here:  the numbers (storage/vector_file.hpp, storage/vector_writer.hpp).
// Depends:   storage/vector_element.hpp.
// Threads:   every function is pure.
//
// Source: NumPy Enhancement Proposal 1 and numpy/lib/format.py: magic, two version bytes, a length (u16 in
// version 1, u32 from 2 on), then a Python dict literal with exactly the keys descr, fortran_order and shape.
#ifndef ATLAS_STORAGE_NPY_HEADER_HPP
#define ATLAS_STORAGE_NPY_HEADER_HPP

#include <atlas/core/span.hpp>               // span
#include <atlas/core/text_view.hpp>          // text_view
#include <atlas/storage/vector_element.hpp>  // vector_element

#include <cstdio>  // std::snprintf, in write_npy_header only

namespace atlas { inline namespace ATLAS_ABI {

/// What a .npy file says about itself.
struct npy_header {
  vector_element element = vector_element::f32;
  std::uint32_t axes = 0;       ///< 1 or 2
  std::uint64_t rows = 0;       ///< length of the first axis
  std::uint64_t columns = 1;    ///< length of the second axis; 1 when there is only one
  std::uint64_t data_begin = 0; ///< bytes before the first number
};

namespace detail {

/// Reads the dict literal. Every function leaves the cursor behind what it took, or says no.
class npy_scanner {
 public:
  explicit npy_scanner(text_view text) noexcept : text_(text) {}

  void skip_spaces() noexcept {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
      ++at_;
  }
  bool take(char wanted) noexcept {
    skip_spaces();
    if (at_ >= text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  bool take_word(text_view wanted) noexcept {
    skip_spaces();
    if (text_.size() - at_ < wanted.size() || !(text_.subview(at_, wanted.size()) == wanted)) return false;
    at_ += wanted.size();
    return true;
  }
  bool take_text(text_view& out) noexcept {
    skip_spaces();
    if (at_ >= text_.size() || (text_[at_] != '\'' && text_[at_] != '"')) return false;
    const char quote = text_[at_];
    const std::size_t begin = ++at_;
    while (at_ < text_.size() && text_[at_] != quote && text_[at_] != '\\') ++at_;
    if (at_ >= text_.size() || text_[at_] != quote) return false;
    out = text_.subview(begin, at_ - begin);
    ++at_;
    return true;
  }
  bool take_number(std::uint64_t& out) noexcept {
    skip_spaces();
    const std::size_t begin = at_;
    out = 0;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') {
      const std::uint64_t digit = static_cast<std::uint64_t>(text_[at_] - '0');
      if (out > (~std::uint64_t{0} - digit) / 10) return false;
      out = out * 10 + digit;
      ++at_;
    }
    if (at_ == begin) return false;
    if (at_ < text_.size() && text_[at_] == 'L') ++at_;  // a long of Python 2
    return true;
  }
  [[nodiscard]] bool is_at_end() noexcept {
    skip_spaces();
    return at_ == text_.size();
  }

 private:
  text_view text_;
  std::size_t at_ = 0;
};

inline status parse_npy_descr(text_view descr, vector_element& out) noexcept {
  struct known {
    char kind_and_size[3];
    vector_element element;
  };
  constexpr known table[] = {
      {"f2", vector_element::f16}, {"f4", vector_element::f32}, {"f8", vector_element::f64},
      {"i1", vector_element::i8},  {"u1", vector_element::u8},  {"i2", vector_element::i16},
      {"u2", vector_element::u16}, {"i4", vector_element::i32}, {"u4", vector_element::u32},
      {"i8", vector_element::i64}, {"u8", vector_element::u64}};
  constexpr const char* wanted = "little-endian f2, f4, f8, i1 to i8 or u1 to u8";
  if (descr.size() == 3) {
    for (const known& row : table) {
      if (!(descr.subview(1, 2) == text_view(row.kind_and_size))) continue;
      if (descr[0] == '>' && size_bytes(row.element) > 1) {
        return error{errc::wrong_byte_order, "npy.descr", wanted, "big-endian numbers"};
      }
      if (descr[0] != '<' && descr[0] != '|' && descr[0] != '=' && descr[0] != '>') break;
      out = row.element;
      return {};
    }
  }
  return error{errc::scalar_mismatch, "npy.descr", wanted, "another type"};
}

inline status parse_npy_dict(text_view text, npy_header& out) noexcept {
  const auto malformed = [](const char* what) {
    return error{errc::corrupt_file, "npy header", what, "something else"};
  };
  npy_scanner scan(text);
  bool has_descr = false;
  bool has_order = false;
  bool has_shape = false;
  if (!scan.take('{')) return malformed("a dict");
  while (!scan.take('}')) {
    text_view key;
    if (!scan.take_text(key) || !scan.take(':')) return malformed("a key and a colon");
    if (key == text_view("descr") && !has_descr) {
      text_view descr;
      if (scan.take('[')) return error{errc::scalar_mismatch, "npy.descr", "one number type", "a structured type"};
      if (!scan.take_text(descr)) return malformed("descr in quotes");
      if (status parsed = parse_npy_descr(descr, out.element); !parsed.ok()) return parsed;
      has_descr = true;
    } else if (key == text_view("fortran_order") && !has_order) {
      if (scan.take_word("True")) {
        return error{errc::dimension_mismatch, "npy.fortran_order", "False (C order)", "True"};
      }
      if (!scan.take_word("False")) return malformed("fortran_order True or False");
      has_order = true;
    } else if (key == text_view("shape") && !has_shape) {
      if (!scan.take('(')) return malformed("a shape in brackets");
      std::uint64_t lengths[2] = {0, 1};
      while (!scan.take(')')) {
        std::uint64_t length = 0;
        if (!scan.take_number(length)) return malformed("a length below 2^64");
        if (out.axes < 2) lengths[out.axes] = length;
        if (++out.axes > 64) return malformed("at most 64 axes");
        if (!scan.take(',')) {
          if (!scan.take(')')) return malformed("a comma or the end of the shape");
          break;
        }
      }
      if (out.axes != 1 && out.axes != 2) {
        return error{errc::dimension_mismatch, "npy.shape axes", "1 or 2", out.axes};
      }
      out.rows = lengths[0];
      out.columns = lengths[1];
      has_shape = true;
    } else {
      return malformed("the keys descr, fortran_order and shape, each once");
    }
    if (!scan.take(',')) {
      if (!scan.take('}')) return malformed("a comma or the end of the dict");
      break;
    }
  }
  if (!scan.is_at_end()) return malformed("nothing behind the dict");
  if (!has_descr || !has_order || !has_shape) return malformed("the keys descr, fortran_order and shape");
  return {};
}

}  // namespace detail

/// Reads the header from a file's first bytes. Does not look at the numbers: compare their size yourself.
///
/// @param bytes  the whole file, or at least its header
/// @return       the header, or errc::corrupt_file for wrong magic, a length beyond
///               `bytes` or a malformed dict; errc::unsupported_version above 3; errc::scalar_mismatch and
///               errc::wrong_byte_order for other element types; errc::dimension_mismatch for Fortran order,
///               more than two axes or none
/// Cost: linear in the header, allocates nothing.
[[nodiscard]] inline result<npy_header> parse_npy_header(span<const std::byte> bytes) noexcept {
  constexpr char magic[] = "\x93NUMPY";
  constexpr std::size_t magic_bytes = sizeof magic - 1;
  if (bytes.size() < 10) return error{errc::corrupt_file, "npy header bytes", 10, bytes.size()};
  if (std::memcmp(bytes.data(), magic, magic_bytes) != 0) {
    return error{errc::corrupt_file, "npy.magic", "\\x93NUMPY", "other bytes"};
  }
  const unsigned major = static_cast<unsigned>(bytes[6]);
  if (major < 1 || major > 3) return error{errc::unsupported_version, "npy.version", "1, 2 or 3", major};
  const std::size_t prefix = major == 1 ? 10 : 12;
  if (bytes.size() < prefix) return error{errc::corrupt_file, "npy header bytes", prefix, bytes.size()};
  const std::uint64_t length = major == 1 ? load_unaligned<std::uint16_t>(bytes.data() + 8)
                                          : load_unaligned<std::uint32_t>(bytes.data() + 8);
  if (length > bytes.size() - prefix) {
    return error{errc::corrupt_file, "npy header bytes", prefix + length, bytes.size()};
  }
  npy_header header;
  header.data_begin = prefix + length;
  const text_view dict(reinterpret_cast<const char*>(bytes.data()) + prefix, static_cast<std::size_t>(length));
  if (status parsed = detail::parse_npy_dict(dict, header); !parsed.ok()) return parsed.error();
  return header;
}

/// Bytes that write_npy_header fills: two cache lines, so that the numbers begin aligned, as NumPy does.
inline constexpr std::size_t written_npy_header_bytes = 128;

/// Writes a version 1 header.
///
/// @param header  element, axes, rows and columns; data_begin is ignored
/// @param out     written_npy_header_bytes bytes, all of them written
inline void write_npy_header(const npy_header& header, char* out) noexcept {
  constexpr const char* descr[] = {"<f2", "<f4", "<f8", "|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8"};
  std::memset(out, ' ', written_npy_header_bytes);
  std::memcpy(out, "\x93NUMPY\x01\x00", 8);
  store_unaligned<std::uint16_t>(out + 8, written_npy_header_bytes - 10);
  char dict[written_npy_header_bytes];  // the longest text, two 20-digit lengths, takes 102 bytes
  const char* type = descr[static_cast<unsigned>(header.element)];
  const auto rows = static_cast<unsigned long long>(header.rows);
  const auto columns = static_cast<unsigned long long>(header.columns);
  const int used = header.axes == 1
      ? std::snprintf(dict, sizeof dict, "{'descr': '%s', 'fortran_order': False, 'shape': (%llu,), }", type, rows)
      : std::snprintf(dict, sizeof dict, "{'descr': '%s', 'fortran_order': False, 'shape': (%llu, %llu), }", type,
                      rows, columns);
  std::memcpy(out + 10, dict, static_cast<std::size_t>(used));
  out[written_npy_header_bytes - 1] = '\n';
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_STORAGE_NPY_HEADER_HPP

// SPDX-License-Identifier: Apache-2.0
// include/atlas/text/multibyte_table.hpp -- what the characters of Chinese, Japanese and Korean encodings mean.
//
// Room:      a table by row and column, each row asked of the C library's iconv when the first character of it comes.
// Not here:  which bytes make a character, and what bytes are bad (text/character_reader.hpp): so nothing depends on how iconv
//            takes streams apart, and no state lies in it.
// Depends:   core, text/{multibyte_corrections,text_encoding}.hpp. iconv is named only here.
// Threads:   a table belongs to one thread at a time.
#ifndef ATLAS_TEXT_MULTIBYTE_TABLE_HPP
#define ATLAS_TEXT_MULTIBYTE_TABLE_HPP

#include <atlas/core/memory.hpp>                 // buffer
#include <atlas/text/multibyte_corrections.hpp>  // big5_corrections
#include <atlas/text/text_encoding.hpp>          // text_encoding

#include <cerrno>   // errno
#include <iconv.h>  // iconv

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// A conversion of the C library, to UTF-32.
class library_conversion {
 public:
  library_conversion() noexcept = default;
  library_conversion(library_conversion&& other) noexcept : handle_(other.handle_) { other.handle_ = none(); }
  library_conversion& operator=(library_conversion&& other) noexcept {
    const iconv_t mine = handle_;
    handle_ = other.handle_;
    other.handle_ = mine;
    return *this;
  }
  library_conversion(const library_conversion&) = delete;
  library_conversion& operator=(const library_conversion&) = delete;
  ~library_conversion() { close(); }

  /// @param from  as the C library names the encoding
  [[nodiscard]] status open(const char* from) noexcept {
    close();
    handle_ = iconv_open("UTF-32LE", from);
    if (handle_ != none()) return {};
    if (errno == ENOMEM) return error{errc::no_memory, "iconv_open"};
    return error{errc::bad_encoding, "text", "an encoding that iconv of the C library knows", from}.with_os_code(errno);
  }
  /// The one code point that the bytes are; 0 if they are none or several.
  [[nodiscard]] char32_t convert(const char* bytes, std::size_t length_bytes) noexcept {
    iconv(handle_, nullptr, nullptr, nullptr, nullptr);
    char input[4] = {};
    std::memcpy(input, bytes, length_bytes);
    char output[8] = {};
    char* from = input;
    char* to = output;
    std::size_t left = length_bytes;
    std::size_t room = sizeof output;
    if (iconv(handle_, &from, &left, &to, &room) != 0 || left != 0) return 0;
    // What may be the first part of a pair is held back.
    if (iconv(handle_, nullptr, nullptr, &to, &room) != 0 || room != sizeof output - sizeof(char32_t)) return 0;
    char32_t code_point = 0;
    std::memcpy(&code_point, output, sizeof code_point);
    return code_point <= 0x10FFFFU && (code_point < 0xD800U || code_point > 0xDFFFU) ? code_point : 0;
  }

 private:
  void close() noexcept {
    if (handle_ != none()) iconv_close(handle_);
    handle_ = none();
  }
  [[nodiscard]] static iconv_t none() noexcept { return reinterpret_cast<iconv_t>(~std::uintptr_t{0}); }
  iconv_t handle_ = none();
};

/// Rows and columns are those by which the WHATWG Encoding Standard counts: its pointer is row * columns() + column. Japanese
/// rows from jis0212_rows on are its index jis0212.
class multibyte_table {
 public:
  static constexpr std::size_t jis0208_rows = 120;
  static constexpr std::size_t jis0212_rows = jis0208_rows;
  static constexpr std::size_t euc_columns = 94;
  static constexpr std::size_t gb_columns = 190;
  static constexpr std::size_t korean_columns = 190;
  static constexpr std::size_t big5_columns = 157;
  static constexpr std::size_t lead_rows = 126;  ///< lead bytes 0x81 to 0xFE

  multibyte_table() noexcept = default;

  /// @pre     is_multibyte(encoding)
  /// @return  errc::bad_encoding if the C library does not know the encoding; errc::no_memory
  /// Cost: iconv_open, which loads a module of the C library, and 80 to 96 KB.
  [[nodiscard]] status open(text_encoding encoding) noexcept {
    ATLAS_ASSERT(is_multibyte(encoding));
    script_ = script_of(encoding);
    rows_ = 0;
    constexpr const char* names[] = {"GB18030", "BIG5-HKSCS", "CP932", "UHC"};
    if (status opened = library_.open(names[static_cast<int>(script_)]); !opened.ok()) return opened;
    if (script_ == script::japanese) {
      if (status opened = euc_.open("EUC-JP-MS"); !opened.ok()) return opened;
    }
    const std::size_t rows = script_ == script::japanese ? jis0208_rows + 94 : lead_rows;
    cells_.clear();
    known_.clear();
    if (status made = cells_.resize_zeroed(rows * columns()); !made.ok()) return made;
    if (status made = known_.resize_zeroed(rows); !made.ok()) return made;
    rows_ = rows;
    return {};
  }
  [[nodiscard]] bool is_open() const noexcept { return rows_ != 0; }

  [[nodiscard]] std::size_t columns() const noexcept {
    constexpr std::size_t all[] = {gb_columns, big5_columns, euc_columns, korean_columns};
    return all[static_cast<int>(script_)];
  }
  /// The code point in a cell; 0 if there is none. Cost: that of a row's conversion when it is the first of the row.
  [[nodiscard]] char32_t at(std::size_t row, std::size_t column) noexcept {
    ATLAS_ASSERT(column < columns());
    if (row >= rows_) return 0;
    char32_t* const cells = cells_.data() + row * columns();
    if (known_[row] == 0) {
      for (std::size_t c = 0; c < columns(); ++c) cells[c] = ask(row, c);
      correct(row);
      known_[row] = 1;
    }
    return cells[column];
  }
  /// The code point of a GB18030 character of four bytes, by the standard's pointer; 0 if there is none.
  [[nodiscard]] char32_t four_bytes(std::uint32_t pointer) noexcept {
    ATLAS_ASSERT(script_ == script::simplified);
    if (pointer >= 189'000U) return pointer <= 1'237'575U ? 0x10000U + (pointer - 189'000U) : 0;
    if (pointer > 39'419U) return 0;
    if (pointer == 7'457U) return 0xE7C7U;
    // Characters that Unicode 4.1 and 5.1 took in; glibc 2.36 has them in two bytes only.
    if (pointer >= 19'057U && pointer < 19'065U) return 0x9FB4U + (pointer - 19'057U);
    if (pointer >= 39'076U && pointer < 39'086U) return 0xFE10U + (pointer - 39'076U);
    const char bytes[4] = {byte(0x81U + pointer / 12'600U), byte(0x30U + pointer / 1'260U % 10U),
                           byte(0x81U + pointer / 10U % 126U), byte(0x30U + pointer % 10U)};
    return library_.convert(bytes, 4);
  }

 private:
  enum class script : std::uint8_t { simplified, traditional, japanese, korean };

  [[nodiscard]] static script script_of(text_encoding encoding) noexcept {
    switch (encoding) {
      case text_encoding::gbk:
      case text_encoding::gb18030: return script::simplified;
      case text_encoding::big5: return script::traditional;
      case text_encoding::euc_kr: return script::korean;
      default: return script::japanese;
    }
  }
  [[nodiscard]] static char byte(std::size_t value) noexcept { return static_cast<char>(value); }

  [[nodiscard]] char32_t ask(std::size_t row, std::size_t column) noexcept {
    char bytes[3] = {byte(0x81 + row), 0, 0};
    switch (script_) {
      case script::simplified: bytes[1] = byte(column + (column < 0x3F ? 0x40 : 0x41)); break;
      case script::traditional: bytes[1] = byte(column + (column < 0x3F ? 0x40 : 0x62)); break;
      case script::korean: bytes[1] = byte(column + 0x41); break;
      case script::japanese: {
        if (row >= jis0212_rows) {
          bytes[0] = byte(0x8F);
          bytes[1] = byte(0xA1 + row - jis0212_rows);
          bytes[2] = byte(0xA1 + column);
          return euc_.convert(bytes, 3);
        }
        // Shift_JIS holds two rows of the plane in one of its own.
        const std::size_t lead = row / 2;
        const std::size_t trail = row % 2 * euc_columns + column;
        bytes[0] = byte(lead + (lead < 0x1F ? 0x81 : 0xC1));
        bytes[1] = byte(trail + (trail < 0x3F ? 0x40 : 0x41));
        break;
      }
    }
    return library_.convert(bytes, 2);
  }

  /// What the library left wrong in a row that was asked of it.
  void correct(std::size_t row) noexcept {
    switch (script_) {
      case script::simplified: return correct(row, 0, gb18030_corrections);
      case script::traditional: return correct(row, 0, big5_corrections);
      case script::japanese: return correct(row, jis0212_rows * euc_columns, jis0212_corrections);
      case script::korean: return;
    }
  }
  template <std::size_t Count>
  void correct(std::size_t row, std::size_t first, const table_correction (&corrections)[Count]) noexcept {
    for (const table_correction& one : corrections) {
      if ((first + one.pointer) / columns() == row) cells_[first + one.pointer] = one.code_point;
    }
  }

  script script_ = script::simplified;
  std::size_t rows_ = 0;
  library_conversion library_;
  library_conversion euc_;  ///< Japanese only
  buffer<char32_t> cells_;
  buffer<std::uint8_t> known_;  ///< a row: 1 when its cells are filled
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_TEXT_MULTIBYTE_TABLE_HPP

// SPDX-License-Identifier: Apache-2.0
// include/atlas/storage/vector_file.hpp -- vectors, ground truth and keys as other programs write them.
//
// Room:      vector_file: .fvecs .bvecs .ivecs, .u8bin .i8bin .f16bin .f32bin .fbin .ibin and .npy, mapped
//            and handed out as rows of float or int64.
// Not here:  writing (storage/vector_writer.hpp), ATLAS's own format (storage/file_reader.hpp).
// Depends:   storage/mapped_file.hpp, core.
// Threads:   an open file may be read by any number of threads.
//
// Layouts, all little-endian and row-major:
//   .?vecs  each row: u32 dimension, then its numbers (corpus-texmex.irisa.fr)
//   .?bin   u32 rows, u32 dimension, then the numbers (big-ann-benchmarks.com)
//   .ibin   the same with int32; a ground truth may be followed by as many float32 distances
//   .npy    NumPy, one or two axes in C order (storage/npy_header.hpp)
#ifndef ATLAS_STORAGE_VECTOR_FILE_HPP
#define ATLAS_STORAGE_VECTOR_FILE_HPP

#include <atlas/core/text_view.hpp>          // text_view
#include <atlas/storage/mapped_file.hpp>     // mapped_file
#include <atlas/storage/npy_header.hpp>      // parse_npy_header
#include <atlas/storage/vector_element.hpp>  // vector_element, to_floats

namespace atlas { inline namespace ATLAS_ABI {

/// How a file of vectors is laid out. The element type belongs to it, but for npy, whose header says it.
enum class vector_format : std::uint8_t {
  fvecs = 0,
  bvecs = 1,
  ivecs = 2,
  u8bin = 3,
  i8bin = 4,
  f16bin = 5,
  f32bin = 6,
  ibin = 7,
  npy = 8,
};

/// The format that a file's name ends in, whatever the case of its letters.
///
/// @return errc::invalid_argument for another ending
[[nodiscard]] inline result<vector_format> vector_format_of(text_view path) noexcept {
  struct known {
    const char* ending;
    vector_format format;
  };
  constexpr known table[] = {
      {".fvecs", vector_format::fvecs},   {".bvecs", vector_format::bvecs},   {".ivecs", vector_format::ivecs},
      {".u8bin", vector_format::u8bin},   {".i8bin", vector_format::i8bin},   {".f16bin", vector_format::f16bin},
      {".f32bin", vector_format::f32bin}, {".fbin", vector_format::f32bin},   {".ibin", vector_format::ibin},
      {".npy", vector_format::npy}};
  for (const known& row : table) {
    const text_view ending(row.ending);
    if (path.size() < ending.size()) continue;
    bool equal = true;
    for (std::size_t i = 0; i < ending.size(); ++i) {
      const char letter = path[path.size() - ending.size() + i];
      equal = equal && (letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter | 0x20) : letter) == ending[i];
    }
    if (equal) return row.format;
  }
  return error{errc::invalid_argument, "vector file name",
               "a name ending in .fvecs .bvecs .ivecs .u8bin .i8bin .f16bin .f32bin .fbin .ibin or .npy",
               "another ending"};
}

/// A mapped file of equally long rows of numbers. Movable. The file must not shrink while it is open.
class vector_file {
 public:
  /// Maps the file and checks that its size is what its header says.
  ///
  /// @param path    NUL-terminated
  /// @param format  how it is laid out
  /// @return        errc::file_not_found, permission_denied, is_a_directory or io when it cannot be mapped;
  ///                errc::corrupt_file when lengths and file size do not agree; what parse_npy_header returns
  /// Cost: constant; nothing is allocated whatever the file says. Rows are not looked at.
  [[nodiscard]] static result<vector_file> open(const char* path, vector_format format) noexcept {
    result<mapped_file> mapped = mapped_file::open(path);
    if (!mapped.ok()) return mapped.error();
    vector_file file(static_cast<mapped_file&&>(*mapped), format);
    if (status checked = file.read_layout(); !checked.ok()) return checked.error();
    return file;
  }
  /// The same, with the format of the name's ending.
  [[nodiscard]] static result<vector_file> open(const char* path) noexcept {
    const result<vector_format> format = vector_format_of(path);
    if (!format.ok()) return format.error();
    return open(path, *format);
  }

  [[nodiscard]] vector_format format() const noexcept { return format_; }
  [[nodiscard]] vector_element element() const noexcept { return element_; }
  [[nodiscard]] std::uint64_t rows() const noexcept { return rows_; }
  /// Numbers a row; 1 for a .npy of one axis; 0 for an empty .?vecs file, which does not say it.
  [[nodiscard]] std::uint64_t dimension() const noexcept { return dimension_; }
  /// 1 for a .npy of one axis (a list of keys, say), else 2.
  [[nodiscard]] unsigned axes() const noexcept { return axes_; }
  /// Whether the numbers are followed by a float32 distance for each (.ibin ground truth).
  [[nodiscard]] bool has_distances() const noexcept { return has_distances_; }

  /// Rows as floats.
  ///
  /// @param first_row, count  @pre first_row + count <= rows()
  /// @param out    shape [count, dimension()]; NaN and infinity pass through
  /// @return       errc::corrupt_file, naming the row, when a row of a .?vecs file says another dimension
  /// Cost: linear, no allocation.
  [[nodiscard]] status read_floats(std::uint64_t first_row, std::uint64_t count, float* out) const noexcept {
    return for_each_run(first_row, count, [&](const std::byte* from, std::size_t numbers, std::size_t done) {
      to_floats(element_, from, numbers, out + done);
      return status();
    });
  }
  /// Rows as int64, for ground truth and keys.
  ///
  /// @param out    shape [count, dimension()]
  /// @return       errc::scalar_mismatch when the file holds floats; errc::corrupt_file as above
  [[nodiscard]] status read_integers(std::uint64_t first_row, std::uint64_t count, std::int64_t* out) const noexcept {
    return for_each_run(first_row, count, [&](const std::byte* from, std::size_t numbers, std::size_t done) {
      return to_integers(element_, from, numbers, out + done);
    });
  }
  /// The distances behind a ground truth.
  ///
  /// @param out  shape [count, dimension()]
  /// @pre        has_distances(), first_row + count <= rows()
  void read_distances(std::uint64_t first_row, std::uint64_t count, float* out) const noexcept {
    ATLAS_ASSERT(has_distances_ && first_row <= rows_ && count <= rows_ - first_row);
    const std::uint64_t skipped = (rows_ + first_row) * dimension_ * sizeof(float);
    if (count != 0) std::memcpy(out, bytes() + data_begin_ + skipped, count * dimension_ * sizeof(float));
  }

 private:
  vector_file(mapped_file&& mapped, vector_format format) noexcept
      : mapped_(static_cast<mapped_file&&>(mapped)), format_(format) {}

  [[nodiscard]] const std::byte* bytes() const noexcept { return mapped_.data(); }
  [[nodiscard]] bool has_row_headers() const noexcept { return format_ <= vector_format::ivecs; }

  [[nodiscard]] status read_layout() noexcept {
    if (has_row_headers()) return read_vecs_layout();
    if (format_ == vector_format::npy) return read_npy_layout();
    return read_bin_layout();
  }

  [[nodiscard]] status read_vecs_layout() noexcept {
    element_ = format_ == vector_format::fvecs   ? vector_element::f32
               : format_ == vector_format::bvecs ? vector_element::u8
                                                 : vector_element::i32;
    const std::uint64_t size = mapped_.size_bytes();
    if (size == 0) return {};
    if (size < sizeof(std::uint32_t)) return error{errc::corrupt_file, "vector file bytes", 4, size};
    dimension_ = load_unaligned<std::uint32_t>(bytes());
    if (dimension_ == 0 || dimension_ > 0x7FFFFFFF) {
      return error{errc::corrupt_file, "row dimension", "1 to 2147483647", dimension_}.at_row(0);
    }
    const std::uint64_t row_bytes = stored_row_bytes();  // below 2^34
    if (size % row_bytes != 0) {
      return error{errc::corrupt_file, "vector file bytes", round_down(size, row_bytes) + row_bytes, size};
    }
    rows_ = size / row_bytes;
    data_begin_ = 0;
    return {};
  }

  [[nodiscard]] status read_bin_layout() noexcept {
    switch (format_) {
      case vector_format::u8bin: element_ = vector_element::u8; break;
      case vector_format::i8bin: element_ = vector_element::i8; break;
      case vector_format::f16bin: element_ = vector_element::f16; break;
      case vector_format::ibin: element_ = vector_element::i32; break;
      default: element_ = vector_element::f32; break;
    }
    const std::uint64_t size = mapped_.size_bytes();
    if (size < 8) return error{errc::corrupt_file, "vector file bytes", 8, size};
    rows_ = load_unaligned<std::uint32_t>(bytes());
    dimension_ = load_unaligned<std::uint32_t>(bytes() + 4);
    data_begin_ = 8;
    if (dimension_ == 0) return error{errc::corrupt_file, "vector file dimension", "1 to 4294967295", dimension_};
    const std::uint64_t numbers = rows_ * dimension_;  // both below 2^32, so the product fits
    const std::uint64_t most = ~std::uint64_t{0} / 16;
    if (numbers > most) return error{errc::corrupt_file, "vector file bytes", "8 + rows * dimension * element", size};
    const std::uint64_t wanted = data_begin_ + numbers * size_bytes(element_);
    has_distances_ = format_ == vector_format::ibin && rows_ != 0 && size == wanted + numbers * sizeof(float);
    if (size != wanted && !has_distances_) return error{errc::corrupt_file, "vector file bytes", wanted, size};
    return {};
  }

  [[nodiscard]] status read_npy_layout() noexcept {
    const std::uint64_t size = mapped_.size_bytes();
    const result<npy_header> header = parse_npy_header({bytes(), static_cast<std::size_t>(size)});
    if (!header.ok()) return header.error();
    element_ = header->element;
    rows_ = header->rows;
    dimension_ = header->columns;
    axes_ = header->axes;
    data_begin_ = header->data_begin;
    const std::uint64_t there = size - data_begin_;
    if (rows_ != 0 && dimension_ == 0) return error{errc::corrupt_file, "npy.shape columns", "at least 1", dimension_};
    if (rows_ != 0 && dimension_ > there / size_bytes(element_) / rows_) {
      return error{errc::corrupt_file, "npy bytes", "rows * columns * element size", there};
    }
    const std::uint64_t wanted = rows_ * dimension_ * size_bytes(element_);
    if (there != wanted) return error{errc::corrupt_file, "npy bytes", wanted, there};
    return {};
  }

  [[nodiscard]] std::uint64_t stored_row_bytes() const noexcept {
    return (has_row_headers() ? sizeof(std::uint32_t) : 0) + dimension_ * size_bytes(element_);
  }
  [[nodiscard]] static constexpr std::uint64_t round_down(std::uint64_t value, std::uint64_t unit) noexcept {
    return value / unit * unit;
  }

  /// Calls use(bytes, numbers, numbers before) for the whole run, or for each row where rows have headers.
  template <class Use>
  [[nodiscard]] status for_each_run(std::uint64_t first_row, std::uint64_t count, Use use) const noexcept {
    ATLAS_ASSERT(first_row <= rows_ && count <= rows_ - first_row);
    if (count == 0) return {};
    const std::uint64_t row_bytes = stored_row_bytes();
    const std::byte* from = bytes() + data_begin_ + first_row * row_bytes;
    if (!has_row_headers()) return use(from, static_cast<std::size_t>(count * dimension_), 0);
    for (std::uint64_t row = 0; row < count; ++row, from += row_bytes) {
      const std::uint64_t said = load_unaligned<std::uint32_t>(from);
      if (said != dimension_) {
        return error{errc::corrupt_file, "row dimension", dimension_, said}.at_row(first_row + row);
      }
      const std::size_t done = static_cast<std::size_t>(row * dimension_);
      status used = use(from + sizeof(std::uint32_t), static_cast<std::size_t>(dimension_), done);
      if (!used.ok()) return used;
    }
    return {};
  }

  mapped_file mapped_;
  std::uint64_t rows_ = 0;
  std::uint64_t dimension_ = 0;
  std::uint64_t data_begin_ = 0;
  vector_format format_;
  vector_element element_ = vector_element::f32;
  unsigned axes_ = 2;
  bool has_distances_ = false;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_STORAGE_VECTOR_FILE_HPP

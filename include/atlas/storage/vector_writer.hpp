// SPDX-License-Identifier: Apache-2.0
// include/atlas/storage/vector_writer.hpp -- vectors and keys for other programs: .fvecs and .npy.
//
// Room:      vector_writer: rows appended in a stream, in place as a whole or not at all.
// Not here:  reading (storage/vector_file.hpp), ATLAS's own format (storage/file_writer.hpp).
// Depends:   storage/vector_file.hpp (vector_format), storage/replacement_file.hpp.
// Threads:   one thread at a time.
#ifndef ATLAS_STORAGE_VECTOR_WRITER_HPP
#define ATLAS_STORAGE_VECTOR_WRITER_HPP

#include <atlas/core/memory.hpp>               // buffer
#include <atlas/storage/replacement_file.hpp>  // replacement_file
#include <atlas/storage/vector_file.hpp>       // vector_format, npy_header

namespace atlas { inline namespace ATLAS_ABI {

/// create, append ..., commit. Until commit an existing file at the path stays as it is; without commit it stays
/// for good. Takes 1 MiB of memory.
class vector_writer {
 public:
  /// Begins a file of floats, shape [rows, dimension].
  ///
  /// @param path       the target, NUL-terminated
  /// @param format     vector_format::fvecs or vector_format::npy, else errc::invalid_argument
  /// @param rows       how many rows append will give; commit holds you to it
  /// @param dimension  1 to 2^31 - 1
  /// @return           replacement_file::create's errors, errc::no_memory, errc::no_space
  [[nodiscard]] static result<vector_writer> create_floats(const char* path, vector_format format, std::uint64_t rows,
                                                           std::uint64_t dimension) noexcept {
    if (format != vector_format::fvecs && format != vector_format::npy) {
      return error{errc::invalid_argument, "vector file to write", "a name ending in .fvecs or .npy", "another format"};
    }
    if (dimension == 0 || dimension > 0x7FFFFFFF) {
      return error{errc::invalid_argument, "row dimension", "1 to 2147483647", dimension};
    }
    return create(path, format, {vector_element::f32, 2, rows, dimension, 0});
  }
  /// Begins a .npy of unsigned 64-bit integers with one axis, shape [rows].
  [[nodiscard]] static result<vector_writer> create_keys(const char* path, std::uint64_t rows) noexcept {
    return create(path, vector_format::npy, {vector_element::u64, 1, rows, 1, 0});
  }

  vector_writer(vector_writer&&) noexcept = default;
  vector_writer& operator=(vector_writer&&) noexcept = default;

  /// Adds rows. @param rows shape [count, dimension], of the type that the file was created for
  /// @return  errc::invalid_argument for more rows than announced, errc::no_space, errc::io
  [[nodiscard]] status append(const float* rows, std::uint64_t count) noexcept {
    ATLAS_ASSERT(shape_.element == vector_element::f32);
    return append_rows(reinterpret_cast<const std::byte*>(rows), count);
  }
  [[nodiscard]] status append(const std::uint64_t* keys, std::uint64_t count) noexcept {
    ATLAS_ASSERT(shape_.element == vector_element::u64);
    return append_rows(reinterpret_cast<const std::byte*>(keys), count);
  }

  /// Puts the file in place.
  /// @return errc::invalid_argument when rows are missing; replacement_file::commit's errors
  [[nodiscard]] status commit() noexcept {
    if (done_rows_ != shape_.rows) {
      return error{errc::invalid_argument, "rows appended", shape_.rows, done_rows_};
    }
    if (status said = flush(); !said.ok()) return said;
    return replacement_.commit();
  }

 private:
  static constexpr std::size_t waiting_bytes = std::size_t{1} << 20;

  vector_writer() noexcept = default;

  [[nodiscard]] static result<vector_writer> create(const char* path, vector_format format,
                                                    const npy_header& shape) noexcept {
    vector_writer made;
    made.format_ = format;
    made.shape_ = shape;
    if (status said = made.waiting_.reserve(waiting_bytes); !said.ok()) return said.error();
    result<replacement_file> opened = replacement_file::create(path);
    if (!opened.ok()) return opened.error();
    made.replacement_ = static_cast<replacement_file&&>(*opened);
    if (format == vector_format::npy) {
      char header[written_npy_header_bytes];
      write_npy_header(shape, header);
      if (status said = made.put(reinterpret_cast<const std::byte*>(header), sizeof header); !said.ok()) {
        return said.error();
      }
    }
    return static_cast<vector_writer&&>(made);
  }

  [[nodiscard]] status append_rows(const std::byte* rows, std::uint64_t count) noexcept {
    if (count > shape_.rows - done_rows_) {
      return error{errc::invalid_argument, "rows appended", shape_.rows, done_rows_ + count};
    }
    done_rows_ += count;
    const std::uint64_t row_bytes = shape_.columns * size_bytes(shape_.element);
    if (format_ == vector_format::npy) return put(rows, count * row_bytes);
    const auto dimension = static_cast<std::uint32_t>(shape_.columns);
    for (std::uint64_t row = 0; row < count; ++row) {
      status said = put(reinterpret_cast<const std::byte*>(&dimension), sizeof dimension);
      if (said.ok()) said = put(rows + row * row_bytes, row_bytes);
      if (!said.ok()) return said;
    }
    return {};
  }

  [[nodiscard]] status put(const std::byte* from, std::uint64_t count_bytes) noexcept {
    while (count_bytes != 0) {
      if (waiting_.size() == waiting_bytes) {
        if (status said = flush(); !said.ok()) return said;
      }
      const std::uint64_t room = waiting_bytes - waiting_.size();
      const auto taken = static_cast<std::size_t>(count_bytes < room ? count_bytes : room);
      if (status said = waiting_.append(from, taken); !said.ok()) return said;
      from += taken;
      count_bytes -= taken;
    }
    return {};
  }
  [[nodiscard]] status flush() noexcept {
    const status said = replacement_.file().write_at(waiting_.data(), waiting_.size(), written_bytes_);
    if (!said.ok()) return said.error();
    written_bytes_ += waiting_.size();
    waiting_.clear();
    return {};
  }

  replacement_file replacement_;
  buffer<std::byte> waiting_;
  npy_header shape_;
  vector_format format_ = vector_format::npy;
  std::uint64_t done_rows_ = 0;
  std::uint64_t written_bytes_ = 0;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_STORAGE_VECTOR_WRITER_HPP

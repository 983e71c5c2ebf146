// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/cold_rows.hpp -- rows that are left in their file and read when they are asked for.
//
// Room:      where they lie, copies of some of them side by side, and distances of these.
// Not here:  rows in memory and in mapped files (index/column.hpp), who asks for which rows (index/hnsw_measure.hpp).
// Depends:   core, index/row_distance.hpp, storage/file_descriptor.hpp.
// Threads:   any number may read at the same time.
#ifndef ATLAS_INDEX_COLD_ROWS_HPP
#define ATLAS_INDEX_COLD_ROWS_HPP

#include <atlas/core/memory.hpp>              // buffer
#include <atlas/index/row_distance.hpp>       // row_layout
#include <atlas/storage/file_descriptor.hpp>  // file_descriptor

namespace atlas { inline namespace ATLAS_ABI {

/// Rows of one size in a section of a file. What was read may stay in the kernel's cache, but is no part of the process.
class cold_rows {
 public:
  cold_rows() noexcept = default;  ///< none are there
  /// @param file    borrowed, and open as long as rows are read
  /// @param offset  bytes: where row 0 begins
  cold_rows(const file_descriptor& file, std::uint64_t offset, std::size_t row_bytes) noexcept
      : file_(&file), offset_(offset), row_bytes_(row_bytes) {}

  [[nodiscard]] bool are_there() const noexcept { return file_ != nullptr; }
  [[nodiscard]] std::size_t row_bytes() const noexcept { return row_bytes_; }

  /// Copies rows to `out`, one behind the other.
  /// @param ids  shape [count], each a row of the section
  /// @param out  count * row_bytes() bytes
  /// @return     errc::io; errc::corrupt_file if the file ends before: it was cut after it was opened
  /// Cost: a system call for each run of rows that follow each other in the file too.
  [[nodiscard]] status read(const std::uint32_t* ids, std::size_t count, std::byte* out) const noexcept {
    for (std::size_t first = 0, end = 0; first < count; first = end) {
      for (end = first + 1; end < count && ids[end] == ids[end - 1] + 1;) ++end;
      const status got = file_->read_at(out + first * row_bytes_, (end - first) * row_bytes_, offset_ + std::uint64_t{ids[first]} * row_bytes_);
      if (!got.ok()) return got;
    }
    return {};
  }
  /// One row, in `room`. @return as read, or errc::no_memory
  [[nodiscard]] result<const std::byte*> read_one(std::uint32_t row, buffer<std::byte>& room) const noexcept {
    if (status made = room.resize(row_bytes_); !made.ok()) return made.error();
    if (status got = read(&row, 1, room.data()); !got.ok()) return got.error();
    return static_cast<const std::byte*>(room.data());
  }
  /// As row_layout::gather for a query of f32, some rows at a time in `room`; the same bits. @return as read_one
  [[nodiscard]] status distances_to(const row_layout& layout, const float* query, const std::uint32_t* ids, std::size_t count,
                                    buffer<std::byte>& room, float* out) const noexcept {
    constexpr std::size_t side_by_side = 8;  // a multiple of what the kernels compute so
    constexpr std::size_t room_bytes = std::size_t{64} << 10;
    const std::size_t fit = room_bytes / row_bytes_ / side_by_side * side_by_side;
    const std::size_t at_once = fit == 0 ? side_by_side : fit;
    const std::size_t most = count < at_once ? count : at_once;
    if (status made = room.resize(most * row_bytes_); !made.ok()) return made;
    for (std::size_t first = 0; first < count; first += at_once) {
      const std::size_t size = count - first < at_once ? count - first : at_once;
      prefetch(ids + first, size);
      if (status got = read(ids + first, size, room.data()); !got.ok()) return got;
      layout.gather(query, 1.0F, room.data(), nullptr, size, out + first);
    }
    return {};
  }

 private:
  /// The device reads these rows side by side instead of one after another: on mnist-784 with nothing of the file in the
  /// kernel's cache 1.9 times as many searches a second, with all of it there 0.95 times.
  void prefetch(const std::uint32_t* ids, std::size_t count) const noexcept {
    if (ids[count - 1] == ids[0] + (count - 1)) return;  // most often a run of rows, which is one read
    for (std::size_t i = 0; i < count; ++i) file_->prefetch(offset_ + std::uint64_t{ids[i]} * row_bytes_, row_bytes_);
  }

  const file_descriptor* file_ = nullptr;
  std::uint64_t offset_ = 0;
  std::size_t row_bytes_ = 0;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_INDEX_COLD_ROWS_HPP

// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/column.hpp -- fixed-size elements whose base never moves.
//
// Room:      one column of an index: an address range of its own, or a mapped section.
// Not here:  what the elements mean (index/row_store.hpp, index/hnsw_graph.hpp, index/code_store.hpp).
// Depends:   core, storage/region.hpp.
// Threads:   growing is one thread's at a time; elements that are there may be read and written meanwhile.
#ifndef ATLAS_INDEX_COLUMN_HPP
#define ATLAS_INDEX_COLUMN_HPP

#include <atlas/core/result.hpp>     // result, max_rows
#include <atlas/storage/region.hpp>   // region

namespace atlas { inline namespace ATLAS_ABI {

/// A column of fixed-size elements whose base never moves: an address range of its own, or a mapped section.
class column {
 public:
  column() noexcept = default;
  /// Borrowed for reading: `data` is a mapped section.
  column(const std::byte* data, std::size_t element_bytes) noexcept
      : base_(const_cast<std::byte*>(data)), element_bytes_(element_bytes) {}
  /// Owned: `space` grows as rows come.
  column(region&& space, std::size_t element_bytes) noexcept
      : space_(static_cast<region&&>(space)), base_(space_.data()), element_bytes_(element_bytes) {}

  /// An owned column: an address range for `reserve_rows` elements, or for as many as fit into
  /// `reserved_bytes` where that is more; fewer where the system refuses, but never below reserve_rows.
  [[nodiscard]] static result<column> create(std::size_t element_bytes, std::size_t reserve_rows) noexcept {
    constexpr std::size_t fewest_rows = 65'536;
    const std::uint64_t least = std::uint64_t{reserve_rows > fewest_rows ? reserve_rows : fewest_rows} * element_bytes;
    const std::uint64_t most = std::uint64_t{max_rows} * element_bytes;
    const std::uint64_t wanted = most < reserved_bytes ? most : reserved_bytes;
    return create_within(wanted > least ? wanted : least, least, element_bytes);
  }
  /// An owned column whose first elements are a file's, copy-on-write. @pre offset as region::map_front asks
  [[nodiscard]] static result<column> create_over(const mapped_file& file, std::uint64_t offset, std::uint64_t length_bytes,
                                                  std::size_t element_bytes) noexcept {
    auto made = create(element_bytes, static_cast<std::size_t>(length_bytes / element_bytes));
    if (!made.ok()) return made;
    if (status mapped = made->space_.map_front(file, offset, length_bytes); !mapped.ok()) return mapped.error();
    return made;
  }
  /// An owned column whose first elements are read from a file.
  /// @param may_grow  whether there come to be more: else it takes no more addresses than bytes
  /// @return          also errc::io, corrupt_file if the file ends before
  [[nodiscard]] static result<column> create_from(const mapped_file& file, std::uint64_t offset, std::uint64_t length_bytes,
                                                  std::size_t element_bytes, bool may_grow) noexcept {
    const auto rows = static_cast<std::size_t>(length_bytes / element_bytes);
    auto made = may_grow ? create(element_bytes, rows) : create_within(length_bytes, length_bytes, element_bytes);
    if (!made.ok()) return made;
    if (status grown = made->grow(rows); !grown.ok()) return grown.error();
    if (status got = file.file().read_at(made->data(), length_bytes, file.base() + offset); !got.ok()) return got.error();
    return made;
  }
  /// Room for `rows` elements, new ones zero. @pre the column is owned
  [[nodiscard]] status grow(std::size_t rows) noexcept {
    const std::uint64_t bytes = static_cast<std::uint64_t>(rows) * element_bytes_;
    if (bytes <= space_.committed_bytes()) return {};
    const bool was_large = space_.committed_bytes() >= huge_pages_from;
    if (status grown = space_.grow(bytes); !grown.ok()) return grown;
    if (!was_large && space_.committed_bytes() >= huge_pages_from) space_.prefer_huge_pages();
    return {};
  }

  [[nodiscard]] std::byte* data() const noexcept { return base_; }
  [[nodiscard]] std::byte* at(std::size_t row) const noexcept { return base_ + row * element_bytes_; }
  template <class T>
  [[nodiscard]] T* as() const noexcept {
    return reinterpret_cast<T*>(base_);
  }
  [[nodiscard]] std::size_t element_bytes() const noexcept { return element_bytes_; }

 private:
  [[nodiscard]] static result<column> create_within(std::uint64_t wanted_bytes, std::uint64_t least_bytes, std::size_t element_bytes) noexcept {
    auto space = region::reserve(wanted_bytes, least_bytes);
    if (!space.ok()) return space.error();
    return column{static_cast<region&&>(*space), element_bytes};
  }
  /// Columns from this size on ask for huge pages: a walk touches rows all over, and with 4 KiB pages each one costs a
  /// page walk. Below it, whole huge pages would be mostly air.
  static constexpr std::uint64_t huge_pages_from = std::uint64_t{8} << 20;
  /// Address space one column asks for: 89 million rows of 768 f32, and 400 columns in x86-64's 128 TiB.
  static constexpr std::uint64_t reserved_bytes = std::uint64_t{256} << 30;

  region space_;
  std::byte* base_ = nullptr;
  std::size_t element_bytes_ = 0;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_INDEX_COLUMN_HPP

// SPDX-License-Identifier: Apache-2.0
// include/atlas/folder/table_section.hpp -- a section of a file as a table of records.
//
// Room:      opening a section as a growing_array, slices of tables of bytes, and a table as a section to write.
// Not here:  what the tables are (folder/document_table.hpp, folder/heading_table.hpp).
// Depends:   folder/{folder_sections,growing_array}.hpp, index/options.hpp, storage/file_reader.hpp.
// Threads:   pure.
#ifndef ATLAS_FOLDER_TABLE_SECTION_HPP
#define ATLAS_FOLDER_TABLE_SECTION_HPP

#include <atlas/core/text_view.hpp>          // text_view
#include <atlas/folder/folder_sections.hpp>  // folder_section
#include <atlas/folder/growing_array.hpp>    // growing_array
#include <atlas/index/options.hpp>           // extra_section, open_mode
#include <atlas/storage/file_reader.hpp>     // file_reader

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// The records of a section, which may be any bytes. @return errc::corrupt_file
template <class T>
[[nodiscard]] result<span<const T>> section_records(const file_reader& file, folder_section id) noexcept {
  const auto bytes = file.section(static_cast<std::uint32_t>(id));
  if (!bytes.ok()) return bytes.error();
  const std::uint32_t element_bytes = file.find(static_cast<std::uint32_t>(id))->element_bytes;
  if (element_bytes != sizeof(T)) return error{errc::corrupt_file, "section.element_bytes", sizeof(T), element_bytes};
  return span<const T>(reinterpret_cast<const T*>(bytes->data()), bytes->size() / sizeof(T));
}
/// A section as a table: in place, or, for change, copied. @return errc::corrupt_file, errc::no_memory
template <class T>
[[nodiscard]] status open_table(const file_reader& file, folder_section id, open_mode mode, growing_array<T>& into) noexcept {
  const auto there = section_records<T>(file, id);
  if (!there.ok()) return there.error();
  if (mode == open_mode::change) return into.own(there->data(), there->size());
  into.borrow(there->data(), there->size());
  return {};
}
/// The same for a section that older files do not have: an empty table.
template <class T>
[[nodiscard]] status open_newer_table(const file_reader& file, folder_section id, open_mode mode, growing_array<T>& into) noexcept {
  if (file.has(static_cast<std::uint32_t>(id))) return open_table(file, id, mode, into);
  return mode == open_mode::change ? into.own(nullptr, 0) : status();
}
template <class T>
[[nodiscard]] extra_section table_section(folder_section id, const growing_array<T>& table) noexcept {
  return {static_cast<std::uint32_t>(id), sizeof(T), table.data(), table.size() * sizeof(T)};
}
/// Bytes [begin, begin + bytes) of a table. @return errc::corrupt_file, about `what`, if they lie outside of it
[[nodiscard]] inline result<text_view> table_slice(const growing_array<char>& from, std::uint64_t begin, std::uint64_t bytes, const char* what) noexcept {
  const std::uint64_t size = from.size();
  if (begin > size || bytes > size - begin) return error{errc::corrupt_file, what, size, begin + bytes};
  return text_view(from.data() + begin, bytes);
}

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_FOLDER_TABLE_SECTION_HPP

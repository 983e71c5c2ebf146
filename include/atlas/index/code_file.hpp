// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/code_file.hpp -- codes beside rows into a file and out of it.
//
// Room:      the sections of codes and of the centre they are relative to.
// Not here:  codes in memory (index/code_store.hpp), other sections of rows (index/index_file.hpp).
// Depends:   index/{code_store,index_file}.hpp.
// Threads:   the caller keeps changes away while it saves.
#ifndef ATLAS_INDEX_CODE_FILE_HPP
#define ATLAS_INDEX_CODE_FILE_HPP

#include <atlas/index/code_store.hpp>  // code_store
#include <atlas/index/index_file.hpp>  // section_writer, open_column

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// What a file's parameters say of codes.
struct stored_codes {
  std::uint8_t codes = 0;   ///< traversal_codes of the codes section; 0: there is none
  std::uint8_t wanted = 0;  ///< traversal_codes that begin at `from` rows
  std::uint32_t from = 0;
};

/// Bytes that save_codes writes.
[[nodiscard]] inline std::uint64_t saved_code_bytes(const code_store& codes, std::uint64_t row_count) noexcept {
  return codes.is_active() ? row_count * codes.stride_bytes() + codes.centre().size() * sizeof(float) : 0;
}
/// Codes in the order of rows, and their centre, if there are any.
[[nodiscard]] inline status save_codes(section_writer& writer, const code_store& codes, const row_order& order) noexcept {
  if (!codes.is_active()) return {};
  if (status w = writer.write_rows(index_section::codes, codes.codes(), order); !w.ok()) return w;
  const span<const float> centre = codes.centre();
  return writer.write(static_cast<std::uint32_t>(index_section::code_centre), section_required, sizeof(float), centre.data(),
                      centre.size() * sizeof(float));
}
/// @return  errc::corrupt_file for numbers, lengths or a centre that cannot be; no_memory
[[nodiscard]] inline status open_codes(const file_reader& file, const open_options& options, const stored_codes& stored, code_store& codes) noexcept {
  const file_header& header = file.header();
  const auto which = static_cast<metric>(header.metric);
  if (!is_stored_codes(stored.codes)) return error{errc::corrupt_file, "parameters.codes", "0 to 4", stored.codes};
  if (!is_stored_codes(stored.wanted)) return error{errc::corrupt_file, "parameters.codes_wanted", "0 to 4", stored.wanted};
  const auto wanted = static_cast<traversal_codes>(stored.wanted);
  if (wanted != traversal_codes::none && stored.from == 0) {
    return error{errc::corrupt_file, "parameters.codes_from", "1 or more", stored.from};
  }
  if (stored.codes == 0) {  // too few rows for codes, or none wanted
    if (header.rows >= stored.from && wanted != traversal_codes::none) {
      return error{errc::corrupt_file, "parameters.codes_from", "more than there are rows without codes", stored.from};
    }
    if (options.mode == open_mode::read) {
      codes.create_idle(wanted, header.dimension, which);
      return {};
    }
    return codes.create(wanted, header.dimension, which, static_cast<std::size_t>(header.rows));
  }
  if (stored.codes != stored.wanted) return error{errc::corrupt_file, "parameters.codes", stored.wanted, stored.codes};
  auto column = open_column(file, index_section::codes, code_stride_bytes(wanted, header.dimension), header.rows, options);
  if (!column.ok()) return column.error();
  const auto centre = open_column(file, index_section::code_centre, sizeof(float), header.dimension, open_options{});
  if (!centre.ok()) return centre.error();
  const auto* components = reinterpret_cast<const float*>(centre->data());
  if (!all_finite(components, header.dimension)) return error{errc::corrupt_file, "code centre", "finite numbers", "NaN or infinity"};
  return codes.adopt(wanted, header.dimension, which, static_cast<atlas::column&&>(*column), components);
}

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_CODE_FILE_HPP

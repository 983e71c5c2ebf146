// SPDX-License-Identifier: Apache-2.0
// examples/cli/sections.cpp -- see sections.hpp.
#include "sections.hpp"

#include <atlas/folder/folder_sections.hpp>

namespace cli {

bool holds_folder(const atlas::file_reader& file) {
  return file.has(static_cast<std::uint32_t>(atlas::folder_section::info));
}

std::vector<atlas::extra_section> further_sections(const atlas::file_reader& file) {
  std::vector<atlas::extra_section> found;
  for (const atlas::section_entry& entry : file.sections()) {
    if (entry.id < 0x200) continue;
    found.push_back({entry.id, entry.element_bytes, file.file().data() + entry.offset, entry.length_bytes});
  }
  return found;
}

}  // namespace cli

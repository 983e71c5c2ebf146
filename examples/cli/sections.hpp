// SPDX-License-Identifier: Apache-2.0
// examples/cli/sections.hpp -- what an index file holds besides the index: a folder's documents, or a program's own sections.
#ifndef ATLAS_EXAMPLES_CLI_SECTIONS_HPP
#define ATLAS_EXAMPLES_CLI_SECTIONS_HPP

#include <atlas/index/options.hpp>
#include <atlas/storage/file_reader.hpp>

#include <vector>

namespace cli {

/// Whether a file is the index of a folder, with its documents.
bool holds_folder(const atlas::file_reader& file);

/// The sections that are not the index's own, to be written again beside it. They borrow the file.
std::vector<atlas::extra_section> further_sections(const atlas::file_reader& file);

}  // namespace cli

#endif  // ATLAS_EXAMPLES_CLI_SECTIONS_HPP

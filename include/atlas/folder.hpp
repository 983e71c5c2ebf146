// SPDX-License-Identifier: Apache-2.0
// include/atlas/folder.hpp -- facade: a folder of documents in, answers out.
//
//   atlas::folder_index::build("docs", "docs.atlas").value();
//   auto index = atlas::folder_index::open("docs.atlas").value();
//   atlas::folder_hit hits[5];
//   const std::size_t found = index.search("how are files replaced safely?", hits).value();
//   // hits[0].path, .headings, .line_begin, .score, atlas::snippet(hits[0].text, question, 200)
//   index.update("docs", "docs.atlas").value();  // later: embeds only the chunks that are new
//
// Link utf8proc.
#ifndef ATLAS_FOLDER_HPP
#define ATLAS_FOLDER_HPP

#include <atlas/folder/folder_index.hpp>  // folder_index
#include <atlas/folder/snippet.hpp>       // snippet

#endif  // ATLAS_FOLDER_HPP

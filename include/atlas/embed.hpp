// SPDX-License-Identifier: Apache-2.0
// include/atlas/embed.hpp -- texts in, vectors out.
//
// Room:      the embedder concept, and the built-in embedder that needs no model and no network.
// Not here:  models: write a type that satisfies `embedder`, or bring vectors made elsewhere.
// Depends:   text, core; link utf8proc.
// Threads:   as embed/hashing_embedder.hpp says.
#ifndef ATLAS_EMBED_HPP
#define ATLAS_EMBED_HPP

#include <atlas/embed/embedder.hpp>          // embedder
#include <atlas/embed/hashing_embedder.hpp>  // hashing_embedder
#include <atlas/embed/hashing_options.hpp>   // hashing_options

#endif  // ATLAS_EMBED_HPP

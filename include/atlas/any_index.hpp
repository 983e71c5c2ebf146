// SPDX-License-Identifier: Apache-2.0
// include/atlas/any_index.hpp -- facade: an index file of any kind.
#ifndef ATLAS_ANY_INDEX_HPP
#define ATLAS_ANY_INDEX_HPP

#include <atlas/index/any_index.hpp>  // any_index, flat, hnsw

#endif  // ATLAS_ANY_INDEX_HPP

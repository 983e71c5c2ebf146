// SPDX-License-Identifier: Apache-2.0
// include/atlas/flat.hpp -- facade: exact nearest neighbours in memory and in mapped files.
#ifndef ATLAS_FLAT_HPP
#define ATLAS_FLAT_HPP

#include <atlas/index/flat_index.hpp>  // flat, flat_options

#endif  // ATLAS_FLAT_HPP

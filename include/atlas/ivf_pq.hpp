// SPDX-License-Identifier: Apache-2.0
// include/atlas/ivf_pq.hpp -- vectors by key in inverted lists: atlas::ivf_pq<float>.
#ifndef ATLAS_IVF_PQ_HPP
#define ATLAS_IVF_PQ_HPP

#include <atlas/index/ivf_builder.hpp>  // ivf_pq_builder
#include <atlas/index/ivf_index.hpp>    // ivf_pq

#endif  // ATLAS_IVF_PQ_HPP

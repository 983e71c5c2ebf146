// SPDX-License-Identifier: Apache-2.0
// tests/reject/index_of_unsupported_scalar.cpp -- an index says at the door which scalars it stores.
// reject: holds float vectors in this version
#include <atlas/hnsw.hpp>

#if REJECT
using component = double;
#else
using component = float;
#endif

bool is_open();
bool is_open() { return atlas::hnsw<component>::open("vectors.atlas").ok(); }

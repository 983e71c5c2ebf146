// SPDX-License-Identifier: Apache-2.0
// tests/odr/mixed_provider.cpp -- link mode; defines the function for its own atlas::matrix_view, which is another.
#define ATLAS_LINK_KERNELS 1
#include <atlas/distance/matrix_view.hpp>

float atlas_odr_norm(atlas::matrix_view rows);
float atlas_odr_norm(atlas::matrix_view rows) { return rows.data[0] * rows.data[0] + rows.data[1] * rows.data[1]; }

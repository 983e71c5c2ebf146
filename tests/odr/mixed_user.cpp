// SPDX-License-Identifier: Apache-2.0
// tests/odr/mixed_user.cpp -- header-only mode; calls a function whose parameter is an ATLAS type.
#include <atlas/distance/matrix_view.hpp>

float atlas_odr_norm(atlas::matrix_view rows);

int main() {
  const float row[2] = {3, 4};
  return atlas_odr_norm({row, 1, 2, 2}) > 0 ? 0 : 1;
}

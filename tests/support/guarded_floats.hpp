// SPDX-License-Identifier: Apache-2.0
// tests/support/guarded_floats.hpp -- floats that end, to the byte, where readable memory ends.
#ifndef ATLAS_TESTS_SUPPORT_GUARDED_FLOATS_HPP
#define ATLAS_TESTS_SUPPORT_GUARDED_FLOATS_HPP

#include "support/guarded_array.hpp"

namespace support {

using guarded_floats = guarded_array<float>;

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_GUARDED_FLOATS_HPP

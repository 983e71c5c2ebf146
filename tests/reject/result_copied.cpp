// SPDX-License-Identifier: Apache-2.0
// tests/reject/result_copied.cpp -- an open file has one owner: its result moves and is not copied.
// reject: result(const result&)
#include <atlas/storage/mapped_file.hpp>

bool both_open();
bool both_open() {
  auto first = atlas::mapped_file::open("vectors.atlas");
#if REJECT
  auto second = first;
#else
  auto second = static_cast<decltype(first)&&>(first);
#endif
  return first.ok() && second.ok();
}

// SPDX-License-Identifier: Apache-2.0
// tests/reject/buffer_of_objects.cpp -- buffer<T> moves elements with memcpy, so T is trivially copyable.
// reject: buffer<T> moves elements with memcpy
#include <atlas/core/memory.hpp>

struct plain {
  int value;
};
struct owner {
  int* value = new int;
  ~owner() { delete value; }
};

#if REJECT
atlas::buffer<owner> held;
#else
atlas::buffer<plain> held;
#endif

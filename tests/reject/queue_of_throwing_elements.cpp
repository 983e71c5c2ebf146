// SPDX-License-Identifier: Apache-2.0
// tests/reject/queue_of_throwing_elements.cpp -- a queue cannot lose an element half-way through a move.
// reject: a queue's element must move-construct, move-assign and end without throwing
#include <atlas/queue/mpmc_queue.hpp>

struct element {
  element() = default;
  element(element&&) noexcept(REJECT == 0) {}
  element& operator=(element&&) noexcept(REJECT == 0) { return *this; }
};

static_assert(sizeof(atlas::mpmc_queue<element>) > 0);

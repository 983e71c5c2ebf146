// SPDX-License-Identifier: Apache-2.0
// tests/schedules/queue_schedules.cpp -- the queues under Relacy, which runs them in schedules and memory orders that
// this machine does not show, and queues with seeded faults, which it must find. A program of its own: Relacy takes
// operator new over.
#include "explored.hpp"  // first: it includes ATLAS before Relacy
#include "suites.hpp"

#include "../support/queue_mutants.hpp"

// Relacy takes over those without a size alone.
void operator delete(void* memory, std::size_t) noexcept { ::operator delete(memory); }
void operator delete[](void* memory, std::size_t) noexcept { ::operator delete[](memory); }

namespace schedules {

template <class Layout, template <class> class Atom>
using spsc = atlas::spsc_queue<tracked, Layout, exploring, Atom>;
template <template <class> class Atom>
using mpmc = atlas::mpmc_queue<tracked, exploring, Atom>;
template <template <class> class Atom>
using mpsc = atlas::mpsc_queue<tracked, exploring, Atom>;
constexpr auto gates = atlas::slow_reader::gates;
constexpr auto is_overtaken = atlas::slow_reader::is_overtaken;

}  // namespace schedules

int main() {
  using namespace schedules;
  using atlas::index_cached;
  using atlas::slot_sequenced;
  expect_sound<crowd<spsc<index_cached, honest>, 1, 1, 1, 4>>("spsc_queue, index_cached, capacity 1");
  expect_sound<crowd<spsc<index_cached, honest>, 1, 1, 3, 7>>("spsc_queue, index_cached, capacity 3");
  expect_sound<crowd<spsc<index_cached, honest>, 1, 1, 3, 7, true>>("spsc_queue, index_cached, capacity 3, batches");
  expect_sound<crowd<spsc<slot_sequenced, honest>, 1, 1, 1, 4>>("spsc_queue, slot_sequenced, capacity 1");
  expect_sound<crowd<spsc<slot_sequenced, honest>, 1, 1, 3, 7>>("spsc_queue, slot_sequenced, capacity 3");
  expect_sound<crowd<spsc<slot_sequenced, honest>, 1, 1, 3, 7, true>>(
      "spsc_queue, slot_sequenced, capacity 3, batches");
  expect_sound<crowd<mpmc<honest>, 1, 1, 2, 4>>("mpmc_queue, 1 and 1, capacity 2");
  expect_sound<crowd<mpmc<honest>, 2, 2, 1, 2>>("mpmc_queue, 2 and 2, capacity 1");
  expect_sound<crowd<mpmc<honest>, 2, 2, 3, 2>>("mpmc_queue, 2 and 2, capacity 3");
  expect_sound<crowd<mpmc<honest>, 2, 2, 3, 3, true>>("mpmc_queue, 2 and 2, capacity 3, batches");
  expect_sound<crowd<mpsc<honest>, 2, 1, 1, 2>>("mpsc_queue, 2 producers, capacity 1");
  expect_sound<crowd<mpsc<honest>, 3, 1, 2, 2>>("mpsc_queue, 3 producers, capacity 2");
  expect_sound<crowd<mpsc<honest>, 2, 1, 3, 3, true>>("mpsc_queue, 2 producers, capacity 3, batches");
  expect_sound<audience<gates, honest, 1, 3>>("broadcast_ring, gated, capacity 1");
  expect_sound<audience<gates, honest, 2, 4>>("broadcast_ring, gated, capacity 2");
  expect_sound<audience<is_overtaken, honest, 1, 3>>("broadcast_ring, overwriting, capacity 1");
  expect_sound<audience<is_overtaken, honest, 2, 5>>("broadcast_ring, overwriting, capacity 2");
  expect_sound<records<honest, 32, 4>>("byte_ring, 32 bytes");
  expect_sound<records<honest, 40, 5>>("byte_ring, 40 bytes, of which some are skipped");
  expect_sound<sleepers<honest, false, 1, false>>("wait_gate, symmetric, one sleeper");
  expect_sound<sleepers<honest, false, 2, false>>("wait_gate, symmetric, two sleepers");
  expect_sound<sleepers<honest, false, 2, true>>("wait_gate, symmetric, two sleepers, one closed");
  expect_sound<sleepers<fenced, true, 1, false>>("wait_gate, asymmetric, one sleeper");
  expect_sound<sleepers<fenced, true, 2, false>>("wait_gate, asymmetric, two sleepers");
  expect_sound<sleepers<fenced, true, 2, true>>("wait_gate, asymmetric, two sleepers, one closed");

  using rl::test_result_data_race;
  using rl::test_result_deadlock;
  using rl::test_result_user_assert_failed;
  expect_caught<crowd<spsc<index_cached, weak_stores>, 1, 1, 2, 5>>(test_result_data_race,
                                                                    "caught: stores without order, index_cached");
  expect_caught<crowd<spsc<index_cached, weak_loads>, 1, 1, 2, 5>>(test_result_data_race,
                                                                   "caught: loads without order, index_cached");
  expect_caught<crowd<spsc<slot_sequenced, weak_stores>, 1, 1, 2, 5>>(test_result_data_race,
                                                                      "caught: stores without order, slot_sequenced");
  expect_caught<crowd<spsc<slot_sequenced, weak_loads>, 1, 1, 2, 5>>(test_result_data_race,
                                                                     "caught: loads without order, slot_sequenced");
  expect_caught<crowd<mpmc<weak_stores>, 1, 1, 2, 4>>(test_result_data_race,
                                                      "caught: stores without order, mpmc_queue");
  expect_caught<crowd<mpmc<weak_loads>, 1, 1, 2, 4>>(test_result_data_race, "caught: loads without order, mpmc_queue");
  expect_caught<crowd<mpsc<weak_stores>, 2, 1, 2, 3>>(test_result_data_race,
                                                      "caught: stores without order, mpsc_queue");
  expect_caught<crowd<mpsc<weak_loads>, 2, 1, 2, 3>>(test_result_data_race, "caught: loads without order, mpsc_queue");
  expect_caught<crowd<spsc<support::off_by_one<index_cached>, honest>, 1, 1, 2, 5>>(
      test_result_data_race, "caught: one slot more than there is");
  expect_caught<crowd<spsc<support::skipped_slot<index_cached>, honest>, 1, 1, 3, 5>>(test_result_user_assert_failed,
                                                                                      "caught: a slot that is skipped");
  expect_caught<crowd<spsc<support::repeated_slot<index_cached>, honest>, 1, 1, 3, 5>>(
      test_result_user_assert_failed, "caught: a slot that is not given back");
  expect_caught<audience<gates, weak_stores, 2, 4>>(test_result_user_assert_failed,
                                                    "caught: stores without order, broadcast_ring, gated");
  expect_caught<audience<is_overtaken, weak_loads, 2, 4>>(test_result_user_assert_failed,
                                                          "caught: loads without order, broadcast_ring, overwriting");
  expect_caught<records<weak_stores, 32, 4>>(test_result_data_race, "caught: stores without order, byte_ring");
  expect_caught<records<weak_loads, 32, 4>>(test_result_data_race, "caught: loads without order, byte_ring");
  expect_caught<records<honest, 40, 4, true>>(test_result_data_race, "caught: a record given back before it is read");
  expect_caught<sleepers<honest, true, 1, false>>(test_result_deadlock, "caught: a gate without its barriers");
  expect_caught<sleepers<weak_swaps, false, 1, false>>(test_result_deadlock,
                                                       "caught: a gate whose swaps order nothing");
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}

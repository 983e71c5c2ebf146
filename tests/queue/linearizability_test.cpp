// SPDX-License-Identifier: Apache-2.0
// tests/queue/linearizability_test.cpp -- recorded histories of all queues against the models that they promise.
//
// ATLAS_HISTORIES=100000 records so many of each kind, with fibres and with threads, instead of those of everyday.
#include <atlas/queue.hpp>

#include "support/channel_histories.hpp"
#include "support/overflow_histories.hpp"
#include "support/queue_histories.hpp"
#include "support/queue_models.hpp"
#include "support/queue_subjects.hpp"

#include <atlas/core/clock.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

TEST_SUITE("linearizability") {
  namespace {

  using support::fifo_promise;
  using support::queue_call;
  using support::queue_event;
  using support::recorded;
  using support::recording;
  using support::verdict;

  /// One call for one element.
  queue_event push(std::uint8_t value, bool done, std::uint64_t begin, std::uint64_t end) {
    queue_event event{.done = static_cast<std::uint8_t>(done ? 1 : 0), .begin = begin, .end = end};
    event.values[0] = value;
    return event;
  }
  queue_event pop(std::uint8_t value, bool done, std::uint64_t begin, std::uint64_t end) {
    queue_event event = push(value, done, begin, end);
    event.call = queue_call::pop;
    return event;
  }
  queue_event close(std::uint64_t begin, std::uint64_t end) {
    return {.call = queue_call::close, .begin = begin, .end = end};
  }
  /// A batch of as many as it has values.
  queue_event batch(queue_event event, std::uint8_t wanted, std::vector<std::uint8_t> values) {
    event.is_batch = true;
    event.wanted = wanted;
    event.done = static_cast<std::uint8_t>(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) event.values[i] = values[i];
    return event;
  }

  verdict judged(const std::vector<queue_event>& events, fifo_promise promise) {
    return judge(events, support::fifo_model(promise), false);
  }

  /// Everything is explained, by fibres and by threads; says how much of it there was if that is asked for.
  template <class Subject>
  void check_histories(const char* what, std::uint64_t seed) {
    for (const bool with_threads : {false, true}) {
      if (!with_threads && support::under_thread_sanitizer) continue;  // it does not follow a change of stacks
      const std::uint64_t begin_ns = atlas::monotonic_ns();
      const recorded all = support::record<Subject>(
          {.histories = support::histories_or(with_threads ? 1500 : 5000), .seed = seed, .with_threads = with_threads});
      CAPTURE(what);
      CAPTURE(with_threads);
      CHECK_MESSAGE(all.unexplained == 0, all.text);
      CHECK(all.overlapping > 0);
      if (std::getenv("ATLAS_HISTORIES") == nullptr) continue;
      const std::string name = std::string(what) + (with_threads ? ", threads: " : ", fibres: ");
      MESSAGE(name, all.histories, " histories, ", all.overlapping, " with overlap, ",
              (atlas::monotonic_ns() - begin_ns) / 1'000'000, " ms");
    }
  }

  template <class Value, class Layout>
  using spsc = support::fifo_subject<atlas::spsc_queue<Value, Layout, atlas::sleeping, support::yielding_atomic>,
                                     support::of_spsc<Layout>>;
  using mpmc = support::fifo_subject<atlas::mpmc_queue<support::element, atlas::sleeping, support::yielding_atomic>,
                                     support::of_mpmc>;
  using mpsc = support::fifo_subject<atlas::mpsc_queue<support::element, atlas::sleeping, support::yielding_atomic>,
                                     support::of_mpsc>;
  using priority = support::priority_subject<atlas::priority_queue<support::element, support::priority_model::levels,
                                                                   atlas::sleeping, support::looking_atomic>>;
  template <atlas::slow_reader Slow>
  using broadcast = support::broadcast_subject<
      atlas::broadcast_ring<support::pair_element, Slow, atlas::sleeping, support::yielding_atomic>,
      Slow == atlas::slow_reader::gates>;
  /// One that blocks, as any other queue. It has no count of a beginning.
  struct overflow : atlas::overflow_queue<support::element, atlas::any_element, atlas::sleeping, support::looking_atomic> {
    static atlas::result<overflow> create_at(std::size_t capacity, std::uint64_t) {
      return overflow(create({.capacity = capacity}).value());
    }
    explicit overflow(overflow_queue&& made) noexcept : overflow_queue(static_cast<overflow_queue&&>(made)) {}
  };
  template <class Rule>
  using of_rule = atlas::overflow_queue<support::element, Rule, atlas::sleeping, support::looking_atomic>;
  using bytes =
      support::bytes_subject<support::numbered_bytes<atlas::byte_ring<atlas::sleeping, support::yielding_atomic>>>;

  }  // namespace

  TEST_CASE("the checker: accepts what a queue may do") {
    for (const bool one_step : {true, false}) {
      const auto is_fine = [&](const std::vector<queue_event>& events, std::size_t capacity) {
        return judged(events, {.capacity = capacity, .one_step = one_step}) == verdict::linearizable;
      };
      CHECK(is_fine({}, 1));
      CHECK(is_fine(
          {push(1, true, 0, 1), push(2, true, 2, 3), pop(1, true, 4, 5), pop(2, true, 6, 7), pop(0, false, 8, 9)}, 2));
      // Two pushes at the same time may take effect either way round.
      CHECK(is_fine({push(1, true, 0, 5), push(2, true, 1, 4), pop(2, true, 6, 7), pop(1, true, 8, 9)}, 2));
      CHECK(is_fine({push(1, true, 0, 1), push(2, false, 2, 3), pop(1, true, 4, 5)}, 1));
      // A pop that overlaps the push may come before it or after it.
      CHECK(is_fine({push(1, true, 0, 3), pop(0, false, 1, 2)}, 1));
      CHECK(is_fine({push(1, true, 0, 3), pop(1, true, 1, 4)}, 1));
      CHECK(is_fine({close(0, 1), push(1, false, 2, 3), pop(0, false, 4, 5)}, 1));
      CHECK(is_fine({push(1, true, 0, 1), close(2, 3), pop(1, true, 4, 5)}, 1));
      CHECK(is_fine({batch(push(0, true, 0, 1), 3, {1, 2}), batch(pop(0, true, 2, 3), 3, {1, 2})}, 2));
    }
  }

  TEST_CASE("the checker: says what is wrong with what no queue may do") {
    for (const bool one_step : {true, false}) {
      const auto said = [&](const std::vector<queue_event>& events, std::size_t capacity) {
        return judged(events, {.capacity = capacity, .one_step = one_step});
      };
      CHECK(said({push(1, true, 0, 1), push(2, true, 2, 3), pop(2, true, 4, 5)}, 2) == verdict::out_of_order);
      CHECK(said({push(1, true, 0, 1), pop(1, true, 2, 3), pop(1, true, 4, 5)}, 2) == verdict::twice);
      CHECK(said({pop(1, true, 0, 1)}, 2) == verdict::from_nowhere);
      CHECK(said({push(1, false, 0, 1), pop(1, true, 2, 3)}, 1) == verdict::from_nowhere);
      CHECK(said({push(1, true, 0, 1), pop(0, false, 2, 3)}, 2) == verdict::missed);
      CHECK(said({push(1, true, 0, 1), push(2, true, 2, 3)}, 1) == verdict::over_capacity);
      CHECK(said({push(1, false, 0, 1)}, 1) == verdict::refused);
      CHECK(said({pop(1, true, 0, 1), push(1, true, 2, 3)}, 1) == verdict::out_of_order);
      CHECK(said({close(0, 1), push(1, true, 2, 3)}, 1) == verdict::after_close);
      CHECK(said({batch(push(0, true, 0, 1), 3, {1, 2})}, 3) == verdict::refused);
      CHECK(said({batch(push(0, true, 0, 1), 3, {1, 2, 3}), batch(pop(0, true, 2, 3), 3, {1, 2})}, 3) ==
            verdict::missed);
      // Another push between those of a batch.
      CHECK(
          said({batch(push(0, true, 0, 9), 2, {1, 2}), push(3, true, 1, 8), batch(pop(0, true, 10, 11), 3, {1, 3, 2})},
               3) == verdict::out_of_order);
      CHECK(judge({push(1, true, 0, 1), pop(0, false, 2, 3)},
                  support::fifo_model({.capacity = 2, .one_step = one_step}), true) == verdict::lost);
    }
  }

  TEST_CASE("the checker: tells the models apart") {
    // The first push is slow; the second is done. A pop that then finds nothing is explained only by the first one's
    // claim.
    const std::vector<queue_event> slow_push = {push(1, true, 0, 9), push(2, true, 1, 2), pop(0, false, 3, 4),
                                                pop(1, true, 10, 11)};
    CHECK(judged(slow_push, {.capacity = 2, .one_step = true}) == verdict::missed);
    CHECK(judged(slow_push, {.capacity = 2}) == verdict::linearizable);
    // The same for a slow pop that keeps its slot while a push looks for room.
    const std::vector<queue_event> slow_pop = {push(1, true, 0, 1), push(2, true, 2, 3), pop(1, true, 4, 11),
                                               pop(2, true, 5, 6), push(3, false, 7, 8)};
    CHECK(judged(slow_pop, {.capacity = 2, .one_step = true}) == verdict::refused);
    CHECK(judged(slow_pop, {.capacity = 2}) == verdict::linearizable);
    // Half of a batch is seen.
    const std::vector<queue_event> half = {batch(push(0, true, 0, 9), 2, {1, 2}), pop(1, true, 1, 2),
                                           pop(0, false, 3, 4)};
    CHECK(judged(half, {.capacity = 2}) == verdict::linearizable);
    CHECK(judged(half, {.capacity = 2, .whole_pushes = true}) == verdict::missed);
    // A push that saw the queue open ends after the close.
    const std::vector<queue_event> overtaken = {push(1, true, 0, 9), close(1, 2), pop(0, false, 3, 4),
                                                pop(1, true, 10, 11)};
    CHECK(judged(overtaken, {.one_step = true}) == verdict::missed);
    CHECK(judged(overtaken, {.close_overtakes = true}) == verdict::linearizable);
  }

  TEST_CASE("spsc_queue: is linearizable, false means full or empty") {
    check_histories<spsc<int, atlas::index_cached>>("spsc_queue, index_cached", 1);
    check_histories<spsc<support::element, atlas::index_cached>>("spsc_queue, index_cached, one element at a time", 2);
    check_histories<spsc<support::element, atlas::slot_sequenced>>("spsc_queue, slot_sequenced", 3);
  }
  TEST_CASE("mpmc_queue: is linearizable but for slots that a call in progress holds") {
    check_histories<mpmc>("mpmc_queue", 4);
  }
  TEST_CASE("mpsc_queue: likewise, with one thread that pops") { check_histories<mpsc>("mpsc_queue", 5); }
  TEST_CASE("priority_queue: is linearizable, batches too") { check_histories<priority>("priority_queue", 6); }
  TEST_CASE("broadcast_ring: every reader is given what was pushed, and is told what it missed") {
    check_histories<broadcast<atlas::slow_reader::gates>>("broadcast_ring, gated", 7);
    check_histories<broadcast<atlas::slow_reader::is_overtaken>>("broadcast_ring, overwriting", 8);
  }
  TEST_CASE("overflow_queue: is linearizable, batches too") {
    check_histories<support::fifo_subject<overflow, support::of_locked>>("overflow_queue", 10);
  }
  TEST_CASE("shm_channel: is linearizable in each lane, nothing to receive means what it says") {
    check_histories<support::channel_subject<support::numbered_sender<support::yielding_atomic>,
                                             atlas::basic_shm_receiver<support::yielding_atomic>>>("shm_channel", 11);
  }
  TEST_CASE("overflow_queue: is linearizable in all of its policies, with keys, weights and counts") {
    using support::merging_rule;
    using support::replacing_rule;
    check_histories<support::overflow_subject<of_rule<replacing_rule>, replacing_rule>>("overflow_queue, replacing",
                                                                                         12);
    check_histories<support::overflow_subject<of_rule<merging_rule>, merging_rule>>("overflow_queue, merging", 13);
  }
  TEST_CASE("byte_ring: is linearizable, no room and no record mean what they say") {
    check_histories<bytes>("byte_ring", 9);
  }
}

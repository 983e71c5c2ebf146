// SPDX-License-Identifier: Apache-2.0
// bench/queue/contestant.hpp -- a queue in a contest: the loops in which it is timed, the same for all.
#ifndef ATLAS_BENCH_QUEUE_CONTESTANT_HPP
#define ATLAS_BENCH_QUEUE_CONTESTANT_HPP

#include "queue/two_threads.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

namespace bench {

/// What goes through the queues: a number, and bytes that go along.
template <std::size_t Bytes>
struct message {
  std::uint64_t number;
  std::array<unsigned char, Bytes - sizeof(std::uint64_t)> rest;
};
template <>
struct message<8> {
  std::uint64_t number;
};

inline constexpr std::size_t batch_size = 64;

/// One queue and what can be timed with it. Each call makes `count` messages go through, checks that they are all
/// there, and in order where there is one producer and one consumer, and throws if not.
struct contestant {
  std::string name;
  bool is_atlas = false;
  bool is_linearizable = true;
  std::function<sample(std::size_t count)> throughput = {};   ///< one producer, one consumer
  std::function<sample(std::size_t count)> round_trips = {};  ///< to another thread and back, by two queues
  std::function<sample(std::size_t count)> batches = {};      ///< as throughput, `batch_size` a call
  std::function<sample(std::size_t count)> crowd = {};        ///< two producers, two consumers
};

/// Tries until it works; lets others run if that takes long, where there are more threads than cores.
template <class Try>
void insist_on(Try&& attempt, bool is_crowded) {
  for (unsigned failed = 0; !attempt();) {
    if (is_crowded && ++failed % 16 == 0) {
      std::this_thread::yield();
    } else {
      pause_a_moment();
    }
  }
}

inline void check_sum(std::uint64_t sum, std::uint64_t count, const char* what) {
  if (sum != count * (count - 1) / 2)
    throw std::runtime_error(std::string(what) + ": messages are missing or came twice");
}

// What a thread does, in functions of their own: all that they write to meanwhile is their queue and their own stack.
// Words of both threads in one line of the cache would cost more than the queues.

template <class Message, class Adapter>
void push_all(Adapter& queue, std::uint64_t first, std::uint64_t count, std::uint64_t step) {
  Message next{};
  for (std::uint64_t i = first; i < count; i += step) {
    next.number = i;
    insist_on([&] { return queue.push(next); }, step > 1);
  }
}
/// @return whether they came in order. One word says so, which stays in a register: a flag went through memory beside
///         some queues and not beside others, and cost these half of what an element takes.
template <class Message, class Adapter>
bool pop_in_order(Adapter& queue, std::uint64_t count) {
  Message got{};
  std::uint64_t differences = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    insist_on([&] { return queue.pop(got); }, false);
    differences |= got.number ^ i;
  }
  return differences == 0;
}
/// @return the sum of what came
template <class Message, class Adapter>
std::uint64_t pop_and_add(Adapter& queue, std::uint64_t first, std::uint64_t count, std::uint64_t step) {
  Message got{};
  std::uint64_t sum = 0;
  for (std::uint64_t i = first; i < count; i += step) {
    insist_on([&] { return queue.pop(got); }, true);
    sum += got.number;
  }
  return sum;
}
/// @return whether the right ones came back
template <class Message, class Adapter>
bool ask_all(Adapter& there, Adapter& back, std::uint64_t count) {
  Message next{};
  std::uint64_t differences = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    next.number = i;
    insist_on([&] { return there.push(next); }, false);
    insist_on([&] { return back.pop(next); }, false);
    differences |= next.number ^ (i + 1);
  }
  return differences == 0;
}
template <class Message, class Adapter>
void answer_all(Adapter& there, Adapter& back, std::uint64_t count) {
  Message got{};
  for (std::uint64_t i = 0; i < count; ++i) {
    insist_on([&] { return there.pop(got); }, false);
    ++got.number;
    insist_on([&] { return back.push(got); }, false);
  }
}
/// A batch that lies elsewhere in its page in each sample. A load waits for an earlier store whose address ends in the
/// same 12 bits; so a copy from a buffer to a queue that lies a little behind it, in their pages, takes twice as long.
/// Nobody shall have that in all samples of a contest.
template <class Message>
class batch_memory {
 public:
  batch_memory() : bytes_(sizeof(Message) * batch_size + page_bytes) {
    static std::atomic<std::uint32_t> made{0};
    const std::size_t place = (made.fetch_add(1) * 2654435761U >> 16) % (page_bytes / 16) * 16;
    messages_ = reinterpret_cast<Message*>(bytes_.data() + place);
  }
  Message& operator[](std::size_t which) { return messages_[which]; }
  Message* data() { return messages_; }

 private:
  static constexpr std::size_t page_bytes = 4096;
  static_assert(std::is_trivially_copyable_v<Message> && alignof(Message) <= 16);
  std::vector<unsigned char> bytes_;
  Message* messages_;
};

/// Keeps a loop over a batch as it stands: the bench's own work is the same for all, whatever vectors a peer's flags allow.
inline void as_it_stands(std::uint64_t& number) { __asm__ __volatile__("" : "+r"(number)); }

template <class Message, class Adapter>
void push_batches(Adapter& queue, std::uint64_t count) {
  batch_memory<Message> batch;
  for (std::uint64_t done = 0; done < count;) {
    const std::size_t size = std::min<std::uint64_t>(batch_size, count - done);
    for (std::size_t i = 0; i < size; ++i) {
      std::uint64_t number = done + i;
      as_it_stands(number);
      batch[i].number = number;
    }
    for (std::size_t pushed = 0; pushed < size;) {
      const std::size_t more = queue.push_n(batch.data() + pushed, size - pushed);
      if (more == 0) pause_a_moment();
      pushed += more;
    }
    done += size;
  }
}
template <class Message, class Adapter>
bool pop_batches(Adapter& queue, std::uint64_t count) {
  batch_memory<Message> batch;
  std::uint64_t differences = 0;
  for (std::uint64_t done = 0; done < count;) {
    const std::size_t got = queue.pop_n(batch.data(), batch_size);
    if (got == 0) pause_a_moment();
    for (std::size_t i = 0; i < got; ++i) {
      differences |= batch[i].number ^ (done + i);
      as_it_stands(differences);
    }
    done += got;
  }
  return differences == 0;
}

/// @param Adapter  is made with a capacity; bool push(const Message&), bool pop(Message&)
template <class Adapter, class Message>
sample throughput_of(std::size_t capacity, std::size_t count) {
  const auto queue = std::make_unique<Adapter>(capacity);
  bool in_order = false;
  const sample took = run_together(
      {[&] { push_all<Message>(*queue, 0, count, 1); }, [&] { in_order = pop_in_order<Message>(*queue, count); }});
  if (!in_order) throw std::runtime_error("throughput: messages came out of order");
  return took;
}

template <class Adapter, class Message>
sample round_trips_of(std::size_t capacity, std::size_t count) {
  const auto there = std::make_unique<Adapter>(capacity);
  const auto back = std::make_unique<Adapter>(capacity);
  bool in_order = false;
  const sample took = run_together(
      {[&] { in_order = ask_all<Message>(*there, *back, count); }, [&] { answer_all<Message>(*there, *back, count); }});
  if (!in_order) throw std::runtime_error("round trips: another message came back");
  return took;
}

/// @param Adapter  has std::size_t push_n(Message*, std::size_t) and pop_n too: how many of them
template <class Adapter, class Message>
sample batches_of(std::size_t capacity, std::size_t count) {
  const auto queue = std::make_unique<Adapter>(capacity);
  bool in_order = false;
  const sample took = run_together(
      {[&] { push_batches<Message>(*queue, count); }, [&] { in_order = pop_batches<Message>(*queue, count); }});
  if (!in_order) throw std::runtime_error("batches: messages came out of order");
  return took;
}

template <class Adapter, class Message>
sample crowd_of(std::size_t capacity, std::size_t count) {
  constexpr std::size_t each_side = 2;
  const auto queue = std::make_unique<Adapter>(capacity);
  std::array<std::uint64_t, each_side> sums{};
  std::vector<std::function<void()>> pieces;
  for (std::size_t which = 0; which < each_side; ++which) {
    pieces.emplace_back([&, which] { push_all<Message>(*queue, which, count, each_side); });
  }
  for (std::size_t which = 0; which < each_side; ++which) {
    pieces.emplace_back([&, which] { sums[which] = pop_and_add<Message>(*queue, which, count, each_side); });
  }
  const sample took = run_together(pieces);
  check_sum(sums[0] + sums[1], count, "crowd");
  return took;
}

/// Fills in what an adapter can do.
template <class Adapter, class Message>
contestant make_contestant(std::string name, std::size_t capacity) {
  contestant made{std::move(name)};
  made.throughput = [capacity](std::size_t count) { return throughput_of<Adapter, Message>(capacity, count); };
  made.round_trips = [capacity](std::size_t count) { return round_trips_of<Adapter, Message>(capacity, count); };
  if constexpr (requires(Adapter & queue, Message * values) { queue.push_n(values, std::size_t{1}); }) {
    made.batches = [capacity](std::size_t count) { return batches_of<Adapter, Message>(capacity, count); };
  }
  if constexpr (Adapter::takes_a_crowd) {
    made.crowd = [capacity](std::size_t count) { return crowd_of<Adapter, Message>(capacity, count); };
  }
  return made;
}

}  // namespace bench

#endif  // ATLAS_BENCH_QUEUE_CONTESTANT_HPP

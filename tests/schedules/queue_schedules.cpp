// SPDX-License-Identifier: Apache-2.0
// tests/schedules/queue_schedules.cpp -- the queues under Relacy, which runs them in schedules and memory orders that this machine
// does not show, and queues with seeded faults, which it must find. A program of its own: Relacy takes operator new over.
#include <atlas/queue.hpp>  // first: Relacy makes macros of words such as delete and errno

#include <cstdint>
#include <cstdio>
#include <optional>
#include <ostream>
#include <streambuf>
#include <string>

#include <relacy/relacy.hpp>
#undef new
#undef delete

// Relacy takes over those without a size alone.
void operator delete(void* memory, std::size_t) noexcept { ::operator delete(memory); }
void operator delete[](void* memory, std::size_t) noexcept { ::operator delete[](memory); }

namespace schedules {  // not without a name: some types of ATLAS are made of these

/// atlas::atomic over Relacy's, with the order of some of its members weakened by a fault.
template <class T, bool WeakStores = false, bool WeakLoads = false>
class explored {
 public:
  explored() : explored(T{}) {}
  explicit explored(T value) { value_.store(value, rl::mo_relaxed, $); }

  [[nodiscard]] T load_relaxed() const { return value_.load(rl::mo_relaxed, $); }
  [[nodiscard]] T load_acquire() const { return value_.load(WeakLoads ? rl::mo_relaxed : rl::mo_acquire, $); }
  void store_relaxed(T value) { value_.store(value, rl::mo_relaxed, $); }
  void store_release(T value) { value_.store(value, WeakStores ? rl::mo_relaxed : rl::mo_release, $); }
  T exchange(T value) { return value_.exchange(value, rl::mo_seq_cst, $); }
  T fetch_or_acq_rel(T value) { return value_.fetch_or(value, rl::mo_acq_rel, $); }
  bool compare_exchange_weak_acquire(T& expected, T desired) {
    return value_.compare_exchange(rl::bool_t<true>(), expected, desired, rl::mo_acquire, rl::mo_acquire, $);
  }

 private:
  rl::atomic<T> value_;
};
template <class T>
using honest = explored<T>;
template <class T>
using weak_stores = explored<T, true>;
template <class T>
using weak_loads = explored<T, false, true>;

/// An element that tells Relacy when its slot is written and read: so a slot that is in two hands is a race, whatever is in it.
class tracked {
 public:
  static constexpr int most_slots = 8;

  explicit tracked(int value) : number(value) {}
  tracked(tracked&& other) noexcept : number(other.number) {
    if (rl::var<int>* const slot = slot_at(this)) (*slot)($) = number;
  }
  tracked& operator=(tracked&& other) noexcept {
    number = other.number;
    if (rl::var<int>* const slot = slot_at(&other)) number = static_cast<int>((*slot)($));
    return *this;
  }
  int number;

  /// Elements within `size` bytes from here on are in slots; of any others nothing is told.
  static void watch(const void* begin, std::size_t size) {
    begin_ = static_cast<const char*>(begin);
    size_ = size;
    known_count_ = 0;
  }
  static rl::var<int>* slots;

 private:
  static rl::var<int>* slot_at(const void* where) {
    const char* const at = static_cast<const char*>(where);
    if (at < begin_ || at >= begin_ + size_) return nullptr;
    for (int i = 0; i < known_count_; ++i) {
      if (known_[i] == at) return slots + i;
    }
    known_[known_count_] = at;
    return slots + known_count_++;
  }
  static inline const char* begin_ = nullptr;
  static inline std::size_t size_ = 0;
  static inline const char* known_[most_slots] = {};
  static inline int known_count_ = 0;
};
rl::var<int>* tracked::slots = nullptr;

/// Runs a queue of `Capacity` among threads that push and pop without waiting, and checks what arrives.
template <class Queue, unsigned Producers, unsigned Consumers, std::size_t Capacity, int Each>
struct crowd : rl::test_suite<crowd<Queue, Producers, Consumers, Capacity, Each>, static_cast<int>(Producers + Consumers)> {
  std::optional<Queue> queue;  // not by new, which would be Relacy's
  rl::var<int> slots[tracked::most_slots];
  rl::atomic<int> taken;
  int last[Consumers][Producers];

  void before() {
    taken.store(0, rl::mo_relaxed, $);
    for (auto& of_consumer : last) {
      for (int& one : of_consumer) one = -1;
    }
    tracked::slots = slots;
    queue.emplace(Queue::create_at(Capacity, ~std::uint64_t{0} - 1).value());
    tracked::watch(*reinterpret_cast<void**>(&*queue), 4096);  // its block of memory
  }
  void thread(unsigned number) {
    rl::linear_backoff backoff;
    if (number < Producers) {
      for (int i = 0; i < Each; ++i) {
        tracked value(static_cast<int>(number) * 100 + i);
        while (!queue->try_push(static_cast<tracked&&>(value))) backoff.yield($);
      }
    } else {
      tracked value(-1);
      while (taken.load(rl::mo_relaxed, $) < static_cast<int>(Producers) * Each) {
        if (!queue->try_pop(value)) {
          backoff.yield($);
          continue;
        }
        taken.fetch_add(1, rl::mo_relaxed, $);
        const unsigned from = static_cast<unsigned>(value.number) / 100;
        RL_ASSERT(value.number >= 0 && from < Producers);
        int& before = last[number - Producers][from];
        RL_ASSERT(value.number % 100 > before);  // a producer's elements come in their order
        before = value.number % 100;
      }
    }
  }
  void after() { queue.reset(); }
  void invariant() {}
};

/// Keeps what is written, up to its size, and allocates nothing, which Relacy would take for the test's.
class fixed_buffer : public std::streambuf {
 public:
  [[nodiscard]] std::string text() const { return {bytes_, size_}; }

 protected:
  int overflow(int byte) override {
    if (size_ < sizeof bytes_ && byte != traits_type::eof()) bytes_[size_++] = static_cast<char>(byte);
    return 0;
  }

 private:
  char bytes_[1 << 14];
  std::size_t size_ = 0;
};

/// Whether all schedules went well.
template <class Suite>
bool goes_well(unsigned schedules, std::string* what = nullptr) {
  static fixed_buffer buffer;
  buffer = fixed_buffer();
  std::ostream said(&buffer);
  rl::test_params params;
  params.iteration_count = schedules;
  params.output_stream = &said;
  params.progress_stream = &said;
  params.execution_depth_limit = 5000;
  const bool well = rl::simulate<Suite>(params);
  if (what != nullptr) *what = buffer.text();
  return well;
}

int failed = 0;
int passed = 0;
void expect(const char* what, bool well, const std::string& said) {
  (well ? passed : failed) += 1;
  std::printf("%-64s %s\n", what, well ? "ok" : "FAILED");
  if (!well) std::printf("%s\n", said.c_str());
}
template <class Suite>
void expect_sound(const char* what, unsigned schedules = 30'000) {
  std::string said;
  const bool well = goes_well<Suite>(schedules, &said);
  expect(what, well, said);
}
template <class Suite>
void expect_caught(const char* what) {
  std::string said;
  const bool well = goes_well<Suite>(30'000, &said);
  expect(what, !well, said);
}

template <class Layout, template <class> class Atom>
using spsc = atlas::spsc_queue<tracked, Layout, atlas::spinning, Atom>;
template <template <class> class Atom>
using mpmc = atlas::mpmc_queue<tracked, atlas::spinning, Atom>;
template <template <class> class Atom>
using mpsc = atlas::mpsc_queue<tracked, atlas::spinning, Atom>;

/// index_cached that believes in one slot more than there is.
struct off_by_one {
  template <class Value, template <class> class Atom>
  class ring : public atlas::index_cached::ring<Value, Atom> {
   public:
    using atlas::index_cached::ring<Value, Atom>::ring;
    [[nodiscard]] std::size_t room(std::size_t wanted) { return atlas::index_cached::ring<Value, Atom>::room(wanted) + 1; }
  };
};
/// index_cached that hands over one slot too many now and then, of which nothing was written.
struct skipped_slot {
  template <class Value, template <class> class Atom>
  class ring : public atlas::index_cached::ring<Value, Atom> {
   public:
    using atlas::index_cached::ring<Value, Atom>::ring;
    void release(std::size_t count) { atlas::index_cached::ring<Value, Atom>::release(count + (++calls_ == 2 ? 1 : 0)); }

   private:
    int calls_ = 0;
  };
};

}  // namespace schedules

int main() {
  using namespace schedules;
  using atlas::index_cached;
  using atlas::slot_sequenced;
  expect_sound<crowd<spsc<index_cached, honest>, 1, 1, 1, 4>>("spsc_queue, index_cached, capacity 1");
  expect_sound<crowd<spsc<index_cached, honest>, 1, 1, 2, 5>>("spsc_queue, index_cached, capacity 2");
  expect_sound<crowd<spsc<index_cached, honest>, 1, 1, 3, 7>>("spsc_queue, index_cached, capacity 3");
  expect_sound<crowd<spsc<slot_sequenced, honest>, 1, 1, 1, 4>>("spsc_queue, slot_sequenced, capacity 1");
  expect_sound<crowd<spsc<slot_sequenced, honest>, 1, 1, 2, 5>>("spsc_queue, slot_sequenced, capacity 2");
  expect_sound<crowd<spsc<slot_sequenced, honest>, 1, 1, 3, 7>>("spsc_queue, slot_sequenced, capacity 3");
  expect_sound<crowd<mpmc<honest>, 1, 1, 2, 4>>("mpmc_queue, 1 and 1, capacity 2");
  expect_sound<crowd<mpmc<honest>, 2, 2, 1, 2>>("mpmc_queue, 2 and 2, capacity 1");
  expect_sound<crowd<mpmc<honest>, 2, 2, 3, 2>>("mpmc_queue, 2 and 2, capacity 3");
  expect_sound<crowd<mpsc<honest>, 2, 1, 1, 2>>("mpsc_queue, 2 producers, capacity 1");
  expect_sound<crowd<mpsc<honest>, 3, 1, 2, 2>>("mpsc_queue, 3 producers, capacity 2");

  expect_caught<crowd<spsc<index_cached, weak_stores>, 1, 1, 2, 5>>("caught: stores without order, index_cached");
  expect_caught<crowd<spsc<index_cached, weak_loads>, 1, 1, 2, 5>>("caught: loads without order, index_cached");
  expect_caught<crowd<spsc<slot_sequenced, weak_stores>, 1, 1, 2, 5>>("caught: stores without order, slot_sequenced");
  expect_caught<crowd<spsc<slot_sequenced, weak_loads>, 1, 1, 2, 5>>("caught: loads without order, slot_sequenced");
  expect_caught<crowd<mpmc<weak_stores>, 1, 1, 2, 4>>("caught: stores without order, mpmc_queue");
  expect_caught<crowd<mpmc<weak_loads>, 1, 1, 2, 4>>("caught: loads without order, mpmc_queue");
  expect_caught<crowd<spsc<off_by_one, honest>, 1, 1, 2, 5>>("caught: one slot more than there is");
  expect_caught<crowd<spsc<skipped_slot, honest>, 1, 1, 3, 5>>("caught: a slot that is skipped");
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}

// SPDX-License-Identifier: Apache-2.0
// tests/queue/queue_mutants_test.cpp -- queues with seeded faults, each of which the checker must see as what it is.
// They are the queues as they stand, by another layout, atomic type or element, or by a call that does something else.
#include <atlas/queue.hpp>

#include "support/caught.hpp"
#include "support/fibres.hpp"
#include "support/overflow_histories.hpp"
#include "support/queue_histories.hpp"
#include "support/queue_mutants.hpp"
#include "support/queue_subjects.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

TEST_SUITE("queue_mutants") {
  // Not without a name: queues are made of these, in headers that several files of tests share.
  namespace queue_mutants {

  using atlas::index_cached;
  using atlas::sleeping;
  using atlas::slot_sequenced;
  using support::at_atomic;
  using support::check_caught;
  using support::element;
  using support::looking_atomic;
  using support::pair_element;
  using support::verdict;
  using support::whatever;
  using support::yielding_atomic;

  // --- faults of order: what was written before a publication is seen after it ---

  /// What a fibre wrote and others do not see yet: the order of a machine that is not x86, or of a store that is not
  /// a release.
  class late_writes {
   public:
    static void add(void (*write)(void*, std::uint64_t), void* where, std::uint64_t value) {
      of_running().push_back({write, where, value});
    }
    static void arrive() {
      at_atomic();
      for (const one& late : of_running()) late.write(late.where, late.value);
      of_running().clear();
    }

   private:
    struct one {
      void (*write)(void*, std::uint64_t);
      void* where;
      std::uint64_t value;
    };
    static std::vector<one>& of_running() {
      static std::vector<one> all[support::fibres::most + 1];
      const support::fibres* const fibres = support::fibres::current_fibres;
      return all[fibres == nullptr ? support::fibres::most : fibres->running()];
    }
  };

  /// An element that is written into its slot after the push.
  class late_element : public element {
   public:
    explicit late_element(int number) noexcept : element(number) {}
    late_element(late_element&& other) noexcept {
      late_writes::add(
          [](void* where, std::uint64_t number) {
            atlas::store_relaxed(static_cast<int*>(where), static_cast<int>(number));
          },
          &number_, static_cast<std::uint64_t>(other.number()));
    }
    late_element& operator=(late_element&& other) noexcept {
      element::operator=(std::move(other));
      return *this;
    }
  };
  /// Relaxed stores, of which broadcast_ring has its words, come late.
  template <class T>
  class late_atomic : public yielding_atomic<T> {
   public:
    using yielding_atomic<T>::yielding_atomic;
    void store_relaxed(T value) noexcept {
      late_writes::add(
          [](void* where, std::uint64_t late) {
            static_cast<atlas::atomic<T>*>(where)->store_relaxed(static_cast<T>(late));
          },
          static_cast<atlas::atomic<T>*>(this), value);
    }
  };

  /// What all mutants of a queue begin with.
  template <class Queue>
  class altered : public Queue {
   public:
    explicit altered(Queue&& made) noexcept : Queue(std::move(made)) {}
  };
  template <template <class> class Mutant, class Queue, class... Options>
  atlas::result<Mutant<Queue>> made(const Options&... options) {
    if constexpr (sizeof...(Options) == 2)
      return Mutant<Queue>(Queue::create_at(options...).value());
    else
      return Mutant<Queue>(Queue::create(options...).value());
  }
#define ATLAS_CREATES(Mutant)                                                           \
  using altered<Queue>::altered;                                                        \
  static atlas::result<Mutant> create(const atlas::priority_queue_options& options) {   \
    return made<Mutant, Queue>(options);                                                \
  }                                                                                     \
  template <class Options>                                                              \
  static atlas::result<Mutant> create_at(const Options& options, std::uint64_t begin) { \
    return made<Mutant, Queue>(options, begin);                                         \
  }

  /// The late writes arrive when a push returns.
  template <class Queue>
  class hasty : public altered<Queue> {
   public:
    using altered<Queue>::altered;
    template <class... Options>
    static atlas::result<hasty> create_at(const Options&... options) {
      hasty queue(Queue::create_at(options...).value());
      late_writes::arrive();
      return queue;
    }
    static atlas::result<hasty> create_at(const atlas::broadcast_options& options, std::uint64_t laps) {
      hasty queue(Queue::create_at(options, laps).value());
      late_writes::arrive();
      return queue;
    }
    static atlas::result<hasty> create(const atlas::priority_queue_options& options) {
      return hasty(Queue::create(options).value());
    }
    template <class Value, class... Level>
    bool try_push(Value&& value, Level... level) {
      const bool pushed = Queue::try_push(std::forward<Value>(value), level...);
      late_writes::arrive();
      return pushed;
    }
    template <class Value, class... Level>
    std::size_t try_push_n(atlas::span<Value> values, Level... level) {
      const std::size_t pushed = Queue::try_push_n(values, level...);
      late_writes::arrive();
      return pushed;
    }
  };

  // --- faults of closing and of size ---

  /// Whoever closes forgets what is still there.
  template <class Queue>
  class undrained : public altered<Queue> {
   public:
    ATLAS_CREATES(undrained)
    template <class Value>
    bool try_pop(Value& out) {
      return !this->is_closed() && Queue::try_pop(out);
    }
    template <class Value>
    std::size_t try_pop_n(atlas::span<Value> out) {
      return this->is_closed() ? 0 : Queue::try_pop_n(out);
    }
  };
  template <class Queue>
  class unclosed : public altered<Queue> {
   public:
    ATLAS_CREATES(unclosed)
    void close() {}
  };
  /// Holds one more than it was told to.
  template <class Queue>
  class roomy : public altered<Queue> {
   public:
    using altered<Queue>::altered;
    static atlas::result<roomy> create_at(std::size_t capacity, std::uint64_t begin) {
      return made<roomy, Queue>(capacity + unit, begin);
    }
    static atlas::result<roomy> create_at(atlas::broadcast_options options, std::uint64_t begin) {
      ++options.capacity;
      return made<roomy, Queue>(options, begin);
    }
    static atlas::result<roomy> create(atlas::priority_queue_options options) {
      ++options.capacity;
      return made<roomy, Queue>(options);
    }

   private:
    static constexpr std::size_t unit = requires(Queue & queue) { queue.longest_record(); }
    ? 8 : 1;
  };

  // --- faults of single operations ---

  /// A compare-and-swap in two halves. It never goes back: a queue whose tail lies before its head would never end.
  template <class T>
  class torn_atomic : public yielding_atomic<T> {
   public:
    using yielding_atomic<T>::yielding_atomic;
    bool compare_exchange_weak_acquire(T& expected, T desired) noexcept {
      const T now = this->load_acquire();
      if (now != expected) {
        expected = now;
        return false;
      }
      at_atomic();
      const T between = atlas::atomic<T>::load_relaxed();
      if (desired - between < ~T{0} / 2) atlas::atomic<T>::store_release(desired);
      return true;
    }
  };
  /// Forgets one in three stores of numbers that are odd, or even: of mpmc_queue's, the stamps of what was pushed, or
  /// popped.
  template <class T, std::uint64_t Parity>
  class forgetful : public yielding_atomic<T> {
   public:
    using yielding_atomic<T>::yielding_atomic;
    void store_release(T value) noexcept {
      if (sizeof(T) == 8 && value % 2 == Parity && ++stores_ % 3 == 0) return;
      yielding_atomic<T>::store_release(value);
    }

   private:
    static inline unsigned stores_ = 0;
  };
  template <class T>
  using forgets_pushes = forgetful<T, 1>;
  template <class T>
  using forgets_pops = forgetful<T, 0>;
  /// An overwriting broadcast_ring that does not say that it is about to write.
  template <class T>
  class unmarked_atomic : public yielding_atomic<T> {
   public:
    using yielding_atomic<T>::yielding_atomic;
    void store_release(T value) noexcept {
      if (sizeof(T) == 4 || value % 2 == 0) yielding_atomic<T>::store_release(value);
    }
  };
  /// A priority_queue's size, of which one element is not seen.
  template <class T>
  class short_atomic : public looking_atomic<T> {
   public:
    using looking_atomic<T>::looking_atomic;
    [[nodiscard]] T load_acquire() const noexcept {
      const T value = looking_atomic<T>::load_acquire();
      return sizeof(T) == 8 && value != 0 ? value - 1 : value;
    }
  };

  // --- faults of a reader, of a level, of records ---

  template <class Ring, class Reader>
  class read_by : public altered<Ring> {
   public:
    using altered<Ring>::altered;
    using reader = Reader;
    static atlas::result<read_by> create_at(const atlas::broadcast_options& options, std::uint64_t laps) {
      return read_by(Ring::create_at(options, laps).value());
    }
    atlas::result<reader> subscribe() { return reader(Ring::subscribe().value()); }
  };
  /// Leaves out its second element.
  template <class Ring>
  class skipping_reader : public Ring::reader {
   public:
    explicit skipping_reader(typename Ring::reader&& made) : Ring::reader(std::move(made)) {}
    bool try_pop(pair_element& out) {
      return Ring::reader::try_pop(out) && (++pops_ != 2 || Ring::reader::try_pop(out));
    }

   private:
    int pops_ = 0;
  };
  template <class Ring>
  class silent_reader : public Ring::reader {
   public:
    explicit silent_reader(typename Ring::reader&& made) : Ring::reader(std::move(made)) {}
    [[nodiscard]] std::uint64_t missed() const { return 0; }
  };
  /// Every element of level 2 comes in at level 0.
  template <class Queue>
  class levelled : public altered<Queue> {
   public:
    ATLAS_CREATES(levelled)
    template <class Value>
    bool try_push(Value&& value, unsigned level) {
      return Queue::try_push(std::forward<Value>(value), level == 2 ? 0 : level);
    }
  };
  /// Hands a record over and then writes it.
  template <class Ring>
  class unwritten_bytes : public support::numbered_bytes<Ring> {
   public:
    using support::numbered_bytes<Ring>::numbered_bytes;
    static atlas::result<unwritten_bytes> create_at(std::size_t capacity_bytes, std::uint64_t count) {
      return unwritten_bytes(Ring::create_at(capacity_bytes, count).value());
    }
    void write(std::byte* room, std::uint8_t number, std::size_t length) {
      support::fill_number(room, 0, length);  // whatever was there
      this->commit(length);
      at_atomic();
      support::fill_number(room, number, length);
    }
  };
  /// Gives a record's room back before the reader has read it.
  template <class Ring>
  class released_bytes : public support::numbered_bytes<Ring> {
   public:
    using support::numbered_bytes<Ring>::numbered_bytes;
    static atlas::result<released_bytes> create_at(std::size_t capacity_bytes, std::uint64_t count) {
      return released_bytes(Ring::create_at(capacity_bytes, count).value());
    }
    bool try_peek(atlas::span<const std::byte>& record) {
      if (!Ring::try_peek(record)) return false;
      Ring::release();
      at_atomic();
      return true;
    }
    void release() {}
  };

  /// Rules that say something else than what is promised.
  struct forgetful_rule : support::replacing_rule {
    [[nodiscard]] std::uint64_t key_of(const element& one) const noexcept {
      return replacing_rule::key_of(one) == 3 ? 0 : replacing_rule::key_of(one);
    }
  };
  struct light_rule : support::replacing_rule {
    [[nodiscard]] std::size_t weight_of(const element&) const noexcept { return 1; }
  };
  struct reversed_rule : support::merging_rule {
    void merge(element& older, element&& newer) const noexcept {
      older = element(support::merged_number(newer.number(), older.number()));
    }
  };
  struct added_rule : support::merging_rule {
    [[nodiscard]] std::size_t merged_weight_of(const element& older, const element& newer) const noexcept {
      return weight_of(older) + weight_of(newer);
    }
  };
  template <class Rule>
  using overflowing = atlas::overflow_queue<element, Rule, sleeping, looking_atomic>;
  /// Drops at the other end.
  class other_end : public altered<overflowing<support::replacing_rule>> {
   public:
    using altered::altered;
    static atlas::result<other_end> create(atlas::overflow_queue_options options) {
      const auto turned = [](atlas::overflow policy) {
        return policy == atlas::overflow::drop_newest   ? atlas::overflow::drop_oldest
               : policy == atlas::overflow::drop_oldest ? atlas::overflow::drop_newest
                                                        : policy;
      };
      options.overflow = turned(options.overflow);
      options.otherwise = turned(options.otherwise);
      return other_end(overflowing<support::replacing_rule>::create(options).value());
    }
  };
  /// Does not tell of the first that it drops.
  class discreet : public altered<overflowing<support::replacing_rule>> {
   public:
    using altered::altered;
    static atlas::result<discreet> create(const atlas::overflow_queue_options& options) {
      return discreet(overflowing<support::replacing_rule>::create(options).value());
    }
    [[nodiscard]] atlas::overflow_statistics statistics() const {
      atlas::overflow_statistics counts = altered::statistics();
      counts.dropped_oldest -= counts.dropped_oldest != 0 ? 1 : 0;
      return counts;
    }
  };
  template <class Queue, class Rule = support::replacing_rule>
  using overflow_histories = support::overflow_subject<Queue, Rule>;

  template <class Layout, template <class> class Atom = yielding_atomic, class Value = element>
  using spsc = atlas::spsc_queue<Value, Layout, sleeping, Atom>;
  template <class Queue, class Layout>
  using spsc_histories = support::fifo_subject<Queue, support::of_spsc<Layout>>;
  template <template <class> class Atom = yielding_atomic, class Value = element>
  using mpmc = atlas::mpmc_queue<Value, sleeping, Atom>;
  template <class Queue>
  using mpmc_histories = support::fifo_subject<Queue, support::of_mpmc>;
  template <template <class> class Atom = yielding_atomic, class Value = element>
  using mpsc = atlas::mpsc_queue<Value, sleeping, Atom>;
  template <class Queue>
  using mpsc_histories = support::fifo_subject<Queue, support::of_mpsc>;
  template <template <class> class Atom = looking_atomic, class Value = element>
  using priority = atlas::priority_queue<Value, support::priority_model::levels, sleeping, Atom>;
  template <atlas::slow_reader Slow, template <class> class Atom = yielding_atomic>
  using broadcast = atlas::broadcast_ring<pair_element, Slow, sleeping, Atom>;
  using bytes = atlas::byte_ring<sleeping, yielding_atomic>;
  constexpr auto gates = atlas::slow_reader::gates;
  constexpr auto is_overtaken = atlas::slow_reader::is_overtaken;

  template <class Layout>
  void check_spsc_mutants(verdict of_off_by_one) {
    check_caught<spsc_histories<hasty<spsc<Layout, yielding_atomic, late_element>>, Layout>>(
        "published before it is written", verdict::from_nowhere);
    check_caught<spsc_histories<undrained<spsc<Layout>>, Layout>>("closed without what is there", verdict::lost);
    check_caught<spsc_histories<unclosed<spsc<Layout>>, Layout>>("not closed", verdict::after_close);
    check_caught<spsc_histories<roomy<spsc<Layout>>, Layout>>("one more than told", verdict::over_capacity);
    check_caught<spsc_histories<spsc<support::off_by_one<Layout>>, Layout>>("one slot more than there is",
                                                                            of_off_by_one);
    check_caught<spsc_histories<spsc<support::skipped_slot<Layout>>, Layout>>("a slot that is skipped", verdict::lost);
    check_caught<spsc_histories<spsc<support::repeated_slot<Layout>>, Layout>>("a slot that is not given back",
                                                                               verdict::twice);
  }

  }  // namespace queue_mutants

  using namespace queue_mutants;  // NOLINT

  TEST_CASE("spsc_queue, index_cached") {
    check_spsc_mutants<index_cached>(verdict::twice);
    // What lies in a slot that nobody wrote is chance.
    check_caught<spsc_histories<spsc<support::overhasty<true>>, index_cached>>("an element that is skipped in a wait",
                                                                                whatever);
    check_caught<spsc_histories<spsc<support::overhasty<false>>, index_cached>>("a place that is skipped in a wait",
                                                                                 whatever);
  }
  TEST_CASE("spsc_queue, slot_sequenced") { check_spsc_mutants<slot_sequenced>(verdict::lost); }

  TEST_CASE("mpmc_queue") {
    check_caught<mpmc_histories<hasty<mpmc<yielding_atomic, late_element>>>>("published before it is written",
                                                                             verdict::from_nowhere);
    check_caught<mpmc_histories<mpmc<torn_atomic>>>("a claim in two halves", verdict::twice);
    check_caught<mpmc_histories<mpmc<forgets_pushes>>>("a push that is not published", verdict::lost);
    check_caught<mpmc_histories<mpmc<forgets_pops>>>("a slot that is not given back", verdict::refused);
    check_caught<mpmc_histories<undrained<mpmc<>>>>("closed without what is there", verdict::lost);
    check_caught<mpmc_histories<unclosed<mpmc<>>>>("not closed", verdict::after_close);
    check_caught<mpmc_histories<roomy<mpmc<>>>>("one more than told", verdict::over_capacity);
  }

  TEST_CASE("mpsc_queue") {
    check_caught<mpsc_histories<hasty<mpsc<yielding_atomic, late_element>>>>("published before it is written",
                                                                             verdict::from_nowhere);
    check_caught<mpsc_histories<mpsc<torn_atomic>>>("a claim in two halves", verdict::lost);
    check_caught<mpsc_histories<mpsc<forgets_pushes>>>("a push that is not published", verdict::lost);
    check_caught<mpsc_histories<mpsc<forgets_pops>>>("a slot that is not given back", verdict::refused);
    check_caught<mpsc_histories<undrained<mpsc<>>>>("closed without what is there", verdict::lost);
    check_caught<mpsc_histories<roomy<mpsc<>>>>("one more than told", verdict::over_capacity);
  }

  TEST_CASE("priority_queue") {
    check_caught<support::priority_subject<hasty<priority<looking_atomic, late_element>>>>(
        "published before it is written", verdict::from_nowhere);
    check_caught<support::priority_subject<priority<short_atomic>>>("an element that is not seen", verdict::lost);
    check_caught<support::priority_subject<levelled<priority<>>>>("a level that is another", verdict::out_of_order);
    check_caught<support::priority_subject<undrained<priority<>>>>("closed without what is there", verdict::lost);
    check_caught<support::priority_subject<unclosed<priority<>>>>("not closed", verdict::after_close);
    check_caught<support::priority_subject<roomy<priority<>>>>("one more than told", verdict::over_capacity);
  }

  TEST_CASE("broadcast_ring, gated") {
    using ring = broadcast<gates>;
    check_caught<support::broadcast_subject<hasty<broadcast<gates, late_atomic>>, true>>(
        "published before it is written", verdict::from_nowhere);
    check_caught<support::broadcast_subject<roomy<ring>, true>>("one more than told", verdict::over_capacity);
    check_caught<support::broadcast_subject<read_by<ring, skipping_reader<ring>>, true>>("a reader that skips",
                                                                                         verdict::out_of_order);
    check_caught<support::broadcast_subject<broadcast<is_overtaken>, true>>("not gated", verdict::out_of_order);
  }

  TEST_CASE("broadcast_ring, overwriting") {
    using ring = broadcast<is_overtaken>;
    check_caught<support::broadcast_subject<broadcast<is_overtaken, unmarked_atomic>, false>>(
        "a slot written without a mark", verdict::from_nowhere);
    check_caught<support::broadcast_subject<read_by<ring, silent_reader<ring>>, false>>("missed, and not told",
                                                                                        verdict::out_of_order);
    check_caught<support::broadcast_subject<read_by<ring, skipping_reader<ring>>, false>>("a reader that skips",
                                                                                          verdict::out_of_order);
    check_caught<support::broadcast_subject<broadcast<gates>, false>>("gated", verdict::refused);
  }

  TEST_CASE("byte_ring") {
    check_caught<support::bytes_subject<unwritten_bytes<bytes>>>("published before it is written",
                                                                 verdict::from_nowhere);
    check_caught<support::bytes_subject<released_bytes<bytes>>>("given back before it is read", verdict::from_nowhere);
    check_caught<support::bytes_subject<roomy<support::numbered_bytes<bytes>>>>("eight bytes more than told",
                                                                                verdict::over_capacity);
  }

  TEST_CASE("overflow_queue") {
    check_caught<overflow_histories<other_end>>("dropped at the other end", verdict::out_of_order);
    check_caught<overflow_histories<discreet>>("dropped, and not told", verdict::out_of_order);
    check_caught<overflow_histories<overflowing<forgetful_rule>>>("a key that is not seen", verdict::out_of_order);
    check_caught<overflow_histories<overflowing<light_rule>>>("weights that are not seen", verdict::over_capacity);
    check_caught<overflow_histories<overflowing<reversed_rule>, support::merging_rule>>("the newer merged into",
                                                                                        verdict::out_of_order);
    check_caught<overflow_histories<overflowing<added_rule>, support::merging_rule>>("heavier than told",
                                                                                     verdict::refused);
  }
}
#undef ATLAS_CREATES

// SPDX-License-Identifier: Apache-2.0
// include/atlas/queue/overflow_queue.hpp -- a bounded queue before a slow reader, and what is done when it has no room.
//
// Room:      overflow_queue, overflow, overflow_statistics, any_element.
// Not here:  waiting alone, without a lock (queue/mpmc_queue.hpp); levels of urgency (queue/priority_queue.hpp).
// Depends:   core/{result,span}.hpp, queue/{key_table,locked_state,wait_gate,queue_element}.hpp.
// Threads:   every member but creation, move and destruction, from any thread of one process.
#ifndef ATLAS_QUEUE_OVERFLOW_QUEUE_HPP
#define ATLAS_QUEUE_OVERFLOW_QUEUE_HPP

#include <atlas/core/result.hpp>          // result, status
#include <atlas/core/span.hpp>            // span
#include <atlas/queue/key_table.hpp>      // key_table
#include <atlas/queue/locked_state.hpp>   // locked_state, element_slot, signal_at_end
#include <atlas/queue/queue_element.hpp>  // copyable_element
#include <atlas/queue/wait_gate.hpp>      // sleeping, spinning, yielding

#include <cstdlib>  // std::aligned_alloc, std::free

namespace atlas { inline namespace ATLAS_ABI {

/// What a push does when the queue has no room for its value. The numbers are the C ABI's ATLAS_OVERFLOW_.
enum class overflow : std::uint8_t {
  block = 0,        ///< it waits for room; a try fails
  drop_newest = 1,  ///< its value is dropped
  drop_oldest = 2,  ///< what has waited longest is dropped, as much as it takes
  coalesce = 3,     ///< the waiting element of the same key takes it in, room or not; without one, options.otherwise
  error = 4,        ///< it fails at once with errc::limit_exceeded
};

struct overflow_queue_options {
  std::size_t capacity = 1024;      ///< elements, 1 to max_queue_capacity
  std::size_t capacity_weight = 0;  ///< of all elements together, if the rule weighs; to 2^62, which 0 stands for
  atlas::overflow overflow = atlas::overflow::block;
  atlas::overflow otherwise = atlas::overflow::block;  ///< under coalesce, for want of room; else block
};

/// What became of the values, counted. At every moment, exactly:
///
///     pushed   = popped + waiting + dropped_newest + dropped_oldest + coalesced
///     accepted = popped + waiting + dropped_oldest, where accepted = pushed - dropped_newest - coalesced
struct overflow_statistics {
  std::uint64_t pushed = 0;          ///< values for which a push succeeded, whatever became of them
  std::uint64_t popped = 0;
  std::uint64_t dropped_newest = 0;
  std::uint64_t dropped_oldest = 0;
  std::uint64_t coalesced = 0;       ///< values taken in by a waiting element
  std::uint64_t refused = 0;         ///< values given back under overflow::error; none of them is in `pushed`
  std::uint64_t waiting = 0;         ///< elements there now
  std::uint64_t waiting_weight = 0;  ///< and their weight; 0 if the rule does not weigh
};

/// The rule of a queue whose elements have no keys and no weight. A rule of one's own has, as const members, some of
///
///     std::uint64_t key_of(const Value&)                    // what coalesces has the same; 0: this one never does
///     void merge(Value& older, Value&& newer)               // without it, the newer takes the older one's place
///     std::size_t weight_of(const Value&)                   // bytes, say
///     std::size_t merged_weight_of(const Value& older, const Value& newer)  // needed with both of merge and weight_of
///
/// They are called under the queue's lock and must not call the queue. If one throws, the push does, with the queue as
/// it was but for what drop_oldest dropped before a merge, and for what a merge that throws left of the older value.
struct any_element {};

/// First in, first out, bounded in elements and in weight, with a policy for what is too much and a count of what was
/// lost.
///
///     using event_queue = atlas::overflow_queue<event>;
///     auto events = event_queue::create({.capacity = 256, .overflow = atlas::overflow::drop_oldest}).value();
///
/// Order:     linearizable. What coalesces stays in the older one's place. What a producer wrote before a push is seen
///            after the pop of that element.
/// Progress:  a call holds a lock for as long as it moves, merges and ends its elements.
/// Throws:    what an element's constructor or assignment throws, and the rule; the queue is then as spsc_queue would
///            be.
/// Cost:      a call is two atomic operations on the lock; a key is found in constant time. Nothing is allocated after
///            create().
/// @param Value    what moves; no default constructor is needed
/// @param Rule     as any_element says; moves without throwing
/// @param Waiting  sleeping, spinning or yielding: how calls wait
/// @param Atom     the atomic type: another one records the histories of a test
template <class Value, class Rule = any_element, class Waiting = sleeping, template <class> class Atom = atomic>
class overflow_queue {
  using gate = typename Waiting::template gate<Atom>;
  static constexpr bool is_keyed = requires(const Rule& rule, const Value& value) { rule.key_of(value); };
  static constexpr bool is_weighed = requires(const Rule& rule, const Value& value) { rule.weight_of(value); };
  static constexpr bool merges = requires(const Rule& rule, Value& to, Value&& from) {
    rule.merge(to, static_cast<Value&&>(from));
  };
  static constexpr bool weighs_merged =
      requires(const Rule& rule, const Value& value) { rule.merged_weight_of(value, value); };
  static_assert(ends_without_throwing<Value>, "a queue's element must end without throwing (noexcept)");
  static_assert(requires(Rule& from, void* to) { { ::new (to) Rule(static_cast<Rule&&>(from)) } noexcept; },
                "a queue's rule must move without throwing (noexcept)");
  static_assert(!(merges && is_weighed) || weighs_merged, "a rule with merge and weight_of needs merged_weight_of");

  static constexpr bool moves_safely = queue_element<Value>;
  static constexpr bool weighs_safely =
      (!is_weighed || requires(const Rule& rule, const Value& of) { { rule.weight_of(of) } noexcept; }) &&
      (!weighs_merged || requires(const Rule& rule, const Value& of) { { rule.merged_weight_of(of, of) } noexcept; });
  static constexpr bool keys_safely =
      !is_keyed || requires(const Rule& rule, const Value& of) { { rule.key_of(of) } noexcept; };
  static constexpr bool merges_safely = !merges || requires(const Rule& rule, Value& to, Value&& from) {
    { rule.merge(to, static_cast<Value&&>(from)) } noexcept;
  };
  static constexpr bool pushes_safely = moves_safely && weighs_safely && keys_safely && merges_safely;
  template <class Source>
  static constexpr bool puts_safely = pushes_safely && __is_same(Source, Value);

 public:
  using value_type = Value;

  /// @return  errc::invalid_argument for a capacity of 0, a policy that is none, coalesce with a rule that has no
  ///          key_of, an `otherwise` that is coalesce or that is not asked, a capacity_weight that is not weighed;
  ///          errc::limit_exceeded above max_queue_capacity and 2^62; errc::no_memory
  static result<overflow_queue> create(const overflow_queue_options& options = {}, Rule rule = {}) noexcept {
    if (const status checked = check(options); !checked.ok()) return checked.error();
    detail::key_table keys;
    if (options.overflow == overflow::coalesce) {
      auto made = detail::key_table::create(options.capacity + 1);
      if (!made.ok()) return error{errc::no_memory, "queue.capacity"};
      keys = static_cast<detail::key_table&&>(*made);
    }
    constexpr std::size_t unit = alignof(shared);
    const std::size_t slots = options.capacity + 1;
    constexpr std::size_t most_slots = (~std::size_t{0} - sizeof(shared) - unit) / sizeof(slot);
    if (slots > most_slots) return error{errc::no_memory, "queue.capacity"};
    const std::size_t bytes = sizeof(shared) + (slots * sizeof(slot) + unit - 1) / unit * unit;
    void* const memory = std::aligned_alloc(unit, bytes);
    if (memory == nullptr) return error{errc::no_memory, "queue.capacity"};
    auto* const first = reinterpret_cast<slot*>(static_cast<unsigned char*>(memory) + sizeof(shared));
    return overflow_queue(::new (memory) shared(first, options, static_cast<Rule&&>(rule),
                                                static_cast<detail::key_table&&>(keys), heavy_barrier()));
  }

  /// @pre no other thread uses either queue. The queue moved from can only be assigned to or destroyed.
  overflow_queue(overflow_queue&& other) noexcept : shared_(other.shared_) { other.shared_ = nullptr; }
  overflow_queue& operator=(overflow_queue&& other) noexcept {
    if (this != &other) {
      destroy();
      shared_ = other.shared_;
      other.shared_ = nullptr;
    }
    return *this;
  }
  overflow_queue(const overflow_queue&) = delete;
  overflow_queue& operator=(const overflow_queue&) = delete;
  /// Ends the elements left over. @pre no other thread uses the queue
  ~overflow_queue() { destroy(); }

  /// @return  false, and `value` untouched, when the queue is closed, has no room under block or error, or could never
  ///          hold it. True, and `value` untouched, when it was dropped
  [[nodiscard]] bool try_push(Value&& value) noexcept(pushes_safely) { return try_push_n({&value, 1}) == 1; }
  [[nodiscard]] bool try_push(const Value& value) noexcept(copies_without_throwing<Value> && pushes_safely)
    requires copyable_element<Value>
  {
    return try_push(Value(value));
  }
  /// @param out  assigned the oldest element; untouched when the answer is false
  [[nodiscard]] bool try_pop(Value& out) noexcept(moves_safely) { return try_pop_n({&out, 1}) == 1; }

  /// Does as the policy says, and so waits under block alone.
  ///
  /// @param deadline_ns  on the clock of monotonic_ns(); 0: wait as long as it takes
  /// @return             errc::closed; errc::timed_out; errc::limit_exceeded under error, and for a value that weighs
  ///                     more than all may; `value` is then untouched
  status push(Value&& value, std::uint64_t deadline_ns = 0) noexcept(pushes_safely) {
    std::size_t pushed = 0;
    return push_n({&value, 1}, pushed, deadline_ns);
  }
  status push(const Value& value,
              std::uint64_t deadline_ns = 0) noexcept(copies_without_throwing<Value> && pushes_safely)
    requires copyable_element<Value>
  {
    return push(Value(value), deadline_ns);
  }
  /// Waits for an element.
  /// @return  errc::closed when the queue is closed and drained, errc::timed_out; `out` is then untouched
  status pop(Value& out, std::uint64_t deadline_ns = 0) noexcept(moves_safely) {
    std::size_t popped = 0;
    return pop_n({&out, 1}, popped, deadline_ns);
  }

  /// As so many pushes that do not wait, up to the first that fails, with no other producer's between them.
  /// @return how many succeeded; the rest is untouched
  [[nodiscard]] std::size_t try_push_n(span<Value> values) noexcept(pushes_safely) {
    std::size_t pushed = 0;
    static_cast<void>(offer(values, pushed));
    return pushed;
  }
  /// Takes up to out.size() elements, with no other consumer's between them.
  /// @return how many; the rest of `out` is untouched
  [[nodiscard]] std::size_t try_pop_n(span<Value> out) noexcept(moves_safely) {
    std::size_t next = 0;
    return try_consume_n(out.size(), [&](Value& value) noexcept(moves_safely) {
      out[next] = static_cast<Value&&>(value);
      ++next;
      return true;
    });
  }
  /// As so many pushes, in batches as large as there is room for.
  /// @param pushed  told how many succeeded, also after an error and when the next one throws; an error's row is the
  ///                next one
  status push_n(span<Value> values, std::size_t& pushed, std::uint64_t deadline_ns = 0) noexcept(pushes_safely) {
    return emplace_n(values, pushed, deadline_ns);
  }
  /// The same, but each element is made where it lies, as Value(Source&&); of one that coalesces before it is merged.
  /// The rule's key_of, weight_of and merged_weight_of are asked about sources too.
  template <class Source>
  status emplace_n(span<Source> values, std::size_t& pushed,
                   std::uint64_t deadline_ns = 0) noexcept(puts_safely<Source>) {
    pushed = 0;
    for (;;) {
      std::size_t too_heavy = offer(values, pushed);
      if (pushed == values.size()) return {};
      if (is_closed()) return error{errc::closed}.at_row(pushed);
      if (too_heavy != 0) {
        return error{errc::limit_exceeded, "value.weight", here().capacity_weight, too_heavy}.at_row(pushed);
      }
      if (here().last_resort() == overflow::error) {
        return error{errc::limit_exceeded, "queue", "room", "none"}.at_row(pushed);
      }
      const status waited = here().room.wait([&]() noexcept(puts_safely<Source>) {
        const std::size_t before = pushed;
        too_heavy = offer(values, pushed);
        return pushed != before || too_heavy != 0;
      }, [&]() noexcept { return here().has_room() ? here().woken_by(1) : 0; }, [&] { return here().push_outlook(); },
                                                   deadline_ns);
      if (!waited.ok()) return waited.error().at_row(pushed);
    }
  }
  /// As emplace_n, but never waits. @return how many succeeded
  template <class Source>
  [[nodiscard]] std::size_t try_emplace_n(span<Source> values) noexcept(puts_safely<Source>) {
    std::size_t pushed = 0;
    static_cast<void>(offer(values, pushed));
    return pushed;
  }
  /// Waits for one element and takes up to out.size() of those that are there. @param popped  told how many
  status pop_n(span<Value> out, std::size_t& popped, std::uint64_t deadline_ns = 0) noexcept(moves_safely) {
    std::size_t next = 0;
    return consume_n(out.size(), [&](Value& value) noexcept(moves_safely) {
      out[next] = static_cast<Value&&>(value);
      ++next;
      return true;
    }, popped, deadline_ns);
  }

  /// Shows up to `most` elements in their order, under the lock, and takes away those for which `take` says true, up to
  /// the first for which it does not.
  /// @param take  bool(Value&); must not call the queue. If it throws, its element stays
  /// @return      how many were taken away
  template <class Take>
  std::size_t try_consume_n(std::size_t most, Take&& take) {
    shared& queue = here();
    if (!queue.has_element()) return 0;
    taken_elements done(queue);
    const lock_guard lock(queue.guard);
    while (done.count < most && queue.count != 0 && take(*queue.front())) {
      queue.drop_front();
      queue.publish_count();
      ++queue.counts.popped;
      ++done.count;
    }
    return done.count;
  }
  /// The same, but waits for one element. @return errc::closed when the queue is closed and drained, errc::timed_out.
  /// Success with none taken says that `take` left the first
  template <class Take>
  status consume_n(std::size_t most, Take&& take, std::size_t& taken, std::uint64_t deadline_ns = 0) {
    taken = 0;
    if (most == 0) return {};
    bool is_shown = false;
    const auto attempt = [&] {
      taken = try_consume_n(most, [&](Value& value) {
        is_shown = true;
        return take(value);
      });
      return is_shown;
    };
    if (attempt()) return {};
    return here().elements.wait(attempt, [&]() noexcept { return has_element(); }, [&] { return pop_outlook(); },
                                deadline_ns);
  }

  /// Pushes fail from now on; what was pushed can still be popped. Every waiting thread wakes. Idempotent.
  void close() noexcept {
    if (here().close()) here().room.signal_all();
  }
  [[nodiscard]] bool is_closed() const noexcept { return here().is_closed(); }
  /// Whether a try_pop is worth it.
  [[nodiscard]] bool has_element() const noexcept { return here().has_element(); }
  [[nodiscard]] std::size_t capacity() const noexcept { return here().capacity; }
  /// Elements, a moment ago; exact while no other thread uses the queue.
  [[nodiscard]] std::size_t size_approx() const noexcept {
    return here().size.load_acquire();
  }
  /// All counts of one moment.
  [[nodiscard]] overflow_statistics statistics() const noexcept {
    const shared& queue = here();
    const lock_guard lock(queue.guard);
    overflow_statistics now = queue.counts;
    now.waiting = queue.count;
    now.waiting_weight = queue.weight;
    return now;
  }

 private:
  friend struct detail::watch_access;
  struct slot : detail::element_slot<Value> {
    std::uint64_t key;   ///< 0: none
    std::size_t weight;  ///< as it was last told
  };
  static constexpr std::size_t most_weight = std::size_t{1} << 62;

  enum class outcome : std::uint8_t { added, settled, full, too_heavy };
  static constexpr std::size_t block_alignment = alignof(slot) > cache_line ? alignof(slot) : cache_line;

  struct alignas(block_alignment) shared : detail::locked_state<gate, Atom> {
    shared(slot* memory, const overflow_queue_options& options, Rule&& how, detail::key_table&& table,
           bool asymmetric) noexcept
        : detail::locked_state<gate, Atom>(asymmetric),
          slots(memory),
          capacity(options.capacity),
          capacity_weight(options.capacity_weight != 0 ? options.capacity_weight : most_weight),
          policy(options.overflow),
          otherwise(options.otherwise),
          rule(static_cast<Rule&&>(how)),
          keys(static_cast<detail::key_table&&>(table)),
          room(asymmetric) {}

    template <class Source>
    [[nodiscard]] std::size_t weight_of(const Source& value) const noexcept(puts_safely<Source>) {
      if constexpr (is_weighed) return static_cast<std::size_t>(rule.weight_of(value));
      else return 0;
    }
    /// What is done for want of room when nothing coalesces.
    [[nodiscard]] overflow last_resort() const noexcept { return policy == overflow::coalesce ? otherwise : policy; }
    /// Whether it is worth another producer's while to try.
    [[nodiscard]] bool has_room() const noexcept {
      const lock_guard lock(this->guard);
      return this->closed.load_relaxed() == 0 && count < capacity && weight < capacity_weight;
    }
    /// How many producers are woken for `freed` things that may serve one each. Where the next one's value may not fit,
    /// or have no waiting element of its key, while another's does, all of them: at every signal, as of two at once
    /// only one wakes.
    [[nodiscard]] std::uint32_t woken_by(std::size_t freed) const noexcept {
      if (is_weighed || policy == overflow::coalesce) return wake_all;
      return static_cast<std::uint32_t>(freed < wake_all ? freed : wake_all);
    }

    // What follows is under the lock.

    [[nodiscard]] Value* front() noexcept { return slots[first].value(); }
    /// One slot more than the capacity has, so that what replaces the oldest is there before that goes.
    [[nodiscard]] std::size_t place_behind(std::size_t elements_before) const noexcept {
      const std::size_t place = first + elements_before;
      return place <= capacity ? place : place - capacity - 1;
    }
    /// `size` is what is seen without the lock. It is told once a put: in between the queue may hold nothing for a
    /// moment, or one too many, which it never did for anybody else.
    void publish_count() noexcept { this->size.store_release(count); }
    /// @param added  out: the value's weight
    template <class Source>
    [[nodiscard]] outcome put(Source& value, std::size_t& added) noexcept(puts_safely<Source>) {
      added = weight_of(value);
      if (added > capacity_weight) return outcome::too_heavy;
      const count_at_end told{*this};
      overflow how = policy;
      std::uint64_t key = 0;
      std::size_t waiting = detail::key_table::no_place;
      if constexpr (is_keyed) {
        if (how == overflow::coalesce) {
          how = otherwise;
          key = static_cast<std::uint64_t>(rule.key_of(value));
          waiting = keys.find(key);
        }
      }
      // Another than one waiting element of a key there must not be: where it cannot take more in, it is what has to
      // go.
      while (waiting != detail::key_table::no_place) {
        slot& older = slots[waiting];
        const std::size_t merged = merged_weight(older, value, added);
        if (merged <= capacity_weight - (weight - older.weight)) {
          merge(*older.value(), value);
          weight = weight - older.weight + merged;
          older.weight = merged;
          ++counts.coalesced;
          ++counts.pushed;
          return outcome::settled;
        }
        if (how != overflow::drop_oldest) return settle(how);
        if (waiting == first) waiting = detail::key_table::no_place;
        drop_oldest();
      }
      const bool fits = count < capacity && added <= capacity_weight - weight;
      if (!fits && how != overflow::drop_oldest) return settle(how);
      append(value, key, added);
      while (count > capacity || weight > capacity_weight) drop_oldest();
      return outcome::added;
    }
    void drop_front() noexcept {
      slot& gone = slots[first];
      if constexpr (is_keyed) {
        if (gone.key != 0) keys.erase(gone.key);
      }
      gone.value()->~Value();
      weight -= gone.weight;
      first = place_behind(1);
      --count;
    }

   private:
    struct count_at_end {
      shared& queue;
      ~count_at_end() { queue.publish_count(); }
    };
    [[nodiscard]] outcome settle(overflow how) noexcept {
      if (how != overflow::drop_newest) return outcome::full;
      ++counts.dropped_newest;
      ++counts.pushed;
      return outcome::settled;
    }
    void drop_oldest() noexcept {
      drop_front();
      ++counts.dropped_oldest;
    }
    template <class Source>
    void append(Source& value, std::uint64_t key, std::size_t added) noexcept(puts_safely<Source>) {
      const std::size_t place = place_behind(count);
      slot& to = slots[place];
      ::new (static_cast<void*>(to.bytes)) Value(static_cast<Source&&>(value));
      to.key = key;
      to.weight = added;
      if (key != 0) keys.insert(key, place);
      weight += added;  // of more than may be, for a moment
      ++counts.pushed;
      ++count;
    }
    template <class Source>
    [[nodiscard]] std::size_t merged_weight(slot& older, const Source& newer,
                                            std::size_t added) const noexcept(puts_safely<Source>) {
      if constexpr (weighs_merged) return static_cast<std::size_t>(rule.merged_weight_of(*older.value(), newer));
      else return added;
    }
    template <class Source>
    void merge(Value& older, Source& newer) noexcept(puts_safely<Source>) {
      if constexpr (!__is_same(Source, Value)) {
        Value made(static_cast<Source&&>(newer));
        merge(older, made);
      } else if constexpr (merges) {
        rule.merge(older, static_cast<Value&&>(newer));
      } else {
        older = static_cast<Value&&>(newer);
      }
    }

   public:
    slot* const slots;
    const std::size_t capacity;
    const std::size_t capacity_weight;
    const overflow policy;
    const overflow otherwise;
    const Rule rule;
    detail::key_table keys;
    std::size_t first = 0;
    std::size_t count = 0;  // elements
    std::size_t weight = 0;
    overflow_statistics counts;
    alignas(cache_line) gate room;  // producers wait here
  };

  /// Wakes the producers that a call serves.
  struct taken_elements : detail::signal_at_end<gate> {
    explicit taken_elements(shared& where) noexcept : detail::signal_at_end<gate>(where.room), queue(where) {}
    ~taken_elements() {
      if (this->count != 0) this->count = queue.woken_by(this->count);
    }
    shared& queue;
  };

  explicit overflow_queue(shared* made) noexcept : shared_(made) {}

  static status check(const overflow_queue_options& options) noexcept {
    if (const status checked = detail::check_queue_capacity(options.capacity); !checked.ok()) return checked;
    if (options.overflow > overflow::error) {
      return error{errc::invalid_argument, "queue.overflow", "a policy", static_cast<std::uint64_t>(options.overflow)};
    }
    if (options.otherwise > overflow::error || options.otherwise == overflow::coalesce) {
      return error{errc::invalid_argument, "queue.otherwise", "a policy other than coalesce",
                   static_cast<std::uint64_t>(options.otherwise)};
    }
    if (options.overflow == overflow::coalesce) {
      if (!is_keyed) return error{errc::invalid_argument, "queue.overflow", "a rule with key_of", "one without"};
    } else if (options.otherwise != overflow::block) {
      return error{errc::invalid_argument, "queue.otherwise", "block, as it is asked under coalesce alone",
                   static_cast<std::uint64_t>(options.otherwise)};
    }
    if (!is_weighed && options.capacity_weight != 0) {
      return error{errc::invalid_argument, "queue.capacity_weight", "a rule with weight_of", "one without"};
    }
    if (options.capacity_weight > most_weight) {
      return error{errc::limit_exceeded, "queue.capacity_weight", most_weight, options.capacity_weight};
    }
    return {};
  }

  [[nodiscard]] shared& here() const noexcept {
    ATLAS_ASSERT(shared_ != nullptr);
    return *shared_;
  }
  [[nodiscard]] gate& element_gate() noexcept { return here().elements; }
  [[nodiscard]] wait_outlook pop_outlook() const noexcept { return here().pop_outlook(); }
  /// @param done  counts on over those for which the policy has an answer that is not to wait
  /// @return      the weight of the next one if that is more than all may weigh, else 0
  template <class Source>
  std::size_t offer(span<Source> values, std::size_t& done) noexcept(puts_safely<Source>) {
    shared& queue = here();
    detail::signal_at_end added(queue.elements);
    // Producers who wait are served by an element that coalesced and weighs less than it did, and under coalesce by one
    // that was added, if their values have its key.
    taken_elements freed(queue);
    const lock_guard lock(queue.guard);
    if (queue.closed.load_relaxed() != 0) return 0;
    for (; done < values.size(); ++done) {
      const std::size_t before = queue.weight;
      std::size_t weight = 0;
      const outcome became = queue.put(values[done], weight);
      if (became == outcome::full || became == outcome::too_heavy) {
        if (queue.last_resort() == overflow::error) queue.counts.refused += values.size() - done;
        return became == outcome::too_heavy ? weight : 0;
      }
      if (became == outcome::added) ++added.count;
      if (queue.weight < before || (became == outcome::added && queue.policy == overflow::coalesce)) ++freed.count;
    }
    return 0;
  }

  void destroy() noexcept {
    if (shared_ == nullptr) return;
    while (shared_->count != 0) shared_->drop_front();
    shared_->~shared();
    std::free(shared_);
    shared_ = nullptr;
  }

  shared* shared_;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_QUEUE_OVERFLOW_QUEUE_HPP

// SPDX-License-Identifier: Apache-2.0
// tests/support/queue_mutants.hpp -- layouts of spsc_queue with seeded faults, which every proof must find.
#ifndef ATLAS_TESTS_SUPPORT_QUEUE_MUTANTS_HPP
#define ATLAS_TESTS_SUPPORT_QUEUE_MUTANTS_HPP

#include <atlas/queue.hpp>

#include <algorithm>
#include <cstddef>

namespace support {

/// A layout of spsc_queue that believes in one slot more than there is.
template <class Layout>
struct off_by_one {
  template <class Value, template <class> class Atom>
  class ring : public Layout::template ring<Value, Atom> {
    using base = typename Layout::template ring<Value, Atom>;

   public:
    using base::base;
    [[nodiscard]] std::size_t room(std::uint64_t tail,
                                   std::size_t wanted) {  // no more than a lap: positions have no more
      return std::min(base::room(tail, wanted), this->positions().capacity - 1) + 1;
    }
  };
};
/// One that once gives a slot too many back, whose element nobody took; or one too few, whose element is taken again.
template <class Layout, int TooMany>
struct miscounted {
  template <class Value, template <class> class Atom>
  class ring : public Layout::template ring<Value, Atom> {
    using base = typename Layout::template ring<Value, Atom>;

   public:
    using base::base;
    void release(std::uint64_t head, std::size_t count) {
      const bool may = !is_done_ && (TooMany < 0 || base::elements(head, count + 1) > count);
      if (may && ++calls_ == 2) is_done_ = true;
      base::release(head, may && is_done_ ? count + static_cast<std::size_t>(TooMany) : count);
    }

   private:
    int calls_ = 0;
    bool is_done_ = false;
  };
};
/// By index_cached, of which one side goes on a slot too far where it waits for the other to get further. (If it found
/// one too many instead, the queue would not end, or nobody would come so far as to use it.)
template <bool IsConsumer>
struct overhasty {
  template <class Value, template <class> class Atom>
  class ring : public atlas::index_cached::template ring<Value, Atom> {
    using base = typename atlas::index_cached::template ring<Value, Atom>;

   public:
    using base::base;
    [[nodiscard]] std::size_t room(std::uint64_t tail, std::size_t wanted) {
      if (IsConsumer) return base::room(tail, wanted);
      return goes_on(this->producer_, tail, wanted,
                     [&] { return this->popped() + atlas::detail::lapped_positions::lap; });
    }
    [[nodiscard]] std::size_t elements(std::uint64_t head, std::size_t wanted) {
      if (!IsConsumer) return base::elements(head, wanted);
      return goes_on(this->consumer_, head, wanted, [&] { return this->pushed(); });
    }
    [[nodiscard]] void* place(std::uint64_t tail, std::size_t ahead) {
      return base::place(tail, IsConsumer ? ahead : ahead + too_far_);
    }
    [[nodiscard]] Value* element(std::uint64_t head, std::size_t ahead) {
      return base::element(head, IsConsumer ? ahead + too_far_ : ahead);
    }
    [[nodiscard]] std::size_t adjacent_places(std::uint64_t tail) {
      return base::adjacent_places(tail) - (IsConsumer ? 0 : too_far_);
    }
    [[nodiscard]] std::size_t adjacent_elements(std::uint64_t head) {
      return base::adjacent_elements(head) - (IsConsumer ? too_far_ : 0);
    }

   private:
    template <class LookLimit>
    std::size_t goes_on(typename base::cursor& side, std::uint64_t at, std::size_t wanted, LookLimit look_limit) {
      const std::size_t seen = this->known(side, at, wanted);
      if (seen >= wanted) return seen;
      int looks = 0;
      return this->look(side, at, wanted, [&] {
        if (++looks == 2) too_far_ = 1;
        return look_limit();
      });
    }

    std::size_t too_far_ = 0;
  };
};
template <class Layout>
using skipped_slot = miscounted<Layout, 1>;
template <class Layout>
using repeated_slot = miscounted<Layout, -1>;

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_QUEUE_MUTANTS_HPP

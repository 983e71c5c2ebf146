// SPDX-License-Identifier: Apache-2.0
// tests/support/queue_mutants.hpp -- layouts of spsc_queue with seeded faults, which every proof must find.
#ifndef ATLAS_TESTS_SUPPORT_QUEUE_MUTANTS_HPP
#define ATLAS_TESTS_SUPPORT_QUEUE_MUTANTS_HPP

#include <atlas/queue.hpp>

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
    [[nodiscard]] std::size_t room(std::size_t wanted) { return base::room(wanted) + 1; }
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
    void release(std::size_t count) {
      const bool may = !is_done_ && (TooMany < 0 || base::elements(count + 1) > count);
      if (may && ++calls_ == 2) is_done_ = true;
      base::release(may && is_done_ ? count + static_cast<std::size_t>(TooMany) : count);
    }

   private:
    int calls_ = 0;
    bool is_done_ = false;
  };
};
template <class Layout>
using skipped_slot = miscounted<Layout, 1>;
template <class Layout>
using repeated_slot = miscounted<Layout, -1>;

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_QUEUE_MUTANTS_HPP

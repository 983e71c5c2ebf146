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
/// By index_cached, of which one side goes on a slot too far where it waits for the other to get further. (If it found
/// one too many instead, the queue would not end, or nobody would come so far as to use it.)
template <bool IsConsumer>
struct overhasty {
  template <class Value, template <class> class Atom>
  class ring : public atlas::index_cached::template ring<Value, Atom> {
    using base = typename atlas::index_cached::template ring<Value, Atom>;

   public:
    using base::base;
    [[nodiscard]] std::size_t room(std::size_t wanted) {
      if (IsConsumer) return base::room(wanted);
      return seen_by(this->producer_, this->consumer_, wanted, this->capacity_);
    }
    [[nodiscard]] std::size_t elements(std::size_t wanted) {
      if (!IsConsumer) return base::elements(wanted);
      return seen_by(this->consumer_, this->producer_, wanted, 0);
    }

   private:
    template <class Cursor>
    std::size_t seen_by(Cursor& side, Cursor& other, std::size_t wanted, std::size_t room_of_none) {
      const std::uint64_t own = side.count.load_relaxed();
      const auto ahead = [&] { return room_of_none + static_cast<std::size_t>(side.other_seen - own); };
      int looks = 0;
      if (ahead() >= wanted) return ahead();
      return side.progress(
          [&] {
            side.other_seen = other.count.load_acquire();
            if (++looks == 2) side.slot = side.slot_ahead(1, this->capacity_);
            return ahead();
          },
          wanted, this->capacity_);
    }
  };
};
template <class Layout>
using skipped_slot = miscounted<Layout, 1>;
template <class Layout>
using repeated_slot = miscounted<Layout, -1>;

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_QUEUE_MUTANTS_HPP

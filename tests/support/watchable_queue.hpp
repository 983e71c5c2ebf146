// SPDX-License-Identifier: Apache-2.0
// tests/support/watchable_queue.hpp -- the least queue that wait_any and queue_event take, told what to say of itself.
#ifndef ATLAS_TESTS_SUPPORT_WATCHABLE_QUEUE_HPP
#define ATLAS_TESTS_SUPPORT_WATCHABLE_QUEUE_HPP

#include <atlas/queue/watched_queue.hpp>

namespace support {

class watchable_queue {
 public:
  [[nodiscard]] bool has_element() noexcept {
    const bool has = has_element_;
    if (looks_left_ != 0 && --looks_left_ == 0) {
      has_element_ = true;
      gate_.signal(1);
    }
    return has;
  }
  /// So many looks find nothing; the element comes, and is signalled, right after the last of them.
  void arrives_after(unsigned looks) noexcept { looks_left_ = looks; }
  void becomes(atlas::wait_outlook next) noexcept { outlook_.store_release(next); }  // without a signal

 private:
  friend struct atlas::detail::watch_access;
  [[nodiscard]] atlas::wait_gate& element_gate() noexcept { return gate_; }
  [[nodiscard]] atlas::wait_outlook pop_outlook() const noexcept { return outlook_.load_acquire(); }

  bool has_element_ = false;
  unsigned looks_left_ = 0;
  atlas::atomic<atlas::wait_outlook> outlook_{atlas::wait_outlook::open};
  atlas::wait_gate gate_{atlas::heavy_barrier()};
};

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_WATCHABLE_QUEUE_HPP

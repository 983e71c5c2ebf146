// SPDX-License-Identifier: Apache-2.0
// tests/support/counted.hpp -- move-only values that count how many of them are alive.
#ifndef ATLAS_TESTS_SUPPORT_COUNTED_HPP
#define ATLAS_TESTS_SUPPORT_COUNTED_HPP

#include <atomic>
#include <utility>

namespace support {

/// Holds a number on the heap, so that a copy by bytes, a leak or a double end shows under ASan as well.
class counted {
 public:
  counted() : counted(0) {}
  explicit counted(int number) : number_(new int(number)) { alive().fetch_add(1); }
  counted(counted&& other) noexcept : number_(std::exchange(other.number_, nullptr)) { alive().fetch_add(1); }
  counted& operator=(counted&& other) noexcept {
    if (this != &other) {
      delete number_;
      number_ = std::exchange(other.number_, nullptr);
    }
    return *this;
  }
  ~counted() {
    delete number_;
    alive().fetch_sub(1);
  }
  /// -1 after it was moved from.
  [[nodiscard]] int number() const { return number_ == nullptr ? -1 : *number_; }
  static std::atomic<int>& alive() {
    static std::atomic<int> count{0};
    return count;
  }

 private:
  int* number_;
};

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_COUNTED_HPP

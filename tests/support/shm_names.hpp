// SPDX-License-Identifier: Apache-2.0
// tests/support/shm_names.hpp -- names of channels that no other test has, and that are free again afterwards.
#ifndef ATLAS_TESTS_SUPPORT_SHM_NAMES_HPP
#define ATLAS_TESTS_SUPPORT_SHM_NAMES_HPP

#include <atlas/core/text_view.hpp>

#include <unistd.h>

#include <string>

namespace support {

class shm_name {
 public:
  shm_name() {
    static int made = 0;
    text_ = "test-" + std::to_string(::getpid()) + "-" + std::to_string(++made);
  }
  shm_name(const shm_name&) = delete;
  shm_name& operator=(const shm_name&) = delete;
  ~shm_name() {
    ::unlink(("/dev/shm/atlas." + text_).c_str());
    ::unlink(("/dev/shm/atlas-fifo." + text_).c_str());
  }
  [[nodiscard]] const std::string& text() const { return text_; }
  operator atlas::text_view() const { return text_; }  // NOLINT: it is one

 private:
  std::string text_;
};

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_SHM_NAMES_HPP

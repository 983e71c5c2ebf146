// SPDX-License-Identifier: Apache-2.0
// tests/support/shm_names.hpp -- names of channels that no other test has, and that are free again afterwards.
#ifndef ATLAS_TESTS_SUPPORT_SHM_NAMES_HPP
#define ATLAS_TESTS_SUPPORT_SHM_NAMES_HPP

#include <unistd.h>

#include <cstddef>
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
  // So that it is a text_view where one is asked for, and no header of the library is.
  [[nodiscard]] const char* data() const { return text_.data(); }
  [[nodiscard]] std::size_t size() const { return text_.size(); }

 private:
  std::string text_;
};

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_SHM_NAMES_HPP

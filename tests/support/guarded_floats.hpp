// SPDX-License-Identifier: Apache-2.0
// tests/support/guarded_floats.hpp -- floats that end, to the byte, where readable memory ends.
#ifndef ATLAS_TESTS_SUPPORT_GUARDED_FLOATS_HPP
#define ATLAS_TESTS_SUPPORT_GUARDED_FLOATS_HPP

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace support {

/// A copy of some floats with an unreadable page right behind (or right before) it: reading one byte too
/// far is a crash in every build, also where a sanitizer does not see the instruction.
class guarded_floats {
 public:
  enum class guard {
    behind,
    before
  };

  explicit guarded_floats(const std::vector<float>& values, guard where = guard::behind) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const std::size_t bytes = values.size() * sizeof(float);
    const std::size_t pages = (bytes + page - 1) / page + 1;
    mapped_bytes_ = (pages + 1) * page;
    void* mapped = ::mmap(nullptr, mapped_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) std::abort();
    mapped_ = static_cast<char*>(mapped);
    char* guard_page = where == guard::behind ? mapped_ + pages * page : mapped_;
    if (::mprotect(guard_page, page, PROT_NONE) != 0) std::abort();
    char* begin = where == guard::behind ? guard_page - bytes : mapped_ + page;
    if (bytes != 0) std::memcpy(begin, values.data(), bytes);
    data_ = reinterpret_cast<float*>(begin);
  }
  guarded_floats(const guarded_floats&) = delete;
  guarded_floats& operator=(const guarded_floats&) = delete;
  ~guarded_floats() { ::munmap(mapped_, mapped_bytes_); }

  [[nodiscard]] const float* data() const { return data_; }

 private:
  char* mapped_ = nullptr;
  std::size_t mapped_bytes_ = 0;
  float* data_ = nullptr;
};

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_GUARDED_FLOATS_HPP

// SPDX-License-Identifier: Apache-2.0
// tests/support/guarded_array.hpp -- elements that end, or begin, to the byte, where accessible memory does.
#ifndef ATLAS_TESTS_SUPPORT_GUARDED_ARRAY_HPP
#define ATLAS_TESTS_SUPPORT_GUARDED_ARRAY_HPP

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <type_traits>
#include <vector>

namespace support {

/// Which end of the elements lies at the page that nobody may touch.
enum class guard {
  behind,
  before
};

/// A copy of some elements with an inaccessible page right behind (or right before) it: one byte too far is a crash
/// in every build, also where a sanitizer does not see the instruction. With the page behind, the first element is
/// only as aligned as the number of elements allows.
template <class T>
class guarded_array {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  using guard = support::guard;

  explicit guarded_array(const std::vector<T>& values, guard where = guard::behind)
      : guarded_array(values.size(), where) {
    if (!values.empty()) std::memcpy(data_, values.data(), values.size() * sizeof(T));
  }
  /// `count` elements of zero bytes.
  explicit guarded_array(std::size_t count, guard where = guard::behind) : size_(count) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const std::size_t size_bytes = count * sizeof(T);
    const std::size_t pages = (size_bytes + page - 1) / page + 1;
    mapped_bytes_ = (pages + 1) * page;
    void* mapped = ::mmap(nullptr, mapped_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) std::abort();
    mapped_ = static_cast<char*>(mapped);
    char* guard_page = where == guard::behind ? mapped_ + pages * page : mapped_;
    if (::mprotect(guard_page, page, PROT_NONE) != 0) std::abort();
    data_ = reinterpret_cast<T*>(where == guard::behind ? guard_page - size_bytes : mapped_ + page);
  }
  guarded_array(const guarded_array&) = delete;
  guarded_array& operator=(const guarded_array&) = delete;
  ~guarded_array() { ::munmap(mapped_, mapped_bytes_); }

  [[nodiscard]] T* data() { return data_; }
  [[nodiscard]] const T* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  char* mapped_ = nullptr;
  std::size_t mapped_bytes_ = 0;
  std::size_t size_ = 0;
  T* data_ = nullptr;
};

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_GUARDED_ARRAY_HPP

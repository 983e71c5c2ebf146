// SPDX-License-Identifier: Apache-2.0
// bench/support/pages.hpp -- memory for a measurement: touched, and in huge pages where the kernel gives them.
#ifndef ATLAS_BENCH_SUPPORT_PAGES_HPP
#define ATLAS_BENCH_SUPPORT_PAGES_HPP

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>

namespace bench {

inline constexpr std::size_t huge_page_bytes = std::size_t{2} << 20;

/// Bytes at a multiple of 2 MiB, so that both sides of a comparison see the same few page table entries.
class pages {
 public:
  explicit pages(std::size_t bytes) : mapped_bytes_(round_up(bytes) + huge_page_bytes) {
    void* const mapped = ::mmap(nullptr, mapped_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) throw std::bad_alloc();
    mapped_ = static_cast<char*>(mapped);
    data_ = mapped_ + (huge_page_bytes - reinterpret_cast<std::uintptr_t>(mapped_) % huge_page_bytes) % huge_page_bytes;
    ::madvise(data_, round_up(bytes), MADV_HUGEPAGE);
    std::memset(data_, 0, round_up(bytes));
  }
  pages(const pages&) = delete;
  pages& operator=(const pages&) = delete;
  ~pages() { ::munmap(mapped_, mapped_bytes_); }

  template <class T>
  [[nodiscard]] T* as() const {
    return reinterpret_cast<T*>(data_);
  }

 private:
  static std::size_t round_up(std::size_t bytes) {
    return (bytes + huge_page_bytes - 1) / huge_page_bytes * huge_page_bytes;
  }

  std::size_t mapped_bytes_;
  char* mapped_ = nullptr;
  char* data_ = nullptr;
};

/// The same for memory that somebody else allocated, as far as it can be had afterwards (MADV_COLLAPSE, Linux 6.1).
inline void make_pages_huge(void* data, std::size_t bytes) {
  const auto first = (reinterpret_cast<std::uintptr_t>(data) + huge_page_bytes - 1) / huge_page_bytes * huge_page_bytes;
  const auto last = (reinterpret_cast<std::uintptr_t>(data) + bytes) / huge_page_bytes * huge_page_bytes;
  constexpr int collapse = 25;
  if (first < last) ::madvise(reinterpret_cast<void*>(first), last - first, collapse);
}

}  // namespace bench

#endif  // ATLAS_BENCH_SUPPORT_PAGES_HPP

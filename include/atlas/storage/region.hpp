// SPDX-License-Identifier: Apache-2.0
// include/atlas/storage/region.hpp -- memory that grows in place: its first byte never moves.
//
// Room:      reserving address space, putting a file's bytes in front, committing more behind.
// Not here:  arrays that may move when they grow (core/memory.hpp).
// Depends:   core, storage/mapped_file.hpp, POSIX.
// Threads:   reserve, map_front, grow, move and destruction: one thread at a time. Meanwhile others may
//            read and write bytes that are committed already; they are never moved or remapped.
#ifndef ATLAS_STORAGE_REGION_HPP
#define ATLAS_STORAGE_REGION_HPP

#include <atlas/core/atomic.hpp>          // load_relaxed, store_relaxed
#include <atlas/core/bits.hpp>            // round_up
#include <atlas/storage/mapped_file.hpp>  // mapped_file

#include <sys/resource.h>  // getrlimit

namespace atlas { inline namespace ATLAS_ABI {

/// Where a mapped section may start in a file: a multiple of every page size of the platforms (arm64: 64 KiB).
inline constexpr std::uint64_t mapping_alignment = std::uint64_t{64} << 10;

/// A range of addresses, of which the front is memory. Zero-filled where nothing was written.
class region {
 public:
#if defined(__SANITIZE_THREAD__)
  static constexpr std::uint64_t most_bytes = std::uint64_t{8} << 30;  // its shadow leaves little address space
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
  static constexpr std::uint64_t most_bytes = std::uint64_t{8} << 30;
#else
  static constexpr std::uint64_t most_bytes = std::uint64_t{4} << 40;
#endif
#else
  static constexpr std::uint64_t most_bytes = std::uint64_t{4} << 40;  ///< one region; 1/32 of x86-64's 128 TiB
#endif

  region() noexcept = default;
  region(region&& other) noexcept : data_(other.data_), reserved_(other.reserved_), committed_(other.committed_) {
    other.data_ = nullptr;
    other.reserved_ = other.committed_ = 0;
  }
  region& operator=(region&& other) noexcept {
    if (this != &other) {
      release();
      data_ = other.data_;
      reserved_ = other.reserved_;
      committed_ = other.committed_;
      other.data_ = nullptr;
      other.reserved_ = other.committed_ = 0;
    }
    return *this;
  }
  region(const region&) = delete;
  region& operator=(const region&) = delete;
  ~region() { release(); }

  /// Reserves addresses and no memory. Takes `wanted_bytes`, or as much as the system grants, halving down
  /// to `least_bytes`.
  ///
  /// @param wanted_bytes  bytes; cut to most_bytes, and to a 64th of RLIMIT_AS where that is set
  /// @param least_bytes   bytes; <= most_bytes
  /// @return  errc::limit_exceeded when least_bytes > most_bytes, errc::no_memory when even that is refused
  /// Cost: system calls only. Aligned to 2 MiB, so that huge pages fit.
  [[nodiscard]] static result<region> reserve(std::uint64_t wanted_bytes, std::uint64_t least_bytes) noexcept {
    if (least_bytes > most_bytes) return error{errc::limit_exceeded, "region.reserved_bytes", most_bytes, least_bytes};
    const std::uint64_t least = round_up(least_bytes == 0 ? 1 : least_bytes, huge_page_bytes);
    std::uint64_t most = most_bytes;
    // Where the process's address space is limited (ulimit -v), the rest of the program needs most of it.
    struct rlimit space = {};
    if (::getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur / share_of_limit < most) most = space.rlim_cur / share_of_limit;
    std::uint64_t size = round_up(wanted_bytes < most ? wanted_bytes : most, huge_page_bytes);
    if (size < least) size = least;
    for (;;) {
      // One huge page more than needed, cut off again, is how mmap gives an aligned range.
      void* at = ::mmap(nullptr, size + huge_page_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      if (at != MAP_FAILED) return aligned(static_cast<std::byte*>(at), size);
      const int why = errno;
      if (size == least) {
        return error{errc::no_memory, "region.reserved_bytes", least, 0}.with_os_code(why);
      }
      size = round_up(size / 2, huge_page_bytes);
      if (size < least) size = least;
    }
  }

  /// Puts `length_bytes` bytes of a file at the front, copy-on-write: they can be changed, the file is not.
  /// What follows them in the region reads as zero. The file may be closed afterwards; it must not shrink.
  ///
  /// @param offset        bytes; a multiple of mapping_alignment
  /// @param length_bytes  offset + length_bytes <= file.size_bytes()
  /// @return  errc::invalid_argument for an offset or length outside of that, errc::limit_exceeded for more
  ///          than reserved_bytes(), errc::no_memory, errc::io
  /// @pre     nothing is committed yet
  /// Cost: a system call and at most one page of memory, whatever the length.
  [[nodiscard]] status map_front(const mapped_file& file, std::uint64_t offset, std::uint64_t length_bytes) noexcept {
    ATLAS_ASSERT(data_ != nullptr && committed_ == 0);
    if (offset % mapping_alignment != 0) {
      return error{errc::invalid_argument, "region.file_offset", "a multiple of 65536", offset};
    }
    if (offset > file.size_bytes() || length_bytes > file.size_bytes() - offset) {
      return error{errc::invalid_argument, "region.file_end", file.size_bytes(), offset + length_bytes};
    }
    if (length_bytes > reserved_) return error{errc::limit_exceeded, "region.bytes", reserved_, length_bytes};
    if (length_bytes == 0) return {};
    const std::uint64_t whole_pages = round_up(length_bytes, page_bytes());
    void* at = ::mmap(data_, whole_pages, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE,
                      file.descriptor(), static_cast<off_t>(file.base() + offset));
    if (at == MAP_FAILED) return os_error(errno, "region.map");
    // The last page shows what comes next in the file; here it must read as fresh memory.
    if (whole_pages != length_bytes) std::memset(data_ + length_bytes, 0, whole_pages - length_bytes);
    store_relaxed(&committed_, whole_pages);
    return {};
  }

  /// Makes at least the first `bytes` bytes usable; new ones are zero. Commits half as much again as there
  /// is, so that growing by small steps costs little; pages not touched take no memory.
  ///
  /// @return errc::limit_exceeded for more than reserved_bytes(), errc::no_memory; then nothing has changed
  [[nodiscard]] status grow(std::uint64_t bytes) noexcept {
    if (bytes <= committed_) return {};
    if (bytes > reserved_) return error{errc::limit_exceeded, "region.bytes", reserved_, bytes};
    const std::uint64_t least = round_up(bytes, mapping_alignment);  // reserved_ is a multiple of it
    std::uint64_t target = round_up(committed_ + committed_ / 2, mapping_alignment);
    if (target > reserved_) target = reserved_;
    if (target < least) target = least;
    if (!commit(target) && !(target != least && commit(least))) {
      return error{errc::no_memory, "region.bytes", least, committed_}.with_os_code(errno);
    }
    return {};
  }

  /// Asks for huge pages where memory is committed and filled; fewer TLB misses for large random access,
  /// memory taken in steps of 2 MiB. A hint: cannot fail.
  void prefer_huge_pages() noexcept {
    if (data_ != nullptr) ::madvise(data_, reserved_, MADV_HUGEPAGE);
  }

  [[nodiscard]] std::byte* data() noexcept { return data_; }
  [[nodiscard]] const std::byte* data() const noexcept { return data_; }
  [[nodiscard]] std::uint64_t committed_bytes() const noexcept { return load_relaxed(&committed_); }
  [[nodiscard]] std::uint64_t reserved_bytes() const noexcept { return reserved_; }

 private:
  static constexpr std::uint64_t share_of_limit = 64;  ///< one region's part of a limited address space
  static constexpr std::uint64_t huge_page_bytes = std::uint64_t{2} << 20;

  [[nodiscard]] static std::uint64_t page_bytes() noexcept {
    return static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  }

  // Cuts [at, at + size + huge_page_bytes) to `size` bytes that start at a multiple of huge_page_bytes.
  [[nodiscard]] static region aligned(std::byte* at, std::uint64_t size) noexcept {
    const auto address = reinterpret_cast<std::uintptr_t>(at);
    const std::uint64_t before = round_up(address, huge_page_bytes) - address;
    const std::uint64_t after = huge_page_bytes - before;
    region made;
    made.data_ = at + before;
    made.reserved_ = size;
    if (before != 0) ::munmap(at, before);
    if (after != 0) ::munmap(made.data_ + size, after);
    return made;
  }
  [[nodiscard]] bool commit(std::uint64_t target) noexcept {
    if (::mprotect(data_ + committed_, target - committed_, PROT_READ | PROT_WRITE) != 0) return false;
    store_relaxed(&committed_, target);
    return true;
  }
  void release() noexcept {
    if (data_ != nullptr) ::munmap(data_, reserved_);
    data_ = nullptr;
    reserved_ = committed_ = 0;
  }

  std::byte* data_ = nullptr;
  std::uint64_t reserved_ = 0;   // multiple of huge_page_bytes
  std::uint64_t committed_ = 0;  // multiple of the page size
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_STORAGE_REGION_HPP

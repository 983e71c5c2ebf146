// SPDX-License-Identifier: Apache-2.0
// include/atlas/storage/file_descriptor.hpp -- an open file: owned, read and written whole or not at all.
//
// Room:      RAII over a descriptor; reads and writes at an offset that retry what may be retried.
// Not here:  mapping (storage/mapped_file.hpp), replacing a file (storage/replacement_file.hpp).
// Depends:   core, POSIX.
// Threads:   const functions may run beside each other; writes to one range may not.
#ifndef ATLAS_STORAGE_FILE_DESCRIPTOR_HPP
#define ATLAS_STORAGE_FILE_DESCRIPTOR_HPP

#include <atlas/core/os_error.hpp>  // os_error
#include <atlas/core/result.hpp>    // result, status

#include <cstddef>  // std::byte

#include <fcntl.h>     // open, posix_fadvise
#include <signal.h>    // SIGXFSZ
#include <sys/stat.h>  // fstat
#include <time.h>      // struct timespec
#include <unistd.h>    // pread, pwrite, close

namespace atlas { inline namespace ATLAS_ABI {

namespace detail {

/// While it lives, writing past RLIMIT_FSIZE gives this thread EFBIG and no SIGXFSZ, whose default action
/// ends the process. What was blocked or pending before stays so.
class file_size_signal_block {
 public:
  file_size_signal_block() noexcept {
    sigset_t pending;
    ::sigemptyset(&file_size_);
    ::sigaddset(&file_size_, SIGXFSZ);
    if (::sigpending(&pending) == 0 && ::sigismember(&pending, SIGXFSZ) == 1) return;
    active_ = ::pthread_sigmask(SIG_BLOCK, &file_size_, &before_) == 0;
  }
  ~file_size_signal_block() {
    if (!active_) return;
    const struct timespec at_once = {0, 0};
    while (::sigtimedwait(&file_size_, nullptr, &at_once) == -1 && errno == EINTR) {
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  file_size_signal_block(const file_size_signal_block&) = delete;
  file_size_signal_block& operator=(const file_size_signal_block&) = delete;

 private:
  sigset_t file_size_;
  sigset_t before_;
  bool active_ = false;
};

// Linux moves at most 0x7ffff000 bytes in one call.
inline constexpr std::uint64_t most_bytes_a_call = std::uint64_t{1} << 30;

}  // namespace detail

/// Which file it is: descriptors of one file, by whatever path it was opened, give the same.
struct file_identity {
  std::uint64_t device = 0;
  std::uint64_t number = 0;  ///< among the files of the device
  friend constexpr bool operator==(const file_identity&, const file_identity&) noexcept = default;
};

/// Owns one descriptor. Movable.
class file_descriptor {
 public:
  file_descriptor() noexcept = default;
  explicit file_descriptor(int number) noexcept : number_(number) {}
  file_descriptor(file_descriptor&& other) noexcept : number_(other.number_) { other.number_ = -1; }
  file_descriptor& operator=(file_descriptor&& other) noexcept {
    if (this != &other) {
      static_cast<void>(close());
      number_ = other.number_;
      other.number_ = -1;
    }
    return *this;
  }
  file_descriptor(const file_descriptor&) = delete;
  file_descriptor& operator=(const file_descriptor&) = delete;
  ~file_descriptor() { static_cast<void>(close()); }

  /// Opens a regular file for reading. Pipes, sockets and devices are refused without waiting for them.
  ///
  /// @param path         NUL-terminated; symbolic links are followed
  /// @param size_bytes   out: the file's size now
  /// @return  errc::file_not_found, errc::permission_denied, errc::is_a_directory,
  ///          errc::invalid_argument for a null path or what is no regular file, errc::io
  [[nodiscard]] static result<file_descriptor> open_to_read(const char* path, std::uint64_t& size_bytes) noexcept {
    if (path == nullptr) return error{errc::invalid_argument, "path", "a path", "null"};
    int number = -1;
    do {  // O_NONBLOCK: a pipe without a writer would block here; for regular files it means nothing
      number = ::open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    } while (number < 0 && errno == EINTR);
    if (number < 0) return os_error(errno, "path");
    file_descriptor opened(number);
    struct stat facts;
    if (::fstat(number, &facts) != 0) return os_error(errno, "file.status");
    if (S_ISDIR(facts.st_mode)) return os_error(EISDIR, "path");
    if (!S_ISREG(facts.st_mode)) {
      return error{errc::invalid_argument, "path", "a regular file", "a pipe, socket or device"};
    }
    size_bytes = static_cast<std::uint64_t>(facts.st_size);
    return static_cast<file_descriptor&&>(opened);
  }

  /// @return errc::io
  [[nodiscard]] result<file_identity> identity() const noexcept {
    struct stat facts;
    if (::fstat(number_, &facts) != 0) return os_error(errno, "file.status");
    return file_identity{static_cast<std::uint64_t>(facts.st_dev), static_cast<std::uint64_t>(facts.st_ino)};
  }
  /// Another descriptor of the same file. @return errc::io
  [[nodiscard]] result<file_descriptor> duplicate() const noexcept {
    const int number = ::fcntl(number_, F_DUPFD_CLOEXEC, 0);
    if (number < 0) return os_error(errno, "file.duplicate");
    return file_descriptor(number);
  }

  [[nodiscard]] int number() const noexcept { return number_; }
  [[nodiscard]] bool is_open() const noexcept { return number_ >= 0; }

  /// Gives the descriptor back. An error may be the first word of a write that failed late.
  status close() noexcept {
    if (number_ < 0) return {};
    const int closing = number_;
    number_ = -1;
    // After EINTR Linux has closed it; closing again could hit another thread's new descriptor.
    if (::close(closing) != 0 && errno != EINTR) return os_error(errno, "file.close");
    return {};
  }

  /// Bytes from `offset` on, as many as there are up to `size_bytes`. @return the number read
  [[nodiscard]] result<std::uint64_t> read_some_at(void* out, std::uint64_t size_bytes,
                                                   std::uint64_t offset) const noexcept {
    std::uint64_t done = 0;
    while (done < size_bytes) {
      const std::uint64_t left = size_bytes - done;
      const ssize_t got = ::pread(number_, static_cast<std::byte*>(out) + done,
                                  left < detail::most_bytes_a_call ? left : detail::most_bytes_a_call,
                                  static_cast<off_t>(offset + done));
      if (got < 0) {
        if (errno == EINTR) continue;
        return os_error(errno, "file.read");
      }
      if (got == 0) break;
      done += static_cast<std::uint64_t>(got);
    }
    return done;
  }
  /// Exactly `size_bytes` bytes from `offset` on, or errc::corrupt_file if the file ends first, or errc::io.
  [[nodiscard]] status read_at(void* out, std::uint64_t size_bytes, std::uint64_t offset) const noexcept {
    const result<std::uint64_t> got = read_some_at(out, size_bytes, offset);
    if (!got.ok()) return got.error();
    if (*got != size_bytes) return error{errc::corrupt_file, "file.read_bytes", size_bytes, *got};
    return {};
  }
  /// Asks the kernel to read [offset, offset + length_bytes) ahead into its cache. A hint: returns at once, cannot fail.
  void prefetch(std::uint64_t offset, std::uint64_t length_bytes) const noexcept {
    static_cast<void>(::posix_fadvise(number_, static_cast<off_t>(offset), static_cast<off_t>(length_bytes), POSIX_FADV_WILLNEED));
  }
  /// Writes all bytes at `offset`. @return errc::no_space (disk, quota or file size limit), errc::io
  /// A file size limit gives an error here; the process gets no SIGXFSZ.
  [[nodiscard]] status write_at(const void* data, std::uint64_t size_bytes, std::uint64_t offset) const noexcept {
    const detail::file_size_signal_block no_signal;
    std::uint64_t done = 0;
    while (done < size_bytes) {
      const std::uint64_t left = size_bytes - done;
      const ssize_t put = ::pwrite(number_, static_cast<const std::byte*>(data) + done,
                                   left < detail::most_bytes_a_call ? left : detail::most_bytes_a_call,
                                   static_cast<off_t>(offset + done));
      if (put < 0) {
        if (errno == EINTR) continue;
        return os_error(errno, "file.write");
      }
      // Nothing written and no error: trying for ever would be a hang.
      if (put == 0) return error{errc::io, "file.write_bytes", left, 0};
      done += static_cast<std::uint64_t>(put);
    }
    return {};
  }
  /// Waits until what was written is on the device.
  [[nodiscard]] status sync() const noexcept {
    while (::fsync(number_) != 0) {
      if (errno != EINTR) return os_error(errno, "file.sync");
    }
    return {};
  }

 private:
  int number_ = -1;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_STORAGE_FILE_DESCRIPTOR_HPP

// SPDX-License-Identifier: Apache-2.0
// include/atlas/queue/shared_memory.hpp -- memory with a name that processes share, and locks on it that end with their
// process.
//
// Room:      shared_memory: a file in /dev/shm, mapped; made whole or not at all; locks that the kernel holds.
//            wake_fifo: a pipe with a name beside it, for who waits in epoll.
// Not here:  what the bytes mean (queue/shm_segment.hpp), files that stay (storage/).
// Depends:   core/{mutex,os_error,result,text_view}.hpp, Linux (O_TMPFILE, open file description locks, named pipes,
//            /proc).
// Threads:   one object by one thread at a time; objects of one file by any threads and processes.
#ifndef ATLAS_QUEUE_SHARED_MEMORY_HPP
#define ATLAS_QUEUE_SHARED_MEMORY_HPP

#include <atlas/core/mutex.hpp>      // mutex
#include <atlas/core/os_error.hpp>   // os_error
#include <atlas/core/result.hpp>     // result, status
#include <atlas/core/text_view.hpp>  // text_view

#include <cstddef>  // std::byte

#include <fcntl.h>         // open, fcntl, posix_fallocate
#include <pthread.h>       // pthread_atfork
#include <sys/mman.h>      // madvise, mmap, munmap
#include <sys/resource.h>  // getrlimit
#include <sys/stat.h>      // fstat, fchmod, mkfifo
#include <unistd.h>        // linkat, unlink, close

namespace atlas { inline namespace ATLAS_ABI {

namespace detail {

/// A descriptor that a forked child does not keep: what hangs on it, a lock, ends with the process that opened it, even
/// while children of it live. In the child it is closed before fork() returns, and number() is -1. A child made without
/// fork(3)'s handlers, by the bare system call, keeps it until it ends or runs another program. A signal handler that
/// forks while its thread is in here would wait for itself.
class own_descriptor {
 public:
  own_descriptor() noexcept = default;
  own_descriptor(own_descriptor&& other) noexcept { take(other); }
  own_descriptor& operator=(own_descriptor&& other) noexcept {
    if (this != &other) {
      close();
      take(other);
    }
    return *this;
  }
  ~own_descriptor() { close(); }

  /// As open(2). A fork comes before all of it or behind.
  /// @return 0; the errno; ENOMEM if the system cannot tell us of forks
  [[nodiscard]] int open(const char* path, int flags, unsigned permissions) noexcept {
    close();
    all& others = everyone();
    const lock_guard lock(others.lock);
    if (!others.is_told_of_forks) others.is_told_of_forks = ::pthread_atfork(before_fork, in_parent, in_child) == 0;
    if (!others.is_told_of_forks) return ENOMEM;
    int number = -1;
    do {
      number = ::open(path, flags | O_CLOEXEC, permissions);
    } while (number < 0 && errno == EINTR);
    if (number < 0) return errno;
    link(others, number);
    return 0;
  }
  void close() noexcept {
    if (home_ == nullptr) return;
    const lock_guard lock(home_->lock);
    const int closing = number_;
    unlink();
    if (closing >= 0) ::close(closing);
  }
  [[nodiscard]] int number() const noexcept { return number_; }

 private:
  struct all {
    mutex lock;
    own_descriptor* first = nullptr;
    bool is_told_of_forks = false;
  };
  // One list for each program and shared object, whose own the handlers are: they go with it when it is unloaded.
  [[gnu::visibility("hidden")]] static all& everyone() noexcept {
    static constinit all list;
    return list;
  }
  [[gnu::visibility("hidden")]] static void before_fork() { everyone().lock.lock(); }
  [[gnu::visibility("hidden")]] static void in_parent() { everyone().lock.unlock(); }
  [[gnu::visibility("hidden")]] static void in_child() {
    all& others = everyone();
    while (others.first != nullptr) {
      ::close(others.first->number_);
      others.first->unlink();
    }
    others.lock.unlock();
  }

  void link(all& others, int number) noexcept {
    home_ = &others;
    number_ = number;
    before_ = nullptr;
    next_ = others.first;
    if (next_ != nullptr) next_->before_ = this;
    others.first = this;
  }
  void unlink() noexcept {
    if (number_ < 0) return;
    (before_ != nullptr ? before_->next_ : home_->first) = next_;
    if (next_ != nullptr) next_->before_ = before_;
    number_ = -1;
  }
  void take(own_descriptor& other) noexcept {
    if (other.home_ == nullptr) return;
    const lock_guard lock(other.home_->lock);
    const int number = other.number_;
    other.unlink();
    if (number >= 0) link(*other.home_, number);
  }

  all* home_ = nullptr;  // null: it was never open
  int number_ = -1;
  own_descriptor* before_ = nullptr;
  own_descriptor* next_ = nullptr;
};

/// Where a segment of that name is: FOLDER/atlas.NAME, and its pipe: FOLDER/atlas-fifo.NAME.
class segment_path {
 public:
  static constexpr std::size_t most_name_bytes = 128;

  /// @param name    1 to 128 of A-Z a-z 0-9 . _ -
  /// @param folder  at most 255 bytes
  [[nodiscard]] static result<segment_path> of(text_view name, text_view folder) noexcept {
    if (name.empty() || name.size() > most_name_bytes) {
      return error{errc::invalid_argument, "name.bytes", "1 to", most_name_bytes, name.size()};
    }
    for (const char letter : name) {
      const bool fits = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                        (letter >= '0' && letter <= '9') || letter == '.' || letter == '_' || letter == '-';
      if (!fits) return error{errc::invalid_argument, "name", "A-Z a-z 0-9 . _ - alone", "another character"};
    }
    if (folder.empty() || folder.size() > most_folder_bytes) {
      return error{errc::invalid_argument, "folder.bytes", "1 to", most_folder_bytes, folder.size()};
    }
    segment_path made;
    join(made.text_, folder, "/atlas.", name);
    join(made.fifo_, folder, "/atlas-fifo.", name);
    std::memcpy(made.folder_, folder.data(), folder.size());
    made.folder_[folder.size()] = '\0';
    return made;
  }
  [[nodiscard]] const char* segment() const noexcept { return text_; }
  [[nodiscard]] const char* fifo() const noexcept { return fifo_; }
  [[nodiscard]] const char* folder() const noexcept { return folder_; }

 private:
  static constexpr std::size_t most_folder_bytes = 255;
  static constexpr std::size_t most_bytes = most_folder_bytes + sizeof "/atlas-fifo." + most_name_bytes;

  static void join(char (&to)[most_bytes], text_view folder, text_view between, text_view name) noexcept {
    char* next = to;
    const text_view parts[] = {folder, between, name};
    for (const text_view part : parts) {
      std::memcpy(next, part.data(), part.size());
      next += part.size();
    }
    *next = '\0';
  }

  char text_[most_bytes];
  char fifo_[most_bytes];
  char folder_[most_folder_bytes + 1];
};

}  // namespace detail

/// A file mapped for reading and writing by several processes. It must not be cut shorter while it is mapped: touching
/// what is lost raises SIGBUS, as in every mapping; only who may write to the file can do that.
///
/// Forks: the child of a fork() has the memory but is not the owner of what its parent locked; is_of_this_process() is
///        false there.
class shared_memory {
 public:
  shared_memory() noexcept = default;
  shared_memory(shared_memory&& other) noexcept
      : file_(static_cast<detail::own_descriptor&&>(other.file_)), data_(other.data_), size_bytes_(other.size_bytes_) {
    other.data_ = nullptr;
  }
  shared_memory& operator=(shared_memory&& other) noexcept {
    if (this != &other) {
      unmap();
      file_ = static_cast<detail::own_descriptor&&>(other.file_);
      data_ = other.data_;
      size_bytes_ = other.size_bytes_;
      other.data_ = nullptr;
    }
    return *this;
  }
  ~shared_memory() { unmap(); }

  /// Zeroed memory that has no name yet, and vanishes with its last user if it never gets one.
  /// @param folder       of a file system in memory, as /dev/shm
  /// @param permissions  0 to 0777, whatever the umask
  /// @return             errc::no_space, errc::no_memory, errc::file_not_found, errc::permission_denied, errc::io
  [[nodiscard]] static result<shared_memory> create(const char* folder, std::uint64_t size_bytes,
                                                    unsigned permissions) noexcept {
    // Beyond that limit the process would get a signal that ends it.
    rlimit most{};
    if (::getrlimit(RLIMIT_FSIZE, &most) == 0 && most.rlim_cur < size_bytes) return os_error(EFBIG, "segment.bytes");
    shared_memory made;
    if (const int failed = made.file_.open(folder, O_TMPFILE | O_RDWR, 0600); failed != 0) {
      if (failed != EISDIR && failed != EOPNOTSUPP) return os_error(failed, "folder");
      return error{errc::invalid_argument, "folder", "a file system that holds unnamed files", "another"}.with_os_code(
          failed);
    }
    if (::fchmod(made.file_.number(), permissions) != 0) return os_error(errno, "segment.permissions");
    // Taken at once: memory that ran out later would raise SIGBUS in whoever writes.
    int failed = 0;
    do {
      failed = ::posix_fallocate(made.file_.number(), 0, static_cast<off_t>(size_bytes));
    } while (failed == EINTR);
    if (failed != 0) return os_error(failed, "segment.bytes");
    if (status said = made.map(size_bytes); !said.ok()) return said.error();
    return static_cast<shared_memory&&>(made);
  }
  /// Whether something has that name.
  [[nodiscard]] static bool exists(const char* path) noexcept {
    struct stat facts;
    return ::lstat(path, &facts) == 0;
  }
  /// Gives it a name, in one step. @return errc::already_exists and the memory as it was, errc::io
  [[nodiscard]] status publish(const char* path) const noexcept {
    char itself[32];
    write_descriptor_path(itself);
    if (::linkat(AT_FDCWD, itself, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0) return {};
    if (errno == EEXIST) return error{errc::already_exists, "name", "a free name", "one that is taken"};
    return os_error(errno, "segment.link");
  }
  /// Maps what is there.
  /// @param least_bytes  what is shorter is refused with errc::corrupt_file
  /// @return             errc::file_not_found, errc::permission_denied, errc::invalid_argument for what is no regular
  ///                     file
  [[nodiscard]] static result<shared_memory> open(const char* path, std::uint64_t least_bytes) noexcept {
    shared_memory made;
    if (const int failed = made.file_.open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW, 0); failed != 0) {
      if (failed == ELOOP) return error{errc::invalid_argument, "path", "a regular file", "a symbolic link"};
      return os_error(failed, "path");
    }
    struct stat facts;
    if (::fstat(made.file_.number(), &facts) != 0) return os_error(errno, "segment.status");
    if (!S_ISREG(facts.st_mode)) {
      return error{errc::invalid_argument, "path", "a regular file", "a pipe, socket or device"};
    }
    const auto size_bytes = static_cast<std::uint64_t>(facts.st_size);
    if (size_bytes < least_bytes)
      return error{errc::corrupt_file, "segment.bytes", "at least", least_bytes, size_bytes};
    // A hole would ask for memory when it is touched, and raise SIGBUS if there is none.
    const auto there_bytes = static_cast<std::uint64_t>(facts.st_blocks) * 512;
    if (there_bytes < size_bytes) {
      return error{errc::corrupt_file, "segment.allocated_bytes", "at least", size_bytes, there_bytes};
    }
    if (status said = made.map(size_bytes); !said.ok()) return said.error();
    return static_cast<shared_memory&&>(made);
  }

  [[nodiscard]] std::byte* data() const noexcept { return data_; }
  [[nodiscard]] std::uint64_t size_bytes() const noexcept { return size_bytes_; }
  [[nodiscard]] bool is_of_this_process() const noexcept { return file_.number() >= 0; }
  /// Whose file it is, and what it permits.
  struct ownership {
    unsigned owner;
    unsigned permissions;
  };
  /// @return errc::io
  [[nodiscard]] result<ownership> owned_by() const noexcept {
    struct stat facts;
    if (::fstat(file_.number(), &facts) != 0) return os_error(errno, "segment.status");
    return ownership{static_cast<unsigned>(facts.st_uid), static_cast<unsigned>(facts.st_mode & 0777U)};
  }

  /// Takes a lock of a number for this object, until it ends or its process does, in whatever way: the kernel takes it
  /// back before a dead process becomes a zombie, and leaves it to a stopped one.
  /// @return false when another object has it, of this process or another; errc::io
  [[nodiscard]] result<bool> try_lock(std::uint32_t number) const noexcept {
    struct flock wanted = lock_of(number);
    if (::fcntl(file_.number(), F_OFD_SETLK, &wanted) == 0) return true;
    if (errno == EAGAIN || errno == EACCES) return false;
    return os_error(errno, "segment.lock");
  }
  void unlock(std::uint32_t number) const noexcept {
    struct flock wanted = lock_of(number);
    wanted.l_type = F_UNLCK;
    static_cast<void>(::fcntl(file_.number(), F_OFD_SETLK, &wanted));
  }
  /// Whether another object has it. @return errc::io
  [[nodiscard]] result<bool> is_locked(std::uint32_t number) const noexcept {
    struct flock wanted = lock_of(number);
    if (::fcntl(file_.number(), F_OFD_GETLK, &wanted) != 0) return os_error(errno, "segment.lock");
    return wanted.l_type != F_UNLCK;
  }

  /// Has the pages of some bytes mapped for writing now, so that no access stops for a page fault. A wish only: where
  /// the kernel does not know it (before Linux 5.14), each comes with its first access.
  void map_pages(std::byte* begin, std::uint64_t bytes) const noexcept {
    constexpr int populate_write = 23;  // MADV_POPULATE_WRITE, which older headers do not name
    const auto page = static_cast<std::uint64_t>(::getpagesize());
    const auto before = static_cast<std::uint64_t>(begin - data_) % page;
    static_cast<void>(::madvise(begin - before, bytes + before, populate_write));
  }

 private:
  [[nodiscard]] static struct flock lock_of(std::uint32_t number) noexcept {
    struct flock one {};
    one.l_type = F_WRLCK;
    one.l_whence = SEEK_SET;
    one.l_start = static_cast<off_t>(number);
    one.l_len = 1;
    return one;
  }
  [[nodiscard]] status map(std::uint64_t size_bytes) noexcept {
    void* const at = ::mmap(nullptr, size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file_.number(), 0);
    if (at == MAP_FAILED) return os_error(errno, "segment.map");
    data_ = static_cast<std::byte*>(at);
    size_bytes_ = size_bytes;
    // The memory holds on to the opening it came from, also a child's copy of it; the locks are of an opening of their
    // own.
    char itself[32];
    write_descriptor_path(itself);
    const detail::own_descriptor mapped = static_cast<detail::own_descriptor&&>(file_);
    const int failed = file_.open(itself, O_RDWR, 0);
    return failed == 0 ? status{} : status(os_error(failed, "/proc/self/fd"));
  }
  void unmap() noexcept {
    if (data_ != nullptr) ::munmap(data_, size_bytes_);
    data_ = nullptr;
  }
  void write_descriptor_path(char (&out)[32]) const noexcept {
    constexpr char folder[] = "/proc/self/fd/";
    std::memcpy(out, folder, sizeof folder);
    char digits[12];
    std::size_t count = 0;
    for (int left = file_.number(); count == 0 || left != 0; left /= 10)
      digits[count++] = static_cast<char>('0' + left % 10);
    char* to = out + sizeof folder - 1;
    while (count != 0) *to++ = digits[--count];
    *to = '\0';
  }

  detail::own_descriptor file_;
  std::byte* data_ = nullptr;
  std::uint64_t size_bytes_ = 0;
};

/// A pipe with a name, of which one side is readable when the other has rung.
class wake_fifo {
 public:
  /// Opens it. The owner makes it if there is none.
  /// @param owner        whose it must be
  /// @param permissions  what it gets, by its owner; 0: it must be there
  /// @return  errc::file_not_found, errc::invalid_argument for what is no pipe, errc::permission_denied for another
  ///          owner's
  [[nodiscard]] static result<wake_fifo> open(const char* path, unsigned owner, unsigned permissions) noexcept {
    const bool is_owner = ::geteuid() == owner;
    if (permissions != 0 && is_owner && ::mkfifo(path, 0600) != 0 && errno != EEXIST) return os_error(errno, "fifo");
    wake_fifo made;
    // For both directions: so that there is always a reader, without whom writing would end the process by a signal.
    if (const int failed = made.file_.open(path, O_RDWR | O_NONBLOCK | O_NOFOLLOW, 0); failed != 0) {
      if (failed == ELOOP) return error{errc::invalid_argument, "fifo", "a named pipe", "a symbolic link"};
      return os_error(failed, "fifo");
    }
    struct stat facts;
    if (::fstat(made.file_.number(), &facts) != 0) return os_error(errno, "fifo.status");
    if (!S_ISFIFO(facts.st_mode)) return error{errc::invalid_argument, "fifo", "a named pipe", "something else"};
    if (facts.st_uid != owner) return os_error(EACCES, "fifo.owner");
    if (permissions != 0 && is_owner && (facts.st_mode & 0777U) != permissions &&
        ::fchmod(made.file_.number(), permissions) != 0) {
      return os_error(errno, "fifo.permissions");
    }
    return static_cast<wake_fifo&&>(made);
  }

  /// To be watched for EPOLLIN.
  [[nodiscard]] int descriptor() const noexcept { return file_.number(); }
  [[nodiscard]] bool is_open() const noexcept { return file_.number() >= 0; }
  /// Makes it readable; if it is full it is that already.
  void ring() const noexcept {
    const char one = 1;
    while (::write(file_.number(), &one, 1) < 0 && errno == EINTR) {
    }
  }
  /// Makes it unreadable until the next ring. Bounded: whoever may write to it could fill it again and again.
  void drain() const noexcept {
    char dropped[512];
    for (int reads = 0; reads < 256; ++reads) {
      const ssize_t got = ::read(file_.number(), dropped, sizeof dropped);
      if (got < static_cast<ssize_t>(sizeof dropped) && !(got < 0 && errno == EINTR)) return;
    }
  }

 private:
  detail::own_descriptor file_;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_QUEUE_SHARED_MEMORY_HPP

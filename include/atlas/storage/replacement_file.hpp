// SPDX-License-Identifier: Apache-2.0
// include/atlas/storage/replacement_file.hpp -- a new file that takes a path's place in one step, or never.
//
// Room:      the temporary beside the target, sync, rename, sync of the folder.
// Not here:  what is written (storage/file_writer.hpp, storage/file_bytes.hpp).
// Depends:   core, storage/file_descriptor.hpp, POSIX.
// Threads:   one thread at a time. Several processes may replace one path: the last commit wins, whole.
#ifndef ATLAS_STORAGE_REPLACEMENT_FILE_HPP
#define ATLAS_STORAGE_REPLACEMENT_FILE_HPP

#include <atlas/core/bits.hpp>                // mix64
#include <atlas/core/memory.hpp>              // buffer
#include <atlas/storage/file_descriptor.hpp>  // file_descriptor

#include <cstdio>  // std::rename through renameat, std::snprintf

namespace atlas { inline namespace ATLAS_ABI {

/// Written beside its target under a name `.atlas-<16 hex digits>.tmp`, and renamed onto it by commit().
/// Without commit() the destructor removes it. A process killed in between leaves that file behind (any such
/// file that no process writes may be deleted) and the target as it was.
///
/// A symbolic link is followed: the file it points to is replaced and the link stays. A replaced file's
/// permission bits, and as far as the process may, its owner, are kept; a new file gets 0666 & ~umask. Other hard
/// links to a replaced file keep the old bytes.
class replacement_file {
 public:
  replacement_file() noexcept = default;
  replacement_file(replacement_file&&) noexcept = default;
  replacement_file& operator=(replacement_file&& other) noexcept {
    if (this != &other) {
      discard();
      folder_ = static_cast<file_descriptor&&>(other.folder_);
      file_ = static_cast<file_descriptor&&>(other.file_);
      target_name_ = static_cast<buffer<char>&&>(other.target_name_);
      temporary_ = other.temporary_;
      mode_ = other.mode_;
      owner_ = other.owner_;
      group_ = other.group_;
      replaces_ = other.replaces_;
      process_ = other.process_;
    }
    return *this;
  }
  ~replacement_file() { discard(); }

  /// Opens the temporary for reading and writing. The target is looked at and not touched.
  ///
  /// @param path  the target, NUL-terminated; its folder must exist
  /// @return  errc::file_not_found or errc::not_a_directory for its folder, errc::permission_denied,
  ///          errc::is_a_directory, errc::invalid_argument for a null or empty path or a target that is no regular
  ///          file, errc::no_space, errc::no_memory, errc::io
  [[nodiscard]] static result<replacement_file> create(const char* path) noexcept {
    if (path == nullptr || path[0] == '\0') {
      return error{errc::invalid_argument, "path", "a path", path == nullptr ? "null" : "an empty one"};
    }
    replacement_file made;
    buffer<char> target;
    if (status said = resolve(path, target); !said.ok()) return said.error();
    if (status said = made.open_folder(target); !said.ok()) return said.error();
    if (status said = made.look_at_target(); !said.ok()) return said.error();
    if (status said = made.open_temporary(); !said.ok()) return said.error();
    return static_cast<replacement_file&&>(made);
  }

  [[nodiscard]] bool is_open() const noexcept { return file_.is_open(); }
  [[nodiscard]] const file_descriptor& file() const noexcept { return file_; }
  /// False in a child of fork(), whose copy leads to its parent's file.
  [[nodiscard]] bool is_of_this_process() const noexcept { return process_ == ::getpid(); }

  /// Syncs the temporary, renames it onto the target, syncs the folder, and ends this object.
  ///
  /// @return  errc::no_space, errc::io, errc::permission_denied, errc::is_a_directory. With one exception the target
  ///          is then as it was: field "folder.sync" means that the new file is in place, whole, but that a
  ///          power failure may still bring the old one back.
  [[nodiscard]] status commit() noexcept {
    ATLAS_ASSERT(is_open());
    if (replaces_) {
      // Only the superuser may give a file away; for others the new file stays theirs.
      static_cast<void>(::fchown(file_.number(), owner_, group_) == 0);
      if (::fchmod(file_.number(), mode_) != 0) return os_error(errno, "file.permissions");
    }
    if (status said = file_.sync(); !said.ok()) return said;
    if (status said = file_.close(); !said.ok()) return unlink_and(said);
    if (::renameat(folder_.number(), temporary_.text, folder_.number(), target_name_.data()) != 0) {
      return unlink_and(os_error(errno, "file.rename"));
    }
    // Some file systems cannot sync a folder and say so; there is nothing more to be done on them.
    const status synced = folder_.sync();
    const bool failed = !synced.ok() && synced.error().os_code != EINVAL && synced.error().os_code != ENOTSUP;
    static_cast<void>(folder_.close());
    if (failed) return os_error(synced.error().os_code, "folder.sync");
    return {};
  }

  /// Removes the temporary now. The target stays as it was.
  void discard() noexcept {
    if (!file_.is_open()) return;
    static_cast<void>(file_.close());
    // A forked child has a copy of this object; the file is its parent's.
    if (process_ == ::getpid()) ::unlinkat(folder_.number(), temporary_.text, 0);
    static_cast<void>(folder_.close());
  }

 private:
  struct temporary_name {
    char text[32];
  };

  [[nodiscard]] status unlink_and(const status& said) noexcept {
    ::unlinkat(folder_.number(), temporary_.text, 0);
    return said;
  }

  // Follows the links that `path` itself is; the kernel follows those inside the path.
  [[nodiscard]] static status resolve(const char* path, buffer<char>& target) noexcept {
    if (status said = target.append(path, std::strlen(path) + 1); !said.ok()) return said;
    buffer<char> content;
    if (status said = content.resize(most_path_bytes); !said.ok()) return said;
    for (int links = 0; links < most_links; ++links) {
      const ssize_t length = ::readlink(target.data(), content.data(), content.size());
      if (length < 0) return {};  // no link, or what open_folder will name
      if (static_cast<std::size_t>(length) == content.size()) return os_error(ENAMETOOLONG, "path");
      std::size_t kept = 0;  // a relative link starts in the folder that holds it
      if (content[0] != '/') kept = folder_bytes(target);
      if (status said = target.resize(kept); !said.ok()) return said;
      if (status said = target.append(content.data(), static_cast<std::size_t>(length)); !said.ok()) return said;
      if (status said = target.push_back('\0'); !said.ok()) return said;
    }
    return os_error(ELOOP, "path");
  }
  // Bytes up to and with the last '/', 0 if there is none.
  [[nodiscard]] static std::size_t folder_bytes(const buffer<char>& path) noexcept {
    std::size_t length = path.size() - 1;
    while (length != 0 && path[length - 1] != '/') --length;
    return length;
  }

  [[nodiscard]] status open_folder(buffer<char>& target) noexcept {
    const std::size_t split = folder_bytes(target);
    if (split + 1 == target.size()) return os_error(EISDIR, "path");  // ends in '/'
    if (status said = target_name_.append(target.data() + split, target.size() - split); !said.ok()) return said;
    if (status said = target.resize(split); !said.ok()) return said;
    if (split == 0) {
      if (status said = target.push_back('.'); !said.ok()) return said;
    }
    if (status said = target.push_back('\0'); !said.ok()) return said;
    folder_ = file_descriptor(::open(target.data(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder_.is_open()) return os_error(errno, "path.folder");
    return {};
  }

  [[nodiscard]] status look_at_target() noexcept {
    struct stat facts;
    if (::fstatat(folder_.number(), target_name_.data(), &facts, 0) != 0) {
      if (errno == ENOENT) return {};
      return os_error(errno, "path");
    }
    if (S_ISDIR(facts.st_mode)) return os_error(EISDIR, "path");
    if (!S_ISREG(facts.st_mode)) {  // renaming over /dev/null would be obeyed
      return error{errc::invalid_argument, "path", "a regular file", "a pipe, socket or device"};
    }
    replaces_ = true;
    mode_ = facts.st_mode & 0777;
    owner_ = facts.st_uid;
    group_ = facts.st_gid;
    return {};
  }

  [[nodiscard]] status open_temporary() noexcept {
    process_ = ::getpid();
    struct timespec now = {0, 0};
    ::clock_gettime(CLOCK_REALTIME, &now);
    // Only to make a clash rare; O_EXCL is what makes the name ours.
    std::uint64_t draw = mix64(static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U +
                               static_cast<std::uint64_t>(now.tv_nsec)) ^
                         mix64(static_cast<std::uint64_t>(process_)) ^ reinterpret_cast<std::uintptr_t>(&draw);
    for (int attempt = 0; attempt < 100; ++attempt) {
      draw = mix64(draw + 1);
      std::snprintf(temporary_.text, sizeof temporary_.text, ".atlas-%016llx.tmp",
                    static_cast<unsigned long long>(draw));
      // Never more open than the file it replaces, also while it is written.
      const int number = ::openat(folder_.number(), temporary_.text, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                                  replaces_ ? mode_ : mode_t{0666});
      if (number >= 0) {
        file_ = file_descriptor(number);
        return {};
      }
      if (errno != EEXIST && errno != EINTR) return os_error(errno, "path.temporary");
    }
    return os_error(EEXIST, "path.temporary");
  }

  static constexpr int most_links = 40;  // as Linux itself
  static constexpr std::size_t most_path_bytes = 4096;

  file_descriptor folder_;
  file_descriptor file_;
  buffer<char> target_name_;
  temporary_name temporary_{};
  mode_t mode_ = 0;
  uid_t owner_ = 0;
  gid_t group_ = 0;
  bool replaces_ = false;
  pid_t process_ = 0;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_STORAGE_REPLACEMENT_FILE_HPP

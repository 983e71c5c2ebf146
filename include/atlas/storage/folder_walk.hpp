// SPDX-License-Identifier: Apache-2.0
// include/atlas/storage/folder_walk.hpp -- every file below a folder, in an order that does not depend on the disk.
//
// Room:      the walk, what it leaves out, and the counts of what it left out.
// Not here:  reading a file (storage/file_bytes.hpp), deciding what a file is (text/).
// Depends:   core, storage/file_descriptor.hpp, POSIX.
// Threads:   walks share nothing; the callback runs on the calling thread.
#ifndef ATLAS_STORAGE_FOLDER_WALK_HPP
#define ATLAS_STORAGE_FOLDER_WALK_HPP

#include <atlas/core/function_ref.hpp>        // function_ref
#include <atlas/core/memory.hpp>              // buffer
#include <atlas/core/span.hpp>                // span
#include <atlas/core/text_view.hpp>           // text_view
#include <atlas/storage/file_descriptor.hpp>  // file_descriptor, os_error

#include <cstdlib>  // std::qsort

#include <dirent.h>  // readdir

namespace atlas { inline namespace ATLAS_ABI {

/// Folders that hold what programs made, not what people wrote.
inline constexpr text_view default_ignored_folders[] = {".git",         ".hg",         ".svn", ".bzr",
                                                        "node_modules", "__pycache__", "CVS"};

struct walk_options {
  bool hidden = false;            ///< also names that start with '.'
  bool linked_files = true;       ///< also files that a symbolic link leads to; linked folders never
  std::uint32_t max_depth = 64;   ///< folders below the root; 0: only its own files; at most 1000 count
  span<const text_view> ignored_folders{default_ignored_folders};  ///< names not entered, at any depth
  /// Called for each folder below the root that cannot be read and each file that cannot be looked at, before it is counted:
  /// the path from the root, of a folder with a '/' at its end, valid during the call, and the errno.
  function_ref<void(text_view relative, int why)> on_unreadable = {};
};

/// One regular file. Both texts are valid during the callback only.
struct walk_entry {
  text_view relative;            ///< path from the root, '/' between names; bytes as the disk has them
  const char* path = nullptr;    ///< the root as given, '/', relative; NUL-terminated
  std::uint64_t size_bytes = 0;
  std::int64_t modified_ns = 0;  ///< since 1970-01-01 UTC; times before 1677 or after 2262 are the nearest that fits
};

/// What a walk met. Nothing here ends it.
struct walk_report {
  std::uint64_t files = 0;               ///< handed to the callback
  std::uint64_t folders = 0;             ///< read, the root too
  std::uint64_t unreadable_folders = 0;  ///< no permission, gone, or the disk failed
  std::uint64_t unreadable_files = 0;    ///< the same, or a path longer than the system allows
  std::uint64_t linked_files = 0;        ///< left out because options.linked_files is false
  std::uint64_t linked_folders = 0;      ///< symbolic links to folders: not followed, so no cycles
  std::uint64_t broken_links = 0;
  std::uint64_t special_files = 0;       ///< pipes, sockets, devices
  std::uint64_t too_deep_folders = 0;    ///< below max_depth
  std::uint64_t ignored_folders = 0;
  std::uint64_t hidden = 0;              ///< files and folders whose name starts with '.', not entered
};

namespace detail {

class folder_walker {
 public:
  folder_walker(const walk_options& options, function_ref<bool(const walk_entry&)> visit) noexcept
      : options_(options), visit_(visit) {}

  [[nodiscard]] result<walk_report> walk(const char* root) noexcept {
    const std::size_t length = std::strlen(root);
    if (status said = path_.append(root, length); !said.ok()) return said.error();
    if (length != 0 && root[length - 1] != '/') {
      if (status said = path_.push_back('/'); !said.ok()) return said.error();
    }
    root_bytes_ = path_.size();
    if (status said = path_.push_back('\0'); !said.ok()) return said.error();
    const result<bool> read = walk_level(0);
    if (!read.ok()) return read.error();
    return report_;
  }

 private:
  static constexpr std::uint32_t most_depth = 1000;

  struct folder_stream {
    DIR* stream = nullptr;
    ~folder_stream() {
      if (stream != nullptr) ::closedir(stream);
    }
  };
  enum class sort : std::uint8_t { file, folder, linked_file, linked_folder, broken_link, special, unreadable };

  // Walks the folder that path_ names, "" or ending in '/' before its NUL.
  [[nodiscard]] result<bool> walk_level(std::uint32_t depth) noexcept {
    buffer<char> names;  // each NUL-terminated; folders end in '/'
    if (status said = read_names(depth, names); !said.ok()) return said.error();
    buffer<const char*> order;
    for (std::size_t at = 0; at < names.size(); at += std::strlen(names.data() + at) + 1) {
      if (status said = order.push_back(names.data() + at); !said.ok()) return said.error();
    }
    // With the '/' in the names, each folder's files come where their whole relative paths belong.
    if (!order.empty()) std::qsort(order.data(), order.size(), sizeof(const char*), compare_names);
    const std::size_t folder_bytes = path_.size() - 1;
    for (const char* name : order) {
      const std::size_t length = std::strlen(name);
      if (status said = path_.resize(folder_bytes); !said.ok()) return said.error();
      if (status said = path_.append(name, length + 1); !said.ok()) return said.error();
      if (name[length - 1] != '/') {
        if (status said = hand_over(); !said.ok()) return said.error();
      } else if (depth >= options_.max_depth || depth >= most_depth) {
        ++report_.too_deep_folders;
      } else if (const result<bool> below = walk_level(depth + 1); !below.ok()) {
        return below.error();
      }
    }
    return true;
  }

  // Fails for the root and for memory; another folder that cannot be read is counted.
  [[nodiscard]] status read_names(std::uint32_t depth, buffer<char>& names) noexcept {
    const auto give_up = [&](int why) -> status {
      if (depth == 0) return os_error(why, "path");
      tell_unreadable(why);
      ++report_.unreadable_folders;
      return {};
    };
    // Ends in '/', so a link put in a folder's place would be followed without O_NOFOLLOW on the bare name.
    const std::size_t length = path_.size() - 1;
    if (depth != 0) path_[length - 1] = '\0';
    const int number = ::open(length == 0 ? "." : path_.data(),
                              O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK | (depth == 0 ? 0 : O_NOFOLLOW));
    const int why = errno;
    if (depth != 0) path_[length - 1] = '/';
    if (number < 0) return give_up(why);
    folder_stream folder{::fdopendir(number)};
    if (folder.stream == nullptr) {
      const int failed = errno;
      ::close(number);
      return give_up(failed);
    }
    for (;;) {
      errno = 0;
      const struct dirent* entry = ::readdir(folder.stream);
      if (entry == nullptr) {
        if (errno != 0) return give_up(errno);
        ++report_.folders;
        return {};
      }
      if (status said = take(number, *entry, names); !said.ok()) return said;
    }
  }

  [[nodiscard]] status take(int folder, const struct dirent& entry, buffer<char>& names) noexcept {
    const text_view name(entry.d_name);
    if (name == text_view(".") || name == text_view("..")) return {};
    if (name[0] == '.' && !options_.hidden) {
      ++report_.hidden;
      return {};
    }
    switch (sort_of(folder, entry)) {
      case sort::file: return names.append(name.data(), name.size() + 1);
      case sort::folder: {
        for (const text_view ignored : options_.ignored_folders) {
          if (ignored == name) {
            ++report_.ignored_folders;
            return {};
          }
        }
        if (status said = names.append(name.data(), name.size()); !said.ok()) return said;
        return names.append("/", 2);
      }
      case sort::linked_file: ++report_.linked_files; break;
      case sort::linked_folder: ++report_.linked_folders; break;
      case sort::broken_link: ++report_.broken_links; break;
      case sort::special: ++report_.special_files; break;
      case sort::unreadable: ++report_.unreadable_files; break;
    }
    return {};
  }

  [[nodiscard]] sort sort_of(int folder, const struct dirent& entry) const noexcept {
    if (entry.d_type == DT_REG) return sort::file;
    if (entry.d_type == DT_DIR) return sort::folder;
    struct stat facts;
    bool linked = entry.d_type == DT_LNK;
    if (entry.d_type == DT_UNKNOWN) {  // some file systems do not say
      if (::fstatat(folder, entry.d_name, &facts, AT_SYMLINK_NOFOLLOW) != 0) return sort::unreadable;
      linked = S_ISLNK(facts.st_mode);
      if (!linked) return S_ISREG(facts.st_mode) ? sort::file : S_ISDIR(facts.st_mode) ? sort::folder : sort::special;
    }
    if (!linked) return sort::special;
    if (::fstatat(folder, entry.d_name, &facts, 0) != 0) {
      return errno == ENOENT || errno == ELOOP || errno == ENOTDIR ? sort::broken_link : sort::unreadable;
    }
    if (S_ISDIR(facts.st_mode)) return sort::linked_folder;
    if (!S_ISREG(facts.st_mode)) return sort::special;
    return options_.linked_files ? sort::file : sort::linked_file;
  }

  [[nodiscard]] text_view relative() const noexcept { return {path_.data() + root_bytes_, path_.size() - 1 - root_bytes_}; }
  void tell_unreadable(int why) const noexcept {
    if (options_.on_unreadable) options_.on_unreadable(relative(), why);
  }

  [[nodiscard]] status hand_over() noexcept {
    struct stat facts;
    if (::stat(path_.data(), &facts) != 0) {
      tell_unreadable(errno);
      ++report_.unreadable_files;
      return {};
    }
    if (!S_ISREG(facts.st_mode)) {
      ++report_.special_files;
      return {};
    }
    walk_entry entry;
    entry.relative = relative();
    entry.path = path_.data();
    entry.size_bytes = static_cast<std::uint64_t>(facts.st_size);
    entry.modified_ns = saturated_ns(facts.st_mtim.tv_sec, facts.st_mtim.tv_nsec);
    ++report_.files;
    if (!visit_(entry)) return errc::cancelled;
    return {};
  }

  [[nodiscard]] static std::int64_t saturated_ns(std::int64_t seconds, std::int64_t nanoseconds) noexcept {
    constexpr std::int64_t most = 0x7FFF'FFFF'FFFF'FFFF;
    std::int64_t sum = 0;
    if (!__builtin_mul_overflow(seconds, std::int64_t{1'000'000'000}, &sum) &&
        !__builtin_add_overflow(sum, nanoseconds, &sum)) {
      return sum;
    }
    return seconds < 0 ? -most - 1 : most;
  }

  static int compare_names(const void* left, const void* right) {
    return std::strcmp(*static_cast<const char* const*>(left), *static_cast<const char* const*>(right));
  }

  const walk_options& options_;
  function_ref<bool(const walk_entry&)> visit_;
  walk_report report_;
  buffer<char> path_;
  std::size_t root_bytes_ = 0;
};

}  // namespace detail

/// Hands every regular file below `root` to `visit`, ordered by the bytes of its relative path.
///
/// @param root     a folder, NUL-terminated; may itself be a symbolic link
/// @param options  what to leave out
/// @param visit    called for each file; false stops the walk
/// @return  the counts; or errc::file_not_found, errc::not_a_directory, errc::permission_denied, errc::io for the
///          root itself, errc::invalid_argument for a null or empty path, errc::cancelled when `visit` stopped it,
///          errc::no_memory. A folder further down that cannot be read is counted and passed over.
/// Cost: one status call a file; memory for the names of the folders on the way down.
[[nodiscard]] inline result<walk_report> walk_folder(const char* root, const walk_options& options,
                                                     function_ref<bool(const walk_entry&)> visit) noexcept {
  if (root == nullptr || root[0] == '\0') {
    return error{errc::invalid_argument, "path", "a path", root == nullptr ? "null" : "an empty one"};
  }
  detail::folder_walker walker(options, visit);
  return walker.walk(root);
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_STORAGE_FOLDER_WALK_HPP

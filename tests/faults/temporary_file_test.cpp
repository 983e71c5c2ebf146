// SPDX-License-Identifier: Apache-2.0
// tests/faults/temporary_file_test.cpp -- a file without a name where the file system has none, so that one is made and taken away.
#include <atlas/storage/temporary_file.hpp>

#include "faults/system_faults.hpp"
#include "support/error_line.hpp"
#include "support/nameless_file.hpp"
#include "support/scratch_folder.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>

#include <cerrno>
#include <cstdint>
#include <string>

TEST_SUITE("temporary_file_faults") {
namespace {

using atlas::errc;
using atlas::open_temporary;
using faults::call;
using faults::verdict;
using support::failed_as;

bool is_nameless(call which, std::uint64_t flags) {
  return which == call::open && (flags & std::uint64_t{O_TMPFILE}) == std::uint64_t{O_TMPFILE};
}

}  // namespace

  TEST_CASE("where there are no nameless files, one whose name is gone serves as well") {
    const support::scratch_folder folder;
    for (const int refusal : {EOPNOTSUPP, EISDIR, EINVAL}) {
      CAPTURE(refusal);
      int named = 0;
      const faults::layer layer([&](call which, std::size_t, std::uint64_t flags) {
        named += which == call::openat ? 1 : 0;
        return verdict{.error = is_nameless(which, flags) ? refusal : 0};
      });
      const auto file = open_temporary(folder.path().c_str()).value();
      const auto other = open_temporary(folder.path().c_str()).value();
      CHECK(named == 2);
      CHECK(folder.names().empty());
      support::check_nameless(file);
      support::check_nameless(other);  // another one, and empty
    }
  }

  TEST_CASE("names that are taken and interruptions are passed over, up to a hundred of them") {
    const support::scratch_folder folder;
    for (const int passing : {EEXIST, EINTR}) {
      CAPTURE(passing);
      for (const int times : {1, 99, 100}) {
        CAPTURE(times);
        int tried = 0;
        const faults::layer layer([&](call which, std::size_t, std::uint64_t flags) {
          if (which == call::openat) return verdict{.error = tried++ < times ? passing : 0};
          return verdict{.error = is_nameless(which, flags) ? EOPNOTSUPP : 0};
        });
        const auto file = open_temporary(folder.path().c_str());
        CHECK(file.ok() == (times < 100));
        CHECK(tried == (times < 100 ? times + 1 : 100));
        if (!file.ok()) CHECK(std::string(file.error().field) == "folder.temporary");
      }
    }
    CHECK(folder.names().empty());
  }

  TEST_CASE("what fails otherwise is an error, and nothing is left") {
    const support::scratch_folder folder;
    struct fault {
      call which;
      int number;
      errc code;
      const char* field;
    };
    for (const fault& one : {fault{call::open, EACCES, errc::permission_denied, "folder"}, fault{call::openat, ENOSPC, errc::no_space, "folder.temporary"},
                             fault{call::openat, EROFS, errc::permission_denied, "folder.temporary"}, fault{call::openat, EIO, errc::io, "folder.temporary"}}) {
      CAPTURE(one.number);
      const faults::layer layer([&](call which, std::size_t, std::uint64_t flags) {
        if (is_nameless(which, flags)) return verdict{.error = EOPNOTSUPP};
        return verdict{.error = which == one.which ? one.number : 0};
      });
      const auto file = open_temporary(folder.path().c_str());
      CHECK(failed_as(file, one.code));
      if (!file.ok()) CHECK(std::string(file.error().field) == one.field);
    }
    const faults::layer layer([](call which, std::size_t, std::uint64_t flags) { return verdict{.error = is_nameless(which, flags) ? ENOSPC : 0}; });
    CHECK(failed_as(open_temporary(folder.path().c_str()), errc::no_space));  // which a name would not change
    CHECK(folder.names().empty());
  }
}

// SPDX-License-Identifier: Apache-2.0
// tests/support/without_membarrier.hpp -- a process in which the membarrier system call does not exist.
#ifndef ATLAS_TESTS_SUPPORT_WITHOUT_MEMBARRIER_HPP
#define ATLAS_TESTS_SUPPORT_WITHOUT_MEMBARRIER_HPP

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>

namespace support {

/// From now on the call fails with ENOSYS, in this process and its children. There is no way back.
inline bool forbid_membarrier() {
  sock_filter rules[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<unsigned>(offsetof(seccomp_data, nr))),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program = {sizeof rules / sizeof rules[0], rules};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_WITHOUT_MEMBARRIER_HPP

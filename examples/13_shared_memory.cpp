// SPDX-License-Identifier: Apache-2.0
// examples/13_shared_memory.cpp -- one process reads what others write, through shared memory: this is a writer.
//   g++ -std=c++20 -O2 -Iinclude examples/13_shared_memory.cpp -o 13_shared_memory -lpthread
//   ./13_shared_memory NAME        attaches to the reader that created NAME: 13_shared_memory.py starts it so
//   ./13_shared_memory             is the reader as well, of a child of its own
#include <atlas/queue.hpp>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr std::uint32_t rows = 1000;

/// A measurement, written where the reader will see it. The same bytes as struct.unpack("<IIf") in Python takes.
struct measurement {
  std::uint32_t writer;  // its process: a lane may be another's before its messages are read
  std::uint32_t number;
  float value;
};

int write_to(const char* name) {
  auto out = atlas::shm_sender::attach(name);
  if (!out.ok()) return 2;  // nobody has created it, or all lanes are taken
  for (std::uint32_t number = 0; number < rows; ++number) {
    const measurement next{static_cast<std::uint32_t>(::getpid()), number, 0.5F * static_cast<float>(number)};
    const auto room = out->claim(sizeof next);  // waits when the reader is behind
    if (!room.ok()) return 3;                   // the reader closed the channel
    std::memcpy(*room, &next, sizeof next);
    out->commit(sizeof next);  // from here on it is received, even if this process is killed
  }
  return 0;
}

int read_from_a_child() {
  const std::string name = "example-13-" + std::to_string(::getpid());
  auto in = atlas::shm_receiver::create(name, {.lanes = 2, .lane_bytes = 4096});
  if (!in.ok()) return 4;
  const pid_t child = ::fork();
  if (child == 0) ::_exit(write_to(name.c_str()));  // the child attaches by itself: the receiver stays its parent's

  std::uint32_t received = 0;
  double sum = 0;
  const std::uint64_t deadline_ns = atlas::monotonic_ns() + 60'000'000'000U;
  for (atlas::shm_message message; received < rows && in->peek(message, deadline_ns).ok(); in->release()) {
    measurement one;  // or use message.bytes in place, until the release
    if (message.bytes.size() != sizeof one) break;
    std::memcpy(&one, message.bytes.data(), sizeof one);
    if (one.number != received) break;  // a sender's messages come in its order
    ++received;
    sum += one.value;
  }
  int how = 0;
  static_cast<void>(::waitpid(child, &how, 0));
  static_cast<void>(atlas::remove_shm_channel(name));  // the name and the memory stay until somebody does this
  std::printf("%u measurements, sum %.1f\n", received, sum);
  return received == rows && how == 0 ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) { return count == 2 ? write_to(arguments[1]) : read_from_a_child(); }

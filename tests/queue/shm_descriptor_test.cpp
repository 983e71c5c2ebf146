// SPDX-License-Identifier: Apache-2.0
// tests/queue/shm_descriptor_test.cpp -- whose a channel is, and how an event loop waits for it (queue/shm_channel.hpp).
#include <atlas/queue/shm_channel.hpp>

#include "support/child_process.hpp"
#include "support/error_line.hpp"
#include "support/shm_messages.hpp"
#include "support/shm_names.hpp"

#include <doctest/doctest.h>
#include <poll.h>

#include <cstdint>
#include <string>
#include <thread>
#include <vector>

TEST_SUITE("shm_descriptor") {
namespace {

using atlas::errc;
using atlas::remove_shm_channel;
using atlas::shm_message;
using atlas::shm_receiver;
using atlas::shm_sender;
using atlas::span;
using support::bytes_of;
using support::drained;
using support::in_seconds;
using support::shm_name;

bool is_readable(int descriptor, int milliseconds) {
  pollfd one{descriptor, POLLIN, 0};
  return ::poll(&one, 1, milliseconds) == 1;
}

}  // namespace

  TEST_CASE("permissions: 0600 whatever the umask, others are refused; a channel for a group says so") {
    const shm_name name;
    const mode_t before = ::umask(0);
    {
      auto in = shm_receiver::create(name).value();
      CHECK(in.descriptor().ok());
    }
    ::umask(077);
    const shm_name shared;
    auto open_to_all = shm_receiver::create(shared, {.permissions = 0666}).value();
    CHECK(open_to_all.descriptor().ok());
    ::umask(before);
    struct stat facts;
    REQUIRE(::stat(("/dev/shm/atlas." + name.text()).c_str(), &facts) == 0);
    CHECK((facts.st_mode & 07777) == 0600);
    REQUIRE(::stat(("/dev/shm/atlas-fifo." + name.text()).c_str(), &facts) == 0);
    CHECK((facts.st_mode & 07777) == 0600);
    REQUIRE(::stat(("/dev/shm/atlas." + shared.text()).c_str(), &facts) == 0);
    CHECK((facts.st_mode & 07777) == 0666);
    if (::geteuid() != 0) {
      MESSAGE("skipped: without the superuser's rights there is no other user to be");
      return;
    }
    CHECK(support::in_child_without_rights([&] {
            if (!support::failed_as(shm_sender::attach(name), errc::permission_denied)) return 1;
            auto out = shm_sender::attach(shared);
            return out.ok() && out->push(bytes_of("hello")).ok() ? 0 : 2;
          }).code == 0);
    CHECK(drained(open_to_all) == std::vector<std::string>{"hello"});
  }

  TEST_CASE("descriptor: unreadable while there is nothing, readable behind a message, a close, or where arm() says so") {
    const shm_name name;
    auto in = shm_receiver::create(name).value();
    CHECK_FALSE(in.arm());  // nothing to arm yet
    const int descriptor = in.descriptor().value();
    CHECK(in.descriptor().value() == descriptor);
    for (int round = 0; round < 20; ++round) {
      CHECK(in.arm());
      CHECK_FALSE(is_readable(descriptor, 0));
      CHECK(support::in_child([&] {
              auto out = shm_sender::attach(name);
              for (int i = 0; i < 5; ++i) {
                if (!out.ok() || !out->push(bytes_of("x")).ok()) return 1;
              }
              return 0;
            }).code == 0);
      CHECK(is_readable(descriptor, 10'000));
      CHECK_FALSE(in.arm());  // there is something
      CHECK(drained(in).size() == 5);
    }
    CHECK(in.arm());
    CHECK(support::in_child([&] {
            shm_sender::attach(name).value().close();
            return 0;
          }).code == 0);
    CHECK(is_readable(descriptor, 10'000));
    CHECK_FALSE(in.arm());
  }

  TEST_CASE("descriptor: messages that come from threads while it is armed are never left lying") {
    const shm_name name;
    constexpr int each = 2'000;
    auto in = shm_receiver::create(name, {.lane_bytes = 1024}).value();
    const int descriptor = in.descriptor().value();
    const auto send = [&] {
      auto out = shm_sender::attach(name).value();
      for (int i = 0; i < each; ++i) {
        if (!out.push(bytes_of("message"), in_seconds(100)).ok()) return;
      }
    };
    std::thread first(send);
    std::thread second(send);
    int received = 0;
    while (received < 2 * each) {
      received += static_cast<int>(drained(in).size());
      if (received == 2 * each || !in.arm()) continue;
      pollfd one{descriptor, POLLIN, 0};
      if (::poll(&one, 1, 60'000) != 1) break;
    }
    first.join();
    second.join();
    CHECK(received == 2 * each);
  }

  TEST_CASE("descriptor: what is no pipe under the pipe's name is refused, and never written to") {
    const shm_name name;
    auto in = shm_receiver::create(name).value();
    const std::string path = "/dev/shm/atlas-fifo." + name.text();
    const int other = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    REQUIRE(other >= 0);
    CHECK(support::failed_as(in.descriptor(), errc::invalid_argument));
    CHECK_FALSE(in.arm());
    ::close(other);
  }

  TEST_CASE("descriptor: senders find the pipe again that a later receiver made anew") {
    const shm_name name;
    auto out = [&] {
      auto in = shm_receiver::create(name).value();
      const int descriptor = in.descriptor().value();
      auto sender = shm_sender::attach(name).value();
      CHECK(in.arm());
      CHECK(sender.push(bytes_of("x")).ok());
      CHECK(is_readable(descriptor, 10'000));
      CHECK(drained(in).size() == 1);
      return sender;
    }();
    REQUIRE(::unlink(("/dev/shm/atlas-fifo." + name.text()).c_str()) == 0);
    auto in = shm_receiver::attach(name).value();
    const int descriptor = in.descriptor().value();
    CHECK(in.arm());
    CHECK(out.push(bytes_of("y")).ok());
    CHECK(is_readable(descriptor, 10'000));
  }

  TEST_CASE("descriptor: readable when a forked child closes, and when it was closed before without a bell") {
    const shm_name name;
    auto in = shm_receiver::create(name).value();
    auto out = shm_sender::attach(name).value();
    const int descriptor = in.descriptor().value();
    CHECK(in.arm());
    CHECK(support::in_child([&] {
            out.close();
            return 0;
          }).code == 0);
    CHECK(is_readable(descriptor, 10'000));
    CHECK_FALSE(in.arm());
    out.close();  // again: the one before may have ended before it rang
    CHECK(is_readable(descriptor, 10'000));
  }

  TEST_CASE("names: no channel's pipe is another channel, and removing one leaves the other") {
    const shm_name name;
    std::vector<std::string> others;
    for (const char* const ending : {".fifo", "-fifo", "fifo"}) others.push_back(name.text() + ending);
    auto in = shm_receiver::create(name, {.lanes = 1, .lane_bytes = 64}).value();
    for (const std::string& other : others) CHECK(shm_receiver::create(other, {.lanes = 1, .lane_bytes = 64}).ok());
    CHECK(in.descriptor().ok());
    CHECK(remove_shm_channel(name).ok());
    for (const std::string& other : others) CHECK(remove_shm_channel(other).ok());
  }

  TEST_CASE("create takes over nobody else's channel, nor one that permits more") {
    const shm_name name;
    CHECK(shm_receiver::create(name, {.lanes = 1, .permissions = 0660}).ok());
    const auto wider = shm_receiver::create(name, {.lanes = 1, .may_exist = true});
    CHECK(support::error_line(wider) == "exists already: channel.permissions: expected at most 384, found 432");
    CHECK(shm_receiver::create(name, {.lanes = 1, .permissions = 0666, .may_exist = true}).ok());
    if (::geteuid() != 0) {
      MESSAGE("skipped: without the superuser's rights there is no other user to be");
      return;
    }
    const shm_name squatted;
    CHECK(support::in_child_without_rights([&] {
            return shm_receiver::create(squatted, {.lanes = 1, .permissions = 0666}).ok() ? 0 : 1;
          }).code == 0);
    const auto refused = shm_receiver::create(squatted, {.lanes = 1, .permissions = 0666, .may_exist = true});
    CHECK(support::failed_as(refused, errc::permission_denied));
    // Who attaches on purpose may; but the pipe is the owner's to make, and nothing is left in its way.
    {
      auto in = shm_receiver::attach(squatted).value();
      CHECK(support::failed_as(in.descriptor(), errc::file_not_found));
    }
    CHECK(support::in_child_without_rights([&] {
            auto in = shm_receiver::attach(squatted);
            return in.ok() && in->descriptor().ok() && in->arm() ? 0 : 1;
          }).code == 0);
    auto in = shm_receiver::attach(squatted).value();
    CHECK(in.descriptor().ok());
  }
}

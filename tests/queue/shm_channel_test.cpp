// SPDX-License-Identifier: Apache-2.0
// tests/queue/shm_channel_test.cpp -- mirrors include/atlas/queue/shm_channel.hpp: what its two sides promise each other.
//
// Deaths at every instruction: tests/killstep. Segments that others wrote to: shm_segment_test.cpp.
#include <atlas/queue/shm_channel.hpp>  // first, so that a missing include in it fails here

#include "support/child_process.hpp"
#include "support/error_line.hpp"
#include "support/shm_messages.hpp"
#include "support/shm_names.hpp"
#include "support/threads.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <thread>
#include <vector>

TEST_SUITE("shm_channel") {
namespace {

using atlas::errc;
using atlas::remove_shm_channel;
using atlas::shm_channel_options;
using atlas::shm_message;
using atlas::shm_receiver;
using atlas::shm_sender;
using atlas::span;
using support::bytes_of;
using support::drained;
using support::in_seconds;
using support::shm_name;
using support::text_of;

}  // namespace

  TEST_CASE("create, attach: names and shapes that cannot be are refused, and say what would do") {
    const shm_name name;
    CHECK(support::failed_as(shm_receiver::create(""), errc::invalid_argument));
    CHECK(support::failed_as(shm_receiver::create(std::string(129, 'x')), errc::invalid_argument));
    for (const char* const bad : {"a/b", "../a", "a b", "\xC3\xA4", "a\n"}) {
      CAPTURE(bad);
      const auto refused = shm_receiver::create(bad);
      CHECK(support::failed_as(refused, errc::invalid_argument));
      CHECK(support::says_both(refused));
      CHECK(support::failed_as(shm_sender::attach(bad), errc::invalid_argument));
      CHECK(support::failed_as(remove_shm_channel(bad), errc::invalid_argument));
    }
    CHECK(support::failed_as(shm_receiver::create(name, {.lanes = 0}), errc::invalid_argument));
    CHECK(support::failed_as(shm_receiver::create(name, {.lanes = 1025}), errc::limit_exceeded));
    CHECK(support::failed_as(shm_receiver::create(name, {.lane_bytes = 63}), errc::invalid_argument));
    CHECK(support::failed_as(shm_receiver::create(name, {.lane_bytes = (std::uint64_t{1} << 40) + 1}), errc::limit_exceeded));
    CHECK(support::failed_as(shm_receiver::create(name, {.permissions = 01000}), errc::invalid_argument));
    CHECK(support::failed_as(shm_receiver::create(name, {.folder = "/dev/shm/no/such/folder"}), errc::file_not_found));
    CHECK(support::failed_as(shm_receiver::create(name, {.folder = ""}), errc::invalid_argument));
    CHECK(support::failed_as(shm_receiver::create(name, {.lanes = 1024, .lane_bytes = std::uint64_t{1} << 40}), errc::no_space));
    CHECK(support::failed_as(shm_receiver::attach(name), errc::file_not_found));
    CHECK(support::failed_as(shm_sender::attach(name), errc::file_not_found));
    CHECK(support::failed_as(remove_shm_channel(name), errc::file_not_found));
  }

  TEST_CASE("create: a name that is taken stays what it is; one of the same shape may be taken over when its receiver is gone") {
    const shm_name name;
    {
      auto in = shm_receiver::create(name, {.lanes = 3, .lane_bytes = 100}).value();
      CHECK(in.lanes() == 3);
      CHECK(in.lane_bytes() == 128);
      CHECK(support::failed_as(shm_receiver::create(name, {.lanes = 3, .lane_bytes = 100}), errc::already_exists));
      CHECK(support::failed_as(shm_receiver::create(name, {.lanes = 3, .lane_bytes = 128, .may_exist = true}), errc::busy));
      CHECK(support::failed_as(shm_receiver::attach(name), errc::busy));
    }
    const auto lanes = shm_receiver::create(name, {.lanes = 4, .lane_bytes = 128, .may_exist = true});
    CHECK(support::failed_as(lanes, errc::already_exists));
    CHECK(support::error_line(lanes) == "exists already: channel.lanes: expected 4, found 3");
    const auto bytes = shm_receiver::create(name, {.lanes = 3, .lane_bytes = 256, .may_exist = true});
    CHECK(support::failed_as(bytes, errc::already_exists));
    CHECK(support::error_line(bytes) == "exists already: channel.lane_bytes: expected 256, found 128");
    CHECK(shm_receiver::create(name, {.lanes = 3, .lane_bytes = 128, .may_exist = true}).ok());
    CHECK(remove_shm_channel(name).ok());
    CHECK(shm_receiver::create(name, {.lanes = 4, .may_exist = true}).ok());
  }

  TEST_CASE("one sender: claim, commit, abort, push, many at once; full is false, too long is an error; all in order") {
    const shm_name name;
    auto in = shm_receiver::create(name, {.lanes = 1, .lane_bytes = 256}).value();
    auto out = shm_sender::attach(name).value();
    CHECK(out.longest_message() == 120);
    CHECK(out.has_receiver().value());
    CHECK(in.senders().value() == 1);
    const auto refused = out.try_push(bytes_of(std::string(121, 'x')));
    CHECK(support::error_line(refused) == "limit exceeded: message.size_bytes: expected 120, found 121");
    CHECK(support::failed_as(out.claim(121, 1), errc::limit_exceeded));

    std::uint64_t sent = 0;
    std::uint64_t received = 0;
    const auto text = [](std::uint64_t number) { return std::to_string(number) + std::string(number * 7 % 110, 'x'); };
    for (int round = 0; round < 300; ++round) {
      while (out.try_push(bytes_of(text(sent))).value()) ++sent;
      std::byte* const room = out.try_claim(120).value();
      CHECK(room == nullptr);  // there are never 128 bytes left where a shorter one had no room
      out.abort();
      shm_message message;
      for (int i = 0; i < round % 4 + 1 && in.try_peek(message).value(); ++i) {
        REQUIRE(reinterpret_cast<std::uintptr_t>(message.bytes.data()) % 8 == 0);
        REQUIRE(text_of(message.bytes) == text(received++));
        REQUIRE(message.lane == 0);
      }
      in.release();
    }
    for (const std::string& got : drained(in)) REQUIRE(got == text(received++));
    CHECK(received == sent);

    std::byte* const room = out.claim(100).value();
    std::memcpy(room, "in place", 8);
    out.commit(8);
    static_cast<void>(out.claim(100).value());
    out.abort();
    const std::vector<std::string> texts(20, "12345678");
    std::vector<span<const std::byte>> many;
    for (const std::string& one : texts) many.push_back(bytes_of(one));
    CHECK(out.try_push_n({many.data(), many.size()}).value() == 14);  // 16 bytes each, of 248
    CHECK(out.try_push_n({many.data(), many.size()}).value() == 0);
    CHECK(drained(in).size() == 15);
    const std::string longer(121, 'x');
    many[2] = bytes_of(longer);
    CHECK(out.try_push_n({many.data(), many.size()}).value() == 2);
    CHECK(support::failed_as(out.try_push_n({many.data() + 2, 1}), errc::limit_exceeded));
    CHECK(out.try_push_n({}).value() == 0);
    CHECK(drained(in).size() == 2);
  }

  TEST_CASE("lanes: each sender has one, the next is busy; a lane is free again behind its sender, with what that left") {
    const shm_name name;
    auto in = shm_receiver::create(name, {.lanes = 2, .lane_bytes = 256}).value();
    {
      auto first = shm_sender::attach(name).value();
      auto second = shm_sender::attach(name).value();
      CHECK(first.lane() != second.lane());
      CHECK(in.senders().value() == 2);
      CHECK(support::failed_as(shm_sender::attach(name), errc::busy));
      CHECK(first.push(bytes_of("of the first")).ok());
      shm_sender moved = std::move(first);
      CHECK(moved.push(bytes_of("of the moved")).ok());
    }
    CHECK(in.senders().value() == 0);
    auto third = shm_sender::attach(name).value();
    CHECK(third.push(bytes_of("of the third")).ok());
    CHECK(drained(in) == std::vector<std::string>{"of the first", "of the moved", "of the third"});
  }

  TEST_CASE("a receiver that takes over begins with the first message that was not released; without one, senders wait") {
    const shm_name name;
    auto out = [&] {
      auto in = shm_receiver::create(name, {.lanes = 1, .lane_bytes = 64}).value();
      auto sender = shm_sender::attach(name).value();
      for (const char* const text : {"1", "2", "3"}) CHECK(sender.try_push(bytes_of(text)).value());
      CHECK_FALSE(sender.try_push(bytes_of("4")).value());
      shm_message message;
      CHECK(in.peek(message).ok());
      in.release();
      CHECK(in.peek(message).ok());
      return sender;
    }();
    CHECK_FALSE(out.has_receiver().value());
    CHECK(out.try_push(bytes_of("4")).value());
    CHECK(support::failed_as(out.push(bytes_of("5"), in_seconds(0.001)), errc::timed_out));
    auto in = shm_receiver::attach(name).value();
    CHECK(drained(in) == std::vector<std::string>{"2", "3", "4"});
    shm_message message;
    CHECK(support::failed_as(in.peek(message, in_seconds(0.001)), errc::timed_out));
    CHECK(support::failed_as(in.peek(message, 1), errc::timed_out));
  }

  TEST_CASE("unpeek: the message comes again, also from the ring's begin and beside others; release() leaves it") {
    const shm_name name;
    auto in = shm_receiver::create(name, {.lanes = 2, .lane_bytes = 256}).value();
    shm_sender outs[] = {shm_sender::attach(name).value(), shm_sender::attach(name).value()};
    std::uint64_t sent[2] = {};
    std::uint64_t got[2] = {};
    const auto text = [](std::uint64_t lane, std::uint64_t number) {
      return std::to_string(lane) + std::to_string(number) + std::string(number * 7 % 30, 'x');
    };
    for (int round = 0; round < 1000; ++round) {
      for (std::uint64_t lane = 0; lane < 2; ++lane) {
        while (outs[lane].try_push(bytes_of(text(lane, sent[lane]))).value()) ++sent[lane];
      }
      shm_message message;
      for (int i = 0; i < round % 4; ++i) {
        REQUIRE(in.try_peek(message).value());
        REQUIRE(text_of(message.bytes) == text(message.lane, got[message.lane]++));
      }
      REQUIRE(in.try_peek(message).value());
      const std::string again = text_of(message.bytes);
      in.unpeek(message);
      if (round % 3 != 0) in.release();
      REQUIRE(in.try_peek(message).value());
      REQUIRE(text_of(message.bytes) == again);
      in.unpeek(message);
      in.release();
    }
    for (const std::uint64_t one : got) CHECK(one > 500);  // no lane keeps the other waiting
    for (const std::string& rest : drained(in)) {
      const std::uint64_t lane = rest[0] == '0' ? 0 : 1;
      REQUIRE(rest == text(lane, got[lane]++));
    }
    CHECK(got[0] == sent[0]);
    CHECK(got[1] == sent[1]);
  }

  TEST_CASE("release(): of every lane that was peeked at, and of no message that was not") {
    const shm_name name;
    constexpr std::size_t count = 3;
    std::vector<shm_sender> outs;
    {
      auto in = shm_receiver::create(name, {.lanes = count + 1, .lane_bytes = 64}).value();
      for (std::size_t i = 0; i < count; ++i) outs.push_back(shm_sender::attach(name).value());
      for (int round = 0; round < 10; ++round) {
        for (shm_sender& out : outs) {
          for (const char* const text : {"1", "2", "3"}) CHECK(out.try_push(bytes_of(text)).value());
          CHECK_FALSE(out.try_push(bytes_of("4")).value());
        }
        shm_message message;
        for (std::size_t i = 0; i < 3 * count; ++i) REQUIRE(in.try_peek(message).value());
        in.release();
      }
      for (shm_sender& out : outs) CHECK(out.try_push(bytes_of("kept")).value());
      shm_message message;
      for (std::size_t i = 0; i < count; ++i) REQUIRE(in.try_peek(message).value());
      in.unpeek(message);
      in.release();
      in.release();
    }
    auto in = shm_receiver::attach(name).value();
    CHECK(drained(in) == std::vector<std::string>{"kept"});
  }

  TEST_CASE("unpeek: over what was left out at a ring's end, beside another lane that holds messages") {
    const shm_name name;
    auto in = shm_receiver::create(name, {.lanes = 2, .lane_bytes = 64}).value();
    shm_sender first = shm_sender::attach(name).value();
    shm_sender second = shm_sender::attach(name).value();
    for (const char* const text : {"12345678", "123456781234567"}) CHECK(second.try_push(bytes_of(text)).value());
    CHECK(drained(in).size() == 2);
    CHECK(first.try_push(bytes_of("turn")).value());
    CHECK(drained(in).size() == 1);
    CHECK(first.try_push(bytes_of("one")).value());
    CHECK(second.try_push(bytes_of("24 bytes behind the end.")).value());
    shm_message of_first;
    shm_message of_second;
    REQUIRE(in.try_peek(of_first).value());
    REQUIRE(in.try_peek(of_second).value());
    REQUIRE(of_first.lane == first.lane());
    REQUIRE(of_second.lane == second.lane());
    in.unpeek(of_second);
    in.unpeek(of_first);
    in.release();
    CHECK(drained(in) == std::vector<std::string>{"one", "24 bytes behind the end."});
    for (int i = 0; i < 100; ++i) {
      CHECK(second.try_push(bytes_of("on")).value());
      CHECK(drained(in) == std::vector<std::string>{"on"});
    }
  }

  TEST_CASE("close: by either side; what was committed is received, then it is closed; nobody joins") {
    for (const bool by_sender : {false, true}) {
      const shm_name name;
      auto in = shm_receiver::create(name).value();
      auto out = shm_sender::attach(name).value();
      auto other = shm_sender::attach(name).value();
      CHECK(out.push(bytes_of("last")).ok());
      by_sender ? other.close() : in.close();
      out.close();
      CHECK((in.is_closed() && out.is_closed()));
      CHECK(support::failed_as(out.try_push(bytes_of("x")), errc::closed));
      CHECK(support::failed_as(out.push(bytes_of("x")), errc::closed));
      CHECK(support::failed_as(shm_sender::attach(name), errc::closed));
      shm_message message;
      CHECK(in.peek(message).ok());
      CHECK(text_of(message.bytes) == "last");
      CHECK(support::failed_as(in.peek(message), errc::closed));
    }
  }

  TEST_CASE("close wakes those who wait, on both sides") {
    const shm_name name;
    auto in = shm_receiver::create(name, {.lanes = 1, .lane_bytes = 64}).value();
    auto out = shm_sender::attach(name).value();
    while (out.try_push(bytes_of("x")).value()) {
    }
    const auto memory = atlas::shared_memory::open(("/dev/shm/atlas." + name.text()).c_str(), 0).value();
    auto& lane = atlas::detail::shm_segment(memory.data(), {1, 64}).lane(0);
    std::thread sender([&] { CHECK(support::failed_as(out.push(bytes_of("y"), in_seconds(60)), errc::closed)); });
    while (lane.room.is_wanted.load_acquire() == 0) std::this_thread::yield();
    in.close();
    sender.join();
    CHECK(drained(in).size() == 3);
  }

  TEST_CASE("processes: each message of each sender comes once, in its order, whole, however long") {
    const shm_name name;
    constexpr std::uint64_t senders = 3;
    constexpr std::uint64_t each = 5'000;
    auto in = shm_receiver::create(name, {.lanes = senders, .lane_bytes = 16384}).value();
    const auto text = [](std::uint64_t sender, std::uint64_t number) {
      std::string made(16 + number * 37 % 1500, static_cast<char>('a' + number % 26));
      std::memcpy(made.data(), &sender, 8);
      std::memcpy(made.data() + 8, &number, 8);
      return made;
    };
    std::vector<pid_t> children;
    for (std::uint64_t which = 0; which < senders; ++which) {
      children.push_back(support::start_child([&] {
        auto out = shm_sender::attach(name);
        if (!out.ok()) return 1;
        for (std::uint64_t number = 0; number < each; ++number) {
          if (!out->push(bytes_of(text(which, number)), in_seconds(100)).ok()) return 2;
        }
        return 0;
      }));
    }
    std::map<std::uint64_t, std::uint64_t> next;
    for (std::uint64_t got = 0; got < senders * each; ++got) {
      shm_message message;
      REQUIRE(in.peek(message, in_seconds(100)).ok());
      std::uint64_t sender = 0;
      REQUIRE(message.bytes.size() >= 16);
      std::memcpy(&sender, message.bytes.data(), 8);
      REQUIRE(sender < senders);
      REQUIRE(text_of(message.bytes) == text(sender, next[sender]++));
      if (got % 5 == 0) in.release();
    }
    for (const pid_t child : children) CHECK(support::wait_for(child).code == 0);
    shm_message message;
    CHECK_FALSE(in.try_peek(message).value());
    in.release();
    CHECK(in.senders().value() == 0);
  }

  TEST_CASE("a forked child: its copies are the parent's and say so; it may attach anew") {
    const shm_name name;
    auto in = shm_receiver::create(name, {.lanes = 2}).value();
    auto out = shm_sender::attach(name).value();
    CHECK(support::in_child([&] {
            shm_message message;
            if (!support::failed_as(in.try_peek(message), errc::busy)) return 1;
            if (!support::failed_as(in.descriptor(), errc::busy)) return 2;
            if (!support::failed_as(out.try_push(bytes_of("x")), errc::busy)) return 3;
            in.release();
            auto mine = shm_sender::attach(name);
            if (!mine.ok() || mine->lane() == out.lane()) return 4;
            return mine->push(bytes_of("of the child")).ok() ? 0 : 5;
          }).code == 0);
    CHECK(out.push(bytes_of("of the parent")).ok());
    CHECK(drained(in).size() == 2);
  }

  TEST_CASE("forks while another thread attaches and detaches: no child keeps a lane") {
    if (support::under_thread_sanitizer) {
      MESSAGE("skipped: ThreadSanitizer does not follow forks of a process with threads");
      return;
    }
    const shm_name name;
    auto in = shm_receiver::create(name, {.lanes = 1, .lane_bytes = 64}).value();
    int over[2];
    int ready[2];  // a child has closed what it is not to keep once it runs, which may be later than here
    REQUIRE(::pipe(over) == 0);
    REQUIRE(::pipe(ready) == 0);
    std::atomic<bool> is_over{false};
    std::thread comes_and_goes([&] {
      while (!is_over.load()) static_cast<void>(shm_sender::attach(name).ok());
    });
    std::vector<pid_t> children;
    for (int i = 0; i < 100; ++i) {
      children.push_back(support::start_child([&] {
        ::close(over[1]);
        char one = 'x';
        if (::write(ready[1], &one, 1) != 1) return 1;
        return ::read(over[0], &one, 1) == 0 ? 0 : 1;
      }));
    }
    is_over.store(true);
    comes_and_goes.join();
    for (std::size_t i = 0; i < children.size(); ++i) {
      char one = 0;
      REQUIRE(::read(ready[0], &one, 1) == 1);
    }
    CHECK(in.senders().value() == 0);
    CHECK(shm_sender::attach(name).ok());
    ::close(over[1]);
    for (const pid_t child : children) CHECK(support::wait_for(child).code == 0);
    for (const int end : {over[0], ready[0], ready[1]}) ::close(end);
  }

  TEST_CASE("owners: a stopped receiver keeps its place") {
    const shm_name name;
    int ready[2];
    REQUIRE(::pipe(ready) == 0);
    const pid_t owner = support::start_child([&] {
      auto in = shm_receiver::create(name, {.lanes = 1}).value();
      static_cast<void>(::write(ready[1], "x", 1));
      for (;;) ::pause();
      return 0;
    });
    char one = 0;
    REQUIRE(::read(ready[0], &one, 1) == 1);
    REQUIRE(::kill(owner, SIGSTOP) == 0);
    int how = 0;
    REQUIRE(::waitpid(owner, &how, WUNTRACED) == owner);
    CHECK(support::failed_as(shm_receiver::attach(name), errc::busy));
    CHECK(shm_sender::attach(name).value().has_receiver().value());
    REQUIRE(::kill(owner, SIGKILL) == 0);
    CHECK(support::wait_for(owner).signal == SIGKILL);
    CHECK(shm_receiver::attach(name).ok());
    ::close(ready[0]);
    ::close(ready[1]);
  }

  TEST_CASE("owners: a stopped one keeps its lane; a killed one does not, be it a zombie, or survived by a child") {
    const shm_name name;
    auto in = shm_receiver::create(name, {.lanes = 1}).value();
    int ready[2];
    int over[2];  // ends when the test closes it
    REQUIRE(::pipe(ready) == 0);
    REQUIRE(::pipe(over) == 0);
    const auto wait_until_ready = [&] {
      char one = 0;
      REQUIRE(::read(ready[0], &one, 1) == 1);
    };
    const pid_t owner = support::start_child([&] {
      auto out = shm_sender::attach(name).value();
      static_cast<void>(out.push(bytes_of("from the owner")).ok());
      if (::fork() == 0) {  // lives on with copies of all that its parent has
        ::close(over[1]);
        char one = 'x';
        static_cast<void>(::write(ready[1], &one, 1));
        static_cast<void>(::read(over[0], &one, 1));
        ::_exit(0);
      }
      for (;;) ::pause();
      return 0;
    });
    wait_until_ready();
    REQUIRE(::kill(owner, SIGSTOP) == 0);
    int how = 0;
    REQUIRE(::waitpid(owner, &how, WUNTRACED) == owner);
    REQUIRE(WIFSTOPPED(how));
    CHECK(in.senders().value() == 1);
    CHECK(support::failed_as(shm_sender::attach(name), errc::busy));
    REQUIRE(::kill(owner, SIGKILL) == 0);
    siginfo_t zombie;
    REQUIRE(::waitid(P_PID, static_cast<id_t>(owner), &zombie, WEXITED | WNOWAIT) == 0);  // not reaped
    CHECK(in.senders().value() == 0);
    auto next = shm_sender::attach(name);
    REQUIRE_MESSAGE(next.ok(), support::error_line(next));
    CHECK(next->push(bytes_of("from the next")).ok());
    CHECK(drained(in) == std::vector<std::string>{"from the owner", "from the next"});
    CHECK(support::wait_for(owner).signal == SIGKILL);
    for (const int end : {ready[0], ready[1], over[0], over[1]}) ::close(end);
  }

}

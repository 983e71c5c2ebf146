// SPDX-License-Identifier: Apache-2.0
// tests/killstep/shm_channel_killstep_test.cpp -- shm_channel survives SIGKILL after every instruction of every call.
//
// A process does one thing and is killed after its first, second, ... instruction; another one then goes on with the channel: what
// was committed is there, nothing is torn, the message in flight is there or not, and every lane and the receiver's place are free.
#include <atlas/queue/shm_channel.hpp>

#include "killstep/killstep.hpp"
#include "support/error_line.hpp"

#include <doctest/doctest.h>
#include <dirent.h>
#include <poll.h>
#include <sys/stat.h>

#include <cstdio>
#include <optional>
#include <set>
#include <string>
#include <vector>

TEST_SUITE("shm_channel_killstep") {
namespace {

using atlas::errc;
using atlas::shm_message;
using atlas::shm_receiver;
using atlas::shm_sender;
using atlas::span;

constexpr std::uint32_t lanes = 2;
constexpr std::size_t lane_bytes = 256;

/// A folder of its own in memory, emptied by each fresh().
class folder {
 public:
  folder() : path_("/dev/shm/atlas-killstep-" + std::to_string(::getpid())) { ::mkdir(path_.c_str(), 0700); }
  folder(const folder&) = delete;
  folder& operator=(const folder&) = delete;
  ~folder() {
    empty();
    ::rmdir(path_.c_str());
  }
  void empty() const {
    for (const std::string& name : names()) ::unlink((path_ + "/" + name).c_str());
  }
  [[nodiscard]] std::set<std::string> names() const {
    std::set<std::string> found;
    DIR* const opened = ::opendir(path_.c_str());
    REQUIRE(opened != nullptr);
    while (const dirent* entry = ::readdir(opened)) {
      if (entry->d_name[0] != '.') found.insert(entry->d_name);
    }
    ::closedir(opened);
    return found;
  }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] atlas::shm_channel_options options() const {
    return {.lanes = lanes, .lane_bytes = lane_bytes, .folder = path_};
  }
  [[nodiscard]] shm_receiver receiver() const { return shm_receiver::create("c", options()).value(); }
  [[nodiscard]] shm_sender sender() const { return shm_sender::attach("c", path_).value(); }

 private:
  std::string path_;
};

/// Of the one channel that this process's folder has.
std::string channel_path(const shm_sender&) { return "/dev/shm/atlas-killstep-" + std::to_string(::getpid()) + "/atlas.c"; }

span<const std::byte> bytes_of(const std::string& text) { return {reinterpret_cast<const std::byte*>(text.data()), text.size()}; }
std::string text_of(span<const std::byte> bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

std::vector<std::string> drained(shm_receiver& in) {
  std::vector<std::string> all;
  shm_message message;
  for (;;) {
    const auto found = in.try_peek(message);
    REQUIRE_MESSAGE(found.ok(), support::error_line(found));
    if (!*found) break;
    all.push_back(text_of(message.bytes));
  }
  in.release();
  return all;
}

/// All lanes but those of `senders` can be had; messages go through each for some laps of its ring.
void goes_on(shm_receiver& in, const folder& in_folder, std::vector<shm_sender> senders = {}) {
  while (senders.size() < lanes) {
    auto next = shm_sender::attach("c", in_folder.path());
    REQUIRE_MESSAGE(next.ok(), support::error_line(next));
    senders.push_back(std::move(*next));
  }
  REQUIRE(support::failed_as(shm_sender::attach("c", in_folder.path()), errc::busy));
  REQUIRE(in.senders().value() == lanes);
  for (int round = 0; round < 30; ++round) {
    const std::string text(static_cast<std::size_t>(round * 7 % 97), static_cast<char>('a' + round % 26));
    for (shm_sender& out : senders) REQUIRE(out.try_push(bytes_of(text)).value());
    REQUIRE(drained(in) == std::vector<std::string>(lanes, text));
  }
}

const std::string in_flight = "the one in flight";
const std::string after = "after";

/// Whether the calls of `work` are survived; prints how many instructions they were.
template <class Begin, class Prepare, class Work, class Check>
void survives(const char* name, Begin begin, Prepare prepare, Work work, Check check) {
  CAPTURE(name);
  std::size_t point = 0;
  const std::size_t points = killstep::at_every_instruction(begin, prepare, work, [&](bool has_ended) {
    CAPTURE(point);
    check(has_ended);
    ++point;
  });
  std::printf("killed after each of %5zu instructions: %s\n", points, name);
}

/// A sender that did `first`, which was received, and then dies in `work`, which commits `in_flight` if it is_committed.
/// Before it the receiver is armed, if so, and is to be woken by its pipe.
template <class First, class Work>
void survives_sender(const char* name, bool is_committed, First first, Work work, bool is_armed = false) {
  const folder here;
  std::optional<shm_receiver> in;
  bool was_there = false;
  survives(
      name,
      [&] {
        in.reset();
        here.empty();
        in.emplace(here.receiver());
        shm_sender out = here.sender();
        first(out);
        static_cast<void>(drained(*in));
        if (is_armed) REQUIRE((in->descriptor().ok() && in->arm()));
      },
      [&] { return here.sender(); }, work,
      [&](bool has_ended) {
        shm_sender next = here.sender();
        REQUIRE(next.lane() == 0);
        REQUIRE(next.try_push(bytes_of(after)).value());
        std::vector<std::string> got = drained(*in);
        const bool is_there = !got.empty() && got.front() == in_flight;
        REQUIRE((is_there || !was_there));  // once committed, always there
        REQUIRE((!has_ended || is_there == is_committed));
        was_there = is_there;
        if (is_there) got.erase(got.begin());
        REQUIRE(got == std::vector<std::string>{after});
        std::vector<shm_sender> kept;
        kept.push_back(std::move(next));
        goes_on(*in, here, std::move(kept));
      });
}

/// A receiver, with three messages before it, that dies in `work`, which releases `taken` of them.
template <class Work>
void survives_receiver(const char* name, std::size_t taken, Work work) {
  const folder here;
  std::optional<shm_sender> out;
  std::size_t least_taken = 0;
  const std::vector<std::string> sent = {"one", "the second", std::string(60, '3')};
  survives(
      name,
      [&] {
        out.reset();
        here.empty();
        shm_receiver in = here.receiver();
        out.emplace(here.sender());
        // Such that the third goes round the end of the ring.
        REQUIRE(out->try_push(bytes_of(std::string(100, 'f'))).value());
        REQUIRE(drained(in).size() == 1);
        for (const std::string& text : sent) REQUIRE(out->try_push(bytes_of(text)).value());
      },
      [&] { return shm_receiver::attach("c", here.path()).value(); }, work,
      [&](bool has_ended) {
        shm_receiver next = shm_receiver::attach("c", here.path()).value();
        const std::vector<std::string> got = drained(next);
        const std::size_t missing = sent.size() - got.size();
        REQUIRE(missing <= taken);
        REQUIRE(missing >= least_taken);
        if (has_ended) REQUIRE(missing == taken);
        least_taken = missing;
        REQUIRE(got == std::vector<std::string>(sent.begin() + static_cast<std::ptrdiff_t>(missing), sent.end()));
        std::vector<shm_sender> kept;
        kept.push_back(std::move(*out));
        out.reset();
        goes_on(next, here, std::move(kept));
      });
}

/// Calls that take or give up a side, or the whole channel; afterwards all of it can be had.
template <class Prepare, class Work>
void survives_holder(const char* name, bool is_made_before, Prepare prepare, Work work) {
  const folder here;
  survives(
      name,
      [&] {
        here.empty();
        if (is_made_before) static_cast<void>(here.receiver());
      },
      [&] { return prepare(here); }, [&](auto& prepared) { work(here, prepared); },
      [&](bool) {
        const std::set<std::string> names = here.names();
        for (const std::string& there : names) REQUIRE((there == "atlas.c" || there == "atlas-fifo.c"));
        atlas::shm_channel_options options = here.options();
        options.may_exist = true;
        auto in = shm_receiver::create("c", options);
        REQUIRE_MESSAGE(in.ok(), support::error_line(in));
        REQUIRE(in->descriptor().ok());
        REQUIRE(in->arm());
        goes_on(*in, here);
      });
}

struct nothing {};

/// Says why, where children cannot be traced.
bool cannot_trace() {
  killstep::stay_on_one_core();
  if (killstep::may_trace()) return false;
  std::puts("skipped: this system does not let a process trace its children");
  return true;
}

}  // namespace

  TEST_CASE("a sender that is killed while it pushes") {
    if (cannot_trace()) return;
    const auto nothing_first = [](shm_sender&) {};
    const auto sends = [](std::size_t size) {
      return [size](shm_sender& out) { REQUIRE(out.try_push(bytes_of(std::string(size, 'f'))).value()); };
    };
    const auto push = [](shm_sender& out) { static_cast<void>(out.try_push(bytes_of(in_flight)).ok()); };
    survives_sender("push", true, nothing_first, push);
    survives_sender("push, round the end of the ring", true,
                    [&](shm_sender& out) {
                      sends(100)(out);
                      sends(110)(out);
                    },
                    push);
    survives_sender("push, to the very end of the ring", true,
                    [&](shm_sender& out) {
                      sends(100)(out);
                      sends(104)(out);
                    },
                    push);
    survives_sender("push, to a receiver that is woken", true, nothing_first, push, true);
    survives_sender("push, behind a sender that died before it counted its last message", true,
                    [&](shm_sender& out) {
                      const auto memory = atlas::shared_memory::open(channel_path(out).c_str(), 0).value();
                      auto& counts = atlas::detail::shm_segment(memory.data(), {lanes, lane_bytes}).lane(0).counts;
                      const std::uint64_t before = counts.written.load_relaxed();
                      sends(20)(out);
                      counts.written.store_relaxed(before);
                    },
                    push);
    survives_sender("push of many, of which this is the first", true, nothing_first, [](shm_sender& out) {
      const span<const std::byte> many[] = {bytes_of(in_flight)};
      static_cast<void>(out.try_push_n({many, 1}).ok());
    });
    survives_sender("push that may wait", true, sends(20), [](shm_sender& out) { static_cast<void>(out.push(bytes_of(in_flight)).ok()); });
    survives_sender("claim, write, commit", true, sends(20), [](shm_sender& out) {
      std::byte* const room = out.try_claim(100).value();
      for (std::size_t i = 0; i < in_flight.size(); ++i) room[i] = static_cast<std::byte>(in_flight[i]);
      out.commit(in_flight.size());
    });
    survives_sender("claim, write, abort", false, sends(20), [](shm_sender& out) {
      std::byte* const room = out.try_claim(100).value();
      room[0] = std::byte{1};
      out.abort();
    });
  }

  TEST_CASE("a receiver that is killed while it peeks and releases") {
    if (cannot_trace()) return;
    survives_receiver("peek, release", 1, [](shm_receiver& in) {
      shm_message message;
      static_cast<void>(in.try_peek(message).ok());
      in.release();
    });
    survives_receiver("three peeks, release", 3, [](shm_receiver& in) {
      shm_message message;
      for (int i = 0; i < 3; ++i) static_cast<void>(in.try_peek(message).ok());
      in.release();
    });
    survives_receiver("peek, no release", 0, [](shm_receiver& in) {
      shm_message message;
      static_cast<void>(in.try_peek(message).ok());
    });
  }

  TEST_CASE("a process that is killed while it closes: others can, and then it is") {
    if (cannot_trace()) return;
    const folder here;
    std::optional<shm_receiver> in;
    bool was_closed = false;
    survives(
        "close",
        [&] {
          in.reset();
          here.empty();
          in.emplace(here.receiver());
          REQUIRE(here.sender().try_push(bytes_of(in_flight)).value());
          REQUIRE(in->descriptor().ok());
        },
        [&] { return here.sender(); }, [](shm_sender& out) { out.close(); },
        [&](bool has_ended) {
          REQUIRE((in->is_closed() || !was_closed));
          REQUIRE((in->is_closed() || !has_ended));
          was_closed = in->is_closed();
          REQUIRE(shm_sender::attach("c", here.path()).ok() == !was_closed);
          in->close();
          REQUIRE(support::failed_as(shm_sender::attach("c", here.path()), errc::closed));
          shm_message message;
          REQUIRE(in->peek(message).ok());
          REQUIRE(text_of(message.bytes) == in_flight);
          REQUIRE(support::failed_as(in->peek(message), errc::closed));
          pollfd one{in->descriptor().value(), POLLIN, 0};
          REQUIRE(::poll(&one, 1, 10'000) == 1);
        });
  }

  TEST_CASE("a receiver that is killed while it gives room to a sender that waits") {
    if (cannot_trace()) return;
    const folder here;
    std::optional<shm_sender> out;
    survives(
        "release, to a sender that waits",
        [&] {
          out.reset();
          here.empty();
          static_cast<void>(here.receiver());
          out.emplace(here.sender());
          while (out->try_push(bytes_of(in_flight)).value()) {
          }
          const auto memory = atlas::shared_memory::open(channel_path(*out).c_str(), 0).value();
          atlas::detail::shm_segment(memory.data(), {lanes, lane_bytes}).lane(0).room.want();
        },
        [&] { return shm_receiver::attach("c", here.path()).value(); },
        [](shm_receiver& in) {
          shm_message message;
          static_cast<void>(in.try_peek(message).ok());
          in.release();
        },
        [&](bool has_ended) {
          REQUIRE((out->try_push(bytes_of(after)).value() || !has_ended));
          shm_receiver next = shm_receiver::attach("c", here.path()).value();
          REQUIRE(drained(next).size() >= 5);
          std::vector<shm_sender> kept;
          kept.push_back(std::move(*out));
          out.reset();
          goes_on(next, here, std::move(kept));
        });
  }

  TEST_CASE("a process that is killed while it creates, takes over, attaches, detaches, removes, or opens the pipe") {
    if (cannot_trace()) return;
    const auto none = [](const folder&) { return nothing{}; };
    survives_holder("create", false, none, [](const folder& here, nothing&) {
      alignas(shm_receiver) unsigned char place[sizeof(shm_receiver)];
      ::new (place) shm_receiver(here.receiver());
    });
    survives_holder("create what may exist, and does", true, none, [](const folder& here, nothing&) {
      atlas::shm_channel_options options = here.options();
      options.may_exist = true;
      alignas(shm_receiver) unsigned char place[sizeof(shm_receiver)];
      ::new (place) shm_receiver(shm_receiver::create("c", options).value());
    });
    survives_holder("remove", true, none, [](const folder& here, nothing&) {
      static_cast<void>(atlas::remove_shm_channel("c", here.path()).ok());
    });
    survives_holder("attach a receiver", true, none, [](const folder& here, nothing&) {
      alignas(shm_receiver) unsigned char place[sizeof(shm_receiver)];
      ::new (place) shm_receiver(shm_receiver::attach("c", here.path()).value());
    });
    survives_holder("attach a sender", true, none, [](const folder& here, nothing&) {
      alignas(shm_sender) unsigned char place[sizeof(shm_sender)];
      ::new (place) shm_sender(here.sender());
    });
    survives_holder("detach a sender", true, [](const folder& here) { return here.sender(); },
                    [](const folder&, shm_sender& out) { out.~shm_sender(); });
    survives_holder("detach a receiver", true,
                    [](const folder& here) { return shm_receiver::attach("c", here.path()).value(); },
                    [](const folder&, shm_receiver& in) { in.~shm_receiver(); });
    survives_holder("open the pipe and arm it", true,
                    [](const folder& here) { return shm_receiver::attach("c", here.path()).value(); },
                    [](const folder&, shm_receiver& in) {
                      static_cast<void>(in.descriptor().ok());
                      static_cast<void>(in.arm());
                    });
  }
}

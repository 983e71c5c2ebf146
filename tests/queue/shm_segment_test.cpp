// SPDX-License-Identifier: Apache-2.0
// tests/queue/shm_segment_test.cpp -- mirrors include/atlas/queue/shm_segment.hpp: segments that somebody else wrote to.
#include <atlas/queue/shm_channel.hpp>

#include "support/error_line.hpp"
#include "support/shm_messages.hpp"
#include "support/shm_names.hpp"

#include <doctest/doctest.h>
#include <poll.h>

#include <chrono>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

TEST_SUITE("shm_segment") {
namespace {

using atlas::errc;
using atlas::shm_message;
using atlas::shm_receiver;
using atlas::shm_sender;
using atlas::span;
using atlas::detail::shm_layout;
using atlas::detail::shm_segment;
using support::bytes_of;
using support::shm_name;

/// A segment's bytes, as any process that may write to it has them.
class vandal {
 public:
  explicit vandal(const shm_name& name) : path_("/dev/shm/atlas." + name.text()), memory_(atlas::shared_memory::open(path_.c_str(), 0).value()) {}
  [[nodiscard]] std::byte* data() const { return memory_.data(); }
  [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(memory_.size_bytes()); }
  template <class Number>
  void write(std::size_t at, Number value) const {
    std::memcpy(data() + at, &value, sizeof value);
  }
  void cut(std::uint64_t bytes) const { REQUIRE(::truncate(path_.c_str(), static_cast<off_t>(bytes)) == 0); }
  [[nodiscard]] const char* path() const { return path_.c_str(); }

 private:
  std::string path_;
  atlas::shared_memory memory_;
};

/// What both sides say to a segment that is there.
std::string refusals(const shm_name& name) {
  const auto sender = shm_sender::attach(name);
  const auto receiver = shm_receiver::attach(name);
  REQUIRE_FALSE(sender.ok());
  REQUIRE_FALSE(receiver.ok());
  REQUIRE(support::error_line(sender) == support::error_line(receiver));
  return support::error_line(sender);
}

constexpr atlas::shm_channel_options small{.lanes = 2, .lane_bytes = 128};

}  // namespace

  TEST_CASE("attach: what is no channel, of another version, or cut short, is refused and says why") {
    const shm_name name;
    CHECK(shm_receiver::create(name, small).ok());
    const vandal other(name);
    other.write(0, std::uint64_t{1});
    CHECK(refusals(name).rfind("not an ATLAS file: segment.magic: expected ", 0) == 0);
    other.write(0, atlas::detail::shm_header::magic_number);
    other.write(8, std::uint32_t{2});
    CHECK(refusals(name) == "unsupported format version: segment.version: expected 1, found 2");
    CHECK(support::failed_as(shm_receiver::create(name, {.lanes = 2, .lane_bytes = 128, .may_exist = true}), errc::unsupported_version));
    other.write(8, std::uint32_t{1});
    other.write(12, std::uint32_t{0});
    CHECK(refusals(name) == "corrupt file: channel.lanes: expected at least 1, found 0");
    other.write(12, std::uint32_t{1025});
    CHECK(refusals(name) == "corrupt file: channel.lanes: expected 1024, found 1025");
    other.write(12, std::uint32_t{1024});
    CHECK(refusals(name).rfind("corrupt file: segment.bytes: expected ", 0) == 0);
    other.write(12, std::uint32_t{2});
    for (const std::uint64_t bytes : {std::uint64_t{0}, std::uint64_t{63}, std::uint64_t{129}, ~std::uint64_t{0}, std::uint64_t{1} << 40}) {
      CAPTURE(bytes);
      other.write(16, bytes);
      CHECK(refusals(name).rfind("corrupt file: ", 0) == 0);
    }
    other.write(16, std::uint64_t{128});
    CHECK(shm_sender::attach(name).ok());
    for (std::uint64_t bytes = other.size() - 1; bytes > 600; bytes -= 601) {
      other.cut(bytes);
      CHECK(refusals(name).rfind("corrupt file: segment.bytes: expected ", 0) == 0);
    }
    other.cut(0);
    CHECK(refusals(name) == "corrupt file: segment.bytes: expected at least 4096, found 0");
  }

  TEST_CASE("attach: a link, a folder or a pipe of that name is not followed, nor waited for") {
    const shm_name name;
    const std::string path = "/dev/shm/atlas." + name.text();
    REQUIRE(::symlink("/dev/zero", path.c_str()) == 0);
    CHECK(support::failed_as(shm_sender::attach(name), errc::invalid_argument));
    ::unlink(path.c_str());
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    CHECK(support::failed_as(shm_sender::attach(name), errc::invalid_argument));
    ::unlink(path.c_str());
    REQUIRE(::mkdir(path.c_str(), 0700) == 0);
    CHECK(support::failed_as(shm_sender::attach(name), errc::is_a_directory));
    CHECK(support::failed_as(shm_receiver::create(name), errc::already_exists));
    ::rmdir(path.c_str());
  }

  TEST_CASE("a lane's next sender goes on behind its last record, counted or not; impossible counts are refused") {
    const shm_name name;
    auto in = shm_receiver::create(name, {.lanes = 1, .lane_bytes = 128}).value();
    const vandal other(name);
    const shm_segment segment(other.data(), shm_layout{1, 128});
    auto& counts = segment.lane(0).counts;
    const auto end_of_lane = [&] {
      std::uint64_t taken = 0;
      return segment.end_of_lane(0, taken);
    };
    {
      auto out = shm_sender::attach(name).value();
      for (int i = 0; i < 3; ++i) CHECK(out.push(bytes_of("12345678")).ok());
    }
    CHECK(end_of_lane()->count == 48);
    counts.written.store_relaxed(32);  // killed before it counted the third
    CHECK(end_of_lane()->count == 48);
    shm_message message;
    for (int i = 0; i < 3; ++i) CHECK(in.try_peek(message).value());
    in.release();  // which was taken nevertheless
    CHECK(end_of_lane()->count == 48);
    CHECK(end_of_lane()->at == 48);
    for (const std::uint64_t count : {std::uint64_t{1}, std::uint64_t{48 + 136}, ~std::uint64_t{0}, std::uint64_t{1} << 63}) {
      CAPTURE(count);
      counts.written.store_relaxed(count);
      const auto refused = shm_sender::attach(name);
      CHECK(support::failed_as(refused, errc::corrupt_file));
      CHECK(refused.error().row == 0);
    }
    counts.written.store_relaxed(48);
    counts.taken.store_relaxed(3);
    CHECK(support::failed_as(shm_sender::attach(name), errc::corrupt_file));
  }

  TEST_CASE("senders that die again and again before they count what they handed over leave the lane whole") {
    const shm_name name;
    auto in = shm_receiver::create(name, {.lanes = 1, .lane_bytes = 64}).value();
    const vandal other(name);
    auto& counts = shm_segment(other.data(), shm_layout{1, 64}).lane(0).counts;
    for (int death = 0; death < 20; ++death) {
      auto out = shm_sender::attach(name);
      REQUIRE_MESSAGE(out.ok(), support::error_line(out));
      const std::uint64_t before = counts.written.load_relaxed();
      CHECK(out->try_push(bytes_of("12345678")).value());
      counts.written.store_relaxed(before);
      shm_message message;
      CHECK(in.try_peek(message).value());
      in.release();
    }
  }

  /// A channel of two lanes of 128 bytes, in the first of which lies "lost", in the second "kept".
  struct two_messages {
    explicit two_messages(const shm_name& name)
        : in(shm_receiver::create(name, {.lanes = 2, .lane_bytes = 128}).value()),
          first(shm_sender::attach(name).value()),
          second(shm_sender::attach(name).value()) {
      CHECK(first.push(bytes_of("lost")).ok());
      CHECK(second.push(bytes_of("kept")).ok());
    }
    shm_receiver in;
    shm_sender first;
    shm_sender second;
  };

  TEST_CASE("a receiver that finds an impossible count gives that lane up, and receives from the others") {
    const shm_name name;
    { const two_messages gone(name); }
    const vandal other(name);
    shm_segment(other.data(), shm_layout{2, 128}).lane(0).counts.taken.store_relaxed(3);
    for (int round = 0; round < 2; ++round) {
      auto in = shm_receiver::attach(name).value();
      shm_message message;
      const auto told = in.try_peek(message);
      CHECK(support::failed_as(told, errc::corrupt_file));
      CHECK(told.error().row == 0);
      CHECK(in.try_peek(message).value());
      CHECK(message.lane == 1);
      CHECK_FALSE(in.try_peek(message).value());
    }
    CHECK(shm_sender::attach(name).value().lane() == 1);
  }

  TEST_CASE("the bell of a wish is rung once, by whoever publishes; a new sender rings though its lane's last one took the wish") {
    const shm_name name;
    auto in = shm_receiver::create(name, {.lanes = 1, .lane_bytes = 64}).value();
    auto out = shm_sender::attach(name).value();
    const vandal other(name);
    const shm_segment segment(other.data(), shm_layout{1, 64});
    auto& lane = segment.lane(0);
    const auto wake_ups = [&] { return segment.header().records.load_acquire(); };
    CHECK(out.push(bytes_of("the first")).ok());
    const std::uint32_t before = wake_ups();
    CHECK(before == 1);  // of a lane that is new
    CHECK(out.push(bytes_of("the second")).ok());
    CHECK(wake_ups() == before);
    REQUIRE(in.descriptor().ok());
    CHECK_FALSE(in.arm());
    CHECK(lane.records.is_wanted.load_acquire() == 1);
    shm_message message;
    while (in.try_peek(message).value()) {
    }
    const std::uint32_t room_before = lane.room_signals.load_acquire();
    lane.room.want();
    in.release();
    CHECK(lane.room_signals.load_acquire() == room_before + 1);
    in.release();
    CHECK(lane.room_signals.load_acquire() == room_before + 1);
    CHECK(in.arm());
    CHECK(lane.records.is_wanted.exchange(0) == 1);  // as a sender that is killed before it rings
    { const shm_sender ended = std::move(out); }
    auto next = shm_sender::attach(name).value();
    CHECK(next.push(bytes_of("rings")).ok());
    pollfd one{in.descriptor().value(), POLLIN, 0};
    CHECK(::poll(&one, 1, 10'000) == 1);
  }

  TEST_CASE("wait_shared: a wake-up is never missed, though nobody looks for a minute otherwise") {
    atlas::atomic<std::uint32_t> futex;
    atlas::atomic<std::uint32_t> given;
    atlas::detail::basic_shm_bell<atlas::atomic> bell;
    constexpr std::uint32_t rounds = 300;
    std::thread giver([&] {
      for (std::uint32_t round = 1; round <= rounds; ++round) {
        while (bell.is_wanted.load_acquire() == 0) std::this_thread::yield();  // about to sleep, or asleep
        if (round % 3 == 0) std::this_thread::sleep_for(std::chrono::microseconds(100));
        given.store_release(round);
        if (bell.ring()) atlas::detail::wake_shared(futex);
      }
    });
    for (std::uint32_t round = 1; round <= rounds; ++round) {
      const auto waited = atlas::detail::wait_shared(
          futex, [&] { bell.want(); }, [&] { return given.load_acquire() == round; }, [] { return false; },
          atlas::monotonic_ns() + 60'000'000'000, 120'000'000'000);
      REQUIRE(waited.ok());
    }
    giver.join();
  }

  TEST_CASE("a damaged lane is told once, and the others' messages come on") {
    const shm_name name;
    two_messages sent(name);
    auto& [in, first, second] = sent;
    const vandal other(name);
    const shm_segment segment(other.data(), shm_layout{2, 128});
    std::memset(segment.ring(first.lane()), 0x5A, 128);
    shm_message message;
    const auto refused = in.try_peek(message);
    CHECK(support::failed_as(refused, errc::corrupt_file));
    CHECK(refused.error().row == first.lane());
    CHECK(support::failed_as(first.try_push(bytes_of("more")), errc::corrupt_file));
    CHECK(support::failed_as(first.push(bytes_of("more")), errc::corrupt_file));
    for (int i = 0; i < 10; ++i) {
      CHECK(in.peek(message, 1).ok());
      CHECK(message.lane == second.lane());
      in.release();
      CHECK_FALSE(in.try_peek(message).value());
      CHECK(second.push(bytes_of("kept")).ok());
    }
  }

  TEST_CASE("a lane that is damaged while its messages are held keeps them from being released, and no other's") {
    const shm_name name;
    two_messages sent(name);
    auto& [in, first, second] = sent;
    const vandal other(name);
    const shm_segment segment(other.data(), shm_layout{2, 128});
    shm_message message;
    REQUIRE(in.try_peek(message).value());
    REQUIRE(message.lane == first.lane());
    const std::uint64_t taken = segment.lane(0).counts.taken.load_acquire();
    std::memset(segment.ring(first.lane()) + 16, 0x5A, 8);  // where its next header will be
    CHECK(support::failed_as(in.try_peek(message), errc::corrupt_file));
    REQUIRE(in.try_peek(message).value());
    CHECK(message.lane == second.lane());
    in.unpeek(message);
    REQUIRE(in.try_peek(message).value());
    in.release();
    CHECK(segment.lane(first.lane()).counts.taken.load_acquire() == taken);
    CHECK(segment.lane(second.lane()).counts.taken.load_acquire() == 16);
    for (int i = 0; i < 20; ++i) {
      CHECK(second.try_push(bytes_of("more")).value());
      CHECK(in.try_peek(message).value());
      in.release();
    }
  }

  TEST_CASE("whatever is written to the segment meanwhile: an answer, in bounded time, and no byte outside of it") {
    std::mt19937_64 random(7);
    std::size_t messages = 0;
    std::size_t errors = 0;
    for (int round = 0; round < 400; ++round) {
      const shm_name name;
      auto in = shm_receiver::create(name, small);
      auto out = shm_sender::attach(name);
      const vandal other(name);
      const std::byte* least[2] = {};  // of each lane's messages, in the receiver's memory
      const std::byte* most[2] = {};
      for (int call = 0; call < 100; ++call) {
        // Of the shape only what nobody believes again; mostly where it hurts: counts and headers.
        const std::size_t at = random() % 4 != 0 ? 64 + random() % (other.size() - 64) / 8 * 8 : other.size() - 256 + random() % 32 * 8;
        const std::uint64_t words[] = {0, 1, ~std::uint64_t{0}, random() % 300, random() % 40 * 2 + 1, random()};
        if (random() % 3 == 0) other.write(at >= other.size() - 8 ? other.size() - 8 : at, words[random() % 6]);
        switch (random() % 6) {
          case 0:
          case 1: {
            if (!out.ok()) break;
            const std::string text(random() % (out->longest_message() + 1), 'x');
            const auto pushed = out->try_push(bytes_of(text));
            errors += pushed.ok() ? 0U : 1U;
            break;
          }
          case 2:
          case 3: {
            if (!in.ok()) break;
            shm_message message;
            const auto found = in->try_peek(message);
            errors += found.ok() ? 0U : 1U;
            if (!found.ok() || !*found) break;
            ++messages;
            REQUIRE(message.bytes.size() <= 120);
            REQUIRE(message.lane < 2);
            const std::byte*& first = least[message.lane];
            const std::byte*& last = most[message.lane];
            const std::byte* const end = message.bytes.data() + message.bytes.size();
            first = first == nullptr || message.bytes.data() < first ? message.bytes.data() : first;
            last = last == nullptr || end > last ? end : last;
            REQUIRE(last - first <= 120);  // a lane's ring, but for a header
            std::uint64_t sum = 0;
            for (const std::byte byte : message.bytes) sum += static_cast<std::uint64_t>(byte);
            REQUIRE(sum <= 255 * 120);
            if (random() % 2 == 0) in->release();
            break;
          }
          case 4: {
            if (!out.ok()) break;
            const auto said = out->push(bytes_of("waits"), 1);
            errors += said.ok() ? 0U : 1U;
            break;
          }
          default: {
            if (random() % 8 != 0) break;
            out = errc::busy;  // detached, and attached again
            out = shm_sender::attach(name);
            in = errc::busy;
            in = shm_receiver::attach(name);
            for (int lane = 0; lane < 2; ++lane) least[lane] = most[lane] = nullptr;
          }
        }
      }
    }
    CHECK(messages > 1'000);
    CHECK(errors > 1'000);
  }
}

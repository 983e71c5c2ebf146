// SPDX-License-Identifier: Apache-2.0
// tests/c_api/channel_test.cpp -- a channel's two sides through the C ABI: what it adds, and every misuse.
#include "c_api/c_api_support.hpp"
#include "support/child_process.hpp"
#include "support/shm_names.hpp"
#include "support/threads.hpp"

#include <array>
#include <string>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

TEST_SUITE("c_api") {
namespace {
using namespace c_api_support;

constexpr std::uint64_t one_minute_ns = 60'000'000'000U;

using support::shm_name;

atlas_channel_options of_shape(std::uint32_t lanes, std::uint64_t lane_bytes) {
  atlas_channel_options options = ATLAS_CHANNEL_OPTIONS_INIT;
  options.lanes = lanes;
  options.lane_bytes = lane_bytes;
  return options;
}
channel_receiver_handle receiver_of(const shm_name& name, const atlas_channel_options& options) {
  atlas_channel_receiver* made = nullptr;
  REQUIRE(atlas_channel_receiver_create(&made, name.text().c_str(), &options) == ATLAS_OK);
  return channel_receiver_handle(made);
}
channel_sender_handle sender_to(const shm_name& name) {
  atlas_channel_sender* made = nullptr;
  REQUIRE(atlas_channel_sender_attach(&made, name.text().c_str(), nullptr) == ATLAS_OK);
  return channel_sender_handle(made);
}
atlas_status send(std::uint64_t& accepted, atlas_channel_sender* to, const std::vector<std::string>& texts,
                  std::uint64_t timeout_ns = ATLAS_NO_WAIT) {
  std::string bytes;
  std::vector<std::uint64_t> offsets{0};
  for (const std::string& one : texts) offsets.push_back((bytes += one).size());
  return atlas_channel_sender_push_n(&accepted, to, bytes.data(), bytes.size(), offsets.data(), texts.size(),
                                     timeout_ns);
}
void send(atlas_channel_sender* to, const std::vector<std::string>& texts) {
  std::uint64_t accepted = 0;
  REQUIRE(send(accepted, to, texts, one_minute_ns) == ATLAS_OK);
  REQUIRE(accepted == texts.size());
}
atlas_status take(std::vector<std::string>& texts, atlas_channel_receiver* from, std::size_t most = 1000,
                  std::size_t buffer_bytes = 1U << 16, std::uint64_t timeout_ns = ATLAS_NO_WAIT,
                  std::vector<std::uint32_t>* lanes = nullptr) {
  std::uint64_t count = 99;
  std::string buffer(buffer_bytes, '?');
  std::vector<std::uint64_t> offsets(most + 1);
  std::vector<std::uint32_t> of_each(most);
  const atlas_status status = atlas_channel_receiver_pop_n(&count, buffer.data(), offsets.data(), of_each.data(), from,
                                                           buffer_bytes, most, timeout_ns);
  REQUIRE(count <= most);
  texts.clear();
  for (std::size_t i = 0; i < count; ++i) texts.push_back(buffer.substr(offsets[i], offsets[i + 1] - offsets[i]));
  of_each.resize(count);
  if (lanes != nullptr) *lanes = of_each;
  return status;
}
std::string text_of(const atlas_channel_message& message) {
  return {static_cast<const char*>(message.bytes), message.size_bytes};
}
std::vector<std::string> numbered(int first, int end) {
  std::vector<std::string> made;
  for (int i = first; i < end; ++i) made.push_back(std::to_string(i));
  return made;
}
/// Someone else who may write to the segment.
template <class Number>
void scribble(const shm_name& name, off_t at, Number number) {
  const int file = ::open(("/dev/shm/atlas." + name.text()).c_str(), O_RDWR | O_CLOEXEC);
  REQUIRE(file >= 0);
  CHECK(::pwrite(file, &number, sizeof number, at) == static_cast<ssize_t>(sizeof number));
  ::close(file);
}

}  // namespace

  TEST_CASE("channel: options, names and shapes that cannot be are refused, by name; 0 means the default") {
    const shm_name name;
    const auto refused = [&](const atlas_channel_options& options, atlas_status want, const char* says) {
      atlas_channel_receiver* made = nullptr;
      CHECK(atlas_channel_receiver_create(&made, name.text().c_str(), &options) == want);
      CHECK(made == nullptr);
      CHECK(last_error_says(says));
    };
    refused(of_shape(1025, 64), ATLAS_ERR_LIMIT_EXCEEDED, "channel.lanes: expected 1024, found 1025");
    refused(of_shape(1, 63), ATLAS_ERR_INVALID_ARGUMENT, "channel.lane_bytes: expected at least 64, found 63");
    atlas_channel_options options = ATLAS_CHANNEL_OPTIONS_INIT;
    options.permissions = 01000;
    refused(options, ATLAS_ERR_INVALID_ARGUMENT, "channel.permissions: expected at most 511, found 512");
    options = ATLAS_CHANNEL_OPTIONS_INIT;
    options.may_exist = 2;
    refused(options, ATLAS_ERR_INVALID_ARGUMENT, "may_exist: expected 0 or 1, found 2");
    options = ATLAS_CHANNEL_OPTIONS_INIT;
    options.folder = "/dev/shm/no/such/folder";
    refused(options, ATLAS_ERR_FILE_NOT_FOUND, name.text().c_str());
    check_struct_size(of_shape(1, 64), [&](const atlas_channel_options* given) {
      atlas_channel_receiver* made = nullptr;
      const atlas_status status = atlas_channel_receiver_create(&made, name.text().c_str(), given);
      atlas_channel_receiver_free(made);
      if (made != nullptr) CHECK(atlas_channel_remove(name.text().c_str(), nullptr) == ATLAS_OK);
      return status;
    });
    for (const char* const wrong : {"", "a/b", "..\n", "\xFF"}) {
      atlas_channel_receiver* made = nullptr;
      atlas_channel_sender* out = nullptr;
      CHECK(atlas_channel_receiver_create(&made, wrong, nullptr) == ATLAS_ERR_INVALID_ARGUMENT);
      CHECK(atlas_channel_receiver_attach(&made, wrong, nullptr) == ATLAS_ERR_INVALID_ARGUMENT);
      CHECK(atlas_channel_sender_attach(&out, wrong, nullptr) == ATLAS_ERR_INVALID_ARGUMENT);
      CHECK(atlas_channel_remove(wrong, nullptr) == ATLAS_ERR_INVALID_ARGUMENT);
    }

    atlas_channel_receiver* made = nullptr;
    REQUIRE(atlas_channel_receiver_create(&made, name.text().c_str(), nullptr) == ATLAS_OK);
    const channel_receiver_handle in(made);
    longer<atlas_channel_receiver_info> info;
    std::memset(static_cast<void*>(&info), 0xFF, sizeof info);
    info.known.struct_size = static_cast<std::uint32_t>(sizeof info);
    REQUIRE(atlas_channel_receiver_describe(&info.known, in.get()) == ATLAS_OK);
    CHECK(info.known.lanes == 8);
    CHECK(info.known.lane_bytes == 1U << 20);
    CHECK(info.known.senders == 0);
    CHECK(info.unknown[1] == 0);
    struct stat facts;
    REQUIRE(::stat(("/dev/shm/atlas." + name.text()).c_str(), &facts) == 0);
    CHECK((facts.st_mode & 0777U) == 0600U);
    const channel_sender_handle out = sender_to(name);
    atlas_channel_sender_info of_sender = ATLAS_CHANNEL_SENDER_INFO_INIT;
    REQUIRE(atlas_channel_sender_describe(&of_sender, out.get()) == ATLAS_OK);
    CHECK(of_sender.longest_message == (1U << 19) - 8);
    CHECK(of_sender.has_receiver == 1);
    CHECK(of_sender.is_closed == 0);
    of_sender.struct_size = 23;
    CHECK(atlas_channel_sender_describe(&of_sender, out.get()) == ATLAS_ERR_INVALID_ARGUMENT);
  }

  TEST_CASE("channel: who has the name, the place or the lanes is told apart") {
    const shm_name name;
    const char* const text = name.text().c_str();
    atlas_channel_receiver* other = nullptr;
    atlas_channel_sender* sender = nullptr;
    CHECK(atlas_channel_receiver_attach(&other, text, nullptr) == ATLAS_ERR_FILE_NOT_FOUND);
    CHECK(atlas_channel_sender_attach(&sender, text, nullptr) == ATLAS_ERR_FILE_NOT_FOUND);
    CHECK(atlas_channel_remove(text, nullptr) == ATLAS_ERR_FILE_NOT_FOUND);
    channel_receiver_handle in = receiver_of(name, of_shape(1, 128));
    CHECK(atlas_channel_receiver_create(&other, text, nullptr) == ATLAS_ERR_ALREADY_EXISTS);
    CHECK(last_error_says((name.text() + ": exists already: name: expected a free name").c_str()));
    CHECK(atlas_channel_receiver_attach(&other, text, nullptr) == ATLAS_ERR_BUSY);
    const channel_sender_handle out = sender_to(name);
    CHECK(atlas_channel_sender_attach(&sender, text, nullptr) == ATLAS_ERR_BUSY);
    CHECK(last_error_says("in use: channel.lanes"));
    CHECK(std::string(atlas_status_name(ATLAS_ERR_BUSY)) == "in use");
    CHECK(std::string(atlas_status_name(ATLAS_ERR_ALREADY_EXISTS)) == "exists already");
    in.reset();
    atlas_channel_sender_info info = ATLAS_CHANNEL_SENDER_INFO_INIT;
    REQUIRE(atlas_channel_sender_describe(&info, out.get()) == ATLAS_OK);
    CHECK(info.has_receiver == 0);
    atlas_channel_options options = of_shape(1, 128);
    options.may_exist = 1;
    in = receiver_of(name, options);
    options.lanes = 2;
    CHECK(atlas_channel_receiver_create(&other, text, &options) == ATLAS_ERR_ALREADY_EXISTS);
    CHECK(other == nullptr);
    CHECK(sender == nullptr);
    CHECK(atlas_channel_remove(text, "/dev/shm") == ATLAS_OK);
  }

  TEST_CASE("channel: messages come out as they went in, in batches larger than a block, with their lanes") {
    const shm_name name;
    const channel_receiver_handle in = receiver_of(name, of_shape(2, 1U << 16));
    const channel_sender_handle first = sender_to(name);
    const channel_sender_handle second = sender_to(name);
    std::vector<std::string> sent;
    for (const std::size_t size : {0U, 1U, 7U, 8U, 9U, 100U, 5000U, 0U}) {
      sent.emplace_back(size, static_cast<char>('a' + size % 26));
    }
    for (const std::string& one : numbered(0, 200)) sent.push_back(one);
    send(first.get(), sent);
    std::vector<std::string> all;
    std::vector<std::string> some;
    while (take(some, in.get(), 7) == ATLAS_OK) all.insert(all.end(), some.begin(), some.end());
    CHECK(all == sent);
    send(second.get(), {"of the second"});
    std::vector<std::uint32_t> lanes;
    REQUIRE(take(some, in.get(), 9, 100, ATLAS_NO_WAIT, &lanes) == ATLAS_OK);
    CHECK(some == std::vector<std::string>{"of the second"});
    CHECK(lanes == std::vector<std::uint32_t>{1});
    CHECK(take(some, in.get(), 0) == ATLAS_OK);
    CHECK(take(some, in.get()) == ATLAS_ERR_TIMED_OUT);
    CHECK(take(some, in.get(), 1, 100, 1'000'000) == ATLAS_ERR_TIMED_OUT);
  }

  TEST_CASE("channel: a message longer than the buffer stays and says its size; what was copied does not come again") {
    const shm_name name;
    channel_receiver_handle in = receiver_of(name, of_shape(1, 4096));
    const channel_sender_handle out = sender_to(name);
    send(out.get(), {"abc", "defgh", "i"});
    std::vector<std::string> some;
    REQUIRE(take(some, in.get(), 10, 7) == ATLAS_OK);
    CHECK(some == std::vector<std::string>{"abc"});
    in.reset();  // what the pop left is there for whoever takes over, and no more
    atlas_channel_receiver* made = nullptr;
    REQUIRE(atlas_channel_receiver_attach(&made, name.text().c_str(), nullptr) == ATLAS_OK);
    in.reset(made);
    for (const std::uint64_t timeout_ns : {ATLAS_NO_WAIT, one_minute_ns, ATLAS_WAIT_FOREVER}) {
      std::uint64_t count = 9;
      char buffer[4] = {};
      std::uint64_t offsets[3] = {8, 8, 8};
      CHECK(atlas_channel_receiver_pop_n(&count, buffer, offsets, nullptr, made, 4, 2, timeout_ns) ==
            ATLAS_ERR_LIMIT_EXCEEDED);
      CHECK(last_error_says("message bytes: expected a buffer_bytes of at least its, found 5"));
      CHECK(count == 0);
      CHECK(offsets[0] == 0);
      CHECK(offsets[1] == 5);
      CHECK(offsets[2] == 8);
    }
    REQUIRE(take(some, made, 10, 6) == ATLAS_OK);
    CHECK(some == std::vector<std::string>{"defgh", "i"});
  }

  TEST_CASE("channel: peeked messages lie in the segment until they are released; pop_n refuses until then") {
    const shm_name name;
    channel_receiver_handle in = receiver_of(name, of_shape(1, 256));
    const channel_sender_handle out = sender_to(name);
    send(out.get(), numbered(0, 15));  // 16 bytes each, of 248
    std::uint64_t accepted = 9;
    CHECK(send(accepted, out.get(), {"x"}) == ATLAS_ERR_TIMED_OUT);
    std::array<atlas_channel_message, 20> found{};
    std::uint64_t count = 0;
    REQUIRE(atlas_channel_receiver_peek_n(&count, found.data(), in.get(), 4, ATLAS_NO_WAIT) == ATLAS_OK);
    CHECK(count == 4);
    REQUIRE(atlas_channel_receiver_peek_n(&count, found.data() + 4, in.get(), 16, one_minute_ns) == ATLAS_OK);
    CHECK(count == 11);
    for (std::size_t i = 0; i < 15; ++i) {
      CHECK(text_of(found[i]) == std::to_string(i));
      CHECK(reinterpret_cast<std::uintptr_t>(found[i].bytes) % 8 == 0);
      CHECK(found[i].lane == 0);
      CHECK(found[i].reserved == 0);
    }
    CHECK(atlas_channel_receiver_peek_n(&count, found.data(), in.get(), 4, ATLAS_NO_WAIT) == ATLAS_ERR_TIMED_OUT);
    CHECK(count == 0);
    CHECK(send(accepted, out.get(), {"x"}) == ATLAS_ERR_TIMED_OUT);  // they have their room still
    std::vector<std::string> some;
    CHECK(take(some, in.get()) == ATLAS_ERR_BUSY);
    CHECK(last_error_says("receiver: expected released messages, found some of peek_n"));
    in.reset();  // never released: they come again
    atlas_channel_receiver* made = nullptr;
    REQUIRE(atlas_channel_receiver_attach(&made, name.text().c_str(), nullptr) == ATLAS_OK);
    in.reset(made);
    REQUIRE(atlas_channel_receiver_peek_n(&count, found.data(), made, 3, ATLAS_NO_WAIT) == ATLAS_OK);
    CHECK(text_of(found[2]) == "2");
    REQUIRE(atlas_channel_receiver_release(made) == ATLAS_OK);
    CHECK(send(accepted, out.get(), {"x", "y", "z", "0"}) == ATLAS_ERR_TIMED_OUT);
    CHECK(accepted == 3);
    CHECK(atlas_last_error_row() == 3);
    REQUIRE(take(some, made) == ATLAS_OK);
    CHECK(some.size() == 15);
    CHECK(some.back() == "z");
    CHECK(atlas_channel_receiver_peek_n(&count, nullptr, made, 0, ATLAS_NO_WAIT) == ATLAS_OK);
  }

  TEST_CASE("channel: claim and commit in place; every misuse is refused and nothing happens") {
    const shm_name name;
    const channel_receiver_handle in = receiver_of(name, of_shape(1, 256));
    const channel_sender_handle out = sender_to(name);
    const auto refused = [&](std::size_t size, const char* says) {
      CHECK(atlas_channel_sender_commit(out.get(), size) == ATLAS_ERR_INVALID_ARGUMENT);
      CHECK(last_error_says(says));
    };
    refused(0, "sender: expected one that has claimed");
    CHECK(atlas_channel_sender_abort(out.get()) == ATLAS_OK);
    void* room = nullptr;
    CHECK(atlas_channel_sender_claim(&room, out.get(), 121, ATLAS_WAIT_FOREVER) == ATLAS_ERR_LIMIT_EXCEEDED);
    CHECK(last_error_says("message.size_bytes: expected 120, found 121"));
    CHECK(room == nullptr);
    REQUIRE(atlas_channel_sender_claim(&room, out.get(), 120, ATLAS_NO_WAIT) == ATLAS_OK);
    std::memcpy(room, "in place", 8);
    refused(121, "size_bytes: expected at most 120, found 121");
    refused(~std::size_t{0}, "size_bytes: expected at most 120");
    REQUIRE(atlas_channel_sender_commit(out.get(), 8) == ATLAS_OK);
    refused(8, "one that has claimed");
    REQUIRE(atlas_channel_sender_claim(&room, out.get(), 1, ATLAS_NO_WAIT) == ATLAS_OK);
    REQUIRE(atlas_channel_sender_abort(out.get()) == ATLAS_OK);
    refused(1, "one that has claimed");
    REQUIRE(atlas_channel_sender_claim(&room, out.get(), 1, ATLAS_NO_WAIT) == ATLAS_OK);
    send(out.get(), {"pushed"});
    refused(1, "one that has claimed");  // the push gave it up
    REQUIRE(atlas_channel_sender_claim(&room, out.get(), 1, ATLAS_NO_WAIT) == ATLAS_OK);
    CHECK(atlas_channel_sender_claim(&room, out.get(), 121, ATLAS_NO_WAIT) == ATLAS_ERR_LIMIT_EXCEEDED);
    refused(1, "one that has claimed");  // so does a claim that fails
    REQUIRE(atlas_channel_sender_claim(&room, out.get(), 0, ATLAS_NO_WAIT) == ATLAS_OK);
    CHECK(room != nullptr);
    REQUIRE(atlas_channel_sender_commit(out.get(), 0) == ATLAS_OK);
    std::vector<std::string> some;
    REQUIRE(take(some, in.get()) == ATLAS_OK);
    CHECK(some == std::vector<std::string>{"in place", "pushed", ""});
    std::uint64_t accepted = 0;
    while (send(accepted, out.get(), {"12345678"}) == ATLAS_OK) {
    }
    CHECK(atlas_channel_sender_claim(&room, out.get(), 8, ATLAS_NO_WAIT) == ATLAS_ERR_TIMED_OUT);
    CHECK(atlas_channel_sender_claim(&room, out.get(), 8, 1'000'000) == ATLAS_ERR_TIMED_OUT);
    CHECK(send(accepted, out.get(), {"12345678"}, 1'000'000) == ATLAS_ERR_TIMED_OUT);
    CHECK(atlas_last_error_row() == 0);
  }

  TEST_CASE("channel: hostile offsets and messages too long push nothing, and the row says which") {
    const shm_name name;
    const channel_receiver_handle in = receiver_of(name, of_shape(1, 64));
    const channel_sender_handle out = sender_to(name);
    std::uint64_t accepted = 9;
    const auto refused = [&](std::vector<std::uint64_t> offsets, atlas_status want, std::uint64_t row,
                             const char* says) {
      CHECK(atlas_channel_sender_push_n(&accepted, out.get(), std::string(40, 'x').data(), 40, offsets.data(),
                                        offsets.size() - 1, ATLAS_NO_WAIT) == want);
      CHECK(accepted == 0);
      CHECK(atlas_last_error_row() == row);
      CHECK(last_error_says(says));
    };
    refused({0, 3, 2, 4}, ATLAS_ERR_INVALID_ARGUMENT, 1, "offsets: expected at least 3, found 2 (row 1)");
    refused({0, 3, 41}, ATLAS_ERR_INVALID_ARGUMENT, 1, "offsets: expected at most 40, found 41 (row 1)");
    refused({~std::uint64_t{0}, 1}, ATLAS_ERR_INVALID_ARGUMENT, 0, "offsets");
    refused({0, 1, 26}, ATLAS_ERR_LIMIT_EXCEEDED, 1, "message bytes: expected 24, found 25 (row 1)");
    std::vector<std::string> some;
    CHECK(take(some, in.get()) == ATLAS_ERR_TIMED_OUT);
  }

  TEST_CASE("channel: close by either side, also while the other waits; what was committed is received first") {
    for (const bool by_sender : {false, true}) {
      const shm_name name;
      const channel_receiver_handle in = receiver_of(name, of_shape(2, 128));
      const channel_sender_handle out = sender_to(name);
      const channel_sender_handle other = sender_to(name);
      send(out.get(), {"1", "2"});
      std::vector<std::string> some;
      support::together(2, [&](unsigned number) {
        if (number == 0) {
          std::uint64_t accepted = 0;
          while (send(accepted, other.get(), {"123456"}, ATLAS_WAIT_FOREVER) == ATLAS_OK) {
          }
          CHECK(last_error_says("closed"));
          return;
        }
        CHECK((by_sender ? atlas_channel_sender_close(out.get()) : atlas_channel_receiver_close(in.get())) == ATLAS_OK);
      });
      atlas_channel_receiver_info info = ATLAS_CHANNEL_RECEIVER_INFO_INIT;
      REQUIRE(atlas_channel_receiver_describe(&info, in.get()) == ATLAS_OK);
      CHECK(info.is_closed == 1);
      CHECK(info.senders == 2);
      std::uint64_t accepted = 9;
      CHECK(send(accepted, out.get(), {"3"}) == ATLAS_ERR_CLOSED);
      CHECK(accepted == 0);
      void* room = nullptr;
      CHECK(atlas_channel_sender_claim(&room, out.get(), 1, ATLAS_WAIT_FOREVER) == ATLAS_ERR_CLOSED);
      REQUIRE(take(some, in.get()) == ATLAS_OK);
      CHECK(some[0] == "1");
      CHECK(some[1] == "2");
      CHECK(take(some, in.get()) == ATLAS_ERR_CLOSED);
      CHECK(take(some, in.get(), 1, 9, ATLAS_WAIT_FOREVER) == ATLAS_ERR_CLOSED);
      atlas_channel_sender* late = nullptr;
      CHECK(atlas_channel_sender_attach(&late, name.text().c_str(), nullptr) == ATLAS_ERR_CLOSED);
    }
  }

  TEST_CASE("channel: the descriptor is readable when something came after an arm that found nothing") {
    const shm_name name;
    const channel_receiver_handle in = receiver_of(name, of_shape(1, 128));
    const channel_sender_handle out = sender_to(name);
    std::uint32_t is_ready = 9;
    CHECK(atlas_channel_receiver_event_arm(&is_ready, in.get()) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(last_error_says("receiver: expected one with a descriptor"));
    std::int32_t descriptor = -1;
    std::int32_t again = -1;
    REQUIRE(atlas_channel_receiver_event_fd(&descriptor, in.get()) == ATLAS_OK);
    REQUIRE(atlas_channel_receiver_event_fd(&again, in.get()) == ATLAS_OK);
    CHECK(descriptor == again);
    const auto is_readable = [&](int wait_ms) {
      pollfd one{descriptor, POLLIN, 0};
      return ::poll(&one, 1, wait_ms) == 1;
    };
    std::vector<std::string> some;
    for (int round = 0; round < 5; ++round) {
      REQUIRE(atlas_channel_receiver_event_arm(&is_ready, in.get()) == ATLAS_OK);
      CHECK(is_ready == 0);
      CHECK_FALSE(is_readable(0));
      send(out.get(), {"1", "2"});
      CHECK(is_readable(60'000));
      REQUIRE(take(some, in.get(), 1) == ATLAS_OK);
      REQUIRE(atlas_channel_receiver_event_arm(&is_ready, in.get()) == ATLAS_OK);
      CHECK(is_ready == 1);
      REQUIRE(take(some, in.get(), 9) == ATLAS_OK);
    }
    REQUIRE(atlas_channel_receiver_event_arm(nullptr, in.get()) == ATLAS_OK);
    REQUIRE(atlas_channel_sender_close(out.get()) == ATLAS_OK);
    CHECK(is_readable(60'000));
    REQUIRE(atlas_channel_receiver_event_arm(&is_ready, in.get()) == ATLAS_OK);
    CHECK(is_ready == 1);
  }

  TEST_CASE("channel: a damaged lane is told once, by its number, behind what was found before; the others go on") {
    for (const bool pops : {false, true}) {
      const shm_name name;
      const channel_receiver_handle in = receiver_of(name, of_shape(2, 128));
      const channel_sender_handle first = sender_to(name);
      const channel_sender_handle second = sender_to(name);
      std::int32_t descriptor = -1;
      REQUIRE(atlas_channel_receiver_event_fd(&descriptor, in.get()) == ATLAS_OK);
      send(first.get(), {"1", "2"});
      send(second.get(), {"lost", "lost"});
      scribble(name, 4096 + 4096 + 128, std::uint64_t{4000});  // the length of the second lane's first record
      std::vector<std::string> some;
      std::array<atlas_channel_message, 9> found{};
      std::uint64_t count = 0;
      const auto receive = [&]() -> atlas_status {
        if (pops) return take(some, in.get());
        const atlas_status status = atlas_channel_receiver_peek_n(&count, found.data(), in.get(), 9, ATLAS_NO_WAIT);
        some.clear();
        for (std::size_t i = 0; i < count; ++i) some.push_back(text_of(found[i]));
        return status;
      };
      REQUIRE(receive() == ATLAS_OK);
      CHECK(some == std::vector<std::string>{"1", "2"});
      std::uint32_t is_ready = 0;
      REQUIRE(atlas_channel_receiver_event_arm(&is_ready, in.get()) == ATLAS_OK);
      CHECK(is_ready == 1);  // the damage is yet to be told
      CHECK(receive() == ATLAS_ERR_CORRUPT_FILE);
      CHECK(some.empty());
      CHECK(atlas_last_error_row() == 1);
      CHECK(receive() == ATLAS_ERR_TIMED_OUT);
      send(first.get(), {"3"});
      REQUIRE(receive() == ATLAS_OK);
      CHECK(some == std::vector<std::string>{"3"});
    }
    const shm_name name;
    const channel_receiver_handle in = receiver_of(name, of_shape(1, 128));
    scribble(name, 8, std::uint32_t{2});
    atlas_channel_sender* out = nullptr;
    CHECK(atlas_channel_sender_attach(&out, name.text().c_str(), nullptr) == ATLAS_ERR_UNSUPPORTED_VERSION);
    scribble(name, 0, std::uint64_t{2});
    CHECK(atlas_channel_sender_attach(&out, name.text().c_str(), nullptr) == ATLAS_ERR_NOT_ATLAS_FILE);
  }

  TEST_CASE("channel: a forked child is refused, ends its copies without harm, and attaches by itself") {
    const shm_name name;
    const channel_receiver_handle in = receiver_of(name, of_shape(2, 256));
    channel_sender_handle out = sender_to(name);
    void* room = nullptr;
    REQUIRE(atlas_channel_sender_claim(&room, out.get(), 8, ATLAS_NO_WAIT) == ATLAS_OK);
    std::memcpy(room, "parent's", 8);
    CHECK(support::in_child([&] {
            std::uint64_t count = 0;
            std::uint64_t offsets[2] = {0, 0};
            atlas_channel_message message;
            atlas_channel_receiver_info info = ATLAS_CHANNEL_RECEIVER_INFO_INIT;
            std::int32_t descriptor = 0;
            if (atlas_channel_sender_commit(out.get(), 1) != ATLAS_ERR_BUSY) return 1;
            if (atlas_channel_sender_push_n(&count, out.get(), "", 0, offsets, 1, 0) != ATLAS_ERR_BUSY) return 2;
            if (atlas_channel_sender_claim(&room, out.get(), 1, ATLAS_NO_WAIT) != ATLAS_ERR_BUSY) return 3;
            if (atlas_channel_sender_abort(out.get()) != ATLAS_ERR_BUSY) return 4;
            if (atlas_channel_receiver_peek_n(&count, &message, in.get(), 1, ATLAS_NO_WAIT) != ATLAS_ERR_BUSY) return 5;
            if (atlas_channel_receiver_pop_n(&count, nullptr, offsets, nullptr, in.get(), 0, 1, 0) != ATLAS_ERR_BUSY) {
              return 6;
            }
            if (atlas_channel_receiver_release(in.get()) != ATLAS_ERR_BUSY) return 7;
            if (atlas_channel_receiver_describe(&info, in.get()) != ATLAS_ERR_BUSY) return 8;
            if (atlas_channel_receiver_event_fd(&descriptor, in.get()) != ATLAS_ERR_BUSY) return 9;
            out.reset();
            atlas_channel_sender* own = nullptr;
            if (atlas_channel_sender_attach(&own, name.text().c_str(), nullptr) != ATLAS_OK) return 10;
            const std::uint64_t whole[2] = {0, 5};
            if (atlas_channel_sender_push_n(&count, own, "child", 5, whole, 1, ATLAS_NO_WAIT) != ATLAS_OK) return 11;
            return 0;
          }).code == 0);
    REQUIRE(atlas_channel_sender_commit(out.get(), 8) == ATLAS_OK);
    std::vector<std::string> some;
    REQUIRE(take(some, in.get(), 9, 99, one_minute_ns) == ATLAS_OK);
    CHECK(some == std::vector<std::string>{"parent's", "child"});
  }
}

// SPDX-License-Identifier: Apache-2.0
// tests/c_api/queue_test.cpp -- messages in and out in batches, bounded in bytes, coalesced, dropped and counted.
#include "c_api/c_api_support.hpp"
#include "support/child_process.hpp"
#include "support/threads.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>

TEST_SUITE("c_api") {
namespace {
using namespace c_api_support;

using note = std::pair<std::uint64_t, std::string>;  // key and bytes
constexpr std::uint64_t one_minute = 60'000'000'000U;

queue_handle queue_of(const atlas_queue_options& options) {
  atlas_queue* made = nullptr;
  REQUIRE(atlas_queue_create(&made, &options) == ATLAS_OK);
  return queue_handle(made);
}
queue_handle queue_of(std::uint64_t messages, std::uint64_t bytes, std::int32_t overflow = ATLAS_OVERFLOW_BLOCK,
                      std::int32_t otherwise = ATLAS_OVERFLOW_BLOCK, std::int32_t coalesce = ATLAS_COALESCE_REPLACE) {
  return queue_of({sizeof(atlas_queue_options), overflow, otherwise, coalesce, messages, bytes});
}

struct batch {
  std::string bytes;
  std::vector<std::uint64_t> offsets{0};
  std::vector<std::uint64_t> keys;
};
batch batch_of(const std::vector<note>& notes) {
  batch made;
  for (const auto& [key, bytes] : notes) {
    made.bytes += bytes;
    made.offsets.push_back(made.bytes.size());
    made.keys.push_back(key);
  }
  return made;
}
atlas_status push(std::uint64_t& accepted, atlas_queue* queue, const std::vector<note>& notes,
                  std::uint64_t timeout_ns = ATLAS_NO_WAIT) {
  const batch all = batch_of(notes);
  return atlas_queue_push_n(&accepted, queue, all.bytes.data(), all.bytes.size(), all.offsets.data(), all.keys.data(),
                            notes.size(), timeout_ns);
}
atlas_status pop(std::vector<note>& notes, atlas_queue* queue, std::size_t most, std::size_t buffer_bytes = 1U << 16,
                 std::uint64_t timeout_ns = ATLAS_NO_WAIT) {
  std::uint64_t count = 99;
  std::string buffer(buffer_bytes, '?');
  std::vector<std::uint64_t> offsets(most + 1);
  std::vector<std::uint64_t> keys(most);
  const atlas_status status =
      atlas_queue_pop_n(&count, buffer.data(), offsets.data(), keys.data(), queue, buffer_bytes, most, timeout_ns);
  REQUIRE(count <= most);
  notes.clear();
  for (std::size_t i = 0; i < count; ++i) {
    REQUIRE(offsets[i] <= offsets[i + 1]);
    REQUIRE(offsets[i + 1] <= buffer_bytes);
    notes.emplace_back(keys[i], buffer.substr(offsets[i], offsets[i + 1] - offsets[i]));
  }
  return status;
}
atlas_queue_info info_of(const atlas_queue* queue) {
  atlas_queue_info info = ATLAS_QUEUE_INFO_INIT;
  REQUIRE(atlas_queue_describe(&info, queue) == ATLAS_OK);
  REQUIRE(info.pushed == info.popped + info.waiting + info.dropped_newest + info.dropped_oldest + info.coalesced);
  return info;
}

}  // namespace

  TEST_CASE("queue: messages of any size come out as they went in, in their order and with their keys") {
    const queue_handle queue = queue_of(200, 0);
    std::vector<note> notes;
    for (const std::size_t size : {0U, 1U, 71U, 72U, 73U, 200U, 255U, 256U, 5000U, 100'000U, 0U}) {
      notes.emplace_back(~std::uint64_t{0} - size, std::string(size, static_cast<char>('a' + size % 26)));
    }
    for (int i = 0; i < 100; ++i) notes.emplace_back(0, std::to_string(i));  // more than one block
    std::uint64_t accepted = 0;
    REQUIRE(push(accepted, queue.get(), notes) == ATLAS_OK);
    CHECK(accepted == notes.size());
    std::uint64_t size = 0;
    REQUIRE(atlas_queue_size(&size, queue.get()) == ATLAS_OK);
    CHECK(size == notes.size());
    std::vector<note> all;
    std::vector<note> some;
    while (pop(some, queue.get(), 7, 1U << 17) == ATLAS_OK) all.insert(all.end(), some.begin(), some.end());
    CHECK(all == notes);
    const atlas_queue_info info = info_of(queue.get());
    CHECK(info.popped == notes.size());
    CHECK(info.waiting_bytes == 0);
    CHECK(info.capacity_messages == 200);
    CHECK(info.capacity_bytes == std::uint64_t{1} << 62);
  }

  TEST_CASE("queue: what it may not do is refused, by name") {
    const auto refused = [](std::int32_t overflow, std::int32_t otherwise, std::int32_t coalesce,
                            std::uint64_t messages, std::uint64_t bytes, const char* says) {
      const atlas_queue_options options = {sizeof(atlas_queue_options), overflow, otherwise, coalesce, messages, bytes};
      atlas_queue* made = nullptr;
      const atlas_status status = atlas_queue_create(&made, &options);
      CHECK(status != ATLAS_OK);
      CHECK(made == nullptr);
      CHECK(last_error_says(says));
    };
    refused(5, 0, 0, 0, 0, "overflow: expected one of ATLAS_OVERFLOW_, found 5");
    refused(-1, 0, 0, 0, 0, "overflow: expected one of ATLAS_OVERFLOW_, found a negative number");
    refused(ATLAS_OVERFLOW_COALESCE, 9, 0, 0, 0, "otherwise: expected one of ATLAS_OVERFLOW_");
    refused(ATLAS_OVERFLOW_COALESCE, ATLAS_OVERFLOW_COALESCE, 0, 0, 0, "a policy other than coalesce");
    refused(ATLAS_OVERFLOW_BLOCK, ATLAS_OVERFLOW_ERROR, 0, 0, 0, "as it is asked under coalesce alone");
    refused(ATLAS_OVERFLOW_COALESCE, 0, 2, 0, 0, "coalesce: expected one of ATLAS_COALESCE_, found 2");
    refused(ATLAS_OVERFLOW_BLOCK, 0, ATLAS_COALESCE_APPEND, 0, 9, "as it is asked under ATLAS_OVERFLOW_COALESCE alone");
    refused(ATLAS_OVERFLOW_COALESCE, 0, ATLAS_COALESCE_APPEND, 0, 0, "capacity_bytes: expected a bound");
    refused(0, 0, 0, (std::uint64_t{1} << 32) + 1, 0, "limit exceeded: queue.capacity");
    refused(0, 0, 0, 0, (std::uint64_t{1} << 62) + 1, "limit exceeded: queue.capacity_weight");
    check_struct_size(atlas_queue_options ATLAS_QUEUE_OPTIONS_INIT, [](const atlas_queue_options* given) {
      atlas_queue* made = nullptr;
      const atlas_status status = atlas_queue_create(&made, given);
      atlas_queue_free(made);
      return status;
    });
    const queue_handle queue = queue_of(1, 0);
    longer<atlas_queue_info> info;
    std::memset(static_cast<void*>(&info), 0xFF, sizeof info);
    info.known.struct_size = static_cast<std::uint32_t>(sizeof info);
    REQUIRE(atlas_queue_describe(&info.known, queue.get()) == ATLAS_OK);
    CHECK(info.known.capacity_messages == 1);
    CHECK(info.unknown[1] == 0);
    info.known.struct_size = static_cast<std::uint32_t>(sizeof(atlas_queue_info)) - 1;
    CHECK(atlas_queue_describe(&info.known, queue.get()) == ATLAS_ERR_INVALID_ARGUMENT);
  }

  TEST_CASE("queue: hostile offsets push nothing, and the row says which") {
    const queue_handle queue = queue_of(10, 6);
    std::uint64_t accepted = 9;
    const auto refused = [&](std::vector<std::uint64_t> offsets, atlas_status want, std::uint64_t row,
                             const char* says) {
      CHECK(atlas_queue_push_n(&accepted, queue.get(), "abcdefgh", 8, offsets.data(), nullptr, offsets.size() - 1,
                               ATLAS_NO_WAIT) == want);
      CHECK(accepted == 0);
      CHECK(atlas_last_error_row() == row);
      CHECK(last_error_says(says));
    };
    refused({0, 3, 2, 4}, ATLAS_ERR_INVALID_ARGUMENT, 1, "offsets: expected at least 3, found 2 (row 1)");
    refused({0, 3, 9}, ATLAS_ERR_INVALID_ARGUMENT, 1, "offsets: expected at most 8, found 9 (row 1)");
    refused({~std::uint64_t{0}, 1}, ATLAS_ERR_INVALID_ARGUMENT, 0, "offsets");
    refused({9, 9}, ATLAS_ERR_INVALID_ARGUMENT, 0, "offsets: expected at most 8, found 9");
    refused({0, 1, 8}, ATLAS_ERR_LIMIT_EXCEEDED, 1, "message bytes: expected 6, found 7 (row 1)");
    CHECK(info_of(queue.get()).pushed == 0);
    const std::uint64_t inner[3] = {2, 4, 7};  // a part of the buffer
    REQUIRE(atlas_queue_push_n(&accepted, queue.get(), "abcdefgh", 8, inner, nullptr, 2, ATLAS_NO_WAIT) == ATLAS_OK);
    std::vector<note> notes;
    REQUIRE(pop(notes, queue.get(), 9) == ATLAS_OK);
    CHECK(notes == std::vector<note>{{0, "cd"}, {0, "efg"}});
  }

  TEST_CASE("queue: a message longer than the buffer stays and says its size; what fits is given first") {
    const queue_handle queue = queue_of(10, 0);
    std::uint64_t accepted = 0;
    REQUIRE(push(accepted, queue.get(), {{1, "abc"}, {2, "defgh"}, {3, "i"}}) == ATLAS_OK);
    std::vector<note> notes;
    REQUIRE(pop(notes, queue.get(), 10, 7) == ATLAS_OK);
    CHECK(notes == std::vector<note>{{1, "abc"}});
    for (const std::uint64_t timeout : {ATLAS_NO_WAIT, one_minute, ATLAS_WAIT_FOREVER}) {
      std::uint64_t count = 9;
      char buffer[4] = {};
      std::uint64_t offsets[3] = {8, 8, 8};
      CHECK(atlas_queue_pop_n(&count, buffer, offsets, nullptr, queue.get(), 4, 2, timeout) ==
            ATLAS_ERR_LIMIT_EXCEEDED);
      CHECK(last_error_says("message bytes: expected a buffer_bytes of at least its, found 5"));
      CHECK(count == 0);
      CHECK(offsets[0] == 0);
      CHECK(offsets[1] == 5);
      CHECK(buffer[0] == 0);
    }
    CHECK(info_of(queue.get()).waiting == 2);
    REQUIRE(pop(notes, queue.get(), 10, 6) == ATLAS_OK);
    CHECK(notes == std::vector<note>{{2, "defgh"}, {3, "i"}});
    CHECK(pop(notes, queue.get(), 0) == ATLAS_OK);
    CHECK(pop(notes, queue.get(), 1) == ATLAS_ERR_TIMED_OUT);
    std::uint64_t count = 0;
    std::uint64_t offset = 0;
    CHECK(atlas_queue_pop_n(&count, nullptr, &offset, nullptr, queue.get(), 0, SIZE_MAX, 0) ==
          ATLAS_ERR_LIMIT_EXCEEDED);
    REQUIRE(push(accepted, queue.get(), {{0, ""}}) == ATLAS_OK);  // needs no byte of a buffer
    CHECK(pop(notes, queue.get(), 1, 0) == ATLAS_OK);
    CHECK(notes == std::vector<note>{{0, ""}});
  }

  TEST_CASE("queue: timeouts, and the end: what was accepted is told, and close drains") {
    const queue_handle queue = queue_of(3, 4);
    std::uint64_t accepted = 0;
    CHECK(push(accepted, queue.get(), {{0, "aa"}, {0, "b"}, {0, "cc"}}) == ATLAS_ERR_TIMED_OUT);
    CHECK(accepted == 2);
    CHECK(atlas_last_error_row() == 2);
    CHECK(push(accepted, queue.get(), {{0, "cc"}}, 1'000'000) == ATLAS_ERR_TIMED_OUT);
    CHECK(accepted == 0);
    CHECK(info_of(queue.get()).waiting_bytes == 3);
    CHECK(info_of(queue.get()).refused == 0);
    std::uint32_t is_closed = 9;
    REQUIRE(atlas_queue_is_closed(&is_closed, queue.get()) == ATLAS_OK);
    CHECK(is_closed == 0);
    REQUIRE(atlas_queue_close(queue.get()) == ATLAS_OK);
    REQUIRE(atlas_queue_close(queue.get()) == ATLAS_OK);
    REQUIRE(atlas_queue_is_closed(&is_closed, queue.get()) == ATLAS_OK);
    CHECK(is_closed == 1);
    for (const std::uint64_t timeout : {ATLAS_NO_WAIT, one_minute, ATLAS_WAIT_FOREVER}) {
      accepted = 9;
      CHECK(push(accepted, queue.get(), {{0, "d"}}, timeout) == ATLAS_ERR_CLOSED);
      CHECK(accepted == 0);
    }
    std::vector<note> notes;
    REQUIRE(pop(notes, queue.get(), 9, 99, ATLAS_WAIT_FOREVER) == ATLAS_OK);
    CHECK(notes.size() == 2);
    for (const std::uint64_t timeout : {ATLAS_NO_WAIT, one_minute, ATLAS_WAIT_FOREVER}) {
      CHECK(pop(notes, queue.get(), 9, 99, timeout) == ATLAS_ERR_CLOSED);
    }
    CHECK(info_of(queue.get()).is_closed == 1);
  }

  TEST_CASE("queue: overflow error tells what was accepted and counts the rest, of every block") {
    const queue_handle queue = queue_of(40, 0, ATLAS_OVERFLOW_ERROR);
    std::uint64_t accepted = 0;
    for (const std::uint64_t timeout : {ATLAS_NO_WAIT, ATLAS_WAIT_FOREVER}) {
      const std::uint64_t before = info_of(queue.get()).refused;
      CHECK(push(accepted, queue.get(), std::vector<note>(100, note{1, "x"}), timeout) == ATLAS_ERR_LIMIT_EXCEEDED);
      CHECK(atlas_last_error_row() == accepted);
      CHECK(info_of(queue.get()).refused - before == 100 - accepted);
    }
    CHECK(info_of(queue.get()).waiting == 40);
  }

  TEST_CASE("queue: any sequence of calls under each policy does what a plain list does") {
    struct setting {
      std::int32_t overflow, otherwise, coalesce;
    };
    for (const setting& how : {setting{ATLAS_OVERFLOW_BLOCK, 0, 0}, setting{ATLAS_OVERFLOW_DROP_NEWEST, 0, 0},
                               setting{ATLAS_OVERFLOW_DROP_OLDEST, 0, 0}, setting{ATLAS_OVERFLOW_COALESCE, 0, 0},
                               setting{ATLAS_OVERFLOW_COALESCE, 0, 1},
                               setting{ATLAS_OVERFLOW_COALESCE, ATLAS_OVERFLOW_DROP_NEWEST, 1},
                               setting{ATLAS_OVERFLOW_COALESCE, ATLAS_OVERFLOW_DROP_OLDEST, 0},
                               setting{ATLAS_OVERFLOW_COALESCE, ATLAS_OVERFLOW_DROP_OLDEST, 1}}) {
      CAPTURE(how.overflow);
      CAPTURE(how.otherwise);
      CAPTURE(how.coalesce);
      constexpr std::size_t most_messages = 5;
      constexpr std::size_t most_bytes = 900;
      const queue_handle queue = queue_of(most_messages, most_bytes, how.overflow, how.otherwise, how.coalesce);
      const bool coalesces = how.overflow == ATLAS_OVERFLOW_COALESCE;
      const std::int32_t last = coalesces ? how.otherwise : how.overflow;
      std::deque<note> model;
      const auto bytes_of_model = [&] {
        std::size_t sum = 0;
        for (const note& one : model) sum += one.second.size();
        return sum;
      };
      const auto model_accepts = [&](const note& one) {
        for (;;) {
          const auto same = std::find_if(model.begin(), model.end(), [&](const note& waiting) {
            return coalesces && one.first != 0 && waiting.first == one.first;
          });
          if (same != model.end()) {
            const std::string merged = how.coalesce == ATLAS_COALESCE_APPEND ? same->second + one.second : one.second;
            if (bytes_of_model() - same->second.size() + merged.size() <= most_bytes) {
              same->second = merged;
              return true;
            }
          } else if (model.size() < most_messages && bytes_of_model() + one.second.size() <= most_bytes) {
            model.push_back(one);
            return true;
          }
          if (last != ATLAS_OVERFLOW_DROP_OLDEST) return last == ATLAS_OVERFLOW_DROP_NEWEST;
          model.pop_front();
        }
      };
      std::mt19937_64 random(static_cast<std::uint64_t>(how.overflow * 100 + how.otherwise * 10 + how.coalesce));
      for (int step = 0; step < 6000; ++step) {
        if (random() % 3 != 0) {
          std::vector<note> notes(random() % 4);
          for (note& one : notes) {
            // Of a few bytes, so that many are appended, and now and then of many.
            const std::size_t size = random() % 8 == 0 ? random() % (most_bytes + 1) : random() % 90;
            one = {random() % 4, std::string(size, '\0')};
            for (char& letter : one.second) letter = static_cast<char>(random() % 256);
          }
          std::uint64_t accepted = 99;
          const atlas_status status = push(accepted, queue.get(), notes);
          std::size_t want = 0;
          while (want < notes.size() && model_accepts(notes[want])) ++want;
          REQUIRE(accepted == want);
          REQUIRE(status == (want == notes.size() ? ATLAS_OK : ATLAS_ERR_TIMED_OUT));
        } else {
          std::vector<note> notes;
          const atlas_status status = pop(notes, queue.get(), 1 + random() % 3);
          REQUIRE(status == (model.empty() ? ATLAS_ERR_TIMED_OUT : ATLAS_OK));
          for (const note& one : notes) {
            REQUIRE(one == model.front());
            model.pop_front();
          }
        }
        const atlas_queue_info info = info_of(queue.get());
        REQUIRE(info.waiting == model.size());
        REQUIRE(info.waiting_bytes == bytes_of_model());
      }
    }
  }

  TEST_CASE("queue: many threads, in batches that wait: every message once, each thread's in order") {
    constexpr unsigned producers = 2;
    constexpr unsigned consumers = 2;
    constexpr int each = 3000;
    const queue_handle queue = queue_of(16, 400);
    std::atomic<unsigned> left{producers};
    std::atomic<int> wrong{0};
    std::vector<std::vector<note>> got(consumers);
    support::together(producers + consumers, [&](unsigned thread) {
      if (thread < producers) {
        for (int i = 0; i < each;) {
          std::vector<note> notes;
          for (; notes.size() < 50 && i < each; ++i) {
            notes.emplace_back(thread * std::uint64_t{each} + static_cast<std::uint64_t>(i),
                               std::string(static_cast<std::size_t>(i % 100), 'x'));
          }
          const batch all = batch_of(notes);
          std::uint64_t accepted = 0;
          if (atlas_queue_push_n(&accepted, queue.get(), all.bytes.data(), all.bytes.size(), all.offsets.data(),
                                 all.keys.data(), notes.size(), one_minute) != ATLAS_OK) {
            wrong.fetch_add(1);
          }
        }
        if (left.fetch_sub(1) == 1) wrong.fetch_add(atlas_queue_close(queue.get()) == ATLAS_OK ? 0 : 1);
      } else {
        std::array<char, 300> buffer{};
        std::array<std::uint64_t, 9> offsets{};
        std::array<std::uint64_t, 8> keys{};
        std::uint64_t count = 0;
        for (;;) {
          const atlas_status status = atlas_queue_pop_n(&count, buffer.data(), offsets.data(), keys.data(), queue.get(),
                                                        buffer.size(), 8, one_minute);
          if (status != ATLAS_OK) {
            if (status != ATLAS_ERR_CLOSED) wrong.fetch_add(1);
            break;
          }
          for (std::size_t i = 0; i < count; ++i) {
            const std::string bytes(buffer.data() + offsets[i], offsets[i + 1] - offsets[i]);
            got[thread - producers].emplace_back(keys[i], bytes);
          }
        }
      }
    });
    CHECK(wrong.load() == 0);
    std::vector<int> times(producers * each);
    for (const auto& taken : got) {
      std::array<std::int64_t, producers> last{};
      last.fill(-1);
      for (const auto& [key, bytes] : taken) {
        REQUIRE(key < times.size());
        ++times[key];
        const auto number = static_cast<std::int64_t>(key % each);
        REQUIRE(number > last[key / each]);
        last[key / each] = number;
        REQUIRE(bytes == std::string(static_cast<std::size_t>(number % 100), 'x'));
      }
    }
    CHECK(std::all_of(times.begin(), times.end(), [](int count) { return count == 1; }));
    CHECK(info_of(queue.get()).waiting == 0);
  }

  TEST_CASE("queue: its descriptor is readable when there is something, and only then") {
    const queue_handle queue = queue_of(4, 0);
    std::uint32_t is_ready = 9;
    CHECK(atlas_queue_event_arm(&is_ready, queue.get()) == ATLAS_ERR_INVALID_ARGUMENT);
    std::int32_t descriptor = -1;
    std::int32_t again = -1;
    REQUIRE(atlas_queue_event_fd(&descriptor, queue.get()) == ATLAS_OK);
    REQUIRE(atlas_queue_event_fd(&again, queue.get()) == ATLAS_OK);
    CHECK(descriptor >= 0);
    CHECK(again == descriptor);
    const auto is_readable = [&](int wait_ms) {
      pollfd asked{descriptor, POLLIN, 0};
      return ::poll(&asked, 1, wait_ms) == 1;
    };
    std::uint64_t accepted = 0;
    std::vector<note> notes;
    for (int round = 0; round < 3; ++round) {
      REQUIRE(atlas_queue_event_arm(&is_ready, queue.get()) == ATLAS_OK);
      CHECK(is_ready == 0);
      CHECK_FALSE(is_readable(0));
      REQUIRE(push(accepted, queue.get(), {{0, "a"}, {0, "b"}}) == ATLAS_OK);
      CHECK(is_readable(60'000));
      REQUIRE(pop(notes, queue.get(), 1) == ATLAS_OK);
      REQUIRE(atlas_queue_event_arm(&is_ready, queue.get()) == ATLAS_OK);
      CHECK(is_ready == 1);
      CHECK(is_readable(0));
      REQUIRE(pop(notes, queue.get(), 1) == ATLAS_OK);
    }
    REQUIRE(atlas_queue_event_arm(nullptr, queue.get()) == ATLAS_OK);
    CHECK_FALSE(is_readable(0));
    REQUIRE(atlas_queue_close(queue.get()) == ATLAS_OK);
    CHECK(is_readable(60'000));
  }

  TEST_CASE("queue: a forked child that ends its copy only closes the descriptor, and the parent's goes on") {
    queue_handle queue = queue_of(4, 0);
    std::int32_t descriptor = -1;
    REQUIRE(atlas_queue_event_fd(&descriptor, queue.get()) == ATLAS_OK);
    REQUIRE(atlas_queue_event_arm(nullptr, queue.get()) == ATLAS_OK);
    CHECK(support::in_child([&] {
            queue.reset();
            return ::fcntl(descriptor, F_GETFD) == -1 ? 0 : 1;
          }).code == 0);
    pollfd asked{descriptor, POLLIN, 0};
    CHECK(::poll(&asked, 1, 0) == 0);
    std::uint64_t accepted = 0;
    REQUIRE(push(accepted, queue.get(), {{0, "a"}}) == ATLAS_OK);
    CHECK(::poll(&asked, 1, 60'000) == 1);
  }

  TEST_CASE("queue: what was done is told, as nothing, also by a call that is refused") {
    const queue_handle queue = queue_of(4, 0);
    std::uint64_t offsets[2] = {0, 1};
    char buffer[1] = {};
    std::uint64_t told = 77;
    CHECK(atlas_queue_push_n(&told, queue.get(), nullptr, 5, offsets, nullptr, 1, ATLAS_NO_WAIT) ==
          ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(told == 0);
    told = 77;
    CHECK(atlas_queue_pop_n(&told, buffer, offsets, nullptr, queue.get(), 1, SIZE_MAX, ATLAS_NO_WAIT) ==
          ATLAS_ERR_LIMIT_EXCEEDED);
    CHECK(told == 0);
    told = 77;
    CHECK(atlas_queue_pop_n(&told, buffer, nullptr, nullptr, queue.get(), 1, 4, ATLAS_NO_WAIT) ==
          ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(told == 0);
  }
}

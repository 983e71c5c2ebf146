// SPDX-License-Identifier: Apache-2.0
// c_api/queue.cpp -- messages from arrays of the caller's into a queue, and back.
#include "arguments.hpp"
#include "guard.hpp"
#include "message_arrays.hpp"
#include "queue_messages.hpp"

using namespace atlas::c_api;
using atlas::errc;
using atlas::error;
using atlas::overflow;
using atlas::result;
using atlas::span;
using atlas::status;

static_assert(ATLAS_OVERFLOW_BLOCK == static_cast<int>(overflow::block));
static_assert(ATLAS_OVERFLOW_DROP_NEWEST == static_cast<int>(overflow::drop_newest));
static_assert(ATLAS_OVERFLOW_DROP_OLDEST == static_cast<int>(overflow::drop_oldest));
static_assert(ATLAS_OVERFLOW_COALESCE == static_cast<int>(overflow::coalesce));
static_assert(ATLAS_OVERFLOW_ERROR == static_cast<int>(overflow::error));

namespace {

constexpr std::uint64_t default_capacity = 1024;
constexpr std::uint64_t most_bytes = std::uint64_t{1} << 62;
// Messages made ready outside of the lock, in 1 KB of stack, and moved in under it.
constexpr std::size_t block_messages = 32;

result<overflow> read_overflow(std::int32_t number, const char* field) noexcept {
  if (number < ATLAS_OVERFLOW_BLOCK || number > ATLAS_OVERFLOW_ERROR) {
    return no_such(field, "one of ATLAS_OVERFLOW_", number);
  }
  return static_cast<overflow>(number);
}

status create(atlas_queue** out, const atlas_queue_options& wished) noexcept {
  const auto first = read_overflow(wished.overflow, "overflow");
  if (!first.ok()) return first.error();
  const auto second = read_overflow(wished.otherwise, "otherwise");
  if (!second.ok()) return second.error();
  if (wished.coalesce != ATLAS_COALESCE_REPLACE && wished.coalesce != ATLAS_COALESCE_APPEND) {
    return no_such("coalesce", "one of ATLAS_COALESCE_", wished.coalesce);
  }
  const bool appends = wished.coalesce == ATLAS_COALESCE_APPEND;
  if (appends && *first != overflow::coalesce) {
    return error{errc::invalid_argument, "coalesce", "0, as it is asked under ATLAS_OVERFLOW_COALESCE alone",
                 std::uint64_t{1}};
  }
  if (appends && wished.capacity_bytes == 0) {
    return error{errc::invalid_argument, "capacity_bytes", "a bound, as appended bytes have no other",
                 std::uint64_t{0}};
  }
  const std::uint64_t capacity = wished.capacity_messages == 0 ? default_capacity : wished.capacity_messages;
  const std::uint64_t capacity_bytes = wished.capacity_bytes == 0 ? most_bytes : wished.capacity_bytes;
  const atlas::overflow_queue_options options{static_cast<std::size_t>(capacity),
                                              static_cast<std::size_t>(capacity_bytes), *first, *second};
  auto made = message_queue::create(options, message_rule{appends});
  if (!made.ok()) return made.error();
  const bool refuses = (*first == overflow::coalesce ? *second : *first) == overflow::error;
  auto* const handle =
      new (std::nothrow) atlas_queue{static_cast<message_queue&&>(*made), capacity_bytes, appends, refuses};
  if (handle == nullptr) return error{errc::no_memory, "handle bytes", sizeof(atlas_queue), std::uint64_t{0}};
  *out = handle;
  return {};
}

status push_block(atlas_queue& queue, span<message_source> block, std::size_t& pushed, bool waits,
                  std::uint64_t deadline_ns) noexcept {
  if (waits) return queue.messages.emplace_n(block, pushed, deadline_ns);
  pushed = queue.messages.try_emplace_n(block);
  if (pushed == block.size()) return {};
  if (queue.messages.is_closed()) return error{errc::closed}.at_row(pushed);
  if (queue.refuses) return error{errc::limit_exceeded, "queue", "room", "none"}.at_row(pushed);
  return error{errc::timed_out}.at_row(pushed);
}

status push(std::uint64_t& accepted, atlas_queue& queue, const std::byte* bytes, const std::uint64_t* offsets,
            const std::uint64_t* keys, std::size_t count, std::uint64_t timeout_ns) noexcept {
  const bool waits = timeout_ns != ATLAS_NO_WAIT;
  const std::uint64_t deadline_ns = waits ? deadline_of(timeout_ns) : 0;
  for (std::size_t first = 0; first < count;) {
    message_source block[block_messages];
    std::size_t made = 0;
    status failed;
    for (; made < block_messages && first + made < count; ++made) {
      const std::size_t at = first + made;
      const std::uint64_t key = keys == nullptr ? 0 : keys[at];
      const span<const std::byte> content(bytes + offsets[at], static_cast<std::size_t>(offsets[at + 1] - offsets[at]));
      failed = block[made].set(content, key, queue.appends && key != 0);
      if (!failed.ok()) break;
    }
    std::size_t pushed = 0;
    const status outcome = push_block(queue, span<message_source>(block, made), pushed, waits, deadline_ns);
    first += pushed;
    accepted = first;
    if (!outcome.ok()) {
      if (queue.refuses && outcome.error() == errc::limit_exceeded) {
        queue.refused_unseen.fetch_add_release(count - first - (made - pushed));
      }
      return outcome.error().at_row(first);
    }
    if (!failed.ok()) return failed.error().at_row(first);
  }
  return {};
}

status pop(std::uint64_t& count, std::byte* buffer, std::uint64_t* offsets, std::uint64_t* keys, atlas_queue& queue,
           std::size_t buffer_bytes, std::size_t most, std::uint64_t timeout_ns) noexcept {
  if (most == 0) {
    offsets[0] = 0;
    return {};
  }
  std::size_t next = 0;
  std::size_t used = 0;
  std::size_t longest = 0;  // of the first, if that does not fit
  const auto take = [&](message& one) noexcept {
    const std::size_t size = one.size_bytes();
    if (size > buffer_bytes - used) {
      if (next == 0) longest = size;
      return false;
    }
    if (size != 0) one.copy_to(buffer + used);
    offsets[next] = used;
    if (keys != nullptr) keys[next] = one.key();
    used += size;
    ++next;
    return true;
  };
  if (timeout_ns == ATLAS_NO_WAIT) {
    queue.messages.try_consume_n(most, take);
    if (next == 0 && longest == 0) {
      return queue.messages.is_closed() && !queue.messages.has_element() ? errc::closed : errc::timed_out;
    }
  } else {
    std::size_t taken = 0;
    ATLAS_C_TRY(queue.messages.consume_n(most, take, taken, deadline_of(timeout_ns)));
  }
  offsets[next] = used;
  if (next == 0) {
    offsets[1] = longest;
    return error{errc::limit_exceeded, "message bytes", "a buffer_bytes of at least its", longest};
  }
  count = next;
  return {};
}

}  // namespace

extern "C" atlas_status atlas_queue_create(atlas_queue** out, const atlas_queue_options* options) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(out, "out"));
    const auto wished = read_options(options, "queue options");
    if (!wished.ok()) return wished.error();
    return create(out, *wished);
  });
}

extern "C" void atlas_queue_free(atlas_queue* queue) {
  if (queue != nullptr && queue->process != atlas::current_process()) queue->event.reset();  // closes its descriptor
  else delete queue;
}

extern "C" atlas_status atlas_queue_push_n(uint64_t* accepted, atlas_queue* queue, const void* buffer,
                                           size_t buffer_bytes, const uint64_t* offsets, const uint64_t* keys,
                                           size_t message_count, uint64_t timeout_ns) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(accepted, "accepted"));
    *accepted = 0;
    ATLAS_C_TRY(require(queue, "queue"));
    const auto bytes = read_bytes(buffer, "buffer", buffer_bytes);
    if (!bytes.ok()) return bytes.error();
    if (message_count == 0) return {};
    ATLAS_C_TRY(require(offsets, "offsets", std::uint64_t{message_count} + 1));
    if (keys != nullptr) ATLAS_C_TRY(require(keys, "keys", message_count));
    ATLAS_C_TRY(check_offsets(offsets, message_count, buffer_bytes, queue->capacity_bytes));
    return push(*accepted, *queue, bytes->data(), offsets, keys, message_count, timeout_ns);
  });
}

extern "C" atlas_status atlas_queue_pop_n(uint64_t* count, void* buffer, uint64_t* offsets, uint64_t* keys,
                                          atlas_queue* queue, size_t buffer_bytes, size_t most, uint64_t timeout_ns) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(count, "count"));
    *count = 0;
    ATLAS_C_TRY(require(static_cast<std::byte*>(buffer), "buffer", buffer_bytes));
    if (most == SIZE_MAX) return error{errc::limit_exceeded, "most", SIZE_MAX - 1, most};
    ATLAS_C_TRY(require(offsets, "offsets", std::uint64_t{most} + 1));
    if (keys != nullptr) ATLAS_C_TRY(require(keys, "keys", most));
    ATLAS_C_TRY(require(queue, "queue"));
    return pop(*count, static_cast<std::byte*>(buffer), offsets, keys, *queue, buffer_bytes, most, timeout_ns);
  });
}

extern "C" atlas_status atlas_queue_close(atlas_queue* queue) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(queue, "queue"));
    queue->messages.close();
    return {};
  });
}

extern "C" atlas_status atlas_queue_is_closed(uint32_t* out, const atlas_queue* queue) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(out, "out"));
    ATLAS_C_TRY(require(queue, "queue"));
    *out = queue->messages.is_closed() ? 1 : 0;
    return {};
  });
}

extern "C" atlas_status atlas_queue_size(uint64_t* out, const atlas_queue* queue) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(out, "out"));
    ATLAS_C_TRY(require(queue, "queue"));
    *out = queue->messages.size_approx();
    return {};
  });
}

extern "C" atlas_status atlas_queue_describe(atlas_queue_info* out, const atlas_queue* queue) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(queue, "queue"));
    atlas_queue_info info = ATLAS_QUEUE_INFO_INIT;
    const atlas::overflow_statistics now = queue->messages.statistics();
    info.is_closed = queue->messages.is_closed() ? 1 : 0;
    info.capacity_messages = queue->messages.capacity();
    info.capacity_bytes = queue->capacity_bytes;
    info.waiting = now.waiting;
    info.waiting_bytes = now.waiting_weight;
    info.pushed = now.pushed;
    info.popped = now.popped;
    info.dropped_newest = now.dropped_newest;
    info.dropped_oldest = now.dropped_oldest;
    info.coalesced = now.coalesced;
    info.refused = now.refused + queue->refused_unseen.load_acquire();
    return write_info(out, "out", info);
  });
}

extern "C" atlas_status atlas_queue_event_fd(int32_t* out, atlas_queue* queue) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(out, "out"));
    ATLAS_C_TRY(require(queue, "queue"));
    const atlas::lock_guard lock(queue->event_lock);
    if (!queue->event) {
      auto made = atlas::queue_event::create();
      if (!made.ok()) return made.error();
      ATLAS_C_TRY(made->watch(queue->messages));
      queue->event.emplace(static_cast<atlas::queue_event&&>(*made));
    }
    *out = queue->event->descriptor();
    return {};
  });
}

extern "C" atlas_status atlas_queue_event_arm(uint32_t* is_ready, atlas_queue* queue) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(queue, "queue"));
    if (is_ready != nullptr) ATLAS_C_TRY(require(is_ready, "is_ready"));
    const atlas::lock_guard lock(queue->event_lock);
    if (!queue->event) {
      return error{errc::invalid_argument, "queue", "one with a descriptor", "one that was not asked for its"};
    }
    const bool is_there = queue->event->arm();
    if (is_ready != nullptr) *is_ready = is_there ? 1 : 0;
    return {};
  });
}

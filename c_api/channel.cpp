// SPDX-License-Identifier: Apache-2.0
// c_api/channel.cpp -- both sides of a channel between processes.
#include "arguments.hpp"
#include "guard.hpp"
#include "message_arrays.hpp"

#include <atlas/queue/shm_channel.hpp>

using namespace atlas::c_api;
using atlas::errc;
using atlas::error;
using atlas::result;
using atlas::shm_message;
using atlas::shm_receiver;
using atlas::shm_sender;
using atlas::span;
using atlas::status;
using atlas::text_view;

struct atlas_channel_receiver {
  shm_receiver in;
  std::uint32_t process;
  bool holds_messages = false;  ///< of peek_n, not released
  bool has_event = false;
  status damage{};              ///< that is to be told when what was found before it has been given
};

struct atlas_channel_sender {
  static constexpr std::size_t no_claim = ~std::size_t{0};

  shm_sender out;
  std::uint32_t process;
  std::size_t claimed = no_claim;
};

namespace {

text_view folder_of(const char* given) noexcept { return given == nullptr ? atlas::shm_folder : given; }

template <class Handle>
status require_own(const Handle* handle, const char* field) noexcept {
  ATLAS_C_TRY(require(handle, field));
  if (handle->process == atlas::current_process()) return {};
  return error{errc::busy, "channel.process", "the process that attached", "a child of it"};
}

template <class Handle, class Side>
status make_side(Handle** out, result<Side>&& side) noexcept {
  if (!side.ok()) return side.error();
  auto* const handle = new (std::nothrow) Handle{static_cast<Side&&>(*side), atlas::current_process()};
  if (handle == nullptr) return error{errc::no_memory, "handle bytes", sizeof(Handle), std::uint64_t{0}};
  *out = handle;
  return {};
}

status create(atlas_channel_receiver** out, const char* name, const atlas_channel_options& wished) noexcept {
  if (wished.may_exist > 1) return error{errc::invalid_argument, "may_exist", "0 or 1", wished.may_exist};
  atlas::shm_channel_options options;
  if (wished.lanes != 0) options.lanes = wished.lanes;
  if (wished.lane_bytes != 0) options.lane_bytes = wished.lane_bytes;
  if (wished.permissions != 0) options.permissions = wished.permissions;
  options.may_exist = wished.may_exist == 1;
  options.folder = folder_of(wished.folder);
  return make_side(out, shm_receiver::create(name, options));
}

/// Waits for the first message, and gives each to `take` until that refuses one, which then comes again next time.
/// @param take  bool(const shm_message&)
template <class Take>
status receive(atlas_channel_receiver& from, std::size_t most, std::uint64_t timeout_ns, Take take) noexcept {
  shm_message message;
  if (most != 0 && !from.damage.ok()) {
    const status told = from.damage;
    from.damage = {};
    return told;
  }
  for (std::size_t found = 0; found < most; ++found) {
    if (found == 0 && timeout_ns != ATLAS_NO_WAIT) {
      ATLAS_C_TRY(from.in.peek(message, deadline_of(timeout_ns)));
    } else {
      // Asked first: what was committed before the end is then seen.
      const bool is_over = from.in.is_closed();
      const auto is_there = from.in.try_peek(message);
      if (!is_there.ok()) {
        if (found == 0) return is_there.error();
        from.damage = is_there.error();
        return {};
      }
      if (!*is_there) return found != 0 ? status{} : status(is_over ? errc::closed : errc::timed_out);
    }
    if (!take(message)) {
      from.in.unpeek(message);
      return {};
    }
  }
  return {};
}

status peek(std::uint64_t& count, atlas_channel_message* messages, atlas_channel_receiver& from, std::size_t most,
            std::uint64_t timeout_ns) noexcept {
  return receive(from, most, timeout_ns, [&](const shm_message& found) {
    messages[count++] = {found.bytes.data(), found.bytes.size(), found.lane, 0};
    from.holds_messages = true;
    return true;
  });
}

status pop(std::uint64_t& count, std::byte* buffer, std::uint64_t* offsets, std::uint32_t* lanes,
           atlas_channel_receiver& from, std::size_t buffer_bytes, std::size_t most,
           std::uint64_t timeout_ns) noexcept {
  if (from.holds_messages) return error{errc::busy, "receiver", "released messages", "some of peek_n"};
  std::size_t used = 0;
  std::size_t longest = 0;  // of the first, if that does not fit
  const status outcome = receive(from, most, timeout_ns, [&](const shm_message& found) {
    const std::size_t size = found.bytes.size();
    if (size > buffer_bytes - used) {
      if (count == 0) longest = size;
      return false;
    }
    if (size != 0) std::memcpy(buffer + used, found.bytes.data(), size);
    offsets[count] = used;
    if (lanes != nullptr) lanes[count] = found.lane;
    used += size;
    ++count;
    return true;
  });
  ATLAS_C_TRY(outcome);
  offsets[count] = used;
  if (longest != 0) {
    offsets[1] = longest;
    return error{errc::limit_exceeded, "message bytes", "a buffer_bytes of at least its", longest};
  }
  from.in.release();
  return {};
}

status push(std::uint64_t& accepted, atlas_channel_sender& to, const std::byte* bytes, const std::uint64_t* offsets,
            std::size_t count, std::uint64_t timeout_ns) noexcept {
  constexpr std::size_t block_messages = 64;  // the receiver is woken once for each block
  const std::uint64_t deadline_ns = timeout_ns == ATLAS_NO_WAIT ? 0 : deadline_of(timeout_ns);
  span<const std::byte> block[block_messages];
  for (std::size_t done = 0; done < count;) {
    std::size_t made = 0;
    for (; made < block_messages && done + made < count; ++made) {
      const std::uint64_t begin = offsets[done + made];
      block[made] = {bytes + begin, static_cast<std::size_t>(offsets[done + made + 1] - begin)};
    }
    const auto pushed = to.out.try_push_n({block, made});
    if (!pushed.ok()) return pushed.error().at_row(done);
    done += *pushed;
    accepted = done;
    if (*pushed == made) continue;
    if (timeout_ns == ATLAS_NO_WAIT) {
      // What stopped it is asked again: there may be room by now.
      const auto is_in = to.out.try_push(block[*pushed]);
      if (!is_in.ok()) return is_in.error().at_row(done);
      if (!*is_in) return error{errc::timed_out}.at_row(done);
    } else if (const status waited = to.out.push(block[*pushed], deadline_ns); !waited.ok()) {
      return waited.error().at_row(done);
    }
    accepted = ++done;
  }
  return {};
}

status claim(void** out, atlas_channel_sender& to, std::size_t size_bytes, std::uint64_t timeout_ns) noexcept {
  to.out.abort();
  to.claimed = atlas_channel_sender::no_claim;
  const auto room = timeout_ns == ATLAS_NO_WAIT ? to.out.try_claim(size_bytes)
                                                : to.out.claim(size_bytes, deadline_of(timeout_ns));
  if (!room.ok()) return room.error();
  if (*room == nullptr) return errc::timed_out;
  to.claimed = size_bytes;
  *out = *room;
  return {};
}

status commit(atlas_channel_sender& to, std::size_t size_bytes) noexcept {
  if (to.claimed == atlas_channel_sender::no_claim) {
    return error{errc::invalid_argument, "sender", "one that has claimed", "one that has not"};
  }
  if (size_bytes > to.claimed) return error{errc::invalid_argument, "size_bytes", "at most", to.claimed, size_bytes};
  to.out.commit(size_bytes);
  to.claimed = atlas_channel_sender::no_claim;
  return {};
}

}  // namespace

extern "C" atlas_status atlas_channel_receiver_create(atlas_channel_receiver** out, const char* name,
                                                      const atlas_channel_options* options) {
  return guard({name}, [&]() -> status {
    ATLAS_C_TRY(require(out, "out"));
    ATLAS_C_TRY(require(name, "name"));
    const auto wished = read_options(options, "channel options");
    if (!wished.ok()) return wished.error();
    return create(out, name, *wished);
  });
}

extern "C" atlas_status atlas_channel_receiver_attach(atlas_channel_receiver** out, const char* name,
                                                      const char* folder) {
  return guard({name}, [&]() -> status {
    ATLAS_C_TRY(require(out, "out"));
    ATLAS_C_TRY(require(name, "name"));
    return make_side(out, shm_receiver::attach(name, folder_of(folder)));
  });
}

extern "C" void atlas_channel_receiver_free(atlas_channel_receiver* receiver) { delete receiver; }

extern "C" atlas_status atlas_channel_receiver_peek_n(uint64_t* count, atlas_channel_message* messages,
                                                      atlas_channel_receiver* receiver, size_t most,
                                                      uint64_t timeout_ns) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(count, "count"));
    *count = 0;
    ATLAS_C_TRY(require(messages, "messages", most));
    ATLAS_C_TRY(require_own(receiver, "receiver"));
    return peek(*count, messages, *receiver, most, timeout_ns);
  });
}

extern "C" atlas_status atlas_channel_receiver_release(atlas_channel_receiver* receiver) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require_own(receiver, "receiver"));
    receiver->in.release();
    receiver->holds_messages = false;
    return {};
  });
}

extern "C" atlas_status atlas_channel_receiver_pop_n(uint64_t* count, void* buffer, uint64_t* offsets, uint32_t* lanes,
                                                     atlas_channel_receiver* receiver, size_t buffer_bytes, size_t most,
                                                     uint64_t timeout_ns) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(count, "count"));
    *count = 0;
    ATLAS_C_TRY(require(static_cast<std::byte*>(buffer), "buffer", buffer_bytes));
    if (most == SIZE_MAX) return error{errc::limit_exceeded, "most", SIZE_MAX - 1, most};
    ATLAS_C_TRY(require(offsets, "offsets", std::uint64_t{most} + 1));
    if (lanes != nullptr) ATLAS_C_TRY(require(lanes, "lanes", most));
    ATLAS_C_TRY(require_own(receiver, "receiver"));
    return pop(*count, static_cast<std::byte*>(buffer), offsets, lanes, *receiver, buffer_bytes, most, timeout_ns);
  });
}

extern "C" atlas_status atlas_channel_receiver_close(atlas_channel_receiver* receiver) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(receiver, "receiver"));
    receiver->in.close();
    return {};
  });
}

extern "C" atlas_status atlas_channel_receiver_describe(atlas_channel_receiver_info* out,
                                                        const atlas_channel_receiver* receiver) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require_own(receiver, "receiver"));
    const auto senders = receiver->in.senders();
    if (!senders.ok()) return senders.error();
    atlas_channel_receiver_info info = ATLAS_CHANNEL_RECEIVER_INFO_INIT;
    info.is_closed = receiver->in.is_closed() ? 1 : 0;
    info.lanes = receiver->in.lanes();
    info.senders = *senders;
    info.lane_bytes = receiver->in.lane_bytes();
    return write_info(out, "out", info);
  });
}

extern "C" atlas_status atlas_channel_receiver_event_fd(int32_t* out, atlas_channel_receiver* receiver) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(out, "out"));
    ATLAS_C_TRY(require_own(receiver, "receiver"));
    const auto descriptor = receiver->in.descriptor();
    if (!descriptor.ok()) return descriptor.error();
    receiver->has_event = true;
    *out = *descriptor;
    return {};
  });
}

extern "C" atlas_status atlas_channel_receiver_event_arm(uint32_t* is_ready, atlas_channel_receiver* receiver) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require_own(receiver, "receiver"));
    if (is_ready != nullptr) ATLAS_C_TRY(require(is_ready, "is_ready"));
    if (!receiver->has_event) {
      return error{errc::invalid_argument, "receiver", "one with a descriptor", "one that was not asked for its"};
    }
    const bool is_armed = receiver->in.arm() && receiver->damage.ok();
    if (is_ready != nullptr) *is_ready = is_armed ? 0 : 1;
    return {};
  });
}

extern "C" atlas_status atlas_channel_sender_attach(atlas_channel_sender** out, const char* name, const char* folder) {
  return guard({name}, [&]() -> status {
    ATLAS_C_TRY(require(out, "out"));
    ATLAS_C_TRY(require(name, "name"));
    return make_side(out, shm_sender::attach(name, folder_of(folder)));
  });
}

extern "C" void atlas_channel_sender_free(atlas_channel_sender* sender) { delete sender; }

extern "C" atlas_status atlas_channel_sender_push_n(uint64_t* accepted, atlas_channel_sender* sender,
                                                    const void* buffer, size_t buffer_bytes, const uint64_t* offsets,
                                                    size_t message_count, uint64_t timeout_ns) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(accepted, "accepted"));
    *accepted = 0;
    const auto bytes = read_bytes(buffer, "buffer", buffer_bytes);
    if (!bytes.ok()) return bytes.error();
    ATLAS_C_TRY(require_own(sender, "sender"));
    if (message_count == 0) return {};
    ATLAS_C_TRY(require(offsets, "offsets", std::uint64_t{message_count} + 1));
    ATLAS_C_TRY(check_offsets(offsets, message_count, buffer_bytes, sender->out.longest_message()));
    sender->claimed = atlas_channel_sender::no_claim;
    return push(*accepted, *sender, bytes->data(), offsets, message_count, timeout_ns);
  });
}

extern "C" atlas_status atlas_channel_sender_claim(void** out, atlas_channel_sender* sender, size_t size_bytes,
                                                   uint64_t timeout_ns) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(out, "out"));
    ATLAS_C_TRY(require_own(sender, "sender"));
    return claim(out, *sender, size_bytes, timeout_ns);
  });
}

extern "C" atlas_status atlas_channel_sender_commit(atlas_channel_sender* sender, size_t size_bytes) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require_own(sender, "sender"));
    return commit(*sender, size_bytes);
  });
}

extern "C" atlas_status atlas_channel_sender_abort(atlas_channel_sender* sender) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require_own(sender, "sender"));
    sender->out.abort();
    sender->claimed = atlas_channel_sender::no_claim;
    return {};
  });
}

extern "C" atlas_status atlas_channel_sender_close(atlas_channel_sender* sender) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(sender, "sender"));
    sender->out.close();
    return {};
  });
}

extern "C" atlas_status atlas_channel_sender_describe(atlas_channel_sender_info* out,
                                                      const atlas_channel_sender* sender) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require_own(sender, "sender"));
    const auto has_receiver = sender->out.has_receiver();
    if (!has_receiver.ok()) return has_receiver.error();
    atlas_channel_sender_info info = ATLAS_CHANNEL_SENDER_INFO_INIT;
    info.is_closed = sender->out.is_closed() ? 1 : 0;
    info.lane = sender->out.lane();
    info.has_receiver = *has_receiver ? 1 : 0;
    info.longest_message = sender->out.longest_message();
    return write_info(out, "out", info);
  });
}

extern "C" atlas_status atlas_channel_remove(const char* name, const char* folder) {
  return guard({name}, [&]() -> status {
    ATLAS_C_TRY(require(name, "name"));
    return atlas::remove_shm_channel(name, folder_of(folder));
  });
}

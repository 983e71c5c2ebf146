// SPDX-License-Identifier: Apache-2.0
// include/atlas/queue/shm_channel.hpp -- messages from many processes to one, through shared memory with a name,
// without a daemon.
//
// Room:      shm_sender, shm_receiver, remove_shm_channel.
// Not here:  threads of one process (queue/byte_ring.hpp and the queues), the memory's layout (queue/shm_segment.hpp).
// Depends:   core/{memory,result,span,text_view}.hpp, queue/{byte_ring_sides,shared_memory,shm_end,shm_segment}.hpp.
// Threads:   one object by one thread at a time; different objects from any threads and processes. close() and
//            is_closed() from any thread.
//
//   receiver:  auto in = atlas::shm_receiver::create("jobs").value();
//              for (atlas::shm_message next; in.peek(next).ok(); in.release()) work(next.bytes);
//   senders:   auto out = atlas::shm_sender::attach("jobs").value();
//              out.push(bytes);   // or claim, write in place, commit
//
// A channel is FOLDER/atlas.NAME, of as many lanes as senders may be attached at once. Each sender has a lane of its
// own, a ring of records: so no process ever holds anything that another one waits for, and one that is killed, at
// whatever instruction, leaves every lane whole. What it committed is received; what it had only claimed is not. A
// sender's lane, and the receiver's place, are free again when its process has ended (or its object): the kernel's file
// locks say so, whatever became of it. A stopped process is alive and keeps them. A receiver that takes over begins
// with the first message that was not released.
//
// Whoever may write to the segment may write anything: both sides check what they read, and give errc::corrupt_file for
// what cannot be. They never read or write outside of the segment, nor loop on what it says.
#ifndef ATLAS_QUEUE_SHM_CHANNEL_HPP
#define ATLAS_QUEUE_SHM_CHANNEL_HPP

#include <atlas/core/memory.hpp>        // buffer
#include <atlas/core/thread.hpp>        // current_process
#include <atlas/queue/shm_end.hpp>      // shm_end, shared_memory, wake_fifo
#include <atlas/queue/shm_segment.hpp>  // shm_segment, wait_shared

#include <cstring>  // std::memcpy

namespace atlas { inline namespace ATLAS_ABI {

/// Where named segments are unless the caller says otherwise.
inline constexpr const char* shm_folder = "/dev/shm";

struct shm_channel_options {
  std::uint32_t lanes = 8;                 ///< senders at once, 1 to 1024
  std::uint64_t lane_bytes = 1024 * 1024;  ///< of each lane, 64 to 2^40, to a power of two; taken at once
  unsigned permissions = 0600;             ///< of the segment, whatever the umask; others need read and write
  /// Takes over a channel that is there if it is this user's, has the same shape and permits no more. Else create()
  /// then gives errc::already_exists.
  bool may_exist = false;
  text_view folder = shm_folder;  ///< of a file system in memory that can hold unnamed files
};

/// A message where it lies in the segment.
struct shm_message {
  span<const std::byte> bytes;
  std::uint32_t lane = 0;  ///< its sender's
};

/// Removes a channel's name, and the pipe beside it. Who is attached goes on with the memory; nobody new finds it. A
/// sender that has not rung yet does not find the pipe either: while a receiver waits at its descriptor, keep the name.
/// @return  errc::file_not_found, errc::permission_denied, errc::invalid_argument for a name that cannot be
[[nodiscard]] inline status remove_shm_channel(text_view name, text_view folder = shm_folder) noexcept {
  const auto path = detail::segment_path::of(name, folder);
  if (!path.ok()) return path.error();
  if (::unlink(path->segment()) != 0) return os_error(errno, "path");
  if (::unlink(path->fifo()) != 0 && errno != ENOENT) return os_error(errno, "fifo");
  return {};
}

/// Sends messages of bytes to a channel's receiver, in order, from a lane of its own. It holds the lane until it ends.
///
/// Order:     the receiver gets a sender's messages in the order of their commits; those of different senders in any.
/// Closing:   a close by another process may overtake one push, which then succeeds: a try_peek behind errc::closed
///            still finds it.
/// Moving:    what was moved from can only be assigned to or destroyed.
/// Progress:  all but the calls that wait are wait-free, but for a system call where the receiver sleeps.
/// Cost:      a message of up to 48 bytes reaches a receiver that spins in one line of the cache; a commit is three
///            stores and one read-modify-write.
/// @tparam Atom  the atomic type: another one orders the schedules of a test
template <template <class> class Atom>
class basic_shm_sender {
  using shm_end = detail::basic_shm_end<Atom>;

 public:
  /// Takes a free lane of a channel that is there.
  /// @return  errc::file_not_found, errc::permission_denied, errc::busy when other senders have all lanes,
  ///          errc::closed, errc::not_atlas_file, errc::unsupported_version, errc::corrupt_file, errc::no_memory,
  ///          errc::io, errc::invalid_argument for a name that cannot be
  /// Cost:    some ten system calls, and a microsecond for each page of the lane, up to 64
  static result<basic_shm_sender> attach(text_view name, text_view folder = shm_folder) noexcept {
    const auto path = detail::segment_path::of(name, folder);
    if (!path.ok()) return path.error();
    auto end = shm_end::open(*path);
    if (!end.ok()) return end.error();
    const detail::basic_shm_segment<Atom> segment = end->segment();
    if (segment.is_closed()) return errc::closed;
    error why{errc::busy, "channel.lanes", "a free one of", segment.layout().lanes, 0};
    for (std::uint32_t lane = 0; lane < segment.layout().lanes; ++lane) {
      const auto is_mine = end->memory().try_lock(detail::receiver_lock + 1 + lane);
      if (!is_mine.ok()) return is_mine.error();
      if (!*is_mine) continue;
      std::uint64_t taken = 0;
      const auto place = segment.end_of_lane(lane, taken);
      if (!place.ok()) {  // a lane that somebody scribbled on; another may be whole
        why = place.error().at_row(lane);
        end->memory().unlock(detail::receiver_lock + 1 + lane);
        continue;
      }
      detail::basic_shm_lane<Atom>& here = segment.lane(lane);
      here.counts.written.store_release(place->count);  // or each death before the count would leave it farther behind
      here.sender_process.store_relaxed(current_process());
      here.records.want();  // its last sender may have ended after it took the wish, and before it rang
      const std::uint64_t to_its_end = segment.layout().lane_bytes - place->at;
      end->memory().map_pages(segment.ring(lane) + place->at,
                              to_its_end < first_mapped_bytes ? to_its_end : first_mapped_bytes);
      segment.tell_used(lane);
      return basic_shm_sender(static_cast<shm_end&&>(*end), lane, *place, taken);
    }
    return why;
  }

  /// Room for one message, to be written to in place, until commit(), abort() or the next claim or push, be they refused.
  /// Aligned to 8 bytes.
  /// @param size_bytes  the most that the message may have
  /// @return            null when there is no room now; errc::closed; errc::limit_exceeded above longest_message();
  ///                    errc::corrupt_file when the receiver's count cannot be, or it gave the lane up as damaged;
  ///                    errc::busy in a child of the process that attached
  [[nodiscard]] result<std::byte*> try_claim(std::size_t size_bytes) noexcept {
    writer_.abort();
    if (!may_send(size_bytes)) return why_not(size_bytes);
    return writer_.claim(size_bytes);
  }
  /// The same, but waits for room.
  /// @param deadline_ns  on the clock of monotonic_ns(); 0: as long as it takes, which a receiver that never comes back
  ///                     may make for ever
  /// @return             as try_claim, never null; errc::timed_out
  [[nodiscard]] result<std::byte*> claim(std::size_t size_bytes, std::uint64_t deadline_ns = 0) noexcept {
    result<std::byte*> got = try_claim(size_bytes);
    const auto is_settled = [&] { return !got.ok() || *got != nullptr; };
    if (is_settled()) return got;
    const status waited = wait_for_room(
        [&] {
          got = try_claim(size_bytes);
          return is_settled();
        },
        deadline_ns);
    if (!waited.ok()) return waited.error();
    return got;
  }
  /// Hands the message over. @param size_bytes  what was written of it @pre size_bytes is at most what was claimed
  void commit(std::size_t size_bytes) noexcept {
    if (!end_.memory().is_of_this_process()) return;  // a claim of the parent's
    ATLAS_ASSERT(writer_.is_claimed(size_bytes));
    writer_.commit(size_bytes);
    tell();
  }
  /// Gives up what was claimed, of which nothing is seen.
  void abort() noexcept { writer_.abort(); }

  /// Copies a message in. @return  false when there is no room now; errors as of try_claim
  [[nodiscard]] result<bool> try_push(span<const std::byte> message) noexcept {
    if (!may_send(message.size()) || !writer_.push_at_once(message)) return push_by_claim(message);
    tell();
    return true;
  }
  /// The same, but waits for room. @return  errors as of claim
  status push(span<const std::byte> message, std::uint64_t deadline_ns = 0) noexcept {
    result<bool> got = try_push(message);
    const auto is_settled = [&] { return !got.ok() || *got; };
    if (!is_settled()) {
      const status waited = wait_for_room(
          [&] {
            got = push_by_claim(message);
            return is_settled();
          },
          deadline_ns);
      if (!waited.ok()) return waited;
    }
    return got.ok() ? status{} : status(got.error());
  }
  /// Copies the first messages in that there is room for, and wakes the receiver once.
  /// @return  how many; an error, as of try_claim and with the message's row, only if it is the first that fails
  [[nodiscard]] result<std::size_t> try_push_n(span<const span<const std::byte>> messages) noexcept {
    for (std::size_t done = 0; done < messages.size(); ++done) {
      if (may_send(messages[done].size()) && writer_.push_at_once(messages[done])) continue;
      const auto pushed = push_by_claim(messages[done]);
      if (pushed.ok() && *pushed) continue;
      if (done != 0)
        tell();
      else if (!pushed.ok())
        return pushed.error().at_row(0);
      return done;
    }
    if (!messages.empty()) tell();
    return messages.size();
  }

  /// Pushes of all senders fail from now on; what was committed is still received. Idempotent.
  void close() noexcept { end_.close(); }
  [[nodiscard]] bool is_closed() const noexcept { return end_.segment().is_closed(); }
  [[nodiscard]] std::uint32_t lane() const noexcept { return lane_; }
  [[nodiscard]] std::size_t longest_message() const noexcept { return writer_.longest(); }
  /// Whether a receiver is attached and lives. @return errc::io
  [[nodiscard]] result<bool> has_receiver() const noexcept { return end_.memory().is_locked(detail::receiver_lock); }

 private:
  /// So much of the lane, from its place on, it can write to without a page fault, which each takes a microsecond
  /// (Zen 3, a virtual machine: messages of 8 bytes 12 ns on the first lap, 5.4 without). All of a long lane is not
  /// worth it: a sender may have come for one message.
  static constexpr std::uint64_t first_mapped_bytes = 256 * 1024;

  basic_shm_sender(shm_end&& end, std::uint32_t lane, detail::ring_place place, std::uint64_t taken) noexcept
      : end_(static_cast<shm_end&&>(end)),
        lane_(lane),
        here_(&end_.segment().lane(lane)),
        writer_(&here_->counts, end_.segment().ring(lane), end_.segment().layout().lane_bytes, place, taken) {}

  [[nodiscard]] bool may_send(std::size_t size_bytes) const noexcept {
    return end_.memory().is_of_this_process() && size_bytes <= longest_message() && !is_closed() &&
           here_->is_damaged.load_relaxed() == 0;
  }
  /// Of what may_send() said no to. Not inlined, so that the calls are short where nothing is wrong.
  [[nodiscard, gnu::noinline, gnu::cold]] error why_not(std::size_t size_bytes) const noexcept {
    if (status said = end_.usable(); !said.ok()) return said.error();
    if (size_bytes > longest_message()) {
      return error{errc::limit_exceeded, "message.size_bytes", longest_message(), size_bytes};
    }
    if (is_closed()) return errc::closed;
    // Or somebody scribbled on the words that said so.
    return error{errc::corrupt_file, "lane", "a whole one", "one that its receiver gave up"}.at_row(lane_);
  }
  [[nodiscard, gnu::noinline]] result<bool> push_by_claim(span<const std::byte> message) noexcept {
    const auto room = try_claim(message.size());
    if (!room.ok()) return room.error();
    if (*room == nullptr) return false;
    if (!message.empty()) std::memcpy(*room, message.data(), message.size());
    commit(message.size());
    return true;
  }
  template <class IsDone>
  [[nodiscard]] status wait_for_room(IsDone is_done, std::uint64_t deadline_ns) noexcept {
    return detail::wait_shared(
        here_->room_signals, [&] { here_->room.want(); }, is_done, [] { return false; }, deadline_ns);
  }
  void tell() noexcept {
    if (here_->records.ring()) wake_receiver();
  }
  [[gnu::noinline]] void wake_receiver() noexcept {
    detail::basic_shm_header<Atom>& header = end_.segment().header();
    detail::wake_shared(header.records);
    // Ordered, as the count of used lanes is: a receiver that sets this and then finds no lane used is found here.
    const std::uint32_t opened_before = header.fifo.load_ordered();
    if (opened_before == 0) return;
    if (fifo_seen_ != opened_before) {
      auto opened = end_.fifo(false);
      if (!opened.ok()) return;  // nobody can wait at a pipe that is not there
      fifo_ = static_cast<wake_fifo&&>(*opened);
      fifo_seen_ = opened_before;
    }
    fifo_.ring();
  }

  shm_end end_;
  wake_fifo fifo_;
  std::uint32_t fifo_seen_ = 0;
  std::uint32_t lane_;
  detail::basic_shm_lane<Atom>* here_;
  detail::basic_byte_ring_writer<Atom> writer_;
};
using shm_sender = basic_shm_sender<atomic>;

/// Receives the messages of all of a channel's senders, in place. There is one at a time.
///
/// Order:     a lane's messages in the order of their commits; from lane to lane in turn, a few of each, so that none
///            waits for ever.
/// Progress:  try_peek looks at each lane that was ever used at most once, and twice at the one whose turn it is.
/// Damage:    a lane whose contents cannot be gives errc::corrupt_file once, with its number as the row; its messages
///            are lost, its sender is told, no other gets it, and the others' messages come on.
/// Moving:    what was moved from can only be assigned to or destroyed.
/// @tparam Atom  the atomic type: another one orders the schedules of a test
template <template <class> class Atom>
class basic_shm_receiver {
  using shm_end = detail::basic_shm_end<Atom>;

 public:
  /// Makes a channel and is its receiver: it is there, whole and with a receiver, or not at all.
  /// @return  errc::already_exists when the name is taken (if it may exist: by a channel of another shape, or that
  ///          permits more), errc::busy when another receiver of that channel lives, errc::permission_denied for
  ///          another user's, errc::invalid_argument and errc::limit_exceeded for options, errc::no_space,
  ///          errc::no_memory, errc::io; with may_exist those of attach()
  static result<basic_shm_receiver> create(text_view name, const shm_channel_options& options = {}) noexcept {
    const auto path = detail::segment_path::of(name, options.folder);
    if (!path.ok()) return path.error();
    const auto layout = detail::basic_shm_segment<Atom>::checked({options.lanes, options.lane_bytes});
    if (!layout.ok()) return layout.error();
    if (options.permissions > 0777) {
      return error{errc::invalid_argument, "channel.permissions", "at most", 0777, options.permissions};
    }
    for (int tries = 0;; ++tries) {
      if (options.may_exist) {
        auto there = shm_end::open(*path);
        if (there.ok()) return take_over(static_cast<shm_end&&>(*there), *layout, options.permissions);
        if (there.error() != errc::file_not_found) return there.error();
      } else if (shared_memory::exists(path->segment())) {
        return error{errc::already_exists, "name", "a free name", "one that is taken"};
      }
      auto end = shm_end::create(*path, *layout, options.permissions);
      if (!end.ok()) return end.error();
      // The place is taken before anybody can find the channel.
      auto made = of(static_cast<shm_end&&>(*end));
      if (!made.ok()) return made;
      const status published = made->end_.memory().publish(path->segment());
      if (published.ok()) return made;
      // Somebody came in between; who is gone again when the channel is to be opened, at most so often.
      if (published.error() != errc::already_exists || !options.may_exist || tries == 10) return published.error();
    }
  }
  /// Receives from a channel that is there, from the first message on that was not released.
  /// @return  errc::file_not_found, errc::permission_denied, errc::busy while another receiver lives,
  ///          errc::not_atlas_file, errc::unsupported_version, errc::corrupt_file, errc::no_memory, errc::io,
  ///          errc::invalid_argument
  /// Whoever made the channel is trusted with its messages: in a folder that all may write to, any user may have made
  /// it.
  static result<basic_shm_receiver> attach(text_view name, text_view folder = shm_folder) noexcept {
    const auto path = detail::segment_path::of(name, folder);
    if (!path.ok()) return path.error();
    auto end = shm_end::open(*path);
    if (!end.ok()) return end.error();
    return of(static_cast<shm_end&&>(*end));
  }

  /// The next message that was not peeked at yet; it stays where it is until release().
  /// @return  false, and `message` untouched, when there is none now; errc::corrupt_file for a damaged lane; errc::busy
  ///          in a child of the process that attached
  [[nodiscard]] result<bool> try_peek(shm_message& message) noexcept {
    lane& from = lanes_[turn_];
    const bool held_records = from.reader.holds_records();
    if (end_.memory().is_of_this_process() && from.state == lane_state::whole &&
        from.reader.peek_at_once(message.bytes)) {
      count_peek(from, held_records, message);
      return true;
    }
    return look_around(message);
  }
  /// The same, but waits for a message.
  /// @param deadline_ns  on the clock of monotonic_ns(); 0: as long as it takes
  /// @return             errc::closed when the channel is closed and drained, errc::timed_out; else as try_peek
  status peek(shm_message& message, std::uint64_t deadline_ns = 0) noexcept {
    result<bool> got = try_peek(message);
    const auto is_settled = [&] { return !got.ok() || *got; };
    if (!is_settled()) {
      const status waited = detail::wait_shared(
          end_.segment().header().records, [&] { want_messages(); },
          [&] {
            got = try_peek(message);
            return is_settled();
          },
          [&] { return is_closed(); }, deadline_ns);
      if (!waited.ok()) return waited;
    }
    return got.ok() ? status{} : status(got.error());
  }
  /// Takes a peek back: the next one gives that message again, and release() does not end it.
  /// @pre  it is the last message that was peeked at, of those that were neither released nor taken back; of its lane
  ///       none was taken back since the last peek there
  void unpeek(const shm_message& last) noexcept {
    ATLAS_ASSERT(last.lane < lanes());
    lane& from = lanes_[last.lane];
    from.reader.unpeek();
    if (!from.reader.holds_records()) {
      ATLAS_ASSERT(holders_ == &from);  // the last lane that got a record
      holders_ = from.next_holder;
    }
    // As if it had not been counted, so that a lane does not get more than its turn.
    taken_in_turn_ = turn_ == last.lane && taken_in_turn_ != 0 ? taken_in_turn_ - 1 : most_in_turn - 1;
    turn_ = last.lane;
  }
  /// Gives the room of all messages that were peeked at back to their senders. Until then they are received again by a
  /// receiver that takes over from this one.
  void release() noexcept {
    if (!end_.memory().is_of_this_process()) return;
    for (lane* from = holders_; from != nullptr; from = from->next_holder) {
      if (from->state != lane_state::whole) continue;
      from->reader.release();
      if (from->there->room.ring()) detail::wake_shared(from->there->room_signals);
    }
    holders_ = nullptr;
  }

  /// For epoll and the like: readable when there may be something, after an arm() that said that there was nothing. It
  /// stays this object's. A process that is killed between its commit and its bell leaves the message without one: do
  /// not wait for ever.
  /// @return  errc::io, errc::permission_denied, errc::invalid_argument when something else has the pipe's name,
  ///          errc::file_not_found when there is none, which only the segment's owner makes
  [[nodiscard]] result<int> descriptor() noexcept {
    if (status said = end_.usable(); !said.ok()) return said.error();
    if (!fifo_.is_open()) {
      auto opened = end_.fifo(true);
      if (!opened.ok()) return opened.error();
      fifo_ = static_cast<wake_fifo&&>(*opened);
      static_cast<void>(end_.segment().header().fifo.fetch_add(1));
    }
    return fifo_.descriptor();
  }
  /// Makes the descriptor unreadable until something comes. @return false when something is there already, or the
  /// channel is closed
  [[nodiscard]] bool arm() noexcept {
    if (!fifo_.is_open()) return false;
    fifo_.drain();
    want_messages();
    return !is_closed() && !has_message();
  }

  /// Pushes of all senders fail from now on; what was committed is still received. Idempotent.
  void close() noexcept { end_.close(); }
  [[nodiscard]] bool is_closed() const noexcept { return end_.segment().is_closed(); }
  [[nodiscard]] std::uint32_t lanes() const noexcept { return end_.segment().layout().lanes; }
  [[nodiscard]] std::uint64_t lane_bytes() const noexcept { return end_.segment().layout().lane_bytes; }
  /// Senders that are attached and live. @return errc::io. Cost: a system call a lane
  [[nodiscard]] result<std::uint32_t> senders() const noexcept {
    std::uint32_t count = 0;
    for (std::uint32_t i = 0; i < end_.segment().lanes_used(); ++i) {
      const auto lives = end_.memory().is_locked(detail::receiver_lock + 1 + i);
      if (!lives.ok()) return lives.error();
      count += *lives ? 1U : 0U;
    }
    return count;
  }

 private:
  static constexpr std::uint32_t most_in_turn = 64;

  enum class lane_state : std::uint8_t {
    whole,
    damaged_before,  // as it was found; not told yet
    damaged,         // and told
  };
  struct lane {
    detail::basic_byte_ring_reader<Atom> reader;
    detail::basic_shm_lane<Atom>* there;
    lane_state state;
    lane* next_holder;  // of the lanes with records that are not released, the one that got some before
  };

  static result<basic_shm_receiver> take_over(shm_end&& end, detail::shm_layout wanted, unsigned permissions) noexcept {
    const shared_memory::ownership owned_by = end.owned_by();
    if (owned_by.owner != ::geteuid()) {
      return error{errc::permission_denied, "channel.owner", ::geteuid(), owned_by.owner};
    }
    if ((owned_by.permissions & ~permissions) != 0) {
      return error{errc::already_exists, "channel.permissions", "at most", permissions, owned_by.permissions};
    }
    const detail::shm_layout found = end.segment().layout();
    if (found.lanes != wanted.lanes) return error{errc::already_exists, "channel.lanes", wanted.lanes, found.lanes};
    if (found.lane_bytes != wanted.lane_bytes) {
      return error{errc::already_exists, "channel.lane_bytes", wanted.lane_bytes, found.lane_bytes};
    }
    return of(static_cast<shm_end&&>(end));
  }
  static result<basic_shm_receiver> of(shm_end&& end) noexcept {
    const auto is_mine = end.memory().try_lock(detail::receiver_lock);
    if (!is_mine.ok()) return is_mine.error();
    if (!*is_mine) return error{errc::busy, "channel.receiver", "none", "one that lives"};
    basic_shm_receiver made(static_cast<shm_end&&>(end));
    const detail::basic_shm_segment<Atom> segment = made.end_.segment();
    const detail::shm_layout layout = segment.layout();
    if (status said = made.lanes_.reserve(layout.lanes); !said.ok()) return said.error();
    for (std::uint32_t i = 0; i < layout.lanes; ++i) {
      const auto begin = segment.begin_of_lane(i);
      const bool is_whole = begin.ok() && segment.lane(i).is_damaged.load_acquire() == 0;
      const lane one{
          {&segment.lane(i).counts, segment.ring(i), layout.lane_bytes, begin.ok() ? *begin : detail::ring_place{0, 0}},
          &segment.lane(i),
          is_whole ? lane_state::whole : lane_state::damaged_before,
          nullptr};
      if (status said = made.lanes_.push_back(one); !said.ok()) return said.error();
    }
    return static_cast<basic_shm_receiver&&>(made);
  }
  explicit basic_shm_receiver(shm_end&& end) noexcept : end_(static_cast<shm_end&&>(end)) {}

  /// A lane with what cannot be: its sender is told at its next claim, and waits no more.
  [[nodiscard, gnu::noinline, gnu::cold]] error lose(std::uint32_t number, const error& why) noexcept {
    lanes_[number].state = lane_state::damaged;
    lanes_[number].there->is_damaged.store_release(1);
    detail::wake_shared(lanes_[number].there->room_signals);
    return why.at_row(number);
  }
  /// A message of the lane whose turn it is was peeked at.
  void count_peek(lane& from, bool held_records, shm_message& message) noexcept {
    message.lane = turn_;
    if (!held_records) {
      from.next_holder = holders_;
      holders_ = &from;
    }
    if (++taken_in_turn_ == most_in_turn) next_turn(end_.segment().lanes_used());
  }
  /// What try_peek() does when the lane whose turn it is has nothing at hand.
  [[nodiscard, gnu::noinline]] result<bool> look_around(shm_message& message) noexcept {
    if (status said = end_.usable(); !said.ok()) return said.error();
    const std::uint32_t lanes = end_.segment().lanes_used();
    for (std::uint32_t looked = 0; looked < lanes; ++looked) {
      lane& from = lanes_[turn_];
      if (from.state == lane_state::damaged_before) {
        return lose(turn_, error{errc::corrupt_file, "lane", "a whole one", "one that is damaged"});
      }
      if (from.state == lane_state::whole) {
        const bool held_records = from.reader.holds_records();
        const auto found = from.reader.peek(message.bytes);
        if (!found.ok()) return lose(turn_, found.error());
        if (*found) {
          count_peek(from, held_records, message);
          return true;
        }
      }
      next_turn(lanes);
    }
    return false;
  }
  void next_turn(std::uint32_t lanes) noexcept {
    turn_ = turn_ + 1 < lanes ? turn_ + 1 : 0;
    taken_in_turn_ = 0;
  }
  void want_messages() noexcept {
    for (std::uint32_t i = 0; i < end_.segment().lanes_used(); ++i) end_.segment().lane(i).records.want();
  }
  [[nodiscard]] bool has_message() const noexcept {
    for (std::uint32_t i = 0; i < end_.segment().lanes_used(); ++i) {
      if (lanes_[i].state == lane_state::whole && !lanes_[i].reader.has_seen_all()) return true;
    }
    return false;
  }

  shm_end end_;
  wake_fifo fifo_;
  buffer<lane> lanes_;
  std::uint32_t turn_ = 0;
  std::uint32_t taken_in_turn_ = 0;
  lane* holders_ = nullptr;  // the last lane that got records which are not released
};
using shm_receiver = basic_shm_receiver<atomic>;

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_QUEUE_SHM_CHANNEL_HPP

// SPDX-License-Identifier: Apache-2.0
// tests/queue/channel_mutants_test.cpp -- channels between processes with seeded faults, each of which the checker must
// see as what it is. Queues of one process: queue_mutants_test.cpp.
#include <atlas/queue.hpp>

#include "support/caught.hpp"
#include "support/channel_histories.hpp"
#include "support/fibres.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <utility>

TEST_SUITE("queue_mutants") {
  // Not without a name: channels are made of these, in headers that several files of tests share.
  namespace channel_mutants {

  using support::at_atomic;
  using support::check_caught;
  using support::verdict;
  using support::yielding_atomic;

  using sender = support::numbered_sender<yielding_atomic>;
  using receiver = atlas::basic_shm_receiver<yielding_atomic>;
  /// Hands a message over and then writes it.
  class unwritten_sender : public sender {
   public:
    using sender::numbered_sender;
    void send(std::byte* room, std::uint8_t number, std::size_t length) {
      support::fill_number(room, 0, length);
      commit(length);
      at_atomic();
      support::fill_number(room, number, length);
    }
  };
  /// What the mutants of a channel's receiver begin with.
  class altered_receiver : public receiver {
   public:
    explicit altered_receiver(receiver&& made) noexcept : receiver(std::move(made)) {}
  };
  template <class Mutant>
  class made_receiver : public Mutant {
   public:
    using Mutant::Mutant;
    static atlas::result<made_receiver> create(const atlas::text_view& name,
                                               const atlas::shm_channel_options& options) {
      return made_receiver(receiver::create(name, options).value());
    }
  };
  /// Gives a message's room back before it is read.
  class releasing_receiver : public altered_receiver {
   public:
    using altered_receiver::altered_receiver;
    atlas::result<bool> try_peek(atlas::shm_message& message) {
      auto found = receiver::try_peek(message);
      receiver::release();
      return found;
    }
  };
  /// Does not give the room of every third back before the next is.
  class retaining_receiver : public altered_receiver {
   public:
    using altered_receiver::altered_receiver;
    void release() {
      if (++calls_ % 3 != 0) receiver::release();
    }

   private:
    int calls_ = 0;
  };
  /// Gives less than was sent, or another's lane.
  class cutting_receiver : public altered_receiver {
   public:
    using altered_receiver::altered_receiver;
    atlas::result<bool> try_peek(atlas::shm_message& message) {
      auto found = receiver::try_peek(message);
      if (found.ok() && *found) message.bytes = {message.bytes.data(), message.bytes.size() / 2};
      return found;
    }
  };
  class mistaken_receiver : public altered_receiver {
   public:
    using altered_receiver::altered_receiver;
    atlas::result<bool> try_peek(atlas::shm_message& message) {
      auto found = receiver::try_peek(message);
      message.lane = (message.lane + 1) % lanes();
      return found;
    }
  };
  /// Passes over every third.
  class passing_receiver : public altered_receiver {
   public:
    using altered_receiver::altered_receiver;
    atlas::result<bool> try_peek(atlas::shm_message& message) {
      atlas::shm_message passed_over;
      if (++calls_ % 3 == 0) static_cast<void>(receiver::try_peek(passed_over));
      return receiver::try_peek(message);
    }

   private:
    int calls_ = 0;
  };
  template <class Sender, class Receiver>
  using channel = support::channel_subject<Sender, made_receiver<Receiver>>;

  }  // namespace channel_mutants

  using namespace channel_mutants;  // NOLINT

  TEST_CASE("shm_channel") {
    check_caught<channel<unwritten_sender, altered_receiver>>("published before it is written", verdict::from_nowhere);
    check_caught<channel<sender, releasing_receiver>>("given back before it is read", verdict::from_nowhere);
    check_caught<channel<sender, retaining_receiver>>("not given back", verdict::refused);
    check_caught<channel<sender, passing_receiver>>("passed over", verdict::lost);
    check_caught<channel<sender, cutting_receiver>>("cut short", verdict::from_nowhere);
    check_caught<channel<sender, mistaken_receiver>>("of another lane", verdict::from_nowhere);
  }
}

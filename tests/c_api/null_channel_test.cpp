// SPDX-License-Identifier: Apache-2.0
// tests/c_api/null_channel_test.cpp -- every function of atlas_channel.h with NULL for each pointer that it needs.
#include "c_api/c_api_support.hpp"

#include <string>

#include <unistd.h>

TEST_SUITE("c_api") {
  TEST_CASE("NULL is refused by every function of atlas_channel that needs a pointer") {
    using namespace c_api_support;
    const std::string name = "test.null." + std::to_string(::getpid());
    atlas_channel_receiver* receiver = nullptr;
    atlas_channel_sender* sender = nullptr;
    refuses_null(atlas_channel_receiver_create(nullptr, name.c_str(), nullptr));
    refuses_null(atlas_channel_receiver_create(&receiver, nullptr, nullptr));
    refuses_null(atlas_channel_receiver_attach(nullptr, name.c_str(), nullptr));
    refuses_null(atlas_channel_receiver_attach(&receiver, nullptr, nullptr));
    refuses_null(atlas_channel_sender_attach(nullptr, name.c_str(), nullptr));
    refuses_null(atlas_channel_sender_attach(&sender, nullptr, nullptr));
    refuses_null(atlas_channel_remove(nullptr, nullptr));
    REQUIRE(atlas_channel_receiver_create(&receiver, name.c_str(), nullptr) == ATLAS_OK);
    const channel_receiver_handle receives(receiver);
    REQUIRE(atlas_channel_sender_attach(&sender, name.c_str(), nullptr) == ATLAS_OK);
    const channel_sender_handle sends(sender);
    atlas_channel_receiver_free(nullptr);
    atlas_channel_sender_free(nullptr);

    std::uint64_t count = 7;
    std::uint64_t offsets[2] = {0, 4};
    std::uint32_t lane = 7;
    char buffer[4] = {};
    void* room = nullptr;
    refuses_null(atlas_channel_sender_push_n(nullptr, sender, "text", 4, offsets, 1, ATLAS_NO_WAIT));
    refuses_null(atlas_channel_sender_push_n(&count, nullptr, "text", 4, offsets, 1, ATLAS_NO_WAIT));
    refuses_null(atlas_channel_sender_push_n(&count, sender, nullptr, 4, offsets, 1, ATLAS_NO_WAIT));
    refuses_null(atlas_channel_sender_push_n(&count, sender, "text", 4, nullptr, 1, ATLAS_NO_WAIT));
    CHECK(atlas_channel_sender_push_n(&count, sender, nullptr, 0, nullptr, 0, ATLAS_NO_WAIT) == ATLAS_OK);
    CHECK(count == 0);
    REQUIRE(atlas_channel_sender_push_n(&count, sender, "text", 4, offsets, 1, ATLAS_NO_WAIT) == ATLAS_OK);
    refuses_null(atlas_channel_sender_claim(nullptr, sender, 4, ATLAS_NO_WAIT));
    refuses_null(atlas_channel_sender_claim(&room, nullptr, 4, ATLAS_NO_WAIT));
    refuses_null(atlas_channel_sender_commit(nullptr, 0));
    refuses_null(atlas_channel_sender_abort(nullptr));
    refuses_null(atlas_channel_sender_close(nullptr));

    atlas_channel_message message = {};
    refuses_null(atlas_channel_receiver_peek_n(nullptr, &message, receiver, 1, ATLAS_NO_WAIT));
    refuses_null(atlas_channel_receiver_peek_n(&count, nullptr, receiver, 1, ATLAS_NO_WAIT));
    refuses_null(atlas_channel_receiver_peek_n(&count, &message, nullptr, 1, ATLAS_NO_WAIT));
    for (int call = 0; call < 3; ++call) {
      count = 7;
      if (call == 0) refuses_null(atlas_channel_receiver_peek_n(&count, nullptr, receiver, 1, ATLAS_NO_WAIT));
      if (call == 1) refuses_null(atlas_channel_receiver_pop_n(&count, nullptr, offsets, &lane, receiver, 4, 1, 0));
      if (call == 2) refuses_null(atlas_channel_sender_push_n(&count, sender, nullptr, 4, offsets, 1, ATLAS_NO_WAIT));
      CHECK(count == 0);  // nothing was done, and that is told
    }
    refuses_null(atlas_channel_receiver_release(nullptr));
    refuses_null(atlas_channel_receiver_pop_n(nullptr, buffer, offsets, &lane, receiver, 4, 1, ATLAS_NO_WAIT));
    refuses_null(atlas_channel_receiver_pop_n(&count, nullptr, offsets, &lane, receiver, 4, 1, ATLAS_NO_WAIT));
    refuses_null(atlas_channel_receiver_pop_n(&count, buffer, nullptr, &lane, receiver, 4, 1, ATLAS_NO_WAIT));
    refuses_null(atlas_channel_receiver_pop_n(&count, buffer, offsets, &lane, nullptr, 4, 1, ATLAS_NO_WAIT));
    refuses_null(atlas_channel_receiver_close(nullptr));
    atlas_channel_receiver_info receiver_info = ATLAS_CHANNEL_RECEIVER_INFO_INIT;
    atlas_channel_sender_info sender_info = ATLAS_CHANNEL_SENDER_INFO_INIT;
    refuses_null(atlas_channel_receiver_describe(nullptr, receiver));
    refuses_null(atlas_channel_receiver_describe(&receiver_info, nullptr));
    refuses_null(atlas_channel_sender_describe(nullptr, sender));
    refuses_null(atlas_channel_sender_describe(&sender_info, nullptr));
    std::int32_t descriptor = -1;
    std::uint32_t is_ready = 0;
    refuses_null(atlas_channel_receiver_event_fd(nullptr, receiver));
    refuses_null(atlas_channel_receiver_event_fd(&descriptor, nullptr));
    refuses_null(atlas_channel_receiver_event_arm(&is_ready, nullptr));
    CHECK(descriptor == -1);
    CHECK(atlas_channel_receiver_pop_n(&count, buffer, offsets, nullptr, receiver, 4, 1, ATLAS_NO_WAIT) == ATLAS_OK);
    CHECK(count == 1);
    CHECK(atlas_channel_remove(name.c_str(), nullptr) == ATLAS_OK);
  }
}

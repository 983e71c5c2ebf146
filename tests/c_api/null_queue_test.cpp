// SPDX-License-Identifier: Apache-2.0
// tests/c_api/null_queue_test.cpp -- every function of atlas_queue.h with NULL for each pointer that it needs.
#include "c_api/c_api_support.hpp"

TEST_SUITE("c_api") {
  TEST_CASE("NULL is refused by every function of atlas_queue that needs a pointer") {
    using namespace c_api_support;
    atlas_queue* made = nullptr;
    refuses_null(atlas_queue_create(nullptr, nullptr));
    REQUIRE(atlas_queue_create(&made, nullptr) == ATLAS_OK);
    const queue_handle queue(made);
    atlas_queue_free(nullptr);
    std::uint64_t count = 7;
    std::uint64_t offsets[2] = {0, 4};
    std::uint64_t key = 1;
    char buffer[4] = {};
    refuses_null(atlas_queue_push_n(nullptr, made, "text", 4, offsets, &key, 1, ATLAS_NO_WAIT));
    refuses_null(atlas_queue_push_n(&count, nullptr, "text", 4, offsets, &key, 1, ATLAS_NO_WAIT));
    refuses_null(atlas_queue_push_n(&count, made, nullptr, 4, offsets, &key, 1, ATLAS_NO_WAIT));
    refuses_null(atlas_queue_push_n(&count, made, "text", 4, nullptr, &key, 1, ATLAS_NO_WAIT));
    CHECK(atlas_queue_push_n(&count, made, nullptr, 0, nullptr, nullptr, 0, ATLAS_NO_WAIT) == ATLAS_OK);
    CHECK(count == 0);
    REQUIRE(atlas_queue_push_n(&count, made, "text", 4, offsets, nullptr, 1, ATLAS_NO_WAIT) == ATLAS_OK);
    refuses_null(atlas_queue_pop_n(nullptr, buffer, offsets, &key, made, 4, 1, ATLAS_NO_WAIT));
    refuses_null(atlas_queue_pop_n(&count, nullptr, offsets, &key, made, 4, 1, ATLAS_NO_WAIT));
    refuses_null(atlas_queue_pop_n(&count, buffer, nullptr, &key, made, 4, 1, ATLAS_NO_WAIT));
    refuses_null(atlas_queue_pop_n(&count, buffer, offsets, &key, nullptr, 4, 1, ATLAS_NO_WAIT));
    refuses_null(atlas_queue_close(nullptr));
    std::uint32_t is = 0;
    std::int32_t descriptor = -1;
    refuses_null(atlas_queue_is_closed(nullptr, made));
    refuses_null(atlas_queue_is_closed(&is, nullptr));
    refuses_null(atlas_queue_size(nullptr, made));
    refuses_null(atlas_queue_size(&count, nullptr));
    atlas_queue_info info = ATLAS_QUEUE_INFO_INIT;
    refuses_null(atlas_queue_describe(nullptr, made));
    refuses_null(atlas_queue_describe(&info, nullptr));
    refuses_null(atlas_queue_event_fd(nullptr, made));
    refuses_null(atlas_queue_event_fd(&descriptor, nullptr));
    refuses_null(atlas_queue_event_arm(&is, nullptr));
    CHECK(descriptor == -1);
    CHECK(atlas_queue_pop_n(&count, buffer, offsets, nullptr, made, 4, 1, ATLAS_NO_WAIT) == ATLAS_OK);
    CHECK(count == 1);
  }
}

// SPDX-License-Identifier: Apache-2.0
// include/atlas/queue/shm_end.hpp -- what both ends of a channel between processes have.
//
// Room:      basic_shm_end: a segment that is opened or made, mapped and checked, with its path; closing the channel.
// Not here:  sending and receiving (queue/shm_channel.hpp), what lies where (queue/shm_segment.hpp).
// Depends:   core/result.hpp, queue/{shared_memory,shm_segment}.hpp.
// Threads:   one object by one thread at a time; close() from any thread.
#ifndef ATLAS_QUEUE_SHM_END_HPP
#define ATLAS_QUEUE_SHM_END_HPP

#include <atlas/queue/shared_memory.hpp>  // shared_memory, wake_fifo
#include <atlas/queue/shm_segment.hpp>    // shm_segment, wake_shared

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// What both sides have: the mapped segment, its layout as it was checked, its path.
template <template <class> class Atom>
class basic_shm_end {
  using shm_segment = basic_shm_segment<Atom>;

 public:
  static result<basic_shm_end> open(const segment_path& path) noexcept {
    auto memory = shared_memory::open(path.segment(), shm_page);
    if (!memory.ok()) return memory.error();
    const auto layout = shm_segment::read_layout(memory->data(), memory->size_bytes());
    if (!layout.ok()) return layout.error();
    return of(static_cast<shared_memory&&>(*memory), *layout, path);
  }
  static result<basic_shm_end> create(const segment_path& path, shm_layout layout, unsigned permissions) noexcept {
    auto memory = shared_memory::create(path.folder(), shm_segment::size_bytes(layout), permissions);
    if (!memory.ok()) return memory.error();
    shm_segment::initialise(memory->data(), layout);
    return of(static_cast<shared_memory&&>(*memory), layout, path);
  }

  [[nodiscard]] const shm_segment& segment() const noexcept { return segment_; }
  [[nodiscard]] const shared_memory& memory() const noexcept { return memory_; }
  /// In a forked child the lane or the place is the parent's.
  [[nodiscard]] status usable() const noexcept {
    if (memory_.is_of_this_process()) return {};
    return error{errc::busy, "channel.process", "the process that attached", "a child of it"};
  }
  [[nodiscard]] shared_memory::ownership owned_by() const noexcept { return owned_by_; }
  /// The pipe of the segment's owner, who makes it if there is none and it is to be there.
  [[nodiscard]] result<wake_fifo> fifo(bool is_to_be_there) const noexcept {
    return wake_fifo::open(path_.fifo(), owned_by_.owner, is_to_be_there ? owned_by_.permissions : 0);
  }
  /// Wakes everybody again if it was closed before: the one who did it may have ended in between.
  void close() const noexcept {
    static_cast<void>(segment_.header().closed.exchange(1));
    wake_shared(segment_.header().records);
    for (std::uint32_t i = 0; i < segment_.lanes_used(); ++i) wake_shared(segment_.lane(i).room_signals);
    if (segment_.header().fifo.load_ordered() == 0) return;
    const auto opened = fifo(false);
    if (opened.ok()) opened->ring();
  }

 private:
  static result<basic_shm_end> of(shared_memory&& memory, shm_layout layout, const segment_path& path) noexcept {
    const auto owned_by = memory.owned_by();
    if (!owned_by.ok()) return owned_by.error();
    return basic_shm_end(static_cast<shared_memory&&>(memory), layout, path, *owned_by);
  }
  basic_shm_end(shared_memory&& memory, shm_layout layout, const segment_path& path,
                shared_memory::ownership owned_by) noexcept
      : memory_(static_cast<shared_memory&&>(memory)),
        segment_(memory_.data(), layout),
        path_(path),
        owned_by_(owned_by) {}

  shared_memory memory_;
  shm_segment segment_;
  segment_path path_;
  shared_memory::ownership owned_by_;  // asked once: a forked child has no descriptor to ask
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_QUEUE_SHM_END_HPP

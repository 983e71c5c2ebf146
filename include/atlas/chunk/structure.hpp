// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/structure.hpp -- what a rule has found ahead of the chunk that is being cut.
//
// Room:      a queue of boundaries, of parts that should stay whole, and of headings.
// Not here:  who fills it (the rules), who empties it (chunk/chunker.hpp).
// Depends:   core/memory.hpp, chunk/{boundary,checkpoint,heading_path}.hpp.
// Threads:   used by one thread at a time.
#ifndef ATLAS_CHUNK_STRUCTURE_HPP
#define ATLAS_CHUNK_STRUCTURE_HPP

#include <atlas/chunk/boundary.hpp>      // text_boundary
#include <atlas/chunk/checkpoint.hpp>    // checkpoint_writer, checkpoint_reader
#include <atlas/chunk/heading_path.hpp>  // heading_path
#include <atlas/core/memory.hpp>         // buffer

namespace atlas { inline namespace ATLAS_ABI {

/// A part of the document that is not cut if it fits into a chunk by itself: a fence, a table.
struct whole_part {
  static constexpr std::uint64_t is_open = ~std::uint64_t{0};
  std::uint64_t begin = 0;
  std::uint64_t end = is_open;  ///< is_open until the rule has seen it
};

/// A heading whose boundary has been found.
struct found_heading {
  std::uint64_t offset = 0;
  std::uint32_t depth = 0;
  std::uint32_t title_size = 0;
  char title[heading_path::most_title_bytes] = {};
};

/// Boundaries in the order of the document, each behind the one before. Rules append; the chunker reads, and drops what is behind it.
class structure {
 public:
  // --- for rules ---

  /// A boundary behind all that were told. One at the same offset as the last is the same boundary; the stronger level counts. One before
  /// it, which only a checkpoint of bytes that were changed can lead to, is none.
  [[nodiscard]] status add(std::uint64_t offset, boundary_level level) noexcept {
    if (first_ != boundaries_.size()) {
      text_boundary& last = boundaries_[boundaries_.size() - 1];
      if (last.offset == offset && last.level < level) last.level = level;
      if (last.offset >= offset) return {};
    }
    return boundaries_.push_back({offset, level});
  }
  /// A part that should stay whole begins here, where a boundary was told, and the one before it has ended.
  [[nodiscard]] status begin_whole(std::uint64_t offset) noexcept { return wholes_.push_back({offset, whole_part::is_open}); }
  /// It ends here, where a boundary was told.
  void end_whole(std::uint64_t offset) noexcept {
    if (first_whole_ != wholes_.size()) wholes_[wholes_.size() - 1].end = offset;
  }
  /// A heading begins here.
  [[nodiscard]] status add_heading(std::uint64_t offset, std::uint32_t depth, text_view title) noexcept {
    found_heading heading;
    heading.offset = offset;
    heading.depth = depth;
    std::size_t size = title.size();
    if (size > sizeof heading.title) size = character_start(title, sizeof heading.title);
    heading.title_size = static_cast<std::uint32_t>(size);
    if (size != 0) std::memcpy(heading.title, title.data(), size);
    return headings_.push_back(heading);
  }

  // --- for the chunker ---

  [[nodiscard]] const text_boundary* begin() const noexcept { return boundaries_.data() + first_; }
  [[nodiscard]] const text_boundary* end() const noexcept { return boundaries_.data() + boundaries_.size(); }

  /// The first boundary behind an offset. Logarithmic.
  [[nodiscard]] const text_boundary* first_behind(std::uint64_t offset) const noexcept {
    std::size_t low = first_;
    for (std::size_t high = boundaries_.size(); low < high;) {
      const std::size_t middle = low + (high - low) / 2;
      if (boundaries_[middle].offset <= offset) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return boundaries_.data() + low;
  }

  /// What was told so far, to go back to where a rule fails.
  struct mark {
    std::size_t boundaries = 0;
    std::size_t wholes = 0;
    std::size_t headings = 0;
    text_boundary last;
    whole_part last_whole;
  };
  [[nodiscard]] mark told_so_far() const noexcept {
    mark out;
    out.boundaries = boundaries_.size();
    out.wholes = wholes_.size();
    out.headings = headings_.size();
    if (out.boundaries != 0) out.last = boundaries_[out.boundaries - 1];
    if (out.wholes != 0) out.last_whole = wholes_[out.wholes - 1];
    return out;
  }
  void go_back(const mark& to) noexcept {
    static_cast<void>(boundaries_.resize(to.boundaries));  // smaller: never fails
    static_cast<void>(wholes_.resize(to.wholes));
    static_cast<void>(headings_.resize(to.headings));
    if (to.boundaries != 0) boundaries_[to.boundaries - 1] = to.last;
    if (to.wholes != 0) wholes_[to.wholes - 1] = to.last_whole;
  }

  /// The part that `offset` lies inside of, its two ends not counted; null if there is none.
  [[nodiscard]] const whole_part* whole_around(std::uint64_t offset) const noexcept {
    std::size_t low = first_whole_;
    for (std::size_t high = wholes_.size(); low < high;) {
      const std::size_t middle = low + (high - low) / 2;
      if (wholes_[middle].end <= offset) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low < wholes_.size() && wholes_[low].begin < offset ? &wholes_[low] : nullptr;
  }

  /// Forgets boundaries up to `offset`, and parts that end there.
  void pass(std::uint64_t offset) noexcept {
    while (first_ < boundaries_.size() && boundaries_[first_].offset <= offset) ++first_;
    while (first_whole_ < wholes_.size() && wholes_[first_whole_].end <= offset) ++first_whole_;
    compact(boundaries_, first_);
    compact(wholes_, first_whole_);
  }
  /// Moves the headings up to `offset` into the path.
  /// @param notes  where they are noted too; null: nowhere
  [[nodiscard]] status enter_headings(std::uint64_t offset, heading_path& path, buffer<found_heading>* notes) noexcept {
    while (first_heading_ < headings_.size() && headings_[first_heading_].offset <= offset) {
      const found_heading& heading = headings_[first_heading_];
      if (notes != nullptr) {
        if (status noted = notes->push_back(heading); !noted.ok()) return noted;
      }
      path.enter(heading.depth, {heading.title, heading.title_size});
      ++first_heading_;
    }
    compact(headings_, first_heading_);
    return {};
  }

  /// Where the part began that has not ended; whole_part::is_open if there is none.
  [[nodiscard]] std::uint64_t open_whole() const noexcept {
    const bool is_open = first_whole_ != wholes_.size() && wholes_[wholes_.size() - 1].end == whole_part::is_open;
    return is_open ? wholes_[wholes_.size() - 1].begin : whole_part::is_open;
  }

  void clear() noexcept {
    boundaries_.clear();
    wholes_.clear();
    headings_.clear();
    first_ = first_whole_ = first_heading_ = 0;
  }

  void save(detail::checkpoint_writer& writer) const noexcept {
    writer.value(std::uint64_t{boundaries_.size() - first_});
    for (const text_boundary* one = begin(); one != end(); ++one) {
      writer.value(one->offset);
      writer.value(static_cast<std::uint64_t>(one->level));  // no padding, so that equal states are equal bytes
    }
    writer.array(wholes_.data() + first_whole_, wholes_.size() - first_whole_);
    writer.array(headings_.data() + first_heading_, headings_.size() - first_heading_);
  }
  /// @param end  where the text ends that is there; nothing lies beyond it
  [[nodiscard]] status load(detail::checkpoint_reader& reader, std::uint64_t end) noexcept {
    buffer<stored_boundary> stored;
    if (status read = reader.array(stored); !read.ok()) return read;
    std::uint64_t before = 0;
    for (const stored_boundary& one : stored) {
      if (one.offset < before || one.offset > end || one.level > 255) return detail::checkpoint_reader::damaged("boundary", before, one.offset);
      before = one.offset;
      if (status added = boundaries_.push_back({one.offset, static_cast<boundary_level>(one.level)}); !added.ok()) return added;
    }
    if (status read = reader.array(wholes_); !read.ok()) return read;
    before = 0;
    for (const whole_part& one : wholes_) {
      const bool is_last = &one == wholes_.end() - 1;
      const bool is_sound = one.begin >= before && one.begin <= end && ((one.end > one.begin && one.end <= end) || (is_last && one.end == whole_part::is_open));
      if (!is_sound) return detail::checkpoint_reader::damaged("whole part", before, one.begin);
      before = one.end;
    }
    if (status read = reader.array(headings_); !read.ok()) return read;
    before = 0;
    for (const found_heading& one : headings_) {
      const bool is_sound = one.offset >= before && one.offset <= end && one.depth >= 1 && one.depth <= heading_path::most_depth && one.title_size <= sizeof one.title;
      if (!is_sound) return detail::checkpoint_reader::damaged("heading", before, one.offset);
      before = one.offset;
    }
    return {};
  }

 private:
  struct stored_boundary {
    std::uint64_t offset;
    std::uint64_t level;
  };

  /// Moves what is left to the front once as much lies before it, which keeps both memory and moving linear.
  template <class T>
  static void compact(buffer<T>& all, std::size_t& first) noexcept {
    constexpr std::size_t least = 32;  // so that few are not moved every time
    const std::size_t left = all.size() - first;
    if (first < least || left > first) return;
    if (left != 0) std::memmove(static_cast<void*>(all.data()), all.data() + first, left * sizeof(T));
    static_cast<void>(all.resize(left));  // smaller: never fails
    first = 0;
  }

  buffer<text_boundary> boundaries_;
  buffer<whole_part> wholes_;
  buffer<found_heading> headings_;
  std::size_t first_ = 0;
  std::size_t first_whole_ = 0;
  std::size_t first_heading_ = 0;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CHUNK_STRUCTURE_HPP

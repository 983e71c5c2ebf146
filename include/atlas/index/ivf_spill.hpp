// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/ivf_spill.hpp -- coded rows on disk, written as they come and read back in the order of lists.
//
// Room:      ivf_spill, and ordered_rows that reads one of its columns.
// Not here:  coding (index/ivf_encoding.hpp), the file that rows end up in (index/ivf_builder.hpp).
// Depends:   core, storage/temporary_file.hpp, index/ivf_encoding.hpp.
// Threads:   one thread at a time.
#ifndef ATLAS_INDEX_IVF_SPILL_HPP
#define ATLAS_INDEX_IVF_SPILL_HPP

#include <atlas/index/ivf_encoding.hpp>      // ivf_encoding
#include <atlas/storage/temporary_file.hpp>  // open_temporary

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// What a spilled row consists of. Each is a column of a chunk.
enum class spill_column : std::uint8_t { lists = 0, keys = 1, codes = 2, vectors = 3 };
inline constexpr std::size_t spill_column_count = 4;

/// Rows in chunks: each has rows of one range of lists, sorted by list and in one list in the order in which they came. A
/// row's number is its place in the order of lists, and in a list that in which it came.
/// Memory: 16 bytes a chunk, of which an append makes one for each range that it has rows of; 8 bytes a list, and the rows
/// of one append.
class ivf_spill {
 public:
  /// @param folder  on whose disk rows lie meanwhile
  /// @return  open_temporary's errors
  [[nodiscard]] status open(const char* folder) noexcept {
    auto opened = open_temporary(folder);
    if (!opened.ok()) return opened.error();
    file_ = static_cast<file_descriptor&&>(*opened);
    return {};
  }
  /// Says what rows are, before the first.
  /// @param ranges   of lists, whose rows are read back by themselves, 1 to list_count
  /// @return  no_memory
  [[nodiscard]] status shape(std::uint32_t list_count, std::uint32_t ranges, std::size_t code_bytes, std::size_t row_bytes) noexcept {
    list_count_ = list_count;
    range_count_ = ranges;
    widths_[static_cast<std::size_t>(spill_column::lists)] = sizeof(std::uint32_t);
    widths_[static_cast<std::size_t>(spill_column::keys)] = sizeof(std::uint64_t);
    widths_[static_cast<std::size_t>(spill_column::codes)] = sizeof(coded_row) + code_bytes;
    widths_[static_cast<std::size_t>(spill_column::vectors)] = row_bytes;
    return first_rows_.resize_zeroed(list_count + std::size_t{1});
  }
  [[nodiscard]] std::size_t width(spill_column column) const noexcept { return widths_[static_cast<std::size_t>(column)]; }
  [[nodiscard]] std::uint32_t list_count() const noexcept { return list_count_; }
  [[nodiscard]] std::uint64_t row_count() const noexcept { return row_count_; }

  /// Appends rows as they were coded.
  /// @param keys, vectors  of row i of the encoding: vectors + i * width(vectors)
  /// @return  no_space, io, no_memory; then rows may be there in part
  [[nodiscard]] status append(const ivf_encoding& encoding, std::size_t count, const std::uint64_t* keys, const std::byte* vectors) noexcept {
    bytes_.clear();
    if (status made = bytes_.reserve(count * row_bytes()); !made.ok()) return made;
    for (std::uint32_t range = 0; range < range_count_; ++range) {
      const std::size_t first = encoding.first(first_list(range));
      const std::size_t end = encoding.first(first_list(range + 1));
      if (first == end) continue;
      if (status noted = chunks_.push_back({position_ + bytes_.size(), range, static_cast<std::uint32_t>(end - first)}); !noted.ok()) return noted;
      append_chunk(encoding, first, end, keys, vectors);
    }
    for (std::size_t i = 0; i < count; ++i) ++first_rows_[encoding.list(i) + std::size_t{1}];
    if (status written = file_.write_at(bytes_.data(), bytes_.size(), position_); !written.ok()) return written;
    position_ += bytes_.size();
    row_count_ += count;
    return {};
  }
  /// Ends appending: first_row() holds from here on.
  void number_rows() noexcept {
    for (std::size_t list = 1; list < first_rows_.size(); ++list) first_rows_[list] += first_rows_[list - 1];
    bytes_ = {};
  }
  /// The number of a list's first row; of the list behind the last one that of rows. @pre number_rows() was called
  [[nodiscard]] std::uint64_t first_row(std::uint32_t list) const noexcept { return first_rows_[list]; }

  // -- for ordered_rows
  struct chunk {
    std::uint64_t position;
    std::uint32_t range;
    std::uint32_t count;
  };
  [[nodiscard]] std::uint32_t range_count() const noexcept { return range_count_; }
  [[nodiscard]] std::uint32_t first_list(std::uint32_t range) const noexcept {
    return static_cast<std::uint32_t>(std::uint64_t{range} * list_count_ / range_count_);
  }
  [[nodiscard]] const buffer<chunk>& chunks() const noexcept { return chunks_; }
  /// Elements [first, first + count) of a chunk's column.
  [[nodiscard]] status read(const chunk& from, spill_column column, std::size_t first, std::size_t count, void* out) const noexcept {
    std::uint64_t position = from.position;
    for (std::size_t before = 0; before < static_cast<std::size_t>(column); ++before) position += std::uint64_t{from.count} * widths_[before];
    return file_.read_at(out, count * width(column), position + first * width(column));
  }

 private:
  [[nodiscard]] std::size_t row_bytes() const noexcept {
    std::size_t sum = 0;
    for (const std::size_t width : widths_) sum += width;
    return sum;
  }
  /// @pre there is room
  void append_chunk(const ivf_encoding& encoding, std::size_t first, std::size_t end, const std::uint64_t* keys, const std::byte* vectors) noexcept {
    const auto put = [this](const void* from, std::size_t size) noexcept { (void)bytes_.append(static_cast<const std::byte*>(from), size); };
    for (std::size_t place = first; place < end; ++place) {
      const std::uint32_t list = encoding.list(encoding.in_order(place));
      put(&list, sizeof list);
    }
    for (std::size_t place = first; place < end; ++place) put(keys + encoding.in_order(place), sizeof(std::uint64_t));
    for (std::size_t place = first; place < end; ++place) {
      const coded_row terms = encoding.terms(encoding.in_order(place));
      put(&terms, sizeof terms);
      put(encoding.code(encoding.in_order(place)), width(spill_column::codes) - sizeof terms);
    }
    for (std::size_t place = first; place < end; ++place) {
      put(vectors + encoding.in_order(place) * width(spill_column::vectors), width(spill_column::vectors));
    }
  }

  file_descriptor file_;
  std::uint64_t position_ = 0;
  std::uint64_t row_count_ = 0;
  std::uint32_t list_count_ = 0;
  std::uint32_t range_count_ = 1;
  std::size_t widths_[spill_column_count] = {};
  buffer<std::uint64_t> first_rows_;  ///< until number_rows() each list's count, one place on
  buffer<chunk> chunks_;
  buffer<std::byte> bytes_;           ///< of one append
};

/// One column of a spill in the order of rows, read once from the first to the last.
/// Memory: the window, which has rows of one range of lists at a time; where a range has more its lists are read again.
class ordered_rows {
 public:
  ordered_rows(const ivf_spill& spill, spill_column column, std::size_t window_bytes) noexcept
      : spill_(spill), column_(column), window_rows_(window_bytes / spill.width(column)) {
    if (window_rows_ == 0) window_rows_ = 1;
  }
  /// The next rows. @pre there are as many
  /// @return  io, no_memory
  [[nodiscard]] status read(std::size_t count, std::byte* out) noexcept {
    const std::size_t width = spill_.width(column_);
    while (count != 0) {
      if (next_ == end_) {
        if (status loaded = load(); !loaded.ok()) return loaded;
      }
      const std::size_t some = end_ - next_ < count ? static_cast<std::size_t>(end_ - next_) : count;
      std::memcpy(out, window_.data() + static_cast<std::size_t>(next_ - begin_) * width, some * width);
      out += some * width;
      next_ += some;
      count -= some;
    }
    return {};
  }

 private:
  /// The window behind this one.
  [[nodiscard]] status load() noexcept {
    ATLAS_ASSERT(end_ < spill_.row_count());
    while (end_ == spill_.first_row(spill_.first_list(range_ + 1))) ++range_;
    begin_ = next_ = end_;
    const std::uint64_t last = spill_.first_row(spill_.first_list(range_ + 1));
    end_ = last - begin_ < window_rows_ ? last : begin_ + window_rows_;
    if (status made = window_.resize(static_cast<std::size_t>(end_ - begin_) * spill_.width(column_)); !made.ok()) return made;
    const std::uint32_t first_list = spill_.first_list(range_);
    if (status made = next_rows_.resize(spill_.first_list(range_ + 1) - first_list); !made.ok()) return made;
    for (std::uint32_t i = 0; i < next_rows_.size(); ++i) next_rows_[i] = spill_.first_row(first_list + i);
    std::uint64_t placed = 0;
    for (const ivf_spill::chunk& chunk : spill_.chunks()) {
      if (chunk.range != range_) continue;
      const auto taken = take(chunk, first_list);
      if (!taken.ok()) return taken.error();
      placed += *taken;
    }
    if (placed != end_ - begin_) return error{errc::corrupt_file, "spilled rows", end_ - begin_, placed};
    return {};
  }
  /// The rows of a chunk that lie in the window, whose numbers rise; unless the disk gave other lists than were written.
  /// @return  how many there are
  [[nodiscard]] result<std::uint64_t> take(const ivf_spill::chunk& chunk, std::uint32_t first_list) noexcept {
    const std::size_t width = spill_.width(column_);
    if (status made = numbers_.resize(chunk.count); !made.ok()) return made.error();
    if (status made = lists_.resize(chunk.count); !made.ok()) return made.error();
    if (status got = spill_.read(chunk, spill_column::lists, 0, chunk.count, lists_.data()); !got.ok()) return got.error();
    for (std::size_t i = 0; i < chunk.count; ++i) {
      const std::uint32_t place = lists_[i] - first_list;
      if (place >= next_rows_.size()) return error{errc::corrupt_file, "spilled list", "one of its range", lists_[i]};
      numbers_[i] = next_rows_[place]++;
    }
    std::size_t first = 0;
    while (first < chunk.count && numbers_[first] < begin_) ++first;
    std::size_t end = first;
    while (end < chunk.count && numbers_[end] >= begin_ && numbers_[end] < end_) ++end;
    if (first == end) return std::uint64_t{0};
    if (status made = elements_.resize((end - first) * width); !made.ok()) return made.error();
    if (status got = spill_.read(chunk, column_, first, end - first, elements_.data()); !got.ok()) return got.error();
    for (std::size_t i = first; i < end; ++i) {
      std::memcpy(window_.data() + static_cast<std::size_t>(numbers_[i] - begin_) * width, elements_.data() + (i - first) * width, width);
    }
    return std::uint64_t{end - first};
  }

  const ivf_spill& spill_;
  const spill_column column_;
  std::size_t window_rows_;
  std::uint32_t range_ = 0;
  std::uint64_t begin_ = 0;  ///< of the window
  std::uint64_t next_ = 0;
  std::uint64_t end_ = 0;
  buffer<std::byte> window_;
  buffer<std::uint64_t> next_rows_;  ///< of each list of the range
  buffer<std::uint32_t> lists_;      ///< of a chunk; likewise
  buffer<std::uint64_t> numbers_;
  buffer<std::byte> elements_;
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_IVF_SPILL_HPP

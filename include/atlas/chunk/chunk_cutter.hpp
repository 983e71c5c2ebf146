// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/chunk_cutter.hpp -- finds the end of the next chunk in the part of a document that is there.
//
// Room:      chunk_cutter: the choice among the boundaries of a rule within the size of a sizer, overlap, positions.
// Not here:  keeping the text of a stream, saving (chunk/chunker.hpp).
// Depends:   chunk, core.
// Threads:   used by one thread at a time.
#ifndef ATLAS_CHUNK_CHUNK_CUTTER_HPP
#define ATLAS_CHUNK_CHUNK_CUTTER_HPP

#include <atlas/chunk/chunk_rule.hpp>       // chunk_rule, document_part
#include <atlas/chunk/chunk_sizer.hpp>      // chunk_sizer
#include <atlas/chunk/chunk_view.hpp>       // chunk_view
#include <atlas/chunk/chunker_options.hpp>  // chunker_options
#include <atlas/chunk/prose_boundaries.hpp> // is_cluster_break
#include <atlas/chunk/text_position.hpp>    // text_position

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// Where the cutting of a document stands at one depth.
struct cutter_state {
  text_position start;          ///< of the next chunk
  std::uint64_t fresh = 0;      ///< what the chunks so far do not hold begins here
  boundary_level level = boundary_level::text_end;  ///< of the boundary at `fresh`
};

/// All that the next chunk depends on besides the text and what the rule tells of it.
struct chunk_begin {
  cutter_state state;
  std::uint64_t overlap_units = 0;  ///< of what the chunk repeats

  /// But for what is counted from the document's begin.
  friend bool operator==(const chunk_begin& left, const chunk_begin& right) noexcept {
    return left.state.start.byte == right.state.start.byte && left.state.fresh == right.state.fresh && left.state.level == right.state.level &&
           left.overlap_units == right.overlap_units;
  }
};

/// That a rule has read up to an offset, and a hash of all that depends on what it will tell behind it. Taken where offsets are multiples
/// of a number, so that those of two cutters of one document can be compared.
struct rule_mark {
  static constexpr std::uint64_t stride = std::uint64_t{16} << 10;
  std::uint64_t offset = 0;
  hash128 key;
};

/// What came of asking for a chunk.
enum class cut_outcome : std::uint8_t {
  chunk,  ///< there is one
  more,   ///< it cannot be known before more of the document is there
  end,    ///< the document is used up
};

/// Cuts one document.
template <chunk_rule Rule, chunk_sizer Sizer>
class chunk_cutter {
 public:
  chunk_cutter(Rule rule, Sizer sizer, const chunker_options& options) noexcept
      : rule_(static_cast<Rule&&>(rule)), sizer_(static_cast<Sizer&&>(sizer)), options_(options), depth_count_(options.depth_count()) {}

  /// No byte before it is needed any more.
  [[nodiscard]] std::uint64_t first_needed() const noexcept {
    std::uint64_t first = state_.start.byte < scanned_ ? state_.start.byte : scanned_;
    for (std::uint32_t depth = 0; depth < depth_; ++depth) first = outer_[depth].state.start.byte < first ? outer_[depth].state.start.byte : first;
    return first;
  }

  /// Goes back to the start of a document.
  void restart() noexcept {
    state_ = {};
    scanned_ = 0;
    read_ = 0;
    rule_state_ = {};
    overlap_units_ = 0;
    depth_ = 0;
    found_.clear();
    headings_ = {};
  }

  // -- for pieces of a document that are cut before it is known how those before them end

  /// Begins at an offset as if a chunk had ended there.
  void begin_at(std::uint64_t offset) noexcept {
    restart();
    state_.start.byte = state_.fresh = scanned_ = read_ = offset;
    state_.level = boundary_level::paragraph;
  }
  /// Where the next chunk begins that no other contains.
  [[nodiscard]] const text_position& start() const noexcept { return state_.start; }
  [[nodiscard]] bool is_inside() const noexcept { return depth_ != 0; }
  /// Two cutters of one document give the same chunks from there on, but for what is counted from its begin and for headings before, if
  /// these are equal, if headings above them were entered, and if rules had come to equal marks before the chunks before them began.
  /// @pre !is_inside()
  [[nodiscard]] chunk_begin begin() const noexcept { return {state_, overlap_units_}; }
  /// Enters the headings above what is new in the next chunk, as far as they were told. @return no_memory
  [[nodiscard]] status enter_headings() noexcept { return found_.enter_headings(state_.fresh, headings_, heading_notes_); }
  /// Says what was counted before, and which headings there were.
  void count_from(const text_position& start, const heading_path& headings) noexcept {
    state_.start = start;
    headings_ = headings;
  }
  [[nodiscard]] const heading_path& headings() const noexcept { return headings_; }
  /// Headings are also noted there as they are passed; null: nowhere.
  void note_headings(buffer<found_heading>* notes) noexcept { heading_notes_ = notes; }
  /// Marks of the rule are also noted there, from what it has not read yet on; null: nowhere.
  void note_marks(buffer<rule_mark>* notes) noexcept {
    mark_notes_ = notes;
    next_mark_ = (read_ / rule_mark::stride + 1) * rule_mark::stride;
  }

  [[nodiscard]] checkpoint_maker maker() const noexcept { return {rule_.version(), fingerprint_of(rule_), sizer_.fingerprint()}; }
  void save(checkpoint_writer& writer) const noexcept {
    writer.value(std::uint64_t{depth_});
    for (std::uint32_t depth = 0; depth < depth_; ++depth) save(writer, outer_[depth].state, outer_[depth].overlap_units);
    save(writer, state_, overlap_units_);
    writer.value(scanned_);
    save_state(rule_, rule_state_, writer);
    writer.value(headings_);
    found_.save(writer);
  }
  /// @param begin, size  of the text that is kept
  [[nodiscard]] status load(checkpoint_reader& reader, std::uint64_t begin, std::size_t size) noexcept {
    constexpr std::uint64_t furthest = std::uint64_t{1} << 62;  // no offset comes near to where it would wrap
    if (begin > furthest) return checkpoint_reader::damaged("begin of the text", furthest, begin);
    const std::uint64_t end = begin + size;
    std::uint64_t depth = 0;
    if (status read = reader.value(depth); !read.ok()) return read;
    if (depth >= depth_count_) return checkpoint_reader::damaged("depth", depth_count_ - 1, depth);
    depth_ = static_cast<std::uint32_t>(depth);
    std::uint64_t most = end;  // a chunk of each depth lies in one of that above
    for (std::uint32_t i = 0; i < depth_; ++i) {
      if (status read = load(reader, begin, most, outer_[i].state, outer_[i].overlap_units); !read.ok()) return read;
      most = outer_[i].state.fresh;
      if (i != 0 && outer_[i].overlap_units != 0) return checkpoint_reader::damaged("overlap", 0, outer_[i].overlap_units);
    }
    if (status read = load(reader, begin, most, state_, overlap_units_); !read.ok()) return read;
    if (depth_ != 0 && overlap_units_ != 0) return checkpoint_reader::damaged("overlap", 0, overlap_units_);
    if (status read = reader.value(scanned_); !read.ok()) return read;
    if (scanned_ < begin || scanned_ > end) return checkpoint_reader::damaged("scanned", begin, scanned_);
    if (status read = load_state(rule_, rule_state_, reader); !read.ok()) return read;
    if (status read = reader.value(headings_); !read.ok()) return read;
    if (!headings_.is_sound()) return checkpoint_reader::damaged("heading path", 0, 1);
    return found_.load(reader, end);
  }

  /// The next chunk, from the text that is there.
  /// @param part  holds what is left of the document from first_needed() on, or a beginning of that
  /// @return      what came of it; `out` is written for a chunk. Errors: no_memory; those of the rule and the sizer
  [[nodiscard]] result<cut_outcome> next(const document_part& part, chunk_view& out) noexcept {
    for (;;) {
      document_part own = part;
      if (depth_ != 0) {  // a chunk of the depth above, as if it were all
        own.text = part.text.subview(0, static_cast<std::size_t>(outer_[depth_ - 1].state.fresh - part.begin));
        own.is_last = true;
      } else {
        if (state_.fresh == part.begin + part.text.size()) return part.is_last ? cut_outcome::end : cut_outcome::more;
        found_.pass(state_.start.byte);
      }
      result<chosen_cut> cut = choose(own);
      if (!cut.ok()) return cut.error();
      if (cut->is_open) {
        // Of a document that is all there everything can be told, but by a rule or a sizer that breaks its promises.
        if (part.is_last) return error{errc::internal, "chunk", "a rule and a sizer that settle at a document's end", "ones that do not"};
        return cut_outcome::more;
      }
      if (depth_ != 0 && state_.start.byte + cut->bytes == outer_[depth_ - 1].state.fresh) cut->level = outer_[depth_ - 1].state.level;
      const result<bool> is_given = finish(own, *cut, out);
      if (!is_given.ok()) return is_given.error();
      if (*is_given) return cut_outcome::chunk;
    }
  }

 private:
  static void save(checkpoint_writer& writer, const cutter_state& state, std::uint64_t overlap_units) noexcept {
    writer.value(state.start);
    writer.value(state.fresh);
    writer.value(static_cast<std::uint64_t>(state.level));
    writer.value(overlap_units);
  }
  [[nodiscard]] status load(checkpoint_reader& reader, std::uint64_t begin, std::uint64_t end, cutter_state& state, std::uint64_t& overlap_units) const noexcept {
    std::uint64_t level = 0;
    if (status read = reader.value(state.start); !read.ok()) return read;
    if (status read = reader.value(state.fresh); !read.ok()) return read;
    if (status read = reader.value(level); !read.ok()) return read;
    if (status read = reader.value(overlap_units); !read.ok()) return read;
    if (state.start.byte < begin || state.start.byte > end) return checkpoint_reader::damaged("start", begin, state.start.byte);
    if (state.fresh < state.start.byte || state.fresh > end) return checkpoint_reader::damaged("fresh", state.start.byte, state.fresh);
    if (level > 255) return checkpoint_reader::damaged("level", 255, level);
    if (overlap_units > options_.overlap) return checkpoint_reader::damaged("overlap", options_.overlap, overlap_units);
    state.level = static_cast<boundary_level>(level);
    return {};
  }

  struct chosen_cut {
    std::size_t bytes = 0;  ///< of the chunk
    boundary_level level = boundary_level::character;
    bool is_open = false;   ///< not known yet
    bool is_plain = false;  ///< each byte of the chunk is a character and a unit
  };
  static constexpr std::size_t longest_cluster_bytes = 4096;  ///< a grapheme cluster beyond the size that is longer is cut

  [[nodiscard]] result<chosen_cut> choose(const document_part& part) noexcept {
    constexpr chosen_cut open{0, boundary_level::character, true, false};
    for (;;) {
      const text_view from = left_of(part, state_.start.byte);
      const auto fresh = static_cast<std::size_t>(state_.fresh - state_.start.byte);
      const result<fitted_text> fitted = fit(from, size(), part.is_last);
      if (!fitted.ok()) return fitted.error();
      if (!fitted->is_settled) return open;
      const bool is_rest = part.is_last && fitted->bytes == from.size();
      if (!part.is_last && from.size() - fitted->bytes < prose_lookahead + longest_cluster_bytes) return open;
      // Of a rest that will not be cut only the heading that it may begin with matters.
      const bool is_read_whole = !is_rest || options_.packing != chunk_packing::full || !sizer_.is_additive();
      const result<bool> is_read = read_to(part, is_read_whole ? state_.start.byte + fitted->bytes : state_.fresh + 1);
      if (!is_read.ok()) return is_read.error();
      if (!*is_read) return open;

      result<chosen_cut> cut = within(part, from, fresh, *fitted, is_rest);
      if (!cut.ok() || cut->is_open || cut->bytes != 0) return cut;
      if (fresh == 0) return one_cluster(from, part.is_last);
      // With less repeated there is more room.
      move_over(state_.start, from.subview(0, fresh), fitted->is_plain);
      overlap_units_ = 0;
    }
  }

  /// The best cut behind `fresh`, up to `most`; 0 bytes if there is none, or none that leaves whole what should stay so.
  [[nodiscard]] result<chosen_cut> within(const document_part& part, text_view from, std::size_t fresh, const fitted_text& fitted, bool is_rest) noexcept {
    for (std::size_t most = fitted.bytes; most > fresh;) {
      // What should stay whole and fits, but not behind what the chunk holds already, is left to the next one.
      const whole_part* const around = is_rest ? nullptr : found_.whole_around(state_.start.byte + most);
      if (around != nullptr && around->begin >= state_.fresh) {
        const std::uint64_t begin = around->begin;
        const result<whole_fit> fits = fit_whole(part, begin);
        if (!fits.ok()) return fits.error();
        if (*fits == whole_fit::unknown) return chosen_cut{0, boundary_level::character, true, false};
        if (*fits == whole_fit::fits && (begin != state_.fresh || fresh != 0)) {
          most = static_cast<std::size_t>(begin - state_.start.byte);
          if (most <= fresh) break;
        }
      }
      result<chosen_cut> cut = up_to(from, fresh, most, is_rest, fitted.is_plain);
      if (!cut.ok() || cut->bytes == 0) return cut;
      if (!sizer_.is_additive()) {
        text_view chunk = from.subview(0, cut->bytes);
        if (options_.trim) {
          text_position begin;
          text_position end;
          trim(chunk, begin, end);
        }
        const result<std::uint64_t> units = sizer_.measure(chunk, count_characters(chunk));
        if (!units.ok()) return units.error();
        if (*units > size()) {
          most = cut->bytes - 1;
          is_rest = false;
          continue;
        }
      }
      cut->is_plain = fitted.is_plain;
      return cut;
    }
    return chosen_cut{};
  }
  [[nodiscard]] result<chosen_cut> up_to(text_view from, std::size_t fresh, std::size_t most, bool is_rest, bool is_plain) const noexcept {
    if (options_.packing != chunk_packing::full) {
      const result<std::size_t> enough = fill(from, fresh, most, options_.coherent_percent, is_plain);
      if (!enough.ok()) return enough.error();
      const chosen_cut cut = first_above(from, *enough, most);
      if (cut.bytes != 0 && !(is_rest && cut.bytes == from.size())) return cut;
    }
    if (is_rest) return chosen_cut{from.size(), boundary_level::text_end, false, false};
    const result<std::size_t> filled = fill(from, fresh, most, options_.fill(), is_plain);
    if (!filled.ok()) return filled.error();
    chosen_cut cut = last_of_best(from, *filled, most);
    if (cut.bytes == 0) cut = inside(from, *filled, most);
    if (cut.bytes == 0 && *filled > fresh + 1) cut = inside(from, fresh + 1, most);
    return cut;
  }
  [[nodiscard]] chosen_cut inside(text_view from, std::size_t least, std::size_t most) const noexcept {
    const text_view seen = from.subview(0, from.size() - most > longest_cluster_bytes ? most + longest_cluster_bytes : from.size());
    const text_boundary found = rule_.last_within(seen, least, most);
    return {static_cast<std::size_t>(found.offset), found.level, false, false};
  }
  /// From where on a chunk is filled to a share of the room that it has; more than `fresh`, at most `most`.
  [[nodiscard]] result<std::size_t> fill(text_view from, std::size_t fresh, std::size_t most, std::uint32_t percent, bool is_plain) const noexcept {
    const std::uint64_t units = (size() - overlap_units_) * percent / 100;
    auto bytes = static_cast<std::size_t>(units);
    if (!is_plain && units != 0) {
      const result<fitted_text> filled = fit(from.subview(fresh, most - fresh), units, true);
      if (!filled.ok()) return filled.error();
      bytes = filled->bytes;
    }
    const std::size_t least = fresh + (bytes != 0 ? bytes : 1);
    return least < most ? least : most;
  }
  /// The last of the strongest boundaries that structure gives in [least, most].
  [[nodiscard]] chosen_cut last_of_best(text_view from, std::size_t least, std::size_t most) const noexcept {
    chosen_cut best;
    const std::uint64_t begin = state_.start.byte;
    for (const text_boundary* one = found_.first_behind(begin + most); one != found_.begin();) {
      --one;
      if (one->offset < begin + least) break;
      const auto offset = static_cast<std::size_t>(one->offset - begin);
      if ((best.bytes == 0 || one->level > best.level) && is_allowed(from, offset, most)) best = {offset, one->level, false, false};
    }
    return best;
  }
  /// The first boundary in [least, most] that is stronger than a sentence's, and unless divided than the one at which the chunk began.
  [[nodiscard]] chosen_cut first_above(text_view from, std::size_t least, std::size_t most) const noexcept {
    const std::uint64_t begin = state_.start.byte;
    const bool is_inside = options_.packing == chunk_packing::coherent && state_.level > boundary_level::sentence;
    const boundary_level above = is_inside ? state_.level : boundary_level::sentence;
    for (const text_boundary* one = found_.first_behind(begin + least - 1); one != found_.end() && one->offset <= begin + most; ++one) {
      if (one->level <= above) continue;
      const auto offset = static_cast<std::size_t>(one->offset - begin);
      if (is_allowed(from, offset, most)) return {offset, one->level, false, false};
    }
    return {};
  }
  /// Whether structure's boundary may be cut at: not in a grapheme cluster, nor inside of a part that should stay whole and that ends
  /// before `most`, so that it fits into this chunk.
  [[nodiscard]] bool is_allowed(text_view from, std::size_t offset, std::size_t most) const noexcept {
    if (!is_cluster_break(from, offset)) return false;
    const whole_part* const around = found_.whole_around(state_.start.byte + offset);
    return around == nullptr || around->begin < state_.fresh || around->end > state_.start.byte + most;
  }
  /// A grapheme cluster that does not fit is a chunk by itself.
  [[nodiscard]] static chosen_cut one_cluster(text_view from, bool is_last) noexcept {
    if (!is_last && from.size() < 2 * longest_cluster_bytes) return {0, boundary_level::character, true, false};
    const text_view seen = from.subview(0, from.size() < 2 * longest_cluster_bytes ? from.size() : 2 * longest_cluster_bytes);
    std::size_t end = next_grapheme(seen, 0);
    if (end > longest_cluster_bytes) end = character_start(seen, longest_cluster_bytes);
    return {end, end == from.size() ? boundary_level::text_end : boundary_level::character, false, false};
  }

  [[nodiscard]] std::uint64_t size() const noexcept { return depth_ == 0 ? options_.size : options_.inner_sizes[depth_ - 1]; }
  void leave() noexcept {
    --depth_;
    state_ = outer_[depth_].state;
    overlap_units_ = outer_[depth_].overlap_units;
  }

  enum class whole_fit : std::uint8_t { unknown, fits, too_large };
  [[nodiscard]] result<whole_fit> fit_whole(const document_part& part, std::uint64_t begin) noexcept {
    const result<fitted_text> fitted = fit(left_of(part, begin), size(), part.is_last);
    if (!fitted.ok()) return fitted.error();
    if (!fitted->is_settled) return whole_fit::unknown;
    const std::uint64_t most = begin + fitted->bytes;
    const result<bool> is_read = read_to(part, most);
    if (!is_read.ok()) return is_read.error();
    if (!*is_read) return whole_fit::unknown;
    const whole_part* const around = found_.whole_around(begin + 1);
    if (around == nullptr) return whole_fit::too_large;  // one byte long: nothing to keep
    // What goes on behind a chunk that is cut up ends with it, whether its own end is known or not.
    const std::uint64_t part_end = part.begin + part.text.size();
    const std::uint64_t end = part.is_last && around->end > part_end ? part_end : around->end;
    return end <= most ? whole_fit::fits : whole_fit::too_large;
  }

  /// Lets the rule read until it has told all boundaries up to `offset`; false if that needs more of the document.
  [[nodiscard]] result<bool> read_to(const document_part& part, std::uint64_t offset) noexcept {
    while (scanned_ < offset) {
      const std::uint64_t before = scanned_;
      // No more than that: what is far ahead would only fill memory.
      if (status read = scan(part, offset + rule_.lookahead()); !read.ok()) return read.error();
      if (scanned_ == before) return false;
    }
    return true;
  }
  /// Lets the rule read what is there before `until`.
  [[nodiscard]] status scan(const document_part& part, std::uint64_t until) noexcept {
    const std::uint64_t end = part.begin + part.text.size();
    for (; mark_notes_ != nullptr && next_mark_ < until && next_mark_ < end; next_mark_ += rule_mark::stride) {
      if (status read = scan_once(part, next_mark_); !read.ok()) return read;
      const result<hash128> key = rule_key();
      if (!key.ok()) return key.error();
      if (status noted = mark_notes_->push_back({next_mark_, *key}); !noted.ok()) return noted;
    }
    return scan_once(part, until);
  }
  [[nodiscard]] result<hash128> rule_key() const noexcept {
    buffer<std::byte> bytes;
    checkpoint_writer writer(bytes);
    writer.value(scanned_);
    writer.value(found_.open_whole());
    save_state(rule_, rule_state_, writer);
    if (status written = writer.end(); !written.ok()) return written.error();
    return xxh3_128(bytes.data(), bytes.size());
  }
  [[nodiscard]] status scan_once(const document_part& part, std::uint64_t until) noexcept {
    const std::uint64_t end = part.begin + part.text.size();
    document_part seen = part;
    if (until < end) {
      seen.text = part.text.subview(0, static_cast<std::size_t>(until - part.begin));
      seen.is_last = false;
    }
    const auto state = rule_state_;
    const structure::mark told = found_.told_so_far();
    const result<std::uint64_t> reached = rule_.scan(rule_state_, seen, scanned_, found_);
    if (!reached.ok()) {
      if (reached.error() == errc::no_memory) {  // something could not be told: it is read again. A caller's error leaves the rule as it says
        rule_state_ = state;
        found_.go_back(told);
      }
      return reached.error();
    }
    ATLAS_ASSERT(*reached >= scanned_ && *reached <= end);
    scanned_ = *reached;
    read_ = until < end ? until : end;
    return {};
  }

  /// Moves a position behind the chunk's start over a text; lines are counted in what the rule has told, if that is enough.
  void move_over(text_position& position, text_view text, bool is_plain) const noexcept {
    if (tells_lines(rule_)) {
      if (const std::uint64_t end = position.byte + text.size(); end <= scanned_) {
        const text_boundary* const first = found_.first_behind(position.byte);
        const text_boundary* last = first;
        while (last != found_.end() && last->offset <= end) ++last;
        const std::size_t behind_last = last == first ? 0 : static_cast<std::size_t>(last[-1].offset - position.byte);
        position.move_over(text, is_plain, {static_cast<std::size_t>(last - first), behind_last});
        return;
      }
    }
    position.move_over(text, is_plain);
  }

  [[nodiscard]] result<fitted_text> fit(text_view text, std::uint64_t limit, bool is_whole) const noexcept {
    const std::size_t most = sizer_.most_bytes(size());
    if (text.size() <= most) return sizer_.fit(text, limit, is_whole);
    return sizer_.fit(text.subview(0, most), limit, true);
  }
  [[nodiscard]] static text_view left_of(const document_part& part, std::uint64_t offset) noexcept {
    const auto begin = static_cast<std::size_t>(offset - part.begin);
    return part.text.subview(begin, part.text.size() - begin);
  }

  /// Writes the chunk, if anything new is left of it once it is trimmed, and goes on behind it. @return  whether it was written
  [[nodiscard]] result<bool> finish(const document_part& part, const chosen_cut& cut, chunk_view& out) noexcept {
    const text_view from = left_of(part, state_.start.byte);
    const text_view chunk = from.subview(0, cut.bytes);
    if (status noted = enter_headings(); !noted.ok()) return noted.error();
    const text_position start = state_.start;
    const std::uint64_t end = start.byte + cut.bytes;

    // The start of the next chunk, from which the end of this one is not far.
    std::uint64_t next = end;
    std::uint64_t overlap_units = 0;
    if (options_.overlap != 0 && depth_ == 0 && !(part.is_last && cut.bytes == from.size())) {
      const result<std::size_t> repeated = repeat_from(from, cut);
      if (!repeated.ok()) return repeated.error();
      next = start.byte + *repeated;
    }
    text_position next_start = start;
    move_over(next_start, chunk.subview(0, static_cast<std::size_t>(next - start.byte)), cut.is_plain);
    text_position behind = next_start;
    const text_view overlap = chunk.subview(static_cast<std::size_t>(next - start.byte), static_cast<std::size_t>(end - next));
    move_over(behind, overlap, cut.is_plain);
    if (!overlap.empty()) {
      const result<std::uint64_t> measured = sizer_.measure(overlap, behind.character - next_start.character);
      if (!measured.ok()) return measured.error();
      overlap_units = *measured;
      if (overlap_units > options_.overlap) {  // a shorter end may measure more, by a sizer that is not additive
        next_start = behind;
        overlap_units = 0;
      }
    }

    chunk_view written;
    written.byte_fresh = state_.fresh;
    written.level = cut.level;
    written.depth = depth_;
    if (status done = write(chunk, start, behind, written); !done.ok()) return done.error();
    written.headings = &headings_;
    const bool is_given = !written.text.empty() && written.byte_end > state_.fresh;
    if (written.byte_fresh < written.byte_begin) written.byte_fresh = written.byte_begin;
    if (is_given) out = written;
    // From here on nothing fails.
    const cutter_state before = state_;
    state_.start = next_start;
    state_.fresh = end;
    state_.level = cut.level;
    overlap_units_ = overlap_units;
    if (depth_ + 1 < depth_count_ && is_given) {
      // The chunks that this one is cut into begin where it is fresh.
      text_position inner = before.start;
      move_over(inner, chunk.subview(0, static_cast<std::size_t>(before.fresh - before.start.byte)), cut.is_plain);
      outer_[depth_] = {state_, overlap_units_};
      state_.start = inner;
      state_.fresh = before.fresh;
      state_.level = before.level;
      overlap_units_ = 0;
      ++depth_;
    }
    while (depth_ != 0 && state_.fresh == outer_[depth_ - 1].state.fresh) leave();
    return is_given;
  }
  [[nodiscard]] status write(text_view chunk, text_position begin, text_position end, chunk_view& out) const noexcept {
    if (options_.trim) trim(chunk, begin, end);
    const bool ends_line = !chunk.empty() && (chunk[chunk.size() - 1] == '\n' || chunk[chunk.size() - 1] == '\r');
    out.text = chunk;
    out.byte_begin = begin.byte;
    out.byte_end = begin.byte + chunk.size();
    out.char_begin = begin.character;
    out.char_end = end.character;
    out.line_begin = begin.line + 1;
    out.line_end = end.line + (ends_line ? 0 : 1);
    out.column_begin = begin.column + 1;
    const result<std::uint64_t> units = sizer_.measure(chunk, end.character - begin.character);
    if (!units.ok()) return units.error();
    out.units = *units;
    out.id = xxh3_128(chunk.data(), chunk.size(), rule_.version());
    return {};
  }
  /// Takes white space off both ends.
  static void trim(text_view& chunk, text_position& begin, text_position& end) noexcept {
    std::size_t first = 0;
    while (first < chunk.size()) {
      const utf8_character c = decode_one(chunk, first);
      if (!is_break_space(c.code_point) || !is_cluster_break(chunk, first + c.length_bytes)) break;
      first += c.length_bytes;
    }
    std::size_t last = chunk.size();
    while (last > first) {
      const std::size_t before = character_start(chunk, last - 1);
      if (!is_break_space(decode_one(chunk, before).code_point)) break;
      last = before;
    }
    begin.move_over(chunk.subview(0, first));
    chunk = chunk.subview(first, last - first);
    end = begin;
    end.move_over(chunk);
  }

  /// Where the next chunk begins that repeats the end of this one.
  [[nodiscard]] result<std::size_t> repeat_from(text_view from, const chosen_cut& cut) const noexcept {
    const std::size_t bytes = cut.bytes;
    std::size_t first = options_.overlap < bytes ? bytes - static_cast<std::size_t>(options_.overlap) : 0;
    if (!cut.is_plain) {
      const result<std::size_t> fitted = sizer_.fit_back(from.subview(0, bytes), options_.overlap);
      if (!fitted.ok()) return fitted.error();
      first = *fitted;
    }
    if (first == 0) first = 1;  // not the same start again
    while (!cut.is_plain && first < bytes && character_start(from, first) != first) ++first;
    if (first >= bytes) return bytes;
    const std::size_t middle = first + (bytes - first) / 2;
    const std::uint64_t begin = state_.start.byte;
    for (const text_boundary* one = found_.first_behind(begin + first - 1); one != found_.end() && one->offset <= begin + middle; ++one) {
      if (is_cluster_break(from, static_cast<std::size_t>(one->offset - begin))) return static_cast<std::size_t>(one->offset - begin);
    }
    return rule_.first_within(from.subview(0, bytes), first, middle, bytes);
  }

  Rule rule_;
  Sizer sizer_;
  chunker_options options_;
  std::uint32_t depth_count_;        ///< of chunks within chunks
  std::uint32_t depth_ = 0;          ///< of the next chunk
  cutter_state state_;               ///< at that depth
  std::uint64_t overlap_units_ = 0;  ///< of what the next chunk repeats
  chunk_begin outer_[chunker_options::most_depths];  ///< at the depths above, where each goes on once its last chunk is cut up
  std::uint64_t scanned_ = 0;        ///< the rule has told all up to here
  std::uint64_t read_ = 0;           ///< it has read up to here
  typename Rule::state_type rule_state_{};
  structure found_;
  heading_path headings_;
  buffer<found_heading>* heading_notes_ = nullptr;
  buffer<rule_mark>* mark_notes_ = nullptr;
  std::uint64_t next_mark_ = 0;
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_CHUNK_CHUNK_CUTTER_HPP

// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/parallel_chunks.hpp -- one large document, or many documents, cut on several threads.
//
// Room:      chunk_document, chunk_documents.
// Not here:  one document on one thread (chunk/chunker.hpp).
// Depends:   chunk/chunk_cutter.hpp, core/thread_pool.hpp.
// Threads:   both may be called from any thread; the sink is called on the calling one, in order.
//
// The chunks are those of chunker::read, whatever the number of threads. One document is cut into pieces at line ends, and every piece is
// chunked as if a chunk ended before it. Then the true chunks are followed into each piece until they meet one of its own with all that
// they depend on the same: from there on the piece's chunks are the true ones, but for what is counted from the document's begin and for
// headings above, which are set right. What lies before is chunked again, alone: a few chunks where boundaries are of several levels, some
// hundreds where all are sentences, of which many fit into a chunk.
#ifndef ATLAS_CHUNK_PARALLEL_CHUNKS_HPP
#define ATLAS_CHUNK_PARALLEL_CHUNKS_HPP

#include <atlas/chunk/chunk_cutter.hpp>  // chunk_cutter
#include <atlas/chunk/chunker.hpp>       // chunk_sink
#include <atlas/core/thread_pool.hpp>    // thread_pool

#include <cstdlib>  // std::malloc, std::free

namespace atlas { inline namespace ATLAS_ABI {

namespace detail {

/// A piece of a document, chunked by itself.
template <class Cutter>
struct chunked_piece {
  /// Where one of its chunks begins that no other contains.
  struct meeting {
    chunk_begin begin;
    std::size_t chunk = 0;     ///< its place in `chunks`
    std::size_t headings = 0;  ///< how many were noted before
  };

  Cutter cutter;
  buffer<chunk_view> chunks;
  buffer<meeting> meetings;
  buffer<rule_mark> marks;
  buffer<found_heading> headings;
  buffer<std::size_t> under;  ///< the first chunk that stands under each, as a place in `chunks`
  status failure;

  /// Chunks what lies in [begin, end), and what a chunk that begins there reaches beyond.
  void cut(text_view text, std::uint64_t begin, std::uint64_t end) noexcept {
    chunks.clear();
    meetings.clear();
    marks.clear();
    headings.clear();
    under.clear();
    if (begin == 0) {
      cutter.restart();
    } else {
      cutter.begin_at(begin);
    }
    cutter.note_headings(&headings);
    cutter.note_marks(&marks);
    failure = cut_to(text, end);
    cutter.note_headings(nullptr);
    cutter.note_marks(nullptr);
  }
  /// Whether its rule had come to this mark.
  [[nodiscard]] bool has(const rule_mark& mark) const noexcept {
    if (marks.empty() || mark.offset < marks[0].offset) return false;
    const auto place = static_cast<std::size_t>((mark.offset - marks[0].offset) / rule_mark::stride);
    return place < marks.size() && marks[place].key == mark.key;
  }

  /// Gives the chunks from a meeting on, as they are counted by who met there.
  /// @param at    of the meeting, in the whole document
  /// @param path  the headings there; entered on the way
  /// @param end   where the cutter stands behind them, likewise
  /// @return      false if the sink stopped
  [[nodiscard]] bool give(const meeting& met, const text_position& at, heading_path& path, text_position& end, chunk_sink sink) const {
    const auto moved = [](std::uint64_t count, std::uint64_t there, std::uint64_t here) noexcept { return count - there + here; };
    std::size_t heading = met.headings;
    const auto enter = [&] { path.enter(headings[heading].depth, {headings[heading].title, headings[heading].title_size}); };
    for (std::size_t i = met.chunk; i < chunks.size(); ++i) {
      chunk_view chunk = chunks[i];
      if (chunk.line_begin == met.begin.state.start.line + 1) chunk.column_begin = moved(chunk.column_begin, met.begin.state.start.column, at.column);
      chunk.char_begin = moved(chunk.char_begin, met.begin.state.start.character, at.character);
      chunk.char_end = moved(chunk.char_end, met.begin.state.start.character, at.character);
      chunk.line_begin = moved(chunk.line_begin, met.begin.state.start.line, at.line);
      chunk.line_end = moved(chunk.line_end, met.begin.state.start.line, at.line);
      for (; heading < under.size() && under[heading] <= i; ++heading) enter();
      chunk.headings = &path;
      if (!sink(chunk)) return false;
    }
    for (; heading < headings.size(); ++heading) enter();
    end = cutter.start();
    if (end.line == met.begin.state.start.line) end.column = moved(end.column, met.begin.state.start.column, at.column);
    end.character = moved(end.character, met.begin.state.start.character, at.character);
    end.line = moved(end.line, met.begin.state.start.line, at.line);
    return true;
  }

 private:
  [[nodiscard]] status cut_to(text_view text, std::uint64_t end) noexcept {
    while (cutter.is_inside() || cutter.start().byte < end) {
      if (!cutter.is_inside()) {
        if (status entered = cutter.enter_headings(); !entered.ok()) return entered;
        if (status noted = meetings.push_back({cutter.begin(), chunks.size(), headings.size()}); !noted.ok()) return noted;
      }
      chunk_view chunk;
      const result<cut_outcome> got = cutter.next({text, 0, true}, chunk);
      if (!got.ok()) return got.error();
      if (*got != cut_outcome::chunk) break;
      while (under.size() < headings.size()) {
        if (status noted = under.push_back(chunks.size()); !noted.ok()) return noted;
      }
      if (status kept = chunks.push_back(chunk); !kept.ok()) return kept;
    }
    return {};
  }
};

/// Follows the true chunks through a piece until they meet its own.
template <class Piece>
class piece_meeting {
 public:
  explicit piece_meeting(const Piece& piece) noexcept : piece_(piece) {}

  /// Where the true chunks' rule notes its marks.
  [[nodiscard]] buffer<rule_mark>& marks() noexcept { return marks_; }
  /// The chunk of the piece that the next of the true ones is, if it is known that all behind them are the same; null if not yet.
  /// To be asked at the begin of each. @pre !cutter.is_inside(), and what is known of its headings was entered
  template <class Cutter>
  [[nodiscard]] const typename Piece::meeting* find(const Cutter& cutter) noexcept {
    const chunk_begin begin = cutter.begin();
    const buffer<typename Piece::meeting>& meetings = piece_.meetings;
    for (; agreed_ == nowhere && seen_ < marks_.size(); ++seen_) {
      if (piece_.has(marks_[seen_])) agreed_ = marks_[seen_].offset;
    }
    while (next_ < meetings.size() && meetings[next_].begin.state.start.byte < begin.state.start.byte) ++next_;
    // What was told before the rules agreed was passed by both, headings as well.
    const bool is_agreed = begin.state.start.byte == 0 || (before_ >= agreed_ && next_ != 0 && meetings[next_ - 1].begin.state.start.byte >= agreed_);
    before_ = begin.state.start.byte;
    return is_agreed && next_ < meetings.size() && meetings[next_].begin == begin ? &meetings[next_] : nullptr;
  }

 private:
  static constexpr std::uint64_t nowhere = ~std::uint64_t{0};

  const Piece& piece_;
  buffer<rule_mark> marks_;
  std::size_t seen_ = 0;             ///< of them
  std::uint64_t agreed_ = nowhere;   ///< from here on both rules tell the same
  std::size_t next_ = 0;             ///< of the piece's meetings
  std::uint64_t before_ = 0;         ///< begin of the true chunk before
};

/// A fixed number of pieces.
template <class Piece>
struct piece_list {
  Piece* pieces = nullptr;
  std::size_t count = 0;

  explicit piece_list(std::size_t wanted) noexcept : wanted_(wanted) {}
  piece_list(const piece_list&) = delete;
  piece_list& operator=(const piece_list&) = delete;
  ~piece_list() {
    for (std::size_t i = 0; i < count; ++i) pieces[i].~Piece();
    std::free(pieces);
  }
  /// @param make  make(memory): a piece there
  template <class Make>
  [[nodiscard]] status make(Make make) noexcept {
    if (wanted_ == 0) return {};
    pieces = static_cast<Piece*>(std::malloc(wanted_ * sizeof(Piece)));
    if (pieces == nullptr) return error{errc::no_memory, "pieces of a document", wanted_ * sizeof(Piece), 0};
    for (; count < wanted_; ++count) make(static_cast<void*>(pieces + count));
    return {};
  }

 private:
  std::size_t wanted_;
};

/// Where a piece may begin near an offset: behind a blank line, else behind a line end, else at a character.
[[nodiscard]] inline std::uint64_t piece_begin(text_view text, std::uint64_t offset) noexcept {
  constexpr std::size_t most_bytes = std::size_t{64} << 10;
  const auto first = static_cast<std::size_t>(offset);
  const std::size_t end = text.size() - first < most_bytes ? text.size() : first + most_bytes;
  std::size_t line = 0;
  for (std::size_t at = first; at < end;) {
    const void* const found = std::memchr(text.data() + at, '\n', end - at);
    if (found == nullptr) break;
    at = static_cast<std::size_t>(static_cast<const char*>(found) - text.data()) + 1;
    if (line == 0) line = at;
    if (at < end && text[at] == '\n') return at + 1;
  }
  return line != 0 ? line : character_start(text, first);
}

/// How many pieces documents were cut into, and how many of them the true chunks met.
struct piece_statistics {
  std::size_t cut = 0;
  std::size_t met = 0;
};

/// As chunk_document. @param pieces  added to
template <chunk_rule Rule, chunk_sizer Sizer>
[[nodiscard]] status chunk_in_pieces(text_view text, const chunker_options& options, thread_pool& pool, unsigned threads, chunk_sink sink, const Rule& rule,
                                     const Sizer& sizer, piece_statistics& pieces) {
  constexpr std::size_t least_piece = std::size_t{1} << 20;
  constexpr std::size_t largest_piece = 4 * least_piece;
  constexpr std::size_t pieces_a_thread = 4;
  using cutter_type = chunk_cutter<Rule, Sizer>;
  using piece_type = chunked_piece<cutter_type>;
  if (status checked = check(options); !checked.ok()) return checked;
  cutter_type cutter(rule, sizer, options);
  const unsigned most_threads = threads == 0 || threads > pool.thread_count() ? pool.thread_count() : threads;
  const bool is_worth_it = most_threads > 1 && is_self_synchronizing(rule) && text.size() >= 2 * least_piece && sizer.most_bytes(options.size) <= least_piece / 4;
  // Large ones, because chunks of which no boundary is stronger than another may take hundreds to meet; two a thread and more.
  const std::size_t wanted_piece = text.size() / (std::size_t{2} * most_threads) + 1;
  const std::size_t piece_bytes = wanted_piece < least_piece ? least_piece : wanted_piece > largest_piece ? largest_piece : wanted_piece;
  const std::size_t piece_count = is_worth_it ? most_threads * pieces_a_thread : 0;

  piece_list<piece_type> list(piece_count);
  if (status made = list.make([&](void* at) noexcept { ::new (at) piece_type{cutter_type(rule, sizer, options), {}, {}, {}, {}, {}, {}}; }); !made.ok()) return made;

  const auto next = [&]() -> result<bool> {
    chunk_view chunk;
    const result<cut_outcome> got = cutter.next({text, 0, true}, chunk);
    if (!got.ok()) return got.error();
    if (*got != cut_outcome::chunk) return false;
    if (!sink(chunk)) return error{errc::cancelled};
    return true;
  };

  for (std::size_t from = 0; piece_count != 0 && from < text.size();) {
    // A batch of pieces: its first bytes are the true chunks' own, as are those behind its last piece.
    std::uint64_t begins[1024];
    const std::size_t most = piece_count < 1023 ? piece_count : 1023;
    std::size_t count = 0;
    for (; count < most && from + count * piece_bytes < text.size(); ++count) begins[count] = count == 0 ? from : piece_begin(text, from + count * piece_bytes);
    const std::size_t end = from + count * piece_bytes < text.size() ? static_cast<std::size_t>(piece_begin(text, from + count * piece_bytes)) : text.size();
    begins[count] = end;
    pieces.cut += count;
    const status ran = pool.run(count, [&](std::size_t task, unsigned) noexcept { list.pieces[task].cut(text, begins[task], begins[task + 1]); }, most_threads);
    if (!ran.ok()) return ran;

    for (std::size_t i = 0; i < count; ++i) {
      piece_type& piece = list.pieces[i];
      piece_meeting<piece_type> meeting(piece);
      const typename piece_type::meeting* met = nullptr;
      if (piece.failure.ok()) cutter.note_marks(&meeting.marks());
      while (cutter.is_inside() || cutter.start().byte < begins[i + 1]) {
        if (piece.failure.ok() && !cutter.is_inside()) {
          if (status entered = cutter.enter_headings(); !entered.ok()) return entered;
          met = meeting.find(cutter);
        }
        if (met != nullptr) break;
        const result<bool> given = next();
        if (!given.ok()) return given.error();
        if (!*given) return {};
      }
      cutter.note_marks(nullptr);
      if (met == nullptr) continue;
      ++pieces.met;
      heading_path path = cutter.headings();
      text_position behind;
      if (!piece.give(*met, cutter.start(), path, behind, sink)) return errc::cancelled;
      cutter = static_cast<cutter_type&&>(piece.cutter);
      piece.cutter.~cutter_type();
      ::new (static_cast<void*>(&piece.cutter)) cutter_type(rule, sizer, options);
      cutter.count_from(behind, path);
    }
    from = end;
  }
  for (;;) {
    const result<bool> given = next();
    if (!given.ok()) return given.error();
    if (!*given) return {};
  }
}

}  // namespace detail

/// Calls `sink` with each chunk of a document, in order, as chunker::read and next would give them.
///
/// @param text     any bytes
/// @param threads  of the pool's at most; 0: all
/// @return         errc::invalid_argument for options that check() refuses; cancelled by the sink; no_memory; those of the rule and sizer
/// Cost: on one thread, for less than 2 MiB, if a chunk may take more than 256 KiB, or by a rule whose chunks depend on all before them
/// (fixed_rule, semantic_rule), that of a chunker; else the document's chunks are cut 16 MiB a thread at a time, which takes 230 bytes a
/// chunk.
template <chunk_rule Rule, chunk_sizer Sizer>
[[nodiscard]] status chunk_document(text_view text, const chunker_options& options, thread_pool& pool, unsigned threads, chunk_sink sink, Rule rule = Rule(),
                                    Sizer sizer = Sizer()) {
  detail::piece_statistics pieces;
  return detail::chunk_in_pieces(text, options, pool, threads, sink, rule, sizer, pieces);
}

/// A document's number and one of its chunks. @return false to stop
using document_sink = function_ref<bool(std::size_t, const chunk_view&)>;

/// Calls `sink` with each chunk of each document, in order, as a chunker would give them one after the other.
///
/// @param texts    documents of any sizes; a large one among small ones takes one thread: chunk_document cuts it on several
/// @param threads  of the pool's at most; 0: all
/// @return         as chunk_document
/// Cost: eight documents a thread are cut at a time, which takes 160 bytes a chunk of them.
template <chunk_rule Rule, chunk_sizer Sizer>
[[nodiscard]] status chunk_documents(span<const text_view> texts, const chunker_options& options, thread_pool& pool, unsigned threads, document_sink sink,
                                     Rule rule = Rule(), Sizer sizer = Sizer()) {
  constexpr std::size_t documents_a_thread = 8;
  using cutter_type = detail::chunk_cutter<Rule, Sizer>;
  using piece_type = detail::chunked_piece<cutter_type>;
  if (status checked = check(options); !checked.ok()) return checked;
  const unsigned most_threads = threads == 0 || threads > pool.thread_count() ? pool.thread_count() : threads;
  const std::size_t at_once = most_threads * documents_a_thread < texts.size() ? most_threads * documents_a_thread : texts.size();
  detail::piece_list<piece_type> list(at_once);
  if (status made = list.make([&](void* at) noexcept { ::new (at) piece_type{cutter_type(rule, sizer, options), {}, {}, {}, {}, {}, {}}; }); !made.ok()) return made;
  for (std::size_t first = 0; first < texts.size(); first += at_once) {
    const std::size_t count = texts.size() - first < at_once ? texts.size() - first : at_once;
    const status ran = pool.run(count, [&](std::size_t task, unsigned) noexcept { list.pieces[task].cut(texts[first + task], 0, texts[first + task].size()); }, most_threads);
    if (!ran.ok()) return ran;
    for (std::size_t i = 0; i < count; ++i) {
      if (!list.pieces[i].failure.ok()) return list.pieces[i].failure.error().at_row(first + i);
      heading_path path;
      text_position end;
      if (!list.pieces[i].give({}, {}, path, end, [&](const chunk_view& chunk) { return sink(first + i, chunk); })) return errc::cancelled;
    }
  }
  return {};
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CHUNK_PARALLEL_CHUNKS_HPP

// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/semantic_rule.hpp -- text of any kind, divided where its meaning changes.
//
// Room:      a rule whose structure is sentences, told apart by their vectors: those where the meaning changes are boundaries of sections.
// Not here:  the vectors (a callable: chunk/semantic_options.hpp), the choice among boundaries (chunk/chunker.hpp).
// Depends:   chunk, core, distance, text.
// Threads:   a rule is used by one thread at a time, as the chunker that holds it.
//
// The rule, exactly. A document is read as pieces: tailored sentences with the white space behind them; a sentence of white space belongs
// to the one before, the first one to the one behind; of one that is longer than 1,024 bytes as much as can be is a piece, which ends as
// running text is cut, and the rest is read like another sentence. Batches of pieces, counted from the document's start, are embedded:
// as many as batch_texts, or as certainly fit into batch_bytes. Vectors are made unit vectors. Boundaries between pieces are told where a
// sentence ends, at level `sentence`, and at level `section`
//   drop       where the drop, 1 - the cosine between the sums of the `window` vectors before and behind the boundary, or as many as there
//              are, is no less than the quantile of all drops up to and with those of the same batch, no less than that at the piece
//              before, more than that at the piece behind, and more than 0.01. The quantile is a streaming_quantile. A boundary is decided
//              with the first batch that holds all that is asked about it;
//   partition  between parts of at most most_sentences pieces, and of at most part_bytes if of more than one piece, chosen so that the sum
//              over all parts of the sum over all pairs of their pieces of the product of both vectors, less the mean of such products, is
//              the greatest. The mean is that of all pairs that were in the memory together so far. The choice is made anew for
//              2 * most_sentences pieces and more, of which all parts but the last are told; the pieces of that one are looked at again
//              with those of the batches behind.
// Source: the drop is that of Hearst, "TextTiling: segmenting text into multi-paragraph subtopic passages", Computational Linguistics 23,
// 1997, over vectors; the objective of partition is computed from sums of vectors up to each piece, |S_e - S_s|^2 being the sum over pairs.
#ifndef ATLAS_CHUNK_SEMANTIC_RULE_HPP
#define ATLAS_CHUNK_SEMANTIC_RULE_HPP

#include <atlas/chunk/chunk_rule.hpp>          // chunk_rule, document_part
#include <atlas/chunk/semantic_options.hpp>    // semantic_options, embed_texts
#include <atlas/chunk/semantic_vectors.hpp>    // semantic_vectors, end_of_piece
#include <atlas/chunk/streaming_quantile.hpp>  // streaming_quantile

namespace atlas { inline namespace ATLAS_ABI {

/// Cuts where the meaning changes. With chunk_packing::divided every section is a chunk by itself, as far as sizes allow; with
/// chunk_packing::full a chunk holds as many as fit.
///
/// An error of the callable, or of what it wrote, is the error of the call that cuts; nothing is lost, and the call can be made again.
/// What is kept of a document is its text from some pieces before the next boundary on, which is in the chunker's checkpoint; taken up
/// again, those pieces are embedded once more.
/// Cost: the callable's, and for each piece in proportion to window, or most_sentences, times the dimension. Memory: vectors of a batch and
/// of 16, or 32, pieces before it, twice. A stream is read up to 66 KiB ahead.
class semantic_rule {
 public:
  struct state_type {
    streaming_quantile drops;       ///< of all boundaries that were decided
    double drop_before = 0;         ///< at the last of them
    double likeness = 0;            ///< sum of the products of pairs
    double pairs = 0;               ///< how many those are
    std::uint64_t reached = 0;      ///< where the pieces begin that are still asked about; what is told up to there is all told
    std::uint32_t kept = 0;         ///< pieces from there on that were embedded
    std::uint32_t undecided = 0;    ///< of them before the first boundary that is not decided
  };
  [[nodiscard]] static constexpr std::uint32_t version() noexcept { return 0x90001; }
  [[nodiscard]] static constexpr std::size_t lookahead() noexcept { return std::size_t{66} << 10; }  // pieces that are kept, a batch, what a piece is known by
  /// The quantile, and the mean of products, are of all that was read before.
  [[nodiscard]] static constexpr bool is_self_synchronizing() noexcept { return false; }

  /// @param model  borrowed: must outlive the rule
  /// @return       errc::invalid_argument for options that check() refuses
  [[nodiscard]] static result<semantic_rule> create(embed_texts model, const semantic_options& options) noexcept {
    if (status checked = check(options); !checked.ok()) return checked.error();
    if (!model) return error{errc::invalid_argument, "embed_texts", "a callable", "none"};
    return semantic_rule(model, options);
  }

  /// Copies share nothing but the callable.
  semantic_rule(const semantic_rule& other) noexcept : model_(other.model_), options_(other.options_) {}
  semantic_rule& operator=(const semantic_rule& other) noexcept {
    if (this != &other) *this = semantic_rule(other);
    return *this;
  }
  semantic_rule(semantic_rule&&) noexcept = default;
  semantic_rule& operator=(semantic_rule&&) noexcept = default;
  ~semantic_rule() = default;

  /// Of the options; what the callable embeds is not known: whoever resumes gives the same.
  [[nodiscard]] std::uint64_t fingerprint() const noexcept {
    const std::uint64_t numbers[] = {options_.dimension, static_cast<std::uint64_t>(options_.mode), options_.window, __builtin_bit_cast(std::uint64_t, options_.quantile),
                                     options_.most_sentences, options_.part_bytes, options_.batch_texts, options_.batch_bytes};
    return xxh3_64(numbers, sizeof numbers);
  }

  [[nodiscard]] result<std::uint64_t> scan(state_type& state, const document_part& part, std::uint64_t from, structure& found) const noexcept {
    const std::uint64_t end = part.begin + part.text.size();
    const bool is_sound = state.reached >= from && state.reached <= end && state.kept <= most_kept && state.undecided <= state.kept;
    if (!is_sound) {  // of a checkpoint that was changed
      state = {};
      state.reached = from;
    }
    while (state.reached < end) {
      // A batch that fails leaves the state behind the one before, which may be ahead of `from`.
      const text_view text = part.text.subview(static_cast<std::size_t>(state.reached - part.begin), static_cast<std::size_t>(end - state.reached));
      state_type next = state;
      std::size_t known = 0;
      const result<batch_end> read = read_batch(next.kept, text, next.reached, part.is_last, known);
      if (!read.ok()) return read.error();
      if (*read == batch_end::open) break;
      if (status done = vectors_.embed(text, known, model_, options_); !done.ok()) return done.error();
      const bool is_end = *read == batch_end::document;
      const result<std::size_t> told = options_.mode == semantic_mode::drop ? tell_drops(next, is_end, found) : tell_parts(next, is_end, found);
      if (!told.ok()) return told.error();
      next.reached = is_end ? end : vectors_[*told].begin;
      vectors_.drop(text, *told, options_.dimension);
      state = next;
    }
    return state.reached;
  }
  [[nodiscard]] text_boundary last_within(text_view text, std::size_t least, std::size_t most) const noexcept {
    return last_prose_boundary(text, least, most);
  }
  [[nodiscard]] std::size_t first_within(text_view text, std::size_t first, std::size_t middle, std::size_t last) const noexcept {
    return first_prose_boundary(text, first, middle, last);
  }

 private:
  static constexpr std::size_t most_kept = 32;
  static constexpr double least_drop = 0.01;
  enum class batch_end : std::uint8_t { open, full, document };

  semantic_rule(embed_texts model, const semantic_options& options) noexcept : model_(model), options_(options) {}

  /// Reads the pieces that are kept, and a batch behind them.
  /// @param known  written: how many of the pieces are kept ones
  [[nodiscard]] result<batch_end> read_batch(std::size_t kept, text_view text, std::uint64_t begin, bool is_last, std::size_t& known) const noexcept {
    vectors_.clear_pieces();
    known = 0;
    std::size_t at = 0;
    std::size_t bytes = 0;
    for (std::size_t count = 0; count < kept + options_.batch_texts && bytes + detail::longest_piece <= options_.batch_bytes; ++count) {
      if (at == text.size()) return is_last ? batch_end::document : batch_end::open;
      const detail::piece_end piece = detail::end_of_piece(text.subview(at, text.size() - at), is_last);
      if (piece.bytes == 0) return batch_end::open;
      if (status added = vectors_.add_piece({begin + at, begin + at + piece.bytes, piece.ends_sentence}); !added.ok()) return added.error();
      at += piece.bytes;
      if (count < kept) {
        ++known;
      } else {
        bytes += piece.bytes;
      }
    }
    return batch_end::full;
  }

  /// Tells a boundary before a piece.
  [[nodiscard]] status tell(std::size_t piece, bool is_change, structure& found) const noexcept {
    if (!vectors_[piece - 1].ends_sentence) return {};
    return found.add(vectors_[piece].begin, is_change ? boundary_level::section : boundary_level::sentence);
  }

  /// @return  how many pieces are not needed any more
  [[nodiscard]] result<std::size_t> tell_drops(state_type& state, bool is_end, structure& found) const noexcept {
    const std::size_t size = vectors_.size();
    const std::size_t window = options_.window;
    const std::size_t first = state.undecided == 0 ? 1 : state.undecided;  // there is none before a document's first piece
    const std::size_t decidable = is_end ? size : size > window ? size - window : 0;
    const std::size_t last = decidable > first ? decidable : first;
    if (status made = drops_.resize(size + 1); !made.ok()) return made.error();
    if (status made = scratch_.resize(2 * options_.dimension); !made.ok()) return made.error();
    drops_[size] = -1;  // behind the last boundary of a document is none that drops more
    if (decidable > first) {
      for (std::size_t i = first; i <= last && i < size; ++i) {
        drops_[i] = vectors_.drop_at(i > window ? i - window : 0, i, size - i > window ? i + window : size, options_.dimension, scratch_.data());
      }
    }
    if (state.drops.count() == 0) state.drops = streaming_quantile(options_.quantile);
    for (std::size_t i = first; i < last; ++i) state.drops.add(drops_[i]);
    const double quantile = state.drops.value();
    for (std::size_t i = first; i < last; ++i) {
      const double drop = drops_[i];
      const bool is_change = drop >= quantile && drop >= state.drop_before && drop > drops_[i + 1] && drop > least_drop;
      if (status told = tell(i, is_change, found); !told.ok()) return told.error();
      state.drop_before = drop;
    }
    const std::size_t passed = is_end ? size : last > window ? last - window : 0;
    state.kept = static_cast<std::uint32_t>(size - passed);
    state.undecided = is_end ? 0 : static_cast<std::uint32_t>(last - passed);
    return passed;
  }

  /// @return  how many pieces are not needed any more
  [[nodiscard]] result<std::size_t> tell_parts(state_type& state, bool is_end, structure& found) const noexcept {
    const std::size_t size = vectors_.size();
    if (!is_end && size < 2 * options_.most_sentences) {
      state.kept = static_cast<std::uint32_t>(size);
      return std::size_t{0};
    }
    const auto pairs_of = [](std::size_t count) noexcept { return static_cast<double>(count) * (static_cast<double>(count) - 1); };
    state.likeness += vectors_.likeness(0, size, options_.dimension);
    state.pairs += pairs_of(size);
    const double mean = state.pairs > 0 ? state.likeness / state.pairs : 0;

    // The greatest sum of parts that end before each piece, and where the last of them begins.
    if (status made = drops_.resize(size + 1); !made.ok()) return made.error();
    if (status made = begins_.resize(size + 1); !made.ok()) return made.error();
    drops_[0] = 0;
    for (std::size_t end = 1; end <= size; ++end) {
      drops_[end] = drops_[end - 1];  // a piece by itself
      begins_[end] = end - 1;
      for (std::size_t count = 2; count <= options_.most_sentences && count <= end; ++count) {
        const std::size_t begin = end - count;
        if (options_.part_bytes != 0 && vectors_[end - 1].end - vectors_[begin].begin > options_.part_bytes) break;
        const double sum = drops_[begin] + vectors_.likeness(begin, end, options_.dimension) - mean * pairs_of(count);
        if (sum > drops_[end]) {
          drops_[end] = sum;
          begins_[end] = begin;
        }
      }
    }
    // Their begins, which are found from the last one on, are told from the first one on.
    is_begin_.clear();
    if (status made = is_begin_.resize_zeroed(size + 1); !made.ok()) return made.error();
    for (std::size_t end = size; end != 0; end = begins_[end]) is_begin_[begins_[end]] = 1;
    const std::size_t last = is_end ? size : begins_[size];
    for (std::size_t i = 1; i <= last && i < size; ++i) {
      if (status told = tell(i, is_begin_[i] != 0, found); !told.ok()) return told.error();
    }
    state.kept = static_cast<std::uint32_t>(size - last);
    return last;
  }

  embed_texts model_;
  semantic_options options_;
  // What a chunker's state need not hold, because it can be made again from the text.
  mutable detail::semantic_vectors vectors_;
  mutable buffer<double> drops_;
  mutable buffer<float> scratch_;
  mutable buffer<std::size_t> begins_;
  mutable buffer<std::uint8_t> is_begin_;
};
static_assert(chunk_rule<semantic_rule>);

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CHUNK_SEMANTIC_RULE_HPP

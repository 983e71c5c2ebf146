// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/chunker.hpp -- cuts documents into chunks: fed in pieces, read from a buffer, or taken up in the middle.
//
// Room:      chunker<Rule, Sizer>.
// Not here:  where a text may be cut (chunk/*_rule.hpp), how it is measured (chunk/*_sizer.hpp), which boundary is taken
//            (chunk/chunk_cutter.hpp), several documents or threads (chunk/parallel_chunks.hpp).
// Depends:   chunk, core.
// Threads:   a chunker is used by one thread at a time; texts may be shared.
#ifndef ATLAS_CHUNK_CHUNKER_HPP
#define ATLAS_CHUNK_CHUNKER_HPP

#include <atlas/chunk/chunk_cutter.hpp>  // chunk_cutter
#include <atlas/core/function_ref.hpp>   // function_ref
#include <atlas/core/span.hpp>           // span

namespace atlas { inline namespace ATLAS_ABI {

/// What is given each chunk of a document that is fed, in order. The view and its text are valid during the call.
/// @return  false to stop: the call that feeds gives errc::cancelled, and the chunk counts as taken
using chunk_sink = function_ref<bool(const chunk_view&)>;

/// Cuts documents, one after the other.
///
/// Promises, for any bytes whatever: no chunk is empty or larger than options.size, overlap included, but for a grapheme cluster that
/// alone is larger: it is a chunk by itself, cut only beyond 4,096 bytes. No cut lies inside a well-formed UTF-8 sequence, between
/// U+000D and U+000A, or inside a grapheme cluster. Without trimming, [byte_fresh, byte_end) of all chunks laid end to end are the
/// document. The chunks depend on the document, the rule, the sizer and the options, and on nothing else: not on how the document is
/// fed, and not on where it was saved and taken up again.
///
/// The choice, exactly. Let the chunk begin at `start`, and what no chunk holds yet at `fresh`.
///   1. The limit is the furthest place that the sizer lets a chunk from `start` reach. If it is the document's end, the chunk ends there.
///   2. If the limit lies inside of a part that the rule wants whole, and that fits into a chunk by itself, the limit is its begin; if
///      that is `fresh`, the chunk begins there too. Boundaries inside of such a part are no candidates.
///   3. The chunk ends at the last of the strongest boundaries that the rule's structure gives between where it is filled to
///      fill() and the limit; if there is none, at the place that the rule finds best there; if there is none, at the last grapheme
///      cluster's begin behind `fresh`.
///   4. With chunk_packing::coherent it ends before all this at the first boundary of structure, from where it is filled to
///      coherent_percent, that is stronger than the one at `fresh`, and than a sentence's; with chunk_packing::divided, than a
///      sentence's.
///   5. With inner_sizes each chunk's fresh part is then cut as if it were a document, by the boundaries that the rule found in the whole one.
///   6. With overlap the next chunk begins at the first boundary of structure in the first half of the last `overlap` units, else at a
///      sentence there, else at a word anywhere in them, else at a grapheme cluster.
///
/// Cost: time linear in the document times size / (size - overlap), and with a packing other than full times 100 / coherent_percent. Memory of a document that is fed: that of three times what a chunk of
/// that size may take in bytes (chunk_sizer), and 80 KiB; of one that is read from a buffer, the boundaries within two chunks.
template <chunk_rule Rule, chunk_sizer Sizer>
class chunker {
 public:
  /// @return  errc::invalid_argument for options that check() refuses
  [[nodiscard]] static result<chunker> create(const chunker_options& options, Rule rule = Rule(), Sizer sizer = Sizer()) noexcept {
    if (status checked = check(options); !checked.ok()) return checked.error();
    return chunker(options, static_cast<Rule&&>(rule), static_cast<Sizer&&>(sizer));
  }

  // --- a document in one buffer ---

  /// Begins with a document that is all there. What was fed or read before is forgotten.
  /// @param text  any bytes; must outlive its chunks
  void read(text_view text) noexcept {
    restart();
    whole_ = text;
    is_read_ = true;
  }
  /// Writes the next chunk of it, which borrows the text; false, and `out` untouched, when it is used up.
  /// @return  errors: no_memory; those of the rule and the sizer. Nothing is lost, the call can be made again
  /// @pre     read() was called last
  [[nodiscard]] result<bool> next(chunk_view& out) noexcept {
    ATLAS_ASSERT(is_read_);
    const result<detail::cut_outcome> got = cutter_.next({whole_, 0, true}, out);
    if (!got.ok()) return got.error();
    return *got == detail::cut_outcome::chunk;
  }

  // --- a document in pieces ---

  /// Goes on with a document: the next piece of it, of any size. Chunks are given as soon as no later byte can change them, or a little
  /// later.
  /// @return  errors: cancelled by the sink, no_memory, those of the rule and the sizer. Then the piece was taken as far as `taken()`
  ///          says, and nothing is lost: feed what is left of it
  [[nodiscard]] status feed(text_view piece, chunk_sink sink) {
    ATLAS_ASSERT(!is_read_);
    while (!piece.empty()) {
      const std::size_t size = piece.size() < slice_bytes ? piece.size() : slice_bytes;
      if (status kept = pending_.append(piece.data(), size); !kept.ok()) return kept;
      piece = piece.subview(size, piece.size() - size);
      if (status given = give(false, sink); !given.ok()) return given;
    }
    return {};
  }
  /// Ends the document and gives the rest of its chunks. The next feed begins another one.
  [[nodiscard]] status finish(chunk_sink sink) {
    ATLAS_ASSERT(!is_read_);
    if (status given = give(true, sink); !given.ok()) return given;
    restart();
    return {};
  }
  /// Bytes of the document that were taken so far.
  [[nodiscard]] std::uint64_t taken() const noexcept { return pending_begin_ + pending_.size(); }
  /// No later chunk begins before this byte of the document, which never goes back until the document ends.
  [[nodiscard]] std::uint64_t kept_from() const noexcept { return cutter_.first_needed(); }

  /// Forgets the document.
  void restart() noexcept {
    cutter_.restart();
    pending_.clear();
    pending_begin_ = 0;
    wanted_bytes_ = 0;
    whole_ = {};
    is_read_ = false;
  }

  // --- a document to go on with another time ---

  /// Writes where the document stands that is being fed, with what is kept of its text; resume() goes on there. Another rule, or a
  /// version of it that cuts otherwise, another sizer and other options refuse it.
  [[nodiscard]] status save(buffer<std::byte>& out) const noexcept {
    ATLAS_ASSERT(!is_read_);
    detail::checkpoint_writer writer(out);
    writer.begin(cutter_.maker(), options_);
    writer.array(pending_.data(), pending_.size());
    writer.value(pending_begin_);
    cutter_.save(writer);
    return writer.end();
  }
  /// A chunker that stands where another one was saved.
  /// @param saved  bytes of save(), which are checked; any others are refused
  /// @return       errc::invalid_argument for options or rules that are not those of the one that was saved; corrupt_file for bytes that
  ///               are not what save() writes; no_memory
  [[nodiscard]] static result<chunker> resume(span<const std::byte> saved, const chunker_options& options, Rule rule = Rule(), Sizer sizer = Sizer()) noexcept {
    result<chunker> made = create(options, static_cast<Rule&&>(rule), static_cast<Sizer&&>(sizer));
    if (!made.ok()) return made;
    detail::checkpoint_reader reader(saved);
    if (status same = reader.begin(made->cutter_.maker(), options); !same.ok()) return same.error();
    if (status read = reader.array(made->pending_); !read.ok()) return read.error();
    if (status read = reader.value(made->pending_begin_); !read.ok()) return read.error();
    if (status read = made->cutter_.load(reader, made->pending_begin_, made->pending_.size()); !read.ok()) return read.error();
    if (status ended = reader.end(); !ended.ok()) return ended.error();
    return made;
  }

 private:
  static constexpr std::size_t slice_bytes = std::size_t{64} << 10;

  chunker(const chunker_options& options, Rule&& rule, Sizer&& sizer) noexcept
      : options_(options), cutter_(static_cast<Rule&&>(rule), static_cast<Sizer&&>(sizer), options) {}

  /// Gives the chunks that are known, and drops the text before the next one.
  [[nodiscard]] status give(bool is_last, chunk_sink sink) {
    for (;;) {
      const auto passed = static_cast<std::size_t>(cutter_.first_needed() - pending_begin_);
      // Each try reads what is there; so that many small pieces take linear time, the next one waits for a quarter more.
      if (!is_last && pending_.size() - passed < wanted_bytes_) break;
      chunk_view chunk;
      const result<detail::cut_outcome> got = cutter_.next({{pending_.data(), pending_.size()}, pending_begin_, is_last}, chunk);
      if (!got.ok()) return got.error();
      if (*got == detail::cut_outcome::end) break;
      if (*got == detail::cut_outcome::more) {
        const auto left = static_cast<std::size_t>(pending_begin_ + pending_.size() - cutter_.first_needed());
        wanted_bytes_ = left + left / 4 + 1;
        break;
      }
      wanted_bytes_ = 0;
      if (!sink(chunk)) {
        drop_passed();
        return errc::cancelled;
      }
    }
    drop_passed();
    return {};
  }
  void drop_passed() noexcept {
    const auto passed = static_cast<std::size_t>(cutter_.first_needed() - pending_begin_);
    const std::size_t left = pending_.size() - passed;
    if (left > passed) return;  // moving less than is dropped takes linear time
    if (left != 0) std::memmove(pending_.data(), pending_.data() + passed, left);
    static_cast<void>(pending_.resize(left));  // smaller: never fails
    pending_begin_ += passed;
  }

  chunker_options options_;
  detail::chunk_cutter<Rule, Sizer> cutter_;
  buffer<char> pending_;              ///< the document from pending_begin_ on, as far as it was fed
  std::uint64_t pending_begin_ = 0;
  std::size_t wanted_bytes_ = 0;      ///< behind the next chunk's start, before it is tried again
  text_view whole_;
  bool is_read_ = false;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CHUNK_CHUNKER_HPP

// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/content_defined_chunker.hpp -- cuts documents where their bytes say so, to find what two of them have in common.
//
// Room:      content_defined_chunker: fed in pieces, read from a buffer, or taken up in the middle, as chunk/chunker.hpp.
// Not here:  the hash (chunk/gear_hash.hpp), chunks that are good to read and to embed (chunk/chunker.hpp).
// Depends:   chunk, core, text.
// Threads:   a chunker is used by one thread at a time; texts may be shared.
//
// It is no rule of chunk/chunk_rule.hpp: a rule tells boundaries that do not depend on where chunks begin, of which the chunker takes the
// last of the strongest that fits. Here the first one counts, and which ones count depends on the distance from the chunk's beginning.
//
// Source: Xia et al., "FastCDC: a fast and efficient content-defined chunking approach for data deduplication", USENIX ATC 2016, and "The
// design of fast content-defined chunking for data deduplication based storage systems", IEEE TPDS 31, 2020: no place is looked at within
// the least size, and fewer of them count up to about the average size than behind it ("normalised", at its level 2).
#ifndef ATLAS_CHUNK_CONTENT_DEFINED_CHUNKER_HPP
#define ATLAS_CHUNK_CONTENT_DEFINED_CHUNKER_HPP

#include <atlas/chunk/checkpoint.hpp>               // checkpoint_writer, checkpoint_reader
#include <atlas/chunk/chunk_view.hpp>               // chunk_view
#include <atlas/chunk/content_defined_options.hpp>  // content_defined_options
#include <atlas/chunk/gear_hash.hpp>                // gear_hash
#include <atlas/chunk/prose_boundaries.hpp>         // is_cluster_break, last_cluster_break
#include <atlas/chunk/text_position.hpp>            // text_position
#include <atlas/core/function_ref.hpp>              // function_ref

namespace atlas { inline namespace ATLAS_ABI {

/// Cuts documents, one after the other.
///
/// Promises, for any bytes whatever: chunks laid end to end are the document. Where a chunk ends depends on the options and on the bytes
/// from its beginning on, at most `most_bytes` and 4 of them, and on nothing else: not on how the document is fed or where it was saved.
/// So behind a changed place chunks are the same again from the first end that both documents have in common. No chunk is larger than
/// most_bytes; none but the last of a document is smaller than least_bytes. Unless is_binary, no cut lies inside a well-formed UTF-8
/// sequence, between U+000D and U+000A, or inside a grapheme cluster of no more than most_bytes - least_bytes.
///
/// The choice, exactly. Let sizes be counted from where the chunk begins, and the turn be least + 4 * average * L, where L is the natural
/// logarithm of 15 * average / (12 * average + 4 * least), and 0 if that is negative: with it the mean is the average.
///   1. What is no larger than the least size and ends the document is a chunk.
///   2. The cut lies at the first place from the least size to the turn where the gear hash is below 2^32 / (4 * average), else at the
///      first from there to the most size where it is below 2^32 * 4 / average, else at the most size, or at the document's end.
///   3. Unless is_binary, a cut inside of a grapheme cluster moves to the cluster's end if that is within the most size; else to the last
///      begin of a cluster between the least and the most size; else to the last begin of a character before the most size.
///
/// Chunks are as chunk_view says: units are bytes, and the id is that of the bytes, whatever the options were.
/// Cost: linear time, most of it the hash's. No allocation for a document that is read from a buffer; the memory of one that
/// is fed is twice the most size and 128 KiB.
class content_defined_chunker {
 public:
  /// Grows whenever the same options would cut elsewhere; enters ids and checkpoints.
  static constexpr std::uint32_t version = 1;
  /// What is given each chunk of a document that is fed, in order. The view and its text are valid during the call.
  /// @return  false to stop: the call that feeds gives errc::cancelled, and the chunk counts as taken
  using sink_type = function_ref<bool(const chunk_view&)>;

  /// @return  errc::invalid_argument for options that check() refuses
  [[nodiscard]] static result<content_defined_chunker> create(const content_defined_options& options = {}) noexcept {
    if (status checked = check(options); !checked.ok()) return checked.error();
    return content_defined_chunker(options);
  }
  [[nodiscard]] const content_defined_options& options() const noexcept { return options_; }

  // --- a document in one buffer ---

  /// Begins with a document that is all there. What was fed or read before is forgotten.
  /// @param text  any bytes; must outlive its chunks
  void read(text_view text) noexcept {
    restart();
    whole_ = text;
    is_read_ = true;
  }
  /// Writes the next chunk of it, which borrows the text; false, and `out` untouched, when it is used up. It never fails.
  /// @pre read() was called last
  [[nodiscard]] result<bool> next(chunk_view& out) noexcept {
    ATLAS_ASSERT(is_read_);
    const auto begin = static_cast<std::size_t>(start_.byte);
    if (begin == whole_.size()) return false;
    take(whole_.subview(begin, whole_.size() - begin), out);
    return true;
  }

  // --- a document in pieces ---

  /// Goes on with a document: the next piece of it, of any size.
  /// @return  errors: cancelled by the sink, no_memory. Then the piece was taken as far as `taken()` says, and nothing is lost: feed what
  ///          is left of it
  [[nodiscard]] status feed(text_view piece, sink_type sink) {
    ATLAS_ASSERT(!is_read_);
    while (!piece.empty()) {
      const std::size_t size = piece.size() < slice_bytes ? piece.size() : slice_bytes;
      if (status kept = pending_.append(piece.data(), size); !kept.ok()) return kept;
      piece = piece.subview(size, piece.size() - size);
      if (status given = give(options_.most_bytes + lookahead, sink); !given.ok()) return given;
    }
    return {};
  }
  /// Ends the document and gives the rest of its chunks. The next feed begins another one.
  [[nodiscard]] status finish(sink_type sink) {
    ATLAS_ASSERT(!is_read_);
    if (status given = give(1, sink); !given.ok()) return given;
    restart();
    return {};
  }
  /// Bytes of the document that were taken so far.
  [[nodiscard]] std::uint64_t taken() const noexcept { return start_.byte + (pending_.size() - passed_); }
  /// As chunker::kept_from().
  [[nodiscard]] std::uint64_t kept_from() const noexcept { return start_.byte; }

  /// Forgets the document.
  void restart() noexcept {
    start_ = {};
    pending_.clear();
    passed_ = 0;
    whole_ = {};
    is_read_ = false;
  }

  // --- a document to go on with another time ---

  /// Writes where the document stands that is being fed, with what is kept of its text; resume() goes on there. Another version, and other
  /// options, refuse it.
  [[nodiscard]] status save(buffer<std::byte>& out) const noexcept {
    ATLAS_ASSERT(!is_read_);
    detail::checkpoint_writer writer(out);
    writer.begin({checkpoint_rule, 0, 0}, {});
    writer.value(stored_options(options_));
    writer.value(start_);
    writer.array(pending_.data() + passed_, pending_.size() - passed_);
    return writer.end();
  }
  /// A chunker that stands where another one was saved.
  /// @param saved  bytes of save(), which are checked; any others are refused
  /// @return       errc::invalid_argument for options that are not those of the one that was saved; corrupt_file for bytes that are not
  ///               what save() writes; no_memory
  [[nodiscard]] static result<content_defined_chunker> resume(span<const std::byte> saved, const content_defined_options& options = {}) noexcept {
    result<content_defined_chunker> made = create(options);
    if (!made.ok()) return made;
    detail::checkpoint_reader reader(saved);
    if (status same = reader.begin({checkpoint_rule, 0, 0}, {}); !same.ok()) return same.error();
    stored_options found;
    const stored_options wanted(options);
    if (status read = reader.value(found); !read.ok()) return read.error();
    const auto other = [](const char* field, std::uint64_t was, std::uint64_t is) noexcept { return error{errc::invalid_argument, field, was, is}; };
    if (found.least_bytes != wanted.least_bytes) return other("content_defined_options.least_bytes", found.least_bytes, wanted.least_bytes);
    if (found.average_bytes != wanted.average_bytes) return other("content_defined_options.average_bytes", found.average_bytes, wanted.average_bytes);
    if (found.most_bytes != wanted.most_bytes) return other("content_defined_options.most_bytes", found.most_bytes, wanted.most_bytes);
    if (found.is_binary != wanted.is_binary) return other("content_defined_options.is_binary", found.is_binary, wanted.is_binary);
    if (found.seed != wanted.seed) return other("content_defined_options.seed", found.seed, wanted.seed);
    if (status read = reader.value(made->start_); !read.ok()) return read.error();
    constexpr std::uint64_t furthest = std::uint64_t{1} << 62;  // no offset comes near to where it would wrap
    if (made->start_.byte > furthest) return detail::checkpoint_reader::damaged("start", furthest, made->start_.byte);
    if (status read = reader.array(made->pending_); !read.ok()) return read.error();
    if (status ended = reader.end(); !ended.ok()) return ended.error();
    return made;
  }

 private:
  static constexpr std::size_t slice_bytes = std::size_t{64} << 10;
  static constexpr std::size_t lookahead = 4;  // the character behind a cut tells whether the cluster goes on
  static constexpr std::uint32_t checkpoint_rule = 0x43444300U + version;  // "CDC": no rule of a chunker has this version

  struct stored_options {
    std::uint64_t least_bytes = 0;
    std::uint64_t average_bytes = 0;
    std::uint64_t most_bytes = 0;
    std::uint64_t is_binary = 0;
    std::uint64_t seed = 0;

    stored_options() noexcept = default;
    explicit stored_options(const content_defined_options& options) noexcept
        : least_bytes(options.least_bytes), average_bytes(options.average_bytes), most_bytes(options.most_bytes),
          is_binary(options.is_binary ? 1 : 0), seed(options.seed) {}
  };

  explicit content_defined_chunker(const content_defined_options& options) noexcept
      : options_(options), gear_(options.seed), turn_(turn_of(options)),
        seldom_(static_cast<std::uint32_t>((std::uint64_t{1} << 30) / options.average_bytes)),
        often_(static_cast<std::uint32_t>((std::uint64_t{1} << 34) / options.average_bytes)) {}

  /// Chunks end at a rate of 1 / (4 * average) up to the turn and of 4 / average behind it, which gives a mean size of
  /// least + 4 * average * (1 - e) + e * average / 4, where e = exp(-(turn - least) / (4 * average)) is the share that gets to the turn.
  /// Solved for the turn in integers, so that it is the same on every machine.
  [[nodiscard]] static std::size_t turn_of(const content_defined_options& options) noexcept {
    const std::uint64_t average = options.average_bytes;
    const std::uint64_t least = options.least_bytes;
    std::uint64_t turn = least;
    if (3 * average > 4 * least) {
      constexpr int bits = 32;
      const std::uint64_t ended = ((3 * average - 4 * least) << bits) / (15 * average);  // 1 - e, at most 1/5
      std::uint64_t logarithm = 0;
      std::uint64_t power = ended;
      for (std::uint64_t i = 1; i <= 12; ++i) {  // -ln(1 - x) = x + x^2 / 2 + x^3 / 3 ...; 0.2^13 is below 2^-30
        logarithm += power / i;
        power = (power * ended) >> bits;
      }
      turn += (4 * average * logarithm) >> bits;
    }
    return static_cast<std::size_t>(turn < options.most_bytes ? turn : options.most_bytes);
  }

  /// @param rest  the document from the chunk's beginning on: all that is left, or no less than the most size and the lookahead
  [[nodiscard]] std::size_t end_of_chunk(text_view rest) const noexcept {
    const std::size_t reach = rest.size() < options_.most_bytes ? rest.size() : options_.most_bytes;
    if (reach <= options_.least_bytes) return reach;
    const std::size_t turn = turn_ < reach ? turn_ : reach;
    std::size_t cut = gear_.first_below(rest, options_.least_bytes, turn, seldom_);
    if (cut == turn) cut = gear_.first_below(rest, turn, reach, often_);
    return options_.is_binary || cut == rest.size() ? cut : outside_of_clusters(rest, cut, reach);
  }
  [[nodiscard]] std::size_t outside_of_clusters(text_view rest, std::size_t cut, std::size_t reach) const noexcept {
    const std::size_t limit = reach < rest.size() ? character_start(rest, reach) : reach;
    if (cut <= limit && detail::is_cluster_break(rest, cut)) return cut;
    if (cut < limit) {
      const std::size_t behind = boundary_behind<grapheme_state>(rest.subview(0, limit), cut);
      if (behind < limit) return behind;
    }
    if (limit == rest.size()) return limit;
    const std::size_t last = detail::last_cluster_break(rest, limit);
    return last >= options_.least_bytes ? last : limit;
  }

  /// Writes the chunk that begins with the rest, and goes on behind it.
  void take(text_view rest, chunk_view& out) noexcept {
    const text_view chunk = rest.subview(0, end_of_chunk(rest));
    out = {};
    out.text = chunk;
    out.byte_begin = out.byte_fresh = start_.byte;
    out.char_begin = start_.character;
    out.line_begin = start_.line + 1;
    out.column_begin = start_.column + 1;
    if (options_.is_binary) {
      start_.byte += chunk.size();
    } else {
      start_.move_over(chunk);
    }
    const bool ends_line = !options_.is_binary && (chunk[chunk.size() - 1] == '\n' || chunk[chunk.size() - 1] == '\r');
    out.byte_end = start_.byte;
    out.char_end = start_.character;
    out.line_end = start_.line + (ends_line ? 0 : 1);
    out.units = chunk.size();
    out.level = chunk.size() == rest.size() ? boundary_level::text_end : boundary_level::character;
    out.id = xxh3_128(chunk.data(), chunk.size(), version);
  }

  /// Gives chunks while at least so many bytes are there, and drops the text before the next one.
  [[nodiscard]] status give(std::size_t least, sink_type sink) {
    bool is_wanted = true;
    while (is_wanted && pending_.size() - passed_ >= least) {
      chunk_view chunk;
      take({pending_.data() + passed_, pending_.size() - passed_}, chunk);
      passed_ += chunk.text.size();
      is_wanted = sink(chunk);
    }
    const std::size_t left = pending_.size() - passed_;
    if (left <= passed_) {  // moving less than is dropped takes linear time
      if (left != 0) std::memmove(pending_.data(), pending_.data() + passed_, left);
      static_cast<void>(pending_.resize(left));  // smaller: never fails
      passed_ = 0;
    }
    if (!is_wanted) return errc::cancelled;
    return {};
  }

  content_defined_options options_;
  gear_hash gear_;
  std::size_t turn_;
  std::uint32_t seldom_;  ///< thresholds of the hash, up to the turn and behind it
  std::uint32_t often_;
  text_position start_;   ///< of the next chunk
  buffer<char> pending_;  ///< the document as far as it was fed
  std::size_t passed_ = 0;  ///< bytes of it before the next chunk
  text_view whole_;
  bool is_read_ = false;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CHUNK_CONTENT_DEFINED_CHUNKER_HPP

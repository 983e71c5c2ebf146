// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/chunk_rule.hpp -- what a chunker asks of the rule that knows where a text may be cut.
//
// Room:      the concept of a rule, and what stands for its optional parts.
// Not here:  the rules (chunk/*_rule.hpp), the choice among what they find (chunk/chunker.hpp).
// Depends:   chunk/structure.hpp, text.
#ifndef ATLAS_CHUNK_CHUNK_RULE_HPP
#define ATLAS_CHUNK_CHUNK_RULE_HPP

#include <atlas/chunk/structure.hpp>  // structure, text_boundary

namespace atlas { inline namespace ATLAS_ABI {

/// A part of a document that is there at the moment.
struct document_part {
  text_view text;
  std::uint64_t begin = 0;  ///< offset of its first byte in the document
  bool is_last = false;     ///< the document ends with it
};

/// What a chunker asks of its rule. A rule reads a document once, forwards, and tells the boundaries that structure gives it: lines,
/// headings, whatever it knows. Where there is none within a chunk's size, the chunker asks it for one inside of the text.
///
///   using state_type = ...                  trivially copyable: where the reading of a document stands. Kept in checkpoints; bytes that
///                                           were changed give other boundaries, and do no harm. Without padding, and without what no
///                                           later boundary depends on: states from which reading goes on alike are equal bytes
///   uint32 version()                        of two halves: the upper is the rule's own, the lower grows whenever the rule gives other
///                                           boundaries; enters the ids of chunks, and checkpoints
///   uint64 fingerprint()                    of what the caller gave the rule, as a number that checkpoints hold; optional: 0
///   size_t lookahead()                      bytes
///   bool tells_lines()                      it tells the ends of lines, as text_position counts them, all of them and nothing else;
///                                           optional: false
///   bool is_self_synchronizing()            chunks that are cut from two begins of a document come to agree, so that pieces of it can be
///                                           cut beside each other; optional: true
///   save_state(state, writer), load_state(state, reader)
///                                           how a state is written to a checkpoint, and read; optional: as its bytes
///   result<uint64> scan(state, part, from, structure&)
///                                           reads on from offset `from`, up to which it has read, and tells every boundary up to the
///                                           offset that it returns: at least the part's end less the lookahead, or the end itself if
///                                           the part is the last. What it tells does not depend on where parts end
///   text_boundary last_within(text, least, most)
///                                           the best boundary in [least, most] that is none of structure, as last_prose_boundary
///   size_t first_within(text, first, middle, last)
///                                           where a repeated end begins, as first_prose_boundary
template <class Rule>
concept chunk_rule = __is_trivially_copyable(typename Rule::state_type) &&
    requires(const Rule& rule, typename Rule::state_type& state, const document_part& part, std::uint64_t from, structure& found, text_view text,
             std::size_t offset) {
  static_cast<std::uint32_t>(rule.version());
  static_cast<std::size_t>(rule.lookahead());
  result<std::uint64_t>(rule.scan(state, part, from, found));
  text_boundary(rule.last_within(text, offset, offset));
  static_cast<std::size_t>(rule.first_within(text, offset, offset, offset));
};

namespace detail {

template <chunk_rule Rule>
[[nodiscard]] constexpr std::uint64_t fingerprint_of(const Rule& rule) noexcept {
  if constexpr (requires { rule.fingerprint(); }) return rule.fingerprint();
  return 0;
}

template <chunk_rule Rule>
[[nodiscard]] constexpr bool tells_lines(const Rule& rule) noexcept {
  if constexpr (requires { rule.tells_lines(); }) return rule.tells_lines();
  return false;
}

template <chunk_rule Rule>
[[nodiscard]] constexpr bool is_self_synchronizing(const Rule& rule) noexcept {
  if constexpr (requires { rule.is_self_synchronizing(); }) return rule.is_self_synchronizing();
  return true;
}

/// The same bytes whether the rule is held by itself or by an any_rule.
template <chunk_rule Rule>
void save_state(const Rule& rule, const typename Rule::state_type& state, checkpoint_writer& writer) noexcept {
  if constexpr (requires { rule.save_state(state, writer); }) {
    rule.save_state(state, writer);
  } else {
    writer.value(std::uint64_t{sizeof state});
    writer.value(state);
  }
}
/// @return  errc::corrupt_file for a state of another size, which another form of the rule wrote
template <chunk_rule Rule>
[[nodiscard]] status load_state(const Rule& rule, typename Rule::state_type& state, checkpoint_reader& reader) noexcept {
  if constexpr (requires { rule.load_state(state, reader); }) {
    return rule.load_state(state, reader);
  } else {
    std::uint64_t size = 0;
    if (status read = reader.value(size); !read.ok()) return read;
    if (size != sizeof state) return checkpoint_reader::damaged("bytes of the rule's state", sizeof state, size);
    return reader.value(state);
  }
}

}  // namespace detail

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CHUNK_CHUNK_RULE_HPP

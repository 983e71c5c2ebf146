// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/code_rule.hpp -- source code of any language: functions and classes whole where they fit, then their parts.
//
// Room:      the levels of lines, and where a line is cut that is too long.
// Not here:  the automaton (chunk/code_reader.hpp), boundaries that a parser knows (chunk/external_rule.hpp).
// Depends:   chunk/{chunk_rule,code_reader,prose_boundaries}.hpp.
// Threads:   a plain value; const functions are pure but for what they are given.
//
// No parser and no language to name: lines are told apart by their indentation, their brackets, blank lines before them and what they
// begin with. The rule, exactly:
//
//  1. A line ends behind U+000A. Lines that a string, a comment or a here-document goes on into belong to the line where it began, and
//     nothing in it counts. A boundary lies before a line, so that blank lines (of white space alone) end the chunk before.
//       Comments:  // unless behind a colon; # behind white space, if no bracket or other mark follows; -- likewise, before white space or
//                  a dash; ; and % that begin a line; /* to */, <!-- to -->, --[[ to ]]. Preprocessor lines are read no further.
//       Strings:   "" and ``, '' within a line (not behind a name: an apostrophe; not before one: lifetimes); """ and '''; r#""#; R"x()x";
//                  << with an upper-case name, to the line of that name. A " or ` that its line does not close opens a string of several
//                  lines if the next line with such a mark holds an odd number of them, within 4,096 bytes.
//       What is open for 64 KiB was misread, and code goes on there.
//  2. Depth. A line is deeper than another by its column (tabs to multiples of 8), or by the brackets open before it, whichever makes it
//     deeper: one step for each line that grew, not for each column or bracket. A name at column 0 closes all brackets if code before it
//     was indented, or if the line before began a container. Comments and preprocessor lines change no depth.
//  3. No boundary, unless a blank line stands there: before what is first inside of something; before `{` and operators that go on with
//     the line before; behind comments, decorators, attributes, annotations, `template`, `#if`, a line that ends with `:` or a backslash,
//     which stay with what follows. None at all before what closes: `}`, `)`, `]`, `</`, `end`, `fi`, `done`, `esac`, `#endif` and more.
//  4. Things. Lines at depth 0 are things of their own, and so are the members of a container (class, struct, interface, namespace, impl,
//     trait, module and others among a line's first words) that is one: its lines at one step more. A thing is kept whole with all that is
//     deeper if it fits into a chunk by itself; a container only up to its second member, so that its members are.
//  5. Levels. Before a thing at depth 0: `section` behind a blank line, `paragraph` where a deeper line ended, else `line`. Before a
//     member: `paragraph` behind a blank line, else `line`. Inside of a thing, by steps deeper than it: 1 `sentence`, 2 `clause`, 3 and more
//     `word`; up to 3 steps one level higher behind a blank line, unless the line is deeper than the one before; `else`, `catch` and the
//     like as one step deeper.
//
// Nothing is promised of the names of levels here but their order: prose ends sentences, code ends statements.
#ifndef ATLAS_CHUNK_CODE_RULE_HPP
#define ATLAS_CHUNK_CODE_RULE_HPP

#include <atlas/chunk/code_reader.hpp>       // code_reader
#include <atlas/chunk/prose_boundaries.hpp>  // first_prose_boundary, last_cluster_break

namespace atlas { inline namespace ATLAS_ABI {

namespace detail {

/// How good a place between two bytes of code is to cut a line that is too long, or text that is no structure; 0 is none.
///   5 behind a line end, 4 so before what closes, 3 behind ; { }, 2 behind a comma or another bracket, 1 behind white space
/// @param mark    the last byte before that is no white space
/// @param spaced  white space lies between, @param fed with a line end
[[nodiscard]] constexpr int code_cut_rank(char mark, bool spaced, bool fed, char behind) noexcept {
  const bool closes = behind == ')' || behind == ']' || behind == '}';
  if (fed) return closes ? 4 : 5;
  if (closes || behind == ';' || behind == ',') return spaced ? 1 : 0;
  switch (mark) {
    case ';': case '{': case '}': return 3;
    case ',': case '(': case ')': case '[': case ']': return 2;
    default: return spaced ? 1 : 0;
  }
}

}  // namespace detail

class code_rule {
 public:
  using state_type = detail::code_state;
  [[nodiscard]] static constexpr std::uint32_t version() noexcept { return 0x80001; }
  [[nodiscard]] static constexpr std::size_t lookahead() noexcept { return detail::code_sight + 1024; }

  /// Cost: linear, whatever the bytes: 300 to 480 MB/s of C++ and Python on one core of a loaded machine (Xeon, g++ 12 -O3).
  [[nodiscard]] result<std::uint64_t> scan(state_type& state, const document_part& part, std::uint64_t from, structure& found) const noexcept {
    const std::uint64_t end = part.begin + part.text.size();
    if (state.read < from) state.read = from;
    if (state.read <= end) {
      detail::code_reader reader(state, part, found);
      if (status read = reader.run(); !read.ok()) return read.error();
    }
    if (part.is_last) return end;
    // Whether there is a boundary before a line is known from its first bytes.
    const std::uint64_t known = state.place != detail::code_place::indentation ? state.read : state.line != 0 ? state.line - 1 : 0;
    return known < from ? from : known < end ? known : end;
  }

  /// The last of the best places in [least, most]: behind a line end, behind ; { }, behind a comma or bracket, behind white space, at a
  /// grapheme cluster.
  [[nodiscard]] text_boundary last_within(text_view text, std::size_t least, std::size_t most) const noexcept {
    constexpr boundary_level levels[] = {boundary_level::character, boundary_level::word, boundary_level::clause,
                                         boundary_level::clause,    boundary_level::line, boundary_level::line};
    const std::size_t window = 64;  // white space before `least` that is looked at
    char mark = 'x';
    bool spaced = false;
    std::size_t behind_feed = 0;
    int best = 0;
    std::size_t found = 0;
    for (std::size_t at = least > window ? least - window : 0; at <= most && at < text.size(); ++at) {
      const char byte = text.data()[at];
      if (byte != '\0' && detail::is_gap_byte(byte)) {
        spaced = true;
        if (byte == '\n' && at < most) behind_feed = at + 1;
        continue;
      }
      const int rank = detail::code_cut_rank(mark, spaced, behind_feed != 0, byte);
      const std::size_t cut = behind_feed != 0 ? behind_feed : at;
      if (rank != 0 && rank >= best && cut >= least && detail::is_cluster_break(text, cut)) {
        best = rank;
        found = cut;
      }
      mark = byte;
      spaced = false;
      behind_feed = 0;
    }
    // White space that goes on to `most`.
    if (best < 5 && behind_feed >= least && behind_feed != 0) return {behind_feed, boundary_level::line};
    if (best != 0) return {found, levels[best]};
    const std::size_t last = detail::last_cluster_break(text, most);
    return last < least ? text_boundary{} : text_boundary{last, boundary_level::character};
  }
  /// The first line in [first, middle], else a place of running text.
  [[nodiscard]] std::size_t first_within(text_view text, std::size_t first, std::size_t middle, std::size_t last) const noexcept {
    for (std::size_t at = first; at <= middle && at < last; ++at) {
      if (text.data()[at - 1] == '\n' && detail::is_cluster_break(text, at)) return at;
    }
    return first_prose_boundary(text, first, first, last);
  }
};
static_assert(chunk_rule<code_rule>);

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CHUNK_CODE_RULE_HPP

// SPDX-License-Identifier: Apache-2.0
// include/atlas/folder/document_kind.hpp -- what a document's name says of how it is to be cut.
//
// Room:      document_kind, and the endings and names of each.
// Not here:  the rules (chunk/*_rule.hpp), what a document's bytes say (text/encoding.hpp).
// Depends:   core.
// Threads:   pure.
#ifndef ATLAS_FOLDER_DOCUMENT_KIND_HPP
#define ATLAS_FOLDER_DOCUMENT_KIND_HPP

#include <atlas/core/text_view.hpp>  // text_view

#include <cstdint>  // std::uint8_t

namespace atlas { inline namespace ATLAS_ABI {

/// By which rule a document is cut.
enum class document_kind : std::uint8_t {
  plain_text = 0,  ///< plain_text_rule
  markdown = 1,    ///< markdown_rule
  html = 2,        ///< html_rule
  code = 3,        ///< code_rule: source code, and data that is written a line a thing or indented
};

namespace detail {

/// In lower case. @return the number of bytes, 0 when the name is empty or longer than the room
template <std::size_t Room>
[[nodiscard]] constexpr std::size_t lower_name(text_view name, char (&out)[Room]) noexcept {
  if (name.size() > Room) return 0;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    out[i] = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  }
  return name.size();
}

/// Whether the word stands in the list, whose words are parted by spaces.
[[nodiscard]] constexpr bool lists_word(text_view list, text_view word) noexcept {
  for (std::size_t at = 0; at < list.size();) {
    std::size_t end = at;
    while (end < list.size() && list[end] != ' ') ++end;
    if (list.subview(at, end - at) == word) return true;
    at = end + 1;
  }
  return false;
}

inline constexpr text_view markdown_endings = "md markdown mdown mkdn mkd mdwn mdx rmd qmd";
inline constexpr text_view html_endings = "html htm xhtml xht shtml";
inline constexpr text_view code_endings =
    "c h cc cpp cxx c++ hh hpp hxx h++ ipp inl tpp cu cuh m mm "      // C and its kin
    "py pyi pyx pyw rb rake pl pm php lua tcl r jl ex exs erl hrl "   // scripts
    "js mjs cjs jsx ts mts cts tsx vue svelte astro "                 // of the web
    "java kt kts scala sc groovy gradle clj cljs cljc edn "           // of the JVM
    "cs fs fsx vb go rs swift zig nim d dart hs ml mli elm lisp el scm rkt f f90 f95 f03 pas adb ads v sv vhd vhdl asm s "
    "sh bash zsh fish ksh ps1 psm1 bat cmd awk sed "                  // shells
    "sql graphql gql proto thrift tf hcl bzl bazel cmake mk mak gn gni nix css scss sass less glsl hlsl wgsl vert frag comp "
    "json json5 jsonc jsonl ndjson yaml yml toml ini cfg conf properties xml xsd xsl xslt svg plist";
inline constexpr text_view code_names =
    "makefile gnumakefile dockerfile containerfile rakefile gemfile vagrantfile jenkinsfile justfile cmakelists.txt meson.build "
    "meson_options.txt build workspace";

}  // namespace detail

/// The kind of a document by the last part of its path: by its whole name, as of "Makefile" and "CMakeLists.txt", else by what
/// follows its last '.'; ASCII case does not count, and what nothing is known of is plain text.
///
///   kind_of_path("docs/Guide.MD") == document_kind::markdown
///
/// Data: on JSON, YAML, TOML, INI and XML the code rule keeps entries that belong together, by their indentation and brackets, and
/// cuts lines that are too long behind commas. Tables (.csv, .tsv) and logs are plain text, whose lines may hold any quotes.
/// @param path  any bytes, '/' between names
[[nodiscard]] constexpr document_kind kind_of_path(text_view path) noexcept {
  std::size_t first = path.size();
  while (first != 0 && path[first - 1] != '/') --first;
  const text_view file = path.subview(first, path.size() - first);
  char lower[24] = {};
  if (detail::lists_word(detail::code_names, {lower, detail::lower_name(file, lower)})) return document_kind::code;
  std::size_t dot = file.size();
  while (dot != 0 && file[dot - 1] != '.') --dot;
  if (dot == 0) return document_kind::plain_text;
  const text_view ending(lower, detail::lower_name(file.subview(dot, file.size() - dot), lower));
  if (detail::lists_word(detail::markdown_endings, ending)) return document_kind::markdown;
  if (detail::lists_word(detail::html_endings, ending)) return document_kind::html;
  if (detail::lists_word(detail::code_endings, ending)) return document_kind::code;
  return document_kind::plain_text;
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_FOLDER_DOCUMENT_KIND_HPP

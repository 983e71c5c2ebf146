// SPDX-License-Identifier: Apache-2.0
// bench/support/csv.hpp -- a CSV file as rows of cells (RFC 4180: quoted cells may hold commas, line ends, "").
#ifndef ATLAS_BENCH_SUPPORT_CSV_HPP
#define ATLAS_BENCH_SUPPORT_CSV_HPP

#include <string>
#include <vector>

namespace bench {

inline std::vector<std::vector<std::string>> parse_csv(const std::string& text) {
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> row;
  std::string cell;
  bool quoted = false;
  const auto end_row = [&] {
    row.push_back(cell);
    rows.push_back(row);
    row.clear();
    cell.clear();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c != '"') {
        cell += c;
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        cell += text[++i];
      } else {
        quoted = false;
      }
    } else if (c == '"') {
      quoted = true;
    } else if (c == ',') {
      row.push_back(cell);
      cell.clear();
    } else if (c == '\n') {
      end_row();
    } else if (c != '\r') {
      cell += c;
    }
  }
  if (!row.empty() || !cell.empty()) end_row();
  return rows;
}

}  // namespace bench

#endif  // ATLAS_BENCH_SUPPORT_CSV_HPP

// SPDX-License-Identifier: Apache-2.0
// examples/cli/plot.hpp -- recall against speed as a picture, drawn by gnuplot.
#ifndef ATLAS_EXAMPLES_CLI_PLOT_HPP
#define ATLAS_EXAMPLES_CLI_PLOT_HPP

#include <string>
#include <vector>

namespace cli {

struct curve_point {
  double recall = 0;              ///< 0 to 1
  double queries_per_second = 0;  ///< > 0
};
struct curve {
  std::string title;
  std::vector<curve_point> points;  ///< in the order of the line
};

/// Throws a failure if `path` does not end in .png or .svg, or if gnuplot is not installed: before the work whose
/// result is to be drawn.
void require_plotter(const std::string& path);

/// Writes the picture: queries a second, logarithmic, over recall. It is complete or not written at all.
/// @param curves  at least one, none of them without points
void plot_curves(const std::string& path, const std::string& title, const std::vector<curve>& curves);

}  // namespace cli

#endif  // ATLAS_EXAMPLES_CLI_PLOT_HPP

// SPDX-License-Identifier: Apache-2.0
// A curve of a few characters: a long series of values, each column the mean of an equal stretch.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace cambium {

class Sparkline {
 public:
  // width: columns at most, at least 2.
  explicit Sparkline(size_t width);

  // Values that are not finite are left out.
  void Add(double value);
  // From the first value to the last, e.g. "█▆▄▃▂▂▁▁": block heights between the smallest and the
  // largest column. Empty below two columns.
  std::string Text() const;

 private:
  struct Stretch {
    double sum = 0;
    size_t count = 0;
  };
  // Of an odd number of columns, the last stays half full.
  void JoinNeighbours();

  size_t width_;
  size_t stretch_ = 1;  // values of a full column; doubles when the columns are used up
  std::vector<Stretch> columns_;
};

}  // namespace cambium

// SPDX-License-Identifier: Apache-2.0
// Text for terminals: tables that fit a width, and wrapped paragraphs (widths: base/text_width.h).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/text_width.h"

namespace cambium {

struct TableColumn {
  std::string name;
  enum class Align { kLeft, kRight } align = Align::kLeft;
  // May be cut (ending in "…") when the table is too wide; the widest such column is cut first.
  bool may_shrink = false;
};

class TextTable {
 public:
  explicit TextTable(std::vector<TableColumn> columns);

  // REQUIRES: one cell per column.
  void AddRow(std::vector<std::string> cells);
  // A header and the rows, columns two spaces apart, no trailing spaces.
  std::string Format(size_t width = 80) const;

 private:
  std::vector<TableColumn> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// Breaks at spaces so that no line is longer than `width`, where words allow; newlines stay.
std::string WrapText(std::string_view text, size_t width);
// "name    value" in lines of at most 80 columns, where words allow; the value begins one column
// behind name_width.
std::string WrapField(std::string_view name, size_t name_width, std::string_view value);

}  // namespace cambium

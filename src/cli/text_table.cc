// SPDX-License-Identifier: Apache-2.0
#include "cli/text_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/check.h"

namespace cambium {
namespace {

constexpr size_t kGap = 2;
constexpr size_t kMinShrunkWidth = 4;

// A cell is one line: what would break the table is shown as a space.
std::string OneLine(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text;
}

std::string Cut(const std::string& text, size_t width) {
  if (TextWidth(text) <= width) return text;
  return CutToWidth(text, width - 1) + "…";
}

}  // namespace

TextTable::TextTable(std::vector<TableColumn> columns) : columns_(std::move(columns)) {}

void TextTable::AddRow(std::vector<std::string> cells) {
  CHECK(cells.size() == columns_.size());
  for (std::string& cell : cells) cell = OneLine(std::move(cell));
  rows_.push_back(std::move(cells));
}

std::string TextTable::Format(size_t width) const {
  std::vector<size_t> widths;
  for (size_t c = 0; c < columns_.size(); ++c) {
    size_t widest = TextWidth(columns_[c].name);
    for (const auto& row : rows_) widest = std::max(widest, TextWidth(row[c]));
    widths.push_back(widest);
  }
  size_t total = std::accumulate(widths.begin(), widths.end(), kGap * (columns_.size() - 1));
  while (total > width) {
    size_t widest = columns_.size();
    for (size_t c = 0; c < columns_.size(); ++c) {
      if (!columns_[c].may_shrink || widths[c] <= kMinShrunkWidth) continue;
      if (widest == columns_.size() || widths[c] > widths[widest]) widest = c;
    }
    if (widest == columns_.size()) break;
    --widths[widest];
    --total;
  }

  std::string out;
  const auto add_line = [&](const auto& cell_of) {
    std::string line;
    for (size_t c = 0; c < columns_.size(); ++c) {
      const std::string cell = Cut(cell_of(c), widths[c]);
      const std::string padding(widths[c] - TextWidth(cell), ' ');
      if (c > 0) line.append(kGap, ' ');
      line += columns_[c].align == TableColumn::Align::kRight ? padding + cell : cell + padding;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  };
  add_line([&](size_t c) { return columns_[c].name; });
  for (const auto& row : rows_) add_line([&](size_t c) { return row[c]; });
  return out;
}

std::string WrapText(std::string_view text, size_t width) {
  std::string out;
  size_t column = 0;
  size_t begin = 0;
  while (begin < text.size()) {
    if (text[begin] == '\n') {
      out += '\n';
      column = 0;
      ++begin;
      continue;
    }
    if (text[begin] == ' ') {
      ++begin;
      continue;
    }
    const size_t end = std::min(text.find_first_of(" \n", begin), text.size());
    const std::string_view word = text.substr(begin, end - begin);
    const size_t word_width = TextWidth(word);
    if (column > 0 && column + 1 + word_width > width) {
      out += '\n';
      column = 0;
    }
    if (column > 0) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word_width;
    begin = end;
  }
  return out;
}

std::string WrapField(std::string_view name, size_t name_width, std::string_view value) {
  std::string out = fmt::format("{:<{}} ", name, name_width);
  for (const char c : WrapText(value, 80 - name_width - 1)) {
    out += c;
    if (c == '\n') out.append(name_width + 1, ' ');
  }
  return out + "\n";
}

}  // namespace cambium

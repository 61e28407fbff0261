// SPDX-License-Identifier: Apache-2.0
#include "text/corpus/corpus.h"

namespace cambium {
namespace {

constexpr std::string_view kSpaces = " \t\r\n";

std::string_view Trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(kSpaces);
  if (first == std::string_view::npos) return {};
  text = text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
  if (text.ends_with('.')) text.remove_suffix(1);
  return text;
}

}  // namespace

bool CheckAnswer(const CorpusRecord& record, std::string_view completion) {
  if (record.answer.empty()) return false;
  if (!record.work.empty()) {
    constexpr std::string_view kMarker = "Answer:";
    const size_t at = completion.find(kMarker);
    if (at == std::string_view::npos) return false;
    completion.remove_prefix(at + kMarker.size());
  }
  // Blank lines before the answer do not count as its line.
  const size_t first = completion.find_first_not_of(kSpaces);
  if (first == std::string_view::npos) return false;
  completion.remove_prefix(first);
  return Trimmed(completion.substr(0, completion.find('\n'))) == Trimmed(record.answer);
}

}  // namespace cambium

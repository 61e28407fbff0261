// SPDX-License-Identifier: Apache-2.0
#include "text/sentence_piece_merges.h"

#include <algorithm>
#include <tuple>
#include <unordered_map>

#include "text/sentence_piece_encoder.h"
#include "text/utf8_chars.h"

namespace cambium {
namespace {

using Index = std::unordered_map<std::string_view, int32_t>;

Index NormalTokens(const TokenizerData& data) {
  Index ids;
  for (size_t id = 0; id < data.tokens.size(); ++id) {
    if (data.types[id] == TokenType::kNormal)
      ids.emplace(data.tokens[id], static_cast<int32_t>(id));
  }
  return ids;
}

size_t CountChars(std::string_view text) {
  size_t count = 0;
  for (size_t i = 0; i < text.size(); i += Utf8CharBytes(text[i])) ++count;
  return count;
}

}  // namespace

void ForEachCut(std::string_view token,
                const std::function<void(std::string_view, std::string_view)>& fn) {
  for (size_t cut = Utf8CharBytes(token[0]); cut < token.size(); cut += Utf8CharBytes(token[cut])) {
    fn(token.substr(0, cut), token.substr(cut));
  }
}

std::vector<std::pair<int32_t, int32_t>> MergesOfScores(const TokenizerData& data) {
  (void)SentencePieceEncoder(data);  // checks the data
  const Index ids = NormalTokens(data);
  struct Merge {
    float score;
    size_t left_chars, right_chars;
    int32_t left, right;
  };
  std::vector<Merge> merges;
  for (size_t id = 0; id < data.tokens.size(); ++id) {
    if (data.types[id] != TokenType::kNormal) continue;
    const size_t first = merges.size();
    ForEachCut(data.tokens[id], [&](std::string_view left, std::string_view right) {
      const auto l = ids.find(left);
      const auto r = ids.find(right);
      if (l == ids.end() || r == ids.end()) return;
      merges.push_back(
          {data.scores[id], CountChars(left), CountChars(right), l->second, r->second});
    });
    std::sort(merges.begin() + static_cast<ptrdiff_t>(first), merges.end(),
              [](const Merge& a, const Merge& b) {
                return std::pair(a.left, a.right) < std::pair(b.left, b.right);
              });
  }
  std::stable_sort(merges.begin(), merges.end(), [](const Merge& a, const Merge& b) {
    return std::tie(a.score, a.left_chars, a.right_chars) >
           std::tie(b.score, b.left_chars, b.right_chars);
  });
  std::vector<std::pair<int32_t, int32_t>> pairs;
  pairs.reserve(merges.size());
  for (const Merge& merge : merges) pairs.emplace_back(merge.left, merge.right);
  return pairs;
}

std::optional<std::vector<float>> ScoresOfMerges(const TokenizerData& data) {
  const Index ids = NormalTokens(data);
  // Tokens that no merge gives come last; the value is SentencePiece's for such.
  std::vector<float> scores(data.tokens.size(), 0.0f);
  std::vector<bool> is_done(data.tokens.size(), false);
  int32_t last = -1;
  int32_t order = 0;
  for (const auto& [left, right] : data.merges) {
    const auto it = ids.find(data.tokens[left] + data.tokens[right]);
    if (it == ids.end()) return std::nullopt;
    const int32_t result = it->second;
    if (result == last) continue;
    if (is_done[result]) return std::nullopt;
    is_done[result] = true;
    last = result;
    // Exact in f32 up to 2^24 tokens.
    scores[result] = -static_cast<float>(order++);
  }
  size_t num_pairs = 0;
  for (const auto& [text, id] : ids) {
    if (text.size() > kMaxSentencePieceBytes) return std::nullopt;
    ForEachCut(text, [&](std::string_view left, std::string_view right) {
      if (ids.contains(left) && ids.contains(right)) ++num_pairs;
    });
  }
  if (num_pairs != data.merges.size()) return std::nullopt;
  const float least = -static_cast<float>(order);
  for (const auto& [text, id] : ids) {
    if (!is_done[id]) scores[id] = least;
  }
  return scores;
}

}  // namespace cambium

// SPDX-License-Identifier: Apache-2.0
#include "text/bpe_trainer.h"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "text/pair_table.h"
#include "text/pre_tokenizer.h"
#include "text/tokenizer.h"
#include "text/word_counter.h"

namespace cambium {
namespace {

// Text held at once while counting, and the share of it that is one task.
constexpr size_t kBatchBytes = size_t{32} << 20;
constexpr size_t kTaskBytes = size_t{256} << 10;

// Pieces of all texts with their counts.
WordCounter CountPieces(const PreTokenizer& pre_tokenizer, const TextSource& next,
                        ThreadPool& pool) {
  std::vector<WordCounter> counters(pool.num_threads());
  std::vector<std::string> texts;
  bool at_end = false;
  while (!at_end) {
    texts.clear();
    std::vector<std::string_view> parts;
    for (size_t batch_bytes = 0; batch_bytes < kBatchBytes;) {
      std::string text;
      if (!next(&text)) {
        at_end = true;
        break;
      }
      batch_bytes += text.size();
      texts.push_back(std::move(text));
    }
    for (const std::string& text : texts) {
      for (std::string_view rest = text; !rest.empty();) {
        const size_t size = rest.size() <= kTaskBytes ? rest.size() : FindSafeCut(rest, kTaskBytes);
        parts.push_back(rest.substr(0, size));
        rest.remove_prefix(size);
      }
    }
    pool.ParallelFor(parts.size(), [&](size_t task, size_t thread) {
      WordCounter& counter = counters[thread];
      pre_tokenizer.ForEachPiece(parts[task], [&](std::string_view piece) { counter.Add(piece); });
    });
  }
  for (size_t i = 1; i < counters.size(); ++i) {
    counters[0].AddAll(counters[i]);
    counters[i] = WordCounter();
  }
  return std::move(counters[0]);
}

// The distinct pieces as tokens that grow together.
class MergeState {
 public:
  explicit MergeState(const WordCounter& words) {
    uint64_t num_slots = 1;
    for (size_t w = 0; w < words.num_words(); ++w) {
      if (words.word(w).size() > 1) num_slots += words.word(w).size() + 1;
    }
    if (num_slots > std::numeric_limits<uint32_t>::max()) {
      Fail(ErrorCode::kResourceExhausted,
           "the distinct pieces of the text take {} bytes, 4 GiB is the limit: train the tokenizer "
           "on a sample of it",
           num_slots);
    }
    for (int byte = 0; byte < 256; ++byte) AddToken(std::string(1, static_cast<char>(byte)));
    slots_.reserve(num_slots);
    word_of_.reserve(num_slots);
    slots_.push_back(kBoundary);
    word_of_.push_back(0);
    for (size_t w = 0; w < words.num_words(); ++w) {
      const std::string_view word = words.word(w);
      if (word.size() < 2) continue;  // nothing to join
      const auto index = static_cast<uint32_t>(counts_.size());
      counts_.push_back(words.count(w));
      for (size_t i = 0; i < word.size(); ++i) {
        const int32_t id = static_cast<uint8_t>(word[i]);
        if (i > 0) Add(slots_.back(), id, static_cast<uint32_t>(slots_.size() - 1), index);
        slots_.push_back(id);
        word_of_.push_back(index);
      }
      slots_.push_back(kBoundary);
      word_of_.push_back(index);
    }
    for (uint32_t i = 0; i < pairs_.size(); ++i) heap_.push_back({pairs_[i].count, i});
    touched_.clear();
    std::make_heap(heap_.begin(), heap_.end(), Later{this});
  }

  int32_t num_tokens() const { return static_cast<int32_t>(tokens_.size()); }
  std::vector<std::string> TakeTokens() { return std::move(tokens_); }

  // Takes the pair that is next off the heap; false when none is left with at least min_count.
  bool Next(uint64_t min_count, uint32_t* pair) {
    while (!heap_.empty()) {
      std::pop_heap(heap_.begin(), heap_.end(), Later{this});
      const Candidate top = heap_.back();
      heap_.pop_back();
      const uint64_t count = pairs_[top.pair].count;
      if (count == top.count && count >= min_count && count > 0) {
        *pair = top.pair;
        return true;
      }
      // Counts only grow with a new entry on the heap, so this entry was too high: try it again
      // with what the count is now. (Below min_count it can be forgotten, for the same reason.)
      if (count < top.count && count >= min_count && count > 0) Push({count, top.pair});
    }
    return false;
  }

  std::string BytesOf(uint32_t pair) const {
    return tokens_[pairs_[pair].left] + tokens_[pairs_[pair].right];
  }
  std::pair<int32_t, int32_t> IdsOf(uint32_t pair) const {
    return {pairs_[pair].left, pairs_[pair].right};
  }

  // Joins the pair wherever it stands.
  void Join(uint32_t pair) {
    const int32_t a = pairs_[pair].left;
    const int32_t b = pairs_[pair].right;
    const int32_t joined = AddToken(tokens_[a] + tokens_[b]);
    const uint32_t size_a = Size(a);
    const uint32_t size_b = Size(b);
    std::vector<uint32_t> positions = std::move(pairs_[pair].positions);
    pairs_[pair].positions.clear();
    pairs_[pair].count = 0;
    // Ascending, so that "aaa" is joined from the left; out of order only when two merges gave the
    // same token.
    if (!std::is_sorted(positions.begin(), positions.end())) {
      std::sort(positions.begin(), positions.end());
    }
    for (const uint32_t p : positions) {
      const uint32_t q = p + size_a;
      if (slots_[p] != a || slots_[q] != b) continue;  // changed since it was noted
      const uint32_t end = q + size_b;
      const uint32_t word = word_of_[p];
      const int32_t before = slots_[p - 1];
      const int32_t after = slots_[end];
      if (before >= 0) {
        Remove(before, a, pair, word);
        Add(before, joined, p - Size(before), word);
      }
      if (after >= 0) {
        Remove(b, after, pair, word);
        Add(joined, after, p, word);
      }
      slots_[q - 1] = kInside;
      slots_[q] = kInside;
      slots_[p] = joined;
      slots_[end - 1] = joined;
    }
    for (const uint32_t touched : touched_) {
      pairs_touched_[touched] = false;
      Push({pairs_[touched].count, touched});
    }
    touched_.clear();
  }

 private:
  // A token of n bytes takes n slots; its first and last hold its id, so that both neighbours find
  // it. Words are kept apart by a boundary.
  static constexpr int32_t kBoundary = -1;
  static constexpr int32_t kInside = -2;

  struct Candidate {
    uint64_t count;
    uint32_t pair;
  };
  // The order of the heap: true when b is to be joined before a.
  struct Later {
    const MergeState* state;
    bool operator()(const Candidate& a, const Candidate& b) const {
      if (a.count != b.count) return a.count < b.count;
      const PairInfo& pair_a = state->pairs_[a.pair];
      const PairInfo& pair_b = state->pairs_[b.pair];
      if (pair_a.left != pair_b.left) {
        return state->tokens_[pair_a.left] < state->tokens_[pair_b.left];
      }
      return pair_a.right != pair_b.right &&
             state->tokens_[pair_a.right] < state->tokens_[pair_b.right];
    }
  };

  uint32_t Size(int32_t id) const { return sizes_[id]; }

  // Id of the token of these bytes, a new one unless two merges give the same.
  int32_t AddToken(std::string bytes) {
    const auto [it, is_new] = ids_.emplace(std::move(bytes), num_tokens());
    if (is_new) {
      tokens_.push_back(it->first);
      sizes_.push_back(static_cast<uint32_t>(it->first.size()));
    }
    return it->second;
  }

  void Push(const Candidate& candidate) {
    heap_.push_back(candidate);
    std::push_heap(heap_.begin(), heap_.end(), Later{this});
  }

  void Add(int32_t left, int32_t right, uint32_t position, uint32_t word) {
    const uint32_t index = pairs_.FindOrAdd(left, right);
    if (index >= pairs_touched_.size()) pairs_touched_.resize(index + 1, false);
    if (!pairs_touched_[index]) {
      pairs_touched_[index] = true;
      touched_.push_back(index);
    }
    pairs_[index].count += counts_[word];
    pairs_[index].positions.push_back(position);
  }

  // `joining` is the pair being joined, whose count is 0 already.
  void Remove(int32_t left, int32_t right, uint32_t joining, uint32_t word) {
    const uint32_t index = pairs_.FindOrAdd(left, right);
    if (index != joining) pairs_[index].count -= counts_[word];
  }

  std::vector<std::string> tokens_;
  std::vector<uint32_t> sizes_;  // bytes of each token
  std::unordered_map<std::string, int32_t> ids_;
  std::vector<uint64_t> counts_;   // of each word
  std::vector<int32_t> slots_;     // token ids, boundaries
  std::vector<uint32_t> word_of_;  // of each slot
  PairTable pairs_;
  std::vector<Candidate> heap_;    // of every pair an entry at least as high as its count
  std::vector<uint32_t> touched_;  // pairs that grew in this join
  std::vector<bool> pairs_touched_;
};

}  // namespace

TokenizerData TrainBpe(const BpeTrainerOptions& options, const TextSource& next, ThreadPool& pool) {
  const PreTokenizer pre_tokenizer(options.pre_tokenizer);
  const int64_t num_wanted = static_cast<int64_t>(options.vocab_size) -
                             static_cast<int64_t>(options.special_tokens.size());
  if (num_wanted < 256) {
    Fail(ErrorCode::kInvalidArgument,
         "a vocabulary of {} cannot hold 256 bytes and {} special tokens", options.vocab_size,
         options.special_tokens.size());
  }
  TokenizerData names;  // a wrong name is better reported before the work than after it
  AppendSpecialTokens(options.special_tokens, &names);

  TokenizerData data;
  data.model = TokenizerModel::kBpe;
  data.pre_tokenizer = options.pre_tokenizer;

  MergeState state(CountPieces(pre_tokenizer, next, pool));
  const int64_t report_every = std::max<int64_t>(1, num_wanted / 100);
  uint32_t pair = 0;
  while (state.num_tokens() < num_wanted && state.Next(options.min_count, &pair)) {
    const auto& specials = options.special_tokens;
    if (std::find(specials.begin(), specials.end(), state.BytesOf(pair)) != specials.end()) {
      continue;  // taken off the heap, so never joined
    }
    data.merges.push_back(state.IdsOf(pair));
    state.Join(pair);
    if (options.on_progress && state.num_tokens() % report_every == 0) {
      options.on_progress(state.num_tokens(), static_cast<int32_t>(num_wanted));
    }
  }
  data.tokens = state.TakeTokens();
  data.types.assign(data.tokens.size(), TokenType::kNormal);
  AppendSpecialTokens(options.special_tokens, &data);
  return data;
}

}  // namespace cambium

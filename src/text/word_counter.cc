// SPDX-License-Identifier: Apache-2.0
#include "text/word_counter.h"

#include <limits>

#include "base/error.h"
#include "text/byte_hash.h"

namespace cambium {

void WordCounter::Add(std::string_view word, uint64_t count) {
  if (entries_.size() * 2 >= slots_.size()) Grow();
  const uint64_t hash = HashBytes(word);
  const auto tag = static_cast<uint32_t>(hash >> 32);
  const size_t mask = slots_.size() - 1;
  size_t i = hash & mask;
  for (; slots_[i].entry != 0; i = (i + 1) & mask) {
    if (slots_[i].tag != tag) continue;
    const size_t index = slots_[i].entry - 1;
    if (this->word(index) == word) {
      entries_[index].count += count;
      return;
    }
  }
  if (entries_.size() == std::numeric_limits<uint32_t>::max() - 1) {
    Fail(ErrorCode::kResourceExhausted,
         "the text has more than {} distinct words: train the tokenizer on a sample of it",
         entries_.size());
  }
  entries_.push_back({hash, arena_.size(), word.size(), count});
  arena_ += word;
  slots_[i] = {static_cast<uint32_t>(entries_.size()), tag};
}

void WordCounter::AddAll(const WordCounter& other) {
  for (size_t i = 0; i < other.num_words(); ++i) Add(other.word(i), other.count(i));
}

void WordCounter::Grow() {
  slots_.assign(slots_.empty() ? 1024 : slots_.size() * 2, Slot{});
  const size_t mask = slots_.size() - 1;
  for (size_t index = 0; index < entries_.size(); ++index) {
    size_t i = entries_[index].hash & mask;
    while (slots_[i].entry != 0) i = (i + 1) & mask;
    slots_[i] = {static_cast<uint32_t>(index + 1),
                 static_cast<uint32_t>(entries_[index].hash >> 32)};
  }
}

}  // namespace cambium

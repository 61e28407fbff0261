// SPDX-License-Identifier: Apache-2.0
#include "text/utf8_repair.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace cambium {
namespace {

// One step of the decoder: the bytes of a well-formed sequence, or of a maximal invalid subpart.
struct Sequence {
  size_t num_bytes;
  bool valid;
  bool cut_off;  // invalid only because the text ends
};

Sequence NextSequence(const uint8_t* p, size_t left_bytes) {
  const uint8_t lead = p[0];
  if (lead < 0x80) return {1, true, false};
  size_t num_bytes;
  uint8_t low = 0x80;  // range of the second byte; the others are 80..BF
  uint8_t high = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    num_bytes = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    num_bytes = 3;
    if (lead == 0xE0) low = 0xA0;   // shorter forms exist
    if (lead == 0xED) high = 0x9F;  // surrogates
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    num_bytes = 4;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;  // above U+10FFFF
  } else {
    return {1, false, false};
  }
  for (size_t i = 1; i < num_bytes; ++i) {
    if (i == left_bytes) return {i, false, true};
    if (p[i] < low || p[i] > high) return {i, false, false};
    low = 0x80;
    high = 0xBF;
  }
  return {num_bytes, true, false};
}

// Calls invalid(offset, num_bytes) for every maximal invalid subpart; it says whether to go on.
template <typename Invalid>
void ForEachInvalid(std::string_view text, const Invalid& invalid) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  size_t i = 0;
  while (i < text.size()) {
    if (text.size() - i >= 8) {
      uint64_t word;
      std::memcpy(&word, bytes + i, sizeof(word));
      if ((word & 0x8080808080808080u) == 0) {
        i += 8;
        continue;
      }
    }
    const Sequence sequence = NextSequence(bytes + i, text.size() - i);
    if (!sequence.valid && !invalid(i, sequence.num_bytes)) return;
    i += sequence.num_bytes;
  }
}

}  // namespace

size_t ValidUtf8PrefixBytes(std::string_view text) {
  size_t prefix_bytes = text.size();
  ForEachInvalid(text, [&](size_t offset, size_t) {
    prefix_bytes = offset;
    return false;
  });
  return prefix_bytes;
}

uint64_t RepairUtf8(std::string& text) {
  const size_t valid_bytes = ValidUtf8PrefixBytes(text);
  if (valid_bytes == text.size()) return 0;
  std::string repaired;
  repaired.reserve(text.size() + text.size() / 8);
  uint64_t num_replaced = 0;
  size_t copied = 0;
  ForEachInvalid(text, [&](size_t offset, size_t num_bytes) {
    repaired.append(text, copied, offset - copied);
    repaired.append(kReplacementCharacter);
    copied = offset + num_bytes;
    ++num_replaced;
    return true;
  });
  repaired.append(text, copied, text.size() - copied);
  text = std::move(repaired);
  return num_replaced;
}

InvalidUtf8 CountInvalidUtf8(std::string_view text) {
  InvalidUtf8 count;
  ForEachInvalid(text, [&](size_t, size_t num_bytes) {
    ++count.num_sequences;
    count.num_bytes += num_bytes;
    return true;
  });
  return count;
}

size_t IncompleteUtf8TailBytes(std::string_view text) {
  // The lead byte of a cut sequence is at most three bytes from the end; continuation bytes and
  // ASCII are sequences (or errors) of their own.
  for (size_t n = 1; n <= std::min<size_t>(3, text.size()); ++n) {
    const auto* lead = reinterpret_cast<const uint8_t*>(text.data() + text.size() - n);
    if ((*lead & 0xC0) == 0x80) continue;
    return NextSequence(lead, n).cut_off ? n : 0;
  }
  return 0;
}

}  // namespace cambium

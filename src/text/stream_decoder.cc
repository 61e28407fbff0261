// SPDX-License-Identifier: Apache-2.0
#include "text/stream_decoder.h"

#include "text/utf8_repair.h"

namespace cambium {

std::string StreamDecoder::Push(int32_t id) {
  const std::string& bytes = tokenizer_.TokenBytes(id);
  if (special_ == SpecialText::kSkip && tokenizer_.Type(id) == TokenType::kControl) return {};
  pending_ += bytes;
  if (drops_space_ && !pending_.empty()) {
    if (pending_[0] == ' ') pending_.erase(0, 1);
    drops_space_ = false;
  }
  return Take(/*at_end=*/false);
}

std::string StreamDecoder::Finish() { return Take(/*at_end=*/true); }

std::string StreamDecoder::Take(bool at_end) {
  const size_t num_kept = at_end ? 0 : IncompleteUtf8TailBytes(pending_);
  std::string text = pending_.substr(0, pending_.size() - num_kept);
  pending_.erase(0, text.size());
  if (ill_formed_ == IllFormed::kReplace) RepairUtf8(text);
  return text;
}

}  // namespace cambium

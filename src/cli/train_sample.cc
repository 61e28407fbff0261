// SPDX-License-Identifier: Apache-2.0
#include "cli/train_sample.h"

#include <algorithm>
#include <utility>

#include "base/progress.h"
#include "base/text_width.h"
#include "infer/generate.h"

namespace cambium {
namespace {

constexpr size_t kNewTokens = 40;
constexpr size_t kPassTokens = 16;  // the prompt is short

}  // namespace

std::string OneLine(std::string_view text) {
  std::string line;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0;
    if (byte == '\n') {
      line += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      line += '?';
    } else if (byte == 0xc2 && next >= 0x80 && next < 0xa0) {  // U+0080 to U+009F: C1 controls
      line += '?';
      ++i;
    } else {
      line += text[i];
    }
  }
  return line;
}

std::string CutSample(const std::string& line, size_t width) {
  return TextWidth(line) <= width ? line : CutToWidth(line, width - 1) + "…";
}

std::function<std::string(std::span<const int32_t>)> SampleWriter(
    ParameterStore& parameters, DType compute, std::shared_ptr<const Tokenizer> tokenizer,
    ThreadPool& pool) {
  // Shared, since a std::function must be copyable.
  const auto engine = std::make_shared<std::unique_ptr<Engine>>();
  return [&parameters, &pool, compute, engine,
          tokenizer = std::move(tokenizer)](std::span<const int32_t> prompt) -> std::string {
    if (*engine == nullptr) {
      *engine = std::make_unique<Engine>(parameters, pool,
                                         EngineOptions{.compute = compute,
                                                       .max_batch_tokens = kPassTokens,
                                                       .prefill_chunk = kPassTokens,
                                                       .pack_weights = false});
    }
    const size_t context = (*engine)->max_context();
    if (prompt.size() >= context) return "";
    const GenerateOptions options = {.sampler = {.temperature = 0.8f, .seed = 1},
                                     .max_tokens = std::min(kNewTokens, context - prompt.size())};
    const GenerateResult result = Generate(**engine, *tokenizer, prompt, options);
    return CutSample("  sample: " + OneLine(tokenizer->Decode(prompt, SpecialText::kSkip)) + "|" +
                         OneLine(result.continuations[0].text),
                     TerminalWidth());
  };
}

}  // namespace cambium

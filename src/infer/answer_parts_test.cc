// SPDX-License-Identifier: Apache-2.0
#include "infer/answer_parts.h"

#include <gtest/gtest.h>

namespace cambium {
namespace {

// Reasoning in brackets, however the text is cut.
std::string Divided(const std::string& prompt, const std::string& text) {
  std::string first;
  for (size_t step = 1; step <= text.size() + 1; ++step) {
    AnswerParts divide(prompt);
    std::string shown;
    bool reasoning = false;
    const auto add = [&](const std::vector<AnswerPart>& parts) {
      for (const AnswerPart& part : parts) {
        if (part.reasoning != reasoning) shown += part.reasoning ? "[" : "]";
        reasoning = part.reasoning;
        shown += part.text;
      }
    };
    for (size_t i = 0; i < text.size(); i += step) add(divide.Push(text.substr(i, step)));
    add(divide.Finish());
    if (step == 1) first = shown;
    EXPECT_EQ(shown, first) << "in pieces of " << step;
  }
  return first;
}

TEST(AnswerParts, DividesByTheMarkersOfModelFamilies) {
  EXPECT_EQ(Divided("", "Hello."), "Hello.");
  EXPECT_EQ(Divided("", "<think>\nHm.\n</think>\n\nYes."), "[Hm.\n]Yes.");
  EXPECT_EQ(Divided("<|im_start|>assistant\n<think>\n", "Hm.</think>Yes."), "[Hm.]Yes.");
  EXPECT_EQ(Divided("", "[THINK]a[/THINK]b"), "[a]b");
  EXPECT_EQ(Divided("<|start|>assistant",
                    "<|channel|>analysis<|message|>User asks.<|end|><|start|>assistant"
                    "<|channel|>final<|message|>Four."),
            "[User asks.]Four.");
  EXPECT_EQ(Divided("", "<|channel>thought\nwell<channel|>so"), "[well]so");
  EXPECT_EQ(Divided("", "<think></think>b"), "b");
}

TEST(AnswerParts, AnAnswerMaySpeakOfMarkers) {
  EXPECT_EQ(Divided("", "The tag <think> begins it, </think> ends it."),
            "The tag <think> begins it, </think> ends it.");
  EXPECT_EQ(Divided("", "<think>a</think>b <think>c"), "[a]b <think>c");
  EXPECT_EQ(Divided("", "a < b and <thi"), "a < b and <thi");
  EXPECT_EQ(Divided("", "<think>a <think> b</think>c"), "[a <think> b]c");
}

}  // namespace
}  // namespace cambium

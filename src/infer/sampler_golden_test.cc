// SPDX-License-Identifier: Apache-2.0
// Every sampler, alone and with others, draws exactly the tokens that plain formulas in float64
// draw (tests/golden/sampling, whose generate.py made them).
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/json.h"
#include "infer/sampler.h"
#include "numerics/simd_target.h"

namespace cambium {
namespace {

SamplerOptions OptionsOf(const Json& json) {
  SamplerOptions o;
  o.seed = json["seed"].get<uint64_t>();
  o.temperature = json.value("temperature", 1.0f);
  o.top_k = json.value("top_k", size_t{0});
  o.top_p = json.value("top_p", 1.0f);
  o.min_p = json.value("min_p", 0.0f);
  o.typical_p = json.value("typical_p", 1.0f);
  o.top_n_sigma = json.value("top_n_sigma", 0.0f);
  o.xtc_probability = json.value("xtc_probability", 0.0f);
  o.xtc_threshold = json.value("xtc_threshold", 0.1f);
  o.dynatemp_range = json.value("dynatemp_range", 0.0f);
  o.dynatemp_exponent = json.value("dynatemp_exponent", 1.0f);
  o.penalties.repeat = json.value("repeat_penalty", 1.0f);
  o.penalties.frequency = json.value("frequency_penalty", 0.0f);
  o.penalties.presence = json.value("presence_penalty", 0.0f);
  o.penalties.last_n = json.value("repeat_last_n", size_t{64});
  o.dry.multiplier = json.value("dry_multiplier", 0.0f);
  o.dry.base = json.value("dry_base", 1.75f);
  o.dry.allowed_length = json.value("dry_allowed_length", size_t{2});
  o.dry.last_n = json.value("dry_last_n", SIZE_MAX);
  o.dry.breakers = json.value("dry_breakers", std::vector<int32_t>{});
  o.mirostat.active = json.contains("mirostat_tau");
  o.mirostat.tau = json.value("mirostat_tau", 5.0f);
  o.mirostat.eta = json.value("mirostat_eta", 0.1f);
  for (const Json& bias : json.value("logit_bias", Json::array())) {
    o.logit_bias.emplace_back(bias[0].get<int32_t>(),
                              bias[1].is_null() ? kTokenIsOut : bias[1].get<float>());
  }
  return o;
}

TEST(SamplerGolden, DrawsTheTokensOfThePlainFormulas) {
  const Json cases = Json::parse(
      ReadFile(std::string(CAMBIUM_SOURCE_DIR) + "/tests/golden/sampling/expected.json"));
  ASSERT_GT(cases.size(), 40u);
  for (const SimdTarget target : AvailableSimdTargets()) {
    SetSimdTarget(target);
    for (const Json& golden : cases) {
      const Sampler sampler(OptionsOf(golden["options"]));
      std::vector<int32_t> history = golden["history"].get<std::vector<int32_t>>();
      SamplerState state = sampler.InitialState();
      for (const Json& step : golden["steps"]) {
        std::vector<float> logits;
        for (const Json& logit : step["logits_x64"]) logits.push_back(logit.get<float>() / 64);
        const SampledToken sampled = sampler.Sample(
            logits, history, golden["sequence"].get<uint64_t>(), history.size(), &state);
        ASSERT_EQ(sampled.token, step["token"].get<int32_t>())
            << golden["options"].dump() << " at position " << history.size();
        history.push_back(sampled.token);
      }
    }
  }
  SetSimdTarget(AvailableSimdTargets().back());
}

}  // namespace
}  // namespace cambium

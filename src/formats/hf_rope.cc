// SPDX-License-Identifier: Apache-2.0
#include "formats/hf_rope.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "base/error.h"
#include "formats/quote.h"

namespace cambium {
namespace {

const SortedJson* FindObject(const JsonMembers& members, const char* key,
                             const std::string& source_name) {
  const SortedJson* value = members.Find(key);
  if (value != nullptr && !value->is_object()) {
    Fail(ErrorCode::kCorruptData, "{}: {} is not an object", source_name, Quote(key));
  }
  return value;
}

std::vector<float> FactorsOf(const JsonMembers& members, const char* key,
                             const std::string& source_name) {
  const SortedJson* list = members.Find(key);
  std::vector<float> factors;
  if (list == nullptr || !list->is_array()) {
    Fail(ErrorCode::kCorruptData, "{}: {} of longrope is not a list of numbers", source_name,
         Quote(key));
  }
  for (const SortedJson& value : *list) {
    if (!value.is_number()) {
      Fail(ErrorCode::kCorruptData, "{}: {} holds something that is not a number", source_name,
           Quote(key));
    }
    factors.push_back(ToFloat32(value.get<double>()));
  }
  return factors;
}

uint64_t OriginalContextOf(const JsonMembers& outer, const JsonMembers& inner,
                           const HyperParameters& p) {
  constexpr const char* kKey = "original_max_position_embeddings";
  if (const auto value = outer.GetUint(kKey)) return *value;
  return inner.GetUint(kKey).value_or(p.context_length);
}

RopeScaling ScalingOf(const JsonMembers& outer, const JsonMembers& inner,
                      const std::string& source_name, const HyperParameters& p) {
  RopeScaling s;
  const std::string type =
      inner.GetString("rope_type").value_or(inner.GetString("type").value_or("default"));
  if (type == "default") return s;
  const std::optional<double> factor = inner.GetNumber("factor");
  const auto need_factor = [&] {
    if (factor) return *factor;
    Fail(ErrorCode::kCorruptData, "{}: RoPE scaling of type {} without a factor", source_name,
         Quote(type));
  };
  if (type == "linear") {
    s.kind = RopeScalingKind::kLinear;
    s.factor = need_factor();
  } else if (type == "llama3") {
    s.kind = RopeScalingKind::kLlama3;
    s.factor = need_factor();
    s.low_freq_factor = inner.GetNumber("low_freq_factor").value_or(1);
    s.high_freq_factor = inner.GetNumber("high_freq_factor").value_or(4);
    s.original_context = OriginalContextOf(outer, inner, p);
  } else if (type == "yarn") {
    s.kind = RopeScalingKind::kYarn;
    s.factor = need_factor();
    s.original_context = OriginalContextOf(outer, inner, p);
    s.beta_fast = inner.GetNumber("beta_fast").value_or(32);
    s.beta_slow = inner.GetNumber("beta_slow").value_or(1);
    s.truncate = inner.GetBool("truncate").value_or(true);
    s.attention_factor = inner.GetNumber("attention_factor").value_or(0);
    for (const char* key : {"mscale", "mscale_all_dim"}) {
      if (inner.GetNumber(key).value_or(0) != 0) {
        Fail(ErrorCode::kUnsupported, "{}: {} of YaRN is not supported", source_name, Quote(key));
      }
    }
  } else if (type == "longrope" || type == "su") {
    s.kind = RopeScalingKind::kLongRope;
    s.original_context = OriginalContextOf(outer, inner, p);
    s.factor = factor.value_or(static_cast<double>(p.context_length) /
                               static_cast<double>(std::max<uint64_t>(s.original_context, 1)));
    s.attention_factor = inner.GetNumber("attention_factor").value_or(0);
    s.factors = FactorsOf(inner, "short_factor", source_name);
    s.long_factors = FactorsOf(inner, "long_factor", source_name);
  } else {
    Fail(ErrorCode::kUnsupported,
         "{}: rope_type {} is not supported; default, linear, llama3, yarn and longrope are",
         source_name, Quote(type));
  }
  return s;
}

// Of one object of rotation settings.
void ReadOne(const JsonMembers& outer, const JsonMembers& inner, const std::string& source_name,
             HyperParameters* p) {
  if (const auto theta = inner.GetNumber("rope_theta")) p->rope_theta = ToFloat32(*theta);
  p->rope_scaling = ScalingOf(outer, inner, source_name, *p);
}

}  // namespace

void ReadHfRope(const JsonMembers& members, const std::string& source_name, double default_theta,
                HyperParameters* p) {
  p->rope_theta = ToFloat32(members.GetNumber("rope_theta").value_or(default_theta));
  std::optional<double> partial = members.GetNumber("partial_rotary_factor");
  if (p->family == ModelFamily::kGemma3) {
    p->rope_theta_window = ToFloat32(members.GetNumber("rope_local_base_freq").value_or(10000));
  }
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    const SortedJson* rope = FindObject(members, key, source_name);
    if (rope == nullptr) continue;
    const JsonMembers inner(*rope, source_name);
    const SortedJson* full = FindObject(inner, "full_attention", source_name);
    const SortedJson* window = FindObject(inner, "sliding_attention", source_name);
    if (full == nullptr && window == nullptr) {
      ReadOne(members, inner, source_name, p);
      if (const auto value = inner.GetNumber("partial_rotary_factor")) partial = value;
      continue;
    }
    if (p->family != ModelFamily::kGemma3 || full == nullptr || window == nullptr) {
      Fail(ErrorCode::kUnsupported, "{}: {} by kinds of layers is supported for gemma3 only",
           source_name, key);
    }
    const JsonMembers window_members(*window, source_name);
    HyperParameters other = *p;
    ReadOne(members, window_members, source_name, &other);
    if (other.rope_scaling.kind != RopeScalingKind::kNone) {
      Fail(ErrorCode::kUnsupported, "{}: scaled RoPE in layers with a window is not supported",
           source_name);
    }
    if (window_members.GetNumber("rope_theta")) p->rope_theta_window = other.rope_theta;
    ReadOne(members, JsonMembers(*full, source_name), source_name, p);
  }
  const double fraction = partial.value_or(1);
  if (!(fraction > 0) || fraction > 1) {
    Fail(ErrorCode::kCorruptData, "{}: partial_rotary_factor = {}; above 0 and at most 1 expected",
         source_name, fraction);
  }
  const auto rotated = static_cast<uint64_t>(static_cast<double>(p->head_dim) * fraction);
  p->rope_dim = rotated == p->head_dim ? 0 : rotated;
  if (fraction != 1 && rotated == 0) {
    Fail(ErrorCode::kCorruptData, "{}: partial_rotary_factor = {} rotates nothing", source_name,
         fraction);
  }
}

void AddHfRope(const HyperParameters& p, Json* config) {
  const RopeScaling& s = p.rope_scaling;
  (*config)["rope_theta"] = ShortestDouble(p.rope_theta);
  if (p.rope_dim != 0) {
    (*config)["partial_rotary_factor"] =
        static_cast<double>(p.rope_dim) / static_cast<double>(p.head_dim);
  }
  if (p.rope_theta_window != 0) {
    (*config)["rope_local_base_freq"] = ShortestDouble(p.rope_theta_window);
  }
  if (s.kind == RopeScalingKind::kNone) return;
  CHECK(s.kind != RopeScalingKind::kFactors);  // the writer has named what they come of
  Json scaling = {{"rope_type", RopeScalingName(s.kind)}};
  if (s.kind != RopeScalingKind::kLongRope) scaling["factor"] = s.factor;
  if (s.kind != RopeScalingKind::kLinear) {
    scaling["original_max_position_embeddings"] = s.original_context;
  }
  if (s.attention_factor != 0) scaling["attention_factor"] = s.attention_factor;
  if (s.kind == RopeScalingKind::kLlama3) {
    scaling["low_freq_factor"] = s.low_freq_factor;
    scaling["high_freq_factor"] = s.high_freq_factor;
  } else if (s.kind == RopeScalingKind::kYarn) {
    scaling["beta_fast"] = s.beta_fast;
    scaling["beta_slow"] = s.beta_slow;
    scaling["truncate"] = s.truncate;
  } else if (s.kind == RopeScalingKind::kLongRope) {
    Json short_factors = Json::array(), long_factors = Json::array();
    for (const float factor : s.factors) short_factors.push_back(ShortestDouble(factor));
    for (const float factor : s.long_factors) long_factors.push_back(ShortestDouble(factor));
    scaling["short_factor"] = std::move(short_factors);
    scaling["long_factor"] = std::move(long_factors);
    (*config)["original_max_position_embeddings"] = s.original_context;
  }
  (*config)["rope_scaling"] = std::move(scaling);
}

double ShortestDouble(float value) {
  const std::string text = fmt::format("{}", value);
  double number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

float ToFloat32(double value) {
  constexpr double kMax = std::numeric_limits<float>::max();
  return std::fabs(value) <= kMax ? static_cast<float>(value)
                                  : std::numeric_limits<float>::infinity();
}

}  // namespace cambium

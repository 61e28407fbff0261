// SPDX-License-Identifier: Apache-2.0
#include "cli/sampling_options.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/error.h"
#include "cli/option_checks.h"

namespace cambium {
namespace {

constexpr const char* kDefaultBreakers[] = {"\n", ":", "\"", "*"};

// An option that is a number, or a whole number.
struct NumericOption {
  const char* name;  // as on the command line
  const char* unit;
  double min, max;                            // of numbers; of whole numbers only the minimum
  float& (*number)(SamplerOptions& options);  // one of the two
  size_t& (*count)(SamplerOptions& options);
  const char* help;
};

// In the order of the sampler's steps, but the most used one first.
const NumericOption kOptions[] = {
    {"temperature", "X", 0, 1000, [](SamplerOptions& o) -> float& { return o.temperature; },
     nullptr,
     "Below 1 sharpens, above 1 flattens the probabilities; 0 always takes the most probable "
     "token"},
    {"repeat-penalty", "X", 0.1, 10, [](SamplerOptions& o) -> float& { return o.penalties.repeat; },
     nullptr, "Above 1: make tokens that were there less probable"},
    {"frequency-penalty", "X", -100, 100,
     [](SamplerOptions& o) -> float& { return o.penalties.frequency; }, nullptr,
     "Taken off a token's logit for every time it was there"},
    {"presence-penalty", "X", -100, 100,
     [](SamplerOptions& o) -> float& { return o.penalties.presence; }, nullptr,
     "Taken off a token's logit once it was there"},
    {"repeat-last-n", "N", 0, 0, nullptr,
     [](SamplerOptions& o) -> size_t& { return o.penalties.last_n; },
     "How many of the last tokens these penalties look at"},
    {"dry-multiplier", "X", 0, 100, [](SamplerOptions& o) -> float& { return o.dry.multiplier; },
     nullptr, "DRY: penalty for going on with a repetition, X * base^(length - allowed); 0 is off"},
    {"dry-base", "X", 1, 10, [](SamplerOptions& o) -> float& { return o.dry.base; }, nullptr,
     "DRY: how the penalty grows with each repeated token"},
    {"dry-allowed-length", "N", 1, 0, nullptr,
     [](SamplerOptions& o) -> size_t& { return o.dry.allowed_length; },
     "DRY: tokens that may be repeated before the penalty begins"},
    {"dry-last-n", "N", 0, 0, nullptr, [](SamplerOptions& o) -> size_t& { return o.dry.last_n; },
     "DRY: how many of the last tokens are searched (default: all)"},
    {"top-n-sigma", "N", 0, 1000, [](SamplerOptions& o) -> float& { return o.top_n_sigma; },
     nullptr, "Draw among logits at most N standard deviations below the largest; 0 is off"},
    {"top-k", "N", 0, 0, nullptr, [](SamplerOptions& o) -> size_t& { return o.top_k; },
     "Draw among the N most probable tokens; 0 is all"},
    {"typical-p", "P", 1e-6, 1, [](SamplerOptions& o) -> float& { return o.typical_p; }, nullptr,
     "Draw among the tokens whose surprise is nearest to the expected one, up to probability P"},
    {"top-p", "P", 1e-6, 1, [](SamplerOptions& o) -> float& { return o.top_p; }, nullptr,
     "Draw among the most probable tokens that together reach probability P"},
    {"min-p", "P", 0, 1, [](SamplerOptions& o) -> float& { return o.min_p; }, nullptr,
     "Draw among tokens of at least P times the largest probability"},
    {"xtc-probability", "P", 0, 1, [](SamplerOptions& o) -> float& { return o.xtc_probability; },
     nullptr,
     "How often to exclude the top choices: all but the least probable above --xtc-threshold"},
    {"xtc-threshold", "P", 0, 1, [](SamplerOptions& o) -> float& { return o.xtc_threshold; },
     nullptr, "The probability that makes a token a top choice; above 0.5 is off"},
    {"dynatemp-range", "X", 0, 1000, [](SamplerOptions& o) -> float& { return o.dynatemp_range; },
     nullptr, "Let the temperature follow the entropy, by this much below and above --temperature"},
    {"dynatemp-exponent", "X", 0, 100,
     [](SamplerOptions& o) -> float& { return o.dynatemp_exponent; }, nullptr,
     "How the temperature follows the normalised entropy: its power"},
    {"mirostat-tau", "BITS", 1e-3, 100, [](SamplerOptions& o) -> float& { return o.mirostat.tau; },
     nullptr, "Mirostat: the surprise per token to hold"},
    {"mirostat-eta", "X", 0, 1, [](SamplerOptions& o) -> float& { return o.mirostat.eta; }, nullptr,
     "Mirostat: how fast it adapts"},
};

template <typename T>
bool ParseNumber(std::string_view text, T* value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

// "ID=BIAS": a token id, and a number or -inf.
std::pair<int32_t, float> ParseBias(const std::string& text) {
  const size_t equals = text.find('=');
  int32_t token = -1;
  float bias = NAN;
  const std::string_view view = text;
  if (equals != std::string::npos && ParseNumber(view.substr(0, equals), &token) && token >= 0) {
    if (view.substr(equals + 1) == "-inf") return {token, kTokenIsOut};
    if (ParseNumber(view.substr(equals + 1), &bias) && std::isfinite(bias)) return {token, bias};
  }
  Fail(ErrorCode::kInvalidArgument,
       "--logit-bias: '{}' is not a token's id, =, and a number or -inf, like 13=-2.5", text);
}

// The shortest decimal that reads back as the same f32, not its digits as a double.
double Decimal(float value) {
  double decimal = 0;
  ParseNumber(fmt::format("{}", value), &decimal);
  return decimal;
}

CLI::Validator CheckOf(const NumericOption& option) {
  return option.count == nullptr ? NumberFrom(option.min, option.max)
                                 : WholeNumber(static_cast<uint64_t>(option.min));
}

}  // namespace

void AddSamplingOptions(CLI::App& command, SamplingArguments& arguments) {
  SamplerOptions& options = arguments.options;
  for (const NumericOption& option : kOptions) {
    const std::string flag = fmt::format("--{}", option.name);
    CLI::Option* added = option.count == nullptr
                             ? command.add_option(flag, option.number(options), option.help)
                             : command.add_option(flag, option.count(options), option.help);
    added->check(CheckOf(option))->type_name(option.unit)->group("SAMPLING");
    if (option.count == nullptr || option.count(options) != SIZE_MAX) added->capture_default_str();
  }
  command
      .add_flag("--mirostat", options.mirostat.active,
                "Mirostat 2: hold the surprise of the text near --mirostat-tau")
      ->group("SAMPLING");
  command
      .add_option("--dry-breaker", arguments.dry_breakers,
                  "DRY: text that ends a repetition; may be given several times, \"none\" for "
                  "none (default: line feed, colon, quote, asterisk)")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->type_name("TEXT")
      ->group("SAMPLING");
  command
      .add_option("--logit-bias", arguments.logit_bias,
                  "Add this to a token's logit, like 13=-2.5; 13=-inf forbids it; may be given "
                  "several times")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->type_name("ID=X")
      ->group("SAMPLING");
  command.add_option("--seed", options.seed, "The same seed gives the same text, on every machine")
      ->capture_default_str()
      ->check(WholeNumber(0))
      ->type_name("N")
      ->group("SAMPLING");
}

SamplerOptions ResolveSampling(const SamplingArguments& arguments, const Tokenizer& tokenizer) {
  SamplerOptions options = arguments.options;
  const std::vector<std::string>& breakers = arguments.dry_breakers;
  if (breakers.empty()) {
    for (const char* text : kDefaultBreakers) {
      // A vocabulary may lack one of the defaults.
      const std::vector<int32_t> tokens = TokensContaining(tokenizer, text);
      options.dry.breakers.insert(options.dry.breakers.end(), tokens.begin(), tokens.end());
    }
  } else if (breakers != std::vector<std::string>{"none"}) {
    for (const std::string& text : breakers) {
      const std::vector<int32_t> tokens = TokensContaining(tokenizer, text);
      if (tokens.empty()) {
        Fail(ErrorCode::kInvalidArgument, "--dry-breaker: '{}' is in no token of the vocabulary",
             text);
      }
      options.dry.breakers.insert(options.dry.breakers.end(), tokens.begin(), tokens.end());
    }
  }
  for (const std::string& text : arguments.logit_bias) {
    options.logit_bias.push_back(ParseBias(text));
    const int32_t token = options.logit_bias.back().first;
    if (token >= tokenizer.vocab_size()) {
      Fail(ErrorCode::kInvalidArgument,
           "--logit-bias: token {} is not in the vocabulary of {} tokens", token,
           tokenizer.vocab_size());
    }
  }
  options.Validate();
  return options;
}

std::string SetSamplingOption(std::string_view name, const std::string& text,
                              SamplerOptions* options) {
  for (const NumericOption& option : kOptions) {
    if (name != option.name) continue;
    std::string value = text;
    if (std::string wrong = CheckOf(option)(value); !wrong.empty()) return wrong;
    SamplerOptions changed = *options;
    if (option.count == nullptr) {
      ParseNumber(text, &option.number(changed));
    } else {
      ParseNumber(text, &option.count(changed));
    }
    try {
      changed.Validate();
    } catch (const Error& error) {
      return error.what();
    }
    *options = changed;
    return "";
  }
  if (name == "seed") {
    if (ParseNumber(text, &options->seed)) return "";
    return fmt::format("'{}' is not a whole number of at least 0", text);
  }
  return fmt::format("there is no option {}", name);
}

std::string DescribeSampling(const SamplerOptions& options) {
  SamplerOptions now = options, defaults;
  std::string text = fmt::format("temperature {}", now.temperature);
  for (const NumericOption& option : kOptions) {
    if (option.name == std::string_view("temperature")) continue;
    if (option.count == nullptr) {
      if (option.number(now) == option.number(defaults)) continue;
      text += fmt::format(", {} {}", option.name, option.number(now));
    } else if (option.count(now) != option.count(defaults)) {
      text += fmt::format(", {} {}", option.name, option.count(now));
    }
  }
  if (now.mirostat.active) text += ", mirostat";
  if (!now.logit_bias.empty()) text += fmt::format(", {} logit biases", now.logit_bias.size());
  return text + fmt::format(", seed {}", now.seed);
}

Json SamplingJson(const SamplerOptions& options) {
  SamplerOptions o = options;
  Json json = Json::object();
  const auto key = [](std::string name) {
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
  };
  for (const NumericOption& option : kOptions) {
    Json& value = json[key(option.name)];
    if (option.count == nullptr) {
      value = Decimal(option.number(o));
    } else if (option.count(o) != SIZE_MAX) {
      value = option.count(o);
    }
  }
  json["mirostat"] = o.mirostat.active;
  json["logit_bias"] = Json::object();
  for (const auto& [token, bias] : o.logit_bias) {
    json["logit_bias"][std::to_string(token)] =
        bias == kTokenIsOut ? Json("-inf") : Json(Decimal(bias));
  }
  json["seed"] = o.seed;
  return json;
}

}  // namespace cambium

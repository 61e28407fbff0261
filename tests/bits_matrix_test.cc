// SPDX-License-Identifier: Apache-2.0
// The bits matrix: for every (model, prompt) one hash of all logits that tokens are drawn from,
// whatever the threads, the pieces in which the prompt is fed, the other sequences of the batch,
// what the cache held before, guesses, and the instruction set. The hashes are recorded, so that
// other machines (AArch64 under qemu) are held to the same ones.
//
// To add a kind of model (a block, another format): a row in kModels.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <map>
#include <optional>
#include <ostream>
#include <tuple>

#include "base/hash.h"
#include "base/philox.h"
#include "formats/gguf_quantize.h"
#include "infer/speculation.h"
#include "model/model_file.h"
#include "numerics/simd_target.h"
#include "tests/bits_matrix_circumstances.h"

namespace cambium {
namespace {

constexpr size_t kVocab = 256;
constexpr size_t kNewTokens = 24;
constexpr uint64_t kSamplerSequence = 3;

struct MatrixModel {
  const char* name;
  DType compute;
  // Of the matrices (formats/gguf_quantize.h); null: f32 values.
  const char* quantization;
  ModelConfig (*config)();
  // Of Prompt(0), Prompt(1).
  const char* hashes[2];
  // What keys and values are held in; nullopt: the compute type.
  std::optional<ops::KvType> kv_type = std::nullopt;
};

void PrintTo(const MatrixModel& model, std::ostream* out) { *out << model.name; }

ModelConfig BaseConfig() {
  ModelConfig config = FindModelPreset("nano").config;
  config.vocab_size = kVocab;
  config.num_kv_heads = 1;
  config.context_length = 512;
  return config;
}

// Rows of 256, as the formats with super-blocks need them.
ModelConfig WideConfig() {
  ModelConfig config = BaseConfig();
  config.width = 256;
  config.num_heads = 4;
  config.num_kv_heads = 2;
  config.head_dim = 64;
  config.ffn_width = 512;
  config.tied_embeddings = false;
  return config;
}

// As Qwen3's.
ModelConfig ExpertsConfig() {
  ModelConfig config = BaseConfig();
  config.num_experts = 8;
  config.experts_per_token = 3;
  config.ffn_width = 64;
  return config;
}

// As Mixtral's.
ModelConfig WideExpertsConfig() {
  ModelConfig config = WideConfig();
  config.qk_norm = false;
  config.num_experts = 4;
  config.experts_per_token = 2;
  config.ffn_width = 256;
  return config;
}

constexpr MatrixModel kModels[] = {
    {"f32",
     DType::kF32,
     nullptr,
     BaseConfig,
     {"8b36309e0f1da2518baad40878a5cf0a1227bbee4fb937aad5b3c991b5ccf4a7",
      "601061095ca9cae8a1d772ceb0137fc48d32c44652454f8e350fb7cf859efc15"}},
    {"bf16",
     DType::kBF16,
     nullptr,
     BaseConfig,
     {"cb87d8c61889d73db0f62524b91e454958e43d903a89f95d66be77cced83d6d6",
      "3ecbe7e9fc40ca613c4644759fa19cf01130daedf10c82a62956bd02a9e67c48"}},
    {"Q8_0",
     DType::kBF16,
     "Q8_0",
     WideConfig,
     {"c532fce5a969cdc154284e7f3d4da61829c54baf59468e87044158e487c411d4",
      "29e3ceb2d3e64d17ae0dd96cf046aa02249e187592427c6c77e884f0f0ac1093"}},
    {"Q4_0",
     DType::kBF16,
     "Q4_0",
     WideConfig,
     {"e11f7004de3ec4235be8ab84fca9fa0a57ba694b2c131e4ae765b69e8922abed",
      "219099e508a33a2a303bdd6839169546706ed6eb3e07141584cad3d93f1cb18f"}},
    {"Q4_K_M",
     DType::kBF16,
     "Q4_K_M",
     WideConfig,
     {"3ab082ce62e0667695885b79a59ce265aede11228dbf30ebad85ad833120359e",
      "f9019d688a69a16358a4a603624e913bd1329d9fb87e9e54707326ba88b031e0"}},
    {"ExpertsBf16",
     DType::kBF16,
     nullptr,
     ExpertsConfig,
     {"b290e32d3d4bdcbb8a790f264bf72b311838f4ecc989b315b3de7f80e7152f74",
      "cf6318b971be694a409e124a136d06fa13a0141258964813e49509e73d3e3b87"}},
    {"ExpertsQ4_K_M",
     DType::kBF16,
     "Q4_K_M",
     WideExpertsConfig,
     {"1740270fab9931da7bb6fc57555d03e86cc69b8021b577434a0adab1c796d652",
      "d1633ca8da39dd991074aad19d8a631c4ee5277676a677872f9cc3157672443b"}},
    {"f32_keys_in_f16",
     DType::kF32,
     nullptr,
     BaseConfig,
     {"43e42d5f325a3eeeb7dde8f738f480fc42d8e84304b6d839cf23da5932f5bd18",
      "3c79d8e3ca12639122abd9a01ee86760c07f09ff0a87bdc57f3b38409f40dad9"},
     ops::KvType::kF16},
    {"f32_keys_in_bf16",
     DType::kF32,
     nullptr,
     BaseConfig,
     {"054192d086273442a56ff749d307cc3add80604199dc6b01a0df16da454787bf",
      "af733574e9bd789b51ccbb2ee62158d4fd866da1341b396e9c6ce957edca6b39"},
     ops::KvType::kBF16},
    {"bf16_keys_in_q8_0",
     DType::kBF16,
     nullptr,
     WideConfig,
     {"cc5736629dda9a53a50ebaa5a849152658d2b833b5e769d81b25efd603295b16",
      "3150229481f9f4c0e0e1b64af670150edb08aa261320767d1b56e5983cc01cc9"},
     ops::KvType::kQ8_0},
};

std::vector<SimdTarget> Targets(const MatrixModel& model) {
  return AvailableSimdTargets(model.quantization == nullptr ? Arithmetic::kFloat
                                                            : Arithmetic::kAny);
}

// An untrained model finds all tokens alike; this one is sure of itself, so that guesses are made.
void Sharpen(ParameterStore& store) {
  for (size_t i = 0; i < store.specs().size(); ++i) {
    if (store.specs()[i].name != "output_norm.weight") continue;
    float* values = store.weight(i).value.f32();
    for (size_t j = 0; j < store.specs()[i].size(); ++j) values[j] *= 10;
  }
}

// Something near the model, for guesses that are right now and then.
void Disturb(ParameterStore& store) {
  for (size_t i = 0; i < store.specs().size(); ++i) {
    float* values = store.weight(i).value.f32();
    for (size_t j = 0; j < store.specs()[i].size(); j += 5) values[j] *= 1.06f;
  }
}

// Files of quantised weights, made once; what was loaded from them stays readable without.
class QuantizedFiles {
 public:
  QuantizedFiles()
      : folder_(std::filesystem::temp_directory_path() /
                fmt::format("cambium_bits_matrix.{}", getpid())) {
    std::filesystem::create_directories(folder_);
  }
  ~QuantizedFiles() { std::filesystem::remove_all(folder_); }

  std::unique_ptr<ParameterStore> Load(const ParameterStore& store, const char* recipe, bool draft,
                                       ThreadPool& pool) {
    const std::filesystem::path path = folder_ / (draft ? "draft.gguf" : "target.gguf");
    if (!std::filesystem::exists(path)) {
      const TokenizerData tokenizer = MakeByteTokenizer({});
      SaveGguf(folder_ / "f32.gguf", store, tokenizer, {.type = GgmlType::kF32});
      QuantizeGguf(GgufFile(folder_ / "f32.gguf"), *FindQuantRecipe(recipe), path, {}, pool);
    }
    return std::move(LoadModel(path, MatrixMemory::kStored).parameters);
  }

 private:
  std::filesystem::path folder_;
};

std::unique_ptr<ParameterStore> MakeStore(const MatrixModel& model, bool draft,
                                          QuantizedFiles& files, ThreadPool& pool) {
  auto store = std::make_unique<ParameterStore>(model.config(), /*with_gradients=*/false);
  store->Initialize(7, pool);
  Sharpen(*store);
  if (draft) Disturb(*store);
  return model.quantization == nullptr ? std::move(store)
                                       : files.Load(*store, model.quantization, draft, pool);
}

std::vector<int32_t> RandomTokens(size_t count, uint64_t stream, uint64_t below = kVocab) {
  const Philox random(11, RandomPurpose::kTest);
  std::vector<int32_t> tokens;
  for (size_t i = 0; i < count; ++i) {
    tokens.push_back(static_cast<int32_t>(random.Below(below, stream, i)));
  }
  return tokens;
}

// 0: short, and it repeats itself. 1: generation crosses the end of an attention split at 256.
std::vector<int32_t> Prompt(size_t index) {
  if (index == 1) return RandomTokens(245, 1);
  std::vector<int32_t> tokens = RandomTokens(9, 0);
  const std::vector<int32_t> phrase = RandomTokens(12, 2);
  for (int i = 0; i < 4; ++i) tokens.insert(tokens.end(), phrase.begin(), phrase.end());
  return tokens;
}

// The text of one run, with others beside it in every pass.
class TextRun {
 public:
  TextRun(Engine& engine, Engine& draft, const std::vector<int32_t>& prompt, const Circumstances& c)
      : engine_(engine),
        prompt_(prompt),
        circumstances_(c),
        sampler_({.temperature = 0.7f, .top_p = 0.95f, .seed = 21}),
        sequence_(engine.NewSequence(prompt.size() + kNewTokens)),
        history_(prompt) {
    const SpeculationOptions speculation = {.kind = c.speculation, .draft = &draft};
    proposer_ =
        MakeProposer(speculation, sampler_, kSamplerSequence, kVocab, prompt.size() + kNewTokens);
    for (size_t i = 0; i < c.others; ++i) {
      others_.push_back(engine.NewSequence(64));
      // Different lengths, so that rows of the batch move.
      other_tokens_.push_back(RandomTokens(1 + i * 5 % 23, 100 + i));
    }
  }

  // Hex of the hash over all rows that tokens were drawn from.
  std::string Hash() {
    FillCache();
    const size_t known = sequence_.tokens().size();
    std::vector<int32_t> fed(prompt_.begin() + static_cast<ptrdiff_t>(known), prompt_.end());
    std::span<const float> logits = Forward(fed, LogitsOf::kLast);
    Draw({history_.back()}, logits);
    while (num_drawn_ < kNewTokens) {
      fed.assign(1, history_.back());
      if (proposer_ != nullptr && num_drawn_ + 1 < kNewTokens) {
        const std::vector<int32_t> guess =
            proposer_->Propose(history_, {}, std::min<size_t>(6, kNewTokens - num_drawn_ - 1));
        fed.insert(fed.end(), guess.begin(), guess.end());
      }
      Draw(fed, Forward(fed, LogitsOf::kAll));
      sequence_.Truncate(history_.size() - 1);
    }
    return ToHex(hash_.Finish());
  }

  size_t accepted() const { return accepted_; }

 private:
  // What an earlier text left, of which the prompt can use none, a part, or all but the last token.
  void FillCache() {
    if (circumstances_.cache == Cache::kCold) return;
    const bool warm = circumstances_.cache == Cache::kWarm;
    const size_t shared = warm ? prompt_.size() - 1 : prompt_.size() / 2 + 3;
    std::vector<int32_t> earlier(prompt_.begin(), prompt_.begin() + static_cast<ptrdiff_t>(shared));
    for (const int32_t token : RandomTokens(7, 5)) earlier.push_back(token);
    const ForwardRequest request = {&sequence_, earlier, LogitsOf::kNone};
    engine_.Forward({&request, 1});
    sequence_.Truncate(shared);
  }

  // Of this run's rows; the others take a step, too, from both sides of it.
  std::span<const float> Forward(std::span<const int32_t> tokens, LogitsOf wanted) {
    std::vector<ForwardRequest> requests;
    const size_t place = others_.size() / 2;
    for (size_t i = 0; i <= others_.size(); ++i) {
      if (i == place) requests.push_back({&sequence_, tokens, wanted});
      if (i == others_.size()) break;
      if (others_[i].tokens().size() + other_tokens_[i].size() > others_[i].capacity()) {
        others_[i].Truncate(1);
      }
      requests.push_back({&others_[i], other_tokens_[i], LogitsOf::kLast});
    }
    const std::span<const float> logits = engine_.Forward(requests);
    for (size_t i = 0; i < others_.size(); ++i) other_tokens_[i] = RandomTokens(1, 200 + i);
    const size_t rows = wanted == LogitsOf::kAll ? tokens.size() : 1;
    return logits.subspan(place * kVocab, rows * kVocab);
  }

  void Draw(const std::vector<int32_t>& fed, std::span<const float> logits) {
    for (size_t i = 0; i < fed.size(); ++i) {
      const std::span<const float> row = logits.subspan(i * kVocab, kVocab);
      hash_.Update(row.data(), row.size_bytes());
      const int32_t token = sampler_.Sample(row, history_, kSamplerSequence, history_.size()).token;
      history_.push_back(token);
      ++num_drawn_;
      if (i > 0) ++accepted_;
      if (i + 1 == fed.size() || token != fed[i + 1]) return;
    }
  }

  Engine& engine_;
  const std::vector<int32_t>& prompt_;
  const Circumstances circumstances_;
  const Sampler sampler_;
  Sequence sequence_;
  std::vector<Sequence> others_;
  std::vector<std::vector<int32_t>> other_tokens_;
  std::unique_ptr<Proposer> proposer_;
  std::vector<int32_t> history_;
  size_t num_drawn_ = 0, accepted_ = 0;
  Sha256 hash_;
};

// Engines of one model, made when they are first needed.
class Engines {
 public:
  Engines(const MatrixModel& model, QuantizedFiles& files) : model_(model), files_(files) {}

  Engine& Target(const Circumstances& c) { return Get(c, /*draft=*/false); }
  Engine& Draft(const Circumstances& c) { return Get(c, /*draft=*/true); }

 private:
  struct Made {
    std::unique_ptr<ParameterStore> store;
    std::unique_ptr<Engine> engine;
  };

  Engine& Get(const Circumstances& c, bool draft) {
    std::unique_ptr<ThreadPool>& pool = pools_[c.threads];
    if (pool == nullptr) pool = std::make_unique<ThreadPool>(c.threads, /*pin=*/false);
    Made& made = made_[{c.threads, c.chunk, draft}];
    if (made.engine == nullptr) {
      made.store = MakeStore(model_, draft, files_, *pool);
      made.engine = std::make_unique<Engine>(*made.store, *pool,
                                             EngineOptions{.compute = model_.compute,
                                                           .kv_type = model_.kv_type,
                                                           .max_batch_tokens = 512,
                                                           .prefill_chunk = c.chunk});
    }
    return *made.engine;
  }

  const MatrixModel& model_;
  QuantizedFiles& files_;
  std::map<size_t, std::unique_ptr<ThreadPool>> pools_;
  std::map<std::tuple<size_t, size_t, bool>, Made> made_;
};

class BitsMatrixTest : public ::testing::TestWithParam<MatrixModel> {
 protected:
  ~BitsMatrixTest() override { SetSimdTarget(AvailableSimdTargets(Arithmetic::kAny).back()); }

  // Both prompts under all of these; the last axis counts the instruction sets of this CPU.
  void Check(const std::vector<Choice>& choices) {
    const MatrixModel& model = GetParam();
    const std::vector<SimdTarget> targets = Targets(model);
    size_t accepted = 0;
    std::string first[2];
    QuantizedFiles files;
    for (size_t i = 0; i < targets.size(); ++i) {
      SetSimdTarget(targets[i]);
      Engines engines(model, files);
      for (const Choice& choice : choices) {
        if (choice[5] != i) continue;
        const Circumstances c = CircumstancesOf(choice);
        for (size_t prompt = 0; prompt < 2; ++prompt) {
          const std::vector<int32_t> tokens = Prompt(prompt);
          TextRun run(engines.Target(c), engines.Draft(c), tokens, c);
          const std::string hash = run.Hash();
          if (first[prompt].empty()) first[prompt] = hash;
          ASSERT_EQ(hash, first[prompt])
              << "prompt " << prompt << ", " << SimdTargetName(targets[i]) << ", " << Describe(c);
          accepted += run.accepted();
        }
      }
    }
    for (size_t prompt = 0; prompt < 2; ++prompt) {
      EXPECT_EQ(first[prompt], model.hashes[prompt]) << "prompt " << prompt << ": not as recorded";
    }
    EXPECT_GT(accepted, 0u) << "no guess was ever right: speculation is not tested";
  }

  size_t num_targets() const { return Targets(GetParam()).size(); }
};

TEST_P(BitsMatrixTest, SomeCircumstances) { Check(SomeOf(4, num_targets())); }

TEST_P(BitsMatrixTest, EveryThreeCircumstances) { Check(EveryTriple(num_targets())); }

TEST_P(BitsMatrixTest, AllCircumstances) { Check(FullMatrix(num_targets())); }

INSTANTIATE_TEST_SUITE_P(Models, BitsMatrixTest, ::testing::ValuesIn(kModels),
                         [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace cambium

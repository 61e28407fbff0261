// SPDX-License-Identifier: Apache-2.0
// The gradient of the whole model against differences of its loss, the gradient tree against sums
// written out, and the memory plan against what is used.
#include "train/trainer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <utility>

#include "base/error.h"
#include "numerics/random_fill.h"
#include "train/evaluate.h"
#include "train/op_trace.h"
#include "train/run_test_data.h"

namespace cambium {
namespace {

constexpr size_t kVocab = 19;

TrainConfig TinyConfig() {
  TrainConfig config;
  config.model.vocab_size = kVocab;
  config.model.num_layers = 2;
  config.model.width = 32;
  config.model.num_heads = 4;
  config.model.num_kv_heads = 2;
  config.model.head_dim = 8;
  config.model.ffn_width = 48;
  config.model.context_length = 16;
  config.compute = DType::kF32;
  config.num_steps = 4;
  config.rows = 4;
  config.row_tokens = 16;
  config.micro_batch_rows = 2;
  return config;
}

// Rows of two documents each; a few places are not scored.
Batch RandomBatch(uint32_t rows, uint32_t row_tokens) {
  const Philox random(3, RandomPurpose::kTest);
  Batch batch;
  batch.rows = rows;
  batch.row_tokens = row_tokens;
  const uint32_t cut = row_tokens * 2 / 3;
  for (uint32_t row = 0; row < rows; ++row) {
    const uint32_t begin = row * row_tokens;
    for (uint32_t i = 0; i < row_tokens; ++i) {
      batch.tokens.push_back(static_cast<int32_t>(random.Below(kVocab, begin + i, 0)));
      const bool scored = random.Below(8, begin + i, 1) != 0;
      batch.targets.push_back(scored ? static_cast<int32_t>(random.Below(kVocab, begin + i, 2))
                                     : -1);
      batch.positions.push_back(static_cast<int32_t>(i < cut ? i : i - cut));
      batch.num_targets += scored;
    }
    batch.segments.push_back({begin, cut});
    batch.segments.push_back({begin + cut, row_tokens - cut});
  }
  return batch;
}

// Larger than initial weights, so that every part of the model has a gradient worth measuring.
void FillWeights(ParameterStore& parameters) {
  const Philox random(5, RandomPurpose::kTest);
  for (size_t i = 0; i < parameters.specs().size(); ++i) {
    const std::span<float> values(parameters.weight(i).value.f32(), parameters.specs()[i].size());
    if (parameters.specs()[i].init == InitKind::kOnes) {
      FillUniform(random, i, 0.7, 1.3, values);
    } else {
      FillNormal(random, i, 0.25, values);
    }
  }
}

// Mean loss now, without gradients.
double Loss(Trainer& trainer, const Batch& batch) {
  return trainer.SumLosses(batch) / static_cast<double>(batch.num_targets);
}

// For every parameter: along its gradient, restricted to random halves of its elements, the loss
// changes as the gradient says.
void CheckGradients(const TrainConfig& config, const std::string& what) {
  ThreadPool pool(1);
  ParameterStore parameters(config.model, true);
  FillWeights(parameters);
  Trainer trainer(config, parameters, pool);
  const Batch batch = RandomBatch(config.rows, config.row_tokens);
  const double loss = trainer.LossAndGradient(batch);
  ASSERT_NEAR(loss, Loss(trainer, batch), 1e-12 * loss);
  // f32 losses of about 3 nats carry relative errors of a few 2^-24 each from the products they
  // come from; their mean over about 50 targets, half as much.
  const double noise = 8 * 0x1p-24 * loss;
  const Philox random(9, RandomPurpose::kTest);
  for (size_t p = 0; p < parameters.specs().size(); ++p) {
    const size_t size = parameters.specs()[p].size();
    float* values = parameters.weight(p).value.f32();
    const std::vector<float> grad(parameters.weight(p).grad.f32(),
                                  parameters.weight(p).grad.f32() + size);
    const std::vector<float> saved(values, values + size);
    double squares = 0, weight_squares = 0;
    for (size_t i = 0; i < size; ++i) {
      squares += double{grad[i]} * double{grad[i]};
      weight_squares += double{saved[i]} * double{saved[i]};
    }
    ASSERT_GT(squares, 0) << what << ": " << parameters.specs()[p].name << " has no gradient";
    for (uint64_t mask = 0; mask < 4; ++mask) {
      // A step along the gradient that changes the loss by about 0.002, but is small beside the
      // parameter itself.
      const double length = std::min(0.002 / std::sqrt(squares), 0.02 * std::sqrt(weight_squares));
      const double h = length / std::sqrt(squares);
      double expected = 0;
      std::vector<float> plus = saved, minus = saved;
      for (size_t i = 0; i < size; ++i) {
        if (mask > 0 && random.Below(2, p * 4 + mask, i) == 0) continue;
        plus[i] = static_cast<float>(saved[i] + h * grad[i]);
        minus[i] = static_cast<float>(saved[i] - h * grad[i]);
        expected += double{grad[i]} * (double{plus[i]} - double{minus[i]});
      }
      std::copy(plus.begin(), plus.end(), values);
      trainer.WeightsChanged();
      double difference = Loss(trainer, batch);
      std::copy(minus.begin(), minus.end(), values);
      trainer.WeightsChanged();
      difference -= Loss(trainer, batch);
      std::copy(saved.begin(), saved.end(), values);
      trainer.WeightsChanged();
      EXPECT_NEAR(difference, expected, 2 * noise + 0.01 * std::abs(expected))
          << what << ": " << parameters.specs()[p].name << ", half " << mask;
    }
  }
}

TEST(TrainerTest, GradientsAreDerivativesOfTheLoss) {
  for (const FfnKind kind :
       {FfnKind::kSwiGlu, FfnKind::kGeGlu, FfnKind::kGelu, FfnKind::kSilu, FfnKind::kRelu2}) {
    for (const bool qk_norm : {true, false}) {
      TrainConfig config = TinyConfig();
      config.model.ffn = kind;
      config.model.qk_norm = qk_norm;
      CheckGradients(config, fmt::format("{}, qk_norm {}", FfnKindName(kind), qk_norm));
    }
  }
  TrainConfig config = TinyConfig();
  config.model.window = 5;
  CheckGradients(config, "window");
  config = TinyConfig();
  config.model.qk_norm = false;
  config.model.attention_softcap = 2;
  config.model.logit_softcap = 3;
  CheckGradients(config, "softcaps");
  config = TinyConfig();
  config.model.tied_embeddings = false;
  config.model.rope_interleaved = true;
  config.gradient_leaves = 2;
  CheckGradients(config, "untied, interleaved RoPE, two leaves");
}

// Blocks as other families have them.
TEST(TrainerTest, GradientsOfOtherFamilies) {
  TrainConfig config = TinyConfig();
  config.model.norm = NormKind::kLayer;
  config.model.ffn = FfnKind::kGelu;
  config.model.qk_norm = false;
  config.model.learned_positions = true;
  config.model.qkv_bias = config.model.output_bias = config.model.ffn_bias = true;
  CheckGradients(config, "LayerNorm, biases, learned positions");
  config = TinyConfig();
  config.model.pre_norm = false;
  config.model.post_norm = true;
  config.model.qk_norm_row = true;
  CheckGradients(config, "norms behind blocks, QK-norm of rows");
  config = TinyConfig();
  config.model.post_norm = true;
  config.model.embedding_scale = 3;
  config.model.attention_scale = 0.2f;
  config.model.window = 3;
  config.model.full_attention_every = 2;
  config.model.rope_base_window = 100;
  config.model.rope_divisors.assign(config.model.head_dim / 2, 2.5);
  config.model.rope_magnitude = 1.2;
  CheckGradients(config, "norms on both sides, scales, layers of two kinds");
}

TEST(TrainerTest, RefusesWhatHasNoGradient) {
  for (const bool experts : {true, false}) {
    TrainConfig config = TinyConfig();
    if (experts) {
      config.model.num_experts = 4;
      config.model.experts_per_token = 2;
    } else {
      config.model.attention_sinks = true;
    }
    ThreadPool pool(1, false);
    ParameterStore parameters(config.model, true);
    EXPECT_THROW(Trainer(config, parameters, pool), Error) << experts;
  }
}

std::vector<float> Gradients(ParameterStore& parameters) {
  std::vector<float> all(parameters.size());
  for (size_t i = 0; i < parameters.specs().size(); ++i) {
    const Tensor& grad = parameters.weight(i).grad;
    std::copy_n(grad.f32(), grad.size(),
                all.begin() + static_cast<ptrdiff_t>(parameters.offset(i)));
  }
  return all;
}

TEST(TrainerTest, LeavesAreAddedAsABinaryTree) {
  ThreadPool pool(2, false);
  for (const DType compute : {DType::kF32, DType::kBF16}) {
    TrainConfig config = TinyConfig();
    config.compute = compute;
    config.rows = 8;
    config.gradient_leaves = 4;
    ParameterStore parameters(config.model, true);
    FillWeights(parameters);
    const Batch batch = RandomBatch(config.rows, config.row_tokens);
    Trainer(config, parameters, pool).LossAndGradient(batch);
    const std::vector<float> tree = Gradients(parameters);

    // Every leaf by a trainer of its own, with the whole step's scale.
    TrainConfig leaf_config = config;
    leaf_config.rows = 2;
    leaf_config.gradient_leaves = 1;
    Trainer leaf_trainer(leaf_config, parameters, pool);
    std::vector<std::vector<float>> leaves;
    for (uint32_t leaf = 0; leaf < 4; ++leaf) {
      const uint32_t begin = leaf * 2 * batch.row_tokens, size = 2 * batch.row_tokens;
      const auto part = [&](const std::vector<int32_t>& all) {
        return std::vector<int32_t>(all.begin() + begin, all.begin() + begin + size);
      };
      Batch rows = {.rows = 2,
                    .row_tokens = batch.row_tokens,
                    .tokens = part(batch.tokens),
                    .targets = part(batch.targets),
                    .positions = part(batch.positions),
                    .segments = {},
                    .num_targets = batch.num_targets};
      for (const BatchSegment& segment : batch.segments) {
        if (segment.begin >= begin && segment.begin < begin + size) {
          rows.segments.push_back({segment.begin - begin, segment.length});
        }
      }
      leaf_trainer.LossAndGradient(rows);
      leaves.push_back(Gradients(parameters));
    }
    size_t different = 0;
    for (size_t i = 0; i < tree.size(); ++i) {
      const float sum = (leaves[0][i] + leaves[1][i]) + (leaves[2][i] + leaves[3][i]);
      different += std::memcmp(&sum, &tree[i], sizeof sum) != 0;
    }
    EXPECT_EQ(different, 0u) << DTypeName(compute);
  }
}

TEST(TrainerTest, LossesDoNotDependOnPasses) {
  ThreadPool pool(2, false);
  for (const DType compute : {DType::kF32, DType::kBF16}) {
    TrainConfig config = TinyConfig();
    config.compute = compute;
    config.rows = 8;
    const Batch batch = RandomBatch(config.rows, config.row_tokens);
    ParameterStore parameters(config.model, false);
    FillWeights(parameters);
    // Passes that are shorter than a segment keep its keys and values.
    const auto losses_of = [&](size_t pass_tokens) {
      std::vector<float> losses;
      LossEvaluator evaluator(
          parameters,
          {.compute = compute, .max_segment = config.row_tokens, .pass_tokens = pass_tokens}, pool,
          [&](std::span<const int32_t> targets, std::span<const float> of_pass) {
            ASSERT_EQ(targets.size(), of_pass.size());
            for (size_t i = 0; i < targets.size(); ++i) {
              if (targets[i] >= 0) losses.push_back(of_pass[i]);
            }
          });
      for (const BatchSegment& segment : batch.segments) {
        evaluator.Add(std::span(batch.tokens).subspan(segment.begin, segment.length),
                      std::span(batch.targets).subspan(segment.begin, segment.length));
      }
      evaluator.Finish();
      return losses;
    };
    const std::vector<float> expected = losses_of(config.rows * config.row_tokens);
    EXPECT_EQ(expected.size(), batch.num_targets);
    for (const size_t pass_tokens : {1, 3, 7, 16, 50}) {
      EXPECT_EQ(losses_of(pass_tokens), expected)
          << DTypeName(compute) << ", " << pass_tokens << " tokens at once";
    }
    // Training computes the same.
    ParameterStore learning(config.model, true);
    FillWeights(learning);
    double sum = 0;
    for (const float loss : expected) sum += static_cast<double>(loss);
    EXPECT_NEAR(Trainer(config, learning, pool).LossAndGradient(batch),
                sum / static_cast<double>(batch.num_targets), 1e-12 * sum);
    // Packed weights are the same weights.
    parameters.PackForInference(compute, pool);
    EXPECT_EQ(losses_of(20), expected);
  }
}

TEST(TrainerTest, UsesTheMemoryThatWasPlanned) {
  ThreadPool pool(2, false);
  for (const DType compute : {DType::kF32, DType::kBF16}) {
    TrainConfig config = TinyConfig();
    config.compute = compute;
    ParameterStore parameters(config.model, true);
    FillWeights(parameters);
    Trainer trainer(config, parameters, pool);
    const Batch batch = RandomBatch(config.rows, config.row_tokens);
    for (uint64_t step = 0; step < 3; ++step) {
      trainer.Step(step, batch);
      EXPECT_EQ(trainer.activations_peak_bytes(), trainer.memory_plan().activations_bytes);
    }
  }
}

TEST(TrainerTest, AStepThatIsNotFiniteChangesNothing) {
  ThreadPool pool(1);
  const TrainConfig config = TinyConfig();
  ParameterStore parameters(config.model, true);
  FillWeights(parameters);
  Trainer trainer(config, parameters, pool);
  const Batch batch = RandomBatch(config.rows, config.row_tokens);
  trainer.Step(0, batch);
  parameters.weight(2).value.f32()[3] = INFINITY;
  const Sha256Digest before = parameters.Fingerprint();
  EXPECT_THROW(trainer.Step(1, batch), Error);
  EXPECT_EQ(parameters.Fingerprint(), before);
}

// One step with every operation recorded; `spoil` is called before each record and may change
// weights under the step.
void TraceStep(const std::filesystem::path& path,
               const std::function<void(std::string_view, ParameterStore&)>& spoil) {
  ThreadPool pool(1);
  const TrainConfig config = TinyConfig();
  ParameterStore parameters(config.model, true);
  FillWeights(parameters);
  Trainer trainer(config, parameters, pool);
  OpTraceWriter trace(path);
  trainer.set_trace([&](std::string_view name, const Tensor& result) {
    trace.Record(name, result);
    if (spoil) spoil(name, parameters);
  });
  trace.BeginStep(7);
  trainer.Step(0, RandomBatch(config.rows, config.row_tokens));
  trace.Finish();
}

TEST(TrainerTest, ATraceNamesTheFirstOperationThatDiffers) {
  const TestFolder folder("trace");
  const auto a = folder.path() / "a", b = folder.path() / "b";
  TraceStep(a, {});
  TraceStep(b, {});
  const TraceComparison same = CompareTraces(a, b);
  EXPECT_FALSE(same.first_difference.has_value());
  EXPECT_EQ(same.longer, "");
  EXPECT_EQ(same.num_steps, 1u);
  EXPECT_GT(same.num_operations, 100u);

  // The lowest bit of one weight, after the attention of the first layer has run: the product with
  // that weight is the first operation that can notice.
  bool done = false;
  TraceStep(b, [&](std::string_view name, ParameterStore& parameters) {
    if (name != "attention" || std::exchange(done, true)) return;
    float& value = parameters.layer(0).attn_output->value.f32()[5];
    value = std::nextafter(value, 2.0f);
  });
  const TraceComparison spoilt = CompareTraces(a, b);
  ASSERT_TRUE(spoilt.first_difference.has_value());
  EXPECT_EQ(spoilt.first_difference->step, 7u);
  EXPECT_EQ(spoilt.first_difference->index, spoilt.num_operations);
  EXPECT_EQ(spoilt.first_difference->a.name, "linear_residual");
  EXPECT_EQ(spoilt.first_difference->a.type_and_dims, "f32 32x32");
  EXPECT_NE(spoilt.first_difference->a.sha256, spoilt.first_difference->b.sha256);
}

TEST(OpTraceTest, ReportsTornAndBrokenFiles) {
  const TestFolder folder("trace_files");
  const auto a = folder.path() / "a", b = folder.path() / "b";
  const std::string head = "# cambium op trace 1\n";
  WriteFileAtomically(a, head + "3\t0\tx\tf32\t2x2\taa\n3\t1\ty\tf32\t2\tbb\n");
  WriteFileAtomically(b, head + "2\t0\tx\tf32\t2x2\t00\n3\t0\tx\tf32\t2x2\taa\n3\t1\ty\tf3");
  const TraceComparison torn = CompareTraces(a, b);
  EXPECT_FALSE(torn.first_difference.has_value());
  EXPECT_EQ(torn.num_operations, 1u);
  EXPECT_EQ(torn.longer, a.string());

  for (const std::string& text :
       {std::string(), std::string("hello\n"), head + "1\t2\n", head + "x\t0\ta\tb\tc\td\n",
        head + "1\t-2\ta\tb\tc\td\n", head + std::string(10000, 'a')}) {
    WriteFileAtomically(b, text);
    EXPECT_THROW(CompareTraces(a, b), Error) << text.substr(0, 60);
  }
  WriteFileAtomically(b, head + "9\t0\tx\tf32\t2x2\taa\n");
  EXPECT_THROW(CompareTraces(a, b), Error) << "no step in common";
  EXPECT_THROW(CompareTraces(a, folder.path() / "missing"), Error);
}

}  // namespace
}  // namespace cambium

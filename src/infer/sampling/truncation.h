// SPDX-License-Identifier: Apache-2.0
// Samplers that take tokens out. p_i = exp(score_i - max) / sum over the tokens that are still in.
// None of them takes out all tokens; whatever is the last to stay out or in is decided by (score,
// lowest id). Sums and comparisons are in double, over f32 weights.
#pragma once

#include <cstddef>

#include "infer/sampling/token_scores.h"

namespace cambium {

// Tokens of score >= max - n * s stay, s the standard deviation (of the population) of the scores
// that are not -inf. Tang et al. 2024, "Top-n-sigma", arXiv:2411.07641, algorithm 1.
void KeepTopNSigma(float n, TokenScores* tokens);

// The k largest stay. Fan et al. 2018, arXiv:1805.04833.
void KeepTopK(size_t k, TokenScores* tokens);

// Locally typical sampling: tokens in ascending order of |-log p_i - H|, H = -sum p_i log p_i the
// entropy, stay until their probabilities reach p. Since -log p_i - H = sum p_j score_j - score_i,
// that is the distance to the expected score, and no logarithm is taken. Meister et al. 2022,
// arXiv:2202.00666, equation 6.
void KeepTypical(float p, TokenScores* tokens);

// The smallest set of most probable tokens whose probabilities sum to at least p stays. Holtzman et
// al. 2020, arXiv:1904.09751.
void KeepTopP(float p, TokenScores* tokens);

// Tokens of at least min_p times the largest probability stay. Nguyen et al. 2024,
// arXiv:2407.01082.
void KeepMinP(float min_p, TokenScores* tokens);

// XTC ("exclude top choices"): of the tokens with p_i >= threshold all but the least probable go;
// nothing happens where u >= probability. P. E. Weidmann 2024, text-generation-webui pull request
// 6335.
void ExcludeTopChoices(float probability, float threshold, double u, TokenScores* tokens);

}  // namespace cambium

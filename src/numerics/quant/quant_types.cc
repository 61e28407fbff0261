// SPDX-License-Identifier: Apache-2.0
#include "numerics/quant/quant_types.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"

namespace cambium {
namespace {

constexpr bool kRead = true, kWrite = true, kNo = false;

// Q8_1 is what dot products make of activations, and the integers are no weights; they may stand in
// a file, but nothing here computes with them.
constexpr GgmlTypeInfo kTypes[] = {
    {GgmlType::kF32, "F32", 1, 4, kRead, kWrite},
    {GgmlType::kF16, "F16", 1, 2, kRead, kWrite},
    {GgmlType::kQ4_0, "Q4_0", 32, 18, kRead, kWrite},
    {GgmlType::kQ4_1, "Q4_1", 32, 20, kRead, kWrite},
    {GgmlType::kQ5_0, "Q5_0", 32, 22, kRead, kWrite},
    {GgmlType::kQ5_1, "Q5_1", 32, 24, kRead, kWrite},
    {GgmlType::kQ8_0, "Q8_0", 32, 34, kRead, kWrite},
    {GgmlType::kQ8_1, "Q8_1", 32, 36, kNo, kNo},
    {GgmlType::kQ2_K, "Q2_K", 256, 84, kRead, kWrite},
    {GgmlType::kQ3_K, "Q3_K", 256, 110, kRead, kWrite},
    {GgmlType::kQ4_K, "Q4_K", 256, 144, kRead, kWrite},
    {GgmlType::kQ5_K, "Q5_K", 256, 176, kRead, kWrite},
    {GgmlType::kQ6_K, "Q6_K", 256, 210, kRead, kWrite},
    {GgmlType::kQ8_K, "Q8_K", 256, 292, kRead, kNo},
    {GgmlType::kIQ2_XXS, "IQ2_XXS", 256, 66, kRead, kNo},
    {GgmlType::kIQ2_XS, "IQ2_XS", 256, 74, kRead, kNo},
    {GgmlType::kIQ3_XXS, "IQ3_XXS", 256, 98, kRead, kNo},
    {GgmlType::kIQ1_S, "IQ1_S", 256, 50, kRead, kNo},
    {GgmlType::kIQ4_NL, "IQ4_NL", 32, 18, kRead, kWrite},
    {GgmlType::kIQ3_S, "IQ3_S", 256, 110, kRead, kNo},
    {GgmlType::kIQ2_S, "IQ2_S", 256, 82, kRead, kNo},
    {GgmlType::kIQ4_XS, "IQ4_XS", 256, 136, kRead, kWrite},
    {GgmlType::kI8, "I8", 1, 1, kNo, kNo},
    {GgmlType::kI16, "I16", 1, 2, kNo, kNo},
    {GgmlType::kI32, "I32", 1, 4, kNo, kNo},
    {GgmlType::kI64, "I64", 1, 8, kNo, kNo},
    {GgmlType::kF64, "F64", 1, 8, kNo, kNo},
    {GgmlType::kIQ1_M, "IQ1_M", 256, 56, kRead, kNo},
    {GgmlType::kBF16, "BF16", 1, 2, kRead, kWrite},
    {GgmlType::kTQ1_0, "TQ1_0", 256, 54, kRead, kWrite},
    {GgmlType::kTQ2_0, "TQ2_0", 256, 66, kRead, kWrite},
    {GgmlType::kMXFP4, "MXFP4", 32, 17, kRead, kWrite},
    {GgmlType::kNVFP4, "NVFP4", 64, 36, kRead, kWrite},
    {GgmlType::kQ1_0, "Q1_0", 128, 18, kRead, kWrite},
    {GgmlType::kQ2_0, "Q2_0", 64, 18, kRead, kWrite},
};

constexpr bool SortedById() {
  for (size_t i = 1; i < std::size(kTypes); ++i) {
    if (kTypes[i - 1].type >= kTypes[i].type) return false;
  }
  return true;
}
static_assert(SortedById());

char Upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

}  // namespace

std::span<const GgmlTypeInfo> GgmlTypes() { return kTypes; }

std::optional<GgmlTypeInfo> GgmlTypeInfoOf(GgmlType type) {
  const auto row = std::lower_bound(
      std::begin(kTypes), std::end(kTypes), type,
      [](const GgmlTypeInfo& info, GgmlType wanted) { return info.type < wanted; });
  if (row == std::end(kTypes) || row->type != type) return std::nullopt;
  return *row;
}

std::optional<GgmlTypeInfo> FindGgmlType(std::string_view name) {
  for (const GgmlTypeInfo& info : kTypes) {
    const std::string_view row = info.name;
    if (std::equal(row.begin(), row.end(), name.begin(), name.end(),
                   [](char a, char b) { return a == Upper(b); })) {
      return info;
    }
  }
  return std::nullopt;
}

std::string GgmlTypeName(GgmlType type) {
  const auto info = GgmlTypeInfoOf(type);
  return info ? info->name : fmt::format("type {}", static_cast<uint32_t>(type));
}

bool IsReadable(GgmlType type) {
  const auto info = GgmlTypeInfoOf(type);
  return info && info->readable;
}

uint64_t GgmlBytes(GgmlType type, uint64_t elements) {
  const auto info = GgmlTypeInfoOf(type);
  CHECK(info && elements % info->block_size == 0);
  return elements / info->block_size * info->block_bytes;
}

}  // namespace cambium

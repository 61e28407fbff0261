// SPDX-License-Identifier: Apache-2.0
// The types that llama-quantize chose for small models of every family
// (tests/golden/quant_recipes/generate.py) are those that RecipeState chooses.
#include "formats/quant_recipe.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "formats/gguf_writer.h"

namespace cambium {
namespace {

struct TensorRow {
  std::string name;  // "blk.N.": of every layer
  std::vector<uint64_t> shape;
  std::vector<std::string> types;  // for each recipe a letter, or one for each layer
};

struct ModelTable {
  std::string name, architecture;
  uint32_t layers = 0, heads = 0, kv_heads = 0, experts = 0;
  bool importance = false;
  std::vector<TensorRow> rows;
};

struct Tables {
  std::map<std::string, std::string> letters;  // "Q4_K" to "4"
  std::vector<std::string> recipes;
  std::vector<ModelTable> models;
};

std::vector<uint64_t> ShapeOf(const std::string& text) {
  std::vector<uint64_t> shape;
  std::istringstream in(text);
  for (std::string dim; std::getline(in, dim, 'x');) shape.push_back(std::stoull(dim));
  return shape;
}

Tables ReadTables() {
  Tables tables;
  std::istringstream in(ReadFile(std::filesystem::path(CAMBIUM_SOURCE_DIR) /
                                 "tests/golden/quant_recipes/recipes.txt"));
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string word;
    words >> word;
    if (word == "letters") {
      while (words >> word) tables.letters[word.substr(2)] = word.substr(0, 1);
    } else if (word == "recipes") {
      while (words >> word) tables.recipes.push_back(word);
    } else if (word == "model") {
      ModelTable model;
      words >> model.name >> model.architecture >> model.layers >> model.heads >> model.kv_heads >>
          model.experts >> word;
      model.importance = word == "importance";
      tables.models.push_back(model);
    } else {
      TensorRow row{.name = word, .shape = {}, .types = {}};
      words >> word;
      row.shape = ShapeOf(word);
      while (words >> word) row.types.push_back(word);
      tables.models.back().rows.push_back(row);
    }
  }
  return tables;
}

// The row's names in the file: one for each layer, or one.
std::vector<std::string> NamesOf(const ModelTable& model, const TensorRow& row) {
  if (!row.name.starts_with("blk.N.")) return {row.name};
  std::vector<std::string> names;
  names.reserve(model.layers);
  for (uint32_t layer = 0; layer < model.layers; ++layer) {
    names.push_back(fmt::format("blk.{}{}", layer, row.name.substr(5)));
  }
  return names;
}

// All tensors F32 zeros.
void WriteModel(const ModelTable& model, const std::filesystem::path& path) {
  GgufWriter writer(path);
  writer.AddString("general.architecture", model.architecture);
  writer.AddUint32(model.architecture + ".block_count", model.layers);
  writer.AddUint32(model.architecture + ".attention.head_count", model.heads);
  writer.AddUint32(model.architecture + ".attention.head_count_kv", model.kv_heads);
  if (model.experts > 0) writer.AddUint32(model.architecture + ".expert_count", model.experts);
  for (const bool declare : {true, false}) {
    for (const TensorRow& row : model.rows) {
      uint64_t size = 1;
      for (const uint64_t dim : row.shape) size *= dim;
      for (const std::string& name : NamesOf(model, row)) {
        if (declare) {
          writer.AddTensor(name, GgmlType::kF32, row.shape);
        } else {
          writer.WriteTensor(name, std::vector<float>(size));
        }
      }
    }
  }
  writer.Commit();
}

class QuantRecipeGolden : public ::testing::Test {
 protected:
  QuantRecipeGolden()
      : path_(std::filesystem::temp_directory_path() /
              fmt::format("cambium_recipes.{}.gguf", getpid())) {}
  ~QuantRecipeGolden() override { std::filesystem::remove(path_); }

  std::filesystem::path path_;
};

TEST_F(QuantRecipeGolden, ChoosesAsLlamaQuantize) {
  const Tables tables = ReadTables();
  ASSERT_GE(tables.models.size(), 20u);
  size_t compared = 0;
  for (const ModelTable& model : tables.models) {
    WriteModel(model, path_);
    const GgufFile file(path_);
    for (size_t i = 0; i < tables.recipes.size(); ++i) {
      std::map<std::string, std::string> chosen;
      RecipeState state(*FindQuantRecipe(tables.recipes[i]), file, model.importance);
      for (const GgufTensor* tensor : FileOrder(file)) {
        chosen[std::string(tensor->name)] = tables.letters.at(GgmlTypeName(state.TypeFor(*tensor)));
      }
      for (const TensorRow& row : model.rows) {
        std::string letters;
        for (const std::string& name : NamesOf(model, row)) letters += chosen.at(name);
        if (letters.find_first_not_of(letters[0]) == std::string::npos) letters.resize(1);
        EXPECT_EQ(letters, row.types.at(i)) << model.name << ", importance " << model.importance
                                            << ", " << tables.recipes[i] << ": " << row.name;
        ++compared;
      }
    }
  }
  EXPECT_GT(compared, 5000u);
}

TEST_F(QuantRecipeGolden, RefusesExpertsOfNoLayer) {
  ModelTable model = {.name = "",
                      .architecture = "llama",
                      .layers = 2,
                      .heads = 4,
                      .kv_heads = 4,
                      .experts = 8,
                      .importance = false,
                      .rows = {}};
  model.rows = {{"blk.2.ffn_down_exps.weight", {2, 2, 256}, {}}};
  WriteModel(model, path_);
  const GgufFile file(path_);
  RecipeState state(*FindQuantRecipe("Q4_K_M"), file);
  EXPECT_THROW(state.TypeFor(file.tensors()[0]), Error);
}

}  // namespace
}  // namespace cambium

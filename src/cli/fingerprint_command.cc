// SPDX-License-Identifier: Apache-2.0
// cambium fingerprint FILE|DIR: the identity of a model's weights, or else the SHA-256 that
// sha256sum and find print.
#include <fstream>
#include <memory>

#include "cli/commands.h"
#include "cli/help.h"
#include "cli/output.h"
#include "ledger/file_hash.h"
#include "model/model_file.h"

namespace cambium {
namespace {

// Whether the path looks like a model; what it holds is checked when it is loaded.
bool LooksLikeModel(const std::filesystem::path& path) {
  if (std::filesystem::is_directory(path)) {
    return std::filesystem::exists(path / "model.gguf") ||
           (std::filesystem::exists(path / "config.json") &&
            std::filesystem::exists(path / "model.safetensors"));
  }
  char magic[4] = {};
  std::ifstream(path, std::ios::binary).read(magic, sizeof magic);
  return std::string_view(magic, sizeof magic) == "GGUF";
}

// The fingerprint of the weights; nullopt, with a note, when this build cannot load them.
std::optional<std::string> WeightFingerprint(const Context& context,
                                             const std::filesystem::path& path) {
  if (!LooksLikeModel(path)) return std::nullopt;
  context.EndAtOnceOnInterrupt();
  try {
    return ToHex(LoadModel(path, MatrixMemory::kStored).parameters->Fingerprint());
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kUnsupported && error.code() != ErrorCode::kCorruptData &&
        error.code() != ErrorCode::kNotFound) {
      throw;
    }
    context.Note(
        fmt::format("note: no weights that can be loaded, so this is the hash of the "
                    "bytes: {}",
                    error.what()));
  }
  return std::nullopt;
}

void PrintFingerprint(const Context& context, const std::filesystem::path& path, bool bytes) {
  if (!bytes) {
    if (const std::optional<std::string> weights = WeightFingerprint(context, path)) {
      if (context.json) {
        PrintJson({{"path", path.string()}, {"kind", "weights"}, {"fingerprint", *weights}});
      } else {
        Print(fmt::format("{}  {}  (weights)\n", *weights, path.string()));
      }
      return;
    }
  }
  const FileHash hash = HashFileOrFolder(path, context.quiet);
  if (!context.json) {
    Print(fmt::format("{}  {}\n", hash.sha256, path.string()));
    return;
  }
  PrintJson({{"path", path.string()},
             {"kind", std::filesystem::is_directory(path) ? "folder" : "file"},
             {"fingerprint", hash.sha256},
             {"sha256", hash.sha256},
             {"files", hash.num_files},
             {"bytes", hash.size_bytes}});
}

}  // namespace

void AddFingerprintCommand(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand(
      "fingerprint",
      "Print the fingerprint of a model's weights (the same in every format), or else the SHA-256 "
      "of a file or of a folder's sorted list of file hashes and names");
  const auto path = std::make_shared<std::filesystem::path>();
  const auto bytes = std::make_shared<bool>(false);
  command->add_option("PATH", *path, "A model, any file, or a folder")->required();
  command->add_flag("--bytes", *bytes, "The SHA-256 of the bytes, also of a model");
  SetExamples(*command,
              "cambium fingerprint my-model/model.gguf\n"
              "cambium fingerprint corpus/ --json");
  command->callback([&context, path, bytes] {
    context.run = [&context, path, bytes] { PrintFingerprint(context, *path, *bytes); };
  });
}

}  // namespace cambium

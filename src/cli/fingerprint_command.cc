// SPDX-License-Identifier: Apache-2.0
// cambium fingerprint FILE|DIR: SHA-256, the same that sha256sum and find print.
#include <memory>

#include "cli/commands.h"
#include "cli/help.h"
#include "cli/output.h"
#include "ledger/file_hash.h"

namespace cambium {
namespace {

void PrintFingerprint(const Context& context, const std::filesystem::path& path) {
  const FileHash hash = HashFileOrFolder(path, context.quiet);
  if (!context.json) {
    Print(fmt::format("{}  {}\n", hash.sha256, path.string()));
    return;
  }
  PrintJson({{"path", path.string()},
             {"sha256", hash.sha256},
             {"files", hash.num_files},
             {"bytes", hash.size_bytes}});
}

}  // namespace

void AddFingerprintCommand(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand(
      "fingerprint",
      "Print the SHA-256 of a file, or of a folder: the SHA-256 of its sorted list of file "
      "hashes and names");
  const auto path = std::make_shared<std::filesystem::path>();
  command->add_option("PATH", *path, "A file or a folder")->required();
  SetExamples(*command,
              "cambium fingerprint model.gguf\n"
              "cambium fingerprint corpus/ --json");
  command->callback(
      [&context, path] { context.run = [&context, path] { PrintFingerprint(context, *path); }; });
}

}  // namespace cambium

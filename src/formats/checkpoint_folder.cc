// SPDX-License-Identifier: Apache-2.0
#include "formats/checkpoint_folder.h"

#include <string>

#include "base/error.h"
#include "base/file.h"

namespace cambium {
namespace {

void Rename(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::error_code error;
  std::filesystem::rename(from, to, error);
  if (error) {
    Fail(ErrorCode::kIo, "{}: cannot be renamed to {}: {}", from.string(), to.string(),
         error.message());
  }
}

bool Exists(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

// What a save that was killed has left: a checkpoint that never got its name.
void RemoveUnfinished(const std::filesystem::path& directory) {
  std::error_code ignored;  // only space is lost
  for (const auto& entry : std::filesystem::directory_iterator(directory, ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("checkpoint.next.ckpt")) std::filesystem::remove(entry.path(), ignored);
  }
}

}  // namespace

std::filesystem::path CheckpointPath(const std::filesystem::path& directory) {
  return directory / "checkpoint.ckpt";
}

std::filesystem::path PreviousCheckpointPath(const std::filesystem::path& directory) {
  return directory / "checkpoint.prev.ckpt";
}

void SaveCheckpoint(const std::filesystem::path& directory, const Json& state,
                    std::span<const CheckpointTensor> tensors) {
  MakeDirectories(directory);
  RemoveUnfinished(directory);
  const std::filesystem::path next = directory / "checkpoint.next.ckpt";
  WriteCheckpoint(next, state, tensors);  // whole and flushed to disk
  // Killed between the two renames: checkpoint.prev.ckpt is the last good one.
  if (Exists(CheckpointPath(directory))) {
    Rename(CheckpointPath(directory), PreviousCheckpointPath(directory));
  }
  Rename(next, CheckpointPath(directory));
}

std::optional<LastGoodCheckpoint> OpenLastGoodCheckpoint(const std::filesystem::path& directory) {
  std::string note;
  for (const auto& path : {CheckpointPath(directory), PreviousCheckpointPath(directory)}) {
    if (!Exists(path)) {
      if (note.empty()) note = fmt::format("{} is not there", path.string());
      continue;
    }
    // Caught here because a damaged file is not the end: there is another one.
    try {
      CheckpointReader reader(path);
      reader.Verify();
      return LastGoodCheckpoint{std::move(reader),
                                path == CheckpointPath(directory) ? std::string() : note};
    } catch (const Error& error) {
      // A checkpoint of a newer build is whole: refusing it silently would lose its steps.
      if (error.code() != ErrorCode::kCorruptData && error.code() != ErrorCode::kIo) throw;
      note = error.what();
    }
  }
  if (!Exists(CheckpointPath(directory)) && !Exists(PreviousCheckpointPath(directory))) {
    return std::nullopt;
  }
  Fail(
      ErrorCode::kCorruptData,
      "{}: no checkpoint is whole ({}), so this run cannot go on. Restore {} from a copy; or "
      "delete "
      "it and {}, if they are there, and start the run again (its configuration is in config.toml)",
      directory.string(), note, CheckpointPath("").string(), PreviousCheckpointPath("").string());
}

}  // namespace cambium

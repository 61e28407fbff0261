// SPDX-License-Identifier: Apache-2.0
// The two newest checkpoints of a run in its folder:
//
//   checkpoint.ckpt        the last one that was written whole
//   checkpoint.prev.ckpt   the one before
//
// At every moment of a save, also when killed there, at least one whole checkpoint is on disk under
// one of the two names. The one before is kept afterwards as well: a checkpoint that the disk has
// damaged costs the steps of one interval, not the run. One process at a time saves into a folder.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "formats/checkpoint.h"

namespace cambium {

std::filesystem::path CheckpointPath(const std::filesystem::path& directory);
std::filesystem::path PreviousCheckpointPath(const std::filesystem::path& directory);

// Writes a new checkpoint.ckpt; the old one becomes checkpoint.prev.ckpt. On an error (full disk)
// both are as they were.
void SaveCheckpoint(const std::filesystem::path& directory, const Json& state,
                    std::span<const CheckpointTensor> tensors);

struct LastGoodCheckpoint {
  CheckpointReader reader;
  std::string note;  // why it is not checkpoint.ckpt; empty when it is
};

// The newest checkpoint of the folder that is whole (every hash is checked), or nullopt when there
// is none at all. kCorruptData when there are checkpoints but none is whole.
std::optional<LastGoodCheckpoint> OpenLastGoodCheckpoint(const std::filesystem::path& directory);

}  // namespace cambium

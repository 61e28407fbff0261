// SPDX-License-Identifier: Apache-2.0
// cambium quantize: a GGUF model file in smaller element types.
#pragma once

#include "cli/context.h"

namespace CLI {
class App;
}  // namespace CLI

namespace cambium {

void AddQuantizeCommand(CLI::App& app, Context& context);

}  // namespace cambium

// SPDX-License-Identifier: Apache-2.0
// `cambium --version`.
#pragma once

namespace cambium {
void PrintVersion(bool json);
}  // namespace cambium

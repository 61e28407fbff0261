// SPDX-License-Identifier: Apache-2.0
// The version of the numerics contract (docs/numerics.md). It is part of every model's identity and
// of every run record; it is raised when any result changes in any bit.
#pragma once

namespace cambium {
inline constexpr int kNumericsVersion = 1;
}  // namespace cambium

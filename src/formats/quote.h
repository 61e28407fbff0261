// SPDX-License-Identifier: Apache-2.0
// Text from an untrusted file, fit for a message: control and non-ASCII bytes escaped (a key could
// otherwise write terminal escapes), long text cut.
#pragma once

#include <string>
#include <string_view>

namespace cambium {

// 'text' in single quotes; at most about 80 characters of it.
std::string Quote(std::string_view text);

}  // namespace cambium

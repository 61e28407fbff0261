// SPDX-License-Identifier: Apache-2.0
// The functions that a chat template can call: range, dict, namespace, cycler, joiner of Jinja, and
// raise_exception and strftime_now of transformers. (lipsum, which is random, is not there.)
#pragma once

#include <optional>

#include "text/jinja/date_format.h"
#include "text/jinja/scope.h"

namespace cambium::jinja {

// Sets the functions; strftime_now only when `now` is given.
void DefineFunctions(Sandbox& box, const std::optional<CivilTime>& now, Scope& globals);

}  // namespace cambium::jinja

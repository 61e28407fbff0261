// SPDX-License-Identifier: Apache-2.0
// A parsed Jinja template. Renders as Python's Jinja2 3.1 does in the environment of transformers:
// ImmutableSandboxedEnvironment with trim_blocks, lstrip_blocks and loop controls, autoescape off,
// tojson, raise_exception, strftime_now, the statement `generation`. Any template may be given: it
// has no access to anything but its variables, and steps, memory, output and nesting are bounded.
//
// Not supported: include, import, extends, autoescape; filters for web pages; integers beyond 64
// bits; float powers; str.encode and the like. Each is an error that says so.
//
// Immutable and thread-safe after parsing.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "text/jinja/ast.h"
#include "text/jinja/date_format.h"
#include "text/jinja/sandbox.h"

namespace cambium::jinja {

struct RenderOptions {
  Limits limits;
  // Also allowed for every byte of the variables: long conversations take longer.
  int64_t steps_per_input_byte = 8;
  size_t memory_per_input_byte = 12;
  size_t output_per_input_byte = 4;
  // What strftime_now tells; without it the function is not defined.
  std::optional<CivilTime> now;
};

class Template {
 public:
  // Throws kCorruptData with line and reason for what is no template, or is not supported.
  explicit Template(std::string_view source);

  // `variables` is an object. Throws kInvalidArgument for what the template raises or Python would,
  // kResourceExhausted for a limit; both with the line.
  std::string Render(const Json& variables, const RenderOptions& options = {}) const;

 private:
  std::shared_ptr<const Body> body_;
};

// JSON to a value. Throws for text that is not UTF-8, integers beyond 64 bits, and too deep
// nesting.
Value FromJson(Sandbox& box, const Json& json);

}  // namespace cambium::jinja

// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/template.h"

#include <limits>

#include "text/jinja/functions.h"
#include "text/jinja/interpreter.h"
#include "text/jinja/parser.h"
#include "text/utf8_repair.h"

namespace cambium::jinja {
namespace {

Value TextFromJson(Sandbox& box, const std::string& text) {
  if (!IsValidUtf8(text)) {
    Fail(ErrorCode::kInvalidArgument, "chat template: a text of the conversation is not UTF-8");
  }
  return box.String(text);
}

// Bytes of text, and 16 for each value.
size_t InputBytes(const Json& json, int depth, const Limits& limits) {
  if (depth > limits.max_value_depth) {
    Fail(ErrorCode::kInvalidArgument, "chat template: the conversation is nested too deeply");
  }
  size_t num_bytes = 16;
  if (json.is_string()) return num_bytes + json.get_ref<const std::string&>().size();
  if (!json.is_structured()) return num_bytes;
  for (const auto& item : json.items()) {
    num_bytes +=
        (json.is_object() ? item.key().size() : 0) + InputBytes(item.value(), depth + 1, limits);
  }
  return num_bytes;
}

}  // namespace

Value FromJson(Sandbox& box, const Json& json) {
  const Sandbox::Level level(box);
  switch (json.type()) {
    case Json::value_t::boolean:
      return Value(json.get<bool>());
    case Json::value_t::number_integer:
      return Value(json.get<int64_t>());
    case Json::value_t::number_unsigned:
      if (json.get<uint64_t>() > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
        Fail(ErrorCode::kInvalidArgument, "chat template: the integer {} is beyond 64 bits",
             json.get<uint64_t>());
      }
      return Value(json.get<int64_t>());
    case Json::value_t::number_float:
      return Value(json.get<double>());
    case Json::value_t::string:
      return TextFromJson(box, json.get_ref<const std::string&>());
    case Json::value_t::array: {
      std::vector<Value> items;
      items.reserve(json.size());
      for (const Json& item : json) items.push_back(FromJson(box, item));
      return box.List(std::move(items));
    }
    case Json::value_t::object: {
      std::vector<std::pair<Value, Value>> items;
      items.reserve(json.size());
      for (const auto& [key, item] : json.items()) {
        items.emplace_back(TextFromJson(box, key), FromJson(box, item));
      }
      return box.Dict(std::move(items));
    }
    default:
      return Value();
  }
}

Template::Template(std::string_view source) {
  if (!IsValidUtf8(source)) Fail(ErrorCode::kCorruptData, "chat template: it is not UTF-8");
  body_ = std::make_shared<const Body>(ParseTemplate(source));
}

std::string Template::Render(const Json& variables, const RenderOptions& options) const {
  if (!variables.is_object()) {
    Fail(ErrorCode::kInvalidArgument, "chat template: the variables are no JSON object");
  }
  Limits limits = options.limits;
  const size_t input_bytes = InputBytes(variables, 0, limits);
  limits.max_steps += static_cast<int64_t>(input_bytes) * options.steps_per_input_byte;
  limits.max_memory_bytes += input_bytes * options.memory_per_input_byte;
  limits.max_output_bytes += input_bytes * options.output_per_input_byte;
  Sandbox box(limits);
  Scope globals(nullptr);
  DefineFunctions(box, options.now, globals);
  for (const auto& item : variables.items()) {
    // items() makes keys of its own; the JSON's live as long as this rendering.
    const auto place = variables.find(item.key());
    globals.Set(place.key(), FromJson(box, place.value()));
  }
  return Interpreter(box, globals).Render(*body_);
}

}  // namespace cambium::jinja

// SPDX-License-Identifier: Apache-2.0
// What one rendering may use, and where it is: steps, memory, nesting, the line for messages. All
// values of a rendering are made here. Every function of the interpreter takes the Sandbox first
// and pays before it works: a loop a Step for each turn, a string operation one for 64 bytes.
// One Sandbox belongs to one rendering on one thread.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "text/jinja/value.h"

namespace cambium::jinja {

struct Limits {
  int64_t max_steps = 8'000'000;       // about a second
  size_t max_memory_bytes = 48 << 20;  // of values alive at one time
  size_t max_output_bytes = 16 << 20;  // of the rendered text
  int max_depth = 1000;                // of nested evaluation, macro calls included
  int max_value_depth = 100;           // of lists and dicts in each other
};

// Bytes of the values that are alive.
class MemoryAccount {
 public:
  explicit MemoryAccount(size_t limit_bytes) : limit_bytes_(limit_bytes) {}
  bool HasRoom(size_t num_bytes) const { return num_bytes <= limit_bytes_ - used_bytes_; }
  // REQUIRES: HasRoom(num_bytes).
  void Take(size_t num_bytes) { used_bytes_ += num_bytes; }
  void Release(size_t num_bytes) { used_bytes_ -= num_bytes; }

 private:
  size_t limit_bytes_;
  size_t used_bytes_ = 0;
};

class Sandbox {
 public:
  explicit Sandbox(const Limits& limits) : limits_(limits), account_(limits.max_memory_bytes) {}
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  // Throws Error with the line in front.
  template <typename... Args>
  [[noreturn]] void Fail(fmt::format_string<Args...> format, Args&&... args) const {
    FailWith(ErrorCode::kInvalidArgument, fmt::format(format, std::forward<Args>(args)...));
  }
  [[noreturn]] void FailLimit(std::string_view what) const;
  // Python's UndefinedError: an operation on an undefined value that is not allowed.
  [[noreturn]] void FailUndefined(const Value& undefined) const;

  void Step(int64_t count = 1) {
    steps_ += count;
    if (steps_ > limits_.max_steps) FailLimit("steps");
  }
  // Work that is linear in bytes.
  void StepBytes(size_t num_bytes) { Step(1 + static_cast<int64_t>(num_bytes / 64)); }
  // Throws unless this much more memory may be used.
  void CheckRoom(size_t num_bytes) const {
    if (!account_.HasRoom(num_bytes)) FailLimit("memory");
  }

  // Appends with the checks that a growing result needs.
  template <typename T>
  void Push(std::vector<T>& values, T value) {
    Step();
    if (values.size() == values.capacity()) CheckRoom(2 * values.capacity() * sizeof(T));
    values.push_back(std::move(value));
  }
  void Append(std::string& text, std::string_view more);
  void AppendRepeated(std::string& text, std::string_view piece, size_t count);

  Value String(std::string text);
  Value Markup(std::string text);
  // Markup when `like` is: the methods of a Markup string return Markup.
  Value StringLike(const Value& like, std::string text);
  Value List(std::vector<Value> items);
  Value Tuple(std::vector<Value> items);
  Value Dict(std::vector<std::pair<Value, Value>> items);  // of equal keys the last value stays
  Value Group(Value key, Value values);                    // an item of the filter groupby
  Value Undefined(std::string message) const;
  Value UndefinedName(std::string_view name) const;

  // An object that lives as long as the Sandbox.
  template <typename T, typename... Args>
  T* New(Args&&... args) {
    CheckRoom(sizeof(T) + kObjectOverheadBytes);
    account_.Take(sizeof(T) + kObjectOverheadBytes);
    auto owned = std::make_unique<T>(std::forward<Args>(args)...);
    T* raw = owned.get();
    objects_.push_back(std::move(owned));
    return raw;
  }

  // For what holds memory without being a Value. REQUIRES for Take: CheckRoom before.
  MemoryAccount& account() { return account_; }
  const Limits& limits() const { return limits_; }
  int line() const { return line_; }
  void set_line(int line) { line_ = line; }

  // One level of nested evaluation, for as long as it lives.
  class Level {
   public:
    explicit Level(Sandbox& box) : box_(box) {
      if (++box_.depth_ > box_.limits_.max_depth) {
        --box_.depth_;
        box_.FailLimit("nesting");
      }
    }
    ~Level() { --box_.depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    Sandbox& box_;
  };

 private:
  static constexpr size_t kObjectOverheadBytes = 64;

  [[noreturn]] void FailWith(ErrorCode code, const std::string& message) const;
  Value MakeString(std::string text, bool is_markup);
  Value MakeList(std::vector<Value> items, bool is_tuple, bool is_group);
  MemoryAccount* Charged(size_t num_bytes);

  Limits limits_;
  MemoryAccount account_;  // outlives the objects
  int64_t steps_ = 0;
  int depth_ = 0;
  int line_ = 1;
  std::vector<std::unique_ptr<Object>> objects_;
};

}  // namespace cambium::jinja

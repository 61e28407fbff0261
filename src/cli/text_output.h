// SPDX-License-Identifier: Apache-2.0
// Where a command writes text: standard output, or a file that is complete or not there at all,
// compressed when its name ends in .gz or .zst.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

namespace cambium {

class TextOutput {
 public:
  // path empty or "-": standard output, never compressed.
  explicit TextOutput(const std::filesystem::path& path);
  ~TextOutput();
  TextOutput(const TextOutput&) = delete;
  TextOutput& operator=(const TextOutput&) = delete;

  // Throws kIo; OutputClosed (output.h) when standard output was closed.
  void Write(std::string_view text);
  // Nothing remains of a file without it.
  void Finish();

  bool is_stdout() const;
  uint64_t text_bytes() const { return text_bytes_; }  // before compression

 private:
  class Sink;
  class StdoutSink;
  class FileSink;
  class ZstdSink;
  class GzipSink;
  std::unique_ptr<Sink> sink_;
  uint64_t text_bytes_ = 0;
  bool is_stdout_ = false;
};

}  // namespace cambium

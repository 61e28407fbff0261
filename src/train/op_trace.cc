// SPDX-License-Identifier: Apache-2.0
#include "train/op_trace.h"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <vector>

#include "base/error.h"
#include "base/hash.h"

namespace cambium {
namespace {

constexpr std::string_view kFirstLine = "# cambium op trace 1";
constexpr size_t kFields = 6;
constexpr size_t kMaxLineBytes = 4096;  // names are short: longer lines are no trace

struct TraceLine {
  uint64_t step = 0;
  uint64_t index = 0;
  TracedOp op;
};

class TraceReader {
 public:
  explicit TraceReader(const std::filesystem::path& path) : path_(path), file_(path) {
    if (!file_) {
      Fail(std::filesystem::exists(path) ? ErrorCode::kIo : ErrorCode::kNotFound,
           "{}: cannot open: {}", path.string(), std::strerror(errno));
    }
    std::string line;
    if (!NextLine(line) || line != kFirstLine) {
      Fail(ErrorCode::kCorruptData, "{}: not a trace of operations: the first line is not '{}'",
           path.string(), kFirstLine);
    }
    Advance();
  }

  bool ended() const { return ended_; }
  const TraceLine& line() const { return line_; }
  const std::filesystem::path& path() const { return path_; }

  void Advance() {
    std::string text;
    if (!NextLine(text)) {
      ended_ = true;
      return;
    }
    std::vector<std::string> fields(1);
    for (const char c : text) {
      if (c == '\t') {
        fields.emplace_back();
      } else {
        fields.back() += c;
      }
    }
    if (fields.size() != kFields) {
      Fail(ErrorCode::kCorruptData, "{}: line {}: has {} fields, expected {}", path_.string(),
           number_, fields.size(), kFields);
    }
    line_.step = Number(fields[0], "step");
    line_.index = Number(fields[1], "index");
    line_.op = {
        .name = fields[2], .type_and_dims = fields[3] + " " + fields[4], .sha256 = fields[5]};
  }

 private:
  // False at the end, and for a last line without its end.
  bool NextLine(std::string& line) {
    line.clear();
    for (int c = file_.get(); c != std::char_traits<char>::eof(); c = file_.get()) {
      if (c == '\n') {
        ++number_;
        return true;
      }
      if (line.size() == kMaxLineBytes) {
        Fail(ErrorCode::kCorruptData, "{}: line {}: longer than {} bytes", path_.string(),
             number_ + 1, kMaxLineBytes);
      }
      line += static_cast<char>(c);
    }
    if (file_.bad()) Fail(ErrorCode::kIo, "{}: cannot read", path_.string());
    return false;
  }

  uint64_t Number(const std::string& text, const char* what) const {
    uint64_t value = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || stop != end) {
      Fail(ErrorCode::kCorruptData, "{}: line {}: {} '{}' is not a number", path_.string(), number_,
           what, text);
    }
    return value;
  }

  std::filesystem::path path_;
  std::ifstream file_;
  uint64_t number_ = 0;
  bool ended_ = false;
  TraceLine line_;
};

}  // namespace

OpTraceWriter::OpTraceWriter(const std::filesystem::path& path) : path_(path) {
  file_ = std::fopen(path.c_str(), "wb");
  if (file_ == nullptr) {
    Fail(ErrorCode::kIo, "{}: cannot write: {}", path.string(), std::strerror(errno));
  }
  Write(std::string(kFirstLine) + "\n");
}

OpTraceWriter::~OpTraceWriter() {
  if (file_ != nullptr) std::fclose(file_);
}

void OpTraceWriter::BeginStep(uint64_t step) {
  step_ = step;
  index_ = 0;
}

void OpTraceWriter::Write(std::string_view line) {
  if (std::fwrite(line.data(), 1, line.size(), file_) != line.size()) {
    Fail(ErrorCode::kIo, "{}: cannot write: {}", path_.string(), std::strerror(errno));
  }
}

void OpTraceWriter::Record(std::string_view name, const Tensor& result) {
  std::string dims;
  for (size_t i = 0; i < result.rank; ++i) {
    dims += fmt::format("{}{}", i == 0 ? "" : "x", result.dims[i]);
  }
  const std::string_view bytes(static_cast<const char*>(result.data), result.size_bytes());
  Write(fmt::format("{}\t{}\t{}\t{}\t{}\t{}\n", step_, index_++, name, DTypeName(result.dtype),
                    dims, ToHex(Sha256Of(bytes))));
}

void OpTraceWriter::Flush() {
  if (std::fflush(file_) != 0) {
    Fail(ErrorCode::kIo, "{}: cannot write: {}", path_.string(), std::strerror(errno));
  }
}

void OpTraceWriter::Finish() {
  std::FILE* file = file_;
  file_ = nullptr;
  if (std::fclose(file) != 0) {
    Fail(ErrorCode::kIo, "{}: cannot write: {}", path_.string(), std::strerror(errno));
  }
}

TraceComparison CompareTraces(const std::filesystem::path& path_a,
                              const std::filesystem::path& path_b) {
  TraceReader a(path_a), b(path_b);
  while (!a.ended() && !b.ended() && a.line().step < b.line().step) a.Advance();
  while (!a.ended() && !b.ended() && b.line().step < a.line().step) b.Advance();
  TraceComparison result;
  if (a.ended() != b.ended() && result.num_operations == 0) {
    Fail(ErrorCode::kInvalidArgument, "{} and {} have no step in common", path_a.string(),
         path_b.string());
  }
  std::optional<uint64_t> step;
  while (!a.ended() && !b.ended()) {
    const TraceLine &x = a.line(), &y = b.line();
    if (x.step != step) {
      step = x.step;
      ++result.num_steps;
    }
    if (x.step != y.step || x.index != y.index || x.op != y.op) {
      result.first_difference = {.step = x.step, .index = x.index, .a = x.op, .b = y.op};
      return result;
    }
    ++result.num_operations;
    a.Advance();
    b.Advance();
  }
  if (!a.ended()) result.longer = path_a.string();
  if (!b.ended()) result.longer = path_b.string();
  return result;
}

}  // namespace cambium

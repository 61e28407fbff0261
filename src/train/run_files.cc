// SPDX-License-Identifier: Apache-2.0
#include "train/run_files.h"

#include <cerrno>
#include <cstring>
#include <sstream>

#include "base/error.h"
#include "base/file.h"

namespace cambium {

MetricsFile::MetricsFile(const std::filesystem::path& path, uint64_t first_step) : path_(path) {
  std::string kept;
  if (first_step > 0 && std::filesystem::exists(path)) {
    std::istringstream lines(ReadFile(path));
    for (std::string line; std::getline(lines, line);) {
      const Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
      if (!json.is_object() || json.value("step", uint64_t{0}) > first_step) continue;
      kept += line + "\n";
    }
  }
  WriteFileAtomically(path, kept);
  file_ = std::fopen(path.c_str(), "ab");
  if (file_ == nullptr) {
    Fail(ErrorCode::kIo, "{}: cannot open for appending: {}", path.string(), std::strerror(errno));
  }
}

MetricsFile::~MetricsFile() {
  if (file_ != nullptr) std::fclose(file_);
}

void MetricsFile::Append(const Json& line) {
  const std::string text = line.dump() + "\n";
  if (std::fwrite(text.data(), 1, text.size(), file_) != text.size() || std::fflush(file_) != 0) {
    Fail(ErrorCode::kIo, "{}: cannot append: {}", path_.string(), std::strerror(errno));
  }
}

template <typename Fn>
void RunRecorder::Try(const Fn& fn) {
  if (!ledger_) return;
  try {
    fn();
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kInternal) throw;
    std::fprintf(stderr, "warning: the run goes on without its record: %s\n", error.what());
    ledger_.reset();
  }
}

RunRecorder::RunRecorder(const std::filesystem::path& ledger_path, const RunStart& start,
                         const std::string& run_id)
    : run_id_(run_id) {
  if (ledger_path.empty()) return;
  try {
    ledger_.emplace(ledger_path);
    if (!run_id_.empty()) {
      try {
        ledger_->ResumeRun(run_id_);
        return;
      } catch (const Error& error) {
        // Another machine's ledger, or a deleted one: the run gets a new record here.
        if (error.code() != ErrorCode::kNotFound) throw;
      }
    }
    run_id_ = ledger_->BeginRun(start);
  } catch (const Error& error) {
    std::fprintf(stderr, "warning: this run is not recorded: %s\n", error.what());
    ledger_.reset();
  }
}

void RunRecorder::Fingerprint(const StepFingerprint& fingerprint) {
  Try([&] { ledger_->RecordFingerprint(run_id_, fingerprint); });
}

void RunRecorder::Metric(const StepMetric& metric) {
  Try([&] { ledger_->RecordMetric(run_id_, metric); });
}

void RunRecorder::Finish(const RunEnd& end) {
  Try([&] { ledger_->FinishRun(run_id_, end); });
}

}  // namespace cambium

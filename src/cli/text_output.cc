// SPDX-License-Identifier: Apache-2.0
#include "cli/text_output.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <vector>

#include "base/file.h"
#include "cli/output.h"

namespace cambium {

class TextOutput::Sink {
 public:
  virtual ~Sink() = default;
  virtual void Write(std::string_view text) = 0;
  virtual void Finish() = 0;
};

class TextOutput::StdoutSink : public Sink {
 public:
  void Write(std::string_view text) override { Print(text); }
  void Finish() override { FlushOutput(); }
};

class TextOutput::FileSink : public Sink {
 public:
  explicit FileSink(const std::filesystem::path& path) : writer_(path) {}
  void Write(std::string_view text) override { writer_.Write(text); }
  void Finish() override { writer_.Commit(); }

 private:
  AtomicFileWriter writer_;
};

class TextOutput::ZstdSink : public Sink {
 public:
  explicit ZstdSink(const std::filesystem::path& path)
      : writer_(path), context_(ZSTD_createCCtx()), buffer_(ZSTD_CStreamOutSize()) {
    if (context_ == nullptr) Fail(ErrorCode::kResourceExhausted, "out of memory for compression");
    // A checksum of the content lets readers tell a damaged file.
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1);
  }
  void Write(std::string_view text) override { Compress(text, ZSTD_e_continue); }
  void Finish() override {
    Compress({}, ZSTD_e_end);
    writer_.Commit();
  }

 private:
  struct FreeContext {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  };

  void Compress(std::string_view text, ZSTD_EndDirective mode) {
    ZSTD_inBuffer input = {text.data(), text.size(), 0};
    for (;;) {
      ZSTD_outBuffer output = {buffer_.data(), buffer_.size(), 0};
      const size_t left = ZSTD_compressStream2(context_.get(), &output, &input, mode);
      if (ZSTD_isError(left) != 0) {
        Fail(ErrorCode::kInternal, "Zstandard: {}", ZSTD_getErrorName(left));
      }
      writer_.Write(buffer_.data(), output.pos);
      if (mode == ZSTD_e_end ? left == 0 : input.pos == input.size) return;
    }
  }

  AtomicFileWriter writer_;
  std::unique_ptr<ZSTD_CCtx, FreeContext> context_;
  std::vector<char> buffer_;
};

class TextOutput::GzipSink : public Sink {
 public:
  explicit GzipSink(const std::filesystem::path& path) : writer_(path), buffer_(kBufferBytes) {
    // 15 + 16: the largest window, in a gzip file. zlib writes no name and no time into it, so the
    // same text gives the same bytes.
    if (deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) !=
        Z_OK) {
      Fail(ErrorCode::kResourceExhausted, "out of memory for compression");
    }
  }
  ~GzipSink() override { deflateEnd(&stream_); }
  void Write(std::string_view text) override {
    // zlib counts in 32 bits.
    for (; !text.empty(); text.remove_prefix(std::min(text.size(), kBufferBytes))) {
      Compress(text.substr(0, kBufferBytes), Z_NO_FLUSH);
    }
  }
  void Finish() override {
    Compress({}, Z_FINISH);
    writer_.Commit();
  }

 private:
  static constexpr size_t kBufferBytes = size_t{1} << 16;

  void Compress(std::string_view text, int mode) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream_.avail_in = static_cast<uInt>(text.size());
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(buffer_.data());
      stream_.avail_out = static_cast<uInt>(buffer_.size());
      deflate(&stream_, mode);  // cannot fail with a sound stream
      writer_.Write(buffer_.data(), buffer_.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
  }

  AtomicFileWriter writer_;
  z_stream stream_ = {};
  std::vector<char> buffer_;
};

TextOutput::TextOutput(const std::filesystem::path& path) {
  if (path.empty() || path == "-") {
    is_stdout_ = true;
    sink_ = std::make_unique<StdoutSink>();
  } else if (path.extension() == ".zst") {
    sink_ = std::make_unique<ZstdSink>(path);
  } else if (path.extension() == ".gz") {
    sink_ = std::make_unique<GzipSink>(path);
  } else {
    sink_ = std::make_unique<FileSink>(path);
  }
}

TextOutput::~TextOutput() = default;

void TextOutput::Write(std::string_view text) {
  sink_->Write(text);
  text_bytes_ += text.size();
}

void TextOutput::Finish() { sink_->Finish(); }

bool TextOutput::is_stdout() const { return is_stdout_; }

}  // namespace cambium

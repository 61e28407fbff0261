// SPDX-License-Identifier: Apache-2.0
#include "text/compressed.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace cambium {
namespace {

constexpr size_t kInputBlockBytes = size_t{256} << 10;
constexpr std::string_view kGzipMagic("\x1f\x8b", 2);
constexpr std::string_view kZstdMagic("\x28\xb5\x2f\xfd", 4);

// Skippable frames (RFC 8878, section 3.1.2) carry 0x184D2A50 to 0x184D2A5F, little endian.
bool IsZstd(std::string_view head) {
  if (head.starts_with(kZstdMagic)) return true;
  return head.size() >= 4 && (static_cast<uint8_t>(head[0]) & 0xf0) == 0x50 &&
         head.substr(1, 3) == std::string_view("\x2a\x4d\x18", 3);
}

}  // namespace

// The raw file, a block at a time: [position_, end_) of block_ is not consumed yet.
class CompressedReader::Source {
 public:
  explicit Source(const std::filesystem::path& path) : name_(path.string()) {
    // O_NONBLOCK: opening a pipe nobody writes to must not hang.
    fd_ = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd_ < 0) {
      const int error = errno;
      Fail(error == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
           "{}: cannot open for reading: {}", name_, std::strerror(error));
    }
    struct stat info;
    if (fstat(fd_, &info) != 0 || !S_ISREG(info.st_mode)) {
      close(fd_);
      Fail(ErrorCode::kIo,
           "{}: not a regular file (text is read twice, so a pipe does not do; save it to a file)",
           name_);
    }
    size_bytes_ = static_cast<uint64_t>(info.st_size);
    block_.resize(kInputBlockBytes);
  }
  ~Source() { close(fd_); }
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  std::string_view available() const { return {block_.data() + position_, end_ - position_}; }
  void Consume(size_t size_bytes) { position_ += size_bytes; }
  uint64_t offset_bytes() const { return read_bytes_ - (end_ - position_); }
  uint64_t size_bytes() const { return size_bytes_; }
  const std::string& name() const { return name_; }

  // Makes available() nonempty if the file goes on; false at its end.
  bool Refill() {
    if (position_ < end_) return true;
    position_ = end_ = 0;
    end_ = ReadSome(block_.data(), block_.size());
    return end_ > 0;
  }

  // Straight from the file, past the block; 0 at the end.
  size_t ReadSome(char* out, size_t capacity_bytes) {
    const uint64_t left_bytes = size_bytes_ - read_bytes_;
    const size_t want = static_cast<size_t>(std::min<uint64_t>(capacity_bytes, left_bytes));
    if (want == 0) return 0;
    for (;;) {
      const ssize_t n = read(fd_, out, want);
      if (n > 0) {
        read_bytes_ += static_cast<uint64_t>(n);
        return static_cast<size_t>(n);
      }
      if (n == 0) {
        Fail(ErrorCode::kIo, "{}: offset {}: shrank while being read (it had {} bytes); run again",
             name_, read_bytes_, size_bytes_);
      }
      if (errno != EINTR) {
        const int error = errno;
        Fail(ErrorCode::kIo, "{}: offset {}: cannot read: {}", name_, read_bytes_,
             std::strerror(error));
      }
    }
  }

 private:
  std::string name_;
  int fd_ = -1;
  uint64_t size_bytes_ = 0;
  uint64_t read_bytes_ = 0;  // from the file so far
  std::vector<char> block_;
  size_t position_ = 0;
  size_t end_ = 0;
};

class CompressedReader::Decoder {
 public:
  virtual ~Decoder() = default;
  // At least one byte, or 0 at the end of the stream.
  virtual size_t Decode(Source& source, char* out, size_t capacity_bytes) = 0;
};

class CompressedReader::GzipDecoder : public CompressedReader::Decoder {
 public:
  GzipDecoder() {
    // 15: the largest window of the format; +16: gzip header and trailer.
    if (inflateInit2(&stream_, 15 + 16) != Z_OK) throw std::bad_alloc();
  }
  ~GzipDecoder() override { inflateEnd(&stream_); }

  size_t Decode(Source& source, char* out, size_t capacity_bytes) override {
    const auto capacity = static_cast<uInt>(std::min<size_t>(capacity_bytes, size_t{1} << 30));
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = capacity;
    while (stream_.avail_out == capacity) {
      if (!source.Refill()) {
        if (between_members_) return 0;
        Fail(ErrorCode::kCorruptData,
             "{}: offset {}: gzip data ends in the middle (truncated file?)", source.name(),
             source.offset_bytes());
      }
      if (between_members_ && !StartMember(source)) continue;
      const std::string_view input = source.available();
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
      stream_.avail_in = static_cast<uInt>(input.size());
      const int result = inflate(&stream_, Z_NO_FLUSH);
      source.Consume(input.size() - stream_.avail_in);
      if (result == Z_STREAM_END) {
        between_members_ = true;
        padding_ = true;
        inflateReset(&stream_);
      } else if (result != Z_OK && result != Z_BUF_ERROR) {
        Fail(ErrorCode::kCorruptData, "{}: offset {}: gzip data is damaged: {}", source.name(),
             source.offset_bytes(), stream_.msg != nullptr ? stream_.msg : "inflate failed");
      }
    }
    return capacity - stream_.avail_out;
  }

 private:
  // Between two members zeros are padding (tapes, block devices); anything else starts a member.
  bool StartMember(Source& source) {
    while (padding_ && !source.available().empty() && source.available()[0] == '\0') {
      source.Consume(1);
    }
    if (source.available().empty()) return false;
    if (source.available()[0] != kGzipMagic[0]) {
      Fail(ErrorCode::kCorruptData, "{}: offset {}: {} bytes after the gzip data are not gzip",
           source.name(), source.offset_bytes(), source.size_bytes() - source.offset_bytes());
    }
    between_members_ = false;
    return true;
  }

  z_stream stream_ = {};
  bool between_members_ = true;
  bool padding_ = false;  // zeros may come here: not before the first member
};

class CompressedReader::ZstdDecoder : public CompressedReader::Decoder {
 public:
  ZstdDecoder() : context_(ZSTD_createDCtx()) {
    if (context_ == nullptr) throw std::bad_alloc();
  }
  ~ZstdDecoder() override { ZSTD_freeDCtx(context_); }

  size_t Decode(Source& source, char* out, size_t capacity_bytes) override {
    ZSTD_outBuffer output = {out, capacity_bytes, 0};
    while (output.pos == 0) {
      // Output that did not fit may still be inside the context: then no input is needed.
      if (!full_ && !source.Refill()) {
        if (frame_complete_) return 0;
        Fail(ErrorCode::kCorruptData,
             "{}: offset {}: Zstandard data ends in the middle (truncated file?)", source.name(),
             source.offset_bytes());
      }
      const std::string_view block = source.available();
      ZSTD_inBuffer input = {block.data(), block.size(), 0};
      const size_t result = ZSTD_decompressStream(context_, &output, &input);
      source.Consume(input.pos);
      if (ZSTD_isError(result)) {
        Fail(ErrorCode::kCorruptData, "{}: offset {}: Zstandard data cannot be read: {}",
             source.name(), source.offset_bytes(), ZSTD_getErrorName(result));
      }
      frame_complete_ = result == 0;
      full_ = !frame_complete_ && output.pos == output.size;
    }
    return output.pos;
  }

 private:
  ZSTD_DCtx* context_;
  bool frame_complete_ = true;
  bool full_ = false;
};

CompressedReader::CompressedReader(const std::filesystem::path& path)
    : source_(std::make_unique<Source>(path)) {
  source_->Refill();
  const std::string_view head = source_->available();
  const std::filesystem::path extension = path.extension();
  if (head.starts_with(kGzipMagic)) {
    decoder_ = std::make_unique<GzipDecoder>();
  } else if (IsZstd(head)) {
    decoder_ = std::make_unique<ZstdDecoder>();
  } else if (extension == ".gz" || extension == ".zst") {
    Fail(ErrorCode::kCorruptData,
         "{}: offset 0: named {} but does not start like it (rename it if it is plain text)",
         source_->name(), extension.string());
  }
}

CompressedReader::~CompressedReader() = default;

size_t CompressedReader::Read(char* out, size_t capacity_bytes) {
  size_t done = 0;
  while (done < capacity_bytes) {
    size_t n;
    if (decoder_ != nullptr) {
      n = decoder_->Decode(*source_, out + done, capacity_bytes - done);
    } else if (const std::string_view block = source_->available(); !block.empty()) {
      n = block.copy(out + done, capacity_bytes - done);
      source_->Consume(n);
    } else {
      n = source_->ReadSome(out + done, capacity_bytes - done);
    }
    if (n == 0) break;
    done += n;
  }
  return done;
}

Compression CompressedReader::compression() const {
  if (decoder_ == nullptr) return Compression::kNone;
  return dynamic_cast<const GzipDecoder*>(decoder_.get()) != nullptr ? Compression::kGzip
                                                                     : Compression::kZstd;
}

uint64_t CompressedReader::file_offset_bytes() const { return source_->offset_bytes(); }
uint64_t CompressedReader::file_size_bytes() const { return source_->size_bytes(); }

}  // namespace cambium

// SPDX-License-Identifier: Apache-2.0
#include "formats/safetensors_header.h"

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "formats/quote.h"

namespace cambium {
namespace {

constexpr size_t kMaxDims = 16;

// Events of the JSON parser. `depth_` counts open objects: 1 in the header, 2 in an entry.
class HeaderHandler : public nlohmann::json_sax<Json> {
 public:
  explicit HeaderHandler(SafetensorsHeader* header) : header_(header) {}

  const std::string& failure() const { return failure_; }

  bool start_object(size_t) override {
    if (depth_ == 2 || in_array_ || (depth_ == 1 && name_.empty())) return Refuse("an object");
    ++depth_;
    if (depth_ == 2) fields_ = 0;
    return true;
  }

  bool key(string_t& key) override {
    if (depth_ == 1) {
      name_ = key;
      in_metadata_ = key == "__metadata__";
      if (key.empty()) return Fail("an empty tensor name");
      if (in_metadata_ && seen_metadata_) return Fail("__metadata__ is there twice");
      seen_metadata_ = seen_metadata_ || in_metadata_;
      if (!in_metadata_) {
        header_->entries.emplace_back();
        header_->entries.back().name = key;
      }
      return true;
    }
    field_ = key;
    if (in_metadata_) {
      if (header_->metadata.contains(key)) return Fail("a key of __metadata__ is there twice");
      return true;
    }
    const int bit = key == "dtype" ? 1 : key == "shape" ? 2 : key == "data_offsets" ? 4 : 0;
    if (bit == 0) return Fail(fmt::format("{} has the unknown field {}", Quote(name_), Quote(key)));
    if ((fields_ & bit) != 0) return Fail(fmt::format("{} has a field twice", Quote(name_)));
    fields_ |= bit;
    return true;
  }

  bool end_object() override {
    --depth_;
    if (depth_ == 1 && !in_metadata_ && fields_ != 7) {
      return Fail(fmt::format("{} lacks dtype, shape or data_offsets", Quote(name_)));
    }
    return true;
  }

  bool start_array(size_t) override {
    const bool expected = depth_ == 2 && !in_metadata_ && !in_array_ &&
                          (field_ == "shape" || field_ == "data_offsets");
    if (!expected) return Refuse("an array");
    in_array_ = true;
    num_elements_ = 0;
    return true;
  }

  bool end_array() override {
    in_array_ = false;
    if (field_ == "data_offsets" && num_elements_ != 2) {
      return Fail(fmt::format("{} has {} data_offsets (2 expected)", Quote(name_), num_elements_));
    }
    return true;
  }

  bool string(string_t& value) override {
    if (depth_ == 2 && in_metadata_ && !in_array_) {
      header_->metadata.emplace(field_, value);
      return true;
    }
    if (depth_ != 2 || in_array_ || field_ != "dtype") return Refuse("a string");
    header_->entries.back().dtype = value;
    return true;
  }

  bool number_unsigned(number_unsigned_t value) override {
    if (!in_array_) return Refuse("a number");
    SafetensorsEntry& entry = header_->entries.back();
    if (field_ == "shape") {
      if (num_elements_ >= kMaxDims) return Fail(Quote(name_) + " has too many dimensions");
      entry.shape.push_back(value);
    } else if (num_elements_ < entry.data_offsets.size()) {
      entry.data_offsets[num_elements_] = value;
    }
    ++num_elements_;
    return true;
  }

  bool null() override { return Refuse("null"); }
  bool boolean(bool) override { return Refuse("a bool"); }
  bool number_integer(number_integer_t) override { return Refuse("a negative number"); }
  bool number_float(number_float_t, const string_t&) override { return Refuse("a fraction"); }
  bool binary(binary_t&) override { return Refuse("binary"); }

  bool parse_error(size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    return Fail(fmt::format("not valid JSON at byte {}", position));
  }

 private:
  bool Fail(std::string reason) {
    if (failure_.empty()) failure_ = std::move(reason);
    return false;
  }
  bool Refuse(const char* what) {
    return Fail(
        fmt::format("{} where the header has none (at {}, {})", what, Quote(name_), Quote(field_)));
  }

  SafetensorsHeader* header_;
  std::string failure_;
  int depth_ = 0;
  int fields_ = 0;  // of the entry: 1 dtype, 2 shape, 4 data_offsets
  bool in_array_ = false;
  bool in_metadata_ = false;
  bool seen_metadata_ = false;
  size_t num_elements_ = 0;
  std::string name_;
  std::string field_;
};

}  // namespace

SafetensorsHeader ParseSafetensorsHeader(std::string_view json, const std::string& file_name) {
  SafetensorsHeader header;
  HeaderHandler handler(&header);
  if (!Json::sax_parse(json, &handler)) {
    Fail(ErrorCode::kCorruptData, "{}: safetensors header: {}", file_name, handler.failure());
  }
  return header;
}

}  // namespace cambium

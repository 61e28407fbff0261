// SPDX-License-Identifier: Apache-2.0
// SHA-256, for fingerprints of weights, data and files.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace cambium {

using Sha256Digest = std::array<uint8_t, 32>;

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  void Update(const void* data, size_t size_bytes);
  void Update(std::string_view text) { Update(text.data(), text.size()); }
  // Ends the hash; the object is not used after it.
  Sha256Digest Finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

Sha256Digest Sha256Of(std::string_view bytes);
// Lower-case hex.
std::string ToHex(const Sha256Digest& digest);

}  // namespace cambium

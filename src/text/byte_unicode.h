// SPDX-License-Identifier: Apache-2.0
// The printable form of byte-level BPE tokens: every byte as one visible character, so that any
// bytes can stand in JSON and GGUF strings. Bytes '!'..'~', 0xA1..0xAC and 0xAE..0xFF stand for
// themselves (as code points); the other 68, in ascending order, are U+0100, U+0101, ...
// Source: GPT-2's published encoder (openai/gpt-2, bytes_to_unicode). Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cambium {

// UTF-8, two bytes at most per input byte.
std::string BytesToPrintable(std::string_view bytes);

// The inverse; nullopt when `printable` holds anything that BytesToPrintable does not write.
std::optional<std::string> PrintableToBytes(std::string_view printable);

}  // namespace cambium

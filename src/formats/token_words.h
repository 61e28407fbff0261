// SPDX-License-Identifier: Apache-2.0
// Tokens as files write them ("words"), to and from their bytes (TokenizerData::tokens): byte-level
// BPE in the printable form of text/byte_unicode.h, SentencePiece with U+2581 for a space and
// "<0x41>" for a byte. Special tokens stand as they are. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "text/tokenizer_data.h"

namespace cambium {

inline constexpr std::string_view kSpaceSymbol = "\xe2\x96\x81";  // U+2581

// U+2581 to spaces, and back.
std::string SpacesFromSymbols(std::string_view word);
std::string SymbolsFromSpaces(std::string_view bytes);

// "<0x41>" is byte 0x41, with two digits of upper case; nullopt for any other word.
std::optional<uint8_t> ParseByteWord(std::string_view word);
std::string ByteWord(uint8_t byte);

// The bytes of a normal (or byte) token; nullopt for a word that no text can become.
std::optional<std::string> BytesOfWord(TokenizerModel model, TokenType type, std::string_view word);
// What a file says for any token.
std::string WordOfToken(const TokenizerData& data, size_t id);

}  // namespace cambium

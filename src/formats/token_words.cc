// SPDX-License-Identifier: Apache-2.0
#include "formats/token_words.h"

#include "base/error.h"
#include "text/byte_unicode.h"

namespace cambium {
namespace {

std::string Replace(std::string_view text, std::string_view from, std::string_view to) {
  std::string result;
  result.reserve(text.size());
  for (size_t pos = 0;;) {
    const size_t found = text.find(from, pos);
    result += text.substr(pos, found - pos);
    if (found == std::string_view::npos) return result;
    result += to;
    pos = found + from.size();
  }
}

}  // namespace

std::string SpacesFromSymbols(std::string_view word) { return Replace(word, kSpaceSymbol, " "); }

std::string SymbolsFromSpaces(std::string_view bytes) { return Replace(bytes, " ", kSpaceSymbol); }

std::optional<uint8_t> ParseByteWord(std::string_view word) {
  if (word.size() != 6 || !word.starts_with("<0x") || word.back() != '>') return std::nullopt;
  uint32_t byte = 0;
  for (const char c : word.substr(3, 2)) {
    if (c >= '0' && c <= '9') {
      byte = byte * 16 + static_cast<uint32_t>(c - '0');
    } else if (c >= 'A' && c <= 'F') {
      byte = byte * 16 + static_cast<uint32_t>(c - 'A' + 10);
    } else {
      return std::nullopt;
    }
  }
  return static_cast<uint8_t>(byte);
}

std::string ByteWord(uint8_t byte) { return fmt::format("<0x{:02X}>", byte); }

std::optional<std::string> BytesOfWord(TokenizerModel model, TokenType type,
                                       std::string_view word) {
  switch (model) {
    case TokenizerModel::kByte:
    case TokenizerModel::kBpe:
      return PrintableToBytes(word);
    case TokenizerModel::kSentencePiece:
      if (type == TokenType::kByte) {
        const auto byte = ParseByteWord(word);
        if (!byte) return std::nullopt;
        return std::string(1, static_cast<char>(*byte));
      }
      // A space of the text is U+2581 when tokens are looked for.
      if (word.find(' ') != std::string_view::npos) return std::nullopt;
      return SpacesFromSymbols(word);
    case TokenizerModel::kWordPiece:
      return SpacesFromSymbols(word);
  }
  return std::nullopt;
}

std::string WordOfToken(const TokenizerData& data, size_t id) {
  const std::string& bytes = data.tokens[id];
  const TokenType type = data.types[id];
  if (type != TokenType::kNormal && type != TokenType::kByte) return bytes;
  switch (data.model) {
    case TokenizerModel::kByte:
    case TokenizerModel::kBpe:
      return BytesToPrintable(bytes);
    case TokenizerModel::kSentencePiece:
      return type == TokenType::kByte ? ByteWord(static_cast<uint8_t>(bytes.at(0)))
                                      : SymbolsFromSpaces(bytes);
    case TokenizerModel::kWordPiece:
      return SymbolsFromSpaces(bytes);
  }
  return bytes;
}

}  // namespace cambium

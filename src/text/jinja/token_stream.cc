// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/token_stream.h"

namespace cambium::jinja {
namespace {

// Brackets and blocks in each other; the deepest template of a real model has about 20.
constexpr int kMaxNesting = 120;

std::string Describe(const Token& token) {
  switch (token.kind) {
    case TokenKind::kData:
      return "text";
    case TokenKind::kVariableBegin:
      return "{{";
    case TokenKind::kVariableEnd:
      return "}}";
    case TokenKind::kBlockBegin:
      return "{%";
    case TokenKind::kBlockEnd:
      return "%}";
    case TokenKind::kString:
      return "a string";
    case TokenKind::kEnd:
      return "the end of the template";
    default:
      return "'" + token.text + "'";
  }
}

std::string_view DescribeKind(TokenKind kind) {
  switch (kind) {
    case TokenKind::kName:
      return "a name";
    case TokenKind::kVariableEnd:
      return "}}";
    case TokenKind::kBlockEnd:
      return "%}";
    default:
      return "something else";
  }
}

}  // namespace

void TokenStream::FailUnexpected(std::string_view wanted) const {
  Fail("expected " + std::string(wanted) + ", found " + Describe(current()));
}

void TokenStream::ExpectOp(std::string_view op) {
  if (!SkipOp(op)) FailUnexpected("'" + std::string(op) + "'");
}

void TokenStream::ExpectName(std::string_view name) {
  if (!SkipName(name)) FailUnexpected("'" + std::string(name) + "'");
}

Token TokenStream::Expect(TokenKind kind) {
  if (!Is(kind)) FailUnexpected(DescribeKind(kind));
  return Take();
}

TokenStream::Level::Level(TokenStream& stream) : stream_(stream) {
  if (++stream_.depth_ > kMaxNesting) stream_.Fail("nested too deeply");
}

}  // namespace cambium::jinja

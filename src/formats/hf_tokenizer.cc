#include "formats/hf_tokenizer.h"
#include "base/error.h"
namespace cambium {
TokenizerData ParseHfTokenizer(std::string_view, const std::string& n) { Fail(ErrorCode::kUnsupported, "{}", n); }
std::string ToHfTokenizer(const TokenizerData&) { return ""; }
}

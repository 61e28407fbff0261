#pragma once
#include <string>
#include <string_view>
#include "text/tokenizer_data.h"
namespace cambium {
TokenizerData ParseHfTokenizer(std::string_view json, const std::string& source_name);
std::string ToHfTokenizer(const TokenizerData& data);
}

// SPDX-License-Identifier: Apache-2.0
#include "formats/hf_tokenizer_files.h"

#include "base/json.h"
#include "formats/hf_tokenizer.h"

namespace cambium {

std::vector<std::pair<std::string, std::string>> HfTokenizerFiles(const TokenizerData& data) {
  Json config = {{"tokenizer_class", "PreTrainedTokenizerFast"},
                 {"clean_up_tokenization_spaces", false},
                 {"add_bos_token", data.add_bos},
                 {"add_eos_token", data.add_eos}};
  for (const auto& [key, id] :
       {std::pair("bos_token", data.bos_id), std::pair("eos_token", data.eos_id),
        std::pair("unk_token", data.unk_id), std::pair("pad_token", data.pad_id)}) {
    if (id >= 0) config[key] = data.tokens.at(static_cast<size_t>(id));
  }
  std::vector<std::pair<std::string, std::string>> files = {
      {"tokenizer.json", ToHfTokenizer(data)}, {"tokenizer_config.json", config.dump(2) + "\n"}};
  if (!data.chat_template.empty()) files.emplace_back("chat_template.jinja", data.chat_template);
  return files;
}

}  // namespace cambium

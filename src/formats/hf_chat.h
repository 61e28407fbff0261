// SPDX-License-Identifier: Apache-2.0
// What a Hugging Face folder says about chats beside tokenizer.json: the chat template
// (chat_template.jinja, or chat_template of tokenizer_config.json: a text, or a list of
// {name, template} of which "default" is taken), and every token that ends an answer
// (eos_token_id of generation_config.json and config.json, a number or a list; eos_token of
// tokenizer_config.json). Files that are not there say nothing. Source: transformers 4.57,
// PreTrainedTokenizerBase and GenerationConfig.
#pragma once

#include <filesystem>

#include "text/tokenizer_data.h"

namespace cambium {

// Sets chat_template, end_ids, and bos_id and eos_id where they are not known yet and
// tokenizer_config.json names the token. Throws kCorruptData for what is no JSON object, kIo.
void ReadHfChat(const std::filesystem::path& folder, TokenizerData* tokenizer);

}  // namespace cambium

// SPDX-License-Identifier: Apache-2.0
#include "cli/chat_loop.h"

#include <algorithm>

#include "base/file.h"
#include "base/interrupt.h"
#include "cli/exit_codes.h"
#include "cli/generation_model.h"
#include "cli/output.h"
#include "cli/sampling_options.h"

namespace cambium {
namespace {

constexpr const char* kHelp =
    "  /help             this list\n"
    "  /exit, /quit      leave; so do Ctrl-D and a second Ctrl-C\n"
    "  /reset            begin anew; the system message stays\n"
    "  /system TEXT      what the model is to be; without TEXT: nothing\n"
    "  /undo             take back your last message and its answer\n"
    "  /retry            answer your last message again\n"
    "  /save FILE        the conversation as JSON (FILE.json), or as text\n"
    "  /stats            tokens, speed, and how full the context is\n"
    "  /show             how tokens are chosen\n"
    "  /temperature X    and every other sampling option: /top-p X, /seed N, ...\n"
    "  /max-tokens N     tokens of an answer at most; 0 is what the context holds\n"
    "  Ctrl-C stops an answer. A line that ends in \\ goes on; \"\"\" begins and ends\n"
    "  a message of several lines. // begins a message with a slash.\n";

constexpr std::string_view kBlock = "\"\"\"";

std::string Trim(const std::string& text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::string Transcript(const Json& messages) {
  std::string text;
  for (const Json& message : messages) {
    text += fmt::format("{}:\n{}\n\n", message["role"].get<std::string>(),
                        message["content"].get<std::string>());
  }
  return text;
}

}  // namespace

void ChatLoop::Say(const std::string& text) const {
  if (context_.quiet) return;
  if (reader_.is_terminal()) {
    Print(text + "\n");
    FlushOutput();
  } else {
    context_.Note(text);
  }
}

bool ChatLoop::ReadMessage(std::string* message) {
  message->clear();
  bool block = false, more = false, stopped_once = false;
  for (;;) {
    std::string line;
    const auto result = reader_.Read(display_.Prompt(block || more ? ". " : "> "), &line);
    if (result == LineReader::Result::kEnd) {
      if (reader_.is_terminal()) Print("\n");
      return !message->empty();
    }
    if (result == LineReader::Result::kInterrupted) {
      if (stopped_once || !reader_.is_terminal()) return false;
      stopped_once = true;
      message->clear();
      block = more = false;
      Say("\n(Ctrl-C again, Ctrl-D or /exit leaves.)");
      continue;
    }
    stopped_once = false;
    if (!block && !more && line.starts_with(kBlock)) {
      block = true;
      line.erase(0, kBlock.size());
      if (line.empty()) continue;
    }
    const bool ends_block = block && line.ends_with(kBlock);
    if (ends_block) line.resize(line.size() - kBlock.size());
    more = !block && line.ends_with('\\');
    if (more) line.back() = '\n';
    *message += line;
    if (ends_block || (!block && !more)) return true;
    if (block) *message += '\n';
  }
}

void ChatLoop::Run() {
  std::string message;
  while (ReadMessage(&message)) {
    if (Trim(message).empty()) continue;
    try {
      if (message.starts_with("//")) {
        Answer(message.substr(1), /*retry=*/false);
      } else if (message.starts_with('/')) {
        if (!TryCommand(Trim(message))) return;
      } else {
        Answer(message, /*retry=*/false);
      }
    } catch (const OutputClosed&) {
      throw;
    } catch (const Error& error) {
      if (!reader_.is_terminal()) throw;
      Say(error.what());
    }
  }
}

bool ChatLoop::TryCommand(const std::string& line) {
  try {
    return RunCommand(line);
  } catch (const OutputClosed&) {
    throw;
  } catch (const Error& error) {
    const bool of_the_line = error.code() == ErrorCode::kInvalidArgument ||
                             error.code() == ErrorCode::kNotFound || error.code() == ErrorCode::kIo;
    if (reader_.is_terminal() || !of_the_line) throw;
    // Nobody is there to type it again, and the messages behind it do not depend on it more than
    // the caller can tell from the errors.
    fmt::print(stderr, "cambium: error: {}\n", error.what());
    errors_.emplace_back(error.what());
    if (context_.exit_code == 0) context_.exit_code = ExitCodeOf(error.code());
    return true;
  }
}

bool ChatLoop::RunCommand(const std::string& line) {
  const size_t space = line.find(' ');
  const std::string name = line.substr(1, space == std::string::npos ? space : space - 1);
  const std::string value = space == std::string::npos ? "" : Trim(line.substr(space));
  if (name == "exit" || name == "quit" || name == "bye") return false;
  if (name == "help") {
    Say(kHelp);
  } else if (name == "reset") {
    chat_.Reset();
    Say("(forgotten)");
  } else if (name == "system") {
    chat_.SetSystem(value);
    Say(value.empty() ? "(no system message)" : "(system message set)");
  } else if (name == "undo") {
    Say(chat_.Undo() ? "(taken back)" : "(there is nothing to take back)");
  } else if (name == "retry") {
    Answer("", /*retry=*/true);
  } else if (name == "save") {
    Save(value);
  } else if (name == "stats") {
    ShowStats();
  } else if (name == "show") {
    Say(DescribeSampling(options_.sampler));
  } else {
    Set(name, value);
  }
  return true;
}

void ChatLoop::Set(const std::string& name, const std::string& value) {
  std::string wrong;
  if (name == "max-tokens") {
    const bool digits = !value.empty() && value.size() < 10 &&
                        value.find_first_not_of("0123456789") == std::string::npos;
    if (digits) options_.max_tokens = std::stoul(value);
    if (!digits) wrong = fmt::format("'{}' is not a whole number", value);
  } else {
    wrong = SetSamplingOption(name, value, &options_.sampler);
  }
  if (!wrong.empty()) {
    Fail(ErrorCode::kInvalidArgument,
         "/{}: {}; /help lists the commands, and // begins a message with a slash", name, wrong);
  }
  Say(fmt::format("({} {})", name, value));
}

void ChatLoop::Save(const std::string& path) const {
  if (path.empty()) Fail(ErrorCode::kInvalidArgument, "/save: the name of a file is missing");
  const bool json = std::filesystem::path(path).extension() == ".json";
  const std::string text = json ? Json{{"messages", chat_.messages()}}.dump(
                                      1, ' ', false, Json::error_handler_t::replace) +
                                      "\n"
                                : Transcript(chat_.messages());
  WriteFileAtomically(path, text);
  Say(fmt::format("(saved to {})", path));
}

void ChatLoop::Answer(const std::string& text, bool retry) {
  const PartCallback show = [&](const AnswerPart& part) {
    if (!context_.json) display_.Show(part);
  };
  ChatReply reply;
  try {
    reply = retry ? chat_.Retry(options_, show) : chat_.Say(text, options_, show);
  } catch (const Error&) {
    if (!context_.json) display_.EndAnswer();
    throw;
  }
  if (!context_.json) display_.EndAnswer();
  const bool cancelled = reply.finish_reason == FinishReason::kCancelled;
  if (cancelled && reader_.is_terminal()) {
    Say("(stopped)");
    ClearInterrupt();
  } else if (reply.finish_reason == FinishReason::kLength && !context_.json) {
    Say(options_.max_tokens == 0 || reply.tokens.size() < options_.max_tokens
            ? "(the context is full)"
            : "(cut at --max-tokens)");
  }
  turns_.push_back({retry ? "" : text, std::move(reply)});
  if (cancelled && !reader_.is_terminal()) {
    context_.exit_code = kExitStopped;
    Fail(ErrorCode::kCancelled, "stopped");
  }
}

void ChatLoop::ShowStats() const {
  std::string text = fmt::format("context   {} of {} tokens", chat_.held_tokens(), chat_.context());
  if (!turns_.empty()) {
    const ChatReply& last = turns_.back().reply;
    const GenerateStats& stats = last.stats;
    text += fmt::format(
        "\nlast turn {} tokens of prompt, {} of them new ({:.0f} tokens/s)"
        "\n          {} tokens of answer ({:.1f} tokens/s), first after {:.0f} ms",
        last.prompt_tokens, stats.prompt_tokens, stats.PrefillTokensPerSecond(), last.tokens.size(),
        stats.DecodeTokensPerSecond(), stats.first_token_seconds * 1000);
    if (options_.speculation.kind != SpeculationKind::kNone) {
      text += "\nguesses   " + SpeculationText(stats);
    }
  }
  Say(text);
}

}  // namespace cambium

// SPDX-License-Identifier: Apache-2.0
// The turns of `cambium chat`: what a person types, commands that begin with a slash, answers.
#pragma once

#include <string>
#include <vector>

#include "cli/chat_display.h"
#include "cli/context.h"
#include "cli/line_reader.h"
#include "infer/chat.h"

namespace cambium {

// One answered message.
struct ChatTurn {
  std::string user;
  ChatReply reply;
};

class ChatLoop {
 public:
  // All must outlive it. display and notes are used unless context.json.
  ChatLoop(Context& context, Chat& chat, LineReader& reader, ChatDisplay& display,
           GenerateOptions options)
      : context_(context),
        chat_(chat),
        reader_(reader),
        display_(display),
        options_(std::move(options)) {}

  // Until the end of the input, /exit, or a second Ctrl-C. On a terminal whatever fails is reported
  // and the loop goes on. Elsewhere a message that cannot be answered ends it: the error is thrown.
  // A command that is wrong is reported, decides the exit code, and the loop goes on.
  void Run();

  const std::vector<ChatTurn>& turns() const { return turns_; }
  // Of commands, where nobody watched.
  const std::vector<std::string>& errors() const { return errors_; }
  const GenerateOptions& options() const { return options_; }

 private:
  // A message, of several lines where it says so. False: leave.
  bool ReadMessage(std::string* message);
  // False: leave.
  bool TryCommand(const std::string& line);
  bool RunCommand(const std::string& line);
  void Set(const std::string& name, const std::string& value);
  void Save(const std::string& path) const;
  void Answer(const std::string& text, bool retry);
  void ShowStats() const;
  // For people: on standard output of a terminal, else on standard error.
  void Say(const std::string& text) const;

  Context& context_;
  Chat& chat_;
  LineReader& reader_;
  ChatDisplay& display_;
  GenerateOptions options_;
  std::vector<ChatTurn> turns_;
  std::vector<std::string> errors_;
};

}  // namespace cambium

// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include <initializer_list>

#include "cli/cli.h"

namespace {

// A standard stream that the caller closed would be the descriptor of the next file that is opened,
// and messages would be written into that. Results have nowhere to go: writing them still fails.
void OpenClosedStreams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(stream, F_GETFD) != -1) continue;
    (void)open("/dev/null", stream == STDERR_FILENO ? O_WRONLY : O_RDONLY);
  }
}

}  // namespace

int main(int argc, char** argv) {
  OpenClosedStreams();
  return cambium::RunCli(argc, argv);
}

// SPDX-License-Identifier: Apache-2.0
// Speed of encoding, on one thread: megabytes of text per second, the best and the median of some
// rounds. The peer's figure for the same file: bench/peers/tokenizers_encode.py.
//
//   tokenizer_speed TOKENIZER TEXT [ROUNDS]      TOKENIZER: tokenizer.json or a GGUF file
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "base/error.h"
#include "base/file.h"
#include "base/run_main.h"
#include "base/stopwatch.h"
#include "formats/gguf.h"
#include "formats/gguf_tokenizer.h"
#include "formats/hf_tokenizer.h"
#include "text/tokenizer.h"

namespace cambium {
namespace {

constexpr size_t kPieceBytes = size_t{64} << 10;

// The text in pieces that end with lines.
std::vector<std::string_view> Pieces(std::string_view text) {
  std::vector<std::string_view> pieces;
  while (!text.empty()) {
    const size_t end = text.find('\n', std::min(kPieceBytes, text.size() - 1));
    const size_t size = end == std::string_view::npos ? text.size() : end + 1;
    pieces.push_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return pieces;
}

int Main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr, "usage: tokenizer_speed TOKENIZER TEXT [ROUNDS]\n");
    return 2;
  }
  const std::string path = argv[1];
  const bool is_json = path.ends_with(".json");
  const Tokenizer tokenizer(is_json ? ParseHfTokenizer(ReadFile(path), path)
                                    : ReadGgufTokenizer(GgufFile(path)));
  const std::string text = ReadFile(argv[2]);
  const int rounds = argc > 3 ? std::atoi(argv[3]) : 5;
  std::vector<double> speeds;
  size_t num_tokens = 0;
  for (int round = 0; round < rounds; ++round) {
    const Clock::time_point start = Clock::now();
    num_tokens = 0;
    std::vector<int32_t> ids;
    for (const std::string_view piece : Pieces(text)) {
      ids.clear();
      tokenizer.Encode(piece, {}, &ids);
      num_tokens += ids.size();
    }
    speeds.push_back(static_cast<double>(text.size()) / 1e6 / SecondsSince(start));
  }
  fmt::print("{{\"tokens\": {}, \"mb_per_second\": {:.1f}, \"best\": {:.1f}}}\n", num_tokens,
             Median(speeds), *std::max_element(speeds.begin(), speeds.end()));
  return 0;
}

}  // namespace
}  // namespace cambium

int main(int argc, char** argv) { return cambium::RunMain(cambium::Main, argc, argv); }

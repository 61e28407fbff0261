// SPDX-License-Identifier: Apache-2.0
// Runs a fuzz target on mutated seeds, the same ones in every run:
//
//   fuzz_gguf [--seconds 60] [--first N]      from input number N on
//   fuzz_gguf FILE ...                        these inputs
//
// Ends with status 1 and the number of the input that threw what is no Error or took longer than a
// second; crashes print the number beforehand by --verbose. Sanitizers find the rest.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/error.h"
#include "base/file.h"
#include "base/philox.h"
#include "base/run_main.h"
#include "base/stopwatch.h"
#include "fuzz/fuzz_target.h"

namespace cambium {
namespace {

class Mutator {
 public:
  // Input number `trial`; always the same.
  std::string Make(uint64_t trial) {
    trial_ = trial;
    next_ = 0;
    std::string input = Pick(seeds_);
    const uint64_t count = 1 + Below(6);
    for (uint64_t i = 0; i < count; ++i) Mutate(&input);
    return input;
  }

 private:
  uint64_t Below(uint64_t bound) { return random_.Below(bound, trial_, next_++); }
  const std::string& Pick(const std::vector<std::string>& from) { return from[Below(from.size())]; }

  void Mutate(std::string* input) {
    const size_t place = Below(input->size() + 1);
    const size_t left = input->size() - place;
    const size_t size = std::min<size_t>(left, 1 + Below(16));
    switch (Below(8)) {
      case 0:  // a bit
        if (left > 0) (*input)[place] = static_cast<char>((*input)[place] ^ (1 << Below(8)));
        return;
      case 1:
        if (left > 0) (*input)[place] = static_cast<char>(Below(256));
        return;
      case 2:
        input->erase(place, size);
        return;
      case 3:
        input->insert(place, input->substr(place, size));
        return;
      case 4:
        input->insert(place, Pick(words_));
        return;
      case 5: {  // a number where one may stand
        constexpr uint64_t kNumbers[] = {
            0, 1, 255, 1u << 31, UINT32_MAX, uint64_t{1} << 40, uint64_t{1} << 62, UINT64_MAX};
        const uint64_t number = kNumbers[Below(8)];
        const size_t bytes = std::min<size_t>(left, Below(2) == 0 ? 4 : 8);
        std::memcpy(input->data() + place, &number, bytes);
        return;
      }
      case 6:  // a part of another seed
        input->replace(place, size, Pick(seeds_).substr(0, 1 + Below(200)));
        return;
      default:
        input->resize(place);
    }
  }

  const Philox random_{11, RandomPurpose::kTest};
  const std::vector<std::string> seeds_ = FuzzSeeds();
  const std::vector<std::string> words_ = FuzzWords();
  uint64_t trial_ = 0;
  uint64_t next_ = 0;
};

// False: it is not what an input may do.
bool RunOne(const std::string& input, const std::string& name) {
  const Clock::time_point start = Clock::now();
  try {
    FuzzOne(input);
  } catch (const Error&) {
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}: {}\n", name, error.what());
    return false;
  }
  // Sanitizers and a busy machine are slow: what is meant is minutes.
  if (SecondsSince(start) < 20) return true;
  fmt::print(stderr, "{}: took {:.1f} seconds\n", name, SecondsSince(start));
  return false;
}

int Main(int argc, char** argv) {
  double seconds = 10;
  uint64_t trial = 0;
  bool verbose = false;
  std::vector<std::string> files;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--seconds" && i + 1 < argc) {
      seconds = std::atof(argv[++i]);
    } else if (argument == "--first" && i + 1 < argc) {
      trial = std::strtoull(argv[++i], nullptr, 10);
    } else if (argument == "--verbose") {
      verbose = true;
    } else {
      files.push_back(argument);
    }
  }
  for (const std::string& file : files) {
    if (!RunOne(ReadFile(file), file)) return 1;
  }
  if (!files.empty()) return 0;
  for (const std::string& seed : FuzzSeeds()) FuzzOne(seed);  // no error in these
  Mutator mutator;
  const Clock::time_point start = Clock::now();
  for (; SecondsSince(start) < seconds; ++trial) {
    if (verbose) fmt::print(stderr, "{}\n", trial);
    if (!RunOne(mutator.Make(trial), fmt::format("input {}", trial))) return 1;
  }
  fmt::print("{} inputs\n", trial);
  return 0;
}

}  // namespace
}  // namespace cambium

int main(int argc, char** argv) { return cambium::RunMain(cambium::Main, argc, argv); }

// SPDX-License-Identifier: Apache-2.0
// Ends the program with a sentence, instead of an illegal instruction, on an x86 CPU below the
// contract's minimum. This file alone is compiled for plain x86-64, includes no headers whose
// inline functions other files compile for AVX2, and runs before all static constructors of the
// program. Test: CliProgramTest.SaysWhenTheCpuIsTooOld.
#if defined(__x86_64__)

#include <unistd.h>

namespace {

// 101 is the first priority that is free for programs (GCC manual, "constructor" attribute).
__attribute__((constructor(101))) void CheckCpu() {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
      __builtin_cpu_supports("bmi2")) {
    return;
  }
  static constexpr char kMessage[] =
      "cambium: error: this CPU lacks AVX2, FMA or BMI2; cambium needs x86-64-v3 (Intel Haswell of "
      "2013, AMD Excavator of 2015, or later)\n";
  const ssize_t ignored = write(STDERR_FILENO, kMessage, sizeof(kMessage) - 1);
  (void)ignored;
  _exit(1);
}

}  // namespace

#endif

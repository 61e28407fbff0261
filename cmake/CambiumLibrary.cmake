# One interface target carries the flags that the numerics contract needs and the warnings.
add_library(cambium_flags INTERFACE)
target_include_directories(cambium_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
# -ffp-contract=off: a multiply-add is fused where the contract says fma and nowhere else.
target_compile_options(cambium_flags INTERFACE
  -ffp-contract=off -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wno-psabi)
# Designated initialisers leave out the fields that keep their defaults: {.temperature = 0}.
target_compile_options(cambium_flags INTERFACE -Wno-missing-field-initializers)
# GCC 12 reports string concatenation as overlapping copies (GCC bug 105329).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(cambium_flags INTERFACE -Wno-restrict)
endif()
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  # The contract's minimum x86 target (AVX2 + FMA); wider units are chosen at run time.
  target_compile_options(cambium_flags INTERFACE -march=x86-64-v3)
  # x86-64-v3 has no AES; without this Highway would take SSSE3 for its baseline.
  target_compile_definitions(cambium_flags INTERFACE HWY_DISABLE_PCLMUL_AES)
endif()
if(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  # The Arm target is NEON. SVE vectors have no size at compile time, so they cannot be the array
  # elements that the tiles of the matrix kernels are made of.
  target_compile_definitions(cambium_flags INTERFACE
    "HWY_DISABLED_TARGETS=(HWY_SVE|HWY_SVE2|HWY_SVE_256|HWY_SVE2_128)")
endif()
if(CAMBIUM_WERROR)
  target_compile_options(cambium_flags INTERFACE -Werror)
endif()
if(CAMBIUM_SANITIZE)
  target_compile_options(cambium_flags INTERFACE -fsanitize=${CAMBIUM_SANITIZE}
    -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(cambium_flags INTERFACE -fsanitize=${CAMBIUM_SANITIZE})
  # CAMBIUM_FEWER_CHECKS on a target leaves out UBSan's checks of every load and store: in unrolled kernels,
  # and in code with many temporaries such as tests and the command line, they take up to half of the time
  # to compile. Of what they would find, AddressSanitizer and the instructions themselves let little pass.
  # What parses files keeps them all. Here, since they must follow the option above.
  if(CAMBIUM_SANITIZE MATCHES "undefined")
    target_compile_options(cambium_flags INTERFACE
      $<$<BOOL:$<TARGET_PROPERTY:CAMBIUM_FEWER_CHECKS>>:-fno-sanitize=alignment,null,object-size>)
  endif()
endif()

# cambium_library(NAME [FEWER_CHECKS] SRCS a.cc ... [TESTS a_test.cc ...] [DEPS base ...]
#                 [LIBS fmt::fmt ...])
# builds cambium_NAME and one test program NAME_test from all its tests.
function(cambium_library name)
  cmake_parse_arguments(ARG "FEWER_CHECKS" "" "SRCS;TESTS;DEPS;LIBS" ${ARGN})
  add_library(cambium_${name} STATIC ${ARG_SRCS})
  list(TRANSFORM ARG_DEPS PREPEND cambium_)
  target_link_libraries(cambium_${name} PUBLIC cambium_flags ${ARG_DEPS} ${ARG_LIBS})
  set_target_properties(cambium_${name} PROPERTIES CAMBIUM_FEWER_CHECKS "${ARG_FEWER_CHECKS}")
  if(CAMBIUM_TESTS AND ARG_TESTS)
    add_executable(${name}_test ${ARG_TESTS})
    target_link_libraries(${name}_test PRIVATE cambium_${name} GTest::gtest GTest::gtest_main)
    set_target_properties(${name}_test PROPERTIES CAMBIUM_FEWER_CHECKS ON)
    add_test(NAME ${name} COMMAND ${name}_test)
    # ThreadSanitizer slows threads that share a CPU down most; an emulator everything.
    set(timeout_s 900)
    if(CAMBIUM_SANITIZE MATCHES "thread" OR CMAKE_CROSSCOMPILING_EMULATOR)
      set(timeout_s 3600)
    endif()
    if(CMAKE_CROSSCOMPILING_EMULATOR)
      # What depends on clocks, limits of memory or forks tests the emulator, and is skipped.
      target_compile_definitions(${name}_test PRIVATE CAMBIUM_EMULATED)
    endif()
    set_tests_properties(${name} PROPERTIES LABELS fast TIMEOUT ${timeout_s})
  endif()
endfunction()

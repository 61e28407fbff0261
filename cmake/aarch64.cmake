# Cross-compiles for AArch64 with Debian's g++-aarch64-linux-gnu and the libraries that
# cmake/aarch64_sysroot.sh has unpacked, and runs tests under qemu-aarch64. `make aarch64` does both.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)

get_filename_component(AARCH64_SYSROOT ${CMAKE_CURRENT_LIST_DIR}/../build/aarch64-sysroot ABSOLUTE)
set(AARCH64_LIBRARIES ${AARCH64_SYSROOT}/usr/lib/aarch64-linux-gnu)
# Not CMAKE_SYSROOT: the C and C++ libraries are the cross compiler's own.
set(CMAKE_FIND_ROOT_PATH ${AARCH64_SYSROOT})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_LIBDIR} ${AARCH64_LIBRARIES}/pkgconfig:${AARCH64_SYSROOT}/usr/share/pkgconfig)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${AARCH64_SYSROOT})

# Debian keeps headers that differ by architecture (openssl/opensslconf.h) in a folder of their own.
set(CMAKE_CXX_FLAGS_INIT "-isystem ${AARCH64_SYSROOT}/usr/include/aarch64-linux-gnu")
# Libraries that libraries need.
set(CMAKE_EXE_LINKER_FLAGS_INIT "-Wl,-rpath-link,${AARCH64_LIBRARIES}")
set(CMAKE_CROSSCOMPILING_EMULATOR
    qemu-aarch64 -L /usr/aarch64-linux-gnu -E LD_LIBRARY_PATH=${AARCH64_LIBRARIES})

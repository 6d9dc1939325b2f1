# SPDX-License-Identifier: LGPL-2.1-or-later
# Compiler and linker options that every target of the tree shares: target pd_options.
include(CheckCCompilerFlag)

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

add_library(pd_options INTERFACE)
target_include_directories(pd_options INTERFACE
    "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}/include")
target_compile_options(pd_options INTERFACE
    -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
    -fvisibility=hidden -fno-common)
# Where the tree stands is no part of what is built from it.
check_c_compiler_flag(-ffile-prefix-map=.=. PD_HAVE_FILE_PREFIX_MAP)
if(PD_HAVE_FILE_PREFIX_MAP AND CMAKE_BUILD_TYPE STREQUAL "Release")
    target_compile_options(pd_options INTERFACE "-ffile-prefix-map=${PROJECT_SOURCE_DIR}=.")
endif()
if(PD_WERROR)
    target_compile_options(pd_options INTERFACE -Werror)
endif()

if(WIN32)
    # msvcrt's printf knows neither %zu nor %lld: mingw-w64's own does.
    target_compile_definitions(pd_options INTERFACE
        _WIN32_WINNT=0x0602 WINVER=0x0602 UNICODE _UNICODE WIN32_LEAN_AND_MEAN
        __USE_MINGW_ANSI_STDIO=1)
    # No compiler runtime DLL beside ours, and no timestamp, so that builds can be compared.
    target_link_options(pd_options INTERFACE -static-libgcc -static -Wl,--no-insert-timestamp)
    if(CMAKE_SIZEOF_VOID_P EQUAL 4)
        # 32-bit callers arrive with stacks aligned to 4; SSE2 for the whole file is what makes
        # the compiler realign in functions that spill vectors.
        target_compile_options(pd_options INTERFACE -msse2 -mfpmath=sse -mstackrealign)
    else()
        # gcc for Win64 can spill 256-bit vectors with aligned moves to a 16-byte aligned stack.
        check_c_compiler_flag(-Wa,-muse-unaligned-vector-move PD_HAVE_UNALIGNED_VECTOR_MOVE)
        if(PD_HAVE_UNALIGNED_VECTOR_MOVE)
            target_compile_options(pd_options INTERFACE -Wa,-muse-unaligned-vector-move)
        endif()
    endif()
else()
    target_compile_definitions(pd_options INTERFACE
        _POSIX_C_SOURCE=200809L _DEFAULT_SOURCE _FILE_OFFSET_BITS=64)
endif()

if(PD_SANITIZE)
    target_compile_options(pd_options INTERFACE
        -fsanitize=${PD_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(pd_options INTERFACE -fsanitize=${PD_SANITIZE})
endif()
if(PD_FUZZ)
    target_compile_options(pd_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

# SPDX-License-Identifier: LGPL-2.1-or-later
# How tests are named to CTest. Every test program prints, as a line of its own,
# "RESULT passed=N failed=N skipped=N" (unit_main.h and check.h do), and "SKIP: test: reason" for
# each skip; run-test.sh runs it, under Wine where it is a PE file, and records the counts.
set(PD_RUN_TEST "${PROJECT_SOURCE_DIR}/tests/support/run-test.sh")
set(PD_RESULT_DIR "${CMAKE_BINARY_DIR}/results")
file(MAKE_DIRECTORY "${PD_RESULT_DIR}")
set(PD_TEST_WIDTH 64)
if(CMAKE_SIZEOF_VOID_P EQUAL 4)
    set(PD_TEST_WIDTH 32)
endif()

# What both kinds of test share: SERIAL tests run alone, TIMEOUT is in seconds.
function(pd_set_test_properties name timeout serial environment)
    if(NOT timeout)
        set(timeout 120)
    endif()
    set_tests_properties(${name} PROPERTIES TIMEOUT ${timeout} SKIP_RETURN_CODE 77
        RUN_SERIAL ${serial})
    set_property(TEST ${name} PROPERTY ENVIRONMENT
        "PD_OUTPUT_DIR=${PD_OUTPUT_DIR}" "PD_SOURCE_DIR=${PROJECT_SOURCE_DIR}"
        "PD_BUILD_DIR=${CMAKE_BINARY_DIR}" "PD_TEST_WIDTH=${PD_TEST_WIDTH}" ${environment})
endfunction()

# pd_add_test_program(NAME SOURCES file... [LIBS target...]): a program of the tests that CTest does
# not run by itself (helpers of other tests, benchmarks).
function(pd_add_test_program name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBS")
    add_executable(${name} ${arg_SOURCES})
    target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
    target_compile_definitions(${name} PRIVATE PD_TEST_DATA="${PROJECT_SOURCE_DIR}/tests")
    target_link_libraries(${name} PRIVATE ${arg_LIBS} cmocka pd_options)
    if(WIN32)
        # Test programs stand on the console subsystem and never show a window.
        target_link_options(${name} PRIVATE -mconsole)
    endif()
endfunction()

# pd_add_test(NAME SOURCES file... [LIBS target...] [PE_ONLY | NATIVE_ONLY] [SERIAL]
#             [TIMEOUT seconds] [ARGS arg...] [ENVIRONMENT NAME=value...])
# A test program, built and run in native and PE trees alike unless one is named.
function(pd_add_test name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "PE_ONLY;NATIVE_ONLY;SERIAL" "TIMEOUT"
        "SOURCES;LIBS;ARGS;ENVIRONMENT")
    if((WIN32 AND arg_NATIVE_ONLY) OR (NOT WIN32 AND arg_PE_ONLY))
        return()
    endif()
    pd_add_test_program(${name} SOURCES ${arg_SOURCES} LIBS ${arg_LIBS})
    add_test(NAME ${name} COMMAND "${PD_RUN_TEST}" "${PD_RESULT_DIR}/${name}"
        $<TARGET_FILE:${name}> ${arg_ARGS})
    pd_set_test_properties(${name} "${arg_TIMEOUT}" ${arg_SERIAL} "${arg_ENVIRONMENT}")
endfunction()

# pd_add_script_test(NAME COMMAND program arg... [PE_ONLY | NATIVE_ONLY] [SERIAL] [PLAIN]
#                    [TIMEOUT seconds] [ENVIRONMENT NAME=value...])
# A script. PLAIN: it prints no RESULT line; its exit status (0, 77 for skipped) is one test.
function(pd_add_script_test name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "PE_ONLY;NATIVE_ONLY;SERIAL;PLAIN" "TIMEOUT"
        "COMMAND;ENVIRONMENT")
    if((WIN32 AND arg_NATIVE_ONLY) OR (NOT WIN32 AND arg_PE_ONLY))
        return()
    endif()
    set(plain)
    if(arg_PLAIN)
        set(plain --plain)
    endif()
    add_test(NAME ${name} COMMAND "${PD_RUN_TEST}" ${plain} "${PD_RESULT_DIR}/${name}"
        ${arg_COMMAND})
    pd_set_test_properties(${name} "${arg_TIMEOUT}" ${arg_SERIAL} "${arg_ENVIRONMENT}")
endfunction()

# pd_add_benchmark(NAME SOURCES file... [LIBS target...] [ARGS arg...]): a program that `make bench`
# runs and shows; no test.
function(pd_add_benchmark name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBS;ARGS")
    pd_add_test_program(${name} SOURCES ${arg_SOURCES} LIBS ${arg_LIBS})
    pd_add_script_test(${name} SERIAL PLAIN TIMEOUT 300
        COMMAND $<TARGET_FILE:${name}> ${arg_ARGS})
    set_tests_properties(${name} PROPERTIES LABELS bench)
endfunction()

# pd_add_fuzzer(NAME SOURCES file... [LIBS target...] [CORPUS folder]): a libFuzzer target (it
# defines LLVMFuzzerTestOneInput). In a PD_FUZZ tree it fuzzes; in every other its corpus is
# replayed as a test.
function(pd_add_fuzzer name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "CORPUS" "SOURCES;LIBS")
    if(PD_FUZZ)
        pd_add_test_program(${name} SOURCES ${arg_SOURCES} LIBS ${arg_LIBS})
        target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    else()
        pd_add_test(${name} SOURCES ${arg_SOURCES}
            "${PROJECT_SOURCE_DIR}/tests/support/fuzz_replay.c" LIBS ${arg_LIBS}
            ARGS "${CMAKE_CURRENT_SOURCE_DIR}/${arg_CORPUS}")
    endif()
endfunction()

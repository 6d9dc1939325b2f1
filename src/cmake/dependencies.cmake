# SPDX-License-Identifier: LGPL-2.1-or-later
# Libraries of others: the host's own for native trees; for PE trees those that build-deps.sh made,
# or, where it made none, the ones a distribution ships for mingw-w64. picohttpparser is of
# build-deps.sh's making everywhere.
set(pd_deps native)
if(WIN32)
    set(pd_deps ${CMAKE_SYSTEM_PROCESSOR})
endif()
set(PD_DEPS_DIR "${PROJECT_SOURCE_DIR}/build/deps/${pd_deps}" CACHE PATH
    "Dependencies that build-deps.sh made")
if(EXISTS "${PD_DEPS_DIR}")
    list(PREPEND CMAKE_FIND_ROOT_PATH "${PD_DEPS_DIR}")
    list(PREPEND CMAKE_PREFIX_PATH "${PD_DEPS_DIR}")
endif()

set(THREADS_PREFER_PTHREAD_FLAG ON)
if(WIN32)
    set(OPENSSL_USE_STATIC_LIBS ON)
else()
    find_package(Threads REQUIRED)
endif()
find_package(OpenSSL 3.0 REQUIRED COMPONENTS Crypto)
find_package(SQLite3 3.31 REQUIRED)
find_package(EXPAT 2.4 REQUIRED)

# pd_find_library(NAME header library): what has no module of CMake's own.
function(pd_find_library name header library)
    find_path(${name}_INCLUDE_DIR ${header} REQUIRED)
    find_library(${name}_LIBRARY ${library} REQUIRED)
    add_library(${name} INTERFACE)
    target_include_directories(${name} SYSTEM INTERFACE "${${name}_INCLUDE_DIR}")
    target_link_libraries(${name} INTERFACE "${${name}_LIBRARY}")
endfunction()
pd_find_library(microhttpd microhttpd.h microhttpd)
pd_find_library(picohttpparser picohttpparser.h picohttpparser)
if(WIN32)
    target_link_libraries(microhttpd INTERFACE ws2_32)
    target_compile_definitions(EXPAT::EXPAT INTERFACE XML_STATIC)
    # What a static libcrypto needs of the system.
    set_property(TARGET OpenSSL::Crypto APPEND PROPERTY
        INTERFACE_LINK_LIBRARIES ws2_32 crypt32 advapi32 user32)
endif()

if(PD_TESTS)
    pd_find_library(cmocka cmocka.h cmocka)
endif()

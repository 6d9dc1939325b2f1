# SPDX-License-Identifier: LGPL-2.1-or-later
# Libraries of others: the host's own for native trees; for PE trees those that build-deps.sh made,
# or, where it made none, the ones a distribution ships for mingw-w64.
set(PD_DEPS_DIR "${PROJECT_SOURCE_DIR}/build/deps/${CMAKE_SYSTEM_PROCESSOR}" CACHE PATH
    "Cross-built dependencies (PE trees)")
if(WIN32 AND EXISTS "${PD_DEPS_DIR}")
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
if(WIN32)
    # What a static libcrypto needs of the system.
    set_property(TARGET OpenSSL::Crypto APPEND PROPERTY
        INTERFACE_LINK_LIBRARIES ws2_32 crypt32 advapi32 user32)
endif()

if(PD_TESTS)
    find_path(PD_CMOCKA_INCLUDE_DIR cmocka.h REQUIRED)
    find_library(PD_CMOCKA_LIBRARY cmocka REQUIRED)
    add_library(cmocka INTERFACE)
    target_include_directories(cmocka SYSTEM INTERFACE "${PD_CMOCKA_INCLUDE_DIR}")
    target_link_libraries(cmocka INTERFACE "${PD_CMOCKA_LIBRARY}")
endif()

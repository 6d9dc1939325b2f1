# SPDX-License-Identifier: LGPL-2.1-or-later
# peerdist.dll and its two import libraries, all from the table def/exports.txt.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
find_program(PD_LLVM_DLLTOOL NAMES llvm-dlltool llvm-dlltool-14 llvm-dlltool-15 llvm-dlltool-16
    REQUIRED)
find_program(PD_DLLTOOL NAMES ${CMAKE_SYSTEM_PROCESSOR}-w64-mingw32-dlltool dlltool REQUIRED)

set(PD_DEF "${PROJECT_SOURCE_DIR}/def/peerdist.def")
if(CMAKE_SIZEOF_VOID_P EQUAL 4)
    # Callers on x86 refer to _PeerDistStartup@12 while the DLL exports the plain name: an import
    # library must know the decorated names and drop the decoration (-k).
    set(import_def "${CMAKE_CURRENT_BINARY_DIR}/peerdist-decorated.def")
    set(generator "${PROJECT_SOURCE_DIR}/src/cmake/gen-exports.py")
    add_custom_command(OUTPUT "${import_def}"
        COMMAND Python3::Interpreter "${generator}" --decorated
                "${PROJECT_SOURCE_DIR}/def/exports.txt" "${import_def}"
        DEPENDS "${PROJECT_SOURCE_DIR}/def/exports.txt" "${generator}" VERBATIM)
    set(dlltool_flags -k)
    set(machine i386)
else()
    set(import_def "${PD_DEF}")
    set(dlltool_flags)
    set(machine i386:x86-64)
endif()

set(mingw_lib "${PD_OUTPUT_DIR}/libpeerdist.a")
set(msvc_lib "${PD_OUTPUT_DIR}/PeerDist.lib")
add_custom_command(OUTPUT "${mingw_lib}"
    COMMAND ${CMAKE_COMMAND} -E make_directory "${PD_OUTPUT_DIR}"
    # The name that is given for the library goes into its symbols: without a path.
    COMMAND ${CMAKE_COMMAND} -E chdir "${PD_OUTPUT_DIR}" ${PD_DLLTOOL} --deterministic-libraries
            --temp-prefix peerdist ${dlltool_flags} -d "${import_def}" -D peerdist.dll
            -l libpeerdist.a
    DEPENDS "${import_def}" WORKING_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}" VERBATIM)
add_custom_command(OUTPUT "${msvc_lib}"
    COMMAND ${CMAKE_COMMAND} -E make_directory "${PD_OUTPUT_DIR}"
    COMMAND ${PD_LLVM_DLLTOOL} -m ${machine} ${dlltool_flags} -d "${import_def}" -D peerdist.dll
            -l "${msvc_lib}"
    DEPENDS "${import_def}" WORKING_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}" VERBATIM)
add_custom_target(peerdist_import_libraries ALL DEPENDS "${mingw_lib}" "${msvc_lib}")

# What programs link: the mingw import library, with the DLL built in any case.
add_library(peerdist_import INTERFACE)
target_link_libraries(peerdist_import INTERFACE "${mingw_lib}")
target_include_directories(peerdist_import INTERFACE "${PROJECT_SOURCE_DIR}/include")

add_library(peerdist SHARED "${PD_DEF}")
target_link_libraries(peerdist PRIVATE pd_api pd_options)
# The linker's own import library is left in the build folder: on x86 it would carry no decoration.
set_target_properties(peerdist PROPERTIES PREFIX "" LINKER_LANGUAGE C
    RUNTIME_OUTPUT_DIRECTORY "${PD_OUTPUT_DIR}"
    ARCHIVE_OUTPUT_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}"
    LINK_DEPENDS "${PD_DEF}")
if(CMAKE_SIZEOF_VOID_P EQUAL 4)
    target_link_options(peerdist PRIVATE -Wl,--enable-stdcall-fixup)
endif()
pd_version_resource(peerdist peerdist.dll "Peer Distribution (BranchCache) API" DLL)
add_dependencies(peerdist peerdist_import_libraries)
add_dependencies(peerdist_import peerdist)

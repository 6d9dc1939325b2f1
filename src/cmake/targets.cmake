# SPDX-License-Identifier: LGPL-2.1-or-later
# How a layer of src/ becomes a target.

# pd_library(NAME [OBJECT] LINK target...): a layer. Its files are added with pd_sources.
function(pd_library name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "OBJECT" "" "LINK")
    if(arg_OBJECT)
        add_library(${name} OBJECT)
    else()
        add_library(${name} STATIC)
    endif()
    target_link_libraries(${name} PUBLIC ${arg_LINK} PRIVATE pd_options)
endfunction()

# pd_sources(TARGET file...): files of the calling folder.
function(pd_sources name)
    list(TRANSFORM ARGN PREPEND "${CMAKE_CURRENT_SOURCE_DIR}/")
    target_sources(${name} PRIVATE ${ARGN})
endfunction()

# pd_version_resource(TARGET FILE DESCRIPTION TYPE): VERSIONINFO for a PE file; TYPE is DLL or APP.
function(pd_version_resource name file description type)
    set(PD_RC_FILE "${file}")
    set(PD_RC_DESCRIPTION "${description}")
    set(PD_RC_TYPE "VFT_${type}")
    set(rc "${CMAKE_CURRENT_BINARY_DIR}/${name}-version.rc")
    configure_file("${PROJECT_SOURCE_DIR}/def/version.rc.in" "${rc}" @ONLY)
    target_sources(${name} PRIVATE "${rc}")
endfunction()

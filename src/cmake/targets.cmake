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
    cmake_language(EVAL CODE "cmake_language(DEFER DIRECTORY [[${PROJECT_SOURCE_DIR}]]
        CALL pd_library_check ${name})")
endfunction()

# pd_sources(TARGET file...): files of the calling folder.
function(pd_sources name)
    foreach(file IN LISTS ARGN)
        if(EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${file}")
            target_sources(${name} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}/${file}")
        else()
            message(WARNING "${name}: ${CMAKE_CURRENT_SOURCE_DIR}/${file} is not there yet")
        endif()
    endforeach()
endfunction()

# A target needs one file at least; a layer that has none yet gets an empty one.
function(pd_library_check name)
    get_target_property(sources ${name} SOURCES)
    if(NOT sources)
        set(stub "${CMAKE_BINARY_DIR}/empty-${name}.c")
        file(WRITE "${stub}" "extern int pd_empty_${name};\n")
        target_sources(${name} PRIVATE "${stub}")
    endif()
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

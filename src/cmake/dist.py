#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Packs what users get into one archive that depends on nothing but its contents.

dist.py SOURCE-FOLDER OUTPUT-FOLDER
"""
import hashlib
import os
import pathlib
import re
import sys
import tarfile
import zipfile

FILES = ("peerdist.dll", "peerdist.exe", "peerdistsvc.exe", "peerdist-demo.exe", "PeerDist.lib",
         "libpeerdist.a")
WIDTHS = (("x64", "release"), ("x86", "release32"))

CMAKE = """\
# find_package(peerdist) gives the target peerdist::peerdist, for gcc and for MSVC-compatible linkers.
if(NOT TARGET peerdist::peerdist)
    get_filename_component(_peerdist "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
    if(CMAKE_SIZEOF_VOID_P EQUAL 8)
        set(_peerdist_width x64)
    else()
        set(_peerdist_width x86)
    endif()
    if(MSVC)
        set(_peerdist_library PeerDist.lib)
    else()
        set(_peerdist_library libpeerdist.a)
    endif()
    add_library(peerdist::peerdist SHARED IMPORTED)
    set_target_properties(peerdist::peerdist PROPERTIES
        IMPORTED_LOCATION "${_peerdist}/${_peerdist_width}/peerdist.dll"
        IMPORTED_IMPLIB "${_peerdist}/${_peerdist_width}/${_peerdist_library}"
        INTERFACE_INCLUDE_DIRECTORIES "${_peerdist}/include")
endif()
set(peerdist_FOUND TRUE)
"""

CMAKE_VERSION = """\
set(PACKAGE_VERSION "@VERSION@")
if(PACKAGE_FIND_VERSION VERSION_GREATER PACKAGE_VERSION)
    set(PACKAGE_VERSION_COMPATIBLE FALSE)
else()
    set(PACKAGE_VERSION_COMPATIBLE TRUE)
    if(PACKAGE_FIND_VERSION VERSION_EQUAL PACKAGE_VERSION)
        set(PACKAGE_VERSION_EXACT TRUE)
    endif()
endif()
"""

PKG_CONFIG = """\
prefix=${pcfiledir}/../..
Name: peerdist
Description: Peer Distribution (BranchCache) API, @WIDTH@
Version: @VERSION@
Libs: -L${prefix}/@WIDTH@ -lpeerdist
Cflags: -I${prefix}/include
"""

# What the toolchain links into every program: the runtimes of gcc and of mingw-w64.
TOOLCHAIN = {"licences/gcc-runtime.txt": "gcc-mingw-w64-x86-64-win32-runtime",
             "licences/mingw-w64.txt": "mingw-w64-x86-64-dev"}

SQLITE = """\
SQLite, which is part of all the programs and the library, is in the public domain:
https://sqlite.org/copyright.html
"""


# Where the licence is in the archive that a dependency was built from.
LICENCES = {"openssl": r"[^/]+/LICENSE(\.txt)?", "expat": r"[^/]+/(expat/)?COPYING",
            "libmicrohttpd": r"[^/]+/COPYING",
            # picohttpparser's is at the head of its source.
            "h2o": r"[^/]+/deps/picohttpparser/picohttpparser\.c"}


def licence(source, package):
    archive = pathlib.Path((source / f"build/deps/download/{package}.path").read_text().strip())
    with tarfile.open(archive) as files:
        for member in files:
            if re.fullmatch(LICENCES[package], member.name):
                text = files.extractfile(member).read()
                return text.split(b"*/")[0] + b"*/\n" if member.name.endswith(".c") else text
    raise SystemExit(f"no licence in {archive}")


def contents(source, version):
    entries = {}
    for width, build in WIDTHS:
        for name in FILES:
            entries[f"{width}/{name}"] = (source / "build" / build / "out" / name).read_bytes()
        entries[f"lib/pkgconfig/peerdist-{width}.pc"] = (
            PKG_CONFIG.replace("@VERSION@", version).replace("@WIDTH@", width).encode())
    entries["lib/cmake/peerdist/peerdistConfig.cmake"] = CMAKE.encode()
    entries["lib/cmake/peerdist/peerdistConfigVersion.cmake"] = (
        CMAKE_VERSION.replace("@VERSION@", version).encode())
    for name in ("include/peerdist.h", "def/peerdist.def", "LICENSE", "README.md"):
        entries[name] = (source / name).read_bytes()
    for package in LICENCES:
        name = "picohttpparser" if package == "h2o" else package
        entries[f"licences/{name}.txt"] = licence(source, package)
    entries["licences/sqlite.txt"] = SQLITE.encode()
    for name, package in TOOLCHAIN.items():
        entries[name] = pathlib.Path("/usr/share/doc", package, "copyright").read_bytes()
    sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n"
                   for name, data in sorted(entries.items()))
    entries["SHA256SUMS"] = sums.encode()
    return entries


def main():
    source, output = map(pathlib.Path, sys.argv[1:3])
    version = re.search(r"project\(peerdist VERSION (\S+)",
                        (source / "CMakeLists.txt").read_text())[1]
    output.mkdir(parents=True, exist_ok=True)
    archive = output / f"peerdist-{version}.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in sorted(contents(source, version).items()):
            # The earliest date that the format has, for every file.
            entry = zipfile.ZipInfo(f"peerdist-{version}/{name}", (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            file.writestr(entry, data)
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    (output / f"{archive.name}.sha256").write_text(f"{digest}  {archive.name}\n")
    print(f"{archive} ({os.path.getsize(archive)} bytes)")


if __name__ == "__main__":
    main()

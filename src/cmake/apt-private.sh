# SPDX-License-Identifier: LGPL-2.1-or-later
# Sourced: apt with a state of its own under build/. The archives are those that this machine uses
# anyway; the user's own configuration, indexes and packages are left alone.

# private_apt FOLDER deb|deb-src ARCHITECTURE: sets the array apt_options and fetches the indexes.
private_apt()
{
    local apt=$1 type=$2 arch=$3 file
    mkdir -p "$apt/lists/partial" "$apt/sources" "$apt/cache"
    rm -f "$apt"/sources/*
    for file in /etc/apt/sources.list.d/*.sources; do
        if grep -qsE '^URIs:.*/debian(-security)?/?( |$)' "$file"; then
            sed -e "s/^Types:.*/Types: $type/" -e '/^Architectures:/d' "$file" \
                >"$apt/sources/${file##*/}"
        fi
    done
    { cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null || true; } |
        sed -nE "s,^deb(-src)? (.*/debian(-security)?/? .*),$type \2,p" |
        sed -E 's/arch=[^] ]*//' | sort -u >"$apt/sources/lines.list"
    apt_options=(-o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$apt/sources"
        -o "Dir::State::lists=$apt/lists" -o "Dir::Cache=$apt/cache" -o APT::Sandbox::User=root
        -o "APT::Architecture=$arch" -o "APT::Architectures=$arch")
    # One suite of a mirror may be out of step; what is missed is noticed when a package is.
    apt-get "${apt_options[@]}" update -qq >"$apt/update.log" 2>&1 || true
}

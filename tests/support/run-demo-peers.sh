#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Usage: run-demo-peers.sh TREE OUTPUT
# The last act of the demonstration: the machine that published TREE and has it in its cache (the prefix
# build/wineprefix-demo) serves it, and another one (build/wineprefix-demo-b) fetches all of it with no
# origin, by the content information in OUTPUT. Where namespaces can be made the two are on a network of
# their own, else on loopback, on a port of their own.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
cd "$root"
tree=$1 output=$2 port=18099
a=pd-demo-a-$$ b=pd-demo-b-$$
service=
inside_a=() inside_b=()

cleanup()
{
    [ -z "$service" ] || exec {input}>&-
    [ -z "$service" ] || wait "$service" || true
    for prefix in demo demo-b; do
        WINEPREFIX=$root/build/wineprefix-$prefix wineserver -k >/dev/null 2>&1 || true
    done
    ip netns del "$a" 2>/dev/null || true
    ip netns del "$b" 2>/dev/null || true
}
trap cleanup EXIT

if [ "$(id -u)" = 0 ] && ip netns add "$a" 2>/dev/null; then
    ip netns add "$b"
    ip -n "$a" link add eth0 type veth peer name eth0 netns "$b"
    for end in "$a 10.99.0.1" "$b 10.99.0.2"; do
        set -- $end
        ip netns exec "$1" sysctl -qw net.ipv6.conf.all.accept_dad=0 || true
        ip -n "$1" link set lo up
        ip -n "$1" addr add "$2/24" dev eth0
        ip -n "$1" link set eth0 up
    done
    inside_a=(ip netns exec "$a") inside_b=(ip netns exec "$b")
    echo "two machines on a network of their own, 10.99.0.1 and 10.99.0.2"
else
    echo "two prefixes on loopback"
fi

export PD_OUTPUT_DIR=$root/build/x86_64
. "$here/wine-env.sh"
# machine PREFIX PROGRAM ARGUMENT...: a server belongs to the network that its first program was on.
machine_a() { WINEPREFIX=$root/build/wineprefix-demo "${inside_a[@]}" "$here/run-wine.sh" "$@" </dev/null; }
machine_b() { WINEPREFIX=$root/build/wineprefix-demo-b "${inside_b[@]}" "$here/run-wine.sh" "$@" </dev/null; }
WINEPREFIX=$root/build/wineprefix-demo wineserver -k >/dev/null 2>&1 || true
WINEPREFIX=$root/build/wineprefix-demo-b wineserver -k >/dev/null 2>&1 || true

for machine in machine_a machine_b; do
    "$machine" build/x86_64/peerdist.exe config distributed.enabled on >/dev/null
    "$machine" build/x86_64/peerdist.exe config retrieval.listen-port $port >/dev/null
    "$machine" build/x86_64/peerdist.exe cache limit 4G >/dev/null
done

# It ends when its standard input does.
log=$output/service.log
coproc SERVICE { WINEPREFIX=$root/build/wineprefix-demo exec "${inside_a[@]}" "$here/run-wine.sh" \
    build/x86_64/peerdistsvc.exe --console >"$log" 2>&1; }
service=$SERVICE_PID
input=${SERVICE[1]}
for _ in $(seq 300); do
    grep -q 'serving on' "$log" && break
    sleep 0.1
done
grep -q 'serving on' "$log" || { cat "$log"; exit 1; }

machine_b build/x86_64/peerdist-demo.exe --from-peers "$(wine_path "$tree")" "$(wine_path "$output")" \
    >"$output/peers.txt" || { cat "$output/peers.txt"; exit 1; }
cat "$output/peers.txt"
machine_b build/x86_64/peerdist.exe peers >"$output/counters.txt"
cat "$output/counters.txt"

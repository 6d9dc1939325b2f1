#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Content information and key files the slow way, from [MS-PCCRC] and the comment in
src/core/segmenter_v2.h, sharing no code with the library: what the differential tests compare with.

  reference.py --version 1|2 KEY [--algorithm sha256|sha384|sha512] [--range OFFSET:LENGTH] FILE
  reference.py KEY --export-key PASSPHRASE
  reference.py --import-key PASSPHRASE FILE

KEY is --key-passphrase TEXT or --key-hex HEX. The first form writes the blob to standard output (nothing
for empty content), the second an exported key file, the third the key in hexadecimal.
"""
import argparse
import hashlib
import hmac
import struct
import sys

BLOCK = 65536
SEGMENT_V1 = 33554432
LEAST_V2, MOST_V2 = 32768, 131072
ID_CONSTANT = "MS_P2P_CACHING\0".encode("utf-16-le")
V1_ALGORITHMS = {"sha256": 0x800C, "sha384": 0x800D, "sha512": 0x800E}


def passphrase_key(text):
    return text.encode("utf-16-le")


class Names:
    """Ks, HoD, Kp and HoHoDk of one version and algorithm, under one secret key."""

    def __init__(self, version, algorithm, key):
        self.algorithm = "sha512" if version == 2 else algorithm
        self.size = 32 if version == 2 else hashlib.new(algorithm).digest_size
        self.ks = self.hash(key)

    def hash(self, data):
        return hashlib.new(self.algorithm, data).digest()[: self.size]

    def hmac(self, key, data):
        return hmac.new(key, data, self.algorithm).digest()[: self.size]

    def secret(self, hod):
        return self.hmac(self.ks, hod)

    def segment_id(self, hod):
        return self.hmac(self.secret(hod), hod + ID_CONSTANT)


def resolve_range(length, wanted):
    start, count = wanted or (0, 0)
    if (start, count) == (0, 0):
        return 0, length
    if count == 0 or start + count > length:
        raise ValueError("range")
    return start, start + count


def content_info_v1(data, key, algorithm="sha256", wanted=None):
    """Block lists from block 0 of the first segment on, as in the worked examples 3.3 and 3.5."""
    start, end = resolve_range(len(data), wanted)
    if not data:
        return b""
    names = Names(1, algorithm, key)
    descriptions, lists = [], []
    listed = range(start // SEGMENT_V1, (end - 1) // SEGMENT_V1 + 1)
    for index in listed:
        offset = index * SEGMENT_V1
        segment = data[offset : offset + SEGMENT_V1]
        hashes = [names.hash(segment[i : i + BLOCK]) for i in range(0, len(segment), BLOCK)]
        hod = names.hash(b"".join(hashes))
        descriptions.append(struct.pack("<QII", offset, len(segment), BLOCK) + hod + names.secret(hod))
        needed = [h for i, h in enumerate(hashes) if offset + i * BLOCK < end]
        lists.append(struct.pack("<I", len(needed)) + b"".join(needed))
    last_offset = listed[-1] * SEGMENT_V1
    if end == min(last_offset + SEGMENT_V1, len(data)):
        last = 0
    elif len(listed) == 1:
        last = end - start
    else:
        last = end - last_offset
    header = struct.pack(
        "<HIIII", 0x0100, V1_ALGORITHMS[algorithm], start - listed[0] * SEGMENT_V1, last, len(listed)
    )
    return header + b"".join(descriptions) + b"".join(lists)


def quick_passes(segment):
    """Every size from 32768 to 131071 at which the quick test passes, in order."""
    begin = LEAST_V2 - 4
    passed = []
    for parity in (0, 1):
        part = segment[begin + parity : MOST_V2 - 1]
        words = struct.unpack("<%dh" % (len(part) // 2), part[: len(part) // 2 * 2])
        passed += [
            LEAST_V2 + parity + 2 * i
            for i, (low, high) in enumerate(zip(words, words[1:]))
            if (low * 0x6A95 + high * 0x4F1B) & 0x3FC00 == 0x2A400
        ]
    return sorted(passed)


def full_hash(segment, size):
    h = 0
    for word in struct.unpack("<4Q", segment[size - 32 : size]):
        h = (h ^ word) * 0x9FB21C651E98DF25 % 2**64
        h ^= h >> 32
    return (h * 0x9FB21C651E98DF25 % 2**64) >> 32


def first_segment_v2(data):
    """Size of the first segment of what is left of a content. The weak candidate, like the greatest
    size, counts only where the content goes on to the greatest size."""
    segment = data[:MOST_V2]
    weak = None
    for size in quick_passes(segment):
        h = full_hash(segment, size)
        if h < 31580641:
            return size
        if h < 126322567:
            weak = size
    if len(segment) < MOST_V2:
        return len(segment)
    return weak or MOST_V2


def segments_v2(data):
    view, offset, sizes = memoryview(data), 0, []
    while offset < len(data):
        sizes.append(first_segment_v2(view[offset : offset + MOST_V2]))
        offset += sizes[-1]
    return sizes


def content_info_v2(data, key, wanted=None, sizes=None):
    start, end = resolve_range(len(data), wanted)
    if not data:
        return b""
    names = Names(2, None, key)
    offset, first, listed = 0, None, []
    for index, size in enumerate(sizes or segments_v2(data)):
        if offset < end and offset + size > start:
            first = first or (offset, index)
            hod = names.hash(data[offset : offset + size])
            listed.append(struct.pack(">I", size) + hod + names.secret(hod))
        offset += size
    whole = (start, end) == (0, len(data))
    header = bytes([0, 2, 4]) + struct.pack(
        ">QQIQ", first[0], first[1], start - first[0], 0 if whole else end - start
    )
    chunk = b"".join(listed)
    return header + b"\0" + struct.pack(">I", len(chunk)) + chunk


# AES-256 (FIPS 197), forward and backward, byte by byte.


def times_two(a):
    return (a << 1 ^ 0x11B if a & 0x80 else a << 1) & 0xFF


def times(a, b):
    result = 0
    while b:
        if b & 1:
            result ^= a
        a, b = times_two(a), b >> 1
    return result


def make_sbox():
    box = []
    for a in range(256):
        inverse = next((b for b in range(256) if times(a, b) == 1), 0)
        box.append(0x63)
        for shift in range(5):
            box[a] ^= (inverse << shift | inverse >> (8 - shift)) & 0xFF
    return box


SBOX = []


def key_schedule(key):
    if not SBOX:
        SBOX.extend(make_sbox())
    words = [list(key[i : i + 4]) for i in range(0, 32, 4)]
    constant = 1
    while len(words) < 60:
        word = words[-1]
        if len(words) % 8 == 0:
            word = [SBOX[b] for b in word[1:] + word[:1]]
            word[0] ^= constant
            constant = times_two(constant)
        elif len(words) % 8 == 4:
            word = [SBOX[b] for b in word]
        words.append([a ^ b for a, b in zip(word, words[-8])])
    return [sum(words[i : i + 4], []) for i in range(0, 60, 4)]


def xor(a, b):
    return [x ^ y for x, y in zip(a, b)]


def mix(state, factors):
    return [
        times(state[c], factors[-r % 4])
        ^ times(state[c + 1], factors[(1 - r) % 4])
        ^ times(state[c + 2], factors[(2 - r) % 4])
        ^ times(state[c + 3], factors[(3 - r) % 4])
        for c in range(0, 16, 4)
        for r in range(4)
    ]


def encrypt_block(keys, block):
    state = xor(block, keys[0])
    for number in range(1, 15):
        state = [SBOX[b] for b in state]
        state = [state[(i + 4 * (i % 4)) % 16] for i in range(16)]
        if number < 14:
            state = mix(state, (2, 3, 1, 1))
        state = xor(state, keys[number])
    return state


def decrypt_block(keys, block):
    state = list(block)
    for number in range(14, 0, -1):
        state = xor(state, keys[number])
        if number < 14:
            state = mix(state, (14, 11, 13, 9))
        state = [state[(i - 4 * (i % 4)) % 16] for i in range(16)]
        state = [SBOX.index(b) for b in state]
    return xor(state, keys[0])


def key_export(key, passphrase):
    plain = hashlib.sha256(key).digest() + key
    pad = 16 - len(plain) % 16
    plain += bytes([pad]) * pad
    keys = key_schedule(hashlib.sha256(passphrase_key(passphrase)).digest())
    out, previous = b"", [0] * 16
    for i in range(0, len(plain), 16):
        previous = encrypt_block(keys, xor(previous, plain[i : i + 16]))
        out += bytes(previous)
    return out


def key_import(file, passphrase):
    if not file or len(file) % 16:
        raise ValueError("length")
    keys = key_schedule(hashlib.sha256(passphrase_key(passphrase)).digest())
    plain, previous = b"", [0] * 16
    for i in range(0, len(file), 16):
        block = file[i : i + 16]
        plain += bytes(xor(previous, decrypt_block(keys, block)))
        previous = block
    pad = plain[-1]
    if not 1 <= pad <= 16 or plain[-pad:] != bytes([pad]) * pad:
        raise ValueError("padding")
    digest, key = plain[:32], plain[32:-pad]
    if hashlib.sha256(key).digest() != digest:
        raise ValueError("digest")
    return key


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--version", type=int, choices=(1, 2), default=1)
    parser.add_argument("--key-passphrase")
    parser.add_argument("--key-hex")
    parser.add_argument("--algorithm", choices=sorted(V1_ALGORITHMS), default="sha256")
    parser.add_argument("--range")
    parser.add_argument("--export-key", metavar="PASSPHRASE")
    parser.add_argument("--import-key", metavar="PASSPHRASE")
    parser.add_argument("file", nargs="?")
    options = parser.parse_args()

    data = b""
    if options.file:
        with open(options.file, "rb") as stream:
            data = stream.read()
    if options.import_key is not None:
        print(key_import(data, options.import_key).hex())
        return
    if (options.key_hex is None) == (options.key_passphrase is None):
        parser.error("one key")
    if options.key_hex is not None:
        key = bytes.fromhex(options.key_hex)
    else:
        key = passphrase_key(options.key_passphrase)
    wanted = tuple(map(int, options.range.split(":"))) if options.range else None
    if options.export_key is not None:
        blob = key_export(key, options.export_key)
    elif options.file is None:
        parser.error("no file")
    elif options.version == 1:
        blob = content_info_v1(data, key, options.algorithm, wanted)
    else:
        blob = content_info_v2(data, key, wanted)
    sys.stdout.buffer.write(blob)


if __name__ == "__main__":
    main()

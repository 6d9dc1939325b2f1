#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A peer that does not do what it should. It shares no code with the library: messages are put together here
by the text of [MS-PCCRR] 2.2 and [MS-PCCRD] 2.2.

  liar.py BEHAVIOUR FILE ADDRESS PORT [OTHER-ADDRESS:PORT]

FILE is a content of one segment of version 1, published under the key "key". Prints "ready", and when its
standard input ends how many connections, requests and Probes it had."""
import ctypes
import hashlib
import os
import pathlib
import re
import socket
import struct
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "vectors"))
import reference  # noqa: E402

BLOCK = 65536
GROUP = "239.255.255.250"
DISCOVERY_PORT = 3702
crypto = ctypes.CDLL("libcrypto.so.3")
for name in ("EVP_CIPHER_CTX_new", "EVP_aes_128_cbc"):
    getattr(crypto, name).restype = ctypes.c_void_p


def encrypt(key, iv, data):
    context = ctypes.c_void_p(crypto.EVP_CIPHER_CTX_new())
    out = ctypes.create_string_buffer(len(data) + 32)
    done, rest = ctypes.c_int(), ctypes.c_int()
    crypto.EVP_EncryptInit_ex(context, ctypes.c_void_p(crypto.EVP_aes_128_cbc()), None, key[:16], iv)
    crypto.EVP_EncryptUpdate(context, out, ctypes.byref(done), data, len(data))
    crypto.EVP_EncryptFinal_ex(context, ctypes.byref(out, done.value), ctypes.byref(rest))
    crypto.EVP_CIPHER_CTX_free(context)
    return out.raw[: done.value + rest.value]


class Segment:
    def __init__(self, data):
        names = reference.Names(1, "sha256", b"key")
        self.blocks = [data[at:at + BLOCK] for at in range(0, len(data), BLOCK)]
        hod = hashlib.sha256(b"".join(hashlib.sha256(b).digest() for b in self.blocks)).digest()
        self.secret = names.secret(hod)
        self.id = names.segment_id(hod)


def message(kind, body, size=None, version=1, algorithm=1):
    length = 16 + len(body) if size is None else size
    return struct.pack("!5I", length, version, kind, length, algorithm) + body


def block_message(identity, number, ciphertext, iv, size=None):
    body = struct.pack("!I", len(identity)) + identity + struct.pack("!II", number, 0)
    body += struct.pack("!I", len(ciphertext) if size is None else size) + ciphertext
    body += struct.pack("!I", 0) + struct.pack("!I", len(iv)) + iv
    return message(5, body, algorithm=1 if iv else 0)


def send_forged(source, target, data):
    """A datagram that says it comes from another machine."""
    udp = struct.pack("!4H", DISCOVERY_PORT, target[1], 8 + len(data), 0) + data
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, socket.IPPROTO_UDP, 0,
                       socket.inet_aton(source), socket.inet_aton(target[0]))
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
        raw.sendto(head + udp, (target[0], 0))


class Liar:
    def __init__(self, behaviour, data, address, port, other):
        self.behaviour, self.address, self.port, self.other = behaviour, address, port, other
        self.segment = Segment(data)
        self.connections = self.requests = self.probes = 0
        self.first = None

    # ---- Retrieval ----

    def answer(self, number):
        """The body of the answer to a request for a block."""
        lie = self.behaviour
        identity, key, iv = self.segment.id, self.segment.secret, os.urandom(16)
        block = self.segment.blocks[number]
        if lie == "wrong_hash":
            block = bytes([block[0] ^ 1]) + block[1:]
        if lie == "wrong_key":
            key = bytes(32)
        if lie == "wrong_block":
            block = self.segment.blocks[(number + 1) % len(self.segment.blocks)]
        if lie == "wrong_segment":
            identity = bytes(32)
        if lie == "nego":
            return message(1, struct.pack("!HHHH", 0, 3, 0, 3))
        if lie == "empty":
            return block_message(identity, number, b"", b"")
        if lie == "garbage":
            return os.urandom(70000)
        ciphertext = encrypt(key, iv, block)
        size = 0xFFFFFFFF if lie == "oversize" else None
        told = number + 1 if lie == "wrong_index" else number
        body = block_message(identity, told, ciphertext, iv, size)
        if lie == "replay":
            self.first = self.first or body
            return self.first
        if lie == "wrong_size":
            return struct.pack("!I", 0xFFFFFFF0) + body[4:]
        return body

    def block_list(self, request):
        return message(4, struct.pack("!I", 32) + self.segment.id + struct.pack(
            "!III", 1, 0, len(self.segment.blocks)) + bytes(4))

    def reply(self, connection, request):
        kind = struct.unpack("!I", request[4:8])[0]
        lie = self.behaviour
        body = self.answer(struct.unpack("!I", request[56:60])[0]) if kind == 3 else self.block_list(request)
        length = len(body)
        if lie == "http_error":
            connection.sendall(b"HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n")
            return
        if lie == "redirect":
            connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://" + self.other.encode() +
                               b"/\r\nContent-Length: 0\r\n\r\n")
            return
        if lie == "huge_length":
            length = 10 << 30
        if lie == "hang":
            time.sleep(3600)
        if lie == "endless":
            connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while True:
                connection.sendall(b"10000\r\n" + bytes(65536) + b"\r\n")
        if lie == "endless_head":
            connection.sendall(b"HTTP/1.1 200 OK\r\n")
            while True:
                connection.sendall(b"X-More: " + b"x" * 1000 + b"\r\n")
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % length)
        if lie == "short":
            connection.sendall(body[: len(body) // 2])
            raise OSError
        if lie == "slow":
            for at in range(len(body)):
                connection.sendall(body[at:at + 1])
                time.sleep(1)
        connection.sendall(body)

    def serve(self, connection):
        with connection:
            try:
                while self.behaviour != "close":
                    head = b""
                    while b"\r\n\r\n" not in head:
                        got = connection.recv(65536)
                        if not got:
                            return
                        head += got
                    head, body = head.split(b"\r\n\r\n", 1)
                    length = int(re.search(rb"Content-Length: (\d+)", head)[1])
                    while len(body) < length:
                        body += connection.recv(65536)
                    self.requests += 1
                    self.reply(connection, body)
            except OSError:
                pass

    def listen(self):
        listener = socket.create_server((self.address, self.port))

        def accept():
            while True:
                connection, _ = listener.accept()
                self.connections += 1
                threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()

    # ---- Discovery ----

    def matches(self, probe, scopes):
        lie = self.behaviour
        named = lie in ("match_other_host", "match_forged")
        where = self.other if named else f"{self.address}:{self.port}"
        if lie == "match_bad_addresses":
            where = "0.0.0.0:80 239.255.255.250:80 host.example:80 127.0.0.1:80 1.2.3.4:0 1.2.3.4:65536"
        count = "" if lie == "match_no_count" else "%08X" % len(self.segment.blocks)
        relates = "urn:uuid:00000000-0000-4000-8000-000000000000" if lie == "match_unrelated" else probe
        doctype = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]>' if lie == "match_doctype" else ""
        text = (
            f'<?xml version="1.0" encoding="utf-8"?>{doctype}'
            '<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope" '
            'xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
            'xmlns:wsd="http://schemas.xmlsoap.org/ws/2005/04/discovery" '
            'xmlns:PeerDist="http://schemas.microsoft.com/p2p/2007/09/PeerDistributionDiscovery">'
            "<soap:Header><wsa:To>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</wsa:To>"
            "<wsa:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/ProbeMatches</wsa:Action>"
            f"<wsa:MessageID>urn:uuid:{os.urandom(16).hex()}</wsa:MessageID>"
            f"<wsa:RelatesTo>{relates}</wsa:RelatesTo>"
            '<wsd:AppSequence InstanceId="1" MessageNumber="1"></wsd:AppSequence></soap:Header><soap:Body>'
            "<wsd:ProbeMatches><wsd:ProbeMatch><wsa:EndpointReference><wsa:Address>urn:uuid:1"
            "</wsa:Address></wsa:EndpointReference><wsd:Types>PeerDist:PeerDistData</wsd:Types>"
            f"<wsd:Scopes>{scopes}</wsd:Scopes><wsd:XAddrs>{where}</wsd:XAddrs>"
            "<wsd:MetadataVersion>2</wsd:MetadataVersion><PeerDist:PeerDistData><PeerDist:BlockCount>"
            f"{count}</PeerDist:BlockCount></PeerDist:PeerDistData></wsd:ProbeMatch></wsd:ProbeMatches>"
            "</soap:Body></soap:Envelope>")
        return text.encode()

    def respond(self):
        listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("", DISCOVERY_PORT))
        listener.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                            socket.inet_aton(GROUP) + socket.inet_aton(self.address))
        wanted = self.segment.id.hex().upper()

        def answer():
            while True:
                datagram, sender = listener.recvfrom(65536)
                text = datagram.decode("utf-8", "replace")
                if wanted not in text or "discovery/Probe<" not in text:
                    continue
                self.probes += 1
                probe = re.search(r"<wsa:MessageID>(.*?)<", text)[1]
                for _ in range(1000 if self.behaviour == "match_flood" else 1):
                    if self.behaviour == "match_forged":
                        send_forged(self.other.split(":")[0], sender, self.matches(probe, wanted))
                    else:
                        listener.sendto(self.matches(probe, wanted), sender)

        threading.Thread(target=answer, daemon=True).start()


def main():
    with open(sys.argv[2], "rb") as file:
        liar = Liar(sys.argv[1], file.read(), sys.argv[3], int(sys.argv[4]), (sys.argv[5:] or [""])[0])
    liar.listen()
    if liar.behaviour != "silent":  # such a one is never to be asked
        liar.respond()
    print("ready", flush=True)
    sys.stdin.read()
    print(liar.connections, liar.requests, liar.probes, flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()

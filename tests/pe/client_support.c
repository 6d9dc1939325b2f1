/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pe/client_support.h"

#include <stdlib.h>
#include <string.h>

#include "pe/check.h"

PEERDIST_CONTENT_TAG tag_new(void)
{
    struct identifier id = identifier_new();
    PEERDIST_CONTENT_TAG tag;
    memset(&tag, 0, sizeof(tag));
    memcpy(tag.Data, id.bytes + (id.size > sizeof(tag) ? id.size - sizeof(tag) : 0),
           id.size < sizeof(tag) ? id.size : sizeof(tag));
    return tag;
}

struct blob information_of(HANDLE instance, const BYTE *data, size_t size, DWORD version,
                           ULONGLONG offset, ULONGLONG length)
{
    struct identifier id = identifier_new();
    struct blob blob = {NULL, 0};
    require(publish(instance, &id, data, size) == 0 &&
                info_fetch(instance, &id, version, offset, length, &blob) == 0 &&
                unpublish(instance, &id) == 0,
            "4.1/publish and fetch [D]", "failed");
    return blob;
}

HANDLE content_new(HANDLE instance, const PEERDIST_CONTENT_TAG *tag)
{
    HANDLE content = NULL;
    require(PeerDistClientOpenContent(instance, tag, NULL, 0, &content) == 0 && content != NULL,
            "2.3/OpenContent [D]", "failed");
    return content;
}

HANDLE content_open_tag(HANDLE instance, const struct blob *information,
                        const PEERDIST_CONTENT_TAG *tag)
{
    HANDLE content = content_new(instance, tag);
    DWORD error = content_add_information(instance, content, information->bytes, information->size);
    if (error == 0)
        error = content_complete_information(instance, content);
    require(error == 0, "2.3/information [D]", "failed: %lu", error);
    return content;
}

HANDLE content_open(HANDLE instance, const struct blob *information)
{
    PEERDIST_CONTENT_TAG tag = tag_new();
    return content_open_tag(instance, information, &tag);
}

/* It is only read, but is the type of the API. */
static BYTE *writable(const BYTE *data)
{
    union {
        const BYTE *in;
        BYTE *out;
    } buffer = {data};
    return buffer.out;
}

static DWORD awaited(DWORD result, struct call *call, ULONGLONG *offset, DWORD *bytes)
{
    DWORD transferred = 0;
    if (result == ERROR_IO_PENDING)
        result = call_wait(call, &transferred);
    if (offset != NULL)
        *offset = (ULONGLONG)call->overlapped.OffsetHigh << 32 | call->overlapped.Offset;
    if (bytes != NULL)
        *bytes = transferred;
    call_fini(call);
    return result;
}

DWORD content_add_information(HANDLE instance, HANDLE content, const BYTE *data, size_t size)
{
    struct call call;
    DWORD bytes, result;
    call_init(&call);
    result = awaited(PeerDistClientAddContentInformation(instance, content, (DWORD)size,
                                                         writable(data), &call.overlapped),
                     &call, NULL, &bytes);
    if (result == 0)
        check_equal(bytes, size, "2.3/AddContentInformation: bytes [I]");
    return result;
}

DWORD content_complete_information(HANDLE instance, HANDLE content)
{
    struct call call;
    call_init(&call);
    return awaited(PeerDistClientCompleteContentInformation(instance, content, &call.overlapped),
                   &call, NULL, NULL);
}

static void set_offset(struct call *call, ULONGLONG offset)
{
    call->overlapped.Offset = (DWORD)offset;
    call->overlapped.OffsetHigh = (DWORD)(offset >> 32);
}

DWORD content_add(HANDLE instance, HANDLE content, ULONGLONG offset, const BYTE *data, size_t size)
{
    struct call call;
    DWORD bytes, result;
    call_init(&call);
    set_offset(&call, offset);
    result = awaited(
        PeerDistClientAddData(instance, content, (DWORD)size, writable(data), &call.overlapped),
        &call, NULL, &bytes);
    if (result == 0)
        check_equal(bytes, size, "2.3/AddData: bytes [I]");
    return result;
}

DWORD content_block_read_start(HANDLE instance, HANDLE content, ULONGLONG at, BYTE *buffer,
                               DWORD size, DWORD timeout, struct call *call)
{
    set_offset(call, at);
    return PeerDistClientBlockRead(instance, content, size, buffer, timeout, &call->overlapped);
}

DWORD content_stream_read_start(HANDLE instance, HANDLE content, BYTE *buffer, DWORD size,
                                DWORD timeout, struct call *call)
{
    set_offset(call, 0x1234567890); /* which is not looked at */
    return PeerDistClientStreamRead(instance, content, size, buffer, timeout, &call->overlapped);
}

DWORD content_block_read(HANDLE instance, HANDLE content, ULONGLONG at, BYTE *buffer, DWORD size,
                         DWORD timeout, ULONGLONG *offset, DWORD *bytes)
{
    struct call call;
    call_init(&call);
    return awaited(content_block_read_start(instance, content, at, buffer, size, timeout, &call),
                   &call, offset, bytes);
}

DWORD content_stream_read(HANDLE instance, HANDLE content, BYTE *buffer, DWORD size, DWORD timeout,
                          ULONGLONG *offset, DWORD *bytes)
{
    struct call call;
    call_init(&call);
    return awaited(content_stream_read_start(instance, content, buffer, size, timeout, &call),
                   &call, offset, bytes);
}

DWORD content_flush(HANDLE instance, const PEERDIST_CONTENT_TAG *tag)
{
    struct call call;
    call_init(&call);
    return awaited(PeerDistClientFlushContent(instance, tag, NULL, 0, &call.overlapped), &call,
                   NULL, NULL);
}

DWORD content_compare(HANDLE instance, HANDLE content, ULONGLONG offset, const BYTE *data,
                      size_t size)
{
    BYTE *buffer = malloc(size + 1);
    DWORD result = buffer != NULL ? 0 : ERROR_NOT_ENOUGH_MEMORY;
    for (size_t done = 0; result == 0 && done < size;) {
        ULONGLONG at = 0;
        DWORD bytes = 0;
        result = content_block_read(instance, content, offset + done, buffer, (DWORD)(size - done),
                                    LOCAL_ONLY, &at, &bytes);
        if (result != 0)
            break;
        check(at == offset + done && bytes > 0 && bytes <= size - done,
              "2.3/BlockRead: offset and bytes [D]", "offset %llu, %lu bytes", at, bytes);
        if (at != offset + done || bytes == 0 || bytes > size - done ||
            memcmp(buffer, data + done, bytes) != 0)
            result = ERROR_CRC;
        done += bytes;
    }
    free(buffer);
    return result;
}

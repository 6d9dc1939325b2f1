/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hostile content information through the API: every reject of spec/content-information.md 12.7,
 * and random changes of every vector, in pieces of any size: 4050 or 4051 where a reader of the
 * whole refuses it, memory bounded, and a handle that goes on to work where it does not.
 */
#include <stdlib.h>
#include <string.h>

#include "core/content_info.h"
#include "core/hash/digest.h"
#include "pe/check.h"
#include "pe/client_support.h"
#include "pe/footprint.h"
#include "unit/core/content_changes.h"

#define MUTATIONS 120
#define MORE_KIB  16384u /* that the process may have grown by in the end */

static HANDLE instance;
static uint32_t seed = 20261126;
static const PEERDIST_CONTENT_TAG tag = {{"hostile"}};

static uint32_t next_random(uint32_t below)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % below;
}

static DWORD code_of(enum pd_status status)
{
    if (status == PD_OK)
        return 0;
    return (DWORD)(status == PD_CONTENT_INFO_VERSION_UNSUPPORTED
                       ? PEERDIST_ERROR_CONTENTINFO_VERSION_UNSUPPORTED
                       : PEERDIST_ERROR_CANNOT_PARSE_CONTENTINFO);
}

/* What a handle that has its information does with hostile offsets: nothing but answer. */
static void use(HANDLE content, const struct content_info *info)
{
    const ULONGLONG offsets[] = {0,
                                 info->range_start,
                                 info->range_end - 1,
                                 info->range_end,
                                 0x7fffffffffffffff,
                                 0xffffffffffffffff};
    BYTE bytes[16]; /* no vector's content */
    ULONGLONG offset;
    DWORD count;
    memset(bytes, 0xa5, sizeof(bytes));
    for (size_t i = 0; i < sizeof(offsets) / sizeof(*offsets); i++) {
        DWORD code = content_block_read(instance, content, offsets[i], bytes, sizeof(bytes),
                                        LOCAL_ONLY, &offset, &count);
        bool inside = offsets[i] >= info->range_start && offsets[i] < info->range_end;
        check_equal(code, inside ? PEERDIST_ERROR_MISSING_DATA : PEERDIST_ERROR_NO_MORE,
                    "2.3/BlockRead [D]");
        if (inside)
            check(offset == offsets[i] && count > 0 && count <= info->range_end - offsets[i] &&
                      count <= 0xffff0000,
                  "2.3/the missing range [D]", "%lu bytes at %llu of %llu to %llu", count, offset,
                  info->range_start, info->range_end);
        code = content_add(instance, content, offsets[i], bytes, sizeof(bytes));
        check(code == 0 || code == (DWORD)PEERDIST_ERROR_OUT_OF_BOUNDS, "2.3/AddData [D]",
              "error %lu at %llu", code, offsets[i]);
    }
}

/* Feeds it to a new handle; piece 0: of random lengths. */
static void feed(const uint8_t *blob, size_t size, size_t piece, const char *what)
{
    HANDLE content = content_new(instance, &tag);
    struct content_info info;
    enum pd_status status = content_info_parse(blob, size, &info);
    DWORD code = 0, expected = code_of(status);
    for (size_t at = 0; code == 0 && at < size;) {
        size_t part = piece != 0 ? piece : 1 + next_random(900);
        part = part < size - at ? part : size - at;
        code = content_add_information(instance, content, blob + at, part);
        at += part;
    }
    if (code == 0)
        code = content_complete_information(instance, content);
    check(code == expected, "12.7/4050 or 4051 [I]", "got %lu, expected %lu: %s", code, expected,
          what);
    if (code == 0) {
        use(content, &info);
    } else {
        BYTE byte;
        check_equal(content_add_information(instance, content, blob, 1),
                    PEERDIST_ERROR_CANNOT_PARSE_CONTENTINFO, "4.2/BROKEN [I]");
        check_equal(content_block_read(instance, content, 0, &byte, 1, LOCAL_ONLY, NULL, NULL),
                    PEERDIST_ERROR_NOT_INITIALIZED, "4.2/BROKEN [I]");
    }
    check_equal(PeerDistClientCloseContent(instance, content), 0, "4.2/Close [D]");
}

static void test_rejects(void)
{
    size_t count, size;
    const struct content_change *changes = content_changes(&count);
    check(count > 30, "the test: many rejects", "%zu", count);
    for (size_t i = 0; i < count; i++) {
        uint8_t *blob = content_change_blob(&changes[i], &size);
        struct content_info info;
        check(content_info_parse(blob, size, &info) == changes[i].status,
              "12.7/as the table says [I]", "%s", changes[i].reason);
        feed(blob, size, size, changes[i].reason);
        feed(blob, size, 0, changes[i].reason);
        if (size < 300)
            feed(blob, size, 1, changes[i].reason);
        free(blob);
    }
}

static void test_mutations(void)
{
    size_t count;
    const struct content_vector *vectors = content_vectors(&count);
    for (size_t i = 0; i < count; i++) {
        size_t size = vectors[i].size;
        uint8_t *blob = content_vector_blob(&vectors[i]), *changed = malloc(size);
        require(changed != NULL, "the machine", "no memory");
        for (unsigned round = 0; round < (size > 20000 ? 6u : MUTATIONS); round++) {
            memcpy(changed, blob, size);
            for (unsigned k = 0; k <= round % 4; k++)
                changed[next_random(next_random(4) == 0 || size < 120 ? (uint32_t)size : 120)] ^=
                    (uint8_t)(1u << next_random(8));
            feed(changed, round % 5 == 4 ? next_random((uint32_t)size) : size, 0, vectors[i].name);
        }
        free(changed);
        free(blob);
    }
}

int main(void)
{
    check_begin("pe.client_information", 170);
    require(hash_library_init(), "the machine", "no libcrypto");
    instance = instance_new();
    check_equal(content_flush(instance, &tag), 0, "2.3/FlushContent [D]");
    test_rejects();
    unsigned before = memory_kib();
    test_mutations();
    unsigned after = memory_kib();
    check(after < before + MORE_KIB, "ours/memory is bounded", "%u KiB, then %u", before, after);
    check_equal(PeerDistShutdown(instance), 0, "2.1/Shutdown [D]");
    return check_end();
}

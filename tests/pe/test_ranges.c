/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ranges and versions of content information, and retrieving it in pieces (section 5; the fields
 * are those of MS-PCCRC 2.3 and 2.4). */
#include <stdlib.h>
#include <string.h>
#include "pe/check.h"
#include "pe/support.h"

#define SIZE        1000003u
#define V2_HEADER   31u
#define V2_CHUNK    5u
#define V2_SEGMENT  68u
#define V2_SEGMENTS 64u

static HANDLE instance;
static struct identifier id;
/* The whole content's information; [0] is unused. */
static struct blob whole[3];

static uint32_t little32(const BYTE *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint64_t big(const BYTE *at, unsigned bytes)
{
    uint64_t value = 0;

    while (bytes-- > 0)
        value = value << 8 | *at++;
    return value;
}

/* Version 2.0, taken apart. */
struct parsed {
    uint64_t start, index, length;
    uint32_t offset;
    unsigned count;
    const BYTE *segments[V2_SEGMENTS];
};

static bool parse(const struct blob *blob, struct parsed *parsed)
{
    size_t at = V2_HEADER;

    memset(parsed, 0, sizeof(*parsed));
    if (blob->size < V2_HEADER || big(blob->bytes, 3) != 0x000204)
        return false;
    parsed->start = big(blob->bytes + 3, 8);
    parsed->index = big(blob->bytes + 11, 8);
    parsed->offset = (uint32_t)big(blob->bytes + 19, 4);
    parsed->length = big(blob->bytes + 23, 8);
    while (at < blob->size) {
        size_t length;

        if (blob->size - at < V2_CHUNK || blob->bytes[at] != 0)
            return false;
        length = (size_t)big(blob->bytes + at + 1, 4);
        at += V2_CHUNK;
        if (length == 0 || length % V2_SEGMENT != 0 || length > blob->size - at)
            return false;
        for (; length > 0; length -= V2_SEGMENT, at += V2_SEGMENT) {
            if (parsed->count == V2_SEGMENTS)
                return false;
            parsed->segments[parsed->count++] = blob->bytes + at;
        }
    }
    return parsed->count > 0;
}

static void check_range_v1(uint32_t offset, uint32_t length, const struct blob *blob)
{
    uint32_t end = offset + length;
    uint32_t blocks = (end + 65535) / 65536;

    if (!check(blob->size >= 102 && memcmp(blob->bytes, whole[1].bytes, 6) == 0, "5/v1 range",
               "size %llu", (unsigned long long)blob->size))
        return;
    check_equal(little32(blob->bytes + 6), offset, "MS-PCCRC 2.3 dwOffsetInFirstSegment [D]");
    check_equal(little32(blob->bytes + 10), end == SIZE ? 0 : length,
                "MS-PCCRC 2.3 dwReadBytesInLastSegment [D]");
    check_equal(little32(blob->bytes + 14), 1, "MS-PCCRC 2.3 cSegments [D]");
    check(memcmp(blob->bytes + 18, whole[1].bytes + 18, 80) == 0,
          "MS-PCCRC 2.3 the segment is described whole [D]", "it differs");
    check_equal(little32(blob->bytes + 98), blocks, "MS-PCCRC 2.3 cBlocks [I]");
    check(blob->size == 102 + 32 * (size_t)blocks &&
              memcmp(blob->bytes + 102, whole[1].bytes + 102, blob->size - 102) == 0,
          "MS-PCCRC 2.3 block hashes [D]", "size %llu for %u blocks",
          (unsigned long long)blob->size, blocks);
}

static void check_range_v2(uint32_t offset, uint32_t length, const struct blob *blob)
{
    struct parsed all;
    struct parsed part;
    uint64_t start = 0;
    uint64_t end = 0;
    unsigned first = 0;
    unsigned i;
    bool same = true;

    if (!check(parse(&whole[2], &all) && parse(blob, &part), "5/v2 range", "size %llu",
               (unsigned long long)blob->size))
        return;
    while (start + big(all.segments[first], 4) <= offset)
        start += big(all.segments[first++], 4);
    check_equal(part.start, start, "MS-PCCRC 2.4 ullStartInContent [D]");
    check_equal(part.index, first, "MS-PCCRC 2.4 ullIndexOfFirstSegment [D]");
    check_equal(part.offset, offset - start, "MS-PCCRC 2.4 dwOffsetInFirstSegment [D]");
    check_equal(part.length, offset == 0 && length == SIZE ? 0 : length,
                "MS-PCCRC 2.4 ullLengthOfRange [D]");
    end = start;
    for (i = 0; i < part.count && first + i < all.count; i++) {
        same &= memcmp(part.segments[i], all.segments[first + i], V2_SEGMENT) == 0;
        if (i + 1 < part.count)
            end += big(part.segments[i], 4);
    }
    check(same && i == part.count, "MS-PCCRC 2.4 the segments are those of the whole [D]",
          "%u segments", part.count);
    check(end < offset + length && end + big(part.segments[part.count - 1], 4) >= offset + length,
          "MS-PCCRC 2.4 the last segment holds the end of the range [D]",
          "it begins at %llu, the range ends at %u", (unsigned long long)end, offset + length);
}

static void test_ranges(void)
{
    static const struct {
        uint32_t offset, length;
    } ranges[] = {
        {0, SIZE},     {0, 1},          {0, 65536},        {0, 65537},
        {1, 1},        {65535, 1},      {65536, 1},        {65535, 2},
        {SIZE - 1, 1}, {1, SIZE - 1},   {500000, 300000},  {100000, SIZE - 100000},
        {0, SIZE - 1}, {131072, 65536}, {SIZE - 65540, 9}, {777777, 1},
    };
    size_t i;

    for (i = 0; i < sizeof(ranges) / sizeof(*ranges); i++) {
        struct blob blob;

        check_equal(info_fetch(instance, &id, 1, ranges[i].offset, ranges[i].length, &blob), 0,
                    "5/range, version 1 [D]");
        check_range_v1(ranges[i].offset, ranges[i].length, &blob);
        blob_fini(&blob);
        check_equal(info_fetch(instance, &id, 2, ranges[i].offset, ranges[i].length, &blob), 0,
                    "5/range, version 2 [D]");
        check_range_v2(ranges[i].offset, ranges[i].length, &blob);
        blob_fini(&blob);
    }
}

static void test_bad_ranges(void)
{
    static const struct {
        ULONGLONG offset, length;
        DWORD result;
    } ranges[] = {
        {1, 0, ERROR_INVALID_PARAMETER},
        {SIZE, 0, ERROR_INVALID_PARAMETER},
        {0xFFFFFFFFFFFFFFFFull, 0, ERROR_INVALID_PARAMETER},
        {0, SIZE + 1, PEERDIST_ERROR_OUT_OF_BOUNDS},
        {SIZE, 1, PEERDIST_ERROR_OUT_OF_BOUNDS},
        {SIZE - 1, 2, PEERDIST_ERROR_OUT_OF_BOUNDS},
        {1, SIZE, PEERDIST_ERROR_OUT_OF_BOUNDS},
        {1ull << 32, 1, PEERDIST_ERROR_OUT_OF_BOUNDS},
        {0, 1ull << 63, PEERDIST_ERROR_OUT_OF_BOUNDS},
        {1, 0xFFFFFFFFFFFFFFFFull, PEERDIST_ERROR_OUT_OF_BOUNDS},
        {0xFFFFFFFFFFFFFFFFull, 1, PEERDIST_ERROR_OUT_OF_BOUNDS},
        {0xFFFFFFFFFFFFFFFFull, 0xFFFFFFFFFFFFFFFFull, PEERDIST_ERROR_OUT_OF_BOUNDS},
        {2, 0xFFFFFFFFFFFFFFFEull, PEERDIST_ERROR_OUT_OF_BOUNDS},
    };
    DWORD version;
    size_t i;

    for (i = 0; i < sizeof(ranges) / sizeof(*ranges); i++)
        for (version = 1; version <= 2; version++) {
            HANDLE info = (HANDLE)(ULONG_PTR)1;
            DWORD result =
                info_open(instance, &id, version, ranges[i].offset, ranges[i].length, &info);

            check(result == ranges[i].result && info == NULL, "5/bad range [I]",
                  "version %lu, offset %#llx, length %#llx: got %lu, handle %p", version,
                  (unsigned long long)ranges[i].offset, (unsigned long long)ranges[i].length,
                  result, info);
        }
}

/* The version of the information that these options open, or the code of the failure. */
static DWORD open_options(DWORD size, DWORD min, DWORD max)
{
    PEERDIST_RETRIEVAL_OPTIONS options = {size, min, max, 0xFFFFFFFF};
    HANDLE info = (HANDLE)(ULONG_PTR)1;
    BYTE bytes[2] = {0};
    DWORD result = PeerDistServerOpenContentInformationEx(instance, id.size, id.bytes, 0, 0,
                                                          &options, NULL, 0, &info);

    if (result) {
        check(info == NULL, "8/Q32 handle after a failure [I]", "got %p", info);
        return result;
    }
    check_equal(info_retrieve(instance, info, bytes, 2, NULL, NULL), 0, "2.2/Retrieve [D]");
    check_equal(PeerDistServerCloseContentInformation(instance, info), 0, "2.2/Close [D]");
    return bytes[1];
}

static void test_versions(void)
{
    static const struct {
        DWORD size, min, max, result;
        const char *rule;
    } cases[] = {
        {16, 1, 1, 1, "5/RETRIEVAL_OPTIONS {1,1} [I]"},
        {16, 1, 2, 2, "5/RETRIEVAL_OPTIONS: the highest in common [I]"},
        {16, 2, 2, 2, "5/RETRIEVAL_OPTIONS {2,2} [I]"},
        {16, 0, 1, 1, "5/RETRIEVAL_OPTIONS: the highest in common [I]"},
        {16, 1, 9, 2, "5/RETRIEVAL_OPTIONS: the highest in common [I]"},
        {16, 2, 0xFFFFFFFF, 2, "5/RETRIEVAL_OPTIONS: the highest in common [I]"},
        {20, 1, 2, 2, "5/RETRIEVAL_OPTIONS, larger cbSize [I]"},
        {16, 3, 3, PEERDIST_ERROR_CONTENTINFO_VERSION_UNSUPPORTED, "5/none in common [I]"},
        {16, 3, 9, PEERDIST_ERROR_CONTENTINFO_VERSION_UNSUPPORTED, "5/none in common [I]"},
        {16, 0, 0, PEERDIST_ERROR_CONTENTINFO_VERSION_UNSUPPORTED, "5/none in common [I]"},
        {16, 2, 1, ERROR_INVALID_PARAMETER, "5/minimum above maximum [I]"},
        {16, 9, 8, ERROR_INVALID_PARAMETER, "5/minimum above maximum [I]"},
        {15, 1, 2, ERROR_INVALID_PARAMETER, "5/cbSize < 16 [I]"},
        {12, 1, 2, ERROR_INVALID_PARAMETER, "5/cbSize < 16 [I]"},
        {0, 1, 2, ERROR_INVALID_PARAMETER, "5/cbSize < 16 [I]"},
    };
    struct blob ex;
    PEERDIST_RETRIEVAL_OPTIONS options = {sizeof(options), 1, 1, 0};
    HANDLE info;
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        check_equal(open_options(cases[i].size, cases[i].min, cases[i].max), cases[i].result,
                    cases[i].rule);
    memset(&ex, 0, sizeof(ex));
    check_equal(PeerDistServerOpenContentInformationEx(instance, id.size, id.bytes, 0, 0, &options,
                                                       NULL, 0, &info),
                0, "2.2/OpenContentInformationEx");
    check_equal(info_read(instance, info, 500, &ex), PEERDIST_ERROR_NO_MORE, "2.2/Retrieve [D]");
    check(ex.size == whole[1].size && memcmp(ex.bytes, whole[1].bytes, ex.size) == 0,
          "5/the base function is {1,1} [I]", "size %llu", (unsigned long long)ex.size);
    PeerDistServerCloseContentInformation(instance, info);
    blob_fini(&ex);
}

static void test_pieces(void)
{
    DWORD version;

    for (version = 1; version <= 2; version++) {
        DWORD pieces[] = {1, 7, 68, 0, 0, 0, 1u << 20};
        size_t i;

        pieces[3] = (DWORD)whole[version].size;
        pieces[4] = (DWORD)whole[version].size - 1;
        pieces[5] = (DWORD)whole[version].size + 1;
        for (i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
            struct blob blob = {NULL, 0};
            HANDLE info;
            BYTE byte;

            check_equal(info_open(instance, &id, version, 0, 0, &info), 0, "2.2/Open [D]");
            check_equal(info_read(instance, info, pieces[i], &blob), PEERDIST_ERROR_NO_MORE,
                        "2.2/Retrieve ends in NO_MORE [D]");
            check(blob.size == whole[version].size &&
                      memcmp(blob.bytes, whole[version].bytes, blob.size) == 0,
                  "2.2/Retrieve in pieces [D]", "version %lu, pieces of %lu", version, pieces[i]);
            check_equal(info_retrieve(instance, info, &byte, 1, NULL, NULL), PEERDIST_ERROR_NO_MORE,
                        "2.2/NO_MORE is repeatable [I]");
            check_equal(PeerDistServerCloseContentInformation(instance, info), 0, "2.2/Close [D]");
            blob_fini(&blob);
        }
    }
}

/* Several Retrieves at once are served in call order, each with its own part. */
static void test_queued(void)
{
    enum { CALLS = 16, PART = 13 };
    struct call calls[CALLS];
    BYTE parts[CALLS][PART];
    HANDLE info;
    unsigned i;

    check_equal(info_open(instance, &id, 1, 0, 0, &info), 0, "2.2/Open [D]");
    for (i = 0; i < CALLS; i++) {
        call_init(&calls[i]);
        check_equal(PeerDistServerRetrieveContentInformation(instance, info, PART, parts[i],
                                                             &calls[i].overlapped),
                    ERROR_IO_PENDING, "4.1/concurrent Retrieves are queued [I]");
    }
    for (i = 0; i < CALLS; i++) {
        DWORD bytes = 0;

        check_equal(call_wait(&calls[i], &bytes), 0, "4.1/concurrent Retrieves are queued [I]");
        check(bytes == PART && calls[i].overlapped.Offset == i * PART &&
                  memcmp(parts[i], whole[1].bytes + (size_t)i * PART, PART) == 0,
              "4.1/concurrent Retrieves in call order [I]", "call %u: %lu bytes at %lu", i, bytes,
              calls[i].overlapped.Offset);
        call_fini(&calls[i]);
    }
    check_equal(PeerDistServerCloseContentInformation(instance, info), 0, "2.2/Close [D]");
}

/* The last part is short; one that is asked for behind it completes with NO_MORE, or is told so at
 * once when the end was already reached. */
static void test_end(void)
{
    struct call last;
    struct call past;
    BYTE *first = malloc(whole[1].size);
    BYTE second[10];
    HANDLE info;
    DWORD bytes = 0;
    DWORD result;

    check_equal(info_open(instance, &id, 1, 0, 0, &info), 0, "2.2/Open [D]");
    call_init(&last);
    call_init(&past);
    check_equal(PeerDistServerRetrieveContentInformation(instance, info, (DWORD)whole[1].size,
                                                         first, &last.overlapped),
                ERROR_IO_PENDING, "2.2/Retrieve [D]");
    result = PeerDistServerRetrieveContentInformation(instance, info, sizeof(second), second,
                                                      &past.overlapped);
    if (result == ERROR_IO_PENDING)
        result = call_wait(&past, &bytes);
    check_equal(result, PEERDIST_ERROR_NO_MORE, "8/Q3 NO_MORE, at once or as completion [I]");
    check_equal(bytes, 0, "8/Q3 NO_MORE carries no bytes [I]");
    check_equal(call_wait(&last, &bytes), 0, "2.2/Retrieve [D]");
    check_equal(bytes, whole[1].size, "2.2/Retrieve, exactly all [D]");
    check_equal(PeerDistServerRetrieveContentInformation(instance, info, sizeof(second), second,
                                                         &past.overlapped),
                PEERDIST_ERROR_NO_MORE, "8/Q3 at the end with nothing pending: at once [I]");
    check_equal(PeerDistServerCloseContentInformation(instance, info), 0, "2.2/Close [D]");
    call_fini(&last);
    call_fini(&past);
    free(first);
}

int main(void)
{
    BYTE *data;

    check_begin("pe.ranges", 60);
    data = pattern_new(SIZE);
    instance = instance_new();
    id = identifier_new();
    require(publish(instance, &id, data, SIZE) == 0 &&
                info_fetch(instance, &id, 1, 0, 0, &whole[1]) == 0 &&
                info_fetch(instance, &id, 2, 0, 0, &whole[2]) == 0,
            "4.1/publish and open [D]", "failed");
    test_ranges();
    test_bad_ranges();
    test_versions();
    test_pieces();
    test_queued();
    test_end();
    PeerDistShutdown(instance);
    blob_fini(&whole[1]);
    blob_fini(&whole[2]);
    free(data);
    return check_end();
}

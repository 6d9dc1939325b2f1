/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Content identifiers, publication options and contents of unusual size (section 5). */
#include <stdlib.h>
#include <string.h>
#include "pe/check.h"
#include "pe/support.h"

#define LARGE 65536

static HANDLE instance;

static DWORD begin(BYTE *bytes, DWORD size, HANDLE *stream)
{
    return PeerDistServerPublishStream(instance, size, bytes, 0, NULL, NULL, 0, stream);
}

static DWORD finish(HANDLE stream, BYTE content)
{
    DWORD result = stream_add(instance, stream, &content, 1);

    if (result == 0)
        result = stream_complete(instance, stream);
    PeerDistServerCloseStreamHandle(instance, stream);
    return result;
}

/* The content information of a one byte content tells contents apart. */
static struct blob information(BYTE *bytes, DWORD size)
{
    struct blob blob = {NULL, 0};
    HANDLE info;

    if (PeerDistServerOpenContentInformation(instance, size, bytes, 0, 0, NULL, 0, &info) == 0) {
        info_read(instance, info, 4096, &blob);
        PeerDistServerCloseContentInformation(instance, info);
    }
    return blob;
}

/* Two identifiers name two publications. */
static void check_different(BYTE *a, DWORD a_size, BYTE *b, DWORD b_size, const char *rule)
{
    HANDLE stream;
    struct blob first;
    struct blob second;

    check_equal(begin(a, a_size, &stream), 0, rule);
    check_equal(finish(stream, 1), 0, rule);
    check_equal(begin(b, b_size, &stream), 0, rule);
    check_equal(finish(stream, 2), 0, rule);
    first = information(a, a_size);
    second = information(b, b_size);
    check(first.size > 0 && first.size == second.size &&
              memcmp(first.bytes, second.bytes, first.size) != 0,
          rule, "sizes %llu and %llu", (unsigned long long)first.size,
          (unsigned long long)second.size);
    blob_fini(&first);
    blob_fini(&second);
    check_equal(PeerDistServerUnpublish(instance, a_size, a), 0, rule);
    check_equal(PeerDistServerUnpublish(instance, a_size, a), ERROR_NOT_FOUND, rule);
    check_equal(PeerDistServerUnpublish(instance, b_size, b), 0, rule);
}

static void test_identifiers(void)
{
    static BYTE first[LARGE];
    static BYTE second[LARGE];
    BYTE name[] = "NaMe";
    BYTE folded[] = "name";
    BYTE zero[4] = {0};
    BYTE changing[32] = "changing";
    BYTE original[32] = "changing";
    HANDLE stream;

    check_different(name, 4, folded, 4, "5/identifier: no text folding [I]");
    check_different(name, 4, name, 3, "5/identifier: the length counts [I]");
    check_different(zero, 4, zero, 3, "5/identifier: zero bytes count [I]");
    check_different(zero, 1, name, 1, "5/identifier: one byte [I]");
    pattern_fill(first, 0, LARGE);
    pattern_fill(second, 0, LARGE);
    second[LARGE - 1] ^= 1;
    check_different(first, LARGE, second, LARGE, "5/identifier: 64 KiB, last byte counts [I]");
    check_different(first, LARGE, first, LARGE - 1, "5/identifier: 64 KiB, the length counts [I]");

    check_equal(begin(changing, sizeof(changing), &stream), 0, "5/identifier [I]");
    memset(changing, 0xEE, sizeof(changing));
    check_equal(finish(stream, 1), 0, "5/identifier is copied during the call [I]");
    check_equal(PeerDistServerUnpublish(instance, sizeof(changing), changing), ERROR_NOT_FOUND,
                "5/identifier is copied during the call [I]");
    check_equal(PeerDistServerUnpublish(instance, sizeof(original), original), 0,
                "5/identifier is copied during the call [I]");
}

static void test_empty_content(void)
{
    struct identifier id = identifier_new();
    DWORD version;
    BYTE byte;

    check_equal(publish(instance, &id, NULL, 0), 0, "5/zero-byte content [I]");
    for (version = 1; version <= 2; version++) {
        HANDLE info = NULL;

        check_equal(info_open(instance, &id, version, 0, 0, &info), 0, "5/zero-byte content [I]");
        check_equal(info_retrieve(instance, info, &byte, 1, NULL, NULL), PEERDIST_ERROR_NO_MORE,
                    "5/zero-byte content has no information [I]");
        check_equal(info_retrieve(instance, info, &byte, 1, NULL, NULL), PEERDIST_ERROR_NO_MORE,
                    "2.2/NO_MORE is repeatable [I]");
        check_equal(PeerDistServerCloseContentInformation(instance, info), 0, "2.2/Close [D]");
        check_equal(info_open(instance, &id, version, 0, 1, &info), PEERDIST_ERROR_OUT_OF_BOUNDS,
                    "5/range past the content [I]");
    }
    check_equal(unpublish(instance, &id), 0, "2.2/Unpublish [D]");
}

static void test_options(void)
{
    static const DWORD bad[] = {0, 3, 0x00010000, 0xFFFFFFFF};
    PEERDIST_PUBLICATION_OPTIONS options = {1, 0};
    struct identifier id = identifier_new();
    HANDLE stream;
    struct blob blob;
    size_t i;

    for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        options.dwVersion = bad[i];
        stream = (HANDLE)(ULONG_PTR)1;
        check_equal(
            PeerDistServerPublishStream(instance, id.size, id.bytes, 0, &options, NULL, 0, &stream),
            ERROR_INVALID_PARAMETER, "5/PUBLICATION_OPTIONS, other dwVersion [I]");
        check(stream == NULL, "8/Q32 handle after a failure [I]", "got %p", stream);
    }
    for (options.dwVersion = 1; options.dwVersion <= 2; options.dwVersion++) {
        options.dwFlags = 0xFFFFFFFF;
        check_equal(
            PeerDistServerPublishStream(instance, id.size, id.bytes, 0, &options, NULL, 0, &stream),
            0, "5/PUBLICATION_OPTIONS, dwFlags ignored [I]");
        check_equal(finish(stream, 3), 0, "4.1/publish [D]");
        check_equal(info_fetch(instance, &id, 2, 0, 0, &blob), 0,
                    "5/dwVersion does not limit the information [I]");
        blob_fini(&blob);
        check_equal(unpublish(instance, &id), 0, "2.2/Unpublish [D]");
    }
}

/* Content that is handed over in many ways is the same content. */
static void test_pieces(void)
{
    static const DWORD pieces[] = {1000, 65535, 65536, 65537, 300000, 4u << 20, 1u << 30};
    size_t size = (5u << 20) + 12345;
    BYTE *data = pattern_new(size);
    struct blob expected[3] = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
    size_t i;

    for (i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
        struct identifier id = identifier_new();
        DWORD version;

        check_equal(publish_pieces(instance, &id, data, size, pieces[i]), 0, "4.1/publish [D]");
        for (version = 1; version <= 2; version++) {
            struct blob blob;

            check_equal(info_fetch(instance, &id, version, 0, 0, &blob), 0, "2.2/Retrieve [D]");
            if (i == 0) {
                expected[version] = blob;
                continue;
            }
            check(blob.size == expected[version].size &&
                      memcmp(blob.bytes, expected[version].bytes, blob.size) == 0,
                  "2.2/AddToStream in any pieces [D]", "version %lu, pieces of %lu", version,
                  pieces[i]);
            blob_fini(&blob);
        }
        check_equal(unpublish(instance, &id), 0, "2.2/Unpublish [D]");
    }
    blob_fini(&expected[1]);
    blob_fini(&expected[2]);
    free(data);
}

int main(void)
{
    check_begin("pe.identifiers", 60);
    instance = instance_new();
    test_identifiers();
    test_empty_content();
    test_options();
    test_pieces();
    PeerDistShutdown(instance);
    return check_end();
}

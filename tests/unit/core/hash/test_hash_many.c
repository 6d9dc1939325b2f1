/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hash_many on every subset of the machine's features against libcrypto, message by message. */
#include "core/hash/hash_many.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/hash/hash_dispatch.h"
#include "support/unit_main.h"
#include "unit/core/guarded_buffer.h"

#define SIZE (3u << 20)
#define MAX  320

static uint8_t *content; /* byte i is i % 251: no two blocks are equal */
static uint8_t digests[MAX][HASH_MAX_SIZE];
static uint8_t expected[MAX][HASH_MAX_SIZE];
static struct hash_message messages[MAX];

static const enum hash_algorithm algorithms[] = {HASH_SHA256, HASH_SHA384, HASH_SHA512};

static int set_up(void **state)
{
    (void)state;
    content = malloc(SIZE);
    if (!content || !hash_library_init())
        return 1;
    for (size_t i = 0; i < SIZE; i++)
        content[i] = (uint8_t)(i % 251);
    for (size_t i = 0; i < MAX; i++)
        messages[i].digest = digests[i];
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(content);
    return 0;
}

/* The first `count` of `messages`, in all ways to hash them. */
static void check(size_t count)
{
    for (size_t a = 0; a < HASH_ALGORITHM_COUNT; a++) {
        const size_t size = hash_size(algorithms[a]);
        const struct hash_plan *done[1u << HASH_CPU_COUNT];
        size_t done_count = 0;

        for (size_t i = 0; i < count; i++)
            assert_true(
                digest_once(algorithms[a], messages[i].data, messages[i].length, expected[i]));
        for (unsigned features = 0; features < 1u << HASH_CPU_COUNT; features++) {
            size_t known = 0;
            hash_dispatch_select(features);
            done[done_count] = hash_dispatch_plan(algorithms[a]);
            while (done[known] != done[done_count])
                known++;
            if (known < done_count)
                continue; /* this subset means kernels that were tried */
            done_count++;
            memset(digests, 0x5a, sizeof digests[0] * (count < MAX ? count + 1 : count));
            assert_true(hash_many(algorithms[a], messages, count));
            for (size_t i = 0; i < count; i++) {
                if (memcmp(digests[i], expected[i], size) != 0)
                    fail_msg("algorithm %u, features %u, message %u of %u, %u bytes", (unsigned)a,
                             features, (unsigned)i, (unsigned)count, (unsigned)messages[i].length);
                if (size < HASH_MAX_SIZE) /* nothing beyond the digest is written */
                    assert_int_equal(digests[i][size], 0x5a);
            }
            if (count < MAX)
                assert_int_equal(digests[count][0], 0x5a);
        }
    }
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static void all_short_lengths_together(void **state)
{
    (void)state;
    for (size_t i = 0; i <= 300; i++) {
        messages[i].data = i ? content + 1000 * i : NULL;
        messages[i].length = i;
    }
    check(301);
}

static void all_short_lengths_in_equal_lanes(void **state)
{
    (void)state;
    for (size_t length = 0; length <= 300; length++) {
        for (size_t i = 0; i < 17; i++) {
            messages[i].data = content + 307 * i;
            messages[i].length = length;
        }
        check(17);
    }
}

static void borders_of_blocks_and_segments(void **state)
{
    static const size_t lengths[] = {32767, 32768, 32769,  65535,  65536,
                                     65537, 65600, 131071, 131072, 131073};
    (void)state;
    for (size_t k = 0; k < sizeof lengths / sizeof lengths[0]; k++) {
        for (size_t i = 0; i < 17; i++) {
            messages[i].data = content + 131101 * i;
            messages[i].length = lengths[k];
        }
        check(17);
    }
}

static void unequal_lengths_in_every_count(void **state)
{
    uint32_t seed = 1;
    (void)state;
    for (size_t count = 0; count <= 40; count++) {
        for (size_t i = 0; i < count; i++) {
            const uint32_t kind = next_random(&seed) % 8;
            messages[i].data = content + next_random(&seed) % (SIZE - 140000);
            messages[i].length = next_random(&seed) % (kind == 0   ? 140000
                                                       : kind == 1 ? 70000
                                                       : kind == 2 ? 128
                                                                   : 4000);
        }
        check(count);
    }
}

/* What publishing gives: lengths of version 2.0 segments. */
static void segments(void **state)
{
    uint32_t seed = 2;
    (void)state;
    for (size_t i = 0; i < 40; i++) {
        messages[i].data = content + next_random(&seed) % (SIZE - 131072);
        messages[i].length = 32768 + next_random(&seed) % 98305;
    }
    check(40);
}

static void more_than_are_sorted_at_once(void **state)
{
    uint32_t seed = 3;
    (void)state;
    for (size_t i = 0; i < MAX; i++) {
        messages[i].data = content + next_random(&seed) % (SIZE - 3000);
        messages[i].length = next_random(&seed) % 3000;
    }
    check(MAX);
}

static void every_alignment(void **state)
{
    (void)state;
    for (size_t i = 0; i < 65; i++) {
        messages[i].data = content + 1024 * i + i;
        messages[i].length = 1000 - i % 3;
    }
    check(65);
}

static void nothing_outside_a_message_is_read(void **state)
{
    struct guarded_buffer buffers[40];
    uint32_t seed = 4;
    (void)state;
    for (size_t i = 0; i < 40; i++) {
        const size_t length = i < 20 ? 640 : next_random(&seed) % 1500;
        guarded_copy(&buffers[i], content + 997 * i, length);
        messages[i].data = buffers[i].data;
        messages[i].length = length;
    }
    check(40);
    for (size_t i = 0; i < 40; i++)
        guarded_free(&buffers[i]);
}

#if defined(__i386__)
/* 32-bit callers come with stacks aligned to 4 only. */
static void any_alignment_of_the_stack(void **state)
{
    bool (*const function)(enum hash_algorithm, const struct hash_message *, size_t) = hash_many;
    uint32_t saved;
    (void)state;
    for (size_t i = 0; i < 17; i++) {
        messages[i].data = content + 307 * i;
        messages[i].length = 1000;
    }
    for (size_t a = 0; a < HASH_ALGORITHM_COUNT; a++) {
        for (size_t i = 0; i < 17; i++)
            assert_true(digest_once(algorithms[a], messages[i].data, 1000, expected[i]));
        for (unsigned features = 0; features < 1u << HASH_CPU_COUNT; features++) {
            hash_dispatch_select(features);
            for (unsigned offset = 0; offset < 64; offset += 4) {
                const void *arguments[3] = {(void *)(uintptr_t)algorithms[a], messages, (void *)17};
                memset(digests, 0, sizeof digests[0] * 17);
                __asm__ volatile("movl %%esp, %0\n\t"
                                 "subl %1, %%esp\n\t"
                                 "pushl 8(%2)\n\t"
                                 "pushl 4(%2)\n\t"
                                 "pushl (%2)\n\t"
                                 "call *%3\n\t"
                                 "movl %0, %%esp"
                                 : "=&b"(saved)
                                 : "r"(offset), "S"(arguments), "D"(function)
                                 : "eax", "ecx", "edx", "cc", "memory");
                for (size_t i = 0; i < 17; i++)
                    assert_memory_equal(digests[i], expected[i], hash_size(algorithms[a]));
            }
        }
    }
}
#endif

static void names_and_lanes(void **state)
{
    (void)state;
    hash_dispatch_select(0);
    assert_string_equal(hash_many_implementation(HASH_SHA256), "openssl");
    assert_int_equal(hash_many_lanes(HASH_SHA256), 1);
    hash_dispatch_select(hash_cpu_detect());
    for (size_t a = 0; a < HASH_ALGORITHM_COUNT; a++) {
        const size_t lanes = hash_many_lanes(algorithms[a]);
        assert_in_range(lanes, 1, 16);
        assert_int_equal(lanes & (lanes - 1), 0);
        print_message("%u-bit digests: %s, %u lanes\n", 8 * (unsigned)hash_size(algorithms[a]),
                      hash_many_implementation(algorithms[a]), (unsigned)lanes);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(all_short_lengths_together),
    cmocka_unit_test(all_short_lengths_in_equal_lanes),
    cmocka_unit_test(borders_of_blocks_and_segments),
    cmocka_unit_test(unequal_lengths_in_every_count),
    cmocka_unit_test(segments),
    cmocka_unit_test(more_than_are_sorted_at_once),
    cmocka_unit_test(every_alignment),
    cmocka_unit_test(nothing_outside_a_message_is_read),
#if defined(__i386__)
    cmocka_unit_test(any_alignment_of_the_stack),
#endif
    cmocka_unit_test(names_and_lanes),
};

PD_UNIT_MAIN_WITH(tests, set_up, tear_down)

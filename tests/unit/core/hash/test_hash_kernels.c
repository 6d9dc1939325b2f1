/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every kernel of every plan, lane by lane, against FIPS 180-4 written down plainly. */
#include "core/hash/hash_dispatch.h"

#include <stdio.h>
#include <string.h>

#include "support/unit_main.h"
#include "unit/core/guarded_buffer.h"

#define MAX_BLOCKS 7

static uint64_t rotate(uint64_t x, unsigned n, unsigned bits)
{
    return x >> n | x << (bits - n);
}

/* Section 6.2.2 with 32-bit words, 6.4.2 with 64-bit words: the amounts of 4.1.2 or 4.1.3. */
static void reference_block(uint64_t *state, const uint8_t *block, unsigned bits)
{
    static const unsigned amounts[2][12] = {
        {2, 13, 22, 6, 11, 25, 7, 18, 3, 17, 19, 10},
        {28, 34, 39, 14, 18, 41, 1, 8, 7, 19, 61, 6},
    };
    const unsigned *n = amounts[bits == 64];
    const unsigned rounds = bits == 64 ? 80 : 64;
    const uint64_t mask = bits == 64 ? UINT64_MAX : UINT32_MAX;
    uint64_t w[80], v[8];

    for (unsigned t = 0; t < 16; t++) {
        w[t] = 0;
        for (unsigned i = 0; i < bits / 8; i++)
            w[t] = w[t] << 8 | *block++;
    }
#define R(x, k) (rotate(x, n[k], bits) & mask)
    for (unsigned t = 16; t < rounds; t++) {
        const uint64_t s0 = R(w[t - 15], 6) ^ R(w[t - 15], 7) ^ w[t - 15] >> n[8];
        const uint64_t s1 = R(w[t - 2], 9) ^ R(w[t - 2], 10) ^ w[t - 2] >> n[11];
        w[t] = (s1 + w[t - 7] + s0 + w[t - 16]) & mask;
    }
    memcpy(v, state, sizeof v);
    for (unsigned t = 0; t < rounds; t++) {
        const uint64_t k = bits == 64 ? hash_sha512_k[t] : hash_sha256_k[t];
        const uint64_t t1 = v[7] + (R(v[4], 3) ^ R(v[4], 4) ^ R(v[4], 5)) +
                            ((v[4] & v[5]) ^ (~v[4] & v[6])) + k + w[t];
        const uint64_t t2 = (R(v[0], 0) ^ R(v[0], 1) ^ R(v[0], 2)) +
                            ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
        memmove(v + 1, v, 7 * sizeof v[0]);
        v[4] = (v[4] + t1) & mask;
        v[0] = (t1 + t2) & mask;
    }
#undef R
    for (unsigned i = 0; i < 8; i++)
        state[i] = (state[i] + v[i]) & mask;
}

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005U + 1442695040888963407U;
    return *seed ^ *seed >> 29;
}

static void check_kernel(const struct hash_step *step, unsigned bits, size_t blocks)
{
    union hash_state states[HASH_MAX_LANES], *pointers[HASH_MAX_LANES];
    struct guarded_buffer buffers[HASH_MAX_LANES];
    const uint8_t *data[HASH_MAX_LANES];
    uint64_t expected[HASH_MAX_LANES][8];
    uint8_t content[MAX_BLOCKS * 128];
    const size_t block = bits * 2;
    uint64_t seed = blocks;

    for (size_t l = 0; l < step->lanes; l++) {
        for (size_t i = 0; i < blocks * block; i++)
            content[i] = (uint8_t)next_random(&seed);
        for (size_t i = 0; i < 8; i++) {
            expected[l][i] = next_random(&seed) & (bits == 64 ? UINT64_MAX : UINT32_MAX);
            if (bits == 64)
                states[l].w64[i] = expected[l][i];
            else
                states[l].w32[i] = (uint32_t)expected[l][i];
        }
        for (size_t n = 0; n < blocks; n++)
            reference_block(expected[l], content + n * block, bits);
        /* no kernel reads past the last block */
        guarded_copy(&buffers[l], content, blocks * block);
        data[l] = buffers[l].data;
        pointers[l] = &states[l];
    }
    step->compress(pointers, data, blocks);
    for (size_t l = 0; l < step->lanes; l++) {
        for (size_t i = 0; i < 8; i++)
            assert_int_equal(bits == 64 ? states[l].w64[i] : states[l].w32[i], expected[l][i]);
        guarded_free(&buffers[l]);
    }
}

static void check_plans(enum hash_algorithm algorithm, unsigned bits)
{
    for (unsigned features = 0; features < 1u << HASH_CPU_COUNT; features++) {
        hash_dispatch_select(features);
        const struct hash_plan *plan = hash_dispatch_plan(algorithm);
        if (hash_dispatch_features() != features || !plan)
            continue;
        for (size_t i = 0;; i++) {
            const struct hash_step *step = &plan->steps[i];
            print_message("features %u, %u lanes\n", features, (unsigned)step->lanes);
            for (size_t blocks = 1; blocks <= MAX_BLOCKS; blocks++)
                check_kernel(step, bits, blocks);
            if (step->from == 1 && step->run == 1)
                break;
            assert_true(i + 1 < HASH_MAX_STEPS);
        }
    }
}

/* hash_many counts on these. */
static void plans_are_sound(void **state)
{
    static const enum hash_algorithm algorithms[] = {HASH_SHA256, HASH_SHA384, HASH_SHA512};
    (void)state;
    for (unsigned features = 0; features < 1u << HASH_CPU_COUNT; features++) {
        hash_dispatch_select(features);
        for (size_t a = 0; a < HASH_ALGORITHM_COUNT; a++) {
            const struct hash_plan *plan = hash_dispatch_plan(algorithms[a]);
            if (!plan)
                continue;
            size_t steps = 0;
            for (; steps < HASH_MAX_STEPS && plan->steps[steps].compress; steps++) {
                assert_in_range(plan->steps[steps].lanes, 1, HASH_MAX_LANES);
                assert_true(plan->steps[steps].lanes <= plan->steps[0].lanes);
            }
            assert_in_range(steps, 1, HASH_MAX_STEPS);
            assert_int_equal(plan->steps[steps - 1].from, 1);
            assert_int_equal(plan->steps[steps - 1].run, 1);
        }
    }
}

static void sha256_kernels(void **state)
{
    (void)state;
    check_plans(HASH_SHA256, 32);
}

static void sha512_kernels(void **state)
{
    (void)state;
    check_plans(HASH_SHA512, 64);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(plans_are_sound),
    cmocka_unit_test(sha256_kernels),
    cmocka_unit_test(sha512_kernels),
};

PD_UNIT_MAIN(tests)

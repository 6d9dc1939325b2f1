/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SHA-256 or SHA-512 of several messages, one in each lane of a vector.
 *
 * The words of the next block are put in lane order by scalar loads and stores between the rounds
 * of this one: the integer units are idle then, and the shuffle units are not. The message schedule
 * stays in memory, so that eight vector registers (32-bit code) are enough and sixteen are plenty.
 *
 * Of the algorithm, defined by the including file for all instances:
 *   WORD, MEMBER         uint32_t and w32, or uint64_t and w64
 *   ROUNDS, CONSTANTS    64 or 80, and the table of as many constants
 *   LOAD_WORD(p)         a big-endian word at any address
 *   SUM0, SUM1, SIGMA0, SIGMA1(x)   of FIPS 180-4, section 4.1, over the operations below
 * Of the instance, undefined at the end of this file:
 *   NAME                 of the function made, a hash_compress
 *   TARGET               function attribute for the instruction set
 *   VECTOR, LANES        vector type and how many WORDs it holds, a multiple of 4
 *   LOAD(p) STORE(p, x)  at any address
 *   SET1(k) ADD ROTR SHR XOR3 CHOOSE MAJORITY
 *   PIN(x)               asm that keeps x in a register: the order of additions is ours, because a
 *                        compiler that reassociates puts the latest operand into the longest chain
 */

#define WORDS_PER_STEP (LANES / 4)

/* Vector i of the schedule, a ring of 16. */
#define W(i) (w + (i) % 16 * LANES)

/* One round; the new a is left in h. */
#define ROUND(i, a, b, c, d, e, f, g, h)         \
    do {                                         \
        VECTOR sum = SUM1(e);                    \
        h = ADD(h, ADD(LOAD(W(i)), SET1(k[i]))); \
        PIN(h);                                  \
        h = ADD(h, CHOOSE(e, f, g));             \
        PIN(h);                                  \
        h = ADD(h, sum);                         \
        PIN(h);                                  \
        d = ADD(d, h);                           \
        sum = SUM0(a);                           \
        h = ADD(h, MAJORITY(a, b, c));           \
        PIN(h);                                  \
        h = ADD(h, sum);                         \
        PIN(h);                                  \
    } while (0)

/* Replaces word i by word i + 16. */
#define SCHEDULE(i)                                    \
    STORE(W(i), ADD(ADD(LOAD(W(i)), LOAD(W((i) + 9))), \
                    ADD(SIGMA0(LOAD(W((i) + 1))), SIGMA1(LOAD(W((i) + 14))))))

/* Word i of the next block, for the messages of this quarter of the lanes. */
#define TRANSPOSE(i)                                                       \
    UNROLL for (size_t l = 0; l < WORDS_PER_STEP; l++) to[(i)*LANES + l] = \
        LOAD_WORD(from[l] + (i) * sizeof(WORD))

#define STEP(i, scheduling, transposing, a, b, c, d, e, f, g, h) \
    do {                                                         \
        ROUND(i, a, b, c, d, e, f, g, h);                        \
        if (scheduling)                                          \
            SCHEDULE(i);                                         \
        if (transposing) {                                       \
            TRANSPOSE(i);                                        \
        }                                                        \
        KEEP_ORDER();                                            \
    } while (0)

#define STEPS_8(i, scheduling, transposing)                         \
    STEP(i, scheduling, transposing, a, b, c, d, e, f, g, h);       \
    STEP((i) + 1, scheduling, transposing, h, a, b, c, d, e, f, g); \
    STEP((i) + 2, scheduling, transposing, g, h, a, b, c, d, e, f); \
    STEP((i) + 3, scheduling, transposing, f, g, h, a, b, c, d, e); \
    STEP((i) + 4, scheduling, transposing, e, f, g, h, a, b, c, d); \
    STEP((i) + 5, scheduling, transposing, d, e, f, g, h, a, b, c); \
    STEP((i) + 6, scheduling, transposing, c, d, e, f, g, h, a, b); \
    STEP((i) + 7, scheduling, transposing, b, c, d, e, f, g, h, a)

/* The 16 rounds of a quarter. */
#define QUARTER(quarter, scheduling, transposing)                                     \
    do {                                                                              \
        const WORD *const k = CONSTANTS + 16 * (quarter);                             \
        const uint8_t *from[WORDS_PER_STEP];                                          \
        WORD *const to = next + WORDS_PER_STEP * (quarter);                           \
        UNROLL for (size_t l = 0; l < WORDS_PER_STEP && (transposing); l++) from[l] = \
            data[WORDS_PER_STEP * (quarter) + l] + next_offset;                       \
        STEPS_8(0, scheduling, transposing);                                          \
        STEPS_8(8, scheduling, transposing);                                          \
    } while (0)

TARGET void NAME(union hash_state *const *states, const uint8_t *const *data, size_t blocks)
{
    WORD space[(2 * 16 + 8) * LANES + 64 / sizeof(WORD)];
    WORD *w = ALIGN_64(space);
    WORD *next = w + 16 * LANES;
    WORD *const state = next + 16 * LANES;

    for (size_t l = 0; l < LANES; l++) {
        for (size_t i = 0; i < 8; i++)
            state[i * LANES + l] = states[l]->MEMBER[i];
        for (size_t i = 0; i < 16; i++)
            w[i * LANES + l] = LOAD_WORD(data[l] + i * sizeof(WORD));
    }
    for (size_t n = 1; n <= blocks; n++) {
        /* Past the last block there is nothing to read: the last one again. */
        const size_t next_offset = 16 * sizeof(WORD) * (n < blocks ? n : n - 1);
        VECTOR a = LOAD(state), b = LOAD(state + LANES), c = LOAD(state + 2 * LANES),
               d = LOAD(state + 3 * LANES), e = LOAD(state + 4 * LANES),
               f = LOAD(state + 5 * LANES), g = LOAD(state + 6 * LANES),
               h = LOAD(state + 7 * LANES);

        for (size_t quarter = 0; quarter < ROUNDS / 16 - 1; quarter++)
            QUARTER(quarter, true, true);
        QUARTER((size_t)ROUNDS / 16 - 1, false, ROUNDS / 16 == 4);

        STORE(state, ADD(a, LOAD(state)));
        STORE(state + LANES, ADD(b, LOAD(state + LANES)));
        STORE(state + 2 * LANES, ADD(c, LOAD(state + 2 * LANES)));
        STORE(state + 3 * LANES, ADD(d, LOAD(state + 3 * LANES)));
        STORE(state + 4 * LANES, ADD(e, LOAD(state + 4 * LANES)));
        STORE(state + 5 * LANES, ADD(f, LOAD(state + 5 * LANES)));
        STORE(state + 6 * LANES, ADD(g, LOAD(state + 6 * LANES)));
        STORE(state + 7 * LANES, ADD(h, LOAD(state + 7 * LANES)));

        WORD *const done = w;
        w = next;
        next = done;
    }
    for (size_t l = 0; l < LANES; l++) {
        for (size_t i = 0; i < 8; i++)
            states[l]->MEMBER[i] = state[i * LANES + l];
    }
}

#undef WORDS_PER_STEP
#undef W
#undef ROUND
#undef SCHEDULE
#undef TRANSPOSE
#undef STEP
#undef STEPS_8
#undef QUARTER
#undef NAME
#undef TARGET
#undef VECTOR
#undef LANES
#undef LOAD
#undef STORE
#undef SET1
#undef ADD
#undef ROTR
#undef SHR
#undef XOR3
#undef CHOOSE
#undef MAJORITY
#undef PIN

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SHA-256 or SHA-512 of several messages, one in each lane of a vector.
 *
 * The rounds of one block are a chain of dependent operations that leaves units idle, so two things
 * go on beside them: the words of the next block are put in lane order by scalar loads and stores,
 * and the message schedule runs ahead, evenly over all rounds: while the last 16 of a block need no
 * more words, those of the next block are begun.
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
 *   RECENT_IN_REGISTERS  whether there are more than 16 vector registers
 *   PIN(x)               asm that keeps x in a register: the order of additions is ours, because a
 *                        compiler that reassociates puts the latest operand into the longest chain
 */

/* A turn is 16 rounds. */
#define TURNS ((size_t)ROUNDS / 16)
/* Of the schedule, at least ROUNDS - 16 in all turns together. */
#define WORDS_PER_TURN ((ROUNDS - 16 + TURNS - 1) / TURNS)
#define BLOCK_WORDS    (16 + TURNS * WORDS_PER_TURN)
/* Turns that transpose: a power of 2, and not the last one, which needs all words. */
#define TRANSPOSING_TURNS (TURNS > 4 ? (size_t)4 : 2)
#define MESSAGES_PER_TURN (LANES / TRANSPOSING_TURNS)

/* Which word of the turn goes with step i of 16, and whether there is one. */
#define INDEX(i)      ((i)*WORDS_PER_TURN / 16)
#define HAS_WORD(i)   (INDEX((i) + 1) > INDEX(i))
#define SCHEDULED(i)  (ahead + INDEX(i) * LANES)
#define BEFORE(i, by) LOAD(SCHEDULED(i) - (by)*LANES)

/* Word i of the next block, for the messages of this turn. */
#define TRANSPOSE(i)                                                          \
    UNROLL for (size_t l = 0; l < MESSAGES_PER_TURN; l++) to[(i)*LANES + l] = \
        LOAD_WORD(from[l] + (i) * sizeof(WORD))

/* One round, whose new a is left in h, and a step of the other two. The last two words of the
 * schedule, for which the next ones wait, are kept in registers where there are enough. */
#define STEP(i, transposing, a, b, c, d, e, f, g, h)                                     \
    do {                                                                                 \
        VECTOR sum = SUM1(e), word;                                                      \
        h = ADD(h, ADD(LOAD(words + (i)*LANES), SET1(k[i])));                            \
        PIN(h);                                                                          \
        h = ADD(h, CHOOSE(e, f, g));                                                     \
        PIN(h);                                                                          \
        h = ADD(h, sum);                                                                 \
        PIN(h);                                                                          \
        d = ADD(d, h);                                                                   \
        PIN(d);                                                                          \
        if (HAS_WORD(i)) {                                                               \
            word = ADD(BEFORE(i, 16), BEFORE(i, 7));                                     \
            PIN(word);                                                                   \
            word = ADD(word, SIGMA0(BEFORE(i, 15)));                                     \
            PIN(word);                                                                   \
            word = ADD(word, SIGMA1(RECENT_IN_REGISTERS ? last_but_one : BEFORE(i, 2))); \
            PIN(word);                                                                   \
            STORE(SCHEDULED(i), word);                                                   \
            last_but_one = last;                                                         \
            last = word;                                                                 \
        }                                                                                \
        sum = SUM0(a);                                                                   \
        h = ADD(h, MAJORITY(a, b, c));                                                   \
        PIN(h);                                                                          \
        h = ADD(h, sum);                                                                 \
        PIN(h);                                                                          \
        if (transposing) {                                                               \
            TRANSPOSE(i);                                                                \
        }                                                                                \
        KEEP_ORDER();                                                                    \
    } while (0)

#define STEPS_8(i, transposing)                         \
    STEP(i, transposing, a, b, c, d, e, f, g, h);       \
    STEP((i) + 1, transposing, h, a, b, c, d, e, f, g); \
    STEP((i) + 2, transposing, g, h, a, b, c, d, e, f); \
    STEP((i) + 3, transposing, f, g, h, a, b, c, d, e); \
    STEP((i) + 4, transposing, e, f, g, h, a, b, c, d); \
    STEP((i) + 5, transposing, d, e, f, g, h, a, b, c); \
    STEP((i) + 6, transposing, c, d, e, f, g, h, a, b); \
    STEP((i) + 7, transposing, b, c, d, e, f, g, h, a)

#define TURN(turn, transposing, first_ahead)                                             \
    do {                                                                                 \
        const WORD *const k = CONSTANTS + 16 * (turn);                                   \
        const WORD *const words = block + 16 * LANES * (turn);                           \
        WORD *const ahead = (first_ahead);                                               \
        WORD *const to = next + ((transposing) ? MESSAGES_PER_TURN * (turn) : 0);        \
        const uint8_t *from[MESSAGES_PER_TURN];                                          \
        UNROLL for (size_t l = 0; l < MESSAGES_PER_TURN && (transposing); l++) from[l] = \
            data[MESSAGES_PER_TURN * (turn) + l] + next_offset;                          \
        STEPS_8(0, transposing);                                                         \
        STEPS_8(8, transposing);                                                         \
    } while (0)

TARGET void NAME(union hash_state *const *states, const uint8_t *const *data, size_t blocks)
{
    WORD space[(2 * BLOCK_WORDS + 8) * LANES + 64 / sizeof(WORD)];
    WORD *block = ALIGN_64(space);
    WORD *next = block + BLOCK_WORDS * LANES;
    WORD *const state = next + BLOCK_WORDS * LANES;
    VECTOR last, last_but_one;

    for (size_t l = 0; l < LANES; l++) {
        for (size_t i = 0; i < 8; i++)
            state[i * LANES + l] = states[l]->MEMBER[i];
        for (size_t i = 0; i < 16; i++)
            block[i * LANES + l] = LOAD_WORD(data[l] + i * sizeof(WORD));
    }
    for (size_t i = 16; i < 16 + WORDS_PER_TURN; i++) {
        WORD *const word = block + i * LANES;
        STORE(word, ADD(ADD(LOAD(word - 16 * LANES), LOAD(word - 7 * LANES)),
                        ADD(SIGMA0(LOAD(word - 15 * LANES)), SIGMA1(LOAD(word - 2 * LANES)))));
    }
    /* NOLINTNEXTLINE(clang-analyzer-deadcode.DeadStores): not read where registers are few */
    last_but_one = LOAD(block + (14 + WORDS_PER_TURN) * LANES);
    last = LOAD(block + (15 + WORDS_PER_TURN) * LANES);

    for (size_t n = 1; n <= blocks; n++) {
        /* Past the last block there is nothing to read: the last one again. */
        const size_t next_offset = 16 * sizeof(WORD) * (n < blocks ? n : n - 1);
        VECTOR a = LOAD(state), b = LOAD(state + LANES), c = LOAD(state + 2 * LANES),
               d = LOAD(state + 3 * LANES), e = LOAD(state + 4 * LANES),
               f = LOAD(state + 5 * LANES), g = LOAD(state + 6 * LANES),
               h = LOAD(state + 7 * LANES);
        size_t turn = 0;

        for (; turn < TRANSPOSING_TURNS; turn++)
            TURN(turn, true, block + (16 + WORDS_PER_TURN * (turn + 1)) * LANES);
        for (; turn < TURNS - 1; turn++)
            TURN(turn, false, block + (16 + WORDS_PER_TURN * (turn + 1)) * LANES);
        /* NOLINTNEXTLINE(clang-analyzer-deadcode.DeadStores): as above */
        last_but_one = LOAD(next + 14 * LANES);
        last = LOAD(next + 15 * LANES);
        TURN(TURNS - 1, false, next + 16 * LANES);

        STORE(state, ADD(a, LOAD(state)));
        STORE(state + LANES, ADD(b, LOAD(state + LANES)));
        STORE(state + 2 * LANES, ADD(c, LOAD(state + 2 * LANES)));
        STORE(state + 3 * LANES, ADD(d, LOAD(state + 3 * LANES)));
        STORE(state + 4 * LANES, ADD(e, LOAD(state + 4 * LANES)));
        STORE(state + 5 * LANES, ADD(f, LOAD(state + 5 * LANES)));
        STORE(state + 6 * LANES, ADD(g, LOAD(state + 6 * LANES)));
        STORE(state + 7 * LANES, ADD(h, LOAD(state + 7 * LANES)));

        WORD *const used = block;
        block = next;
        next = used;
    }
    for (size_t l = 0; l < LANES; l++) {
        for (size_t i = 0; i < 8; i++)
            states[l]->MEMBER[i] = state[i * LANES + l];
    }
}

#undef TURNS
#undef WORDS_PER_TURN
#undef BLOCK_WORDS
#undef TRANSPOSING_TURNS
#undef MESSAGES_PER_TURN
#undef INDEX
#undef HAS_WORD
#undef SCHEDULED
#undef BEFORE
#undef TRANSPOSE
#undef STEP
#undef STEPS_8
#undef TURN
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
#undef RECENT_IN_REGISTERS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzz target: borders of version 2.0 segments against a transcription of their definition, at once
 * and with data that grows. Segments are longer than fuzzers like their inputs, so the input is a
 * recipe for the data: runs of one byte, of literal bytes, of random bytes, of what came before. */
#include "core/segmenter_v2.h"

#include "core/bytes.h"

#include <stdlib.h>
#include <string.h>

#define DATA_MAX 400000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool condition)
{
    if (!condition)
        abort();
}

static size_t expand(const uint8_t *recipe, size_t size, uint8_t *out)
{
    size_t made = 0;

    while (size >= 4 && made < DATA_MAX) {
        size_t run = (size_t)load_le16(recipe + 1) * (recipe[0] & 0x80 ? 8 : 1);
        uint32_t seed = recipe[3] + 1u;

        if (run > DATA_MAX - made)
            run = DATA_MAX - made;
        if ((recipe[0] & 3) == 1 && run > size - 4)
            run = size - 4;
        for (size_t i = 0; i < run; i++) {
            uint8_t *byte = out + made + i;

            switch (recipe[0] & 3) {
            case 0:
                *byte = recipe[3];
                break;
            case 1:
                *byte = recipe[4 + i];
                break;
            case 2:
                seed ^= seed << 13;
                seed ^= seed >> 17;
                seed ^= seed << 5;
                *byte = (uint8_t)(seed >> 11);
                break;
            default:
                *byte = made + i > recipe[3] ? *(byte - recipe[3] - 1) : 0;
                break;
            }
        }
        made += run;
        if ((recipe[0] & 3) == 1) {
            recipe += run;
            size -= run;
        }
        recipe += 4;
        size -= 4;
    }
    return made;
}

/* The definition in segmenter_v2.h, position by position; 0 as segmenter_v2_next. */
static uint32_t by_definition(const uint8_t *data, size_t length)
{
    uint32_t weak = 0;

    for (uint32_t e = SEGMENT_MIN_SIZE_V2; e < SEGMENT_MAX_SIZE_V2 && e <= length; e++) {
        int64_t lo = (int16_t)load_le16(data + e - 4);
        int64_t hi = (int16_t)load_le16(data + e - 2);
        uint64_t h = 0;

        if (((uint64_t)(lo * 0x6A95 + hi * 0x4F1B) & 0x3FC00) != 0x2A400)
            continue;
        for (uint32_t at = e - 32; at < e; at += 8) {
            h = (h ^ load_le64(data + at)) * 0x9FB21C651E98DF25u;
            h ^= h >> 32;
        }
        h = h * 0x9FB21C651E98DF25u >> 32;
        if (h < 31580641)
            return e;
        if (h < 126322567)
            weak = e;
    }
    if (length < SEGMENT_MAX_SIZE_V2)
        return 0;
    return weak != 0 ? weak : SEGMENT_MAX_SIZE_V2;
}

/* In an allocation that ends where the data does. */
static uint32_t next_of_copy(const uint8_t *data, size_t length, struct segmenter_v2_scan *scan)
{
    uint8_t *copy = malloc(length > 0 ? length : 1);
    uint32_t size;

    check(copy != NULL);
    memcpy(copy, data, length);
    size = segmenter_v2_next(copy, length, scan);
    free(copy);
    return size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t made[DATA_MAX];
    size_t length = expand(data, size, made);
    size_t step = size > 0 ? 1000 + 200u * data[0] : 1;
    size_t offset = 0;

    while (offset < length) {
        size_t left = length - offset;
        struct segmenter_v2_scan once = {0, 0};
        struct segmenter_v2_scan growing = {0, 0};
        uint32_t expected = by_definition(made + offset, left);
        uint32_t found = 0;

        check(expected == 0 ||
              (expected >= SEGMENT_MIN_SIZE_V2 && expected <= SEGMENT_MAX_SIZE_V2));
        check(next_of_copy(made + offset, left, &once) == expected);
        for (size_t have = step; found == 0 && have < left; have += step)
            found = next_of_copy(made + offset, have, &growing);
        if (found == 0)
            found = next_of_copy(made + offset, left, &growing);
        check(found == expected);
        offset += expected != 0 ? expected : left;
    }
    return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The index of the data cache with very many segments: opening it, after a crash too, and looking
 * segments up. The store is in the folder that PEERDIST_STORE names.
 *   bench_cache_store fill COUNT   writes segments of one byte each, whose rows are as any others'
 *   bench_cache_store crash FIRST COUNT  writes as many more and dies without closing anything
 *   bench_cache_store open COUNT   one line of JSON: seconds and bytes of memory to open and use
 * it, seconds for one look-up in batches of 256, half of them missing
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _WIN32
#include <windows.h>

#include <psapi.h>
#endif

#include "bench/seconds.h"
#include "platform/identity.h"
#include "store/cache_store.h"

#define BATCH     4096u /* written at once */
#define LOOKED_UP 256u  /* at once */
#define LOOK_UPS  2000u

static struct identity identity;

/* That this process has now. */
static uint64_t memory_used(void)
{
#ifdef _WIN32
    PROCESS_MEMORY_COUNTERS counters = {.cb = sizeof(counters)};
    GetProcessMemoryInfo(GetCurrentProcess(), &counters, sizeof(counters));
    return counters.WorkingSetSize;
#else
    unsigned long all = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%lu %lu", &all, &resident) != 2)
        resident = 0;
    if (file != NULL)
        fclose(file);
    return (uint64_t)resident * 4096;
#endif
}

static void must(bool done, const char *what)
{
    if (done)
        return;
    fprintf(stderr, "%s failed\n", what);
    exit(1);
}

/* IDs are as random as hashes are; splitmix64. */
static void make_segment(uint32_t number, struct cache_segment *segment)
{
    uint64_t state = number;
    memset(segment, 0, sizeof(*segment));
    segment->scheme = (struct segment_scheme){2, HASH_SHA512};
    segment->size = 1;
    for (size_t i = 0; i < 32; i += 8) {
        uint64_t value = (state += 0x9e3779b97f4a7c15u);
        value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
        value = (value ^ value >> 27) * 0x94d049bb133111ebu;
        value ^= value >> 31;
        memcpy(segment->id + i, &value, 8);
        memcpy(segment->hod + i, &value, 8);
        memcpy(segment->secret + i, &value, 8);
    }
}

static void write_segments(struct cache_store *store, uint32_t first, uint32_t count)
{
    static struct cache_segment segments[BATCH];
    static struct cache_block blocks[BATCH];
    static const uint8_t byte = 1;
    struct cache_tag tag = {{0}};
    for (uint32_t done = 0; done < count;) {
        uint32_t part = count - done < BATCH ? count - done : BATCH;
        uint32_t content = (first + done) / BATCH;
        memcpy(tag.bytes, &content, sizeof(content));
        for (uint32_t i = 0; i < part; i++) {
            make_segment(first + done + i, &segments[i]);
            blocks[i] = (struct cache_block){&segments[i], &tag, 0, &byte, segments[i].hod};
        }
        must(cache_write(store, blocks, part) == PD_OK, "writing");
        done += part;
    }
}

static double look_up(struct cache_store *store, uint32_t count)
{
    static struct cache_segment segments[LOOKED_UP];
    static struct cache_place places[LOOKED_UP];
    static struct cache_query queries[LOOKED_UP];
    uint32_t random = 7;
    double start = seconds(), making = 0;
    for (uint32_t turn = 0; turn < LOOK_UPS; turn++) {
        double begin = seconds();
        for (uint32_t i = 0; i < LOOKED_UP; i++) {
            random = random * 1664525u + 1013904223u;
            make_segment((random >> 4) % count + (i % 2 ? 0x20000000u : 0), &segments[i]);
            queries[i] = (struct cache_query){&segments[i], 0, 1, &places[i]};
        }
        making += seconds() - begin;
        must(cache_locate(store, queries, LOOKED_UP) == PD_OK, "looking up");
        for (uint32_t i = 0; i < LOOKED_UP; i++)
            must((places[i].file == 0) == (i % 2 == 1), "finding what is there and no more");
    }
    return (seconds() - start - making) / LOOK_UPS / LOOKED_UP;
}

static void open_and_measure(const struct cache_limits *limits, uint32_t count)
{
    struct cache_segment segment;
    struct cache_place place;
    const struct cache_query query = {&segment, 0, 1, &place};
    uint64_t changes, before = memory_used();
    make_segment(0, &segment);
    double start = seconds();
    struct cache_store *store = cache_store_create(identity.user, limits);
    must(store != NULL && cache_locate(store, &query, 1) == PD_OK && place.file != 0, "opening");
    double reading = seconds() - start;
    must(cache_foreign_changes(store, &changes) == PD_OK, "opening for writing");
    double writing = seconds() - start;
    uint64_t memory = memory_used() - before;
    double each = look_up(store, count);
    printf("{\"segments\": %" PRIu32
           ", \"open\": %.6f, \"open to read\": %.6f, \"memory\": %" PRIu64
           ", \"memory with look-ups\": %" PRIu64 ", \"look-up\": %.9f}\n",
           count, writing, reading, memory, memory_used() - before, each);
    cache_store_destroy(store);
}

int main(int argc, char **argv)
{
    const struct cache_limits limits = {1ull << 40, 0};
    uint32_t count = argc >= 3 ? (uint32_t)strtoul(argv[argc - 1], NULL, 10) : 0;
    must(count > 0 && count < 0x10000000u && hash_library_init(), "starting");
    must(identity_current(&identity) == PD_OK, "finding out the user");
    if (strcmp(argv[1], "open") == 0) {
        open_and_measure(&limits, count);
        return 0;
    }
    struct cache_store *store = cache_store_create(identity.user, &limits);
    must(store != NULL, "making a store");
    bool crash = strcmp(argv[1], "crash") == 0 && argc == 4;
    write_segments(store, crash ? (uint32_t)strtoul(argv[2], NULL, 10) : 0, count);
    if (crash) {
#ifdef _WIN32
        TerminateProcess(GetCurrentProcess(), 0);
#else
        _Exit(0);
#endif
    }
    cache_store_destroy(store);
    return 0;
}

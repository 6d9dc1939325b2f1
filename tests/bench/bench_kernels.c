/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Speed of hash_many on one core, each implementation beside OpenSSL's EVP. All are measured in
 * turn in each of many short rounds, so that a ratio compares neighbours in time; shown are medians
 * with the least and the greatest. bench_kernels [--json FILE] [--rounds N] */
#include "core/hash/hash_many.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

#include "bench/seconds.h"
#include "core/hash/hash_dispatch.h"

#define MAX_ROUNDS      201
#define MAX_MESSAGES    64
#define MESSAGE_ROOM    ((size_t)131072)
#define ALGORITHMS      2
#define WORKLOADS       5
#define IMPLEMENTATIONS (1u << HASH_CPU_COUNT)

struct figures {
    double samples[MAX_ROUNDS];
    double median, low, high; /* low and high: 10th and 90th percentile */
};

/* ours[0] is libcrypto through hash_many and is not shown. */
struct implementation {
    const struct hash_plan *plan;
    unsigned features;
    char name[40];
    bool chosen; /* what this machine uses when nobody interferes */
    struct figures speed[WORKLOADS], ratio[WORKLOADS];
};

struct workload {
    const char *name;
    size_t count;
    size_t bytes;
    size_t lengths[MAX_MESSAGES];
};

struct contender {
    enum hash_algorithm algorithm;
    const char *name;
    const char *evp;
    struct implementation ours[IMPLEMENTATIONS];
    size_t count;
    struct figures openssl[WORKLOADS];
};

static struct contender contenders[ALGORITHMS] = {
    {.algorithm = HASH_SHA256, .name = "SHA-256", .evp = "SHA2-256"},
    {.algorithm = HASH_SHA512, .name = "SHA-512", .evp = "SHA2-512"},
};

/* Version 1.0 blocks are equal, version 2.0 segments are 32 to 128 KiB. */
static struct workload workloads[WORKLOADS] = {
    {.name = "32 x 64 KiB", .count = 32},     {.name = "16 x 64 KiB", .count = 16},
    {.name = "64 x 32-128 KiB", .count = 64}, {.name = "16 x 32-128 KiB", .count = 16},
    {.name = "1 x 64 KiB", .count = 1},
};

static uint8_t *content;
static uint8_t digests[MAX_MESSAGES][HASH_MAX_SIZE];

/* Lengths as content-defined borders give them: at least 32 KiB, and then a chance at every byte
 * that makes them 64 KiB on average. */
static void make_workloads(void)
{
    uint32_t seed = 12345;
    for (size_t i = 0; i < WORKLOADS; i++) {
        struct workload *workload = &workloads[i];
        const bool equal = strchr(workload->name, '-') == NULL;
        for (size_t k = 0; k < workload->count; k++) {
            size_t length = equal ? 65536 : 32768;
            while (!equal && length < MESSAGE_ROOM) {
                seed = seed * 1664525u + 1013904223u;
                if (seed >> 22 < 1024 * 512 / 32768)
                    break;
                length += 509;
            }
            workload->lengths[k] = length < MESSAGE_ROOM ? length : MESSAGE_ROOM;
            workload->bytes += workload->lengths[k];
        }
    }
}

static void find_implementations(struct contender *contender)
{
    hash_dispatch_init();
    const unsigned chosen = hash_dispatch_features();
    const struct hash_plan *best = hash_dispatch_plan(contender->algorithm);

    for (unsigned features = 1; features < 1u << HASH_CPU_COUNT; features++) {
        size_t known = 0;
        hash_dispatch_select(features);
        const struct hash_plan *plan = hash_dispatch_plan(contender->algorithm);
        while (known < contender->count && contender->ours[known].plan != plan)
            known++;
        if (!plan || known < contender->count)
            continue;
        struct implementation *ours = &contender->ours[contender->count++];
        ours->plan = plan;
        ours->features = features;
        ours->chosen = plan == best;
        for (unsigned i = 0; i < HASH_CPU_COUNT; i++) {
            if (hash_dispatch_features() >> i & 1) {
                if (ours->name[0])
                    strcat(ours->name, "+");
                strcat(ours->name, hash_cpu_name(i));
            }
        }
    }
    hash_dispatch_select(chosen);
}

static double time_ours(const struct contender *contender, const struct implementation *ours,
                        const struct workload *workload)
{
    struct hash_message messages[MAX_MESSAGES];
    for (size_t i = 0; i < workload->count; i++) {
        messages[i].data = content + MESSAGE_ROOM * i;
        messages[i].length = workload->lengths[i];
        messages[i].digest = digests[i];
    }
    hash_dispatch_select(ours->features);
    const double start = seconds();
    const bool done = hash_many(contender->algorithm, messages, workload->count);
    const double end = seconds();
    if (!done)
        abort();
    return end - start;
}

/* As a program that knows OpenSSL would: digest fetched once, one context. */
static double time_openssl(EVP_MD_CTX *context, const EVP_MD *md, const struct workload *workload)
{
    const double start = seconds();
    for (size_t i = 0; i < workload->count; i++) {
        if (EVP_DigestInit_ex2(context, md, NULL) != 1 ||
            EVP_DigestUpdate(context, content + MESSAGE_ROOM * i, workload->lengths[i]) != 1 ||
            EVP_DigestFinal_ex(context, digests[i], NULL) != 1)
            abort();
    }
    return seconds() - start;
}

static void measure(struct contender *contender, size_t rounds)
{
    EVP_MD *md = EVP_MD_fetch(NULL, contender->evp, NULL);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!md || !context)
        abort();
    for (size_t round = 0; round < rounds; round++) {
        for (size_t w = 0; w < WORKLOADS; w++) {
            const double bytes = (double)workloads[w].bytes / 1e9;
            const double theirs = time_openssl(context, md, &workloads[w]);
            contender->openssl[w].samples[round] = bytes / theirs;
            for (size_t i = 0; i < contender->count; i++) {
                struct implementation *ours = &contender->ours[i];
                const double time = time_ours(contender, ours, &workloads[w]);
                ours->speed[w].samples[round] = bytes / time;
                ours->ratio[w].samples[round] = theirs / time;
            }
        }
    }
    EVP_MD_CTX_free(context);
    EVP_MD_free(md);
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void sum_up(struct figures *figures, size_t rounds)
{
    qsort(figures->samples, rounds, sizeof figures->samples[0], by_value);
    figures->median = figures->samples[rounds / 2];
    figures->low = figures->samples[rounds / 10];
    figures->high = figures->samples[rounds - 1 - rounds / 10];
}

static const char *cpu_name(void)
{
    static char name[49];
#if defined(__x86_64__) || defined(__i386__)
    unsigned words[12];
    for (unsigned i = 0; i < 3; i++) {
        if (!__get_cpuid(0x80000002u + i, &words[4 * i], &words[4 * i + 1], &words[4 * i + 2],
                         &words[4 * i + 3]))
            return "unknown";
    }
    memcpy(name, words, sizeof words);
#endif
    return name[0] ? name : "unknown";
}

#if defined(__clang__)
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif
#ifdef _WIN32
#define SYSTEM "PE"
#else
#define SYSTEM "native"
#endif

static void print_table(size_t rounds)
{
    printf("CPU %s; %s %u-bit, %s; %s; one core, GB/s, median of %u (10th-90th percentile)\n",
           cpu_name(), SYSTEM, (unsigned)sizeof(void *) * 8, COMPILER,
           OpenSSL_version(OPENSSL_VERSION), (unsigned)rounds);
    printf("%-8s %-17s %-20s %-20s %-20s %s\n", "digest", "messages", "implementation", "ours",
           "OpenSSL EVP", "ours / OpenSSL");
    for (size_t a = 0; a < ALGORITHMS; a++) {
        const struct contender *contender = &contenders[a];
        for (size_t w = 0; w < WORKLOADS; w++) {
            const struct figures *theirs = &contender->openssl[w];
            for (size_t i = 0; i < contender->count; i++) {
                const struct implementation *ours = &contender->ours[i];
                const struct figures *speed = &ours->speed[w], *ratio = &ours->ratio[w];
                printf("%-8s %-17s %-19s%c %5.2f (%5.2f-%5.2f)  %5.2f (%5.2f-%5.2f)  %5.2f "
                       "(%5.2f-%5.2f)\n",
                       contender->name, workloads[w].name, ours->name, ours->chosen ? '*' : ' ',
                       speed->median, speed->low, speed->high, theirs->median, theirs->low,
                       theirs->high, ratio->median, ratio->low, ratio->high);
            }
        }
    }
    printf("* what this machine uses\n");
}

static void write_figures(FILE *file, const char *name, const struct figures *figures)
{
    fprintf(file, ", \"%s\": {\"median\": %.3f, \"p10\": %.3f, \"p90\": %.3f}", name,
            figures->median, figures->low, figures->high);
}

static bool write_json(const char *path, size_t rounds)
{
    const char *separator = "";
    FILE *file = fopen(path, "w");
    if (!file)
        return false;
    fprintf(file,
            "{\"benchmark\": \"kernels\", \"cpu\": \"%s\", \"system\": \"%s\", \"bits\": %u, "
            "\"compiler\": \"%s\", \"openssl\": \"%s\", \"rounds\": %u, \"unit\": \"GB/s\", "
            "\"rows\": [\n",
            cpu_name(), SYSTEM, (unsigned)sizeof(void *) * 8, COMPILER,
            OpenSSL_version(OPENSSL_VERSION), (unsigned)rounds);
    for (size_t a = 0; a < ALGORITHMS; a++) {
        const struct contender *contender = &contenders[a];
        for (size_t w = 0; w < WORKLOADS; w++) {
            for (size_t i = 0; i < contender->count; i++) {
                const struct implementation *ours = &contender->ours[i];
                fprintf(file,
                        "%s{\"digest\": \"%s\", \"messages\": \"%s\", \"implementation\": \"%s\", "
                        "\"chosen\": %s",
                        separator, contender->name, workloads[w].name, ours->name,
                        ours->chosen ? "true" : "false");
                write_figures(file, "ours", &ours->speed[w]);
                write_figures(file, "openssl", &contender->openssl[w]);
                write_figures(file, "ratio", &ours->ratio[w]);
                fprintf(file, "}");
                separator = ",\n";
            }
        }
    }
    fprintf(file, "\n]}\n");
    const bool written = !ferror(file);
    return fclose(file) == 0 && written;
}

int main(int argc, char **argv)
{
    const char *json = NULL;
    size_t rounds = 41;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0 && i + 1 < argc) {
            json = argv[++i];
        } else if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc) {
            const long asked = strtol(argv[++i], NULL, 10);
            rounds = asked < 1 ? 1 : asked > MAX_ROUNDS ? MAX_ROUNDS : (size_t)asked;
        } else {
            fprintf(stderr, "usage: bench_kernels [--json FILE] [--rounds N]\n");
            return 2;
        }
    }
    content = malloc(MAX_MESSAGES * MESSAGE_ROOM);
    if (!content || !hash_library_init()) {
        fprintf(stderr, "no memory\n");
        return 1;
    }
    for (size_t i = 0; i < MAX_MESSAGES * MESSAGE_ROOM; i++)
        content[i] = (uint8_t)(i % 251);
    make_workloads();
    for (size_t a = 0; a < ALGORITHMS; a++) {
        struct contender *contender = &contenders[a];
        find_implementations(contender);
        measure(contender, rounds);
        for (size_t w = 0; w < WORKLOADS; w++) {
            sum_up(&contender->openssl[w], rounds);
            for (size_t i = 0; i < contender->count; i++) {
                sum_up(&contender->ours[i].speed[w], rounds);
                sum_up(&contender->ours[i].ratio[w], rounds);
            }
        }
    }
    print_table(rounds);
    if (json && !write_json(json, rounds)) {
        fprintf(stderr, "%s: cannot be written\n", json);
        return 1;
    }
    free(content);
    return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many blocks a service gives: bench_service ADDRESS:PORT FILE.ci CLIENTS SECONDS
 * Every client is a thread with a connection of its own that asks for one block after another of
 * the first segment. Answers are read and checked for being blocks, not decrypted: the service is
 * what is measured. Prints JSON: blocks, seconds, worst and median answer in milliseconds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/seconds.h"
#include "core/content_info.h"
#include "core/retrieval.h"
#include "net/http_client.h"
#include "platform/thread.h"

#define CLIENTS_MAX 64u
#define TIMES_MAX   200000u

struct client {
    struct net_address peer;
    uint8_t id[HASH_MAX_SIZE];
    uint32_t id_length, blocks, first;
    double end;
    unsigned long count, failures;
    double *times;
};

static void run(void *argument)
{
    struct client *client = argument;
    struct http_client *http = http_client_create(&client->peer, RETRIEVAL_RESPONSE_MAX);
    const struct retrieval_id id = {client->id, client->id_length};
    uint8_t request[RETRIEVAL_GETBLKS_SIZE];
    for (uint32_t number = client->first; http != NULL && seconds() < client->end;
         number = (number + 1) % client->blocks) {
        struct retrieval_response response;
        uint8_t *answer;
        size_t length;
        double begin = seconds();
        size_t size = retrieval_write_getblks(request, id, number, BLOCK_CIPHER_AES_128);
        bool good = http_client_post(http, RETRIEVAL_PATH, request, size,
                                     clock_milliseconds() + 10000, &answer, &length) == PD_OK &&
                    retrieval_read_response(answer, length, &response) == DECODE_COMPLETE &&
                    response.type == RETRIEVAL_BLK && response.block_length > 0;
        if (good && client->count < TIMES_MAX)
            client->times[client->count++] = seconds() - begin;
        client->failures += good ? 0 : 1;
    }
    http_client_destroy(http);
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

static bool load(const char *path, struct client *client)
{
    static uint8_t data[1 << 22];
    struct content_info info;
    struct content_info_cursor cursor;
    struct content_info_segment segment;
    FILE *file = fopen(path, "rb");
    size_t length = file != NULL ? fread(data, 1, sizeof(data), file) : 0;
    if (file != NULL)
        fclose(file);
    if (content_info_parse(data, length, &info) != PD_OK)
        return false;
    content_info_begin(&info, &cursor);
    client->id_length = (uint32_t)segment_value_size(info.scheme);
    if (!content_info_next(&cursor, &segment))
        return false;
    client->blocks = info.scheme.version == 1 ? segment.block_count : 1;
    return segment_derive_id(info.scheme, segment.secret, segment.hod, client->id) == PD_OK;
}

int main(int argc, char **argv)
{
    static struct client clients[CLIENTS_MAX];
    struct thread *threads[CLIENTS_MAX];
    struct client first = {0};
    unsigned count = argc == 5 ? (unsigned)atoi(argv[3]) : 0;
    double length = argc == 5 ? atof(argv[4]) : 0;
    if (count == 0 || count > CLIENTS_MAX || !hash_library_init() || !sockets_start() ||
        !net_address_parse(argv[1], &first.peer) || !load(argv[2], &first)) {
        fputs("usage: bench_service ADDRESS:PORT FILE.ci CLIENTS SECONDS\n", stderr);
        return 2;
    }
    double begin = seconds();
    for (unsigned i = 0; i < count; i++) {
        clients[i] = first;
        clients[i].first = i * first.blocks / count;
        clients[i].end = begin + length;
        clients[i].times = malloc(TIMES_MAX * sizeof(double));
        threads[i] = clients[i].times != NULL ? thread_start(run, &clients[i]) : NULL;
        if (threads[i] == NULL)
            return 1;
    }
    unsigned long blocks = 0, failures = 0;
    double worst = 0, medians = 0;
    for (unsigned i = 0; i < count; i++) {
        thread_join(threads[i]);
        qsort(clients[i].times, clients[i].count, sizeof(double), compare);
        blocks += clients[i].count;
        failures += clients[i].failures;
        if (clients[i].count > 0) {
            double last = clients[i].times[clients[i].count - 1];
            worst = last > worst ? last : worst;
            medians += clients[i].times[clients[i].count / 2];
        }
    }
    printf("{\"blocks\": %lu, \"failures\": %lu, \"seconds\": %.3f, \"worst_ms\": %.1f, "
           "\"median_ms\": %.2f}\n",
           blocks, failures, seconds() - begin, worst * 1000, medians / count * 1000);
    return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A machine of the tests, in either role or both, without Windows: the service's parts and a
 * content handle of the engine, as a native program that many can run of at once.
 *
 *   node serve PORT [--set NAME NUMBER]...
 *       serves until standard input ends; "ready" is said when it does. NAME: of a setting
 *   node fetch FILE.ci OUTPUT [--origin ADDRESS] [--timeout MS] [--local] [--serve PORT] [--crowd]
 *              [--count]
 *       reads all of the content through the engine; what is missing comes from the origin, by
 *       lines "OFFSET LENGTH", where one is named, else it is counted and left out. With --crowd
 *       piece by piece in random order: of many that begin at once each begins with another piece.
 *       With --count it ends when the time for answers to its Probes is over: all were counted
 *   node add FILE.ci FILE
 *       puts the content into the cache
 *
 * The store is that of PEERDIST_STORE. fetch says: read BYTES missing BYTES origin BYTES first MS
 * longest MS seconds S. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/hash/digest.h"
#include "engine/content_internal.h"
#include "engine/instance.h"
#include "engine/peers/peers_internal.h"
#include "net/socket.h"
#include "platform/posix/settings.h"
#include "platform/random.h"
#include "platform/thread.h"
#include "service/node.h"

#define BUFFER (1u << 20)

static _Noreturn void die(const char *what, unsigned code)
{
    fprintf(stderr, "node: %s (%u)\n", what, code);
    exit(1);
}

static void check(enum pd_status status, const char *what)
{
    if (status != PD_OK)
        die(what, status);
}

/* ---- Completions ---- */

struct block {
    struct mutex lock;
    struct condition changed;
    bool done;
    struct completion result;
};

static void accept_block(void *context)
{
    ((struct block *)context)->done = false;
}

static void deliver(struct completion_port *port, void *context,
                    const struct completion *completion)
{
    struct block *block = context;
    (void)port;
    mutex_lock(&block->lock);
    block->done = true;
    block->result = *completion;
    condition_wake_all(&block->changed);
    mutex_unlock(&block->lock);
}

static void ignore_port(struct completion_port *port)
{
    (void)port;
}

static struct completion wait_for(struct block *block)
{
    mutex_lock(&block->lock);
    while (!block->done)
        condition_wait(&block->changed, &block->lock);
    mutex_unlock(&block->lock);
    return block->result;
}

/* ---- Contents ---- */

static uint8_t *read_file(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0)
        die(path, 0);
    *length = (size_t)ftell(file);
    rewind(file);
    uint8_t *data = malloc(*length + 1);
    if (data == NULL || fread(data, 1, *length, file) != *length)
        die(path, 0);
    fclose(file);
    return data;
}

static struct instance *open_instance(void)
{
    uintptr_t handle;
    check(instance_open(&handle), "start");
    return (struct instance *)handle_acquire(handle, HANDLE_INSTANCE); /* its first member */
}

static struct content *open_content(struct instance *instance, const char *path,
                                    struct block *block)
{
    struct cache_tag tag = {{0}};
    uintptr_t handle;
    size_t length;
    uint8_t *information = read_file(path, &length);
    check(content_open(instance, &tag, NULL, &handle), "open");
    struct content *content = content_acquire(instance, handle);
    check(content_add_information(content, information, (uint32_t)length, block), "inform");
    check(wait_for(block).status, "information");
    check(content_complete_information(content, block), "complete");
    check(wait_for(block).status, "complete information");
    free(information);
    return content;
}

/* ---- The origin ---- */

struct origin {
    bool present;
    struct net_address address;
    socket_handle handle;
    uint64_t bytes;
};

/* Longest stretch that is fetched at a time: one segment, so that what one client fetches is soon
 * to be had by the others. */
#define ORIGIN_PIECE (1u << 20)
#define CROWD_PIECE  (1u << 18)

static void from_origin(struct origin *origin, uint64_t offset, uint8_t *out, uint32_t length)
{
    char line[64];
    uint64_t deadline = clock_milliseconds() + 60000;
    if (origin->handle == SOCKET_NONE)
        check(socket_connect(&origin->address, deadline, NULL, &origin->handle), "origin");
    int size =
        snprintf(line, sizeof(line), "%llu %u\n", (unsigned long long)offset, (unsigned)length);
    check(socket_send(origin->handle, line, (size_t)size, deadline), "origin");
    for (uint32_t done = 0; done < length;) {
        size_t got;
        check(socket_receive(origin->handle, out + done, length - done, deadline, &got), "origin");
        if (got == 0)
            die("the origin is gone", 0);
        done += (uint32_t)got;
    }
    origin->bytes += length;
}

/* ---- Roles ---- */

static void log_line(void *context, const char *line)
{
    (void)context;
    fprintf(stderr, "%s\n", line);
}

static const struct service_log service_log_sink = {NULL, log_line};

static struct node *start_node(uint16_t port)
{
    struct settings settings;
    struct node *node;
    settings_read(&settings);
    settings.listen_port = port;
    settings_test_set(&settings);
    check(node_start(&service_log_sink, &node), "serve");
    return node;
}

static int serve(uint16_t port)
{
    struct node *node = start_node(port);
    puts("ready");
    fflush(stdout);
    while (getchar() != EOF)
        continue;
    node_stop(node);
    return 0;
}

struct fetch {
    bool crowd, count;
    struct content *content;
    struct block block;
    struct origin origin;
    FILE *output;
    uint8_t *buffer;
    uint32_t timeout;
    uint64_t read, missing, first, longest;
};

static void add(struct fetch *fetch, uint64_t offset, uint32_t length)
{
    check(content_add_data(fetch->content, offset, fetch->buffer, length, &fetch->block), "add");
    check(wait_for(&fetch->block).status, "add data");
}

static void put(struct fetch *fetch, uint64_t offset, uint32_t length)
{
    if (fseeko(fetch->output, (off_t)offset, SEEK_SET) != 0 ||
        fwrite(fetch->buffer, 1, length, fetch->output) != length)
        die("output", 0);
}

/* What is missing of a read, from the origin and into the cache. */
static void fill(struct fetch *fetch, uint64_t offset, uint32_t length)
{
    fetch->missing += length;
    for (uint32_t at = 0; fetch->origin.present && at < length;) {
        uint32_t left = length - at, piece = left < ORIGIN_PIECE ? left : ORIGIN_PIECE;
        from_origin(&fetch->origin, offset + at, fetch->buffer, piece);
        put(fetch, offset + at, piece);
        add(fetch, offset + at, piece);
        at += piece;
    }
}

/* One piece of a content that ends at `end`, however many reads it takes. */
static void take_piece(struct fetch *fetch, uint64_t offset, uint64_t end)
{
    while (offset < end) {
        uint32_t length = (uint32_t)(end - offset);
        check(content_block_read(fetch->content, offset, fetch->buffer, length, fetch->timeout,
                                 &fetch->block),
              "read");
        struct completion done = wait_for(&fetch->block);
        uint32_t bytes = done.bytes < length ? done.bytes : length;
        if (done.status == PD_OK) {
            put(fetch, offset, bytes);
            fetch->read += bytes;
        } else if (done.status == PD_MISSING_DATA || done.status == PD_TIMEOUT) {
            fill(fetch, offset, bytes);
        } else if (done.status == PD_NO_MORE) {
            return;
        } else {
            die("read", done.status);
        }
        offset += bytes;
    }
}

/* Where pieces begin: with a segment, or the part of one at its ends would be of use to nobody. The
 * last entry is the content's end. */
static uint64_t *find_pieces(const struct fetch *fetch, uint32_t *count)
{
    const struct content_info_feed *feed = fetch->content->feed;
    const struct content_info_summary *summary = content_info_feed_summary(feed);
    uint64_t *offsets = calloc((size_t)summary->segment_count + 1, sizeof(*offsets));
    struct content_info_entry entry;
    if (offsets == NULL)
        die("memory", 0);
    *count = 0;
    check(content_info_feed_find(feed, summary->first_offset, &entry), "segments");
    do {
        if (*count == 0 || entry.offset - offsets[*count - 1] >= CROWD_PIECE)
            offsets[(*count)++] = entry.offset;
    } while (content_info_feed_next(feed, &entry) == PD_OK);
    offsets[*count] = summary->range_end;
    return offsets;
}

/* All pieces, in an order of this machine's own. */
static void take_pieces(struct fetch *fetch)
{
    uint32_t count;
    uint64_t *offsets = find_pieces(fetch, &count);
    uint32_t *order = calloc(count, sizeof(*order));
    if (order == NULL)
        die("memory", 0);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t random = 0;
        (void)random_bytes(&random, sizeof(random));
        order[i] = order[random % (i + 1)];
        order[random % (i + 1)] = i;
    }
    for (uint32_t i = 0; i < count; i++)
        take_piece(fetch, offsets[order[i]], offsets[order[i] + 1]);
    free(order);
    free(offsets);
}

/* False: the end. */
static bool step(struct fetch *fetch)
{
    uint64_t begin = clock_milliseconds();
    check(content_stream_read(fetch->content, fetch->buffer, BUFFER, fetch->timeout, &fetch->block),
          "read");
    struct completion done = wait_for(&fetch->block);
    uint64_t took = clock_milliseconds() - begin;
    if (fetch->read == 0 && done.status == PD_OK)
        fetch->first = took;
    fetch->longest = took > fetch->longest ? took : fetch->longest;
    if (done.status == PD_NO_MORE)
        return false;
    if (done.status == PD_OK) {
        put(fetch, done.offset, done.bytes);
        fetch->read += done.bytes;
    } else if (done.status == PD_MISSING_DATA || done.status == PD_TIMEOUT) {
        fill(fetch, done.offset, done.bytes);
    } else {
        die("read", done.status);
    }
    return true;
}

static bool is_asking(void)
{
    bool asking = false;
    mutex_lock(&peers.lock);
    for (unsigned i = 0; i < PEER_LISTS_MAX; i++)
        asking = asking || (peers.table.lists[i].id_length > 0 &&
                            peers.table.lists[i].state == PEER_LIST_ASKING);
    mutex_unlock(&peers.lock);
    return asking;
}

static void wait_for_answers(struct block *block)
{
    while (is_asking()) {
        mutex_lock(&block->lock);
        (void)condition_wait_for(&block->changed, &block->lock, 10);
        mutex_unlock(&block->lock);
    }
}

static int fetch_all(struct fetch *fetch, const char *information, const char *output)
{
    struct instance *instance = open_instance();
    fetch->content = open_content(instance, information, &fetch->block);
    fetch->output = fopen(output, "wb");
    fetch->buffer = malloc(BUFFER);
    if (fetch->output == NULL || fetch->buffer == NULL)
        die(output, 0);
    uint64_t begin = clock_milliseconds();
    if (fetch->crowd)
        take_pieces(fetch);
    while (!fetch->crowd && step(fetch))
        continue;
    uint64_t took = clock_milliseconds() - begin;
    if (fclose(fetch->output) != 0)
        die(output, 0);
    printf("read %llu missing %llu origin %llu first %llu longest %llu seconds %.3f\n",
           (unsigned long long)fetch->read, (unsigned long long)fetch->missing,
           (unsigned long long)fetch->origin.bytes, (unsigned long long)fetch->first,
           (unsigned long long)fetch->longest, (double)took / 1000);
    fflush(stdout);
    if (fetch->count)
        wait_for_answers(&fetch->block);
    check(content_close(fetch->content), "close");
    content_release(fetch->content);
    check(instance_close(instance), "shutdown");
    handle_release(&instance->object);
    socket_close(fetch->origin.handle);
    free(fetch->buffer);
    return 0;
}

static int add_all(struct fetch *fetch, const char *information, const char *input)
{
    size_t length;
    struct instance *instance = open_instance();
    fetch->content = open_content(instance, information, &fetch->block);
    fetch->buffer = read_file(input, &length);
    check(content_add_data(fetch->content, 0, fetch->buffer, (uint32_t)length, &fetch->block),
          "add");
    check(wait_for(&fetch->block).status, "add data");
    check(content_close(fetch->content), "close");
    content_release(fetch->content);
    check(instance_close(instance), "shutdown");
    handle_release(&instance->object);
    free(fetch->buffer);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct completion_sink sink = {accept_block, deliver, ignore_port, ignore_port};
    struct settings settings = settings_defaults;
    struct fetch fetch = {.origin.handle = SOCKET_NONE, .timeout = CONTENT_TIMEOUT_DEFAULT};
    const char *served = NULL;
    enum setting_id id;
    operation_set_sink(&sink);
    mutex_init(&fetch.block.lock);
    condition_init(&fetch.block.changed);
    settings.distributed = true;
    settings_test_set(&settings);
    if (!hash_library_init() || !sockets_start())
        die("start", 0);
    bool serving = argc >= 3 && strcmp(argv[1], "serve") == 0;
    for (int i = serving ? 3 : 4; i < argc; i++) {
        if (strcmp(argv[i], "--origin") == 0 && i + 1 < argc)
            fetch.origin.present = net_address_parse(argv[++i], &fetch.origin.address);
        else if (strcmp(argv[i], "--timeout") == 0 && i + 1 < argc)
            fetch.timeout = (uint32_t)strtoul(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--local") == 0)
            fetch.timeout = CONTENT_TIMEOUT_LOCAL_CACHE_ONLY;
        else if (strcmp(argv[i], "--crowd") == 0)
            fetch.crowd = true;
        else if (strcmp(argv[i], "--count") == 0)
            fetch.count = true;
        else if (strcmp(argv[i], "--set") == 0 && i + 2 < argc && setting_find(argv[i + 1], &id)) {
            check(settings_set(id, strtoul(argv[i + 2], NULL, 10)), "set");
            i += 2;
        } else if (strcmp(argv[i], "--serve") == 0 && i + 1 < argc)
            served = argv[++i];
        else
            die(argv[i], 2);
    }
    if (serving)
        return serve((uint16_t)strtoul(argv[2], NULL, 10));
    if (argc >= 4 && strcmp(argv[1], "fetch") == 0) {
        struct node *node = served != NULL ? start_node((uint16_t)strtoul(served, NULL, 10)) : NULL;
        int code = fetch_all(&fetch, argv[2], argv[3]);
        while (node != NULL && getchar() != EOF)
            continue;
        node_stop(node);
        return code;
    }
    if (argc == 4 && strcmp(argv[1], "add") == 0)
        return add_all(&fetch, argv[2], argv[3]);
    die("usage", 2);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A flat table: a few hundred connections, walked over when one comes. */
#include "net/connection_table.h"

#include <stdlib.h>

#include "platform/thread.h"

/* One that was shut stays in the table until the server has noticed: room for those. */
#define SLACK 64u

enum state { NEVER_ASKED, IDLE, BUSY, SHUT };

struct connection {
    socket_handle handle;
    struct net_address peer;
    enum state state;
    uint64_t since;
    unsigned peers; /* of the same address; only while the table is looked through */
};

struct connection_table {
    unsigned limit, per_address;
    struct mutex lock; /* guards what follows */
    unsigned count, live;
    uint64_t refused, evicted;
    struct connection *connections;
};

struct connection_table *connection_table_create(unsigned connections, unsigned per_address)
{
    struct connection_table *table = calloc(1, sizeof(*table));
    if (table == NULL)
        return NULL;
    table->limit = connections;
    table->per_address = per_address;
    table->connections = calloc(connections + SLACK, sizeof(*table->connections));
    mutex_init(&table->lock);
    if (table->connections != NULL)
        return table;
    connection_table_destroy(table);
    return NULL;
}

void connection_table_destroy(struct connection_table *table)
{
    if (table == NULL)
        return;
    mutex_fini(&table->lock);
    free(table->connections);
    free(table);
}

static unsigned count_of(const struct connection_table *table, const struct net_address *peer)
{
    unsigned count = 0;
    for (unsigned i = 0; i < table->count; i++)
        if (table->connections[i].state != SHUT && net_same_host(&table->connections[i].peer, peer))
            count++;
    return count;
}

static void shut(struct connection_table *table, struct connection *connection)
{
    connection->state = SHUT;
    table->live--;
    table->evicted++;
    socket_shut(connection->handle);
}

/* Of the address that has most connections, the one at rest longest. */
static bool make_way(struct connection_table *table)
{
    struct connection *found = NULL;
    for (unsigned i = 0; i < table->count; i++) {
        struct connection *one = &table->connections[i];
        if (one->state == SHUT || one->state == BUSY)
            continue;
        one->peers = count_of(table, &one->peer);
        if (found == NULL || one->peers > found->peers ||
            (one->peers == found->peers && one->since < found->since))
            found = one;
    }
    if (found != NULL)
        shut(table, found);
    return found != NULL;
}

bool connection_table_admit(struct connection_table *table, socket_handle handle,
                            const struct net_address *peer)
{
    mutex_lock(&table->lock);
    bool in = table->count < table->limit + SLACK && count_of(table, peer) < table->per_address &&
              (table->live < table->limit || make_way(table));
    if (in) {
        table->connections[table->count++] =
            (struct connection){.handle = handle, .peer = *peer, .since = clock_milliseconds()};
        table->live++;
    } else {
        table->refused++;
    }
    mutex_unlock(&table->lock);
    return in;
}

static struct connection *find(struct connection_table *table, socket_handle handle)
{
    for (unsigned i = 0; i < table->count; i++)
        if (table->connections[i].handle == handle)
            return &table->connections[i];
    return NULL;
}

void connection_table_remove(struct connection_table *table, socket_handle handle)
{
    mutex_lock(&table->lock);
    struct connection *connection = find(table, handle);
    if (connection != NULL) {
        table->live -= connection->state != SHUT ? 1 : 0;
        *connection = table->connections[--table->count];
    }
    mutex_unlock(&table->lock);
}

void connection_table_set_busy(struct connection_table *table, socket_handle handle, bool busy)
{
    mutex_lock(&table->lock);
    struct connection *connection = find(table, handle);
    if (connection != NULL && connection->state != SHUT) {
        connection->state = busy ? BUSY : IDLE;
        connection->since = clock_milliseconds();
    }
    mutex_unlock(&table->lock);
}

void connection_table_expire(struct connection_table *table)
{
    static const uint32_t limits[] = {[NEVER_ASKED] = CONNECTION_FIRST_REQUEST,
                                      [IDLE] = CONNECTION_IDLE,
                                      [BUSY] = CONNECTION_BUSY};
    uint64_t now = clock_milliseconds();
    mutex_lock(&table->lock);
    for (unsigned i = 0; i < table->count; i++) {
        struct connection *one = &table->connections[i];
        if (one->state != SHUT && now - one->since > limits[one->state])
            shut(table, one);
    }
    mutex_unlock(&table->lock);
}

static bool is_first_busy(const struct connection_table *table, unsigned at)
{
    for (unsigned i = 0; i < at; i++)
        if (table->connections[i].state == BUSY &&
            net_same_host(&table->connections[i].peer, &table->connections[at].peer))
            return false;
    return true;
}

void connection_table_load(struct connection_table *table, const struct net_address *peer,
                           unsigned *busy, unsigned *busy_of_peer, unsigned *busy_peers)
{
    *busy = *busy_of_peer = *busy_peers = 0;
    mutex_lock(&table->lock);
    for (unsigned i = 0; i < table->count; i++) {
        if (table->connections[i].state != BUSY)
            continue;
        *busy += 1;
        *busy_of_peer += net_same_host(&table->connections[i].peer, peer) ? 1 : 0;
        *busy_peers += is_first_busy(table, i) ? 1 : 0;
    }
    mutex_unlock(&table->lock);
}

void connection_table_count(struct connection_table *table, unsigned *connections,
                            uint64_t *refused, uint64_t *evicted)
{
    mutex_lock(&table->lock);
    *connections = table->live;
    *refused = table->refused;
    *evicted = table->evicted;
    mutex_unlock(&table->lock);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/peers/peer.h"

#include <string.h>

/* Which of the two is better forgotten. */
static bool is_lesser(const struct peer *one, const struct peer *other, uint64_t now)
{
    bool shunned = peer_is_shunned(one, now);
    return shunned != peer_is_shunned(other, now) ? !shunned : one->used < other->used;
}

struct peer *peer_table_peer(struct peer_table *table, const struct net_address *address,
                             uint64_t now)
{
    struct peer *oldest = NULL;
    for (unsigned i = 0; i < PEERS_MAX; i++) {
        struct peer *one = &table->peers[i];
        if (one->address.port == address->port && net_same_host(&one->address, address))
            return one;
        if (one->references == 0 && (oldest == NULL || is_lesser(one, oldest, now)))
            oldest = one;
    }
    if (oldest == NULL)
        return NULL;
    /* Whoever is forgotten is in no list any more. */
    for (unsigned i = 0; i < PEER_LISTS_MAX; i++) {
        struct peer_list *list = &table->lists[i];
        for (unsigned k = 0; k < list->count;)
            if (list->entries[k].peer == oldest)
                list->entries[k] = list->entries[--list->count];
            else
                k++;
    }
    *oldest = (struct peer){.address = *address};
    return oldest;
}

unsigned peer_table_connections(const struct peer_table *table, const struct peer *peer)
{
    unsigned count = 0;
    for (unsigned i = 0; i < PEERS_MAX; i++) {
        const struct peer *one = &table->peers[i];
        if (one->address.port == 0 || one->machine != peer->machine)
            continue;
        if (one->timeouts > 0)
            return peer->connections;
        count += one->connections;
    }
    return count;
}

bool peer_is_shunned(const struct peer *peer, uint64_t now)
{
    return peer->shunned_until > now;
}

void peer_shun(struct peer *peer, uint64_t now, uint32_t milliseconds)
{
    if (peer->shunned_until < now + milliseconds)
        peer->shunned_until = now + milliseconds;
    peer->timeouts = 0;
    peer->delivered = 0;
}

void peer_ban(struct peer_table *table, struct peer *peer, uint64_t now)
{
    peer->banned_until = now + PEER_BAN;
    for (unsigned i = 0; i < PEERS_MAX; i++) {
        struct peer *one = &table->peers[i];
        if (one->address.port != 0 && net_same_host(&one->address, &peer->address))
            peer_shun(one, now, PEER_BAN);
    }
}

bool peer_table_is_banned(const struct peer_table *table, const struct net_address *address,
                          uint64_t now)
{
    for (unsigned i = 0; i < PEERS_MAX; i++) {
        const struct peer *one = &table->peers[i];
        if (one->address.port != 0 && one->banned_until > now &&
            net_same_host(&one->address, address))
            return true;
    }
    return false;
}

bool peer_list_is_empty(const struct peer_list *list, uint64_t now)
{
    for (unsigned i = 0; i < list->count; i++)
        if (list->entries[i].until > now)
            return false;
    return true;
}

static bool is_over(const struct peer_list *list, uint64_t now)
{
    return list->state == PEER_LIST_ANSWERED && peer_list_is_empty(list, now) &&
           (list->count > 0 || now - list->made > PEER_LIST_EMPTY_LIFE);
}

struct peer_list *peer_table_list(struct peer_table *table, const uint8_t *id, size_t id_length,
                                  uint64_t now)
{
    for (unsigned i = 0; i < PEER_LISTS_MAX; i++) {
        struct peer_list *list = &table->lists[i];
        if (list->id_length != id_length || memcmp(list->id, id, id_length) != 0)
            continue;
        if (is_over(list, now)) {
            list->id_length = 0;
            return NULL;
        }
        list->used = now;
        return list;
    }
    return NULL;
}

struct peer_list *peer_table_new_list(struct peer_table *table, unsigned version, const uint8_t *id,
                                      size_t id_length, uint64_t now)
{
    struct peer_list *slot = NULL;
    for (unsigned i = 0; i < PEER_LISTS_MAX && (slot == NULL || slot->id_length != 0); i++) {
        struct peer_list *one = &table->lists[i];
        bool free = one->id_length == 0;
        if (free || (one->state == PEER_LIST_ANSWERED && (slot == NULL || one->used < slot->used)))
            slot = one;
    }
    if (slot == NULL)
        return NULL;
    *slot = (struct peer_list){.id_length = (uint8_t)id_length,
                               .version = version,
                               .state = PEER_LIST_ASKING,
                               .made = now,
                               .used = now};
    memcpy(slot->id, id, id_length);
    return slot;
}

bool peer_list_add(struct peer_list *list, struct peer_entry entry, uint64_t now)
{
    unsigned i = 0, ports = 0;
    entry.until = now + PEER_ENTRY_LIFE;
    while (i < list->count && list->entries[i].peer != entry.peer) {
        ports += net_same_host(&list->entries[i].peer->address, &entry.peer->address) ? 1 : 0;
        i++;
    }
    if (i == PEERS_PER_LIST || (i == list->count && ports == PEER_PORTS_MAX))
        return false;
    list->entries[i] = entry;
    list->count += i == list->count ? 1 : 0;
    return true;
}

/* ---- Who answered ---- */

#define COMPLETE 1u

void peer_list_count(struct peer_list *list, uint64_t who, bool complete, uint32_t blocks)
{
    unsigned i = 0;
    who &= ~(uint64_t)COMPLETE;
    while (i < list->answer_count && (list->answers[i] & ~(uint64_t)COMPLETE) != who)
        i++;
    if (i == PEER_ANSWERS_MAX)
        return;
    if (i == list->answer_count)
        list->answers[list->answer_count++] = who;
    if (complete || (list->block_count > 0 && blocks >= list->block_count))
        list->answers[i] |= COMPLETE;
}

static void tell(const struct peer_list *list, struct answer_store *store)
{
    struct answer_count count = {.replies = list->answer_count};
    for (unsigned i = 0; i < list->answer_count; i++)
        count.complete += list->answers[i] & COMPLETE;
    answer_store_note(store, list->id, list->id_length, count);
}

void peer_list_add_store(struct peer_list *list, struct answer_store *store)
{
    for (unsigned i = 0; i < list->store_count; i++)
        if (list->stores[i] == store)
            return;
    if (list->store_count == PEER_STORES_MAX)
        return;
    list->stores[list->store_count++] = store;
    if (list->state == PEER_LIST_ANSWERED)
        tell(list, store);
}

void peer_list_tell(const struct peer_list *list)
{
    for (unsigned i = 0; i < list->store_count; i++)
        tell(list, list->stores[i]);
}

void peer_table_forget_store(struct peer_table *table, struct answer_store *store)
{
    for (unsigned i = 0; i < PEER_LISTS_MAX; i++) {
        struct peer_list *list = &table->lists[i];
        for (unsigned k = 0; k < list->store_count; k++) {
            if (list->stores[k] != store)
                continue;
            if (list->id_length > 0 && list->state == PEER_LIST_ASKING)
                tell(list, store);
            list->stores[k] = list->stores[--list->store_count];
            break;
        }
    }
}

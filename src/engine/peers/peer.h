/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is known of other machines: how they have behaved, and which segments they said they have.
 * Everything here is guarded by its owner's lock. */
#ifndef PEERDIST_ENGINE_PEERS_PEER_H
#define PEERDIST_ENGINE_PEERS_PEER_H

#include <stdbool.h>

#include "core/segment.h"
#include "net/address.h"
#include "store/answer_store.h"

/* Limits and times of the client framework ([MS-CCROD] 2.8, and what Windows chose). */
#define PEERS_MAX            64u  /* machines remembered */
#define PEER_LISTS_MAX       256u /* segments remembered, least recently used out */
#define PEERS_PER_LIST       16u
#define PEER_PORTS_MAX       2u     /* of one address, in a list: it chooses its ports */
#define PEER_ANSWERS_MAX     255u   /* machines counted that answered for a segment */
#define PEER_STORES_MAX      4u     /* users who are looking for the same segment */
#define PEER_LIST_EMPTY_LIFE 15000u /* ms: nobody had it */
#define PEER_ENTRY_LIFE      60000u /* ms: somebody said so */
#define PEER_TIMEOUTS_MAX    3u
#define PEER_PAUSE           60000u  /* ms that a silent or broken peer is left alone */
#define PEER_BAN             600000u /* ms for one that sent wrong data */

struct peer {
    struct net_address address; /* port 0: the slot is free */
    uint64_t machine;           /* hash of the name that it has under all its addresses */
    unsigned references;        /* sessions and exchanges */
    unsigned connections;       /* exchanges in work */
    unsigned timeouts;          /* since its last good answer */
    uint64_t shunned_until;     /* clock_milliseconds */
    uint64_t banned_until;      /* the machine is: it sent wrong data from this address */
    uint64_t used;              /* for "least recently used" */
    uint64_t delivered;         /* when it last gave a good block; 0: never */
};

struct peer_entry {
    struct peer *peer;
    bool complete;   /* it said that it has all of the segment */
    uint32_t blocks; /* so many, it said; 0: not told */
    uint64_t until;
};

enum peer_list_state { PEER_LIST_ASKING, PEER_LIST_ANSWERED };

/* Of one segment. */
struct peer_list {
    uint8_t id[HASH_MAX_SIZE];
    uint8_t id_length; /* 0: the slot is free */
    unsigned version;  /* of the content: that of the Probe */
    enum peer_list_state state;
    bool probed;             /* it is in a Probe that was sent */
    unsigned waits;          /* how often others were waited for who asked before */
    uint64_t asked;          /* when it was in a Probe for the first time; 0: not yet */
    char first_question[46]; /* MessageID of that */
    uint64_t made, used;     /* made: when it is due to be asked for, too */
    unsigned count;
    struct peer_entry entries[PEERS_PER_LIST];
    /* Who answered, of whom not all need be entries. The stores of the users who look for the
     * segment are told how many when time is up: often the last block has come before, so it is
     * not left to sessions. */
    uint32_t block_count; /* of the segment; 0: not known */
    unsigned answer_count, store_count;
    uint64_t answers[PEER_ANSWERS_MAX]; /* hashes of names; lowest bit: has all of it */
    struct answer_store *stores[PEER_STORES_MAX];
};

struct peer_table {
    struct peer peers[PEERS_MAX];
    struct peer_list lists[PEER_LISTS_MAX];
};

/* The machine at that address and port, made if it is new; NULL: all slots are in use. Those that
 * are shunned are the last to be forgotten. */
struct peer *peer_table_peer(struct peer_table *table, const struct net_address *address,
                             uint64_t now);
/* Exchanges in work with that machine, under whatever address. A name is not proved: once one of
 * its addresses did not answer in time each is counted alone, or a borrowed name would keep others
 * from being asked. */
unsigned peer_table_connections(const struct peer_table *table, const struct peer *peer);
bool peer_is_shunned(const struct peer *peer, uint64_t now);
void peer_shun(struct peer *peer, uint64_t now, uint32_t milliseconds);
/* Leaves the peer's machine alone for PEER_BAN, under whatever port, for it sent wrong data. */
void peer_ban(struct peer_table *table, struct peer *peer, uint64_t now);
bool peer_table_is_banned(const struct peer_table *table, const struct net_address *address,
                          uint64_t now);

/* The list of a segment, unless its time is over; NULL: it has to be asked for. */
struct peer_list *peer_table_list(struct peer_table *table, const uint8_t *id, size_t id_length,
                                  uint64_t now);
/* A new one, in the state of asking, for a segment that has none. NULL: all are being asked for. */
struct peer_list *peer_table_new_list(struct peer_table *table, unsigned version, const uint8_t *id,
                                      size_t id_length, uint64_t now);
/* Notes an answer, for as long as PEER_ENTRY_LIFE. False: there is no room. */
bool peer_list_add(struct peer_list *list, struct peer_entry entry, uint64_t now);
/* Counts a machine that answered, by a hash of its name: once, however often it did. It has all of
 * the segment if it says so, or that many blocks. */
void peer_list_count(struct peer_list *list, uint64_t who, bool complete, uint32_t blocks);
/* The store is told how many they were: now, or by peer_list_tell when all have answered. */
void peer_list_add_store(struct peer_list *list, struct answer_store *store);
void peer_list_tell(const struct peer_list *list);
/* The store goes away: it is told what was counted until now. */
void peer_table_forget_store(struct peer_table *table, struct answer_store *store);
/* No entry that is still good. */
bool peer_list_is_empty(const struct peer_list *list, uint64_t now);

#endif

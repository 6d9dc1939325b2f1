/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which connections a server has, of whom, and since when they do what they do: who is let in, and
 * who has to go. No sockets are touched here but to shut them. */
#ifndef PEERDIST_NET_CONNECTION_TABLE_H
#define PEERDIST_NET_CONNECTION_TABLE_H

#include "net/socket.h"

/* Milliseconds that a connection may stay in a state. */
#define CONNECTION_FIRST_REQUEST 10000u
#define CONNECTION_IDLE          60000u
#define CONNECTION_BUSY          25000u

struct connection_table;
struct connection_table *connection_table_create(unsigned connections, unsigned per_address);
void connection_table_destroy(struct connection_table *table); /* NULL allowed */

/* True: it is in. False: it is to be closed. When the table is full another one is shut for it. */
bool connection_table_admit(struct connection_table *table, socket_handle handle,
                            const struct net_address *peer);
void connection_table_remove(struct connection_table *table, socket_handle handle);
/* A request begins, or has been answered. */
void connection_table_set_busy(struct connection_table *table, socket_handle handle, bool busy);
/* Shuts those whose time is over. */
void connection_table_expire(struct connection_table *table);
/* Requests in work, those of `peer`, and how many peers have any. */
void connection_table_load(struct connection_table *table, const struct net_address *peer,
                           unsigned *busy, unsigned *busy_of_peer, unsigned *busy_peers);
void connection_table_count(struct connection_table *table, unsigned *connections,
                            uint64_t *refused, uint64_t *evicted);

#endif

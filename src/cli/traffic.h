/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The counters of this user, and those of the service of this machine. */
#ifndef PEERDIST_CLI_TRAFFIC_H
#define PEERDIST_CLI_TRAFFIC_H

#include "store/counter_store.h"

struct traffic {
    struct counter_store *user, *service;
};
/* PD_NO_MEMORY, PD_NO_IDENTITY. */
enum pd_status traffic_open(struct traffic *traffic);
void traffic_close(struct traffic *traffic); /* after a failure too */

struct traffic_sum {
    uint64_t from_cache, from_peers, from_origin, served;
    uint64_t peers, served_peers; /* how many machines */
};
/* What cannot be read counts as nothing. */
void traffic_add_up(const struct traffic *traffic, struct traffic_sum *sum);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Token buckets by address: how much each may have, and all together. Of addresses that were not
 * heard of for longest nothing is remembered. */
#ifndef PEERDIST_SERVICE_PEER_RATES_H
#define PEERDIST_SERVICE_PEER_RATES_H

#include "net/address.h"

struct peer_rates;
/* each, all: units a second, 0: no limit. `burst` seconds' worth may come at once, `least` units
 * where that is less: what is taken in pieces of up to so many would never be had otherwise. Each
 * bucket begins full. NULL without memory. */
struct peer_rates *peer_rates_create(uint32_t each, uint32_t all, uint32_t burst, uint32_t least);
void peer_rates_destroy(struct peer_rates *rates); /* NULL allowed */
void peer_rates_set(struct peer_rates *rates, uint32_t each, uint32_t all);
/* Takes `amount` units: milliseconds until it would have been there, 0 when it is. Where that is
 * more than `patience` nothing is taken. */
uint32_t peer_rates_take(struct peer_rates *rates, const struct net_address *peer, uint32_t amount,
                         uint32_t patience);

#endif

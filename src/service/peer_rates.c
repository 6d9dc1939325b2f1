/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "service/peer_rates.h"

#include <stdlib.h>

#include "platform/thread.h"

#define PEERS_MAX 256u

/* Tokens in thousandths of a unit; below 0: promised in advance. */
struct bucket {
    struct net_address peer;
    int64_t tokens;
    uint64_t when; /* 0: free */
};

struct peer_rates {
    struct mutex lock;
    uint32_t each, all, burst, least;
    struct bucket total;
    struct bucket peers[PEERS_MAX];
};

struct peer_rates *peer_rates_create(uint32_t each, uint32_t all, uint32_t burst, uint32_t least)
{
    struct peer_rates *rates = calloc(1, sizeof(*rates));
    if (rates == NULL)
        return NULL;
    mutex_init(&rates->lock);
    rates->burst = burst;
    rates->least = least;
    rates->each = each;
    rates->all = all;
    return rates;
}

void peer_rates_destroy(struct peer_rates *rates)
{
    if (rates == NULL)
        return;
    mutex_fini(&rates->lock);
    free(rates);
}

void peer_rates_set(struct peer_rates *rates, uint32_t each, uint32_t all)
{
    mutex_lock(&rates->lock);
    rates->each = each;
    rates->all = all;
    mutex_unlock(&rates->lock);
}

static struct bucket *find(struct peer_rates *rates, const struct net_address *peer)
{
    struct bucket *oldest = &rates->peers[0];
    for (unsigned i = 0; i < PEERS_MAX; i++) {
        struct bucket *one = &rates->peers[i];
        if (one->when != 0 && net_same_host(&one->peer, peer))
            return one;
        if (one->when < oldest->when)
            oldest = one;
    }
    *oldest = (struct bucket){.peer = *peer};
    return oldest;
}

static void fill(const struct peer_rates *rates, struct bucket *bucket, uint32_t rate, uint64_t now)
{
    int64_t least = (int64_t)rates->least * 1000, most = (int64_t)rate * 1000 * rates->burst;
    most = most > least ? most : least;
    /* Longer than an empty bucket takes to fill means nothing, and could overflow. */
    uint64_t longest = (uint64_t)most / rate + 60000;
    uint64_t passed = now - bucket->when;
    passed = passed < longest ? passed : longest;
    bucket->tokens = bucket->when == 0 ? most : bucket->tokens + (int64_t)passed * rate;
    bucket->tokens = bucket->tokens < most ? bucket->tokens : most;
    bucket->when = now;
}

/* Milliseconds until the bucket would hold the amount. */
static uint64_t wait_for(const struct bucket *bucket, uint32_t rate, int64_t amount)
{
    int64_t missing = amount - bucket->tokens;
    return missing <= 0 ? 0 : (uint64_t)(missing + rate - 1) / rate;
}

uint32_t peer_rates_take(struct peer_rates *rates, const struct net_address *peer, uint32_t amount,
                         uint32_t patience)
{
    uint64_t now = clock_milliseconds(), wait = 0;
    int64_t tokens = (int64_t)amount * 1000;
    mutex_lock(&rates->lock);
    struct bucket *bucket = rates->each != 0 ? find(rates, peer) : NULL;
    if (bucket != NULL) {
        fill(rates, bucket, rates->each, now);
        wait = wait_for(bucket, rates->each, tokens);
    }
    if (rates->all != 0) {
        fill(rates, &rates->total, rates->all, now);
        uint64_t common = wait_for(&rates->total, rates->all, tokens);
        wait = wait > common ? wait : common;
    }
    if (wait <= patience) {
        if (bucket != NULL)
            bucket->tokens -= tokens;
        if (rates->all != 0)
            rates->total.tokens -= tokens;
    }
    mutex_unlock(&rates->lock);
    return wait < UINT32_MAX ? (uint32_t)wait : UINT32_MAX;
}

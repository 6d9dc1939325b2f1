/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The client role of distributed mode ([MS-CCROD] 2.8, [MS-PCCRR] 3.1, [MS-PCCRD] 3.1): blocks that
 * a content handle misses are looked for on the subnet, fetched from several machines at once, and
 * go the way of all blocks, through the intake, which verifies and stores them.
 *
 * Process-wide, and there only while somebody asks: one thread that probes, some that fetch, each
 * on a blocking connection. What is remembered of peers outlives the handles. */
#ifndef PEERDIST_ENGINE_PEERS_PEERS_H
#define PEERDIST_ENGINE_PEERS_PEERS_H

#include <stdatomic.h>
#include <stdbool.h>

#include "core/block_set.h"
#include "engine/block_intake.h"
#include "engine/segment_window.h"
#include "platform/settings.h"
#include "store/answer_store.h"
#include "store/counter_store.h"

/* One content handle, as the peers' part sees it. */
struct peer_client {
    struct block_source *source; /* told through its advanced when blocks are given up */
    struct block_intake *intake;
    struct counter_store *counters;
    struct answer_store *answers;
    /* A block that was fetched has been verified; on the thread that did, no lock held. It is on
     * its way into the cache; whoever keeps its bytes retains them. */
    void (*arrived)(struct peer_client *client, const struct staged_block *block);

    /* The peers'. */
    atomic_bool active; /* has sessions */
    bool dropped;       /* will never ask again */
    bool told;
    struct peer_client *next_told;
};

/* Which settings are in force: from the runtime. */
void peers_configure(const struct settings *settings);
/* Ends all threads; nobody asks any more. */
void peers_stop(void);

/* Wants blocks of a segment, which the window (retained) describes and lists. Those that are wanted
 * already are not wanted twice. False: distributed mode is off, nobody can be asked, or the client
 * was dropped. */
bool peers_ask(struct peer_client *client, struct segment_window *window,
               const struct window_segment *segment, const struct block_set *blocks);
/* True while the block is still to come from somewhere, or is being verified. */
bool peers_bring(const struct peer_client *client, const struct cache_segment *segment,
                 uint32_t number);
/* The intake has room again. */
void peers_go_on(struct peer_client *client);
/* The handle closes: nothing is wanted any more, exchanges are broken off. The source is still
 * retained for a moment. */
void peers_drop(struct peer_client *client);
/* The store goes away; the clients that had it are gone. It is told what was counted until now. */
void peers_forget(struct answer_store *answers);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fetching what was published through content handles. */
#ifndef PEERDIST_CLI_DEMO_FETCH_H
#define PEERDIST_CLI_DEMO_FETCH_H

#include "cli/demo.h"

struct demo_fetched {
    uint64_t from_cache, from_origin; /* bytes */
    double seconds;                   /* reading and comparing with the files included */
};

/* All files, in turn: from_origin empties the cache first and takes from the files what is missing;
 * else the cache alone has to have every byte. Reports failures. */
BOOL demo_fetch(struct demo *demo, bool from_origin, struct demo_fetched *sum);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fetching what was published through content handles. */
#ifndef PEERDIST_CLI_DEMO_FETCH_H
#define PEERDIST_CLI_DEMO_FETCH_H

#include "cli/demo.h"

struct demo_fetched {
    uint64_t from_cache, from_origin; /* bytes */
    double seconds;                   /* reading and comparing with the files included */
};

enum demo_source {
    DEMO_ORIGIN, /* the cache is emptied; what is missing comes from the files */
    DEMO_CACHE,  /* it alone has to have every byte */
    DEMO_PEERS   /* the cache is emptied; other machines have to have what is missing */
};
/* All files, in turn, compared with those of the folder. Reports failures. */
BOOL demo_fetch(struct demo *demo, enum demo_source source, struct demo_fetched *sum);

#endif

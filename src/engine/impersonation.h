/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Working as somebody else for a while, on whichever thread, and being oneself again afterwards. */
#ifndef PEERDIST_ENGINE_IMPERSONATION_H
#define PEERDIST_ENGINE_IMPERSONATION_H

#include <stdbool.h>

struct impersonation {
    void *saved;
    void *entered;
};

/* The calling thread runs under token (NULL: as the process) until impersonation_end, which is due
 * after false too. False: it does not run under it. */
bool impersonation_begin(struct impersonation *impersonation, void *token);
/* The same on a thread of the pool, which never has a token of its own: that need not be asked, and
 * for NULL nothing is to be done. */
bool impersonation_begin_on_pool(struct impersonation *impersonation, void *token);
void impersonation_end(struct impersonation *impersonation);

#endif

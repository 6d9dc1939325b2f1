/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which kernels this machine runs. Internal to core/hash, its tests and its benchmarks. */
#ifndef PEERDIST_CORE_HASH_HASH_DISPATCH_H
#define PEERDIST_CORE_HASH_HASH_DISPATCH_H

#include "core/hash/digest.h"

/* Decides once; later calls, from any thread, find it decided. */
void hash_dispatch_init(void);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which kernels this machine runs. */
#include "core/hash/hash_dispatch.h"

void hash_dispatch_init(void)
{
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Addresses in XAddrs: literals only, for nothing in discovery may cause a look-up of a name.
 * Internal to core. */
#ifndef PEERDIST_CORE_DISCOVERY_XADDRS_H
#define PEERDIST_CORE_DISCOVERY_XADDRS_H

#include "core/discovery.h"

/* The entries that can be used, of the first DISCOVERY_ADDRESSES_MAX. */
void discovery_read_xaddrs(const char *text, struct discovery_address *addresses, size_t *count);

#endif

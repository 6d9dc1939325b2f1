/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who else is looking for the same segments now. Probes are multicast: whoever has one may hear
 * those of others. Where nobody has a segment but another machine asked for it before this one,
 * that one is about to bring it from the origin, and it is worth waiting for a moment instead of
 * bringing it too. So of many machines that begin at once each segment is brought by the one that
 * asked first. The prober's thread alone uses it. */
#ifndef PEERDIST_ENGINE_PEERS_CROWD_H
#define PEERDIST_ENGINE_PEERS_CROWD_H

#include "core/discovery.h"
#include "net/socket.h"

#define CROWD_SOCKETS 2u
/* ms that another's question is remembered: so long it may take to bring a segment. */
#define CROWD_MEMORY 5000u

/* Listens for Probes, on the interfaces that there are now; again when they may have changed. Where
 * the port cannot be shared nothing is heard. */
void crowd_listen(void);
void crowd_end(void);
/* To wait for; SOCKET_NONE where there is none. */
socket_handle crowd_socket(unsigned which);
/* Takes what has come. Questions with one of these MessageIDs are our own. */
void crowd_hear(bool (*is_own)(const char *message_id));

/* Another machine asked before we did: at `asked`, by that MessageID. */
bool crowd_is_ahead(const uint8_t *id, size_t length, uint64_t asked, const char *message_id);

#endif

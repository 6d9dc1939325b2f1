/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* TCP connections and UDP sockets for threads that block, each for a bounded time. Deadlines are
 * values of clock_milliseconds. */
#ifndef PEERDIST_NET_SOCKET_H
#define PEERDIST_NET_SOCKET_H

#include <stdatomic.h>

#include "core/status.h"
#include "net/address.h"

typedef intptr_t socket_handle;
#define SOCKET_NONE ((socket_handle)-1)

/* Paired. Readies the system's sockets. */
bool sockets_start(void);
void sockets_stop(void);

void socket_close(socket_handle handle); /* SOCKET_NONE allowed */
/* Wakes a thread that is blocked on it: the connection is over, the handle stays. */
void socket_shut(socket_handle handle);

/* ---- TCP ---- */

/* PD_TIMEOUT, PD_IO_ERROR; PD_ABORTED soon after *aborted (may be NULL) has become true. */
enum pd_status socket_connect(const struct net_address *to, uint64_t deadline,
                              const atomic_bool *aborted, socket_handle *handle);
/* On every address of one family, of a port that others may use as well where port is not 0;
 * address.port is filled in. PD_ALREADY_EXISTS: somebody else has the port. */
enum pd_status socket_listen(struct net_address *address, socket_handle *handle);
/* Without blocking: PD_NO_MORE when nobody waits, PD_IO_ERROR. */
enum pd_status socket_accept(socket_handle listener, socket_handle *handle,
                             struct net_address *peer);
/* All of it. PD_TIMEOUT, PD_IO_ERROR. */
enum pd_status socket_send(socket_handle handle, const void *data, size_t length,
                           uint64_t deadline);
/* At least one byte; *got 0 and PD_OK: the peer has closed. PD_TIMEOUT, PD_IO_ERROR. */
enum pd_status socket_receive(socket_handle handle, void *out, size_t room, uint64_t deadline,
                              size_t *got);

/* ---- UDP ---- */

/* For the discovery port: shared with others who do the same. */
enum pd_status socket_open_shared(bool ipv6, uint16_t port, socket_handle *handle);
/* At this interface's address, any port; what is multicast from it leaves through that interface,
 * one hop far, and reaches this machine too. */
enum pd_status socket_open_at(const struct net_address *interface_address, socket_handle *handle);
bool socket_join(socket_handle handle, const struct net_address *group,
                 const struct net_address *interface_address);
bool socket_send_to(socket_handle handle, const void *data, size_t length,
                    const struct net_address *to);
/* Without blocking: false when nothing is there, or what was there does not fit: *got is then
 * `room` + 1 and the datagram lost. */
bool socket_receive_from(socket_handle handle, void *out, size_t room, size_t *got,
                         struct net_address *from);

/* Waits until one of them can be read from; ready[i] tells which. SOCKET_NONE entries never are. */
#define SOCKET_WAIT_MAX 64u
void socket_wait(const socket_handle *handles, bool *ready, unsigned count, uint32_t milliseconds);
/* A pair of sockets on loopback by which one thread ends another's socket_wait. */
struct socket_waker {
    socket_handle receiver, sender;
    struct net_address address;
};
bool socket_waker_init(struct socket_waker *waker);
void socket_waker_fini(struct socket_waker *waker);
void socket_waker_wake(struct socket_waker *waker);
void socket_waker_drain(struct socket_waker *waker);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The server that peers send their requests to: libmicrohttpd for the protocol, our own accepting,
 * so that no address can take all connections and idle or slow ones make way for others.
 *
 * Limits: per address and in all as given; a connection that has never finished a request within 10
 * s, one that is idle for 60 s and a request that takes longer than 25 s are cut off. When all
 * connections are taken the one that has been idle longest makes way, of the address that has most.
 */
#ifndef PEERDIST_NET_HTTP_SERVER_H
#define PEERDIST_NET_HTTP_SERVER_H

#include "core/status.h"
#include "net/address.h"

struct http_request {
    const struct net_address *peer;
    const uint8_t *body;
    size_t length;
    /* Requests in work now, this one included; of this peer; and whose they all are. */
    unsigned busy, busy_of_peer, busy_peers;
};

struct http_reply {
    unsigned status; /* 200 unless set */
    uint8_t *body;   /* malloc'ed: the server frees it; NULL: empty */
    size_t length;
    uint32_t delay; /* milliseconds before it is sent */
};

struct http_server_options {
    const char *path; /* the only one there is, in any case of letters; POST alone */
    size_t body_max;  /* of requests */
    uint16_t port;    /* 0: any */
    unsigned connections, connections_per_address;
    void *context;
    /* On one of several threads of the server's. */
    void (*answer)(void *context, const struct http_request *request, struct http_reply *reply);
};

struct http_server;
/* Listens on IPv4 and IPv6, on every address; on one of them where the other is not to be had.
 * PD_ALREADY_EXISTS: the port is in use; PD_UNAVAILABLE, PD_NO_MEMORY. */
enum pd_status http_server_start(const struct http_server_options *options,
                                 struct http_server **started);
uint16_t http_server_port(const struct http_server *server);
/* Lets answers that are being made be sent, cuts the rest. */
void http_server_stop(struct http_server *server); /* NULL allowed */

#endif

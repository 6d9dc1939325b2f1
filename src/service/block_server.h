/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The server role of the retrieval protocol ([MS-PCCRR] 3.2): requests of peers, answered out of
 * the caches of this machine's users. Every block is compared with its hash once more before it
 * leaves; one that differs is dropped from its cache and was never there. */
#ifndef PEERDIST_SERVICE_BLOCK_SERVER_H
#define PEERDIST_SERVICE_BLOCK_SERVER_H

#include "net/http_server.h"
#include "platform/settings.h"
#include "service/served_stores.h"
#include "service/service_log.h"
#include "store/counter_store.h"

struct block_server;
/* All of these outlive it. NULL without memory. */
struct block_server *block_server_create(struct served_stores *stores,
                                         struct counter_store *counters,
                                         const struct service_log *log);
void block_server_destroy(struct block_server *server); /* NULL allowed */
/* Limits, and whether blocks are given at all. */
void block_server_configure(struct block_server *server, const struct settings *settings);
/* http_server_options' answer; `context` is the block server. */
void block_server_answer(void *context, const struct http_request *http, struct http_reply *reply);
bool block_server_may_serve(struct block_server *server);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One POST at a time over a connection that is kept: how the retrieval protocol talks to a peer.
 * Only answers that it allows are taken: status 200, no content coding, a body of bounded length,
 * whether counted, chunked or ended by the close. Redirects, challenges and cookies are failures.
 */
#ifndef PEERDIST_NET_HTTP_CLIENT_H
#define PEERDIST_NET_HTTP_CLIENT_H

#include "net/socket.h"

struct http_client; /* one thread at a time, but for http_client_abort */

/* Bodies of at most body_max bytes. NULL without memory. */
struct http_client *http_client_create(const struct net_address *peer, size_t body_max);
void http_client_destroy(struct http_client *client); /* NULL allowed */
/* From any thread: what is going on fails at once, and so does all that follows. */
void http_client_abort(struct http_client *client);

/* Sends `body` to `path` and takes the answer: *answer points to memory of the client's, valid
 * until its next call. All of it before the deadline: else PD_TIMEOUT. PD_IO_ERROR: no connection,
 * or it broke. PD_INVALID_PARAMETER: an answer of another kind. PD_ABORTED. After a failure the
 * connection is closed; a kept one that turns out to be dead is replaced once, unnoticed. */
enum pd_status http_client_post(struct http_client *client, const char *path, const void *body,
                                size_t length, uint64_t deadline, uint8_t **answer,
                                size_t *answer_length);

#endif

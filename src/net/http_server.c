/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Accepting, and libmicrohttpd's callbacks. */
#include "net/http_server.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <microhttpd.h>

#include "net/connection_table.h"
#include "net/socket_address.h"
#include "platform/thread.h"

#define LISTENERS    2u
#define THREADS_MAX  8u
#define EXPIRY_EVERY 500u /* milliseconds */
#define MEMORY       (32u * 1024)
/* Descriptors that libmicrohttpd may have at once, those that were shut included. */
#define SLACK 64u

/* One request, from its first line to its last byte sent. */
struct exchange {
    struct http_server *server;
    struct net_address peer;
    bool begun, bad_path, answered;
    size_t filled;
    uint8_t *body;
    struct http_reply reply;
    struct MHD_Connection *connection;
    uint64_t due; /* while it is held back */
    struct exchange *next;
};

struct http_server {
    struct http_server_options options;
    struct MHD_Daemon *daemon;
    struct connection_table *table;
    struct socket_waker waker;
    socket_handle listeners[LISTENERS];
    uint16_t port;
    struct thread *thread;
    atomic_bool stopping;

    struct mutex lock; /* guards held, and whether any more is held back: stopping */
    struct exchange *held;
};

/* ---- Requests ---- */

/* Before anything of the request but its first line is looked at. */
static void *begin_exchange(void *context, const char *uri, struct MHD_Connection *connection)
{
    struct http_server *server = context;
    struct exchange *exchange = calloc(1, sizeof(*exchange));
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (exchange == NULL)
        return NULL;
    exchange->server = server;
    exchange->connection = connection;
    exchange->bad_path = strcasecmp(uri, server->options.path) != 0;
    exchange->reply.status = MHD_HTTP_OK;
    connection_table_set_busy(server->table, (socket_handle)info->connect_fd, true);
    info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    socket_address_to((const union socket_address *)info->client_addr, &exchange->peer);
    return exchange;
}

static void end_exchange(void *context, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode how)
{
    struct http_server *server = context;
    struct exchange *exchange = *state;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    (void)how;
    connection_table_set_busy(server->table, (socket_handle)info->connect_fd, false);
    if (exchange == NULL)
        return;
    free(exchange->body);
    free(exchange->reply.body);
    free(exchange);
    *state = NULL;
}

static enum MHD_Result queue_status(struct MHD_Connection *connection, unsigned status)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    if (response == NULL)
        return MHD_NO;
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result queue_reply(struct exchange *exchange)
{
    struct http_reply *reply = &exchange->reply;
    if (reply->status != MHD_HTTP_OK)
        return queue_status(exchange->connection, reply->status);
    struct MHD_Response *response =
        MHD_create_response_from_buffer_with_free_callback(reply->length, reply->body, &free);
    if (response == NULL)
        return MHD_NO;
    reply->body = NULL; /* the response's now */
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                                  "application/octet-stream");
    enum MHD_Result result = MHD_queue_response(exchange->connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}

/* 0: go on. */
static unsigned refuse_head(const struct exchange *exchange, const char *method)
{
    const struct http_server_options *options = &exchange->server->options;
    const char *length = MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND,
                                                     MHD_HTTP_HEADER_CONTENT_LENGTH);
    const char *coding = MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND,
                                                     MHD_HTTP_HEADER_TRANSFER_ENCODING);
    if (exchange->bad_path)
        return MHD_HTTP_NOT_FOUND;
    if (strcmp(method, MHD_HTTP_METHOD_POST) != 0)
        return MHD_HTTP_METHOD_NOT_ALLOWED;
    if (length == NULL && coding == NULL)
        return MHD_HTTP_LENGTH_REQUIRED;
    if (length != NULL && coding != NULL)
        return MHD_HTTP_BAD_REQUEST;
    if (length != NULL && strtoull(length, NULL, 10) > options->body_max)
        return MHD_HTTP_CONTENT_TOO_LARGE;
    return 0;
}

/* Sends the answer later: the accepting thread lets it go on. False: that thread may have let go of
 * all of them for the last time, and a connection that is suspended then stays so for ever. */
static bool hold_back(struct exchange *exchange)
{
    struct http_server *server = exchange->server;
    exchange->due = clock_milliseconds() + exchange->reply.delay;
    mutex_lock(&server->lock);
    bool stopping = atomic_load(&server->stopping);
    if (!stopping) {
        MHD_suspend_connection(exchange->connection);
        exchange->next = server->held;
        server->held = exchange;
    }
    mutex_unlock(&server->lock);
    if (!stopping)
        socket_waker_wake(&server->waker);
    return !stopping;
}

static enum MHD_Result answer(struct exchange *exchange)
{
    const struct http_server_options *options = &exchange->server->options;
    if (!exchange->answered) {
        struct http_request request = {&exchange->peer, exchange->body, exchange->filled, 0, 0, 0};
        connection_table_load(exchange->server->table, &exchange->peer, &request.busy,
                              &request.busy_of_peer, &request.busy_peers);
        exchange->answered = true;
        options->answer(options->context, &request, &exchange->reply);
        if (exchange->reply.delay > 0 && hold_back(exchange))
            return MHD_YES;
    }
    return queue_reply(exchange);
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **state)
{
    struct http_server *server = context;
    struct exchange *exchange = *state;
    (void)url;
    (void)version;
    if (exchange == NULL)
        return MHD_NO; /* no memory */
    if (!exchange->begun) {
        exchange->begun = true;
        unsigned status = refuse_head(exchange, method);
        return status != 0 ? queue_status(connection, status) : MHD_YES;
    }
    if (*upload_size == 0)
        return answer(exchange);
    if (*upload_size > server->options.body_max - exchange->filled)
        return MHD_NO; /* chunked, and longer than allowed: cut off */
    if (exchange->body == NULL || exchange->filled + *upload_size > 128) {
        size_t room =
            exchange->body == NULL && *upload_size <= 128 ? 128 : server->options.body_max;
        uint8_t *larger = realloc(exchange->body, room);
        if (larger == NULL)
            return MHD_NO;
        exchange->body = larger;
    }
    memcpy(exchange->body + exchange->filled, upload, *upload_size);
    exchange->filled += *upload_size;
    *upload_size = 0;
    return MHD_YES;
}

static void notify_connection(void *context, struct MHD_Connection *connection,
                              void **socket_context, enum MHD_ConnectionNotificationCode code)
{
    struct http_server *server = context;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    (void)socket_context;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED)
        connection_table_remove(server->table, (socket_handle)info->connect_fd);
}

/* ---- The accepting thread ---- */

static void accept_all(struct http_server *server, socket_handle listener)
{
    socket_handle accepted;
    struct net_address peer;
    while (!atomic_load(&server->stopping) && socket_accept(listener, &accepted, &peer) == PD_OK) {
        union socket_address address;
        socklen_t length = socket_address_from(&address, &peer);
        if (!connection_table_admit(server->table, accepted, &peer))
            socket_close(accepted);
        else if (MHD_add_connection(server->daemon, (MHD_socket)accepted, &address.any, length) !=
                 MHD_YES)
            connection_table_remove(server->table, accepted); /* it has closed the socket */
    }
}

/* Lets answers go whose time has come; gives the milliseconds until the next one's. */
static uint32_t release_held(struct http_server *server, bool all)
{
    uint64_t now = clock_milliseconds();
    uint32_t wait = EXPIRY_EVERY;
    mutex_lock(&server->lock);
    for (struct exchange **link = &server->held; *link != NULL;) {
        struct exchange *exchange = *link;
        if (all || exchange->due <= now) {
            *link = exchange->next;
            MHD_resume_connection(exchange->connection);
            continue;
        }
        if (exchange->due - now < wait)
            wait = (uint32_t)(exchange->due - now);
        link = &exchange->next;
    }
    mutex_unlock(&server->lock);
    return wait;
}

static void run(void *argument)
{
    struct http_server *server = argument;
    const socket_handle handles[LISTENERS + 1] = {server->listeners[0], server->listeners[1],
                                                  server->waker.receiver};
    bool ready[LISTENERS + 1];
    uint64_t expiry = 0;
    while (!atomic_load(&server->stopping)) {
        socket_wait(handles, ready, LISTENERS + 1, release_held(server, false));
        for (unsigned i = 0; i < LISTENERS; i++)
            if (ready[i])
                accept_all(server, handles[i]);
        if (ready[LISTENERS])
            socket_waker_drain(&server->waker);
        if (clock_milliseconds() >= expiry) {
            connection_table_expire(server->table);
            expiry = clock_milliseconds() + EXPIRY_EVERY;
        }
    }
    (void)release_held(server, true);
}

/* ---- Start and stop ---- */

static enum pd_status listen_all(struct http_server *server)
{
    struct net_address address = {.port = server->options.port};
    enum pd_status v4 = socket_listen(&address, &server->listeners[0]);
    if (v4 == PD_ALREADY_EXISTS)
        return v4;
    struct net_address other = {.ipv6 = true, .port = address.port};
    enum pd_status v6 = socket_listen(&other, &server->listeners[1]);
    server->port = v4 == PD_OK ? address.port : other.port;
    /* Where IPv6 is switched off its socket cannot be bound. */
    return v4 == PD_OK || v6 == PD_OK ? PD_OK : PD_UNAVAILABLE;
}

static enum pd_status start_daemon(struct http_server *server)
{
    const struct http_server_options *options = &server->options;
    unsigned threads = processor_count() + 1;
    threads = threads < THREADS_MAX ? threads : THREADS_MAX;
    server->daemon = MHD_start_daemon(
        MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC |
            MHD_ALLOW_SUSPEND_RESUME | MHD_USE_TURBO,
        0, NULL, NULL, handle, server, MHD_OPTION_URI_LOG_CALLBACK, begin_exchange, server,
        MHD_OPTION_NOTIFY_COMPLETED, end_exchange, server, MHD_OPTION_NOTIFY_CONNECTION,
        notify_connection, server, MHD_OPTION_THREAD_POOL_SIZE, threads,
        MHD_OPTION_CONNECTION_LIMIT, options->connections + SLACK,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY, MHD_OPTION_END);
    return server->daemon != NULL ? PD_OK : PD_UNAVAILABLE;
}

enum pd_status http_server_start(const struct http_server_options *options,
                                 struct http_server **started)
{
    struct http_server *server = calloc(1, sizeof(*server));
    if (server == NULL || !sockets_start()) {
        free(server);
        return PD_NO_MEMORY;
    }
    server->options = *options;
    server->listeners[0] = server->listeners[1] = SOCKET_NONE;
    mutex_init(&server->lock);
    enum pd_status status = socket_waker_init(&server->waker) ? PD_OK : PD_UNAVAILABLE;
    if (status != PD_OK)
        server->waker.receiver = server->waker.sender = SOCKET_NONE;
    server->table = connection_table_create(options->connections, options->connections_per_address);
    if (status == PD_OK)
        status = server->table != NULL ? listen_all(server) : PD_NO_MEMORY;
    if (status == PD_OK)
        status = start_daemon(server);
    if (status == PD_OK) {
        server->thread = thread_start(run, server);
        status = server->thread != NULL ? PD_OK : PD_NO_MEMORY;
    }
    *started = server;
    if (status != PD_OK) {
        http_server_stop(server);
        *started = NULL;
    }
    return status;
}

uint16_t http_server_port(const struct http_server *server)
{
    return server->port;
}

void http_server_stop(struct http_server *server)
{
    if (server == NULL)
        return;
    mutex_lock(&server->lock);
    atomic_store(&server->stopping, true);
    mutex_unlock(&server->lock);
    if (server->thread != NULL) {
        socket_waker_wake(&server->waker);
        thread_join(server->thread);
    }
    if (server->daemon != NULL)
        MHD_stop_daemon(server->daemon);
    for (unsigned i = 0; i < LISTENERS; i++)
        socket_close(server->listeners[i]);
    socket_waker_fini(&server->waker);
    connection_table_destroy(server->table);
    mutex_fini(&server->lock);
    free(server);
    sockets_stop();
}

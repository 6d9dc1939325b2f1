/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Requests and answers over a blocking socket; heads by picohttpparser. */
#include "net/http_client.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <picohttpparser.h>

#include "platform/thread.h"

#define HEAD_MAX    16384u
#define HEADERS_MAX 64u
#define REQUEST_MAX 512u

struct http_client {
    struct net_address peer;
    size_t body_max;
    atomic_bool aborted;
    struct mutex lock; /* guards handle against http_client_abort */
    socket_handle handle;
    bool used; /* the connection has answered before */
    size_t filled;
    size_t room;
    uint8_t *buffer; /* head and body */
};

struct http_client *http_client_create(const struct net_address *peer, size_t body_max)
{
    struct http_client *client = calloc(1, sizeof(*client));
    if (client == NULL)
        return NULL;
    client->peer = *peer;
    client->body_max = body_max;
    client->handle = SOCKET_NONE;
    client->room = HEAD_MAX + body_max;
    client->buffer = malloc(client->room);
    mutex_init(&client->lock);
    if (client->buffer != NULL)
        return client;
    http_client_destroy(client);
    return NULL;
}

static void set_handle(struct http_client *client, socket_handle handle)
{
    mutex_lock(&client->lock);
    socket_handle before = client->handle;
    client->handle = handle;
    if (handle != SOCKET_NONE && atomic_load(&client->aborted))
        socket_shut(handle);
    mutex_unlock(&client->lock);
    socket_close(before);
    client->used = false;
}

void http_client_destroy(struct http_client *client)
{
    if (client == NULL)
        return;
    socket_close(client->handle);
    mutex_fini(&client->lock);
    free(client->buffer);
    free(client);
}

void http_client_abort(struct http_client *client)
{
    mutex_lock(&client->lock);
    atomic_store(&client->aborted, true);
    if (client->handle != SOCKET_NONE)
        socket_shut(client->handle);
    mutex_unlock(&client->lock);
}

/* ---- Answers ---- */

enum body_kind { BODY_COUNTED, BODY_CHUNKED, BODY_TO_THE_END };

struct head {
    size_t length;
    enum body_kind kind;
    size_t content_length;
    bool keep;
};

static bool is_named(const struct phr_header *header, const char *name)
{
    return header->name_len == strlen(name) && header->name != NULL &&
           strncasecmp(header->name, name, header->name_len) == 0;
}

static bool has_value(const struct phr_header *header, const char *value)
{
    return header->value_len == strlen(value) &&
           strncasecmp(header->value, value, header->value_len) == 0;
}

static bool parse_length(const struct phr_header *header, size_t most, size_t *length)
{
    *length = 0;
    for (size_t i = 0; i < header->value_len; i++) {
        char digit = header->value[i];
        if (digit < '0' || digit > '9' || *length > most)
            return false;
        *length = *length * 10 + (size_t)(digit - '0');
    }
    return header->value_len > 0 && *length <= most;
}

/* PD_NO_MORE: it is not whole yet. */
static enum pd_status parse_head(const struct http_client *client, struct head *head)
{
    struct phr_header headers[HEADERS_MAX];
    size_t count = HEADERS_MAX, message_length, most = client->body_max;
    int minor, status;
    const char *message;
    bool counted = false;
    size_t length = client->filled < HEAD_MAX ? client->filled : HEAD_MAX;
    int parsed = phr_parse_response((const char *)client->buffer, length, &minor, &status, &message,
                                    &message_length, headers, &count, 0);
    if (parsed == -2)
        return length == HEAD_MAX ? PD_INVALID_PARAMETER : PD_NO_MORE;
    if (parsed < 0 || status != 200)
        return PD_INVALID_PARAMETER;
    *head = (struct head){.length = (size_t)parsed, .kind = BODY_TO_THE_END, .keep = minor > 0};
    for (size_t i = 0; i < count; i++) {
        const struct phr_header *header = &headers[i];
        if (is_named(header, "Content-Length")) {
            if (counted || head->kind == BODY_CHUNKED ||
                !parse_length(header, most, &head->content_length))
                return PD_INVALID_PARAMETER;
            counted = true;
            head->kind = BODY_COUNTED;
        } else if (is_named(header, "Transfer-Encoding")) {
            if (counted || !has_value(header, "chunked"))
                return PD_INVALID_PARAMETER;
            head->kind = BODY_CHUNKED;
        } else if (is_named(header, "Content-Encoding")) {
            if (!has_value(header, "identity"))
                return PD_INVALID_PARAMETER;
        } else if (is_named(header, "Connection")) {
            head->keep = minor > 0 ? !has_value(header, "close") : has_value(header, "keep-alive");
        }
    }
    head->keep = head->keep && head->kind != BODY_TO_THE_END;
    return PD_OK;
}

static enum pd_status receive_more(struct http_client *client, uint64_t deadline, bool *closed)
{
    size_t got = 0;
    if (client->filled == client->room)
        return PD_INVALID_PARAMETER;
    enum pd_status status = socket_receive(client->handle, client->buffer + client->filled,
                                           client->room - client->filled, deadline, &got);
    client->filled += got;
    *closed = status == PD_OK && got == 0;
    /* A peer that sends a byte now and then is as good as silent. */
    if (status == PD_OK && !*closed && clock_milliseconds() >= deadline)
        status = PD_TIMEOUT;
    return status;
}

static enum pd_status receive_head(struct http_client *client, uint64_t deadline, struct head *head)
{
    enum pd_status status = PD_NO_MORE;
    bool closed = false;
    while (status == PD_NO_MORE && !closed) {
        status = receive_more(client, deadline, &closed);
        if (status == PD_OK && !closed)
            status = parse_head(client, head);
    }
    return closed ? PD_IO_ERROR : status;
}

/* The body that begins behind the head; decoded in place. */
static enum pd_status receive_chunked(struct http_client *client, const struct head *head,
                                      uint64_t deadline, size_t *length)
{
    struct phr_chunked_decoder decoder = {.consume_trailer = 1};
    size_t decoded = head->length;
    bool closed = false;
    for (;;) {
        size_t part = client->filled - decoded;
        ssize_t left = phr_decode_chunked(&decoder, (char *)client->buffer + decoded, &part);
        if (left == -1)
            return PD_INVALID_PARAMETER;
        decoded += part;
        client->filled = decoded;
        if (left >= 0) {
            *length = decoded - head->length;
            return left == 0 && *length <= client->body_max ? PD_OK : PD_INVALID_PARAMETER;
        }
        enum pd_status status = receive_more(client, deadline, &closed);
        if (status != PD_OK || closed)
            return closed ? PD_IO_ERROR : status;
    }
}

static enum pd_status receive_plain(struct http_client *client, const struct head *head,
                                    uint64_t deadline, size_t *length)
{
    bool counted = head->kind == BODY_COUNTED, closed = false;
    enum pd_status status = PD_OK;
    while (status == PD_OK && !closed &&
           !(counted && client->filled >= head->length + head->content_length))
        status = receive_more(client, deadline, &closed);
    *length = client->filled - head->length;
    if (status == PD_OK && counted && *length < head->content_length)
        return PD_IO_ERROR;
    if (status == PD_OK && (counted ? *length > head->content_length : *length > client->body_max))
        return PD_INVALID_PARAMETER; /* more than an answer */
    return status;
}

/* ---- Exchanges ---- */

static enum pd_status send_request(struct http_client *client, const char *path, const void *body,
                                   size_t length, uint64_t deadline)
{
    char host[NET_ADDRESS_TEXT];
    uint8_t *request = client->buffer; /* the answer before is done with */
    client->filled = 0;
    net_address_text(&client->peer, host);
    int head = snprintf((char *)request, REQUEST_MAX,
                        "POST %s HTTP/1.1\r\nHost: %s\r\nConnection: Keep-Alive\r\n"
                        "Content-Length: %u\r\n\r\n",
                        path, host, (unsigned)length);
    if (head < 0 || head >= (int)REQUEST_MAX || length > client->room - REQUEST_MAX)
        return PD_INVALID_PARAMETER;
    memcpy(request + head, body, length);
    return socket_send(client->handle, request, (size_t)head + length, deadline);
}

static enum pd_status exchange(struct http_client *client, const char *path, const void *body,
                               size_t length, uint64_t deadline, uint8_t **answer,
                               size_t *answer_length)
{
    struct head head = {0};
    enum pd_status status = send_request(client, path, body, length, deadline);
    if (status == PD_OK)
        status = receive_head(client, deadline, &head);
    if (status == PD_OK)
        status = head.kind == BODY_CHUNKED ? receive_chunked(client, &head, deadline, answer_length)
                                           : receive_plain(client, &head, deadline, answer_length);
    *answer = client->buffer + head.length;
    if (status == PD_OK && head.keep)
        client->used = true;
    else
        set_handle(client, SOCKET_NONE);
    return status;
}

enum pd_status http_client_post(struct http_client *client, const char *path, const void *body,
                                size_t length, uint64_t deadline, uint8_t **answer,
                                size_t *answer_length)
{
    for (;;) {
        bool reused = client->handle != SOCKET_NONE && client->used;
        enum pd_status status = atomic_load(&client->aborted) ? PD_ABORTED : PD_OK;
        if (status == PD_OK && client->handle == SOCKET_NONE) {
            socket_handle handle;
            status = socket_connect(&client->peer, deadline, &client->aborted, &handle);
            if (status == PD_OK)
                set_handle(client, handle);
        }
        if (status == PD_OK)
            status = exchange(client, path, body, length, deadline, answer, answer_length);
        /* A server may close an idle connection at any time: that is no failure of the peer. */
        bool died = status == PD_IO_ERROR && client->filled == 0;
        if (atomic_load(&client->aborted))
            return PD_ABORTED;
        if (!reused || !died)
            return status;
    }
}

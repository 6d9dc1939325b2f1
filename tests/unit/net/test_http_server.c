/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stopping a server that holds answers back, and holds back more meanwhile: every client gets its
 * answer or an end of its connection, and none waits on. */
#include "net/http_server.h"

#include "support/unit_main.h"

#include <stdlib.h>
#include <string.h>

#include "net/http_client.h"
#include "platform/thread.h"

#define PATH     "/test/"
#define CLIENTS  6u
#define ROUNDS   60u
#define TOGETHER 10000u /* milliseconds that no step takes */

static const uint8_t text[] = "answer";

struct bench {
    struct mutex lock;
    struct condition changed;
    struct net_address peer;
    uint32_t delay;                /* of answers; 0: short ones of several lengths */
    unsigned asked, good, hanging; /* requests that came; clients' results */
};

static void answer(void *context, const struct http_request *request, struct http_reply *reply)
{
    struct bench *bench = context;
    (void)request;
    mutex_lock(&bench->lock);
    bench->asked++;
    reply->delay = bench->delay != 0 ? bench->delay : 1 + bench->asked % 3;
    condition_wake_all(&bench->changed);
    mutex_unlock(&bench->lock);
    reply->body = malloc(sizeof(text));
    if (reply->body != NULL) {
        memcpy(reply->body, text, sizeof(text));
        reply->length = sizeof(text);
    }
}

/* One request after another, until one fails. */
static void ask(void *argument)
{
    struct bench *bench = argument;
    struct http_client *client = http_client_create(&bench->peer, 64);
    enum pd_status status = PD_NO_MEMORY;
    uint8_t *body;
    size_t length;
    unsigned good = 0;
    do {
        if (client != NULL)
            status = http_client_post(client, PATH, "question", 8, clock_milliseconds() + TOGETHER,
                                      &body, &length);
        good += status == PD_OK && length == sizeof(text) && memcmp(body, text, length) == 0;
    } while (status == PD_OK);
    mutex_lock(&bench->lock);
    bench->good += good;
    bench->hanging += status == PD_TIMEOUT ? 1 : 0;
    mutex_unlock(&bench->lock);
    http_client_destroy(client);
}

static struct http_server *start(struct bench *bench)
{
    const struct http_server_options options = {
        .path = PATH,
        .body_max = 64,
        .connections = 2 * CLIENTS,
        .connections_per_address = 2 * CLIENTS,
        .context = bench,
        .answer = answer,
    };
    struct http_server *server;
    assert_int_equal(http_server_start(&options, &server), PD_OK);
    bench->peer = (struct net_address){.bytes = {127, 0, 0, 1}, .port = http_server_port(server)};
    return server;
}

static void wait_until_asked(struct bench *bench, unsigned count)
{
    uint64_t end = clock_milliseconds() + TOGETHER;
    mutex_lock(&bench->lock);
    while (bench->asked < count && clock_milliseconds() < end)
        (void)condition_wait_for(&bench->changed, &bench->lock, 100);
    assert_true(bench->asked >= count);
    mutex_unlock(&bench->lock);
}

/* The server is stopped when so many requests have come. */
static void stop_amid(struct bench *bench, unsigned clients, unsigned asked)
{
    struct thread *threads[CLIENTS];
    struct http_server *server = start(bench);
    bench->asked = 0;
    for (unsigned i = 0; i < clients; i++)
        assert_non_null(threads[i] = thread_start(ask, bench));
    wait_until_asked(bench, asked);
    uint64_t begin = clock_milliseconds();
    http_server_stop(server);
    for (unsigned i = 0; i < clients; i++)
        thread_join(threads[i]);
    assert_true(clock_milliseconds() - begin < TOGETHER / 2);
    assert_int_equal(bench->hanging, 0);
}

/* A connection that is suspended too late ends the program: libmicrohttpd does not forgive it. */
static void test_stop_under_load(void **state)
{
    struct bench bench = {.lock = MUTEX_INITIALIZER, .changed = CONDITION_INITIALIZER};
    (void)state;
    for (unsigned i = 0; i < ROUNDS; i++)
        stop_amid(&bench, CLIENTS, 1 + i % 20);
    assert_true(bench.good > ROUNDS);
}

/* None of them is near its time. */
static void test_stop_with_all_held(void **state)
{
    struct bench bench = {
        .lock = MUTEX_INITIALIZER, .changed = CONDITION_INITIALIZER, .delay = 2 * TOGETHER};
    (void)state;
    stop_amid(&bench, CLIENTS, CLIENTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stop_under_load),
        cmocka_unit_test(test_stop_with_all_held),
    };
    return pd_unit_report(sizeof(tests) / sizeof(*tests),
                          cmocka_run_group_tests(tests, NULL, NULL));
}

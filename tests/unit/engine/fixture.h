/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What tests of the engine stand on: a store folder of their own, a completion sink that counts,
 * and a way to keep the pool busy, so that operations stay pending. */
#ifndef PD_TESTS_UNIT_ENGINE_FIXTURE_H
#define PD_TESTS_UNIT_ENGINE_FIXTURE_H

#include "async/operation.h"
#include "engine/content_information.h"
#include "engine/stream.h"
#include "platform/thread.h"

#include <stdatomic.h>

/* Group set-up and tear-down for cmocka: installs the sink, makes a new store folder. */
int fixture_set_up(void **state);
int fixture_tear_down(void **state);
const char *fixture_folder(void); /* PEERDIST_STORE */

/* What an OVERLAPPED is to the API. */
struct block {
    struct mutex lock; /* guards everything here */
    struct condition changed;
    unsigned accepted, completed;
    struct completion result;
    struct completion_port *port;
};
void block_init(struct block *block);
void block_fini(struct block *block);
/* Waits for the completion, asserts that it is the only one, and makes the block new. */
struct completion block_wait(struct block *block);
/* The same for a completion that is there already, by promise. */
struct completion block_take(struct block *block);
bool block_is_pending(struct block *block);
/* What a block was told that it should not have been, by all blocks since the start. */
unsigned fixture_violations(void);

struct completion_port {
    atomic_int references;
};

/* Occupies all threads of the pool; what is submitted afterwards waits. */
void pool_block(void);
void pool_release(void);

/* Instances as the API sees them: a handle, and a reference for the test. */
struct instance *start_instance(void);
enum pd_status stop_instance(struct instance *instance);

/* Content of which byte i of every length is the same. */
uint8_t *make_content(size_t length, uint32_t seed);

/* Handles and operations with the handle's reference taken and given back. */
uintptr_t open_stream(struct instance *instance, const char *identifier, uint64_t declared);
enum pd_status add(struct instance *instance, uintptr_t handle, const uint8_t *data, size_t length,
                   struct block *block);
enum pd_status complete(struct instance *instance, uintptr_t handle, struct block *block);
enum pd_status close_stream(struct instance *instance, uintptr_t handle);
enum pd_status try_open_stream(struct instance *instance, const char *identifier, uint64_t declared,
                               uintptr_t *stream);
/* Publishes in pieces; the stream is closed. Asserts that all goes well. */
void publish(struct instance *instance, const char *identifier, const uint8_t *data, size_t length,
             size_t piece);
enum pd_status try_open_information(struct instance *instance, const char *identifier,
                                    uint64_t offset, uint64_t length, unsigned min_version,
                                    unsigned max_version, uintptr_t *information);
uintptr_t open_information(struct instance *instance, const char *identifier, unsigned version);
enum pd_status retrieve(struct instance *instance, uintptr_t handle, uint8_t *buffer, size_t length,
                        struct block *block);
enum pd_status close_information(struct instance *instance, uintptr_t handle);
enum pd_status unpublish(struct instance *instance, const char *identifier);
enum pd_status cancel(struct instance *instance, const char *identifier, struct block *block);

/* Retrieves to the end in pieces and compares with content information made without store and
 * engine. */
void assert_information(struct instance *instance, const char *identifier, unsigned version,
                        const uint8_t *data, size_t length, uint64_t range_start,
                        uint64_t range_length, size_t piece);

#endif

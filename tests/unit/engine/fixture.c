/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sink, the gate in the pool, and short forms of the engine's calls. */
#include "unit/engine/fixture.h"

#include "async/workers.h"
#include "core/hash/digest.h"
#include "platform/secret_key_store.h"
#include "unit/core/blob_builder.h"
#include "unit/platform/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WAIT_MILLISECONDS 60000u

static char *folder;
static atomic_uint violations;

static void accept_block(void *context)
{
    struct block *block = context;
    mutex_lock(&block->lock);
    if (block->accepted != block->completed)
        atomic_fetch_add(&violations, 1);
    block->accepted++;
    mutex_unlock(&block->lock);
}

static void deliver(struct completion_port *port, void *context,
                    const struct completion *completion)
{
    struct block *block = context;
    mutex_lock(&block->lock);
    if (block->accepted != block->completed + 1 || port != block->port)
        atomic_fetch_add(&violations, 1);
    block->completed++;
    block->result = *completion;
    condition_wake_all(&block->changed);
    mutex_unlock(&block->lock);
}

static void retain_port(struct completion_port *port)
{
    atomic_fetch_add(&port->references, 1);
}

static void release_port(struct completion_port *port)
{
    if (atomic_fetch_sub(&port->references, 1) <= 1)
        atomic_fetch_add(&violations, 1); /* the test's own is never given back */
}

int fixture_set_up(void **state)
{
    static const struct completion_sink sink = {accept_block, deliver, retain_port, release_port};
    (void)state;
    operation_set_sink(&sink);
    folder = scratch_create();
    if (folder == NULL)
        return -1;
    scratch_set_environment("PEERDIST_STORE", folder);
    return hash_library_init() ? 0 : -1;
}

int fixture_tear_down(void **state)
{
    (void)state;
    scratch_remove(folder);
    return fixture_violations() == 0 ? 0 : -1;
}

const char *fixture_folder(void)
{
    return folder;
}

unsigned fixture_violations(void)
{
    return atomic_load(&violations);
}

void block_init(struct block *block)
{
    memset(block, 0, sizeof(*block));
    mutex_init(&block->lock);
    condition_init(&block->changed);
}

void block_fini(struct block *block)
{
    assert_int_equal(block->accepted, block->completed);
    condition_fini(&block->changed);
    mutex_fini(&block->lock);
}

static struct completion take(struct block *block, uint32_t milliseconds)
{
    mutex_lock(&block->lock);
    uint64_t end = clock_milliseconds() + milliseconds;
    while (block->completed == 0 && clock_milliseconds() < end)
        (void)condition_wait_for(&block->changed, &block->lock, milliseconds);
    unsigned accepted = block->accepted, completed = block->completed;
    struct completion result = block->result;
    block->accepted = block->completed = 0;
    mutex_unlock(&block->lock);
    assert_int_equal(accepted, 1);
    assert_int_equal(completed, 1);
    return result;
}

struct completion block_wait(struct block *block)
{
    return take(block, WAIT_MILLISECONDS);
}

struct completion block_take(struct block *block)
{
    return take(block, 0);
}

bool block_is_pending(struct block *block)
{
    mutex_lock(&block->lock);
    bool pending = block->accepted == 1 && block->completed == 0;
    mutex_unlock(&block->lock);
    return pending;
}

static struct {
    struct mutex lock;
    struct condition changed;
    bool closed;
    unsigned inside;
    struct task tasks[64];
} gate = {.lock = MUTEX_INITIALIZER, .changed = CONDITION_INITIALIZER};

static void stand_at_gate(struct task *task)
{
    (void)task;
    mutex_lock(&gate.lock);
    gate.inside++;
    condition_wake_all(&gate.changed);
    while (gate.closed)
        condition_wait(&gate.changed, &gate.lock);
    gate.inside--;
    condition_wake_all(&gate.changed);
    mutex_unlock(&gate.lock);
}

void pool_block(void)
{
    unsigned count = processor_count() < 64 ? processor_count() : 64;
    gate.closed = true;
    for (unsigned i = 0; i < count; i++) {
        gate.tasks[i].run = stand_at_gate;
        assert_int_equal(workers_submit(&gate.tasks[i]), PD_OK);
    }
    mutex_lock(&gate.lock);
    while (gate.inside < count)
        condition_wait(&gate.changed, &gate.lock);
    mutex_unlock(&gate.lock);
}

void pool_release(void)
{
    mutex_lock(&gate.lock);
    gate.closed = false;
    condition_wake_all(&gate.changed);
    while (gate.inside > 0)
        condition_wait(&gate.changed, &gate.lock);
    mutex_unlock(&gate.lock);
}

struct instance *start_instance(void)
{
    uintptr_t handle = 0;
    assert_int_equal(instance_open(&handle), PD_OK);
    struct handle_object *object = handle_acquire(handle, HANDLE_INSTANCE);
    assert_non_null(object);
    return (struct instance *)object; /* its first member */
}

enum pd_status stop_instance(struct instance *instance)
{
    enum pd_status status = instance_close(instance);
    handle_release(&instance->object);
    return status;
}

uint8_t *make_content(size_t length, uint32_t seed)
{
    uint64_t random = 88172645463325252u + seed;
    uint8_t *data = malloc(length + 1);
    assert_non_null(data);
    for (size_t i = 0; i < length; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        data[i] = (uint8_t)(random >> 32);
    }
    return data;
}

enum pd_status try_open_stream(struct instance *instance, const char *identifier, uint64_t declared,
                               uintptr_t *stream)
{
    return stream_open(instance, identifier, (uint32_t)strlen(identifier), declared, NULL, stream);
}

uintptr_t open_stream(struct instance *instance, const char *identifier, uint64_t declared)
{
    uintptr_t stream = 0;
    assert_int_equal(try_open_stream(instance, identifier, declared, &stream), PD_OK);
    assert_int_not_equal(stream, 0);
    return stream;
}

enum pd_status add(struct instance *instance, uintptr_t handle, const uint8_t *data, size_t length,
                   struct block *block)
{
    struct stream *stream = stream_acquire(instance, handle);
    if (stream == NULL)
        return PD_INVALID_HANDLE;
    /* It is only read, but is the type of the API. */
    union {
        const uint8_t *in;
        uint8_t *out;
    } buffer = {data};
    enum pd_status status = stream_add(stream, buffer.out, (uint32_t)length, block);
    stream_release(stream);
    return status;
}

enum pd_status complete(struct instance *instance, uintptr_t handle, struct block *block)
{
    struct stream *stream = stream_acquire(instance, handle);
    if (stream == NULL)
        return PD_INVALID_HANDLE;
    enum pd_status status = stream_complete(stream, block);
    stream_release(stream);
    return status;
}

enum pd_status close_stream(struct instance *instance, uintptr_t handle)
{
    struct stream *stream = stream_acquire(instance, handle);
    if (stream == NULL)
        return PD_INVALID_HANDLE;
    enum pd_status status = stream_close(stream);
    stream_release(stream);
    return status;
}

void publish(struct instance *instance, const char *identifier, const uint8_t *data, size_t length,
             size_t piece)
{
    struct block block;
    block_init(&block);
    uintptr_t stream = open_stream(instance, identifier, length);
    for (size_t at = 0; at < length;) {
        size_t part = length - at < piece ? length - at : piece;
        assert_int_equal(add(instance, stream, data + at, part, &block), PD_OK);
        struct completion added = block_wait(&block);
        assert_int_equal(added.status, PD_OK);
        assert_int_equal(added.bytes, part);
        at += part;
    }
    assert_int_equal(complete(instance, stream, &block), PD_OK);
    struct completion completed = block_wait(&block);
    assert_int_equal(completed.status, PD_OK);
    assert_int_equal(completed.bytes, 0);
    assert_int_equal(close_stream(instance, stream), PD_OK);
    block_fini(&block);
}

enum pd_status try_open_information(struct instance *instance, const char *identifier,
                                    uint64_t offset, uint64_t length, unsigned min_version,
                                    unsigned max_version, uintptr_t *information)
{
    return content_information_open(instance, identifier, (uint32_t)strlen(identifier), offset,
                                    length, min_version, max_version, NULL, information);
}

uintptr_t open_information(struct instance *instance, const char *identifier, unsigned version)
{
    uintptr_t information = 0;
    assert_int_equal(
        try_open_information(instance, identifier, 0, 0, version, version, &information), PD_OK);
    assert_int_not_equal(information, 0);
    return information;
}

enum pd_status retrieve(struct instance *instance, uintptr_t handle, uint8_t *buffer, size_t length,
                        struct block *block)
{
    struct content_information *information = content_information_acquire(instance, handle);
    if (information == NULL)
        return PD_INVALID_HANDLE;
    enum pd_status status =
        content_information_retrieve(information, buffer, (uint32_t)length, block);
    content_information_release(information);
    return status;
}

enum pd_status close_information(struct instance *instance, uintptr_t handle)
{
    struct content_information *information = content_information_acquire(instance, handle);
    if (information == NULL)
        return PD_INVALID_HANDLE;
    enum pd_status status = content_information_close(information);
    content_information_release(information);
    return status;
}

enum pd_status unpublish(struct instance *instance, const char *identifier)
{
    struct identity identity;
    enum pd_status status = identity_current(&identity);
    if (status == PD_OK) {
        status = instance_unpublish(instance, &identity, identifier, (uint32_t)strlen(identifier));
        identity_fini(&identity);
    }
    return status;
}

enum pd_status cancel(struct instance *instance, const char *identifier, struct block *block)
{
    struct identity identity;
    enum pd_status status = identity_current(&identity);
    if (status == PD_OK) {
        status = instance_cancel(instance, identity.user, identifier, (uint32_t)strlen(identifier),
                                 block);
        identity_fini(&identity);
    }
    return status;
}

void assert_information(struct instance *instance, const char *identifier, unsigned version,
                        const uint8_t *data, size_t length, uint64_t range_start,
                        uint64_t range_length, size_t piece)
{
    const struct segment_scheme scheme = {version, version == 1 ? HASH_SHA256 : HASH_SHA512};
    struct content_record record;
    struct secret_key key;
    uint8_t *expected, *buffer = malloc(piece);
    size_t size = 0, at = 0;
    struct block block;
    uintptr_t information = 0;
    assert_non_null(buffer);
    content_record_init(&record, scheme, data, length, NULL, 0);
    assert_int_equal(secret_key_load(&key), PD_OK);
    assert_int_equal(content_record_write(&record, key.bytes, key.length, range_start, range_length,
                                          &expected, &size),
                     PD_OK);
    assert_int_equal(try_open_information(instance, identifier, range_start, range_length, version,
                                          version, &information),
                     PD_OK);
    block_init(&block);
    while (at < size) {
        assert_int_equal(retrieve(instance, information, buffer, piece, &block), PD_OK);
        struct completion got = block_wait(&block);
        assert_int_equal(got.status, PD_OK);
        assert_true(got.has_offset);
        assert_int_equal(got.offset, at);
        assert_int_equal(got.bytes, size - at < piece ? size - at : piece);
        assert_memory_equal(buffer, expected + at, got.bytes);
        at += got.bytes;
    }
    assert_int_equal(retrieve(instance, information, buffer, piece, &block), PD_NO_MORE);
    assert_int_equal(retrieve(instance, information, buffer, 1, &block), PD_NO_MORE);
    assert_int_equal(close_information(instance, information), PD_OK);
    block_fini(&block);
    free(expected);
    free(buffer);
    content_record_fini(&record);
}

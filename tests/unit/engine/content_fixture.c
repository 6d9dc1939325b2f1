/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit/engine/content_fixture.h"

#include "engine/flush.h"
#include "unit/core/blob_builder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void sample_init(struct sample_content *sample, unsigned version, size_t length, uint32_t seed,
                 uint64_t range_start, uint64_t range_length)
{
    static const uint8_t key[] = "a server's secret";
    const struct segment_scheme scheme = {version, version == 1 ? HASH_SHA256 : HASH_SHA512};
    struct content_record record;
    memset(sample, 0, sizeof(*sample));
    sample->data = make_content(length, seed);
    sample->length = length;
    memcpy(sample->tag.bytes, &seed, sizeof(seed));
    content_record_init(&record, scheme, sample->data, length, NULL, 0);
    assert_int_equal(content_record_write(&record, key, sizeof(key), range_start, range_length,
                                          &sample->information, &sample->information_length),
                     PD_OK);
    content_record_fini(&record);
}

void sample_fini(struct sample_content *sample)
{
    free(sample->data);
    free(sample->information);
}

uintptr_t open_content(struct instance *instance, const struct cache_tag *tag)
{
    uintptr_t handle = 0;
    assert_int_equal(content_open(instance, tag, NULL, &handle), PD_OK);
    assert_int_not_equal(handle, 0);
    return handle;
}

/* It is only read, but is the type of the API. */
static uint8_t *writable(const uint8_t *data)
{
    union {
        const uint8_t *in;
        uint8_t *out;
    } buffer = {data};
    return buffer.out;
}

enum pd_status add_information(struct instance *instance, uintptr_t handle, const uint8_t *data,
                               size_t length, struct block *block)
{
    struct content *content = content_acquire(instance, handle);
    if (content == NULL)
        return PD_INVALID_HANDLE;
    enum pd_status status =
        content_add_information(content, writable(data), (uint32_t)length, block);
    content_release(content);
    return status;
}

enum pd_status complete_information(struct instance *instance, uintptr_t handle,
                                    struct block *block)
{
    struct content *content = content_acquire(instance, handle);
    if (content == NULL)
        return PD_INVALID_HANDLE;
    enum pd_status status = content_complete_information(content, block);
    content_release(content);
    return status;
}

uintptr_t open_sample(struct instance *instance, const struct sample_content *sample)
{
    struct block block;
    uintptr_t handle = open_content(instance, &sample->tag);
    block_init(&block);
    assert_int_equal(
        add_information(instance, handle, sample->information, sample->information_length, &block),
        PD_OK);
    assert_int_equal(block_wait(&block).status, PD_OK);
    assert_int_equal(complete_information(instance, handle, &block), PD_OK);
    assert_int_equal(block_wait(&block).status, PD_OK);
    block_fini(&block);
    return handle;
}

enum pd_status close_content(struct instance *instance, uintptr_t handle)
{
    struct content *content = content_acquire(instance, handle);
    if (content == NULL)
        return PD_INVALID_HANDLE;
    enum pd_status status = content_close(content);
    content_release(content);
    return status;
}

enum pd_status add_data(struct instance *instance, uintptr_t handle, uint64_t offset,
                        const uint8_t *data, size_t length, struct block *block)
{
    struct content *content = content_acquire(instance, handle);
    if (content == NULL)
        return PD_INVALID_HANDLE;
    enum pd_status status =
        content_add_data(content, offset, writable(data), (uint32_t)length, block);
    content_release(content);
    return status;
}

void add_sample(struct instance *instance, uintptr_t handle, const struct sample_content *sample,
                size_t offset, size_t length)
{
    struct block block;
    block_init(&block);
    assert_int_equal(add_data(instance, handle, offset, sample->data + offset, length, &block),
                     PD_OK);
    struct completion added = block_wait(&block);
    assert_int_equal(added.status, PD_OK);
    assert_int_equal(added.bytes, length);
    block_fini(&block);
}

enum pd_status stream_read(struct instance *instance, uintptr_t handle, uint8_t *buffer,
                           size_t length, uint32_t timeout, struct block *block)
{
    struct content *content = content_acquire(instance, handle);
    if (content == NULL)
        return PD_INVALID_HANDLE;
    enum pd_status status = content_stream_read(content, buffer, (uint32_t)length, timeout, block);
    content_release(content);
    return status;
}

enum pd_status block_read_at(struct instance *instance, uintptr_t handle, uint64_t offset,
                             uint8_t *buffer, size_t length, uint32_t timeout, struct block *block)
{
    struct content *content = content_acquire(instance, handle);
    if (content == NULL)
        return PD_INVALID_HANDLE;
    enum pd_status status =
        content_block_read(content, offset, buffer, (uint32_t)length, timeout, block);
    content_release(content);
    return status;
}

struct completion read_stream(struct instance *instance, uintptr_t handle, uint8_t *buffer,
                              size_t length, uint32_t timeout)
{
    struct block block;
    block_init(&block);
    assert_int_equal(stream_read(instance, handle, buffer, length, timeout, &block), PD_OK);
    struct completion done = block_wait(&block);
    block_fini(&block);
    return done;
}

struct completion read_at(struct instance *instance, uintptr_t handle, uint64_t offset,
                          uint8_t *buffer, size_t length, uint32_t timeout)
{
    struct block block;
    block_init(&block);
    assert_int_equal(block_read_at(instance, handle, offset, buffer, length, timeout, &block),
                     PD_OK);
    struct completion done = block_wait(&block);
    block_fini(&block);
    return done;
}

bool read_matches(struct instance *instance, uintptr_t handle, const struct sample_content *sample,
                  size_t offset, size_t length)
{
    uint8_t *buffer = malloc(length + 1);
    bool found = true;
    assert_non_null(buffer);
    for (size_t done = 0; found && done < length;) {
        struct completion got = read_at(instance, handle, offset + done, buffer + done,
                                        length - done, CONTENT_TIMEOUT_LOCAL_CACHE_ONLY);
        found = got.status == PD_OK;
        if (!found) {
            assert_int_equal(got.status, PD_MISSING_DATA);
            break;
        }
        assert_true(got.has_offset);
        assert_int_equal(got.offset, offset + done);
        assert_in_range(got.bytes, 1, length - done);
        assert_memory_equal(buffer + done, sample->data + offset + done, got.bytes);
        done += got.bytes;
    }
    free(buffer);
    return found;
}

enum pd_status cancel_content(struct instance *instance, uintptr_t handle, struct block *block)
{
    struct content *content = content_acquire(instance, handle);
    if (content == NULL)
        return PD_INVALID_HANDLE;
    enum pd_status status = content_cancel(content, block);
    content_release(content);
    return status;
}

enum pd_status flush_tag(struct instance *instance, const struct cache_tag *tag)
{
    struct block block;
    block_init(&block);
    assert_int_equal(instance_flush(instance, tag, NULL, &block), PD_OK);
    struct completion done = block_wait(&block);
    block_fini(&block);
    return done.status;
}

bool is_flash_crowd(struct instance *instance, uintptr_t handle)
{
    bool crowd = false;
    struct content *content = content_acquire(instance, handle);
    assert_non_null(content);
    assert_int_equal(content_is_flash_crowd(content, &crowd), PD_OK);
    content_release(content);
    return crowd;
}

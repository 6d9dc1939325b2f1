/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Contents with their content information, and short forms of the content handle's calls. */
#ifndef PD_TESTS_UNIT_ENGINE_CONTENT_FIXTURE_H
#define PD_TESTS_UNIT_ENGINE_CONTENT_FIXTURE_H

#include "engine/content.h"
#include "unit/engine/fixture.h"

struct sample_content {
    uint8_t *data;
    size_t length;
    uint8_t *information;
    size_t information_length;
    struct cache_tag tag;
};
/* Random content of that seed, with information of that version for a range (0, 0: all of it). The
 * tag is made of the seed. */
void sample_init(struct sample_content *sample, unsigned version, size_t length, uint32_t seed,
                 uint64_t range_start, uint64_t range_length);
void sample_fini(struct sample_content *sample);

uintptr_t open_content(struct instance *instance, const struct cache_tag *tag);
enum pd_status add_information(struct instance *instance, uintptr_t handle, const uint8_t *data,
                               size_t length, struct block *block);
enum pd_status complete_information(struct instance *instance, uintptr_t handle,
                                    struct block *block);
/* An open handle that was given the sample's information. */
uintptr_t open_sample(struct instance *instance, const struct sample_content *sample);
enum pd_status close_content(struct instance *instance, uintptr_t handle);
enum pd_status add_data(struct instance *instance, uintptr_t handle, uint64_t offset,
                        const uint8_t *data, size_t length, struct block *block);
/* Adds and waits; asserts that it went well. */
void add_sample(struct instance *instance, uintptr_t handle, const struct sample_content *sample,
                size_t offset, size_t length);
enum pd_status stream_read(struct instance *instance, uintptr_t handle, uint8_t *buffer,
                           size_t length, uint32_t timeout, struct block *block);
enum pd_status block_read_at(struct instance *instance, uintptr_t handle, uint64_t offset,
                             uint8_t *buffer, size_t length, uint32_t timeout, struct block *block);
/* Reads and waits. */
struct completion read_stream(struct instance *instance, uintptr_t handle, uint8_t *buffer,
                              size_t length, uint32_t timeout);
struct completion read_at(struct instance *instance, uintptr_t handle, uint64_t offset,
                          uint8_t *buffer, size_t length, uint32_t timeout);
/* Reads [offset, offset + length) with BlockReads and compares; false: something was missing. */
bool read_matches(struct instance *instance, uintptr_t handle, const struct sample_content *sample,
                  size_t offset, size_t length);
enum pd_status cancel_content(struct instance *instance, uintptr_t handle, struct block *block);
enum pd_status flush_tag(struct instance *instance, const struct cache_tag *tag);
bool is_flash_crowd(struct instance *instance, uintptr_t handle);

#endif

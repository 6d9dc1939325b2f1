/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A client's content handle: it takes content information, then reads what it describes from the
 * data cache, and takes what the application fetched elsewhere. */
#ifndef PEERDIST_ENGINE_CONTENT_H
#define PEERDIST_ENGINE_CONTENT_H

#include "engine/instance.h"
#include "store/cache_store.h"

struct content;

/* For the calling thread's user. *handle belongs to the handle table. PD_DISABLED, PD_UNAVAILABLE,
 * PD_NO_IDENTITY, PD_NO_MEMORY, PD_SHUTDOWN_IN_PROGRESS. */
enum pd_status content_open(struct instance *instance, const struct cache_tag *tag,
                            struct completion_port *port, uintptr_t *handle);
struct content *content_acquire(const struct instance *instance, uintptr_t handle);
void content_release(struct content *content);
/* What is pending completes as aborted; whole blocks that were added are in the cache afterwards.
 */
enum pd_status content_close(struct content *content);

/* All of the following: PD_OK: accepted, `block` will have its completion. Else nothing follows:
 * PD_INVALIDATED, PD_DISABLED, PD_UNAVAILABLE, PD_NO_MEMORY, or the state is another:
 * PD_ALREADY_COMPLETED or PD_CANNOT_PARSE_CONTENT_INFO for information, PD_NOT_INITIALIZED for
 * reading and adding before it is complete. */

/* Completions: PD_OK with length bytes; PD_CONTENT_INFO_VERSION_UNSUPPORTED,
 * PD_CANNOT_PARSE_CONTENT_INFO: as soon as that is certain, and from then on; PD_NO_MEMORY: there
 * is too much of it, or no room. */
enum pd_status content_add_information(struct content *content, uint8_t *buffer, uint32_t length,
                                       void *block);
enum pd_status content_complete_information(struct content *content, void *block);

/* Completion: PD_OK with length bytes once they are taken over; reads of this process that follow
 * see them if they are right. PD_OUT_OF_BOUNDS: they begin past the end of the content. */
enum pd_status content_add_data(struct content *content, uint64_t offset, uint8_t *buffer,
                                uint32_t length, void *block);

#define CONTENT_TIMEOUT_LOCAL_CACHE_ONLY 0u
#define CONTENT_TIMEOUT_DEFAULT          0xFFFFFFFEu
#define CONTENT_TIMEOUT_INFINITE         0xFFFFFFFFu
#define CONTENT_TIMEOUT_DEFAULT_VALUE    5000u /* milliseconds */
/* Reads from offset, or (stream) from the position of the handle, which it moves. length 0 asks how
 * many bytes are there. Completions: PD_OK with bytes and where they begin; PD_MISSING_DATA,
 * PD_TIMEOUT with the length of the missing range and where it begins; PD_NO_MORE. */
enum pd_status content_block_read(struct content *content, uint64_t offset, uint8_t *buffer,
                                  uint32_t length, uint32_t timeout, void *block);
enum pd_status content_stream_read(struct content *content, uint8_t *buffer, uint32_t length,
                                   uint32_t timeout, void *block);

/* One operation, or with NULL all of them. Returns when they are completed.
 * PD_OPERATION_NOT_FOUND: there was none. PD_INVALIDATED. */
enum pd_status content_cancel(struct content *content, const void *block);

/* More than one content handle, in whatever process of the user, is fetching a segment of this
 * content now. PD_INVALIDATED. */
enum pd_status content_is_flash_crowd(struct content *content, bool *crowded);

#endif

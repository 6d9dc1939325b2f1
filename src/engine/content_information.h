/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Handing out content information: OpenContentInformation, Retrieve, CloseContentInformation. */
#ifndef PEERDIST_ENGINE_CONTENT_INFORMATION_H
#define PEERDIST_ENGINE_CONTENT_INFORMATION_H

#include "engine/member.h"

struct content_information;

/* For a complete publication of the calling thread's user. The highest version in [min_version,
 * max_version] that is enabled and that the publication has. PD_NOT_FOUND, PD_OUT_OF_BOUNDS,
 * PD_INVALID_PARAMETER (length 0 with offset not 0), PD_CONTENT_INFO_VERSION_UNSUPPORTED, and what
 * stream_open may answer. */
enum pd_status content_information_open(struct instance *instance, const void *identifier,
                                        uint32_t identifier_length, uint64_t offset,
                                        uint64_t length, uint32_t min_version, uint32_t max_version,
                                        struct completion_port *port, uintptr_t *handle);

struct content_information *content_information_acquire(const struct instance *instance,
                                                        uintptr_t handle);
void content_information_release(struct content_information *information);
enum pd_status content_information_close(struct content_information *information);

/* PD_OK: accepted. PD_NO_MORE: at the end, and nothing pending. PD_INVALIDATED, PD_DISABLED,
 * PD_UNAVAILABLE, PD_NO_MEMORY. Completions: PD_OK with up to length bytes and their offset in the
 * content information; PD_NO_MORE, PD_INVALIDATED, PD_UNAVAILABLE. Only a successful one moves the
 * position. */
enum pd_status content_information_retrieve(struct content_information *information,
                                            uint8_t *buffer, uint32_t length, void *block);

#endif

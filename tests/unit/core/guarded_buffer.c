/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guard pages on either platform. */
#include "unit/core/guarded_buffer.h"

#include <stdlib.h>
#include <string.h>

#ifdef _WIN32
#include <windows.h>
#else
#include <sys/mman.h>
#endif

#define PAGE ((size_t)65536) /* a multiple of every page size in use */

void guarded_copy(struct guarded_buffer *buffer, const void *data, size_t length)
{
    size_t usable = (length / PAGE + 1) * PAGE;

    buffer->mapped = usable + PAGE;
#ifdef _WIN32
    DWORD old;
    buffer->mapping = VirtualAlloc(NULL, buffer->mapped, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    if (buffer->mapping == NULL ||
        !VirtualProtect((uint8_t *)buffer->mapping + usable, PAGE, PAGE_NOACCESS, &old))
        abort();
#else
    buffer->mapping =
        mmap(NULL, buffer->mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (buffer->mapping == MAP_FAILED ||
        mprotect((uint8_t *)buffer->mapping + usable, PAGE, PROT_NONE) != 0)
        abort();
#endif
    buffer->length = length;
    buffer->data = (uint8_t *)buffer->mapping + usable - length;
    if (length > 0)
        memcpy(buffer->data, data, length);
}

void guarded_free(struct guarded_buffer *buffer)
{
#ifdef _WIN32
    VirtualFree(buffer->mapping, 0, MEM_RELEASE);
#else
    munmap(buffer->mapping, buffer->mapped);
#endif
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Handles given to applications: opaque numbers, never pointers. A value carries a slot and the
 * slot's generation, so that a stale, foreign or invented value is refused and never reaches an
 * object. One table for the process. */
#ifndef PEERDIST_ASYNC_HANDLE_TABLE_H
#define PEERDIST_ASYNC_HANDLE_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum handle_kind { HANDLE_INSTANCE = 1, HANDLE_STREAM, HANDLE_CONTENT_INFORMATION, HANDLE_CONTENT };

/* First member of every object that a handle can name. Counted: the table holds one reference while
 * the handle is open, every call and every pool task one more. */
struct handle_object {
    enum handle_kind kind;
    atomic_uint references;
    void (*destroy)(struct handle_object *object); /* the last reference is gone */
};

/* One reference, the caller's. */
void handle_object_init(struct handle_object *object, enum handle_kind kind,
                        void (*destroy)(struct handle_object *object));
void handle_retain(struct handle_object *object);
void handle_release(struct handle_object *object);

/* Opens a handle and takes a reference of its own. 0: no memory. Values are multiples of four and
 * fit 32 bits on every architecture. */
uintptr_t handle_open(struct handle_object *object);
/* The object with a reference for the caller, or NULL. */
struct handle_object *handle_acquire(uintptr_t value, enum handle_kind kind);
/* Closes the handle; of several callers one gets true, and with it the table's reference. */
bool handle_close(uintptr_t value, const struct handle_object *object);
/* Frees the table's own memory: before a DLL is unmapped, with nothing of this in use any more. */
void handle_table_fini(void);

#endif

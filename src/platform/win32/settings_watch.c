/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Notices changes of the settings' registry keys, also of keys that do not exist yet: a missing key
 * cannot be watched, so its nearest existing ancestor is, for the next name on the way. */
#include "platform/settings.h"

#include <windows.h>
#include <stdlib.h>
#include <string.h>

#include "platform/thread.h"
#include "platform/win32/registry.h"

#define BRANCHES 2
/* How long until a key that could not be watched is tried again, in milliseconds. */
#define RETRY 2000u

static const wchar_t *const branch_path[BRANCHES] = {REGISTRY_POLICY, REGISTRY_LOCAL};

struct settings_watch {
    void (*changed)(void *context);
    void *context;
    HANDLE events[BRANCHES + 1]; /* the last one: stop */
    HKEY keys[BRANCHES][2];      /* watched now, and the one above; NULL: none */
    struct thread *thread;
};

/* Opens the first `length` characters of a path. */
static HKEY open_part(const wchar_t *path, size_t length)
{
    wchar_t part[128];
    HKEY key;

    memcpy(part, path, length * sizeof(*part));
    part[length] = 0;
    return RegOpenKeyExW(HKEY_LOCAL_MACHINE, part, 0, KEY_NOTIFY | KEY_WOW64_64KEY, &key) ==
                   ERROR_SUCCESS
               ? key
               : NULL;
}

/* The length of the path's part without its last name; 0: there is no other. */
static size_t parent_length(const wchar_t *path, size_t length)
{
    while (length && path[length - 1] != L'\\')
        length--;
    return length ? length - 1 : 0;
}

/* Opens as much of the path as exists. *length: characters of it that the key stands for. */
static HKEY open_nearest(const wchar_t *path, size_t *length)
{
    for (*length = (size_t)lstrlenW(path); *length; *length = parent_length(path, *length)) {
        HKEY key = open_part(path, *length);
        if (key)
            return key;
    }
    return NULL;
}

static bool watch_key(HKEY key, bool target, HANDLE event)
{
    /* Of an ancestor only the names matter, and only those directly below. */
    DWORD what = REG_NOTIFY_CHANGE_NAME | (target ? REG_NOTIFY_CHANGE_LAST_SET : 0);

    return RegNotifyChangeKeyValue(key, target, what, event, TRUE) == ERROR_SUCCESS;
}

static void disarm(struct settings_watch *watch, int branch)
{
    for (int i = 0; i < 2; i++)
        if (watch->keys[branch][i]) {
            RegCloseKey(watch->keys[branch][i]); /* which signals the event */
            watch->keys[branch][i] = NULL;
        }
}

/* Watches the nearest key of a branch, and the one above it, because a key that is removed does not
 * tell those who watch it (Wine). The upper one comes first: what happens to the lower one from
 * then on is noticed. It may have come nearer while that was arranged: then again. False: cannot be
 * watched now. */
static bool arm(struct settings_watch *watch, int branch)
{
    const wchar_t *path = branch_path[branch];
    HANDLE event = watch->events[branch];
    size_t length, then;

    for (;;) {
        HKEY nearest = open_nearest(path, &length);
        size_t above = parent_length(path, length);

        disarm(watch, branch);
        ResetEvent(event);
        if (!nearest)
            return false;
        RegCloseKey(nearest);
        if (above) {
            watch->keys[branch][1] = open_part(path, above);
            if (watch->keys[branch][1] && !watch_key(watch->keys[branch][1], false, event))
                return false;
        }
        watch->keys[branch][0] = open_part(path, length);
        if (!watch->keys[branch][0])
            continue; /* gone meanwhile */
        if (!watch_key(watch->keys[branch][0], !path[length], event))
            return false;
        nearest = open_nearest(path, &then);
        if (nearest)
            RegCloseKey(nearest);
        if (then == length)
            return true;
    }
}

static void watch_main(void *argument)
{
    struct settings_watch *watch = argument;
    bool armed[BRANCHES] = {false};
    DWORD signalled;

    do {
        DWORD timeout = INFINITE;

        for (int i = 0; i < BRANCHES; i++)
            if (!armed[i] && !(armed[i] = arm(watch, i)))
                timeout = RETRY;
        /* Watched first and read afterwards: what changes in between signals again. */
        watch->changed(watch->context);
        signalled = WaitForMultipleObjects(BRANCHES + 1, watch->events, FALSE, timeout);
        if (signalled < WAIT_OBJECT_0 + BRANCHES)
            armed[signalled - WAIT_OBJECT_0] = false;
    } while (signalled < WAIT_OBJECT_0 + BRANCHES || signalled == WAIT_TIMEOUT);
}

static void destroy(struct settings_watch *watch)
{
    for (int i = 0; i < BRANCHES; i++)
        disarm(watch, i);
    for (int i = 0; i <= BRANCHES; i++)
        if (watch->events[i])
            CloseHandle(watch->events[i]);
    free(watch);
}

enum pd_status settings_watch_start(void (*changed)(void *context), void *context,
                                    struct settings_watch **watch)
{
    struct settings_watch *made = calloc(1, sizeof(*made));

    *watch = NULL;
    if (!made)
        return PD_NO_MEMORY;
    made->changed = changed;
    made->context = context;
    for (int i = 0; i <= BRANCHES; i++)
        if (!(made->events[i] = CreateEventW(NULL, TRUE, FALSE, NULL)))
            goto failed;
    made->thread = thread_start(watch_main, made);
    if (!made->thread)
        goto failed;
    *watch = made;
    return PD_OK;

failed:
    destroy(made);
    return PD_NO_MEMORY;
}

void settings_watch_stop(struct settings_watch *watch)
{
    if (!watch)
        return;
    SetEvent(watch->events[BRANCHES]);
    thread_join(watch->thread);
    destroy(watch);
}

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
    HKEY keys[BRANCHES];         /* watched now; NULL: none */
    struct thread *thread;
};

/* Opens as much of the path as exists. *length: characters of it that the key stands for. */
static HKEY open_nearest(const wchar_t *path, size_t *length)
{
    wchar_t part[128];
    size_t at = wcslen(path);
    HKEY key;

    for (;;) {
        memcpy(part, path, at * sizeof(*part));
        part[at] = 0;
        *length = at;
        if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, part, 0, KEY_NOTIFY | KEY_WOW64_64KEY, &key) ==
            ERROR_SUCCESS)
            return key;
        while (at && path[at - 1] != L'\\')
            at--;
        if (!at)
            return NULL;
        at--;
    }
}

/* Watches the nearest key of a branch. It may have come nearer while that was arranged: then again.
 * False: cannot be watched now. */
static bool arm(struct settings_watch *watch, int branch)
{
    const wchar_t *path = branch_path[branch];
    const size_t whole = wcslen(path);
    size_t length, then;
    HKEY key;

    if (watch->keys[branch])
        RegCloseKey(watch->keys[branch]); /* which signals the event, reset below */
    watch->keys[branch] = NULL;
    key = open_nearest(path, &length);
    while (key) {
        /* Of an ancestor only the names matter, and only those directly below. */
        bool target = length == whole;
        HKEY nearer;

        ResetEvent(watch->events[branch]);
        if (RegNotifyChangeKeyValue(
                key, target, REG_NOTIFY_CHANGE_NAME | (target ? REG_NOTIFY_CHANGE_LAST_SET : 0),
                watch->events[branch], TRUE) != ERROR_SUCCESS) {
            RegCloseKey(key);
            return false;
        }
        if (target)
            break;
        nearer = open_nearest(path, &then);
        if (!nearer || then == length) {
            if (nearer)
                RegCloseKey(nearer);
            break;
        }
        RegCloseKey(key);
        key = nearer;
        length = then;
    }
    watch->keys[branch] = key;
    return key != NULL;
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
        if (watch->keys[i])
            RegCloseKey(watch->keys[i]);
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

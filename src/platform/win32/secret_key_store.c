/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The server's secret key in the registry: the machine's where it may be read or made, else one of
 * the user's own, protected with CryptProtectData.
 *
 * The first key is settled between processes without a lock that somebody could hold or abandon:
 * who finds no value prepares a subkey with its own proposal and renames it to "Generated". That is
 * one atomic step which only one wins; all others read the winner's. Everybody then writes the same
 * bytes to the value, if it is still missing, and removes the subkey. */
#include "platform/secret_key_store.h"

#include <windows.h>
#include <sddl.h>
#include <wincrypt.h>
#include <stdlib.h>
#include <string.h>

#include "platform/random.h"
#include "platform/win32/registry.h"

#define VALUE_NAME L"Seed"
#define WINNER     L"Generated"
#define ATTEMPTS   100 /* at proposing, while others come and go */
/* CryptProtectData adds some hundred bytes to the key. */
#define VALUE_MAX (SECRET_KEY_MAX + 4096u)

/* What lies in the registry: the key itself or its protected form. */
struct value {
    DWORD size;
    BYTE bytes[VALUE_MAX];
};

struct place {
    const char *name;
    bool protect;
    HKEY root;
};

/* 1: protect, 0: unprotect. crypt32 is loaded when a user's own key is met, and not with us: few
 * processes need it, and it draws others in. */
static bool convert(bool protect, const BYTE *in, DWORD in_size, BYTE *out, DWORD room,
                    DWORD *out_size)
{
    typedef BOOL(WINAPI * protect_function)(DATA_BLOB *, LPCWSTR, DATA_BLOB *, PVOID,
                                            CRYPTPROTECT_PROMPTSTRUCT *, DWORD, DATA_BLOB *);
    typedef BOOL(WINAPI * unprotect_function)(DATA_BLOB *, LPWSTR *, DATA_BLOB *, PVOID,
                                              CRYPTPROTECT_PROMPTSTRUCT *, DWORD, DATA_BLOB *);
    HMODULE library = LoadLibraryExW(L"crypt32.dll", NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
    DATA_BLOB from = {in_size, (BYTE *)(UINT_PTR)in}, to = {0, NULL};
    bool done = false;

    if (!library)
        return false;
    if (protect) {
        protect_function function =
            (protect_function)(void (*)(void))GetProcAddress(library, "CryptProtectData");

        done = function && function(&from, L"BranchCache secret key", NULL, NULL, NULL,
                                    CRYPTPROTECT_UI_FORBIDDEN, &to);
    } else {
        unprotect_function function =
            (unprotect_function)(void (*)(void))GetProcAddress(library, "CryptUnprotectData");

        done = function && function(&from, NULL, NULL, NULL, NULL, CRYPTPROTECT_UI_FORBIDDEN, &to);
    }
    if (done && to.cbData && to.cbData <= room) {
        memcpy(out, to.pbData, to.cbData);
        *out_size = to.cbData;
    } else {
        done = false;
    }
    if (to.pbData) {
        secure_wipe(to.pbData, to.cbData);
        LocalFree(to.pbData);
    }
    FreeLibrary(library);
    return done;
}

static bool value_of_key(const struct place *place, const struct secret_key *key,
                         struct value *value)
{
    if (place->protect)
        return convert(true, key->bytes, (DWORD)key->length, value->bytes, VALUE_MAX, &value->size);
    memcpy(value->bytes, key->bytes, key->length);
    value->size = (DWORD)key->length;
    return true;
}

static bool key_of_value(const struct place *place, const struct value *value,
                         struct secret_key *key)
{
    DWORD size = value->size;

    if (place->protect) {
        if (!convert(false, value->bytes, value->size, key->bytes, SECRET_KEY_MAX, &size))
            return false;
    } else {
        if (!size || size > SECRET_KEY_MAX)
            return false;
        memcpy(key->bytes, value->bytes, size);
    }
    key->length = size;
    return true;
}

/* PD_NOT_FOUND; PD_UNAVAILABLE: there is something, and it is no key. */
static enum pd_status read_value(HKEY key, struct value *value)
{
    DWORD type = 0;
    LSTATUS error;

    value->size = sizeof(value->bytes);
    error = RegQueryValueExW(key, VALUE_NAME, NULL, &type, value->bytes, &value->size);
    if (error == ERROR_FILE_NOT_FOUND)
        return PD_NOT_FOUND;
    if (error == ERROR_ACCESS_DENIED)
        return PD_ACCESS_DENIED;
    return error == ERROR_SUCCESS && type == REG_BINARY && value->size ? PD_OK : PD_UNAVAILABLE;
}

static enum pd_status write_value(HKEY key, const struct value *value)
{
    LSTATUS error = RegSetValueExW(key, VALUE_NAME, 0, REG_BINARY, value->bytes, value->size);

    if (error == ERROR_SUCCESS) {
        RegFlushKey(key);
        return PD_OK;
    }
    return error == ERROR_ACCESS_DENIED ? PD_ACCESS_DENIED : PD_UNAVAILABLE;
}

static enum pd_status open_for_reading(const struct place *place, HKEY *key)
{
    LSTATUS error =
        RegOpenKeyExW(place->root, REGISTRY_SECRET, 0, KEY_QUERY_VALUE | KEY_WOW64_64KEY, key);

    if (error == ERROR_FILE_NOT_FOUND)
        return PD_NOT_FOUND;
    if (error == ERROR_ACCESS_DENIED)
        return PD_ACCESS_DENIED;
    return error == ERROR_SUCCESS ? PD_OK : PD_UNAVAILABLE;
}

/* Opens or makes the key. The machine's, when made by us, is for administrators and the system
 * alone; the user's inherits what its hive says, which is the same and the user. */
static enum pd_status open_for_writing(const struct place *place, HKEY *key)
{
    SECURITY_ATTRIBUTES attributes = {.nLength = sizeof(attributes)};
    LSTATUS error;

    if (!place->protect && !ConvertStringSecurityDescriptorToSecurityDescriptorW(
                               L"D:P(A;CI;KA;;;SY)(A;CI;KA;;;BA)", SDDL_REVISION_1,
                               &attributes.lpSecurityDescriptor, NULL))
        return PD_UNAVAILABLE;
    error = RegCreateKeyExW(place->root, REGISTRY_SECRET, 0, NULL, 0,
                            KEY_READ | KEY_WRITE | DELETE | KEY_WOW64_64KEY,
                            place->protect ? NULL : &attributes, key, NULL);
    LocalFree(attributes.lpSecurityDescriptor);
    if (error == ERROR_ACCESS_DENIED)
        return PD_ACCESS_DENIED;
    return error == ERROR_SUCCESS ? PD_OK : PD_UNAVAILABLE;
}

/* A subkey of a random name with the proposed value. */
static bool prepare(HKEY key, const struct value *proposed, wchar_t *name)
{
    static const wchar_t prefix[] = L"Proposal-", digits[] = L"0123456789abcdef";
    uint8_t random[8];
    enum pd_status status;
    HKEY subkey;

    if (!random_bytes(random, sizeof(random)))
        return false;
    lstrcpyW(name, prefix);
    name += lstrlenW(prefix);
    for (size_t i = 0; i < sizeof(random); i++) {
        *name++ = digits[random[i] >> 4];
        *name++ = digits[random[i] & 15u];
    }
    *name = 0;
    name -= sizeof(prefix) / sizeof(prefix[0]) - 1 + 2 * sizeof(random);
    if (RegCreateKeyExW(key, name, 0, NULL, 0, KEY_SET_VALUE | KEY_WOW64_64KEY, NULL, &subkey,
                        NULL) != ERROR_SUCCESS)
        return false;
    status = write_value(subkey, proposed);
    RegCloseKey(subkey);
    return status == PD_OK;
}

/* The proposal that won. PD_NOT_FOUND: there is none (any more). */
static enum pd_status read_winner(HKEY key, struct value *value)
{
    enum pd_status status = PD_NOT_FOUND;
    HKEY winner;

    if (RegOpenKeyExW(key, WINNER, 0, KEY_QUERY_VALUE | KEY_WOW64_64KEY, &winner) ==
        ERROR_SUCCESS) {
        if (read_value(winner, value) == PD_OK)
            status = PD_OK;
        RegCloseKey(winner);
    }
    return status;
}

/* Proposes a value as the first one. On return *value is the one in force and is written. */
static enum pd_status settle(HKEY key, const struct value *proposed, struct value *value)
{
    wchar_t name[32] = L"";
    enum pd_status status = PD_UNAVAILABLE;

    if (!prepare(key, proposed, name))
        goto cleanup;
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        RegRenameKey(key, name, WINNER); /* fails where there is one, or ours has been it */
        /* The value counts as soon as it is there: who proposed after the winner had been removed
         * finds it now. */
        status = read_value(key, value);
        if (status == PD_NOT_FOUND) {
            status = read_winner(key, value);
            if (status == PD_OK)
                status = write_value(key, value);
        }
        if (status != PD_NOT_FOUND)
            break;
    }
    if (status == PD_OK || status == PD_NOT_FOUND) /* done, or what is there is no proposal */
        RegDeleteKeyExW(key, WINNER, KEY_WOW64_64KEY, 0);

cleanup:
    if (name[0])
        RegDeleteKeyExW(key, name, KEY_WOW64_64KEY, 0); /* it is not there if it won */
    return status == PD_NOT_FOUND ? PD_UNAVAILABLE : status;
}

/* Makes the first value; *value is what is in force then, whoever made it. */
static enum pd_status generate(const struct place *place, struct value *value)
{
    struct secret_key *fresh = calloc(1, sizeof(*fresh));
    struct value *proposed = calloc(1, sizeof(*proposed));
    enum pd_status status = PD_NO_MEMORY;
    HKEY key = NULL;

    if (!fresh || !proposed)
        goto cleanup;
    status = open_for_writing(place, &key);
    if (status != PD_OK)
        goto cleanup;
    fresh->length = SECRET_KEY_GENERATED;
    if (random_bytes(fresh->bytes, fresh->length) && value_of_key(place, fresh, proposed))
        status = settle(key, proposed, value);
    else
        status = PD_UNAVAILABLE;

cleanup:
    if (key)
        RegCloseKey(key);
    if (proposed)
        secure_wipe(proposed, sizeof(*proposed));
    if (fresh)
        secure_wipe(fresh, sizeof(*fresh));
    free(proposed);
    free(fresh);
    return status;
}

/* PD_NOT_FOUND; PD_ACCESS_DENIED: this place is not for the caller. */
static enum pd_status read_place(const struct place *place, struct value *value)
{
    HKEY key;
    enum pd_status status = open_for_reading(place, &key);

    if (status == PD_OK) {
        status = read_value(key, value);
        RegCloseKey(key);
    }
    return status;
}

/* The user's place. Its hive is that of the calling thread's user, not of the process's. */
static bool open_user(struct place *place)
{
    place->name = "user";
    place->protect = true;
    return RegOpenCurrentUser(KEY_READ | KEY_WRITE, &place->root) == ERROR_SUCCESS;
}

static const struct place machine = {"machine", false, HKEY_LOCAL_MACHINE};

static enum pd_status load_from(const struct place *place, struct value *value,
                                struct secret_key *key)
{
    enum pd_status status = read_place(place, value);

    if (status == PD_NOT_FOUND)
        status = generate(place, value);
    if (status == PD_OK && !key_of_value(place, value, key))
        status = PD_UNAVAILABLE;
    return status;
}

enum pd_status secret_key_load(struct secret_key *key)
{
    struct value *value = calloc(1, sizeof(*value));
    enum pd_status status;
    struct place user;

    key->length = 0;
    if (!value)
        return PD_NO_MEMORY;
    status = load_from(&machine, value, key);
    if (status == PD_ACCESS_DENIED) {
        status = PD_UNAVAILABLE;
        if (open_user(&user)) {
            status = load_from(&user, value, key);
            RegCloseKey(user.root);
        }
    }
    secure_wipe(value, sizeof(*value));
    free(value);
    return status == PD_OK || status == PD_NO_MEMORY ? status : PD_UNAVAILABLE;
}

static enum pd_status save_to(const struct place *place, const struct secret_key *key,
                              struct value *value)
{
    HKEY at;
    enum pd_status status = open_for_writing(place, &at);

    if (status != PD_OK)
        return status;
    status = value_of_key(place, key, value) ? write_value(at, value) : PD_UNAVAILABLE;
    RegCloseKey(at);
    return status;
}

enum pd_status secret_key_save(const struct secret_key *key)
{
    struct value *value;
    enum pd_status found, status;
    struct place user;

    if (!key->length || key->length > SECRET_KEY_MAX)
        return PD_INVALID_PARAMETER;
    value = calloc(1, sizeof(*value));
    if (!value)
        return PD_NO_MEMORY;
    found = read_place(&machine, value);
    status = save_to(&machine, key, value);
    /* Where the machine's key is in force it is that one or none. */
    if (status == PD_ACCESS_DENIED && (found == PD_NOT_FOUND || found == PD_ACCESS_DENIED) &&
        open_user(&user)) {
        status = save_to(&user, key, value);
        RegCloseKey(user.root);
    }
    secure_wipe(value, sizeof(*value));
    free(value);
    return status;
}

const char *secret_key_location(void)
{
    struct value *value = calloc(1, sizeof(*value));
    const char *location = NULL;
    struct place user;

    if (!value)
        return NULL;
    if (read_place(&machine, value) == PD_OK) {
        location = machine.name;
    } else if (open_user(&user)) {
        if (read_place(&user, value) == PD_OK)
            location = user.name;
        RegCloseKey(user.root);
    }
    secure_wipe(value, sizeof(*value));
    free(value);
    return location;
}

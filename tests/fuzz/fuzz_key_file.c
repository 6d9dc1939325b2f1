/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzz target: any bytes as an exported key file, and any key through export and import. The first
 * byte says how many of the next are the passphrase. */
#include "core/key_file.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool condition)
{
    if (!condition)
        abort();
}

static void check_import(const uint8_t *file, size_t length, const uint8_t *passphrase,
                         size_t passphrase_length)
{
    static struct secret_key key;
    static uint8_t again[KEY_FILE_MAX];
    size_t again_length;
    enum pd_status status = key_file_import(file, length, passphrase, passphrase_length, &key);

    check(status == PD_OK || status == PD_WRONG_PASSPHRASE);
    if (status != PD_OK)
        return;
    check(key.length > 0 && key.length <= SECRET_KEY_MAX);
    if (passphrase_length == 0)
        return; /* not ours: export refuses one */
    check(key_file_export(&key, passphrase, passphrase_length, again, &again_length) == PD_OK);
    check(again_length == length && memcmp(again, file, length) == 0);
}

static void check_round_trip(const uint8_t *bytes, size_t length, const uint8_t *passphrase,
                             size_t passphrase_length)
{
    static struct secret_key key, back;
    static uint8_t file[KEY_FILE_MAX];
    size_t file_length;
    enum pd_status status;

    key.length = length < sizeof key.bytes ? length : sizeof key.bytes;
    memcpy(key.bytes, bytes, key.length);
    status = key_file_export(&key, passphrase, passphrase_length, file, &file_length);
    check((status == PD_OK) == (length > 0 && passphrase_length > 0));
    if (status != PD_OK)
        return;
    check(file_length == 16 * ((32 + key.length) / 16 + 1));
    check(key_file_import(file, file_length, passphrase, passphrase_length, &back) == PD_OK);
    check(back.length == key.length && memcmp(back.bytes, key.bytes, key.length) == 0);
    file[bytes[0] % file_length] ^= 1;
    check(key_file_import(file, file_length, passphrase, passphrase_length, &back) ==
          PD_WRONG_PASSPHRASE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t passphrase_length;

    check(hash_library_init());
    if (size == 0)
        return 0;
    passphrase_length = data[0] < size - 1 ? data[0] : size - 1;
    data++;
    size -= 1 + passphrase_length;
    check_import(data + passphrase_length, size, data, passphrase_length);
    check_round_trip(data + passphrase_length, size, data, passphrase_length);
    return 0;
}

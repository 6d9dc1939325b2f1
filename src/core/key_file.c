/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The server's secret key and its export file: AES-256-CBC under the hash of a passphrase, with an
 * IV of zeros and PKCS#7 padding, over SHA-256(key) followed by the key ([MS-PCCRC] 2.5). */
#include "core/key_file.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#define CHECK_SIZE  32u /* SHA-256 of the key, before the key */
#define CIPHER_UNIT 16u
#define PLAIN_MAX   (CHECK_SIZE + SECRET_KEY_MAX)

static const uint8_t zero_iv[CIPHER_UNIT];

void secret_key_wipe(struct secret_key *key)
{
    secure_wipe(key, sizeof *key);
}

enum pd_status secret_key_from_passphrase(const uint8_t *utf16le, size_t length,
                                          struct secret_key *key)
{
    if (length == 0 || length > SECRET_KEY_MAX || length % 2 != 0)
        return PD_INVALID_PARAMETER;
    memcpy(key->bytes, utf16le, length);
    key->length = length;
    return PD_OK;
}

enum pd_status key_file_export(const struct secret_key *key, const uint8_t *passphrase,
                               size_t passphrase_length, uint8_t *out, size_t *length)
{
    uint8_t file_key[32];
    uint8_t plain[PLAIN_MAX];
    EVP_CIPHER_CTX *context = NULL;
    enum pd_status status = PD_NO_MEMORY;
    int body = 0;
    int tail = 0;

    if (key->length == 0 || key->length > SECRET_KEY_MAX || passphrase_length == 0)
        return PD_INVALID_PARAMETER;
    if (!digest_once(HASH_SHA256, passphrase, passphrase_length, file_key) ||
        !digest_once(HASH_SHA256, key->bytes, key->length, plain))
        goto cleanup;
    memcpy(plain + CHECK_SIZE, key->bytes, key->length);

    context = EVP_CIPHER_CTX_new();
    if (context == NULL ||
        !EVP_EncryptInit_ex(context, EVP_aes_256_cbc(), NULL, file_key, zero_iv) ||
        !EVP_EncryptUpdate(context, out, &body, plain, (int)(CHECK_SIZE + key->length)) ||
        !EVP_EncryptFinal_ex(context, out + body, &tail))
        goto cleanup;
    *length = (size_t)body + (size_t)tail;
    status = PD_OK;

cleanup:
    EVP_CIPHER_CTX_free(context);
    secure_wipe(file_key, sizeof file_key);
    secure_wipe(plain, sizeof plain);
    return status;
}

/* `plain` is what the file decrypted to, without padding. */
static enum pd_status take_key(const uint8_t *plain, size_t length, struct secret_key *key)
{
    uint8_t check[CHECK_SIZE];
    enum pd_status status = PD_WRONG_PASSPHRASE;

    if (length <= CHECK_SIZE || length - CHECK_SIZE > SECRET_KEY_MAX)
        return PD_WRONG_PASSPHRASE;
    if (!digest_once(HASH_SHA256, plain + CHECK_SIZE, length - CHECK_SIZE, check))
        return PD_NO_MEMORY;
    if (CRYPTO_memcmp(check, plain, CHECK_SIZE) == 0) {
        key->length = length - CHECK_SIZE;
        memcpy(key->bytes, plain + CHECK_SIZE, key->length);
        status = PD_OK;
    }
    secure_wipe(check, sizeof check);
    return status;
}

enum pd_status key_file_import(const uint8_t *file, size_t length, const uint8_t *passphrase,
                               size_t passphrase_length, struct secret_key *key)
{
    uint8_t file_key[32];
    uint8_t plain[KEY_FILE_MAX + CIPHER_UNIT];
    EVP_CIPHER_CTX *context = NULL;
    enum pd_status status = PD_NO_MEMORY;
    int body = 0;
    int tail = 0;

    if (length <= CHECK_SIZE || length > KEY_FILE_MAX || length % CIPHER_UNIT != 0)
        return PD_WRONG_PASSPHRASE;
    if (!digest_once(HASH_SHA256, passphrase, passphrase_length, file_key))
        goto cleanup;

    context = EVP_CIPHER_CTX_new();
    if (context == NULL ||
        !EVP_DecryptInit_ex(context, EVP_aes_256_cbc(), NULL, file_key, zero_iv) ||
        !EVP_DecryptUpdate(context, plain, &body, file, (int)length))
        goto cleanup;
    if (!EVP_DecryptFinal_ex(context, plain + body, &tail)) {
        status = PD_WRONG_PASSPHRASE; /* the padding */
        goto cleanup;
    }
    status = take_key(plain, (size_t)body + (size_t)tail, key);

cleanup:
    EVP_CIPHER_CTX_free(context);
    secure_wipe(file_key, sizeof file_key);
    secure_wipe(plain, sizeof plain);
    return status;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* AES through libcrypto. */
#include "core/block_cipher.h"

#include <limits.h>
#include <string.h>

#include <openssl/evp.h>

static const EVP_CIPHER *method(enum block_cipher cipher)
{
    switch (cipher) {
    case BLOCK_CIPHER_AES_128:
        return EVP_aes_128_cbc();
    case BLOCK_CIPHER_AES_192:
        return EVP_aes_192_cbc();
    case BLOCK_CIPHER_AES_256:
        return EVP_aes_256_cbc();
    default:
        return NULL;
    }
}

size_t block_cipher_size(enum block_cipher cipher, size_t length)
{
    return cipher == BLOCK_CIPHER_NONE ? length : length - length % 16 + 16;
}

static bool run(enum block_cipher cipher, bool encrypt, const uint8_t *secret, const uint8_t *iv,
                const uint8_t *data, size_t length, uint8_t *out)
{
    int done = 0, rest = 0;
    if (cipher == BLOCK_CIPHER_NONE) {
        memmove(out, data, length);
        return true;
    }
    if (length > INT_MAX - 16)
        return false;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    bool good =
        context != NULL &&
        EVP_CipherInit_ex(context, method(cipher), NULL, secret, iv, encrypt ? 1 : 0) == 1 &&
        EVP_CIPHER_CTX_set_padding(context, encrypt ? 1 : 0) == 1 &&
        EVP_CipherUpdate(context, out, &done, data, (int)length) == 1 &&
        EVP_CipherFinal_ex(context, out + done, &rest) == 1;
    EVP_CIPHER_CTX_free(context);
    return good;
}

bool block_cipher_encrypt(enum block_cipher cipher, const uint8_t *secret, const uint8_t *iv,
                          const uint8_t *data, size_t length, uint8_t *out)
{
    return run(cipher, true, secret, iv, data, length, out);
}

bool block_cipher_decrypt(enum block_cipher cipher, const uint8_t *secret, const uint8_t *iv,
                          const uint8_t *data, size_t length, uint8_t *out)
{
    return run(cipher, false, secret, iv, data, length, out);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How blocks travel: AES in CBC mode under the leading bytes of the segment secret, the algorithm
 * named with each block ([MS-PCCRR] 2.2.3, 2.2.5.3). Nothing protects a ciphertext against change:
 * the receiver compares the plaintext with the block's hash. */
#ifndef PEERDIST_CORE_BLOCK_CIPHER_H
#define PEERDIST_CORE_BLOCK_CIPHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BLOCK_CIPHER_IV_SIZE 16u

/* Numbered as CryptoAlgoId is. */
enum block_cipher {
    BLOCK_CIPHER_NONE = 0,
    BLOCK_CIPHER_AES_128 = 1,
    BLOCK_CIPHER_AES_192 = 2,
    BLOCK_CIPHER_AES_256 = 3
};

/* Bytes of ciphertext for so many of plaintext: PKCS#7 adds 1 to 16, NONE nothing. */
size_t block_cipher_size(enum block_cipher cipher, size_t length);

/* Writes block_cipher_size bytes. `secret` is at least as long as the key; the IV never the same
 * for two blocks under one secret. In place is allowed. False: libcrypto failed (no memory). */
bool block_cipher_encrypt(enum block_cipher cipher, const uint8_t *secret, const uint8_t *iv,
                          const uint8_t *data, size_t length, uint8_t *out);
/* The whole ciphertext, a multiple of 16 bytes, into as many of plaintext and padding, which is not
 * looked at: the receiver knows the length, and senders pad in different ways. In place is allowed.
 */
bool block_cipher_decrypt(enum block_cipher cipher, const uint8_t *secret, const uint8_t *iv,
                          const uint8_t *data, size_t length, uint8_t *out);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(const uint8_t *data, size_t length, char *out)
{
    for (size_t i = 0; i < length; i += 3) {
        size_t left = length - i;
        uint32_t bits = (uint32_t)data[i] << 16 | (left > 1 ? (uint32_t)data[i + 1] << 8 : 0) |
                        (left > 2 ? data[i + 2] : 0);
        *out++ = alphabet[bits >> 18];
        *out++ = alphabet[bits >> 12 & 63];
        *out++ = '=';
        *out++ = '=';
        if (left > 1)
            out[-2] = alphabet[bits >> 6 & 63];
        if (left > 2)
            out[-1] = alphabet[bits & 63];
    }
}

static int value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool base64_decode(const char *text, size_t length, uint8_t *out, size_t room, size_t *decoded)
{
    uint32_t bits = 0;
    unsigned digits = 0, padding = 0;
    *decoded = 0;
    for (size_t i = 0; i < length; i++) {
        int value = value_of(text[i]);
        if (is_space(text[i]))
            continue;
        if (text[i] == '=') {
            padding++;
            continue;
        }
        if (value < 0 || padding > 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
        if (++digits % 4 == 0) {
            if (room - *decoded < 3)
                return false;
            out[(*decoded)++] = (uint8_t)(bits >> 16);
            out[(*decoded)++] = (uint8_t)(bits >> 8);
            out[(*decoded)++] = (uint8_t)bits;
        }
    }
    unsigned rest = digits % 4;
    if ((digits + padding) % 4 != 0 || padding > 2 || rest == 1)
        return false;
    /* The bits that fill up the last digit are nothing. */
    if (rest > 0) {
        unsigned bytes = rest - 1;
        bits <<= 6 * (4 - rest);
        if (room - *decoded < bytes || (bits & ((1u << (8 * (3 - bytes))) - 1)) != 0)
            return false;
        for (unsigned i = 0; i < bytes; i++)
            out[(*decoded)++] = (uint8_t)(bits >> (16 - 8 * i));
    }
    return digits > 0;
}

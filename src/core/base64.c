/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(const uint8_t *bytes, size_t length, char *out)
{
    for (size_t i = 0; i < length; i += 3) {
        size_t left = length - i;
        uint32_t group = (uint32_t)bytes[i] << 16;

        if (left > 1)
            group |= (uint32_t)bytes[i + 1] << 8;
        if (left > 2)
            group |= bytes[i + 2];
        *out++ = alphabet[group >> 18];
        *out++ = alphabet[group >> 12 & 63];
        *out++ = left > 1 ? alphabet[group >> 6 & 63] : '=';
        *out++ = left > 2 ? alphabet[group & 63] : '=';
    }
}

/* -1: not in the alphabet. */
static int digit_value(char digit)
{
    if (digit >= 'A' && digit <= 'Z')
        return digit - 'A';
    if (digit >= 'a' && digit <= 'z')
        return digit - 'a' + 26;
    if (digit >= '0' && digit <= '9')
        return digit - '0' + 52;
    if (digit == '+')
        return 62;
    return digit == '/' ? 63 : -1;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The bytes of one group, `digits` of whose four characters are not padding. Bits that belong to no
 * byte must be 0, so that no bytes have two spellings. */
static bool take_group(uint32_t group, unsigned digits, uint8_t *out, size_t room, size_t *length)
{
    unsigned bytes = digits - 1;

    if ((group & (0xffffffu >> 8 * bytes)) != 0 && bytes < 3)
        return false;
    for (unsigned i = 0; i < bytes; i++, (*length)++)
        if (*length < room)
            out[*length] = (uint8_t)(group >> (16 - 8 * i));
    return true;
}

bool base64_decode(const char *text, uint8_t *out, size_t room, size_t *length)
{
    uint32_t group = 0;
    unsigned count = 0;   /* characters of the group */
    unsigned padding = 0; /* of them "=" */

    *length = 0;
    for (; *text != '\0'; text++) {
        int value = digit_value(*text);

        if (is_space(*text))
            continue;
        if (*text == '=' && count >= 2)
            padding++;
        else if (value < 0 || padding > 0)
            return false;
        group = group << 6 | (value < 0 ? 0 : (uint32_t)value);
        if (++count < 4)
            continue;
        if (!take_group(group, 4 - padding, out, room, length))
            return false;
        if (padding > 0)
            break;
        group = 0;
        count = 0;
    }
    if (padding == 0)
        return count == 0;
    if (count < 4)
        return false;
    do
        text++;
    while (is_space(*text));
    return *text == '\0';
}

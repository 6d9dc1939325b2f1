/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/discovery_values.h"

#include <string.h>

#include "core/hex.h"
#include "core/segment.h"

bool next_word(const char **text, const char **word, size_t *length)
{
    const char *p = *text;

    while (is_xml_space(*p))
        p++;
    *word = p;
    while (*p != '\0' && !is_xml_space(*p))
        p++;
    *text = p;
    *length = (size_t)(p - *word);
    return *length > 0;
}

bool begins_ignoring_case(const char *text, const char *beginning)
{
    for (; *beginning != '\0'; text++, beginning++) {
        char c = *text;

        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if (c != *beginning)
            return false;
    }
    return true;
}

/* Of text in UTF-8. */
static bool has_control_character(const char *text)
{
    for (const uint8_t *p = (const uint8_t *)text; *p != 0; p++)
        if (*p < 0x20 || *p == 0x7f || (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0))
            return true;
    return false;
}

bool discovery_copy_name(const char *text, char out[DISCOVERY_TEXT_MAX])
{
    size_t length = text != NULL ? strlen(text) : 0;

    if (length == 0 || length >= DISCOVERY_TEXT_MAX || has_control_character(text))
        return false;
    memcpy(out, text, length + 1);
    return true;
}

bool discovery_take_ids(const char *text, bool keep_spelling,
                        struct discovery_id ids[DISCOVERY_IDS_MAX], size_t *count)
{
    const char *word;
    size_t digits;

    *count = 0;
    while (next_word(&text, &word, &digits)) {
        struct discovery_id *id = &ids[*count];

        if (*count == DISCOVERY_IDS_MAX || digits % 2 != 0 ||
            !segment_id_length_valid(digits / 2) || !hex_decode(word, id->bytes, digits / 2))
            return false;
        id->length = (uint8_t)(digits / 2);
        id->text[0] = '\0';
        if (keep_spelling) {
            memcpy(id->text, word, digits);
            id->text[digits] = '\0';
        }
        ++*count;
    }
    return *count > 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading a Probe ([MS-PCCRD] 2.2.2, 2.2.3.1 to 2.2.3.3, 3.2.4.1). Malformed in any part, the whole
 * is ignored. */
#include <stdlib.h>
#include <string.h>

#include "core/base64.h"
#include "core/discovery_names.h"
#include "core/discovery_values.h"
#include "core/discovery_xml.h"
#include "core/segment.h"

/* The scope of version 2.0: size of an ID (2 bytes, big-endian), their number (1 byte), the IDs. */
static bool take_scope_v2(const char *text, struct discovery_probe *probe)
{
    uint8_t scope[SCOPE_V2_HEADER + DISCOVERY_IDS_MAX_V2 * DISCOVERY_ID_MAX];
    size_t length, size, count;

    if (!base64_decode(text, scope, sizeof scope, &length) || length < SCOPE_V2_HEADER)
        return false;
    size = (size_t)scope[0] << 8 | scope[1];
    count = scope[2];
    if (!segment_id_length_valid(size) || count == 0 || length != SCOPE_V2_HEADER + count * size)
        return false;
    for (size_t i = 0; i < count; i++) {
        memcpy(probe->ids[i].bytes, scope + SCOPE_V2_HEADER + i * size, size);
        probe->ids[i].length = (uint8_t)size;
        probe->ids[i].text[0] = '\0';
    }
    probe->count = count;
    return true;
}

static bool take_probe(const struct discovery_document *document, struct discovery_probe *probe)
{
    const char *action = document->text[PLACE_ACTION];
    const char *scopes = document->text[PLACE_SCOPES];

    if (!document->seen[PLACE_PROBE] || action == NULL || strcmp(action, ACTION_PROBE) != 0 ||
        scopes == NULL || document->match_by == NULL ||
        !discovery_copy_name(document->text[PLACE_MESSAGE_ID], probe->message_id))
        return false;
    /* A Probe of both types is what its scope is. */
    if (document->type_v2 && take_scope_v2(scopes, probe)) {
        probe->version = 2;
        return strcmp(document->match_by, MATCH_BY_V2) == 0;
    }
    probe->version = 1;
    return document->type_v1 && strcmp(document->match_by, MATCH_BY_V1) == 0 &&
           discovery_take_ids(scopes, true, probe->ids, &probe->count);
}

enum decode_result discovery_read_probe(const char *data, size_t length,
                                        struct discovery_probe *probe)
{
    struct discovery_document *document;
    enum decode_result result = discovery_document_read(data, length, &document);

    if (result == DECODE_COMPLETE && !take_probe(document, probe))
        result = DECODE_BAD;
    free(document);
    return result;
}

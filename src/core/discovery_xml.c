/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/discovery_xml.h"

#include <expat.h>
#include <stdlib.h>
#include <string.h>

#include "core/discovery_names.h"
#include "core/discovery_values.h"

#define DEPTH_MAX      32u
#define ELEMENTS_MAX   256u
#define ATTRIBUTES_MAX 32u /* of one element, declarations of namespaces among them */
#define NAME_MAX_BYTES 256u
#define SCOPE_MAX      256u /* namespace declarations in scope at one place */

/* Expat gives names as "namespace local-name". A local name has no space, so that comparing the
 * whole is safe whatever the namespace is. */
#define SEPARATOR ' '

struct declaration {
    const char *prefix; /* empty: the default namespace */
    bool peerdist;
};

struct walk {
    XML_Parser parser;
    struct discovery_document *document;
    bool refused; /* expat may still call handlers after it was told to stop */
    size_t pool_used;
    size_t text_start; /* in the pool, of the element that is open */
    unsigned depth;
    unsigned elements;
    unsigned declared; /* since the last start of an element */
    size_t in_scope;
    enum discovery_place open[DEPTH_MAX + 1];
    struct declaration scope[SCOPE_MAX];
};

static const struct {
    const char *name;
    enum discovery_place parent;
    enum discovery_place place;
} places[] = {
    {NS_SOAP " Envelope", PLACE_DOCUMENT, PLACE_ENVELOPE},
    {NS_SOAP " Header", PLACE_ENVELOPE, PLACE_HEADER},
    {NS_SOAP " Body", PLACE_ENVELOPE, PLACE_BODY},
    {NS_WSA " Action", PLACE_HEADER, PLACE_ACTION},
    {NS_WSA " MessageID", PLACE_HEADER, PLACE_MESSAGE_ID},
    {NS_WSA " RelatesTo", PLACE_HEADER, PLACE_RELATES_TO},
    {NS_WSD " Probe", PLACE_BODY, PLACE_PROBE},
    {NS_WSD " ProbeMatches", PLACE_BODY, PLACE_MATCHES},
    {NS_WSD " Types", PLACE_PROBE, PLACE_TYPES},
    {NS_WSD " Scopes", PLACE_PROBE, PLACE_SCOPES},
    {NS_WSD " ProbeMatch", PLACE_MATCHES, PLACE_MATCH},
    {NS_WSA " EndpointReference", PLACE_MATCH, PLACE_ENDPOINT},
    {NS_WSD " Types", PLACE_MATCH, PLACE_TYPES},
    {NS_WSD " Scopes", PLACE_MATCH, PLACE_SCOPES},
    {NS_WSD " XAddrs", PLACE_MATCH, PLACE_XADDRS},
    /* The preview of 2012 has the other wrapper in version 2.0. */
    {NS_PEERDIST " " TYPE_V1, PLACE_MATCH, PLACE_DATA},
    {NS_PEERDIST " " TYPE_V2, PLACE_MATCH, PLACE_DATA},
    {NS_WSA " Address", PLACE_ENDPOINT, PLACE_ADDRESS},
    {NS_PEERDIST " BlockCount", PLACE_DATA, PLACE_BLOCK_COUNT},
    {NS_PEERDIST " SegmentAges", PLACE_DATA, PLACE_SEGMENT_AGES},
};

static void refuse(struct walk *walk)
{
    walk->refused = true;
    XML_StopParser(walk->parser, XML_FALSE);
}

/* What is kept are bytes of the input, each once and none longer than it was spelled there, so the
 * pool suffices; it is checked nevertheless. */
static void keep(struct walk *walk, const char *bytes, size_t length)
{
    if (length >= sizeof walk->document->pool - walk->pool_used) {
        refuse(walk);
        return;
    }
    memcpy(walk->document->pool + walk->pool_used, bytes, length);
    walk->pool_used += length;
}

/* Ends the text that began at `start`, without the white space around it. */
static const char *end_text(struct walk *walk, size_t start)
{
    char *text = walk->document->pool + start;
    char *end = walk->document->pool + walk->pool_used;

    keep(walk, "", 1);
    if (walk->refused)
        return "";
    while (end > text && is_xml_space(end[-1]))
        end--;
    *end = '\0';
    while (is_xml_space(*text))
        text++;
    return text;
}

static const char *keep_text(struct walk *walk, const char *bytes)
{
    size_t start = walk->pool_used;

    keep(walk, bytes, strlen(bytes));
    return end_text(walk, start);
}

static bool name_too_long(const char *name)
{
    const char *local = strrchr(name, SEPARATOR);

    return strlen(local != NULL ? local + 1 : name) > NAME_MAX_BYTES;
}

static enum discovery_place place_of(struct walk *walk, const char *name)
{
    struct discovery_document *document = walk->document;
    enum discovery_place parent = walk->open[walk->depth];
    /* Only what stands first in the body says what the message is. */
    bool taken =
        parent == PLACE_BODY && (document->seen[PLACE_PROBE] || document->seen[PLACE_MATCHES]);

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        enum discovery_place place = places[i].place;

        if (places[i].parent != parent || strcmp(places[i].name, name) != 0)
            continue;
        if (!document->seen[place] && !taken) {
            document->seen[place] = true;
            return place;
        }
        if (place == PLACE_MESSAGE_ID || place == PLACE_SCOPES)
            refuse(walk); /* which one would be meant? */
        return PLACE_UNKNOWN;
    }
    return PLACE_UNKNOWN;
}

static void check_attributes(struct walk *walk, const char **attributes)
{
    unsigned count = walk->declared;

    walk->declared = 0;
    for (; *attributes != NULL; attributes += 2)
        if (++count > ATTRIBUTES_MAX || name_too_long(attributes[0])) {
            refuse(walk);
            return;
        }
    if (count > ATTRIBUTES_MAX)
        refuse(walk);
}

static void XMLCALL on_start(void *context, const char *name, const char **attributes)
{
    struct walk *walk = context;
    enum discovery_place place;

    if (walk->refused)
        return;
    check_attributes(walk, attributes);
    /* No element stands in what is text by its schema. */
    if (walk->depth == DEPTH_MAX || ++walk->elements > ELEMENTS_MAX || name_too_long(name) ||
        walk->open[walk->depth] >= PLACE_FIRST_TEXT)
        refuse(walk);
    if (walk->refused)
        return;
    place = place_of(walk, name);
    if (place == PLACE_UNKNOWN && walk->depth == 0)
        refuse(walk);
    walk->open[++walk->depth] = place;
    if (place == PLACE_SCOPES)
        for (; *attributes != NULL; attributes += 2)
            if (strcmp(attributes[0], "MatchBy") == 0)
                walk->document->match_by = keep_text(walk, attributes[1]);
    walk->text_start = walk->pool_used;
}

static void XMLCALL on_text(void *context, const char *text, int length)
{
    struct walk *walk = context;

    if (!walk->refused && walk->open[walk->depth] >= PLACE_FIRST_TEXT)
        keep(walk, text, (size_t)length);
}

/* Whether a prefix stands for the namespace of PeerDist here. */
static bool prefix_is_peerdist(const struct walk *walk, const char *prefix, size_t length)
{
    for (size_t i = walk->in_scope; i > 0; i--) {
        const struct declaration *declaration = &walk->scope[i - 1];

        if (strlen(declaration->prefix) == length &&
            memcmp(declaration->prefix, prefix, length) == 0)
            return declaration->peerdist;
    }
    return false;
}

/* Types holds QNames as text: only the declarations in scope say what they mean. */
static void resolve_types(struct walk *walk, const char *text)
{
    const char *word;
    size_t length;

    while (next_word(&text, &word, &length)) {
        const char *colon = memchr(word, ':', length);
        const char *local = colon != NULL ? colon + 1 : word;
        size_t local_length = length - (size_t)(local - word);

        if (!prefix_is_peerdist(walk, word, colon != NULL ? (size_t)(colon - word) : 0))
            continue;
        if (local_length == strlen(TYPE_V1) && memcmp(local, TYPE_V1, local_length) == 0)
            walk->document->type_v1 = true;
        if (local_length == strlen(TYPE_V2) && memcmp(local, TYPE_V2, local_length) == 0)
            walk->document->type_v2 = true;
    }
}

static void XMLCALL on_end(void *context, const char *name)
{
    struct walk *walk = context;
    enum discovery_place place;

    (void)name;
    if (walk->refused)
        return;
    place = walk->open[walk->depth--];
    if (place < PLACE_FIRST_TEXT)
        return;
    walk->document->text[place] = end_text(walk, walk->text_start);
    if (place == PLACE_TYPES)
        resolve_types(walk, walk->document->text[place]);
}

/* Comes before the start of the element that declares. */
static void XMLCALL on_declaration(void *context, const char *prefix, const char *uri)
{
    struct walk *walk = context;
    struct declaration *declaration = &walk->scope[walk->in_scope];

    if (walk->refused)
        return;
    if (prefix == NULL)
        prefix = "";
    if (walk->in_scope == SCOPE_MAX || name_too_long(prefix)) {
        refuse(walk);
        return;
    }
    declaration->prefix = keep_text(walk, prefix);
    declaration->peerdist = uri != NULL && strcmp(uri, NS_PEERDIST) == 0;
    walk->in_scope++;
    walk->declared++;
}

/* Comes after the end of the element that declared. */
static void XMLCALL on_declaration_end(void *context, const char *prefix)
{
    struct walk *walk = context;

    (void)prefix;
    if (!walk->refused)
        walk->in_scope--;
}

static void XMLCALL on_xml_declaration(void *context, const char *version, const char *encoding,
                                       int standalone)
{
    static const char utf8[] = "utf-8";

    (void)version;
    (void)standalone;
    if (encoding != NULL &&
        (strlen(encoding) != strlen(utf8) || !begins_ignoring_case(encoding, utf8)))
        refuse(context);
}

static void XMLCALL on_doctype(void *context, const char *name, const char *system_id,
                               const char *public_id, int internal_subset)
{
    (void)name;
    (void)system_id;
    (void)public_id;
    (void)internal_subset;
    refuse(context);
}

static void XMLCALL on_instruction(void *context, const char *target, const char *data)
{
    (void)target;
    (void)data;
    refuse(context);
}

static enum decode_result result_of(enum XML_Error error)
{
    switch (error) {
    case XML_ERROR_NO_ELEMENTS:
    case XML_ERROR_UNCLOSED_TOKEN:
    case XML_ERROR_PARTIAL_CHAR:
    case XML_ERROR_UNCLOSED_CDATA_SECTION:
        return DECODE_PARTIAL;
    default:
        return DECODE_BAD;
    }
}

static enum decode_result walk_document(struct walk *walk, const char *data, size_t length)
{
    XML_Parser parser = walk->parser;

    XML_SetUserData(parser, walk);
    XML_SetElementHandler(parser, on_start, on_end);
    XML_SetCharacterDataHandler(parser, on_text);
    XML_SetNamespaceDeclHandler(parser, on_declaration, on_declaration_end);
    XML_SetXmlDeclHandler(parser, on_xml_declaration);
    XML_SetStartDoctypeDeclHandler(parser, on_doctype);
    XML_SetProcessingInstructionHandler(parser, on_instruction);
    walk->open[0] = PLACE_DOCUMENT;
    if (XML_Parse(parser, data, (int)length, XML_TRUE) == XML_STATUS_OK)
        return DECODE_COMPLETE;
    return result_of(XML_GetErrorCode(parser)); /* XML_ERROR_ABORTED where a handler refused */
}

enum decode_result discovery_document_read(const char *data, size_t length,
                                           struct discovery_document **document)
{
    struct walk *walk = NULL;
    enum decode_result result = DECODE_BAD;

    *document = NULL;
    /* Expat turns to UTF-16 where a document looks like it, whatever it was told; then there are
     * NUL bytes. */
    if (length > DISCOVERY_DATAGRAM_MAX || memchr(data, '\0', length) != NULL)
        return DECODE_BAD;
    walk = calloc(1, sizeof *walk);
    *document = calloc(1, sizeof **document);
    if (walk == NULL || *document == NULL)
        goto cleanup;
    walk->document = *document;
    walk->parser = XML_ParserCreateNS("UTF-8", SEPARATOR);
    if (walk->parser == NULL)
        goto cleanup;
    result = walk_document(walk, data, length);
    XML_ParserFree(walk->parser);

cleanup:
    free(walk);
    if (result != DECODE_COMPLETE) {
        free(*document);
        *document = NULL;
    }
    return result;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* expat's callbacks. Elements are known by their path: a state for each element that matters, and
 * one for all others. */
#include "core/discovery_xml.h"

#include <string.h>
#include <strings.h>

#include <expat.h>

#include "core/discovery_names.h"

#define DEPTH_MAX      32u
#define ELEMENTS_MAX   256u
#define ATTRIBUTES_MAX 32u
#define NAME_MAX_SIZE  256u
#define PREFIXES_MAX   64u
#define PREFIX_MAX     32u

#define SEPARATOR       '\n' /* between namespace and name: in neither */
#define NAME(ns, local) ns "\n" local

enum place {
    OUTSIDE,
    OTHER,
    ENVELOPE,
    HEADER,
    BODY,
    PROBE,
    MATCHES,
    MATCH,
    ENDPOINT,
    DATA,
    TEXTS /* and from here on the texts, by number */
};

/* A prefix that is declared; `ours`: for the PeerDist namespace. */
struct prefix {
    unsigned depth;
    bool ours;
    char name[PREFIX_MAX];
};

struct walk {
    XML_Parser parser;
    struct envelope *envelope;
    unsigned depth, elements, prefix_count;
    enum place places[DEPTH_MAX + 1];
    struct prefix prefixes[PREFIXES_MAX];
    bool refused;
};

struct child {
    enum place parent;
    const char *name;
    enum place place;
};

static const struct child children[] = {
    {OUTSIDE, NAME(NS_SOAP, "Envelope"), ENVELOPE},
    {ENVELOPE, NAME(NS_SOAP, "Header"), HEADER},
    {ENVELOPE, NAME(NS_SOAP, "Body"), BODY},
    {HEADER, NAME(NS_WSA, "Action"), TEXTS + TEXT_ACTION},
    {HEADER, NAME(NS_WSA, "MessageID"), TEXTS + TEXT_MESSAGE_ID},
    {HEADER, NAME(NS_WSA, "RelatesTo"), TEXTS + TEXT_RELATES_TO},
    {BODY, NAME(NS_WSD, "Probe"), PROBE},
    {PROBE, NAME(NS_WSD, "Types"), TEXTS + TEXT_TYPES},
    {PROBE, NAME(NS_WSD, "Scopes"), TEXTS + TEXT_SCOPES},
    {BODY, NAME(NS_WSD, "ProbeMatches"), MATCHES},
    {MATCHES, NAME(NS_WSD, "ProbeMatch"), MATCH},
    {MATCH, NAME(NS_WSA, "EndpointReference"), ENDPOINT},
    {ENDPOINT, NAME(NS_WSA, "Address"), TEXTS + TEXT_ADDRESS},
    {MATCH, NAME(NS_WSD, "Types"), TEXTS + TEXT_TYPES},
    {MATCH, NAME(NS_WSD, "Scopes"), TEXTS + TEXT_SCOPES},
    {MATCH, NAME(NS_WSD, "XAddrs"), TEXTS + TEXT_XADDRS},
    {MATCH, NAME(NS_PEERDIST, TYPE_V1), DATA},
    {MATCH, NAME(NS_PEERDIST, TYPE_V2), DATA},
    {DATA, NAME(NS_PEERDIST, "BlockCount"), TEXTS + TEXT_BLOCK_COUNT},
    {DATA, NAME(NS_PEERDIST, "SegmentAges"), TEXTS + TEXT_SEGMENT_AGES},
};

static void refuse(struct walk *walk)
{
    walk->refused = true;
    (void)XML_StopParser(walk->parser, XML_FALSE);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* ---- Elements ---- */

static enum place place_of(struct walk *walk, const char *name)
{
    enum place parent = walk->places[walk->depth];
    for (size_t i = 0; i < sizeof(children) / sizeof(*children); i++)
        if (children[i].parent == parent && strcmp(children[i].name, name) == 0)
            return children[i].place;
    return OTHER;
}

/* A further Scopes or MessageID is refused, further ProbeMatches and texts are passed over. */
static enum place enter(struct walk *walk, enum place place)
{
    struct envelope *envelope = walk->envelope;
    if (place == PROBE) {
        place = envelope->probe ? OTHER : PROBE;
        envelope->probe = true;
    } else if (place == MATCH) {
        place = envelope->match ? OTHER : MATCH;
        envelope->match = true;
    } else if (place >= TEXTS) {
        enum envelope_text text = (enum envelope_text)(place - TEXTS);
        if (envelope->text[text] != NULL) {
            if (text == TEXT_SCOPES || text == TEXT_MESSAGE_ID)
                refuse(walk);
            return OTHER;
        }
        envelope->text[text] = envelope->texts + envelope->used;
    }
    return place;
}

static void XMLCALL on_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
    struct walk *walk = context;
    unsigned count = 0;
    while (attributes[2 * count] != NULL)
        count++;
    if (walk->refused)
        return;
    if (walk->depth == DEPTH_MAX || ++walk->elements > ELEMENTS_MAX || count > ATTRIBUTES_MAX ||
        strlen(name) > NAME_MAX_SIZE) {
        refuse(walk);
        return;
    }
    enum place place = enter(walk, place_of(walk, name));
    walk->places[++walk->depth] = place;
    for (unsigned i = 0; place == TEXTS + TEXT_SCOPES && i < count; i++) {
        const char *value = attributes[2 * i + 1];
        if (strcmp(attributes[2 * i], "MatchBy") == 0 &&
            strlen(value) < sizeof(walk->envelope->match_by))
            memcpy(walk->envelope->match_by, value, strlen(value) + 1);
    }
}

/* Whether the word's prefix stands for the PeerDist namespace where it is written. */
static bool is_ours(const struct walk *walk, const char *prefix, size_t length)
{
    for (unsigned i = walk->prefix_count; i > 0; i--) {
        const struct prefix *one = &walk->prefixes[i - 1];
        if (strlen(one->name) == length && memcmp(one->name, prefix, length) == 0)
            return one->ours;
    }
    return false;
}

static void read_types(struct walk *walk, const char *text, size_t length)
{
    for (size_t i = 0; i < length;) {
        size_t end = i, colon;
        while (end < length && !is_space(text[end]))
            end++;
        for (colon = i; colon < end && text[colon] != ':'; colon++)
            continue;
        size_t local = end - colon;
        if (colon < end && is_ours(walk, text + i, colon - i)) {
            const char *name = text + colon + 1;
            local--;
            if (local == strlen(TYPE_V1) && memcmp(name, TYPE_V1, local) == 0)
                walk->envelope->types_v1 = true;
            if (local == strlen(TYPE_V2) && memcmp(name, TYPE_V2, local) == 0)
                walk->envelope->types_v2 = true;
        }
        for (i = end; i < length && is_space(text[i]); i++)
            continue;
    }
}

/* Trims, and ends with a NUL. */
static void finish_text(struct walk *walk, enum envelope_text which)
{
    struct envelope *envelope = walk->envelope;
    const char *begin = envelope->text[which], *end = envelope->texts + envelope->used;
    while (begin < end && is_space(*begin))
        begin++;
    while (end > begin && is_space(end[-1]))
        end--;
    envelope->text[which] = begin;
    envelope->length[which] = (size_t)(end - begin);
    envelope->used = (size_t)(end - envelope->texts);
    envelope->texts[envelope->used++] = '\0';
    if (which == TEXT_TYPES)
        read_types(walk, begin, envelope->length[which]);
}

static void XMLCALL on_end(void *context, const XML_Char *name)
{
    struct walk *walk = context;
    (void)name;
    if (walk->refused)
        return;
    if (walk->places[walk->depth] >= TEXTS)
        finish_text(walk, (enum envelope_text)(walk->places[walk->depth] - TEXTS));
    walk->depth--;
}

static void XMLCALL on_text(void *context, const XML_Char *text, int length)
{
    struct walk *walk = context;
    struct envelope *envelope = walk->envelope;
    if (walk->refused || walk->places[walk->depth] < TEXTS)
        return;
    /* References make text shorter, never longer: it fits, but for a NUL each. */
    if ((size_t)length > sizeof(envelope->texts) - TEXT_COUNT - envelope->used) {
        refuse(walk);
        return;
    }
    memcpy(envelope->texts + envelope->used, text, (size_t)length);
    envelope->used += (size_t)length;
}

/* ---- Namespaces, and what is not allowed ---- */

static void XMLCALL on_namespace(void *context, const XML_Char *prefix, const XML_Char *uri)
{
    struct walk *walk = context;
    if (walk->refused)
        return;
    if (walk->prefix_count == PREFIXES_MAX) {
        refuse(walk);
        return;
    }
    struct prefix *one = &walk->prefixes[walk->prefix_count++];
    *one = (struct prefix){.depth = walk->depth};
    /* A longer one is never ours, but hides nothing either: no word has it. */
    if (prefix != NULL && strlen(prefix) < sizeof(one->name)) {
        memcpy(one->name, prefix, strlen(prefix) + 1);
        one->ours = uri != NULL && strcmp(uri, NS_PEERDIST) == 0;
    }
}

static void XMLCALL on_namespace_end(void *context, const XML_Char *prefix)
{
    struct walk *walk = context;
    (void)prefix;
    if (!walk->refused && walk->prefix_count > 0)
        walk->prefix_count--;
}

static void XMLCALL on_doctype(void *context, const XML_Char *name, const XML_Char *system,
                               const XML_Char *public, int internal)
{
    (void)name;
    (void)system;
    (void)public;
    (void)internal;
    refuse(context);
}

static void XMLCALL on_declaration(void *context, const XML_Char *version, const XML_Char *encoding,
                                   int standalone)
{
    (void)version;
    (void)standalone;
    if (encoding != NULL && strcasecmp(encoding, "utf-8") != 0)
        refuse(context);
}

enum decode_result envelope_read(const char *data, size_t length, struct envelope *envelope)
{
    struct walk walk = {.envelope = envelope};
    memset(envelope, 0, offsetof(struct envelope, texts));
    if (length > DISCOVERY_DATAGRAM_MAX || memchr(data, '\0', length) != NULL)
        return DECODE_BAD;
    walk.parser = XML_ParserCreateNS("UTF-8", SEPARATOR);
    if (walk.parser == NULL)
        return DECODE_BAD;
    XML_SetUserData(walk.parser, &walk);
    XML_SetElementHandler(walk.parser, on_start, on_end);
    XML_SetCharacterDataHandler(walk.parser, on_text);
    XML_SetNamespaceDeclHandler(walk.parser, on_namespace, on_namespace_end);
    XML_SetXmlDeclHandler(walk.parser, on_declaration);
    XML_SetStartDoctypeDeclHandler(walk.parser, on_doctype);
    enum XML_Status status = XML_Parse(walk.parser, data, (int)length, 1);
    enum XML_Error error = XML_GetErrorCode(walk.parser);
    XML_ParserFree(walk.parser);
    if (status == XML_STATUS_OK)
        return DECODE_COMPLETE;
    /* What an end in the middle of things is called depends on the things. */
    bool early = error == XML_ERROR_NO_ELEMENTS || error == XML_ERROR_UNCLOSED_TOKEN ||
                 error == XML_ERROR_PARTIAL_CHAR || error == XML_ERROR_UNCLOSED_CDATA_SECTION;
    return !walk.refused && early ? DECODE_PARTIAL : DECODE_BAD;
}

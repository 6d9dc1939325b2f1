/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages that must be ignored, each the change of a good one, and the limits, each at its last
 * good and its first bad value. */
#include "core/discovery.h"

#include "support/unit_main.h"
#include "unit/core/discovery_vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCOPE_D5                                                                                 \
    "ACADw3dss6TJqM8zdMIgLff3gEqYgnwItvVLuus2zY9Z2pszcbvq3bYjU63O+XCgb99lAB4EIfTHEIJ2sMN6n57BD9" \
    "fpJEJej0+I8B3Gqbsbw3vhE+x5F8dF1JZcK1X6Fjpu"
#define STRCMP0 "http://schemas.xmlsoap.org/ws/2005/04/discovery/strcmp0"
#define V2_RULE "http://schemas.microsoft.com/p2p/2010/05/PeerDistV2MatchingRule"

struct change {
    const char *name; /* of the vector */
    const char *what;
    const char *with;
};

static struct vector_file file;
static struct discovery_probe probe;
static struct discovery_matches matches;

static int set_up(void **state)
{
    (void)state;
    vector_file_load(&file, "discovery.txt");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    vector_file_free(&file);
    return 0;
}

/* With either reader: which one it is for shows in the name. */
static enum decode_result read_changed(const char *name, const char *what, const char *with)
{
    char *text = discovery_replace(discovery_vector(&file, name), what, with);
    bool is_probe = strstr(discovery_vector(&file, name), "<wsd:Probe>") != NULL;
    enum decode_result result = is_probe ? discovery_probe_of(text, strlen(text), &probe)
                                         : discovery_matches_of(text, strlen(text), &matches);

    free(text);
    return result;
}

static void check_bad(const struct change *changes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (read_changed(changes[i].name, changes[i].what, changes[i].with) != DECODE_BAD)
            fail_msg("not refused: %s with %s for %s", changes[i].name, changes[i].with,
                     changes[i].what);
}

static void test_probes_refused(void **state)
{
    static const struct change changes[] = {
        {"D1", ID_A, ""},
        {"D1", ID_A, " \n\t "},
        {"D1", "DA9B<", "DA9<"},
        {"D1", "DA9B<", "DA<"},
        {"D1", "C3776CB3", "Z3776CB3"},
        {"D1", "C3776CB3", "0xC3776C"},
        {"D1", "C3776CB3", "\303\251776CB3"},
        {"D2", ID_B, "00"},
        {"D2", ID_B, "x"},
        {"D1", STRCMP0, "http://schemas.xmlsoap.org/ws/2005/04/discovery/rfc2396"},
        {"D1", STRCMP0, V2_RULE},
        {"D1", STRCMP0, ""},
        {"D1", " MatchBy=\"" STRCMP0 "\"", ""},
        {"D1", " MatchBy=", " wsd:MatchBy="},
        {"D1", "PeerDist:PeerDistData<", "PeerDist:Printer<"},
        {"D1", "PeerDist:PeerDistData<", "PeerDist:PeerDistData2<"},
        {"D1", "PeerDist:PeerDistData<", "PeerDist:PeerDist<"},
        {"D1", "PeerDist:PeerDistData<", "PeerDistData<"},
        {"D1", "PeerDist:PeerDistData<", "peerdist:PeerDistData<"},
        {"D1", "PeerDist:PeerDistData<", "wsd:PeerDistData<"},
        {"D1", "PeerDist:PeerDistData<", "PeerDist:x:PeerDistData<"},
        {"D1", "PeerDist:PeerDistData<", "PeerDist:<"},
        {"D1", "PeerDist:PeerDistData<", "<"},
        {"D1", "<wsd:Types>PeerDist:PeerDistData</wsd:Types>", ""},
        {"D1", "PeerDistributionDiscovery", "PeerDistributionDiscoverz"},
        {"D1", "discovery/Probe<", "discovery/ProbeMatches<"},
        {"D1", "<wsa:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</wsa:Action>",
         ""},
        {"D1", "<wsa:MessageID>" PROBE_MESSAGE_ID "</wsa:MessageID>", ""},
        {"D1", PROBE_MESSAGE_ID, ""},
        {"D1", PROBE_MESSAGE_ID, " \r\n"},
        {"D1", PROBE_MESSAGE_ID, "a\tb"},
        {"D1", PROBE_MESSAGE_ID, "a&#10;b"},
        {"D1", PROBE_MESSAGE_ID, "a\177b"},
        {"D1", PROBE_MESSAGE_ID, "a\302\205b"},
        {"D1", PROBE_MESSAGE_ID, "a<b/>c"},
        {"D1", "</wsa:MessageID>", "</wsa:MessageID><wsa:MessageID>x</wsa:MessageID>"},
        {"D1", "</wsd:Scopes>", "</wsd:Scopes><wsd:Scopes/>"},
        {"D1", "<wsd:Probe>", "<wsd:ProbeMatches/><wsd:Probe>"},
        {"D1", "<wsd:Probe>", "<wsd:Probe/><wsd:Probe>"},
        {"D1", "2003/05/soap-envelope", "2001/12/soap-envelope"},
        {"D1", "soap:Envelope", "soap:Other"},
        {"D1", "soap:Body", "soap:Other"},
        {"D1", "soap:Header", "soap:Other"},
        {"D5", "PeerDist:PeerDistDataV2", "PeerDist:PeerDistData"},
        {"D5", V2_RULE, STRCMP0},
        {"D5", SCOPE_D5, ""},
        {"D5", SCOPE_D5, "!!!!"},
        {"D5", SCOPE_D5, "ACA="},         /* two bytes */
        {"D5", SCOPE_D5, "ACAA"},         /* no IDs */
        {"D5", "ACADw3ds", "ACAAw3ds"},   /* count 0 */
        {"D5", "ACADw3ds", "ACD/w3ds"},   /* count 255 */
        {"D5", "ACADw3ds", "ACACw3ds"},   /* one ID behind */
        {"D5", "ACADw3ds", "AAADw3ds"},   /* size 0 */
        {"D5", "ACADw3ds", "//8Dw3ds"},   /* size 65535 */
        {"D5", "ACADw3ds", "ACEDw3ds"},   /* size 33 */
        {"D5", "X6Fjpu<", "X6FjpuAA==<"}, /* one byte behind */
        {"D5", "X6Fjpu<", "X6FjA==<"},    /* and two missing */
        {"D5", "X6Fjpu<", "X6Fjp<"},
        {"D5", "ACADw3ds", "ACADw3d-"},
    };

    (void)state;
    check_bad(changes, sizeof changes / sizeof changes[0]);
}

static void test_matches_refused(void **state)
{
    static const struct change changes[] = {
        {"D3", "<wsa:RelatesTo>" PROBE_MESSAGE_ID "</wsa:RelatesTo>", ""},
        {"D3", PROBE_MESSAGE_ID, ""},
        {"D3", PROBE_MESSAGE_ID, "a\nb"},
        {"D3", ANSWER_MESSAGE_ID, ""},
        {"D3", "</wsa:MessageID>", "</wsa:MessageID><wsa:MessageID/>"},
        {"D3", ANSWER_ENDPOINT, "a\nb"},
        {"D3", "discovery/ProbeMatches<", "discovery/Probe<"},
        {"D3", "wsd:ProbeMatches", "wsd:Probe"},
        {"D3", "wsd:ProbeMatch>", "wsd:Other>"},
        {"D3", "PeerDist:PeerDistData</wsd:Types>", "PeerDist:Printer</wsd:Types>"},
        {"D6", "PeerDist:PeerDistDataV2", "PeerDist:PeerDistData"},
        {"D3", "PeerDistributionDiscovery", "PeerDistributionDiscoverz"},
        {"D3", ID_A, ""},
        {"D3", ID_A, ID_A " x"},
        {"D3", "<wsd:Scopes>" ID_A "</wsd:Scopes>", ""},
        {"D3", "</wsd:Scopes>", "</wsd:Scopes><wsd:Scopes/>"},
        {"D3", "0000002A", "00000000"},
        {"D3", "0000002A", "0000"},
        {"D3", "0000002A", ""},
        {"D3", "0000002A", "2A"},
        {"D3", "0000002A", "000002A"},
        {"D3", "0000002A", "0000002A0"},
        {"D3", "0000002A", "0000002A0000002A"},
        {"D3", "0000002A", "0000002G"},
        {"D3", "0000002A", "0x00002A"},
        {"D3", "0000002A", "0000 002A"},
        {"D3", "<PeerDist:BlockCount>0000002A</PeerDist:BlockCount>", ""},
        {"D4", "0000001900000200", "000019"},
        {"D4", "0000001900000200", "0000000000000000"},
        {"D3", "192.168.7.21:80", ""},
        {"D3", "192.168.7.21:80", "192.168.7.21:0"},
        {"D3", "192.168.7.21:80", "192.168.7.21:65536"},
        {"D3", "192.168.7.21:80", "peer.example:80"},
        {"D3", "192.168.7.21:80", "239.255.255.250:80"},
        {"D3", "192.168.7.21:80", "0.0.0.0:80"},
        {"D3", "192.168.7.21:80", "255.255.255.255:80"},
        {"D3", "192.168.7.21:80", "[ff02::c]:80"},
        {"D3", "192.168.7.21:80", "a b c d e f g h 192.168.7.21:80"},
        {"D3", "<wsd:XAddrs>192.168.7.21:80</wsd:XAddrs>", ""},
        {"D6", "yA==", ""},
        {"D6", "yA==", "!!!!"},
        {"D6", "yA==", "yA="},
        {"D6", "yA==", "AA=="},
        {"D6", "yA==", "VQ=="}, /* nothing but 01 */
    };

    (void)state;
    check_bad(changes, sizeof changes / sizeof changes[0]);
}

/* What is wrong with the document, whatever it says. */
static void test_documents_refused(void **state)
{
    static const char *const changes[][2] = {
        {"<soap:Envelope", "<!DOCTYPE soap:Envelope><soap:Envelope"},
        {"<soap:Envelope", "<!DOCTYPE x [<!ENTITY a '" ID_A "'>]><soap:Envelope"},
        {"<soap:Envelope", "<!DOCTYPE x SYSTEM 'http://victim/x.dtd'><soap:Envelope"},
        {"<soap:Envelope", "<?go away?><soap:Envelope"},
        {"<soap:Body>", "<soap:Body><?go?>"},
        {"</soap:Envelope>", "</soap:Envelope><?go?>"},
        {"</soap:Envelope>", "</soap:Envelope>x"},
        {"</soap:Envelope>", "</soap:Envelope><x/>"},
        {"urn:uuid:5", "&a;urn:uuid:5"},
        {"urn:uuid:5", "&nbsp;urn:uuid:5"},
        {"urn:uuid:5", "&#0;urn:uuid:5"},
        {"urn:uuid:5", "&#xD800;urn:uuid:5"},
        {"urn:uuid:5", "\x80urn:uuid:5"},
        {"urn:uuid:5", "\xc0\x80urn:uuid:5"},
        {"urn:uuid:5", "\xed\xa0\x80urn:uuid:5"},
        {"urn:uuid:5", "\xffurn:uuid:5"},
        {"urn:uuid:5", "\x01urn:uuid:5"},
        {"encoding=\"utf-8\"", "encoding=\"utf-16\""},
        {"encoding=\"utf-8\"", "encoding=\"iso-8859-1\""},
        {"encoding=\"utf-8\"", "encoding=\"us-ascii\""},
        {"encoding=\"utf-8\"", "encoding=\"utf-80\""},
        {"encoding=\"utf-8\"", "encoding=\"utf\""},
        {"<?xml", " <?xml"},
        {"xmlns:soap=", "xmlns:sope="},
        {"<soap:Body>", "<soap:Body><undeclared:x/>"},
        {"<soap:Body>", "<soap:Body x='1' x='2'>"},
        {"</wsd:Types>", "</wsd:Scopes>"},
        {"PeerDist:PeerDistData</wsd", "PeerDist:PeerDist<x/>Data</wsd"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        const struct change both[] = {{"D1", changes[i][0], changes[i][1]},
                                      {"D3", changes[i][0], changes[i][1]}};

        check_bad(both, 2);
    }
}

static void test_foreign_bytes(void **state)
{
    static const char *const texts[] = {
        "x",           "GET / HTTP/1.1\r\n\r\n",
        "{}",          "<html></html>",
        "<a/>",        "\xff\xfe<\0a\0",
        "<Envelope/>", "<soap:Envelope xmlns:soap='http://www.w3.org/2003/05/soap-envelope'/>",
    };
    const char *good = discovery_vector(&file, "D1");
    size_t length = strlen(good);
    char *text = malloc(2 * length + 2);
    uint32_t random = 1;

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_not_equal(discovery_probe_of(texts[i], strlen(texts[i]), &probe),
                             DECODE_COMPLETE);
        assert_int_not_equal(discovery_matches_of(texts[i], strlen(texts[i]), &matches),
                             DECODE_COMPLETE);
    }
    assert_int_equal(discovery_probe_of("", 0, &probe), DECODE_PARTIAL);
    assert_int_equal(discovery_probe_of("\xef\xbb\xbf", 3, &probe), DECODE_PARTIAL);

    /* A NUL byte at any place. */
    for (size_t i = 0; i <= length; i++) {
        memcpy(text, good, i);
        text[i] = '\0';
        memcpy(text + i + 1, good + i, length - i);
        assert_int_equal(discovery_probe_of(text, length + 1, &probe), DECODE_BAD);
    }
    /* UTF-16, without its mark and with it. */
    memcpy(text, "\xff\xfe", 2);
    for (size_t i = 0; i < length; i++) {
        text[2 + 2 * i] = good[i];
        text[3 + 2 * i] = '\0';
    }
    assert_int_equal(discovery_probe_of(text + 2, 2 * length, &probe), DECODE_BAD);
    assert_int_equal(discovery_probe_of(text, 2 + 2 * length, &probe), DECODE_BAD);
    /* Noise. */
    for (unsigned round = 0; round < 1000; round++) {
        for (size_t i = 0; i < 64; i++) {
            random = random * 1664525 + 1013904223;
            text[i] = (char)(random >> 24);
        }
        assert_int_not_equal(discovery_probe_of(text, 64, &probe), DECODE_COMPLETE);
        assert_int_not_equal(discovery_matches_of(text, 64, &matches), DECODE_COMPLETE);
    }
    free(text);
}

/* Puts `piece` so many times, then `last`, before `what`. */
static enum decode_result with_pieces(const char *what, const char *piece, size_t times,
                                      const char *last)
{
    char *pieces = discovery_repeat(piece, times);
    size_t size = strlen(pieces) + strlen(last) + strlen(what) + 1;
    char *with = malloc(size);
    enum decode_result result;

    assert_non_null(with);
    snprintf(with, size, "%s%s%s", pieces, last, what);
    result = read_changed("D1", what, with);
    free(with);
    free(pieces);
    return result;
}

static void test_depth_limit(void **state)
{
    (void)state;
    for (size_t depth = 1; depth <= 4000; depth = depth < 40 ? depth + 1 : 4000) {
        char *end = discovery_repeat("</x>", depth);

        /* Envelope and Header are two. */
        assert_int_equal(with_pieces("<wsa:To>", "<x>", depth, end),
                         depth <= 30 ? DECODE_COMPLETE : DECODE_BAD);
        free(end);
        if (depth == 4000)
            break;
    }
}

static void test_element_limit(void **state)
{
    (void)state;
    /* D1 has nine. */
    assert_int_equal(with_pieces("<wsa:To>", "<x/>", 256 - 9, ""), DECODE_COMPLETE);
    assert_int_equal(with_pieces("<wsa:To>", "<x/>", 256 - 8, ""), DECODE_BAD);
}

static char *attributes(const char *form, unsigned count)
{
    static char text[8192];
    size_t used = 0;

    for (unsigned i = 0; i < count; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, form, i);
    return text;
}

static void test_attribute_limit(void **state)
{
    char text[8400];

    (void)state;
    for (unsigned count = 30; count < 36; count++) {
        snprintf(text, sizeof text, "<x%s/><wsa:To>", attributes(" a%u='1'", count));
        assert_int_equal(read_changed("D1", "<wsa:To>", text),
                         count <= 32 ? DECODE_COMPLETE : DECODE_BAD);
        snprintf(text, sizeof text, "<x%s/><wsa:To>", attributes(" xmlns:a%u='u'", count));
        assert_int_equal(read_changed("D1", "<wsa:To>", text),
                         count <= 32 ? DECODE_COMPLETE : DECODE_BAD);
        snprintf(text, sizeof text, "<x b='1'%s/><wsa:To>", attributes(" xmlns:a%u='u'", count));
        assert_int_equal(read_changed("D1", "<wsa:To>", text),
                         count <= 31 ? DECODE_COMPLETE : DECODE_BAD);
    }
}

/* Declarations on nested elements add up; on neighbours they do not. */
static void test_declaration_limit(void **state)
{
    char piece[8400];

    (void)state;
    snprintf(piece, sizeof piece, "<x%s>", attributes(" xmlns:a%u='u'", 21));
    /* The envelope has four. */
    assert_int_equal(
        with_pieces("<wsa:To>", piece, 12, "</x></x></x></x></x></x></x></x></x></x></x></x>"),
        DECODE_COMPLETE);
    assert_int_equal(with_pieces("<wsa:To>", piece, 12,
                                 "<x xmlns:b=''/></x></x></x></x></x></x></x></x></x></x></x></x>"),
                     DECODE_BAD);
    assert_int_equal(
        with_pieces("<wsa:To>", piece, 12,
                    "<x xmlns:b='u'/></x></x></x></x></x></x></x></x></x></x></x></x>"),
        DECODE_BAD);
    snprintf(piece, sizeof piece, "<x%s/>", attributes(" xmlns:a%u='u'", 32));
    assert_int_equal(with_pieces("<wsa:To>", piece, 40, ""), DECODE_COMPLETE);
}

static void test_name_limit(void **state)
{
    static const struct {
        const char *form;
        const char *what;
    } forms[] = {
        {"<%s/>", "an element"},
        {"<x %s='1'/>", "an attribute"},
        {"<x xmlns:%s='urn:x'/>", "a prefix"},
    };
    char text[1024];

    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        for (size_t length = 255; length < 259; length++) {
            char *name = discovery_repeat("n", length);

            snprintf(text, sizeof text, forms[i].form, name);
            if (with_pieces("<wsa:To>", text, 1, "") !=
                (length <= 256 ? DECODE_COMPLETE : DECODE_BAD))
                fail_msg("%s of %u bytes", forms[i].what, (unsigned)length);
            free(name);
        }
}

static void test_message_id_limit(void **state)
{
    (void)state;
    for (size_t length = 255; length < 259; length++) {
        char *name = discovery_repeat("n", length);
        char *escaped = discovery_repeat("&amp;", length);
        enum decode_result wanted = length <= 256 ? DECODE_COMPLETE : DECODE_BAD;

        assert_int_equal(read_changed("D1", PROBE_MESSAGE_ID, name), wanted);
        assert_int_equal(read_changed("D1", PROBE_MESSAGE_ID, escaped), wanted);
        assert_int_equal(read_changed("D3", PROBE_MESSAGE_ID, name), wanted);
        assert_int_equal(read_changed("D3", ANSWER_MESSAGE_ID, name), wanted);
        assert_int_equal(read_changed("D3", ANSWER_ENDPOINT, name), wanted);
        free(name);
        free(escaped);
    }
}

static void test_size_limit(void **state)
{
    size_t left = DISCOVERY_DATAGRAM_MAX - strlen(discovery_vector(&file, "D1"));

    (void)state;
    assert_int_equal(with_pieces("<wsa:To>", " ", left, ""), DECODE_COMPLETE);
    assert_int_equal(with_pieces("<wsa:To>", " ", left + 1, ""), DECODE_BAD);
    assert_int_equal(with_pieces("<wsa:To>", " ", 60000, ""), DECODE_BAD);
    /* Text that is kept. */
    assert_int_equal(with_pieces("</wsd:Scopes>", " ", left, ""), DECODE_COMPLETE);
    assert_int_equal(with_pieces("</wsd:Scopes>", " " ID_A, left / 65, ""), DECODE_COMPLETE);
    assert_int_equal(probe.count, 1 + left / 65);
    assert_int_equal(with_pieces("</wsd:Scopes>", " " ID_A, 900, ""), DECODE_BAD);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_probes_refused),    cmocka_unit_test(test_matches_refused),
    cmocka_unit_test(test_documents_refused), cmocka_unit_test(test_foreign_bytes),
    cmocka_unit_test(test_depth_limit),       cmocka_unit_test(test_element_limit),
    cmocka_unit_test(test_attribute_limit),   cmocka_unit_test(test_declaration_limit),
    cmocka_unit_test(test_name_limit),        cmocka_unit_test(test_message_id_limit),
    cmocka_unit_test(test_size_limit),
};

PD_UNIT_MAIN_WITH(tests, set_up, tear_down)

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading Probe and ProbeMatches in other spellings than ours. */
#include "core/discovery.h"

#include "support/unit_main.h"
#include "unit/core/discovery_reading.h"

#include <stdlib.h>
#include <string.h>

#define LOWER_A "c3776cb3a4c9a8cf3374c2202df7f7804a98827c08b6f54bbaeb36cd8f59da9b"

static void check_v1_match(const char *endpoint)
{
    assert_int_equal(matches.version, 1);
    assert_string_equal(matches.message_id, ANSWER_MESSAGE_ID);
    assert_string_equal(matches.relates_to, PROBE_MESSAGE_ID);
    assert_string_equal(matches.endpoint, endpoint);
    assert_int_equal(matches.address_count, 1);
}

/* Other spellings of D1 that mean the same. */
static void test_probe_spellings(void **state)
{
    static const char *const changes[][2] = {
        {"<?xml", "\xef\xbb\xbf<?xml"},
        {"<?xml version=\"1.0\" encoding=\"utf-8\"?>", ""},
        {"utf-8", "UTF-8"},
        {"<?xml version=\"1.0\" encoding=\"utf-8\"?>", "<?xml version='1.0'?>\n<!-- x -->\n"},
        {">", ">\r\n\t "},
        {"<", "\n  <"}, /* the declaration must come first: see below */
        {"PeerDist:PeerDistData<", "  PeerDist:PeerDistData\n <"},
        {"PeerDist:PeerDistData<", "wsd:Other PeerDist:PeerDistData<"},
        {"<wsd:Types>", "<wsd:Types xmlns:p='"
                        "http://schemas.microsoft.com/p2p/2007/09/"
                        "PeerDistributionDiscovery'>p:PeerDistData "},
        {"<wsa:To>", "<x:Unknown xmlns:x='urn:x' x:a='1'>text<x:b/></x:Unknown><wsa:To>"},
        {"<wsa:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</wsa:To>", ""},
        {"<wsa:MessageID>", "<wsa:ReplyTo><wsa:Address>http://victim/</wsa:Address></wsa:ReplyTo>"
                            "<wsa:MessageID soap:mustUnderstand='1'>"},
        {"<wsd:Probe>", "<wsd:Probe><wsd:Unknown/>"},
        {"<wsd:Types>", "<wsd:Unknown><wsd:Scopes>none</wsd:Scopes></wsd:Unknown><wsd:Types>"},
        {"C3776CB3", "<![CDATA[C3776CB3]]>"},
        {"C3776CB3", "C3776<!-- cut -->CB3"},
        {"C3776CB3", "C377&#54;CB&#x33;"},
        {"/strcmp0\"", "/strcmp0 \""},
        {"</soap:Envelope>", "</soap:Envelope>\n<!-- end -->\n"},
        {"</soap:Body>", "<wsd:Probe/></soap:Body><soap:Body/>"},
        {"</soap:Header>", "<wsa:Action>other</wsa:Action></soap:Header><soap:Header/>"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        char *text = discovery_replace(discovery_vector(&file, "D1"), changes[i][0], changes[i][1]);
        const char *start = *text == '\n' ? text + 3 : text;

        if (read_probe(start) != DECODE_COMPLETE)
            fail_msg("refused: %s", changes[i][1]);
        assert_int_equal(probe.version, 1);
        assert_string_equal(probe.message_id, PROBE_MESSAGE_ID);
        assert_int_equal(probe.count, 1);
        assert_string_equal(probe.ids[0].text, ID_A);
        free(text);
    }
}

/* Prefixes are free. */
static void test_prefix_names(void **state)
{
    static const char *const names[][4] = {
        {"soap:", "s:", "xmlns:soap=", "xmlns:s="},
        {"wsa:", "soap:", "xmlns:wsa=", "xmlns:soap="},
        {"wsd:", "Scopes:", "xmlns:wsd=", "xmlns:Scopes="},
        {"PeerDist:", "wsd:", "xmlns:PeerDist=", "xmlns:wsd="},
    };
    char *text = discovery_replace(discovery_vector(&file, "D3"), "><", "> <");

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *uses = discovery_replace(text, names[i][0], names[i][1]);

        free(text);
        text = discovery_replace(uses, names[i][2], names[i][3]);
        free(uses);
        assert_int_equal(read_matches(text), DECODE_COMPLETE);
        check_v1_match(ANSWER_ENDPOINT);
        assert_int_equal(matches.blocks[0], 42);
    }
    free(text);
}

static void test_types_resolve(void **state)
{
    static const char declaration[] =
        " xmlns:PeerDist=\"http://schemas.microsoft.com/p2p/2007/09/PeerDistributionDiscovery\"";
    char *bare = discovery_replace(discovery_vector(&file, "D1"), declaration, "");
    char *text;

    (void)state;
    assert_int_equal(read_probe(bare), DECODE_BAD); /* no such prefix */
    /* Declared on Types; as the default namespace; nowhere but on a sibling. */
    text = discovery_replace(bare, "<wsd:Types>",
                             "<wsd:Types xmlns:PeerDist='http://schemas.microsoft.com/p2p/2007/09/"
                             "PeerDistributionDiscovery'>");
    assert_int_equal(read_probe(text), DECODE_COMPLETE);
    free(text);
    text = discovery_replace(bare, "<wsd:Types>PeerDist:",
                             "<wsd:Types xmlns='http://schemas.microsoft.com/p2p/2007/09/"
                             "PeerDistributionDiscovery'>");
    assert_int_equal(read_probe(text), DECODE_COMPLETE);
    free(text);
    text = discovery_replace(bare, "<wsd:Types>",
                             "<wsd:X xmlns:PeerDist='http://schemas.microsoft.com/p2p/2007/09/"
                             "PeerDistributionDiscovery'/><wsd:Types>");
    assert_int_equal(read_probe(text), DECODE_BAD);
    free(text);
    free(bare);
    /* The innermost declaration counts. */
    assert_int_equal(probe_with("D1", "<wsd:Types>", "<wsd:Types xmlns:PeerDist='urn:x'>"),
                     DECODE_BAD);
    assert_int_equal(probe_with("D1", "<wsd:Types>PeerDist:", "<wsd:Types xmlns='urn:x'>"),
                     DECODE_BAD);
}

/* Both types: the scope decides. */
static void test_both_types(void **state)
{
    (void)state;
    assert_int_equal(probe_with("D1", "PeerDist:PeerDistData<",
                                "PeerDist:PeerDistData PeerDist:PeerDistDataV2<"),
                     DECODE_COMPLETE);
    assert_int_equal(probe.version, 1);
    assert_int_equal(probe_with("D5", "PeerDist:PeerDistDataV2<",
                                "PeerDist:PeerDistData PeerDist:PeerDistDataV2<"),
                     DECODE_COMPLETE);
    assert_int_equal(probe.version, 2);
    assert_int_equal(matches_with("D3", "PeerDist:PeerDistData<",
                                  "PeerDist:PeerDistData PeerDist:PeerDistDataV2<"),
                     DECODE_COMPLETE);
    assert_int_equal(matches.version, 1);
    assert_int_equal(matches_with("D6", "PeerDist:PeerDistDataV2<",
                                  "PeerDist:PeerDistData PeerDist:PeerDistDataV2<"),
                     DECODE_COMPLETE);
    assert_int_equal(matches.version, 2);
}

static void test_lengths_and_spelling_of_ids(void **state)
{
    static char digits[2 * 64 + 1];

    (void)state;
    assert_int_equal(probe_with("D1", ID_A, LOWER_A), DECODE_COMPLETE);
    check_id(&probe.ids[0], ID_A);
    assert_string_equal(probe.ids[0].text, LOWER_A);
    for (size_t length = 1; length <= 64; length++) {
        bool valid = length == 32 || length == 48 || length == 64;

        memset(digits, 'F', 2 * length);
        digits[2 * length] = '\0';
        assert_int_equal(probe_with("D1", ID_A, digits), valid ? DECODE_COMPLETE : DECODE_BAD);
        assert_int_equal(matches_with("D3", ID_A, digits), valid ? DECODE_COMPLETE : DECODE_BAD);
        if (valid)
            assert_int_equal(matches.ids[0].length, length);
    }
}

static void test_matches_spellings(void **state)
{
    static const char *const changes[][2] = {
        {"<?xml", "\xef\xbb\xbf<?xml"},
        {">", ">\n  "},
        {"<wsd:XAddrs>", "<wsd:XAddrs>host:80 http://0.0.0.0:80/x HTTP://"},
        {"192.168.7.21:80", "\n192.168.7.21\n"},
        {"<wsd:MetadataVersion>2</wsd:MetadataVersion>", ""},
        {"<wsd:AppSequence InstanceId=\"1700000000\" MessageNumber=\"7\"></wsd:AppSequence>", ""},
        {"InstanceId=\"1700000000\"", "InstanceId=\"x\""},
        {"</wsd:ProbeMatch>", "</wsd:ProbeMatch><wsd:ProbeMatch><wsd:Scopes>x</wsd:Scopes>"
                              "</wsd:ProbeMatch>"},
        {"<wsd:Scopes>", "<wsd:Scopes MatchBy='anything'>"},
        {"</PeerDist:PeerDistData>", "<PeerDist:Other/></PeerDist:PeerDistData>"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        if (matches_with("D3", changes[i][0], changes[i][1]) != DECODE_COMPLETE)
            fail_msg("refused: %s", changes[i][1]);
        check_v1_match(ANSWER_ENDPOINT);
        assert_int_equal(matches.addresses[0].port, 80);
        assert_int_equal(matches.addresses[0].bytes[3], 21);
        assert_int_equal(matches.count, 1);
        assert_int_equal(matches.blocks[0], 42);
    }
    /* The wrapper of the preview. */
    assert_int_equal(matches_with("D6", "PeerDistData>", "PeerDistDataV2>"), DECODE_COMPLETE);
    assert_int_equal(matches.age_hundredths[0], 60000);
    /* No endpoint. */
    assert_int_equal(matches_with("D3", "<wsa:Address>" ANSWER_ENDPOINT "</wsa:Address>", ""),
                     DECODE_COMPLETE);
    check_v1_match("");
    assert_int_equal(matches_with("D3", ANSWER_ENDPOINT, " "), DECODE_COMPLETE);
    check_v1_match("");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_probe_spellings),
    cmocka_unit_test(test_prefix_names),
    cmocka_unit_test(test_types_resolve),
    cmocka_unit_test(test_both_types),
    cmocka_unit_test(test_lengths_and_spelling_of_ids),
    cmocka_unit_test(test_matches_spellings),
};

PD_UNIT_MAIN_WITH(tests, set_up, tear_down)

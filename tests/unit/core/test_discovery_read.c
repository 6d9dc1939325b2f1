/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading Probe and ProbeMatches: the worked examples, other spellings of them, what the values
 * mean, and every beginning of a message. */
#include "core/discovery.h"

#include "support/unit_main.h"
#include "unit/core/discovery_vectors.h"

#include <stdlib.h>
#include <string.h>

#define PUBLISHED_ID_1 "29011A0100000000301D1A0100000000410041004400790067004D004D003100"
#define PUBLISHED_ID_2 "23BE1A0100000000301D1A0100000000410041004400790067004D004D003100"
#define LOWER_A        "c3776cb3a4c9a8cf3374c2202df7f7804a98827c08b6f54bbaeb36cd8f59da9b"

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

static enum decode_result read_probe(const char *text)
{
    memset(&probe, 0xa5, sizeof probe);
    return discovery_probe_of(text, strlen(text), &probe);
}

static enum decode_result read_matches(const char *text)
{
    memset(&matches, 0xa5, sizeof matches);
    return discovery_matches_of(text, strlen(text), &matches);
}

/* Reads a vector in which one thing is replaced. */
static enum decode_result probe_with(const char *name, const char *what, const char *with)
{
    char *text = discovery_replace(discovery_vector(&file, name), what, with);
    enum decode_result result = read_probe(text);

    free(text);
    return result;
}

static enum decode_result matches_with(const char *name, const char *what, const char *with)
{
    char *text = discovery_replace(discovery_vector(&file, name), what, with);
    enum decode_result result = read_matches(text);

    free(text);
    return result;
}

static void check_id(const struct discovery_id *id, const char *digits)
{
    struct discovery_id wanted;

    discovery_id_set(&wanted, digits);
    assert_int_equal(id->length, wanted.length);
    assert_memory_equal(id->bytes, wanted.bytes, wanted.length);
}

static void test_probes(void **state)
{
    (void)state;
    assert_int_equal(read_probe(discovery_vector(&file, "D1")), DECODE_COMPLETE);
    assert_int_equal(probe.version, 1);
    assert_string_equal(probe.message_id, PROBE_MESSAGE_ID);
    assert_int_equal(probe.count, 1);
    check_id(&probe.ids[0], ID_A);
    assert_string_equal(probe.ids[0].text, ID_A);

    for (unsigned version = 1; version <= 2; version++) {
        assert_int_equal(read_probe(discovery_vector(&file, version == 1 ? "D2" : "D5")),
                         DECODE_COMPLETE);
        assert_int_equal(probe.version, version);
        assert_string_equal(probe.message_id, PROBE_MESSAGE_ID);
        assert_int_equal(probe.count, 3);
        check_id(&probe.ids[0], ID_A);
        check_id(&probe.ids[1], ID_B);
        check_id(&probe.ids[2], ID_C);
        assert_string_equal(probe.ids[2].text, version == 1 ? ID_C : "");
    }
}

static void test_published_scopes(void **state)
{
    static const char scope_of_d5[] =
        "ACADw3dss6TJqM8zdMIgLff3gEqYgnwItvVLuus2zY9Z2pszcbvq3bYjU63O+XCgb99lAB4EIfTHEIJ2sMN6n57BD9"
        "fpJEJej0+I8B3Gqbsbw3vhE+x5F8dF1JZcK1X6Fjpu";

    (void)state;
    assert_int_equal(
        probe_with("D5", scope_of_d5, "ACABKQEaAQAAAAAwHRoBAAAAAEEAQQBEAHkAZwBNAE0AMQA="),
        DECODE_COMPLETE);
    assert_int_equal(probe.count, 1);
    check_id(&probe.ids[0], PUBLISHED_ID_1);
    assert_int_equal(probe_with("D5", scope_of_d5,
                                "\n  ACACI74aAQAAAAAwHRoBAAAAAEEAQQBEAHkAZwBNAE0AMQAjvhoBAAAAADAd\n"
                                "  GgEAAAAAQQBBAEQAeQBnAE0ATQAxAA==\n"),
                     DECODE_COMPLETE);
    assert_int_equal(probe.count, 2);
    check_id(&probe.ids[0], PUBLISHED_ID_2);
    check_id(&probe.ids[1], PUBLISHED_ID_2);
}

static void check_v1_match(const char *endpoint)
{
    assert_int_equal(matches.version, 1);
    assert_string_equal(matches.message_id, ANSWER_MESSAGE_ID);
    assert_string_equal(matches.relates_to, PROBE_MESSAGE_ID);
    assert_string_equal(matches.endpoint, endpoint);
    assert_int_equal(matches.address_count, 1);
}

static void test_matches_v1(void **state)
{
    static const uint8_t ipv4[] = {192, 168, 7, 21};
    static const uint8_t ipv6[] = {0xfe, 0x80, 0,    0,    0,    0,    0,    0,
                                   0x1c, 0x2d, 0x3e, 0xff, 0xfe, 0x4f, 0x50, 0x61};

    (void)state;
    assert_int_equal(read_matches(discovery_vector(&file, "D3")), DECODE_COMPLETE);
    check_v1_match(ANSWER_ENDPOINT);
    assert_false(matches.addresses[0].ipv6);
    assert_memory_equal(matches.addresses[0].bytes, ipv4, 4);
    assert_int_equal(matches.addresses[0].port, 80);
    assert_int_equal(matches.count, 1);
    check_id(&matches.ids[0], ID_A);
    assert_int_equal(matches.blocks[0], 42);
    assert_false(discovery_bits_fit(&matches, 1));

    assert_int_equal(read_matches(discovery_vector(&file, "D4")), DECODE_COMPLETE);
    check_v1_match(ANSWER_ENDPOINT);
    assert_true(matches.addresses[0].ipv6);
    assert_memory_equal(matches.addresses[0].bytes, ipv6, 16);
    assert_int_equal(matches.count, 2);
    check_id(&matches.ids[0], ID_A);
    check_id(&matches.ids[1], ID_C);
    assert_int_equal(matches.blocks[0], 25);
    assert_int_equal(matches.blocks[1], 512);
}

static void test_block_counts(void **state)
{
    (void)state;
    /* Three IDs: eight digits each, and the four of the prose. */
    char *three = discovery_replace(discovery_vector(&file, "D4"), ID_C, ID_B " " ID_C);
    char *eight = discovery_replace(three, "0000001900000200", "000000190000000400000010");
    char *four = discovery_replace(three, "0000001900000200", "001900040010");

    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(read_matches(i == 0 ? eight : four), DECODE_COMPLETE);
        assert_int_equal(matches.count, 3);
        assert_int_equal(matches.blocks[0], 25);
        assert_int_equal(matches.blocks[1], 4);
        assert_int_equal(matches.blocks[2], 16);
    }
    free(three);
    free(eight);
    free(four);

    assert_int_equal(matches_with("D3", "0000002A", "ffffFFFF"), DECODE_COMPLETE);
    assert_int_equal(matches.blocks[0], UINT32_MAX);
    assert_int_equal(matches_with("D3", "0000002A", "002a"), DECODE_COMPLETE);
    assert_int_equal(matches.blocks[0], 42);
    /* IDs without blocks are dropped. */
    assert_int_equal(matches_with("D4", "0000001900000200", "0000000000000200"), DECODE_COMPLETE);
    assert_int_equal(matches.count, 1);
    check_id(&matches.ids[0], ID_C);
    assert_int_equal(matches.blocks[0], 512);
}

static void test_matches_v2(void **state)
{
    bool complete;

    (void)state;
    assert_int_equal(read_matches(discovery_vector(&file, "D6")), DECODE_COMPLETE);
    assert_int_equal(matches.version, 2);
    assert_string_equal(matches.relates_to, PROBE_MESSAGE_ID);
    assert_int_equal(matches.bit_bytes, 1);
    assert_true(discovery_bits_fit(&matches, 3));
    assert_true(discovery_bits_fit(&matches, 4));
    assert_false(discovery_bits_fit(&matches, 5));
    assert_false(discovery_bits_fit(&matches, 0));
    assert_false(discovery_bits_fit(&matches, SIZE_MAX));

    assert_true(discovery_availability(&matches, 3, 0, &complete));
    assert_true(complete);
    assert_false(discovery_availability(&matches, 3, 1, &complete));
    assert_false(complete);
    assert_true(discovery_availability(&matches, 3, 2, &complete));
    assert_false(complete);
    assert_false(discovery_availability(&matches, 3, 3, &complete));
    assert_false(discovery_availability(&matches, 5, 4, &complete));

    for (size_t i = 0; i <= DISCOVERY_IDS_MAX_V2; i++)
        assert_int_equal(matches.has_age[i], i == 0 || i == 2);
    assert_int_equal(matches.age_hundredths[0], 60000);
    assert_int_equal(matches.age_hundredths[2], 1000);
}

static void test_availability(void **state)
{
    bool complete;

    (void)state;
    /* Five asked for, the last is there. */
    assert_int_equal(matches_with("D6", "yA==", "AMA="), DECODE_COMPLETE);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(discovery_availability(&matches, 5, i, &complete), i == 4);
        assert_int_equal(complete, i == 4);
    }
    /* Published: forty complete ones. */
    assert_int_equal(matches_with("D6", "yA==", "/////////////w=="), DECODE_COMPLETE);
    assert_int_equal(matches.bit_bytes, 10);
    assert_true(discovery_bits_fit(&matches, 40));
    assert_false(discovery_bits_fit(&matches, 41));
    for (size_t i = 0; i < 40; i++)
        assert_true(discovery_availability(&matches, 40, i, &complete) && complete);
    /* 01 is read as 00: 0x60 is 01 10 00 00. */
    assert_int_equal(matches_with("D6", "yA==", "YA=="), DECODE_COMPLETE);
    assert_false(discovery_availability(&matches, 4, 0, &complete));
    assert_false(complete);
    assert_true(discovery_availability(&matches, 4, 1, &complete));
    /* More bits than any Probe asks for. */
    char *many = discovery_repeat("////", 100);
    assert_int_equal(matches_with("D6", "yA==", many), DECODE_COMPLETE);
    assert_int_equal(matches.bit_bytes, 64);
    free(many);
}

/* One asked for: any pair of the first byte, in whatever order they are. */
static void test_availability_of_one(void **state)
{
    static const struct {
        const char *scope;
        bool complete;
    } scopes[] = {{"wA==", true},  {"gA==", false}, {"Aw==", true}, {"Ag==", false},
                  {"CA==", false}, {"DA==", true},  {"gP8=", false}};
    bool complete;

    (void)state;
    for (size_t i = 0; i < sizeof scopes / sizeof scopes[0]; i++) {
        assert_int_equal(matches_with("D6", "yA==", scopes[i].scope), DECODE_COMPLETE);
        assert_true(discovery_availability(&matches, 1, 0, &complete));
        assert_int_equal(complete, scopes[i].complete);
        assert_false(discovery_availability(&matches, 1, 1, &complete));
    }
    assert_int_equal(matches_with("D6", "yA==", "AMA="), DECODE_COMPLETE);
    assert_false(discovery_availability(&matches, 1, 0, &complete));
}

static void test_ages(void **state)
{
    static const struct {
        const char *blob;
        bool valid;
        uint32_t first;
    } blobs[] = {
        {"AAEDAgBg6gACYOoA", true, 60000},      /* published */
        {"AAEBAgBg6gACYOoA", true, 6000000},    /* seconds */
        {"AAECAgBg6gACYOoA", true, 600000},     /* tenths */
        {"AAEEAgBg6gACYOoA", true, 6000},       /* milliseconds */
        {"AAEBAgD///8CYOoA", true, 1677721500}, /* the greatest there is */
        {"AAEDAgBg6gACYOoA/w==", true, 60000},  /* bytes behind */
        {"AAEDAA==", false, 0},                 /* none */
        {"AAEDAwBg6gACYOoA", false, 0},         /* fewer than it says */
        {"AAEAAgBg6gACYOoA", false, 0},         /* units 0 */
        {"AAEFAgBg6gACYOoA", false, 0},         /* units 5 */
        {"AAIDAgBg6gACYOoA", false, 0},         /* version 2 */
        {"AQEDAgBg6gACYOoA", false, 0},         /* version 257 */
        {"AAED", false, 0},                     /* short header */
        {"", false, 0},
        {"!!!!", false, 0},
        {"AAEDAgBg6gACYOo", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof blobs / sizeof blobs[0]; i++) {
        assert_int_equal(matches_with("D6", "AAEDAgBg6gAC6AMA", blobs[i].blob), DECODE_COMPLETE);
        assert_int_equal(matches.bit_bytes, 1);
        for (size_t k = 0; k <= DISCOVERY_IDS_MAX_V2; k++)
            assert_int_equal(matches.has_age[k], blobs[i].valid && (k == 0 || k == 2));
        if (blobs[i].valid)
            assert_int_equal(matches.age_hundredths[0], blobs[i].first);
    }
    assert_int_equal(
        matches_with("D6", "<PeerDist:SegmentAges>AAEDAgBg6gAC6AMA</PeerDist:SegmentAges>", ""),
        DECODE_COMPLETE);
    assert_false(matches.has_age[0]);
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

/* No beginning of a message is one, and none of the other kind. */
static void test_prefixes(void **state)
{
    static const char *const names[] = {"D1", "D2", "D3", "D4", "D5", "D6"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *text = discovery_vector(&file, names[i]);
        size_t length = strlen(text);

        for (size_t cut = 0; cut < length; cut++) {
            assert_int_equal(discovery_probe_of(text, cut, &probe), DECODE_PARTIAL);
            assert_int_equal(discovery_matches_of(text, cut, &matches), DECODE_PARTIAL);
        }
        if (strstr(text, "ProbeMatches") != NULL)
            assert_int_equal(discovery_probe_of(text, length, &probe), DECODE_BAD);
        else
            assert_int_equal(discovery_matches_of(text, length, &matches), DECODE_BAD);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_probes),
    cmocka_unit_test(test_published_scopes),
    cmocka_unit_test(test_matches_v1),
    cmocka_unit_test(test_block_counts),
    cmocka_unit_test(test_matches_v2),
    cmocka_unit_test(test_availability),
    cmocka_unit_test(test_availability_of_one),
    cmocka_unit_test(test_ages),
    cmocka_unit_test(test_probe_spellings),
    cmocka_unit_test(test_prefix_names),
    cmocka_unit_test(test_types_resolve),
    cmocka_unit_test(test_both_types),
    cmocka_unit_test(test_lengths_and_spelling_of_ids),
    cmocka_unit_test(test_matches_spellings),
    cmocka_unit_test(test_prefixes),
};

PD_UNIT_MAIN_WITH(tests, set_up, tear_down)

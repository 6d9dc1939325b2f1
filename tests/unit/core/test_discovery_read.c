/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading Probe and ProbeMatches: the worked examples, what the values mean, and every beginning of
 * a message. */
#include "core/discovery.h"

#include "support/unit_main.h"
#include "unit/core/discovery_reading.h"

#include <stdlib.h>
#include <string.h>

#define PUBLISHED_ID_1 "29011A0100000000301D1A0100000000410041004400790067004D004D003100"
#define PUBLISHED_ID_2 "23BE1A0100000000301D1A0100000000410041004400790067004D004D003100"

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
    cmocka_unit_test(test_prefixes),
};

PD_UNIT_MAIN_WITH(tests, set_up, tear_down)

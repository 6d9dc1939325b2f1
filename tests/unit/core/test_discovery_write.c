/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing Probe and ProbeMatches: the worked examples to the byte, sizes, and bounds. */
#include "core/discovery.h"

#include "support/unit_main.h"
#include "unit/core/discovery_vectors.h"

#include <stdlib.h>
#include <string.h>

static struct vector_file file;
static struct discovery_probe probe;
static struct discovery_id ids[DISCOVERY_IDS_MAX + 1];
static struct discovery_held held[DISCOVERY_IDS_MAX];
static struct discovery_sender sender;
static char out[DISCOVERY_DATAGRAM_MAX + 1];

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

static int reset(void **state)
{
    (void)state;
    memset(held, 0, sizeof held);
    discovery_id_set(&ids[0], ID_A);
    discovery_id_set(&ids[1], ID_B);
    discovery_id_set(&ids[2], ID_C);
    sender = (struct discovery_sender){ANSWER_MESSAGE_ID, ANSWER_ENDPOINT, 1700000000, 7,
                                       "192.168.7.21:80"};
    return 0;
}

static void read_probe(const char *text)
{
    assert_int_equal(discovery_read_probe(text, strlen(text), &probe), DECODE_COMPLETE);
}

static size_t write_probe(size_t room, unsigned version, size_t count)
{
    return discovery_write_probe(out, room, version, PROBE_MESSAGE_ID, ids, count);
}

static size_t write_matches(size_t room)
{
    return discovery_write_matches(out, room, &probe, held, &sender);
}

/* What was written is the vector; with exactly its room, and not with less. */
static void check_probe(const char *name, unsigned version, size_t count)
{
    const char *wanted = discovery_vector(&file, name);
    size_t length = strlen(wanted);

    assert_int_equal(write_probe(sizeof out, version, count), length);
    assert_memory_equal(out, wanted, length);
    memset(out, 0x5a, sizeof out);
    assert_int_equal(write_probe(length, version, count), length);
    assert_memory_equal(out, wanted, length);
    assert_int_equal(out[length], 0x5a);
    for (size_t room = 0; room < length; room++) {
        memset(out, 0x5a, sizeof out);
        assert_int_equal(write_probe(room, version, count), 0);
        assert_int_equal(out[room], 0x5a);
    }
}

static void check_matches(const char *name, const char *to)
{
    const char *wanted = discovery_vector(&file, name);
    size_t length = strlen(wanted);

    read_probe(discovery_vector(&file, to));
    assert_int_equal(write_matches(sizeof out), length);
    assert_memory_equal(out, wanted, length);
    memset(out, 0x5a, sizeof out);
    assert_int_equal(write_matches(length), length);
    assert_memory_equal(out, wanted, length);
    assert_int_equal(out[length], 0x5a);
    for (size_t room = 0; room < length; room++) {
        memset(out, 0x5a, sizeof out);
        assert_int_equal(write_matches(room), 0);
        assert_int_equal(out[room], 0x5a);
    }
}

static void test_probes(void **state)
{
    (void)state;
    check_probe("D1", 1, 1);
    check_probe("D2", 1, 3);
    check_probe("D5", 2, 3);
}

static void test_matches(void **state)
{
    (void)state;
    held[0] = (struct discovery_held){42, false, 0};
    check_matches("D3", "D1");

    held[0].blocks = 25;
    held[2] = (struct discovery_held){512, true, 0};
    sender.address = "[fe80::1c2d:3eff:fe4f:5061]:80";
    check_matches("D4", "D2");

    held[0] = (struct discovery_held){1, true, 60000};
    held[2] = (struct discovery_held){1, false, 1000};
    sender.address = "192.168.7.21:80";
    check_matches("D6", "D5");
}

/* The table of sizes that planning packets relies on. */
static void test_sizes(void **state)
{
    static const struct {
        size_t count, probe_v1, probe_v2, matches_v1, matches_v2;
    } sizes[] = {
        {1, 814, 808, 1281, 1229},        {2, 879, 852, 1354, 1233},
        {10, 1399, 1192, 1938, 1277},     {11, 1464, 1236, 2011, 1281},
        {16, 1789, 1448, 2376, 1313},     {128, 9069, 6228, 10552, 1945},
        {255, 17324, 11644, 19823, 2669},
    };

    (void)state;
    sender.address = "192.168.100.200:65535";
    for (size_t i = 0; i < DISCOVERY_IDS_MAX; i++) {
        discovery_id_set(&ids[i], ID_A);
        ids[i].bytes[0] = (uint8_t)(i >> 8);
        ids[i].bytes[1] = (uint8_t)i;
        held[i] = (struct discovery_held){1, false, 0};
    }
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        assert_int_equal(write_probe(sizeof out, 1, sizes[i].count), sizes[i].probe_v1);
        assert_int_equal(discovery_read_probe(out, sizes[i].probe_v1, &probe), DECODE_COMPLETE);
        assert_int_equal(write_matches(sizeof out), sizes[i].matches_v1);
        assert_int_equal(write_probe(sizeof out, 2, sizes[i].count), sizes[i].probe_v2);
        assert_int_equal(discovery_read_probe(out, sizes[i].probe_v2, &probe), DECODE_COMPLETE);
        assert_int_equal(write_matches(sizeof out), sizes[i].matches_v2);
    }
    assert_int_equal(write_probe(sizeof out, 1, 492), 32729);
    assert_int_equal(write_probe(sizeof out, 1, 493), 0); /* no datagram is longer */
}

/* A full Probe holds more IDs than an answer has room for. */
static void test_lists_what_fits(void **state)
{
    size_t length;
    static struct discovery_matches matches;

    (void)state;
    sender.address = "192.168.100.200:65535";
    for (size_t i = 0; i < 492; i++) {
        discovery_id_set(&ids[i], ID_A);
        ids[i].bytes[0] = (uint8_t)(i >> 8);
        ids[i].bytes[1] = (uint8_t)i;
        held[i] = (struct discovery_held){1, false, 0};
    }
    length = write_probe(sizeof out, 1, 492);
    assert_int_equal(discovery_read_probe(out, length, &probe), DECODE_COMPLETE);
    assert_int_equal(probe.count, 492);
    length = write_matches(sizeof out);
    assert_int_equal(length, 1281 + 431 * 73);
    assert_int_equal(discovery_read_matches(out, length, &matches), DECODE_COMPLETE);
    assert_int_equal(matches.count, 432);
    assert_int_equal(write_matches(length - 1), 0);
}

/* Each once, however spelled, in the spelling that came first. */
static void test_repeated_ids(void **state)
{
    char *repeated;
    char *lower;
    static struct discovery_matches matches;
    size_t length;

    (void)state;
    repeated = discovery_replace(discovery_vector(&file, "D2"), ID_B, ID_A);
    lower = discovery_replace(repeated, ID_A " " ID_A,
                              "c3776cb3a4c9a8cf3374c2202df7f7804a98827c08b6f54bbaeb36cd8f59da9b "
                              "" ID_A);
    read_probe(lower);
    assert_int_equal(probe.count, 3);
    held[0].blocks = held[1].blocks = 42;
    held[2].blocks = 1;
    length = write_matches(sizeof out - 1);
    out[length] = '\0';
    assert_non_null(
        strstr(out, "<wsd:Scopes>c3776cb3a4c9a8cf3374c2202df7f7804a98827c08b6f54bbaeb36cd8f59da9b "
                    "" ID_C "</wsd:Scopes>"));
    assert_non_null(strstr(out, "<PeerDist:BlockCount>0000002A00000001</PeerDist:BlockCount>"));
    assert_int_equal(discovery_read_matches(out, length, &matches), DECODE_COMPLETE);
    assert_int_equal(matches.count, 2);
    free(repeated);
    free(lower);
}

static void test_echo_is_escaped(void **state)
{
    char *text = discovery_replace(discovery_vector(&file, "D1"), PROBE_MESSAGE_ID,
                                   "a&amp;b&lt;/wsa:RelatesTo&gt;&quot;&apos;\xc3\xa9");
    static struct discovery_matches matches;
    size_t length;

    (void)state;
    read_probe(text);
    assert_string_equal(probe.message_id, "a&b</wsa:RelatesTo>\"'\xc3\xa9");
    held[0].blocks = 1;
    length = write_matches(sizeof out - 1);
    out[length] = '\0';
    assert_non_null(strstr(out, "<wsa:RelatesTo>a&amp;b&lt;/wsa:RelatesTo&gt;\"'\xc3\xa9</wsa:"));
    assert_int_equal(discovery_read_matches(out, length, &matches), DECODE_COMPLETE);
    assert_string_equal(matches.relates_to, probe.message_id);
    free(text);
}

static void test_ages_saturate(void **state)
{
    static struct discovery_matches matches;
    size_t length;

    (void)state;
    read_probe(discovery_vector(&file, "D5"));
    held[1] = (struct discovery_held){1, true, 0xffffff};
    held[2] = (struct discovery_held){1, true, UINT32_MAX};
    length = write_matches(sizeof out);
    assert_int_equal(discovery_read_matches(out, length, &matches), DECODE_COMPLETE);
    assert_false(matches.has_age[0]);
    assert_int_equal(matches.age_hundredths[1], 0xffffff);
    assert_int_equal(matches.age_hundredths[2], 0xffffff);
}

static void test_numbers(void **state)
{
    (void)state;
    read_probe(discovery_vector(&file, "D1"));
    held[0].blocks = UINT32_MAX;
    sender.instance_id = UINT64_MAX;
    sender.message_number = 0;
    out[write_matches(sizeof out - 1)] = '\0';
    assert_non_null(
        strstr(out, " InstanceId=\"18446744073709551615\" MessageNumber=\"0\"></wsd:AppSequence>"));
    assert_non_null(strstr(out, "<PeerDist:BlockCount>FFFFFFFF</PeerDist:BlockCount>"));
}

static void test_nothing_held(void **state)
{
    (void)state;
    read_probe(discovery_vector(&file, "D2"));
    assert_int_equal(write_matches(sizeof out), 0);
    held[0].complete = true; /* of no blocks */
    read_probe(discovery_vector(&file, "D5"));
    assert_int_equal(write_matches(sizeof out), 0);
}

static void test_refused_ids(void **state)
{
    (void)state;
    assert_int_equal(write_probe(sizeof out, 0, 1), 0);
    assert_int_equal(write_probe(sizeof out, 3, 1), 0);
    assert_int_equal(write_probe(sizeof out, 1, 0), 0);
    assert_int_equal(write_probe(sizeof out, 2, 0), 0);
    for (size_t i = 0; i < DISCOVERY_IDS_MAX + 1; i++)
        discovery_id_set(&ids[i], ID_A);
    assert_int_equal(write_probe(sizeof out, 1, DISCOVERY_IDS_MAX + 1), 0);
    assert_int_equal(write_probe(sizeof out, 2, DISCOVERY_IDS_MAX_V2 + 1), 0);
    assert_int_not_equal(write_probe(sizeof out, 2, DISCOVERY_IDS_MAX_V2), 0);

    ids[1].length = 48;
    memset(ids[1].bytes, 0x11, 48);
    assert_int_not_equal(write_probe(sizeof out, 1, 2), 0);
    assert_int_equal(write_probe(sizeof out, 2, 2), 0); /* one size for all */
    ids[1].length = 20;
    assert_int_equal(write_probe(sizeof out, 1, 2), 0);
}

/* What the texts of the sender leave no room for. */
static void test_long_sender(void **state)
{
    char *address = discovery_repeat("a", DISCOVERY_DATAGRAM_MAX);

    (void)state;
    read_probe(discovery_vector(&file, "D1"));
    held[0].blocks = 1;
    sender.address = address;
    assert_int_equal(write_matches(sizeof out), 0);
    address[DISCOVERY_DATAGRAM_MAX - 1275 + 15] = '\0'; /* exactly fits: D3 with this address */
    assert_int_equal(write_matches(sizeof out), DISCOVERY_DATAGRAM_MAX);
    address[DISCOVERY_DATAGRAM_MAX - 1275 + 15] = 'a';
    address[DISCOVERY_DATAGRAM_MAX - 1275 + 16] = '\0';
    assert_int_equal(write_matches(sizeof out), 0);
    free(address);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup(test_probes, reset),
    cmocka_unit_test_setup(test_matches, reset),
    cmocka_unit_test_setup(test_sizes, reset),
    cmocka_unit_test_setup(test_lists_what_fits, reset),
    cmocka_unit_test_setup(test_repeated_ids, reset),
    cmocka_unit_test_setup(test_echo_is_escaped, reset),
    cmocka_unit_test_setup(test_ages_saturate, reset),
    cmocka_unit_test_setup(test_numbers, reset),
    cmocka_unit_test_setup(test_nothing_held, reset),
    cmocka_unit_test_setup(test_refused_ids, reset),
    cmocka_unit_test_setup(test_long_sender, reset),
};

PD_UNIT_MAIN_WITH(tests, set_up, tear_down)

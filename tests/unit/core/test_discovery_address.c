/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* XAddrs: which entries are used, and what they mean. */
#include "core/discovery_values.h"

#include "support/unit_main.h"

#include <string.h>

static struct discovery_address addresses[DISCOVERY_ADDRESSES_MAX];

struct example {
    const char *text;
    const char *bytes; /* 4 or 16 */
    bool ipv6;
    uint16_t port;
};

static void test_accepted(void **state)
{
    static const struct example examples[] = {
        {"192.168.7.21:80", "\xc0\xa8\x07\x15", false, 80},
        {"157.59.141.183:54321", "\x9d\x3b\x8d\xb7", false, 54321},
        {"1.0.0.255", "\x01\0\0\xff", false, 80},
        {"127.0.0.1:1", "\x7f\0\0\x01", false, 1},
        {"223.255.255.255:65535", "\xdf\xff\xff\xff", false, 65535},
        {"http://10.0.0.1:8080/path?query", "\x0a\0\0\x01", false, 8080},
        {"HtTp://10.0.0.1/", "\x0a\0\0\x01", false, 80},
        {" \n10.0.0.1:80\n ", "\x0a\0\0\x01", false, 80},
        {"[fe80::1c2d:3eff:fe4f:5061]:80", "\xfe\x80\0\0\0\0\0\0\x1c\x2d\x3e\xff\xfe\x4f\x50\x61",
         true, 80},
        {"[FE80::1%3]:80", "\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\x01", true, 80},
        {"http://[fe80::1%25eth0]/x", "\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\x01", true, 80},
        {"[::1]:80", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01", true, 80},
        {"[1::]", "\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0", true, 80},
        {"[1:2:3:4:5:6:7:8]:81", "\0\x01\0\x02\0\x03\0\x04\0\x05\0\x06\0\x07\0\x08", true, 81},
        {"[1:2:3:4:5:6:7::]", "\0\x01\0\x02\0\x03\0\x04\0\x05\0\x06\0\x07\0\0", true, 80},
        {"[::2:3:4:5:6:7:8]", "\0\0\0\x02\0\x03\0\x04\0\x05\0\x06\0\x07\0\x08", true, 80},
        {"[1:2::7:8]", "\0\x01\0\x02\0\0\0\0\0\0\0\0\0\x07\0\x08", true, 80},
        {"[1:2:3:4:5:6:1.2.3.4]", "\0\x01\0\x02\0\x03\0\x04\0\x05\0\x06\x01\x02\x03\x04", true, 80},
        {"[64:ff9b::192.168.7.21]:80", "\0\x64\xff\x9b\0\0\0\0\0\0\0\0\xc0\xa8\x07\x15", true, 80},
        {"[::ffff:192.168.7.21]:80", "\xc0\xa8\x07\x15", false, 80},
        {"[0:0:0:0:0:ffff:c0a8:715]:80", "\xc0\xa8\x07\x15", false, 80},
    };

    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        const struct example *example = &examples[i];

        memset(addresses, 0xa5, sizeof addresses);
        if (discovery_take_addresses(example->text, addresses) != 1)
            fail_msg("refused: %s", example->text);
        assert_int_equal(addresses[0].ipv6, example->ipv6);
        assert_int_equal(addresses[0].port, example->port);
        assert_memory_equal(addresses[0].bytes, example->bytes, example->ipv6 ? 16 : 4);
    }
}

static void test_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "host:80",
        "http://host.example/",
        "https://10.0.0.1:80",
        "10.0.0.1:0",
        "10.0.0.1:65536",
        "10.0.0.1:99999999999999999999",
        "10.0.0.1:",
        "10.0.0.1:080",
        "10.0.0.1:+80",
        "10.0.0.1:80x",
        "10.0.0.1:80:80",
        "10.0.0.1x",
        "10.0.0",
        "10.0.0.",
        "10.0.0.1.2",
        "10.0.0.256",
        "10.0.0.01",
        "10.0.0.0x1",
        "167772161",
        "0.0.0.0:80",
        "0.1.2.3:80",
        "224.0.0.1:80",
        "239.255.255.250:80",
        "240.0.0.1:80",
        "255.255.255.255:80",
        "fe80::1",
        "[fe80::1",
        "[fe80::1]x",
        "[fe80::1]:0",
        "[fe80::1%]:80",
        "[fe80::1%a",
        "[fe80::1%a b]:80",
        "[]",
        "[:]",
        "[::]:80",
        "[0:0:0:0:0:0:0:0]:80",
        "[ff02::c]:80",
        "[FFFF::1]:80",
        "[:::]",
        "[:1]",
        "[1:]",
        "[1::2:]",
        "[1:::2]",
        "[1::2::3]",
        "[12345::]",
        "[g::]",
        "[1:2:3:4:5:6:7]",
        "[1:2:3:4:5:6:7:8:]",
        "[1:2:3:4:5:6:7:8:9]",
        "[1:2:3:4:5:6:7:8::]",
        "[::1:2:3:4:5:6:7:8]",
        "[1:2:3:4::5:6:7:8]",
        "[1:2:3:4:5:6:7:1.2.3.4]",
        "[1:2:1.2.3.4]",
        "[::1.2.3]",
        "[::1.2.3.4:5]",
        "[::256.2.3.4]",
        "[::ffff:0.0.0.0]:80",
        "[::ffff:239.255.255.250]:80",
        "[::ffff:255.255.255.255]:80",
        "[10.0.0.1]:80",
        "[fe80::1]80",
        "user@10.0.0.1:80",
        "\302\24010.0.0.1:80",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (discovery_take_addresses(texts[i], addresses) != 0)
            fail_msg("accepted: %s", texts[i]);
}

/* Entries that cannot be used are skipped, but count among the eight that are looked at. */
static void test_several(void **state)
{
    (void)state;
    assert_int_equal(
        discovery_take_addresses("host:80 10.0.0.1:80 [fe80::1]:80 0.0.0.0 10.0.0.2", addresses),
        3);
    assert_int_equal(addresses[0].bytes[3], 1);
    assert_true(addresses[1].ipv6);
    assert_int_equal(addresses[2].bytes[3], 2);
    assert_int_equal(discovery_take_addresses("10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5 "
                                              "10.0.0.6 10.0.0.7 10.0.0.8 10.0.0.9",
                                              addresses),
                     8);
    assert_int_equal(addresses[7].bytes[3], 8);
    assert_int_equal(discovery_take_addresses("a b c d e f g h 10.0.0.9", addresses), 0);
}

/* Every prefix of every form is parsed within its bounds; sanitizers look on. */
static void test_prefixes(void **state)
{
    static const char text[] = "http://[1:2::ffff:192.168.7.21%25zone]:54321/path";
    char prefix[sizeof text];

    (void)state;
    for (size_t length = 0; length < sizeof text; length++) {
        size_t count;

        memcpy(prefix, text, length);
        prefix[length] = '\0';
        count = discovery_take_addresses(prefix, addresses);
        assert_int_equal(count, length >= strlen("http://[1:2::ffff:192.168.7.21%25zone]") &&
                                    text[length - 1] != ':');
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_accepted),
    cmocka_unit_test(test_refused),
    cmocka_unit_test(test_several),
    cmocka_unit_test(test_prefixes),
};

PD_UNIT_MAIN(tests)

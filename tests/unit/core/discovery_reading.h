/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the tests of the discovery readers share: the vectors, and reading one of them, as it is or
 * with one thing replaced. Include it once in a program. */
#ifndef PD_TESTS_UNIT_CORE_DISCOVERY_READING_H
#define PD_TESTS_UNIT_CORE_DISCOVERY_READING_H

#include "core/discovery.h"

#include "support/unit_main.h"
#include "unit/core/discovery_vectors.h"

#include <stdlib.h>
#include <string.h>

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

#endif

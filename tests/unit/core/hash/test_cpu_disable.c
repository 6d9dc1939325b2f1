/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PEERDIST_CPU_DISABLE: read once, so this is a program of its own. */
#include "core/hash/hash_dispatch.h"

#include <stdlib.h>

#include "core/hash/hash_many.h"
#include "support/unit_main.h"

static void named_features_are_off(void **state)
{
    (void)state;
    const unsigned off = HASH_CPU_AVX512 | HASH_CPU_AVX2;
#ifdef _WIN32
    assert_int_equal(_putenv("PEERDIST_CPU_DISABLE=,avx512,unknown,avx2"), 0);
#else
    assert_int_equal(setenv("PEERDIST_CPU_DISABLE", ",avx512,unknown,avx2", 1), 0);
#endif
    assert_true(hash_library_init());
    assert_int_equal(hash_dispatch_features() & off, 0);
    assert_int_equal(hash_dispatch_features() & HASH_CPU_SHANI, hash_cpu_detect() & HASH_CPU_SHANI);
    /* the hybrid kernel needs AVX-512 */
    assert_int_equal(hash_dispatch_features() & HASH_CPU_HYBRID, 0);
    assert_string_equal(hash_many_implementation(HASH_SHA512), "openssl");
    assert_int_equal(hash_many_lanes(HASH_SHA512), 1);
}

static void decision_stays(void **state)
{
    (void)state;
    const unsigned before = hash_dispatch_features();
#ifdef _WIN32
    assert_int_equal(_putenv("PEERDIST_CPU_DISABLE=shani"), 0);
#else
    assert_int_equal(setenv("PEERDIST_CPU_DISABLE", "shani", 1), 0);
#endif
    hash_dispatch_init();
    assert_int_equal(hash_dispatch_features(), before);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(named_features_are_off),
    cmocka_unit_test(decision_stays),
};

PD_UNIT_MAIN(tests)

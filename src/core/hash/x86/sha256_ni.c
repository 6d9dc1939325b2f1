/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SHA-256 on the SHA extensions: one, two or four messages side by side. */
#include "core/hash/x86/lanes.h"

#define TARGET __attribute__((target("sha,sse4.1,ssse3")))
#include "core/hash/x86/sha256_ni_state.h"

#define STREAMS 1
#define NAME    hash_sha256_ni_1
#include "core/hash/x86/sha256_ni_template.h"

/* Several need the 16 registers of 64-bit code: see sha256_ni_ahead.c. */
#if defined(__x86_64__)

#define STREAMS 2
#define NAME    hash_sha256_ni_2
#include "core/hash/x86/sha256_ni_template.h"

#define STREAMS 4
#define NAME    hash_sha256_ni_4
#include "core/hash/x86/sha256_ni_template.h"

#endif

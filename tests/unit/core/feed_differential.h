/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Content information read in pieces against content information read as a whole. */
#ifndef PD_TESTS_UNIT_CORE_FEED_DIFFERENTIAL_H
#define PD_TESTS_UNIT_CORE_FEED_DIFFERENTIAL_H

#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

#define CUTS_NONE 0u /* all at once */
#define CUTS_BYTE 1u /* a byte at a time; other numbers: pieces of random lengths, of that seed */

/* Gives data to a feed in pieces and compares its answer, and every segment it then finds, with
 * content_info_parse. Aborts, after a line on stderr, where they differ. Returns the answer. */
enum pd_status feed_compare(const uint8_t *data, size_t size, uint32_t cuts);

#endif

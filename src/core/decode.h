/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What comes of decoding a message that cannot be trusted. */
#ifndef PEERDIST_CORE_DECODE_H
#define PEERDIST_CORE_DECODE_H

enum decode_result {
    DECODE_COMPLETE, /* a whole, well-formed message */
    DECODE_PARTIAL,  /* more bytes could make it one */
    DECODE_BAD       /* no further bytes can */
};

#endif

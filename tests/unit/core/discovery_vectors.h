/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The messages of tests/vectors/discovery.txt, and changing them. */
#ifndef PD_TESTS_UNIT_CORE_DISCOVERY_VECTORS_H
#define PD_TESTS_UNIT_CORE_DISCOVERY_VECTORS_H

#include "core/discovery.h"

#include "unit/core/vector_file.h"

/* The IDs in D1 to D6. */
#define ID_A "C3776CB3A4C9A8CF3374C2202DF7F7804A98827C08B6F54BBAEB36CD8F59DA9B"
#define ID_B "3371BBEADDB62353ADCEF970A06FDF65001E0421F4C7108276B0C37A9F9EC10F"
#define ID_C "D7E924425E8F4F88F01DC6A9BB1BC37BE113EC7917C745D4965C2B55FA163A6E"

#define PROBE_MESSAGE_ID  "urn:uuid:5f6b2a10-7c3e-4d5a-9b1c-0a1b2c3d4e5f"
#define ANSWER_MESSAGE_ID "urn:uuid:c0ffee00-1234-4abc-8def-00112233aabb"
#define ANSWER_ENDPOINT   "urn:uuid:0b7e1c52-93a4-4f6d-8e21-5d4c3b2a1908"

/* Each ends the program with a message where it fails. */
const char *discovery_vector(const struct vector_file *file, const char *name);
void discovery_id_set(struct discovery_id *id, const char *digits);

/* `message` with every `what` replaced; the caller frees it. There must be one. */
char *discovery_replace(const char *message, const char *what, const char *with);
/* `text` so many times in a row; the caller frees it. */
char *discovery_repeat(const char *text, size_t times);

/* Reads from memory that ends in an inaccessible page. */
enum decode_result discovery_probe_of(const char *data, size_t length,
                                      struct discovery_probe *probe);
enum decode_result discovery_matches_of(const char *data, size_t length,
                                        struct discovery_matches *matches);

#endif

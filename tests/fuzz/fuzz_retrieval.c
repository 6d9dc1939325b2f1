/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzz target: any bytes as a request and as an answer of the retrieval protocol. What was read and
 * can be written again says the same. */
#include "core/retrieval.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool condition)
{
    if (!condition)
        abort();
}

static unsigned sum(const uint8_t *bytes, size_t length)
{
    unsigned total = 0;
    for (size_t i = 0; i < length; i++)
        total += bytes[i];
    return total;
}

static void check_request(const uint8_t *data, size_t size)
{
    static uint8_t out[RETRIEVAL_GETBLKLIST_SIZE];
    struct retrieval_request request, again;
    struct retrieval_id id;
    uint32_t count = 0;
    if (retrieval_read_request(data, size, &request) != DECODE_COMPLETE || request.unsupported)
        return;
    while (retrieval_next_id(&request.ids, &id)) {
        check(id.length > 0 && id.length <= RETRIEVAL_ID_MAX);
        (void)sum(id.bytes, id.length);
        count++;
    }
    check(count == request.id_count);
    (void)sum(request.blob, request.blob_length);
    if (request.type != RETRIEVAL_GETBLKLIST)
        return;
    size_t length = retrieval_write_getblklist(out, request.id, &request.blocks);
    check(length <= sizeof(out));
    check(retrieval_read_request(out, length, &again) == DECODE_COMPLETE);
    check(memcmp(&request.blocks, &again.blocks, sizeof(again.blocks)) == 0);
    check(request.id.length == again.id.length);
}

static void check_response(const uint8_t *data, size_t size)
{
    struct retrieval_response response;
    struct retrieval_age ages[RETRIEVAL_AGES_MAX];
    uint32_t index, length;
    size_t count;
    if (retrieval_read_response(data, size, &response) != DECODE_COMPLETE)
        return;
    (void)sum(response.id.bytes, response.id.length);
    (void)sum(response.block, response.block_length);
    if (response.block_length > 0 && response.cipher != BLOCK_CIPHER_NONE)
        (void)sum(response.iv, BLOCK_CIPHER_IV_SIZE);
    for (uint32_t i = 0; i < response.range_count; i++) {
        retrieval_segment_range(&response, i, &index, &length);
        check(length > 0 && index + length > index);
    }
    if (retrieval_read_blob(response.blob, response.blob_length, ages, &count))
        check(count <= RETRIEVAL_AGES_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_request(data, size);
    check_response(data, size);
    return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Requests of the retrieval protocol ([MS-PCCRR] 2.2.4). */
#include <string.h>

#include "core/retrieval_fields.h"

bool retrieval_next_id(struct byte_reader *ids, struct retrieval_id *id)
{
    return ids->left > 0 && retrieval_take_id(ids, id);
}

static bool read_segment_ids(struct byte_reader *reader, struct retrieval_request *request)
{
    struct retrieval_id id;
    if (!byte_reader_take(reader, RETRIEVAL_REQUEST_ID, &request->request_id) ||
        !byte_reader_be32(reader, &request->id_count) || request->id_count == 0 ||
        request->id_count > reader->left / 8)
        return false;
    request->ids = *reader;
    for (uint32_t i = 0; i < request->id_count; i++)
        if (!retrieval_take_id(reader, &id))
            return false;
    request->ids.left -= reader->left;
    return retrieval_take_counted(reader, &request->blob, &request->blob_length);
}

static bool read_body(struct byte_reader *reader, struct retrieval_request *request)
{
    const uint8_t *bytes;
    uint32_t length;
    switch (request->type) {
    case RETRIEVAL_NEGO_REQ:
        if (!byte_reader_take(reader, 8, &bytes))
            return false;
        request->min = retrieval_load_version(bytes);
        request->max = retrieval_load_version(bytes + 4);
        break;
    case RETRIEVAL_GETBLKLIST:
        if (!retrieval_take_id(reader, &request->id) ||
            !retrieval_take_blocks(reader, &request->blocks))
            return false;
        break;
    case RETRIEVAL_GETBLKS:
        if (!retrieval_take_id(reader, &request->id) ||
            !retrieval_take_blocks(reader, &request->blocks) ||
            !retrieval_take_counted(reader, &bytes, &length))
            return false;
        break;
    case RETRIEVAL_GETSEGLIST:
        if (!read_segment_ids(reader, request))
            return false;
        break;
    default: /* an answer */
        return false;
    }
    return reader->left == 0;
}

enum decode_result retrieval_read_request(const uint8_t *data, size_t length,
                                          struct retrieval_request *request)
{
    struct retrieval_header header;
    memset(request, 0, sizeof(*request));
    enum decode_result result = retrieval_read_header(data, length, RETRIEVAL_REQUEST_MAX, &header);
    if (result != DECODE_COMPLETE)
        return result;
    request->type = (enum retrieval_type)header.type;
    request->version = header.version;
    request->cipher = (enum block_cipher)header.cipher;
    if (header.type != RETRIEVAL_NEGO_REQ && header.type != RETRIEVAL_GETBLKLIST &&
        header.type != RETRIEVAL_GETBLKS && header.type != RETRIEVAL_GETSEGLIST)
        return DECODE_BAD;
    if (length < header.size)
        return DECODE_PARTIAL;
    /* The body of another version could not be read. */
    request->unsupported = header.version.major < 1 || header.version.major > 2;
    if (request->unsupported)
        return DECODE_COMPLETE;
    struct byte_reader reader = {data + HEADER_SIZE, length - HEADER_SIZE};
    return read_body(&reader, request) ? DECODE_COMPLETE : DECODE_BAD;
}

size_t retrieval_write_nego_request(uint8_t *out)
{
    uint8_t *next = retrieval_put_header(out, RETRIEVAL_NEGO_REQ, BLOCK_CIPHER_AES_128);
    return retrieval_finish(out, retrieval_put_versions(next));
}

size_t retrieval_write_getblks(uint8_t *out, struct retrieval_id id, uint32_t number,
                               enum block_cipher cipher)
{
    struct block_set one = {{0}};
    block_set_add(&one, number);
    uint8_t *next = retrieval_put_header(out, RETRIEVAL_GETBLKS, cipher);
    next = retrieval_put_blocks(retrieval_put_id(next, id), &one);
    return retrieval_finish(out, retrieval_put32(next, 0));
}

size_t retrieval_write_getblklist(uint8_t *out, struct retrieval_id id,
                                  const struct block_set *blocks)
{
    uint8_t *next = retrieval_put_header(out, RETRIEVAL_GETBLKLIST, BLOCK_CIPHER_AES_128);
    return retrieval_finish(out, retrieval_put_blocks(retrieval_put_id(next, id), blocks));
}

size_t retrieval_write_getseglist(uint8_t *out, const uint8_t request_id[RETRIEVAL_REQUEST_ID],
                                  const struct retrieval_id *ids, uint32_t count)
{
    uint8_t *next = retrieval_put_header(out, RETRIEVAL_GETSEGLIST, BLOCK_CIPHER_AES_128);
    memcpy(next, request_id, RETRIEVAL_REQUEST_ID);
    next = retrieval_put32(next + RETRIEVAL_REQUEST_ID, count);
    for (uint32_t i = 0; i < count; i++)
        next = retrieval_put_id(next, ids[i]);
    return retrieval_finish(out, retrieval_put32(next, 0));
}

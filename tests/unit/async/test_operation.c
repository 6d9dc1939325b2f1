/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Queues of operations: order, the one completion, and the references to ports. */
#include "async/operation.h"

#include "support/unit_main.h"

struct completion_port {
    int references;
};

/* What the sink saw, in order. */
static struct {
    void *accepted[16];
    size_t accepted_count;
    struct {
        struct completion_port *port;
        void *block;
        struct completion completion;
    } delivered[16];
    size_t delivered_count;
} seen;

static void accept_block(void *block)
{
    seen.accepted[seen.accepted_count++] = block;
}

static void deliver(struct completion_port *port, void *block, const struct completion *completion)
{
    seen.delivered[seen.delivered_count].port = port;
    seen.delivered[seen.delivered_count].block = block;
    seen.delivered[seen.delivered_count++].completion = *completion;
}

static void retain_port(struct completion_port *port)
{
    port->references++;
}

static void release_port(struct completion_port *port)
{
    port->references--;
}

static const struct completion_sink sink = {accept_block, deliver, retain_port, release_port};

static int set_up(void **state)
{
    (void)state;
    seen.accepted_count = seen.delivered_count = 0;
    operation_set_sink(&sink);
    return 0;
}

enum { COUNT = 5 };
static int blocks[COUNT];

static void fill(struct operation_queue *queue, struct operation *operations[COUNT],
                 struct completion_port *port)
{
    for (int i = 0; i < COUNT; i++) {
        operations[i] = operation_create(OPERATION_RETRIEVE, &blocks[i], port);
        assert_non_null(operations[i]);
        operation_accept(queue, operations[i]);
    }
}

static void test_accept(void **state)
{
    struct operation_queue queue = {0};
    struct operation *operations[COUNT];
    struct completion_port port = {1};
    (void)state;
    assert_ptr_equal(operation_sink(), &sink);
    fill(&queue, operations, &port);
    assert_int_equal(port.references, 1 + COUNT);
    assert_int_equal(seen.accepted_count, COUNT);
    assert_int_equal(seen.delivered_count, 0);
    const struct operation *operation = queue.head;
    for (int i = 0; i < COUNT; i++, operation = operation->next) {
        assert_ptr_equal(operation, operations[i]);
        assert_ptr_equal(seen.accepted[i], &blocks[i]);
        assert_int_equal(operation->kind, OPERATION_RETRIEVE);
        assert_int_equal(operation->done, 0);
    }
    assert_null(operation);
    operation_complete_all(&queue, PD_ABORTED);
}

static void test_discard(void **state)
{
    struct completion_port port = {1};
    (void)state;
    struct operation *operation = operation_create(OPERATION_ADD_TO_STREAM, &blocks[0], &port);
    assert_int_equal(port.references, 2);
    operation_discard(operation);
    assert_int_equal(port.references, 1);
    operation = operation_create(OPERATION_ADD_TO_STREAM, &blocks[0], NULL);
    operation_discard(operation);
    assert_int_equal(seen.accepted_count, 0);
    assert_int_equal(seen.delivered_count, 0);
}

static void test_complete_one_by_one(void **state)
{
    static const int order[COUNT] = {2, 0, 4, 1, 3}; /* middle, head, tail */
    struct operation_queue queue = {0};
    struct operation *operations[COUNT];
    struct completion_port port = {1};
    (void)state;
    fill(&queue, operations, &port);
    for (int i = 0; i < COUNT; i++) {
        const struct completion completion = {PD_NO_MORE, (uint32_t)i, true, 1000u + (unsigned)i};
        assert_ptr_equal(operation_find(&queue, &blocks[order[i]]), operations[order[i]]);
        operation_complete(&queue, operations[order[i]], &completion);
        assert_null(operation_find(&queue, &blocks[order[i]]));
        assert_int_equal(port.references, COUNT - i);
        assert_int_equal(seen.delivered_count, i + 1);
        assert_ptr_equal(seen.delivered[i].port, &port);
        assert_ptr_equal(seen.delivered[i].block, &blocks[order[i]]);
        assert_int_equal(seen.delivered[i].completion.status, PD_NO_MORE);
        assert_int_equal(seen.delivered[i].completion.bytes, i);
        assert_true(seen.delivered[i].completion.has_offset);
        assert_int_equal(seen.delivered[i].completion.offset, 1000 + i);
    }
    assert_null(queue.head);
    assert_null(queue.tail);
    assert_int_equal(port.references, 1);

    /* The queue is as good as new. */
    fill(&queue, operations, &port);
    assert_ptr_equal(queue.head, operations[0]);
    assert_ptr_equal(queue.tail, operations[COUNT - 1]);
    operation_complete_all(&queue, PD_ABORTED);
}

static void test_tail_after_removal(void **state)
{
    struct operation_queue queue = {0};
    struct operation *operations[COUNT];
    const struct completion aborted = {.status = PD_ABORTED};
    (void)state;
    fill(&queue, operations, NULL);
    operation_complete(&queue, operations[COUNT - 1], &aborted);
    assert_ptr_equal(queue.tail, operations[COUNT - 2]);
    struct operation *last = operation_create(OPERATION_RETRIEVE, &blocks[COUNT - 1], NULL);
    operation_accept(&queue, last);
    assert_ptr_equal(operations[COUNT - 2]->next, last);
    assert_ptr_equal(operation_find(&queue, &blocks[COUNT - 1]), last);
    operation_complete_all(&queue, PD_ABORTED);
    assert_int_equal(seen.delivered_count, COUNT + 1);
}

static void test_complete_all(void **state)
{
    struct operation_queue queue = {0};
    struct operation *operations[COUNT];
    struct completion_port port = {1};
    (void)state;
    operation_complete_all(&queue, PD_ABORTED);
    assert_int_equal(seen.delivered_count, 0);
    fill(&queue, operations, &port);
    operation_complete_all(&queue, PD_INVALIDATED);
    assert_int_equal(seen.delivered_count, COUNT);
    for (int i = 0; i < COUNT; i++) {
        assert_ptr_equal(seen.delivered[i].block, &blocks[i]);
        assert_int_equal(seen.delivered[i].completion.status, PD_INVALIDATED);
        assert_int_equal(seen.delivered[i].completion.bytes, 0);
        assert_false(seen.delivered[i].completion.has_offset);
    }
    assert_null(queue.head);
    assert_null(queue.tail);
    assert_int_equal(port.references, 1);
}

static void test_find(void **state)
{
    struct operation_queue queue = {0};
    struct operation *operations[COUNT];
    int stranger;
    (void)state;
    assert_null(operation_find(&queue, &blocks[0]));
    fill(&queue, operations, NULL);
    for (int i = 0; i < COUNT; i++)
        assert_ptr_equal(operation_find(&queue, &blocks[i]), operations[i]);
    assert_null(operation_find(&queue, &stranger));
    operation_complete_all(&queue, PD_ABORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_accept, set_up),
        cmocka_unit_test_setup(test_discard, set_up),
        cmocka_unit_test_setup(test_complete_one_by_one, set_up),
        cmocka_unit_test_setup(test_tail_after_removal, set_up),
        cmocka_unit_test_setup(test_complete_all, set_up),
        cmocka_unit_test_setup(test_find, set_up),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return pd_unit_report(sizeof(tests) / sizeof(tests[0]), failed);
}

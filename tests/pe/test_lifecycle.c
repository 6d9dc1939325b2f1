/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every cell of the life cycle table of section 4.1: streams and publications. */
#include <string.h>
#include "pe/check.h"
#include "pe/support.h"

/* A state that lasts only while work is pending may be gone before a call has looked at it; the
 * attempt is then repeated. */
#define ATTEMPTS 20

static BYTE data[200000];

static bool is_published(HANDLE instance, const struct identifier *id)
{
    HANDLE info;
    DWORD result = info_open(instance, id, 1, 0, 0, &info);

    if (result == 0)
        PeerDistServerCloseContentInformation(instance, info);
    else
        check_equal(result, ERROR_NOT_FOUND, "4.1/OpenContentInformation: not published [D]");
    return result == 0;
}

static bool is_free(HANDLE instance, const struct identifier *id)
{
    HANDLE stream;
    DWORD result = stream_new(instance, id, 0, NULL, 0, &stream);

    if (result == 0)
        PeerDistServerCloseStreamHandle(instance, stream);
    else
        check_equal(result, PEERDIST_ERROR_ALREADY_EXISTS, "4.1/PublishStream [D]");
    return result == 0;
}

/* Both asynchronous calls on a stream whose publication is gone. */
static void check_dead(HANDLE instance, HANDLE stream, const char *rule)
{
    check_equal(stream_add(instance, stream, data, 10), PEERDIST_ERROR_INVALIDATED, rule);
    check_equal(stream_complete(instance, stream), PEERDIST_ERROR_INVALIDATED, rule);
    check_equal(PeerDistServerCloseStreamHandle(instance, stream), 0, "4.1/Close always works [I]");
    check_equal(PeerDistServerCloseStreamHandle(instance, stream), ERROR_INVALID_HANDLE,
                "4.3/closed handle [I]");
}

static void test_none(HANDLE instance)
{
    struct identifier id = identifier_new();
    struct call call;

    call_init(&call);
    check(!is_published(instance, &id), "4.1/OpenContentInformation/none [D]", "it opened");
    check_equal(unpublish(instance, &id), ERROR_NOT_FOUND, "4.1/Unpublish/none [I]");
    check_equal(cancel(instance, &id, &call), PEERDIST_ERROR_OPERATION_NOTFOUND,
                "2.4/cancel, nothing published [D]");
    check(is_free(instance, &id), "4.1/PublishStream/none [D]", "it is taken");
    call_fini(&call);
}

static void test_publishing(HANDLE instance)
{
    struct identifier id = identifier_new();
    HANDLE stream;
    HANDLE second = (HANDLE)(ULONG_PTR)1;
    struct call call;

    call_init(&call);
    check_equal(stream_new(instance, &id, 0, NULL, 0, &stream), 0, "4.1/PublishStream/none [D]");
    check_equal(stream_new(instance, &id, 0, NULL, 0, &second), PEERDIST_ERROR_ALREADY_EXISTS,
                "4.1/PublishStream/PUBLISHING [I]");
    check(second == NULL, "8/Q32 handle after a failure [I]", "got %p", second);
    check(!is_published(instance, &id), "4.1/OpenContentInformation/PUBLISHING [I]", "it opened");
    check_equal(stream_add(instance, stream, data, 70000), 0, "4.1/AddToStream/PUBLISHING [D]");
    check_equal(stream_add(instance, stream, NULL, 0), 0, "8/Q16 AddToStream of nothing [I]");
    check_equal(stream_add(instance, stream, data, 0), 0, "8/Q16 AddToStream of nothing [I]");
    check_equal(cancel(instance, &id, &call), PEERDIST_ERROR_OPERATION_NOTFOUND,
                "2.4/cancel, nothing pending [D]");
    check_equal(PeerDistServerCloseStreamHandle(instance, stream), 0, "4.1/Close/PUBLISHING [D]");
    check(is_free(instance, &id), "4.1/Close/PUBLISHING drops the publication [D]", "it is taken");
    check(!is_published(instance, &id), "4.1/Close/PUBLISHING drops the publication [D]",
          "it opened");

    check_equal(stream_new(instance, &id, 0, NULL, 0, &stream), 0, "4.1/PublishStream/none [D]");
    check_equal(unpublish(instance, &id), 0, "4.1/Unpublish/PUBLISHING [D]");
    check_equal(unpublish(instance, &id), ERROR_NOT_FOUND, "4.1/Unpublish/none [I]");
    check(is_free(instance, &id), "4.1/Unpublish/PUBLISHING [D]", "it is taken");
    check_dead(instance, stream, "4.1/any call on the stream after Unpublish [I]");
    call_fini(&call);
}

static void test_completed(HANDLE instance)
{
    struct identifier id = identifier_new();
    HANDLE stream;
    HANDLE second;
    HANDLE info;
    BYTE byte;

    check_equal(stream_new(instance, &id, sizeof(data), NULL, 0, &stream), 0,
                "4.1/PublishStream/none [D]");
    check_equal(stream_add(instance, stream, data, sizeof(data)), 0, "4.1/AddToStream [D]");
    check_equal(stream_complete(instance, stream), 0, "4.1/CompleteStream/PUBLISHING [D]");
    check_equal(stream_new(instance, &id, 0, NULL, 0, &second), PEERDIST_ERROR_ALREADY_EXISTS,
                "4.1/PublishStream/PUBLISHED [D]");
    check_equal(stream_add(instance, stream, data, 1), PEERDIST_ERROR_ALREADY_COMPLETED,
                "4.1/AddToStream/PUBLISHED [I]");
    check_equal(stream_complete(instance, stream), PEERDIST_ERROR_ALREADY_COMPLETED,
                "4.1/CompleteStream/PUBLISHED [I]");
    check(is_published(instance, &id), "4.1/OpenContentInformation/PUBLISHED [D]", "it failed");
    check_equal(PeerDistServerCloseStreamHandle(instance, stream), 0, "4.1/Close/PUBLISHED [D]");
    check(is_published(instance, &id), "4.1/Close/PUBLISHED: publication stays [D]", "it is gone");
    check_equal(stream_new(instance, &id, 0, NULL, 0, &second), PEERDIST_ERROR_ALREADY_EXISTS,
                "4.1/PublishStream/PUBLISHED [D]");

    check_equal(info_open(instance, &id, 1, 0, 0, &info), 0, "4.1/Open/PUBLISHED [D]");
    check_equal(unpublish(instance, &id), 0, "4.1/Unpublish/PUBLISHED [D]");
    check_equal(info_retrieve(instance, info, &byte, 1, NULL, NULL), PEERDIST_ERROR_INVALIDATED,
                "4.1/Retrieve after Unpublish [I]");
    check(!is_published(instance, &id), "4.1/Unpublish/PUBLISHED [D]", "it opened");
    check_equal(PeerDistServerCloseContentInformation(instance, info), 0,
                "4.1/Close after Unpublish [D]");
    check_equal(PeerDistServerCloseContentInformation(instance, info), ERROR_INVALID_HANDLE,
                "4.3/closed handle [I]");

    /* The stream handle of a finished publication, after Unpublish. */
    id = identifier_new();
    check_equal(stream_new(instance, &id, 0, NULL, 0, &stream), 0, "4.1/PublishStream/none [D]");
    check_equal(stream_complete(instance, stream), 0, "4.1/CompleteStream [D]");
    check_equal(unpublish(instance, &id), 0, "4.1/Unpublish/PUBLISHED [D]");
    check_dead(instance, stream, "4.1/stream after Unpublish: 4057 before 4060 [I]");
}

static void test_lengths(HANDLE instance)
{
    static const struct {
        DWORD declared, first, second;
        DWORD add_result, complete_result;
    } cases[] = {
        {100, 100, 0, 0, 0},
        {100, 60, 40, 0, 0},
        {100, 60, 41, PEERDIST_ERROR_OUT_OF_BOUNDS, PEERDIST_ERROR_INVALIDATED},
        {100, 100, 1, PEERDIST_ERROR_OUT_OF_BOUNDS, PEERDIST_ERROR_INVALIDATED},
        {100, 99, 0, 0, PEERDIST_ERROR_MISSING_DATA},
        {100, 0, 0, 0, PEERDIST_ERROR_MISSING_DATA},
        {1, 0, 1, 0, 0},
        {0, 0, 0, 0, 0},
        {65537, 65536, 2, PEERDIST_ERROR_OUT_OF_BOUNDS, PEERDIST_ERROR_INVALIDATED},
    };
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct identifier id = identifier_new();
        HANDLE stream;

        check_equal(stream_new(instance, &id, cases[i].declared, NULL, 0, &stream), 0,
                    "2.2/PublishStream [D]");
        check_equal(stream_add(instance, stream, data, cases[i].first), 0, "2.2/AddToStream [D]");
        check_equal(stream_add(instance, stream, data, cases[i].second), cases[i].add_result,
                    "4.1/AddToStream beyond a declared length [I]");
        check_equal(stream_complete(instance, stream), cases[i].complete_result,
                    "4.1/CompleteStream short of a declared length [I]");
        if (cases[i].complete_result) {
            check(!is_published(instance, &id), "8/Q30 publication dropped [I]", "it opened");
            check(is_free(instance, &id), "8/Q30 identifier free again [I]", "it is taken");
            check_dead(instance, stream, "8/Q30 stream is dead [I]");
        } else {
            check_equal(PeerDistServerCloseStreamHandle(instance, stream), 0, "4.1/Close [D]");
            check(is_published(instance, &id), "4.1/published [D]", "it is not");
            check_equal(unpublish(instance, &id), 0, "4.1/Unpublish [D]");
        }
    }
}

/* A stream in the state COMPLETING, behind long additions. */
struct completing {
    struct busy busy;
    struct call call;
};

static bool completing_start(struct completing *state, HANDLE instance)
{
    DWORD result;

    if (!busy_start(&state->busy, instance, NULL))
        return false;
    call_init(&state->call);
    result =
        PeerDistServerPublishCompleteStream(instance, state->busy.stream, &state->call.overlapped);
    return check(result == ERROR_IO_PENDING, "4.1/CompleteStream while additions are pending [I]",
                 "got %lu", result);
}

static bool completing_pending(const struct completing *state)
{
    return !HasOverlappedIoCompleted(&state->call.overlapped);
}

/* Awaits everything; whether CompleteStream ended with this code. */
static bool completing_finish(struct completing *state, DWORD code)
{
    DWORD result = call_wait(&state->call, NULL);

    busy_finish(&state->busy, code);
    check(result == 0 || result == code, "3.1/one completion, of the right kind [D]", "got %lu",
          result);
    call_fini(&state->call);
    return result == code;
}

static void test_completing_calls(HANDLE instance)
{
    struct completing state;
    bool seen = false;
    unsigned i;

    for (i = 0; i < ATTEMPTS && !seen; i++) {
        DWORD again, add, open, complete;
        HANDLE handle;

        if (!completing_start(&state, instance))
            return;
        again = stream_new(instance, &state.busy.id, 0, NULL, 0, &handle);
        open = info_open(instance, &state.busy.id, 1, 0, 0, &handle);
        seen = completing_pending(&state);
        add = stream_add(instance, state.busy.stream, data, 1);
        complete = stream_complete(instance, state.busy.stream);
        check_equal(again, PEERDIST_ERROR_ALREADY_EXISTS, "4.1/PublishStream/COMPLETING [I]");
        check_equal(add, PEERDIST_ERROR_ALREADY_COMPLETED, "4.1/AddToStream/COMPLETING [I]");
        check_equal(complete, PEERDIST_ERROR_ALREADY_COMPLETED,
                    "4.1/CompleteStream/COMPLETING [I]");
        if (seen)
            check_equal(open, ERROR_NOT_FOUND, "4.1/OpenContentInformation/COMPLETING [I]");
        else if (open == 0)
            PeerDistServerCloseContentInformation(instance, handle);
        completing_finish(&state, 0);
        check(is_published(instance, &state.busy.id), "4.1/CompleteStream queued behind additions",
              "not published");
        check_equal(unpublish(instance, &state.busy.id), 0, "4.1/Unpublish [D]");
        check_equal(PeerDistServerCloseStreamHandle(instance, state.busy.stream), 0, "4.1/Close");
    }
    check(seen, "4.1/COMPLETING observed", "not in %u attempts", i);
}

enum ending { END_CLOSE, END_UNPUBLISH, END_CANCEL, END_CANCEL_COMPLETE };

/* Ends a stream with operations pending: all of them are aborted, and the results are there when
 * the call returns. */
static void test_ending(HANDLE instance, enum ending ending)
{
    struct completing state;
    bool seen = false;
    unsigned i;

    for (i = 0; i < ATTEMPTS && !seen; i++) {
        struct call *target;
        DWORD result = 0;
        bool free_again;

        if (!completing_start(&state, instance))
            return;
        target = ending == END_CANCEL ? &state.busy.calls[state.busy.accepted - 1] : &state.call;
        SetLastError(0);
        if (ending == END_CLOSE)
            result = PeerDistServerCloseStreamHandle(instance, state.busy.stream);
        else if (ending == END_UNPUBLISH)
            result = unpublish(instance, &state.busy.id);
        else
            result = cancel(instance, &state.busy.id, target);
        if (ending >= END_CANCEL) {
            DWORD error = GetLastError();

            check(result == 0 || result == PEERDIST_ERROR_OPERATION_NOTFOUND, "2.4/cancel [D]",
                  "got %lu", result);
            if (result == 0)
                check_equal(error, ERROR_OPERATION_ABORTED, "2.4/cancel sets the last error [I]");
        } else {
            check_equal(result, 0, "4.1/Close, Unpublish/COMPLETING [D]");
        }
        if (result == 0)
            check(HasOverlappedIoCompleted(&target->overlapped) &&
                      is_signalled(target->overlapped.hEvent),
                  "2.4, 4.3/the result is posted before the call returns [D/I]", "ending %d",
                  (int)ending);
        if (ending >= END_CANCEL) {
            /* The rest of a stream whose addition was aborted ends in one way or the other. */
            DWORD code;
            unsigned k;

            for (k = 0; k < state.busy.accepted; k++) {
                code = call_wait(&state.busy.calls[k], NULL);
                check(code == 0 || code == ERROR_OPERATION_ABORTED ||
                          code == PEERDIST_ERROR_INVALIDATED,
                      "3.1/one completion each [D]", "addition %u: got %lu", k, code);
                if (&state.busy.calls[k] == target)
                    seen = code == ERROR_OPERATION_ABORTED;
                call_fini(&state.busy.calls[k]);
            }
            code = call_wait(&state.call, NULL);
            check(code == 0 || code == ERROR_OPERATION_ABORTED ||
                      code == PEERDIST_ERROR_INVALIDATED,
                  "3.1/one completion each [D]", "completion: got %lu", code);
            if (&state.call == target)
                seen = code == ERROR_OPERATION_ABORTED;
            check(result != 0 || seen || code == 0, "2.4/cancel aborts [D]", "got %lu", code);
            call_fini(&state.call);
        } else {
            seen = completing_finish(&state, ERROR_OPERATION_ABORTED);
        }
        free_again = seen && is_free(instance, &state.busy.id);
        if (seen) {
            check(free_again, "4.1/an aborted publication is dropped, its identifier free [D/I]",
                  "it is taken, ending %d", (int)ending);
            if (ending != END_CLOSE)
                check_dead(instance, state.busy.stream, "4.1/its stream is dead [I]");
        } else {
            unpublish(instance, &state.busy.id);
            if (ending != END_CLOSE)
                PeerDistServerCloseStreamHandle(instance, state.busy.stream);
        }
    }
    check(seen, "4.1/operations observed while pending", "ending %d: not in %u attempts",
          (int)ending, i);
}

/* A cancel finds its operation by instance, identifier and OVERLAPPED, all three. */
static void test_cancel_scope(HANDLE instance)
{
    HANDLE other = instance_new();
    struct identifier similar;
    struct busy busy;
    bool seen = false;
    unsigned i;

    for (i = 0; i < ATTEMPTS && !seen; i++) {
        struct call unused;
        struct call *last;
        DWORD shorter, changed, foreign, unknown, right;

        if (!busy_start(&busy, instance, NULL))
            break;
        call_init(&unused);
        last = &busy.calls[busy.accepted - 1];
        similar = busy.id;
        similar.size--;
        shorter = cancel(instance, &similar, last);
        similar = busy.id;
        similar.bytes[similar.size - 1] ^= 1;
        changed = cancel(instance, &similar, last);
        foreign = cancel(other, &busy.id, last);
        unknown = cancel(instance, &busy.id, &unused);
        check_equal(shorter, PEERDIST_ERROR_OPERATION_NOTFOUND, "2.2/cancel: the identifier [D]");
        check_equal(changed, PEERDIST_ERROR_OPERATION_NOTFOUND, "2.2/cancel: the identifier [D]");
        check_equal(foreign, PEERDIST_ERROR_OPERATION_NOTFOUND, "2.2/cancel: the instance [I]");
        check_equal(unknown, PEERDIST_ERROR_OPERATION_NOTFOUND, "2.2/cancel: the OVERLAPPED [D]");
        seen = busy_pending(&busy);
        right = cancel(instance, &busy.id, last);
        check_equal(cancel(instance, &busy.id, last), PEERDIST_ERROR_OPERATION_NOTFOUND,
                    "2.4/cancel, already finished [D]");
        if (right == 0)
            check_equal(call_wait(last, NULL), ERROR_OPERATION_ABORTED, "2.4/cancel aborts [D]");
        /* Closing ends the rest: as aborted, or dead since the cancel dropped the publication. */
        check_equal(PeerDistServerCloseStreamHandle(instance, busy.stream), 0, "4.1/Close [D]");
        while (busy.accepted > 0) {
            DWORD code = call_wait(&busy.calls[--busy.accepted], NULL);

            check(code == 0 || code == ERROR_OPERATION_ABORTED ||
                      code == PEERDIST_ERROR_INVALIDATED,
                  "3.1/one completion each [D]", "got %lu", code);
            call_fini(&busy.calls[busy.accepted]);
        }
        call_fini(&unused);
    }
    check(seen, "4.1/operations observed while pending", "not in %u attempts", i);
    PeerDistShutdown(other);
}

static void test_queued_in_order(HANDLE instance)
{
    enum { PIECES = 40, PIECE = sizeof(data) / PIECES };
    struct identifier one = identifier_new();
    struct identifier many = identifier_new();
    struct call calls[PIECES];
    struct call complete;
    struct blob expected;
    struct blob got;
    HANDLE stream;
    unsigned i;

    check_equal(publish(instance, &one, data, sizeof(data)), 0, "4.1/publish [D]");
    check_equal(stream_new(instance, &many, sizeof(data), NULL, 0, &stream), 0,
                "2.2/PublishStream [D]");
    for (i = 0; i < PIECES; i++) {
        call_init(&calls[i]);
        check_equal(PeerDistServerPublishAddToStream(instance, stream, PIECE, data + i * PIECE,
                                                     &calls[i].overlapped),
                    ERROR_IO_PENDING, "8/Q19 overlapping additions are queued [I]");
    }
    call_init(&complete);
    check_equal(PeerDistServerPublishCompleteStream(instance, stream, &complete.overlapped),
                ERROR_IO_PENDING, "8/Q19 CompleteStream behind them [I]");
    check_equal(call_wait(&complete, NULL), 0, "8/Q19 CompleteStream behind them [I]");
    for (i = 0; i < PIECES; i++) {
        check(HasOverlappedIoCompleted(&calls[i].overlapped), "8/Q20 completed in order [I]",
              "addition %u is behind CompleteStream", i);
        check_equal(call_wait(&calls[i], NULL), 0, "8/Q19 overlapping additions are queued [I]");
        call_fini(&calls[i]);
    }
    call_fini(&complete);
    PeerDistServerCloseStreamHandle(instance, stream);
    check_equal(info_fetch(instance, &one, 1, 0, 0, &expected), 0, "2.2/Retrieve [D]");
    check_equal(info_fetch(instance, &many, 1, 0, 0, &got), 0, "2.2/Retrieve [D]");
    check(expected.size == got.size && memcmp(expected.bytes, got.bytes, got.size) == 0,
          "8/Q19 the additions in call order [I]", "the content information differs");
    blob_fini(&expected);
    blob_fini(&got);
    unpublish(instance, &one);
    unpublish(instance, &many);
}

int main(void)
{
    HANDLE instance;

    check_begin("pe.lifecycle", 90);
    pattern_fill(data, 0, sizeof(data));
    instance = instance_new();
    test_none(instance);
    test_publishing(instance);
    test_completed(instance);
    test_lengths(instance);
    test_completing_calls(instance);
    test_ending(instance, END_CLOSE);
    test_ending(instance, END_UNPUBLISH);
    test_ending(instance, END_CANCEL);
    test_ending(instance, END_CANCEL_COMPLETE);
    test_cancel_scope(instance);
    test_queued_in_order(instance);
    PeerDistShutdown(instance);
    return check_end();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Several processes of one user: publications are seen by all of them and end with the process that
 * made them, however it ends. PEERDIST_TEST_OTHER_WIDTH names this program in the other width; then
 * the second process is of that width.
 */
#include <stdlib.h>
#include "pe/agent.h"
#include "pe/check.h"

#define CONTENT 150000

static HANDLE instance;
static WCHAR other_width[MAX_PATH];
static const WCHAR *other;

/* The checksum of the information that the content has, published by this process. */
static DWORD expected_checksum(DWORD size)
{
    struct identifier id = identifier_new();
    struct blob blob;
    BYTE *data = pattern_new(size);
    DWORD sum;

    check_equal(publish(instance, &id, data, size), 0, "4.1/publish [D]");
    check_equal(info_fetch(instance, &id, 1, 0, 0, &blob), 0, "2.2/Retrieve [D]");
    sum = checksum(&blob);
    blob_fini(&blob);
    check_equal(unpublish(instance, &id), 0, "2.2/Unpublish [D]");
    free(data);
    return sum;
}

/* The end of a process is noticed soon: this loops until it is, or for a few seconds. */
static bool becomes_not_found(const struct identifier *id)
{
    ULONGLONG end = GetTickCount64() + 5000;
    DWORD result;
    HANDLE info;

    do {
        result = info_open(instance, id, 1, 0, 0, &info);
        if (result == 0)
            PeerDistServerCloseContentInformation(instance, info);
    } while (result == 0 && GetTickCount64() < end);
    return check(result == ERROR_NOT_FOUND, "8/Q26 process death is as Shutdown [I]", "got %lu",
                 result);
}

static void test_visibility(void)
{
    struct agent agent;
    struct identifier theirs = identifier_new();
    struct identifier mine = identifier_new();
    struct identifier unfinished = identifier_new();
    struct blob blob;
    HANDLE stream;
    HANDLE info;
    BYTE *data = pattern_new(CONTENT);
    DWORD expected = expected_checksum(CONTENT);
    DWORD extra = 0;
    BYTE byte;

    require(agent_start(&agent, other), "the machine", "no second process: %lu", GetLastError());
    check_equal(agent_call(&agent, AGENT_WIDTH, NULL, 0, &extra), 0, "the machine");
    check(other == NULL || extra != sizeof(void *), "the machine: the other width", "%lu", extra);
    check_equal(agent_call(&agent, AGENT_PUBLISH, &theirs, CONTENT, NULL), 0, "4.1/publish [D]");
    check_equal(info_fetch(instance, &theirs, 1, 0, 0, &blob), 0,
                "5/seen by another process of the user [D]");
    check_equal(checksum(&blob), expected, "5/the same information in every process [D]");
    blob_fini(&blob);
    check_equal(stream_new(instance, &theirs, 0, NULL, 0, &stream), PEERDIST_ERROR_ALREADY_EXISTS,
                "4.1/PublishStream/PUBLISHED by another process [D]");

    check_equal(publish(instance, &mine, data, CONTENT), 0, "4.1/publish [D]");
    check_equal(agent_call(&agent, AGENT_FETCH, &mine, 0, &extra), 0,
                "5/seen by another process of the user [D]");
    check_equal(extra, expected, "5/the same information in every process [D]");

    check_equal(agent_call(&agent, AGENT_BEGIN, &unfinished, 1000, NULL), 0,
                "2.2/PublishStream [D]");
    check_equal(stream_new(instance, &unfinished, 0, NULL, 0, &stream),
                PEERDIST_ERROR_ALREADY_EXISTS, "4.1/PublishStream/PUBLISHING elsewhere [I]");
    check_equal(info_open(instance, &unfinished, 1, 0, 0, &info), ERROR_NOT_FOUND,
                "4.1/OpenContentInformation/PUBLISHING elsewhere [I]");
    check_equal(agent_call(&agent, AGENT_COMPLETE, NULL, 0, NULL), 0, "2.2/CompleteStream [D]");
    check_equal(info_open(instance, &unfinished, 1, 0, 0, &info), 0,
                "4.1/OpenContentInformation/PUBLISHED elsewhere [D]");

    check_equal(agent_call(&agent, AGENT_UNPUBLISH, &unfinished, 0, NULL), 0, "2.2/Unpublish [D]");
    check_equal(info_retrieve(instance, info, &byte, 1, NULL, NULL), PEERDIST_ERROR_INVALIDATED,
                "4.1/Retrieve after Unpublish elsewhere [I]");
    check_equal(PeerDistServerCloseContentInformation(instance, info), 0, "4.1/Close [D]");
    check_equal(unpublish(instance, &theirs), 0, "8/Q25 another process may unpublish [I]");
    check_equal(agent_call(&agent, AGENT_FETCH, &theirs, 0, NULL), ERROR_NOT_FOUND,
                "2.2/Unpublish by another process [I]");
    check_equal(agent_call(&agent, AGENT_UNPUBLISH, &mine, 0, NULL), 0,
                "8/Q25 another process may unpublish [I]");
    check_equal(info_open(instance, &mine, 1, 0, 0, &info), ERROR_NOT_FOUND,
                "2.2/Unpublish by another process [I]");

    check_equal(agent_call(&agent, AGENT_BEGIN, &unfinished, 1000, NULL), 0,
                "4.1/PublishStream/none [D]");
    check_equal(unpublish(instance, &unfinished), 0, "4.1/Unpublish/PUBLISHING elsewhere [I]");
    check_equal(agent_call(&agent, AGENT_COMPLETE, NULL, 0, NULL), PEERDIST_ERROR_INVALIDATED,
                "4.1/stream after Unpublish elsewhere [I]");

    check_equal(agent_call(&agent, AGENT_PUBLISH, &theirs, CONTENT, NULL), 0, "4.1/publish [D]");
    check_equal(agent_call(&agent, AGENT_SHUTDOWN, NULL, 0, NULL), 0, "2.1/Shutdown [D]");
    check_equal(info_open(instance, &theirs, 1, 0, 0, &info), ERROR_NOT_FOUND,
                "2.1/Shutdown elsewhere removes its publications [D]");
    agent_end(&agent, AGENT_QUIT);
    free(data);
}

enum end { END_KILL, END_LEAVE, END_FAULT };

static void test_death(enum end end)
{
    struct agent agent;
    struct identifier published = identifier_new();
    struct identifier unfinished = identifier_new();
    HANDLE info = NULL;
    HANDLE stream = NULL;
    BYTE *data = pattern_new(CONTENT);
    BYTE byte;

    require(agent_start(&agent, other), "the machine", "no second process: %lu", GetLastError());
    check_equal(agent_call(&agent, AGENT_PUBLISH, &published, CONTENT, NULL), 0, "4.1/publish [D]");
    check_equal(agent_call(&agent, AGENT_BEGIN, &unfinished, 1000, NULL), 0, "4.1/publish [D]");
    check_equal(info_open(instance, &published, 1, 0, 0, &info), 0, "2.2/Open [D]");
    check_equal(info_retrieve(instance, info, &byte, 1, NULL, NULL), 0, "2.2/Retrieve [D]");
    if (end == END_KILL)
        agent_kill(&agent);
    else
        agent_end(&agent, end == END_LEAVE ? AGENT_LEAVE : AGENT_FAULT);
    if (becomes_not_found(&published)) {
        check_equal(info_retrieve(instance, info, &byte, 1, NULL, NULL), PEERDIST_ERROR_INVALIDATED,
                    "4.1/Retrieve after the owner's death [I]");
        check_equal(unpublish(instance, &published), ERROR_NOT_FOUND,
                    "8/Q26 process death is as Shutdown [I]");
        check_equal(publish(instance, &published, data, CONTENT), 0,
                    "8/Q26 another process can publish it [I]");
        check_equal(unpublish(instance, &published), 0, "2.2/Unpublish [D]");
        check_equal(stream_new(instance, &unfinished, 0, NULL, 0, &stream), 0,
                    "8/Q26 unfinished publications end too [I]");
        check_equal(PeerDistServerCloseStreamHandle(instance, stream), 0, "4.1/Close [D]");
    }
    check_equal(PeerDistServerCloseContentInformation(instance, info), 0, "4.1/Close [D]");
    free(data);
}

/* The dead owner's identifier, asked for first by a publisher. */
static void test_inheritance(void)
{
    struct agent agent;
    struct identifier id = identifier_new();
    ULONGLONG end;
    HANDLE stream = NULL;
    DWORD result;

    require(agent_start(&agent, other), "the machine", "no second process: %lu", GetLastError());
    check_equal(agent_call(&agent, AGENT_PUBLISH, &id, CONTENT, NULL), 0, "4.1/publish [D]");
    agent_kill(&agent);
    end = GetTickCount64() + 5000;
    do
        result = stream_new(instance, &id, 0, NULL, 0, &stream);
    while (result == PEERDIST_ERROR_ALREADY_EXISTS && GetTickCount64() < end);
    check_equal(result, 0, "8/Q26 another process can publish it [I]");
    check_equal(PeerDistServerCloseStreamHandle(instance, stream), 0, "4.1/Close [D]");
}

static void test_race(void)
{
    enum { ROUNDS = 40, RUNNERS = 2 };
    struct agent agents[RUNNERS];
    unsigned wins[RUNNERS] = {0};
    unsigned round;
    unsigned i;

    for (i = 0; i < RUNNERS; i++)
        require(agent_start(&agents[i], i == 0 ? NULL : other), "the machine",
                "no second process: %lu", GetLastError());
    for (round = 0; round < ROUNDS; round++) {
        struct identifier id = identifier_new();
        DWORD results[RUNNERS];
        HANDLE info;
        unsigned winners = 0;

        ResetEvent(agent_go());
        for (i = 0; i < RUNNERS; i++)
            check_equal(agent_call(&agents[i], AGENT_RACE, &id, 1 + round * 1000, NULL), 0,
                        "the machine: ready");
        SetEvent(agent_go());
        for (i = 0; i < RUNNERS; i++) {
            results[i] = agent_answer(&agents[i], NULL);
            check(results[i] == 0 || results[i] == PEERDIST_ERROR_ALREADY_EXISTS,
                  "4.1/both publish at once: 0 or 4058 [D]", "round %u: got %lu", round,
                  results[i]);
            winners += results[i] == 0;
            wins[i] += results[i] == 0;
        }
        check(winners == 1, "4.1/both publish at once: exactly one wins [D]", "round %u: %u won",
              round, winners);
        check_equal(info_open(instance, &id, 1, 0, 0, &info), 0, "4.1/the winner's stands [D]");
        PeerDistServerCloseContentInformation(instance, info);
        if (round % 2)
            check_equal(unpublish(instance, &id), 0, "8/Q25 another process may unpublish [I]");
        else
            check_equal(agent_call(&agents[results[0] == 0 ? 0 : 1], AGENT_UNPUBLISH, &id, 0, NULL),
                        0, "2.2/Unpublish [D]");
    }
    for (i = 0; i < RUNNERS; i++)
        agent_end(&agents[i], AGENT_QUIT);
    check(wins[0] + wins[1] == ROUNDS, "4.1/exactly one wins [D]", "%u and %u of %u", wins[0],
          wins[1], (unsigned)ROUNDS);
}

int main(int argc, char **argv)
{
    DWORD length;
    int status;

    if (agent_main(argc, argv, &status))
        return status;
    check_begin("pe.processes", 100);
    length = GetEnvironmentVariableW(L"PEERDIST_TEST_OTHER_WIDTH", other_width, MAX_PATH);
    if (length > 0 && length < MAX_PATH)
        other = other_width;
    instance = instance_new();
    test_visibility();
    test_death(END_KILL);
    test_death(END_LEAVE);
    test_death(END_FAULT);
    test_inheritance();
    test_race();
    PeerDistShutdown(instance);
    return check_end();
}

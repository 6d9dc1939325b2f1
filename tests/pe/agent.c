/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commanded process, and the commanding side of it. */
#include "pe/agent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "pe/check.h"

/* The same in both widths. */
struct message {
    DWORD command;
    DWORD size;
    struct identifier id;
};
struct answer {
    DWORD result;
    DWORD extra;
};

HANDLE agent_go(void)
{
    static HANDLE go;
    SECURITY_ATTRIBUTES inherit = {sizeof(inherit), NULL, TRUE};

    if (go == NULL)
        go = CreateEventW(&inherit, TRUE, FALSE, NULL);
    return go;
}

/* A pipe of which one end is passed on. */
static bool make_pipe(HANDLE *reader, HANDLE *writer, bool pass_reader)
{
    return CreatePipe(reader, writer, NULL, 0) &&
           SetHandleInformation(pass_reader ? *reader : *writer, HANDLE_FLAG_INHERIT,
                                HANDLE_FLAG_INHERIT);
}

bool agent_start(struct agent *agent, const WCHAR *program)
{
    WCHAR path[MAX_PATH];
    WCHAR line[MAX_PATH + 80];
    STARTUPINFOW startup;
    PROCESS_INFORMATION process;
    HANDLE commands = NULL;
    HANDLE answers = NULL;
    bool started;

    memset(agent, 0, sizeof(*agent));
    memset(&startup, 0, sizeof(startup));
    startup.cb = sizeof(startup);
    if (program == NULL) {
        GetModuleFileNameW(NULL, path, MAX_PATH);
        program = path;
    }
    if (!make_pipe(&commands, &agent->to, true) || !make_pipe(&agent->from, &answers, false))
        return false;
    swprintf(line, sizeof(line) / sizeof(*line), L"\"%ls\" agent %lu %lu %lu", program,
             HandleToULong(commands), HandleToULong(answers), HandleToULong(agent_go()));
    started = CreateProcessW(program, line, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &process);
    CloseHandle(commands);
    CloseHandle(answers);
    if (!started) {
        CloseHandle(agent->to);
        CloseHandle(agent->from);
        return false;
    }
    CloseHandle(process.hThread);
    agent->process = process.hProcess;
    return true;
}

void agent_send(struct agent *agent, enum agent_command command, const struct identifier *id,
                DWORD size)
{
    struct message message = {(DWORD)command, size, {0, {0}}};
    DWORD written;

    if (id)
        message.id = *id;
    WriteFile(agent->to, &message, sizeof(message), &written, NULL);
}

DWORD agent_answer(struct agent *agent, DWORD *extra)
{
    struct answer answer;
    DWORD got = 0;

    if (!ReadFile(agent->from, &answer, sizeof(answer), &got, NULL) || got != sizeof(answer))
        return NO_COMPLETION;
    if (extra)
        *extra = answer.extra;
    return answer.result;
}

DWORD agent_call(struct agent *agent, enum agent_command command, const struct identifier *id,
                 DWORD size, DWORD *extra)
{
    agent_send(agent, command, id, size);
    return agent_answer(agent, extra);
}

static void reap(struct agent *agent)
{
    check_equal(WaitForSingleObject(agent->process, WAIT_LIMIT), WAIT_OBJECT_0,
                "the machine: a process ends");
    CloseHandle(agent->process);
    CloseHandle(agent->to);
    CloseHandle(agent->from);
}

void agent_kill(struct agent *agent)
{
    TerminateProcess(agent->process, 9);
    reap(agent);
}

void agent_end(struct agent *agent, enum agent_command command)
{
    agent_send(agent, command, NULL, 0);
    reap(agent);
}

DWORD checksum(const struct blob *blob)
{
    DWORD sum = 2166136261u;
    size_t i;

    for (i = 0; i < blob->size; i++)
        sum = (sum ^ blob->bytes[i]) * 16777619u;
    return sum;
}

/* ---- The other side ------------------------------------------------------------------------- */

static HANDLE instance;
static HANDLE stream;

static DWORD begin(const struct identifier *id, DWORD size)
{
    BYTE *data = pattern_new(size);
    DWORD result = stream_new(instance, id, 0, NULL, 0, &stream);

    if (result == 0)
        result = stream_add(instance, stream, data, size);
    free(data);
    return result;
}

static DWORD complete(void)
{
    DWORD result = stream_complete(instance, stream);

    PeerDistServerCloseStreamHandle(instance, stream);
    return result;
}

/* Lets the process die of the exception without a debugger's report about it. */
static LONG WINAPI die(EXCEPTION_POINTERS *unused)
{
    (void)unused;
    return EXCEPTION_EXECUTE_HANDLER;
}

static void answer(HANDLE to, DWORD result, DWORD extra)
{
    struct answer message = {result, extra};
    DWORD written;

    WriteFile(to, &message, sizeof(message), &written, NULL);
}

static void obey(const struct message *message, HANDLE answers, HANDLE go)
{
    struct blob blob = {NULL, 0};
    DWORD result = 0;
    DWORD extra = 0;

    switch ((enum agent_command)message->command) {
    case AGENT_RACE:
        answer(answers, 0, 0);
        WaitForSingleObject(go, WAIT_LIMIT);
        result = begin(&message->id, message->size);
        if (result == 0)
            result = complete();
        break;
    case AGENT_PUBLISH:
        result = begin(&message->id, message->size);
        if (result == 0)
            result = complete();
        break;
    case AGENT_BEGIN:
        result = begin(&message->id, message->size);
        break;
    case AGENT_COMPLETE:
        result = complete();
        break;
    case AGENT_FETCH:
        result = info_fetch(instance, &message->id, 1, 0, 0, &blob);
        extra = checksum(&blob);
        blob_fini(&blob);
        break;
    case AGENT_UNPUBLISH:
        result = unpublish(instance, &message->id);
        break;
    case AGENT_SHUTDOWN:
        result = PeerDistShutdown(instance);
        instance = instance_new();
        break;
    case AGENT_WIDTH:
        extra = sizeof(void *);
        break;
    case AGENT_LEAVE:
        ExitProcess(0);
    case AGENT_FAULT:
        SetUnhandledExceptionFilter(die);
        RaiseException(EXCEPTION_ACCESS_VIOLATION, EXCEPTION_NONCONTINUABLE, 0, NULL);
        break;
    case AGENT_QUIT:
        break;
    }
    answer(answers, result, extra);
}

bool agent_main(int argc, char **argv, int *status)
{
    struct message message;
    HANDLE commands;
    HANDLE answers;
    HANDLE go;
    DWORD got;

    if (argc != 5 || strcmp(argv[1], "agent") != 0)
        return false;
    commands = ULongToHandle(strtoul(argv[2], NULL, 10));
    answers = ULongToHandle(strtoul(argv[3], NULL, 10));
    go = ULongToHandle(strtoul(argv[4], NULL, 10));
    check_begin("agent", 100);
    instance = instance_new();
    do {
        if (!ReadFile(commands, &message, sizeof(message), &got, NULL) || got != sizeof(message))
            break;
        obey(&message, answers, go);
    } while (message.command != AGENT_QUIT);
    PeerDistShutdown(instance);
    *status = check_end();
    return true;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A second process that a test commands: it is started from the test's own program (or from that of
 * the other width), takes one command at a time through a pipe and answers with the code it got.
 */
#ifndef PEERDIST_TESTS_PE_AGENT_H
#define PEERDIST_TESTS_PE_AGENT_H

#include "pe/support.h"

enum agent_command {
    AGENT_PUBLISH,   /* size bytes of the test content; the publication stays */
    AGENT_BEGIN,     /* opens a stream and adds size bytes; the stream stays open */
    AGENT_COMPLETE,  /* completes and closes that stream */
    AGENT_FETCH,     /* reads the version 1 information; extra is a checksum of it */
    AGENT_UNPUBLISH, /* removes the publication */
    AGENT_RACE,      /* answers at once, waits for `go`, publishes, answers again */
    AGENT_SHUTDOWN,  /* ends its instance and begins another */
    AGENT_WIDTH,     /* extra is the size of a pointer */
    AGENT_LEAVE,     /* ExitProcess without PeerDistShutdown; no answer */
    AGENT_FAULT,     /* an access violation; no answer */
    AGENT_QUIT       /* shuts down and ends; no answer */
};

struct agent {
    HANDLE process;
    HANDLE to;
    HANDLE from;
};

/* Starts one; program NULL: this very program, which must pass its arguments to agent_main. False
 * when it does not start. */
bool agent_start(struct agent *agent, const WCHAR *program);
/* Sends a command and awaits the answer: the code; NO_COMPLETION when there was none. */
DWORD agent_call(struct agent *agent, enum agent_command command, const struct identifier *id,
                 DWORD size, DWORD *extra);
void agent_send(struct agent *agent, enum agent_command command, const struct identifier *id,
                DWORD size);
DWORD agent_answer(struct agent *agent, DWORD *extra);
/* Ends it by force, by command (AGENT_LEAVE, AGENT_FAULT, AGENT_QUIT), and frees it. */
void agent_kill(struct agent *agent);
void agent_end(struct agent *agent, enum agent_command command);

/* The event that all agents of AGENT_RACE wait for; manual reset. */
HANDLE agent_go(void);

/* A checksum of bytes, to compare what two processes read. */
DWORD checksum(const struct blob *blob);

/* In main, first of all: true when this process is an agent, which has then done its work. */
bool agent_main(int argc, char **argv, int *status);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The service in the foreground. */
#ifndef PEERDIST_SERVICE_CONSOLE_H
#define PEERDIST_SERVICE_CONSOLE_H

/* Until Ctrl-C, or until standard input ends where that is a pipe. Gives the exit code. */
int console_run(void);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the service says what it does: a line at a time, without an end of line. */
#ifndef PEERDIST_SERVICE_SERVICE_LOG_H
#define PEERDIST_SERVICE_SERVICE_LOG_H

struct service_log {
    void *context;
    void (*write)(void *context, const char *line); /* from any thread */
};

__attribute__((format(printf, 2, 3))) void service_log(const struct service_log *log,
                                                       const char *format, ...);

#endif

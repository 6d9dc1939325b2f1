/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "service/service_log.h"

#include <stdarg.h>
#include <stdio.h>

void service_log(const struct service_log *log, const char *format, ...)
{
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    log->write(log->context, line);
}

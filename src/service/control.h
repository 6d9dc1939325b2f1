/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The service control manager: being started by it, and being known to it. */
#ifndef PEERDIST_SERVICE_CONTROL_H
#define PEERDIST_SERVICE_CONTROL_H

#include <stdbool.h>

/* Runs as the service until it is stopped. False: nobody but a person started this program. */
bool control_run(void);

/* Exit codes; what goes wrong is said on standard error. */
int control_install(void);
int control_uninstall(void);

#endif

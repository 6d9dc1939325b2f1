/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The service: both server roles, as the settings say, for as long as it runs. Changed settings are
 * in force within a second; a changed port too. */
#ifndef PEERDIST_SERVICE_NODE_H
#define PEERDIST_SERVICE_NODE_H

#include <stdbool.h>

#include "core/status.h"
#include "service/service_log.h"

struct node;
/* The log outlives it. PD_OK also where the settings switch serving off, or the port is in use: it
 * is said, and tried again. PD_NO_MEMORY. */
enum pd_status node_start(const struct service_log *log, struct node **started);
void node_stop(struct node *node); /* NULL allowed */

#endif

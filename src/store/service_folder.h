/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The folder below the stores' root in which the service keeps its own. */
#ifndef PEERDIST_STORE_SERVICE_FOLDER_H
#define PEERDIST_STORE_SERVICE_FOLDER_H

#define SERVICE_FOLDER "PeerDistSvc"

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the header must not declare: nothing before Windows 7 and nothing outside the desktop
 * partition (the enumerators would clash), neither handles nor prototypes in a MIDL build.
 */
#include <peerdist.h>

#ifdef MIDL_PASS
enum { PEERDIST_INSTANCE_HANDLE, PEERDIST_STREAM_HANDLE, PeerDistStartup, PeerDistGetStatusEx };
extern PEERDIST_STATUS abi_status;
extern PEERDIST_CONTENT_TAG abi_tag;
#else
enum {
    PEERDIST_STATUS,
    PEERDIST_STATUS_AVAILABLE,
    PEERDIST_CONTENT_TAG,
    PEERDIST_INSTANCE_HANDLE,
    PeerDistStartup
};
#ifdef PEERDIST_VERSION
#error "PEERDIST_VERSION is visible where the API is not"
#endif
#endif

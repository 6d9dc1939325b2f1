/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one error type of every layer. api/error_map.c turns it into Win32 codes for applications,
 * cli/error_text.c for people. */
#ifndef PEERDIST_CORE_STATUS_H
#define PEERDIST_CORE_STATUS_H

enum pd_status {
    PD_OK = 0,
    PD_INVALID_PARAMETER,
    PD_INVALID_HANDLE,
    PD_NO_MEMORY,
    PD_INSUFFICIENT_BUFFER,
    PD_ABORTED,     /* cancelled, closed or shut down under the operation */
    PD_NOT_FOUND,   /* no such publication for this user */
    PD_DISABLED,    /* switched off by policy or configuration */
    PD_UNAVAILABLE, /* the store cannot be used now */
    PD_TIMEOUT,
    PD_CONTENT_INFO_VERSION_UNSUPPORTED,
    PD_CANNOT_PARSE_CONTENT_INFO,
    PD_MISSING_DATA,
    PD_NO_MORE, /* end reached */
    PD_NOT_INITIALIZED,
    PD_SHUTDOWN_IN_PROGRESS,
    PD_INVALIDATED, /* the handle's object is gone: unpublished, or status loss */
    PD_ALREADY_EXISTS,
    PD_OPERATION_NOT_FOUND, /* nothing to cancel */
    PD_ALREADY_COMPLETED,
    PD_OUT_OF_BOUNDS,
    PD_VERSION_UNSUPPORTED, /* API version */
    PD_ACCESS_DENIED,
    PD_IO_ERROR,         /* a file that is not the store: key file, content file */
    PD_WRONG_PASSPHRASE, /* key file does not decrypt under it, or is none */
    PD_NO_IDENTITY,      /* the calling thread's token does not tell who it is */
    PD_STATUS_COUNT
};

#endif

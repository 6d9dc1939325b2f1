/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The Peer Distribution (BranchCache) API of peerdist.dll: types, constants and the 28 functions.
 *
 * The comments are the reference of this implementation. Names, values, layouts and the behaviour
 * marked [doc] come from Microsoft's published reference (each function's page bears its name; the
 * rules for completions are on the page "About Peer Distribution"). What those pages leave open is
 * this project's reading, marked [ours].
 *
 * "Usual" errors are 6, 87, 1260 and 4065: ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER,
 * ERROR_ACCESS_DISABLED_BY_POLICY, PEERDIST_ERROR_SERVICE_UNAVAILABLE. The order of the checks is
 * ours: the instance handle (6), pointers and values (87), the other handle (6), a handle that a
 * loss of the service or of its publication has killed (4057), policy (1260), the service (4065),
 * and last the state of the object. Besides these every call may give ERROR_NOT_ENOUGH_MEMORY (8),
 * and PEERDIST_ERROR_SHUTDOWN_IN_PROGRESS when another thread ends the instance; calls that take a
 * content identifier give ERROR_CANT_OPEN_ANONYMOUS (1347) where the calling thread's token does
 * not tell whose it is [ours].
 *
 * "Asynchronous": 997 (ERROR_IO_PENDING) means accepted and is the only success; exactly one
 * completion follows and has to be awaited. Any other value means that nothing was started and no
 * completion will come [doc]. The completion can be seen before the call has returned.
 *
 * A completion is a packet on the port the handle was opened with. When OVERLAPPED.hEvent is set it
 * is that event instead, and no packet; with neither it shows in the OVERLAPPED alone [doc; that
 * the two exclude each other is ours]. hEvent is reset when the operation is accepted [ours].
 * OVERLAPPED.Internal is STATUS_PENDING until the end and an NTSTATUS then, InternalHigh the number
 * of bytes. A failure leaves a port as GetQueuedCompletionStatus returning FALSE with its code in
 * GetLastError [doc].
 *
 * From the call to the completion the OVERLAPPED, the buffer and every out pointer of an
 * asynchronous call belong to the library: neither touch nor free them, nor use the OVERLAPPED for
 * a second call [doc].
 *
 * hCompletionPort is duplicated, so that the caller may close it; NULL means none, and
 * ulCompletionKey is then ignored. A value that is no completion port gives 87 [ours]. A call that
 * fails to open something sets the handle it would have returned to NULL [ours].
 */
#ifndef PEERDIST_H
#define PEERDIST_H

#include <winapifamily.h>
#include <windows.h>

#if WINAPI_FAMILY_PARTITION(WINAPI_PARTITION_DESKTOP)

/*
 * Error codes of the API. Windows' winerror.h has them, that of mingw-w64 10 and of Wine 8 does
 * not. They are part of no NTDDI gate there, and of none here.
 */
#ifndef PEERDIST_ERROR_CONTENTINFO_VERSION_UNSUPPORTED
/* The content information is of a version that is not supported, or none fits the request. */
#define PEERDIST_ERROR_CONTENTINFO_VERSION_UNSUPPORTED 4050L
#endif
#ifndef PEERDIST_ERROR_CANNOT_PARSE_CONTENTINFO
/* The content information is malformed or cut short. */
#define PEERDIST_ERROR_CANNOT_PARSE_CONTENTINFO 4051L
#endif
#ifndef PEERDIST_ERROR_MISSING_DATA
/* A read found the data neither here nor at peers; a publication ended short of its length. */
#define PEERDIST_ERROR_MISSING_DATA 4052L
#endif
#ifndef PEERDIST_ERROR_NO_MORE
/* The end is reached, or the offset lies outside the range. */
#define PEERDIST_ERROR_NO_MORE 4053L
#endif
#ifndef PEERDIST_ERROR_NOT_INITIALIZED
/* The content handle has no complete content information yet. */
#define PEERDIST_ERROR_NOT_INITIALIZED 4054L
#endif
#ifndef PEERDIST_ERROR_ALREADY_INITIALIZED
/* Already initialised; this implementation never returns it. */
#define PEERDIST_ERROR_ALREADY_INITIALIZED 4055L
#endif
#ifndef PEERDIST_ERROR_SHUTDOWN_IN_PROGRESS
/* The instance is being shut down by another thread. */
#define PEERDIST_ERROR_SHUTDOWN_IN_PROGRESS 4056L
#endif
#ifndef PEERDIST_ERROR_INVALIDATED
/* The handle is dead (service lost, publication dropped); all that is left is to close it. */
#define PEERDIST_ERROR_INVALIDATED 4057L
#endif
#ifndef PEERDIST_ERROR_ALREADY_EXISTS
/* The identifier is published already, or a registration is active already. */
#define PEERDIST_ERROR_ALREADY_EXISTS 4058L
#endif
#ifndef PEERDIST_ERROR_OPERATION_NOTFOUND
/* No such pending operation to cancel. The documents spell it ..._NOT_FOUND. */
#define PEERDIST_ERROR_OPERATION_NOTFOUND 4059L
#endif
#ifndef PEERDIST_ERROR_ALREADY_COMPLETED
/* The stream or the content information has been completed already. */
#define PEERDIST_ERROR_ALREADY_COMPLETED 4060L
#endif
#ifndef PEERDIST_ERROR_OUT_OF_BOUNDS
/* Beyond the end of the content, or more data than declared. */
#define PEERDIST_ERROR_OUT_OF_BOUNDS 4061L
#endif
#ifndef PEERDIST_ERROR_VERSION_UNSUPPORTED
/* The requested version of the API is not supported. */
#define PEERDIST_ERROR_VERSION_UNSUPPORTED 4062L
#endif
#ifndef PEERDIST_ERROR_INVALID_CONFIGURATION
/* A configured value is bad. */
#define PEERDIST_ERROR_INVALID_CONFIGURATION 4063L
#endif
#ifndef PEERDIST_ERROR_NOT_LICENSED
/* The edition of the system is not licensed; this implementation never returns it. */
#define PEERDIST_ERROR_NOT_LICENSED 4064L
#endif
#ifndef PEERDIST_ERROR_SERVICE_UNAVAILABLE
/* The service, here the store, cannot be used at present. */
#define PEERDIST_ERROR_SERVICE_UNAVAILABLE 4065L
#endif
#ifndef PEERDIST_ERROR_TRUST_FAILURE
/* A peer is not asked for a while, after it gave errors. */
#define PEERDIST_ERROR_TRUST_FAILURE 4066L
#endif

#if NTDDI_VERSION >= NTDDI_WIN7

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Constants ---------------------------------------------------------------------------- */

#if NTDDI_VERSION >= NTDDI_WIN8
/* The version to ask PeerDistStartup for: 2.0. */
#define PEERDIST_VERSION ((DWORD)MAKELONG(2, 0))
#else
/* The version to ask PeerDistStartup for: 1.0. */
#define PEERDIST_VERSION MAKEWORD(1, 0)
#endif

/* dwVersion of PEERDIST_PUBLICATION_OPTIONS; PEERDIST_PUBLICATION_OPTIONS_VERSION is the newest. */
#define PEERDIST_PUBLICATION_OPTIONS_VERSION_1 1L
#if NTDDI_VERSION >= NTDDI_WIN8
#define PEERDIST_PUBLICATION_OPTIONS_VERSION_2 2L
#define PEERDIST_PUBLICATION_OPTIONS_VERSION   PEERDIST_PUBLICATION_OPTIONS_VERSION_2
#else
#define PEERDIST_PUBLICATION_OPTIONS_VERSION PEERDIST_PUBLICATION_OPTIONS_VERSION_1
#endif

/* dwTimeoutInMilliseconds of a read: use the local cache alone, nothing goes over the network. */
#define PEERDIST_READ_TIMEOUT_LOCAL_CACHE_ONLY 0UL
/* dwTimeoutInMilliseconds of a read: 5 seconds. */
#define PEERDIST_READ_TIMEOUT_DEFAULT 0xFFFFFFFEUL

#if NTDDI_VERSION >= NTDDI_WIN8
/* Versions of content information: 1 is the format of Windows 7, 2 that of Windows 8. */
#define PEERDIST_RETRIEVAL_OPTIONS_CONTENTINFO_VERSION_1 1L
#define PEERDIST_RETRIEVAL_OPTIONS_CONTENTINFO_VERSION_2 2L
#define PEERDIST_RETRIEVAL_OPTIONS_CONTENTINFO_VERSION \
    PEERDIST_RETRIEVAL_OPTIONS_CONTENTINFO_VERSION_2
#endif

/* ---- Types -------------------------------------------------------------------------------- */

/* What the service can do at this moment. */
typedef enum {
    PEERDIST_STATUS_DISABLED,    /* 0: switched off by Group Policy or by configuration */
    PEERDIST_STATUS_UNAVAILABLE, /* 1: switched on, but not ready */
    PEERDIST_STATUS_AVAILABLE    /* 2: ready */
} PEERDIST_STATUS;

#if NTDDI_VERSION >= NTDDI_WIN8
/* What PeerDistClientGetInformationByHandle is asked for. */
typedef enum _PEERDIST_CLIENT_INFO_BY_HANDLE_CLASS {
    PeerDistClientBasicInfo = 0,            /* PEERDIST_CLIENT_BASIC_INFO */
    MaximumPeerDistClientInfoByHandlesClass /* the number of classes; never passed */
} PEERDIST_CLIENT_INFO_BY_HANDLE_CLASS,
    *PPEERDIST_CLIENT_INFO_BY_HANDLE_CLASS;
#endif

#ifndef MIDL_PASS
/*
 * Handles: opaque, valid in the process that got them, never NULL and never INVALID_HANDLE_VALUE
 * [ours]. They are no kernel objects: each kind has its own closing function, and a closed, foreign
 * or invented value gives 6. Instance: PeerDistShutdown. Content: PeerDistClientCloseContent.
 * Content information: PeerDistServerCloseContentInformation. Stream:
 * PeerDistServerCloseStreamHandle.
 */
typedef HANDLE PEERDIST_INSTANCE_HANDLE, *PPEERDIST_INSTANCE_HANDLE;
typedef HANDLE PEERDIST_CONTENT_HANDLE, *PPEERDIST_CONTENT_HANDLE;
typedef HANDLE PEERDIST_CONTENTINFO_HANDLE, *PPEERDIST_CONTENTINFO_HANDLE;
typedef HANDLE PEERDIST_STREAM_HANDLE, *PPEERDIST_STREAM_HANDLE;
#endif

/* Options of PeerDistServerPublishStream. NULL there stands for version 1 [ours]. */
typedef struct peerdist_publication_options_tag {
    DWORD dwVersion; /* 1 or 2: version of the API the caller was written for; others give 87 */
    DWORD dwFlags;   /* reserved; ignored [ours] */
} PEERDIST_PUBLICATION_OPTIONS, *PPEERDIST_PUBLICATION_OPTIONS;
typedef const PEERDIST_PUBLICATION_OPTIONS *PCPEERDIST_PUBLICATION_OPTIONS;

/* A label of the caller's choice for what a content handle brings into the cache. */
typedef struct peerdist_content_tag_tag {
    BYTE Data[16];
} PEERDIST_CONTENT_TAG, *PPEERDIST_CONTENT_TAG;
typedef const PEERDIST_CONTENT_TAG *PCPEERDIST_CONTENT_TAG;

#if NTDDI_VERSION >= NTDDI_WIN8
/* The versions of content information that the client which asks the server can read. */
typedef struct peerdist_retrieval_options_tag {
    DWORD cbSize;                  /* bytes of this structure, 16; less gives 87 [ours] */
    DWORD dwContentInfoMinVersion; /* 1 or 2 */
    DWORD dwContentInfoMaxVersion; /* 1 or 2, not below the minimum */
    DWORD dwReserved;              /* set it to 0; ignored [ours] */
} PEERDIST_RETRIEVAL_OPTIONS, *PPEERDIST_RETRIEVAL_OPTIONS;
typedef const PEERDIST_RETRIEVAL_OPTIONS *PCPEERDIST_RETRIEVAL_OPTIONS;

/* The status, and the versions of content information that this side can make and read. */
typedef struct peerdist_status_info_tag {
    DWORD cbSize;           /* in: bytes of this structure, 16; less gives 87 [ours] */
    PEERDIST_STATUS status; /* out */
    DWORD dwMinVer;         /* out: lowest version, 1 or 2 */
    DWORD dwMaxVer;         /* out: highest version, 1 or 2 */
} PEERDIST_STATUS_INFO, *PPEERDIST_STATUS_INFO;
typedef const PEERDIST_STATUS_INFO *PCPEERDIST_STATUS_INFO;

/* Facts about an open content handle. */
typedef struct _PEERDIST_CLIENT_BASIC_INFO {
    BOOL fFlashCrowd; /* TRUE: many clients of the branch fetch this content at the moment */
} PEERDIST_CLIENT_BASIC_INFO, *PPEERDIST_CLIENT_BASIC_INFO;
#endif

#ifndef MIDL_PASS

/* ---- Instance and status ------------------------------------------------------------------ */

/*
 * Creates an instance; comes before every other call. Several in one process are allowed [ours],
 * and the service need not be available. dwVersionRequested: lowest version wanted, major in the
 * low byte, minor in the next one: 0x0001 and 0x0002 are accepted [ours]. phPeerDist: receives the
 * instance; end it with one PeerDistShutdown. pdwSupportedVersion: may be NULL; receives the
 * highest version supported, 0x0002, also when the requested one is refused [ours]. Returns 0, 87
 * (phPeerDist NULL), or PEERDIST_ERROR_VERSION_UNSUPPORTED.
 */
DWORD WINAPI PeerDistStartup(DWORD dwVersionRequested, PPEERDIST_INSTANCE_HANDLE phPeerDist,
                             PDWORD pdwSupportedVersion);

/*
 * Ends an instance: aborts what is pending, registration included, removes every publication made
 * through it [doc], and makes its other handles invalid. All completions (995, 0 bytes) are posted
 * before it returns [ours].
 * Returns 0 or 6.
 */
DWORD WINAPI PeerDistShutdown(PEERDIST_INSTANCE_HANDLE hPeerDist);

/*
 * The status of the service now. When it falls to disabled or unavailable by policy, open content,
 * content information and stream handles are dead for good and have to be closed.
 * Returns 0, 6, or 87 (pPeerDistStatus NULL); never 1260 or 4065 [ours].
 */
DWORD WINAPI PeerDistGetStatus(PEERDIST_INSTANCE_HANDLE hPeerDist,
                               PEERDIST_STATUS *pPeerDistStatus);

/*
 * Asynchronous, with a port of its own: completes once, when the status differs from the one this
 * instance was last notified of. Before the first notification that is DISABLED, so that a first
 * registration completes at once where the service is available. Re-arm it after each completion.
 * An instance has one registration at a time, this function and its Ex form together.
 * lpOverlapped: hEvent, when set, is signalled. The completion carries 0 bytes.
 * pPeerDistStatus: receives the status, at once and again with the completion [ours]; keep it
 * alive. Returns 997; 6, 87, or PEERDIST_ERROR_ALREADY_EXISTS while a registration is active
 * [ours]. Completes with 0, or 995 (unregistered, or shut down).
 */
DWORD WINAPI PeerDistRegisterForStatusChangeNotification(PEERDIST_INSTANCE_HANDLE hPeerDist,
                                                         HANDLE hCompletionPort,
                                                         ULONG_PTR ulCompletionKey,
                                                         LPOVERLAPPED lpOverlapped,
                                                         PEERDIST_STATUS *pPeerDistStatus);

/*
 * Cancels the registration, made with either form. Its completion (995) is posted before this
 * returns [ours]. That nothing is registered is no error [ours].
 * Returns 0 or 6.
 */
DWORD WINAPI PeerDistUnregisterForStatusChangeNotification(PEERDIST_INSTANCE_HANDLE hPeerDist);

#if NTDDI_VERSION >= NTDDI_WIN8

/*
 * PeerDistGetStatus with the range of content information versions. cbSize has to be set before.
 * Returns 0, 6, or 87 (NULL, or cbSize below 16) [ours].
 */
DWORD WINAPI PeerDistGetStatusEx(PEERDIST_INSTANCE_HANDLE hPeerDist,
                                 PEERDIST_STATUS_INFO *pPeerDistStatus);

/*
 * PeerDistRegisterForStatusChangeNotification, filling a PEERDIST_STATUS_INFO; cbSize has to be set
 * before, below 16 gives 87. Success is 997 as there; the page of this form says 0, against the
 * rule for all asynchronous calls.
 */
DWORD WINAPI PeerDistRegisterForStatusChangeNotificationEx(PEERDIST_INSTANCE_HANDLE hPeerDist,
                                                           HANDLE hCompletionPort,
                                                           ULONG_PTR ulCompletionKey,
                                                           LPOVERLAPPED lpOverlapped,
                                                           PEERDIST_STATUS_INFO *pPeerDistStatus);

/*
 * The result of an asynchronous call of this API, in place of GetOverlappedResult; hEvent need not
 * be set. Call it before the OVERLAPPED is freed or used again. lpNumberOfBytesTransferred:
 * receives the byte count of a finished operation, failed ones included (a read reports the length
 * of the missing range there); untouched while it is pending. bWait: TRUE blocks until the
 * operation is finished. Returns TRUE for success; else FALSE and in GetLastError the code of the
 * failed operation, ERROR_IO_INCOMPLETE (996) when pending, or 87 (NULL pointer) [ours].
 */
BOOL WINAPI PeerDistGetOverlappedResult(LPOVERLAPPED lpOverlapped,
                                        LPDWORD lpNumberOfBytesTransferred, BOOL bWait);

#endif

/* ---- Server: publishing content ----------------------------------------------------------- */

/*
 * Content identifiers are bytes without meaning to the library, compared with their length, 1 to
 * 1048576 of them [ours]; NULL or another length gives 87. They are copied during the call. A
 * publication belongs to the user of the calling thread's token (impersonation counts) and is seen
 * by all processes of that user, and by nobody else [doc]. It ends with PeerDistServerUnpublish,
 * with the PeerDistShutdown of the instance that made it, or with that process.
 */

/*
 * Begins a publication. It becomes visible when PeerDistServerPublishCompleteStream has completed;
 * closing the stream handle before that drops it.
 * cbContentLength: bytes of the content, which the data added must match exactly; 0: not known yet.
 * pPublishOptions: may be NULL.
 * hCompletionPort, ulCompletionKey: for AddToStream and CompleteStream on this stream.
 * phStream: receives the stream; close it with PeerDistServerCloseStreamHandle.
 * Returns 0, or PEERDIST_ERROR_ALREADY_EXISTS (published, or being published, by this user). Usual:
 * 6, 87, 1260, 4065.
 */
DWORD WINAPI PeerDistServerPublishStream(PEERDIST_INSTANCE_HANDLE hPeerDist,
                                         DWORD cbContentIdentifier, PBYTE pContentIdentifier,
                                         ULONGLONG cbContentLength,
                                         PCPEERDIST_PUBLICATION_OPTIONS pPublishOptions,
                                         HANDLE hCompletionPort, ULONG_PTR ulCompletionKey,
                                         PPEERDIST_STREAM_HANDLE phStream);

/*
 * Asynchronous. Appends the next cbNumberOfBytes bytes of the content. Await each completion before
 * the next call [doc]; calls that come earlier are queued in order [ours]. 0 bytes are allowed, and
 * pBuffer may then be NULL [ours]. Offset and OffsetHigh are not used.
 * Returns 997; PEERDIST_ERROR_ALREADY_COMPLETED after CompleteStream, PEERDIST_ERROR_INVALIDATED
 * when the publication is gone [ours]. Usual: 6, 87, 1260, 4065. Completes with 0 and
 * cbNumberOfBytes bytes; or 995 (cancelled), PEERDIST_ERROR_OUT_OF_BOUNDS (more than the declared
 * length), 4057, 4065, with 0 bytes. A failure drops the publication [ours].
 */
DWORD WINAPI PeerDistServerPublishAddToStream(PEERDIST_INSTANCE_HANDLE hPeerDist,
                                              PEERDIST_STREAM_HANDLE hStream, DWORD cbNumberOfBytes,
                                              PBYTE pBuffer, LPOVERLAPPED lpOverlapped);

/*
 * Asynchronous. Ends the content; once it has completed the content is published, and only then can
 * its content information be opened. The stream handle stays open. Offset, OffsetHigh: not used.
 * Returns as PeerDistServerPublishAddToStream.
 * Completes with 0; or 995, PEERDIST_ERROR_MISSING_DATA (less than the declared length), 4057,
 * 4065. The byte count is 0. A failure drops the publication [ours].
 */
DWORD WINAPI PeerDistServerPublishCompleteStream(PEERDIST_INSTANCE_HANDLE hPeerDist,
                                                 PEERDIST_STREAM_HANDLE hStream,
                                                 LPOVERLAPPED lpOverlapped);

/*
 * Closes a stream handle. What is pending on it completes first, as aborted (995, 0 bytes) [ours].
 * A finished publication stays; an unfinished one is dropped. Returns 0 or 6.
 */
DWORD WINAPI PeerDistServerCloseStreamHandle(PEERDIST_INSTANCE_HANDLE hPeerDist,
                                             PEERDIST_STREAM_HANDLE hStream);

/*
 * Removes a publication of the calling user, made by any instance [ours], finished or not, and
 * aborts what is pending on it through this instance. Handles to it stay open: their calls give
 * 4057 and they have to be closed. Returns 0, or ERROR_NOT_FOUND (1168) [ours]. Usual: 6, 87, 1260,
 * 4065.
 */
DWORD WINAPI PeerDistServerUnpublish(PEERDIST_INSTANCE_HANDLE hPeerDist, DWORD cbContentIdentifier,
                                     PBYTE pContentIdentifier);

/* ---- Server: handing out content information ---------------------------------------------- */

/*
 * Opens the version 1 content information [ours] of a byte range of published content. It holds
 * secrets: who has it can fetch and read the content from peers.
 * ullContentOffset, cbContentLength: the range in bytes; both 0 stand for the whole content. A
 * range that reaches beyond the content, or overflows, gives PEERDIST_ERROR_OUT_OF_BOUNDS; an
 * offset with length 0 gives 87 [ours]. hCompletionPort, ulCompletionKey: for
 * PeerDistServerRetrieveContentInformation. phContentInfo: receives the handle; close it with
 * PeerDistServerCloseContentInformation. Returns 0, or ERROR_NOT_FOUND (1168): not published, or
 * not finished. The documents name a PEERDIST_ERROR_NOT_FOUND that does not exist. Usual: 6, 87,
 * 1260, 4065.
 */
DWORD WINAPI PeerDistServerOpenContentInformation(
    PEERDIST_INSTANCE_HANDLE hPeerDist, DWORD cbContentIdentifier, PBYTE pContentIdentifier,
    ULONGLONG ullContentOffset, ULONGLONG cbContentLength, HANDLE hCompletionPort,
    ULONG_PTR ulCompletionKey, PPEERDIST_CONTENTINFO_HANDLE phContentInfo);

#if NTDDI_VERSION >= NTDDI_WIN8
/*
 * The same with the versions that the requesting client can read; the highest one in the range that
 * is enabled here is chosen [ours].
 * pRetrievalOptions: required. NULL, cbSize below 16, or a minimum above the maximum give 87; no
 *   version in common gives PEERDIST_ERROR_CONTENTINFO_VERSION_UNSUPPORTED [ours].
 */
DWORD WINAPI PeerDistServerOpenContentInformationEx(
    PEERDIST_INSTANCE_HANDLE hPeerDist, DWORD cbContentIdentifier, PBYTE pContentIdentifier,
    ULONGLONG ullContentOffset, ULONGLONG cbContentLength,
    PEERDIST_RETRIEVAL_OPTIONS *pRetrievalOptions, HANDLE hCompletionPort,
    ULONG_PTR ulCompletionKey, PPEERDIST_CONTENTINFO_HANDLE phContentInfo);
#endif

/*
 * Asynchronous. Reads the next part of the encoded content information; the handle keeps the
 * position, and calls are served in order [ours].
 * cbMaxNumberOfBytes: bytes at pBuffer; 0 gives 87 [ours].
 * lpOverlapped: Offset and OffsetHigh are ignored on input [ours] and hold, after success, the
 *   position of this part within the content information.
 * Returns 997; PEERDIST_ERROR_NO_MORE at the end when nothing is pending; 4057 when the content was
 * unpublished [ours]. Usual: 6, 87, 1260, 4065.
 * Completes with 0 and the number of bytes written, at most cbMaxNumberOfBytes; or 995, 4053, 4057,
 * 4065, with 0 bytes.
 */
DWORD WINAPI PeerDistServerRetrieveContentInformation(PEERDIST_INSTANCE_HANDLE hPeerDist,
                                                      PEERDIST_CONTENTINFO_HANDLE hContentInfo,
                                                      DWORD cbMaxNumberOfBytes, PBYTE pBuffer,
                                                      LPOVERLAPPED lpOverlapped);

/*
 * Closes a content information handle; what is pending on it completes first, as aborted.
 * Returns 0 or 6; policy never prevents it [ours].
 */
DWORD WINAPI PeerDistServerCloseContentInformation(PEERDIST_INSTANCE_HANDLE hPeerDist,
                                                   PEERDIST_CONTENTINFO_HANDLE hContentInfo);

/*
 * Cancels one pending AddToStream, CompleteStream or Retrieve, found by the content's identifier
 * and the address of its OVERLAPPED. Returns after the completion has been posted; that completion
 * may still be another one, which came first [doc]. Returns 0, with 995 in GetLastError [ours], or
 * PEERDIST_ERROR_OPERATION_NOTFOUND: nothing such is pending. Usual: 6, 87, 1260, 4065.
 */
DWORD WINAPI PeerDistServerCancelAsyncOperation(PEERDIST_INSTANCE_HANDLE hPeerDist,
                                                DWORD cbContentIdentifier, PBYTE pContentIdentifier,
                                                LPOVERLAPPED pOverlapped);

/* ---- Client: reading content -------------------------------------------------------------- */

/*
 * Opens a handle to read one content with; which one is said by the content information added next.
 * pContentTag: a label for PeerDistClientFlushContent; handles may share one [ours].
 * hCompletionPort, ulCompletionKey: for the five asynchronous calls on this handle.
 * phContentHandle: receives the handle; close it with PeerDistClientCloseContent.
 * Returns 0. Usual: 6, 87, 1260, 4065.
 */
DWORD WINAPI PeerDistClientOpenContent(PEERDIST_INSTANCE_HANDLE hPeerDist,
                                       PCPEERDIST_CONTENT_TAG pContentTag, HANDLE hCompletionPort,
                                       ULONG_PTR ulCompletionKey,
                                       PPEERDIST_CONTENT_HANDLE phContentHandle);

/*
 * Closes a content handle; what is pending on it completes first, as aborted (995, 0 bytes). Cached
 * data stays in the cache [ours].
 * Returns 0 or 6.
 */
DWORD WINAPI PeerDistClientCloseContent(PEERDIST_INSTANCE_HANDLE hPeerDist,
                                        PEERDIST_CONTENT_HANDLE hContentHandle);

/*
 * Asynchronous. Gives the handle the next part of the content information, cut anywhere. Await each
 * completion before the next call [doc]. 0 bytes are allowed. Offset, OffsetHigh: not used.
 * Returns 997; PEERDIST_ERROR_ALREADY_COMPLETED after CompleteContentInformation [ours], 4057.
 * Usual: 6, 87, 1260, 4065. Completes with 0 and cbNumberOfBytes bytes;
 * PEERDIST_ERROR_CONTENTINFO_VERSION_UNSUPPORTED or PEERDIST_ERROR_CANNOT_PARSE_CONTENTINFO as soon
 * as the information is seen to be bad [ours].
 */
DWORD WINAPI PeerDistClientAddContentInformation(PEERDIST_INSTANCE_HANDLE hPeerDist,
                                                 PEERDIST_CONTENT_HANDLE hContentHandle,
                                                 DWORD cbNumberOfBytes, PBYTE pBuffer,
                                                 LPOVERLAPPED lpOverlapped);

/*
 * Asynchronous. Says that the content information is complete; reads are allowed once this has
 * completed. Returns as PeerDistClientAddContentInformation.
 * Completes with 0, or PEERDIST_ERROR_CANNOT_PARSE_CONTENTINFO when it is cut short; 0 bytes
 * [ours].
 */
DWORD WINAPI PeerDistClientCompleteContentInformation(PEERDIST_INSTANCE_HANDLE hPeerDist,
                                                      PEERDIST_CONTENT_HANDLE hContentHandle,
                                                      LPOVERLAPPED lpOverlapped);

/*
 * Asynchronous. Puts data that was fetched elsewhere into the local cache, from where verified data
 * is shared with peers.
 * lpOverlapped: Offset and OffsetHigh hold the position of the data, from the start of the content.
 * Returns 997; PEERDIST_ERROR_NOT_INITIALIZED before the content information is complete [ours],
 * 4057. Usual: 6, 87, 1260, 4065.
 * Completes with 0 and cbNumberOfBytes bytes, or PEERDIST_ERROR_OUT_OF_BOUNDS: offset past the end.
 */
DWORD WINAPI PeerDistClientAddData(PEERDIST_INSTANCE_HANDLE hPeerDist,
                                   PEERDIST_CONTENT_HANDLE hContentHandle, DWORD cbNumberOfBytes,
                                   PBYTE pBuffer, LPOVERLAPPED lpOverlapped);

/*
 * Asynchronous. Reads at the position in Offset and OffsetHigh, from the start of the content.
 * cbMaxNumberOfBytes: bytes at pBuffer; 0 asks how many consecutive bytes the local cache holds
 *   there, reads nothing and asks no peer; pBuffer may then be NULL.
 * dwTimeoutInMilliseconds: milliseconds, or one of the PEERDIST_READ_TIMEOUT constants.
 * Returns 997; PEERDIST_ERROR_NOT_INITIALIZED [ours], 4057. Usual: 6, 87, 1260, 4065.
 * Completes with 0, the position in Offset and OffsetHigh, and the number of bytes read, often
 * fewer than asked for; with PEERDIST_ERROR_MISSING_DATA or ERROR_TIMEOUT (1460) and the missing
 * range: start in Offset and OffsetHigh, length as the byte count; with PEERDIST_ERROR_NO_MORE
 * outside the range that the content information describes; with 995.
 */
DWORD WINAPI PeerDistClientBlockRead(PEERDIST_INSTANCE_HANDLE hPeerDist,
                                     PEERDIST_CONTENT_HANDLE hContentHandle,
                                     DWORD cbMaxNumberOfBytes, PBYTE pBuffer,
                                     DWORD dwTimeoutInMilliseconds, LPOVERLAPPED lpOverlapped);

/*
 * PeerDistClientBlockRead at a position that the handle keeps, beginning at the start of the range.
 * The input Offset is ignored; reads are served first in, first out; success moves the position by
 * the bytes read, MISSING_DATA and ERROR_TIMEOUT move it over the missing range. A query (0 bytes)
 * and a cancelled read do not move it [ours].
 */
DWORD WINAPI PeerDistClientStreamRead(PEERDIST_INSTANCE_HANDLE hPeerDist,
                                      PEERDIST_CONTENT_HANDLE hContentHandle,
                                      DWORD cbMaxNumberOfBytes, PBYTE pBuffer,
                                      DWORD dwTimeoutInMilliseconds, LPOVERLAPPED lpOverlapped);

/*
 * Asynchronous, with a port of its own. Removes from the local cache what came in under this tag.
 * Only PeerDistShutdown cancels it [ours].
 * Returns 997. Usual: 6, 87, 1260, 4065. Completes with 0, unknown tags included, and 0 bytes.
 */
DWORD WINAPI PeerDistClientFlushContent(PEERDIST_INSTANCE_HANDLE hPeerDist,
                                        PCPEERDIST_CONTENT_TAG pContentTag, HANDLE hCompletionPort,
                                        ULONG_PTR ulCompletionKey, LPOVERLAPPED lpOverlapped);

/*
 * Cancels one operation of a content handle, or all of them when pOverlapped is NULL. Otherwise as
 * PeerDistServerCancelAsyncOperation; 4059 also when NULL finds nothing pending [ours].
 */
DWORD WINAPI PeerDistClientCancelAsyncOperation(PEERDIST_INSTANCE_HANDLE hPeerDist,
                                                PEERDIST_CONTENT_HANDLE hContentHandle,
                                                LPOVERLAPPED pOverlapped);

#if NTDDI_VERSION >= NTDDI_WIN8
/*
 * Facts about an open content handle.
 * PeerDistClientInfoClass: PeerDistClientBasicInfo; others give 87 [ours].
 * dwBufferSize: bytes at lpInformation; too few give ERROR_INSUFFICIENT_BUFFER (122) [ours].
 * Returns 0. Usual: 6, 87, 1260, 4065.
 */
DWORD WINAPI PeerDistClientGetInformationByHandle(
    PEERDIST_INSTANCE_HANDLE hPeerDist, PEERDIST_CONTENT_HANDLE hContentHandle,
    PEERDIST_CLIENT_INFO_BY_HANDLE_CLASS PeerDistClientInfoClass, DWORD dwBufferSize,
    LPVOID lpInformation);
#endif

#endif /* MIDL_PASS */

#ifdef __cplusplus
}
#endif

#endif /* NTDDI_VERSION >= NTDDI_WIN7 */
#endif /* WINAPI_PARTITION_DESKTOP */
#endif /* PEERDIST_H */

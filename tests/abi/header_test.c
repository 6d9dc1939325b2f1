/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A second transcription of the public interface, from Microsoft's reference pages, held against
 * peerdist.h by the compiler. header.sh compiles it as C and as C++, for Windows 7 and for Windows
 * 8, in both widths; there is nothing to run.
 */
#include <peerdist.h>
#include <assert.h>
#include <stddef.h>

#ifndef __cplusplus
#include <stdalign.h>
#endif

#define VALUE(constant, expected) static_assert((constant) == (expected), #constant)
#define MEMBER(type, member, offset, size)                                                     \
    static_assert(offsetof(type, member) == (offset) && sizeof(((type *)0)->member) == (size), \
                  #type "." #member)
#define SIZE(type, size, alignment) \
    static_assert(sizeof(type) == (size) && alignof(type) == (alignment), #type)
/* A pointer of exactly this type, calling convention included, takes the function. */
#define FUNCTION(name, result, arguments)              \
    extern result(WINAPI *const abi_##name) arguments; \
    result(WINAPI *const abi_##name) arguments = name
/* Both are the same type: otherwise the pointers differ. */
#define SAME_TYPE(type, expected) \
    extern type *abi_same_##type; \
    extern expected *abi_same_##type

VALUE(PEERDIST_STATUS_DISABLED, 0);
VALUE(PEERDIST_STATUS_UNAVAILABLE, 1);
VALUE(PEERDIST_STATUS_AVAILABLE, 2);
VALUE(PEERDIST_PUBLICATION_OPTIONS_VERSION_1, 1);
VALUE(PEERDIST_READ_TIMEOUT_LOCAL_CACHE_ONLY, 0);
VALUE(PEERDIST_READ_TIMEOUT_DEFAULT, 0xFFFFFFFEu);
static_assert(sizeof(PEERDIST_STATUS) == 4, "an enumeration is 32 bits");

#if NTDDI_VERSION >= 0x06020000
VALUE(PEERDIST_VERSION, 0x00000002u);
static_assert(sizeof(PEERDIST_VERSION) == sizeof(DWORD), "PEERDIST_VERSION is a DWORD");
VALUE(PEERDIST_PUBLICATION_OPTIONS_VERSION_2, 2);
VALUE(PEERDIST_PUBLICATION_OPTIONS_VERSION, 2);
VALUE(PEERDIST_RETRIEVAL_OPTIONS_CONTENTINFO_VERSION_1, 1);
VALUE(PEERDIST_RETRIEVAL_OPTIONS_CONTENTINFO_VERSION_2, 2);
VALUE(PEERDIST_RETRIEVAL_OPTIONS_CONTENTINFO_VERSION, 2);
VALUE(PeerDistClientBasicInfo, 0);
VALUE(MaximumPeerDistClientInfoByHandlesClass, 1);
#else
VALUE(PEERDIST_VERSION, 0x0001);
static_assert(sizeof(PEERDIST_VERSION) == sizeof(WORD), "PEERDIST_VERSION is a WORD");
VALUE(PEERDIST_PUBLICATION_OPTIONS_VERSION, 1);
#if defined(PEERDIST_PUBLICATION_OPTIONS_VERSION_2) || \
    defined(PEERDIST_RETRIEVAL_OPTIONS_CONTENTINFO_VERSION)
#error "a Windows 8 constant is visible to Windows 7"
#endif
/* Were one of the Windows 8 names declared, these would clash with it. */
enum {
    PeerDistClientBasicInfo,
    MaximumPeerDistClientInfoByHandlesClass,
    PeerDistGetStatusEx,
    PeerDistRegisterForStatusChangeNotificationEx,
    PeerDistGetOverlappedResult,
    PeerDistServerOpenContentInformationEx,
    PeerDistClientGetInformationByHandle,
    PEERDIST_RETRIEVAL_OPTIONS,
    PEERDIST_STATUS_INFO,
    PEERDIST_CLIENT_BASIC_INFO
};
#endif

VALUE(PEERDIST_ERROR_CONTENTINFO_VERSION_UNSUPPORTED, 0xFD2);
VALUE(PEERDIST_ERROR_CANNOT_PARSE_CONTENTINFO, 0xFD3);
VALUE(PEERDIST_ERROR_MISSING_DATA, 0xFD4);
VALUE(PEERDIST_ERROR_NO_MORE, 0xFD5);
VALUE(PEERDIST_ERROR_NOT_INITIALIZED, 0xFD6);
VALUE(PEERDIST_ERROR_ALREADY_INITIALIZED, 0xFD7);
VALUE(PEERDIST_ERROR_SHUTDOWN_IN_PROGRESS, 0xFD8);
VALUE(PEERDIST_ERROR_INVALIDATED, 0xFD9);
VALUE(PEERDIST_ERROR_ALREADY_EXISTS, 0xFDA);
VALUE(PEERDIST_ERROR_OPERATION_NOTFOUND, 0xFDB);
VALUE(PEERDIST_ERROR_ALREADY_COMPLETED, 0xFDC);
VALUE(PEERDIST_ERROR_OUT_OF_BOUNDS, 0xFDD);
VALUE(PEERDIST_ERROR_VERSION_UNSUPPORTED, 0xFDE);
VALUE(PEERDIST_ERROR_INVALID_CONFIGURATION, 0xFDF);
VALUE(PEERDIST_ERROR_NOT_LICENSED, 0xFE0);
VALUE(PEERDIST_ERROR_SERVICE_UNAVAILABLE, 0xFE1);
VALUE(PEERDIST_ERROR_TRUST_FAILURE, 0xFE2);
VALUE(ERROR_ACCESS_DISABLED_BY_POLICY, 1260);

SAME_TYPE(PEERDIST_INSTANCE_HANDLE, HANDLE);
SAME_TYPE(PEERDIST_CONTENT_HANDLE, HANDLE);
SAME_TYPE(PEERDIST_CONTENTINFO_HANDLE, HANDLE);
SAME_TYPE(PEERDIST_STREAM_HANDLE, HANDLE);
SAME_TYPE(PPEERDIST_INSTANCE_HANDLE, HANDLE *);
SAME_TYPE(PPEERDIST_CONTENT_HANDLE, HANDLE *);
SAME_TYPE(PPEERDIST_CONTENTINFO_HANDLE, HANDLE *);
SAME_TYPE(PPEERDIST_STREAM_HANDLE, HANDLE *);

SIZE(PEERDIST_PUBLICATION_OPTIONS, 8, 4);
MEMBER(PEERDIST_PUBLICATION_OPTIONS, dwVersion, 0, 4);
MEMBER(PEERDIST_PUBLICATION_OPTIONS, dwFlags, 4, 4);
SAME_TYPE(PPEERDIST_PUBLICATION_OPTIONS, struct peerdist_publication_options_tag *);
SAME_TYPE(PCPEERDIST_PUBLICATION_OPTIONS, const struct peerdist_publication_options_tag *);

SIZE(PEERDIST_CONTENT_TAG, 16, 1);
MEMBER(PEERDIST_CONTENT_TAG, Data, 0, 16);
SAME_TYPE(PPEERDIST_CONTENT_TAG, struct peerdist_content_tag_tag *);
SAME_TYPE(PCPEERDIST_CONTENT_TAG, const struct peerdist_content_tag_tag *);

#if NTDDI_VERSION >= 0x06020000
SIZE(PEERDIST_RETRIEVAL_OPTIONS, 16, 4);
MEMBER(PEERDIST_RETRIEVAL_OPTIONS, cbSize, 0, 4);
MEMBER(PEERDIST_RETRIEVAL_OPTIONS, dwContentInfoMinVersion, 4, 4);
MEMBER(PEERDIST_RETRIEVAL_OPTIONS, dwContentInfoMaxVersion, 8, 4);
MEMBER(PEERDIST_RETRIEVAL_OPTIONS, dwReserved, 12, 4);
SAME_TYPE(PPEERDIST_RETRIEVAL_OPTIONS, struct peerdist_retrieval_options_tag *);
SAME_TYPE(PCPEERDIST_RETRIEVAL_OPTIONS, const struct peerdist_retrieval_options_tag *);

SIZE(PEERDIST_STATUS_INFO, 16, 4);
MEMBER(PEERDIST_STATUS_INFO, cbSize, 0, 4);
MEMBER(PEERDIST_STATUS_INFO, status, 4, 4);
MEMBER(PEERDIST_STATUS_INFO, dwMinVer, 8, 4);
MEMBER(PEERDIST_STATUS_INFO, dwMaxVer, 12, 4);
SAME_TYPE(PPEERDIST_STATUS_INFO, struct peerdist_status_info_tag *);
SAME_TYPE(PCPEERDIST_STATUS_INFO, const struct peerdist_status_info_tag *);

SIZE(PEERDIST_CLIENT_BASIC_INFO, 4, 4);
MEMBER(PEERDIST_CLIENT_BASIC_INFO, fFlashCrowd, 0, 4);
SAME_TYPE(PPEERDIST_CLIENT_BASIC_INFO, struct _PEERDIST_CLIENT_BASIC_INFO *);
SAME_TYPE(PPEERDIST_CLIENT_INFO_BY_HANDLE_CLASS, enum _PEERDIST_CLIENT_INFO_BY_HANDLE_CLASS *);
#endif

#ifdef _WIN64
SIZE(OVERLAPPED, 32, 8);
MEMBER(OVERLAPPED, hEvent, 24, 8);
#else
SIZE(OVERLAPPED, 20, 4);
MEMBER(OVERLAPPED, hEvent, 16, 4);
#endif

FUNCTION(PeerDistStartup, DWORD, (DWORD, HANDLE *, DWORD *));
FUNCTION(PeerDistShutdown, DWORD, (HANDLE));
FUNCTION(PeerDistGetStatus, DWORD, (HANDLE, PEERDIST_STATUS *));
FUNCTION(PeerDistRegisterForStatusChangeNotification, DWORD,
         (HANDLE, HANDLE, ULONG_PTR, OVERLAPPED *, PEERDIST_STATUS *));
FUNCTION(PeerDistUnregisterForStatusChangeNotification, DWORD, (HANDLE));
FUNCTION(PeerDistServerPublishStream, DWORD,
         (HANDLE, DWORD, BYTE *, ULONGLONG, const PEERDIST_PUBLICATION_OPTIONS *, HANDLE, ULONG_PTR,
          HANDLE *));
FUNCTION(PeerDistServerPublishAddToStream, DWORD, (HANDLE, HANDLE, DWORD, BYTE *, OVERLAPPED *));
FUNCTION(PeerDistServerPublishCompleteStream, DWORD, (HANDLE, HANDLE, OVERLAPPED *));
FUNCTION(PeerDistServerCloseStreamHandle, DWORD, (HANDLE, HANDLE));
FUNCTION(PeerDistServerUnpublish, DWORD, (HANDLE, DWORD, BYTE *));
FUNCTION(PeerDistServerOpenContentInformation, DWORD,
         (HANDLE, DWORD, BYTE *, ULONGLONG, ULONGLONG, HANDLE, ULONG_PTR, HANDLE *));
FUNCTION(PeerDistServerRetrieveContentInformation, DWORD,
         (HANDLE, HANDLE, DWORD, BYTE *, OVERLAPPED *));
FUNCTION(PeerDistServerCloseContentInformation, DWORD, (HANDLE, HANDLE));
FUNCTION(PeerDistServerCancelAsyncOperation, DWORD, (HANDLE, DWORD, BYTE *, OVERLAPPED *));
FUNCTION(PeerDistClientOpenContent, DWORD,
         (HANDLE, const PEERDIST_CONTENT_TAG *, HANDLE, ULONG_PTR, HANDLE *));
FUNCTION(PeerDistClientCloseContent, DWORD, (HANDLE, HANDLE));
FUNCTION(PeerDistClientAddContentInformation, DWORD, (HANDLE, HANDLE, DWORD, BYTE *, OVERLAPPED *));
FUNCTION(PeerDistClientCompleteContentInformation, DWORD, (HANDLE, HANDLE, OVERLAPPED *));
FUNCTION(PeerDistClientAddData, DWORD, (HANDLE, HANDLE, DWORD, BYTE *, OVERLAPPED *));
FUNCTION(PeerDistClientBlockRead, DWORD, (HANDLE, HANDLE, DWORD, BYTE *, DWORD, OVERLAPPED *));
FUNCTION(PeerDistClientStreamRead, DWORD, (HANDLE, HANDLE, DWORD, BYTE *, DWORD, OVERLAPPED *));
FUNCTION(PeerDistClientFlushContent, DWORD,
         (HANDLE, const PEERDIST_CONTENT_TAG *, HANDLE, ULONG_PTR, OVERLAPPED *));
FUNCTION(PeerDistClientCancelAsyncOperation, DWORD, (HANDLE, HANDLE, OVERLAPPED *));
#if NTDDI_VERSION >= 0x06020000
FUNCTION(PeerDistGetStatusEx, DWORD, (HANDLE, PEERDIST_STATUS_INFO *));
FUNCTION(PeerDistRegisterForStatusChangeNotificationEx, DWORD,
         (HANDLE, HANDLE, ULONG_PTR, OVERLAPPED *, PEERDIST_STATUS_INFO *));
FUNCTION(PeerDistGetOverlappedResult, BOOL, (OVERLAPPED *, DWORD *, BOOL));
FUNCTION(PeerDistServerOpenContentInformationEx, DWORD,
         (HANDLE, DWORD, BYTE *, ULONGLONG, ULONGLONG, PEERDIST_RETRIEVAL_OPTIONS *, HANDLE,
          ULONG_PTR, HANDLE *));
FUNCTION(PeerDistClientGetInformationByHandle, DWORD,
         (HANDLE, HANDLE, PEERDIST_CLIENT_INFO_BY_HANDLE_CLASS, DWORD, void *));
#endif

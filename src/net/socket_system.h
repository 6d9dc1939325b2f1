/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The system's sockets, Winsock's or POSIX', under common names. Internal to net. */
#ifndef PEERDIST_NET_SOCKET_SYSTEM_H
#define PEERDIST_NET_SOCKET_SYSTEM_H

#ifdef _WIN32

#include <winsock2.h>
#include <ws2tcpip.h>

typedef SOCKET system_socket;
typedef int system_length;
typedef WSAPOLLFD system_poll;
#define system_close       closesocket
#define system_error       WSAGetLastError
#define system_poll_all    WSAPoll
#define SYSTEM_BOTH        SD_BOTH
#define SYSTEM_WOULD_BLOCK WSAEWOULDBLOCK
#define SYSTEM_IN_PROGRESS WSAEWOULDBLOCK
#define SYSTEM_TIMED_OUT   WSAETIMEDOUT
#define SYSTEM_INTERRUPTED WSAEINTR
#define SYSTEM_SEND_FLAGS  0

#else

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

typedef int system_socket;
typedef size_t system_length;
typedef struct pollfd system_poll;
#define system_close       close
#define system_error()     errno
#define system_poll_all    poll
#define SYSTEM_BOTH        SHUT_RDWR
#define SYSTEM_WOULD_BLOCK EWOULDBLOCK
#define SYSTEM_IN_PROGRESS EINPROGRESS
#define SYSTEM_TIMED_OUT   EAGAIN
#define SYSTEM_INTERRUPTED EINTR
#define SYSTEM_SEND_FLAGS  MSG_NOSIGNAL

#endif
#endif

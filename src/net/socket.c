/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The calls of both systems' sockets, which are alike but for names and a few options. */
#include "net/socket.h"

#include <string.h>

#include "net/socket_address.h"
#include "platform/thread.h"

/* A blocked call looks at its deadline, and notices socket_shut where that does not wake it, as
 * often as this. */
#define SLICE         250u
#define CONNECT_SLICE 50u
#define BACKLOG       512

bool sockets_start(void)
{
#ifdef _WIN32
    WSADATA data;
    return WSAStartup(MAKEWORD(2, 2), &data) == 0;
#else
    return true;
#endif
}

void sockets_stop(void)
{
#ifdef _WIN32
    WSACleanup();
#endif
}

void socket_close(socket_handle handle)
{
    if (handle != SOCKET_NONE)
        system_close((system_socket)handle);
}

void socket_shut(socket_handle handle)
{
    (void)shutdown((system_socket)handle, SYSTEM_BOTH);
}

static bool set_option(socket_handle handle, int level, int name, int value)
{
    return setsockopt((system_socket)handle, level, name, (const void *)&value, sizeof(value)) == 0;
}

static bool set_blocking(socket_handle handle, bool blocking)
{
#ifdef _WIN32
    u_long value = blocking ? 0 : 1;
    return ioctlsocket((system_socket)handle, (long)FIONBIO, &value) == 0;
#else
    int flags = fcntl((int)handle, F_GETFL, 0);
    flags = blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK;
    return fcntl((int)handle, F_SETFL, flags) == 0;
#endif
}

static void set_slices(socket_handle handle)
{
#ifdef _WIN32
    DWORD slice = SLICE;
#else
    struct timeval slice = {.tv_usec = SLICE * 1000};
#endif
    (void)setsockopt((system_socket)handle, SOL_SOCKET, SO_RCVTIMEO, (const void *)&slice,
                     sizeof(slice));
    (void)setsockopt((system_socket)handle, SOL_SOCKET, SO_SNDTIMEO, (const void *)&slice,
                     sizeof(slice));
}

static enum pd_status open_socket(bool ipv6, int type, socket_handle *handle)
{
    system_socket made = socket(ipv6 ? AF_INET6 : AF_INET, type, 0);
    *handle = (socket_handle)made;
    if (*handle == SOCKET_NONE)
        return PD_IO_ERROR;
#ifndef _WIN32
    (void)fcntl(made, F_SETFD, FD_CLOEXEC);
#endif
    if (ipv6)
        (void)set_option(*handle, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    return PD_OK;
}

/* ---- TCP ---- */

static uint32_t time_left(uint64_t deadline)
{
    uint64_t now = clock_milliseconds();
    return deadline > now ? (uint32_t)(deadline - now < 0x7fffffff ? deadline - now : 0x7fffffff)
                          : 0;
}

static enum pd_status finish_connect(socket_handle handle, uint64_t deadline,
                                     const atomic_bool *aborted)
{
    system_poll wait = {.fd = (system_socket)handle, .events = POLLOUT};
    int error = 0;
    socklen_t length = sizeof(error);
    for (int ready = 0; ready <= 0;) {
        uint32_t left = time_left(deadline);
        if (aborted != NULL && atomic_load(aborted))
            return PD_ABORTED;
        if (left == 0)
            return PD_TIMEOUT;
        ready = system_poll_all(&wait, 1, (int)(left < CONNECT_SLICE ? left : CONNECT_SLICE));
    }
    if (getsockopt((system_socket)handle, SOL_SOCKET, SO_ERROR, (void *)&error, &length) != 0 ||
        error != 0 || (wait.revents & POLLOUT) == 0)
        return PD_IO_ERROR;
    return PD_OK;
}

enum pd_status socket_connect(const struct net_address *to, uint64_t deadline,
                              const atomic_bool *aborted, socket_handle *handle)
{
    union socket_address address;
    socklen_t length = socket_address_from(&address, to);
    enum pd_status status = open_socket(to->ipv6, SOCK_STREAM, handle);
    if (status != PD_OK)
        return status;
    (void)set_option(*handle, IPPROTO_TCP, TCP_NODELAY, 1);
    (void)set_blocking(*handle, false);
    if (connect((system_socket)*handle, &address.any, length) != 0)
        status = system_error() == SYSTEM_IN_PROGRESS ? finish_connect(*handle, deadline, aborted)
                                                      : PD_IO_ERROR;
    if (status == PD_OK && !set_blocking(*handle, true))
        status = PD_IO_ERROR;
    if (status == PD_OK) {
        set_slices(*handle);
        return PD_OK;
    }
    socket_close(*handle);
    *handle = SOCKET_NONE;
    return status;
}

enum pd_status socket_listen(struct net_address *address, socket_handle *handle)
{
    union socket_address own;
    socklen_t length = socket_address_from(&own, address);
    enum pd_status status = open_socket(address->ipv6, SOCK_STREAM, handle);
    if (status != PD_OK)
        return status;
#ifdef _WIN32
    /* There SO_REUSEADDR would let two programs have one port. */
    (void)set_option(*handle, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, 1);
#else
    (void)set_option(*handle, SOL_SOCKET, SO_REUSEADDR, 1);
#endif
    if (bind((system_socket)*handle, &own.any, length) != 0 ||
        listen((system_socket)*handle, BACKLOG) != 0) {
        status = PD_ALREADY_EXISTS;
    } else if (!set_blocking(*handle, false) ||
               getsockname((system_socket)*handle, &own.any, &length) != 0) {
        status = PD_IO_ERROR;
    } else {
        socket_address_to(&own, address);
        return PD_OK;
    }
    socket_close(*handle);
    *handle = SOCKET_NONE;
    return status;
}

enum pd_status socket_accept(socket_handle listener, socket_handle *handle,
                             struct net_address *peer)
{
    union socket_address address;
    socklen_t length = sizeof(address);
    system_socket made = accept((system_socket)listener, &address.any, &length);
    *handle = (socket_handle)made;
    if (*handle == SOCKET_NONE)
        return system_error() == SYSTEM_WOULD_BLOCK ? PD_NO_MORE : PD_IO_ERROR;
#ifndef _WIN32
    (void)fcntl(made, F_SETFD, FD_CLOEXEC);
#endif
    socket_address_to(&address, peer);
    (void)set_option(*handle, IPPROTO_TCP, TCP_NODELAY, 1);
    return PD_OK;
}

static bool may_go_on(uint64_t deadline)
{
    int error = system_error();
    return (error == SYSTEM_TIMED_OUT || error == SYSTEM_WOULD_BLOCK ||
            error == SYSTEM_INTERRUPTED) &&
           clock_milliseconds() < deadline;
}

static enum pd_status failure(uint64_t deadline)
{
    return clock_milliseconds() < deadline ? PD_IO_ERROR : PD_TIMEOUT;
}

enum pd_status socket_send(socket_handle handle, const void *data, size_t length, uint64_t deadline)
{
    const char *next = data;
    while (length > 0) {
        int part = length < 1 << 20 ? (int)length : 1 << 20;
        int sent = (int)send((system_socket)handle, next, (system_length)part, SYSTEM_SEND_FLAGS);
        if (sent > 0) {
            next += sent;
            length -= (size_t)sent;
        }
        if (sent <= 0 ? !may_go_on(deadline) : length > 0 && clock_milliseconds() >= deadline)
            return failure(deadline);
    }
    return PD_OK;
}

enum pd_status socket_receive(socket_handle handle, void *out, size_t room, uint64_t deadline,
                              size_t *got)
{
    int part = room < 1 << 20 ? (int)room : 1 << 20;
    for (;;) {
        int count = (int)recv((system_socket)handle, out, (system_length)part, 0);
        *got = count > 0 ? (size_t)count : 0;
        if (count >= 0)
            return PD_OK;
        if (!may_go_on(deadline))
            return failure(deadline);
    }
}

/* ---- UDP ---- */

static enum pd_status bind_to(socket_handle *handle, const struct net_address *address)
{
    union socket_address own;
    socklen_t length = socket_address_from(&own, address);
    if (bind((system_socket)*handle, &own.any, length) == 0 && set_blocking(*handle, false))
        return PD_OK;
    socket_close(*handle);
    *handle = SOCKET_NONE;
    return PD_ALREADY_EXISTS;
}

enum pd_status socket_open_shared(bool ipv6, uint16_t port, socket_handle *handle)
{
    const struct net_address any = {.ipv6 = ipv6, .port = port};
    enum pd_status status = open_socket(ipv6, SOCK_DGRAM, handle);
    if (status != PD_OK)
        return status;
    (void)set_option(*handle, SOL_SOCKET, SO_REUSEADDR, 1);
#ifdef SO_REUSEPORT
    (void)set_option(*handle, SOL_SOCKET, SO_REUSEPORT, 1);
#endif
    return bind_to(handle, &any);
}

enum pd_status socket_open_at(const struct net_address *interface_address, socket_handle *handle)
{
    struct net_address own = *interface_address;
    own.port = 0;
    enum pd_status status = open_socket(own.ipv6, SOCK_DGRAM, handle);
    if (status != PD_OK)
        return status;
    if (own.ipv6) {
        (void)set_option(*handle, IPPROTO_IPV6, IPV6_MULTICAST_IF, (int)own.scope);
        (void)set_option(*handle, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 1);
        (void)set_option(*handle, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 1);
    } else {
        (void)setsockopt((system_socket)*handle, IPPROTO_IP, IP_MULTICAST_IF,
                         (const void *)own.bytes, 4);
        (void)set_option(*handle, IPPROTO_IP, IP_MULTICAST_TTL, 1);
        (void)set_option(*handle, IPPROTO_IP, IP_MULTICAST_LOOP, 1);
    }
    return bind_to(handle, &own);
}

bool socket_join(socket_handle handle, const struct net_address *group,
                 const struct net_address *interface_address)
{
    if (group->ipv6) {
        struct ipv6_mreq request = {0};
        memcpy(&request.ipv6mr_multiaddr, group->bytes, 16);
        request.ipv6mr_interface = interface_address->scope;
        return setsockopt((system_socket)handle, IPPROTO_IPV6, IPV6_JOIN_GROUP,
                          (const void *)&request, sizeof(request)) == 0;
    }
    /* By address: Wine knows no other form. */
    struct ip_mreq request = {0};
    memcpy(&request.imr_multiaddr, group->bytes, 4);
    memcpy(&request.imr_interface, interface_address->bytes, 4);
    return setsockopt((system_socket)handle, IPPROTO_IP, IP_ADD_MEMBERSHIP, (const void *)&request,
                      sizeof(request)) == 0;
}

bool socket_send_to(socket_handle handle, const void *data, size_t length,
                    const struct net_address *to)
{
    union socket_address address;
    socklen_t size = socket_address_from(&address, to);
    return sendto((system_socket)handle, data, (system_length)length, SYSTEM_SEND_FLAGS,
                  &address.any, size) == (int)length;
}

bool socket_receive_from(socket_handle handle, void *out, size_t room, size_t *got,
                         struct net_address *from)
{
    union socket_address address;
    socklen_t length = sizeof(address);
    memset(&address, 0, sizeof(address));
#ifdef _WIN32
    int count = recvfrom((system_socket)handle, out, (int)room, 0, &address.any, &length);
    bool cut = count < 0 && WSAGetLastError() == WSAEMSGSIZE;
#else
    ssize_t count = recvfrom((int)handle, out, room, MSG_TRUNC, &address.any, &length);
    bool cut = count > 0 && (size_t)count > room;
#endif
    *got = cut ? room + 1 : count > 0 ? (size_t)count : 0;
    if (cut || count < 0)
        return false;
    socket_address_to(&address, from);
    return true;
}

/* ---- Waiting ---- */

void socket_wait(const socket_handle *handles, bool *ready, unsigned count, uint32_t milliseconds)
{
    system_poll polls[SOCKET_WAIT_MAX];
    unsigned which[SOCKET_WAIT_MAX], used = 0;
    for (unsigned i = 0; i < count; i++) {
        ready[i] = false;
        if (handles[i] == SOCKET_NONE)
            continue;
        which[used] = i;
        polls[used++] = (system_poll){.fd = (system_socket)handles[i], .events = POLLIN};
    }
    if (system_poll_all(polls, used, (int)milliseconds) <= 0)
        return;
    for (unsigned i = 0; i < used; i++)
        ready[which[i]] = polls[i].revents != 0;
}

bool socket_waker_init(struct socket_waker *waker)
{
    union socket_address own;
    socklen_t length = sizeof(own);
    waker->address = (struct net_address){.bytes = {127, 0, 0, 1}};
    waker->sender = SOCKET_NONE;
    if (socket_open_at(&waker->address, &waker->receiver) != PD_OK)
        return false;
    if (getsockname((system_socket)waker->receiver, &own.any, &length) == 0 &&
        open_socket(false, SOCK_DGRAM, &waker->sender) == PD_OK) {
        socket_address_to(&own, &waker->address);
        return true;
    }
    socket_close(waker->receiver);
    return false;
}

void socket_waker_fini(struct socket_waker *waker)
{
    socket_close(waker->receiver);
    socket_close(waker->sender);
}

void socket_waker_wake(struct socket_waker *waker)
{
    (void)socket_send_to(waker->sender, "", 1, &waker->address);
}

void socket_waker_drain(struct socket_waker *waker)
{
    uint8_t byte;
    size_t got;
    struct net_address from;
    while (socket_receive_from(waker->receiver, &byte, 1, &got, &from))
        continue;
}

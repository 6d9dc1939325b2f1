/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asking the system for its interfaces. */
#include "net/interfaces.h"

#include <stdlib.h>

#include "net/socket_address.h"

#ifdef _WIN32
#include <iphlpapi.h>
#else
#include <ifaddrs.h>
#include <net/if.h>
#endif

static bool is_wanted(const struct net_address *address)
{
    return !net_is_no_host(address) &&
           (!address->ipv6 || net_is_link_local(address) || net_is_loopback(address));
}

#ifdef _WIN32

unsigned net_interfaces(struct net_interface out[NET_INTERFACES_MAX])
{
    const ULONG flags = GAA_FLAG_SKIP_ANYCAST | GAA_FLAG_SKIP_MULTICAST | GAA_FLAG_SKIP_DNS_SERVER;
    ULONG size = 16384;
    unsigned count = 0;
    IP_ADAPTER_ADDRESSES *adapters = malloc(size);
    if (adapters != NULL &&
        GetAdaptersAddresses(AF_UNSPEC, flags, NULL, adapters, &size) == ERROR_BUFFER_OVERFLOW) {
        free(adapters);
        adapters = malloc(size);
    }
    if (adapters == NULL ||
        GetAdaptersAddresses(AF_UNSPEC, flags, NULL, adapters, &size) != NO_ERROR) {
        free(adapters);
        return 0;
    }
    for (const IP_ADAPTER_ADDRESSES *one = adapters; one != NULL; one = one->Next) {
        if (one->OperStatus != IfOperStatusUp)
            continue;
        /* Wine leaves Ipv6IfIndex 0; the number is the same. */
        ULONG index = one->Ipv6IfIndex != 0 ? one->Ipv6IfIndex : one->IfIndex;
        for (const IP_ADAPTER_UNICAST_ADDRESS *unicast = one->FirstUnicastAddress;
             unicast != NULL && count < NET_INTERFACES_MAX; unicast = unicast->Next) {
            struct net_interface *entry = &out[count];
            socket_address_to((const union socket_address *)unicast->Address.lpSockaddr,
                              &entry->address);
            entry->prefix = unicast->OnLinkPrefixLength;
            if (entry->address.ipv6)
                entry->address.scope = index;
            count += is_wanted(&entry->address) ? 1 : 0;
        }
    }
    free(adapters);
    return count;
}

#else

static unsigned prefix_of(const struct sockaddr *mask)
{
    struct net_address bits;
    unsigned prefix = 0;
    if (mask == NULL)
        return 128;
    socket_address_to((const union socket_address *)mask, &bits);
    for (size_t i = 0; i < sizeof(bits.bytes); i++)
        prefix += (unsigned)__builtin_popcount(bits.bytes[i]);
    return prefix;
}

unsigned net_interfaces(struct net_interface out[NET_INTERFACES_MAX])
{
    struct ifaddrs *all;
    unsigned count = 0;
    if (getifaddrs(&all) != 0)
        return 0;
    for (const struct ifaddrs *one = all; one != NULL && count < NET_INTERFACES_MAX;
         one = one->ifa_next) {
        struct net_interface *entry = &out[count];
        if (one->ifa_addr == NULL || (one->ifa_flags & IFF_UP) == 0 ||
            (one->ifa_addr->sa_family != AF_INET && one->ifa_addr->sa_family != AF_INET6))
            continue;
        socket_address_to((const union socket_address *)one->ifa_addr, &entry->address);
        entry->prefix = prefix_of(one->ifa_netmask);
        if (entry->address.ipv6)
            entry->address.scope = if_nametoindex(one->ifa_name);
        count += is_wanted(&entry->address) ? 1 : 0;
    }
    freeifaddrs(all);
    return count;
}

#endif

const struct net_interface *net_interface_for(const struct net_interface *interfaces,
                                              unsigned count, const struct net_address *peer)
{
    for (unsigned i = 0; i < count; i++) {
        const struct net_interface *one = &interfaces[i];
        bool link_local = net_is_link_local(peer);
        if (link_local ? net_is_link_local(&one->address) && one->address.scope == peer->scope
                       : net_same_prefix(&one->address, peer, one->prefix))
            return one;
    }
    return NULL;
}

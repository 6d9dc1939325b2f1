/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Namespaces and constants of the discovery protocol ([MS-PCCRD] 2.2). Internal to core. */
#ifndef PEERDIST_CORE_DISCOVERY_NAMES_H
#define PEERDIST_CORE_DISCOVERY_NAMES_H

#define NS_SOAP     "http://www.w3.org/2003/05/soap-envelope"
#define NS_WSA      "http://schemas.xmlsoap.org/ws/2004/08/addressing"
#define NS_WSD      "http://schemas.xmlsoap.org/ws/2005/04/discovery"
#define NS_PEERDIST "http://schemas.microsoft.com/p2p/2007/09/PeerDistributionDiscovery"

#define TO_PROBE       "urn:schemas-xmlsoap-org:ws:2005:04:discovery"
#define TO_MATCHES     NS_WSA "/role/anonymous"
#define ACTION_PROBE   NS_WSD "/Probe"
#define ACTION_MATCHES NS_WSD "/ProbeMatches"

#define TYPE_V1 "PeerDistData"
#define TYPE_V2 "PeerDistDataV2"

#define MATCH_BY_V1 NS_WSD "/strcmp0"
#define MATCH_BY_V2 "http://schemas.microsoft.com/p2p/2010/05/PeerDistV2MatchingRule"

/* The scope of a version 2.0 Probe: size of an ID (2 bytes), how many (1), the IDs. */
#define SCOPE_V2_FIXED 3u

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names of the discovery protocol ([MS-PCCRD] 2.2.1 to 2.2.3). Internal to core. */
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

#define TYPE_V1     "PeerDistData"
#define TYPE_V2     "PeerDistDataV2"
#define MATCH_BY_V1 NS_WSD "/strcmp0"
#define MATCH_BY_V2 "http://schemas.microsoft.com/p2p/2010/05/PeerDistV2MatchingRule"

/* Bytes before the ids in the scope of a version 2.0 Probe: their size and their number. */
#define SCOPE_V2_HEADER 3u

/* The extensible blob of SegmentAges ([MS-PCCRR] 2.2.6). */
#define AGES_HEADER        4u
#define AGES_VERSION       1u
#define AGES_IN_HUNDREDTHS 3u
#define AGE_SIZE           4u
#define AGES_MAX           255u
#define AGE_GREATEST       0xffffffu

#endif

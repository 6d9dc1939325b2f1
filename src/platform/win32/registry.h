/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where BranchCache's settings lie below HKLM; every access takes the 64-bit view. */
#ifndef PEERDIST_PLATFORM_WIN32_REGISTRY_H
#define PEERDIST_PLATFORM_WIN32_REGISTRY_H

#include "platform/settings_table.h"

/* Group Policy, and what netsh and its kin set. */
#define REGISTRY_POLICY L"" SETTINGS_POLICY_KEY
#define REGISTRY_LOCAL  L"" SETTINGS_LOCAL_KEY
/* The server's secret key: value Seed. */
#define REGISTRY_SECRET REGISTRY_LOCAL L"\\SecurityManager\\Restricted"

#endif

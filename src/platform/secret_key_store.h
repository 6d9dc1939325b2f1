/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the server's secret key is kept: HKLM\SOFTWARE\Microsoft\Windows
 * NT\CurrentVersion\PeerDist\ SecurityManager\Restricted, value Seed (REG_BINARY, 64-bit view),
 * where it can be read, or created when there is none; else a key of the same shape below HKCU
 * whose value is protected with CryptProtectData. POSIX: memory of the process, for native tests.
 */
#ifndef PEERDIST_PLATFORM_SECRET_KEY_STORE_H
#define PEERDIST_PLATFORM_SECRET_KEY_STORE_H

#include "core/key_file.h"

/* The key in force; generated (32 random bytes) when there is none yet: one process wins, all
 * others get the winner's. PD_UNAVAILABLE when it can neither be read nor kept. */
enum pd_status secret_key_load(struct secret_key *key);
/* Replaces it where it is kept now. PD_ACCESS_DENIED when it may not be. */
enum pd_status secret_key_save(const struct secret_key *key);
/* "machine" or "user": where secret_key_load finds it, for status; NULL when there is none. */
const char *secret_key_location(void);

#endif

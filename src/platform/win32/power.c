/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The system is asked every now and then: the answer is wanted for every block that is served. */
#include "platform/power.h"

#include <stdatomic.h>

#include <windows.h>

#include "platform/thread.h"

#define ASK_EVERY 5000 /* milliseconds */

bool power_is_battery(void)
{
    static atomic_bool battery;
    static atomic_uint_least64_t ask_at;
    uint64_t now = clock_milliseconds();
    SYSTEM_POWER_STATUS power;

    if (now >= atomic_load(&ask_at)) {
        atomic_store(&ask_at, now + ASK_EVERY);
        atomic_store(&battery, GetSystemPowerStatus(&power) && power.ACLineStatus == 0);
    }
    return atomic_load(&battery);
}

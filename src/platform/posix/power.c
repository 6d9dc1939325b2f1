/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/power.h"

bool power_is_battery(void)
{
    return false;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who wins: a policy over a local value over the default, and the two sizes of the data cache. */
#include "platform/settings.h"

#include <inttypes.h>
#include <stdio.h>

#include "platform/settings_source.h"

static struct setting_found find(enum settings_branch branch, enum setting_id id)
{
    const struct setting *setting = &settings_table[id];
    struct setting_found found = {.set = false};
    uint64_t number = 0;

    if (branch == SETTINGS_POLICY && !setting->has_policy)
        return found;
    switch (settings_source_read(branch, id, &number)) {
    case SETTINGS_RAW_NUMBER:
        found.set = setting_decode(setting, number, &found.value);
        if (!found.set)
            snprintf(found.ignored, sizeof(found.ignored), "%" PRIu64, number);
        break;
    case SETTINGS_RAW_OTHER_TYPE:
        snprintf(found.ignored, sizeof(found.ignored), "of another type");
        break;
    default:
        break;
    }
    return found;
}

/* Of the sizes a policy's percentage wins, then the local bytes. */
static bool is_in_force(enum setting_id id, const struct setting_state *state)
{
    if (id == SETTING_CACHE_PERCENT)
        return state->policy.set || !find(SETTINGS_LOCAL, SETTING_CACHE_BYTES).set;
    if (id == SETTING_CACHE_BYTES)
        return state->local.set && !find(SETTINGS_POLICY, SETTING_CACHE_PERCENT).set;
    return true;
}

void settings_state(enum setting_id id, struct setting_state *state)
{
    struct settings defaults;

    state->policy = find(SETTINGS_POLICY, id);
    state->local = find(SETTINGS_LOCAL, id);
    if (state->policy.set) {
        state->origin = SETTING_FROM_POLICY;
        state->value = state->policy.value;
    } else if (state->local.set) {
        state->origin = SETTING_FROM_LOCAL;
        state->value = state->local.value;
    } else {
        state->origin = SETTING_FROM_DEFAULT;
        settings_source_defaults(&defaults);
        state->value = setting_load(&settings_table[id], &defaults);
    }
    state->in_force = is_in_force(id, state);
}

void settings_read(struct settings *settings)
{
    struct setting_state state;

    settings_source_defaults(settings);
    for (unsigned i = 0; i < SETTING_COUNT; i++) {
        enum setting_id id = (enum setting_id)i;
        settings_state(id, &state);
        if (state.origin == SETTING_FROM_DEFAULT)
            continue;
        setting_store(&settings_table[id], state.value, settings);
        if (state.in_force && (id == SETTING_CACHE_PERCENT || id == SETTING_CACHE_BYTES))
            settings->cache_by_bytes = id == SETTING_CACHE_BYTES;
    }
}

enum pd_status settings_set(enum setting_id id, uint64_t value)
{
    uint64_t number;

    if (!setting_encode(&settings_table[id], value, &number))
        return PD_INVALID_PARAMETER;
    return settings_source_write(id, number);
}

enum pd_status settings_unset(enum setting_id id)
{
    return settings_source_remove(id);
}

enum pd_status settings_set_cache_size(uint32_t percent, uint64_t bytes)
{
    enum pd_status status;

    if (percent == 0)
        return settings_set(SETTING_CACHE_BYTES, bytes);
    status = settings_set(SETTING_CACHE_PERCENT, percent);
    return status == PD_OK ? settings_unset(SETTING_CACHE_BYTES) : status;
}

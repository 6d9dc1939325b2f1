/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command "config": each setting with its value and where that comes from, and the local ones
 * changed. */
#include "cli/cli.h"

#include <windows.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "api/error_map.h"
#include "cli/error_text.h"
#include "cli/json.h"
#include "cli/output.h"
#include "platform/settings.h"

static const char help[] =
    "usage: peerdist config [--json]\n"
    "       peerdist config NAME [--json]\n"
    "       peerdist config NAME VALUE\n"
    "       peerdist config NAME --unset\n"
    "\n"
    "Prints every setting: its name, its value, whether that comes from a policy, was\n"
    "set locally or is the default, and its place in the registry. With a NAME, tells\n"
    "all about that one. VALUE sets it for this machine, --unset takes that back. A\n"
    "policy of the administrator wins over what is set here.\n"
    "\n"
    "  VALUE    a number, or on or off. cache.bytes takes K, M and G for powers of\n"
    "           1024\n"
    "  --unset  the default again, or what a policy says\n"
    "  --json   as JSON\n";

static const char *const origins[] = {
    [SETTING_FROM_DEFAULT] = "default",
    [SETTING_FROM_LOCAL] = "local",
    [SETTING_FROM_POLICY] = "policy",
};

struct text {
    char text[96];
};

/* ---- Words ---- */

static struct text value_text(const struct setting *setting, uint64_t value)
{
    struct text text;

    if (setting->kind == SETTING_NUMBER)
        snprintf(text.text, sizeof(text.text), "%" PRIu64 "%s%s", value, *setting->unit ? " " : "",
                 setting->unit);
    else
        snprintf(text.text, sizeof(text.text), "%s", value != 0 ? "on" : "off");
    return text;
}

static struct text range_text(const struct setting *setting)
{
    struct text text;

    if (setting->kind == SETTING_NUMBER)
        snprintf(text.text, sizeof(text.text), "%" PRIu64 " to %" PRIu64 "%s%s", setting->least,
                 setting->greatest, *setting->unit ? " " : "", setting->unit);
    else
        snprintf(text.text, sizeof(text.text), "on or off");
    return text;
}

static struct text state_text(const struct setting *setting, const struct setting_state *state)
{
    if (setting->has_no_default && state->origin == SETTING_FROM_DEFAULT)
        return (struct text){"not set"};
    return value_text(setting, state->value);
}

static const char *branch_path(const struct setting_state *state)
{
    return state->origin == SETTING_FROM_POLICY ? SETTINGS_POLICY_KEY : SETTINGS_LOCAL_KEY;
}

static const char *type_name(const struct setting *setting)
{
    return setting->is_quad ? "REG_QWORD" : "REG_DWORD";
}

/* ---- Printing ---- */

static void print_ignored(const struct setting *setting, const char *branch,
                          const struct setting_found *found)
{
    if (*found->ignored)
        output_print("  the %s value %s is ignored: %s, %s\n", branch, found->ignored,
                     range_text(setting).text, type_name(setting));
}

/* What a value alone does not tell. */
static void print_notes(enum setting_id id, const struct setting_state *state)
{
    const struct setting *setting = &settings_table[id];
    bool is_set = state->origin != SETTING_FROM_DEFAULT || !setting->has_no_default;

    print_ignored(setting, "policy", &state->policy);
    print_ignored(setting, "local", &state->local);
    if (state->policy.set && state->local.set)
        output_print("  the local value %s is overridden by the policy\n",
                     value_text(setting, state->local.value).text);
    if (!state->in_force && is_set)
        output_print(
            "  without effect: %s counts\n",
            settings_table[id == SETTING_CACHE_BYTES ? SETTING_CACHE_PERCENT : SETTING_CACHE_BYTES]
                .name);
}

static void print_row(enum setting_id id, const struct setting_state *state)
{
    const struct setting *setting = &settings_table[id];

    output_print("%-30s  %-12s  %-7s  HKLM\\%s\\%s\\%s\n", setting->name,
                 state_text(setting, state).text, origins[state->origin], branch_path(state),
                 setting->key, setting->value);
    print_notes(id, state);
}

static void print_details(enum setting_id id, const struct setting_state *state)
{
    const struct setting *setting = &settings_table[id];

    output_print("%s = %s (%s)\n", setting->name, state_text(setting, state).text,
                 origins[state->origin]);
    print_notes(id, state);
    output_print("  %s\n", setting->help);
    output_print("  %s", range_text(setting).text);
    if (!setting->has_no_default)
        output_print("; default %s",
                     value_text(setting, setting_load(setting, &settings_defaults)).text);
    output_print("\n");
    if (setting->has_policy)
        output_print("  policy  HKLM\\%s\\%s\\%s (%s)\n", SETTINGS_POLICY_KEY, setting->key,
                     setting->value, type_name(setting));
    output_print("  local   HKLM\\%s\\%s\\%s (%s)\n", SETTINGS_LOCAL_KEY, setting->key,
                 setting->value, type_name(setting));
}

static void write_found(struct json *json, const char *key, const struct setting_found *found)
{
    json_open(json, key, '{');
    if (found->set)
        json_number(json, "value", found->value);
    else
        json_string(json, "value", NULL);
    json_string(json, "ignored", *found->ignored ? found->ignored : NULL);
    json_close(json, '}');
}

static void write_setting(struct json *json, enum setting_id id, const struct setting_state *state)
{
    const struct setting *setting = &settings_table[id];
    char key[160];

    snprintf(key, sizeof(key), "HKLM\\%s\\%s", branch_path(state), setting->key);
    json_open(json, NULL, '{');
    json_string(json, "name", setting->name);
    if (setting->has_no_default && state->origin == SETTING_FROM_DEFAULT)
        json_string(json, "value", NULL);
    else
        json_number(json, "value", state->value);
    json_string(json, "unit", *setting->unit ? setting->unit : NULL);
    json_string(json, "origin", origins[state->origin]);
    json_number(json, "in_force", state->in_force ? 1 : 0);
    json_string(json, "key", key);
    json_string(json, "value_name", setting->value);
    json_string(json, "type", type_name(setting));
    json_number(json, "has_policy", setting->has_policy ? 1 : 0);
    write_found(json, "policy", &state->policy);
    write_found(json, "local", &state->local);
    if (setting->has_no_default)
        json_string(json, "default", NULL);
    else
        json_number(json, "default", setting_load(setting, &settings_defaults));
    json_number(json, "least", setting->least);
    json_number(json, "greatest", setting->greatest);
    json_string(json, "help", setting->help);
    json_close(json, '}');
}

static int show_all(bool as_json)
{
    struct json json = {.depth = 0};
    struct setting_state state;

    if (as_json) {
        json_open(&json, NULL, '{');
        json_open(&json, "settings", '[');
    }
    for (unsigned i = 0; i < SETTING_COUNT; i++) {
        settings_state((enum setting_id)i, &state);
        if (as_json)
            write_setting(&json, (enum setting_id)i, &state);
        else
            print_row((enum setting_id)i, &state);
    }
    if (as_json) {
        json_close(&json, ']');
        json_close(&json, '}');
    }
    return CLI_OK;
}

static int show_one(enum setting_id id, bool as_json)
{
    struct json json = {.depth = 0};
    struct setting_state state;

    settings_state(id, &state);
    if (as_json)
        write_setting(&json, id, &state);
    else
        print_details(id, &state);
    return CLI_OK;
}

/* ---- Changing ---- */

/* Within its range is another matter. */
static bool parse_value(const struct setting *setting, const char *text, uint64_t *value)
{
    const char *end = text + strlen(text);

    if (setting->kind != SETTING_NUMBER && strcmp(text, "on") == 0) {
        *value = 1;
        return true;
    }
    if (setting->kind != SETTING_NUMBER && strcmp(text, "off") == 0) {
        *value = 0;
        return true;
    }
    if (strcmp(setting->unit, "bytes") != 0 && text[strspn(text, "0123456789")] != 0)
        return false;
    return cli_parse_bytes(text, end, value);
}

/* With NULL the local value is removed. */
static int change(enum setting_id id, const char *text)
{
    const struct setting *setting = &settings_table[id];
    struct setting_state state;
    enum pd_status status;
    uint64_t value = 0;

    if (text && !parse_value(setting, text, &value))
        status = PD_INVALID_PARAMETER;
    else
        status = text ? settings_set(id, value) : settings_unset(id);
    if (status == PD_INVALID_PARAMETER)
        return cli_usage("config", "%s is %s, not '%s'", setting->name, range_text(setting).text,
                         text);
    if (status != PD_OK)
        return error_report(win32_error(status), "cannot change HKLM\\%s\\%s\\%s",
                            SETTINGS_LOCAL_KEY, setting->key, setting->value);
    settings_state(id, &state);
    output_print("%s = %s (%s)\n", setting->name, state_text(setting, &state).text,
                 origins[state.origin]);
    print_notes(id, &state);
    return CLI_OK;
}

int command_config(int argc, char **argv)
{
    static const struct option long_options[] = {
        {"json", no_argument, NULL, 'j'},
        {"unset", no_argument, NULL, 'u'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    bool as_json = false, unset = false;
    enum setting_id id;
    int option;

    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        switch (option) {
        case 'j':
            as_json = true;
            break;
        case 'u':
            unset = true;
            break;
        case 'h':
            output_print("%s", help);
            return CLI_OK;
        default:
            return cli_bad_option(argv[0], argc, argv);
        }
    }
    int words = argc - optind;
    if (words > 2 || (unset && words != 1))
        return cli_usage(argv[0], "config takes a name and a value, or a name and --unset");
    if (as_json && (unset || words == 2))
        return cli_usage(argv[0], "--json goes with showing only");
    if (words == 0)
        return show_all(as_json);
    if (!setting_find(argv[optind], &id))
        return cli_usage(argv[0], "'%s' is no setting; 'peerdist config' lists them", argv[optind]);
    if (unset || words == 2)
        return change(id, unset ? NULL : argv[optind + 1]);
    return show_one(id, as_json);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Store folders: where they are, who may enter, and small files in them. */
#include "platform/folder.h"

#include "platform/identity.h"
#include "support/unit_main.h"
#include "unit/platform/scratch.h"

#include <stdlib.h>
#include <string.h>

#ifdef _WIN32
#include <windows.h>
#include <aclapi.h>
#include <sddl.h>
#else
#include <sys/stat.h>
#include <unistd.h>
#endif

static char *folder;
static struct identity me;

static int make_folder(void **state)
{
    (void)state;
    folder = scratch_create();
    return folder && identity_current(&me) == PD_OK ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    identity_fini(&me);
    scratch_set_environment("PEERDIST_STORE", NULL);
    scratch_remove(folder);
    return 0;
}

static void test_root_is_made(void **state)
{
    char *one = path_join(folder, "one"), *two = path_join(one, "two"), *root, *again;

    (void)state;
    scratch_set_environment("PEERDIST_STORE", two);
    assert_int_equal(folder_store_root(&root), PD_OK);
    assert_string_equal(root, two);
    assert_int_equal(folder_store_root(&again), PD_OK);
    assert_string_equal(again, two);
    free(again);
    free(root);
    free(two);
    free(one);
}

static void test_root_cannot_be_made(void **state)
{
    char *file = path_join(folder, "file"), *below = path_join(file, "below"), *root;

    (void)state;
    assert_true(scratch_write_file(file, "x", 1));
    scratch_set_environment("PEERDIST_STORE", below);
    assert_int_equal(folder_store_root(&root), PD_UNAVAILABLE);
    assert_null(root);
    free(below);
    free(file);
}

#ifdef _WIN32
static void test_root_by_default(void **state)
{
    char expected[MAX_PATH + 32], *root;

    (void)state;
    scratch_set_environment("PEERDIST_STORE", NULL);
    assert_int_equal(folder_store_root(&root), PD_OK);
    assert_true(GetEnvironmentVariableA("ProgramData", expected, MAX_PATH) > 0);
    strcat(expected, "\\PeerDist\\Stores");
    assert_string_equal(root, expected);
    free(root);
    /* Whoever emptied the environment changes nothing. */
    char *kept = strdup(expected);
    scratch_set_environment("ProgramData", NULL);
    assert_int_equal(folder_store_root(&root), PD_OK);
    assert_string_equal(root, kept);
    free(root);
    kept[strlen(kept) - strlen("\\PeerDist\\Stores")] = 0;
    scratch_set_environment("ProgramData", kept);
    free(kept);
}

static void test_private_folder_is_protected(void **state)
{
    char *path = path_join(folder, me.user), *sddl = NULL;
    PSECURITY_DESCRIPTOR descriptor = NULL;
    PSID owner = NULL;

    (void)state;
    assert_int_equal(folder_create_private(path, me.user), PD_OK);
    assert_int_equal(GetNamedSecurityInfoA(path, SE_FILE_OBJECT,
                                           OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION,
                                           &owner, NULL, NULL, NULL, &descriptor),
                     ERROR_SUCCESS);
    assert_true(ConvertSecurityDescriptorToStringSecurityDescriptorA(
        descriptor, SDDL_REVISION_1, DACL_SECURITY_INFORMATION, &sddl, NULL));
    /* Nobody but the owner and, where it is named, the system: not Everyone, not Users. */
    assert_non_null(strstr(sddl, me.user));
    assert_null(strstr(sddl, ";;;WD)"));
    assert_null(strstr(sddl, ";;;BU)"));
    assert_null(strstr(sddl, ";;;AU)"));
    LocalFree(sddl);
    LocalFree(descriptor);
    free(path);
}
#else
static void test_private_folder_is_protected(void **state)
{
    char *path = path_join(folder, me.user);
    struct stat info;

    (void)state;
    assert_int_equal(folder_create_private(path, me.user), PD_OK);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    free(path);
}

static void test_another_users_folder_is_refused(void **state)
{
    char *path = path_join(folder, "squat"), *link = path_join(folder, "link");

    (void)state;
    assert_int_equal(mkdir(path, 0777), 0);
    assert_int_equal(symlink(path, link), 0);
    assert_int_equal(folder_create_private(link, me.user), PD_UNAVAILABLE);
    bool given = chown(path, 12345, 12345) == 0;
    if (given)
        assert_int_equal(folder_create_private(path, me.user), PD_UNAVAILABLE);
    free(link);
    free(path);
    if (!given)
        PD_SKIP("only root can give a folder away");
}
#endif

static void test_private_folder_again(void **state)
{
    char *path = path_join(folder, "again"), *file = path_join(folder, "no-folder");
    char *deep = path_join(path, "missing"), *deeper = path_join(deep, "below");

    (void)state;
    assert_int_equal(folder_create_private(path, me.user), PD_OK);
    assert_int_equal(folder_create_private(path, me.user), PD_OK);
    assert_int_equal(folder_create_private(deeper, me.user), PD_UNAVAILABLE);
    assert_true(scratch_write_file(file, "x", 1));
    assert_int_equal(folder_create_private(file, me.user), PD_UNAVAILABLE);
    free(deeper);
    free(deep);
    free(file);
    free(path);
}

static bool count_name(const char *name, void *context)
{
    unsigned *seen = context;

    *seen += strcmp(name, "a") == 0 ? 1 : strcmp(name, "b") == 0 ? 16 : 256;
    return true;
}

static bool stop_at_once(const char *name, void *context)
{
    (void)name;
    ++*(unsigned *)context;
    return false;
}

static void test_files(void **state)
{
    char *path = path_join(folder, "files"), *a = path_join(path, "a"), *b = path_join(path, "b");
    char *below = path_join(path, "below");
    unsigned seen = 0;

    (void)state;
    assert_int_equal(folder_list(path, FOLDER_FILES, count_name, &seen), PD_NOT_FOUND);
    assert_int_equal(folder_create_private(path, me.user), PD_OK);
    assert_int_equal(folder_create_private(below, me.user), PD_OK);
    assert_int_equal(folder_list(path, FOLDER_FILES, count_name, &seen), PD_OK);
    assert_int_equal(seen, 0);
    assert_true(scratch_write_file(a, "x", 1));
    assert_true(scratch_write_file(b, "y", 1));
    assert_int_equal(folder_list(path, FOLDER_FILES, count_name, &seen), PD_OK);
    assert_int_equal(seen, 17);
    seen = 0;
    assert_int_equal(folder_list(path, FOLDER_FILES, stop_at_once, &seen), PD_OK);
    assert_int_equal(seen, 1);

    assert_true(file_exists(a));
    assert_true(file_exists(path));
    assert_int_equal(file_delete(a), PD_OK);
    assert_int_equal(file_delete(a), PD_NOT_FOUND);
    assert_false(file_exists(a));
    assert_int_equal(file_delete(below), PD_IO_ERROR);
    free(below);
    free(b);
    free(a);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_root_is_made),
        cmocka_unit_test(test_root_cannot_be_made),
        cmocka_unit_test(test_private_folder_is_protected),
        cmocka_unit_test(test_private_folder_again),
        cmocka_unit_test(test_files),
#ifdef _WIN32
        cmocka_unit_test(test_root_by_default),
#else
        cmocka_unit_test(test_another_users_folder_is_refused),
#endif
    };
    int failed = cmocka_run_group_tests(tests, make_folder, remove_folder);

    return pd_unit_report(sizeof(tests) / sizeof(tests[0]), failed);
}

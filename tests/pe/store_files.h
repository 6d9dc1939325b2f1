/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stores of a test's own, and what can happen to their files. The environment variable
 * PEERDIST_STORE says to the DLL where a store lies; PEERDIST_TEST_FULL_DISK names to the test a
 * folder on a volume of a few megabytes, for what happens when a disk is full. */
#ifndef PEERDIST_TESTS_PE_STORE_FILES_H
#define PEERDIST_TESTS_PE_STORE_FILES_H

#include <windows.h>

#include <stdbool.h>

/* The folder of the stores: a temporary one, or that on the small volume. */
void store_files_init(void);
void store_files_fini(void);
/* True when there is one: all stores lie on it from now on. */
bool store_files_on_small_volume(void);
const WCHAR *store_files_base(void);

/* Another store for the instances made from now on; path receives its folder. */
void use_store(const WCHAR *name, WCHAR *path);
void delete_tree(const WCHAR *folder);

/* Keeps a copy of all files below a folder, damages them all, and puts the copies back. */
enum damage { GARBAGE, MIDDLE, CUT };
void save_files(const WCHAR *folder);
unsigned saved_files(void);
void damage_files(enum damage damage);
void restore_files(void);
void forget_files(void); /* the copies */

/* Fills the small volume with a file; true when it is full. */
bool fill_volume(void);
void empty_volume(void);

#endif

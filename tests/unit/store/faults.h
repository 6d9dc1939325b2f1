/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes SQLite's n-th allocation, or its n-th file operation, fail. */
#ifndef PD_TESTS_UNIT_STORE_FAULTS_H
#define PD_TESTS_UNIT_STORE_FAULTS_H

#include <stdbool.h>

enum fault_kind {
    FAULT_MEMORY,
    FAULT_IO,      /* one operation: SQLITE_IOERR */
    FAULT_FULL,    /* all writes from there on: SQLITE_FULL */
    FAULT_IO_STAYS /* all operations from there on */
};

/* Once per process, before SQLite is used. */
bool faults_install(void);
/* n counts from 1. */
void faults_arm(enum fault_kind kind, unsigned n);
/* True: the n-th was reached since faults_arm, so something did fail. */
bool faults_disarm(void);

#endif

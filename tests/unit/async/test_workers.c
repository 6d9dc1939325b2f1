/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pool: everything submitted runs once, on as many threads as there are processors, and none
 * is left after the stop. */
#include "async/workers.h"

#include "platform/thread.h"
#include "support/unit_main.h"

#include <stdatomic.h>
#include <stdlib.h>

#ifdef _WIN32
#include <windows.h>

#include <tlhelp32.h>

static unsigned threads_of_process(void)
{
    HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    THREADENTRY32 entry = {.dwSize = sizeof(entry)};
    unsigned count = 0;
    for (BOOL more = Thread32First(snapshot, &entry); more; more = Thread32Next(snapshot, &entry))
        count += entry.th32OwnerProcessID == GetCurrentProcessId();
    CloseHandle(snapshot);
    return count;
}
#else
#include <dirent.h>

static unsigned threads_of_process(void)
{
    DIR *folder = opendir("/proc/self/task");
    unsigned count = 0;
    assert_non_null(folder);
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}
#endif

/* A thread that was joined can be counted for a moment still. */
static void assert_threads_become(unsigned expected)
{
    uint64_t end = clock_milliseconds() + 10000;
    while (threads_of_process() != expected && clock_milliseconds() < end)
        thread_yield();
    assert_int_equal(threads_of_process(), expected);
}

struct job {
    struct task task; /* first */
    atomic_uint runs;
    unsigned children; /* jobs that this one submits: as many as follow it in memory */
    atomic_uint *refused;
};

static void run_job(struct task *task)
{
    struct job *job = (struct job *)task;
    atomic_fetch_add(&job->runs, 1);
    for (unsigned i = 1; i <= job->children; i++)
        if (workers_submit(&job[i].task) != PD_OK)
            atomic_fetch_add(job->refused, 1);
}

static struct job *make_jobs(size_t count, atomic_uint *refused)
{
    struct job *jobs = calloc(count, sizeof(*jobs));
    assert_non_null(jobs);
    for (size_t i = 0; i < count; i++) {
        jobs[i].task.run = run_job;
        jobs[i].refused = refused;
        atomic_init(&jobs[i].runs, 0);
    }
    return jobs;
}

static void assert_all_ran(const struct job *jobs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_int_equal(atomic_load(&jobs[i].runs), 1);
}

static void test_not_started(void **state)
{
    struct job *jobs = make_jobs(1, NULL);
    (void)state;
    assert_int_equal(workers_submit(&jobs->task), PD_NO_MEMORY);
    workers_start();
    workers_stop();
    assert_int_equal(workers_submit(&jobs->task), PD_NO_MEMORY);
    assert_int_equal(atomic_load(&jobs->runs), 0);
    free(jobs);
}

static void test_stop_runs_what_is_queued(void **state)
{
    enum { COUNT = 20000 };
    struct job *jobs = make_jobs(COUNT, NULL);
    (void)state;
    workers_start();
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(workers_submit(&jobs[i].task), PD_OK);
    workers_stop();
    assert_all_ran(jobs, COUNT);
    free(jobs);
}

/* Tasks submit tasks that submit tasks, while the pool is already being stopped. */
static void test_tasks_from_tasks(void **state)
{
    enum { GROUPS = 50, MEMBERS = 40 };
    atomic_uint refused;
    (void)state;
    atomic_init(&refused, 0);
    struct job *jobs = make_jobs(GROUPS * MEMBERS, &refused);
    for (int round = 0; round < 20; round++) {
        for (size_t i = 0; i < GROUPS * MEMBERS; i++)
            atomic_store(&jobs[i].runs, 0);
        workers_start();
        for (size_t i = 0; i < GROUPS; i++) {
            jobs[i * MEMBERS].children = MEMBERS - 2;
            jobs[i * MEMBERS + MEMBERS - 2].children = 1;
            assert_int_equal(workers_submit(&jobs[i * MEMBERS].task), PD_OK);
        }
        workers_stop();
        assert_int_equal(atomic_load(&refused), 0);
        assert_all_ran(jobs, GROUPS * MEMBERS);
    }
    free(jobs);
}

static void test_no_thread_is_left(void **state)
{
    unsigned before = threads_of_process();
    struct job *jobs = make_jobs(200, NULL);
    (void)state;
    for (int round = 0; round < 50; round++) {
        workers_start();
        assert_int_equal(threads_of_process(), before); /* they come with the first task */
        for (size_t i = 0; i < 200; i++) {
            atomic_store(&jobs[i].runs, 0);
            assert_int_equal(workers_submit(&jobs[i].task), PD_OK);
        }
        assert_true(threads_of_process() <= before + processor_count());
        workers_stop();
        assert_all_ran(jobs, 200);
        assert_threads_become(before);
    }
    free(jobs);
}

/* As many tasks as processors that all wait for each other: each needs a thread of its own. */
struct meeting {
    struct mutex lock;
    struct condition changed;
    unsigned expected, arrived, left;
};

struct guest {
    struct task task; /* first */
    struct meeting *meeting;
};

static void attend(struct task *task)
{
    struct meeting *meeting = ((struct guest *)task)->meeting;
    mutex_lock(&meeting->lock);
    meeting->arrived++;
    condition_wake_all(&meeting->changed);
    while (meeting->arrived < meeting->expected)
        condition_wait(&meeting->changed, &meeting->lock);
    meeting->left++;
    condition_wake_all(&meeting->changed);
    mutex_unlock(&meeting->lock);
}

static void test_every_processor_works(void **state)
{
    unsigned count = processor_count() < 64 ? processor_count() : 64;
    struct guest guests[64];
    (void)state;
    workers_start();
    for (int round = 0; round < 500; round++) {
        struct meeting meeting = {.expected = count};
        mutex_init(&meeting.lock);
        condition_init(&meeting.changed);
        for (unsigned i = 0; i < count; i++) {
            guests[i].task.run = attend;
            guests[i].meeting = &meeting;
            assert_int_equal(workers_submit(&guests[i].task), PD_OK);
        }
        mutex_lock(&meeting.lock);
        while (meeting.left < count)
            condition_wait(&meeting.changed, &meeting.lock);
        mutex_unlock(&meeting.lock);
        condition_fini(&meeting.changed);
        mutex_fini(&meeting.lock);
    }
    workers_stop();
}

enum { SUBMITTERS = 6, EACH = 3000 };
static struct job *crowd_jobs;
static atomic_uint crowd_refused;

static void submit_many(void *argument)
{
    struct job *jobs = crowd_jobs + (uintptr_t)argument * EACH;
    for (size_t i = 0; i < EACH; i++)
        if (workers_submit(&jobs[i].task) != PD_OK)
            atomic_fetch_add(&crowd_refused, 1);
}

static void test_many_submitters(void **state)
{
    struct thread *threads[SUBMITTERS];
    (void)state;
    crowd_jobs = make_jobs(SUBMITTERS * EACH, NULL);
    workers_start();
    for (uintptr_t i = 0; i < SUBMITTERS; i++)
        assert_non_null(threads[i] = thread_start(submit_many, (void *)i));
    for (size_t i = 0; i < SUBMITTERS; i++)
        thread_join(threads[i]);
    workers_stop();
    assert_int_equal(atomic_load(&crowd_refused), 0);
    assert_all_ran(crowd_jobs, SUBMITTERS * EACH);
    free(crowd_jobs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_not_started),      cmocka_unit_test(test_stop_runs_what_is_queued),
        cmocka_unit_test(test_tasks_from_tasks), cmocka_unit_test(test_no_thread_is_left),
        cmocka_unit_test(test_many_submitters),  cmocka_unit_test(test_every_processor_works),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return pd_unit_report(sizeof(tests) / sizeof(tests[0]), failed);
}

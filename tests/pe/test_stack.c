/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * x86 only: callers' stacks are aligned to 4 bytes there, not to 16. The functions are called from
 * each of the four places that a stack pointer can have, and from threads likewise.
 */
#include "pe/check.h"
#include "pe/support.h"

/* Calls a WINAPI function with `count` words of arguments from a stack that is `shift` words (0 to
 * 3) away from an alignment of 16 at the call. */
DWORD call_shifted(void *function, const DWORD *arguments, DWORD count, DWORD shift);
__asm__(".text\n"
        ".globl _call_shifted\n"
        "_call_shifted:\n"
        "    pushl %ebp\n"
        "    movl %esp, %ebp\n"
        "    pushl %ebx\n"
        "    pushl %esi\n"
        "    movl 12(%ebp), %esi\n"
        "    movl 16(%ebp), %ecx\n"
        "    movl 20(%ebp), %edx\n"
        "    movl %ecx, %eax\n"
        "    negl %eax\n"
        "    addl %edx, %eax\n"
        "    andl $3, %eax\n"
        "    andl $-16, %esp\n"
        "    leal (,%eax,4), %eax\n"
        "    subl %eax, %esp\n"
        "1:  testl %ecx, %ecx\n"
        "    jz 2f\n"
        "    decl %ecx\n"
        "    pushl (%esi,%ecx,4)\n"
        "    jmp 1b\n"
        "2:  call *8(%ebp)\n"
        "    leal -8(%ebp), %esp\n"
        "    popl %esi\n"
        "    popl %ebx\n"
        "    popl %ebp\n"
        "    ret\n");

#define CALL(function, ...)                                                   \
    call_shifted((void *)(uintptr_t)(function), (const DWORD[]){__VA_ARGS__}, \
                 sizeof((const DWORD[]){__VA_ARGS__}) / sizeof(DWORD), shift)
#define P(pointer) ((DWORD)(uintptr_t)(pointer))

static BYTE data[300001];

static void publish_and_read(DWORD shift)
{
    struct identifier id = identifier_new();
    PEERDIST_STATUS_INFO status = {sizeof(status), PEERDIST_STATUS_DISABLED, 0, 0};
    PEERDIST_RETRIEVAL_OPTIONS options = {sizeof(options), 1, 2, 0};
    BYTE buffer[4096];
    HANDLE instance = NULL;
    HANDLE stream = NULL;
    HANDLE info = NULL;
    struct call call;
    DWORD bytes = 0;

    call_init(&call);
    check_equal(CALL(PeerDistStartup, 2, P(&instance), 0), 0, "1.4/any stack: Startup");
    check_equal(CALL(PeerDistGetStatusEx, P(instance), P(&status)), 0, "1.4/any stack: status");
    check_equal(CALL(PeerDistServerPublishStream, P(instance), id.size, P(id.bytes), 0, 0, 0, 0, 0,
                     P(&stream)),
                0, "1.4/any stack: PublishStream");
    check_equal(CALL(PeerDistServerPublishAddToStream, P(instance), P(stream), sizeof(data),
                     P(data), P(&call.overlapped)),
                ERROR_IO_PENDING, "1.4/any stack: AddToStream");
    check_equal(CALL(PeerDistGetOverlappedResult, P(&call.overlapped), P(&bytes), TRUE), TRUE,
                "1.4/any stack: GetOverlappedResult");
    check_equal(bytes, sizeof(data), "1.4/any stack: AddToStream");
    check_equal(
        CALL(PeerDistServerPublishCompleteStream, P(instance), P(stream), P(&call.overlapped)),
        ERROR_IO_PENDING, "1.4/any stack: CompleteStream");
    check_equal(call_wait(&call, NULL), 0, "1.4/any stack: CompleteStream");
    check_equal(CALL(PeerDistServerOpenContentInformationEx, P(instance), id.size, P(id.bytes), 0,
                     0, 0, 0, P(&options), 0, 0, P(&info)),
                0, "1.4/any stack: OpenContentInformationEx");
    check_equal(CALL(PeerDistServerRetrieveContentInformation, P(instance), P(info), sizeof(buffer),
                     P(buffer), P(&call.overlapped)),
                ERROR_IO_PENDING, "1.4/any stack: Retrieve");
    check_equal(call_wait(&call, &bytes), 0, "1.4/any stack: Retrieve");
    check_equal(buffer[1], 2, "1.4/any stack: Retrieve");
    check_equal(CALL(PeerDistServerCloseContentInformation, P(instance), P(info)), 0,
                "1.4/any stack: Close");
    check_equal(CALL(PeerDistServerCloseStreamHandle, P(instance), P(stream)), 0,
                "1.4/any stack: Close");
    check_equal(CALL(PeerDistServerUnpublish, P(instance), id.size, P(id.bytes)), 0,
                "1.4/any stack: Unpublish");
    check_equal(CALL(PeerDistShutdown, P(instance)), 0, "1.4/any stack: Shutdown");
    call_fini(&call);
}

static DWORD WINAPI on_thread(void *shift)
{
    publish_and_read((DWORD)(uintptr_t)shift);
    return 0;
}

int main(void)
{
    DWORD shift;

    check_begin("pe.stack", 60);
    pattern_fill(data, 0, sizeof(data));
    for (shift = 0; shift < 4; shift++) {
        HANDLE thread;

        publish_and_read(shift);
        thread = CreateThread(NULL, 0, on_thread, (void *)(uintptr_t)shift, 0, NULL);
        check_equal(WaitForSingleObject(thread, WAIT_LIMIT), WAIT_OBJECT_0, "the machine");
        CloseHandle(thread);
    }
    return check_end();
}

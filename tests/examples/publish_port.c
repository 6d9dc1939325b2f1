/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Publishes a file and writes its content information, with a completion port:
 *   publish_port FILE FILE.ci */
#include <windows.h>
#include <peerdist.h>
#include <stdio.h>

static HANDLE port;

/* The result of a call that completes on the port: 0, or what went wrong. */
static DWORD await(DWORD called, DWORD *bytes)
{
    ULONG_PTR key;
    OVERLAPPED *done;
    if (called != ERROR_IO_PENDING)
        return called;
    return GetQueuedCompletionStatus(port, bytes, &key, &done, INFINITE) ? 0 : GetLastError();
}

int main(int argc, char **argv)
{
    static BYTE identifier[] = "example with a port", buffer[65536];
    PEERDIST_INSTANCE_HANDLE peerdist;
    PEERDIST_STREAM_HANDLE stream;
    PEERDIST_CONTENTINFO_HANDLE information;
    OVERLAPPED overlapped = {0};
    DWORD bytes, error;
    FILE *in = argc == 3 ? fopen(argv[1], "rb") : NULL,
         *out = argc == 3 ? fopen(argv[2], "wb") : NULL;

    port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    if (in == NULL || out == NULL || port == NULL)
        return 2;
    error = PeerDistStartup(PEERDIST_VERSION, &peerdist, NULL);
    if (error == 0)
        error = PeerDistServerPublishStream(peerdist, sizeof(identifier), identifier, 0, NULL, port,
                                            0, &stream);
    while (error == 0 && (bytes = (DWORD)fread(buffer, 1, sizeof(buffer), in)) > 0)
        error = await(
            PeerDistServerPublishAddToStream(peerdist, stream, bytes, buffer, &overlapped), &bytes);
    if (error == 0)
        error = await(PeerDistServerPublishCompleteStream(peerdist, stream, &overlapped), &bytes);
    if (error == 0)
        error = PeerDistServerOpenContentInformation(peerdist, sizeof(identifier), identifier, 0, 0,
                                                     port, 0, &information);
    while (error == 0) {
        error = await(PeerDistServerRetrieveContentInformation(peerdist, information,
                                                               sizeof(buffer), buffer, &overlapped),
                      &bytes);
        if (error == 0)
            fwrite(buffer, 1, bytes, out);
    }
    /* The end of the information is an error code of its own. Shutdown closes what is open. */
    printf("%s\n", error == (DWORD)PEERDIST_ERROR_NO_MORE ? "published" : "failed");
    PeerDistShutdown(peerdist);
    return fclose(out) != 0 || error != (DWORD)PEERDIST_ERROR_NO_MORE;
}

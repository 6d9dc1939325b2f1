/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The same with an event, and without a port:
 *   publish_event FILE FILE.ci */
#include <windows.h>
#include <peerdist.h>
#include <stdio.h>

static OVERLAPPED overlapped; /* one call at a time; hEvent says when it is done */

static DWORD await(DWORD called, DWORD *bytes)
{
    if (called != ERROR_IO_PENDING)
        return called;
    WaitForSingleObject(overlapped.hEvent, INFINITE);
    return PeerDistGetOverlappedResult(&overlapped, bytes, FALSE) ? 0 : GetLastError();
}

int main(int argc, char **argv)
{
    static BYTE identifier[] = "example with an event", buffer[65536];
    PEERDIST_INSTANCE_HANDLE peerdist;
    PEERDIST_STREAM_HANDLE stream;
    PEERDIST_CONTENTINFO_HANDLE information;
    DWORD bytes, error;
    FILE *in = argc == 3 ? fopen(argv[1], "rb") : NULL,
         *out = argc == 3 ? fopen(argv[2], "wb") : NULL;

    overlapped.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (in == NULL || out == NULL || overlapped.hEvent == NULL)
        return 2;
    error = PeerDistStartup(PEERDIST_VERSION, &peerdist, NULL);
    if (error == 0)
        error = PeerDistServerPublishStream(peerdist, sizeof(identifier), identifier, 0, NULL, NULL,
                                            0, &stream);
    while (error == 0 && (bytes = (DWORD)fread(buffer, 1, sizeof(buffer), in)) > 0)
        error = await(
            PeerDistServerPublishAddToStream(peerdist, stream, bytes, buffer, &overlapped), &bytes);
    if (error == 0)
        error = await(PeerDistServerPublishCompleteStream(peerdist, stream, &overlapped), &bytes);
    if (error == 0)
        error = PeerDistServerOpenContentInformation(peerdist, sizeof(identifier), identifier, 0, 0,
                                                     NULL, 0, &information);
    while (error == 0) {
        error = await(PeerDistServerRetrieveContentInformation(peerdist, information,
                                                               sizeof(buffer), buffer, &overlapped),
                      &bytes);
        if (error == 0)
            fwrite(buffer, 1, bytes, out);
    }
    printf("%s\n", error == (DWORD)PEERDIST_ERROR_NO_MORE ? "published" : "failed");
    PeerDistShutdown(peerdist);
    return fclose(out) != 0 || error != (DWORD)PEERDIST_ERROR_NO_MORE;
}

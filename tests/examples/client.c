/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the content that content information describes, from the cache, and what is missing from a
 * copy, which it gives to the library:
 *   client FILE.ci COPY RESULT */
#include <windows.h>
#include <peerdist.h>
#include <stdio.h>

static OVERLAPPED overlapped;
static BYTE buffer[65536];

static DWORD await(DWORD called, DWORD *bytes)
{
    if (called != ERROR_IO_PENDING)
        return called;
    return PeerDistGetOverlappedResult(&overlapped, bytes, TRUE) ? 0 : GetLastError();
}

int main(int argc, char **argv)
{
    PEERDIST_CONTENT_TAG tag = {"client example"};
    PEERDIST_INSTANCE_HANDLE peerdist;
    PEERDIST_CONTENT_HANDLE content;
    DWORD bytes, part, error;
    FILE *information = argc == 4 ? fopen(argv[1], "rb") : NULL;
    FILE *copy = argc == 4 ? fopen(argv[2], "rb") : NULL,
         *out = argc == 4 ? fopen(argv[3], "wb") : NULL;
    unsigned long long cached = 0, fetched = 0;

    if (information == NULL || copy == NULL || out == NULL)
        return 2;
    error = PeerDistStartup(PEERDIST_VERSION, &peerdist, NULL);
    if (error == 0)
        error = PeerDistClientOpenContent(peerdist, &tag, NULL, 0, &content);
    while (error == 0 && (bytes = (DWORD)fread(buffer, 1, sizeof(buffer), information)) > 0)
        error = await(
            PeerDistClientAddContentInformation(peerdist, content, bytes, buffer, &overlapped),
            &bytes);
    if (error == 0)
        error =
            await(PeerDistClientCompleteContentInformation(peerdist, content, &overlapped), &bytes);

    while (error == 0) {
        error = await(PeerDistClientStreamRead(peerdist, content, sizeof(buffer), buffer,
                                               PEERDIST_READ_TIMEOUT_DEFAULT, &overlapped),
                      &bytes);
        if (error == 0) {
            fwrite(buffer, 1, bytes, out);
            cached += bytes;
        } else if (error == (DWORD)PEERDIST_ERROR_MISSING_DATA || error == ERROR_TIMEOUT) {
            /* `bytes` from the OVERLAPPED's offset on are for us to get. */
            unsigned long long at =
                (unsigned long long)overlapped.OffsetHigh << 32 | overlapped.Offset;
            unsigned long long end = at + bytes;
            for (error = _fseeki64(copy, (long long)at, SEEK_SET) != 0; error == 0 && at < end;
                 at += part) {
                part = end - at < sizeof(buffer) ? (DWORD)(end - at) : sizeof(buffer);
                if (fread(buffer, 1, part, copy) != part)
                    error = ERROR_HANDLE_EOF;
                fwrite(buffer, 1, part, out);
                overlapped.Offset = (DWORD)at;
                overlapped.OffsetHigh = (DWORD)(at >> 32);
                await(PeerDistClientAddData(peerdist, content, part, buffer, &overlapped), &bytes);
                fetched += part;
            }
        }
    }
    printf("%llu bytes from the cache, %llu from the copy\n", cached, fetched);
    PeerDistShutdown(peerdist);
    return fclose(out) != 0 || error != (DWORD)PEERDIST_ERROR_NO_MORE;
}

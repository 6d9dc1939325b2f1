/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/side_database.h"

#include <stdlib.h>
#include <string.h>

#include "platform/folder.h"

static char *copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = malloc(size);
    if (copy != NULL)
        memcpy(copy, text, size);
    return copy;
}

bool side_database_init(struct side_database *side, const struct database_kind *kind,
                        const char *folder, const char *user)
{
    side->folder = copy_text(folder);
    side->user = copy_text(user);
    side->path = NULL;
    database_init(&side->database, kind);
    return side->folder != NULL && side->user != NULL;
}

void side_database_fini(struct side_database *side)
{
    database_close(&side->database, side->path);
    free(side->path);
    free(side->folder);
    free(side->user);
}

enum pd_status side_database_open(struct side_database *side, bool make)
{
    char *root = NULL, *folder = NULL;
    if (side->database.db != NULL && !database_is_same_file(&side->database, side->path))
        database_close(&side->database, side->path);
    if (side->database.db != NULL)
        return PD_OK;
    enum pd_status status = folder_store_root(&root);
    if (status == PD_OK) {
        folder = path_join(root, side->folder);
        if (side->path == NULL && folder != NULL)
            side->path = path_join(folder, side->database.kind->name);
        status = folder != NULL && side->path != NULL ? PD_OK : PD_NO_MEMORY;
    }
    if (status == PD_OK && make)
        status = folder_create_private(folder, side->user);
    else if (status == PD_OK && !file_exists(side->path))
        status = PD_NOT_FOUND;
    if (status == PD_OK)
        status = database_open(&side->database, side->path);
    free(folder);
    free(root);
    return status;
}

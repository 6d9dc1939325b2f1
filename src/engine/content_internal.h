/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the content handle share.
 *
 * An operation is either at rest, in which case whoever holds the lock may complete it, or in work:
 * then a thread uses its buffer without the lock, and that thread completes it. Cancel and close
 * mark it and wait. */
#ifndef PEERDIST_ENGINE_CONTENT_INTERNAL_H
#define PEERDIST_ENGINE_CONTENT_INTERNAL_H

#include "engine/content.h"

#include "async/timer.h"
#include "async/workers.h"
#include "core/content_info_feed.h"
#include "engine/block_assembly.h"
#include "engine/info_spool.h"
#include "engine/member.h"
#include "engine/peers/peers.h"
#include "engine/segment_window.h"
#include "engine/user_cache.h"

/* Places of a content that are being read or added to at the same time. */
#define CONTENT_WINDOWS 4u

/* A handle whose StreamReads go on well has the next bytes ready: in so many pieces, which
 * different threads load, of so many bytes. */
#define CONTENT_AHEAD_SLOTS 4u
#define CONTENT_AHEAD_BYTES (1u << 20)

enum content_state { CONTENT_FEEDING, CONTENT_COMPLETING, CONTENT_READY, CONTENT_BROKEN };

/* The block that a read delivered last in part: the next one most likely goes on in it. */
struct recent_block {
    uint64_t offset;
    uint32_t length;  /* 0: none */
    uint8_t *data;    /* SEGMENT_MAX_SIZE_V2 bytes once allocated */
    unsigned flushes; /* of the user's cache that happened before */
};

/* A stretch that was found missing, and what the cache was like then: walking over it again for
 * each read of a large content that is not there would take longer than fetching it. */
struct missing_stretch {
    uint64_t begin, end; /* empty when equal */
    bool open;           /* the search ended there, not the stretch */
    uint64_t foreign_changes, foreign_writes;
};

/* Blocks that were read and verified before they were asked for. */
enum ahead_state { AHEAD_EMPTY, AHEAD_LOADING, AHEAD_READY };
struct ahead_slot {
    struct task task;
    struct content *content;
    enum ahead_state state;
    uint64_t offset;
    uint32_t planned; /* LOADING: bytes that it will hold if all of them are there */
    uint32_t length;  /* READY: bytes that it holds */
    unsigned flushes; /* of the user's cache that happened before */
    uint8_t *data;    /* CONTENT_AHEAD_BYTES once allocated */
};

struct content {
    struct member base;       /* its lock guards everything below, except where said */
    struct user_cache *cache; /* counted; does not change */
    struct block_source source;
    enum content_state state;
    enum pd_status end_status; /* once dead: what is pending is told */
    struct condition settled;  /* an operation left the queue */

    struct info_spool *spool;       /* of the thread that informs; once READY of all */
    struct content_info_feed *feed; /* the same */
    bool informing;                 /* the task is queued or runs */
    struct task info_task;

    bool adding; /* a thread is at it, and alone uses the next two */
    struct block_assembly *assembly;
    struct staged_block *held; /* whole, but the intake has no room */

    uint64_t position; /* of StreamRead */
    struct read *reads;
    struct timer timer; /* armed while reads wait: it holds a reference then */
    uint32_t advances; /* of the intake: a read that saw a block there knows by it what it missed */
    bool fetching;     /* a fetch of this handle may be on record */
    struct recent_block recent;
    unsigned streak; /* StreamReads in a row that brought data */
    struct ahead_slot ahead[CONTENT_AHEAD_SLOTS];
    struct missing_stretch missing;

    struct peer_client peers; /* its own lock */
    struct fetched *fetched;  /* blocks that came for the stream, by offset */
    uint64_t fetched_bytes;
    uint64_t peers_end; /* so far a StreamRead has them asked; 0: they are not */
    bool peers_asking;  /* the task is queued or runs */
    struct task peers_task;

    struct mutex window_lock; /* guards the following; nothing else is taken under it */
    struct segment_window *windows[CONTENT_WINDOWS]; /* latest used first */
};

/* content.c */
/* The operation's only completion; with the lock. One that was cancelled, or whose handle is dead,
 * gets that instead: false then. */
bool content_finish(struct content *content, struct operation *operation,
                    const struct completion *completion);
/* The window that holds offset, by a reference for the caller. Without the lock. */
enum pd_status content_window(struct content *content, uint64_t offset,
                              struct segment_window **window_found);

/* content_add.c */
/* Goes on with AddData operations as far as there is room. With the lock, which it lets go of. */
void content_pump_adds(struct content *content);

/* content_read.c */
/* All reads that wait look again; with the lock. */
void content_wake_reads(struct content *content);
/* A block came from a peer and is in memory: those look again that it is enough for; with the lock.
 */
void content_wake_fetching(struct content *content);
/* The read's operation was completed at rest: forget it; with the lock. */
void content_abandon_read(struct content *content, struct read *read);
void content_timer_expired(struct timer *timer);

/* content_present.c */
struct present {
    uint32_t bytes; /* read and verified */
    bool staged; /* it ends before a block that is on its way into the cache; where bytes is 0 the
                  * source is told when it has come */
};
/* Reads what is there of [offset, offset + length), which is in the range: whole blocks straight
 * into the buffer, and part of a block only where the read begins in it or it is all there is. On a
 * pool thread, without the lock, as the user; alone: without the help of others. */
struct present content_read_present(struct content *content, uint64_t offset, uint8_t *buffer,
                                    uint32_t length, bool alone);
/* The bytes of whole blocks that begin with the one at offset, its end at least, at most `length`
 * of them where that is a block. 0: it cannot be told. */
uint32_t content_whole_blocks(struct content *content, uint64_t offset, uint32_t length);
/* Copies from the block that was read last, if offset is in it; with the lock. */
uint32_t content_copy_recent(struct content *content, uint64_t offset, uint8_t *buffer,
                             uint32_t length);

/* content_ahead.c; with the lock */
/* Copies what is ready from offset on. */
uint32_t content_copy_ahead(struct content *content, uint64_t offset, uint8_t *buffer,
                            uint32_t length);
/* The byte at offset is being loaded: reads are woken when it is there, or not. */
bool content_is_loading(const struct content *content, uint64_t offset);
/* A StreamRead was answered: goes on loading, or gives up. */
void content_streamed(struct content *content, bool data);
void content_ahead_fini(struct content *content);

/* content_peers.c */
/* Has peers asked for what is absent of [offset, offset + length) and, for a stream, some way on.
 * As the user, without the lock. */
void content_ask_peers(struct content *content, uint64_t offset, uint32_t length, bool stream);
/* The block at offset is being fetched. */
bool content_peers_bring(struct content *content, uint64_t offset);
/* A StreamRead that may use peers was answered with data; with the lock. */
void content_stream_peers(struct content *content);
/* peer_client's arrived. */
void content_fetched(struct peer_client *client, const struct staged_block *block);
/* How much of what came for the stream follows offset without a gap; with the lock. */
uint64_t content_fetched_length(const struct content *content, uint64_t offset);
/* Copies of it; with the lock. */
uint32_t content_copy_fetched(struct content *content, uint64_t offset, uint8_t *buffer,
                              uint32_t length);
void content_fetched_fini(struct content *content);

/* content_missing.c */
/* Asks the cache for the places of all listed blocks of a window from one on. As the user. */
enum pd_status content_locate(struct content *content, const struct segment_window *window,
                              const struct window_block *from, struct cache_place *places);
/* Ends of the stretch of bytes that begins at offset and is missing, or is there. Without the lock,
 * as the user. Bounded: CONTENT_STRETCH_MAX bytes at most. */
#define CONTENT_STRETCH_MAX 0xFFFF0000u
uint32_t content_missing_length(struct content *content, uint64_t offset);
/* *staged: where it ends a block is on its way into the cache; the source is told when it has come.
 */
uint32_t content_present_length(struct content *content, uint64_t offset, bool *staged);

#endif

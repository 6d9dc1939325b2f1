/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the peers' part share. One lock guards everything, and is held shortly:
 * exchanges and probes run without it. Order: this lock before an intake's. */
#ifndef PEERDIST_ENGINE_PEERS_PEERS_INTERNAL_H
#define PEERDIST_ENGINE_PEERS_PEERS_INTERNAL_H

#include "engine/peers/peers.h"

#include "engine/peers/peer.h"
#include "net/http_client.h"
#include "net/socket.h"
#include "platform/thread.h"

#define LINKS_MAX            8u /* threads that fetch */
#define CONNECTIONS_PER_PEER 4u
/* So few blocks are asked for without asking for a list first ([MS-CCROD] 2.8.2.3). */
#define SIMPLE_DOWNLOAD 3u
#define REQUEST_TIMEOUT 2000u /* ms for one exchange, [MS-PCCRR] 3.1.2 */

/* A machine that may have blocks of a session's segment. */
struct server {
    struct peer *peer;
    bool complete;            /* it has all of the segment, or so it said */
    bool tentative;           /* it was not asked: it gave other segments of the content */
    bool listed, asking_list; /* `has` is known, or is being asked for */
    bool gone;
    struct block_set has, lacks;
};

/* Blocks of one segment that one handle wants. */
struct session {
    struct session *next; /* oldest first */
    struct peer_client *client;
    struct segment_window *window;
    const struct window_segment *segment;
    unsigned references; /* one while it is in the list, one for each exchange and judgement */
    bool linked;         /* in the list */
    bool dropped;
    bool answered; /* no more servers will come */
    bool stalled;  /* no room in the intake */
    struct block_set idle, busy, judging;
    unsigned server_count;
    struct server servers[PEERS_PER_LIST];
};

enum job_kind { JOB_BLOCK, JOB_LIST };
enum job_outcome {
    JOB_DELIVERED, /* a block, which will be judged; or a list */
    JOB_EMPTY,
    JOB_TIMED_OUT,
    JOB_BROKEN,
    JOB_LIED,
    JOB_GIVEN_UP /* by us */
};

struct job {
    enum job_kind kind;
    struct session *session;
    struct server *server;
    struct http_client *http;
    bool aborted; /* its connection was: no use to anybody else */
    uint32_t number;
    struct block_set blocks; /* JOB_LIST: asked for, then said to be there */
};

struct peers {
    struct mutex lock;
    struct condition work; /* for links */
    bool enabled, running, stopping;
    uint32_t discovery_timeout;
    struct peer_table table;
    struct session *sessions;
    struct peer_client *to_tell;

    unsigned links, idle_links, wakes; /* threads; those that wait; of those, told to look */
    struct thread *threads[LINKS_MAX];
    struct job *active[LINKS_MAX];
    struct {
        struct net_address address;
        struct http_client *http;
    } spare[LINKS_MAX]; /* connections that are kept */

    struct thread *prober;
    struct socket_waker waker;
};
extern struct peers peers;

/* peers.c; all with the lock */
void session_release(struct session *session);
/* A machine may be asked for the session's blocks. */
void session_add_server(struct session *session, const struct peer_entry *entry, bool tentative);
/* Gives up what nobody is left for, ends sessions that want nothing. */
void session_settle(struct session *session);
void sessions_settle(void); /* all of them */
/* What an answer, or the end of waiting for answers, means for the sessions of that segment. */
void sessions_found(const struct peer_list *list, const struct peer_entry *entry);
void sessions_answered(const struct peer_list *list);
/* Lets go of the lock and tells those who have to look again. */
void peers_unlock(void);

/* peer_schedule.c; with the lock */
/* Something could be fetched now, if the intake has room. */
bool job_is_there(void);
bool job_pick(struct job *job);
void job_finish(struct job *job, enum job_outcome outcome);
/* block_intake's verdict on a block from a peer; without the lock. From its making on the block is
 * no longer being fetched, but judged. */
struct judgement;
struct judgement *judgement_create(struct session *session, struct server *server,
                                   uint32_t number); /* NULL without memory */
void judgement_passed(void *context, const struct staged_block *block, bool good);

/* peer_link.c; with the lock */
/* More threads if there is more to do. */
void links_wake(void);
void links_stop(void); /* without the lock */
void job_abort(struct job *job);

/* prober.c */
bool prober_start(void);
void prober_stop(void);

#endif

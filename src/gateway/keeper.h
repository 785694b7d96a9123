/*
 * The keeper: the one process that holds client secrets, the vault and a way to the providers. It
 * answers the fronts' calls; browsers never reach it.
 */
#ifndef GATEWAY_KEEPER_H
#define GATEWAY_KEEPER_H

#include "gateway/calls.h"
#include "gateway/metrics.h"
#include "gateway/published.h"
#include "gateway/revoked.h"
#include "gateway/settings.h"
#include "io/http_client.h"
#include "io/message_queue.h"
#include "vault/vault.h"

#include <sodium.h>
#include <sys/queue.h>

/* A keeper's lease of a grant, in seconds: how long it lasts, and when it is extended while the
 * provider is slow. */
#define LEASE_SECONDS 10
#define LEASE_EXTENDED 3

/* A connection to a front or to the broker. */
struct link {
	LIST_ENTRY(link) entry;
	struct keeper *keeper;
	enum role role; /* of the other side: what it may call */
	struct event *readable;
	struct message_queue answers;
	int fd;
};

/* A call under way, whose answer is due to `link`; NULL there when the front is gone. */
struct job {
	LIST_ENTRY(job) entry;
	struct keeper *keeper;
	struct link *link;
	uint64_t number;
};

/* A session that another one has taken the place of, and that ends in a moment. */
struct ending {
	LIST_ENTRY(ending) entry;
	uint8_t id[SESSION_ID];
	int64_t expires_at;
	unsigned tick; /* when it ends for the fronts */
};

#define REFRESH_SPARED 1024

/* A grant that was refreshed although it was not due. */
struct spared {
	uint64_t hash;
	unsigned until; /* tick */
};

/* The look-out for what is due of one login (refresh_due.c). */
struct look_out {
	struct keeper *keeper;
	const struct login_settings *login;
	int64_t next_at; /* when it looks again */
	int64_t late;    /* seconds since the longest overdue one was due, when it last looked */
	size_t asked;    /* the answer has so many at most */
	bool asking;     /* it is looking */
	bool missed;     /* something became due earlier while it did */
	bool more;       /* it saw more than there was room for */
};

/* The refreshes under way (refresh.c), and the look-out for more. */
struct refreshing {
	LIST_HEAD(, refresh) all;
	struct spared spared[REFRESH_SPARED]; /* refresh_spare.c */
	uint8_t spare_key[crypto_shorthash_KEYBYTES];
	bool spare_keyed;
	struct event *due;
	struct look_out look_out[LOGINS_MAX]; /* by the login's place in the settings */
	bool stopped;
};

/* Sealing anew what older keys sealed (reseal.c). */
struct resealing {
	struct event *timer;
	size_t key;                /* the older key that is being replaced: its place in the ring */
	struct pk_str after_login; /* how far it is, views into `after` */
	struct pk_str after_subject;
	char after[GRANT_LOGIN_MAX + PK_SUBJECT_MAX];
	uint64_t began_at; /* the page under way, on metrics_clock() */
	size_t pending;    /* what of it has no answer yet */
	bool last;         /* it is the pass's last */
	uint64_t sealed;   /* grants, since it was last said */
	uint64_t again;    /* of this pass: leased, newer, or the store went away */
	uint64_t locked;   /* of this pass: they do not open */
	uint64_t told[KEYRING_MAX];
	bool down; /* the store did not answer the last time */
	bool stopped;
};

/* Where logins are counted (metrics.h), and the counting of the grants (measure.c), in microseconds of
 * the monotonic clock. */
struct measuring {
	size_t place[LOGINS_MAX]; /* by the login's place in the settings */
	uint64_t asked_at;
	uint64_t again_at;
	bool asking;
};

/* The grants that do not open (locked.c). */
struct locked {
	bool said;
	unsigned said_at; /* the tick */
	uint64_t more;    /* since then, each as often as it was looked at */
};

struct keeper {
	struct event_base *base;
	struct settings *settings;
	struct vault *vault;
	struct http_client *client;
	struct revoked *revoked;
	struct metrics *metrics;
	LIST_HEAD(, link) links;
	LIST_HEAD(, job) jobs;
	LIST_HEAD(, ending) endings;
	LIST_HEAD(, upstream_request) asked; /* upstream.c */
	LIST_HEAD(, revocation) revocations; /* those that wait for another try: revoke_tokens.c */
	unsigned revocations_waiting;
	LIST_HEAD(, farewell) farewells; /* end_grant.c */
	unsigned farewells_again;        /* those of them that another keeper had begun */
	struct refreshing refreshing;
	struct resealing resealing;
	struct locked locked;
	struct measuring measuring;
	struct published metadata[LOGINS_MAX]; /* by the login's place in the settings */
	struct published keys[LOGINS_MAX];
	unsigned ticks;            /* seconds since the start */
	int64_t revoked_cursor;    /* how far the store has told what was revoked */
	bool asking;               /* it is being asked for more */
	bool store_down;           /* it did not answer that the last time */
	unsigned store_calm_at;    /* the tick at which it will have been back for a while */
	const char *store_warning; /* the last that was logged */
	bool ready;                /* the supervisor was told so */
	bool stopping;
};

/* A call's work. `in` is at its first field. */
typedef void keeper_call(struct keeper *keeper, struct link *link, uint64_t number,
			 struct message_reader *in);

keeper_call keeper_redeem;      /* redeem.c */
keeper_call keeper_metadata;    /* metadata.c */
keeper_call keeper_push;        /* push.c */
keeper_call keeper_logout;      /* end_session.c */
keeper_call keeper_backchannel; /* end_by_provider.c */

keeper_call keeper_token; /* give_token.c */
keeper_call keeper_refresh;
keeper_call keeper_grants; /* list_grants.c */
keeper_call keeper_revoke; /* revoke_grant.c */

extern const struct published_kind metadata_kind;      /* metadata.c */
extern const struct published_kind provider_keys_kind; /* provider_keys.c */

/*
 * Finds how a login's provider is spoken to. What `done` is given goes to keeper_login_take(): the text
 * of a dialect that was discovered, or "not given" where the login's own is all there is to know.
 */
void keeper_login(struct keeper *keeper, const struct login_settings *login,
		  struct published_wait *wait, published_ready *done, void *arg);

/* The keys of the login's provider. */
struct published *keeper_keys(struct keeper *keeper, const struct login_settings *login);

/* The login with that dialect, which lives in the arena and in `ret`: neither may be moved. */
PK_MUST_USE enum pk_err keeper_login_take(const struct login_settings *login,
					  struct pk_str dialect_text, struct pk_arena *arena,
					  struct login_settings *ret);

/* A job is known to the keeper from its begin to its end, so that it outlives neither. */
void keeper_job_begin(struct keeper *keeper, struct job *job, struct link *link, uint64_t number);
void keeper_job_end(struct job *job);

/* Answers a call: keeper_answer_begin() writes the head, the fields follow,
 * keeper_answer_send(). */
void keeper_answer_begin(struct pk_buf *message, uint64_t number, bool well);
void keeper_answer_send(struct link *link, const struct pk_buf *message);
void keeper_answer_failure(struct link *link, uint64_t number, const struct failure *failure);
struct failure keeper_failure(const struct pk_why *why); /* views into `why` */
void keeper_answer_refusal(struct link *link, uint64_t number, const struct pk_why *why);

/* Somebody who hears when the provider has been asked to forget a grant's tokens: `over` is false
 * where a keeper that ends has not done all of it. */
struct revocation_wait {
	unsigned left; /* tokens */
	bool undone;
	void (*done)(bool over, void *arg);
	void *arg;
};

/* Has the provider forget the tokens of a grant, where it can; in its own time, with a line in the
 * log. `wait`, with its `done` and `arg`, is the caller's until `done` was called, at once or later;
 * NULL: nobody hears. */
void keeper_revoke_tokens(struct keeper *keeper, const struct login_settings *login,
			  const struct grant *grant, struct revocation_wait *wait);

/* A line in the log: tokens that the provider was not told to forget, and why. */
void keeper_not_revoked(struct pk_str login, struct pk_str text);

/* Forgets those that wait for another try. */
void revocations_free(struct keeper *keeper);

/* Ends a grant: it is none any more, and then its provider is asked to forget the tokens, likewise; by
 * another keeper, if this one dies. `done` hears what came of the former, as vault_leave() says it,
 * and is given the grant with VAULT_OK; NULL: nobody. */
typedef void keeper_grant_ended(enum vault_result result, const struct grant *grant, void *arg);
void keeper_end_grant(struct keeper *keeper, struct pk_str login, struct pk_str subject,
		      keeper_grant_ended *done, void *arg);

/* Goes on with one that vault_due() shows as leaving: whoever left it is gone. False where as many
 * are under way as may be. */
bool keeper_end_grant_again(struct keeper *keeper, const struct grant *grant);

/* When the vault and the HTTP client are gone. */
void farewells_free(struct keeper *keeper);

/* Sessions that end before their time: ended_sessions.c. */

/* Begins to ask the store for them. keeper_ready() is called when the fronts can know all of them:
 * without them, sessions that were ended would pass. */
void keeper_sessions_begin(struct keeper *keeper);
void keeper_ready(struct keeper *keeper);

/* Every second. */
void keeper_sessions_tick(struct keeper *keeper);

/* Ends a session, or all of somebody's (vault.h): in the store, and for all fronts. */
typedef void keeper_ended(bool ended, void *arg);
void keeper_end_session(struct keeper *keeper, const struct revoked_session *session,
			keeper_ended *done, void *arg);

/* Ends a session whose browser was given a new one: in the store at once, for the fronts a moment
 * later. Other tabs of that browser are on their way with the old cookie, and would be told that
 * nobody is signed in. */
void keeper_replace_session(struct keeper *keeper, const uint8_t id[static SESSION_ID],
			    int64_t expires_at);

/* Ends those whose moment has come, or all of them. */
void keeper_end_replaced(struct keeper *keeper, bool all);

/* Says that a grant does not open, and why; of many, not of each. */
void keeper_locked(struct keeper *keeper, struct pk_str login, struct pk_str subject,
		   const char *problem);

/* Keeps sealing with the ring's first key what older ones sealed. Ends before the vault is closed. */
bool keeper_reseal_begin(struct keeper *keeper);
void keeper_reseal_end(struct keeper *keeper);

/* What is measured of the store: from when it is open, every second, and until it is closed. */
void keeper_measure_begin(struct keeper *keeper);
void keeper_measure_tick(struct keeper *keeper);
void keeper_measure_end(struct keeper *keeper);

/* Where a login of the settings is counted; NULL: one that is not there any more. */
size_t keeper_login_place(const struct keeper *keeper, const struct login_settings *login);

/* Runs the process; comes back with its exit status. */
int keeper_main(void);

#endif

/*
 * What a store is: a table of functions, one file each for SQLite, PostgreSQL and Valkey or Redis.
 * A store keeps rows and knows nothing else: tokens reach it sealed, it holds no key and makes no
 * plan. Nothing blocks: each call is answered by calling `done` once, at once or later from the
 * event loop (what it was given need not live that long), with VAULT_DOWN when the store does not answer within STORE_SECONDS or is away. The
 * store connects again by itself. Internal to the vault.
 *
 * Times are seconds since the epoch, except that a lease ends by the store's own clock: the clocks
 * of replicas differ. Texts are bytes, any of them, zero bytes too; their order is that of memcmp().
 */
#ifndef VAULT_STORE_H
#define VAULT_STORE_H

#include "vault/vault.h"

#include <event2/event.h>

#define STORE_SECONDS 3      /* a call that takes longer has failed; what it did is not known */
#define STORE_CALLS_MAX 4096 /* that may be under way; more are answered VAULT_DOWN at once */
#define STORE_LIST_MAX 256   /* rows of one answer */

/* A grant as the store sees it: its tokens are seals, bytes without meaning. */
struct stored_grant {
	struct pk_str login;
	struct pk_str subject;
	int64_t version; /* of the row: put, finish and reseal add one; the latter two say which one
				   they replace. It begins with the time, in microseconds: one that a
				   row had before it was deleted never comes again */
	uint8_t key[KEY_ID]; /* the key that sealed the tokens; with several, not the newest */
	struct pk_str access_token;
	struct pk_str refresh_token; /* "not given" where there is none */
	struct pk_str id_token;      /* likewise */
	struct pk_str scope;
	struct pk_str session;     /* the provider's `sid`, or "not given" */
	int64_t access_expires_at; /* or PK_TIME_UNKNOWN */
	int64_t refresh_expires_at;
	int64_t refresh_at; /* when it is due; PK_TIME_UNKNOWN: never */
	enum grant_state state;
	int64_t failures;     /* refreshes that failed since the last one that did not */
	struct pk_str fault;  /* why it is not GRANT_ACTIVE */
	int64_t created_at;   /* the login */
	int64_t refreshed_at; /* the tokens; PK_TIME_UNKNOWN: they are the login's */
	int64_t sent_at; /* the refresh token was sent and its answer never stored; PK_TIME_UNKNOWN */
};

/* The answer to any call: what the call does not give is empty. Lives until `done` returns. */
struct store_answer {
	enum vault_result result;
	const struct stored_grant *grant; /* `count` of them */
	size_t count;
	enum spend_result spend;
	int64_t number; /* a time, a cursor */
	int64_t counts[GRANT_STATES];
	const struct revoked_session *revoked; /* `revoked_count` of them */
	size_t revoked_count;
	bool more; /* behind that cursor: ask again at once */
	const char *
		problem; /* a sentence for the log, without a secret, where the result is VAULT_DOWN */
};

typedef void store_done(const struct store_answer *answer, void *arg);

struct store; /* each store's own */

struct store_ops {
	const char *schemes[4]; /* how its addresses begin: "sqlite:", "postgres://", "redis://" */

	/* Opens; may make and migrate what it needs, waiting for that (at the start alone). NULL with
	 * a sentence for an address that is wrong and for what a newer version wrote; a server that is
	 * away is no reason: it may come. */
	struct store *(*open)(struct event_base *base, const char *address, char *error,
			      size_t error_size);
	void (*close)(struct store *store); /* calls under way are answered VAULT_DOWN first */

	/* ---- Grants ---- */

	/* A login: inserts or replaces, whatever was there, its lease too; `grant->version` says
	 * nothing here. Without a refresh token the stored one stays, with its expiry (RFC 6749 6)
	 * and with the row's key, which sealed it. Durable when it answers, like every write. */
	void (*put)(struct store *store, const struct stored_grant *grant, store_done *done,
		    void *arg);
	void (*get)(struct store *store, struct pk_str login, struct pk_str subject,
		    store_done *done, void *arg);
	/* The grant becomes GRANT_LEAVING, due at `now`, and `owner` has its lease, whoever had it
	 * before; VAULT_OK with the row as it is then, in the same step: what a refresh made is not
	 * overlooked. From then on it is no row for any call but delete, due, list_sealed, reseal, and
	 * for renew by its owner; a put replaces it wholly. With `again` it is one that is leaving
	 * already, and stays due as it is: VAULT_BUSY with the row where somebody else has its lease. */
	void (*leave)(struct store *store, struct pk_str login, struct pk_str subject,
		      const uint8_t owner[static LEASE_OWNER], int64_t seconds, int64_t now,
		      bool again, store_done *done, void *arg);
	/* Gives the row that was deleted. With an `owner` it is that one's, by a lease that may have
	 * ended, or not deleted: VAULT_NONE. */
	void (*delete)(struct store *store, struct pk_str login, struct pk_str subject,
		       const uint8_t *owner, store_done *done, void *arg);

	/* Takes the lease for `owner`, for that many seconds, if nobody has it: VAULT_OK with the row,
	 * VAULT_BUSY with the row where somebody else has. One owner of all processes wins, and may ask
	 * again. The version stays. */
	void (*lease)(struct store *store, struct pk_str login, struct pk_str subject,
		      const uint8_t owner[static LEASE_OWNER], int64_t seconds, store_done *done,
		      void *arg);
	/* Extends it, and notes `sent_at` where that is known; VAULT_BUSY: it is lost (ended, or
	 * another's, or taken by a login), VAULT_NONE: so is the row. */
	void (*renew)(struct store *store, struct pk_str login, struct pk_str subject,
		      const uint8_t owner[static LEASE_OWNER], int64_t seconds, int64_t sent_at,
		      store_done *done, void *arg);
	/* Replaces all of the row of `grant->version` but created_at, as given: a refresh token that is
	 * not given is gone. Ends the lease of `owner`. VAULT_BUSY where the row is newer or the lease
	 * is not the owner's any more, VAULT_NONE where there is none: then nothing was written. */
	void (*finish)(struct store *store, const struct stored_grant *grant,
		       const uint8_t owner[static LEASE_OWNER], store_done *done, void *arg);
	/* Replaces the seals and the key of the row of `grant->version`, and nothing else; VAULT_BUSY
	 * where the row is newer or leased: whoever refreshes it must be able to finish. */
	void (*reseal)(struct store *store, const struct stored_grant *grant, store_done *done,
		       void *arg);

	/* The grants of a login that are due at `now` and not leased, the longest overdue first;
	 * `limit` at most, and without their seals. Those that ended never are; those that are
	 * leaving are told by their state. `number`: refresh_at
	 * of the first one, also where it is not due yet, or PK_TIME_UNKNOWN. */
	void (*due)(struct store *store, struct pk_str login, int64_t now, size_t limit,
		    store_done *done, void *arg);
	/* Grants in the order of (login, subject), behind that pair, where it is given; those of `login`
	 * alone, where it is given. */
	void (*list)(struct store *store, struct pk_str login, struct pk_str after_login,
		     struct pk_str after_subject, size_t limit, store_done *done, void *arg);
	/* Those that this key sealed, likewise. */
	void (*list_sealed)(struct store *store, const uint8_t key[static KEY_ID],
			    struct pk_str after_login, struct pk_str after_subject, size_t limit,
			    store_done *done, void *arg);
	/* Of one session at the provider, for logout; of that subject alone, where it is given. Where
	 * the session is not given: the one of (login, subject). None: VAULT_OK, with none. */
	void (*find)(struct store *store, struct pk_str login, struct pk_str subject,
		     struct pk_str session, size_t limit, store_done *done, void *arg);
	/* How many there are in each state: exactly, and kept up to date by every write, so that it
	 * takes as long with ten million rows as with ten. */
	void (*count)(struct store *store, store_done *done, void *arg);

	/* ---- Attempts and sessions ---- */

	void (*spend)(struct store *store, const uint8_t id[static ATTEMPT_ID],
		      const uint8_t code_hash[static CODE_HASH], int64_t expires_at,
		      store_done *done, void *arg);
	/* Revokes a session, or all sessions of (login, subject) that began before `until`, until
	 * `expires_at`, when they would have ended anyway. Again: the later times count. */
	void (*revoke)(struct store *store, const struct revoked_session *session, store_done *done,
		       void *arg);
	/* What was revoked since the cursor, `number` of the answer being the next one; 0 begins with
	 * all that has not ended by `now`. Nothing is ever left out, whatever else is being written;
	 * something may come twice. Asked once a second by every replica. */
	void (*revoked)(struct store *store, int64_t cursor, int64_t now, store_done *done,
			void *arg);
	/* Forgets revocations and spent attempts that have ended by `now`. */
	void (*forget)(struct store *store, int64_t now, store_done *done, void *arg);

	/* A sentence for the log where the server works, but its settings may lose what is stored,
	 * or cannot be seen; NULL where they are well. It lives for ever. A store without this
	 * function never warns. */
	const char *(*warning)(const struct store *store);
};

/* The store for that address, or NULL. */
const struct store_ops *store_for(const char *address);

extern const struct store_ops store_sqlite;
extern const struct store_ops store_postgres;
extern const struct store_ops store_redis;

#endif

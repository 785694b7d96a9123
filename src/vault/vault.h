/*
 * The vault: grants, spent attempts and revoked sessions, in one of the stores behind store.h.
 * Tokens are sealed before they reach the store, bound to the row and the column that they belong
 * to: a copied row or a swapped column does not open. What no seal can tell is that a row, whole, is
 * an older one of the same place, put back from a backup: nothing outside of the store remembers
 * the newer one. While it is being refreshed its version tells; afterwards the provider does, which
 * refuses a refresh token that was replaced.
 *
 * Nothing blocks. Each call is answered by calling `done` once, from the event loop or before the
 * call returns; what the call was given need not live longer than the call, `arg` is the caller's
 * until `done` has it.
 */
#ifndef VAULT_VAULT_H
#define VAULT_VAULT_H

#include "proofkey.h"
#include "vault/ids.h"
#include "vault/keyring.h"

#include <event2/event.h>

#define CODE_HASH 16
#define LEASE_OWNER 16 /* random bytes, of one piece of work */

struct vault;

enum grant_state {
	GRANT_ACTIVE,
	GRANT_RETRYING, /* the last refresh failed and may do better */
	GRANT_ENDED,    /* only a new login helps */
	GRANT_LEAVING,  /* deleted for all but vault_due(): its tokens are still to be revoked */
	GRANT_STATES
};

/* A session that ended before its time; or, where `login` is given, all sessions of (login,
 * subject) that began before `until`. Not needed any more after `expires_at`. */
struct revoked_session {
	uint8_t id[SESSION_ID];
	struct pk_str login;
	struct pk_str subject;
	int64_t until;
	int64_t expires_at;
};

/* A grant: the tokens of one subject at one login. */
struct grant {
	struct pk_str login;
	struct pk_str subject;
	int64_t version; /* of the row, as it was read: what vault_finish() and vault_reseal() replace */
	bool locked; /* no key of the ring opens its tokens, or they were altered: they are empty */
	struct pk_secret access_token;
	struct pk_secret refresh_token; /* "not given" where there is none */
	struct pk_secret id_token;      /* likewise */
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

/* The longest name of a login, in bytes; a subject has at most PK_SUBJECT_MAX. */
#define GRANT_LOGIN_MAX 255

enum vault_result {
	VAULT_OK,
	VAULT_NONE,          /* no such row */
	VAULT_BUSY,          /* somebody else has it, or was faster: nothing was written */
	VAULT_LOCKED_BY_KEY, /* the row is there and no key of the ring opens it, or it was altered
			      */
	VAULT_DOWN,          /* the store does not answer: what it did is not known */
};

enum spend_result {
	SPEND_FIRST,      /* it is yours: redeem */
	SPEND_SAME_CODE,  /* the same callback again: reload, double click, prefetch */
	SPEND_OTHER_CODE, /* a second code for one attempt */
	SPEND_DOWN,
};

/* The answer to any call; what the call does not give is empty. Lives until `done` returns, and is
 * wiped then. */
struct vault_answer {
	enum vault_result result;
	const struct grant *grant; /* `count` of them */
	size_t count;
	enum spend_result spend;
	int64_t number; /* a time, a cursor */
	int64_t counts[GRANT_STATES];
	const struct revoked_session *revoked; /* `revoked_count` of them */
	size_t revoked_count;
	bool more; /* behind that cursor: ask again at once */
	const char *
		problem; /* a sentence without a secret; "" where the store and the keys are well */
};

typedef void vault_done(const struct vault_answer *answer, void *arg);

/* Opens a store, "sqlite:/path/vault.db" (made where there is none, mode 0600); NULL with a
 * sentence in `error`. The keys are copied into locked memory. */
struct vault *vault_open_store(struct event_base *base, const char *store,
			       const struct subkey *keys, size_t count, char *error,
			       size_t error_size);

/* Answers all calls that are under way, VAULT_DOWN if need be, and forgets the vault for its
 * owner: nobody can call it afterwards. Not to be called from a `done`. */
void vault_close(struct vault **vault);

/* A sentence for the log where the store works, but may lose what it says it has: its server is set
 * up so, or does not say how. NULL where all is well. It lives for ever. */
const char *vault_warning(const struct vault *vault);

/* Told of every answer of the store, and how long it took: for counting. It must not call the vault.
 * NULL: nobody is. */
enum vault_access { VAULT_READS, VAULT_WRITES };
typedef void vault_observer(enum vault_access access, uint64_t microseconds,
			    enum vault_result result, void *arg);
void vault_observe(struct vault *vault, vault_observer *observer, void *arg);

/*
 * A login: inserts or replaces the grant of (login, subject); durable when it answers, like every
 * write. A grant without a refresh token keeps the one that is stored, and its expiry (RFC 6749 6:
 * the provider need not send it again); so `refresh_at` is worth saying in any case. `version` and
 * `sent_at` say nothing here.
 */
void vault_put(struct vault *vault, const struct grant *grant, vault_done *done, void *arg);

/* Gives the grant, its tokens opened. */
void vault_get(struct vault *vault, struct pk_str login, struct pk_str subject, vault_done *done,
	       void *arg);

/*
 * The end of a grant whose provider is to forget the tokens. It becomes GRANT_LEAVING, which only
 * vault_due(), with `now` as the time since when, and the sealing anew show from then on; and it is
 * given, its tokens opened. `owner` has its lease, extends that with vault_renew(), and deletes it
 * when the tokens are revoked; if that never comes, vault_due() shows the grant, and with `again`
 * it is left once more: VAULT_NONE where it is not leaving any more, VAULT_BUSY where another has it.
 * Left it is, too, where the result is VAULT_LOCKED_BY_KEY.
 */
void vault_leave(struct vault *vault, struct pk_str login, struct pk_str subject,
		 const uint8_t owner[static LEASE_OWNER], int64_t seconds, int64_t now, bool again,
		 vault_done *done, void *arg);

/* Deletes it, whatever its state, and gives it, its tokens opened. With an `owner` only where that
 * one has its lease. Deleted it is, too, where the result is VAULT_LOCKED_BY_KEY. */
void vault_delete(struct vault *vault, struct pk_str login, struct pk_str subject,
		  const uint8_t *owner, vault_done *done, void *arg);

/*
 * Refreshing: who has the lease may. It ends by itself after so many seconds of the store's clock.
 * VAULT_OK and VAULT_BUSY both give the grant, its tokens opened. The owner extends it while the
 * provider is slow, noting when the request left (`sent_at`, or PK_TIME_UNKNOWN), and ends it with
 * what came of it: all but `created_at` is stored as given, and a refresh token that is not given is
 * gone. VAULT_BUSY means there that the lease was lost, to a login or because it ended. A login may
 * have brought no refresh token: then the stored one, which the provider has replaced by now, may
 * still be the one that was sent; take the lease again, look, and finish on that version.
 */
void vault_lease(struct vault *vault, struct pk_str login, struct pk_str subject,
		 const uint8_t owner[static LEASE_OWNER], int64_t seconds, vault_done *done,
		 void *arg);
void vault_renew(struct vault *vault, struct pk_str login, struct pk_str subject,
		 const uint8_t owner[static LEASE_OWNER], int64_t seconds, int64_t sent_at,
		 vault_done *done, void *arg);
void vault_finish(struct vault *vault, const struct grant *grant,
		  const uint8_t owner[static LEASE_OWNER], vault_done *done, void *arg);

/* Those that `key` sealed, with their tokens opened, in the order of (login, subject) behind that
 * pair, and one of them sealed anew with the ring's first key: VAULT_BUSY where it is newer by now,
 * or leased. A grant that is locked cannot be. */
void vault_list_sealed(struct vault *vault, const uint8_t key[static KEY_ID],
		       struct pk_str after_login, struct pk_str after_subject, size_t limit,
		       vault_done *done, void *arg);
void vault_reseal(struct vault *vault, const struct grant *grant, vault_done *done, void *arg);

/* Without tokens, and as in store.h: those of a login that are due; all, page by page; those of a
 * session. */
void vault_due(struct vault *vault, struct pk_str login, int64_t now, size_t limit,
	       vault_done *done, void *arg);
void vault_list(struct vault *vault, struct pk_str login, struct pk_str after_login,
		struct pk_str after_subject, size_t limit, vault_done *done, void *arg);
void vault_find(struct vault *vault, struct pk_str login, struct pk_str subject,
		struct pk_str session, size_t limit, vault_done *done, void *arg);
void vault_count(struct vault *vault, vault_done *done, void *arg);

/* Marks an attempt as spent, once over all processes, replicas and restarts. `code_hash` tells a
 * repeated callback from a second one. The mark is kept until `expires_at`, when the attempt itself
 * is too old. */
void vault_spend(struct vault *vault, const uint8_t id[static ATTEMPT_ID],
		 const uint8_t code_hash[static CODE_HASH], int64_t expires_at, vault_done *done,
		 void *arg);

/* Revokes a session, or all of somebody's that began before a time, until they would have ended
 * anyway; and what was revoked since a cursor, beginning with 0: `number` is the next one. Something
 * may be told twice, nothing is left out. */
void vault_revoke(struct vault *vault, const struct revoked_session *session, vault_done *done,
		  void *arg);
void vault_revoked(struct vault *vault, int64_t cursor, int64_t now, vault_done *done, void *arg);

/* Forgets what has ended. */
void vault_forget(struct vault *vault, int64_t now, vault_done *done, void *arg);

#endif

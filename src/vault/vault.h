/*
 * The vault: grants, spent attempts and revoked sessions. One file per store behind this; today
 * SQLite. Tokens are sealed before they reach the store, bound to the row that they belong to: a
 * copied row or a swapped column does not open.
 */
#ifndef VAULT_VAULT_H
#define VAULT_VAULT_H

#include "proofkey.h"
#include "vault/ids.h"
#include "vault/keyring.h"

#define CODE_HASH 16
#define LEASE_OWNER 16 /* random bytes, of one piece of work */

struct vault;

enum grant_state {
	GRANT_ACTIVE,
	GRANT_RETRYING, /* the last refresh failed and may do better */
	GRANT_ENDED,    /* only a new login helps */
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
	struct pk_secret access_token;
	struct pk_secret refresh_token; /* "not given" where there is none */
	struct pk_str scope;
	int64_t access_expires_at; /* or PK_TIME_UNKNOWN */
	int64_t refresh_expires_at;
};

enum vault_result {
	VAULT_OK,
	VAULT_NONE,          /* no such row */
	VAULT_BUSY,          /* somebody else has it, or was faster: nothing was written */
	VAULT_LOCKED_BY_KEY, /* the row is there and no key of the ring opens it, or it was altered
			      */
	VAULT_DOWN,          /* the store does not answer; vault_problem() says more */
};

/* Opens (and makes, mode 0600) "sqlite:/path/vault.db"; NULL with a sentence in `error`. The keys
 * are copied into locked memory. */
struct vault *vault_open_store(const char *store, const struct subkey *keys, size_t count,
			       char *error, size_t error_size);
void vault_close(struct vault *vault);

/* What the store last complained of, without a secret. */
const char *vault_problem(const struct vault *vault);

/* The longest name of a login, in bytes; a subject has at most PK_SUBJECT_MAX. */
#define GRANT_LOGIN_MAX 255

/* Stores or replaces the grant of (login, subject); durable when it returns. A grant without a
 * refresh token keeps the one that is stored, and its expiry (RFC 6749 6: the provider need not
 * send it again). */
enum vault_result vault_put_grant(struct vault *vault, const struct grant *grant, int64_t now);

/* The texts are in `arena`, which needs room for the sealed tokens besides. */
enum vault_result vault_get_grant(struct vault *vault, struct pk_arena *arena, struct pk_str login,
				  struct pk_str subject, struct grant *ret);
enum vault_result vault_delete_grant(struct vault *vault, struct pk_str login,
				     struct pk_str subject);

enum spend_result {
	SPEND_FIRST,      /* it is yours: redeem */
	SPEND_SAME_CODE,  /* the same callback again: reload, double click, prefetch */
	SPEND_OTHER_CODE, /* a second code for one attempt */
	SPEND_DOWN,
};

/* Marks an attempt as spent, once over all processes and restarts; durable when it returns.
 * `code_hash` tells a repeated callback from a second one. The mark is kept until `expires_at`,
 * when the attempt itself is too old. */
enum spend_result vault_spend_attempt(struct vault *vault, const uint8_t id[static ATTEMPT_ID],
				      const uint8_t code_hash[static CODE_HASH],
				      int64_t expires_at);

/* Revokes a session until it would have ended anyway. */
enum vault_result vault_revoke_session(struct vault *vault, const uint8_t id[static SESSION_ID],
				       int64_t expires_at);

/* Calls `each` for every revoked session that has not ended by `now`, and forgets the others and
 * old attempts. */
enum vault_result vault_each_revoked(struct vault *vault, int64_t now,
				     void (*each)(const uint8_t id[static SESSION_ID],
						  int64_t expires_at, void *arg),
				     void *arg);

/* Whether the store answers, and whether another process wrote to it since this was last asked:
 * then it may have revoked sessions that this one does not know. */
enum vault_result vault_poll(struct vault *vault, bool *ret_changed);

#endif

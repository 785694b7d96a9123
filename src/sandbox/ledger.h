/*
 * What the sandbox has handed out. A grant is what one person gave one client; a ticket is a random
 * text that stands for it: a code, an access token, a refresh token. Both live in rings of fixed
 * size, where the newest takes the place of the oldest, so that no number of logins takes more
 * memory. The texts themselves are not kept, only keyed hashes of them.
 */
#ifndef SANDBOX_LEDGER_H
#define SANDBOX_LEDGER_H

#include "proofkey.h"

#define GRANT_SCOPE_MAX 512  /* bytes of all scopes with their separators */
#define GRANT_SESSION_ID 22  /* characters: 128 bits */
#define GRANT_NONCE_MAX 1024 /* bytes */

struct client;
struct person;
struct provider;

enum grant_method {
	METHOD_NONE, /* no challenge was sent */
	METHOD_S256,
	METHOD_PLAIN,
};

struct grant {
	uint64_t serial;
	const struct provider *provider;
	const struct client *client;
	const struct person *person;
	unsigned char tenant[32];       /* the hash of its name: it is only ever compared */
	unsigned char redirect_uri[32]; /* likewise */
	char *texts;                    /* the block of the two that follow */
	struct pk_str scope;            /* joined by the dialect's separator */
	struct pk_str challenge;        /* longer than any right one: kept empty, matches nothing */
	uint64_t session; /* the sign-in that it was given under, see sign_in.h; 0: none */
	char session_id[GRANT_SESSION_ID]; /* its `sid` */
	int64_t authenticated_at;          /* when that was, in seconds since 1970 */
	char *nonce;                       /* the client's, until the first ID token; or NULL */
	size_t nonce_len;
	unsigned char key[32]; /* the thumbprint of a key (RFC 9449) */
	uint64_t attempt;      /* the login that it came from, for the record */
	enum grant_method method;
	bool bound;       /* the code, or a public client's refresh token, to that key */
	bool refreshable; /* its client asked for a refresh token as the dialect wants it */
	bool ended;       /* revoked, or a code or refresh token of it was used twice */
};

#define TICKET_KEY 16 /* bytes of a hash that nobody outside can compute */

enum ticket_kind { TICKET_CODE, TICKET_ACCESS, TICKET_REFRESH };

struct ticket {
	unsigned char key[TICKET_KEY]; /* the hash of its text */
	uint64_t grant;                /* the serial */
	int64_t expires_at;
	uint32_t next; /* of the same bucket */
	enum ticket_kind kind;
	bool used; /* is in a bucket */
	bool spent;
	bool bound; /* usable by the holder of this key only (RFC 9449 6) */
	unsigned char holder[32];
};

struct ledger;

/* Rings of that many grants and tickets; NULL when there is no memory. */
struct ledger *ledger_new(size_t grants, size_t tickets);
void ledger_free(struct ledger *ledger);

/* An empty grant, in the place of the oldest. */
struct grant *ledger_grant(struct ledger *ledger);

/* The grant of that serial, or NULL where it is forgotten. */
struct grant *ledger_grant_at(struct ledger *ledger, uint64_t serial);

/* The grants that were given under a session, one after the other: after `before`, or the first
 * where that is NULL. NULL when there is no more. */
struct grant *ledger_grant_of(struct ledger *ledger, uint64_t session, const struct grant *before);

/* Keep copies; false without memory. */
bool ledger_keep_texts(struct grant *grant, struct pk_str scope, struct pk_str challenge);
bool ledger_keep_nonce(struct grant *grant, struct pk_str nonce);

#define TICKET_TEXT_MAX 256 /* characters, the dialect's prefix and suffix included */

/* Makes a new text that stands for `grant` until `expires_at`: what `out` holds already, 256 random
 * bits, and `suffix`. */
struct ticket *ledger_issue(struct ledger *ledger, const struct grant *grant, enum ticket_kind kind,
			    int64_t expires_at, struct pk_str suffix, struct pk_buf *out);

/* What a text stands for, or NULL where it is none of ours or too old to be remembered. Spent and
 * expired tickets are found: it is for the caller to tell them apart. */
struct ticket *ledger_find(struct ledger *ledger, enum ticket_kind kind, struct pk_str text,
			   struct grant **ret_grant);

/* The hash under which a redirect URI is compared. */
void ledger_hash(struct pk_str text, unsigned char ret[static 32]);

#endif

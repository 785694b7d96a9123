/*
 * Who is signed in at a provider, in which browser, and since when: the sandbox's own login session
 * (OpenID Connect Core 3.1.2.3). A cookie for each provider, so that they know nothing of each
 * other. The newest session takes the place of the oldest; at most SESSIONS_MAX live.
 */
#ifndef SANDBOX_SIGN_IN_H
#define SANDBOX_SIGN_IN_H

#include "sandbox/check.h"

#define SESSIONS_MAX 4096
#define SESSION_TENANT_MAX 64
#define SESSION_CLIENTS 2 /* as many as there are */

struct session {
	uint64_t serial; /* from 1 */
	const struct provider *provider;
	const struct person *person;
	char tenant[SESSION_TENANT_MAX]; /* of the path under which it began */
	size_t tenant_len;
	int64_t since;                     /* seconds since 1970: `auth_time` */
	char id[GRANT_SESSION_ID];         /* `sid`: not secret */
	unsigned char key[32];             /* the hash of the cookie */
	uint64_t granted[SESSION_CLIENTS]; /* the serial of the last grant to each client */
	bool ended;
};

struct sessions;

struct sessions *sessions_new(void);
void sessions_free(struct sessions *sessions);

/* The live session of the browser that asks, or NULL. */
struct session *sign_in_session(const struct exchange *x);

/* The live session of that serial, or NULL. */
struct session *sign_in_at(struct sessions *sessions, uint64_t serial);

/* The live sessions of a person at a provider, one after the other: after `before`, or the first
 * where that is NULL; of anybody where `person` is NULL. NULL when there is no more. */
struct session *sign_in_of(struct sessions *sessions, const struct provider *provider,
			   const struct person *person, const struct session *before);

/* The person has proved themself now: the exchange's browser is theirs. A live session of the same
 * person goes on, unless the request wants a new proof. */
struct session *sign_in(struct exchange *x);

/* Whether the request is not content with that session: prompt=login, max_age. */
bool sign_in_must_be_new(const struct exchange *x, const struct session *session);

/* Whether `prompt` has that word (OpenID Connect Core 3.1.2.1). */
bool prompt_has(const struct exchange *x, const char *word);

/* The provider is one for which `prompt`, `max_age` and `id_token_hint` mean what OpenID Connect
 * says. */
bool speaks_openid(const struct exchange *x);

/* Whether the client asks not to show the person a page: prompt=none. */
bool shows_no_page(const struct exchange *x);

/* The scopes of a grant; false where they are too many. */
bool grant_scopes(const struct grant *grant, const struct pk_dialect *dialect, struct pk_list *ret);

/* The grant is given under this session. */
void sign_in_bind(struct session *session, struct grant *grant);

/* The last grant under the session to this client, while it lives; or NULL. */
const struct grant *sign_in_granted(struct ledger *ledger, const struct session *session,
				    const struct client *client);

/* Ends the session and the grants that were given under it. */
void sign_out(struct sandbox *sandbox, struct session *session);

/* Takes the cookie out of the browser. */
void sign_out_browser(struct exchange *x);

#endif

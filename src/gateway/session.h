/*
 * A session: the sealed cookie of a browser in which somebody is signed in. It holds who and until
 * when, and never a token. It is checked without asking anybody: opened, its times compared, its id
 * looked up among the revoked ones.
 */
#ifndef GATEWAY_SESSION_H
#define GATEWAY_SESSION_H

#include "vault/seal.h"
#include "vault/ids.h"

#define SESSION_LOGIN_MAX 64
#define SESSION_NAME_MAX 128
#define SESSION_EMAIL_MAX 254 /* RFC 5321 4.5.3.1.3, less the brackets */

/* All fields at their longest, sealed: a cookie of fewer than 4096 bytes by construction. */
#define SESSION_PLAIN_MAX                                                                          \
	(2 + 2 * SESSION_ID + 16 + 4 + SESSION_LOGIN_MAX + PK_SUBJECT_MAX + SESSION_NAME_MAX +     \
	 SESSION_EMAIL_MAX)
#define SESSION_TEXT_MAX SEAL_TOKEN_LEN(SESSION_PLAIN_MAX)
_Static_assert(SESSION_TEXT_MAX < 3800, "name and attributes still fit into 4096 bytes");

struct session {
	uint8_t id[SESSION_ID];
	bool has_sid;
	uint8_t sid[SESSION_ID]; /* of the provider's session that it stands on, see below */
	int64_t issued_at;
	int64_t expires_at;
	struct pk_str login;
	struct pk_str subject;
	struct pk_str name;
	struct pk_str email;
};

/* What a session at a provider (`sid`) is called here: where it ends, so do all sessions that stand on
 * it (OpenID Connect Back-Channel Logout 1.0, 2.7). It is looked up like the id of one of ours, and meets
 * none by chance. */
void session_sid(struct pk_str login, struct pk_str sid, uint8_t ret[static SESSION_ID]);

/* Seals. A name that is too long is cut between characters; an e-mail address or subject that is
 * too long cannot be, and is left out or refused (false). */
bool session_seal(struct token_sealer *sealer, const struct session *session, struct pk_buf *out);

/* Opens a cookie. The texts are views into `memory` (SESSION_TEXT_MAX bytes). False for whatever is
 * no session of ours, and for one that has ended by `now`. */
bool session_open(struct token_sealer *sealer, struct pk_str cookie, int64_t now, void *memory,
		  struct session *ret);

#endif

/* A token that can be used for a while yet: the stored one, or a new one. */
#ifndef GATEWAY_FRESH_TOKEN_H
#define GATEWAY_FRESH_TOKEN_H

#include "gateway/grant_call.h"

struct fresh_token {
	struct pk_secret access_token;
	struct pk_str scope;
	int64_t expires_at; /* or PK_TIME_UNKNOWN */
};

/* `token` is NULL where there is none: then `refusal` says why. Both live until it returns. */
typedef void fresh_token_done(const struct fresh_token *token, const struct refusal *refusal,
			      void *arg);

/* The same with new tokens even where the stored one lasts, unless it is that new itself: for who has
 * seen it refused. */
void fresh_token_anew(struct keeper *keeper, struct pk_str login, struct pk_str subject,
		      int64_t least, fresh_token_done *done, void *arg);

/* Finds a token of the grant that lasts for at least `least` seconds. Calls `done` once, at once or
 * later. */
void fresh_token(struct keeper *keeper, struct pk_str login, struct pk_str subject, int64_t least,
		 fresh_token_done *done, void *arg);

#endif

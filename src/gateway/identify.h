/*
 * From tokens to a person: the ID token where the login has one (OpenID Connect Core 3.1.3.7), the
 * user info where the provider has it, and both must name the same subject.
 */
#ifndef GATEWAY_IDENTIFY_H
#define GATEWAY_IDENTIFY_H

#include "gateway/keeper.h"

/* `failure` is NULL when it is known who it is. */
typedef void identified(const struct failure *failure, void *arg);

/* In the memory of whoever asks. All up to `arg` is theirs to fill in and to keep until `done`. */
struct identify {
	struct keeper *keeper;
	const struct login_settings *login;
	struct pk_arena *arena;
	struct pk_tokens *tokens;
	struct pk_str nonce;
	identified *done;
	void *arg;

	struct pk_identity identity; /* the result */
	struct pk_str session;       /* the ID token's `sid`, or "not given" */

	struct published_wait wait;
	bool renewed;
};

/* `done` is called exactly once, perhaps at once. */
void identify(struct identify *identify);

#endif

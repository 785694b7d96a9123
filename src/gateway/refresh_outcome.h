/* What it means that a provider refused a refresh, or did not answer. */
#ifndef GATEWAY_REFRESH_OUTCOME_H
#define GATEWAY_REFRESH_OUTCOME_H

#include "vault/vault.h"

struct refresh_outcome {
	enum grant_state state; /* GRANT_RETRYING or GRANT_ENDED */
	const char *fault;
	bool operators; /* the client's registration is wrong, not this grant: somebody must look */
	bool unheard; /* the provider may have replaced the refresh token, by one that nobody has */
};

/* `grant` is as it was before the request, `why` what pk_token_reply() said. */
struct refresh_outcome refresh_refused(const struct grant *grant, const struct pk_why *why);

#endif

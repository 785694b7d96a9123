/* ID tokens (OpenID Connect Core 2): what the sandbox says about a sign-in, signed. */
#ifndef SANDBOX_ID_TOKEN_H
#define SANDBOX_ID_TOKEN_H

#include "sandbox/check.h"

#include <jansson.h>

/* Sets `id_token` in a token reply that has its access token already, where the dialect has ID
 * tokens and the grant has the scope `openid`. */
void id_token_put(struct exchange *x, json_t *reply);

/* Reads the parameter id_token_hint: whom it names, and for which client. False unless it is a token
 * of this provider. That it is expired is no matter. */
bool id_token_hint_read(struct exchange *x);

/* The exchange's issuer, as long as its arena. */
struct pk_str issuer_of(struct exchange *x);

#endif

/*
 * The keys with which the providers sign: ID tokens, logout tokens. They are made when they are
 * first needed, because an RSA key takes longer to make than the sandbox may take to start, and die
 * with the process. All providers share them; which one a provider uses, and what it calls it,
 * changes with each rotation.
 */
#ifndef SANDBOX_SIGNING_H
#define SANDBOX_SIGNING_H

#include "sandbox/jwt.h"

struct client;
struct provider;
struct providers;
struct signing;

/* NULL without memory. */
struct signing *signing_new(const struct providers *providers);
void signing_free(struct signing *signing);

/* Writes `claims` as a token of that type, signed as the provider signs; with the client's secret
 * where its dialect says HS256. False where it signs nothing, or the client has no secret to sign
 * with. */
bool signing_sign(struct signing *signing, const struct provider *provider,
		  const struct client *client, const char *type, const json_t *claims,
		  struct pk_buf *out);

/* Whether the provider signed it, with its key of now or of before. */
bool signing_verify(struct signing *signing, const struct provider *provider,
		    const struct client *client, const struct jwt *jwt);

/* The provider's public keys, an array (RFC 7517 5.1); empty where it signs with secrets. */
json_t *signing_keys(struct signing *signing, const struct provider *provider);

/* From now on the provider signs with another key, under another name, and publishes that one
 * alone: who kept the old ones has to fetch again (OpenID Connect Core 10.1.1). */
void signing_rotate(struct signing *signing, const struct provider *provider);

#endif

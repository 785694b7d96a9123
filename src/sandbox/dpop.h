/*
 * DPoP (RFC 9449): proofs that the sender of a request holds a key, and tokens that only the holder
 * can use. A proof works once; what is remembered of them is bounded.
 */
#ifndef SANDBOX_DPOP_H
#define SANDBOX_DPOP_H

#include "sandbox/check.h"

#define PROOFS_MAX 4096
#define PROOF_SECONDS 60 /* how far its time may be from ours, either way */

struct proofs;

struct proofs *proofs_new(void);
void proofs_free(struct proofs *proofs);

/* Holds the request's proof against RFC 9449 4.3; `token` is the access token that it comes with, or
 * "not given". On success the exchange is proven, and knows the holder. */
bool dpop_check(struct exchange *x, struct pk_str token);

/* Whether the proof has the nonce of now, or none is asked for. Sets the header that says which. */
bool dpop_nonce_is_fresh(struct exchange *x);

/* Whether the request is proven to be from the holder of that key. */
bool dpop_is_holder(const struct exchange *x, const unsigned char key[static 32]);

/* Whether the access token is shown with the scheme DPoP. */
bool dpop_is_scheme(const struct exchange *x);

/* A token that is given to somebody who is proven is the holder's alone; a refresh token, only where
 * nothing else binds it to its client (5). */
void dpop_bind(const struct exchange *x, struct ticket *ticket);

/* A code that was asked for under a key, by dpop_jkt, is redeemed by its holder alone (10). */
void dpop_bind_code(const struct exchange *x, struct grant *grant);

/* Writes the jkt under which a key is confirmed (6.1). */
void dpop_write_key(const unsigned char key[static 32], struct pk_buf *out);

#define DPOP_ALGORITHMS "ES256 RS256 PS256 ES384 RS384 ES512 RS512"

#endif

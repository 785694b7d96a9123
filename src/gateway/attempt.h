/*
 * An attempt: one login under way. Nothing is stored for it: it is sealed into `state`, and its
 * verifier is derived from a key, its id and the browser's cookie. Whoever has the state alone, or
 * the cookie alone, can finish nothing.
 */
#ifndef GATEWAY_ATTEMPT_H
#define GATEWAY_ATTEMPT_H

#include "base/encode.h"
#include "gateway/return_to.h"
#include "gateway/settings.h"
#include "vault/seal.h"
#include "vault/ids.h"

#define BROWSER_ID 16
#define BROWSER_TEXT PK_BASE64URL_LEN(BROWSER_ID) /* characters of the cookie */

#define NONCE_TEXT PK_BASE64URL_LEN(32)

struct attempt {
	uint8_t id[ATTEMPT_ID];
	uint8_t browser[16]; /* hash of the browser's cookie */
	int64_t created_at;
	struct pk_str login;
	struct pk_str return_to;
};

/* The longest state: a seal around the fields above. */
#define STATE_MAX 2048

enum attempt_result {
	ATTEMPT_OPENED,
	ATTEMPT_UNKNOWN,   /* no state of ours */
	ATTEMPT_OTHER_KEY, /* of another installation, or a key that was taken out of the ring */
	ATTEMPT_ALTERED,
};

/* The hash of a browser's cookie, as an attempt holds it. */
void attempt_browser(struct pk_str cookie, uint8_t ret[static 16]);

/* Seals an attempt into the text that becomes `state`. What is too long to be opened again sets
 * `out->overflow`. */
void attempt_seal(struct token_sealer *sealer, const struct attempt *attempt, struct pk_buf *out);

/* Opens a state. The texts are views into `memory` (STATE_MAX bytes). Browser and age are for the
 * caller to judge. */
enum attempt_result attempt_open(struct token_sealer *sealer, struct pk_str state, void *memory,
				 struct attempt *ret);

/* The verifier of this attempt in the browser with this cookie, under the attempt key `key`. */
void attempt_verifier(const struct subkey *key, const uint8_t id[static ATTEMPT_ID],
		      struct pk_str cookie, struct pk_verifier *ret);

/* Its nonce for the ID token (OpenID Connect Core 15.5.2), likewise: NONCE_TEXT characters. */
void attempt_nonce(const struct subkey *key, const uint8_t id[static ATTEMPT_ID],
		   struct pk_str cookie, char ret[static NONCE_TEXT]);

/* The key under which a state's verifier is derived: the one that sealed it. NULL when it is not in
 * the ring. */
const struct subkey *attempt_key(const struct keys *keys, struct pk_str state);

#endif

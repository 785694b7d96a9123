/*
 * Attempts in `state`. The seal is vault/seal.h's; what is in it and what the verifier is derived
 * from is decided here.
 */
#include "gateway/attempt.h"
#include "base/encode.h"
#include "base/text.h"
#include "io/message.h"

#include <sodium.h>
#include <string.h>

#define VERSION 1

void attempt_browser(struct pk_str cookie, uint8_t ret[static 16])
{
	crypto_generichash(ret, 16, (const unsigned char *)cookie.ptr, cookie.len, NULL, 0);
}

void attempt_seal(struct token_sealer *sealer, const struct attempt *attempt, struct pk_buf *out)
{
	char memory[STATE_MAX];
	uint8_t nonce[SEAL_NONCE];
	struct pk_buf plain = pk_buf(memory, sizeof(memory));

	message_put_number(&plain, VERSION);
	message_put_str(&plain, (struct pk_str){(const char *)attempt->id, sizeof(attempt->id)});
	message_put_str(&plain,
			(struct pk_str){(const char *)attempt->browser, sizeof(attempt->browser)});
	message_put_number(&plain, (uint64_t)attempt->created_at);
	message_put_str(&plain, attempt->login);
	message_put_str(&plain, attempt->return_to);
	if (plain.overflow || attempt->return_to.len > RETURN_TO_MAX) {
		out->overflow = true;
		return;
	}
	randombytes_buf(nonce, sizeof(nonce));
	token_seal(sealer, nonce, PK_STR("attempt"), pk_buf_str(&plain), out);
}

static bool get_bytes(struct message_reader *in, uint8_t *ret, size_t size)
{
	const struct pk_str bytes = message_str(in, size);

	if (bytes.len != size)
		return false;
	memcpy(ret, bytes.ptr, size);
	return true;
}

enum attempt_result attempt_open(struct token_sealer *sealer, struct pk_str state, void *memory,
				 struct attempt *ret)
{
	struct pk_str plain;

	if (state.len > STATE_MAX)
		return ATTEMPT_UNKNOWN;
	switch (token_open(sealer, PK_STR("attempt"), state, memory, &plain)) {
	case SEAL_MALFORMED:
		return ATTEMPT_UNKNOWN;
	case SEAL_UNKNOWN_KEY:
		return ATTEMPT_OTHER_KEY;
	case SEAL_ALTERED:
		return ATTEMPT_ALTERED;
	case SEAL_OPENED:
		break;
	}

	struct message_reader in = message_reader(plain);
	const uint64_t version = message_number(&in);

	if (version != VERSION || !get_bytes(&in, ret->id, sizeof(ret->id)) ||
	    !get_bytes(&in, ret->browser, sizeof(ret->browser)))
		return ATTEMPT_UNKNOWN;
	ret->created_at = (int64_t)message_number(&in);
	ret->login = message_str(&in, STATE_MAX);
	ret->return_to = message_str(&in, RETURN_TO_MAX);
	return message_done(&in) ? ATTEMPT_OPENED : ATTEMPT_UNKNOWN;
}

#define BLOCK crypto_auth_hmacsha256_BYTES

/* HKDF-Expand (RFC 5869 2.3) of one block: the key is uniformly random already, so Extract would
 * add nothing. Each purpose has its label, so that one value says nothing of another. */
static void derive(const struct subkey *key, struct pk_str label,
		   const uint8_t id[static ATTEMPT_ID], struct pk_str cookie,
		   uint8_t ret[static BLOCK])
{
	crypto_auth_hmacsha256_state hmac;
	uint8_t browser[16];

	attempt_browser(cookie, browser);
	crypto_auth_hmacsha256_init(&hmac, key->key, sizeof(key->key));
	/* With its final NUL: no label is the beginning of another. */
	crypto_auth_hmacsha256_update(&hmac, (const unsigned char *)label.ptr, label.len + 1);
	crypto_auth_hmacsha256_update(&hmac, id, ATTEMPT_ID);
	crypto_auth_hmacsha256_update(&hmac, browser, sizeof(browser));
	crypto_auth_hmacsha256_update(&hmac, (const unsigned char *)"\x01", 1);
	crypto_auth_hmacsha256_final(&hmac, ret);
	sodium_memzero(&hmac, sizeof(hmac));
}

void attempt_verifier(const struct subkey *key, const uint8_t id[static ATTEMPT_ID],
		      struct pk_str cookie, struct pk_verifier *ret)
{
	uint8_t block[BLOCK];

	derive(key, PK_STR("proofkey code_verifier 1"), id, cookie, block);
	/* The sizes are constants that fit: it cannot refuse. */
	if (pk_verifier_make(block, sizeof(block), ret) != PK_OK)
		sodium_misuse();
	sodium_memzero(block, sizeof(block));
}

void attempt_nonce(const struct subkey *key, const uint8_t id[static ATTEMPT_ID],
		   struct pk_str cookie, char ret[static NONCE_TEXT])
{
	struct pk_buf text = pk_buf(ret, NONCE_TEXT);
	uint8_t block[BLOCK];

	derive(key, PK_STR("proofkey nonce 1"), id, cookie, block);
	pk_base64url_encode(&text, block, sizeof(block));
}

const struct subkey *attempt_key(const struct keys *keys, struct pk_str state)
{
	uint8_t id[6];
	size_t size;

	/* Eight characters are six bytes, of which the first four are the key's id: see
	 * vault/seal.h. */
	if (state.len < 8 || !pk_base64url_decode(pk_str_first(state, 8), id, sizeof(id), &size))
		return NULL;
	for (size_t i = 0; i < keys->count; i++)
		if (memcmp(keys->key[i].id, id, sizeof(keys->key[i].id)) == 0)
			return &keys->key[i];
	return NULL;
}

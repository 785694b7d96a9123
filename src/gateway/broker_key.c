/*
 * The two hashes of a broker key's secret. SHA-256 is enough: a secret has at least 32 characters
 * and is made by a machine, so nobody tries them all, however fast the hash is.
 */
#include "gateway/broker_key.h"
#include "base/text.h"
#include "vault/private_file.h"

#include <sodium.h>

/* What keeps the two apart. */
static const char known_label[] = "proofkey broker key";
static const char pass_label[] = "proofkey broker pass";

static void hash(const char *label, size_t size, struct pk_str secret,
		 uint8_t ret[static BROKER_HASH])
{
	crypto_hash_sha256_state state;

	_Static_assert(BROKER_HASH == crypto_hash_sha256_BYTES, "both are SHA-256");
	crypto_hash_sha256_init(&state);
	crypto_hash_sha256_update(&state, (const unsigned char *)label, size);
	crypto_hash_sha256_update(&state, (const unsigned char *)secret.ptr, secret.len);
	crypto_hash_sha256_final(&state, ret);
	sodium_memzero(&state, sizeof(state));
}

void broker_key_pass(struct pk_str secret, uint8_t ret[static BROKER_HASH])
{
	hash(pass_label, sizeof(pass_label), secret, ret);
}

/* It is sent in a header, as a token68 (RFC 9110 11.2) or anything else that is printable. */
static bool is_printable(struct pk_str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] <= ' ' || text.ptr[i] > '~')
			return false;
	return true;
}

static const char *take(struct pk_str secret, struct broker_key *ret)
{
	if (secret.len < BROKER_SECRET_MIN)
		return "a secret has at least 32 characters: `openssl rand -hex 32` makes one";
	if (secret.len > BROKER_SECRET_MAX)
		return "a secret has at most 512 characters";
	if (!is_printable(secret))
		return "a secret is one line of visible ASCII without spaces";
	hash(known_label, sizeof(known_label), secret, ret->known);
	broker_key_pass(secret, ret->pass);
	return NULL;
}

const char *broker_key_read(const char *path, struct broker_key *ret)
{
	char memory[2 * BROKER_SECRET_MAX];
	struct pk_buf text = pk_buf(memory, sizeof(memory));
	const char *problem = private_file_read(path, &text);

	if (!problem)
		problem = take(pk_str_trim(pk_buf_str(&text)), ret);
	sodium_memzero(memory, sizeof(memory));
	return problem;
}

/* Whether one was found tells the answer anyway; which one, and how nearly, the time does not
 * tell. */
static const struct broker_key *find(const struct settings *settings,
				     const uint8_t wanted[static BROKER_HASH], bool pass)
{
	const struct broker_key *found = NULL;

	for (size_t i = 0; i < settings->broker_key_count; i++) {
		const struct broker_key *key = &settings->broker_key[i];

		if (sodium_memcmp(pass ? key->pass : key->known, wanted, BROKER_HASH) == 0)
			found = key;
	}
	return found;
}

const struct broker_key *broker_key_find(const struct settings *settings, struct pk_str secret)
{
	uint8_t known[BROKER_HASH];

	if (secret.len < BROKER_SECRET_MIN || secret.len > BROKER_SECRET_MAX)
		return NULL;
	hash(known_label, sizeof(known_label), secret, known);
	return find(settings, known, false);
}

const struct broker_key *broker_key_find_pass(const struct settings *settings, struct pk_str pass)
{
	if (pass.len != BROKER_HASH)
		return NULL;
	return find(settings, (const uint8_t *)pass.ptr, true);
}

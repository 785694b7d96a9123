/*
 * The key ring's text, and the subkeys that all sealing is done with (HKDF-SHA256, RFC 5869).
 * Trusts OpenSSL for HKDF. A ring's text may be damaged or half edited: every line is right or the
 * ring is refused, with the line's number and nothing of the line itself, which may be a key.
 */
#include "vault/keyring_text.h"
#include "base/encode.h"
#include "base/text.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define HKDF_SALT "proofkey key ring 1"
#define PURPOSE_MAX 32

/* What is derived is named by a prefix and a name; the prefixes keep public ids and secret keys
 * apart whatever the names are. */
static bool derive(const uint8_t master[static KEY_SIZE], const char *prefix, const char *name,
		   uint8_t *ret, size_t size)
{
	char info[16 + PURPOSE_MAX];
	EVP_KDF *hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *context = hkdf ? EVP_KDF_CTX_new(hkdf) : NULL;
	const int info_len = snprintf(info, sizeof(info), "%s %s", prefix, name);
	bool ok = false;

	if (context && info_len > 0 && (size_t)info_len < sizeof(info)) {
		const OSSL_PARAM params[] = {
			OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char[]){"SHA256"},
							 0),
			OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)master,
							  KEY_SIZE),
			OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (char[]){HKDF_SALT},
							  sizeof(HKDF_SALT) - 1),
			OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info,
							  (size_t)info_len),
			OSSL_PARAM_construct_end(),
		};

		ok = EVP_KDF_derive(context, ret, size, params) == 1;
	}
	EVP_KDF_CTX_free(context);
	EVP_KDF_free(hkdf);
	return ok;
}

static bool derive_id(const uint8_t master[static KEY_SIZE], uint8_t ret[static KEY_ID])
{
	return derive(master, "public", "id", ret, KEY_ID);
}

/* "2026-11-21T10:00:00Z": only the shape, it is a note for people. */
static bool is_timestamp(struct pk_str text)
{
	static const char shape[] = "0000-00-00T00:00:00Z";

	if (text.len != sizeof(shape) - 1)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		const bool digit = text.ptr[i] >= '0' && text.ptr[i] <= '9';

		if (shape[i] == '0' ? !digit : text.ptr[i] != shape[i])
			return false;
	}
	return true;
}

/* Adds the key of one line; gives what is wrong with it, or NULL. */
static const char *add_line(struct keyring *ring, struct pk_str line)
{
	const struct pk_str created = pk_str_cut(&line, ' ');
	const struct pk_str text = pk_str_cut(&line, ' ');
	const bool prepared = pk_str_equal(line, PK_STR(KEYRING_PREPARED));
	uint8_t key[KEY_SIZE], id[KEY_ID], other[KEY_ID];
	const char *problem = NULL;
	size_t size;

	if (!is_timestamp(created))
		return "a line is a time like 2026-11-21T10:00:00Z, a space and a key";
	if ((line.ptr && !prepared) || !pk_base64url_secret(text, key, sizeof(key), &size) ||
	    size != sizeof(key))
		problem = "a key is 32 bytes as base64url, 43 characters without padding, and "
			  "nothing but \"prepared\" behind it";
	else if (ring->prepared)
		problem = "no key can stand behind one that is prepared";
	else if (prepared && !ring->count)
		problem = "a key that is prepared cannot be the first: that one seals";
	else if (ring->count == KEYRING_MAX)
		problem = "there are too many keys, 16 are the most";
	else if (!derive_id(key, id))
		problem = "OpenSSL has no HKDF";
	for (size_t i = 0; !problem && i < ring->count; i++)
		if (!derive_id(ring->master[i], other))
			problem = "OpenSSL has no HKDF";
		else if (memcmp(id, other, sizeof(id)) == 0)
			problem = "this key is there twice";
	if (!problem) {
		memcpy(ring->made[ring->count], created.ptr, created.len);
		memcpy(ring->master[ring->count++], key, sizeof(key));
		ring->prepared = prepared;
	}
	sodium_memzero(key, sizeof(key));
	return problem;
}

bool keyring_is_key(struct pk_str line)
{
	return line.len && line.ptr[0] != '#';
}

bool keyring_parse(struct pk_str text, struct keyring *ret, char *error, size_t error_size)
{
	struct keyring ring = {.count = 0};
	const char *problem = NULL;
	unsigned number = 0;

	while (text.ptr && !problem) {
		const struct pk_str line = pk_str_trim(pk_str_cut(&text, '\n'));

		number++;
		if (keyring_is_key(line))
			problem = add_line(&ring, line);
	}
	const bool ok = !problem && ring.count;

	if (ok)
		*ret = ring;
	else if (problem)
		(void)snprintf(error, error_size, "line %u: %s", number, problem);
	else
		(void)snprintf(error, error_size, "there is no key in it");
	keyring_wipe(&ring);
	return ok;
}

bool keyring_id(const struct keyring *ring, size_t which, uint8_t ret[static KEY_ID])
{
	return derive_id(ring->master[which], ret);
}

size_t keyring_subkeys(const struct keyring *ring, const char *purpose,
		       struct subkey ret[static KEYRING_MAX])
{
	for (size_t i = 0; i < ring->count; i++)
		if (!derive_id(ring->master[i], ret[i].id) ||
		    !derive(ring->master[i], "subkey", purpose, ret[i].key, KEY_SIZE)) {
			sodium_memzero(ret, sizeof(*ret) * KEYRING_MAX);
			return 0;
		}
	return ring->count;
}

void keyring_wipe(struct keyring *ring)
{
	sodium_memzero(ring, sizeof(*ring));
}

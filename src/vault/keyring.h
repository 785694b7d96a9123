/*
 * The key ring: a file of master keys, one a line, the newest first. Nothing is sealed with a
 * master key itself: each purpose has a subkey of it (HKDF-SHA256), so that who holds one purpose's
 * subkeys can derive no other's.
 *
 *     # Proofkey key ring. The first key seals, all of them open. Keep it secret: mode 0600.
 *     2026-11-21T10:00:00Z 6Zz... (32 bytes as base64url, 43 characters)
 */
#ifndef VAULT_KEYRING_H
#define VAULT_KEYRING_H

#include "proofkey.h"

#define KEY_SIZE 32
#define KEY_ID 4
#define KEYRING_MAX 16

struct subkey {
	uint8_t id[KEY_ID]; /* of its master key: public */
	uint8_t key[KEY_SIZE];
};

struct keyring {
	uint8_t master[KEYRING_MAX][KEY_SIZE];
	size_t count;
};

/* Reads a ring's text; false with a sentence (and line) in `error`. */
bool keyring_parse(struct pk_str text, struct keyring *ret, char *error, size_t error_size);

/* Reads a file that only its owner may read; group or world permissions are refused. */
bool keyring_load(const char *path, struct keyring *ret, char *error, size_t error_size);

/* Makes a new file (mode 0600) with one fresh key; refuses to touch one that exists. */
bool keyring_create(const char *path, char *error, size_t error_size);

/* The subkeys for `purpose` ("session", "attempt", "vault"), in the ring's order; gives their
 * number, 0 when OpenSSL fails. */
size_t keyring_subkeys(const struct keyring *ring, const char *purpose,
		       struct subkey ret[static KEYRING_MAX]);

void keyring_wipe(struct keyring *ring);

#endif

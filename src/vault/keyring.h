/*
 * The key ring: a file of master keys, one a line, the newest first. Nothing is sealed with a
 * master key itself: each purpose has a subkey of it (HKDF-SHA256), so that who holds one purpose's
 * subkeys can derive no other's.
 *
 *     # Proofkey key ring. The first key seals, all of them open. Keep it secret: mode 0600.
 *     2026-11-21T10:00:00Z 6Zz... (32 bytes as base64url, 43 characters)
 *
 * Replicas that share a store must all open what one of them seals. So a key may stand last and be
 * `prepared`, a word behind it, until every replica has it: it opens, and nothing is sealed with it.
 */
#ifndef VAULT_KEYRING_H
#define VAULT_KEYRING_H

#include "proofkey.h"

#define KEY_SIZE 32
#define KEY_ID 4
#define KEYRING_MAX 16
#define KEYRING_TIME 21 /* characters of a time, with its NUL */

struct subkey {
	uint8_t id[KEY_ID]; /* of its master key: public */
	uint8_t key[KEY_SIZE];
};

struct keyring {
	uint8_t master[KEYRING_MAX][KEY_SIZE];
	char made[KEYRING_MAX][KEYRING_TIME]; /* "2026-11-21T10:00:00Z", for people */
	size_t count;
	bool prepared; /* the last one is */
};

/* Reads a ring's text; false with a sentence (and line) in `error`. */
bool keyring_parse(struct pk_str text, struct keyring *ret, char *error, size_t error_size);

/* Reads a file that only its owner may read; group or world permissions are refused. */
bool keyring_load(const char *path, struct keyring *ret, char *error, size_t error_size);

/* The same for who looks after the file: root may see anybody's. */
bool keyring_show(const char *path, struct keyring *ret, char *error, size_t error_size);

/* Makes a new file (mode 0600) with one fresh key; refuses to touch one that exists. */
bool keyring_create(const char *path, char *error, size_t error_size);

enum keyring_change {
	KEYRING_ROTATE, /* the prepared key seals from now on; where none is prepared, a fresh one */
	KEYRING_PREPARE, /* a fresh key comes last, prepared */
	KEYRING_DROP,    /* the key `id` goes; not the first one */
};

/* Changes a ring's file, and gives what it holds now. The file is replaced by a new one in one step,
 * which is whole on the disk by then: whoever reads it, and whoever comes after a crash, has the old
 * ring or the new one. Owner, permissions and comments stay. Two changes at once come one after the
 * other. False with a sentence in `error`: unless that says so, the file is as it was. */
bool keyring_change(const char *path, enum keyring_change change, const uint8_t id[static KEY_ID],
		    struct keyring *ret, char *error, size_t error_size);

/* A key's public name: false when OpenSSL fails. */
bool keyring_id(const struct keyring *ring, size_t which, uint8_t ret[static KEY_ID]);

/* The subkeys for `purpose` ("session", "attempt", "vault"), in the ring's order; gives their
 * number, 0 when OpenSSL fails. */
size_t keyring_subkeys(const struct keyring *ring, const char *purpose,
		       struct subkey ret[static KEYRING_MAX]);

void keyring_wipe(struct keyring *ring);

#endif

/* The lines of a key ring, between the files that read, change and store it. */
#ifndef VAULT_KEYRING_TEXT_H
#define VAULT_KEYRING_TEXT_H

#include "vault/keyring.h"

#define KEYRING_FILE_MAX 16384 /* bytes: sixteen keys and room for what people note beside them */
#define KEYRING_PREPARED "prepared"

/* Whether a trimmed line is a key's: not an empty one, nor a comment. */
bool keyring_is_key(struct pk_str line);

/* Writes the line of a fresh key, made now; without its end. */
void keyring_put_fresh(struct pk_buf *out);

/* Writes `text`, which holds `ring`, with the change made. NULL, or what forbids it. */
const char *keyring_edit(struct pk_str text, const struct keyring *ring, enum keyring_change change,
			 const uint8_t id[static KEY_ID], struct pk_buf *out);

#endif

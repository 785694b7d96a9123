/*
 * A file that holds a secret: believed only when nobody but its owner can read or change it, and
 * the owner is this user or root. Root may let one user read it by an access control list, as
 * service managers do with the credentials that they hand to a service.
 */
#ifndef VAULT_PRIVATE_FILE_H
#define VAULT_PRIVATE_FILE_H

#include "proofkey.h"

/* Reads all of it into `out`, which the caller wipes. NULL, or what is wrong with the file, in
 * words that hold nothing of it. A file that fills `out` is refused: there may be more of it. */
const char *private_file_read(const char *path, struct pk_buf *out);

enum private_owner {
	PRIVATE_OURS,       /* this user or root */
	PRIVATE_OF_ANYBODY, /* who changes it as root changes it for its owner */
};

/* The same in two steps: gives the open file, or -1 with the sentence in `problem`. */
int private_file_open(const char *path, enum private_owner owner, const char **problem);
const char *private_file_take(int fd, struct pk_buf *out);

#endif

/*
 * A file that holds a secret: believed only when nobody but its owner can read or change it, and
 * the owner is this user or root.
 */
#ifndef VAULT_PRIVATE_FILE_H
#define VAULT_PRIVATE_FILE_H

#include "proofkey.h"

/* Reads all of it into `out`, which the caller wipes. NULL, or what is wrong with the file, in
 * words that hold nothing of it. A file that fills `out` is refused: there may be more of it. */
const char *private_file_read(const char *path, struct pk_buf *out);

#endif

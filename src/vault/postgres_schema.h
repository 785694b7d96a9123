/* What is in the PostgreSQL database, and how a connection is set up. Internal to the vault. */
#ifndef VAULT_POSTGRES_SCHEMA_H
#define VAULT_POSTGRES_SCHEMA_H

#include "proofkey.h"

#define POSTGRES_OLDEST_SERVER 130000 /* as PQserverVersion() counts: 13 knows xid8 and WITH TIES */

/* Says of a failure that a newer version of this program was here. */
#define POSTGRES_NEWER "PK001"

/* Writes what a new connection sends first, as one text of several statements: its settings, and
 * the steps from whatever schema there is to this one. False where it does not fit. */
bool postgres_schema_write(struct pk_buf *out);

#define POSTGRES_SCHEMA_SIZE 16384 /* bytes, more than it takes */

#endif

/* What is in the database file, and how it gets there. Internal to the SQLite store. */
#ifndef VAULT_SQLITE_SCHEMA_H
#define VAULT_SQLITE_SCHEMA_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

/* Sets a fresh connection up and brings the tables to the newest version; false with a sentence in
 * `error`. A database that is not a vault, or a newer one, is left as it is. */
bool sqlite_schema_prepare(sqlite3 *database, char *error, size_t error_size);

#endif

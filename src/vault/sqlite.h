/*
 * The SQLite store: rows as vault.c hands them over, tokens sealed already. It holds no key and
 * sees no token. Internal to the vault.
 */
#ifndef VAULT_SQLITE_H
#define VAULT_SQLITE_H

#include "vault/vault.h"

struct sqlite;

/* A grant as the store sees it: its tokens are seals, bytes without meaning. */
struct sealed_grant {
	struct pk_str login;
	struct pk_str subject;
	struct pk_str access_token;
	struct pk_str refresh_token; /* "not given" where there is none */
	struct pk_str scope;
	int64_t access_expires_at; /* or PK_TIME_UNKNOWN */
	int64_t refresh_expires_at;
};

/* Opens the database, making it (mode 0600, in a directory that exists) where there is none; NULL
 * with a sentence in `error`. */
struct sqlite *sqlite_open(const char *path, char *error, size_t error_size);
void sqlite_close(struct sqlite *store);
const char *sqlite_problem(const struct sqlite *store);

/* As the functions of the same name in vault.h. */
enum vault_result sqlite_put_grant(struct sqlite *store, const struct sealed_grant *grant,
				   int64_t now);
enum vault_result sqlite_get_grant(struct sqlite *store, struct pk_arena *arena,
				   struct pk_str login, struct pk_str subject,
				   struct sealed_grant *ret);
enum vault_result sqlite_delete_grant(struct sqlite *store, struct pk_str login,
				      struct pk_str subject);
enum spend_result sqlite_spend_attempt(struct sqlite *store, const uint8_t id[static ATTEMPT_ID],
				       const uint8_t code_hash[static CODE_HASH],
				       int64_t expires_at);
enum vault_result sqlite_revoke_session(struct sqlite *store, const uint8_t id[static SESSION_ID],
					int64_t expires_at);
enum vault_result sqlite_each_revoked(struct sqlite *store, int64_t now,
				      void (*each)(const uint8_t id[static SESSION_ID],
						   int64_t expires_at, void *arg),
				      void *arg);
enum vault_result sqlite_poll(struct sqlite *store, bool *ret_changed);

#endif

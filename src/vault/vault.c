/*
 * The vault: seals each token for its place before a store sees it, and opens it afterwards. The
 * store is believed about times, scopes and what was spent or revoked; about a token it is believed
 * nothing, since the seal says which column of which row it was made for.
 */
#include "vault/vault.h"
#include "vault/seal.h"
#include "vault/sqlite.h"
#include "base/arena.h"
#include "base/text.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct vault {
	struct sqlite *store;
	struct subkey *keys; /* locked memory, read-only; the first seals */
	size_t count;
	char problem[128]; /* ours; "" when the store has the last word */
};

static const char scheme[] = "sqlite:";

static bool copy_keys(struct vault *vault, const struct subkey *keys, size_t count)
{
	vault->keys = sodium_allocarray(count, sizeof(*keys));
	if (!vault->keys)
		return false;
	memcpy(vault->keys, keys, count * sizeof(*keys));
	vault->count = count;
	return sodium_mprotect_readonly(vault->keys) == 0;
}

struct vault *vault_open_store(const char *store, const struct subkey *keys, size_t count,
			       char *error, size_t error_size)
{
	struct vault *vault;

	if (!pk_str_starts(pk_str(store), PK_STR(scheme)) || !store[sizeof(scheme) - 1]) {
		(void)snprintf(
			error, error_size,
			"a store is sqlite: and a path, like sqlite:/var/lib/proofkey/vault.db");
		return NULL;
	}
	if (!count || count > KEYRING_MAX) {
		(void)snprintf(error, error_size, "a vault needs 1 to %d keys", KEYRING_MAX);
		return NULL;
	}
	vault = calloc(1, sizeof(*vault));
	if (!vault || !copy_keys(vault, keys, count)) {
		(void)snprintf(error, error_size, "the vault has no memory for its keys");
		vault_close(vault);
		return NULL;
	}
	vault->store = sqlite_open(store + sizeof(scheme) - 1, error, error_size);
	if (!vault->store) {
		vault_close(vault);
		return NULL;
	}
	return vault;
}

void vault_close(struct vault *vault)
{
	if (!vault)
		return;
	sqlite_close(vault->store);
	sodium_free(vault->keys); /* wipes them */
	free(vault);
}

const char *vault_problem(const struct vault *vault)
{
	return vault->problem[0] ? vault->problem : sqlite_problem(vault->store);
}

static enum vault_result refuse(struct vault *vault, enum vault_result result, const char *problem)
{
	(void)snprintf(vault->problem, sizeof(vault->problem), "%s", problem);
	return result;
}

/* The place of a token: "5:grant12:access_token6:tiktok3:ada". The lengths make it unambiguous. */
#define PLACE_MAX (GRANT_LOGIN_MAX + PK_SUBJECT_MAX + 64)

static void put_part(struct pk_buf *place, struct pk_str part)
{
	pk_buf_number(place, (int64_t)part.len);
	pk_buf_char(place, ':');
	pk_buf_put(place, part);
}

static struct pk_str write_place(char memory[static PLACE_MAX], struct pk_str column,
				 struct pk_str login, struct pk_str subject)
{
	struct pk_buf place = pk_buf(memory, PLACE_MAX);

	put_part(&place, PK_STR("grant"));
	put_part(&place, column);
	put_part(&place, login);
	put_part(&place, subject);
	return pk_buf_str(&place);
}

static bool has_place(struct pk_str login, struct pk_str subject)
{
	return login.len && login.len <= GRANT_LOGIN_MAX && subject.len &&
	       subject.len <= PK_SUBJECT_MAX;
}

/* Seals into `ret`, which free() takes back; false without memory. */
static bool seal_token(const struct vault *vault, struct pk_str column, const struct grant *grant,
		       struct pk_secret token, struct pk_str *ret)
{
	char memory[PLACE_MAX];
	uint8_t nonce[SEAL_NONCE];
	const size_t size = token.text.len + SEAL_OVERHEAD;
	struct pk_buf out = pk_buf(malloc(size), size);

	if (!out.ptr)
		return false;
	randombytes_buf(nonce, sizeof(nonce));
	vault_seal(vault->keys, nonce, write_place(memory, column, grant->login, grant->subject),
		   token.text, &out);
	*ret = pk_buf_str(&out);
	return true;
}

enum vault_result vault_put_grant(struct vault *vault, const struct grant *grant, int64_t now)
{
	struct sealed_grant sealed = {
		.login = grant->login,
		.subject = grant->subject,
		.scope = grant->scope,
		.access_expires_at = grant->access_expires_at,
		.refresh_expires_at = grant->refresh_expires_at,
	};
	enum vault_result result;

	vault->problem[0] = '\0';
	if (!has_place(grant->login, grant->subject))
		return refuse(vault, VAULT_DOWN, "a login or a subject is empty or too long");
	if (seal_token(vault, PK_STR("access_token"), grant, grant->access_token,
		       &sealed.access_token) &&
	    (!grant->refresh_token.text.len ||
	     seal_token(vault, PK_STR("refresh_token"), grant, grant->refresh_token,
			&sealed.refresh_token)))
		result = sqlite_put_grant(vault->store, &sealed, now);
	else
		result = refuse(vault, VAULT_DOWN, "out of memory");
	free((void *)sealed.access_token.ptr);
	free((void *)sealed.refresh_token.ptr);
	return result;
}

static enum vault_result open_token(struct vault *vault, struct pk_arena *arena,
				    struct pk_str column, const struct sealed_grant *row,
				    struct pk_str sealed, struct pk_secret *ret)
{
	char place[PLACE_MAX];
	void *memory = pk_arena_take(arena, sealed.len);

	if (!memory)
		return refuse(vault, VAULT_DOWN,
			      "the grant is larger than the memory that was given for it");
	switch (vault_open(vault->keys, vault->count,
			   write_place(place, column, row->login, row->subject), sealed, memory,
			   &ret->text)) {
	case SEAL_OPENED:
		return VAULT_OK;
	case SEAL_UNKNOWN_KEY:
		return refuse(vault, VAULT_LOCKED_BY_KEY,
			      "a stored token was sealed with a key that is not in the key ring");
	case SEAL_MALFORMED:
	case SEAL_ALTERED:
		break;
	}
	return refuse(vault, VAULT_LOCKED_BY_KEY,
		      "a stored token was altered, or moved from where it was stored");
}

enum vault_result vault_get_grant(struct vault *vault, struct pk_arena *arena, struct pk_str login,
				  struct pk_str subject, struct grant *ret)
{
	struct sealed_grant row;
	enum vault_result result;

	vault->problem[0] = '\0';
	if (!has_place(login, subject))
		return VAULT_NONE;
	result = sqlite_get_grant(vault->store, arena, login, subject, &row);
	if (result != VAULT_OK)
		return result;

	struct grant grant = {
		.login = row.login,
		.subject = row.subject,
		.scope = row.scope,
		.access_expires_at = row.access_expires_at,
		.refresh_expires_at = row.refresh_expires_at,
	};

	result = open_token(vault, arena, PK_STR("access_token"), &row, row.access_token,
			    &grant.access_token);
	if (result == VAULT_OK && row.refresh_token.ptr)
		result = open_token(vault, arena, PK_STR("refresh_token"), &row, row.refresh_token,
				    &grant.refresh_token);
	if (result == VAULT_OK)
		*ret = grant;
	return result;
}

enum vault_result vault_delete_grant(struct vault *vault, struct pk_str login,
				     struct pk_str subject)
{
	vault->problem[0] = '\0';
	return sqlite_delete_grant(vault->store, login, subject);
}

enum spend_result vault_spend_attempt(struct vault *vault, const uint8_t id[static ATTEMPT_ID],
				      const uint8_t code_hash[static CODE_HASH], int64_t expires_at)
{
	vault->problem[0] = '\0';
	return sqlite_spend_attempt(vault->store, id, code_hash, expires_at);
}

enum vault_result vault_revoke_session(struct vault *vault, const uint8_t id[static SESSION_ID],
				       int64_t expires_at)
{
	vault->problem[0] = '\0';
	return sqlite_revoke_session(vault->store, id, expires_at);
}

enum vault_result vault_each_revoked(struct vault *vault, int64_t now,
				     void (*each)(const uint8_t id[static SESSION_ID],
						  int64_t expires_at, void *arg),
				     void *arg)
{
	vault->problem[0] = '\0';
	return sqlite_each_revoked(vault->store, now, each, arg);
}

enum vault_result vault_poll(struct vault *vault, bool *ret_changed)
{
	vault->problem[0] = '\0';
	return sqlite_poll(vault->store, ret_changed);
}

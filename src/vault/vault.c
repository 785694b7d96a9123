/*
 * The vault: seals each token for its place before a store sees it, and opens it afterwards. The
 * store is believed about times, scopes and what was spent or revoked; about a token it is believed
 * nothing, since the seal says which column of which row it was made for.
 */
#include "vault/vault.h"
#include "vault/seal.h"
#include "vault/store.h"
#include "base/text.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct vault {
	const struct store_ops *ops;
	struct store *store;
	struct subkey *keys; /* locked memory, read-only; the first seals */
	size_t count;
	vault_observer *observer;
	void *observer_arg;
};

/* Whose tokens a call opens: a grant's, and that it does not open is the result; or those of each of
 * many, which says so itself. */
enum opens { OPENS_NONE, OPENS_ONE, OPENS_EACH };

/* A call that the store has yet to answer. */
struct call {
	const struct vault *vault;
	enum opens opens;
	enum vault_access access;
	uint64_t began_at; /* microseconds */
	vault_done *done;
	void *arg;
};

static bool copy_keys(struct vault *vault, const struct subkey *keys, size_t count)
{
	vault->keys = sodium_allocarray(count, sizeof(*keys));
	if (!vault->keys)
		return false;
	memcpy(vault->keys, keys, count * sizeof(*keys));
	vault->count = count;
	return sodium_mprotect_readonly(vault->keys) == 0;
}

struct vault *vault_open_store(struct event_base *base, const char *store,
			       const struct subkey *keys, size_t count, char *error,
			       size_t error_size)
{
	const struct store_ops *ops = store_for(store);
	struct vault *vault;

	if (!ops || pk_str_equal(pk_str(store), pk_str(ops->schemes[0]))) {
		(void)snprintf(error, error_size,
			       "a store is an address like sqlite:/var/lib/proofkey/vault.db or "
			       "postgres://user@host/database");
		return NULL;
	}
	if (!count || count > KEYRING_MAX) {
		(void)snprintf(error, error_size, "a vault needs 1 to %d keys", KEYRING_MAX);
		return NULL;
	}
	vault = calloc(1, sizeof(*vault));
	if (!vault || !copy_keys(vault, keys, count)) {
		(void)snprintf(error, error_size, "the vault has no memory for its keys");
		vault_close(&vault);
		return NULL;
	}
	vault->ops = ops;
	vault->store = ops->open(base, store, error, error_size);
	if (!vault->store)
		vault_close(&vault);
	return vault;
}

void vault_close(struct vault **vault)
{
	if (!*vault)
		return;
	if ((*vault)->store)
		(*vault)->ops->close((*vault)->store);
	sodium_free((*vault)->keys); /* wipes them */
	free(*vault);
	*vault = NULL;
}

const char *vault_warning(const struct vault *vault)
{
	return vault->ops->warning ? vault->ops->warning(vault->store) : NULL;
}

void vault_observe(struct vault *vault, vault_observer *observer, void *arg)
{
	vault->observer = observer;
	vault->observer_arg = arg;
}

/* ---- Places ---- */

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

/* The columns that are sealed. */
#define TOKENS 3
static const struct {
	const char *column;
	size_t opened; /* where it is in a struct grant */
	size_t sealed; /* and in a struct stored_grant */
} tokens[TOKENS] = {
	{"access_token", offsetof(struct grant, access_token),
	 offsetof(struct stored_grant, access_token)},
	{"refresh_token", offsetof(struct grant, refresh_token),
	 offsetof(struct stored_grant, refresh_token)},
	{"id_token", offsetof(struct grant, id_token), offsetof(struct stored_grant, id_token)},
};

/* ---- Answers ---- */

static void answer_alone(vault_done *done, void *arg, enum vault_result result, const char *problem)
{
	done(&(struct vault_answer){.result = result, .spend = SPEND_DOWN, .problem = problem},
	     arg);
}

/* Opens one token, taking memory from `at` on; NULL or a sentence. */
static const char *open_token(const struct vault *vault, size_t which,
			      const struct stored_grant *row, struct grant *grant, uint8_t **at)
{
	const struct pk_str *sealed =
		(const struct pk_str *)((const char *)row + tokens[which].sealed);
	struct pk_secret *opened = (struct pk_secret *)((char *)grant + tokens[which].opened);
	char memory[PLACE_MAX];

	if (!sealed->ptr)
		return NULL;
	switch (vault_open(
		vault->keys, vault->count,
		write_place(memory, pk_str(tokens[which].column), row->login, row->subject),
		*sealed, *at, &opened->text)) {
	case SEAL_OPENED:
		*at += opened->text.len;
		return NULL;
	case SEAL_UNKNOWN_KEY:
		return "a stored token was sealed with a key that is not in the key ring";
	case SEAL_MALFORMED:
	case SEAL_ALTERED:
		break;
	}
	return "a stored token was altered, or moved from where it was stored";
}

/* All tokens of a row or none; NULL or a sentence. */
static const char *open_tokens(const struct vault *vault, const struct stored_grant *row,
			       struct grant *grant, uint8_t **at)
{
	const char *problem = NULL;

	if (!row->access_token.ptr || !has_place(row->login, row->subject))
		problem = "a stored grant is not one of ours";
	for (size_t i = 0; i < TOKENS && !problem; i++)
		problem = open_token(vault, i, row, grant, at);
	if (!problem)
		return NULL;
	grant->locked = true;
	grant->access_token = grant->refresh_token = grant->id_token = (struct pk_secret){0};
	return problem;
}

static struct grant grant_of(const struct stored_grant *row)
{
	return (struct grant){
		.login = row->login,
		.subject = row->subject,
		.version = row->version,
		.scope = row->scope,
		.session = row->session,
		.access_expires_at = row->access_expires_at,
		.refresh_expires_at = row->refresh_expires_at,
		.refresh_at = row->refresh_at,
		.state = row->state,
		.failures = row->failures,
		.fault = row->fault,
		.created_at = row->created_at,
		.refreshed_at = row->refreshed_at,
		.sent_at = row->sent_at,
	};
}

/* What all tokens of an answer take, sealed: opened they take less. */
static size_t seals_size(const struct store_answer *stored)
{
	size_t size = 0;

	for (size_t i = 0; i < stored->count; i++)
		size += stored->grant[i].access_token.len + stored->grant[i].refresh_token.len +
			stored->grant[i].id_token.len;
	return size;
}

/* Fills the grants of an answer from rows. */
static void open_grants(const struct call *call, const struct store_answer *stored,
			struct grant *grants, uint8_t *at, struct vault_answer *ret)
{
	for (size_t i = 0; i < stored->count; i++) {
		const char *problem = NULL;

		grants[i] = grant_of(&stored->grant[i]);
		if (call->opens)
			problem = open_tokens(call->vault, &stored->grant[i], &grants[i], &at);
		if (!problem)
			continue;
		ret->problem = problem;
		if (call->opens == OPENS_ONE)
			ret->result = VAULT_LOCKED_BY_KEY;
	}
	ret->grant = grants;
	ret->count = stored->count;
}

static uint64_t clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void on_answer(const struct store_answer *stored, void *arg)
{
	struct call *call = arg;
	const size_t grants_size = stored->count * sizeof(struct grant);
	const size_t size = grants_size + (call->opens ? seals_size(stored) : 0);
	struct vault_answer answer = {
		.result = stored->result,
		.spend = stored->spend,
		.number = stored->number,
		.revoked = stored->revoked,
		.revoked_count = stored->revoked_count,
		.more = stored->more,
		.problem = stored->problem ? stored->problem : "",
	};
	uint8_t *memory = size ? malloc(size) : NULL;

	memcpy(answer.counts, stored->counts, sizeof(answer.counts));
	if (memory)
		open_grants(call, stored, (struct grant *)memory, memory + grants_size, &answer);
	else if (size)
		answer = (struct vault_answer){
			.result = VAULT_DOWN, .spend = SPEND_DOWN, .problem = "out of memory"};
	if (call->vault->observer)
		call->vault->observer(call->access, clock_now() - call->began_at, answer.result,
				      call->vault->observer_arg);
	call->done(&answer, call->arg);
	if (memory)
		sodium_memzero(memory, size);
	free(memory);
	free(call);
}

/* NULL without memory; then it was answered. */
static struct call *begin(const struct vault *vault, enum vault_access access, enum opens opens,
			  vault_done *done, void *arg)
{
	struct call *call = malloc(sizeof(*call));

	if (call)
		*call = (struct call){vault, opens, access, clock_now(), done, arg};
	else
		answer_alone(done, arg, VAULT_DOWN, "out of memory");
	return call;
}

/* ---- Calls with tokens ---- */

/* Seals into new memory; false without. */
static bool seal_token(const struct vault *vault, size_t which, const struct grant *grant,
		       struct stored_grant *row)
{
	const struct pk_str plain =
		((const struct pk_secret *)((const char *)grant + tokens[which].opened))->text;
	char memory[PLACE_MAX];
	uint8_t nonce[SEAL_NONCE];
	const size_t size = plain.len + SEAL_OVERHEAD;
	struct pk_buf out;

	/* An access token is always there; of the others an empty one is none. */
	if (which && !plain.len)
		return true;
	out = pk_buf(malloc(size), size);
	if (!out.ptr)
		return false;
	randombytes_buf(nonce, sizeof(nonce));
	vault_seal(vault->keys, nonce,
		   write_place(memory, pk_str(tokens[which].column), grant->login, grant->subject),
		   plain, &out);
	*(struct pk_str *)((char *)row + tokens[which].sealed) = pk_buf_str(&out);
	return true;
}

static struct stored_grant row_of(const struct vault *vault, const struct grant *grant)
{
	struct stored_grant row = {
		.login = grant->login,
		.subject = grant->subject,
		.version = grant->version,
		.scope = grant->scope,
		.session = grant->session,
		.access_expires_at = grant->access_expires_at,
		.refresh_expires_at = grant->refresh_expires_at,
		.refresh_at = grant->refresh_at,
		.state = grant->state,
		.failures = grant->failures,
		.fault = grant->fault,
		.created_at = grant->created_at,
		.refreshed_at = grant->refreshed_at,
		.sent_at = grant->sent_at,
	};

	memcpy(row.key, vault->keys[0].id, KEY_ID);
	return row;
}

enum write { WRITE_PUT, WRITE_FINISH, WRITE_RESEAL };

/* The three ways to store a grant. `owner` is the finisher's. */
static void write_grant(struct vault *vault, enum write how, const struct grant *grant,
			const uint8_t *owner, vault_done *done, void *arg)
{
	struct stored_grant row = row_of(vault, grant);
	struct call *call = NULL;
	bool sealed = true;

	if (!has_place(grant->login, grant->subject)) {
		answer_alone(done, arg, VAULT_DOWN, "a login or a subject is empty or too long");
		return;
	}
	if (grant->locked) {
		answer_alone(done, arg, VAULT_LOCKED_BY_KEY,
			     "a grant that did not open cannot be sealed again");
		return;
	}
	for (size_t i = 0; i < TOKENS; i++)
		sealed = sealed && seal_token(vault, i, grant, &row);
	if (!sealed)
		answer_alone(done, arg, VAULT_DOWN, "out of memory");
	else
		call = begin(vault, VAULT_WRITES, OPENS_NONE, done, arg);
	if (call && how == WRITE_PUT)
		vault->ops->put(vault->store, &row, on_answer, call);
	else if (call && how == WRITE_FINISH)
		vault->ops->finish(vault->store, &row, owner, on_answer, call);
	else if (call)
		vault->ops->reseal(vault->store, &row, on_answer, call);
	free((void *)row.access_token.ptr);
	free((void *)row.refresh_token.ptr);
	free((void *)row.id_token.ptr);
}

void vault_put(struct vault *vault, const struct grant *grant, vault_done *done, void *arg)
{
	write_grant(vault, WRITE_PUT, grant, NULL, done, arg);
}

void vault_finish(struct vault *vault, const struct grant *grant,
		  const uint8_t owner[static LEASE_OWNER], vault_done *done, void *arg)
{
	write_grant(vault, WRITE_FINISH, grant, owner, done, arg);
}

void vault_reseal(struct vault *vault, const struct grant *grant, vault_done *done, void *arg)
{
	write_grant(vault, WRITE_RESEAL, grant, NULL, done, arg);
}

/* ---- Calls about one row ---- */

/* NULL where there can be no such row, or no memory; then it was answered. */
static struct call *begin_row(const struct vault *vault, enum vault_access access,
			      struct pk_str login, struct pk_str subject, vault_done *done,
			      void *arg)
{
	if (has_place(login, subject))
		return begin(vault, access, OPENS_ONE, done, arg);
	answer_alone(done, arg, VAULT_NONE, "");
	return NULL;
}

void vault_get(struct vault *vault, struct pk_str login, struct pk_str subject, vault_done *done,
	       void *arg)
{
	struct call *call = begin_row(vault, VAULT_READS, login, subject, done, arg);

	if (call)
		vault->ops->get(vault->store, login, subject, on_answer, call);
}

void vault_leave(struct vault *vault, struct pk_str login, struct pk_str subject,
		 const uint8_t owner[static LEASE_OWNER], int64_t seconds, int64_t now, bool again,
		 vault_done *done, void *arg)
{
	struct call *call = begin_row(vault, VAULT_WRITES, login, subject, done, arg);

	if (call)
		vault->ops->leave(vault->store, login, subject, owner, seconds, now, again,
				  on_answer, call);
}

void vault_delete(struct vault *vault, struct pk_str login, struct pk_str subject,
		  const uint8_t *owner, vault_done *done, void *arg)
{
	struct call *call = begin_row(vault, VAULT_WRITES, login, subject, done, arg);

	if (call)
		vault->ops->delete (vault->store, login, subject, owner, on_answer, call);
}

void vault_lease(struct vault *vault, struct pk_str login, struct pk_str subject,
		 const uint8_t owner[static LEASE_OWNER], int64_t seconds, vault_done *done,
		 void *arg)
{
	struct call *call = begin_row(vault, VAULT_WRITES, login, subject, done, arg);

	if (call)
		vault->ops->lease(vault->store, login, subject, owner, seconds, on_answer, call);
}

void vault_renew(struct vault *vault, struct pk_str login, struct pk_str subject,
		 const uint8_t owner[static LEASE_OWNER], int64_t seconds, int64_t sent_at,
		 vault_done *done, void *arg)
{
	struct call *call = begin_row(vault, VAULT_WRITES, login, subject, done, arg);

	if (!call)
		return;
	call->opens = OPENS_NONE;
	vault->ops->renew(vault->store, login, subject, owner, seconds, sent_at, on_answer, call);
}

/* ---- Calls about many, or none ---- */

void vault_list_sealed(struct vault *vault, const uint8_t key[static KEY_ID],
		       struct pk_str after_login, struct pk_str after_subject, size_t limit,
		       vault_done *done, void *arg)
{
	struct call *call = begin(vault, VAULT_READS, OPENS_EACH, done, arg);

	if (call)
		vault->ops->list_sealed(vault->store, key, after_login, after_subject, limit,
					on_answer, call);
}

void vault_due(struct vault *vault, struct pk_str login, int64_t now, size_t limit,
	       vault_done *done, void *arg)
{
	struct call *call = begin(vault, VAULT_READS, OPENS_NONE, done, arg);

	if (call)
		vault->ops->due(vault->store, login, now, limit, on_answer, call);
}

void vault_list(struct vault *vault, struct pk_str login, struct pk_str after_login,
		struct pk_str after_subject, size_t limit, vault_done *done, void *arg)
{
	struct call *call = begin(vault, VAULT_READS, OPENS_NONE, done, arg);

	if (call)
		vault->ops->list(vault->store, login, after_login, after_subject, limit, on_answer,
				 call);
}

void vault_find(struct vault *vault, struct pk_str login, struct pk_str subject,
		struct pk_str session, size_t limit, vault_done *done, void *arg)
{
	struct call *call = begin(vault, VAULT_READS, OPENS_NONE, done, arg);

	if (call)
		vault->ops->find(vault->store, login, subject, session, limit, on_answer, call);
}

void vault_count(struct vault *vault, vault_done *done, void *arg)
{
	struct call *call = begin(vault, VAULT_READS, OPENS_NONE, done, arg);

	if (call)
		vault->ops->count(vault->store, on_answer, call);
}

void vault_spend(struct vault *vault, const uint8_t id[static ATTEMPT_ID],
		 const uint8_t code_hash[static CODE_HASH], int64_t expires_at, vault_done *done,
		 void *arg)
{
	struct call *call = begin(vault, VAULT_WRITES, OPENS_NONE, done, arg);

	if (call)
		vault->ops->spend(vault->store, id, code_hash, expires_at, on_answer, call);
}

void vault_revoke(struct vault *vault, const struct revoked_session *session, vault_done *done,
		  void *arg)
{
	struct call *call = begin(vault, VAULT_WRITES, OPENS_NONE, done, arg);

	if (call)
		vault->ops->revoke(vault->store, session, on_answer, call);
}

void vault_revoked(struct vault *vault, int64_t cursor, int64_t now, vault_done *done, void *arg)
{
	struct call *call = begin(vault, VAULT_READS, OPENS_NONE, done, arg);

	if (call)
		vault->ops->revoked(vault->store, cursor, now, on_answer, call);
}

void vault_forget(struct vault *vault, int64_t now, vault_done *done, void *arg)
{
	struct call *call = begin(vault, VAULT_WRITES, OPENS_NONE, done, arg);

	if (call)
		vault->ops->forget(vault->store, now, on_answer, call);
}

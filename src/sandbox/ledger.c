/*
 * The ledger: two rings and an index. Trusts its callers; what it is asked to find is hostile, and
 * is hashed under a key of this process before it is looked up, so that the time of a look-up says
 * nothing about the texts that exist. RFC 6749 10.10 asks for 128 bits; a text has 256.
 */
#include "sandbox/ledger.h"
#include "base/encode.h"
#include "base/text.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define NOWHERE UINT32_MAX

struct ledger {
	unsigned char key[crypto_generichash_KEYBYTES];
	struct grant *grants;
	size_t grant_cap;
	uint64_t grant_count; /* ever made; a serial starts at 1 */
	struct ticket *tickets;
	uint32_t ticket_cap;
	uint64_t ticket_count; /* ever made */
	uint32_t *buckets;     /* as many as tickets: the first of each chain */
};

struct ledger *ledger_new(size_t grants, size_t tickets)
{
	struct ledger *ledger = calloc(1, sizeof(*ledger));

	if (!ledger)
		return NULL;
	ledger->grant_cap = grants;
	ledger->ticket_cap = (uint32_t)tickets;
	ledger->grants = calloc(grants, sizeof(*ledger->grants));
	ledger->tickets = calloc(tickets, sizeof(*ledger->tickets));
	ledger->buckets = malloc(tickets * sizeof(*ledger->buckets));
	if (!ledger->grants || !ledger->tickets || !ledger->buckets) {
		ledger_free(ledger);
		return NULL;
	}
	for (size_t i = 0; i < tickets; i++)
		ledger->buckets[i] = NOWHERE;
	crypto_generichash_keygen(ledger->key);
	return ledger;
}

static void forget(struct grant *grant)
{
	free(grant->texts);
	free(grant->nonce);
}

void ledger_free(struct ledger *ledger)
{
	if (!ledger)
		return;
	for (size_t i = 0; ledger->grants && i < ledger->grant_cap; i++)
		forget(&ledger->grants[i]);
	free(ledger->grants);
	free(ledger->tickets);
	free(ledger->buckets);
	sodium_memzero(ledger->key, sizeof(ledger->key));
	free(ledger);
}

struct grant *ledger_grant(struct ledger *ledger)
{
	const uint64_t serial = ++ledger->grant_count;
	struct grant *grant = &ledger->grants[serial % ledger->grant_cap];

	forget(grant);
	*grant = (struct grant){.serial = serial};
	return grant;
}

struct grant *ledger_grant_at(struct ledger *ledger, uint64_t serial)
{
	struct grant *grant = &ledger->grants[serial % ledger->grant_cap];

	return serial && grant->serial == serial ? grant : NULL;
}

struct grant *ledger_grant_of(struct ledger *ledger, uint64_t session, const struct grant *before)
{
	struct grant *end = ledger->grants + ledger->grant_cap;
	struct grant *grant =
		before ? ledger->grants + (before - ledger->grants) + 1 : ledger->grants;

	for (; session && grant < end; grant++)
		if (grant->session == session)
			return grant;
	return NULL;
}

bool ledger_keep_texts(struct grant *grant, struct pk_str scope, struct pk_str challenge)
{
	const size_t size = scope.len + challenge.len;

	free(grant->texts);
	grant->texts = malloc(size ? size : 1);
	if (!grant->texts) {
		grant->scope = grant->challenge = (struct pk_str){0};
		return false;
	}

	struct pk_buf out = pk_buf(grant->texts, size);

	pk_buf_put(&out, scope);
	pk_buf_put(&out, challenge);
	grant->scope = pk_str_first(pk_buf_str(&out), scope.len);
	grant->challenge = pk_str_from(pk_buf_str(&out), scope.len);
	return true;
}

bool ledger_keep_nonce(struct grant *grant, struct pk_str nonce)
{
	free(grant->nonce);
	grant->nonce = malloc(nonce.len ? nonce.len : 1);
	if (!grant->nonce)
		return false;
	memcpy(grant->nonce, nonce.ptr, nonce.len);
	grant->nonce_len = nonce.len;
	return true;
}

static void hash(const struct ledger *ledger, enum ticket_kind kind, struct pk_str text,
		 unsigned char ret[static TICKET_KEY])
{
	const unsigned char prefix = (unsigned char)kind;
	crypto_generichash_state state;

	crypto_generichash_init(&state, ledger->key, sizeof(ledger->key), TICKET_KEY);
	crypto_generichash_update(&state, &prefix, 1);
	crypto_generichash_update(&state, (const unsigned char *)text.ptr, text.len);
	crypto_generichash_final(&state, ret, TICKET_KEY);
	sodium_memzero(&state, sizeof(state));
}

void ledger_hash(struct pk_str text, unsigned char ret[static 32])
{
	crypto_generichash(ret, 32, (const unsigned char *)text.ptr, text.len, NULL, 0);
}

static uint32_t *bucket_of(const struct ledger *ledger, const unsigned char *key)
{
	uint32_t number;

	memcpy(&number, key, sizeof(number));
	return &ledger->buckets[number % ledger->ticket_cap];
}

static void unlink_ticket(struct ledger *ledger, uint32_t index)
{
	uint32_t *at = bucket_of(ledger, ledger->tickets[index].key);

	while (*at != index)
		at = &ledger->tickets[*at].next;
	*at = ledger->tickets[index].next;
}

struct ticket *ledger_issue(struct ledger *ledger, const struct grant *grant, enum ticket_kind kind,
			    int64_t expires_at, struct pk_str suffix, struct pk_buf *out)
{
	const uint32_t index = (uint32_t)(ledger->ticket_count++ % ledger->ticket_cap);
	struct ticket *ticket = &ledger->tickets[index];
	unsigned char random[32];

	randombytes_buf(random, sizeof(random));
	pk_base64url_encode(out, random, sizeof(random));
	pk_buf_put(out, suffix);
	sodium_memzero(random, sizeof(random));

	if (ticket->used)
		unlink_ticket(ledger, index);
	*ticket = (struct ticket){
		.grant = grant->serial, .expires_at = expires_at, .kind = kind, .used = true};
	hash(ledger, kind, pk_buf_str(out), ticket->key);

	uint32_t *bucket = bucket_of(ledger, ticket->key);

	ticket->next = *bucket;
	*bucket = index;
	return ticket;
}

struct ticket *ledger_find(struct ledger *ledger, enum ticket_kind kind, struct pk_str text,
			   struct grant **ret_grant)
{
	unsigned char key[TICKET_KEY];

	if (!text.len || text.len > TICKET_TEXT_MAX)
		return NULL;
	hash(ledger, kind, text, key);
	for (uint32_t i = *bucket_of(ledger, key); i != NOWHERE; i = ledger->tickets[i].next) {
		struct ticket *ticket = &ledger->tickets[i];
		struct grant *grant = &ledger->grants[ticket->grant % ledger->grant_cap];

		if (memcmp(ticket->key, key, sizeof(key)) != 0 || ticket->kind != kind)
			continue;
		if (grant->serial != ticket->grant)
			return NULL;
		*ret_grant = grant;
		return ticket;
	}
	return NULL;
}

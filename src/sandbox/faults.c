/*
 * Which faults can be produced and where each takes effect: a reply that comes late or never, or is
 * not what was asked for; a check that refuses though it passed, in the dialect's words; or an
 * answer that is altered, which distort.c does for documents, callback.c for the way back. The ids
 * are those of the fault list. What is armed was checked when it was armed.
 */
#include "sandbox/faults.h"
#include "base/text.h"
#include "sandbox/recording.h"
#include "sandbox/refusal.h"
#include "sandbox/reply.h"

#include <stdio.h>
#include <string.h>

static const struct check check_server_error = {
	.name = "server-error",
	.status = 500,
	.code = "server_error",
	.text = "The server met an error of its own.",
	.fault = "server-error",
	.reference = "RFC 9110 15.6.1",
	.fix = "Nothing is wrong with the request: the sandbox was told to fail.",
};

static const struct check check_rate_limited = {
	.name = "rate-limited",
	.status = 429,
	.code = "temporarily_unavailable",
	.text = "There have been too many requests.",
	.fault = "rate-limited",
	.reference = "RFC 6585 4",
	.fix = "Wait as long as Retry-After says: the sandbox was told to be short of time.",
};

/* ---- Replies that are none ---- */

static bool fail(struct exchange *x, const struct armed *armed)
{
	(void)armed;
	refuse(x, &check_server_error);
	return true;
}

static bool limit(struct exchange *x, const struct armed *armed)
{
	char memory[24];
	struct pk_buf seconds = pk_buf(memory, sizeof(memory));

	pk_buf_number(&seconds, armed->seconds);
	http_reply_header(x->http, "Retry-After", pk_buf_str(&seconds));
	refuse(x, &check_rate_limited);
	return true;
}

/* What a company's firewall says in place of the provider. */
static bool block(struct exchange *x, const struct armed *armed)
{
	(void)armed;
	http_reply_header(x->http, "Cache-Control", PK_STR("no-store"));
	http_reply(x->http, 403, "text/html; charset=utf-8", page_file("firewall.html"));
	return true;
}

static bool delay(struct exchange *x, const struct armed *armed)
{
	const struct timeval time = {.tv_sec = (time_t)armed->seconds};

	x->took = (double)armed->seconds;
	http_reply_later(x->http, &time);
	return false;
}

static void hang_up(struct exchange *x)
{
	x->unanswered = true;
	http_reply_never(x->http);
}

static bool drop(struct exchange *x, const struct armed *armed)
{
	(void)armed;
	hang_up(x);
	http_reply(x->http, 500, NULL, PK_STR(""));
	return true;
}

/* ---- The table ---- */

#define AT(endpoint) (1u << (endpoint))
#define TOKENS (AT(TOKEN) | AT(REFRESH))

/* clang-format off */
static const struct fault_row {
	const char *id;
	unsigned at;                 /* where it takes effect when nothing else is said */
	bool (*interrupt)(struct exchange *x, const struct armed *armed); /* before any check; true: answered */
	const struct check *refuse[2]; /* checks that pass and refuse all the same */
} rows[] = {
	/* Replies that are late, missing, or somebody else's. */
	{"server-error",              TOKENS, fail,  {NULL}},
	{"rate-limited",              TOKENS, limit, {NULL}},
	{"reply-not-oauth",           TOKENS, block, {NULL}},
	{"reply-slow",                TOKENS, delay, {NULL}},
	{"connection-dropped",        TOKENS, drop,  {NULL}},
	{"refresh-reply-lost",        AT(REFRESH), NULL, {NULL}},

	/* Refusals. */
	{"redirect-uri-unregistered", AT(AUTHORIZE) | AT(PUSH), NULL, {&check_redirect_uri_registered}},
	{"app-not-approved",          AT(AUTHORIZE) | AT(PUSH), NULL, {&check_client_known}},
	{"user-denied",               AT(AUTHORIZE) | AT(DECIDE), NULL, {&check_user_consents}},
	{"secret-rejected",           TOKENS, NULL, {&check_client_authenticated}},
	{"code-altered",              AT(TOKEN), NULL, {&check_code_known}},
	{"code-reused",               AT(TOKEN), NULL, {&check_code_unused}},
	{"code-expired",              AT(TOKEN), NULL, {&check_code_unexpired}},
	{"redirect-uri-differs",      AT(TOKEN), NULL, {&check_redirect_uri_same}},
	{"verifier-mismatch",         AT(TOKEN), NULL, {&check_verifier_matches}},
	{"refresh-token-not-replaced", AT(REFRESH), NULL, {&check_refresh_token_unused}},
	{"provider-session-gone",     AT(REFRESH) | AT(USERINFO), NULL, {&check_refresh_token_known, &check_bearer_valid}},
	{"refresh-asks-verifier",     AT(REFRESH), NULL, {NULL}},

	/* The way back: callback.c. */
	{"state-missing",             AT(AUTHORIZE) | AT(DECIDE), NULL, {NULL}},
	{"state-altered",             AT(AUTHORIZE) | AT(DECIDE), NULL, {NULL}},
	{"issuer-mismatch",           AT(AUTHORIZE) | AT(DECIDE), NULL, {NULL}},
	{"code-two-for-one-state",    AT(AUTHORIZE) | AT(DECIDE), NULL, {NULL}},
	{"scope-not-granted",         AT(AUTHORIZE) | AT(DECIDE), NULL, {NULL}},

	/* Documents: distort.c. */
	{"expires-in-text",           TOKENS, NULL, {NULL}},
	{"reply-misread",             TOKENS, NULL, {NULL}},
	{"refresh-token-absent",      AT(TOKEN), NULL, {NULL}},
	{"id-token-missing",          TOKENS, NULL, {NULL}},
	{"id-token-malformed",        TOKENS, NULL, {NULL}},
	{"id-token-alg",              TOKENS, NULL, {NULL}},
	{"id-token-signature",        TOKENS, NULL, {NULL}},
	{"id-token-key-unknown",      TOKENS, NULL, {NULL}},
	{"id-token-issuer",           TOKENS, NULL, {NULL}},
	{"id-token-audience",         TOKENS, NULL, {NULL}},
	{"id-token-expired",          TOKENS, NULL, {NULL}},
	{"id-token-hash",             TOKENS, NULL, {NULL}},
	{"id-token-age",              TOKENS, NULL, {NULL}},
	{"clock-skew",                TOKENS, NULL, {NULL}},
	{"nonce-mismatch",            TOKENS, NULL, {NULL}},
	{"subject-mismatch",          AT(USERINFO), NULL, {NULL}},
	{"metadata-issuer",           AT(DISCOVERY), NULL, {NULL}},
	{"metadata-incomplete",       AT(DISCOVERY), NULL, {NULL}},
	{"metadata-pkce",             AT(DISCOVERY), NULL, {NULL}},

	/* Headers: reply.c and router.c. */
	{"cors-blocked",              TOKENS, NULL, {NULL}},
};
/* clang-format on */

#define ROWS (sizeof(rows) / sizeof(rows[0]))

const struct fault_row *fault_at(size_t index)
{
	return index < ROWS ? &rows[index] : NULL;
}

const struct fault_row *fault_row_find(struct pk_str id)
{
	for (size_t i = 0; i < ROWS; i++)
		if (pk_str_equal(id, pk_str(rows[i].id)))
			return &rows[i];
	return NULL;
}

const char *fault_id(const struct fault_row *row)
{
	return row->id;
}

bool fault_can_be_at(const struct fault_row *row, enum endpoint endpoint)
{
	return row && (row->interrupt || (row->at & AT(endpoint)));
}

/* ---- Arming ---- */

static struct pk_str client_of(const struct armed *armed)
{
	return (struct pk_str){armed->client, armed->client_len};
}

static bool is_same(const struct armed *a, const struct armed *b)
{
	return a->row == b->row && a->provider == b->provider && a->endpoint == b->endpoint &&
	       pk_str_equal(client_of(a), client_of(b));
}

bool fault_arm(struct faults *faults, const struct armed *armed)
{
	size_t at = 0;

	while (at < faults->count && !is_same(&faults->item[at], armed))
		at++;
	if (at == FAULTS_ARMED_MAX)
		return false;
	faults->item[at] = *armed;
	if (at == faults->count)
		faults->count++;
	return true;
}

static void remove_at(struct faults *faults, size_t at)
{
	faults->count--;
	memmove(&faults->item[at], &faults->item[at + 1],
		(faults->count - at) * sizeof(faults->item[0]));
}

void fault_disarm(struct faults *faults, const struct fault_row *row)
{
	for (size_t i = faults->count; i-- > 0;)
		if (!row || faults->item[i].row == row)
			remove_at(faults, i);
}

/* ---- Taking effect ---- */

static bool is_for_client(struct exchange *x, const struct armed *armed)
{
	const struct pk_str wanted = client_of(armed);

	if (!wanted.len)
		return true;
	return pk_str_equal(wanted, x->grant ? x->grant->client->id : exchange_client(x));
}

static bool is_for(struct exchange *x, const struct armed *armed)
{
	const unsigned at = armed->endpoint < 0 ? armed->row->at : AT((unsigned)armed->endpoint);

	return (at & AT(x->endpoint)) && (!armed->provider || armed->provider == x->provider) &&
	       is_for_client(x, armed);
}

/* Finds the row among what is armed for this exchange, and uses it up. */
static bool take(struct exchange *x, const struct fault_row *row, struct armed *ret)
{
	struct faults *faults = &x->sandbox->faults;

	for (size_t i = 0; i < faults->count; i++) {
		struct armed *armed = &faults->item[i];

		if (armed->row != row || !is_for(x, armed))
			continue;
		*ret = *armed;
		if (armed->times != FAULT_ALWAYS && --armed->times == 0)
			remove_at(faults, i);
		x->produced = row->id;
		fprintf(stderr, "sandbox: %.*s: %s, as armed\n", PK_ARG(x->dialect->name), row->id);
		return true;
	}
	return false;
}

bool fault_is(struct exchange *x, const char *id)
{
	struct armed armed;

	return x->sandbox->faults.count && take(x, fault_row_find(pk_str(id)), &armed);
}

bool fault_interrupts(struct exchange *x)
{
	struct armed armed;

	for (size_t i = 0; x->sandbox->faults.count && i < ROWS; i++)
		if (rows[i].interrupt && take(x, &rows[i], &armed) && rows[i].interrupt(x, &armed))
			return true;
	return false;
}

bool fault_refuses(struct exchange *x, const struct check *check)
{
	struct armed armed;

	for (size_t i = 0; x->sandbox->faults.count && i < ROWS; i++) {
		if (rows[i].refuse[0] != check && rows[i].refuse[1] != check)
			continue;
		if (take(x, &rows[i], &armed)) {
			x->fault = rows[i].id;
			if (check == &check_redirect_uri_registered)
				x->redirect_uri = (struct pk_str){0}; /* nobody is sent there */
			return true;
		}
	}
	return false;
}

static bool refuse_as(struct exchange *x, const char *id, const struct check *check)
{
	x->fault = id;
	refuse(x, check);
	return true;
}

bool fault_ends(struct exchange *x)
{
	if (!x->sandbox->faults.count)
		return false;
	if (x->endpoint == AUTHORIZE && x->sandbox->options.auto_approve &&
	    fault_is(x, "user-denied"))
		return refuse_as(x, "user-denied", &check_user_consents);
	if (x->endpoint == REFRESH && !param(x, "code_verifier").len &&
	    fault_is(x, "refresh-asks-verifier"))
		return refuse_as(x, "refresh-asks-verifier", &check_verifier_present);
	if (fault_is(x, "refresh-reply-lost"))
		hang_up(x);
	return false;
}

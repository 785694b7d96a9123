/*
 * The ID token, held against the requests around it (OpenID Connect Core 3.1.3.7). Its claims are
 * believed to be what they say, for a client refuses it by them; its signature is verified where the
 * provider's keys are in the capture too. A login whose tokens came may still end here, so these rules
 * look at those as well.
 */
#include "explain/capture.h"
#include "explain/flow_provider.h"
#include "explain/rule.h"
#include "base/encode.h"
#include "base/text.h"
#include "protocol/jose.h"
#include "protocol/json.h"

#include <sodium.h>
#include <string.h>

#define SKEW_SECONDS 60  /* by which clocks may differ */
#define REPLY_SECONDS 30 /* that a reply may take where nobody says how long it took */
#define OLD_SECONDS 300  /* no token for a code was made so long before */

static const struct pk_str nothing;

/* The ID token can be read, and there is something to hold against it. */
static const struct flow_id_token *readable(const struct flow *flow)
{
	return flow->id_token.readable ? &flow->id_token : NULL;
}

static bool is_unconfirmed(const struct flow *flow, const char *key)
{
	return pk_list_has(&flow->dialect->unconfirmed, pk_str(key));
}

/* ---- There at all, and readable ---- */

static bool has_word(struct pk_str list, struct pk_str word)
{
	while (list.ptr) {
		struct pk_str items = pk_str_cut(&list, ' ');

		while (items.ptr)
			if (pk_str_equal(pk_str_cut(&items, ','), word))
				return true;
	}
	return false;
}

/* Only who asks for openid gets one (3.1.2.1); a provider that has none is asked in vain. */
static enum verdict look_missing(const struct flow *flow, struct pk_finding *finding)
{
	const struct pk_str scope = flow_scope(flow, &flow->authorize);
	const bool gives = flow->dialect && flow->dialect->id_token_alg != PK_ID_TOKEN_NONE;

	if (!flow->authorize.event || flow_asked(flow) != &flow->token || !flow->reply.success)
		return NOT_VISIBLE;
	if (flow->id_token.text.len || (flow->dialect && !gives))
		return ABSENT;
	if (has_word(scope, PK_STR("openid"))) {
		finding->confidence = gives ? PK_PROVED : PK_LIKELY;
		show(finding, &flow->token, "id_token", nothing, PK_STR("an ID token"));
		show(finding, &flow->authorize, "scope", scope, nothing);
		return PRESENT;
	}
	if (!flow_param(&flow->authorize, "nonce"))
		return ABSENT;
	finding->confidence = PK_LIKELY;
	finding->detail = PK_STR("A nonce was sent, which only an ID token gives back, and openid "
				 "is not among the scopes.");
	show(finding, &flow->authorize, "scope", scope, PK_STR("openid among them"));
	return PRESENT;
}

/* The first of the claims that every ID token has (2) which this one has not; NULL without one. */
static const char *missing_claim(const struct flow_id_token *token)
{
	if (!token->iss.len)
		return "iss";
	if (!token->sub.len)
		return "sub";
	if (!token->aud.count)
		return "aud";
	if (token->exp == PK_TIME_UNKNOWN)
		return "exp";
	return token->iat == PK_TIME_UNKNOWN ? "iat" : NULL;
}

static enum verdict look_malformed(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_id_token *token = &flow->id_token;
	const char *missing;

	if (!token->text.len || token->encrypted)
		return NOT_VISIBLE;
	if (!token->readable) {
		finding->confidence = PK_PROVED;
		show_secret(finding, token->part, "id_token", token->text, nothing);
		return PRESENT;
	}
	missing = missing_claim(token);
	if (!missing)
		return ABSENT;
	finding->confidence = PK_PROVED;
	show(finding, token->part, missing, nothing, PK_STR("a claim of every ID token"));
	return PRESENT;
}

/* ---- Algorithm and key ---- */

static const char *const algs[] = {
	[PK_ID_TOKEN_NONE] = "",
	[PK_ID_TOKEN_RS256] = "RS256",
	[PK_ID_TOKEN_ES256] = "ES256",
	[PK_ID_TOKEN_HS256] = "HS256",
};

/* A server that its owner runs may have been told to sign otherwise. */
static enum verdict look_alg(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_id_token *token = readable(flow);
	const struct pk_str wanted =
		flow->dialect ? pk_str(algs[flow->dialect->id_token_alg]) : nothing;

	if (!token)
		return NOT_VISIBLE;
	if (!token->alg.len || pk_str_equal(token->alg, PK_STR("none"))) {
		finding->confidence = PK_PROVED;
		finding->detail = PK_STR("It is not signed: anybody may have written it.");
		show(finding, token->part, "alg", token->alg, wanted);
		return PRESENT;
	}
	if (!wanted.len)
		return NOT_VISIBLE;
	if (pk_str_equal(token->alg, wanted))
		return ABSENT;
	finding->confidence =
		flow_has_any_host(flow->dialect->token_url) || is_unconfirmed(flow, "id_token_alg")
			? PK_LIKELY
			: PK_PROVED;
	show(finding, token->part, "alg", token->alg, wanted);
	return PRESENT;
}

/* Looks for a key id among the keys of a reply; false where the reply has no keys. */
static bool look_among_keys(const struct pk_message *reply, struct pk_str kid, bool *ret_found)
{
	json_t *root = pk_json_parse(pk_str_trim(reply->body));
	const json_t *keys = json_object_get(root, "keys");
	const bool has_keys = json_is_array(keys);

	for (size_t i = 0; i < json_array_size(keys); i++) {
		const json_t *id = json_object_get(json_array_get(keys, i), "kid");

		*ret_found |= pk_str_equal(
			kid, (struct pk_str){json_string_value(id), json_string_length(id)});
	}
	json_decref(root);
	return has_keys;
}

static enum verdict look_key_unknown(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_id_token *token = readable(flow);
	const struct flow_part *keys = NULL;
	bool found = false;

	if (!token || !token->kid.len)
		return NOT_VISIBLE;
	for (size_t i = 0; i < flow->capture->count; i++)
		if (flow->part[i].event->kind == PK_EVENT_OTHER &&
		    look_among_keys(&flow->part[i].event->reply, token->kid, &found))
			keys = &flow->part[i];
	if (!keys)
		return NOT_VISIBLE;
	if (found)
		return ABSENT;
	finding->confidence = PK_PROVED;
	finding->detail = keys->index < token->part->index
				  ? PK_STR("The keys were fetched before the token came; the "
					   "provider may have new ones since.")
				  : PK_STR("The keys were fetched after the token came.");
	show(finding, token->part, "kid", token->kid, nothing);
	show(finding, keys, "url", keys->event->request.url, nothing);
	return PRESENT;
}

/* ---- From whom, for whom ---- */

static enum verdict look_issuer(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_id_token *token = readable(flow);

	if (!token || !token->iss.len || !flow->dialect || !flow->dialect->issuer.len)
		return NOT_VISIBLE;
	if (flow_is_issuer(flow, token->iss))
		return ABSENT;
	show(finding, token->part, "iss", token->iss, flow_issuer(flow, &finding->confidence));
	return PRESENT;
}

static enum verdict look_audience(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_id_token *token = readable(flow);
	struct pk_str client;

	if (!token || !token->aud.count)
		return NOT_VISIBLE;
	client = flow_client_id(flow, token->part);
	if (!client.len)
		client = flow_client_id(flow, &flow->authorize);
	if (!client.len)
		return NOT_VISIBLE;
	if (!pk_list_has(&token->aud, client)) {
		finding->confidence = PK_PROVED;
		show(finding, token->part, "aud", token->aud.item[0], client);
		return PRESENT;
	}
	if (!token->azp.len || pk_str_equal(token->azp, client))
		return ABSENT;
	finding->confidence = PK_PROVED;
	show(finding, token->part, "azp", token->azp, client);
	return PRESENT;
}

/* ---- When ---- */

static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
				     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/* A Date header, "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7). */
static bool read_date(struct pk_str text, double *ret)
{
	char iso[32];
	struct pk_buf out = pk_buf(iso, sizeof(iso));
	int month = 0;

	if (text.len != 29 || text.ptr[4] != ' ')
		return false;
	while (month < 12 && memcmp(text.ptr + 8, months[month], 3) != 0)
		month++;
	pk_buf_put(&out, pk_str_first(pk_str_from(text, 12), 4));
	pk_buf_put(&out, month < 9 ? PK_STR("-0") : PK_STR("-"));
	pk_buf_number(&out, month + 1);
	pk_buf_char(&out, '-');
	pk_buf_put(&out, pk_str_first(pk_str_from(text, 5), 2));
	pk_buf_char(&out, 'T');
	pk_buf_put(&out, pk_str_first(pk_str_from(text, 17), 8));
	pk_buf_char(&out, 'Z');
	return month < 12 && iso_time(pk_buf_str(&out), ret);
}

static void show_time(const struct flow *flow, struct pk_finding *finding, const char *claim,
		      double got, const char *how, double want)
{
	show(finding, flow->id_token.part, claim, flow_text(flow, "%.0f", got),
	     flow_text(flow, "%s %.0f, by the clock of the capture", how, want));
}

/* How late after the request a reply may have been made. */
static double latest(const struct pk_event *event)
{
	return event->at + SKEW_SECONDS +
	       (event->took > REPLY_SECONDS ? event->took : REPLY_SECONDS);
}

static bool say_skew(const struct flow *flow, struct pk_finding *finding, const char *claim,
		     double time)
{
	const double at = flow->id_token.part->event->at;
	const double away = time - at;

	finding->detail = flow_text(flow, "The provider's clock is %.0f seconds %s this one.",
				    away < 0 ? -away : away, away < 0 ? "behind" : "ahead of");
	show_time(flow, finding, claim, time, "about", at);
	return true;
}

/* A token from the future was made by a clock that is ahead, or read by one that is behind; and a
 * reply has the time of its making in its Date. */
static bool is_proved_skewed(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_id_token *token = &flow->id_token;
	const struct pk_event *event = token->part->event;
	double date;

	if (token->iat != PK_TIME_UNKNOWN && (double)token->iat > latest(event))
		return say_skew(flow, finding, "iat", (double)token->iat);
	if (token->nbf != PK_TIME_UNKNOWN && (double)token->nbf > latest(event))
		return say_skew(flow, finding, "nbf", (double)token->nbf);
	if (read_date(flow_header(&event->reply, "Date"), &date) &&
	    (date < event->at - SKEW_SECONDS || date > latest(event)))
		return say_skew(flow, finding, "Date", date);
	return false;
}

/* What is given for a code is made for it. */
static bool is_old(const struct flow *flow)
{
	const struct flow_id_token *token = &flow->id_token;
	const double at = token->part->event->at;

	return token->part->index == flow->token.index && token->iat != PK_TIME_UNKNOWN &&
	       (double)token->iat < at - OLD_SECONDS && (double)token->exp > at - SKEW_SECONDS;
}

static enum verdict look_skew(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_id_token *token = readable(flow);

	if (!token || token->part->event->at < 0)
		return NOT_VISIBLE;
	if (is_proved_skewed(flow, finding)) {
		finding->confidence = PK_PROVED;
		return PRESENT;
	}
	if (!is_old(flow))
		return ABSENT;
	finding->confidence = PK_LIKELY;
	(void)say_skew(flow, finding, "iat", (double)token->iat);
	return PRESENT;
}

static enum verdict look_expired(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_id_token *token = readable(flow);
	double at;

	if (!token || token->part->event->at < 0 || token->exp == PK_TIME_UNKNOWN)
		return NOT_VISIBLE;
	at = token->part->event->at;
	if ((double)token->exp > at - SKEW_SECONDS)
		return ABSENT;
	finding->confidence = PK_PROVED;
	finding->detail = flow_text(flow, "It had expired %.0f seconds before it came.",
				    at - (double)token->exp);
	show_time(flow, finding, "exp", (double)token->exp, "after", at);
	return PRESENT;
}

static enum verdict look_age(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_id_token *token = readable(flow);
	int64_t max_age;

	if (!token || token->part->index != flow->token.index || token->part->event->at < 0 ||
	    !pk_str_number(flow_value(&flow->authorize, "max_age"), INT32_MAX, &max_age))
		return NOT_VISIBLE;
	if (token->auth_time != PK_TIME_UNKNOWN &&
	    (double)(token->auth_time + max_age) >= token->part->event->at - SKEW_SECONDS)
		return ABSENT;
	finding->confidence = PK_PROVED;
	show(finding, token->part, "auth_time",
	     token->auth_time == PK_TIME_UNKNOWN
		     ? nothing
		     : flow_text(flow, "%lld", (long long)token->auth_time),
	     flow_text(flow, "after %.0f", token->part->event->at - (double)max_age));
	show(finding, &flow->authorize, "max_age", flow_value(&flow->authorize, "max_age"),
	     nothing);
	return PRESENT;
}

/* ---- What belongs together ---- */

/* A refreshed token need not have it (12.2). */
static enum verdict look_nonce(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_id_token *token = readable(flow);
	const struct pk_str nonce = flow_value(&flow->authorize, "nonce");

	if (!token || token->part->index != flow->token.index || !nonce.len)
		return NOT_VISIBLE;
	if (pk_str_equal(token->nonce, nonce))
		return ABSENT;
	finding->confidence = PK_PROVED;
	if (!token->nonce.len)
		finding->detail = PK_STR("The token has none.");
	show(finding, token->part, "nonce", token->nonce, nonce);
	return PRESENT;
}

/* 3.1.3.6: the left half of the hash of the access token's ASCII, with the hash of alg. */
static bool hash_half(const struct flow_id_token *token, struct pk_buf *out)
{
	unsigned char hash[crypto_hash_sha512_BYTES];
	const unsigned char *text = (const unsigned char *)token->access_token.ptr;

	if (pk_str_ends(token->alg, PK_STR("256"))) {
		(void)crypto_hash_sha256(hash, text, token->access_token.len);
		pk_base64url_encode(out, hash, crypto_hash_sha256_BYTES / 2);
	} else if (pk_str_ends(token->alg, PK_STR("512"))) {
		(void)crypto_hash_sha512(hash, text, token->access_token.len);
		pk_base64url_encode(out, hash, crypto_hash_sha512_BYTES / 2);
	} else {
		return false;
	}
	return true;
}

static enum verdict look_hash(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_id_token *token = readable(flow);
	char memory[PK_BASE64URL_LEN(crypto_hash_sha512_BYTES)];
	struct pk_buf out = pk_buf(memory, sizeof(memory));

	if (!token || !token->at_hash.len || !token->access_token.len || !hash_half(token, &out))
		return NOT_VISIBLE;
	if (pk_str_equal(token->at_hash, pk_buf_str(&out)))
		return ABSENT;
	finding->confidence = PK_PROVED;
	show(finding, token->part, "at_hash", token->at_hash,
	     flow_text(flow, "%.*s", PK_ARG(pk_buf_str(&out))));
	return PRESENT;
}

/* Whether the request brought this access token, in its header or, as some want it, in the URL. */
static bool brings(const struct flow_part *part, struct pk_str access_token)
{
	const struct pk_str header = flow_header(&part->event->request, "Authorization");

	return access_token.len &&
	       (pk_str_equal(pk_str_trim(pk_str_from(header, pk_str_find(header, ' '))),
			     access_token) ||
		pk_str_equal(flow_value(part, "access_token"), access_token));
}

/* Who the user info is about, by the dialect's place for it, or `sub`. */
static struct pk_str subject_of(const struct flow *flow, const struct flow_part *part)
{
	json_t *root = pk_json_parse(pk_str_trim(part->event->reply.body));
	struct pk_str subject = nothing;

	if (pk_json_text(flow->arena,
			 pk_json_at(root, flow->dialect ? flow->dialect->userinfo_subject
							: PK_STR("/sub")),
			 &subject) != PK_OK)
		subject = nothing;
	json_decref(root);
	return subject;
}

/* The subject that the tokens were given for: where the user info has its own under another name
 * than sub, the two may be two kinds of ids. */
static struct pk_str expected_subject(const struct flow *flow)
{
	const struct flow_part *part = flow_asked(flow);
	const struct pk_str at = flow->dialect ? flow->dialect->userinfo_subject : PK_STR("/sub");

	if (!part)
		return nothing;
	if (flow->id_token.readable && pk_str_equal(at, PK_STR("/sub")))
		return flow->id_token.sub;
	return flow->replies[part->index].subject;
}

static enum verdict look_subject(const struct flow *flow, struct pk_finding *finding)
{
	const struct pk_str wanted = expected_subject(flow);
	const struct pk_str token =
		flow->id_token.readable ? flow->id_token.access_token : flow->reply.access_token;

	if (!wanted.len)
		return NOT_VISIBLE;
	for (size_t i = 0; i < flow->capture->count; i++) {
		const struct flow_part *part = &flow->part[i];
		struct pk_str got;

		if (part->event->kind != PK_EVENT_OTHER || !brings(part, token))
			continue;
		got = subject_of(flow, part);
		if (!got.len)
			continue;
		if (pk_str_equal(got, wanted))
			return ABSENT;
		finding->confidence = PK_PROVED;
		show(finding, part, "sub", got, wanted);
		return PRESENT;
	}
	return NOT_VISIBLE;
}

/* ---- The signature ---- */

/* With the keys of one reply: PK_OK, PK_ERR_ID_TOKEN_SIGNATURE, or what else keeps it from being
 * looked at. The algorithm is the token's own: that it is the provider's is another question. */
static enum pk_err verify(const struct flow_id_token *token, const struct pk_message *reply)
{
	struct pk_jws jws = {.token = token->text, .jwks = pk_str_trim(reply->body)};
	json_t *claims = NULL;
	enum pk_err err;

	if (pk_str_equal(token->alg, PK_STR("RS256")))
		jws.alg = PK_ID_TOKEN_RS256;
	else if (pk_str_equal(token->alg, PK_STR("ES256")))
		jws.alg = PK_ID_TOKEN_ES256;
	else
		return PK_ERR_ID_TOKEN_ALG;
	err = pk_jws_verify(&jws, &claims, NULL);
	if (err == PK_OK)
		json_decref(claims);
	return err;
}

/* Only where the keys are in the capture, and the token's is among them. */
static enum verdict look_signature(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_id_token *token = readable(flow);
	const struct flow_part *keys = NULL;

	if (!token || !token->kid.len)
		return NOT_VISIBLE;
	for (size_t i = 0; i < flow->capture->count; i++) {
		const struct flow_part *part = &flow->part[i];
		enum pk_err err;
		bool found = false;

		if (part->event->kind != PK_EVENT_OTHER ||
		    !look_among_keys(&part->event->reply, token->kid, &found) || !found)
			continue;
		err = verify(token, &part->event->reply);
		if (err == PK_OK)
			return ABSENT;
		if (err == PK_ERR_ID_TOKEN_SIGNATURE)
			keys = part;
	}
	if (!keys)
		return NOT_VISIBLE;
	finding->confidence = PK_PROVED;
	show(finding, token->part, "kid", token->kid, nothing);
	show(finding, keys, "url", keys->event->request.url, nothing);
	return PRESENT;
}

/* clang-format off */
const struct rule rules_id_token[] = {
	{"id-token-missing",     look_missing,     true},
	{"id-token-malformed",   look_malformed,   true},
	{"id-token-alg",         look_alg,         true},
	{"id-token-key-unknown", look_key_unknown, true},
	{"id-token-signature",   look_signature,   true},
	{"id-token-issuer",      look_issuer,      true},
	{"id-token-audience",    look_audience,    true},
	{"clock-skew",           look_skew,        true},
	{"id-token-expired",     look_expired,     true},
	{"nonce-mismatch",       look_nonce,       true},
	{"id-token-hash",        look_hash,        true},
	{"id-token-age",         look_age,         true},
	{"subject-mismatch",     look_subject,     true},
	{NULL, NULL, false},
};
/* clang-format on */

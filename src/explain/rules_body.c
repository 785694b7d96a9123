/*
 * A body that was joined from strings where a form encoder belongs (RFC 6749 Appendix B). Proved
 * where a value that is known from another message stands in the body as it is and is read as
 * something else, or where no reading is possible; what does no harm to this request is said with
 * less weight.
 */
#include "explain/rules_body.h"
#include "base/text.h"
#include "explain/shown.h"

#include <string.h>

static const struct pk_str nothing;

static bool is_in_body(const struct flow_param *param)
{
	return !param->in_query;
}

static bool is_letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_hex_digit(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* The % of an escape: "%2F". */
static bool is_escape(struct pk_str text, size_t at)
{
	return at + 2 < text.len && text.ptr[at] == '%' && is_hex_digit(text.ptr[at + 1]) &&
	       is_hex_digit(text.ptr[at + 2]);
}

/* What some encoder or other leaves as it is: / by default in Python, ! ' ( ) in JavaScript, * in
 * HTML forms. */
static bool is_left_by_encoders(char c)
{
	return is_letter_or_digit(c) || (c && strchr("-_.~*'()!+/", c));
}

static struct pk_str body_of(const struct flow *flow)
{
	return flow->token.event ? flow->token.event->request.body : nothing;
}

/* ---- Is it joined? ---- */

bool body_holds_raw(struct pk_str text, const struct flow_param *param, struct pk_str meant)
{
	const char *const end = text.ptr + text.len;
	struct pk_str rest;

	if (!meant.len || !param->raw.len || param->raw.ptr < text.ptr || param->raw.ptr >= end ||
	    pk_str_equal(param->value, meant))
		return false;
	rest = pk_str_from(text, (size_t)(param->raw.ptr - text.ptr));
	return pk_str_starts(rest, meant) && (rest.len == meant.len || rest.ptr[meant.len] == '&');
}

enum sign { NONE, ENCODED, JOINED };

static enum sign sign_in(struct pk_str raw)
{
	enum sign sign = NONE;

	for (size_t i = 0; i < raw.len; i++) {
		if (is_escape(raw, i))
			sign = ENCODED;
		else if (!is_left_by_encoders(raw.ptr[i]))
			return JOINED;
	}
	return sign;
}

/* What the other values of the body show; their own characters are not in doubt. */
static enum sign sign_beside(const struct flow *flow, const char *name)
{
	enum sign sign = NONE;

	for (size_t i = 0; i < flow->token.count; i++) {
		const struct flow_param *param = &flow->token.param[i];
		const enum sign here = is_in_body(param) && !pk_str_equal(param->name, pk_str(name))
					       ? sign_in(param->raw)
					       : NONE;

		if (here == JOINED)
			return JOINED;
		if (here == ENCODED)
			sign = ENCODED;
	}
	return sign;
}

bool body_tells(const struct flow *flow, const char *name)
{
	return sign_beside(flow, name) != NONE;
}

/* "a+b" in a body is "a+b" put there raw; or "a b", made of it by decoding, and encoded again. The
 * same goes for "%2F". Only a raw & has no such past. */
bool body_was_joined(const struct flow *flow, const char *name, struct pk_str meant)
{
	const struct flow_param *param = flow_param(&flow->token, name);

	if (!param || flow->token.json_body || !is_in_body(param) ||
	    !body_holds_raw(body_of(flow), param, meant))
		return false;
	return pk_str_find(meant, '&') < meant.len || sign_beside(flow, name) == JOINED;
}

/* ---- The rule ---- */

struct known {
	const char *name;
	struct pk_str meant;
	bool secret;
};

static const char *what_became_of(struct pk_str meant, struct pk_str read)
{
	size_t at = 0;

	while (at < meant.len && at < read.len && meant.ptr[at] == read.ptr[at])
		at++;
	if (at < meant.len && meant.ptr[at] == '&')
		return "its & ends the value";
	if (at < meant.len && meant.ptr[at] == '+')
		return "its + is read as a space";
	return "its % is read as the start of an escape";
}

static bool find_known(const struct flow *flow, struct pk_finding *finding)
{
	const struct known known[] = {
		{"code", flow_value(&flow->callback, "code"), true},
		{"redirect_uri", flow_value(&flow->authorize, "redirect_uri"), false},
		{"code_verifier", flow->capture->stored_verifier, true},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		const struct pk_str read = flow_value(&flow->token, known[i].name);

		if (!body_was_joined(flow, known[i].name, known[i].meant))
			continue;
		finding->confidence = PK_PROVED;
		finding->detail = flow_text(flow, "%s stands in the body as it is, and %s.",
					    known[i].name, what_became_of(known[i].meant, read));
		(known[i].secret ? show_secret : show)(finding, &flow->token, known[i].name, read,
						       known[i].meant);
		return true;
	}
	return false;
}

/* A % that begins no escape is in no encoded text. */
static const char *bare_percent(const struct flow_param *param)
{
	for (size_t i = 0; i < param->raw.len; i++)
		if (param->raw.ptr[i] == '%' && !is_escape(param->raw, i))
			return "has a % that begins no escape";
	return NULL;
}

/* What stood behind a raw & in the value before it has no = of its own; read_params() then has no
 * view into the body for it. */
static const char *no_equals_sign(const struct flow_param *param)
{
	return param->raw.ptr != param->raw_name.ptr + param->raw_name.len + 1
		       ? "has no =, and is likely to be the end of the value before it"
		       : NULL;
}

/* No encoder leaves a space, a control character or a byte beyond ASCII; a line end behind it all
 * is the tool's. */
static const char *foreign_character(const struct flow_param *param)
{
	const struct pk_str raw = pk_str_trim(param->raw);

	for (size_t i = 0; i < raw.len; i++)
		if ((unsigned char)raw.ptr[i] <= 0x20 || (unsigned char)raw.ptr[i] >= 0x7f)
			return "has a raw space, or another character that a form cannot hold";
	return NULL;
}

/* The name of a parameter, where it is one that requests have: it may be the end of somebody's
 * secret. */
static const char *safe_name(struct pk_str name)
{
	static const char *const names[] = {"grant_type",   "client_id",     "client_key",
					    "code",         "client_secret", "code_verifier",
					    "redirect_uri", "scope",         "state"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (pk_str_equal(name, pk_str(names[i])))
			return names[i];
	return "body";
}

static bool find_odd(const struct flow *flow, struct pk_finding *finding,
		     const char *(*what_is_odd)(const struct flow_param *param),
		     enum pk_confidence confidence)
{
	for (size_t i = 0; i < flow->token.count; i++) {
		const struct flow_param *param = &flow->token.param[i];
		const char *odd = is_in_body(param) ? what_is_odd(param) : NULL;

		if (!odd || !param->raw_name.len)
			continue;
		finding->confidence = confidence;
		finding->detail = flow_text(flow, "Value %zu of the request (%s) %s.", i + 1,
					    safe_name(param->name), odd);
		show_secret(finding, &flow->token, safe_name(param->name),
			    param->raw.len ? param->raw : param->raw_name, nothing);
		return true;
	}
	return false;
}

/* Joined, and yet read as it was meant: no cause by itself, but the next code may have a + or a &
 * in it. */
static bool find_harmless(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_param *code = flow_param(&flow->token, "code");

	if (!code || !is_in_body(code) || sign_beside(flow, "code") != JOINED)
		return false;
	for (size_t i = 0; i < code->raw.len; i++) {
		if (is_letter_or_digit(code->raw.ptr[i]) || strchr("-_.~%", code->raw.ptr[i]))
			continue;
		finding->confidence = PK_POSSIBLE;
		finding->detail = PK_STR("This code is read as it was meant all the same; one "
					 "with a + or a & in it would not be.");
		show_secret(finding, &flow->token, "code", code->raw, nothing);
		return true;
	}
	return false;
}

static bool is_form(const struct flow *flow)
{
	const struct pk_str type = flow->token.content_type;

	return !flow->token.json_body &&
	       (!type.len || pk_str_starts(type, PK_STR("application/x-www-form-urlencoded")));
}

enum verdict look_body_not_encoded(const struct flow *flow, struct pk_finding *finding)
{
	if (!shown_exchange(flow) || !body_of(flow).len || !is_form(flow))
		return NOT_VISIBLE;
	return find_known(flow, finding) || find_odd(flow, finding, bare_percent, PK_PROVED) ||
			       find_odd(flow, finding, no_equals_sign, PK_LIKELY) ||
			       find_odd(flow, finding, foreign_character, PK_LIKELY) ||
			       find_harmless(flow, finding)
		       ? PRESENT
		       : ABSENT;
}

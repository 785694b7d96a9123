/*
 * The parameters of the token request: each once, in the body, and grant_type as RFC 6749 4.1.3 and
 * 6 spell it.
 */
#include "explain/rules_request.h"
#include "base/text.h"

#include <string.h>

static const struct pk_str nothing;

/* Those that OAuth knows, and whether their values may be shown; others may come twice. */
static const struct parameter {
	const char *name;
	bool secret;
	bool body_only; /* stands in logs and histories if it is in a URL */
} parameters[] = {
	{"response_type", false, false},
	{"client_id", false, false},
	{"client_key", false, false},
	{"redirect_uri", false, false},
	{"scope", false, false},
	{"state", true, false},
	{"nonce", true, false},
	{"code_challenge", false, false},
	{"code_challenge_method", false, false},
	{"grant_type", false, false},
	{"code", true, true},
	{"code_verifier", true, true},
	{"client_secret", true, true},
	{"client_assertion", true, true},
	{"refresh_token", true, true},
	{"token", true, true},
};

#define PARAMETERS (sizeof(parameters) / sizeof(parameters[0]))

static void show_parameter(struct pk_finding *finding, const struct flow_part *part,
			   const struct parameter *parameter, struct pk_str value)
{
	if (parameter->secret)
		show_secret(finding, part, parameter->name, value, nothing);
	else
		show(finding, part, parameter->name, value, nothing);
}

/* ---- Once ---- */

static const struct flow_param *second_of(const struct flow_part *part, const char *name)
{
	bool seen = false;

	for (size_t i = 0; i < part->count; i++) {
		if (!pk_str_equal(part->param[i].name, pk_str(name)))
			continue;
		if (seen)
			return &part->param[i];
		seen = true;
	}
	return NULL;
}

static bool look_for_second(const struct flow_part *part, struct pk_finding *finding)
{
	for (size_t i = 0; i < PARAMETERS; i++) {
		const struct flow_param *second =
			part && part->event ? second_of(part, parameters[i].name) : NULL;

		if (!second)
			continue;
		finding->confidence = PK_PROVED;
		show_parameter(finding, part, &parameters[i], flow_value(part, parameters[i].name));
		show_parameter(finding, part, &parameters[i], second->value);
		return true;
	}
	return false;
}

enum verdict look_parameter_duplicated(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_part *asked = flow_asked(flow);

	if (!flow->authorize.event && !asked)
		return NOT_VISIBLE;
	return look_for_second(&flow->authorize, finding) || look_for_second(asked, finding)
		       ? PRESENT
		       : ABSENT;
}

/* ---- In the body ---- */

/* A GET has no other place for them, and being one is its own fault. */
enum verdict look_parameter_in_query(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_part *asked = flow_asked(flow);

	if (!asked || !asked->event->request.url.len)
		return NOT_VISIBLE;
	if (request_is(asked, "GET") ||
	    (flow->dialect && flow->dialect->token_request == PK_REQUEST_QUERY))
		return ABSENT;
	for (size_t i = 0; i < PARAMETERS; i++) {
		const struct flow_param *param = flow_param(asked, parameters[i].name);

		if (!param || !param->in_query || !parameters[i].body_only)
			continue;
		/* Who speaks of the grant has found the code there. */
		finding->confidence = pk_str_equal(flow->reply.error, PK_STR("invalid_grant"))
					      ? PK_LIKELY
					      : PK_PROVED;
		finding->detail = flow_text(flow,
					    "%s stands in the URL of the request, and so "
					    "in the logs of every server on its way.",
					    parameters[i].name);
		show_parameter(finding, asked, &parameters[i], param->value);
		return PRESENT;
	}
	return ABSENT;
}

/* ---- The grant type ---- */

/* What the request is for, by the credential that it brings; NULL for other grants. */
static const char *wanted_grant_type(const struct flow_part *part)
{
	if (flow_param(part, "code"))
		return "authorization_code";
	return flow_param(part, "refresh_token") ? "refresh_token" : NULL;
}

/* Some providers read no grant_type at all; one that speaks of something else did not miss it. */
static bool is_missed(const struct flow *flow)
{
	const struct pk_str error = flow->reply.error;

	return !flow->reply.visible || !error.len ||
	       pk_str_equal(error, PK_STR("invalid_request")) ||
	       pk_str_equal(error, PK_STR("invalid_grant_type")) ||
	       pk_str_equal(error, PK_STR("unsupported_grant_type"));
}

enum verdict look_grant_type_wrong(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_part *asked = flow_asked(flow);
	const char *wanted;
	struct pk_str type;

	if (!asked || !asked->count || asked == &flow->revoke)
		return NOT_VISIBLE;
	wanted = wanted_grant_type(asked);
	type = flow_value(asked, "grant_type");
	if (!wanted || pk_str_equal(type, pk_str(wanted)))
		return ABSENT;
	if (!type.len && !is_missed(flow))
		return ABSENT;
	finding->confidence = type.len || flow->dialect ? PK_PROVED : PK_LIKELY;
	if (type.len && memmem(type.ptr, type.len, "{", 1))
		return ABSENT; /* a placeholder */
	show(finding, asked, "grant_type", type, pk_str(wanted));
	return PRESENT;
}

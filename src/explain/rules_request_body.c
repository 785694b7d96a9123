/*
 * How the parameters are written down: a form by RFC 6749 4.1.3, JSON at a provider whose dialect
 * says so; and whether the Content-Type says the same as the body.
 */
#include "explain/rules_request.h"
#include "explain/words.h"
#include "base/text.h"

#include <strings.h>

#define FORM PK_STR("application/x-www-form-urlencoded")
#define JSON PK_STR("application/json")

/* Media types are the same in either case, and end before their parameters (RFC 9110 8.3.1). */
static bool is_type(struct pk_str header, struct pk_str type)
{
	const struct pk_str name = pk_str_trim(pk_str_first(header, pk_str_find(header, ';')));

	return name.len == type.len && strncasecmp(name.ptr, type.ptr, type.len) == 0;
}

/* The request whose body is looked at; NULL where there is none to look at. */
static const struct flow_part *with_body(const struct flow *flow)
{
	const struct flow_part *asked = flow_asked(flow);

	return asked && asked->event->request.body.len && !request_is(asked, "GET") ? asked : NULL;
}

static bool wants_json(const struct flow *flow)
{
	return flow->dialect && flow->dialect->token_request == PK_REQUEST_JSON;
}

/* Who speaks of the grant or of the client has read the parameters. */
static bool is_body_refused(const struct flow *flow)
{
	const struct pk_str error = flow->reply.error;

	return flow->reply.visible &&
	       (flow->reply.status == 415 || pk_str_equal(error, PK_STR("invalid_request")) ||
		pk_str_equal(error, PK_STR("unsupported_grant_type")) ||
		words_on(flow, "body-json-not-form", NULL) != WORDS_SILENT);
}

enum verdict look_body_json_not_form(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_part *asked = with_body(flow);
	bool says_json;

	if (!asked)
		return NOT_VISIBLE;
	says_json = is_type(asked->content_type, JSON);
	if ((!asked->json_body && !says_json) || wants_json(flow))
		return ABSENT;
	if (!flow->dialect && !is_body_refused(flow))
		return ABSENT; /* some providers take either, and this one may be one of them */
	finding->confidence = flow->dialect ? PK_PROVED : PK_LIKELY;
	if (!asked->json_body)
		finding->detail = PK_STR("The body is a form; its Content-Type says that it is "
					 "JSON.");
	else if (is_type(asked->content_type, FORM))
		finding->detail = PK_STR("Its Content-Type says that it is a form.");
	show(finding, asked, "Content-Type", asked->content_type, FORM);
	return PRESENT;
}

enum verdict look_body_form_not_json(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_part *asked = with_body(flow);

	if (!asked || !flow->dialect)
		return NOT_VISIBLE;
	if (asked->json_body || !wants_json(flow))
		return ABSENT;
	finding->confidence = PK_PROVED;
	show(finding, asked, "Content-Type", asked->content_type, JSON);
	return PRESENT;
}

enum verdict look_content_type_missing(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_part *asked = with_body(flow);
	struct pk_str type;

	if (!asked)
		return NOT_VISIBLE;
	type = asked->content_type;
	if (is_type(type, FORM) || is_type(type, JSON) || (asked->json_body && !wants_json(flow)))
		return ABSENT;
	/* Without any header the capture has none rather than the request. */
	if (!asked->event->request.header_count && !is_body_refused(flow))
		return NOT_VISIBLE;
	finding->confidence = asked->event->request.header_count ? PK_PROVED : PK_LIKELY;
	if (type.len)
		finding->detail = flow_text(flow,
					    "It says %.*s, and no provider looks for "
					    "parameters in that.",
					    PK_ARG(pk_str_first(type, 60)));
	show(finding, asked, "Content-Type", type, wants_json(flow) ? JSON : FORM);
	return PRESENT;
}

/*
 * The client: who it says it is, and how it proves it (RFC 6749 2.3). Whether a secret is the right
 * one the provider alone knows; that is believed last, and when nothing else is wrong with how it
 * was sent.
 */
#include "explain/rules_client.h"
#include "explain/words.h"
#include "base/text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const id_names[] = {"client_id", "client_key", "appid",     "app_id",
				       "clientId",  "clientid",   "client-id", "consumer_key",
				       "client",    "api_key"};
static const char *const secret_names[] = {"client_secret", "secret",        "app_secret",
					   "appsecret",     "client-secret", "clientSecret"};

static const struct flow_param *find_named(const struct flow_part *part, struct pk_str name)
{
	for (size_t i = 0; i < part->count; i++)
		if (part->param[i].value.len && pk_str_equal(part->param[i].name, name))
			return &part->param[i];
	return NULL;
}

static const struct flow_param *find_any(const struct flow_part *part, struct pk_str wanted,
					 const char *const *names, size_t count)
{
	const struct flow_param *param = wanted.len ? find_named(part, wanted) : NULL;

	for (size_t i = 0; i < count && !param; i++)
		param = find_named(part, pk_str(names[i]));
	return param;
}

const struct flow_param *client_id_param(const struct flow *flow, const struct flow_part *part)
{
	const struct pk_str wanted =
		flow->dialect ? flow->dialect->client_id_parameter : (struct pk_str){0};

	return find_any(part, wanted, id_names, COUNT(id_names));
}

/* A verifier in this place is no secret: that is another fault, and it needs no secret besides. */
const struct flow_param *client_secret_param(const struct flow *flow, const struct flow_part *part)
{
	const struct pk_str wanted =
		flow->dialect ? flow->dialect->client_secret_parameter : (struct pk_str){0};
	const struct flow_param *param = find_any(part, wanted, secret_names, COUNT(secret_names));

	return param && !pk_relate(param->value, flow->challenge).found ? param : NULL;
}

bool client_is_named_right(const struct flow *flow, const struct flow_param *param,
			   struct pk_str name)
{
	return !flow->dialect || pk_str_equal(param->name, name);
}

bool client_is_refused(const struct flow *flow)
{
	const struct pk_str error = flow->reply.error;

	return !flow->reply.visible || flow->reply.status == 401 ||
	       pk_str_equal(error, PK_STR("invalid_client")) ||
	       pk_str_equal(error, PK_STR("unauthorized_client")) ||
	       pk_str_equal(error, PK_STR("invalid_request")) || !error.len;
}

enum pk_confidence client_sure(const struct flow *flow)
{
	return pk_str_equal(flow->reply.error, PK_STR("invalid_grant")) ? PK_LIKELY : PK_PROVED;
}

enum verdict client_by_words(const struct flow *flow, struct pk_finding *finding, const char *fault)
{
	const enum words words = words_show(flow, fault, finding);

	if (words == WORDS_SILENT)
		return ABSENT;
	finding->confidence = words_confidence(words);
	return PRESENT;
}

/* ---- What only the provider's words tell ---- */

/* Where only browsers may redeem the codes of public clients, and nobody else as one. Without its
 * headers the request is not known well enough. */
static bool is_origin_misplaced(const struct flow *flow, struct pk_str origin)
{
	const struct flow_part *token = &flow->token;
	const bool proves_itself = client_secret_param(flow, token) || token->basic ||
				   flow_value(token, "client_assertion").len;

	return flow->failed && flow->dialect && flow->dialect->origin_from_public_clients &&
	       token->event->request.header_count && client_is_refused(flow) &&
	       flow_param(token, "code") && proves_itself == (origin.len > 0);
}

/* Some providers ask which platform an app is on by whether a browser sends the request: it says so
 * with its Origin header. */
static enum verdict look_origin_header(const struct flow *flow, struct pk_finding *finding)
{
	struct pk_str origin;

	if (!flow->token.event || !flow->reply.visible)
		return NOT_VISIBLE;
	origin = flow_header(&flow->token.event->request, "Origin");
	if (client_by_words(flow, finding, "origin-header") != PRESENT &&
	    !is_origin_misplaced(flow, origin))
		return ABSENT;
	/* Without the header it may also be a confidential client that forgot its secret. */
	if (is_origin_misplaced(flow, origin))
		finding->confidence = origin.len ? PK_PROVED : PK_LIKELY;
	show(finding, &flow->token, "Origin", origin, (struct pk_str){0});
	finding->detail =
		origin.len ? PK_STR("The request has an Origin header, as browsers send it: the "
				    "redirect URI has to be registered for an app in a browser, or "
				    "the code be exchanged on a server, without the header.")
			   : PK_STR("The request has no Origin header: the redirect URI is "
				    "registered for an app in a browser, and this one is not.");
	return PRESENT;
}

static enum verdict look_app_not_approved(const struct flow *flow, struct pk_finding *finding)
{
	if (!flow->reply.visible && !flow->callback_error.visible && !flow->authorize_error.visible)
		return NOT_VISIBLE;
	return client_by_words(flow, finding, "app-not-approved");
}

const struct rule rules_client[] = {
	{"client-id-parameter", look_client_id_parameter, false},
	{"client-id-missing", look_client_id_missing, false},
	{"client-differs", look_client_differs, false},
	{"basic-malformed", look_basic_malformed, false},
	{"basic-not-form-encoded", look_basic_not_form_encoded, false},
	{"client-auth-twice", look_client_auth_twice, false},
	{"assertion-invalid", look_assertion_invalid, false},
	{"secret-from-public-client", look_secret_from_public_client, false},
	{"client-auth-method", look_client_auth_method, false},
	{"secret-missing", look_secret_missing, false},
	{"secret-rejected", look_secret_rejected, false},
	{"origin-header", look_origin_header, false},
	{"app-not-approved", look_app_not_approved, false},
	{NULL, NULL, false},
};

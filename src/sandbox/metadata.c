/*
 * The metadata document (RFC 8414 2, OpenID Connect Discovery 3): what this provider has here, read
 * from its dialect, and nothing that it has not. The URLs are the sandbox's.
 */
#include "base/arena.h"
#include "base/text.h"
#include "sandbox/answers.h"
#include "sandbox/distort.h"
#include "sandbox/document.h"
#include "sandbox/dpop.h"
#include "sandbox/id_token.h"
#include "sandbox/reply.h"
#include "sandbox/sign_in.h"

/* clang-format off */
static const struct {
	enum endpoint endpoint;
	const char *member;
} urls[] = {
	{AUTHORIZE,   "authorization_endpoint"},
	{TOKEN,       "token_endpoint"},
	{USERINFO,    "userinfo_endpoint"},
	{JWKS,        "jwks_uri"},
	{REVOKE,      "revocation_endpoint"},
	{INTROSPECT,  "introspection_endpoint"},
	{END_SESSION, "end_session_endpoint"},
	{PUSH,        "pushed_authorization_request_endpoint"},
};

/* RFC 8414 2's words for the dialects'. */
static const struct {
	struct pk_str ours;
	const char *word;
} auth_methods[] = {
	{{"basic", 5}, "client_secret_basic"},
	{{"post", 4},  "client_secret_post"},
	{{"none", 4},  "none"},
};

static const char *const alg_words[] = {
	[PK_ID_TOKEN_RS256] = "RS256",
	[PK_ID_TOKEN_ES256] = "ES256",
	[PK_ID_TOKEN_HS256] = "HS256",
};

static const char *const claims[] = {
	"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "sid", "name", "picture", "email", "email_verified", NULL,
};
static const char *const prompts[]   = {"none", "login", "consent", "select_account", NULL};
static const char *const modes[]     = {"query", "form_post", NULL};
static const char *const code_only[] = {"code", NULL};
static const char *const subjects[]  = {"public", NULL};
static const char *const grants[]    = {"authorization_code", "refresh_token", NULL};
static const char *const methods[]   = {"S256", "plain", NULL};
/* clang-format on */

static void put_json(json_t *document, const char *member, json_t *value)
{
	(void)json_object_set_new(document, member, value);
}

static void append(json_t *list, struct pk_str item)
{
	(void)json_array_append_new(list, json_stringn(item.ptr, item.len));
}

/* The first `count` of them, or all. */
static void put_words(json_t *document, const char *member, const char *const *words, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count && words[i]; i++)
		append(list, pk_str(words[i]));
	put_json(document, member, list);
}

static void put_url(struct exchange *x, json_t *document, const char *member, struct pk_str path)
{
	struct pk_buf out = pk_arena_open(x->arena);
	struct pk_str url;

	provider_url(x->provider, x->sandbox->base, x->tenant, path, &out);
	if (pk_arena_close(x->arena, &out, &url) == PK_OK)
		document_set(document, pk_str(member), url);
}

static void put_auth_methods(const struct exchange *x, json_t *document, const char *member,
			     bool public_too)
{
	const struct pk_list *known = &x->dialect->client_auth;
	json_t *list = json_array();

	for (size_t i = 0; i < sizeof(auth_methods) / sizeof(auth_methods[0]); i++)
		if (pk_list_has(known, auth_methods[i].ours) &&
		    (public_too || !pk_str_equal(auth_methods[i].ours, PK_STR("none"))))
			append(list, pk_str(auth_methods[i].word));
	put_json(document, member, list);
}

static void put_list(json_t *document, const char *member, const struct pk_list *items)
{
	json_t *list = json_array();

	for (size_t i = 0; i < items->count; i++)
		append(list, items->item[i]);
	put_json(document, member, list);
}

/* User info that names its subject otherwise than OpenID Connect does (Core 5.3.2), and a revocation
 * that is not RFC 7009's, are the provider's own: metadata do not speak of them. */
static bool is_announced(const struct exchange *x, enum endpoint endpoint)
{
	if (endpoint == USERINFO && !pk_str_equal(x->dialect->userinfo_subject, PK_STR("/sub")))
		return false;
	if (endpoint == REVOKE && x->dialect->revoke_auth != PK_REVOKE_AUTH_CLIENT)
		return false;
	return x->provider->path[endpoint].len > 0;
}

static void put_endpoints(struct exchange *x, json_t *document)
{
	const struct provider *provider = x->provider;

	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
		if (is_announced(x, urls[i].endpoint))
			put_url(x, document, urls[i].member, provider->path[urls[i].endpoint]);
	put_auth_methods(x, document, "token_endpoint_auth_methods_supported", true);
	if (is_announced(x, REVOKE))
		put_auth_methods(x, document, "revocation_endpoint_auth_methods_supported", true);
	if (provider->path[INTROSPECT].len)
		put_auth_methods(x, document, "introspection_endpoint_auth_methods_supported",
				 false);
	if (provider->path[PUSH].len)
		put_json(document, "require_pushed_authorization_requests", json_false());
}

/* OpenID Connect Discovery 3: what is not said of request_uri means that it is supported. */
static void put_openid(struct exchange *x, json_t *document)
{
	put_words(document, "subject_types_supported", subjects, SIZE_MAX);
	put_words(document, "id_token_signing_alg_values_supported",
		  &alg_words[x->dialect->id_token_alg], 1);
	put_words(document, "claims_supported", claims, SIZE_MAX);
	put_words(document, "prompt_values_supported", prompts, SIZE_MAX);
	put_json(document, "claims_parameter_supported", json_false());
	put_json(document, "request_parameter_supported", json_false());
	put_json(document, "request_uri_parameter_supported", json_false());
	put_json(document, "backchannel_logout_supported", json_true());
	put_json(document, "backchannel_logout_session_supported", json_true());
}

static void put_pkce(const struct pk_dialect *dialect, json_t *document)
{
	if (dialect->pkce != PK_PKCE_OFF && dialect->pkce != PK_PKCE_REFUSED)
		put_words(document, "code_challenge_methods_supported", methods,
			  dialect->plain ? 2 : 1);
}

static void put_dpop(const struct pk_dialect *dialect, json_t *document)
{
	struct pk_list words = {0};

	if (dialect->dpop && pk_list_split(PK_STR(DPOP_ALGORITHMS), ' ', &words) == PK_OK)
		put_list(document, "dpop_signing_alg_values_supported", &words);
}

void answer_metadata(struct exchange *x)
{
	const struct pk_dialect *dialect = x->dialect;
	json_t *document = json_object();

	document_set(document, PK_STR("issuer"), issuer_of(x));
	put_endpoints(x, document);
	put_words(document, "response_types_supported", code_only, SIZE_MAX);
	put_words(document, "response_modes_supported", modes, SIZE_MAX);
	put_words(document, "grant_types_supported", grants, dialect->refresh_lifetime ? 2 : 1);
	if (dialect->scopes.count)
		put_list(document, "scopes_supported", &dialect->scopes);
	put_pkce(dialect, document);
	put_json(document, "authorization_response_iss_parameter_supported",
		 json_boolean(dialect->callback_issuer));
	put_dpop(dialect, document);
	if (speaks_openid(x))
		put_openid(x, document);
	distort(x, DISTORT_METADATA, document);
	reply_document(x, 200, PK_BODY_JSON, document);
}

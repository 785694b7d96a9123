/*
 * Discovery (RFC 8414, OpenID Connect Discovery 1.0): a dialect out of the document that a provider
 * publishes about itself. The document is believed about that provider only: its issuer must be the
 * one that was asked, its endpoints must be https, and no value may say anything else in a dialect
 * file than it says here, because processes send each other dialects as text.
 */
#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "protocol/dialect.h"
#include "protocol/json.h"
#include "protocol/login.h"
#include "protocol/redirect_uri.h"
#include "protocol/reply.h"

#include <string.h>

#define URL_LONGEST 1000 /* characters: pk_login_check() has room for as many */

/* RFC 8414 2: "a URL that uses the "https" scheme and has no query or fragment components" */
static enum pk_err find_issuer(const struct pk_login *login, struct pk_buf *out, struct pk_why *why)
{
	struct pk_uri uri;

	TRY(pk_issuer_write(login, out, why));

	const struct pk_str issuer = pk_buf_str(out);

	if (!issuer.len && !out->overflow)
		return pk_refuse(why, PK_ERR_VARIABLE_MISSING, "issuer",
				 "%.*s is found by its issuer: issuer = "
				 "\"https://login.example.com\"",
				 PK_ARG(login->dialect->title));
	if (out->overflow || issuer.len > URL_LONGEST || !pk_uri_split(issuer, &uri) ||
	    uri.query.ptr || uri.fragment.ptr || pk_str_find(issuer, '{') < issuer.len ||
	    (!pk_str_equal(uri.scheme, PK_STR("https")) && !pk_uri_is_loopback(issuer)))
		return pk_refuse(why, PK_ERR_VARIABLE_REFUSED, "issuer",
				 "an issuer is an https:// URL without query and fragment");
	return PK_OK;
}

static struct pk_str without_slash(struct pk_str text)
{
	if (pk_str_ends(text, PK_STR("/")))
		text.len--;
	return text;
}

/* RFC 8414 3.1: "any terminating "/" MUST be removed before inserting "/.well-known/" [...] between
 * the host component and the path component" */
static void write_oauth(struct pk_str issuer, struct pk_buf *out)
{
	struct pk_uri uri;
	const size_t path = pk_uri_split(issuer, &uri) ? uri.path.len : 0;

	pk_buf_put(out, pk_str_first(issuer, issuer.len - path));
	pk_buf_put(out, PK_STR("/.well-known/oauth-authorization-server"));
	pk_buf_put(out, pk_str_from(issuer, issuer.len - path));
}

/* OpenID Connect Discovery 4 appends to the issuer; a dialect may know a place of its own. */
static enum pk_err write_openid(const struct pk_login *login, struct pk_str issuer,
				struct pk_buf *out, struct pk_why *why)
{
	const struct pk_str variable = PK_STR("{issuer}"), own = login->dialect->discovery_url;

	if (own.len && !pk_str_starts(own, variable))
		return pk_endpoint_write(login, own, out, why);
	pk_buf_put(out, issuer);
	pk_buf_put(out, own.len ? pk_str_from(own, variable.len)
				: PK_STR("/.well-known/openid-configuration"));
	return PK_OK;
}

enum pk_err pk_discovery_request(struct pk_arena *arena, const struct pk_login *login,
				 enum pk_well_known where, struct pk_http_request *ret,
				 struct pk_why *why)
{
	struct pk_http_request request = {
		.method = "GET", .header = {PK_STR("Accept: application/json")}, .header_count = 1};
	char memory[URL_LONGEST + 1];
	struct pk_buf issuer = pk_buf(memory, sizeof(memory));

	TRY(find_issuer(login, &issuer, why));

	struct pk_buf url = pk_arena_open(arena);

	const struct pk_str plain = without_slash(pk_buf_str(&issuer));

	if (where == PK_WELL_KNOWN_OAUTH)
		write_oauth(plain, &url);
	else
		TRY(write_openid(login, plain, &url, why));
	TRY(pk_space(why, pk_arena_close(arena, &url, &request.url)));
	*ret = request;
	return PK_OK;
}

static enum pk_err refuse(struct pk_why *why, const char *member, const char *what)
{
	return pk_refuse(why, PK_ERR_METADATA_INCOMPLETE, member, "%s: %s", member, what);
}

/* What stands in a dialect file as it is, and in a URL without being one of its variables. */
static bool is_plain(struct pk_str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] <= 0x20 || text.ptr[i] > 0x7e || text.ptr[i] == '"' ||
		    text.ptr[i] == '\\' || text.ptr[i] == '{' || text.ptr[i] == '}')
			return false;
	return text.len > 0 && text.len <= URL_LONGEST;
}

/* clang-format off */
static const struct endpoint {
	const char *member;
	size_t offset; /* into struct pk_dialect */
	bool required;
} endpoints[] = {
	{"authorization_endpoint",                offsetof(struct pk_dialect, authorize_url),   true },
	{"token_endpoint",                        offsetof(struct pk_dialect, token_url),       true },
	{"userinfo_endpoint",                     offsetof(struct pk_dialect, userinfo_url),    false},
	{"jwks_uri",                              offsetof(struct pk_dialect, jwks_url),        false},
	{"revocation_endpoint",                   offsetof(struct pk_dialect, revoke_url),      false},
	{"introspection_endpoint",                offsetof(struct pk_dialect, introspect_url),  false},
	{"end_session_endpoint",                  offsetof(struct pk_dialect, end_session_url), false},
	{"pushed_authorization_request_endpoint", offsetof(struct pk_dialect, par_url),         false},
};
/* clang-format on */

static enum pk_err read_endpoint(struct pk_arena *arena, const json_t *root,
				 const struct endpoint *endpoint, struct pk_dialect *dialect,
				 struct pk_why *why)
{
	const json_t *value = json_object_get(root, endpoint->member);
	struct pk_str *url = (void *)((unsigned char *)dialect + endpoint->offset);
	struct pk_uri uri;

	*url = PK_STR("");
	if (!value && !endpoint->required)
		return PK_OK;
	if (!json_is_string(value))
		return refuse(why, endpoint->member,
			      value ? "it is no text" : "every login needs it");

	const struct pk_str text = {json_string_value(value), json_string_length(value)};

	if (!is_plain(text) || !pk_uri_split(text, &uri) || uri.fragment.ptr)
		return refuse(why, endpoint->member, "it is no URL that a login could use");
	if (!pk_str_equal(uri.scheme, PK_STR("https")) && !pk_uri_is_loopback(text))
		return refuse(why, endpoint->member, "it does not begin with https://");
	return pk_arena_copy(arena, text, url);
}

/* An array of texts, or one that is not there; anything else is no metadata. */
static enum pk_err find_array(const json_t *root, const char *member, const json_t **ret,
			      struct pk_why *why)
{
	const json_t *array = json_object_get(root, member);

	if (array && !json_is_array(array))
		return refuse(why, member, "it is no array");
	for (size_t i = 0; i < json_array_size(array); i++)
		if (!json_is_string(json_array_get(array, i)))
			return refuse(why, member, "something in it is no text");
	*ret = array;
	return PK_OK;
}

static bool has(const json_t *array, const char *text)
{
	for (size_t i = 0; i < json_array_size(array); i++)
		if (strcmp(json_string_value(json_array_get(array, i)), text) == 0)
			return true;
	return false;
}

/* RFC 8414 2, and what a login here cannot do without. A list that is not there has a default that
 * allows it. */
static enum pk_err check_flow(const json_t *root, struct pk_why *why)
{
	const json_t *types, *grants;

	TRY(find_array(root, "response_types_supported", &types, why));
	TRY(find_array(root, "grant_types_supported", &grants, why));
	if (types && !has(types, "code"))
		return refuse(why, "response_types_supported", "code is not among them");
	if (grants && !has(grants, "authorization_code"))
		return refuse(why, "grant_types_supported", "authorization_code is not among them");
	return PK_OK;
}

/* Many providers that know PKCE do not say so, and those that do not know it ignore it: S256 is sent
 * in either case. A list without it is a downgrade (RFC 9700 2.1.1). */
static enum pk_err read_pkce(const json_t *root, struct pk_dialect *dialect, struct pk_why *why)
{
	const json_t *methods;

	TRY(find_array(root, "code_challenge_methods_supported", &methods, why));
	if (json_array_size(methods) && !has(methods, "S256"))
		return pk_refuse(why, PK_ERR_METADATA_PKCE, "code_challenge_methods_supported",
				 "the provider lists %zu PKCE methods, and S256 is none of them",
				 json_array_size(methods));
	dialect->pkce = PK_PKCE_SENT;
	dialect->challenge = PK_CHALLENGE_BASE64URL;
	dialect->challenge_method = PK_STR("S256");
	dialect->plain = has(methods, "plain");
	return PK_OK;
}

/* RFC 8414 2: "If omitted, the default is "client_secret_basic"". Public clients are seldom listed,
 * so whether there are any is the login's dialect's to say too. */
static enum pk_err read_client_auth(const json_t *root, struct pk_dialect *dialect,
				    struct pk_why *why)
{
	static const struct {
		const char *name;
		struct pk_str way;
	} known[] = {
		{"client_secret_basic", {"basic", 5}},
		{"client_secret_post", {"post", 4}},
		{"none", {"none", 4}},
	};
	const bool public = pk_list_has(&dialect->client_auth, PK_STR("none"));
	const json_t *methods;
	struct pk_list ways = {0};

	TRY(find_array(root, "token_endpoint_auth_methods_supported", &methods, why));
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		const bool fallback = (!methods && i == 0) ||
				      (public && pk_str_equal(known[i].way, PK_STR("none")));

		if (has(methods, known[i].name) || fallback)
			TRY(pk_list_add(&ways, known[i].way));
	}
	if (!ways.count)
		return refuse(
			why, "token_endpoint_auth_methods_supported",
			"client_secret_basic, client_secret_post and none are not among them");
	dialect->client_auth = ways;
	return PK_OK;
}

/* Whoever asks for an ID token must be able to verify it; all others do without. */
static enum pk_err read_id_token(const json_t *root, const struct pk_login *login,
				 struct pk_dialect *dialect, struct pk_why *why)
{
	const bool asked = pk_list_has(&login->scopes, PK_STR("openid"));
	const json_t *algs;

	TRY(find_array(root, "id_token_signing_alg_values_supported", &algs, why));
	dialect->id_token_alg = has(algs, "RS256")   ? PK_ID_TOKEN_RS256
				: has(algs, "ES256") ? PK_ID_TOKEN_ES256
						     : PK_ID_TOKEN_NONE;
	if (!dialect->jwks_url.len)
		dialect->id_token_alg = PK_ID_TOKEN_NONE;
	if (!asked || dialect->id_token_alg != PK_ID_TOKEN_NONE)
		return PK_OK;
	if (!dialect->jwks_url.len)
		return refuse(why, "jwks_uri", "without it nobody can verify the ID token");
	return refuse(why, "id_token_signing_alg_values_supported",
		      "neither RS256 nor ES256 is among them");
}

/* Those that fit; what a person may ask for is for the provider to say when they do. */
static enum pk_err read_scopes(struct pk_arena *arena, const json_t *root,
			       struct pk_dialect *dialect, struct pk_why *why)
{
	const json_t *scopes;

	TRY(find_array(root, "scopes_supported", &scopes, why));
	if (!scopes)
		return PK_OK;
	dialect->scopes = (struct pk_list){0};
	for (size_t i = 0; i < json_array_size(scopes) && i < PK_LIST_MAX; i++) {
		const json_t *scope = json_array_get(scopes, i);
		const struct pk_str text = {json_string_value(scope), json_string_length(scope)};

		if (!is_plain(text))
			return refuse(why, "scopes_supported",
				      "a scope has a character that none may have");
		TRY(pk_arena_copy(arena, text, &dialect->scopes.item[dialect->scopes.count]));
		dialect->scopes.count++;
	}
	return PK_OK;
}

/* RFC 8414 3.3: "The "issuer" value returned MUST be identical to the authorization server's issuer
 * identifier value [...] If these values are not identical, the data contained in the response MUST
 * NOT be used." */
static enum pk_err read_issuer(struct pk_arena *arena, const json_t *root,
			       const struct pk_login *login, struct pk_dialect *dialect,
			       struct pk_why *why)
{
	const json_t *value = json_object_get(root, "issuer");
	const struct pk_str got = {json_string_value(value), json_string_length(value)};
	char memory[URL_LONGEST + 1];
	struct pk_buf wanted = pk_buf(memory, sizeof(memory));

	TRY(find_issuer(login, &wanted, why));
	if (!json_is_string(value))
		return refuse(why, "issuer", "every metadata document has it");
	if (!pk_str_equal(got, pk_buf_str(&wanted)))
		return pk_refuse(why, PK_ERR_METADATA_ISSUER, "issuer",
				 "the metadata is of \"%.*s\", and \"%.*s\" was asked",
				 PK_ARG(pk_str_first(got, 80)),
				 PK_ARG(pk_str_first(pk_buf_str(&wanted), 80)));
	if (!is_plain(got))
		return refuse(why, "issuer", "it has a character that no URL has");
	return pk_arena_copy(arena, got, &dialect->issuer);
}

/* The rules of every dialect hold for this one too; what breaks them is the provider's here. */
static enum pk_err check_whole(const struct pk_dialect *dialect, struct pk_why *why)
{
	struct pk_why inner = {0};

	if (pk_dialect_check(dialect, &inner) == PK_OK)
		return PK_OK;
	return pk_refuse(why, PK_ERR_METADATA_INCOMPLETE, inner.parameter,
			 "as a dialect it does not work: %s", inner.detail);
}

static enum pk_err read_metadata(struct pk_arena *arena, const json_t *root,
				 const struct pk_login *login, struct pk_dialect *ret,
				 struct pk_why *why)
{
	struct pk_dialect dialect = *login->dialect;
	const json_t *named =
		json_object_get(root, "authorization_response_iss_parameter_supported");

	TRY(read_issuer(arena, root, login, &dialect, why));
	for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++)
		TRY(read_endpoint(arena, root, &endpoints[i], &dialect, why));
	TRY(check_flow(root, why));
	TRY(read_pkce(root, &dialect, why));
	TRY(read_client_auth(root, &dialect, why));
	TRY(read_id_token(root, login, &dialect, why));
	TRY(read_scopes(arena, root, &dialect, why));
	if (named && !json_is_boolean(named))
		return refuse(why, "authorization_response_iss_parameter_supported",
			      "it is neither true nor false");
	dialect.callback_issuer = json_is_true(named);
	TRY(check_whole(&dialect, why));
	*ret = dialect;
	return PK_OK;
}

enum pk_err pk_discovery_reply(struct pk_arena *arena, const struct pk_login *login,
			       const struct pk_http_reply *reply, struct pk_dialect *ret,
			       struct pk_why *why)
{
	json_t *root;

	TRY(pk_reply_object(reply, "the metadata", &root, why));

	const enum pk_err err = pk_space(why, read_metadata(arena, root, login, ret, why));

	json_decref(root);
	if (err != PK_OK && why)
		why->status = reply->status;
	return err;
}

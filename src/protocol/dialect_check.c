/*
 * What a dialect must be as a whole, once each of its keys was read: endpoints that may be trusted
 * with a code and a secret (RFC 6749 3.1.2.1 and 3.2 want TLS), a way to say who logged in, names
 * that are not empty. Trusts nothing: an override directory is somebody else's file.
 */
#include "protocol/dialect.h"
#include "protocol/login.h"
#include "protocol/redirect_uri.h"
#include "base/err.h"
#include "base/form.h"
#include "base/text.h"

#include <string.h>

#define AT(member) offsetof(struct pk_dialect, member)

static const struct pk_str *text_at(const struct pk_dialect *dialect, size_t offset)
{
	return (const void *)((const unsigned char *)dialect + offset);
}

/* What an RFC gives a value and a provider may still not have. */
static bool may_be_emptied(const struct pk_column *column)
{
	return column->offset == AT(challenge_method) || column->offset == AT(token_type) ||
	       column->offset == AT(error_text_at) ||
	       column->offset == AT(callback_error_text_parameter);
}

static enum pk_err check_texts(const struct pk_dialect *dialect, struct pk_why *why)
{
	for (size_t i = 0; i < pk_column_count; i++) {
		const struct pk_column *column = &pk_columns[i];

		if (column->type != PK_COLUMN_TEXT || text_at(dialect, column->offset)->len ||
		    may_be_emptied(column))
			continue;
		if (column->required || text_at(&pk_dialect_defaults, column->offset)->len)
			return pk_refuse(why, PK_ERR_DIALECT_VALUE, column->key,
					 "%s: the value is empty", column->key);
	}
	return PK_OK;
}

/* Whether each { begins a variable that a login has a value for. {issuer} is the start of an
 * address and {tenantid} a part of an issuer; `more` is the one of the two that may stand here. */
static bool has_known_variables(struct pk_str text, struct pk_str more)
{
	const struct pk_str words[] = {PK_STR("{host}"), PK_STR("{region}"), PK_STR("{tenant}"),
				       more};
	size_t at;

	while ((at = pk_str_find(text, '{')) < text.len) {
		size_t i = 0;

		text = pk_str_from(text, at);
		while (i < 4 && !(words[i].len && pk_str_starts(text, words[i])))
			i++;
		if (i == 4)
			return false;
		text = pk_str_from(text, words[i].len);
	}
	return true;
}

static bool is_address(struct pk_str text)
{
	struct pk_uri uri;

	return pk_uri_split(text, &uri) && !uri.fragment.ptr &&
	       (pk_str_equal(uri.scheme, PK_STR("https")) || pk_uri_is_loopback(text));
}

static bool is_endpoint(struct pk_str text)
{
	return is_address(text) && has_known_variables(text, (struct pk_str){0});
}

/* RFC 8414 2 has it without a query. */
static bool is_issuer(struct pk_str text)
{
	return is_address(text) && pk_str_find(text, '?') == text.len &&
	       has_known_variables(text, PK_STR("{tenantid}"));
}

/* RFC 3986 3.4 and 3.5: what stands in a query and in a fragment without being encoded. */
static bool needs_no_encoding(struct pk_str text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.ptr[i] <= 0x20 || (unsigned char)text.ptr[i] >= 0x7f ||
		    text.ptr[i] == '#' || text.ptr[i] == '"' || text.ptr[i] == '<' ||
		    text.ptr[i] == '>')
			return false;
	return true;
}

static bool is_discovery(struct pk_str text)
{
	return pk_str_starts(text, PK_STR("{issuer}/"))
		       ? needs_no_encoding(text) && has_known_variables(text, PK_STR("{issuer}"))
		       : is_endpoint(text);
}

/* Bounded by the memory, which is more than any provider has. */
static bool is_form(struct pk_str text)
{
	char memory[2048];
	struct pk_arena arena = pk_arena(memory, sizeof(memory));
	struct pk_form form;

	if (!needs_no_encoding(text) || pk_form_parse(&arena, text, &form, NULL) != PK_OK)
		return false;
	for (size_t i = 0; i < form.count; i++)
		if (!form.param[i].name.len)
			return false;
	return form.count > 0;
}

static bool is_pointer(struct pk_str text)
{
	return pk_str_starts(text, PK_STR("/"));
}

static bool is_form_of_pointers(struct pk_str text)
{
	for (struct pk_str rest = text; rest.ptr;)
		if (!is_pointer(pk_str_cut(&rest, '&')))
			return false;
	return is_form(text);
}

static bool is_parameter(struct pk_str text)
{
	const size_t equals = pk_str_find(text, '=');

	return equals > 0 && equals + 1 < text.len && pk_str_find(text, '&') == text.len &&
	       is_form(text);
}

/* RFC 9110 5.6.2, of which headers use letters, digits and hyphens. */
static bool is_header_name(struct pk_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		const char c = text.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '-'))
			return false;
	}
	return text.len > 0;
}

static bool is_header(struct pk_str text)
{
	const struct pk_str name = pk_str_cut(&text, ':');

	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.ptr[i] < 0x20 || (unsigned char)text.ptr[i] >= 0x7f)
			return false;
	return is_header_name(name) && pk_str_starts(text, PK_STR(" ")) && text.len > 1;
}

#define ENDPOINT                                                                                   \
	"an endpoint is an https:// URL without user and fragment, http:// on loopback; it "       \
	"may hold {host}, {region} and {tenant}"
#define POINTER "a JSON pointer begins with /"
#define FORM "parameters are written as in a query: a=1&b=2"
#define FORM_OF_POINTERS                                                                           \
	"members are written as in a query, with JSON pointers as names: /a=1&/b/c=2"
#define FRAGMENT "a fragment stands without its # and needs no encoding"

/* What a text looks like, where any text will not do. */
/* clang-format off */
static const struct shape {
	const char *key;
	size_t at;
	bool (*fits)(struct pk_str);
	const char *sentence;
} shapes[] = {
	{"authorize_url",           AT(authorize_url),           is_endpoint,         ENDPOINT},
	{"token_url",               AT(token_url),               is_endpoint,         ENDPOINT},
	{"refresh_url",             AT(refresh_url),             is_endpoint,         ENDPOINT},
	{"revoke_url",              AT(revoke_url),              is_endpoint,         ENDPOINT},
	{"userinfo_url",            AT(userinfo_url),            is_endpoint,         ENDPOINT},
	{"introspect_url",          AT(introspect_url),          is_endpoint,         ENDPOINT},
	{"end_session_url",         AT(end_session_url),         is_endpoint,         ENDPOINT},
	{"par_url",                 AT(par_url),                 is_endpoint,         ENDPOINT},
	{"jwks_url",                AT(jwks_url),                is_endpoint,         ENDPOINT},
	{"discovery_url",           AT(discovery_url),           is_discovery,        ENDPOINT ", or begin with {issuer}/"},
	{"issuer",                  AT(issuer),                  is_issuer,           "an issuer is an https:// URL without query and fragment; it may hold {host}, {region}, {tenant} and {tenantid}"},
	{"tenant",                  AT(tenant),                  pk_tenant_is_one,    "a tenant is at most 64 letters, digits and . _ - ~"},
	{"authorize_query",         AT(authorize_query),         is_form,             FORM},
	{"authorize_fragment",      AT(authorize_fragment),      needs_no_encoding,       FRAGMENT},
	{"callback_more",           AT(callback_more),           is_form,             FORM},
	{"callback_fragment",       AT(callback_fragment),       needs_no_encoding,       FRAGMENT},
	{"token_parameters",        AT(token_parameters),        is_form,             FORM},
	{"token_reply_at",          AT(token_reply_at),          is_pointer,          POINTER},
	{"token_reply_more",        AT(token_reply_more),        is_form_of_pointers, FORM_OF_POINTERS},
	{"token_subject",           AT(token_subject),           is_pointer,          POINTER},
	{"ok_at",                   AT(ok_at),                   is_pointer,          POINTER},
	{"error_at",                AT(error_at),                is_pointer,          POINTER},
	{"error_text_at",           AT(error_text_at),           is_pointer,          POINTER},
	{"error_number_at",         AT(error_number_at),         is_pointer,          POINTER},
	{"error_more",              AT(error_more),              is_form_of_pointers, FORM_OF_POINTERS},
	{"refresh_asked_by",        AT(refresh_asked_by),        is_parameter,        "one parameter of the authorize URL, name=value"},
	{"userinfo_query",          AT(userinfo_query),          is_form,             FORM},
	{"userinfo_header",         AT(userinfo_header),         is_header,           "a header is written Name: value"},
	{"userinfo_client_header",  AT(userinfo_client_header),  is_header_name,      "a header's name is letters, digits and hyphens"},
	{"userinfo_subject",        AT(userinfo_subject),        is_pointer,          POINTER},
	{"userinfo_name",           AT(userinfo_name),           is_pointer,          POINTER},
	{"userinfo_email",          AT(userinfo_email),          is_pointer,          POINTER},
	{"userinfo_email_verified", AT(userinfo_email_verified), is_pointer,          POINTER},
	{"userinfo_picture",        AT(userinfo_picture),        is_pointer,          POINTER},
	{"userinfo_error",          AT(userinfo_error),          is_pointer,          POINTER},
};
/* clang-format on */

static enum pk_err check_shapes(const struct pk_dialect *dialect, struct pk_why *why)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		const struct pk_str text = *text_at(dialect, shapes[i].at);

		if (text.len && !shapes[i].fits(text))
			return pk_refuse(why, PK_ERR_DIALECT_VALUE, shapes[i].key, "%s: %s",
					 shapes[i].key, shapes[i].sentence);
	}
	return PK_OK;
}

/* Who says no tenant is at the provider's usual one. */
static enum pk_err check_tenant(const struct pk_dialect *dialect, struct pk_why *why)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]) && !dialect->tenant.len; i++) {
		const struct pk_str text = *text_at(dialect, shapes[i].at);

		if (text.len && memmem(text.ptr, text.len, "{tenant", 7))
			return pk_refuse(why, PK_ERR_DIALECT_INCOMPLETE, "tenant",
					 "%s has {tenant}: tenant must say what it is by default",
					 shapes[i].key);
	}
	return PK_OK;
}

/* RFC 6749 3.1 and 3.2: no parameter comes twice, and these come of themselves. */
static enum pk_err check_added(const char *key, struct pk_str text, const struct pk_str *own,
			       size_t count, struct pk_why *why)
{
	struct pk_form form = {0};
	char memory[2048];
	struct pk_arena arena = pk_arena(memory, sizeof(memory));

	TRY(pk_form_parse(&arena, text, &form, why));
	for (size_t i = 0; i < count; i++)
		if (pk_form_count(&form, own[i]))
			return pk_refuse(why, PK_ERR_DIALECT_VALUE, key,
					 "%s: %.*s is there already", key, PK_ARG(own[i]));
	return PK_OK;
}

static enum pk_err check_additions(const struct pk_dialect *dialect, struct pk_why *why)
{
	const struct pk_str authorize[] = {
		PK_STR("response_type"), dialect->client_id_parameter,
		PK_STR("redirect_uri"),  dialect->scope_parameter,
		PK_STR("state"),         PK_STR("nonce"),
		PK_STR("response_mode"), PK_STR("code_challenge"),
		PK_STR("request_uri"),   PK_STR("code_challenge_method"),
	};
	const struct pk_str token[] = {
		PK_STR("grant_type"),
		PK_STR("code"),
		PK_STR("redirect_uri"),
		PK_STR("code_verifier"),
		PK_STR("refresh_token"),
		dialect->client_id_parameter,
		dialect->client_secret_parameter,
	};

	TRY(check_added("authorize_query", dialect->authorize_query, authorize,
			sizeof(authorize) / sizeof(authorize[0]), why));
	return check_added("token_parameters", dialect->token_parameters, token,
			   sizeof(token) / sizeof(token[0]), why);
}

static enum pk_err check_client_auth(const struct pk_list *ways, struct pk_why *why)
{
	for (size_t i = 0; i < ways->count; i++)
		if (!pk_str_equal(ways->item[i], PK_STR("basic")) &&
		    !pk_str_equal(ways->item[i], PK_STR("post")) &&
		    !pk_str_equal(ways->item[i], PK_STR("none")))
			return pk_refuse(why, PK_ERR_DIALECT_VALUE, "client_auth",
					 "client_auth takes \"basic\", \"post\" and \"none\"");
	if (!ways->count)
		return pk_refuse(
			why, PK_ERR_DIALECT_VALUE, "client_auth",
			"client_auth names at least one of \"basic\", \"post\" and \"none\"");
	return PK_OK;
}

/* Whether the provider's own metadata says where it is and how it signs. */
static bool is_discovered(const struct pk_dialect *dialect)
{
	return dialect->discovery_url.len && !dialect->authorize_url.len;
}

static enum pk_err check_endpoints(const struct pk_dialect *dialect, struct pk_why *why)
{
	if (is_discovered(dialect))
		return PK_OK;
	if (!dialect->authorize_url.len)
		return pk_refuse(why, PK_ERR_DIALECT_INCOMPLETE, "authorize_url",
				 "every dialect needs authorize_url, or discovery_url to find it");
	if (!dialect->token_url.len)
		return pk_refuse(why, PK_ERR_DIALECT_INCOMPLETE, "token_url",
				 "a dialect with authorize_url needs token_url");
	return PK_OK;
}

/* Something must say who logged in, and an ID token says it only to who can check it (OpenID
 * Connect Core 3.1.3.7). */
static enum pk_err check_identity(const struct pk_dialect *dialect, struct pk_why *why)
{
	const enum pk_id_token_alg alg = dialect->id_token_alg;

	if (is_discovered(dialect))
		return PK_OK;
	if (!dialect->userinfo_url.len && !dialect->token_subject.len && alg == PK_ID_TOKEN_NONE)
		return pk_refuse(why, PK_ERR_DIALECT_INCOMPLETE, "userinfo_url",
				 "without userinfo_url, token_subject or id_token_alg must say who "
				 "logged in");
	if (!dialect->issuer.len && (alg != PK_ID_TOKEN_NONE || dialect->callback_issuer))
		return pk_refuse(why, PK_ERR_DIALECT_INCOMPLETE, "issuer",
				 "%s needs issuer to compare with",
				 alg != PK_ID_TOKEN_NONE ? "id_token_alg" : "callback_issuer");
	if (!dialect->jwks_url.len && (alg == PK_ID_TOKEN_RS256 || alg == PK_ID_TOKEN_ES256))
		return pk_refuse(why, PK_ERR_DIALECT_INCOMPLETE, "jwks_url",
				 "RS256 and ES256 need jwks_url, where the provider's keys are");
	if (dialect->userinfo_subject_parameter.len && !dialect->token_subject.len)
		return pk_refuse(why, PK_ERR_DIALECT_INCOMPLETE, "token_subject",
				 "userinfo_subject_parameter needs token_subject to know it");
	return PK_OK;
}

enum pk_err pk_dialect_check(const struct pk_dialect *dialect, struct pk_why *why)
{
	TRY(check_texts(dialect, why));
	TRY(check_endpoints(dialect, why));
	TRY(check_shapes(dialect, why));
	TRY(check_tenant(dialect, why));
	TRY(check_additions(dialect, why));
	TRY(check_client_auth(&dialect->client_auth, why));
	TRY(check_identity(dialect, why));
	for (size_t i = 0; i < dialect->redirect_rules.count; i++)
		if (!pk_redirect_rule_exists(dialect->redirect_rules.item[i]))
			return pk_refuse(why, PK_ERR_DIALECT_VALUE, "redirect_rules",
					 "there is no redirect rule %.*s",
					 PK_ARG(dialect->redirect_rules.item[i]));
	return PK_OK;
}

/*
 * The callback (RFC 6749 4.1.2, RFC 9207). All of it is hostile: anybody can send a browser to it.
 * The state is checked before anything in it is believed, the provider's error included.
 */
#include "protocol/callback.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/form.h"
#include "base/text.h"
#include "protocol/login.h"
#include "protocol/provider_words.h"

/* RFC 6749 3.1: "Request and response parameters MUST NOT be included more than once." All that we
 * read, and so whoever reads the query behind us, is held to it; unknown parameters are ignored
 * (4.1.2), repeated or not. */
static enum pk_err refuse_repeated(const struct pk_login *login, const struct pk_form *form,
				   struct pk_why *why)
{
	static const char *const plain[] = {"code",      "state", "error", "error_description",
					    "error_uri", "iss"};
	const struct pk_dialect *dialect = login ? login->dialect : &(const struct pk_dialect){0};
	const struct {
		const char *key;
		struct pk_str name;
	} own[] = {
		{"callback_scope_parameter", dialect->callback_scope_parameter},
		{"callback_error_text_parameter", dialect->callback_error_text_parameter},
		{"callback_error_number_parameter", dialect->callback_error_number_parameter},
	};

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (pk_form_count(form, pk_str(plain[i])) > 1)
			return pk_refuse(why, PK_ERR_PARAMETER_DUPLICATED, plain[i],
					 "the callback has %s %zu times", plain[i],
					 pk_form_count(form, pk_str(plain[i])));
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (own[i].name.len && pk_form_count(form, own[i].name) > 1)
			return pk_refuse(why, PK_ERR_PARAMETER_DUPLICATED, own[i].key,
					 "the callback has %.*s %zu times", PK_ARG(own[i].name),
					 pk_form_count(form, own[i].name));
	return PK_OK;
}

enum pk_err pk_callback_state(struct pk_arena *arena, struct pk_str query, struct pk_str *ret,
			      struct pk_why *why)
{
	struct pk_form form;

	TRY(pk_form_parse(arena, query, &form, why));
	TRY(refuse_repeated(NULL, &form, why));

	const struct pk_str state = pk_form_get(&form, PK_STR("state"));

	if (!state.len)
		return pk_refuse(why, PK_ERR_STATE_MISSING, "state", "the callback has no state");
	*ret = state;
	return PK_OK;
}

/* {tenantid} stands for what only the ID token says, so here for any tenant. */
static bool is_issuer(struct pk_str got, struct pk_str expected)
{
	const struct pk_str variable = PK_STR("{tenantid}");
	const size_t at = pk_str_find(expected, '{');

	if (at == expected.len)
		return pk_str_equal(got, expected);
	if (got.len < expected.len - variable.len ||
	    !pk_str_starts(got, pk_str_first(expected, at)) ||
	    !pk_str_ends(got, pk_str_from(expected, at + variable.len)))
		return false;
	return pk_tenant_is_one(
		(struct pk_str){got.ptr + at, got.len - (expected.len - variable.len)});
}

/* RFC 9207 2.4: "clients MUST [...] compare the result to the issuer identifier of the
 * authorization server where the authorization request was sent to [...] using simple string
 * comparison". One that comes unannounced is compared too: it is somebody's. */
static enum pk_err check_issuer(const struct pk_login *login, const struct pk_form *form,
				struct pk_why *why)
{
	const struct pk_str got = pk_form_get(form, PK_STR("iss"));
	char memory[1024];
	struct pk_buf expected = pk_buf(memory, sizeof(memory));

	if (!got.ptr && !login->dialect->callback_issuer)
		return PK_OK;
	TRY(pk_issuer_write(login, &expected, why));
	if (expected.overflow)
		return pk_refuse(why, PK_ERR_NO_SPACE, "issuer",
				 "the issuer is longer than %zu characters", sizeof(memory));
	if (!expected.len)
		return PK_OK;
	if (!is_issuer(got, pk_buf_str(&expected)))
		return pk_refuse(why, PK_ERR_ISSUER_MISMATCH, "iss", "%s",
				 got.len ? "iss names another issuer" : "iss is missing");
	return PK_OK;
}

/* The value of a parameter that the dialect names, if it names one. */
static struct pk_str own_parameter(const struct pk_form *form, struct pk_str name)
{
	return name.len ? pk_form_get(form, name) : (struct pk_str){0};
}

static enum pk_err refuse_as_provider(const struct pk_login *login, const struct pk_form *form,
				      struct pk_why *why)
{
	const struct pk_dialect *dialect = login->dialect;
	const struct pk_str error = pk_form_get(form, PK_STR("error"));
	const struct pk_str text = own_parameter(form, dialect->callback_error_text_parameter);
	const bool denied = pk_str_equal(error, PK_STR("access_denied"));
	const enum pk_err err =
		pk_refuse(why, denied ? PK_ERR_USER_DENIED : PK_ERR_PROVIDER_REFUSED, "error", "%s",
			  denied ? "the provider sent the browser back with access_denied"
				 : "the provider refused the authorize request");

	pk_provider_words(why, error, own_parameter(form, dialect->callback_error_number_parameter),
			  text.len ? text : pk_form_get(form, PK_STR("error_description")));
	return err;
}

enum pk_err pk_callback(struct pk_arena *arena, const struct pk_login *login,
			struct pk_str expected_state, struct pk_str query,
			const struct pk_grant_code **ret, struct pk_str *ret_scopes,
			struct pk_why *why)
{
	struct pk_form form;

	TRY(pk_form_parse(arena, query, &form, why));
	TRY(refuse_repeated(login, &form, why));

	const struct pk_str state = pk_form_get(&form, PK_STR("state"));

	if (!state.len)
		return pk_refuse(why, PK_ERR_STATE_MISSING, "state", "the callback has no state");
	if (!expected_state.len || !pk_str_equal_secret(state, expected_state))
		return pk_refuse(why, PK_ERR_STATE_MISMATCH, "state",
				 "the state is not the one that this browser was given");
	TRY(check_issuer(login, &form, why));
	if (pk_form_count(&form, PK_STR("error")))
		return refuse_as_provider(login, &form, why);

	const struct pk_str code = pk_form_get(&form, PK_STR("code"));

	if (!code.len)
		return pk_refuse(why, PK_ERR_CODE_MISSING, "code",
				 "the callback has neither a code nor an error");

	struct pk_grant_code *grant_code = pk_arena_take(arena, sizeof(*grant_code));

	if (!grant_code)
		return pk_refuse(why, PK_ERR_NO_SPACE, NULL, "the arena is full");
	*grant_code = (struct pk_grant_code){{code}, login};
	if (ret_scopes)
		*ret_scopes = own_parameter(&form, login->dialect->callback_scope_parameter);
	*ret = grant_code;
	return PK_OK;
}

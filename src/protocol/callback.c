/*
 * The callback (RFC 6749 4.1.2, RFC 9207). All of it is hostile: anybody can send a browser to it.
 * The state is checked before anything in it is believed, the provider's error included.
 */
#include "protocol/callback.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/form.h"
#include "base/text.h"

/* RFC 6749 3.1: "Request and response parameters MUST NOT be included more than once." All that we
 * read, and so whoever reads the query behind us, is held to it; unknown parameters are ignored
 * (4.1.2), repeated or not. */
static enum pk_err refuse_repeated(const struct pk_login *login, const struct pk_form *form,
				   struct pk_why *why)
{
	static const char *const read[] = {"code",      "state", "error", "error_description",
					   "error_uri", "iss"};

	for (size_t i = 0; i < sizeof(read) / sizeof(read[0]); i++)
		if (pk_form_count(form, pk_str(read[i])) > 1)
			return pk_refuse(why, PK_ERR_PARAMETER_DUPLICATED, read[i],
					 "the callback has %s %zu times", read[i],
					 pk_form_count(form, pk_str(read[i])));
	if (login && login->dialect->callback_scope_parameter.len &&
	    pk_form_count(form, login->dialect->callback_scope_parameter) > 1)
		return pk_refuse(why, PK_ERR_PARAMETER_DUPLICATED, "scope",
				 "the callback has its scope parameter twice");
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

/* RFC 9207 2.4: "clients MUST [...] compare the result to the issuer identifier of the
 * authorization server where the authorization request was sent to [...] using simple string
 * comparison" */
static enum pk_err check_issuer(const struct pk_login *login, const struct pk_form *form,
				struct pk_why *why)
{
	const struct pk_str expected = login->dialect->issuer;
	const struct pk_str got = pk_form_get(form, PK_STR("iss"));

	if (!expected.len || login->sandbox.len)
		return PK_OK;
	if (!pk_str_equal(got, expected))
		return pk_refuse(why, PK_ERR_ISSUER_MISMATCH, "iss", "%s",
				 got.len ? "iss names another issuer" : "iss is missing");
	return PK_OK;
}

static enum pk_err refuse_as_provider(const struct pk_form *form, struct pk_why *why)
{
	const struct pk_str error = pk_form_get(form, PK_STR("error"));
	const bool denied = pk_str_equal(error, PK_STR("access_denied"));
	const enum pk_err err =
		pk_refuse(why, denied ? PK_ERR_USER_DENIED : PK_ERR_PROVIDER_REFUSED, "error", "%s",
			  denied ? "the provider sent the browser back with access_denied"
				 : "the provider refused the authorize request");

	if (why) {
		pk_text_tame(why->provider_error, sizeof(why->provider_error), error);
		pk_text_tame(why->provider_text, sizeof(why->provider_text),
			     pk_form_get(form, PK_STR("error_description")));
	}
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
		return refuse_as_provider(&form, why);

	const struct pk_str code = pk_form_get(&form, PK_STR("code"));

	if (!code.len)
		return pk_refuse(why, PK_ERR_CODE_MISSING, "code",
				 "the callback has neither a code nor an error");

	struct pk_grant_code *grant_code = pk_arena_take(arena, sizeof(*grant_code));

	if (!grant_code)
		return pk_refuse(why, PK_ERR_NO_SPACE, NULL, "the arena is full");
	*grant_code = (struct pk_grant_code){{code}, login};
	if (ret_scopes)
		*ret_scopes = login->dialect->callback_scope_parameter.len
				      ? pk_form_get(&form, login->dialect->callback_scope_parameter)
				      : (struct pk_str){0};
	*ret = grant_code;
	return PK_OK;
}

/*
 * A callback that an attacker wrote. A code comes out of it only with the state of this login, once
 * each, without an error, and from the right issuer; and whatever is refused has its evidence.
 */
#include "must.h"

#include "base/form.h"
#include "base/text.h"

#define STATE "abcdefghijklmnopqrstuv"
#define ISSUER "https://login.example.com"

static unsigned char memory[PK_ARENA_LOGIN], other[PK_ARENA_LOGIN];

static bool is_one(const struct pk_form *form, const char *name, const char *value)
{
	return pk_form_count(form, pk_str(name)) == 1 &&
	       pk_str_equal(pk_form_get(form, pk_str(name)), pk_str(value));
}

/* `announced`: the provider sends `iss` with every callback. */
static void try_query(struct pk_str query, struct pk_str issuer, bool announced)
{
	const struct pk_dialect dialect = {
		.issuer = issuer,
		.callback_issuer = announced,
		.callback_scope_parameter = PK_STR("scopes"),
		.callback_error_text_parameter = PK_STR("error_type"),
		.callback_error_number_parameter = PK_STR("errCode"),
	};
	const struct pk_login login = {.dialect = &dialect};
	struct pk_arena arena = pk_arena(memory, sizeof(memory));
	struct pk_arena second = pk_arena(other, sizeof(other));
	const struct pk_grant_code *code = NULL;
	struct pk_str scopes, state;
	struct pk_form form;
	struct pk_why why = {0};

	const enum pk_err err =
		pk_callback(&arena, &login, PK_STR(STATE), query, &code, &scopes, &why);

	if (err != PK_OK) {
		must(!code && why.err == err && why.detail[0]);
		return;
	}
	must(code != NULL);
	must(pk_form_parse(&second, query, &form, NULL) == PK_OK);
	must(is_one(&form, "state", STATE));
	must(pk_form_count(&form, PK_STR("code")) == 1);
	must(pk_form_get(&form, PK_STR("code")).len > 0);
	must(pk_form_count(&form, PK_STR("error")) == 0);
	must(!issuer.len || is_one(&form, "iss", ISSUER) ||
	     (!announced && pk_form_count(&form, PK_STR("iss")) == 0));
	must(pk_callback_state(&second, query, &state, &why) == PK_OK);
	must(pk_str_equal(state, PK_STR(STATE)));

	/* The same query is nobody else's callback. */
	arena = pk_arena(memory, sizeof(memory));
	must(pk_callback(&arena, &login, PK_STR(STATE "w"), query, &code, NULL, NULL) ==
	     PK_ERR_STATE_MISMATCH);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct pk_str query = {(const char *)data, size};

	try_query(query, (struct pk_str){0}, false);
	try_query(query, PK_STR(ISSUER), false);
	try_query(query, PK_STR(ISSUER), true);
	return 0;
}

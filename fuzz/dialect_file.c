/*
 * A dialect file from an override directory. What parses is written and parses again to the same;
 * what does not names its line; and a login at it can be checked and started without harm.
 */
#include "must.h"

#include "base/text.h"

static char first[1 << 20], second[1 << 20];
static struct pk_dialect dialect, again;

static void try_login(void)
{
	const struct pk_str redirect_uri = PK_STR("https://app.example.com/callback");
	const struct pk_login login = {.name = PK_STR("work"),
				       .dialect = &dialect,
				       .client_id = PK_STR("client-1"),
				       .redirect_uri = redirect_uri,
				       .scopes = dialect.scopes,
				       .host = PK_STR("login.example.com")};
	const struct pk_challenge challenge = {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", 43};
	struct pk_buf url = pk_buf(second, sizeof(second));
	struct pk_why why = {0};
	const enum pk_err err = pk_login_check(&login, &why);

	must(err == PK_OK || (why.err == err && why.detail[0]));
	if (err != PK_OK)
		return;
	must(pk_authorize_url(&login, PK_STR("abcdefghijklmnopqrstuv"), (struct pk_str){0},
			      &challenge, &url, &why) == PK_OK);
	must(pk_str_starts(pk_buf_str(&url), PK_STR("http")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct pk_str text = {(const char *)data, size};
	struct pk_buf one = pk_buf(first, sizeof(first)), two = pk_buf(second, sizeof(second));
	struct pk_why why = {0};
	const enum pk_err err = pk_dialect_parse(PK_STR("fuzz"), text, &dialect, &why);

	if (err != PK_OK) {
		must(why.err == err && why.detail[0] && (why.line > 0 || size == 0));
		return 0;
	}
	pk_dialect_write(&dialect, &one);
	if (one.overflow)
		return 0;
	must(pk_dialect_parse(PK_STR("fuzz"), pk_buf_str(&one), &again, &why) == PK_OK);
	pk_dialect_write(&again, &two);
	must(pk_str_equal(pk_buf_str(&one), pk_buf_str(&two)));
	try_login();
	return 0;
}

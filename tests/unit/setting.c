/* The login that most tests of the core start from. */
#include "setting.h"

#include "base/encode.h"
#include "base/text.h"
#include "protocol/login.h"

#include <stdio.h>

static struct pk_str redirect_uri(const struct pk_dialect *dialect)
{
	struct pk_str uri = PK_STR("https://app.example.com/callback");

	if (pk_redirect_uris_check(dialect, &uri, 1, NULL) != PK_OK)
		uri = PK_STR("http://127.0.0.1:8080/callback");
	return uri;
}

/* Two, or more where the provider insists on more. */
static struct pk_list scopes(const struct pk_dialect *dialect)
{
	struct pk_list ret = dialect->scopes_required;

	for (size_t i = 0; i < dialect->scopes.count && ret.count < 2; i++)
		if (!pk_list_has(&ret, dialect->scopes.item[i]))
			ret.item[ret.count++] = dialect->scopes.item[i];
	return ret;
}

void setting_make(struct setting *setting, const char *dialect)
{
	*setting = (struct setting){0};
	assert_err(pk_dialect_parse(pk_str(dialect), pk_str(pk_dialect_text(dialect)),
				    &setting->dialect, &setting->why),
		   PK_OK);
	setting->login = (struct pk_login){
		.name = pk_str(dialect),
		.dialect = &setting->dialect,
		.client_id = PK_STR("client-1"),
		.redirect_uri = redirect_uri(&setting->dialect),
		.scopes = scopes(&setting->dialect),
		.host = PK_STR("login.example.com"),
	};
	if (!setting->dialect.authorize_url.len)
		setting->login.issuer = PK_STR("https://login.example.com");
	setting->arena = pk_arena(setting->memory, sizeof(setting->memory));
}

const struct pk_grant_code *setting_code(struct setting *setting)
{
	const struct pk_grant_code *code = NULL;
	char memory[1024], issuer[512];
	struct pk_buf query = pk_buf(memory, sizeof(memory)), iss = pk_buf(issuer, sizeof(issuer));

	pk_buf_put(&query, PK_STR("code=c0de%2A1%21&state=" STATE));
	assert_err(pk_issuer_write(&setting->login, &iss, &setting->why), PK_OK);
	if (setting->dialect.callback_issuer)
		pk_form_put(&query, 0, PK_STR("iss"), pk_buf_str(&iss));
	assert_err(pk_callback(&setting->arena, &setting->login, PK_STR(STATE), pk_buf_str(&query),
			       &code, NULL, &setting->why),
		   PK_OK);
	return code;
}

void assert_text_at(struct pk_str got, const char *want, const char *file, int line)
{
	const size_t len = strlen(want);

	if (got.len == len && (len == 0 || memcmp(got.ptr, want, len) == 0))
		return;
	print_error("got  \"%.*s\" (%zu bytes)\nwant \"%s\" (%zu bytes)\n", (int)got.len,
		    got.ptr ? got.ptr : "", got.len, want, len);
	_fail(file, line);
}

bool text_has(struct pk_str text, const char *needle)
{
	return text.ptr && memmem(text.ptr, text.len, needle, strlen(needle));
}

/*
 * A dialect file from an override directory. What parses is written and parses again to the same;
 * what does not names its line; and a login at it can be checked and started without harm.
 */
#include "must.h"

#include "base/text.h"

static char first[1 << 20], second[1 << 20];
static unsigned char memory[PK_ARENA_LOGIN];
static struct pk_dialect dialect, again;

static const struct pk_str state = {"abcdefghijklmnopqrstuv", 22};

/* A header that ends early is another header. */
static void must_be_lines(const struct pk_http_request *request)
{
	must(request->header_count <= PK_HEADERS_MAX);
	for (size_t i = 0; i < request->header_count; i++)
		for (size_t j = 0; j < request->header[i].len; j++)
			must((unsigned char)request->header[i].ptr[j] >= 0x20);
	must(pk_str_starts(request->url, PK_STR("http")));
}

static void try_requests(const struct pk_login *login)
{
	const struct pk_secret secret = {PK_STR("secret-1")};
	const struct pk_tokens tokens = {.access_token = {PK_STR("a-1")},
					 .refresh_token = {PK_STR("r-1")},
					 .subject = PK_STR("ada")};
	const bool found = dialect.token_url.len > 0;
	struct pk_arena arena = pk_arena(memory, sizeof(memory));
	struct pk_http_request request;
	struct pk_why why = {0};

	if (pk_refresh_request(&arena, login, secret, tokens.refresh_token, &request, &why) ==
	    PK_OK) {
		must(found);
		must_be_lines(&request);
	}
	if (pk_userinfo_request(&arena, login, &tokens, &request, &why) == PK_OK)
		must_be_lines(&request);
	if (pk_revoke_request(&arena, login, secret, tokens.access_token, &request, &why) == PK_OK)
		must_be_lines(&request);
}

static void try_login(void)
{
	const struct pk_str redirect_uri = PK_STR("https://app.example.com/callback");
	const struct pk_login login = {.name = PK_STR("work"),
				       .dialect = &dialect,
				       .client_id = PK_STR("client-1"),
				       .redirect_uri = redirect_uri,
				       .scopes = dialect.scopes,
				       .host = PK_STR("login.example.com"),
				       .issuer = PK_STR("https://login.example.com")};
	const struct pk_challenge challenge = {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", 43};
	struct pk_buf url = pk_buf(second, sizeof(second));
	struct pk_why why = {0};
	enum pk_err err = pk_login_check(&login, &why);

	must(err == PK_OK || (why.err == err && why.detail[0]));
	if (err != PK_OK)
		return;
	err = pk_authorize_url(&login, state, (struct pk_str){0}, &challenge, &url, &why);
	must((err == PK_OK) ==
	     (dialect.authorize_url.len > 0 && dialect.state_min <= (int64_t)state.len));
	if (err != PK_OK)
		return;
	must(pk_str_starts(pk_buf_str(&url), PK_STR("http")));
	for (size_t i = 0; i < url.len; i++)
		must((unsigned char)url.ptr[i] > 0x20);
	try_requests(&login);
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

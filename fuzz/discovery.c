/*
 * Metadata documents. Whatever they say, the dialect that comes out of one is at the issuer that was
 * asked, has endpoints that may be trusted with a code and a secret, sends S256, and means the same
 * when it is written down and read again. The same text is tried as the other answers of a provider.
 */
#include "must.h"

#include "base/text.h"

static unsigned char memory[PK_ARENA_LOGIN];
static char first[1 << 17], second[1 << 17];

static bool is_safe(struct pk_str url)
{
	return !url.len || pk_str_starts(url, PK_STR("https://")) || pk_uri_is_loopback(url);
}

static void survives(const struct pk_dialect *dialect)
{
	struct pk_buf out = pk_buf(first, sizeof(first)), again = pk_buf(second, sizeof(second));
	struct pk_dialect parsed;

	pk_dialect_write(dialect, &out);
	must(!out.overflow);
	must(pk_dialect_parse(PK_STR("any"), pk_buf_str(&out), &parsed, NULL) == PK_OK);
	pk_dialect_write(&parsed, &again);
	must(pk_str_equal(pk_buf_str(&out), pk_buf_str(&again)));
}

static void answers(const struct pk_login *login, struct pk_str body)
{
	const struct pk_http_reply reply = {200, PK_STR("application/json"), body};
	struct pk_arena arena = pk_arena(memory, sizeof(memory));
	struct pk_introspection introspection = {0};
	struct pk_str text = {0};
	int64_t expires_at = 0;

	if (pk_introspect_reply(&arena, &reply, &introspection, NULL) == PK_OK)
		must(introspection.active || !introspection.subject.ptr);
	if (pk_par_reply(&arena, login, &reply, 1000, &text, &expires_at, NULL) == PK_OK)
		must(text.len > 0 && text.len <= 512 && expires_at > 1000);
	if (pk_jwks_reply(&reply, &text, NULL) == PK_OK)
		must(pk_str_equal(text, body));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char base[] = "title = \"Any\"\n"
				   "source = \"a test\"\n"
				   "checked = \"2026-11-21\"\n"
				   "discovery_url = \"{issuer}/.well-known/openid-configuration\"\n"
				   "client_auth = {\"basic\", \"none\"}\n"
				   "pkce = \"required\"\n"
				   "redirect_rules = {\"https-or-loopback\"}\n";
	const struct pk_str body = {(const char *)data, size};
	const struct pk_http_reply reply = {200, PK_STR("application/json"), body};
	struct pk_arena arena = pk_arena(memory, sizeof(memory));
	struct pk_dialect any, found = {0};
	struct pk_why why = {0};

	must(pk_dialect_parse(PK_STR("any"), pk_str(base), &any, NULL) == PK_OK);

	const struct pk_login login = {.dialect = &any,
				       .issuer = PK_STR("https://a.example"),
				       .scopes = {{PK_STR("openid")}, size % 2}};
	const enum pk_err err = pk_discovery_reply(&arena, &login, &reply, &found, &why);

	if (err == PK_OK) {
		must(pk_str_equal(found.issuer, login.issuer));
		must(found.authorize_url.len && found.token_url.len);
		must(is_safe(found.authorize_url) && is_safe(found.token_url));
		must(is_safe(found.userinfo_url) && is_safe(found.jwks_url));
		must(is_safe(found.revoke_url) && is_safe(found.introspect_url));
		must(is_safe(found.par_url) && is_safe(found.end_session_url));
		must(found.pkce == PK_PKCE_SENT && found.client_auth.count > 0);
		must(!login.scopes.count || found.id_token_alg != PK_ID_TOKEN_NONE);
		survives(&found);
	} else {
		must(why.err == err && why.detail[0] && !found.title.ptr);
	}
	answers(&login, body);
	return 0;
}

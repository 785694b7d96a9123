/* The demo's configuration, read back by the library that the gateway reads it with. */
#include "cli/demo_config.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <confuse.h>
#include <stdlib.h>
#include <string.h>

static const char nasty[] = "a b\"c\\d$e${HOME}#f\ng\th\x7f/'i'\xc3\xa9\\";

static cfg_t *read_back(struct pk_buf *out)
{
	static cfg_opt_t login[] = {
		CFG_STR("provider", NULL, CFGF_NONE),      CFG_STR("client_id", NULL, CFGF_NONE),
		CFG_STR("client_secret", NULL, CFGF_NONE), CFG_STR("host", NULL, CFGF_NONE),
		CFG_STR_LIST("scopes", NULL, CFGF_NONE),   CFG_END(),
	};
	static cfg_opt_t allow[] = {
		CFG_STR_LIST("emails", NULL, CFGF_NONE),
		CFG_STR_LIST("subjects", NULL, CFGF_NONE),
		CFG_END(),
	};
	static cfg_opt_t all[] = {
		CFG_STR("public_url", NULL, CFGF_NONE),
		CFG_STR("listen", NULL, CFGF_NONE),
		CFG_STR("store", NULL, CFGF_NONE),
		CFG_STR("keys", NULL, CFGF_NONE),
		CFG_STR("sandbox", NULL, CFGF_NONE),
		CFG_STR("providers", NULL, CFGF_NONE),
		CFG_BOOL("explain_to_users", cfg_false, CFGF_NONE),
		CFG_SEC("allow", allow, CFGF_NONE),
		CFG_SEC("login", login, CFGF_MULTI | CFGF_TITLE),
		CFG_END(),
	};
	cfg_t *const cfg = cfg_init(all, CFGF_NONE);

	assert_false(out->overflow);
	out->ptr[out->len] = '\0';
	assert_int_equal(cfg_parse_buf(cfg, out->ptr), CFG_SUCCESS);
	return cfg;
}

static void a_path_with_any_bytes_is_read_back_as_it_is(void **state)
{
	char memory[4096], expected[128];
	struct pk_buf out = pk_buf(memory, sizeof(memory) - 1);
	const struct demo_config config = {.listen = PK_STR("127.0.0.1:8080"),
					   .sandbox_listen = PK_STR("127.0.0.1:9400"),
					   .state = pk_str(nasty),
					   .providers = pk_str(nasty)};

	(void)state;
	setenv("HOME", "expanded", 1);
	demo_config_write(&config, &out);

	cfg_t *const cfg = read_back(&out);

	assert_string_equal(cfg_getstr(cfg, "public_url"), "http://127.0.0.1:8080");
	assert_string_equal(cfg_getstr(cfg, "sandbox"), "http://127.0.0.1:9400");
	snprintf(expected, sizeof(expected), "sqlite:%s/vault.db", nasty);
	assert_string_equal(cfg_getstr(cfg, "store"), expected);
	snprintf(expected, sizeof(expected), "%s/keys", nasty);
	assert_string_equal(cfg_getstr(cfg, "keys"), expected);
	assert_string_equal(cfg_getstr(cfg, "providers"), nasty);
	assert_true(cfg_getbool(cfg, "explain_to_users"));
	cfg_free(cfg);
}

/* Writes the login of a dialect with these client_auth and scopes. */
static cfg_t *login_of(const char *authorize_url, struct pk_list client_auth, struct pk_list scopes)
{
	static char memory[4096];
	struct pk_buf out = pk_buf(memory, sizeof(memory) - 1);
	const struct demo_config config = {.sandbox_listen = PK_STR("127.0.0.1:9400")};
	const struct pk_dialect dialect = {.name = PK_STR("acme"),
					   .authorize_url = pk_str(authorize_url),
					   .client_auth = client_auth,
					   .scopes = scopes};

	demo_config_write_login(&config, &dialect, &out);
	return read_back(&out);
}

static void a_provider_that_takes_secrets_gets_the_client_that_has_one(void **state)
{
	const struct pk_list auth = {.item = {PK_STR("none"), PK_STR("post")}, .count = 2};
	cfg_t *const cfg = login_of("https://x/a", auth, (struct pk_list){0});
	cfg_t *const login = cfg_getnsec(cfg, "login", 0);

	(void)state;
	assert_string_equal(cfg_title(login), "acme");
	assert_string_equal(cfg_getstr(login, "provider"), "acme");
	assert_string_equal(cfg_getstr(login, "client_id"), "sandbox-client");
	assert_string_equal(cfg_getstr(login, "client_secret"), "sandbox-secret");
	assert_null(cfg_getstr(login, "host"));
	cfg_free(cfg);
}

static void a_provider_without_secrets_gets_the_public_client(void **state)
{
	const struct pk_list auth = {.item = {PK_STR("none")}, .count = 1};
	cfg_t *const cfg = login_of("https://x/a", auth, (struct pk_list){0});
	cfg_t *const login = cfg_getnsec(cfg, "login", 0);

	(void)state;
	assert_string_equal(cfg_getstr(login, "client_id"), "sandbox-public");
	assert_null(cfg_getstr(login, "client_secret"));
	cfg_free(cfg);
}

static void a_host_of_ones_own_is_the_sandbox(void **state)
{
	const struct pk_list scopes = {.item = {PK_STR("openid"), PK_STR("a\"b")}, .count = 2};
	cfg_t *const cfg = login_of("https://{host}/a", (struct pk_list){0}, scopes);
	cfg_t *const login = cfg_getnsec(cfg, "login", 0);

	(void)state;
	assert_string_equal(cfg_getstr(login, "host"), "127.0.0.1:9400");
	assert_int_equal(cfg_size(login, "scopes"), 2);
	assert_string_equal(cfg_getnstr(login, "scopes", 1), "a\"b");
	cfg_free(cfg);
}

static void a_text_that_is_too_long_overflows(void **state)
{
	static char path[8192], memory[32768];
	struct pk_buf out = pk_buf(memory, sizeof(memory));
	struct demo_config config = {.listen = PK_STR("127.0.0.1:1")};

	(void)state;
	memset(path, 'x', sizeof(path));
	config.state = (struct pk_str){path, sizeof(path)};
	demo_config_write(&config, &out);
	assert_true(out.overflow);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_with_any_bytes_is_read_back_as_it_is),
		cmocka_unit_test(a_provider_that_takes_secrets_gets_the_client_that_has_one),
		cmocka_unit_test(a_provider_without_secrets_gets_the_public_client),
		cmocka_unit_test(a_host_of_ones_own_is_the_sandbox),
		cmocka_unit_test(a_text_that_is_too_long_overflows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

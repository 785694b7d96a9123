/*
 * The configuration: every key with a value that is right, every mistake with the line and the
 * words that a person is told, and that no secret is in those words. Runs in a directory of its
 * own.
 */
#include "setting.h"

#include "base/text.h"
#include "gateway/config.h"
#include "gateway/log.h"
#include "vault/keyring.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME "proofkey.conf"

/* A configuration that is right, in parts. A mistake stands in line 1 or behind it. */
#define URL "public_url = \"https://app.example.com\"\n"
#define STORE "store = \"sqlite:vault.db\"\n"
#define KEYS "keys = \"keys\"\n"
#define LOGIN                                                                                      \
	"login \"first\" {\n"                                                                      \
	"  provider = \"rfc7636\"\n"                                                               \
	"  client_id = \"client-1\"\n"                                                             \
	"  client_secret = \"hush-hush-hush\" host = \"login.example.com\"\n"                      \
	"}\n"
#define ALLOW "allow { subjects = {\"*\"} }\n"
/* A dialect of the operator's own, whose clients are public. */
#define PROVIDERS "providers = \"providers\"\n"
#define DIALECT                                                                                    \
	"title = \"Mine\"\n"                                                                       \
	"source = \"the operator\"\n"                                                              \
	"checked = \"2026-11-21\"\n"                                                               \
	"authorize_url = \"https://login.example.com/authorize\"\n"                                \
	"token_url = \"https://login.example.com/token\"\n"                                        \
	"token_subject = \"/sub\"\n"                                                               \
	"pkce = \"required\"\n"                                                                    \
	"redirect_rules = {\"absolute\"}\n"                                                        \
	"client_auth = {\"none\"}\n"

#define HOST "host = \"login.example.com\" "
#define CLIENT "provider = \"rfc7636\" client_id = \"x\" " HOST

#define ALL URL STORE KEYS LOGIN ALLOW

static char directory[] = "/tmp/config-test-XXXXXX";
static char error[512];

static void write_file(const char *name, const char *text, size_t size)
{
	const int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, size), size);
	assert_int_equal(close(fd), 0);
}

static int enter_directory(void **state)
{
	(void)state;
	if (sodium_init() < 0 || !mkdtemp(directory) || chdir(directory) != 0 ||
	    !keyring_create("keys", error, sizeof(error)))
		return -1;
	if (mkdir("providers", 0700) != 0)
		return -1;
	write_file("providers/x.conf", DIALECT, strlen(DIALECT));
	/* What the tests expand. */
	return setenv("CONFIG_TEST_SECRET", "from the environment", 1) ||
	       setenv("CONFIG_TEST_EMPTY", "", 1) || unsetenv("CONFIG_TEST_UNSET");
}

static int leave_directory(void **state)
{
	static const char *const names[] = {
		FILE_NAME, "keys", "secret", "loose", "providers/x.conf", "providers/y.conf"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unlink(names[i]);
	(void)rmdir("providers");
	return chdir("/") || rmdir(directory);
}

static struct config *load(const char *text)
{
	write_file(FILE_NAME, text, strlen(text));
	memset(error, 'x', sizeof(error));
	return config_load(FILE_NAME, error, sizeof(error));
}

static struct config *load_good(const char *text)
{
	struct config *config = load(text);

	if (!config)
		fail_msg("refused: %s", error);
	assert_string_equal(error, "");
	return config;
}

static void assert_refused(const char *text, const char *want)
{
	struct config *config = load(text);

	if (config) {
		config_free(config);
		fail_msg("taken: %s", text);
	}
	if (!strstr(error, want))
		fail_msg("said \"%s\"\nnot  \"%s\"\nof   %s", error, want, text);
	assert_null(strstr(error, "hush"));
}

static void what_is_not_given_has_a_default(void **state)
{
	struct config *config = load_good(ALL);
	const struct settings *settings = config_settings(config);

	(void)state;
	assert_text(settings->public_url, "https://app.example.com");
	assert_text(settings->listen, "");
	assert_text(settings->store, "sqlite:vault.db");
	assert_int_equal(settings->fronts, 0);
	assert_int_equal(settings->login[0].refreshes_at_once, REFRESHES_AT_ONCE);
	assert_int_equal(settings->session_lifetime, 12 * 3600);
	assert_int_equal(settings->attempt_lifetime, 600);
	assert_false(settings->explain_to_users);
	assert_int_equal(settings->log_level, LOG_LEVEL_INFO);
	assert_true(settings->logout_revokes);
	assert_true(settings->login[0].ends_there);
	assert_int_equal(settings->trusted_proxies.count, 0);
	assert_int_equal(settings->return_to_origins.count, 0);
	assert_int_equal(settings->session_keys.count, 1);
	assert_int_equal(settings->attempt_keys.count, 1);
	assert_int_equal(settings->vault_keys.count, 1);
	assert_int_equal(settings->login_count, 1);
	assert_text(settings->login[0].login.name, "first");
	assert_text(settings->login[0].login.redirect_uri,
		    "https://app.example.com/callback/first");
	assert_text(settings->login[0].secret.text, "hush-hush-hush");
	assert_ptr_equal(settings->login[0].login.dialect, &settings->login[0].dialect);
	config_free(config);
}

static void every_key_is_read(void **state)
{
	struct config *config = load_good(
		"# a comment\n"
		"public_url = \"http://127.0.0.1:4180/\"\n"
		"listen = \"[::1]:4181\"\n" STORE KEYS "sandbox = \"http://127.0.0.1:9400\"\n"
		"fronts = 3\n"
		"session_lifetime = 3600\n"
		"attempt_lifetime = 30\n"
		"explain_to_users = true\n"
		"log_level = \"debug\"\n"
		"logout = \"here\"\n"
		"logout_revokes = false\n"
		"trusted_proxies = {\"127.0.0.1\", \"fd00::/8\"}\n"
		"return_to_origins = {\"https://videos.example.com\", "
		"\"https://app.example.com:8443\"}\n" PROVIDERS "allow {\n"
		"  emails = {\"*@example.com\", \"ada@example.org\"}\n"
		"  subjects = {\"first/ada\", \"*\"}\n"
		"}\n"
		"login \"first\" {\n"
		"  provider = \"x\"\n"
		"  client_id = \"one\"\n"
		"  scopes = {\"openid\", \"email\"}\n"
		"  host = \"tenant.example.com\"\n"
		"}\n"
		"login \"second-2_b\" {\n"
		"  provider = \"rfc7636\"\n"
		"  client_id = \"two\"\n  host = \"login.example.com\"\n"
		"  client_secret = \"hush\"\n"
		"}\n");
	const struct settings *settings = config_settings(config);

	(void)state;
	assert_text(settings->public_url, "http://127.0.0.1:4180");
	assert_text(settings->listen, "[::1]:4181");
	assert_int_equal(settings->fronts, 3);
	assert_int_equal(settings->session_lifetime, 3600);
	assert_int_equal(settings->attempt_lifetime, 30);
	assert_true(settings->explain_to_users);
	assert_int_equal(settings->log_level, LOG_LEVEL_DEBUG);
	assert_false(settings->logout_revokes);
	assert_false(settings->login[0].ends_there);
	assert_int_equal(settings->trusted_proxies.count, 2);
	assert_text(settings->trusted_proxies.item[1], "fd00::/8");
	assert_int_equal(settings->return_to_origins.count, 2);
	assert_text(settings->return_to_origins.item[1], "https://app.example.com:8443");
	assert_int_equal(settings->allow_emails.count, 2);
	assert_text(settings->allow_emails.item[0], "*@example.com");
	assert_int_equal(settings->allow_subjects.count, 2);
	assert_text(settings->allow_subjects.item[0], "first/ada");
	assert_int_equal(settings->login_count, 2);
	assert_text(settings->login[0].dialect.name, "x");
	assert_text(settings->login[0].login.client_id, "one");
	assert_text(settings->login[0].login.host, "tenant.example.com");
	assert_text(settings->login[0].login.sandbox, "http://127.0.0.1:9400");
	assert_int_equal(settings->login[0].login.scopes.count, 2);
	assert_text(settings->login[0].login.scopes.item[1], "email");
	assert_text(settings->login[1].login.name, "second-2_b");
	assert_text(settings->login[1].login.redirect_uri,
		    "http://127.0.0.1:4180/callback/second-2_b");
	assert_int_equal(settings->login[0].secret.text.len, 0);
	assert_text(settings->login[1].secret.text, "hush");
	config_free(config);
}

static void the_environment_is_expanded(void **state)
{
	struct config *config =
		load_good(URL STORE KEYS ALLOW "login \"first\" { provider = \"rfc7636\"\n"
					       "  client_id = \"${CONFIG_TEST_UNSET:-fallback}\"\n"
					       "  host = \"login.example.com\"\n"
					       "  client_secret = \"${CONFIG_TEST_SECRET}\" }\n");

	(void)state;
	assert_text(config_settings(config)->login[0].secret.text, "from the environment");
	assert_text(config_settings(config)->login[0].login.client_id, "fallback");
	config_free(config);
}

#define WITH_FILE                                                                                  \
	URL STORE KEYS ALLOW "login \"first\" { " CLIENT "\n"                                      \
			     "  client_secret_file = \"secret\" }\n"

static void a_secret_may_stand_in_a_file(void **state)
{
	static const char *const texts[] = {"hush-hush", "hush-hush\n", "hush-hush\r\n"};
	struct config *config;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		write_file("secret", texts[i], strlen(texts[i]));
		config = load_good(WITH_FILE);
		assert_text(config_settings(config)->login[0].secret.text, "hush-hush");
		config_free(config);
	}
	(void)unlink("secret");
}

static void a_secrets_file_has_a_secret(void **state)
{
	static char large[5000];

	(void)state;
	(void)unlink("secret");
	assert_refused(WITH_FILE, "proofkey.conf:6: client_secret_file: secret: No such file");
	write_file("secret", "", 0);
	assert_refused(WITH_FILE, "proofkey.conf:6: client_secret_file: secret is empty");
	write_file("secret", " \n", 2);
	assert_refused(WITH_FILE, "proofkey.conf:6: client_secret_file: secret is empty");
	memset(large, 'h', sizeof(large));
	write_file("secret", large, sizeof(large));
	assert_refused(WITH_FILE, "proofkey.conf:6: client_secret_file: secret: it is too large");
	write_file("secret", "hush\0hush", 9);
	assert_refused(WITH_FILE, "proofkey.conf:6: client_secret_file: secret has control");
	(void)unlink("secret");
	assert_int_equal(mkdir("secret", 0700), 0);
	assert_refused(WITH_FILE,
		       "proofkey.conf:6: client_secret_file: secret: it is not a regular");
	assert_int_equal(rmdir("secret"), 0);
}

#define BROKER_KEY                                                                                 \
	"broker = \"127.0.0.1:4182\"\n"                                                            \
	"broker_key \"program\" { secret_file = \"secret\" logins = {\"first\"} }\n"

/* Of the key ring keyring_test.c says the same. */
static void a_secrets_file_is_its_owners_alone(void **state)
{
	static const mode_t modes[] = {0640, 0604, 0660, 0610, 0602, 0444};
	static const char secret[] = "a-secret-of-more-than-thirty-two-characters";

	(void)state;
	write_file("secret", secret, sizeof(secret) - 1);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		assert_int_equal(chmod("secret", modes[i]), 0);
		assert_refused(WITH_FILE, "client_secret_file: secret: others than its owner");
		assert_refused(ALL BROKER_KEY, "secret_file: secret: others than its owner");
	}
	assert_int_equal(chmod("secret", 0400), 0);
	config_free(load_good(WITH_FILE));
	config_free(load_good(ALL BROKER_KEY));
	assert_int_equal(rename("secret", "elsewhere"), 0);
	assert_int_equal(symlink("elsewhere", "secret"), 0);
	assert_refused(WITH_FILE, "client_secret_file: secret: it is a symbolic link");
	assert_refused(ALL BROKER_KEY, "secret_file: secret: it is a symbolic link");
	assert_int_equal(unlink("secret"), 0);
	assert_int_equal(unlink("elsewhere"), 0);
}

/* As a service manager hands them over: a directory that only reading is possible in, whose name is
 * in the environment. */
static void secrets_may_be_credentials(void **state)
{
	static const char text[] =
		URL STORE ALLOW "keys = \"${CREDENTIALS_DIRECTORY}/keys\"\n"
				"login \"first\" { " CLIENT
				"client_secret_file = \"${CREDENTIALS_DIRECTORY}/first\" }\n"
				"broker = \"127.0.0.1:4182\"\n"
				"broker_key \"program\" { logins = {\"first\"}\n"
				"  secret_file = \"${CREDENTIALS_DIRECTORY}/program\" }\n";
	static const char *const names[] = {"credentials/first", "credentials/program"};
	struct config *config;

	(void)state;
	assert_int_equal(mkdir("credentials", 0700), 0);
	assert_true(keyring_create("credentials/keys", error, sizeof(error)));
	assert_int_equal(chmod("credentials/keys", 0400), 0);
	for (size_t i = 0; i < 2; i++) {
		write_file(names[i], "0123456789abcdef0123456789abcdef\n", 33);
		assert_int_equal(chmod(names[i], 0400), 0);
	}
	assert_int_equal(chmod("credentials", 0500), 0);
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", "credentials", 1), 0);
	config = load_good(text);
	assert_text(config_settings(config)->login[0].secret.text,
		    "0123456789abcdef0123456789abcdef");
	assert_int_equal(config_settings(config)->broker_key_count, 1);
	config_free(config);
	assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
	assert_refused(text, "client_secret_file: /first: No such file");
	assert_int_equal(chmod("credentials", 0700), 0);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(unlink(names[i]), 0);
	assert_int_equal(unlink("credentials/keys"), 0);
	assert_int_equal(rmdir("credentials"), 0);
}

#define FIRST(more) URL STORE KEYS ALLOW "login \"first\" {\n" more "\n}\n"
#define PUBLIC_URL(url) "public_url = \"" url "\"\n" STORE KEYS LOGIN ALLOW

/* clang-format off */
static const struct {
	const char *text;
	const char *want;
} mistakes[] = {
	/* the file as a whole */
	{"",                                   "proofkey.conf:1: public_url is missing"},
	{"nonsense",                           "proofkey.conf:1: no such option 'nonsense'"},
	{ALL "unknown = 1\n",                  "proofkey.conf:10: no such option 'unknown'"},
	{ALL "Listen = \"x\"\n",               "proofkey.conf:10: no such option 'Listen'"},
	{FIRST(CLIENT "unknown = 1"),          "proofkey.conf:6: no such option 'unknown'"},
	{ALL "allowed { }\n",                  "proofkey.conf:10: no such option 'allowed'"},
	{ALL "listen \"x\"\n",                 "proofkey.conf:10: missing equal sign"},
	{ALL "listen = \"x\n",                 "proofkey.conf:"},
	{ALL "login \"x\" {\n",                "proofkey.conf:"},
	{ALL "}\n",                            "proofkey.conf:10: "},
	{ALL "fronts = \"many\"\n",            "proofkey.conf:10: invalid integer value for option 'fronts'"},
	{ALL "fronts = 1.5\n",                 "proofkey.conf:10: invalid integer value for option 'fronts'"},
	{ALL "fronts = 99999999999999999999\n", "proofkey.conf:10: integer value for option 'fronts' is out of range"},
	{ALL "explain_to_users = maybe\n",     "proofkey.conf:10: invalid boolean value for option 'explain_to_users'"},
	{ALL "log_level = \"Info\"\n",          "proofkey.conf:10: log_level: it is \"error\""},
	{ALL "log_level = \"\"\n",              "proofkey.conf:10: log_level: it is \"error\""},
	{ALL "trusted_proxies = \n",           "proofkey.conf:"},

	/* given twice */
	{URL ALL,                              "proofkey.conf:2: public_url is given twice"},
	{ALL "fronts = 1\nfronts = 2\n",       "proofkey.conf:11: fronts is given twice"},
	{ALL ALLOW,                            "proofkey.conf:10: allow is given twice"},
	{ALL LOGIN,                            "found duplicate title 'first'"},
	{FIRST(CLIENT "client_secret = \"hush\"\nclient_secret = \"hush2\""), "proofkey.conf:7: client_secret is given twice"},

	/* public_url */
	{STORE KEYS LOGIN ALLOW,               "public_url is missing"},
	{PUBLIC_URL(""),                       "public_url is missing"},
	{PUBLIC_URL("/"),                      "public_url is missing"},
	{PUBLIC_URL("app.example.com"),        "proofkey.conf:1: public_url: it is scheme and host"},
	{PUBLIC_URL("//app.example.com"),      "proofkey.conf:1: public_url: it is scheme and host"},
	{PUBLIC_URL("https://"),               "proofkey.conf:1: public_url: it is scheme and host"},
	{PUBLIC_URL("https://app.example.com/x"), "proofkey.conf:1: public_url: it is scheme and host"},
	{PUBLIC_URL("https://app.example.com//"), "proofkey.conf:1: public_url: it is scheme and host"},
	{PUBLIC_URL("https://app.example.com?x"), "proofkey.conf:1: public_url: it is scheme and host"},
	{PUBLIC_URL("https://app.example.com#x"), "proofkey.conf:1: public_url: it is scheme and host"},
	{PUBLIC_URL("https://u@app.example.com"), "proofkey.conf:1: public_url: it is scheme and host"},
	{PUBLIC_URL("https://App.example.com"), "proofkey.conf:1: public_url: it is scheme and host"},
	{PUBLIC_URL("HTTPS://app.example.com"), "proofkey.conf:1: public_url: it is scheme and host"},
	{PUBLIC_URL("https://app.example.com:443"), "proofkey.conf:1: public_url: it is scheme and host"},
	{PUBLIC_URL("http://localhost:80"),    "proofkey.conf:1: public_url: it is scheme and host"},
	{PUBLIC_URL("https://app.example.com:0"), "proofkey.conf:1: public_url: it is scheme and host"},
	{PUBLIC_URL("https://app.example.com:"), "proofkey.conf:1: public_url: it is scheme and host"},
	{PUBLIC_URL("https://app.example.com:08443"), "proofkey.conf:1: public_url: it is scheme and host"},
	{PUBLIC_URL("https://app.example.com:65536"), "proofkey.conf:1: public_url: it is scheme and host"},
	{PUBLIC_URL("https://app.example.com:x"), "proofkey.conf:1: public_url: it is scheme and host"},
	{PUBLIC_URL("https://app<b>.example.com"), "proofkey.conf:1: public_url: it is scheme and host"},
	{PUBLIC_URL("https://b\xc3\xbc" "cher.example"), "proofkey.conf:1: public_url: it is scheme and host"},
	{PUBLIC_URL("https://*.example.com"),  "proofkey.conf:1: public_url: it is scheme and host"},
	{PUBLIC_URL("https://[::1]x"),         "proofkey.conf:1: public_url: it is scheme and host"},
	{PUBLIC_URL("ftp://app.example.com"),  "proofkey.conf:1: public_url: it is scheme and host"},
	{PUBLIC_URL("javascript://app"),       "proofkey.conf:1: public_url: it is scheme and host"},
	{PUBLIC_URL("http://app.example.com"), "proofkey.conf:1: public_url: plain http is for loopback"},
	{PUBLIC_URL("http://127.0.0.1.example.com"), "proofkey.conf:1: public_url: plain http is for loopback"},
	{PUBLIC_URL("http://10.0.0.1"),        "proofkey.conf:1: public_url: plain http is for loopback"},

	/* numbers and texts */
	{ALL "fronts = -1\n",                  "proofkey.conf:10: fronts: from 1 to 64"},
	{ALL "\nfronts = 65\n",                "proofkey.conf:11: fronts: from 1 to 64"},
	{ALL "session_lifetime = 59\n",        "proofkey.conf:10: session_lifetime: seconds from 60 to"},
	{ALL "session_lifetime = 31622401\n",  "proofkey.conf:10: session_lifetime: seconds from 60 to"},
	{ALL "attempt_lifetime = 29\n",        "proofkey.conf:10: attempt_lifetime: seconds from 30 to 86400"},
	{ALL "attempt_lifetime = 86401\n",     "proofkey.conf:10: attempt_lifetime: seconds from 30 to 86400"},
	{ALL "sandbox = \"127.0.0.1:9400\"\n", "proofkey.conf:10: sandbox: it is the address of `proofkey sandbox`"},
	{ALL "sandbox = \"http://127.0.0.1:9400/x\"\n", "proofkey.conf:10: sandbox: it is the address"},
	{URL KEYS LOGIN ALLOW,                 "store is missing"},
	{URL STORE LOGIN ALLOW,                "keys is missing: make a key ring with `proofkey keys new FILE`"},
	{URL STORE "keys = \"\"\n" LOGIN ALLOW, "keys is missing"},
	{URL STORE "keys = \"none\"\n" LOGIN ALLOW, "proofkey.conf:3: keys: key ring none: No such file"},
	{URL STORE "keys = \"proofkey.conf\"\n" LOGIN ALLOW, "proofkey.conf:3: keys: key ring proofkey.conf: "},
	{ALL "trusted_proxies = {\"10.0.0.0/33\"}\n", "proofkey.conf:10: trusted_proxies: \"10.0.0.0/33\" is no address"},
	{ALL "trusted_proxies = {\"127.0.0.1\", \"localhost\"}\n", "proofkey.conf:10: trusted_proxies: \"localhost\" is no address"},
	{ALL "return_to_origins = {\"https://x.example/\"}\n", "proofkey.conf:10: return_to_origins: \"https://x.example/\" is no origin"},
	{ALL "return_to_origins = {\"https://*.example.com\"}\n", "proofkey.conf:10: return_to_origins: \"https://*.example.com\" is no origin"},
	{ALL "return_to_origins = {\"https://X.example\"}\n", "proofkey.conf:10: return_to_origins: "},
	{ALL "return_to_origins = {\"\"}\n",   "proofkey.conf:10: return_to_origins: \"\" is no origin"},

	/* allow */
	{URL STORE KEYS LOGIN,                 "nobody may sign in"},
	{URL STORE KEYS LOGIN "allow { }\n",   "nobody may sign in"},
	{URL STORE KEYS LOGIN "allow {\n\nsubjects = {\"first/ada\", \"ada\"} }\n", "proofkey.conf:11: subjects: \"ada\" is not LOGIN/SUBJECT"},
	{URL STORE KEYS LOGIN "allow { subjects = {\"first*\"} }\n", "proofkey.conf:9: subjects: \"first*\" is not LOGIN/SUBJECT"},
	{URL STORE KEYS LOGIN "allow {\nemails = {" "\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\","
	 "\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\"} }\n", "proofkey.conf:10: emails: at most 32 are possible"},

	/* login */
	{URL STORE KEYS ALLOW,                 "there is no login"},
	{URL STORE KEYS ALLOW "login { }\n",   "proofkey.conf:5: missing title for section 'login'"},
	{URL STORE KEYS ALLOW "login \"First\" {\n}\n", "a login's name is a to z, 0 to 9, - and _"},
	{URL STORE KEYS ALLOW "login \"a/b\" {\n}\n", "a login's name is a to z, 0 to 9, - and _"},
	{URL STORE KEYS ALLOW "login \"..\" {\n}\n", "a login's name is a to z, 0 to 9, - and _"},
	{URL STORE KEYS ALLOW "login \"\" {\n}\n", "a login's name is a to z, 0 to 9, - and _"},
	{URL STORE KEYS ALLOW "login \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\" {\n}\n", "at most 64"},
	{FIRST(""),                            "login \"first\" has no provider"},
	{FIRST("provider = \"\""),             "login \"first\" has no provider"},
	{FIRST("\nprovider = \"nobody\""),     "proofkey.conf:7: provider: "},
	{FIRST("provider = \"../keys\""),      "proofkey.conf:6: provider: "},
	{FIRST("provider = \"rfc7636\""),      "client_id"},
	{FIRST("provider = \"rfc7636\"\nclient_id = \"\""), "proofkey.conf:7: client_id: "},
	{FIRST("provider = \"rfc7636\"\nclient_id = \"${CONFIG_TEST_UNSET}\""), "proofkey.conf:7: client_id: "},
	{FIRST(CLIENT "client_secret = \"\""), "proofkey.conf:6: client_secret: it is empty; is the environment variable set?"},
	{FIRST(CLIENT "client_secret = \"${CONFIG_TEST_UNSET}\""), "proofkey.conf:6: client_secret: it is empty"},
	{FIRST(CLIENT "client_secret = \"${CONFIG_TEST_EMPTY}\""), "proofkey.conf:6: client_secret: it is empty"},
	{FIRST(CLIENT "\nclient_secret = \"hush\"\nclient_secret_file = \"secret\""), "proofkey.conf:7: client_secret: client_secret and client_secret_file are two sources"},
	{FIRST("provider = \"tiktok\" client_id = \"x\""), "proofkey.conf:6: provider: TikTok needs client_secret or client_secret_file"},
	{FIRST("provider = \"rfc7636\" client_id = \"x\""), "proofkey.conf:7: host: "},
	{FIRST(CLIENT "refreshes_at_once = 0"), "refreshes_at_once: from 1 to 256"},
	{FIRST(CLIENT "refreshes_at_once = 257"), "refreshes_at_once: from 1 to 256"},
	{FIRST("provider = \"rfc7636\" client_id = \"x\"\nhost = \"a/b\""), "proofkey.conf:7: host: "},
	{PROVIDERS FIRST("provider = \"x\" client_id = \"x\"\nclient_secret = \"hush\""), "proofkey.conf:8: client_secret: Mine takes no client secret"},
	{FIRST("provider = \"genesys\" client_id = \"x\"\nregion = \"moon\" client_secret = \"hush\""), "proofkey.conf:7: region: "},
	{FIRST("provider = \"genesys\" client_id = \"x\"\ntenant = \"demo\" client_secret = \"hush\""), "proofkey.conf:7: tenant: "},
	{FIRST("provider = \"keycloak\" host = \"a.example\" client_id = \"x\"\ntenant = \"../x\" client_secret = \"hush\""), "proofkey.conf:7: tenant: "},
	{PUBLIC_URL("http://127.0.0.1:4180") "login \"second\" { provider = \"genesys\" client_id = \"x\" }\n"
	 "login \"third\" { provider = \"tiktok\" client_id = \"x\" client_secret = \"hush\" }\n", "proofkey.conf:1: public_url: login \"third\": a redirect URI begins with https://"},
};
/* clang-format on */

static void mistakes_are_told_with_their_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++)
		assert_refused(mistakes[i].text, mistakes[i].want);
}

/* A list may be long without losing the lines of what follows it. */
static void long_lists_keep_the_lines(void **state)
{
	static char text[65536];
	size_t len = (size_t)snprintf(text, sizeof(text), ALL "trusted_proxies = {");

	(void)state;
	for (int i = 0; i < 2000; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "\"10.0.0.1\",\n");
	(void)snprintf(text + len, sizeof(text) - len, "\"10.0.0.1\"}\nfronts = 99\n");
	assert_refused(text, "proofkey.conf:2011: fronts: ");
}

static void a_file_that_is_not_there(void **state)
{
	(void)state;
	(void)unlink(FILE_NAME);
	assert_null(config_load(FILE_NAME, error, sizeof(error)));
	assert_string_equal(error, "proofkey.conf: No such file or directory");
	assert_int_equal(mkdir(FILE_NAME, 0700), 0);
	assert_null(config_load(FILE_NAME, error, sizeof(error)));
	assert_string_equal(error, "proofkey.conf: it is not a regular file");
	assert_int_equal(rmdir(FILE_NAME), 0);
}

static void a_key_ring_that_others_can_read(void **state)
{
	(void)state;
	assert_true(keyring_create("loose", error, sizeof(error)));
	assert_int_equal(chmod("loose", 0640), 0);
	assert_refused(URL STORE "keys = \"loose\"\n" LOGIN ALLOW,
		       "proofkey.conf:3: keys: key ring loose: others than its owner");
	assert_int_equal(unlink("loose"), 0);
}

/* A mistake in a dialect of the operator's own is told with its file and line. */
static void a_mistake_in_a_dialect(void **state)
{
	static const char text[] = URL STORE KEYS ALLOW PROVIDERS
		"login \"first\" { provider = \"y\" client_id = \"x\" }\n";

	(void)state;
	write_file("providers/y.conf", "title = \"Mine\"\nnonsense = 1\n", 28);
	assert_refused(text, "proofkey.conf:6: provider: providers/y.conf:2: ");
	assert_int_equal(unlink("providers/y.conf"), 0);
	assert_refused(text, "proofkey.conf:6: provider: ");
}

static void one_of(const char *before, char c, size_t count, const char *after, char *text,
		   size_t size)
{
	const int len = snprintf(text, size, "%s", before);

	memset(text + len, c, count);
	(void)snprintf(text + (size_t)len + count, size - (size_t)len - count, "%s", after);
}

/* What would be cut, or stop the start later with nothing that a person understands. */
static void texts_have_an_end(void **state)
{
	static char text[200000];

	(void)state;
	one_of(URL KEYS LOGIN ALLOW "store = \"sqlite:", 's', 512, "\"\n", text, sizeof(text));
	assert_refused(text, "proofkey.conf:9: store: at most 511 bytes");
	one_of(STORE KEYS LOGIN ALLOW "public_url = \"https://", 'a', 254, ".example\"\n", text,
	       sizeof(text));
	assert_refused(text, "proofkey.conf:9: public_url: it is scheme and host");
	one_of(URL STORE KEYS ALLOW "login \"first\" { provider = \"rfc7636\" " HOST
				    "\nclient_id = \"",
	       'i', 100000, "\" }\n", text, sizeof(text));
	assert_refused(text, "is longer than 32768 bytes");
	one_of(URL STORE KEYS ALLOW "login \"first\" { " CLIENT "client_secret = \"", 'h', 40000,
	       "\" }\n", text, sizeof(text));
	assert_refused(text, "is longer than 32768 bytes");
}

/* Twice in one process, since SIGHUP reads it again; each with its own texts. */
static void it_is_read_again(void **state)
{
	struct config *first = load_good(ALL);
	struct config *second = load_good(ALL "fronts = 2\n");

	(void)state;
	assert_refused("public_url = 1\n", "public_url");
	assert_int_equal(config_settings(first)->fronts, 0);
	assert_int_equal(config_settings(second)->fronts, 2);
	config_free(first);
	assert_text(config_settings(second)->login[0].secret.text, "hush-hush-hush");
	config_free(second);
	config_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_given_has_a_default),
		cmocka_unit_test(every_key_is_read),
		cmocka_unit_test(the_environment_is_expanded),
		cmocka_unit_test(a_secret_may_stand_in_a_file),
		cmocka_unit_test(a_secrets_file_has_a_secret),
		cmocka_unit_test(a_secrets_file_is_its_owners_alone),
		cmocka_unit_test(secrets_may_be_credentials),
		cmocka_unit_test(mistakes_are_told_with_their_line),
		cmocka_unit_test(long_lists_keep_the_lines),
		cmocka_unit_test(a_file_that_is_not_there),
		cmocka_unit_test(a_key_ring_that_others_can_read),
		cmocka_unit_test(a_mistake_in_a_dialect),
		cmocka_unit_test(texts_have_an_end),
		cmocka_unit_test(it_is_read_again),
	};

	return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}

/*
 * The configuration. libconfuse reads it (titled sections, ${ENVIRONMENT}, line numbers); what the
 * values mean is checked here, so that a mistake is told at the start, with its line, and not by a
 * failed login a week later.
 */
#include "gateway/config.h"
#include "base/text.h"
#include "gateway/broker_address.h"
#include "gateway/broker_key.h"
#include "gateway/log.h"
#include "gateway/origin.h"
#include "gateway/proxy.h"
#include "gateway/session.h"
#include "io/dialect_file.h"
#include "io/message.h"
#include "vault/private_file.h"

#include <confuse.h>
#include <errno.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SECRET_MAX 4096
#define SESSION_LIFETIME_DEFAULT (12 * 3600)
#define ATTEMPT_LIFETIME_DEFAULT 600
#define LINES_MAX 1024

/* Where an option was given: libconfuse knows it only while it parses. */
struct line {
	const cfg_opt_t *opt;
	int line;
};

struct config {
	struct settings settings;
	cfg_t *cfg;
	const char *file;
	struct dialect_file dialect[LOGINS_MAX];
	char redirect_uri[LOGINS_MAX][512];
	char *secret[LOGINS_MAX]; /* of client_secret_file; sodium_malloc */
	struct line lines[LINES_MAX];
	size_t line_count;
	char *error;
	size_t error_size;
};

/* libconfuse's callbacks carry no argument; the configuration is read by one thread, once at a
 * time. */
static struct config *reading;

/* 0 where it was not given. */
static int line_of(const struct config *config, const cfg_opt_t *opt)
{
	for (size_t i = 0; i < config->line_count; i++)
		if (config->lines[i].opt == opt)
			return config->lines[i].line;
	return 0;
}

/* Called for each value. A second one, but of a list, would take the first away unseen. */
static int remember_line(cfg_t *cfg, cfg_opt_t *opt)
{
	const bool again = line_of(reading, opt) != 0;

	if (again && !(opt->flags & CFGF_LIST)) {
		cfg_error(cfg, "%s is given twice", opt->name);
		return -1;
	}
	if (!again && reading->line_count < LINES_MAX)
		reading->lines[reading->line_count++] = (struct line){opt, cfg->line};
	return 0;
}

static void on_parse_error(cfg_t *cfg, const char *format, va_list args)
{
	char text[256];

	if (reading->error[0])
		return;
	(void)vsnprintf(text, sizeof(text), format, args);
	(void)snprintf(reading->error, reading->error_size, "%s:%d: %s", reading->file,
		       cfg ? cfg->line : 1, text);
}

/* Says what is wrong with option `name` of `section` and where it stands. */
__attribute__((format(printf, 4, 5))) static bool refuse(struct config *config, cfg_t *section,
							 const char *name, const char *format, ...)
{
	char text[384];
	va_list args;
	const int line = name ? line_of(config, cfg_getopt(section, name)) : 0;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	(void)snprintf(config->error, config->error_size, "%s:%d: %s%s%s", config->file,
		       line ? line : section->line, name ? name : "", name ? ": " : "", text);
	return false;
}

static struct pk_str text_of(cfg_t *section, const char *name)
{
	const char *text = cfg_getstr(section, name);

	return text ? pk_str(text) : PK_STR("");
}

static bool take_list(struct config *config, cfg_t *section, const char *name, struct pk_list *ret)
{
	*ret = (struct pk_list){0};
	for (unsigned i = 0; i < cfg_size(section, name); i++)
		if (pk_list_add(ret, pk_str(cfg_getnstr(section, name, i))) != PK_OK)
			return refuse(config, section, name, "at most %d are possible",
				      PK_LIST_MAX);
	return true;
}

static bool take_seconds(struct config *config, const char *name, int64_t least, int64_t most,
			 int64_t *ret)
{
	*ret = cfg_getint(config->cfg, name);
	if (*ret < least || *ret > most)
		return refuse(config, config->cfg, name, "seconds from %lld to %lld",
			      (long long)least, (long long)most);
	return true;
}

static bool take_public_url(struct config *config)
{
	struct pk_str url = text_of(config->cfg, "public_url");

	if (pk_str_ends(url, PK_STR("/")))
		url.len--;
	if (!url.len)
		return refuse(config, config->cfg, NULL,
			      "public_url is missing: where browsers reach this gateway, "
			      "public_url = \"https://app.example.com\"");
	if (!origin_valid(url))
		return refuse(config, config->cfg, "public_url",
			      "it is scheme and host (and port) as browsers write them, in small "
			      "letters: \"https://app.example.com\"");
	if (pk_str_starts(url, PK_STR("http://")) && !pk_uri_is_loopback(url))
		return refuse(config, config->cfg, "public_url",
			      "plain http is for loopback addresses: cookies must not cross a "
			      "network in the clear");
	config->settings.public_url = url;
	return true;
}

/* Reads a secret's file into locked memory, without its final newline. */
static bool read_secret(struct config *config, cfg_t *section, size_t index, struct pk_secret *ret)
{
	const char *path = cfg_getstr(section, "client_secret_file");
	struct pk_buf text;
	const char *problem;

	config->secret[index] = sodium_malloc(SECRET_MAX);
	text = pk_buf(config->secret[index], config->secret[index] ? SECRET_MAX : 0);
	problem = text.cap ? private_file_read(path, &text) : "out of memory";
	if (problem)
		return refuse(config, section, "client_secret_file", "%s: %s", path, problem);
	ret->text = pk_str_trim(pk_buf_str(&text));
	if (!ret->text.len)
		return refuse(config, section, "client_secret_file", "%s is empty", path);
	for (size_t i = 0; i < ret->text.len; i++)
		if ((unsigned char)ret->text.ptr[i] < 0x20 || ret->text.ptr[i] == 0x7f)
			return refuse(config, section, "client_secret_file",
				      "%s has control characters; is it one line of text?", path);
	return true;
}

static bool take_secret(struct config *config, cfg_t *section, size_t index, struct pk_secret *ret)
{
	const bool given =
		cfg_size(section, "client_secret") > 0 && cfg_getstr(section, "client_secret");
	const bool in_file = cfg_size(section, "client_secret_file") > 0 &&
			     cfg_getstr(section, "client_secret_file");

	if (given && in_file)
		return refuse(
			config, section, "client_secret",
			"client_secret and client_secret_file are two sources for one secret");
	if (in_file)
		return read_secret(config, section, index, ret);
	ret->text = text_of(section, "client_secret");
	if (given && !ret->text.len)
		return refuse(config, section, "client_secret",
			      "it is empty; is the environment variable set?");
	return true;
}

/* A login's name stands in paths, cookies and logs. */
static bool is_name(struct pk_str name)
{
	for (size_t i = 0; i < name.len; i++) {
		const char c = name.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'))
			return false;
	}
	return name.len > 0 && name.len <= SESSION_LOGIN_MAX;
}

/* Whether the client's way to prove itself exists at this provider at all. */
static bool check_auth(struct config *config, cfg_t *section, const struct login_settings *login)
{
	const struct pk_list *ways = &login->dialect.client_auth;
	const bool public = pk_list_has(ways, PK_STR("none"));

	if (!login->secret.text.len && !public)
		return refuse(config, section, "provider",
			      "%.*s needs client_secret or client_secret_file",
			      PK_ARG(login->dialect.title));
	if (login->secret.text.len && public && ways->count == 1)
		return refuse(config, section, "client_secret", "%.*s takes no client secret",
			      PK_ARG(login->dialect.title));
	return true;
}

/* Where signing out leads: the login's own word, or else the gateway's. A provider whose endpoints are
 * known and which has none for it is no mistake of the gateway's default, but of the login. */
static bool take_logout(struct config *config, cfg_t *section, struct login_settings *login)
{
	const struct pk_str own = text_of(section, "logout");
	const struct pk_str word = own.len ? own : text_of(config->cfg, "logout");

	login->ends_there = pk_str_equal(word, PK_STR("provider"));
	if (!login->ends_there && !pk_str_equal(word, PK_STR("here")))
		return refuse(config, own.len ? section : config->cfg, "logout",
			      "it is \"provider\" or \"here\"");
	if (own.len && login->ends_there && !settings_is_discovered(login) &&
	    !login->dialect.end_session_url.len)
		return refuse(config, section, "logout", "%.*s has no address to sign out at",
			      PK_ARG(login->dialect.title));
	return true;
}

/* What only some providers have, and who signs in there at all. What a provider is yet to say of itself
 * cannot be held against the login here. */
static bool check_discovery(struct config *config, cfg_t *section,
			    const struct login_settings *login)
{
	const struct pk_dialect *dialect = &login->dialect;

	if (settings_is_discovered(login))
		return true;
	if (login->login.issuer.len)
		return refuse(config, section, "issuer",
			      "%.*s is known by its endpoints; an issuer is for providers that are "
			      "found by it",
			      PK_ARG(dialect->title));
	if (login->pushed && !dialect->par_url.len)
		return refuse(config, section, "pushed",
			      "%.*s takes no pushed authorization requests",
			      PK_ARG(dialect->title));
	if (!dialect->userinfo_url.len && !dialect->token_subject.len &&
	    !pk_login_has_id_token(&login->login))
		return refuse(
			config, section, NULL,
			"login \"%s\": %.*s says who signed in by the ID token alone, which comes "
			"with the scope openid",
			cfg_title(section), PK_ARG(dialect->title));
	return true;
}

static bool take_login(struct config *config, cfg_t *section, size_t index)
{
	struct login_settings *login = &config->settings.login[index];
	struct pk_buf redirect_uri =
		pk_buf(config->redirect_uri[index], sizeof(config->redirect_uri[index]));
	const char *providers = cfg_getstr(config->cfg, "providers");
	char error[256] = "";
	struct pk_why why;

	login->login.name = pk_str(cfg_title(section));
	if (!is_name(login->login.name))
		return refuse(config, section, NULL,
			      "a login's name is a to z, 0 to 9, - and _, at most %d",
			      SESSION_LOGIN_MAX);
	if (!text_of(section, "provider").len)
		return refuse(config, section, NULL,
			      "login \"%s\" has no provider; `proofkey provider list` shows them",
			      cfg_title(section));
	if (!dialect_load(providers, text_of(section, "provider"), &config->dialect[index], error,
			  sizeof(error)))
		return refuse(config, section, "provider", "%s", error);
	login->dialect = config->dialect[index].dialect;
	login->dialect_text = config->dialect[index].text;
	if (!take_secret(config, section, index, &login->secret) ||
	    !take_list(config, section, "scopes", &login->login.scopes))
		return false;
	if (!check_auth(config, section, login))
		return false;

	pk_buf_put(&redirect_uri, config->settings.public_url);
	pk_buf_put(&redirect_uri, PK_STR("/callback/"));
	pk_buf_put(&redirect_uri, login->login.name);
	if (redirect_uri.overflow)
		return refuse(config, config->cfg, "public_url", "it is too long");
	login->login.redirect_uri = pk_buf_str(&redirect_uri);
	login->login.dialect = &login->dialect;
	login->login.client_id = text_of(section, "client_id");
	login->login.host = text_of(section, "host");
	login->login.region = text_of(section, "region");
	login->login.tenant = text_of(section, "tenant");
	login->login.issuer = text_of(section, "issuer");
	login->login.sandbox = text_of(config->cfg, "sandbox");
	login->pushed = cfg_getbool(section, "pushed");
	login->refreshes_at_once = cfg_getint(section, "refreshes_at_once");
	if (login->refreshes_at_once < 1 || login->refreshes_at_once > REFRESHES_AT_ONCE_MAX)
		return refuse(config, section, "refreshes_at_once", "from 1 to %d",
			      REFRESHES_AT_ONCE_MAX);
	if (!check_discovery(config, section, login) || !take_logout(config, section, login))
		return false;
	switch (pk_login_check(&login->login, &why)) {
	case PK_OK:
		return true;
	case PK_ERR_REDIRECT_URI:
		return refuse(config, config->cfg, "public_url", "login \"%s\": %s",
			      cfg_title(section), why.detail);
	default:
		if (why.parameter && cfg_getopt(section, why.parameter))
			return refuse(config, section, why.parameter, "%s", why.detail);
		return refuse(config, section, NULL, "login \"%s\": %s", cfg_title(section),
			      why.detail);
	}
}

static bool take_logins(struct config *config)
{
	const unsigned count = cfg_size(config->cfg, "login");

	if (!count)
		return refuse(config, config->cfg, NULL,
			      "there is no login: login \"name\" { provider = \"...\" client_id = "
			      "\"...\" }");
	if (count > LOGINS_MAX)
		return refuse(config, config->cfg, NULL, "more than %d logins", LOGINS_MAX);
	for (unsigned i = 0; i < count; i++)
		if (!take_login(config, cfg_getnsec(config->cfg, "login", i), i))
			return false;
	config->settings.login_count = count;
	return true;
}

static bool check_broker_logins(struct config *config, cfg_t *section, const struct broker_key *key)
{
	for (size_t i = 0; i < key->logins.count; i++)
		if (!settings_login(&config->settings, key->logins.item[i]))
			return refuse(config, section, "logins", "there is no login \"%.*s\"",
				      PK_ARG(key->logins.item[i]));
	return key->logins.count > 0 ||
	       refuse(config, section, NULL,
		      "broker_key \"%s\" has no logins: whose tokens may it ask for?",
		      cfg_title(section));
}

/* Who is asked which of two keys a program has must know. */
static bool check_broker_secret(struct config *config, cfg_t *section, const struct broker_key *key)
{
	for (const struct broker_key *other = config->settings.broker_key; other < key; other++)
		if (sodium_memcmp(other->known, key->known, sizeof(key->known)) == 0)
			return refuse(config, section, "secret_file",
				      "broker_key \"%.*s\" has the same secret",
				      PK_ARG(other->name));
	return true;
}

static bool take_broker_key(struct config *config, cfg_t *section, struct broker_key *key)
{
	const char *path = cfg_getstr(section, "secret_file");
	const char *problem;

	key->name = pk_str(cfg_title(section));
	if (!is_name(key->name))
		return refuse(config, section, NULL,
			      "a broker key's name is a to z, 0 to 9, - and _, at most %d",
			      SESSION_LOGIN_MAX);
	if (!path || !path[0])
		return refuse(config, section, NULL, "broker_key \"%s\" has no secret_file",
			      cfg_title(section));
	if (!take_list(config, section, "logins", &key->logins) ||
	    !check_broker_logins(config, section, key))
		return false;
	problem = broker_key_read(path, key);
	if (problem)
		return refuse(config, section, "secret_file", "%s: %s", path, problem);
	return check_broker_secret(config, section, key);
}

static bool take_broker(struct config *config)
{
	struct settings *settings = &config->settings;
	const unsigned count = cfg_size(config->cfg, "broker_key");
	const char *problem;

	settings->broker = text_of(config->cfg, "broker");
	if (!settings->broker.len && !count)
		return true;
	problem = settings->broker.len ? broker_address_check(settings->broker) : NULL;
	if (problem)
		return refuse(config, config->cfg, "broker", "%s", problem);
	if (!settings->broker.len)
		return refuse(config, cfg_getnsec(config->cfg, "broker_key", 0), NULL,
			      "a broker_key without a broker: broker = "
			      "\"unix:/run/proofkey/broker.sock\"");
	if (!count)
		return refuse(config, config->cfg, "broker",
			      "nobody may ask it: broker_key \"name\" { secret_file = \"FILE\" "
			      "logins = {\"LOGIN\"} }");
	if (count > BROKER_KEYS_MAX)
		return refuse(config, config->cfg, "broker", "more than %d keys", BROKER_KEYS_MAX);
	for (; settings->broker_key_count < count; settings->broker_key_count++)
		if (!take_broker_key(config,
				     cfg_getnsec(config->cfg, "broker_key",
						 (unsigned)settings->broker_key_count),
				     &settings->broker_key[settings->broker_key_count]))
			return false;
	return true;
}

/* "*", or a login and a subject: a pattern that names none would match nobody, ever. */
static bool check_subjects(struct config *config, cfg_t *allow)
{
	const struct pk_list *subjects = &config->settings.allow_subjects;

	for (size_t i = 0; i < subjects->count; i++)
		if (!pk_str_equal(subjects->item[i], PK_STR("*")) &&
		    pk_str_find(subjects->item[i], '/') == subjects->item[i].len)
			return refuse(config, allow, "subjects",
				      "\"%.*s\" is not LOGIN/SUBJECT, nor \"*\" for everybody",
				      PK_ARG(subjects->item[i]));
	return true;
}

static bool take_allow(struct config *config)
{
	struct settings *settings = &config->settings;
	cfg_t *allow = cfg_getsec(config->cfg, "allow");

	if (!take_list(config, allow, "emails", &settings->allow_emails) ||
	    !take_list(config, allow, "subjects", &settings->allow_subjects) ||
	    !check_subjects(config, allow))
		return false;
	if (!settings->allow_emails.count && !settings->allow_subjects.count)
		return refuse(config, config->cfg, NULL,
			      "nobody may sign in: allow { emails = {\"*@example.com\"} } or { "
			      "subjects = {\"LOGIN/SUBJECT\"} }; "
			      "subjects = {\"*\"} lets everybody in whom a provider knows");
	return true;
}

static bool take_origins(struct config *config)
{
	struct settings *settings = &config->settings;

	if (!take_list(config, config->cfg, "trusted_proxies", &settings->trusted_proxies) ||
	    !take_list(config, config->cfg, "return_to_origins", &settings->return_to_origins))
		return false;
	for (size_t i = 0; i < settings->trusted_proxies.count; i++)
		if (!proxy_block_valid(settings->trusted_proxies.item[i]))
			return refuse(config, config->cfg, "trusted_proxies",
				      "\"%.*s\" is no address or block such as 10.0.0.0/8",
				      PK_ARG(settings->trusted_proxies.item[i]));
	for (size_t i = 0; i < settings->return_to_origins.count; i++)
		if (!origin_valid(settings->return_to_origins.item[i]))
			return refuse(config, config->cfg, "return_to_origins",
				      "\"%.*s\" is no origin such as https://app.example.com",
				      PK_ARG(settings->return_to_origins.item[i]));
	return true;
}

static bool take_keys(struct config *config)
{
	struct settings *settings = &config->settings;
	const char *path = cfg_getstr(config->cfg, "keys");
	struct keyring ring;
	char error[256] = "";

	if (!path || !path[0])
		return refuse(config, config->cfg, NULL,
			      "keys is missing: make a key ring with `proofkey keys new FILE` and "
			      "name it, keys = \"FILE\"");
	if (!keyring_load(path, &ring, error, sizeof(error)))
		return refuse(config, config->cfg, "keys", "%s", error);
	settings->session_keys.count =
		keyring_subkeys(&ring, "session", settings->session_keys.key);
	settings->attempt_keys.count =
		keyring_subkeys(&ring, "attempt", settings->attempt_keys.key);
	settings->vault_keys.count = keyring_subkeys(&ring, "vault", settings->vault_keys.key);
	settings->vault_keys.prepared = ring.prepared;
	keyring_wipe(&ring);
	if (!settings->session_keys.count || !settings->attempt_keys.count ||
	    !settings->vault_keys.count)
		return refuse(config, config->cfg, "keys", "the cryptographic library failed");
	return true;
}

/* Each process is told its part in one message of bounded texts: better refused here than there. */
static bool check_size(struct config *config)
{
	char *memory = sodium_malloc(SETTINGS_MAX);
	bool fits = memory != NULL;

	for (int role = 0; role < ROLES && fits; role++) {
		struct pk_buf out = pk_buf(memory, SETTINGS_MAX);

		settings_pack(&config->settings, (enum role)role, &out);
		fits = !out.overflow;
	}
	sodium_free(memory);
	return fits || refuse(config, config->cfg, NULL,
			      "a text or dialect is longer than %d bytes, or all of them than %u",
			      MESSAGE_MAX, SETTINGS_MAX);
}

static bool take_rest(struct config *config)
{
	struct settings *settings = &config->settings;
	const struct pk_str sandbox = text_of(config->cfg, "sandbox");

	settings->listen = text_of(config->cfg, "listen");
	settings->store = text_of(config->cfg, "store");
	settings->explain_to_users = cfg_getbool(config->cfg, "explain_to_users");
	settings->log_level = log_level_named(text_of(config->cfg, "log_level"));
	if (settings->log_level == LOG_LEVELS)
		return refuse(config, config->cfg, "log_level",
			      "it is \"error\", \"warn\", \"info\" or \"debug\"");
	settings->logout_revokes = cfg_getbool(config->cfg, "logout_revokes");
	settings->fronts = cfg_getint(config->cfg, "fronts");
	if (settings->fronts < 0 || settings->fronts > FRONTS_MAX)
		return refuse(config, config->cfg, "fronts", "from 1 to %d, or 0 for one per core",
			      FRONTS_MAX);
	if (!settings->listen.len && line_of(config, cfg_getopt(config->cfg, "listen")))
		return refuse(config, config->cfg, "listen",
			      "it is empty; is the environment variable set?");
	if (!settings->store.len)
		return refuse(config, config->cfg, NULL,
			      "store is missing: store = \"sqlite:/var/lib/proofkey/vault.db\"");
	if (settings->store.len > STORE_MAX)
		return refuse(config, config->cfg, "store", "at most %d bytes", STORE_MAX);
	if (sandbox.len && !origin_valid(sandbox))
		return refuse(config, config->cfg, "sandbox",
			      "it is the address of `proofkey sandbox`: \"http://127.0.0.1:9400\"");
	return take_seconds(config, "session_lifetime", 60, 366 * 86400,
			    &settings->session_lifetime) &&
	       take_seconds(config, "attempt_lifetime", 30, 86400, &settings->attempt_lifetime);
}

/* The keys that there are. */
static bool declare(struct config *config)
{
	static cfg_opt_t login_opts[] = {
		CFG_STR("provider", NULL, CFGF_NONE),
		CFG_STR("client_id", NULL, CFGF_NONE),
		CFG_STR("client_secret", NULL, CFGF_NONE),
		CFG_STR("client_secret_file", NULL, CFGF_NONE),
		CFG_STR_LIST("scopes", NULL, CFGF_NONE),
		CFG_STR("host", NULL, CFGF_NONE),
		CFG_STR("region", NULL, CFGF_NONE),
		CFG_STR("tenant", NULL, CFGF_NONE),
		CFG_STR("issuer", NULL, CFGF_NONE),
		CFG_BOOL("pushed", cfg_false, CFGF_NONE),
		CFG_INT("refreshes_at_once", REFRESHES_AT_ONCE, CFGF_NONE),
		CFG_STR("logout", NULL, CFGF_NONE),
		CFG_END(),
	};
	static cfg_opt_t broker_key_opts[] = {
		CFG_STR("secret_file", NULL, CFGF_NONE),
		CFG_STR_LIST("logins", NULL, CFGF_NONE),
		CFG_END(),
	};
	static cfg_opt_t allow_opts[] = {
		CFG_STR_LIST("emails", NULL, CFGF_NONE),
		CFG_STR_LIST("subjects", NULL, CFGF_NONE),
		CFG_END(),
	};
	static cfg_opt_t opts[] = {
		CFG_STR("public_url", NULL, CFGF_NONE),
		CFG_STR("listen", NULL, CFGF_NONE),
		CFG_STR("broker", NULL, CFGF_NONE),
		CFG_STR("store", NULL, CFGF_NONE),
		CFG_STR("keys", NULL, CFGF_NONE),
		CFG_STR("providers", NULL, CFGF_NONE),
		CFG_STR("sandbox", NULL, CFGF_NONE),
		CFG_INT("fronts", 0, CFGF_NONE),
		CFG_INT("session_lifetime", SESSION_LIFETIME_DEFAULT, CFGF_NONE),
		CFG_INT("attempt_lifetime", ATTEMPT_LIFETIME_DEFAULT, CFGF_NONE),
		CFG_BOOL("explain_to_users", cfg_false, CFGF_NONE),
		CFG_STR("log_level", "info", CFGF_NONE),
		CFG_STR("logout", "provider", CFGF_NONE),
		CFG_BOOL("logout_revokes", cfg_true, CFGF_NONE),
		CFG_STR_LIST("trusted_proxies", NULL, CFGF_NONE),
		CFG_STR_LIST("return_to_origins", NULL, CFGF_NONE),
		CFG_SEC("allow", allow_opts, CFGF_NONE),
		CFG_SEC("login", login_opts, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
		CFG_SEC("broker_key", broker_key_opts,
			CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
		CFG_END(),
	};
	char path[64];

	config->cfg = cfg_init(opts, CFGF_NONE);
	if (!config->cfg)
		return false;
	cfg_set_error_function(config->cfg, on_parse_error);
	for (const cfg_opt_t *opt = opts; opt->name; opt++)
		if (opt->type != CFGT_SEC)
			cfg_set_validate_func(config->cfg, opt->name, remember_line);
	cfg_set_validate_func(config->cfg, "allow", remember_line);
	cfg_set_validate_func(config->cfg, "allow|emails", remember_line);
	cfg_set_validate_func(config->cfg, "allow|subjects", remember_line);
	cfg_set_validate_func(config->cfg, "broker_key|secret_file", remember_line);
	cfg_set_validate_func(config->cfg, "broker_key|logins", remember_line);
	for (const cfg_opt_t *opt = login_opts; opt->name; opt++) {
		(void)snprintf(path, sizeof(path), "login|%s", opt->name);
		cfg_set_validate_func(config->cfg, path, remember_line);
	}
	return true;
}

/* libconfuse ends the program when a read fails, so it is given nothing but a file. */
static FILE *open_file(const char *path)
{
	FILE *file = fopen(path, "re");
	struct stat status;

	if (!file)
		return NULL;
	if (fstat(fileno(file), &status) == 0 && S_ISREG(status.st_mode))
		return file;
	fclose(file);
	errno = EINVAL;
	return NULL;
}

static bool parse(struct config *config)
{
	FILE *file = open_file(config->file);
	int result;

	if (!file) {
		(void)snprintf(config->error, config->error_size, "%s: %s", config->file,
			       errno == EINVAL ? "it is not a regular file" : strerror(errno));
		return false;
	}
	result = declare(config) ? cfg_parse_fp(config->cfg, file) : CFG_PARSE_ERROR;
	fclose(file);
	if (result != CFG_SUCCESS && !config->error[0])
		(void)snprintf(config->error, config->error_size, "%s: cannot be read",
			       config->file);
	return result == CFG_SUCCESS;
}

struct config *config_load(const char *file, char *error, size_t error_size)
{
	struct config *config = sodium_malloc(sizeof(*config));

	error[0] = '\0';
	if (!config) {
		(void)snprintf(error, error_size, "%s: no locked memory for the configuration",
			       file);
		return NULL;
	}
	memset(config, 0, sizeof(*config));
	config->file = file;
	config->error = error;
	config->error_size = error_size;
	reading = config;
	if (parse(config) && take_public_url(config) && take_rest(config) && take_logins(config) &&
	    take_broker(config) && take_allow(config) && take_origins(config) &&
	    take_keys(config) && check_size(config)) {
		reading = NULL;
		return config;
	}
	reading = NULL;
	config_free(config);
	return NULL;
}

const struct settings *config_settings(const struct config *config)
{
	return &config->settings;
}

/* libconfuse keeps its own copy of a client_secret that stands in the file. */
static void wipe_secrets(cfg_t *cfg)
{
	for (unsigned i = 0; i < cfg_size(cfg, "login"); i++) {
		char *secret = cfg_getstr(cfg_getnsec(cfg, "login", i), "client_secret");

		if (secret)
			sodium_memzero(secret, strlen(secret));
	}
}

void config_free(struct config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < LOGINS_MAX; i++) {
		sodium_free(config->secret[i]);
		dialect_file_free(&config->dialect[i]);
	}
	if (config->cfg) {
		wipe_secrets(config->cfg);
		cfg_free(config->cfg);
	}
	sodium_free(config);
}

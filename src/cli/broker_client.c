/* The configuration's broker, and one HTTP request to it. What it answers is read with a limit. */
#include "cli/broker_client.h"
#include "base/text.h"
#include "vault/private_file.h"

#include <confuse.h>
#include <curl/curl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRET_MAX 1024
#define ANSWER_MAX (1u << 20) /* bytes */
#define SECONDS 100           /* longer than the keeper takes with a slow provider */

static const char bearer[] = "Authorization: Bearer ";

struct broker_client {
	char address[256];                        /* as in the configuration */
	char header[sizeof(bearer) + SECRET_MAX]; /* with the secret, in locked memory */
	char answer[ANSWER_MAX];
	struct pk_buf got;
};

/* What libconfuse complains of is kept here: its callback has no argument. */
static char problem[256];

static void on_parse_error(cfg_t *cfg, const char *format, va_list args)
{
	char text[160];

	(void)vsnprintf(text, sizeof(text), format, args);
	(void)snprintf(problem, sizeof(problem), "line %d: %s", cfg->line, text);
}

static bool refuse(char *error, size_t size, const char *config, const char *text, const char *what)
{
	(void)snprintf(error, size, "%s: %s%s", config, text, what);
	return false;
}

static bool take_secret(struct broker_client *client, const char *path, const char *config,
			char *error, size_t size)
{
	const size_t start = sizeof(bearer) - 1;
	struct pk_buf text = pk_buf(client->header + start, SECRET_MAX);
	const char *wrong = private_file_read(path, &text);
	const struct pk_str secret = pk_str_trim(pk_buf_str(&text));

	if (wrong) {
		(void)snprintf(error, size, "%s: secret_file %s: %s", config, path, wrong);
		return false;
	}
	memcpy(client->header, bearer, start);
	memmove(client->header + start, secret.ptr, secret.len);
	client->header[start + secret.len] = '\0';
	return true;
}

static bool take(struct broker_client *client, cfg_t *cfg, const char *key, const char *config,
		 char *error, size_t size)
{
	const char *address = cfg_getstr(cfg, "broker");
	cfg_t *section =
		key ? cfg_gettsec(cfg, "broker_key", key) : cfg_getnsec(cfg, "broker_key", 0);

	if (!address || !address[0] || strlen(address) >= sizeof(client->address))
		return refuse(error, size, config, "it has no broker", "");
	if (!section)
		return refuse(error, size, config, "it has no broker_key",
			      key ? " of that name" : "");
	if (!cfg_getstr(section, "secret_file"))
		return refuse(error, size, config, "its broker_key has no secret_file", "");
	(void)snprintf(client->address, sizeof(client->address), "%s", address);
	return take_secret(client, cfg_getstr(section, "secret_file"), config, error, size);
}

static bool read_config(struct broker_client *client, const char *config, const char *key,
			char *error, size_t size)
{
	cfg_opt_t key_opts[] = {CFG_STR("secret_file", NULL, CFGF_NONE), CFG_END()};
	cfg_opt_t none[] = {CFG_END()};
	cfg_opt_t opts[] = {
		CFG_STR("broker", NULL, CFGF_NONE),
		CFG_SEC("broker_key", key_opts, CFGF_MULTI | CFGF_TITLE),
		/* libconfuse passes over keys that it does not know, and not over sections. */
		CFG_SEC("allow", none, CFGF_NONE),
		CFG_SEC("login", none, CFGF_MULTI | CFGF_TITLE),
		CFG_END(),
	};
	cfg_t *cfg = cfg_init(opts, CFGF_IGNORE_UNKNOWN);
	bool good;

	if (!cfg)
		return refuse(error, size, config, "out of memory", "");
	problem[0] = '\0';
	cfg_set_error_function(cfg, on_parse_error);
	switch (cfg_parse(cfg, config)) {
	case CFG_SUCCESS:
		good = take(client, cfg, key, config, error, size);
		break;
	case CFG_FILE_ERROR:
		good = refuse(error, size, config, "it cannot be read", "");
		break;
	default:
		good = refuse(error, size, config, problem, "");
	}
	cfg_free(cfg);
	return good;
}

struct broker_client *broker_client_open(const char *config, const char *key, char *error,
					 size_t error_size)
{
	struct broker_client *client = sodium_malloc(sizeof(*client));

	if (!client) {
		(void)refuse(error, error_size, config, "out of memory", "");
		return NULL;
	}
	if (read_config(client, config, key, error, error_size))
		return client;
	broker_client_close(client);
	return NULL;
}

void broker_client_close(struct broker_client *client)
{
	sodium_free(client);
}

/* Less than all of it ends the exchange: the answer is larger than any of a broker's. */
static size_t on_bytes(char *bytes, size_t size, size_t count, void *arg)
{
	struct broker_client *client = arg;

	pk_buf_put(&client->got, (struct pk_str){bytes, size * count});
	return client->got.overflow ? 0 : size * count;
}

/* A unix socket has no host; the broker takes any there. */
static void aim(CURL *curl, const struct broker_client *client, const char *path)
{
	const struct pk_str address = pk_str(client->address);
	const bool is_unix = pk_str_starts(address, PK_STR("unix:"));
	char url[4096];

	(void)snprintf(url, sizeof(url), "http://%s%s", is_unix ? "localhost" : client->address,
		       path);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	if (is_unix)
		curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, client->address + 5);
}

long broker_client_ask(struct broker_client *client, const char *method, const char *path,
		       json_t **ret, char *error, size_t error_size)
{
	struct curl_slist *headers = curl_slist_append(NULL, client->header);
	CURL *curl = curl_easy_init();
	CURLcode result = CURLE_OUT_OF_MEMORY;
	long status = 0;

	*ret = NULL;
	client->got = pk_buf(client->answer, sizeof(client->answer));
	if (curl && headers) {
		aim(curl, client, path);
		curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
		curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
		curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
		curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)SECONDS);
		curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
		curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
		curl_easy_setopt(curl, CURLOPT_WRITEDATA, client);
		result = curl_easy_perform(curl);
	}
	if (result == CURLE_OK)
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	else
		(void)snprintf(error, error_size, "the broker at %s does not answer: %s",
			       client->address, curl_easy_strerror(result));
	if (headers)
		sodium_memzero(headers->data, strlen(headers->data));
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
	if (status)
		*ret = json_loadb(client->got.ptr, client->got.len, JSON_REJECT_DUPLICATES, NULL);
	return status;
}

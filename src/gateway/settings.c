/*
 * Settings on their way from the supervisor to its children: the same message format as between
 * front and keeper.
 */
#include "gateway/settings.h"
#include "base/text.h"
#include "gateway/log.h"
#include "io/message.h"

#include <string.h>

#define TEXT_MAX 65536

static void put_list(struct pk_buf *out, const struct pk_list *list)
{
	message_put_number(out, list->count);
	for (size_t i = 0; i < list->count; i++)
		message_put_str(out, list->item[i]);
}

static void get_list(struct message_reader *in, struct pk_list *ret)
{
	const uint64_t count = message_number(in);

	*ret = (struct pk_list){0};
	if (count > PK_LIST_MAX)
		in->bad = true;
	for (uint64_t i = 0; i < count && !in->bad; i++)
		ret->item[ret->count++] = message_str(in, TEXT_MAX);
}

static void put_keys(struct pk_buf *out, const struct keys *keys)
{
	message_put_str(
		out, (struct pk_str){(const char *)keys->key, keys->count * sizeof(keys->key[0])});
	message_put_number(out, keys->prepared);
}

static void get_keys(struct message_reader *in, struct keys *ret)
{
	const struct pk_str bytes = message_str(in, sizeof(ret->key));

	ret->count = bytes.len / sizeof(ret->key[0]);
	if (!ret->count || bytes.len % sizeof(ret->key[0]))
		in->bad = true;
	else
		memcpy(ret->key, bytes.ptr, bytes.len);
	ret->prepared = message_number(in) != 0;
}

/* All but the secret: a front can build and check what the browser sees. */
static void put_login(struct pk_buf *out, const struct login_settings *login)
{
	message_put_str(out, login->login.name);
	message_put_str(out, login->dialect.name);
	message_put_str(out, login->dialect_text);
	message_put_str(out, login->login.client_id);
	message_put_str(out, login->login.redirect_uri);
	put_list(out, &login->login.scopes);
	message_put_str(out, login->login.host);
	message_put_str(out, login->login.region);
	message_put_str(out, login->login.tenant);
	message_put_str(out, login->login.issuer);
	message_put_str(out, login->login.sandbox);
	message_put_number(out, login->pushed);
	message_put_number(out, (uint64_t)login->refreshes_at_once);
	message_put_number(out, login->ends_there);
}

static void get_login(struct message_reader *in, struct login_settings *ret)
{
	const struct pk_str name = message_str(in, TEXT_MAX);
	const struct pk_str dialect = message_str(in, TEXT_MAX);

	ret->dialect_text = message_str(in, TEXT_MAX);
	ret->login.name = name;
	ret->login.client_id = message_str(in, TEXT_MAX);
	ret->login.redirect_uri = message_str(in, TEXT_MAX);
	get_list(in, &ret->login.scopes);
	ret->login.host = message_str(in, TEXT_MAX);
	ret->login.region = message_str(in, TEXT_MAX);
	ret->login.tenant = message_str(in, TEXT_MAX);
	ret->login.issuer = message_str(in, TEXT_MAX);
	ret->login.sandbox = message_str(in, TEXT_MAX);
	ret->pushed = message_number(in) != 0;
	ret->refreshes_at_once = (int64_t)message_number(in);
	ret->ends_there = message_number(in) != 0;
	ret->login.dialect = &ret->dialect;
	if (in->bad || pk_dialect_parse(dialect, ret->dialect_text, &ret->dialect, NULL) != PK_OK)
		in->bad = true;
}

/* Each side of the broker's calls has the hash that it needs, and not the other's. */
static void put_broker_keys(struct pk_buf *out, const struct settings *settings, enum role role)
{
	message_put_number(out, settings->broker_key_count);
	for (size_t i = 0; i < settings->broker_key_count; i++) {
		const struct broker_key *key = &settings->broker_key[i];
		const uint8_t *hash = role == ROLE_KEEPER ? key->pass : key->known;

		message_put_str(out, key->name);
		put_list(out, &key->logins);
		message_put_str(out, (struct pk_str){(const char *)hash, BROKER_HASH});
	}
}

static void get_broker_keys(struct message_reader *in, struct settings *ret, enum role role)
{
	const uint64_t count = message_number(in);

	if (count > BROKER_KEYS_MAX)
		in->bad = true;
	for (uint64_t i = 0; i < count && !in->bad; i++) {
		struct broker_key *key = &ret->broker_key[ret->broker_key_count++];
		struct pk_str hash;

		key->name = message_str(in, TEXT_MAX);
		get_list(in, &key->logins);
		hash = message_str(in, BROKER_HASH);
		if (hash.len == BROKER_HASH)
			memcpy(role == ROLE_KEEPER ? key->pass : key->known, hash.ptr, BROKER_HASH);
		else
			in->bad = true;
	}
}

static void put_front(struct pk_buf *out, const struct settings *settings)
{
	put_list(out, &settings->trusted_proxies);
	put_list(out, &settings->return_to_origins);
	put_keys(out, &settings->session_keys);
	put_keys(out, &settings->attempt_keys);
}

static void get_front(struct message_reader *in, struct settings *ret)
{
	get_list(in, &ret->trusted_proxies);
	get_list(in, &ret->return_to_origins);
	get_keys(in, &ret->session_keys);
	get_keys(in, &ret->attempt_keys);
}

static void put_keeper(struct pk_buf *out, const struct settings *settings)
{
	message_put_str(out, settings->store);
	put_list(out, &settings->allow_emails);
	put_list(out, &settings->allow_subjects);
	message_put_number(out, settings->logout_revokes);
	put_keys(out, &settings->vault_keys);
	put_broker_keys(out, settings, ROLE_KEEPER);
}

static void get_keeper(struct message_reader *in, struct settings *ret)
{
	ret->store = message_str(in, TEXT_MAX);
	get_list(in, &ret->allow_emails);
	get_list(in, &ret->allow_subjects);
	ret->logout_revokes = message_number(in) != 0;
	get_keys(in, &ret->vault_keys);
	get_broker_keys(in, ret, ROLE_KEEPER);
}

/* What those have in common that take part in logins. */
static void put_logins(struct pk_buf *out, const struct settings *settings, enum role role)
{
	message_put_str(out, settings->public_url);
	message_put_number(out, (uint64_t)settings->session_lifetime);
	message_put_number(out, (uint64_t)settings->attempt_lifetime);
	message_put_number(out, settings->explain_to_users);
	message_put_number(out, settings->login_count);
	for (size_t i = 0; i < settings->login_count; i++) {
		put_login(out, &settings->login[i]);
		if (role == ROLE_KEEPER)
			message_put_str(out, settings->login[i].secret.text);
	}
}

static void get_logins(struct message_reader *in, struct settings *ret, enum role role)
{
	ret->public_url = message_str(in, TEXT_MAX);
	ret->session_lifetime = (int64_t)message_number(in);
	ret->attempt_lifetime = (int64_t)message_number(in);
	ret->explain_to_users = message_number(in) != 0;

	const uint64_t logins = message_number(in);

	if (logins > LOGINS_MAX)
		in->bad = true;
	for (uint64_t i = 0; i < logins && !in->bad; i++) {
		get_login(in, &ret->login[ret->login_count++]);
		if (role == ROLE_KEEPER)
			ret->login[i].secret.text = message_str(in, TEXT_MAX);
	}
}

void settings_pack(const struct settings *settings, enum role role, struct pk_buf *out)
{
	message_put_number(out, (uint64_t)settings->log_level);
	if (role == ROLE_BROKER) {
		put_broker_keys(out, settings, role);
		return;
	}
	put_logins(out, settings, role);
	if (role == ROLE_FRONT)
		put_front(out, settings);
	else
		put_keeper(out, settings);
}

bool settings_unpack(struct pk_str packed, enum role role, struct settings *ret)
{
	struct message_reader in = message_reader(packed);

	memset(ret, 0, sizeof(*ret));
	ret->log_level = (int64_t)message_number(&in);
	if (ret->log_level < 0 || ret->log_level >= LOG_LEVELS)
		in.bad = true;
	if (role == ROLE_BROKER) {
		get_broker_keys(&in, ret, role);
		return message_done(&in);
	}
	get_logins(&in, ret, role);
	if (role == ROLE_FRONT)
		get_front(&in, ret);
	else
		get_keeper(&in, ret);
	return message_done(&in);
}

bool settings_is_discovered(const struct login_settings *login)
{
	return !login->dialect.authorize_url.len;
}

const struct login_settings *settings_login(const struct settings *settings, struct pk_str name)
{
	for (size_t i = 0; i < settings->login_count; i++)
		if (pk_str_equal(settings->login[i].login.name, name))
			return &settings->login[i];
	return NULL;
}

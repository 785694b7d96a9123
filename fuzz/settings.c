/*
 * Settings on their way to a process, from whoever can write them: the reader stays within the
 * message and its own bounds, for each role, and what it reads is as long when it is written
 * again.
 */
#include "must.h"

#include "base/text.h"
#include "gateway/settings.h"

static struct settings settings;
static char memory[SETTINGS_MAX];

static void must_be_in(struct pk_str text, struct pk_str input)
{
	must(!text.len || (text.ptr >= input.ptr && text.ptr + text.len <= input.ptr + input.len));
}

static void must_list_be_in(const struct pk_list *list, struct pk_str input)
{
	must(list->count <= PK_LIST_MAX);
	for (size_t i = 0; i < list->count; i++)
		must_be_in(list->item[i], input);
}

static void must_hold(enum role role, struct pk_str input)
{
	const bool front = role == ROLE_FRONT, keeper = role == ROLE_KEEPER;
	struct pk_buf out = pk_buf(memory, sizeof(memory));

	must(settings.login_count <= LOGINS_MAX);
	for (size_t i = 0; i < settings.login_count; i++) {
		const struct login_settings *login = &settings.login[i];

		must(login->login.dialect == &login->dialect);
		must_be_in(login->login.name, input);
		must_be_in(login->dialect_text, input);
		must_list_be_in(&login->login.scopes, input);
		must(!front || !login->secret.text.len);
	}
	must_be_in(settings.public_url, input);
	must_list_be_in(&settings.trusted_proxies, input);
	must_list_be_in(&settings.allow_subjects, input);
	must((settings.session_keys.count > 0) == front &&
	     settings.session_keys.count <= KEYRING_MAX);
	must((settings.vault_keys.count > 0) == keeper && settings.vault_keys.count <= KEYRING_MAX);
	must(settings.broker_key_count <= BROKER_KEYS_MAX &&
	     (!front || !settings.broker_key_count));
	for (size_t i = 0; i < settings.broker_key_count; i++) {
		must_be_in(settings.broker_key[i].name, input);
		must_list_be_in(&settings.broker_key[i].logins, input);
	}
	settings_pack(&settings, role, &out);
	must(!out.overflow && out.len == input.len);
}

/* The first byte of the input says for which role the rest is. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0 || size > SETTINGS_MAX)
		return 0;

	const enum role role = data[0] == 2 ? ROLE_BROKER : data[0] & 1 ? ROLE_KEEPER : ROLE_FRONT;
	const struct pk_str input = {(const char *)data + 1, size - 1};

	if (settings_unpack(input, role, &settings))
		must_hold(role, input);
	return 0;
}

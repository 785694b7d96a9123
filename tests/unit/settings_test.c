/*
 * What each process is told: packed and read back without loss, refused when a byte is missing, and
 * above all what is not in it: no secret of the keeper's for a front, no cookie key for the keeper.
 */
#include "setting.h"

#include "gateway/log.h"
#include "gateway/settings.h"

#include <stdlib.h>

#define CLIENT_SECRET "the secret of the client, sixteen bytes and more"

static struct settings settings, unpacked;
static char packed[SETTINGS_MAX];

static void fill_keys(struct keys *keys, size_t count, int byte)
{
	keys->count = count;
	for (size_t i = 0; i < count; i++)
		memset(&keys->key[i], byte + (int)i, sizeof(keys->key[i]));
}

static void add_login(const char *name, const char *dialect, struct pk_secret secret)
{
	struct login_settings *login = &settings.login[settings.login_count++];

	login->dialect_text = pk_str(pk_dialect_text(dialect));
	assert_err(pk_dialect_parse(pk_str(dialect), login->dialect_text, &login->dialect, NULL),
		   PK_OK);
	login->login = (struct pk_login){
		.name = pk_str(name),
		.dialect = &login->dialect,
		.client_id = PK_STR("client-1"),
		.redirect_uri = PK_STR("https://app.example.com/callback/first"),
		.scopes = {{PK_STR("one"), PK_STR("two")}, 2},
		.host = PK_STR("login.example.com"),
		.region = PK_STR("eu"),
		.tenant = PK_STR("demo"),
		.issuer = PK_STR("https://login.example.com/realms/demo"),
		.sandbox = PK_STR("http://127.0.0.1:9400"),
	};
	login->secret = secret;
	login->pushed = secret.text.len > 0;
	login->refreshes_at_once = secret.text.len ? 64 : 8;
	login->ends_there = !login->pushed;
}

static int set_up(void **state)
{
	(void)state;
	settings = (struct settings){
		.public_url = PK_STR("https://app.example.com"),
		.session_lifetime = 43200,
		.attempt_lifetime = 600,
		.explain_to_users = true,
		.log_level = LOG_LEVEL_WARN,
		.trusted_proxies = {{PK_STR("127.0.0.1"), PK_STR("10.0.0.0/8")}, 2},
		.return_to_origins = {{PK_STR("https://videos.example.com")}, 1},
		.store = PK_STR("sqlite:/var/lib/proofkey/vault.db"),
		.allow_emails = {{PK_STR("*@example.com")}, 1},
		.allow_subjects = {{PK_STR("first/ada"), PK_STR("second/*")}, 2},
		.logout_revokes = true,
	};
	fill_keys(&settings.session_keys, 2, 0xa1);
	fill_keys(&settings.attempt_keys, 1, 0xb1);
	fill_keys(&settings.vault_keys, KEYRING_MAX, 0xc1);
	settings.broker_key[0] = (struct broker_key){
		.name = PK_STR("poster"), .logins = {{PK_STR("first"), PK_STR("second")}, 2}};
	settings.broker_key[1] =
		(struct broker_key){.name = PK_STR("reader"), .logins = {{PK_STR("second")}, 1}};
	settings.broker_key_count = 2;
	for (size_t i = 0; i < 2; i++) {
		memset(settings.broker_key[i].known, 0xd1 + (int)i, BROKER_HASH);
		memset(settings.broker_key[i].pass, 0xe1 + (int)i, BROKER_HASH);
	}
	add_login("first", "rfc7636", (struct pk_secret){PK_STR(CLIENT_SECRET)});
	add_login("second", "rfc7636", (struct pk_secret){0});
	return 0;
}

static struct pk_str pack(enum role role)
{
	struct pk_buf out = pk_buf(packed, sizeof(packed));

	settings_pack(&settings, role, &out);
	assert_false(out.overflow);
	return pk_buf_str(&out);
}

static bool holds(struct pk_str text, const void *bytes, size_t size)
{
	return memmem(text.ptr, text.len, bytes, size) != NULL;
}

static void assert_lists_equal(const struct pk_list *got, const struct pk_list *want)
{
	assert_int_equal(got->count, want->count);
	for (size_t i = 0; i < want->count; i++)
		assert_true(pk_str_equal(got->item[i], want->item[i]));
}

static void assert_keys_equal(const struct keys *got, const struct keys *want)
{
	assert_int_equal(got->count, want->count);
	assert_memory_equal(got->key, want->key, want->count * sizeof(want->key[0]));
}

/* What both roles get. */
static void assert_logins_equal(void)
{
	assert_text(unpacked.public_url, "https://app.example.com");
	assert_int_equal(unpacked.session_lifetime, 43200);
	assert_int_equal(unpacked.attempt_lifetime, 600);
	assert_true(unpacked.explain_to_users);
	assert_int_equal(unpacked.log_level, LOG_LEVEL_WARN);
	assert_int_equal(unpacked.login_count, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct login_settings *got = &unpacked.login[i];
		const struct login_settings *want = &settings.login[i];

		assert_true(pk_str_equal(got->login.name, want->login.name));
		assert_true(pk_str_equal(got->login.client_id, want->login.client_id));
		assert_true(pk_str_equal(got->login.redirect_uri, want->login.redirect_uri));
		assert_lists_equal(&got->login.scopes, &want->login.scopes);
		assert_true(pk_str_equal(got->login.host, want->login.host));
		assert_true(pk_str_equal(got->login.region, want->login.region));
		assert_true(pk_str_equal(got->login.tenant, want->login.tenant));
		assert_true(pk_str_equal(got->login.issuer, want->login.issuer));
		assert_true(pk_str_equal(got->login.sandbox, want->login.sandbox));
		assert_int_equal(got->pushed, want->pushed);
		assert_int_equal(got->refreshes_at_once, want->refreshes_at_once);
		assert_int_equal(got->ends_there, want->ends_there);
		assert_ptr_equal(got->login.dialect, &got->dialect);
		assert_true(pk_str_equal(got->dialect.name, want->dialect.name));
		assert_true(pk_str_equal(got->dialect.token_url, want->dialect.token_url));
	}
}

static void a_front_reads_its_part(void **state)
{
	(void)state;
	assert_true(settings_unpack(pack(ROLE_FRONT), ROLE_FRONT, &unpacked));
	assert_logins_equal();
	assert_lists_equal(&unpacked.trusted_proxies, &settings.trusted_proxies);
	assert_lists_equal(&unpacked.return_to_origins, &settings.return_to_origins);
	assert_keys_equal(&unpacked.session_keys, &settings.session_keys);
	assert_keys_equal(&unpacked.attempt_keys, &settings.attempt_keys);
	assert_int_equal(unpacked.vault_keys.count, 0);
	assert_int_equal(unpacked.store.len, 0);
	assert_int_equal(unpacked.login[0].secret.text.len, 0);
}

static void every_role_knows_what_is_logged(void **state)
{
	(void)state;
	for (int role = 0; role < ROLES; role++) {
		assert_true(settings_unpack(pack((enum role)role), (enum role)role, &unpacked));
		assert_int_equal(unpacked.log_level, LOG_LEVEL_WARN);
	}
	settings.log_level = LOG_LEVELS;
	assert_false(settings_unpack(pack(ROLE_FRONT), ROLE_FRONT, &unpacked));
}

static void the_keeper_reads_its_part(void **state)
{
	(void)state;
	assert_true(settings_unpack(pack(ROLE_KEEPER), ROLE_KEEPER, &unpacked));
	assert_logins_equal();
	assert_text(unpacked.login[0].secret.text, CLIENT_SECRET);
	assert_int_equal(unpacked.login[1].secret.text.len, 0);
	assert_text(unpacked.store, "sqlite:/var/lib/proofkey/vault.db");
	assert_lists_equal(&unpacked.allow_emails, &settings.allow_emails);
	assert_lists_equal(&unpacked.allow_subjects, &settings.allow_subjects);
	assert_true(unpacked.logout_revokes);
	assert_keys_equal(&unpacked.vault_keys, &settings.vault_keys);
	assert_int_equal(unpacked.session_keys.count, 0);
	assert_int_equal(unpacked.attempt_keys.count, 0);
}

/* Any eight bytes of a key or secret in a row would be too many. */
static bool holds_part(struct pk_str text, const void *secret, size_t size)
{
	for (size_t at = 0; at + 8 <= size; at++)
		if (holds(text, (const char *)secret + at, 8))
			return true;
	return false;
}

static bool holds_keys(struct pk_str text, const struct keys *keys)
{
	for (size_t i = 0; i < keys->count; i++)
		if (holds_part(text, keys->key[i].key, KEY_SIZE))
			return true;
	return false;
}

static void a_front_gets_nothing_of_the_keepers(void **state)
{
	const struct pk_str text = pack(ROLE_FRONT);

	(void)state;
	assert_false(holds_part(text, CLIENT_SECRET, strlen(CLIENT_SECRET)));
	assert_false(holds_keys(text, &settings.vault_keys));
	assert_false(text_has(text, "vault.db"));
	assert_false(text_has(text, "*@example.com"));

	/* The search finds what is there. */
	assert_true(holds_keys(text, &settings.session_keys));
	assert_true(holds_keys(text, &settings.attempt_keys));
	assert_true(text_has(text, "https://videos.example.com"));
}

static void the_keeper_gets_no_cookie_key(void **state)
{
	const struct pk_str text = pack(ROLE_KEEPER);

	(void)state;
	assert_false(holds_keys(text, &settings.session_keys));
	assert_false(holds_keys(text, &settings.attempt_keys));

	assert_true(holds_keys(text, &settings.vault_keys));
	assert_true(holds_part(text, CLIENT_SECRET, strlen(CLIENT_SECRET)));
}

/* From a copy of exactly that size, so that a sanitizer sees a step too far. */
static bool unpack_first(struct pk_str text, size_t len, enum role role)
{
	char *copy = malloc(len + 1);
	bool good;

	assert_non_null(copy);
	memcpy(copy, text.ptr, len);
	good = settings_unpack((struct pk_str){copy, len}, role, &unpacked);
	free(copy);
	return good;
}

static void assert_broker_keys_equal(void)
{
	assert_int_equal(unpacked.broker_key_count, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_true(pk_str_equal(unpacked.broker_key[i].name, settings.broker_key[i].name));
		assert_lists_equal(&unpacked.broker_key[i].logins, &settings.broker_key[i].logins);
	}
}

/* Each side has one hash of a secret: the broker could show the keeper nothing by itself. */
static void broker_and_keeper_know_a_secret_by_different_hashes(void **state)
{
	static const uint8_t nothing[BROKER_HASH];

	(void)state;
	assert_true(settings_unpack(pack(ROLE_BROKER), ROLE_BROKER, &unpacked));
	assert_broker_keys_equal();
	for (size_t i = 0; i < 2; i++) {
		assert_memory_equal(unpacked.broker_key[i].known, settings.broker_key[i].known,
				    BROKER_HASH);
		assert_memory_equal(unpacked.broker_key[i].pass, nothing, BROKER_HASH);
	}
	assert_true(settings_unpack(pack(ROLE_KEEPER), ROLE_KEEPER, &unpacked));
	assert_broker_keys_equal();
	for (size_t i = 0; i < 2; i++) {
		assert_memory_equal(unpacked.broker_key[i].pass, settings.broker_key[i].pass,
				    BROKER_HASH);
		assert_memory_equal(unpacked.broker_key[i].known, nothing, BROKER_HASH);
	}
}

static void the_broker_gets_nothing_else(void **state)
{
	const struct pk_str text = pack(ROLE_BROKER);

	(void)state;
	assert_false(holds_part(text, CLIENT_SECRET, strlen(CLIENT_SECRET)));
	assert_false(holds_keys(text, &settings.vault_keys));
	assert_false(holds_keys(text, &settings.session_keys));
	assert_false(holds_keys(text, &settings.attempt_keys));
	assert_false(text_has(text, "vault.db"));
	assert_true(text_has(text, "poster"));
}

static void the_broker_reads_its_part_whole_or_not_at_all(void **state)
{
	const struct pk_str text = pack(ROLE_BROKER);

	(void)state;
	for (size_t len = 0; len < text.len; len++)
		assert_false(unpack_first(text, len, ROLE_BROKER));
	assert_true(unpack_first(text, text.len, ROLE_BROKER));
	packed[7] = BROKER_KEYS_MAX + 1;
	assert_false(settings_unpack(text, ROLE_BROKER, &unpacked));
	packed[0] = BROKER_KEYS_MAX + 1;
	assert_false(settings_unpack(text, ROLE_BROKER, &unpacked));
}

static void one_role_cannot_read_the_others_part(void **state)
{
	(void)state;
	assert_false(settings_unpack(pack(ROLE_BROKER), ROLE_KEEPER, &unpacked));
	assert_false(settings_unpack(pack(ROLE_BROKER), ROLE_FRONT, &unpacked));
	assert_false(settings_unpack(pack(ROLE_FRONT), ROLE_BROKER, &unpacked));
	assert_false(settings_unpack(pack(ROLE_FRONT), ROLE_KEEPER, &unpacked));
	assert_false(settings_unpack(pack(ROLE_KEEPER), ROLE_FRONT, &unpacked));
}

/* Every length would parse each dialect thousands of times: so all lengths near the ends, and some
 * of those between. */
static void what_is_cut_is_refused(void **state)
{
	(void)state;
	for (int role = ROLE_FRONT; role <= ROLE_KEEPER; role++) {
		const struct pk_str text = pack((enum role)role);

		for (size_t len = 0; len < text.len;
		     len += len < 200 || len + 1200 > text.len ? 1 : 13)
			assert_false(unpack_first(text, len, (enum role)role));
		assert_true(unpack_first(text, text.len, (enum role)role));
	}
}

static void what_is_left_over_is_refused(void **state)
{
	const struct pk_str text = pack(ROLE_FRONT);

	(void)state;
	packed[text.len] = '\0';
	assert_false(settings_unpack((struct pk_str){packed, text.len + 1}, ROLE_FRONT, &unpacked));
}

static void more_logins_than_there_are_places_are_refused(void **state)
{
	const struct pk_str text = pack(ROLE_FRONT);
	const size_t count_at = 8 + 4 + settings.public_url.len + 3 * 8;

	(void)state;
	assert_int_equal(packed[count_at], 2);
	packed[count_at] = LOGINS_MAX + 1;
	assert_false(settings_unpack(text, ROLE_FRONT, &unpacked));
	memset(packed + count_at, 0xff, 8);
	assert_false(settings_unpack(text, ROLE_FRONT, &unpacked));
	assert_int_equal(unpacked.login_count, 0);
}

static void a_role_without_a_key_is_refused(void **state)
{
	(void)state;
	settings.attempt_keys.count = 0;
	assert_false(settings_unpack(pack(ROLE_FRONT), ROLE_FRONT, &unpacked));
	settings.vault_keys.count = 0;
	assert_false(settings_unpack(pack(ROLE_KEEPER), ROLE_KEEPER, &unpacked));
}

static void as_many_logins_as_there_may_be(void **state)
{
	(void)state;
	while (settings.login_count < LOGINS_MAX)
		add_login("another", "rfc7636", (struct pk_secret){PK_STR(CLIENT_SECRET)});
	assert_true(settings_unpack(pack(ROLE_KEEPER), ROLE_KEEPER, &unpacked));
	assert_int_equal(unpacked.login_count, LOGINS_MAX);
}

static void what_does_not_fit_overflows(void **state)
{
	struct pk_buf out;

	(void)state;
	for (size_t cap = 0; cap < 300; cap++) {
		out = pk_buf(packed, cap);
		settings_pack(&settings, ROLE_KEEPER, &out);
		assert_true(out.overflow);
	}
}

static void a_login_is_found_by_its_name(void **state)
{
	(void)state;
	assert_ptr_equal(settings_login(&settings, PK_STR("second")), &settings.login[1]);
	assert_null(settings_login(&settings, PK_STR("Second")));
	assert_null(settings_login(&settings, PK_STR("secon")));
	assert_null(settings_login(&settings, PK_STR("second/")));
	assert_null(settings_login(&settings, PK_STR("second\0")));
	assert_null(settings_login(&settings, PK_STR("")));
	assert_null(settings_login(&settings, (struct pk_str){0}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_front_reads_its_part, set_up),
		cmocka_unit_test_setup(every_role_knows_what_is_logged, set_up),
		cmocka_unit_test_setup(the_keeper_reads_its_part, set_up),
		cmocka_unit_test_setup(a_front_gets_nothing_of_the_keepers, set_up),
		cmocka_unit_test_setup(the_keeper_gets_no_cookie_key, set_up),
		cmocka_unit_test_setup(one_role_cannot_read_the_others_part, set_up),
		cmocka_unit_test_setup(broker_and_keeper_know_a_secret_by_different_hashes, set_up),
		cmocka_unit_test_setup(the_broker_gets_nothing_else, set_up),
		cmocka_unit_test_setup(the_broker_reads_its_part_whole_or_not_at_all, set_up),
		cmocka_unit_test_setup(what_is_cut_is_refused, set_up),
		cmocka_unit_test_setup(what_is_left_over_is_refused, set_up),
		cmocka_unit_test_setup(more_logins_than_there_are_places_are_refused, set_up),
		cmocka_unit_test_setup(a_role_without_a_key_is_refused, set_up),
		cmocka_unit_test_setup(as_many_logins_as_there_may_be, set_up),
		cmocka_unit_test_setup(what_does_not_fit_overflows, set_up),
		cmocka_unit_test_setup(a_login_is_found_by_its_name, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

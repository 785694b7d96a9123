/*
 * Puts grants into a store, sealed as the gateway seals them:
 *
 *     stores_seed KEYS ADDRESS LOGIN COUNT REFRESH_AT
 *
 * Their subjects are s0000000, s0000001 and so on, their tokens access-LOGIN-SUBJECT and
 * refresh-LOGIN-SUBJECT. They are due at REFRESH_AT, seconds since the epoch, and their access tokens end
 * then. It is not for stores of which somebody needs something.
 */
#include "vault/vault.h"
#include "base/text.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#define UNDER_WAY 256

static struct {
	unsigned under_way;
	unsigned stored;
} seed;

static void on_stored(const struct vault_answer *answer, void *arg)
{
	(void)arg;
	seed.under_way--;
	if (answer->result != VAULT_OK) {
		fprintf(stderr, "stores_seed: %s\n", answer->problem);
		exit(1);
	}
	seed.stored++;
}

static void put(struct vault *vault, const char *login, unsigned number, int64_t refresh_at)
{
	char subject[32], access[300], refresh[300];

	(void)snprintf(subject, sizeof(subject), "s%07u", number);
	(void)snprintf(access, sizeof(access), "access-%.200s-%s", login, subject);
	(void)snprintf(refresh, sizeof(refresh), "refresh-%.200s-%s", login, subject);

	const struct grant grant = {.login = pk_str(login),
				    .subject = pk_str(subject),
				    .access_token = {pk_str(access)},
				    .refresh_token = {pk_str(refresh)},
				    .scope = PK_STR("openid"),
				    .access_expires_at = refresh_at,
				    .refresh_expires_at = PK_TIME_UNKNOWN,
				    .refresh_at = refresh_at,
				    .created_at = refresh_at - 3600,
				    .refreshed_at = PK_TIME_UNKNOWN,
				    .sent_at = PK_TIME_UNKNOWN};

	seed.under_way++;
	vault_put(vault, &grant, on_stored, NULL);
}

int main(int argc, char **argv)
{
	struct event_base *base = event_base_new();
	struct subkey keys[KEYRING_MAX];
	struct keyring ring;
	struct vault *vault;
	char error[256] = "";

	if (argc != 6 || sodium_init() < 0 || !base) {
		fprintf(stderr, "usage: stores_seed KEYS ADDRESS LOGIN COUNT REFRESH_AT\n");
		return 2;
	}
	vault = keyring_load(argv[1], &ring, error, sizeof(error))
			? vault_open_store(base, argv[2], keys,
					   keyring_subkeys(&ring, "vault", keys), error,
					   sizeof(error))
			: NULL;
	if (!vault) {
		fprintf(stderr, "stores_seed: %s\n", error);
		return 1;
	}

	const unsigned count = (unsigned)strtoul(argv[4], NULL, 10);

	for (unsigned i = 0; i < count || seed.under_way;) {
		while (i < count && seed.under_way < UNDER_WAY)
			put(vault, argv[3], i++, strtoll(argv[5], NULL, 10));
		if (event_base_loop(base, EVLOOP_ONCE) != 0)
			return 3;
	}
	vault_close(&vault);
	keyring_wipe(&ring);
	event_base_free(base);
	printf("%u\n", seed.stored);
	return 0;
}

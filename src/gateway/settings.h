/*
 * What the gateway was told, and the part of it that each process gets. The supervisor reads the
 * configuration; a front is given no client secret and no vault key, the keeper no cookie key, the
 * broker none of them: what a process was never given cannot leak from it.
 */
#ifndef GATEWAY_SETTINGS_H
#define GATEWAY_SETTINGS_H

#include "proofkey.h"
#include "vault/keyring.h"

#define LOGINS_MAX 64
#define FRONTS_MAX 64
#define STORE_MAX 511
#define SETTINGS_MAX (1u << 20) /* bytes, packed */

/* Refreshes of one login that are under way at a time, in each keeper: not a storm after a long
 * sleep; who has very many grants says how much their provider takes. */
#define REFRESHES_AT_ONCE 8
#define REFRESHES_AT_ONCE_MAX 256

#define BROKER_KEYS_MAX 32
#define BROKER_HASH 32

enum role { ROLE_FRONT, ROLE_KEEPER, ROLE_BROKER, ROLES };

struct keys {
	struct subkey key[KEYRING_MAX];
	size_t count;
	bool prepared; /* the last one: it opens, and replicas may seal with it already */
};

/* A login as its operator configured it. */
struct login_settings {
	struct pk_login login; /* its `dialect` points at the next */
	struct pk_dialect dialect;
	struct pk_str dialect_text; /* what `dialect` views */
	struct pk_secret secret;    /* keeper only; empty for a public client */
	bool pushed;                /* authorize requests go ahead, from the keeper (RFC 9126) */
	int64_t refreshes_at_once;
	bool ends_there; /* signing out goes on at the provider, where it has an address for it */
};

/* A program that may ask for tokens. Its secret itself is in no process: see broker_key.h. */
struct broker_key {
	struct pk_str name;
	struct pk_list logins;      /* whose grants it may use */
	uint8_t known[BROKER_HASH]; /* broker: how it knows the secret */
	uint8_t pass[BROKER_HASH];  /* keeper: what the broker shows it for the secret */
};

struct settings {
	struct pk_str public_url; /* "https://app.example.com", without a final slash */
	struct pk_str listen;     /* empty: what was passed, or the default (listening.c) */
	struct pk_str
		broker; /* "unix:/run/proofkey/broker.sock" or "127.0.0.1:4181"; empty: none */
	int64_t fronts;
	int64_t session_lifetime; /* seconds */
	int64_t attempt_lifetime;
	bool explain_to_users;
	int64_t log_level; /* an enum log_level; for all */

	struct login_settings login[LOGINS_MAX];
	size_t login_count;

	/* front */
	struct pk_list
		trusted_proxies; /* addresses and CIDR blocks whose X-Forwarded-* are believed */
	struct pk_list return_to_origins; /* besides public_url */
	struct keys session_keys;
	struct keys attempt_keys;

	/* broker and keeper */
	struct broker_key broker_key[BROKER_KEYS_MAX];
	size_t broker_key_count;

	/* keeper */
	struct pk_str store;
	struct pk_list allow_emails;   /* patterns with * */
	struct pk_list allow_subjects; /* LOGIN/SUBJECT, with * in either, or "*" */
	bool logout_revokes;           /* signing out takes the grant back */
	struct keys vault_keys;
};

/* Writes the part of one role. */
void settings_pack(const struct settings *settings, enum role role, struct pk_buf *out);

/* Reads it back. The texts are views into `packed`, which must outlive the settings. */
bool settings_unpack(struct pk_str packed, enum role role, struct settings *ret);

/* Whether the provider itself must be asked for its endpoints. */
bool settings_is_discovered(const struct login_settings *login);

/* The login of that name, or NULL. */
const struct login_settings *settings_login(const struct settings *settings, struct pk_str name);

#endif

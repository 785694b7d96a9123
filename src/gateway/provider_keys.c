/*
 * The keys that a login's provider signs its ID tokens with (RFC 7517), as the keeper keeps them: an
 * hour where the provider does not say, and never longer than a day, since a key that was taken back
 * counts until then. Old ones do not serve on.
 */
#include "base/err.h"
#include "base/text.h"
#include "gateway/keeper.h"

static enum pk_err make_request(struct pk_arena *arena, const struct pk_login *login,
				unsigned place, struct pk_http_request *ret, struct pk_why *why)
{
	(void)place;
	return pk_jwks_request(arena, login, ret, why);
}

static enum pk_err read_reply(struct pk_arena *arena, const struct pk_login *login,
			      const struct pk_http_reply *reply, struct pk_buf *out,
			      struct pk_why *why)
{
	struct pk_str keys;

	(void)arena;
	(void)login;
	TRY(pk_jwks_reply(reply, &keys, why));
	pk_buf_put(out, keys);
	return PK_OK;
}

const struct published_kind provider_keys_kind = {
	.purpose = UPSTREAM_KEYS,
	.places = 1,
	.request = make_request,
	.read = read_reply,
	.usual = 3600,
	.shortest = 300,
	.longest = 86400,
	.beyond = 0,
};

struct published *keeper_keys(struct keeper *keeper, const struct login_settings *login)
{
	/* A login whose dialect was discovered is a copy of the one in the settings. */
	return &keeper->keys[settings_login(keeper->settings, login->login.name) -
			     keeper->settings->login];
}

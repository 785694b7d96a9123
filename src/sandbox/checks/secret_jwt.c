/*
 * A client secret that is a JWT: who made it, for which client, for whom, and until when (RFC 7519
 * 4.1, RFC 7523 3). The sandbox knows no key of the client's, so the signature is not checked; that
 * there is one, of an algorithm with a private key, is. The sandbox's own secret, a plain text,
 * passes too.
 */
#include "base/text.h"
#include "sandbox/clock.h"
#include "sandbox/credentials.h"
#include "sandbox/jwt.h"

static bool is_for(const json_t *audience, struct pk_str wanted)
{
	const json_t *item;
	size_t i;

	json_array_foreach(audience, i, item)
	{
		if (pk_str_equal(pk_str(json_string_value(item)), wanted))
			return true;
	}
	return pk_str_equal(pk_str(json_string_value(audience)), wanted);
}

static bool is_signed(const struct jwt *jwt)
{
	const struct pk_str alg = jwt_member(jwt->header, "alg");

	return (pk_str_equal(alg, PK_STR("ES256")) || pk_str_equal(alg, PK_STR("RS256"))) &&
	       !pk_str_ends(jwt->text, PK_STR("."));
}

static bool is_good(const struct exchange *x, const struct jwt *jwt)
{
	const json_t *expires = json_object_get(jwt->claims, "exp");

	return is_signed(jwt) && jwt_member(jwt->claims, "iss").len &&
	       pk_str_equal(jwt_member(jwt->claims, "sub"), x->client->id) &&
	       is_for(json_object_get(jwt->claims, "aud"), x->dialect->client_secret_audience) &&
	       json_is_integer(expires) && json_integer_value(expires) > wall_clock();
}

static bool run(struct exchange *x)
{
	struct credentials sent;
	struct jwt jwt = {0};

	if (!x->dialect->client_secret_audience.len || client_is_public(x->client) ||
	    revokes_by_bearer(x) || !credentials_read(x, &sent) ||
	    pk_str_equal_secret(sent.secret, x->client->secret))
		return true;

	const bool good = jwt_read(x->arena, sent.secret, &jwt) && is_good(x, &jwt);

	jwt_free(&jwt);
	return good;
}

const struct check check_secret_jwt = {
	.name = "secret-jwt",
	.status = 401,
	.code = "invalid_client",
	.text = "The client secret is a JWT that is malformed, expired, or for somebody else.",
	.fault = "assertion-invalid",
	.reference = "RFC 7523 3",
	.run = run,
};

/*
 * Who made a token, for whom, and when (RFC 7519 4.1, OpenID Connect Core 3.1.3.7). The signature
 * was checked before; here a token that is genuine but another's, or of another day, is refused.
 */
#include "protocol/claims.h"
#include "base/err.h"
#include "base/text.h"
#include "protocol/login.h"

static struct pk_str text_of(const json_t *value)
{
	return (struct pk_str){json_string_value(value), json_string_length(value)};
}

/* The issuer of a provider with many tenants holds {tenantid}: whose it is, only the token says, in
 * `tid`. Which tenants are welcome is for whoever asked that provider for any of them. */
static enum pk_err fill_tenant(const json_t *claims, struct pk_str issuer, struct pk_buf *out,
			       struct pk_why *why)
{
	const struct pk_str word = PK_STR("{tenantid}");
	const struct pk_str tenant = text_of(json_object_get(claims, "tid"));

	while (issuer.len) {
		const size_t brace = pk_str_find(issuer, '{');

		pk_buf_put(out, pk_str_first(issuer, brace));
		issuer = pk_str_from(issuer, brace);
		if (!pk_str_starts(issuer, word))
			break;
		if (!pk_tenant_is_one(tenant))
			return pk_refuse(why, PK_ERR_ID_TOKEN_ISSUER, "tid",
					 "the issuer has a part for each tenant, and the token has "
					 "no tid that could be one");
		pk_buf_put(out, tenant);
		issuer = pk_str_from(issuer, word.len);
	}
	pk_buf_put(out, issuer);
	return PK_OK;
}

enum pk_err pk_claims_issuer(const json_t *claims, const struct pk_login *login, struct pk_why *why)
{
	const struct pk_str got = text_of(json_object_get(claims, "iss"));
	char memory[1024], filled[1024 + 64];
	struct pk_buf issuer = pk_buf(memory, sizeof(memory));
	struct pk_buf wanted = pk_buf(filled, sizeof(filled));

	TRY(pk_issuer_write(login, &issuer, why));
	if (!issuer.len || issuer.overflow)
		return pk_refuse(why, PK_ERR_ARGUMENT, "issuer",
				 "the login has no issuer to hold the token against");
	TRY(fill_tenant(claims, pk_buf_str(&issuer), &wanted, why));
	if (wanted.overflow || !pk_str_equal(got, pk_buf_str(&wanted)))
		return pk_refuse(why, PK_ERR_ID_TOKEN_ISSUER, "iss",
				 "iss is \"%.*s\", not \"%.*s\"", PK_ARG(pk_str_first(got, 90)),
				 PK_ARG(pk_str_first(pk_buf_str(&wanted), 90)));
	return PK_OK;
}

/* A text, or an array of nothing but texts; -1 for anything else, 0 where the client is not there,
 * else how many there are. */
static int count_audience(const json_t *audience, struct pk_str client)
{
	enum { MANY = 64 };
	bool found = false;

	if (json_is_string(audience))
		return pk_str_equal(text_of(audience), client);
	if (!json_is_array(audience) || json_array_size(audience) > MANY)
		return -1;
	for (size_t i = 0; i < json_array_size(audience); i++) {
		const json_t *item = json_array_get(audience, i);

		if (!json_is_string(item))
			return -1;
		found = found || pk_str_equal(text_of(item), client);
	}
	return found ? (int)json_array_size(audience) : 0;
}

enum pk_err pk_claims_audience(const json_t *claims, const struct pk_login *login,
			       struct pk_why *why)
{
	const json_t *party = json_object_get(claims, "azp");
	const int count = count_audience(json_object_get(claims, "aud"), login->client_id);

	if (!login->client_id.len || count <= 0)
		return pk_refuse(why, PK_ERR_ID_TOKEN_AUDIENCE, "aud", "%s",
				 count < 0 ? "aud is neither a text nor a short array of texts"
					   : "aud does not name this client");
	if (count > 1 && !party)
		return pk_refuse(
			why, PK_ERR_ID_TOKEN_AUDIENCE, "azp",
			"aud names %d parties, and no azp says that this client is the one "
			"that it was made for",
			count);
	if (party && !pk_str_equal(text_of(party), login->client_id))
		return pk_refuse(why, PK_ERR_ID_TOKEN_AUDIENCE, "azp",
				 "azp is another client than this one");
	return PK_OK;
}

#define TIME_MAX INT64_C(253402300799) /* the end of the year 9999 */

bool pk_claims_time(const json_t *value, int64_t *ret)
{
	if (json_is_integer(value))
		*ret = json_integer_value(value);
	else if (json_is_real(value) && json_real_value(value) >= 0 &&
		 json_real_value(value) <= (double)TIME_MAX)
		*ret = (int64_t)json_real_value(value);
	else
		return false;
	return *ret >= 0 && *ret <= TIME_MAX;
}

/* How far two clocks differ, for a person; what is too far to say is a day. */
static int seconds_between(int64_t from, int64_t to)
{
	const int64_t day = 86400;

	return to - from > day ? (int)day : (int)(to - from);
}

enum pk_err pk_claims_times(const json_t *claims, int64_t now, int64_t *ret_issued_at,
			    int64_t *ret_expires_at, struct pk_why *why)
{
	const json_t *begin = json_object_get(claims, "nbf");
	int64_t issued_at, expires_at, begins_at;

	if (now < 0 || now > TIME_MAX)
		return pk_refuse(why, PK_ERR_ARGUMENT, "now", "this is no time of ours");
	if (!pk_claims_time(json_object_get(claims, "exp"), &expires_at))
		return pk_refuse(why, PK_ERR_ID_TOKEN_EXPIRED, "exp",
				 "the token has no exp that is a time");
	if (expires_at + PK_ID_TOKEN_LEEWAY <= now)
		return pk_refuse(why, PK_ERR_ID_TOKEN_EXPIRED, "exp",
				 "the token expired %s%d seconds ago",
				 now - expires_at > 86400 ? "more than " : "",
				 seconds_between(expires_at, now));
	if (!pk_claims_time(json_object_get(claims, "iat"), &issued_at))
		return pk_refuse(why, PK_ERR_ID_TOKEN_TIME, "iat",
				 "the token has no iat that is a time");
	if (issued_at - PK_ID_TOKEN_LEEWAY > now)
		return pk_refuse(why, PK_ERR_ID_TOKEN_TIME, "iat",
				 "the token was made %s%d seconds ahead of our clock",
				 issued_at - now > 86400 ? "more than " : "",
				 seconds_between(now, issued_at));
	if (begin && (!pk_claims_time(begin, &begins_at) || begins_at - PK_ID_TOKEN_LEEWAY > now))
		return pk_refuse(why, PK_ERR_ID_TOKEN_TIME, "nbf", "the token is not valid yet");
	*ret_issued_at = issued_at;
	*ret_expires_at = expires_at;
	return PK_OK;
}

bool pk_claims_is_subject(const json_t *value)
{
	const struct pk_str text = text_of(value);

	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] < 0x20 || text.ptr[i] > 0x7e)
			return false;
	return text.len > 0 && text.len <= PK_SUBJECT_MAX;
}

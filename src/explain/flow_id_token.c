/*
 * What an ID token says (OpenID Connect Core 2), as texts and numbers that the rules can compare. A
 * claim that is not there, or is of another type, is "not given"; nothing is refused.
 */
#include "explain/flow_id_token.h"
#include "explain/flow_reply.h"
#include "explain/jwt_text.h"
#include "base/text.h"
#include "protocol/json.h"

/* Seconds, also with a fraction, as some write them. */
static int64_t time_of(const json_t *claims, const char *name)
{
	const json_t *value = json_object_get(claims, name);
	const double seconds = json_number_value(value);

	return json_is_number(value) && seconds >= 0 && seconds < 1e12 ? (int64_t)seconds
								       : PK_TIME_UNKNOWN;
}

static struct pk_str text_of(const struct flow *flow, const json_t *value)
{
	struct pk_str text;

	return pk_json_text(flow->arena, value, &text) == PK_OK ? text : (struct pk_str){0};
}

static struct pk_str claim(const struct flow *flow, const json_t *claims, const char *name)
{
	return text_of(flow, json_object_get(claims, name));
}

static void read_audience(const struct flow *flow, const json_t *aud, struct pk_list *ret)
{
	if (json_is_string(aud))
		(void)pk_list_add(ret, text_of(flow, aud));
	for (size_t i = 0; i < json_array_size(aud); i++)
		if (pk_list_add(ret, text_of(flow, json_array_get(aud, i))) != PK_OK)
			return; /* no client has so many names; the first ones are kept */
}

static void read_claims(const struct flow *flow, const struct jwt_text *jwt,
			struct flow_id_token *ret)
{
	ret->alg = claim(flow, jwt->header, "alg");
	ret->kid = claim(flow, jwt->header, "kid");
	ret->iss = claim(flow, jwt->claims, "iss");
	ret->sub = claim(flow, jwt->claims, "sub");
	ret->azp = claim(flow, jwt->claims, "azp");
	ret->nonce = claim(flow, jwt->claims, "nonce");
	ret->at_hash = claim(flow, jwt->claims, "at_hash");
	ret->exp = time_of(jwt->claims, "exp");
	ret->iat = time_of(jwt->claims, "iat");
	ret->nbf = time_of(jwt->claims, "nbf");
	ret->auth_time = time_of(jwt->claims, "auth_time");
	read_audience(flow, json_object_get(jwt->claims, "aud"), &ret->aud);
}

/* RFC 7516 3: five parts are an encrypted token, and no fault. */
static bool is_encrypted(struct pk_str text)
{
	size_t dots = 0;

	for (size_t i = 0; i < text.len; i++)
		dots += text.ptr[i] == '.';
	return dots == 4;
}

void flow_read_id_token(const struct flow *flow, struct flow_id_token *ret)
{
	const struct flow_part *const asked[] = {flow_asked(flow), &flow->token};
	struct jwt_text jwt;

	*ret = (struct flow_id_token){.exp = PK_TIME_UNKNOWN,
				      .iat = PK_TIME_UNKNOWN,
				      .nbf = PK_TIME_UNKNOWN,
				      .auth_time = PK_TIME_UNKNOWN};
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]) && !ret->text.len; i++) {
		if (!asked[i] || !asked[i]->event)
			continue;
		ret->part = &flow->part[asked[i]->index];
		ret->text = flow->replies[asked[i]->index].id_token;
		ret->access_token = flow->replies[asked[i]->index].access_token;
	}
	if (!ret->text.len)
		return;
	ret->encrypted = is_encrypted(ret->text);
	ret->readable = jwt_text_read(flow->arena, ret->text, &jwt);
	if (ret->readable)
		read_claims(flow, &jwt, ret);
	jwt_text_free(&jwt);
}

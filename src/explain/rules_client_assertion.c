/*
 * A signed client assertion (RFC 7521 4.2, RFC 7523 3), under its own name or as the client secret,
 * as one well-known provider wants it. Its claims are read and held against the request; its
 * signature is not checked, for nobody here has the key. A text without two dots is no assertion.
 */
#include "explain/rules_client.h"
#include "explain/jwt_text.h"
#include "base/text.h"
#include "protocol/json.h"

#define CLOCK_SECONDS 60 /* by which two clocks may differ */
#define LONGEST_SECRET                                                                             \
	15777000 /* seconds: half a year, the longest life that is known to be taken */

static const struct pk_str nothing;

struct assertion {
	const struct flow_part *part;
	struct pk_str text;
	bool is_secret; /* it stands in the place of the client's secret */
	bool is_jwt;
	struct jwt_text jwt;
};

/* ---- Reading ---- */

static bool find(const struct flow *flow, struct assertion *ret)
{
	const struct flow_part *part = flow_asked(flow);
	const struct flow_param *secret;

	*ret = (struct assertion){.part = part};
	if (!part)
		return false;
	ret->text = flow_value(part, "client_assertion");
	if (ret->text.len) {
		ret->is_jwt = jwt_text_read(flow->arena, ret->text, &ret->jwt);
		return true;
	}
	secret = client_secret_param(flow, part);
	ret->text = secret ? secret->value : part->basic_secret;
	if (!pk_str_starts(ret->text, PK_STR("eyJ")))
		return false;
	/* A secret with two dots in it need not be signed: it is when its header can be read. */
	ret->is_secret = true;
	ret->is_jwt = jwt_text_read(flow->arena, ret->text, &ret->jwt);
	return ret->is_jwt;
}

static struct pk_str text_of(const struct flow *flow, const json_t *value)
{
	struct pk_str text;

	return pk_json_text(flow->arena, value, &text) == PK_OK ? text : nothing;
}

static struct pk_str claim(const struct flow *flow, const json_t *object, const char *name)
{
	return text_of(flow, json_object_get(object, name));
}

/* ---- What is wrong with it, one question each ---- */

typedef bool question(const struct flow *flow, const struct assertion *assertion,
		      struct pk_finding *finding);

static bool is_unreadable(const struct flow *flow, const struct assertion *assertion,
			  struct pk_finding *finding)
{
	(void)flow;
	if (assertion->is_jwt)
		return false;
	finding->detail = PK_STR("It is no JSON Web Token.");
	show_secret(finding, assertion->part, "client_assertion", assertion->text, nothing);
	return true;
}

/* RFC 7523 2.2 */
static bool has_other_type(const struct flow *flow, const struct assertion *assertion,
			   struct pk_finding *finding)
{
	const struct pk_str wanted =
		PK_STR("urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
	const struct pk_str type = flow_value(assertion->part, "client_assertion_type");

	(void)flow;
	if (assertion->is_secret || pk_str_equal(type, wanted))
		return false;
	show(finding, assertion->part, "client_assertion_type", type, wanted);
	return true;
}

static bool has_other_algorithm(const struct flow *flow, const struct assertion *assertion,
				struct pk_finding *finding)
{
	const struct pk_str alg = claim(flow, assertion->jwt.header, "alg");
	const bool unsigned_one = !alg.len || pk_str_equal(alg, PK_STR("none"));

	if (!unsigned_one && (!assertion->is_secret || pk_str_equal(alg, PK_STR("ES256"))))
		return false;
	finding->confidence = unsigned_one ? finding->confidence : PK_LIKELY;
	show(finding, assertion->part, "alg", alg,
	     assertion->is_secret ? PK_STR("ES256") : PK_STR("a signature"));
	return true;
}

/* RFC 7523 3: sub is the client_id, and so is iss where the client made the assertion for
 * itself. */
static bool has_other_subject(const struct flow *flow, const struct assertion *assertion,
			      struct pk_finding *finding)
{
	const struct flow_param *id = client_id_param(flow, assertion->part);
	const struct pk_str sub = claim(flow, assertion->jwt.claims, "sub");
	const struct pk_str iss = claim(flow, assertion->jwt.claims, "iss");

	if (!id)
		id = client_id_param(flow, &flow->authorize);
	if (!sub.len || (id && !pk_str_equal(sub, id->value))) {
		show(finding, assertion->part, "sub", sub,
		     id ? id->value : PK_STR("the id of the client"));
		return true;
	}
	if (iss.len && (assertion->is_secret || pk_str_equal(iss, sub)))
		return false;
	show(finding, assertion->part, "iss", iss,
	     assertion->is_secret ? PK_STR("the id of the team") : sub);
	return true;
}

/* The host of a URL, or all of a text that is none. */
static struct pk_str host_of(struct pk_str url)
{
	struct pk_str rest = url;

	(void)pk_str_cut(&rest, '/');
	(void)pk_str_cut(&rest, '/');
	return rest.len ? pk_str_first(rest, pk_str_find(rest, '/')) : url;
}

static bool is_for(const struct flow *flow, const struct assertion *assertion, const json_t *aud)
{
	const struct pk_str text = pk_str(json_string_value(aud));
	const struct pk_str host = host_of(text);

	return text.len &&
	       (pk_str_equal(host, assertion->part->host) ||
		(flow->authorize.event && pk_str_equal(host, flow->authorize.host)) ||
		(flow->dialect && (pk_str_equal(text, flow->dialect->issuer) ||
				   pk_str_equal(text, flow->dialect->client_secret_audience))));
}

/* RFC 7523 3: aud has the server in it, by its issuer or by the URL of its token endpoint. */
static bool has_other_audience(const struct flow *flow, const struct assertion *assertion,
			       struct pk_finding *finding)
{
	const json_t *aud = json_object_get(assertion->jwt.claims, "aud");
	const struct pk_str wanted = assertion->is_secret && flow->dialect
					     ? flow->dialect->client_secret_audience
					     : nothing;
	bool fits = is_for(flow, assertion, aud);

	for (size_t i = 0; i < json_array_size(aud); i++)
		fits |= is_for(flow, assertion, json_array_get(aud, i));
	if (fits || !assertion->part->host.len)
		return false;
	if (aud && !wanted.len)
		finding->confidence = PK_LIKELY; /* an issuer may have a host of its own */
	show(finding, assertion->part, "aud",
	     text_of(flow, json_is_array(aud) ? json_array_get(aud, 0) : aud),
	     wanted.len ? wanted : flow_text(flow, "https://%.*s", PK_ARG(assertion->part->host)));
	return true;
}

static bool is_without_end(const struct flow *flow, const struct assertion *assertion,
			   struct pk_finding *finding)
{
	if (json_is_number(json_object_get(assertion->jwt.claims, "exp")))
		return false;
	show(finding, assertion->part, "exp", claim(flow, assertion->jwt.claims, "exp"),
	     PK_STR("a number of seconds"));
	return true;
}

static bool is_out_of_time(const struct flow *flow, const struct assertion *assertion,
			   struct pk_finding *finding)
{
	const double at = assertion->part->event->at;
	const double exp = json_number_value(json_object_get(assertion->jwt.claims, "exp"));
	const double nbf = json_number_value(json_object_get(assertion->jwt.claims, "nbf"));

	if (at < 0 || (exp > at && nbf <= at + CLOCK_SECONDS))
		return false;
	if (exp <= at)
		show(finding, assertion->part, "exp", flow_text(flow, "%.0f", exp),
		     flow_text(flow, "after %.0f, when it was sent", at));
	else
		show(finding, assertion->part, "nbf", flow_text(flow, "%.0f", nbf),
		     flow_text(flow, "at most %.0f, when it was sent", at));
	return true;
}

static bool lives_too_long(const struct flow *flow, const struct assertion *assertion,
			   struct pk_finding *finding)
{
	const double at = assertion->part->event->at;
	const double iat = json_number_value(json_object_get(assertion->jwt.claims, "iat"));
	const double exp = json_number_value(json_object_get(assertion->jwt.claims, "exp"));
	const double start = iat > 0 ? iat : at;

	if (!assertion->is_secret || start < 0 || exp - start <= LONGEST_SECRET)
		return false;
	finding->confidence = PK_LIKELY;
	show(finding, assertion->part, "exp", flow_text(flow, "%.0f", exp),
	     flow_text(flow, "at most %.0f, half a year after iat", start + LONGEST_SECRET));
	return true;
}

enum verdict look_assertion_invalid(const struct flow *flow, struct pk_finding *finding)
{
	static question *const questions[] = {
		is_unreadable,  has_other_type, has_other_algorithm, has_other_subject,
		is_without_end, is_out_of_time, has_other_audience,  lives_too_long,
	};
	struct assertion assertion;
	enum verdict verdict = ABSENT;

	if (!flow_asked(flow))
		return NOT_VISIBLE;
	if (!find(flow, &assertion))
		goto out;
	finding->confidence = client_sure(flow);
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]) && verdict == ABSENT; i++)
		if (questions[i](flow, &assertion, finding))
			verdict = PRESENT;
out:
	jwt_text_free(&assertion.jwt);
	return verdict;
}

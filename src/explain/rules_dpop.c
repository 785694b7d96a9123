/*
 * DPoP proofs (RFC 9449 4.3): a signed statement that this request, to this URL, at this time, is
 * from who has the key. Read, and held against the request; the signature is not checked.
 */
#include "explain/jwt_text.h"
#include "explain/rule.h"
#include "explain/words.h"
#include "base/text.h"

#define PROOF_SECONDS 300 /* by which the time of a proof may be away */

static const struct pk_str nothing;

static struct pk_str text_of(const json_t *value)
{
	return (struct pk_str){json_string_value(value), json_string_length(value)};
}

static struct pk_str kept(const struct flow *flow, struct pk_str text)
{
	return flow_text(flow, "%.*s", PK_ARG(text));
}

static struct pk_str without_query(struct pk_str url)
{
	url = pk_str_first(url, pk_str_find(url, '#'));
	return pk_str_first(url, pk_str_find(url, '?'));
}

/* Shows the first thing that is wrong with the proof; false where nothing is. */
static bool show_wrong(const struct flow *flow, const struct flow_part *part,
		       const struct jwt_text *proof, struct pk_finding *finding)
{
	const struct pk_message *request = &part->event->request;
	const struct pk_str typ = text_of(json_object_get(proof->header, "typ"));
	const struct pk_str alg = text_of(json_object_get(proof->header, "alg"));
	const struct pk_str htm = text_of(json_object_get(proof->claims, "htm"));
	const struct pk_str htu = text_of(json_object_get(proof->claims, "htu"));
	const double iat = json_number_value(json_object_get(proof->claims, "iat"));
	const double at = part->event->at;

	if (!pk_str_equal(typ, PK_STR("dpop+jwt")))
		show(finding, part, "typ", kept(flow, typ), PK_STR("dpop+jwt"));
	else if (!alg.len || pk_str_equal(alg, PK_STR("none")) || pk_str_starts(alg, PK_STR("HS")))
		show(finding, part, "alg", kept(flow, alg), PK_STR("a signature by a key pair"));
	else if (!json_is_object(json_object_get(proof->header, "jwk")))
		show(finding, part, "jwk", nothing, PK_STR("the public key"));
	else if (json_object_get(json_object_get(proof->header, "jwk"), "d"))
		finding->detail = PK_STR("The private key stands in its header.");
	else if (!text_of(json_object_get(proof->claims, "jti")).len)
		show(finding, part, "jti", nothing, PK_STR("another text in each proof"));
	else if (request->method.len && !pk_str_equal(htm, request->method))
		show(finding, part, "htm", kept(flow, htm), request->method);
	else if (request->url.len && !pk_str_equal(without_query(htu), without_query(request->url)))
		show(finding, part, "htu", kept(flow, htu), without_query(request->url));
	else if (at >= 0 && (iat < at - PROOF_SECONDS || iat > at + PROOF_SECONDS))
		show(finding, part, "iat", flow_text(flow, "%.0f", iat),
		     flow_text(flow, "about %.0f, when it was sent", at));
	return finding->evidence_count || finding->detail.len;
}

static enum verdict look_proof(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_part *asked = flow_asked(flow);
	struct jwt_text proof = {NULL, NULL};
	bool wrong = false;
	enum words words;

	if (!asked || !asked->event->request.header_count)
		return NOT_VISIBLE;
	if (!flow_header(&asked->event->request, "DPoP").len) {
		words = words_show(flow, "dpop-proof-invalid", finding);
		finding->confidence = words_confidence(words);
		if (words != WORDS_SILENT)
			show(finding, asked, "DPoP", nothing, PK_STR("a proof"));
		return words == WORDS_SILENT ? ABSENT : PRESENT;
	}
	finding->confidence = PK_PROVED;
	if (!jwt_text_read(flow->arena, flow_header(&asked->event->request, "DPoP"), &proof)) {
		finding->detail = PK_STR("It is no JSON Web Token.");
		wrong = true;
	} else {
		wrong = show_wrong(flow, asked, &proof, finding);
	}
	jwt_text_free(&proof);
	if (wrong)
		return PRESENT;
	words = words_show(flow, "dpop-proof-invalid", finding);
	finding->confidence = words_confidence(words);
	return words == WORDS_SILENT ? ABSENT : PRESENT;
}

/* clang-format off */
const struct rule rules_dpop[] = {
	{"dpop-proof-invalid", look_proof, false},
	{NULL, NULL, false},
};
/* clang-format on */

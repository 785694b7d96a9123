/*
 * How the client proves itself: not at all, with a secret in the header or in the body, once (RFC
 * 6749 2.3). Which of these a provider takes its dialect says; whether the secret is the right one
 * nobody but the provider knows.
 */
#include "explain/rules_client.h"
#include "explain/rules_pair.h"
#include "explain/rules_request.h"
#include "explain/words.h"
#include "base/text.h"

static const struct pk_str nothing;

/* What came in proof. */
struct proof {
	const struct flow_part *part;
	const struct flow_param *secret;
	struct pk_str assertion;
	bool header; /* an Authorization header, of whatever kind */
};

static bool read_proof(const struct flow *flow, struct proof *ret)
{
	const struct flow_part *part = flow_asked(flow);

	if (!part || !part->count)
		return false;
	*ret = (struct proof){.part = part, .secret = client_secret_param(flow, part)};
	ret->assertion = flow_value(part, "client_assertion");
	ret->header = flow_header(&part->event->request, "Authorization").len > 0;
	return true;
}

static bool is_given(const struct proof *proof)
{
	return proof->secret || proof->assertion.len || proof->header;
}

static bool takes(const struct flow *flow, const char *method)
{
	return pk_list_has(&flow->dialect->client_auth, pk_str(method));
}

static unsigned count_ways(const struct proof *proof)
{
	return (unsigned)proof->header + (proof->secret != NULL) + (proof->assertion.len > 0);
}

/* Whether the dialect takes proof in the one way in which it came. */
static bool is_taken_way(const struct flow *flow, const struct proof *proof)
{
	return flow->dialect && count_ways(proof) == 1 && !proof->assertion.len &&
	       takes(flow, proof->secret ? "post" : "basic");
}

static void show_proof(const struct proof *proof, struct pk_finding *finding)
{
	if (proof->secret)
		show_secret(finding, proof->part, "client_secret", proof->secret->value, nothing);
	if (proof->header)
		show_secret(finding, proof->part, "Authorization",
			    flow_header(&proof->part->event->request, "Authorization"), nothing);
}

/* ---- No secret where one is due ---- */

static bool is_refused_as_client(const struct flow *flow)
{
	return pk_str_equal(flow->reply.error, PK_STR("invalid_client"));
}

static const char *secret_name(const struct flow *flow)
{
	return flow->dialect && !pk_str_equal(flow->dialect->client_secret_parameter,
					      PK_STR("client_secret"))
		       ? "secret"
		       : "client_secret";
}

/* The secret stands in the body under another name than the provider's. */
static bool is_misnamed(const struct flow *flow, const struct proof *proof)
{
	return flow->dialect && proof->secret && !proof->header &&
	       !client_is_named_right(flow, proof->secret, flow->dialect->client_secret_parameter);
}

/* Without an id nobody can be asked for a secret. */
static bool is_nobody(const struct flow *flow)
{
	struct pk_finding other = {0};

	return look_client_id_missing(flow, &other) == PRESENT;
}

enum verdict look_secret_missing(const struct flow *flow, struct pk_finding *finding)
{
	struct proof proof;

	if (!read_proof(flow, &proof))
		return NOT_VISIBLE;
	if (is_given(&proof) && !is_misnamed(flow, &proof))
		return ABSENT;
	if (flow->dialect && !takes(flow, "none")) {
		finding->confidence = client_sure(flow);
		if (proof.secret)
			finding->detail =
				flow_text(flow, "It is sent as %.*s; this provider reads %.*s.",
					  PK_ARG(proof.secret->name),
					  PK_ARG(flow->dialect->client_secret_parameter));
		show_secret(finding, proof.part, secret_name(flow), nothing,
			    PK_STR("the client's secret"));
		return PRESENT;
	}
	if (client_by_words(flow, finding, "secret-missing") == PRESENT) {
		if (is_refused_as_client(flow) && !proof.secret && !is_nobody(flow))
			finding->confidence = PK_LIKELY;
		show(finding, proof.part, secret_name(flow), nothing,
		     PK_STR("the client's secret"));
		return PRESENT;
	}
	if (!is_refused_as_client(flow) || proof.secret || is_nobody(flow))
		return ABSENT;
	/* RFC 6749 5.2, invalid_client: "unknown client, no client authentication included, or
	 * unsupported authentication method" */
	finding->confidence = PK_LIKELY;
	show(finding, proof.part, secret_name(flow), nothing, PK_STR("the client's secret"));
	show(finding, proof.part, "error", flow->reply.error, nothing);
	return PRESENT;
}

/* ---- A secret where none is taken ---- */

/* "Parameters sent without a value MUST be treated as if they were omitted" (RFC 6749 3.2), which
 * not everybody does. */
static bool is_empty_secret(const struct proof *proof)
{
	const struct flow_param *param = flow_param(proof->part, "client_secret");

	return !is_given(proof) && param && !param->value.len;
}

static bool takes_none_alone(const struct flow *flow)
{
	return flow->dialect && takes(flow, "none") && !takes(flow, "basic") &&
	       !takes(flow, "post");
}

/* Where public clients are those that use PKCE, one that sends both may be of either kind. */
static bool may_be_public(const struct flow *flow, const struct proof *proof)
{
	return flow->dialect && takes(flow, "none") && is_refused_as_client(flow) &&
	       flow_value(proof->part, "code_verifier").len;
}

enum verdict look_secret_from_public_client(const struct flow *flow, struct pk_finding *finding)
{
	struct proof proof;

	if (!read_proof(flow, &proof))
		return NOT_VISIBLE;
	if (is_empty_secret(&proof) && is_refused_as_client(flow) &&
	    (!flow->dialect || takes(flow, "none"))) {
		finding->confidence = PK_LIKELY;
		finding->detail = PK_STR("An empty client_secret is taken for a wrong one by some "
					 "providers.");
		show(finding, proof.part, "client_secret", PK_STR(""), nothing);
		return PRESENT;
	}
	if (!proof.secret && !proof.part->basic)
		return ABSENT;
	if (takes_none_alone(flow))
		finding->confidence = client_sure(flow);
	else if (is_taken_way(flow, &proof) && takes(flow, "none") &&
		 words_on(flow, "secret-rejected", NULL) == WORDS_SILENT &&
		 words_show(flow, "secret-from-public-client", finding) != WORDS_SILENT)
		finding->confidence = PK_LIKELY;
	else if (words_on(flow, "secret-rejected", NULL) == WORDS_SILENT &&
		 client_by_words(flow, finding, "secret-from-public-client") == PRESENT)
		;
	else if (may_be_public(flow, &proof))
		finding->confidence = PK_POSSIBLE;
	else
		return ABSENT;
	show_proof(&proof, finding);
	return PRESENT;
}

/* ---- In which way ---- */

enum verdict look_client_auth_twice(const struct flow *flow, struct pk_finding *finding)
{
	struct proof proof;

	if (!read_proof(flow, &proof))
		return NOT_VISIBLE;
	if (count_ways(&proof) < 2)
		return ABSENT;
	finding->confidence = client_sure(flow);
	show_proof(&proof, finding);
	return PRESENT;
}

/* The way that was used and is not taken, with the one that is; false when it is taken. */
static bool is_other_way(const struct flow *flow, const struct proof *proof, struct pk_str *ret)
{
	if (!flow->dialect || count_ways(proof) != 1 || proof->assertion.len)
		return false;
	if (proof->part->basic && !takes(flow, "basic") && takes(flow, "post")) {
		*ret = PK_STR("the secret in the request body");
		return true;
	}
	if (proof->secret && !takes(flow, "post") && takes(flow, "basic")) {
		*ret = PK_STR("the secret in an Authorization header, as HTTP Basic");
		return true;
	}
	return false;
}

enum verdict look_client_auth_method(const struct flow *flow, struct pk_finding *finding)
{
	struct proof proof;
	struct pk_str wanted = {0};

	if (!read_proof(flow, &proof))
		return NOT_VISIBLE;
	if (is_other_way(flow, &proof, &wanted)) {
		finding->confidence = client_sure(flow);
		show_secret(finding, proof.part, proof.secret ? "client_secret" : "Authorization",
			    proof.secret
				    ? proof.secret->value
				    : flow_header(&proof.part->event->request, "Authorization"),
			    nothing);
		finding->detail = flow_text(flow, "This provider takes %.*s.", PK_ARG(wanted));
		return PRESENT;
	}
	/* Words that are said for several faults do not outweigh a dialect that takes this way, and
	 * who did not prove itself at all did not do it in the wrong one. */
	if (((is_taken_way(flow, &proof) || !is_given(&proof)) &&
	     words_on(flow, "client-auth-method", NULL) != WORDS_NAME) ||
	    client_by_words(flow, finding, "client-auth-method") != PRESENT)
		return ABSENT;
	show_proof(&proof, finding);
	return PRESENT;
}

/* ---- The secret itself ---- */

static struct pk_str sent_secret(const struct proof *proof)
{
	return proof->secret ? proof->secret->value : proof->part->basic_secret;
}

/* Another secret of this capture that a request was accepted with, or that a request began with. */
static const struct flow_part *other_secret(const struct flow *flow, const struct proof *proof)
{
	for (size_t i = 0; i < flow->capture->count; i++) {
		const struct flow_param *other = client_secret_param(flow, &flow->part[i]);

		if (flow->part[i].event->kind == PK_EVENT_TOKEN && other &&
		    !pk_str_equal(other->value, sent_secret(proof)) &&
		    flow->part[i].event->reply.status == 200)
			return &flow->part[i];
	}
	return NULL;
}

static void describe_secret(const struct flow *flow, const struct proof *proof,
			    struct pk_finding *finding)
{
	const struct pk_str secret = sent_secret(proof);
	const struct flow_part *other = other_secret(flow, proof);

	if (secret.len && pk_str_trim(secret).len != secret.len)
		finding->detail = PK_STR("There is white space around the secret.");
	else if (other)
		finding->detail =
			flow_text(flow, "Event %d was accepted with another one.", other->index);
}

/* Something that can be seen is wrong with the proof; then nothing is said of the secret. */
static bool is_explained(const struct flow *flow)
{
	static rule_fn *const rules[] = {
		look_client_id_parameter,    look_client_id_missing,  look_client_differs,
		look_basic_malformed,        look_client_auth_twice,  look_assertion_invalid,
		look_basic_not_form_encoded, look_client_auth_method, look_parameter_in_query,
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		struct pk_finding other = {0};

		if (rules[i](flow, &other) == PRESENT && other.confidence == PK_PROVED)
			return true;
	}
	return false;
}

static bool is_placeholder(const struct flow *flow, const struct proof *proof)
{
	const struct flow_param *id = client_id_param(flow, proof->part);

	return pair_is_placeholder(PK_STR("client_secret"), sent_secret(proof)) ||
	       pair_is_unset(sent_secret(proof)) ||
	       (id && pair_is_placeholder(id->name, id->value));
}

enum verdict look_secret_rejected(const struct flow *flow, struct pk_finding *finding)
{
	struct proof proof;
	enum words words;

	if (!read_proof(flow, &proof) || !flow->reply.visible)
		return NOT_VISIBLE;
	words = words_on(flow, "secret-rejected", NULL);
	if (words == WORDS_SILENT || !is_given(&proof) || is_explained(flow))
		return ABSENT;
	if (is_placeholder(flow, &proof))
		return ABSENT;
	finding->confidence = is_refused_as_client(flow) ? PK_LIKELY : words_confidence(words);
	describe_secret(flow, &proof, finding);
	show_proof(&proof, finding);
	(void)words_show(flow, "secret-rejected", finding);
	return PRESENT;
}

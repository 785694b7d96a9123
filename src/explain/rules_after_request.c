/*
 * Refresh and revocation requests: to which address, by which client, in which form (RFC 6749 6,
 * RFC 7009 2.1). What the provider accepted is right, whatever is written about it.
 */
#include "explain/rules_after.h"
#include "explain/flow_provider.h"
#include "explain/rules_pair.h"
#include "explain/words.h"
#include "base/text.h"

/* ---- The client ---- */

enum verdict look_refresh_client_changed(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_part *issuer;
	struct pk_str before, now;
	enum words words;

	if (!flow->refresh.event)
		return NOT_VISIBLE;
	issuer = after_issuer(flow, refresh_token_of(&flow->refresh), flow->refresh.index);
	now = flow_client_id(flow, &flow->refresh);
	before = issuer ? flow_client_id(flow, issuer) : (struct pk_str){0};
	if (!before.len || !now.len) {
		words = words_show(flow, "refresh-client-changed", finding);
		finding->confidence = words_confidence(words);
		return words == WORDS_SILENT ? NOT_VISIBLE : PRESENT;
	}
	if (pk_str_equal(before, now))
		return ABSENT;
	finding->confidence = PK_PROVED;
	show(finding, &flow->refresh, "client_id", now, before);
	return PRESENT;
}

/* ---- The address ---- */

/* Tokens came from there before: through a proxy, for example, that stands for the provider. */
static bool gave_tokens(const struct flow *flow, const struct flow_part *where)
{
	for (size_t i = 0; i < flow->capture->count; i++)
		if (pk_str_equal(flow->part[i].host, where->host) &&
		    pk_str_equal(flow->part[i].path, where->path) &&
		    after_reply(flow, &flow->part[i]).success)
			return true;
	return false;
}

enum verdict look_refresh_endpoint_wrong(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_part *issuer;

	if (!flow->refresh.event || !flow->refresh.path.len)
		return NOT_VISIBLE;
	if (gave_tokens(flow, &flow->refresh))
		return ABSENT;
	if (flow->dialect) {
		const struct pk_str wanted = flow->dialect->refresh_url.len
						     ? flow->dialect->refresh_url
						     : flow->dialect->token_url;

		if (flow_is_endpoint(flow->dialect, wanted, flow->refresh.host, flow->refresh.path))
			return ABSENT;
		finding->confidence = PK_PROVED;
		show(finding, &flow->refresh, "url", flow->refresh.event->request.url, wanted);
		return PRESENT;
	}
	/* Some providers refresh elsewhere: a stranger's address is wrong only if nothing is there. */
	issuer = after_issuer(flow, refresh_token_of(&flow->refresh), flow->refresh.index);
	if (!issuer)
		return NOT_VISIBLE;
	if (flow->reply.status != 404 && flow->reply.status != 405)
		return ABSENT;
	finding->confidence = PK_LIKELY;
	show(finding, &flow->refresh, "url", flow->refresh.event->request.url,
	     issuer->event->request.url);
	return PRESENT;
}

/* ---- The revocation ---- */

static const struct flow_param *find_param(const struct flow_part *part, struct pk_str name)
{
	for (size_t i = 0; i < part->count; i++)
		if (pk_str_equal(part->param[i].name, name))
			return &part->param[i];
	return NULL;
}

/* Shows what of the request is not as it is to be; false where nothing is. The client's proof and
 * the form of the body have rules of their own, for all requests. */
static bool show_malformed(const struct flow *flow, struct pk_finding *finding)
{
	const struct pk_dialect *dialect = flow->dialect;
	const struct flow_part *revoke = &flow->revoke;
	const struct pk_str name = dialect && dialect->revoke_token_parameter.len
					   ? dialect->revoke_token_parameter
					   : PK_STR("token");
	const bool by_itself = dialect && dialect->revoke_auth == PK_REVOKE_AUTH_BEARER;
	const struct flow_param *token = find_param(revoke, name);

	if (dialect && dialect->revoke_url.len &&
	    !flow_is_endpoint(dialect, dialect->revoke_url, revoke->host, revoke->path))
		show(finding, revoke, "url", revoke->event->request.url, dialect->revoke_url);
	else if (revoke->event->request.method.len &&
		 !pk_str_equal(revoke->event->request.method, PK_STR("POST")))
		show(finding, revoke, "method", revoke->event->request.method, PK_STR("POST"));
	else if (by_itself && !flow_header(&revoke->event->request, "Authorization").len)
		show(finding, revoke, "Authorization", (struct pk_str){0},
		     PK_STR("Bearer and the token itself"));
	else if (!by_itself && (!token || !token->value.len || token->in_query))
		show_secret(finding, revoke, pair_name(flow, name),
			    token ? token->value : (struct pk_str){0},
			    token && token->in_query ? PK_STR("the same, in the body")
						     : PK_STR("the token, in the body"));
	return finding->evidence_count > 0;
}

enum verdict look_revoke_malformed(const struct flow *flow, struct pk_finding *finding)
{
	enum words words;

	if (!flow->revoke.event || !flow->revoke.event->request.present)
		return NOT_VISIBLE;
	if (flow->reply.visible && !flow->failed)
		return ABSENT;
	if (show_malformed(flow, finding)) {
		finding->confidence = flow->dialect ? PK_PROVED : PK_LIKELY;
		return PRESENT;
	}
	words = words_show(flow, "revoke-malformed", finding);
	finding->confidence = words_confidence(words);
	return words == WORDS_SILENT ? ABSENT : PRESENT;
}

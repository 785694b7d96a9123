/*
 * Which client it is: the id is there, under the provider's name for it, and the same in both
 * requests (RFC 6749 2.2, 3.2.1, 4.1.3). Ids are no secrets and are shown.
 */
#include "explain/rules_client.h"
#include "explain/rules_pair.h"
#include "base/text.h"

#include <string.h>

static const struct pk_str nothing;

/* ---- Its name ---- */

/* Spellings of client_id that nobody reads; the others of client_id_param() are somebody's own. */
static bool is_misspelt(struct pk_str name)
{
	return pk_str_equal(name, PK_STR("clientId")) || pk_str_equal(name, PK_STR("clientid")) ||
	       pk_str_equal(name, PK_STR("client-id")) || pk_str_equal(name, PK_STR("client"));
}

/* The parameter that has the client's id under a name that is not the one wanted, or NULL. */
static const struct flow_param *misnamed(const struct flow *flow, const struct flow_part *part)
{
	const struct flow_param *param = client_id_param(flow, part);

	if (!part->event || !param || part->basic)
		return NULL;
	if (!flow->dialect)
		return is_misspelt(param->name) ? param : NULL;
	return client_is_named_right(flow, param, flow->dialect->client_id_parameter) ? NULL
										      : param;
}

enum verdict look_client_id_parameter(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_part *const parts[] = {&flow->authorize, flow_asked(flow)};

	if (!flow->authorize.event && !parts[1])
		return NOT_VISIBLE;
	for (size_t i = 0; i < 2; i++) {
		const struct flow_param *param = parts[i] ? misnamed(flow, parts[i]) : NULL;

		if (!param)
			continue;
		finding->confidence = !flow->dialect ? PK_LIKELY
				      : i == 0       ? PK_PROVED
						     : client_sure(flow);
		finding->detail = flow_text(
			flow, "It is sent as %.*s; this provider reads %.*s.", PK_ARG(param->name),
			PK_ARG(flow->dialect ? flow->dialect->client_id_parameter
					     : PK_STR("client_id")));
		show(finding, parts[i], "client_id", param->value, nothing);
		return PRESENT;
	}
	return ABSENT;
}

/* ---- Whether it is there ---- */

/* At a provider that nobody has described, another name may be its own for the client. */
static bool has_other_name(const struct flow_part *part)
{
	for (size_t i = 0; i < part->count; i++) {
		const struct pk_str name = part->param[i].name;

		if (!part->param[i].value.len || memmem(name.ptr, name.len, "secret", 6) ||
		    memmem(name.ptr, name.len, "assertion", 9))
			continue;
		if (memmem(name.ptr, name.len, "client", 6) ||
		    memmem(name.ptr, name.len, "consumer", 8) ||
		    memmem(name.ptr, name.len, "app", 3))
			return true;
	}
	return false;
}

static bool proves_itself_otherwise(const struct flow_part *part)
{
	return part->basic || flow_header(&part->event->request, "Authorization").len ||
	       flow_value(part, "client_assertion").len;
}

static bool is_without_client(const struct flow *flow, const struct flow_part *part)
{
	return part && part->event && part->count && !client_id_param(flow, part) &&
	       !proves_itself_otherwise(part) && (flow->dialect || !has_other_name(part));
}

static const struct flow_part *unset(const struct flow *flow, const struct flow_part *part)
{
	const struct flow_param *param = part ? client_id_param(flow, part) : NULL;

	return param && pair_is_unset(param->value) ? part : NULL;
}

enum verdict look_client_id_missing(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_part *asked = flow_asked(flow);
	const struct flow_part *part = NULL;

	if (!flow->authorize.event && !asked)
		return NOT_VISIBLE;
	if (flow->revoke.event && !client_is_refused(flow))
		asked = NULL;
	if (is_without_client(flow, &flow->authorize))
		part = &flow->authorize;
	else if (is_without_client(flow, asked))
		part = asked;
	if (part) {
		finding->confidence = part == asked ? client_sure(flow) : PK_PROVED;
		show(finding, part, "client_id", nothing, PK_STR("the id of the client"));
		return PRESENT;
	}
	part = unset(flow, &flow->authorize) ? &flow->authorize : unset(flow, asked);
	if (!part)
		return ABSENT;
	finding->confidence = PK_LIKELY;
	finding->detail = PK_STR("What stands there is what a program writes that has no value.");
	show(finding, part, "client_id", client_id_param(flow, part)->value,
	     PK_STR("the id of the client"));
	return PRESENT;
}

/* ---- Whether it is the same ---- */

static bool is_placeholder(const struct flow_param *param)
{
	return pair_is_unset(param->value) || pair_is_placeholder(param->name, param->value);
}

static bool is_id_in_basic(const struct flow_part *part, struct pk_str id)
{
	return pk_str_equal(part->basic_id, id) || pk_str_equal(part->basic_raw_id, id);
}

/* A colon that was not encoded cuts the id in two: that is another fault. */
static bool is_cut_at_colon(const struct flow_part *part, struct pk_str id)
{
	return part->basic_raw_id.len && part->basic_raw_id.len < id.len &&
	       pk_str_starts(id, part->basic_raw_id) && id.ptr[part->basic_raw_id.len] == ':';
}

enum verdict look_client_differs(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_param *first = client_id_param(flow, &flow->authorize);
	const struct flow_param *second = client_id_param(flow, &flow->token);
	const struct pk_str in_basic = flow->token.basic_id;

	if (!flow->token.event)
		return NOT_VISIBLE;
	if ((first && is_placeholder(first)) || (second && is_placeholder(second)))
		return ABSENT;
	if (first && second && !pk_str_equal(first->value, second->value)) {
		finding->confidence = PK_PROVED;
		show(finding, &flow->token, "client_id", second->value, first->value);
		return PRESENT;
	}
	if (!first)
		first = second;
	if (first && in_basic.len && !is_id_in_basic(&flow->token, first->value) &&
	    !is_cut_at_colon(&flow->token, first->value)) {
		finding->confidence = PK_PROVED;
		show(finding, &flow->token, "Authorization", in_basic, first->value);
		return PRESENT;
	}
	if (flow->authorize.event && first)
		return ABSENT;
	return client_by_words(flow, finding, "client-differs") == PRESENT ? PRESENT : NOT_VISIBLE;
}

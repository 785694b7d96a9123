/*
 * The provider's metadata (RFC 8414, OpenID Connect Discovery 1.0), where it was fetched: whether it
 * is of the issuer that its URL names, and has what a login needs. A login may never have begun.
 */
#include "explain/flow_provider.h"
#include "explain/rule.h"
#include "base/text.h"
#include "protocol/json.h"

#include <string.h>

static const struct pk_str nothing;

static const struct pk_str well_known[] = {
	{"/.well-known/openid-configuration", 33},
	{"/.well-known/oauth-authorization-server", 39},
};

/* The issuer of which the URL asks: OpenID Connect puts the well-known part behind its path,
 * RFC 8414 3.1 before it. "Not given" for another URL. */
static struct pk_str issuer_asked(const struct flow *flow, struct pk_str url)
{
	url = pk_str_first(url, pk_str_find(url, '?'));
	for (size_t i = 0; i < sizeof(well_known) / sizeof(well_known[0]); i++) {
		const char *at =
			url.len ? memmem(url.ptr, url.len, well_known[i].ptr, well_known[i].len)
				: NULL;

		if (!at)
			continue;

		const struct pk_str before = pk_str_first(url, (size_t)(at - url.ptr));
		const struct pk_str after = pk_str_from(url, before.len + well_known[i].len);

		return flow_text(flow, "%.*s%.*s", PK_ARG(before), PK_ARG(after));
	}
	return nothing;
}

/* The metadata of the capture that came last. */
struct metadata {
	const struct flow_part *part;
	struct pk_str asked; /* the issuer by the URL */
	json_t *root;
};

static bool find(const struct flow *flow, struct metadata *ret)
{
	*ret = (struct metadata){.part = NULL};
	for (size_t i = flow->capture->count; i-- > 0;) {
		const struct flow_part *part = &flow->part[i];
		const struct pk_str asked = issuer_asked(flow, part->event->request.url);

		if (!asked.ptr || part->event->reply.status / 100 != 2)
			continue;
		*ret = (struct metadata){part, asked,
					 pk_json_parse(pk_str_trim(part->event->reply.body))};
		if (json_is_object(ret->root))
			return true;
		json_decref(ret->root);
	}
	*ret = (struct metadata){.part = NULL};
	return false;
}

static struct pk_str member(const struct flow *flow, const struct metadata *metadata,
			    const char *name)
{
	struct pk_str text;

	return pk_json_text(flow->arena, json_object_get(metadata->root, name), &text) == PK_OK
		       ? text
		       : nothing;
}

/* An issuer with a final slash is asked for without it (Discovery 4.1). A provider of many tenants
 * may write a variable in the place of one. */
static bool is_issuer_asked(const struct flow *flow, const struct metadata *metadata,
			    struct pk_str issuer)
{
	const struct pk_str slashed = flow_text(flow, "%.*s/", PK_ARG(metadata->asked));

	return pk_str_equal(issuer, metadata->asked) || pk_str_equal(issuer, slashed) ||
	       pk_str_find(issuer, '{') < issuer.len ||
	       (flow->dialect && flow->dialect->issuer.len &&
		!flow_has_any_host(flow->dialect->issuer) && flow_is_issuer(flow, issuer));
}

static enum verdict look_issuer(const struct flow *flow, struct pk_finding *finding)
{
	struct metadata metadata;
	struct pk_str issuer;

	if (!find(flow, &metadata))
		return NOT_VISIBLE;
	issuer = member(flow, &metadata, "issuer");
	json_decref(metadata.root);
	if (!issuer.len || is_issuer_asked(flow, &metadata, issuer))
		return ABSENT;
	finding->confidence = PK_PROVED;
	show(finding, metadata.part, "issuer", issuer, metadata.asked);
	return PRESENT;
}

static enum verdict look_incomplete(const struct flow *flow, struct pk_finding *finding)
{
	static const char *const needed[] = {"issuer", "authorization_endpoint", "token_endpoint"};
	struct metadata metadata;

	if (!find(flow, &metadata))
		return NOT_VISIBLE;
	finding->confidence = PK_PROVED;
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!member(flow, &metadata, needed[i]).len)
			show(finding, metadata.part, needed[i], nothing, PK_STR("a URL"));
	json_decref(metadata.root);
	return finding->evidence_count ? PRESENT : ABSENT;
}

static enum verdict look_pkce(const struct flow *flow, struct pk_finding *finding)
{
	struct metadata metadata;
	const json_t *methods;
	bool listed = false, has_s256 = false;
	struct pk_str first = nothing;

	if (!find(flow, &metadata))
		return NOT_VISIBLE;
	methods = json_object_get(metadata.root, "code_challenge_methods_supported");
	for (size_t i = 0; i < json_array_size(methods); i++) {
		const char *method = json_string_value(json_array_get(methods, i));

		listed = true;
		has_s256 |= method && strcmp(method, "S256") == 0;
		if (!first.len && method)
			first = flow_text(flow, "%s", method);
	}
	json_decref(metadata.root);
	if (!listed || has_s256)
		return ABSENT;
	finding->confidence = PK_PROVED;
	show(finding, metadata.part, "code_challenge_methods_supported", first, PK_STR("S256"));
	return PRESENT;
}

/* clang-format off */
const struct rule rules_metadata[] = {
	{"metadata-issuer",     look_issuer,     true},
	{"metadata-incomplete", look_incomplete, false},
	{"metadata-pkce",       look_pkce,       false},
	{NULL, NULL, false},
};
/* clang-format on */

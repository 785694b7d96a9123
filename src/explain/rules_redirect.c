/*
 * The redirect URI: the same in both requests, byte for byte after one decoding (RFC 6749 4.1.3), and
 * as the provider's rules want it. Exactly one way of being different is named.
 */
#include "explain/rule.h"
#include "explain/words.h"
#include "base/text.h"
#include "protocol/redirect_uri.h"

enum difference {
	UNKNOWN, /* one of the two requests is not in the capture, or the first has none */
	SAME,
	MISSING,
	EMPTY,
	DOUBLE_ENCODED,
	OTHER_SCHEME,
	OTHER_PORT,
	OTHER_LOOPBACK,
	EXTRA_QUERY,
	DIFFERENT,
};

static struct pk_str first_uri(const struct flow *flow)
{
	return flow_value(&flow->authorize, "redirect_uri");
}

static struct pk_str second_uri(const struct flow *flow)
{
	return flow_value(&flow->token, "redirect_uri");
}

static bool same_but(const struct pk_uri *a, const struct pk_uri *b, bool scheme, bool host,
		     bool port)
{
	return (scheme || pk_str_equal(a->scheme, b->scheme)) &&
	       (host || pk_str_equal(a->host, b->host)) &&
	       (port || pk_str_equal(a->port, b->port)) && pk_str_equal(a->path, b->path) &&
	       pk_str_equal(a->query, b->query) && pk_str_equal(a->fragment, b->fragment);
}

static enum difference compare_uris(struct pk_str first, struct pk_str second)
{
	struct pk_uri a, b;

	if (!pk_uri_split(first, &a) || !pk_uri_split(second, &b))
		return DIFFERENT;
	if (same_but(&a, &b, true, false, false))
		return OTHER_SCHEME;
	if (same_but(&a, &b, false, false, true))
		return OTHER_PORT;
	if (pk_host_is_loopback(a.host) && pk_host_is_loopback(b.host) &&
	    same_but(&a, &b, false, true, false))
		return OTHER_LOOPBACK;
	if (second.len > first.len && pk_str_starts(second, first) &&
	    (second.ptr[first.len] == '?' || second.ptr[first.len] == '&'))
		return EXTRA_QUERY;
	return DIFFERENT;
}

static enum difference compare(const struct flow *flow)
{
	const struct pk_str first = first_uri(flow), second = second_uri(flow);

	if (!flow->authorize.event || !flow->token.event || !first.len)
		return UNKNOWN;
	if (!second.ptr)
		return MISSING;
	if (!second.len)
		return EMPTY;
	if (pk_str_equal(first, second))
		return SAME;
	if (pk_str_equal(flow_decode(flow->arena, second), first))
		return DOUBLE_ENCODED;
	return compare_uris(first, second);
}

static enum verdict look_at(const struct flow *flow, struct pk_finding *finding,
			    enum difference wanted)
{
	const enum difference difference = compare(flow);

	if (difference == UNKNOWN)
		return NOT_VISIBLE;
	if (difference != wanted)
		return ABSENT;
	finding->confidence = PK_PROVED;
	show(finding, &flow->token, "redirect_uri", second_uri(flow), first_uri(flow));
	return PRESENT;
}

static enum verdict look_missing(const struct flow *flow, struct pk_finding *finding)
{
	return look_at(flow, finding, MISSING);
}

/* Also in the first request: there it is nowhere to go back to. */
static enum verdict look_empty(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_param *first = flow_param(&flow->authorize, "redirect_uri");

	if (!flow->authorize.event && !flow->token.event)
		return NOT_VISIBLE;
	if (first && !first->value.len) {
		finding->confidence = PK_PROVED;
		show(finding, &flow->authorize, "redirect_uri", PK_STR(""),
		     PK_STR("the registered redirect URI"));
		return PRESENT;
	}
	if (flow->token.event && second_uri(flow).ptr && !second_uri(flow).len) {
		finding->confidence = PK_PROVED;
		show(finding, &flow->token, "redirect_uri", PK_STR(""), first_uri(flow));
		return PRESENT;
	}
	return ABSENT;
}

/* "https%3A%2F%2F" is left when a URI was encoded twice and decoded once. */
static bool is_encoded_uri(const struct flow *flow, struct pk_str uri)
{
	struct pk_uri split;

	return !pk_uri_split(uri, &split) && pk_uri_split(flow_decode(flow->arena, uri), &split);
}

static enum verdict look_double_encoded(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_part *const parts[] = {&flow->authorize, &flow->token};

	if (!flow->authorize.event && !flow->token.event)
		return NOT_VISIBLE;
	for (size_t i = 0; i < 2; i++) {
		const struct pk_str uri = flow_value(parts[i], "redirect_uri");

		if (!is_encoded_uri(flow, uri) && !(i == 1 && compare(flow) == DOUBLE_ENCODED))
			continue;
		finding->confidence = PK_PROVED;
		show(finding, parts[i], "redirect_uri", uri, flow_decode(flow->arena, uri));
		return PRESENT;
	}
	return ABSENT;
}

static enum verdict look_scheme(const struct flow *flow, struct pk_finding *finding)
{
	return look_at(flow, finding, OTHER_SCHEME);
}

static enum verdict look_port(const struct flow *flow, struct pk_finding *finding)
{
	return look_at(flow, finding, OTHER_PORT);
}

static enum verdict look_localhost(const struct flow *flow, struct pk_finding *finding)
{
	const bool refused = flow->dialect &&
			     pk_list_has(&flow->dialect->redirect_rules, PK_STR("no-localhost"));
	struct pk_uri uri;

	if (refused && pk_uri_split(first_uri(flow), &uri) &&
	    pk_str_equal(uri.host, PK_STR("localhost"))) {
		finding->confidence = PK_PROVED;
		show(finding, &flow->authorize, "redirect_uri", first_uri(flow),
		     PK_STR("127.0.0.1 or [::1] as its host"));
		return PRESENT;
	}
	return look_at(flow, finding, OTHER_LOOPBACK);
}

static enum verdict look_extra_query(const struct flow *flow, struct pk_finding *finding)
{
	return look_at(flow, finding, EXTRA_QUERY);
}

static enum verdict look_differs(const struct flow *flow, struct pk_finding *finding)
{
	const struct pk_str first = first_uri(flow), second = second_uri(flow);
	const enum verdict verdict = look_at(flow, finding, DIFFERENT);
	size_t at = 0;

	if (verdict != PRESENT)
		return verdict;
	if (is_encoded_uri(flow, first) || is_encoded_uri(flow, second))
		return ABSENT;
	while (at < first.len && at < second.len && first.ptr[at] == second.ptr[at])
		at++;
	finding->detail = flow_text(flow, "They are the same up to character %zu.", at);
	return PRESENT;
}

/* A sandbox takes every redirect URI on its own machine, whatever the provider's rules are. */
static bool is_at_sandbox(const struct flow *flow)
{
	struct pk_uri uri;

	return pk_uri_split(flow->authorize.event->request.url, &uri) &&
	       pk_host_is_loopback(uri.host) && pk_uri_is_loopback(first_uri(flow));
}

static enum verdict look_breaks_rules(const struct flow *flow, struct pk_finding *finding)
{
	const struct pk_str uri = first_uri(flow);
	struct pk_why why = {0};

	if (!flow->authorize.event || !flow->dialect || !uri.len)
		return NOT_VISIBLE;
	if (is_encoded_uri(flow, uri) || is_at_sandbox(flow) ||
	    pk_redirect_uris_check(flow->dialect, &uri, 1, &why) != PK_ERR_REDIRECT_URI)
		return ABSENT;
	finding->confidence = PK_PROVED;
	finding->detail = flow_text(flow, "%s.", why.detail);
	show(finding, &flow->authorize, "redirect_uri", uri, (struct pk_str){0});
	return PRESENT;
}

static enum verdict look_unregistered(const struct flow *flow, struct pk_finding *finding)
{
	struct pk_str said = {0};
	const enum words words = words_on(flow, "redirect-uri-unregistered", &said);

	if (!flow->authorize.event && !flow->token.event)
		return NOT_VISIBLE;
	if (words == WORDS_SILENT)
		return ABSENT;
	finding->confidence = words_confidence(words);
	show(finding, &flow->authorize, "redirect_uri", first_uri(flow), (struct pk_str){0});
	show(finding, &flow->authorize, "error", said, (struct pk_str){0});
	return PRESENT;
}

const struct rule rules_redirect[] = {
	{"redirect-uri-empty", look_empty, false},
	{"redirect-uri-double-encoded", look_double_encoded, false},
	{"redirect-uri-missing", look_missing, false},
	{"redirect-uri-scheme", look_scheme, false},
	{"redirect-uri-port", look_port, false},
	{"redirect-uri-localhost", look_localhost, false},
	{"redirect-uri-extra-query", look_extra_query, false},
	{"redirect-uri-differs", look_differs, false},
	{"redirect-uri-breaks-rules", look_breaks_rules, false},
	{"redirect-uri-unregistered", look_unregistered, false},
	{NULL, NULL, false},
};

/*
 * The redirect URI: the same in both requests, byte for byte after one decoding (RFC 6749 4.1.3),
 * and as the provider's rules want it. Exactly one way of being different is named. What is
 * registered at the provider is in no capture: of that, only its words tell.
 */
#include "explain/rules_redirect.h"
#include "base/arena.h"
#include "base/text.h"
#include "explain/rules_body.h"
#include "explain/rules_pair.h"
#include "explain/shown.h"
#include "explain/words.h"
#include "protocol/redirect_uri.h"

#include <strings.h>

static const struct pk_str nothing;

enum difference {
	UNKNOWN, /* one of the two requests is not in the capture, or the first has none */
	SAME,
	MISSING,
	EMPTY,
	DOUBLE_ENCODED,
	JOINED, /* it was put into the body raw: look_body_not_encoded() */
	OTHER_SCHEME,
	OTHER_PORT,
	OTHER_LOOPBACK,
	EXTRA_QUERY,
	DIFFERENT,
};

struct pk_str redirect_asked(const struct flow *flow)
{
	if (!flow->authorize.event)
		return flow->capture->stored_redirect_uri;
	return shown_authorize(flow) ? flow_value(&flow->authorize, "redirect_uri") : nothing;
}

static struct pk_str sent_uri(const struct flow *flow)
{
	return flow_value(&flow->token, "redirect_uri");
}

/* ---- The two URIs ---- */

/* In which parts two URIs differ. */
struct parts {
	bool scheme, host, port, rest;
};

static struct parts parts_that_differ(const struct pk_uri *a, const struct pk_uri *b)
{
	return (struct parts){
		.scheme = !pk_str_equal(a->scheme, b->scheme),
		.host = !pk_str_equal(a->host, b->host),
		.port = !pk_str_equal(a->port, b->port),
		.rest = !pk_str_equal(a->path, b->path) || !pk_str_equal(a->query, b->query) ||
			!pk_str_equal(a->fragment, b->fragment),
	};
}

static bool is_web(struct pk_str scheme)
{
	return pk_str_equal(scheme, PK_STR("http")) || pk_str_equal(scheme, PK_STR("https"));
}

static enum difference compare_uris(struct pk_str asked, struct pk_str sent)
{
	struct pk_uri a, b;
	struct parts differ;

	if (!pk_uri_split(asked, &a) || !pk_uri_split(sent, &b))
		return DIFFERENT;
	differ = parts_that_differ(&a, &b);
	if (!differ.rest && differ.scheme + differ.host + differ.port == 1) {
		if (differ.port)
			return OTHER_PORT;
		if (differ.scheme && is_web(a.scheme) && is_web(b.scheme))
			return OTHER_SCHEME;
		if (differ.host && pk_host_is_loopback(a.host) && pk_host_is_loopback(b.host))
			return OTHER_LOOPBACK;
	}
	if (sent.len > asked.len && pk_str_starts(sent, asked) &&
	    (sent.ptr[asked.len] == '?' || sent.ptr[asked.len] == '&'))
		return EXTRA_QUERY;
	return DIFFERENT;
}

/* The authorize URL has it raw, so that the provider read it up to its first &. */
static bool is_raw_in_authorize(const struct flow *flow)
{
	const struct flow_param *param = flow_param(&flow->authorize, "redirect_uri");

	return param && flow->authorize.event &&
	       body_holds_raw(flow->authorize.event->request.url, param, sent_uri(flow));
}

static enum difference compare(const struct flow *flow)
{
	const struct pk_str asked = redirect_asked(flow), sent = sent_uri(flow);

	if (!shown_exchange(flow) || !asked.len ||
	    pair_is_placeholder(PK_STR("redirect_uri"), sent) ||
	    pair_is_placeholder(PK_STR("redirect_uri"), asked))
		return UNKNOWN;
	if (!sent.ptr)
		return MISSING;
	if (!sent.len)
		return EMPTY;
	if (pk_str_equal(asked, sent))
		return SAME;
	if (pk_str_equal(flow_decode(flow->arena, sent), asked))
		return DOUBLE_ENCODED;
	if (body_was_joined(flow, "redirect_uri", asked))
		return JOINED;
	if (is_raw_in_authorize(flow))
		return DIFFERENT;
	return compare_uris(asked, sent);
}

/* What the client says that it stored is not what it is known to have sent. */
static enum pk_confidence confidence_of(const struct flow *flow)
{
	return flow->authorize.event ? PK_PROVED : PK_LIKELY;
}

/* What a callback brought may have stuck to the URI. */
static bool is_secret(struct pk_str name)
{
	static const char *const names[] = {"code", "state", "access_token", "id_token", "token"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (pk_str_equal(name, pk_str(names[i])))
			return true;
	return false;
}

/* The URI as it can be shown: without the values of parameters that are secret. */
static struct pk_str showable(const struct flow *flow, struct pk_str uri)
{
	const size_t mark = pk_str_find(uri, '?');
	struct pk_str query = pk_str_from(uri, mark), shown;
	struct pk_buf out;

	if (!query.len)
		return uri;
	out = pk_arena_open(flow->arena);
	pk_buf_put(&out, pk_str_first(uri, mark));
	for (char before = '?'; query.ptr; before = '&') {
		struct pk_str value = pk_str_cut(&query, '&');
		struct pk_str name;

		if (before == '?')
			value = pk_str_from(value, 1);
		pk_buf_char(&out, before);
		name = pk_str_cut(&value, '=');
		pk_buf_put(&out, name);
		if (value.ptr)
			pk_buf_char(&out, '=');
		pk_buf_put(&out, value.len && is_secret(name) ? PK_STR("...") : value);
	}
	return pk_arena_close(flow->arena, &out, &shown) == PK_OK ? shown : (struct pk_str){0};
}

static enum verdict look_at(const struct flow *flow, struct pk_finding *finding,
			    enum difference wanted)
{
	const enum difference difference = compare(flow);

	if (difference == UNKNOWN)
		return NOT_VISIBLE;
	if (difference != wanted)
		return ABSENT;
	finding->confidence = confidence_of(flow);
	show(finding, &flow->token, "redirect_uri", showable(flow, sent_uri(flow)),
	     showable(flow, redirect_asked(flow)));
	return PRESENT;
}

static enum verdict look_by_words(const struct flow *flow, struct pk_finding *finding,
				  const char *fault)
{
	const enum words words = words_on(flow, fault, NULL);

	if (words == WORDS_SILENT)
		return ABSENT;
	finding->confidence = words_confidence(words);
	if (flow->authorize.event)
		show(finding, &flow->authorize, "redirect_uri", redirect_asked(flow), nothing);
	(void)words_show(flow, fault, finding);
	return PRESENT;
}

/* OpenID Connect Core 3.1.2.1: redirect_uri is REQUIRED. OAuth leaves it out where one URI is
 * registered. */
static bool is_openid(const struct flow *flow)
{
	struct pk_list scopes;

	return pk_list_split(flow_value(&flow->authorize, "scope"), ' ', &scopes) == PK_OK &&
	       pk_list_has(&scopes, PK_STR("openid"));
}

static enum verdict look_missing(const struct flow *flow, struct pk_finding *finding)
{
	if (!shown_authorize(flow) || flow_param(&flow->authorize, "redirect_uri"))
		return look_at(flow, finding, MISSING);
	if (look_by_words(flow, finding, "redirect-uri-missing") == PRESENT)
		return PRESENT;
	if (!is_openid(flow) || redirect_was_taken(flow))
		return ABSENT;
	finding->confidence = PK_LIKELY;
	finding->detail = PK_STR("The scope openid makes it a must in the authorize request.");
	show(finding, &flow->authorize, "redirect_uri", nothing,
	     PK_STR("a registered redirect URI"));
	return PRESENT;
}

/* Also in the first request: there it is nowhere to go back to. */
static enum verdict look_empty(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_param *asked = flow_param(&flow->authorize, "redirect_uri");

	if (!shown_authorize(flow) && !shown_exchange(flow))
		return NOT_VISIBLE;
	if (asked && !asked->value.len) {
		finding->confidence = PK_PROVED;
		show(finding, &flow->authorize, "redirect_uri", PK_STR(""),
		     PK_STR("a registered redirect URI"));
		return PRESENT;
	}
	if (!shown_exchange(flow) || !sent_uri(flow).ptr || sent_uri(flow).len)
		return ABSENT;
	finding->confidence = PK_PROVED;
	show(finding, &flow->token, "redirect_uri", PK_STR(""), redirect_asked(flow));
	return PRESENT;
}

bool redirect_is_encoded(const struct flow *flow, struct pk_str uri)
{
	struct pk_uri split;

	return uri.len && !pk_uri_split(uri, &split) &&
	       pk_uri_split(flow_decode(flow->arena, uri), &split);
}

/* "https%3A%2F%2F" is left when a URI was encoded twice and decoded once. */
static enum verdict look_double_encoded(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_part *const parts[] = {&flow->authorize, &flow->token};

	if (!shown_authorize(flow) && !shown_exchange(flow))
		return NOT_VISIBLE;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const struct pk_str uri = flow_value(parts[i], "redirect_uri");
		const bool unlike = i == 1 && compare(flow) == DOUBLE_ENCODED;

		if (!redirect_is_encoded(flow, uri) && !unlike)
			continue;
		finding->confidence = unlike ? confidence_of(flow) : PK_PROVED;
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

/* Two names of this machine in the two requests, or the one of them that the provider does not
 * take. */
static enum verdict look_localhost(const struct flow *flow, struct pk_finding *finding)
{
	return redirect_localhost_refused(flow, finding) ? PRESENT
							 : look_at(flow, finding, OTHER_LOOPBACK);
}

static enum verdict look_extra_query(const struct flow *flow, struct pk_finding *finding)
{
	return look_at(flow, finding, EXTRA_QUERY);
}

/* ---- The first difference ---- */

static bool is_longer_by(struct pk_str longer, struct pk_str shorter, char c)
{
	return longer.len == shorter.len + 1 && pk_str_starts(longer, shorter) &&
	       longer.ptr[shorter.len] == c;
}

static const char *known_difference(const struct flow *flow, struct pk_str asked,
				    struct pk_str sent)
{
	if (is_raw_in_authorize(flow))
		return "The authorize URL has it without encoding, so that its first & ends it "
		       "there.";
	if (is_longer_by(sent, asked, '/'))
		return "The token request has a slash at its end, the authorize request has none.";
	if (is_longer_by(asked, sent, '/'))
		return "The authorize request has a slash at its end, the token request has none.";
	if (asked.len == sent.len && strncasecmp(asked.ptr, sent.ptr, asked.len) == 0)
		return "Only the case of letters differs.";
	if (pk_str_equal(pk_str_trim(sent), pk_str_trim(asked)))
		return "White space stuck to one of them.";
	if (pk_str_equal(flow_decode(flow->arena, asked), sent))
		return "In the token request it was decoded once too often.";
	return NULL;
}

/* From the first difference on, as much as helps to see it. */
static struct pk_str from_difference(struct pk_str text, size_t at)
{
	return pk_str_first(pk_str_from(text, at), 24);
}

static struct pk_str first_difference(const struct flow *flow, struct pk_str asked,
				      struct pk_str sent)
{
	const char *known = known_difference(flow, asked, sent);
	size_t at = 0;

	if (known)
		return pk_str(known);
	asked = showable(flow, asked);
	sent = showable(flow, sent);
	while (at < asked.len && at < sent.len && asked.ptr[at] == sent.ptr[at])
		at++;
	if (at == sent.len && at == asked.len)
		return PK_STR("They differ in a value that is a secret.");
	if (at == sent.len)
		return flow_text(flow,
				 "The token request has only the first %zu of its %zu "
				 "characters.",
				 sent.len, asked.len);
	if (at == asked.len)
		return flow_text(flow, "The token request has more at its end: \"%.*s\".",
				 PK_ARG(from_difference(sent, at)));
	return flow_text(flow,
			 "They part at character %zu: \"%.*s\" in the authorize request, "
			 "\"%.*s\" in the token request.",
			 at + 1, PK_ARG(from_difference(asked, at)),
			 PK_ARG(from_difference(sent, at)));
}

static enum verdict look_differs(const struct flow *flow, struct pk_finding *finding)
{
	const struct pk_str asked = redirect_asked(flow), sent = sent_uri(flow);
	enum verdict verdict;

	if (redirect_is_encoded(flow, asked) || redirect_is_encoded(flow, sent))
		return ABSENT;
	verdict = look_at(flow, finding, DIFFERENT);
	if (verdict == PRESENT)
		finding->detail = first_difference(flow, asked, sent);
	if (verdict == NOT_VISIBLE && shown_exchange(flow))
		verdict = look_by_words(flow, finding, "redirect-uri-differs");
	return verdict;
}

/* clang-format off */
const struct rule rules_redirect[] = {
	{"redirect-uri-empty",          look_empty,                 false},
	{"redirect-uri-double-encoded", look_double_encoded,        false},
	{"redirect-uri-missing",        look_missing,               false},
	{"redirect-uri-scheme",         look_scheme,                false},
	{"redirect-uri-port",           look_port,                  false},
	{"redirect-uri-localhost",      look_localhost,             false},
	{"redirect-uri-extra-query",    look_extra_query,           false},
	{"redirect-uri-differs",        look_differs,               false},
	{"redirect-uri-breaks-rules",   look_redirect_breaks_rules, false},
	{"redirect-uri-unregistered",   look_redirect_unregistered, false},
	{NULL, NULL, false},
};
/* clang-format on */
